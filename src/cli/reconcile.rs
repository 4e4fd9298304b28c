//! `trueup reconcile`: hold what was charged against what was billed.

use std::path::PathBuf;

use crate::cli::args;
use crate::cli::args::Shown;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};
use crate::core::period::BillingPeriod;

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
    /// Write variances.csv and totals.json into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Exit with status 3 when differences wait for a person
    #[arg(long)]
    exit_on_findings: bool,
    #[command(flatten)]
    shown: Shown,
}

impl Args {
    pub(super) async fn run(self, context: &Context<'_>) -> Result<Ending, CommandError> {
        if self.from.is_none() {
            let _engine = context.engine(&context.config()?).await?;
        }
        Err(CommandError::new(Kind::Failed, "reconcile is not wired"))
    }
}
