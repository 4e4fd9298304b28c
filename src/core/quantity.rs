//! Quantities: seats, units, gigabytes. Never confused with an amount of money.
//!
//! Owns the arithmetic of quantities. A quantity may be fractional (usage) and negative (a credit's or prorate's).

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::core::money::{self, MoneyError};

/// How many of a thing; the unit of measure travels beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quantity(#[serde(with = "rust_decimal::serde::str")] Decimal);

impl Quantity {
    /// None held, none billed: a known nought, not an unknown.
    pub const ZERO: Self = Self(Decimal::ZERO);
    /// One unit.
    pub const ONE: Self = Self(Decimal::ONE);

    /// A quantity from an exact decimal.
    #[must_use]
    pub fn new(value: Decimal) -> Self {
        Self(value)
    }

    /// Reads the text exactly.
    ///
    /// # Errors
    /// As [`money::exact`], and refuses what no month holds.
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        money::measured(text, money::SUMMED_DECIMALS).map(Self)
    }

    /// Whether it is none.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// The decimal, for a reader that shows or stores it.
    #[must_use]
    pub fn value(self) -> Decimal {
        self.0
    }

    /// The sum.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        money::exact_sum(self.0, other.0).map(Self)
    }

    /// The difference.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        money::exact_sum(self.0, -other.0).map(Self)
    }

    /// Converted by a mapping's factor (units of measure, units of a bundle).
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn times(self, factor: Decimal) -> Result<Self, MoneyError> {
        money::exact_product(self.0, factor).map(Self)
    }

    /// As many decimals as it has, without trailing zeros.
    #[must_use]
    pub fn plain_text(self) -> String {
        money::plain(self.0)
    }

    /// At most two decimals for a reader's eye; `≈` marks digits that were left out.
    #[must_use]
    pub fn short_text(self) -> String {
        let short = self.0.round_dp_with_strategy(2, rust_decimal::RoundingStrategy::MidpointAwayFromZero);
        let mark = if short == self.0 { "" } else { "≈" };
        format!("{mark}{}", money::plain(short))
    }
}
