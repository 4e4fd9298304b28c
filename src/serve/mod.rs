//! Webhooks as hints: what a remote says has changed is noted and answered at once, and read afterwards.
//!
//! Keeps the invariants that nobody is heard who does not know the secret, that nothing that was said is believed, and that however
//! much is said causes no more than paced reads. Plain HTTP: TLS is the task of a reverse proxy.

mod door;
mod line;
mod reader;
mod seen;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Path, Request, State};
use axum::http::header::{AUTHORIZATION, CONNECTION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::post;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{debug, info, warn};

use crate::core::outside::excerpt;
use crate::core::record::Fingerprint;
use crate::engine::{Engine, pax8};
use door::{Doors, Refused};
use line::Lines;
pub use reader::{Reader, Reading};
use seen::Seen;

/// What is received at most, and how long anything may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of a body.
    pub body_max: usize,
    /// Connections at once; more wait.
    pub connections_max: usize,
    /// How long a connection may last, from its first byte to its answer. Pax8 waits ten seconds.
    pub connection: Duration,
    /// How long the body may take.
    pub body: Duration,
    /// How long noting may take.
    pub noting: Duration,
    /// How long the same body is taken for the same news.
    pub same: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_max: 256 * 1024,
            connections_max: 64,
            connection: Duration::from_secs(9),
            body: Duration::from_secs(4),
            noting: Duration::from_secs(4),
            same: Duration::from_mins(30),
        }
    }
}

/// A listener at work. Dropping it closes it.
pub struct Serving {
    address: SocketAddr,
    bell: Arc<Notify>,
    tasks: JoinSet<()>,
}

impl Serving {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Rings when a hint was noted.
    #[must_use]
    pub fn bell(&self) -> Arc<Notify> {
        Arc::clone(&self.bell)
    }

    /// Serves until the caller stops waiting.
    pub async fn wait(&mut self) {
        // The task ends only by being aborted, so there is nothing to learn from its result.
        let _ = self.tasks.join_next().await;
    }
}

/// Listens for what webhooks of some connections say: `POST /hooks/pax8/<connection>`.
///
/// # Errors
/// Where the address cannot be had.
pub async fn listen(
    address: SocketAddr,
    engine: Arc<Engine>,
    secrets: &BTreeMap<String, SecretString>,
    limits: Limits,
) -> io::Result<Serving> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let bell = Arc::new(Notify::new());
    let lines = Lines::new(listener, limits.connections_max, limits.connection);
    let body_max = limits.body_max;
    let room = Room {
        engine,
        doors: Doors::new(secrets),
        seen: Mutex::new(Seen::new(limits.same)),
        bell: Arc::clone(&bell),
        refused: AtomicU64::new(0),
        limits,
    };
    let app = Router::new()
        .route("/hooks/pax8/{connection}", post(receive))
        .layer(DefaultBodyLimit::max(body_max))
        .layer(axum::middleware::map_response(closing))
        .with_state(Arc::new(room));
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        // Serving never ends by itself; the task is aborted.
        let _ = axum::serve(lines, app).await;
    });
    Ok(Serving { address, bell, tasks })
}

/// One answer a connection: whoever wants more has to queue again.
async fn closing(mut response: Response) -> Response {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

async fn receive(State(room): State<Arc<Room>>, Path(connection): Path<String>, request: Request) -> StatusCode {
    match room.receive(&connection, request).await {
        Ok(()) => StatusCode::OK,
        Err(status) => status,
    }
}

struct Room {
    engine: Arc<Engine>,
    doors: Doors,
    seen: Mutex<Seen>,
    bell: Arc<Notify>,
    refused: AtomicU64,
    limits: Limits,
}

impl Room {
    async fn receive(&self, connection: &str, request: Request) -> Result<(), StatusCode> {
        // Before a byte of the body is read.
        let opened = self.doors.open(connection, request.headers().get(AUTHORIZATION));
        opened.map_err(|refused| self.refuse(connection, refused))?;
        let body = timeout(self.limits.body, Bytes::from_request(request, &())).await;
        let body = body.map_err(|_| StatusCode::REQUEST_TIMEOUT)?.map_err(|refused| refused.status());
        let body = body.inspect_err(|status| debug!("a body for {connection} could not be read: {status}"))?;
        let hint = pax8::hint(&body).ok_or(StatusCode::BAD_REQUEST)?;
        let news = (connection.to_owned(), Fingerprint::of(&body));
        if !self.seen().is_new(&news, Instant::now()) {
            debug!("{connection} said the same again");
            return Ok(());
        }
        let noted = timeout(self.limits.noting, self.engine.note_hint(connection, &hint)).await;
        let problem = match noted {
            Ok(Ok(())) => {
                info!("{connection} said: {}", hint.said);
                self.bell.notify_one();
                return Ok(());
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the database did not answer in time".to_owned(),
        };
        // Said again it is to be noted: what was not kept was not heard.
        self.seen().forget(&news);
        warn!("what {connection} said could not be noted, it will say it again: {problem}");
        Err(StatusCode::SERVICE_UNAVAILABLE)
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells of refusals ever more rarely: whoever knocks must not fill the log.
    fn refuse(&self, connection: &str, refused: Refused) -> StatusCode {
        let count = self.refused.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let name = excerpt(connection, 40);
        let (status, why) = match refused {
            Refused::NoDoor => (StatusCode::NOT_FOUND, "no such connection receives webhooks"),
            Refused::NoSecret => (StatusCode::UNAUTHORIZED, "without the secret"),
            Refused::WrongSecret => (StatusCode::UNAUTHORIZED, "with a wrong secret"),
        };
        if count.is_power_of_two() {
            warn!("a webhook for `{name}` was refused: {why}; refused so far: {count}");
        } else {
            debug!("a webhook for `{name}` was refused: {why}");
        }
        status
    }
}
