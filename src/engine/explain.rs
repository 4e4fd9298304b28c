//! What explains a month from a folder and is no part of its sums: what is held, and likely counterparts.
//!
//! Keeps the invariant that it is read only when somebody asks: a month of millions is reconciled without it.

use crate::connectors::files::FilesVendor;
use crate::core::billing::Subscription;
use crate::core::customer::{PsaCustomer, VendorCustomer};
use crate::core::matching::{self, Candidates, Known, Rules, likeliest};
use crate::core::product::{PsaProduct, VendorProduct};
use crate::core::reconcile::held::Held;
use crate::core::snapshot::Pulled;
use crate::engine::folder::NAME;
use crate::engine::reconcile::held;
use crate::engine::{ExportSource, Exported, Result, Watch};

/// Longer lists are not kept, and no counterparts are looked for in them.
const RECORDS_MAX: usize = 50_000;

/// The customers and products of both sides.
#[derive(Debug, Clone)]
pub(super) struct Lists {
    vendor_customers: Pulled<VendorCustomer>,
    vendor_products: Pulled<VendorProduct>,
    psa_customers: Pulled<PsaCustomer>,
    psa_products: Pulled<PsaProduct>,
}

impl Lists {
    /// The lists, unless they are too long to be kept.
    pub(super) fn kept(
        (vendor_customers, vendor_products): (Pulled<VendorCustomer>, Pulled<VendorProduct>),
        (psa_customers, psa_products): (Pulled<PsaCustomer>, Pulled<PsaProduct>),
    ) -> Option<Self> {
        let longest = [
            vendor_customers.records().len(),
            vendor_products.records().len(),
            psa_customers.records().len(),
            psa_products.records().len(),
        ];
        let fits = longest.into_iter().all(|records| records <= RECORDS_MAX);
        fits.then_some(Self { vendor_customers, vendor_products, psa_customers, psa_products })
    }
}

/// What explains a month.
#[derive(Debug, Clone, Default)]
pub struct Explained {
    /// What is held; `None` where no whole list says it.
    pub held: Option<Held>,
    /// The likeliest counterparts of records without a link.
    pub candidates: Candidates,
    /// The list of what is held, where the folder has one that could be read.
    pub source: Option<ExportSource>,
    /// Why a list that is there does not say what is held.
    pub trouble: Option<String>,
}

impl Exported {
    /// Reads what is held, and looks for counterparts of what has no link. A list that cannot be read spoils nothing: what
    /// is held is then unknown.
    #[must_use]
    pub fn explain(&self, watch: &dyn Watch) -> Explained {
        let candidates = self.candidates();
        match self.held(watch) {
            Ok(None) => Explained { candidates, ..Explained::default() },
            Ok(Some((listed, source))) => {
                let (companies, products) = (&self.company_links, &self.product_links);
                let held = held(&listed, companies, products, self.outcome.period);
                let trouble = listed.problems().first().map(ToString::to_string);
                Explained { held, candidates, source, trouble }
            }
            Err(error) => Explained { candidates, trouble: Some(error.to_string()), ..Explained::default() },
        }
    }

    fn held(&self, watch: &dyn Watch) -> Result<Option<(Pulled<Subscription>, Option<ExportSource>)>> {
        let vendor = FilesVendor::new(NAME, &self.folder)?;
        let Some(listed) = vendor.held(watch)? else { return Ok(None) };
        let file = vendor.seen()?.into_iter().find(|file| file.entity == "vendor_subscriptions");
        let rows = listed.records().len().saturating_add(listed.problems().len());
        let source =
            file.map(|file| ExportSource { file, rows: u64::try_from(rows).ok(), complete: listed.is_complete() });
        Ok(Some((listed, source)))
    }

    fn candidates(&self) -> Candidates {
        let (companies, products) = (&self.company_links, &self.product_links);
        let found = self.lists.as_ref().map(|lists| {
            let rules = Rules::default();
            let known = Known { links: companies.clone(), ..Known::default() };
            let sides = (lists.vendor_customers.records(), lists.psa_customers.records());
            let of_companies = likeliest(&matching::customers(sides.0, sides.1, &known, &rules));
            let known = Known { links: products.clone(), ..Known::default() };
            let sides = (lists.vendor_products.records(), lists.psa_products.records());
            let of_products = likeliest(&matching::products(sides.0, sides.1, &known, &rules));
            Candidates { companies: Some(of_companies), products: Some(of_products) }
        });
        found.unwrap_or_default()
    }
}
