//! Writes to a remote: noted, sent, noted again, and settled by looking where the answer was unclear.
//!
//! Keeps the invariants that nothing is sent that was not noted first, and that nothing is sent twice. A process that dies
//! between leaves an open entry, which is settled by looking when somebody comes by.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::connectors::http::{Refusal, wait};
use crate::connectors::writing::{Before, Delivery, Intent, Looked, Sent, Writing};
use crate::engine::{Engine, EngineError, Job, Result};
use crate::store::{JournalEntry, JournalId, NewWrite, RunOutcome, StoreError, WriteEnd, WriteOutcome, WriteSource};

/// How long looking goes on. A remote may take minutes to carry out what it was sent.
#[derive(Debug, Clone)]
pub struct Settling {
    /// The pauses between looks, while nothing is to be seen.
    pub pauses: Vec<Duration>,
    /// Only so long after it was sent is it said that a write did not take effect.
    pub final_after: TimeDelta,
}

impl Default for Settling {
    fn default() -> Self {
        let pauses = [2, 5, 13, 30].map(Duration::from_secs).to_vec();
        Self { pauses, final_after: TimeDelta::minutes(10) }
    }
}

impl Settling {
    /// One look, for somebody who comes by later.
    #[must_use]
    pub fn once() -> Self {
        Self { pauses: Vec::new(), ..Self::default() }
    }
}

/// How a write ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The remote said it took effect.
    Done,
    /// The remote said no; nothing happened.
    Refused(Refusal),
    /// The answer was unclear, and looking showed that it took effect.
    Happened,
    /// The answer was unclear, and looking showed that it did not.
    DidNot,
    /// The same was sent before; looking showed that it took effect, and nothing was sent now.
    Earlier,
    /// It is not known yet, and why.
    Open(String),
}

/// A write that was sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Written<R> {
    /// Its number in the journal.
    pub id: JournalId,
    /// How it ended.
    pub ended: Ended,
    /// The record it made or changed.
    pub record: Option<String>,
    /// What the remote answered.
    pub answer: Option<R>,
    /// What the remote reports when it is asked again; `None` where the record is gone, or could not be read.
    pub now: Option<R>,
    /// Whether that shows what was written; a remote may take a while although it said that it was done.
    pub shows: bool,
}

/// An open write that was looked after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The entry as it was.
    pub entry: JournalEntry,
    /// How it ended.
    pub ended: Ended,
    /// The record it made or changed.
    pub record: Option<String>,
}

/// What of a write may be under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trail {
    /// When it was last sent.
    pub(super) at: DateTime<Utc>,
    /// The calls after so many were not sent.
    out: usize,
}

/// What a look at a write proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sight {
    /// It took effect; the record it made or changed.
    Happened(String),
    /// It did not, and no longer will; how long that is certain.
    DidNot(String),
    /// It does not show, and may still.
    NotYet(String),
    /// Nothing.
    CannotTell(String),
    /// Nothing: looking failed, and may not fail the next time.
    Blind(String),
}

impl Sight {
    /// How a write ended that was seen so.
    pub(super) fn ended(&self) -> Ended {
        match self {
            Self::Happened(_) => Ended::Happened,
            Self::DidNot(_) => Ended::DidNot,
            Self::NotYet(why) | Self::CannotTell(why) | Self::Blind(why) => Ended::Open(why.clone()),
        }
    }

    /// What is not to be seen, soon or long after it was sent.
    pub(super) fn unseen(since: TimeDelta, final_after: TimeDelta) -> Self {
        if since >= final_after {
            return Self::DidNot(format!("not to be seen {} minutes after it was sent", since.num_minutes()));
        }
        let minutes = final_after.num_minutes();
        Self::NotYet(format!("not to be seen yet; it counts as not done {minutes} minutes after it was sent"))
    }
}

impl Engine {
    /// Sends a write, once, and says what the remote then reports. `shown` is the record the write was decided on, where the
    /// write does not say so itself.
    ///
    /// # Errors
    /// Where nothing was done: a test connection, an open write about the same subject, a record that is not there, or is not
    /// as it was shown, no connection. A refusal is no error: see [`Ended`].
    pub async fn write<W: Writing + ?Sized>(
        &self,
        remote: &W,
        write: &W::Write,
        shown: Option<&Value>,
        settling: &Settling,
    ) -> Result<Written<W::Record>> {
        remote.may_write(write)?;
        let job = self.begin("write").await?;
        match self.written(&job, remote, (write, shown), settling).await {
            Ok(written) => {
                let outcome = match &written.ended {
                    Ended::Done | Ended::Happened | Ended::Earlier => RunOutcome::Done,
                    Ended::Refused(_) | Ended::DidNot => RunOutcome::Failed,
                    Ended::Open(_) => RunOutcome::Partial,
                };
                let receipt = serde_json::json!({
                    "write": written.id.number(), "operation": write.operation(), "record": written.record,
                });
                job.end(outcome, &receipt).await?;
                Ok(written)
            }
            Err(error) => job.failed(error).await,
        }
    }

    async fn written<W: Writing + ?Sized>(
        &self,
        job: &Job,
        remote: &W,
        (write, shown): (&W::Write, Option<&Value>),
        settling: &Settling,
    ) -> Result<Written<W::Record>> {
        let subject = write.subject();
        if let Some(Settled { entry, record, .. }) = self.none_open(job, remote, write).await? {
            let before = serde_json::from_value(entry.found).unwrap_or_default();
            let (now, shows) = read_back(remote, (write, &before), record.as_deref(), None).await;
            return Ok(Written { id: entry.id, ended: Ended::Earlier, record, answer: None, now, shows });
        }
        let before = remote.before(write).await?;
        let differs = shown.zip(before.state.as_ref()).is_some_and(|(shown, state)| shown != state);
        if differs {
            return Err(EngineError::ChangedMeanwhile { operation: write.operation().to_owned(), subject });
        }
        if let Some(what) = remote.stale(write, &before).await? {
            return Err(EngineError::NotAsDecided { operation: write.operation().to_owned(), subject, what });
        }
        let id = self.noted(job, remote.connection(), write, &before).await?;
        let sent = match remote.send(write, &before, 0).await {
            Ok(sent) => sent,
            Err(error) => {
                self.answered(job, id, (WriteOutcome::NotSent, Some(&error.to_string())), None, None).await?;
                return Err(error.into());
            }
        };
        let (ended, answer, record) = match sent {
            Delivery::Done(Sent { id: made, record: answer, digest }) => {
                let record = made.or_else(|| write.record());
                self.answered(job, id, (WriteOutcome::Done, None), record.as_deref(), digest.as_ref()).await?;
                (Ended::Done, answer, record)
            }
            Delivery::Refused(refusal) => {
                self.answered(job, id, (WriteOutcome::Refused, Some(&refusal.to_string())), None, None).await?;
                (Ended::Refused(refusal), None, write.record())
            }
            Delivery::Unclear { why, out } => {
                self.answered(job, id, (WriteOutcome::Unknown, Some(&why)), None, None).await?;
                let trail = Trail { at: self.clock.now(), out };
                let (ended, record) = self.looked(job, remote, (id, trail, write, &before), settling).await?;
                (ended, None, record)
            }
        };
        let patience = matches!(ended, Ended::Done | Ended::Happened).then_some(settling);
        let (now, shows) = read_back(remote, (write, &before), record.as_deref(), patience).await;
        Ok(Written { id, ended, record, answer, now, shows })
    }

    /// Notes a write; from here on it may have been sent.
    async fn noted<I: Intent>(&self, job: &Job, connector: &str, write: &I, before: &Before) -> Result<JournalId> {
        let request = serde_json::to_value(write).map_err(|error| unwritable(&error))?;
        let found = serde_json::to_value(before).map_err(|error| unwritable(&error))?;
        let mut tx = job.tx().await?;
        let id = tx
            .note_write(&NewWrite {
                connector,
                operation: write.operation(),
                subject: &write.subject(),
                request: &request,
                found: &found,
                who: &self.who,
            })
            .await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Notes what the remote answered.
    async fn answered(
        &self,
        job: &Job,
        id: JournalId,
        (outcome, said): (WriteOutcome, Option<&str>),
        record: Option<&str>,
        answer: Option<&crate::core::record::Fingerprint>,
    ) -> Result<()> {
        let end = WriteEnd { source: WriteSource::Answer, who: &self.who, outcome, said, record, answer };
        self.note_end(job, id, &end).await
    }

    pub(super) async fn note_end(&self, job: &Job, id: JournalId, end: &WriteEnd<'_>) -> Result<()> {
        let mut tx = job.tx().await?;
        tx.end_write(id, end).await?;
        Ok(tx.commit().await?)
    }

    /// Looks after an open write of the same subject first; while it stays open, no other is sent. The same write, if it
    /// turns out to have taken effect: it is not sent again. A write through another connection cannot be seen through this
    /// one, which may lead to the same account under another name: it has to be closed first.
    async fn none_open<W: Writing + ?Sized>(&self, job: &Job, remote: &W, write: &W::Write) -> Result<Option<Settled>> {
        let (subject, request) = (write.subject(), serde_json::to_value(write).map_err(|error| unwritable(&error))?);
        for entry in self.store.list_open_writes().await? {
            if entry.subject.to_lowercase() != subject.to_lowercase() {
                continue;
            }
            if entry.connector != remote.connection() {
                return Err(EngineError::open(&entry));
            }
            let is_same = !write.hides() && same_request(&entry.request, &request);
            let settled = self.settled(job, remote, entry, &Settling::once()).await?;
            match settled.ended {
                Ended::Open(_) => return Err(EngineError::open(&settled.entry)),
                Ended::Happened if is_same => return Ok(Some(settled)),
                Ended::Happened | Ended::DidNot | Ended::Done | Ended::Refused(_) | Ended::Earlier => {}
            }
        }
        Ok(None)
    }

    /// Looks after every open write of a connection.
    ///
    /// # Errors
    /// What the database says. A remote that does not answer leaves a write open.
    pub async fn settle<W: Writing + ?Sized>(&self, remote: &W, settling: &Settling) -> Result<Vec<Settled>> {
        let open = self.store.list_open_writes().await?;
        let of_remote: Vec<_> = open.into_iter().filter(|entry| entry.connector == remote.connection()).collect();
        if of_remote.is_empty() {
            return Ok(Vec::new());
        }
        let job = self.begin("settle").await?;
        let mut all = Vec::new();
        for entry in of_remote {
            match self.settled(&job, remote, entry, settling).await {
                Ok(settled) => all.push(settled),
                Err(error) => return job.failed(error).await,
            }
        }
        let open = all.iter().filter(|settled| matches!(settled.ended, Ended::Open(_))).count();
        let outcome = if open == 0 { RunOutcome::Done } else { RunOutcome::Partial };
        job.end(outcome, &serde_json::json!({ "settled": all.len() - open, "open": open })).await?;
        Ok(all)
    }

    async fn settled<W: Writing + ?Sized>(
        &self,
        job: &Job,
        remote: &W,
        entry: JournalEntry,
        settling: &Settling,
    ) -> Result<Settled> {
        let read =
            (serde_json::from_value::<W::Write>(entry.request.clone()), serde_json::from_value(entry.found.clone()));
        let (ended, record) = match read {
            (Ok(write), Ok(before)) => {
                let trail = self.trail(&entry).await?;
                self.looked(job, remote, (entry.id, trail, &write, &before), settling).await?
            }
            (Err(error), _) | (_, Err(error)) => {
                (Ended::Open(format!("what was sent cannot be read by this program: {error}")), None)
            }
        };
        Ok(Settled { entry, ended, record })
    }

    /// Looks until it shows, as often as is worth it, and notes what each look showed.
    async fn looked<W: Writing + ?Sized>(
        &self,
        job: &Job,
        remote: &W,
        (id, mut trail, write, before): (JournalId, Trail, &W::Write, &Before),
        settling: &Settling,
    ) -> Result<(Ended, Option<String>)> {
        let mut pauses = settling.pauses.iter();
        loop {
            let sight = self.sight(job, remote, (id, &mut trail, write, before), settling.final_after).await?;
            let (ended, record) = self.seen(job, id, &sight).await?;
            match pauses.next() {
                Some(pause) if matches!(sight, Sight::NotYet(_) | Sight::Blind(_)) => wait(*pause).await,
                Some(_) | None => return Ok((ended, record)),
            }
        }
    }

    /// What may be under way of a write that another process may have sent.
    pub(super) async fn trail(&self, entry: &JournalEntry) -> Result<Trail> {
        let notes = self.store.list_journal_notes(entry.id).await?;
        let rest = notes.into_iter().filter(|note| note.outcome == WriteOutcome::Sending);
        let last = rest.map(|note| note.at).max();
        Ok(Trail { at: last.unwrap_or(entry.at).max(entry.at), out: usize::MAX })
    }

    /// Sends the calls of a write that are left, each once.
    async fn gone_on<W: Writing + ?Sized>(
        &self,
        job: &Job,
        remote: &W,
        (id, write, before): (JournalId, &W::Write, &Before),
        done: usize,
    ) -> Result<Trail> {
        let said = begun(done) + "; the rest is sent";
        let (source, outcome) = (WriteSource::Look, WriteOutcome::Sending);
        let end = WriteEnd { source, who: &self.who, outcome, said: Some(&said), record: None, answer: None };
        self.note_end(job, id, &end).await?;
        let (said, out) = match remote.send(write, before, done).await {
            Ok(Delivery::Done(_)) => (None, usize::MAX),
            Ok(Delivery::Refused(refusal)) => (Some(format!("what was left was refused: {refusal}")), done),
            Ok(Delivery::Unclear { why, out }) => (Some(why), out),
            Err(error) => (Some(error.to_string()), done),
        };
        if let Some(said) = said {
            self.answered(job, id, (WriteOutcome::Unknown, Some(&said)), None, None).await?;
        }
        Ok(Trail { at: self.clock.now(), out })
    }

    /// Looks at what a write did. Where some of its calls took effect, the rest are sent, and it is looked at again; a call that
    /// may be under way and makes something is not sent again before it is sure that it did not take effect.
    pub(super) async fn sight<W: Writing + ?Sized>(
        &self,
        job: &Job,
        remote: &W,
        (id, trail, write, before): (JournalId, &mut Trail, &W::Write, &Before),
        final_after: TimeDelta,
    ) -> Result<Sight> {
        let mut looked = remote.look(write, before).await;
        if let Ok(Looked::Partly { done, repeatable }) = looked
            && (repeatable || !self.is_under_way(*trail, done, final_after))
        {
            *trail = self.gone_on(job, remote, (id, write, before), done).await?;
            looked = remote.look(write, before).await;
        }
        Ok(match looked {
            Ok(Looked::Happened(record)) => Sight::Happened(record),
            Ok(Looked::DidNot) => Sight::unseen(self.clock.now().signed_duration_since(trail.at), final_after),
            Ok(Looked::Partly { done, .. }) if self.is_under_way(*trail, done, final_after) => {
                let minutes = final_after.num_minutes();
                Sight::NotYet(format!("{}; what does not show is sent again after {minutes} minutes", begun(done)))
            }
            Ok(Looked::Partly { done, .. }) => Sight::CannotTell(begun(done)),
            Ok(Looked::CannotTell(why)) => Sight::CannotTell(why),
            Err(error) => Sight::Blind(format!("looking failed: {error}")),
        })
    }

    /// Whether the call after so many may have been sent and take effect yet.
    fn is_under_way(&self, trail: Trail, done: usize, final_after: TimeDelta) -> bool {
        done < trail.out && self.clock.now().signed_duration_since(trail.at) < final_after
    }

    /// Notes what a look showed; how the write ended then, and its record.
    pub(super) async fn seen(&self, job: &Job, id: JournalId, sight: &Sight) -> Result<(Ended, Option<String>)> {
        let (outcome, said, record) = match sight {
            Sight::Happened(record) => (WriteOutcome::Happened, "seen by looking", Some(record.as_str())),
            Sight::DidNot(said) => (WriteOutcome::DidNot, said.as_str(), None),
            Sight::NotYet(why) | Sight::CannotTell(why) | Sight::Blind(why) => {
                (WriteOutcome::Unknown, why.as_str(), None)
            }
        };
        let source = WriteSource::Look;
        let end = WriteEnd { source, who: &self.who, outcome, said: Some(said), record, answer: None };
        self.note_end(job, id, &end).await?;
        Ok((sight.ended(), record.map(str::to_owned)))
    }

    /// The writes nobody knows the end of, oldest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn open_writes(&self) -> Result<Vec<JournalEntry>> {
        Ok(self.store.list_open_writes().await?)
    }

    /// The last writes, newest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn writes(&self, at_most: u32) -> Result<Vec<JournalEntry>> {
        Ok(self.store.list_writes(at_most).await?)
    }
}

/// Whether two requests ask for the same: ids and mail addresses are the same however they are capitalised.
fn same_request(left: &Value, right: &Value) -> bool {
    let is_id = |text: &str| text.len() == 36 && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    match (left, right) {
        (Value::String(left), Value::String(right)) if is_id(left) || left.contains('@') => {
            left.to_lowercase() == right.to_lowercase()
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same_request(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            let same = |(name, left)| right.get(name).is_some_and(|right| same_request(left, right));
            left.len() == right.len() && left.iter().all(same)
        }
        (left, right) => left == right,
    }
}

fn unwritable(error: &serde_json::Error) -> StoreError {
    StoreError::Unwritable { table: "journal", column: "request", what: error.to_string() }
}

fn begun(done: usize) -> String {
    format!("{done} of its calls took effect, and not the rest")
}

/// The record as the remote reports it now, and whether it shows what was written. What is done and does not show is asked for
/// again a few times.
async fn read_back<W: Writing + ?Sized>(
    remote: &W,
    (write, before): (&W::Write, &Before),
    record: Option<&str>,
    patience: Option<&Settling>,
) -> (Option<W::Record>, bool) {
    let Some(record) = record else { return (None, false) };
    let mut pauses = patience.into_iter().flat_map(|settling| &settling.pauses);
    loop {
        let now = match remote.now(write, record).await {
            Ok(now) => now,
            Err(error) => {
                tracing::warn!("what was written could not be read back: {error}");
                return (None, false);
            }
        };
        let shows = remote.shows(write, before, now.as_ref());
        match pauses.next() {
            Some(pause) if !shows => wait(*pause).await,
            Some(_) | None => return (now, shows),
        }
    }
}
