//! A fresh database for each test case, of either kind.
//!
//! SQLite lives in a temporary folder, PostgreSQL in a schema of its own in the cluster that `tests/run` starts. A missing
//! cluster is a failure, never a skip: a suite that ran on one database has not run.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the functions behind the tests may stop the test"
)]

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use tempfile::TempDir;
use trueup::clock::Clock;
use trueup::store::{Lease, Location, NewRun, RunId, Store, Wait};

/// A database that nobody else uses.
pub(crate) enum Database {
    Sqlite { url: String, _folder: TempDir },
    Postgres { url: String },
}

impl Database {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("trueup.db").display());
        Self::Sqlite { url, _folder: folder }
    }

    pub(crate) async fn postgres() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let server = server_url();
        let schema = format!("case_{}_{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut connection = PgConnection::connect(&server).await.expect("TRUEUP_TEST_POSTGRES_URL cannot be reached");
        let sql = format!("drop schema if exists {schema} cascade; create schema {schema}");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        let separator = if server.contains('?') { '&' } else { '?' };
        Self::Postgres { url: format!("{server}{separator}options[search_path]={schema}") }
    }

    pub(crate) fn location(&self) -> Location {
        match self {
            Self::Sqlite { url, .. } | Self::Postgres { url } => url.parse().unwrap(),
        }
    }

    /// A store whose tables are there.
    pub(crate) async fn store(&self) -> Store {
        let store = Store::prepare(self.location(), Clock::System).await.unwrap();
        store.migrate().await.unwrap();
        store
    }

    /// A store with the lock taken and a run opened.
    pub(crate) async fn running(&self) -> (Store, Lease, RunId) {
        let store = self.store().await;
        let lease = store.lease("a test", Wait::Never).await.unwrap();
        let run = lease.open_run(&NewRun { job: "test", who: "nobody", config: None }).await.unwrap();
        (store, lease, run)
    }

    /// Does what no function of the store does.
    pub(crate) async fn execute(&self, sql: &str) -> Result<(), sqlx::Error> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite { url, .. } => {
                let mut connection = SqliteConnection::connect(url).await?;
                sqlx::raw_sql(sql).execute(&mut connection).await.map(|_| ())
            }
            Self::Postgres { url } => {
                let mut connection = PgConnection::connect(url).await?;
                sqlx::raw_sql(sql).execute(&mut connection).await.map(|_| ())
            }
        }
    }

    /// Answers a query of one text column.
    pub(crate) async fn texts(&self, sql: &str) -> Vec<String> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite { url, .. } => {
                let mut connection = SqliteConnection::connect(url).await.unwrap();
                sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()
            }
            Self::Postgres { url } => {
                let mut connection = PgConnection::connect(url).await.unwrap();
                sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()
            }
        }
    }

    /// The database as processes killed this moment leave it.
    ///
    /// A killed process writes nothing more: a copy of an embedded database's files is what it leaves. A server sees its
    /// connections end; here, those that write to this schema and the one named after the lock's holder.
    pub(crate) async fn killed(&self, holder: &str) -> Self {
        match self {
            Self::Sqlite { _folder: folder, .. } => {
                let copy = Self::sqlite();
                let Self::Sqlite { _folder: to, .. } = &copy else { return copy };
                for file in std::fs::read_dir(folder.path()).unwrap() {
                    let file = file.unwrap();
                    std::fs::copy(file.path(), to.path().join(file.file_name())).unwrap();
                }
                copy
            }
            Self::Postgres { url } => {
                self.execute(&format!(
                    "select pg_terminate_backend(pid) from pg_locks where relation = 'run'::regclass
                     union all
                     select pg_terminate_backend(pid) from pg_stat_activity where application_name = '{holder}'"
                ))
                .await
                .unwrap();
                Self::Postgres { url: url.clone() }
            }
        }
    }

    /// How many rows a table has.
    pub(crate) async fn count(&self, table: &str) -> u32 {
        let rows = self.texts(&format!("select cast(count(*) as text) from {table}")).await;
        rows[0].parse().unwrap()
    }
}

#[expect(clippy::disallowed_methods, reason = "how tests/run says where its cluster is")]
fn server_url() -> String {
    std::env::var("TRUEUP_TEST_POSTGRES_URL").unwrap_or_else(|_| {
        panic!("this test needs PostgreSQL, which tests/run installs and starts: run tests/run instead of cargo test")
    })
}
