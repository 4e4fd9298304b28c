//! `trueup connectors`: which systems can be connected, and how; the commands for people who write connector files.

mod describe;
mod draft;
mod trial;

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};

use crate::cli::args::Shown;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};
use crate::core::outside::harmless;
use crate::engine::{self, KINDS, Side};
use crate::report::table::Kind::Text;
use crate::report::table::{Cell, Column, Table};

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
    Describe(describe::Args),
    Lint(Lint),
    Try(trial::Args),
    New(draft::Args),
    Schema(Schema),
    Columns(Columns),
}

/// List the kinds of connectors
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup connectors list")]
struct List {
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

/// Print the JSON Schema of connector files
///
/// An editor that knows it completes keys and words and underlines what does not fit: write it beside the file, and begin the
/// file with `#:schema ./connector.schema.json`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup connectors schema")]
struct Schema;

/// Remember how the exports of a folder are read
///
/// Writes columns.toml into the folder: the file of each listing, its delimiter, how numbers and days are written as far as the
/// columns prove it, and which column holds which field. A later export that does not fit it is refused instead of misread.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup connectors columns exports --side psa")]
struct Columns {
    /// The folder with the exports
    folder: PathBuf,
    /// Whose exports they are [default: both]
    #[arg(long, value_enum)]
    side: Option<OfSide>,
}

/// Whose exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OfSide {
    /// A distributor's
    Vendor,
    /// A PSA's or ERP's
    Psa,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        match self.verb {
            Verb::List(args) => args.shown.show(&context.ui, &kinds())?,
            Verb::Describe(args) => args.run(context)?,
            Verb::Lint(args) => return lint(context, &args.file),
            Verb::Try(args) => return args.run(context).await,
            Verb::New(args) => args.run(context)?,
            Verb::Schema(Schema) => context.ui.result(engine::connector_schema())?,
            Verb::Columns(args) => return columns(context, &args),
        }
        Ok(Ending::Done)
    }
}

const KIND: &[Column] = &[Column::new("kind", Text), Column::new("reads", Text)];

fn kinds() -> Table {
    let shipped = engine::shipped_connector_files().join(", ");
    Table {
        name: "connectors",
        title: "Connectors",
        about: "What can be written as `kind` in a section [connectors.NAME]",
        head: Vec::new(),
        columns: KIND,
        rows: KINDS.iter().map(|kind| vec![Cell::text(kind.name), Cell::text(kind.about)]).collect(),
        notes: vec![format!("Connector files that come with the program: {shipped}.")],
    }
}

fn columns(context: &Context, args: &Columns) -> Result<Ending, CommandError> {
    let sides: &[Side] = match args.side {
        None => &[Side::Vendor, Side::Psa],
        Some(OfSide::Vendor) => &[Side::Vendor],
        Some(OfSide::Psa) => &[Side::Psa],
    };
    let remembered = engine::remember_columns(&args.folder, sides)?;
    for gap in &remembered.gaps {
        context.ui.warn(&harmless(gap));
    }
    context.ui.result(format!("{}\n", remembered.file.display()))?;
    if !remembered.gaps.is_empty() {
        context.ui.say("Name the missing columns in it: under [FILE.columns], FIELD = \"HEADER\".");
    }
    Ok(Ending::Done)
}

fn lint(context: &Context, file: &Path) -> Result<Ending, CommandError> {
    let faults = engine::lint_connector_file(file)?;
    if faults.is_empty() {
        context.ui.result(format!("{} can be used\n", file.display()))?;
        return Ok(Ending::Done);
    }
    Err(unusable(&faults))
}

/// The mistakes of a connector file as an error.
fn unusable(faults: &[String]) -> CommandError {
    let error = CommandError::new(Kind::Usage, faults.join("\n"));
    error.hint("The files that come with the program are examples: `trueup connectors list` names them.")
}
