//! `trueup propose`: find records that are probably the same, for review.

use clap::ValueEnum;

use crate::cli::args::Shown;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};

/// Find records that are probably the same
///
/// Compares the last snapshots of both sides and saves a proposal for each record without a link, with its evidence and its
/// runner-up. Nothing is linked: that is a decision, see `trueup review`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup propose all")]
pub(super) struct Args {
    /// Which records: customers, products or all
    #[arg(value_enum, hide_possible_values = true, value_name = "WHICH")]
    which: Which,
    #[command(flatten)]
    shown: Shown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    Customers,
    Products,
    All,
}

impl Args {
    pub(super) async fn run(self, context: &Context<'_>) -> Result<Ending, CommandError> {
        let _engine = context.engine(&context.config()?).await?;
        Err(CommandError::new(Kind::Failed, "propose is not wired"))
    }
}
