//! Xero's accounting interface 2.0: contacts and items, read and written; repeating invoices, read and deleted.
//!
//! Follows the published description below `/api.xro/2.0`. Invariant: an element that the description does not let through is
//! refused with its `ValidationErrors`, and what is accepted shows in every answer from then on.

mod records;
mod state;

use std::sync::{Mutex, PoisonError};

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::faults::{Fault, Fired};
use super::json::{base64, spoil, window};
use super::server::{Answer, Ask, Service};
use super::systems::System;
use state::{Kind, State};

const TENANT: &str = "70784a63-d24b-46a9-a4db-0e70a274b056";
const CLIENT: &str = "demo-client";
const SECRET: &str = "demo-secret";
const TOKEN_PATH: &str = "/connect/token";
const SETTINGS: [(&str, &str); 4] = [("signin", "{url}"), ("client", CLIENT), ("secret", SECRET), ("tenant", TENANT)];
/// Rows of a page, where nothing is said, and at most.
const ROWS_USUAL: usize = 100;
const ROWS_MAX: usize = 1_000;
/// Calls of a day.
const DAY: u32 = 5_000;

/// Xero.
pub static XERO: System = System {
    name: "xero",
    about: "An accounting system with the interface of Xero",
    path: "",
    settings: &SETTINGS,
    make: |data| Box::new(Xero { held: Mutex::new(Held { state: State::new(data), issued: 0, struck: 0, calls: 0 }) }),
};

struct Xero {
    held: Mutex<Held>,
}

struct Held {
    state: State,
    /// Access tokens so far, and how many of them are struck; the first is there from the start.
    issued: u32,
    struck: u32,
    calls: u32,
}

/// A failure that has to do with no element.
fn problem(status: StatusCode, detail: &str) -> Answer {
    let title = status.canonical_reason().unwrap_or("Error");
    let body = json!({ "Type": null, "Title": title, "Status": status.as_u16(), "Detail": detail, "Instance": null });
    let mut answer = Answer::with(status, body);
    if status == StatusCode::TOO_MANY_REQUESTS {
        answer.headers.push(("x-rate-limit-problem", "minute".to_owned()));
    }
    answer
}

impl Service for Xero {
    fn answer(&self, ask: &Ask, fired: &Fired) -> Answer {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if ask.path == TOKEN_PATH {
            return held.token(ask);
        }
        if fired.has(Fault::Expire) {
            held.struck = held.issued + 1;
        }
        let token = ask.header("authorization").and_then(|header| header.strip_prefix("Bearer demo-access-"));
        let token = token.and_then(|number| number.parse::<u32>().ok());
        if !token.is_some_and(|number| (held.struck..=held.issued).contains(&number)) {
            return problem(StatusCode::UNAUTHORIZED, "TokenExpired: the token is not known, or has run out");
        }
        if ask.header("xero-tenant-id") != Some(TENANT) {
            return problem(StatusCode::FORBIDDEN, "AuthenticationUnsuccessful: no organisation of this id");
        }
        held.calls += 1;
        let left = DAY.saturating_sub(held.calls);
        let mut answer = answered(&mut held.state, ask, fired);
        answer.headers.push(("x-daylimit-remaining", left.to_string()));
        answer
    }

    fn failure(&self, _: &Ask, status: StatusCode, message: &str) -> Answer {
        problem(status, message)
    }

    fn is_write(&self, ask: &Ask) -> bool {
        ask.method != Method::GET && ask.path != TOKEN_PATH
    }
}

impl Held {
    fn token(&mut self, ask: &Ask) -> Answer {
        let basic = format!("Basic {}", base64(&format!("{CLIENT}:{SECRET}")));
        let form = String::from_utf8_lossy(&ask.body);
        let is_grant = form.split('&').any(|pair| pair == "grant_type=client_credentials");
        if ask.header("authorization") != Some(basic.as_str()) || !is_grant {
            return Answer::with(StatusCode::BAD_REQUEST, json!({ "error": "invalid_client" }));
        }
        self.issued += 1;
        let token = format!("demo-access-{}", self.issued);
        Answer::ok(json!({ "access_token": token, "expires_in": 1800, "token_type": "Bearer" }))
    }
}

fn answered(state: &mut State, ask: &Ask, fired: &Fired) -> Answer {
    let path = ask.path.strip_prefix("/api.xro/2.0/").unwrap_or_default();
    let (name, id) = path.split_once('/').map_or((path, None), |(name, id)| (name, Some(id)));
    let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.name() == name) else {
        return problem(StatusCode::NOT_FOUND, "The resource you're looking for cannot be found");
    };
    match (&ask.method, id) {
        (&Method::GET, None) => list(state, kind, ask, fired),
        (&Method::GET, Some(id)) => match state.one(kind, id) {
            Some(row) => Answer::ok(around(kind, &[shown(kind, row.clone(), ask)])),
            None => problem(StatusCode::NOT_FOUND, "The resource you're looking for cannot be found"),
        },
        (&Method::PUT, None) | (&Method::POST, _) => written(state, kind, id, ask, fired),
        _ => problem(StatusCode::METHOD_NOT_ALLOWED, "The method is not served here"),
    }
}

fn around(kind: Kind, rows: &[Value]) -> Value {
    json!({
        "Id": "0b4a4f0c-6d35-4a2b-9d2f-1d2f0c6a7b11", "Status": "OK", "ProviderName": "trueup",
        "DateTimeUTC": records::moment(0), kind.name(): rows,
    })
}

/// A record as it is answered: prices of items in two decimals unless four are asked for.
fn shown(kind: Kind, mut row: Value, ask: &Ask) -> Value {
    if kind == Kind::Item && ask.query("unitdp") != Some("4") {
        for details in ["SalesDetails", "PurchaseDetails"] {
            if let Some(price) = row.get_mut(details).and_then(|details| details.get_mut("UnitPrice")) {
                *price = records::in_cents(price);
            }
        }
    }
    row
}

fn list(state: &mut State, kind: Kind, ask: &Ask, fired: &Fired) -> Answer {
    state.disturb(kind, fired);
    let term = ask.query("searchTerm").map(str::to_lowercase);
    let archived = ask.query("includeArchived") == Some("true");
    let fits = |row: &&Value| {
        let text = |at: &str| row.get(at).and_then(Value::as_str).unwrap_or_default().to_lowercase();
        let found = |term: &String| ["Name", "ContactNumber", "EmailAddress"].iter().any(|at| text(at).contains(term));
        (archived || text("ContactStatus") != "archived") && term.as_ref().is_none_or(found)
    };
    let mut rows: Vec<&Value> = state.rows(kind).iter().filter(fits).collect();
    if let Some(order) = ask.query("order") {
        let at = order.split(' ').next().unwrap_or_default();
        rows.sort_by_key(|row| row.get(at).map(ToString::to_string));
    }
    if kind != Kind::Contact {
        // these lists are not cut into pages, whatever is asked for
        return Answer::ok(around(
            kind,
            &rows.into_iter().map(|row| shown(kind, row.clone(), ask)).collect::<Vec<_>>(),
        ));
    }
    let number = |name: &str, usual: usize| ask.query(name).map_or(Some(usual), |text| text.parse::<usize>().ok());
    let (Some(page), Some(size)) = (number("page", 1), number("pageSize", ROWS_USUAL)) else {
        return problem(StatusCode::BAD_REQUEST, "page and pageSize are numbers");
    };
    if page == 0 || size == 0 || size > ROWS_MAX {
        return problem(StatusCode::BAD_REQUEST, "page begins with 1, and pageSize is at most 1000");
    }
    let range = window(rows.len(), (page - 1).saturating_mul(size), size, fired.shift());
    let mut content: Vec<Value> = rows.get(range).unwrap_or_default().iter().map(|row| (*row).clone()).collect();
    if let Some(first) = content.first_mut().filter(|_| page == 1) {
        spoil(first, fired);
    }
    let pages = rows.len().div_ceil(size).max(1);
    let mut body = around(kind, &content);
    if let Value::Object(members) = &mut body {
        let pagination = json!({ "page": page, "pageSize": size, "pageCount": pages, "itemCount": rows.len() });
        members.insert("pagination".to_owned(), pagination);
    }
    Answer::ok(body)
}

/// Makes or changes records; a call whose key was answered before gets that answer again.
fn written(state: &mut State, kind: Kind, id: Option<&str>, ask: &Ask, fired: &Fired) -> Answer {
    let key = ask.header("idempotency-key").unwrap_or_default().to_owned();
    if key.len() > 128 {
        return problem(StatusCode::BAD_REQUEST, "The idempotency key has more than 128 characters");
    }
    if let Some(body) = state.answered(&key) {
        return Answer::ok(body);
    }
    let sent = serde_json::from_slice::<Value>(&ask.body).unwrap_or_default();
    let sent: Vec<Value> = sent.get(kind.name()).and_then(Value::as_array).cloned().unwrap_or_default();
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for element in &sent {
        let made = if fired.has(Fault::Ghost) {
            Err("The organisation is not subscribed to currency USD".to_owned())
        } else {
            state.write(kind, id, element, ask.method == Method::PUT)
        };
        match made {
            Ok(row) => good.push(shown(kind, row, ask)),
            Err(message) => bad.push(refused(element, &message)),
        }
    }
    if let Some(first) = bad.first_mut().filter(|_| fired.has(Fault::Ghost)) {
        // as `summarizeErrors=false` has it
        if let Value::Object(members) = first {
            members.insert("StatusAttributeString".to_owned(), json!("ERROR"));
        }
        return Answer::ok(around(kind, &bad));
    }
    if !bad.is_empty() || good.is_empty() {
        let body = json!({
            "ErrorNumber": 10, "Type": "ValidationException", "Message": "A validation exception occurred",
            "Elements": bad,
        });
        return Answer::with(StatusCode::BAD_REQUEST, body);
    }
    let body = around(kind, &good);
    state.remember(key, &body);
    Answer::ok(body)
}

fn refused(element: &Value, message: &str) -> Value {
    let mut element = element.clone();
    if let Value::Object(members) = &mut element {
        members.insert("HasValidationErrors".to_owned(), json!(true));
        members.insert("ValidationErrors".to_owned(), json!([{ "Message": message }]));
    }
    element
}
