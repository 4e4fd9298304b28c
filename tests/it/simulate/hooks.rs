//! Webhooks: their settings, and that news really arrive, verbatim, up to three times.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{Pax8, sample, text};

const HOOKS: &str = "/api/v2/webhooks";

/// What arrived: the authorization and the body.
type News = (String, Value);

/// Listens on loopback and answers with these statuses, then 200; 0 never answers.
struct Ear {
    url: String,
    news: mpsc::UnboundedReceiver<News>,
}

struct Answers {
    statuses: Mutex<Vec<u16>>,
    heard: mpsc::UnboundedSender<News>,
}

async fn hear(State(answers): State<Arc<Answers>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let authorization = headers.get("authorization").map_or("", |h| h.to_str().unwrap()).to_owned();
    answers.heard.send((authorization, serde_json::from_slice(&body).unwrap())).unwrap();
    let status = {
        let mut statuses = answers.statuses.lock().unwrap();
        if statuses.is_empty() { 200 } else { statuses.remove(0) }
    };
    if status == 0 {
        std::future::pending::<()>().await;
    }
    StatusCode::from_u16(status).unwrap()
}

impl Ear {
    async fn open(statuses: &[u16]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/pax8", listener.local_addr().unwrap());
        let (heard, news) = mpsc::unbounded_channel();
        let answers = Arc::new(Answers { statuses: Mutex::new(statuses.to_vec()), heard });
        let app = Router::new().fallback(hear).with_state(answers);
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, news }
    }

    async fn next(&mut self) -> News {
        self.news.recv().await.unwrap()
    }
}

/// A webhook that hears of a topic.
async fn hook(pax8: &Pax8, url: &str, topic: &str, filters: Value) -> Value {
    let body = json!({ "displayName": "trueup", "url": url, "authorization": "Sekret :: 42", "active": true,
        "webhookTopics": [{ "topic": topic, "filters": filters }] });
    pax8.done("POST", HOOKS, &body).await
}

/// The log of the only delivery, once its last attempt is noted.
async fn settled(pax8: &Pax8, hook: &str) -> Value {
    loop {
        let logs = pax8.call("GET", &format!("{HOOKS}/{hook}/logs"), &Value::Null).await.json();
        let log = &logs["content"][0];
        if matches!(text(&log["finalStatus"]).as_str(), "SUCCESS" | "FAILED") {
            return log.clone();
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_approved_invoice_is_told() {
    let pax8 = Pax8::start(sample(), "").await;
    let mut ear = Ear::open(&[]).await;
    let made = hook(&pax8, &ear.url, "INVOICE", json!([{ "action": "CREATED", "conditions": [] }])).await;
    pax8.today("2026-11-04").await;
    pax8.today("2026-11-05").await;
    let invoices = pax8.all("invoices?invoiceDate=2026-11-01", 200).await.0;
    let expected: BTreeSet<String> = invoices.iter().map(|i| text(&i["id"])).collect();
    let mut told = BTreeSet::new();
    for _ in 0..3 {
        let (authorization, news) = ear.next().await;
        assert_eq!(authorization, "Sekret :: 42", "verbatim");
        assert_eq!((&news["webhookId"], &news["url"]), (&made["id"], &json!(ear.url)));
        assert_eq!(news["webhookTopic"], made["webhookTopics"][0]);
        told.insert(text(&news["payloadData"]["id"]));
    }
    assert_eq!(told, expected);
    settled(&pax8, &text(&made["id"])).await;
}

#[tokio::test]
async fn a_delivery_is_tried_three_times_and_no_more() {
    for (statuses, attempts, end) in [
        (vec![500, 404], vec!["RETRYING", "RETRYING", "SUCCESS"], "SUCCESS"),
        (vec![500, 302, 503, 200], vec!["RETRYING", "RETRYING", "FAILED"], "FAILED"),
        // the second is never answered
        (vec![500, 0], vec!["RETRYING", "RETRYING", "SUCCESS"], "SUCCESS"),
    ] {
        let pax8 = Pax8::start(sample(), "webhook-pause=0,webhook-timeout=300").await;
        let mut ear = Ear::open(&statuses).await;
        let made = hook(&pax8, &ear.url, "CLIENT", json!([])).await;
        let id = text(&made["id"]);
        super::writes::company(&pax8, "Told Ltd").await;
        let log = settled(&pax8, &id).await;
        let calls = log["callHistory"].as_array().unwrap();
        let found: Vec<&str> = calls.iter().map(|c| c["status"].as_str().unwrap()).collect();
        assert_eq!((found, text(&log["finalStatus"]).as_str()), (attempts, end), "{statuses:?}");
        let first = ear.next().await;
        assert_eq!((ear.next().await, ear.next().await), (first.clone(), first), "the same each time");
        assert!(ear.news.try_recv().is_err(), "three in all");
        let shown = pax8.call("GET", &format!("{HOOKS}/{id}"), &Value::Null).await.json();
        assert_eq!(shown["lastDeliveryStatus"], end);
        let single = pax8.call("GET", &format!("{HOOKS}/{id}/logs/{}", text(&log["id"])), &Value::Null).await.json();
        assert_eq!(single, log);
        let again = pax8.call("POST", &format!("{HOOKS}/{id}/logs/{}/retry", text(&log["id"])), &Value::Null).await;
        assert_eq!((again.status, again.text.as_str()), (202, ""));
        ear.next().await;
    }
}

#[tokio::test]
async fn deliveries_can_come_twice() {
    let pax8 = Pax8::start(sample(), "webhook-duplicates").await;
    let mut ear = Ear::open(&[]).await;
    hook(&pax8, &ear.url, "CLIENT", json!([])).await;
    super::writes::company(&pax8, "Twice Told Ltd").await;
    assert_eq!(ear.next().await, ear.next().await);
}

#[tokio::test]
async fn only_what_was_asked_for_is_told() {
    let pax8 = Pax8::start(sample(), "").await;
    let mut ear = Ear::open(&[]).await;
    let made = hook(&pax8, &ear.url, "CLIENT", json!([{ "action": "UPDATED", "conditions": [] }])).await;
    let id = super::writes::company(&pax8, "Filtered Ltd").await;
    let path = format!("companies/{id}");
    pax8.done("PATCH", &path, &json!({ "phone": "2" })).await;
    assert_eq!(ear.next().await.1["payloadData"]["id"], json!(id), "not the creation");

    let own = format!("{HOOKS}/{}", text(&made["id"]));
    let topic = format!("{own}/topics/{}/configuration", text(&made["webhookTopics"][0]["id"]));
    let condition = |operator: &str, value: &str| json!({ "filters": [{ "action": "UPDATED", "conditions": [{ "field": "id", "operator": operator, "value": [value] }] }] });
    pax8.done("POST", &topic, &condition("NOT_EQUALS", &id)).await;
    pax8.done("PATCH", &path, &json!({ "phone": "3" })).await;
    pax8.done("POST", &topic, &condition("EQUALS", &id)).await;
    pax8.done("POST", &format!("{own}/status"), &json!({ "active": false })).await;
    pax8.done("PATCH", &path, &json!({ "phone": "4" })).await;
    pax8.done("POST", &format!("{own}/status"), &json!({ "active": true })).await;
    pax8.done("PATCH", &path, &json!({ "phone": "5" })).await;
    ear.next().await;
    let logs = pax8.call("GET", &format!("{own}/logs"), &Value::Null).await.json();
    assert_eq!(logs["page"]["totalElements"], 2, "neither for another record nor while asleep");
}

#[tokio::test]
async fn nothing_is_delivered_to_another_machine() {
    let pax8 = Pax8::start(sample(), "webhook-pause=0").await;
    let made = hook(&pax8, "https://hooks.example/pax8", "CLIENT", json!([])).await;
    super::writes::company(&pax8, "Outward Ltd").await;
    let log = settled(&pax8, &text(&made["id"])).await;
    let why = text(&log["callHistory"][0]["errorMessage"]);
    assert!(why.contains("`hooks.example` is not this machine"), "{why}");
}

#[tokio::test]
async fn settings_are_kept_and_refused() {
    let pax8 = Pax8::start(sample(), "").await;
    let made = pax8.done("POST", HOOKS, &json!({ "displayName": "plain" })).await;
    assert_eq!((&made["active"], &made["errorThreshold"]), (&json!(false), &json!(3)));
    let own = format!("{HOOKS}/{}", text(&made["id"]));
    let body = json!({ "displayName": "named", "url": "http://127.0.0.1:9/x", "contactEmail": "a@b.example", "errorThreshold": 5 });
    let set = pax8.done("POST", &format!("{own}/configuration"), &body).await;
    assert_eq!((&set["displayName"], &set["errorThreshold"]), (&json!("named"), &json!(5)));
    let with = pax8.done("POST", &format!("{own}/topics"), &json!({ "topic": "INVOICE", "filters": [] })).await;
    let twice =
        pax8.refused(400, "POST", &format!("{own}/topics"), &json!({ "topic": "INVOICE", "filters": [] })).await;
    assert!(twice.contains("topic: is there already"), "{twice}");
    let tested = pax8.done("POST", &format!("{own}/topics/INVOICE/test"), &Value::Null).await;
    assert_eq!((&tested["url"], &tested["webhook"]["id"]), (&body["url"], &made["id"]));
    let topics =
        json!({ "webhookTopics": [{ "topic": "CLIENT", "filters": [] }, { "topic": "SUBSCRIPTION", "filters": [] }] });
    assert_eq!(pax8.done("PUT", &format!("{own}/topics"), &topics).await["webhookTopics"].as_array().unwrap().len(), 2);
    let old = text(&with["webhookTopics"][0]["id"]);
    pax8.refused(400, "DELETE", &format!("{own}/topics/{old}"), &Value::Null).await;
    for (path, body, reason) in [
        (HOOKS.to_owned(), json!({}), "displayName: is required"),
        (HOOKS.to_owned(), json!({ "displayName": "x", "errorThreshold": 21 }), "errorThreshold: must be"),
        (HOOKS.to_owned(), json!({ "displayName": "x", "url": "nowhere" }), "url: must be an address"),
        (format!("{own}/topics"), json!({ "topic": "WEATHER", "filters": [] }), "topic: is no topic"),
        (format!("{own}/status"), json!({ "active": "yes" }), "active: must be true or false"),
        (format!("{HOOKS}/none/status"), json!({ "active": true }), "id: no webhook none"),
    ] {
        let found = pax8.refused(400, "POST", &path, &body).await;
        assert!(found.contains(reason), "{reason}: {found}");
    }
    let listed =
        pax8.call("GET", &format!("{HOOKS}?query=NAM&active=false&sort=displayName:desc"), &Value::Null).await.json();
    assert_eq!((&listed["content"][0]["id"], &listed["page"]["totalElements"]), (&made["id"], &json!(1)));
    let topics = pax8.call("GET", &format!("{HOOKS}/topic-definitions?size=2"), &Value::Null).await.json();
    assert_eq!(
        (topics["content"].as_array().unwrap().len(), &topics["totalPages"], topics.get("page")),
        (2, &json!(2), None)
    );
    assert_eq!(pax8.call("DELETE", &own, &Value::Null).await.status, 204);
    assert_eq!(pax8.call("GET", &own, &Value::Null).await.status, 404);
}
