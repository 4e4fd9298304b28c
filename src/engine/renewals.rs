//! Renewals and unused licences of a day, from what was pulled last or from a folder of exports.
//!
//! Keeps the invariant that what a report of a day is made from is named with the day it was taken: nothing is refused for its
//! age, because a day ahead may be asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::NaiveDate;
use serde::de::DeserializeOwned;

use crate::connectors::files::{FilesPsa, FilesVendor};
use crate::connectors::{ConnectorError, ErrorKind, PsaConnector as _, VendorConnector as _};
use crate::core::billing::{Assignment, BilledLine, Subscription, UsageLine, UsageSummary, VendorCharge};
use crate::core::customer::{PsaCustomer, VendorCustomer};
use crate::core::entity::Entity;
use crate::core::held_unbilled::{self, HeldUnbilled};
use crate::core::id::Company;
use crate::core::link::LinkSet;
use crate::core::period::BillingPeriod;
use crate::core::product::{CommitmentRule, PriceRow, PsaProduct, VendorProduct};
use crate::core::reconcile::Mapping;
use crate::core::renewals::{Renewals, Rules, Sources, list};
use crate::core::snapshot::{Problem, Pulled};
use crate::core::unused::{self, Unused};
use crate::engine::directory::Sides;
use crate::engine::folder::{NAME, mapping_of_folder, of_the_folder};
use crate::engine::{Directory, Engine, EngineError, Result, SnapshotHeader, Watch};
use crate::store::Stored;

/// What is held on a day, and all that explains it.
#[derive(Debug, Clone)]
pub struct Inventory {
    /// The listings it was made from: what, and when or where it was read.
    pub sources: Vec<InventorySource>,
    /// What people call the records.
    pub directory: Directory,
    /// What could not be read.
    pub problems: Vec<Problem>,
    mapping: Mapping,
    subscriptions: Vec<Subscription>,
    products: Vec<VendorProduct>,
    lines: Vec<BilledLine>,
    lines_unread: Vec<Problem>,
    charges: Vec<VendorCharge>,
    prices: Vec<PriceRow>,
    commitments: Vec<CommitmentRule>,
    summaries: Vec<UsageSummary>,
    usage: Vec<UsageLine>,
    assignments: Vec<Assignment>,
    /// The day seats given to people were counted where their list does not say.
    assigned_on: Option<NaiveDate>,
}

/// A listing something was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InventorySource {
    /// What was read: `pax8 subscriptions`, `vendor_subscriptions.csv`.
    pub what: String,
    /// Which snapshot of when, or which file.
    pub id: String,
    /// Whether nothing is missing.
    pub complete: bool,
}

impl Inventory {
    /// Which companies are one.
    #[must_use]
    pub fn company_links(&self) -> &LinkSet<Company> {
        &self.mapping.companies
    }

    /// What renews within some days.
    #[must_use]
    pub fn renewals(&self, rules: &Rules, as_of: NaiveDate, within_days: u32) -> Renewals {
        list(&self.sources(), rules, as_of, within_days)
    }

    /// What is held and not used.
    #[must_use]
    pub fn unused(&self, as_of: NaiveDate) -> Unused {
        let figures = unused::Figures {
            assignments: &self.assignments,
            assigned_on: self.assigned_on,
            summaries: &self.summaries,
            usage: &self.usage,
        };
        unused::list(&self.sources(), &figures, as_of)
    }

    /// What is held and not billed.
    #[must_use]
    pub fn held_unbilled(&self, as_of: NaiveDate) -> HeldUnbilled {
        held_unbilled::list(&self.sources(), as_of)
    }

    fn sources(&self) -> Sources<'_> {
        Sources {
            subscriptions: &self.subscriptions,
            products: &self.products,
            lines: &self.lines,
            lines_unread: &self.lines_unread,
            charges: &self.charges,
            prices: &self.prices,
            commitments: &self.commitments,
            mapping: &self.mapping,
        }
    }
}

/// The last snapshots, as they are taken up one by one.
struct Gathering<'e> {
    engine: &'e Engine,
    headers: Vec<SnapshotHeader>,
    sources: Vec<InventorySource>,
    problems: Vec<Problem>,
}

impl Gathering<'_> {
    /// The last usable snapshot of a listing; of one of a month, that of the latest month.
    async fn maybe<R: DeserializeOwned>(&mut self, connector: &str, entity: Entity) -> Result<Option<Stored<R>>> {
        let of_it = |header: &&SnapshotHeader| header.connector == connector && header.entity == entity;
        let Some(period) = self.headers.iter().filter(of_it).map(|header| header.period).max() else { return Ok(None) };
        let Some(found) = self.engine.usable(&self.headers, connector, entity, period).await? else { return Ok(None) };
        let Some(stored) = self.engine.store.load_snapshot::<R>(found.header.id).await? else { return Ok(None) };
        let of_month = period.map(|period| format!(" of {period}")).unwrap_or_default();
        self.sources.push(InventorySource {
            what: format!("{connector} {}{of_month}", entity.as_str().replace('_', " ")),
            id: format!("snapshot {}, {}", found.header.id, found.header.taken_at.format("%Y-%m-%d %H:%M UTC")),
            complete: found.header.complete,
        });
        self.problems.extend(found.failed);
        self.problems.extend_from_slice(stored.pulled.problems());
        Ok(Some(stored))
    }

    async fn needed<R: DeserializeOwned>(&mut self, connector: &str, entity: Entity) -> Result<Pulled<R>> {
        let what = crate::engine::directory::words(entity, None);
        let missing = || EngineError::NotPulled { connector: connector.to_owned(), what };
        Ok(self.maybe(connector, entity).await?.ok_or_else(missing)?.pulled)
    }

    async fn records<R: DeserializeOwned>(&mut self, connector: &str, entity: Entity) -> Result<Vec<R>> {
        let stored = self.maybe(connector, entity).await?;
        Ok(stored.map(|stored| stored.pulled.into_parts().0).unwrap_or_default())
    }
}

impl Engine {
    /// What is held, from the last snapshots.
    ///
    /// # Errors
    /// [`EngineError::NotPulled`] says which listing has to be pulled.
    pub async fn inventory(&self) -> Result<Inventory> {
        let Sides { vendor, psa } = &self.sides()?;
        let headers = self.store.list_snapshots(u32::MAX).await?;
        let mut all = Gathering { engine: self, headers, sources: Vec::new(), problems: Vec::new() };
        let subscriptions = all.needed::<Subscription>(vendor, Entity::Subscriptions).await?;
        let vendor_customers: Vec<VendorCustomer> = all.records(vendor, Entity::VendorCustomers).await?;
        let products: Vec<VendorProduct> = all.records(vendor, Entity::VendorProducts).await?;
        let psa_customers: Vec<PsaCustomer> = all.records(psa, Entity::PsaCustomers).await?;
        let psa_products: Vec<PsaProduct> = all.records(psa, Entity::PsaProducts).await?;
        let lines = all.maybe::<BilledLine>(psa, Entity::BilledLines).await?;
        let lines_unread = match &lines {
            Some(stored) => stored.pulled.problems().to_vec(),
            None => vec![Problem::new(format!("{psa} billed lines"), "were never pulled; what is billed is not known")],
        };
        let charges = all.records(vendor, Entity::Charges).await?;
        let prices = all.records(vendor, Entity::VendorPrices).await?;
        let commitments = all.records(vendor, Entity::ProductDependencies).await?;
        let summaries = all.records(vendor, Entity::UsageSummaries).await?;
        let usage = all.records(vendor, Entity::UsageLines).await?;
        let assignments = all.maybe::<Assignment>(vendor, Entity::Assignments).await?;
        let (mapping, mut contradictions) = self.mapping().await?;
        let Gathering { sources, mut problems, .. } = all;
        problems.append(&mut contradictions);
        Ok(Inventory {
            sources,
            directory: Directory::of((&vendor_customers, &products), (&psa_customers, &psa_products)),
            problems,
            mapping,
            subscriptions: subscriptions.into_parts().0,
            products,
            lines: lines.map(|stored| stored.pulled.into_parts().0).unwrap_or_default(),
            lines_unread,
            charges,
            prices,
            commitments,
            summaries,
            usage,
            assigned_on: assignments.as_ref().map(|stored| stored.header.taken_at.date_naive()),
            assignments: assignments.map(|stored| stored.pulled.into_parts().0).unwrap_or_default(),
        })
    }
}

/// What is held, from a folder of exports, through the links of a file, or through exact keys where there is none.
///
/// # Errors
/// [`EngineError::Exports`] names the file that is missing or cannot be read as a whole.
pub async fn inventory_of_folder(folder: &Path, links_file: Option<&Path>, watch: &dyn Watch) -> Result<Inventory> {
    if !folder.is_dir() {
        let kind = ErrorKind::Settings("there is no such folder".to_owned());
        return Err(of_the_folder(folder, ConnectorError::new(NAME, "open", kind).into()));
    }
    exported(folder, links_file, watch).await.map_err(|error| of_the_folder(folder, error))
}

/// What was read of a folder.
#[derive(Default)]
struct Read {
    /// Whether each list is whole, by its entity.
    whole: BTreeMap<&'static str, bool>,
    problems: Vec<Problem>,
}

impl Read {
    fn taken<R>(&mut self, entity: &'static str, listed: Pulled<R>) -> Vec<R> {
        self.whole.insert(entity, listed.is_complete());
        let (records, mut problems) = listed.into_parts();
        self.problems.append(&mut problems);
        records
    }
}

async fn exported(folder: &Path, links_file: Option<&Path>, watch: &dyn Watch) -> Result<Inventory> {
    let (vendor, psa) = (FilesVendor::new(NAME, folder)?, FilesPsa::new(NAME, folder)?);
    let absent = || {
        let what = "the folder has no file vendor_subscriptions.csv or .json".to_owned();
        ConnectorError::new(NAME, "read vendor_subscriptions", ErrorKind::NotFound(what))
    };
    let mut read = Read::default();
    let subscriptions = read.taken("vendor_subscriptions", vendor.held(watch)?.ok_or_else(absent)?);
    let vendor_customers = read.taken("vendor_companies", vendor.customers(watch).await?);
    let products = read.taken("vendor_products", vendor.products(watch).await?);
    let psa_customers = read.taken("psa_companies", psa.customers(watch).await?);
    let psa_products = read.taken("psa_products", psa.products(watch).await?);
    // The month is of no account to a folder: it gives all lines it has.
    let listed = psa.billed_lines(BillingPeriod::containing(NaiveDate::MIN), watch).await?;
    let lines_unread = listed.problems().to_vec();
    let lines = read.taken("psa_agreement_lines", listed);
    let charges = match vendor.all_charges(watch)? {
        Some(listed) => read.taken("vendor_invoice_items", listed),
        None => Vec::new(),
    };
    let assignments = match vendor.assignments(watch).await? {
        Some(listed) => read.taken("assignments", listed),
        None => Vec::new(),
    };
    let customers = (vendor_customers.as_slice(), psa_customers.as_slice());
    let (mapping, mut of_links) =
        mapping_of_folder(links_file, customers, (&products, &psa_products), &psa, watch).await?;
    read.problems.append(&mut of_links);
    let mut files = vendor.seen()?;
    files.extend(psa.seen()?);
    let modified = |file: &crate::connectors::files::Seen| {
        file.modified.map(|at| at.format("written %Y-%m-%d %H:%M:%S UTC").to_string()).unwrap_or_default()
    };
    let assigned = files.iter().find(|file| file.entity == "assignments").and_then(|file| file.modified);
    let sources = files.iter().filter_map(|file| {
        let complete = *read.whole.get(file.entity)?;
        Some(InventorySource { what: file.file.clone(), id: modified(file), complete })
    });
    let sources = sources.collect();
    // Each problem once: a list that is not there is made from the lines and has their problems as well.
    let problems: BTreeSet<Problem> = read.problems.into_iter().collect();
    Ok(Inventory {
        sources,
        directory: Directory::of((&vendor_customers, &products), (&psa_customers, &psa_products)),
        problems: problems.into_iter().collect(),
        mapping,
        subscriptions,
        products,
        lines_unread,
        lines,
        charges,
        prices: Vec::new(),
        commitments: Vec::new(),
        summaries: Vec::new(),
        usage: Vec::new(),
        assigned_on: assigned.map(|at| at.date_naive()),
        assignments,
    })
}
