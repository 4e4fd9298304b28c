//! Tickets for renewals: what is proposed, what was approved, and the number each one got.
//!
//! Keeps the invariants that there is one ticket for a subscription and the end of its term, that only a proposal can still
//! change its words, and that a state changes only from the one it was read in.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::store::dialect::{on_db, on_tx};
use crate::store::error::{Result, StoreError, reading};
use crate::store::words::{self, At, storable};
use crate::store::{JournalId, RunId, Store, Tx, row_number};

row_number!(TicketId, "The number of a ticket here; the PSA has one of its own.");

/// What became of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TicketState {
    /// It could be made.
    Proposed,
    /// A person said that it is to be made.
    Approved,
    /// It was about to be sent; if nothing runs, its process died.
    Sending,
    /// It was sent, and the answer says nothing.
    Unknown,
    /// The PSA has it, under a number.
    Recorded,
    /// The PSA said no.
    Refused,
}

impl TicketState {
    /// Whether nobody knows yet whether the PSA has it.
    #[must_use]
    pub fn is_open(self) -> bool {
        match self {
            Self::Sending | Self::Unknown => true,
            Self::Proposed | Self::Approved | Self::Recorded | Self::Refused => false,
        }
    }

    /// Whether nothing happened yet, as far as anybody knows for certain.
    #[must_use]
    pub fn may_be_sent(self) -> bool {
        match self {
            Self::Proposed | Self::Approved | Self::Refused => true,
            Self::Sending | Self::Unknown | Self::Recorded => false,
        }
    }
}

/// A ticket that could be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTicket<'a> {
    /// The PSA's connection.
    pub connector: &'a str,
    /// What renews.
    pub subscription: &'a str,
    /// When its term ends.
    pub term_end: NaiveDate,
    /// What it is found again by at the PSA.
    pub key: &'a str,
    /// The PSA's customer.
    pub company: &'a str,
    /// Its title.
    pub summary: &'a str,
    /// Its text.
    pub body: &'a str,
    /// The person or the schedule.
    pub who: &'a str,
}

/// A ticket as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Its number here.
    pub id: TicketId,
    /// The PSA's connection.
    pub connector: String,
    /// What renews.
    pub subscription: String,
    /// When its term ends.
    pub term_end: NaiveDate,
    /// What it is found again by at the PSA.
    pub key: String,
    /// The PSA's customer.
    pub company: String,
    /// Its title.
    pub summary: String,
    /// Its text.
    pub body: String,
    /// What became of it.
    pub state: TicketState,
    /// The PSA's number.
    pub number: Option<String>,
    /// The PSA's words, or what was seen.
    pub said: Option<String>,
    /// Who changed it last.
    pub who: String,
    /// The write it was sent with last.
    pub journal: Option<JournalId>,
    /// When it changed last.
    pub changed_at: DateTime<Utc>,
}

/// How a ticket changes.
#[derive(Debug, Clone, Copy)]
pub struct TicketChange<'a> {
    /// What becomes of it.
    pub state: TicketState,
    /// The PSA's number.
    pub number: Option<&'a str>,
    /// The PSA's words, or what was seen.
    pub said: Option<&'a str>,
    /// The write it is sent with; `None` keeps the one before.
    pub journal: Option<JournalId>,
    /// The person or the schedule.
    pub who: &'a str,
}

#[derive(sqlx::FromRow)]
struct TicketRow {
    ticket_id: TicketId,
    connector: String,
    subscription: String,
    term_end: String,
    ticket_key: String,
    company: String,
    summary: String,
    body: String,
    state: String,
    number: Option<String>,
    said: Option<String>,
    who: String,
    journal_id: Option<JournalId>,
    changed_at: DateTime<Utc>,
}

impl TryFrom<TicketRow> for Ticket {
    type Error = StoreError;

    fn try_from(row: TicketRow) -> Result<Self> {
        let at = At { table: "ticket", row: &row.ticket_id };
        Ok(Self {
            id: row.ticket_id,
            state: at.word("state", &row.state)?,
            term_end: at.word("term_end", &row.term_end)?,
            connector: row.connector,
            subscription: row.subscription,
            key: row.ticket_key,
            company: row.company,
            summary: row.summary,
            body: row.body,
            number: row.number,
            said: row.said,
            who: row.who,
            journal: row.journal_id,
            changed_at: row.changed_at,
        })
    }
}

impl Store {
    /// Every ticket of a connection, oldest first.
    pub async fn list_tickets(&self, connector: &str) -> Result<Vec<Ticket>> {
        let rows: Vec<TicketRow> = on_db!(self, conn => sqlx::query_as(
            "select ticket_id, connector, subscription, term_end, ticket_key, company, summary, body, state, number, said,
                    who, journal_id, changed_at
             from ticket
             where connector = $1
             order by ticket_id")
            .bind(connector)
            .fetch_all(conn).await)
        .map_err(reading("ticket", "of a connection"))?;
        rows.into_iter().map(Ticket::try_from).collect()
    }
}

impl Tx {
    /// Proposes a ticket. One that is there keeps its state; only a mere proposal takes the new words.
    pub async fn propose_ticket(&mut self, new: &NewTicket<'_>) -> Result<()> {
        let (run, now): (RunId, _) = (self.run, self.clock.now());
        let proposed = words::word("ticket", "state", &TicketState::Proposed)?;
        on_tx!(self.inner, conn => sqlx::query(
            "insert into ticket
             (connector, subscription, term_end, ticket_key, company, summary, body, state, who, run_id, created_at, changed_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
             on conflict (connector, subscription, term_end) do update
             set company = excluded.company, summary = excluded.summary, body = excluded.body
             where ticket.state = $8")
            .bind(new.connector).bind(storable(new.subscription)).bind(new.term_end.to_string()).bind(new.key)
            .bind(storable(new.company)).bind(storable(new.summary)).bind(storable(new.body)).bind(proposed)
            .bind(new.who).bind(run).bind(now)
            .execute(conn).await.map(|done| done.rows_affected()))?;
        Ok(())
    }

    /// Changes a ticket from the state it was read in; how it stands then.
    ///
    /// # Errors
    /// [`StoreError::RowsAffected`] when somebody changed it meanwhile.
    pub async fn change_ticket(&mut self, of: &Ticket, to: &TicketChange<'_>) -> Result<Ticket> {
        let now = self.clock.now();
        let state = words::word("ticket", "state", &to.state)?;
        let from = words::word("ticket", "state", &of.state)?;
        let row: Option<TicketRow> = on_tx!(self.inner, conn => sqlx::query_as(
            "update ticket
             set state = $1, number = $2, said = $3, journal_id = coalesce($4, journal_id), who = $5, changed_at = $6
             where ticket_id = $7 and state = $8
             returning ticket_id, connector, subscription, term_end, ticket_key, company, summary, body, state, number, said,
                       who, journal_id, changed_at")
            .bind(state).bind(to.number.map(storable)).bind(to.said.map(storable)).bind(to.journal).bind(to.who).bind(now)
            .bind(of.id).bind(from)
            .fetch_optional(conn).await)?;
        match row {
            Some(row) => row.try_into(),
            None => Err(StoreError::RowsAffected { table: "ticket", expected: 1, actual: 0 }),
        }
    }
}
