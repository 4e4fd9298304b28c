//! Records as Pax8 sent them, and the tables that say what is known of each kind.
//!
//! Keeps the invariants that a record keeps every field and every digit it came with, whatever is known of it, and that what
//! the tables do not know (a field, a word, a shape) is told and changes nothing.

use chrono::NaiveDate;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::connectors::pax8::field::{self, Flaw, same_case};
use crate::connectors::pax8::mask::{self, MASK, mask_record, names_a_secret};
use crate::connectors::pax8::term::{BillingTerm, CommitmentTerm, squeezed};
use crate::connectors::pax8::webhooks;
use crate::core::outside::excerpt;
use crate::core::record::Fingerprint;

/// One field of a kind of record.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// As the API spells it.
    pub name: &'static str,
    /// Another spelling that was seen; empty where there is none.
    pub also: &'static str,
    /// What it holds.
    pub kind: Kind,
}

/// What a field holds. Every field may be missing or null.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Any text.
    Text,
    /// An id.
    Id,
    /// A day or a moment, in any of the shapes met.
    Day,
    /// A number, kept as written.
    Number,
    /// Yes or no.
    Flag,
    /// A word of a set that may grow.
    Word(&'static [&'static str]),
    /// A billing term.
    Term,
    /// A commitment term.
    Commitment,
    /// Texts.
    Texts,
    /// An object with fields of its own.
    Object(&'static [Field]),
    /// Objects with fields of their own.
    Objects(&'static [Field]),
    /// Whatever it is.
    Anything,
    /// A secret: it is dropped when the record is read, and shown as `***`.
    Secret,
}

pub(super) const fn of(name: &'static str, kind: Kind) -> Field {
    Field { name, also: "", kind }
}
pub(super) const fn text(name: &'static str) -> Field {
    of(name, Kind::Text)
}
pub(super) const fn id(name: &'static str) -> Field {
    of(name, Kind::Id)
}
pub(super) const fn day(name: &'static str) -> Field {
    of(name, Kind::Day)
}
pub(super) const fn number(name: &'static str) -> Field {
    of(name, Kind::Number)
}
pub(super) const fn flag(name: &'static str) -> Field {
    of(name, Kind::Flag)
}

/// What is known of a kind of record.
#[derive(Debug)]
pub struct Resource {
    /// One of them, for people: `company`.
    pub name: &'static str,
    /// Several of them: `companies`.
    pub plural: &'static str,
    /// Its fields, in a useful order.
    pub fields: &'static [Field],
    /// The paths worth a column in a table for people.
    pub columns: &'static [&'static str],
}

/// One record as Pax8 sent it.
#[derive(Debug, Clone)]
pub struct Record {
    of: &'static Resource,
    raw: Box<RawValue>,
    values: Map<String, Value>,
}

impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        self.of.name == other.of.name && self.raw.get() == other.raw.get()
    }
}

impl Record {
    /// Reads an object that has no key twice.
    pub(super) fn read(of: &'static Resource, raw: Box<RawValue>) -> Result<Self, Flaw> {
        if let Some(flaw) = Flaw::repeated(raw.get()) {
            return Err(flaw);
        }
        match serde_json::from_str::<Map<String, Value>>(raw.get()) {
            Ok(values) => Ok(Self { of, raw, values }.without_secrets()),
            Err(_) => {
                let found = excerpt(raw.get(), 40);
                Err(Flaw::new("the top", format!("expected an object that is a {}, found {found}", of.name)))
            }
        }
    }

    /// Drops what the table calls a secret; of webhooks, which repeat what they deliver, whatever goes by a secret's name.
    fn without_secrets(mut self) -> Self {
        let mut found = false;
        for field in self.of.fields.iter().filter(|field| matches!(field.kind, Kind::Secret)) {
            if let Some(held) = self.values.get_mut(field.name).filter(|value| !value.is_null()) {
                *held = Value::from(MASK);
                found = true;
            }
        }
        if webhooks::repeats(self.of) {
            // A person's own text, such as the webhook's address, is sent back as it is when something else changes.
            let is_plain = |name: &str| {
                self.of.fields.iter().any(|field| {
                    field.name == name && matches!(field.kind, Kind::Text | Kind::Id | Kind::Day | Kind::Word(_))
                })
            };
            // A key that stands there twice is seen once, and is written once.
            found |= mask_record(&mut self.values, is_plain) || names_a_secret(self.raw.get());
        }
        // Numbers keep their digits in either form.
        if found && let Ok(raw) = serde_json::value::to_raw_value(&self.values) {
            self.raw = raw;
        }
        self
    }

    /// What is known of its kind.
    #[must_use]
    pub fn resource(&self) -> &'static Resource {
        self.of
    }

    /// The whole object, every digit as it was sent.
    #[must_use]
    pub fn json(&self) -> &str {
        self.raw.get()
    }

    /// The whole object as a value.
    #[must_use]
    pub fn whole(&self) -> Value {
        Value::Object(self.values.clone())
    }

    /// The same as it is noted and shown: without what may be a key in an address.
    #[must_use]
    pub fn noted(&self) -> Value {
        mask::noted(self.whole())
    }

    /// Of the object as sent.
    #[must_use]
    pub fn digest(&self) -> Fingerprint {
        Fingerprint::of(self.raw.get().as_bytes())
    }

    /// Its id, UUIDs in lower case.
    #[must_use]
    pub fn id(&self) -> Option<String> {
        self.text("id").map(same_case)
    }

    /// A field, by its dotted path; nothing when it is missing or null. Either spelling of a field finds it.
    #[must_use]
    pub fn value(&self, path: &str) -> Option<&Value> {
        let (mut fields, mut values) = (self.of.fields, &self.values);
        let mut names = path.split('.').peekable();
        while let Some(name) = names.next() {
            let known = fields.iter().find(|field| field.name == name);
            let other = known.map(|field| field.also).filter(|also| !also.is_empty());
            let there = |name: &str| values.get(name).filter(|value| !value.is_null());
            let value = there(name).or_else(|| there(other?))?;
            if names.peek().is_none() {
                return Some(value);
            }
            values = value.as_object()?;
            fields = match known.map(|field| field.kind) {
                Some(Kind::Object(inner)) => inner,
                _ => &[],
            };
        }
        None
    }

    /// A text, a number with its digits, or yes and no, as it is shown; nothing for blanks and whatever has parts.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<String> {
        match self.value(path)? {
            Value::String(text) => Some(text.clone()).filter(|text| !text.trim().is_empty()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(yes) => Some(if *yes { "yes" } else { "no" }.to_owned()),
            Value::Array(items) if items.iter().all(Value::is_string) && !items.is_empty() => {
                Some(items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "))
            }
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// A day, whatever the shape it is written in.
    #[must_use]
    pub fn day(&self, path: &str) -> Option<NaiveDate> {
        field::day(path, self.text(path)).ok().flatten()
    }

    /// Yes or no.
    #[must_use]
    pub fn flag(&self, path: &str) -> Option<bool> {
        self.value(path)?.as_bool()
    }

    /// Objects below it, as records of their own kind.
    #[must_use]
    pub fn parts(&self, path: &str) -> Vec<&Map<String, Value>> {
        let parts = self.value(path).and_then(Value::as_array).into_iter().flatten();
        parts.filter_map(Value::as_object).collect()
    }

    /// What the tables do not know.
    #[must_use]
    pub fn strange(&self) -> Vec<Strange> {
        let mut found = Vec::new();
        look("", self.of.fields, &self.values, &mut found);
        found
    }
}

/// Something of a record that the tables do not know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strange {
    /// A field never seen before, by its path.
    Field(String),
    /// A word never seen before, of a field.
    Word(String, String),
    /// A value of another shape than expected.
    Shape(String, &'static str),
}

impl std::fmt::Display for Strange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Field(path) => write!(f, "a field never seen before: {}", excerpt(path, 80)),
            Self::Word(path, word) => write!(f, "{path} says {}, a word never seen before", excerpt(word, 40)),
            Self::Shape(path, expected) => write!(f, "{path} is not {expected}"),
        }
    }
}

fn look(above: &str, fields: &[Field], values: &Map<String, Value>, found: &mut Vec<Strange>) {
    for (name, value) in values {
        let path = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
        let known = fields.iter().find(|field| field.name == name || (!field.also.is_empty() && field.also == name));
        match known {
            None => found.push(Strange::Field(path)),
            Some(_) if value.is_null() => {}
            Some(field) => {
                if let Some(strange) = odd(&path, field.kind, value) {
                    found.push(strange);
                }
                let inner = match (field.kind, value) {
                    (Kind::Object(fields), Value::Object(_)) => Some((fields, std::slice::from_ref(value))),
                    (Kind::Objects(fields), Value::Array(many)) => Some((fields, many.as_slice())),
                    _ => None,
                };
                for (fields, part) in
                    inner.into_iter().flat_map(|(fields, parts)| parts.iter().map(move |part| (fields, part)))
                {
                    if let Some(part) = part.as_object() {
                        look(&path, fields, part, found);
                    }
                }
            }
        }
    }
}

fn odd(path: &str, kind: Kind, value: &Value) -> Option<Strange> {
    let shape = |expected| Some(Strange::Shape(path.to_owned(), expected));
    let word = |word: &str, known: bool| (!known).then(|| Strange::Word(path.to_owned(), word.to_owned()));
    match (kind, value) {
        (Kind::Anything | Kind::Secret, _)
        | (Kind::Text | Kind::Id, Value::String(_))
        | (Kind::Number, Value::Number(_))
        | (Kind::Flag, Value::Bool(_))
        | (Kind::Object(_), Value::Object(_))
        | (Kind::Objects(_) | Kind::Texts, Value::Array(_)) => None,
        (Kind::Day, Value::String(text)) => {
            if field::day(path, Some(text.clone())).is_ok() {
                None
            } else {
                shape("a day")
            }
        }
        (Kind::Word(known), Value::String(text)) => word(text, known.iter().any(|one| same_word(one, text))),
        (Kind::Term, Value::String(text)) => word(text, !matches!(BillingTerm::of(text), BillingTerm::Other(_))),
        (Kind::Commitment, Value::String(text)) => {
            word(text, !matches!(CommitmentTerm::of(text), CommitmentTerm::Other(_)))
        }
        (Kind::Text | Kind::Id | Kind::Word(_) | Kind::Term | Kind::Commitment, _) => shape("a text"),
        (Kind::Day, _) => shape("a day"),
        (Kind::Number, _) => shape("a number"),
        (Kind::Flag, _) => shape("true or false"),
        (Kind::Object(_), _) => shape("an object"),
        (Kind::Objects(_) | Kind::Texts, _) => shape("a list"),
    }
}

/// Whether two spellings are one word: `Pax8 Partner` and `Pax8Partner`, `one_time` and `one-time`.
pub(super) fn same_word(left: &str, right: &str) -> bool {
    squeezed(left) == squeezed(right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::pax8::subscriptions::SUBSCRIPTION;

    fn record(text: &str) -> Record {
        Record::read(&SUBSCRIPTION, RawValue::from_string(text.to_owned()).unwrap()).unwrap()
    }

    #[test]
    fn a_record_keeps_every_digit_and_every_field_and_is_read_by_path() {
        let text = r#"{"id":"7C1F0A52-9A1E-4A53-8F0D-2B6F6F0E1A11","price":12345678901234567.890, "quantity":3,
            "commitmentTerm":{"term":"1-Year","endDate":"2026-12-31T00:00:00Z"},"endDate":null,"new":{"x":1.10},"status":" "}"#;
        let record = record(text);
        assert_eq!(record.json(), text);
        assert_eq!(record.id().unwrap(), "7c1f0a52-9a1e-4a53-8f0d-2b6f6f0e1a11");
        assert_eq!(record.text("price").unwrap(), "12345678901234567.890");
        assert_eq!(record.text("commitment.term").unwrap(), "1-Year", "by either name of the commitment");
        assert_eq!(record.day("commitment.endDate").unwrap().to_string(), "2026-12-31");
        assert_eq!(record.text("new.x").unwrap(), "1.10");
        for nothing in ["endDate", "status", "absent", "price.x", "commitment", "commitment.term.x", ""] {
            assert_eq!(record.text(nothing), None, "{nothing}");
        }
        assert!(Record::read(&SUBSCRIPTION, RawValue::from_string("[1]".to_owned()).unwrap()).is_err());
    }

    #[test]
    fn what_the_tables_do_not_know_is_told() {
        let known = r#"{"id":"a","status":"pending_cancel","billingTerm":"2 Year","commitment":{"id":"b","term":"3-Year"},
            "startDate":"2026-03-01T11:33:12.314-0600","price":null,"provisioningDetails":[{"key":"k","values":["v"]}]}"#;
        assert_eq!(record(known).strange(), []);
        let told: Vec<String> = record(
            r#"{"id":7,"status":"Paused","billingTerm":"Weekly","commitment":{"term":"1-Week","seats":1},"tags":null,
            "startDate":"soon","price":"9","provisioningDetails":[{"key":"k","hint":1}]}"#,
        )
        .strange()
        .iter()
        .map(ToString::to_string)
        .collect();
        assert_eq!(
            told,
            [
                "billingTerm says Weekly, a word never seen before",
                "a field never seen before: commitment.seats",
                "commitment.term says 1-Week, a word never seen before",
                "id is not a text",
                "price is not a number",
                "a field never seen before: provisioningDetails.hint",
                "startDate is not a day",
                "status says Paused, a word never seen before",
                "a field never seen before: tags",
            ]
        );
    }
}
