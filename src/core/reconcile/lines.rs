//! The lines of both sides as reconcile reads them: borrowed, so that millions pass without a copy.
//!
//! Keeps the invariant that a line read from a stream and the same line from a snapshot are the same to [`Book`](super::Book).

use chrono::NaiveDate;

use crate::core::billing::{BillCustomer, BilledLine, ChargeKind, EndRule, LineKind, VendorCharge};
use crate::core::money::{Amount, Currency, UnitPrice};
use crate::core::quantity::Quantity;

/// A vendor's line. Fields as in [`VendorCharge`]; an absent company or product is the empty text.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the fields are those of VendorCharge")]
pub struct Charge<'a> {
    pub currency: Currency,
    pub kind: ChargeKind,
    pub company: &'a str,
    pub product: &'a str,
    pub start: NaiveDate,
    pub quantity: Quantity,
    pub price: UnitPrice,
    pub amount: Amount,
    pub cost: UnitPrice,
    pub cost_total: Amount,
    /// Charged per unit and not metered: the total must be quantity × unit cost.
    pub multiplies: bool,
    /// The document it stands on; empty where none is named.
    pub invoice: &'a str,
    pub tax: Option<Amount>,
    pub end_rule: Option<EndRule>,
}

impl Charge<'_> {
    /// Whether a line with these words must multiply: charged `per` unit, and not metered afterwards (`Arrears`).
    #[must_use]
    pub fn must_multiply(charge_type: &str, term: &str) -> bool {
        charge_type == "per" && term != "Arrears"
    }
}

impl<'a> From<&'a VendorCharge> for Charge<'a> {
    fn from(line: &'a VendorCharge) -> Self {
        let word = |text: &'a Option<String>| text.as_deref().unwrap_or_default();
        Self {
            currency: line.currency,
            kind: line.kind.clone(),
            company: line.company.as_ref().map_or("", |id| id.as_str()),
            product: line.product.as_ref().map_or("", |id| id.as_str()),
            start: line.start,
            quantity: line.quantity,
            price: line.price,
            amount: line.amount,
            cost: line.cost,
            cost_total: line.cost_total,
            multiplies: Self::must_multiply(word(&line.charge_type), word(&line.term)),
            invoice: line.invoice.as_ref().map_or("", |id| id.as_str()),
            tax: line.tax,
            end_rule: line.end_rule,
        }
    }
}

/// A PSA's line. Fields as in [`BilledLine`].
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "the fields are those of BilledLine")]
pub struct Billed<'a> {
    pub currency: Currency,
    pub company: &'a str,
    pub product: &'a str,
    pub kind: LineKind,
    pub active: bool,
    pub bill: BillCustomer,
    pub effective: NaiveDate,
    pub cancelled: Option<NaiveDate>,
    pub quantity: Quantity,
    pub included: Quantity,
    pub price: UnitPrice,
    pub cost: UnitPrice,
    pub amount: Amount,
    pub cost_total: Amount,
}

impl Billed<'_> {
    /// Whether an agreement in this state bills.
    #[must_use]
    pub fn is_active(agreement_status: &str) -> bool {
        agreement_status == "Active"
    }
}

impl<'a> From<&'a BilledLine> for Billed<'a> {
    fn from(line: &'a BilledLine) -> Self {
        Self {
            currency: line.currency,
            company: line.company.as_str(),
            product: line.product.as_str(),
            kind: line.kind,
            active: Self::is_active(&line.agreement_status),
            bill: line.bill,
            effective: line.effective,
            cancelled: line.cancelled,
            quantity: line.quantity,
            included: line.included,
            price: line.price,
            cost: line.cost,
            amount: line.amount,
            cost_total: line.cost_total,
        }
    }
}
