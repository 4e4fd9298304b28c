//! Runs: every execution of a job, what for, by whom, and how it ended.
//!
//! Keeps the invariant that a run ends once; a run without an end is running, or its process died.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::core::record::Fingerprint;
use crate::store::dialect::{on_db, on_tx};
use crate::store::error::{Result, StoreError, reading};
use crate::store::words::{self, At};
use crate::store::{Store, Tx, row_number};

row_number!(RunId, "The number of a run.");

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// It has not.
    Running,
    /// As intended.
    Done,
    /// Some of it; the receipt says what is missing.
    Partial,
    /// With an error.
    Failed,
    /// A guard said no.
    Refused,
    /// Its process died.
    Interrupted,
}

/// What is known of a run when it begins.
#[derive(Debug, Clone, Copy)]
pub struct NewRun<'a> {
    /// The command: `pull`, `propose`, `reconcile`.
    pub job: &'a str,
    /// The person or the schedule.
    pub who: &'a str,
    /// Of the configuration it runs with.
    pub config: Option<&'a Fingerprint>,
}

/// A run as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its number; later runs have higher ones.
    pub id: RunId,
    /// The command.
    pub job: String,
    /// The person or the schedule.
    pub who: String,
    /// Of the configuration it ran with.
    pub config: Option<Fingerprint>,
    /// How it ended.
    pub outcome: RunOutcome,
    /// What it did, in numbers.
    pub receipt: Option<serde_json::Value>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
}

#[derive(sqlx::FromRow)]
struct RunRow {
    run_id: RunId,
    job: String,
    who: String,
    config: Option<String>,
    outcome: String,
    receipt: Option<String>,
    created_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
}

impl TryFrom<RunRow> for Run {
    type Error = StoreError;

    fn try_from(row: RunRow) -> Result<Self> {
        let at = At { table: "run", row: &row.run_id };
        Ok(Self {
            id: row.run_id,
            outcome: at.word("outcome", &row.outcome)?,
            receipt: row.receipt.as_deref().map(|text| at.json("receipt", text)).transpose()?,
            job: row.job,
            who: row.who,
            config: row.config.map(Fingerprint::from_stored),
            started_at: row.created_at,
            ended_at: row.ended_at,
        })
    }
}

impl Store {
    /// The latest runs, latest first.
    pub async fn list_runs(&self, at_most: u32) -> Result<Vec<Run>> {
        let rows: Vec<RunRow> = on_db!(self, conn => sqlx::query_as(
            "select run_id, job, who, config, outcome, receipt, created_at, ended_at
             from run
             order by run_id desc
             limit $1")
            .bind(i64::from(at_most))
            .fetch_all(conn).await)
        .map_err(reading("run", "among the latest"))?;
        rows.into_iter().map(Run::try_from).collect()
    }
}

impl Tx {
    /// Ends the run with this transaction; it cannot write afterwards.
    pub async fn end_run(&mut self, outcome: RunOutcome, receipt: Option<&serde_json::Value>) -> Result<()> {
        let outcome = words::word("run", "outcome", &outcome)?;
        let receipt = receipt.map(|receipt| words::json("run", "receipt", receipt)).transpose()?;
        let actual = on_tx!(self.inner, conn => sqlx::query(
            "update run
             set outcome = $1, receipt = $2, ended_at = $3
             where run_id = $4 and outcome = 'running'")
            .bind(outcome).bind(receipt).bind(self.clock.now()).bind(self.run)
            .execute(conn).await.map(|done| done.rows_affected()))?;
        if actual == 1 { Ok(()) } else { Err(StoreError::RowsAffected { table: "run", expected: 1, actual }) }
    }
}
