//! Requests made from a table of the published operations: valid, bent and hostile. No crash, no undocumented status, and
//! every body of the documented shape.
//!
//! The table says in our own words what is published: method, path, parameters, statuses, and the fields of the answers.

mod operations;
mod requests;
mod shapes;

use std::collections::{BTreeMap, BTreeSet};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;
use serde_json::Value;

use super::{Pax8, Reply, sample, send};
use operations::{OPERATIONS, Operation};
use requests::{Ids, Request};

const REQUESTS_EACH: usize = 70;

/// What every operation may answer, beside what it documents.
const ALWAYS: [u16; 4] = [400, 401, 403, 429];

fn check(operation: &Operation, request: &Request, reply: &Reply) {
    let what = || format!("{} {} {:?}\n{} {}", operation.method, request.url, request.body, reply.status, reply.text);
    let unknown_id = operation.path.contains('{') && reply.status == 404;
    let documented = reply.status == operation.success || operation.failures.contains(&reply.status);
    assert!(documented || unknown_id || ALWAYS.contains(&reply.status), "undocumented: {}", what());
    if reply.status != operation.success {
        shapes::failure(&reply.json(), reply.status).unwrap_or_else(|wrong| panic!("{wrong}: {}", what()));
    } else if let Some(answer) = &operation.answer {
        shapes::check(&reply.json(), answer).unwrap_or_else(|wrong| panic!("{wrong}: {}", what()));
    } else {
        assert_eq!(reply.text, "", "{}", what());
    }
}

async fn ask(pax8: &Pax8, operation: &Operation, request: &Request) -> Option<Reply> {
    let method = reqwest::Method::from_bytes(operation.method.as_bytes()).unwrap();
    let mut call = pax8.http.request(method, format!("{}{}", pax8.running.url(), request.url)).bearer_auth(&pax8.token);
    if let Some(body) = &request.body {
        call = call.header("content-type", "application/json").body(body.clone());
    }
    match send(call).await {
        Ok(reply) => Some(reply),
        // a body too large to be read to its end may break the line
        Err(error) if request.body.as_ref().is_some_and(|b| b.len() > 1 << 20) && !error.is_connect() => None,
        Err(error) => panic!("{} {}: {error}", operation.method, request.url),
    }
}

/// Every operation answers at least once as it should, and refuses at least once where it documents that.
fn all_ways_were_seen(seen: &BTreeMap<(&str, &str), BTreeSet<u16>>) {
    for operation in &OPERATIONS {
        let statuses = &seen[&(operation.method, operation.path)];
        let what = format!("{} {}: {statuses:?}", operation.method, operation.path);
        assert!(statuses.contains(&operation.success), "never good: {what}");
        for failure in operation.failures.iter().filter(|status| **status == 422) {
            assert!(statuses.contains(failure), "never refused: {what}");
        }
        assert!(
            !operation.path.contains('{') || statuses.iter().any(|s| [400, 404].contains(s)),
            "never missed: {what}"
        );
    }
}

async fn drive(seed: u64, switches: &str) {
    let pax8 = Pax8::start(sample(), switches).await;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut ids = Ids::collect(&pax8).await;
    let mut seen: BTreeMap<(&str, &str), BTreeSet<u16>> = BTreeMap::new();
    for turn in 0..REQUESTS_EACH {
        for operation in &OPERATIONS {
            let request = Request::make(operation, &ids, &mut rng, turn);
            let Some(reply) = ask(&pax8, operation, &request).await else { continue };
            check(operation, &request, &reply);
            seen.entry((operation.method, operation.path)).or_default().insert(reply.status);
            if reply.status == operation.success && operation.method == "POST" {
                ids.learn(operation.path, &reply.json_or_null());
            }
        }
    }
    all_ways_were_seen(&seen);
    let (rows, total) = pax8.all("companies", 200).await;
    assert_eq!(rows.len(), total, "it still answers, and adds up");
}

#[tokio::test]
async fn every_operation_keeps_to_its_description() {
    drive(1, "commitment=documented,webhook-pause=0").await;
}

#[tokio::test]
async fn so_it_does_with_nulls_and_unknown_fields() {
    drive(2, "nulls,extra,plain-dates,item-ids,full-lists,end-exclusive,webhook-pause=0").await;
}

#[tokio::test]
async fn wrong_methods_are_refused_by_name() {
    let pax8 = Pax8::start(sample(), "").await;
    let ids = Ids::collect(&pax8).await;
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for operation in &OPERATIONS {
        let path = Request::make(operation, &ids, &mut rng, 0).url;
        let path = path.split('?').next().unwrap();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"] {
            let place = |path: &str| path.replace("{spare}", "{webhook}");
            if OPERATIONS.iter().any(|o| o.method == method && place(o.path) == place(operation.path)) {
                continue;
            }
            let reply = pax8.call(method, path, &Value::Null).await;
            assert_eq!(reply.status, 405, "{method} {path}");
            shapes::failure(&reply.json(), 405).unwrap();
        }
    }
}
