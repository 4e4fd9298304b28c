//! `trueup status`: how things stand, without changing any.

use crate::cli::args::Shown;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};

/// Show the last runs, the age of each snapshot, and what waits for a decision
///
/// Reads the database only.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup status --format json")]
pub(super) struct Args {
    #[command(flatten)]
    shown: Shown,
}

impl Args {
    pub(super) async fn run(self, context: &Context<'_>) -> Result<Ending, CommandError> {
        let _engine = context.engine(&context.config()?).await?;
        Err(CommandError::new(Kind::Failed, "status is not wired"))
    }
}
