//! `trueup report`: the findings of a month as a table for people or programs.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::cli::args;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};
use crate::cli::month::{Month, write_whole};
use crate::core::period::BillingPeriod;
use crate::report::text::Screen;
use crate::report::{Report, csv, html, json, text, xlsx};

/// Show one report of a month
///
/// Builds the report from the findings of the last reconcile of that month. Goes to standard output, or to the file named by
/// --out; xlsx needs a file.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup report variance --period 2026-04 --format xlsx --out april.xlsx")]
pub(super) struct Args {
    /// Which report
    #[arg(value_parser = names())]
    name: Report,
    /// The month
    #[arg(long, value_name = "MONTH", value_parser = args::period)]
    period: BillingPeriod,
    /// How it is written [default: as the ending of --out says, else text]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write it to this file; an existing one is replaced
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The reports there are, as the command line offers them.
fn names() -> impl TypedValueParser<Value = Report> {
    PossibleValuesParser::new(Report::ALL.map(Report::name))
        .try_map(|name| Report::of(&name).ok_or_else(|| format!("`{name}` is no report")))
}

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
            (asked, promised, _) => Ok(asked.or(promised).unwrap_or(Format::Text)),
        }
    }

    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let format = self.format()?;
        if format == Format::Xlsx && self.out.is_none() {
            let error = CommandError::new(Kind::Usage, "a workbook cannot go to standard output");
            return Err(error.hint("Name a file with --out."));
        }
        let _doing = context.ui.doing(&format!("the {} report of {}", self.name.name(), self.period));
        let engine = context.engine(&context.config()?).await?;
        let Some(reconciled) = engine.reconciled(self.period).await? else {
            let error = CommandError::new(Kind::NotReady, format!("{} was never reconciled", self.period));
            return Err(error.hint(format!("Run `trueup reconcile --period {}`.", self.period)));
        };
        let month = Month::stored(&engine, reconciled);
        let table = self.name.build(&month.input());
        let bytes = match format {
            Format::Text => {
                let screen = if self.out.is_some() { Screen::default() } else { context.ui.screen() };
                text::render(&table, screen).into_bytes()
            }
            Format::Csv => csv::render(&table)?,
            Format::Json => json::render(&table)?,
            Format::Xlsx => xlsx::render(self.period, &[table])?,
            Format::Html => html::render(&month.input())?.into_bytes(),
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
}
