//! What a reconcile yields: the cells that differ, the money of every class, coverage, margins, and a verdict.
//!
//! Sign, stated once: `amount_variance` = vendor amount − billed − included, so positive means billed too little. The
//! columns and classes are those of the variance table; see `Class`.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::core::documents::Documents;
use crate::core::money::{Amount, Currency, MoneyError, UnitPrice};
use crate::core::period::BillingPeriod;
use crate::core::quantity::Quantity;
use crate::core::reconcile::coverage::Coverage;
use crate::core::reconcile::detail::Detail;
use crate::core::snapshot::Problem;

/// One side's id in a cell's key: `psa:12` when linked, `vendor:7f…` when not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum KeyPart {
    /// The PSA's id: the record is linked.
    Psa(Box<str>),
    /// The vendor's id: no link.
    Vendor(Box<str>),
}

impl std::fmt::Display for KeyPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Psa(id) => write!(f, "psa:{id}"),
            Self::Vendor(id) => write!(f, "vendor:{id}"),
        }
    }
}
impl From<KeyPart> for String {
    fn from(part: KeyPart) -> Self {
        part.to_string()
    }
}
impl TryFrom<String> for KeyPart {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("psa", id)) => Ok(Self::Psa(id.into())),
            Some(("vendor", id)) => Ok(Self::Vendor(id.into())),
            _ => Err(format!("`{text}` is not written like psa:12 or vendor:7f")),
        }
    }
}

/// What is wrong in a cell. A cell may have several; its class is the first in this order.
///
/// | bit | class | when |
/// |---|---|---|
/// | 1 | `UNMAPPED_COMPANY` | the company has no link |
/// | 2 | `UNMAPPED_PRODUCT` | the company has, the product has none |
/// | 4 / 8 | `MISSING_IN_PSA` / `MISSING_IN_VENDOR` | one side has no line |
/// | 16 / 32 | `QTY_UNDERBILLED` / `QTY_OVERBILLED` | units differ |
/// | 64 / 512 | `PRICE_STALE` / `COST_STALE` | the lowest or highest unit price (cost) differs |
/// | 128 | `AMOUNT_MISMATCH` | amounts differ for no reason above |
/// | 256 | `CREDIT_NOT_PASSED` | amounts differ by exactly the credits |
/// | 1024 | `VENDOR_MATH` | the vendor's total is not quantity × unit cost |
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Class {
    /// The vendor company has no link.
    UnmappedCompany,
    /// The vendor product has no link.
    UnmappedProduct,
    /// Charged and not billed: leakage unless a bundle or an agreement covers it.
    MissingInPsa,
    /// Billed without a charge: cancelled but still billed, or another source.
    MissingInVendor,
    /// More units charged than billed.
    QtyUnderbilled,
    /// More units billed than charged.
    QtyOverbilled,
    /// The PSA's unit price is not the vendor's customer price.
    PriceStale,
    /// Amounts differ, units and prices do not.
    AmountMismatch,
    /// The difference is exactly a credit that was not passed on.
    CreditNotPassed,
    /// The PSA's booked unit cost is not what is charged.
    CostStale,
    /// The vendor's own line does not multiply.
    VendorMath,
    /// Nothing is wrong.
    Ok,
}

impl Class {
    /// Every class with a bit, in order of precedence.
    pub const FLAGGED: [Self; 11] = [
        Self::UnmappedCompany,
        Self::UnmappedProduct,
        Self::MissingInPsa,
        Self::MissingInVendor,
        Self::QtyUnderbilled,
        Self::QtyOverbilled,
        Self::PriceStale,
        Self::AmountMismatch,
        Self::CreditNotPassed,
        Self::CostStale,
        Self::VendorMath,
    ];

    /// Its bit in [`Flags`]; nought for `Ok`.
    #[must_use]
    fn bit(self) -> u16 {
        match self {
            Self::UnmappedCompany => 1,
            Self::UnmappedProduct => 2,
            Self::MissingInPsa => 4,
            Self::MissingInVendor => 8,
            Self::QtyUnderbilled => 16,
            Self::QtyOverbilled => 32,
            Self::PriceStale => 64,
            Self::AmountMismatch => 128,
            Self::CreditNotPassed => 256,
            Self::CostStale => 512,
            Self::VendorMath => 1024,
            Self::Ok => 0,
        }
    }

    /// Its name in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnmappedCompany => "UNMAPPED_COMPANY",
            Self::UnmappedProduct => "UNMAPPED_PRODUCT",
            Self::MissingInPsa => "MISSING_IN_PSA",
            Self::MissingInVendor => "MISSING_IN_VENDOR",
            Self::QtyUnderbilled => "QTY_UNDERBILLED",
            Self::QtyOverbilled => "QTY_OVERBILLED",
            Self::PriceStale => "PRICE_STALE",
            Self::AmountMismatch => "AMOUNT_MISMATCH",
            Self::CreditNotPassed => "CREDIT_NOT_PASSED",
            Self::CostStale => "COST_STALE",
            Self::VendorMath => "VENDOR_MATH",
            Self::Ok => "OK",
        }
    }
}

/// Everything that is wrong in a cell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Flags(u16);

impl Flags {
    /// With one more.
    #[must_use]
    pub fn with(self, class: Class) -> Self {
        Self(self.0 | class.bit())
    }

    /// Whether a class is among them.
    #[must_use]
    pub fn has(self, class: Class) -> bool {
        self.0 & class.bit() != 0
    }

    /// The bits as a number, as the variance table prints them.
    #[must_use]
    pub fn bits(self) -> u16 {
        self.0
    }

    /// The first class of them.
    #[must_use]
    pub fn class(self) -> Class {
        Class::FLAGGED.into_iter().find(|class| self.has(*class)).unwrap_or(Class::Ok)
    }
}

/// The lowest and highest unit price of some lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PriceRange {
    /// The lowest.
    pub lowest: UnitPrice,
    /// The highest.
    pub highest: UnitPrice,
}

/// A cell and what is wrong in it. Amounts are rounded to the cent, quantities exact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variance {
    /// Currency of every amount.
    pub currency: Currency,
    /// The customer.
    pub company: KeyPart,
    /// The product.
    pub product: KeyPart,
    /// What is wrong.
    pub flags: Flags,
    /// Units charged.
    pub vendor_quantity: Quantity,
    /// Units billed, included ones too.
    pub psa_quantity: Quantity,
    /// vendor − PSA.
    pub quantity_variance: Quantity,
    /// What the customer should be billed by the vendor's lines.
    pub vendor_amount: Amount,
    /// What the PSA bills.
    pub psa_amount: Amount,
    /// What the PSA delivers within a flat fee or free of charge.
    pub psa_included: Amount,
    /// vendor amount − billed − included; positive: billed too little.
    pub amount_variance: Amount,
    /// What the vendor charges us.
    pub vendor_cost: Amount,
    /// What the PSA booked as cost.
    pub psa_cost: Amount,
    /// How many vendor lines stand behind it.
    pub vendor_lines: u32,
    /// How many PSA lines stand behind it.
    pub psa_lines: u32,
    /// The vendor's customer prices; `None` without a priced line.
    pub vendor_prices: Option<PriceRange>,
    /// The PSA's prices; `None` without a priced line.
    pub psa_prices: Option<PriceRange>,
    /// The vendor's unit costs.
    pub vendor_costs: Option<PriceRange>,
    /// The PSA's booked unit costs.
    pub psa_costs: Option<PriceRange>,
    /// The part of `amount_variance` that more or fewer units explain, at the vendor's price.
    pub quantity_part: Amount,
    /// The part that another unit price explains, at the PSA's units.
    pub price_part: Amount,
    /// The rest: `amount_variance` − quantity part − price part.
    pub other_part: Amount,
    /// Whether a bundle's share is among the PSA's lines: there is no line of this product alone.
    #[serde(default)]
    pub bundled: bool,
    /// Of the units billed, those within a flat fee or free of charge; `None` where that was not counted.
    #[serde(default)]
    pub included_quantity: Option<Quantity>,
    /// Where company or product has no link: when the earliest of its lines of the month starts.
    #[serde(default)]
    pub first_start: Option<NaiveDate>,
}

impl Variance {
    /// The first thing that is wrong.
    #[must_use]
    pub fn class(&self) -> Class {
        self.flags.class()
    }

    /// What was billed too much and can be credited; nought where nothing was.
    ///
    /// A negative variance may stand on units within a flat fee or free of charge, for which nothing was billed. A bill is
    /// not right below nought, unless the distributor's own lines are a credit: no more than lies above that was billed.
    #[must_use]
    pub fn billed_too_much(&self) -> Amount {
        let over = self.over();
        let reached = self.psa_amount.minus(self.vendor_amount.min(Amount::ZERO)).unwrap_or(over);
        over.min(reached).max(Amount::ZERO)
    }

    /// What of a negative variance was never billed: the price of units within a flat fee or free of charge that nobody
    /// charges for.
    #[must_use]
    pub fn never_billed(&self) -> Amount {
        self.over().minus(self.billed_too_much()).unwrap_or_default()
    }

    /// What is billed wrongly: positive where too little, negative where too much reached the customer.
    #[must_use]
    pub fn billed_wrongly(&self) -> Amount {
        if self.amount_variance.is_negative() { self.billed_too_much().negated() } else { self.amount_variance }
    }

    /// What should be billed.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] where the sum does not fit.
    pub fn should_bill(&self) -> Result<Amount, MoneyError> {
        self.psa_amount.plus(self.billed_wrongly())
    }

    fn over(&self) -> Amount {
        self.amount_variance.negated().max(Amount::ZERO)
    }
}

/// Money of one customer over all its cells of one currency, mapped or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerMargin {
    /// Currency of every amount.
    pub currency: Currency,
    /// The customer.
    pub company: KeyPart,
    /// What the PSA bills for compared products.
    pub revenue: Amount,
    /// What the vendor charges us.
    pub cost: Amount,
    /// revenue − cost.
    pub margin: Amount,
    /// Positive variances of its cells: billed too little.
    pub underbilled: Amount,
    /// What was billed too much in its cells, see [`Variance::billed_too_much`].
    pub overbilled: Amount,
}

/// Money of all cells of one class and currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClassTotal {
    /// How many cells.
    pub cells: u64,
    /// Sum of the vendor's amounts.
    pub vendor_amount: Amount,
    /// Sum of what is billed.
    pub psa_amount: Amount,
    /// Sum of what is included.
    pub psa_included_amount: Amount,
    /// Sum of the variances.
    pub amount_variance: Amount,
    /// Sum of the vendor's costs.
    pub vendor_cost: Amount,
    /// Sum of the booked costs.
    pub psa_cost: Amount,
}

/// What may be said of the whole period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything was read and compared, nothing differs.
    Clean,
    /// Everything was read; some cells differ or some lines have no link.
    Differences,
    /// Something could not be read or there was nothing to examine: nothing may be called clean.
    Unknown,
}

impl Verdict {
    /// What may be said when something else differs as well.
    #[must_use]
    fn with_differences(self) -> Self {
        match self {
            Self::Clean | Self::Differences => Self::Differences,
            Self::Unknown => Self::Unknown,
        }
    }
}

/// The result of reconciling one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The month.
    pub period: BillingPeriod,
    /// Cells with something wrong, ordered by (currency, company, product).
    pub variances: Vec<Variance>,
    /// How many cells there are, right ones too.
    pub cells: u64,
    /// Money by class, `OK` too.
    pub classes: BTreeMap<Currency, BTreeMap<Class, ClassTotal>>,
    /// Where every line ended.
    pub coverage: Coverage,
    /// Money by customer, ordered by (currency, company).
    pub margins: Vec<CustomerMargin>,
    /// Money by product, records of the PSA without a link, and what ties the margins to the coverage.
    pub detail: Detail,
    /// What could not be read, or could not be used.
    pub problems: Vec<Problem>,
    /// What may be said.
    pub verdict: Verdict,
}

impl Outcome {
    /// Heeds the documents of the month, which may differ where no cell does; how many do.
    pub fn heed(&mut self, documents: &Documents) -> usize {
        let differing = documents.differing(self.period);
        if differing > 0 {
            self.verdict = self.verdict.with_differences();
        }
        differing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_part_reads_back_what_it_writes() {
        for part in [KeyPart::Psa("12".into()), KeyPart::Vendor("a:b".into())] {
            assert_eq!(KeyPart::try_from(part.to_string()), Ok(part));
        }
        assert!(KeyPart::try_from("12".to_owned()).is_err());
    }

    #[test]
    fn no_more_is_credited_than_was_billed() {
        // charged, billed, included → too much, never billed, should bill
        for (figures, told) in [
            ([0, 50, 0], [50, 0, 0]),
            ([0, 0, 50], [0, 50, 0]),
            ([0, 30, 20], [30, 20, 0]),
            ([30, 30, 20], [20, 0, 10]),
            ([30, 10, 40], [10, 10, 0]),
            ([30, 0, 50], [0, 20, 0]),
            ([50, 30, 20], [0, 0, 30]),
            ([50, 10, 20], [0, 0, 30]),
            ([-50, 50, 0], [100, 0, -50]),
            ([-50, 50, 20], [100, 20, -50]),
            ([0, -10, 50], [0, 40, -10]),
        ] {
            let [vendor_amount, psa_amount, psa_included] = figures.map(|n: i64| Amount::new(n.into()));
            let amount_variance = vendor_amount.minus(psa_amount).unwrap().minus(psa_included).unwrap();
            let v = Variance { vendor_amount, psa_amount, psa_included, amount_variance, ..nothing() };
            let found = [v.billed_too_much(), v.never_billed(), v.should_bill().unwrap()];
            assert_eq!(found, told.map(|n: i64| Amount::new(n.into())), "{figures:?}");
            assert_eq!(v.should_bill().unwrap().minus(v.psa_amount).unwrap(), v.billed_wrongly(), "{figures:?}");
        }
    }

    fn nothing() -> Variance {
        let (zero, none) = (Amount::ZERO, Quantity::default());
        Variance {
            currency: Currency::from_bytes(b"USD").unwrap(),
            company: KeyPart::Psa("c".into()),
            product: KeyPart::Psa("p".into()),
            flags: Flags::default(),
            vendor_quantity: none,
            psa_quantity: none,
            quantity_variance: none,
            vendor_amount: zero,
            psa_amount: zero,
            psa_included: zero,
            amount_variance: zero,
            vendor_cost: zero,
            psa_cost: zero,
            vendor_lines: 0,
            psa_lines: 0,
            vendor_prices: None,
            psa_prices: None,
            vendor_costs: None,
            psa_costs: None,
            quantity_part: zero,
            price_part: zero,
            other_part: zero,
            bundled: false,
            included_quantity: None,
            first_start: None,
        }
    }
}
