//! Evidence of the fields besides the name: the logarithm of how much likelier a level is among true pairs.
//!
//! "One side empty" says nothing. How likely an equal value is by chance comes from its own frequency: a telephone number
//! shared by forty sites is worth little.

use super::milli;
use super::weigh::Weighed;
use crate::core::matching::evidence::{Attribute, Evidence, Level};
use crate::core::matching::subject::{Field, Subject};

/// No single field says more than this (logits).
const FOR_MAX: f64 = 5.0;
const AGAINST_MAX: f64 = -4.0;

/// What is assumed of one field before any decision is known.
struct Model {
    /// Share of true pairs whose values are equal.
    equal: f64,
    /// Likelihood ratio of "close".
    close: f64,
    /// Likelihood ratio of "different".
    different: f64,
    /// Fields depend on each other; the parts of one address more than others.
    scale: f64,
}

fn model(attribute: Attribute) -> Option<Model> {
    let of = |equal, close, different, scale| Some(Model { equal, close, different, scale });
    match attribute {
        Attribute::Phone => of(0.75, 1.0, 0.25, 0.8),
        Attribute::Domain => of(0.85, 4.0, 0.3, 0.8),
        Attribute::Street => of(0.75, 20.0, 0.25, 0.8),
        Attribute::Postcode => of(0.8, 3.0, 0.25, 0.5),
        Attribute::City => of(0.85, 1.0, 0.25, 0.4),
        Attribute::Manufacturer => of(0.9, 2.0, 0.2, 0.8),
        Attribute::ArticleCode => of(0.8, 2.0, 0.6, 0.8),
        Attribute::Key
        | Attribute::Name
        | Attribute::Numbers
        | Attribute::LegalForm
        | Attribute::Audience
        | Attribute::Term
        | Attribute::Rejection => None,
    }
}

/// One field of a pair.
pub(super) struct FieldEvidence<'a> {
    vendor: &'a Field,
    psa: &'a Field,
    level: Level,
    pub(super) weight: i32,
}

impl FieldEvidence<'_> {
    pub(super) fn evidence(&self) -> Evidence {
        Evidence {
            attribute: self.vendor.attribute,
            level: self.level,
            vendor_value: self.vendor.shown.clone(),
            psa_value: self.psa.shown.clone(),
            weight: self.weight,
            note: String::new(),
        }
    }
}

/// Every field both sides have.
pub(super) fn compare<'a>(v: &'a Subject, wv: &Weighed, p: &'a Subject, wp: &Weighed) -> Vec<FieldEvidence<'a>> {
    let mut found = Vec::new();
    for (vendor, rate) in v.fields.iter().zip(&wv.rates) {
        let (Some(psa), Some(model)) = (p.field(vendor.attribute), model(vendor.attribute)) else {
            continue;
        };
        let other_rate = p.fields.iter().zip(&wp.rates).find(|(f, _)| f.attribute == vendor.attribute).map(|(_, r)| *r);
        let coarse = vendor.compared.coarse.is_some() && vendor.compared.coarse == psa.compared.coarse;
        let (level, ratio) = if vendor.compared.full == psa.compared.full {
            (Level::Equal, model.equal / rate.max(other_rate.unwrap_or(*rate)))
        } else if coarse {
            (Level::Close, model.close)
        } else {
            (Level::Different, model.different)
        };
        let weight = milli(ratio.ln().clamp(AGAINST_MAX, FOR_MAX) * model.scale);
        found.push(FieldEvidence { vendor, psa, level, weight });
    }
    found
}
