//! Hints: what a remote said has changed is noted, and read later like anything else.
//!
//! Keeps the invariants that a hint causes a normal pull of the listings it names and nothing more, and that it stays until they
//! were read.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::{ExposeSecret as _, SecretString};

use crate::config::{Config, Environment};
use crate::core::entity::Entity;
use crate::core::hint::{Hint, HintedListing};
use crate::core::period::BillingPeriod;
use crate::engine::connect::{PAX8, is_pax8, settings_error};
use crate::engine::{Connection, Engine, EngineError, Extra, Listing, PullRequest, Result, Watch};
use crate::store::StoredHint;

/// A shorter secret could be guessed.
const SECRET_BYTES_MIN: usize = 16;

/// The setting that holds what a webhook sends in its `Authorization` header.
const WEBHOOK_SECRET: &str = "webhook_secret";

/// What each connection to Pax8 is known by when its webhooks come, where it has a secret for them.
///
/// # Errors
/// Where no connection has one, or one cannot be had or cannot be a header's value.
pub fn webhook_secrets(config: &Config, environment: &Environment) -> Result<BTreeMap<String, SecretString>> {
    let pax8: Vec<&String> =
        config.connectors.iter().filter(|(_, about)| is_pax8(about)).map(|(name, _)| name).collect();
    let mut secrets = BTreeMap::new();
    for name in &pax8 {
        let Some(secret) = config.secret_of(name, WEBHOOK_SECRET, environment)? else { continue };
        let text = secret.expose_secret();
        if text.len() < SECRET_BYTES_MIN {
            let what = format!(
                "{WEBHOOK_SECRET} is shorter than {SECRET_BYTES_MIN} bytes; `openssl rand -hex 32` makes a good one"
            );
            return Err(settings_error(name, what));
        }
        if !text.chars().all(|c| c.is_ascii_graphic() || c == ' ') || text.trim() != text {
            let what = format!("{WEBHOOK_SECRET} must be plain ASCII on one line, since it is sent as a header");
            return Err(settings_error(name, what));
        }
        secrets.insert((*name).clone(), secret);
    }
    match pax8.first() {
        None => Err(EngineError::Which { kind: PAX8.name, found: Vec::new() }),
        Some(first) if secrets.is_empty() => {
            let what = format!("{WEBHOOK_SECRET} is missing: nothing is received without one");
            Err(settings_error(first, what))
        }
        Some(_) => Ok(secrets),
    }
}

impl Engine {
    /// Notes what a remote said; it is on disk when this returns. Needs no lock.
    ///
    /// # Errors
    /// What the database says.
    pub async fn note_hint(&self, connection: &str, hint: &Hint) -> Result<()> {
        Ok(self.store.note_hint(connection, hint).await?)
    }

    /// The hints that wait, by connection and listing.
    ///
    /// # Errors
    /// What the database says.
    pub async fn hints(&self) -> Result<Vec<StoredHint>> {
        Ok(self.store.list_hints().await?)
    }

    /// Pulls what some hints of a connection name: of documents those of the last month. A hint goes when its listings were
    /// read and nothing more was said meanwhile.
    ///
    /// # Errors
    /// As [`pull`](Self::pull); the hints then stay.
    pub async fn read_hints(
        &self,
        connection: &Connection,
        hints: &[StoredHint],
        extras: &[Extra],
        watch: &dyn Watch,
    ) -> Result<Vec<Listing>> {
        let entities = |listing: HintedListing| listing.entities().iter().copied();
        let only: BTreeSet<Entity> = hints.iter().flat_map(|hint| entities(hint.listing)).collect();
        if only.is_empty() {
            return Ok(Vec::new());
        }
        let period = BillingPeriod::containing(self.clock.now().date_naive()).previous();
        let request = PullRequest { period, extras: extras.to_vec(), only: Some(only) };
        let listings = self.pull(std::slice::from_ref(connection), &request, watch).await?;
        let failed: BTreeSet<Entity> =
            listings.iter().filter(|listing| listing.error.is_some()).map(|listing| listing.entity).collect();
        for hint in hints {
            let mut of_hint = entities(hint.listing).peekable();
            if of_hint.peek().is_some() && of_hint.all(|entity| !failed.contains(&entity)) {
                self.store.settle_hint(hint).await?;
            }
        }
        Ok(listings)
    }
}
