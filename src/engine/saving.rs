//! A listing into the database while it is read: the records wait until they fill a statement, and are then let go.
//!
//! Keeps the invariants that memory does not grow with the listing, and that nothing of it is seen before it is ended: then
//! it is a complete snapshot, or a partial one with the reason.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde::Serialize;

use crate::connectors::{self, Sink};
use crate::core::billing::Subscription;
use crate::core::id::{SubscriptionId, VendorProductId};
use crate::core::record::Keyed;
use crate::core::snapshot::Problem;
use crate::engine::{ConnectorError, EngineError, ErrorKind, Job, Result};
use crate::store::{Arriving, NewSnapshot, SnapshotId};

/// So many records are written at once.
const BATCH: usize = 1_000;

/// A listing on its way into the database.
pub(super) struct Saving<'s, R> {
    job: &'s Job,
    new: NewSnapshot<'s>,
    most: u64,
    arriving: Arriving,
    waiting: Vec<R>,
    records: u64,
    /// Why the records cannot be kept; the connector is told no more than that.
    failed: Option<EngineError>,
}

impl<'s, R: Serialize + Keyed + Send + Sync> Saving<'s, R> {
    /// Begins a listing of at most so many records.
    pub(super) async fn begin(job: &'s Job, new: NewSnapshot<'s>, most: u64) -> Result<Self> {
        let mut tx = job.tx().await?;
        let arriving = tx.begin_snapshot(&new).await?;
        tx.commit().await?;
        Ok(Self { job, new, most, arriving, waiting: Vec::new(), records: 0, failed: None })
    }

    /// How many records were taken; beyond the limit they are counted and not kept.
    pub(super) fn records(&self) -> u64 {
        self.records
    }

    /// What the reading came to: a listing larger than allowed is refused as a whole, never cut off.
    ///
    /// # Errors
    /// What the database said while records were taken.
    pub(super) fn read<T>(
        &mut self,
        read: std::result::Result<T, ConnectorError>,
    ) -> Result<std::result::Result<T, ConnectorError>> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let (found, most) = (self.records, self.most);
        if read.is_err() || found <= most {
            return Ok(read);
        }
        let what = format!("{found} records are listed; [limits] records_max allows {most}");
        let operation = format!("list {}", self.new.entity);
        Ok(Err(ConnectorError::new(self.new.connector, operation, ErrorKind::Limit(what))))
    }

    /// Adds records that are held elsewhere.
    pub(super) async fn add(&mut self, records: &[R]) -> Result<()> {
        self.records = self.records.saturating_add(u64::try_from(records.len()).unwrap_or(u64::MAX));
        if self.records <= self.most { self.write(records).await } else { Ok(()) }
    }

    async fn write(&mut self, records: &[R]) -> Result<()> {
        let mut tx = self.job.tx().await?;
        tx.add_records(&mut self.arriving, records).await?;
        Ok(tx.commit().await?)
    }

    /// Lets go of everything taken.
    pub(super) async fn clear(&mut self) -> Result<()> {
        self.waiting.clear();
        self.records = 0;
        let mut tx = self.job.tx().await?;
        tx.clear_snapshot(&mut self.arriving).await?;
        Ok(tx.commit().await?)
    }

    /// Ends it: what was read, with its problems.
    pub(super) async fn end(self, problems: &[Problem]) -> Result<SnapshotId> {
        let Self { job, mut arriving, waiting, .. } = self;
        let mut tx = job.tx().await?;
        tx.add_records(&mut arriving, &waiting).await?;
        let snapshot = tx.finish_snapshot(arriving, problems).await?;
        tx.commit().await?;
        Ok(snapshot)
    }

    /// Notes what became of the database; the connector is told that it need not go on.
    fn told(&mut self, done: Result<()>) -> connectors::Result<()> {
        done.map_err(|error| {
            let kind = ErrorKind::Transient(error.to_string());
            self.failed = Some(error);
            ConnectorError::new(self.new.connector, format!("save {}", self.new.entity), kind)
        })
    }
}

#[async_trait]
impl<R: Serialize + Keyed + Send + Sync> Sink<R> for Saving<'_, R> {
    async fn take(&mut self, records: Vec<R>) -> connectors::Result<()> {
        self.records = self.records.saturating_add(u64::try_from(records.len()).unwrap_or(u64::MAX));
        if self.records > self.most {
            self.waiting.clear();
            return Ok(());
        }
        self.waiting.extend(records);
        while self.waiting.len() >= BATCH {
            let rest = self.waiting.split_off(BATCH);
            let full = std::mem::replace(&mut self.waiting, rest);
            let written = self.write(&full).await;
            self.told(written)?;
        }
        Ok(())
    }

    async fn again(&mut self) -> connectors::Result<()> {
        let cleared = self.clear().await;
        self.told(cleared)
    }
}

/// Notes of subscriptions that pass what other listings are asked by.
pub(super) struct Noting<'s> {
    pub(super) into: &'s mut dyn Sink<Subscription>,
    pub(super) noted: Noted,
}

/// What other listings are asked by, as far as it is wanted.
#[derive(Default)]
pub(super) struct Noted {
    /// The subscriptions, in the order of the listing.
    pub(super) ids: Option<Vec<SubscriptionId>>,
    /// Their products.
    pub(super) products: Option<BTreeSet<VendorProductId>>,
}

#[async_trait]
impl Sink<Subscription> for Noting<'_> {
    async fn take(&mut self, records: Vec<Subscription>) -> connectors::Result<()> {
        let Noted { ids, products } = &mut self.noted;
        if let Some(ids) = ids {
            ids.extend(records.iter().map(|held| held.id.clone()));
        }
        if let Some(products) = products {
            for held in &records {
                if !products.contains(&held.fields.product) {
                    products.insert(held.fields.product.clone());
                }
            }
        }
        self.into.take(records).await
    }

    async fn again(&mut self) -> connectors::Result<()> {
        let Noted { ids, products } = &mut self.noted;
        ids.iter_mut().for_each(Vec::clear);
        products.iter_mut().for_each(BTreeSet::clear);
        self.into.again().await
    }
}
