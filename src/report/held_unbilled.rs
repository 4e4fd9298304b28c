//! Seats held and not billed on a day: leakage before the distributor has charged for it.
//!
//! Keeps the invariant that what is not known is counted under the table and never listed as not billed.

use crate::core::held_unbilled::{HeldUnbilled, Unbilled};
use crate::report::table::{Cell, Column, Kind, Table, counted};
use crate::report::{Inventory, names};

const COLUMNS: &[Column] = &[
    Column::new("customer", Kind::Text),
    Column::new("customer ID", Kind::Id).in_files(),
    Column::new("product", Kind::Text),
    Column::new("product ID", Kind::Id).in_files(),
    Column::new("subscription ID", Kind::Id).in_files(),
    Column::new("since", Kind::Date),
    Column::new("held", Kind::Quantity),
    Column::new("billed", Kind::Quantity),
    Column::new("not billed", Kind::Quantity),
    Column::new("currency", Kind::Currency),
    Column::new("monthly cost", Kind::Money),
];

/// The report.
#[must_use]
pub fn build(input: &Inventory<'_>, held: &HeldUnbilled) -> Table {
    let mut notes = vec![
        "monthly cost: what the seats not billed cost a month. Where one line bills several subscriptions, its seats go to those \
         that bind longest first. What was charged and not billed in a month stands in the unbilled report."
            .to_owned(),
    ];
    if held.all_billed > 0 {
        notes.push(format!("Not listed: {} of which every seat is billed.", counted(held.all_billed, "subscription")));
    }
    if held.unknown > 0 {
        notes.push(format!(
            "Of {} it is not known whether every seat is billed: no link, units are not compared, or the lines were not read whole.",
            counted(held.unknown, "subscription")
        ));
    }
    notes.extend(input.trouble());
    Table {
        name: "held-not-billed",
        title: "Held, not billed",
        about: "Seats held at the distributor that no line of the PSA bills, charged for or not.",
        head: input.head(held.as_of, None),
        columns: COLUMNS,
        rows: held.rows.iter().map(|row| cells(input, row)).collect(),
        notes,
    }
}

fn cells(input: &Inventory<'_>, row: &Unbilled) -> Vec<Cell> {
    vec![
        Cell::text(input.names.customer(&row.customer)),
        Cell::text(names::id(&row.customer)),
        Cell::text(input.product(&row.product)),
        Cell::text(row.product.as_str()),
        Cell::text(row.subscription.as_str()),
        row.since.map_or(Cell::Unknown, Cell::Date),
        Cell::Quantity(row.held),
        Cell::Quantity(row.billed),
        Cell::Quantity(row.unbilled),
        row.currency.map_or(Cell::Unknown, |currency| Cell::text(currency.as_str())),
        Cell::amount(row.monthly_cost),
    ]
}
