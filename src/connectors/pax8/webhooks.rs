//! Webhooks: what is known of one, and what is sent to make or change one.
//!
//! Keeps the invariant that the text a delivery is to carry is sent and never shown.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::connectors::pax8::mask::masked_url;
use crate::connectors::pax8::record::{Field, Kind, Resource, day, flag, id, number, of, text};
use crate::connectors::pax8::request::{Body, Email, Filled, Hidden, Invalid};

const FILTERS: &[Field] =
    &[text("action"), of("conditions", Kind::Objects(&[text("field"), text("operator"), of("value", Kind::Anything)]))];

const TOPICS: &[Field] = &[id("id"), text("topic"), of("filters", Kind::Objects(FILTERS))];

/// How a delivery ended.
pub(super) const DELIVERY: &[&str] = &["PENDING", "SUCCESS", "FAILED", "RETRYING"];

/// A webhook.
pub(super) static WEBHOOK: Resource = Resource {
    name: "webhook",
    plural: "webhooks",
    fields: &[
        id("id"),
        id("accountId"),
        text("displayName"),
        text("url"),
        of("authorization", Kind::Secret),
        flag("active"),
        text("contactEmail"),
        number("errorThreshold"),
        text("integrationId"),
        of("webhookTopics", Kind::Objects(TOPICS)),
        of("lastDeliveryStatus", Kind::Word(DELIVERY)),
        day("createdAt"),
        day("updatedAt"),
    ],
    columns: &["id", "displayName", "url", "active", "lastDeliveryStatus", "contactEmail", "webhookTopics"],
};

/// A topic that can be listened to.
pub(super) static TOPIC_DEFINITION: Resource = Resource {
    name: "topic",
    plural: "topics",
    fields: &[
        text("topic"),
        text("name"),
        text("description"),
        of("availableFilters", Kind::Anything),
        of("samplePayload", Kind::Anything),
    ],
    columns: &["topic", "name", "description"],
};

const CALLS: &[Field] = &[
    id("id"),
    day("timestamp"),
    of("status", Kind::Word(DELIVERY)),
    text("errorMessage"),
    number("httpStatusCode"),
    of("payload", Kind::Anything),
];

/// A delivery, with every attempt.
pub(super) static WEBHOOK_LOG: Resource = Resource {
    name: "delivery",
    plural: "deliveries",
    fields: &[
        id("id"),
        id("webhookId"),
        text("webhookName"),
        of("finalStatus", Kind::Word(DELIVERY)),
        of("callHistory", Kind::Objects(CALLS)),
        day("createdAt"),
    ],
    columns: &["id", "webhookName", "finalStatus", "createdAt", "callHistory"],
};

/// What a test of a topic answers.
pub(super) static TOPIC_TEST: Resource = Resource {
    name: "test",
    plural: "tests",
    fields: &[text("url"), of("webhook", Kind::Anything), of("samplePayload", Kind::Anything)],
    columns: &["url"],
};

/// Whether records of a kind repeat what a webhook delivers and is configured with.
pub(super) fn repeats(of: &Resource) -> bool {
    [&WEBHOOK, &TOPIC_DEFINITION, &WEBHOOK_LOG, &TOPIC_TEST].iter().any(|one| one.name == of.name)
}

/// When a topic is sent: one action, and conditions that must all hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicFilter {
    /// `CREATED`.
    pub action: Filled,
    /// Field, operator, values.
    pub conditions: Vec<Condition>,
}

/// One condition of a filter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// Of the record.
    pub field: Filled,
    /// How it is compared.
    pub operator: Operator,
    /// With what.
    pub values: Vec<String>,
}

/// How a condition compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "each says what it is")]
pub enum Operator {
    Equals,
    NotEquals,
    GreaterThan,
    LessThan,
    In,
    NotIn,
    Contains,
}

/// A topic to listen to; names come from the topic definitions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topic {
    /// Its name.
    pub name: Filled,
    /// When it is sent; always when empty.
    pub filters: Vec<TopicFilter>,
}

pub(super) fn filters_body(filters: &[TopicFilter]) -> Value {
    let condition = |one: &Condition| json!({ "field": one.field, "operator": one.operator, "value": one.values });
    let filter = |one: &TopicFilter| json!({ "action": one.action, "conditions": one.conditions.iter().map(condition).collect::<Vec<_>>() });
    filters.iter().map(filter).collect()
}

impl Topic {
    pub(super) fn body(&self) -> Value {
        json!({ "topic": self.name, "filters": filters_body(&self.filters) })
    }
}

/// A count of failed deliveries, from 1 to 20.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Threshold(u8);

impl Threshold {
    /// Takes a count.
    ///
    /// # Errors
    /// [`Invalid`] for anything but 1 to 20.
    pub fn new(count: u8) -> Result<Self, Invalid> {
        if (1..=20).contains(&count) {
            return Ok(Self(count));
        }
        Err(Invalid::new("error threshold", format!("expected from 1 to 20, found {count}")))
    }
}

/// Where and how a webhook delivers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookSettings {
    /// What people call it.
    pub name: Filled,
    /// Where it delivers: https.
    pub url: WebhookUrl,
    /// What each delivery carries in `Authorization`; nothing else proves that it is Pax8's.
    pub authorization: Hidden,
    /// Who is told when deliveries fail.
    pub contact_email: Option<Email>,
    /// After how many failures.
    pub error_threshold: Option<Threshold>,
}

/// An https address. It may hold a key: it is kept without the values of its parameters.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct WebhookUrl(Filled);

impl std::fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&masked_url(self.0.as_str()))
    }
}
impl Serialize for WebhookUrl {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&masked_url(self.0.as_str()))
    }
}

impl WebhookUrl {
    /// Takes an address.
    ///
    /// # Errors
    /// [`Invalid`] for anything but https.
    pub fn new(field: &str, text: impl AsRef<str>) -> Result<Self, Invalid> {
        let text = Filled::new(field, text)?;
        let host = text.as_str().strip_prefix("https://").filter(|rest| !rest.is_empty() && !rest.starts_with('/'));
        if host.is_none() || text.as_str().contains(char::is_whitespace) {
            return Err(Invalid::new(field, "expected an address like https://hooks.example/pax8"));
        }
        Ok(Self(text))
    }
}

impl WebhookSettings {
    fn started(&self) -> Body {
        Body::default()
            .put("displayName", self.name.as_str())
            .put("url", self.url.0.as_str())
            .put("authorization", self.authorization.reveal())
            .may("contactEmail", self.contact_email.as_ref().map(Email::as_str))
            .may("errorThreshold", self.error_threshold.map(|threshold| threshold.0))
    }

    pub(super) fn body(&self) -> Value {
        self.started().done()
    }
}

/// A webhook to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewWebhook {
    /// Where and how it delivers.
    pub settings: WebhookSettings,
    /// Whether it delivers from the start.
    pub active: bool,
    /// Required of integrators who are not partners.
    pub integration: Option<Filled>,
    /// What it listens to.
    pub topics: Vec<Topic>,
}

impl NewWebhook {
    pub(super) fn body(&self) -> Value {
        self.settings
            .started()
            .put("active", self.active)
            .may("integrationId", self.integration.as_ref().map(Filled::as_str))
            .put("webhookTopics", self.topics.iter().map(Topic::body).collect::<Vec<_>>())
            .done()
    }
}
