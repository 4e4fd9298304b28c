//! The same month by both ways: read from a folder, and pulled over HTTP into a database. The tables must be the same bytes,
//! whatever passing trouble the remotes make.

#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;

use trueup::clock::Clock;
use trueup::config::{self, Environment};
use trueup::connectors::rest::ConnectorFile;
use trueup::core::id::Company;
use trueup::core::link::LinkSet;
use trueup::core::money::exact;
use trueup::core::period::BillingPeriod;
use trueup::core::reconcile::Mapping;
use trueup::core::reconcile::outcome::{Outcome, Verdict};
use trueup::engine::{self, Directory, Engine, PullRequest, Unwatched, reconcile_folder};
use trueup::report::{Facts, Input, Names, machine};
use trueup::simulate::{self, CONNECTWISE, Data, File, Pax8Credentials, World};

use crate::support::database::Database;
use crate::support::hermetic::{EXPORTS, Place};

const CONFIG: &str = r#"
[store]
url = { env = "STORE" }

[connectors.pax8]
kind = "pax8"
side = "vendor"
base_url = "PAX8/v1"
client_id = "demo-client"
client_secret = { env = "PAX8_SECRET" }
page_size = 9
pause_ms = 0
calls_per_minute = 1000000

[connectors.psa]
kind = "rest"
side = "psa"
file = "psa.toml"
pause_ms = 0

[connectors.psa.settings]
url = "PSA/v4_6_release/apis/3.0"
company = "COMPANY"
public_key = "PUBLIC"
private_key = { env = "PSA_KEY" }
client_id = { env = "PSA_CLIENT" }
"#;

fn period() -> BillingPeriod {
    "2026-10".parse().unwrap()
}

/// The two files other programs read.
fn files(outcome: &Outcome, directory: Directory, company_links: LinkSet<Company>) -> (String, String) {
    let Directory { psa_companies, vendor_companies, psa_products, vendor_products } = directory;
    let names = Names { psa_companies, vendor_companies, psa_products, vendor_products, company_links };
    let facts = Facts::default();
    let input = Input { outcome, names: &names, facts: &facts, documents: None };
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(machine::variances(&input).unwrap()), text(machine::totals(outcome).unwrap()))
}

/// An invented month; one quantity of it is no number unless it is put right.
fn month(seed: u64, put_right: bool) -> Data {
    let mut data = World::from_seed(seed, 30, "2026-10").unwrap().data;
    let lines = data.table_mut(File::PsaAgreementLines);
    for at in 0..lines.len() {
        if put_right && exact(lines.row(at).unwrap().get("quantity")).is_err() {
            lines.set(at, "quantity", "10");
        }
    }
    data
}

/// Pulls from both simulators, takes the links over, reconciles.
async fn online(
    data: &Data,
    put_right: bool,
    place: &Path,
    database: &Database,
    faults: (&str, &str),
) -> (Outcome, (String, String)) {
    let at: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let vendor = Pax8Credentials::default();
    // what was used in October is charged in November
    let of_pax8 = format!("clock=2026-11-05,{}", faults.0).parse().unwrap();
    let pax8_serves = simulate::serve_pax8(data.clone(), of_pax8, vendor.clone(), at).await.unwrap();
    let psa_serves = CONNECTWISE.serve(data, faults.1.parse().unwrap(), at).await.unwrap();
    // The real pace and page size would only make the test slow and its lists one page long.
    let file = ConnectorFile::builtin("builtin:connectwise").unwrap().text;
    let file = file.replace("calls = 900", "calls = 1000000").replace("value = 1000", "value = 7");
    std::fs::write(place.join("psa.toml"), file).unwrap();
    let text = CONFIG
        .replace("PAX8/", &format!("{}/", pax8_serves.url()))
        .replace("PSA/", &format!("{}/", psa_serves.url()))
        .replace("demo-client", &vendor.client_id)
        .replace("COMPANY", CONNECTWISE.setting("company"))
        .replace("PUBLIC", CONNECTWISE.setting("public_key"));
    let config = config::parse(&place.join("trueup.toml"), &text).unwrap();
    let (Database::Sqlite { url, .. } | Database::Postgres { url }) = database;
    let environment = Environment::of([
        ("STORE", url.as_str()),
        ("PAX8_SECRET", vendor.client_secret.as_str()),
        ("PSA_KEY", CONNECTWISE.setting("private_key")),
        ("PSA_CLIENT", CONNECTWISE.setting("client_id")),
    ]);
    Engine::migrate(&config, &environment, Clock::System).await.unwrap();
    let engine = Engine::open(&config, &environment, Clock::System, "a test").await.unwrap();
    let connections = engine::connect_all(&config, None, &environment).unwrap();
    let request = PullRequest { period: period(), extras: Vec::new(), only: None };
    let listings = engine.pull(&connections, &request, &Unwatched).await.unwrap();
    let problems: Vec<String> = listings.iter().flat_map(|l| &l.problems).map(ToString::to_string).collect();
    assert_eq!(problems.len(), usize::from(!put_right), "{problems:?}");
    for (faults, serves) in [(faults.0, &pax8_serves), (faults.1, &psa_serves)] {
        let statuses: BTreeSet<u16> = serves.log().iter().map(|request| request.status).collect();
        for (fault, status) in [("429", 429), ("expire", 401)] {
            assert_eq!(statuses.contains(&status), faults.contains(fault), "{faults}: {statuses:?}");
        }
    }
    let (links, problems) = engine::read_links(&place.join("ground_truth_mappings.csv"), None).unwrap();
    assert_eq!(problems, []);
    let taken = engine.take_over(&Mapping::from(links), "a test", "true").await.unwrap();
    assert!(taken.done > 30 && taken.refused.is_empty(), "{taken:?}");
    let done = engine.reconcile(period()).await.unwrap();
    let files = files(&done.outcome, done.directory, done.company_links);
    (done.outcome, files)
}

async fn both_ways(seed: u64, put_right: bool, faults: (&str, &str), database: &Database) {
    let place = tempfile::tempdir().unwrap();
    let data = month(seed, put_right);
    data.write_folder(place.path()).unwrap();
    let links = place.path().join("ground_truth_mappings.csv");
    let offline = reconcile_folder(place.path(), period(), Some(&links), &Unwatched).await.unwrap();
    let verdict = if put_right { Verdict::Differences } else { Verdict::Unknown };
    assert_eq!(offline.outcome.verdict, verdict);
    assert!(offline.outcome.variances.len() > 10);
    assert_eq!(offline.outcome.problems.is_empty(), put_right);
    let expected = files(&offline.outcome, offline.directory, offline.company_links);
    let (outcome, found) = online(&data, put_right, place.path(), database, faults).await;
    assert_eq!(outcome.verdict, verdict);
    assert_eq!(found.0, expected.0, "seed {seed}: variances.csv");
    assert_eq!(found.1, expected.1, "seed {seed}: totals.json");
}

#[tokio::test]
async fn a_well_behaved_month_is_the_same_bytes_by_both_ways() {
    both_ways(11, true, ("", ""), &Database::sqlite()).await;
}

#[tokio::test]
async fn a_line_that_cannot_be_read_is_set_aside_by_both_ways_alike() {
    both_ways(12, false, ("", ""), &Database::sqlite()).await;
}

#[tokio::test]
async fn trouble_that_passes_changes_no_byte() {
    let pax8 = "retry-after=0,429=3,cut=nth:9,drop=nth:12,hangup=nth:15,expire=nth:1,expire=nth:12,move=1@products,nulls,extra";
    let psa = "retry-after=0,429=3,cut=nth:9,drop=nth:12,move=1@companies,nulls,extra";
    both_ways(13, false, (pax8, psa), &Database::sqlite()).await;
}

#[tokio::test]
async fn postgres_keeps_the_same_bytes() {
    both_ways(11, false, ("expire=1", "retry-after=0,429=1"), &Database::postgres().await).await;
}

#[test]
fn exports_kept_in_a_database_with_an_imported_links_file_are_the_same_bytes() {
    let place = Place::new();
    place.write("trueup.toml", EXPORTS);
    month(14, true).write_folder(&place.path().join("exports")).unwrap();
    let links = "exports/ground_truth_mappings.csv";
    let _ = place.run(&format!("reconcile --from exports --period 2026-10 --links {links} --out files")).ended(0);
    let _ = place.run("db migrate").ended(0);
    let _ = place.run("pull --period 2026-10").ended(0);
    let first = place.run(&format!("review import {links} --by somebody")).ended(0);
    let saved: u32 = first.stdout.split(' ').next().unwrap().parse().unwrap();
    assert!(saved > 30, "{}", first.transcript());
    let again = place.run(&format!("review import {links}")).ended(0);
    assert_eq!(again.stdout, "0 decisions saved\n", "what stands already is no decision");
    let _ = place.run("reconcile --period 2026-10 --out database").ended(0);
    for file in ["variances.csv", "totals.json"] {
        assert_eq!(place.read(&format!("database/{file}")), place.read(&format!("files/{file}")), "{file}");
    }
}

/// The rows that ended in each bucket, of all currencies.
fn rows_by_bucket(totals: &str) -> BTreeMap<String, u64> {
    let totals: serde_json::Value = serde_json::from_str(totals).unwrap();
    let mut rows = BTreeMap::new();
    for bucket in totals["currencies"].as_object().unwrap().values().flat_map(|of| of["buckets"].as_array().unwrap()) {
        *rows.entry(bucket["bucket"].as_str().unwrap().to_owned()).or_default() += bucket["rows"].as_u64().unwrap();
    }
    rows
}

/// Gives each invoice line a document: one that counts, a withdrawn one, one of another month, or none.
fn put_on_documents(folder: &Path) {
    let path = folder.join("vendor_invoice_items.csv");
    let mut reader = csv::Reader::from_path(&path).unwrap();
    let mut head = reader.headers().unwrap().clone();
    head.extend(["invoiceId", "invoiceDate"]);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&head).unwrap();
    let documents =
        [("INV-1", "2026-10-04"), ("INV-2", ""), ("INV-3", "2026-09-04"), ("", ""), ("INV-1", ""), ("", "2026-09-30")];
    for (row, (invoice, issued)) in reader.records().map(Result::unwrap).zip(documents.into_iter().cycle()) {
        writer.write_record(row.iter().chain([invoice, issued])).unwrap();
    }
    std::fs::write(path, writer.into_inner().unwrap()).unwrap();
}

#[test]
fn withdrawn_documents_are_no_cost_and_documents_are_tied_out_by_both_ways_alike() {
    const HEAD: &str = "id,invoiceDate,dueDate,status,total,balance,carriedBalance,currencyCode";
    const LISTED: &str = "INV-1,2026-10-04,,Unpaid,1.00,1.00,,USD
INV-2,2026-10-04,,Credited,2.00,0.00,,USD
INV-3,2026-09-04,,Paid,3.00,0.00,,USD
INV-4,2026-10-05,,Unpaid,4.00,4.00,,USD";
    for (listed, status) in [(LISTED.to_owned(), 0), (format!("{LISTED}\nINV-5,2026-10-05,,Unpaid,four,4.00,,USD"), 8)]
    {
        let place = Place::new();
        place.write("trueup.toml", EXPORTS);
        month(14, true).write_folder(&place.path().join("exports")).unwrap();
        put_on_documents(&place.path().join("exports"));
        let links = "exports/ground_truth_mappings.csv";
        let command = format!("reconcile --from exports --period 2026-10 --links {links}");
        let _ = place.run(&format!("{command} --out lines")).ended(0);
        place.write("exports/vendor_invoices.csv", &format!("{HEAD}\n{listed}\n"));
        let offline = place.run(&format!("{command} --out files")).ended(status);
        assert!(offline.stdout.contains("source: vendor_invoices.csv ("), "{}", offline.stdout);
        let _ = place.run("db migrate").ended(0);
        let _ = place.run("pull --period 2026-10").ended(status);
        let _ = place.run(&format!("review import {links} --by somebody")).ended(0);
        let _ = place.run("reconcile --period 2026-10 --out database").ended(status);
        for file in ["variances.csv", "totals.json", "problems.csv"] {
            assert_eq!(place.read(&format!("files/{file}")), place.read(&format!("database/{file}")), "{file}");
        }
        let [before, after] = ["lines", "files"].map(|out| rows_by_bucket(&place.read(&format!("{out}/totals.json"))));
        assert!(after["vendorWithdrawn"] > 0 && !before.contains_key("vendorWithdrawn"), "{before:?} {after:?}");
        assert_eq!(after.values().sum::<u64>(), before.values().sum::<u64>(), "every line ends in one bucket");
        let rows = |file: &str| {
            let report: serde_json::Value = serde_json::from_str(&place.read(file)).unwrap();
            report["rows"].as_array().unwrap().clone()
        };
        let tied = rows("files/tie-out.json");
        assert_eq!(tied, rows("database/tie-out.json"));
        let verdicts: Vec<&str> = tied.iter().map(|row| row["verdict"].as_str().unwrap()).collect();
        assert!(verdicts[1].starts_with("differs by "), "{verdicts:?}");
        assert_eq!(verdicts[0], "of another month: not judged", "{verdicts:?}");
        assert_eq!(verdicts[2..4], ["superseded: not cost", "no lines"], "{verdicts:?}");
        let count = |file| rows(file).iter().map(|row| row["lines"].clone()).collect::<Vec<_>>();
        assert_eq!(count("files/invoice-register.json"), count("database/invoice-register.json"));
        assert!(place.read("files/report-2026-10.html").contains("INV-4"));
    }
}

#[test]
fn a_link_undone_later_rewrites_no_report_of_a_reconciled_month() {
    let place = Place::new();
    place.write("trueup.toml", EXPORTS);
    month(14, true).write_folder(&place.path().join("exports")).unwrap();
    let _ = place.run("db migrate").ended(0);
    let _ = place.run("pull --period 2026-10").ended(0);
    let _ = place.run("review import exports/ground_truth_mappings.csv --by somebody").ended(0);
    let _ = place.run("reconcile --period 2026-10").ended(0);
    let report = || place.run("report variance --period 2026-10 --format csv").ended(0).stdout;
    let before = report();
    let mut reader = csv::Reader::from_reader(before.as_bytes());
    let head = reader.headers().unwrap().clone();
    let at = |name: &str| head.iter().position(|column| column == name).unwrap();
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    let held = rows.iter().filter(|row| !row[at("held qty")].is_empty() && row[at("held qty")] != *"0").count();
    assert!(held > 3 && rows.iter().any(|row| !row[at("term")].is_empty()), "{before}");
    let linked = rows
        .iter()
        .find(|row| !row[at("class")].starts_with("UNMAPPED") && !row[at("vendor company ID")].contains(';'));
    let vendor = &linked.unwrap()[at("vendor company ID")];
    let _ = place.run(&format!("review unlink --kind customers {vendor}")).ended(0);
    assert_eq!(report(), before);
}
