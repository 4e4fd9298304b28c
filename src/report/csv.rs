//! Tables as CSV: RFC 4180, UTF-8, ISO dates, plain decimals, one header line, no totals among the rows.
//!
//! Keeps the invariant that no cell of outside text can be taken for a formula by a spreadsheet, while numbers stay
//! numbers: a leading quote goes before text that begins like a formula, never before a negative amount. Control characters
//! other than line breaks and tabs are marked.

use std::borrow::Cow;

use crate::core::outside::{is_formula_like, marked};
use crate::report::ReportError;
use crate::report::table::{Cell, Table};

/// Text that no spreadsheet will run: a quote goes before what begins like a formula.
#[must_use]
pub fn guarded(text: &str) -> Cow<'_, str> {
    if is_formula_like(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// The table as CSV with LF line ends.
///
/// # Errors
/// [`ReportError::Csv`], which writing to memory does not provoke.
pub fn render(table: &Table) -> Result<Vec<u8>, ReportError> {
    let mut lines = writer();
    lines.write_record(table.columns.iter().map(|column| column.name))?;
    for row in &table.rows {
        lines.write_record(row.iter().map(field))?;
    }
    finish(lines)
}

/// A writer of the one dialect all files have.
pub(crate) fn writer() -> csv::Writer<Vec<u8>> {
    csv::WriterBuilder::new().terminator(csv::Terminator::Any(b'\n')).from_writer(Vec::new())
}

/// The bytes of a writer.
pub(crate) fn finish(lines: csv::Writer<Vec<u8>>) -> Result<Vec<u8>, ReportError> {
    lines.into_inner().map_err(|failed| ReportError::Csv(failed.into_error().into()))
}

fn field(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => guarded(&marked(text)).into_owned(),
        Cell::Unknown
        | Cell::Count(_)
        | Cell::Quantity(_)
        | Cell::UnitPrice(_)
        | Cell::Money(_)
        | Cell::Percent(_)
        | Cell::Date(_) => cell.plain(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_character_is_marked_and_a_line_break_stays() {
        let cell = Cell::Text("a\u{1b}[31m\nb".into());
        assert_eq!(field(&cell), "a␛[31m\nb");
    }

    #[test]
    fn text_that_begins_like_a_formula_is_quoted_and_nothing_else() {
        for hostile in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\0=1", "＝1"] {
            assert_eq!(guarded(hostile), format!("'{hostile}"));
        }
        for plain in ["", "Alder - Dental", "'=1", "1=1", "psa:12"] {
            assert_eq!(guarded(plain), plain);
        }
    }
}
