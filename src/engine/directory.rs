//! The directory: what people call the records that a job works with, and the last snapshots of both sides.
//!
//! Keeps the invariant that a name is what the last snapshot said; a record without one keeps its id.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use crate::config;
use crate::core::customer::{PsaCustomer, VendorCustomer};
use crate::core::entity::Entity;
use crate::core::id::{Id, PsaCompanyId, PsaProductId, VendorCompanyId, VendorProductId};
use crate::core::period::BillingPeriod;
use crate::core::product::{ProductFields, PsaProduct, VendorProduct};
use crate::core::record::Record;
use crate::core::snapshot::Problem;
use crate::engine::{Engine, EngineError, Result, Side};
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
    /// The two connections, when there is exactly one of each side.
    pub(super) fn sides(&self) -> Result<Sides> {
        let only = |wanted: config::Side, side: Side| {
            let found: Vec<String> =
                self.connections.iter().filter(|(_, side)| *side == wanted).map(|(name, _)| name.clone()).collect();
            match found.as_slice() {
                [one] => Ok(one.clone()),
                _ => Err(EngineError::Connections { side, found }),
            }
        };
        Ok(Sides { vendor: only(config::Side::Vendor, Side::Vendor)?, psa: only(config::Side::Psa, Side::Psa)? })
    }

    pub(super) async fn records(&self) -> Result<Records> {
        let Sides { vendor, psa } = &self.sides()?;
        Ok(Records {
            vendor_customers: self.latest(vendor, Entity::VendorCustomers, None).await?,
            psa_customers: self.latest(psa, Entity::PsaCustomers, None).await?,
            vendor_products: self.latest(vendor, Entity::VendorProducts, None).await?,
            psa_products: self.latest(psa, Entity::PsaProducts, None).await?,
        })
    }

    /// The last snapshot of a listing, complete or not.
    pub(super) async fn latest<R: DeserializeOwned>(
        &self,
        connector: &str,
        entity: Entity,
        period: Option<BillingPeriod>,
    ) -> Result<Stored<R>> {
        let stored = self.store.load_latest_snapshot(connector, entity, period).await?;
        stored.ok_or_else(|| EngineError::NotPulled { connector: connector.to_owned(), what: words(entity, period) })
    }
}

/// A listing in words: `charges of 2026-04`.
pub(super) fn words(entity: Entity, period: Option<BillingPeriod>) -> String {
    let name = entity.as_str().replace('_', " ");
    period.map_or(name.clone(), |period| format!("{name} of {period}"))
}
