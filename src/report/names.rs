//! Names for ids: what people call the customers and products that core values only number.
//!
//! Keeps the invariant that there is always something to show: a record without a name is shown by its id.

use std::collections::BTreeMap;

use crate::core::id::{
    Company, Id, Product, Psa, PsaCompanyId, PsaProductId, Vendor, VendorCompanyId, VendorProductId,
};
use crate::core::link::LinkSet;
use crate::core::reconcile::outcome::KeyPart;

/// The names of one period's customers and products, and which customers are linked.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// The PSA's customers.
    pub psa_companies: BTreeMap<PsaCompanyId, String>,
    /// The distributor's companies.
    pub vendor_companies: BTreeMap<VendorCompanyId, String>,
    /// The PSA's products.
    pub psa_products: BTreeMap<PsaProductId, String>,
    /// The distributor's products.
    pub vendor_products: BTreeMap<VendorProductId, String>,
    /// Which companies are one, for the distributor's side of a linked customer.
    pub company_links: LinkSet<Company>,
}

impl Names {
    /// The customer's name.
    #[must_use]
    pub fn customer<'a>(&'a self, key: &'a KeyPart) -> &'a str {
        named::<Company>(key, &self.psa_companies, &self.vendor_companies)
    }

    /// The product's name.
    #[must_use]
    pub fn product<'a>(&'a self, key: &'a KeyPart) -> &'a str {
        named::<Product>(key, &self.psa_products, &self.vendor_products)
    }

    /// The distributor's companies behind a customer: names and ids, several joined by `; `.
    #[must_use]
    pub fn vendor_company(&self, key: &KeyPart) -> (String, String) {
        let ids: Vec<VendorCompanyId> = match key {
            KeyPart::Vendor(id) => vec![Id::new(id.clone())],
            KeyPart::Psa(id) => self.company_links.vendors_of(&Id::new(id.clone())).cloned().collect(),
        };
        let names: Vec<&str> =
            ids.iter().map(|id| self.vendor_companies.get(id).map_or(id.as_str(), String::as_str)).collect();
        (names.join("; "), ids.iter().map(Id::as_str).collect::<Vec<_>>().join("; "))
    }
}

/// The id of a key without its side.
#[must_use]
pub fn id(key: &KeyPart) -> &str {
    match key {
        KeyPart::Psa(id) | KeyPart::Vendor(id) => id,
    }
}

fn named<'a, E>(
    key: &'a KeyPart,
    psa: &'a BTreeMap<Id<Psa, E>, String>,
    vendor: &'a BTreeMap<Id<Vendor, E>, String>,
) -> &'a str {
    let name = match key {
        KeyPart::Psa(id) => psa.get(&Id::new(id.clone())),
        KeyPart::Vendor(id) => vendor.get(&Id::new(id.clone())),
    };
    name.map(String::as_str).filter(|name| !name.trim().is_empty()).unwrap_or_else(|| id(key))
}
