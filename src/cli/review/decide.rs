//! The verbs that decide: each turns ids into intents, lets the engine look again, and says what became of them.

use crate::cli::args::Kind as RecordKind;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};
use crate::cli::review::Said;
use crate::cli::review::list::no_record;
use crate::core::id::{Company, Id, Product, Psa, Vendor};
use crate::core::link::Link;
use crate::core::outside::harmless;
use crate::core::review::{Action, Intent, Party, Refusal, ReviewRow};
use crate::engine::{Board, Decided, Engine, EngineError, Reviewed};
use crate::report::table::{count, counted};

/// What is wanted, by ids as they were typed.
pub(super) enum Wanted {
    Accept(Vec<String>),
    Reject(Vec<String>),
    Exclude { vendor: Option<String>, psa: Option<String> },
    Link { vendor: String, psa: String },
    Unlink(String),
}

pub(super) async fn decide(
    context: &Context,
    engine: &Engine,
    kind: RecordKind,
    wanted: Wanted,
    said: Said,
) -> Result<Ending, CommandError> {
    match kind {
        RecordKind::Customers => decide_on::<Company>(context, engine, wanted, said).await,
        RecordKind::Products => decide_on::<Product>(context, engine, wanted, said).await,
    }
}

async fn decide_on<E: Reviewed>(
    context: &Context,
    engine: &Engine,
    wanted: Wanted,
    said: Said,
) -> Result<Ending, CommandError> {
    let board = engine.board::<E>().await?;
    let intents = intents(&board, wanted, said.reason.as_ref())?;
    let by = said.by.unwrap_or_else(|| context.who());
    tell(context, &engine.decide(&intents, &by).await?, 0)
}

/// Says what was done, what was so `already`, what was not done, and how the command ends.
pub(super) fn tell(context: &Context, decided: &Decided, already: usize) -> Result<Ending, CommandError> {
    let so = if already == 0 { String::new() } else { format!(", {} already so", counted(count(already), "row")) };
    context.ui.result(format!("{} saved{so}\n", counted(count(decided.done), "decision")))?;
    for (wanted, refusal) in &decided.refused {
        let remedy = remedy(refusal).unwrap_or_default();
        context.ui.warn(&harmless(&format!("{wanted}: {refusal}{remedy}")));
    }
    match (decided.done, decided.refused.len()) {
        (_, 0) => Ok(Ending::Done),
        (0, refused) => {
            let error = CommandError::new(Kind::Refused, format!("{} refused", counted(count(refused), "decision")));
            Err(error.hint("Look at the records again with `trueup review show`."))
        }
        (_, _) => Ok(Ending::Partly),
    }
}

/// What helps where another record has the counterpart already.
fn remedy(refusal: &Refusal) -> Option<&'static str> {
    match refusal {
        Refusal::AlreadyLinked(taken) if taken.claimed_psa == taken.standing_psa => Some(
            "; where both are sites of one customer, `trueup review link` links this one beside it, and \
             [matching.customers] shape = \"many_to_one\" allows it everywhere",
        ),
        Refusal::AlreadyLinked(_)
        | Refusal::ComparedTwice(_)
        | Refusal::NotLinked { .. }
        | Refusal::Linked { .. }
        | Refusal::EvidenceChanged { .. } => None,
    }
}

fn intents<E: Reviewed>(
    board: &Board<E>,
    wanted: Wanted,
    reason: Option<&String>,
) -> Result<Vec<Intent<E>>, EngineError> {
    let intent = |action, row: Option<&ReviewRow<E>>| Intent {
        action,
        reason: reason.cloned(),
        evidence: row.and_then(|row| row.evidence.clone()),
    };
    match wanted {
        Wanted::Accept(ids) => {
            let each =
                ids.iter().map(|id| proposed(board, id).map(|(row, pair)| intent(Action::Accept(pair), Some(row))));
            each.collect()
        }
        Wanted::Reject(ids) => {
            let each =
                ids.iter().map(|id| proposed(board, id).map(|(row, pair)| intent(Action::Reject(pair), Some(row))));
            each.collect()
        }
        Wanted::Exclude { vendor: Some(id), .. } => {
            let row = vendor_row(board, &id)?;
            Ok(vec![intent(Action::Exclude(Party::Vendor(Id::new(id))), Some(row))])
        }
        Wanted::Exclude { vendor: None, psa } => {
            let psa = psa_id(board, psa.unwrap_or_default())?;
            Ok(vec![intent(Action::Exclude(Party::Psa(psa)), None)])
        }
        Wanted::Link { vendor, psa } => {
            vendor_row(board, &vendor)?;
            let psa = psa_id(board, psa)?;
            Ok(vec![intent(Action::Link(Link { vendor: Id::new(vendor), psa }), None)])
        }
        Wanted::Unlink(id) => {
            let vendor: Id<Vendor, E> = Id::new(id);
            let psa = board.links.psa_of(&vendor).cloned();
            let psa = psa.ok_or_else(|| no_record::<E>("linked vendor", vendor.as_str()))?;
            Ok(vec![intent(Action::Unlink(Link { vendor, psa }), None)])
        }
    }
}

fn vendor_row<'b, E: Reviewed>(board: &'b Board<E>, id: &str) -> Result<&'b ReviewRow<E>, EngineError> {
    let found = board.rows.iter().find(|row| row.vendor.as_ref().is_some_and(|vendor| vendor.as_str() == id));
    found.ok_or_else(|| no_record::<E>("vendor", id))
}

fn psa_id<E: Reviewed>(board: &Board<E>, id: String) -> Result<Id<Psa, E>, EngineError> {
    let psa: Id<Psa, E> = Id::new(id);
    if board.psa_names.contains_key(&psa) { Ok(psa) } else { Err(no_record::<E>("PSA", psa.as_str())) }
}

/// The row of a vendor record and the pair that is proposed there.
fn proposed<'b, E: Reviewed>(board: &'b Board<E>, id: &str) -> Result<(&'b ReviewRow<E>, Link<E>), EngineError> {
    let row = vendor_row(board, id)?;
    let pair = row.vendor.as_ref().zip(row.psa.as_ref()).filter(|_| row.evidence.is_some());
    let (vendor, psa) = pair.ok_or_else(|| EngineError::NothingProposed { id: id.to_owned() })?;
    Ok((row, Link { vendor: vendor.clone(), psa: psa.clone() }))
}
