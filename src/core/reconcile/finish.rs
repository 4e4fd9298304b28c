//! The end of a reconcile: cells in order, judged, summed by class and by customer, and a verdict on the whole.
//!
//! Keeps the order of the variance table: currency, company key, product key, each as byte strings.

use std::cmp::Ordering;
use std::sync::PoisonError;

use crate::core::link::Compare;
use crate::core::money::{Amount, Currency, MoneyError, Rounding};
use crate::core::reconcile::book::{Book, Key, Shard, Unlinked};
use crate::core::reconcile::cell::{Cell, Judged, Priced, Prices, Standing, judge};
use crate::core::reconcile::coverage::Coverage;
use crate::core::reconcile::mapping::{Index, Slot};
use crate::core::reconcile::outcome::{CustomerMargin, Flags, KeyPart, Outcome, Variance, Verdict};
use crate::core::snapshot::Problem;

impl Book {
    /// Judges every cell.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] when a sum over cells can no longer be kept exactly.
    pub fn finish(self, coverage: Coverage, problems: Vec<Problem>) -> Result<Outcome, MoneyError> {
        let shards: Vec<Shard> =
            self.shards.into_iter().map(|shard| shard.into_inner().unwrap_or_else(PoisonError::into_inner)).collect();
        let mut outcome = Outcome {
            period: self.period,
            variances: Vec::new(),
            cells: 0,
            classes: std::collections::BTreeMap::new(),
            coverage,
            margins: Vec::new(),
            problems,
            verdict: Verdict::Unknown,
        };
        for place in ordered(&self.index, &shards) {
            outcome.take(place.judged(&self.index)?)?;
        }
        outcome.verdict = verdict(&outcome);
        Ok(outcome)
    }
}

/// One cell among all shards.
#[derive(Clone, Copy)]
struct Placed<'s> {
    shard: &'s Shard,
    number: usize,
    key: Key,
}

fn ordered<'s>(index: &Index, shards: &'s [Shard]) -> Vec<Placed<'s>> {
    let mut all = Vec::new();
    for shard in shards {
        all.extend(shard.cells.iter().map(|(number, key)| Placed { shard, number, key: *key }));
    }
    all.sort_unstable_by(|a, b| {
        let companies = || by_text(index.companies.len(), a.company(), b.company());
        let products = || by_text(index.products.len(), a.product(), b.product());
        a.key.currency.cmp(&b.key.currency).then_with(companies).then_with(products)
    });
    all
}

/// Linked slots are numbered in the order of their text, and `psa:` sorts before `vendor:`.
fn by_text(linked: usize, left: (Slot, &Unlinked), right: (Slot, &Unlinked)) -> Ordering {
    match (left.1.name(left.0, linked), right.1.name(right.0, linked)) {
        (None, None) => left.0.cmp(&right.0),
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
        (Some(left), Some(right)) => left.cmp(right),
    }
}

fn key_part(linked: &[Box<str>], (slot, unlinked): (Slot, &Unlinked)) -> KeyPart {
    match unlinked.name(slot, linked.len()) {
        Some(id) => KeyPart::Vendor(id.into()),
        None => KeyPart::Psa(usize::try_from(slot).ok().and_then(|s| linked.get(s)).cloned().unwrap_or_default()),
    }
}

impl<'s> Placed<'s> {
    fn company(&self) -> (Slot, &'s Unlinked) {
        (self.key.company, &self.shard.companies)
    }

    fn product(&self) -> (Slot, &'s Unlinked) {
        (self.key.product, &self.shard.products)
    }

    fn judged(&self, index: &Index) -> Result<Variance, MoneyError> {
        let (cell, extras) = self.shard.cells.get(self.number);
        let (vendor, psa) = (cell.vendor, cell.psa);
        let priced =
            Priced { vendor: self.shard.cells.prices(vendor.prices), psa: self.shard.cells.prices(psa.prices) };
        let company = key_part(&index.companies, self.company());
        let product = key_part(&index.products, self.product());
        let standing = match (&company, &product) {
            (KeyPart::Vendor(_), _) => Standing::CompanyUnmapped,
            (KeyPart::Psa(_), KeyPart::Vendor(_)) => Standing::ProductUnmapped,
            (KeyPart::Psa(_), KeyPart::Psa(_)) => {
                Standing::Linked(index.compare(self.key.product).unwrap_or(Compare::Quantity))
            }
        };
        let Judged { flags, vendor_amount, vendor_cost, variance } = judge(standing, &cell, &extras, &priced)?;
        // What cannot be multiplied exactly stays unexplained; the variance itself is exact.
        let (quantity_part, price_part) = parts(standing, &cell, &priced).unwrap_or_default();
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
        })
    }
}

/// How much of a variance other units (at the vendor's price) and another price (at the PSA's units) explain; nought
/// where either side has no one price.
fn parts(standing: Standing, cell: &Cell, priced: &Priced) -> Result<(Amount, Amount), MoneyError> {
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

impl Outcome {
    /// Counts a judged cell; cells come in the order of the variance table.
    fn take(&mut self, cell: Variance) -> Result<(), MoneyError> {
        self.cells = self.cells.saturating_add(1);
        let total = self.classes.entry(cell.currency).or_default().entry(cell.class()).or_default();
        total.cells = total.cells.saturating_add(1);
        total.vendor_amount = total.vendor_amount.plus(cell.vendor_amount)?;
        total.psa_amount = total.psa_amount.plus(cell.psa_amount)?;
        total.psa_included_amount = total.psa_included_amount.plus(cell.psa_included)?;
        total.amount_variance = total.amount_variance.plus(cell.amount_variance)?;
        total.vendor_cost = total.vendor_cost.plus(cell.vendor_cost)?;
        total.psa_cost = total.psa_cost.plus(cell.psa_cost)?;
        self.margin_of(&cell)?.take(&cell)?;
        if cell.flags != Flags::default() {
            self.variances.push(cell);
        }
        Ok(())
    }

    fn margin_of(&mut self, cell: &Variance) -> Result<&mut CustomerMargin, MoneyError> {
        if self.margins.last().is_none_or(|m| m.currency != cell.currency || m.company != cell.company) {
            self.margins.push(CustomerMargin::none(cell.currency, cell.company.clone()));
        }
        self.margins.last_mut().ok_or(MoneyError::Overflow)
    }
}

impl CustomerMargin {
    fn none(currency: Currency, company: KeyPart) -> Self {
        let zero = Amount::ZERO;
        Self { currency, company, revenue: zero, cost: zero, margin: zero, underbilled: zero, overbilled: zero }
    }

    fn take(&mut self, cell: &Variance) -> Result<(), MoneyError> {
        self.revenue = self.revenue.plus(cell.psa_amount)?;
        self.cost = self.cost.plus(cell.vendor_cost)?;
        self.margin = self.revenue.minus(self.cost)?;
        // A cell without a flag may differ in money by design: a bundle sold below the sum of its parts.
        if cell.flags == Flags::default() {
            return Ok(());
        }
        if cell.amount_variance.is_negative() {
            self.overbilled = self.overbilled.minus(cell.amount_variance)?;
        } else {
            self.underbilled = self.underbilled.plus(cell.amount_variance)?;
        }
        Ok(())
    }
}

fn verdict(outcome: &Outcome) -> Verdict {
    let coverage = &outcome.coverage;
    let unread = coverage.vendor_unreadable > 0 || coverage.psa_unreadable > 0 || !outcome.problems.is_empty();
    if unread || coverage.compared_rows() == 0 {
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
