//! Bands: what the score of a pair means for the person who decides.
//!
//! Keeps the rule that a tie, a conflict of keys and a near rival each make a possible match of whatever score.

use super::Rules;
use super::evidence::{Band, Permille};

/// What is known of a pair when it is put into a band.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) score: Permille,
    /// The best score among pairs that would take one of the same records.
    pub(super) rival: Permille,
    pub(super) tie: bool,
    pub(super) key_conflict: bool,
    pub(super) exact: bool,
}

/// The band of a proposed pair.
pub(super) fn band(standing: Standing, rules: &Rules) -> Band {
    let clear = standing.score.0.saturating_sub(standing.rival.0) >= rules.margin.0;
    if standing.key_conflict || standing.tie {
        Band::Possible
    } else if standing.exact || (standing.score >= rules.match_at && clear) {
        Band::Match
    } else {
        Band::Possible
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_conflicts_and_near_rivals_are_possible_however_high() {
        let rules = Rules::default();
        let sure =
            Standing { score: Permille(990), rival: Permille(10), tie: false, key_conflict: false, exact: false };
        for (standing, expected) in [
            (sure, Band::Match),
            (Standing { score: Permille(949), ..sure }, Band::Possible),
            (Standing { rival: Permille(700), ..sure }, Band::Possible),
            (Standing { tie: true, ..sure }, Band::Possible),
            (Standing { key_conflict: true, ..sure }, Band::Possible),
            (Standing { score: Permille(100), exact: true, ..sure }, Band::Match),
            (Standing { exact: true, tie: true, ..sure }, Band::Possible),
        ] {
            assert_eq!(band(standing, &rules), expected, "{standing:?}");
        }
    }
}
