//! What was said lately, so that the same said again is not news.
//!
//! Keeps the invariant that it remembers for so long and so much, and no more: Pax8 sends no number with a delivery, and repeats
//! one that it takes for failed.

use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use crate::core::record::Fingerprint;

/// A connection, and the digest of what it said.
pub(super) type News = (String, Fingerprint);

/// What is remembered at most.
const SEEN_MAX: usize = 10_000;

/// What was said, oldest first.
pub(super) struct Seen {
    window: Duration,
    order: VecDeque<(Instant, News)>,
    known: BTreeSet<News>,
}

impl Seen {
    pub(super) fn new(window: Duration) -> Self {
        Self { window, order: VecDeque::new(), known: BTreeSet::new() }
    }

    /// Whether this was not said lately; from now on it was.
    pub(super) fn is_new(&mut self, news: &News, now: Instant) -> bool {
        while let Some((at, _)) = self.order.front()
            && (now.duration_since(*at) >= self.window || self.order.len() >= SEEN_MAX)
        {
            if let Some((_, old)) = self.order.pop_front() {
                self.known.remove(&old);
            }
        }
        let new = self.known.insert(news.clone());
        if new {
            self.order.push_back((now, news.clone()));
        }
        new
    }

    /// As if it had not been said.
    pub(super) fn forget(&mut self, news: &News) {
        self.known.remove(news);
        self.order.retain(|(_, known)| known != news);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news(name: &str, body: &str) -> News {
        (name.to_owned(), Fingerprint::of(body.as_bytes()))
    }

    #[test]
    fn the_same_is_news_again_after_a_while_or_when_it_was_not_kept() {
        let (start, window) = (Instant::now(), Duration::from_mins(1));
        let mut seen = Seen::new(window);
        assert!(seen.is_new(&news("a", "x"), start));
        assert!(!seen.is_new(&news("a", "x"), start + Duration::from_secs(59)));
        assert!(seen.is_new(&news("b", "x"), start) && seen.is_new(&news("a", "y"), start));
        assert!(seen.is_new(&news("a", "x"), start + window), "counted from when it was said first");
        seen.forget(&news("a", "x"));
        assert!(seen.is_new(&news("a", "x"), start + window));
    }

    #[test]
    fn it_remembers_so_much() {
        let now = Instant::now();
        let mut seen = Seen::new(Duration::from_mins(1));
        for number in 0..SEEN_MAX * 2 {
            assert!(seen.is_new(&news("a", &number.to_string()), now));
        }
        assert_eq!((seen.order.len(), seen.known.len()), (SEEN_MAX, SEEN_MAX));
    }
}
