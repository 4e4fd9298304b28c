//! Lists: cut into pages only where `pageinate` says so, under a key of their own, with fewer members than a record.
//!
//! Invariant: `record_count` is how many there are, whatever the page.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::state::{Kind, State};
use super::{failure, plain};
use crate::simulate::faults::{Fault, Fired};
use crate::simulate::json::window;
use crate::simulate::server::{Answer, Ask};

const PAGE_SIZE: usize = 50;

/// What a row of a list has.
fn thin(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Client => &["id", "name", "toplevel_id", "toplevel_name", "inactive", "main_site_id", "use"],
        Kind::Site => &["id", "name", "client_id", "client_name", "inactive"],
        Kind::Item => &["id", "name", "assetgroup_id", "assetgroup_name", "baseprice", "use"],
        Kind::Invoice => &["id", "client_id", "client_name", "name", "disabled", "nextcreationdate", "total", "lines"],
        Kind::Licence => {
            &["id", "name", "type", "count", "client_id", "client_name", "vendor", "distributor", "is_active"]
        }
        Kind::Ticket => &["id", "summary", "client_id", "client_name", "status_id", "dateoccurred"],
    }
}

pub(super) fn list(state: &mut State, kind: Kind, ask: &Ask, fired: &Fired) -> Answer {
    state.disturb(kind, fired);
    let truly = |name: &str| ask.query(name).is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let mut found: Vec<&Value> = state.rows(kind).iter().filter(|row| is_wanted(kind, row, ask)).collect();
    if state.turned != truly("orderdesc") {
        found.reverse();
    }
    let asked = |name: &str, usual: usize| ask.query(name).map_or(Ok(usual), str::parse::<usize>);
    let (Ok(page), Ok(size), Ok(count)) =
        (asked("page_no", 1), asked("page_size", PAGE_SIZE), asked("count", usize::MAX))
    else {
        return failure(StatusCode::BAD_REQUEST, "page_no, page_size and count must be whole numbers");
    };
    let paged = truly("pageinate");
    let range = if paged {
        window(found.len(), page.saturating_sub(1).saturating_mul(size), size, fired.shift())
    } else {
        0..found.len().min(count)
    };
    let lines = truly("includelines");
    let has = |name: &str| thin(kind).contains(&name) && (lines || name != "lines");
    let rows = found.get(range).unwrap_or_default().iter().map(|row| {
        let members = row.as_object().into_iter().flatten().filter(|(name, _)| has(name));
        Value::Object(members.map(|(name, value)| (name.clone(), value.clone())).collect())
    });
    let rows: Vec<Value> = rows.collect();
    let mut body = Map::new();
    if !fired.has(Fault::NoTotals) {
        body.insert("record_count".to_owned(), json!(found.len()));
    }
    if paged {
        body.insert("page_no".to_owned(), json!(page));
        body.insert("page_size".to_owned(), json!(size));
    }
    if !(rows.is_empty() && fired.has(Fault::NoContent)) {
        body.insert(kind.key().to_owned(), Value::Array(rows));
    }
    Answer::ok(Value::Object(body))
}

/// Whether a row is among those asked for.
fn is_wanted(kind: Kind, row: &Value, ask: &Ask) -> bool {
    let of = |name: &str| row.get(name).map(plain).unwrap_or_default();
    let truly = |name: &str| ask.query(name).is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let is_active = of("inactive") != "true" || truly("includeinactive");
    let of_client = ask.query("client_id").is_none_or(|wanted| of("client_id") == wanted || kind == Kind::Client);
    let name = if kind == Kind::Ticket { of("summary") } else { of("name") };
    let found = ask.query("search").is_none_or(|wanted| name.to_lowercase().contains(&wanted.to_lowercase()));
    is_active && of_client && found
}
