//! Matching: proposals which records of the two sides are the same.
//!
//! The pipeline is [`propose`]: known links leave, keys decide before names, candidates come from indexes, every pair is
//! weighed attribute by attribute, rivals compete, a choice in the allowed shape is made, bands say how to take it.
//! Keeps two invariants: the order of input does not matter, and nothing is ever linked here; a proposal is shown to a
//! person.

mod assign;
mod block;
mod classify;
mod compare;
mod evidence;
mod fields;
mod keys;
mod normalize;
mod subject;
mod titles;

#[cfg(test)]
mod laws;

use std::collections::{BTreeMap, BTreeSet};

use assign::Edge;
use block::Open;
use classify::Standing;
use compare::Comparer;
pub use evidence::{Attribute, Band, Candidate, Evidence, ExactKey, Level, Permille, Proposal};
use keys::Keys;
use subject::Subject;
pub use titles::{SHIPPED as SHIPPED_TITLE_WORDS, TitleWords};

use crate::core::customer::{PsaCustomer, VendorCustomer};
use crate::core::id::{Company, Id, Product, Psa, Vendor};
use crate::core::link::{Link, LinkSet, Shape};
use crate::core::product::{PsaProduct, VendorProduct};
use crate::core::record::Fingerprint;

/// Candidates shown beside a proposal.
const ALTERNATIVES: usize = 5;
/// The weight a deciding key enters the competition with: no name outweighs it.
const KEY_WEIGHT: i32 = 20_000;

/// What has been decided before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known<E> {
    /// Links that stand.
    pub links: LinkSet<E>,
    /// Pairs that are not the same, with the evidence they were rejected on; without one they never come back.
    pub rejected: BTreeMap<(Id<Vendor, E>, Id<Psa, E>), Option<Fingerprint>>,
    /// Vendor records without a counterpart by intent.
    pub excluded_vendor: BTreeSet<Id<Vendor, E>>,
    /// PSA records without a counterpart by intent.
    pub excluded_psa: BTreeSet<Id<Psa, E>>,
}

impl<E> Default for Known<E> {
    fn default() -> Self {
        Self {
            links: LinkSet::default(),
            rejected: BTreeMap::new(),
            excluded_vendor: BTreeSet::new(),
            excluded_psa: BTreeSet::new(),
        }
    }
}

/// What an operator may set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// From this score on a pair is a match, if no rival is near.
    pub match_at: Permille,
    /// Below this score a pair is not proposed.
    pub possible_at: Permille,
    /// How far a match must be ahead of its best rival.
    pub margin: Permille,
    /// How many vendor companies one PSA customer may stand for.
    pub customers: Shape,
    /// How many vendor products one PSA product may stand for.
    pub products: Shape,
    /// The words of product titles.
    pub titles: TitleWords,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            match_at: Permille(950),
            possible_at: Permille(100),
            margin: Permille(300),
            customers: Shape::OneToOne,
            products: Shape::ManyToOne,
            titles: TitleWords::default(),
        }
    }
}

/// Proposes which customers are the same: one proposal for each vendor customer that is not linked or excluded, in order of
/// its id, then one for each PSA customer nothing claims.
#[must_use]
pub fn customers(
    vendor: &[VendorCustomer],
    psa: &[PsaCustomer],
    known: &Known<Company>,
    rules: &Rules,
) -> Vec<Proposal<Company>> {
    let (vendor, psa) = (subject::sorted(vendor), subject::sorted(psa));
    let subjects: (Vec<_>, Vec<_>) = (
        vendor.iter().map(|r| subject::customer(r.id.as_str(), &r.fields)).collect(),
        psa.iter().map(|r| subject::customer(r.id.as_str(), &r.fields)).collect(),
    );
    propose((&subjects.0, &subjects.1), &keys::customers(&vendor, &psa), known, rules, rules.customers)
}

/// Proposes which products are the same: as [`customers`], in the shape for products.
#[must_use]
pub fn products(
    vendor: &[VendorProduct],
    psa: &[PsaProduct],
    known: &Known<Product>,
    rules: &Rules,
) -> Vec<Proposal<Product>> {
    let (vendor, psa) = (subject::sorted(vendor), subject::sorted(psa));
    let subjects: (Vec<_>, Vec<_>) = (
        vendor.iter().map(|r| subject::product(r.id.as_str(), &r.fields, &rules.titles)).collect(),
        psa.iter().map(|r| subject::product(r.id.as_str(), &r.fields, &rules.titles)).collect(),
    );
    propose((&subjects.0, &subjects.1), &keys::products(&vendor, &psa), known, rules, rules.products)
}

/// The customers a key alone decides: what may be used where nobody decides (a folder of exports without links).
#[must_use]
pub fn exact_customers(vendor: &[VendorCustomer], psa: &[PsaCustomer]) -> Vec<Link<Company>> {
    let (vendor, psa) = (subject::sorted(vendor), subject::sorted(psa));
    links(
        &keys::customers(&vendor, &psa),
        |v| vendor.get(v).map(|r| r.id.clone()),
        |p| psa.get(p).map(|r| r.id.clone()),
    )
}

/// The products a key alone decides.
#[must_use]
pub fn exact_products(vendor: &[VendorProduct], psa: &[PsaProduct]) -> Vec<Link<Product>> {
    let (vendor, psa) = (subject::sorted(vendor), subject::sorted(psa));
    links(&keys::products(&vendor, &psa), |v| vendor.get(v).map(|r| r.id.clone()), |p| psa.get(p).map(|r| r.id.clone()))
}

fn links<E>(
    keys: &Keys,
    vendor: impl Fn(usize) -> Option<Id<Vendor, E>>,
    psa: impl Fn(usize) -> Option<Id<Psa, E>>,
) -> Vec<Link<E>> {
    keys.exact.keys().filter_map(|(v, p)| Some(Link { vendor: vendor(*v)?, psa: psa(*p)? })).collect()
}

/// The pipeline, whatever the records are.
fn propose<E>(
    sides: (&[Subject], &[Subject]),
    keys: &Keys,
    known: &Known<E>,
    rules: &Rules,
    shape: Shape,
) -> Vec<Proposal<E>> {
    let (vendor_open, psa_open) = open(sides, known, shape);
    let comparer = Comparer::new(sides.0, sides.1);
    let (vendor_names, psa_names) = comparer.vectors();
    let asked = Open { vendor: &vendor_open, psa: &psa_open };
    let mut pairs = block::candidates(sides, (&vendor_names, &psa_names), &asked);
    pairs.extend(
        keys.exact.keys().filter(|(v, p)| vendor_open.get(*v) == Some(&true) && psa_open.get(*p) == Some(&true)),
    );
    pairs.retain(|pair| !is_rejected(sides, *pair, known));

    let edges = weigh(&pairs, keys, &comparer, sides, shape);
    let chosen = assign::choose(&edges, (sides.0.len(), sides.1.len()), shape, rules.possible_at);
    let scene = Scene { sides, keys, known, rules, shape, comparer: &comparer, edges: &edges, chosen: &chosen };
    scene.proposals(&vendor_open, &psa_open)
}

/// Which records are to be proposed for: not linked, not excluded. A PSA record that may stand for several stays open.
fn open<E>(sides: (&[Subject], &[Subject]), known: &Known<E>, shape: Shape) -> (Vec<bool>, Vec<bool>) {
    let vendor = sides.0.iter().map(|s| {
        let id = Id::new(s.id.as_str());
        known.links.psa_of(&id).is_none() && !known.excluded_vendor.contains(&id)
    });
    let psa = sides.1.iter().map(|s| {
        let id = Id::new(s.id.as_str());
        !(shape == Shape::OneToOne && known.links.knows_psa(&id)) && !known.excluded_psa.contains(&id)
    });
    (vendor.collect(), psa.collect())
}

/// Whether the pair was rejected on the evidence it has today.
fn is_rejected<E>(sides: (&[Subject], &[Subject]), (v, p): (usize, usize), known: &Known<E>) -> bool {
    let (Some(vendor), Some(psa)) = (sides.0.get(v), sides.1.get(p)) else {
        return true;
    };
    match earlier_rejection(vendor, psa, known) {
        None => false,
        Some(None) => true,
        Some(Some(seen)) => *seen == subject::fingerprint(Some(vendor), Some(psa)),
    }
}

fn earlier_rejection<'k, E>(vendor: &Subject, psa: &Subject, known: &'k Known<E>) -> Option<&'k Option<Fingerprint>> {
    if known.rejected.is_empty() {
        return None;
    }
    known.rejected.get(&(Id::new(vendor.id.as_str()), Id::new(psa.id.as_str())))
}

/// Every pair with its weight and, after competition, its score.
fn weigh(
    pairs: &BTreeSet<(usize, usize)>,
    keys: &Keys,
    comparer: &Comparer<'_>,
    sides: (&[Subject], &[Subject]),
    shape: Shape,
) -> Vec<Edge> {
    let mut edges: Vec<Edge> = pairs
        .iter()
        .map(|(v, p)| Edge {
            vendor: *v,
            psa: *p,
            weight: comparer.weight(*v, *p),
            score: Permille(0),
            exact: keys.exact.contains_key(&(*v, *p)),
        })
        .collect();
    let strength = |e: &Edge| if e.exact { e.weight.max(KEY_WEIGHT) } else { e.weight };
    let graph: Vec<_> = edges.iter().map(|e| (e.vendor, e.psa, strength(e))).collect();
    for (edge, score) in edges.iter_mut().zip(compare::compete(&graph, (sides.0.len(), sides.1.len()), shape)) {
        edge.score = score;
    }
    edges
}

/// Everything a proposal is written from.
struct Scene<'a, E> {
    sides: (&'a [Subject], &'a [Subject]),
    keys: &'a Keys,
    known: &'a Known<E>,
    rules: &'a Rules,
    shape: Shape,
    comparer: &'a Comparer<'a>,
    /// In order of vendor, then PSA position.
    edges: &'a [Edge],
    chosen: &'a [Option<usize>],
}

impl<E> Scene<'_, E> {
    fn proposals(&self, vendor_open: &[bool], psa_open: &[bool]) -> Vec<Proposal<E>> {
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
            let tie = !edge.exact && rival == edge.score;
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
