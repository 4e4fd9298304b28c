//! The fields a tenant adds itself: which there are on which records, and how they are replaced.
//!
//! Invariant: a record has every field that is defined for its kind and no other; what a write does not mention is empty after
//! it, since the fields are replaced together. An entry counts by its id, whatever caption it carries.

use serde_json::{Value, json};

/// A kind of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Company,
    Product,
    Agreement,
    Addition,
    Component,
}

impl Kind {
    /// What failures call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Company => "company",
            Self::Product => "catalogItem",
            Self::Agreement => "agreement",
            Self::Addition => "addition",
            Self::Component => "component",
        }
    }
}

/// The fields: id, on which screen, caption, type.
const DEFINED: [(u32, Kind, &str, &str); 5] = [
    (1, Kind::Addition, "Line Type", "Text"),
    (2, Kind::Component, "Weight From", "Number"),
    (3, Kind::Component, "Weight To", "Number"),
    (4, Kind::Addition, "Subscription Id", "Text"),
    (5, Kind::Company, "Pax8 Id", "Text"),
];

fn of_kind(kind: Kind) -> impl Iterator<Item = &'static (u32, Kind, &'static str, &'static str)> {
    DEFINED.iter().filter(move |(_, on, ..)| *on == kind)
}

fn decimals(kind: &str) -> u32 {
    if kind == "Number" { 4 } else { 0 }
}

/// The definitions, as `/system/userDefinedFields` lists them.
pub(super) fn definitions() -> Vec<Value> {
    let shown = |(id, on, caption, kind): &(u32, Kind, &str, &str)| {
        let screen = match on {
            Kind::Company => 1,
            Kind::Product => 2,
            Kind::Agreement => 3,
            Kind::Addition => 4,
            Kind::Component => 5,
        };
        json!({
            "id": id, "podId": screen, "caption": caption, "sequenceNumber": id, "fieldTypeIdentifier": kind,
            "numberDecimals": decimals(kind), "entryTypeIdentifier": "EntryField", "displayOnScreenFlag": true,
        })
    };
    DEFINED.iter().map(shown).collect()
}

/// The fields of a record; `value` says what a caption holds.
pub(super) fn filled(kind: Kind, value: impl Fn(&str) -> Value) -> Value {
    entries(kind, |_, caption| value(caption))
}

/// The fields after a write that sent these entries.
pub(super) fn replaced(kind: Kind, sent: &[Value]) -> Value {
    entries(kind, |id, _| {
        let entry = sent.iter().find(|entry| entry.get("id").and_then(Value::as_u64) == Some(u64::from(id)));
        entry.and_then(|entry| entry.get("value")).cloned().unwrap_or_default()
    })
}

fn entries(kind: Kind, value: impl Fn(u32, &str) -> Value) -> Value {
    let entry = |(id, _, caption, kind): &(u32, Kind, &str, &str)| {
        json!({
            "id": id, "caption": caption, "type": kind, "entryMethod": "EntryField", "numberOfDecimals": decimals(kind),
            "value": value(*id, caption),
        })
    };
    of_kind(kind).map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_are_replaced_together_and_by_id() {
        let was = filled(Kind::Addition, |caption| json!(caption));
        let values = |fields: &Value| fields.as_array().unwrap().iter().map(|f| f["value"].clone()).collect::<Vec<_>>();
        assert_eq!(values(&was), [json!("Line Type"), json!("Subscription Id")]);
        let sent =
            [json!({ "id": 4, "value": "S-1" }), json!({ "caption": "Line Type", "value": "x" }), json!({ "id": 99 })];
        assert_eq!(values(&replaced(Kind::Addition, &sent)), [Value::Null, json!("S-1")]);
        assert_eq!(filled(Kind::Product, |_| json!(1)), json!([]));
    }
}
