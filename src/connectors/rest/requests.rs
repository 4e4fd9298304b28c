//! The calls of a write: addresses, headers and bodies, as the file says them.
//!
//! Keeps the invariants that only what the file places is written, that a change carries its guard, and that the calls of one
//! write can be told apart by what each leaves behind.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::answers::Test;
use super::body::{Put, Taking, identify};
use super::codec::{Decoded, References, decode_default, text_of};
use super::compare::cut;
use super::encode::encode;
use super::inside;
use super::language::{Action, Codec, Create, Dir, Entity, Field, Guard, LINK, Step, Update, Wrap};
use super::one::{Names, One};
use super::path::Path;
use super::rows::Connection;
use crate::connectors::http::Verb;
use crate::core::change::{self, Said};

/// The step that is the write itself.
pub(super) const WRITE: &str = "write";
/// The step that makes the record that follows another.
pub(super) const ADD: &str = "add";

/// One call of a write.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Request {
    /// What it is: `write`, or the name of an action.
    pub(super) name: String,
    pub(super) verb: Verb,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<Value>,
    /// Whether it is an action that has to be done around a write.
    pub(super) acts: bool,
}

type Built<T> = Result<T, String>;

/// What is said of a record, with the file's words for it.
pub(super) struct Draft<'d> {
    pub(super) of: &'d Connection,
    pub(super) entity: &'d Entity,
    pub(super) said: &'d Said<'d>,
    pub(super) references: &'d References,
}

impl<'d> Draft<'d> {
    /// A field the write names, if the file lets it be written.
    pub(super) fn field(&self, name: &str) -> Built<&'d Field> {
        let made = self.said.target.is_none();
        if let Some(field) = self.entity.fields.get(name).filter(|field| field.of_stretch.is_some()) {
            return self.by_days(name, field);
        }
        let field = self.entity.fields.get(name).filter(|field| field.has_place());
        let field = field.ok_or_else(|| format!("`{name}` has no place in {}", self.of.connector.name))?;
        match field.dir {
            Dir::Both | Dir::Write => Ok(field),
            Dir::Create if made => Ok(field),
            Dir::Create => Err(format!("`{name}` of a {} is fixed once it is made", self.said.entity)),
            Dir::Read => {
                Err(format!("`{name}` of a {} is kept by {} itself", self.said.entity, self.of.connector.name))
            }
        }
    }

    fn put(&self, name: &str, field: &Field, value: Option<&Decoded>, row: &Value) -> Built<Put> {
        let in_field = |what: String| format!("{name}: {what}");
        let at = match &field.to {
            Some(to) => Path::parse(to).map_err(in_field)?,
            None => {
                let places = self.of.places(field).map_err(in_field)?;
                places.into_iter().next().ok_or_else(|| in_field("it has no place".to_owned()))?
            }
        };
        let value = match value {
            Some(value) => Some(self.encoded(field, value).map_err(in_field)?),
            None => field.codec.as_ref().and_then(Codec::nothing).cloned(),
        };
        let new = field.new.clone().unwrap_or_default().into_iter().collect();
        if value.is_some() {
            self.of.can_write(field, &at, row, &new).map_err(in_field)?;
        }
        Ok(Put { at, new, value })
    }

    fn encoded(&self, field: &Field, value: &Decoded) -> Built<Value> {
        let text = Codec::Text { wrap: None };
        let codec = field.to_codec.as_ref().or(field.codec.as_ref()).unwrap_or(&text);
        let value = match value {
            Decoded::Text(text) => &Decoded::Text(cut(text, field.max)),
            Decoded::Flag(_) | Decoded::Number(_) | Decoded::Day(_) => value,
        };
        encode(codec, value, self.of.connector.http.numbers, self.references)
    }

    pub(super) fn names(&self, one: Option<&'d One>) -> Names<'d> {
        let below = one.and_then(|one| one.below.as_deref()).or(self.said.below);
        let mut names = self.of.names(self.entity, self.id(), below);
        names.own.extend(self.said.marker.map(|marker| (LINK, marker)));
        names
    }

    /// The id that addresses name: of a row inside a record its own.
    fn id(&self) -> Option<&'d str> {
        let id = self.said.target.map(|target| target.id.as_str())?;
        if self.entity.inside.is_some() { inside::parts(id).map(|(_, own)| own) } else { Some(id) }
    }

    /// The calls that change a record; none where nothing changes.
    pub(super) fn update(&self, one: &'d One) -> Built<Vec<Request>> {
        if let Some(kept) = &one.kept {
            return self.where_kept(one, kept);
        }
        let writes = match self.said.effective {
            Some(day) => self.dated(one, day)?,
            None => self.changed(one, &self.after())?.into_iter().collect(),
        };
        self.framed(one, writes)
    }

    /// What the fields of the write are to hold.
    pub(super) fn after(&self) -> Vec<(&'static str, Option<Decoded>)> {
        self.said.fields.iter().map(|(name, wanted)| (*name, wanted.after.map(decoded))).collect()
    }

    /// The call that gives fields of a record other values, where they are others.
    pub(super) fn changed(&self, one: &'d One, values: &[(&str, Option<Decoded>)]) -> Built<Option<Request>> {
        let update = self.entity.update.as_ref().ok_or_else(|| self.unable("changed"))?;
        let (read, puts) = self.puts(one, values)?;
        if puts.is_empty() {
            return Ok(None);
        }
        let taking = self.taking(update);
        let body = if self.entity.is_set() {
            self.set_with(taking, one, &puts, Vec::new())?
        } else {
            taking.body(&read, &puts)?
        };
        self.change(update, one, body).map(Some)
    }

    /// Calls with the actions around them that the state asks for.
    pub(super) fn framed(&self, one: &One, writes: Vec<Request>) -> Built<Vec<Request>> {
        let Some(step) = self.step(one)?.filter(|_| !writes.is_empty()) else { return Ok(writes) };
        let mut calls = Vec::new();
        for name in &step.r#do {
            if name == WRITE {
                calls.extend(writes.iter().cloned());
            } else {
                calls.push(self.acted(name, one)?);
            }
        }
        Ok(calls)
    }

    /// What places of a record are to hold, where it is something else, and the record as it is changed.
    pub(super) fn puts(&self, one: &One, values: &[(&str, Option<Decoded>)]) -> Built<(Value, Vec<Put>)> {
        let mut puts = Vec::new();
        let (mut read, mut seen) = (one.raw.clone(), BTreeSet::new());
        let mut changed = Vec::new();
        for (name, value) in values {
            let located = self.of.located(self.field(name)?).map_err(|what| format!("{name}: {what}"))?;
            if located.own(&one.raw, self.references).is_ok_and(|held| held == *value) {
                continue;
            }
            changed.push((*name, value.clone()));
        }
        let totals = self.totals_of(one, &changed)?;
        changed.extend(totals.into_iter().map(|(name, total)| (name, Some(total))));
        for (name, value) in &changed {
            let field = self.field(name)?;
            let located = self.of.located(field).map_err(|what| format!("{name}: {what}"))?;
            let put = self.put(name, field, value.as_ref(), &read)?;
            // what is read elsewhere is seen as if it stood where it is written, and nothing beside it
            if let (Some(at), Some(_), Some(first)) = (located.places.first(), &field.to, put.at.segments.first()) {
                if seen.insert(first.name.clone())
                    && let Some(members) = read.as_object_mut()
                {
                    members.remove(&first.name);
                }
                if let Some(held) = at.get(&one.raw) {
                    put.at.set(&mut read, held.clone(), &Map::new())?;
                }
            }
            puts.push(put);
        }
        Ok((read, puts))
    }

    /// How changes are taken.
    pub(super) fn taking(&self, update: &Update) -> Taking<'d> {
        Taking { style: update.style, clear: update.clear, custom: self.of.connector.custom_fields.as_ref() }
    }

    pub(super) fn change(&self, update: &Update, one: &'d One, mut body: Value) -> Built<Request> {
        let names = self.names(Some(one));
        for name in &update.keep {
            if let (Value::Object(members), Some(held)) = (&mut body, one.raw.get(name)) {
                members.entry(name).or_insert_with(|| held.clone());
            }
        }
        if let Some(constant) = &update.body {
            merge(&mut body, names.filled(constant)?);
        }
        self.commanded(Some(one), &mut body)?;
        let id = self.said.target.map(|target| target.id.clone()).unwrap_or_default();
        // what is sent is the record that holds the set, where the row is inside one
        let above = self.entity.parent.as_ref().and_then(|parent| self.of.connector.entity.get(parent));
        let (entity, record) = match (self.entity.is_set(), above, &one.above) {
            (true, Some(entity), Some(record)) => (entity, record),
            _ => (self.entity, &one.raw),
        };
        if let Some(at) = &update.id_at {
            let read = Path::parse(&entity.id)?.get(record).cloned().unwrap_or(Value::from(id));
            Path::parse(at)?.set(&mut body, read, &Map::new())?;
        }
        let own = update.headers.iter().map(|(name, text)| Ok((name.clone(), names.plain(text)?)));
        let mut headers = own.collect::<Built<Vec<_>>>()?;
        for place in &update.omit {
            Path::parse(place)?.remove(&mut body);
        }
        guarded(&update.guard, one, (entity, record), &mut body, &mut headers)?;
        let (verb, address) = verb_of(update.patch.as_ref(), update.put.as_ref(), update.post.as_ref())?;
        Ok(Request {
            name: WRITE.to_owned(),
            verb,
            path: names.address(address)?,
            query: Vec::new(),
            headers,
            body: Some(wrapped(update.wrap.as_ref(), body)?),
            acts: false,
        })
    }

    /// Makes commands of the members of a body that are sent so.
    fn commanded(&self, one: Option<&One>, body: &mut Value) -> Built<()> {
        for (name, at) in &self.entity.commands {
            let Some(member) = body.get_mut(name) else { continue };
            let id = Path::parse(at)?;
            *member = match one.and_then(|one| id.get(&one.raw)) {
                Some(id) => json!([["write", [id], member.take()]]),
                None => json!([["create", [member.take()]]]),
            };
        }
        Ok(())
    }

    /// What has to be done around a change in the state the record is in.
    pub(super) fn step(&self, one: &One) -> Built<Option<&'d Step>> {
        for step in self.entity.update.iter().flat_map(|update| &update.steps) {
            let state = if step.above { one.above.as_ref() } else { Some(&one.raw) };
            let test = Test::new(&step.r#if)?;
            if state.is_some_and(|state| test.holds(state)) {
                return Ok(Some(step));
            }
        }
        Ok(None)
    }

    /// An action of the record's entity, or of the one above.
    pub(super) fn action(&self, name: &str) -> Built<(&'d Action, bool)> {
        let above = self.entity.over().and_then(|over| self.of.connector.entity.get(over));
        let own = self.entity.actions.get(name).map(|action| (action, false));
        let found = own.or_else(|| above?.actions.get(name).map(|action| (action, true)));
        found.ok_or_else(|| format!("there is no action `{name}`"))
    }

    fn acted(&self, name: &str, one: &One) -> Built<Request> {
        let (action, is_above) = self.action(name)?;
        let below = one.below.as_deref();
        let names = self.of.names(self.entity, if is_above { below } else { self.id() }, below);
        Ok(Request {
            name: name.to_owned(),
            verb: Verb::Post,
            path: names.address(&action.post)?,
            query: Vec::new(),
            headers: Vec::new(),
            body: action.body.as_ref().map(|body| names.filled(body)).transpose()?,
            acts: true,
        })
    }

    /// The calls that make a record; `around` is what is above it, where that matters.
    pub(super) fn create(&self, around: Option<&'d One>) -> Built<Vec<Request>> {
        for name in self.said.fields.keys() {
            self.field(name)?;
        }
        let write = match around.filter(|_| self.entity.is_set()) {
            Some(one) => self.added(one)?,
            None => self.made_of(&self.values()?, &Map::new(), &self.names(None))?,
        };
        around.map_or_else(|| Ok(vec![write.clone()]), |around| self.framed(around, vec![write.clone()]))
    }

    /// The call that makes a record which holds these values, and these members as they are.
    pub(super) fn made_of(
        &self,
        values: &BTreeMap<&'d str, Decoded>,
        carried: &Map<String, Value>,
        names: &Names<'d>,
    ) -> Built<Request> {
        let create = self.entity.create.as_ref().ok_or_else(|| self.unable("made"))?;
        let body = self.filled(create, values, carried, names)?;
        let marker = self.said.marker.unwrap_or_default();
        let (verb, address) = verb_of(create.patch.as_ref(), create.put.as_ref(), create.post.as_ref())?;
        let headers = create.headers.iter().map(|(name, text)| Ok((name.clone(), names.plain(text)?)));
        let mut request = Request {
            name: WRITE.to_owned(),
            verb,
            path: names.address(address)?,
            query: Vec::new(),
            headers: headers.collect::<Built<Vec<_>>>()?,
            body: Some(wrapped(create.wrap.as_ref(), body)?),
            acts: false,
        };
        idempotent(create, marker, &mut request);
        Ok(request)
    }

    /// A new record with these values and these members as they are, what every new one holds, and what it is found again by.
    pub(super) fn filled(
        &self,
        create: &Create,
        values: &BTreeMap<&'d str, Decoded>,
        carried: &Map<String, Value>,
        names: &Names<'d>,
    ) -> Built<Value> {
        let mut body = Value::Object(carried.clone());
        if let Some(constant) = &create.body {
            let mut constant = constant.clone();
            if let Value::Object(members) = &mut constant {
                members.retain(|name, _| !carried.contains_key(name));
            }
            merge(&mut body, names.filled(&constant)?);
        }
        for (member, named) in &create.named {
            if let Some(id) = self.of.named(named, self.references)? {
                Path::parse(member)?.set(&mut body, id, &Map::new())?;
            }
        }
        let totals = self.totals(values)?;
        for (name, value) in values.iter().chain(totals.iter().map(|(name, total)| (name, total))) {
            let Some(field) = self.entity.fields.get(*name) else { continue };
            let to = field.to.as_deref().map(Path::parse).transpose()?;
            let place =
                to.map_or_else(|| self.of.places(field).map(|all| all.into_iter().next()), |to| Ok(Some(to)))?;
            let first = place.as_ref().and_then(|place| place.segments.first());
            // what is taken over as it is stands there already, unless it is to be something else
            let is_carried = first.is_some_and(|first| carried.contains_key(&first.name));
            if is_carried && !self.said.fields.contains_key(name) {
                continue;
            }
            let put = self.put(name, field, Some(value), &body)?;
            put.at.set(&mut body, put.value.unwrap_or_default(), &put.new)?;
        }
        // what the address says is not said again
        let link = self.entity.link.as_ref().filter(|_| !create.is_addressed_by_link());
        if let (Some(link), Some(marker)) = (link, self.said.marker) {
            let at = self.of.link_place(link)?;
            at.set(&mut body, Value::from(cut(marker, link.max)), &Map::new())?;
        }
        self.commanded(None, &mut body)?;
        if let Some(custom) = &self.of.connector.custom_fields {
            identify(custom, &mut body, self.references)?;
        }
        Ok(body)
    }

    /// What a new record holds: what is wanted, what is made of it, and what the file gives every one.
    pub(super) fn values(&self) -> Built<BTreeMap<&'d str, Decoded>> {
        let mut values = BTreeMap::new();
        for (name, field) in self.entity.fields.iter().filter(|(_, field)| field.has_place()) {
            let wanted = self.said.fields.get(name.as_str()).and_then(|wanted| wanted.after).map(decoded);
            let value = match (wanted, &field.make, &field.default) {
                (Some(value), _, _) => Some(value),
                (None, Some(make), _) => self.made(make, field.max)?,
                (None, None, Some(default)) if field.dir == Dir::Create => {
                    let kind = field.codec.as_ref().and_then(Codec::gives).unwrap_or(super::codec::Kind::Text);
                    Some(decode_default(default, kind)?)
                }
                (None, None, _) => None,
            };
            if let Some(value) = value {
                values.insert(name.as_str(), value);
            }
        }
        Ok(values)
    }

    /// `slug(name)`: letters and digits of a field; `upper(name)`: the field in capitals; `same(name)`: the field.
    fn made(&self, make: &str, most: Option<u32>) -> Built<Option<Decoded>> {
        let bad = || format!("`{make}` makes nothing");
        let (maker, rest) = make.split_once('(').ok_or_else(bad)?;
        let of = rest.strip_suffix(')').ok_or_else(bad)?;
        let Some(change::Value::Text(text)) = self.said.fields.get(of).and_then(|wanted| wanted.after) else {
            return Ok(None);
        };
        let text = match maker {
            "slug" => any_ascii::any_ascii(text).chars().filter(char::is_ascii_alphanumeric).collect(),
            "upper" => text.to_uppercase(),
            "same" => text.clone(),
            _ => return Err(bad()),
        };
        Ok(Some(Decoded::Text(cut(&text, most))))
    }

    pub(super) fn unable(&self, what: &str) -> String {
        format!(
            "a {} cannot be {what} in {}: the connector file does not say how",
            self.said.entity, self.of.connector.name
        )
    }
}

/// Our form of a value as a codec takes it.
pub(super) fn decoded(value: &change::Value) -> Decoded {
    match value {
        change::Value::Text(text) => Decoded::Text(text.clone()),
        change::Value::Number(number) => Decoded::Number(*number),
        change::Value::Day(day) => Decoded::Day(*day),
    }
}

fn guarded(
    guard: &Guard,
    one: &One,
    (entity, record): (&Entity, &Value),
    body: &mut Value,
    headers: &mut Vec<(String, String)>,
) -> Built<()> {
    let version =
        || one.version.clone().ok_or_else(|| "the record has no version, which a change must carry".to_owned());
    if let Some(header) = &guard.header {
        headers.push((header.clone(), version()?));
    }
    if let Some(at) = &guard.at {
        // a version goes back as it came: a number as a number
        let kept = entity.version.as_ref().and_then(|version| version.at.as_deref());
        let kept = kept.map(Path::parse).transpose()?.and_then(|path| path.get(record).cloned());
        let version = kept.map_or_else(|| version().map(Value::from), Ok)?;
        Path::parse(at)?.set(body, version, &Map::new())?;
    }
    Ok(())
}

/// The key of a call that may reach the server twice: the same for the same record.
fn idempotent(create: &Create, marker: &str, request: &mut Request) {
    let Some(key) = &create.idempotent else { return };
    let value = cut(crate::core::record::Fingerprint::of(marker.as_bytes()).as_str(), key.max);
    if let Some(header) = &key.header {
        request.headers.push((header.clone(), value.clone()));
    }
    if let Some(query) = &key.query {
        request.query.push((query.clone(), value));
    }
}

fn verb_of<'u>(patch: Option<&'u String>, put: Option<&'u String>, post: Option<&'u String>) -> Built<(Verb, &'u str)> {
    let said = [(Verb::Patch, patch), (Verb::Put, put), (Verb::Post, post)];
    let said = said.into_iter().find_map(|(verb, address)| address.map(|address| (verb, address.as_str())));
    said.ok_or_else(|| "the connector file says no address to write to".to_owned())
}

pub(super) fn wrapped(wrap: Option<&Wrap>, body: Value) -> Built<Value> {
    let Some(wrap) = wrap else { return Ok(body) };
    let body = if wrap.list { Value::Array(vec![body]) } else { body };
    let Some(at) = &wrap.at else { return Ok(body) };
    let mut around = Value::Object(Map::new());
    Path::parse(at)?.set(&mut around, body, &Map::new())?;
    Ok(around)
}

/// Puts a constant into a body: members into objects, operations after operations.
pub(super) fn merge(body: &mut Value, constant: Value) {
    match (body, constant) {
        (Value::Object(body), Value::Object(constant)) => {
            for (name, value) in constant {
                merge(body.entry(name).or_insert(Value::Null), value);
            }
        }
        (Value::Array(body), Value::Array(constant)) => body.extend(constant),
        (body @ Value::Null, constant) => *body = constant,
        (_, _) => {}
    }
}

/// The id of the record an answer holds; the record may be the only one of a list.
pub(super) fn id_in(entity: &Entity, reply: Option<&str>, answer: &Value) -> Option<String> {
    let record = Path::parse(reply.unwrap_or("$")).ok()?;
    let id = entity.create.as_ref().and_then(|create| create.id.as_ref()).unwrap_or(&entity.id);
    let id = Path::parse(id).ok()?;
    let answered = record.get(answer)?;
    let found = match answered.as_array() {
        Some(records) => records.first().filter(|_| records.len() == 1)?,
        None => answered,
    };
    id.get(found).and_then(|id| text_of(id).ok())
}
