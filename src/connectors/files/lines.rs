//! The quick reading of a row of the two long files: only the fields that a reconcile looks at, borrowed from the block.
//!
//! Keeps the invariant that a row read quickly is one the general conversion would take, with the same values: whatever
//! is not plain at first sight is left to it.

use super::convert::{self, Read, Row};
use super::entity::{Entity, PSA_AGREEMENT_LINES, VENDOR_INVOICE_ITEMS};
use super::records::Fields;
use crate::core::billing::{AgreementState, BillCustomer, BilledLine, ChargeKind, LineKind, VendorCharge};
use crate::core::money::{Amount, Currency, UnitPrice, exact};
use crate::core::period::iso_day;
use crate::core::quantity::Quantity;
use crate::core::reconcile::lines::{Billed, Charge};
use crate::core::record::Keyed;

/// A kind of line that is streamed.
pub(super) trait Line {
    /// The file it comes from.
    const ENTITY: &'static Entity;
    /// The fields looked at, the row's own id first.
    const FIELDS: &'static [&'static str];
    /// The record of the general conversion.
    type Owned: Keyed + Send;
    /// What a reconcile reads.
    type Borrowed<'r>;

    /// The line, or `None` where something is not plain.
    fn quick<'r>(fields: &Picked<'r>) -> Option<Self::Borrowed<'r>>;
    /// The record, or what is wrong with it.
    fn owned(row: &Row<'_>) -> Read<Self::Owned>;
    /// The record as a line.
    fn borrowed(owned: &Self::Owned) -> Self::Borrowed<'_>;
}

/// A row's fields at the places of [`Line::FIELDS`].
pub(super) struct Picked<'r> {
    pub(super) fields: &'r Fields<'r>,
    pub(super) places: &'r [Option<usize>],
}

impl<'r> Picked<'r> {
    /// All of them in order; empty where the file has no such column.
    fn all<const N: usize>(&self) -> [&'r str; N] {
        std::array::from_fn(|field| {
            let place = self.places.get(field).copied().flatten();
            place.and_then(|at| self.fields.get(at)).unwrap_or_default()
        })
    }

    /// The row's own id, the first field of every kind of line; `None` where the file has none.
    pub(super) fn id(&self) -> Option<&'r str> {
        self.places.first().copied().flatten().and_then(|at| self.fields.get(at))
    }
}

/// Lines of the distributor's invoices.
pub(super) enum Charges {}

impl Line for Charges {
    const ENTITY: &'static Entity = &VENDOR_INVOICE_ITEMS;
    const FIELDS: &'static [&'static str] = &[
        "id",
        "type",
        "companyId",
        "productId",
        "startPeriod",
        "endPeriod",
        "quantity",
        "price",
        "subTotal",
        "cost",
        "costTotal",
        "salesTax",
        "amountDue",
        "chargeType",
        "term",
        "currencyCode",
        "invoiceId",
    ];
    type Owned = VendorCharge;
    type Borrowed<'r> = Charge<'r>;

    fn quick<'r>(row: &Picked<'r>) -> Option<Charge<'r>> {
        let [
            id,
            kind,
            company,
            product,
            start,
            end,
            quantity,
            price,
            amount,
            cost,
            cost_total,
            tax,
            due,
            per,
            term,
            currency,
            invoice,
        ] = row.all();
        let plain = (row.id().is_none() || !id.is_empty())
            && !kind.is_empty()
            && (end.is_empty() || iso_day(end).is_some())
            && (due.is_empty() || exact(due).is_ok());
        if !plain {
            return None;
        }
        Some(Charge {
            currency: Currency::from_bytes(currency.as_bytes())?,
            kind: ChargeKind::of(kind),
            company,
            product,
            start: iso_day(start)?,
            quantity: Quantity::parse(quantity).ok()?,
            price: UnitPrice::parse(price).ok()?,
            amount: Amount::parse(amount).ok()?,
            cost: UnitPrice::parse(cost).ok()?,
            cost_total: Amount::parse(cost_total).ok()?,
            multiplies: Charge::must_multiply(per, term),
            invoice,
            tax: if tax.is_empty() { None } else { Some(Amount::parse(tax).ok()?) },
            end_rule: None,
        })
    }

    fn owned(row: &Row<'_>) -> Read<VendorCharge> {
        convert::vendor_charge(row)
    }

    fn borrowed(owned: &VendorCharge) -> Charge<'_> {
        Charge::from(owned)
    }
}

/// Lines of the PSA's agreements.
pub(super) enum BilledLines {}

impl Line for BilledLines {
    const ENTITY: &'static Entity = &PSA_AGREEMENT_LINES;
    const FIELDS: &'static [&'static str] = &[
        "id",
        "agreementStatus",
        "companyId",
        "productId",
        "lineType",
        "quantity",
        "lessIncluded",
        "unitPrice",
        "unitCost",
        "extendedPrice",
        "extendedCost",
        "billCustomer",
        "effectiveDate",
        "cancelledDate",
        "currencyCode",
    ];
    type Owned = BilledLine;
    type Borrowed<'r> = Billed<'r>;

    fn quick<'r>(row: &Picked<'r>) -> Option<Billed<'r>> {
        let [
            id,
            status,
            company,
            product,
            kind,
            quantity,
            included,
            price,
            cost,
            amount,
            cost_total,
            bill,
            from,
            until,
            currency,
        ] = row.all();
        if [id, status, company, product].contains(&"") || AgreementState::word(status) != Some(status) {
            return None;
        }
        Some(Billed {
            currency: Currency::from_bytes(currency.as_bytes())?,
            company,
            product,
            kind: match kind {
                "recurring" => LineKind::Recurring,
                "credit" => LineKind::Credit,
                _ => return None,
            },
            active: Billed::is_active(status),
            bill: BillCustomer::of(bill)?,
            effective: iso_day(from)?,
            cancelled: if until.is_empty() { None } else { Some(iso_day(until)?) },
            quantity: Quantity::parse(quantity).ok()?,
            included: Quantity::parse(included).ok()?,
            price: UnitPrice::parse(price).ok()?,
            cost: UnitPrice::parse(cost).ok()?,
            amount: Amount::parse(amount).ok()?,
            cost_total: Amount::parse(cost_total).ok()?,
        })
    }

    fn owned(row: &Row<'_>) -> Read<BilledLine> {
        convert::billed_line(row)
    }

    fn borrowed(owned: &BilledLine) -> Billed<'_> {
        Billed::from(owned)
    }
}
