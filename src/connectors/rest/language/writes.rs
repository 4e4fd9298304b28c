//! What a file says about writing. Read and checked like the rest, and not done: a file is known to be sound before the first
//! write.
//!
//! Keeps the invariant that how a write is guarded, repeated and read back is said, never assumed.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::answers::When;
use super::fields::Field;

/// Fields a tenant adds itself, as a write has to carry them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct CustomFields {
    pub(in crate::connectors::rest) shape: CustomShape,
    pub(in crate::connectors::rest) at: String,
    pub(in crate::connectors::rest) key: Option<String>,
    #[serde(default)]
    pub(in crate::connectors::rest) send: Vec<String>,
    pub(in crate::connectors::rest) in_patch: Option<InPatch>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::connectors::rest) enum CustomShape {
    Array,
    Map,
    Prefix,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::connectors::rest) enum InPatch {
    Always,
    Changed,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Create {
    pub(in crate::connectors::rest) post: Option<String>,
    pub(in crate::connectors::rest) put: Option<String>,
    pub(in crate::connectors::rest) reply: Option<String>,
    pub(in crate::connectors::rest) idempotent: Option<Idempotent>,
    /// Fields to look for before a create is tried again.
    #[serde(default)]
    pub(in crate::connectors::rest) probe: Vec<String>,
    pub(in crate::connectors::rest) body: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Idempotent {
    pub(in crate::connectors::rest) header: Option<String>,
    pub(in crate::connectors::rest) query: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Update {
    pub(in crate::connectors::rest) patch: Option<String>,
    pub(in crate::connectors::rest) put: Option<String>,
    pub(in crate::connectors::rest) post: Option<String>,
    pub(in crate::connectors::rest) style: Option<Style>,
    pub(in crate::connectors::rest) clear: Option<Clear>,
    pub(in crate::connectors::rest) guard: Option<Guard>,
    pub(in crate::connectors::rest) after: Option<After>,
    pub(in crate::connectors::rest) body: Option<Value>,
    #[serde(default)]
    pub(in crate::connectors::rest) steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::connectors::rest) enum Style {
    Merge,
    Sparse,
    JsonPatch,
    Full,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::connectors::rest) enum Clear {
    Null,
    Empty,
    Remove,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::connectors::rest) enum After {
    Reply,
    Get,
}

/// Where the state a change was planned from is sent, or that it is read again first.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Guard {
    pub(in crate::connectors::rest) header: Option<String>,
    pub(in crate::connectors::rest) at: Option<String>,
    pub(in crate::connectors::rest) recheck: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Step {
    pub(in crate::connectors::rest) r#if: When,
    pub(in crate::connectors::rest) r#do: Vec<String>,
}

/// Where the other side's id is kept.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Link {
    pub(in crate::connectors::rest) store: Store,
    pub(in crate::connectors::rest) at: Option<String>,
    pub(in crate::connectors::rest) field: Option<String>,
    pub(in crate::connectors::rest) lookup: Option<Lookup>,
    pub(in crate::connectors::rest) unique: Option<Unique>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::connectors::rest) enum Store {
    Field,
    Custom,
    AlternateKey,
    Local,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::connectors::rest) enum Unique {
    Server,
    None,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Lookup {
    pub(in crate::connectors::rest) get: String,
    pub(in crate::connectors::rest) dialect: Dialect,
    pub(in crate::connectors::rest) r#where: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::connectors::rest) enum Dialect {
    Params,
    Connectwise,
    ConnectwiseCustom,
    Odata,
    Qbo,
    Frappe,
    Tryton,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Action {
    pub(in crate::connectors::rest) post: String,
    pub(in crate::connectors::rest) body: Option<Value>,
}

/// Rows inside a record.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Children {
    pub(in crate::connectors::rest) at: String,
    pub(in crate::connectors::rest) write: ChildWrite,
    pub(in crate::connectors::rest) key: String,
    pub(in crate::connectors::rest) fields: BTreeMap<String, Field>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::connectors::rest) enum ChildWrite {
    ReplaceAll,
    Keyed,
    Commands,
}
