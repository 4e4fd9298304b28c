//! Writing records through a connector file: looked at, sent, and looked at again.
//!
//! Keeps the invariants that a record is found again by exactly what was sent, and that a write of several calls goes on where
//! it stopped.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use serde_json::Value;

use super::Rest;
use super::answers::Test;
use super::body::is_custom;
use super::codec::{Decoded, References, text_of};
use super::compare::{cut, same};
use super::inside;
use super::language::{CustomFields, Dated, Entity, Field, First, Lookup, OwnIds, Step};
use super::one::One;
use super::path::Path;
use super::requests::{ADD, Draft, Request, WRITE, decoded, id_in};
use super::rows::{Asking, fields_referred, keyed};
use crate::connectors::Result;
use crate::connectors::error::{ConnectorError, ErrorKind};
use crate::connectors::http::{Call, Outcome, Reply, Undecodable, decode};
use crate::connectors::writing::{Before, Held, Intent, Looked, RecordSink, Sent, Writing};
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

type Told<T> = std::result::Result<T, String>;

impl Rest {
    /// The references that the fields of a write stand for.
    async fn references(&self, said: &Said<'_>) -> Result<References> {
        let entity = self.connection.entity(said.entity)?;
        let probes = entity.create.iter().flat_map(|create| &create.probe).map(String::as_str);
        let copied = match &entity.dated {
            Some(Dated::EndAndAdd { copy, .. }) if said.effective.is_some() => copy.as_slice(),
            Some(Dated::EndAndAdd { .. } | Dated::Absolute { .. }) | None => &[],
        };
        let copied = copied.iter().map(String::as_str);
        let named: Vec<&str> = said.fields.keys().copied().chain(probes).chain(copied).collect();
        let mut references = fields_referred(&self.connection, entity, &named).await?;
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

    /// The calls of a write, made from the record as it was read before.
    async fn requests(&self, said: &Said<'_>, before: &Before) -> Result<Vec<Request>> {
        let references = self.references(said).await?;
        let draft = self.draft(said, &references)?;
        let built = match said.target {
            None => draft.create(before.state.is_some().then(|| self.read(said, before)).transpose()?.as_ref()),
            Some(_) => draft.update(&self.read(said, before)?),
        };
        built.map_err(|what| self.connection.unfit(said.entity, what))
    }

    async fn sent(&self, request: &Request, entity: &Entity, reply: Option<&str>) -> Result<Outcome<Option<String>>> {
        let pairs = |pairs: &'_ [(String, String)]| -> Vec<(String, String)> { pairs.to_vec() };
        let (query, headers) = (pairs(&request.query), pairs(&request.headers));
        let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
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

    /// The ids of the records that are what a new one would be.
    async fn fitting(&self, said: &Said<'_>, draft: &Draft<'_>) -> Result<Vec<String>> {
        let unfit = |what: String| self.connection.unfit(said.entity, what);
        let values = draft.values().map_err(unfit)?;
        if let (Some(link), Some(marker)) = (&draft.entity.link, said.marker) {
            let marker = cut(marker, link.max);
            let at = self.connection.link_place(link).map_err(unfit)?;
            let is_it =
                |row: &Value| at.get(row).and_then(|held| text_of(held).ok()).is_some_and(|held| held == marker);
            let found = self.looked_up(said, link.lookup.as_ref(), &[("link", &marker)], is_it).await?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        let Some(create) = draft.entity.create.as_ref().filter(|create| !create.probe.is_empty()) else {
            return Ok(Vec::new());
        };
        let probed = values.into_iter().filter(|(name, _)| create.probe.iter().any(|probe| probe == name)).collect();
        self.holding(draft, &probed, create.find.as_ref(), said.below).await
    }

    /// The ids of the records that hold some values.
    async fn holding(
        &self,
        draft: &Draft<'_>,
        values: &BTreeMap<&str, Decoded>,
        find: Option<&Lookup>,
        below: Option<&str>,
    ) -> Result<Vec<String>> {
        let texts: Vec<(&str, String)> = values.iter().map(|(name, value)| (*name, shown(value))).collect();
        let texts: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let is_it = |row: &Value| {
            values.iter().all(|(name, wanted)| {
                draft.entity.fields.get(*name).is_some_and(|field| {
                    let held = self.connection.field_of(field, row, draft.references);
                    held.is_ok_and(|held| same(field, held.as_ref(), Some(wanted)))
                })
            })
        };
        let said = Said { below, ..draft.said.clone() };
        self.looked_up(&said, find, &texts, is_it).await
    }

    /// The ids of the records that are it, of those the system answers with: a filter it does not know is ignored by some.
    async fn looked_up(
        &self,
        said: &Said<'_>,
        lookup: Option<&Lookup>,
        values: &[(&str, &str)],
        is_it: impl Fn(&Value) -> bool,
    ) -> Result<Vec<String>> {
        let entity = self.connection.entity(said.entity)?;
        let unfit = |what: String| self.connection.unfit(said.entity, what);
        let asked = lookup.map(|lookup| self.asking(lookup, values)).transpose().map_err(unfit)?;
        let found = self.connection.raw(said.entity, said.below, asked).await?;
        let id = Path::parse(&entity.id).map_err(unfit)?;
        // a list that is not below a record holds what belongs to others as well
        let above = entity.above.as_ref().and(entity.parent_at.as_deref().zip(said.below));
        let above = above.map(|(at, below)| Path::parse(at).map(|at| (at, below))).transpose().map_err(unfit)?;
        let is_below = |row: &Value| {
            above
                .as_ref()
                .is_none_or(|(at, below)| at.get(row).and_then(|id| text_of(id).ok()).as_deref() == Some(*below))
        };
        let is_it = |row: &Value| is_below(row) && is_it(row);
        let ids = found.iter().filter(|row| is_it(row)).filter_map(|row| id.get(row).and_then(|id| text_of(id).ok()));
        Ok(match (&entity.inside, said.below) {
            (Some(_), Some(below)) => ids.map(|id| inside::id_of(below, &id)).collect(),
            _ => ids.collect(),
        })
    }

    /// What a list is asked besides its own conditions.
    fn asking(&self, lookup: &Lookup, values: &[(&str, &str)]) -> Told<Asking> {
        let names = super::one::Names { connection: &self.connection, own: values.iter().copied().collect() };
        let Some(dialect) = lookup.dialect else {
            return names.filled(lookup.body.as_ref().unwrap_or(&Value::Null)).map(Asking::Body);
        };
        let wanted = lookup.r#where.iter().map(|(name, value)| Ok((names.plain(name)?, names.plain(value)?)));
        wanted.collect::<Told<Vec<_>>>().map(|wanted| Asking::Query(dialect, wanted))
    }

    /// How far a change has come: what each call leaves behind, against what is there.
    fn progress(&self, draft: &Draft<'_>, was: &One, now: &One) -> Told<Looked> {
        let id = draft.said.target.map(|target| target.id.clone()).unwrap_or_default();
        let mut written = None;
        for (name, wanted) in &draft.said.fields {
            let field = draft.field(name)?;
            let held = self.connection.field_of(field, &now.raw, draft.references)?;
            let before = self.connection.field_of(field, &was.raw, draft.references)?;
            let is_new = same(field, held.as_ref(), wanted.after.map(decoded).as_ref());
            if is_new && same(field, held.as_ref(), before.as_ref()) {
                continue;
            }
            let is_old = same(field, held.as_ref(), before.as_ref());
            if !is_new && !is_old {
                return Ok(Looked::CannotTell(format!(
                    "`{name}` is {}, neither what it was nor what was sent",
                    held.as_ref().map_or_else(|| "empty".to_owned(), shown)
                )));
            }
            if written.is_some_and(|written| written != is_new) {
                return Ok(Looked::CannotTell(format!("`{name}` is as it was, and other fields are not")));
            }
            written = Some(is_new);
        }
        let written = written.ok_or("nothing that was sent differs from what was there")?;
        Self::staged(draft, (was, now), (usize::from(written), 1), id)
    }

    /// How far the making of a record has come.
    fn made(draft: &Draft<'_>, (was, now): (&One, &One), found: &[String]) -> Told<Looked> {
        match found {
            [] => Self::staged(draft, (was, now), (0, 1), String::new()),
            [one] => Self::staged(draft, (was, now), (1, 1), one.clone()),
            several => Ok(several_fit(several)),
        }
    }

    /// How far a change from a day on has come that takes two records.
    async fn splitting(&self, draft: &Draft<'_>, was: &One, now: &One, before: &Before) -> Result<Looked> {
        let unfit = |what: String| self.connection.unfit(draft.said.entity, what);
        let Some(split) = draft.said.effective.map(|day| draft.split(was, day)).transpose().map_err(unfit)?.flatten()
        else {
            return self.progress(draft, was, now).map_err(unfit);
        };
        let mut added = self.holding(draft, &split.new, None, now.below.as_deref()).await?;
        added.retain(|id| !before.fitting.contains(id));
        let field = draft.field(split.end).map_err(unfit)?;
        let end = self.connection.own(field, &now.raw, draft.references).map_err(unfit)?;
        let ended = same(field, end.as_ref(), Some(&Decoded::Day(split.ends)));
        // rows inside a record change together, in one call
        let all = if draft.entity.inside.is_some() { 1 } else { 2 };
        let staged = |done, id| Self::staged(draft, (was, now), (done, all), id).map_err(unfit);
        Ok(match (added.as_slice(), ended, end, split.first) {
            ([new], true, ..) => staged(all, new.clone())?,
            ([_], false, None, First::Add) | ([], true, _, First::End) if all == 2 => staged(1, String::new())?,
            ([], false, None, _) => staged(0, String::new())?,
            ([], true, ..) => {
                Looked::CannotTell("it ends on that day, and the line that follows is not there".to_owned())
            }
            ([_], false, None, _) => Looked::CannotTell("it goes on, and the line that follows is there".to_owned()),
            ([] | [_], false, Some(end), _) => {
                Looked::CannotTell(format!("it ends on {}, which was not asked for", shown(&end)))
            }
            (several, ..) => several_fit(several),
        })
    }

    /// How far the calls have come, from how many of those that write took effect and from the state that the others leave.
    fn staged(draft: &Draft<'_>, (was, now): (&One, &One), (done, all): (usize, usize), id: String) -> Told<Looked> {
        let (at, all) = match draft.step(was)? {
            None => (Some(done), all),
            Some(step) => (Self::stage(draft, step, now, (done, all))?, step.r#do.len() - 1 + all),
        };
        Ok(match at {
            None => Looked::CannotTell("the record is in a state that none of the calls leaves".to_owned()),
            Some(0) => Looked::DidNot,
            Some(at) if at == all => Looked::Happened(id),
            Some(at) => Looked::Partly(at),
        })
    }

    /// After how many of the calls all would be as it is, the most of them.
    fn stage(draft: &Draft<'_>, step: &Step, now: &One, (done, all): (usize, usize)) -> Told<Option<usize>> {
        let mut stages = vec![(Test::new(&step.r#if)?, step.above, 0)];
        let mut written = 0;
        for name in &step.r#do {
            if name == WRITE {
                let (last, above, _) = stages.last().cloned().ok_or("a step without a state")?;
                stages.extend((1..=all).map(|written| (last.clone(), above, written)));
                written = all;
            } else {
                let (action, above) = draft.action(name)?;
                stages.push((Test::new(&action.gives)?, above, written));
            }
        }
        let fits = |(test, above, written): &(Test, bool, usize)| {
            let state = if *above { now.above.as_ref() } else { Some(&now.raw) };
            *written == done && state.is_some_and(|state| test.holds(state))
        };
        Ok(stages.iter().rposition(fits))
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

fn several_fit(several: &[String]) -> Looked {
    Looked::CannotTell(format!("{} new records fit: {}", several.len(), several.join(", ")))
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
        let references = self.references(&said).await?;
        let draft = self.draft(&said, &references)?;
        let unfit = |what: String| self.connection.unfit(said.entity, what);
        let Some(target) = said.target else {
            let fitting = self.fitting(&said, &draft).await?.into_iter().collect();
            let around = self.connection.around(said.entity, said.below).await?;
            let state = around.map(serde_json::to_value).transpose();
            let state = state.map_err(|error| self.connection.unfit(said.entity, error.to_string()))?;
            return Ok(Before { fitting, state });
        };
        let one = self.connection.one(said.entity, target).await?;
        let missing = || {
            let kind = ErrorKind::NotFound(format!("there is no {} {}", said.entity, target.id));
            ConnectorError::new(&self.descriptor.name, format!("read {}", said.entity), kind)
        };
        let one = one.ok_or_else(missing)?;
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
        let references = self.references(&said).await?;
        let (draft, one) = (self.draft(&said, &references)?, self.read(&said, before)?);
        for (name, Wanted { before, .. }) in &said.fields {
            let refuse = |what: String| self.connection.unfit(said.entity, format!("{name}: {what}"));
            let field = draft.field(name).map_err(refuse)?;
            let held = self.connection.field_of(field, &one.raw, &references).map_err(refuse)?;
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

    async fn send(&self, write: &PsaWrite, before: &Before, done: usize) -> Result<Outcome<Sent<Value>>> {
        let said = write.said();
        let entity = self.connection.entity(said.entity)?;
        let reply = entity.create.as_ref().map(|create| create.reply.as_deref().unwrap_or("$"));
        let makes = |request: &Request| {
            entity.inside.is_none() && !request.acts && (said.target.is_none() || request.name == ADD)
        };
        let requests = self.requests(&said, before).await?;
        let all = requests.len();
        let mut made = write.record();
        for (index, request) in requests.iter().enumerate().skip(done) {
            let outcome = match self.sent(request, entity, reply.filter(|_| makes(request))).await {
                Ok(outcome) => outcome,
                Err(error) if index == 0 => return Err(error),
                Err(error) => Outcome::Unknown(error.to_string()),
            };
            let call = || format!("call {} of {all} ({})", index + 1, request.name);
            match outcome {
                Outcome::Done(id) => made = id.or(made),
                Outcome::Refused(refusal) if index == 0 => return Ok(Outcome::Refused(refusal)),
                Outcome::Refused(refusal) => {
                    let is_first = requests.iter().take(index).all(|before| before.acts);
                    let left = requests.get(index + 1..).filter(|_| is_first && !request.acts);
                    let failed = match left {
                        Some(left) => match self.put_back(entity, left).await {
                            None => return Ok(Outcome::Refused(refusal)),
                            Some(failed) => format!(", {failed}"),
                        },
                        None => String::new(),
                    };
                    return Ok(Outcome::Unknown(format!("{} was refused: {refusal}{failed}", call())));
                }
                Outcome::Unknown(why) => {
                    return Ok(Outcome::Unknown(if all == 1 { why } else { format!("{}: {why}", call()) }));
                }
            }
        }
        if made.is_none() {
            // the answer is the record above: which row of it is new, looking says
            let references = self.references(&said).await.unwrap_or_default();
            let found = self.fitting(&said, &self.draft(&said, &references)?).await.unwrap_or_default();
            made = found.into_iter().find(|id| !before.fitting.contains(id));
        }
        Ok(Outcome::Done(Sent { id: made, record: None, digest: None }))
    }

    async fn look(&self, write: &PsaWrite, before: &Before) -> Result<Looked> {
        let said = write.said();
        let references = self.references(&said).await?;
        let draft = self.draft(&said, &references)?;
        let Some(target) = said.target else {
            let mut found = self.fitting(&said, &draft).await?;
            found.retain(|id| !before.fitting.contains(id));
            let nothing = || One { raw: Value::Null, version: None, above: None, below: None };
            let was = before.state.is_some().then(|| self.read(&said, before)).transpose()?.unwrap_or_else(nothing);
            let now = self.connection.around(said.entity, said.below).await?.unwrap_or_else(nothing);
            let made = Self::made(&draft, (&was, &now), &found);
            return made.map_err(|what| self.connection.unfit(said.entity, what));
        };
        let Some(now) = self.connection.one(said.entity, target).await? else {
            return Ok(Looked::CannotTell("the record is not there any more".to_owned()));
        };
        self.splitting(&draft, &self.read(&said, before)?, &now, before).await
    }

    async fn now(&self, write: &PsaWrite, record: &str) -> Result<Option<Value>> {
        let said = write.said();
        let target = Target { id: record.to_owned(), below: said.below.map(str::to_owned) };
        Ok(self.connection.one(said.entity, &target).await?.map(|one| one.raw))
    }

    /// References are not followed here: a field that stands for one shows where the place itself has changed.
    fn shows(&self, write: &PsaWrite, before: &Before, now: Option<&Value>) -> bool {
        let said = write.said();
        let (Some(now), Ok(entity)) = (now, self.connection.entity(said.entity)) else { return false };
        let was = self.read(&said, before).ok();
        said.fields.iter().all(|(name, wanted)| {
            let Some(field) = entity.fields.get(*name) else { return false };
            let at = self.connection.places(field).ok().and_then(|places| places.into_iter().next());
            let moved = at.is_some_and(|at| was.as_ref().is_none_or(|was| at.get(&was.raw) != at.get(now)));
            let held = self.connection.field_of(field, now, &References::new());
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
    async fn held(&self, name: &str, target: &Target) -> Result<Vec<Held>> {
        let entity = self.connection.entity(name)?;
        let missing = || {
            let kind = ErrorKind::NotFound(format!("there is no {name} {}", target.id));
            ConnectorError::new(&self.descriptor.name, format!("read {name}"), kind)
        };
        let one = self.connection.one(name, target).await?.ok_or_else(missing)?;
        let fields: Vec<(&String, &Field)> = entity.fields.iter().filter(|(_, field)| field.has_place()).collect();
        let named: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
        let references = fields_referred(&self.connection, entity, &named).await?;
        let unfit = |field: &str, what: String| self.connection.unfit(name, format!("{field}: {what}"));
        let mut held = Vec::new();
        for (field_name, field) in fields {
            let value = self.connection.field_of(field, &one.raw, &references);
            held.push((field_name.clone(), value.map_err(|what| unfit(field_name, what))?.map(ours)));
        }
        Ok(held)
    }

    async fn calls(&self, write: &PsaWrite, before: &Before) -> Result<Vec<String>> {
        let base = self.connection.client.base_url().trim_end_matches('/');
        let requests = self.requests(&write.said(), before).await?;
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

fn shown(value: &Decoded) -> String {
    match value {
        Decoded::Text(text) => text.clone(),
        Decoded::Flag(flag) => flag.to_string(),
        Decoded::Number(number) => crate::core::money::plain(*number),
        Decoded::Day(day) => day.to_string(),
    }
}
