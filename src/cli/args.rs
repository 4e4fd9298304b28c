//! Arguments several commands share.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::ValueEnum;

use crate::cli::error::CommandError;
use crate::cli::error::Kind::Failed;
use crate::cli::ui::Ui;
use crate::core::period::{BillingPeriod, iso_day};
use crate::report::{Table, json, text};

/// How a table is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum TableFormat {
    /// A table for people
    #[default]
    Text,
    /// JSON for programs
    Json,
}

/// The option of every command whose output is a table.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct Shown {
    /// Show the result as a table or as JSON
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, hide_possible_values = true)]
    pub(super) format: TableFormat,
}

impl Shown {
    /// Sends a table to standard output.
    pub(super) fn show(self, ui: &Ui, table: &Table) -> Result<(), CommandError> {
        match self.format {
            TableFormat::Text => ui.result(text::render(table, ui.screen())),
            TableFormat::Json => ui.result(json::render(table).map_err(|error| CommandError::new(Failed, error))?),
        }
    }
}

/// Which records a link is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// Companies of the vendor and customers of the PSA
    Customers,
    /// Products of both catalogues
    Products,
}

/// Reads `2026-04`.
pub(super) fn period(text: &str) -> Result<BillingPeriod, String> {
    text.parse().map_err(|error: crate::core::period::PeriodError| error.to_string())
}

/// Reads `2026-05-01`.
pub(super) fn day(text: &str) -> Result<NaiveDate, String> {
    iso_day(text).ok_or_else(|| format!("`{text}` is no day like 2026-05-01"))
}

/// Reads a span of days: `90d`.
pub(super) fn days(text: &str) -> Result<u32, String> {
    let days = text.strip_suffix('d').and_then(|number| number.parse().ok()).filter(|days| *days <= DAYS_MAX);
    days.ok_or_else(|| format!("`{text}` is no span of days like 90d, at most {DAYS_MAX}d"))
}

/// Ten years.
const DAYS_MAX: u32 = 3_660;

/// Reads a day, which stands for its start in UTC, or a moment with its offset.
pub(super) fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    if let Some(day) = iso_day(text) {
        return Ok(day.and_time(NaiveTime::MIN).and_utc());
    }
    let moment = DateTime::parse_from_rfc3339(text).map(|moment| moment.to_utc());
    moment.map_err(|_| format!("`{text}` is neither a day like 2026-05-01 nor a moment like 2026-05-01T08:30:00Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_in_the_one_way_it_is_written() {
        assert_eq!(day("2026-05-01").unwrap().to_string(), "2026-05-01");
        for refused in ["2026-5-1", " 2026-05-01", "01.05.2026", ""] {
            assert!(day(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_span_is_a_number_of_days() {
        assert_eq!((days("90d"), days("0d"), days("3660d")), (Ok(90), Ok(0), Ok(3_660)));
        for refused in ["", "90", "d", "-1d", "3661d", "3m", "1.5d"] {
            assert!(days(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_day_is_its_start_in_utc_and_a_moment_keeps_its_offset() {
        for (written, read) in [
            ("2026-05-01", "2026-05-01T00:00:00+00:00"),
            ("2026-05-01T08:30:00Z", "2026-05-01T08:30:00+00:00"),
            ("2026-05-01T08:30:00+02:00", "2026-05-01T06:30:00+00:00"),
        ] {
            assert_eq!(moment(written).unwrap().to_rfc3339(), read, "{written}");
        }
        for refused in ["", "now", "2026-02-30", "2026-5-1x", "2026-05-01 08:30", "2026-05-01T08:30:00"] {
            assert!(moment(refused).is_err(), "{refused}");
        }
    }
}
