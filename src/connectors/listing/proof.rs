//! When a listing is proven complete: what a reading met, and whether two readings in a row met the same.
//!
//! Keeps the invariant that a reading is told by the rows it met, whatever their order, with 16 bytes of a digest a row: the
//! rows themselves need not be held. Two of a billion rows share a digest with a chance of one in 10^20.

use rustc_hash::FxHashSet;
use sha2::{Digest as _, Sha256};

use super::About;
use crate::connectors::error::{ConnectorError, ErrorKind};
use crate::core::record::{Fingerprint, PartialFingerprint};

/// What tells one row from another: the first 16 bytes of the SHA-256 of its id, or of its content.
type Mark = [u8; 16];

fn mark(text: &str) -> Mark {
    let mut first = Mark::default();
    first.iter_mut().zip(Sha256::digest(text.as_bytes())).for_each(|(to, from)| *to = from);
    first
}

/// The rows a reading met.
#[derive(Default)]
pub(in crate::connectors) struct Met {
    ids: FxHashSet<Mark>,
    /// Of rows without ids, which may come twice.
    others: Vec<Mark>,
}

impl Met {
    /// Notes a row by its id; `false` where the id came before.
    pub(in crate::connectors) fn id(&mut self, id: &str) -> bool {
        self.ids.insert(mark(id))
    }

    /// Notes a row that has none by its content.
    pub(in crate::connectors) fn content(&mut self, content: &str) {
        self.others.push(mark(content));
    }

    /// Of the rows as a heap: the same rows in another order are the same.
    fn fingerprint(self) -> Fingerprint {
        let mut all = self.others;
        all.extend(self.ids);
        all.sort_unstable();
        let mut of_all = PartialFingerprint::default();
        for mark in all {
            of_all.add(&mark);
        }
        of_all.end()
    }
}

/// Why one reading proves nothing: it may be read again.
pub(in crate::connectors) struct Disagreement(pub(in crate::connectors) String);

/// One reading whose counts agree.
pub(in crate::connectors) struct Read {
    pub(in crate::connectors) met: Met,
    /// How many rows it gave.
    pub(in crate::connectors) rows: u64,
    /// It proves itself: it came as one answer, or is known to hold only rows that were there at its beginning.
    pub(in crate::connectors) proven: bool,
}

/// The readings of one listing so far.
pub(in crate::connectors) struct Readings<'a> {
    about: About<'a>,
    number: u32,
    before: Option<Fingerprint>,
    last: Disagreement,
}

impl<'a> Readings<'a> {
    pub(in crate::connectors) fn of(about: About<'a>) -> Self {
        Self { about, number: 0, before: None, last: Disagreement("it was never read".to_owned()) }
    }

    /// Whether the reading before this one agreed with itself.
    pub(in crate::connectors) fn has_one(&self) -> bool {
        self.before.is_some()
    }

    /// Judges the next reading: whether it is complete.
    pub(in crate::connectors) fn prove(&mut self, reading: std::result::Result<Read, Disagreement>) -> bool {
        self.number = self.number.saturating_add(1);
        match reading {
            Ok(read) => {
                let rows = read.rows;
                if read.proven {
                    return true;
                }
                let now = read.met.fingerprint();
                if self.before.replace(now.clone()) == Some(now) {
                    return true;
                }
                let what = format!("two readings in a row did not hold the same rows; the last one {rows}");
                self.last = Disagreement(what);
            }
            Err(disagreement) => {
                tracing::info!(
                    connector = self.about.connector,
                    listing = self.about.operation,
                    reading = self.number,
                    why = disagreement.0,
                    "the listing does not agree with itself; reading it again"
                );
                self.before = None;
                self.last = disagreement;
            }
        }
        false
    }

    /// What is said when no reading proved complete.
    pub(in crate::connectors) fn given_up(self) -> ConnectorError {
        let kind = ErrorKind::Incomplete(format!("{} (read {} times)", self.last.0, self.number));
        ConnectorError::new(self.about.connector, self.about.operation, kind)
    }
}
