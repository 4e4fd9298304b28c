//! Orders: what is known of one, and what is sent to place one.
//!
//! Keeps the invariants that an order has a line, a line a whole quantity above zero, and that a line refers only to lines of
//! the same order that stand before it.

use std::num::NonZeroU32;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::connectors::pax8::record::{Field, Kind, Resource, day, flag, id, number, of, text};
use crate::connectors::pax8::request::{Body, Email, Filled, Invalid, RemoteId};
use crate::connectors::pax8::term::BillingTerm;

pub(super) const PROVISIONED: &[Field] = &[
    text("key"),
    of("values", Kind::Texts),
    text("label"),
    text("description"),
    text("valueType"),
    of("possibleValues", Kind::Texts),
];

const LINES: &[Field] = &[
    id("id"),
    id("companyId"),
    id("productId"),
    id("subscriptionId"),
    Field { name: "commitmentTermId", also: "commitmentTermID", kind: Kind::Id },
    day("provisionStartDate"),
    of("billingTerm", Kind::Term),
    number("quantity"),
    number("lineItemNumber"),
    number("parentLineItemNumber"),
    id("parentSubscriptionId"),
    of("provisioningDetails", Kind::Objects(PROVISIONED)),
];

/// An order.
pub(super) static ORDER: Resource = Resource {
    name: "order",
    plural: "orders",
    fields: &[
        id("id"),
        id("companyId"),
        day("createdDate"),
        of("orderedBy", Kind::Word(&["Pax8 Partner", "Customer", "Pax8"])),
        id("orderedByUserId"),
        text("orderedByUserEmail"),
        flag("isScheduled"),
        of("lineItems", Kind::Objects(LINES)),
    ],
    columns: &["id", "companyId", "createdDate", "orderedBy", "orderedByUserEmail", "isScheduled", "lineItems"],
};

/// An answer to a question that provisioning asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provision {
    /// The question's key.
    pub key: Filled,
    /// The answers; where the question lists answers, verbatim some of them.
    pub values: Vec<String>,
}

pub(super) fn provisioning(answers: &[Provision]) -> Option<Vec<Value>> {
    let answer = |one: &Provision| json!({ "key": one.key.as_str(), "values": one.values });
    (!answers.is_empty()).then(|| answers.iter().map(answer).collect())
}

/// What a line hangs on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Parent {
    /// Another line of the same order, by its place, from 1.
    Line(u32),
    /// A subscription that is there.
    Subscription(RemoteId),
}

/// A line to be ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewLine {
    /// The product.
    pub product: RemoteId,
    /// How many.
    pub quantity: NonZeroU32,
    /// How often it is charged.
    pub billing_term: BillingTerm,
    /// The commitment, where the product demands one: from its dependencies.
    pub commitment: Option<RemoteId>,
    /// When it begins; at once when not given.
    pub start: Option<NaiveDate>,
    /// What it hangs on.
    pub parent: Option<Parent>,
    /// The answers its provisioning asks for.
    pub provisioning: Vec<Provision>,
}

/// An order to be placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewOrder {
    company: RemoteId,
    ordered_by: Option<Email>,
    lines: Vec<NewLine>,
}

impl NewOrder {
    /// Takes lines for a company, in the name of a user where one is named.
    ///
    /// # Errors
    /// [`Invalid`] without a line, for a term that cannot be ordered, or a line that hangs on none before it.
    pub fn new(company: RemoteId, ordered_by: Option<Email>, lines: Vec<NewLine>) -> Result<Self, Invalid> {
        if lines.is_empty() {
            return Err(Invalid::new("lines", "expected at least one line, found none"));
        }
        for (line, place) in lines.iter().zip(1u32..) {
            if !BillingTerm::ORDERED.contains(&line.billing_term) {
                let known = BillingTerm::ORDERED.each_ref().map(BillingTerm::as_str).join(", ");
                let what = format!("expected {known}; found {}", line.billing_term.as_str());
                return Err(Invalid::new(&format!("line {place} billing term"), what));
            }
            if let Some(Parent::Line(parent)) = line.parent
                && !(1..place).contains(&parent)
            {
                let what = format!("expected a line before it, found {parent}");
                return Err(Invalid::new(&format!("line {place} parent"), what));
            }
        }
        Ok(Self { company, ordered_by, lines })
    }

    /// The company.
    #[must_use]
    pub fn company(&self) -> &RemoteId {
        &self.company
    }

    pub(super) fn body(&self) -> Value {
        let lines: Vec<Value> = self.lines.iter().zip(1u32..).map(|(line, place)| line.body(place)).collect();
        Body::default()
            .put("companyId", self.company.as_str())
            .put("orderedBy", "Pax8 Partner")
            .may("orderedByUserEmail", self.ordered_by.as_ref().map(Email::as_str))
            .put("lineItems", lines)
            .done()
    }
}

impl NewLine {
    fn body(&self, place: u32) -> Value {
        let (line, subscription) = match &self.parent {
            None => (None, None),
            Some(Parent::Line(parent)) => (Some(*parent), None),
            Some(Parent::Subscription(id)) => (None, Some(id.as_str())),
        };
        Body::default()
            .put("lineItemNumber", place)
            .put("productId", self.product.as_str())
            .put("quantity", self.quantity.get())
            .put("billingTerm", self.billing_term.as_str())
            .may("commitmentTermId", self.commitment.as_ref().map(Filled::as_str))
            .may("provisionStartDate", self.start.map(moment_of))
            .may("parentLineItemNumber", line)
            .may("parentSubscriptionId", subscription)
            .may("provisioningDetails", provisioning(&self.provisioning))
            .done()
    }
}

/// A day as the moment Pax8 wants: its start in UTC.
pub(super) fn moment_of(day: NaiveDate) -> String {
    format!("{day}T00:00:00Z")
}
