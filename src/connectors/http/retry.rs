//! What a reply means, and whether and when a read is tried again.
//!
//! Keeps the invariant that only what may pass is repeated (408, 429, 5xx, lost connections, cut bodies), a bounded number
//! of times within a bounded time, and never a refusal.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use tokio::time::Instant;

use crate::connectors::error::ErrorKind;
use crate::connectors::http::pace::wait;
use crate::connectors::http::waits::Waits;
use crate::connectors::http::{Backoff, Limits};
use crate::connectors::watch::Waiting;

/// Why a reply is not the answer, as far as it decides what to do next.
#[derive(Debug)]
pub enum Trouble {
    /// Too many calls: wait, as long as the remote said, and repeat.
    Throttled {
        /// How long it said.
        wait: Option<Duration>,
    },
    /// Something that may pass: repeat.
    Transient {
        /// What happened.
        what: String,
        /// How long the remote asked to wait.
        wait: Option<Duration>,
    },
    /// The credentials were not accepted: fetch a new token once, where tokens are fetched.
    Unauthorized(String),
    /// The remote's own no to what was asked.
    Refused {
        /// What kind of no.
        as_what: RefusedAs,
        /// The field it names.
        field: Option<String>,
        /// Its words.
        message: String,
    },
    /// Final.
    Failed(ErrorKind),
}

/// What kind of no a remote says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedAs {
    /// The record is not as the caller thinks.
    Conflict,
    /// There is one already.
    Duplicate,
    /// The record is in a state that does not allow it.
    Locked,
    /// This user may not.
    Forbidden,
    /// There is no such record.
    Missing,
    /// Something about the request.
    Rejected,
}

impl RefusedAs {
    /// As connector files say it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::Duplicate => "duplicate",
            Self::Locked => "locked",
            Self::Forbidden => "forbidden",
            Self::Missing => "missing",
            Self::Rejected => "rejected",
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::Conflict => "Look at the record as it is now, and decide again.",
            Self::Duplicate => "Look at the one that is there, and change that one or choose another code.",
            Self::Locked => "Bring the record into a state that allows it first.",
            Self::Forbidden => "Give the API user the right to change this, and send it again.",
            Self::Missing => "Look whether the record is still there.",
            Self::Rejected => "Correct what it names, and send it again.",
        }
    }

    /// What a status says of itself.
    #[must_use]
    pub fn of_status(status: u16) -> Self {
        match status {
            401 | 403 => Self::Forbidden,
            404 | 410 => Self::Missing,
            409 | 412 => Self::Conflict,
            423 => Self::Locked,
            _ => Self::Rejected,
        }
    }
}

/// Overrides the default table for one remote: status, headers and body in; `None` keeps the default,
/// `Some(Ok(()))` takes the reply as the answer.
pub type Judge = Arc<dyn Fn(u16, &HeaderMap, &[u8]) -> Option<Result<(), Trouble>> + Send + Sync>;

/// The default table.
pub(super) fn default_table(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<(), Trouble> {
    let said = || format!("{status}{}", remote_message(body));
    Err(match status {
        200..=299 => return Ok(()),
        401 => Trouble::Unauthorized(said()),
        403 => Trouble::Failed(ErrorKind::Auth(said())),
        404 | 410 => Trouble::Failed(ErrorKind::NotFound(said())),
        429 => Trouble::Throttled { wait: retry_after(headers) },
        408 | 500..=599 => Trouble::Transient { what: said(), wait: retry_after(headers) },
        300..=399 => Trouble::Failed(ErrorKind::Rejected {
            field: None,
            message: format!(
                "{status}, it points to another address; redirects are not followed, correct the base address"
            ),
        }),
        _ => Trouble::Failed(ErrorKind::Rejected { field: None, message: said() }),
    })
}

/// The remote's own words, uncut, where it has any: from the usual JSON envelopes, else the start of a plain text.
fn remote_message(body: &[u8]) -> String {
    let said = match refusal(body) {
        Some((_, message)) => message,
        None => {
            std::str::from_utf8(body).ok().filter(|t| !t.trim_start().starts_with('<')).unwrap_or_default().to_owned()
        }
    };
    if said.trim().is_empty() { String::new() } else { format!(": {}", said.trim()) }
}

/// A remote's own no, uncut: its word for the kind, and what it says with the details. `None` where the body is no JSON object,
/// so that somebody between may have answered.
pub(super) fn refusal(body: &[u8]) -> Option<(Option<String>, String)> {
    let envelope = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(body).ok()?;
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let message = ["message", "error_description", "error", "title", "detail"];
    let message = message.iter().find_map(|name| envelope.get(*name).and_then(text));
    let details = envelope.get("details").and_then(|details| details.as_array()).into_iter().flatten();
    let details = details.filter_map(|detail| detail.get("message").and_then(text));
    // A detail often repeats the message.
    let mut said: Vec<String> = Vec::new();
    for text in message.into_iter().chain(details) {
        if !said.contains(&text) {
            said.push(text);
        }
    }
    let kind = ["type", "error"].iter().find_map(|name| envelope.get(*name).and_then(text));
    Some((kind, said.join("; ")))
}

/// How long a reply asks to wait: seconds, or a date measured against the reply's own `Date` (two clocks need not agree).
#[must_use]
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let until = DateTime::parse_from_rfc2822(text).ok()?;
    let sent = DateTime::parse_from_rfc2822(headers.get(DATE)?.to_str().ok()?.trim()).ok()?;
    Some((until - sent).to_std().unwrap_or_default())
}

/// The patience left for one call.
pub(super) struct Patience {
    limits: Limits,
    backoff: Backoff,
    attempt: u32,
    started: Instant,
    waits: Waits,
}

impl Patience {
    pub(super) fn new(limits: Limits, backoff: Backoff, waits: Waits) -> Self {
        Self { limits, backoff, attempt: 1, started: Instant::now(), waits }
    }

    /// Which attempt is being made, from 1.
    pub(super) fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Waits before another attempt, or gives the error back when there may be none.
    pub(super) async fn again(&mut self, kind: ErrorKind, asked: Option<Duration>) -> Result<(), ErrorKind> {
        if self.attempt >= self.limits.attempts {
            return Err(self.given_up(kind, "no attempt is left"));
        }
        let pause = pause(self.backoff, self.attempt, asked, RandomState::new().hash_one(self.attempt));
        if self.started.elapsed().saturating_add(pause) > self.limits.elapsed {
            return Err(self.given_up(kind, "the next would come after the time limit"));
        }
        tracing::info!(
            attempt = self.attempt + 1,
            of = self.limits.attempts,
            pause_ms = pause.as_millis(),
            "waiting before another attempt"
        );
        self.waits.note(pause, self.waiting(kind));
        wait(pause).await;
        self.attempt += 1;
        Ok(())
    }

    fn waiting(&self, kind: ErrorKind) -> Waiting {
        let (why, attempts) = match kind {
            ErrorKind::RateLimited { .. } => return Waiting::SlowDown,
            ErrorKind::Transient(what) => (what, self.limits.attempts),
            ErrorKind::Malformed { .. } => (kind.to_string(), self.limits.undecodable.min(self.limits.attempts)),
            ErrorKind::Auth(_)
            | ErrorKind::NotFound(_)
            | ErrorKind::Rejected { .. }
            | ErrorKind::Incomplete(_)
            | ErrorKind::Settings(_)
            | ErrorKind::Unfit(_)
            | ErrorKind::Limit(_) => (kind.to_string(), self.limits.attempts),
        };
        Waiting::Retry { retry: self.attempt, of: attempts.saturating_sub(1), why }
    }

    fn given_up(&self, kind: ErrorKind, why: &str) -> ErrorKind {
        let attempts = self.attempt;
        match kind {
            ErrorKind::Transient(what) => ErrorKind::Transient(format!("{what} (attempt {attempts}; {why})")),
            ErrorKind::Auth(_)
            | ErrorKind::NotFound(_)
            | ErrorKind::RateLimited { .. }
            | ErrorKind::Rejected { .. }
            | ErrorKind::Malformed { .. }
            | ErrorKind::Incomplete(_)
            | ErrorKind::Settings(_)
            | ErrorKind::Unfit(_)
            | ErrorKind::Limit(_) => kind,
        }
    }
}

/// The pause after an attempt: doubling from `first` up to `most`, the upper half of it by chance, and never shorter than
/// what the remote asked for.
fn pause(backoff: Backoff, attempt: u32, asked: Option<Duration>, chance: u64) -> Duration {
    let doublings = attempt.saturating_sub(1).min(20);
    let full = backoff.first.saturating_mul(1 << doublings).min(backoff.most);
    let half = full / 2;
    let jitter = half.saturating_mul(u32::try_from(chance % 1001).unwrap_or(0)) / 1000;
    (half + jitter).max(asked.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (reqwest::header::HeaderName::from_static(n), v.parse().unwrap())).collect()
    }

    #[test]
    fn the_default_table() {
        let of = |status| match default_table(status, &HeaderMap::new(), b"") {
            Ok(()) => "good",
            Err(Trouble::Throttled { .. }) => "throttled",
            Err(Trouble::Transient { .. }) => "transient",
            Err(Trouble::Unauthorized(_)) => "unauthorized",
            Err(Trouble::Failed(ErrorKind::Auth(_))) => "auth",
            Err(Trouble::Failed(ErrorKind::NotFound(_))) => "missing",
            Err(Trouble::Failed(_) | Trouble::Refused { .. }) => "rejected",
        };
        for (statuses, meant) in [
            (vec![200, 204, 206], "good"),
            (vec![301, 302, 307, 400, 405, 409, 422], "rejected"),
            (vec![401], "unauthorized"),
            (vec![403], "auth"),
            (vec![404, 410], "missing"),
            (vec![429], "throttled"),
            (vec![408, 500, 502, 503, 504, 599], "transient"),
        ] {
            for status in statuses {
                assert_eq!(of(status), meant, "{status}");
            }
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        for (pairs, wait) in [
            (vec![("retry-after", "7")], Some(7)),
            (vec![("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT"), date], Some(30)),
            (vec![("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT"), date], Some(0)),
            (vec![("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT")], None),
            (vec![("retry-after", "soon"), date], None),
            (vec![("retry-after", "-3")], None),
            (vec![], None),
        ] {
            assert_eq!(retry_after(&headers(&pairs)), wait.map(Duration::from_secs), "{pairs:?}");
        }
    }

    #[test]
    fn the_remote_is_quoted_and_markup_is_not() {
        assert_eq!(
            remote_message(br#"{"message":"Validation failed","details":[{"message":"name is taken"}]}"#),
            ": Validation failed; name is taken"
        );
        assert_eq!(
            remote_message(br#"{"error":"access_denied","error_description":"Unauthorized"}"#),
            ": Unauthorized"
        );
        assert_eq!(remote_message(b"<html><body>503</body></html>"), "");
    }

    #[test]
    fn pauses_double_stay_within_bounds_and_heed_the_remote() {
        let backoff = Backoff { first: Duration::from_secs(1), most: Duration::from_secs(10) };
        for (attempt, low, high) in
            [(1, 500, 1000), (2, 1000, 2000), (4, 4000, 8000), (5, 5000, 10_000), (99, 5000, 10_000)]
        {
            assert_eq!(pause(backoff, attempt, None, 0).as_millis(), low);
            assert_eq!(pause(backoff, attempt, None, 1000).as_millis(), high);
        }
        assert_eq!(pause(backoff, 1, Some(Duration::from_secs(90)), 5), Duration::from_secs(90));
    }

    #[tokio::test(start_paused = true)]
    async fn patience_ends_by_attempts_and_by_time() {
        let limits = Limits { body_bytes: 1, attempts: 3, undecodable: 1, elapsed: Duration::from_mins(1) };
        let backoff = Backoff { first: Duration::from_secs(1), most: Duration::from_secs(10) };
        let trouble = || ErrorKind::Transient("503".to_owned());
        let mut patience = Patience::new(limits, backoff, Waits::default());
        assert!(patience.again(trouble(), None).await.is_ok() && patience.again(trouble(), None).await.is_ok());
        let given_up = patience.again(trouble(), None).await.unwrap_err();
        assert_eq!(given_up.to_string(), "503 (attempt 3; no attempt is left)");
        let mut patience = Patience::new(limits, backoff, Waits::default());
        let asked = Duration::from_secs(61);
        let kind = ErrorKind::RateLimited { retry_after: Some(asked) };
        assert!(patience.again(kind, Some(asked)).await.is_err(), "a minute was the limit");
    }
}
