//! The Web API of Dataverse (9.2): accounts, products, and the tables of Work 365, read and written.
//!
//! Invariant: every row carries its ETag; a write that names another one, or makes what is there already, is refused with 412.

mod query;
mod tables;

use std::sync::{Mutex, PoisonError};

use axum::http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::faults::{Fault, Fired};
use super::json::decoded;
use super::server::{Answer, Ask, Service};
use super::systems::System;
use tables::{Key, Tables, table};

/// An application of a directory; it opens nothing but a simulator.
const SETTINGS: [(&str, &str); 7] = [
    ("login", "{url}"),
    ("tenant", "00000000-0000-4000-a000-000000000001"),
    ("client", "00000000-0000-4000-a000-000000000002"),
    ("secret", "simulated~secret"),
    ("scope", "https://example.crm.dynamics.com/.default"),
    ("unit_id", tables::UNIT),
    ("unit_group_id", tables::UNIT_GROUP),
];

/// Dataverse with Work 365.
pub static DATAVERSE: System = System {
    name: "dataverse",
    about: "Dynamics 365 with the interface of Dataverse, and invented tables of Work 365",
    path: "/api/data/v9.2",
    settings: &SETTINGS,
    make: |data| Box::new(Dataverse { tables: Mutex::new(Tables::new(data)), tokens: Mutex::new(0) }),
};

struct Dataverse {
    tables: Mutex<Tables>,
    /// How often all tokens ended.
    tokens: Mutex<u64>,
}

/// A refusal: status, code and words.
#[derive(Debug)]
struct Wrong(StatusCode, &'static str, String);

type Given<T> = Result<T, Wrong>;
type Record = Map<String, Value>;

impl Wrong {
    fn bad(what: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, "0x80060888", what.into())
    }

    fn missing(what: &str) -> Self {
        Self(StatusCode::NOT_FOUND, "0x80040217", format!("{what} Does Not Exist"))
    }

    fn stale() -> Self {
        let what = "The version of the existing record doesn't match the RowVersion property provided.";
        Self(StatusCode::PRECONDITION_FAILED, "0x80060882", what.to_owned())
    }

    fn duplicate() -> Self {
        let what = "A record with matching key values already exists.";
        Self(StatusCode::PRECONDITION_FAILED, "0x80040237", what.to_owned())
    }
}

impl Dataverse {
    fn token(&self, ask: &Ask) -> Answer {
        let sent = String::from_utf8_lossy(&ask.body).into_owned();
        let [_, _, (_, client), ..] = SETTINGS;
        let known = sent.contains("grant_type=client_credentials") && sent.contains(client) && sent.contains("scope=");
        if !known {
            let body = json!({ "error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided." });
            return Answer::with(StatusCode::UNAUTHORIZED, body);
        }
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        Answer::ok(
            json!({ "token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": named(*tokens) }),
        )
    }

    fn served(&self, ask: &Ask, fired: &Fired, path: &str) -> Given<Answer> {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let (set, key) = match path.split_once('(') {
            None => (path, None),
            Some((set, key)) => (set, key.strip_suffix(')')),
        };
        let table = table(set).ok_or_else(|| {
            Wrong(StatusCode::NOT_FOUND, "0x8006088a", format!("Resource not found for the segment '{set}'."))
        })?;
        let key = key.map(|key| Key::parse(table, key)).transpose()?;
        match (&ask.method, key) {
            (&Method::GET, None) => {
                tables.disturb(table, fired);
                query::list(ask, table, tables.all(table), fired.shift()).map(Answer::ok)
            }
            (&Method::GET, Some(key)) => {
                let record = tables.one(table, &key).ok_or_else(|| Wrong::missing(table.name))?;
                let row = query::selected(table, record, ask.query("$select"))?;
                Ok(Answer::ok(query::single(ask, table, row)))
            }
            (&Method::POST, None) => Ok(made(ask, tables.make(table, None, &sent(ask)?)?)),
            (&Method::PATCH, Some(key)) => {
                let held = tables.one(table, &key).map(|record| record.get("@odata.etag").cloned().unwrap_or_default());
                let (must_match, must_not) = (ask.header("if-match"), ask.header("if-none-match"));
                match held {
                    Some(_) if must_not == Some("*") => Err(Wrong::duplicate()),
                    Some(etag) if must_match.is_some_and(|said| said != "*" && Some(said) != etag.as_str()) => {
                        Err(Wrong::stale())
                    }
                    Some(_) => Ok(made(ask, tables.change(table, &key, &sent(ask)?, fired)?)),
                    None if must_match.is_some() => Err(Wrong::missing(table.name)),
                    None => Ok(made(ask, tables.make(table, Some(&key), &sent(ask)?)?)),
                }
            }
            _ => Err(Wrong(StatusCode::METHOD_NOT_ALLOWED, "0x80060888", "The method is not allowed".to_owned())),
        }
    }
}

fn named(token: u64) -> String {
    format!("eyJ0eXAiOiJKV1QifQ.simulated.{token}")
}

fn sent(ask: &Ask) -> Given<Record> {
    match serde_json::from_slice(&ask.body) {
        Ok(Value::Object(record)) => Ok(record),
        _ => Err(Wrong::bad("An error occurred while validating input parameters: an object is expected")),
    }
}

/// The answer to a write: the record where it was asked for, else nothing.
fn made(ask: &Ask, (record, is_new): (Record, bool)) -> Answer {
    let wants = ask.header("prefer").is_some_and(|prefer| prefer.contains("return=representation"));
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    if wants { Answer::with(status, Value::Object(record)) } else { Answer::empty(StatusCode::NO_CONTENT) }
}

impl Service for Dataverse {
    fn answer(&self, ask: &Ask, fired: &Fired) -> Answer {
        if ask.path.ends_with("/oauth2/v2.0/token") {
            return self.token(ask);
        }
        let Some(path) = ask.path.strip_prefix("/api/data/v9.2/") else {
            return self.failure(ask, StatusCode::NOT_FOUND, "Not found");
        };
        let good = {
            let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
            if fired.has(Fault::Expire) {
                *tokens += 1;
            }
            format!("Bearer {}", named(*tokens))
        };
        if ask.header("authorization") != Some(good.as_str()) {
            return self.failure(ask, StatusCode::UNAUTHORIZED, "The token is not valid");
        }
        if ask.header("odata-version") != Some("4.0") {
            return self.failure(ask, StatusCode::BAD_REQUEST, "OData-Version 4.0 is expected");
        }
        let path = decoded(path);
        match self.served(ask, fired, &path) {
            Ok(answer) => answer,
            Err(Wrong(status, code, message)) => {
                Answer::with(status, json!({ "error": { "code": code, "message": message } }))
            }
        }
    }

    fn failure(&self, _ask: &Ask, status: StatusCode, message: &str) -> Answer {
        let code = if status == StatusCode::TOO_MANY_REQUESTS { "0x80072322" } else { "0x80040220" };
        Answer::with(status, json!({ "error": { "code": code, "message": message } }))
    }

    fn is_later_page(&self, ask: &Ask) -> bool {
        ask.query("$skiptoken").is_some()
    }
}
