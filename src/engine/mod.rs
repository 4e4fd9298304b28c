//! One function per job: loads values, calls core, saves values.
//!
//! Every job that writes has the same shape: take the lock, open a run, work, end the run with a receipt. Keeps the
//! invariant that nothing is written to a remote from here, and nothing to the database outside a run.

pub mod check;
pub mod connections;
pub mod db;
pub mod error;
pub mod pull;
mod run;

use std::time::Duration;

use secrecy::ExposeSecret as _;

pub use crate::clock::Clock;
use crate::config::{Config, Environment};
pub use crate::connectors::{CheckLine, Watch};
use crate::store::{Location, Store, Wait};
pub use crate::store::{MigrationStatus, MigrationStep};
pub use error::{EngineError, Result};

/// A configuration, and who uses it when.
#[derive(Debug)]
pub struct Engine {
    config: Config,
    environment: Environment,
    clock: Clock,
    who: String,
}

impl Engine {
    /// Opens nothing yet. `who` stands in every run and decision.
    #[must_use]
    pub fn new(config: Config, environment: Environment, clock: Clock, who: impl Into<String>) -> Self {
        Self { config, environment, clock, who: who.into() }
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    fn location(&self) -> Result<Location> {
        let url = self.config.store_url(&self.environment)?;
        Ok(url.expose_secret().parse()?)
    }

    async fn store(&self) -> Result<Store> {
        Ok(Store::open(self.location()?, self.clock).await?)
    }

    fn wait(&self) -> Wait {
        match self.config.store.lock_wait_seconds_max {
            0 => Wait::Never,
            seconds => Wait::AtMost(Duration::from_secs(seconds)),
        }
    }
}
