//! `trueup connectors`: which systems can be connected, and how.

use std::path::PathBuf;

use clap::Subcommand;

use crate::cli::args::Shown;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};

/// See which systems can be connected, and how
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup connectors describe pax8")]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(List),
    Describe(Describe),
    Lint(Lint),
}

/// List the kinds of connectors
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup connectors list")]
struct List {
    #[command(flatten)]
    shown: Shown,
}

/// Describe the settings of one kind
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup connectors describe pax8")]
struct Describe {
    /// The kind, as `trueup connectors list` names it
    kind: String,
    #[command(flatten)]
    shown: Shown,
}

/// Check the description of a system for the rest connector, without calling it
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup connectors lint acme-psa.toml")]
struct Lint {
    /// The description
    file: PathBuf,
}

impl Args {
    pub(super) async fn run(self, _context: &Context) -> Result<Ending, CommandError> {
        Err(CommandError::new(Kind::Failed, "connectors is not wired"))
    }
}
