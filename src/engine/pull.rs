//! Pull: whole listings from the connections into snapshots.
//!
//! Keeps the invariants that a listing is seen once it was read to its end, and that one which failed, is suddenly empty, or
//! hangs on one that is not whole, is saved as partial with the reason, so that no later job takes it, or the one before it,
//! for all there is today.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::connectors::{DraftMonth, PsaConnector, VendorConnector};
use crate::core::customer::VendorCustomer;
use crate::core::entity::Entity;
use crate::core::id::{PsaProductId, SubscriptionId, VendorProductId};
use crate::core::link::BundlePart;
use crate::core::period::BillingPeriod;
use crate::core::record::Keyed;
use crate::core::snapshot::{Problem, Pulled, is_whole};
use crate::engine::directory::words;
use crate::engine::saving::{Noted, Noting, Saving};
use crate::engine::{Connection, ConnectorError, Engine, Job, Result, Watch, Watched};
use crate::store::{NewSnapshot, RunOutcome, SnapshotHeader, SnapshotId};

/// What costs many more requests and is pulled only when asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extra {
    /// Price rows of the products in use.
    Prices,
    /// What the products in use bind to.
    Dependencies,
    /// Earlier states of every subscription.
    History,
    /// Contacts of every company.
    Contacts,
    /// Metered use.
    Usage,
    /// Charges that are not invoiced yet.
    Drafts,
}

/// What to pull.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// The month of charges and billed lines.
    pub period: BillingPeriod,
    /// What else.
    pub extras: Vec<Extra>,
    /// Of the listings that are always pulled these alone; all where nothing is said.
    pub only: Option<BTreeSet<Entity>>,
}

/// What became of one listing.
#[derive(Debug)]
pub struct Listing {
    /// The connection.
    pub connector: String,
    /// The kind of listing.
    pub entity: Entity,
    /// The month, for listings of one.
    pub period: Option<BillingPeriod>,
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// How many records were read.
    pub records: u64,
    /// Why it is partial; nothing when it is complete.
    pub problems: Vec<Problem>,
    /// The error that ended the listing.
    pub error: Option<ConnectorError>,
    /// What became of the contacts that were read with it; nothing where none were asked for.
    pub contacts: Option<Contacts>,
}

/// What became of the contacts of companies; they are kept within their companies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contacts {
    /// So many were read.
    Read(u64),
    /// They could not be read.
    Unread,
    /// The system has none.
    None,
}

impl Contacts {
    fn of(customers: &Pulled<VendorCustomer>) -> Self {
        let of_each = customers.records().iter().filter_map(|customer| customer.fields.contacts.as_ref());
        Self::Read(u64::try_from(of_each.map(Vec::len).sum::<usize>()).unwrap_or(u64::MAX))
    }
}

impl Engine {
    /// Pulls every listing of some connections. A listing that cannot be read does not keep the others from being read.
    ///
    /// # Errors
    /// What the database says. What a remote says stands in the [`Listing`].
    pub async fn pull(
        &self,
        connections: &[Connection],
        request: &PullRequest,
        watch: &dyn Watch,
    ) -> Result<Vec<Listing>> {
        let job = self.begin("pull").await?;
        let mut pull = Pull { engine: self, job: &job, request, watch, listings: Vec::new() };
        for connection in connections {
            let pulled = match connection {
                Connection::Vendor(vendor) => pull.vendor(vendor.as_ref()).await,
                Connection::Psa(psa) => pull.psa(psa.as_ref()).await,
            };
            if let Err(error) = pulled {
                return job.failed(error).await;
            }
        }
        let listings = pull.listings;
        let whole = listings.iter().all(|listing| listing.problems.is_empty());
        let nothing = !whole && listings.iter().all(|listing| listing.error.is_some());
        let receipt: Vec<_> = listings.iter().map(Listing::receipt).collect();
        let outcome = match (whole, nothing) {
            (true, _) => RunOutcome::Done,
            (false, true) => RunOutcome::Failed,
            (false, false) => RunOutcome::Partial,
        };
        job.end(outcome, &serde_json::json!({ "period": request.period, "listings": receipt })).await?;
        Ok(listings)
    }
}

impl Listing {
    fn receipt(&self) -> serde_json::Value {
        serde_json::json!({
            "connector": self.connector,
            "entity": self.entity.as_str(),
            "records": self.records,
            "problems": self.problems.len(),
        })
    }
}

/// A bundle of the PSA, as its listing keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Bundle {
    id: PsaProductId,
    parts: Vec<BundlePart>,
}

impl Keyed for Bundle {
    fn key(&self) -> String {
        self.id.to_string()
    }
}

fn listed(bundles: Vec<(PsaProductId, Vec<BundlePart>)>) -> Pulled<Bundle> {
    Pulled::judge(bundles.into_iter().map(|(id, parts)| Bundle { id, parts }).collect(), Vec::new())
}

/// A pull under way.
struct Pull<'p> {
    engine: &'p Engine,
    job: &'p Job,
    request: &'p PullRequest,
    watch: &'p dyn Watch,
    listings: Vec<Listing>,
}

type Read<R> = std::result::Result<Pulled<R>, ConnectorError>;
/// What could not be read of a listing whose records were handed on.
type Handed = std::result::Result<Vec<Problem>, ConnectorError>;
type MayRead<R> = std::result::Result<Option<Pulled<R>>, ConnectorError>;

/// The companies with their contacts, or without them where the contacts cannot be had: they are an extra.
async fn customers_with_contacts(vendor: &dyn VendorConnector, watch: &dyn Watch) -> (Read<VendorCustomer>, Contacts) {
    let error = match vendor.customers_with_contacts(watch).await {
        Ok(Some(customers)) => {
            let contacts = Contacts::of(&customers);
            return (Ok(customers), contacts);
        }
        Ok(None) => return (vendor.customers(watch).await, Contacts::None),
        Err(error) => error,
    };
    let without = vendor.customers(watch).await.map(|customers| {
        let (customers, mut problems) = customers.into_parts();
        problems.push(unread(&error));
        Pulled::judge(customers, problems)
    });
    (without, Contacts::Unread)
}

fn unread(error: &ConnectorError) -> Problem {
    Problem::new(error.operation.clone(), format!("could not be read: {}", error.kind))
}

/// What other listings are asked by; of a listing that failed, nothing.
#[derive(Default)]
struct Held {
    whole: bool,
    ids: Vec<SubscriptionId>,
    products: Vec<VendorProductId>,
}

/// The listing whose records another one is asked for, one by one.
#[derive(Clone, Copy)]
struct Parent {
    of: Entity,
    whole: bool,
}

impl Parent {
    /// What was asked for each record of a listing is whole only where that listing is.
    fn judge<R>(self, read: MayRead<R>) -> MayRead<R> {
        match read? {
            Some(pulled) if !self.whole => {
                let (records, mut problems) = pulled.into_parts();
                let parent = words(self.of, None);
                problems
                    .push(Problem::new(parent, "were not read whole; what belongs to the others was not asked for"));
                Ok(Some(Pulled::judge(records, problems)))
            }
            read => Ok(read),
        }
    }
}

impl<'p> Pull<'p> {
    fn asked(&self, extra: Extra) -> bool {
        self.request.extras.contains(&extra)
    }

    fn wants(&self, entity: Entity) -> bool {
        self.request.only.as_ref().is_none_or(|only| only.contains(&entity))
    }

    async fn vendor(&mut self, vendor: &dyn VendorConnector) -> Result<()> {
        let (watch, period) = (self.watch, self.request.period);
        let name = vendor.descriptor().name.as_str();
        if self.wants(Entity::VendorCustomers) {
            if self.asked(Extra::Contacts) {
                let (customers, contacts) = customers_with_contacts(vendor, watch).await;
                self.save(name, Entity::VendorCustomers, None, customers).await?;
                if let Some(listing) = self.listings.last_mut() {
                    listing.contacts = Some(contacts);
                }
            } else {
                let mut saving = self.begin(name, Entity::VendorCustomers, None).await?;
                let read = vendor.customers_into(&mut saving, watch).await;
                self.end(name, Entity::VendorCustomers, None, saving, read).await?;
            }
        }
        if self.wants(Entity::VendorProducts) {
            let mut saving = self.begin(name, Entity::VendorProducts, None).await?;
            let read = vendor.products_into(&mut saving, watch).await;
            self.end(name, Entity::VendorProducts, None, saving, read).await?;
        }
        let held = if self.wants(Entity::Subscriptions) { self.subscriptions(vendor).await? } else { Held::default() };
        if self.wants(Entity::Invoices) {
            self.maybe(name, Entity::Invoices, Some(period), vendor.invoices(period, watch).await).await?;
        }
        if self.wants(Entity::Charges) {
            let mut saving = self.begin(name, Entity::Charges, Some(period)).await?;
            let read = vendor.charges_into(period, &mut saving, watch).await;
            self.end(name, Entity::Charges, Some(period), saving, read).await?;
        }
        self.extras(vendor, held).await
    }

    /// What is held, and of it what the extras that were asked for need to know.
    async fn subscriptions(&mut self, vendor: &dyn VendorConnector) -> Result<Held> {
        let name = vendor.descriptor().name.as_str();
        let noted = Noted {
            ids: (self.asked(Extra::History) || self.asked(Extra::Usage)).then(Vec::new),
            products: (self.asked(Extra::Dependencies) || self.asked(Extra::Prices)).then(BTreeSet::new),
        };
        let mut saving = self.begin(name, Entity::Subscriptions, None).await?;
        let mut noting = Noting { into: &mut saving, noted };
        let read = vendor.subscriptions_into(&mut noting, self.watch).await;
        let Noted { ids, products } = noting.noted;
        let Some(whole) = self.end(name, Entity::Subscriptions, None, saving, read).await? else {
            return Ok(Held::default());
        };
        Ok(Held { whole, ids: ids.unwrap_or_default(), products: products.unwrap_or_default().into_iter().collect() })
    }

    /// What costs more, where it was asked for; it hangs on what is held.
    async fn extras(&mut self, vendor: &dyn VendorConnector, held: Held) -> Result<()> {
        let (watch, period) = (self.watch, self.request.period);
        let name = vendor.descriptor().name.as_str();
        let Held { whole, ids, products } = held;
        let of_held = Parent { of: Entity::Subscriptions, whole };
        if self.asked(Extra::Dependencies) {
            let rules = of_held.judge(vendor.dependencies(&products, watch).await);
            self.maybe(name, Entity::ProductDependencies, None, rules).await?;
        }
        if self.wants(Entity::Assignments) {
            self.maybe(name, Entity::Assignments, None, vendor.assignments(watch).await).await?;
        }
        if self.asked(Extra::Prices) {
            let prices = of_held.judge(vendor.prices(&products, watch).await);
            self.maybe(name, Entity::VendorPrices, None, prices).await?;
        }
        if self.asked(Extra::History) {
            let history = of_held.judge(vendor.history(&ids, watch).await);
            self.maybe(name, Entity::SubscriptionHistory, None, history).await?;
        }
        if self.asked(Extra::Drafts) {
            let drafts = vendor.draft_charges(DraftMonth::Next, watch).await;
            self.maybe(name, Entity::DraftCharges, None, drafts).await?;
        }
        if self.asked(Extra::Usage) {
            let usage = of_held.judge(vendor.usage(&ids, watch).await);
            let summaries = self.maybe(name, Entity::UsageSummaries, None, usage).await?;
            let whole = summaries.as_ref().is_some_and(Pulled::is_complete);
            let of_summaries = Parent { of: Entity::UsageSummaries, whole };
            let summaries = summaries.map(|pulled| pulled.into_parts().0).unwrap_or_default();
            let lines = of_summaries.judge(vendor.usage_lines(&summaries, period, watch).await);
            self.maybe(name, Entity::UsageLines, Some(period), lines).await?;
        }
        Ok(())
    }

    async fn psa(&mut self, psa: &dyn PsaConnector) -> Result<()> {
        let (watch, period) = (self.watch, self.request.period);
        let name = psa.descriptor().name.as_str();
        if self.wants(Entity::PsaCustomers) {
            self.save(name, Entity::PsaCustomers, None, psa.customers(watch).await).await?;
        }
        if self.wants(Entity::PsaProducts) {
            self.save(name, Entity::PsaProducts, None, psa.products(watch).await).await?;
        }
        if self.wants(Entity::BilledLines) {
            self.save(name, Entity::BilledLines, Some(period), psa.billed_lines(period, watch).await).await?;
        }
        if !self.wants(Entity::Bundles) {
            return Ok(());
        }
        let bundles = psa.bundles(watch).await;
        if let Ok(Some(bundles)) = &bundles {
            let mut tx = self.job.tx().await?;
            tx.save_bundles(bundles).await?;
            tx.commit().await?;
        }
        // A system without recipes leaves those in force that were read last, with what was wrong with them.
        let read: MayRead<Bundle> = bundles.map(|bundles| bundles.map(listed));
        self.maybe(name, Entity::Bundles, None, read).await.map(|_| ())
    }

    /// A listing the system may not have; nothing is saved when it has none.
    async fn maybe<R: Serialize + Keyed + Send + Sync>(
        &mut self,
        connector: &str,
        entity: Entity,
        period: Option<BillingPeriod>,
        read: MayRead<R>,
    ) -> Result<Option<Pulled<R>>> {
        match read.transpose() {
            None => Ok(None),
            Some(read) => self.save(connector, entity, period, read).await,
        }
    }

    /// Saves one listing that is held.
    async fn save<R: Serialize + Keyed + Send + Sync>(
        &mut self,
        connector: &str,
        entity: Entity,
        period: Option<BillingPeriod>,
        read: Read<R>,
    ) -> Result<Option<Pulled<R>>> {
        let watched = Watched::listing(self.watch, connector, &format!("saving {}", words(entity, None)));
        let mut saving = self.begin(connector, entity, period).await?;
        let (records, read) = match read.map(Pulled::into_parts) {
            Ok((records, problems)) => (records, Ok(problems)),
            Err(error) => (Vec::new(), Err(error)),
        };
        saving.add(&records).await?;
        let whole = self.end(connector, entity, period, saving, read).await?;
        drop(watched);
        let problems = self.listings.last().map(|listing| listing.problems.clone()).unwrap_or_default();
        Ok(whole.map(|_| Pulled::judge(records, problems)))
    }

    /// Begins a listing.
    async fn begin<'s, R: Serialize + Keyed + Send + Sync>(
        &self,
        connector: &'s str,
        entity: Entity,
        period: Option<BillingPeriod>,
    ) -> Result<Saving<'s, R>>
    where
        'p: 's,
    {
        let new = NewSnapshot { connector, entity, period, taken_at: self.engine.clock.now() };
        Saving::begin(self.job, new, self.engine.records_max).await
    }

    /// Ends a listing; whether it is whole, and nothing where it failed.
    async fn end<R: Serialize + Keyed + Send + Sync>(
        &mut self,
        connector: &str,
        entity: Entity,
        period: Option<BillingPeriod>,
        mut saving: Saving<'_, R>,
        read: Handed,
    ) -> Result<Option<bool>> {
        let (problems, error) = match saving.read(read)? {
            Ok(mut problems) => {
                if saving.records() == 0 && is_whole(&problems) {
                    problems.extend(self.suddenly_empty(connector, entity, period).await?);
                }
                (problems, None)
            }
            Err(error) => {
                saving.clear().await?;
                (vec![unread(&error)], Some(error))
            }
        };
        let records = saving.records();
        let snapshot = saving.end(&problems).await?;
        let ended = error.is_none().then_some(is_whole(&problems));
        self.listings.push(Listing {
            connector: connector.to_owned(),
            entity,
            period,
            snapshot,
            records,
            problems,
            error,
            contacts: None,
        });
        Ok(ended)
    }

    /// Nothing where there was something looks like a lost right or a wrong filter, not like an empty business.
    async fn suddenly_empty(
        &self,
        connector: &str,
        entity: Entity,
        period: Option<BillingPeriod>,
    ) -> Result<Option<Problem>> {
        // Held against the last whole listing: to be empty twice is no better. Recipes may all end, so they are asked once.
        let counts = |before: &SnapshotHeader| before.complete || entity == Entity::Bundles;
        let of_this = |h: &SnapshotHeader| h.connector == connector && h.entity == entity && h.period == period;
        let headers = self.engine.store.list_snapshots(u32::MAX).await?;
        let before = headers.iter().find(|header| of_this(header) && counts(header));
        let Some(before) = before.filter(|before| before.records > 0) else { return Ok(None) };
        let what = format!(
            "lists nothing; the pull before listed {}. Are the rights and filters of the connection still the same?",
            before.records
        );
        Ok(Some(Problem::new(entity.as_str(), what)))
    }
}
