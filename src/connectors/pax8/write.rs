//! Everything that can be changed at Pax8, as values: what is sent, and what becomes of it.
//!
//! Keeps the invariant that a write is sent by a person's explicit act alone: nothing here is called by a pull or a reconcile,
//! and a connection of a test environment sends none.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::connectors::Result;
use crate::connectors::http::{Call, Outcome, Undecodable, Verb, decode, segment};
use crate::connectors::pax8::ask::Ask;
use crate::connectors::pax8::companies::{CompanyPatch, NewCompany};
use crate::connectors::pax8::contacts::{ContactBody, ContactChange};
use crate::connectors::pax8::look::leaves;
use crate::connectors::pax8::mask;
use crate::connectors::pax8::orders::{NewOrder, moment_of};
use crate::connectors::pax8::record::{Record, Resource};
use crate::connectors::pax8::request::{Filled, Hidden, RemoteId};
use crate::connectors::pax8::subscriptions::SubscriptionChange;
use crate::connectors::pax8::webhooks::{
    NewWebhook, TOPIC_TEST, Topic, TopicFilter, WEBHOOK, WebhookSettings, filters_body,
};
use crate::connectors::pax8::{Pax8, companies, contacts, orders, subscriptions};

/// Something to be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each says what it does")]
pub enum Write {
    CreateCompany(Box<NewCompany>),
    UpdateCompany {
        company: RemoteId,
        patch: Box<CompanyPatch>,
    },
    CreateContact {
        company: RemoteId,
        contact: ContactBody,
    },
    ReplaceContact {
        company: RemoteId,
        contact: RemoteId,
        change: ContactChange,
    },
    DeleteContact {
        company: RemoteId,
        contact: RemoteId,
    },
    CreateOrder(NewOrder),
    UpdateSubscription {
        subscription: RemoteId,
        change: Box<SubscriptionChange>,
    },
    /// Without a day at once, as far as Pax8 says.
    CancelSubscription {
        subscription: RemoteId,
        on: Option<NaiveDate>,
    },
    CreateWebhook(Box<NewWebhook>),
    ConfigureWebhook {
        webhook: RemoteId,
        settings: Box<WebhookSettings>,
    },
    SwitchWebhook {
        webhook: RemoteId,
        active: bool,
    },
    DeleteWebhook {
        webhook: RemoteId,
    },
    AddTopic {
        webhook: RemoteId,
        topic: Topic,
    },
    ReplaceTopics {
        webhook: RemoteId,
        topics: Vec<Topic>,
    },
    DeleteTopic {
        webhook: RemoteId,
        topic: RemoteId,
    },
    ConfigureTopic {
        webhook: RemoteId,
        topic: RemoteId,
        filters: Vec<TopicFilter>,
    },
    /// Delivers a sample. By the topic's name.
    TestTopic {
        webhook: RemoteId,
        topic: Filled,
    },
    RetryDelivery {
        webhook: RemoteId,
        delivery: RemoteId,
    },
}

/// A write as it goes out, for people. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    /// `POST`.
    pub verb: &'static str,
    /// The whole address, or the end of it.
    pub url: String,
    /// The body, where there is one; secrets in it are `***`.
    pub body: Option<Value>,
}

/// What a write was answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// The record it answered, where it answered one.
    pub record: Option<Record>,
}

impl Write {
    /// What it does, in a word a journal keeps.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        match self {
            Self::CreateCompany(_) => "create company",
            Self::UpdateCompany { .. } => "update company",
            Self::CreateContact { .. } => "create contact",
            Self::ReplaceContact { .. } => "replace contact",
            Self::DeleteContact { .. } => "delete contact",
            Self::CreateOrder(_) => "create order",
            Self::UpdateSubscription { .. } => "update subscription",
            Self::CancelSubscription { .. } => "cancel subscription",
            Self::CreateWebhook(_) => "create webhook",
            Self::ConfigureWebhook { .. } => "configure webhook",
            Self::SwitchWebhook { .. } => "switch webhook",
            Self::DeleteWebhook { .. } => "delete webhook",
            Self::AddTopic { .. } => "add topic",
            Self::ReplaceTopics { .. } => "replace topics",
            Self::DeleteTopic { .. } => "delete topic",
            Self::ConfigureTopic { .. } => "configure topic",
            Self::TestTopic { .. } => "test topic",
            Self::RetryDelivery { .. } => "retry delivery",
        }
    }

    /// What it is about: two open writes about one subject would hide each other.
    #[must_use]
    pub fn subject(&self) -> String {
        let of = |kind: &str, id: &RemoteId| format!("{kind} {}", id.as_str());
        match self {
            Self::CreateCompany(new) => format!("company named {}", new.name.as_str()),
            Self::UpdateCompany { company, .. } => of("company", company),
            Self::CreateContact { company, contact } => {
                format!("contact {} of company {}", contact.email.as_str(), company.as_str())
            }
            Self::ReplaceContact { contact, .. } | Self::DeleteContact { contact, .. } => of("contact", contact),
            Self::CreateOrder(order) => format!("order of company {}", order.company().as_str()),
            Self::UpdateSubscription { subscription, .. } | Self::CancelSubscription { subscription, .. } => {
                of("subscription", subscription)
            }
            Self::CreateWebhook(new) => format!("webhook named {}", new.settings.name.as_str()),
            Self::ConfigureWebhook { webhook, .. }
            | Self::SwitchWebhook { webhook, .. }
            | Self::DeleteWebhook { webhook }
            | Self::AddTopic { webhook, .. }
            | Self::ReplaceTopics { webhook, .. }
            | Self::DeleteTopic { webhook, .. }
            | Self::ConfigureTopic { webhook, .. } => of("webhook", webhook),
            // Neither changes the webhook.
            Self::TestTopic { webhook, topic } => {
                format!("test of {} for webhook {}", topic.as_str(), webhook.as_str())
            }
            Self::RetryDelivery { webhook, delivery } => {
                format!("delivery {} of webhook {}", delivery.as_str(), webhook.as_str())
            }
        }
    }

    /// The record it changes or ends, to be read before and after.
    #[must_use]
    pub fn target(&self) -> Option<Ask> {
        match self {
            Self::CreateCompany(_) | Self::CreateContact { .. } | Self::CreateOrder(_) | Self::CreateWebhook(_) => None,
            Self::UpdateCompany { company, .. } => Some(Ask::Company(company.clone())),
            Self::ReplaceContact { company, contact, .. } | Self::DeleteContact { company, contact } => {
                Some(Ask::Contact { company: company.clone(), contact: contact.clone() })
            }
            Self::UpdateSubscription { subscription, .. } | Self::CancelSubscription { subscription, .. } => {
                Some(Ask::Subscription(subscription.clone()))
            }
            Self::ConfigureWebhook { webhook, .. }
            | Self::SwitchWebhook { webhook, .. }
            | Self::DeleteWebhook { webhook }
            | Self::AddTopic { webhook, .. }
            | Self::ReplaceTopics { webhook, .. }
            | Self::DeleteTopic { webhook, .. }
            | Self::ConfigureTopic { webhook, .. }
            | Self::TestTopic { webhook, .. } => Some(Ask::Webhook(webhook.clone())),
            Self::RetryDelivery { webhook, delivery } => {
                Some(Ask::Delivery { webhook: webhook.clone(), delivery: delivery.clone() })
            }
        }
    }

    /// The listing that a record it makes stands in.
    pub(super) fn makes(&self) -> Option<Ask> {
        if let Self::CreateContact { company, .. } = self {
            return Some(Ask::Contacts { company: company.clone() });
        }
        let all = [
            (matches!(self, Self::CreateCompany(_)), Ask::Companies),
            (matches!(self, Self::CreateOrder(_)), Ask::Orders),
            (matches!(self, Self::CreateWebhook(_)), Ask::Webhooks),
        ];
        all.into_iter().find(|(makes, _)| *makes).map(|(_, ask)| ask)
    }

    /// The record it made or changed, by the id it was answered.
    #[must_use]
    pub fn made(&self, id: RemoteId) -> Ask {
        if let Some(target) = self.target() {
            return target;
        }
        if let Self::CreateContact { company, .. } = self {
            return Ask::Contact { company: company.clone(), contact: id };
        }
        if matches!(self, Self::CreateOrder(_)) {
            return Ask::Order(id);
        }
        if matches!(self, Self::CreateWebhook(_)) { Ask::Webhook(id) } else { Ask::Company(id) }
    }

    /// The fields it takes away, by their paths: those that are sent as nothing, or left out of what replaces the whole.
    #[must_use]
    pub fn clears(&self) -> Vec<String> {
        let nothing = leaves(self.body().unwrap_or_default()).into_iter().filter(|(_, value)| value.is_null());
        let mut all: Vec<String> = nothing.map(|(path, _)| path.join(".")).collect();
        if let Self::ConfigureWebhook { settings, .. } = self
            && settings.contact_email.is_none()
        {
            all.push("contactEmail".to_owned());
        }
        all
    }

    fn verb(&self) -> Verb {
        match self {
            Self::UpdateCompany { .. } => Verb::Patch,
            Self::ReplaceContact { .. } | Self::UpdateSubscription { .. } | Self::ReplaceTopics { .. } => Verb::Put,
            Self::DeleteContact { .. }
            | Self::CancelSubscription { .. }
            | Self::DeleteWebhook { .. }
            | Self::DeleteTopic { .. } => Verb::Delete,
            Self::CreateCompany(_)
            | Self::CreateContact { .. }
            | Self::CreateOrder(_)
            | Self::CreateWebhook(_)
            | Self::ConfigureWebhook { .. }
            | Self::SwitchWebhook { .. }
            | Self::AddTopic { .. }
            | Self::ConfigureTopic { .. }
            | Self::TestTopic { .. }
            | Self::RetryDelivery { .. } => Verb::Post,
        }
    }

    fn path(&self) -> String {
        let below = |webhook: &RemoteId, what: &str| format!("/webhooks/{}{what}", segment(webhook.as_str()));
        match self {
            Self::CreateCompany(_) => Ask::Companies.path(),
            Self::CreateContact { company, .. } => Ask::Contacts { company: company.clone() }.path(),
            Self::CreateOrder(_) => Ask::Orders.path(),
            Self::CreateWebhook(_) => Ask::Webhooks.path(),
            Self::ConfigureWebhook { webhook, .. } => below(webhook, "/configuration"),
            Self::SwitchWebhook { webhook, .. } => below(webhook, "/status"),
            Self::AddTopic { webhook, .. } | Self::ReplaceTopics { webhook, .. } => below(webhook, "/topics"),
            Self::DeleteTopic { webhook, topic } => below(webhook, &format!("/topics/{}", segment(topic.as_str()))),
            Self::ConfigureTopic { webhook, topic, .. } => {
                below(webhook, &format!("/topics/{}/configuration", segment(topic.as_str())))
            }
            Self::TestTopic { webhook, topic } => below(webhook, &format!("/topics/{}/test", segment(topic.as_str()))),
            Self::RetryDelivery { webhook, delivery } => {
                below(webhook, &format!("/logs/{}/retry", segment(delivery.as_str())))
            }
            Self::UpdateCompany { .. }
            | Self::ReplaceContact { .. }
            | Self::DeleteContact { .. }
            | Self::UpdateSubscription { .. }
            | Self::CancelSubscription { .. }
            | Self::DeleteWebhook { .. } => self.target().map(|target| target.path()).unwrap_or_default(),
        }
    }

    fn query(&self) -> Option<(&'static str, String)> {
        let Self::CancelSubscription { on: Some(day), .. } = self else { return None };
        Some(("cancelDate", moment_of(*day)))
    }

    /// The body as it is sent.
    pub(super) fn body(&self) -> Option<Value> {
        match self {
            Self::CreateCompany(new) => Some(new.body()),
            Self::UpdateCompany { patch, .. } => Some(patch.body()),
            Self::CreateContact { contact, .. } => Some(contact.body()),
            Self::ReplaceContact { change, .. } => Some(change.body()),
            Self::CreateOrder(order) => Some(order.body()),
            Self::UpdateSubscription { change, .. } => Some(change.body()),
            Self::CreateWebhook(new) => Some(new.body()),
            Self::ConfigureWebhook { settings, .. } => Some(settings.body()),
            Self::SwitchWebhook { active, .. } => Some(json!({ "active": active })),
            Self::AddTopic { topic, .. } => Some(topic.body()),
            Self::ReplaceTopics { topics, .. } => {
                Some(json!({ "webhookTopics": topics.iter().map(Topic::body).collect::<Vec<_>>() }))
            }
            Self::ConfigureTopic { filters, .. } => Some(json!({ "filters": filters_body(filters) })),
            Self::DeleteContact { .. }
            | Self::CancelSubscription { .. }
            | Self::DeleteWebhook { .. }
            | Self::DeleteTopic { .. }
            | Self::TestTopic { .. }
            | Self::RetryDelivery { .. } => None,
        }
    }

    /// As it goes out, to an address below that of whatever connection sends it.
    #[must_use]
    pub fn sending(&self) -> Sending {
        self.sending_to(self.path())
    }

    fn sending_to(&self, url: String) -> Sending {
        let query = self.query().map(|(name, value)| format!("?{name}={value}")).unwrap_or_default();
        let mut body = self.body();
        if let Some(secret) = body.as_mut().and_then(|body| body.get_mut("authorization")) {
            *secret = Value::from("***");
        }
        let body = body.map(mask::noted);
        Sending { verb: self.verb().as_str(), url: url + &query, body }
    }

    /// What it sends and nobody may see.
    pub(super) fn secret(&self) -> Option<&Hidden> {
        if let Self::CreateWebhook(new) = self {
            return Some(&new.settings.authorization);
        }
        if let Self::ConfigureWebhook { settings, .. } = self { Some(&settings.authorization) } else { None }
    }

    /// What its answer holds; nothing where it answers no record.
    fn answers(&self) -> Option<&'static Resource> {
        match self {
            Self::CreateCompany(_) | Self::UpdateCompany { .. } => Some(&companies::COMPANY),
            Self::CreateContact { .. } | Self::ReplaceContact { .. } => Some(&contacts::CONTACT),
            Self::CreateOrder(_) => Some(&orders::ORDER),
            Self::UpdateSubscription { .. } => Some(&subscriptions::SUBSCRIPTION),
            Self::CreateWebhook(_)
            | Self::ConfigureWebhook { .. }
            | Self::SwitchWebhook { .. }
            | Self::AddTopic { .. }
            | Self::ReplaceTopics { .. }
            | Self::ConfigureTopic { .. } => Some(&WEBHOOK),
            Self::TestTopic { .. } => Some(&TOPIC_TEST),
            Self::DeleteContact { .. }
            | Self::CancelSubscription { .. }
            | Self::DeleteWebhook { .. }
            | Self::DeleteTopic { .. }
            | Self::RetryDelivery { .. } => None,
        }
    }
}

impl Pax8 {
    /// A write as it would go out. Sends nothing.
    #[must_use]
    pub fn sending(&self, write: &Write) -> Sending {
        let mut url = self.address(&write.path());
        if url.starts_with('/') {
            url.insert_str(0, self.base_url().trim_end_matches('/'));
        }
        write.sending_to(url)
    }

    /// Refuses a write where this connection may make none.
    ///
    /// # Errors
    /// [`ErrorKind::Settings`] for a connection of a test environment.
    pub fn may_write(&self, write: &Write) -> Result<()> {
        self.settings().environment.may_write(&self.settings().name, write.operation())
    }

    /// Sends a write, once. Use the engine's journalled way; this is its last step.
    ///
    /// # Errors
    /// Only where nothing was done.
    pub async fn send(&self, write: &Write) -> Result<Outcome<Answered>> {
        self.may_write(write)?;
        let sent = self.post(write, write.answers(), None).await?;
        Ok(sent.map(|record| Answered { record }))
    }

    /// Has an order judged and not placed. Changes nothing, so a test connection may.
    ///
    /// # Errors
    /// What kept it from being judged.
    pub async fn validate(&self, order: &NewOrder) -> Result<Outcome<Answered>> {
        let write = Write::CreateOrder(order.clone());
        let sent = self.post(&write, Some(&orders::ORDER), Some(("isMock", "true"))).await?;
        Ok(sent.map(|record| Answered { record }))
    }

    async fn post(
        &self,
        write: &Write,
        answers: Option<&'static Resource>,
        more: Option<(&str, &str)>,
    ) -> Result<Outcome<Option<Record>>> {
        // Should the answer repeat it.
        if let Some(secret) = write.secret() {
            self.client().hide(secret.reveal());
        }
        let path = self.address(&write.path());
        let body = write.body().map(|body| body.to_string());
        let own = write.query();
        let own = own.as_ref().map(|(name, value)| (*name, value.as_str()));
        let query: Vec<(&str, &str)> = own.into_iter().chain(more).collect();
        let call = Call { verb: write.verb(), path: &path, query: &query, headers: &[], body: body.as_deref() };
        self.client()
            .write(call, |reply| match answers {
                None => Ok(None),
                Some(_) if reply.status == 204 => Ok(None),
                Some(of) => {
                    let raw: Box<RawValue> = decode(&reply.body)?;
                    let read = Record::read(of, raw);
                    read.map(Some).map_err(|flaw| Undecodable { at: flaw.field, what: flaw.what })
                }
            })
            .await
    }
}
