//! What a system says of its limits in each answer, heeded before it has to refuse.
//!
//! Keeps the invariant that the pause is measured by the answer's own clock, and that no answer makes this one wait for ever.

use std::time::Duration;

use chrono::DateTime;
use reqwest::header::{DATE, HeaderMap};

/// The headers that tell how many calls are left, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observe {
    /// The header with the calls that are left.
    pub remaining: String,
    /// The header that says when there are more.
    pub reset: String,
    /// How that is written.
    pub unit: Reset,
    /// So many calls are left to others.
    pub keep: u64,
}

/// How a reset is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reset {
    /// Seconds from now.
    Seconds,
    /// Seconds since 1970.
    Epoch,
}

impl Observe {
    /// How long to wait before the next call; `None` where calls are left.
    pub(super) fn pause(&self, headers: &HeaderMap) -> Option<Duration> {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
        if number(&self.remaining)? > self.keep {
            return None;
        }
        let reset = number(&self.reset)?;
        let seconds = match self.unit {
            Reset::Seconds => reset,
            Reset::Epoch => {
                let now = DateTime::parse_from_rfc2822(headers.get(DATE)?.to_str().ok()?.trim()).ok()?;
                reset.saturating_sub(u64::try_from(now.timestamp()).ok()?)
            }
        };
        Some(Duration::from_secs(seconds)).filter(|pause| !pause.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_asked_for_when_the_calls_are_used_up_by_the_answers_own_clock() {
        for (unit, left, reset, expected) in [
            (Reset::Seconds, "0", "30", Some(30)),
            (Reset::Seconds, "5", "30", Some(30)),
            (Reset::Seconds, "6", "30", None),
            (Reset::Seconds, "0", "0", None),
            (Reset::Seconds, "many", "30", None),
            (Reset::Epoch, "0", "1792065610", Some(10)),
            (Reset::Epoch, "0", "1792065500", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("date", "Thu, 15 Oct 2026 12:00:00 GMT".parse().unwrap());
            headers.insert("x-left", left.parse().unwrap());
            headers.insert("x-reset", reset.parse().unwrap());
            let observe = Observe { remaining: "X-Left".into(), reset: "X-Reset".into(), unit, keep: 5 };
            let found = observe.pause(&headers);
            assert_eq!(found, expected.map(Duration::from_secs), "{unit:?} {left} {reset}");
        }
    }
}
