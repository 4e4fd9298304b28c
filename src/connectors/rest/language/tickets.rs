//! How a ticket is made, and found again by its key.
//!
//! Keeps the invariant that a ticket that can be made can be looked for.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Wrap;

/// How a ticket is made, and found again by its key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Ticket {
    pub(in crate::connectors::rest) post: String,
    /// Where an answer, and a ticket that is found, has the number.
    pub(in crate::connectors::rest) reply: String,
    pub(in crate::connectors::rest) find: TicketFind,
    /// What is around a body.
    pub(in crate::connectors::rest) wrap: Option<Wrap>,
    /// Where a ticket that was made is read: `{number}` stands for its number.
    pub(in crate::connectors::rest) get: Option<String>,
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
    pub(in crate::connectors::rest) get: String,
    pub(in crate::connectors::rest) query: BTreeMap<String, String>,
    pub(in crate::connectors::rest) records: String,
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
