//! A connector file as text: parsing it, and telling a person where in it something is wrong.
//!
//! Keeps the invariant that every fault names file, line, column and path, and an unknown word its nearest known one.

use std::fmt;

use serde_path_to_error::Segment;
use toml::de::{DeTable, DeValue};

use super::language::Connector;
use crate::core::nearest::nearest;

/// One mistake in a connector file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    file: String,
    line: usize,
    column: usize,
    path: String,
    what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file, self.line, self.column)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.what)
    }
}

/// A file that is TOML; places in it can be found.
pub(super) struct Source<'t> {
    file: &'t str,
    text: &'t str,
    table: DeTable<'t>,
}

impl<'t> Source<'t> {
    /// Reads the TOML.
    pub(super) fn parse(file: &'t str, text: &'t str) -> Result<Self, Fault> {
        match DeTable::parse(text) {
            Ok(table) => Ok(Self { file, text, table: table.into_inner() }),
            Err(error) => {
                let (line, column) = position(text, error.span().map_or(0, |span| span.start));
                let what = error.message().to_owned();
                Err(Fault { file: file.to_owned(), line, column, path: String::new(), what })
            }
        }
    }

    /// Reads the language.
    pub(super) fn connector(&self) -> Result<Connector, Fault> {
        let refuse = |path: Vec<String>, message: &str| Err(self.fault(&path, explained(message)));
        let deserializer = match toml::Deserializer::parse(self.text) {
            Ok(deserializer) => deserializer,
            Err(error) => return refuse(Vec::new(), error.message()),
        };
        serde_path_to_error::deserialize(deserializer).or_else(|error| {
            let mut path: Vec<String> = error.path().iter().filter_map(segment_text).collect();
            let message = error.inner().message();
            // inside a tagged table the path stops at the table: the field itself is in the message
            if let Some(field) = message.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next())
                && path.last().is_none_or(|last| last != field)
            {
                path.push(field.to_owned());
            }
            let meant = self.meant(&path, message).unwrap_or_default();
            refuse(path, &format!("{message}{meant}"))
        })
    }

    /// Where a section lacks a key: the key of it that is like, or the section beside it whose name is like and which has the
    /// key. Its name is probably wrong.
    fn meant(&self, path: &[String], message: &str) -> Option<String> {
        let missing = message.strip_prefix("missing field `")?.split('`').next()?;
        let here = path.iter().try_fold(&self.table, |table, name| member(table, name));
        if let Some(like) = here.and_then(|here| nearest(missing, here.keys().map(|key| key.get_ref().as_ref()))) {
            let place: Vec<&str> = path.iter().map(String::as_str).chain([like]).collect();
            let (line, _) = position(self.text, self.offset(&place));
            return Some(format!("; is `{like}` in line {line} meant?"));
        }
        path.iter().enumerate().find_map(|(depth, name)| {
            let (above, below) = (path.get(..depth)?, path.get(depth + 1..)?);
            let beside = above.iter().try_fold(&self.table, |table, name| member(table, name))?;
            let has_it = |key: &str| {
                let found = below.iter().try_fold(member(beside, key)?, |table, name| member(table, name))?;
                found.iter().any(|(key, _)| key.get_ref() == missing).then_some(())
            };
            let others = beside.keys().map(|key| key.get_ref().as_ref());
            let like = nearest(name, others.filter(|key| key != name && has_it(key).is_some()))?;
            let place: Vec<&str> = above.iter().map(String::as_str).chain([like]).collect();
            let (line, _) = position(self.text, self.offset(&place));
            Some(format!("; `{like}` in line {line} has one: is `{name}` meant?"))
        })
    }

    /// A fault at a path; where the path is not in the file, at its nearest ancestor that is.
    pub(super) fn fault<S: AsRef<str>>(&self, path: &[S], what: impl Into<String>) -> Fault {
        let (line, column) = position(self.text, self.offset(path));
        let path: Vec<&str> = path.iter().map(AsRef::as_ref).collect();
        Fault { file: self.file.to_owned(), line, column, path: path.join("."), what: what.into() }
    }

    fn offset<S: AsRef<str>>(&self, path: &[S]) -> usize {
        let mut at = 0;
        let mut here: Option<&DeValue<'_>> = None;
        for segment in path {
            let segment = segment.as_ref();
            let table = match here {
                None => &self.table,
                Some(DeValue::Table(table)) => table,
                Some(DeValue::Array(array)) => {
                    let Some(element) = segment.parse::<usize>().ok().and_then(|index| array.get(index)) else { break };
                    at = element.span().start;
                    here = Some(element.get_ref());
                    continue;
                }
                Some(_) => break,
            };
            let Some((key, value)) = table.iter().find(|(key, _)| key.get_ref() == segment) else { break };
            at = key.span().start;
            here = Some(value.get_ref());
        }
        at
    }
}

/// A table inside a table.
fn member<'a, 't>(table: &'a DeTable<'t>, name: &str) -> Option<&'a DeTable<'t>> {
    let (_, value) = table.iter().find(|(key, _)| key.get_ref() == name)?;
    if let DeValue::Table(table) = value.get_ref() { Some(table) } else { None }
}

fn segment_text(segment: &Segment) -> Option<String> {
    match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { variant } => Some(variant.clone()),
        Segment::Unknown => None,
    }
}

fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}

/// The parser's message, with the nearest known word in place of a long list.
fn explained(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    if !(message.starts_with("unknown field") || message.starts_with("unknown variant")) {
        return message.to_owned();
    }
    let Some(found) = quoted.next() else { return message.to_owned() };
    let known: Vec<&str> = quoted.collect();
    let what = if message.starts_with("unknown field") { "unknown field" } else { "unknown word" };
    format!("{what} `{found}`{}", hint(found, &known))
}

/// `, did you mean …?`, or what there is.
pub(super) fn hint(found: &str, known: &[&str]) -> String {
    match nearest(found, known.iter().copied()) {
        Some(word) => format!(", did you mean `{word}`?"),
        None if known.is_empty() => String::new(),
        None => format!("; known here: {}", known.join(", ")),
    }
}
