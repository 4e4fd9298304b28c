//! Writes to Pax8, against a remote that keeps what it is sent and loses answers: each is noted before it is sent, is sent once,
//! and ends as what is there shows.

#![cfg(test)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use trueup::clock::Clock;
use trueup::config::{self, Config};
use trueup::engine::pax8::{self, Ask, CompanyFlags, Extent, Query, Remote, Write};
use trueup::engine::{Ended, Engine, EngineError, Settling, Unwatched, WriteOutcome};

mod requests;
mod settle;

use requests::{
    cancel, company, contact, filtered, order, rename, reopened, replaced, seats, text, unmade, webhook,
    webhook_settings,
};

/// What the remote does with the next write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Good,
    /// Does it and answers 500.
    Loses,
    /// Answers 500 and does nothing.
    Fails,
    /// Answers 500 and does it when it was read so many times.
    Late(usize),
    /// Says no.
    Refuses,
    /// Does it and never answers.
    DoesAndHangs,
    /// Never answers and does nothing.
    Hangs,
}

struct Remembered {
    records: BTreeMap<String, Value>,
    seen: Vec<(String, String, Value)>,
    mood: Mood,
    pending: Option<(usize, Method, String, Value)>,
    made: usize,
}

impl Remembered {
    fn apply(&mut self, method: &Method, path: &str, body: &Value) -> Option<Value> {
        let path = path.split('?').next().unwrap().to_owned();
        if *method == Method::DELETE {
            return if path.contains("/subscriptions/") {
                let record = self.records.get_mut(&path)?;
                record["status"] = json!("PendingCancel");
                record["endDate"] = json!("2026-12-31T00:00:00Z");
                None
            } else {
                self.records.remove(&path);
                None
            };
        }
        if *method == Method::POST {
            self.made += 1;
            let id = format!("new-{}", self.made);
            let mut record = body.clone();
            record["id"] = json!(id);
            self.records.insert(format!("{path}/{id}"), record.clone());
            return Some(record);
        }
        // What replaces the topics of a webhook is answered with the webhook.
        let path = path.strip_suffix("/topics").map_or(path.clone(), str::to_owned);
        let record = self.records.get_mut(&path)?;
        for (name, value) in body.as_object().unwrap() {
            record[name] = value.clone();
        }
        Some(record.clone())
    }
}

type Shared = Arc<Mutex<Remembered>>;

struct Stub {
    url: String,
    state: Shared,
}

impl Stub {
    fn mood(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    fn writes(&self) -> Vec<(String, String, Value)> {
        let seen = self.state.lock().unwrap().seen.clone();
        seen.into_iter().filter(|(method, path, _)| method != "GET" && !path.ends_with("/token")).collect()
    }
}

fn reply(status: u16, body: &Value) -> Response<Body> {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    Response::builder().status(StatusCode::from_u16(status).unwrap()).body(Body::from(text)).unwrap()
}

fn envelope(status: u16, message: &str) -> Response<Body> {
    reply(
        status,
        &json!({ "type": "X", "message": message, "instance": "/public/v1", "status": status, "details": [] }),
    )
}

fn read(state: &mut Remembered, path: &str) -> Response<Body> {
    if let Some((left, method, of, body)) = state.pending.take() {
        if left == 0 {
            state.apply(&method, &of, &body);
        } else {
            state.pending = Some((left - 1, method, of, body));
        }
    }
    let path = path.split('?').next().unwrap();
    if let Some(record) = state.records.get(path) {
        return reply(200, record);
    }
    let below = |key: &&String| key.rsplit_once('/').is_some_and(|(parent, _)| parent == path);
    let listed: Vec<&Value> = state.records.iter().filter(|(key, _)| below(key)).map(|(_, value)| value).collect();
    if !["companies", "contacts", "orders", "webhooks", "subscriptions"].iter().any(|list| path.ends_with(list)) {
        return envelope(404, "Not Found");
    }
    let count = listed.len();
    let page = json!({ "size": 200, "totalElements": count, "totalPages": 1.min(count), "number": 0 });
    reply(200, &json!({ "content": listed, "page": page }))
}

async fn answer(state: Shared, request: Request) -> Response<Body> {
    let (method, path) = (request.method().clone(), request.uri().to_string());
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let hang = {
        let mut state = state.lock().unwrap();
        state.seen.push((method.to_string(), path.clone(), body.clone()));
        if path.ends_with("/token") {
            return reply(200, &json!({ "access_token": "canary-token", "expires_in": 86400, "token_type": "Bearer" }));
        }
        if method == Method::GET {
            return read(&mut state, &path);
        }
        let mood = std::mem::replace(&mut state.mood, Mood::Good);
        match mood {
            Mood::Good => {
                let answered = state.apply(&method, &path, &body);
                let status = if method == Method::DELETE { 204 } else { 200 };
                return reply(status, &answered.unwrap_or_default());
            }
            Mood::Refuses => return envelope(422, "name is taken"),
            Mood::Fails => return envelope(500, "oops"),
            Mood::Loses => {
                state.apply(&method, &path, &body);
                return envelope(500, "oops");
            }
            Mood::Late(reads) => {
                state.pending = Some((reads, method, path, body));
                return envelope(504, "slow");
            }
            Mood::DoesAndHangs => {
                state.apply(&method, &path, &body);
            }
            Mood::Hangs => {}
        }
        std::future::pending::<Response<Body>>()
    };
    hang.await
}

async fn stub() -> Stub {
    let company = json!({ "id": "c1", "name": "Old Name", "externalId": "K1", "phone": "1", "status": "Active",
        "address": { "street": "1 Row", "city": "Bath", "postalCode": "BA1", "country": "GB" } });
    let contact = json!({ "id": "k1", "firstName": "Ada", "lastName": "Moss", "email": "ada@acme.example", "phone": "1",
        "types": [{ "type": "Admin", "primary": true }] });
    let held = json!({ "id": "s1", "companyId": "c1", "productId": "p1", "quantity": 5, "price": 9.00, "status": "Active",
        "billingTerm": "Monthly", "startDate": "2026-01-01T00:00:00Z", "endDate": "2027-01-01" });
    let hook = json!({ "id": "w1", "displayName": "Old", "url": "https://old.example", "active": true,
        "authorization": "canary-of-another", "webhookTopics": [{ "id": "t1", "topic": "INVOICE", "filters": [] }] });
    let records = [
        ("/v1/companies/c1", company),
        ("/v1/companies/c1/contacts/k1", contact),
        ("/v1/subscriptions/s1", held),
        ("/api/v2/webhooks/w1", hook),
        ("/api/v2/webhooks/w1/logs/l1", json!({ "id": "l1", "finalStatus": "FAILED", "callHistory": [] })),
    ];
    let records = records.into_iter().map(|(path, value)| (path.to_owned(), value)).collect();
    let state: Shared =
        Arc::new(Mutex::new(Remembered { records, seen: Vec::new(), mood: Mood::Good, pending: None, made: 0 }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let shared = state.clone();
    let app = Router::new().fallback(move |request: Request| answer(shared.clone(), request));
    tokio::spawn(async move { axum::serve(listener, app).await });
    Stub { url, state }
}

/// A database, a configuration and a connection to the stub.
struct Bench {
    stub: Stub,
    config: Config,
    folder: tempfile::TempDir,
    environment: config::Environment,
}

fn noon() -> DateTime<Utc> {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

impl Bench {
    async fn new(more: &str) -> Self {
        let (stub, folder) = (stub().await, tempfile::tempdir().unwrap());
        let text = format!(
            "[connectors.pax8]\nkind = \"pax8\"\nside = \"vendor\"\nbase_url = \"{}/v1\"\nclient_id = {{ env = \"ID\" }}\n\
             client_secret = {{ env = \"SECRET\" }}\npause_ms = 0\nattempts = 2\n{more}",
            stub.url
        );
        let config = config::parse(&folder.path().join("trueup.toml"), &text).unwrap();
        let environment = config::Environment::of([("ID", "canary-id"), ("SECRET", "canary-secret")]);
        Engine::migrate(&config, &environment, Clock::Fixed(noon())).await.unwrap();
        Self { stub, config, folder, environment }
    }

    async fn engine_after(&self, minutes: i64) -> Engine {
        let clock = Clock::Fixed(noon() + TimeDelta::minutes(minutes));
        Engine::open(&self.config, &self.environment, clock, "ada").await.unwrap()
    }

    fn remote(&self) -> Remote {
        pax8::open(&self.config, None, &self.environment).unwrap()
    }

    /// Writes in a mood; how it ended, and how the journal says it ended.
    async fn write(
        &self,
        write: &Write,
        mood: Mood,
    ) -> (Ended, WriteOutcome, trueup::engine::Written<trueup::engine::pax8::Record>) {
        self.stub.mood(mood);
        let engine = self.engine_after(0).await;
        let written = engine.write(&self.remote(), write, None, &quick()).await.unwrap();
        let entry = engine.writes(1).await.unwrap().remove(0);
        assert_eq!((entry.id, entry.who.as_str()), (written.id, "ada"));
        (written.ended.clone(), entry.outcome, written)
    }
}

fn quick() -> Settling {
    Settling { pauses: vec![Duration::ZERO; 3], ..Settling::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_write_goes_out_as_documented_and_ends_with_what_is_reported_then() {
    let types = |types: &[&str]| types.iter().map(|t| json!({ "type": t, "primary": true })).collect::<Vec<_>>();
    let ada_body = json!({ "firstName": "Ada", "lastName": "Moss", "email": "ada@harbour.example",
        "phone": "0117 496 0001", "types": types(&["Admin", "Billing", "Technical"]) });
    let place = json!({ "street": "4 Quay Row", "city": "Bristol", "stateOrProvince": "England", "postalCode": "BS1 4ZZ",
        "country": "GB" });
    let line = |number: u32, product: &str, quantity: u32| {
        json!({ "lineItemNumber": number, "productId": product, "quantity": quantity, "billingTerm": "2-Year",
            "commitmentTermId": "m1", "provisionStartDate": "2026-12-01T00:00:00Z",
            "provisioningDetails": [{ "key": "msDomain", "values": ["acme"] }] })
    };
    let mut second = line(2, "p2", 1);
    second["parentLineItemNumber"] = json!(1);
    let hook = json!({ "displayName": "Invoices", "url": "https://hooks.example/pax8",
        "authorization": "canary-authorization", "errorThreshold": 3, "active": false,
        "webhookTopics": [{ "topic": "INVOICE", "filters": [] }] });
    let change: Value = serde_json::from_str(
        "{\"price\":9.45,\"billingTerm\":\"Annual\",\"quantity\":7,\"startDate\":\"2026-01-01T00:00:00Z\"}",
    )
    .unwrap();
    for (write, method, path, body) in [
        (
            company(),
            "POST",
            "/v1/companies",
            json!({ "name": "Harbour & Finch Ltd", "address": place, "phone": "0117 496 0000",
                "website": "https://harbour.example", "externalId": "CUST-0042", "billOnBehalfOfEnabled": false,
                "selfServiceAllowed": false, "orderApprovalRequired": false, "contacts": [ada_body] }),
        ),
        (rename(), "PATCH", "/v1/companies/c1", json!({ "name": "New Name", "address": place })),
        (contact(), "POST", "/v1/companies/c1/contacts", ada_body.clone()),
        (replaced(), "PUT", "/v1/companies/c1/contacts/k1", ada_body.clone()),
        (unmade(), "DELETE", "/v1/companies/c1/contacts/k1", Value::Null),
        (
            order(),
            "POST",
            "/v1/orders",
            json!({ "companyId": "c1", "orderedBy": "Pax8 Partner", "lineItems": [line(1, "p1", 3), second] }),
        ),
        (seats(), "PUT", "/v1/subscriptions/s1", change),
        (cancel(), "DELETE", "/v1/subscriptions/s1?cancelDate=2026-12-31T00%3A00%3A00Z", Value::Null),
        (webhook(), "POST", "/api/v2/webhooks", hook),
        (
            Write::SwitchWebhook { webhook: text("w1"), active: false },
            "POST",
            "/api/v2/webhooks/w1/status",
            json!({ "active": false }),
        ),
        (Write::DeleteWebhook { webhook: text("w1") }, "DELETE", "/api/v2/webhooks/w1", Value::Null),
        (
            Write::DeleteTopic { webhook: text("w1"), topic: text("t1") },
            "DELETE",
            "/api/v2/webhooks/w1/topics/t1",
            Value::Null,
        ),
        (
            Write::TestTopic { webhook: text("w1"), topic: text("INVOICE") },
            "POST",
            "/api/v2/webhooks/w1/topics/INVOICE/test",
            Value::Null,
        ),
    ] {
        goes_out(&write, method, path, body).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_change_of_a_webhook_and_the_end_that_is_taken_away_go_out_as_documented() {
    let filters = json!([{ "action": "UPDATED",
        "conditions": [{ "field": "name", "operator": "NOT_IN", "value": ["a", "b"] }] }]);
    for (write, method, path, body) in [
        (
            Write::ConfigureWebhook { webhook: text("w1"), settings: Box::new(webhook_settings()) },
            "POST",
            "/api/v2/webhooks/w1/configuration",
            json!({ "displayName": "Invoices", "url": "https://hooks.example/pax8",
                "authorization": "canary-authorization", "errorThreshold": 3 }),
        ),
        (
            Write::AddTopic { webhook: text("w1"), topic: filtered() },
            "POST",
            "/api/v2/webhooks/w1/topics",
            json!({ "topic": "CLIENT", "filters": filters }),
        ),
        (
            Write::ReplaceTopics { webhook: text("w1"), topics: vec![filtered()] },
            "PUT",
            "/api/v2/webhooks/w1/topics",
            json!({ "webhookTopics": [{ "topic": "CLIENT", "filters": filters }] }),
        ),
        (
            Write::ConfigureTopic { webhook: text("w1"), topic: text("t1"), filters: filtered().filters },
            "POST",
            "/api/v2/webhooks/w1/topics/t1/configuration",
            json!({ "filters": filters }),
        ),
        (
            Write::RetryDelivery { webhook: text("w1"), delivery: text("l1") },
            "POST",
            "/api/v2/webhooks/w1/logs/l1/retry",
            Value::Null,
        ),
        (reopened(), "PUT", "/v1/subscriptions/s1", json!({ "quantity": 5, "endDate": null })),
    ] {
        goes_out(&write, method, path, body).await;
    }
}

/// Sends a write, which goes out so, and looks at what is reported then.
async fn goes_out(write: &Write, method: &str, path: &str, body: Value) {
    let bench = Bench::new("").await;
    let (ended, outcome, written) = bench.write(write, Mood::Good).await;
    assert_eq!((&ended, outcome), (&Ended::Done, WriteOutcome::Done), "{write:?}");
    assert_eq!(bench.stub.writes(), [(method.to_owned(), path.to_owned(), body)], "{write:?}");
    let gone = matches!(write, Write::DeleteContact { .. } | Write::DeleteWebhook { .. });
    // The stub does not carry out what is sent below a webhook, and a retry is carried out later.
    let below = path.starts_with("/api/v2/webhooks/w1/") && !path.ends_with("/test") && method != "PUT";
    let shows = !below;
    assert_eq!((written.now.is_none(), written.shows), (gone, shows), "{write:?}: what is reported then");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_settled_by_looking_and_nothing_is_sent_twice() {
    let all = [company(), rename(), contact(), replaced(), unmade(), order(), seats(), cancel(), webhook()];
    for write in all {
        // Did it, and did it late.
        for mood in [Mood::Loses, Mood::Late(1)] {
            let bench = Bench::new("").await;
            let (ended, outcome, written) = bench.write(&write, mood).await;
            assert_eq!((ended, outcome), (Ended::Happened, WriteOutcome::Happened), "{mood:?}: {write:?}");
            assert!(written.record.is_some(), "{write:?}");
            assert_eq!(bench.stub.writes().len(), 1, "{write:?}");
        }
        // Did not: that is only said when it is late enough.
        let bench = Bench::new("").await;
        let (ended, outcome, _) = bench.write(&write, Mood::Fails).await;
        assert!(matches!(ended, Ended::Open(_)) && outcome == WriteOutcome::Unknown, "{write:?}: {ended:?}");
        let again = bench.engine_after(9).await.write(&bench.remote(), &write, None, &quick()).await;
        assert!(matches!(again, Err(EngineError::WriteOpen { id: 1, .. })), "{write:?}: {again:?}");
        assert_eq!(bench.stub.writes().len(), 1, "{write:?}");
        let engine = bench.engine_after(10).await;
        let settled = engine.settle(&bench.remote(), &Settling::once()).await.unwrap();
        assert_eq!(settled.iter().map(|one| &one.ended).collect::<Vec<_>>(), [&Ended::DidNot], "{write:?}");
        assert_eq!(engine.open_writes().await.unwrap(), []);
        // …and then it may be sent again, by a person.
        let written = engine.write(&bench.remote(), &write, None, &quick()).await.unwrap();
        assert_eq!((written.ended, bench.stub.writes().len()), (Ended::Done, 2), "{write:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_was_there_before_is_not_taken_for_the_one_that_was_made() {
    let bench = Bench::new("").await;
    for write in [company(), contact(), order(), webhook()] {
        assert_eq!(bench.write(&write, Mood::Good).await.0, Ended::Done);
        assert!(matches!(bench.write(&write, Mood::Fails).await.0, Ended::Open(_)), "{write:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_changed_meanwhile_proves_nothing() {
    let bench = Bench::new("").await;
    bench.stub.mood(Mood::Fails);
    let engine = bench.engine_after(0).await;
    let before = engine.write(&bench.remote(), &seats(), None, &Settling::once()).await.unwrap();
    assert!(matches!(before.ended, Ended::Open(_)));
    bench.stub.state.lock().unwrap().records.get_mut("/v1/subscriptions/s1").unwrap()["quantity"] = json!(6);
    let settled = bench.engine_after(60).await.settle(&bench.remote(), &Settling::once()).await.unwrap();
    assert!(matches!(&settled[0].ended, Ended::Open(why) if why.contains("somebody else")), "{settled:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_told_in_the_remotes_words_and_closes_the_entry() {
    let bench = Bench::new("").await;
    let (ended, outcome, _) = bench.write(&company(), Mood::Refuses).await;
    assert!(matches!(&ended, Ended::Refused(refusal) if refusal.to_string() == "422: name is taken"), "{ended:?}");
    assert_eq!(outcome, WriteOutcome::Refused);
    assert_eq!(bench.engine_after(0).await.open_writes().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_between_leaves_an_entry_that_a_later_look_settles() {
    for (mood, after, ended) in [(Mood::DoesAndHangs, 0, Ended::Happened), (Mood::Hangs, 30, Ended::DidNot)] {
        let bench = Arc::new(Bench::new("").await);
        bench.stub.mood(mood);
        let its = Arc::clone(&bench);
        let work = tokio::spawn(async move {
            let engine = its.engine_after(0).await;
            drop(engine.write(&its.remote(), &company(), None, &quick()).await);
        });
        while bench.stub.writes().is_empty() {
            tokio::task::yield_now().await;
        }
        work.abort();
        let _ = work.await;
        let engine = bench.engine_after(after).await;
        let open = engine.open_writes().await.unwrap();
        assert_eq!(open.len(), 1);
        assert_eq!((open[0].outcome, open[0].operation.as_str()), (WriteOutcome::Sending, "create company"));
        let settled = engine.settle(&bench.remote(), &Settling::once()).await.unwrap();
        assert_eq!(settled[0].ended, ended, "{mood:?}");
        assert_eq!((engine.open_writes().await.unwrap(), bench.stub.writes().len()), (vec![], 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_connection_refuses_before_anything_is_sent_or_noted() {
    let more =
        "environment = \"test\"\nself_service_allowed = true\nbill_on_behalf = true\norder_approval_required = true\n";
    let bench = Bench::new(more).await;
    let engine = bench.engine_after(0).await;
    let remote = bench.remote();
    for write in [company(), unmade(), cancel(), webhook()] {
        let refused = engine.write(&remote, &write, None, &quick()).await.unwrap_err();
        assert!(refused.to_string().contains("a test connection changes nothing"), "{refused}");
        assert!(remote.send(&write).await.is_err());
    }
    assert_eq!(bench.stub.state.lock().unwrap().seen, [], "not even a token was asked for");
    assert_eq!(engine.writes(9).await.unwrap(), []);
    assert_eq!(remote.settings().company_flags(), CompanyFlags::default(), "forced off");
    let flags = Bench::new("bill_on_behalf = true\n").await.remote().settings().company_flags();
    assert_eq!(flags, CompanyFlags { bill_on_behalf: true, ..CompanyFlags::default() });
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_the_journal_the_preview_or_what_is_read() {
    let bench = Bench::new("").await;
    let remote = bench.remote();
    let configured = Write::ConfigureWebhook { webhook: text("w1"), settings: Box::new(webhook_settings()) };
    let mut said = format!("{:?} {:?}", remote.sending(&webhook()), webhook());
    for write in [webhook(), configured] {
        let (_, _, written) = bench.write(&write, Mood::Loses).await;
        let _ = write!(said, "{written:?}");
    }
    let listed = remote.ask(&Ask::Webhooks, &Query::default(), Extent::All, &Unwatched).await.unwrap();
    let journal = bench.engine_after(0).await.writes(9).await.unwrap();
    let _ = write!(said, "{listed:?}{journal:?}");
    // The log of the database comes and goes with its last reader.
    for entry in std::fs::read_dir(bench.folder.path()).unwrap() {
        said.push_str(&String::from_utf8_lossy(&std::fs::read(entry.unwrap().path()).unwrap_or_default()));
    }
    assert!(said.contains("configure_webhook"), "the journal is in the file");
    assert!(said.contains("***"));
    let around = said.find("canary").map(|at| said[at.saturating_sub(100)..].chars().take(200).collect::<String>());
    assert_eq!(around, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_checked_again_and_says_what_is_strange() {
    let bench = Bench::new("").await;
    let remote = bench.remote();
    {
        let mut state = bench.stub.state.lock().unwrap();
        let odd = json!({ "id": "s2", "companyId": "c2", "status": "Paused", "price": 1, "mood": "new" });
        state.records.insert("/v1/subscriptions/s2".to_owned(), odd);
        state.records.insert("/v1/subscriptions/s3".to_owned(), json!("nothing"));
    }
    let ask = Ask::Subscriptions;
    let query = Query::default().with(&ask, "companyId", "c1").unwrap();
    let answer = remote.ask(&ask, &query, Extent::All, &Unwatched).await.unwrap();
    assert_eq!(answer.records.iter().filter_map(pax8::Record::id).collect::<Vec<_>>(), ["s1"]);
    let notes: Vec<String> = answer.notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "GET /subscriptions page 0 row 3, field the top: expected an object that is a subscription, found \"nothing\"",
            "GET /subscriptions: the filter companyId was not heeded; 1 records that do not fit are left out",
        ]
    );
    let all = remote.ask(&ask, &Query::default(), Extent::First(2), &Unwatched).await.unwrap();
    assert_eq!((all.records.len(), all.total, all.whole), (2, Some(3), false));
    let notes: Vec<String> = all.notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "GET /subscriptions: a field never seen before: mood",
            "GET /subscriptions: status says Paused, a word never seen before",
        ]
    );
    for (name, value, expected) in [
        (
            "compnyId",
            "c1",
            "filter compnyId: is not known here; there are status, billingTerm, companyId, productId; the nearest is companyId",
        ),
        ("status", "Paused", "status: expected Active, Cancelled"),
    ] {
        let refused = Query::default().with(&ask, name, value).unwrap_err().to_string();
        assert!(refused.starts_with(expected), "{refused}");
    }
    assert!(Query::default().sorted(&ask, "status", false).is_err());
}
