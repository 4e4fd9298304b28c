//! What every request is made of: texts that are not blank, countries, patches that change something.
//!
//! Keeps the invariant that a request which is certain to be refused cannot be written.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::core::outside::excerpt;

/// Why a request cannot be written: the field, what is expected and what was given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {what}")]
pub struct Invalid {
    /// The field, as a person knows it.
    pub field: String,
    /// What was expected and found.
    pub what: String,
}

impl Invalid {
    pub(super) fn new(field: &str, what: impl Into<String>) -> Self {
        Self { field: field.to_owned(), what: what.into() }
    }
}

/// The longest text a request takes.
const TEXT_MAX: usize = 2_000;

/// A text that says something: not blank, without control characters, trimmed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Filled(String);

impl Filled {
    /// Takes a text for a field.
    ///
    /// # Errors
    /// [`Invalid`] names the field.
    pub fn new(field: &str, text: impl AsRef<str>) -> Result<Self, Invalid> {
        let text = text.as_ref().trim();
        if text.is_empty() {
            return Err(Invalid::new(field, "expected a text, found none"));
        }
        if text.chars().any(char::is_control) || text.chars().count() > TEXT_MAX {
            let found = excerpt(text, 40);
            return Err(Invalid::new(
                field,
                format!("expected one line of at most {TEXT_MAX} characters, found {found}"),
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An id of one of Pax8's records: a text that stands for one segment of a path.
pub type RemoteId = Filled;

/// A mail address, as far as a look at it can tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(Filled);

impl Email {
    /// Takes a text.
    ///
    /// # Errors
    /// [`Invalid`] when it cannot be a mail address.
    pub fn new(field: &str, text: impl AsRef<str>) -> Result<Self, Invalid> {
        let text = Filled::new(field, text)?;
        let (name, host) = text.as_str().split_once('@').unwrap_or_default();
        if name.is_empty() || host.is_empty() || host.contains('@') || text.as_str().contains(char::is_whitespace) {
            let found = excerpt(text.as_str(), 60);
            return Err(Invalid::new(field, format!("expected a mail address like ada@acme.example, found {found}")));
        }
        Ok(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// A country as ISO 3166-1 writes it: two capitals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Country(String);

impl Country {
    /// Takes two letters.
    ///
    /// # Errors
    /// [`Invalid`] for anything else.
    pub fn new(field: &str, text: impl AsRef<str>) -> Result<Self, Invalid> {
        let code = text.as_ref().trim().to_ascii_uppercase();
        if code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Ok(Self(code));
        }
        let found = excerpt(text.as_ref(), 40);
        Err(Invalid::new(field, format!("expected a country of two letters like GB, found {found}")))
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that is sent and never shown again: it is kept as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(String);

impl Hidden {
    /// Takes a text.
    ///
    /// # Errors
    /// [`Invalid`] when it is blank, or no header can carry it.
    pub fn new(field: &str, text: impl AsRef<str>) -> Result<Self, Invalid> {
        // What was given is not repeated.
        let filled = Filled::new(field, text).map_err(|_| Invalid::new(field, "expected one line of text"))?;
        Ok(Self(filled.0))
    }

    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

const HIDDEN: &str = "***";

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(HIDDEN)
    }
}
impl Serialize for Hidden {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(HIDDEN)
    }
}
impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(Self)
    }
}

/// A JSON object under construction: only what is given goes in.
#[derive(Default)]
pub(super) struct Body(Map<String, Value>);

impl Body {
    pub(super) fn put(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    pub(super) fn may(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.put(name, value),
            None => self,
        }
    }

    pub(super) fn done(self) -> Value {
        Value::Object(self.0)
    }
}

/// An exact decimal as a JSON number.
pub(super) fn exact_number(plain: &str) -> Value {
    serde_json::from_str(plain).unwrap_or(Value::Null)
}

/// Refuses to empty what Pax8 demands.
pub(super) fn may_clear(name: &str, known: &[&str]) -> Result<(), Invalid> {
    let refused = || Invalid::new(name, format!("cannot be emptied; there are {}", known.join(", ")));
    if known.contains(&name) { Ok(()) } else { Err(refused()) }
}

/// Why a change is not sent that changes nothing.
pub(super) const NOTHING: &str = "nothing would change: it is so already";

/// Whether a record that holds all of this already would stay as it is.
pub(super) fn changes_nothing(wanted: &Value, held: &Value) -> bool {
    match (wanted, held) {
        (Value::Object(wanted), Value::Object(held)) => {
            wanted.iter().all(|(name, value)| changes_nothing(value, held.get(name).unwrap_or(&Value::Null)))
        }
        (wanted, held) => wanted == held,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_certain_to_be_refused_cannot_be_written() {
        assert_eq!(Filled::new("name", " Acme ").unwrap().as_str(), "Acme");
        for blank in ["", "  ", "a\nb", "a\u{1b}[0m"] {
            assert!(Filled::new("name", blank).unwrap_err().to_string().starts_with("name: "), "{blank:?}");
        }
        assert_eq!(Country::new("country", "gb").unwrap().as_str(), "GB");
        for wrong in ["", "GBR", "United Kingdom", "1A", "é"] {
            assert!(Country::new("country", wrong).is_err(), "{wrong}");
        }
        assert!(Email::new("email", "ada@acme.example").is_ok());
        for wrong in ["ada", "@acme.example", "ada@", "a b@c.example", "a@b@c"] {
            assert!(Email::new("email", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_hidden_text_is_shown_nowhere() {
        let hidden = Hidden::new("authorization", "canary-7").unwrap();
        let shown = format!("{hidden:?} {}", serde_json::to_string(&hidden).unwrap());
        assert!(!shown.contains("canary") && hidden.reveal() == "canary-7", "{shown}");
        assert!(!Hidden::new("authorization", "canary\n8").unwrap_err().to_string().contains("canary"));
    }
}
