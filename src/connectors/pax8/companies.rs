//! Companies: what is known of one, and what is sent to make or change one.
//!
//! Keeps the invariants that a new company has everything Pax8 demands, and that a patch changes something and of an address
//! nothing that was not named.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::connectors::pax8::contacts::ContactBody;
use crate::connectors::pax8::record::{Field, Kind, Record, Resource, day, flag, id, of, text};
use crate::connectors::pax8::request::{Body, Country, Filled, Invalid, NOTHING, changes_nothing, may_clear};

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

/// What is to change of an address; what is not named stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressChanges {
    /// Street and number.
    pub street: Option<Filled>,
    /// More of it.
    pub street2: Option<Filled>,
    /// Town.
    pub city: Option<Filled>,
    /// State, county or province.
    pub region: Option<Filled>,
    /// Postcode.
    pub postcode: Option<Filled>,
    /// Country.
    pub country: Option<Country>,
    /// Parts to be emptied, as Pax8 calls them.
    pub clear: Vec<&'static str>,
}

/// What of an address can be emptied, by Pax8's names: what nobody demands.
const ADDRESS_CLEARED: &[&str] = &["street2", "stateOrProvince"];

/// The address of a company as it is to be: everything that was read, known or not, with what was named changed. Pax8 takes no
/// part of an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressChange {
    whole: Map<String, Value>,
}

impl AddressChange {
    /// Changes the address of a company that was read.
    ///
    /// # Errors
    /// [`Invalid`] where Pax8 is certain to refuse the country that is there.
    pub fn of(company: &Record, changes: &AddressChanges) -> Result<Self, Invalid> {
        let mut whole = company.value("address").and_then(Value::as_object).cloned().unwrap_or_default();
        let texts = [
            ("street", changes.street.as_ref()),
            ("street2", changes.street2.as_ref()),
            ("city", changes.city.as_ref()),
            ("stateOrProvince", changes.region.as_ref()),
            ("postalCode", changes.postcode.as_ref()),
        ];
        let texts = texts.into_iter().filter_map(|(name, new)| Some((name, new?.as_str())));
        let country = changes.country.as_ref().map(|new| ("country", new.as_str()));
        for (name, new) in texts.chain(country) {
            whole.insert(name.to_owned(), new.into());
        }
        for name in &changes.clear {
            may_clear(name, ADDRESS_CLEARED)?;
            whole.insert((*name).to_owned(), Value::Null);
        }
        if let Some(held) = whole.get("country").and_then(Value::as_str) {
            // Older rows hold names, which Pax8 takes no longer.
            let _two_letters = Country::new("address.country", held)?;
        }
        Ok(Self { whole })
    }
}

/// A text that need not be there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clearable {
    /// It is this.
    To(Filled),
    /// It is empty.
    Cleared,
}

/// What may change of a company; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanyChanges {
    /// Its name.
    pub name: Option<Filled>,
    /// Where it is.
    pub address: Option<AddressChange>,
    /// Its telephone.
    pub phone: Option<Filled>,
    /// Its website.
    pub website: Option<Filled>,
    /// The partner's own key for it.
    pub external_id: Option<Clearable>,
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

    /// Refuses changes of a company that is so already, as Pax8 does.
    ///
    /// # Errors
    /// [`Invalid`] then.
    pub fn differs_from(self, company: &Record) -> Result<Self, Invalid> {
        if changes_nothing(&self.body(), &company.whole()) {
            return Err(Invalid::new("company", NOTHING));
        }
        Ok(self)
    }

    pub(super) fn body(&self) -> Value {
        let changes = &self.0;
        let external_id = changes.external_id.as_ref().map(|id| match id {
            Clearable::To(text) => Value::from(text.as_str()),
            Clearable::Cleared => Value::Null,
        });
        Body::default()
            .may("name", changes.name.as_ref().map(Filled::as_str))
            .may("address", changes.address.as_ref().map(|address| address.whole.clone()))
            .may("phone", changes.phone.as_ref().map(Filled::as_str))
            .may("website", changes.website.as_ref().map(Filled::as_str))
            .may("externalId", external_id)
            .may("billOnBehalfOfEnabled", changes.bill_on_behalf)
            .may("selfServiceAllowed", changes.self_service_allowed)
            .may("orderApprovalRequired", changes.order_approval_required)
            .done()
    }
}
