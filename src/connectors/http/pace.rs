//! Pace: how often a remote is called, and the only place that waits.
//!
//! Keeps the invariant that no window as long as a rate's holds more calls than the rate allows.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

use crate::connectors::http::waits::Waits;
use crate::connectors::watch::Waiting;

/// So many calls in any span of this length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub calls: u32,
    /// In how long.
    pub per: Duration,
}

/// Waits. Everything in the crate that waits for a remote does it here.
pub async fn wait(pause: Duration) {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that waits")]
    tokio::time::sleep(pause).await;
}

/// The runtime's clock, so that a paused runtime paces by its own time.
#[derive(Debug, Clone, Default)]
struct RuntimeClock;

impl Clock for RuntimeClock {
    type Instant = std::time::Instant;

    fn now(&self) -> Self::Instant {
        Instant::now().into_std()
    }
}

type Limiter = RateLimiter<NotKeyed, InMemoryState, RuntimeClock, NoOpMiddleware<std::time::Instant>>;

/// Keeps several rates at once, and a pause the remote asked for.
pub(super) struct Pacer {
    limiters: Vec<Limiter>,
    held_until: Mutex<Option<Instant>>,
    waits: Waits,
}

impl Pacer {
    pub(super) fn new(rates: &[Rate], waits: Waits) -> Result<Self, String> {
        let limiters = rates.iter().map(limiter).collect::<Result<_, _>>()?;
        Ok(Self { limiters, held_until: Mutex::new(None), waits })
    }

    /// Returns when a call may go out; the call is counted.
    pub(super) async fn ready(&self) {
        while let Some(pause) = self.pause_asked_for() {
            self.waits.note(pause, Waiting::SlowDown);
            wait(pause).await;
        }
        for limiter in &self.limiters {
            while let Err(not_yet) = limiter.check() {
                // One nanosecond more than told, so that rounding cannot turn the wait into a spin.
                let pause = not_yet.wait_time_from(RuntimeClock.now()) + Duration::from_nanos(1);
                self.waits.note(pause, Waiting::Pace);
                wait(pause).await;
            }
        }
    }

    /// The remote asked every caller to stay away for a while.
    pub(super) fn hold(&self, pause: Duration) {
        let Some(until) = Instant::now().checked_add(pause) else { return };
        let mut held = self.held_until.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some(held.map_or(until, |earlier| earlier.max(until)));
    }

    fn pause_asked_for(&self) -> Option<Duration> {
        let mut held = self.held_until.lock().unwrap_or_else(PoisonError::into_inner);
        let left = held.map(|until| until.duration_since(Instant::now())).filter(|left| !left.is_zero());
        if left.is_none() {
            *held = None;
        }
        left
    }
}

/// A burst of a twentieth, the rest evenly: `burst − 1 + per ÷ spacing` calls fit into `per`, and that equals `calls`.
fn limiter(rate: &Rate) -> Result<Limiter, String> {
    let burst = NonZeroU32::new((rate.calls / 20).max(1)).unwrap_or(NonZeroU32::MIN);
    let spread = rate.calls.saturating_sub(burst.get()).saturating_add(1);
    let quota = (rate.calls > 0)
        .then(|| rate.per.checked_div(spread))
        .flatten()
        .and_then(Quota::with_period)
        .ok_or_else(|| format!("{} calls in {:?} is not a pace", rate.calls, rate.per))?;
    Ok(RateLimiter::direct_with_clock(quota.allow_burst(burst), RuntimeClock))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn times(pacer: &Pacer, calls: usize) -> Vec<Duration> {
        let start = Instant::now();
        let mut times = Vec::new();
        for _ in 0..calls {
            pacer.ready().await;
            times.push(start.elapsed());
        }
        times
    }

    #[tokio::test(start_paused = true)]
    async fn no_window_holds_more_calls_than_the_rate() {
        for (calls, seconds) in [(1u32, 2), (3, 1), (60, 60), (900, 60)] {
            let per = Duration::from_secs(seconds);
            let pacer = Pacer::new(&[Rate { calls, per }], Waits::default()).unwrap();
            let count = usize::try_from(calls).unwrap();
            let times = times(&pacer, count * 3).await;
            for (first, later) in times.iter().zip(times.iter().skip(count)) {
                assert!(*later + Duration::from_micros(1) >= *first + per, "{calls} in {per:?}: {first:?} {later:?}");
            }
            // …and the pace is used, not merely kept.
            assert!(*times.last().unwrap() <= per * 4, "{calls}: {:?}", times.last());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn several_rates_are_all_kept_and_a_held_remote_is_left_alone() {
        let second = Duration::from_secs(1);
        let rates = [Rate { calls: 10, per: second }, Rate { calls: 2, per: Duration::from_mins(1) }];
        let pacer = Pacer::new(&rates, Waits::default()).unwrap();
        assert!(times(&pacer, 3).await[2] >= Duration::from_secs(59));
        pacer.hold(Duration::from_secs(500));
        pacer.hold(second);
        assert!(times(&pacer, 1).await[0] >= Duration::from_secs(500));
    }

    #[test]
    fn a_rate_of_nothing_is_refused() {
        for rate in [Rate { calls: 0, per: Duration::from_secs(1) }, Rate { calls: 1, per: Duration::ZERO }] {
            assert!(Pacer::new(&[rate], Waits::default()).is_err());
        }
    }
}
