//! How much a word, a letter group, a field value says in these two lists: the rarer, the more.
//!
//! Keeps the weights independent of any stop-word list: what is common in either list is worth little.

use crate::core::matching::block::Vector;
use crate::core::matching::evidence::Attribute;
use crate::core::matching::normalize::WordKind;
use crate::core::matching::subject::Subject;

/// Added to each list's length, so that a rate from a short list is not taken for knowledge.
const SMOOTHING: f64 = 100.0;
/// A legal form weighs this part of what its rarity would give.
const LEGAL_FORM_SHARE: f64 = 0.3;
/// Length of a name's vector after rounding to integers.
const UNIT: f64 = 1000.0;

/// A term or value and how many records of each list hold it.
struct Counted<T>(Vec<(T, [u32; 2])>);

impl<T: Ord> Counted<T> {
    /// `found`: each term once per record and list.
    fn of(mut found: Vec<(T, usize)>) -> Self {
        found.sort_unstable();
        let mut counts: Vec<(T, [u32; 2])> = Vec::new();
        for (term, list) in found {
            match counts.last_mut() {
                Some((last, [vendor, psa])) if *last == term => *(if list == 0 { vendor } else { psa }) += 1,
                _ => counts.push((term, if list == 0 { [1, 0] } else { [0, 1] })),
            }
        }
        Self(counts)
    }

    fn get<Q: Ord + ?Sized>(&self, term: &Q) -> Option<(u32, [u32; 2])>
    where
        T: std::borrow::Borrow<Q>,
    {
        let at = self.0.binary_search_by(|(known, _)| known.borrow().cmp(term)).ok()?;
        Some((u32::try_from(at).ok()?, self.0.get(at)?.1))
    }
}

/// What is known of all words of two lists.
pub(super) struct Lexicon {
    words: Counted<String>,
    grams: Counted<u32>,
    values: Counted<(Attribute, String)>,
    sizes: [f64; 2],
}

impl Lexicon {
    pub(super) fn of(vendor: &[Subject], psa: &[Subject]) -> Self {
        let (mut words, mut grams, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for (list, subjects) in [vendor, psa].into_iter().enumerate() {
            for subject in subjects {
                words.extend(distinct_words(subject).into_iter().map(|w| (w, list)));
                grams.extend(grams_of(subject).into_iter().map(|g| (g, list)));
                values.extend(subject.fields.iter().map(|f| ((f.attribute, f.compared.full.clone()), list)));
            }
        }
        Self {
            words: Counted::of(words),
            grams: Counted::of(grams),
            values: Counted::of(values),
            sizes: [vendor.len() as f64, psa.len() as f64],
        }
    }

    /// The higher of the two lists' rates.
    fn rate(&self, counts: [u32; 2]) -> f64 {
        let [vendor, psa] = self.sizes;
        (f64::from(counts[0]) / (vendor + SMOOTHING)).max(f64::from(counts[1]) / (psa + SMOOTHING))
    }

    /// Weight of a term as a share of the largest weight a term can have.
    fn share(&self, counts: [u32; 2]) -> f64 {
        let largest = (SMOOTHING + self.sizes[0].max(self.sizes[1])).ln();
        (1.0 / self.rate(counts)).ln_1p() / largest
    }

    pub(super) fn weigh(&self, subject: &Subject) -> Weighed {
        let tokens: Vec<Token> = subject
            .words
            .iter()
            .map(|word| {
                let (id, counts) = self.words.get(word.text.as_str()).unwrap_or((u32::MAX, [1, 1]));
                let factor = if word.kind == WordKind::LegalForm { LEGAL_FORM_SHARE } else { 1.0 };
                Token { text: word.text.clone(), id, kind: word.kind, weight: self.share(counts) * factor }
            })
            .collect();
        let mut words: Vec<(u32, f64)> = tokens.iter().map(|t| (t.id, t.weight)).collect();
        words.sort_unstable_by_key(|(id, _)| *id);
        words.dedup_by_key(|(id, _)| *id);
        let grams = grams_of(subject).into_iter().filter_map(|g| self.grams.get(&g));
        let grams: Vec<(u32, f64)> = grams.map(|(id, counts)| (id, self.share(counts))).collect();
        // word ids follow gram ids in the one index both are searched through
        let offset = u32::try_from(self.grams.0.len()).unwrap_or(u32::MAX);
        let rates = subject.fields.iter().map(|f| {
            let counts = self.values.get(&(f.attribute, f.compared.full.clone())).map_or([1, 1], |v| v.1);
            self.rate(counts)
        });
        Weighed { words: rounded(&words, offset), grams: rounded(&grams, 0), rates: rates.collect(), tokens }
    }
}

/// One record's name and values with their weights.
pub(super) struct Weighed {
    pub(super) tokens: Vec<Token>,
    words: Vector,
    grams: Vector,
    /// How common each field's value is, in order of the fields.
    pub(super) rates: Vec<f64>,
}

impl Weighed {
    /// Letter groups and words in one vector.
    pub(super) fn vector(&self) -> Vector {
        self.grams.iter().chain(&self.words).copied().collect()
    }

    pub(super) fn words_cosine(&self, other: &Self) -> f64 {
        cosine(&self.words, &other.words)
    }

    pub(super) fn grams_cosine(&self, other: &Self) -> f64 {
        cosine(&self.grams, &other.grams)
    }
}

/// One word of a name.
pub(super) struct Token {
    pub(super) text: String,
    /// The same word, the same number.
    pub(super) id: u32,
    pub(super) kind: WordKind,
    /// Share of the largest weight.
    pub(super) weight: f64,
}

fn distinct_words(subject: &Subject) -> Vec<String> {
    let mut words: Vec<String> = subject.words.iter().map(|w| w.text.clone()).collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// Groups of three and four letters inside words, with a mark at both ends, each once.
fn grams_of(subject: &Subject) -> Vec<u32> {
    let mut grams = Vec::new();
    for word in subject.words.iter().filter(|w| w.kind != WordKind::LegalForm) {
        let marked = format!(" {} ", word.text);
        for size in [3, 4] {
            // the text is ASCII after folding, so a group fits one number
            grams.extend(marked.as_bytes().windows(size).map(|w| w.iter().fold(0, |n, b| n << 8 | u32::from(*b))));
        }
    }
    grams.sort_unstable();
    grams.dedup();
    grams
}

/// To integers, at one length for all names.
fn rounded(terms: &[(u32, f64)], offset: u32) -> Vector {
    let length = terms.iter().map(|(_, w)| w * w).sum::<f64>().sqrt();
    if length <= 0.0 {
        return Vector::new();
    }
    terms.iter().map(|(id, w)| (id.saturating_add(offset), (w / length * UNIT).round() as u16)).collect()
}

fn cosine(left: &Vector, right: &Vector) -> f64 {
    let (mut l, mut r) = (left.iter().peekable(), right.iter().peekable());
    let mut sum = 0_u32;
    while let (Some((a, wa)), Some((b, wb))) = (l.peek(), r.peek()) {
        match a.cmp(b) {
            std::cmp::Ordering::Less => drop(l.next()),
            std::cmp::Ordering::Greater => drop(r.next()),
            std::cmp::Ordering::Equal => {
                sum += u32::from(*wa) * u32::from(*wb);
                l.next();
                r.next();
            }
        }
    }
    (f64::from(sum) / (UNIT * UNIT)).min(1.0)
}
