//! Review: the list a person works through, and the way back from it.
//!
//! [`rows`] puts proposals, links and earlier decisions on one list; [`Sheet`] is that list as text with a `decision` column and
//! [`read`] takes it back; [`decide`] turns one intent into a decision and a change of links, or refuses with both claims
//! named. Keeps two invariants: a link changes by a decision only, and every decision is kept, undoing included.

mod decide;
mod rows;
mod sheet;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use decide::{Action, Change, Intent, Outcome, Party, Refusal, decide};
pub use rows::{Filter, Kind, ReviewRow, Status, Work, counts, rows};
use serde::{Deserialize, Serialize};
pub use sheet::{Board, COLUMNS, DECISIONS, Read, read, sheet};

use crate::core::id::{Id, Psa, Vendor};
use crate::core::link::{Decision, LinkSet, Verdict};
use crate::core::matching::Known;

/// One decision in the history: on a pair, or on a record alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided<E> {
    /// The vendor's record; `None` when it was about a PSA record alone.
    #[serde(bound = "")]
    pub vendor: Option<Id<Vendor, E>>,
    /// The PSA's record; `None` when it was about a vendor record alone.
    #[serde(bound = "")]
    pub psa: Option<Id<Psa, E>>,
    /// What was said.
    pub decision: Decision,
}

type PairKey<E> = (Option<Id<Vendor, E>>, Option<Id<Psa, E>>);

/// The last word on each pair and each record; `history` is in order of time.
fn last_words<E>(history: &[Decided<E>]) -> BTreeMap<PairKey<E>, &Decision> {
    history.iter().map(|d| ((d.vendor.clone(), d.psa.clone()), &d.decision)).collect()
}

/// What matching has to know: the links that stand, and what the history says of pairs and records.
#[must_use]
pub fn known<E: Clone>(links: &LinkSet<E>, history: &[Decided<E>]) -> Known<E> {
    let mut known = Known { links: links.clone(), ..Known::default() };
    for (key, decision) in last_words(history) {
        match (key, decision.verdict) {
            ((Some(vendor), Some(psa)), Verdict::Rejected) => {
                known.rejected.insert((vendor, psa), decision.evidence.clone());
            }
            ((Some(vendor), None), Verdict::Excluded) => {
                known.excluded_vendor.insert(vendor);
            }
            ((None, Some(psa)), Verdict::Excluded) => {
                known.excluded_psa.insert(psa);
            }
            (_, Verdict::Accepted | Verdict::Rejected | Verdict::Deferred | Verdict::Excluded) => {}
        }
    }
    known
}
