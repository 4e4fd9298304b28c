//! The simulator's own controls, beside the simulated service: what day it is, and an invoice that is paid or turns out wrong.
//!
//! They want no token, since only this machine can reach them. Invariant: time never goes back.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::standing::Standing;
use super::time::{day, days_after};
use super::{Pax8, failure, missing, not_allowed};
use crate::simulate::server::{Answer, Ask};

/// The furthest one call goes.
const DAYS_MAX: u64 = 1_100;

impl Pax8 {
    pub(super) fn control(&self, ask: &Ask, path: &str) -> Answer {
        match (&ask.method, path) {
            (&Method::GET, "clock") => Answer::ok(json!({ "today": self.lock().today.to_string() })),
            (&Method::POST, "clock") => self.set_clock(ask),
            (&Method::POST, "credit") => self.withdraw(ask, Standing::Credited),
            (&Method::POST, "void") => self.withdraw(ask, Standing::Void),
            (&Method::POST, "pay") => self.pay(ask),
            (_, "clock") => not_allowed(ask, "GET, POST"),
            (_, "credit" | "void" | "pay") => not_allowed(ask, "POST"),
            _ => missing(ask, "Path", &ask.path),
        }
    }

    /// `{"today": "2026-11-04"}` lets the days until then pass.
    fn set_clock(&self, ask: &Ask) -> Answer {
        let Some(asked) = text(ask, "today").as_deref().and_then(day) else {
            return failure(ask, StatusCode::BAD_REQUEST, "today must be a day such as 2026-11-04");
        };
        let mut state = self.lock();
        if asked < state.today || asked > days_after(state.today, DAYS_MAX) {
            let message = format!("it is {}; today must be that day or up to {DAYS_MAX} days later", state.today);
            return failure(ask, StatusCode::UNPROCESSABLE_ENTITY, &message);
        }
        state.advance(asked, &self.faults);
        self.hand_over(&mut state);
        Answer::ok(json!({ "today": state.today.to_string() }))
    }

    /// `{"invoiceId": "…"}` pays what is open of an approved invoice.
    fn pay(&self, ask: &Ask) -> Answer {
        let id = text(ask, "invoiceId").unwrap_or_default();
        if self.lock().pay(&id) { Answer::ok(json!({ "paid": id })) } else { missing(ask, "Open Invoice", &id) }
    }

    /// `{"invoiceId": "…"}` withdraws an approved invoice and issues it again.
    fn withdraw(&self, ask: &Ask, standing: Standing) -> Answer {
        let id = text(ask, "invoiceId").unwrap_or_default();
        let mut state = self.lock();
        let Some(new) = state.reissue(&id, standing) else { return missing(ask, "Approved Invoice", &id) };
        state.tell(&super::topics::Event::of("INVOICE", "CREATED", &new));
        self.hand_over(&mut state);
        Answer::ok(json!({ "withdrawn": id, "issued": new }))
    }
}

fn text(ask: &Ask, name: &str) -> Option<String> {
    let body = serde_json::from_slice::<Value>(&ask.body).ok()?;
    Some(body.get(name)?.as_str()?.to_owned())
}
