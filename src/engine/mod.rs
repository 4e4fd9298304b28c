//! One function per job: loads values, calls core, saves values.
//!
//! Owns no decision: what is the same, what differs and what may be linked is said by `core`. Every job that writes holds
//! the lease and belongs to a run, which stands in the database with how it ended.

mod connect;
mod connections;
mod connector_files;
mod decide;
mod delimited;
mod directory;
mod error;
mod explain;
mod exports;
mod folder;
mod hints;
mod imports;
mod journal;
mod past;
pub mod pax8;
mod propose;
mod pull;
mod reconcile;
mod renewals;
mod review;
mod saving;
mod tickets;
mod write;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Mutex;

use crate::clock::Clock;
use crate::config::{self, Config, Environment, Matching};
use crate::core::record::Fingerprint;
use crate::store::{Lease, Location, NewRun, Store, Tx, Wait};

pub use crate::connectors::rest::{Described, DescribedLine, Trial, TriedField, TriedRow};
pub use crate::connectors::writing::RecordSink;
pub use crate::connectors::{
    CheckFailed, CheckLine, ConnectorError, Descriptor, ErrorKind, PsaConnector, Side, Unwatched, Waiting, Watch,
    Watched, Way,
};
pub use crate::store::{
    JournalEntry, JournalId, JournalNote, MigrationState, MigrationStatus, ReconciliationHeader, Run, RunId,
    RunOutcome, SnapshotHeader, StoreError, StoredHint, StoredOutcome, Ticket, TicketState, WriteOutcome, WriteSource,
};
pub use connect::{
    Connection, KINDS, Kind, Remembered, Setting, connect, connect_all, connect_to_check, is_pax8, remember_columns,
};
pub use connections::{Removal, Standing, reauthorize};
pub use connector_files::{
    TrialSettings, connector_schema, describe_connector_file, draft_connector_file, lint_connector_file,
    shipped_connector_files, try_connector_file,
};
pub use decide::Decided;
pub use delimited::{Delimited, read_delimited};
pub use directory::Directory;
pub use error::{EngineError, Result};
pub use explain::Explained;
pub use exports::{ExportField, export_fields};
pub use folder::{ExportSource, Exported, read_links, reconcile_folder};
pub use hints::webhook_secrets;
pub use imports::{HandedOver, ImportState, Importing, LeftOut, Receipt, RowEnd, importing};
pub use journal::{Door, Ruling, WriteAccount};
pub use propose::Proposed;
pub use pull::{Contacts, Extra, Listing, PullRequest};
pub use reconcile::Reconciled;
pub use renewals::{Inventory, InventorySource, inventory_of_folder};
pub use review::{Board, Gone, Names, Reviewed};
pub use tickets::{TicketWish, shown_ticket};
pub use write::{Ended, Settled, Settling, Written};

/// The database, and what every job needs besides.
#[derive(Debug)]
pub struct Engine {
    store: Store,
    clock: Clock,
    who: String,
    config: Fingerprint,
    matching: Matching,
    connections: Vec<Configured>,
    folder: std::path::PathBuf,
    snapshot_age_hours_max: u64,
    records_max: u64,
    wait: Wait,
    under_way: UnderWay,
}

/// A connection of the configuration.
#[derive(Debug)]
struct Configured {
    name: String,
    side: config::Side,
    default: bool,
}

/// The run that an engine has open, if any.
type UnderWay = Arc<Mutex<Option<RunId>>>;

/// Ends the run of an engine whose work was stopped.
#[derive(Debug, Clone)]
pub struct Stopper {
    store: Store,
    under_way: UnderWay,
}

impl Stopper {
    /// Marks the open run as interrupted; nothing when there is none.
    ///
    /// # Errors
    /// What the database says.
    pub async fn interrupted(&self) -> Result<()> {
        let run = self.under_way.lock().await.take();
        match run {
            Some(run) => Ok(self.store.mark_run_interrupted(run).await?),
            None => Ok(()),
        }
    }
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
            connections: config
                .connectors
                .iter()
                .map(|(name, about)| Configured { name: name.clone(), side: about.side, default: about.default })
                .collect(),
            folder: config.folder().to_owned(),
            snapshot_age_hours_max: config.reconcile.snapshot_age_hours_max,
            records_max: config.limits.records_max,
            wait: match config.store.lock_wait_seconds_max {
                0 => Wait::Never,
                seconds => Wait::AtMost(Duration::from_secs(seconds)),
            },
            under_way: UnderWay::default(),
        })
    }

    /// What ends its run when its work is stopped.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper { store: self.store.clone(), under_way: Arc::clone(&self.under_way) }
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
        if let Some(last) = self.store.list_runs(1).await?.first() {
            self.not_before(&format!("run {}", last.id), last.ended_at.unwrap_or(last.started_at))?;
        }
        let since = Clock::System.now().format("%Y-%m-%d %H:%M");
        let holder = format!("{job} by {}{}, process {}, since {since}", self.who, on_host(), std::process::id());
        let lease = self.store.lease(&holder, self.wait).await?;
        let mut under_way = Arc::clone(&self.under_way).lock_owned().await;
        let (job, who, config) = (job.to_owned(), self.who.clone(), self.config.clone());
        // In a task of its own: whoever stops the work waits until the run is known, and no run is left over.
        let opened = tokio::spawn(async move {
            let run = lease.open_run(&NewRun { job: &job, who: &who, config: Some(&config) }).await?;
            *under_way = Some(run);
            Ok(Job { lease, run })
        });
        opened.await.map_err(|stopped| StoreError::LeaseLost { what: stopped.to_string() })?
    }
}

/// Clocks of several machines differ by this much at most.
const CLOCKS_DIFFER_MAX: TimeDelta = TimeDelta::minutes(5);

impl Engine {
    /// Refuses a clock that stands before what was recorded: ages and the order of runs would be wrong.
    fn not_before(&self, what: &str, recorded: DateTime<Utc>) -> Result<()> {
        let now = self.clock.now();
        if recorded.signed_duration_since(now) <= CLOCKS_DIFFER_MAX {
            return Ok(());
        }
        let shown = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M UTC").to_string();
        Err(EngineError::ClockBehind { now: shown(now), what: what.to_owned(), recorded: shown(recorded) })
    }
}

/// `@host`, where the system says its name.
fn on_host() -> String {
    #[cfg(unix)]
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let host = String::new();
    if host.is_empty() { host } else { format!("@{host}") }
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
    async fn failed<T>(self, mut error: EngineError) -> Result<T> {
        let receipt = serde_json::json!({ "error": error.to_string() });
        if let EngineError::Store(of_store) = &mut error {
            of_store.locate(self.lease.store().location());
        }
        if let Err(also) = self.end(RunOutcome::Failed, &receipt).await {
            tracing::info!("the end of the failed run could not be noted: {also}");
        }
        Err(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_error_is_told_when_the_end_of_the_run_cannot_be_noted_either() {
        let folder = tempfile::tempdir().unwrap();
        let config = config::parse(&folder.path().join("trueup.toml"), "").unwrap();
        let environment = Environment::default();
        Engine::migrate(&config, &environment, Clock::System).await.unwrap();
        let engine = Engine::open(&config, &environment, Clock::System, "a test").await.unwrap();
        let job = engine.begin("pull").await.unwrap();
        engine.stopper().interrupted().await.unwrap();
        let first = EngineError::NothingProposed { id: "7".to_owned() };
        assert!(matches!(job.failed::<()>(first).await, Err(EngineError::NothingProposed { .. })));
    }
}
