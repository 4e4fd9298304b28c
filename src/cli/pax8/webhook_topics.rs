//! `trueup pax8 webhooks topics`: what can be listened to, and what a webhook listens to.
//!
//! Keeps the invariant that a topic of a webhook is meant by its name, as people know it; its id is found out here.

use clap::Subcommand;
use serde_json::{Map, Value};

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending};
use crate::cli::pax8::lines::part_in_words;
use crate::cli::pax8::names::{Of, id_of};
use crate::cli::pax8::options::{one, refused};
use crate::cli::pax8::read::{Asks, Noun, Read, Reads, flag};
use crate::cli::pax8::webhooks::topic;
use crate::cli::pax8::write::{Act, send};
use crate::engine::pax8::{
    Ask, Condition, Filled, Invalid, Operator, Record, Remote, RemoteId, Topic, TopicFilter, Write,
};

/// Reads of topics.
#[derive(Debug, Clone)]
pub(super) struct Topics;

impl Noun for Topics {
    const READS: &'static [Read] = &[Read {
        verb: "list",
        about: "List the topics a webhook can listen to",
        more: "",
        asks: Asks::Pages(Ask::Topics),
        flags: &[flag("search", "search", "With this in their name"), flag("topic", "topic", "This one")],
        example: "webhooks topics list --all",
    }];
}

/// What can be done with topics.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    #[command(flatten)]
    Read(Reads<Topics>),
    Add(Add),
    Remove(Remove),
    Replace(Replace),
    Configure(Configure),
}

/// Let a webhook listen to one more topic
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  trueup pax8 webhooks topics add trueup CLIENT:CREATED\n  trueup pax8 webhooks topics add trueup SUBSCRIPTION --filter \"UPDATED: quantity greater_than 100\""
)]
pub(super) struct Add {
    /// The webhook's id or name, or the beginning of either; of an id at least 6 characters
    #[arg(value_name = "WEBHOOK")]
    webhook: String,
    /// The topic, or one of its actions
    #[arg(value_name = "TOPIC[:ACTION]")]
    topic: String,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    act: Act,
}

/// When a topic is delivered.
#[derive(Debug, clap::Args)]
struct Filters {
    /// Deliver this action, and only where all its conditions hold; may be repeated. A condition is FIELD OPERATOR VALUE,...;
    /// the operators are equals, not_equals, greater_than, less_than, in, not_in, contains
    #[arg(long, value_name = "ACTION[: CONDITION; ...]")]
    filter: Vec<String>,
}

/// Let a webhook listen to a topic no longer
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup pax8 webhooks topics remove trueup CLIENT")]
pub(super) struct Remove {
    /// The webhook's id or name, or the beginning of either; of an id at least 6 characters
    #[arg(value_name = "WEBHOOK")]
    webhook: String,
    /// The topic, by its name or its id at the webhook
    #[arg(value_name = "TOPIC")]
    topic: String,
    #[command(flatten)]
    act: Act,
}

/// Let a webhook listen to these topics and no others
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup pax8 webhooks topics replace trueup INVOICE:CREATED SUBSCRIPTION")]
pub(super) struct Replace {
    /// The webhook's id or name, or the beginning of either; of an id at least 6 characters
    #[arg(value_name = "WEBHOOK")]
    webhook: String,
    /// The topics, or one action of each
    #[arg(value_name = "TOPIC[:ACTION]", required = true)]
    topics: Vec<String>,
    #[command(flatten)]
    act: Act,
}

/// Say when a topic of a webhook is delivered
///
/// The filters that are named take the place of those there are.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  trueup pax8 webhooks topics configure trueup SUBSCRIPTION --filter \"UPDATED: status in Active,Trial\""
)]
pub(super) struct Configure {
    /// The webhook's id or name, or the beginning of either; of an id at least 6 characters
    #[arg(value_name = "WEBHOOK")]
    webhook: String,
    /// The topic, by its name or its id at the webhook
    #[arg(value_name = "TOPIC")]
    topic: String,
    #[command(flatten)]
    filters: Filters,
    /// Deliver every action
    #[arg(long, required_unless_present = "filter", conflicts_with = "filter")]
    unfiltered: bool,
    #[command(flatten)]
    act: Act,
}

impl Verb {
    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        match self {
            Self::Read(reads) => reads.run(context).await,
            Self::Add(args) => args.run(context).await,
            Self::Remove(args) => args.run(context).await,
            Self::Replace(args) => args.run(context).await,
            Self::Configure(args) => args.run(context).await,
        }
    }
}

impl Filters {
    fn read(&self) -> Result<Vec<TopicFilter>, Invalid> {
        self.filter.iter().map(|text| filter(text)).collect()
    }
}

const OPERATORS: [(&str, Operator); 7] = [
    ("equals", Operator::Equals),
    ("not_equals", Operator::NotEquals),
    ("greater_than", Operator::GreaterThan),
    ("less_than", Operator::LessThan),
    ("in", Operator::In),
    ("not_in", Operator::NotIn),
    ("contains", Operator::Contains),
];

/// `CREATED`, or `UPDATED: quantity greater_than 100; status in Active,Trial`.
fn filter(text: &str) -> Result<TopicFilter, Invalid> {
    let (action, conditions) = text.split_once(':').unwrap_or((text, ""));
    let action = Filled::new("--filter action", action)?;
    let conditions = conditions.split(';').filter(|one| !one.trim().is_empty()).map(condition);
    Ok(TopicFilter { action, conditions: conditions.collect::<Result<_, _>>()? })
}

fn condition(text: &str) -> Result<Condition, Invalid> {
    let refused = || Invalid {
        field: "--filter".to_owned(),
        what: format!(
            "expected FIELD OPERATOR VALUE,... with one of the operators {}; found {}",
            OPERATORS.map(|(word, _)| word).join(", "),
            text.trim()
        ),
    };
    let (field, rest) = text.trim().split_once(char::is_whitespace).ok_or_else(refused)?;
    let (word, values) = rest.trim().split_once(char::is_whitespace).ok_or_else(refused)?;
    let word = word.replace('-', "_");
    let known = OPERATORS.iter().find(|(known, _)| known.eq_ignore_ascii_case(&word));
    let (_, operator) = known.ok_or_else(refused)?;
    let value = |value: &str| Ok(Filled::new("--filter value", value)?.as_str().to_owned());
    let values: Result<Vec<String>, Invalid> = values.split(',').map(value).collect();
    Ok(Condition { field: Filled::new("--filter field", field)?, operator: *operator, values: values? })
}

/// A webhook as it is, by its id or name.
async fn held(context: &Context, remote: &Remote, webhook: &str) -> Result<(RemoteId, Record), CommandError> {
    let id = id_of(context, remote, (Of::Webhook, "WEBHOOK"), webhook).await?;
    let now = one(remote, &Ask::Webhook(id.clone())).await?;
    Ok((id, now))
}

/// The name and the id of a topic the webhook listens to.
fn listened(now: &Record, wanted: &str) -> Result<(String, RemoteId), CommandError> {
    let topics: Vec<(&str, &str)> = now
        .parts("webhookTopics")
        .into_iter()
        .filter_map(|part| Some((part.get("topic")?.as_str()?, part.get("id")?.as_str()?)))
        .collect();
    let same = |(name, id): &&(&str, &str)| name.eq_ignore_ascii_case(wanted) || id.eq_ignore_ascii_case(wanted);
    if let Some((name, id)) = topics.iter().find(same) {
        return Ok(((*name).to_owned(), RemoteId::new("topic id", id)?));
    }
    let names: Vec<&str> = topics.iter().map(|(name, _)| *name).collect();
    let there = if names.is_empty() { "no topic".to_owned() } else { names.join(", ") };
    let what = format!("the webhook listens to {there}; found {wanted}");
    Err(refused(Invalid { field: "TOPIC".to_owned(), what }, wanted, &names))
}

impl Add {
    async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let mut new = topic(&self.topic)?;
        new.filters.extend(self.filters.read()?);
        let remote = self.act.how.open(context)?;
        let (webhook, now) = held(context, &remote, &self.webhook).await?;
        let write = Write::AddTopic { webhook, topic: new };
        let warnings = idle(&now);
        // What it listens to already stays, and the preview shows the new topic alone.
        context.ui.say(&format!("It listens to {} so far.", names(&now)));
        Ok(send(context, &remote, &write, Some(&now), &warnings, &self.act).await?.ending)
    }
}

impl Remove {
    async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let remote = self.act.how.open(context)?;
        let (webhook, now) = held(context, &remote, &self.webhook).await?;
        let (name, topic) = listened(&now, &self.topic)?;
        let mut warnings = vec![format!("{name} is no longer delivered to it")];
        if now.parts("webhookTopics").len() == 1 {
            warnings.push("it listens to nothing else: nothing will be delivered".to_owned());
        }
        let write = Write::DeleteTopic { webhook, topic };
        Ok(send(context, &remote, &write, Some(&now), &warnings, &self.act).await?.ending)
    }
}

impl Replace {
    async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let topics: Vec<Topic> = self.topics.iter().map(|text| topic(text)).collect::<Result<_, Invalid>>()?;
        let remote = self.act.how.open(context)?;
        let (webhook, now) = held(context, &remote, &self.webhook).await?;
        let write = Write::ReplaceTopics { webhook, topics };
        Ok(send(context, &remote, &write, Some(&now), &idle(&now), &self.act).await?.ending)
    }
}

impl Configure {
    async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let filters = self.filters.read()?;
        let remote = self.act.how.open(context)?;
        let (webhook, now) = held(context, &remote, &self.webhook).await?;
        let (name, topic) = listened(&now, &self.topic)?;
        context.ui.say(&format!("{name} is delivered so far: {}.", filters_of(&now, topic.as_str())));
        let write = Write::ConfigureTopic { webhook, topic, filters };
        Ok(send(context, &remote, &write, Some(&now), &idle(&now), &self.act).await?.ending)
    }
}

fn names(now: &Record) -> String {
    let parts = now.parts("webhookTopics");
    let names: Vec<&str> = parts.into_iter().filter_map(|part| part.get("topic")?.as_str()).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

/// When a topic is delivered: `every action`, or each action with its conditions.
fn filters_of(now: &Record, topic: &str) -> String {
    let is_it = |part: &&Map<String, Value>| part.get("id").and_then(Value::as_str) == Some(topic);
    let part = now.parts("webhookTopics").into_iter().find(is_it);
    let filters = part.and_then(|part| part.get("filters")?.as_array()).into_iter().flatten();
    let filters: Vec<String> =
        filters.filter_map(Value::as_object).map(|one| part_in_words(one, &[], &["action", "conditions"])).collect();
    if filters.is_empty() { "every action".to_owned() } else { filters.join("; ") }
}

fn idle(now: &Record) -> Vec<String> {
    let idle = now.flag("active") == Some(false);
    idle.then(|| "it is not active: nothing is delivered until `webhooks enable`".to_owned()).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_an_action_and_conditions_that_must_all_hold() {
        let read = filter("UPDATED: quantity greater-than 100; status IN Active, Trial").unwrap();
        let told: Vec<_> =
            read.conditions.iter().map(|one| (one.field.as_str(), one.operator, one.values.join("|"))).collect();
        assert_eq!(read.action.as_str(), "UPDATED");
        assert_eq!(
            told,
            [
                ("quantity", Operator::GreaterThan, "100".to_owned()),
                ("status", Operator::In, "Active|Trial".to_owned())
            ]
        );
        assert_eq!(filter("CREATED").unwrap().conditions, []);
        for (wrong, said) in [
            ("", "--filter action: expected a text"),
            ("UPDATED: quantity", "expected FIELD OPERATOR VALUE"),
            ("UPDATED: quantity above 100", "found quantity above 100"),
            ("UPDATED: status in Active,,Trial", "--filter value: expected a text"),
        ] {
            let refused = filter(wrong).unwrap_err().to_string();
            assert!(refused.contains(said), "{wrong}: {refused}");
        }
    }
}
