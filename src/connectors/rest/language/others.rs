//! What else is at work on the records: what the system computes, and who else writes.
//!
//! Keeps the invariant that a figure is written where it is kept, and by one writer.

use schemars::JsonSchema;
use serde::Deserialize;

use super::When;

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
