//! Why a job could not be done: which step, with the error of the layer below as its cause.

use crate::config::ConfigError;
use crate::connectors::ConnectorError;
use crate::store::StoreError;

/// What an engine function answers.
pub type Result<T> = std::result::Result<T, EngineError>;

/// A job that was not done.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A remote or a folder.
    #[error(transparent)]
    Connector(#[from] ConnectorError),
    /// The configuration has no connection of that name.
    #[error("there is no connection `{name}` in the configuration; it has {known}")]
    UnknownConnection {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
}
