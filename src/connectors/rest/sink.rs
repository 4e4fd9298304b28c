//! Writing records through a connector file: looked at, sent, and looked at again.
//!
//! Keeps the invariants that a record is found again by exactly what was sent, and that a write of several calls goes on where
//! it stopped.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::Value;

use super::Rest;
use super::body::is_custom;
use super::codec::{Decoded, References};
use super::compare::same;
use super::delta::FOLLOWS;
use super::effect::shown;
use super::language::{CustomFields, Dated, Entity, Field, OwnIds};
use super::one::One;
use super::path::Path;
use super::requests::{ADD, Draft, Request, decoded, id_in};
use super::rows::{fields_referred, keyed};
use super::stretches;
use crate::connectors::Result;
use crate::connectors::error::{ConnectorError, ErrorKind};
use crate::connectors::http::{Call, Outcome, Reply, Undecodable, decode};
use crate::connectors::writing::{Before, Delivery, Held, Intent, Looked, RecordSink, Sent, Writing};
use crate::core::change::{self, PsaWrite, Said, Target, Wanted};

impl Intent for PsaWrite {
    fn operation(&self) -> &'static str {
        Self::operation(self)
    }

    fn subject(&self) -> String {
        Self::subject(self)
    }

    fn record(&self) -> Option<String> {
        self.said().target.map(|target| target.id.clone())
    }
}

/// The lists that the fields of a write stand for, read once for all its steps.
pub(super) type Kept = Mutex<Option<(PsaWrite, Arc<References>)>>;

impl Rest {
    /// The references that the fields of a write stand for: those that were read for it before, if it was the last one.
    async fn references(&self, write: &PsaWrite) -> Result<Arc<References>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match kept.filter(|(of, _)| of == write) {
            Some((_, references)) => Ok(references),
            None => self.new_references(write).await,
        }
    }

    async fn new_references(&self, write: &PsaWrite) -> Result<Arc<References>> {
        let references = Arc::new(self.referred(&write.said()).await?);
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some((write.clone(), Arc::clone(&references)));
        Ok(references)
    }

    async fn referred(&self, said: &Said<'_>) -> Result<References> {
        let entity = self.connection.entity(said.entity)?;
        let probes = entity.create.iter().flat_map(|create| &create.probe).map(String::as_str);
        let copied = match &entity.dated {
            Some(Dated::EndAndAdd { copy, .. }) if said.effective.is_some() => copy.as_slice(),
            Some(Dated::EndAndAdd { .. } | Dated::Absolute { .. } | Dated::DeltaAtDate { .. }) | None => &[],
        };
        let copied = copied.iter().map(String::as_str);
        let named: Vec<&str> = said.fields.keys().copied().chain(probes).chain(copied).collect();
        let mut references = fields_referred(&self.connection, entity, &named).await?;
        let named = entity.create.iter().filter(|_| said.target.is_none()).flat_map(|create| create.named.values());
        self.connection.named_lists(named, &mut references).await?;
        let custom = self.connection.connector.custom_fields.as_ref();
        if let Some(custom) = custom.filter(|custom| said.target.is_none() && makes_own_fields(custom, entity, said))
            && let Some(OwnIds { entity, key, .. }) = &custom.ids
        {
            let known = keyed(&self.connection, entity, key).await?;
            references.insert((entity.clone(), key.clone()), known);
        }
        Ok(references)
    }

    fn draft<'d>(&'d self, said: &'d Said<'d>, references: &'d References) -> Result<Draft<'d>> {
        Ok(Draft { of: &self.connection, entity: self.connection.entity(said.entity)?, said, references })
    }

    fn read(&self, said: &Said<'_>, before: &Before) -> Result<One> {
        let unread = |what: String| self.connection.unfit(said.entity, what);
        let state = before.state.clone().ok_or_else(|| unread("how it was before is not known".to_owned()))?;
        serde_json::from_value(state).map_err(|error| unread(format!("how it was before cannot be read: {error}")))
    }

    /// A record that has to be there.
    async fn there(&self, name: &str, target: &Target) -> Result<One> {
        let missing = || {
            let kind = ErrorKind::NotFound(format!("there is no {name} {}", target.id));
            ConnectorError::new(&self.descriptor.name, format!("read {name}"), kind)
        };
        self.connection.one(name, target).await?.ok_or_else(missing)
    }

    /// The calls of a write, made from the record as it was read before.
    async fn requests(&self, write: &PsaWrite, before: &Before) -> Result<Vec<Request>> {
        let (said, references) = (write.said(), self.references(write).await?);
        let draft = self.draft(&said, &references)?;
        let built = match said.target {
            None => draft.create(before.state.is_some().then(|| self.read(&said, before)).transpose()?.as_ref()),
            Some(_) => draft.update(&self.read(&said, before)?),
        };
        built.map_err(|what| self.connection.unfit(said.entity, what))
    }

    async fn sent(&self, request: &Request, entity: &Entity, reply: Option<&str>) -> Result<Outcome<Option<String>>> {
        let query: Vec<(&str, &str)> = request.query.iter().map(|(name, value)| (&**name, &**value)).collect();
        let headers: Vec<(&str, &str)> = request.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        let body = request.body.as_ref().map(Value::to_string);
        let call =
            Call { verb: request.verb, path: &request.path, query: &query, headers: &headers, body: body.as_deref() };
        let makes = reply.is_some();
        let read = |answer: &Reply| {
            if !makes {
                return Ok(None);
            }
            let answer: Value = decode(&answer.body)?;
            let unread = || Undecodable { at: entity.id.clone(), what: "the id of the new record expected".to_owned() };
            id_in(entity, reply, &answer).map(Some).ok_or_else(unread)
        };
        self.connection.client.write(call, read).await
    }

    /// What a new record begins with, where another call says it.
    fn begins(&self, said: &Said<'_>) -> Result<Option<(Decimal, NaiveDate)>> {
        let references = References::new();
        self.draft(said, &references)?.begins().map_err(|what| self.connection.unfit(said.entity, what))
    }

    /// That call.
    fn following(&self, said: &Said<'_>, id: &str, begins: (Decimal, NaiveDate)) -> Result<Request> {
        let references = References::new();
        let draft = self.draft(said, &references)?;
        draft.following(id, begins).map_err(|what| self.connection.unfit(said.entity, what))
    }

    /// The record that a write has made.
    async fn found_new(&self, write: &PsaWrite, before: &Before) -> Result<Option<String>> {
        let (said, references) = (write.said(), self.references(write).await?);
        let found = self.fitting(&said, &self.draft(&said, &references)?).await?;
        Ok(found.into_iter().find(|id| !before.fitting.contains(id)))
    }

    /// Says of a write that is done in part whether its next call may be sent twice.
    async fn repeatable(&self, looked: Looked, write: &PsaWrite, before: &Before) -> Result<Looked> {
        let Looked::Partly { done, .. } = looked else { return Ok(looked) };
        let said = write.said();
        let entity = self.connection.entity(said.entity)?;
        let requests = self.requests(write, before).await?;
        let repeatable = requests.get(done).is_some_and(|next| !makes(entity, &said, next));
        Ok(Looked::Partly { done, repeatable })
    }

    /// Refuses to replace a set that somebody changed since it was read.
    async fn same_set(&self, said: &Said<'_>, before: &Before) -> Result<()> {
        let entity = self.connection.entity(said.entity)?;
        let rechecks = entity.update.as_ref().is_some_and(|update| update.guard.recheck == Some(true));
        if !entity.is_set() || !rechecks {
            return Ok(());
        }
        let was = self.read(said, before)?;
        let (None, Some(above), Some(id)) = (&was.kept, &was.above, &was.below) else { return Ok(()) };
        let unfit = |what: String| self.connection.unfit(said.entity, what);
        let now = self.connection.holder(said.entity, entity, id).await?.and_then(|one| one.above).unwrap_or_default();
        if entity.set(&now).map_err(unfit)? == entity.set(above).map_err(unfit)? {
            return Ok(());
        }
        let holder = entity.parent.as_deref().unwrap_or_default();
        Err(unfit(format!(
            "the rows of {holder} {id} changed since they were read, and all of them are sent: nothing was sent, do it again"
        )))
    }

    /// Does what is left of the actions around a write that was refused, so that all is as it was; what of that went wrong.
    async fn put_back(&self, entity: &Entity, left: &[Request]) -> Option<String> {
        for request in left.iter().filter(|request| request.acts) {
            let said = match self.sent(request, entity, None).await {
                Ok(Outcome::Done(_)) => continue,
                Ok(Outcome::Refused(refusal)) => refusal.to_string(),
                Ok(Outcome::Unknown(why)) => why,
                Err(error) => error.to_string(),
            };
            return Some(format!("and `{}` after it could not be done: {said}", request.name));
        }
        None
    }
}

/// Whether a call makes a record.
fn makes(entity: &Entity, said: &Said<'_>, request: &Request) -> bool {
    entity.inside.is_none()
        && !request.acts
        && (said.target.is_none() && request.name != FOLLOWS || request.name == ADD)
}

#[async_trait]
impl Writing for Rest {
    type Write = PsaWrite;
    type Record = Value;

    fn connection(&self) -> &str {
        &self.descriptor.name
    }

    fn may_write(&self, write: &PsaWrite) -> Result<()> {
        self.environment.may_write(&self.descriptor.name, write.operation())?;
        let said = write.said();
        let entity = self.connection.entity(said.entity)?;
        let references = References::new();
        let draft = Draft { of: &self.connection, entity, said: &said, references: &references };
        let can = if said.target.is_some() { entity.update.is_some() } else { entity.create.is_some() };
        let refuse = |what: String| self.connection.unfit(said.entity, what);
        if !can {
            return Err(refuse(format!(
                "{} does not say how a {} is written",
                self.connection.connector.name, said.entity
            )));
        }
        if said.effective.is_some() && entity.dated.is_none() {
            return Err(refuse("a change from a day on is not described; it can be changed at once".to_owned()));
        }
        if let Some(record) = said.target.and_then(|target| stretches::record_of(entity, &target.id)) {
            let id = said.target.map_or("", |target| target.id.as_str());
            return Err(refuse(format!("{id} is a stretch of days of {record}: change that, from a day on")));
        }
        for name in said.fields.keys() {
            draft.field(name).map_err(refuse)?;
        }
        if let (None, None, Some(create)) = (said.target, &entity.link, &entity.create) {
            let values = draft.values().map_err(refuse)?;
            if let Some(probe) = create.probe.iter().find(|probe| !values.contains_key(probe.as_str())) {
                return Err(refuse(format!("a new {} needs `{probe}`: it is found again by it", said.entity)));
            }
        }
        Ok(())
    }

    async fn before(&self, write: &PsaWrite) -> Result<Before> {
        let said = write.said();
        let references = self.new_references(write).await?;
        let draft = self.draft(&said, &references)?;
        let unfit = |what: String| self.connection.unfit(said.entity, what);
        let Some(target) = said.target else {
            self.connection.refuse_beside(&said, None).await?;
            let fitting = self.fitting(&said, &draft).await?.into_iter().collect();
            let around = self.connection.around(said.entity, said.below).await?;
            let state = around.map(serde_json::to_value).transpose();
            let state = state.map_err(|error| self.connection.unfit(said.entity, error.to_string()))?;
            return Ok(Before { fitting, state });
        };
        let one = self.connection.with_kept(&said, self.there(said.entity, target).await?).await?;
        self.connection.refuse_beside(&said, Some(&one)).await?;
        let mut fitting = BTreeSet::new();
        if let Some(split) = said.effective.map(|day| draft.split(&one, day)).transpose().map_err(unfit)?.flatten() {
            fitting.extend(self.holding(&draft, &split.new, None, one.below.as_deref()).await?);
        }
        let state = serde_json::to_value(one).map_err(|error| unfit(error.to_string()))?;
        Ok(Before { fitting, state: Some(state) })
    }

    async fn stale(&self, write: &PsaWrite, before: &Before) -> Result<Option<String>> {
        let said = write.said();
        if said.target.is_none() {
            let there = before.fitting.iter().next();
            return Ok(there.map(|id| format!("{} {id} is there already and fits it", said.entity)));
        }
        let references = self.references(write).await?;
        let (draft, one) = (self.draft(&said, &references)?, self.read(&said, before)?);
        for (name, Wanted { before, .. }) in &said.fields {
            let refuse = |what: String| self.connection.unfit(said.entity, format!("{name}: {what}"));
            let field = draft.field(name).map_err(refuse)?;
            let held = self.connection.held_on(draft.entity, field, &one, said.effective, &references);
            let held = held.map_err(refuse)?;
            let expected = before.map(decoded);
            if !same(field, held.as_ref(), expected.as_ref()) {
                let text = |value: Option<&Decoded>| value.map_or_else(|| "nothing".to_owned(), shown);
                return Ok(Some(format!(
                    "{name}: expected {}, found {}",
                    text(expected.as_ref()),
                    text(held.as_ref())
                )));
            }
        }
        Ok(None)
    }

    async fn send(&self, write: &PsaWrite, before: &Before, done: usize) -> Result<Delivery<Value>> {
        let said = write.said();
        let entity = self.connection.entity(said.entity)?;
        let reply = entity.create.as_ref().map(|create| create.reply.as_deref().unwrap_or("$"));
        let mut requests = self.requests(write, before).await?;
        if done == 0 {
            self.same_set(&said, before).await?;
        }
        let begins = self.begins(&said)?;
        let all = requests.len() + usize::from(begins.is_some());
        let mut made = write.record();
        if done >= requests.len() && begins.is_some() {
            made = self.found_new(write, before).await?;
        }
        for index in done..all {
            if let (true, Some(id), Some(begins)) = (index >= requests.len(), made.as_deref(), begins) {
                requests.push(self.following(&said, id, begins)?);
            }
            let Some(request) = requests.get(index) else {
                let why = "the id of the new record is not known, which its number is sent for".to_owned();
                return Ok(Delivery::Unclear { why, out: index });
            };
            let outcome = match self.sent(request, entity, reply.filter(|_| makes(entity, &said, request))).await {
                Ok(outcome) => outcome,
                Err(error) if index == 0 => return Err(error),
                Err(error) => Outcome::Unknown(error.to_string()),
            };
            let call = || format!("call {} of {all} ({})", index + 1, request.name);
            match outcome {
                Outcome::Done(id) => made = id.or(made),
                Outcome::Refused(refusal) if index == 0 => return Ok(Delivery::Refused(refusal)),
                Outcome::Refused(refusal) => {
                    let is_first = requests.iter().take(index).all(|before| before.acts);
                    let left = requests.get(index + 1..).filter(|_| is_first && !request.acts);
                    let failed = match left {
                        Some(left) => match self.put_back(entity, left).await {
                            None => return Ok(Delivery::Refused(refusal)),
                            Some(failed) => format!(", {failed}"),
                        },
                        None => String::new(),
                    };
                    let why = format!("{} was refused: {refusal}{failed}", call());
                    return Ok(Delivery::Unclear { why, out: index });
                }
                Outcome::Unknown(why) => {
                    let why = if all == 1 { why } else { format!("{}: {why}", call()) };
                    return Ok(Delivery::Unclear { why, out: index + 1 });
                }
            }
        }
        if said.effective.is_some() && entity.is_set() {
            // a row that follows another came with it in one call: looking says which it is
            if let Ok(Looked::Happened(id)) = self.look(write, before).await {
                made = Some(id);
            }
        }
        if made.is_none() {
            // the answer is the record above: which row of it is new, looking says
            made = self.found_new(write, before).await.unwrap_or_default();
        }
        Ok(Delivery::Done(Sent { id: made, record: None, digest: None }))
    }

    async fn look(&self, write: &PsaWrite, before: &Before) -> Result<Looked> {
        let said = write.said();
        let references = self.references(write).await?;
        let draft = self.draft(&said, &references)?;
        let Some(target) = said.target else {
            let mut found = self.fitting(&said, &draft).await?;
            found.retain(|id| !before.fitting.contains(id));
            if let Some(begins) = self.begins(&said)? {
                return self.begun(&draft, &found, begins).await;
            }
            let nothing =
                || One { raw: Value::Null, version: None, above: None, below: None, kept: None, by_days: None };
            let was = before.state.is_some().then(|| self.read(&said, before)).transpose()?.unwrap_or_else(nothing);
            let now = self.connection.around(said.entity, said.below).await?.unwrap_or_else(nothing);
            let looked = Self::made(&draft, (&was, &now), &found);
            let looked = looked.map_err(|what| self.connection.unfit(said.entity, what))?;
            return self.repeatable(looked, write, before).await;
        };
        let Some(now) = self.connection.one(said.entity, target).await? else {
            return Ok(Looked::CannotTell("the record is not there any more".to_owned()));
        };
        let now = self.connection.with_kept(&said, now).await?;
        let looked = self.splitting(&draft, &self.read(&said, before)?, &now, before).await?;
        self.repeatable(looked, write, before).await
    }

    async fn now(&self, write: &PsaWrite, record: &str) -> Result<Option<Value>> {
        let said = write.said();
        let target = Target { id: record.to_owned(), below: said.below.map(str::to_owned) };
        let one = self.connection.one(said.entity, &target).await?;
        Ok(one.map(|one| one.whole(self.connection.connector.entity.get(said.entity))))
    }

    /// References are not followed here: a field that stands for one shows where the place itself has changed.
    fn shows(&self, write: &PsaWrite, before: &Before, now: Option<&Value>) -> bool {
        let said = write.said();
        let (Some(now), Ok(entity)) = (now, self.connection.entity(said.entity)) else { return false };
        let was = self.read(&said, before).ok();
        let one = One::of_whole(entity, now);
        let begins = self.begins(&said).ok().flatten().map(|(_, day)| day);
        said.fields.iter().all(|(name, wanted)| {
            let Some(field) = entity.fields.get(*name) else { return false };
            let Ok(located) = self.connection.located(field) else { return false };
            let at = located.places.first();
            let moved = at.is_some_and(|at| was.as_ref().is_none_or(|was| at.get(&was.raw) != at.get(now)));
            let held = self.connection.held_on(entity, field, &one, said.effective.or(begins), &References::new());
            held.map_or(moved, |held| same(field, held.as_ref(), wanted.after.map(decoded).as_ref()))
        })
    }
}

/// Whether a new record carries fields that the tenant added.
fn makes_own_fields(custom: &CustomFields, entity: &Entity, said: &Said<'_>) -> bool {
    let fields = said.fields.keys().filter_map(|name| entity.fields.get(*name));
    let places = fields.map(|field| (&field.at, &field.custom));
    let mut places = places.chain(entity.link.iter().map(|link| (&link.at, &link.custom)));
    places.any(|(at, own)| {
        let at = at.as_deref().and_then(|at| Path::parse(at).ok());
        own.is_some() || at.is_some_and(|at| is_custom(custom, &at))
    })
}

#[async_trait]
impl RecordSink for Rest {
    async fn held(&self, name: &str, target: &Target, on: Option<NaiveDate>) -> Result<Vec<Held>> {
        let entity = self.connection.entity(name)?;
        let one = self.there(name, target).await?;
        let is_held = |field: &Field| field.has_place() || field.of_stretch.is_some();
        let fields: Vec<(&String, &Field)> = entity.fields.iter().filter(|(_, field)| is_held(field)).collect();
        let named: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
        let references = fields_referred(&self.connection, entity, &named).await?;
        let unfit = |field: &str, what: String| self.connection.unfit(name, format!("{field}: {what}"));
        let mut held = Vec::new();
        for (field_name, field) in fields {
            let value = self.connection.held_on(entity, field, &one, on, &references);
            held.push((field_name.clone(), value.map_err(|what| unfit(field_name, what))?.map(ours)));
        }
        Ok(held)
    }

    async fn calls(&self, write: &PsaWrite, before: &Before) -> Result<Vec<String>> {
        let base = self.connection.client.base_url().trim_end_matches('/');
        let said = write.said();
        let mut requests = self.requests(write, before).await?;
        if let Some(begins) = self.begins(&said)? {
            // what the new record will be called is not known yet
            requests.push(self.following(&said, "0", begins)?);
        }
        let body = |request: &Request| request.body.as_ref().and_then(|body| serde_json::to_string_pretty(body).ok());
        let call = |request: &Request| {
            format!("{} {base}{}\n{}", request.verb.as_str(), request.path, body(request).unwrap_or_default())
        };
        Ok(requests.iter().map(call).collect())
    }
}

/// A codec's value in our form; a flag is a word to us.
fn ours(value: Decoded) -> change::Value {
    match value {
        Decoded::Text(text) => change::Value::Text(text),
        Decoded::Flag(flag) => change::Value::Text(if flag { "yes" } else { "no" }.to_owned()),
        Decoded::Number(number) => change::Value::Number(number),
        Decoded::Day(day) => change::Value::Day(day),
    }
}
