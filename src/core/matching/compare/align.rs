//! Which words of two names stand for each other: equal, joined, shortened, mistyped.
//!
//! Each word is used once. Numbers are equal or not; nothing comes between.

use super::weigh::Token;
use crate::core::matching::evidence::Level;
use crate::core::matching::normalize::WordKind;
use crate::core::matching::subject::Subject;

/// How much of a word's weight counts, by how it was found.
const PLURAL: f64 = 0.95;
const ONE_EDIT: f64 = 0.9;
const PREFIX: f64 = 0.85;
const TWO_EDITS: f64 = 0.8;
const INITIALS: f64 = 0.8;
const CONSONANTS: f64 = 0.6;
/// Words joined into one on the other side: at most this many.
const JOINED_MAX: usize = 3;

/// What became of the words of one side.
struct Side {
    /// For each word how much of it was found on the other side.
    found: Vec<f64>,
    weights: Vec<f64>,
    kinds: Vec<WordKind>,
}

impl Side {
    fn of(tokens: &[Token]) -> Self {
        Self {
            found: vec![0.0; tokens.len()],
            weights: tokens.iter().map(|t| t.weight).collect(),
            kinds: tokens.iter().map(|t| t.kind).collect(),
        }
    }

    fn free(&self, at: usize) -> bool {
        self.found.get(at).is_some_and(|f| *f == 0.0)
    }

    fn take(&mut self, at: usize, quality: f64) {
        if let Some(found) = self.found.get_mut(at) {
            *found = quality;
        }
    }

    fn coverage(&self) -> f64 {
        let all: f64 = self.weights.iter().sum();
        let found: f64 = self.weights.iter().zip(&self.found).map(|(w, f)| w * f).sum();
        if all > 0.0 { found / all } else { 0.0 }
    }

    /// Weight of the words without a counterpart; a legal form is judged apart.
    fn unmatched(&self) -> f64 {
        let words = self.weights.iter().zip(&self.found).zip(&self.kinds);
        words.filter(|((_, f), kind)| **f == 0.0 && **kind != WordKind::LegalForm).map(|((w, _), _)| w).sum()
    }

    fn unmatched_words<'s>(&self, subject: &'s Subject, number: bool) -> Vec<&'s str> {
        let words = subject.words.iter().zip(&self.found);
        let wanted = words.filter(|(w, f)| **f == 0.0 && w.kind != WordKind::LegalForm);
        wanted.filter(|(w, _)| (w.kind == WordKind::Number) == number).map(|(w, _)| w.text.as_str()).collect()
    }

    fn has_unmatched_number(&self) -> bool {
        self.found.iter().zip(&self.kinds).any(|(f, kind)| *f == 0.0 && *kind == WordKind::Number)
    }
}

/// Two names laid side by side.
pub(super) struct Alignment {
    left: Side,
    right: Side,
    same_words: bool,
}

/// Lays two names side by side.
pub(super) fn align(left: &[Token], right: &[Token]) -> Alignment {
    let mut a = Alignment { left: Side::of(left), right: Side::of(right), same_words: false };
    a.pair_off(left, right, |l, r| if l.id == r.id { 1.0 } else { 0.0 });
    join(left, &mut a.left, right, &mut a.right);
    join(right, &mut a.right, left, &mut a.left);
    a.pair_off(left, right, likeness);
    initials(left, &mut a.left, right, &mut a.right);
    initials(right, &mut a.right, left, &mut a.left);
    a.same_words = left.len() == right.len() && left.iter().zip(right).all(|(l, r)| l.id == r.id);
    a
}

impl Alignment {
    /// Pairs words that are alike, the likest first, then in order.
    fn pair_off(&mut self, left: &[Token], right: &[Token], likeness: fn(&Token, &Token) -> f64) {
        let mut found: Vec<(f64, usize, usize)> = Vec::new();
        for (l, ours) in left.iter().enumerate().filter(|(l, _)| self.left.free(*l)) {
            for (r, theirs) in right.iter().enumerate().filter(|(r, _)| self.right.free(*r)) {
                let quality = likeness(ours, theirs);
                if quality > 0.0 {
                    found.push((quality, l, r));
                }
            }
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| (a.1, a.2).cmp(&(b.1, b.2))));
        for (quality, l, r) in found {
            if self.left.free(l) && self.right.free(r) {
                self.left.take(l, quality);
                self.right.take(r, quality);
            }
        }
    }

    /// Harmonic mean of what each side finds on the other.
    pub(super) fn coverage(&self) -> f64 {
        let (l, r) = (self.left.coverage(), self.right.coverage());
        if l + r > 0.0 { 2.0 * l * r / (l + r) } else { 0.0 }
    }

    /// Weight of words that were replaced by others, not merely added.
    pub(super) fn substituted(&self) -> f64 {
        self.left.unmatched().min(self.right.unmatched())
    }

    /// Both sides hold a number the other one has not.
    pub(super) fn numbers_conflict(&self) -> bool {
        self.left.has_unmatched_number() && self.right.has_unmatched_number()
    }

    pub(super) fn level(&self) -> Level {
        if self.same_words {
            Level::Equal
        } else if self.coverage() >= 0.5 {
            Level::Close
        } else {
            Level::Different
        }
    }

    pub(super) fn numbers_that_differ(&self, v: &Subject, p: &Subject) -> Option<(String, String)> {
        let (ours, theirs) = (self.left.unmatched_words(v, true), self.right.unmatched_words(p, true));
        self.numbers_conflict().then(|| (ours.join(" "), theirs.join(" ")))
    }

    /// Shared and one-sided words, in words.
    pub(super) fn note(&self, v: &Subject, p: &Subject) -> String {
        let shared: Vec<&str> = v
            .words
            .iter()
            .zip(&self.left.found)
            .filter(|(w, f)| **f > 0.0 && w.kind != WordKind::LegalForm)
            .map(|(w, _)| w.text.as_str())
            .collect();
        let ours = [self.left.unmatched_words(v, false), self.left.unmatched_words(v, true)].concat();
        let theirs = [self.right.unmatched_words(p, false), self.right.unmatched_words(p, true)].concat();
        let mut said = Vec::new();
        for (what, words) in [("shared", shared), ("vendor only", ours), ("PSA only", theirs)] {
            if !words.is_empty() {
                said.push(format!("{what}: {}", words.join(" ")));
            }
        }
        said.join("; ")
    }
}

/// Neighbouring words of `many` that are one word of `one`: "van der bilt" and "vanderbilt".
fn join(many: &[Token], many_side: &mut Side, one: &[Token], one_side: &mut Side) {
    for (at, whole) in one.iter().enumerate() {
        if !one_side.free(at) || whole.kind == WordKind::LegalForm {
            continue;
        }
        for start in 0..many.len() {
            if let Some(end) = joined(many, many_side, start, &whole.text) {
                (start..end).for_each(|i| many_side.take(i, 1.0));
                one_side.take(at, 1.0);
                break;
            }
        }
    }
}

/// Where the free words from `start` on have spelled `whole`, if they do.
fn joined(many: &[Token], side: &Side, start: usize, whole: &str) -> Option<usize> {
    let mut rest = whole;
    for at in start..(start + JOINED_MAX).min(many.len()) {
        rest = rest.strip_prefix(many.get(at).filter(|_| side.free(at))?.text.as_str())?;
        if rest.is_empty() {
            return (at > start).then_some(at + 1);
        }
    }
    None
}

/// A word made of the first letters of three or more words: "ibm".
fn initials(many: &[Token], many_side: &mut Side, one: &[Token], one_side: &mut Side) {
    for (at, short) in one.iter().enumerate() {
        let length = short.text.len();
        if length < 3 || !one_side.free(at) || short.kind != WordKind::Plain {
            continue;
        }
        for start in 0..(many.len() + 1).saturating_sub(length) {
            let words = many.iter().skip(start).take(length);
            let spelled = words.zip(short.text.bytes()).all(|(t, b)| t.text.as_bytes().first() == Some(&b));
            if spelled && (start..start + length).all(|i| many_side.free(i)) {
                (start..start + length).for_each(|i| many_side.take(i, INITIALS));
                one_side.take(at, INITIALS);
                break;
            }
        }
    }
}

/// How alike two different words are.
fn likeness(left: &Token, right: &Token) -> f64 {
    if left.kind != WordKind::Plain || right.kind != WordKind::Plain {
        return 0.0;
    }
    let (short, long) =
        if left.text.len() <= right.text.len() { (&left.text, &right.text) } else { (&right.text, &left.text) };
    let same_start = short.as_bytes().first() == long.as_bytes().first();
    if short.len() >= 3 && same_start {
        match long.strip_prefix(short.as_str()) {
            Some("s" | "es") => return PLURAL,
            Some(_) => return PREFIX,
            None => {}
        }
    }
    if short.len() >= 5 && long.len() - short.len() <= 2 {
        match strsim::osa_distance(short, long) {
            0 | 1 => return ONE_EDIT,
            2 if short.len() >= 8 => return TWO_EDITS,
            _ => {}
        }
    }
    if short.len() >= 3 && same_start && is_consonants_of(short, long) { CONSONANTS } else { 0.0 }
}

/// Whether a word is another one without its vowels: "mgmt", "std".
fn is_consonants_of(short: &str, long: &str) -> bool {
    let mut letters = long.bytes();
    short.bytes().all(|b| !matches!(b, b'a' | b'e' | b'i' | b'o' | b'u') && letters.any(|l| l == b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<Token> {
        text.split(' ')
            .map(|w| {
                let kind = if w.contains(|c: char| c.is_ascii_digit()) { WordKind::Number } else { WordKind::Plain };
                // equal words, equal numbers
                let id = w.bytes().fold(7_u32, |n, b| n.wrapping_mul(31).wrapping_add(u32::from(b)));
                Token { text: w.to_owned(), id, kind, weight: 1.0 }
            })
            .collect()
    }

    #[test]
    fn words_find_each_other() {
        //   left                          right                     coverage in thousandths
        for (left, right, coverage) in [
            ("harbour dental", "dental harbour", 1000),
            ("van der bilt", "vanderbilt", 1000),
            ("forendpoint", "for endpoint", 1000),
            ("office365", "office 365", 1000),
            ("harbours", "harbour", 950),
            ("harbour", "harbor", 900),
            ("bus", "business", 850),
            ("mgmt", "management", 600),
            ("ibm", "international business machines", 800),
            ("plan 1", "plan 2", 500),
            ("2007", "2008", 0),
            ("dental", "marine", 0),
            ("harbour harbour", "harbour", 667),
        ] {
            let got = (align(&tokens(left), &tokens(right)).coverage() * 1000.0).round() as i32;
            assert_eq!(got, coverage, "{left} / {right}");
        }
        assert!(align(&tokens("plan 1"), &tokens("plan 2")).numbers_conflict());
        assert!(!align(&tokens("plan 1"), &tokens("plan")).numbers_conflict());
    }
}
