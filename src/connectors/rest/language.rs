//! The language of a connector file: what a TOML file can say about one JSON REST system.
//!
//! Keeps the invariant that an unknown key is refused everywhere, never ignored, and that nothing is guessed: what a file
//! does not say (paging, the form of numbers, a default) is not done.

mod answers;
mod calls;
mod fields;
mod lists;
mod others;
mod tickets;
mod writes;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

pub(super) use answers::{Class, Rule, Wait, When};
pub(super) use calls::{Auth, Discover, Http, Limits, Numbers, Observed, ResetUnit, Setting, SettingKind};
pub(super) use fields::{Codec, Compare, Dir, Field, MoneyUnit, OneOrMore, Round, RoundHalf, UnknownWord};
pub(super) use lists::{Get, List, Page, PageIn, Size, Statement};
pub(super) use others::{ChangeSource, Named, Quota, SecondWriter, Sign, Stretches};
pub(super) use tickets::{Ticket, TicketField};
pub(super) use writes::{
    Action, Clear, Create, CustomFields, CustomShape, Dated, Dialect, First, Guard, InPatch, LINK, Link, Lookup,
    OwnIds, Step, Style, Update, Wrap,
};

/// A whole file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Connector {
    /// Version of this language; 1.
    pub(super) schema: u32,
    /// What the system is called.
    pub(super) name: String,
    /// What the user has to fill in.
    #[serde(default)]
    pub(super) settings: BTreeMap<String, Setting>,
    pub(super) http: Http,
    #[serde(default)]
    pub(super) limits: Limits,
    /// What answers mean; the first rule that fits decides, before the built-in table.
    #[serde(default)]
    pub(super) errors: Vec<Rule>,
    pub(super) custom_fields: Option<CustomFields>,
    pub(super) second_writer: Option<SecondWriter>,
    pub(super) entity: BTreeMap<String, Entity>,
    /// How tickets are made; without it none are.
    pub(super) ticket: Option<Ticket>,
}

/// One kind of record of the system.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Entity {
    /// Where a row has its id.
    pub(super) id: String,
    /// The entity whose every record has a list of these.
    pub(super) parent: Option<String>,
    /// What a row has to be to be one of these: others in the same list are left out.
    pub(super) only: Option<When>,
    /// Where the parent's rows hold these; then they have no list of their own, and a change replaces the set.
    pub(super) inside: Option<String>,
    /// Whether they are nevertheless written one by one, each at an address of its own.
    #[serde(default)]
    pub(super) apart: bool,
    /// Or: the entity whose record a row is part of, where all rows stand in one list.
    pub(super) above: Option<String>,
    /// Where a row that was read by itself says which of those it is below.
    pub(super) parent_at: Option<String>,
    /// Rows that are no records of this kind, such as headings: the first that fits counts.
    #[serde(default)]
    pub(super) except: Vec<When>,
    pub(super) version: Option<Version>,
    pub(super) list: Option<List>,
    pub(super) get: Option<Get>,
    pub(super) create: Option<Create>,
    pub(super) update: Option<Update>,
    pub(super) dated: Option<Dated>,
    pub(super) change_source: Option<ChangeSource>,
    /// What the records hold by days, where that stands in rows of their own.
    pub(super) stretches: Option<Stretches>,
    pub(super) link: Option<Link>,
    #[serde(default)]
    pub(super) actions: BTreeMap<String, Action>,
    /// Members of a body that are sent as commands, as Tryton takes them, and where a row has the id of the record each is
    /// about: one without an id is made.
    #[serde(default)]
    pub(super) commands: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) fields: BTreeMap<String, Field>,
}

impl Entity {
    /// Whether a change of one sends all of them.
    pub(super) fn is_set(&self) -> bool {
        self.inside.is_some() && !self.apart
    }

    /// Whether its list is looked through by what the rows have alone, which the link is not.
    pub(super) fn hides_link(&self) -> bool {
        self.list.as_ref().is_some_and(|list| list.has.is_some())
    }

    /// The entity of the record that a row is below or part of.
    pub(super) fn over(&self) -> Option<&str> {
        self.parent.as_deref().or(self.above.as_deref())
    }
}

/// Where the remote's mark of a record's state is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Version {
    pub(super) at: Option<String>,
    pub(super) header: Option<String>,
}
