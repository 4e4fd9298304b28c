//! Propose: the matcher's answer on the last snapshots, kept for review.
//!
//! Keeps the invariant that proposing links nothing: it only puts questions.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::core::billing::{Subscription, VendorCharge};
use crate::core::entity::Entity;
use crate::core::id::{Company, Product, VendorProductId};
use crate::core::link::{LinkKind, LinkSet, Linkable, Shape};
use crate::core::matching::{self, Band, Proposal, Rules, TitleWords};
use crate::core::review::{self, Decided};
use crate::core::snapshot::Pulled;
use crate::engine::directory::{Records, words};
use crate::engine::{Engine, EngineError, Job, Result};
use crate::store::{NewProposal, RunOutcome, Stored, StoredLink};

/// How many proposals of each band.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Proposed {
    /// Sure enough to accept together.
    pub matches: usize,
    /// For a person to look at.
    pub possible: usize,
    /// Vendor records without a counterpart.
    pub vendor_alone: usize,
    /// PSA records without a counterpart.
    pub psa_alone: usize,
}

impl Proposed {
    fn count<E>(proposals: &[Proposal<E>]) -> Self {
        let mut count = Self::default();
        for proposal in proposals {
            let of = match (proposal.band, &proposal.vendor) {
                (Band::Match, _) => &mut count.matches,
                (Band::Possible, _) => &mut count.possible,
                (Band::NoCounterpart, Some(_)) => &mut count.vendor_alone,
                (Band::NoCounterpart, None) => &mut count.psa_alone,
            };
            *of = of.saturating_add(1);
        }
        count
    }
}

impl Engine {
    /// Proposes which records are the same. Nothing is linked.
    ///
    /// # Errors
    /// [`EngineError::NotPulled`] and [`EngineError::Incomplete`]: a record that was not read cannot be proposed, and a
    /// counterpart that was not read would be missed.
    pub async fn propose(&self, kinds: &[LinkKind]) -> Result<Vec<(LinkKind, Proposed)>> {
        let records = self.whole_records().await?;
        let job = self.begin("propose").await?;
        let mut counts = Vec::new();
        for kind in kinds {
            let proposed = match kind {
                LinkKind::Company => self.propose_customers(&job, &records).await,
                LinkKind::Product => self.propose_products(&job, &records).await,
            };
            match proposed {
                Ok(count) => counts.push((*kind, count)),
                Err(error) => return job.failed(error).await,
            }
        }
        job.end(RunOutcome::Done, &serde_json::json!(counts)).await?;
        Ok(counts)
    }

    async fn propose_customers(&self, job: &Job, records: &Records) -> Result<Proposed> {
        let known = review::known(&self.links::<Company>().await?, &self.history::<Company>().await?);
        let (vendor, psa) = (records.vendor_customers.pulled.records(), records.psa_customers.pulled.records());
        let proposals = matching::customers(vendor, psa, &known, &self.rules(LinkKind::Company)?);
        save(job, &proposals).await
    }

    async fn propose_products(&self, job: &Job, records: &Records) -> Result<Proposed> {
        let known = review::known(&self.links::<Product>().await?, &self.history::<Product>().await?);
        let used = self.products_in_use().await?;
        let vendor = records.vendor_products.pulled.records().iter();
        let vendor: Vec<_> = vendor.filter(|p| used.is_empty() || used.contains(&p.id)).cloned().collect();
        let rules = self.rules(LinkKind::Product)?;
        save(job, &matching::products(&vendor, records.psa_products.pulled.records(), &known, &rules)).await
    }

    /// Products somebody holds or was charged for: a catalogue has thousands that concern nobody here.
    async fn products_in_use(&self) -> Result<BTreeSet<VendorProductId>> {
        let vendor = self.sides()?.vendor;
        let held = self.store.load_latest_snapshot::<Subscription>(&vendor, Entity::Subscriptions, None).await?;
        let mut used: BTreeSet<VendorProductId> =
            held.iter().flat_map(|s| s.pulled.records()).map(|s| s.fields.product.clone()).collect();
        let headers = self.store.list_snapshots(u32::from(u16::MAX)).await?;
        let last = headers.iter().find(|h| h.connector == vendor && h.entity == Entity::Charges);
        if let Some(header) = last {
            let charges: Option<Stored<VendorCharge>> =
                self.store.load_latest_snapshot(&vendor, Entity::Charges, header.period).await?;
            used.extend(charges.iter().flat_map(|s| s.pulled.records()).filter_map(|c| c.product.clone()));
        }
        Ok(used)
    }

    async fn whole_records(&self) -> Result<Records> {
        let records = self.records().await?;
        whole(&records.vendor_customers)?;
        whole(&records.psa_customers)?;
        whole(&records.vendor_products)?;
        whole(&records.psa_products)?;
        Ok(records)
    }

    /// The rules of one kind of record.
    pub(super) fn rules(&self, kind: LinkKind) -> Result<Rules> {
        let rules = match kind {
            LinkKind::Company => &self.matching.customers,
            LinkKind::Product => &self.matching.products,
        };
        Ok(rules.rules(self.title_words()?))
    }

    /// How many vendor records one PSA record may stand for.
    pub(super) fn shape(&self, kind: LinkKind) -> Shape {
        match kind {
            LinkKind::Company => self.matching.customers.shape,
            LinkKind::Product => self.matching.products.shape,
        }
    }

    fn title_words(&self) -> Result<TitleWords> {
        let Some(file) = &self.matching.title_words else { return Ok(TitleWords::default()) };
        let refused = |what: String| EngineError::File { file: file.display().to_string(), what };
        let text = std::fs::read_to_string(self.folder.join(file)).map_err(|error| refused(error.to_string()))?;
        let (words, problems) = TitleWords::parse(&text, &file.display().to_string());
        match problems.first() {
            None => Ok(words),
            Some(first) => Err(refused(format!("cannot be used: {first}"))),
        }
    }

    pub(super) async fn links<E: Linkable + Clone>(&self) -> Result<LinkSet<E>> {
        let mut links = LinkSet::default();
        for StoredLink { vendor, psa, .. } in self.store.load_links::<E>().await? {
            let link = crate::core::link::Link { vendor, psa };
            // The store keeps the shape; what it holds was allowed when it was decided.
            links.claim(link, Shape::ManyToOne).map_err(review::Refusal::from)?;
        }
        Ok(links)
    }

    pub(super) async fn history<E: Linkable>(&self) -> Result<Vec<Decided<E>>> {
        let decisions = self.store.load_decisions::<E>().await?;
        let of = |d: crate::store::StoredDecision<E>| Decided {
            vendor: d.said.vendor,
            psa: d.said.psa,
            decision: d.said.decision,
        };
        Ok(decisions.into_iter().map(of).collect())
    }
}

fn whole<R>(stored: &Stored<R>) -> Result<()> {
    match &stored.pulled {
        Pulled::Complete(_) => Ok(()),
        Pulled::Partial(partial) => Err(EngineError::Incomplete {
            connector: stored.header.connector.clone(),
            what: words(stored.header.entity, None),
            first: partial.problems().first().map(ToString::to_string).unwrap_or_default(),
        }),
    }
}

async fn save<E: Linkable>(job: &Job, proposals: &[Proposal<E>]) -> Result<Proposed> {
    let rows: Vec<NewProposal<'_, Proposal<E>>> = proposals
        .iter()
        .map(|proposal| NewProposal {
            vendor: proposal.vendor.as_ref().map(crate::core::id::Id::as_str),
            psa: proposal.psa.as_ref().map(crate::core::id::Id::as_str),
            score: proposal.score.0.into(),
            band: proposal.band.as_str(),
            evidence: &proposal.fingerprint,
            payload: proposal,
        })
        .collect();
    let mut tx = job.tx().await?;
    tx.save_proposals(E::KIND, &rows).await?;
    tx.commit().await?;
    Ok(Proposed::count(proposals))
}
