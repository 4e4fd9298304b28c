//! Pulls that fail in part or whole: what was not read is said, and costs nothing that was.

use trueup::simulate::{Data, File};

use super::wire::{Systems, copy, place, settled};
use super::{PERIOD, whole_month};
use crate::support::hermetic::Place;

/// Pulls from systems with faults; the lines of its table, blanks reduced to one.
async fn pulled(place: &Place, data: &Data, pax8: &str, with: &str) -> Vec<String> {
    let systems = Systems::start(data, pax8, "").await;
    systems.configure(place);
    let ran = place.run(&format!("pull --period {PERIOD} {with}")).ended(8);
    ran.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

fn line<'l>(lines: &'l [String], listing: &str) -> &'l str {
    lines.iter().find(|line| line.starts_with(listing)).map_or("", String::as_str)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_hangs_on_a_listing_that_is_not_whole_is_not_whole() {
    let data = whole_month(3);
    let ready = place();
    Systems::start(&data, "", "").await.configure(&ready);
    let _ = ready.run("db migrate").ended(0);
    for fault in ["404@subscriptions", "bad-quantity@subscriptions"] {
        let lines = pulled(&copy(&ready), &data, fault, "--with prices,history,usage").await;
        for listing in ["vendor prices", "subscription history", "usage summaries", "usage lines"] {
            let line = line(&lines, &format!("pax8 {listing}"));
            assert!(line.ends_with(" partial"), "{fault}, {listing}: {lines:#?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_pull_takes_nothing_away_and_is_named() {
    let data = whole_month(3);
    let place = settled(&data).await;
    // What rests on the absence of a line is not sure any more: the last column says so, no figure changes.
    let figures = || -> Vec<String> {
        let table = place.read("out/variances.csv");
        table.lines().map(|line| line.rsplit_once(',').unwrap().0.to_owned()).collect()
    };
    let before = figures();
    let systems = Systems::start(&data, "404", "404").await;
    systems.configure(&place);
    let _ = place.run(&format!("pull --period {PERIOD}")).ended(8);
    let reconciled = place.run(&format!("reconcile --period {PERIOD} --out out")).ended(8);
    assert_eq!(figures(), before, "{}", reconciled.transcript());
    assert!(!reconciled.stdout.contains("No rows"), "{}", reconciled.transcript());
    assert!(place.read("out/totals.json").contains(r#""verdict": "unknown""#));
    let problems = place.read("out/problems.csv");
    for listing in [&format!("charges of {PERIOD}"), "vendor customers", "psa products"] {
        assert!(problems.contains(&format!("the last pull of the {listing} of `")), "{problems}");
    }
    assert!(problems.contains(" are used, 0 h old"), "{problems}");
    let proposed = place.run("propose all").ended(0);
    assert!(proposed.stderr.contains("the last pull of the vendor customers of `pax8` failed"), "{}", proposed.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listing_that_was_never_read_is_not_one_line() {
    let data = whole_month(3);
    let place = place();
    Systems::start(&data, "", "").await.configure(&place);
    let _ = place.run("db migrate").ended(0);
    let _ = pulled(&place, &data, "404@invoices", "").await;
    let ran = place.run(&format!("reconcile --period {PERIOD} --out out")).ended(8);
    assert!(ran.stdout.contains("the charges of the distributor were not read"), "{}", ran.transcript());
    assert!(ran.stdout.contains("not read at all"), "{}", ran.transcript());
    assert!(!ran.transcript().contains("1 line of the distributor"), "{}", ran.transcript());
    assert!(place.read("out/totals.json").contains(r#""vendorUnreadableRows": null"#));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contacts_that_cannot_be_read_cost_no_customer() {
    let data = whole_month(3);
    let place = place();
    Systems::start(&data, "", "").await.configure(&place);
    let _ = place.run("db migrate").ended(0);
    let lines = pulled(&place, &data, "403@contacts", "--with contacts").await;
    let line = line(&lines, "pax8 vendor customers");
    let all = data.table(File::VendorCompanies).len();
    assert!(line.contains(&format!(" {all} ")) && line.ends_with(" partial"), "{lines:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_written_under_a_clock_that_was_set_back() {
    let data = whole_month(3);
    let place = place();
    let systems = Systems::start(&data, "", "").await;
    systems.configure(&place);
    let _ = place.run("db migrate").ended(0);
    let pull = |at: &str| place.run(&format!("pull --period {PERIOD} --as-of 2026-11-02T08:{at}:00Z"));
    let _ = pull("30").ended(0);
    let said = "error: the clock says 2026-11-02 08:24 UTC, but run 1 was recorded at 2026-11-02 08:30 UTC\n";
    let refused = pull("24").ended(8);
    assert!(refused.stderr.contains(said), "{}", refused.stderr);
    let refused = place.run(&format!("reconcile --period {PERIOD} --as-of 2026-11-02T08:24:00Z")).ended(8);
    assert!(refused.stderr.contains("UTC, but snapshot "), "{}", refused.stderr);
    let _ = pull("25").ended(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_status_says_what_failed_and_when_it_last_did_not() {
    let data = whole_month(3);
    let place = settled(&data).await;
    let systems = Systems::start(&data, "404", "404").await;
    systems.configure(&place);
    let _ = place.run(&format!("pull --period {PERIOD}")).ended(8);
    let _ = place.run(&format!("reconcile --period {PERIOD}")).ended(8);
    let status = place.run("status").ended(0).stdout;
    let line = |of: &str| status.lines().find(|line| line.contains(of)).unwrap_or_default().to_owned();
    assert!(line(", pull by").contains(" failed "), "{status}");
    assert!(line(", reconcile by").contains(" done, the month is unknown "), "{status}");
    assert!(line("pax8 subscriptions").contains("partial, 0 records, 0 h old, last complete at 2"), "{status}");
}
