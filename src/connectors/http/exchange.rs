//! One request and its reply: sent, read within the byte limit, logged and judged.
//!
//! Keeps the invariant that no reply is held beyond the limit on bytes, and that no body and no credential is logged.

use std::error::Error as _;
use std::sync::Arc;

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{RequestBuilder, Url};
use tokio::time::Instant;

use crate::connectors::error::ErrorKind;
use crate::connectors::http::names::{GuardedNames, RefusedName};
use crate::connectors::http::retry::{Judge, Trouble, default_table};
use crate::connectors::http::secrets::Secrets;
use crate::connectors::http::write::Verb;
use crate::connectors::http::{Reply, Timeouts};

/// The connections of one client.
pub(super) struct Transport {
    connector: String,
    secrets: Arc<Secrets>,
    client: reqwest::Client,
    body_bytes: usize,
}

impl Transport {
    pub(super) fn new(connector: String, secrets: Arc<Secrets>, client: reqwest::Client, body_bytes: usize) -> Self {
        Self { connector, secrets, client, body_bytes }
    }

    pub(super) fn get(&self, url: &Url) -> RequestBuilder {
        self.client.get(url.clone())
    }

    /// A question asked by POST.
    pub(super) fn question(&self, url: &Url, body: String) -> RequestBuilder {
        self.client.post(url.clone()).header(CONTENT_TYPE, "application/json").body(body)
    }

    pub(super) fn post(&self, url: &str) -> RequestBuilder {
        self.client.post(url)
    }

    pub(super) fn change(&self, verb: Verb, url: &Url) -> RequestBuilder {
        let url = url.clone();
        match verb {
            Verb::Post => self.client.post(url),
            Verb::Put => self.client.put(url),
            Verb::Patch => self.client.patch(url),
            Verb::Delete => self.client.delete(url),
        }
    }

    /// Sends a call that changes something. No status is judged: only what came back, and whether anything can have left.
    pub(super) async fn send(&self, request: RequestBuilder, operation: &str, attempt: u32) -> Sent {
        let (connector, started) = (self.connector.as_str(), Instant::now());
        let outcome = self.receive(request).await;
        let elapsed = started.elapsed().as_millis();
        match outcome {
            Ok(reply) => {
                tracing::debug!(connector, operation, status = reply.status, elapsed_ms = elapsed, attempt, "called");
                Sent::Reply(reply)
            }
            Err(failed) => {
                tracing::debug!(connector, operation, elapsed_ms = elapsed, attempt, "no reply");
                match failed {
                    Failed::Unbuilt(what) => Sent::Impossible(ErrorKind::Settings(what)),
                    Failed::Unconnected(what) => Sent::Never(ErrorKind::Transient(what)),
                    Failed::Lost(what) | Failed::TooLong(what) => Sent::Lost(what),
                }
            }
        }
    }

    /// Sends a request and gives the reply when it is good: by the judge where there is one and it has an opinion, else by the
    /// default table. What a refusal says is free of secrets and cut.
    pub(super) async fn exchange(
        &self,
        request: RequestBuilder,
        judge: Option<&Judge>,
        operation: &str,
        attempt: u32,
    ) -> Result<Reply, Trouble> {
        let (connector, started) = (self.connector.as_str(), Instant::now());
        let outcome = self.receive(request).await;
        let elapsed = started.elapsed().as_millis();
        match outcome {
            Ok(reply) => {
                tracing::debug!(connector, operation, status = reply.status, elapsed_ms = elapsed, attempt, "called");
                let ours = judge.and_then(|judge| judge(reply.status, &reply.headers, &reply.body));
                ours.unwrap_or_else(|| default_table(reply.status, &reply.headers, &reply.body))
                    .map(|()| reply)
                    .map_err(|trouble| self.secrets.trouble(trouble))
            }
            Err(failed) => {
                tracing::debug!(connector, operation, elapsed_ms = elapsed, attempt, "no reply");
                Err(failed.trouble())
            }
        }
    }

    async fn receive(&self, request: RequestBuilder) -> Result<Reply, Failed> {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that sends")]
        let mut response = request.send().await.map_err(lost)?;
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            if body.len().saturating_add(chunk.len()) > self.body_bytes {
                let limit = self.body_bytes;
                return Err(Failed::TooLong(format!("the reply is longer than {limit} bytes; ask for smaller pages")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply { status, headers, body })
    }
}

/// A client that goes only where it is sent, and only as long as it is allowed to.
pub(super) fn client(headers: HeaderMap, names: GuardedNames, timeouts: Timeouts) -> Result<reqwest::Client, String> {
    reqwest::Client::builder()
        .user_agent(concat!("trueup/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        // a proxy would resolve the names itself, and see every secret of plain http
        .no_proxy()
        .dns_resolver(Arc::new(names))
        .connect_timeout(timeouts.connect)
        .timeout(timeouts.total)
        .build()
        .map_err(|e| format!("the HTTP client cannot be made: {}", chain(&e)))
}

/// What became of a call that changes something, as far as the wire says.
pub(super) enum Sent {
    /// An answer, whatever it says.
    Reply(Reply),
    /// No connection was made: nothing left this machine.
    Never(ErrorKind),
    /// It could not even be made.
    Impossible(ErrorKind),
    /// It may have left, and no whole answer came back.
    Lost(String),
}

/// A request without a usable reply.
enum Failed {
    Unbuilt(String),
    Unconnected(String),
    Lost(String),
    TooLong(String),
}

impl Failed {
    /// For a read: it may pass, unless it could not even be made or is too long.
    fn trouble(self) -> Trouble {
        match self {
            Self::Unbuilt(what) => Trouble::Failed(ErrorKind::Settings(what)),
            Self::TooLong(what) => Trouble::Failed(ErrorKind::Limit(what)),
            Self::Unconnected(what) | Self::Lost(what) => Trouble::Transient { what, wait: None },
        }
    }
}

fn lost(error: reqwest::Error) -> Failed {
    let error = error.without_url();
    if error.is_builder() {
        return Failed::Unbuilt(format!("the request cannot be made: {}", chain(&error)));
    }
    if let Some(refused) = RefusedName::behind(&error) {
        return Failed::Unbuilt(refused.to_string());
    }
    // A connection that was not made in time is no connection.
    if error.is_connect() {
        return Failed::Unconnected(format!("no connection: {}", cause(&error)));
    }
    Failed::Lost(if error.is_timeout() {
        "no reply in time".to_owned()
    } else {
        format!("the reply was cut: {}", chain(&error))
    })
}

/// What is behind an error, without the layers that pass it on.
fn cause(error: &reqwest::Error) -> String {
    let mut last: &dyn std::error::Error = error;
    while let Some(inner) = last.source() {
        last = inner;
    }
    last.to_string()
}

/// An error and its causes in one line.
fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
