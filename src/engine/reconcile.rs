//! Reconcile: the last snapshots of a month, held against each other through the links that stand.
//!
//! Keeps the invariant that a month is reconciled on one snapshot of each listing, named in its result.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use crate::connectors::files::links::LinkFile;
use crate::core::billing::{BilledLine, VendorCharge, VendorInvoice};
use crate::core::entity::Entity;
use crate::core::id::{Company, Product};
use crate::core::link::LinkSet;
use crate::core::money::MoneyError;
use crate::core::period::BillingPeriod;
use crate::core::reconcile::coverage::Coverage;
use crate::core::reconcile::lines::{Billed, Charge};
use crate::core::reconcile::{Book, Mapping, Outcome};
use crate::core::record::Fingerprint;
use crate::core::snapshot::Problem;
use crate::engine::directory::{Directory, Records, Sides, words};
use crate::engine::pull::Bundle;
use crate::engine::{Engine, EngineError, Result, SnapshotHeader};
use crate::store::{RunOutcome, Stored};

/// A reconciled month, with what its reports need.
#[derive(Debug, Clone)]
pub struct Reconciled {
    /// The result.
    pub outcome: Outcome,
    /// What people call the records.
    pub directory: Directory,
    /// Which companies are one.
    pub company_links: LinkSet<Company>,
    /// The snapshots it was made from.
    pub sources: Vec<SnapshotHeader>,
    /// The distributor's name, its documents and their lines; `None` where there are only lines.
    pub documents: Option<(String, Vec<VendorInvoice>, Vec<VendorCharge>)>,
}

impl Engine {
    /// Reconciles a month and saves the result.
    ///
    /// # Errors
    /// [`EngineError::NotPulled`] and [`EngineError::Stale`] say which listing has to be pulled.
    pub async fn reconcile(&self, period: BillingPeriod) -> Result<Reconciled> {
        let inputs = self.latest_inputs(period).await?;
        let outcome = inputs.outcome(period)?;
        let job = self.begin("reconcile").await?;
        let saved = async {
            let mut tx = job.tx().await?;
            let sources: Vec<_> = inputs.sources.iter().map(|header| header.id).collect();
            tx.save_outcome(&outcome, &digest(&outcome), &sources).await?;
            Ok::<(), EngineError>(tx.commit().await?)
        };
        if let Err(error) = saved.await {
            return job.failed(error).await;
        }
        let receipt = serde_json::json!({
            "period": period, "verdict": outcome.verdict, "cells": outcome.cells, "variances": outcome.variances.len(),
        });
        job.end(RunOutcome::Done, &receipt).await?;
        Ok(inputs.into_reconciled(outcome))
    }

    /// The last saved result of a month, with the names and documents it was made from; `None` when it was never reconciled.
    ///
    /// # Errors
    /// What the database says.
    pub async fn reconciled(&self, period: BillingPeriod) -> Result<Option<Reconciled>> {
        let Some(stored) = self.store.load_latest_outcome(period).await? else { return Ok(None) };
        let headers = self.store.list_snapshots(u32::MAX).await?;
        let mut made_from: Vec<_> = headers.into_iter().filter(|header| stored.sources.contains(&header.id)).collect();
        made_from.sort_by_key(|header| header.id);
        Ok(Some(self.inputs(made_from).await?.into_reconciled(stored.outcome)))
    }

    async fn latest_inputs(&self, period: BillingPeriod) -> Result<Inputs> {
        let Sides { vendor, psa } = self.sides()?;
        let headers = self.store.list_snapshots(u32::MAX).await?;
        let latest = |connector: &str, entity: Entity, period: Option<BillingPeriod>| {
            let is_it = |h: &&SnapshotHeader| h.connector == connector && h.entity == entity && h.period == period;
            headers.iter().find(is_it).cloned()
        };
        let mut made_from = Vec::new();
        for (connector, entity, period) in [
            (&vendor, Entity::Charges, Some(period)),
            (&psa, Entity::BilledLines, Some(period)),
            (&vendor, Entity::VendorCustomers, None),
            (&vendor, Entity::VendorProducts, None),
            (&psa, Entity::PsaCustomers, None),
            (&psa, Entity::PsaProducts, None),
        ] {
            let found = latest(connector, entity, period);
            let what = words(entity, period);
            made_from.push(found.ok_or_else(|| EngineError::NotPulled { connector: connector.clone(), what })?);
        }
        made_from.extend(latest(&vendor, Entity::Invoices, Some(period)));
        made_from.extend(latest(&psa, Entity::Bundles, None));
        made_from.iter().take(2).try_for_each(|header| self.fresh(header))?;
        made_from.sort_by_key(|header| header.id);
        self.inputs(made_from).await
    }

    /// Loads what a reconcile is made from.
    async fn inputs(&self, sources: Vec<SnapshotHeader>) -> Result<Inputs> {
        let records = Records {
            vendor_customers: self.source(&sources, Entity::VendorCustomers).await?,
            vendor_products: self.source(&sources, Entity::VendorProducts).await?,
            psa_customers: self.source(&sources, Entity::PsaCustomers).await?,
            psa_products: self.source(&sources, Entity::PsaProducts).await?,
        };
        let invoices = match sources.iter().find(|header| header.entity == Entity::Invoices) {
            Some(header) => self.store.load_snapshot(header.id).await?,
            None => None,
        };
        let bundles: Option<Stored<Bundle>> = match sources.iter().find(|header| header.entity == Entity::Bundles) {
            Some(header) => self.store.load_snapshot(header.id).await?,
            None => None,
        };
        let mut of_lists = records.problems();
        of_lists.extend(invoices.iter().flat_map(|stored: &Stored<VendorInvoice>| stored.pulled.problems().to_vec()));
        of_lists.extend(bundles.iter().flat_map(|stored| stored.pulled.problems().to_vec()));
        Ok(Inputs {
            charges: self.source(&sources, Entity::Charges).await?,
            lines: self.source(&sources, Entity::BilledLines).await?,
            invoices,
            of_lists,
            mapping: self.mapping().await?,
            directory: records.directory(),
            sources,
        })
    }

    async fn source<R: DeserializeOwned>(&self, sources: &[SnapshotHeader], entity: Entity) -> Result<Stored<R>> {
        let missing = || EngineError::NotPulled { connector: "any connection".to_owned(), what: words(entity, None) };
        let header = sources.iter().find(|header| header.entity == entity).ok_or_else(missing)?;
        self.store.load_snapshot(header.id).await?.ok_or_else(missing)
    }

    async fn mapping(&self) -> Result<Mapping> {
        let products = self.store.load_links::<Product>().await?;
        let compare: BTreeMap<_, _> = products.into_iter().map(|link| (link.psa, link.compare)).collect();
        Ok(Mapping {
            companies: self.links().await?,
            products: self.links().await?,
            compare,
            bundles: self.store.load_bundles().await?,
        })
    }

    fn fresh(&self, header: &SnapshotHeader) -> Result<()> {
        let age = self.clock.now().signed_duration_since(header.taken_at);
        if age.num_hours() <= i64::try_from(self.snapshot_age_hours_max).unwrap_or(i64::MAX) {
            return Ok(());
        }
        Err(EngineError::Stale {
            connector: header.connector.clone(),
            what: words(header.entity, header.period),
            hours: age.num_hours(),
            allowed: self.snapshot_age_hours_max,
        })
    }
}

/// What a reconcile of a month is made from.
struct Inputs {
    charges: Stored<VendorCharge>,
    lines: Stored<BilledLine>,
    invoices: Option<Stored<VendorInvoice>>,
    /// What is wrong with everything but the lines.
    of_lists: Vec<Problem>,
    sources: Vec<SnapshotHeader>,
    mapping: Mapping,
    directory: Directory,
}

impl Inputs {
    fn outcome(&self, period: BillingPeriod) -> Result<Outcome> {
        let book = Book::new(period, &self.mapping);
        let mut coverage = Coverage::default();
        let mut vendor_problems = self.charges.pulled.problems().to_vec();
        let mut psa_problems = self.lines.pulled.problems().to_vec();
        let unfit = |what: &str, id: String, error: &MoneyError| {
            Problem::new(what, format!("cannot be counted: {error}")).record(id)
        };
        for charge in self.charges.pulled.records() {
            if let Err(error) = book.add_charge(&Charge::from(charge), &mut coverage) {
                vendor_problems.push(unfit("charges", charge.id.to_string(), &error));
            }
        }
        for line in self.lines.pulled.records() {
            if let Err(error) = book.add_billed(&Billed::from(line), &mut coverage) {
                psa_problems.push(unfit("billed_lines", line.id.to_string(), &error));
            }
        }
        coverage.vendor_unreadable = count(&vendor_problems);
        coverage.psa_unreadable = count(&psa_problems);
        vendor_problems.append(&mut psa_problems);
        vendor_problems.extend_from_slice(&self.of_lists);
        Ok(book.finish(1, coverage, vendor_problems)?)
    }

    fn into_reconciled(self, outcome: Outcome) -> Reconciled {
        let charges = self.charges.pulled.into_parts().0;
        let documents =
            self.invoices.map(|invoices| (invoices.header.connector.clone(), invoices.pulled.into_parts().0, charges));
        Reconciled {
            outcome,
            directory: self.directory,
            company_links: self.mapping.companies,
            sources: self.sources,
            documents,
        }
    }
}

pub(super) fn count(problems: &[Problem]) -> u64 {
    u64::try_from(problems.len()).unwrap_or(u64::MAX)
}

/// Of everything the result says: equal digests are equal reports.
fn digest(outcome: &Outcome) -> Fingerprint {
    let said = serde_json::json!({
        "period": outcome.period,
        "verdict": outcome.verdict,
        "variances": outcome.variances,
        "classes": outcome.classes,
        "coverage": outcome.coverage,
        "problems": outcome.problems,
    });
    Fingerprint::of(said.to_string().as_bytes())
}

impl From<LinkFile> for Mapping {
    fn from(file: LinkFile) -> Self {
        Self { companies: file.companies, products: file.products, compare: file.compare, bundles: file.bundles }
    }
}
