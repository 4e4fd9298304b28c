//! What is told while work takes long: a trait for whoever shows it, and a guard for whoever does it.
//!
//! Keeps the invariant that what was begun is ended, whether the work ends well or in error.

use std::time::Duration;

/// How far work has come, where its end is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Nobody knows where it ends.
    Open,
    /// So many records are announced.
    Records(u64),
    /// So many are done of the records, documents or files that are asked one by one.
    Parts {
        /// Done so far.
        done: u64,
        /// All of them.
        of: u64,
        /// So many of so many records of the next one, where it is long.
        within: Option<(u64, u64)>,
    },
    /// So many bytes of a file are read.
    Bytes {
        /// Read so far.
        done: u64,
        /// Its length.
        of: u64,
    },
}

impl Way {
    /// The same way for counts of this machine.
    #[must_use]
    pub fn parts(done: usize, of: usize) -> Self {
        let wide = |count| u64::try_from(count).unwrap_or(u64::MAX);
        Self::Parts { done: wide(done), of: wide(of), within: None }
    }
}

/// Why a call waits before it goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waiting {
    /// The last attempt did not succeed.
    Retry {
        /// Which retry comes next, from 1.
        retry: u32,
        /// How many are made at most.
        of: u32,
        /// What happened.
        why: String,
    },
    /// The system asked its callers to slow down.
    SlowDown,
    /// The configured pace leaves no call before.
    Pace,
}

impl Waiting {
    /// In words, when so many seconds of it are left.
    #[must_use]
    pub fn told(&self, seconds: u64) -> String {
        match self {
            Self::Retry { retry, of, why } => format!("retry {retry} of {of} in {seconds} s: {why}"),
            Self::SlowDown => format!("waiting {seconds} s: the system asked to slow down (429)"),
            Self::Pace => format!("waiting {seconds} s: to keep the agreed pace"),
        }
    }
}

/// Told of work under way, by its name. Cheap; may be called for every page, and from several threads.
pub trait Watch: Send + Sync {
    /// The work begins.
    fn begin(&self, _what: &str) {}
    /// So many records are there.
    fn progress(&self, what: &str, records: u64, way: Way);
    /// A call of the work waits so long before it goes out.
    fn waiting(&self, _what: &str, _pause: Duration, _why: &Waiting) {}
    /// The work is over, well or not.
    fn end(&self, _what: &str) {}
}

/// A watch that looks away.
pub struct Unwatched;

impl Watch for Unwatched {
    fn progress(&self, _what: &str, _records: u64, _way: Way) {}
}

/// Work that is watched from here until this is dropped.
pub struct Watched<'w> {
    watch: &'w dyn Watch,
    what: String,
}

impl<'w> Watched<'w> {
    /// Begins.
    pub fn new(watch: &'w dyn Watch, what: impl Into<String>) -> Self {
        let what = what.into();
        watch.begin(&what);
        Self { watch, what }
    }

    /// A listing of a connection.
    #[must_use]
    pub fn listing(watch: &'w dyn Watch, connection: &str, listing: &str) -> Self {
        Self::new(watch, format!("{connection}: {listing}"))
    }

    /// So many records are there.
    pub fn progress(&self, records: u64, way: Way) {
        self.watch.progress(&self.what, records, way);
    }

    /// A call waits so long before it goes out.
    pub fn waiting(&self, pause: Duration, why: &Waiting) {
        self.watch.waiting(&self.what, pause, why);
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        self.watch.end(&self.what);
    }
}
