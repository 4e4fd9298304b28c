//! Syncro MSP's REST interface (version 1): customers, products, and schedules with their line items, read and written.
//!
//! Invariant: quantities and prices go out as texts with two decimals and come in as they are documented; what is accepted shows in every
//! list from then on.

mod state;

use std::sync::{Mutex, PoisonError};

use axum::http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::faults::{Fault, Fired};
use super::json::window;
use super::server::{Answer, Ask, Service};
use super::systems::System;
use state::{Kind, State};

/// A token; it opens nothing but a simulator.
const SETTINGS: [(&str, &str); 1] = [("token", "T0f6b1c2d3e4f5-simulated")];

/// Syncro MSP.
pub static SYNCRO: System = System {
    name: "syncro",
    about: "A PSA with the interface of Syncro MSP",
    path: "/api/v1",
    settings: &SETTINGS,
    make: |data| Box::new(Syncro { state: Mutex::new(State::new(data)) }),
};

/// Rows of a page.
const PAGE: usize = 25;

/// The simulated account.
struct Syncro {
    state: Mutex<State>,
}

/// A refusal: a status and its words, in the forms they come in.
#[derive(Debug)]
struct Wrong(StatusCode, Value);

impl Wrong {
    fn missing() -> Self {
        Self(StatusCode::NOT_FOUND, json!({ "error": "Not found" }))
    }

    /// What does not pass, as a list.
    fn invalid(what: impl Into<String>) -> Self {
        Self(StatusCode::UNPROCESSABLE_ENTITY, json!({ "error": [what.into()] }))
    }

    /// The same for a field, as a map of lists.
    fn field(name: &str, what: &str) -> Self {
        let what = json!({ "errors": { name: [what] } });
        Self(StatusCode::UNPROCESSABLE_ENTITY, what)
    }
}

type Given<T> = Result<T, Wrong>;
type Record = Map<String, Value>;

impl Syncro {
    fn served(&self, ask: &Ask, fired: &Fired) -> Given<Answer> {
        let path = ask.path.strip_prefix("/api/v1/").unwrap_or_default();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let segments: Vec<&str> = path.split('/').collect();
        match (&ask.method, segments.as_slice()) {
            (&Method::POST, ["schedules", schedule, "add_line_item"]) => {
                state.add_line(schedule, &sent(ask)?).map(|line| Answer::ok(Value::Object(line)))
            }
            (&Method::PUT, ["schedules", schedule, "line_items", line]) => {
                state.change_line(schedule, line, &sent(ask)?, fired).map(|line| Answer::ok(Value::Object(line)))
            }
            (method, [kind, rest @ ..]) => {
                let kind = Kind::named(kind).ok_or_else(Wrong::missing)?;
                let single = |record: Record| json!({ (kind.single()): record });
                match (method, rest) {
                    (&Method::GET, []) => {
                        state.disturb(kind, fired);
                        Ok(list(ask, kind, state.all(kind), fired))
                    }
                    (&Method::GET, [id]) => Ok(Answer::ok(single(state.one(kind, id)?.clone()))),
                    (&Method::POST, []) => Ok(Answer::ok(single(state.make(kind, &sent(ask)?)?))),
                    (&Method::PUT, [id]) => Ok(Answer::ok(single(state.change(kind, id, &sent(ask)?, fired)?))),
                    _ => Err(Wrong::missing()),
                }
            }
            _ => Err(Wrong::missing()),
        }
    }
}

fn sent(ask: &Ask) -> Given<Record> {
    match serde_json::from_slice(&ask.body) {
        Ok(Value::Object(record)) => Ok(record),
        _ => Err(Wrong(StatusCode::BAD_REQUEST, json!({ "error": "There was a problem in the JSON you submitted" }))),
    }
}

/// One page; the lines of schedules are shown one by one only.
fn list(ask: &Ask, kind: Kind, all: &[Record], fired: &Fired) -> Answer {
    let page = ask.query("page").and_then(|page| page.parse::<usize>().ok()).unwrap_or(1).max(1);
    let rows = all.get(window(all.len(), (page - 1) * PAGE, PAGE, fired.shift())).unwrap_or_default();
    let rows = rows.iter().map(|row| {
        let mut row = row.clone();
        row.remove("lines");
        Value::Object(row)
    });
    let rows: Vec<Value> = rows.collect();
    let mut answer = json!({ (kind.plural()): rows });
    if !fired.has(Fault::NoTotals) {
        answer["meta"] = json!({
            "total_pages": all.len().div_ceil(PAGE).max(1), "total_entries": all.len(), "per_page": PAGE, "page": page,
        });
    }
    Answer::ok(answer)
}

impl Service for Syncro {
    fn answer(&self, ask: &Ask, fired: &Fired) -> Answer {
        let [(_, token)] = SETTINGS;
        let by_header = ask.header("authorization") == Some(&format!("Bearer {token}"));
        if !(by_header || ask.query("api_key") == Some(token)) || fired.has(Fault::Expire) {
            return self.failure(ask, StatusCode::UNAUTHORIZED, "Not authorized");
        }
        self.served(ask, fired).unwrap_or_else(|Wrong(status, body)| Answer::with(status, body))
    }

    fn failure(&self, _ask: &Ask, status: StatusCode, message: &str) -> Answer {
        Answer::with(status, json!({ "error": message }))
    }
}
