//! Every question Pax8's API answers, with the filters and sort fields it documents.
//!
//! Keeps the invariants that a filter or a sort field nobody documents cannot be asked for, since Pax8 ignores what it does
//! not know and answers everything, and that what was asked for is checked again on what came back.

use chrono::NaiveDate;
use serde_json::Value;

use crate::connectors::http::segment;
use crate::connectors::pax8::companies::{self, COMPANY};
use crate::connectors::pax8::contacts::CONTACT;
use crate::connectors::pax8::field;
use crate::connectors::pax8::invoices::{self, INVOICE, ITEM};
use crate::connectors::pax8::orders::ORDER;
use crate::connectors::pax8::products::{DEPENDENCIES, PRICING, PRODUCT, PROVISION_DETAIL};
use crate::connectors::pax8::record::{Kind, Record, Resource, same_word};
use crate::connectors::pax8::request::{Invalid, RemoteId};
use crate::connectors::pax8::subscriptions::{self, SUBSCRIPTION};
use crate::connectors::pax8::term::BillingTerm;
use crate::connectors::pax8::usage::{USAGE_LINE, USAGE_SUMMARY};
use crate::connectors::pax8::webhooks::{DELIVERY, TOPIC_DEFINITION, WEBHOOK, WEBHOOK_LOG};
use crate::core::money;
use crate::core::nearest::nearest;
use crate::core::outside::excerpt;

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

/// How a sort field is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortStyle {
    /// `name` or `name,desc`.
    Bare,
    /// `price,asc` or `price,desc`.
    Both,
    /// `name:asc` or `name:desc`.
    Colon,
}

/// One filter of a listing.
#[derive(Debug, Clone, Copy)]
pub struct Filter {
    /// As the API spells it.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// How it is checked again.
    check: Check,
}

#[derive(Debug, Clone, Copy)]
enum Check {
    /// This field must say the same.
    Is(&'static str),
    /// This day must not be before.
    From(&'static str),
    /// This day must not be after.
    To(&'static str),
    /// Rows may spell it differently, or not hold it.
    Never,
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
            Self::Subscriptions | Self::Subscription(_) | Self::History { .. } => &SUBSCRIPTION,
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

    /// Whether it is asked of the webhooks API.
    pub(super) fn is_of_webhooks(&self) -> bool {
        let resource = self.resource().name;
        [WEBHOOK.name, TOPIC_DEFINITION.name, WEBHOOK_LOG.name].contains(&resource)
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

/// Filters and a sort field of a question, each as documented.
#[derive(Debug, Clone, Default)]
pub struct Query {
    filters: Vec<(Filter, String)>,
    sort: Option<String>,
}

impl Query {
    /// Adds a filter of a question.
    ///
    /// # Errors
    /// [`Invalid`] for a filter the question does not know, or a value it does not take.
    pub fn with(mut self, ask: &Ask, name: &str, value: &str) -> Result<Self, Invalid> {
        let Some(filter) = ask.filters().iter().find(|filter| filter.name == name) else {
            let known: Vec<&str> = ask.filters().iter().map(|filter| filter.name).collect();
            return Err(unknown("filter", name, &known));
        };
        self.filters.push((*filter, filter.taken(value)?));
        Ok(self)
    }

    /// Sorts by a field of a question.
    ///
    /// # Errors
    /// [`Invalid`] for a field the question cannot be sorted by.
    pub fn sorted(mut self, ask: &Ask, field: &str, descending: bool) -> Result<Self, Invalid> {
        let (known, style) = ask.sorts();
        if !known.contains(&field) {
            return Err(unknown("sort field", field, known));
        }
        self.sort = Some(match (style, descending) {
            (SortStyle::Bare, false) => field.to_owned(),
            (SortStyle::Bare | SortStyle::Both, true) => format!("{field},desc"),
            (SortStyle::Both, false) => format!("{field},asc"),
            (SortStyle::Colon, descending) => format!("{field}:{}", if descending { "desc" } else { "asc" }),
        });
        Ok(self)
    }

    /// As parameters.
    pub(super) fn parameters(&self) -> Vec<(&str, &str)> {
        let filters = self.filters.iter().map(|(filter, value)| (filter.name, value.as_str()));
        filters.chain(self.sort.as_deref().map(|sort| ("sort", sort))).collect()
    }

    /// The first filter a record does not fit.
    pub(super) fn breach(&self, record: &Record) -> Option<&'static str> {
        self.filters.iter().find(|(filter, value)| !filter.fits(record, value)).map(|(filter, _)| filter.name)
    }
}

fn unknown(what: &str, name: &str, known: &[&str]) -> Invalid {
    let near = nearest(name, known.iter().copied()).map_or_else(String::new, |near| format!("; the nearest is {near}"));
    let listed = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Invalid::new(&format!("{what} {}", excerpt(name, 40)), format!("is not known here; there are {listed}{near}"))
}

impl Filter {
    /// The words it takes, where they are a closed set.
    #[must_use]
    pub fn words(&self) -> &'static [&'static str] {
        if let Kind::Word(words) = self.kind { words } else { &[] }
    }

    /// A value as the API spells it.
    fn taken(&self, value: &str) -> Result<String, Invalid> {
        let value = value.trim();
        let wrong =
            |expected: &str| Err(Invalid::new(self.name, format!("expected {expected}; found {}", excerpt(value, 40))));
        match self.kind {
            Kind::Flag => match value {
                "true" | "yes" => Ok("true".to_owned()),
                "false" | "no" => Ok("false".to_owned()),
                _ => wrong("true or false"),
            },
            Kind::Day => {
                value.parse::<NaiveDate>().map(|day| day.to_string()).or_else(|_| wrong("a day like 2026-03-01"))
            }
            Kind::Number => money::exact(value).map(money::plain).or_else(|_| wrong("a number")),
            Kind::Word(words) => match words.iter().find(|word| same_word(word, value)) {
                Some(word) => Ok((*word).to_owned()),
                None => wrong(&words.join(", ")),
            },
            Kind::Term => {
                let term = BillingTerm::of(value);
                let is_known = !matches!(term, BillingTerm::Other(_));
                if is_known { Ok(term.as_str().to_owned()) } else { wrong("a billing term like Monthly or Annual") }
            }
            Kind::Text
            | Kind::Id
            | Kind::Commitment
            | Kind::Texts
            | Kind::Object(_)
            | Kind::Objects(_)
            | Kind::Anything
            | Kind::Secret => {
                let is_one_line = !value.is_empty() && !value.chars().any(char::is_control);
                if is_one_line { Ok(value.to_owned()) } else { wrong("a text") }
            }
        }
    }

    /// Whether a record fits; one that does not say fits.
    fn fits(&self, record: &Record, value: &str) -> bool {
        let (Check::Is(path) | Check::From(path) | Check::To(path)) = self.check else { return true };
        let (Some(found), Some(shown)) = (record.value(path), record.text(path)) else { return true };
        match (self.check, self.kind) {
            (Check::From(_) | Check::To(_), _) | (_, Kind::Day) => {
                let (Some(day), Ok(asked)) = (record.day(path), value.parse::<NaiveDate>()) else { return true };
                match self.check {
                    Check::From(_) => day >= asked,
                    Check::To(_) => day <= asked,
                    Check::Is(_) | Check::Never => day == asked,
                }
            }
            (_, Kind::Number) => match (money::exact(&shown), money::exact(value)) {
                (Ok(found), Ok(asked)) => found == asked,
                _ => true,
            },
            (_, Kind::Flag) => found == &Value::Bool(value == "true"),
            (_, Kind::Term) => BillingTerm::of(&shown) == BillingTerm::of(value),
            (_, Kind::Word(_)) => same_word(&shown, value),
            (_, Kind::Id) => field::same_case(shown) == field::same_case(value.to_owned()),
            _ => shown.trim().to_lowercase() == value.to_lowercase(),
        }
    }
}
