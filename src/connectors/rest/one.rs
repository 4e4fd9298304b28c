//! One record as it is now, read by itself: what a change is decided against, and what a write is looked after with.
//!
//! Keeps the invariant that the record that was asked for is the one that is believed.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::codec::{shown, text_of};
use super::computed::Kept;
use super::inside;
use super::language::{Entity, Get};
use super::path::Path;
use super::rows::Connection;
use super::template::{Position, Template};
use crate::connectors::Result;
use crate::connectors::error::{ConnectorError, ErrorKind};
use crate::connectors::http::{Undecodable, decode as decode_json};
use crate::core::change::Target;

/// A record as it was read, kept with a write until that is settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct One {
    /// As the system sent it.
    pub(super) raw: Value,
    /// The system's mark of this state, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
    /// The record above it, where the state of that one matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) above: Option<Value>,
    /// The id of that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) below: Option<String>,
    /// The record that a field of it is computed from, where that is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) kept: Option<Box<Kept>>,
    /// The rows that say by days what it holds, where there are such rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) by_days: Option<Vec<Value>>,
}

impl One {
    /// The record with the rows that say by days what it holds, as people see it.
    pub(super) fn whole(mut self, entity: Option<&Entity>) -> Value {
        let name = entity.and_then(|entity| entity.stretches.as_ref()).map(|rows| rows.entity.clone());
        if let (Some(name), Some(rows), Some(members)) = (name, self.by_days, self.raw.as_object_mut()) {
            members.insert(name, Value::Array(rows));
        }
        self.raw
    }

    /// The same backwards.
    pub(super) fn of_whole(entity: &Entity, whole: &Value) -> Self {
        let rows = entity.stretches.as_ref().and_then(|rows| whole.get(&rows.entity)).and_then(Value::as_array);
        Self { raw: whole.clone(), version: None, above: None, below: None, kept: None, by_days: rows.cloned() }
    }
}

/// The values that stand for the names in an address.
pub(super) struct Names<'n> {
    pub(super) connection: &'n Connection,
    pub(super) own: BTreeMap<&'n str, &'n str>,
}

impl Names<'_> {
    /// A text with its values, for an address.
    pub(super) fn address(&self, text: &str) -> std::result::Result<String, String> {
        Template::parse(text)?.fill(Position::Path, &|name| self.get(name))
    }

    /// A text with its values, as it is.
    pub(super) fn plain(&self, text: &str) -> std::result::Result<String, String> {
        Template::parse(text)?.fill(Position::Plain, &|name| self.get(name))
    }

    /// A JSON value whose texts are filled.
    pub(super) fn filled(&self, value: &Value) -> std::result::Result<Value, String> {
        Ok(match value {
            Value::String(text) => {
                let filled = self.plain(text)?;
                if Template::parse(text)?.is_number() {
                    let unread = |error| format!("`{filled}` is no JSON number: {error}");
                    Value::Number(filled.parse().map_err(unread)?)
                } else {
                    Value::from(filled)
                }
            }
            Value::Array(elements) => {
                Value::Array(elements.iter().map(|value| self.filled(value)).collect::<std::result::Result<_, _>>()?)
            }
            Value::Object(members) => {
                let filled = members.iter().map(|(name, value)| Ok((name.clone(), self.filled(value)?)));
                Value::Object(filled.collect::<std::result::Result<_, String>>()?)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        })
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.own.get(name).copied().or_else(|| self.connection.values.get(name))
    }
}

impl Connection {
    /// The names of a record: its id and that of the one above.
    pub(super) fn names<'n>(&'n self, entity: &'n Entity, id: Option<&'n str>, below: Option<&'n str>) -> Names<'n> {
        let own = id.map(|id| ("id", id)).into_iter().chain(entity.over().zip(below));
        Names { connection: self, own: own.collect() }
    }

    /// One record of an entity; `None` where the system says that there is none.
    pub(super) async fn one(self: &Arc<Self>, name: &str, target: &Target) -> Result<Option<One>> {
        let entity = self.entity(name)?;
        if entity.inside.is_some() {
            return self.one_inside(name, entity, target).await;
        }
        let get = entity.get.as_ref().ok_or_else(|| self.unfit(name, "the entity has no `get`"))?;
        if let (Some(over), None) = (entity.over(), &target.below)
            && get.get.contains(&format!("{{{over}}}"))
        {
            return Err(self.unfit(name, format!("{} is below a record of {over}: say of which", target.id)));
        }
        let names = self.names(entity, Some(&target.id), target.below.as_deref());
        let Some((raw, header)) = self.record(name, entity, get, &names, &target.id).await? else { return Ok(None) };
        let version = self.version(name, entity, &raw, header)?;
        let below = match &target.below {
            Some(below) => Some(below.clone()),
            None => self.text_at(name, entity.parent_at.as_deref(), &raw)?,
        };
        let above = self.above(entity, below.as_deref()).await?;
        let by_days = self.rows_by_days(entity, &target.id).await?;
        Ok(Some(One { raw, version, above, below, kept: None, by_days }))
    }

    fn text_at(&self, name: &str, path: Option<&str>, raw: &Value) -> Result<Option<String>> {
        let path = path.map(Path::parse).transpose().map_err(|what| self.unfit(name, what))?;
        let text = path.and_then(|path| path.get(raw).map(text_of)).transpose();
        text.map_err(|what| self.unfit(name, what))
    }

    fn version(&self, name: &str, entity: &Entity, raw: &Value, header: Option<String>) -> Result<Option<String>> {
        let Some(version) = &entity.version else { return Ok(None) };
        Ok(self.text_at(name, version.at.as_deref(), raw)?.or(header))
    }

    /// A row inside the record above, with that record and its version.
    async fn one_inside(&self, name: &str, entity: &Entity, target: &Target) -> Result<Option<One>> {
        let unknown =
            || self.unfit(name, format!("`{}` does not say which record it is inside: PARENT/ROW", target.id));
        let (above, own) = inside::parts(&target.id).ok_or_else(unknown)?;
        let Some(mut one) = self.holder(name, entity, &above).await? else { return Ok(None) };
        let raw = one.above.as_ref().map(|above| entity.in_set(above, own)).transpose();
        let Some(raw) = raw.map_err(|what| self.unfit(name, what))?.flatten().cloned() else { return Ok(None) };
        one.raw = raw;
        Ok(Some(one))
    }

    /// The record that rows are inside, as one for a row that is not there yet.
    pub(super) async fn holder(&self, name: &str, entity: &Entity, above: &str) -> Result<Option<One>> {
        let parent_name = entity.parent.as_deref().unwrap_or_default();
        let parent = self.entity(parent_name)?;
        let get = parent.get.as_ref().ok_or_else(|| self.unfit(parent_name, "the entity has no `get`"))?;
        let names = self.names(parent, Some(above), None);
        let Some((record, header)) = self.record(parent_name, parent, get, &names, above).await? else {
            return Ok(None);
        };
        let version = self.version(name, parent, &record, header)?;
        let below = Some(above.to_owned());
        Ok(Some(One { raw: Value::Null, version, above: Some(record), below, kept: None, by_days: None }))
    }

    /// What is above a record that is not there yet, where the making of it depends on the state of that.
    pub(super) async fn around(&self, name: &str, below: Option<&str>) -> Result<Option<One>> {
        let entity = self.entity(name)?;
        if let (Some(_), Some(below)) = (&entity.inside, below) {
            return self.holder(name, entity, below).await;
        }
        let above = self.above(entity, below).await?;
        let below = below.map(str::to_owned);
        let around =
            |above| One { raw: Value::Null, version: None, above: Some(above), below, kept: None, by_days: None };
        Ok(above.map(around))
    }

    /// The record above, where a change depends on its state.
    async fn above(&self, entity: &Entity, below: Option<&str>) -> Result<Option<Value>> {
        let depends = entity.update.iter().flat_map(|update| &update.steps).any(|step| step.above);
        let (true, Some(name), Some(id)) = (depends, entity.over(), below) else { return Ok(None) };
        let parent = self.entity(name)?;
        let get = parent.get.as_ref().ok_or_else(|| self.unfit(name, "the entity has no `get`"))?;
        let record = self.record(name, parent, get, &self.names(parent, Some(id), None), id).await?;
        Ok(record.map(|(raw, _)| raw))
    }

    pub(super) async fn record(
        &self,
        name: &str,
        entity: &Entity,
        get: &Get,
        names: &Names<'_>,
        id: &str,
    ) -> Result<Option<(Value, Option<String>)>> {
        let parse = |text: &str| Path::parse(text).map_err(|what| self.unfit(name, what));
        let address = names.address(&get.get).map_err(|what| self.unfit(name, what))?;
        let (record, own_id) = (parse(get.record.as_deref().unwrap_or("$"))?, parse(&entity.id)?);
        let or_record = get.or_record.as_deref().map(parse).transpose()?;
        let mark = entity.version.as_ref().and_then(|version| version.header.as_deref());
        let query = self.as_listed(entity, get).map_err(|what| self.unfit(name, what))?;
        let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let read = self.client.get_with(&address, &query, |reply| {
            let answer: Value = decode_json(&reply.body)?;
            let found = record.get(&answer).or_else(|| or_record.as_ref()?.get(&answer));
            // some systems answer 200 and nothing where there is no such record, or where it cannot be seen
            let is_empty = answer.is_null() || answer.as_object().is_some_and(serde_json::Map::is_empty);
            if is_empty || get.record.is_some() && found.is_none_or(Value::is_null) && answer.is_object() {
                return Ok(None);
            }
            let is_it = found.and_then(|found| own_id.get(found)).map(text_of) == Some(Ok(id.to_owned()));
            let Some(found) = found.filter(|_| is_it) else {
                let what = format!("{name} {id} was asked for, found {}", shown(&answer));
                return Err(Undecodable { at: entity.id.clone(), what });
            };
            let header = mark.and_then(|mark| reply.headers.get(mark)).and_then(|mark| mark.to_str().ok());
            Ok(Some((found.clone(), header.map(str::to_owned))))
        });
        match read.await {
            Ok(found) => Ok(found),
            Err(ConnectorError { kind: ErrorKind::NotFound(_), .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What cannot be said to the system of an entity.
    pub(super) fn unfit(&self, name: &str, what: impl Into<String>) -> ConnectorError {
        ConnectorError::new(&self.name, format!("write {name}"), ErrorKind::Unfit(what.into()))
    }
}
