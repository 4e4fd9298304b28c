//! What a connector file says about writing.
//!
//! Keeps the invariant that what a file does not say is not done.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{Named, When};
use crate::connectors::rest::template::Template;

/// Fields a tenant adds itself: where a row has them, and how a write has to carry them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct CustomFields {
    pub(in crate::connectors::rest) shape: CustomShape,
    /// Where the array or the object with them is; `$` is the row itself.
    pub(in crate::connectors::rest) at: String,
    /// For `array`: the member of an element that names the field.
    pub(in crate::connectors::rest) key: Option<String>,
    /// For `array`: the member of an element that holds the value; `value` where nothing is said.
    pub(in crate::connectors::rest) value: Option<String>,
    /// For `prefix`: what stands before the name of each.
    pub(in crate::connectors::rest) prefix: Option<String>,
    /// For `array`: the members of an element that a write carries; all of them where nothing is said.
    #[serde(default)]
    pub(in crate::connectors::rest) send: Vec<String>,
    /// For `array`: whether a change carries them even where none of them changes.
    pub(in crate::connectors::rest) in_patch: Option<InPatch>,
    /// Where the system lists which fields there are: an entry of a new record needs the id of its field.
    pub(in crate::connectors::rest) ids: Option<OwnIds>,
}

/// The ids of the fields a tenant adds itself.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct OwnIds {
    /// The entity that lists the fields.
    pub(in crate::connectors::rest) entity: String,
    /// The field of it that reads as the entry's key does.
    pub(in crate::connectors::rest) key: String,
    /// The member of an entry that holds the id.
    pub(in crate::connectors::rest) at: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::connectors::rest) enum CustomShape {
    /// A list with an element for each.
    Array,
    /// An object with a member for each.
    Map,
    /// Members of the row whose names begin alike.
    Prefix,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::connectors::rest) enum InPatch {
    Always,
    Changed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
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

/// How a record is made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Create {
    /// Its address; `{link}` in it is the other side's id, where a record is made at the address it is found by.
    pub(in crate::connectors::rest) post: Option<String>,
    pub(in crate::connectors::rest) put: Option<String>,
    pub(in crate::connectors::rest) patch: Option<String>,
    /// Headers of this call alone, in place of the general ones.
    #[serde(default)]
    pub(in crate::connectors::rest) headers: BTreeMap<String, String>,
    /// Where the answer has the record; the answer itself where nothing is said.
    pub(in crate::connectors::rest) reply: Option<String>,
    /// Where that has the new id, where it is not the place a row has it.
    pub(in crate::connectors::rest) id: Option<String>,
    pub(in crate::connectors::rest) idempotent: Option<Idempotent>,
    /// Fields by which a record that was made is found again; all of them.
    #[serde(default)]
    pub(in crate::connectors::rest) probe: Vec<String>,
    /// How it is asked for by those; the whole list is read where nothing is said.
    pub(in crate::connectors::rest) find: Option<Lookup>,
    /// What every new record holds besides its fields.
    pub(in crate::connectors::rest) body: Option<Value>,
    /// Members of every new record that are ids of other records, by what those say.
    #[serde(default)]
    pub(in crate::connectors::rest) named: BTreeMap<String, Named>,
    pub(in crate::connectors::rest) wrap: Option<Wrap>,
}

/// What stands for the other side's id in an address.
pub(in crate::connectors::rest) const LINK: &str = "link";

impl Create {
    /// Whether the address itself says the other side's id.
    pub(in crate::connectors::rest) fn is_addressed_by_link(&self) -> bool {
        let address = self.patch.as_ref().or(self.put.as_ref()).or(self.post.as_ref());
        address.is_some_and(|address| Template::parse(address).is_ok_and(|text| text.names().contains(&LINK)))
    }
}

/// A key that makes a repeated call harmless.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Idempotent {
    pub(in crate::connectors::rest) header: Option<String>,
    pub(in crate::connectors::rest) query: Option<String>,
    /// The most characters the server takes of it, where that is fewer than 64.
    pub(in crate::connectors::rest) max: Option<u32>,
}

/// How a record is changed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Update {
    pub(in crate::connectors::rest) patch: Option<String>,
    pub(in crate::connectors::rest) put: Option<String>,
    pub(in crate::connectors::rest) post: Option<String>,
    pub(in crate::connectors::rest) style: Style,
    pub(in crate::connectors::rest) clear: Clear,
    pub(in crate::connectors::rest) guard: Guard,
    /// Where the body has the id, where the address does not say it.
    pub(in crate::connectors::rest) id_at: Option<String>,
    /// For style `full`: places that the server does not take back as it gave them, and that are left out.
    #[serde(default)]
    pub(in crate::connectors::rest) omit: Vec<String>,
    /// Headers of this call alone, in place of the general ones.
    #[serde(default)]
    pub(in crate::connectors::rest) headers: BTreeMap<String, String>,
    /// Members that every change carries as they were read: what the system resets where it is left out.
    #[serde(default)]
    pub(in crate::connectors::rest) keep: Vec<String>,
    /// What every change holds besides its fields.
    pub(in crate::connectors::rest) body: Option<Value>,
    pub(in crate::connectors::rest) wrap: Option<Wrap>,
    /// What has to be done around the change, by the state of the record; around the making of one, by the state of the
    /// record above.
    #[serde(default)]
    pub(in crate::connectors::rest) steps: Vec<Step>,
}

/// What is around a body.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Wrap {
    /// The member that holds it.
    pub(in crate::connectors::rest) at: Option<String>,
    /// Whether it is the only element of a list.
    #[serde(default)]
    pub(in crate::connectors::rest) list: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::connectors::rest) enum Style {
    /// The changed leaves; objects merge (RFC 7386).
    Merge,
    /// The changed members of the record, each whole.
    Sparse,
    /// Operations (RFC 6902).
    JsonPatch,
    /// The whole record as it was read, with the changes.
    Full,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::connectors::rest) enum Clear {
    Null,
    Empty,
    Remove,
    Never,
}

/// Where the state a change was planned from is sent, or that the record is read again first.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Guard {
    pub(in crate::connectors::rest) header: Option<String>,
    pub(in crate::connectors::rest) at: Option<String>,
    pub(in crate::connectors::rest) recheck: Option<bool>,
}

/// In a state, a change is one of several calls.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Step {
    /// The state, where the first that fits counts.
    pub(in crate::connectors::rest) r#if: When,
    /// Whether it is the state of the record above.
    #[serde(default)]
    pub(in crate::connectors::rest) above: bool,
    /// Actions, in their order, and `write` for the change itself.
    pub(in crate::connectors::rest) r#do: Vec<String>,
}

/// Where the other side's id is kept.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Link {
    /// The place of it.
    pub(in crate::connectors::rest) at: Option<String>,
    /// Or: the name of a field the tenant added itself.
    pub(in crate::connectors::rest) custom: Option<String>,
    /// The most characters the server keeps.
    pub(in crate::connectors::rest) max: Option<u32>,
    /// How a record is asked for by it; the whole list is read where nothing is said.
    pub(in crate::connectors::rest) lookup: Option<Lookup>,
}

/// How records are asked for by a value: `{link}` in a link, `{field}` in a probe.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Lookup {
    pub(in crate::connectors::rest) dialect: Option<Dialect>,
    /// The remote's name of the place, and the value it must have.
    #[serde(default)]
    pub(in crate::connectors::rest) r#where: BTreeMap<String, String>,
    /// For a list asked for by POST: what is added to its body, elements to a list and members to an object.
    pub(in crate::connectors::rest) body: Option<Value>,
}

/// How a record changes from a day on.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "strategy", rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::connectors::rest) enum Dated {
    /// The change itself carries the day.
    Absolute { at: String, format: String },
    /// What a number changes by is posted with the day. Nobody may send it twice: it would count twice.
    DeltaAtDate {
        /// The address.
        post: String,
        /// The field that changes so; see `stretches`.
        field: String,
        /// Where the body has the difference.
        delta: String,
        /// Where the body has the day.
        at: String,
        format: String,
        /// What else it holds.
        body: Option<Value>,
    },
    /// The record goes on as it is until the day, and a new one starts.
    EndAndAdd {
        /// The field that says when a record starts.
        start: String,
        /// The field that says when it ends: the day on which the other one starts.
        end: String,
        /// The fields that the new one takes over.
        copy: Vec<String>,
        /// What it takes over besides, as it is: a member of its body, and the place in the row.
        #[serde(default)]
        carry: BTreeMap<String, String>,
        /// The call that is made first.
        #[serde(default)]
        first: First,
    },
}

/// Of two calls the one that is likelier refused comes first: nothing has happened then.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::connectors::rest) enum First {
    #[default]
    Add,
    End,
}

/// What can be done to a record besides writing it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Action {
    pub(in crate::connectors::rest) post: String,
    pub(in crate::connectors::rest) body: Option<Value>,
    /// What shows that it was done.
    pub(in crate::connectors::rest) gives: When,
}
