//! OAuth 2.0 tokens: who gets one, and until when it opens anything.
//!
//! Invariant: a refresh token that was replaced by another is worth nothing, and neither is an access token that was struck.

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::simulate::json::base64;
use crate::simulate::server::{Answer, Ask};

pub(super) const PATH: &str = "/oauth2/v1/tokens/bearer";
pub(super) const CLIENT: &str = "demo-client";
pub(super) const SECRET: &str = "demo-secret";
/// The refresh token that consent gave.
pub(super) const REFRESH: &str = "demo-refresh-0";

/// The tokens issued so far; the first pair is that of consent.
#[derive(Default)]
pub(super) struct Tokens {
    issued: u32,
    /// Access tokens up to this one are struck.
    struck: u32,
    refresh: u32,
    /// Whether the next refresh gives a new refresh token.
    rotates: bool,
}

/// A refusal as RFC 6749 has it.
pub(super) fn refused(status: StatusCode) -> Answer {
    let error = if status == StatusCode::UNAUTHORIZED { "invalid_client" } else { "invalid_grant" };
    Answer::with(status, json!({ "error": error }))
}

impl Tokens {
    /// Answers a call for a token.
    pub(super) fn issue(&mut self, ask: &Ask) -> Answer {
        let basic = format!("Basic {}", base64(&format!("{CLIENT}:{SECRET}")));
        if ask.method != Method::POST || ask.header("authorization") != Some(basic.as_str()) {
            return refused(StatusCode::UNAUTHORIZED);
        }
        let form = String::from_utf8_lossy(&ask.body);
        let field = |name: &str| form.split('&').find_map(|pair| pair.split_once('=').filter(|(n, _)| *n == name));
        let fits = field("grant_type").is_some_and(|(_, grant)| grant == "refresh_token")
            && field("refresh_token").is_some_and(|(_, token)| token == self.refresh());
        if !fits {
            return refused(StatusCode::BAD_REQUEST);
        }
        self.issued += 1;
        if std::mem::take(&mut self.rotates) {
            self.refresh += 1;
        }
        Answer::ok(json!({
            "token_type": "bearer", "access_token": format!("demo-access-{}", self.issued), "expires_in": 3600,
            "refresh_token": self.refresh(), "x_refresh_token_expires_in": 8_640_000,
        }))
    }

    fn refresh(&self) -> String {
        format!("demo-refresh-{}", self.refresh)
    }

    /// Ends every access token so far; the next refresh gives another refresh token too.
    pub(super) fn strike(&mut self) {
        self.struck = self.issued + 1;
        self.rotates = true;
    }

    pub(super) fn admits(&self, ask: &Ask) -> bool {
        let token = ask.header("authorization").and_then(|header| header.strip_prefix("Bearer demo-access-"));
        let token = token.and_then(|number| number.parse::<u32>().ok());
        token.is_some_and(|number| (self.struck..=self.issued).contains(&number))
    }
}
