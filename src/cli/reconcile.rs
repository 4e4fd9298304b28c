//! `trueup reconcile`: hold what was charged against what was billed.

use std::path::{Path, PathBuf};

use crate::cli::args;
use crate::cli::args::{Shown, TableFormat};
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};
use crate::cli::month::{Month, make_folder, write_whole};
use crate::core::outside::harmless;
use crate::core::period::BillingPeriod;
use crate::core::reconcile::coverage::Fate;
use crate::core::reconcile::outcome::Verdict;
use crate::engine::{EngineError, Explained, Exported, reconcile_folder};
use crate::report::facts::verdict;
use crate::report::findings::costliest;
use crate::report::table::{count, counted};
use crate::report::{Input, Report, costliest_variances, csv, html, json, machine, text, xlsx};

/// Hold what was charged against what was billed in a month
///
/// Compares the last snapshots through the links, prints every difference and where every line ended, and saves the
/// findings in the database. With --from it reads a folder of exports instead: no configuration, no network, no database.
/// Nothing is written to a remote.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  trueup reconcile --period 2026-04\n  trueup reconcile --from exports --period 2026-04 --out result"
)]
pub(super) struct Args {
    /// Reconcile this month
    #[arg(long, value_name = "MONTH", value_parser = args::period)]
    period: BillingPeriod,
    /// Read a folder of exports instead of the configured connections
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// Take the links from this file instead of proposing them
    #[arg(long, value_name = "FILE", requires = "from")]
    links: Option<PathBuf>,
    /// Write variances.csv, totals.json, problems.csv, and the month as a page and a workbook into this folder; where the
    /// distributor's documents are known, also invoice-register.json and tie-out.json
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Exit with status 3 when differences wait for a person
    #[arg(long)]
    exit_on_findings: bool,
    #[command(flatten)]
    shown: Shown,
}

/// So many differences are shown; a report or --out has all of them.
const ROWS_SHOWN: usize = 40;
/// Months with more variances get no page and no workbook.
const VARIANCES_FOR_PEOPLE: u64 = 20_000;
/// So many findings are told in words, of each currency.
const FINDINGS_TOLD: usize = 5;

/// No connection is configured here, so what helps is said of the files.
fn of_folder(error: EngineError, folder: &Path) -> CommandError {
    let of_a_file = matches!(error, EngineError::Connector(_));
    let error = CommandError::from(error);
    if !of_a_file {
        return error;
    }
    let profile = folder.join("columns.toml");
    let hint = format!("Export it again, or say in {} how it is to be read.", profile.display());
    CommandError { hints: vec![hint], ..error }
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let doing = context.ui.doing(&format!("reconciling {}", self.period));
        let month = if let Some(folder) = &self.from {
            let month = reconcile_folder(folder, self.period, self.links.as_deref(), context.ui.as_ref()).await;
            let month = month.map_err(|error| of_folder(error, folder))?;
            let explained =
                if self.explains(&month) { month.explain(context.ui.as_ref()) } else { Explained::default() };
            if let Some(trouble) = &explained.trouble {
                context.ui.warn(&harmless(&format!("what is held is not known: {trouble}")));
            }
            Month::exported(month, explained)
        } else {
            context.writes()?;
            let engine = context.engine(&context.config()?).await?;
            let reconciled = engine.reconcile(self.period).await?;
            Month::stored(&engine, reconciled)
        };
        if let Some(folder) = &self.out {
            make_folder(folder)?;
            let input = month.input();
            write_whole(&folder.join("variances.csv"), &machine::variances(&input)?)?;
            write_whole(&folder.join("totals.json"), &machine::totals(input.outcome)?)?;
            write_whole(&folder.join("problems.csv"), &csv::render(&Report::Problems.build(&input))?)?;
            if input.documents.is_some() {
                for report in [Report::InvoiceRegister, Report::TieOut] {
                    let table = report.build(&input);
                    write_whole(&folder.join(format!("{}.json", table.name)), &json::render(&table)?)?;
                }
            }
            self.write_for_people(context, folder, &input)?;
        }
        drop(doing);
        self.show(context, &month)?;
        self.ending(&month)
    }

    /// Whether somebody will see what explains the month: reading it takes as long as the reconcile of a large one.
    fn explains(&self, month: &Exported) -> bool {
        let seen = self.out.is_some() || self.shown.format == TableFormat::Json;
        seen && count(month.outcome.variances.len()) <= VARIANCES_FOR_PEOPLE
    }

    /// A page and a workbook are for people: nobody scrolls through more, and a month of millions must not fill the memory.
    fn write_for_people(&self, context: &Context, folder: &Path, input: &Input<'_>) -> Result<(), CommandError> {
        let variances = count(input.outcome.variances.len());
        if variances > VARIANCES_FOR_PEOPLE {
            let what = format!(
                "No page and no workbook are written: the month has {}, they hold {VARIANCES_FOR_PEOPLE} at most.",
                counted(variances, "variance")
            );
            context.ui.say(&what);
            return Ok(());
        }
        let tables = Report::ALL.map(|report| report.build(input));
        write_whole(&folder.join(format!("trueup-{}.xlsx", self.period)), &xlsx::render(self.period, &tables)?)?;
        write_whole(&folder.join(format!("report-{}.html", self.period)), html::render(input)?.as_bytes())
    }

    fn show(&self, context: &Context, month: &Month) -> Result<(), CommandError> {
        let input = month.input();
        if self.shown.format == TableFormat::Json {
            return self.shown.show(&context.ui, &Report::Variance.build(&input));
        }
        let see = match &self.out {
            Some(folder) => folder.join("variances.csv").display().to_string(),
            None if self.from.is_some() => "--out DIR".to_owned(),
            None => format!("`trueup report variance --period {}`", self.period),
        };
        let opening = text::opening(&costliest_variances(&input, 0));
        let findings = costliest(&input, FINDINGS_TOLD);
        let told = month.told(ROWS_SHOWN, &see, &findings, context.ui.screen());
        context.ui.result([&opening, "\nThe costliest first\n\n", &told].concat())
    }

    /// What to do where nothing was compared, which is so before anything is linked.
    fn how_to_link(&self) -> String {
        match (&self.from, &self.links) {
            (Some(_), None) => {
                "No exact key links the two sides: give the links with --links FILE, or run `trueup init \
                 files`, `trueup propose all` and `trueup review` to be proposed them."
                    .to_owned()
            }
            (Some(_), Some(file)) => format!("See that {} links customers and products of this month.", file.display()),
            (None, _) => "Run `trueup propose all`, look with `trueup review list --filter proposed`, and accept with \
                 `trueup review accept` or a sheet: `trueup review export`, `trueup review import`."
                .to_owned(),
        }
    }

    fn ending(&self, month: &Month) -> Result<Ending, CommandError> {
        match month.outcome.verdict {
            Verdict::Differences if self.exit_on_findings => Ok(Ending::DifferencesWait),
            Verdict::Clean | Verdict::Differences => Ok(Ending::Done),
            Verdict::Unknown => {
                let what = format!("{} is not known whole: {}", self.period, verdict(&month.input()));
                let mut error = CommandError::new(Kind::NotReady, what);
                let problems = &month.outcome.problems;
                for problem in problems.iter().take(FINDINGS_TOLD) {
                    error = error.hint(format!("Mend {}.", harmless(&problem.to_string())));
                }
                if let Some(more @ 1..) = problems.len().checked_sub(FINDINGS_TOLD) {
                    let more = counted(count(more), "more problem");
                    error = error.hint(match &self.out {
                        Some(folder) => format!("See {more} in {}.", folder.join("problems.csv").display()),
                        None if self.from.is_some() => format!("See {more} in the problems.csv that --out DIR writes."),
                        None => format!("See {more} with `trueup report problems --period {}`.", self.period),
                    });
                }
                let coverage = &month.outcome.coverage;
                let mut buckets = coverage.buckets.values().flatten();
                let waits = buckets.any(|(bucket, tally)| bucket.fate() == Fate::Unmapped && tally.rows > 0);
                if coverage.compared_rows() == 0 && waits {
                    error = error.hint(self.how_to_link());
                }
                Err(error)
            }
        }
    }
}
