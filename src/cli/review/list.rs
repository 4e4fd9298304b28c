//! `review list` and `review show`.

use crate::cli::args::{Kind as RecordKind, Shown};
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending};
use crate::core::id::{Company, Product};
use crate::core::matching::{Candidate, Evidence, Proposal};
use crate::core::money::Totals;
use crate::core::review::{Filter, ReviewRow, counts};
use crate::engine::{Engine, EngineError, Reviewed};
use crate::report::Table;
use crate::report::table::Kind::{Id, Text};
use crate::report::table::{Cell, Column, count, counted};

const ROWS: &[Column] = &[
    Column::new("status", Text),
    Column::new("kind", Text),
    Column::new("vendor name", Text),
    Column::new("vendor id", Id),
    Column::new("PSA name", Text),
    Column::new("PSA id", Id),
    Column::new("sure", Text),
    Column::new("money", Text),
    Column::new("for", Text),
    Column::new("against", Text),
    Column::new("runner-up", Text),
    Column::new("decision", Text).in_files(),
];

const EVIDENCE: &[Column] = &[
    Column::new("PSA name", Text),
    Column::new("PSA id", Id),
    Column::new("sure", Text),
    Column::new("reason", Text),
    Column::new("weight", Text),
];

/// Both kinds, or the one asked for: customers before products.
pub(super) async fn list(
    context: &Context,
    engine: &Engine,
    kind: Option<RecordKind>,
    filter: Filter,
    shown: Shown,
) -> Result<Ending, CommandError> {
    let _doing = context.ui.doing("listing the review");
    let (mut rows, mut notes) = (Vec::new(), Vec::new());
    if kind.is_none_or(|kind| kind == RecordKind::Customers) {
        collect::<Company>(engine, filter, "customers", &mut rows, &mut notes).await?;
    }
    if kind.is_none_or(|kind| kind == RecordKind::Products) {
        collect::<Product>(engine, filter, "products", &mut rows, &mut notes).await?;
    }
    let table = Table {
        name: "review",
        title: "Review",
        about: "Every record and where it stands, most money first",
        head: vec![("filter".to_owned(), filter.as_str().to_owned())],
        columns: ROWS,
        rows,
        notes,
    };
    shown.show(&context.ui, &table)?;
    Ok(Ending::Done)
}

async fn collect<E: Reviewed>(
    engine: &Engine,
    filter: Filter,
    kind: &str,
    rows: &mut Vec<Vec<Cell>>,
    notes: &mut Vec<String>,
) -> Result<(), CommandError> {
    let board = engine.board::<E>().await?;
    rows.extend(board.rows.iter().filter(|row| filter.shows(row.status)).map(line));
    let counted: Vec<String> =
        counts(&board.rows).iter().map(|(filter, found)| format!("{} {found}", filter.as_str())).collect();
    notes.push(format!("{kind}: {}", counted.join(", ")));
    Ok(())
}

fn line<E>(row: &ReviewRow<E>) -> Vec<Cell> {
    let id = |id: Option<&str>| id.map_or(Cell::Unknown, Cell::text);
    let tie = if row.tie { ", tie" } else { "" };
    vec![
        Cell::text(row.status.as_str()),
        Cell::text(row.kind.as_str()),
        Cell::text(row.vendor_name.clone()),
        id(row.vendor.as_ref().map(crate::core::id::Id::as_str)),
        Cell::text(row.psa_name.clone()),
        id(row.psa.as_ref().map(crate::core::id::Id::as_str)),
        row.score.map_or(Cell::Unknown, |score| Cell::text(format!("{score}{tie}"))),
        Cell::text(money(&row.money)),
        Cell::text(row.reasons_for.join("; ")),
        Cell::text(row.reasons_against.join("; ")),
        row.runner_up.as_deref().map_or(Cell::Unknown, Cell::text),
        row.decision.as_ref().map_or(Cell::Unknown, |decision| Cell::text(said(decision))),
    ]
}

fn money(totals: &Totals) -> String {
    totals.iter().map(|money| money.to_string()).collect::<Vec<_>>().join(", ")
}

fn said(decision: &crate::core::link::Decision) -> String {
    let verdict = match decision.verdict {
        crate::core::link::Verdict::Accepted => "accepted",
        crate::core::link::Verdict::Rejected => "rejected",
        crate::core::link::Verdict::Deferred => "deferred",
        crate::core::link::Verdict::Excluded => "excluded",
    };
    let reason = decision.reason.as_ref().map_or(String::new(), |reason| format!(": {reason}"));
    format!("{verdict} by {}{reason}", decision.by)
}

/// One record: where it stands, every reason, every other candidate.
pub(super) async fn show<E: Reviewed>(
    context: &Context,
    engine: &Engine,
    id: &str,
    shown: Shown,
) -> Result<Ending, CommandError> {
    let board = engine.board::<E>().await?;
    let row = board.rows.iter().find(|row| row.vendor.as_ref().is_some_and(|vendor| vendor.as_str() == id));
    let row = row.ok_or_else(|| no_record::<E>("vendor", id))?;
    let proposal = board.proposals.iter().find(|p| p.vendor == row.vendor);
    let mut head = vec![
        ("record".to_owned(), format!("{} ({id})", row.vendor_name)),
        ("status".to_owned(), row.status.as_str().to_owned()),
    ];
    if let Some(psa) = &row.psa {
        head.push(("counterpart".to_owned(), format!("{} ({psa})", row.psa_name)));
    }
    if !row.money.is_empty() {
        head.push(("money".to_owned(), money(&row.money)));
    }
    if let Some(decision) = &row.decision {
        head.push(("decision".to_owned(), said(decision)));
    }
    let reasons = proposal.map(|proposal| evidence(row, proposal)).unwrap_or_default();
    let notes = vec![counted(count(proposal.map_or(0, |proposal| proposal.alternatives.len())), "candidate")];
    let about = "One record, the reasons for and against its counterpart, and the other candidates";
    let table = Table { name: "record", title: "Record", about, head, columns: EVIDENCE, rows: reasons, notes };
    shown.show(&context.ui, &table)?;
    Ok(Ending::Done)
}

fn evidence<E>(row: &ReviewRow<E>, proposal: &Proposal<E>) -> Vec<Vec<Cell>> {
    let psa = proposal.psa.as_ref().map_or(Cell::Unknown, |psa| Cell::text(psa.as_str()));
    let reason = |reason: &Evidence| {
        let weight = format!("{:+}", reason.weight);
        let sure = Cell::text(proposal.score.to_string());
        vec![Cell::text(row.psa_name.clone()), psa.clone(), sure, Cell::text(reason.line()), Cell::text(weight)]
    };
    let other = |other: &Candidate<E>| {
        let weight = format!("{:+}", other.weight);
        let (name, id) = (Cell::text(other.name.clone()), Cell::text(other.psa.as_str()));
        vec![name, id, Cell::text(other.score.to_string()), Cell::text("another candidate"), Cell::text(weight)]
    };
    let others = proposal.alternatives.iter().filter(|other| Some(&other.psa) != proposal.psa.as_ref());
    proposal.evidence.iter().map(reason).chain(others.map(other)).collect()
}

/// The error of an id that is not in the review.
pub(super) fn no_record<E: Reviewed>(side: &str, id: &str) -> EngineError {
    EngineError::NoRecord { what: format!("{side} {}", E::REVIEW.as_str()), id: id.to_owned() }
}
