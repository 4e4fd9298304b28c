//! Margin by customer: what the PSA bills, what the distributor charges, and what stays.
//!
//! Under- and over-billing stand apart: two opposite errors are two errors.

use crate::core::money;
use crate::report::Input;
use crate::report::names;
use crate::report::table::{Cell, Column, Kind, Table};

const COLUMNS: &[Column] = &[
    Column::new("customer", Kind::Text),
    Column::new("customer ID", Kind::Id),
    Column::new("currency", Kind::Currency),
    Column::new("revenue", Kind::Money),
    Column::new("cost", Kind::Money),
    Column::new("margin", Kind::Money),
    Column::new("margin %", Kind::Percent),
    Column::new("under-billed", Kind::Money),
    Column::new("over-billed", Kind::Money),
];

/// The report.
pub(crate) fn build(input: &Input<'_>) -> Table {
    Table {
        name: "margin",
        title: "Margin by customer",
        about: "Revenue as billed for compared products, cost as charged, and what corrections would add or take.",
        head: Vec::new(),
        columns: COLUMNS,
        rows: input
            .outcome
            .margins
            .iter()
            .map(|m| {
                vec![
                    Cell::text(input.names.customer(&m.company)),
                    Cell::text(names::id(&m.company)),
                    Cell::text(m.currency.as_str()),
                    Cell::Money(m.revenue),
                    Cell::Money(m.cost),
                    Cell::Money(m.margin),
                    money::share(m.margin, m.revenue, 1000).map_or(Cell::Unknown, Cell::Percent),
                    Cell::Money(m.underbilled),
                    Cell::Money(m.overbilled),
                ]
            })
            .collect(),
        notes: vec![
            "margin % is of revenue; without revenue it is unknown.".to_owned(),
            "revenue is what the PSA bills on lines that were compared: not the MSP's own services, not lines without a link. \
             cost is every line of the distributor in the month: also of products delivered free of charge or within a flat \
             fee, and of companies and products without a link; payments are no cost."
                .to_owned(),
        ],
    }
}
