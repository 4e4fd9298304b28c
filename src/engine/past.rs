//! What earlier snapshots and results tell of a month.
//!
//! Keeps the invariant that nothing is read further back than it takes, nor further than some years.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::billing::{BilledLine, VendorCharge};
use crate::core::entity::Entity;
use crate::core::id::InvoiceId;
use crate::core::past::{CellKey, Past, Received, Series, unbilled, uncharged};
use crate::core::reconcile::outcome::{KeyPart, Outcome};
use crate::core::reconcile::{Mapping, held};
use crate::engine::{Engine, Result, SnapshotHeader};

/// No further back.
const MONTHS_MAX: usize = 36;

/// The month that is asked about.
pub(super) struct Asked<'a> {
    pub(super) outcome: &'a Outcome,
    pub(super) mapping: &'a Mapping,
    pub(super) lines: &'a [BilledLine],
    pub(super) charges: &'a SnapshotHeader,
    pub(super) invoices: Option<&'a SnapshotHeader>,
}

impl Engine {
    /// What was seen before of a month.
    pub(super) async fn past(&self, of: &Asked<'_>) -> Result<Past> {
        let uncharged = uncharged(of.outcome);
        let mut past = Past { months_open: self.months_open(of.outcome).await?, ..Past::default() };
        for line in of.lines {
            let (company, product) = (line.company.as_str().into(), line.product.as_str().into());
            let key = (line.currency, KeyPart::Psa(company), KeyPart::Psa(product));
            if uncharged.contains(&key) {
                let since = past.billed_since.entry(key).or_insert(line.effective);
                *since = line.effective.min(*since);
            }
        }
        past.last_charged = self.last_charged(of, uncharged).await?;
        if let Some(header) = of.invoices {
            past.documents = self.received(header).await?;
        }
        Ok(past)
    }

    async fn months_open(&self, outcome: &Outcome) -> Result<BTreeMap<CellKey, u64>> {
        let mut series = Series::new(unbilled(outcome));
        let mut month = outcome.period.previous();
        for _ in 0..MONTHS_MAX {
            if !series.stands() {
                break;
            }
            let Some(earlier) = self.store.load_latest_outcome(month).await? else { break };
            series.before(&unbilled(&earlier.outcome));
            month = month.previous();
        }
        Ok(series.months())
    }

    /// Looks for the last charges in the months before, as long as some were not found.
    async fn last_charged(
        &self,
        of: &Asked<'_>,
        mut wanted: BTreeSet<CellKey>,
    ) -> Result<BTreeMap<CellKey, chrono::NaiveDate>> {
        let mut found = BTreeMap::new();
        if wanted.is_empty() {
            return Ok(found);
        }
        let headers = self.store.list_snapshots(u32::MAX).await?;
        let mut month = of.outcome.period.previous();
        for _ in 0..MONTHS_MAX {
            let latest = headers.iter().find(|header| {
                header.connector == of.charges.connector
                    && header.entity == Entity::Charges
                    && header.period == Some(month)
                    && header.records > 0
            });
            month = month.previous();
            let Some(header) = latest else { continue };
            let Some(stored) = self.store.load_snapshot::<VendorCharge>(header.id).await? else { continue };
            let mut here = BTreeMap::new();
            for charge in stored.pulled.records() {
                let (Some(company), Some(product)) = (&charge.company, &charge.product) else { continue };
                let company = held::part(&of.mapping.companies, company);
                let key = (charge.currency, company, held::part(&of.mapping.products, product));
                if wanted.contains(&key) {
                    let day = charge.end.unwrap_or(charge.start);
                    let last = here.entry(key).or_insert(day);
                    *last = day.max(*last);
                }
            }
            wanted.retain(|key| !here.contains_key(key));
            found.append(&mut here);
            if wanted.is_empty() {
                break;
            }
        }
        Ok(found)
    }

    async fn received(&self, header: &SnapshotHeader) -> Result<BTreeMap<InvoiceId, Received>> {
        let first = self.store.first_seen(&header.connector, header.entity).await?;
        let hashes = self.store.row_fingerprints(header.id).await?;
        let received = |(id, hash): (String, _)| {
            let at = first.get(&id).copied();
            (InvoiceId::new(id), Received { at, hash: Some(hash) })
        };
        Ok(hashes.into_iter().map(received).collect())
    }
}
