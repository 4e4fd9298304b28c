//! `trueup db`: the database's schema.

use clap::Subcommand;

use crate::cli::args::Shown;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending};
use crate::engine::{Engine, MigrationState, MigrationStatus};
use crate::report::table::Kind::{Count, Text};
use crate::report::table::{Cell, Column, Table, count, counted};

/// Bring the database up to date, or see whether it is
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup db migrate")]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Migrate(Migrate),
    Status(Status),
}

/// Create the database or bring its schema up to date
///
/// Changes the schema only; no record is removed. Running it again changes nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup db migrate")]
struct Migrate {}

/// Show which migrations are applied and which wait
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup db status")]
struct Status {
    #[command(flatten)]
    shown: Shown,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let config = context.config()?;
        let (environment, clock) = (&context.environment, context.clock());
        match self.verb {
            Verb::Migrate(_) => {
                context.writes()?;
                let applied = Engine::migrate(&config, environment, clock).await?;
                let said = match applied {
                    0 => "nothing to do, it is up to date".to_owned(),
                    applied => format!("{} applied", counted(count(applied), "migration")),
                };
                context.ui.result(format!("{said}\n"))?;
            }
            Verb::Status(status) => {
                let found = Engine::migration_status(&config, environment, clock).await?;
                status.shown.show(&context.ui, &table(&found))?;
            }
        }
        Ok(Ending::Done)
    }
}

const COLUMNS: &[Column] = &[Column::new("version", Count), Column::new("name", Text), Column::new("applied", Text)];

fn table(status: &MigrationStatus) -> Table {
    let rows = status.steps.iter().map(|step| {
        let version = u64::try_from(step.version).map_or(Cell::Unknown, Cell::Count);
        vec![version, Cell::text(step.name.clone()), Cell::text(if step.applied { "yes" } else { "no" })]
    });
    let state = match status.state() {
        MigrationState::Current => "up to date",
        MigrationState::Pending => "migrations are missing; run `trueup db migrate`",
        MigrationState::Newer => "migrated by a newer program; use that one",
        MigrationState::Altered => "a migration was changed after it was applied",
    };
    let newer =
        status.newer.map(|version| format!("A newer program has applied migration {version}; use that program."));
    let altered = status.altered.map(|version| format!("Migration {version} was changed after it was applied."));
    Table {
        name: "migrations",
        title: "Migrations",
        about: "The steps that make the database's schema, and whether each is applied",
        head: vec![("state".to_owned(), state.to_owned())],
        columns: COLUMNS,
        rows: rows.collect(),
        notes: newer.into_iter().chain(altered).collect(),
    }
}
