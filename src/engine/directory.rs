//! The directory: what people call the records that a job works with, and the last snapshots of both sides.
//!
//! Keeps the invariants that a name is what the last snapshot said, a record without one keeps its id, and that an attempt
//! that read nothing does not take away what was read before it: that is used, and the failed attempt is a problem.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use crate::config;
use crate::connectors::files::links::Known;
use crate::core::billing::{BilledLine, VendorCharge};
use crate::core::customer::{PsaCustomer, VendorCustomer};
use crate::core::entity::Entity;
use crate::core::id::{Id, PsaCompanyId, PsaProductId, VendorCompanyId, VendorProductId};
use crate::core::period::BillingPeriod;
use crate::core::product::{ProductFields, PsaProduct, VendorProduct};
use crate::core::record::Record;
use crate::core::snapshot::Problem;
use crate::engine::{Engine, EngineError, Result, Side, SnapshotHeader};
use crate::store::Stored;

/// Names by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directory {
    /// The PSA's customers.
    pub psa_companies: BTreeMap<PsaCompanyId, String>,
    /// The distributor's companies.
    pub vendor_companies: BTreeMap<VendorCompanyId, String>,
    /// The PSA's products.
    pub psa_products: BTreeMap<PsaProductId, String>,
    /// The distributor's products.
    pub vendor_products: BTreeMap<VendorProductId, String>,
}

impl Directory {
    /// From the records of both sides.
    #[must_use]
    pub fn of(vendor: (&[VendorCustomer], &[VendorProduct]), psa: (&[PsaCustomer], &[PsaProduct])) -> Self {
        Self {
            vendor_companies: vendor.0.iter().map(|r| (r.id.clone(), r.fields.name.clone())).collect(),
            vendor_products: product_names(vendor.1),
            psa_companies: psa.0.iter().map(|r| (r.id.clone(), r.fields.name.clone())).collect(),
            psa_products: product_names(psa.1),
        }
    }
}

fn product_names<S, E>(products: &[Record<Id<S, E>, ProductFields>]) -> BTreeMap<Id<S, E>, String> {
    products.iter().map(|r| (r.id.clone(), r.fields.name.clone())).collect()
}

/// The two connections a reconcile stands between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sides {
    pub(super) vendor: String,
    pub(super) psa: String,
}

/// The last customers and products of both sides.
pub struct Records {
    pub(super) vendor_customers: Stored<VendorCustomer>,
    pub(super) psa_customers: Stored<PsaCustomer>,
    pub(super) vendor_products: Stored<VendorProduct>,
    pub(super) psa_products: Stored<PsaProduct>,
    /// The attempts after them that read nothing.
    pub(super) failed: Vec<Problem>,
}

impl Records {
    /// What is wrong with them.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let vendor = [self.vendor_customers.pulled.problems(), self.vendor_products.pulled.problems()];
        let psa = [self.psa_customers.pulled.problems(), self.psa_products.pulled.problems()];
        vendor.into_iter().chain(psa).flatten().cloned().collect()
    }

    pub(super) fn directory(&self) -> Directory {
        Directory::of(
            (self.vendor_customers.pulled.records(), self.vendor_products.pulled.records()),
            (self.psa_customers.pulled.records(), self.psa_products.pulled.records()),
        )
    }
}

impl Engine {
    /// The two connections: of each side the only one, or the one that is the default.
    pub(super) fn sides(&self) -> Result<Sides> {
        let only = |wanted: config::Side, side: Side| {
            let found: Vec<_> = self.connections.iter().filter(|one| one.side == wanted).collect();
            let defaults: Vec<_> = found.iter().copied().filter(|one| one.default).collect();
            match (found.as_slice(), defaults.as_slice()) {
                ([one], _) | (_, [one]) => Ok(one.name.clone()),
                _ => Err(EngineError::Connections { side, found: found.iter().map(|one| one.name.clone()).collect() }),
            }
        };
        Ok(Sides { vendor: only(config::Side::Vendor, Side::Vendor)?, psa: only(config::Side::Psa, Side::Psa)? })
    }

    pub(super) async fn records(&self) -> Result<Records> {
        let Sides { vendor, psa } = &self.sides()?;
        let mut failed = Vec::new();
        Ok(Records {
            vendor_customers: self.latest(vendor, Entity::VendorCustomers, &mut failed).await?,
            psa_customers: self.latest(psa, Entity::PsaCustomers, &mut failed).await?,
            vendor_products: self.latest(vendor, Entity::VendorProducts, &mut failed).await?,
            psa_products: self.latest(psa, Entity::PsaProducts, &mut failed).await?,
            failed,
        })
    }

    /// The ids of both sides: those listed last, and those the last month speaks of, whose records may be gone by now.
    ///
    /// # Errors
    /// [`EngineError::NotPulled`] before the first pull.
    pub async fn known(&self) -> Result<Known> {
        let Sides { vendor, psa } = self.sides()?;
        let directory = self.records().await?.directory();
        let mut known = Known {
            vendor_companies: directory.vendor_companies.into_keys().collect(),
            vendor_products: directory.vendor_products.into_keys().collect(),
            psa_companies: directory.psa_companies.into_keys().collect(),
            psa_products: directory.psa_products.into_keys().collect(),
        };
        for charge in self.last_of_a_month::<VendorCharge>(&vendor, Entity::Charges).await? {
            known.vendor_companies.extend(charge.company);
            known.vendor_products.extend(charge.product);
        }
        for line in self.last_of_a_month::<BilledLine>(&psa, Entity::BilledLines).await? {
            known.psa_companies.insert(line.company);
            known.psa_products.insert(line.product);
        }
        Ok(known)
    }

    /// What the customers or the products of a distributor's connection were called when they were read last, by id; none
    /// before that.
    ///
    /// # Errors
    /// What the database says.
    pub async fn vendor_names(&self, connector: &str, entity: Entity) -> Result<BTreeMap<String, String>> {
        #[derive(serde::Deserialize)]
        struct Named {
            id: String,
            fields: Name,
        }
        #[derive(serde::Deserialize)]
        struct Name {
            name: String,
        }
        let headers = self.store.list_snapshots(u32::MAX).await?;
        let Some(usable) = self.usable(&headers, connector, entity, None).await? else { return Ok(BTreeMap::new()) };
        let stored: Option<Stored<Named>> = self.store.load_snapshot(usable.header.id).await?;
        let records = stored.map(|stored| stored.pulled.into_parts().0).unwrap_or_default();
        Ok(records.into_iter().map(|record| (record.id, record.fields.name)).collect())
    }

    /// The last usable snapshot of a listing, complete or not.
    async fn latest<R: DeserializeOwned>(
        &self,
        connector: &str,
        entity: Entity,
        failed: &mut Vec<Problem>,
    ) -> Result<Stored<R>> {
        let headers = self.store.list_snapshots(u32::MAX).await?;
        let not_pulled = || EngineError::NotPulled { connector: connector.to_owned(), what: words(entity, None) };
        let usable = self.usable(&headers, connector, entity, None).await?.ok_or_else(not_pulled)?;
        failed.extend(usable.failed);
        self.store.load_snapshot(usable.header.id).await?.ok_or_else(not_pulled)
    }

    /// The last snapshot of a listing, complete or not; where the last attempt read nothing, the one before it that did.
    pub(super) async fn usable(
        &self,
        headers: &[SnapshotHeader],
        connector: &str,
        entity: Entity,
        period: Option<BillingPeriod>,
    ) -> Result<Option<Usable>> {
        let is_it = |h: &&SnapshotHeader| h.connector == connector && h.entity == entity && h.period == period;
        let mut attempts = headers.iter().filter(is_it);
        let Some(last) = attempts.next() else { return Ok(None) };
        let nothing = |header: &SnapshotHeader| !header.complete && header.records == 0;
        let before = if nothing(last) { attempts.find(|before| !nothing(before)) } else { None };
        let Some(before) = before else { return Ok(Some(Usable { header: last.clone(), failed: Vec::new() })) };
        let attempt: Option<Stored<serde_json::Value>> = self.store.load_snapshot(last.id).await?;
        let hours = self.clock.now().signed_duration_since(before.taken_at).num_hours();
        let used = format!(
            "the last pull of the {} of `{connector}` failed; those of {} are used, {hours} h old",
            words(entity, period),
            before.taken_at.format("%Y-%m-%d %H:%M UTC"),
        );
        let problems = attempt.map(|attempt| attempt.pulled.into_parts().1).unwrap_or_default();
        let marked = |problem: Problem| Problem { what: format!("{}; {used}", problem.what), ..problem };
        Ok(Some(Usable { header: before.clone(), failed: problems.into_iter().map(marked).collect() }))
    }
}

/// The snapshot of a listing that is worked with.
pub(super) struct Usable {
    pub(super) header: SnapshotHeader,
    /// What was wrong with the last attempt, where it is a later one that read nothing.
    pub(super) failed: Vec<Problem>,
}

/// A listing in words: `charges of 2026-04`.
pub(super) fn words(entity: Entity, period: Option<BillingPeriod>) -> String {
    let name = entity.as_str().replace('_', " ");
    period.map_or(name.clone(), |period| format!("{name} of {period}"))
}
