//! The mapping a reconcile works under: links, how linked products are compared, and bundle recipes.
//!
//! Keeps the invariant that slots of linked records are numbered in the byte order of their ids, so that cells sort by slot
//! exactly as the variance table sorts by text.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use crate::core::id::{Company, Id, Product, Psa, PsaProductId, Vendor};
use crate::core::link::{BundlePart, Compare, LinkSet};
use crate::core::reconcile::coverage::Bucket;

/// Which records are the same, and how they are compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping {
    /// Vendor companies and PSA customers; several vendor companies may be sites of one customer.
    pub companies: LinkSet<Company>,
    /// Vendor products and PSA products; several terms may be one PSA product.
    pub products: LinkSet<Product>,
    /// How a linked PSA product is compared; by quantity where nothing is said.
    pub compare: BTreeMap<PsaProductId, Compare>,
    /// What one unit of a PSA bundle stands for.
    pub bundles: BTreeMap<PsaProductId, Vec<BundlePart>>,
}

/// A record's number within one reconcile: linked ones come first, in byte order of their PSA ids.
pub(crate) type Slot = u32;

/// Where a record stands in the mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place<'a> {
    /// It is linked, or a PSA record itself.
    Linked(Slot),
    /// A vendor record without a link.
    Unlinked(&'a str),
}

/// What the PSA's product id means.
pub(crate) enum PsaProduct<'m> {
    /// The counterpart of a vendor product.
    Sold(Slot),
    /// A bundle of such.
    Bundle(&'m [(Slot, BundlePart)]),
    /// Neither.
    NotVendorSourced,
}

/// A [`Mapping`] made ready for millions of look-ups by text.
pub(crate) struct Index {
    pub(crate) companies: Vec<Box<str>>,
    pub(crate) products: Vec<Box<str>>,
    vendor_companies: FxHashMap<Box<str>, Slot>,
    psa_companies: FxHashMap<Box<str>, Slot>,
    vendor_products: FxHashMap<Box<str>, Slot>,
    psa_products: FxHashMap<Box<str>, Slot>,
    linked_products: Vec<Option<Compare>>,
    bundles: FxHashMap<Box<str>, Vec<(Slot, BundlePart)>>,
}

impl Index {
    pub(crate) fn new(mapping: &Mapping) -> Self {
        let (companies, psa_companies) = numbered(mapping.companies.iter().map(|(_, psa)| psa.as_str()));
        // A bundle's component has cells of its own, whether or not a vendor product is linked to it.
        let parts = mapping.bundles.values().flatten().map(|part| part.product.as_str());
        let (products, psa_products) = numbered(mapping.products.iter().map(|(_, psa)| psa.as_str()).chain(parts));
        let linked_products = products
            .iter()
            .map(|id| {
                let id = PsaProductId::new(id.clone());
                let how = mapping.compare.get(&id).copied().unwrap_or(Compare::Quantity);
                mapping.products.knows_psa(&id).then_some(how)
            })
            .collect();
        let bundles = mapping.bundles.iter().map(|(bundle, parts)| {
            let parts = parts.iter().filter_map(|p| Some((*psa_products.get(p.product.as_str())?, p.clone())));
            (bundle.as_str().into(), parts.collect())
        });
        Self {
            vendor_companies: linked(&mapping.companies, &psa_companies),
            vendor_products: linked(&mapping.products, &psa_products),
            bundles: bundles.collect(),
            companies,
            products,
            psa_companies,
            psa_products,
            linked_products,
        }
    }

    /// Where a vendor line belongs that is in the period and no payment.
    pub(crate) fn place_charge<'a>(&self, company: &'a str, product: &'a str) -> (Bucket, Place<'a>, Place<'a>) {
        let Some(company) = self.vendor_companies.get(company) else {
            return (Bucket::VendorCompanyUnmapped, Place::Unlinked(company), Place::Unlinked(product));
        };
        match self.vendor_products.get(product) {
            Some(product) => (Bucket::VendorCompared, Place::Linked(*company), Place::Linked(*product)),
            None => (Bucket::VendorProductUnmapped, Place::Linked(*company), Place::Unlinked(product)),
        }
    }

    pub(crate) fn psa_company(&self, id: &str) -> Option<Slot> {
        self.psa_companies.get(id).copied()
    }

    pub(crate) fn psa_product(&self, id: &str) -> PsaProduct<'_> {
        if let Some(parts) = self.bundles.get(id) {
            return PsaProduct::Bundle(parts);
        }
        match self.psa_products.get(id) {
            Some(slot) if self.compare(*slot).is_some() => PsaProduct::Sold(*slot),
            _ => PsaProduct::NotVendorSourced,
        }
    }

    /// How a linked product is compared; `None` for a bundle's component that no vendor product is linked to.
    pub(crate) fn compare(&self, product: Slot) -> Option<Compare> {
        let at = usize::try_from(product).ok()?;
        self.linked_products.get(at).copied().flatten()
    }
}

/// Distinct ids in byte order, and the number of each.
fn numbered<'a>(ids: impl Iterator<Item = &'a str>) -> (Vec<Box<str>>, FxHashMap<Box<str>, Slot>) {
    let names: Vec<Box<str>> = ids.collect::<BTreeSet<_>>().into_iter().map(Box::from).collect();
    let numbers = (0..).zip(&names).map(|(slot, id)| (id.clone(), slot)).collect();
    (names, numbers)
}

fn linked<E>(links: &LinkSet<E>, psa: &FxHashMap<Box<str>, Slot>) -> FxHashMap<Box<str>, Slot> {
    let slot = |(vendor, to): (&Id<Vendor, E>, &Id<Psa, E>)| Some((vendor.as_str().into(), *psa.get(to.as_str())?));
    links.iter().filter_map(slot).collect()
}
