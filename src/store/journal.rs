//! The journal: each write to a remote, what for, by whom, and what came of it.
//!
//! Keeps the invariants that a write is noted before it is sent, that there is one open write about a subject at most, and that
//! an end is noted once. What was known on the way to it stands in `journal_notes.rs`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::core::record::Fingerprint;
use crate::store::dialect::{on_db, on_tx};
use crate::store::error::{Result, StoreError, reading};
use crate::store::words::{self, At, storable};
use crate::store::{RunId, Store, Tx, WriteSource, row_number};

row_number!(JournalId, "The number of a write in the journal.");

/// What came of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteOutcome {
    /// It was about to be sent; if nothing runs, its process died.
    Sending,
    /// The remote said it took effect.
    Done,
    /// The remote said no.
    Refused,
    /// It certainly never left.
    NotSent,
    /// It was sent, and the answer says nothing.
    Unknown,
    /// Looking showed that it took effect.
    Happened,
    /// Looking showed that it did not.
    DidNot,
}

impl WriteOutcome {
    /// Every one, in the order of a write's life.
    pub const ALL: [Self; 7] =
        [Self::Sending, Self::Unknown, Self::Done, Self::Refused, Self::NotSent, Self::Happened, Self::DidNot];

    /// What is said of such a write, after `it`.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Sending | Self::Unknown => "is not known to have taken effect",
            Self::Done => "was done",
            Self::Refused => "was refused",
            Self::NotSent => "was not sent",
            Self::Happened => "took effect",
            Self::DidNot => "did not take effect",
        }
    }

    /// Whether nobody knows yet.
    #[must_use]
    pub fn is_open(self) -> bool {
        match self {
            Self::Sending | Self::Unknown => true,
            Self::Done | Self::Refused | Self::NotSent | Self::Happened | Self::DidNot => false,
        }
    }
}

/// A write that is about to be sent.
#[derive(Debug, Clone, Copy)]
pub struct NewWrite<'a> {
    /// The connection.
    pub connector: &'a str,
    /// `create company`.
    pub operation: &'a str,
    /// What it is about.
    pub subject: &'a str,
    /// What is sent, without secrets.
    pub request: &'a Value,
    /// What was there before.
    pub found: &'a Value,
    /// The person or the schedule.
    pub who: &'a str,
}

/// What is noted afterwards.
#[derive(Debug, Clone, Copy)]
pub struct WriteEnd<'a> {
    /// How it came to be known.
    pub source: WriteSource,
    /// Whose command found out.
    pub who: &'a str,
    /// What came of it.
    pub outcome: WriteOutcome,
    /// The remote's words, or what was seen.
    pub said: Option<&'a str>,
    /// The record it made or changed.
    pub record: Option<&'a str>,
    /// Of the record that was answered.
    pub answer: Option<&'a Fingerprint>,
}

/// A write as the journal has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry {
    /// Its number.
    pub id: JournalId,
    /// The connection.
    pub connector: String,
    /// `create company`.
    pub operation: String,
    /// What it is about.
    pub subject: String,
    /// What was sent, without secrets.
    pub request: Value,
    /// What was there before.
    pub found: Value,
    /// The person or the schedule.
    pub who: String,
    /// What came of it.
    pub outcome: WriteOutcome,
    /// The remote's words, or what was seen.
    pub said: Option<String>,
    /// The record it made or changed.
    pub record: Option<String>,
    /// Of the record that was answered: evidence for an audit, which no command reads.
    pub answer: Option<Fingerprint>,
    /// The run it was sent in.
    pub run: RunId,
    /// When it was noted, right before it was sent.
    pub at: DateTime<Utc>,
    /// When its end was noted.
    pub ended_at: Option<DateTime<Utc>>,
}

#[derive(sqlx::FromRow)]
struct JournalRow {
    journal_id: JournalId,
    connector: String,
    operation: String,
    subject: String,
    request: String,
    found: String,
    who: String,
    outcome: String,
    said: Option<String>,
    record_id: Option<String>,
    answer: Option<String>,
    run_id: RunId,
    created_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
}

impl TryFrom<JournalRow> for JournalEntry {
    type Error = StoreError;

    fn try_from(row: JournalRow) -> Result<Self> {
        let at = At { table: "journal", row: &row.journal_id };
        Ok(Self {
            id: row.journal_id,
            request: at.json("request", &row.request)?,
            found: at.json("found", &row.found)?,
            outcome: at.word("outcome", &row.outcome)?,
            connector: row.connector,
            operation: row.operation,
            subject: row.subject,
            who: row.who,
            said: row.said,
            record: row.record_id,
            answer: row.answer.map(Fingerprint::from_stored),
            run: row.run_id,
            at: row.created_at,
            ended_at: row.ended_at,
        })
    }
}

impl Store {
    /// The writes nobody knows the end of, oldest first.
    pub async fn list_open_writes(&self) -> Result<Vec<JournalEntry>> {
        let rows: Vec<JournalRow> = on_db!(self, conn => sqlx::query_as(
            "select journal_id, connector, operation, subject, request, found, who, outcome, said, record_id, answer,
                    run_id, created_at, ended_at
             from journal
             where open_subject is not null
             order by journal_id")
            .fetch_all(conn).await)
        .map_err(reading("journal", "among the open ones"))?;
        rows.into_iter().map(JournalEntry::try_from).collect()
    }

    /// The latest writes, latest first.
    pub async fn list_writes(&self, at_most: u32) -> Result<Vec<JournalEntry>> {
        let rows: Vec<JournalRow> = on_db!(self, conn => sqlx::query_as(
            "select journal_id, connector, operation, subject, request, found, who, outcome, said, record_id, answer,
                    run_id, created_at, ended_at
             from journal
             order by journal_id desc
             limit $1")
            .bind(i64::from(at_most))
            .fetch_all(conn).await)
        .map_err(reading("journal", "among the latest"))?;
        rows.into_iter().map(JournalEntry::try_from).collect()
    }
}

impl Store {
    /// One write; nothing where there is none of that number.
    pub async fn find_write(&self, id: JournalId) -> Result<Option<JournalEntry>> {
        let row: Option<JournalRow> = on_db!(self, conn => sqlx::query_as(
            "select journal_id, connector, operation, subject, request, found, who, outcome, said, record_id, answer,
                    run_id, created_at, ended_at
             from journal
             where journal_id = $1")
            .bind(id)
            .fetch_optional(conn).await)
        .map_err(reading("journal", id))?;
        row.map(JournalEntry::try_from).transpose()
    }
}

impl Tx {
    /// Notes a write that is about to be sent.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another write about the same subject is open.
    pub async fn note_write(&mut self, new: &NewWrite<'_>) -> Result<JournalId> {
        let (run, now) = (self.run, self.clock.now());
        let subject = storable(new.subject);
        let open = format!("{}: {subject}", new.connector);
        let request = words::json("journal", "request", new.request)?;
        let found = words::json("journal", "found", new.found)?;
        let outcome = words::word("journal", "outcome", &WriteOutcome::Sending)?;
        let id = on_tx!(self.inner, conn => sqlx::query_scalar(
            "insert into journal
             (connector, operation, subject, open_subject, request, found, who, outcome, run_id, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             returning journal_id")
            .bind(new.connector).bind(new.operation).bind(subject).bind(open).bind(storable(&request))
            .bind(storable(&found)).bind(new.who).bind(outcome).bind(run).bind(now)
            .fetch_one(conn).await)?;
        Ok(id)
    }

    /// Notes what came of a write, or what is known of it by now, and adds it to its notes.
    ///
    /// # Errors
    /// [`StoreError::RowsAffected`] when its end was noted before.
    pub async fn end_write(&mut self, id: JournalId, end: &WriteEnd<'_>) -> Result<()> {
        let outcome = words::word("journal", "outcome", &end.outcome)?;
        let now = self.clock.now();
        let ended = (!end.outcome.is_open()).then_some(now);
        let said = end.said.map(|said| match end.source {
            WriteSource::Answer | WriteSource::Look => storable(said),
            WriteSource::Person => storable(&format!("{} says so: {said}", end.who)),
        });
        let actual = on_tx!(self.inner, conn => sqlx::query(
            "update journal
             set outcome = $1, said = $2, record_id = $3, answer = $4, ended_at = $5,
                 open_subject = case when $6 then open_subject else null end
             where journal_id = $7 and open_subject is not null")
            .bind(outcome).bind(said).bind(end.record.map(storable))
            .bind(end.answer.map(Fingerprint::as_str)).bind(ended).bind(end.outcome.is_open()).bind(id)
            .execute(conn).await.map(|done| done.rows_affected()))?;
        if actual != 1 {
            return Err(StoreError::RowsAffected { table: "journal", expected: 1, actual });
        }
        self.add_journal_note(id, end).await
    }
}
