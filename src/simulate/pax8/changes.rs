//! What a write does to the state, as values: so that it can be kept back and done later.
//!
//! Invariant: a change sets only what its operation was about; two late changes of one record keep each other's effect.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::delivery::Log;
use super::orders::Order;
use super::topics::Event;
use super::webhooks::Webhook;
use crate::simulate::data::File;

/// Cells by the name of their column.
pub(super) type Cells = Vec<(&'static str, String)>;

/// One change.
#[derive(Debug, Clone)]
pub(super) enum Change {
    /// A new row.
    Add(File, Cells),
    /// Some cells of the row with this id.
    Set(File, String, Cells),
    /// The row with this id goes.
    Remove(File, String),
    /// The contacts of a company changed: its status follows.
    Contacts(String),
    /// A new subscription has this quantity from a day on.
    Began(String, NaiveDate, Decimal),
    /// A subscription has another quantity from a day on.
    Quantity(String, NaiveDate, Decimal),
    /// The last day of a subscription is set.
    Ends(String, NaiveDate),
    /// An order was placed.
    Ordered(Order),
    /// A webhook was made or changed.
    Webhook(Box<Webhook>),
    /// A webhook was deleted.
    Unhook(String),
    /// A sample or a repetition is to be delivered.
    Deliver(Log),
    /// Whoever listens is told.
    Tell(Event),
}
