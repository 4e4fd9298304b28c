//! Customers: the same fields on both sides, so that they can be compared, under ids that cannot be exchanged.
//!
//! Keeps the invariant that what a system does not say is `None`, never an empty text or a default.

use serde::{Deserialize, Serialize};

use crate::core::id::{PsaCompanyId, VendorCompanyId};
use crate::core::record::Record;

/// A company as the distributor reports it.
pub type VendorCustomer = Record<VendorCompanyId, CustomerFields>;
/// A company as the PSA reports it.
pub type PsaCustomer = Record<PsaCompanyId, CustomerFields>;

/// What is known of a customer. `None` means the source did not say, never that the value is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "snake_case")]
pub struct CustomerFields {
    /// As the source spells it.
    pub name: String,
    /// Street and house number, first line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street: Option<String>,
    /// Second address line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street2: Option<String>,
    /// Town.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// State or province, as written: a code or a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postcode: Option<String>,
    /// Country, as written: a code or a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Main telephone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Web address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    /// The source's own short code for the record beside its id (a PSA's company identifier): others store it as theirs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The other side's number for this customer, where somebody stored it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The source's own word for its state (`Active`, `Inactive`, `Deleted`, `Prospect`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// People, where they were asked for; `None` when they were not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contacts: Option<Vec<Contact>>,
}

/// A person at a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The source's id of the contact.
    pub id: String,
    /// Given name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Family name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// What the person is there for (`Admin`, `Billing`, `Technical`), and whether as the first one.
    #[serde(default)]
    pub roles: Vec<ContactRole>,
}

/// A contact's role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactRole {
    /// The source's word for it.
    pub kind: String,
    /// Whether this is the primary contact of that kind.
    pub primary: bool,
}
