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
mod likeliest;
mod normalize;
mod proposals;
mod subject;
mod titles;

#[cfg(test)]
mod laws;

use std::collections::{BTreeMap, BTreeSet};

use assign::Edge;
use block::Open;
use compare::Comparer;
pub use evidence::{Attribute, Band, Candidate, Evidence, ExactKey, Level, Permille, Proposal};
use keys::Keys;
pub use likeliest::{Candidates, Likeliest, likeliest};
use proposals::{Scene, earlier_rejection};
use subject::Subject;
pub use titles::{SHIPPED as SHIPPED_TITLE_WORDS, TitleWords};

use crate::core::customer::{PsaCustomer, VendorCustomer};
use crate::core::id::{Company, Id, Product, Psa, Vendor};
use crate::core::link::{Link, LinkSet, Shape};
use crate::core::product::{PsaProduct, VendorProduct};
use crate::core::record::Fingerprint;

/// The weight a deciding key enters the competition with: no name outweighs it.
const KEY_WEIGHT: i32 = 20_000;

/// Two records, side by side.
pub type Pair<E> = (Id<Vendor, E>, Id<Psa, E>);

/// What has been decided before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known<E> {
    /// Links that stand.
    pub links: LinkSet<E>,
    /// Pairs that are not the same, with the evidence they were rejected on; without one they never come back.
    pub rejected: BTreeMap<Pair<E>, Option<Fingerprint>>,
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
        let free = shape == Shape::ManyToOne || !known.links.knows_psa(&id);
        free && !known.excluded_psa.contains(&id)
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
    let strength = |e: &Edge| if e.exact { KEY_WEIGHT + e.weight.max(0) } else { e.weight };
    let graph: Vec<_> = edges.iter().map(|e| (e.vendor, e.psa, strength(e))).collect();
    for (edge, score) in edges.iter_mut().zip(compare::compete(&graph, (sides.0.len(), sides.1.len()), shape)) {
        edge.score = score;
    }
    edges
}
