//! The workbook: one sheet per report, totals on a sheet of their own, and a first sheet that says what it is.
//!
//! Keeps the invariants that numbers are numbers, dates are dates and text is text (never a formula), that a number with
//! more digits than a spreadsheet keeps is written as text rather than cut, and that the same tables give the same bytes.

use chrono::{Datelike, NaiveDate};
use rust_xlsxwriter::{
    Color, DataValidation, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet,
};

use crate::core::outside::is_formula_like;
use crate::core::period::BillingPeriod;
use crate::report::ReportError;
use crate::report::table::{Cell, Kind, Table};

/// A sheet has 1,048,576 rows; one is the heading, one may say what is missing.
const ROWS_MAX: usize = 1_048_574;
/// A cell holds at most so many characters.
const TEXT_MAX: usize = 32_767;
/// A spreadsheet keeps so many significant digits.
const DIGITS_MAX: usize = 15;

struct Formats {
    heading: Format,
    text: Format,
    quoted: Format,
    wrapped: Format,
}

/// The workbook of some reports.
///
/// # Errors
/// [`ReportError::Xlsx`].
pub fn render(period: BillingPeriod, tables: &[Table]) -> Result<Vec<u8>, ReportError> {
    bound(&format!("Reconciliation {period}"), period.first_day(), tables)
}

/// The same of reports that are of a day and not of a month.
///
/// # Errors
/// [`ReportError::Xlsx`].
pub fn bound(title: &str, day: NaiveDate, tables: &[Table]) -> Result<Vec<u8>, ReportError> {
    let mut book = Workbook::new();
    // The time of writing would make every copy differ; the day of the report stands in for it.
    let created = moment(day)?;
    book.set_properties(&DocProperties::new().set_title(title).set_creation_datetime(&created));
    let text = Format::new().set_align(FormatAlign::Top);
    let formats = Formats {
        heading: Format::new()
            .set_bold()
            .set_background_color(Color::RGB(0x00E8_EDF3))
            .set_border_bottom(FormatBorder::Thin),
        quoted: text.clone().set_quote_prefix(),
        wrapped: text.clone().set_text_wrap(),
        text,
    };
    about(book.add_worksheet(), title, tables, &formats)?;
    for table in tables {
        sheet(book.add_worksheet(), table, &formats)?;
    }
    totals(book.add_worksheet(), tables, &formats)?;
    Ok(book.save_to_buffer()?)
}

fn about(sheet: &mut Worksheet, title: &str, tables: &[Table], formats: &Formats) -> Result<(), ReportError> {
    sheet.set_name("about")?.set_column_width(0, 22)?.set_column_width(1, 110)?;
    sheet.write_string_with_format(0, 0, title, &formats.heading)?;
    let head = tables.first().map(|table| table.head.clone()).unwrap_or_default();
    let reports = tables.iter().map(|t| (t.name.to_owned(), format!("{} {} rows.", t.about, t.rows.len())));
    let notes = tables.iter().flat_map(|t| t.notes.iter().map(|note| (format!("{}: note", t.name), note.clone())));
    for (row, (label, text)) in (2u32..).zip(head.into_iter().chain(reports).chain(notes)) {
        sheet.write_string_with_format(row, 0, label, &formats.text)?;
        sheet.write_string_with_format(
            row,
            1,
            fitted(&text),
            if is_formula_like(&text) { &formats.quoted } else { &formats.wrapped },
        )?;
    }
    Ok(())
}

fn sheet(sheet: &mut Worksheet, table: &Table, formats: &Formats) -> Result<(), ReportError> {
    sheet.set_name(table.name)?.set_freeze_panes(1, 0)?.set_landscape().set_repeat_rows(0, 0)?;
    for (at, column) in (0u16..).zip(table.columns) {
        sheet.write_string_with_format(0, at, column.name, &formats.heading)?;
        sheet.set_column_width(at, width(table, usize::from(at)))?;
    }
    let by_column: Vec<Format> = table.columns.iter().map(|column| format(column.kind, formats)).collect();
    for (row, cells) in (1u32..).zip(table.rows.iter().take(ROWS_MAX)) {
        for (at, (cell, format)) in (0u16..).zip(cells.iter().zip(&by_column)) {
            write(sheet, (row, at), cell, (format, formats))?;
        }
    }
    let last_row = u32::try_from(table.rows.len().min(ROWS_MAX)).unwrap_or(0);
    if table.rows.len() > ROWS_MAX {
        let missing = format!("{} rows more than a sheet holds: see {}.csv", table.rows.len() - ROWS_MAX, table.name);
        sheet.write_string_with_format(last_row + 1, 0, missing, &formats.text)?;
    }
    for (at, column) in (0u16..).zip(table.columns).filter(|(_, column)| !column.choices.is_empty() && last_row > 0) {
        // Offered, not forced: a word that names a record is not on the list.
        let offered = DataValidation::new().allow_list_strings(column.choices)?.show_error_message(false);
        sheet.add_data_validation(1, at, last_row, at, &offered)?;
    }
    if let Some(last_column) = u16::try_from(table.columns.len()).unwrap_or(0).checked_sub(1) {
        sheet.autofilter(0, 0, last_row, last_column)?;
    }
    Ok(())
}

fn totals(sheet: &mut Worksheet, tables: &[Table], formats: &Formats) -> Result<(), ReportError> {
    const HEADINGS: [(&str, u16); 6] =
        [("report", 22), ("currency", 10), ("rows", 10), ("column", 22), ("total", 18), ("rows unknown", 14)];
    sheet.set_name("totals")?.set_freeze_panes(1, 0)?;
    for (at, (heading, width)) in (0u16..).zip(HEADINGS) {
        sheet.write_string_with_format(0, at, heading, &formats.heading)?;
        sheet.set_column_width(at, width)?;
    }
    let lines = tables.iter().flat_map(|table| {
        table.totals().into_iter().flat_map(move |total| {
            let (currency, rows) = (total.currency, total.rows);
            total.sums.into_iter().map(move |(column, sum)| {
                [
                    (Cell::text(table.name), Kind::Text),
                    (Cell::text(&currency), Kind::Currency),
                    (Cell::Count(rows), Kind::Count),
                    (Cell::text(column), Kind::Text),
                    (Cell::amount(sum.amount), Kind::Money),
                    (Cell::Count(sum.unknown), Kind::Count),
                ]
            })
        })
    });
    let mut last_row = 0;
    for (row, cells) in (1u32..).zip(lines) {
        last_row = row;
        for (at, (cell, kind)) in (0u16..).zip(&cells) {
            write(sheet, (row, at), cell, (&format(*kind, formats), formats))?;
        }
    }
    sheet.autofilter(0, 0, last_row, 5)?;
    Ok(())
}

fn format(kind: Kind, formats: &Formats) -> Format {
    let pattern = match kind {
        Kind::Text | Kind::Id | Kind::Currency => return formats.text.clone(),
        Kind::Count => "0",
        Kind::Quantity => "General",
        Kind::UnitPrice => "#,##0.00########",
        Kind::Money => "#,##0.00;[Red]-#,##0.00",
        Kind::Percent => "0.0",
        Kind::Date => "yyyy-mm-dd",
    };
    formats.text.clone().set_num_format(pattern)
}

fn write(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    cell: &Cell,
    (format, formats): (&Format, &Formats),
) -> Result<(), ReportError> {
    match cell {
        Cell::Unknown => {}
        Cell::Text(text) => {
            let format = if is_formula_like(text) { &formats.quoted } else { format };
            sheet.write_string_with_format(row, column, fitted(text), format)?;
        }
        Cell::Date(day) => {
            sheet.write_datetime_with_format(row, column, moment(*day)?, format)?;
        }
        Cell::Count(_) | Cell::Quantity(_) | Cell::UnitPrice(_) | Cell::Money(_) | Cell::Percent(_) => {
            let plain = cell.plain();
            match number(&plain) {
                Some(number) => sheet.write_number_with_format(row, column, number, format)?,
                None => sheet.write_string_with_format(row, column, plain, &formats.text)?,
            };
        }
    }
    Ok(())
}

/// The number as a spreadsheet keeps it; `None` when it would lose a digit.
fn number(plain: &str) -> Option<f64> {
    let digits = plain.bytes().filter(u8::is_ascii_digit).skip_while(|digit| *digit == b'0').count();
    if digits > DIGITS_MAX { None } else { plain.parse().ok() }
}

fn moment(day: NaiveDate) -> Result<ExcelDateTime, ReportError> {
    let part = |n: u32| u8::try_from(n).unwrap_or(1);
    Ok(ExcelDateTime::from_ymd(u16::try_from(day.year()).unwrap_or(1900), part(day.month()), part(day.day()))?)
}

fn fitted(text: &str) -> String {
    text.chars().take(TEXT_MAX).collect()
}

fn width(table: &Table, at: usize) -> u16 {
    const LOOKED_AT_MAX: usize = 200;
    let heading = table.columns.get(at).map_or(0, |column| column.name.len() + 3);
    let longest =
        table.rows.iter().take(LOOKED_AT_MAX).filter_map(|row| row.get(at)).map(|cell| cell.shown().chars().count());
    u16::try_from(longest.max().unwrap_or(0).max(heading).clamp(8, 60) + 1).unwrap_or(60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_number_unless_a_digit_would_be_lost() {
        assert_eq!(number("-12.50"), Some(-12.5));
        assert_eq!(number("0.000000123456789012345"), Some(0.000_000_123_456_789_012_345));
        assert_eq!(number("1234567890123456.78"), None);
    }
}
