//! Renewals and unused licences of a day, from a folder of exports and from what was pulled.

#![cfg(test)]

use std::net::SocketAddr;

use trueup::simulate::{CONNECTWISE, Data, File, Running};

use crate::support::hermetic::{Place, golden};

const LINKS: &str = "kind,vendorId,psaId,compare,bundlePsaId,perUnit,weightFrom,weightTo\n\
                     company,c1,1,,,,,\ncompany,c2,2,,,,,\n\
                     product,year,10,quantity,,,,\nproduct,month,10,quantity,,,,\nproduct,backup,11,quantity,,,,\n";

/// A renewal in each state, as of 10 April 2026.
fn exports() -> Place {
    let place = Place::new();
    place.write(
        "exports/vendor_companies.csv",
        "id,name\nc1,Harbour & Finch Ltd\nc2,Quarry Lane Dental\nc3,Not Linked Inc\n",
    );
    place.write(
        "exports/vendor_products.csv",
        "id,name,vendorName,sku\nyear,Microsoft 365 Business Premium,Microsoft,MST-A100\n\
         month,Microsoft 365 Business Premium (month),Microsoft,MST-C100\nbackup,Acme Backup,Acme,ACM-1\n",
    );
    place.write(
        "exports/vendor_subscriptions.csv",
        "id,companyId,productId,quantity,startDate,endDate,status,partnerCost,currencyCode,billingTerm,commitmentTerm,commitmentEndDate\n\
         s01,c1,year,25,2025-06-01,,Active,18.00,GBP,Monthly,1-Year,2026-05-31\n\
         s02,c1,month,10,2026-01-01,,Active,21.60,GBP,Monthly,Monthly,2026-04-30\n\
         s03,c2,year,12,2025-04-08,,Active,216.00,USD,Annual,1-Year,2027-04-07\n\
         s04,c2,backup,4,2025-05-01,,Active,3.00,USD,Monthly,1-Year,2026-04-30\n\
         s05,c3,year,7,2025-04-11,,Active,18.00,USD,Monthly,1-Year,2026-04-10\n\
         s06,c3,backup,0,2025-05-01,,Active,3.00,USD,Monthly,1-Year,2026-04-30\n\
         s07,c3,month,5,2026-03-20,2026-04-20,Trial,0,USD,Trial,,\n\
         s08,c3,backup,2,2025-05-01,2026-04-30,Cancelled,3.00,USD,Monthly,1-Year,2026-04-30\n\
         s09,c3,year,3,2025-05-01,,Active,18.00,USD,Monthly,1-Year,\n\
         s10,c3,year,3,2026-02-01,,Active,18.00,USD,Monthly,1-Year,2027-01-31\n\
         s11,c3,month,1,2026-02-01,,Active,18.00,USD,Monthly,,\n\
         s12,c3,year,1,2024-03-01,,Active,18.00,USD,Monthly,1-Year,2026-02-28\n",
    );
    place.write("exports/psa_companies.csv", "id,name\n1,Harbour & Finch\n2,Quarry Lane\n");
    place.write(
        "exports/psa_products.csv",
        "id,description,identifier\n10,M365 Business Premium,M365BP\n11,Backup,BAK\n",
    );
    place.write(
        "exports/psa_agreement_lines.csv",
        "id,agreementId,agreementStatus,companyId,productId,lineType,quantity,lessIncluded,unitPrice,unitCost,extendedPrice,extendedCost,billCustomer,effectiveDate,cancelledDate,currencyCode\n\
         1,a1,Active,1,10,recurring,30,0,26.00,18.00,780.00,540.00,Billable,2025-06-01,,GBP\n\
         2,a2,Active,2,10,recurring,10,0,26.00,18.00,260.00,180.00,Billable,2025-06-01,,USD\n",
    );
    place.write(
        "exports/vendor_invoice_items.csv",
        "id,type,companyId,productId,subscriptionId,startPeriod,endPeriod,quantity,price,subTotal,cost,costTotal,currencyCode\n\
         i1,subscription,c3,month,s11,2026-03-01,2026-03-31,1,20,20,18.00,18.00,USD\n",
    );
    place.write(
        "exports/assignments.csv",
        "companyId,productId,assigned,day\nc1,year,18,2026-04-09\nc2,backup,4,2026-04-09\n",
    );
    place.write("links.csv", LINKS);
    place
}

const FROM: &str = "--from exports --links links.csv --as-of 2026-04-10";

/// Without the lines that name when a file was written.
fn without_sources(text: &str) -> String {
    text.lines().filter(|line| !line.contains("source: ")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_renewal_in_each_state_stands_in_the_order_of_its_last_safe_day() {
    let place = exports();
    let ran = place.run(&format!("report renewals {FROM}")).ended(0);
    golden!("renewals", "text", without_sources(&ran.stdout));
    golden!("renewals", "csv", place.run(&format!("report renewals {FROM} --format csv")).ended(0).stdout);
    let near = place.run(&format!("report renewals --within 20d {FROM} --format csv")).ended(0).stdout;
    assert!(!near.contains(",s01,") && near.contains(",s04,"), "{near}");
}

#[test]
fn every_format_carries_the_same_rows() {
    let place = exports();
    let json: serde_json::Value =
        serde_json::from_str(&place.run(&format!("report renewals {FROM} --format json")).ended(0).stdout).unwrap();
    assert_eq!(json["rowCount"], 10);
    assert_eq!(json["rows"][0]["subscription ID"], "s12");
    let stranded: Vec<String> = json["totals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|total| format!("{} {}", total["currency"].as_str().unwrap(), total["sums"]["stranded cost"]["amount"]))
        .collect();
    assert_eq!(stranded, ["GBP \"0.00\"", "USD \"0.00\""]);
    let _ = place.run(&format!("report renewals {FROM} --out renewals.xlsx")).ended(0);
    let _ = place.run(&format!("report renewals {FROM} --out renewals.html")).ended(0);
    let page = place.read("renewals.html");
    assert!(page.contains("<title>Renewals and commitments</title>") && page.contains("Quarry Lane"), "{page}");
    assert!(!page.contains("Reconciliation"), "{page}");
    assert!(std::fs::read(place.path().join("renewals.xlsx")).unwrap().starts_with(b"PK"));
}

#[test]
fn unused_seats_are_told_with_their_source_and_day_and_the_rest_is_counted() {
    let place = exports();
    let ran = place.run(&format!("report unused {FROM}")).ended(0);
    golden!("renewals", "unused", without_sources(&ran.stdout));
    let csv = place.run(&format!("report unused {FROM} --format csv")).ended(0).stdout;
    assert_eq!(
        csv.lines().skip(1).collect::<Vec<_>>(),
        ["Harbour & Finch,1,Microsoft 365 Business Premium,year,25,18,7,GBP,126.00,assignments,2026-04-09"]
    );
}

#[test]
fn seats_held_and_not_billed_are_listed_and_what_is_not_known_is_counted() {
    let place = exports();
    let ran = place.run(&format!("report held-not-billed {FROM}")).ended(0);
    golden!("renewals", "held_not_billed", without_sources(&ran.stdout));
}

#[test]
fn the_database_tells_the_same_as_the_folder() {
    let place = exports();
    let files = "kind = \"files\"\nfolder = \"exports\"\n";
    let config = format!("[connectors.d]\nside = \"vendor\"\n{files}[connectors.p]\nside = \"psa\"\n{files}");
    place.write("trueup.toml", &config);
    let before = place.run("report renewals --as-of 2026-04-10").ended(2).stderr;
    assert!(before.contains("trueup db migrate"), "{before}");
    let _ = place.run("db migrate --as-of 2026-04-10").ended(0);
    let not_pulled = place.run("report renewals --as-of 2026-04-10").ended(8).stderr;
    assert!(not_pulled.contains("subscriptions"), "{not_pulled}");
    let _ = place.run("pull --period 2026-03 --as-of 2026-04-10").ended(0);
    let _ = place.run("review import links.csv --as-of 2026-04-10");
    for report in ["renewals", "unused", "held-not-billed"] {
        let csv =
            |from: &str| place.run(&format!("report {report} {from} --format csv --as-of 2026-04-10")).ended(0).stdout;
        assert_eq!(csv(""), csv("--from exports --links links.csv"), "{report}");
    }
}

#[test]
fn a_window_of_the_configuration_counts() {
    let place = exports();
    let safe = || {
        let csv = place.run(&format!("report renewals {FROM} --format csv")).ended(0).stdout;
        let line = csv.lines().find(|line| line.contains(",s04,")).unwrap().to_owned();
        line.split(',').nth(13).unwrap().to_owned()
    };
    assert_eq!(safe(), "2026-04-29");
    place.write("trueup.toml", "[renewals.acme]\nvendor = \"Acme\"\nwindow_days = 30\n");
    assert_eq!(safe(), "2026-05-29");
}

#[test]
fn options_of_the_other_kind_of_report_are_refused() {
    let place = exports();
    for (line, refused) in [
        ("report renewals --period 2026-04", "--period is only for reports of a month"),
        ("report unused --within 30d", "--within is only for renewals"),
        ("report variance", "variance is a report of a month"),
        (
            "report variance --period 2026-04 --within 30d",
            "--within is only for the reports of a day: renewals, unused, held-not-billed",
        ),
        ("report renewals --within 3m", "is no span of days like 90d"),
        ("report renewals --links links.csv", "--from"),
    ] {
        let said = place.run(line).ended(2).stderr;
        assert!(said.contains(refused), "{line}: {said}");
    }
    let absent = place.run("report renewals --from nowhere").ended(2).stderr;
    assert!(absent.contains("nowhere"), "{absent}");
}

/// A simulated PSA that knows some customers.
async fn psa(faults: &str, customers: &[(&str, &str)]) -> Running {
    let mut data = Data::empty();
    for (id, name) in customers {
        data.table_mut(File::PsaCompanies).push(&[("id", id), ("name", name), ("identifier", name)]);
    }
    let at: SocketAddr = "127.0.0.1:0".parse().unwrap();
    CONNECTWISE.serve(&data, faults.parse().unwrap(), at).await.unwrap()
}

/// The exports pulled, then a PSA that takes tickets under the same name.
fn pulled(at: &str) -> Place {
    let place = exports();
    let place =
        place.set("PSA_KEY", CONNECTWISE.setting("private_key")).set("PSA_CLIENT", CONNECTWISE.setting("client_id"));
    let vendor = "[connectors.d]\nside = \"vendor\"\nkind = \"files\"\nfolder = \"exports\"\n";
    let files = "[connectors.p]\nside = \"psa\"\nkind = \"files\"\nfolder = \"exports\"\n";
    place.write("trueup.toml", &format!("{vendor}{files}"));
    for line in ["db migrate", "pull --period 2026-03"] {
        let _ = place.run(&format!("{line} --as-of 2026-04-10")).ended(0);
    }
    let _ = place.run("review import links.csv --as-of 2026-04-10");
    let rest = format!(
        "[connectors.p]\nside = \"psa\"\nkind = \"rest\"\nfile = \"builtin:connectwise\"\npause_ms = 0\n\
         [connectors.p.settings]\nurl = \"{at}/v4_6_release/apis/3.0\"\ncompany = \"{}\"\npublic_key = \"{}\"\n\
         private_key = {{ env = \"PSA_KEY\" }}\nclient_id = {{ env = \"PSA_CLIENT\" }}\n",
        CONNECTWISE.setting("company"),
        CONNECTWISE.setting("public_key")
    );
    place.write("trueup.toml", &format!("{vendor}{rest}"));
    place
}

fn made(psa: &Running) -> usize {
    psa.log().iter().filter(|call| call.method == "POST" && call.path.contains("/service/tickets")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_gets_one_ticket_and_its_number_whatever_becomes_of_the_answer() {
    let psa = psa("drop-write@tickets", &[("1", "Harbour & Finch"), ("2", "Quarry Lane")]).await;
    let place = pulled(psa.url());
    let line = "renewals ticket --within 60d --as-of 2026-04-10";
    golden!("renewals", "proposed", place.run(line).ended(0).stdout);
    assert!(psa.log().is_empty(), "a proposal asks nobody");
    let unasked = place.run(&format!("{line} --send")).ended(2);
    assert!(unasked.stderr.contains("POST ") && unasked.stderr.contains("nobody can be asked"), "{}", unasked.stderr);
    assert_eq!(made(&psa), 0);
    // the answer to the first is lost: looking finds it
    golden!("renewals", "recorded", place.run(&format!("{line} --send --yes")).ended(0).stdout);
    assert_eq!(made(&psa), 3);
    let again = place.run(&format!("{line} --send --yes")).ended(0).stdout;
    assert_eq!(again.matches("recorded").count(), 3, "{again}");
    assert_eq!(made(&psa), 3, "each is made once");
    let status = place.run("status --as-of 2026-04-10").ended(0).stdout;
    assert!(
        !status.contains("open write") && status.contains("took effect; found by looking, known since 20"),
        "{status}"
    );
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_whose_process_was_killed_is_found_by_looking_and_not_made_twice() {
    let faults = "hold-write@tickets,slow-seconds=3600";
    let psa = psa(faults, &[("1", "Harbour & Finch"), ("2", "Quarry Lane")]).await;
    let place = pulled(psa.url());
    let line = "renewals ticket --within 60d --as-of 2026-04-10 --send --yes";
    crate::journal::killed_when(place.start(line), || made(&psa) == 1);
    let open = place.run("journal list --open").ended(0).stdout;
    assert!(open.contains("create ticket") && open.contains("trueup journal settle NUMBER"), "{open}");
    let status = place.run("status --as-of 2026-04-10").ended(0).stdout;
    assert!(status.contains("`trueup journal settle 1` closes it"), "{status}");
    let again = place.run(line).ended(0).stdout;
    assert_eq!(again.matches("recorded").count(), 3, "{again}");
    assert_eq!(made(&psa), 3, "each is made once");
    let shown = place.run("journal show 1").ended(0).stdout;
    assert!(shown.contains("happened: it took effect") && shown.contains("found by looking"), "{shown}");
    assert!(place.run("journal list --open").ended(0).stdout.matches("create ticket").count() == 0);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_stays_open_is_closed_by_settle_or_by_its_number() {
    for number in [None, Some("4711")] {
        let psa = psa("hold-write@tickets,slow-seconds=3600", &[("1", "Harbour & Finch"), ("2", "Quarry Lane")]).await;
        let place = pulled(psa.url());
        let line = "renewals ticket --within 60d --as-of 2026-04-10";
        crate::journal::killed_when(place.start(&format!("{line} --send --yes")), || made(&psa) == 1);
        let how = match number {
            None => {
                let settled = place.run("journal settle 1").ended(0);
                assert!(settled.stderr.contains("it took effect"), "{}", settled.stderr);
                "found by looking"
            }
            Some(number) => {
                drop(psa);
                let lost = place.run("journal settle 1").ended(5).stderr;
                assert!(lost.contains("looking failed"), "{lost}");
                let unnamed = place.run("journal settle 1 --happened --reason seen --yes").ended(2).stderr;
                assert!(
                    unnamed.contains("a ticket that was made has a number") && unnamed.contains("--record"),
                    "{unnamed}"
                );
                let word = format!("journal settle 1 --happened --record {number} --reason \"seen in the PSA\" --yes");
                let _ = place.run(&word).ended(0);
                "seen in the PSA"
            }
        };
        let url = format!("sqlite:{}", place.path().join("trueup.db").display());
        let store = trueup::store::Store::open(url.parse().unwrap(), trueup::clock::Clock::System).await.unwrap();
        let ticket = store.list_tickets("p").await.unwrap().swap_remove(0);
        assert_eq!(ticket.state, trueup::store::TicketState::Recorded);
        assert!(ticket.number.is_some() && (number.is_none() || ticket.number.as_deref() == number), "{ticket:?}");
        assert!(ticket.said.is_some_and(|said| said.contains(how)));
        assert!(!place.run("journal list --open").ended(0).stdout.contains("create ticket"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_ticket_says_why_and_may_be_made_later() {
    let psa = psa("", &[("1", "Harbour & Finch")]).await;
    let place = pulled(psa.url());
    let line = "renewals ticket --within 60d --as-of 2026-04-10 --send --yes";
    let refused = place.run(line).ended(5).stdout;
    assert!(
        refused.contains("refused") && refused.contains("400: the company was not found (company/id)"),
        "{refused}"
    );
    assert_eq!(place.run(line).ended(5).stdout, refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_connection_makes_no_ticket_and_one_in_production_does() {
    let psa = psa("", &[("1", "Harbour & Finch"), ("2", "Quarry Lane")]).await;
    let place = pulled(psa.url());
    let written = place.read("trueup.toml");
    let test = written.replace("kind = \"rest\"\n", "kind = \"rest\"\nenvironment = \"test\"\n");
    place.write("trueup.toml", &test);
    let line = "renewals ticket --within 60d --as-of 2026-04-10 --send --yes";
    let refused = place.run(line).transcript();
    assert!(refused.contains("a test connection changes nothing; nothing was sent"), "{refused}");
    assert_eq!(made(&psa), 0);
    let listed = place.run("connections list").ended(0).stdout;
    assert!(listed.lines().any(|line| line.contains("rest") && line.contains("test")), "{listed}");
    place.write("trueup.toml", &test.replace("environment = \"test\"", "environment = \"tset\""));
    let wrong = place.run(line).ended(2).stderr;
    assert!(wrong.contains("environment: unknown variant `tset`, expected `production` or `test`"), "{wrong}");
    place.write("trueup.toml", &written);
    let _ = place.run(line).ended(0);
    assert_eq!(made(&psa), 3);
}

#[test]
fn a_psa_of_files_takes_no_tickets() {
    let place = pulled("http://127.0.0.1:9");
    let files = "kind = \"files\"\nfolder = \"exports\"\n";
    place.write(
        "trueup.toml",
        &format!("[connectors.d]\nside = \"vendor\"\n{files}[connectors.p]\nside = \"psa\"\n{files}"),
    );
    let said = place.run("renewals ticket --as-of 2026-04-10 --send --yes").ended(2).stderr;
    assert!(said.contains("`p` takes no tickets"), "{said}");
}
