//! `trueup pull`: take snapshots of every connection.

use clap::ValueEnum;

use crate::cli::args;
use crate::cli::args::Shown;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};
use crate::core::period::BillingPeriod;

/// Take snapshots of every connection
///
/// Reads whole listings and saves each as a snapshot in the database; nothing is written to a remote. A listing that could
/// not be read whole is saved as partial, with the reason, and is never taken for whole later.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup pull --period 2026-04 --with prices,history")]
pub(super) struct Args {
    /// Pull only this connection
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Pull the charges and billed lines of this month [default: the month before now]
    #[arg(long, value_name = "MONTH", value_parser = args::period)]
    period: Option<BillingPeriod>,
    /// Pull these as well: prices, history, contacts, usage, drafts
    #[arg(long, value_name = "WHAT", value_enum, value_delimiter = ',', hide_possible_values = true)]
    with: Vec<Extra>,
    #[command(flatten)]
    shown: Shown,
}

/// What costs many more requests and is pulled only when asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Extra {
    /// The price rows of every product
    Prices,
    /// The earlier states of every subscription
    History,
    /// The contacts of every company
    Contacts,
    /// Metered use
    Usage,
    /// Charges that are not invoiced yet
    Drafts,
}

impl Args {
    pub(super) async fn run(self, context: &Context<'_>) -> Result<Ending, CommandError> {
        let _config = context.config()?;
        Err(CommandError::new(Kind::Failed, "pull is not wired"))
    }
}
