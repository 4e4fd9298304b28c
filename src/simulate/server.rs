//! The loopback server the simulators share: accept, log, misbehave, answer.
//!
//! Invariant: after [`Running`] is dropped no connection is answered any more, kept-alive ones included.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::Response;
use axum::serve::IncomingStream;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::SimulateError;
use super::faults::{Counters, Fault, Faults, Fired, Seen};

/// One request as a service sees it.
pub(super) struct Ask {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// `http://127.0.0.1:PORT`.
    pub(super) base: String,
}

impl Ask {
    /// A query parameter, the first of its name.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// A header as text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }
}

/// One answer as a service gives it.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Value,
}

impl Answer {
    pub(super) fn ok(body: Value) -> Self {
        Self::with(StatusCode::OK, body)
    }

    pub(super) fn with(status: StatusCode, body: Value) -> Self {
        Self { status, headers: Vec::new(), body }
    }

    /// An answer without a body.
    pub(super) fn empty(status: StatusCode) -> Self {
        Self::with(status, Value::Null)
    }
}

/// A remote system: what it answers, and how it refuses.
pub(super) trait Service: Send + Sync {
    fn answer(&self, ask: &Ask, fired: &Fired) -> Answer;

    /// A failure in the envelope of the system.
    fn failure(&self, ask: &Ask, status: StatusCode, message: &str) -> Answer;

    /// Whether this asks for a page after the first.
    fn is_later_page(&self, ask: &Ask) -> bool {
        let page = ask.query("page").and_then(|page| page.parse::<u64>().ok());
        page.is_some_and(|page| page > 1)
    }

    /// Whether this is meant to change something; a system that is asked by POST says which of them do.
    fn is_write(&self, ask: &Ask) -> bool {
        ask.method != Method::GET && !ask.path.ends_with("/token")
    }
}

/// A request that was answered, or refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// `GET`.
    pub method: String,
    /// Path with query, as asked.
    pub path: String,
    /// The status of the answer; 0 when the connection was dropped instead.
    pub status: u16,
    /// What was sent with it.
    pub body: String,
    /// Whether it was meant to change something.
    pub write: bool,
}

struct Shared {
    service: Box<dyn Service>,
    faults: Faults,
    counters: Mutex<Counters>,
    minute: Mutex<Minute>,
    log: Mutex<Vec<Logged>>,
    stopped: AtomicBool,
    base: String,
}

/// The calls of one minute.
struct Minute {
    began: Instant,
    calls: u64,
}

impl Minute {
    /// Counts a call; the seconds to wait when the minute is full.
    fn full(&mut self, rate: u64) -> Option<u64> {
        if self.began.elapsed().as_secs() >= 60 {
            *self = Self { began: Instant::now(), calls: 0 };
        }
        if self.calls >= rate {
            return Some(60_u64.saturating_sub(self.began.elapsed().as_secs()).max(1));
        }
        self.calls += 1;
        None
    }
}

/// A simulator at work. Dropping it ends it.
pub struct Running {
    addr: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
    beside: Option<JoinHandle<()>>,
}

impl Running {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.shared.base
    }

    /// How many requests came so far.
    pub fn requests(&self) -> usize {
        self.shared.log.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Every request so far, in the order the answers were made.
    pub fn log(&self) -> Vec<Logged> {
        self.shared.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Serves until the caller stops waiting.
    pub async fn wait(mut self) {
        // the task ends only by being aborted, so there is nothing to learn from its result
        let _ = (&mut self.task).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        self.task.abort();
        if let Some(beside) = &self.beside {
            beside.abort();
        }
    }
}

impl Running {
    /// Lets something work for as long as the simulator does.
    pub(super) fn beside(mut self, work: impl Future<Output = ()> + Send + 'static) -> Self {
        self.beside = Some(tokio::spawn(work));
        self
    }
}

/// Binds and serves.
pub(super) async fn serve(
    service: Box<dyn Service>,
    faults: Faults,
    addr: SocketAddr,
) -> Result<Running, SimulateError> {
    if !addr.ip().is_loopback() {
        return Err(SimulateError::NotLoopback(addr));
    }
    let listen = |source| SimulateError::Listen { addr, source };
    let listener = TcpListener::bind(addr).await.map_err(listen)?;
    let addr = listener.local_addr().map_err(listen)?;
    let shared = Arc::new(Shared {
        service,
        faults,
        counters: Mutex::default(),
        minute: Mutex::new(Minute { began: Instant::now(), calls: 0 }),
        log: Mutex::default(),
        stopped: AtomicBool::new(false),
        base: format!("http://{addr}"),
    });
    let app = Router::new().fallback(handle).with_state(Arc::clone(&shared));
    let task = tokio::spawn(async move {
        let app = app.into_make_service_with_connect_info::<Line>();
        // serving never ends by itself; the task is aborted
        let _ = axum::serve(Severable(listener), app).await;
    });
    Ok(Running { addr, shared, task, beside: None })
}

/// The largest body taken.
const BODY_MAX: usize = 1 << 20;

async fn handle(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(line): ConnectInfo<Line>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let query = Query::<Vec<(String, String)>>::try_from_uri(&uri).map(|q| q.0).unwrap_or_default();
    let body = axum::body::to_bytes(body, BODY_MAX).await;
    let too_long = body.is_err();
    let body = body.unwrap_or_default();
    let ask = Ask { method, path: uri.path().to_owned(), query, headers, body, base: shared.base.clone() };
    let controls = ask.path.starts_with("/simulator/");
    let write = shared.service.is_write(&ask);
    let fired = {
        let mut counters = shared.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = Seen { path: &ask.path, later_page: shared.service.is_later_page(&ask), write };
        if controls { Fired::default() } else { counters.fire(&shared.faults, seen) }
    };
    if !controls {
        linger(&shared.faults, &fired).await;
    }
    let mut response = if too_long {
        let answer = shared.service.failure(&ask, StatusCode::BAD_REQUEST, "The body is too large");
        build(answer.status, "application/json", &answer.headers, answer.body.to_string())
    } else {
        respond(&shared, &ask, &fired, &line, controls)
    };
    let accepted = response.status().is_success();
    if fired.has(Fault::BrokenWrite) && accepted {
        let answer = shared.service.failure(&ask, StatusCode::INTERNAL_SERVER_ERROR, "Internal server error");
        response = build(answer.status, "application/json", &answer.headers, answer.body.to_string());
    }
    let dropped =
        fired.has(Fault::Drop) || fired.has(Fault::DropWrite) && accepted || shared.stopped.load(Ordering::SeqCst);
    if dropped {
        line.cut_after(0);
        *response.status_mut() = StatusCode::OK;
    }
    let status = if dropped { 0 } else { response.status().as_u16() };
    let body = String::from_utf8_lossy(&ask.body).into_owned();
    let logged = Logged { method: ask.method.to_string(), path: uri.to_string(), status, body, write };
    shared.log.lock().unwrap_or_else(PoisonError::into_inner).push(logged);
    if fired.has(Fault::HoldWrite) && accepted {
        pause(shared.faults.slow_seconds.saturating_mul(1_000)).await;
    }
    response
}

/// Makes the client wait as long as the switches say.
async fn linger(faults: &Faults, fired: &Fired) {
    let slow = if fired.has(Fault::Slow) { faults.slow_seconds.saturating_mul(1_000) } else { 0 };
    pause(faults.latency.saturating_add(slow)).await;
}

async fn pause(milliseconds: u64) {
    if milliseconds > 0 {
        #[expect(clippy::disallowed_methods, reason = "a slow remote is what is simulated")]
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
}

/// The statuses a fault can put in the place of an answer.
const REFUSALS: [(Fault, StatusCode, &str); 9] = [
    (Fault::Throttled, StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
    (Fault::ThrottledBare, StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
    (Fault::TimedOut, StatusCode::REQUEST_TIMEOUT, "The query took too long"),
    (Fault::Broken, StatusCode::INTERNAL_SERVER_ERROR, "Internal server error"),
    (Fault::Forbidden, StatusCode::FORBIDDEN, "You do not have permission to view this list"),
    (Fault::FailedWrite, StatusCode::INTERNAL_SERVER_ERROR, "Internal server error"),
    (Fault::ForbiddenWrite, StatusCode::FORBIDDEN, "You do not have permission to change this"),
    (Fault::Unauthorized, StatusCode::UNAUTHORIZED, "Unauthorized"),
    (Fault::NotFound, StatusCode::NOT_FOUND, "Not found"),
];

fn respond(shared: &Shared, ask: &Ask, fired: &Fired, line: &Line, controls: bool) -> Response {
    if let Some(rate) = shared.faults.rate.filter(|_| !controls)
        && let Some(seconds) = shared.minute.lock().unwrap_or_else(PoisonError::into_inner).full(rate)
    {
        let answer = shared.service.failure(ask, StatusCode::TOO_MANY_REQUESTS, "Too many requests");
        let after = [("retry-after", seconds.to_string())];
        return build(answer.status, "application/json", &after, answer.body.to_string());
    }
    if fired.has(Fault::Unavailable) {
        let page = "<html><head><title>503</title></head><body><h1>Service Unavailable</h1></body></html>";
        return build(StatusCode::SERVICE_UNAVAILABLE, "text/html", &[], page.to_owned());
    }
    let mut answer = match REFUSALS.iter().find(|(fault, _, _)| fired.has(*fault)) {
        Some(&(_, status, message)) => shared.service.failure(ask, status, message),
        None => shared.service.answer(ask, fired),
    };
    if fired.has(Fault::Throttled) {
        answer.headers.push(("retry-after", shared.faults.retry_after.to_string()));
    }
    if fired.has(Fault::Extra) {
        super::json::add_unknown(&mut answer.body);
    }
    if answer.body.is_null() && answer.status != StatusCode::OK {
        return build_bare(answer.status);
    }
    let mut text = answer.body.to_string();
    let half = (0..=text.len() / 2).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    if fired.has(Fault::Cut) {
        text.truncate(half);
    }
    if fired.has(Fault::HangUp) {
        // the head of the answer is longer than this, so at least half of the body is still to come
        line.cut_after(100 + half);
    }
    build(answer.status, "application/json", &answer.headers, text)
}

fn build(status: StatusCode, kind: &str, headers: &[(&'static str, String)], body: String) -> Response {
    let mut response = Response::builder().status(status).header(header::CONTENT_TYPE, kind);
    for (name, value) in headers {
        response = response.header(*name, value);
    }
    response.body(Body::from(body)).unwrap_or_default()
}

fn build_bare(status: StatusCode) -> Response {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}

/// Hands out connections that can be cut.
struct Severable(TcpListener);

impl axum::serve::Listener for Severable {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        let (stream, addr) = axum::serve::Listener::accept(&mut self.0).await;
        // only speed hangs on it
        let _ = stream.set_nodelay(true);
        (Wire { stream, line: Line(Arc::new(AtomicUsize::new(usize::MAX))) }, addr)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// How many bytes a connection may still send.
#[derive(Clone)]
struct Line(Arc<AtomicUsize>);

impl Line {
    fn cut_after(&self, bytes: usize) {
        self.0.store(bytes, Ordering::SeqCst);
    }
}

impl Connected<IncomingStream<'_, Severable>> for Line {
    fn connect_info(stream: IncomingStream<'_, Severable>) -> Self {
        stream.io().line.clone()
    }
}

struct Wire {
    stream: TcpStream,
    line: Line,
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let left = self.line.0.load(Ordering::SeqCst);
        if left == usize::MAX {
            return Pin::new(&mut self.stream).poll_write(cx, buf);
        }
        let allowed = buf.get(..buf.len().min(left)).unwrap_or_default();
        if allowed.is_empty() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let written = Pin::new(&mut self.stream).poll_write(cx, allowed);
        if let Poll::Ready(Ok(bytes)) = written {
            self.line.0.store(left.saturating_sub(bytes), Ordering::SeqCst);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
