//! `trueup check`: can every connection and the database be reached, and what may we do there.

use crate::cli::args::Shown;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};

/// Try every connection and the database
///
/// Reads one page of each listing a connection offers and prints a line for each right that is there or missing. Writes
/// nothing, here or there.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup check")]
pub(super) struct Args {
    /// Try only this connection
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    #[command(flatten)]
    shown: Shown,
}

impl Args {
    pub(super) async fn run(self, context: &Context<'_>) -> Result<Ending, CommandError> {
        let _config = context.config()?;
        Err(CommandError::new(Kind::Failed, "check is not wired"))
    }
}
