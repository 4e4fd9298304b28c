//! What a Pax8 connection needs to know.
//!
//! Keeps the invariant that a key it does not know is refused and a secret is never shown.

use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

use crate::connectors::Environment;
use crate::connectors::http::{Auth, Backoff, Rate, Settings, TokenCall};
use crate::connectors::pax8::companies::CompanyFlags;

/// The largest page Pax8 documents; larger ones may be refused or cut.
pub(super) const PAGE_SIZE_MAX: u32 = 200;

/// The settings of one Pax8 connection. The name and the secret are filled in by whoever reads the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pax8Settings {
    /// The name the user gave the connection.
    #[serde(skip)]
    pub name: String,
    /// The API's address.
    #[serde(default = "base_url")]
    pub base_url: String,
    /// Where tokens are fetched; `token` below the API's address when not given.
    #[serde(default)]
    pub token_url: Option<String>,
    /// The audience of the token; older accounts use `api://p8p.client`.
    #[serde(default = "audience")]
    pub audience: String,
    /// The client id from the partner portal.
    pub client_id: String,
    /// The client secret that belongs to it.
    #[serde(skip)]
    pub client_secret: SecretString,
    /// More that must never be shown: a client id that is kept like a secret.
    #[serde(skip)]
    pub hidden: Vec<SecretString>,
    /// The pace. Pax8 is said to allow 1000 calls a minute; below ten a second is polite.
    #[serde(default = "calls_per_minute")]
    pub calls_per_minute: u32,
    /// Rows on a page, at most 200.
    #[serde(default = "page_size")]
    pub page_size: u32,
    /// Calls under way at once.
    #[serde(default = "concurrency")]
    pub concurrency: usize,
    /// Attempts at one call before giving up.
    #[serde(default = "attempts")]
    pub attempts: u32,
    /// Hosts that may be spoken to although they are addresses of a private network, or names that lead to one.
    #[serde(default)]
    pub private_hosts: Vec<String>,
    /// Whether it may change anything.
    #[serde(default)]
    pub environment: Environment,
    /// Where the partner is: two letters.
    #[serde(default)]
    pub country: Option<String>,
    /// What the partner is charged in, where a record of Pax8's does not say it: three capitals.
    #[serde(default)]
    pub currency: Option<String>,
    /// Companies made from here may order for themselves.
    #[serde(default)]
    pub self_service_allowed: bool,
    /// Pax8 bills companies made from here for the partner.
    #[serde(default)]
    pub bill_on_behalf: bool,
    /// Orders that companies made from here place themselves need approval.
    #[serde(default)]
    pub order_approval_required: bool,
    /// The first pause before another attempt, in milliseconds; it doubles from there.
    #[serde(default = "pause_ms")]
    pub pause_ms: u64,
}

fn base_url() -> String {
    "https://api.pax8.com/v1".to_owned()
}

fn audience() -> String {
    "https://api.pax8.com".to_owned()
}

fn calls_per_minute() -> u32 {
    480
}

fn page_size() -> u32 {
    PAGE_SIZE_MAX
}

fn concurrency() -> usize {
    4
}

fn attempts() -> u32 {
    6
}

fn pause_ms() -> u64 {
    1_000
}

impl Pax8Settings {
    /// A connection to the service itself, with careful defaults.
    pub fn new(name: impl Into<String>, client_id: impl Into<String>, client_secret: SecretString) -> Self {
        Self {
            name: name.into(),
            base_url: base_url(),
            token_url: None,
            audience: audience(),
            client_id: client_id.into(),
            client_secret,
            hidden: Vec::new(),
            calls_per_minute: calls_per_minute(),
            page_size: page_size(),
            concurrency: concurrency(),
            attempts: attempts(),
            private_hosts: Vec::new(),
            environment: Environment::default(),
            country: None,
            currency: None,
            self_service_allowed: false,
            bill_on_behalf: false,
            order_approval_required: false,
            pause_ms: pause_ms(),
        }
    }

    /// What companies made from here may do; nothing of it in a test environment.
    #[must_use]
    pub fn company_flags(&self) -> CompanyFlags {
        match self.environment {
            Environment::Test => CompanyFlags::default(),
            Environment::Production => CompanyFlags {
                self_service_allowed: self.self_service_allowed,
                bill_on_behalf: self.bill_on_behalf,
                order_approval_required: self.order_approval_required,
            },
        }
    }

    pub(super) fn http(&self) -> Settings {
        let token_url =
            self.token_url.clone().unwrap_or_else(|| format!("{}/token", self.base_url.trim_end_matches('/')));
        let fields = [("client_id", &self.client_id), ("audience", &self.audience)]
            .map(|(name, value)| (name.to_owned(), SecretString::from(value.as_str())))
            .into_iter()
            .chain([
                ("client_secret".to_owned(), self.client_secret.clone()),
                ("grant_type".to_owned(), SecretString::from("client_credentials")),
            ]);
        let auth = Auth::Token(TokenCall::json(token_url, fields.collect()));
        let mut settings = Settings::new(&self.name, &self.base_url, auth);
        settings.rates = vec![Rate { calls: self.calls_per_minute, per: Duration::from_mins(1) }];
        settings.concurrency = self.concurrency;
        settings.secrets.clone_from(&self.hidden);
        settings.private_hosts.clone_from(&self.private_hosts);
        settings.limits.attempts = self.attempts;
        settings.backoff = Backoff { first: Duration::from_millis(self.pause_ms), ..settings.backoff };
        settings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_id_is_enough_and_unknown_keys_are_refused() {
        let read = |text: &str| toml::from_str::<Pax8Settings>(text);
        let settings = read("client_id = 'id'").unwrap();
        assert_eq!((settings.base_url.as_str(), settings.page_size), ("https://api.pax8.com/v1", 200));
        assert!(settings.calls_per_minute < 600, "well under ten a second");
        assert!(read("").is_err() && read("client_id = 'id'\npagesize = 3").is_err());
        // A secret in plain sight is refused rather than read.
        assert!(read("client_id = 'id'\nclient_secret = 'x'").is_err());
    }
}
