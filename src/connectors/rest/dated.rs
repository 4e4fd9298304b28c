//! Changes from a day on, as each system takes them.
//!
//! Keeps the invariants that nothing before the day changes, and that no day is billed twice or not at all once all calls are
//! done: a new line is added before the old one ends, because a refused call then leaves everything as it was.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::codec::Decoded;
use super::encode::encode;
use super::language::{Codec, Dated, Until};
use super::one::One;
use super::path::Path;
use super::requests::{ADD, Draft, Request, decoded};

type Built<T> = Result<T, String>;

/// What a change from a day on leaves behind, where it takes two records.
pub(super) struct Split<'d> {
    /// What the new one holds.
    pub(super) new: BTreeMap<&'d str, Decoded>,
    /// The field that ends the old one.
    pub(super) end: &'d str,
    /// What that says then.
    pub(super) ends: NaiveDate,
}

impl<'d> Draft<'d> {
    /// The calls of a change from a day on.
    pub(super) fn dated(&self, one: &'d One, day: NaiveDate) -> Built<Vec<Request>> {
        if let Some(split) = self.split(one, day)? {
            let mut add = self.made_of(split.new, self.carried(one), &self.names(Some(one)))?;
            ADD.clone_into(&mut add.name);
            let mut calls = self.changed(one, &[(split.end, Some(Decoded::Day(split.ends)))])?;
            for call in &mut calls {
                "end".clone_into(&mut call.name);
            }
            calls.insert(0, add);
            return Ok(calls);
        }
        let mut calls = self.changed(one, &self.after())?;
        if let (Some(Dated::Absolute { at, format }), Some(write)) = (&self.entity.dated, calls.first_mut()) {
            let codec = Codec::Date { format: format.clone(), none: None };
            let value = encode(&codec, &Decoded::Day(day), self.of.connector.http.numbers, self.references)?;
            let body = write.body.as_mut().ok_or("a change without a body carries no day")?;
            Path::parse(at)?.set(body, value, &Map::new())?;
        }
        Ok(calls)
    }

    /// What the new record takes over of the old one besides its fields.
    fn carried(&self, one: &One) -> Map<String, Value> {
        let Some(Dated::EndAndAdd { carry, .. }) = &self.entity.dated else { return Map::new() };
        let held = |name: &String| Some((name.clone(), one.raw.get(name).filter(|held| !held.is_null())?.clone()));
        carry.iter().filter_map(held).collect()
    }

    fn after(&self) -> Vec<(&'static str, Option<Decoded>)> {
        self.said.fields.iter().map(|(name, wanted)| (*name, wanted.after.map(decoded))).collect()
    }

    /// Both records of a change that takes two; none where the record starts on that day, or the system takes one.
    pub(super) fn split(&self, one: &One, day: NaiveDate) -> Built<Option<Split<'d>>> {
        let (start, end, until, copy) = match self.entity.dated.as_ref() {
            Some(Dated::EndAndAdd { start, end, until, copy, .. }) => (start, end, until, copy),
            Some(Dated::Absolute { .. }) => return Ok(None),
            None => return Err("a change from a day on is not described in the connector file".to_owned()),
        };
        let held = |name: &str| {
            let field = self.entity.fields.get(name).ok_or_else(|| format!("there is no field `{name}`"))?;
            self.of.field_of(field, &one.raw, self.references).map_err(|what| format!("{name}: {what}"))
        };
        let (starts, ended) = (held(start)?, held(end)?);
        match (&starts, &ended) {
            (Some(Decoded::Day(starts)), _) if *starts == day => return Ok(None),
            (Some(Decoded::Day(starts)), _) if *starts > day => {
                return Err(format!("it starts on {starts}, after {day}: change it as it is, or choose a later day"));
            }
            (_, Some(Decoded::Day(ended))) => return Err(format!("it has an end already: {ended}")),
            _ => {}
        }
        let mut new = BTreeMap::new();
        for name in copy {
            if let Some(value) = held(name)? {
                new.insert(name.as_str(), value);
            }
        }
        for (name, value) in self.after() {
            match value {
                Some(value) => _ = new.insert(name, value),
                None => _ = new.remove(name),
            }
        }
        new.insert(start.as_str(), Decoded::Day(day));
        let ends = match until {
            Until::DayAfter => day,
            Until::LastDay => day.pred_opt().ok_or("there is no day before it")?,
        };
        Ok(Some(Split { new, end, ends }))
    }
}
