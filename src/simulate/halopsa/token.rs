//! HaloPSA's tokens: client credentials sent as a form, with or without the tenant.
//!
//! Invariant: a token that was never issued, or was struck by a fault, opens nothing.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use axum::extract::Query;
use axum::http::{StatusCode, Uri};
use serde_json::json;

use super::HALOPSA;
use crate::simulate::server::{Answer, Ask};

/// Seconds a token lives.
const LIVES: u64 = 3_600;

/// The tokens issued so far that are good; one is from the start.
pub(super) struct Tokens(Mutex<(u64, BTreeSet<String>)>);

impl Default for Tokens {
    fn default() -> Self {
        Self(Mutex::new((0, BTreeSet::from(["simulated.0".to_owned()]))))
    }
}

impl Tokens {
    pub(super) fn issue(&self, ask: &Ask) -> Answer {
        let sent = format!("/?{}", String::from_utf8_lossy(&ask.body));
        let form = sent.parse::<Uri>().ok().and_then(|uri| Query::<Vec<(String, String)>>::try_from_uri(&uri).ok());
        let form = form.map(|query| query.0).unwrap_or_default();
        let has = |name: &str, wanted: &str| form.iter().any(|(known, value)| known == name && value == wanted);
        let tenant = ask.query("tenant").filter(|tenant| !tenant.is_empty());
        let good = has("grant_type", "client_credentials")
            && has("client_id", HALOPSA.setting("client_id"))
            && has("client_secret", HALOPSA.setting("client_secret"))
            && tenant.is_none_or(|tenant| tenant == HALOPSA.setting("tenant"));
        if !good {
            return Answer::with(StatusCode::BAD_REQUEST, json!({ "error": "invalid_client" }));
        }
        let mut issued = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        issued.0 += 1;
        let token = format!("simulated.{}", issued.0);
        issued.1.insert(token.clone());
        Answer::ok(json!({ "access_token": token, "token_type": "Bearer", "expires_in": LIVES, "scope": "all" }))
    }

    /// Whether the request carries a good token; all of them can be struck before.
    pub(super) fn admits(&self, ask: &Ask, strike: bool) -> bool {
        let mut issued = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if strike {
            issued.1.clear();
        }
        let token = ask.header("authorization").and_then(|header| header.strip_prefix("Bearer "));
        token.is_some_and(|token| issued.1.contains(token))
    }
}
