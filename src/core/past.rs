//! What earlier reads tell of a month: when its documents were first seen, and since when something stands.
//!
//! Keeps the invariant that only what was read says anything: a month that was not reconciled ends a series, and where nothing
//! was read before nothing is said.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};

use crate::core::id::InvoiceId;
use crate::core::money::Currency;
use crate::core::reconcile::outcome::{Class, KeyPart, Outcome, Variance};
use crate::core::record::Fingerprint;

/// What names a cell in every month.
pub type CellKey = (Currency, KeyPart, KeyPart);

/// How a document came here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Received {
    /// When it was first read; of a file, when it was written.
    pub at: Option<DateTime<Utc>>,
    /// Of the document as it was read, or of its file.
    pub hash: Option<Fingerprint>,
}

/// What was seen before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Past {
    /// How each document came here.
    pub documents: BTreeMap<InvoiceId, Received>,
    /// How many months in a row, the one of the report among them, something is charged and not billed.
    pub months_open: BTreeMap<CellKey, u64>,
    /// The first day of what is billed and not charged.
    pub billed_since: BTreeMap<CellKey, NaiveDate>,
    /// The last day that was charged of what is billed and not charged.
    pub last_charged: BTreeMap<CellKey, NaiveDate>,
}

/// What a variance is of.
#[must_use]
pub fn key(of: &Variance) -> CellKey {
    (of.currency, of.company.clone(), of.product.clone())
}

/// What is charged and not, or not wholly, billed.
#[must_use]
pub fn unbilled(outcome: &Outcome) -> BTreeSet<CellKey> {
    let is_unbilled = |v: &&Variance| matches!(v.class(), Class::MissingInPsa | Class::QtyUnderbilled);
    outcome.variances.iter().filter(is_unbilled).map(key).collect()
}

/// What is billed and not charged.
#[must_use]
pub fn uncharged(outcome: &Outcome) -> BTreeSet<CellKey> {
    outcome.variances.iter().filter(|v| v.class() == Class::MissingInVendor).map(key).collect()
}

/// The months something stands open, as they are met one after the other, latest first.
#[derive(Debug)]
pub struct Series {
    standing: BTreeSet<CellKey>,
    months: BTreeMap<CellKey, u64>,
}

impl Series {
    /// Of what is open in the latest month.
    #[must_use]
    pub fn new(open: BTreeSet<CellKey>) -> Self {
        Self { months: open.iter().map(|key| (key.clone(), 1)).collect(), standing: open }
    }

    /// What was open in the month before; whether anything still stands.
    pub fn before(&mut self, open: &BTreeSet<CellKey>) -> bool {
        self.standing.retain(|key| open.contains(key));
        for key in &self.standing {
            *self.months.entry(key.clone()).or_default() += 1;
        }
        self.stands()
    }

    /// Whether anything may have been open still earlier.
    #[must_use]
    pub fn stands(&self) -> bool {
        !self.standing.is_empty()
    }

    /// How many months each is open.
    #[must_use]
    pub fn months(self) -> BTreeMap<CellKey, u64> {
        self.months
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_ends_where_a_month_was_without_it() {
        let key = |id: &str| ("USD".parse().unwrap(), KeyPart::Psa("1".into()), KeyPart::Psa(id.into()));
        let set = |ids: &[&str]| ids.iter().map(|id| key(id)).collect::<BTreeSet<_>>();
        let mut series = Series::new(set(&["a", "b", "c"]));
        assert!(series.before(&set(&["a", "b", "d"])));
        assert!(series.before(&set(&["a", "c"])), "c was closed in between");
        assert!(!series.before(&set(&["b"])));
        let months: Vec<u64> = series.months().into_values().collect();
        assert_eq!(months, [3, 2, 1]);
    }
}
