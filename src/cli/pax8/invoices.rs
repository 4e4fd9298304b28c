//! `trueup pax8 invoices`: what Pax8 charges and would charge. Reads only.

use crate::cli::pax8::read::{Asks, Id, Noun, Read, flag};
use crate::engine::pax8::Ask;

const INVOICE: Id = ("INVOICE_ID", "The invoice's id");

/// Reads of invoices.
#[derive(Debug, Clone)]
pub(super) struct Invoices;

impl Noun for Invoices {
    const READS: &'static [Read] = &[
        Read {
            verb: "list",
            about: "List invoices",
            more: "An invoice appears once Pax8 has approved it, from the 4th of the month. A wrong one becomes Credited, and \
                   another takes its place.",
            asks: Asks::Pages(Ask::Invoices),
            flags: &[
                flag("status", "status", "In this state"),
                flag("from", "invoiceDateRangeStart", "Dated on this day or later"),
                flag("to", "invoiceDateRangeEnd", "Dated on this day or earlier"),
                flag("date", "invoiceDate", "Dated on this day"),
                flag("due", "dueDate", "Due on this day"),
                flag("total", "total", "With exactly this total"),
                flag("balance", "balance", "With exactly this balance"),
                flag("carried", "carriedBalance", "With exactly this balance carried over"),
                flag("company", "companyId", "Of this company, where Pax8 bills it"),
            ],
            example: "invoices list --from 2026-10-01 --status unpaid",
        },
        Read {
            verb: "get",
            about: "Show one invoice",
            more: "",
            asks: Asks::Whole(INVOICE, Ask::Invoice),
            flags: &[],
            example: "invoices get 60efd7e2-2eee-4c13-a413-7f20875ccb4a",
        },
        Read {
            verb: "items",
            about: "List the items of an invoice",
            more: "costTotal is what the partner owes for a row; total is what the customer would be billed.",
            asks: Asks::PagesOf(INVOICE, |invoice| Ask::Items { invoice }),
            flags: &[],
            example: "invoices items 60efd7e2-2eee-4c13-a413-7f20875ccb4a --all --format csv",
        },
        Read {
            verb: "draft",
            about: "List what would be charged",
            more: "A draft is no invoice: use in arrears is not in it, and taxes are as of today.",
            asks: Asks::Pages(Ask::Drafts),
            flags: &[
                flag("month", "monthOffset", "Of this month [default: next]")
                    .saying(&[("current", "0"), ("next", "1")]),
                flag("company", "companyId", "Of this company"),
            ],
            example: "invoices draft --month current",
        },
    ];
}
