//! Where a report comes from: the head block every report carries, and the verdict in words.
//!
//! Keeps the invariant that nothing is called clean unless everything was read, compared and equal, and that an unknown
//! outcome says what was not looked at.

use chrono::{DateTime, Utc};

use crate::core::documents::{Untied, Why};
use crate::core::matching::Candidates;
use crate::core::outside::harmless;
use crate::core::past::Past;
use crate::core::reconcile::coverage::{Bucket, Coverage, Fate, Tally};
use crate::core::reconcile::held::Held;
use crate::core::reconcile::outcome::{Outcome, Verdict};
use crate::report::Input;
use crate::report::table::{count, counted, grouped};

/// A snapshot or a file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What was read: `pax8 charges`, `vendor_invoice_items.csv`.
    pub what: String,
    /// Its snapshot id or its content's fingerprint.
    pub id: String,
    /// Whether nothing is missing.
    pub complete: bool,
}

/// What a period was reconciled from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The moment the data stands for; `None` when the sources do not say.
    pub as_of: Option<DateTime<Utc>>,
    /// What was read.
    pub sources: Vec<Source>,
    /// The configuration's fingerprint; `None` for a run without one.
    pub configuration: Option<String>,
    /// What is held; `None` where no whole list says it.
    pub held: Option<Held>,
    /// The likeliest counterparts of records without a link.
    pub candidates: Candidates,
    /// What was seen before.
    pub past: Past,
}

/// The head block: label and text.
#[must_use]
pub fn head(input: &Input<'_>) -> Vec<(String, String)> {
    let Input { outcome, facts, .. } = input;
    let as_of = facts.as_of.map_or("not stated".to_owned(), |t| t.format("%Y-%m-%d %H:%M UTC").to_string());
    let mut lines = vec![
        ("period".to_owned(), outcome.period.to_string()),
        ("as of".to_owned(), as_of),
        ("verdict".to_owned(), verdict(input)),
    ];
    lines.extend(coverage_in_short(&outcome.coverage).into_iter().map(|line| ("coverage".to_owned(), line)));
    lines.extend(facts.sources.iter().map(|source| {
        let incomplete = if source.complete { "" } else { ", incomplete" };
        ("source".to_owned(), harmless(&format!("{} ({}{incomplete})", source.what, source.id)))
    }));
    lines.push(("configuration".to_owned(), facts.configuration.clone().unwrap_or_else(|| "none".to_owned())));
    lines
}

/// The verdict as a sentence.
#[must_use]
pub fn verdict(input: &Input<'_>) -> String {
    let outcome = input.outcome;
    let untied = input.documents.map(|documents| documents.untied(outcome.period)).unwrap_or_default();
    let of_cells = match (outcome.verdict, untied.iter().any(|document| document.why.is_difference())) {
        (Verdict::Clean, false) => {
            format!("clean: everything was read and compared, all {} agree", cells(outcome.cells))
        }
        (Verdict::Clean, true) => format!("differences: all {} agree", cells(outcome.cells)),
        (Verdict::Differences, _) => format!(
            "differences: everything was read; {} of {} need attention",
            grouped(&count(outcome.variances.len()).to_string()),
            cells(outcome.cells)
        ),
        (Verdict::Unknown, _) => format!("unknown: {}", not_looked_at(outcome)),
    };
    [of_cells].into_iter().chain(in_words(&untied)).collect::<Vec<_>>().join("; ")
}

/// The documents that are not tied, in words; the first few of many.
fn in_words(untied: &[Untied<'_>]) -> Vec<String> {
    const TOLD_MAX: usize = 3;
    let mut words: Vec<String> = untied
        .iter()
        .take(TOLD_MAX)
        .map(|document| {
            let id = harmless(document.id.as_str());
            match document.why {
                Why::Differs(Some(by)) => {
                    format!(
                        "invoice {id} differs from its lines by {} {}",
                        grouped(&by.cents_text()),
                        document.currency
                    )
                }
                Why::Differs(None) => format!("invoice {id} differs from its lines by more than fits"),
                Why::NoLines => format!("invoice {id} has no lines"),
                Why::NotListed => format!("lines name invoice {id}, which is not listed in {}", document.currency),
                Why::NoTotal => format!("invoice {id} states no total and is not tied"),
            }
        })
        .collect();
    let more = untied.len().saturating_sub(TOLD_MAX);
    if more > 0 {
        words.push(format!("{} more, see the tie-out", counted(count(more), "invoice")));
    }
    words
}

fn cells(n: u64) -> String {
    counted(n, "cell")
}

fn not_looked_at(outcome: &Outcome) -> String {
    let coverage = &outcome.coverage;
    let mut missing = unread(coverage);
    if coverage.vendor_unreadable > 0 {
        missing.push(format!("{} of the distributor could not be read", counted(coverage.vendor_unreadable, "line")));
    }
    if coverage.psa_unreadable > 0 {
        missing.push(format!("{} of the PSA could not be read", counted(coverage.psa_unreadable, "line")));
    }
    if coverage.rows_of_the_month(true) == 0 && !coverage.vendor_unread {
        let others = counted(coverage.of_other_months(), "line");
        missing.push(format!("the distributor has no line of this month ({others} of other months)"));
    }
    if coverage.rows_of_the_month(false) == 0 && !coverage.psa_unread {
        missing.push("the PSA has no line that bills in this month".to_owned());
    }
    if coverage.compared_rows() == 0 {
        missing.push("not one line was compared".to_owned());
    }
    if missing.is_empty() {
        missing.push(format!("{} in the sources", counted(count(outcome.problems.len()), "problem")));
    }
    format!("{}; some of what is shown may be due to that, and what is not shown is not known", missing.join(", "))
}

/// The listings of lines that were not read at all.
fn unread(coverage: &Coverage) -> Vec<String> {
    let listings = [
        (coverage.vendor_unread, "the charges of the distributor were not read, how many there are is unknown"),
        (coverage.psa_unread, "the lines of the PSA were not read, how many there are is unknown"),
    ];
    listings.into_iter().filter(|(unread, _)| *unread).map(|(_, words)| words.to_owned()).collect()
}

/// One sentence per currency and side: what of it was compared, what was not. Payments are no part of the whole.
#[must_use]
fn coverage_in_short(coverage: &Coverage) -> Vec<String> {
    let mut lines = Vec::new();
    for (currency, buckets) in &coverage.buckets {
        for (side, vendor) in [("distributor", true), ("PSA", false)] {
            let of = |fate: Option<Fate>| {
                let mut sum = Tally::default();
                for (bucket, tally) in buckets {
                    let is_payment = *bucket == Bucket::VendorExcluded;
                    if bucket.is_vendor() == vendor && !is_payment && fate.is_none_or(|fate| bucket.fate() == fate) {
                        sum.absorb(*tally).ok()?;
                    }
                }
                Some(sum)
            };
            lines.push(match (of(None), of(Some(Fate::Compared)), of(Some(Fate::Unmapped))) {
                (Some(all), Some(compared), Some(unmapped)) => format!(
                    "{currency} {side}: {} of {} compared ({} of {}); {} without a link ({})",
                    grouped(&compared.rows.to_string()),
                    counted(all.rows, "line"),
                    money(compared),
                    money(all),
                    grouped(&unmapped.rows.to_string()),
                    money(unmapped)
                ),
                (_, _, _) => format!("{currency} {side}: the sums do not fit"),
            });
        }
    }
    lines.extend(unread(coverage));
    if coverage.vendor_unreadable + coverage.psa_unreadable > 0 {
        lines.push(format!(
            "unreadable, money unknown: {} of the distributor, {} of the PSA",
            counted(coverage.vendor_unreadable, "line"),
            counted(coverage.psa_unreadable, "line")
        ));
    }
    lines
}

fn money(tally: Tally) -> String {
    grouped(&tally.amount.cents_text())
}

/// A fate in words.
pub(crate) fn fate(bucket: Bucket) -> &'static str {
    fate_word(bucket.fate())
}

/// A fate in words.
pub(crate) fn fate_word(fate: Fate) -> &'static str {
    match fate {
        Fate::Compared => "compared",
        Fate::Unmapped => "unmapped",
        Fate::Excluded => "excluded",
        Fate::Unknown => "unknown",
    }
}
