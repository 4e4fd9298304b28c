//! Snapshots while their records arrive: written batch by batch, in as many transactions as it takes.
//!
//! Keeps the invariants that nobody sees a snapshot that is not finished, that one which never will be is taken out by the
//! next holder of the lock, and that where the batches were cut shows nowhere: same records, same rows, same fingerprint. A
//! record's text is stored once however often it is listed.

use serde::Serialize;
use sqlx::QueryBuilder;

use crate::core::record::{Fingerprint, Keyed, PartialFingerprint};
use crate::core::snapshot::{Problem, Pulled, is_whole};
use crate::store::dialect::{ROWS_PER_INSERT, on_tx};
use crate::store::error::{Result, StoreError};
use crate::store::snapshots::{NewSnapshot, SnapshotId};
use crate::store::words::{self, storable, stored_count};
use crate::store::{Store, Tx};

/// A snapshot that is being written.
#[derive(Debug)]
pub struct Arriving {
    id: SnapshotId,
    records: usize,
    fingerprints: PartialFingerprint,
}

/// A record on its way into the database.
struct OutRow {
    position: i64,
    key: String,
    fingerprint: Fingerprint,
    body: String,
}

impl Store {
    /// Takes out what was never finished: only the holder of the lock may, for nobody else is writing then.
    pub(super) async fn remove_unfinished(&self) -> Result<()> {
        let mut inner = self.begin().await?;
        for statement in [
            "delete from snapshot_row
             where snapshot_id in (select snapshot_id from snapshot where not finished)",
            "delete from snapshot
             where not finished",
        ] {
            on_tx!(inner, conn => sqlx::query(statement).execute(conn).await.map(|_| ()))?;
        }
        inner.commit().await
    }
}

impl Tx {
    /// Saves what a pull yielded, with its problems, in this one transaction.
    pub async fn save_snapshot<R: Serialize + Keyed>(
        &mut self,
        new: &NewSnapshot<'_>,
        pulled: &Pulled<R>,
    ) -> Result<SnapshotId> {
        let mut arriving = self.begin_snapshot(new).await?;
        self.add_records(&mut arriving, pulled.records()).await?;
        self.finish_snapshot(arriving, pulled.problems()).await
    }

    /// Begins a snapshot, as yet without records.
    pub async fn begin_snapshot(&mut self, new: &NewSnapshot<'_>) -> Result<Arriving> {
        let side = if new.entity.is_vendor() { "vendor" } else { "psa" };
        let id = on_tx!(self.inner, conn => sqlx::query_scalar(
            "insert into snapshot
             (connector, side, entity, period, taken_at, finished, complete, records, problems, fingerprint, run_id,
              created_at)
             values ($1, $2, $3, $4, $5, $6, $7, 0, 0, '', $8, $9)
             returning snapshot_id")
            .bind(new.connector).bind(side).bind(new.entity.as_str()).bind(new.period.map(|p| p.to_string()))
            .bind(new.taken_at).bind(false).bind(false).bind(self.run).bind(self.clock.now())
            .fetch_one(conn).await)?;
        Ok(Arriving { id, records: 0, fingerprints: PartialFingerprint::default() })
    }

    /// Adds the next records, in the order of the source.
    pub async fn add_records<R: Serialize + Keyed>(&mut self, to: &mut Arriving, records: &[R]) -> Result<()> {
        for chunk in records.chunks(ROWS_PER_INSERT) {
            let mut rows = Vec::with_capacity(chunk.len());
            for record in chunk {
                let body = words::json("payload", "body", record)?;
                let fingerprint = Fingerprint::of(body.as_bytes());
                to.fingerprints.add(fingerprint.as_str().as_bytes());
                let position = stored_count(to.records);
                to.records = to.records.saturating_add(1);
                rows.push(OutRow { position, key: storable(&record.key()), fingerprint, body });
            }
            self.insert_payloads(&rows).await?;
            self.insert_rows(to.id, &rows).await?;
        }
        Ok(())
    }

    /// Takes its records out again: the listing is read from its start.
    pub async fn clear_snapshot(&mut self, arriving: &mut Arriving) -> Result<()> {
        on_tx!(self.inner, conn => sqlx::query(
            "delete from snapshot_row
             where snapshot_id = $1")
            .bind(arriving.id)
            .execute(conn).await.map(|_| ()))?;
        (arriving.records, arriving.fingerprints) = (0, PartialFingerprint::default());
        Ok(())
    }

    /// Finishes a snapshot: from the commit on it can be seen. It is complete where there is no problem.
    pub async fn finish_snapshot(&mut self, arriving: Arriving, problems: &[Problem]) -> Result<SnapshotId> {
        let Arriving { id, records, fingerprints } = arriving;
        self.insert_problems(id, problems).await?;
        let actual = on_tx!(self.inner, conn => sqlx::query(
            "update snapshot
             set finished = $1, complete = $2, records = $3, problems = $4, fingerprint = $5
             where snapshot_id = $6 and not finished")
            .bind(true).bind(is_whole(problems)).bind(stored_count(records)).bind(stored_count(problems.len()))
            .bind(fingerprints.end().as_str()).bind(id)
            .execute(conn).await.map(|done| done.rows_affected()))?;
        if actual == 1 { Ok(id) } else { Err(StoreError::RowsAffected { table: "snapshot", expected: 1, actual }) }
    }

    async fn insert_payloads(&mut self, rows: &[OutRow]) -> Result<()> {
        let (run, now) = (self.run, self.clock.now());
        on_tx!(self.inner, conn => {
            let mut insert = QueryBuilder::new("insert into payload (fingerprint, body, run_id, created_at) ");
            insert.push_values(rows, |mut values, row| {
                values.push_bind(row.fingerprint.as_str()).push_bind(row.body.as_str()).push_bind(run).push_bind(now);
            });
            insert.push(" on conflict do nothing");
            insert.build().execute(conn).await.map(|_| ())
        })?;
        Ok(())
    }

    async fn insert_rows(&mut self, snapshot: SnapshotId, rows: &[OutRow]) -> Result<()> {
        on_tx!(self.inner, conn => {
            let mut insert =
                QueryBuilder::new("insert into snapshot_row (snapshot_id, position, record_key, fingerprint) ");
            insert.push_values(rows, |mut values, row| {
                values.push_bind(snapshot).push_bind(row.position).push_bind(row.key.as_str())
                    .push_bind(row.fingerprint.as_str());
            });
            insert.build().execute(conn).await.map(|_| ())
        })?;
        Ok(())
    }

    async fn insert_problems(&mut self, snapshot: SnapshotId, problems: &[Problem]) -> Result<()> {
        let mut position = 0_i64;
        for chunk in problems.chunks(ROWS_PER_INSERT) {
            on_tx!(self.inner, conn => {
                let mut insert = QueryBuilder::new(
                    "insert into problem (snapshot_id, position, place, record, field, what, customer) ");
                insert.push_values(chunk, |mut values, problem| {
                    values.push_bind(snapshot).push_bind(position).push_bind(storable(&problem.at))
                        .push_bind(problem.record.as_deref().map(storable))
                        .push_bind(problem.field.as_deref().map(storable)).push_bind(storable(&problem.what))
                        .push_bind(problem.customer.as_ref().map(|customer| storable(&customer.to_string())));
                    position = position.saturating_add(1);
                });
                insert.build().execute(conn).await.map(|_| ())
            })?;
        }
        Ok(())
    }
}
