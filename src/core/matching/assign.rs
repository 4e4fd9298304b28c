//! The choice: which pairs are proposed together, in the shape the relation allows.
//!
//! Keeps the shape: a vendor record is in one pair at most, and a PSA record too where the relation is one-to-one. Taken from
//! the highest score down; equal scores by weight, then by position, so the choice is the same for any order of input.

use super::evidence::Permille;
use crate::core::link::Shape;

/// A pair that was compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) vendor: usize,
    pub(super) psa: usize,
    /// The sum of the evidence.
    pub(super) weight: i32,
    /// How sure, with all rivals considered.
    pub(super) score: Permille,
    /// Decided by a key.
    pub(super) exact: bool,
}

/// For each vendor record the position of its chosen edge.
pub(super) fn choose(
    edges: &[Edge],
    (vendors, psas): (usize, usize),
    shape: Shape,
    possible_at: Permille,
) -> Vec<Option<usize>> {
    let mut order: Vec<usize> = (0..edges.len()).collect();
    order.sort_by_key(|at| {
        edges.get(*at).map(|e| {
            (std::cmp::Reverse(e.exact), std::cmp::Reverse(e.score), std::cmp::Reverse(e.weight), e.vendor, e.psa)
        })
    });
    let mut chosen = vec![None; vendors];
    let mut taken = vec![false; psas];
    for at in order {
        let Some(edge) = edges.get(at).filter(|e| e.exact || e.score >= possible_at) else {
            continue;
        };
        if let (Some(mine @ None), Some(theirs)) = (chosen.get_mut(edge.vendor), taken.get_mut(edge.psa))
            && !(shape == Shape::OneToOne && *theirs)
        {
            *mine = Some(at);
            *theirs = true;
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(vendor: usize, psa: usize, score: u16) -> Edge {
        Edge { vendor, psa, weight: 0, score: Permille(score), exact: false }
    }

    #[test]
    fn the_shape_decides_how_often_a_psa_record_is_taken() {
        let edges = [edge(0, 0, 900), edge(1, 0, 800), edge(1, 1, 300), edge(2, 1, 50)];
        let floor = Permille(100);
        assert_eq!(choose(&edges, (3, 2), Shape::OneToOne, floor), [Some(0), Some(2), None]);
        assert_eq!(choose(&edges, (3, 2), Shape::ManyToOne, floor), [Some(0), Some(1), None]);
    }
}
