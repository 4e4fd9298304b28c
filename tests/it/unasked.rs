//! A Pax8 that answers another question than was asked: a wrong record, a wrong page, a foreign history.

#![cfg(test)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::Path;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use trueup::config::{self, Config};
use trueup::connectors::VendorConnector as _;
use trueup::core::id::SubscriptionId;
use trueup::engine::Unwatched;
use trueup::engine::pax8::{self, Ask, Extent, Query, RemoteId};

use crate::support::hermetic::Place;

fn state(id: &str) -> Value {
    json!({"id": id, "companyId": "c", "productId": "p", "quantity": 1, "status": "Active", "billingTerm": "Monthly"})
}

/// A company that is another with every read.
const RESTLESS: &str = "7c1f0a52-9a1e-4a53-8f0d-2b6f6f0e1a11";

/// A remote's address.
async fn served() -> String {
    let page = json!({
        "content": [{"id": "c1", "name": "One"}, {"id": "c2", "name": "Two"}],
        "page": {"size": 2, "totalElements": 100, "totalPages": 50, "number": 0},
    });
    let history = |Path(id): Path<String>| async move { Json(json!({"content": [state(&id), state("another")]})) };
    let reads = Arc::new(AtomicUsize::new(0));
    let restless = move || async move {
        let read = reads.fetch_add(1, Ordering::SeqCst);
        Json(json!({"id": RESTLESS, "name": format!("Name {read}"), "phone": "1", "address": {"city": "Paris"}}))
    };
    let token = json!({"access_token": "t", "expires_in": 86400, "token_type": "Bearer"});
    let routes = Router::new()
        .route("/v1/token", post(|| async { Json(token) }))
        .route("/v1/companies", get(|| async { Json(page) }))
        .route(&format!("/v1/companies/{RESTLESS}"), get(restless))
        .route("/v1/companies/{id}", get(|| async { Json(json!({"id": "another", "name": "Another"})) }))
        .route("/v1/subscriptions/{id}/history", get(history));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, routes).await.unwrap() });
    url
}

fn settings(url: &str) -> String {
    format!(
        "[connectors.pax8]\nkind = \"pax8\"\nside = \"vendor\"\nbase_url = \"{url}\"\nclient_id = \"c\"\n\
         client_secret = {{ env = \"SECRET\" }}\npause_ms = 0\ncalls_per_minute = 60000\npage_size = 2\n"
    )
}

async fn remote() -> pax8::Remote {
    let text = settings(&served().await);
    let config: Config = config::parse(std::path::Path::new("trueup.toml"), &text).unwrap();
    pax8::open(&config, None, &config::Environment::of([("SECRET", "s")])).unwrap()
}

#[tokio::test]
async fn an_answer_to_another_question_is_no_answer() {
    let remote = remote().await;
    let company = RemoteId::new("company id", "asked").unwrap();
    let error = remote.one(&Ask::Company(company)).await.unwrap_err();
    assert!(error.to_string().contains("expected the record asked, received another"), "{error}");
    let error = remote.ask(&Ask::Companies, &Query::default(), Extent::First(4), &Unwatched).await.unwrap_err();
    assert!(error.to_string().contains("expected page 1, received page 0"), "{error}");
    let states = remote.history(&[SubscriptionId::new("s1")], &Unwatched).await.unwrap().unwrap();
    assert_eq!(states.records().iter().map(|state| state.id.as_str()).collect::<Vec<_>>(), ["s1"]);
    assert!(!states.is_complete());
    assert!(states.problems()[0].to_string().contains("no state of s1"), "{:?}", states.problems());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_changed_meanwhile_is_not_overwritten() {
    let url = served().await;
    let said = tokio::task::spawn_blocking(move || {
        let place = Place::new().set("SECRET", "s");
        place.write("trueup.toml", &settings(&url));
        let _ = place.run("db migrate").ended(0);
        place.run(&format!("pax8 companies update {RESTLESS} --phone 2 --yes")).ended(4)
    });
    let said = said.await.unwrap();
    assert!(said.stderr.contains("was changed while it was looked at"), "{}", said.stderr);
}
