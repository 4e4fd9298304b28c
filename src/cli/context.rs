//! What every command is given: the terminal, the environment, which configuration, and which now.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::cli::error::CommandError;
use crate::cli::ui::Ui;
use crate::clock::Clock;
use crate::config::{self, Config, Environment};
use crate::core::period::BillingPeriod;

/// Given to each command.
#[derive(Debug)]
pub(super) struct Context<'u> {
    pub(super) ui: &'u Ui,
    pub(super) environment: Environment,
    as_of: Option<DateTime<Utc>>,
    config_file: PathBuf,
}

impl<'u> Context<'u> {
    pub(super) fn new(
        ui: &'u Ui,
        environment: Environment,
        named: Option<&Path>,
        as_of: Option<DateTime<Utc>>,
    ) -> Self {
        let config_file = config::find(named, &environment);
        Self { ui, environment, as_of, config_file }
    }

    /// The configuration file of this command, there or not.
    pub(super) fn config_file(&self) -> &Path {
        &self.config_file
    }

    /// What now is, for everything this command does.
    pub(super) fn clock(&self) -> Clock {
        self.as_of.map_or(Clock::System, Clock::Fixed)
    }

    /// The month before now: the one whose documents are out.
    pub(super) fn last_month(&self) -> BillingPeriod {
        BillingPeriod::containing(self.clock().now().date_naive()).previous()
    }

    /// The configuration, read and checked.
    pub(super) fn config(&self) -> Result<Config, CommandError> {
        Ok(config::load(&self.config_file)?)
    }
}
