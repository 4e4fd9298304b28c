//! The database's schema: bring it up to date, or see whether it is.

use crate::engine::{Engine, MigrationStatus, Result};
use crate::store::Store;

/// What a migration did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// The database, without a password.
    pub location: String,
    /// How many migrations were missing and are applied now.
    pub applied: usize,
}

impl Engine {
    /// Creates the database or brings it up to date.
    ///
    /// # Errors
    /// The database cannot be opened, or was made by another program.
    pub async fn migrate(&self) -> Result<Migrated> {
        let store = Store::prepare(self.location()?, self.clock).await?;
        let applied = store.migrate().await?;
        Ok(Migrated { location: store.location().to_string(), applied })
    }

    /// Which migrations are applied, and where. Creates no database that is not there.
    ///
    /// # Errors
    /// The database is not there or cannot be opened.
    pub async fn migration_status(&self) -> Result<(String, MigrationStatus)> {
        let location = self.location()?;
        if let crate::store::Location::Sqlite(path) = &location
            && !path.exists()
        {
            // Opening says what is missing and what to do.
            Store::open(location.clone(), self.clock).await?;
        }
        let store = Store::prepare(location, self.clock).await?;
        Ok((store.location().to_string(), store.migration_status().await?))
    }
}
