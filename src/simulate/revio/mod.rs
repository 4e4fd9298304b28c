//! What is public of Rev.io PSA's interface: the exchange of a key, and customers, read.
//!
//! Invariant: nothing is served that no public page describes; a token is good for its own life alone.

use std::sync::{Mutex, PoisonError};

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::data::{Data, File};
use super::faults::{Fault, Fired};
use super::json::{id, plain, window};
use super::server::{Answer, Ask, Service};
use super::systems::System;

/// A tenant and a key of somebody of it; they open nothing but a simulator.
const SETTINGS: [(&str, &str); 2] = [("tenant", "demo.psarev.example"), ("key", "rk-simulated-0001")];

/// Rev.io PSA.
pub static REVIO: System = System {
    name: "revio",
    about: "A PSA with what is public of Rev.io PSA's interface: customers, read only",
    path: "",
    settings: &SETTINGS,
    make: |data| Box::new(Revio::new(data)),
};

const PAGE: usize = 50;

struct Revio {
    customers: Vec<Value>,
    /// How often all tokens ended.
    tokens: Mutex<u64>,
}

impl Revio {
    fn new(data: &Data) -> Self {
        let customer =
            |row: super::data::Row<'_>| json!({ "customerId": id(row.get("id")), "customerName": row.get("name") });
        Self { customers: data.table(File::PsaCompanies).rows().map(customer).collect(), tokens: Mutex::new(0) }
    }

    fn exchanged(&self, ask: &Ask) -> Answer {
        let [_, (_, key)] = SETTINGS;
        let sent: Value = serde_json::from_slice(&ask.body).unwrap_or_default();
        if sent.get("apiKey").and_then(Value::as_str) != Some(key) {
            return self.failure(ask, StatusCode::UNAUTHORIZED, "The API key is not known");
        }
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        Answer::ok(json!({ "data": { "token": token(*tokens) } }))
    }
}

fn token(number: u64) -> String {
    format!("eyJhbGciOiJub25lIn0.eyJzdWIiOiJkZW1vIn0.{number}")
}

impl Service for Revio {
    fn answer(&self, ask: &Ask, fired: &Fired) -> Answer {
        if ask.path == "/api/v1/auth/api-key/exchange" && ask.method == Method::POST {
            return self.exchanged(ask);
        }
        let [(_, tenant), _] = SETTINGS;
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if fired.has(Fault::Expire) {
            *tokens += 1;
        }
        let good = format!("Bearer {}", token(*tokens));
        if ask.header("authorization") != Some(good.as_str()) || ask.header("x-revio-host") != Some(tenant) {
            return self.failure(ask, StatusCode::UNAUTHORIZED, "The token or the host is not accepted");
        }
        match (&ask.method, ask.path.strip_prefix("/billing/api/v1/customers")) {
            (&Method::GET, Some("")) => {
                let start = ask.query("cursor").and_then(|mark| mark.parse::<usize>().ok()).unwrap_or_default();
                let range = window(self.customers.len(), start, PAGE, fired.shift());
                let next = (range.end < self.customers.len()).then(|| range.end.to_string());
                Answer::ok(json!({ "data": self.customers.get(range).unwrap_or_default(), "nextCursor": next }))
            }
            (&Method::GET, Some(one)) => {
                let wanted = one.trim_start_matches('/');
                let is_it = |row: &&Value| row.get("customerId").is_some_and(|id| plain(id) == wanted);
                match self.customers.iter().find(is_it) {
                    Some(row) => Answer::ok(json!({ "data": row })),
                    None => self.failure(ask, StatusCode::NOT_FOUND, "Not found"),
                }
            }
            _ => self.failure(ask, StatusCode::NOT_FOUND, "Not found"),
        }
    }

    fn failure(&self, _ask: &Ask, status: StatusCode, message: &str) -> Answer {
        Answer::with(status, json!({ "message": message }))
    }

    fn is_later_page(&self, ask: &Ask) -> bool {
        ask.query("cursor").is_some()
    }

    fn is_write(&self, ask: &Ask) -> bool {
        ask.method != Method::GET && !ask.path.ends_with("/exchange")
    }
}
