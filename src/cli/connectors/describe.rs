//! `trueup connectors describe`: the settings of a kind, or a connector file in words.

use std::path::Path;

use super::unusable;
use crate::cli::args::Shown;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Kind};
use crate::engine::{self, Described, KINDS};
use crate::report::table::Kind::Text;
use crate::report::table::{Cell, Column, Table};

/// Describe the settings of one kind, or what a connector file reads and writes
///
/// For a connector file: what has to be filled in, which lists it reads, where each field stands, what can be written and how,
/// and what is not possible. For files also the fields of each file, and the keys of the columns.toml that says how a folder's
/// files are read.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  trueup connectors describe pax8\n  trueup connectors describe acme-psa.toml\n  \
                        trueup connectors describe builtin:connectwise")]
pub(super) struct Args {
    /// The kind, as `trueup connectors list` names it, or a connector file, one that comes with the program too
    #[arg(value_name = "KIND|FILE")]
    what: String,
    #[command(flatten)]
    shown: Shown,
}

impl Args {
    pub(super) fn run(&self, context: &Context) -> Result<(), CommandError> {
        let is_file = self.what.starts_with("builtin:")
            || Path::new(&self.what).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml"));
        let table = if is_file {
            let described = engine::describe_connector_file(&self.what)?;
            file(&self.what, described.map_err(|faults| unusable(&faults))?)
        } else {
            kind(&self.what)?
        };
        self.shown.show(&context.ui, &table)
    }
}

const SETTING: &[Column] = &[Column::new("setting", Text), Column::new("what", Text), Column::new("default", Text)];
const LINE: &[Column] =
    &[Column::new("of", Text), Column::new("name", Text), Column::new("can", Text), Column::new("how", Text)];

fn file(name: &str, described: Described) -> Table {
    let row = |line: engine::DescribedLine| [line.of, line.name, line.can, line.how].map(Cell::text).to_vec();
    Table {
        name: "connector_file",
        title: "Connector file",
        about: "What the file asks for, reads and writes",
        head: vec![("file".to_owned(), name.to_owned()), ("system".to_owned(), described.system)],
        columns: LINE,
        rows: described.lines.into_iter().map(row).collect(),
        notes: described.impossible,
    }
}

fn kind(name: &str) -> Result<Table, CommandError> {
    let Some(kind) = KINDS.iter().find(|kind| kind.name == name) else {
        let known = KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ");
        let error = CommandError::new(Kind::Usage, format!("there is no kind of connector `{name}`"));
        return Err(error.hint(format!("There are {known}; a connector file ends with .toml.")));
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
            "`import.toml: KEY` is written in the folder that `import` names, under [customer], [product] or [line], `result` below it."
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
