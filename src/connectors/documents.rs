//! Which lines belong to a period: those of the documents dated in it that were not withdrawn.

use std::collections::BTreeMap;

use crate::core::billing::{VendorCharge, VendorInvoice};
use crate::core::id::InvoiceId;
use crate::core::period::BillingPeriod;
use crate::core::snapshot::Problem;

/// Keeps the lines of the documents dated in a period. Lines that name no document stay; a line whose document is not
/// among the documents is a problem.
#[must_use]
pub fn of_period(
    charges: Vec<VendorCharge>,
    invoices: &[VendorInvoice],
    period: BillingPeriod,
) -> (Vec<VendorCharge>, Vec<Problem>) {
    let known: BTreeMap<&InvoiceId, &VendorInvoice> = invoices.iter().map(|invoice| (&invoice.id, invoice)).collect();
    let (mut kept, mut problems) = (Vec::with_capacity(charges.len()), Vec::new());
    for charge in charges {
        match charge.invoice.as_ref().map(|id| (id, known.get(id))) {
            None => kept.push(charge),
            Some((_, Some(invoice))) => {
                if period.contains(invoice.date) && !invoice.is_superseded() {
                    kept.push(charge);
                }
            }
            Some((id, None)) => problems.push(
                Problem::new("invoices", format!("invoice {id} of the line is not among the invoices read"))
                    .record(charge.id.as_str())
                    .field("invoiceId"),
            ),
        }
    }
    (kept, problems)
}

/// The documents dated in a period and the month after it.
#[must_use]
pub fn near_period(invoices: Vec<VendorInvoice>, period: BillingPeriod) -> Vec<VendorInvoice> {
    invoices.into_iter().filter(|i| period.contains(i.date) || period.next().contains(i.date)).collect()
}
