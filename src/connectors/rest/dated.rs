//! Changes from a day on, as each system takes them.
//!
//! Keeps the invariants that nothing before the day changes, and that no day is billed twice or not at all once all calls are
//! done: the call that is likelier refused comes first, because it then leaves everything as it was.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::codec::Decoded;
use super::encode::encode;
use super::language::{Codec, Dated, First};
use super::one::One;
use super::path::Path;
use super::requests::{ADD, Draft, Request};

type Built<T> = Result<T, String>;

/// What a change from a day on leaves behind, where it takes two records.
pub(super) struct Split<'d> {
    /// What the new one holds.
    pub(super) new: BTreeMap<&'d str, Decoded>,
    /// The field that ends the old one.
    pub(super) end: &'d str,
    /// The first day on which the new one counts and the old one does not.
    pub(super) day: NaiveDate,
    /// What the new one takes over as it is.
    pub(super) carried: Map<String, Value>,
    pub(super) first: First,
}

impl<'d> Draft<'d> {
    /// The calls of a change from a day on.
    pub(super) fn dated(&self, one: &'d One, day: NaiveDate) -> Built<Vec<Request>> {
        if let Some(Dated::DeltaAtDate { field, .. }) = &self.entity.dated {
            return self.by_difference(one, field, day);
        }
        if let Some(split) = self.split(one, day)? {
            if self.entity.is_set() {
                return Ok(vec![self.split_inside(one, &split)?]);
            }
            let mut add = self.made_of(&split.new, &split.carried, &self.names(Some(one)))?;
            ADD.clone_into(&mut add.name);
            let end = self.changed(one, &[(split.end, Some(Decoded::Day(split.day)))])?;
            let mut end = end.ok_or("it ends on that day already")?;
            "end".clone_into(&mut end.name);
            return Ok(match split.first {
                First::Add => vec![add, end],
                First::End => vec![end, add],
            });
        }
        let mut calls: Vec<Request> = self.changed(one, &self.after())?.into_iter().collect();
        if let (Some(Dated::Absolute { at, format }), Some(write)) = (&self.entity.dated, calls.first_mut()) {
            let codec = Codec::Date { format: format.clone(), none: None, since: None, ends: None };
            let value = encode(&codec, &Decoded::Day(day), self.of.connector.http.numbers, self.references)?;
            let body = write.body.as_mut().ok_or("a change without a body carries no day")?;
            Path::parse(at)?.set(body, value, &Map::new())?;
        }
        Ok(calls)
    }

    /// Both records of a change that takes two; none where the record starts on that day, or the system takes one.
    pub(super) fn split(&self, one: &One, day: NaiveDate) -> Built<Option<Split<'d>>> {
        let (start, end, copy, carry, first) = match self.entity.dated.as_ref() {
            Some(Dated::EndAndAdd { start, end, copy, carry, first }) => (start, end, copy, carry, *first),
            Some(Dated::Absolute { .. } | Dated::DeltaAtDate { .. }) => return Ok(None),
            None => return Err("a change from a day on is not described in the connector file".to_owned()),
        };
        let held = |name: &str| {
            let field = self.entity.fields.get(name).ok_or_else(|| format!("there is no field `{name}`"))?;
            let own = self.of.located(field).and_then(|located| located.own(&one.raw, self.references));
            own.map_err(|what| format!("{name}: {what}"))
        };
        let (starts, ended) = (held(start)?, held(end)?);
        match (&starts, &ended) {
            (Some(Decoded::Day(starts)), _) if *starts == day => return Ok(None),
            (Some(Decoded::Day(starts)), _) if *starts > day => {
                return Err(format!("it starts on {starts}, after {day}: change it as it is, or choose a later day"));
            }
            (_, Some(Decoded::Day(ended))) => {
                return Err(format!(
                    "it ends already, and is not billed from {ended} on: what follows is a line of its own"
                ));
            }
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
        let mut carried = Map::new();
        for (member, at) in carry {
            if let Some(held) = Path::parse(at)?.get(&one.raw) {
                carried.insert(member.clone(), held.clone());
            }
        }
        Ok(Some(Split { new, end, day, carried, first }))
    }
}
