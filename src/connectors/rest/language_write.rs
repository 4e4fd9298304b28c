//! The language of a connector file, continued: what it says about writing.
//!
//! Keeps the invariant of `language.rs`: an unknown key is refused, and what a file does not say is not done.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::language::{Dialect, Field, When};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    pub(super) post: Option<String>,
    pub(super) put: Option<String>,
    pub(super) reply: Option<String>,
    pub(super) idempotent: Option<Idempotent>,
    /// Fields to look for before a create is tried again.
    #[serde(default)]
    pub(super) probe: Vec<String>,
    pub(super) body: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Idempotent {
    pub(super) header: Option<String>,
    pub(super) query: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Update {
    pub(super) patch: Option<String>,
    pub(super) put: Option<String>,
    pub(super) post: Option<String>,
    pub(super) style: Option<Style>,
    pub(super) clear: Option<Clear>,
    pub(super) guard: Option<Guard>,
    pub(super) after: Option<After>,
    pub(super) body: Option<Value>,
    #[serde(default)]
    pub(super) steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Style {
    Merge,
    Sparse,
    JsonPatch,
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum After {
    Reply,
    Get,
}

/// Where the state a change was planned from is sent, or that it is read again first.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Guard {
    pub(super) header: Option<String>,
    pub(super) at: Option<String>,
    pub(super) recheck: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    pub(super) r#if: When,
    pub(super) r#do: Vec<String>,
}

/// Where the other side's id is kept.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Link {
    pub(super) store: Store,
    pub(super) at: Option<String>,
    pub(super) field: Option<String>,
    pub(super) lookup: Option<Lookup>,
    pub(super) unique: Option<Unique>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Store {
    Field,
    Custom,
    AlternateKey,
    Local,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Unique {
    Server,
    None,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lookup {
    pub(super) get: String,
    pub(super) dialect: Dialect,
    pub(super) r#where: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Action {
    pub(super) post: String,
    pub(super) body: Option<Value>,
}

/// Rows inside a record.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Children {
    pub(super) at: String,
    pub(super) write: ChildWrite,
    pub(super) key: String,
    pub(super) fields: BTreeMap<String, Field>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ChildWrite {
    ReplaceAll,
    Keyed,
    Commands,
}
