//! The embedded or shared database: one set of queries, SQLite or PostgreSQL.
//!
//! [`Store`] reads. Writing needs a [`Lease`], which only one process has at a time, and a run opened on it: a [`Tx`] belongs
//! to both, and what it wrote is there after [`Tx::commit`] or not at all. Opening refuses a database whose tables are not
//! exactly the ones this program knows. Hints alone are noted without a lease.

mod arriving;
mod bundles;
mod dialect;
mod error;
mod findings;
mod hints;
mod journal;
mod journal_notes;
mod lease;
mod links;
mod location;
mod migrate;
mod open;
mod proposals;
mod removal;
mod runs;
mod snapshots;
mod tickets;
mod words;

use sqlx::{PgPool, Postgres, Sqlite, SqlitePool, Transaction};

use crate::clock::Clock;
use crate::store::dialect::on_tx;

pub use arriving::Arriving;
pub use error::{Result, StoreError};
pub use findings::{LinksUsed, ReconciliationHeader, ReconciliationId, StoredOutcome};
pub use hints::{HintId, StoredHint};
pub use journal::{JournalEntry, JournalId, NewWrite, WriteEnd, WriteOutcome};
pub use journal_notes::{JournalNote, JournalNoteId, WriteSource};
pub use lease::{Lease, Wait};
pub use links::{DecisionId, NewDecision, StoredDecision, StoredLink};
pub use location::Location;
pub use migrate::{MigrationState, MigrationStatus, MigrationStep};
pub use proposals::{NewProposal, ProposalId, StoredProposal};
pub use runs::{NewRun, Run, RunId, RunOutcome};
pub use snapshots::{NewSnapshot, SnapshotHeader, SnapshotId, Stored};
pub use tickets::{NewTicket, Ticket, TicketChange, TicketId, TicketState};

/// An open database.
#[derive(Debug, Clone)]
pub struct Store {
    db: Db,
    clock: Clock,
    location: Location,
}

#[derive(Debug, Clone)]
enum Db {
    /// Many may read; the one writing connection keeps writers of this process in a queue.
    Sqlite {
        readers: SqlitePool,
        writer: SqlitePool,
    },
    Postgres(PgPool),
}

/// A transaction of one run. Dropping it undoes everything it wrote.
#[derive(Debug)]
pub struct Tx {
    inner: TxDb,
    clock: Clock,
    run: RunId,
}

#[derive(Debug)]
enum TxDb {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Store {
    /// Where the database is; holds no password.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Begins a writing transaction.
    ///
    /// In a task of its own: a `begin` dropped half-way would leave a pooled connection inside a transaction.
    async fn begin(&self) -> Result<TxDb> {
        let db = self.db.clone();
        in_own_task(async move {
            Ok(match db {
                // A deferred transaction would fail at its first write instead of waiting for the lock.
                Db::Sqlite { writer, .. } => TxDb::Sqlite(writer.begin_with("begin immediate").await?),
                Db::Postgres(pool) => TxDb::Postgres(pool.begin().await?),
            })
        })
        .await
    }
}

impl TxDb {
    async fn commit(self) -> Result<()> {
        in_own_task(async move {
            match self {
                Self::Sqlite(open) => open.commit().await?,
                Self::Postgres(open) => open.commit().await?,
            }
            Ok(())
        })
        .await
    }
}

impl Tx {
    /// Opens a transaction for a run, and keeps the run's row locked until the end: a run that another holder of the lock
    /// has marked as interrupted cannot write any more.
    async fn of_run(store: &Store, run: RunId) -> Result<Self> {
        let mut inner = store.begin().await?;
        let touched = on_tx!(inner, conn => sqlx::query(
            "update run
             set outcome = 'running'
             where run_id = $1 and outcome = 'running'")
            .bind(run)
            .execute(conn).await.map(|done| done.rows_affected()))?;
        if touched != 1 {
            return Err(StoreError::RunEnded { run: run.number() });
        }
        Ok(Self { inner, clock: store.clock, run })
    }

    /// Makes everything it wrote last.
    pub async fn commit(self) -> Result<()> {
        self.inner.commit().await
    }
}

/// Runs work to its end even when whoever waits for it is dropped.
async fn in_own_task<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    match tokio::spawn(work).await {
        Ok(done) => done,
        Err(stopped) => Err(StoreError::Driver(sqlx::Error::Io(std::io::Error::other(stopped)))),
    }
}

/// A row's number, typed by its table.
macro_rules! row_number {
    ($name:ident, $doc:literal) => {
        #[doc = $doc]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
        #[sqlx(transparent)]
        pub struct $name(i64);

        impl $name {
            /// Takes a number a person typed; whether there is such a row, a look-up says.
            #[must_use]
            pub fn new(number: i64) -> Self {
                Self(number)
            }

            /// The number, for people.
            #[must_use]
            pub fn number(self) -> i64 {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}
pub(crate) use row_number;
