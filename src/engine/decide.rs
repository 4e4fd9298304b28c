//! Decisions carried out one by one: of a person at the review, or of a links file that is taken over.
//!
//! Keeps the invariants that a decision and the links that follow from it change in one transaction, that each decision looks
//! again at how things stand, and that the links of one PSA record are compared in one way. A decision that cannot be followed
//! keeps no other from being followed.

use std::collections::BTreeMap;

use crate::core::billing::VendorCharge;
use crate::core::entity::Entity;
use crate::core::id::{Company, Id, Product, Psa, Vendor};
use crate::core::link::{AlreadyLinked, Compare, ComparedTwice, Decision, LinkKind, LinkSet, Linkable, Shape, Verdict};
use crate::core::matching::Proposal;
use crate::core::reconcile::Mapping;
use crate::core::record::Fingerprint;
use crate::core::review::{self, Action, Intent, Party, Refusal};
use crate::engine::review::Reviewed;
use crate::engine::{Engine, EngineError, Job, Result};
use crate::store::{NewDecision, RunOutcome, Tx};

/// What became of the decisions of one sitting.
#[derive(Debug, Default)]
pub struct Decided {
    /// How many were carried out.
    pub done: usize,
    /// Those that were not: what was wanted, and why not.
    pub refused: Vec<(String, Refusal)>,
}

impl Decided {
    fn refuse(&mut self, wanted: String, refusal: impl Into<Refusal>) {
        self.refused.push((wanted, refusal.into()));
    }
}

impl Engine {
    /// Carries out decisions, each on its own.
    ///
    /// # Errors
    /// What the database says; a decision that cannot be followed stands in [`Decided::refused`].
    pub async fn decide<E: Reviewed>(&self, intents: &[Intent<E>], by: &str) -> Result<Decided> {
        let board = self.board::<E>().await?;
        let metered = if E::KIND == LinkKind::Product { self.metered().await? } else { BTreeMap::new() };
        let standing = self.standing::<E>().await?;
        let mut sitting =
            Sitting { by, shape: board.shape, proposals: board.proposals, links: board.links, metered, standing };
        let job = self.begin("review").await?;
        match sitting.decide(&job, intents).await {
            Ok(decided) => {
                let receipt = serde_json::json!({ "done": decided.done, "refused": decided.refused.len() });
                let outcome = if decided.refused.is_empty() { RunOutcome::Done } else { RunOutcome::Partial };
                job.end(outcome, &receipt).await?;
                Ok(decided)
            }
            Err(error) => job.failed(error).await,
        }
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
            let of_companies = Takeover { by, reason, wanted: &mapping.companies, standing: &companies };
            of_companies.carry_out(&mut tx, |_| None, &mut decided).await?;
            let of_products = Takeover { by, reason, wanted: &mapping.products, standing: &products };
            of_products.carry_out(&mut tx, |psa| mapping.compare.get(psa).copied(), &mut decided).await?;
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

/// The decisions of one person at one time, and how things stand before each.
struct Sitting<'s, E> {
    by: &'s str,
    shape: Shape,
    proposals: Vec<Proposal<E>>,
    links: LinkSet<E>,
    standing: Standing<E>,
    /// How a vendor record's links are compared, where it is not the usual way.
    metered: BTreeMap<String, Compare>,
}

impl<E: Reviewed> Sitting<'_, E> {
    async fn decide(&mut self, job: &Job, intents: &[Intent<E>]) -> Result<Decided> {
        let mut decided = Decided::default();
        let mut tx = job.tx().await?;
        for intent in intents {
            match self.judged(intent) {
                Ok(outcome) => self.follow(&mut tx, intent, outcome).await?,
                Err(refusal) => {
                    decided.refuse(wanted(&intent.action), refusal);
                    continue;
                }
            }
            decided.done = decided.done.saturating_add(1);
        }
        tx.commit().await?;
        Ok(decided)
    }

    /// A link made by hand may stand beside others: several sites of one customer.
    fn shape_of(&self, intent: &Intent<E>) -> Shape {
        if matches!(intent.action, Action::Link(_)) { Shape::ManyToOne } else { self.shape }
    }

    fn judged(&self, intent: &Intent<E>) -> std::result::Result<review::Outcome<E>, Refusal> {
        let today = evidence_of(&self.proposals, &intent.action);
        let outcome = review::decide(intent, self.by, &self.links, self.shape_of(intent), today)?;
        if let Action::Accept(pair) | Action::Link(pair) = &intent.action {
            let compare = self.metered.get(pair.vendor.as_str()).copied().unwrap_or(Compare::Quantity);
            let beside =
                self.links.vendors_of(&pair.psa).filter_map(|other| Some((other, self.standing.get(other)?.1)));
            let mut twice =
                beside.filter_map(|other| ComparedTwice::between(&pair.psa, (&pair.vendor, compare), other));
            twice.next().map_or(Ok(()), Err)?;
        }
        Ok(outcome)
    }

    async fn follow(&mut self, tx: &mut Tx, intent: &Intent<E>, outcome: review::Outcome<E>) -> Result<()> {
        let (shape, said) = (self.shape_of(intent), &outcome.decided);
        let pair = said.vendor.clone().zip(said.psa.clone()).filter(|_| said.decision.verdict == Verdict::Accepted);
        let compare = pair.as_ref().and_then(|(vendor, _)| self.metered.get(vendor.as_str())).copied();
        let new = NewDecision {
            vendor: said.vendor.clone(),
            psa: said.psa.clone(),
            compare,
            decision: said.decision.clone(),
        };
        tx.append_decision(&new, shape).await?;
        outcome.apply(&mut self.links, shape).map_err(Refusal::from)?;
        if let Some((vendor, psa)) = pair {
            self.standing.insert(vendor, (psa, compare.unwrap_or(Compare::Quantity)));
        }
        Ok(())
    }
}

/// Links of one kind that are taken over, beside those that stand.
struct Takeover<'t, E> {
    by: &'t str,
    reason: &'t str,
    wanted: &'t LinkSet<E>,
    standing: &'t Standing<E>,
}

impl<E: Linkable> Takeover<'_, E> {
    async fn carry_out(
        &self,
        tx: &mut Tx,
        compare: impl Fn(&Id<Psa, E>) -> Option<Compare>,
        decided: &mut Decided,
    ) -> Result<()> {
        for (vendor, psa) in self.wanted.iter() {
            let compare = compare(psa);
            let stands = self.standing.get(vendor);
            if stands.is_some_and(|(same, how)| same == psa && compare.is_none_or(|wanted| wanted == *how)) {
                continue;
            }
            if let Err(refusal) = self.may(vendor, psa, compare) {
                decided.refuse(format!("link {vendor} with {psa}"), refusal);
                continue;
            }
            let decision = Decision {
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

    /// Whether no link that stands, and stays as it is, is in the way.
    fn may(
        &self,
        vendor: &Id<Vendor, E>,
        psa: &Id<Psa, E>,
        compare: Option<Compare>,
    ) -> std::result::Result<(), Refusal> {
        if let Some((other, _)) = self.standing.get(vendor).filter(|(other, _)| other != psa) {
            return Err(Refusal::AlreadyLinked(AlreadyLinked {
                claimed_vendor: vendor.to_string(),
                claimed_psa: psa.to_string(),
                standing_vendor: vendor.to_string(),
                standing_psa: other.to_string(),
            }));
        }
        let compare = compare.unwrap_or(Compare::Quantity);
        // those the file speaks of as well are all compared in its way
        let stays = |other: &Id<Vendor, E>| self.wanted.psa_of(other) != Some(psa);
        let beside = self.standing.iter().filter(|(other, (to, _))| to == psa && stays(other));
        let twice = beside.map(|(other, (_, how))| ComparedTwice::between(psa, (vendor, compare), (other, *how)));
        twice.flatten().next().map_or(Ok(()), |twice| Err(twice.into()))
    }
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
        Action::Exclude(Party::Vendor(id)) => format!("exclude {id}"),
        Action::Exclude(Party::Psa(id)) => format!("exclude {id}"),
        Action::Defer(Party::Vendor(id)) => format!("defer {id}"),
        Action::Defer(Party::Psa(id)) => format!("defer {id}"),
    }
}
