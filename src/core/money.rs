//! Money: amounts with a currency, exact to the last digit the source gave.
//!
//! Owns every addition and multiplication of amounts and every rounding. Nothing here passes through binary floating
//! point, and nothing rounds silently: a number that does not fit is an error of the record it came from.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use crate::core::outside::excerpt;
use crate::core::quantity::Quantity;

/// Why a number or an amount was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The text is no decimal number (NaN, words, a decimal comma, two points).
    #[error("`{0}` is not a decimal number")]
    NotANumber(String),
    /// The number needs more than 28 digits, or its exponent is out of bounds.
    #[error("`{0}` has more digits than can be kept exactly")]
    TooPrecise(String),
    /// A figure no month holds.
    #[error("`{0}` is larger than any figure of a month; at most 18 digits before the point are expected")]
    TooLarge(String),
    /// The currency is not three capital letters (ISO 4217).
    #[error("`{0}` is not a currency code of three capital letters")]
    NotACurrency(String),
    /// The result does not fit 96 bits.
    #[error("the result is too large to be kept exactly")]
    Overflow,
}

/// Reads a decimal exactly from its text: `12`, `-0.125`, `1.5e3`. Blank space around it is not accepted.
///
/// # Errors
/// Refuses what is no number and what would lose a digit. JSON allows an exponent, so a small one is accepted.
pub fn exact(text: &str) -> Result<Decimal, MoneyError> {
    if let Some(number) = short(text.as_bytes()) {
        return Ok(number);
    }
    if let Ok(number) = Decimal::from_str_exact(text)
        && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.'))
    {
        return Ok(number);
    }
    let well_formed = text.bytes().any(|b| b.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E'));
    if !well_formed {
        return Err(MoneyError::NotANumber(shortened(text)));
    }
    match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => with_exponent(text, digits, exponent),
        None if text.matches('.').count() > 1 || text.rfind(['-', '+']).is_some_and(|at| at > 0) => {
            Err(MoneyError::NotANumber(shortened(text)))
        }
        None => Err(MoneyError::TooPrecise(shortened(text))),
    }
}

/// Decimals of what is summed: more would leave a sum no room before the point.
pub(crate) const SUMMED_DECIMALS: u32 = 18;
/// Digits before the point of the largest figure that is believed: sums of many such figures are still exact.
const WHOLE_DIGITS: u32 = 18;

/// Reads a figure of a line exactly. A figure that could break the sums of all the others is refused where it stands.
pub(crate) fn measured(text: &str, decimals: u32) -> Result<Decimal, MoneyError> {
    if text.len() <= 18
        && let Some(number) = short(text.as_bytes())
    {
        return Ok(number);
    }
    let number = exact(text)?;
    if number.abs() >= Decimal::new(10_i64.pow(WHOLE_DIGITS), 0) {
        return Err(MoneyError::TooLarge(shortened(text)));
    }
    if number.scale() > decimals && number.normalize().scale() > decimals {
        return Err(MoneyError::TooPrecise(shortened(text)));
    }
    Ok(number)
}

/// The common case, several times quicker: up to 18 digits with at most one point between them.
fn short(text: &[u8]) -> Option<Decimal> {
    let (negative, digits) = text.strip_prefix(b"-").map_or((false, text), |rest| (true, rest));
    if digits.len() > 19 || !digits.first()?.is_ascii_digit() || !digits.last()?.is_ascii_digit() {
        return None;
    }
    let (mut number, mut point) = (0_i64, None);
    for (at, byte) in digits.iter().enumerate() {
        if byte.is_ascii_digit() {
            number = number.checked_mul(10)?.checked_add(i64::from(byte & 0x0f))?;
        } else if *byte == b'.' && point.is_none() {
            point = Some(at);
        } else {
            return None;
        }
    }
    let scale = point.map_or(0, |at| digits.len() - at - 1);
    Some(Decimal::new(if negative { -number } else { number }, u32::try_from(scale).ok()?))
}

fn with_exponent(text: &str, digits: &str, exponent: &str) -> Result<Decimal, MoneyError> {
    let not_a_number = || MoneyError::NotANumber(shortened(text));
    let too_precise = || MoneyError::TooPrecise(shortened(text));
    let mut number = Decimal::from_str_exact(digits).map_err(|_| not_a_number())?;
    let shift: i32 = exponent.parse().map_err(|_| not_a_number())?;
    let scale = i64::from(number.scale()) - i64::from(shift);
    if number.is_zero() {
        return Ok(Decimal::ZERO);
    }
    if scale > 28 || shift > 28 {
        return Err(too_precise());
    }
    if let Ok(scale) = u32::try_from(scale) {
        number.set_scale(scale).map_err(|_| too_precise())?;
        return Ok(number);
    }
    number.set_scale(0).map_err(|_| too_precise())?;
    for _ in scale..0 {
        number = number.checked_mul(Decimal::TEN).ok_or_else(too_precise)?;
    }
    Ok(number)
}

/// Outside text in an error is cut, so that a hostile cell does not fill the report.
fn shortened(text: &str) -> String {
    excerpt(text, 40)
}

/// An ISO 4217 currency code, three capital letters.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

impl Currency {
    /// The letters as one number, in their order: compared for every line of a reconcile.
    fn code(self) -> u32 {
        let [first, second, third] = self.0;
        u32::from_be_bytes([0, first, second, third])
    }

    /// The three letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Reads the three letters from bytes, as a column reader meets them.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let letters: [u8; 3] = bytes.try_into().ok()?;
        letters.iter().all(u8::is_ascii_uppercase).then_some(Self(letters))
    }
}

impl PartialEq for Currency {
    fn eq(&self, other: &Self) -> bool {
        self.code() == other.code()
    }
}
impl Eq for Currency {}
impl PartialOrd for Currency {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Currency {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.code().cmp(&other.code())
    }
}
impl std::hash::Hash for Currency {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.code().hash(state);
    }
}
impl FromStr for Currency {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        Self::from_bytes(text.as_bytes()).ok_or_else(|| MoneyError::NotACurrency(shortened(text)))
    }
}
impl TryFrom<String> for Currency {
    type Error = MoneyError;
    fn try_from(text: String) -> Result<Self, MoneyError> {
        text.parse()
    }
}
impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
    }
}
impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a number that leaves the program is rounded. There is one way so far: half away from zero, as invoices do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// To the hundredth, half away from zero.
    Cents,
}

/// Which way a source rounds what lies in the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    /// To the even neighbour.
    Even,
    /// Away from zero.
    Up,
}

/// An amount whose currency is kept once beside it (a cell, a column of one currency), unrounded.
///
/// `Amount` exists so that sums of many lines stay small; wherever an amount travels alone it is a [`Money`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Amount(#[serde(with = "rust_decimal::serde::str")] Decimal);

impl Amount {
    /// Nothing owed, nothing due.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// An amount from an exact decimal.
    #[must_use]
    pub fn new(value: Decimal) -> Self {
        Self(value)
    }

    /// Reads the text exactly.
    ///
    /// # Errors
    /// As [`exact`], and refuses what no month holds.
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        measured(text, SUMMED_DECIMALS).map(Self)
    }

    /// The decimal, for a reader that shows or stores it.
    #[must_use]
    pub fn value(self) -> Decimal {
        self.0
    }

    /// Whether it is nought, however it is written.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// Whether it is below nought.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.0 < Decimal::ZERO
    }

    /// The sum.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        exact_sum(self.0, other.0).map(Self)
    }

    /// The difference.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        exact_sum(self.0, -other.0).map(Self)
    }

    /// A share of it: amount × weight, unrounded.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`], also where digits beyond the 28th would be lost.
    pub fn times(self, weight: Decimal) -> Result<Self, MoneyError> {
        exact_product(self.0, weight).map(Self)
    }

    /// One of so many equal parts of it, to the hundredth, half away from zero; `None` for no parts or beyond the bounds.
    #[must_use]
    pub fn part(self, parts: u32) -> Option<Self> {
        share(self, Self(Decimal::from(parts)), 100).map(|cents| Self(Decimal::new(cents, 2)))
    }

    /// The same amount with the sign turned.
    #[must_use]
    pub fn negated(self) -> Self {
        Self(-self.0)
    }

    /// Its size without the sign.
    #[must_use]
    pub fn magnitude(self) -> Self {
        Self(self.0.abs())
    }

    /// Rounded, for a number that leaves the program.
    #[must_use]
    pub fn rounded(self, rounding: Rounding) -> Self {
        let Rounding::Cents = rounding;
        Self(self.0.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero))
    }

    /// Rounded as its source rounds it, to so many digits.
    #[must_use]
    pub fn as_rounded_there(self, digits: u32, half: Half) -> Self {
        let strategy = match half {
            Half::Even => RoundingStrategy::MidpointNearestEven,
            Half::Up => RoundingStrategy::MidpointAwayFromZero,
        };
        Self(self.0.round_dp_with_strategy(digits, strategy))
    }

    /// With its currency.
    #[must_use]
    pub fn in_currency(self, currency: Currency) -> Money {
        Money { amount: self, currency }
    }

    /// Two decimals, no thousands separator, never `-0.00`.
    #[must_use]
    pub fn cents_text(self) -> String {
        let rounded = self.rounded(Rounding::Cents).0;
        if rounded.is_zero() { "0.00".to_owned() } else { format!("{rounded:.2}") }
    }

    /// As many decimals as it has, without trailing zeros, exponent or `-0`.
    #[must_use]
    pub fn plain_text(self) -> String {
        plain(self.0)
    }
}

/// A decimal as text without exponent and without trailing zeros; nought is `0`.
#[must_use]
pub fn plain(value: Decimal) -> String {
    if value.is_zero() { "0".to_owned() } else { value.normalize().to_string() }
}

/// part × scale ÷ whole, to the nearest integer, half away from zero; `None` for a share of nothing or beyond the bounds.
///
/// With scale 1000 it is a percentage in tenths; with a width, the length of a bar.
#[must_use]
pub fn share(part: Amount, whole: Amount, scale: u32) -> Option<i64> {
    let scaled = exact_product(part.0, Decimal::from(scale)).ok()?;
    let quotient = scaled.checked_div(whole.0)?.trunc();
    let rest = exact_sum(scaled, -exact_product(quotient, whole.0).ok()?).ok()?;
    let half_or_more = rest.abs().checked_mul(Decimal::TWO)? >= whole.0.abs();
    let away = if rest.is_sign_negative() == whole.0.is_sign_negative() { Decimal::ONE } else { Decimal::NEGATIVE_ONE };
    let nearest = if half_or_more { quotient.checked_add(away)? } else { quotient };
    i64::try_from(nearest).ok()
}

/// A sum that is exact or refused. `Decimal` alone would round the last digits away when the two are too far apart.
pub(crate) fn exact_sum(left: Decimal, right: Decimal) -> Result<Decimal, MoneyError> {
    if let Some(sum) = short_sum(left, right) {
        return Ok(sum);
    }
    let sum = left.checked_add(right).ok_or(MoneyError::Overflow)?;
    let kept = sum.scale() >= left.scale().max(right.scale()) || left.is_zero() || right.is_zero();
    if kept { Ok(sum) } else { Err(MoneyError::Overflow) }
}

/// The common case, several times quicker: both have the same decimals and few digits.
fn short_sum(left: Decimal, right: Decimal) -> Option<Decimal> {
    if left.scale() != right.scale() {
        return None;
    }
    let short = |number: Decimal| i64::try_from(number.mantissa()).ok();
    Some(Decimal::new(short(left)?.checked_add(short(right)?)?, left.scale()))
}

/// A product that is exact or refused. `Decimal` alone would round digits away that it cannot keep.
pub(crate) fn exact_product(left: Decimal, right: Decimal) -> Result<Decimal, MoneyError> {
    let (left, right) =
        if left.scale() + right.scale() > 28 { (left.normalize(), right.normalize()) } else { (left, right) };
    let result = left.checked_mul(right).ok_or(MoneyError::Overflow)?;
    if left.is_zero() || right.is_zero() || result.scale() == left.scale() + right.scale() {
        Ok(result)
    } else {
        Err(MoneyError::Overflow)
    }
}

/// An amount and its currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Money {
    currency: Currency,
    amount: Amount,
}

impl Money {
    /// An amount in a currency.
    #[must_use]
    pub fn new(amount: Decimal, currency: Currency) -> Self {
        Self { amount: Amount(amount), currency }
    }

    /// The amount without its currency.
    #[must_use]
    pub fn amount(self) -> Amount {
        self.amount
    }

    /// The currency.
    #[must_use]
    pub fn currency(self) -> Currency {
        self.currency
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.currency, self.amount.cents_text())
    }
}

/// A price per unit. May carry more decimals than its currency has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnitPrice(#[serde(with = "rust_decimal::serde::str")] Decimal);

impl UnitPrice {
    /// A unit price from an exact decimal.
    #[must_use]
    pub fn new(value: Decimal) -> Self {
        Self(value)
    }

    /// Reads the text exactly.
    ///
    /// # Errors
    /// As [`exact`], and refuses what no month holds.
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        measured(text, Decimal::MAX_SCALE).map(Self)
    }

    /// The decimal, for a reader that shows or stores it.
    #[must_use]
    pub fn value(self) -> Decimal {
        self.0
    }

    /// Price × quantity, unrounded.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn extend(self, quantity: Quantity) -> Result<Amount, MoneyError> {
        exact_product(self.0, quantity.value()).map(Amount)
    }
}

/// Sums per currency: USD 50 and EUR 3 are a total, and never 53.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Totals(BTreeMap<Currency, Amount>);

impl Totals {
    /// Adds one amount to its currency's sum.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn add(&mut self, money: Money) -> Result<(), MoneyError> {
        let sum = self.0.entry(money.currency).or_default();
        *sum = sum.plus(money.amount)?;
        Ok(())
    }

    /// The sums in order of currency; a currency that was added and came to nought is listed.
    pub fn iter(&self) -> impl Iterator<Item = Money> + '_ {
        self.0.iter().map(|(currency, amount)| amount.in_currency(*currency))
    }

    /// The sum in one currency, if anything was added in it.
    #[must_use]
    pub fn get(&self, currency: Currency) -> Option<Amount> {
        self.0.get(&currency).copied()
    }

    /// Whether nothing was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests;
