//! The connections themselves: how each stands, a new token, and taking one out.
//!
//! Keeps the invariants that nothing of this changes anything at a remote, and that what a closed month was made from stays.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::config::{Config, Environment};
use crate::core::entity::Entity;
use crate::core::id::{Company, Product};
use crate::core::link::{Decision, LinkKind, Linkable, Shape, Verdict};
use crate::engine::connect::{connect_pax8, environment_of};
use crate::engine::{Engine, EngineError, Job, JournalEntry, Result, Side, SnapshotHeader};
use crate::store::{NewDecision, RunOutcome, StoredLink};

/// How a connection stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its name.
    pub name: String,
    /// `pax8`, `rest`, `files`; nothing where it is no longer configured.
    pub kind: Option<String>,
    /// Its side.
    pub side: Side,
    /// `production` or `test`, where its kind has both.
    pub environment: Option<String>,
    /// Whether it is meant where several of its kind could be.
    pub default: bool,
    /// When it was pulled last.
    pub last_pull: Option<DateTime<Utc>>,
    /// Writes nobody knows the end of.
    pub open_writes: u64,
}

/// What taking a connection out deletes here, and what it keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// The connection.
    pub name: String,
    /// Whether it still is in the configuration.
    pub configured: bool,
    /// The records of the last snapshot of each listing.
    pub records: Vec<(Entity, u64)>,
    /// Links of customers that end.
    pub customer_links: u64,
    /// Links of products that end.
    pub product_links: u64,
    /// Snapshots that are deleted.
    pub snapshots: u64,
    /// Snapshots that stay, because a reconciliation was made from them.
    pub kept: u64,
}

/// Asks for a new token of a connection to Pax8; how long it holds, where Pax8 says. It is neither shown nor kept.
///
/// # Errors
/// As [`connect`](crate::engine::connect); what the token's endpoint said.
pub async fn reauthorize(config: &Config, name: &str, environment: &Environment) -> Result<Option<Duration>> {
    Ok(connect_pax8(config, Some(name), environment)?.reauthorize().await?)
}

/// The listing whose records a kind of link joins, by side.
fn listing_of<E: Linkable>(side: Side) -> Entity {
    match (side, E::KIND) {
        (Side::Vendor, LinkKind::Company) => Entity::VendorCustomers,
        (Side::Vendor, LinkKind::Product) => Entity::VendorProducts,
        (Side::Psa, LinkKind::Company) => Entity::PsaCustomers,
        (Side::Psa, LinkKind::Product) => Entity::PsaProducts,
    }
}

/// What taking a connection out deletes, and the links that end with it.
struct Leaving {
    removal: Removal,
    customers: Vec<StoredLink<Company>>,
    products: Vec<StoredLink<Product>>,
}

/// How every connection of the configuration and of the snapshots stands.
fn standing(config: &Config, snapshots: &[SnapshotHeader], open: &[JournalEntry]) -> Vec<Standing> {
    let names: BTreeSet<&String> = config
        .connectors
        .keys()
        .chain(snapshots.iter().map(|header| &header.connector))
        .chain(open.iter().map(|entry| &entry.connector))
        .collect();
    let standing = |name: &String| {
        let about = config.connectors.get(name);
        let last = snapshots.iter().find(|header| header.connector == *name);
        let of_snapshot = || last.is_some_and(|header| header.entity.is_vendor());
        let is_vendor = about.map_or_else(of_snapshot, |about| about.side == crate::config::Side::Vendor);
        let open = open.iter().filter(|entry| entry.connector == *name).count();
        Standing {
            name: name.clone(),
            kind: about.map(|about| about.kind.clone()),
            side: if is_vendor { Side::Vendor } else { Side::Psa },
            environment: about.and_then(environment_of),
            default: about.is_some_and(|about| about.default),
            last_pull: last.map(|header| header.taken_at),
            open_writes: u64::try_from(open).unwrap_or(u64::MAX),
        }
    };
    names.into_iter().map(standing).collect()
}

impl Engine {
    /// How every connection stands: those of the configuration, and those that left records behind.
    ///
    /// # Errors
    /// What the database says.
    pub async fn connections(&self, config: &Config) -> Result<Vec<Standing>> {
        let snapshots = self.store.list_snapshots(u32::MAX).await?;
        Ok(standing(config, &snapshots, &self.store.list_open_writes().await?))
    }

    /// What taking a connection out would delete here.
    ///
    /// # Errors
    /// [`EngineError::NoConnection`] for one that nobody knows; [`EngineError::WriteOpen`] while a write of it is open.
    pub async fn removal(&self, config: &Config, name: &str) -> Result<Removal> {
        Ok(self.leaving(config, name).await?.removal)
    }

    async fn leaving(&self, config: &Config, name: &str) -> Result<Leaving> {
        let headers = self.store.list_snapshots(u32::MAX).await?;
        let writes = self.store.list_open_writes().await?;
        let all = standing(config, &headers, &writes);
        let Some(of) = all.iter().find(|one| one.name == name) else {
            let configured = all.into_iter().map(|one| one.name).collect();
            return Err(EngineError::NoConnection { name: name.to_owned(), configured });
        };
        if let Some(open) = writes.iter().find(|entry| entry.connector == name) {
            return Err(EngineError::open(open));
        }
        let last = |entity| headers.iter().find(|header| header.connector == name && header.entity == entity);
        let records = Entity::ALL.into_iter().filter_map(|entity| Some((entity, last(entity)?.records))).collect();
        let (snapshots, kept) = self.store.count_snapshots(name).await?;
        let customers = self.links_of::<Company>(&all, of).await?;
        let products = self.links_of::<Product>(&all, of).await?;
        let count = |links: usize| u64::try_from(links).unwrap_or(u64::MAX);
        let removal = Removal {
            name: name.to_owned(),
            configured: of.kind.is_some(),
            records,
            customer_links: count(customers.len()),
            product_links: count(products.len()),
            snapshots,
            kept,
        };
        Ok(Leaving { removal, customers, products })
    }

    /// Takes a connection out of the database: its snapshots, unless a reconciliation was made from them, and its links, each
    /// by a decision that says why. Nothing at the remote changes.
    ///
    /// # Errors
    /// As [`removal`](Self::removal).
    pub async fn remove(&self, config: &Config, name: &str) -> Result<Removal> {
        let job = self.begin("remove connection").await?;
        match self.removed(&job, config, name).await {
            Ok(removal) => {
                let receipt = serde_json::json!({
                    "connector": name, "snapshots": removal.snapshots, "kept": removal.kept,
                    "links": removal.customer_links.saturating_add(removal.product_links),
                });
                job.end(RunOutcome::Done, &receipt).await?;
                Ok(removal)
            }
            Err(error) => job.failed(error).await,
        }
    }

    /// Collected under the lock: what is told is what was done, whatever changed since it was shown.
    async fn removed(&self, job: &Job, config: &Config, name: &str) -> Result<Removal> {
        let Leaving { removal, customers, products } = self.leaving(config, name).await?;
        let mut tx = job.tx().await?;
        for link in customers {
            tx.append_decision(&self.ended(link, name), Shape::ManyToOne).await?;
        }
        for link in products {
            tx.append_decision(&self.ended(link, name), Shape::ManyToOne).await?;
        }
        tx.delete_snapshots(name).await?;
        tx.delete_hints(name).await?;
        tx.commit().await?;
        Ok(removal)
    }

    fn ended<E>(&self, link: StoredLink<E>, name: &str) -> NewDecision<E> {
        let reason = Some(format!("the connection {name} was removed"));
        let decision = Decision { verdict: Verdict::Deferred, by: self.who.clone(), reason, evidence: None };
        NewDecision { vendor: Some(link.vendor), psa: Some(link.psa), compare: None, decision }
    }

    /// The links whose record on the connection's side is its own and no other connection's.
    async fn links_of<E: Linkable>(&self, all: &[Standing], of: &Standing) -> Result<Vec<StoredLink<E>>> {
        let entity = listing_of::<E>(of.side);
        let mut own = self.store.list_record_keys(&of.name, entity).await?;
        for other in all.iter().filter(|other| other.side == of.side && other.name != of.name) {
            for key in self.store.list_record_keys(&other.name, entity).await? {
                own.remove(&key);
            }
        }
        let links = self.store.load_links::<E>().await?;
        let is_own = |link: &StoredLink<E>| match of.side {
            Side::Vendor => own.contains(link.vendor.as_str()),
            Side::Psa => own.contains(link.psa.as_str()),
        };
        Ok(links.into_iter().filter(is_own).collect())
    }
}
