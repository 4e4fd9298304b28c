//! Candidates: which pairs are worth comparing, found through indexes and never by trying all pairs.
//!
//! Keeps the work linear in what is shared: names meet through rare words and letter groups, fields through equal values.
//! Integers only; equal similarity is ordered by position, so the same records give the same candidates.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::Attribute;
use super::subject::Subject;

/// Candidates kept for each vendor record, by name.
const PER_VENDOR: usize = 10;
/// Candidates kept for each PSA record, by name, looked up the other way round.
const PER_PSA: usize = 5;
/// A field value shared by more records of one side than this does not tell them apart.
const SHARED_MAX: usize = 20;
/// Terms that stand in more than one of this many records are left out of the index of a long list...
const COMMON_SHARE: usize = 20;
/// ...and always kept while they stand in no more records than this.
const COMMON_MIN: usize = 200;

/// A name as a sparse vector: term and weight, in order of the term.
pub(super) type Vector = Vec<(u32, u16)>;

/// Which records take part, by position.
pub(super) struct Open<'a> {
    pub(super) vendor: &'a [bool],
    pub(super) psa: &'a [bool],
}

/// Pairs to compare, in order.
pub(super) fn candidates(
    (vendor, psa): (&[Subject], &[Subject]),
    (vendor_names, psa_names): (&[Vector], &[Vector]),
    open: &Open<'_>,
) -> BTreeSet<(usize, usize)> {
    let mut pairs = BTreeSet::new();
    nearest((vendor_names, open.vendor), (psa_names, open.psa), PER_VENDOR, |v, p| {
        pairs.insert((v, p));
    });
    nearest((psa_names, open.psa), (vendor_names, open.vendor), PER_PSA, |p, v| {
        pairs.insert((v, p));
    });
    share_a_field(vendor, psa, open, &mut pairs);
    pairs
}

/// The `k` nearest records of `to` for each record of `from`.
fn nearest(
    (from, from_open): (&[Vector], &[bool]),
    (to, to_open): (&[Vector], &[bool]),
    k: usize,
    mut found: impl FnMut(usize, usize),
) {
    let index = Index::of(to, to_open);
    let mut sums = vec![0_u32; to.len()];
    let mut touched: Vec<u32> = Vec::new();
    for (at, vector) in from.iter().enumerate() {
        if from_open.get(at) != Some(&true) {
            continue;
        }
        for (term, weight) in vector {
            for (other, there) in index.postings(*term) {
                if let Some(sum) = usize::try_from(*other).ok().and_then(|o| sums.get_mut(o)) {
                    if *sum == 0 {
                        touched.push(*other);
                    }
                    *sum += u32::from(*weight) * u32::from(*there);
                }
            }
        }
        let mut best: Vec<(std::cmp::Reverse<u32>, u32)> = Vec::with_capacity(touched.len());
        for other in touched.drain(..) {
            if let Some(sum) = usize::try_from(other).ok().and_then(|o| sums.get_mut(o)) {
                best.push((std::cmp::Reverse(std::mem::take(sum)), other));
            }
        }
        if best.len() > k {
            best.select_nth_unstable(k - 1);
            best.truncate(k);
        }
        for (_, other) in best {
            if let Ok(other) = usize::try_from(other) {
                found(at, other);
            }
        }
    }
}

/// For each term the records it stands in.
struct Index {
    /// Where the records of a term begin; one more entry than terms.
    starts: Vec<usize>,
    records: Vec<(u32, u16)>,
}

impl Index {
    fn of(vectors: &[Vector], open: &[bool]) -> Self {
        let mut all: Vec<(u32, u32, u16)> = Vec::new();
        for ((at, vector), open) in vectors.iter().enumerate().zip(open) {
            if let (true, Ok(at)) = (*open, u32::try_from(at)) {
                all.extend(vector.iter().map(|(term, weight)| (*term, at, *weight)));
            }
        }
        all.sort_unstable();
        let common = (vectors.len() / COMMON_SHARE).max(COMMON_MIN);
        let mut index = Self { starts: vec![0], records: Vec::with_capacity(all.len()) };
        for group in all.chunk_by(|a, b| a.0 == b.0) {
            let term = group.first().map_or(0, |g| usize::try_from(g.0).unwrap_or(usize::MAX));
            index.starts.resize(term + 1, index.records.len());
            if group.len() <= common {
                index.records.extend(group.iter().map(|(_, at, weight)| (*at, *weight)));
            }
            index.starts.push(index.records.len());
        }
        index
    }

    fn postings(&self, term: u32) -> &[(u32, u16)] {
        let term = usize::try_from(term).unwrap_or(usize::MAX);
        let bounds = self.starts.get(term).zip(self.starts.get(term.saturating_add(1)));
        bounds.and_then(|(from, to)| self.records.get(*from..*to)).unwrap_or_default()
    }
}

/// The records of both sides that carry one value.
type Sides = (Vec<usize>, Vec<usize>);

/// Pairs with an equal telephone, domain, street, article code: records that share nothing but that are found too.
fn share_a_field(vendor: &[Subject], psa: &[Subject], open: &Open<'_>, pairs: &mut BTreeSet<(usize, usize)>) {
    let mut places: BTreeMap<(Attribute, &str), Sides> = BTreeMap::new();
    for (subjects, open, left) in [(vendor, open.vendor, true), (psa, open.psa, false)] {
        for ((at, subject), _) in subjects.iter().enumerate().zip(open).filter(|(_, open)| **open) {
            for field in subject.fields.iter().filter(|f| tells_apart(f.attribute)) {
                let value = field.compared.coarse.as_deref().filter(|_| field.attribute == Attribute::Street);
                let key = (field.attribute, value.unwrap_or(&field.compared.full));
                let sides = places.entry(key).or_default();
                if left { sides.0.push(at) } else { sides.1.push(at) }
            }
        }
    }
    for (left, right) in places.values().filter(|(l, r)| l.len() <= SHARED_MAX && r.len() <= SHARED_MAX) {
        pairs.extend(left.iter().flat_map(|v| right.iter().map(move |p| (*v, *p))));
    }
}

fn tells_apart(attribute: Attribute) -> bool {
    match attribute {
        Attribute::Phone | Attribute::Domain | Attribute::Street | Attribute::ArticleCode => true,
        Attribute::Key
        | Attribute::Name
        | Attribute::Numbers
        | Attribute::LegalForm
        | Attribute::Audience
        | Attribute::Term
        | Attribute::Postcode
        | Attribute::City
        | Attribute::Manufacturer
        | Attribute::Rejection => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_are_found_through_shared_terms_and_closed_records_are_not() {
        let vectors: Vec<Vector> = vec![vec![(0, 900), (1, 400)], vec![(1, 1000)], vec![(7, 1000)]];
        let mut found = Vec::new();
        nearest((&vectors, &[true; 3]), (&vectors, &[true, true, false]), 1, |a, b| found.push((a, b)));
        assert_eq!(found, [(0, 0), (1, 1)]);
    }
}
