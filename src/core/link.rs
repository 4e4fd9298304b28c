//! Links: which record of one side is which record of the other, by whose decision.
//!
//! Keeps the shape of the relation: a vendor record has at most one PSA record; a PSA record may have several vendor
//! records only where that is said (sites of one customer, terms of one product). A claim that breaks the shape is refused
//! with both claims named.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::core::id::{Company, Id, Product, Psa, PsaProductId, Vendor};
use crate::core::record::Fingerprint;

/// The kinds of record that are linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    /// Customers.
    Company,
    /// Catalogue items.
    Product,
}

/// A tag whose ids can be linked.
pub trait Linkable {
    /// Its kind.
    const KIND: LinkKind;
}
impl Linkable for Company {
    const KIND: LinkKind = LinkKind::Company;
}
impl Linkable for Product {
    const KIND: LinkKind = LinkKind::Product;
}

/// Whether two records are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// They are the same.
    Accepted,
    /// They are not; the pair does not come back on the same evidence.
    Rejected,
    /// Not now.
    Deferred,
    /// The record has no counterpart by intent (own service, internal use, other distributor).
    Excluded,
}

/// What a person said of a pair, or of a record alone; appended, never overwritten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What was said.
    pub verdict: Verdict,
    /// Who said it.
    pub by: String,
    /// Why, where a reason was given.
    pub reason: Option<String>,
    /// The evidence that was shown; `None` for a link made by hand.
    pub evidence: Option<Fingerprint>,
}

/// One vendor record and one PSA record that are the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Link<E> {
    /// The vendor's record.
    #[serde(bound = "")]
    pub vendor: Id<Vendor, E>,
    /// The PSA's record.
    #[serde(bound = "")]
    pub psa: Id<Psa, E>,
}

/// How many vendor records one PSA record may stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// One: two vendor companies never silently take one customer.
    OneToOne,
    /// Several: monthly and yearly terms sold as one service, sites billed as one customer.
    ManyToOne,
}

/// A claim that breaks the shape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{claimed_vendor} cannot be linked with {claimed_psa}: {standing_vendor} is already linked with {standing_psa}"
)]
pub struct AlreadyLinked {
    /// The new claim's vendor record.
    pub claimed_vendor: String,
    /// The new claim's PSA record.
    pub claimed_psa: String,
    /// The standing link's vendor record.
    pub standing_vendor: String,
    /// The standing link's PSA record.
    pub standing_psa: String,
}

/// All links of one kind of record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkSet<E> {
    by_vendor: BTreeMap<Id<Vendor, E>, Id<Psa, E>>,
    by_psa: BTreeMap<Id<Psa, E>, BTreeSet<Id<Vendor, E>>>,
}

impl<E> Default for LinkSet<E> {
    fn default() -> Self {
        Self { by_vendor: BTreeMap::new(), by_psa: BTreeMap::new() }
    }
}

impl<E> LinkSet<E> {
    /// Adds a link in the allowed shape. The same link again changes nothing.
    ///
    /// # Errors
    /// [`AlreadyLinked`] names the link that stands in the way.
    pub fn claim(&mut self, link: Link<E>, shape: Shape) -> Result<(), AlreadyLinked> {
        self.check(&link, shape)?;
        self.by_psa.entry(link.psa.clone()).or_default().insert(link.vendor.clone());
        self.by_vendor.insert(link.vendor, link.psa);
        Ok(())
    }

    /// Whether a claim would be let in, without adding it.
    ///
    /// # Errors
    /// [`AlreadyLinked`] names the link that stands in the way.
    pub fn check(&self, link: &Link<E>, shape: Shape) -> Result<(), AlreadyLinked> {
        let refused = |vendor: &Id<Vendor, E>, psa: &Id<Psa, E>| AlreadyLinked {
            claimed_vendor: link.vendor.to_string(),
            claimed_psa: link.psa.to_string(),
            standing_vendor: vendor.to_string(),
            standing_psa: psa.to_string(),
        };
        if let Some(standing) = self.by_vendor.get(&link.vendor) {
            return if *standing == link.psa { Ok(()) } else { Err(refused(&link.vendor, standing)) };
        }
        if shape == Shape::OneToOne
            && let Some(other) = self.by_psa.get(&link.psa).and_then(|vendors| vendors.first())
        {
            return Err(refused(other, &link.psa));
        }
        Ok(())
    }

    /// Takes a link out; `false` when it does not stand.
    pub fn release(&mut self, link: &Link<E>) -> bool {
        if self.by_vendor.get(&link.vendor) != Some(&link.psa) {
            return false;
        }
        self.by_vendor.remove(&link.vendor);
        if let Some(vendors) = self.by_psa.get_mut(&link.psa) {
            vendors.remove(&link.vendor);
            if vendors.is_empty() {
                self.by_psa.remove(&link.psa);
            }
        }
        true
    }

    /// The PSA record of a vendor record.
    #[must_use]
    pub fn psa_of(&self, vendor: &Id<Vendor, E>) -> Option<&Id<Psa, E>> {
        self.by_vendor.get(vendor)
    }

    /// The vendor records of a PSA record, in order.
    pub fn vendors_of(&self, psa: &Id<Psa, E>) -> impl Iterator<Item = &Id<Vendor, E>> {
        self.by_psa.get(psa).into_iter().flatten()
    }

    /// Whether a PSA record has a link.
    #[must_use]
    pub fn knows_psa(&self, psa: &Id<Psa, E>) -> bool {
        self.by_psa.contains_key(psa)
    }

    /// All links in order of the vendor's id.
    pub fn iter(&self) -> impl Iterator<Item = (&Id<Vendor, E>, &Id<Psa, E>)> {
        self.by_vendor.iter()
    }

    /// How many links.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_vendor.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_vendor.is_empty()
    }
}

/// How the two sides of a linked product are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compare {
    /// Units against units, then prices.
    Quantity,
    /// Amounts only: metered use has no units worth comparing.
    Amount,
}

impl fmt::Display for Compare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Quantity => "quantity",
            Self::Amount => "amount",
        })
    }
}

/// Two links of one PSA record that are compared in different ways: only one of them could count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{vendor} with {psa} is compared by {compare}, {standing} with {psa} by {standing_compare}; link one of them with another \
     PSA record, or give both the same `compare` in a links file and take it over with `trueup review import`"
)]
pub struct ComparedTwice {
    /// The vendor record of the one link.
    pub vendor: String,
    /// How it is compared.
    pub compare: Compare,
    /// The vendor record of the link that counts.
    pub standing: String,
    /// How that is compared.
    pub standing_compare: Compare,
    /// The PSA record of both.
    pub psa: String,
}

impl ComparedTwice {
    /// The contradiction between a link and one that stands, both with one PSA record, if there is one.
    pub fn between<E>(
        psa: &Id<Psa, E>,
        (vendor, compare): (&Id<Vendor, E>, Compare),
        (standing, standing_compare): (&Id<Vendor, E>, Compare),
    ) -> Option<Self> {
        (vendor != standing && compare != standing_compare).then(|| Self {
            vendor: vendor.to_string(),
            compare,
            standing: standing.to_string(),
            standing_compare,
            psa: psa.to_string(),
        })
    }
}

/// One component of a bundle: what one unit of the PSA's bundle stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundlePart {
    /// The component.
    pub product: PsaProductId,
    /// Units of it in one bundle.
    #[serde(with = "rust_decimal::serde::str")]
    pub per_unit: Decimal,
    /// Where its share of the bundle's amount begins, 0 to 1.
    #[serde(with = "rust_decimal::serde::str")]
    pub weight_from: Decimal,
    /// Where its share ends; the next part begins there, the last one ends at 1.
    #[serde(with = "rust_decimal::serde::str")]
    pub weight_to: Decimal,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_that_breaks_the_shape_names_both_claims() {
        let link = |v: &str, p: &str| Link::<Company> { vendor: Id::new(v), psa: Id::new(p) };
        let mut links = LinkSet::default();
        links.claim(link("v1", "p1"), Shape::OneToOne).unwrap();
        links.claim(link("v1", "p1"), Shape::OneToOne).unwrap();
        let refused = links.claim(link("v2", "p1"), Shape::OneToOne).unwrap_err();
        assert_eq!(refused.to_string(), "v2 cannot be linked with p1: v1 is already linked with p1");
        assert!(links.claim(link("v1", "p2"), Shape::ManyToOne).is_err());
        links.claim(link("v2", "p1"), Shape::ManyToOne).unwrap();
        assert_eq!(links.vendors_of(&Id::new("p1")).count(), 2);
        assert_eq!(links.len(), 2);
        assert!(links.release(&link("v1", "p1")) && !links.release(&link("v1", "p1")));
        links.claim(link("v1", "p2"), Shape::OneToOne).unwrap();
        assert!(links.release(&link("v2", "p1")) && !links.knows_psa(&Id::new("p1")));
    }
}
