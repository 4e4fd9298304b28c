//! `trueup report`: the findings of a month as a table for people or programs.

use std::path::PathBuf;

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
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Write it to this file; an existing one is replaced
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The reports there are, as the command line offers them.
fn names() -> impl TypedValueParser<Value = Report> {
    PossibleValuesParser::new(Report::ALL.map(Report::name))
        .try_map(|name| Report::of(&name).ok_or_else(|| format!("`{name}` is no report")))
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table for people
    #[default]
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

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        if self.format == Format::Xlsx && self.out.is_none() {
            let error = CommandError::new(Kind::Usage, "a workbook cannot go to standard output");
            return Err(error.hint("Name a file with --out."));
        }
        let engine = context.engine(&context.config()?).await?;
        let Some(reconciled) = engine.reconciled(self.period).await? else {
            let error = CommandError::new(Kind::NotReady, format!("{} was never reconciled", self.period));
            return Err(error.hint(format!("Run `trueup reconcile --period {}`.", self.period)));
        };
        let month = Month::stored(&engine, reconciled);
        let table = self.name.build(&month.input());
        let bytes = match self.format {
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
