//! The language of a connector file, continued: what it says about writing.
//!
//! Keeps the invariant of `language.rs`: an unknown key is refused, and what a file does not say is not done.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::language::{Dialect, When};

/// How a record is made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    pub(super) post: Option<String>,
    pub(super) put: Option<String>,
    /// Where the answer has the record; the answer itself where nothing is said.
    pub(super) reply: Option<String>,
    pub(super) idempotent: Option<Idempotent>,
    /// Fields by which a record that was made is found again; all of them.
    #[serde(default)]
    pub(super) probe: Vec<String>,
    /// How it is asked for by those; the whole list is read where nothing is said.
    pub(super) find: Option<Lookup>,
    /// What every new record holds besides its fields.
    pub(super) body: Option<Value>,
    pub(super) wrap: Option<Wrap>,
}

/// A key that makes a repeated call harmless.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Idempotent {
    pub(super) header: Option<String>,
    pub(super) query: Option<String>,
}

/// How a record is changed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Update {
    pub(super) patch: Option<String>,
    pub(super) put: Option<String>,
    pub(super) post: Option<String>,
    pub(super) style: Style,
    pub(super) clear: Clear,
    pub(super) guard: Guard,
    /// Where the body has the id, where the address does not say it.
    pub(super) id_at: Option<String>,
    /// What every change holds besides its fields.
    pub(super) body: Option<Value>,
    pub(super) wrap: Option<Wrap>,
    /// What has to be done around the change, by the state of the record.
    #[serde(default)]
    pub(super) steps: Vec<Step>,
}

/// What is around a body.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wrap {
    /// The member that holds it.
    pub(super) at: Option<String>,
    /// Whether it is the only element of a list.
    #[serde(default)]
    pub(super) list: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Style {
    /// The changed leaves; objects merge (RFC 7386).
    Merge,
    /// The changed members of the record, each whole.
    Sparse,
    /// Operations (RFC 6902).
    JsonPatch,
    /// The whole record as it was read, with the changes.
    Full,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Clear {
    Null,
    Empty,
    Remove,
    Never,
}

/// Where the state a change was planned from is sent, or that the record is read again first.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Guard {
    pub(super) header: Option<String>,
    pub(super) at: Option<String>,
    pub(super) recheck: Option<bool>,
}

/// In a state, a change is one of several calls.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    /// The state, where the first that fits counts.
    pub(super) r#if: When,
    /// Whether it is the state of the record above.
    #[serde(default)]
    pub(super) above: bool,
    /// Actions, in their order, and `write` for the change itself.
    pub(super) r#do: Vec<String>,
}

/// Where the other side's id is kept.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Link {
    /// The place of it.
    pub(super) at: String,
    /// The most characters the server keeps.
    pub(super) max: Option<u32>,
    /// How a record is asked for by it; the whole list is read where nothing is said.
    pub(super) lookup: Option<Lookup>,
}

/// How records are asked for by a value: `{link}` in a link, `{field}` in a probe.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lookup {
    pub(super) dialect: Dialect,
    /// The remote's name of the place, and the value it must have.
    pub(super) r#where: BTreeMap<String, String>,
}

/// What can be done to a record besides writing it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Action {
    pub(super) post: String,
    pub(super) body: Option<Value>,
    /// What shows that it was done.
    pub(super) gives: When,
}
