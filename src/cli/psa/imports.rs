//! `trueup psa imports`: import files handed over, and what became of them.
//!
//! Keeps the invariant that a row counts as imported only by what an export shows, what the system answered, or a person's word.

use std::path::PathBuf;

use clap::Subcommand;

use crate::cli::args::Shown;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};
use crate::cli::journal::State;
use crate::cli::ui::unasked;
use crate::core::outside::harmless;
use crate::engine::{self, HandedOver, ImportState, JournalEntry, LeftOut, Receipt, RowEnd, WriteOutcome};
use crate::report::table::Kind::{Count, Id, Text};
use crate::report::table::{Cell, Column, Table, counted};

#[derive(Debug, Subcommand)]
pub(super) enum Imports {
    List(List),
    HandOver(HandOver),
    Receipt(Received),
}

/// List the import files, and the changes that wait for the next one
///
/// Reads the database and the folder of the import files only.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup psa imports list")]
pub(super) struct List {
    #[command(flatten)]
    of: Of,
}

/// Put every change that waits into an import file
///
/// A file appears whole, under a number that was never used; no file is overwritten. A change whose record is no longer as it was
/// when it was decided on is left out and closed as not sent. What came of a row is not known until an export shows it or there is a
/// receipt.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup psa imports hand-over")]
pub(super) struct HandOver {
    #[command(flatten)]
    of: Of,
}

/// Confirm what was imported
///
/// Looks at the export first; what it shows is settled. The other rows are settled by the system's own answer, as import.toml says
/// it is to be read, or by your word for all of them. An answer or a file that does not fit what was handed over is refused.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  trueup psa imports receipt Kunden-0001.csv\n  trueup psa imports receipt Kunden-0001.csv --answer Protokoll.csv\n  trueup psa imports receipt Kunden-0001.csv --imported --reason \"the log shows no error\""
)]
pub(super) struct Received {
    /// The import file: its name, or where it lies now
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What the system answered, a CSV file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["imported", "refused"])]
    answer: Option<PathBuf>,
    /// Say that every row was imported
    #[arg(long, requires = "reason", conflicts_with = "refused")]
    imported: bool,
    /// Say that no row was imported
    #[arg(long, requires = "reason")]
    refused: bool,
    /// How you know
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    of: Of,
}

/// Whose, and how it is shown.
#[derive(Debug, clap::Args)]
struct Of {
    /// Use this connection [default: the only one with import files]
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    #[command(flatten)]
    shown: Shown,
}

impl Imports {
    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        match self {
            Self::List(list) => list.run(context).await,
            Self::HandOver(hand_over) => {
                context.sends()?;
                hand_over.run(context).await
            }
            Self::Receipt(receipt) => {
                context.sends()?;
                receipt.run(context).await
            }
        }
    }
}

const FILES: &[Column] = &[
    Column::new("file", Text),
    Column::new("rows", Count),
    Column::new("open", Count),
    Column::new("in the folder", Text),
    Column::new("sha-256", Id).in_files(),
];

impl List {
    async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let config = context.config()?;
        let psa = engine::importing(&config, self.of.connection.as_deref())?;
        let (states, waiting) = context.engine(&config).await?.import_files(&psa).await?;
        let mut notes: Vec<String> = waiting.iter().map(waits).collect();
        if !waiting.is_empty() {
            notes.push("`trueup psa imports hand-over` puts what waits into a file.".to_owned());
        }
        if states.iter().any(|state| state.open > 0) {
            notes.push("`trueup psa imports receipt FILE` settles open rows.".to_owned());
        }
        let table = Table {
            name: "import-files",
            title: "Import files",
            about: "Files that were handed over, how many of their rows nobody knows the end of, and what waits",
            head: vec![("waiting".to_owned(), waiting.len().to_string())],
            columns: FILES,
            rows: states.iter().map(file).collect(),
            notes,
        };
        self.of.shown.show(&context.ui, &table)?;
        Ok(Ending::Done)
    }
}

fn file(state: &ImportState) -> Vec<Cell> {
    let slip = &state.slip;
    vec![
        Cell::text(&slip.file),
        number(slip.rows.len()),
        number(state.open),
        Cell::text(if state.is_there { "yes" } else { "no" }),
        Cell::text(slip.sha256.as_str()),
    ]
}

fn number(count: usize) -> Cell {
    Cell::Count(u64::try_from(count).unwrap_or(u64::MAX))
}

fn waits(entry: &JournalEntry) -> String {
    format!("write {} waits: {}, {}", entry.id, entry.operation, harmless(&entry.subject))
}

const HANDED: &[Column] =
    &[Column::new("file", Text), Column::new("rows", Count), Column::new("where", Text), Column::new("sha-256", Id)];

impl HandOver {
    async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let config = context.config()?;
        let psa = engine::importing(&config, self.of.connection.as_deref())?;
        let engine = context.engine(&config).await?;
        let doing = context.ui.doing("hand over");
        let (files, left) = engine.hand_over(&psa).await?;
        drop(doing);
        for LeftOut { entry, why } in &left {
            context.ui.warn(&format!(
                "write {} ({}, {}) is left out and closed as not sent: {why}",
                entry.id, entry.operation, entry.subject
            ));
        }
        let row = |handed: &HandedOver| {
            let path = handed.path.display().to_string();
            vec![Cell::text(&handed.file), number(handed.rows), Cell::text(path), Cell::text(handed.sha256.as_str())]
        };
        let next = if files.is_empty() {
            "Nothing waits."
        } else {
            "Import them; `trueup psa imports receipt FILE` then confirms it."
        };
        let table = Table {
            name: "handed-over",
            title: "Handed over",
            about: "Import files made now; what becomes of their rows is not known yet",
            head: Vec::new(),
            columns: HANDED,
            rows: files.iter().map(row).collect(),
            notes: vec![next.to_owned()],
        };
        self.of.shown.show(&context.ui, &table)?;
        Ok(if left.is_empty() { Ending::Done } else { Ending::Partly })
    }
}

const ROWS: &[Column] = &[
    Column::new("row", Count),
    Column::new("write", Count),
    Column::new("operation", Text),
    Column::new("subject", Text),
    Column::new("state", Text),
    Column::new("said", Text),
];

impl Received {
    fn receipt(&self) -> Result<Receipt, CommandError> {
        let word = self.imported || self.refused;
        match (&self.answer, word, &self.reason) {
            (Some(answer), _, None) => Ok(Receipt::Answer(answer.clone())),
            (None, true, Some(reason)) if !reason.trim().is_empty() => {
                Ok(Receipt::Word { imported: self.imported, reason: reason.clone() })
            }
            (None, true, _) => Err(CommandError::new(Kind::Usage, "--reason: a text expected, found none")),
            (None, false, None) => Ok(Receipt::Export),
            (_, _, Some(_)) => Err(CommandError::new(Kind::Usage, "--reason is for --imported and --refused")),
        }
    }

    async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let receipt = self.receipt()?;
        let config = context.config()?;
        let psa = engine::importing(&config, self.of.connection.as_deref())?;
        let engine = context.engine(&config).await?;
        if let (Receipt::Word { imported, .. }, false) = (&receipt, self.yes) {
            let what = if *imported { "was imported" } else { "was not imported" };
            let question = format!("Note that every open row of {} {what}? [y/N]", self.file.display());
            let unasked = unasked("Nothing was noted. Run it again with --yes.");
            if !context.ui.agreed(&question, unasked)? {
                return Err(CommandError::new(Kind::Refused, "not agreed to, and nothing was noted"));
            }
        }
        let doing = context.ui.doing("receipt");
        let (slip, rows) = engine.receive(&psa, &self.file, &receipt).await?;
        drop(doing);
        for row in rows.iter().filter(|row| row.contradicts) {
            context.ui.warn(&format!("row {}: the export shows it, and the receipt says it was not imported", row.row));
        }
        let count = |is: fn(&RowEnd) -> bool| rows.iter().filter(|row| is(row)).count();
        let open = count(|row| row.outcome.is_open());
        let good = count(|row| matches!(row.outcome, WriteOutcome::Done | WriteOutcome::Happened));
        let told = format!(
            "{good} of {} imported, {} not, {open} not known yet",
            counted(u64::try_from(rows.len()).unwrap_or(u64::MAX), "row"),
            rows.len().saturating_sub(good).saturating_sub(open)
        );
        let table = Table {
            name: "receipt",
            title: "Receipt",
            about: "What is known of each row of an import file",
            head: vec![("file".to_owned(), slip.file), ("sha-256".to_owned(), slip.sha256.as_str().to_owned())],
            columns: ROWS,
            rows: rows.iter().map(row).collect(),
            notes: vec![told],
        };
        self.of.shown.show(&context.ui, &table)?;
        Ok(if good == rows.len() { Ending::Done } else { Ending::Partly })
    }
}

fn row(end: &RowEnd) -> Vec<Cell> {
    vec![
        number(end.row),
        Cell::Count(u64::try_from(end.entry.id.number()).unwrap_or_default()),
        Cell::text(&end.entry.operation),
        Cell::text(&end.entry.subject),
        Cell::text(State::of(end.outcome).word()),
        Cell::text(&end.said),
    ]
}
