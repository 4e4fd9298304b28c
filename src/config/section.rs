//! One table of the file, read key by key.
//!
//! Keeps the invariant that every key is either asked for or reported: a section remembers what it was asked, and what is
//! left over when it is finished is unknown. A wrong value is reported and the default goes on, so that one run names every
//! fault of a file.

use std::cell::RefCell;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::error::FaultKind;
use crate::config::secret::SecretSource;
use crate::core::nearest::nearest;
use crate::core::outside::excerpt;

/// A fault and the byte it is at.
pub(super) type Found = (usize, FaultKind);

/// A table and what was asked of it.
pub(super) struct Section<'t> {
    path: String,
    start: usize,
    table: &'t DeTable<'t>,
    known: Vec<&'static str>,
    faults: &'t RefCell<Vec<Found>>,
}

impl<'t> Section<'t> {
    pub(super) fn root(table: &'t Spanned<DeTable<'t>>, faults: &'t RefCell<Vec<Found>>) -> Self {
        Self { path: String::new(), start: 0, table: table.get_ref(), known: Vec::new(), faults }
    }

    /// How the section is called in messages.
    pub(super) fn title(&self) -> String {
        if self.path.is_empty() { "the file".to_owned() } else { format!("[{}]", self.path) }
    }

    pub(super) fn report(&self, at: usize, kind: FaultKind) {
        self.faults.borrow_mut().push((at, kind));
    }

    /// The byte a key's value is at, or the section where there is none.
    pub(super) fn at(&self, key: &str) -> usize {
        self.table.get(key).map_or(self.start, |value| value.span().start)
    }

    fn value(&mut self, key: &'static str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.known.push(key);
        self.table.get(key)
    }

    fn wrong_type(&self, key: &str, expected: &str, value: &Spanned<DeValue<'_>>) {
        let (expected, found) = (expected.to_owned(), type_in_words(value.get_ref()).to_owned());
        self.report(value.span().start, FaultKind::WrongType { key: key.to_owned(), expected, found });
    }

    fn wrong_value(&self, key: &str, expected: String, found: &str, at: usize) {
        let found = excerpt(found, 60);
        self.report(at, FaultKind::WrongValue { key: key.to_owned(), expected, found });
    }

    /// A text that is not empty.
    pub(super) fn text(&mut self, key: &'static str) -> Option<&'t str> {
        let value = self.value(key)?;
        match value.get_ref().as_str() {
            Some("") => self.wrong_value(key, "a text that is not empty".to_owned(), "\"\"", value.span().start),
            Some(text) => return Some(text),
            None => self.wrong_type(key, "a string", value),
        }
        None
    }

    /// A text that must be there.
    pub(super) fn required(&mut self, key: &'static str) -> Option<&'t str> {
        if !self.table.contains_key(key) {
            self.report(self.start, FaultKind::MissingKey { key: key.to_owned(), section: self.title() });
        }
        self.text(key)
    }

    /// One of some words.
    pub(super) fn word<T: Copy>(&mut self, key: &'static str, text: &str, words: &[(&str, T)]) -> Option<T> {
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*meaning);
        }
        let listed: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        self.wrong_value(key, listed.join(" or "), &format!("\"{text}\""), self.at(key));
        None
    }

    /// A whole number in a range.
    pub(super) fn whole(&mut self, key: &'static str, range: &RangeInclusive<u64>) -> Option<u64> {
        let value = self.value(key)?;
        let Some(written) = value.get_ref().as_integer() else {
            self.wrong_type(key, "a whole number", value);
            return None;
        };
        let number = u64::from_str_radix(written.as_str(), written.radix()).ok().filter(|n| range.contains(n));
        if number.is_none() {
            let expected = format!("from {} to {}", range.start(), range.end());
            self.wrong_value(key, expected, &written.to_string(), value.span().start);
        }
        number
    }

    /// True or false.
    pub(super) fn flag(&mut self, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong_type(key, "true or false", value);
        }
        flag
    }

    /// A table of its own.
    pub(super) fn child(&mut self, key: &'static str) -> Option<Section<'t>> {
        let value = self.value(key)?;
        self.open(key, value)
    }

    /// Every entry as a table of its own; the keys are the user's.
    pub(super) fn children(&mut self) -> Vec<(String, Section<'t>)> {
        let table = self.table;
        table.iter().filter_map(|(key, value)| Some((key.to_string(), self.open(key.get_ref(), value)?))).collect()
    }

    fn open(&self, key: &str, value: &'t Spanned<DeValue<'t>>) -> Option<Section<'t>> {
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_type(key, &format!("a section [{path}]"), value);
            return None;
        };
        Some(Section { path, start: value.span().start, table, known: Vec::new(), faults: self.faults })
    }

    /// Where a secret is, or a text that is none: `Err` holds the text and its place.
    pub(super) fn secret_or_text(&mut self, key: &'static str) -> Option<Result<SecretSource, &'t str>> {
        let value = self.value(key)?;
        if let Some(text) = value.get_ref().as_str() {
            return Some(Err(text));
        }
        if value.get_ref().is_table() {
            return self.secret_source(key, value).map(Ok);
        }
        self.wrong_type(key, "a string, { env = \"…\" } or { file = \"…\" }", value);
        None
    }

    /// Reads `{ env = "…" }` or `{ file = "…" }`.
    pub(super) fn secret_source(&self, key: &str, value: &'t Spanned<DeValue<'t>>) -> Option<SecretSource> {
        let mut inner = self.open(key, value)?;
        let source = match (inner.text("env"), inner.text("file")) {
            (Some(name), None) => Some(SecretSource::Env(name.to_owned())),
            (None, Some(file)) => Some(SecretSource::File(PathBuf::from(file))),
            (Some(_), Some(_)) => {
                let expected = "either { env = \"…\" } or { file = \"…\" }".to_owned();
                self.wrong_value(key, expected, "both", value.span().start);
                None
            }
            (None, None) => None,
        };
        if source.is_none() && inner.table.is_empty() {
            self.wrong_value(key, "{ env = \"…\" } or { file = \"…\" }".to_owned(), "{}", value.span().start);
        }
        inner.finish();
        source
    }

    /// What nobody asked for yet.
    pub(super) fn rest(
        &self,
    ) -> impl Iterator<Item = (&'t Spanned<std::borrow::Cow<'t, str>>, &'t Spanned<DeValue<'t>>)> {
        let known = self.known.clone();
        self.table.iter().filter(move |(key, _)| !known.contains(&key.get_ref().as_ref()))
    }

    /// Reports every key nobody asked for.
    pub(super) fn finish(self) {
        for (key, _) in self.rest() {
            let nearest = nearest(key.get_ref(), self.known.iter().copied()).map(str::to_owned);
            let kind = FaultKind::UnknownKey { key: key.get_ref().to_string(), section: self.title(), nearest };
            self.report(key.span().start, kind);
        }
    }
}

fn type_in_words(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
