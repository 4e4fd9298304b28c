//! ERPNext's REST interface (Frappe 15, version 1 of it): customers, items, plans and subscriptions, read and written.
//!
//! Follows `/api/resource/{DocType}[/{name}]`. Invariant: what is accepted shows in every list from then on, and every refusal names its
//! exception, as the framework does.

mod query;
mod schema;
mod state;

use std::sync::{Mutex, PoisonError};

use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::data::Data;
use super::faults::{Fault, Fired};
use super::server::{Answer, Ask, Service};
use super::systems::System;
use schema::DocType;
use state::{Document, State};

/// The keys of an API user; they open nothing but a simulator.
const SETTINGS: [(&str, &str); 2] = [("key", "0123456789abcde"), ("secret", "fedcba987654321")];

/// ERPNext.
pub static ERPNEXT: System = System {
    name: "erpnext",
    about: "An ERP with the interface of ERPNext 15",
    path: "",
    settings: &SETTINGS,
    make: |data| Box::new(ErpNext::new(data)),
};

/// The simulated site.
struct ErpNext {
    state: Mutex<State>,
}

/// A refusal: the exception, and its words.
#[derive(Debug)]
pub(super) struct Wrong {
    exception: &'static str,
    message: String,
}

impl Wrong {
    fn new(exception: &'static str, message: impl Into<String>) -> Self {
        Self { exception, message: message.into() }
    }

    fn missing(doctype: &DocType, name: &str) -> Self {
        Self::new("DoesNotExistError", format!("{} {name} not found", doctype.name))
    }

    fn status(&self) -> StatusCode {
        match self.exception {
            "AuthenticationError" => StatusCode::UNAUTHORIZED,
            "PermissionError" => StatusCode::FORBIDDEN,
            "DoesNotExistError" => StatusCode::NOT_FOUND,
            "DuplicateEntryError" => StatusCode::CONFLICT,
            _ => StatusCode::EXPECTATION_FAILED,
        }
    }

    /// JSON in JSON in JSON, as the framework has it.
    fn answer(&self, status: StatusCode) -> Answer {
        let Self { exception, message } = self;
        let line = format!("frappe.exceptions.{exception}: {message}");
        let shown = json!({ "message": message, "title": "Message", "indicator": "red", "raise_exception": 1 });
        let body = json!({
            "exc_type": exception, "exception": line,
            "exc": json!([format!("Traceback (most recent call last):\n  File \"apps/frappe/frappe/app.py\"\n{line}\n")]).to_string(),
            "_server_messages": json!([shown.to_string()]).to_string(),
        });
        Answer::with(status, body)
    }
}

impl ErpNext {
    fn new(data: &Data) -> Self {
        Self { state: Mutex::new(State::new(data)) }
    }

    fn served(&self, ask: &Ask, fired: &Fired) -> Result<Answer, Wrong> {
        let path = decoded(ask.path.trim_end_matches('/'));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match path.strip_prefix("/api/").and_then(|path| path.split_once('/')) {
            Some(("method", "frappe.auth.get_logged_user")) => Ok(Answer::ok(json!({ "message": "api@example.com" }))),
            Some(("method", "frappe.client.get_count")) => {
                let doctype = doctype(ask.query("doctype").unwrap_or_default())?;
                let count = query::chosen(ask.query("filters"), doctype, state.all(doctype))?.len();
                Ok(Answer::ok(json!({ "message": count })))
            }
            Some(("resource", rest)) => {
                let (name, record) = rest.split_once('/').map_or((rest, None), |(name, record)| (name, Some(record)));
                resource(&mut state, ask, fired, doctype(name)?, record)
            }
            _ => Err(Wrong::new("DoesNotExistError", format!("{path} is not served here"))),
        }
    }
}

/// A list, or one document.
fn resource(
    state: &mut State,
    ask: &Ask,
    fired: &Fired,
    doctype: &'static DocType,
    record: Option<&str>,
) -> Result<Answer, Wrong> {
    let data = |document: Document| Answer::ok(json!({ "data": document }));
    match (&ask.method, record) {
        (&Method::GET, None) => {
            state.disturb(doctype, fired);
            query::list(ask, doctype, state.all(doctype), fired.shift()).map(|rows| Answer::ok(json!({ "data": rows })))
        }
        (&Method::GET, Some(name)) => {
            state.one(doctype, name).cloned().map(data).ok_or_else(|| Wrong::missing(doctype, name))
        }
        (&Method::POST, None) => state.make(doctype, &sent(ask)?).map(data),
        (&Method::POST, Some(name)) if ask.query("run_method") == Some("submit") => {
            state.change(doctype, name, &Document::from_iter([("docstatus".to_owned(), json!(1))]), fired).map(data)
        }
        (&Method::PUT, Some(name)) => state.change(doctype, name, &sent(ask)?, fired).map(data),
        (&Method::DELETE, Some(name)) => {
            state.delete(doctype, name)?;
            Ok(Answer::with(StatusCode::ACCEPTED, json!({ "message": "ok" })))
        }
        _ => Err(Wrong::new("PermissionError", "The method is not allowed here")),
    }
}

fn doctype(name: &str) -> Result<&'static DocType, Wrong> {
    DocType::named(name).ok_or_else(|| Wrong::new("DoesNotExistError", format!("DocType {name} not found")))
}

/// The document of a body: JSON, or a form with it as `data`, as older clients send it.
fn sent(ask: &Ask) -> Result<Document, Wrong> {
    let is_form = ask.header("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let body = String::from_utf8_lossy(&ask.body);
    let text = if is_form {
        let data = body.split('&').find_map(|pair| pair.strip_prefix("data=")).unwrap_or_default();
        decoded(&data.replace('+', " "))
    } else {
        body.into_owned()
    };
    match serde_json::from_str(&text) {
        Ok(Value::Object(document)) => Ok(document),
        _ => Err(Wrong::new("ValidationError", "A document is expected")),
    }
}

/// A path or form text without its percent signs.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Service for ErpNext {
    fn answer(&self, ask: &Ask, fired: &Fired) -> Answer {
        let [key, secret] = SETTINGS.map(|(_, value)| value);
        let pair = format!("{key}:{secret}");
        let accepted = [format!("token {pair}"), format!("Basic {}", STANDARD.encode(&pair))];
        let is_known = ask.header("authorization").is_some_and(|given| accepted.iter().any(|known| known == given));
        if !is_known || fired.has(Fault::Expire) {
            return Wrong::new("AuthenticationError", "Invalid credentials").answer(StatusCode::UNAUTHORIZED);
        }
        self.served(ask, fired).unwrap_or_else(|wrong| wrong.answer(wrong.status()))
    }

    fn failure(&self, _ask: &Ask, status: StatusCode, message: &str) -> Answer {
        let exception = match status {
            StatusCode::UNAUTHORIZED => "AuthenticationError",
            StatusCode::FORBIDDEN => "PermissionError",
            StatusCode::NOT_FOUND => "DoesNotExistError",
            StatusCode::TOO_MANY_REQUESTS => "TooManyRequestsError",
            _ => "InternalError",
        };
        Wrong::new(exception, message).answer(status)
    }

    fn is_later_page(&self, ask: &Ask) -> bool {
        ask.query("limit_start").is_some_and(|start| start != "0")
    }
}
