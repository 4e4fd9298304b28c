//! What a reconcile knows beside its cells: money by product, the PSA's records without a link, and the terms that tie the
//! margins to the coverage.
//!
//! Keeps the invariant, per currency and to the last digit: revenue = amount of the PSA's compared lines − free of charge;
//! cost = cost of the distributor's lines of the month − rounding.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::core::money::{Amount, Currency, MoneyError};
use crate::core::reconcile::coverage::{Bucket, Coverage};
use crate::core::reconcile::lines::Billed;
use crate::core::reconcile::outcome::{CustomerMargin, Flags, KeyPart, Variance};

/// Months with more cells have no money by product: nobody reads so many rows, and keeping them would cost more than judging.
pub(crate) const CELLS_BY_PRODUCT_MAX: usize = 100_000;

/// What stands beside the cells of a month.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// Money by customer and product, ordered by (currency, company, product); `None` where there are too many cells.
    pub products: Option<Vec<ProductMargin>>,
    /// The PSA's records without a link and the money on their lines of the month, ordered by their keys.
    pub psa_alone: Vec<PsaAlone>,
    /// What lies between the margins and the coverage.
    pub terms: BTreeMap<Currency, Terms>,
}

/// Money of one cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductMargin {
    /// Currency of every amount.
    pub currency: Currency,
    /// The customer.
    pub company: KeyPart,
    /// The product.
    pub product: KeyPart,
    /// What the PSA bills.
    pub revenue: Amount,
    /// What the vendor charges us.
    pub cost: Amount,
    /// Its variance where too little is billed.
    pub underbilled: Amount,
    /// What is billed too much, as a positive number.
    pub overbilled: Amount,
}

impl ProductMargin {
    pub(crate) fn of(cell: &Variance) -> Self {
        // A cell without a flag may differ in money by design: a bundle sold below the sum of its parts.
        let differs = cell.flags != Flags::default();
        let when = |differs: bool, amount: Amount| if differs { amount } else { Amount::ZERO };
        Self {
            currency: cell.currency,
            company: cell.company.clone(),
            product: cell.product.clone(),
            revenue: cell.psa_amount,
            cost: cell.vendor_cost,
            underbilled: when(differs, cell.amount_variance.max(Amount::ZERO)),
            overbilled: when(differs, cell.billed_too_much()),
        }
    }

    /// What stays; `None` where it does not fit.
    #[must_use]
    pub fn margin(&self) -> Option<Amount> {
        self.revenue.minus(self.cost).ok()
    }
}

/// The kinds of PSA records that may lack a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PsaKind {
    /// A customer no vendor company is linked to.
    Customer,
    /// A product that is no counterpart of a vendor product, on lines of linked customers.
    Product,
}

/// A PSA record without a link, and what its lines of the month come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PsaAlone {
    /// Currency of the amounts.
    pub currency: Currency,
    /// What it is.
    pub kind: PsaKind,
    /// Its id.
    pub id: Box<str>,
    /// The money.
    pub attached: Attached,
}

/// The money of some lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// How many.
    pub lines: u64,
    /// What they bill.
    pub amount: Amount,
    /// What they book as cost.
    pub cost: Amount,
    /// The earliest day one of them took effect.
    pub first: NaiveDate,
}

impl Attached {
    fn and(self, other: &Self) -> Result<Self, MoneyError> {
        Ok(Self {
            lines: self.lines.saturating_add(other.lines),
            amount: self.amount.plus(other.amount)?,
            cost: self.cost.plus(other.cost)?,
            first: self.first.min(other.first),
        })
    }
}

/// What lies between the margins and the coverage of one currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Amounts on compared lines of the PSA that are free of charge: no revenue.
    pub free: Amount,
    /// What rounding each cell's cost to the cent took away.
    pub rounding: Amount,
}

/// Revenue and cost of a currency as the coverage has them, and the terms between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tied {
    /// What the PSA's compared lines come to.
    pub billed: Amount,
    /// What the distributor's lines of the month cost.
    pub charged: Amount,
    /// What lies between.
    pub terms: Terms,
    /// Revenue of the margins − (billed − free); nought when they tie.
    pub revenue_off: Amount,
    /// Cost of the margins − (charged − rounding); nought when they tie.
    pub cost_off: Amount,
}

impl Detail {
    /// Holds the margins of a currency against the coverage; `None` where the terms are not known or a sum does not fit.
    #[must_use]
    pub fn tied(&self, currency: Currency, margins: &[CustomerMargin], coverage: &Coverage) -> Option<Tied> {
        let terms = *self.terms.get(&currency)?;
        let of_currency = || margins.iter().filter(|margin| margin.currency == currency);
        let revenue = sum(of_currency().map(|margin| margin.revenue))?;
        let cost = sum(of_currency().map(|margin| margin.cost))?;
        let billed = coverage.tally(currency, Bucket::PsaCompared).amount;
        let of_the_month = [Bucket::VendorCompared, Bucket::VendorCompanyUnmapped, Bucket::VendorProductUnmapped];
        let charged = sum(of_the_month.into_iter().map(|bucket| coverage.tally(currency, bucket).cost))?;
        Some(Tied {
            billed,
            charged,
            terms,
            revenue_off: revenue.minus(billed.minus(terms.free).ok()?).ok()?,
            cost_off: cost.minus(charged.minus(terms.rounding).ok()?).ok()?,
        })
    }
}

fn sum(mut amounts: impl Iterator<Item = Amount>) -> Option<Amount> {
    amounts.try_fold(Amount::ZERO, Amount::plus).ok()
}

/// The PSA's records without a link among some customers' lines.
#[derive(Debug, Default)]
pub(crate) struct Alone(FxHashMap<(Currency, PsaKind), FxHashMap<Box<str>, Attached>>);

impl Alone {
    pub(crate) fn add(&mut self, kind: PsaKind, line: &Billed<'_>) -> Result<(), MoneyError> {
        let id = match kind {
            PsaKind::Customer => line.company,
            PsaKind::Product => line.product,
        };
        let one = Attached { lines: 1, amount: line.amount, cost: line.cost_total, first: line.effective };
        let known = self.0.entry((line.currency, kind)).or_default();
        match known.get_mut(id) {
            Some(attached) => *attached = attached.and(&one)?,
            None => {
                known.insert(id.into(), one);
            }
        }
        Ok(())
    }
}

/// The detail of some shards.
#[derive(Default)]
pub(crate) struct Gathered {
    pub(crate) products: Vec<ProductMargin>,
    psa_alone: BTreeMap<(Currency, PsaKind, Box<str>), Attached>,
    terms: BTreeMap<Currency, Terms>,
}

impl Gathered {
    pub(crate) fn tie(&mut self, currency: Currency, free: Amount, rounding: Amount) -> Result<(), MoneyError> {
        let terms = self.terms.entry(currency).or_default();
        *terms = Terms { free: terms.free.plus(free)?, rounding: terms.rounding.plus(rounding)? };
        Ok(())
    }

    pub(crate) fn meet(&mut self, alone: &Alone) -> Result<(), MoneyError> {
        for ((currency, kind), records) in &alone.0 {
            for (id, attached) in records {
                self.count((*currency, *kind, id.clone()), attached)?;
            }
        }
        Ok(())
    }

    fn count(&mut self, key: (Currency, PsaKind, Box<str>), attached: &Attached) -> Result<(), MoneyError> {
        let sum = match self.psa_alone.get(&key) {
            Some(known) => known.and(attached)?,
            None => *attached,
        };
        self.psa_alone.insert(key, sum);
        Ok(())
    }

    pub(crate) fn absorb(&mut self, other: Self) -> Result<(), MoneyError> {
        self.products.extend(other.products);
        for (key, attached) in other.psa_alone {
            self.count(key, &attached)?;
        }
        for (currency, terms) in other.terms {
            self.tie(currency, terms.free, terms.rounding)?;
        }
        Ok(())
    }

    /// The detail of all shards together, in order.
    pub(crate) fn whole(mut self, by_product: bool) -> Detail {
        self.products.sort_by(|a, b| (a.currency, &a.company, &a.product).cmp(&(b.currency, &b.company, &b.product)));
        let alone = |((currency, kind, id), attached)| PsaAlone { currency, kind, id, attached };
        Detail {
            products: by_product.then_some(self.products),
            psa_alone: self.psa_alone.into_iter().map(alone).collect(),
            terms: self.terms,
        }
    }
}
