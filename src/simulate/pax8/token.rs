//! Pax8's tokens: who gets one, and until when it opens anything.
//!
//! Invariant: a token that was never issued, has run out, or was struck by a fault opens nothing.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::failure;
use crate::simulate::faults::Faults;
use crate::simulate::server::{Answer, Ask};

/// What the token endpoint accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pax8Credentials {
    /// `client_id`.
    pub client_id: String,
    /// `client_secret`.
    pub client_secret: String,
}

impl Default for Pax8Credentials {
    /// The published credentials of the demo; they open nothing but a simulator.
    fn default() -> Self {
        Self { client_id: "demo-client".to_owned(), client_secret: "demo-secret".to_owned() }
    }
}

/// The tokens issued so far.
pub(super) struct Tokens {
    credentials: Pax8Credentials,
    issued: Mutex<Issued>,
}

#[derive(Default)]
struct Issued {
    count: u64,
    /// Each with the moment it runs out; `None` is later than this machine can say.
    good: BTreeMap<String, Option<Instant>>,
}

impl Tokens {
    pub(super) fn new(credentials: Pax8Credentials) -> Self {
        Self { credentials, issued: Mutex::default() }
    }

    pub(super) fn issue(&self, ask: &Ask, faults: &Faults) -> Answer {
        let Ok(body) = serde_json::from_slice::<Value>(&ask.body) else {
            return failure(ask, StatusCode::BAD_REQUEST, "Malformed JSON");
        };
        let field = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let good = field("client_id") == self.credentials.client_id
            && field("client_secret") == self.credentials.client_secret
            && field("grant_type") == "client_credentials"
            && matches!(field("audience"), "https://api.pax8.com" | "api://p8p.client");
        if !good {
            let body = json!({ "error": "access_denied", "error_description": "Unauthorized" });
            return Answer::with(StatusCode::UNAUTHORIZED, body);
        }
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        issued.count += 1;
        let token = format!("simulated.{}", issued.count);
        issued.good.insert(token.clone(), Instant::now().checked_add(Duration::from_secs(faults.expires_in)));
        Answer::ok(json!({ "access_token": token, "expires_in": faults.expires_in, "token_type": "Bearer" }))
    }

    /// Whether the request carries a good token; all of them can be struck before.
    pub(super) fn admits(&self, ask: &Ask, strike: bool) -> bool {
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        if strike {
            issued.good.clear();
        }
        let token = ask.header("authorization").and_then(|h| h.strip_prefix("Bearer "));
        let end = token.and_then(|t| issued.good.get(t));
        end.is_some_and(|end| end.is_none_or(|end| Instant::now() < end))
    }
}
