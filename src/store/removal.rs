//! Taking a connection's records out of the database.
//!
//! Keeps the invariant that what a reconciliation was made from stays: its reports can still be shown as they were. Runs,
//! decisions, findings, tickets and the journal stay as well.

use std::collections::BTreeSet;

use crate::core::entity::Entity;
use crate::store::dialect::{on_db, on_tx};
use crate::store::error::{Result, reading};
use crate::store::words::At;
use crate::store::{Store, Tx};

impl Store {
    /// The ids of every record a connection ever listed of a kind.
    pub async fn list_record_keys(&self, connector: &str, entity: Entity) -> Result<BTreeSet<String>> {
        let keys: Vec<String> = on_db!(self, conn => sqlx::query_scalar(
            "select distinct held.record_key
             from snapshot_row held
             join snapshot on snapshot.snapshot_id = held.snapshot_id
             where snapshot.connector = $1 and snapshot.entity = $2 and snapshot.finished
             order by held.record_key")
            .bind(connector).bind(entity.as_str())
            .fetch_all(conn).await)
        .map_err(reading("snapshot_row", format!("of {connector} {entity}")))?;
        Ok(keys.into_iter().collect())
    }

    /// How many snapshots of a connection no reconciliation was made from, and from how many one was.
    pub async fn count_snapshots(&self, connector: &str) -> Result<(u64, u64)> {
        let (free, used): (i64, i64) = on_db!(self, conn => sqlx::query_as(
            "select coalesce(sum(case when used.snapshot_id is null then 1 else 0 end), 0),
                    coalesce(sum(case when used.snapshot_id is null then 0 else 1 end), 0)
             from snapshot
             left join (select distinct snapshot_id from reconciliation_source) used
                    on used.snapshot_id = snapshot.snapshot_id
             where snapshot.connector = $1 and snapshot.finished")
            .bind(connector)
            .fetch_one(conn).await)
        .map_err(reading("snapshot", format!("of {connector}")))?;
        let at = At { table: "snapshot", row: &connector };
        Ok((at.count("free", free)?, at.count("used", used)?))
    }
}

impl Tx {
    /// Deletes the snapshots of a connection that no reconciliation was made from, and records nothing else holds.
    pub async fn delete_snapshots(&mut self, connector: &str) -> Result<()> {
        for of_snapshot in [
            "delete from snapshot_row
             where snapshot_id in (select snapshot_id from snapshot where connector = $1)
               and snapshot_id not in (select snapshot_id from reconciliation_source)",
            "delete from problem
             where snapshot_id in (select snapshot_id from snapshot where connector = $1)
               and snapshot_id not in (select snapshot_id from reconciliation_source)",
            "delete from snapshot
             where connector = $1 and snapshot_id not in (select snapshot_id from reconciliation_source)",
        ] {
            on_tx!(self.inner, conn => sqlx::query(of_snapshot).bind(connector).execute(conn).await.map(|_| ()))?;
        }
        on_tx!(self.inner, conn => sqlx::query(
            "delete from payload
             where fingerprint not in (select fingerprint from snapshot_row)")
            .execute(conn).await.map(|_| ()))?;
        Ok(())
    }
}
