//! HaloPSA's REST interface: clients, items, recurring invoices with their lines, software licences, tickets.
//!
//! Follows the published description. Invariant: a write is a list and nothing else, an element with an id changes the members it
//! names, and a set of lines that is sent is the set from then on; a quantity that is computed is never what was sent.

mod lists;
mod records;
mod shape;
mod state;
mod token;
mod writes;

use std::sync::{Mutex, PoisonError};

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::faults::{Fault, Fired};
use super::server::{Answer, Ask, Service};
use super::systems::System;
use state::{Kind, State};
use token::Tokens;

/// What lets in, and what the connection says of the tenant; it opens nothing but a simulator.
const SETTINGS: [(&str, &str); 4] =
    [("tenant", "demo"), ("client_id", "demo-client"), ("client_secret", "demo-secret"), ("home_currency", "GBP")];

/// HaloPSA.
pub static HALOPSA: System = System {
    name: "halopsa",
    about: "A PSA with the interface of HaloPSA",
    path: "",
    settings: &SETTINGS,
    make: |data| Box::new(HaloPsa { tokens: Tokens::default(), state: Mutex::new(State::new(data)) }),
};

struct HaloPsa {
    tokens: Tokens,
    state: Mutex<State>,
}

/// A failure in one of the envelopes the system has: which, hangs on what failed.
fn failure(status: StatusCode, message: &str) -> Answer {
    let body = match status.as_u16() {
        401 | 404 => json!({ "error": message }),
        403 | 429 => json!({ "Message": message }),
        400 => json!({ "ClassName": "System.Exception", "Message": message, "Data": null }),
        _ => json!({ "resultCode": -1, "errorMessage": message }),
    };
    Answer::with(status, body)
}

impl Service for HaloPsa {
    fn answer(&self, ask: &Ask, fired: &Fired) -> Answer {
        match (&ask.method, ask.path.as_str()) {
            (&Method::GET, "/api/authinfo") => {
                let tenant = HALOPSA.setting("tenant");
                return Answer::ok(json!({ "auth_url": format!("{}/auth", ask.base), "tenant_id": tenant }));
            }
            (&Method::POST, "/auth/token") => return self.tokens.issue(ask),
            _ => {}
        }
        let Some(path) = ask.path.strip_prefix("/api/") else {
            return failure(StatusCode::NOT_FOUND, "There is nothing here");
        };
        if !self.tokens.admits(ask, fired.has(Fault::Expire)) {
            return failure(StatusCode::UNAUTHORIZED, "invalid_token");
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let segments: Vec<&str> = path.split('/').collect();
        match (&ask.method, segments.as_slice()) {
            (&Method::GET, ["Control"]) => Answer::ok(state.control.clone()),
            (&Method::GET, ["Currency"]) => Answer::ok(Value::Array(state.currencies.clone())),
            (&Method::GET, ["LicenceChange"]) => Answer::ok(Value::Array(state.licence_changes.clone())),
            (&Method::GET, ["InvoiceChange"]) => Answer::ok(Value::Array(state.invoice_changes.clone())),
            (&Method::GET, [resource]) => match Kind::named(resource) {
                Some(kind) => lists::list(&mut state, kind, ask, fired),
                None => no_resource(path),
            },
            (&Method::GET, [resource, id]) => match Kind::named(resource) {
                Some(kind) => state.one(kind, id).map_or_else(|| unknown(kind, id), |row| Answer::ok(row.clone())),
                None => no_resource(path),
            },
            (&Method::POST, ["Control"]) => state.control(&ask.body),
            (&Method::POST, ["RecurringInvoice", "updatelines"]) => state.update_lines(&ask.body, fired),
            (&Method::POST, ["RecurringInvoice", "Lines"]) => state.add_lines(&ask.body),
            (&Method::POST, [resource]) => match Kind::named(resource).filter(|kind| kind.is_written()) {
                Some(kind) => state.post(kind, &ask.body, fired),
                None => no_resource(path),
            },
            _ => failure(StatusCode::METHOD_NOT_ALLOWED, "The method is not served here"),
        }
    }

    fn failure(&self, _ask: &Ask, status: StatusCode, message: &str) -> Answer {
        failure(status, message)
    }

    fn is_later_page(&self, ask: &Ask) -> bool {
        ask.query("page_no").and_then(|page| page.parse::<u64>().ok()).is_some_and(|page| page > 1)
    }
}

fn no_resource(path: &str) -> Answer {
    failure(StatusCode::NOT_FOUND, &format!("There is no resource {path}"))
}

fn unknown(kind: Kind, id: &str) -> Answer {
    failure(StatusCode::NOT_FOUND, &format!("No {} with id {id} was found", kind.name()))
}

/// The text of a scalar.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
