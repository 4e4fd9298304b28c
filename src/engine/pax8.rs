//! Pax8 for people: questions and writes, as the fronts see them.
//!
//! Reads go to Pax8 at once and touch no database; writes go through [`Engine::write`](crate::engine::Engine::write), which
//! notes each before it is sent.

use crate::config::{Config, Environment as Variables};
use crate::connectors::pax8::Pax8;
use crate::engine::Result;
use crate::engine::connect::connect_pax8;

pub use crate::connectors::Environment;
pub use crate::connectors::http::{Outcome, Refusal, RefusedAs};
pub use crate::connectors::pax8::{
    Address, AddressChange, AddressChanges, Answer, Answered, Ask, BillingTerm, Clearable, CommitmentTerm,
    CompanyChanges, CompanyFlags, CompanyPatch, Condition, ContactBody, ContactChange, ContactChanges, ContactRole,
    Country, Duty, DutyChange, Email, Extent, Field, Filled, Filter, Hidden, Invalid, Kind, NewCompany, NewLine,
    NewOrder, NewWebhook, Operator, Parent, Provision, Query, Record, RemoteId, Resource, Sending, SortStyle, Strange,
    SubscriptionChange, SubscriptionChanges, Threshold, Topic, TopicFilter, WebhookSettings, WebhookUrl, Write,
    duties_open, hint,
};

/// An open connection to Pax8.
pub type Remote = Pax8;

/// Opens a connection to Pax8: the one named, else the only one that is configured, else the default. Makes no call.
///
/// # Errors
/// The setting or the secret that is missing or wrong, or that it is not clear which connection is meant.
pub fn open(config: &Config, named: Option<&str>, environment: &Variables) -> Result<Remote> {
    connect_pax8(config, named, environment)
}
