//! ConnectWise PSA's REST interface: companies, catalogue, agreements and their additions, read and written; tickets.
//!
//! Follows the published description under `/v4_6_release/apis/3.0`. Invariant: a body that the description does not let through
//! is refused, and what is accepted shows in every list from then on.

mod conditions;
mod own_fields;
mod query;
mod records;
mod shape;
mod state;
mod tickets;

use std::sync::{Mutex, PoisonError};

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::data::Data;
use super::faults::{Fault, Fired};
use super::json::plain;
use super::server::{Answer, Ask, Service};
use super::systems::System;
use own_fields::Kind;
use query::list;
use state::State;
use tickets::Tickets;

const BASE: &str = "/v4_6_release/apis/3.0/";

/// The login company, the keys of the API member, and the `clientId` header; they open nothing but a simulator.
const SETTINGS: [(&str, &str); 4] = [
    ("company", "demo"),
    ("public_key", "public"),
    ("private_key", "private"),
    ("client_id", "00000000-0000-4000-a000-000000000000"),
];

/// ConnectWise PSA.
pub static CONNECTWISE: System = System {
    name: "connectwise",
    about: "A PSA with the interface of ConnectWise PSA",
    path: "/v4_6_release/apis/3.0",
    settings: &SETTINGS,
    make: |data| Box::new(ConnectWise::new(data)),
};

/// The simulated PSA.
struct ConnectWise {
    state: Mutex<State>,
    tickets: Tickets,
}

/// A failure in ConnectWise's envelope; throttling has one of its own.
pub(super) fn failure(status: StatusCode, message: &str) -> Answer {
    let body = if status == StatusCode::TOO_MANY_REQUESTS {
        json!({ "error": "ConnectWiseAPI", "message": "Too many requests. Please try again in 30 seconds." })
    } else {
        let code = status.canonical_reason().unwrap_or("Error").replace(' ', "");
        json!({ "code": code, "message": message, "errors": null })
    };
    Answer::with(status, body)
}

/// Records of a kind, below one record where they are.
#[derive(Clone, Copy)]
struct Of<'a> {
    kind: Kind,
    below: &'a str,
}

impl Service for ConnectWise {
    fn answer(&self, ask: &Ask, fired: &Fired) -> Answer {
        if let Some(company) = ask.path.strip_prefix("/login/companyinfo/") {
            return company_info(ask, company);
        }
        let Some(path) = ask.path.strip_prefix(BASE) else {
            return failure(StatusCode::NOT_FOUND, "The code base is not served here");
        };
        let known = ask.header("authorization") == Some(authorization().as_str())
            && ask.header("clientid") == Some(CONNECTWISE.setting("client_id"));
        if !known || fired.has(Fault::Expire) {
            return failure(StatusCode::UNAUTHORIZED, "The credentials or the clientId header are not accepted");
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let segments: Vec<&str> = path.split('/').collect();
        let of = |kind| Of { kind, below: "" };
        match segments.as_slice() {
            ["service", "tickets", rest @ ..] => self.tickets.answer(ask, fired, rest, state.rows(Kind::Company, "")),
            ["system", "info"] => Answer::ok(json!({
                "version": "v2025.1", "isCloud": false, "serverTimeZone": "UTC", "cloudRegion": "NA",
                "licenseBits": [], "maxWorkFlowRecordsAllowed": 1000,
            })),
            ["system", "userDefinedFields", rest @ ..] => only_read(ask, fired, &own_fields::definitions(), rest),
            ["company", "companies", "statuses", rest @ ..] => only_read(ask, fired, &state.statuses(), rest),
            ["company", "companies", rest @ ..] => serve(&mut state, of(Kind::Company), ask, fired, rest),
            ["procurement", "catalog", bundle, "components", rest @ ..] => {
                if !state.has(Kind::Product, bundle) {
                    return unknown(bundle);
                }
                serve(&mut state, Of { kind: Kind::Component, below: bundle }, ask, fired, rest)
            }
            ["procurement", "catalog", rest @ ..] => serve(&mut state, of(Kind::Product), ask, fired, rest),
            ["finance", "agreements", agreement, "additions", rest @ ..] => {
                if !state.has(Kind::Agreement, agreement) {
                    return unknown(agreement);
                }
                serve(&mut state, Of { kind: Kind::Addition, below: agreement }, ask, fired, rest)
            }
            ["finance", "agreements", rest @ ..] => serve(&mut state, of(Kind::Agreement), ask, fired, rest),
            _ => failure(StatusCode::NOT_FOUND, &format!("There is no resource {path}")),
        }
    }

    fn failure(&self, _: &Ask, status: StatusCode, message: &str) -> Answer {
        failure(status, message)
    }

    fn is_later_page(&self, ask: &Ask) -> bool {
        let page = ask.query("page").and_then(|page| page.parse::<u64>().ok());
        page.is_some_and(|page| page > 1) || ask.query("pageId").is_some()
    }
}

impl ConnectWise {
    fn new(data: &Data) -> Self {
        Self { state: Mutex::new(State::new(data, CONNECTWISE.setting("public_key"))), tickets: Tickets::default() }
    }
}

/// The `Authorization` header that is accepted.
fn authorization() -> String {
    let [company, public, private] = ["company", "public_key", "private_key"].map(|name| CONNECTWISE.setting(name));
    format!("Basic {}", base64(&format!("{company}+{public}:{private}")))
}

fn company_info(ask: &Ask, company: &str) -> Answer {
    if company != CONNECTWISE.setting("company") {
        return Answer::ok(Value::Null);
    }
    Answer::ok(json!({
        "CompanyName": "Example Managed Services", "Codebase": "v4_6_release/", "VersionCode": "v2025.1",
        "VersionNumber": "v4.6.100", "CompanyID": company, "IsCloud": false,
        "SiteUrl": ask.base.trim_start_matches("http://"),
    }))
}

/// Lists, reads, makes or changes records.
fn serve(state: &mut State, of: Of<'_>, ask: &Ask, fired: &Fired, rest: &[&str]) -> Answer {
    match (&ask.method, rest) {
        (&Method::GET, _) => {
            if rest.is_empty() {
                state.disturb(of.kind, of.below, fired);
            }
            let may_lack: &[&str] = match of.kind {
                Kind::Company => &COMPANY_MAY_LACK,
                Kind::Product => &PRODUCT_MAY_LACK,
                Kind::Addition => &ADDITION_MAY_LACK,
                Kind::Agreement | Kind::Component => &[],
            };
            show(ask, fired, (state.rows(of.kind, of.below), state.turned), rest, may_lack)
        }
        (&Method::POST, []) => state.make(of.kind, of.below, &ask.body),
        (&Method::PATCH, [id]) => state.patch(of.kind, of.below, id, &ask.body, fired),
        _ => failure(StatusCode::METHOD_NOT_ALLOWED, "The method is not served here"),
    }
}

/// A list nobody writes to.
fn only_read(ask: &Ask, fired: &Fired, rows: &[Value], rest: &[&str]) -> Answer {
    if ask.method == Method::GET {
        show(ask, fired, (rows, false), rest, &[])
    } else {
        failure(StatusCode::METHOD_NOT_ALLOWED, "The method is not served here")
    }
}

const COMPANY_MAY_LACK: [&str; 9] =
    ["addressLine1", "addressLine2", "city", "state", "zip", "country", "phoneNumber", "website", "accountNumber"];
const PRODUCT_MAY_LACK: [&str; 4] = ["manufacturerPartNumber", "vendorSku", "unitOfMeasure", "category"];
const ADDITION_MAY_LACK: [&str; 3] = ["cancelledDate", "description", "effectiveDate"];

/// A list, its count, or one record.
fn show(ask: &Ask, fired: &Fired, (rows, turned): (&[Value], bool), rest: &[&str], may_lack: &[&str]) -> Answer {
    let mut answer = match rest {
        [] => list(ask, fired, rows, turned),
        ["count"] => query::count(ask, rows),
        [wanted] => rows
            .iter()
            .find(|row| row.get("id").is_some_and(|id| plain(id) == *wanted))
            .map_or_else(|| unknown(wanted), |row| Answer::ok(row.clone())),
        _ => failure(StatusCode::NOT_FOUND, &format!("There is no resource {}", ask.path)),
    };
    let whole = answer.status == StatusCode::OK && ask.query("fields").is_none() && !rest.ends_with(&["count"]);
    if fired.has(Fault::Nulls) && whole {
        fill(&mut answer.body, may_lack);
    }
    answer
}

/// Says null for what is unset, in one record or in each of a list.
fn fill(body: &mut Value, may_lack: &[&str]) {
    match body {
        Value::Array(rows) => rows.iter_mut().for_each(|row| fill(row, may_lack)),
        Value::Object(fields) => {
            for name in may_lack {
                fields.entry(*name).or_insert(Value::Null);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn unknown(id: &str) -> Answer {
    failure(StatusCode::NOT_FOUND, &format!("Record {id} was not found"))
}

/// Standard base64 with padding.
fn base64(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4_usize {
            let index = usize::try_from(bits >> (18 - 6 * at) & 63).unwrap_or_default();
            let letter = ALPHABET.get(index).copied().map_or('=', char::from);
            out.push(if at > chunk.len() { '=' } else { letter });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_pads() {
        for (text, expected) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("a+b:c?~", "YStiOmM/fg==")]
        {
            assert_eq!(base64(text), expected);
        }
    }
}
