//! QuickBooks Online's accounting interface, version 3: customers, items and recurring invoices, asked for in its query language
//! and written by POST.
//!
//! Follows the published description below `/v3/company/{realm}`. Invariant: a body that the description does not let through is
//! refused with a Fault, and what is accepted shows in every answer from then on.

mod lines;
mod query;
mod records;
mod state;
mod token;

use std::sync::{Mutex, PoisonError};

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::data::Data;
use super::faults::{Fault, Fired};
use super::server::{Answer, Ask, Service};
use super::systems::System;
use query::Query;
use state::{Kind, State};
use token::Tokens;

const REALM: &str = "4620816365012345678";
const SETTINGS: [(&str, &str); 7] = [
    ("signin", "{url}"),
    ("realm", REALM),
    ("client", token::CLIENT),
    ("secret", token::SECRET),
    ("refresh", token::REFRESH),
    ("income", records::INCOME),
    ("expense", records::EXPENSE),
];
/// The moment all answers are from.
const TIME: &str = "2026-02-01T09:00:00.000-08:00";
/// The oldest form of the wire that is spoken.
const MINOR_VERSION: u64 = 75;

/// QuickBooks Online.
pub static QUICKBOOKS: System = System {
    name: "quickbooks",
    about: "An accounting system with the interface of QuickBooks Online",
    path: "",
    settings: &SETTINGS,
    make: |data| Box::new(QuickBooks::new(data)),
};

struct QuickBooks {
    state: Mutex<State>,
    tokens: Mutex<Tokens>,
}

/// What is wrong with a request: the system's number for it, its words, and the place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wrong {
    code: &'static str,
    message: &'static str,
    detail: String,
    element: &'static str,
}

impl Wrong {
    fn new(code: &'static str, message: &'static str, detail: impl Into<String>, element: &'static str) -> Self {
        Self { code, message, detail: detail.into(), element }
    }

    fn invalid(detail: impl Into<String>, element: &'static str) -> Self {
        Self::new("2010", "Request has invalid or unsupported property", detail, element)
    }

    fn missing(id: &str) -> Self {
        Self::new("610", "Object Not Found", format!("Object Not Found : {id} is not there, or inactive"), "")
    }

    fn answer(&self) -> Answer {
        fault(StatusCode::BAD_REQUEST, "ValidationFault", self)
    }
}

fn fault(status: StatusCode, kind: &str, wrong: &Wrong) -> Answer {
    let Wrong { code, message, detail, element } = wrong;
    let error = json!({ "Message": message, "Detail": detail, "code": code, "element": element });
    Answer::with(status, json!({ "Fault": { "Error": [error], "type": kind }, "time": TIME }))
}

/// A failure that has to do with no record.
fn failure(status: StatusCode, message: &str) -> Answer {
    let (kind, code, words) = match status {
        StatusCode::UNAUTHORIZED => ("AuthenticationFault", "3200", "ApplicationAuthenticationFailed"),
        StatusCode::FORBIDDEN => ("AuthorizationFault", "3100", "ApplicationAuthorizationFailed"),
        StatusCode::TOO_MANY_REQUESTS => ("ValidationFault", "3001", "ThrottleExceeded"),
        status if status.is_server_error() => ("SystemFault", "10000", "An application error has occurred"),
        _ => ("ValidationFault", "4000", "Error while processing the request"),
    };
    fault(status, kind, &Wrong::new(code, words, message, ""))
}

impl Service for QuickBooks {
    fn answer(&self, ask: &Ask, fired: &Fired) -> Answer {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if ask.path == token::PATH {
            return tokens.issue(ask);
        }
        if fired.has(Fault::Expire) {
            tokens.strike();
        }
        if !tokens.admits(ask) {
            return failure(StatusCode::UNAUTHORIZED, "Token expired or not known");
        }
        let rest = ask.path.strip_prefix("/v3/company/").and_then(|rest| rest.strip_prefix(REALM));
        let Some(rest) = rest else { return failure(StatusCode::FORBIDDEN, "This company is not the token's") };
        if ask.query("minorversion").is_some_and(|minor| minor.parse::<u64>().is_ok_and(|minor| minor < MINOR_VERSION))
        {
            return failure(StatusCode::BAD_REQUEST, "The minor version is not supported any more");
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let segments: Vec<&str> = rest.trim_start_matches('/').split('/').collect();
        match (&ask.method, segments.as_slice()) {
            (&Method::GET | &Method::POST, ["query"]) => asked(&mut state, ask, fired),
            (&Method::GET, [kind, id]) => match Kind::at(kind) {
                Some(kind) => state.one(kind, id).map_or_else(|wrong| wrong.answer(), |row| shown(kind, &row)),
                None => unknown(ask),
            },
            (&Method::POST, [kind]) => match Kind::at(kind) {
                Some(kind) => written(&mut state, kind, ask, fired),
                None => unknown(ask),
            },
            _ => unknown(ask),
        }
    }

    fn failure(&self, ask: &Ask, status: StatusCode, message: &str) -> Answer {
        if ask.path == token::PATH { token::refused(status) } else { failure(status, message) }
    }

    fn is_later_page(&self, ask: &Ask) -> bool {
        Query::parse(&statement(ask)).is_ok_and(|query| query.start > 1)
    }

    fn is_write(&self, ask: &Ask) -> bool {
        ask.method == Method::POST && ask.path != token::PATH && !ask.path.ends_with("/query")
    }
}

impl QuickBooks {
    fn new(data: &Data) -> Self {
        Self { state: Mutex::new(State::new(data)), tokens: Mutex::default() }
    }
}

fn unknown(ask: &Ask) -> Answer {
    failure(StatusCode::NOT_FOUND, &format!("There is no operation {} {}", ask.method, ask.path))
}

/// One record in its envelope.
fn shown(kind: Kind, row: &Value) -> Answer {
    Answer::ok(json!({ kind.name(): row, "time": TIME }))
}

/// A statement stands in a parameter, or is the body.
fn statement(ask: &Ask) -> String {
    let body = || String::from_utf8_lossy(&ask.body).into_owned();
    ask.query("query").map_or_else(body, str::to_owned)
}

/// Rows of a statement; without any the envelope is empty.
fn asked(state: &mut State, ask: &Ask, fired: &Fired) -> Answer {
    let query = match Query::parse(&statement(ask)) {
        Ok(query) => query,
        Err(detail) => return Wrong::new("4000", "Error parsing query", detail, "").answer(),
    };
    state.disturb(query.kind, fired);
    let rows = query.rows(state.rows(query.kind));
    let page = query.page(&rows, fired);
    let response = if query.counts {
        json!({ "totalCount": rows.len() })
    } else if page.is_empty() {
        json!({})
    } else {
        json!({ query.kind.name(): page, "startPosition": query.start, "maxResults": page.len() })
    };
    Answer::ok(json!({ "QueryResponse": response, "time": TIME }))
}

/// Makes or changes a record; a call whose `requestid` was answered before gets that answer again.
fn written(state: &mut State, kind: Kind, ask: &Ask, fired: &Fired) -> Answer {
    let key = ask.query("requestid").unwrap_or_default().to_owned();
    if key.len() > 50 {
        return Wrong::invalid("requestid has more than 50 characters", "requestid").answer();
    }
    if let Some((kind, row)) = state.answered(&key) {
        return shown(kind, &row);
    }
    if fired.has(Fault::Ghost) {
        // a Fault may come with any status
        let wrong = Wrong::new("6000", "A business validation error has occurred", "The books are closed", "");
        return fault(StatusCode::OK, "ValidationFault", &wrong);
    }
    let Ok(Value::Object(sent)) = serde_json::from_slice::<Value>(&ask.body) else {
        return Wrong::invalid("An object is expected", "").answer();
    };
    match state.write(kind, sent) {
        Err(wrong) => wrong.answer(),
        Ok(row) => {
            state.remember(key, kind, &row);
            shown(kind, &row)
        }
    }
}
