//! What every system that is written to must be able to do, so that a write is sent once and its end is known.
//!
//! Keeps the invariant that "it happened" and "it did not" are said only where what is there now proves it against what was
//! there before.

use std::collections::BTreeSet;

use async_trait::async_trait;
use chrono::NaiveDate;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::connectors::Result;
use crate::connectors::http::{Outcome, Refusal};
use crate::core::change::{self, PsaWrite, Target};
use crate::core::record::Fingerprint;

/// What is to be written, as the journal keeps it.
pub trait Intent: Serialize + DeserializeOwned + Send + Sync {
    /// What it does, in the words of the journal.
    fn operation(&self) -> &'static str;
    /// What it is about: no second write about the same is sent while one is open.
    fn subject(&self) -> String;
    /// The id of the record it is about; `None` where it makes one.
    fn record(&self) -> Option<String>;
    /// Whether it holds what the journal does not keep, so that two of them cannot be told apart there.
    fn hides(&self) -> bool {
        false
    }
}

/// What was there before a write was sent, as far as it helps to tell afterwards what happened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// For something made: the records that already fitted it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub fitting: BTreeSet<String>,
    /// For something changed or ended: how it was, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<Value>,
}

/// What looking showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    /// It took effect; the record it made or changed.
    Happened(String),
    /// It did not, up to now.
    DidNot,
    /// The first calls of it took effect, and the others do not show.
    Partly {
        /// How many did.
        done: usize,
        /// Whether the call after them does no harm if it is sent twice. One that makes a record does.
        repeatable: bool,
    },
    /// What is there fits none of these.
    CannotTell(String),
}

/// What was answered to a write that took effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent<R> {
    /// The record it made or changed.
    pub id: Option<String>,
    /// That record, where it was answered.
    pub record: Option<R>,
    /// What the whole of it is known by.
    pub digest: Option<Fingerprint>,
}

/// How sending ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery<R> {
    /// All of it took effect.
    Done(Sent<R>),
    /// The system said no; nothing of it took effect.
    Refused(Refusal),
    /// Nobody can say from the answers whether all of it took effect.
    Unclear {
        /// What was answered, and to what.
        why: String,
        /// The calls after so many are not under way: they were not sent, or refused.
        out: usize,
    },
}

impl<R> From<Outcome<Sent<R>>> for Delivery<R> {
    /// That of a write of one call.
    fn from(outcome: Outcome<Sent<R>>) -> Self {
        match outcome {
            Outcome::Done(sent) => Self::Done(sent),
            Outcome::Refused(refusal) => Self::Refused(refusal),
            Outcome::Unknown(why) => Self::Unclear { why, out: 1 },
        }
    }
}

/// One field of a record as it is: its name, and its value where it has one.
pub type Held = (String, Option<change::Value>);

/// A PSA that records are written to.
#[async_trait]
pub trait RecordSink: Writing<Write = PsaWrite, Record = Value> {
    /// The fields of a record that can be read by themselves, as they are on a day where that matters; without a day as the
    /// record goes on.
    ///
    /// # Errors
    /// What the system said; a record that is not there.
    async fn held(&self, entity: &str, target: &Target, on: Option<NaiveDate>) -> Result<Vec<Held>>;
    /// Every call that would be sent, for people: verb, address, body.
    ///
    /// # Errors
    /// Where it cannot be written as the system wants it.
    async fn calls(&self, write: &PsaWrite, before: &Before) -> Result<Vec<String>>;
}

/// A system that is written to.
#[async_trait]
pub trait Writing: Send + Sync {
    /// What it can be asked to write.
    type Write: Intent;
    /// A record as it reports it.
    type Record: Send + Sync;
    /// The connection's configured name.
    fn connection(&self) -> &str;
    /// Refuses what may never be sent, before anything is read.
    ///
    /// # Errors
    /// Why not.
    fn may_write(&self, write: &Self::Write) -> Result<()>;
    /// Looks at what a write is about before it is sent. A record that is to be changed and is not there is an error.
    async fn before(&self, write: &Self::Write) -> Result<Before>;
    /// Where what was found is not what the write was decided on: field, expected and observed.
    ///
    /// # Errors
    /// Where the two cannot be compared.
    async fn stale(&self, write: &Self::Write, before: &Before) -> Result<Option<String>>;
    /// Sends it, each call once, after the first `done` of them.
    ///
    /// # Errors
    /// Only where nothing was sent.
    async fn send(&self, write: &Self::Write, before: &Before, done: usize) -> Result<Delivery<Self::Record>>;
    /// Looks whether it took effect.
    ///
    /// # Errors
    /// What the system said; that proves nothing.
    async fn look(&self, write: &Self::Write, before: &Before) -> Result<Looked>;
    /// The record it made or changed as it is reported now; `None` where it is not there.
    ///
    /// # Errors
    /// What the system said.
    async fn now(&self, write: &Self::Write, record: &str) -> Result<Option<Self::Record>>;
    /// Whether that shows what was written.
    fn shows(&self, write: &Self::Write, before: &Before, now: Option<&Self::Record>) -> bool;
}
