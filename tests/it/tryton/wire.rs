//! The wire between the program and a server, which can be cut at a call: before it arrives, or before its answer does.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use serde_json::Value;

/// Where a call is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// It never arrives.
    Before,
    /// It arrives, and the answer never does.
    After,
}

#[derive(Default)]
struct State {
    writes: Vec<(String, String, Value)>,
    cut: Option<(usize, Cut)>,
}

/// A wire to a server.
pub(super) struct Wire {
    pub(super) url: String,
    state: Arc<Mutex<State>>,
}

impl Wire {
    /// A wire to a server at an address and database.
    pub(super) async fn to(url: &str) -> Self {
        let (host, database) = url.rsplit_once('/').unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = format!("http://{}/{database}", listener.local_addr().unwrap());
        let state = Arc::<Mutex<State>>::default();
        let http = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
        let (host, shared) = (host.to_owned(), Arc::clone(&state));
        let app = Router::new()
            .fallback(move |request: Request| carried(http.clone(), host.clone(), shared.clone(), request));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url: here, state }
    }

    /// Cuts one of the next calls that write, counted from 0.
    pub(super) fn cut(&self, call: usize, cut: Cut) {
        self.state.lock().unwrap().cut = Some((call, cut));
    }

    /// The calls that write since this was last asked: method, path below the models, and body.
    pub(super) fn writes(&self) -> Vec<(String, String, Value)> {
        std::mem::take(&mut self.state.lock().unwrap().writes)
    }

    /// The same in short: method and path.
    pub(super) fn calls(&self) -> Vec<String> {
        self.writes().into_iter().map(|(method, path, _)| format!("{method} {path}")).collect()
    }
}

async fn carried(http: reqwest::Client, host: String, state: Arc<Mutex<State>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let mut cut = None;
    if parts.method != "GET" {
        let mut state = state.lock().unwrap();
        let path = parts.uri.path().rsplit_once("/model/").unwrap().1.to_owned();
        state.writes.push((parts.method.to_string(), path, serde_json::from_slice(&body).unwrap_or_default()));
        cut = match state.cut.take() {
            Some((0, cut)) => Some(cut),
            later => {
                state.cut = later.map(|(call, cut)| (call - 1, cut));
                None
            }
        };
    }
    // A connection whose task ends without an answer is closed.
    assert_ne!(cut, Some(Cut::Before), "cut off, as the test wants it");
    let mut sent = http.request(parts.method, format!("{host}{}", parts.uri)).body(body);
    for (name, value) in &parts.headers {
        if name != "host" && name != "content-length" {
            sent = sent.header(name, value);
        }
    }
    #[expect(clippy::disallowed_methods, reason = "what comes is passed on as it is")]
    let answer = sent.send().await.unwrap();
    assert_eq!(cut, None, "cut off, as the test wants it");
    let mut response = Response::builder().status(answer.status());
    for name in ["content-type", "content-range"] {
        if let Some(value) = answer.headers().get(name) {
            response = response.header(name, value);
        }
    }
    response.body(Body::from(answer.bytes().await.unwrap())).unwrap()
}
