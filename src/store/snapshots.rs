//! Snapshots: what a connector listed at one time, kept as it came.
//!
//! Keeps the invariants that a snapshot is seen once it is finished and not before, and that what is loaded is, row by row,
//! what was saved. How one is written stands in `arriving.rs`.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;

use crate::core::entity::Entity;
use crate::core::period::BillingPeriod;
use crate::core::reconcile::outcome::KeyPart;
use crate::core::record::Fingerprint;
use crate::core::snapshot::{Problem, Pulled};
use crate::store::dialect::on_db;
use crate::store::error::{Result, StoreError, reading};
use crate::store::words::{At, stored_count};
use crate::store::{RunId, Store, row_number};

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
             where snapshot_id = $1 and finished")
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
             where finished
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
