//! The journal for people: one write with all that is known of it, and the way to close one that stays open.
//!
//! Keeps the invariants that a look goes before a person's word, that what a look proves stands whatever is said, and that a
//! person's word is added to what was seen, never put in its place.

use crate::connectors::PsaConnector;
use crate::connectors::pax8::{Pax8, Sending, Write};
use crate::connectors::writing::Writing;
use crate::engine::tickets::sink;
use crate::engine::write::Sight;
use crate::engine::{Ended, Engine, EngineError, Job, Result, Settled, Settling};
use crate::store::{JournalEntry, JournalId, JournalNote, RunOutcome, Ticket, WriteEnd, WriteOutcome, WriteSource};

/// The operation of a write that makes a ticket.
pub(super) const CREATE_TICKET: &str = "create ticket";

/// A write with all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteAccount {
    /// As the journal has it.
    pub entry: JournalEntry,
    /// What came to be known, oldest first.
    pub notes: Vec<JournalNote>,
    /// What went out, for a write to Pax8 that this program can read. The address is below the connection's.
    pub sent: Option<Sending>,
}

/// The way to the remote where a write may be seen.
#[derive(Clone, Copy)]
pub enum Door<'a> {
    /// Pax8.
    Pax8(&'a Pax8),
    /// A PSA that takes tickets.
    Psa(&'a dyn PsaConnector),
    /// There is none; why.
    Closed(&'a str),
}

/// What a person says came of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// Whether it took effect.
    pub happened: bool,
    /// How they know.
    pub reason: String,
    /// The record it made or changed.
    pub record: Option<String>,
}

impl Engine {
    /// A write with all that is known of it.
    ///
    /// # Errors
    /// [`EngineError::NoWrite`]; what the database says.
    pub async fn write_account(&self, number: i64) -> Result<WriteAccount> {
        let entry = self.entry(number).await?;
        let notes = self.store.list_journal_notes(entry.id).await?;
        let sent = serde_json::from_value::<Write>(entry.request.clone()).ok().map(|write| write.sending());
        Ok(WriteAccount { entry, notes, sent })
    }

    /// Looks at an open write, and closes it where that proves what came of it; where nothing proves it, as a person says.
    ///
    /// # Errors
    /// [`EngineError::WriteEnded`] where it is not open; [`EngineError::Contradicted`] where the look proves something else
    /// than the person says, which is noted; [`EngineError::TooEarly`] where it will prove something soon.
    pub async fn settle_write(&self, number: i64, door: Door<'_>, ruling: Option<&Ruling>) -> Result<Settled> {
        let _open = self.open_entry(number).await?;
        let job = self.begin("settle").await?;
        match self.settled_so(&job, number, door, ruling).await {
            Ok(settled) => {
                let open = matches!(settled.ended, Ended::Open(_));
                let outcome = if open { RunOutcome::Partial } else { RunOutcome::Done };
                job.end(outcome, &serde_json::json!({ "write": number, "ruled": ruling.is_some() })).await?;
                Ok(settled)
            }
            Err(error) => job.failed(error).await,
        }
    }

    async fn settled_so(&self, job: &Job, number: i64, door: Door<'_>, ruling: Option<&Ruling>) -> Result<Settled> {
        // Again, under the lock: whoever sent it may have been at work until now.
        let entry = self.open_entry(number).await?;
        let ticket = self.ticket_of(&entry).await?;
        if let (Some(Ruling { happened: true, record: None, .. }), Some(_)) = (ruling, &ticket) {
            return Err(EngineError::NoNumber { id: number, what: what(&entry) });
        }
        let sight = self.sight_through(job, door, &entry, ticket.as_ref()).await?;
        let (ended, record) = match &ticket {
            None => self.seen(job, entry.id, &sight).await?,
            Some(ticket) => {
                let seen = self.seen_of_ticket(job, ticket, &sight).await?;
                (sight.ended(), seen.number)
            }
        };
        let Some(ruling) = ruling else { return Ok(Settled { entry, ended, record }) };
        let what = what(&entry);
        match (sight, ruling.happened) {
            (Sight::Happened(_), true) | (Sight::DidNot(_), false) => Ok(Settled { entry, ended, record }),
            (Sight::Happened(_), false) => {
                Err(EngineError::Contradicted { id: number, what, shown: WriteOutcome::Happened.words() })
            }
            (Sight::DidNot(_), true) => {
                Err(EngineError::Contradicted { id: number, what, shown: WriteOutcome::DidNot.words() })
            }
            (Sight::NotYet(why), _) => Err(EngineError::TooEarly { id: number, what, why }),
            (Sight::Blind(why), false) if self.is_fresh(&entry).await? => {
                let why = format!("{why}; it may take effect for some minutes yet");
                Err(EngineError::TooEarly { id: number, what, why })
            }
            (Sight::CannotTell(_) | Sight::Blind(_), _) => self.ruled(job, entry, ticket.as_ref(), ruling).await,
        }
    }

    /// Looks, by whatever way there is.
    async fn sight_through(
        &self,
        job: &Job,
        door: Door<'_>,
        entry: &JournalEntry,
        ticket: Option<&Ticket>,
    ) -> Result<Sight> {
        match (door, ticket) {
            (Door::Closed(why), _) => Ok(Sight::Blind(why.to_owned())),
            (Door::Pax8(remote), None) => self.sight_of(job, remote, entry).await,
            (Door::Psa(psa), Some(ticket)) => {
                let looked = match sink(psa) {
                    Ok(sink) => self.sight_of_ticket(sink, ticket).await,
                    Err(error) => Err(error),
                };
                Ok(looked.unwrap_or_else(|error| Sight::Blind(format!("looking failed: {error}"))))
            }
            (Door::Psa(psa), None) => match psa.records() {
                Some(records) => self.sight_of(job, records, entry).await,
                None => Ok(unreadable()),
            },
            (Door::Pax8(_), Some(_)) => Ok(unreadable()),
        }
    }

    /// Looks at a write as it was noted.
    pub(super) async fn sight_of<W: Writing + ?Sized>(
        &self,
        job: &Job,
        remote: &W,
        entry: &JournalEntry,
    ) -> Result<Sight> {
        let read =
            (serde_json::from_value::<W::Write>(entry.request.clone()), serde_json::from_value(entry.found.clone()));
        let (Ok(write), Ok(before)) = read else { return Ok(unreadable()) };
        let final_after = Settling::default().final_after;
        let mut trail = self.trail(entry).await?;
        self.sight(job, remote, (entry.id, &mut trail, &write, &before), final_after).await
    }

    async fn ruled(&self, job: &Job, entry: JournalEntry, ticket: Option<&Ticket>, ruling: &Ruling) -> Result<Settled> {
        let Ruling { happened, reason, record } = ruling;
        let (outcome, ended) =
            if *happened { (WriteOutcome::Happened, Ended::Happened) } else { (WriteOutcome::DidNot, Ended::DidNot) };
        let record = record.clone().filter(|_| *happened);
        if let Some(ticket) = ticket {
            self.ruled_on_ticket(job, ticket, record.as_deref(), reason).await?;
        } else {
            let (source, said) = (WriteSource::Person, Some(reason.as_str()));
            let end = WriteEnd { source, who: &self.who, outcome, said, record: record.as_deref(), answer: None };
            self.note_end(job, entry.id, &end).await?;
        }
        Ok(Settled { entry, ended, record })
    }

    /// Whether it, or what was left of it, was sent so lately that it may still take effect.
    async fn is_fresh(&self, entry: &JournalEntry) -> Result<bool> {
        let sent = self.trail(entry).await?.at;
        Ok(self.clock.now().signed_duration_since(sent) < Settling::default().final_after)
    }

    async fn entry(&self, number: i64) -> Result<JournalEntry> {
        let found = self.store.find_write(JournalId::new(number)).await?;
        found.ok_or(EngineError::NoWrite { id: number })
    }

    async fn open_entry(&self, number: i64) -> Result<JournalEntry> {
        let entry = self.entry(number).await?;
        if entry.outcome.is_open() {
            return Ok(entry);
        }
        Err(EngineError::WriteEnded { id: number, what: what(&entry), ended: entry.outcome.words() })
    }

    /// The ticket that a write was to make, while its end is open.
    async fn ticket_of(&self, entry: &JournalEntry) -> Result<Option<Ticket>> {
        if entry.operation != CREATE_TICKET {
            return Ok(None);
        }
        let tickets = self.store.list_tickets(&entry.connector).await?;
        Ok(tickets.into_iter().find(|ticket| ticket.journal == Some(entry.id) && ticket.state.is_open()))
    }
}

fn unreadable() -> Sight {
    Sight::CannotTell("what was sent cannot be read by this program, or not from this connection".to_owned())
}

fn what(entry: &JournalEntry) -> String {
    format!("{}, {}", entry.operation, entry.subject)
}
