//! Who is told of what, and which deliveries are due.
//!
//! Invariant: a webhook that sleeps or has no address is told nothing; every delivery has exactly one log.

use serde_json::{Value, json};

use super::delivery::{Log, Parcel};
use super::topics::Event;
use crate::simulate::json::uuid;

/// Whoever wants to be told.
#[derive(Debug, Clone, Default)]
pub(super) struct Webhook {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) url: String,
    pub(super) authorization: String,
    pub(super) active: bool,
    pub(super) email: String,
    pub(super) threshold: u64,
    pub(super) integration: String,
    pub(super) topics: Vec<Topic>,
    pub(super) last: Option<&'static str>,
    pub(super) created: String,
    pub(super) updated: String,
}

/// What a webhook wants to hear of.
#[derive(Debug, Clone)]
pub(super) struct Topic {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) filters: Vec<Value>,
}

impl Topic {
    pub(super) fn show(&self) -> Value {
        json!({ "id": self.id, "topic": self.name, "filters": self.filters })
    }
}

/// All webhooks and what was delivered to them.
#[derive(Debug, Default)]
pub(super) struct Hooks {
    pub(super) all: Vec<Webhook>,
    pub(super) logs: Vec<Log>,
    /// Logs whose delivery is due.
    due: Vec<String>,
}

impl Hooks {
    pub(super) fn put(&mut self, hook: Webhook) {
        match self.all.iter_mut().find(|known| known.id == hook.id) {
            Some(known) => *known = hook,
            None => self.all.push(hook),
        }
    }

    pub(super) fn remove(&mut self, id: &str) {
        self.all.retain(|hook| hook.id != id);
        self.logs.retain(|log| log.webhook != id);
    }

    pub(super) fn find(&self, id: &str) -> Option<&Webhook> {
        self.all.iter().find(|hook| hook.id.eq_ignore_ascii_case(id))
    }

    pub(super) fn find_mut(&mut self, id: &str) -> Option<&mut Webhook> {
        self.all.iter_mut().find(|hook| hook.id == id)
    }

    /// Makes a delivery due; a log that is known already is delivered again.
    pub(super) fn send(&mut self, log: Log) {
        self.due.push(log.id.clone());
        if !self.logs.iter().any(|known| known.id == log.id) {
            self.logs.push(log);
        }
    }

    /// Tells every active webhook that wants to hear of it.
    pub(super) fn tell(&mut self, event: &Event, moment: &str, seed: u64) {
        let mut told = Vec::new();
        for hook in self.all.iter().filter(|hook| hook.active && !hook.url.is_empty()) {
            let heard = hook.topics.iter().find(|topic| topic.name == event.topic);
            if let Some(topic) = heard.filter(|topic| event.passes(&topic.filters)) {
                let id = uuid(&format!("log/{seed}/{}", self.logs.len() + told.len()));
                told.push(Log::new(id, hook, moment, event.topic, payload(hook, topic, moment, &event.payload())));
            }
        }
        for log in told {
            self.send(log);
        }
    }

    pub(super) fn parcels(&mut self, twice: bool) -> Vec<Parcel> {
        let mut parcels = Vec::new();
        for id in std::mem::take(&mut self.due) {
            let Some(log) = self.logs.iter().find(|log| log.id == id) else { continue };
            let Some(hook) = self.find(&log.webhook) else { continue };
            let parcel = Parcel {
                log: id,
                url: hook.url.clone(),
                authorization: hook.authorization.clone(),
                body: log.payload.to_string(),
            };
            parcels.extend(std::iter::repeat_n(parcel, if twice { 2 } else { 1 }));
        }
        parcels
    }
}

/// The body of a delivery.
pub(super) fn payload(hook: &Webhook, topic: &Topic, moment: &str, data: &Value) -> Value {
    json!({
        "accountId": account(),
        "url": hook.url,
        "webhookId": hook.id,
        "sentAt": moment,
        "webhookTopic": topic.show(),
        "payloadData": data,
    })
}

/// Whose webhooks they are.
pub(super) fn account() -> String {
    uuid("the partner's account")
}
