//! `review export` and `review import`: the review as a CSV file or a workbook with a `decision` column, and back.
//!
//! A links file, as `reconcile --links` takes it, is told apart by its heading and taken over whole.
//! Keeps the invariant that a file from outside is read within limits and that each row is followed or named.

use std::path::Path;

use crate::cli::args::Kind as RecordKind;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};
use crate::cli::month::write_whole;
use crate::cli::review::{Said, decide, workbook};
use crate::core::id::{Company, Product};
use crate::core::outside::harmless;
use crate::core::reconcile::Mapping;
use crate::core::review::{self, Filter, ReviewRow};
use crate::core::snapshot::Problem;
use crate::engine::{Board, Decided, Delimited, Engine, Reviewed, read_delimited, read_links};
use crate::report::table::Kind::{Count, Id, Text};
use crate::report::table::{Cell, Column, Table, count, counted};
use crate::report::{csv, xlsx};

/// A review is thousands of rows; a larger file is the wrong file.
const FILE_BYTES_MAX: u64 = 32 << 20;
/// Rows beyond it are not named one by one: the file is the wrong one.
const PROBLEMS_SHOWN: usize = 1_000;

const SHEET: &[Column] = &[
    Column::new("kind", Text),
    Column::new("vendor_id", Id),
    Column::new("vendor_name", Text),
    Column::new("psa_id", Id),
    Column::new("psa_name", Text),
    Column::new("score", Count),
    Column::new("band", Text),
    Column::new("reasons", Text),
    Column::new("runner_up", Text),
    Column::new("status", Text),
    Column::new("decision", Text).filled_in(&review::DECISIONS),
    Column::new("reason", Text),
    Column::new("evidence", Id),
];

#[derive(Clone, Copy)]
enum Form {
    Csv,
    Xlsx,
}

fn form(file: &Path) -> Result<Form, CommandError> {
    let ends = |with: &str| file.extension().is_some_and(|found| found.eq_ignore_ascii_case(with));
    if ends("csv") {
        Ok(Form::Csv)
    } else if ends("xlsx") {
        Ok(Form::Xlsx)
    } else {
        let what = format!("{} is neither .csv nor .xlsx", file.display());
        Err(CommandError::new(Kind::Usage, what).hint("Name a file that ends with .csv or .xlsx."))
    }
}

pub(super) async fn export(
    context: &Context,
    engine: &Engine,
    kind: Option<RecordKind>,
    filter: Filter,
    file: &Path,
) -> Result<Ending, CommandError> {
    let form = form(file)?;
    let _doing = context.ui.doing("exporting the review");
    let mut rows = Vec::new();
    if kind.is_none_or(|kind| kind == RecordKind::Customers) {
        rows.extend(lines(engine.board::<Company>().await?.rows, filter));
    }
    if kind.is_none_or(|kind| kind == RecordKind::Products) {
        rows.extend(lines(engine.board::<Product>().await?.rows, filter));
    }
    let table = Table {
        name: "review",
        title: "Review",
        about: "Write accept, reject, exclude, defer, link:<psa_id> or unlink into the column decision",
        head: Vec::new(),
        columns: SHEET,
        rows,
        notes: Vec::new(),
    };
    let bytes = match form {
        // Without the mark Excel takes the names for Windows-1252; it is read back like any other file's.
        Form::Csv => ["\u{feff}".as_bytes(), &csv::render(&table)?].concat(),
        Form::Xlsx => xlsx::render(context.last_month(), std::slice::from_ref(&table))?,
    };
    write_whole(file, &bytes)?;
    context.ui.say(&format!("Wrote {} to {}.", counted(count(table.rows.len()), "row"), file.display()));
    Ok(Ending::Done)
}

fn lines<E>(mut rows: Vec<ReviewRow<E>>, filter: Filter) -> Vec<Vec<Cell>> {
    rows.retain(|row| filter.shows(row.status));
    let cell = |(column, text): (&Column, String)| match (column.kind, text.parse()) {
        (Count, Ok(number)) => Cell::Count(number),
        (Count, Err(_)) => Cell::Unknown,
        (_, _) => Cell::text(text),
    };
    review::sheet(&rows).into_iter().map(|line| SHEET.iter().zip(line).map(cell).collect()).collect()
}

pub(super) async fn import(
    context: &Context,
    engine: &Engine,
    file: &Path,
    said: Said,
) -> Result<Ending, CommandError> {
    let Delimited { header, rows, problems: flaws } = match form(file)? {
        Form::Csv => read_delimited(file, FILE_BYTES_MAX)?,
        Form::Xlsx => {
            let (header, rows) = workbook::read(file, FILE_BYTES_MAX)?;
            Delimited { header, rows, problems: Vec::new() }
        }
    };
    if is_links(&header) {
        return take_over(context, engine, file, said).await;
    }
    let _doing = context.ui.doing("importing the review");
    let (customers, products) = (engine.board::<Company>().await?, engine.board::<Product>().await?);
    let at = file.file_name().map_or_else(|| file.display().to_string(), |name| name.to_string_lossy().into_owned());
    let mut read = review::read(&at, &header, rows, &today(&customers), &today(&products));
    read.problems.extend(flaws);
    name(context, &read.problems);
    let by = said.by.unwrap_or_else(|| context.who());
    let mut decided = carry_out(engine, read.customers, &by, said.reason.as_ref()).await?;
    let on_products = carry_out(engine, read.products, &by, said.reason.as_ref()).await?;
    decided.done = decided.done.saturating_add(on_products.done);
    decided.refused.extend(on_products.refused);
    ending(context, &decided, read.already, &read.problems, "Mend the rows named above, or export the review again.")
}

/// A review has a column `decision`; a links file has none.
fn is_links(header: &[String]) -> bool {
    let has = |name: &str| header.iter().any(|column| column.trim().eq_ignore_ascii_case(name));
    has("kind") && has("vendorId") && has("psaId") && !has("decision")
}

/// Takes over the links and the bundle recipes of a links file. Each link is a decision; one that stands already is none.
async fn take_over(context: &Context, engine: &Engine, file: &Path, said: Said) -> Result<Ending, CommandError> {
    let (links, problems) = read_links(file, Some(&engine.known().await?))?;
    name(context, &problems);
    let by = said.by.unwrap_or_else(|| context.who());
    let reason = said.reason.unwrap_or_else(|| format!("taken over from {}", file.display()));
    let decided = engine.take_over(&Mapping::from(links), &by, &reason).await?;
    ending(context, &decided, 0, &problems, "Mend the rows named above.")
}

fn name(context: &Context, problems: &[Problem]) {
    for problem in problems.iter().take(PROBLEMS_SHOWN) {
        context.ui.warn(&harmless(&problem.to_string()));
    }
    let more = problems.len().saturating_sub(PROBLEMS_SHOWN);
    if more > 0 {
        context.ui.warn(&format!("… {} more not followed", counted(count(more), "row")));
    }
}

fn ending(
    context: &Context,
    decided: &Decided,
    already: usize,
    unread: &[Problem],
    hint: &str,
) -> Result<Ending, CommandError> {
    let ending = decide::tell(context, decided, already)?;
    match (unread.len(), decided.done.saturating_add(already)) {
        (0, _) => Ok(ending),
        (unread, 0) => {
            let error = CommandError::new(Kind::Usage, format!("{} not followed", counted(count(unread), "row")));
            Err(error.hint(hint))
        }
        (_, _) => Ok(Ending::Partly),
    }
}

fn today<E: Reviewed>(board: &Board<E>) -> review::Board<'_, E> {
    review::Board { rows: &board.rows, psa_names: &board.psa_names, shape: board.shape }
}

async fn carry_out<E: Reviewed>(
    engine: &Engine,
    read: Vec<(u64, review::Intent<E>)>,
    by: &str,
    reason: Option<&String>,
) -> Result<Decided, CommandError> {
    if read.is_empty() {
        return Ok(Decided::default());
    }
    let intents: Vec<_> = read
        .into_iter()
        .map(|(_, intent)| review::Intent { reason: intent.reason.or_else(|| reason.cloned()), ..intent })
        .collect();
    Ok(engine.decide(&intents, by).await?)
}
