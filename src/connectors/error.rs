//! What can go wrong between us and a remote, and what its kind says about trying again.
//!
//! Keeps the invariant that an error names the connection and the operation, and never holds a secret.

use std::time::Duration;

/// A call that did not give what was asked for. Names the connection and the operation; never holds a secret.
#[derive(Debug, thiserror::Error)]
#[error("{connector}: {operation}: {kind}")]
pub struct ConnectorError {
    /// The connection's configured name.
    pub connector: String,
    /// The request (`GET /companies page 3`) or the file.
    pub operation: String,
    /// What happened.
    pub kind: ErrorKind,
}

/// What happened, as far as it decides what to do next.
#[derive(Debug, thiserror::Error)]
pub enum ErrorKind {
    /// The credentials were refused or are missing a right.
    #[error("the credentials were refused ({0})")]
    Auth(String),
    /// The thing asked for is not there.
    #[error("not found ({0})")]
    NotFound(String),
    /// Too many calls.
    #[error("too many calls; the remote asks to wait")]
    RateLimited {
        /// How long, where it said.
        retry_after: Option<Duration>,
    },
    /// Network trouble or a server error that may pass.
    #[error("{0}")]
    Transient(String),
    /// The remote understood and said no.
    #[error("the remote refused: {message}")]
    Rejected {
        /// The field it names.
        field: Option<String>,
        /// Its message.
        message: String,
    },
    /// The answer is not what the interface promises.
    #[error("unexpected answer at {at}: {what}")]
    Malformed {
        /// Where in the answer or the file.
        at: String,
        /// What was expected and found.
        what: String,
    },
    /// The listing changed while it was read, more often than is worth trying, or its counts contradict each other.
    #[error("the listing is not complete: {0}")]
    Incomplete(String),
    /// The settings of the connection cannot work.
    #[error("{0}")]
    Settings(String),
    /// What was asked cannot be said to the system, or not so.
    #[error("{0}")]
    Unfit(String),
    /// A limit on what is accepted from outside was met.
    #[error("{0}")]
    Limit(String),
}

impl ConnectorError {
    /// An error of one operation of one connection.
    pub fn new(connector: impl Into<String>, operation: impl Into<String>, kind: ErrorKind) -> Self {
        Self { connector: connector.into(), operation: operation.into(), kind }
    }
}
