//! Tables as JSON: one object per report, rows as objects under the column names.
//!
//! Keeps the invariant that no reader can lose a digit: quantities, prices, amounts and percentages are strings of plain
//! decimals, counts are numbers, and what is not known is `null`.

use serde_json::{Map, Value, json};

use crate::core::money::Amount;
use crate::report::ReportError;
use crate::report::table::{Cell, Kind, Table};

/// The table with its head, totals and notes.
///
/// # Errors
/// [`ReportError::Json`], which writing to memory does not provoke.
pub fn render(table: &Table) -> Result<Vec<u8>, ReportError> {
    let columns: Vec<Value> = table.columns.iter().map(|c| json!({ "name": c.name, "kind": kind(c.kind) })).collect();
    let rows: Vec<Value> = table
        .rows
        .iter()
        .map(|row| {
            table.columns.iter().zip(row).map(|(c, cell)| (c.name.to_owned(), value(cell))).collect::<Map<_, _>>()
        })
        .map(Value::Object)
        .collect();
    let head: Vec<Value> = table.head.iter().map(|(label, text)| json!({ "label": label, "text": text })).collect();
    pretty(&json!({
        "report": table.name,
        "title": table.title,
        "about": table.about,
        "head": head,
        "rowCount": table.rows.len(),
        "columns": columns,
        "rows": rows,
        "totals": totals(table),
        "notes": table.notes,
    }))
}

/// Indented, with a closing line end.
pub(crate) fn pretty(value: &impl serde::Serialize) -> Result<Vec<u8>, ReportError> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn totals(table: &Table) -> Vec<Value> {
    let sums = |total: &crate::report::table::Total| -> Map<String, Value> {
        let one = |sum: &crate::report::table::Sum| json!({ "amount": sum.amount.map(Amount::cents_text), "rowsUnknown": sum.unknown });
        total.sums.iter().map(|(name, sum)| ((*name).to_owned(), one(sum))).collect()
    };
    table.totals().iter().map(|t| json!({ "currency": t.currency, "rows": t.rows, "sums": sums(t) })).collect()
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Unknown => Value::Null,
        Cell::Count(count) => json!(count),
        Cell::Text(_) | Cell::Quantity(_) | Cell::UnitPrice(_) | Cell::Money(_) | Cell::Percent(_) | Cell::Date(_) => {
            Value::String(cell.plain())
        }
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Id => "id",
        Kind::Currency => "currency",
        Kind::Count => "count",
        Kind::Quantity => "quantity",
        Kind::UnitPrice => "unitPrice",
        Kind::Money => "money",
        Kind::Percent => "percent",
        Kind::Date => "date",
    }
}
