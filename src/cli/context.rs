//! What every command is given: the terminal, the environment, which configuration, and which now.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};

use crate::cli::error::{CommandError, Kind};
use crate::cli::ui::Ui;
use crate::clock::Clock;
use crate::config::{self, Config, Environment};
use crate::core::period::BillingPeriod;
use crate::engine::{Engine, Stopper};

/// Whoever stops a command does not wait longer for it.
const STOPPING_MAX: Duration = Duration::from_secs(3);

/// Given to each command.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) ui: Arc<Ui>,
    pub(super) environment: Environment,
    as_of: Option<DateTime<Utc>>,
    config_file: PathBuf,
    stopper: Mutex<Option<Stopper>>,
    sending: AtomicBool,
}

impl Context {
    pub(super) fn new(
        ui: Arc<Ui>,
        environment: Environment,
        named: Option<&Path>,
        as_of: Option<DateTime<Utc>>,
    ) -> Self {
        let config_file = config::find(named, &environment);
        Self { ui, environment, as_of, config_file, stopper: Mutex::default(), sending: AtomicBool::default() }
    }

    /// The configuration file of this command, there or not.
    pub(super) fn config_file(&self) -> &Path {
        &self.config_file
    }

    /// What now is, for everything this command does.
    pub(super) fn clock(&self) -> Clock {
        self.as_of.map_or(Clock::System, Clock::Fixed)
    }

    /// Refuses another now than the real one, for commands that write to a remote: how long ago something was sent decides
    /// whether it may be sent again.
    pub(super) fn sends(&self) -> Result<(), CommandError> {
        self.sending.store(true, Ordering::Relaxed);
        let Some(as_of) = self.as_of else { return Ok(()) };
        let what = format!("--as-of {} is given, and this command writes to another system", as_of.to_rfc3339());
        Err(CommandError::new(Kind::Usage, what).hint("Leave --as-of out: what is sent is dated by the real clock."))
    }

    /// Refuses a now that has not come yet, for commands that write: whatever is dated by it would keep every later command
    /// out of the database until that day.
    pub(super) fn writes(&self) -> Result<(), CommandError> {
        match self.as_of {
            Some(as_of) if as_of > Clock::System.now() => {
                let what = format!("--as-of {} has not come yet, and this command writes", as_of.to_rfc3339());
                let hint =
                    "Leave --as-of out, or name a moment that has passed. Commands that only read take any moment.";
                Err(CommandError::new(Kind::Usage, what).hint(hint))
            }
            _ => Ok(()),
        }
    }

    /// The day it is now, in UTC.
    pub(super) fn today(&self) -> NaiveDate {
        self.clock().now().date_naive()
    }

    /// The month before now: the one whose documents are out.
    pub(super) fn last_month(&self) -> BillingPeriod {
        BillingPeriod::containing(self.today()).previous()
    }

    /// The configuration, read and checked.
    pub(super) fn config(&self) -> Result<Config, CommandError> {
        Ok(config::load(&self.config_file)?)
    }

    /// The engine on the configured database.
    pub(super) async fn engine(&self, config: &Config) -> Result<Engine, CommandError> {
        self.engine_for(config, &self.who()).await
    }

    /// The same, on the real clock.
    pub(super) async fn sending_engine(&self, config: &Config) -> Result<Engine, CommandError> {
        self.sending.store(true, Ordering::Relaxed);
        self.opened(config, Clock::System, &self.who()).await
    }

    /// The same, for work that is somebody else's.
    pub(super) async fn engine_for(&self, config: &Config, who: &str) -> Result<Engine, CommandError> {
        self.opened(config, self.clock(), who).await
    }

    async fn opened(&self, config: &Config, clock: Clock, who: &str) -> Result<Engine, CommandError> {
        let engine = Engine::open(config, &self.environment, clock, who).await?;
        *self.stopper.lock().unwrap_or_else(PoisonError::into_inner) = Some(engine.stopper());
        Ok(engine)
    }

    /// Whether something may have been sent that was not answered yet.
    pub(super) fn may_have_sent(&self) -> bool {
        self.sending.load(Ordering::Relaxed)
    }

    /// Ends the run of a command that was stopped, as far as that goes quickly.
    pub(super) async fn stopped(&self) {
        let stopper = self.stopper.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(stopper) = stopper else { return };
        match tokio::time::timeout(STOPPING_MAX, stopper.interrupted()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!("the run could not be marked as interrupted: {error}"),
            Err(_) => tracing::warn!("the run could not be marked as interrupted in time"),
        }
    }

    /// Who runs this, as runs and decisions note it.
    pub(super) fn who(&self) -> String {
        let named = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| self.environment.get(name));
        // A schedule sets none of them.
        named.map_or_else(user_number, str::to_owned)
    }
}

fn user_number() -> String {
    #[cfg(unix)]
    let number = format!("user {}", rustix::process::getuid().as_raw());
    #[cfg(not(unix))]
    let number = "unknown".to_owned();
    number
}
