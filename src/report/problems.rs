//! The problems report: what could not be read or used, where it stands, and why.

use crate::core::reconcile::outcome::Outcome;
use crate::report::table::{Cell, Column, Kind, Table};

const COLUMNS: &[Column] = &[
    Column::new("where", Kind::Text),
    Column::new("record", Kind::Id),
    Column::new("field", Kind::Text),
    Column::new("what", Kind::Text),
];

/// The report.
pub(crate) fn build(outcome: &Outcome) -> Table {
    let optional = |text: &Option<String>| text.as_ref().map_or(Cell::Unknown, Cell::text);
    Table {
        name: "problems",
        title: "Problems",
        about: "What the sources gave that could not be read or used.",
        head: Vec::new(),
        columns: COLUMNS,
        rows: outcome
            .problems
            .iter()
            .map(|p| vec![Cell::text(&p.at), optional(&p.record), optional(&p.field), Cell::text(&p.what)])
            .collect(),
        notes: Vec::new(),
    }
}
