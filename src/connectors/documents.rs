//! Which lines belong to a period: those of the documents dated in it that were not withdrawn.

use std::collections::BTreeMap;

use crate::core::billing::{VendorCharge, VendorInvoice};
use crate::core::id::InvoiceId;
use crate::core::period::BillingPeriod;

/// Keeps the lines of the documents dated in a period. Lines that name no document stay, and so do lines whose document is
/// not among the documents: that it is missing is seen when documents and lines are held against each other.
#[must_use]
pub fn of_period(
    mut charges: Vec<VendorCharge>,
    invoices: &[VendorInvoice],
    period: BillingPeriod,
) -> Vec<VendorCharge> {
    let known: BTreeMap<&InvoiceId, &VendorInvoice> = invoices.iter().map(|invoice| (&invoice.id, invoice)).collect();
    charges.retain(|charge| {
        let invoice = charge.invoice.as_ref().and_then(|id| known.get(id));
        invoice.is_none_or(|invoice| counts_in(invoice, period))
    });
    charges
}

/// Whether the lines of a document belong to a period.
#[must_use]
pub fn counts_in(invoice: &VendorInvoice, period: BillingPeriod) -> bool {
    period.contains(invoice.date) && !invoice.is_superseded()
}

/// The documents dated in a period and the month after it.
#[must_use]
pub fn near_period(invoices: Vec<VendorInvoice>, period: BillingPeriod) -> Vec<VendorInvoice> {
    invoices.into_iter().filter(|i| period.contains(i.date) || period.next().contains(i.date)).collect()
}
