//! How ConnectWise lists are asked: `conditions`, `orderBy`, `fields`, pages and their `Link` header.
//!
//! Invariant: a condition that is not understood is a 400, never a list that ignores it.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::conditions::{Wanted, compare, text_at};
use super::failure;
use crate::simulate::faults::{Fault, Fired};
use crate::simulate::json::{spoil, window};
use crate::simulate::server::{Answer, Ask};

const PAGE_SIZE: usize = 25;
const PAGE_SIZE_MAX: usize = 1000;

/// One page of a list, or of the list the other way round.
pub(super) fn list(ask: &Ask, fired: &Fired, rows: &[Value], turned: bool) -> Answer {
    let mut found = match chosen(ask, rows) {
        Ok(found) => found,
        Err(message) => return failure(StatusCode::BAD_REQUEST, &message),
    };
    if turned {
        found.reverse();
    }
    let asked = |name: &str, usual: usize| ask.query(name).map_or(Ok(usual), str::parse::<usize>);
    let (page, size) = match (asked("page", 1), asked("pageSize", PAGE_SIZE)) {
        (Ok(page), Ok(size)) if page > 0 && size > 0 => (page, size.min(PAGE_SIZE_MAX)),
        _ => return failure(StatusCode::BAD_REQUEST, "page and pageSize must be whole numbers above 0"),
    };
    let forward = ask.header("pagination-type").is_some_and(|t| t.eq_ignore_ascii_case("forward-only"));
    let start = if forward {
        let after = ask.query("pageId").unwrap_or_default();
        found.iter().position(|row| text_at(row, "id").as_deref() == Some(after)).map_or(0, |at| at + 1)
    } else {
        (page - 1).saturating_mul(size)
    };
    let range = window(found.len(), start, size, fired.shift());
    let mut content: Vec<Value> = found.get(range).unwrap_or_default().iter().map(|row| (*row).clone()).collect();
    if let Some(first) = content.first_mut().filter(|_| start == 0) {
        spoil(first, fired);
    }
    let links = if forward {
        content.last().and_then(|row| text_at(row, "id")).map(|id| vec![(format!("pageId={}", escape(&id)), "next")])
    } else {
        let last = found.len().div_ceil(size).max(1);
        let mut links = vec![("page=1".to_owned(), "first"), (format!("page={last}"), "last")];
        if page > 1 {
            links.push((format!("page={}", page - 1), "prev"));
        }
        if page < last {
            links.push((format!("page={}", page + 1), "next"));
        }
        Some(links)
    };
    if let Some(fields) = ask.query("fields") {
        for row in &mut content {
            project(row, fields);
        }
    }
    let mut answer = Answer::ok(Value::Array(content));
    if let Some(links) = links.filter(|_| !fired.has(Fault::NoPaging)) {
        answer.headers.push(("link", link_header(ask, size, &links)));
    }
    answer
}

/// How many records meet the conditions.
pub(super) fn count(ask: &Ask, rows: &[Value]) -> Answer {
    match chosen(ask, rows) {
        Ok(found) => Answer::ok(json!({ "count": found.len() })),
        Err(message) => failure(StatusCode::BAD_REQUEST, &message),
    }
}

fn link_header(ask: &Ask, size: usize, links: &[(String, &str)]) -> String {
    let mut kept = String::new();
    for (name, value) in &ask.query {
        if !matches!(name.as_str(), "page" | "pageSize" | "pageId") {
            kept.extend([&escape(name), "=", &escape(value), "&"]);
        }
    }
    let link = |(page, rel): &(String, &str)| {
        format!("<{}{}?{kept}pageSize={size}&{page}>; rel=\"{rel}\"", ask.base, ask.path)
    };
    links.iter().map(link).collect::<Vec<_>>().join(", ")
}

/// Percent-encodes everything that is not plainly harmless.
fn escape(text: &str) -> String {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    let encode = |byte: u8| if harmless(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(encode).collect()
}

fn project(row: &mut Value, fields: &str) {
    let Value::Object(all) = row else { return };
    let wanted: Vec<&str> = fields.split(',').map(|f| f.trim().split('/').next().unwrap_or_default()).collect();
    let kept: Map<String, Value> =
        std::mem::take(all).into_iter().filter(|(n, _)| wanted.contains(&n.as_str())).collect();
    *all = kept;
}

/// The records that meet the conditions, in the order asked for.
fn chosen<'a>(ask: &Ask, rows: &'a [Value]) -> Result<Vec<&'a Value>, String> {
    let wanted = |name: &str| ask.query(name).map(|text| Wanted::parse(name, text)).transpose();
    let (conditions, own) = (wanted("conditions")?, wanted("customFieldConditions")?);
    // one entry has to meet all of it: its caption and its value
    let has_own = |row: &Value, wanted: &Wanted| {
        row.get("customFields").and_then(Value::as_array).is_some_and(|all| all.iter().any(|entry| wanted.holds(entry)))
    };
    let meets = |row: &Value| {
        conditions.as_ref().is_none_or(|wanted| wanted.holds(row)) && own.as_ref().is_none_or(|own| has_own(row, own))
    };
    let mut found: Vec<&Value> = rows.iter().filter(|row| meets(row)).collect();
    if let Some(order) = ask.query("orderBy") {
        let (path, direction) = order.trim().split_once(' ').unwrap_or((order.trim(), "asc"));
        found.sort_by(|a, b| compare(&text_at(a, path).unwrap_or_default(), &text_at(b, path).unwrap_or_default()));
        match direction.trim().to_ascii_lowercase().as_str() {
            "asc" => {}
            "desc" => found.reverse(),
            other => return Err(format!("orderBy: `{other}` is neither asc nor desc")),
        }
    }
    Ok(found)
}
