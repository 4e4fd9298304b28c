//! What stands in other records, and what else is at work on them: what the system computes, who else writes, what a record holds
//! by days, ids by what their records say, how many calls are used up.
//!
//! Keeps the invariant that another record is named by its entity and field, so that it can be checked that both are there, and
//! that a figure is written where it is kept, and by one writer.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Entity, Lookup, When};

/// A field whose value the system computes from another record: a change is written to that record.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct ChangeSource {
    /// The field.
    pub(in crate::connectors::rest) field: String,
    /// Where a row names what the field is computed from; a row that names nothing there holds the value itself.
    pub(in crate::connectors::rest) from: Vec<Origin>,
}

/// What a field can be computed from.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Origin {
    /// Where a row has the ids of it.
    pub(in crate::connectors::rest) at: String,
    /// The entity of the record that holds the figure, where it can be changed there.
    pub(in crate::connectors::rest) entity: Option<String>,
    /// Its field.
    pub(in crate::connectors::rest) field: Option<String>,
}

/// Another writer of the same records, which the system can have switched on: two would undo each other's work.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct SecondWriter {
    /// What it is called where a write is refused.
    pub(in crate::connectors::rest) name: String,
    /// The setting that lets writes through all the same.
    pub(in crate::connectors::rest) unless: Unless,
    /// What shows that it is at work: any of these.
    pub(in crate::connectors::rest) signs: Vec<Sign>,
}

/// A word that a setting must have.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Unless {
    pub(in crate::connectors::rest) setting: String,
    pub(in crate::connectors::rest) is: String,
}

/// What shows that another writer is at work.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Sign {
    /// What is asked before each write, and by a check.
    pub(in crate::connectors::rest) get: Option<String>,
    /// Or: the entity whose record shows it; a write looks at the record it is about, a check at all.
    pub(in crate::connectors::rest) entity: Option<String>,
    pub(in crate::connectors::rest) when: When,
}

/// What a record holds by days: rows of another entity, each for a stretch of days. The record is read as one line for each
/// stretch that differs from the one before it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Stretches {
    /// The entity of those rows.
    pub(in crate::connectors::rest) entity: String,
    /// Its field that names the record.
    pub(in crate::connectors::rest) of: String,
    /// Its field with the first day.
    pub(in crate::connectors::rest) start: String,
    /// Its field with the day after the last.
    pub(in crate::connectors::rest) end: String,
    /// Its field that has a value once the stretch is billed: nothing changes from a day in it.
    pub(in crate::connectors::rest) closed: Option<String>,
    /// How the rows of one record are asked for: `{id}` is its id; the whole list is read where nothing is said.
    pub(in crate::connectors::rest) lookup: Option<Lookup>,
}

impl Stretches {
    /// Whether a field of another entity is taken for the records that these are about.
    pub(in crate::connectors::rest) fn takes(&self, entity: &str, field: &str, about: &Entity) -> bool {
        let own = [Some(&self.of), Some(&self.start), Some(&self.end), self.closed.as_ref()];
        let named = own.into_iter().flatten().any(|own| own == field);
        let taken = || about.fields.values().any(|it| it.of_stretch.as_deref() == Some(field));
        self.entity == entity && (named || taken())
    }
}

/// The id of another record, by what that says: a value of a list that each tenant has its own numbers for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Named {
    /// The entity that lists them.
    pub(in crate::connectors::rest) entity: String,
    /// Its field that is compared.
    pub(in crate::connectors::rest) key: String,
    /// What it must say; `{setting}` is filled in. Where that is empty, nothing is sent.
    pub(in crate::connectors::rest) is: String,
    /// Whether the id travels as a whole number.
    #[serde(default)]
    pub(in crate::connectors::rest) number: bool,
}

/// One call that tells how many calls were made, for a check.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Quota {
    pub(in crate::connectors::rest) get: String,
    /// Where the answer has how many were made.
    pub(in crate::connectors::rest) used: String,
    /// Where the answer has how many may be made.
    pub(in crate::connectors::rest) of: String,
    /// So many of a hundred are fine; from there on a check says no.
    pub(in crate::connectors::rest) most: u32,
}
