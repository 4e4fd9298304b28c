//! Days: reading the shapes clients send, and the parts of months and terms that charges are for.
//!
//! Invariant: every day read lies between 1970 and 2200, so no reckoning with it can leave the calendar.

use chrono::{DateTime, Datelike as _, Days, Months, NaiveDate};

/// A plain day such as `2026-11-04`.
pub(super) fn day(text: &str) -> Option<NaiveDate> {
    let read = (text.len() == 10).then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten();
    read.filter(|day| (1970..=2200).contains(&day.year()))
}

/// The day of a day, or of a moment with `Z` or an offset, with or without a colon.
pub(super) fn day_of_any(text: &str) -> Option<NaiveDate> {
    let moment = || {
        let read =
            DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"));
        day(text.get(..10).filter(|_| read.is_ok())?)
    };
    day(text).or_else(moment)
}

/// The day of a cell of the data; its time of day does not count.
pub(super) fn day_of_cell(text: &str) -> Option<NaiveDate> {
    day(text.get(..10)?)
}

pub(super) fn first_of_month(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

pub(super) fn months_after(day: NaiveDate, months: u32) -> NaiveDate {
    day.checked_add_months(Months::new(months)).unwrap_or(day)
}

pub(super) fn months_before(day: NaiveDate, months: u32) -> NaiveDate {
    day.checked_sub_months(Months::new(months)).unwrap_or(day)
}

pub(super) fn days_after(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_add_days(Days::new(days)).unwrap_or(day)
}

pub(super) fn day_before(day: NaiveDate) -> NaiveDate {
    day.checked_sub_days(Days::new(1)).unwrap_or(day)
}

/// The last day of a month given by any of its days.
pub(super) fn last_of_month(day: NaiveDate) -> NaiveDate {
    day_before(months_after(first_of_month(day), 1))
}

/// The term that holds a day, when terms of so many months follow each other from an anchor: first and last day.
pub(super) fn term_around(anchor: NaiveDate, months: u32, day: NaiveDate) -> (NaiveDate, NaiveDate) {
    let mut passed = 0;
    while months_after(anchor, passed + months) <= day && passed < 12 * 300 {
        passed += months;
    }
    (months_after(anchor, passed), day_before(months_after(anchor, passed + months)))
}

/// How many days from one to another, both counted.
pub(super) fn days_in(first: NaiveDate, last: NaiveDate) -> i64 {
    (last - first).num_days() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        day(text).unwrap()
    }

    #[test]
    fn days_are_read_in_every_shape_sent() {
        for text in
            ["2026-04-30", "2026-04-30T00:00:00Z", "2026-04-30T01:30:00.000-05:00", "2026-04-30T11:33:12.314-0600"]
        {
            assert_eq!(day_of_any(text), Some(date("2026-04-30")), "{text}");
        }
        for text in ["", "tomorrow", "2026-02-30", "2026-04-30T", "2026-04-30 12:00", "+262000-01-01", "9999-12-31"] {
            assert_eq!(day_of_any(text), None, "{text}");
        }
    }

    #[test]
    fn terms_follow_each_other_from_their_anchor() {
        for (anchor, months, on, first, last) in [
            ("2026-01-01", 1, "2026-02-17", "2026-02-01", "2026-02-28"),
            ("2025-03-15", 12, "2026-02-17", "2025-03-15", "2026-03-14"),
            ("2025-03-15", 12, "2026-03-15", "2026-03-15", "2027-03-14"),
            ("2026-01-31", 1, "2026-03-01", "2026-02-28", "2026-03-30"),
        ] {
            assert_eq!(term_around(date(anchor), months, date(on)), (date(first), date(last)), "{anchor} {on}");
        }
    }
}
