//! One function per job: loads values, calls core, saves values.
//!
//! Owns no decision: what is the same, what differs and what may be linked is said by `core`. Every job that writes holds
//! the lease and belongs to a run, which stands in the database with how it ended.

mod connect;
mod delimited;
mod directory;
mod error;
mod exports;
mod folder;
mod propose;
mod pull;
mod reconcile;
mod review;

use std::time::Duration;

use crate::clock::Clock;
use crate::config::{self, Config, Environment, Matching};
use crate::core::record::Fingerprint;
use crate::store::{Lease, Location, NewRun, RunId, Store, Tx, Wait};

pub use crate::connectors::{CheckFailed, CheckLine, ConnectorError, Descriptor, ErrorKind, Side, Unwatched, Watch};
pub use crate::store::{
    MigrationState, MigrationStatus, ReconciliationHeader, Run, RunOutcome, SnapshotHeader, StoreError, StoredOutcome,
};
pub use connect::{
    Connection, KINDS, Kind, Remembered, Setting, connect, connect_all, connect_to_check, lint_connector_file,
    remember_columns, shipped_connector_files,
};
pub use delimited::{Delimited, read_delimited};
pub use directory::Directory;
pub use error::{EngineError, Result};
pub use exports::{ExportField, export_fields};
pub use folder::{Exported, read_links, reconcile_folder};
pub use propose::Proposed;
pub use pull::{Extra, Listing, PullRequest};
pub use reconcile::Reconciled;
pub use review::{Board, Decided, Gone, Names, Reviewed};

/// The database, and what every job needs besides.
#[derive(Debug)]
pub struct Engine {
    store: Store,
    clock: Clock,
    who: String,
    config: Fingerprint,
    matching: Matching,
    connections: Vec<(String, config::Side)>,
    folder: std::path::PathBuf,
    snapshot_age_hours_max: u64,
    records_max: u64,
    wait: Wait,
}

impl Engine {
    /// Opens the configured database.
    ///
    /// # Errors
    /// [`StoreError`] says whether it must be migrated first.
    pub async fn open(config: &Config, environment: &Environment, clock: Clock, who: &str) -> Result<Self> {
        let store = Store::open(location(config, environment)?, clock).await?;
        Ok(Self {
            store,
            clock,
            who: who.to_owned(),
            config: config.fingerprint(),
            matching: config.matching.clone(),
            connections: config.connectors.iter().map(|(name, about)| (name.clone(), about.side)).collect(),
            folder: config.folder().to_owned(),
            snapshot_age_hours_max: config.reconcile.snapshot_age_hours_max,
            records_max: config.limits.records_max,
            wait: match config.store.lock_wait_seconds_max {
                0 => Wait::Never,
                seconds => Wait::AtMost(Duration::from_secs(seconds)),
            },
        })
    }

    /// Brings the tables up to date; how many migrations were applied. Creates an embedded database that is not there.
    ///
    /// # Errors
    /// What the database says.
    pub async fn migrate(config: &Config, environment: &Environment, clock: Clock) -> Result<usize> {
        Ok(Store::prepare(location(config, environment)?, clock).await?.migrate().await?)
    }

    /// How the tables stand.
    ///
    /// # Errors
    /// What the database says.
    pub async fn migration_status(config: &Config, environment: &Environment, clock: Clock) -> Result<MigrationStatus> {
        Ok(Store::prepare(location(config, environment)?, clock).await?.migration_status().await?)
    }

    /// Where the database is; holds no password.
    #[must_use]
    pub fn location(&self) -> String {
        self.store.location().to_string()
    }

    /// Of the configuration.
    #[must_use]
    pub fn config(&self) -> &Fingerprint {
        &self.config
    }

    /// The last runs, newest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn runs(&self, at_most: u32) -> Result<Vec<Run>> {
        Ok(self.store.list_runs(at_most).await?)
    }

    /// The last snapshots, newest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn snapshots(&self, at_most: u32) -> Result<Vec<SnapshotHeader>> {
        Ok(self.store.list_snapshots(at_most).await?)
    }

    /// The last reconciliations, newest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn reconciliations(&self, at_most: u32) -> Result<Vec<ReconciliationHeader>> {
        Ok(self.store.list_reconciliations(at_most).await?)
    }

    async fn begin(&self, job: &str) -> Result<Job> {
        let holder = format!("trueup {job} by {}, process {}", self.who, std::process::id());
        let lease = self.store.lease(&holder, self.wait).await?;
        let run = lease.open_run(&NewRun { job, who: &self.who, config: Some(&self.config) }).await?;
        Ok(Job { lease, run })
    }
}

fn location(config: &Config, environment: &Environment) -> Result<Location> {
    use secrecy::ExposeSecret as _;
    Ok(config.store_url(environment)?.expose_secret().parse()?)
}

/// A job that is under way: the right to write, and the run it writes for.
struct Job {
    lease: Lease,
    run: RunId,
}

impl Job {
    async fn tx(&self) -> Result<Tx> {
        Ok(self.lease.begin(self.run).await?)
    }

    async fn end(self, outcome: RunOutcome, receipt: &serde_json::Value) -> Result<()> {
        let mut tx = self.tx().await?;
        tx.end_run(outcome, Some(receipt)).await?;
        Ok(tx.commit().await?)
    }

    /// Ends the run of a job that failed; the first error is the one to tell.
    async fn failed<T>(self, error: EngineError) -> Result<T> {
        let receipt = serde_json::json!({ "error": error.to_string() });
        self.end(RunOutcome::Failed, &receipt).await?;
        Err(error)
    }
}
