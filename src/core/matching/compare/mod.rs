//! Comparison of two records: each attribute to a level, each level to a weight.
//!
//! The only floats of the program live in this folder; they leave it as integers, thousandths of a logit or per mille of
//! certainty, so that none is ever ordered, stored or printed. Sums run in a fixed order.
#![expect(
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "statistics of counts; every result is rounded to an integer in `milli`, `per_mille` or `share` below"
)]

mod align;
mod compete;
mod fields;
mod weigh;

use super::block::Vector;
use super::evidence::{Attribute, Evidence, Level, Permille};
use super::subject::Subject;
use align::{Alignment, align};
pub(super) use compete::compete;
use weigh::{Lexicon, Weighed};

/// The logit of a pair per unit of name similarity, and the similarity at which a name alone is undecided.
const SLOPE: f64 = 14.0;
const UNDECIDED: f64 = 0.62;
/// What numbers that differ take from the similarity, and what words replaced by others take per full weight.
const NUMBERS_CONFLICT: f64 = 0.15;
const SUBSTITUTED: f64 = 0.3;
/// No name speaks more strongly against a pair than this (logits): fields must be able to find a renamed company.
const NAME_AGAINST_MAX: f64 = -8.0;
/// Weight of a legal form that differs, of one audience word on one side only, and how many of these count.
const LEGAL_FORM: f64 = -0.5;
const AUDIENCE: f64 = -1.5;
const AUDIENCE_MAX: usize = 3;

/// Two lists, ready to be compared pair by pair.
pub(super) struct Comparer<'a> {
    vendor: &'a [Subject],
    psa: &'a [Subject],
    weighed: (Vec<Weighed>, Vec<Weighed>),
}

impl<'a> Comparer<'a> {
    /// Weighs every word and value by how rare it is in these lists.
    pub(super) fn new(vendor: &'a [Subject], psa: &'a [Subject]) -> Self {
        let lexicon = Lexicon::of(vendor, psa);
        let weighed =
            (vendor.iter().map(|s| lexicon.weigh(s)).collect(), psa.iter().map(|s| lexicon.weigh(s)).collect());
        Self { vendor, psa, weighed }
    }

    /// The names as sparse vectors, for the search of candidates.
    pub(super) fn vectors(&self) -> (Vec<Vector>, Vec<Vector>) {
        let of = |side: &[Weighed]| side.iter().map(Weighed::vector).collect();
        (of(&self.weighed.0), of(&self.weighed.1))
    }

    /// The sum of the evidence, in thousandths of a logit.
    pub(super) fn weight(&self, vendor: usize, psa: usize) -> i32 {
        self.parts(vendor, psa).map_or(0, |p| p.total())
    }

    /// Every reason for and against a pair.
    pub(super) fn explain(&self, vendor: usize, psa: usize) -> Vec<Evidence> {
        let (Some(parts), Some(v), Some(p)) = (self.parts(vendor, psa), self.vendor.get(vendor), self.psa.get(psa))
        else {
            return Vec::new();
        };
        let mut lines = vec![Evidence {
            attribute: Attribute::Name,
            level: parts.alignment.level(),
            vendor_value: v.name.clone(),
            psa_value: p.name.clone(),
            weight: parts.name,
            note: parts.alignment.note(v, p),
        }];
        if let Some((ours, theirs)) = parts.alignment.numbers_that_differ(v, p) {
            lines.push(Evidence {
                attribute: Attribute::Numbers,
                level: Level::Different,
                vendor_value: ours,
                psa_value: theirs,
                weight: parts.numbers,
                note: String::new(),
            });
        }
        lines.extend(legal_form(v, p, parts.legal_form));
        lines.extend(said(Attribute::Audience, v, p, parts.audience, |s| &s.audience));
        lines.extend(said(Attribute::Term, v, p, 0, |s| &s.terms));
        lines.extend(parts.fields.into_iter().map(|f| f.evidence()));
        lines
    }

    fn parts(&self, vendor: usize, psa: usize) -> Option<Parts<'_>> {
        let (v, p) = (self.vendor.get(vendor)?, self.psa.get(psa)?);
        let (wv, wp) = (self.weighed.0.get(vendor)?, self.weighed.1.get(psa)?);
        let alignment = align(&wv.tokens, &wp.tokens);
        let similarity = (wv.grams_cosine(wp) + wv.words_cosine(wp) + alignment.coverage()) / 3.0;
        let name = SLOPE * (similarity - SUBSTITUTED * alignment.substituted() - UNDECIDED);
        let conflict = if alignment.numbers_conflict() { -SLOPE * NUMBERS_CONFLICT } else { 0.0 };
        let forms_differ = v.legal_form().zip(p.legal_form()).is_some_and(|(a, b)| a != b);
        let one_sided = v.audience.symmetric_difference(&p.audience).count().min(AUDIENCE_MAX);
        Some(Parts {
            name: milli(name.max(NAME_AGAINST_MAX)),
            numbers: milli(conflict),
            legal_form: if forms_differ { milli(LEGAL_FORM) } else { 0 },
            audience: milli(AUDIENCE * one_sided as f64),
            alignment,
            fields: fields::compare(v, wv, p, wp),
        })
    }
}

/// The evidence of one pair by attribute, before it is put into words.
struct Parts<'a> {
    name: i32,
    numbers: i32,
    legal_form: i32,
    audience: i32,
    alignment: Alignment,
    fields: Vec<fields::FieldEvidence<'a>>,
}

impl Parts<'_> {
    fn total(&self) -> i32 {
        let fields: i32 = self.fields.iter().map(|f| f.weight).sum();
        self.name + self.numbers + self.legal_form + self.audience + fields
    }
}

fn legal_form(v: &Subject, p: &Subject, weight: i32) -> Option<Evidence> {
    let (ours, theirs) = (v.legal_form(), p.legal_form());
    let level = match (ours, theirs) {
        (None, None) => return None,
        (Some(a), Some(b)) if a == b => Level::Equal,
        (Some(_), Some(_)) => Level::Different,
        (Some(_), None) | (None, Some(_)) => Level::Missing,
    };
    Some(Evidence {
        attribute: Attribute::LegalForm,
        level,
        vendor_value: ours.unwrap_or_default().to_owned(),
        psa_value: theirs.unwrap_or_default().to_owned(),
        weight,
        note: String::new(),
    })
}

/// Words of a table that a title says beside its name.
fn said(
    attribute: Attribute,
    v: &Subject,
    p: &Subject,
    weight: i32,
    words: fn(&Subject) -> &std::collections::BTreeSet<String>,
) -> Option<Evidence> {
    let (ours, theirs) = (words(v), words(p));
    if ours.is_empty() && theirs.is_empty() {
        return None;
    }
    let text = |set: &std::collections::BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(", ");
    let level = if ours == theirs {
        Level::Equal
    } else if weight == 0 && (ours.is_empty() || theirs.is_empty()) {
        Level::Missing
    } else {
        Level::Different
    };
    Some(Evidence { attribute, level, vendor_value: text(ours), psa_value: text(theirs), weight, note: String::new() })
}

/// Logits to thousandths.
fn milli(logit: f64) -> i32 {
    (logit * 1000.0).round() as i32
}

/// A probability to per mille.
fn per_mille(p: f64) -> Permille {
    Permille((p * 1000.0).round().clamp(0.0, 1000.0) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::customer::CustomerFields;
    use crate::core::matching::subject;

    fn list(names: &[&str]) -> Vec<Subject> {
        let mut all: Vec<Subject> = names
            .iter()
            .enumerate()
            .map(|(at, name)| {
                let fields = CustomerFields { name: (*name).to_owned(), ..CustomerFields::default() };
                subject::customer(&at.to_string(), &fields)
            })
            .collect();
        for filler in 0..200 {
            let fields =
                CustomerFields { name: format!("Filler{filler} Dental Services"), ..CustomerFields::default() };
            all.push(subject::customer(&format!("f{filler}"), &fields));
        }
        all
    }

    #[test]
    fn substituted_words_speak_louder_than_added_ones() {
        let (v, p) =
            (list(&["Contoso Marine"]), list(&["Contoso Marine Holdings", "Contoso Bakery", "Contoso Marine"]));
        let comparer = Comparer::new(&v, &p);
        let (extended, substituted, equal) = (comparer.weight(0, 0), comparer.weight(0, 1), comparer.weight(0, 2));
        assert!(equal > extended && extended > 0 && substituted < 0, "{equal} {extended} {substituted}");
    }

    #[test]
    fn the_weights_shown_are_the_weight_used() {
        let (v, p) = (list(&["Nordwind 7 GmbH"]), list(&["Nordwind 8 AG"]));
        let comparer = Comparer::new(&v, &p);
        let lines = comparer.explain(0, 0);
        assert_eq!(lines.iter().map(|e| e.weight).sum::<i32>(), comparer.weight(0, 0));
        let said: Vec<&str> = lines.iter().map(|e| e.attribute.as_str()).collect();
        assert_eq!(said, ["name", "numbers", "legal form"]);
    }
}
