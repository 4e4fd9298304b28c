//! How records are asked for: a filter posted or in the address, pages that lead to the next one, and how many there are.
//!
//! Invariant: what leads to the next page is only good together with what was asked first.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::filter::Wanted;
use super::records::Records;
use super::shape::Kind;
use super::{member, no};
use crate::simulate::faults::{Fault, Fired};
use crate::simulate::json::window;
use crate::simulate::server::{Answer, Ask};

const PAGE_MAX: usize = 500;

/// What leads to the next pages that were handed out.
#[derive(Default)]
pub(super) struct Marks(BTreeMap<String, Mark>);

struct Mark {
    query: Value,
    is_posted: bool,
    after: i64,
    page: usize,
}

/// What is asked.
struct Query {
    asked: Value,
    is_posted: bool,
    wanted: Wanted,
    size: usize,
}

impl Query {
    fn read(kind: Kind, ask: &Ask) -> Result<Self, String> {
        let is_posted = ask.method == Method::POST;
        let text = if is_posted {
            String::from_utf8_lossy(&ask.body).into_owned()
        } else {
            ask.query("search").ok_or("The search parameter is required.")?.to_owned()
        };
        let asked: Value = serde_json::from_str(&text).map_err(|_| "The query is no JSON.")?;
        Self::of(kind, asked, is_posted)
    }

    fn of(kind: Kind, asked: Value, is_posted: bool) -> Result<Self, String> {
        let wanted = Wanted::read(kind, member(&asked, "filter").unwrap_or(&Value::Null))?;
        let size = match member(&asked, "maxRecords") {
            None | Some(Value::Null) => PAGE_MAX,
            Some(size) => size.as_u64().and_then(|size| usize::try_from(size).ok()).unwrap_or_default(),
        };
        if !(1..=PAGE_MAX).contains(&size) {
            return Err(format!("MaxRecords must be between 1 and {PAGE_MAX}."));
        }
        if let Some(fields) = member(&asked, "includeFields").and_then(Value::as_array) {
            for name in fields.iter().filter_map(Value::as_str) {
                if kind.field(name).is_none() && !name.eq_ignore_ascii_case("userDefinedFields") {
                    return Err(format!("Unable to find {name} in the {} Entity.", kind.one()));
                }
            }
        }
        Ok(Self { asked, is_posted, wanted, size })
    }
}

/// How many records fit.
pub(super) fn count(kind: Kind, ask: &Ask, rows: &Records) -> Answer {
    match Query::read(kind, ask) {
        Ok(query) => {
            let fitting = rows.values().filter(|row| query.wanted.holds(row)).count();
            Answer::ok(json!({ "queryCount": fitting }))
        }
        Err(what) => no(&what),
    }
}

/// The first page.
pub(super) fn first(
    kind: Kind,
    ask: &Ask,
    fired: &Fired,
    rows: &Records,
    marks: &mut Marks,
    show: &dyn Fn(&Map<String, Value>) -> Value,
) -> Answer {
    match Query::read(kind, ask) {
        Ok(query) => page(kind, ask, fired, &query, (i64::MIN, 1), rows, marks, show),
        Err(what) => no(&what),
    }
}

/// A page that another led to.
pub(super) fn next(
    kind: Kind,
    ask: &Ask,
    fired: &Fired,
    rows: &Records,
    marks: &mut Marks,
    show: &dyn Fn(&Map<String, Value>) -> Value,
) -> Answer {
    let mark = ask.query("paging").and_then(|paging| marks.0.get(paging));
    let Some(mark) = mark else { return no("The paging token is not valid.") };
    let is_posted = ask.method == Method::POST;
    let sent = serde_json::from_slice::<Value>(&ask.body).unwrap_or_default();
    if is_posted != mark.is_posted || is_posted && sent != mark.query {
        return no("The query must be sent again as it was sent for the first page.");
    }
    let (after, number) = (mark.after, mark.page);
    match Query::of(kind, mark.query.clone(), is_posted) {
        Ok(query) => page(kind, ask, fired, &query, (after, number), rows, marks, show),
        Err(what) => no(&what),
    }
}

#[expect(clippy::too_many_arguments, reason = "what a page is made of")]
fn page(
    kind: Kind,
    ask: &Ask,
    fired: &Fired,
    query: &Query,
    (after, number): (i64, usize),
    rows: &Records,
    marks: &mut Marks,
    show: &dyn Fn(&Map<String, Value>) -> Value,
) -> Answer {
    let fitting: Vec<_> = rows.iter().filter(|(_, row)| query.wanted.holds(row)).collect();
    let start = fitting.iter().position(|(id, _)| **id > after).unwrap_or(fitting.len());
    let range = window(fitting.len(), start, query.size, fired.shift());
    let end = range.end;
    let found = fitting.get(range).unwrap_or_default();
    let items: Vec<Value> =
        found.iter().map(|(_, row)| chosen(&show(row), member(&query.asked, "includeFields"))).collect();
    let more = found.last().filter(|_| end < fitting.len() && !fired.has(Fault::NoPaging));
    let next = more.map(|(last, _)| {
        let paging = format!("{:x}|{}|{}", marks.0.len() + 1, kind.name(), number + 1);
        let paging = format!("{:016x}", super::opaque(&paging));
        let mark = Mark { query: query.asked.clone(), is_posted: query.is_posted, after: **last, page: number + 1 };
        marks.0.insert(paging.clone(), mark);
        format!("{}/ATServicesRest/V1.0/{}/query/next?paging={paging}", ask.base, kind.name())
    });
    let details = json!({ "count": items.len(), "requestCount": query.size, "prevPageUrl": null, "nextPageUrl": next });
    Answer::with(StatusCode::OK, json!({ "items": items, "pageDetails": details }))
}

fn chosen(row: &Value, fields: Option<&Value>) -> Value {
    let (Some(fields), Some(members)) = (fields.and_then(Value::as_array), row.as_object()) else { return row.clone() };
    let is_wanted =
        |name: &str| fields.iter().filter_map(Value::as_str).any(|wanted| wanted.eq_ignore_ascii_case(name));
    let kept = members.iter().filter(|(name, _)| is_wanted(name));
    Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
}
