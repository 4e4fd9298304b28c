//! A Tryton of its own for a test: a copy of the database the test command made, served on a free port of loopback.
//!
//! The server ends with the test, however that ends: it is killed when this is dropped, and it ends by itself when its
//! standard input closes, that is when the test program is gone.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use trueup::connectors::http::Backoff;
use trueup::connectors::rest::{ConnectorFile, Rest, RestSettings};

/// A server, and what a test needs to talk to it.
pub(super) struct Tryton {
    process: Child,
    place: TempDir,
    http: reqwest::Client,
    /// Address and database.
    pub(super) url: String,
    /// The ids of what the database has from the start, by name, and the key.
    pub(super) base: Value,
    session: String,
}

/// One answer of the REST interface.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) kind: String,
    /// `Content-Range`.
    pub(super) range: Option<String>,
    pub(super) text: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The answer as JSON, which must have been taken.
    pub(super) fn taken(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.json()
    }

    /// The sentence of a refusal.
    pub(super) fn refused(&self) -> String {
        assert_eq!((self.status, self.kind.as_str()), (400, "application/json"), "{self:?}");
        self.json()["message"].as_str().unwrap().to_owned()
    }

    /// The values of a field, row by row.
    pub(super) fn column(&self, field: &str) -> Vec<Value> {
        self.taken().as_array().unwrap().iter().map(|row| row[field].clone()).collect()
    }
}

impl Tryton {
    /// Starts one. Returns once it has answered.
    pub(super) async fn start() -> Self {
        let (place, process, url, base) = tokio::task::spawn_blocking(begin).await.unwrap();
        let http = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
        let mut tryton = Self { process, place, http, url, base, session: String::new() };
        tryton.session = tryton.log_in().await;
        tryton
    }

    async fn log_in(&self) -> String {
        let password = json!({ "password": self.base["password"] });
        let given = self.call("common.db.login", json!(["admin", password])).await["result"].clone();
        let (user, token) = (&given[0], given[1].as_str().unwrap());
        format!("Session {}", STANDARD.encode(format!("admin:{user}:{token}")))
    }

    async fn call(&self, method: &str, params: Value) -> Value {
        let body = json!({ "id": 0, "method": method, "params": params });
        let request = self.http.post(format!("{}/rpc/", self.url)).header("Authorization", &self.session).json(&body);
        #[expect(clippy::disallowed_methods, reason = "these tests look at single answers, retries would hide them")]
        let answer = request.send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    /// What the other interface says: the one Tryton's own client uses, which shares no code with REST but the models.
    pub(super) async fn rpc(&self, method: &str, mut params: Vec<Value>) -> Result<Value, Value> {
        let company = &self.base["company"];
        params.push(json!({ "company": company, "companies": [company], "active_test": false }));
        self.called(method, Value::Array(params)).await
    }

    /// The same with a context of its own, the last of the parameters.
    pub(super) async fn called(&self, method: &str, params: Value) -> Result<Value, Value> {
        let answer = self.call(method, params).await;
        answer.get("error").map_or_else(|| Ok(answer["result"].clone()), |error| Err(error.clone()))
    }

    /// Some fields of every record of a model, by the other interface, in the order of their ids.
    pub(super) async fn every(&self, model: &str, fields: &[&str]) -> Vec<Value> {
        let order = json!([["id", "ASC"]]);
        let params = vec![json!([]), json!(0), Value::Null, order, json!(fields)];
        let rows = self.rpc(&format!("model.{model}.search_read"), params).await.unwrap();
        rows.as_array().unwrap().clone()
    }

    /// Some fields of one record, by the other interface.
    pub(super) async fn one(&self, model: &str, id: &Value, fields: &[&str]) -> Value {
        self.rpc(&format!("model.{model}.read"), vec![json!([id]), json!(fields)]).await.unwrap()[0].clone()
    }

    /// One call of the REST interface.
    pub(super) async fn rest(&self, method: Method, path: &str, query: &[(&str, &str)], body: Option<Value>) -> Answer {
        self.rest_with(method, path, query, body, &[]).await
    }

    /// The same with headers of its own.
    pub(super) async fn rest_with(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let context = encoded(&json!({ "company": self.base["company"] }));
        let mut all = vec![("X-Tryton-Context", context.as_str())];
        all.retain(|(name, _)| headers.iter().all(|(other, _)| name != other));
        let mut request = self.http.request(method, format!("{}/rest/model/{path}", self.url)).query(query);
        if headers.iter().all(|(name, _)| *name != "Authorization") {
            request = request.bearer_auth(self.key());
        }
        for (name, value) in all.iter().chain(headers) {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        #[expect(clippy::disallowed_methods, reason = "these tests look at single answers, retries would hide them")]
        let answer = request.send().await.unwrap();
        let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (kind, range) = (header("content-type").unwrap_or_default(), header("content-range"));
        Answer { status: answer.status().as_u16(), kind, range, text: answer.text().await.unwrap() }
    }

    pub(super) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Answer {
        self.rest(Method::GET, path, query, None).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Answer {
        self.rest(Method::POST, path, &[], Some(body)).await
    }

    pub(super) async fn put(&self, path: &str, body: Value) -> Answer {
        self.rest(Method::PUT, path, &[], Some(body)).await
    }

    pub(super) fn key(&self) -> &str {
        self.base["key"].as_str().unwrap()
    }

    /// The shipped connector file, with some words replaced, connected to this server.
    pub(super) fn connected(&self, replaced: &[(&str, &str)]) -> Rest {
        self.connected_with(self.key(), replaced)
    }

    /// The same with another key.
    pub(super) fn connected_with(&self, key: &str, replaced: &[(&str, &str)]) -> Rest {
        Rest::new(Self::settings(replaced).with("url", &self.url).with("key", key)).unwrap()
    }

    /// The shipped connector file, with some words replaced.
    pub(super) fn settings(replaced: &[(&str, &str)]) -> RestSettings {
        let mut file = ConnectorFile::builtin("builtin:tryton").unwrap();
        for (from, to) in replaced {
            assert!(file.text.contains(from), "{from}");
            file.text = file.text.replace(from, to);
        }
        let mut settings = RestSettings::new("erp", file);
        settings.backoff = Backoff { first: Duration::ZERO, most: Duration::ZERO };
        settings
    }

    /// How many requests whose line has this part the server has answered, by its own log.
    pub(super) fn asked(&self, part: &str) -> usize {
        let log = std::fs::read_to_string(self.place.path().join("server.log")).unwrap();
        log.lines().filter(|line| line.contains("HTTP/1.1") && line.contains(part)).count()
    }
}

impl Drop for Tryton {
    fn drop(&mut self) {
        let ended = self.process.kill().and_then(|()| self.process.wait());
        assert!(ended.is_ok() || std::thread::panicking(), "{ended:?}");
    }
}

/// A condition or an order as the REST interface takes it.
pub(super) fn encoded(value: &Value) -> String {
    URL_SAFE.encode(value.to_string())
}

pub(super) fn decimal(text: &str) -> Value {
    json!({ "__class__": "Decimal", "decimal": text })
}

pub(super) fn day(text: &str) -> Value {
    let parts: Vec<u32> = text.split('-').map(|part| part.parse().unwrap()).collect();
    json!({ "__class__": "date", "year": parts[0], "month": parts[1], "day": parts[2] })
}

/// A copy of the database, and a server of it that listens.
fn begin() -> (TempDir, Child, String, Value) {
    #[expect(clippy::disallowed_methods, reason = "where the test command put the installed server")]
    let made = std::env::var("TRUEUP_TEST_TRYTON").unwrap_or_else(|_| {
        panic!(
            "TRUEUP_TEST_TRYTON is not set: tests/run installs Tryton, makes the database that tests copy, and sets it"
        )
    });
    let made = PathBuf::from(made);
    let place = tempfile::tempdir().unwrap();
    std::fs::copy(made.join("template.sqlite"), place.path().join("erp.sqlite")).unwrap();
    let base = serde_json::from_str(&std::fs::read_to_string(made.join("template.json")).unwrap()).unwrap();
    let said = std::fs::File::create(place.path().join("said")).unwrap();
    let mut process = Command::new("python3")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/tryton/serve.py"))
        .arg(place.path())
        .env("PYTHONPATH", made.join("packages"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(said)
        .spawn()
        .unwrap();
    let mut url = String::new();
    let _ = BufReader::new(process.stdout.take().unwrap()).read_line(&mut url);
    if url.is_empty() {
        let _ = process.wait();
        panic!("Tryton did not start: {}", std::fs::read_to_string(place.path().join("said")).unwrap());
    }
    (place, process, url.trim_end().to_owned(), base)
}

#[test]
fn a_server_ends_when_the_program_that_started_it_is_gone() {
    let (_place, mut process, ..) = begin();
    assert!(process.try_wait().unwrap().is_none());
    drop(process.stdin.take());
    assert!(process.wait().unwrap().success());
}

#[tokio::test]
async fn a_server_ends_with_the_test_that_started_it_also_when_that_fails() {
    let tryton = Tryton::start().await;
    let process = std::path::PathBuf::from(format!("/proc/{}", tryton.process.id()));
    assert!(process.exists());
    let failed = tokio::spawn(async move {
        let _held = tryton;
        panic!("as a test that fails");
    });
    assert!(failed.await.unwrap_err().is_panic());
    assert!(!process.exists());
}
