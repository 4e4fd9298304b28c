//! What reports of a day, rather than of a month, are made from.
//!
//! Keeps the invariant that each of them carries the same head: the day, every source with its own day, the configuration.

use chrono::NaiveDate;

use crate::core::id::VendorProductId;
use crate::core::outside::harmless;
use crate::core::snapshot::Problem;
use crate::report::table::{count, counted};
use crate::report::{Names, Source};

/// What is held on a day, as far as a report shows it.
#[derive(Debug, Clone, Copy)]
pub struct Inventory<'a> {
    /// Names for ids.
    pub names: &'a Names,
    /// What was read.
    pub sources: &'a [Source],
    /// What could not be read.
    pub problems: &'a [Problem],
    /// The configuration's fingerprint; `None` for a run without one.
    pub configuration: Option<&'a str>,
}

/// So many problems are told.
const PROBLEMS_TOLD: usize = 5;

impl Inventory<'_> {
    /// The head block: label and text.
    pub(crate) fn head(&self, as_of: NaiveDate, within: Option<String>) -> Vec<(String, String)> {
        let mut lines = vec![("as of".to_owned(), as_of.to_string())];
        lines.extend(within.map(|span| ("within".to_owned(), span)));
        lines.extend(self.sources.iter().map(|source| {
            let incomplete = if source.complete { "" } else { ", incomplete" };
            ("source".to_owned(), harmless(&format!("{} ({}{incomplete})", source.what, source.id)))
        }));
        lines.push(("configuration".to_owned(), self.configuration.unwrap_or("none").to_owned()));
        lines
    }

    /// The distributor's name of a product, or its id.
    pub(crate) fn product<'b>(&'b self, id: &'b VendorProductId) -> &'b str {
        let name = self.names.vendor_products.get(id).map(String::as_str);
        name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| id.as_str())
    }

    /// What could not be read, in sentences.
    pub(crate) fn trouble(&self) -> Vec<String> {
        let mut told: Vec<String> = self
            .problems
            .iter()
            .take(PROBLEMS_TOLD)
            .map(|problem| format!("Could not be read: {}", harmless(&problem.to_string())))
            .collect();
        if let Some(more @ 1..) = self.problems.len().checked_sub(PROBLEMS_TOLD) {
            told.push(format!("… and {}.", counted(count(more), "more problem")));
        }
        told
    }
}
