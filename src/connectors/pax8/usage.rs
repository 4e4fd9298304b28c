//! Metered use: summaries of a subscription and their lines of a day. Read only.

use crate::connectors::pax8::record::{Resource, day, flag, id, number, text};

/// A metered total of the running month.
pub(super) static USAGE_SUMMARY: Resource = Resource {
    name: "usage summary",
    plural: "usage summaries",
    fields: &[
        id("id"),
        id("companyId"),
        id("productId"),
        id("subscriptionId"),
        text("resourceGroup"),
        text("vendorName"),
        number("currentCharges"),
        number("partnerTotal"),
        text("currencyCode"),
        flag("isTrial"),
    ],
    columns: &[
        "id",
        "companyId",
        "productId",
        "resourceGroup",
        "vendorName",
        "currentCharges",
        "partnerTotal",
        "currencyCode",
        "isTrial",
    ],
};

/// What was used on one day.
pub(super) static USAGE_LINE: Resource = Resource {
    name: "usage line",
    plural: "usage lines",
    fields: &[
        id("id"),
        id("usageSummaryId"),
        day("usageDate"),
        id("productId"),
        text("productName"),
        text("unitOfMeasure"),
        number("quantity"),
        number("unitPrice"),
        number("currentCharges"),
        number("partnerTotal"),
        number("currentProfit"),
        text("currencyCode"),
        flag("isTrial"),
    ],
    columns: &[
        "usageDate",
        "productName",
        "quantity",
        "unitOfMeasure",
        "unitPrice",
        "currentCharges",
        "partnerTotal",
        "currentProfit",
        "currencyCode",
    ],
};
