//! The generic REST connector: its file language, its paging against small servers that misbehave, and ConnectWise PSA
//! read through the simulator.
#![cfg(test)]

mod calls;
mod commands;
pub(crate) mod connectwise;
mod entities;
mod gallery;
mod inside;
mod invoiced;
mod language;
mod mutants;
mod paging;
mod products;
mod revio;
mod tickets;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::IntoResponse as _;
use trueup::connectors::http::Backoff;
use trueup::connectors::rest::{ConnectorFile, Rest, RestSettings};
use trueup::simulate::{Data, Running, System};

/// A simulated system, and a connection through the file that comes with the program, which these replacements change: a real
/// pace would only make tests slow.
pub(crate) async fn serve(
    system: &System,
    data: &Data,
    faults: &str,
    replacements: &[(&str, &str)],
) -> (Running, Rest) {
    let running = system.serve(data, faults.parse().unwrap(), "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let mut file = ConnectorFile::builtin(&format!("builtin:{}", system.name)).unwrap();
    for (from, to) in replacements {
        assert!(file.text.contains(from), "{} says nothing of {from}", file.name);
        file.text = file.text.replace(from, to);
    }
    let rest = Rest::new(settings_of(system, file, &running)).unwrap();
    (running, rest)
}

/// A file with the settings that the simulator of its system accepts.
pub(crate) fn settings_of(system: &System, file: ConnectorFile, running: &Running) -> RestSettings {
    let url = format!("{}{}", running.url(), system.path);
    system.settings.iter().fold(settings(file).with("url", &url), |all, (name, value)| {
        all.with(name, &value.replace("{url}", running.url()))
    })
}

/// What a test server was asked.
struct Asked {
    method: Method,
    path: String,
    query: String,
    headers: HeaderMap,
    body: String,
    /// How many requests came before.
    nth: usize,
}

impl Asked {
    /// A query parameter.
    fn query(&self, name: &str) -> Option<&str> {
        self.query.split('&').find_map(|pair| pair.split_once('=').filter(|(n, _)| *n == name).map(|(_, value)| value))
    }
}

/// What it answers: status, headers, body.
type Said = (u16, Vec<(&'static str, String)>, String);

fn ok(body: impl std::fmt::Display) -> Said {
    (200, Vec::new(), format!("{body}"))
}

/// A server that answers every call with a function. Its task ends with the test's runtime.
struct Server {
    url: String,
    log: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(answer: impl Fn(&Asked) -> Said + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let log = Arc::new(Mutex::new(Vec::new()));
        let (kept, answer) = (Arc::clone(&log), Arc::new(answer));
        let app = Router::new().fallback(move |method: Method, uri: Uri, headers: HeaderMap, body: String| {
            let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
            async move {
                let mut log = kept.lock().unwrap();
                let asked = Asked {
                    method,
                    body,
                    path: uri.path().to_owned(),
                    query: uri.query().unwrap_or_default().to_owned(),
                    headers,
                    nth: log.len(),
                };
                log.push(uri.to_string());
                let (status, headers, body) = answer(&asked);
                let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
                for (name, value) in headers {
                    response.headers_mut().insert(name, value.parse().unwrap());
                }
                response
            }
        });
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, log }
    }

    fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }
}

/// Settings that do not wait between attempts.
pub(crate) fn settings(file: ConnectorFile) -> RestSettings {
    let mut settings = RestSettings::new("psa", file);
    settings.backoff = Backoff { first: Duration::ZERO, most: Duration::ZERO };
    settings
}

fn file(text: &str) -> ConnectorFile {
    ConnectorFile { name: "test.toml".to_owned(), text: text.to_owned() }
}

/// A file with one list of customers, `http` and `list` as given.
fn customers_file(http: &str, list: &str) -> String {
    format!(
        r#"
schema = 1
name = "Test"
[settings]
url = {{ kind = "url" }}
[http]
base = "{{url}}"
numbers = "number"
{http}
[entity.customer]
id = "id"
[entity.customer.list]
{list}
[entity.customer.fields]
name = {{ at = "name" }}
"#
    )
}

/// A connection to a server through a file.
fn connect(url: &str, text: &str) -> Rest {
    Rest::new(settings(file(text)).with("url", url)).unwrap()
}
