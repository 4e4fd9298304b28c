//! Migrations: which are applied, and applying the rest.
//!
//! Both databases have the same migrations under the same numbers. An applied one is never edited: its checksum is compared
//! each time the database is opened.

use std::collections::BTreeMap;

use sqlx::migrate::Migrator;

use crate::store::dialect::on_db;
use crate::store::error::{Result, StoreError};
use crate::store::{Db, Location, Store};

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// How many migrations this program has.
pub(crate) fn known() -> usize {
    SQLITE.iter().count()
}

/// One migration and whether it is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStep {
    /// Its number.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// Whether the database has it.
    pub applied: bool,
}

/// What the database has and what this program knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStatus {
    /// Every migration this program knows, in order.
    pub steps: Vec<MigrationStep>,
    /// The latest migration that only a newer program knows.
    pub newer: Option<i64>,
    /// The first applied migration that is not the one this program has under that number.
    pub altered: Option<i64>,
}

/// What follows from a [`MigrationStatus`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MigrationState {
    /// Ready.
    Current,
    /// Some are missing.
    Pending,
    /// A newer program was here.
    Newer,
    /// An applied one was edited.
    Altered,
}

impl MigrationStatus {
    /// What follows.
    #[must_use]
    pub fn state(&self) -> MigrationState {
        if self.newer.is_some() {
            MigrationState::Newer
        } else if self.altered.is_some() {
            MigrationState::Altered
        } else if self.pending() > 0 {
            MigrationState::Pending
        } else {
            MigrationState::Current
        }
    }

    /// How many are missing.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.steps.iter().filter(|step| !step.applied).count()
    }

    pub(crate) fn refuse_unless_current(&self, location: &Location) -> Result<()> {
        self.refuse_foreign(location)?;
        if self.pending() > 0 {
            let location = location.to_string();
            return Err(StoreError::NotMigrated { location, pending: self.pending(), known: self.steps.len() });
        }
        Ok(())
    }

    fn refuse_foreign(&self, location: &Location) -> Result<()> {
        let location = location.to_string();
        if let Some(found) = self.newer {
            let known = self.steps.last().map_or(0, |step| step.version);
            return Err(StoreError::Newer { location, found, known });
        }
        match self.altered {
            Some(version) => Err(StoreError::Altered { location, version }),
            None => Ok(()),
        }
    }
}

impl Store {
    /// Applies what is missing, each migration whole or not at all; answers how many were missing.
    pub async fn migrate(&self) -> Result<usize> {
        let before = self.migration_status().await?;
        before.refuse_foreign(&self.location)?;
        let done = match &self.db {
            Db::Sqlite { writer, .. } => SQLITE.run(writer).await,
            Db::Postgres(pool) => POSTGRES.run(pool).await,
        };
        done.map_err(|error| StoreError::Migration { location: self.location.to_string(), what: error.to_string() })?;
        Ok(before.pending())
    }

    /// What the database has and what this program knows. Changes nothing.
    pub async fn migration_status(&self) -> Result<MigrationStatus> {
        let known = match &self.db {
            Db::Sqlite { .. } => &SQLITE,
            Db::Postgres(_) => &POSTGRES,
        };
        let applied = self.applied_migrations().await?;
        let altered = known
            .iter()
            .find(|migration| applied.get(&migration.version).is_some_and(|sum| *sum != *migration.checksum))
            .map(|migration| migration.version);
        let steps = known
            .iter()
            .map(|migration| MigrationStep {
                version: migration.version,
                name: migration.description.to_string(),
                applied: applied.contains_key(&migration.version),
            })
            .collect();
        let newer = applied.into_keys().rfind(|version| !known.version_exists(*version));
        Ok(MigrationStatus { steps, newer, altered })
    }

    /// The checksum of each applied migration, by number.
    async fn applied_migrations(&self) -> Result<BTreeMap<i64, Vec<u8>>> {
        let any: bool = match &self.db {
            Db::Sqlite { readers, .. } => {
                sqlx::query_scalar("select count(*) > 0 from sqlite_master where name = '_sqlx_migrations'")
                    .fetch_one(readers)
                    .await?
            }
            Db::Postgres(pool) => {
                sqlx::query_scalar("select to_regclass('_sqlx_migrations') is not null").fetch_one(pool).await?
            }
        };
        if !any {
            return Ok(BTreeMap::new());
        }
        let rows: Vec<(i64, Vec<u8>)> = on_db!(self, conn => sqlx::query_as(
            "select version, checksum
             from _sqlx_migrations
             where success
             order by version")
            .fetch_all(conn).await)?;
        Ok(rows.into_iter().collect())
    }
}
