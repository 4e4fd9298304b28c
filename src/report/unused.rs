//! Seats held and not used, where a figure says so.
//!
//! Keeps the invariant that a holding without a figure is counted and never called used or unused.

use crate::core::quantity::Quantity;
use crate::core::unused::{Holding, Unused, UsedFrom};
use crate::report::table::{Cell, Column, Kind, Table, counted};
use crate::report::{Inventory, names};

const COLUMNS: &[Column] = &[
    Column::new("customer", Kind::Text),
    Column::new("customer ID", Kind::Id).in_files(),
    Column::new("product", Kind::Text),
    Column::new("product ID", Kind::Id).in_files(),
    Column::new("held", Kind::Quantity),
    Column::new("used", Kind::Quantity),
    Column::new("unused", Kind::Quantity),
    Column::new("currency", Kind::Currency),
    Column::new("monthly cost", Kind::Money),
    Column::new("source", Kind::Text),
    Column::new("as counted on", Kind::Date),
];

/// The report.
#[must_use]
pub fn build(input: &Inventory<'_>, unused: &Unused) -> Table {
    let mut notes = vec![
        "monthly cost: what the unused seats cost a month; unknown where the seats of one product cost differently."
            .to_owned(),
    ];
    if unused.all_used > 0 {
        notes.push(format!("Not listed: {} of which every seat is used.", counted(unused.all_used, "holding")));
    }
    if unused.unknown > 0 {
        notes.push(format!(
            "Of {} nothing says how many seats are used: give an assignments.csv (companyId, productId, assigned), or pull \
             metered use (`trueup pull --with usage`).",
            counted(unused.unknown, "holding")
        ));
    }
    notes.extend(input.trouble());
    Table {
        name: "unused",
        title: "Unused licences",
        about: "Seats that are held and, by a figure of their use, not used.",
        head: input.head(unused.as_of, None),
        columns: COLUMNS,
        rows: unused.rows.iter().map(|row| cells(input, row)).collect(),
        notes,
    }
}

fn cells(input: &Inventory<'_>, row: &Holding) -> Vec<Cell> {
    let quantity = |quantity: Option<Quantity>| quantity.map_or(Cell::Unknown, Cell::Quantity);
    vec![
        Cell::text(input.names.customer(&row.customer)),
        Cell::text(names::id(&row.customer)),
        Cell::text(input.product(&row.product)),
        Cell::text(row.product.as_str()),
        quantity(row.held),
        Cell::Quantity(row.used),
        quantity(row.unused),
        row.currency.map_or(Cell::Unknown, |currency| Cell::text(currency.as_str())),
        Cell::amount(row.monthly_cost),
        Cell::text(match row.from {
            UsedFrom::Assignments => "assignments",
            UsedFrom::Usage => "metered use",
        }),
        row.day.map_or(Cell::Unknown, Cell::Date),
    ]
}
