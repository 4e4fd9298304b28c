//! The published operations, in our own words.

use super::shapes::Answer::{Flat, List, One, Page};
use super::shapes::Type::{Any, Day, Flag, Many, Number, Object, OneOf, Text, Texts, Uuid, When};
use super::shapes::{Answer, Field};

/// One operation.
pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    /// Parameters of the query, each with a text that is good for it.
    pub(super) query: &'static [(&'static str, &'static str)],
    pub(super) success: u16,
    pub(super) failures: &'static [u16],
    /// Nothing where the body is empty.
    pub(super) answer: Option<Answer>,
}

const fn read(
    path: &'static str,
    query: &'static [(&'static str, &'static str)],
    failures: &'static [u16],
    answer: Answer,
) -> Operation {
    Operation { method: "GET", path, query, success: 200, failures, answer: Some(answer) }
}

const fn write(method: &'static str, path: &'static str, failures: &'static [u16], answer: Answer) -> Operation {
    Operation { method, path, query: &[], success: 200, failures, answer: Some(answer) }
}

const fn delete(
    path: &'static str,
    query: &'static [(&'static str, &'static str)],
    failures: &'static [u16],
) -> Operation {
    Operation { method: "DELETE", path, query, success: 204, failures, answer: None }
}

const PAGED: &[(&str, &str)] = &[("page", "0"), ("size", "10")];
const TERMS: &[&str] = &["Monthly", "Annual", "2-Year", "3-Year", "One-Time", "Trial", "Activation"];
const STATUSES: &[&str] = &[
    "Active",
    "Cancelled",
    "PendingManual",
    "PendingAutomated",
    "PendingCancel",
    "WaitingForDetails",
    "Trial",
    "Converted",
    "PendingActivation",
    "Activated",
];

const ADDRESS: &[Field] = &[
    ("street", Text, false),
    ("street2", Text, false),
    ("city", Text, false),
    ("stateOrProvince", Text, false),
    ("postalCode", Text, false),
    ("country", Text, false),
];
const COMPANY: &[Field] = &[
    ("id", Uuid, true),
    ("name", Text, true),
    ("address", Object(ADDRESS), true),
    ("phone", Text, false),
    ("website", Text, false),
    ("externalId", Text, false),
    ("billOnBehalfOfEnabled", Flag, true),
    ("selfServiceAllowed", Flag, true),
    ("orderApprovalRequired", Flag, false),
    ("status", OneOf(&["Active", "Inactive", "Deleted"]), true),
    ("updatedDate", When, false),
];
const CONTACT: &[Field] = &[
    ("id", Uuid, true),
    ("firstName", Text, true),
    ("lastName", Text, true),
    ("email", Text, true),
    ("phone", Text, true),
    ("createdDate", Day, true),
    ("types", Many(&[("type", OneOf(&["Admin", "Billing", "Technical"]), true), ("primary", Flag, true)]), true),
];
const PRODUCT: &[Field] = &[
    ("id", Uuid, true),
    ("name", Text, true),
    ("vendorName", Text, true),
    ("shortDescription", Text, false),
    ("description", Text, false),
    ("sku", Text, true),
    ("vendorSku", Text, false),
    ("altVendorSku", Uuid, false),
    ("requiresCommitment", Flag, true),
];
const DETAIL: &[Field] = &[
    ("label", Text, true),
    ("key", Text, true),
    ("description", Text, false),
    ("valueType", OneOf(&["Input", "Single-Value", "Multi-Value"]), true),
    ("possibleValues", Texts, false),
];
const DEPENDENCIES: &[Field] = &[
    (
        "commitmentDependencies",
        Many(&[
            ("id", Uuid, true),
            ("term", Text, true),
            ("autoRenew", Flag, true),
            ("renewalWindowDaysBeforeTermEnd", Number, true),
            ("renewalWindowDaysAfterTermEnd", Number, true),
            ("allowForQuantityIncrease", Flag, true),
            ("allowForQuantityDecrease", Flag, true),
            ("allowForEarlyCancellation", Flag, true),
            ("cancellationFeeApplied", Flag, true),
            ("isTransferable", Flag, true),
        ]),
        false,
    ),
    ("productDependencies", Many(&[("name", Text, true), ("products", Many(PRODUCT), true)]), false),
];
const PRICING: &[Field] = &[
    ("productId", Uuid, false),
    ("productName", Text, false),
    ("billingTerm", OneOf(TERMS), true),
    ("commitmentTerm", Text, false),
    ("commitmentTermInMonths", Number, false),
    ("type", OneOf(&["Flat", "Volume", "Tiered", "Mark-Up"]), true),
    ("unitOfMeasurement", Text, true),
    (
        "rates",
        Many(&[
            ("partnerBuyRate", Number, true),
            ("suggestedRetailPrice", Number, true),
            ("startQuantityRange", Number, false),
            ("endQuantityRange", Number, false),
            ("chargeType", OneOf(&["Per Unit", "Flat Rate"]), true),
        ]),
        true,
    ),
];
const ORDER: &[Field] = &[
    ("id", Uuid, true),
    ("companyId", Uuid, true),
    ("createdDate", Day, true),
    ("orderedBy", OneOf(&["Pax8 Partner", "Customer", "Pax8"]), false),
    ("orderedByUserId", Uuid, false),
    ("orderedByUserEmail", Text, false),
    ("isScheduled", Flag, true),
    (
        "lineItems",
        Many(&[
            ("id", Uuid, true),
            ("productId", Uuid, true),
            ("subscriptionId", Uuid, true),
            ("commitmentTermId", Uuid, false),
            ("provisionStartDate", When, false),
            ("billingTerm", OneOf(TERMS), true),
            ("quantity", Number, true),
        ]),
        true,
    ),
];
const COMMITMENT: &[Field] = &[("id", Uuid, true), ("term", Text, true), ("endDate", When, false)];
const SUBSCRIPTION: &[Field] = &[
    ("id", Uuid, true),
    ("parentSubscriptionId", Uuid, false),
    ("companyId", Uuid, true),
    ("productId", Uuid, true),
    ("vendorSubscriptionId", Text, false),
    ("vendorSkuId", Text, false),
    ("quantity", Number, true),
    ("startDate", When, true),
    ("endDate", When, false),
    ("createdDate", When, true),
    ("updatedDate", When, false),
    ("billingStart", Day, true),
    ("status", OneOf(STATUSES), true),
    ("price", Number, false),
    ("partnerCost", Number, false),
    ("currencyCode", Text, true),
    ("productName", Text, false),
    ("billingTerm", OneOf(TERMS), true),
    ("commitmentTerm", Object(COMMITMENT), false),
    ("commitment", Object(COMMITMENT), false),
];
const INVOICE: &[Field] = &[
    ("id", Uuid, true),
    ("invoiceDate", Day, true),
    ("dueDate", Day, true),
    ("status", OneOf(&["Unpaid", "Paid", "Void", "Carried", "Nothing Due", "Credited"]), true),
    ("balance", Number, true),
    ("carriedBalance", Number, true),
    ("total", Number, true),
    ("currencyCode", Text, true),
    ("partnerName", Text, true),
    ("companyId", Uuid, false),
    ("externalId", Text, false),
];
const ITEM: &[Field] = &[
    ("id", Uuid, false),
    ("purchaseOrderNumber", Text, false),
    (
        "type",
        OneOf(&[
            "subscription",
            "prorate",
            "one-time",
            "rebate",
            "payment-credit",
            "service-charge",
            "service-credit",
            "invoice-credit",
        ]),
        true,
    ),
    ("companyId", Uuid, false),
    ("externalId", Text, false),
    ("companyName", Text, false),
    ("startPeriod", Day, true),
    ("endPeriod", Day, true),
    ("quantity", Number, true),
    ("unitOfMeasure", Text, false),
    (
        "term",
        OneOf(&[
            "Monthly",
            "Annual",
            "2 Year",
            "3 Year",
            "One-Time",
            "One-time",
            "Activation",
            "Arrears",
            "Trial",
            "Rebate",
        ]),
        true,
    ),
    ("sku", Text, false),
    ("description", Text, true),
    ("details", Text, false),
    ("rateType", OneOf(&["markup", "single", "flat", "volume", "tiered"]), false),
    ("chargeType", OneOf(&["flat", "per"]), false),
    ("price", Number, true),
    ("subTotal", Number, true),
    ("cost", Number, true),
    ("costTotal", Number, true),
    ("offeredBy", Text, false),
    ("billedByPax8", Flag, true),
    ("total", Number, true),
    ("productId", Uuid, false),
    ("productName", Text, false),
    ("billingFee", Number, true),
    ("billingFeeRate", Number, true),
    ("amountDue", Number, true),
    ("currencyCode", Text, true),
    ("salesTax", Number, true),
    ("subscriptionId", Uuid, false),
    ("vendorName", Text, false),
];
const SUMMARY: &[Field] = &[
    ("id", Uuid, true),
    ("companyId", Uuid, true),
    ("productId", Uuid, true),
    ("subscriptionId", Uuid, false),
    ("resourceGroup", Text, true),
    ("vendorName", Text, true),
    ("currentCharges", Number, true),
    ("partnerTotal", Number, true),
    ("currencyCode", Text, true),
    ("isTrial", Flag, true),
];
const USED: &[Field] = &[
    ("usageSummaryId", Uuid, false),
    ("usageDate", Day, true),
    ("productId", Uuid, true),
    ("productName", Text, true),
    ("unitOfMeasure", Text, false),
    ("quantity", Number, true),
    ("unitPrice", Number, true),
    ("currentCharges", Number, true),
    ("partnerTotal", Number, true),
    ("currentProfit", Number, true),
    ("currencyCode", Text, true),
    ("isTrial", Flag, true),
];
const FILTERS: &[Field] = &[
    ("action", Text, true),
    ("conditions", Many(&[("field", Text, true), ("operator", Text, true), ("value", Texts, true)]), true),
];
const TOPIC: &[Field] = &[("id", Uuid, true), ("topic", Text, true), ("filters", Many(FILTERS), true)];
const DELIVERED: &[&str] = &["PENDING", "SUCCESS", "FAILED", "RETRYING"];
const WEBHOOK: &[Field] = &[
    ("id", Uuid, true),
    ("accountId", Uuid, true),
    ("displayName", Text, true),
    ("url", Text, false),
    ("authorization", Text, false),
    ("active", Flag, true),
    ("contactEmail", Text, false),
    ("errorThreshold", Number, true),
    ("integrationId", Text, false),
    ("webhookTopics", Many(TOPIC), true),
    ("lastDeliveryStatus", OneOf(DELIVERED), false),
    ("createdAt", When, true),
    ("updatedAt", When, true),
];
const NEWS: &[Field] = &[
    ("accountId", Uuid, true),
    ("url", Text, true),
    ("webhookId", Uuid, true),
    ("sentAt", When, true),
    ("webhookTopic", Object(TOPIC), true),
    ("payloadData", Any, false),
];
const DEFINITION: &[Field] = &[
    ("topic", Text, true),
    ("name", Text, true),
    ("description", Text, true),
    (
        "availableFilters",
        Many(&[
            ("action", Text, true),
            ("actionDisplayName", Text, true),
            ("description", Text, true),
            (
                "conditions",
                Many(&[
                    ("field", Text, true),
                    ("operator", Texts, true),
                    ("dataType", Text, true),
                    ("description", Text, true),
                    ("value", Text, true),
                ]),
                true,
            ),
        ]),
        true,
    ),
    ("samplePayload", Object(NEWS), true),
];
const LOG: &[Field] = &[
    ("id", Uuid, true),
    ("webhookId", Uuid, true),
    ("webhookName", Text, true),
    ("finalStatus", OneOf(DELIVERED), true),
    (
        "callHistory",
        Many(&[
            ("id", Uuid, true),
            ("timestamp", When, true),
            ("status", OneOf(DELIVERED), true),
            ("errorMessage", Text, false),
            ("httpStatusCode", Number, false),
            ("payload", Any, false),
        ]),
        true,
    ),
    ("createdAt", When, true),
];
const TESTED: &[Field] = &[("url", Text, true), ("webhook", Object(WEBHOOK), true), ("samplePayload", Any, false)];

pub(super) const OPERATIONS: [Operation; 44] = [
    read(
        "/v1/companies",
        &[
            ("page", "0"),
            ("size", "10"),
            ("sort", "name"),
            ("city", "Denver"),
            ("country", "US"),
            ("stateOrProvince", "CO"),
            ("postalCode", "80202"),
            ("selfServiceAllowed", "false"),
            ("billOnBehalfOfEnabled", "false"),
            ("orderApprovalRequired", "false"),
            ("status", "Active"),
        ],
        &[],
        Page(COMPANY),
    ),
    write("POST", "/v1/companies", &[422], One(COMPANY)),
    read("/v1/companies/{company}", &[], &[404], One(COMPANY)),
    write("PATCH", "/v1/companies/{company}", &[422], One(COMPANY)),
    read("/v1/companies/{company}/contacts", PAGED, &[404], Page(CONTACT)),
    write("POST", "/v1/companies/{company}/contacts", &[404, 422], One(CONTACT)),
    read("/v1/companies/{company}/contacts/{contact}", &[], &[404], One(CONTACT)),
    write("PUT", "/v1/companies/{company}/contacts/{contact}", &[404, 422], One(CONTACT)),
    delete("/v1/companies/{company}/contacts/{contact}", &[], &[404, 422]),
    read(
        "/v1/products",
        &[("page", "0"), ("size", "10"), ("sort", "vendor"), ("search", "365"), ("vendorName", "Microsoft")],
        &[],
        Page(PRODUCT),
    ),
    read("/v1/products/{product}", &[], &[404], One(PRODUCT)),
    read("/v1/products/{product}/provision-details", &[], &[404], List(DETAIL)),
    read("/v1/products/{product}/dependencies", &[], &[404], One(DEPENDENCIES)),
    read("/v1/products/{product}/pricing", &[("companyId", "{company}")], &[404], List(PRICING)),
    read("/v1/orders", &[("page", "0"), ("size", "10"), ("companyId", "{company}")], &[404], Page(ORDER)),
    Operation { query: &[("isMock", "true")], ..write("POST", "/v1/orders", &[422], One(ORDER)) },
    read("/v1/orders/{order}", &[], &[404], One(ORDER)),
    read(
        "/v1/subscriptions",
        &[
            ("page", "0"),
            ("size", "10"),
            ("sort", "quantity,desc"),
            ("status", "Active"),
            ("billingTerm", "Monthly"),
            ("companyId", "{company}"),
            ("productId", "{product}"),
        ],
        &[403],
        Page(SUBSCRIPTION),
    ),
    read("/v1/subscriptions/{subscription}", &[], &[404], One(SUBSCRIPTION)),
    write("PUT", "/v1/subscriptions/{subscription}", &[404, 422], One(SUBSCRIPTION)),
    // the description knows no refusal of a cancellation, though commitments are bound to cause some
    delete("/v1/subscriptions/{subscription}", &[("cancelDate", "2027-05-31T00:00:00Z")], &[404, 422]),
    read("/v1/subscriptions/{subscription}/history", &[], &[404], List(SUBSCRIPTION)),
    read(
        "/v1/subscriptions/{subscription}/usage-summaries",
        &[("page", "0"), ("size", "10"), ("sort", "partnerTotal"), ("resourceGroup", "x"), ("companyId", "{company}")],
        &[404],
        Page(SUMMARY),
    ),
    read("/v1/usage-summaries/{summary}", &[], &[], One(SUMMARY)),
    read(
        "/v1/usage-summaries/{summary}/usage-lines",
        &[("usageDate", "2026-10-12"), ("productId", "{product}"), ("page", "0"), ("size", "10")],
        &[404],
        Page(USED),
    ),
    read(
        "/v1/invoices",
        &[
            ("page", "0"),
            ("size", "10"),
            ("sort", "total"),
            ("status", "Unpaid"),
            ("invoiceDate", "2026-10-01"),
            ("invoiceDateRangeStart", "2026-10-01"),
            ("invoiceDateRangeEnd", "2026-10-31"),
            ("dueDate", "2026-10-15"),
            ("total", "100.00"),
            ("balance", "1"),
            ("carriedBalance", "0"),
            ("companyId", "{company}"),
        ],
        &[404],
        Page(INVOICE),
    ),
    read("/v1/invoices/{invoice}", &[], &[], One(INVOICE)),
    read("/v1/invoices/{invoice}/items", PAGED, &[404], Page(ITEM)),
    read(
        "/v1/invoices/draftItems",
        &[("page", "0"), ("size", "10"), ("monthOffset", "0"), ("companyId", "{company}")],
        &[403, 404, 408, 422],
        Page(ITEM),
    ),
    read(
        "/api/v2/webhooks",
        &[
            ("query", "x"),
            ("page", "0"),
            ("size", "10"),
            ("active", "true"),
            ("topic", "INVOICE"),
            ("sort", "displayName:asc"),
            ("status", "FAILED"),
            ("accountId", "{company}"),
        ],
        &[],
        Page(WEBHOOK),
    ),
    write("POST", "/api/v2/webhooks", &[], One(WEBHOOK)),
    read(
        "/api/v2/webhooks/topic-definitions",
        &[("page", "0"), ("size", "10"), ("search", "in"), ("sort", "topic"), ("topic", "INVOICE")],
        &[],
        Flat(DEFINITION),
    ),
    read("/api/v2/webhooks/{webhook}", &[], &[404], One(WEBHOOK)),
    delete("/api/v2/webhooks/{spare}", &[], &[404]),
    write("POST", "/api/v2/webhooks/{webhook}/configuration", &[], One(WEBHOOK)),
    write("POST", "/api/v2/webhooks/{webhook}/status", &[], One(WEBHOOK)),
    write("POST", "/api/v2/webhooks/{webhook}/topics", &[], One(WEBHOOK)),
    write("PUT", "/api/v2/webhooks/{webhook}/topics", &[], One(WEBHOOK)),
    delete("/api/v2/webhooks/{webhook}/topics/{topic}", &[], &[]),
    write("POST", "/api/v2/webhooks/{webhook}/topics/{topic}/configuration", &[], One(WEBHOOK)),
    write("POST", "/api/v2/webhooks/{webhook}/topics/{name}/test", &[], One(TESTED)),
    read(
        "/api/v2/webhooks/{webhook}/logs",
        &[
            ("topicName", "INVOICE"),
            ("page", "0"),
            ("size", "10"),
            ("status", "FAILED"),
            ("startDate", "2026-10-01"),
            ("endDate", "2026-12-31"),
            ("sort", "createdAt:desc"),
            ("query", "{}"),
        ],
        &[],
        Page(LOG),
    ),
    read("/api/v2/webhooks/{webhook}/logs/{log}", &[], &[404], One(LOG)),
    Operation {
        method: "POST",
        path: "/api/v2/webhooks/{webhook}/logs/{log}/retry",
        query: &[],
        success: 202,
        failures: &[],
        answer: None,
    },
];
