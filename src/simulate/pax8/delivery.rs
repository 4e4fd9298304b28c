//! The courier that brings webhooks their news: up to three attempts, a limit of ten seconds each, and a log of all.
//!
//! Invariant: nothing is sent anywhere but to this machine; the configured authorization goes out as it is.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::state::State;
use super::webhooks::Webhook;
use crate::simulate::faults::Faults;
use crate::simulate::json::uuid;

const ATTEMPTS: usize = 3;

/// One delivery on its way.
#[derive(Debug, Clone)]
pub(super) struct Parcel {
    pub(super) log: String,
    pub(super) url: String,
    pub(super) authorization: String,
    pub(super) body: String,
}

/// What became of a delivery.
#[derive(Debug, Clone)]
pub(super) struct Log {
    pub(super) id: String,
    pub(super) webhook: String,
    name: String,
    pub(super) topic: &'static str,
    pub(super) created: String,
    pub(super) payload: Value,
    calls: Vec<Attempt>,
}

#[derive(Debug, Clone)]
struct Attempt {
    status: &'static str,
    http: Option<u16>,
    error: String,
}

impl Log {
    pub(super) fn new(id: String, hook: &Webhook, moment: &str, topic: &'static str, payload: Value) -> Self {
        let (webhook, name, created) = (hook.id.clone(), hook.name.clone(), moment.to_owned());
        Self { id, webhook, name, topic, created, payload, calls: Vec::new() }
    }

    /// The status of the last attempt.
    pub(super) fn status(&self) -> &'static str {
        self.calls.last().map_or("PENDING", |call| call.status)
    }

    pub(super) fn show(&self) -> Value {
        let calls: Vec<Value> = self.calls.iter().enumerate().map(|(at, call)| self.show_attempt(at, call)).collect();
        json!({
            "id": self.id,
            "webhookId": self.webhook,
            "webhookName": self.name,
            "finalStatus": self.status(),
            "callHistory": calls,
            "createdAt": self.created,
        })
    }

    fn show_attempt(&self, at: usize, call: &Attempt) -> Value {
        let mut shown = json!({
            "id": uuid(&format!("{}/{at}", self.id)),
            "timestamp": self.created,
            "status": call.status,
            "payload": self.payload,
        });
        if let Value::Object(fields) = &mut shown {
            fields.extend(call.http.map(|status| ("httpStatusCode".to_owned(), Value::from(status))));
            if !call.error.is_empty() {
                fields.insert("errorMessage".to_owned(), Value::from(call.error.clone()));
            }
        }
        shown
    }
}

/// Carries parcels, one after the other.
pub(in crate::simulate) struct Courier {
    parcels: mpsc::UnboundedReceiver<Parcel>,
    state: Arc<Mutex<State>>,
    timeout: Duration,
    pause: Duration,
}

impl Courier {
    pub(super) fn new(parcels: mpsc::UnboundedReceiver<Parcel>, state: Arc<Mutex<State>>, faults: &Faults) -> Self {
        let [timeout, pause] = [faults.webhook_timeout, faults.webhook_pause].map(Duration::from_millis);
        Self { parcels, state, timeout, pause }
    }

    /// Works until the simulator is dropped.
    pub(in crate::simulate) async fn run(mut self) {
        // no certificates: what is on this machine is reached in the clear
        let client = reqwest::Client::builder().tls_certs_only([]).no_proxy().timeout(self.timeout);
        let Ok(client) = client.redirect(reqwest::redirect::Policy::none()).build() else { return };
        while let Some(parcel) = self.parcels.recv().await {
            self.deliver(&client, &parcel).await;
        }
    }

    async fn deliver(&self, client: &reqwest::Client, parcel: &Parcel) {
        for attempt in 1..=ATTEMPTS {
            let (http, error) = match attempt_one(client, parcel).await {
                Ok(status) if (200..300).contains(&status) => (Some(status), String::new()),
                Ok(status) => (Some(status), format!("answered {status}")),
                Err(error) => (None, error),
            };
            let status = match (error.is_empty(), attempt < ATTEMPTS) {
                (true, _) => "SUCCESS",
                (false, true) => "RETRYING",
                (false, false) => "FAILED",
            };
            self.note(parcel, Attempt { status, http, error });
            if status != "RETRYING" {
                return;
            }
            #[expect(clippy::disallowed_methods, reason = "the pause between two attempts is what is simulated")]
            tokio::time::sleep(self.pause).await;
        }
    }

    fn note(&self, parcel: &Parcel, attempt: Attempt) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let status = attempt.status;
        let Some(log) = state.hooks.logs.iter_mut().find(|log| log.id == parcel.log) else { return };
        log.calls.push(attempt);
        let webhook = log.webhook.clone();
        if let Some(hook) = state.hooks.find_mut(&webhook) {
            hook.last = Some(status);
        }
    }
}

/// The status of the answer, or why there was none.
async fn attempt_one(client: &reqwest::Client, parcel: &Parcel) -> Result<u16, String> {
    let url = reqwest::Url::parse(&parcel.url).map_err(|error| error.to_string())?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    if host != "localhost" && !host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()) {
        return Err(format!("`{host}` is not this machine, and a simulator sends nothing anywhere else"));
    }
    let mut request = client.post(url).header("content-type", "application/json").body(parcel.body.clone());
    if !parcel.authorization.is_empty() {
        request = request.header("authorization", &parcel.authorization);
    }
    #[expect(clippy::disallowed_methods, reason = "one attempt is one call; retrying is what is simulated")]
    let answer = request
        .send()
        .await
        .map_err(|error| if error.is_timeout() { "timed out".to_owned() } else { error.to_string() })?;
    Ok(answer.status().as_u16())
}
