//! `trueup pax8 webhooks`: who is told of changes at Pax8, about what.
//!
//! Keeps the invariant that the text a delivery is to carry is named on the command line and never written there.

use clap::Subcommand;

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending};
use crate::cli::pax8::names::{Of, id_of};
use crate::cli::pax8::options::one;
use crate::cli::pax8::read::{Asks, Id, Noun, Read, Reads, flag};
use crate::cli::pax8::webhook_settings::{Authorization, Disable, Enable, Update};
use crate::cli::pax8::webhook_topics;
use crate::cli::pax8::write::{Act, send};
use crate::engine::pax8::{
    Ask, Email, Filled, Invalid, NewWebhook, RemoteId, Threshold, Topic, TopicFilter, WebhookSettings, WebhookUrl,
    Write,
};

pub(super) const WEBHOOK: Id =
    ("WEBHOOK", "The webhook's id or name, or the beginning of either; of an id at least 6 characters");
const DELIVERY: Id = ("LOG_ID", "The delivery's id, as `webhooks logs` lists it");

/// Reads of webhooks.
#[derive(Debug, Clone)]
pub(super) struct Webhooks;

impl Noun for Webhooks {
    const READS: &'static [Read] = &[
        Read {
            verb: "list",
            about: "List webhooks",
            more: "What their deliveries carry in Authorization is never shown.",
            asks: Asks::Pages(Ask::Webhooks),
            flags: &[
                flag("search", "query", "With this in their name or address"),
                flag("active", "active", "That are active, or are not"),
                flag("topic", "topic", "That listen to this topic"),
                flag("status", "status", "Whose last delivery ended so"),
                flag("account", "accountId", "Of this account"),
            ],
            example: "webhooks list --active yes",
        },
        Read {
            verb: "get",
            about: "Show one webhook",
            more: "",
            asks: Asks::Whole(WEBHOOK, Ask::Webhook),
            flags: &[],
            example: "webhooks get trueup",
        },
        Read {
            verb: "logs",
            about: "List the deliveries of a webhook, with every attempt",
            more: "",
            asks: Asks::PagesOf(WEBHOOK, |webhook| Ask::Deliveries { webhook }),
            flags: &[
                flag("topic", "topicName", "Of this topic"),
                flag("status", "status", "That ended so"),
                flag("from", "startDate", "On this day or later"),
                flag("to", "endDate", "On this day or earlier"),
            ],
            example: "webhooks logs trueup --status failed",
        },
        Read {
            verb: "log",
            about: "Show one delivery of a webhook, with what was sent and answered",
            more: "The id is one of those that `trueup pax8 webhooks logs WEBHOOK` lists; that of the example stands for one of them. Secrets in what was sent are shown as ***.",
            asks: Asks::WholeOf(WEBHOOK, DELIVERY, |webhook, delivery| Ask::Delivery { webhook, delivery }),
            flags: &[],
            example: "webhooks log trueup 90ab44e1",
        },
    ];
}

/// What can be done with webhooks.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    #[command(flatten)]
    Read(Reads<Webhooks>),
    Create(Create),
    Update(Update),
    Enable(Enable),
    Disable(Disable),
    /// Topics: those there are, and those a webhook listens to
    #[command(subcommand, after_help = "Example:\n  trueup pax8 webhooks topics add trueup CLIENT:CREATED")]
    Topics(webhook_topics::Verb),
    Test(Test),
    Retry(Retry),
    Delete(Delete),
}

/// Make a webhook
///
/// Nothing but a long random text in Authorization proves that a delivery is Pax8's: keep it in a variable or in a file only you
/// may read, and name that. It is sent to Pax8 and shown nowhere.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  trueup pax8 webhooks create --name trueup --url https://hooks.acme.example/pax8 --authorization-env PAX8_HOOK_SECRET --topic INVOICE:CREATED --active"
)]
pub(super) struct Create {
    /// What people call it
    #[arg(long, value_name = "TEXT")]
    name: String,
    /// Deliver to this address, https
    #[arg(long, value_name = "URL")]
    url: String,
    #[command(flatten)]
    authorization: Authorization,
    /// Listen to this topic, or to one of its actions; may be repeated
    #[arg(long, value_name = "TOPIC[:ACTION]")]
    topic: Vec<String>,
    /// Tell this mail address when deliveries fail
    #[arg(long, value_name = "MAIL")]
    contact_email: Option<String>,
    /// After so many failures, from 1 to 20
    #[arg(long, value_name = "NUMBER")]
    error_threshold: Option<u8>,
    /// Deliver from the start
    #[arg(long)]
    active: bool,
    /// Belong to this integration; integrators who are no partners need it
    #[arg(long, value_name = "ID")]
    integration: Option<String>,
    #[command(flatten)]
    act: Act,
}

/// Have Pax8 deliver a sample of a topic
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup pax8 webhooks test trueup INVOICE")]
pub(super) struct Test {
    /// The webhook's id or name, or the beginning of either; of an id at least 6 characters
    #[arg(value_name = "WEBHOOK")]
    webhook: String,
    /// The topic's name
    #[arg(value_name = "TOPIC")]
    topic: String,
    #[command(flatten)]
    act: Act,
}

/// Have Pax8 make a delivery again
///
/// One that failed, say: `trueup pax8 webhooks logs WEBHOOK` lists them with their ids; that of the example stands for one of
/// them. What it carries is what it carried before.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup pax8 webhooks retry trueup 90ab44e1")]
pub(super) struct Retry {
    /// The webhook's id or name, or the beginning of either; of an id at least 6 characters
    #[arg(value_name = "WEBHOOK")]
    webhook: String,
    /// The delivery's id, as `webhooks logs` lists it
    #[arg(value_name = "LOG_ID")]
    log: String,
    #[command(flatten)]
    act: Act,
}

/// Delete a webhook
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup pax8 webhooks delete trueup")]
pub(super) struct Delete {
    /// The webhook's id or name, or the beginning of either; of an id at least 6 characters
    #[arg(value_name = "WEBHOOK")]
    webhook: String,
    #[command(flatten)]
    act: Act,
}

impl Verb {
    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        match self {
            Self::Read(reads) => reads.run(context).await,
            Self::Create(args) => args.run(context).await,
            Self::Update(args) => args.run(context).await,
            Self::Enable(args) => args.run(context).await,
            Self::Disable(args) => args.run(context).await,
            Self::Topics(verb) => verb.run(context).await,
            Self::Test(args) => args.run(context).await,
            Self::Retry(args) => args.run(context).await,
            Self::Delete(args) => args.run(context).await,
        }
    }
}

impl Create {
    async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let topics: Result<Vec<Topic>, Invalid> = self.topic.iter().map(|text| topic(text)).collect();
        let new = NewWebhook {
            settings: WebhookSettings {
                name: Filled::new("--name", &self.name)?,
                url: WebhookUrl::new("--url", &self.url)?,
                authorization: self.authorization.read(context)?,
                contact_email: self
                    .contact_email
                    .as_ref()
                    .map(|mail| Email::new("--contact-email", mail))
                    .transpose()?,
                error_threshold: self.error_threshold.map(Threshold::new).transpose()?,
            },
            active: self.active,
            integration: self.integration.as_ref().map(|id| Filled::new("--integration", id)).transpose()?,
            topics: topics?,
        };
        let mut warnings = Vec::new();
        if new.topics.is_empty() {
            warnings.push("it listens to no topic: nothing will be delivered".to_owned());
        }
        if !new.active {
            warnings.push("it is not active: nothing will be delivered; --active makes it so".to_owned());
        }
        let remote = self.act.how.open(context)?;
        Ok(send(context, &remote, &Write::CreateWebhook(Box::new(new)), None, &warnings, &self.act).await?.ending)
    }
}

/// `INVOICE`, or `INVOICE:CREATED` for one action of it.
pub(super) fn topic(text: &str) -> Result<Topic, Invalid> {
    let (name, action) = text.split_once(':').map_or((text, None), |(name, action)| (name, Some(action)));
    let filter =
        |action: &str| Ok(TopicFilter { action: Filled::new("--topic action", action)?, conditions: Vec::new() });
    let filters: Result<Vec<TopicFilter>, Invalid> = action.map(filter).into_iter().collect();
    Ok(Topic { name: Filled::new("--topic", name)?, filters: filters? })
}

impl Test {
    async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let topic = Filled::new("TOPIC", &self.topic)?;
        let remote = self.act.how.open(context)?;
        let webhook = id_of(context, &remote, (Of::Webhook, "WEBHOOK"), &self.webhook).await?;
        let write = Write::TestTopic { webhook, topic };
        Ok(send(context, &remote, &write, None, &[], &self.act).await?.ending)
    }
}

impl Retry {
    async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let delivery = RemoteId::new("LOG_ID", &self.log)?;
        let remote = self.act.how.open(context)?;
        let webhook = id_of(context, &remote, (Of::Webhook, "WEBHOOK"), &self.webhook).await?;
        let now = one(&remote, &Ask::Delivery { webhook: webhook.clone(), delivery: delivery.clone() }).await?;
        let write = Write::RetryDelivery { webhook, delivery };
        Ok(send(context, &remote, &write, Some(&now), &[], &self.act).await?.ending)
    }
}

impl Delete {
    async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let remote = self.act.how.open(context)?;
        let webhook = id_of(context, &remote, (Of::Webhook, "WEBHOOK"), &self.webhook).await?;
        let now = one(&remote, &Ask::Webhook(webhook.clone())).await?;
        let write = Write::DeleteWebhook { webhook };
        Ok(send(context, &remote, &write, Some(&now), &[], &self.act).await?.ending)
    }
}
