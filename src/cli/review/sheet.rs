//! `review export` and `review import`: the review as a CSV file or a workbook with a `decision` column, and back.
//!
//! A links file, as `reconcile --links` takes it, is told apart by its heading and taken over whole.
//! Keeps the invariant that a file from outside is read within limits and that each row is followed or named.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use calamine::{Data, DataRef, Reader, Xlsx};

use crate::cli::args::Kind as RecordKind;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};
use crate::cli::month::write_whole;
use crate::cli::review::{Said, decide};
use crate::core::id::{Company, Product};
use crate::core::reconcile::Mapping;
use crate::core::review::{self, COLUMNS, Filter, ReviewRow};
use crate::core::snapshot::Problem;
use crate::engine::{Board, Decided, Engine, Reviewed, read_links};
use crate::report::table::Kind::{Id, Text};
use crate::report::table::{Cell, Column, Table, count, counted, harmless};
use crate::report::{csv, xlsx};

/// A review is thousands of rows; a larger file is the wrong file.
const FILE_BYTES_MAX: u64 = 32 << 20;
/// Cells of a workbook, whatever it says of its size.
const CELLS_MAX: usize = 5_000_000;
/// Rows beyond it are not named one by one: the file is the wrong one.
const PROBLEMS_SHOWN: usize = 1_000;

const SHEET: &[Column] = &[
    Column::new("kind", Text),
    Column::new("vendor_id", Id),
    Column::new("vendor_name", Text),
    Column::new("psa_id", Id),
    Column::new("psa_name", Text),
    Column::new("score", Text),
    Column::new("band", Text),
    Column::new("reasons", Text),
    Column::new("runner_up", Text),
    Column::new("status", Text),
    Column::new("decision", Text),
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
        Form::Csv => csv::render(&table)?,
        Form::Xlsx => xlsx::render(context.last_month(), std::slice::from_ref(&table))?,
    };
    write_whole(file, &bytes)?;
    context.ui.say(&format!("Wrote {} to {}.", counted(count(table.rows.len()), "row"), file.display()));
    Ok(Ending::Done)
}

fn lines<E>(mut rows: Vec<ReviewRow<E>>, filter: Filter) -> Vec<Vec<Cell>> {
    rows.retain(|row| filter.shows(row.status));
    review::sheet(&rows).into_iter().map(|line| line.map(Cell::text).to_vec()).collect()
}

pub(super) async fn import(
    context: &Context,
    engine: &Engine,
    file: &Path,
    said: Said,
) -> Result<Ending, CommandError> {
    let (header, rows) = match form(file)? {
        Form::Csv => read_csv(file)?,
        Form::Xlsx => read_xlsx(file)?,
    };
    if is_links(&header) {
        return take_over(context, engine, file, said).await;
    }
    let (customers, products) = (engine.board::<Company>().await?, engine.board::<Product>().await?);
    let at = file.file_name().map_or_else(|| file.display().to_string(), |name| name.to_string_lossy().into_owned());
    let read = review::read(&at, &header, rows, &today(&customers), &today(&products));
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
    let (links, problems) = read_links(file)?;
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

type Sheet = (Vec<String>, Vec<(u64, Vec<String>)>);

fn unreadable(file: &Path, what: &str) -> CommandError {
    CommandError::new(Kind::Failed, format!("{} cannot be read: {what}", file.display()))
}

fn check_size(file: &Path) -> Result<(), CommandError> {
    let bytes = fs::metadata(file).map_err(|error| unreadable(file, &error.to_string()))?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(unreadable(file, &format!("it has {bytes} bytes; {FILE_BYTES_MAX} are read at most")));
    }
    Ok(())
}

fn read_csv(file: &Path) -> Result<Sheet, CommandError> {
    check_size(file)?;
    let failed = |error: &::csv::Error| unreadable(file, &error.to_string());
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_path(file)
        .map_err(|error| failed(&error))?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| failed(&error))?;
        let line = record.position().map_or(0, ::csv::Position::line);
        rows.push((line, record.iter().map(str::to_owned).collect()));
    }
    split(file, rows)
}

fn read_xlsx(file: &Path) -> Result<Sheet, CommandError> {
    check_size(file)?;
    let failed = |what: String| unreadable(file, &what);
    let opened = File::open(file).map_err(|error| failed(error.to_string()))?;
    let mut book = Xlsx::new(BufReader::new(opened)).map_err(|error| failed(error.to_string()))?;
    // The sheet is found by its name, wherever a spreadsheet program has put it.
    let name = book.sheet_names().into_iter().find(|name| name.eq_ignore_ascii_case("review"));
    let name = name.ok_or_else(|| failed("it has no sheet `review`".to_owned()))?;
    let mut cells = book.worksheet_cells_reader(&name).map_err(|error| failed(error.to_string()))?;
    let mut rows: Vec<(u64, Vec<String>)> = Vec::new();
    let mut seen = 0_usize;
    while let Some(cell) = cells.next_cell().map_err(|error| failed(error.to_string()))? {
        seen = seen.saturating_add(1);
        if seen > CELLS_MAX {
            return Err(failed(format!("it has more than {CELLS_MAX} cells")));
        }
        let (row, column) = cell.get_position();
        let number = u64::from(row).saturating_add(1);
        if rows.last().is_none_or(|(last, _)| *last != number) {
            rows.push((number, Vec::new()));
        }
        let Some((_, line)) = rows.last_mut() else { continue };
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        // Columns far to the right are none of ours, and a far cell must not make a wide row.
        if column < COLUMNS.len().saturating_mul(8) {
            line.resize(line.len().max(column.saturating_add(1)), String::new());
            if let Some(slot) = line.get_mut(column) {
                *slot = plain(cell.get_value());
            }
        }
    }
    split(file, rows)
}

fn plain(value: &DataRef<'_>) -> String {
    Data::from(value.clone()).to_string()
}

/// The heading and what is below it.
fn split(file: &Path, rows: Vec<(u64, Vec<String>)>) -> Result<Sheet, CommandError> {
    let mut rows = rows.into_iter();
    let header = rows.next().map(|(_, header)| header).ok_or_else(|| unreadable(file, "it is empty"))?;
    Ok((header, rows.collect()))
}
