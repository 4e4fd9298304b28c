//! Pax8's Partner API, whole: who is let in, which operation is meant, and how its effect comes to be seen.
//!
//! Follows the published description; where the live service was seen to differ, the live form is the default and the
//! documented one a switch. Each resource has a room of its own. Invariant: one request sees one state, and a write that
//! was answered with success takes effect whole, at once or (fault `late`) some reads later, never in part.

mod billing;
mod changes;
mod companies;
mod contacts;
mod control;
mod delivery;
mod hooks;
mod invoices;
mod ledger;
mod orders;
mod paging;
mod products;
mod shape;
mod standing;
mod state;
mod subscriptions;
mod terms;
mod time;
mod token;
mod topics;
mod undocumented;
mod usage;
mod validation;
mod webhooks;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::{Method, StatusCode};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::simulate::data::{Data, Row};
use crate::simulate::faults::{Fault, Faults, Fired};
use crate::simulate::json::{Object, number};
use crate::simulate::server::{Answer, Ask, Service};

use changes::Change;
use delivery::Parcel;
use state::State;
use token::Tokens;

pub use token::Pax8Credentials;

/// The simulated distributor.
pub(super) struct Pax8 {
    faults: Faults,
    tokens: Tokens,
    state: Arc<Mutex<State>>,
    /// What the state wants delivered goes here.
    post: mpsc::UnboundedSender<Parcel>,
}

/// One request under way: what is asked, the state it sees, and what goes wrong with it.
struct Call<'a> {
    ask: &'a Ask,
    fired: &'a Fired,
    faults: &'a Faults,
    state: &'a State,
}

/// A write: the answer with what it changes, or the refusal.
type Written = Result<(Answer, Vec<Change>), Answer>;

/// What an operation comes to.
enum Done {
    Read(Answer),
    Write(Written),
}

impl Service for Pax8 {
    fn answer(&self, ask: &Ask, fired: &Fired) -> Answer {
        if let Some(path) = ask.path.strip_prefix("/simulator/") {
            return self.control(ask, path);
        }
        if matches!(ask.path.as_str(), "/v1/token" | "/oauth/token") {
            return if ask.method == Method::POST {
                self.tokens.issue(ask, &self.faults)
            } else {
                not_allowed(ask, "POST")
            };
        }
        if !self.tokens.admits(ask, fired.has(Fault::Expire)) {
            return failure(ask, StatusCode::UNAUTHORIZED, "Unauthorized");
        }
        let mut state = self.lock();
        state.disturb(ask, fired);
        if ask.method == Method::GET {
            state.read_once();
        }
        let call = Call { ask, fired, faults: &self.faults, state: &state };
        let answer = match call.carry_out() {
            Done::Read(answer) => answer,
            Done::Write(Err(refusal)) => refusal,
            Done::Write(Ok((answer, changes))) => {
                if fired.has(Fault::Late) {
                    state.later(self.faults.late_reads, changes);
                } else {
                    state.apply(changes);
                }
                answer
            }
        };
        self.hand_over(&mut state);
        answer
    }

    fn failure(&self, ask: &Ask, status: StatusCode, message: &str) -> Answer {
        failure(ask, status, message)
    }

    fn is_later_page(&self, ask: &Ask) -> bool {
        let page = ask.query("page").and_then(|page| page.trim_end_matches(".0").parse::<u64>().ok());
        page.is_some_and(|page| page > 0)
    }
}

impl Pax8 {
    /// The service, and the deliveries it will want made.
    pub(super) fn new(data: Data, faults: Faults, credentials: Pax8Credentials) -> (Self, delivery::Courier) {
        let state = Arc::new(Mutex::new(State::new(data, &faults)));
        let (post, parcels) = mpsc::unbounded_channel();
        let courier = delivery::Courier::new(parcels, Arc::clone(&state), &faults);
        (Self { tokens: Tokens::new(credentials), faults, state, post }, courier)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives what is to be delivered to the courier.
    fn hand_over(&self, state: &mut State) {
        for parcel in state.parcels(self.faults.webhook_duplicates) {
            // once the simulator is dropped nobody takes parcels any more, and nobody waits for them
            let _ = self.post.send(parcel);
        }
    }
}

impl Call<'_> {
    fn carry_out(&self) -> Done {
        if let Some(path) = self.ask.path.strip_prefix("/api/v2/") {
            return self.webhook_operation(&path.split('/').collect::<Vec<_>>());
        }
        let Some(path) = self.ask.path.strip_prefix("/v1/") else {
            return Done::Read(missing(self.ask, "Path", &self.ask.path));
        };
        self.operation(&path.split('/').collect::<Vec<_>>())
    }

    /// The published operations; `draftItems` is no invoice.
    fn operation(&self, path: &[&str]) -> Done {
        let verb = self.ask.method.as_str();
        let read = match (verb, path) {
            ("GET", ["companies"]) => self.companies(),
            ("GET", ["companies", id]) => self.company(id),
            ("GET", ["companies", id, "contacts"]) => self.contacts(id),
            ("GET", ["companies", id, "contacts", contact]) => self.contact(id, contact),
            ("GET", ["products"]) => self.products(),
            ("GET", ["products", id]) => self.product(id),
            ("GET", ["products", id, "provision-details"]) => self.provision_details(id),
            ("GET", ["products", id, "dependencies"]) => self.dependencies(id),
            ("GET", ["products", id, "pricing"]) => self.pricing(id),
            ("GET", ["orders"]) => self.orders(),
            ("GET", ["orders", id]) => self.order(id),
            ("GET", ["subscriptions"]) => self.subscriptions(),
            ("GET", ["subscriptions", id]) => self.subscription(id),
            ("GET", ["subscriptions", id, "history"]) => self.history(id),
            ("GET", ["subscriptions", id, "usage-summaries"]) => self.usage_summaries(id),
            ("GET", ["usage-summaries", id]) => self.usage_summary(id),
            ("GET", ["usage-summaries", id, "usage-lines"]) => self.usage_lines(id),
            ("GET", ["invoices"]) => self.invoices(),
            ("GET", ["invoices", "draftItems"]) => self.draft_items(),
            ("GET", ["invoices", id]) => self.invoice(id),
            ("GET", ["invoices", id, "items"]) => self.items(id),
            _ => return self.write_operation(path),
        };
        Done::Read(read)
    }

    fn write_operation(&self, path: &[&str]) -> Done {
        let written = match (self.ask.method.as_str(), path) {
            ("POST", ["companies"]) => self.create_company(),
            ("PATCH", ["companies", id]) => self.update_company(id),
            ("POST", ["companies", id, "contacts"]) => self.create_contact(id),
            ("PUT", ["companies", id, "contacts", contact]) => self.replace_contact(id, contact),
            ("DELETE", ["companies", id, "contacts", contact]) => self.delete_contact(id, contact),
            ("POST", ["orders"]) => self.place_order(),
            ("PUT", ["subscriptions", id]) => self.update_subscription(id),
            ("DELETE", ["subscriptions", id]) => self.cancel_subscription(id),
            _ => Err(match allowed(path) {
                "" => missing(self.ask, "Path", &path.join("/")),
                methods => not_allowed(self.ask, methods),
            }),
        };
        Done::Write(written)
    }

    /// An object that leaves unset values out, or writes them as null where that is asked for.
    fn object(&self) -> Object {
        Object::new(self.fired.has(Fault::Nulls))
    }
}

/// The methods a path is served under; none when it is no path of ours.
fn allowed(path: &[&str]) -> &'static str {
    match path {
        ["companies" | "orders"] | ["companies", _, "contacts"] => "GET, POST",
        ["companies", _] => "GET, PATCH",
        ["companies", _, "contacts", _] | ["subscriptions", _] => "GET, PUT, DELETE",
        ["products" | "subscriptions" | "invoices"]
        | ["products" | "orders" | "usage-summaries" | "invoices", _]
        | ["products", _, "provision-details" | "dependencies" | "pricing"]
        | ["subscriptions", _, "history" | "usage-summaries"]
        | ["usage-summaries", _, "usage-lines"]
        | ["invoices", _, "items"] => "GET",
        _ => "",
    }
}

/// A failure in Pax8's envelope.
fn failure(ask: &Ask, status: StatusCode, message: &str) -> Answer {
    detailed(ask, status, message, &[])
}

/// A failure with its reasons.
fn detailed(ask: &Ask, status: StatusCode, message: &str, reasons: &[String]) -> Answer {
    let kind = status.canonical_reason().unwrap_or("ERROR").to_ascii_uppercase().replace(' ', "_");
    let webhooks = ask.path.starts_with("/api/");
    let details: Vec<Value> = reasons
        .iter()
        .map(|reason| json!({ "type": if webhooks { "INVALID_PARAM" } else { &kind }, "message": reason }))
        .collect();
    let instance = if webhooks { ask.path.clone() } else { format!("/public{}", ask.path) };
    Answer::with(
        status,
        json!({
            "type": kind,
            "message": message,
            "instance": instance,
            "status": status.as_u16(),
            "details": details,
        }),
    )
}

fn missing(ask: &Ask, what: &str, id: &str) -> Answer {
    failure(ask, StatusCode::NOT_FOUND, &format!("{what} Not Found: {id}"))
}

fn not_allowed(ask: &Ask, allowed: &'static str) -> Answer {
    let mut answer =
        failure(ask, StatusCode::METHOD_NOT_ALLOWED, &format!("{} is not served here: {allowed}", ask.method));
    answer.headers.push(("allow", allowed.to_owned()));
    answer
}

/// A figure to be summed: one that is no number, or larger than any, counts as nothing. It travels as it is all the same.
fn figure(row: Row<'_>, column: &str) -> Decimal {
    const LARGEST: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);
    Decimal::from_str_exact(row.get(column)).ok().filter(|read| read.abs() <= LARGEST).unwrap_or_default()
}

/// An exact amount as a number.
fn exact(amount: Decimal) -> Value {
    number(&amount.to_string())
}
