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
    /// What would be sent, and where to, for people.
    ///
    /// # Errors
    /// Where the ticket cannot be written as the PSA wants it.
    fn shown(&self, draft: &TicketDraft<'_>) -> Result<String>;
}
