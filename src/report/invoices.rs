//! The distributor's documents and their lines, summed per document; and the invoice register.
//!
//! Keeps the invariant that every line belongs to one document and one sum (net, fees, credits or payments), so that the
//! four and the tax are all there is. A withdrawn document is listed and not summed.

use std::collections::BTreeMap;

use crate::core::billing::{ChargeKind, VendorCharge, VendorInvoice};
use crate::core::id::InvoiceId;
use crate::core::money::{Amount, Currency, MoneyError};
use crate::report::table::{Cell, Column, Kind, Table};

/// Documents of one distributor, with the sums of their lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Documents {
    /// The distributor's name.
    pub vendor: String,
    /// The heads, in the order listed.
    pub invoices: Vec<VendorInvoice>,
    /// The sums of the lines by document and currency.
    pub(crate) lines: BTreeMap<(InvoiceId, Currency), LineSums>,
    /// Lines that stand on no document.
    pub(crate) loose: u64,
}

/// The sums of one document's lines, in the partner's amounts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LineSums {
    /// How many.
    pub(crate) lines: u64,
    /// Charges.
    pub(crate) net: Amount,
    /// The distributor's fees.
    pub(crate) fees: Amount,
    /// Credits and rebates.
    pub(crate) credits: Amount,
    /// Payments shown as lines.
    pub(crate) payments: Amount,
    /// Tax where it was said.
    pub(crate) tax: Amount,
    /// How many lines said their tax.
    pub(crate) taxed: u64,
}

impl Documents {
    /// Documents without lines yet.
    #[must_use]
    pub fn new(vendor: impl Into<String>, invoices: Vec<VendorInvoice>) -> Self {
        Self { vendor: vendor.into(), invoices, ..Self::default() }
    }

    /// Counts one line.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`]; the line is not counted then.
    pub fn add(&mut self, charge: &VendorCharge) -> Result<(), MoneyError> {
        let Some(invoice) = &charge.invoice else {
            self.loose = self.loose.saturating_add(1);
            return Ok(());
        };
        let sums = self.lines.entry((invoice.clone(), charge.currency)).or_default();
        let mut next = *sums;
        let sum = match charge.kind {
            ChargeKind::ServiceCharge => &mut next.fees,
            ChargeKind::ServiceCredit | ChargeKind::InvoiceCredit | ChargeKind::Rebate => &mut next.credits,
            ChargeKind::PaymentCredit => &mut next.payments,
            ChargeKind::Subscription | ChargeKind::Prorate | ChargeKind::OneTime | ChargeKind::Other(_) => {
                &mut next.net
            }
        };
        *sum = sum.plus(charge.cost_total)?;
        if let Some(tax) = charge.tax {
            next.tax = next.tax.plus(tax)?;
            next.taxed = next.taxed.saturating_add(1);
        }
        next.lines = next.lines.saturating_add(1);
        *sums = next;
        Ok(())
    }

    pub(crate) fn sums_of(&self, invoice: &VendorInvoice) -> LineSums {
        self.lines.get(&(invoice.id.clone(), invoice.currency)).copied().unwrap_or_default()
    }
}

impl LineSums {
    /// The tax; unknown when no line said any.
    pub(crate) fn known_tax(&self) -> Option<Amount> {
        (self.taxed > 0 || self.lines == 0).then_some(self.tax)
    }
}

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
