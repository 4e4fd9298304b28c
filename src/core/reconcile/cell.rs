//! A cell: what both sides say of one customer and one product in one currency, and the judgement on it.
//!
//! Sums are exact and rounded once, in [`judge`]. Owns the order of the flags; the table is at `Class`.

use chrono::NaiveDate;
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::core::billing::{BillCustomer, ChargeKind, LineKind};
use crate::core::link::Compare;
use crate::core::money::{Amount, MoneyError, Rounding, UnitPrice};
use crate::core::quantity::Quantity;
use crate::core::reconcile::book::Key;
use crate::core::reconcile::lines::{Billed, Charge};
use crate::core::reconcile::outcome::{Class, Flags, PriceRange};

/// What both sides say of one customer and product. Kept small: there may be a million of them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cell {
    pub(crate) vendor: Sums,
    pub(crate) psa: Sums,
    /// The vendor: a line's total is not its quantity × its unit cost.
    pub(crate) wrong_math: bool,
    /// The PSA: a line is a bundle's share, which has no unit price.
    pub(crate) bundled: bool,
}

/// One side's sums, unrounded.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sums {
    pub(crate) quantity: Quantity,
    pub(crate) amount: Amount,
    pub(crate) cost: Amount,
    pub(crate) lines: u32,
    pub(crate) prices: PricesId,
}

/// What few cells have: credits, units within a flat fee or free of charge, and the first day of lines without a link.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Extras {
    pub(crate) vendor_credit: Amount,
    pub(crate) psa_credit: Amount,
    pub(crate) included: Amount,
    /// The part of `included` that stands on lines free of charge.
    pub(crate) free: Amount,
    /// Units within a flat fee or free of charge.
    pub(crate) included_units: Quantity,
    /// Where company or product has no link: when the earliest of its lines starts.
    pub(crate) first_start: Option<NaiveDate>,
}

impl Extras {
    fn is_none(&self) -> bool {
        self.vendor_credit.is_zero()
            && self.psa_credit.is_zero()
            && self.included.is_zero()
            && self.included_units.is_zero()
            && self.first_start.is_none()
    }
}

/// The lowest and highest unit price and unit cost of one side of a cell; `None` without a priced line.
pub(crate) type Prices = Option<(PriceRange, PriceRange)>;

/// A number in a [`PriceBook`]; nought is "no priced line".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PricesId(u32);

/// The unit prices and costs of many cells. Most cells have one price, and a price list has far fewer rows than it has
/// customers: single prices are kept once for all. A cell whose lines differ gets a row of its own.
#[derive(Default)]
pub(crate) struct PriceBook {
    single: Vec<(UnitPrice, UnitPrice)>,
    ids: FxHashMap<(UnitPrice, UnitPrice), u32>,
    ranges: Vec<(PriceRange, PriceRange)>,
}

impl PriceBook {
    /// Marks the numbers of rows in `ranges`.
    const RANGE: u32 = 1 << 31;

    pub(crate) fn get(&self, id: PricesId) -> Prices {
        if id.0 & Self::RANGE != 0 {
            return self.ranges.get(usize::try_from(id.0 & !Self::RANGE).ok()?).copied();
        }
        let (price, cost) = self.only(id)?;
        Some((PriceRange::of(price), PriceRange::of(cost)))
    }

    /// The one price and cost of a cell whose lines do not differ.
    fn only(&self, id: PricesId) -> Option<(UnitPrice, UnitPrice)> {
        self.single.get(usize::try_from(id.0.checked_sub(1)?).ok()?).copied()
    }

    fn widened(&mut self, id: PricesId, price: UnitPrice, cost: UnitPrice) -> Result<PricesId, MoneyError> {
        if self.only(id) == Some((price, cost)) {
            return Ok(id);
        }
        let Some((prices, costs)) = self.get(id) else {
            return self.single(price, cost);
        };
        let wide = (prices.with(price), costs.with(cost));
        if wide == (prices, costs) {
            return Ok(id);
        }
        if id.0 & Self::RANGE != 0 {
            let row = usize::try_from(id.0 & !Self::RANGE).ok().and_then(|at| self.ranges.get_mut(at));
            *row.ok_or(MoneyError::Overflow)? = wide;
            return Ok(id);
        }
        let row = u32::try_from(self.ranges.len()).ok().filter(|row| row & Self::RANGE == 0);
        self.ranges.push(wide);
        Ok(PricesId(row.ok_or(MoneyError::Overflow)? | Self::RANGE))
    }

    fn single(&mut self, price: UnitPrice, cost: UnitPrice) -> Result<PricesId, MoneyError> {
        if let Some(known) = self.ids.get(&(price, cost)) {
            return Ok(PricesId(*known));
        }
        self.single.push((price, cost));
        let new =
            u32::try_from(self.single.len()).ok().filter(|id| id & Self::RANGE == 0).ok_or(MoneyError::Overflow)?;
        self.ids.insert((price, cost), new);
        Ok(PricesId(new))
    }
}

impl PriceRange {
    fn of(price: UnitPrice) -> Self {
        Self { lowest: price, highest: price }
    }

    fn with(self, price: UnitPrice) -> Self {
        Self { lowest: self.lowest.min(price), highest: self.highest.max(price) }
    }
}

impl Cell {
    /// Adds a vendor's line; on an error neither the cell nor its extras have changed.
    pub(crate) fn charge(
        &mut self,
        line: &Charge<'_>,
        extras: &mut Extras,
        prices: &mut PriceBook,
    ) -> Result<(), MoneyError> {
        let mut sums = self.vendor;
        sums.lines = sums.lines.saturating_add(1);
        sums.amount = sums.amount.plus(line.amount)?;
        sums.cost = sums.cost.plus(line.cost_total)?;
        match line.kind {
            ChargeKind::Subscription | ChargeKind::OneTime => {
                sums.quantity = sums.quantity.plus(line.quantity)?;
                let wrong =
                    line.multiplies && line.cost_total != line.cost.extend(line.quantity)?.rounded(Rounding::Cents);
                sums.prices = prices.widened(sums.prices, line.price, line.cost)?;
                self.wrong_math |= wrong;
            }
            ChargeKind::Prorate | ChargeKind::ServiceCharge => sums.quantity = sums.quantity.plus(line.quantity)?,
            ChargeKind::ServiceCredit | ChargeKind::InvoiceCredit | ChargeKind::Rebate => {
                extras.vendor_credit = extras.vendor_credit.plus(line.amount)?;
            }
            ChargeKind::PaymentCredit | ChargeKind::Other(_) => {}
        }
        self.vendor = sums;
        Ok(())
    }

    /// Adds a share of a PSA's line; on an error neither the cell nor its extras have changed.
    pub(crate) fn billed(
        &mut self,
        line: &Billed<'_>,
        share: &Share,
        extras: &mut Extras,
        prices: &mut PriceBook,
    ) -> Result<(), MoneyError> {
        let (mut sums, mut more) = (self.psa, *extras);
        sums.lines = sums.lines.saturating_add(1);
        sums.cost = sums.cost.plus(share.cost)?;
        match line.kind {
            LineKind::Credit => more.psa_credit = more.psa_credit.plus(share.amount)?,
            LineKind::Recurring => sums.quantity = sums.quantity.plus(share.quantity)?,
        }
        match line.bill {
            BillCustomer::NoCharge => {
                more.included = more.included.plus(share.amount)?;
                more.free = more.free.plus(share.amount)?;
            }
            BillCustomer::Billable | BillCustomer::DoNotBill => sums.amount = sums.amount.plus(share.amount)?,
        }
        more.included_units = more.included_units.plus(included_units(line, share))?;
        if !share.bundled {
            more.included = more.included.plus(line.price.extend(line.included)?.rounded(Rounding::Cents))?;
            if line.kind == LineKind::Recurring {
                sums.prices = prices.widened(sums.prices, line.price, line.cost)?;
            }
        }
        self.bundled |= share.bundled;
        (self.psa, *extras) = (sums, more);
        Ok(())
    }
}

/// How many units of a share are within a flat fee or free of charge. A bundle's own included units are not of its parts.
fn included_units(line: &Billed<'_>, share: &Share) -> Quantity {
    match (line.kind, line.bill) {
        (LineKind::Recurring, BillCustomer::NoCharge) => share.quantity,
        (LineKind::Recurring, BillCustomer::Billable | BillCustomer::DoNotBill) if !share.bundled => line.included,
        (LineKind::Recurring | LineKind::Credit, _) => Quantity::default(),
    }
}

/// The part of a PSA line that belongs to one cell: the whole line, or a bundle's share.
pub(crate) struct Share {
    pub(crate) quantity: Quantity,
    pub(crate) amount: Amount,
    pub(crate) cost: Amount,
    pub(crate) bundled: bool,
}

/// Cells by key, with what they share.
#[derive(Default)]
pub(crate) struct Cells {
    at: IndexMap<Key, Cell, FxBuildHasher>,
    extras: FxHashMap<usize, Extras>,
    prices: PriceBook,
}

impl Cells {
    /// Changes one cell, made on first use.
    pub(crate) fn change(
        &mut self,
        key: Key,
        act: impl FnOnce(&mut Cell, &mut Extras, &mut PriceBook) -> Result<(), MoneyError>,
    ) -> Result<(), MoneyError> {
        let entry = self.at.entry(key);
        let number = entry.index();
        let before = self.extras.get(&number).copied();
        let mut extras = before.unwrap_or_default();
        act(entry.or_default(), &mut extras, &mut self.prices)?;
        // Sums that came back to nought replace those that were kept.
        if before.is_some() || !extras.is_none() {
            self.extras.insert(number, extras);
        }
        Ok(())
    }

    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.at.len()
    }

    /// Every cell, in no order that means anything.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Key, &Cell, Extras)> {
        let extras = |number: usize| self.extras.get(&number).copied().unwrap_or_default();
        self.at.iter().enumerate().map(move |(number, (key, cell))| (key, cell, extras(number)))
    }

    pub(crate) fn prices(&self, id: PricesId) -> Prices {
        self.prices.get(id)
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

/// A side's price ranges beside a cell, as [`judge`] compares them.
pub(crate) struct Priced {
    pub(crate) vendor: Prices,
    pub(crate) psa: Prices,
}

/// Says what is wrong in a cell.
pub(crate) fn judge(standing: Standing, cell: &Cell, extras: &Extras, priced: &Priced) -> Result<Judged, MoneyError> {
    let vendor_amount = cell.vendor.amount.rounded(Rounding::Cents);
    let variance = vendor_amount.minus(cell.psa.amount)?.minus(extras.included)?;
    let mut flags = Flags::default();
    match standing {
        Standing::CompanyUnmapped => flags = flags.with(Class::UnmappedCompany),
        Standing::ProductUnmapped => flags = flags.with(Class::UnmappedProduct),
        Standing::Linked(_) if cell.psa.lines == 0 => flags = flags.with(Class::MissingInPsa),
        Standing::Linked(_) if cell.vendor.lines == 0 => flags = flags.with(Class::MissingInVendor),
        Standing::Linked(Compare::Amount) if !variance.is_zero() => flags = flags.with(Class::AmountMismatch),
        Standing::Linked(Compare::Amount) => {}
        Standing::Linked(Compare::Quantity) => flags = compare_quantities(cell, extras, priced, variance)?,
    }
    if cell.wrong_math {
        flags = flags.with(Class::VendorMath);
    }
    Ok(Judged { flags, vendor_amount, vendor_cost: cell.vendor.cost.rounded(Rounding::Cents), variance })
}

fn compare_quantities(cell: &Cell, extras: &Extras, priced: &Priced, variance: Amount) -> Result<Flags, MoneyError> {
    let mut flags = match cell.vendor.quantity.cmp(&cell.psa.quantity) {
        std::cmp::Ordering::Greater => Flags::default().with(Class::QtyUnderbilled),
        std::cmp::Ordering::Less => Flags::default().with(Class::QtyOverbilled),
        std::cmp::Ordering::Equal => Flags::default(),
    };
    // A bundle has one price for several products; its parts have none to compare.
    if cell.bundled {
        return Ok(flags);
    }
    let (prices_differ, costs_differ) =
        priced.vendor.zip(priced.psa).map_or((false, false), |(vendor, psa)| (vendor.0 != psa.0, vendor.1 != psa.1));
    if prices_differ {
        flags = flags.with(Class::PriceStale);
    }
    let explained = flags != Flags::default();
    if costs_differ {
        flags = flags.with(Class::CostStale);
    }
    if !explained && !variance.is_zero() {
        let credits = extras.vendor_credit.rounded(Rounding::Cents).minus(extras.psa_credit)?;
        flags = flags.with(if variance == credits { Class::CreditNotPassed } else { Class::AmountMismatch });
    }
    Ok(flags)
}
