//! How a file writes numbers and days: told by the profile or proven by the column, never guessed.
//!
//! A cell such as `1,234` or `03/04/2026` reads two ways. It is read only where the other cells of its column prove which
//! way is meant; the outcome is plain text (`1234.5`, `2026-04-03`) that the conversion reads exactly.

use std::borrow::Cow;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// Which sign parts whole from fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decimals {
    /// `1,234.50`
    #[serde(rename = ".")]
    Point,
    /// `1.234,50`
    #[serde(rename = ",")]
    Comma,
}

/// In which order a day is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dates {
    /// `2026-04-03`
    #[serde(rename = "yyyy-mm-dd")]
    Iso,
    /// `03/04/2026` or `03.04.2026` is the third of April.
    #[serde(rename = "dd/mm/yyyy", alias = "dd.mm.yyyy", alias = "dd-mm-yyyy")]
    DayFirst,
    /// `04/03/2026` is the third of April.
    #[serde(rename = "mm/dd/yyyy", alias = "mm-dd-yyyy")]
    MonthFirst,
}

/// What one cell says about its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// It reads the same both ways.
    Same,
    /// It reads only with a decimal point, or only day first.
    First,
    /// It reads only with a decimal comma, or only month first.
    Second,
    /// It reads both ways, differently.
    Either,
    /// It does not read.
    Neither,
}

fn reading<T: PartialEq>(first: Option<T>, second: Option<T>) -> Reading {
    match (first, second) {
        (Some(a), Some(b)) if a == b => Reading::Same,
        (Some(_), Some(_)) => Reading::Either,
        (Some(_), None) => Reading::First,
        (None, Some(_)) => Reading::Second,
        (None, None) => Reading::Neither,
    }
}

/// What a cell says about the decimal sign.
#[must_use]
pub fn number_reading(cell: &str) -> Reading {
    reading(plain_number(cell, Decimals::Point), plain_number(cell, Decimals::Comma))
}

/// What a cell says about the order of day and month.
#[must_use]
pub fn date_reading(cell: &str) -> Reading {
    reading(day(cell, Dates::DayFirst), day(cell, Dates::MonthFirst))
}

/// A number as plain text: thousands separators gone, a decimal point; `None` where it is not written so.
#[must_use]
pub fn plain_number(cell: &str, decimals: Decimals) -> Option<Cow<'_, str>> {
    let cell = cell.trim();
    let unsigned = cell.strip_prefix(['-', '+']).unwrap_or(cell);
    if !unsigned.is_empty() && unsigned.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Cow::Borrowed(cell));
    }
    let (point, grouping) = match decimals {
        Decimals::Point => ('.', ','),
        Decimals::Comma => (',', '.'),
    };
    if let Some((digits, exponent)) = unsigned.split_once(['e', 'E']) {
        let power = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        let is_power = !power.is_empty() && power.bytes().all(|b| b.is_ascii_digit());
        // Only a number that is plain already has an exponent: nobody groups digits and writes a power of ten.
        let is_plain =
            decimals == Decimals::Point && plain_number(digits, decimals).is_some_and(|plain| plain == digits);
        return (is_power && is_plain).then_some(Cow::Borrowed(cell));
    }
    let (whole, fraction) = match unsigned.split_once(point) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (unsigned, None),
    };
    if fraction.is_some_and(|f| f.is_empty() || !f.bytes().all(|b| b.is_ascii_digit())) {
        return None;
    }
    let whole = ungrouped(whole, grouping)?;
    let sign = if cell.starts_with('-') { "-" } else { "" };
    Some(Cow::Owned(match fraction {
        Some(fraction) => format!("{sign}{whole}.{fraction}"),
        None => format!("{sign}{whole}"),
    }))
}

/// Digits without their grouping: groups of three after a first one of one to three that does not begin with nought.
fn ungrouped(whole: &str, grouping: char) -> Option<Cow<'_, str>> {
    let separator = whole.chars().find(|c| !c.is_ascii_digit());
    let Some(separator) = separator else { return (!whole.is_empty()).then_some(Cow::Borrowed(whole)) };
    if separator != grouping && !matches!(separator, ' ' | '\u{a0}' | '\u{202f}' | '\'' | '’') {
        return None;
    }
    let mut groups = whole.split(separator);
    let first = groups.next()?;
    let digits = |group: &str| group.bytes().all(|b| b.is_ascii_digit());
    let first_fits = (1..=3).contains(&first.len()) && digits(first) && !first.starts_with('0');
    (first_fits && groups.all(|group| group.len() == 3 && digits(group)))
        .then(|| Cow::Owned(whole.chars().filter(|c| *c != separator).collect()))
}

/// A day; a time of day after it is left out. A year has four digits.
#[must_use]
pub fn day(cell: &str, dates: Dates) -> Option<NaiveDate> {
    let cell = cell.trim();
    let (head, time) = cell.split_once(['T', ' ']).unwrap_or((cell, "0:"));
    if !time.starts_with(|c: char| c.is_ascii_digit()) || !time.contains(':') {
        return None;
    }
    let separator = head.chars().find(|c| !c.is_ascii_digit()).filter(|c| matches!(c, '-' | '/' | '.'))?;
    let mut parts = head.split(separator);
    let (a, b, c) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |part: &str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    if parts.next().is_some() || !digits(b, 2) {
        return None;
    }
    let (year, month, day) = if a.len() == 4 && digits(a, 4) && digits(c, 2) {
        (a, b, c)
    } else if c.len() == 4 && digits(c, 4) && digits(a, 2) {
        match dates {
            Dates::Iso => return None,
            Dates::DayFirst => (c, b, a),
            // nobody writes the month first with dots
            Dates::MonthFirst if separator == '.' => return None,
            Dates::MonthFirst => (c, a, b),
        }
    } else {
        return None;
    };
    NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

/// What the cells of a column prove.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Evidence {
    first: u64,
    second: u64,
    either: u64,
}

/// What a column is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing in it reads two ways.
    Plain,
    /// With a decimal point, or day first.
    First,
    /// With a decimal comma, or month first.
    Second,
    /// Every telling cell reads both ways.
    Undecided,
    /// Some cells read only one way, some only the other.
    Mixed,
}

impl Evidence {
    /// Counts one cell.
    pub fn add(&mut self, reading: Reading) {
        let count = match reading {
            Reading::First => &mut self.first,
            Reading::Second => &mut self.second,
            Reading::Either => &mut self.either,
            Reading::Same | Reading::Neither => return,
        };
        *count = count.saturating_add(1);
    }

    /// Counts what another column proved.
    pub fn absorb(&mut self, other: Self) {
        self.first = self.first.saturating_add(other.first);
        self.second = self.second.saturating_add(other.second);
        self.either = self.either.saturating_add(other.either);
    }

    /// A single slip among many does not turn a column: ten cells to one decide, and the one becomes a problem.
    #[must_use]
    pub fn verdict(self) -> Verdict {
        const DECISIVE: u64 = 10;
        match (self.first, self.second) {
            (0, 0) if self.either > 0 => Verdict::Undecided,
            (0, 0) => Verdict::Plain,
            (first, second) if first >= second.saturating_mul(DECISIVE) => Verdict::First,
            (first, second) if second >= first.saturating_mul(DECISIVE) => Verdict::Second,
            _ => Verdict::Mixed,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_is_read_one_way_or_said_to_be_open() {
        use Reading::*;
        for (cell, says, point, comma) in [
            ("12", Same, Some("12"), Some("12")),
            ("-12", Same, Some("-12"), Some("-12")),
            ("1.5", First, Some("1.5"), None),
            ("1,5", Second, None, Some("1.5")),
            ("1,234", Either, Some("1234"), Some("1.234")),
            ("1.234", Either, Some("1.234"), Some("1234")),
            ("0,125", Second, None, Some("0.125")),
            ("1.234,50", Second, None, Some("1234.50")),
            ("-1,234.50", First, Some("-1234.50"), None),
            ("1,234,567", First, Some("1234567"), None),
            ("1 234,5", Second, None, Some("1234.5")),
            ("1'234.5", First, Some("1234.5"), None),
            ("1 234", Same, Some("1234"), Some("1234")),
            ("12,34,567", Neither, None, None),
            ("1.5e3", First, Some("1.5e3"), None),
            ("NaN", Neither, None, None),
            ("", Neither, None, None),
            ("-", Neither, None, None),
            ("1.", Neither, None, None),
            ("1,2,3", Neither, None, None),
            ("١", Neither, None, None),
        ] {
            assert_eq!(number_reading(cell), says, "{cell}");
            assert_eq!(plain_number(cell, Decimals::Point).as_deref(), point, "{cell}");
            assert_eq!(plain_number(cell, Decimals::Comma).as_deref(), comma, "{cell}");
        }
    }

    #[test]
    fn a_day_is_read_one_way_or_said_to_be_open() {
        use Reading::*;
        for (cell, says, first, second) in [
            ("2026-04-03", Same, Some("2026-04-03"), Some("2026-04-03")),
            ("2026-04-03T22:30:00Z", Same, Some("2026-04-03"), Some("2026-04-03")),
            ("03.04.2026", First, Some("2026-04-03"), None),
            ("03/04/2026", Either, Some("2026-04-03"), Some("2026-03-04")),
            ("4/4/2026 12:00:00 AM", Same, Some("2026-04-04"), Some("2026-04-04")),
            ("13/04/2026", First, Some("2026-04-13"), None),
            ("04/13/2026", Second, None, Some("2026-04-13")),
            ("31/02/2026", Neither, None, None),
            ("03/04/26", Neither, None, None),
            ("04.13.2026", Neither, None, None),
            ("2026-04-03 nonsense", Neither, None, None),
            ("20260403", Neither, None, None),
            ("", Neither, None, None),
        ] {
            assert_eq!(date_reading(cell), says, "{cell}");
            assert_eq!(day(cell, Dates::DayFirst).map(|d| d.to_string()).as_deref(), first, "{cell}");
            assert_eq!(day(cell, Dates::MonthFirst).map(|d| d.to_string()).as_deref(), second, "{cell}");
        }
        assert_eq!(day("03/04/2026", Dates::Iso), None);
    }

    #[test]
    fn a_column_is_decided_by_proof_alone() {
        for (first, second, either, verdict) in [
            (0, 0, 0, Verdict::Plain),
            (0, 0, 9, Verdict::Undecided),
            (1, 0, 9, Verdict::First),
            (0, 1, 9, Verdict::Second),
            (10, 1, 0, Verdict::First),
            (9, 1, 0, Verdict::Mixed),
        ] {
            assert_eq!(Evidence { first, second, either }.verdict(), verdict, "{first} {second} {either}");
        }
    }

    #[test]
    fn an_exponent_is_digits_behind_a_plain_number() {
        for (cell, is_number) in
            [("1.5e3", true), ("2E-4", true), ("0e!", false), ("1,234e5", false), ("1e", false), ("1e+", false)]
        {
            assert_eq!(plain_number(cell, Decimals::Point).is_some(), is_number, "{cell}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_both_a_number_and_a_panic(cell in "\\PC{0,12}") {
            for decimals in [Decimals::Point, Decimals::Comma] {
                if let Some(plain) = plain_number(&cell, decimals) {
                    prop_assert!(plain.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)));
                }
            }
            let _ = date_reading(&cell);
        }

        #[test]
        fn a_german_number_means_what_its_english_form_means(whole in 0u32..9_999_999, cents in 0u32..100) {
            let grouped = whole.to_string().as_bytes().rchunks(3).rev()
                .map(|g| String::from_utf8(g.to_vec()).unwrap()).collect::<Vec<_>>();
            let german = format!("{},{cents:02}", grouped.join("."));
            let english = format!("{}.{cents:02}", grouped.join(","));
            prop_assert_eq!(plain_number(&english, Decimals::Point).unwrap(), format!("{whole}.{cents:02}"));
            prop_assert_eq!(plain_number(&german, Decimals::Comma).unwrap(), format!("{whole}.{cents:02}"));
        }
    }
}
