//! A number that changes by a difference from a day on: read, reckoned against what is wanted, and posted once.
//!
//! Keeps the invariant that a difference is only sent where the day's number was just read, is not billed yet and does not
//! change again later: a difference moves every later day as well.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::codec::Decoded;
use super::encode::encode;
use super::language::{Codec, Dated, Field};
use super::one::{Names, One};
use super::path::Path;
use super::requests::{Draft, Request, WRITE, decoded, merge};
use super::stretches::Stretch;
use crate::connectors::http::Verb;
use crate::core::quantity::Quantity;

type Built<T> = Result<T, String>;

/// The step that gives a new record its number.
pub(super) const FOLLOWS: &str = "number";

impl<'d> Draft<'d> {
    /// A field that is kept by days, if the write may change it.
    pub(super) fn by_days(&self, name: &str, field: &'d Field) -> Built<&'d Field> {
        let starts = self.entity.stretches.as_ref().is_some_and(|rows| field.of_stretch.as_ref() == Some(&rows.start));
        let made = self.said.target.is_none();
        match &self.entity.dated {
            Some(Dated::DeltaAtDate { field: by, .. }) if by == name => {
                if made || self.said.effective.is_some() {
                    Ok(field)
                } else {
                    let system = &self.of.connector.name;
                    Err(format!("`{name}` of a {} changes from a day on in {system}: say which", self.said.entity))
                }
            }
            Some(Dated::DeltaAtDate { .. }) if starts && made => Ok(field),
            Some(Dated::DeltaAtDate { .. } | Dated::Absolute { .. } | Dated::EndAndAdd { .. }) | None => Err(format!(
                "`{name}` of a {} is kept by days in {}: it cannot be written",
                self.said.entity, self.of.connector.name
            )),
        }
    }

    /// The call that changes a number from a day on; none where it is so already.
    pub(super) fn by_difference(&self, one: &'d One, name: &str, day: NaiveDate) -> Built<Vec<Request>> {
        if let Some(other) = self.said.fields.keys().find(|other| **other != name) {
            return Err(format!("`{other}` does not change from a day on: change it by itself"));
        }
        let by_days = self.entity.stretches.as_ref().ok_or("what it holds by days is not described")?;
        let stretches = self.of.stretches(by_days, one)?;
        let stretch = stretches.iter().find(|stretch| stretch.holds(day)).ok_or_else(|| outside(&stretches, day))?;
        let closed = by_days.closed.as_ref().and_then(|closed| stretch.fields.get(closed));
        if closed.is_some() {
            return Err(format!("what is billed from {} on holds {day} and is billed already", stretch.start));
        }
        let number = |stretch: &Stretch| self.number(name, stretch);
        let before = number(stretch)?;
        for later in stretches.iter().filter(|later| later.start > day) {
            let then = number(later)?;
            if then != before {
                let (then, start) = (Decoded::Number(then), later.start);
                let then = super::effect::shown(&then);
                return Err(format!(
                    "`{name}` is {then} from {start} on, and a change from {day} on would move that as well: change it by hand"
                ));
            }
        }
        let Some(Decoded::Number(wanted)) = self.said.fields.get(name).and_then(|field| field.after).map(decoded)
        else {
            return Err(format!("`{name}` needs a number"));
        };
        if wanted == before {
            return Ok(Vec::new());
        }
        self.difference((before, wanted), day, &self.names(Some(one))).map(|call| vec![call])
    }

    /// The field that changes by a difference.
    pub(super) fn by_difference_of(&self) -> Option<&'d Field> {
        match &self.entity.dated {
            Some(Dated::DeltaAtDate { field, .. }) => self.entity.fields.get(field),
            Some(Dated::Absolute { .. } | Dated::EndAndAdd { .. }) | None => None,
        }
    }

    fn number(&self, name: &str, stretch: &Stretch) -> Built<Decimal> {
        let of = self.entity.fields.get(name).and_then(|field| field.of_stretch.as_ref());
        match of.and_then(|of| stretch.fields.get(of)) {
            Some(Decoded::Number(number)) => Ok(*number),
            Some(Decoded::Text(_) | Decoded::Flag(_) | Decoded::Day(_)) | None => {
                Err(format!("what is held from {} on says no `{name}`", stretch.start))
            }
        }
    }

    fn difference(&self, (before, wanted): (Decimal, Decimal), day: NaiveDate, names: &Names<'d>) -> Built<Request> {
        let Some(Dated::DeltaAtDate { post, field, delta, at, format, body }) = &self.entity.dated else {
            return Err("a change by a difference is not described".to_owned());
        };
        let change = Quantity::new(wanted).minus(Quantity::new(before)).map_err(|error| error.to_string())?;
        let numbers = self.of.connector.http.numbers;
        let rows = self.entity.stretches.as_ref().and_then(|rows| self.of.connector.entity.get(&rows.entity));
        let of = self.entity.fields.get(field).and_then(|field| field.of_stretch.as_ref());
        let codec = rows.zip(of).and_then(|(rows, of)| rows.fields.get(of)?.codec.as_ref());
        let codec = codec.ok_or_else(|| format!("the rows do not say how `{field}` is spelled"))?;
        let spelled = |number| encode(codec, &Decoded::Number(number), numbers, self.references);
        // what is wanted must be spelled as well, not only the difference
        spelled(wanted).map_err(|what| format!("{field}: {what}"))?;
        let mut sent = Value::Object(Map::new());
        if let Some(constant) = body {
            merge(&mut sent, names.filled(constant)?);
        }
        let change = spelled(change.value()).map_err(|what| format!("{field}: {what}"))?;
        Path::parse(delta)?.set(&mut sent, change, &Map::new())?;
        let date = Codec::Date { format: format.clone(), none: None, since: None, ends: None };
        let day = encode(&date, &Decoded::Day(day), numbers, self.references)?;
        Path::parse(at)?.set(&mut sent, day, &Map::new())?;
        Ok(Request {
            name: WRITE.to_owned(),
            verb: Verb::Post,
            path: names.address(post)?,
            query: Vec::new(),
            headers: Vec::new(),
            body: Some(sent),
            acts: false,
        })
    }

    /// What a new record is to hold by days: the number and the day it begins with; none where that is nothing.
    pub(super) fn begins(&self) -> Built<Option<(Decimal, NaiveDate)>> {
        let Some(Dated::DeltaAtDate { field, .. }) = self.entity.dated.as_ref().filter(|_| self.said.target.is_none())
        else {
            return Ok(None);
        };
        let wanted = self.said.fields.get(field.as_str()).and_then(|field| field.after).map(decoded);
        let Some(Decoded::Number(number)) = wanted.filter(|wanted| *wanted != Decoded::Number(Decimal::ZERO)) else {
            return Ok(None);
        };
        let start = self.entity.stretches.as_ref().map(|rows| &rows.start);
        let is_start = |name: &&&str| {
            self.entity.fields.get(**name).is_some_and(|field| field.of_stretch.as_ref() == start && start.is_some())
        };
        let day = self.said.fields.iter().find(|(name, _)| is_start(name)).and_then(|(_, wanted)| wanted.after);
        match day.map(decoded) {
            Some(Decoded::Day(day)) => Ok(Some((number, day))),
            Some(Decoded::Text(_) | Decoded::Flag(_) | Decoded::Number(_)) | None => {
                Err(format!("a new {} needs the day its `{field}` begins with", self.said.entity))
            }
        }
    }

    /// The call that gives a new record its number.
    pub(super) fn following(&self, id: &'d str, begins: (Decimal, NaiveDate)) -> Built<Request> {
        let (number, day) = begins;
        let names = self.of.names(self.entity, Some(id), self.said.below);
        let mut call = self.difference((Decimal::ZERO, number), day, &names)?;
        FOLLOWS.clone_into(&mut call.name);
        Ok(call)
    }
}

fn outside(stretches: &[Stretch], day: NaiveDate) -> String {
    match (stretches.first(), stretches.last()) {
        (Some(first), Some(last)) if day < first.start => {
            format!("it starts on {}, after {day}: choose a later day (it ends before {})", first.start, last.end)
        }
        (Some(_), Some(last)) => format!("it has an end already: nothing is billed from {} on", last.end),
        _ => "it holds nothing on any day, so there is nothing to change".to_owned(),
    }
}
