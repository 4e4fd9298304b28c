//! ConnectWise PSA's service tickets: made, listed, found by their external reference.
//!
//! Invariant: a ticket that was accepted is listed from then on, whether or not its answer arrived.

use std::sync::{Mutex, PoisonError};

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::failure;
use super::query::{count, list};
use crate::simulate::faults::Fired;
use crate::simulate::json::plain;
use crate::simulate::server::{Answer, Ask};

/// The longest title.
const SUMMARY_MAX: usize = 100;
/// The number of the first ticket.
const FIRST: usize = 5_001;

/// The tickets that were made.
#[derive(Default)]
pub(super) struct Tickets(Mutex<Vec<Value>>);

impl Tickets {
    pub(super) fn answer(&self, ask: &Ask, fired: &Fired, rest: &[&str], companies: &[Value]) -> Answer {
        let mut tickets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (&ask.method, rest) {
            (&Method::POST, []) => make(&mut tickets, ask, companies),
            (&Method::GET, []) => list(ask, fired, &tickets, false),
            (&Method::GET, ["count"]) => count(ask, &tickets),
            (&Method::GET, [wanted]) => tickets
                .iter()
                .find(|ticket| ticket.get("id").is_some_and(|id| plain(id) == *wanted))
                .map_or_else(|| failure(StatusCode::NOT_FOUND, "The ticket was not found"), |t| Answer::ok(t.clone())),
            _ => failure(StatusCode::METHOD_NOT_ALLOWED, "Tickets are made, listed and read here"),
        }
    }
}

fn make(tickets: &mut Vec<Value>, ask: &Ask, companies: &[Value]) -> Answer {
    let Ok(Value::Object(mut ticket)) = serde_json::from_slice::<Value>(&ask.body) else {
        return failure(StatusCode::BAD_REQUEST, "A ticket is expected");
    };
    let text = |name: &str| ticket.get(name).and_then(Value::as_str).unwrap_or_default();
    let summary = text("summary");
    if summary.is_empty() || summary.chars().count() > SUMMARY_MAX || text("externalXRef").chars().count() > SUMMARY_MAX
    {
        return invalid("summary", "summary is needed; it and externalXRef have at most 100 characters");
    }
    let company = ticket.get("company").and_then(|company| company.get("id")).cloned().unwrap_or_default();
    let Some(known) = companies.iter().find(|known| known.get("id") == Some(&company)) else {
        return invalid("company/id", "the company was not found");
    };
    let company = json!({ "id": company, "identifier": known.get("identifier"), "name": known.get("name") });
    ticket.insert("company".to_owned(), company);
    ticket.insert("id".to_owned(), json!(FIRST + tickets.len()));
    ticket.insert("recordType".to_owned(), json!("ServiceTicket"));
    ticket.insert("status".to_owned(), json!({ "id": 1, "name": "New" }));
    ticket.insert("closedFlag".to_owned(), json!(false));
    // Only a new ticket carries its first note; reading gives it back as a note.
    let mut kept = ticket.clone();
    kept.remove("initialDescription");
    tickets.push(Value::Object(kept));
    Answer::with(StatusCode::CREATED, Value::Object(ticket))
}

fn invalid(field: &str, message: &str) -> Answer {
    let errors = json!([{ "code": "InvalidField", "message": message, "resource": "ticket", "field": field }]);
    let body = json!({ "code": "InvalidObject", "message": "ticket object is invalid", "errors": errors });
    Answer::with(StatusCode::BAD_REQUEST, body)
}
