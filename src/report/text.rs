//! Tables for a terminal: numbers to the right, wrapped to the width, cut only when asked.
//!
//! Keeps the invariant that nothing in a record can steer the terminal: control characters and marks that turn the writing
//! direction never reach it. No colour unless told.

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, CellAlignment, ContentArrangement, LineStyle};

use crate::report::table::{Column, Table, count, counted, grouped};

/// How to show a table.
#[derive(Debug, Clone, Copy, Default)]
pub struct Screen<'a> {
    /// Columns of the terminal; `None` never wraps.
    pub width: Option<u16>,
    /// Show at most so many rows and name the file that has all.
    pub cut: Option<Cut<'a>>,
    /// Bold headings.
    pub colour: bool,
}

/// Where a long list ends and where the rest is.
#[derive(Debug, Clone, Copy)]
pub struct Cut<'a> {
    /// The most rows shown.
    pub rows_max: usize,
    /// The file with all of them.
    pub see: &'a str,
}

/// The whole report: title, head, rows, totals, notes.
#[must_use]
pub fn render(table: &Table, screen: Screen<'_>) -> String {
    let head: String = table.head.iter().map(|(label, text)| ["  ", label, ": ", text, "\n"].concat()).collect();
    let notes: String = table.notes.iter().map(|note| [note, "\n"].concat()).collect();
    [table.title, "\n", &head, "\n", &rows(table, screen), &totals(table, screen), &notes].concat()
}

/// The rows alone.
#[must_use]
pub fn rows(table: &Table, screen: Screen<'_>) -> String {
    if table.rows.is_empty() {
        return "No rows.\n".to_owned();
    }
    let at = table.screen_columns();
    let columns: Vec<&Column> = at.iter().filter_map(|at| table.columns.get(*at)).collect();
    let heads = columns.iter().map(|c| (c.name, c.kind.is_number()));
    let shown = screen.cut.map_or(table.rows.len(), |cut| cut.rows_max.min(table.rows.len()));
    let lines = table.rows.iter().take(shown).map(|row| {
        at.iter().map(|at| row.get(*at).map(crate::report::table::Cell::shown).unwrap_or_default()).collect()
    });
    let grid = grid(heads, lines, screen);
    match screen.cut.filter(|_| table.rows.len() > shown) {
        Some(cut) => {
            format!("{grid}… {} more, see {}\n", grouped(&count(table.rows.len() - shown).to_string()), cut.see)
        }
        None => grid,
    }
}

/// The totals alone, apart from the rows; a table that sums nothing says how many rows there are.
#[must_use]
pub fn totals(table: &Table, screen: Screen<'_>) -> String {
    let totals = table.totals();
    let rows = counted(count(table.rows.len()), "row");
    let Some(first) = totals.first().filter(|total| !total.sums.is_empty()) else { return format!("{rows}\n") };
    let useful = |name: &str| totals.iter().any(|t| t.sums.iter().any(|(n, sum)| *n == name && sum.amount.is_some()));
    let names: Vec<&str> = first.sums.iter().map(|(name, _)| *name).filter(|name| useful(name)).collect();
    let heads = [("total", false), ("rows", true)].into_iter().chain(names.iter().map(|name| (*name, true)));
    let lines = totals.iter().map(|total| {
        let sums = total.sums.iter().filter(|(name, _)| names.contains(name)).map(|(_, sum)| match sum.amount {
            Some(amount) if sum.unknown > 0 => format!("{} ({} unknown)", grouped(&amount.cents_text()), sum.unknown),
            Some(amount) => grouped(&amount.cents_text()),
            None => "unknown".to_owned(),
        });
        [total.currency.clone(), grouped(&total.rows.to_string())].into_iter().chain(sums).collect()
    });
    format!("{}{rows}\n", grid(heads, lines, screen))
}

fn grid<'h>(
    heads: impl Iterator<Item = (&'h str, bool)>,
    lines: impl Iterator<Item = Vec<String>>,
    screen: Screen<'_>,
) -> String {
    let heads: Vec<(&str, bool)> = heads.collect();
    let mut grid = comfy_table::Table::new();
    grid.load_style(NOTHING.header_separator(LineStyle::new('─', '─', ' ', '─')))
        .set_content_arrangement(ContentArrangement::Dynamic);
    // The caller knows the terminal; the table must not ask it.
    grid.force_no_tty();
    if screen.colour {
        grid.enforce_styling();
    }
    grid.set_width(screen.width.unwrap_or(u16::MAX));
    grid.set_header(heads.iter().map(|(name, _)| {
        let cell = comfy_table::Cell::new(name);
        if screen.colour { cell.add_attribute(Attribute::Bold) } else { cell }
    }));
    for line in lines {
        grid.add_row(line);
    }
    for (at, (_, number)) in heads.iter().enumerate() {
        if let Some(column) = grid.column_mut(at) {
            column.set_cell_alignment(if *number { CellAlignment::Right } else { CellAlignment::Left });
        }
    }
    grid.trim_fmt() + "\n"
}
