//! Reads what hints name, paced.
//!
//! Keeps the invariant that between two reads of a listing there is a pause, whatever is said meanwhile, and that a hint waits
//! until its listing was read: while another run holds the lock, while the remote cannot be reached, and over a restart.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::core::hint::HintedListing;
use crate::engine::{Connection, Engine, EngineError, Extra, StoreError, StoredHint, Unwatched};

/// How reads are paced.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Between two reads of a listing.
    pub pause: Duration,
    /// Before another try, while another run holds the lock.
    pub locked: Duration,
    /// What is read along with companies.
    pub extras: Vec<Extra>,
}

/// How often it looks without being rung for: another process may have noted something.
const LOOK_EVERY: Duration = Duration::from_mins(1);

/// The pause after a read that failed, at least; it doubles each time.
const FAILED_PAUSE_MIN: Duration = Duration::from_mins(1);
/// The pause after a read that failed, at most, unless reads are paced more slowly.
const FAILED_PAUSE_MAX: Duration = Duration::from_hours(1);

/// Reads what hints name.
pub struct Reader {
    engine: Arc<Engine>,
    connections: Vec<Connection>,
    reading: Reading,
    /// When a listing may be read again, and the pause until then.
    again: BTreeMap<(String, HintedListing), (Instant, Duration)>,
}

impl Reader {
    /// Of these connections.
    #[must_use]
    pub fn new(engine: Arc<Engine>, connections: Vec<Connection>, reading: Reading) -> Self {
        Self { engine, connections, reading, again: BTreeMap::new() }
    }

    /// Reads whenever the bell rings or a pause is over, until the caller stops waiting.
    pub async fn read_on(mut self, bell: &Notify) {
        loop {
            let next = self.turn().await.unwrap_or(LOOK_EVERY);
            // Rung or not, it is time to look.
            let _ = timeout(next, bell.notified()).await;
        }
    }

    /// Reads what may be read now; how long until something else may.
    pub async fn turn(&mut self) -> Option<Duration> {
        let hints = match self.engine.hints().await {
            Ok(hints) => hints,
            Err(error) => {
                warn!("the hints could not be read: {error}");
                return None;
            }
        };
        for at in 0..self.connections.len() {
            self.read(at, &hints).await;
        }
        let waiting = match self.engine.hints().await {
            Ok(hints) => hints,
            Err(_) => hints,
        };
        let now = Instant::now();
        let own = waiting.iter().filter(|hint| self.connections.iter().any(|c| is_of(hint, c)));
        let due =
            |hint: &StoredHint| self.again.get(&key(hint)).map_or(Duration::ZERO, |(at, _)| at.duration_since(now));
        own.filter(|hint| !hint.listing.entities().is_empty()).map(due).min()
    }

    async fn read(&mut self, at: usize, hints: &[StoredHint]) {
        let Some(connection) = self.connections.get(at) else { return };
        let now = Instant::now();
        let may = |hint: &&StoredHint| self.again.get(&key(hint)).is_none_or(|(again, _)| *again <= now);
        let readable = |hint: &&StoredHint| is_of(hint, connection) && !hint.listing.entities().is_empty();
        let due: Vec<StoredHint> = hints.iter().filter(readable).filter(may).cloned().collect();
        if due.is_empty() {
            return;
        }
        let name = connection.descriptor().name.as_str();
        let read = self.engine.read_hints(connection, &due, &self.reading.extras, &Unwatched).await;
        let last = due.iter().filter_map(|hint| self.again.get(&key(hint))).map(|(_, pause)| *pause).max();
        let pause = match read {
            Ok(listings) => {
                for listing in &listings {
                    match &listing.error {
                        Some(error) => warn!("{name} {} could not be read: {error}", listing.entity),
                        None => info!("{name} {}: {} records were read", listing.entity, listing.records),
                    }
                }
                let failed = listings.iter().any(|listing| listing.error.is_some());
                if failed { self.after_failure(last) } else { self.reading.pause }
            }
            Err(EngineError::Store(error @ StoreError::Locked { .. })) => {
                info!("{name} is read later: {error}");
                self.reading.locked
            }
            Err(error) => {
                warn!("what {name} said has changed could not be read: {error}");
                self.after_failure(last)
            }
        };
        let again = (Instant::now() + pause, pause);
        self.again.extend(due.iter().map(|hint| (key(hint), again)));
    }

    /// A remote that is away, or refuses the credentials, is asked ever more rarely.
    fn after_failure(&self, last: Option<Duration>) -> Duration {
        let doubled = last.unwrap_or_default().saturating_mul(2);
        doubled.max(self.reading.pause).clamp(FAILED_PAUSE_MIN, FAILED_PAUSE_MAX.max(self.reading.pause))
    }
}

fn key(hint: &StoredHint) -> (String, HintedListing) {
    (hint.connector.clone(), hint.listing)
}

fn is_of(hint: &StoredHint, connection: &Connection) -> bool {
    connection.descriptor().name == hint.connector
}
