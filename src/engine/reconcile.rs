//! Reconcile: the last snapshots of a month, held against each other through the links that stand.
//!
//! Keeps the invariant that a month is reconciled on one snapshot of each listing, named in its result.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;

use crate::connectors::files::links::LinkFile;
use crate::core::billing::{BilledLine, Subscription, VendorCharge, VendorInvoice};
use crate::core::documents::Documents;
use crate::core::entity::Entity;
use crate::core::id::{Company, Product, PsaProductId};
use crate::core::link::{ComparedTwice, Link, LinkKind, LinkSet, Shape};
use crate::core::matching::{Candidates, Proposal, likeliest};
use crate::core::money::MoneyError;
use crate::core::past::Past;
use crate::core::period::BillingPeriod;
use crate::core::reconcile::coverage::Coverage;
use crate::core::reconcile::held::Held;
use crate::core::reconcile::lines::{Billed, Charge};
use crate::core::reconcile::{Book, Mapping, Outcome};
use crate::core::record::Fingerprint;
use crate::core::review::Refusal;
use crate::core::snapshot::{Problem, Pulled};
use crate::engine::directory::{Directory, Records, Sides, words};
use crate::engine::past::Asked;
use crate::engine::pull::Bundle;
use crate::engine::{Engine, EngineError, Result, SnapshotHeader};
use crate::store::{LinksUsed, RunOutcome, Stored, StoredLink};

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
    /// The distributor's documents with their lines; `None` where there are only lines.
    pub documents: Option<Documents>,
    /// What is held; `None` where no whole list says it.
    pub held: Option<Held>,
    /// The likeliest counterparts of records without a link, as last proposed.
    pub candidates: Candidates,
    /// What was seen before.
    pub past: Past,
}

impl Engine {
    /// Reconciles a month and saves the result.
    ///
    /// # Errors
    /// [`EngineError::NotPulled`] and [`EngineError::Stale`] say which listing has to be pulled.
    pub async fn reconcile(&self, period: BillingPeriod) -> Result<Reconciled> {
        let inputs = self.latest_inputs(period).await?;
        let mut outcome = inputs.outcome(period)?;
        let documents = inputs.documents()?;
        let untied = documents.as_ref().map_or(0, |documents| outcome.heed(documents));
        let job = self.begin("reconcile").await?;
        let saved = async {
            let mut tx = job.tx().await?;
            let sources: Vec<_> = inputs.sources.iter().map(|header| header.id).collect();
            tx.save_outcome(&outcome, &digest(&outcome), &sources, used(&inputs.mapping)).await?;
            Ok::<(), EngineError>(tx.commit().await?)
        };
        if let Err(error) = saved.await {
            return job.failed(error).await;
        }
        let receipt = serde_json::json!({
            "period": period, "verdict": outcome.verdict, "cells": outcome.cells, "variances": outcome.variances.len(),
            "untied": untied,
        });
        job.end(RunOutcome::Done, &receipt).await?;
        self.explained(inputs, outcome, documents).await
    }

    /// A result with what explains it.
    async fn explained(&self, inputs: Inputs, outcome: Outcome, documents: Option<Documents>) -> Result<Reconciled> {
        let past = self.past(&inputs.asked(&outcome)).await?;
        Ok(inputs.into_reconciled(outcome, documents, self.candidates().await?, past))
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
        let mut inputs = self.inputs(made_from).await?;
        // A link decided since must not rewrite what was reconciled.
        if let Some(LinksUsed { companies, products }) = stored.links {
            inputs.mapping.companies = standing(companies)?;
            inputs.mapping.products = standing(products)?;
        }
        let documents = inputs.documents()?;
        self.explained(inputs, stored.outcome, documents).await.map(Some)
    }

    async fn latest_inputs(&self, period: BillingPeriod) -> Result<Inputs> {
        let Sides { vendor, psa } = self.sides()?;
        let headers = self.store.list_snapshots(u32::MAX).await?;
        let (mut made_from, mut failed) = (Vec::new(), Vec::new());
        for (connector, entity, period) in [
            (&vendor, Entity::Charges, Some(period)),
            (&psa, Entity::BilledLines, Some(period)),
            (&vendor, Entity::VendorCustomers, None),
            (&vendor, Entity::VendorProducts, None),
            (&psa, Entity::PsaCustomers, None),
            (&psa, Entity::PsaProducts, None),
        ] {
            let not_pulled = || EngineError::NotPulled { connector: connector.clone(), what: words(entity, period) };
            let found = self.usable(&headers, connector, entity, period).await?.ok_or_else(not_pulled)?;
            made_from.push(found.header);
            failed.extend(found.failed);
        }
        // A line held against a list of long ago would be unmapped, or mapped, for no reason of today.
        made_from.iter().try_for_each(|header| self.fresh(header))?;
        for (connector, entity, period) in [(&vendor, Entity::Invoices, Some(period)), (&psa, Entity::Bundles, None)] {
            if let Some(found) = self.usable(&headers, connector, entity, period).await? {
                made_from.push(found.header);
                failed.extend(found.failed);
            }
        }
        // What is held explains the month and is no part of its sums: a list that failed makes no problem here.
        if let Some(found) = self.usable(&headers, &vendor, Entity::Subscriptions, None).await? {
            made_from.push(found.header);
        }
        made_from.sort_by_key(|header| header.id);
        let mut inputs = self.inputs(made_from).await?;
        inputs.of_lists.append(&mut failed);
        Ok(inputs)
    }

    /// Loads what a reconcile is made from.
    async fn inputs(&self, sources: Vec<SnapshotHeader>) -> Result<Inputs> {
        let records = Records {
            vendor_customers: self.source(&sources, Entity::VendorCustomers).await?,
            vendor_products: self.source(&sources, Entity::VendorProducts).await?,
            psa_customers: self.source(&sources, Entity::PsaCustomers).await?,
            psa_products: self.source(&sources, Entity::PsaProducts).await?,
            failed: Vec::new(),
        };
        let invoices = match sources.iter().find(|header| header.entity == Entity::Invoices) {
            Some(header) => self.store.load_snapshot(header.id).await?,
            None => None,
        };
        let bundles: Option<Stored<Bundle>> = match sources.iter().find(|header| header.entity == Entity::Bundles) {
            Some(header) => self.store.load_snapshot(header.id).await?,
            None => None,
        };
        let subscriptions = match sources.iter().find(|header| header.entity == Entity::Subscriptions) {
            Some(header) => self.store.load_snapshot(header.id).await?,
            None => None,
        };
        let mut of_lists = records.problems();
        of_lists.extend(invoices.iter().flat_map(|stored: &Stored<VendorInvoice>| stored.pulled.problems().to_vec()));
        of_lists.extend(bundles.iter().flat_map(|stored| stored.pulled.problems().to_vec()));
        let (mapping, mut contradictions) = self.mapping().await?;
        of_lists.append(&mut contradictions);
        Ok(Inputs {
            charges: self.source(&sources, Entity::Charges).await?,
            lines: self.source(&sources, Entity::BilledLines).await?,
            invoices,
            subscriptions,
            of_lists,
            mapping,
            directory: records.directory(),
            sources,
        })
    }

    async fn source<R: DeserializeOwned>(&self, sources: &[SnapshotHeader], entity: Entity) -> Result<Stored<R>> {
        let missing = || EngineError::NotPulled { connector: "any connection".to_owned(), what: words(entity, None) };
        let header = sources.iter().find(|header| header.entity == entity).ok_or_else(missing)?;
        self.store.load_snapshot(header.id).await?.ok_or_else(missing)
    }

    /// The likeliest counterparts among the last proposals; of a kind that was never proposed, none were looked for.
    async fn candidates(&self) -> Result<Candidates> {
        let companies = self.store.list_proposals::<Proposal<Company>>(LinkKind::Company).await?;
        let products = self.store.list_proposals::<Proposal<Product>>(LinkKind::Product).await?;
        let companies: Vec<_> = companies.into_iter().map(|stored| stored.payload).collect();
        let products: Vec<_> = products.into_iter().map(|stored| stored.payload).collect();
        Ok(Candidates {
            companies: (!companies.is_empty()).then(|| likeliest(&companies)),
            products: (!products.is_empty()).then(|| likeliest(&products)),
        })
    }

    /// The links that stand, and where they contradict each other.
    pub(super) async fn mapping(&self) -> Result<(Mapping, Vec<Problem>)> {
        let mut compare = BTreeMap::new();
        let mut contradictions = Vec::new();
        let links = self.store.load_links::<Product>().await?;
        let mut first: BTreeMap<&PsaProductId, &StoredLink<Product>> = BTreeMap::new();
        for link in &links {
            let standing = first.entry(&link.psa).or_insert(link);
            let counts = (&standing.vendor, standing.compare);
            if let Some(twice) = ComparedTwice::between(&link.psa, (&link.vendor, link.compare), counts) {
                let what = format!("{twice}; until then both are compared by {}", standing.compare);
                contradictions.push(Problem::new("links", what).record(link.vendor.as_str()).field("compare"));
            }
            compare.insert(link.psa.clone(), standing.compare);
        }
        let products = links.into_iter().map(|StoredLink { vendor, psa, .. }| Link { vendor, psa }).collect();
        let mapping = Mapping {
            companies: self.links().await?,
            products: standing(products)?,
            compare,
            bundles: self.store.load_bundles().await?,
        };
        Ok((mapping, contradictions))
    }

    fn fresh(&self, header: &SnapshotHeader) -> Result<()> {
        self.not_before(&format!("snapshot {}", header.id), header.taken_at)?;
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
    subscriptions: Option<Stored<Subscription>>,
    /// What is wrong with everything but the lines.
    of_lists: Vec<Problem>,
    sources: Vec<SnapshotHeader>,
    mapping: Mapping,
    directory: Directory,
}

impl Inputs {
    /// The result, as the lines say it.
    fn outcome(&self, period: BillingPeriod) -> Result<Outcome> {
        let documents = self.invoices.as_ref().map_or(&[][..], |stored| stored.pulled.records());
        let book = Book::new(period, &self.mapping).heeding(documents);
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
        coverage.vendor_unread = is_unread(&self.charges.pulled);
        coverage.psa_unread = is_unread(&self.lines.pulled);
        coverage.vendor_unreadable = if coverage.vendor_unread { 0 } else { count(&vendor_problems) };
        coverage.psa_unreadable = if coverage.psa_unread { 0 } else { count(&psa_problems) };
        vendor_problems.append(&mut psa_problems);
        // A list that is not there is made from the lines and has their problems as well: each is told once.
        let told: BTreeSet<Problem> = vendor_problems.iter().cloned().collect();
        vendor_problems.extend(self.of_lists.iter().filter(|problem| !told.contains(problem)).cloned());
        Ok(book.finish(1, coverage, vendor_problems)?)
    }

    /// The documents with their lines; `None` where there are only lines.
    fn documents(&self) -> Result<Option<Documents>> {
        let Some(invoices) = &self.invoices else { return Ok(None) };
        let mut documents = Documents::new(invoices.header.connector.clone(), invoices.pulled.records().to_vec());
        self.charges.pulled.records().iter().try_for_each(|charge| documents.add(&Charge::from(charge)))?;
        Ok(Some(documents))
    }

    fn asked<'a>(&'a self, outcome: &'a Outcome) -> Asked<'a> {
        Asked {
            outcome,
            mapping: &self.mapping,
            lines: self.lines.pulled.records(),
            charges: &self.charges.header,
            invoices: self.invoices.as_ref().map(|stored| &stored.header),
        }
    }

    fn into_reconciled(
        self,
        outcome: Outcome,
        documents: Option<Documents>,
        candidates: Candidates,
        past: Past,
    ) -> Reconciled {
        let (companies, products) = (&self.mapping.companies, &self.mapping.products);
        let held =
            self.subscriptions.as_ref().and_then(|stored| held(&stored.pulled, companies, products, outcome.period));
        Reconciled {
            outcome,
            directory: self.directory,
            company_links: self.mapping.companies,
            sources: self.sources,
            documents,
            held,
            candidates,
            past,
        }
    }
}

/// What is held, where the list is whole.
pub(super) fn held(
    listed: &Pulled<Subscription>,
    companies: &LinkSet<Company>,
    products: &LinkSet<Product>,
    period: BillingPeriod,
) -> Option<Held> {
    listed.is_complete().then(|| Held::of(listed.records(), companies, products, period))
}

fn used(mapping: &Mapping) -> LinksUsed {
    fn all<E>(links: &LinkSet<E>) -> Vec<Link<E>> {
        links.iter().map(|(vendor, psa)| Link { vendor: vendor.clone(), psa: psa.clone() }).collect()
    }
    LinksUsed { companies: all(&mapping.companies), products: all(&mapping.products) }
}

/// Links the store kept, which were allowed when they were decided.
fn standing<E>(kept: Vec<Link<E>>) -> Result<LinkSet<E>> {
    let mut links = LinkSet::default();
    for link in kept {
        links.claim(link, Shape::ManyToOne).map_err(Refusal::from)?;
    }
    Ok(links)
}

/// Whether a listing failed as a whole: nothing was read, and what is wrong is wrong with no one record.
fn is_unread<R>(pulled: &Pulled<R>) -> bool {
    let of_no_record = |problem: &Problem| problem.record.is_none() && problem.field.is_none();
    pulled.records().is_empty() && matches!(pulled.problems(), [one] if of_no_record(one))
}

fn count(problems: &[Problem]) -> u64 {
    u64::try_from(problems.len()).unwrap_or(u64::MAX)
}

/// Of everything the result says: equal digests are equal reports.
fn digest(outcome: &Outcome) -> Fingerprint {
    let Outcome { period, variances, cells, classes, coverage, margins, detail, problems, verdict } = outcome;
    let said = serde_json::json!({
        "period": period,
        "verdict": verdict,
        "variances": variances,
        "cells": cells,
        "classes": classes,
        "coverage": coverage,
        "margins": margins,
        "detail": detail,
        "problems": problems,
    });
    Fingerprint::of(said.to_string().as_bytes())
}

impl From<LinkFile> for Mapping {
    fn from(file: LinkFile) -> Self {
        Self { companies: file.companies, products: file.products, compare: file.compare, bundles: file.bundles }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::reconcile::detail::{Detail, Terms};
    use crate::core::reconcile::outcome::{CustomerMargin, KeyPart, Verdict};

    #[test]
    fn the_digest_is_of_everything_the_result_says() {
        let bare = Book::new("2026-04".parse().unwrap(), &Mapping::default())
            .finish(1, Coverage::default(), Vec::new())
            .unwrap();
        let zero = crate::core::money::Amount::ZERO;
        let margin = CustomerMargin {
            currency: "USD".parse().unwrap(),
            company: KeyPart::Psa("1".into()),
            revenue: zero,
            cost: zero,
            margin: zero,
            underbilled: zero,
            overbilled: zero,
        };
        let terms = [("USD".parse().unwrap(), Terms::default())].into();
        for (what, other) in [
            ("verdict", Outcome { verdict: Verdict::Clean, ..bare.clone() }),
            ("cells", Outcome { cells: 1, ..bare.clone() }),
            ("margins", Outcome { margins: vec![margin], ..bare.clone() }),
            ("detail", Outcome { detail: Detail { terms, ..Detail::default() }, ..bare.clone() }),
            ("problems", Outcome { problems: vec![Problem::new("a file", "is cut")], ..bare.clone() }),
        ] {
            assert_ne!(digest(&bare), digest(&other), "{what}");
        }
        assert_eq!(digest(&bare), digest(&bare.clone()));
    }
}
