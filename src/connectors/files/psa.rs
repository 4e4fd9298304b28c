//! A folder of exports as a PSA or ERP.

use std::collections::BTreeMap;
use std::path::Path;

use async_trait::async_trait;

use super::convert;
use super::entity::{BUNDLES, PSA_AGREEMENT_LINES, PSA_COMPANIES, PSA_PRODUCTS};
use super::imports::Imports;
use super::{Exports, derived, links};
use crate::connectors::writing::RecordSink;
use crate::connectors::{CheckLine, Descriptor, ErrorKind, PsaConnector, Result, Side, Watch};
use crate::core::billing::BilledLine;
use crate::core::customer::{CustomerFields, PsaCustomer};
use crate::core::id::PsaProductId;
use crate::core::link::BundlePart;
use crate::core::period::BillingPeriod;
use crate::core::product::{ProductFields, PsaProduct};
use crate::core::record::Record;
use crate::core::snapshot::Pulled;

/// A PSA's exports.
#[derive(Debug, Clone)]
pub struct FilesPsa {
    pub(super) exports: Exports,
    pub(super) imports: Option<Imports>,
}

impl FilesPsa {
    /// A connection of this name to a folder; reads the folder's profile.
    ///
    /// # Errors
    /// Where the profile cannot be used.
    pub fn new(name: &str, folder: &Path) -> Result<Self> {
        Ok(Self { exports: Exports::new(name, folder, Side::Psa)?, imports: None })
    }

    fn lines(&self, watch: &dyn Watch) -> Result<Option<Pulled<BilledLine>>> {
        self.exports.listing(&PSA_AGREEMENT_LINES, convert::billed_line, watch)
    }
}

#[async_trait]
impl PsaConnector for FilesPsa {
    fn descriptor(&self) -> &Descriptor {
        &self.exports.descriptor
    }

    async fn check(&self, watch: &dyn Watch) -> Vec<CheckLine> {
        let mut lines = vec![
            self.exports.check_line(&PSA_COMPANIES, convert::psa_customer, watch),
            self.exports.check_line(&PSA_PRODUCTS, convert::psa_product, watch),
            self.exports.check_line(&PSA_AGREEMENT_LINES, convert::billed_line, watch),
        ];
        if !matches!(self.exports.table(&BUNDLES), Ok(None)) {
            lines.push(self.exports.check_line(&BUNDLES, links::recipe_row, watch));
        }
        lines.extend(self.import_check());
        lines
    }

    fn records(&self) -> Option<&dyn RecordSink> {
        self.takes_imports().then_some(self)
    }

    async fn customers(&self, watch: &dyn Watch) -> Result<Pulled<PsaCustomer>> {
        if let Some(listed) = self.exports.listing(&PSA_COMPANIES, convert::psa_customer, watch)? {
            return Ok(listed);
        }
        let lines = self.lines(watch)?.ok_or_else(|| self.exports.absent(&PSA_COMPANIES))?;
        let mut named = BTreeMap::new();
        for line in lines.records() {
            if let Some(name) = &line.company_name {
                named.entry(line.company.clone()).or_insert_with(|| name.clone());
            }
        }
        let fields = |name| CustomerFields { name, ..CustomerFields::default() };
        let records = named.into_iter().map(|(id, name)| Record { id, fields: fields(name), version: None });
        Ok(derived(records.collect(), &lines, &PSA_COMPANIES, &PSA_AGREEMENT_LINES))
    }

    async fn products(&self, watch: &dyn Watch) -> Result<Pulled<PsaProduct>> {
        if let Some(listed) = self.exports.listing(&PSA_PRODUCTS, convert::psa_product, watch)? {
            return Ok(listed);
        }
        let lines = self.lines(watch)?.ok_or_else(|| self.exports.absent(&PSA_PRODUCTS))?;
        let mut named = BTreeMap::new();
        for line in lines.records() {
            if let Some(name) = line.description.as_ref().or(line.product_code.as_ref()) {
                named.entry(line.product.clone()).or_insert_with(|| (name.clone(), line.product_code.clone()));
            }
        }
        let fields = |(name, sku)| ProductFields { name, sku, ..ProductFields::default() };
        let records = named.into_iter().map(|(id, told)| Record { id, fields: fields(told), version: None });
        Ok(derived(records.collect(), &lines, &PSA_PRODUCTS, &PSA_AGREEMENT_LINES))
    }

    async fn billed_lines(&self, _period: BillingPeriod, watch: &dyn Watch) -> Result<Pulled<BilledLine>> {
        self.lines(watch)?.ok_or_else(|| self.exports.absent(&PSA_AGREEMENT_LINES))
    }

    async fn bundles(&self, watch: &dyn Watch) -> Result<Option<Vec<(PsaProductId, Vec<BundlePart>)>>> {
        let Some(rows) = self.exports.listing(&BUNDLES, links::recipe_row, watch)? else { return Ok(None) };
        let (rows, mut problems) = rows.into_parts();
        let bundles = links::recipes(rows, &mut problems);
        // a bundle that is read in part would split money wrongly, so there is no half answer
        match problems.first() {
            Some(first) => {
                let kind = ErrorKind::Malformed { at: first.at.clone(), what: first.to_string() };
                Err(self.exports.failed(&BUNDLES, kind))
            }
            None => Ok(Some(bundles.into_iter().collect())),
        }
    }
}
