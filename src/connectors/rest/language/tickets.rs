//! How a ticket is made, and found again by its key.
//!
//! Keeps the invariant that a ticket that can be made can be looked for.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{Named, Wrap};

/// How a ticket is made, and found again by its key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Ticket {
    pub(in crate::connectors::rest) post: String,
    /// Where the answer has the number.
    pub(in crate::connectors::rest) reply: String,
    pub(in crate::connectors::rest) find: TicketFind,
    /// What is around a body.
    pub(in crate::connectors::rest) wrap: Option<Wrap>,
    /// Where a ticket that was made is read: `{number}` stands for its number.
    pub(in crate::connectors::rest) get: Option<String>,
    /// Where that answer has the ticket; the answer itself where nothing is said.
    pub(in crate::connectors::rest) record: Option<String>,
    /// What every ticket holds besides its fields.
    pub(in crate::connectors::rest) body: Option<Value>,
    /// Members of every ticket that are ids of other records, by what those say.
    #[serde(default)]
    pub(in crate::connectors::rest) named: BTreeMap<String, Named>,
    /// `summary`, `customer`, `key` and `text`.
    pub(in crate::connectors::rest) fields: BTreeMap<String, TicketField>,
}

impl Ticket {
    /// Where a ticket has its key.
    pub(in crate::connectors::rest) fn key_at(&self) -> String {
        self.fields.get("key").map(|field| field.at.clone()).unwrap_or_default()
    }
}

/// How the tickets with a key are looked for: `{key}` stands for it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct TicketFind {
    /// The address; or `post`, where they are asked for by POST with `body`.
    pub(in crate::connectors::rest) get: Option<String>,
    pub(in crate::connectors::rest) post: Option<String>,
    #[serde(default)]
    pub(in crate::connectors::rest) query: BTreeMap<String, String>,
    pub(in crate::connectors::rest) body: Option<Value>,
    pub(in crate::connectors::rest) records: String,
    /// Where each of them has its number, where that is not as in the answer to a new one.
    pub(in crate::connectors::rest) number: Option<String>,
}

/// Where a field of a ticket is written, and how.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct TicketField {
    pub(in crate::connectors::rest) at: String,
    /// The most characters the server takes.
    pub(in crate::connectors::rest) max: Option<u32>,
    /// Whether it travels as a whole number.
    #[serde(default)]
    pub(in crate::connectors::rest) number: bool,
    /// Of the key: whether it stands behind what another field writes there, in brackets.
    #[serde(default)]
    pub(in crate::connectors::rest) behind: bool,
}
