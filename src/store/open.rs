//! Opening a database with the settings that make a commit last.
//!
//! Keeps the invariants that an embedded database's file is its owner's alone, that a commit is on disk when it returns, and
//! that nobody reads a database whose tables are not the ones this program knows.

use std::path::Path;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{PgPool, SqlitePool};

use crate::clock::Clock;
use crate::store::error::{Result, StoreError};
use crate::store::{Db, Location, Store};

/// How long a statement waits for another process's write before it fails.
const BUSY_WAIT: Duration = Duration::from_secs(30);

/// Readers of one process; listings are read one after the other, pages of the review side by side.
const CONNECTIONS_MAX: u32 = 4;

impl Store {
    /// Opens a database that is ready for use.
    ///
    /// # Errors
    /// [`StoreError::NotMigrated`] and [`StoreError::Newer`] say what to do.
    pub async fn open(location: Location, clock: Clock) -> Result<Self> {
        if let Location::Sqlite(path) = &location
            && !path.exists()
        {
            let known = crate::store::migrate::known();
            return Err(StoreError::NotMigrated { location: location.to_string(), pending: known, known });
        }
        let store = Self::prepare(location, clock).await?;
        store.migration_status().await?.refuse_unless_current(&store.location)?;
        Ok(store)
    }

    /// Opens a database whatever state its tables are in, to migrate it or to look at its state. An embedded database that
    /// does not exist is created, readable by its owner alone.
    pub async fn prepare(location: Location, clock: Clock) -> Result<Self> {
        let unreachable = |what: String| StoreError::Unreachable { location: location.to_string(), what };
        let db = match &location {
            Location::Sqlite(path) => {
                create_private(path).map_err(|error| unreachable(error.to_string()))?;
                let (readers, writer) = sqlite(path).await.map_err(|error| unreachable(error.to_string()))?;
                Db::Sqlite { readers, writer }
            }
            Location::Postgres(options) => {
                Db::Postgres(postgres(options).await.map_err(|error| unreachable(error.to_string()))?)
            }
        };
        Ok(Self { db, clock, location })
    }
}

/// Creates the file before SQLite does, which would make it readable for everybody; its side files inherit the mode.
pub(crate) fn create_private(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

async fn sqlite(path: &Path) -> sqlx::Result<(SqlitePool, SqlitePool)> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_WAIT);
    let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
    let readers =
        SqlitePoolOptions::new().max_connections(CONNECTIONS_MAX).connect_lazy_with(options.pragma("query_only", "on"));
    Ok((readers, writer))
}

async fn postgres(options: &PgConnectOptions) -> sqlx::Result<PgPool> {
    let options = options.clone().application_name("trueup").options([("synchronous_commit", "on")]);
    PgPoolOptions::new().max_connections(CONNECTIONS_MAX).acquire_timeout(BUSY_WAIT).connect_with(options).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_embedded_database_keeps_what_it_committed_and_its_readers_only_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trueup.db");
        drop(create_private(&path).unwrap());
        let (readers, writer) = sqlite(&path).await.unwrap();
        let setting = async |pool: &SqlitePool, name: &'static str| -> i64 {
            sqlx::query_scalar(name).fetch_one(pool).await.unwrap()
        };
        for pool in [&readers, &writer] {
            assert_eq!(setting(pool, "pragma synchronous").await, 2, "FULL");
            assert_eq!(setting(pool, "pragma foreign_keys").await, 1);
        }
        let journal: String = sqlx::query_scalar("pragma journal_mode").fetch_one(&writer).await.unwrap();
        assert_eq!(journal, "wal");
        assert!(sqlx::query("create table t (a)").execute(&readers).await.is_err());
        sqlx::query("create table t (a)").execute(&writer).await.unwrap();
    }
}
