//! The lock of the one writer.
//!
//! Keeps the invariant that at most one process writes, and that the lock dies with its holder: a lock of the operating
//! system on a file beside an embedded database, an advisory lock on a connection of its own for PostgreSQL. No clock is
//! involved. Whoever takes the lock marks the runs that a killed holder left behind as interrupted, and takes out the
//! snapshots that it did not finish.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgConnection, PgPool};
use tokio::sync::Mutex;
use tokio::time::{interval, timeout};
use tracing::warn;

use crate::core::record::Fingerprint;
use crate::store::dialect::on_tx;
use crate::store::error::{Result, StoreError};
use crate::store::{Db, NewRun, RunId, Store, Tx, open};

/// How often a waiting process looks whether the lock is free.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// PostgreSQL shows at most this much of a connection's name, in bytes.
const HOLDER_MAX: usize = 63;

/// The first half of the advisory lock's key, so that it is no other program's; the second half names the schema.
const LOCK_CLASS: i32 = 0x7472_7570;

/// What to do when another process writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Fail at once, naming it.
    Never,
    /// Wait for it, but not longer.
    AtMost(Duration),
}

/// The right to write. Dropping it, or dying, gives it back.
#[derive(Debug)]
pub struct Lease {
    store: Store,
    hold: Hold,
    interrupted: Vec<RunId>,
}

#[derive(Debug)]
enum Hold {
    /// Open for as long as the lock is held.
    File {
        _locked: File,
    },
    Connection(Mutex<PgConnection>),
}

impl Store {
    /// Takes the lock in the name of `holder`: job, person and process, as another run will be told.
    ///
    /// # Errors
    /// [`StoreError::Locked`] names the other holder.
    pub async fn lease(&self, holder: &str, wait: Wait) -> Result<Lease> {
        let mut hold = self.try_hold(holder).await;
        if let (Wait::AtMost(longest), Err(StoreError::Locked { .. })) = (wait, &hold) {
            let patient = async {
                let mut looks = interval(LOOK_EVERY);
                loop {
                    looks.tick().await;
                    match self.try_hold(holder).await {
                        Err(StoreError::Locked { .. }) => {}
                        other => return other,
                    }
                }
            };
            if let Ok(outcome) = timeout(longest, patient).await {
                hold = outcome;
            }
        }
        let hold = hold?;
        let interrupted = self.mark_interrupted().await?;
        self.remove_unfinished().await?;
        for run in &interrupted {
            warn!(run = run.number(), "run {run} was left over by a process that died; marked as interrupted");
        }
        Ok(Lease { store: self.clone(), hold, interrupted })
    }

    async fn try_hold(&self, holder: &str) -> Result<Hold> {
        match (&self.db, &self.location) {
            (Db::Postgres(pool), _) => hold_connection(pool, holder).await,
            (Db::Sqlite { .. }, super::Location::Sqlite(path)) => hold_file(path, holder),
            (Db::Sqlite { .. }, super::Location::Postgres(_)) => {
                Err(StoreError::LeaseLost { what: format!("{} is no file", self.location) })
            }
        }
    }

    /// Marks a run of this process as interrupted; nothing when it has ended.
    pub async fn mark_run_interrupted(&self, run: RunId) -> Result<()> {
        let mut inner = self.begin().await?;
        on_tx!(inner, conn => sqlx::query(
            "update run
             set outcome = 'interrupted', ended_at = $1
             where run_id = $2 and outcome = 'running'")
            .bind(self.clock.now()).bind(run)
            .execute(conn).await.map(|_| ()))?;
        inner.commit().await
    }

    async fn mark_interrupted(&self) -> Result<Vec<RunId>> {
        let mut inner = self.begin().await?;
        let mut runs: Vec<RunId> = on_tx!(inner, conn => sqlx::query_scalar(
            "update run
             set outcome = 'interrupted', ended_at = $1
             where outcome = 'running'
             returning run_id")
            .bind(self.clock.now())
            .fetch_all(conn).await)?;
        inner.commit().await?;
        runs.sort();
        Ok(runs)
    }
}

impl Lease {
    /// The store it may write to.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The runs a process that died left behind; marked when the lock was taken.
    #[must_use]
    pub fn interrupted(&self) -> &[RunId] {
        &self.interrupted
    }

    /// Opens a run; it stands in the database from now on, whatever becomes of it.
    pub async fn open_run(&self, new: &NewRun<'_>) -> Result<RunId> {
        self.check_held().await?;
        let mut inner = self.store.begin().await?;
        let run = on_tx!(inner, conn => sqlx::query_scalar(
            "insert into run (job, who, config, outcome, created_at)
             values ($1, $2, $3, 'running', $4)
             returning run_id")
            .bind(new.job).bind(new.who).bind(new.config.map(Fingerprint::as_str)).bind(self.store.clock.now())
            .fetch_one(conn).await)?;
        inner.commit().await?;
        Ok(run)
    }

    /// Begins a transaction of a run.
    pub async fn begin(&self, run: RunId) -> Result<Tx> {
        self.check_held().await?;
        Tx::of_run(&self.store, run).await
    }

    /// A lock of the operating system cannot be lost; one on a connection is lost with the connection.
    async fn check_held(&self) -> Result<()> {
        match &self.hold {
            Hold::File { .. } => Ok(()),
            Hold::Connection(connection) => {
                let alive = connection.lock().await.ping().await;
                alive.map_err(|error| StoreError::LeaseLost { what: error.to_string() })
            }
        }
    }
}

/// The lock's file: beside the database, because locking the database's own file would disturb SQLite's locks.
fn lock_file(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

fn hold_file(database: &Path, holder: &str) -> Result<Hold> {
    let path = lock_file(database);
    let unreachable = |error: std::io::Error| StoreError::Unreachable {
        location: path.display().to_string(),
        what: error.to_string(),
    };
    let mut file = open::open_lock(&path).map_err(unreachable)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let _ = file.take(1_024).read_to_string(&mut text);
            return Err(locked(Some(text)));
        }
        Err(TryLockError::Error(error)) => return Err(unreachable(error)),
    }
    file.set_len(0).and_then(|()| file.write_all(holder.as_bytes())).map_err(unreachable)?;
    Ok(Hold::File { _locked: file })
}

async fn hold_connection(pool: &PgPool, holder: &str) -> Result<Hold> {
    let options = PgConnectOptions::clone(&pool.connect_options()).application_name(&connection_name(holder));
    let mut connection = PgConnection::connect_with(&options).await?;
    let schema: Option<String> = sqlx::query_scalar("select current_schema()").fetch_one(&mut connection).await?;
    let key = schema_key(&schema.unwrap_or_default());
    let held: bool = sqlx::query_scalar("select pg_try_advisory_lock($1, $2)")
        .bind(LOCK_CLASS)
        .bind(key)
        .fetch_one(&mut connection)
        .await?;
    if held {
        return Ok(Hold::Connection(Mutex::new(connection)));
    }
    let other: Option<Option<String>> = sqlx::query_scalar(
        "select activity.application_name
         from pg_locks held
         join pg_stat_activity activity on activity.pid = held.pid
         where held.locktype = 'advisory' and held.granted
           and held.database = (select oid from pg_database where datname = current_database())
           and held.classid::bigint = $1 and held.objid::bigint = $2 and held.objsubid = 2",
    )
    .bind(i64::from(LOCK_CLASS))
    .bind(i64::from(key))
    .fetch_optional(&mut connection)
    .await?;
    Err(locked(other.flatten()))
}

fn locked(holder: Option<String>) -> StoreError {
    let holder = holder.filter(|text| !text.trim().is_empty()).unwrap_or_else(|| "a process that gave no name".into());
    StoreError::Locked { holder }
}

/// A holder's text as PostgreSQL can show it: printable ASCII, cut at its bound.
fn connection_name(holder: &str) -> String {
    holder.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).take(HOLDER_MAX).collect()
}

/// A number for a schema's name, never negative.
fn schema_key(schema: &str) -> i32 {
    let digits: String = Fingerprint::of(schema.as_bytes()).as_str().chars().take(7).collect();
    i32::from_str_radix(&digits, 16).unwrap_or(0)
}
