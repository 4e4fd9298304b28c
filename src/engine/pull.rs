//! Pull: whole listings of every connection become snapshots.
//!
//! Keeps the invariants that each listing is saved whole or not at all, in a transaction of its own, and that one which
//! fails does not keep the others from being saved. A listing that is empty where the one before was not is suspicious: it is
//! saved as partial, so that nothing is concluded from absence.

use std::future::Future;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use crate::connectors::{
    ConnectorError, DraftMonth, ErrorKind, PsaConnector, Result as Listed, VendorConnector, Watch,
};
use crate::core::entity::Entity;
use crate::core::id::{SubscriptionId, VendorProductId};
use crate::core::period::BillingPeriod;
use crate::core::record::Keyed;
use crate::core::snapshot::{Problem, Pulled};
use crate::engine::connections::{self, Connected};
use crate::engine::run::Job;
use crate::engine::{Engine, Result};
use crate::store::{NewSnapshot, RunOutcome, SnapshotHeader};

/// How far back the listing before is looked for.
const SNAPSHOTS_LOOKED_AT: u32 = 1_000;

/// What is pulled.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Only this connection.
    pub only: Option<String>,
    /// The month of charges and billed lines.
    pub period: BillingPeriod,
    /// The price rows of every product.
    pub prices: bool,
    /// The earlier states of every subscription.
    pub history: bool,
    /// The contacts of every company.
    pub contacts: bool,
    /// Metered use.
    pub usage: bool,
    /// Charges that are not invoiced yet.
    pub drafts: bool,
}

/// One listing that was tried.
#[derive(Debug)]
pub struct Listing {
    /// The connection.
    pub connection: String,
    /// What was listed.
    pub entity: Entity,
    /// The month, for listings of one.
    pub period: Option<BillingPeriod>,
    /// What came of it.
    pub outcome: std::result::Result<Taken, ConnectorError>,
}

/// A listing that was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// How many records.
    pub records: u64,
    /// What could not be read; none for a complete one.
    pub problems: Vec<Problem>,
}

impl Listing {
    /// Whether nothing is missing.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.outcome.as_ref().is_ok_and(|taken| taken.problems.is_empty())
    }
}

impl Engine {
    /// Takes snapshots of every listing wanted. A listing that fails is among the answers.
    ///
    /// # Errors
    /// The configuration, a secret or the database; nothing is saved then, or what was saved before it.
    pub async fn pull(&self, wanted: &Wanted, watch: &dyn Watch) -> Result<Vec<Listing>> {
        // All are opened before the first is asked: a missing secret is heard of at once, not after an hour.
        let opened: Vec<(String, Connected)> = connections::names(&self.config, wanted.only.as_deref())?
            .into_iter()
            .map(|name| connections::open(&self.config, &self.environment, &name).map(|connected| (name, connected)))
            .collect::<Result<_>>()?;
        let job = self.begin("pull").await?;
        let worked = self.pull_all(&job, &opened, wanted, watch).await;
        job.settle(worked, |listings| {
            let complete = listings.iter().all(Listing::is_complete);
            let outcome = if complete { RunOutcome::Done } else { RunOutcome::Partial };
            (outcome, json!(listings.iter().map(receipt).collect::<Vec<_>>()))
        })
        .await
    }

    async fn pull_all(
        &self,
        job: &Job,
        opened: &[(String, Connected)],
        wanted: &Wanted,
        watch: &dyn Watch,
    ) -> Result<Vec<Listing>> {
        let before = job.store().list_snapshots(SNAPSHOTS_LOOKED_AT).await?;
        let mut listings = Vec::new();
        for (name, connected) in opened {
            let mut puller = Puller { engine: self, job, name, before: &before, listings: &mut listings };
            match connected {
                Connected::Vendor(vendor) => puller.vendor(vendor.as_ref(), wanted, watch).await?,
                Connected::Psa(psa) => puller.psa(psa.as_ref(), wanted, watch).await?,
            }
        }
        Ok(listings)
    }
}

fn receipt(listing: &Listing) -> serde_json::Value {
    let (records, problems, error) = match &listing.outcome {
        Ok(taken) => (taken.records, taken.problems.len(), None),
        Err(error) => (0, 0, Some(error.to_string())),
    };
    json!({
        "connection": listing.connection,
        "entity": listing.entity,
        "period": listing.period,
        "records": records,
        "problems": problems,
        "error": error,
    })
}

/// One connection being pulled.
struct Puller<'a> {
    engine: &'a Engine,
    job: &'a Job,
    name: &'a str,
    before: &'a [SnapshotHeader],
    listings: &'a mut Vec<Listing>,
}

impl Puller<'_> {
    async fn vendor(&mut self, vendor: &dyn VendorConnector, wanted: &Wanted, watch: &dyn Watch) -> Result<()> {
        let period = wanted.period;
        let with_contacts =
            if wanted.contacts { vendor.customers_with_contacts(watch).await.transpose() } else { None };
        match with_contacts {
            Some(listed) => self.take(Entity::VendorCustomers, None, async { listed.map(Some) }).await?,
            None => self.take(Entity::VendorCustomers, None, some(vendor.customers(watch))).await?,
        };
        let products = self.take(Entity::VendorProducts, None, some(vendor.products(watch))).await?;
        if wanted.prices {
            let ids: Vec<VendorProductId> = products.iter().map(|product| product.id.clone()).collect();
            self.take(Entity::VendorPrices, None, vendor.prices(&ids, watch)).await?;
        }
        let held = self.take(Entity::Subscriptions, None, some(vendor.subscriptions(watch))).await?;
        let held: Vec<SubscriptionId> = held.iter().map(|subscription| subscription.id.clone()).collect();
        if wanted.history {
            self.take(Entity::SubscriptionHistory, None, vendor.history(&held, watch)).await?;
        }
        self.take(Entity::Invoices, Some(period), vendor.invoices(period, watch)).await?;
        self.take(Entity::Charges, Some(period), some(vendor.charges(period, watch))).await?;
        if wanted.drafts {
            let current = BillingPeriod::containing(self.engine.clock.now().date_naive());
            for (month, of) in [(DraftMonth::Current, current), (DraftMonth::Next, current.next())] {
                self.take(Entity::DraftCharges, Some(of), vendor.draft_charges(month, watch)).await?;
            }
        }
        if wanted.usage {
            let totals = self.take(Entity::UsageSummaries, Some(period), vendor.usage(&held, watch)).await?;
            self.take(Entity::UsageLines, Some(period), vendor.usage_lines(&totals, period, watch)).await?;
        }
        Ok(())
    }

    async fn psa(&mut self, psa: &dyn PsaConnector, wanted: &Wanted, watch: &dyn Watch) -> Result<()> {
        self.take(Entity::PsaCustomers, None, some(psa.customers(watch))).await?;
        self.take(Entity::PsaProducts, None, some(psa.products(watch))).await?;
        let period = wanted.period;
        self.take(Entity::BilledLines, Some(period), some(psa.billed_lines(period, watch))).await?;
        let (records, outcome) = match self.in_time(Entity::Bundles, psa.bundles(watch)).await {
            Ok(None) => return Ok(()),
            Ok(Some(bundles)) => {
                let mut tx = self.job.tx().await?;
                tx.save_bundles(&bundles).await?;
                tx.commit().await?;
                (bundles.len(), Ok(()))
            }
            Err(error) => (0, Err(error)),
        };
        let taken = |()| Taken { records: count(records), problems: Vec::new() };
        self.note(Entity::Bundles, None, outcome.map(taken));
        Ok(())
    }

    /// Saves one listing, and gives back its records for listings that need their ids.
    async fn take<R: Serialize + Keyed + Send>(
        &mut self,
        entity: Entity,
        period: Option<BillingPeriod>,
        listing: impl Future<Output = Listed<Option<Pulled<R>>>>,
    ) -> Result<Vec<R>> {
        let taken_at = self.engine.clock.now();
        let pulled = match self.in_time(entity, listing).await {
            Ok(None) => return Ok(Vec::new()),
            Ok(Some(pulled)) if count(pulled.records().len()) > self.engine.config.limits.records_max => {
                self.note(entity, period, Err(self.too_many(entity, pulled.records().len())));
                return Ok(Vec::new());
            }
            Ok(Some(pulled)) => self.suspect(entity, period, pulled),
            Err(error) => {
                self.note(entity, period, Err(error));
                return Ok(Vec::new());
            }
        };
        let mut tx = self.job.tx().await?;
        tx.save_snapshot(&NewSnapshot { connector: self.name, entity, period, taken_at }, &pulled).await?;
        tx.commit().await?;
        let (records, problems) = pulled.into_parts();
        self.note(entity, period, Ok(Taken { records: count(records.len()), problems }));
        Ok(records)
    }

    /// The listing, if it comes within the time and the size that are allowed.
    async fn in_time<T: Sized>(
        &self,
        entity: Entity,
        listing: impl Future<Output = Listed<T>>,
    ) -> std::result::Result<T, ConnectorError> {
        let minutes = self.engine.config.limits.listing_minutes_max;
        let longest = Duration::from_secs(minutes.saturating_mul(60));
        match tokio::time::timeout(longest, listing).await {
            Ok(listed) => listed,
            Err(_late) => {
                let what =
                    format!("it takes longer than {minutes} minutes; [limits] listing_minutes_max allows no more");
                Err(ConnectorError::new(self.name, format!("list {entity}"), ErrorKind::Limit(what)))
            }
        }
    }

    fn too_many(&self, entity: Entity, found: usize) -> ConnectorError {
        let most = self.engine.config.limits.records_max;
        let what = format!("{found} records; [limits] records_max allows {most}");
        ConnectorError::new(self.name, format!("list {entity}"), ErrorKind::Limit(what))
    }

    /// A listing that is suddenly empty becomes partial.
    fn suspect<R>(&self, entity: Entity, period: Option<BillingPeriod>, pulled: Pulled<R>) -> Pulled<R> {
        let same = |header: &&SnapshotHeader| {
            header.connector == self.name && header.entity == entity && header.period == period
        };
        let before = self.before.iter().find(same).map_or(0, |header| header.records);
        if before == 0 || !pulled.records().is_empty() {
            return pulled;
        }
        let (records, mut problems) = pulled.into_parts();
        problems.push(Problem::new(
            format!("{}: list {entity}", self.name),
            format!("the listing is empty; the one before had {before} records, so it is not taken for whole"),
        ));
        Pulled::judge(records, problems)
    }

    fn note(
        &mut self,
        entity: Entity,
        period: Option<BillingPeriod>,
        outcome: std::result::Result<Taken, ConnectorError>,
    ) {
        self.listings.push(Listing { connection: self.name.to_owned(), entity, period, outcome });
    }
}

/// A listing every system of the side has.
async fn some<T>(listing: impl Future<Output = Listed<T>>) -> Listed<Option<T>> {
    listing.await.map(Some)
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
