//! Pax8's records exactly as its API spells them.
//!
//! Everything may be missing or null: what this program needs is decided in `convert`. Numbers keep the digits they were
//! written with. Keys that are not known here are ignored, since Pax8 adds some without notice.

#![expect(clippy::struct_field_names, reason = "the names are Pax8's")]

use serde::Deserialize;
use serde_json::Number;
use serde_json::value::RawValue;

/// A page of any listing.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    pub(super) content: Option<Vec<Box<RawValue>>>,
    pub(super) page: PageMeta,
}

/// The page's own account of its listing. Without it a listing proves nothing, so nothing here is optional.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageMeta {
    pub(super) size: u64,
    pub(super) total_elements: u64,
    pub(super) total_pages: u64,
    pub(super) number: u64,
}

/// A listing that is not paged.
#[derive(Debug, Deserialize)]
pub(super) struct Unpaged {
    pub(super) content: Vec<Box<RawValue>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Company {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) address: Option<Address>,
    pub(super) phone: Option<String>,
    pub(super) website: Option<String>,
    pub(super) external_id: Option<String>,
    pub(super) status: Option<String>,
    pub(super) updated_date: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Address {
    pub(super) street: Option<String>,
    pub(super) street2: Option<String>,
    pub(super) city: Option<String>,
    pub(super) state_or_province: Option<String>,
    pub(super) postal_code: Option<String>,
    pub(super) country: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Contact {
    pub(super) id: Option<String>,
    pub(super) first_name: Option<String>,
    pub(super) last_name: Option<String>,
    pub(super) email: Option<String>,
    pub(super) phone: Option<String>,
    /// Not documented, seen instead of `phone`.
    pub(super) phone_number: Option<String>,
    pub(super) types: Option<Vec<ContactType>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ContactType {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) primary: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Product {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) vendor_name: Option<String>,
    pub(super) short_description: Option<String>,
    pub(super) sku: Option<String>,
    pub(super) vendor_sku: Option<String>,
    pub(super) requires_commitment: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pricing {
    pub(super) billing_term: Option<String>,
    pub(super) commitment_term: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) unit_of_measurement: Option<String>,
    pub(super) rates: Option<Vec<Rate>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rate {
    pub(super) partner_buy_rate: Option<Number>,
    pub(super) suggested_retail_price: Option<Number>,
    pub(super) start_quantity_range: Option<Number>,
    pub(super) end_quantity_range: Option<Number>,
    pub(super) charge_type: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Dependencies {
    pub(super) commitment_dependencies: Option<Vec<Box<RawValue>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CommitmentDependency {
    pub(super) id: Option<String>,
    pub(super) term: Option<String>,
    pub(super) auto_renew: Option<bool>,
    pub(super) renewal_window_days_before_term_end: Option<u32>,
    pub(super) renewal_window_days_after_term_end: Option<u32>,
    pub(super) allow_for_quantity_decrease: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Subscription {
    pub(super) id: Option<String>,
    pub(super) company_id: Option<String>,
    pub(super) product_id: Option<String>,
    pub(super) vendor_subscription_id: Option<String>,
    pub(super) quantity: Option<Number>,
    pub(super) start_date: Option<String>,
    pub(super) end_date: Option<String>,
    pub(super) updated_date: Option<String>,
    pub(super) billing_start: Option<String>,
    pub(super) status: Option<String>,
    pub(super) price: Option<Number>,
    pub(super) partner_cost: Option<Number>,
    pub(super) currency_code: Option<String>,
    pub(super) billing_term: Option<String>,
    /// The name seen on the wire.
    pub(super) commitment: Option<Commitment>,
    /// The documented name.
    pub(super) commitment_term: Option<Commitment>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Commitment {
    pub(super) term: Option<String>,
    pub(super) end_date: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invoice {
    pub(super) id: Option<String>,
    pub(super) invoice_date: Option<String>,
    pub(super) due_date: Option<String>,
    pub(super) status: Option<String>,
    pub(super) total: Option<Number>,
    pub(super) balance: Option<Number>,
    pub(super) carried_balance: Option<Number>,
    pub(super) currency_code: Option<String>,
    pub(super) partner_name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InvoiceItem {
    pub(super) id: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) company_id: Option<String>,
    pub(super) company_name: Option<String>,
    pub(super) start_period: Option<String>,
    pub(super) end_period: Option<String>,
    pub(super) quantity: Option<Number>,
    pub(super) unit_of_measure: Option<String>,
    pub(super) term: Option<String>,
    pub(super) sku: Option<String>,
    pub(super) description: Option<String>,
    pub(super) rate_type: Option<String>,
    pub(super) charge_type: Option<String>,
    pub(super) price: Option<Number>,
    pub(super) sub_total: Option<Number>,
    pub(super) cost: Option<Number>,
    pub(super) cost_total: Option<Number>,
    pub(super) product_id: Option<String>,
    pub(super) product_name: Option<String>,
    pub(super) amount_due: Option<Number>,
    pub(super) currency_code: Option<String>,
    pub(super) sales_tax: Option<Number>,
    pub(super) subscription_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UsageSummary {
    pub(super) id: Option<String>,
    pub(super) company_id: Option<String>,
    pub(super) product_id: Option<String>,
    pub(super) resource_group: Option<String>,
    pub(super) current_charges: Option<Number>,
    pub(super) partner_total: Option<Number>,
    pub(super) currency_code: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UsageLine {
    pub(super) usage_date: Option<String>,
    pub(super) product_id: Option<String>,
    pub(super) product_name: Option<String>,
    pub(super) unit_of_measure: Option<String>,
    pub(super) quantity: Option<Number>,
    pub(super) unit_price: Option<Number>,
    pub(super) current_charges: Option<Number>,
    pub(super) partner_total: Option<Number>,
    pub(super) currency_code: Option<String>,
}
