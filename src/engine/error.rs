//! Why a job could not be done. Facts only; the fronts add advice.

use crate::config::ConfigError;
use crate::connectors::pax8::Invalid;
use crate::connectors::{ConnectorError, ErrorKind, Side};
use crate::core::money::MoneyError;
use crate::core::review::Refusal;
use crate::store::{JournalEntry, StoreError};

/// What a job answers.
pub type Result<T> = std::result::Result<T, EngineError>;

/// Why a job could not be done.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A remote or a folder.
    #[error(transparent)]
    Connector(#[from] ConnectorError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A sum no longer fits.
    #[error("the sums of the month cannot be kept exactly")]
    Money(#[from] MoneyError),
    /// A decision that cannot be followed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Not exactly one connection speaks for a side.
    #[error("{} connections speak for the {} side ({}); exactly one must, or one must be the default", .found.len(), side_word(*.side), list(.found))]
    Connections {
        /// The side.
        side: Side,
        /// Those that are configured.
        found: Vec<String>,
    },
    /// A connection that is not configured.
    #[error("there is no connection `{name}`; configured are {}", list(.configured))]
    NoConnection {
        /// The name asked for.
        name: String,
        /// Those that are configured.
        configured: Vec<String>,
    },
    /// No connection of a kind, or several and none of them the default.
    #[error("{} connections of kind {kind} are configured ({}){}", .found.len(), list(.found), if .found.is_empty() { "" } else { "; none of them is the default" })]
    Which {
        /// The kind.
        kind: &'static str,
        /// Those that are configured.
        found: Vec<String>,
    },
    /// A PSA that takes no tickets.
    #[error("`{connector}` takes no tickets")]
    NoTickets {
        /// The connection.
        connector: String,
    },
    /// A ticket that was sent before.
    #[error("the ticket for the renewal of {subscription} was sent already, {}", .number.as_ref().map_or_else(|| "and it is not known yet whether it was made".to_owned(), |number| format!("its number is {number}")))]
    TicketSent {
        /// What renews.
        subscription: String,
        /// Its number at the PSA; `None` while it is not known.
        number: Option<String>,
        /// The write it was sent with, in the journal.
        write: Option<i64>,
    },
    /// A request that cannot be written.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// A write about the same subject was sent before, and nobody knows what came of it.
    #[error("write {id} ({operation}, {subject}) was sent at {since}, and it is not known yet whether it took effect")]
    WriteOpen {
        /// Its number in the journal.
        id: i64,
        /// What it does.
        operation: String,
        /// What it is about.
        subject: String,
        /// When it was sent.
        since: String,
    },
    /// A number the journal does not have.
    #[error("there is no write {id} in the journal")]
    NoWrite {
        /// The number asked for.
        id: i64,
    },
    /// A write whose end is known already.
    #[error("write {id} ({what}) is not open: {ended}")]
    WriteEnded {
        /// Its number in the journal.
        id: i64,
        /// What it does, to what.
        what: String,
        /// How it ended.
        ended: &'static str,
    },
    /// A person said of a write what a look proves to be wrong.
    #[error("write {id} ({what}): looking showed that it {shown}; that is noted, and nothing was said against it")]
    Contradicted {
        /// Its number in the journal.
        id: i64,
        /// What it does, to what.
        what: String,
        /// What is proven.
        shown: &'static str,
    },
    /// A person said of a write what a look will prove soon.
    #[error("write {id} ({what}): {why}; until then nobody can say what came of it")]
    TooEarly {
        /// Its number in the journal.
        id: i64,
        /// What it does, to what.
        what: String,
        /// What the look showed.
        why: String,
    },
    /// A ticket is known by its number.
    #[error("write {id} ({what}): a ticket that was made has a number, and none was given")]
    NoNumber {
        /// The write's number in the journal.
        id: i64,
        /// What it does, to what.
        what: String,
    },
    /// A record is not as it was when a write about it was decided: the write would undo somebody else's change.
    #[error("{operation}: {subject} was changed while it was looked at, and nothing was sent")]
    ChangedMeanwhile {
        /// What was to be done.
        operation: String,
        /// To what.
        subject: String,
    },
    /// What is there is not what a write was decided on.
    #[error("{operation}: {subject}: {what}; nothing was sent")]
    NotAsDecided {
        /// What was to be done.
        operation: String,
        /// To what.
        subject: String,
        /// Field, expected and observed; or the record that is there already.
        what: String,
    },
    /// What is needed was never pulled.
    #[error("`{connector}` was never pulled for {what}")]
    NotPulled {
        /// The connection.
        connector: String,
        /// The listing, with the month where it has one.
        what: String,
    },
    /// A snapshot is too old to be compared.
    #[error("the {what} of `{connector}` are {hours} hours old, {allowed} are allowed")]
    Stale {
        /// The connection.
        connector: String,
        /// The listing.
        what: String,
        /// Its age.
        hours: i64,
        /// The limit.
        allowed: u64,
    },
    /// The clock stands before something that has happened already.
    #[error("the clock says {now}, but {what} was recorded at {recorded}")]
    ClockBehind {
        /// What now is said to be.
        now: String,
        /// What was recorded.
        what: String,
        /// When it was.
        recorded: String,
    },
    /// A listing is there, but not whole, where only a whole one will do.
    #[error("the last pull of the {what} of `{connector}` was not complete: {first}")]
    Incomplete {
        /// The connection.
        connector: String,
        /// The listing.
        what: String,
        /// The first of its problems.
        first: String,
    },
    /// A record nobody knows.
    #[error("no {what} `{id}` is in the review")]
    NoRecord {
        /// `vendor customer`, `PSA product`, ….
        what: String,
        /// The id asked for.
        id: String,
    },
    /// A record without what a decision needs.
    #[error("{id} has no proposed counterpart")]
    NothingProposed {
        /// The record.
        id: String,
    },
    /// A folder of exports that is reconciled without a configuration cannot be used.
    #[error("{folder}: {}: {}", .error.operation, .error.kind)]
    Exports {
        /// The folder.
        folder: String,
        /// What of it, and why not.
        error: Box<ConnectorError>,
    },
    /// A links file cannot be used.
    #[error("the links file {file} cannot be used: {what}")]
    Links {
        /// Its path.
        file: String,
        /// What is wrong.
        what: ErrorKind,
    },
    /// A file beside the configuration cannot be used.
    #[error("{file}: {what}")]
    File {
        /// Its name.
        file: String,
        /// What is wrong.
        what: String,
    },
}

impl EngineError {
    /// A write nobody knows the end of.
    pub(super) fn open(entry: &JournalEntry) -> Self {
        Self::WriteOpen {
            id: entry.id.number(),
            operation: entry.operation.clone(),
            subject: entry.subject.clone(),
            since: entry.at.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
        }
    }
}

/// A side in words.
pub(super) fn side_word(side: Side) -> &'static str {
    match side {
        Side::Vendor => "vendor",
        Side::Psa => "PSA",
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
