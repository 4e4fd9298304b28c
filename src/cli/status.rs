//! `trueup status`: how things stand, without changing any.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::cli::args::Shown;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending};
use crate::core::id::{Company, Product};
use crate::core::reconcile::outcome::Verdict;
use crate::core::review::Filter;
use crate::engine::{
    Board, Engine, EngineError, JournalEntry, ReconciliationHeader, Run, RunId, RunOutcome, SnapshotHeader,
    WriteOutcome,
};
use crate::report::table::Kind::Text;
use crate::report::table::{Cell, Column, Table, count, counted};

/// Show the last runs and writes, hints of webhooks, the age of each snapshot, and what waits for a decision
///
/// An open write is one that was sent and whose end is not known. Reads the database only.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup status --format json")]
pub(super) struct Args {
    #[command(flatten)]
    shown: Shown,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let _doing = context.ui.doing("status");
        let engine = context.engine(&context.config()?).await?;
        let now = context.clock().now();
        let mut rows: Vec<Vec<Cell>> = Vec::new();
        let runs = engine.runs(RUNS_LOOKED_AT).await?;
        for run in runs.iter().take(RUNS_SHOWN) {
            let what = format!("{}, {} by {}", run.id, run.job, run.who);
            let known = run.receipt.as_ref().and_then(|receipt| receipt.get("verdict")?.as_str());
            let month = if known == Some("unknown") { ", the month is unknown" } else { "" };
            rows.push(row("run", what, &format!("{}{month}", outcome(run.outcome)), run.started_at));
        }
        for write in engine.open_writes().await? {
            let said = write.said.as_deref().unwrap_or("it was about to be sent when its process ended");
            let state =
                format!("not known whether it took effect; {said}; `trueup journal settle {}` closes it", write.id);
            rows.push(row("open write", written(&write), &state, write.at));
        }
        for write in engine.writes(WRITES_SHOWN).await?.iter().filter(|write| !write.outcome.is_open()) {
            let said = write.said.as_ref().map_or(String::new(), |said| format!("; {said}"));
            rows.push(row(
                "write",
                written(write),
                &format!("{}{said}{}", ended(write.outcome), seen(write)),
                write.at,
            ));
        }
        let hints = engine.hints().await?;
        for hint in &hints {
            let what = format!("{} {}: {}", hint.connector, hint.listing.as_str(), hint.said);
            let since = if hint.deliveries > 1 { format!(" since {}", shown(hint.at)) } else { String::new() };
            let said = format!("{}{since}", counted(hint.deliveries, "webhook"));
            let state = match hint.listing.entities() {
                [] => format!("{said}; nothing is read for it"),
                _ => format!("{said}; waits to be read"),
            };
            rows.push(row("hint", what, &state, hint.last_at));
        }
        let mut seen = BTreeSet::new();
        let headers = engine.snapshots(SNAPSHOTS_LOOKED_AT).await?;
        for header in &headers {
            let period = header.period.map_or(String::new(), |period| format!(" of {period}"));
            let what = format!("{} {}{period}", header.connector, header.entity.as_str().replace('_', " "));
            if seen.insert(what.clone()) {
                let hours = now.signed_duration_since(header.taken_at).num_hours();
                let whole = if header.complete { "complete" } else { "partial" };
                let mut state = format!("{whole}, {}, {hours} h old", counted(header.records, "record"));
                if !header.complete {
                    state.push_str(&last_complete(&headers, header));
                }
                rows.push(row("snapshot", what, &state, header.taken_at));
            }
        }
        for month in engine.reconciliations(RECONCILIATIONS_SHOWN).await? {
            let state = reconciled(&month, untied(&runs, month.run));
            rows.push(row("reconcile", month.period.to_string(), &state, month.at));
        }
        let mut waiting = waiting(&engine).await?;
        let unread = hints.iter().filter(|hint| !hint.listing.entities().is_empty()).count();
        if unread > 0 {
            waiting.push(format!("{} waiting for `trueup serve` to read it.", counted(count(unread), "hint")));
        }
        self.shown.show(&context.ui, &table(&engine, rows, waiting))?;
        Ok(Ending::Done)
    }
}

/// A write, as the journal has it.
fn written(write: &JournalEntry) -> String {
    format!("{}, {} ({}) at {} by {}", write.id, write.operation, write.subject, write.connector, write.who)
}

/// How a write ended.
fn ended(outcome: WriteOutcome) -> &'static str {
    match outcome {
        WriteOutcome::Sending | WriteOutcome::Unknown => "not known whether it took effect",
        WriteOutcome::Done => "done",
        WriteOutcome::Refused => "refused",
        WriteOutcome::NotSent => "not sent",
        WriteOutcome::Happened => "took effect",
        WriteOutcome::DidNot => "did not take effect",
    }
}

/// When its end was found out, where that took looking.
fn seen(write: &JournalEntry) -> String {
    let by_looking = matches!(write.outcome, WriteOutcome::Happened | WriteOutcome::DidNot);
    let at = write.ended_at.filter(|_| by_looking);
    at.map_or(String::new(), |at| format!(", known since {}", shown(at)))
}

fn shown(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// When a listing that is partial now was last complete.
fn last_complete(headers: &[SnapshotHeader], of: &SnapshotHeader) -> String {
    let same = |h: &&SnapshotHeader| {
        h.complete && h.connector == of.connector && h.entity == of.entity && h.period == of.period
    };
    let when = headers.iter().find(same).map(|header| header.taken_at.format("%Y-%m-%d %H:%M UTC"));
    when.map_or(", never complete".to_owned(), |when| format!(", last complete at {when}"))
}

/// How many documents differed from their lines; `None` where the run did not say.
fn untied(runs: &[Run], of: RunId) -> Option<u64> {
    runs.iter().find(|run| run.id == of)?.receipt.as_ref()?.get("untied")?.as_u64()
}

/// What was said of a month, and how much of what differs.
fn reconciled(month: &ReconciliationHeader, untied: Option<u64>) -> String {
    let cells = (month.variances > 0).then(|| counted(month.variances, "difference"));
    let documents = untied.filter(|untied| *untied > 0).map(|untied| {
        format!("{} not tied, see `trueup report tie-out --period {}`", counted(untied, "document"), month.period)
    });
    let differs: Vec<String> = cells.into_iter().chain(documents).collect();
    let differs = match (differs.is_empty(), month.verdict, untied) {
        (false, _, _) => differs.join(", "),
        (true, Verdict::Clean | Verdict::Unknown, _) => counted(0, "difference"),
        // Without a cell that differs these are what is left, and only later runs say which.
        (true, Verdict::Differences, Some(_)) => "lines without a link".to_owned(),
        (true, Verdict::Differences, None) => "documents not tied, or lines without a link".to_owned(),
    };
    match month.verdict {
        Verdict::Clean => "clean".to_owned(),
        Verdict::Differences => differs,
        Verdict::Unknown => format!("unknown, {differs}"),
    }
}

/// How many of the last writes are shown; those whose end is not known are shown however many they are.
const WRITES_SHOWN: u32 = 10;
/// How many runs are shown.
const RUNS_SHOWN: usize = 10;
/// How far back the runs of the reconciliations are looked for.
const RUNS_LOOKED_AT: u32 = 1_000;
/// How many reconciliations are shown.
const RECONCILIATIONS_SHOWN: u32 = 10;
/// How far back the last snapshot of each listing is looked for.
const SNAPSHOTS_LOOKED_AT: u32 = 1_000;

const COLUMNS: &[Column] =
    &[Column::new("kind", Text), Column::new("what", Text), Column::new("state", Text), Column::new("at", Text)];

fn row(kind: &str, what: String, state: &str, at: DateTime<Utc>) -> Vec<Cell> {
    vec![Cell::text(kind), Cell::text(what), Cell::text(state), Cell::text(shown(at))]
}

fn outcome(outcome: RunOutcome) -> &'static str {
    match outcome {
        RunOutcome::Running => "running, or its process died",
        RunOutcome::Done => "done",
        RunOutcome::Partial => "partial",
        RunOutcome::Failed => "failed",
        RunOutcome::Refused => "refused",
        RunOutcome::Interrupted => "interrupted",
    }
}

/// How many proposals wait for a decision; nothing before the first pull.
async fn waiting(engine: &Engine) -> Result<Vec<String>, CommandError> {
    let proposed =
        |rows: usize, what: &str| format!("{} of {what} waiting for a decision.", counted(count(rows), "proposal"));
    let mut said = Vec::new();
    match engine.board::<Company>().await {
        Ok(board) => said.push(proposed(open(&board), "customers")),
        Err(EngineError::NotPulled { .. } | EngineError::Connections { .. }) => return Ok(said),
        Err(error) => return Err(error.into()),
    }
    said.push(proposed(open(&engine.board::<Product>().await?), "products"));
    Ok(said)
}

fn open<E>(board: &Board<E>) -> usize {
    board.rows.iter().filter(|row| Filter::Proposed.shows(row.status)).count()
}

fn table(engine: &Engine, rows: Vec<Vec<Cell>>, notes: Vec<String>) -> Table {
    let head = [("database", engine.location()), ("configuration", engine.config().short().to_owned())];
    Table {
        name: "status",
        title: "Status",
        about: "The last runs, the last snapshot of each listing, the last reconciliations",
        head: head.map(|(label, text)| (label.to_owned(), text)).into(),
        columns: COLUMNS,
        rows,
        notes,
    }
}
