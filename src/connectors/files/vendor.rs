//! A folder of exports as a distributor.
//!
//! Where the folder holds invoice lines alone, the customers and products they name are all that is known: such a listing
//! is given, and never called complete.

use std::collections::BTreeMap;
use std::path::Path;

use async_trait::async_trait;

use super::convert;
use super::entity::{
    ASSIGNMENTS, VENDOR_COMPANIES, VENDOR_INVOICE_ITEMS, VENDOR_INVOICES, VENDOR_PRODUCTS, VENDOR_SUBSCRIPTIONS,
};
use super::{Exports, derived};
use crate::connectors::{CheckLine, Descriptor, DraftMonth, Result, Side, VendorConnector, Watch};
use crate::core::billing::{Assignment, Subscription, UsageLine, UsageSummary, VendorCharge, VendorInvoice};
use crate::core::customer::{CustomerFields, VendorCustomer};
use crate::core::id::{SubscriptionId, VendorProductId};
use crate::core::period::BillingPeriod;
use crate::core::product::{CommitmentRule, PriceRow, ProductFields, VendorProduct};
use crate::core::record::Record;
use crate::core::snapshot::Pulled;

/// A distributor's exports.
#[derive(Debug, Clone)]
pub struct FilesVendor {
    pub(super) exports: Exports,
}

impl FilesVendor {
    /// A connection of this name to a folder; reads the folder's profile.
    ///
    /// # Errors
    /// Where the profile cannot be used.
    pub fn new(name: &str, folder: &Path) -> Result<Self> {
        Ok(Self { exports: Exports::new(name, folder, Side::Vendor)? })
    }

    /// What is held, where the folder says it.
    ///
    /// # Errors
    /// Where the file cannot be read as a whole.
    pub fn held(&self, watch: &dyn Watch) -> Result<Option<Pulled<Subscription>>> {
        self.exports.listing(&VENDOR_SUBSCRIPTIONS, convert::subscription, watch)
    }

    /// Every invoice line of the folder, whatever its month; `None` where it has no such file.
    ///
    /// # Errors
    /// Where the file cannot be read as a whole.
    pub fn all_charges(&self, watch: &dyn Watch) -> Result<Option<Pulled<VendorCharge>>> {
        self.exports.listing(&VENDOR_INVOICE_ITEMS, convert::vendor_charge, watch)
    }

    /// Every document that is listed; `None` where the folder has no such file.
    ///
    /// # Errors
    /// Where the file cannot be read as a whole.
    pub fn all_invoices(&self, watch: &dyn Watch) -> Result<Option<Pulled<VendorInvoice>>> {
        self.exports.listing(&VENDOR_INVOICES, convert::vendor_invoice, watch)
    }
}

#[async_trait]
impl VendorConnector for FilesVendor {
    fn descriptor(&self) -> &Descriptor {
        &self.exports.descriptor
    }

    async fn check(&self, watch: &dyn Watch) -> Vec<CheckLine> {
        let mut lines = vec![
            self.exports.check_line(&VENDOR_COMPANIES, convert::vendor_customer, watch),
            self.exports.check_line(&VENDOR_PRODUCTS, convert::vendor_product, watch),
            self.exports.check_line(&VENDOR_SUBSCRIPTIONS, convert::subscription, watch),
            self.exports.check_line(&VENDOR_INVOICE_ITEMS, convert::vendor_charge, watch),
        ];
        if !matches!(self.exports.table(&VENDOR_INVOICES), Ok(None)) {
            lines.push(self.exports.check_line(&VENDOR_INVOICES, convert::vendor_invoice, watch));
        }
        if !matches!(self.exports.table(&ASSIGNMENTS), Ok(None)) {
            lines.push(self.exports.check_line(&ASSIGNMENTS, convert::assignment, watch));
        }
        lines
    }

    async fn customers(&self, watch: &dyn Watch) -> Result<Pulled<VendorCustomer>> {
        if let Some(listed) = self.exports.listing(&VENDOR_COMPANIES, convert::vendor_customer, watch)? {
            return Ok(listed);
        }
        let lines = self.all_charges(watch)?.ok_or_else(|| self.exports.absent(&VENDOR_COMPANIES))?;
        let mut named = BTreeMap::new();
        for line in lines.records() {
            if let (Some(id), Some(name)) = (&line.company, &line.company_name) {
                named.entry(id.clone()).or_insert_with(|| name.clone());
            }
        }
        let fields = |name| CustomerFields { name, ..CustomerFields::default() };
        let records = named.into_iter().map(|(id, name)| Record { id, fields: fields(name), version: None });
        Ok(derived(records.collect(), &lines, &VENDOR_COMPANIES, &VENDOR_INVOICE_ITEMS))
    }

    async fn customers_with_contacts(&self, _watch: &dyn Watch) -> Result<Option<Pulled<VendorCustomer>>> {
        Ok(None)
    }

    async fn products(&self, watch: &dyn Watch) -> Result<Pulled<VendorProduct>> {
        if let Some(listed) = self.exports.listing(&VENDOR_PRODUCTS, convert::vendor_product, watch)? {
            return Ok(listed);
        }
        let lines = self.all_charges(watch)?.ok_or_else(|| self.exports.absent(&VENDOR_PRODUCTS))?;
        let mut named = BTreeMap::new();
        for VendorCharge { product, product_name, sku, description, .. } in lines.records() {
            let name = product_name.as_ref().or(description.as_ref());
            if let (Some(id), Some(name)) = (product, name) {
                named.entry(id.clone()).or_insert_with(|| (name.clone(), sku.clone()));
            }
        }
        let fields = |(name, sku)| ProductFields { name, sku, ..ProductFields::default() };
        let records = named.into_iter().map(|(id, told)| Record { id, fields: fields(told), version: None });
        Ok(derived(records.collect(), &lines, &VENDOR_PRODUCTS, &VENDOR_INVOICE_ITEMS))
    }

    async fn prices(&self, _of: &[VendorProductId], _watch: &dyn Watch) -> Result<Option<Pulled<PriceRow>>> {
        Ok(None)
    }

    async fn dependencies(
        &self,
        _of: &[VendorProductId],
        _watch: &dyn Watch,
    ) -> Result<Option<Pulled<CommitmentRule>>> {
        Ok(None)
    }

    async fn subscriptions(&self, watch: &dyn Watch) -> Result<Pulled<Subscription>> {
        if let Some(listed) = self.held(watch)? {
            return Ok(listed);
        }
        let lines = self.all_charges(watch)?.ok_or_else(|| self.exports.absent(&VENDOR_SUBSCRIPTIONS))?;
        Ok(derived(Vec::new(), &lines, &VENDOR_SUBSCRIPTIONS, &VENDOR_INVOICE_ITEMS))
    }

    async fn history(&self, _of: &[SubscriptionId], _watch: &dyn Watch) -> Result<Option<Pulled<Subscription>>> {
        Ok(None)
    }

    async fn invoices(&self, _period: BillingPeriod, watch: &dyn Watch) -> Result<Option<Pulled<VendorInvoice>>> {
        self.all_invoices(watch)
    }

    async fn charges(&self, _period: BillingPeriod, watch: &dyn Watch) -> Result<Pulled<VendorCharge>> {
        self.all_charges(watch)?.ok_or_else(|| self.exports.absent(&VENDOR_INVOICE_ITEMS))
    }

    async fn draft_charges(&self, _month: DraftMonth, _watch: &dyn Watch) -> Result<Option<Pulled<VendorCharge>>> {
        Ok(None)
    }

    async fn usage(&self, _of: &[SubscriptionId], _watch: &dyn Watch) -> Result<Option<Pulled<UsageSummary>>> {
        Ok(None)
    }

    async fn usage_lines(
        &self,
        _of: &[UsageSummary],
        _period: BillingPeriod,
        _watch: &dyn Watch,
    ) -> Result<Option<Pulled<UsageLine>>> {
        Ok(None)
    }

    async fn assignments(&self, watch: &dyn Watch) -> Result<Option<Pulled<Assignment>>> {
        self.exports.listing(&ASSIGNMENTS, convert::assignment, watch)
    }
}
