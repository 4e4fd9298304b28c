//! What a connection may do: everything, or only read.
//!
//! Keeps the invariant that a test connection changes nothing, whatever it is asked.

use serde::Deserialize;

use crate::connectors::{ConnectorError, ErrorKind, Result};

/// What a connection may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// Read, and write when a person says so.
    #[default]
    Production,
    /// Read.
    Test,
}

impl Environment {
    /// As the configuration writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Test => "test",
        }
    }

    /// Refuses a write where a connection may make none.
    ///
    /// # Errors
    /// [`ErrorKind::Settings`] for a test connection.
    pub fn may_write(self, connector: &str, operation: impl Into<String>) -> Result<()> {
        match self {
            Self::Production => Ok(()),
            Self::Test => {
                let what =
                    "this is a test connection, and a test connection changes nothing; nothing was sent".to_owned();
                Err(ConnectorError::new(connector, operation, ErrorKind::Settings(what)))
            }
        }
    }
}
