//! Every question Pax8's API answers: its path, its shape, and the filters and sort fields it documents.

use chrono::NaiveDate;

use crate::connectors::http::segment;
use crate::connectors::pax8::companies::{self, COMPANY};
use crate::connectors::pax8::contacts::CONTACT;
use crate::connectors::pax8::invoices::{self, INVOICE, ITEM};
use crate::connectors::pax8::orders::ORDER;
use crate::connectors::pax8::products::{DEPENDENCIES, PRICING, PRODUCT, PROVISION_DETAIL};
use crate::connectors::pax8::query::{Check, Filter, SortStyle};
use crate::connectors::pax8::record::{Kind, Resource};
use crate::connectors::pax8::request::RemoteId;
use crate::connectors::pax8::subscriptions::{self, HISTORY, SUBSCRIPTION};
use crate::connectors::pax8::usage::{USAGE_LINE, USAGE_SUMMARY};
use crate::connectors::pax8::webhooks::{DELIVERY, TOPIC_DEFINITION, WEBHOOK, WEBHOOK_LOG};

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each names what it asks for")]
pub enum Ask {
    Companies,
    Company(RemoteId),
    Contacts {
        company: RemoteId,
    },
    Contact {
        company: RemoteId,
        contact: RemoteId,
    },
    Products,
    Product(RemoteId),
    ProvisionDetails {
        product: RemoteId,
    },
    Dependencies {
        product: RemoteId,
    },
    /// A company has prices of its own where it is named: filter `companyId`.
    Pricing {
        product: RemoteId,
    },
    Orders,
    Order(RemoteId),
    Subscriptions,
    Subscription(RemoteId),
    History {
        subscription: RemoteId,
    },
    Invoices,
    Invoice(RemoteId),
    Items {
        invoice: RemoteId,
    },
    /// What would be charged: filter `monthOffset`, 0 for the running month, 1 for the next.
    Drafts,
    UsageSummaries {
        subscription: RemoteId,
    },
    UsageSummary(RemoteId),
    /// One day of a summary.
    UsageLines {
        summary: RemoteId,
        day: NaiveDate,
    },
    Webhooks,
    Webhook(RemoteId),
    Topics,
    Deliveries {
        webhook: RemoteId,
    },
    Delivery {
        webhook: RemoteId,
        delivery: RemoteId,
    },
}

/// How an answer is shaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// One object.
    One,
    /// A page, its numbers under `page`.
    Paged,
    /// A page, its numbers beside its rows.
    Flat,
    /// All rows at once.
    Unpaged,
}

const fn is(name: &'static str, kind: Kind) -> Filter {
    Filter { name, kind, check: Check::Is(name) }
}
const fn unchecked(name: &'static str, kind: Kind) -> Filter {
    Filter { name, kind, check: Check::Never }
}

const COMPANY_FILTERS: &[Filter] = &[
    Filter { name: "city", kind: Kind::Text, check: Check::Is("address.city") },
    // Rows hold codes and full names of both.
    unchecked("country", Kind::Text),
    unchecked("stateOrProvince", Kind::Text),
    Filter { name: "postalCode", kind: Kind::Text, check: Check::Is("address.postalCode") },
    is("selfServiceAllowed", Kind::Flag),
    is("billOnBehalfOfEnabled", Kind::Flag),
    is("orderApprovalRequired", Kind::Flag),
    is("status", Kind::Word(companies::STATUS)),
];
const PRODUCT_FILTERS: &[Filter] = &[unchecked("search", Kind::Text), is("vendorName", Kind::Text)];
const SUBSCRIPTION_FILTERS: &[Filter] = &[
    is("status", Kind::Word(subscriptions::STATUS)),
    is("billingTerm", Kind::Term),
    is("companyId", Kind::Id),
    is("productId", Kind::Id),
];
const INVOICE_FILTERS: &[Filter] = &[
    is("status", Kind::Word(invoices::STATUS)),
    is("invoiceDate", Kind::Day),
    Filter { name: "invoiceDateRangeStart", kind: Kind::Day, check: Check::From("invoiceDate") },
    Filter { name: "invoiceDateRangeEnd", kind: Kind::Day, check: Check::To("invoiceDate") },
    is("dueDate", Kind::Day),
    is("total", Kind::Number),
    is("balance", Kind::Number),
    is("carriedBalance", Kind::Number),
    is("companyId", Kind::Id),
];
const DRAFT_FILTERS: &[Filter] = &[unchecked("monthOffset", Kind::Word(&["0", "1"])), is("companyId", Kind::Id)];
const USAGE_FILTERS: &[Filter] = &[is("resourceGroup", Kind::Text), is("companyId", Kind::Id)];
const WEBHOOK_FILTERS: &[Filter] = &[
    unchecked("query", Kind::Text),
    is("active", Kind::Flag),
    unchecked("topic", Kind::Text),
    Filter { name: "status", kind: Kind::Word(DELIVERY), check: Check::Is("lastDeliveryStatus") },
    is("accountId", Kind::Id),
];
const TOPIC_FILTERS: &[Filter] = &[unchecked("search", Kind::Text), is("topic", Kind::Text)];
const DELIVERY_FILTERS: &[Filter] = &[
    unchecked("topicName", Kind::Text),
    Filter { name: "status", kind: Kind::Word(DELIVERY), check: Check::Is("finalStatus") },
    Filter { name: "startDate", kind: Kind::Day, check: Check::From("createdAt") },
    Filter { name: "endDate", kind: Kind::Day, check: Check::To("createdAt") },
];

impl Ask {
    /// What is known of the records it answers.
    #[must_use]
    pub fn resource(&self) -> &'static Resource {
        match self {
            Self::Companies | Self::Company(_) => &COMPANY,
            Self::Contacts { .. } | Self::Contact { .. } => &CONTACT,
            Self::Products | Self::Product(_) => &PRODUCT,
            Self::ProvisionDetails { .. } => &PROVISION_DETAIL,
            Self::Dependencies { .. } => &DEPENDENCIES,
            Self::Pricing { .. } => &PRICING,
            Self::Orders | Self::Order(_) => &ORDER,
            Self::Subscriptions | Self::Subscription(_) => &SUBSCRIPTION,
            Self::History { .. } => &HISTORY,
            Self::Invoices | Self::Invoice(_) => &INVOICE,
            Self::Items { .. } | Self::Drafts => &ITEM,
            Self::UsageSummaries { .. } | Self::UsageSummary(_) => &USAGE_SUMMARY,
            Self::UsageLines { .. } => &USAGE_LINE,
            Self::Webhooks | Self::Webhook(_) => &WEBHOOK,
            Self::Topics => &TOPIC_DEFINITION,
            Self::Deliveries { .. } | Self::Delivery { .. } => &WEBHOOK_LOG,
        }
    }

    /// Its path, below the address of the partner API or of the webhooks API.
    pub(super) fn path(&self) -> String {
        let below = |of: &str, id: &RemoteId, what: &str| format!("/{of}/{}{what}", segment(id.as_str()));
        match self {
            Self::Companies => "/companies".to_owned(),
            Self::Company(id) => below("companies", id, ""),
            Self::Contacts { company } => below("companies", company, "/contacts"),
            Self::Contact { company, contact } => {
                format!("{}/{}", below("companies", company, "/contacts"), segment(contact.as_str()))
            }
            Self::Products => "/products".to_owned(),
            Self::Product(id) => below("products", id, ""),
            Self::ProvisionDetails { product } => below("products", product, "/provision-details"),
            Self::Dependencies { product } => below("products", product, "/dependencies"),
            Self::Pricing { product } => below("products", product, "/pricing"),
            Self::Orders => "/orders".to_owned(),
            Self::Order(id) => below("orders", id, ""),
            Self::Subscriptions => "/subscriptions".to_owned(),
            Self::Subscription(id) => below("subscriptions", id, ""),
            Self::History { subscription } => below("subscriptions", subscription, "/history"),
            Self::Invoices => "/invoices".to_owned(),
            Self::Invoice(id) => below("invoices", id, ""),
            Self::Items { invoice } => below("invoices", invoice, "/items"),
            Self::Drafts => "/invoices/draftItems".to_owned(),
            Self::UsageSummaries { subscription } => below("subscriptions", subscription, "/usage-summaries"),
            Self::UsageSummary(id) => below("usage-summaries", id, ""),
            Self::UsageLines { summary, .. } => below("usage-summaries", summary, "/usage-lines"),
            Self::Webhooks => "/webhooks".to_owned(),
            Self::Webhook(id) => below("webhooks", id, ""),
            Self::Topics => "/webhooks/topic-definitions".to_owned(),
            Self::Deliveries { webhook } => below("webhooks", webhook, "/logs"),
            Self::Delivery { webhook, delivery } => {
                format!("{}/{}", below("webhooks", webhook, "/logs"), segment(delivery.as_str()))
            }
        }
    }

    /// The id it asks for, where it asks for one record.
    #[must_use]
    pub fn id(&self) -> Option<String> {
        let of_path = || self.path().rsplit('/').next().map(str::to_owned);
        (self.shape() == Shape::One).then(of_path).flatten()
    }

    /// The id the answer's record must have; dependencies have none of their own.
    pub(super) fn own_id(&self) -> Option<String> {
        self.id().filter(|_| !matches!(self, Self::Dependencies { .. }))
    }

    /// Whether its records are of periods, whose ends may be meant in two ways.
    pub(super) fn has_periods(&self) -> bool {
        matches!(self, Self::Items { .. } | Self::Drafts)
    }

    pub(super) fn shape(&self) -> Shape {
        match self {
            Self::Company(_)
            | Self::Contact { .. }
            | Self::Product(_)
            | Self::Dependencies { .. }
            | Self::Order(_)
            | Self::Subscription(_)
            | Self::Invoice(_)
            | Self::UsageSummary(_)
            | Self::Webhook(_)
            | Self::Delivery { .. } => Shape::One,
            Self::ProvisionDetails { .. } | Self::Pricing { .. } | Self::History { .. } => Shape::Unpaged,
            Self::Topics => Shape::Flat,
            Self::Companies
            | Self::Contacts { .. }
            | Self::Products
            | Self::Orders
            | Self::Subscriptions
            | Self::Invoices
            | Self::Items { .. }
            | Self::Drafts
            | Self::UsageSummaries { .. }
            | Self::UsageLines { .. }
            | Self::Webhooks
            | Self::Deliveries { .. } => Shape::Paged,
        }
    }

    /// The filters it knows.
    #[must_use]
    pub fn filters(&self) -> &'static [Filter] {
        match self {
            Self::Companies => COMPANY_FILTERS,
            Self::Products => PRODUCT_FILTERS,
            Self::Pricing { .. } => &[Filter { name: "companyId", kind: Kind::Id, check: Check::Never }],
            Self::Orders => &[Filter { name: "companyId", kind: Kind::Id, check: Check::Is("companyId") }],
            Self::Subscriptions => SUBSCRIPTION_FILTERS,
            Self::Invoices => INVOICE_FILTERS,
            Self::Drafts => DRAFT_FILTERS,
            Self::UsageSummaries { .. } => USAGE_FILTERS,
            Self::UsageLines { .. } => &[Filter { name: "productId", kind: Kind::Id, check: Check::Is("productId") }],
            Self::Webhooks => WEBHOOK_FILTERS,
            Self::Topics => TOPIC_FILTERS,
            Self::Deliveries { .. } => DELIVERY_FILTERS,
            Self::Company(_)
            | Self::Contacts { .. }
            | Self::Contact { .. }
            | Self::Product(_)
            | Self::ProvisionDetails { .. }
            | Self::Dependencies { .. }
            | Self::Order(_)
            | Self::Subscription(_)
            | Self::History { .. }
            | Self::Invoice(_)
            | Self::Items { .. }
            | Self::UsageSummary(_)
            | Self::Webhook(_)
            | Self::Delivery { .. } => &[],
        }
    }

    /// The fields it can be sorted by, and how that is written.
    #[must_use]
    pub fn sorts(&self) -> (&'static [&'static str], SortStyle) {
        match self {
            Self::Companies => (&["name", "city", "country", "stateOrProvince", "postalCode"], SortStyle::Bare),
            Self::Products => (&["name", "vendor"], SortStyle::Bare),
            Self::Subscriptions => {
                (&["quantity", "startDate", "endDate", "createdDate", "billingStart", "price"], SortStyle::Both)
            }
            Self::Invoices => (
                &["invoiceDate", "dueDate", "status", "partnerName", "total", "balance", "carriedBalance"],
                SortStyle::Bare,
            ),
            Self::UsageSummaries { .. } => (&["resourceGroup", "currentCharges", "partnerTotal"], SortStyle::Bare),
            Self::Webhooks => (&["displayName", "createdAt", "updatedAt"], SortStyle::Colon),
            Self::Company(_)
            | Self::Contacts { .. }
            | Self::Contact { .. }
            | Self::Product(_)
            | Self::ProvisionDetails { .. }
            | Self::Dependencies { .. }
            | Self::Pricing { .. }
            | Self::Orders
            | Self::Order(_)
            | Self::Subscription(_)
            | Self::History { .. }
            | Self::Invoice(_)
            | Self::Items { .. }
            | Self::Drafts
            | Self::UsageSummary(_)
            | Self::UsageLines { .. }
            | Self::Webhook(_)
            | Self::Topics
            | Self::Deliveries { .. }
            | Self::Delivery { .. } => (&[], SortStyle::Bare),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::pax8::{Pax8, Pax8Settings};

    fn id(text: &str) -> RemoteId {
        RemoteId::new("id", text).unwrap()
    }

    #[test]
    fn every_question_goes_to_its_documented_path() {
        let pax8 = Pax8::new(&Pax8Settings::new("pax8", "id", "secret".into())).unwrap();
        let (a, b) = (|| id("a"), || id("b/../c d"));
        let day = "2026-03-01".parse().unwrap();
        for (ask, path, shape, kind) in [
            (Ask::Companies, "/companies", Shape::Paged, "company"),
            (Ask::Company(a()), "/companies/a", Shape::One, "company"),
            (Ask::Contacts { company: a() }, "/companies/a/contacts", Shape::Paged, "contact"),
            (
                Ask::Contact { company: a(), contact: b() },
                "/companies/a/contacts/b%2F..%2Fc%20d",
                Shape::One,
                "contact",
            ),
            (Ask::Products, "/products", Shape::Paged, "product"),
            (Ask::Product(a()), "/products/a", Shape::One, "product"),
            (
                Ask::ProvisionDetails { product: a() },
                "/products/a/provision-details",
                Shape::Unpaged,
                "provision detail",
            ),
            (Ask::Dependencies { product: a() }, "/products/a/dependencies", Shape::One, "product's dependencies"),
            (Ask::Pricing { product: a() }, "/products/a/pricing", Shape::Unpaged, "price"),
            (Ask::Orders, "/orders", Shape::Paged, "order"),
            (Ask::Order(a()), "/orders/a", Shape::One, "order"),
            (Ask::Subscriptions, "/subscriptions", Shape::Paged, "subscription"),
            (Ask::Subscription(a()), "/subscriptions/a", Shape::One, "subscription"),
            (Ask::History { subscription: a() }, "/subscriptions/a/history", Shape::Unpaged, "subscription state"),
            (Ask::Invoices, "/invoices", Shape::Paged, "invoice"),
            (Ask::Invoice(a()), "/invoices/a", Shape::One, "invoice"),
            (Ask::Items { invoice: a() }, "/invoices/a/items", Shape::Paged, "invoice item"),
            (Ask::Drafts, "/invoices/draftItems", Shape::Paged, "invoice item"),
            (
                Ask::UsageSummaries { subscription: a() },
                "/subscriptions/a/usage-summaries",
                Shape::Paged,
                "usage summary",
            ),
            (Ask::UsageSummary(a()), "/usage-summaries/a", Shape::One, "usage summary"),
            (Ask::UsageLines { summary: a(), day }, "/usage-summaries/a/usage-lines", Shape::Paged, "usage line"),
            (Ask::Webhooks, "/webhooks", Shape::Paged, "webhook"),
            (Ask::Webhook(a()), "/webhooks/a", Shape::One, "webhook"),
            (Ask::Topics, "/webhooks/topic-definitions", Shape::Flat, "topic"),
            (Ask::Deliveries { webhook: a() }, "/webhooks/a/logs", Shape::Paged, "delivery"),
            (Ask::Delivery { webhook: a(), delivery: a() }, "/webhooks/a/logs/a", Shape::One, "delivery"),
        ] {
            assert_eq!((ask.path().as_str(), ask.shape(), ask.resource().name), (path, shape, kind));
            assert_eq!(ask.has_periods(), kind == "invoice item", "{path}");
            let of_webhooks = ["webhook", "topic", "delivery"].contains(&kind);
            assert_eq!(pax8.address(path).starts_with("https://api.pax8.com/api/v2/"), of_webhooks, "{path}");
        }
    }
}
