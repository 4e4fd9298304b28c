//! The simulators speak the published formats.
//!
//! The helpers here are a plain reader of the two wire formats, written for these tests alone.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests; what is not as expected fails the test"
)]

mod faults;
mod foreign;
mod generated;
mod hooks;
mod model;
mod months;
mod pax8;
mod psa;
mod psa_writes;
mod switches;
mod world;
mod writes;

use std::net::SocketAddr;

use serde_json::{Value, json};
use trueup::simulate::{CONNECTWISE, Data, Faults, File, Pax8Credentials, Running, World, serve_pax8};

fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

fn sample() -> Data {
    World::from_seed(7, 40, "2026-10").unwrap().data
}

fn switches(text: &str) -> Faults {
    text.parse().unwrap()
}

/// What came back.
struct Reply {
    status: u16,
    link: Option<String>,
    retry_after: Option<String>,
    text: String,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    /// The same for answers that may have no body.
    fn json_or_null(&self) -> Value {
        if self.text.is_empty() { Value::Null } else { self.json() }
    }
}

/// Sends one request, without retry.
async fn send(request: reqwest::RequestBuilder) -> Result<Reply, reqwest::Error> {
    #[expect(clippy::disallowed_methods, reason = "these tests look at single answers, retries would hide them")]
    let response = request.send().await?;
    let header = |name: &str| response.headers().get(name).map(|v| v.to_str().unwrap().to_owned());
    let (link, retry_after) = (header("link"), header("retry-after"));
    let status = response.status().as_u16();
    Ok(Reply { status, link, retry_after, text: response.text().await? })
}

/// A client without root certificates: loading them takes longer than most tests.
fn http() -> reqwest::Client {
    reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap()
}

/// A simulated Pax8 and a token for it.
struct Pax8 {
    running: Running,
    http: reqwest::Client,
    token: String,
}

impl Pax8 {
    async fn start(data: Data, faults: &str) -> Self {
        let running = serve_pax8(data, switches(faults), Pax8Credentials::default(), loopback()).await.unwrap();
        let mut pax8 = Self { running, http: http(), token: String::new() };
        pax8.renew().await;
        pax8
    }

    async fn renew(&mut self) {
        let reply = self.ask_token("/v1/token", &json!({})).await;
        self.token = text(&reply.json()["access_token"]);
    }

    /// Asks for a token, with some fields replaced.
    async fn ask_token(&self, path: &str, other: &Value) -> Reply {
        let mut body = json!({
            "client_id": "demo-client", "client_secret": "demo-secret",
            "audience": "https://api.pax8.com", "grant_type": "client_credentials",
        });
        for (name, value) in other.as_object().unwrap() {
            body[name] = value.clone();
        }
        send(self.http.post(format!("{}{path}", self.running.url())).json(&body)).await.unwrap()
    }

    async fn try_get(&self, path: &str) -> Result<Reply, reqwest::Error> {
        send(self.http.get(format!("{}/v1/{path}", self.running.url())).bearer_auth(&self.token)).await
    }

    async fn get(&self, path: &str) -> Reply {
        self.try_get(path).await.unwrap()
    }

    async fn try_call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Reply, reqwest::Error> {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let place = if path.starts_with('/') { path.to_owned() } else { format!("/v1/{path}") };
        let request = self.http.request(method, format!("{}{place}", self.running.url())).bearer_auth(&self.token);
        send(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    /// Any operation; a path that begins with a slash is taken from the root.
    async fn call(&self, method: &str, path: &str, body: &Value) -> Reply {
        self.try_call(method, path, Some(body).filter(|b| !b.is_null())).await.unwrap()
    }

    /// The same, when it must be accepted.
    async fn done(&self, method: &str, path: &str, body: &Value) -> Value {
        let reply = self.call(method, path, body).await;
        assert!((200..300).contains(&reply.status), "{method} {path}: {} {}", reply.status, reply.text);
        reply.json_or_null()
    }

    /// The same, when it must be refused; the reasons.
    async fn refused(&self, status: u16, method: &str, path: &str, body: &Value) -> String {
        let reply = self.call(method, path, body).await;
        assert_eq!(reply.status, status, "{method} {path} {body}: {}", reply.text);
        let body = reply.json();
        assert_eq!(body["status"], json!(status));
        let details = body["details"].as_array().unwrap();
        details.iter().map(|d| text(&d["message"])).collect::<Vec<_>>().join("; ")
    }

    async fn today(&self, day: &str) {
        self.done("POST", "/simulator/clock", &json!({ "today": day })).await;
    }

    /// Every page of a list: the rows and the total announced.
    async fn all(&self, path: &str, size: usize) -> (Vec<Value>, usize) {
        let (mut rows, mut page) = (Vec::new(), 0);
        loop {
            let joint = if path.contains('?') { '&' } else { '?' };
            let body = self.get(&format!("{path}{joint}page={page}&size={size}")).await.json();
            assert_eq!(body["page"]["number"], json!(page), "{path}");
            rows.extend(body["content"].as_array().unwrap().iter().cloned());
            page += 1;
            if body["page"]["totalPages"].as_u64().unwrap() <= page {
                return (rows, usize::try_from(body["page"]["totalElements"].as_u64().unwrap()).unwrap());
            }
        }
    }
}

const API: &str = "v4_6_release/apis/3.0";

/// A simulated ConnectWise PSA.
struct Psa {
    running: Running,
    http: reqwest::Client,
}

impl Psa {
    async fn start(data: Data, faults: &str) -> Self {
        let running = CONNECTWISE.serve(&data, switches(faults), loopback()).await.unwrap();
        Self { running, http: http() }
    }

    fn request(&self, url: &str) -> reqwest::RequestBuilder {
        let user = format!("{}+{}", CONNECTWISE.setting("company"), CONNECTWISE.setting("public_key"));
        self.http
            .get(url)
            .basic_auth(user, Some(CONNECTWISE.setting("private_key")))
            .header("clientId", CONNECTWISE.setting("client_id"))
    }

    async fn try_get(&self, path: &str) -> Result<Reply, reqwest::Error> {
        send(self.request(&format!("{}/{API}/{path}", self.running.url()))).await
    }

    async fn get(&self, path: &str) -> Reply {
        self.try_get(path).await.unwrap()
    }

    /// Sends a body below the API.
    async fn call(&self, method: reqwest::Method, path: &str, body: &Value) -> Reply {
        let url = format!("{}/{API}/{path}", self.running.url());
        let user = format!("{}+{}", CONNECTWISE.setting("company"), CONNECTWISE.setting("public_key"));
        let request = self.http.request(method, url).basic_auth(user, Some(CONNECTWISE.setting("private_key")));
        send(request.header("clientId", CONNECTWISE.setting("client_id")).json(body)).await.unwrap()
    }

    /// Follows `rel="next"` to the end: the rows and how many pages there were.
    async fn all(&self, path: &str, size: usize) -> (Vec<Value>, usize) {
        let mut url = format!("{}/{API}/{path}?pageSize={size}", self.running.url());
        let (mut rows, mut pages) = (Vec::new(), 0);
        loop {
            let reply = send(self.request(&url)).await.unwrap();
            assert_eq!(reply.status, 200, "{url}: {}", reply.text);
            rows.extend(reply.json().as_array().unwrap().iter().cloned());
            pages += 1;
            match next(reply.link.as_deref().unwrap()) {
                Some(link) => url = link,
                None => return (rows, pages),
            }
        }
    }
}

fn next(link: &str) -> Option<String> {
    let part = link.split(", ").find(|part| part.ends_with("rel=\"next\""))?;
    Some(part.split_once('>')?.0.trim_start_matches('<').to_owned())
}

/// A scalar as the text it was sent as; what is missing or null is empty.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// The rows of a file as maps of text, for comparing.
fn rows(data: &Data, file: File) -> Vec<Vec<(String, String)>> {
    let table = data.table(file);
    table.rows().map(|row| table.columns().iter().map(|c| (c.clone(), row.get(c).to_owned())).collect()).collect()
}

#[tokio::test]
async fn only_loopback_is_served() {
    let refused = "0.0.0.0:0".parse().unwrap();
    let error = serve_pax8(Data::empty(), Faults::default(), Pax8Credentials::default(), refused).await.err().unwrap();
    assert!(error.to_string().contains("`0.0.0.0:0` is not a loopback address"), "{error}");
    let error = CONNECTWISE.serve(&Data::empty(), Faults::default(), refused).await.err().unwrap();
    assert!(error.to_string().contains("loopback only"), "{error}");
}

#[tokio::test]
async fn a_dropped_simulator_answers_no_more() {
    let Pax8 { running, http, token } = Pax8::start(sample(), "").await;
    let url = format!("{}/v1/companies", running.url());
    let ask = || send(http.get(&url).bearer_auth(&token));
    assert_eq!(ask().await.unwrap().status, 200);
    drop(running);
    // the connection that was kept alive is cut as well
    assert!(ask().await.is_err());
}

#[tokio::test]
async fn requests_are_logged_in_order() {
    let pax8 = Pax8::start(sample(), "500@invoices").await;
    pax8.get("companies?size=1").await;
    pax8.get("invoices").await;
    let log = pax8.running.log();
    let seen: Vec<(&str, &str, u16)> = log.iter().map(|l| (l.method.as_str(), l.path.as_str(), l.status)).collect();
    assert_eq!(seen, [("POST", "/v1/token", 200), ("GET", "/v1/companies?size=1", 200), ("GET", "/v1/invoices", 500)]);
    assert_eq!(pax8.running.requests(), 3);
}

#[tokio::test]
async fn empty_systems_answer_empty_lists() {
    let pax8 = Pax8::start(Data::empty(), "").await;
    for list in ["companies", "products", "subscriptions", "invoices"] {
        let body = pax8.get(list).await.json();
        assert_eq!(
            body,
            json!({ "content": [], "page": { "size": 10, "totalElements": 0, "totalPages": 0, "number": 0 } })
        );
    }
    let psa = Psa::start(Data::empty(), "").await;
    for list in ["company/companies", "procurement/catalog", "finance/agreements"] {
        assert_eq!(psa.all(list, 1000).await, (Vec::new(), 1), "{list}");
    }
}
