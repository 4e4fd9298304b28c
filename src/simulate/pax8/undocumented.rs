//! Fields that nobody documents and records have all the same: JSON in a column `undocumented` of the data.
//!
//! Invariant: they are shown where they stand, and what replaces a whole keeps of them only what it sends back.

use serde_json::{Map, Value};

use crate::simulate::data::Row;

/// The column; data without it has no such fields.
pub(super) const COLUMN: &str = "undocumented";

fn held(row: Row<'_>) -> Map<String, Value> {
    serde_json::from_str(row.get(COLUMN)).unwrap_or_default()
}

/// Adds what a row has of them to what is shown of it.
pub(super) fn add(mut shown: Value, row: Row<'_>) -> Value {
    lay_over(&mut shown, &Value::Object(held(row)));
    shown
}

/// Below `types` those of each type stand under its name.
fn lay_over(shown: &mut Value, more: &Value) {
    let Value::Object(more) = more else { return };
    match shown {
        Value::Object(fields) => {
            for (name, value) in more {
                match fields.get_mut(name) {
                    Some(inner) => lay_over(inner, value),
                    None => drop(fields.insert(name.clone(), value.clone())),
                }
            }
        }
        Value::Array(parts) => {
            for part in parts {
                let of = part.get("type").and_then(Value::as_str).and_then(|kind| more.get(kind)).cloned();
                lay_over(part, &of.unwrap_or_default());
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What a row keeps of them when a body replaces all of it.
pub(super) fn replaced(row: Row<'_>, body: &Map<String, Value>) -> String {
    let kept = sent_back(&Value::Object(held(row)), Some(&Value::Object(body.clone())));
    kept.map(|kept| kept.to_string()).unwrap_or_default()
}

/// What a row keeps of them when a body replaces the fields it names.
pub(super) fn patched(row: Row<'_>, body: &Map<String, Value>) -> String {
    let fields = held(row).into_iter().filter_map(|(name, more)| {
        let kept = if body.contains_key(&name) { sent_back(&more, body.get(&name)) } else { Some(more) };
        Some((name, kept?))
    });
    let kept: Map<String, Value> = fields.collect();
    // As it was written, where nothing of it changed.
    if kept == held(row) { row.get(COLUMN).to_owned() } else { Value::Object(kept).to_string() }
}

/// A null takes away what was more than that.
fn sent_back(more: &Value, body: Option<&Value>) -> Option<Value> {
    let Value::Object(more) = more else { return body.filter(|value| !value.is_null() || more.is_null()).cloned() };
    let named = |name: &str| match body {
        Some(Value::Array(parts)) => parts.iter().find(|part| part.get("type").and_then(Value::as_str) == Some(name)),
        body => body.and_then(|body| body.get(name)),
    };
    let kept = more.iter().filter_map(|(name, more)| Some((name.clone(), sent_back(more, named(name))?)));
    Some(Value::Object(kept.collect()))
}
