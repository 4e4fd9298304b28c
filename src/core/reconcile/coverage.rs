//! Coverage: where every line that was read ended, in rows and money.
//!
//! Keeps the invariant that the buckets of a side add up to what was read from it, per currency.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::core::money::{Amount, Currency, MoneyError};

/// Where a line ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Bucket {
    /// Vendor: company and product are linked; compared with the PSA.
    VendorCompared,
    /// Vendor: in the period, but its company has no link.
    VendorCompanyUnmapped,
    /// Vendor: its company is linked, its product is not.
    VendorProductUnmapped,
    /// Vendor: a payment shown as a line.
    VendorExcluded,
    /// Vendor: starts in another month.
    VendorOutOfPeriod,
    /// Vendor: stands on a document that was withdrawn.
    VendorWithdrawn,
    /// PSA: customer and product are linked (or a bundle); compared with the vendor.
    PsaCompared,
    /// PSA: does not bill in the period (agreement not active, kept off the invoice, not begun, ended).
    PsaInactive,
    /// PSA: no vendor company is linked to its customer.
    PsaCompanyUnmapped,
    /// PSA: its product is no counterpart of a vendor product (own services, hardware, or not linked yet).
    PsaNotVendorSourced,
}

/// What a bucket means for the reader of a coverage table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Held against the other side.
    Compared,
    /// A link is missing.
    Unmapped,
    /// Left out by a rule.
    Excluded,
    /// Could not be read; nothing may be concluded.
    Unknown,
}

impl Bucket {
    /// Every bucket, vendor's first.
    pub const ALL: [Self; 10] = [
        Self::VendorCompared,
        Self::VendorCompanyUnmapped,
        Self::VendorProductUnmapped,
        Self::VendorExcluded,
        Self::VendorOutOfPeriod,
        Self::VendorWithdrawn,
        Self::PsaCompared,
        Self::PsaInactive,
        Self::PsaCompanyUnmapped,
        Self::PsaNotVendorSourced,
    ];

    /// Whether it is one of the vendor's.
    #[must_use]
    pub fn is_vendor(self) -> bool {
        match self {
            Self::VendorCompared
            | Self::VendorCompanyUnmapped
            | Self::VendorProductUnmapped
            | Self::VendorExcluded
            | Self::VendorOutOfPeriod
            | Self::VendorWithdrawn => true,
            Self::PsaCompared | Self::PsaInactive | Self::PsaCompanyUnmapped | Self::PsaNotVendorSourced => false,
        }
    }

    /// What it means.
    #[must_use]
    pub fn fate(self) -> Fate {
        match self {
            Self::VendorCompared | Self::PsaCompared => Fate::Compared,
            Self::VendorCompanyUnmapped
            | Self::VendorProductUnmapped
            | Self::PsaCompanyUnmapped
            | Self::PsaNotVendorSourced => Fate::Unmapped,
            Self::VendorExcluded | Self::VendorOutOfPeriod | Self::VendorWithdrawn | Self::PsaInactive => {
                Fate::Excluded
            }
        }
    }

    /// In words, for a table.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::VendorCompanyUnmapped => "company not linked",
            Self::VendorProductUnmapped => "product not linked",
            Self::VendorExcluded => "payment, no charge",
            Self::VendorOutOfPeriod => "charged for another month",
            Self::VendorWithdrawn => "on a withdrawn document",
            Self::VendorCompared | Self::PsaCompared => "customer and product linked",
            Self::PsaInactive => "does not bill in this month",
            Self::PsaCompanyUnmapped => "customer not linked",
            Self::PsaNotVendorSourced => "product not linked (own service?)",
        }
    }
}

/// Rows, amount and cost of some lines of one currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// How many lines.
    pub rows: u64,
    /// The customer's amount.
    pub amount: Amount,
    /// The partner's cost.
    pub cost: Amount,
}

impl Tally {
    /// Counts one line.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn add(&mut self, amount: Amount, cost: Amount) -> Result<(), MoneyError> {
        let (amount, cost) = (self.amount.plus(amount)?, self.cost.plus(cost)?);
        *self = Self { rows: self.rows.saturating_add(1), amount, cost };
        Ok(())
    }

    /// Counts what another tally counted.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn absorb(&mut self, other: Self) -> Result<(), MoneyError> {
        let (amount, cost) = (self.amount.plus(other.amount)?, self.cost.plus(other.cost)?);
        *self = Self { rows: self.rows.saturating_add(other.rows), amount, cost };
        Ok(())
    }
}

/// The tallies of every bucket per currency, and the lines that could not be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// What was read, by bucket.
    pub buckets: BTreeMap<Currency, BTreeMap<Bucket, Tally>>,
    /// Vendor lines that could not be read; their money is unknown.
    pub vendor_unreadable: u64,
    /// PSA lines that could not be read; their money is unknown.
    pub psa_unreadable: u64,
    /// No vendor line was read at all; how many there are is unknown.
    #[serde(default)]
    pub vendor_unread: bool,
    /// No PSA line was read at all; how many there are is unknown.
    #[serde(default)]
    pub psa_unread: bool,
}

impl Coverage {
    /// Counts one line.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn add(&mut self, currency: Currency, bucket: Bucket, amount: Amount, cost: Amount) -> Result<(), MoneyError> {
        self.buckets.entry(currency).or_default().entry(bucket).or_default().add(amount, cost)
    }

    /// Counts what another coverage counted.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn absorb(&mut self, other: &Self) -> Result<(), MoneyError> {
        for (currency, buckets) in &other.buckets {
            for (bucket, tally) in buckets {
                self.buckets.entry(*currency).or_default().entry(*bucket).or_default().absorb(*tally)?;
            }
        }
        self.vendor_unreadable = self.vendor_unreadable.saturating_add(other.vendor_unreadable);
        self.psa_unreadable = self.psa_unreadable.saturating_add(other.psa_unreadable);
        self.vendor_unread |= other.vendor_unread;
        self.psa_unread |= other.psa_unread;
        Ok(())
    }

    /// The tally of one bucket; nought when nothing ended there.
    #[must_use]
    pub fn tally(&self, currency: Currency, bucket: Bucket) -> Tally {
        self.buckets.get(&currency).and_then(|b| b.get(&bucket)).copied().unwrap_or_default()
    }

    /// How many lines were compared, on both sides together.
    #[must_use]
    pub fn compared_rows(&self) -> u64 {
        self.rows(|bucket| bucket.fate() == Fate::Compared)
    }

    /// How many lines of a side belong to the month, linked or not.
    #[must_use]
    pub fn rows_of_the_month(&self, vendor: bool) -> u64 {
        self.rows(|bucket| bucket.is_vendor() == vendor && bucket.fate() != Fate::Excluded)
    }

    /// How many lines of the vendor are charged for other months.
    #[must_use]
    pub fn of_other_months(&self) -> u64 {
        self.rows(|bucket| bucket == Bucket::VendorOutOfPeriod)
    }

    /// Whether a vendor line, or a line of a customer nobody linked, is waiting for a link. A PSA product without a vendor
    /// counterpart does not count: most are the MSP's own services.
    #[must_use]
    pub fn has_unlinked_rows(&self) -> bool {
        self.rows(|bucket| bucket.fate() == Fate::Unmapped && bucket != Bucket::PsaNotVendorSourced) > 0
    }

    fn rows(&self, of: impl Fn(Bucket) -> bool) -> u64 {
        let tallies = self.buckets.values().flat_map(BTreeMap::iter);
        tallies.filter(|(bucket, _)| of(**bucket)).map(|(_, tally)| tally.rows).sum()
    }
}
