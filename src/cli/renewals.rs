//! `trueup renewals`: tickets for what renews, proposed, and made where a person says so.

use clap::Subcommand;

use crate::cli::args::{self, Shown};
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};
use crate::cli::inventory::Stock;
use crate::cli::ui::unasked;
use crate::engine::{self, Connection, Engine, PsaConnector, Ticket, TicketState, shown_ticket};
use crate::report::table::Kind::{Date, Text};
use crate::report::table::{Cell, Column, Table, counted};

/// Act on what renews
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup renewals ticket --within 30d")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Ticket(TicketArgs),
}

/// Propose a ticket for each renewal, and make those that are approved
///
/// One ticket for a subscription and the end of its term. Without --send nothing leaves this machine: the tickets are proposed
/// and listed. With --send each is shown and asked about, looked for at the PSA, made once, and its number recorded. Where the
/// answer was unclear the ticket stays unknown until it is found by looking; run the command again to look.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup renewals ticket --within 30d --send")]
struct TicketArgs {
    /// Look so many days ahead
    #[arg(long, value_name = "DAYS", value_parser = args::days, default_value = "30d")]
    within: u32,
    /// Make the tickets, each after a question
    #[arg(long)]
    send: bool,
    /// Make them without asking
    #[arg(long, requires = "send")]
    yes: bool,
    #[command(flatten)]
    shown: Shown,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        match self.command {
            Command::Ticket(args) => {
                context.writes()?;
                args.run(context).await
            }
        }
    }
}

impl TicketArgs {
    async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let config = context.config()?;
        // A ticket is dated by the real clock, whatever day is taken for today: how long ago it was sent decides whether it
        // may be sent again.
        let engine = context.sending_engine(&config).await?;
        let stock = Stock::of_engine(&engine, &config).await?;
        let (wishes, unlinked) = stock.ticket_wishes(context.today(), self.within);
        let mut tickets = engine.propose_tickets(&wishes).await?;
        let open = tickets.iter().any(|ticket| ticket.state.is_open());
        let is_wished = |ticket: &Ticket| {
            wishes.iter().any(|wish| wish.subscription == ticket.subscription && wish.term_end == ticket.term_end)
        };
        if self.send || open {
            let name = engine.ticket_connection()?;
            let connection = engine::connect(&config, &name, &context.environment)?;
            let Connection::Psa(psa) = &connection else {
                return Err(CommandError::new(Kind::Usage, format!("{name} is no PSA")));
            };
            if open {
                engine.settle_tickets(psa.as_ref()).await?;
                // What was not found can be made again, and takes the words of today.
                tickets = engine.propose_tickets(&wishes).await?;
            }
            if self.send {
                let due = tickets.iter().filter(|ticket| is_wished(ticket) && ticket.state.may_be_sent());
                for ticket in due {
                    self.send(context, &engine, psa.as_ref(), ticket).await?;
                }
                tickets = engine.tickets().await?;
            }
        }
        tickets.retain(|ticket| is_wished(ticket) || ticket.state.is_open());
        self.shown.show(&context.ui, &self.table(&tickets, unlinked))?;
        let of = |state: TicketState| tickets.iter().any(|ticket| ticket.state == state);
        if of(TicketState::Unknown) || of(TicketState::Sending) || (self.send && of(TicketState::Refused)) {
            return Ok(Ending::Partly);
        }
        Ok(Ending::Done)
    }

    async fn send(
        &self,
        context: &Context,
        engine: &Engine,
        psa: &dyn PsaConnector,
        ticket: &Ticket,
    ) -> Result<(), CommandError> {
        context.ui.say(&shown_ticket(psa, ticket)?);
        if !self.yes {
            let hint = "Nothing was sent. Give --yes to make the tickets that are listed without --send.";
            if !context.ui.agreed("Make this ticket (yes or no)?", unasked(hint))? {
                return Ok(());
            }
        }
        engine.send_ticket(psa, ticket).await?;
        Ok(())
    }

    fn table(&self, tickets: &[Ticket], unlinked: u64) -> Table {
        let mut notes = Vec::new();
        if unlinked > 0 {
            let what = counted(unlinked, "renewal");
            notes.push(format!(
                "{what} have no ticket: their customer is linked with none of the PSA's (`trueup review`)."
            ));
        }
        if !self.send && tickets.iter().any(|ticket| ticket.state.may_be_sent()) {
            notes.push("Nothing was sent. `trueup renewals ticket --send` shows each and asks.".to_owned());
        }
        let open: Vec<String> = tickets
            .iter()
            .filter(|ticket| ticket.state.is_open())
            .filter_map(|ticket| Some(ticket.journal?.to_string()))
            .collect();
        if !open.is_empty() {
            notes.push(format!(
                "An unknown ticket is looked for whenever this command runs; it is not made twice. `trueup journal settle \
                 NUMBER` closes one by your word; the numbers are {}.",
                open.join(", ")
            ));
        }
        Table {
            name: "tickets",
            title: "Tickets for renewals",
            about: "One ticket for each subscription and the end of its term",
            head: vec![("within".to_owned(), format!("{} ahead", counted(self.within.into(), "day")))],
            columns: COLUMNS,
            rows: tickets.iter().map(row).collect(),
            notes,
        }
    }
}

const COLUMNS: &[Column] = &[
    Column::new("subscription ID", crate::report::table::Kind::Id),
    Column::new("term end", Date),
    Column::new("customer ID", crate::report::table::Kind::Id),
    Column::new("summary", Text),
    Column::new("state", Text),
    Column::new("number", crate::report::table::Kind::Id),
    Column::new("said", Text),
];

fn row(ticket: &Ticket) -> Vec<Cell> {
    let maybe = |text: &Option<String>| text.as_deref().map_or(Cell::Unknown, Cell::text);
    vec![
        Cell::text(&ticket.subscription),
        Cell::Date(ticket.term_end),
        Cell::text(&ticket.company),
        Cell::text(&ticket.summary),
        Cell::text(state(ticket.state)),
        maybe(&ticket.number),
        maybe(&ticket.said),
    ]
}

fn state(state: TicketState) -> &'static str {
    match state {
        TicketState::Proposed => "proposed",
        TicketState::Approved => "approved",
        TicketState::Sending => "sending",
        TicketState::Unknown => "unknown",
        TicketState::Recorded => "recorded",
        TicketState::Refused => "refused",
    }
}
