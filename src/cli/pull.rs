//! `trueup pull`: take snapshots of every connection.

use std::collections::BTreeSet;

use clap::ValueEnum;

use crate::cli::args;
use crate::cli::args::Shown;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind, of_connector};
use crate::core::outside::harmless;
use crate::core::period::BillingPeriod;
use crate::engine::{self, Contacts, Extra, Listing, PullRequest};
use crate::report::table::Kind::{Count, Text};
use crate::report::table::{Cell, Column, Table, count, counted};

/// Take snapshots of every connection
///
/// Reads whole listings and saves each as a snapshot in the database; nothing is written to a remote. A listing that could
/// not be read whole is saved as partial, with the reason, and is never taken for whole later.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup pull --period 2026-04 --with prices --with history")]
pub(super) struct Args {
    /// Pull only this connection
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Pull the charges and billed lines of this month [default: the month before now]
    #[arg(long, value_name = "MONTH", value_parser = args::period)]
    period: Option<BillingPeriod>,
    /// Pull these as well: prices, dependencies, history, contacts, usage, drafts
    #[arg(long, value_name = "WHAT", value_enum, value_delimiter = ',', hide_possible_values = true)]
    with: Vec<With>,
    #[command(flatten)]
    shown: Shown,
}

/// What costs many more requests and is pulled only when asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum With {
    /// The price rows of every product
    Prices,
    /// What the products in use bind to: terms, auto-renewal, windows
    Dependencies,
    /// The earlier states of every subscription
    History,
    /// The contacts of every company
    Contacts,
    /// Metered use
    Usage,
    /// Charges that are not invoiced yet
    Drafts,
}

impl With {
    fn extra(self) -> Extra {
        match self {
            Self::Prices => Extra::Prices,
            Self::Dependencies => Extra::Dependencies,
            Self::History => Extra::History,
            Self::Contacts => Extra::Contacts,
            Self::Usage => Extra::Usage,
            Self::Drafts => Extra::Drafts,
        }
    }
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        context.writes()?;
        let config = context.config()?;
        // All are opened before the first is asked: a missing secret is heard of at once, not after an hour.
        let connections = engine::connect_all(&config, self.only.as_deref(), &context.environment)?;
        let extras = self.with.into_iter().map(With::extra).collect();
        let request = PullRequest { period: self.period.unwrap_or_else(|| context.last_month()), extras, only: None };
        let listings = context.engine(&config).await?.pull(&connections, &request, context.ui.as_ref()).await?;
        self.shown.show(&context.ui, &table(&request, &listings))?;
        let errors =
            listings.iter().filter_map(|listing| listing.error.as_ref()).map(|error| of_connector(&error.kind));
        match worst(&errors.collect(), listings.iter().all(is_whole)) {
            None => Ok(Ending::Done),
            Some(kind) => {
                let failed = listings.iter().filter(|listing| !is_whole(listing)).count();
                let what = format!("{failed} of {} listings are not whole", listings.len());
                let error = CommandError::new(kind, what);
                Err(error.hint("What was read is saved, and marked as partial where something is missing."))
            }
        }
    }
}

fn is_whole(listing: &Listing) -> bool {
    listing.problems.is_empty()
}

/// Settings that cannot work and refused credentials are heard of first: they need a person.
fn worst(errors: &BTreeSet<Kind>, whole: bool) -> Option<Kind> {
    let first = [Kind::Usage, Kind::Credentials].into_iter().find(|kind| errors.contains(kind));
    first.or((!whole).then_some(Kind::NotReady))
}

const COLUMNS: &[Column] = &[
    Column::new("connection", Text),
    Column::new("listing", Text),
    Column::new("period", Text),
    Column::new("records", Count),
    Column::new("problems", Count),
    Column::new("state", Text),
];

/// How many problems are shown; the database has all of them.
const PROBLEMS_SHOWN: usize = 20;

fn row(listing: &Listing) -> Vec<Cell> {
    let state = match &listing.error {
        Some(error) => format!("failed: {error}"),
        None if is_whole(listing) => "complete".to_owned(),
        None => "partial".to_owned(),
    };
    vec![
        Cell::text(listing.connector.clone()),
        Cell::text(listing.entity.as_str().replace('_', " ")),
        listing.period.map_or(Cell::Unknown, |period| Cell::text(period.to_string())),
        Cell::Count(listing.records),
        Cell::Count(count(listing.problems.len())),
        Cell::text(state),
    ]
}

/// Contacts are kept within their companies, and so are their problems; how many there are stands on a row of its own.
fn row_of_contacts(listing: &Listing) -> Option<Vec<Cell>> {
    let (read, state) = match listing.contacts? {
        Contacts::Read(all) => (Cell::Count(all), if is_whole(listing) { "complete" } else { "partial" }),
        Contacts::Unread => (Cell::Unknown, "failed"),
        Contacts::None => (Cell::Unknown, "none offered"),
    };
    let connection = Cell::text(listing.connector.clone());
    Some(vec![connection, Cell::text("contacts"), Cell::Unknown, read, Cell::Unknown, Cell::text(state)])
}

fn table(request: &PullRequest, listings: &[Listing]) -> Table {
    let unread = listings.iter().filter(|listing| listing.error.is_none()).flat_map(|listing| &listing.problems);
    let all = unread.clone().count();
    let mut notes: Vec<String> = unread.take(PROBLEMS_SHOWN).map(|problem| harmless(&problem.to_string())).collect();
    if let Some(more @ 1..) = all.checked_sub(PROBLEMS_SHOWN) {
        notes.push(format!("… and {} more", counted(count(more), "problem")));
    }
    Table {
        name: "pull",
        title: "Pull",
        about: "Each listing that was read, and whether it is whole",
        head: vec![("period".to_owned(), request.period.to_string())],
        columns: COLUMNS,
        rows: listings
            .iter()
            .flat_map(|listing| std::iter::once(row(listing)).chain(row_of_contacts(listing)))
            .collect(),
        notes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_a_person_is_heard_of_first() {
        for (errors, whole, worst_of_all) in [
            (vec![], true, None),
            (vec![], false, Some(Kind::NotReady)),
            (vec![Kind::NotReady, Kind::Credentials], false, Some(Kind::Credentials)),
            (vec![Kind::Credentials, Kind::Usage], false, Some(Kind::Usage)),
        ] {
            assert_eq!(worst(&errors.iter().copied().collect(), whole), worst_of_all, "{errors:?}");
        }
    }
}
