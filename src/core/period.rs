//! Periods: the billing month and half-open spans of days.
//!
//! Keeps the invariant that a span is never empty and its end is never part of it, whichever form a source writes.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Days, Months, NaiveDate};
use serde::{Deserialize, Serialize};

/// Why a period or span was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// The text is no month.
    #[error("`{0}` is not a month written like 2026-04")]
    NotAMonth(String),
    /// The span would hold no day.
    #[error("{start} to {end} holds no day")]
    Empty {
        /// First day.
        start: NaiveDate,
        /// The day after the last one.
        end: NaiveDate,
    },
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

    /// The month as a span of days.
    #[must_use]
    pub fn span(self) -> DateSpan {
        DateSpan { start: self.first_day, end: self.next().first_day }
    }
}

impl FromStr for BillingPeriod {
    type Err = PeriodError;
    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let refused = || PeriodError::NotAMonth(text.chars().take(20).collect());
        if text.len() != 7 || !text.is_ascii() {
            return Err(refused());
        }
        let day = NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").map_err(|_| refused())?;
        Ok(Self { first_day: day })
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

/// Days from `start` up to, not including, `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DateSpan {
    start: NaiveDate,
    end: NaiveDate,
}

impl DateSpan {
    /// A span whose `end` is the day after its last one.
    ///
    /// # Errors
    /// [`PeriodError::Empty`] when `end` is not after `start`.
    pub fn half_open(start: NaiveDate, end: NaiveDate) -> Result<Self, PeriodError> {
        if end > start { Ok(Self { start, end }) } else { Err(PeriodError::Empty { start, end }) }
    }

    /// A span whose `last` day is part of it, as many invoices write.
    ///
    /// # Errors
    /// [`PeriodError::Empty`] when `last` is before `start`.
    pub fn inclusive(start: NaiveDate, last: NaiveDate) -> Result<Self, PeriodError> {
        Self::half_open(start, last.checked_add_days(Days::new(1)).unwrap_or(last))
    }

    /// The first day.
    #[must_use]
    pub fn start(self) -> NaiveDate {
        self.start
    }

    /// The day after the last one.
    #[must_use]
    pub fn end(self) -> NaiveDate {
        self.end
    }

    /// How many days.
    #[must_use]
    pub fn days(self) -> i64 {
        self.end.signed_duration_since(self.start).num_days()
    }

    /// The days both have.
    #[must_use]
    pub fn overlap(self, other: Self) -> Option<Self> {
        Self::half_open(self.start.max(other.start), self.end.min(other.end)).ok()
    }
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
        assert_eq!("2024-02".parse::<BillingPeriod>().unwrap().span().days(), 29);
        assert_eq!("2026-01".parse::<BillingPeriod>().unwrap().previous().to_string(), "2025-12");
        for refused in ["2026-13", "2026-4", "202604", "2026-04-01", "", "abcd-ef"] {
            assert!(refused.parse::<BillingPeriod>().is_err(), "{refused}");
        }
    }

    #[test]
    fn a_span_is_never_empty_and_both_written_forms_agree() {
        let day = |d| NaiveDate::from_ymd_opt(2026, 4, d).unwrap();
        assert!(DateSpan::half_open(day(1), day(1)).is_err());
        assert_eq!(DateSpan::inclusive(day(1), day(30)).unwrap(), "2026-04".parse::<BillingPeriod>().unwrap().span());
        let overlap =
            DateSpan::inclusive(day(1), day(10)).unwrap().overlap(DateSpan::inclusive(day(10), day(12)).unwrap());
        assert_eq!(overlap.unwrap().days(), 1);
    }
}
