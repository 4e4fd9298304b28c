//! Pulls that fail in part or whole: what was not read is said, and costs nothing that was.

use trueup::simulate::Data;

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
