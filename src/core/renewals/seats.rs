//! Seats: how many of those held under each subscription are billed.
//!
//! Keeps the invariants that what one line bills for several subscriptions is shared out once and whole, and that it is
//! unknown where a link is missing or a quantity behind it is. Billed seats go to the subscriptions that bind longest first:
//! what is left over is then on those that can be reduced soonest.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::core::billing::{BillCustomer, BilledLine, LineKind, Subscription};
use crate::core::id::{PsaCompanyId, PsaProductId};
use crate::core::link::Compare;
use crate::core::quantity::Quantity;
use crate::core::reconcile::Mapping;
use crate::core::reconcile::lines::Billed;
use crate::core::reconcile::outcome::KeyPart;
use crate::core::snapshot::Problem;

/// A customer and a product of the PSA.
type Cell = (PsaCompanyId, PsaProductId);

/// What the PSA bills on a day.
pub(super) struct Seats<'a> {
    mapping: &'a Mapping,
    /// `None` where a sum cannot be kept exactly.
    billed: BTreeMap<Cell, Option<Quantity>>,
    /// Why some lines are missing.
    unread: &'a [Problem],
}

impl<'a> Seats<'a> {
    pub(super) fn new(lines: &[BilledLine], unread: &'a [Problem], mapping: &'a Mapping, day: NaiveDate) -> Self {
        let mut seats = Self { mapping, billed: BTreeMap::new(), unread };
        for line in lines.iter().filter(|line| bills(line, day)) {
            match mapping.bundles.get(&line.product) {
                None => seats.add(line, line.product.clone(), Some(line.quantity)),
                Some(parts) => {
                    for part in parts {
                        seats.add(line, part.product.clone(), line.quantity.times(part.per_unit).ok());
                    }
                }
            }
        }
        seats
    }

    fn add(&mut self, line: &BilledLine, product: PsaProductId, quantity: Option<Quantity>) {
        let sum = self.billed.entry((line.company.clone(), product)).or_insert(Some(Quantity::ZERO));
        *sum = sum.zip(quantity).and_then(|(sum, more)| sum.plus(more).ok());
    }

    /// The PSA's side of a subscription; `None` without both links, and where units are not compared.
    fn cell(&self, of: &Subscription) -> Option<Cell> {
        let company = self.mapping.companies.psa_of(&of.fields.company)?;
        let product = self.mapping.products.psa_of(&of.fields.product)?;
        (self.mapping.compare.get(product) != Some(&Compare::Amount)).then(|| (company.clone(), product.clone()))
    }

    fn of_cell(&self, cell: &Cell) -> Option<Quantity> {
        let concerns = |problem: &Problem| match &problem.customer {
            Some(KeyPart::Psa(customer)) => **customer == *cell.0.as_str(),
            Some(KeyPart::Vendor(_)) | None => true,
        };
        if self.unread.iter().any(concerns) {
            return None;
        }
        self.billed.get(cell).copied().unwrap_or(Some(Quantity::ZERO))
    }

    /// How many seats of each subscription are billed, in the order they were given; `bound` says how long each one binds.
    pub(super) fn shared(&self, held: &[(&Subscription, Bound)]) -> Vec<Option<Quantity>> {
        let mut cells: BTreeMap<Cell, Vec<usize>> = BTreeMap::new();
        for (at, (subscription, _)) in held.iter().enumerate() {
            if let Some(cell) = self.cell(subscription) {
                cells.entry(cell).or_default().push(at);
            }
        }
        let mut shared = vec![None; held.len()];
        for (cell, mut members) in cells {
            members.sort_by_key(|at| std::cmp::Reverse(held.get(*at).map(|(of, bound)| (*bound, of.id.clone()))));
            let quantities: Option<Vec<Quantity>> =
                members.iter().map(|at| held.get(*at).and_then(|(of, _)| of.fields.quantity)).collect();
            let of_each = match (self.of_cell(&cell), quantities, members.as_slice()) {
                (Some(billed), _, [_]) => vec![Some(billed)],
                (Some(billed), Some(quantities), _) => share_out(billed, &quantities),
                (_, _, _) => continue,
            };
            for (at, billed) in members.iter().zip(of_each) {
                if let Some(slot) = shared.get_mut(*at) {
                    *slot = billed;
                }
            }
        }
        shared
    }
}

/// How long a subscription binds; what binds longest is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Bound {
    /// Not at all.
    Free,
    /// To this day.
    To(NaiveDate),
    /// Nobody knows.
    Unknown,
}

/// Gives each in turn what it holds; what is billed beyond all of them stands at the last.
fn share_out(billed: Quantity, held: &[Quantity]) -> Vec<Option<Quantity>> {
    let (mut left, mut given) = (Some(billed), Vec::with_capacity(held.len()));
    for (number, quantity) in (1..).zip(held) {
        let mine = left.map(|left| if number == held.len() { left } else { left.min(*quantity) });
        left = left.zip(mine).and_then(|(left, mine)| left.minus(mine).ok());
        given.push(mine);
    }
    given
}

/// Whether a line bills seats on a day. A line that ends on the day does not; credits bill nothing.
fn bills(line: &BilledLine, day: NaiveDate) -> bool {
    Billed::is_active(&line.agreement_status)
        && line.kind == LineKind::Recurring
        && line.bill != BillCustomer::DoNotBill
        && line.effective <= day
        && line.cancelled.is_none_or(|cancelled| cancelled > day)
}
