//! Competition: how likely each pair is when every record may be in one pair only.
//!
//! Two equally good candidates get a half each instead of near certainty twice. Messages run over the graph of candidates a
//! fixed number of times, in the order of the pairs, so the same pairs give the same result.

use super::per_mille;
use crate::core::link::Shape;
use crate::core::matching::evidence::Permille;

/// Rounds of messages; the graph is sparse and nearly a forest, they settle early.
const ROUNDS: usize = 8;

/// The probability of each pair, from (vendor position, PSA position, weight) in order.
pub(crate) fn compete(edges: &[(usize, usize, i32)], (vendors, psas): (usize, usize), shape: Shape) -> Vec<Permille> {
    let s: Vec<f64> = edges.iter().map(|e| f64::from(e.2) / 1000.0).collect();
    let vendor_of: Vec<usize> = edges.iter().map(|e| e.0).collect();
    let psa_of: Vec<usize> = edges.iter().map(|e| e.1).collect();
    let mut a = vec![0.0; edges.len()];
    let mut b = vec![0.0; edges.len()];
    for _ in 0..ROUNDS {
        a = against_rivals(&s, &b, &vendor_of, vendors);
        if shape == Shape::OneToOne {
            b = against_rivals(&s, &a, &psa_of, psas);
        }
    }
    s.iter().zip(&a).zip(&b).map(|((s, a), b)| per_mille(1.0 / (1.0 + (-(s + a + b)).exp()))).collect()
}

/// For each pair `-ln(1 + Σ exp(s + m))` over the other pairs of its record.
fn against_rivals(s: &[f64], m: &[f64], record_of: &[usize], records: usize) -> Vec<f64> {
    let mut sums = vec![0.0; records];
    let strengths: Vec<f64> = s.iter().zip(m).map(|(s, m)| (s + m).exp()).collect();
    for (strength, record) in strengths.iter().zip(record_of) {
        if let Some(sum) = sums.get_mut(*record) {
            *sum += strength;
        }
    }
    let rivals = |strength: &f64, record: &usize| sums.get(*record).map_or(0.0, |sum| (sum - strength).max(0.0));
    strengths.iter().zip(record_of).map(|(strength, record)| -rivals(strength, record).ln_1p()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_rivals_share_and_a_claimed_record_is_not_free() {
        let p = |edges: &[(usize, usize, i32)], shape| {
            compete(edges, (2, 2), shape).iter().map(|p| p.0).collect::<Vec<_>>()
        };
        // two equally good candidates: a half each
        let halves = p(&[(0, 0, 9000), (0, 1, 9000)], Shape::OneToOne);
        assert!(halves[0] == halves[1] && (480..=500).contains(&halves[0]), "{halves:?}");
        // the same PSA record for two vendor records: only where sharing is allowed both are sure
        let claimed = [(0, 0, 9000), (1, 0, 5000)];
        let shared = p(&claimed, Shape::ManyToOne);
        assert!(shared[0] > 990 && shared[1] > 990, "{shared:?}");
        let single = p(&claimed, Shape::OneToOne);
        assert!(single[0] > 950 && single[1] < 50, "{single:?}");
    }
}
