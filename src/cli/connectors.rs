//! `trueup connectors`: which systems can be connected, and how.

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
    Describe(Describe),
    Lint(Lint),
    Columns(Columns),
}

/// List the kinds of connectors
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup connectors list")]
struct List {
    #[command(flatten)]
    shown: Shown,
}

/// Describe the settings of one kind
///
/// For files also the fields of each file, and the keys of the columns.toml that says how a folder's files are read.
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
    pub(super) fn run(self, context: &Context) -> Result<Ending, CommandError> {
        match self.verb {
            Verb::List(args) => args.shown.show(&context.ui, &kinds())?,
            Verb::Describe(args) => args.shown.show(&context.ui, &describe(&args.kind)?)?,
            Verb::Lint(args) => return lint(context, &args.file),
            Verb::Columns(args) => return columns(context, &args),
        }
        Ok(Ending::Done)
    }
}

const KIND: &[Column] = &[Column::new("kind", Text), Column::new("reads", Text)];
const SETTING: &[Column] = &[Column::new("setting", Text), Column::new("what", Text), Column::new("default", Text)];

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

fn describe(name: &str) -> Result<Table, CommandError> {
    let Some(kind) = KINDS.iter().find(|kind| kind.name == name) else {
        let known = KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ");
        let error = CommandError::new(Kind::Usage, format!("there is no kind of connector `{name}`"));
        return Err(error.hint(format!("There are {known}.")));
    };
    let settings = kind.settings.iter().map(|one| [one.key, one.about, one.default].map(Cell::text).to_vec());
    let mut rows: Vec<Vec<Cell>> = settings.collect();
    let mut notes = vec!["A secret is written as { env = \"VARIABLE\" } or { file = \"PATH\" }.".to_owned()];
    if kind.name == "files" {
        rows.extend(engine::export_fields().iter().map(|field| {
            let name = format!("{}: {}", field.file, field.name);
            let default = if field.required { "required" } else { "may be missing" };
            [name.as_str(), field.about.as_str(), default].map(Cell::text).to_vec()
        }));
        notes = vec![
            "`FILE: FIELD` is a column of the file FILE.csv or FILE.json; upper case, blanks, _ - and . do not matter."
                .to_owned(),
            "`columns.toml: KEY` is written in the folder, under [FILE]; `trueup connectors columns DIR` writes a first one."
                .to_owned(),
        ];
    }
    notes.push("`default = true` says which is meant where several connections of a kind are configured.".to_owned());
    Ok(Table {
        name: "settings",
        title: "Settings",
        about: "What can be written in a section [connectors.NAME] of this kind, besides kind and side",
        head: vec![("kind".to_owned(), kind.name.to_owned()), ("reads".to_owned(), kind.about.to_owned())],
        columns: SETTING,
        rows,
        notes,
    })
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
    let error = CommandError::new(Kind::Usage, faults.join("\n"));
    Err(error.hint("The files that come with the program are examples: `trueup connectors list` names them."))
}
