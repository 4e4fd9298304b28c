//! Terms in months, and the day the next one begins.
//!
//! Keeps the invariant that a date which may be the last day or the day after it is taken for the earlier of the two unless
//! the term's own length proves which one is meant.

use chrono::{Days, Months, NaiveDate};

/// Longer terms are not sold; a larger number is a mistake.
const MONTHS_MAX: u32 = 120;

/// How many months a word for a term means (`Monthly`, `1-Year`, `3 Year`, `12_months`, `3Year`); `None` for words that name no
/// length (`One-Time`, `Trial`, `Arrears`).
#[must_use]
pub fn months(word: &str) -> Option<u32> {
    let word = word.trim().to_ascii_lowercase();
    match word.as_str() {
        "monthly" | "month" => return Some(1),
        "annual" | "annually" | "yearly" | "year" => return Some(12),
        _ => {}
    }
    let (number, unit) = word.split_at(word.find(|c: char| !c.is_ascii_digit())?);
    let number: u32 = number.parse().ok()?;
    let months = match unit.trim_start_matches(|c: char| !c.is_alphanumeric()) {
        "month" | "months" => number,
        "year" | "years" => number.checked_mul(12)?,
        _ => return None,
    };
    (1..=MONTHS_MAX).contains(&months).then_some(months)
}

/// The first day after a term whose end is written as `end`: its last day or the day after it, whichever makes the term,
/// counted from `start`, so many whole terms long; `end` itself, the earlier one, where neither does.
#[must_use]
pub(super) fn renewal(start: Option<NaiveDate>, end: NaiveDate, months: Option<u32>) -> (NaiveDate, bool) {
    let after = end.checked_add_days(Days::new(1)).unwrap_or(end);
    let proven = start.zip(months).and_then(|(start, months)| {
        let ends = (1..=MONTHS_MAX).filter_map(|terms| start.checked_add_months(Months::new(terms * months)));
        ends.take_while(|day| *day <= after).find(|day| *day == end || *day == after)
    });
    (proven.unwrap_or(end), proven.is_some())
}

/// When the term that ends before `renews` began; never before the subscription.
#[must_use]
pub(super) fn began(start: Option<NaiveDate>, renews: NaiveDate, months: u32) -> Option<NaiveDate> {
    let counted = renews.checked_sub_months(Months::new(months))?;
    Some(start.map_or(counted, |start| start.max(counted)))
}

/// How many charges of so many months each begin on `from` or later and before `renews`, counted back from `renews`.
#[must_use]
pub(super) fn charges_left(from: NaiveDate, renews: NaiveDate, months: u32) -> u32 {
    let begins =
        (1..=MONTHS_MAX).map_while(|number| renews.checked_sub_months(Months::new(number.checked_mul(months)?)));
    begins.take_while(|begin| *begin >= from).fold(0, |count, _| count + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn words_for_terms_are_months_or_nothing() {
        for (word, expected) in [
            ("Monthly", Some(1)),
            ("1-Year", Some(12)),
            ("1 Year", Some(12)),
            ("Annual", Some(12)),
            ("3-Year", Some(36)),
            ("2 years", Some(24)),
            ("12-Months", Some(12)),
            ("12_MONTHS", Some(12)),
            ("3Year", Some(36)),
            ("3_YEAR", Some(36)),
            ("10-Year", Some(120)),
            ("11-Year", None),
            ("1.5-Year", None),
            ("1 2-Year", None),
            ("-1-Year", None),
            ("12", None),
            ("One-Time", None),
            ("Trial", None),
            ("Arrears", None),
            ("0-Year", None),
            ("4000-Year", None),
            ("", None),
        ] {
            assert_eq!(months(word), expected, "{word}");
        }
    }

    #[test]
    fn the_length_of_the_term_proves_which_day_is_written() {
        for (start, end, length, expected) in [
            ("2026-01-01", "2026-12-31", Some(12), ("2027-01-01", true)),
            ("2026-01-01", "2027-01-01", Some(12), ("2027-01-01", true)),
            // the second term of the same subscription
            ("2025-01-01", "2026-12-31", Some(12), ("2027-01-01", true)),
            // begun on a leap day: the year is over on the last day of February
            ("2024-02-29", "2025-02-28", Some(12), ("2025-02-28", true)),
            ("2024-02-29", "2028-02-29", Some(12), ("2028-02-29", true)),
            ("2026-08-31", "2026-09-30", Some(1), ("2026-09-30", true)),
            // aligned with another subscription: the earlier day is taken
            ("2026-03-17", "2026-09-30", Some(12), ("2026-09-30", false)),
            ("2026-01-01", "2026-12-31", None, ("2026-12-31", false)),
        ] {
            let (renews, proven) = renewal(Some(day(start)), day(end), length);
            assert_eq!((renews.to_string().as_str(), proven), expected, "{start} to {end}");
        }
        assert_eq!(renewal(None, day("2026-12-31"), Some(12)), (day("2026-12-31"), false));
    }

    #[test]
    fn charges_are_counted_back_from_the_renewal() {
        for (from, renews, length, expected) in [
            ("2026-03-01", "2026-10-01", 1, 7),
            ("2026-03-02", "2026-10-01", 1, 6),
            ("2026-09-02", "2026-10-01", 1, 0),
            ("2026-10-01", "2026-10-01", 1, 0),
            // from a 31st, over shorter months
            ("2026-02-28", "2026-05-31", 1, 3),
            ("2026-01-01", "2027-01-01", 12, 1),
            ("2026-01-02", "2027-01-01", 12, 0),
            ("2026-01-02", "2029-01-01", 12, 2),
        ] {
            assert_eq!(charges_left(day(from), day(renews), length), expected, "{from} to {renews}");
        }
    }
}
