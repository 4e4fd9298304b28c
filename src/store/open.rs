//! Opening a database with the settings that make a commit last.
//!
//! Keeps the invariants that an embedded database's file is its owner's alone, that a commit is on disk when it returns, and
//! that nobody reads a database whose tables are not the ones this program knows.

use std::path::Path;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, PgConnection, PgPool, SqlitePool};
use tracing::warn;

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
                if is_writable_for_all(path) {
                    warn!("every user of this machine may write to {}; run `chmod 600` on it", path.display());
                }
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

/// Creates the file before SQLite does, which would make it readable for everybody; its side files inherit the mode. A file
/// that is there is not opened: closing any descriptor of it would drop the locks SQLite holds for this process, and another
/// program that looks into the database would then take it for nobody's and clear its log away.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
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
    // A pool keeps trying for as long as it may wait and then says no more than that it waited.
    PgConnection::connect_with(&options).await?.close().await?;
    PgPoolOptions::new().max_connections(CONNECTIONS_MAX).acquire_timeout(BUSY_WAIT).connect_with(options).await
}

#[cfg(unix)]
fn is_writable_for_all(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|of| of.permissions().mode() & 0o002 != 0)
}

#[cfg(not(unix))]
fn is_writable_for_all(_path: &Path) -> bool {
    false
}

/// Opens the lock's file, or creates it. A link in its place is not followed: what it points to would be overwritten.
pub(crate) fn open_lock(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    }
    let file = options.open(path)?;
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::other("it is not a file"));
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_embedded_database_keeps_what_it_committed_and_its_readers_only_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trueup.db");
        create_private(&path).unwrap();
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

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn an_open_database_is_locked_against_programs_that_would_clear_its_log_away() {
        use std::os::unix::fs::MetadataExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trueup.db");
        let at = || Location::Sqlite(path.clone());
        let first = Store::prepare(at(), Clock::System).await.unwrap();
        first.migrate().await.unwrap();
        let second = Store::open(at(), Clock::System).await.unwrap();
        let inode = format!(":{} ", std::fs::metadata(&path).unwrap().ino());
        let locks = std::fs::read_to_string("/proc/locks").unwrap();
        assert!(locks.lines().any(|line| line.contains(" POSIX ") && line.contains(&inode)), "{locks}");
        drop((first, second));
    }
}
