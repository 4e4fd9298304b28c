//! The one source of now.
//!
//! Keeps the invariant that an instant has whole microseconds, so that it reads back from either database as it was written.

use chrono::{DateTime, SubsecRound, Utc};

/// Tells the time: the system's, or one that stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// The system's clock.
    System,
    /// Stands still, for tests and for `--as-of`.
    Fixed(DateTime<Utc>),
}

impl Clock {
    /// The instant it shows, in whole microseconds.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the clock itself")]
    pub fn now(self) -> DateTime<Utc> {
        let now = match self {
            Self::System => Utc::now(),
            Self::Fixed(instant) => instant,
        };
        now.trunc_subsecs(6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_has_whole_microseconds() {
        let instant = DateTime::from_timestamp_nanos(1_234_567_891_234_567_891);
        assert_eq!(Clock::Fixed(instant).now().timestamp_subsec_nanos(), 234_567_000);
        assert_eq!(Clock::System.now().timestamp_subsec_nanos() % 1_000, 0);
    }
}
