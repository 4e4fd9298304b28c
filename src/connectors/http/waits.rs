//! What a client waits for, told to whoever watches its work.
//!
//! Calls know nothing of who watches: they note their pauses here, and [`Client::watched`] passes them on while its work runs.
//! Of several pauses the one that ends last is told.

use std::pin::pin;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::connectors::http::Client;
use crate::connectors::watch::{Waiting, Watched};

/// The pauses of one client's calls. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Waits(watch::Sender<Option<Wait>>);

#[derive(Debug)]
struct Wait {
    until: Instant,
    why: Waiting,
}

impl Waits {
    /// A call is about to wait.
    pub(super) fn note(&self, pause: Duration, why: Waiting) {
        let Some(until) = Instant::now().checked_add(pause) else { return };
        self.0.send_if_modified(|last| {
            let is_longer = last.as_ref().is_none_or(|last| last.until < until);
            if is_longer {
                *last = Some(Wait { until, why });
            }
            is_longer
        });
    }
}

impl Client {
    /// Does some work, and tells who watches it what this client's calls wait for meanwhile.
    pub async fn watched<T>(&self, watched: &Watched<'_>, work: impl Future<Output = T>) -> T {
        let mut waits = self.inner.waits.0.subscribe();
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                Ok(()) = waits.changed() => {
                    if let Some(Wait { until, why }) = &*waits.borrow_and_update() {
                        watched.waiting(until.duration_since(Instant::now()), why);
                    }
                }
            }
        }
    }
}
