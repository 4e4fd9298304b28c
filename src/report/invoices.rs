//! The invoice register: the distributor's documents as listed, with the sums of their lines.
//!
//! Keeps the invariant that a withdrawn document is listed and not summed.

use crate::core::billing::VendorInvoice;
pub use crate::core::documents::Documents;
use crate::core::money::Amount;
use crate::report::table::{Cell, Column, Kind, Table};

const REGISTER: &[Column] = &[
    Column::new("vendor", Kind::Text).in_files(),
    Column::new("number", Kind::Id),
    Column::new("status", Kind::Text),
    Column::new("invoice date", Kind::Date),
    Column::new("due date", Kind::Date),
    Column::new("currency", Kind::Currency),
    Column::new("lines", Kind::Count),
    Column::new("net", Kind::Money),
    Column::new("tax", Kind::Money),
    Column::new("fees", Kind::Money),
    Column::new("credits", Kind::Money),
    Column::new("carried balance", Kind::Money).not_summed(),
    Column::new("total", Kind::Money).not_summed(),
    Column::new("received at", Kind::Date),
    Column::new("file hash", Kind::Text),
];

/// The register, in order of date and number.
pub(crate) fn register(documents: Option<&Documents>) -> Table {
    let mut invoices: Vec<&VendorInvoice> = documents.iter().flat_map(|d| &d.invoices).collect();
    invoices.sort_by(|a, b| (a.date, &a.id).cmp(&(b.date, &b.id)));
    let row = |invoice: &VendorInvoice| {
        let sums = documents.map(|d| d.sums_of(invoice)).unwrap_or_default();
        let of_cost = |amount: Amount| if invoice.is_superseded() { Cell::Unknown } else { Cell::Money(amount) };
        vec![
            documents.map_or(Cell::Unknown, |d| Cell::text(&d.vendor)),
            Cell::text(invoice.id.as_str()),
            invoice.status.as_ref().map_or(Cell::Unknown, Cell::text),
            Cell::Date(invoice.date),
            invoice.due.map_or(Cell::Unknown, Cell::Date),
            Cell::text(invoice.currency.as_str()),
            Cell::Count(sums.lines),
            of_cost(sums.net),
            sums.known_tax().map_or(Cell::Unknown, of_cost),
            of_cost(sums.fees),
            of_cost(sums.credits),
            Cell::amount(invoice.carried),
            Cell::amount(invoice.total),
            Cell::Unknown,
            Cell::Unknown,
        ]
    };
    Table {
        name: "invoice-register",
        title: "Invoice register",
        about: "The distributor's documents as listed, with the sums of their lines.",
        head: Vec::new(),
        columns: REGISTER,
        rows: invoices.into_iter().map(row).collect(),
        notes: documents.map_or_else(no_documents, |_| vec![WITHDRAWN.to_owned()]),
    }
}

/// Why some documents have no sums.
pub(crate) const WITHDRAWN: &str =
    "Documents that were credited or voided are listed without sums: adding them would count the month twice.";

/// What to say where a source has lines only.
pub(crate) fn no_documents() -> Vec<String> {
    vec!["The source gave lines and no documents, so there is nothing to list or to tie out.".to_owned()]
}
