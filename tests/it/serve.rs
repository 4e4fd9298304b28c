//! Webhooks as hints: who is heard, how much, and that what is named is read, against the simulated distributor.

#![cfg(test)]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use trueup::clock::Clock;
use trueup::config::{self, Config, Environment};
use trueup::core::entity::Entity;
use trueup::core::hint::HintedListing;
use trueup::engine::{self, Engine, Extra, Listing, PullRequest, SnapshotHeader, Unwatched};
use trueup::serve::{Limits, Reader, Reading, Serving, listen};
use trueup::simulate::{self, Pax8Credentials, Running, World};
use trueup::store::{NewRun, Store, Wait};

use crate::support::database::Database;

mod program;

const SECRET: &str = "canary-webhook-secret 5f0b";

/// A distributor, a database that was pulled once, and a listener.
struct Stage {
    distributor: Running,
    config: Config,
    environment: Environment,
    database: Database,
    engine: Arc<Engine>,
    serving: Serving,
}

fn secrets() -> BTreeMap<String, SecretString> {
    [("pax8".to_owned(), SecretString::from(SECRET))].into()
}

async fn distributor(faults: &str) -> Running {
    let data = World::from_seed(3, 4, "2026-10").unwrap().data;
    let at: SocketAddr = "127.0.0.1:0".parse().unwrap();
    simulate::serve_pax8(data, faults.parse().unwrap(), Pax8Credentials::default(), at).await.unwrap()
}

fn configuration(distributor: &Running) -> Config {
    let text = format!(
        "[store]\nurl = {{ env = \"STORE\" }}\n[connectors.pax8]\nkind = \"pax8\"\nside = \"vendor\"\n\
         base_url = \"{}/v1\"\nclient_id = \"demo-client\"\nclient_secret = {{ env = \"SECRET\" }}\n\
         webhook_secret = {{ env = \"HOOK\" }}\npause_ms = 0\nattempts = 1\ncalls_per_minute = 1000000\n",
        distributor.url()
    );
    config::parse("trueup.toml".as_ref(), &text).unwrap()
}

impl Stage {
    async fn new() -> Self {
        Self::with(Limits::default()).await
    }

    async fn with(limits: Limits) -> Self {
        let distributor = distributor("webhook-pause=0").await;
        let database = Database::sqlite();
        let (Database::Sqlite { url, .. } | Database::Postgres { url }) = &database;
        let environment = Environment::of([("STORE", url.as_str()), ("SECRET", "demo-secret"), ("HOOK", SECRET)]);
        let config = configuration(&distributor);
        Engine::migrate(&config, &environment, Clock::System).await.unwrap();
        let engine = Arc::new(Engine::open(&config, &environment, Clock::System, "a test").await.unwrap());
        let serving = listen("127.0.0.1:0".parse().unwrap(), Arc::clone(&engine), &secrets(), limits).await.unwrap();
        Self { distributor, config, environment, database, engine, serving }
    }

    fn reader(&self, pause: Duration) -> Reader {
        let connections = engine::connect_all(&self.config, None, &self.environment).unwrap();
        let reading = Reading { pause, locked: Duration::ZERO, extras: vec![Extra::Contacts] };
        Reader::new(Arc::clone(&self.engine), connections, reading)
    }

    async fn snapshots(&self) -> Vec<SnapshotHeader> {
        self.engine.snapshots(1_000).await.unwrap()
    }

    /// The hints that wait: listing, what was said, how often.
    async fn hints(&self) -> Vec<(HintedListing, String, u64)> {
        let hints = self.engine.hints().await.unwrap();
        hints.into_iter().map(|hint| (hint.listing, hint.said, hint.deliveries)).collect()
    }

    /// What is answered to a delivery.
    async fn deliver(&self, body: &str) -> u16 {
        post(self.serving.address(), "pax8", Some(SECRET), body).await
    }

    /// A call of the simulated API.
    async fn call(&self, method: &str, path: &str, token: &str, body: &Value) -> Value {
        let address = self.distributor.addr();
        let head = format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\n");
        let answer = exchange(address, method, path, &head, body.to_string().as_bytes()).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 20"), "{method} {path}: {answer}");
        serde_json::from_str(body).unwrap()
    }

    async fn token(&self) -> String {
        let body = json!({ "client_id": "demo-client", "client_secret": "demo-secret",
            "audience": "https://api.pax8.com", "grant_type": "client_credentials" });
        self.call("POST", "/v1/token", "", &body).await["access_token"].as_str().unwrap().to_owned()
    }
}

/// One request on a connection of its own; the whole answer.
async fn exchange(address: SocketAddr, method: &str, path: &str, head: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n{head}\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // Whoever is refused need not be listened to to the end.
    let _ = stream.write_all(body).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).unwrap_or_default().parse().unwrap_or(0)
}

async fn post(address: SocketAddr, connection: &str, secret: Option<&str>, body: &str) -> u16 {
    let head = secret.map_or_else(String::new, |secret| format!("Authorization: {secret}\r\n"));
    status(&exchange(address, "POST", &format!("/hooks/pax8/{connection}"), &head, body.as_bytes()).await)
}

fn news(topic: &str, id: &str) -> String {
    json!({ "webhookTopic": { "topic": topic, "filters": [{ "action": "UPDATED", "conditions": [] }] },
        "payloadData": { "id": id, "name": "Forged Ltd", "price": 0 } })
    .to_string()
}

fn read(listings: &[SnapshotHeader]) -> Vec<Entity> {
    listings.iter().map(|listing| listing.entity).collect()
}

#[tokio::test]
async fn what_changed_at_the_distributor_is_read() {
    let stage = Stage::new().await;
    let connections = engine::connect_all(&stage.config, None, &stage.environment).unwrap();
    let request = PullRequest { period: "2026-10".parse().unwrap(), extras: Vec::new(), only: None };
    let before: Vec<Listing> = stage.engine.pull(&connections, &request, &Unwatched).await.unwrap();
    let token = stage.token().await;
    let url = format!("http://{}/hooks/pax8/pax8", stage.serving.address());
    let hook = json!({ "displayName": "trueup", "url": url, "authorization": SECRET, "active": true,
        "webhookTopics": [{ "topic": "CLIENT", "filters": [] }] });
    stage.call("POST", "/api/v2/webhooks", &token, &hook).await;
    let bell = stage.serving.bell();
    let firm = json!({ "name": "Told Of Ltd", "phone": "0117 496 0000", "website": "told.example",
        "address": { "street": "1 Quay", "city": "Bristol", "postalCode": "BS1 4XX", "country": "GB", "stateOrProvince": "Bristol" },
        "billOnBehalfOfEnabled": false, "selfServiceAllowed": false, "orderApprovalRequired": false });
    let made = stage.call("POST", "/v1/companies", &token, &firm).await;
    bell.notified().await;
    let said = format!("CLIENT ? {}", made["id"].as_str().unwrap());
    assert_eq!(stage.hints().await, [(HintedListing::Companies, said, 1)]);
    assert_eq!(stage.reader(Duration::ZERO).turn().await, None, "nothing is left to read");
    assert_eq!(stage.hints().await, []);
    let after = stage.snapshots().await;
    assert_eq!(after.len(), before.len() + 1, "one listing and no other");
    let companies = |entity| before.iter().find(|listing| listing.entity == entity).unwrap().records;
    let expected = companies(Entity::VendorCustomers) + 1;
    assert_eq!((after[0].entity, after[0].records, after[0].complete), (Entity::VendorCustomers, expected, true));
    let names = stage.database.texts("select body from payload").await.concat();
    assert!(names.contains("Told Of Ltd"));
}

#[tokio::test]
async fn each_topic_causes_the_read_of_its_listing_and_an_unknown_one_none() {
    let stage = Stage::new().await;
    for (topic, expected) in [
        ("INVOICE", vec![Entity::Charges, Entity::Invoices]),
        ("SUBSCRIPTION", vec![Entity::Subscriptions]),
        ("CONTACT", vec![Entity::VendorCustomers]),
        ("PRODUCT", vec![Entity::VendorProducts]),
        ("QUOTE", vec![]),
    ] {
        let before = stage.snapshots().await.len();
        assert_eq!(stage.deliver(&news(topic, "7")).await, 200, "{topic}");
        stage.reader(Duration::ZERO).turn().await;
        let after = stage.snapshots().await;
        let mut found = read(&after[..after.len() - before]);
        found.sort_by_key(|entity| entity.as_str());
        assert_eq!(found, expected, "{topic}");
    }
    assert_eq!(stage.hints().await, [(HintedListing::Nothing, "QUOTE UPDATED 7".to_owned(), 1)]);
    let kept = stage.database.texts("select body from payload").await.concat();
    assert!(!kept.contains("Forged Ltd"), "nothing of a body is believed");
}

#[tokio::test]
async fn nobody_is_heard_without_the_secret() {
    let stage = Stage::new().await;
    let address = stage.serving.address();
    let body = news("INVOICE", "7");
    for (connection, secret, expected) in [
        ("pax8", None, 401),
        ("pax8", Some(""), 401),
        ("pax8", Some("canary-webhook-secret 5f0"), 401),
        ("pax8", Some("Bearer canary-webhook-secret 5f0b"), 401),
        ("other", Some(SECRET), 404),
        ("other", None, 404),
        ("pax8", Some(SECRET), 200),
    ] {
        assert_eq!(post(address, connection, secret, &body).await, expected, "{connection} {secret:?}");
    }
    let head = format!("Authorization: {SECRET}\r\n");
    let refused = exchange(address, "POST", "/hooks/pax8/pax8", "", b"{}").await;
    assert!(refused.ends_with("\r\n\r\n") && !refused.contains("canary"), "an empty body: {refused}");
    assert_eq!(status(&exchange(address, "GET", "/hooks/pax8/pax8", &head, b"").await), 405);
    assert_eq!(status(&exchange(address, "POST", "/hooks/pax8", &head, b"").await), 404);
    // A secret that is wrong is refused before the body has come.
    let mut stream = TcpStream::connect(address).await.unwrap();
    let unfinished = "POST /hooks/pax8/pax8 HTTP/1.1\r\nHost: x\r\nAuthorization: no\r\nContent-Length: 1000\r\n\r\n{";
    stream.write_all(unfinished.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 401");
    assert_eq!(stage.hints().await.len(), 1);
}

#[tokio::test]
async fn what_is_no_json_object_or_too_large_is_refused() {
    let stage = Stage::new().await;
    for body in ["", "hello", "[]", "{\"webhookTopic\":", "topic=INVOICE"] {
        assert_eq!(stage.deliver(body).await, 400, "{body}");
    }
    let max = Limits::default().body_max;
    let padded = |length: usize| {
        let body = news("INVOICE", "7");
        let pad = " ".repeat(length - body.len());
        format!("{body}{pad}")
    };
    assert_eq!(stage.deliver(&padded(max + 1)).await, 413);
    assert_eq!(stage.hints().await, []);
    assert_eq!(stage.deliver(&padded(max)).await, 200);
}

#[tokio::test]
async fn whoever_sends_slowly_is_cut_off_and_others_are_heard() {
    let soon = Duration::from_millis(200);
    let limits = Limits { body: soon, connection: soon * 3, connections_max: 2, ..Limits::default() };
    let stage = Stage::with(limits).await;
    let address = stage.serving.address();
    let begin = async |text: String| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    };
    let head = format!("POST /hooks/pax8/pax8 HTTP/1.1\r\nHost: x\r\nAuthorization: {SECRET}\r\n");
    let said = news("INVOICE", "7");
    // Both places are taken: one waits in its head, one in its body. A third is heard when they are cut off.
    let (unfinished, slow, heard) =
        tokio::join!(begin(head.clone()), begin(format!("{head}Content-Length: 100\r\n\r\n{{")), stage.deliver(&said),);
    assert_eq!((unfinished.as_str(), status(&slow), heard), ("", 408, 200));
}

#[tokio::test]
async fn the_same_again_is_one_hint_and_another_is_one_more_delivery() {
    let stage = Stage::new().await;
    let said = news("SUBSCRIPTION", "a");
    for body in [&said, &said, &news("SUBSCRIPTION", "b"), &said] {
        assert_eq!(stage.deliver(body).await, 200);
    }
    let waits = (HintedListing::Subscriptions, "SUBSCRIPTION UPDATED b".to_owned(), 2);
    assert_eq!(stage.hints().await, [waits]);
    let mut reader = stage.reader(Duration::ZERO);
    reader.turn().await;
    assert_eq!(stage.deliver(&said).await, 200);
    reader.turn().await;
    assert_eq!((stage.hints().await, stage.snapshots().await.len()), (vec![], 1), "one read");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_forged_news_causes_one_read_a_pause() {
    let stage = Stage::new().await;
    let (address, bell) = (stage.serving.address(), stage.serving.bell());
    let reader = stage.reader(Duration::from_hours(1));
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { reader.read_on(&bell).await });
    let mut senders = JoinSet::new();
    for sender in 0..16 {
        senders.spawn(async move {
            let mut statuses = BTreeMap::<u16, u32>::new();
            for number in 0..625 {
                let topic = ["INVOICE", "CLIENT", "SUBSCRIPTION", "PRODUCT", "OTHER"][number % 5];
                let body = news(topic, &format!("{sender}-{number}"));
                *statuses.entry(post(address, "pax8", Some(SECRET), &body).await).or_default() += 1;
            }
            statuses
        });
    }
    for statuses in senders.join_all().await {
        assert_eq!(statuses, [(200, 625)].into(), "each is answered");
    }
    tasks.shutdown().await;
    let snapshots = stage.snapshots().await;
    for entity in Entity::ALL {
        let count = snapshots.iter().filter(|header| header.entity == entity).count();
        assert!(count <= 1, "{entity} was read {count} times");
    }
    let hints = stage.hints().await;
    assert!(hints.len() <= 5, "{hints:?}");
}

#[tokio::test]
async fn hints_wait_for_the_lock_the_remote_and_a_restart() {
    let mut stage = Stage::new().await;
    assert_eq!(stage.deliver(&news("PRODUCT", "7")).await, 200);
    // Another process reads.
    let store = Store::open(stage.database.location(), Clock::System).await.unwrap();
    let lease = store.lease("another", Wait::Never).await.unwrap();
    lease.open_run(&NewRun { job: "pull", who: "another", config: None }).await.unwrap();
    assert_eq!(stage.deliver(&news("CLIENT", "7")).await, 200, "news comes in meanwhile");
    let mut reader = stage.reader(Duration::from_hours(1));
    assert_eq!(reader.turn().await, Some(Duration::ZERO), "it is tried again soon");
    assert_eq!((stage.hints().await.len(), stage.snapshots().await.len()), (2, 0));
    drop(lease);
    // The remote is away; then the process ends.
    let broken = distributor("503=always").await;
    stage.config = configuration(&broken);
    let mut reader = stage.reader(Duration::ZERO);
    let next = reader.turn().await.unwrap();
    assert!(next > Duration::from_secs(50), "not asked again at once: {next:?}");
    let tried = stage.snapshots().await.len();
    reader.turn().await;
    assert_eq!(stage.snapshots().await.len(), tried);
    assert_eq!(stage.hints().await.len(), 2, "what could not be read waits");
    drop(reader);
    stage.distributor = distributor("").await;
    stage.config = configuration(&stage.distributor);
    stage.engine =
        Arc::new(Engine::open(&stage.config, &stage.environment, Clock::System, "a later test").await.unwrap());
    assert_eq!(stage.reader(Duration::from_hours(1)).turn().await, None);
    assert_eq!(stage.hints().await, []);
    let last: Vec<_> = stage.snapshots().await.into_iter().take(2).map(|h| (h.entity, h.complete)).collect();
    assert!(last.contains(&(Entity::VendorProducts, true)) && last.contains(&(Entity::VendorCustomers, true)));
}

#[tokio::test]
async fn what_is_said_while_it_is_read_is_read_again() {
    let stage = Stage::new().await;
    assert_eq!(stage.deliver(&news("PRODUCT", "1")).await, 200);
    let before = stage.engine.hints().await.unwrap();
    assert_eq!(stage.deliver(&news("PRODUCT", "2")).await, 200);
    let connection = engine::connect(&stage.config, "pax8", &stage.environment).unwrap();
    stage.engine.read_hints(&connection, &before, &[], &Unwatched).await.unwrap();
    assert_eq!(stage.hints().await, [(HintedListing::Products, "PRODUCT UPDATED 2".to_owned(), 2)]);
}
