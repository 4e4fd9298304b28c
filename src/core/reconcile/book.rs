//! The book of one period: every line in its bucket, every cell's sums.
//!
//! A [`Book`] takes lines from several threads at once: cells lie in shards by customer, each behind its own lock, so that
//! memory grows with cells and not with lines or threads. The sums do not depend on the order in which lines arrive.

use std::hash::{Hash as _, Hasher as _};
use std::sync::{Mutex, PoisonError};

use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use crate::core::billing::{BillCustomer, ChargeKind, VendorInvoice};
use crate::core::money::{Amount, Currency, MoneyError, Rounding};
use crate::core::period::BillingPeriod;
use crate::core::reconcile::cell::{Cells, Share};
use crate::core::reconcile::coverage::{Bucket, Coverage};
use crate::core::reconcile::detail::{Alone, PsaKind};
use crate::core::reconcile::lines::{Billed, Charge};
use crate::core::reconcile::mapping::{Index, Mapping, Place, PsaProduct, Slot};

/// Enough that two threads seldom meet, few enough that each holds many cells.
const SHARDS: usize = 16;

/// A cell's place in a shard: linked slots first, then this shard's own unlinked ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) currency: Currency,
    pub(crate) company: Slot,
    pub(crate) product: Slot,
}

/// The cells of some customers, and the unlinked ids met among their lines.
#[derive(Default)]
pub(crate) struct Shard {
    pub(crate) cells: Cells,
    pub(crate) companies: Unlinked,
    pub(crate) products: Unlinked,
    /// PSA records without a link.
    pub(crate) alone: Alone,
}

/// Ids of vendor records without a link, numbered after the linked ones.
#[derive(Default)]
pub(crate) struct Unlinked {
    slots: FxHashMap<Box<str>, Slot>,
    names: Vec<Box<str>>,
}

impl Unlinked {
    fn slot(&mut self, place: Place<'_>, linked: usize) -> Result<Slot, MoneyError> {
        let id = match place {
            Place::Linked(slot) => return Ok(slot),
            Place::Unlinked(id) => id,
        };
        if let Some(slot) = self.slots.get(id) {
            return Ok(*slot);
        }
        let slot = Slot::try_from(linked.saturating_add(self.names.len())).map_err(|_| MoneyError::Overflow)?;
        self.names.push(id.into());
        self.slots.insert(id.into(), slot);
        Ok(slot)
    }

    pub(crate) fn name(&self, slot: Slot, linked: usize) -> Option<&str> {
        self.names.get(usize::try_from(slot).ok()?.checked_sub(linked)?).map(AsRef::as_ref)
    }
}

/// All cells of a period, filled line by line.
pub struct Book {
    pub(crate) period: BillingPeriod,
    pub(crate) index: Index,
    /// The documents whose lines are not cost.
    withdrawn: FxHashSet<Box<str>>,
    pub(crate) shards: Vec<Mutex<Shard>>,
}

impl Book {
    /// An empty book under a mapping.
    #[must_use]
    pub fn new(period: BillingPeriod, mapping: &Mapping) -> Self {
        let shards = std::iter::repeat_with(Mutex::default).take(SHARDS).collect();
        Self { period, index: Index::new(mapping), withdrawn: FxHashSet::default(), shards }
    }

    /// The same book, to which lines on withdrawn ones among these documents are no cost.
    #[must_use]
    pub fn heeding(mut self, documents: &[VendorInvoice]) -> Self {
        let withdrawn = documents.iter().filter(|document| document.is_superseded());
        self.withdrawn = withdrawn.map(|document| document.id.as_str().into()).collect();
        self
    }

    /// Puts a vendor's line in its bucket, counted in the caller's own `coverage`, and in its cell.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] when a sum can no longer be kept exactly; the line is then in no cell.
    pub fn add_charge(&self, line: &Charge<'_>, coverage: &mut Coverage) -> Result<(), MoneyError> {
        let bucket = if self.withdrawn.contains(line.invoice) {
            Bucket::VendorWithdrawn
        } else if line.kind == ChargeKind::PaymentCredit {
            Bucket::VendorExcluded
        } else if !self.period.contains(line.start) {
            Bucket::VendorOutOfPeriod
        } else {
            let (bucket, company, product) = self.index.place_charge(line.company, line.product);
            self.in_shard(company, |shard| {
                let key = Key {
                    currency: line.currency,
                    company: shard.companies.slot(company, self.index.companies.len())?,
                    product: shard.products.slot(product, self.index.products.len())?,
                };
                shard.cells.change(key, |cell, extras, prices| {
                    if bucket != Bucket::VendorCompared {
                        extras.first_start = Some(extras.first_start.map_or(line.start, |day| day.min(line.start)));
                    }
                    cell.charge(line, extras, prices)
                })
            })?;
            bucket
        };
        coverage.add(line.currency, bucket, line.amount, line.cost_total)
    }

    /// Puts a PSA's line in its bucket, counted in the caller's own `coverage`, and in its cell or a bundle's cells.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] when a sum can no longer be kept exactly.
    pub fn add_billed(&self, line: &Billed<'_>, coverage: &mut Coverage) -> Result<(), MoneyError> {
        let bucket = if !self.bills(line) {
            Bucket::PsaInactive
        } else if let Some(company) = self.index.psa_company(line.company) {
            match self.index.psa_product(line.product) {
                PsaProduct::NotVendorSourced => {
                    self.in_shard(Place::Linked(company), |shard| shard.alone.add(PsaKind::Product, line))?;
                    Bucket::PsaNotVendorSourced
                }
                PsaProduct::Sold(product) => {
                    let whole =
                        Share { quantity: line.quantity, amount: line.amount, cost: line.cost_total, bundled: false };
                    self.add_share(line, company, product, &whole)?;
                    Bucket::PsaCompared
                }
                PsaProduct::Bundle(parts) => {
                    for (product, part) in parts {
                        let cut = |whole: Amount| {
                            let upto = whole.times(part.weight_to)?.rounded(Rounding::Cents);
                            upto.minus(whole.times(part.weight_from)?.rounded(Rounding::Cents))
                        };
                        let share = Share {
                            quantity: line.quantity.times(part.per_unit)?,
                            amount: cut(line.amount)?,
                            cost: cut(line.cost_total)?,
                            bundled: true,
                        };
                        self.add_share(line, company, *product, &share)?;
                    }
                    Bucket::PsaCompared
                }
            }
        } else {
            self.in_shard(Place::Unlinked(line.company), |shard| shard.alone.add(PsaKind::Customer, line))?;
            Bucket::PsaCompanyUnmapped
        };
        coverage.add(line.currency, bucket, line.amount, line.cost_total)
    }

    fn bills(&self, line: &Billed<'_>) -> bool {
        line.active
            && line.bill != BillCustomer::DoNotBill
            && line.effective <= self.period.last_day()
            && line.cancelled.is_none_or(|day| day > self.period.first_day())
    }

    fn add_share(&self, line: &Billed<'_>, company: Slot, product: Slot, share: &Share) -> Result<(), MoneyError> {
        let key = Key { currency: line.currency, company, product };
        self.in_shard(Place::Linked(company), |shard| {
            shard.cells.change(key, |cell, extras, prices| cell.billed(line, share, extras, prices))
        })
    }

    fn in_shard<T>(
        &self,
        company: Place<'_>,
        act: impl FnOnce(&mut Shard) -> Result<T, MoneyError>,
    ) -> Result<T, MoneyError> {
        let mut hasher = FxHasher::default();
        match company {
            Place::Linked(slot) => slot.hash(&mut hasher),
            Place::Unlinked(id) => id.hash(&mut hasher),
        }
        let number = usize::try_from(hasher.finish()).unwrap_or_default() % SHARDS;
        let shard = self.shards.get(number).ok_or(MoneyError::Overflow)?;
        // A poisoned lock means another thread stopped between two lines; every line is added whole or not at all.
        act(&mut shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
