//! Snapshots: what a connector listed at one time, kept as it came.
//!
//! Keeps the invariants that a snapshot is saved whole or not at all, that a record's text is stored once however often it is
//! listed, and that what is loaded is, row by row, what was saved.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use chrono::{DateTime, Utc};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::QueryBuilder;

use crate::core::entity::Entity;
use crate::core::period::BillingPeriod;
use crate::core::reconcile::outcome::KeyPart;
use crate::core::record::{Fingerprint, Keyed};
use crate::core::snapshot::{Problem, Pulled};
use crate::store::dialect::{ROWS_PER_INSERT, on_db, on_tx};
use crate::store::error::{Result, StoreError, reading};
use crate::store::words::{self, At, storable, stored_count};
use crate::store::{RunId, Store, Tx, row_number};

row_number!(SnapshotId, "The number of a snapshot.");

/// Records read back by one statement: bounds the memory of the raw texts.
const ROWS_PER_READ: i64 = 10_000;

/// What a snapshot is of.
#[derive(Debug, Clone, Copy)]
pub struct NewSnapshot<'a> {
    /// The connection's name.
    pub connector: &'a str,
    /// The kind of listing.
    pub entity: Entity,
    /// The month, for listings of one.
    pub period: Option<BillingPeriod>,
    /// When the listing began.
    pub taken_at: DateTime<Utc>,
}

/// What is known of a stored snapshot without reading its records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotHeader {
    /// Its number; later snapshots have higher ones.
    pub id: SnapshotId,
    /// The run that took it.
    pub run: RunId,
    /// The connection's name.
    pub connector: String,
    /// The kind of listing.
    pub entity: Entity,
    /// The month, for listings of one.
    pub period: Option<BillingPeriod>,
    /// When the listing began.
    pub taken_at: DateTime<Utc>,
    /// Whether nothing is missing.
    pub complete: bool,
    /// How many records it has.
    pub records: u64,
    /// How many problems it has.
    pub problems: u64,
    /// Of all its records in order: equal fingerprints are equal listings.
    pub fingerprint: Fingerprint,
}

/// A stored snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored<R> {
    /// What is known of it.
    pub header: SnapshotHeader,
    /// The records and the problems, as they were pulled.
    pub pulled: Pulled<R>,
}

#[derive(sqlx::FromRow)]
struct HeaderRow {
    snapshot_id: SnapshotId,
    run_id: RunId,
    connector: String,
    entity: String,
    period: Option<String>,
    taken_at: DateTime<Utc>,
    complete: bool,
    records: i64,
    problems: i64,
    fingerprint: String,
}

impl TryFrom<HeaderRow> for SnapshotHeader {
    type Error = StoreError;

    fn try_from(row: HeaderRow) -> Result<Self> {
        let at = At { table: "snapshot", row: &row.snapshot_id };
        let period = |text: &str| BillingPeriod::from_str(text).map_err(|error| at.corrupt("period", error));
        Ok(Self {
            id: row.snapshot_id,
            run: row.run_id,
            entity: at.word("entity", &row.entity)?,
            period: row.period.as_deref().map(period).transpose()?,
            records: at.count("records", row.records)?,
            problems: at.count("problems", row.problems)?,
            connector: row.connector,
            taken_at: row.taken_at,
            complete: row.complete,
            fingerprint: Fingerprint::from_stored(row.fingerprint),
        })
    }
}

#[derive(sqlx::FromRow)]
struct ProblemRow {
    place: String,
    record: Option<String>,
    field: Option<String>,
    what: String,
    customer: Option<String>,
}

impl ProblemRow {
    fn problem(self, at: At<'_>) -> Result<Problem> {
        let customer = self.customer.map(KeyPart::try_from).transpose();
        let customer = customer.map_err(|error| at.corrupt("customer", error))?;
        Ok(Problem { at: self.place, record: self.record, field: self.field, what: self.what, customer })
    }
}

impl Store {
    /// One snapshot; `None` when there is none of this number.
    pub async fn load_snapshot<R: DeserializeOwned>(&self, id: SnapshotId) -> Result<Option<Stored<R>>> {
        let row: Option<HeaderRow> = on_db!(self, conn => sqlx::query_as(
            "select snapshot_id, run_id, connector, entity, period, taken_at, complete, records, problems, fingerprint
             from snapshot
             where snapshot_id = $1")
            .bind(id)
            .fetch_optional(conn).await)
        .map_err(reading("snapshot", id))?;
        match row {
            Some(row) => self.complete_snapshot(row).await.map(Some),
            None => Ok(None),
        }
    }

    async fn complete_snapshot<R: DeserializeOwned>(&self, row: HeaderRow) -> Result<Stored<R>> {
        let header = SnapshotHeader::try_from(row)?;
        let records = self.load_records(&header).await?;
        let pulled = Pulled::judge(records, self.load_problems(header.id).await?);
        let at = At { table: "snapshot", row: &header.id };
        let problems = stored_count(pulled.problems().len());
        if at.count("problems", problems)? != header.problems || pulled.is_complete() != header.complete {
            return Err(at.corrupt("problems", format!("expected {}, found {problems}", header.problems)));
        }
        Ok(Stored { header, pulled })
    }

    /// What is known of the latest snapshots, latest first.
    pub async fn list_snapshots(&self, at_most: u32) -> Result<Vec<SnapshotHeader>> {
        let rows: Vec<HeaderRow> = on_db!(self, conn => sqlx::query_as(
            "select snapshot_id, run_id, connector, entity, period, taken_at, complete, records, problems, fingerprint
             from snapshot
             order by snapshot_id desc
             limit $1")
            .bind(i64::from(at_most))
            .fetch_all(conn).await)
        .map_err(reading("snapshot", "among the latest"))?;
        rows.into_iter().map(SnapshotHeader::try_from).collect()
    }

    /// When each record of a kind of listing was listed for the first time.
    pub async fn first_seen(&self, connector: &str, entity: Entity) -> Result<BTreeMap<String, DateTime<Utc>>> {
        let rows: Vec<(String, DateTime<Utc>)> = on_db!(self, conn => sqlx::query_as(
            "select held.record_key, min(snapshot.taken_at)
             from snapshot
             join snapshot_row held on held.snapshot_id = snapshot.snapshot_id
             where snapshot.connector = $1 and snapshot.entity = $2
             group by held.record_key")
            .bind(connector).bind(entity.as_str())
            .fetch_all(conn).await)
        .map_err(reading("snapshot_row", format!("the first {entity} of {connector}")))?;
        Ok(rows.into_iter().collect())
    }

    /// The fingerprints of the records of a snapshot.
    pub async fn row_fingerprints(&self, snapshot: SnapshotId) -> Result<BTreeMap<String, Fingerprint>> {
        let rows: Vec<(String, String)> = on_db!(self, conn => sqlx::query_as(
            "select record_key, fingerprint
             from snapshot_row
             where snapshot_id = $1")
            .bind(snapshot)
            .fetch_all(conn).await)
        .map_err(reading("snapshot_row", snapshot))?;
        Ok(rows.into_iter().map(|(key, fingerprint)| (key, Fingerprint::from_stored(fingerprint))).collect())
    }

    async fn load_records<R: DeserializeOwned>(&self, header: &SnapshotHeader) -> Result<Vec<R>> {
        let mut records = Vec::new();
        let mut next = 0_i64;
        loop {
            let until = next.saturating_add(ROWS_PER_READ);
            let rows: Vec<(i64, String, String)> = on_db!(self, conn => sqlx::query_as(
                "select held.position, held.record_key, payload.body
                 from snapshot_row held
                 join payload on payload.fingerprint = held.fingerprint
                 where held.snapshot_id = $1 and held.position >= $2 and held.position < $3
                 order by held.position")
                .bind(header.id).bind(next).bind(until)
                .fetch_all(conn).await)
            .map_err(reading("snapshot_row", format!("{}:{next}", header.id)))?;
            if rows.is_empty() {
                break;
            }
            for (position, key, body) in rows {
                let row = format!("{} of snapshot {} ({key})", position.saturating_add(1), header.id);
                records.push(At { table: "payload", row: &row }.json("body", &body)?);
            }
            next = until;
        }
        let found = stored_count(records.len());
        let at = At { table: "snapshot", row: &header.id };
        if at.count("records", found)? != header.records {
            return Err(at.corrupt("records", format!("expected {} rows, found {found}", header.records)));
        }
        Ok(records)
    }

    async fn load_problems(&self, snapshot: SnapshotId) -> Result<Vec<Problem>> {
        let rows: Vec<ProblemRow> = on_db!(self, conn => sqlx::query_as(
            "select place, record, field, what, customer
             from problem
             where snapshot_id = $1
             order by position")
            .bind(snapshot)
            .fetch_all(conn).await)
        .map_err(reading("problem", snapshot))?;
        rows.into_iter().map(|row| row.problem(At { table: "problem", row: &snapshot })).collect()
    }
}

/// A record on its way into the database.
struct OutRow {
    position: i64,
    key: String,
    fingerprint: Fingerprint,
    body: String,
}

impl Tx {
    /// Saves what a pull yielded, with its problems.
    pub async fn save_snapshot<R: Serialize + Keyed>(
        &mut self,
        new: &NewSnapshot<'_>,
        pulled: &Pulled<R>,
    ) -> Result<SnapshotId> {
        let mut rows = Vec::with_capacity(pulled.records().len());
        let mut fingerprints = String::new();
        for (position, record) in pulled.records().iter().enumerate() {
            let body = words::json("payload", "body", record)?;
            let fingerprint = Fingerprint::of(body.as_bytes());
            fingerprints.push_str(fingerprint.as_str());
            rows.push(OutRow { position: stored_count(position), key: storable(&record.key()), fingerprint, body });
        }
        let of_all = Fingerprint::of(fingerprints.as_bytes());
        let snapshot = self.insert_header(new, pulled, &of_all).await?;
        for chunk in rows.chunks(ROWS_PER_INSERT) {
            self.insert_payloads(chunk).await?;
            self.insert_rows(snapshot, chunk).await?;
        }
        self.insert_problems(snapshot, pulled.problems()).await?;
        Ok(snapshot)
    }

    async fn insert_header<R>(
        &mut self,
        new: &NewSnapshot<'_>,
        pulled: &Pulled<R>,
        fingerprint: &Fingerprint,
    ) -> Result<SnapshotId> {
        let side = if new.entity.is_vendor() { "vendor" } else { "psa" };
        let id = on_tx!(self.inner, conn => sqlx::query_scalar(
            "insert into snapshot
             (connector, side, entity, period, taken_at, complete, records, problems, fingerprint, run_id, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
             returning snapshot_id")
            .bind(new.connector).bind(side).bind(new.entity.as_str()).bind(new.period.map(|p| p.to_string()))
            .bind(new.taken_at).bind(pulled.is_complete()).bind(stored_count(pulled.records().len()))
            .bind(stored_count(pulled.problems().len())).bind(fingerprint.as_str()).bind(self.run)
            .bind(self.clock.now())
            .fetch_one(conn).await)?;
        Ok(id)
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
