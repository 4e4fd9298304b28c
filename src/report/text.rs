//! Tables for a terminal: numbers to the right, wrapped to the width, cut only when asked.
//!
//! Keeps the invariant that nothing in a record can steer the terminal: control characters and marks that turn the writing
//! direction never reach it. No colour unless told.

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Row, Width};

use crate::core::outside::{harmless, harmless_lines};
use crate::report::table::{Cell, Kind, Room, Sum, Table, Total, count, counted, grouped};

/// Blanks between two columns.
const GAP: usize = 2;
/// The least a column of words is worth showing with.
const WORDS_MIN: usize = 10;
/// The most lines of one row in a list that may be cut.
const LINES_MAX: usize = 3;

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
    let notes: String = table.notes.iter().map(|note| [&harmless_lines(note), "\n"].concat()).collect();
    [&opening(table), "\n", &rows(table, screen), &totals(table, screen), &notes].concat()
}

/// The title and the head alone.
#[must_use]
pub fn opening(table: &Table) -> String {
    let line = |(label, text): &(String, String)| ["  ", &harmless(label), ": ", &harmless(text), "\n"].concat();
    let head: String = table.head.iter().map(line).collect();
    [&harmless(table.title), "\n", &head].concat()
}

/// The rows alone. Numbers, codes and days never wrap; where the width leaves too little for the words, columns are
/// left out, and named.
#[must_use]
pub fn rows(table: &Table, screen: Screen<'_>) -> String {
    if table.rows.is_empty() {
        return "No rows.\n".to_owned();
    }
    let shown = screen.cut.map_or(table.rows.len(), |cut| cut.rows_max.min(table.rows.len()));
    let column = |at: usize| Some((at, table.columns.get(at)?));
    let mut grid: Vec<GridColumn> = table
        .screen_columns()
        .into_iter()
        .filter_map(column)
        .map(|(at, column)| GridColumn {
            head: column.name.to_owned(),
            number: column.kind.is_number(),
            words: column.kind == Kind::Text,
            room: column.room,
            cells: table.rows.iter().take(shown).map(|row| row.get(at).map(Cell::shown).unwrap_or_default()).collect(),
        })
        .collect();
    let left_out = fit(&mut grid, screen.width);
    let mut out = vec![draw(&grid, screen)];
    if !left_out.is_empty() {
        out.push(format!("No room for: {}.\n", left_out.join(", ")));
    }
    if let Some(cut) = screen.cut.filter(|_| table.rows.len() > shown) {
        out.push(format!("… {} more, see {}\n", grouped(&count(table.rows.len() - shown).to_string()), cut.see));
    }
    out.concat()
}

/// The totals alone, apart from the rows; a table that sums nothing says how many rows there are.
#[must_use]
pub fn totals(table: &Table, screen: Screen<'_>) -> String {
    let totals = table.totals();
    let rows = counted(count(table.rows.len()), "row");
    let names: Vec<&str> = table
        .screen_sums()
        .into_iter()
        .filter(|name| totals.iter().any(|total| sum_of(total, name).is_some_and(|sum| sum.amount.is_some())))
        .collect();
    if names.is_empty() {
        return format!("\n{rows}\n");
    }
    let plain = |head: &str, number, cells| GridColumn {
        head: head.to_owned(),
        number,
        words: false,
        room: Room::Always,
        cells,
    };
    let mut grid = vec![
        plain("total", false, totals.iter().map(|total| total.currency.clone()).collect()),
        plain("rows", true, totals.iter().map(|total| grouped(&total.rows.to_string())).collect()),
    ];
    for name in names {
        let cells = totals.iter().map(|total| sum_of(total, name).map(sum_in_words).unwrap_or_default()).collect();
        grid.push(plain(name, true, cells));
    }
    format!("\n{}{rows}\n", draw(&grid, screen))
}

fn sum_of<'t>(total: &'t Total, name: &str) -> Option<&'t Sum> {
    total.sums.iter().find(|(column, _)| *column == name).map(|(_, sum)| sum)
}

fn sum_in_words(sum: &Sum) -> String {
    match sum.amount {
        Some(amount) if sum.unknown > 0 => format!("{} ({} unknown)", grouped(&amount.cents_text()), sum.unknown),
        Some(amount) => grouped(&amount.cents_text()),
        None => "unknown".to_owned(),
    }
}

struct GridColumn {
    head: String,
    number: bool,
    words: bool,
    room: Room,
    cells: Vec<String>,
}

impl GridColumn {
    /// What it needs when only its heading may wrap.
    fn width(&self) -> usize {
        let longest = |texts: &mut dyn Iterator<Item = &str>| texts.map(|text| text.chars().count()).max().unwrap_or(0);
        longest(&mut self.cells.iter().map(String::as_str)).max(longest(&mut self.head.split(' ')))
    }
}

/// Takes columns away from the right until the rest has room, and names them: first those for wide terminals, then words.
fn fit(grid: &mut Vec<GridColumn>, width: Option<u16>) -> Vec<String> {
    let mut left_out = Vec::new();
    let Some(width) = width.map(usize::from) else { return left_out };
    let needed = |column: &GridColumn| GAP + if column.words { WORDS_MIN.min(column.width()) } else { column.width() };
    while grid.iter().map(needed).sum::<usize>() > width {
        let of_words = grid.iter().filter(|column| column.words).count();
        let wide = grid.iter().rposition(|column| column.room == Room::WhenWide);
        let last = wide.or_else(|| grid.iter().rposition(|column| column.words && of_words > 1));
        let Some(last) = last else { break };
        left_out.insert(0, grid.remove(last).head);
    }
    left_out
}

fn draw(columns: &[GridColumn], screen: Screen<'_>) -> String {
    let mut grid = comfy_table::Table::new();
    grid.load_style(NOTHING.header_separator(LineStyle::none().fill('─')));
    grid.set_content_arrangement(ContentArrangement::Dynamic);
    // The caller knows the terminal; the table must not ask it.
    grid.force_no_tty();
    if screen.colour {
        grid.enforce_styling();
    }
    grid.set_width(screen.width.unwrap_or(u16::MAX));
    grid.set_header(columns.iter().map(|column| {
        let cell = comfy_table::Cell::new(&column.head);
        if screen.colour { cell.add_attribute(Attribute::Bold) } else { cell }
    }));
    let rows = columns.iter().map(|column| column.cells.len()).max().unwrap_or(0);
    for row in 0..rows {
        let mut line = Row::from(columns.iter().map(|column| cell(column.cells.get(row).map_or("", String::as_str))));
        if screen.cut.is_some() {
            line.max_height(LINES_MAX);
        }
        grid.add_row(line);
    }
    for (at, column) in columns.iter().enumerate() {
        let Some(drawn) = grid.column_mut(at) else { continue };
        drawn.set_padding((0, u16::try_from(GAP).unwrap_or(0)));
        drawn.set_cell_alignment(if column.number { CellAlignment::Right } else { CellAlignment::Left });
        if !column.words {
            let width = u16::try_from(column.width() + GAP).unwrap_or(u16::MAX);
            drawn.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width)));
        }
    }
    grid.trim_fmt() + "\n"
}

/// A code without a blank is broken at its underscores.
fn cell(text: &str) -> comfy_table::Cell {
    let cell = comfy_table::Cell::new(text);
    if text.contains('_') && !text.contains(' ') { cell.set_delimiter('_') } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_of_a_report_steers_the_terminal() {
        let outside = "a\u{1b}[31m\u{202e}\r\nb";
        let head = vec![(outside.to_owned(), outside.to_owned())];
        let notes = vec![outside.to_owned()];
        let table = Table { name: "t", title: "T", about: "", head, columns: &[], rows: vec![], notes };
        assert!(!render(&table, Screen::default()).contains(['\u{1b}', '\u{202e}', '\r']));
    }
}
