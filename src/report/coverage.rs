//! The coverage report: every line that was read, by where it ended.
//!
//! Keeps the invariant that the buckets of a side add up to its line "read", and that unreadable lines have no money.

use crate::core::reconcile::coverage::{Bucket, Fate, Tally};
use crate::core::reconcile::outcome::Outcome;
use crate::report::facts::{fate, fate_word};
use crate::report::table::{Cell, Column, Kind, Table};

const COLUMNS: &[Column] = &[
    Column::new("side", Kind::Text),
    Column::new("currency", Kind::Currency),
    Column::new("fate", Kind::Text),
    Column::new("lines that", Kind::Text),
    Column::new("rows", Kind::Count),
    Column::new("amount", Kind::Money).not_summed(),
    Column::new("cost", Kind::Money).not_summed(),
];

/// The report.
pub(crate) fn build(outcome: &Outcome) -> Table {
    let coverage = &outcome.coverage;
    let mut rows = Vec::new();
    for (side, vendor) in [("distributor", true), ("PSA", false)] {
        for currency in coverage.buckets.keys() {
            let mut read = Some(Tally::default());
            for bucket in Bucket::ALL.into_iter().filter(|bucket| bucket.is_vendor() == vendor) {
                let tally = coverage.tally(*currency, bucket);
                read = read.and_then(|mut sum| sum.absorb(tally).is_ok().then_some(sum));
                if tally.rows > 0 {
                    rows.push(line(side, currency.as_str(), [fate(bucket), bucket.describe()], tally));
                }
            }
            rows.extend(read.map(|read| line(side, currency.as_str(), ["read", "all of the above"], read)));
        }
        let of_vendor = (coverage.vendor_unreadable, coverage.vendor_unread);
        let (unreadable, unread) = if vendor { of_vendor } else { (coverage.psa_unreadable, coverage.psa_unread) };
        let known = unreadable == 0 && !unread;
        let money = || if known { Cell::Money(crate::core::money::Amount::ZERO) } else { Cell::Unknown };
        rows.push(vec![
            Cell::text(side),
            Cell::Unknown,
            Cell::text(fate_word(Fate::Unknown)),
            Cell::text(if unread { "not read at all" } else { "could not be read" }),
            if unread { Cell::Unknown } else { Cell::Count(unreadable) },
            money(),
            money(),
        ]);
    }
    Table {
        name: "coverage",
        title: "Coverage",
        about: "Every line that was read ended in exactly one of these places.",
        head: Vec::new(),
        columns: COLUMNS,
        rows,
        notes: vec![
            "The rows of a side and currency add up to its row \"read\"; where no line ended is not listed. Currencies are never added.".to_owned(),
        ],
    }
}

fn line(side: &str, currency: &str, [fate, words]: [&str; 2], tally: Tally) -> Vec<Cell> {
    vec![
        Cell::text(side),
        Cell::text(currency),
        Cell::text(fate),
        Cell::text(words),
        Cell::Count(tally.rows),
        Cell::Money(tally.amount),
        Cell::Money(tally.cost),
    ]
}
