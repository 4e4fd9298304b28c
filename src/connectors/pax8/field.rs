//! Reading one field of a Pax8 record: ids, texts, days, numbers.
//!
//! Keeps the invariant that a field is read as written or becomes a [`Flaw`] that names it; nothing is guessed.

use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde_json::Number;

use crate::connectors::http::{path_of, repeated};
use crate::core::id::Id;
use crate::core::money::{Amount, Currency, MoneyError, UnitPrice};
use crate::core::outside::excerpt;
use crate::core::period::iso_day;
use crate::core::quantity::Quantity;

/// Why a record cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Flaw {
    /// The field as the API spells it.
    pub(super) field: String,
    /// What was expected and found.
    pub(super) what: String,
}

impl Flaw {
    pub(super) fn new(field: &str, what: impl Into<String>) -> Self {
        Self { field: field.to_owned(), what: what.into() }
    }

    /// A key that a record has twice: nobody can say which of its values is meant.
    pub(super) fn repeated(json: &str) -> Option<Self> {
        repeated(json.as_bytes()).map(|steps| Self::new(&path_of(&steps), "expected the key once, found it twice"))
    }
}

/// A text, unless it is missing, null or blank.
pub(super) fn text(value: Option<String>) -> Option<String> {
    value.filter(|text| !text.trim().is_empty())
}

/// A value that must be there.
pub(super) fn required<T>(field: &str, value: Option<T>) -> Result<T, Flaw> {
    value.ok_or_else(|| Flaw::new(field, "expected a value, found none"))
}

/// A text that must be there.
pub(super) fn required_text(field: &str, value: Option<String>) -> Result<String, Flaw> {
    required(field, text(value))
}

/// An id. UUIDs are written in either case and mean the same; anything else is taken as it is.
pub(super) fn id<S, E>(value: Option<String>) -> Option<Id<S, E>> {
    text(value).map(|text| Id::new(same_case(text)))
}

/// An id that must be there.
pub(super) fn required_id<S, E>(field: &str, value: Option<String>) -> Result<Id<S, E>, Flaw> {
    required(field, id(value))
}

/// A UUID in lower case; any other text as it is.
pub(super) fn same_case(text: String) -> String {
    let is_uuid = text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    if is_uuid { text.to_ascii_lowercase() } else { text }
}

/// A currency as it is said; where none is said, the one that the settings give.
pub(super) fn may_currency(
    field: &str,
    value: Option<String>,
    usual: Option<Currency>,
) -> Result<Option<Currency>, Flaw> {
    let said = text(value).map(|text| Currency::from_str(&text).map_err(|e| Flaw::new(field, e.to_string())));
    Ok(said.transpose()?.or(usual))
}

/// A currency that must be said, or be in the settings.
pub(super) fn currency(field: &str, value: Option<String>, usual: Option<Currency>) -> Result<Currency, Flaw> {
    may_currency(field, value, usual)?.ok_or_else(|| {
        let what = "expected a value, found none; `currency` in the settings of the connection says what is meant then";
        Flaw::new(field, what)
    })
}

fn number<T>(field: &str, value: Option<&Number>, parse: fn(&str) -> Result<T, MoneyError>) -> Result<Option<T>, Flaw> {
    value.map(|number| parse(&number.to_string()).map_err(|e| Flaw::new(field, e.to_string()))).transpose()
}

/// An amount, exactly as written.
pub(super) fn amount(field: &str, value: Option<&Number>) -> Result<Option<Amount>, Flaw> {
    number(field, value, Amount::parse)
}

/// A unit price, exactly as written.
pub(super) fn unit_price(field: &str, value: Option<&Number>) -> Result<Option<UnitPrice>, Flaw> {
    number(field, value, UnitPrice::parse)
}

/// A quantity, exactly as written.
pub(super) fn quantity(field: &str, value: Option<&Number>) -> Result<Option<Quantity>, Flaw> {
    number(field, value, Quantity::parse)
}

/// A day, in any of the shapes Pax8 writes; the day is the one written, whatever the offset.
pub(super) fn day(field: &str, value: Option<String>) -> Result<Option<NaiveDate>, Flaw> {
    let Some(text) = text(value) else { return Ok(None) };
    let text = text.trim();
    let read = iso_day(text).or_else(|| moment(text).map(|at| at.naive_local().date()));
    match read.filter(|_| text.get(4..5) == Some("-")) {
        Some(day) => Ok(Some(day)),
        None => Err(Flaw::new(
            field,
            format!("expected a date like 2026-03-01 or 2026-03-01T08:30:00Z, found `{}`", excerpt(text, 40)),
        )),
    }
}

/// A point in time, with or without a colon in its offset; without an offset it is taken as UTC.
pub(super) fn moment(text: &str) -> Option<DateTime<chrono::FixedOffset>> {
    let zoned = text.strip_suffix(['Z', 'z']).map_or_else(|| text.to_owned(), |bare| format!("{bare}+0000"));
    DateTime::parse_from_str(&zoned, "%Y-%m-%dT%H:%M:%S%.f%z").ok().or_else(|| {
        let naive = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok();
        let day = || iso_day(text)?.and_hms_opt(0, 0, 0);
        naive.or_else(day).map(|at| at.and_utc().fixed_offset())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_of_date_is_the_day_it_writes() {
        for (written, read) in [
            ("2026-03-01", "2026-03-01"),
            ("2026-03-01T08:30:00Z", "2026-03-01"),
            ("2026-03-01T11:33:12.314-0600", "2026-03-01"),
            ("2026-03-01T01:30:00.000-05:00", "2026-03-01"),
            ("2026-03-01T17:53:50.460+00:00", "2026-03-01"),
            ("2026-03-01T23:59:59+0000", "2026-03-01"),
            ("2026-03-01T00:00:00", "2026-03-01"),
            ("2024-02-29", "2024-02-29"),
        ] {
            assert_eq!(day("d", Some(written.into())).unwrap().unwrap().to_string(), read, "{written}");
        }
        for nothing in [None, Some(""), Some("  ")] {
            assert_eq!(day("d", nothing.map(str::to_owned)), Ok(None));
        }
        for refused in
            ["2026-02-29", "01/03/2026", "2026-3-1T", "2026-03-01T25:00:00Z", "2026-03-01 tomorrow", "20260301"]
        {
            let flaw = day("endDate", Some(refused.into())).unwrap_err();
            assert!(flaw.field == "endDate" && flaw.what.contains(refused), "{refused}");
        }
    }

    #[test]
    fn moments_of_different_shapes_compare() {
        let at = |text| moment(text).unwrap();
        assert_eq!(at("2026-03-01T11:00:00.000-0600"), at("2026-03-01T17:00:00Z"));
        assert!(at("2026-03-01") < at("2026-03-01T00:00:01Z"));
        assert_eq!(moment("yesterday"), None);
    }

    #[test]
    fn uuids_mean_the_same_in_either_case_and_other_ids_are_kept() {
        assert_eq!(same_case("7C1F0A52-9A1E-4A53-8F0D-2B6F6F0E1A11".into()), "7c1f0a52-9a1e-4a53-8f0d-2b6f6f0e1a11");
        for kept in ["SUB-0042", "7C1F0A52-9A1E-4A53-8F0D-2B6F6F0E1A1", "ZC1F0A52-9A1E-4A53-8F0D-2B6F6F0E1A11"] {
            assert_eq!(same_case(kept.into()), kept);
        }
    }

    #[test]
    fn numbers_keep_their_digits_or_are_refused() {
        let read = |text: &str| amount("costTotal", Some(&serde_json::from_str(text).unwrap()));
        assert_eq!(read("12345678901234567.89").unwrap().unwrap().plain_text(), "12345678901234567.89");
        assert_eq!(read("86.4560").unwrap().unwrap().value().to_string(), "86.4560");
        assert_eq!(read("1.5e1").unwrap().unwrap().plain_text(), "15");
        for refused in ["1e400", "0.12345678901234567890123456789"] {
            assert_eq!(read(refused).unwrap_err().field, "costTotal", "{refused}");
        }
        assert_eq!(amount("costTotal", None), Ok(None));
    }
}
