//! `--clear`: fields that are taken away.
//!
//! Keeps the invariants that only what Pax8 does not demand can be cleared, and that nothing is set and cleared at once.

use std::collections::BTreeSet;

use crate::cli::error::{CommandError, Kind};
use crate::cli::pax8::options::refused;
use crate::engine::pax8::Invalid;

/// What may be cleared of a kind of record, and what may not, by their options without the dashes.
pub(super) struct Clearable {
    pub(super) optional: &'static [&'static str],
    pub(super) demanded: &'static [&'static str],
}

impl Clearable {
    /// The fields to be cleared; `set` are those that are given a value.
    pub(super) fn cleared(
        &self,
        named: &[String],
        set: &[(&str, bool)],
    ) -> Result<BTreeSet<&'static str>, CommandError> {
        let mut all = BTreeSet::new();
        for name in named {
            let name = name.trim();
            if self.demanded.contains(&name) {
                let what = format!("{name} cannot be cleared: Pax8 demands it");
                return Err(CommandError::new(Kind::Usage, format!("--clear: {what}")));
            }
            let Some(field) = self.optional.iter().find(|field| **field == name) else {
                let what = format!("expected {}; found {name}", self.optional.join(", "));
                return Err(refused(Invalid { field: "--clear".to_owned(), what }, name, self.optional));
            };
            if set.iter().any(|(given, is_set)| given == field && *is_set) {
                let what = format!("--{field} and --clear {field} contradict each other");
                return Err(CommandError::new(Kind::Usage, what));
            }
            all.insert(*field);
        }
        Ok(all)
    }
}
