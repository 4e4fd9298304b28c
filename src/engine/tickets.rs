//! Tickets for renewals: proposed, approved by a person, sent once, and the number recorded.
//!
//! Keeps the invariants that nothing is sent that was not noted first, that a ticket is looked for before it is made, and that
//! an unclear answer is settled by looking: it is made again only when looking, long enough after, did not find it.

use chrono::NaiveDate;

use crate::connectors::http::Outcome;
use crate::connectors::{PsaConnector, ReadBack, TicketDraft, TicketSink};
use crate::core::record::Fingerprint;
use crate::engine::journal::CREATE_TICKET;
use crate::engine::write::Sight;
use crate::engine::{Engine, EngineError, Job, Result, Settling};
use crate::store::{
    JournalId, NewTicket, NewWrite, RunOutcome, Ticket, TicketChange, TicketState, WriteEnd, WriteOutcome, WriteSource,
};

/// A ticket somebody may want.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketWish {
    /// What renews.
    pub subscription: String,
    /// When its term ends.
    pub term_end: NaiveDate,
    /// The PSA's customer.
    pub customer: String,
    /// Its title.
    pub summary: String,
    /// Its text.
    pub text: String,
}

impl TicketWish {
    /// What its ticket is found again by: the same for the same subscription and term end, and harmless in any query.
    fn key(&self) -> String {
        let of = Fingerprint::of(format!("{}|{}", self.subscription, self.term_end).as_bytes());
        format!("trueup-renewal-{}", of.as_str().get(..24).unwrap_or_else(|| of.as_str()))
    }
}

impl Engine {
    /// The connection that tickets go to.
    ///
    /// # Errors
    /// [`EngineError::Connections`] where there is not one PSA.
    pub fn ticket_connection(&self) -> Result<String> {
        Ok(self.sides()?.psa)
    }

    /// Every ticket there is, oldest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn tickets(&self) -> Result<Vec<Ticket>> {
        Ok(self.store.list_tickets(&self.ticket_connection()?).await?)
    }

    /// Notes what could be made, each once, whatever became of it; every ticket there is.
    ///
    /// # Errors
    /// What the database says.
    pub async fn propose_tickets(&self, wishes: &[TicketWish]) -> Result<Vec<Ticket>> {
        let connector = self.ticket_connection()?;
        let job = self.begin("tickets").await?;
        let proposed = async {
            let mut tx = job.tx().await?;
            for wish in wishes {
                let new = NewTicket {
                    connector: &connector,
                    subscription: &wish.subscription,
                    term_end: wish.term_end,
                    key: &wish.key(),
                    company: &wish.customer,
                    summary: &wish.summary,
                    body: &wish.text,
                    who: &self.who,
                };
                tx.propose_ticket(&new).await?;
            }
            Ok::<(), EngineError>(tx.commit().await?)
        };
        if let Err(error) = proposed.await {
            return job.failed(error).await;
        }
        job.end(RunOutcome::Done, &serde_json::json!({ "proposed": wishes.len() })).await?;
        self.tickets().await
    }

    /// Makes an approved ticket, unless the PSA has it already; how it stands then.
    ///
    /// # Errors
    /// Where nothing was sent: the ticket was before, or the PSA takes no tickets, or cannot be asked.
    pub async fn send_ticket(&self, psa: &dyn PsaConnector, ticket: &Ticket) -> Result<Ticket> {
        if !ticket.state.may_be_sent() {
            return Err(EngineError::TicketSent {
                subscription: ticket.subscription.clone(),
                number: ticket.number.clone(),
                write: ticket.journal.map(JournalId::number),
            });
        }
        let sink = sink(psa)?;
        let job = self.begin("ticket").await?;
        match self.sent(&job, sink, ticket).await {
            Ok(ticket) => {
                let outcome = match ticket.state {
                    TicketState::Recorded => RunOutcome::Done,
                    TicketState::Refused | TicketState::Proposed | TicketState::Approved => RunOutcome::Failed,
                    TicketState::Sending | TicketState::Unknown => RunOutcome::Partial,
                };
                job.end(outcome, &serde_json::json!({ "ticket": ticket.key, "number": ticket.number })).await?;
                Ok(ticket)
            }
            Err(error) => job.failed(error).await,
        }
    }

    /// Looks for every ticket whose answer was unclear.
    ///
    /// # Errors
    /// What the database says, and where the PSA cannot be asked.
    pub async fn settle_tickets(&self, psa: &dyn PsaConnector) -> Result<()> {
        let open: Vec<Ticket> = self.tickets().await?.into_iter().filter(|ticket| ticket.state.is_open()).collect();
        if open.is_empty() {
            return Ok(());
        }
        let sink = sink(psa)?;
        let job = self.begin("tickets").await?;
        for ticket in open {
            if let Err(error) = self.looked_for(&job, sink, ticket).await {
                return job.failed(error).await;
            }
        }
        job.end(RunOutcome::Done, &serde_json::Value::Null).await
    }

    async fn sent(&self, job: &Job, sink: &dyn TicketSink, ticket: &Ticket) -> Result<Ticket> {
        let approved = self.changed(job, ticket, (TicketState::Approved, None, None), None).await?;
        if let Some(number) = sink.find_tickets(&approved.key).await?.first() {
            let said = "it was there already";
            return self.changed(job, &approved, (TicketState::Recorded, Some(number), Some(said)), None).await;
        }
        let sending = self.noted_ticket(job, &approved).await?;
        let answered = match sink.make_ticket(&draft(&sending)).await {
            Ok(answered) => answered,
            Err(error) => {
                let said = error.to_string();
                let end = Some((WriteSource::Answer, WriteOutcome::NotSent, None));
                self.changed(job, &sending, (TicketState::Approved, None, Some(&said)), end).await?;
                return Err(error.into());
            }
        };
        match answered {
            Outcome::Done(number) => self.read_back(job, sink, &sending, &number).await,
            Outcome::Refused(refusal) => {
                let said = refusal.to_string();
                let end = Some((WriteSource::Answer, WriteOutcome::Refused, None));
                self.changed(job, &sending, (TicketState::Refused, None, Some(&said)), end).await
            }
            Outcome::Unknown(why) => {
                let end = Some((WriteSource::Answer, WriteOutcome::Unknown, None));
                let unknown = self.changed(job, &sending, (TicketState::Unknown, None, Some(&why)), end).await?;
                self.looked_for(job, sink, unknown).await
            }
        }
    }

    /// Reads a ticket that was answered, and records what is there; one that is not there is looked for.
    async fn read_back(&self, job: &Job, sink: &dyn TicketSink, sending: &Ticket, number: &str) -> Result<Ticket> {
        let said = match sink.read_back(&draft(sending), number).await {
            Ok(ReadBack::Unasked) => None,
            Ok(ReadBack::There(differing)) if differing.is_empty() => Some("read back as it was sent".to_owned()),
            Ok(ReadBack::There(differing)) => Some(format!("read back, not as it was sent: {}", differing.join("; "))),
            Ok(ReadBack::Missing) => {
                let why = format!("it was answered with number {number}, and there is none of that number");
                let end = Some((WriteSource::Answer, WriteOutcome::Unknown, None));
                let unknown = self.changed(job, sending, (TicketState::Unknown, None, Some(&why)), end).await?;
                return self.looked_for(job, sink, unknown).await;
            }
            Err(error) => Some(format!("made, and could not be read back: {error}")),
        };
        let end = Some((WriteSource::Answer, WriteOutcome::Done, Some(number)));
        self.changed(job, sending, (TicketState::Recorded, Some(number), said.as_deref()), end).await
    }

    /// Settles by looking. What is not found soon after it was sent may still come.
    async fn looked_for(&self, job: &Job, sink: &dyn TicketSink, ticket: Ticket) -> Result<Ticket> {
        let sight = self.sight_of_ticket(sink, &ticket).await?;
        self.seen_of_ticket(job, &ticket, &sight).await
    }

    /// Looks once for a ticket that was sent.
    pub(super) async fn sight_of_ticket(&self, sink: &dyn TicketSink, ticket: &Ticket) -> Result<Sight> {
        Ok(match sink.find_tickets(&ticket.key).await?.first() {
            Some(number) => Sight::Happened(number.clone()),
            None => {
                let age = self.clock.now().signed_duration_since(ticket.changed_at);
                Sight::unseen(age, Settling::default().final_after)
            }
        })
    }

    /// Notes what a look for a ticket showed.
    pub(super) async fn seen_of_ticket(&self, job: &Job, ticket: &Ticket, sight: &Sight) -> Result<Ticket> {
        let look = |outcome, record| Some((WriteSource::Look, outcome, record));
        match sight {
            Sight::Happened(number) => {
                let end = look(WriteOutcome::Happened, Some(number.as_str()));
                let said = "found by looking";
                self.changed(job, ticket, (TicketState::Recorded, Some(number), Some(said)), end).await
            }
            Sight::DidNot(_) => {
                let said = "looking did not find it; it can be made again";
                let end = look(WriteOutcome::DidNot, None);
                self.changed(job, ticket, (TicketState::Proposed, None, Some(said)), end).await
            }
            Sight::NotYet(why) | Sight::CannotTell(why) | Sight::Blind(why) => {
                if let Some(journal) = ticket.journal {
                    let (source, outcome) = (WriteSource::Look, WriteOutcome::Unknown);
                    let who = &self.who;
                    let end = WriteEnd { source, who, outcome, said: Some(why), record: None, answer: None };
                    self.note_end(job, journal, &end).await?;
                }
                Ok(ticket.clone())
            }
        }
    }

    /// Notes what a person says became of a ticket: the number it has, or that it was not made.
    pub(super) async fn ruled_on_ticket(
        &self,
        job: &Job,
        ticket: &Ticket,
        number: Option<&str>,
        reason: &str,
    ) -> Result<Ticket> {
        let (state, outcome) = match number {
            Some(_) => (TicketState::Recorded, WriteOutcome::Happened),
            None => (TicketState::Proposed, WriteOutcome::DidNot),
        };
        let end = Some((WriteSource::Person, outcome, number));
        self.changed(job, ticket, (state, number, Some(reason)), end).await
    }

    /// Notes that a ticket is about to be sent, in the journal as well.
    async fn noted_ticket(&self, job: &Job, ticket: &Ticket) -> Result<Ticket> {
        let request = serde_json::json!({
            "customer": ticket.company, "summary": ticket.summary, "text": ticket.body, "key": ticket.key,
        });
        let mut tx = job.tx().await?;
        let journal = tx
            .note_write(&NewWrite {
                connector: &ticket.connector,
                operation: CREATE_TICKET,
                subject: &format!("ticket {}", ticket.key),
                request: &request,
                found: &serde_json::Value::Null,
                who: &self.who,
            })
            .await?;
        let to = TicketChange {
            state: TicketState::Sending,
            number: None,
            said: None,
            journal: Some(journal),
            who: &self.who,
        };
        let noted = tx.change_ticket(ticket, &to).await?;
        tx.commit().await?;
        Ok(noted)
    }

    /// Changes a ticket, and ends its write in the same breath.
    async fn changed(
        &self,
        job: &Job,
        ticket: &Ticket,
        (state, number, said): (TicketState, Option<&str>, Option<&str>),
        end: Option<(WriteSource, WriteOutcome, Option<&str>)>,
    ) -> Result<Ticket> {
        let mut tx = job.tx().await?;
        let to = TicketChange { state, number, said, journal: None, who: &self.who };
        let changed = tx.change_ticket(ticket, &to).await?;
        if let (Some((source, outcome, record)), Some(journal)) = (end, ticket.journal) {
            let end = WriteEnd { source, who: &self.who, outcome, said, record, answer: None };
            tx.end_write(journal, &end).await?;
        }
        tx.commit().await?;
        Ok(changed)
    }
}

/// How a ticket goes out.
fn draft(ticket: &Ticket) -> TicketDraft<'_> {
    TicketDraft { customer: &ticket.company, summary: &ticket.summary, text: &ticket.body, key: &ticket.key }
}

/// A ticket as it would go out, for people.
///
/// # Errors
/// Where the PSA takes no tickets, or not this one.
pub fn shown_ticket(psa: &dyn PsaConnector, ticket: &Ticket) -> Result<String> {
    Ok(sink(psa)?.shown(&draft(ticket))?)
}

pub(super) fn sink(psa: &dyn PsaConnector) -> Result<&dyn TicketSink> {
    psa.tickets().ok_or_else(|| EngineError::NoTickets { connector: psa.descriptor().name.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::config::{self, Environment};
    use crate::connectors::memory::{Fault, Listing, MemoryPsa};
    use crate::engine::{Door, Ruling};

    const CONFIG: &str = "[connectors.d]\nkind = \"files\"\nside = \"vendor\"\nfolder = \"d\"\n\
                          [connectors.psa]\nkind = \"files\"\nside = \"psa\"\nfolder = \"p\"\n";

    /// An engine at a moment.
    async fn engine(folder: &std::path::Path, at: &str) -> Engine {
        let config = config::parse(&folder.join("trueup.toml"), CONFIG).unwrap();
        let (environment, clock) = (Environment::default(), Clock::Fixed(at.parse().unwrap()));
        Engine::migrate(&config, &environment, clock).await.unwrap();
        Engine::open(&config, &environment, clock, "a test").await.unwrap()
    }

    fn wish() -> TicketWish {
        TicketWish {
            subscription: "s\"1".into(),
            term_end: "2026-05-31".parse().unwrap(),
            customer: "1".into(),
            summary: "Renewal".into(),
            text: "text".into(),
        }
    }

    async fn states(engine: &Engine) -> Vec<(TicketState, Option<String>)> {
        let all = engine.store.list_tickets("psa").await.unwrap();
        all.into_iter().map(|ticket| (ticket.state, ticket.number)).collect()
    }

    #[tokio::test]
    async fn a_ticket_is_proposed_once_and_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(folder.path(), "2026-04-10T08:00:00Z").await;
        let psa = MemoryPsa::new("psa");
        engine.propose_tickets(&[wish()]).await.unwrap();
        let renamed = TicketWish { summary: "Renewal, renamed".into(), ..wish() };
        let [ticket] = engine.propose_tickets(&[renamed]).await.unwrap().try_into().unwrap();
        assert_eq!((ticket.state, ticket.summary.as_str()), (TicketState::Proposed, "Renewal, renamed"));
        assert!(psa.tickets.lock().unwrap().is_empty(), "a proposal sends nothing");
        let sent = engine.send_ticket(&psa, &ticket).await.unwrap();
        assert_eq!((sent.state, sent.number.as_deref()), (TicketState::Recorded, Some("1")));
        assert_eq!(sent.said.as_deref(), Some("read back as it was sent"));
        let refused = engine.send_ticket(&psa, &sent).await.unwrap_err();
        assert!(matches!(refused, EngineError::TicketSent { number: Some(_), .. }), "{refused}");
        let [kept] = states(&engine).await.try_into().unwrap();
        assert_eq!(kept, (TicketState::Recorded, Some("1".into())), "what has its number keeps it");
        // a proposal of the same renewal changes nothing any more, and sending from an old state is refused
        let [again] = engine.propose_tickets(&[wish()]).await.unwrap().try_into().unwrap();
        assert_eq!((again.state, again.summary.as_str()), (TicketState::Recorded, "Renewal, renamed"));
        assert!(engine.send_ticket(&psa, &ticket).await.is_err());
        let next = TicketWish { term_end: "2027-05-31".parse().unwrap(), ..wish() };
        assert_eq!(engine.propose_tickets(&[next]).await.unwrap().len(), 2, "the next term is another renewal");
        assert_eq!(psa.tickets.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_lost_answer_is_settled_by_looking_and_a_refusal_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(folder.path(), "2026-04-10T08:00:00Z").await;
        let psa = MemoryPsa::new("psa");
        let [ticket] = engine.propose_tickets(&[wish()]).await.unwrap().try_into().unwrap();
        psa.fail(Listing::Tickets, Fault::Auth);
        let refused = engine.send_ticket(&psa, &ticket).await.unwrap();
        assert_eq!((refused.state, refused.said.as_deref()), (TicketState::Refused, Some("403: told to refuse")));
        psa.fail(Listing::Tickets, Fault::TransientOnce);
        let found = engine.send_ticket(&psa, &refused).await.unwrap();
        assert_eq!((found.state, found.number.as_deref()), (TicketState::Recorded, Some("1")));
        assert!(engine.store.list_open_writes().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn an_answered_ticket_that_is_not_there_is_unknown() {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(folder.path(), "2026-04-10T08:00:00Z").await;
        let psa = MemoryPsa::new("psa");
        let [ticket] = engine.propose_tickets(&[wish()]).await.unwrap().try_into().unwrap();
        psa.fail(Listing::Tickets, Fault::Unread(vec![crate::core::snapshot::Problem::new("tickets", "not kept")]));
        let sent = engine.send_ticket(&psa, &ticket).await.unwrap();
        assert_eq!((sent.state, sent.number), (TicketState::Unknown, None));
        assert!(sent.said.unwrap().contains("there is none of that number"));
        assert_eq!(engine.store.list_open_writes().await.unwrap().len(), 1, "nobody knows yet");
    }

    #[tokio::test]
    async fn what_was_sent_and_is_not_there_stays_unknown_and_is_made_again_only_after_a_while() {
        let folder = tempfile::tempdir().unwrap();
        let now = engine(folder.path(), "2026-04-10T08:00:00Z").await;
        let psa = MemoryPsa::new("psa");
        let [ticket] = now.propose_tickets(&[wish()]).await.unwrap().try_into().unwrap();
        // A process that died after it sent.
        let job = now.begin("ticket").await.unwrap();
        let approved = now.changed(&job, &ticket, (TicketState::Approved, None, None), None).await.unwrap();
        let sending = now.noted_ticket(&job, &approved).await.unwrap();
        job.end(RunOutcome::Interrupted, &serde_json::Value::Null).await.unwrap();
        now.settle_tickets(&psa).await.unwrap();
        assert_eq!(states(&now).await, [(TicketState::Sending, None)]);
        assert_eq!(now.store.list_open_writes().await.unwrap().len(), 1);
        let unknown = now.send_ticket(&psa, &sending).await.unwrap_err();
        assert!(matches!(unknown, EngineError::TicketSent { number: None, write: Some(1), .. }), "{unknown}");
        drop(now);
        let later = engine(folder.path(), "2026-04-10T08:11:00Z").await;
        later.settle_tickets(&psa).await.unwrap();
        assert_eq!(states(&later).await, [(TicketState::Proposed, None)]);
        assert!(later.store.list_open_writes().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_person_may_say_that_a_ticket_was_not_made_and_it_can_be_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(folder.path(), "2026-04-10T08:00:00Z").await;
        let psa = MemoryPsa::new("psa");
        let [ticket] = engine.propose_tickets(&[wish()]).await.unwrap().try_into().unwrap();
        let job = engine.begin("ticket").await.unwrap();
        let approved = engine.changed(&job, &ticket, (TicketState::Approved, None, None), None).await.unwrap();
        engine.noted_ticket(&job, &approved).await.unwrap();
        job.end(RunOutcome::Interrupted, &serde_json::Value::Null).await.unwrap();
        let word = Ruling { happened: false, reason: "it is not in the PSA".into(), record: None };
        let early = engine.settle_write(1, Door::Psa(&psa), Some(&word)).await.unwrap_err();
        assert!(matches!(early, EngineError::TooEarly { .. }), "it may still come: {early}");
        assert_eq!(states(&engine).await, [(TicketState::Sending, None)]);
        let blind = engine.settle_write(1, Door::Closed("the PSA is gone"), Some(&word)).await.unwrap_err();
        assert!(matches!(blind, EngineError::TooEarly { .. }), "not seeing it is no proof: {blind}");
        drop(engine);
        let engine = self::engine(folder.path(), "2026-04-10T08:11:00Z").await;
        engine.settle_write(1, Door::Closed("the PSA is gone"), Some(&word)).await.unwrap();
        assert_eq!(states(&engine).await, [(TicketState::Proposed, None)]);
        let [again] = engine.tickets().await.unwrap().try_into().unwrap();
        assert_eq!(again.said.as_deref(), Some("it is not in the PSA"));
        assert_eq!(engine.send_ticket(&psa, &again).await.unwrap().state, TicketState::Recorded);
    }
}
