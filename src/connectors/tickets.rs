//! Where tickets go: what a PSA that takes them must be able to do.
//!
//! Keeps the invariant that a ticket is found again by its own key, so that an unclear answer is settled by looking.

use async_trait::async_trait;

use crate::connectors::Result;
use crate::connectors::http::Outcome;

/// A ticket to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketDraft<'a> {
    /// The PSA's customer.
    pub customer: &'a str,
    /// Its title.
    pub summary: &'a str,
    /// Its text.
    pub text: &'a str,
    /// What it is found again by.
    pub key: &'a str,
}

/// What reading a ticket back showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadBack {
    /// Nobody says how a ticket is read.
    Unasked,
    /// There is none of this number.
    Missing,
    /// It is there; in words, what is not as it was sent.
    There(Vec<String>),
}

/// A PSA that takes tickets.
#[async_trait]
pub trait TicketSink: Send + Sync {
    /// The numbers of the tickets with this key.
    async fn find_tickets(&self, key: &str) -> Result<Vec<String>>;
    /// Makes a ticket, sent once; its number.
    ///
    /// # Errors
    /// Only where nothing was sent.
    async fn make_ticket(&self, draft: &TicketDraft<'_>) -> Result<Outcome<String>>;
    /// Reads a ticket that was made, and holds it against what was sent.
    async fn read_back(&self, draft: &TicketDraft<'_>, number: &str) -> Result<ReadBack>;
    /// What would be sent, and where to, for people.
    ///
    /// # Errors
    /// Where the ticket cannot be written as the PSA wants it.
    fn shown(&self, draft: &TicketDraft<'_>) -> Result<String>;
}
