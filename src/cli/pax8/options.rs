//! What the commands share: which connection, how an answer is shown, how much of a listing, and the advice of what goes wrong.
//!
//! Keeps the invariant that a word nobody knows is refused with the words there are and the nearest of them.

use clap::ValueEnum;

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Kind};
use crate::core::nearest::nearest;
use crate::engine::pax8::{self, Ask, Extent, Invalid, Query, Record, Remote};
use crate::engine::{ConnectorError, ErrorKind as Remotely};

/// Which connection, and how the answer is shown.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct How {
    /// Use this connection [default: the only one, or the one with `default = true`]
    #[arg(long, value_name = "NAME")]
    pub(super) connection: Option<String>,
    /// Show a table, the records as sent, or every field as CSV: text, json, csv
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, hide_possible_values = true)]
    pub(super) format: Format,
}

/// How records are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    #[default]
    Text,
    /// As Pax8 sent them, every digit
    Json,
    /// Every plain field a column
    Csv,
}

/// How much of a listing.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Pages {
    /// Show so many rows
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Show every row, proven complete or refused
    #[arg(long, conflicts_with = "limit")]
    all: bool,
}

/// In which order.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Sorted {
    /// Sort by this field
    #[arg(long, value_name = "FIELD")]
    sort: Option<String>,
    /// Sort from the last to the first
    #[arg(long, requires = "sort")]
    descending: bool,
}

impl How {
    pub(super) fn open(&self, context: &Context) -> Result<Remote, CommandError> {
        Ok(pax8::open(&context.config()?, self.connection.as_deref(), &context.environment)?)
    }
}

/// Names everything a new record lacks, at once.
pub(super) fn complete(given: &[(&str, bool)]) -> Result<(), CommandError> {
    let missing: Vec<&str> = given.iter().filter(|(_, is_given)| !is_given).map(|(option, _)| *option).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(CommandError::new(Kind::Usage, format!("Pax8 demands {}", missing.join(", "))))
}

/// A value that is not taken, with the word that was probably meant.
pub(super) fn refused(invalid: Invalid, value: &str, known: &[&str]) -> CommandError {
    let error = CommandError::new(Kind::Usage, invalid);
    match nearest(value, known.iter().copied()) {
        Some(near) => error.hint(format!("Did you mean `{near}`?")),
        None => error,
    }
}

impl Pages {
    pub(super) fn extent(&self) -> Extent {
        if self.all { Extent::All } else { Extent::First(usize::try_from(self.limit).unwrap_or(usize::MAX)) }
    }
}

impl Sorted {
    pub(super) fn with(&self, query: Query, ask: &Ask) -> Result<Query, CommandError> {
        let Some(wanted) = &self.sort else { return Ok(query) };
        let (known, _) = ask.sorts();
        // Case and dashes are spelling: start-date is startDate.
        let squeezed = |text: &str| text.replace(['-', '_'], "").to_lowercase();
        let field = known.iter().find(|field| squeezed(field) == squeezed(wanted)).copied();
        let Some(field) = field else {
            let what = format!("expected {}; found {wanted}", known.join(", "));
            return Err(refused(Invalid { field: "--sort".to_owned(), what }, wanted, known));
        };
        query.sorted(ask, field, self.descending).map_err(|invalid| CommandError::new(Kind::Usage, invalid))
    }
}

/// An error with the advice of who asked for something by its id.
pub(super) fn unanswered(error: ConnectorError, of_company: bool) -> CommandError {
    match error.kind {
        Remotely::NotFound(_) => {
            CommandError::new(Kind::Usage, error).hint("Look the id up with the `list` of its kind: trueup pax8 --help")
        }
        Remotely::Auth(_) if of_company => {
            CommandError::from(error).hint("Pax8 also answers so for a company it does not know: look at --company.")
        }
        Remotely::Auth(_)
        | Remotely::RateLimited { .. }
        | Remotely::Transient(_)
        | Remotely::Rejected { .. }
        | Remotely::Malformed { .. }
        | Remotely::Incomplete(_)
        | Remotely::Settings(_)
        | Remotely::Unfit(_)
        | Remotely::Limit(_) => error.into(),
    }
}

/// Reads one record.
pub(super) async fn one(remote: &Remote, ask: &Ask) -> Result<Record, CommandError> {
    remote.one(ask).await.map_err(|error| unanswered(error, false))
}

impl From<Invalid> for CommandError {
    fn from(invalid: Invalid) -> Self {
        Self::new(Kind::Usage, invalid)
    }
}
