//! Products: catalogue items of both sides, and the distributor's price rows.
//!
//! Keeps the invariant that what a system does not say is `None`, never an empty text or a default.

use serde::{Deserialize, Serialize};

use crate::core::id::{PsaProductId, VendorProductId};
use crate::core::money::UnitPrice;
use crate::core::quantity::Quantity;
use crate::core::record::{Keyed, Record};

/// A product as the distributor reports it.
pub type VendorProduct = Record<VendorProductId, ProductFields>;
/// A product as the PSA reports it.
pub type PsaProduct = Record<PsaProductId, ProductFields>;

/// What is known of a product. `None` means the source did not say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "snake_case")]
pub struct ProductFields {
    /// As the source spells it; names repeat and get renamed.
    pub name: String,
    /// Who makes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<String>,
    /// The source's own article code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// The manufacturer's article code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor_sku: Option<String>,
    /// Unit of measure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// A longer text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The PSA's category or type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The source's own word for its state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Whether ordering it binds the customer to a term.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requires_commitment: Option<bool>,
    /// The PSA's list price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<UnitPrice>,
    /// The PSA's cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<UnitPrice>,
}

/// What ordering a product for one term binds to. `None` means the source did not say.
///
/// Source: Pax8 `GET /products/{id}/dependencies`, `commitmentDependencies`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitmentRule {
    /// The product.
    pub product: VendorProductId,
    /// The source's id of the rule.
    pub id: String,
    /// How long one is bound, as written.
    pub term: String,
    /// Whether it renews by itself.
    pub auto_renew: Option<bool>,
    /// So many days before the term's end changes to the next term may be made. No day is worked out from it: rules of one
    /// term that differ in it contradict each other all the same, and none of them is followed.
    pub window_days_before: Option<u32>,
    /// So many days after the term's end the next term may still be changed.
    pub window_days_after: Option<u32>,
    /// Whether seats may be taken off within the term.
    pub may_decrease: Option<bool>,
}

impl Keyed for CommitmentRule {
    fn key(&self) -> String {
        format!("{}|{}", self.product, self.id)
    }
}

/// One row of the distributor's price list: one product, one billing term, one commitment term, one band of quantity.
///
/// Source: Pax8 `GET /products/{id}/pricing`. Amounts are in the partner account's currency, which the row does not name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceRow {
    /// The product priced.
    pub product: VendorProductId,
    /// How often it is charged.
    pub billing_term: String,
    /// How long one is bound; `None` without commitment.
    pub commitment_term: Option<String>,
    /// `Flat`, `Volume`, `Tiered` or `Mark-Up`, as written.
    pub rate_type: String,
    /// `Per Unit` or `Flat Rate`, as written.
    pub charge_type: Option<String>,
    /// Unit of measure.
    pub unit: Option<String>,
    /// First quantity of the band; `None` when the row does not say.
    pub from: Option<Quantity>,
    /// Last quantity of the band; `None` is open.
    pub to: Option<Quantity>,
    /// The partner's unit cost; `None` when the row does not say.
    pub cost: Option<UnitPrice>,
    /// The suggested unit price; `None` when the row does not say.
    pub retail: Option<UnitPrice>,
}

impl Keyed for PriceRow {
    fn key(&self) -> String {
        let from = self.from.map(Quantity::plain_text).unwrap_or_default();
        let commitment = self.commitment_term.as_deref().unwrap_or_default();
        format!("{}|{}|{commitment}|{from}", self.product, self.billing_term)
    }
}
