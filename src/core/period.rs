//! Periods: the billing month, and the one way a day is written.
//!
//! Keeps the invariant that a month is a whole calendar month, and that a day is read only where nothing is left to guess.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Days, Months, NaiveDate};
use serde::{Deserialize, Serialize};

/// Why a period was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// The text is no month.
    #[error("`{0}` is not a month written like 2026-04")]
    NotAMonth(String),
}

/// A calendar month, written `2026-04`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BillingPeriod {
    first_day: NaiveDate,
}

impl BillingPeriod {
    /// The month that holds a day.
    #[must_use]
    pub fn containing(day: NaiveDate) -> Self {
        Self { first_day: day.with_day(1).unwrap_or(day) }
    }

    /// The first day.
    #[must_use]
    pub fn first_day(self) -> NaiveDate {
        self.first_day
    }

    /// The last day.
    #[must_use]
    pub fn last_day(self) -> NaiveDate {
        self.next().first_day.checked_sub_days(Days::new(1)).unwrap_or(self.first_day)
    }

    /// The following month; the end of the calendar follows itself.
    #[must_use]
    pub fn next(self) -> Self {
        Self { first_day: self.first_day.checked_add_months(Months::new(1)).unwrap_or(self.first_day) }
    }

    /// The month before; the start of the calendar precedes itself.
    #[must_use]
    pub fn previous(self) -> Self {
        Self { first_day: self.first_day.checked_sub_months(Months::new(1)).unwrap_or(self.first_day) }
    }

    /// Whether a day lies in the month.
    #[must_use]
    pub fn contains(self, day: NaiveDate) -> bool {
        day.year() == self.first_day.year() && day.month() == self.first_day.month()
    }
}

impl FromStr for BillingPeriod {
    type Err = PeriodError;
    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let refused = || PeriodError::NotAMonth(text.chars().take(20).collect());
        Ok(Self { first_day: iso_day(&format!("{text}-01")).ok_or_else(refused)? })
    }
}
impl TryFrom<String> for BillingPeriod {
    type Error = PeriodError;
    fn try_from(text: String) -> Result<Self, PeriodError> {
        text.parse()
    }
}
impl From<BillingPeriod> for String {
    fn from(period: BillingPeriod) -> Self {
        period.to_string()
    }
}
impl fmt::Display for BillingPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.first_day.year(), self.first_day.month())
    }
}

/// Reads a day written `2026-04-30`, and nothing else: no blanks, no single digits.
#[must_use]
pub fn iso_day(text: &str) -> Option<NaiveDate> {
    let number = |from: usize, to: usize| {
        text.as_bytes()
            .get(from..to)?
            .iter()
            .try_fold(0_u32, |number, byte| byte.is_ascii_digit().then(|| number * 10 + u32::from(byte & 0x0f)))
    };
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes.get(4) != Some(&b'-') || bytes.get(7) != Some(&b'-') {
        return None;
    }
    NaiveDate::from_ymd_opt(i32::try_from(number(0, 4)?).ok()?, number(5, 7)?, number(8, 10)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_read_strictly_and_know_their_days() {
        let april: BillingPeriod = "2026-04".parse().unwrap();
        assert_eq!(
            (april.first_day().to_string(), april.last_day().to_string()),
            ("2026-04-01".into(), "2026-04-30".into())
        );
        assert_eq!(april.next().to_string(), "2026-05");
        assert_eq!("2024-02".parse::<BillingPeriod>().unwrap().last_day().to_string(), "2024-02-29");
        assert_eq!("2026-01".parse::<BillingPeriod>().unwrap().previous().to_string(), "2025-12");
        for refused in ["2026-13", "2026-4", "202604", "2026-04-01", "", "abcd-ef"] {
            assert!(refused.parse::<BillingPeriod>().is_err(), "{refused}");
        }
    }

    #[test]
    fn a_day_is_read_strictly() {
        assert_eq!(iso_day("2024-02-29"), NaiveDate::from_ymd_opt(2024, 2, 29));
        for refused in
            ["2026-02-29", "2026-4-01", "2026-04-1", " 2026-04-01", "2026-04-01 ", "+026-04-01", "2026/04/01", ""]
        {
            assert_eq!(iso_day(refused), None, "{refused}");
        }
    }
}
