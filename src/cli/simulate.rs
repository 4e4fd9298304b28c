//! `trueup simulate`: a distributor or a PSA on loopback, to try things on.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};

/// Serve a simulated distributor or PSA on loopback
///
/// Speaks the published wire format, keeps everything in memory, and runs until it is stopped. Prints its address first.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup simulate pax8 --seed 7 --faults throttle,expire")]
#[command(group = clap::ArgGroup::new("content").args(["data", "seed"]).required(true))]
pub(super) struct Args {
    /// Which system
    #[arg(value_enum)]
    system: System,
    /// Serve what is in this folder
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Serve a month made from this seed
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Listen on this port [default: a free one]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// Misbehave in these ways
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    faults: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum System {
    /// The distributor
    Pax8,
    /// The PSA
    Psa,
}

impl Args {
    pub(super) async fn run(self, _context: &Context<'_>) -> Result<Ending, CommandError> {
        Err(CommandError::new(Kind::Failed, "simulate is not wired"))
    }
}
