//! Autotask PSA's REST interface: companies, products, services, contracts with what they bill by days, and tickets.
//!
//! Follows the published description under `/ATServicesRest/V1.0`, its envelopes and its odd habits: records are asked for by
//! POST, refusals are answered with 500, a change goes to the collection, children are written through their contract and asked
//! for at the root. The delays of a tenant that is half used up are not played: `latency` is for that. Invariant: what the
//! description does not let through is refused, and what is accepted shows in every query from then on.

mod filter;
mod query;
mod records;
mod shape;
mod state;
mod units;

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{Method, StatusCode};
use rand_chacha::rand_core::Rng as _;
use serde_json::{Map, Value, json};

use super::faults::{Fault, Fired};
use super::json::rng;
use super::server::{Answer, Ask, Service};
use super::systems::System;
use shape::Kind;
use state::State;

/// Who is let in, and who is let in without a right to see costs.
const SETTINGS: [(&str, &str); 5] = [
    ("user", "trueup@demo.example"),
    ("secret", "demo-secret"),
    ("integration_code", "DEMO0123456789"),
    ("owner", "29682885"),
    ("currency", "GBP"),
];
const BLIND: &str = "blind@demo.example";

/// Autotask PSA.
pub static AUTOTASK: System = System {
    name: "autotask",
    about: "A PSA with the interface of Autotask PSA",
    path: "/atservicesrest",
    settings: &SETTINGS,
    make: |data| Box::new(Autotask { state: Mutex::new(State::new(data)), calls: Mutex::default() }),
};

/// How many calls all programs together may make in an hour.
const CALLS_MAX: usize = 10_000;

struct Autotask {
    state: Mutex<State>,
    /// The calls of the last hour.
    calls: Mutex<VecDeque<Instant>>,
}

/// A refusal.
fn refusal(status: StatusCode, errors: &[String]) -> Answer {
    Answer::with(status, json!({ "errors": errors }))
}

/// What does not fit is answered with 500.
fn no(what: &str) -> Answer {
    refusal(StatusCode::INTERNAL_SERVER_ERROR, &[what.to_owned()])
}

/// A member of an object, whose name does not mind its case.
fn member<'v>(of: &'v Value, name: &str) -> Option<&'v Value> {
    of.as_object()?.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// A number that says nothing.
fn opaque(of: &str) -> u64 {
    rng(of).next_u64()
}

impl Autotask {
    /// Counts a call; how many there were within an hour.
    fn counted(&self) -> usize {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        while calls.front().is_some_and(|first| now.duration_since(*first) > Duration::from_hours(1)) {
            calls.pop_front();
        }
        calls.push_back(now);
        calls.len()
    }
}

impl Service for Autotask {
    fn answer(&self, ask: &Ask, fired: &Fired) -> Answer {
        let segments: Vec<&str> = ask.path.split('/').skip(1).collect();
        let is = |at: usize, name: &str| segments.get(at).is_some_and(|found| found.eq_ignore_ascii_case(name));
        if is(0, "simulator") {
            return self.control(ask, &segments);
        }
        if !is(0, "atservicesrest") {
            return Answer::with(StatusCode::NOT_FOUND, Value::Null);
        }
        if is(1, "versioninformation") {
            return Answer::ok(json!({ "apiVersions": ["1.0"] }));
        }
        if !is(1, "v1.0") {
            return refusal(StatusCode::NOT_FOUND, &["There is no such version.".to_owned()]);
        }
        if is(2, "zoneinformation") {
            return zone(ask);
        }
        let user = ask.header("username").unwrap_or_default();
        let known = ask.header("apiintegrationcode") == Some(AUTOTASK.setting("integration_code"))
            && (user == AUTOTASK.setting("user") || user == BLIND)
            && ask.header("secret") == Some(AUTOTASK.setting("secret"));
        if !known || fired.has(Fault::Expire) {
            return refusal(StatusCode::UNAUTHORIZED, &["The credentials are not accepted in this zone.".to_owned()]);
        }
        let used = self.counted();
        if used > CALLS_MAX {
            return self.failure(ask, StatusCode::TOO_MANY_REQUESTS, "The request threshold has been reached.");
        }
        if is(2, "thresholdinformation") {
            return Answer::ok(json!({ "externalRequestThreshold": CALLS_MAX, "requestThresholdTimeframe": 60,
                "currentTimeframeRequestCount": used }));
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = segments.get(2..).unwrap_or_default();
        routed(&mut state, ask, fired, rest, user == BLIND)
    }

    fn failure(&self, _ask: &Ask, status: StatusCode, message: &str) -> Answer {
        refusal(status, &[message.to_owned()])
    }

    fn is_later_page(&self, ask: &Ask) -> bool {
        ask.path.to_ascii_lowercase().ends_with("/query/next")
    }

    fn is_write(&self, ask: &Ask) -> bool {
        ask.method != Method::GET && !ask.path.to_ascii_lowercase().contains("/query")
    }
}

impl Autotask {
    /// What is done by people in the system: billing a period.
    fn control(&self, ask: &Ask, segments: &[&str]) -> Answer {
        let until = serde_json::from_slice::<Value>(&ask.body).ok();
        let until = until.and_then(|body| units::day(body.get("until")));
        match (segments, until) {
            ([_, "post"], Some(until)) => {
                self.state.lock().unwrap_or_else(PoisonError::into_inner).post(until);
                Answer::ok(json!({ "until": until.to_string() }))
            }
            _ => Answer::with(
                StatusCode::BAD_REQUEST,
                json!({ "errors": ["POST /simulator/post {\"until\": \"2026-10-31\"}"] }),
            ),
        }
    }
}

/// Where the records of a user are.
fn zone(ask: &Ask) -> Answer {
    let user = ask.query("user").unwrap_or_default();
    if user != AUTOTASK.setting("user") && user != BLIND {
        return no("The user is not known in any zone.");
    }
    Answer::ok(json!({
        "zoneName": "Simulated", "url": format!("{}/ATServicesRest/", ask.base), "webUrl": format!("{}/", ask.base), "ci": 1,
    }))
}

fn routed(state: &mut State, ask: &Ask, fired: &Fired, rest: &[&str], is_blind: bool) -> Answer {
    let unknown = || refusal(StatusCode::NOT_FOUND, &[format!("There is no resource {}.", ask.path)]);
    let Some(kind) = rest.first().and_then(|name| Kind::named(name)) else { return unknown() };
    let parts: Vec<String> = rest.iter().skip(1).map(|part| part.to_ascii_lowercase()).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let show = |row: &Map<String, Value>| shown(kind, row, is_blind);
    let is_read = ask.method == Method::GET;
    match parts.as_slice() {
        ["entityinformation"] if is_read => Answer::ok(shape::about(kind)),
        ["entityinformation", "fields"] if is_read => Answer::ok(shape::information(kind)),
        ["entityinformation", "userdefinedfields"] if is_read => Answer::ok(shape::own_information(kind)),
        ["query", ..] if kind == Kind::Adjustment => not_supported(ask),
        ["query"] | ["query", "next" | "count"] if !is_read && ask.method != Method::POST => not_supported(ask),
        ["query"] => {
            let (rows, marks) = state.listed(kind);
            query::first(kind, ask, fired, rows, marks, &show)
        }
        ["query", "next"] => {
            state.disturb(kind, fired);
            let (rows, marks) = state.listed(kind);
            query::next(kind, ask, fired, rows, marks, &show)
        }
        ["query", "count"] => query::count(kind, ask, state.rows(kind)),
        [] => written(state, kind, None, ask, fired),
        [contract, below] if kind == Kind::Contract => {
            match (Kind::below_contract(below), state.one(Kind::Contract, contract)) {
                (Some(below), Some(_)) if !is_read => written(state, below, contract.parse().ok(), ask, fired),
                (Some(_), None) => no("The contract does not exist."),
                (Some(_), Some(_)) | (None, _) => unknown(),
            }
        }
        [id] if is_read => Answer::ok(json!({ "item": state.one(kind, id).map(&show) })),
        [_] => not_supported(ask),
        _ => unknown(),
    }
}

fn not_supported(ask: &Ask) -> Answer {
    let what = format!("The requested resource does not support http method '{}'.", ask.method);
    Answer::with(StatusCode::METHOD_NOT_ALLOWED, json!({ "Message": what }))
}

/// Makes or changes a record: at its own address, or through its contract.
fn written(state: &mut State, kind: Kind, below: Option<i64>, ask: &Ask, fired: &Fired) -> Answer {
    let can = match (kind, below) {
        (Kind::ContractService, Some(_)) => true,
        (Kind::Adjustment, _) => ask.method == Method::POST,
        (_, None) => kind.is_written(),
        (_, Some(_)) => false,
    };
    if !can {
        return not_supported(ask);
    }
    let Ok(body) = serde_json::from_slice::<Value>(&ask.body) else { return no("The body is no JSON.") };
    let done = match ask.method {
        Method::POST => state.make(kind, below, &body),
        Method::PATCH => state.change(kind, below, &body, false, fired),
        Method::PUT => state.change(kind, below, &body, true, fired),
        _ => return not_supported(ask),
    };
    match done {
        Ok(id) => Answer::ok(json!({ "itemId": id })),
        Err(errors) => refusal(StatusCode::INTERNAL_SERVER_ERROR, &errors),
    }
}

/// A record as it goes out: a contract's own price does not come back, and who may not see costs sees none.
fn shown(kind: Kind, row: &Map<String, Value>, is_blind: bool) -> Value {
    let mut row = row.clone();
    if kind == Kind::ContractService {
        row.remove("adjustedPrice");
    }
    for name in ["unitCost", "cost"] {
        if let Some(cost) = row.get_mut(name).filter(|_| is_blind) {
            *cost = Value::Null;
        }
    }
    Value::Object(row)
}
