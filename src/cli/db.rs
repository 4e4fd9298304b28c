//! `trueup db`: the database's schema.

use clap::Subcommand;

use crate::cli::args::Shown;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};

/// Bring the database up to date, or see whether it is
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup db migrate")]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Migrate(Migrate),
    Status(Status),
}

/// Create the database or bring its schema up to date
///
/// Changes the schema only; no record is removed. Running it again changes nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup db migrate")]
struct Migrate {}

/// Show which migrations are applied and which wait
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup db status")]
struct Status {
    #[command(flatten)]
    shown: Shown,
}

impl Args {
    pub(super) async fn run(self, context: &Context<'_>) -> Result<Ending, CommandError> {
        let _config = context.config()?;
        Err(CommandError::new(Kind::Failed, "db is not wired"))
    }
}
