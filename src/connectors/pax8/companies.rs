//! Companies: what is known of one, and what is sent to make or change one.
//!
//! Keeps the invariants that a new company has everything Pax8 demands, and that a patch changes something.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::connectors::pax8::contacts::ContactBody;
use crate::connectors::pax8::record::{Field, Kind, Resource, day, flag, id, of, text};
use crate::connectors::pax8::request::{Body, Country, Filled, Invalid};

const ADDRESS: &[Field] =
    &[text("street"), text("street2"), text("city"), text("stateOrProvince"), text("postalCode"), text("country")];

/// The states of a company. Source: Pax8 `Company.status`.
pub(super) const STATUS: &[&str] = &["Active", "Inactive", "Deleted"];

/// A company.
pub(super) static COMPANY: Resource = Resource {
    name: "company",
    plural: "companies",
    fields: &[
        id("id"),
        text("name"),
        of("address", Kind::Object(ADDRESS)),
        text("phone"),
        text("website"),
        text("externalId"),
        flag("billOnBehalfOfEnabled"),
        flag("selfServiceAllowed"),
        flag("orderApprovalRequired"),
        of("status", Kind::Word(STATUS)),
        day("updatedDate"),
    ],
    columns: &["id", "name", "status", "externalId", "address.city", "address.country", "phone", "website"],
};

/// Where a company is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Street and number.
    pub street: Filled,
    /// More of it.
    pub street2: Option<Filled>,
    /// Town.
    pub city: Filled,
    /// State, county or province, where there is one.
    pub region: Option<Filled>,
    /// Postcode.
    pub postcode: Filled,
    /// Country.
    pub country: Country,
}

impl Address {
    fn body(&self) -> Value {
        Body::default()
            .put("street", self.street.as_str())
            .may("street2", self.street2.as_ref().map(Filled::as_str))
            .put("city", self.city.as_str())
            .may("stateOrProvince", self.region.as_ref().map(Filled::as_str))
            .put("postalCode", self.postcode.as_str())
            .put("country", self.country.as_str())
            .done()
    }
}

/// What a company may do for itself, and who bills it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanyFlags {
    /// It may order for itself.
    pub self_service_allowed: bool,
    /// Pax8 bills it for the partner.
    pub bill_on_behalf: bool,
    /// Its own orders need approval.
    pub order_approval_required: bool,
}

/// A company to be made. It stays inactive until one contact or several are primary for all three duties.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewCompany {
    /// Its name.
    pub name: Filled,
    /// Where it is.
    pub address: Address,
    /// Its telephone.
    pub phone: Filled,
    /// Its website.
    pub website: Filled,
    /// The partner's own key for it.
    pub external_id: Option<Filled>,
    /// What it may do.
    pub flags: CompanyFlags,
    /// Its first contacts.
    pub contacts: Vec<ContactBody>,
}

impl NewCompany {
    pub(super) fn body(&self) -> Value {
        let contacts: Vec<Value> = self.contacts.iter().map(ContactBody::body).collect();
        Body::default()
            .put("name", self.name.as_str())
            .put("address", self.address.body())
            .put("phone", self.phone.as_str())
            .put("website", self.website.as_str())
            .may("externalId", self.external_id.as_ref().map(Filled::as_str))
            .put("billOnBehalfOfEnabled", self.flags.bill_on_behalf)
            .put("selfServiceAllowed", self.flags.self_service_allowed)
            .put("orderApprovalRequired", self.flags.order_approval_required)
            .may("contacts", (!contacts.is_empty()).then_some(contacts))
            .done()
    }
}

/// What may change of a company; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanyChanges {
    /// Its name.
    pub name: Option<Filled>,
    /// Where it is, as a whole: Pax8 takes no part of an address.
    pub address: Option<Address>,
    /// Its telephone.
    pub phone: Option<Filled>,
    /// Its website.
    pub website: Option<Filled>,
    /// The partner's own key for it.
    pub external_id: Option<Filled>,
    /// It may order for itself.
    pub self_service_allowed: Option<bool>,
    /// Pax8 bills it for the partner.
    pub bill_on_behalf: Option<bool>,
    /// Its own orders need approval.
    pub order_approval_required: Option<bool>,
}

/// Changes of a company, at least one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CompanyPatch(CompanyChanges);

impl CompanyPatch {
    /// Takes changes.
    ///
    /// # Errors
    /// [`Invalid`] when there is none.
    pub fn new(changes: CompanyChanges) -> Result<Self, Invalid> {
        if changes == CompanyChanges::default() {
            return Err(Invalid::new("company", "expected at least one change, found none"));
        }
        Ok(Self(changes))
    }

    pub(super) fn body(&self) -> Value {
        let changes = &self.0;
        Body::default()
            .may("name", changes.name.as_ref().map(Filled::as_str))
            .may("address", changes.address.as_ref().map(Address::body))
            .may("phone", changes.phone.as_ref().map(Filled::as_str))
            .may("website", changes.website.as_ref().map(Filled::as_str))
            .may("externalId", changes.external_id.as_ref().map(Filled::as_str))
            .may("billOnBehalfOfEnabled", changes.bill_on_behalf)
            .may("selfServiceAllowed", changes.self_service_allowed)
            .may("orderApprovalRequired", changes.order_approval_required)
            .done()
    }
}
