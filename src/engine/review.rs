//! Review: the list a person works through, and decisions carried out one by one.
//!
//! Keeps the invariant that a decision and the links that follow from it change in one transaction, and that each decision
//! looks again at how things stand. A decision that cannot be followed keeps no other from being followed.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;

use crate::core::billing::{BilledLine, VendorCharge};
use crate::core::entity::Entity;
use crate::core::id::{Company, Id, Product, Psa, PsaProductId, Vendor};
use crate::core::link::{Compare, LinkKind, LinkSet, Linkable, Shape, Verdict};
use crate::core::matching::Proposal;
use crate::core::money::{MoneyError, Totals};
use crate::core::reconcile::Mapping;
use crate::core::record::Fingerprint;
use crate::core::review::{self, Action, Intent, Kind, Refusal, ReviewRow, Work};
use crate::engine::directory::{Directory, Records};
use crate::engine::{Engine, EngineError, Job, Result};
use crate::store::{NewDecision, RunOutcome};

/// The review of one kind of record, as it stands.
#[derive(Debug, Clone)]
pub struct Board<E> {
    /// Its rows, most money first.
    pub rows: Vec<ReviewRow<E>>,
    /// The proposals behind them, with their evidence.
    pub proposals: Vec<Proposal<E>>,
    /// The links that stand.
    pub links: LinkSet<E>,
    /// Every PSA record.
    pub psa_names: BTreeMap<Id<Psa, E>, String>,
    /// How many vendor records one PSA record may stand for.
    pub shape: Shape,
}

/// What became of the decisions of one sitting.
#[derive(Debug, Default)]
pub struct Decided {
    /// How many were carried out.
    pub done: usize,
    /// Those that were not: what was wanted, and why not.
    pub refused: Vec<(String, Refusal)>,
}

/// The names of the vendor's and of the PSA's records.
pub type Names<E> = (BTreeMap<Id<Vendor, E>, String>, BTreeMap<Id<Psa, E>, String>);

/// Records of the vendor and of the PSA that are no longer listed.
pub type Gone<E> = (BTreeSet<Id<Vendor, E>>, BTreeSet<Id<Psa, E>>);

/// A kind of record that is reviewed: where its names and its money are.
pub trait Reviewed: Linkable + Clone + Sized {
    /// Its kind in the review.
    const REVIEW: Kind;
    /// The names of both sides.
    fn names(directory: Directory) -> Names<Self>;
    /// The linked records of both sides that are gone for certain.
    fn gone(records: &Records, links: &LinkSet<Self>) -> Gone<Self>;
    /// The record a charge is for.
    fn charged(charge: &VendorCharge) -> Option<&Id<Vendor, Self>>;
    /// The record a line bills.
    fn billed(line: &BilledLine) -> &Id<Psa, Self>;
}

impl Reviewed for Company {
    const REVIEW: Kind = Kind::Customer;
    fn names(directory: Directory) -> Names<Self> {
        (directory.vendor_companies, directory.psa_companies)
    }
    fn gone(records: &Records, links: &LinkSet<Self>) -> Gone<Self> {
        let vendor = records.vendor_customers.pulled.absent(links.iter().map(|(vendor, _)| vendor));
        (vendor, records.psa_customers.pulled.absent(links.iter().map(|(_, psa)| psa)))
    }
    fn charged(charge: &VendorCharge) -> Option<&Id<Vendor, Self>> {
        charge.company.as_ref()
    }
    fn billed(line: &BilledLine) -> &Id<Psa, Self> {
        &line.company
    }
}

impl Reviewed for Product {
    const REVIEW: Kind = Kind::Product;
    fn names(directory: Directory) -> Names<Self> {
        (directory.vendor_products, directory.psa_products)
    }
    fn gone(records: &Records, links: &LinkSet<Self>) -> Gone<Self> {
        let vendor = records.vendor_products.pulled.absent(links.iter().map(|(vendor, _)| vendor));
        (vendor, records.psa_products.pulled.absent(links.iter().map(|(_, psa)| psa)))
    }
    fn charged(charge: &VendorCharge) -> Option<&Id<Vendor, Self>> {
        charge.product.as_ref()
    }
    fn billed(line: &BilledLine) -> &Id<Psa, Self> {
        &line.product
    }
}

impl Engine {
    /// The review of one kind of record.
    ///
    /// # Errors
    /// [`EngineError::NotPulled`] before the first pull.
    pub async fn board<E: Reviewed>(&self) -> Result<Board<E>> {
        let records = self.records().await?;
        let links = self.links::<E>().await?;
        let history = self.history::<E>().await?;
        let stored = self.store.list_proposals::<Proposal<E>>(E::KIND).await?;
        let proposals: Vec<Proposal<E>> = stored.into_iter().map(|row| row.payload).collect();
        let (gone_vendor, gone_psa) = E::gone(&records, &links);
        let (vendor_names, psa_names) = E::names(records.directory());
        let (vendor_money, psa_money) = self.money::<E>().await?;
        let open: Vec<Proposal<E>> = proposals.iter().filter(|p| is_open(p, &links)).cloned().collect();
        let work = Work {
            kind: E::REVIEW,
            proposals: &open,
            links: &links,
            history: &history,
            vendor_names: &vendor_names,
            gone_vendor: &gone_vendor,
            gone_psa: &gone_psa,
            psa_names: &psa_names,
            vendor_money: &vendor_money,
            psa_money: &psa_money,
        };
        let rows = review::rows(&work);
        Ok(Board { rows, proposals: open, links, psa_names, shape: self.shape(E::KIND) })
    }

    /// The money that hangs on each record in the last month that was pulled.
    async fn money<E: Reviewed>(&self) -> Result<(BTreeMap<Id<Vendor, E>, Totals>, BTreeMap<Id<Psa, E>, Totals>)> {
        let sides = self.sides()?;
        let charges = self.last_of_a_month::<VendorCharge>(&sides.vendor, Entity::Charges).await?;
        let lines = self.last_of_a_month::<BilledLine>(&sides.psa, Entity::BilledLines).await?;
        let (mut vendor, mut psa) = (BTreeMap::new(), BTreeMap::new());
        for charge in &charges {
            if let Some(id) = E::charged(charge) {
                add(&mut vendor, id, charge.cost_total.in_currency(charge.currency))?;
            }
        }
        for line in &lines {
            add(&mut psa, E::billed(line), line.amount.in_currency(line.currency))?;
        }
        Ok((vendor, psa))
    }

    /// The records of the latest month of a listing; none when it was never pulled.
    async fn last_of_a_month<R: DeserializeOwned>(&self, connector: &str, entity: Entity) -> Result<Vec<R>> {
        let headers = self.store.list_snapshots(u32::from(u16::MAX)).await?;
        let latest = headers.iter().find(|header| header.connector == connector && header.entity == entity);
        let Some(header) = latest else { return Ok(Vec::new()) };
        let stored = self.store.load_latest_snapshot::<R>(connector, entity, header.period).await?;
        Ok(stored.map(|stored| stored.pulled.into_parts().0).unwrap_or_default())
    }

    /// Carries out decisions, each on its own.
    ///
    /// # Errors
    /// What the database says; a decision that cannot be followed stands in [`Decided::refused`].
    pub async fn decide<E: Reviewed>(&self, intents: &[Intent<E>], by: &str) -> Result<Decided> {
        let board = self.board::<E>().await?;
        let metered = if E::KIND == LinkKind::Product { self.metered().await? } else { BTreeMap::new() };
        let job = self.begin("review").await?;
        let mut decided = Decided::default();
        match self.decide_each(&job, board, intents, by, &metered, &mut decided).await {
            Ok(()) => {
                let receipt = serde_json::json!({ "done": decided.done, "refused": decided.refused.len() });
                let outcome = if decided.refused.is_empty() { RunOutcome::Done } else { RunOutcome::Partial };
                job.end(outcome, &receipt).await?;
                Ok(decided)
            }
            Err(error) => job.failed(error).await,
        }
    }

    async fn decide_each<E: Reviewed>(
        &self,
        job: &Job,
        board: Board<E>,
        intents: &[Intent<E>],
        by: &str,
        metered: &BTreeMap<String, Compare>,
        decided: &mut Decided,
    ) -> Result<()> {
        let Board { proposals, mut links, shape, .. } = board;
        let mut tx = job.tx().await?;
        for intent in intents {
            // A link made by hand may stand beside others: several sites of one customer.
            let shape = if matches!(intent.action, Action::Link(_)) { Shape::ManyToOne } else { shape };
            let today = evidence_of(&proposals, &intent.action);
            let outcome = match review::decide(intent, by, &links, shape, today) {
                Ok(outcome) => outcome,
                Err(refusal) => {
                    decided.refused.push((wanted(&intent.action), refusal));
                    continue;
                }
            };
            let said = &outcome.decided;
            let compare = said.vendor.as_ref().and_then(|id| metered.get(id.as_str())).copied();
            let accepted = said.decision.verdict == Verdict::Accepted;
            let new = NewDecision {
                vendor: said.vendor.clone(),
                psa: said.psa.clone(),
                compare: compare.filter(|_| accepted),
                decision: said.decision.clone(),
            };
            tx.append_decision(&new, shape).await?;
            outcome.apply(&mut links, shape).map_err(Refusal::from)?;
            decided.done = decided.done.saturating_add(1);
        }
        Ok(tx.commit().await?)
    }

    /// Products whose every charge is metered are compared by amount: their units are no seats.
    async fn metered(&self) -> Result<BTreeMap<String, Compare>> {
        let charges = self.last_of_a_month::<VendorCharge>(&self.sides()?.vendor, Entity::Charges).await?;
        let mut metered = BTreeMap::new();
        for charge in &charges {
            let Some(product) = &charge.product else { continue };
            let usage = charge.term.as_deref() == Some("Arrears");
            let all = metered.entry(product.to_string()).or_insert(true);
            *all = *all && usage;
        }
        Ok(metered.into_iter().filter(|(_, all)| *all).map(|(id, _)| (id, Compare::Amount)).collect())
    }

    /// Takes over links and bundle recipes that somebody keeps elsewhere, as decisions of one person.
    ///
    /// # Errors
    /// What the database says.
    pub async fn take_over(&self, mapping: &Mapping, by: &str, reason: &str) -> Result<Decided> {
        let (companies, products) = (self.standing::<Company>().await?, self.standing::<Product>().await?);
        let job = self.begin("review").await?;
        let mut decided = Decided::default();
        let taken = async {
            let mut tx = job.tx().await?;
            let say = Say { by, reason };
            say.links(&mut tx, &mapping.companies, &companies, |_| None, &mut decided).await?;
            let compare = |psa: &PsaProductId| mapping.compare.get(psa).copied();
            say.links(&mut tx, &mapping.products, &products, compare, &mut decided).await?;
            if !mapping.bundles.is_empty() {
                let bundles: Vec<_> = mapping.bundles.iter().map(|(id, parts)| (id.clone(), parts.clone())).collect();
                tx.save_bundles(&bundles).await?;
            }
            Ok::<(), EngineError>(tx.commit().await?)
        };
        match taken.await {
            Ok(()) => {
                job.end(RunOutcome::Done, &serde_json::json!({ "done": decided.done })).await?;
                Ok(decided)
            }
            Err(error) => job.failed(error).await,
        }
    }

    async fn standing<E: Linkable>(&self) -> Result<Standing<E>> {
        let links = self.store.load_links::<E>().await?;
        Ok(links.into_iter().map(|link| (link.vendor, (link.psa, link.compare))).collect())
    }
}

/// The links that stand, and how each is compared.
type Standing<E> = BTreeMap<Id<Vendor, E>, (Id<Psa, E>, Compare)>;

/// Who says so, and why.
struct Say<'s> {
    by: &'s str,
    reason: &'s str,
}

impl Say<'_> {
    async fn links<E: Linkable>(
        &self,
        tx: &mut crate::store::Tx,
        wanted: &LinkSet<E>,
        standing: &Standing<E>,
        compare: impl Fn(&Id<Psa, E>) -> Option<Compare>,
        decided: &mut Decided,
    ) -> Result<()> {
        for (vendor, psa) in wanted.iter() {
            let compare = compare(psa);
            match standing.get(vendor) {
                Some((same, how)) if same == psa && compare.is_none_or(|wanted| wanted == *how) => continue,
                Some((other, _)) if other != psa => {
                    let refusal = Refusal::AlreadyLinked(crate::core::link::AlreadyLinked {
                        claimed_vendor: vendor.to_string(),
                        claimed_psa: psa.to_string(),
                        standing_vendor: vendor.to_string(),
                        standing_psa: other.to_string(),
                    });
                    decided.refused.push((format!("link {vendor} with {psa}"), refusal));
                    continue;
                }
                Some(_) | None => {}
            }
            let decision = crate::core::link::Decision {
                verdict: Verdict::Accepted,
                by: self.by.to_owned(),
                reason: Some(self.reason.to_owned()),
                evidence: None,
            };
            let new = NewDecision { vendor: Some(vendor.clone()), psa: Some(psa.clone()), compare, decision };
            tx.append_decision(&new, Shape::ManyToOne).await?;
            decided.done = decided.done.saturating_add(1);
        }
        Ok(())
    }
}

/// A proposal made before a decision may speak of records that are linked by now.
fn is_open<E>(proposal: &Proposal<E>, links: &LinkSet<E>) -> bool {
    let vendor_free = proposal.vendor.as_ref().is_none_or(|id| links.psa_of(id).is_none());
    let psa_free = proposal.vendor.is_some() || proposal.psa.as_ref().is_none_or(|id| !links.knows_psa(id));
    vendor_free && psa_free
}

fn evidence_of<'p, E>(proposals: &'p [Proposal<E>], action: &Action<E>) -> Option<&'p Fingerprint> {
    let pair = match action {
        Action::Accept(pair) | Action::Link(pair) | Action::Reject(pair) | Action::Unlink(pair) => pair,
        Action::Exclude(_) | Action::Defer(_) => return None,
    };
    let of = |p: &&Proposal<E>| p.vendor.as_ref() == Some(&pair.vendor) && p.psa.as_ref() == Some(&pair.psa);
    proposals.iter().find(of).map(|p| &p.fingerprint)
}

fn wanted<E>(action: &Action<E>) -> String {
    match action {
        Action::Accept(pair) => format!("accept {} with {}", pair.vendor, pair.psa),
        Action::Link(pair) => format!("link {} with {}", pair.vendor, pair.psa),
        Action::Reject(pair) => format!("reject {} with {}", pair.vendor, pair.psa),
        Action::Unlink(pair) => format!("unlink {} from {}", pair.vendor, pair.psa),
        Action::Exclude(review::Party::Vendor(id)) => format!("exclude {id}"),
        Action::Exclude(review::Party::Psa(id)) => format!("exclude {id}"),
        Action::Defer(review::Party::Vendor(id)) => format!("defer {id}"),
        Action::Defer(review::Party::Psa(id)) => format!("defer {id}"),
    }
}

fn add<S, E>(
    sums: &mut BTreeMap<Id<S, E>, Totals>,
    id: &Id<S, E>,
    money: crate::core::money::Money,
) -> std::result::Result<(), MoneyError> {
    sums.entry(id.clone()).or_default().add(money)
}
