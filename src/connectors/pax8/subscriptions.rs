//! Subscriptions: what is known of one, and what is sent to change or end one.
//!
//! Keeps the invariant that a change changes one of the four things Pax8 demands.

use std::num::NonZeroU32;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::connectors::pax8::orders::{PROVISIONED, Provision, moment_of, provisioning};
use crate::connectors::pax8::record::{Field, Kind, Resource, day, id, number, of, text};
use crate::connectors::pax8::request::{Body, Invalid, exact_number};
use crate::connectors::pax8::term::BillingTerm;
use crate::core::money::{UnitPrice, plain};

const COMMITMENT: &[Field] = &[id("id"), of("term", Kind::Commitment), day("endDate")];

/// The states of a subscription. They do not decide charging, dates do.
pub(super) const STATUS: &[&str] = &[
    "Active",
    "Cancelled",
    "PendingManual",
    "PendingAutomated",
    "PendingCancel",
    "WaitingForDetails",
    "Trial",
    "Converted",
    "PendingActivation",
    "Activated",
];

const FIELDS: &[Field] = &[
    id("id"),
    id("parentSubscriptionId"),
    id("companyId"),
    id("productId"),
    text("productName"),
    text("vendorSubscriptionId"),
    text("vendorSkuId"),
    number("quantity"),
    day("startDate"),
    day("endDate"),
    day("createdDate"),
    day("updatedDate"),
    day("billingStart"),
    of("status", Kind::Word(STATUS)),
    number("price"),
    number("partnerCost"),
    text("currencyCode"),
    of("billingTerm", Kind::Term),
    Field { name: "commitment", also: "commitmentTerm", kind: Kind::Object(COMMITMENT) },
    of("provisioningDetails", Kind::Objects(PROVISIONED)),
];

/// A subscription.
pub(super) static SUBSCRIPTION: Resource = Resource {
    name: "subscription",
    plural: "subscriptions",
    fields: FIELDS,
    columns: &[
        "id",
        "companyId",
        "productId",
        "productName",
        "status",
        "quantity",
        "price",
        "partnerCost",
        "currencyCode",
        "billingTerm",
        "commitment.term",
        "commitment.endDate",
        "startDate",
        "endDate",
    ],
};

/// A state a subscription had: when it came to be says more than whose it is.
pub(super) static HISTORY: Resource = Resource {
    name: "subscription state",
    plural: "subscription states",
    fields: FIELDS,
    columns: &[
        "updatedDate",
        "status",
        "quantity",
        "price",
        "partnerCost",
        "currencyCode",
        "billingTerm",
        "commitment.term",
        "commitment.endDate",
        "startDate",
        "endDate",
        "createdDate",
        "productName",
        "id",
    ],
};

/// What may change of a subscription; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionChanges {
    /// Unit price to the customer.
    pub price: Option<UnitPrice>,
    /// How often it is charged.
    pub billing_term: Option<BillingTerm>,
    /// How many.
    pub quantity: Option<NonZeroU32>,
    /// When it begins.
    pub start: Option<NaiveDate>,
    /// When it ends.
    pub end: Option<NaiveDate>,
    /// It has no end any more.
    #[serde(default, skip_serializing_if = "is_not")]
    pub clear_end: bool,
    /// Answers its provisioning asks for.
    pub provisioning: Vec<Provision>,
}

/// What was noted before there was a field does not have it.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_not(flag: &bool) -> bool {
    !flag
}

/// Changes of a subscription: price, billing term, quantity or start, at least one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SubscriptionChange(SubscriptionChanges);

impl SubscriptionChange {
    /// Takes changes.
    ///
    /// # Errors
    /// [`Invalid`] when none of the four is among them, or the price is below zero.
    pub fn new(changes: SubscriptionChanges) -> Result<Self, Invalid> {
        let SubscriptionChanges { price, billing_term, quantity, start, .. } = &changes;
        if price.is_none() && billing_term.is_none() && quantity.is_none() && start.is_none() {
            let what = "expected a change of price, billing term, quantity or start, found none";
            return Err(Invalid::new("subscription", what));
        }
        if let Some(price) = price.filter(|price| price.value().is_sign_negative()) {
            return Err(Invalid::new("price", format!("expected zero or more, found {}", plain(price.value()))));
        }
        if changes.clear_end && changes.end.is_some() {
            return Err(Invalid::new("end", "expected a day or none, found both"));
        }
        if let Some(BillingTerm::Other(word)) = billing_term {
            return Err(Invalid::new("billing term", format!("there is no term {word}")));
        }
        Ok(Self(changes))
    }

    pub(super) fn body(&self) -> Value {
        let changes = &self.0;
        Body::default()
            .may("price", changes.price.map(|price| exact_number(&plain(price.value()))))
            .may("billingTerm", changes.billing_term.as_ref().map(BillingTerm::as_str))
            .may("quantity", changes.quantity.map(NonZeroU32::get))
            .may("startDate", changes.start.map(moment_of))
            .may(
                "endDate",
                if changes.clear_end { Some(Value::Null) } else { changes.end.map(moment_of).map(Value::from) },
            )
            .may("provisioningDetails", provisioning(&changes.provisioning))
            .done()
    }
}
