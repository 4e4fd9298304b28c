//! What came to be known of each write, and how: an answer, a look, a person's word.
//!
//! Keeps the invariant that a note is only ever added: a later one, a person's too, leaves the earlier ones as they are.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::store::dialect::{on_db, on_tx};
use crate::store::error::{Result, StoreError, reading};
use crate::store::words::{self, At, storable};
use crate::store::{JournalId, RunId, Store, Tx, WriteEnd, WriteOutcome, row_number};

row_number!(JournalNoteId, "The number of a note of the journal.");

/// How something came to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteSource {
    /// The remote answered, or the way to it failed.
    Answer,
    /// Somebody looked.
    Look,
    /// A person said so, where nothing proved it.
    Person,
}

/// A note of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalNote {
    /// Its number.
    pub id: JournalNoteId,
    /// How it came to be known.
    pub source: WriteSource,
    /// What was known then.
    pub outcome: WriteOutcome,
    /// The remote's words, what was seen, or why a person says so.
    pub said: Option<String>,
    /// The record it made or changed.
    pub record: Option<String>,
    /// Whose command found out.
    pub who: String,
    /// When.
    pub at: DateTime<Utc>,
}

#[derive(sqlx::FromRow)]
struct NoteRow {
    journal_note_id: JournalNoteId,
    source: String,
    outcome: String,
    said: Option<String>,
    record_id: Option<String>,
    who: String,
    created_at: DateTime<Utc>,
}

impl TryFrom<NoteRow> for JournalNote {
    type Error = StoreError;

    fn try_from(row: NoteRow) -> Result<Self> {
        let at = At { table: "journal_note", row: &row.journal_note_id };
        Ok(Self {
            id: row.journal_note_id,
            source: at.word("source", &row.source)?,
            outcome: at.word("outcome", &row.outcome)?,
            said: row.said,
            record: row.record_id,
            who: row.who,
            at: row.created_at,
        })
    }
}

impl Store {
    /// What came to be known of a write, oldest first.
    pub async fn list_journal_notes(&self, of: JournalId) -> Result<Vec<JournalNote>> {
        let rows: Vec<NoteRow> = on_db!(self, conn => sqlx::query_as(
            "select journal_note_id, source, outcome, said, record_id, who, created_at
             from journal_note
             where journal_id = $1
             order by journal_note_id")
            .bind(of)
            .fetch_all(conn).await)
        .map_err(reading("journal_note", of))?;
        rows.into_iter().map(JournalNote::try_from).collect()
    }
}

impl Tx {
    /// Adds what is known of a write now.
    pub(super) async fn add_journal_note(&mut self, of: JournalId, end: &WriteEnd<'_>) -> Result<()> {
        let (run, now): (RunId, _) = (self.run, self.clock.now());
        let source = words::word("journal_note", "source", &end.source)?;
        let outcome = words::word("journal_note", "outcome", &end.outcome)?;
        on_tx!(self.inner, conn => sqlx::query(
            "insert into journal_note (journal_id, source, outcome, said, record_id, who, run_id, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)")
            .bind(of).bind(source).bind(outcome).bind(end.said.map(storable)).bind(end.record.map(storable))
            .bind(storable(end.who)).bind(run).bind(now)
            .execute(conn).await.map(|done| done.rows_affected()))?;
        Ok(())
    }
}
