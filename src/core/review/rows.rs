//! The rows: every vendor record once, every PSA record nothing stands for once, each with its status.
//!
//! Keeps counts honest: each row has exactly one status, so the filters add up to the whole.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Decided, last_words};
use crate::core::id::{Id, Psa, Vendor};
use crate::core::link::{Decision, LinkSet, Verdict};
use crate::core::matching::{Band, Evidence, Level, Permille, Proposal};
use crate::core::money::{Amount, Totals};
use crate::core::record::Fingerprint;

/// How many reasons for and how many against a row shows.
const REASONS: usize = 3;

/// What kind of record a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A customer.
    Customer,
    /// A product.
    Product,
}

impl Kind {
    /// The word in keys, files and on screen.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Product => "product",
        }
    }
}

/// Where a row stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// A counterpart is proposed and waits for a decision.
    Proposed,
    /// Linked.
    Mapped,
    /// No counterpart was found.
    Unmapped,
    /// No counterpart by intent.
    Excluded,
    /// Keys or links contradict each other.
    Conflict,
    /// The proposed counterpart was rejected, and no other was found.
    Rejected,
}

impl Status {
    /// The word in files and on screen.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Mapped => "mapped",
            Self::Unmapped => "unmapped",
            Self::Excluded => "excluded",
            Self::Conflict => "conflict",
            Self::Rejected => "rejected",
        }
    }
}

/// Which rows to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// Every row.
    All,
    /// Waiting for a decision.
    Proposed,
    /// Linked.
    Mapped,
    /// Without a counterpart, rejected ones included.
    Unmapped,
    /// Without a counterpart by intent.
    Excluded,
    /// Contradicting.
    Conflict,
}

impl Filter {
    /// All filters, in the order they are offered.
    const EACH: [Self; 6] = [Self::All, Self::Proposed, Self::Mapped, Self::Unmapped, Self::Excluded, Self::Conflict];

    /// The word in commands and on screen.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Proposed => "proposed",
            Self::Mapped => "mapped",
            Self::Unmapped => "unmapped",
            Self::Excluded => "excluded",
            Self::Conflict => "conflict",
        }
    }

    /// Whether a row of this status is shown.
    #[must_use]
    pub fn shows(self, status: Status) -> bool {
        match self {
            Self::All => true,
            Self::Proposed => status == Status::Proposed,
            Self::Mapped => status == Status::Mapped,
            Self::Unmapped => matches!(status, Status::Unmapped | Status::Rejected),
            Self::Excluded => status == Status::Excluded,
            Self::Conflict => status == Status::Conflict,
        }
    }
}

/// What the list is made from; one kind of record at a time.
#[derive(Debug, Clone, Copy)]
pub struct Work<'a, E> {
    /// What kind of record.
    pub kind: Kind,
    /// The proposals of today.
    pub proposals: &'a [Proposal<E>],
    /// The links that stand.
    pub links: &'a LinkSet<E>,
    /// All decisions in order of time.
    pub history: &'a [Decided<E>],
    /// Every vendor record by id, with its name.
    pub vendor_names: &'a BTreeMap<Id<Vendor, E>, String>,
    /// Every PSA record by id, with its name.
    pub psa_names: &'a BTreeMap<Id<Psa, E>, String>,
    /// Linked vendor records that a complete listing no longer has. A partial one can say nothing of the kind.
    pub gone_vendor: &'a BTreeSet<Id<Vendor, E>>,
    /// Linked PSA records that a complete listing no longer has.
    pub gone_psa: &'a BTreeSet<Id<Psa, E>>,
    /// What a vendor record costs in the period, where it is known.
    pub vendor_money: &'a BTreeMap<Id<Vendor, E>, Totals>,
    /// What a PSA record bills in the period, where it is known.
    pub psa_money: &'a BTreeMap<Id<Psa, E>, Totals>,
}

/// One line of the review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct ReviewRow<E> {
    /// What kind of record.
    pub kind: Kind,
    /// The row's name: the same record has the same key in every export.
    pub key: String,
    /// Where it stands.
    pub status: Status,
    /// The vendor's record.
    pub vendor: Option<Id<Vendor, E>>,
    /// Its name; empty when there is none.
    pub vendor_name: String,
    /// The PSA's record: linked, proposed or rejected, as the status says.
    pub psa: Option<Id<Psa, E>>,
    /// Its name; empty when there is none.
    pub psa_name: String,
    /// How sure the proposal is.
    pub score: Option<Permille>,
    /// How to take it.
    pub band: Option<Band>,
    /// Whether a rival is as good.
    pub tie: bool,
    /// The strongest reasons for, strongest first.
    pub reasons_for: Vec<String>,
    /// The strongest reasons against, and what contradicts.
    pub reasons_against: Vec<String>,
    /// The next best, in words.
    pub runner_up: Option<String>,
    /// How far the next best is behind.
    pub distance: Option<Permille>,
    /// The money that hangs on the vendor's record, or on the PSA's where there is no other.
    pub money: Totals,
    /// The last decision on it.
    pub decision: Option<Decision>,
    /// Of the evidence shown.
    pub evidence: Option<Fingerprint>,
}

/// The list, most money first, then the surest.
#[must_use]
pub fn rows<E>(work: &Work<'_, E>) -> Vec<ReviewRow<E>> {
    let words = last_words(work.history);
    let mut rows: Vec<ReviewRow<E>> = work.links.iter().map(|(v, p)| mapped(work, &words, v, p)).collect();
    rows.extend(work.proposals.iter().map(|p| proposed(work, &words, p)));
    let listed: BTreeSet<String> = rows.iter().map(|r| r.key.clone()).collect();
    for ((vendor, psa), decision) in &words {
        if decision.verdict == Verdict::Excluded && vendor.is_some() != psa.is_some() {
            let row = excluded(work, vendor.as_ref(), psa.as_ref(), decision);
            if !listed.contains(&row.key) {
                rows.push(row);
            }
        }
    }
    rows.sort_by_cached_key(|r| (Reverse(weight_of(&r.money)), Reverse(r.score), r.key.clone()));
    rows
}

/// How many rows each filter shows.
#[must_use]
pub fn counts<E>(rows: &[ReviewRow<E>]) -> Vec<(Filter, usize)> {
    Filter::EACH.iter().map(|f| (*f, rows.iter().filter(|r| f.shows(r.status)).count())).collect()
}

type Words<'a, E> = BTreeMap<super::PairKey<E>, &'a Decision>;

/// Currencies are never added or converted: a row is as heavy as its heaviest one.
fn weight_of(money: &Totals) -> Amount {
    money.iter().map(|m| m.amount().magnitude()).max().unwrap_or_default()
}

fn blank<E>(work: &Work<'_, E>, vendor: Option<&Id<Vendor, E>>, psa: Option<&Id<Psa, E>>) -> ReviewRow<E> {
    let kind = work.kind.as_str();
    let key = match (vendor, psa) {
        (Some(vendor), _) => format!("{kind}:vendor:{vendor}"),
        (None, Some(psa)) => format!("{kind}:psa:{psa}"),
        (None, None) => format!("{kind}:"),
    };
    let money = vendor.and_then(|v| work.vendor_money.get(v)).or_else(|| psa.and_then(|p| work.psa_money.get(p)));
    ReviewRow {
        kind: work.kind,
        key,
        status: Status::Unmapped,
        vendor: vendor.cloned(),
        vendor_name: vendor.and_then(|v| work.vendor_names.get(v)).cloned().unwrap_or_default(),
        psa: psa.cloned(),
        psa_name: psa.and_then(|p| work.psa_names.get(p)).cloned().unwrap_or_default(),
        score: None,
        band: None,
        tie: false,
        reasons_for: Vec::new(),
        reasons_against: Vec::new(),
        runner_up: None,
        distance: None,
        money: money.cloned().unwrap_or_default(),
        decision: None,
        evidence: None,
    }
}

/// A link that stands; one whose record is gone for certain is a conflict.
fn mapped<E>(work: &Work<'_, E>, words: &Words<'_, E>, vendor: &Id<Vendor, E>, psa: &Id<Psa, E>) -> ReviewRow<E> {
    let mut row = blank(work, Some(vendor), Some(psa));
    row.status = Status::Mapped;
    row.decision = words.get(&(Some(vendor.clone()), Some(psa.clone()))).map(|d| (*d).clone());
    for (gone, side, id) in [
        (work.gone_vendor.contains(vendor), "vendor", vendor.as_str()),
        (work.gone_psa.contains(psa), "PSA", psa.as_str()),
    ] {
        if gone {
            row.status = Status::Conflict;
            row.reasons_against.push(format!("the {side} no longer lists {id}; unlink, or look for it there"));
        }
    }
    row
}

fn proposed<E>(work: &Work<'_, E>, words: &Words<'_, E>, proposal: &Proposal<E>) -> ReviewRow<E> {
    let mut row = blank(work, proposal.vendor.as_ref(), proposal.psa.as_ref());
    let pair = proposal.vendor.is_some() && proposal.psa.is_some();
    let last = |vendor, psa| words.get(&(vendor, psa)).map(|d| (*d).clone());
    row.decision = last(proposal.vendor.clone(), proposal.psa.clone()).or_else(|| last(proposal.vendor.clone(), None));
    // The proposals may be older than the last decisions: what was decided on this evidence is not asked again.
    let on_this = |d: &Decision| d.evidence.as_ref().is_none_or(|seen| *seen == proposal.fingerprint);
    row.status = if row.decision.as_ref().is_some_and(|d| d.verdict == Verdict::Excluded) {
        Status::Excluded
    } else if proposal.has_key_conflict() {
        Status::Conflict
    } else if pair && row.decision.as_ref().is_some_and(|d| d.verdict == Verdict::Rejected && on_this(d)) {
        Status::Rejected
    } else if pair {
        Status::Proposed
    } else {
        Status::Unmapped
    };
    if pair {
        row.score = Some(proposal.score);
    } else if let Some((psa, decision)) = proposal.vendor.as_ref().and_then(|v| rejection_of(words, v)) {
        if row.status == Status::Unmapped {
            row.status = Status::Rejected;
        }
        row.psa = Some(psa.clone());
        row.psa_name = work.psa_names.get(psa).cloned().unwrap_or_default();
        row.decision = Some(decision.clone());
    }
    row.band = Some(proposal.band);
    row.tie = proposal.tie;
    (row.reasons_for, row.reasons_against) = reasons(&proposal.evidence, proposal.tie);
    if let Some(next) = &proposal.runner_up {
        row.runner_up = Some(format!("{} ({}, {})", next.name, next.psa, next.score));
        row.distance = pair.then(|| Permille(proposal.score.0.saturating_sub(next.score.0)));
    }
    row.evidence = Some(proposal.fingerprint.clone());
    row
}

/// The pair of a vendor record that was rejected, if its last word says so; the first by id where there are several.
fn rejection_of<'w, E>(words: &'w Words<'_, E>, vendor: &Id<Vendor, E>) -> Option<(&'w Id<Psa, E>, &'w Decision)> {
    let of_vendor = words.range((Some(vendor.clone()), None)..).take_while(|((v, _), _)| v.as_ref() == Some(vendor));
    let mut rejected = of_vendor.filter(|(_, d)| d.verdict == Verdict::Rejected);
    rejected.find_map(|((_, psa), d)| Some((psa.as_ref()?, *d)))
}

fn excluded<E>(
    work: &Work<'_, E>,
    vendor: Option<&Id<Vendor, E>>,
    psa: Option<&Id<Psa, E>>,
    decision: &Decision,
) -> ReviewRow<E> {
    let mut row = blank(work, vendor, psa);
    row.status = Status::Excluded;
    row.decision = Some(decision.clone());
    row
}

/// The strongest reasons for and against, in words.
fn reasons(evidence: &[Evidence], tie: bool) -> (Vec<String>, Vec<String>) {
    let mut sorted: Vec<&Evidence> = evidence.iter().collect();
    sorted.sort_by_key(|e| (Reverse(e.weight.unsigned_abs()), e.attribute));
    let said = |e: &&Evidence| {
        let sign = if e.weight < 0 { '-' } else { '+' };
        let (whole, tenth) = (e.weight.unsigned_abs() / 1000, e.weight.unsigned_abs() % 1000 / 100);
        format!("{} {sign}{whole}.{tenth}", e.line())
    };
    let good = sorted.iter().filter(|e| e.weight > 0).take(REASONS).map(said).collect();
    let contradicting = evidence.iter().filter(|e| e.level == Level::Conflict).map(Evidence::line);
    let mut bad: Vec<String> = contradicting.collect();
    if tie {
        bad.push("another candidate is as good".to_owned());
    }
    bad.extend(sorted.iter().filter(|e| e.weight < 0).take(REASONS).map(said));
    (good, bad)
}
