//! Snapshots: all records of one kind from one connector at one time, proven complete or not.
//!
//! Keeps the invariant that only a complete snapshot can say what is absent. A record that could not be read becomes a
//! [`Problem`] beside the others and makes the snapshot partial.

use std::collections::BTreeSet;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use crate::core::id::Id;
use crate::core::reconcile::outcome::KeyPart;
use crate::core::record::Keyed;

/// Tag: every record the source holds is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Complete {}
/// Tag: some records may be missing; nothing may be concluded from absence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partial {}

/// Something a source gave that could not be used, and where. Nothing is ever dropped without one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    /// The file (and line) or the request it came from, as a person would look it up: `psa.csv:17`, `GET /companies page 3`.
    pub at: String,
    /// The record's id, where it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// The field, where one is to blame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What is wrong, with what was expected and what was found.
    pub what: String,
    /// The customer of a line that could not be read, where that much could be: what rests on the line is uncertain for this
    /// customer alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<KeyPart>,
}

impl Problem {
    /// A problem of a whole place: a file, a page, a row.
    pub fn new(at: impl Into<String>, what: impl Into<String>) -> Self {
        Self { at: at.into(), record: None, field: None, what: what.into(), customer: None }
    }

    /// Names the record.
    #[must_use]
    pub fn record(mut self, id: impl Into<String>) -> Self {
        self.record = Some(id.into());
        self
    }

    /// Names the field.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>) -> Self {
        self.field = Some(name.into());
        self
    }

    /// Names the customer, where one is known.
    #[must_use]
    pub fn customer(self, customer: Option<KeyPart>) -> Self {
        Self { customer, ..self }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.at)?;
        if let Some(record) = &self.record {
            write!(f, ", record {record}")?;
        }
        if let Some(field) = &self.field {
            write!(f, ", field {field}")?;
        }
        write!(f, ": {}", self.what)
    }
}

/// Records of one kind, in the order the source gave them, with what could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot<R, State> {
    records: Vec<R>,
    problems: Vec<Problem>,
    state: PhantomData<State>,
}

impl<R, S> Snapshot<R, S> {
    /// What was read.
    #[must_use]
    pub fn records(&self) -> &[R] {
        &self.records
    }

    /// What could not be read.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl<R: Keyed> Snapshot<R, Complete> {
    /// Which of these records the source no longer has. Only a complete snapshot can answer.
    #[must_use]
    pub fn absent<'k, S: 'k, E: 'k>(&self, ids: impl IntoIterator<Item = &'k Id<S, E>>) -> BTreeSet<Id<S, E>> {
        let present: BTreeSet<String> = self.records.iter().map(Keyed::key).collect();
        ids.into_iter().filter(|id| !present.contains(id.as_str())).cloned().collect()
    }
}

/// What a pull yields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pulled<R> {
    /// Everything is here.
    Complete(Snapshot<R, Complete>),
    /// Something is missing; the problems say what.
    Partial(Snapshot<R, Partial>),
}

/// Whether a listing that was read to its end with these problems is complete: without one it is.
#[must_use]
pub fn is_whole(problems: &[Problem]) -> bool {
    problems.is_empty()
}

impl<R> Pulled<R> {
    /// Judges a listing by its problems.
    #[must_use]
    pub fn judge(records: Vec<R>, problems: Vec<Problem>) -> Self {
        if is_whole(&problems) {
            Self::Complete(Snapshot { records, problems, state: PhantomData })
        } else {
            Self::Partial(Snapshot { records, problems, state: PhantomData })
        }
    }

    /// Which of these records the source no longer has, as far as that can be said: of a partial listing, none.
    #[must_use]
    pub fn absent<'k, S: 'k, E: 'k>(&self, ids: impl IntoIterator<Item = &'k Id<S, E>>) -> BTreeSet<Id<S, E>>
    where
        R: Keyed,
    {
        match self {
            Self::Complete(snapshot) => snapshot.absent(ids),
            Self::Partial(_) => BTreeSet::new(),
        }
    }

    /// Whether nothing is missing.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        matches!(self, Self::Complete(_))
    }

    /// What was read.
    #[must_use]
    pub fn records(&self) -> &[R] {
        match self {
            Self::Complete(s) => s.records(),
            Self::Partial(s) => s.records(),
        }
    }

    /// What could not be read.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Complete(s) => s.problems(),
            Self::Partial(s) => s.problems(),
        }
    }

    /// The records and the problems.
    #[must_use]
    pub fn into_parts(self) -> (Vec<R>, Vec<Problem>) {
        match self {
            Self::Complete(s) => (s.records, s.problems),
            Self::Partial(s) => (s.records, s.problems),
        }
    }
}
