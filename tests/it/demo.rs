//! The demo, whole: what it says, what it leaves, and that every other command works in the folder it leaves.

#![cfg(test)]

use std::collections::BTreeSet;
use std::fs;
use std::io::{Cursor, Read as _};
use std::path::Path;

use calamine::{Data, DataType as _, Reader as _, Xlsx};
use trueup::core::reconcile::outcome::Class;

use crate::support::hermetic::{Place, Ran, golden};

/// A text without what is not the same on every run: the ports, and the digest of a configuration that names them.
fn settled(text: &str) -> String {
    let mut settled = String::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let port = words.iter().position(|word| *word == "--port").and_then(|at| words.get(at + 1));
        let line = port.map_or_else(|| line.to_owned(), |port| line.replace(port, "<port>"));
        let line = if line.starts_with("  configuration: ") { "  configuration: <digest>" } else { &line };
        settled.push_str(line);
        settled.push('\n');
    }
    settled
}

#[test]
fn the_demo_plays_a_month_and_may_be_played_again() {
    let place = Place::new().set("USER", "ada");
    let first = place.run("demo --dir demo --as-of 2026-11-12").ended(0);
    golden!("cli", "demo", settled(&first.stdout));
    let again = place.run("demo --dir demo --as-of 2026-11-12").ended(0);
    assert_eq!(settled(&again.stdout), settled(&first.stdout));
    assert!(again.stderr.contains("Replaced the earlier demo in demo."), "{}", again.stderr);
    assert!(!first.stderr.contains("Replaced"), "{}", first.stderr);
    place.write("mine/note.txt", "not of a demo");
    let refused = place.run("demo --dir mine").ended(2);
    assert!(refused.stderr.starts_with("error: mine is there, and no demo made it"), "{}", refused.stderr);
    assert_eq!(place.read("mine/note.txt"), "not of a demo");
}

#[test]
fn the_folder_the_demo_leaves_answers_without_the_simulators() {
    let place = Place::new().set("TRUEUP_CONFIG", "demo/trueup.toml").set("USER", "ada");
    let _ = place.run("demo --dir demo --as-of 2026-11-12").ended(0);
    let mut said = String::new();
    for (line, status) in [
        ("status --as-of 2026-11-12", 0),
        ("db status", 0),
        ("review list --kind customers --filter unmapped", 0),
        ("report tie-out --period 2026-10 --as-of 2026-11-12", 0),
        ("report unbilled --period 2026-10 --format csv --as-of 2026-11-12", 0),
        ("report margin --period 2026-09", 8),
        ("reconcile --period 2026-09 --as-of 2026-11-12", 8),
    ] {
        said.push_str(&settled(&place.run(line).ended(status).transcript()));
        said.push('\n');
    }
    golden!("cli", "in_the_demo", said);
}

#[test]
fn exports_are_checked_pulled_and_proposed_on() {
    let place = Place::new().set("USER", "ada");
    let _ = place.run("demo --dir demo --as-of 2026-11-12").ended(0);
    let _ = place.run("init files --set vendor_files.folder=demo/data --set psa_files.folder=demo/data").ended(0);
    let mut said = String::new();
    for (line, status) in [
        ("db migrate", 0),
        ("db migrate", 0),
        ("check", 8),
        ("check --only vendor_files --format json", 0),
        ("pull --period 2026-10 --as-of 2026-11-12", 8),
        ("propose all --as-of 2026-11-12", 0),
        ("reconcile --period 2026-10 --as-of 2026-11-20", 8),
    ] {
        said.push_str(&settled(&place.run(line).ended(status).transcript()));
        said.push('\n');
    }
    golden!("cli", "from_exports", said);
}

#[test]
fn the_connected_way_and_the_folder_give_the_same_bytes() {
    let place = Place::new();
    let _ = place.run("demo --dir demo --period 2026-10").ended(0);
    let line = "reconcile --from demo/data --period 2026-10 --links demo/data/ground_truth_mappings.csv --out out";
    let _ = place.run(line).ended(8);
    for file in ["variances.csv", "totals.json"] {
        assert_eq!(place.read(&format!("out/{file}")), place.read(&format!("demo/reports/{file}")), "{file}");
    }
}

#[test]
fn a_decision_goes_through_the_command_line_or_a_sheet_and_is_looked_at_again() {
    let place = Place::new().set("TRUEUP_CONFIG", "demo/trueup.toml").set("USER", "ada");
    let _ = place.run("demo --dir demo --as-of 2026-11-12").ended(0);
    let listed = place.run("review list --kind customers --filter mapped --format json").ended(0).stdout;
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let row = &listed["rows"][0];
    let (vendor, psa) = (row["vendor id"].as_str().unwrap(), row["PSA id"].as_str().unwrap());

    let refused = place.run(&format!("review exclude --kind customers --vendor {vendor}")).ended(4);
    assert!(refused.stderr.contains("unlink it before it is excluded"), "{}", refused.stderr);
    let _ = place.run(&format!("review unlink --kind customers {vendor} --reason moved")).ended(0);
    let _ = place.run(&format!("review unlink --kind customers {vendor}")).ended(2);

    for file in ["review.csv", "review.xlsx"] {
        let _ = place.run(&format!("review export --filter proposed {file}")).ended(0);
        assert_eq!(place.run(&format!("review import {file}")).ended(0).stdout, "0 decisions saved\n");
    }
    a_workbook_offers_its_decisions(&place.path().join("review.xlsx"));
    let mut reader = csv::Reader::from_path(place.path().join("review.csv")).unwrap();
    let head = reader.headers().unwrap().clone();
    let at = |name: &str| head.iter().position(|column| column == name).unwrap();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&head).unwrap();
    for record in reader.records().map(Result::unwrap) {
        let decide = |(column, cell)| {
            if column == at("decision") && &record[at("vendor_id")] == vendor { "accept" } else { cell }
        };
        writer.write_record(record.iter().enumerate().map(decide)).unwrap();
    }
    place.write("filled.csv", &String::from_utf8(writer.into_inner().unwrap()).unwrap());
    assert_eq!(place.run("review import filled.csv --by bob").ended(0).stdout, "1 decision saved\n");
    let again = place.run("review import filled.csv").ended(0);
    assert_eq!((again.stdout.as_str(), again.stderr.as_str()), ("0 decisions saved, 1 row already so\n", ""));
    let shown = place.run(&format!("review show --kind customers {vendor}")).ended(0).stdout;
    assert!(shown.contains("accepted by bob") && shown.contains(&format!("({psa})")), "{shown}");
}

/// The score is a number to sort by, and the decision offers its words.
fn a_workbook_offers_its_decisions(file: &Path) {
    let bytes = fs::read(file).unwrap();
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes.as_slice())).unwrap();
    let sheet = book.worksheet_range("review").unwrap();
    let head = sheet.rows().next().unwrap();
    let score = head.iter().position(|cell| *cell == Data::String("score".to_owned())).unwrap();
    let scores: Vec<&Data> = sheet.rows().skip(1).map(|row| &row[score]).filter(|cell| !cell.is_empty()).collect();
    assert!(!scores.is_empty() && scores.iter().all(|cell| cell.is_float()), "{scores:?}");
    let mut text = String::new();
    let mut parts = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    parts.by_name("xl/worksheets/sheet2.xml").unwrap().read_to_string(&mut text).unwrap();
    let offered = text.split("<dataValidation ").nth(1).unwrap();
    assert!(offered.contains(r#"type="list""#) && offered.contains(r#"sqref="K2"#), "{offered}");
    assert!(offered.contains("accept,reject,exclude,defer,unlink"), "{offered}");
    assert!(!offered.contains("showErrorMessage"), "link:<psa_id> must be let in: {offered}");
}

/// The review of the customers as a European Excel saves it, with a decision in each row that `decide` names.
fn resaved(place: &Place, decide: impl Fn(&str) -> &'static str) -> Vec<u8> {
    let _ = place.run("review export --kind customers review.csv").ended(0);
    let written = place.read("review.csv");
    assert!(written.starts_with("\u{feff}kind,"), "Excel would spoil the names");
    let mut reader = csv::Reader::from_reader(written.as_bytes());
    let mut writer =
        csv::WriterBuilder::new().delimiter(b';').terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let head = reader.headers().unwrap().clone();
    writer.write_record(&head).unwrap();
    for record in reader.records().map(Result::unwrap) {
        let cell = |(column, cell): (usize, &str)| {
            let filled = &head[column] == "decision";
            if filled { decide(&record[1]).to_owned() } else { cell.to_owned() }
        };
        writer.write_record(record.iter().enumerate().map(cell)).unwrap();
    }
    writer.into_inner().unwrap()
}

#[test]
fn a_review_saved_by_a_european_excel_is_read_and_every_row_that_cannot_be_followed_is_named() {
    let place = Place::new().set("TRUEUP_CONFIG", "demo/trueup.toml").set("USER", "ada");
    let _ = place.run("demo --dir demo --as-of 2026-11-12").ended(0);
    let mapped = place.run("review list --kind customers --filter mapped --format json").ended(0).stdout;
    let mapped: serde_json::Value = serde_json::from_str(&mapped).unwrap();
    let vendor = mapped["rows"][0]["vendor id"].as_str().unwrap().to_owned();
    let utf8 = resaved(&place, |id| if id == vendor { "unlink" } else { "" });
    let (latin, _, lost) = encoding_rs::WINDOWS_1252.encode(std::str::from_utf8(&utf8).unwrap());
    assert!(!lost);
    std::fs::write(place.path().join("latin.csv"), latin).unwrap();
    assert_eq!(place.run("review import latin.csv").ended(0).stdout, "1 decision saved\n");

    let many = 1_005;
    let head = "kind;vendor_id;psa_id;decision;evidence\r\n";
    let rows: String = (0..many).map(|n| format!("customer;nobody-{n};;exclude;\r\n")).collect();
    place.write("wrong.csv", &format!("\u{feff}{head}{rows}"));
    let refused = place.run("review import wrong.csv").ended(2);
    let named = refused.stderr.lines().filter(|line| line.contains("is under review")).count();
    assert_eq!(named, 1_000, "{}", refused.stderr);
    assert!(refused.stderr.contains("… 5 rows more not followed"), "{}", refused.stderr);
}

#[test]
fn a_second_site_is_linked_by_hand_in_a_sheet_beside_the_first() {
    let place = Place::new().set("TRUEUP_CONFIG", "demo/trueup.toml").set("USER", "ada");
    let _ = place.run("demo --dir demo --as-of 2026-11-12").ended(0);
    let listed = |filter: &str| -> serde_json::Value {
        let line = format!("review list --kind customers --filter {filter} --format json");
        serde_json::from_str(&place.run(&line).ended(0).stdout).unwrap()
    };
    let first = listed("mapped")["rows"][0].clone();
    let id = |row: &serde_json::Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let (head_office, psa) = (id(&first, "vendor id"), id(&first, "PSA id"));
    let unmapped = listed("unmapped");
    let site = unmapped["rows"].as_array().unwrap().iter().find(|row| !id(row, "vendor id").is_empty()).unwrap();
    let site = id(site, "vendor id");
    let _ = place.run(&format!("review unlink --kind customers {head_office}")).ended(0);
    let decide = |record: &str| {
        if record == site {
            "site"
        } else if record == head_office {
            "accept"
        } else {
            ""
        }
    };
    let sheet = String::from_utf8(resaved(&place, decide)).unwrap();
    place.write("sites.csv", &sheet.replace(";site;", &format!(";link:{psa};")));
    let imported = place.run("review import sites.csv").ended(0);
    assert_eq!(imported.stdout, "2 decisions saved\n", "{}", imported.transcript());
}

#[test]
fn a_check_asks_a_system_that_is_down_twice_and_leaves_it() {
    let place = Place::new().set("TRUEUP_CONFIG", "demo/trueup.toml").set("USER", "ada");
    let _ = place.run("demo --dir demo --as-of 2026-11-12").ended(0);
    let config = place.read("demo/trueup.toml").replace("side = ", "pause_ms = 0\nside = ");
    place.write("demo/trueup.toml", &config);
    let checked = place.run("check --format json").ended(8).stdout;
    let checked: serde_json::Value = serde_json::from_str(&checked).unwrap();
    for (connection, listings) in [("pax8", 17), ("psa", 8)] {
        let rows = checked["rows"].as_array().unwrap().iter().filter(|row| row["connection"] == connection);
        let rows = rows.filter(|row| row["result"] == "not ok");
        let seen: Vec<&str> = rows.map(|row| row["seen"].as_str().unwrap()).collect();
        assert_eq!(seen.len(), listings, "{seen:?}");
        assert!(seen[0].contains("(attempt 2; no attempt is left)"), "{seen:?}");
        assert!(seen[1..].iter().all(|what| *what == "not tried: the system does not answer"), "{seen:?}");
    }
}

#[test]
fn a_report_is_written_as_its_file_is_named() {
    let place = Place::new().set("TRUEUP_CONFIG", "demo/trueup.toml").set("USER", "ada");
    let _ = place.run("demo --dir demo --as-of 2026-11-12").ended(0);
    let starts = |line: &str, file: &str| -> Vec<u8> {
        let _ = place.run(&format!("report margin --period 2026-10 {line}--out {file}")).ended(0);
        std::fs::read(place.path().join(file)).unwrap().into_iter().take(4).collect()
    };
    for (line, file, start) in [
        ("", "m.xlsx", "PK\u{3}\u{4}"),
        ("", "M.CSV", "cust"),
        ("", "m.json", "{\n  "),
        ("", "m.html", "<!do"),
        ("--format csv ", "m.txt", "cust"),
        ("", "m.txt", "Marg"),
    ] {
        assert_eq!(String::from_utf8(starts(line, file)).unwrap(), start, "{line}{file}");
    }
    let refused = place.run("report margin --period 2026-10 --format csv --out other.xlsx").ended(2);
    assert!(refused.stderr.contains("other.xlsx is no file for --format csv"), "{}", refused.stderr);
    assert!(!place.path().join("other.xlsx").exists());
}

#[test]
fn a_folder_gives_the_page_and_the_workbook_as_well_and_unlinked_exports_say_how_to_link() {
    let place = Place::new();
    let _ = place.run("demo --dir demo --as-of 2026-11-12").ended(0);
    let line = "reconcile --from demo/data --period 2026-10 --links demo/data/ground_truth_mappings.csv --out out";
    let _ = place.run(line).ended(8);
    assert!(place.read("out/report-2026-10.html").contains("<svg"));
    let file = place.path().join("out/trueup-2026-10.xlsx");
    let book: calamine::Xlsx<_> = calamine::open_workbook(file).unwrap();
    assert!(book.sheet_names().len() >= trueup::report::Report::ALL.len());
    for (file, head) in [("vendor_companies.csv", "id,name"), ("psa_companies.csv", "id,name")] {
        let names: Vec<String> = column(&place, &format!("demo/data/{file}"), "id");
        let rows: String = names.iter().map(|id| format!("{id},{file} {id}\n")).collect();
        place.write(&format!("demo/data/{file}"), &format!("{head}\n{rows}"));
    }
    let unlinked = place.run("reconcile --from demo/data --period 2026-10").ended(8);
    assert!(unlinked.stderr.contains("not one line was compared"), "{}", unlinked.stderr);
    assert!(unlinked.stderr.contains("`trueup propose all`"), "{}", unlinked.stderr);
}

fn rows(place: &Place, file: &str) -> Vec<csv::StringRecord> {
    let mut reader = csv::Reader::from_path(place.path().join(file)).unwrap();
    reader.records().map(Result::unwrap).collect()
}

fn column(place: &Place, file: &str, name: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_path(place.path().join(file)).unwrap();
    let at = reader.headers().unwrap().iter().position(|header| header == name);
    let at = at.unwrap_or_else(|| panic!("{file} has no column {name}: {:?}", reader.headers()));
    reader.records().map(|row| row.unwrap()[at].to_owned()).collect()
}

/// A command in the demo's folder, at the demo's time.
fn inside(place: &Place, line: &str) -> Ran {
    place.run(&format!("{line} --config shown/trueup.toml --as-of 2026-11-13"))
}

#[test]
fn the_demo_shows_every_class_says_what_it_does_not_know_and_leaves_a_folder_to_try_things_in() {
    let place = Place::new();
    let ran = place.run("demo --dir shown --seed 3 --as-of 2026-11-13").ended(0);
    says_what_happened(&ran.stdout);
    writes_every_report(&place);
    links_the_renamed_and_not_the_look_alike(&place);
    leaves_a_usable_folder(&place);
    shows_every_state_of_a_term(&place);
}

fn shows_every_state_of_a_term(place: &Place) {
    let said = |report: &str| {
        let text = place.run(&format!("report {report} --format csv --config shown/trueup.toml --as-of 2026-11-13"));
        text.ended(0).stdout
    };
    let renewals = said("renewals");
    for state in [
        "the window is open",
        "take off 5 seats not billed by",
        "too late to reduce",
        "ask how many seats are needed by 2026-11-22",
        "ends by itself",
        "whether the trial becomes paid",
        "cancelled: nothing to decide",
        ",\"3-Year, billed Monthly\",30,30,",
        ",Monthly,7,7,",
    ] {
        assert!(renewals.contains(state), "`{state}` is missing in {renewals}");
    }
    let stranded = |row: &csv::StringRecord| row.get(19).is_some_and(|cost| !["", "0.00"].contains(&cost));
    let rows: Vec<csv::StringRecord> =
        csv::Reader::from_reader(renewals.as_bytes()).records().map(Result::unwrap).collect();
    assert_eq!(rows.iter().filter(|row| stranded(row)).count(), 2);
    let unused = said("unused");
    assert!(unused.contains("Marrowgate Single Sign-on") && unused.contains(",20,14,6,USD,14.40,"), "{unused}");
    assert!(said("held-not-billed").lines().count() > 5);
    tells_what_was_seen_before(place);
}

fn tells_what_was_seen_before(place: &Place) {
    let line = "report invoice-register --period 2026-10 --format csv --config shown/trueup.toml --as-of 2026-11-13";
    let register = place.run(line).ended(0).stdout;
    let rows: Vec<csv::StringRecord> =
        csv::Reader::from_reader(register.as_bytes()).records().map(Result::unwrap).collect();
    assert!(rows.len() == 6 && rows.iter().all(|row| row[13] == *"2026-11-13" && row[14].len() == 64), "{register}");
    let months: BTreeSet<String> = column(place, "shown/reports/unbilled.csv", "months open").into_iter().collect();
    assert_eq!(months, BTreeSet::from(["1".to_owned()]));
    assert_eq!(column(place, "shown/reports/billed-without-cost.csv", "since"), ["2026-04-01"]);
}

#[test]
fn the_demo_plays_the_last_month_whose_use_is_charged() {
    let place = Place::new();
    let played = |day: &str| place.run(&format!("demo --dir demo --replace --as-of {day}")).ended(0).stdout;
    assert!(
        played("2026-11-05").starts_with("Variances of 2026-09"),
        "use in October is charged on the 5th, seen on the 6th"
    );
    assert!(played("2026-11-06").starts_with("Variances of 2026-10"));
}

fn says_what_happened(said: &str) {
    for words in ["Variances of 2026-10", "\nVerdict: unknown", "Costliest findings", "What next"] {
        assert!(said.contains(words), "`{words}` is missing in {said}");
    }
    for number in 1..=5 {
        assert!(said.contains(&format!("\n  {number}. ")), "finding {number} is missing in {said}");
    }
}

fn writes_every_report(place: &Place) {
    let classes: BTreeSet<String> = column(place, "shown/reports/variances.csv", "class").into_iter().collect();
    let every = Class::FLAGGED.map(|class| class.as_str().to_owned()).into_iter().collect();
    assert_eq!(classes, every);
    let names = trueup::report::Report::ALL.map(trueup::report::Report::name);
    let mut expected: BTreeSet<String> = names.iter().flat_map(|n| [format!("{n}.csv"), format!("{n}.json")]).collect();
    expected.extend(["variances.csv", "totals.json", "trueup-2026-10.xlsx", "report-2026-10.html"].map(str::to_owned));
    let there = fs::read_dir(place.path().join("shown/reports")).unwrap();
    let there: BTreeSet<String> = there.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(there, expected);
    for name in &there {
        let file = format!("shown/reports/{name}");
        match name.rsplit('.').next() {
            Some("csv") => drop(rows(place, &file)),
            Some("json") => drop(serde_json::from_str::<serde_json::Value>(&place.read(&file)).unwrap()),
            Some("html") => assert!(place.read(&file).trim_end().ends_with("</html>")),
            _ => {
                let book: calamine::Xlsx<_> = calamine::open_workbook(place.path().join(&file)).unwrap();
                assert!(book.sheet_names().len() >= names.len(), "{:?}", book.sheet_names());
            }
        }
    }
}

/// What is true of the month is in the data of the demo; the links must say it and no more.
fn links_the_renamed_and_not_the_look_alike(place: &Place) {
    let truth = rows(place, "shown/data/ground_truth_mappings.csv");
    let companies = |relation: &str| -> Vec<(String, String)> {
        let of = truth.iter().filter(|row| &row[0] == "company" && &row[3] == relation);
        of.map(|row| (row[1].to_owned(), row[2].to_owned())).collect()
    };
    let exported = inside(place, "review export --kind customers shown/review.csv").ended(0);
    assert!(exported.stderr.contains("shown/review.csv"), "{}", exported.transcript());
    let review = rows(place, "shown/review.csv");
    let linked: BTreeSet<(String, String)> =
        review.iter().filter(|row| &row[9] == "mapped").map(|row| (row[1].to_owned(), row[3].to_owned())).collect();
    let renamed = companies("renamed");
    assert_eq!(renamed.len(), 1, "{truth:?}");
    assert!(linked.contains(&renamed[0]), "{renamed:?} is not among {linked:?}");
    let alone = companies("unmapped");
    assert!(!alone.is_empty());
    for (vendor, _) in alone {
        assert!(!linked.iter().any(|(of, _)| *of == vendor), "{vendor} has no counterpart and is linked");
    }
}

fn leaves_a_usable_folder(place: &Place) {
    let listed = inside(place, "review list --kind customers --filter mapped").ended(0);
    assert!(listed.stdout.lines().count() > 30, "{}", listed.transcript());
    let status = inside(place, "status").ended(0);
    assert!(status.stdout.contains("2026-10"), "{}", status.transcript());
    let margin = inside(place, "report margin --period 2026-10 --format csv").ended(0);
    assert!(margin.stdout.lines().count() > 30, "{}", margin.transcript());
    // Unknown, as the demo said: one line of the PSA cannot be read.
    let again = inside(place, "reconcile --period 2026-10 --out again").ended(8);
    assert!(again.stderr.contains("2026-10 is not known whole"), "{}", again.transcript());
    for file in ["variances.csv", "totals.json"] {
        assert_eq!(place.read(&format!("again/{file}")), place.read(&format!("shown/reports/{file}")));
    }
    let files = "reconcile --from shown/data --links shown/data/ground_truth_mappings.csv --period 2026-10 --out files";
    let _ = place.run(files).ended(8);
    assert_eq!(place.read("files/variances.csv"), place.read("again/variances.csv"));
    assert_eq!(place.read("files/totals.json"), place.read("again/totals.json"));
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_nothing_is_left_of_the_demo_before() {
    let place = Place::new();
    let _ = place.run("demo --dir shown --seed 3 --as-of 2026-11-13").ended(0);
    let first = place.read("shown/reports/variances.csv");
    let _ = inside(&place, "review export shown/review.csv").ended(0);
    place.write("shown/result/mine.txt", "of the user");
    let refused = place.run("demo --dir shown --seed 4 --as-of 2026-11-13").ended(2);
    assert!(refused.stderr.contains("the demo did not make: result/mine.txt, review.csv\n"), "{}", refused.stderr);
    assert!(refused.stderr.contains("--replace"), "{}", refused.stderr);
    assert_eq!(place.read("shown/reports/variances.csv"), first);
    let _ = place.run("demo --dir shown --seed 3 --as-of 2026-11-13 --replace").ended(0);
    assert_eq!(place.read("shown/reports/variances.csv"), first);
    assert!(!place.path().join("shown/result").exists() && !place.path().join("shown/review.csv").exists());
    let _ = place.run("demo --dir shown --seed 4 --as-of 2026-11-13").ended(0);
    assert_ne!(place.read("shown/reports/variances.csv"), first);
}

const EXPORTS: &str = r#"
[store]
url = "sqlite:trueup.db"

[connectors.vendor_files]
kind = "files"
side = "vendor"
folder = "data"

[connectors.psa_files]
kind = "files"
side = "psa"
folder = "data"
"#;

#[test]
fn a_month_whose_documents_do_not_tie_is_not_called_clean() {
    let place = Place::new().set("USER", "ada");
    place.write("trueup.toml", EXPORTS);
    for (file, text) in [
        ("vendor_companies", "id,name\nv-1,Dill Audio\n"),
        ("vendor_products", "id,name\np-1,Seats\n"),
        ("vendor_subscriptions", "id,companyId,productId,quantity,status\ns-1,v-1,p-1,10,Active\n"),
        ("psa_companies", "id,name\n101,Dill Audio\n"),
        ("psa_products", "id,description\n501,Seats\n"),
        (
            "vendor_invoice_items",
            "id,invoiceId,type,companyId,productId,startPeriod,quantity,price,subTotal,cost,costTotal,currencyCode\n\
             i1,INV-1,subscription,v-1,p-1,2026-04-01,10,25.00,250.00,20.00,200.00,USD\n",
        ),
        (
            "psa_agreement_lines",
            "id,agreementStatus,companyId,productId,lineType,quantity,lessIncluded,unitPrice,unitCost,extendedPrice,\
             extendedCost,billCustomer,effectiveDate,cancelledDate,currencyCode\n\
             1,Active,101,501,recurring,10,0,25.00,20.00,250.00,200.00,Billable,2025-01-01,,USD\n",
        ),
    ] {
        place.write(&format!("data/{file}.csv"), text);
    }
    let mut linked = false;
    for (documents, untied, verdict) in [
        ("INV-1,2026-04-05,200.00", 0, "clean: everything was read and compared, all 1 cell agree"),
        (
            "INV-1,2026-04-05,200.00\nINV-2,2026-04-06,",
            0,
            "1 cell agree; invoice INV-2 states no total and is not tied",
        ),
        ("INV-1,2026-04-05,10159.00", 1, "invoice INV-1 differs from its lines by 9,959.00 USD"),
        ("INV-1,2026-04-05,200.00\nINV-2,2026-04-06,7.00", 1, "invoice INV-2 has no lines"),
        ("INV-1,2026-04-05,9.00\nINV-2,2026-04-06,7.00", 2, "invoice INV-2 has no lines"),
        ("INV-1,2026-04-05,200.00\nINV-2,2026-05-06,7.00", 0, "clean: "),
        ("INV-2,2026-05-06,7.00", 1, "lines name invoice INV-1, which is not listed in USD"),
    ] {
        let rows: String = documents.lines().map(|line| format!("{line},USD\n")).collect();
        place.write("data/vendor_invoices.csv", &format!("id,invoiceDate,total,currencyCode\n{rows}"));
        if !linked {
            let _ = place.run("db migrate").ended(0);
        }
        let _ = place.run("pull --period 2026-04 --as-of 2026-05-07").ended(0);
        if !linked {
            let _ = place.run("propose all --as-of 2026-05-07").ended(0);
            let _ = place.run("review link --kind customers v-1 101 --as-of 2026-05-07").ended(0);
            let _ = place.run("review link --kind products p-1 501 --as-of 2026-05-07").ended(0);
            linked = true;
        }
        let status = if untied == 0 { 0 } else { 3 };
        let ran = place.run("reconcile --period 2026-04 --exit-on-findings --out out --as-of 2026-05-07").ended(status);
        assert!(ran.stdout.contains(verdict), "{}", ran.transcript());
        let said = if status == 0 { "\"verdict\": \"clean\"" } else { "\"verdict\": \"differences\"" };
        assert!(place.read("out/totals.json").contains(said), "{verdict}");
        let page = place.run("report tie-out --format html --period 2026-04 --as-of 2026-05-07").ended(0).stdout;
        assert!(
            page.contains(&format!("<p class=\"verdict {}\">", if status == 0 { "good" } else { "over" })),
            "{verdict}"
        );
        assert!(page.contains(verdict), "{verdict}");
        let known = match untied {
            0 => "clean".to_owned(),
            1 => "1 document not tied, see `trueup report tie-out --period 2026-04`".to_owned(),
            more => format!("{more} documents not tied, see `trueup report tie-out --period 2026-04`"),
        };
        let rows = place.run("status --format json --as-of 2026-05-07").ended(0).stdout;
        let rows: serde_json::Value = serde_json::from_str(&rows).unwrap();
        let of_month = rows["rows"].as_array().unwrap().iter().find(|row| row["kind"] == "reconcile").unwrap();
        assert_eq!(of_month["state"], *known, "{verdict}");
    }
}
