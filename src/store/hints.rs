//! Hints: what a remote said has changed, kept until it was read. What names nothing that is read stays for people to see, as one
//! row, until its connection is taken out.
//!
//! Keeps the invariants that there is one row for a connection and a listing, however often something was said, and that it goes
//! only when nothing was said since it was looked at. The one table that is written without the lock: news arrives while another
//! process reads, and nothing hangs on its rows but when something is read.

use chrono::{DateTime, Utc};

use crate::core::hint::{Hint, HintedListing};
use crate::store::dialect::{on_db, on_tx};
use crate::store::error::{Result, StoreError, reading};
use crate::store::words::{self, At, storable};
use crate::store::{Store, Tx, row_number};

row_number!(HintId, "The number of a hint.");

/// A hint that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredHint {
    /// Its number.
    pub id: HintId,
    /// The connection.
    pub connector: String,
    /// What to read.
    pub listing: HintedListing,
    /// What was said last.
    pub said: String,
    /// How often something was said.
    pub deliveries: u64,
    /// When it was said first.
    pub at: DateTime<Utc>,
    /// When it was said last.
    pub last_at: DateTime<Utc>,
}

#[derive(sqlx::FromRow)]
struct HintRow {
    hint_id: HintId,
    connector: String,
    listing: String,
    said: String,
    deliveries: i64,
    created_at: DateTime<Utc>,
    last_at: DateTime<Utc>,
}

impl TryFrom<HintRow> for StoredHint {
    type Error = StoreError;

    fn try_from(row: HintRow) -> Result<Self> {
        let at = At { table: "hint", row: &row.hint_id };
        Ok(Self {
            id: row.hint_id,
            listing: at.word("listing", &row.listing)?,
            deliveries: at.count("deliveries", row.deliveries)?,
            connector: row.connector,
            said: row.said,
            at: row.created_at,
            last_at: row.last_at,
        })
    }
}

impl Store {
    /// Notes what was said. It is on disk when this returns.
    pub async fn note_hint(&self, connector: &str, hint: &Hint) -> Result<()> {
        let (listing, now) = (words::word("hint", "listing", &hint.listing)?, self.clock.now());
        let mut inner = self.begin().await?;
        on_tx!(inner, conn => sqlx::query(
            "insert into hint (connector, listing, said, deliveries, created_at, last_at)
             values ($1, $2, $3, 1, $4, $5)
             on conflict (connector, listing) do update
             set said = excluded.said, deliveries = hint.deliveries + 1, last_at = excluded.last_at")
            .bind(connector).bind(listing).bind(storable(&hint.said)).bind(now).bind(now)
            .execute(conn).await.map(|_| ()))?;
        inner.commit().await
    }

    /// Every hint that waits, by connection and listing.
    pub async fn list_hints(&self) -> Result<Vec<StoredHint>> {
        let rows: Vec<HintRow> = on_db!(self, conn => sqlx::query_as(
            "select hint_id, connector, listing, said, deliveries, created_at, last_at
             from hint
             order by connector, listing, hint_id")
            .fetch_all(conn).await)
        .map_err(reading("hint", "among those that wait"))?;
        rows.into_iter().map(StoredHint::try_from).collect()
    }

    /// Takes out a hint that was read, unless more was said since it was looked at; whether it is gone.
    pub async fn settle_hint(&self, hint: &StoredHint) -> Result<bool> {
        let deliveries = i64::try_from(hint.deliveries).unwrap_or(i64::MAX);
        let mut inner = self.begin().await?;
        let gone = on_tx!(inner, conn => sqlx::query(
            "delete from hint
             where hint_id = $1 and deliveries = $2")
            .bind(hint.id).bind(deliveries)
            .execute(conn).await.map(|done| done.rows_affected()))?;
        inner.commit().await?;
        Ok(gone == 1)
    }
}

impl Tx {
    /// Takes out whatever a connection said.
    pub async fn delete_hints(&mut self, connector: &str) -> Result<()> {
        on_tx!(self.inner, conn => sqlx::query(
            "delete from hint
             where connector = $1")
            .bind(connector)
            .execute(conn).await.map(|_| ()))?;
        Ok(())
    }
}
