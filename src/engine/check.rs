//! Tries every connection and the database.

use std::error::Error as _;

use crate::engine::connections::{self, Connected};
use crate::engine::{CheckLine, Engine, EngineError, Result};

/// What was tried of one connection, or of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Its configured name; `database` for the database.
    pub name: String,
    /// Where it is, as far as that is known.
    pub location: String,
    /// What was tried.
    pub lines: Vec<CheckLine>,
}

impl Checked {
    /// Whether everything that was tried works.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.lines.iter().all(|line| line.outcome.is_ok())
    }
}

impl Engine {
    /// Tries the database and each connection, or the one asked for alone. What cannot even be opened is a line like others.
    ///
    /// # Errors
    /// There is no connection of the name asked for.
    pub async fn check(&self, only: Option<&str>) -> Result<Vec<Checked>> {
        let mut checked = Vec::new();
        if only.is_none() {
            checked.push(self.check_database().await);
        }
        for name in connections::names(&self.config, only)? {
            checked.push(match connections::open(&self.config, &self.environment, &name) {
                Ok(connected) => self.check_connection(name, &connected).await,
                Err(error) => Checked { name, location: String::new(), lines: vec![line("open", Err(error))] },
            });
        }
        Ok(checked)
    }

    async fn check_connection(&self, name: String, connected: &Connected) -> Checked {
        Checked { name, location: connected.descriptor().location.clone(), lines: connected.check().await }
    }

    async fn check_database(&self) -> Checked {
        let opened = self.store().await;
        let location = opened.as_ref().map(|store| store.location().to_string()).unwrap_or_default();
        let told = opened.map(|_| "ready, every migration is applied".to_owned());
        Checked { name: "database".to_owned(), location, lines: vec![line("open", told)] }
    }
}

fn line(what: &str, outcome: Result<String>) -> CheckLine {
    let told =
        |error: EngineError| error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"));
    CheckLine { what: what.to_owned(), outcome: outcome.map_err(told) }
}
