//! Invoices, their items and drafts: what is known of them, and how an invoice counts the end of a period.
//!
//! Keeps the invariant that the rule of an invoice is what its own rows show, never assumed.

use chrono::{Days, Months, NaiveDate};

use crate::connectors::pax8::record::{Kind, Resource, day, flag, id, number, of, text};
use crate::core::billing::EndRule;

/// The states of an invoice.
pub(super) const STATUS: &[&str] = &["Unpaid", "Paid", "Void", "Carried", "Nothing Due", "Credited"];

/// The head of an invoice.
pub(super) static INVOICE: Resource = Resource {
    name: "invoice",
    plural: "invoices",
    fields: &[
        id("id"),
        day("invoiceDate"),
        day("dueDate"),
        of("status", Kind::Word(STATUS)),
        number("balance"),
        number("carriedBalance"),
        number("total"),
        text("currencyCode"),
        text("partnerName"),
        id("companyId"),
        text("externalId"),
    ],
    columns: &[
        "id",
        "invoiceDate",
        "dueDate",
        "status",
        "total",
        "carriedBalance",
        "balance",
        "currencyCode",
        "partnerName",
        "companyId",
    ],
};

const ITEM_TYPES: &[&str] = &[
    "subscription",
    "prorate",
    "one-time",
    "rebate",
    "payment-credit",
    "service-charge",
    "service-credit",
    "invoice-credit",
    "usage",
];

/// A line of an invoice or of a draft.
pub(super) static ITEM: Resource = Resource {
    name: "invoice item",
    plural: "invoice items",
    fields: &[
        id("id"),
        of("type", Kind::Word(ITEM_TYPES)),
        text("purchaseOrderNumber"),
        id("companyId"),
        text("companyName"),
        text("externalId"),
        day("startPeriod"),
        day("endPeriod"),
        number("quantity"),
        text("unitOfMeasure"),
        of("term", Kind::Term),
        text("sku"),
        text("description"),
        text("details"),
        of("rateType", Kind::Word(&["markup", "single", "flat", "volume", "tiered"])),
        of("chargeType", Kind::Word(&["flat", "per"])),
        number("price"),
        number("subTotal"),
        number("cost"),
        number("costTotal"),
        text("offeredBy"),
        flag("billedByPax8"),
        number("total"),
        id("productId"),
        text("productName"),
        text("vendorName"),
        number("billingFee"),
        number("billingFeeRate"),
        number("amountDue"),
        text("currencyCode"),
        number("salesTax"),
        id("subscriptionId"),
    ],
    columns: &[
        "type",
        "companyName",
        "productName",
        "sku",
        "startPeriod",
        "endPeriod",
        "quantity",
        "cost",
        "costTotal",
        "price",
        "total",
        "currencyCode",
        "description",
    ],
};

/// How the rows of one invoice count the end of a period: told by those that are a whole month, which ends either on the day
/// the next one begins or on the day before it.
pub(super) fn end_rule(periods: impl IntoIterator<Item = (NaiveDate, Option<NaiveDate>)>) -> Option<EndRule> {
    let (mut inclusive, mut exclusive) = (false, false);
    for (start, end) in periods {
        let (Some(end), Some(next)) = (end, start.checked_add_months(Months::new(1))) else { continue };
        exclusive |= end == next;
        inclusive |= next.checked_sub_days(Days::new(1)) == Some(end);
    }
    match (inclusive, exclusive) {
        (false, false) => None,
        (true, false) => Some(EndRule::Inclusive),
        (false, true) => Some(EndRule::Exclusive),
        (true, true) => Some(EndRule::Mixed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_is_what_whole_months_show() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let rule = |rows: &[(&str, &str)]| {
            end_rule(rows.iter().map(|(start, end)| (day(start), (!end.is_empty()).then(|| day(end)))))
        };
        let (whole, until) = (("2026-03-01", "2026-03-31"), ("2026-03-01", "2026-04-01"));
        // A part of a month shows nothing: its last day may be either.
        let part = ("2026-02-17", "2026-02-28");
        for (rows, expected) in [
            (vec![whole, part], Some(EndRule::Inclusive)),
            (vec![until, part], Some(EndRule::Exclusive)),
            (vec![whole, until], Some(EndRule::Mixed)),
            (vec![part, ("2026-03-01", "")], None),
            (vec![("2026-02-15", "2026-03-14")], Some(EndRule::Inclusive)),
            (vec![], None),
        ] {
            assert_eq!(rule(&rows), expected, "{rows:?}");
        }
    }
}
