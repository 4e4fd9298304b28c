//! What Pax8 refuses in a body: reads fields one by one and gathers everything that is wrong with them.
//!
//! Invariant: a refusal names every wrong field by its path; a field that is read as present has the documented type.

use axum::http::StatusCode;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::{Call, detailed, failure};
use crate::simulate::server::Answer;

/// The longest text taken.
const TEXT_MAX: usize = 4_000;

/// The fields of one object and what is wrong with them so far.
pub(super) struct Fields<'a> {
    object: &'a Map<String, Value>,
    place: String,
    pub(super) wrong: Vec<String>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(fields: &'a Map<String, Value>, place: &str) -> Self {
        Self { object: fields, place: place.to_owned(), wrong: Vec::new() }
    }

    /// An object inside this one, at some place.
    pub(super) fn inside(&self, object: &'a Map<String, Value>, place: &str) -> Self {
        Self::new(object, &format!("{}{place}.", self.place))
    }

    /// Says that a field is wrong.
    pub(super) fn refuse(&mut self, name: &str, why: &str) {
        self.wrong.push(format!("{}{name}: {why}", self.place));
    }

    /// A value that is there and not null.
    pub(super) fn given(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    /// Whether it is said to be nothing.
    pub(super) fn is_null(&self, name: &str) -> bool {
        self.object.get(name).is_some_and(Value::is_null)
    }

    fn typed<T>(&mut self, name: &str, kind: &str, read: impl Fn(&'a Value) -> Option<T>) -> Option<T> {
        let value = self.given(name)?;
        let found = read(value);
        if found.is_none() {
            self.refuse(name, &format!("must be {kind}"));
        }
        found
    }

    pub(super) fn text(&mut self, name: &str) -> Option<&'a str> {
        self.typed(name, "a text of at most 4000 characters", |v| v.as_str().filter(|t| t.len() <= TEXT_MAX))
    }

    pub(super) fn required_text(&mut self, name: &str) -> &'a str {
        if self.given(name).is_none() {
            self.refuse(name, "is required");
            return "";
        }
        let text = self.text(name);
        if text.is_some_and(|text| text.trim().is_empty()) {
            self.refuse(name, "must not be blank");
        }
        text.unwrap_or_default()
    }

    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        self.typed(name, "true or false", Value::as_bool)
    }

    pub(super) fn required_flag(&mut self, name: &str) -> bool {
        if self.given(name).is_none() {
            self.refuse(name, "is required");
        }
        self.flag(name).unwrap_or_default()
    }

    /// An exact number from 0 to a thousand million.
    pub(super) fn amount(&mut self, name: &str) -> Option<Decimal> {
        self.typed(name, "a number from 0 to 1000000000", |v| {
            let Value::Number(number) = v else { return None };
            let text = number.to_string();
            let read = Decimal::from_str_exact(&text).or_else(|_| Decimal::from_scientific(&text)).ok()?;
            Some(read).filter(|read| !read.is_sign_negative() && *read <= Decimal::from(1_000_000_000))
        })
    }

    /// A whole number of units.
    pub(super) fn quantity(&mut self, name: &str) -> Option<Decimal> {
        let read = self.amount(name)?;
        let good = read.fract().is_zero() && read >= Decimal::ONE && read <= Decimal::from(1_000_000);
        if !good {
            self.refuse(name, "must be a whole number from 1 to 1000000");
            return None;
        }
        Some(read.normalize())
    }

    pub(super) fn one_of(&mut self, name: &str, words: &[&'static str]) -> Option<&'static str> {
        let found = self.given(name)?.as_str().and_then(|text| words.iter().find(|w| **w == text)).copied();
        if found.is_none() {
            self.refuse(name, &format!("must be one of {}", words.join(", ")));
        }
        found
    }

    pub(super) fn object(&mut self, name: &str) -> Option<&'a Map<String, Value>> {
        self.typed(name, "an object", Value::as_object)
    }

    /// The objects of an array.
    pub(super) fn objects(&mut self, name: &str) -> Option<Vec<&'a Map<String, Value>>> {
        self.typed(name, "an array of at most 500 objects", |v| {
            v.as_array().filter(|all| all.len() <= 500)?.iter().map(Value::as_object).collect()
        })
    }

    /// An address with an `@` between something and a name with a dot.
    pub(super) fn check_email(&mut self, name: &str, text: &str) {
        let good = text.split_once('@').is_some_and(|(user, host)| {
            !user.is_empty() && !host.starts_with('.') && !host.is_empty() && !text.contains(char::is_whitespace)
        });
        if !good && !text.is_empty() {
            self.refuse(name, "must be an e-mail address");
        }
    }
}

impl Call<'_> {
    /// The body as an object.
    pub(super) fn body(&self) -> Result<Map<String, Value>, Answer> {
        match serde_json::from_slice(&self.ask.body) {
            Ok(Value::Object(fields)) => Ok(fields),
            Ok(_) => Err(failure(self.ask, StatusCode::BAD_REQUEST, "The body must be a JSON object")),
            Err(_) => Err(failure(self.ask, StatusCode::BAD_REQUEST, "Malformed JSON")),
        }
    }

    /// 422 with the reasons.
    pub(super) fn invalid(&self, reasons: &[String]) -> Answer {
        let message = reasons.first().map_or("Validation failed", String::as_str);
        detailed(self.ask, StatusCode::UNPROCESSABLE_ENTITY, message, reasons)
    }

    /// 422 for one field.
    pub(super) fn refusal(&self, field: &str, why: &str) -> Answer {
        self.invalid(&[format!("{field}: {why}")])
    }

    /// Refuses when anything was wrong.
    pub(super) fn all_good(&self, wrong: &[String]) -> Result<(), Answer> {
        if wrong.is_empty() { Ok(()) } else { Err(self.invalid(wrong)) }
    }
}
