//! `trueup report`: the findings of a month, or what is held on a day, as a table for people or programs.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::cli::args;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};
use crate::cli::inventory::{OfDay, Stock};
use crate::cli::month::{Month, write_whole};
use crate::core::period::BillingPeriod;
use crate::report::text::Screen;
use crate::report::{Report, Table, csv, html, json, text, xlsx};

/// Show one report
///
/// A report of a month is built from the findings of the last reconcile of that month. `renewals`, `unused` and
/// `held-not-billed` are reports of a day, --as-of or today: what was pulled last, or a folder of exports, says what is held.
/// Goes to standard output, or to the file named by --out; xlsx needs a file.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  trueup report variance --period 2026-04 --format xlsx --out april.xlsx\n  \
                  trueup report renewals --within 90d\n  trueup report unused --from exports")]
pub(super) struct Args {
    /// Which report
    #[arg(value_parser = names())]
    name: Which,
    /// The month, for a report of a month
    #[arg(long, value_name = "MONTH", value_parser = args::period)]
    period: Option<BillingPeriod>,
    /// Look so many days ahead, for `renewals` [default: 90d]
    #[arg(long, value_name = "DAYS", value_parser = args::days)]
    within: Option<u32>,
    /// Read a folder of exports instead of the last snapshots, for a report of a day
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// Take the links from this file instead of from exact keys
    #[arg(long, value_name = "FILE", requires = "from")]
    links: Option<PathBuf>,
    /// How it is written [default: as the ending of --out says, text without --out]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write it to this file; an existing one is replaced
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A report of a month or of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Month(Report),
    Day(OfDay),
}

impl Which {
    fn name(self) -> &'static str {
        match self {
            Self::Month(report) => report.name(),
            Self::Day(report) => report.name(),
        }
    }
}

/// The reports there are, as the command line offers them.
fn names() -> impl TypedValueParser<Value = Which> {
    let all = || Report::ALL.map(Which::Month).into_iter().chain(OfDay::ALL.map(Which::Day));
    PossibleValuesParser::new(all().map(Which::name))
        .try_map(move |name| all().find(|which| which.name() == name).ok_or_else(|| format!("`{name}` is no report")))
}

/// So far ahead renewals are looked for where nothing is said.
const WITHIN_DAYS: u32 = 90;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table for people
    Text,
    /// Comma-separated values
    Csv,
    /// JSON
    Json,
    /// A workbook
    Xlsx,
    /// The whole month as one page with charts, whichever report is named
    Html,
}

impl Format {
    const WITH_ENDINGS: [(Self, &[&str]); 4] =
        [(Self::Csv, &["csv"]), (Self::Json, &["json"]), (Self::Xlsx, &["xlsx"]), (Self::Html, &["html", "htm"])];
    /// The ending of a file for people, which may hold anything that is told with --format.
    const TEXT: &str = "txt";

    /// What a file's ending promises; `None` where it promises nothing.
    fn of(file: &Path) -> Option<Self> {
        let ending = file.extension()?.to_str()?;
        let promises = |(_, endings): &(Self, &[&str])| endings.iter().any(|known| known.eq_ignore_ascii_case(ending));
        Self::WITH_ENDINGS.into_iter().find(promises).map(|(format, _)| format)
    }
}

impl Args {
    /// What was asked for, or what the file's ending promises; a file whose ending would lie is refused.
    fn format(&self) -> Result<Format, CommandError> {
        let promised = self.out.as_deref().and_then(Format::of);
        match (self.format, promised, &self.out) {
            (Some(asked), Some(promised), Some(file)) if asked != promised => {
                let word = asked.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
                let what = format!("{} is no file for --format {word}", file.display());
                Err(CommandError::new(Kind::Usage, what).hint("Leave --format out, or give the file another ending."))
            }
            (None, None, Some(file)) if file.extension().is_none_or(|ending| ending != Format::TEXT) => {
                let known = Format::WITH_ENDINGS.iter().flat_map(|(_, endings)| *endings).copied();
                let known: Vec<&str> = known.chain([Format::TEXT]).collect();
                let what = format!("the ending of {} does not say how to write it", file.display());
                let hint = format!("Known endings are {}; or say it with --format.", known.join(", "));
                Err(CommandError::new(Kind::Usage, what).hint(hint))
            }
            (asked, promised, _) => Ok(asked.or(promised).unwrap_or(Format::Text)),
        }
    }

    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let format = self.format()?;
        if format == Format::Xlsx && self.out.is_none() {
            let error = CommandError::new(Kind::Usage, "a workbook cannot go to standard output");
            return Err(error.hint("Name a file with --out."));
        }
        let bytes = match self.name {
            Which::Month(report) => self.of_month(context, report, format).await?,
            Which::Day(report) => self.of_day(context, report, format).await?,
        };
        match &self.out {
            Some(file) => {
                write_whole(file, &bytes)?;
                context.ui.say(&format!("Wrote {}.", file.display()));
            }
            None => context.ui.result(bytes)?,
        }
        Ok(Ending::Done)
    }

    async fn of_month(&self, context: &Context, report: Report, format: Format) -> Result<Vec<u8>, CommandError> {
        let only = format!("is only for the reports of a day: {}", OfDay::ALL.map(OfDay::name).join(", "));
        Self::refuse(&[("--within", self.within.is_some()), ("--from", self.from.is_some())], &only)?;
        let Some(period) = self.period else {
            let error = CommandError::new(Kind::Usage, format!("{} is a report of a month", report.name()));
            return Err(error.hint("Name the month: --period 2026-04."));
        };
        let _doing = context.ui.doing(&format!("the {} report of {period}", report.name()));
        let engine = context.engine(&context.config()?).await?;
        let Some(reconciled) = engine.reconciled(period).await? else {
            let error = CommandError::new(Kind::NotReady, format!("{period} was never reconciled"));
            return Err(error.hint(format!("Run `trueup reconcile --period {period}`.")));
        };
        let month = Month::stored(&engine, reconciled);
        let table = report.build(&month.input());
        match format {
            Format::Xlsx => Ok(xlsx::render(period, &[table])?),
            Format::Html => Ok(html::render(&month.input())?.into_bytes()),
            Format::Text | Format::Csv | Format::Json => self.plain(context, format, &table),
        }
    }

    async fn of_day(&self, context: &Context, report: OfDay, format: Format) -> Result<Vec<u8>, CommandError> {
        Self::refuse(&[("--period", self.period.is_some())], "is only for reports of a month; --as-of names a day")?;
        Self::refuse(&[("--within", self.within.is_some() && report != OfDay::Renewals)], "is only for renewals")?;
        let _doing = context.ui.doing(&format!("the {} report", report.name()));
        let day = context.today();
        let within = self.within.unwrap_or(WITHIN_DAYS);
        let stock = Stock::read(context, self.from.as_deref(), self.links.as_deref()).await?;
        let table = stock.table(report, day, within);
        match format {
            Format::Xlsx => Ok(xlsx::bound(table.title, day, &[table])?),
            Format::Html => Ok(html::page(&table)?.into_bytes()),
            Format::Text | Format::Csv | Format::Json => self.plain(context, format, &table),
        }
    }

    fn refuse(options: &[(&str, bool)], why: &str) -> Result<(), CommandError> {
        match options.iter().find(|(_, given)| *given) {
            Some((option, _)) => Err(CommandError::new(Kind::Usage, format!("{option} {why}"))),
            None => Ok(()),
        }
    }

    /// A format of one table alone.
    fn plain(&self, context: &Context, format: Format, table: &Table) -> Result<Vec<u8>, CommandError> {
        match format {
            Format::Csv => Ok(csv::render(table)?),
            Format::Json => Ok(json::render(table)?),
            Format::Text | Format::Xlsx | Format::Html => {
                let screen = if self.out.is_some() { Screen::default() } else { context.ui.screen() };
                Ok(text::render(table, screen).into_bytes())
            }
        }
    }
}
