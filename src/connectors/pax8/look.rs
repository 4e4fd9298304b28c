//! Whether a write took effect, found out by looking.
//!
//! Keeps the invariant that "it happened" and "it did not" are said only where what is there now proves it against what was
//! there before; anything else is [`Looked::CannotTell`].

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use serde_json::Value;

use crate::connectors::error::{ConnectorError, ErrorKind};
use crate::connectors::pax8::ask::Ask;
use crate::connectors::pax8::call::Extent;
use crate::connectors::pax8::mask;
use crate::connectors::pax8::query::Query;
use crate::connectors::pax8::record::{Record, same_word};
use crate::connectors::pax8::request::Filled;
use crate::connectors::pax8::term::BillingTerm;
use crate::connectors::pax8::webhooks::filters_body;
use crate::connectors::pax8::write::{Answered, Write};
use crate::connectors::pax8::{Pax8, field};
use crate::connectors::writing::{Before, Delivery, Intent, Looked, Sent, Writing};
use crate::connectors::{Result, Unwatched};
use crate::core::billing::SubscriptionState;
use crate::core::money;

impl Write {
    /// Whether the record it made, changed or ended shows that, as it is reported now; `None` is a record that is not there.
    #[must_use]
    pub fn is_shown_by(&self, before: &Before, now: Option<&Record>) -> bool {
        let Some(now) = now else { return self.ends() };
        if self.ends() || self.target().is_none() {
            return !self.ends();
        }
        let now = now.noted();
        let stayed = |before| matches!(changed(self, "", before, &now), Looked::DidNot);
        before.state.as_ref().is_none_or(|before| !stayed(before))
    }

    /// Whether nothing is left of the record when it took effect.
    fn ends(&self) -> bool {
        matches!(self, Self::DeleteContact { .. } | Self::DeleteWebhook { .. })
    }
}

impl Intent for Write {
    fn operation(&self) -> &'static str {
        Self::operation(self)
    }

    fn subject(&self) -> String {
        Self::subject(self)
    }

    fn record(&self) -> Option<String> {
        self.target().and_then(|target| target.id())
    }

    fn hides(&self) -> bool {
        self.secret().is_some()
    }
}

#[async_trait]
impl Writing for Pax8 {
    type Write = Write;
    type Record = Record;

    fn connection(&self) -> &str {
        &self.settings().name
    }

    fn may_write(&self, write: &Write) -> Result<()> {
        Self::may_write(self, write)
    }

    async fn before(&self, write: &Write) -> Result<Before> {
        match write.target() {
            None => Ok(Before { fitting: self.fitting(write).await?.into_keys().collect(), state: None }),
            Some(target) => {
                let record = self.one(&target).await?;
                Ok(Before { fitting: BTreeSet::new(), state: Some(record.noted()) })
            }
        }
    }

    /// A write to Pax8 does not say what it was decided on; whoever decided compares.
    async fn stale(&self, _: &Write, _: &Before) -> Result<Option<String>> {
        Ok(None)
    }

    /// One call.
    async fn send(&self, write: &Write, _: &Before, _: usize) -> Result<Delivery<Record>> {
        let sent = Self::send(self, write).await?;
        let sent = sent.map(|Answered { record }| Sent {
            id: record.as_ref().and_then(Record::id),
            digest: record.as_ref().map(Record::digest),
            record,
        });
        Ok(sent.into())
    }

    async fn look(&self, write: &Write, before: &Before) -> Result<Looked> {
        Self::look(self, write, before).await
    }

    async fn now(&self, write: &Write, record: &str) -> Result<Option<Record>> {
        let Ok(id) = Filled::new("id", record) else { return Ok(None) };
        match self.one(&write.made(id)).await {
            Ok(record) => Ok(Some(record)),
            Err(ConnectorError { kind: ErrorKind::NotFound(_), .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn shows(&self, write: &Write, before: &Before, now: Option<&Record>) -> bool {
        write.is_shown_by(before, now)
    }
}

impl Pax8 {
    /// The record a question about one is answered with.
    ///
    /// # Errors
    /// What Pax8 said.
    pub async fn one(&self, ask: &Ask) -> Result<Record> {
        let answer = self.ask(ask, &Query::default(), Extent::All, &Unwatched).await?;
        let record = answer.records.into_iter().next();
        record.ok_or_else(|| self.malformed(ask.path(), "the top", "the answer is no object".to_owned()))
    }

    /// Looks whether a write took effect.
    ///
    /// # Errors
    /// What Pax8 said; that proves nothing.
    pub async fn look(&self, write: &Write, before: &Before) -> Result<Looked> {
        let Some(target) = write.target() else {
            let mut new = self.fitting(write).await?;
            new.retain(|id, _| !before.fitting.contains(id));
            let ids = || new.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            return Ok(match new.iter().next() {
                None => Looked::DidNot,
                Some((one, true)) if new.len() == 1 => Looked::Happened(one.clone()),
                Some((one, false)) if new.len() == 1 => {
                    Looked::CannotTell(format!("{one} orders the same, but for another day or by somebody else"))
                }
                Some(_) => Looked::CannotTell(format!("{} new records fit: {}", new.len(), ids())),
            });
        };
        let ends = write.ends();
        let now = match self.one(&target).await {
            Ok(record) => record,
            Err(ConnectorError { kind: ErrorKind::NotFound(_), .. }) if ends => {
                return Ok(Looked::Happened(target.id().unwrap_or_default()));
            }
            Err(error) => return Err(error),
        };
        if ends {
            return Ok(Looked::DidNot);
        }
        let Some(before) = &before.state else {
            return Ok(Looked::CannotTell("how it was before is not known".to_owned()));
        };
        Ok(changed(write, &target.id().unwrap_or_default(), before, &now.noted()))
    }

    /// The records that are as the write would make one, and whether nothing about each speaks against it.
    async fn fitting(&self, write: &Write) -> Result<BTreeMap<String, bool>> {
        let wanted = mask::noted(write.body().unwrap_or_default());
        let (ask, query) = match write.makes() {
            None => return Ok(BTreeMap::new()),
            Some(ask) => {
                let company = wanted.get("companyId").and_then(Value::as_str);
                let query = company.and_then(|company| Query::default().with(&ask, "companyId", company).ok());
                (ask, query.unwrap_or_default())
            }
        };
        let answer = self.ask(&ask, &query, Extent::All, &Unwatched).await?;
        let fits = |record: &Record| {
            let made = record.noted();
            let (fits, surely) = if ask == Ask::Orders {
                (lines_of(&made) == lines_of(&wanted), !is_of_another(&wanted, &made))
            } else {
                (fitted_by(&ask).iter().all(|name| means_as_a_name(wanted.get(name), made.get(name))), true)
            };
            fits.then(|| record.id().map(|id| (id, surely))).flatten()
        };
        Ok(answer.records.iter().filter_map(fits).collect())
    }
}

/// What tells two records of one listing apart for a person.
fn fitted_by(ask: &Ask) -> &'static [&'static str] {
    if *ask == Ask::Companies {
        &["name", "externalId"]
    } else if *ask == Ask::Webhooks {
        &["displayName", "url"]
    } else {
        &["email"]
    }
}

fn means_as_a_name(wanted: Option<&Value>, found: Option<&Value>) -> bool {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().trim().to_lowercase();
    text(wanted) == text(found)
}

/// What an order orders: product, quantity, term and commitment of each line, in any order.
fn lines_of(order: &Value) -> BTreeMap<[String; 4], usize> {
    let mut lines = BTreeMap::new();
    for line in order.get("lineItems").and_then(Value::as_array).into_iter().flatten() {
        let said = |name: &str| match line.get(name) {
            Some(Value::String(text)) => text.to_lowercase(),
            Some(Value::Number(number)) => plain(&number.to_string()),
            _ => String::new(),
        };
        let term = BillingTerm::of(&said("billingTerm")).as_str().to_owned();
        let commitment = Some(said("commitmentTermId")).filter(|id| !id.is_empty());
        let commitment = commitment.unwrap_or_else(|| said("commitmentTermID"));
        *lines.entry([said("productId"), said("quantity"), term, commitment]).or_insert(0) += 1;
    }
    lines
}

/// Whether an order of the same lines was placed by somebody else, or is to begin on other days. What either does not say
/// speaks against nothing.
fn is_of_another(wanted: &Value, made: &Value) -> bool {
    let text = |order: &Value, name: &str| order.get(name).and_then(Value::as_str).map(str::to_owned);
    let differ = |name: &str| text(wanted, name).zip(text(made, name)).is_some_and(|(a, b)| !same_word(&a, &b));
    let days = |order: &Value| -> BTreeSet<chrono::NaiveDate> {
        let lines = order.get("lineItems").and_then(Value::as_array).into_iter().flatten();
        let day = |line: &Value| field::day("provisionStartDate", text(line, "provisionStartDate")).ok().flatten();
        lines.filter_map(day).collect()
    };
    let (asked, found) = (days(wanted), days(made));
    differ("orderedBy") || differ("orderedByUserEmail") || (!asked.is_empty() && !found.is_empty() && asked != found)
}

fn plain(number: &str) -> String {
    money::exact(number).map_or_else(|_| number.to_owned(), money::plain)
}

/// What a record shows of a change: all of what was wanted, or all of what was before.
fn changed(write: &Write, id: &str, before: &Value, now: &Value) -> Looked {
    match write {
        Write::CancelSubscription { on, .. } => cancelled(*on, id, before, now),
        Write::TestTopic { .. } => {
            Looked::CannotTell("a sample leaves nothing to look at; it changes nothing either".to_owned())
        }
        Write::RetryDelivery { .. } => {
            let attempts = |delivery: &Value| delivery.get("callHistory").and_then(Value::as_array).map_or(0, Vec::len);
            told(id, attempts(now) > attempts(before), attempts(now) == attempts(before))
        }
        Write::AddTopic { topic, .. } => {
            let named = |webhook: &Value| topics(webhook).contains(topic.name.as_str());
            told(id, named(now), named(before) == named(now))
        }
        Write::DeleteTopic { topic, .. } => {
            let there = |webhook: &Value| topic_ids(webhook).contains(topic.as_str());
            told(id, !there(now), there(before) == there(now))
        }
        Write::ReplaceTopics { topics: wanted, .. } => {
            let wanted: BTreeSet<String> = wanted.iter().map(|topic| topic.name.as_str().to_owned()).collect();
            told(id, topics(now) == wanted, topics(before) == topics(now))
        }
        Write::ConfigureTopic { topic, filters, .. } => {
            let held = |webhook: &Value| {
                let found = webhook.get("webhookTopics").and_then(Value::as_array).into_iter().flatten();
                let mut found = found.filter(|one| one.get("id").and_then(Value::as_str) == Some(topic.as_str()));
                found.next().and_then(|one| one.get("filters")).cloned().unwrap_or_default()
            };
            told(id, held(now) == filters_body(filters), held(before) == held(now))
        }
        Write::CreateCompany(_)
        | Write::UpdateCompany { .. }
        | Write::CreateContact { .. }
        | Write::ReplaceContact { .. }
        | Write::DeleteContact { .. }
        | Write::CreateOrder(_)
        | Write::UpdateSubscription { .. }
        | Write::CreateWebhook(_)
        | Write::ConfigureWebhook { .. }
        | Write::SwitchWebhook { .. }
        | Write::DeleteWebhook { .. } => {
            let mut wanted = leaves(write.body().unwrap_or_default());
            for path in write.clears() {
                let path: Vec<String> = path.split('.').map(str::to_owned).collect();
                if wanted.iter().all(|(given, _)| *given != path) {
                    wanted.push((path, Value::Null));
                }
            }
            let at =
                |value: &Value, path: &[String]| path.iter().try_fold(value, |value, name| value.get(name)).cloned();
            // What was sent back as it was, since Pax8 takes the whole, says nothing.
            let is_change = |(path, wanted): &(Vec<String>, Value)| !means(wanted, at(before, path).as_ref());
            let changes_some = wanted.iter().any(&is_change);
            let wanted: Vec<_> = wanted.into_iter().filter(|leaf| !changes_some || is_change(leaf)).collect();
            let holds = wanted.iter().all(|(path, wanted)| means(wanted, at(now, path).as_ref()));
            let stayed = wanted.iter().all(|(path, _)| {
                let before = at(before, path).unwrap_or_default();
                means(&before, at(now, path).as_ref())
            });
            told(id, holds, stayed)
        }
    }
}

fn told(id: &str, happened: bool, stayed: bool) -> Looked {
    if happened && stayed {
        Looked::CannotTell("what can be seen of it was so before it was sent".to_owned())
    } else if happened {
        Looked::Happened(id.to_owned())
    } else if stayed {
        Looked::DidNot
    } else {
        Looked::CannotTell("it is neither as it was nor as it should be: somebody else may have changed it".to_owned())
    }
}

/// A subscription that was ended says so by its status or by the day it ends.
fn cancelled(on: Option<chrono::NaiveDate>, id: &str, before: &Value, now: &Value) -> Looked {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let ended =
        |value: &Value| SubscriptionState::of(&text(value, "status")).is_some_and(SubscriptionState::was_cancelled);
    let end = |value: &Value| field::day("endDate", Some(text(value, "endDate"))).ok().flatten();
    let moved = end(now) != end(before);
    let at_wanted = on.is_none_or(|on| end(now) == Some(on));
    // An end that moved may be another's doing: it proves a cancelling only where it is the day that was asked for.
    let new = (ended(now) && !ended(before)) || (moved && on.is_some());
    if new && at_wanted {
        Looked::Happened(id.to_owned())
    } else if !moved && ended(now) == ended(before) {
        Looked::DidNot
    } else {
        Looked::CannotTell(format!(
            "its status is {} and its end {}",
            text(now, "status"),
            end(now).map_or_else(|| "open".to_owned(), |day| day.to_string())
        ))
    }
}

fn topics(webhook: &Value) -> BTreeSet<String> {
    topic_texts(webhook, "topic")
}

fn topic_ids(webhook: &Value) -> BTreeSet<String> {
    topic_texts(webhook, "id")
}

fn topic_texts(webhook: &Value, name: &str) -> BTreeSet<String> {
    let topics = webhook.get("webhookTopics").and_then(Value::as_array).into_iter().flatten();
    topics.filter_map(|topic| topic.get(name)?.as_str()).map(str::to_owned).collect()
}

/// Each value a body sets, by its path. What is written and never answered (provisioning answers, a delivery's secret) says
/// nothing.
pub(super) fn leaves(body: Value) -> Vec<(Vec<String>, Value)> {
    let Value::Object(fields) = body else { return Vec::new() };
    let fields =
        fields.into_iter().filter(|(name, _)| !["provisioningDetails", "authorization"].contains(&name.as_str()));
    fields
        .flat_map(|(name, value)| {
            // as a record is noted: what may be a key in it is not compared
            let url = value.as_str().filter(|_| name == "url").map(mask::masked_url);
            let value = url.map_or(value, Value::from);
            if value.is_object() {
                let inner = leaves(value).into_iter();
                inner.map(|(path, value)| ([vec![name.clone()], path].concat(), value)).collect()
            } else {
                vec![(vec![name], value)]
            }
        })
        .collect()
}

/// Whether two values say the same, however they are spelled: numbers by value, days by day, missing as null or blank, lists in
/// any order.
fn means(wanted: &Value, found: Option<&Value>) -> bool {
    let found = found.unwrap_or(&Value::Null);
    match (wanted, found) {
        (Value::Number(wanted), Value::Number(found)) => plain(&wanted.to_string()) == plain(&found.to_string()),
        (Value::String(wanted), Value::String(found)) => {
            let day = |text: &String| field::day("", Some(text.clone())).ok().flatten();
            let term = |text: &String| BillingTerm::of(text);
            wanted.trim() == found.trim()
                || day(wanted).is_some_and(|wanted| day(found) == Some(wanted))
                || (!matches!(term(wanted), BillingTerm::Other(_)) && term(wanted) == term(found))
        }
        (Value::String(text), Value::Null) | (Value::Null, Value::String(text)) => text.trim().is_empty(),
        (Value::Array(wanted), Value::Array(found)) => {
            wanted.len() == found.len() && wanted.iter().all(|one| found.iter().any(|other| covers(one, other)))
        }
        (wanted, found) => wanted == found,
    }
}

/// Whether an object has at least what another has.
fn covers(wanted: &Value, found: &Value) -> bool {
    match wanted.as_object() {
        Some(fields) => fields.iter().all(|(name, value)| means(value, found.get(name))),
        None => means(wanted, Some(found)),
    }
}

#[cfg(test)]
mod tests;
