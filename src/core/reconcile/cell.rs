//! A cell: what both sides say of one customer and one product in one currency, and the judgement on it.
//!
//! Sums are exact and rounded once, in [`judge`]. Owns the order of the flags; the table is at `Class`.

use crate::core::billing::{BillCustomer, ChargeKind, LineKind};
use crate::core::link::Compare;
use crate::core::money::{Amount, MoneyError, Rounding, UnitPrice};
use crate::core::quantity::Quantity;
use crate::core::reconcile::lines::{Billed, Charge};
use crate::core::reconcile::outcome::{Class, Flags, PriceRange};

impl PriceRange {
    fn widened(range: Option<Self>, price: UnitPrice) -> Self {
        let Self { lowest, highest } = range.unwrap_or(Self { lowest: price, highest: price });
        Self { lowest: lowest.min(price), highest: highest.max(price) }
    }
}

/// The vendor's side of a cell.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct VendorCell {
    pub(crate) quantity: Quantity,
    pub(crate) amount: Amount,
    pub(crate) cost: Amount,
    pub(crate) credit: Amount,
    pub(crate) prices: Option<PriceRange>,
    pub(crate) costs: Option<PriceRange>,
    pub(crate) lines: u32,
    /// A line's total is not its quantity × its unit cost.
    pub(crate) wrong_math: bool,
}

impl VendorCell {
    /// Adds one line; on an error the cell is as it was.
    pub(crate) fn add(&mut self, line: &Charge<'_>) -> Result<(), MoneyError> {
        let mut next = *self;
        next.lines = next.lines.saturating_add(1);
        next.amount = next.amount.plus(line.amount)?;
        next.cost = next.cost.plus(line.cost_total)?;
        match line.kind {
            ChargeKind::Subscription | ChargeKind::OneTime => {
                next.quantity = next.quantity.plus(line.quantity)?;
                next.prices = Some(PriceRange::widened(next.prices, line.price));
                next.costs = Some(PriceRange::widened(next.costs, line.cost));
                next.wrong_math |=
                    line.multiplies && line.cost_total != line.cost.extend(line.quantity)?.rounded(Rounding::Cents);
            }
            ChargeKind::Prorate | ChargeKind::ServiceCharge => next.quantity = next.quantity.plus(line.quantity)?,
            ChargeKind::ServiceCredit | ChargeKind::InvoiceCredit | ChargeKind::Rebate => {
                next.credit = next.credit.plus(line.amount)?;
            }
            ChargeKind::PaymentCredit | ChargeKind::Other(_) => {}
        }
        *self = next;
        Ok(())
    }
}

/// The PSA's side of a cell.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PsaCell {
    pub(crate) quantity: Quantity,
    pub(crate) amount: Amount,
    pub(crate) included: Amount,
    pub(crate) cost: Amount,
    pub(crate) credit: Amount,
    pub(crate) prices: Option<PriceRange>,
    pub(crate) costs: Option<PriceRange>,
    pub(crate) lines: u32,
    pub(crate) bundled: bool,
}

/// The part of a PSA line that belongs to one cell: the whole line, or a bundle's share.
pub(crate) struct Share {
    pub(crate) quantity: Quantity,
    pub(crate) amount: Amount,
    pub(crate) cost: Amount,
    pub(crate) bundled: bool,
}

impl PsaCell {
    /// Adds a share of one line; on an error the cell is as it was.
    pub(crate) fn add(&mut self, line: &Billed<'_>, share: &Share) -> Result<(), MoneyError> {
        let mut next = *self;
        next.lines = next.lines.saturating_add(1);
        next.cost = next.cost.plus(share.cost)?;
        match line.kind {
            LineKind::Credit => next.credit = next.credit.plus(share.amount)?,
            LineKind::Recurring => next.quantity = next.quantity.plus(share.quantity)?,
        }
        match line.bill {
            BillCustomer::NoCharge => next.included = next.included.plus(share.amount)?,
            BillCustomer::Billable | BillCustomer::DoNotBill => next.amount = next.amount.plus(share.amount)?,
        }
        if share.bundled {
            next.bundled = true;
        } else {
            next.included = next.included.plus(line.price.extend(line.included)?.rounded(Rounding::Cents))?;
            if line.kind == LineKind::Recurring {
                next.prices = Some(PriceRange::widened(next.prices, line.price));
                next.costs = Some(PriceRange::widened(next.costs, line.cost));
            }
        }
        *self = next;
        Ok(())
    }
}

/// Which records of a cell are linked, and how its product is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The company has no link.
    CompanyUnmapped,
    /// The company has, the product has none.
    ProductUnmapped,
    /// Both are linked.
    Linked(Compare),
}

/// A judged cell's money, rounded to the cent once.
pub(crate) struct Judged {
    pub(crate) flags: Flags,
    pub(crate) vendor_amount: Amount,
    pub(crate) vendor_cost: Amount,
    pub(crate) variance: Amount,
}

/// Says what is wrong in a cell.
pub(crate) fn judge(standing: Standing, vendor: &VendorCell, psa: &PsaCell) -> Result<Judged, MoneyError> {
    let vendor_amount = vendor.amount.rounded(Rounding::Cents);
    let variance = vendor_amount.minus(psa.amount)?.minus(psa.included)?;
    let mut flags = Flags::default();
    match standing {
        Standing::CompanyUnmapped => flags = flags.with(Class::UnmappedCompany),
        Standing::ProductUnmapped => flags = flags.with(Class::UnmappedProduct),
        Standing::Linked(_) if psa.lines == 0 => flags = flags.with(Class::MissingInPsa),
        Standing::Linked(_) if vendor.lines == 0 => flags = flags.with(Class::MissingInVendor),
        Standing::Linked(Compare::Amount) if !variance.is_zero() => flags = flags.with(Class::AmountMismatch),
        Standing::Linked(Compare::Amount) => {}
        Standing::Linked(Compare::Quantity) => flags = compare_quantities(vendor, psa, variance)?,
    }
    if vendor.wrong_math {
        flags = flags.with(Class::VendorMath);
    }
    Ok(Judged { flags, vendor_amount, vendor_cost: vendor.cost.rounded(Rounding::Cents), variance })
}

fn compare_quantities(vendor: &VendorCell, psa: &PsaCell, variance: Amount) -> Result<Flags, MoneyError> {
    let mut flags = match vendor.quantity.cmp(&psa.quantity) {
        std::cmp::Ordering::Greater => Flags::default().with(Class::QtyUnderbilled),
        std::cmp::Ordering::Less => Flags::default().with(Class::QtyOverbilled),
        std::cmp::Ordering::Equal => Flags::default(),
    };
    // A bundle has one price for several products; its parts have none to compare.
    if psa.bundled {
        return Ok(flags);
    }
    let differ = |left: Option<PriceRange>, right: Option<PriceRange>| left.zip(right).is_some_and(|(l, r)| l != r);
    if differ(vendor.prices, psa.prices) {
        flags = flags.with(Class::PriceStale);
    }
    let explained = flags != Flags::default();
    if differ(vendor.costs, psa.costs) {
        flags = flags.with(Class::CostStale);
    }
    if !explained && !variance.is_zero() {
        let credits = vendor.credit.rounded(Rounding::Cents).minus(psa.credit)?;
        flags = flags.with(if variance == credits { Class::CreditNotPassed } else { Class::AmountMismatch });
    }
    Ok(flags)
}
