//! The end of a reconcile: every cell judged, summed by class and by customer, and a verdict on the whole.
//!
//! Keeps the order of the variance table: currency, company key, product key, each as byte strings. A customer's cells lie in
//! one shard, so shards are judged side by side; the result does not depend on how many threads do it.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use crate::core::link::Compare;
use crate::core::money::{Amount, Currency, MoneyError, Rounding};
use crate::core::reconcile::book::{Book, Key, Shard, Unlinked};
use crate::core::reconcile::cell::{Cell, Extras, Judged, Priced, Prices, Standing, judge};
use crate::core::reconcile::coverage::Coverage;
use crate::core::reconcile::detail::{CELLS_BY_PRODUCT_MAX, Gathered, ProductMargin};
use crate::core::reconcile::mapping::{Index, Slot};
use crate::core::reconcile::outcome::{Class, ClassTotal, CustomerMargin, Flags, KeyPart, Outcome, Variance, Verdict};
use crate::core::snapshot::Problem;

impl Book {
    /// Judges every cell, on so many threads.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] when a sum over cells can no longer be kept exactly.
    pub fn finish(self, threads: usize, coverage: Coverage, problems: Vec<Problem>) -> Result<Outcome, MoneyError> {
        let shards: Vec<Shard> =
            self.shards.into_iter().map(|shard| shard.into_inner().unwrap_or_else(PoisonError::into_inner)).collect();
        let index = &self.index;
        let by_product = shards.iter().map(|shard| shard.cells.len()).sum::<usize>() <= CELLS_BY_PRODUCT_MAX;
        let parts = std::thread::scope(|scope| {
            let hands = shards.chunks(shards.len().div_ceil(threads.max(1)));
            let threads: Vec<_> = hands.map(|hand| scope.spawn(move || Part::of(index, hand, by_product))).collect();
            let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            threads.into_iter().map(join).collect::<Result<Vec<Part>, MoneyError>>()
        })?;
        let mut all = Part::default();
        for part in parts {
            all.absorb(part)?;
        }
        all.variances.sort_by(|a, b| (a.currency, &a.company, &a.product).cmp(&(b.currency, &b.company, &b.product)));
        let mut outcome = Outcome {
            period: self.period,
            variances: all.variances,
            cells: all.cells,
            classes: all.classes,
            coverage,
            margins: all.margins.into_values().collect(),
            detail: all.detail.whole(by_product),
            problems,
            verdict: Verdict::Unknown,
        };
        outcome.verdict = verdict(&outcome);
        Ok(outcome)
    }
}

/// What some shards come to.
#[derive(Default)]
struct Part {
    cells: u64,
    variances: Vec<Variance>,
    classes: BTreeMap<Currency, BTreeMap<Class, ClassTotal>>,
    margins: BTreeMap<(Currency, KeyPart), CustomerMargin>,
    detail: Gathered,
}

impl Part {
    fn of(index: &Index, shards: &[Shard], by_product: bool) -> Result<Self, MoneyError> {
        let mut part = Self::default();
        for shard in shards {
            for (key, cell, extras) in shard.cells.iter() {
                let judged = Placed { index, shard, key }.judged(cell, &extras)?;
                part.detail.tie(judged.currency, extras.free, cell.vendor.cost.minus(judged.vendor_cost)?)?;
                let money = ProductMargin::of(&judged);
                part.take(judged, &money)?;
                if by_product {
                    part.detail.products.push(money);
                }
            }
            part.detail.meet(&shard.alone)?;
        }
        Ok(part)
    }

    fn take(&mut self, cell: Variance, money: &ProductMargin) -> Result<(), MoneyError> {
        self.cells = self.cells.saturating_add(1);
        let class = self.classes.entry(cell.currency).or_default().entry(cell.class()).or_default();
        class.absorb(&ClassTotal::of(&cell))?;
        let margin = self.margins.entry((cell.currency, cell.company.clone()));
        margin.or_insert_with(|| CustomerMargin::none(cell.currency, cell.company.clone())).take(money)?;
        if cell.flags != Flags::default() {
            self.variances.push(cell);
        }
        Ok(())
    }

    fn absorb(&mut self, other: Self) -> Result<(), MoneyError> {
        self.cells = self.cells.saturating_add(other.cells);
        self.variances.extend(other.variances);
        self.margins.extend(other.margins);
        self.detail.absorb(other.detail)?;
        for (currency, classes) in other.classes {
            for (class, total) in classes {
                self.classes.entry(currency).or_default().entry(class).or_default().absorb(&total)?;
            }
        }
        Ok(())
    }
}

impl ClassTotal {
    fn of(cell: &Variance) -> Self {
        Self {
            cells: 1,
            vendor_amount: cell.vendor_amount,
            psa_amount: cell.psa_amount,
            psa_included_amount: cell.psa_included,
            amount_variance: cell.amount_variance,
            vendor_cost: cell.vendor_cost,
            psa_cost: cell.psa_cost,
        }
    }

    fn absorb(&mut self, other: &Self) -> Result<(), MoneyError> {
        *self = Self {
            cells: self.cells.saturating_add(other.cells),
            vendor_amount: self.vendor_amount.plus(other.vendor_amount)?,
            psa_amount: self.psa_amount.plus(other.psa_amount)?,
            psa_included_amount: self.psa_included_amount.plus(other.psa_included_amount)?,
            amount_variance: self.amount_variance.plus(other.amount_variance)?,
            vendor_cost: self.vendor_cost.plus(other.vendor_cost)?,
            psa_cost: self.psa_cost.plus(other.psa_cost)?,
        };
        Ok(())
    }
}

/// A cell's place.
struct Placed<'s> {
    index: &'s Index,
    shard: &'s Shard,
    key: &'s Key,
}

fn key_part(linked: &[Box<str>], slot: Slot, unlinked: &Unlinked) -> KeyPart {
    match unlinked.name(slot, linked.len()) {
        Some(id) => KeyPart::Vendor(id.into()),
        None => KeyPart::Psa(usize::try_from(slot).ok().and_then(|s| linked.get(s)).cloned().unwrap_or_default()),
    }
}

impl Placed<'_> {
    fn judged(&self, cell: &Cell, extras: &Extras) -> Result<Variance, MoneyError> {
        let (vendor, psa) = (cell.vendor, cell.psa);
        let priced =
            Priced { vendor: self.shard.cells.prices(vendor.prices), psa: self.shard.cells.prices(psa.prices) };
        let company = key_part(&self.index.companies, self.key.company, &self.shard.companies);
        let product = key_part(&self.index.products, self.key.product, &self.shard.products);
        let standing = match (&company, &product) {
            (KeyPart::Vendor(_), _) => Standing::CompanyUnmapped,
            (KeyPart::Psa(_), KeyPart::Vendor(_)) => Standing::ProductUnmapped,
            (KeyPart::Psa(_), KeyPart::Psa(_)) => {
                Standing::Linked(self.index.compare(self.key.product).unwrap_or(Compare::Quantity))
            }
        };
        let Judged { flags, vendor_amount, vendor_cost, variance } = judge(standing, cell, extras, &priced)?;
        // What cannot be multiplied exactly stays unexplained; the variance itself is exact.
        let (quantity_part, price_part) = parts(standing, cell, &priced, variance).unwrap_or_default();
        Ok(Variance {
            currency: self.key.currency,
            company,
            product,
            flags,
            vendor_quantity: vendor.quantity,
            psa_quantity: psa.quantity,
            quantity_variance: vendor.quantity.minus(psa.quantity)?,
            vendor_amount,
            psa_amount: psa.amount,
            psa_included: extras.included,
            amount_variance: variance,
            vendor_cost,
            psa_cost: psa.cost,
            vendor_lines: vendor.lines,
            psa_lines: psa.lines,
            vendor_prices: priced.vendor.map(|p| p.0),
            psa_prices: priced.psa.map(|p| p.0),
            vendor_costs: priced.vendor.map(|p| p.1),
            psa_costs: priced.psa.map(|p| p.1),
            quantity_part,
            price_part,
            other_part: variance.minus(quantity_part)?.minus(price_part)?,
            bundled: cell.bundled,
            included_quantity: matches!(standing, Standing::Linked(_)).then_some(extras.included_units),
            first_start: extras.first_start,
        })
    }
}

/// How much of a variance other units (at the vendor's price) and another price (at the PSA's units) explain; nought
/// where either side has no one price. Where one side has no line at all, the units explain everything.
fn parts(standing: Standing, cell: &Cell, priced: &Priced, variance: Amount) -> Result<(Amount, Amount), MoneyError> {
    if matches!(standing, Standing::Linked(_)) && (cell.vendor.lines == 0 || cell.psa.lines == 0) {
        return Ok((variance, Amount::ZERO));
    }
    let one_price = |prices: Prices| prices.map(|p| p.0).filter(|r| r.lowest == r.highest).map(|r| r.lowest);
    match (standing, one_price(priced.vendor), one_price(priced.psa)) {
        (Standing::Linked(Compare::Quantity), Some(expected), Some(observed)) if !cell.bundled => {
            let at_same_units = expected.extend(cell.psa.quantity)?;
            let quantity_part = expected.extend(cell.vendor.quantity)?.minus(at_same_units)?;
            let price_part = at_same_units.minus(observed.extend(cell.psa.quantity)?)?;
            Ok((quantity_part.rounded(Rounding::Cents), price_part.rounded(Rounding::Cents)))
        }
        _ => Ok((Amount::ZERO, Amount::ZERO)),
    }
}

impl CustomerMargin {
    fn none(currency: Currency, company: KeyPart) -> Self {
        let zero = Amount::ZERO;
        Self { currency, company, revenue: zero, cost: zero, margin: zero, underbilled: zero, overbilled: zero }
    }

    fn take(&mut self, of: &ProductMargin) -> Result<(), MoneyError> {
        self.revenue = self.revenue.plus(of.revenue)?;
        self.cost = self.cost.plus(of.cost)?;
        self.margin = self.revenue.minus(self.cost)?;
        self.underbilled = self.underbilled.plus(of.underbilled)?;
        self.overbilled = self.overbilled.plus(of.overbilled)?;
        Ok(())
    }
}

fn verdict(outcome: &Outcome) -> Verdict {
    let coverage = &outcome.coverage;
    let unread = coverage.vendor_unread
        || coverage.psa_unread
        || coverage.vendor_unreadable > 0
        || coverage.psa_unreadable > 0
        || !outcome.problems.is_empty();
    // A side without a line of the month was asked for the wrong one, and would make refunds or leakage of everything.
    let nothing_there = coverage.rows_of_the_month(true) == 0 || coverage.rows_of_the_month(false) == 0;
    if unread || nothing_there || coverage.compared_rows() == 0 {
        return Verdict::Unknown;
    }
    let unlinked = coverage.has_unlinked_rows();
    if outcome.variances.is_empty() && !unlinked { Verdict::Clean } else { Verdict::Differences }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::reconcile::outcome::Class;

    #[test]
    fn the_class_of_a_cell_is_the_first_of_its_flags() {
        let flags = Flags::default().with(Class::CostStale).with(Class::QtyUnderbilled);
        assert_eq!((flags.bits(), flags.class()), (528, Class::QtyUnderbilled));
        assert_eq!(Flags::default().class(), Class::Ok);
    }
}
