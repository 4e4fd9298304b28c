//! How lists of documents are asked: `fields`, `filters`, `order_by`, `limit_start`, `limit_page_length`.
//!
//! Invariant: a filter or a field that is not known is refused, and a list never holds child tables.

use std::cmp::Ordering;

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::Wrong;
use super::schema::{DocType, Is, STANDARD};
use super::state::Document;
use crate::simulate::json::{plain, window};
use crate::simulate::server::Ask;

/// How many rows a page has where nothing is said.
const PAGE: usize = 20;

/// The documents a list holds, cut to its page and its fields.
pub(super) fn list(ask: &Ask, doctype: &DocType, documents: &[Document], shift: i8) -> Result<Value, Wrong> {
    let mut found = chosen(ask.query("filters"), doctype, documents)?;
    if let Some(order) = ask.query("order_by") {
        for part in order.rsplit(',') {
            let (field, way) = part.trim().split_once(' ').unwrap_or((part.trim(), "asc"));
            known(doctype, field)?;
            let key = |document: &Document| document.get(field).map(plain).unwrap_or_default();
            found.sort_by(|one, other| compare(&key(one), &key(other)));
            if way.trim().eq_ignore_ascii_case("desc") {
                found.reverse();
            }
        }
    }
    let asked = |name: &str, usual: usize| ask.query(name).map_or(Ok(usual), str::parse::<usize>);
    let bad = |_| Wrong::new("ValidationError", "limit_start and limit_page_length must be whole numbers");
    let (start, size) = (asked("limit_start", 0).map_err(bad)?, asked("limit_page_length", PAGE).map_err(bad)?);
    let size = if size == 0 { found.len() } else { size };
    let fields = fields(ask.query("fields"), doctype)?;
    let page = found.get(window(found.len(), start, size, shift)).unwrap_or_default();
    Ok(page.iter().map(|document| cut(document, &fields)).collect())
}

fn cut(document: &Document, fields: &[String]) -> Value {
    let held = |field: &String| (field.clone(), document.get(field).cloned().unwrap_or_default());
    Value::Object(fields.iter().map(held).collect::<Map<String, Value>>())
}

fn known(doctype: &DocType, field: &str) -> Result<(), Wrong> {
    if doctype.has(field) {
        return Ok(());
    }
    Err(Wrong::new("DataError", format!("Field not permitted in query: {field}")))
}

/// The fields of a list; `*` is every column.
fn fields(asked: Option<&str>, doctype: &DocType) -> Result<Vec<String>, Wrong> {
    let asked = asked.map_or(Ok(json!(["name"])), serde_json::from_str::<Value>);
    let asked = asked.map_err(|error| Wrong::new("ValidationError", format!("fields: {error}")))?;
    let asked: Vec<Value> = match asked {
        Value::Array(all) => all,
        one => vec![one],
    };
    let mut fields = Vec::new();
    for field in asked.iter().map(plain) {
        let is_table = |is: &Is| matches!(is, Is::Table(_));
        if field == "*" {
            let columns = doctype.columns.iter().filter(|(_, is, _)| !is_table(is)).map(|(name, ..)| *name);
            fields.extend(STANDARD.into_iter().chain(columns).map(str::to_owned));
            continue;
        }
        known(doctype, &field)?;
        if doctype.columns.iter().any(|(name, is, _)| *name == field && is_table(is)) {
            return Err(Wrong::new("DataError", format!("Field not permitted in query: {field}")));
        }
        fields.push(field);
    }
    Ok(fields)
}

/// The documents that meet the filters: `[[field, operator, value]]`, or an object of equalities.
pub(super) fn chosen<'d>(
    filters: Option<&str>,
    doctype: &DocType,
    documents: &'d [Document],
) -> Result<Vec<&'d Document>, Wrong> {
    let bad = |what: String| Wrong::new("ValidationError", format!("filters: {what}"));
    let filters =
        filters.map_or(Ok(json!([])), serde_json::from_str::<Value>).map_err(|error| bad(error.to_string()))?;
    let mut all: Vec<(String, String, Value)> = Vec::new();
    match filters {
        Value::Object(equal) => all.extend(equal.into_iter().map(|(field, value)| (field, "=".to_owned(), value))),
        Value::Array(list) => {
            for filter in list {
                match filter.as_array().map(Vec::as_slice) {
                    Some([field, op, value] | [_, field, op, value]) => {
                        all.push((plain(field), plain(op), value.clone()));
                    }
                    _ => return Err(bad(format!("[field, operator, value] expected, found {filter}"))),
                }
            }
        }
        other => return Err(bad(format!("a list expected, found {other}"))),
    }
    let mut found: Vec<&Document> = documents.iter().collect();
    for (field, op, value) in &all {
        known(doctype, field)?;
        let mut met = Vec::new();
        for document in found {
            if meets(document.get(field).unwrap_or(&Value::Null), op, value).map_err(bad)? {
                met.push(document);
            }
        }
        found = met;
    }
    Ok(found)
}

fn meets(held: &Value, op: &str, value: &Value) -> Result<bool, String> {
    let held = if held.is_null() { String::new() } else { plain(held) };
    let words = || match value {
        Value::Array(all) => all.iter().map(plain).collect::<Vec<_>>(),
        one => plain(one).split(',').map(|word| word.trim().to_owned()).collect(),
    };
    let against = || compare(&held, &plain(value));
    Ok(match op {
        // as the database has it, letters count whatever their case
        "=" => held.to_lowercase() == plain(value).to_lowercase(),
        "!=" => held.to_lowercase() != plain(value).to_lowercase(),
        ">" => against() == Ordering::Greater,
        ">=" => against() != Ordering::Less,
        "<" => against() == Ordering::Less,
        "<=" => against() != Ordering::Greater,
        "in" => words().contains(&held),
        "not in" => !words().contains(&held),
        "like" => held.to_lowercase().contains(&plain(value).trim_matches('%').to_lowercase()),
        "is" => held.is_empty() == (plain(value) == "not set"),
        other => {
            return Err(format!("Operator must be one of =, !=, >, <, >=, <=, like, in, not in, is; found {other}"));
        }
    })
}

fn compare(one: &str, other: &str) -> Ordering {
    match (one.parse::<Decimal>(), other.parse::<Decimal>()) {
        (Ok(one), Ok(other)) => one.cmp(&other),
        _ => one.cmp(other),
    }
}
