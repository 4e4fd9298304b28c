//! One intent to one decision.
//!
//! Owns the rule that accepting looks again: both sides must still be free, and the evidence must be the one that was shown.

use serde::{Deserialize, Serialize};

use super::Decided;
use crate::core::id::{Id, Psa, Vendor};
use crate::core::link::{AlreadyLinked, ComparedTwice, Decision, Link, LinkSet, Shape, Verdict};
use crate::core::record::Fingerprint;

/// A record alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "")]
pub enum Party<E> {
    /// Of the vendor.
    Vendor(Id<Vendor, E>),
    /// Of the PSA.
    Psa(Id<Psa, E>),
}

/// What a person wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "")]
pub enum Action<E> {
    /// The proposed pair is one.
    Accept(Link<E>),
    /// This pair is one, whatever was proposed.
    Link(Link<E>),
    /// The pair is not one; a link of it ends.
    Reject(Link<E>),
    /// The link ends; the pair may be proposed again.
    Unlink(Link<E>),
    /// The record has no counterpart by intent.
    Exclude(Party<E>),
    /// Not now; for an excluded record: no longer excluded.
    Defer(Party<E>),
}

/// What a person wants, why, and what was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Intent<E> {
    /// What is wanted.
    pub action: Action<E>,
    /// Why, in the person's words.
    pub reason: Option<String>,
    /// Of the evidence that was shown; `None` when none was.
    pub evidence: Option<Fingerprint>,
}

/// How a decision changes the links.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "")]
pub enum Change<E> {
    /// A link begins.
    Add(Link<E>),
    /// A link ends.
    Remove(Link<E>),
}

/// The decision to append, and what it changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Outcome<E> {
    /// The decision.
    pub decided: Decided<E>,
    /// What it changes; `None` when it only says something.
    pub change: Option<Change<E>>,
}

impl<E> Outcome<E> {
    /// Carries the change out on a set of links.
    ///
    /// # Errors
    /// [`AlreadyLinked`] when the links are not those the decision was made on.
    pub fn apply(self, links: &mut LinkSet<E>, shape: Shape) -> Result<(), AlreadyLinked> {
        match self.change {
            Some(Change::Add(link)) => links.claim(link, shape),
            Some(Change::Remove(link)) => {
                links.release(&link);
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// Why an intent was not followed. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Another link stands in the way.
    #[error(transparent)]
    AlreadyLinked(#[from] AlreadyLinked),
    /// The PSA record has a link that is compared in another way.
    #[error(transparent)]
    ComparedTwice(#[from] ComparedTwice),
    /// There is no such link to end.
    #[error("{vendor} is not linked with {psa}")]
    NotLinked {
        /// The vendor's record.
        vendor: String,
        /// The PSA's record.
        psa: String,
    },
    /// The record is linked: leaving it out would leave the link behind.
    #[error("{record} is linked with {with}; unlink it before it is excluded")]
    Linked {
        /// The record to be excluded.
        record: String,
        /// What it is linked with.
        with: String,
    },
    /// The evidence is another one than the person saw.
    #[error("the evidence for {vendor} and {psa} has changed since it was shown; look again")]
    EvidenceChanged {
        /// The vendor's record.
        vendor: String,
        /// The PSA's record.
        psa: String,
    },
}

/// Turns an intent into a decision and a change, or refuses. `today` is the evidence as it is now.
///
/// # Errors
/// [`Refusal`]: another link stands in the way, no link stands, or the evidence is not the one that was seen.
pub fn decide<E>(
    intent: &Intent<E>,
    by: &str,
    links: &LinkSet<E>,
    shape: Shape,
    today: Option<&Fingerprint>,
) -> Result<Outcome<E>, Refusal> {
    let decision = |verdict| Decision {
        verdict,
        by: by.to_owned(),
        reason: intent.reason.clone(),
        evidence: intent.evidence.clone(),
    };
    let on_pair = |pair: &Link<E>, verdict, change| Outcome {
        decided: Decided {
            vendor: Some(pair.vendor.clone()),
            psa: Some(pair.psa.clone()),
            decision: decision(verdict),
        },
        change,
    };
    match &intent.action {
        Action::Accept(pair) => {
            seen_is_current(pair, intent.evidence.as_ref(), today)?;
            links.check(pair, shape)?;
            Ok(on_pair(pair, Verdict::Accepted, Some(Change::Add(copy(pair)))))
        }
        Action::Link(pair) => {
            links.check(pair, shape)?;
            Ok(on_pair(pair, Verdict::Accepted, Some(Change::Add(copy(pair)))))
        }
        Action::Reject(pair) => {
            seen_is_current(pair, intent.evidence.as_ref(), today)?;
            let stands = links.psa_of(&pair.vendor) == Some(&pair.psa);
            Ok(on_pair(pair, Verdict::Rejected, stands.then(|| Change::Remove(copy(pair)))))
        }
        Action::Unlink(pair) => {
            if links.psa_of(&pair.vendor) != Some(&pair.psa) {
                return Err(Refusal::NotLinked { vendor: pair.vendor.to_string(), psa: pair.psa.to_string() });
            }
            Ok(on_pair(pair, Verdict::Deferred, Some(Change::Remove(copy(pair)))))
        }
        Action::Exclude(party) => {
            not_linked(party, links)?;
            Ok(Outcome { decided: on_party(party, decision(Verdict::Excluded)), change: None })
        }
        Action::Defer(party) => Ok(Outcome { decided: on_party(party, decision(Verdict::Deferred)), change: None }),
    }
}

fn seen_is_current<E>(pair: &Link<E>, seen: Option<&Fingerprint>, today: Option<&Fingerprint>) -> Result<(), Refusal> {
    match (seen, today) {
        (Some(seen), Some(today)) if seen != today => {
            Err(Refusal::EvidenceChanged { vendor: pair.vendor.to_string(), psa: pair.psa.to_string() })
        }
        (Some(_) | None, Some(_) | None) => Ok(()),
    }
}

fn not_linked<E>(party: &Party<E>, links: &LinkSet<E>) -> Result<(), Refusal> {
    let (record, with) = match party {
        Party::Vendor(id) => (id.to_string(), links.psa_of(id).map(ToString::to_string)),
        Party::Psa(id) => (id.to_string(), links.vendors_of(id).next().map(ToString::to_string)),
    };
    with.map_or(Ok(()), |with| Err(Refusal::Linked { record, with }))
}

fn on_party<E>(party: &Party<E>, decision: Decision) -> Decided<E> {
    match party {
        Party::Vendor(id) => Decided { vendor: Some(id.clone()), psa: None, decision },
        Party::Psa(id) => Decided { vendor: None, psa: Some(id.clone()), decision },
    }
}

/// Ids are cloned without asking their tags to be.
fn copy<E>(pair: &Link<E>) -> Link<E> {
    Link { vendor: pair.vendor.clone(), psa: pair.psa.clone() }
}
