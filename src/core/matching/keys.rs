//! Keys that decide before any name: an id of the other side, an article code.
//!
//! Keeps the rule that a key decides only where it stands once on each side; anywhere else it is a conflict to show.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::ExactKey;
use crate::core::customer::{PsaCustomer, VendorCustomer};
use crate::core::product::{PsaProduct, VendorProduct};

/// What the keys say of all records, by position in the sorted lists.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Keys {
    /// Pairs a key decides.
    pub(super) exact: BTreeMap<(usize, usize), ExactKey>,
    /// Vendor records whose key cannot decide, and why.
    pub(super) conflicts: BTreeMap<usize, (ExactKey, String)>,
}

/// Where one key value stands.
#[derive(Default)]
struct Places {
    vendor: BTreeSet<usize>,
    psa: BTreeSet<usize>,
}

type Rule = (&'static str, BTreeMap<String, Places>);

/// Customers: each side may hold the other side's id or code.
pub(super) fn customers(vendor: &[&VendorCustomer], psa: &[&PsaCustomer]) -> Keys {
    let mut by_id: Rule = ("vendor external id = PSA id", BTreeMap::new());
    let mut by_code: Rule = ("vendor external id = PSA code", BTreeMap::new());
    let mut by_vendor: Rule = ("vendor id = PSA external id", BTreeMap::new());
    for (at, record) in vendor.iter().enumerate() {
        stands(&mut by_id, record.fields.external_id.as_deref(), |p| &mut p.vendor, at);
        stands(&mut by_code, record.fields.external_id.as_deref(), |p| &mut p.vendor, at);
        stands(&mut by_vendor, Some(record.id.as_str()), |p| &mut p.vendor, at);
    }
    for (at, record) in psa.iter().enumerate() {
        stands(&mut by_id, Some(record.id.as_str()), |p| &mut p.psa, at);
        stands(&mut by_code, record.fields.code.as_deref(), |p| &mut p.psa, at);
        stands(&mut by_vendor, record.fields.external_id.as_deref(), |p| &mut p.psa, at);
    }
    decide([by_id, by_code, by_vendor])
}

/// Products: any article code of one side is any article code of the other.
pub(super) fn products(vendor: &[&VendorProduct], psa: &[&PsaProduct]) -> Keys {
    let mut by_code: Rule = ("article code", BTreeMap::new());
    for (at, record) in vendor.iter().enumerate() {
        for code in [&record.fields.sku, &record.fields.vendor_sku] {
            stands(&mut by_code, code.as_deref(), |p| &mut p.vendor, at);
        }
    }
    for (at, record) in psa.iter().enumerate() {
        for code in [&record.fields.sku, &record.fields.vendor_sku] {
            stands(&mut by_code, code.as_deref(), |p| &mut p.psa, at);
        }
    }
    decide([by_code])
}

fn stands(rule: &mut Rule, value: Option<&str>, side: fn(&mut Places) -> &mut BTreeSet<usize>, at: usize) {
    let value = value.map(str::trim).unwrap_or_default();
    if !value.is_empty() {
        side(rule.1.entry(value.to_owned()).or_default()).insert(at);
    }
}

fn decide(rules: impl IntoIterator<Item = Rule>) -> Keys {
    let mut keys = Keys::default();
    for (kind, values) in rules {
        for (value, places) in values {
            if places.vendor.is_empty() || places.psa.is_empty() {
                continue;
            }
            let key = ExactKey { kind: kind.to_owned(), value };
            if let (1, Some(v), 1, Some(p)) =
                (places.vendor.len(), places.vendor.first(), places.psa.len(), places.psa.first())
            {
                keys.exact.entry((*v, *p)).or_insert(key);
                continue;
            }
            let (there, here) = (places.vendor.len(), places.psa.len());
            let why = format!("stands on {there} vendor and {here} PSA records");
            for v in &places.vendor {
                keys.conflicts.entry(*v).or_insert_with(|| (key.clone(), why.clone()));
            }
        }
    }
    two_answers_are_none(&mut keys);
    keys
}

/// Different keys that send one record to two places decide nothing.
fn two_answers_are_none(keys: &mut Keys) {
    let count = |side: fn(&(usize, usize)) -> usize| {
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for pair in keys.exact.keys() {
            *counts.entry(side(pair)).or_default() += 1;
        }
        counts
    };
    let (per_vendor, per_psa) = (count(|p| p.0), count(|p| p.1));
    let several = |counts: &BTreeMap<usize, usize>, at: usize| counts.get(&at).is_some_and(|n| *n > 1);
    let doubtful: Vec<(usize, usize)> =
        keys.exact.keys().copied().filter(|(v, p)| several(&per_vendor, *v) || several(&per_psa, *p)).collect();
    for pair in doubtful {
        if let Some(key) = keys.exact.remove(&pair) {
            let why = "other keys of these records point elsewhere".to_owned();
            keys.conflicts.entry(pair.0).or_insert((key, why));
        }
    }
}
