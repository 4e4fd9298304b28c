//! Whether a body has the shape its operation documents.

use chrono::{DateTime, NaiveDate};
use serde_json::Value;

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Type {
    Text,
    Uuid,
    Number,
    Whole,
    Flag,
    Day,
    /// A day or a moment, in any of the shapes met.
    When,
    OneOf(&'static [&'static str]),
    Texts,
    Any,
    Object(&'static [Field]),
    Many(&'static [Field]),
}

/// A field: name, what it holds, whether it must be there.
pub(super) type Field = (&'static str, Type, bool);

/// What an operation answers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Answer {
    One(&'static [Field]),
    /// `content` and `page`.
    Page(&'static [Field]),
    /// `content` alone.
    List(&'static [Field]),
    /// `content` with the figures of the page beside it.
    Flat(&'static [Field]),
}

const FIGURES: &[Field] = &[
    ("size", Type::Whole, true),
    ("totalElements", Type::Whole, true),
    ("totalPages", Type::Whole, true),
    ("number", Type::Whole, true),
];
const ENVELOPE: &[Field] = &[
    ("type", Type::Text, true),
    ("message", Type::Text, true),
    ("instance", Type::Text, true),
    ("status", Type::Whole, true),
    ("details", Type::Many(&[("message", Type::Text, true), ("type", Type::Text, false)]), true),
];

type Found = Result<(), String>;

pub(super) fn check(body: &Value, answer: &Answer) -> Found {
    match answer {
        Answer::One(fields) => object(body, fields, ""),
        Answer::List(fields) => rows(body, fields).map(drop),
        Answer::Flat(fields) => {
            object(body, FIGURES, "")?;
            figures(body, rows(body, fields)?)
        }
        Answer::Page(fields) => {
            let count = rows(body, fields)?;
            object(&body["page"], FIGURES, "page.")?;
            figures(&body["page"], count)
        }
    }
}

fn rows(body: &Value, fields: &[Field]) -> Result<u64, String> {
    let content = body["content"].as_array().ok_or("no content")?;
    content.iter().enumerate().try_for_each(|(at, row)| object(row, fields, &format!("content[{at}].")))?;
    Ok(u64::try_from(content.len()).unwrap())
}

/// A page has as many rows as its figures say.
fn figures(page: &Value, count: u64) -> Found {
    let [size, total, pages, number] =
        ["size", "totalElements", "totalPages", "number"].map(|name| page[name].as_u64().unwrap_or(u64::MAX));
    let expected = total.saturating_sub(number.saturating_mul(size)).min(size);
    if count == expected && pages == total.div_ceil(size) {
        return Ok(());
    }
    Err(format!("{count} rows on {page}"))
}

pub(super) fn failure(body: &Value, status: u16) -> Found {
    object(body, ENVELOPE, "")?;
    let path = body["instance"].as_str().unwrap_or_default();
    if !path.starts_with("/public/v1/") && !path.starts_with("/api/v2/") {
        return Err(format!("instance `{path}`"));
    }
    if body["status"] == status { Ok(()) } else { Err("another status inside".to_owned()) }
}

fn object(value: &Value, fields: &[Field], place: &str) -> Found {
    let found = value.as_object().ok_or(format!("{place} is no object"))?;
    for (name, kind, required) in fields {
        match found.get(*name) {
            None if *required => return Err(format!("{place}{name} is missing")),
            None => {}
            Some(Value::Null) if !required => {}
            Some(value) => holds(value, *kind, &format!("{place}{name}"))?,
        }
    }
    Ok(())
}

fn holds(value: &Value, kind: Type, place: &str) -> Found {
    let text = value.as_str();
    let good = match kind {
        Type::Text => text.is_some(),
        Type::Uuid => text.is_some_and(is_uuid),
        Type::Number => value.is_number(),
        Type::Whole => value.is_u64(),
        Type::Flag => value.is_boolean(),
        Type::Day => text.is_some_and(|t| t.len() == 10 && NaiveDate::parse_from_str(t, "%Y-%m-%d").is_ok()),
        Type::When => text.is_some_and(is_when),
        Type::OneOf(words) => text.is_some_and(|t| words.contains(&t)),
        Type::Texts => value.as_array().is_some_and(|all| all.iter().all(Value::is_string)),
        Type::Any => true,
        Type::Object(fields) => return object(value, fields, &format!("{place}.")),
        Type::Many(fields) => {
            let all = value.as_array().ok_or(format!("{place} is no array"))?;
            return all.iter().try_for_each(|inner| object(inner, fields, &format!("{place}[].")));
        }
    };
    if good { Ok(()) } else { Err(format!("{place} is {value}, not {kind:?}")) }
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<usize> = text.split('-').map(str::len).collect();
    parts == [8, 4, 4, 4, 12] && text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

fn is_when(text: &str) -> bool {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
        || DateTime::parse_from_rfc3339(text).is_ok()
        || DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z").is_ok()
}

#[test]
fn a_shape_that_is_wrong_is_found() {
    use serde_json::json;
    const ROW: &[Field] =
        &[("id", Type::Uuid, true), ("when", Type::When, false), ("kind", Type::OneOf(&["a"]), false)];
    let id = "7c1f0a52-9a1e-4a53-8f0d-2b6f6f0e1a11";
    let page = |rows: Value, total: u64| {
        let pages = total.div_ceil(10);
        json!({ "content": rows, "page": { "size": 10, "totalElements": total, "totalPages": pages, "number": 0 } })
    };
    check(&page(json!([{ "id": id, "when": "2026-03-01T11:33:12.314-0600", "kind": null }]), 1), &Answer::Page(ROW))
        .unwrap();
    for wrong in [
        page(json!([]), 1),
        page(json!([{}]), 1),
        page(json!([{ "id": "x" }]), 1),
        page(json!([{ "id": id, "when": "soon" }]), 1),
        page(json!([{ "id": id, "kind": "b" }]), 1),
        json!({ "content": [] }),
        json!([]),
    ] {
        assert!(check(&wrong, &Answer::Page(ROW)).is_err(), "{wrong}");
    }
    let failure_of =
        |instance: &str| json!({ "type": "X", "message": "m", "instance": instance, "status": 404, "details": [] });
    assert!(failure(&failure_of("/public/v1/x"), 404).is_ok());
    assert!(failure(&failure_of("/public/v1/x"), 422).is_err());
    assert!(failure(&failure_of("/v1/x"), 404).is_err());
}
