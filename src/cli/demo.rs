//! `trueup demo`: one month, end to end, on this machine.

use std::path::PathBuf;

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};

/// Play one month from end to end on this machine
///
/// Starts a simulated distributor and a simulated PSA on free loopback ports, pulls, proposes, applies recorded decisions,
/// reconciles, and writes every report and a configuration into a folder where every other command can be tried. Needs no
/// network and no configuration.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup demo --dir demo")]
pub(super) struct Args {
    /// Make another month with this seed
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,
    /// Leave everything in this folder
    #[arg(long, value_name = "DIR", default_value = "demo")]
    dir: PathBuf,
}

impl Args {
    pub(super) async fn run(self, _context: &Context) -> Result<Ending, CommandError> {
        Err(CommandError::new(Kind::Failed, "demo is not wired"))
    }
}
