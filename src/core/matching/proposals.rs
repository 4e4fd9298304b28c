//! Writing the proposals: the chosen pair of each record with every reason, its rivals and its band.
//!
//! Keeps the rule that each open record is in exactly one proposal, whether a counterpart was found or not.

use std::collections::BTreeMap;

use super::assign::Edge;
use super::classify::{self, Standing};
use super::compare::Comparer;
use super::evidence::{Attribute, Band, Candidate, Evidence, ExactKey, Level, Permille, Proposal};
use super::keys::Keys;
use super::subject::{self, Subject};
use super::{KEY_WEIGHT, Known, Rules};
use crate::core::id::{Id, Psa};
use crate::core::link::Shape;
use crate::core::record::Fingerprint;

/// Candidates shown beside a proposal.
const ALTERNATIVES: usize = 5;

/// Everything a proposal is written from.
pub(super) struct Scene<'a, E> {
    pub(super) sides: (&'a [Subject], &'a [Subject]),
    pub(super) keys: &'a Keys,
    pub(super) known: &'a Known<E>,
    pub(super) rules: &'a Rules,
    pub(super) shape: Shape,
    pub(super) comparer: &'a Comparer<'a>,
    /// In order of vendor, then PSA position.
    pub(super) edges: &'a [Edge],
    pub(super) chosen: &'a [Option<usize>],
}

impl<E> Scene<'_, E> {
    /// One proposal for each open vendor record, then one for each open PSA record nothing claims.
    pub(super) fn proposals(&self, vendor_open: &[bool], psa_open: &[bool]) -> Vec<Proposal<E>> {
        let claims = self.claims();
        let mut taken = vec![false; self.sides.1.len()];
        let mut out = Vec::new();
        for ((v, subject), open) in self.sides.0.iter().enumerate().zip(vendor_open) {
            let edge = self.chosen.get(v).copied().flatten().and_then(|at| self.edges.get(at));
            if let Some(taken) = edge.and_then(|e| taken.get_mut(e.psa)) {
                *taken = true;
            }
            if *open {
                out.push(self.proposal(v, subject, edge, &claims));
            }
        }
        for ((p, subject), open) in self.sides.1.iter().enumerate().zip(psa_open) {
            let linked = self.known.links.knows_psa(&Id::new(subject.id.as_str()));
            if *open && !linked && taken.get(p) != Some(&true) {
                out.push(unclaimed(subject));
            }
        }
        out
    }

    /// For each PSA record the scores of the pairs that would take it, where only one may.
    fn claims(&self) -> BTreeMap<usize, Vec<(usize, Permille)>> {
        let mut claims: BTreeMap<usize, Vec<(usize, Permille)>> = BTreeMap::new();
        if self.shape == Shape::OneToOne {
            for edge in self.edges {
                claims.entry(edge.psa).or_default().push((edge.vendor, edge.score));
            }
        }
        claims
    }

    fn edges_of(&self, v: usize) -> &[Edge] {
        let from = self.edges.partition_point(|e| e.vendor < v);
        let to = self.edges.partition_point(|e| e.vendor <= v);
        self.edges.get(from..to).unwrap_or_default()
    }

    fn proposal(
        &self,
        v: usize,
        subject: &Subject,
        edge: Option<&Edge>,
        claims: &BTreeMap<usize, Vec<(usize, Permille)>>,
    ) -> Proposal<E> {
        let mut rivals: Vec<&Edge> = self.edges_of(v).iter().collect();
        rivals.sort_by_key(|e| (std::cmp::Reverse(e.score), std::cmp::Reverse(e.weight), e.psa));
        let alternatives: Vec<_> = rivals.iter().take(ALTERNATIVES).filter_map(|e| self.candidate(e)).collect();
        let beside = rivals.iter().find(|e| edge.is_none_or(|chosen| chosen.psa != e.psa));
        let runner_up = beside.and_then(|e| self.candidate(e));
        let conflict = self.keys.conflicts.get(&v).map(key_conflict).or_else(|| self.key_points_at_a_taken_record(v));
        let key_conflict = conflict.is_some();
        let mut evidence: Vec<Evidence> = conflict.into_iter().collect();
        let other = edge.and_then(|e| self.sides.1.get(e.psa));
        let mut proposal = Proposal {
            vendor: Some(Id::new(subject.id.as_str())),
            psa: None,
            score: Permille(0),
            band: Band::NoCounterpart,
            exact_key: None,
            tie: false,
            evidence: Vec::new(),
            runner_up,
            alternatives,
            fingerprint: subject::fingerprint(Some(subject), other),
        };
        if let (Some(edge), Some(other)) = (edge, other) {
            let at_psa = claims.get(&edge.psa).into_iter().flatten().filter(|c| c.0 != v).map(|c| c.1);
            let rival = beside.map(|e| e.score).into_iter().chain(at_psa).max().unwrap_or_default();
            // a better rival that went elsewhere leaves as much doubt as an equal one
            let tie = !edge.exact && rival >= edge.score;
            let standing = Standing { score: edge.score, rival, tie, key_conflict, exact: edge.exact };
            proposal.psa = Some(Id::new(other.id.as_str()));
            proposal.score = if edge.exact { Permille::ALL } else { edge.score };
            proposal.band = classify::band(standing, self.rules);
            proposal.exact_key = self.keys.exact.get(&(v, edge.psa)).cloned();
            proposal.tie = tie;
            evidence.extend(proposal.exact_key.as_ref().map(key_equal));
            evidence.extend(self.comparer.explain(v, edge.psa));
            evidence.extend(earlier_rejection(subject, other, self.known).map(|_| rejected_before()));
        }
        proposal.evidence = evidence;
        proposal
    }

    fn candidate(&self, edge: &Edge) -> Option<Candidate<E>> {
        let psa = self.sides.1.get(edge.psa)?;
        let (psa, name) = (Id::new(psa.id.as_str()), psa.name.clone());
        Some(Candidate { psa, name, score: edge.score, weight: edge.weight })
    }

    /// A key that decides, but for a record that another link or an exclusion has taken.
    fn key_points_at_a_taken_record(&self, v: usize) -> Option<Evidence> {
        let ((_, p), key) = self.keys.exact.range((v, 0)..=(v, usize::MAX)).next()?;
        let psa = Id::<Psa, E>::new(self.sides.1.get(*p)?.id.as_str());
        let holder = self.known.links.vendors_of(&psa).next();
        match (self.shape, holder, self.known.excluded_psa.contains(&psa)) {
            (Shape::OneToOne, Some(holder), _) => {
                Some(key_conflict(&(key.clone(), format!("{psa} is already linked with {holder}"))))
            }
            (_, _, true) => Some(key_conflict(&(key.clone(), format!("{psa} is excluded")))),
            (Shape::OneToOne | Shape::ManyToOne, _, false) => None,
        }
    }
}

/// A PSA record nobody claims.
fn unclaimed<E>(subject: &Subject) -> Proposal<E> {
    Proposal {
        vendor: None,
        psa: Some(Id::new(subject.id.as_str())),
        score: Permille(0),
        band: Band::NoCounterpart,
        exact_key: None,
        tie: false,
        evidence: Vec::new(),
        runner_up: None,
        alternatives: Vec::new(),
        fingerprint: subject::fingerprint(None, Some(subject)),
    }
}

fn key_line(key: &ExactKey, level: Level, weight: i32, note: String) -> Evidence {
    let value = key.value.clone();
    Evidence { attribute: Attribute::Key, level, vendor_value: value.clone(), psa_value: value, weight, note }
}

fn key_equal(key: &ExactKey) -> Evidence {
    key_line(key, Level::Equal, KEY_WEIGHT, key.kind.clone())
}

fn key_conflict((key, why): &(ExactKey, String)) -> Evidence {
    key_line(key, Level::Conflict, 0, format!("{}, {why}", key.kind))
}

fn rejected_before() -> Evidence {
    Evidence {
        attribute: Attribute::Rejection,
        level: Level::Different,
        vendor_value: String::new(),
        psa_value: String::new(),
        weight: 0,
        note: "rejected before, on other evidence".to_owned(),
    }
}

/// What was said of the pair before: rejected, and on which evidence.
pub(super) fn earlier_rejection<'k, E>(
    vendor: &Subject,
    psa: &Subject,
    known: &'k Known<E>,
) -> Option<&'k Option<Fingerprint>> {
    if known.rejected.is_empty() {
        return None;
    }
    known.rejected.get(&(Id::new(vendor.id.as_str()), Id::new(psa.id.as_str())))
}
