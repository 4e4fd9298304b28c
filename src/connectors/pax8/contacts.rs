//! Contacts of a company: what is known of one, and what is sent to make or replace one.
//!
//! Keeps the invariant that a contact is always sent whole: Pax8 replaces it by what it is given.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::connectors::pax8::record::{Field, Kind, Record, Resource, day, flag, id, of, same_word, text};
use crate::connectors::pax8::request::{Body, Email, Filled, Invalid, filled_of};

const TYPES: &[Field] = &[of("type", Kind::Word(&["Admin", "Billing", "Technical"])), flag("primary")];

/// A contact.
pub(super) static CONTACT: Resource = Resource {
    name: "contact",
    plural: "contacts",
    fields: &[
        id("id"),
        text("firstName"),
        text("lastName"),
        text("email"),
        Field { name: "phone", also: "phoneNumber", kind: Kind::Text },
        of("phoneCountryCode", Kind::Anything),
        of("phoneCountryCallingCode", Kind::Anything),
        of("types", Kind::Objects(TYPES)),
        day("createdDate"),
    ],
    columns: &["id", "firstName", "lastName", "email", "phone", "types", "createdDate"],
};

/// What a contact is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Duty {
    /// Administration.
    Admin,
    /// Invoices.
    Billing,
    /// Technical matters.
    Technical,
}

impl Duty {
    /// All three; a company is active when each has a primary contact.
    pub const ALL: [Self; 3] = [Self::Admin, Self::Billing, Self::Technical];

    /// As Pax8 spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "Admin",
            Self::Billing => "Billing",
            Self::Technical => "Technical",
        }
    }

    /// Reads Pax8's word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|duty| same_word(duty.as_str(), word))
    }
}

/// A duty of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ContactRole {
    /// Which.
    pub duty: Duty,
    /// Whether it is the first to be asked.
    pub primary: bool,
}

/// A contact, whole: all four texts are demanded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactBody {
    /// First name.
    pub first_name: Filled,
    /// Last name.
    pub last_name: Filled,
    /// Mail address.
    pub email: Email,
    /// Telephone.
    pub phone: Filled,
    /// Its duties.
    pub roles: Vec<ContactRole>,
}

impl ContactBody {
    /// The contact as it is, to be changed in parts.
    ///
    /// # Errors
    /// [`Invalid`] names what it lacks.
    pub fn of(contact: &Record) -> Result<Self, Invalid> {
        let role = |part: &serde_json::Map<String, Value>| {
            let duty = part.get("type").and_then(Value::as_str).and_then(Duty::of);
            let duty = duty.ok_or_else(|| Invalid::new("types.type", "expected Admin, Billing or Technical"))?;
            Ok(ContactRole { duty, primary: part.get("primary").and_then(Value::as_bool).unwrap_or(false) })
        };
        Ok(Self {
            first_name: filled_of(contact, "firstName")?,
            last_name: filled_of(contact, "lastName")?,
            email: Email::new("email", contact.text("email").unwrap_or_default())?,
            phone: filled_of(contact, "phone")?,
            roles: contact.parts("types").into_iter().map(role).collect::<Result<_, Invalid>>()?,
        })
    }

    pub(super) fn body(&self) -> Value {
        let types = self.roles.iter().map(|role| json!({ "type": role.duty.as_str(), "primary": role.primary }));
        Body::default()
            .put("firstName", self.first_name.as_str())
            .put("lastName", self.last_name.as_str())
            .put("email", self.email.as_str())
            .put("phone", self.phone.as_str())
            .put("types", types.collect::<Vec<_>>())
            .done()
    }
}

/// The duties without a primary contact: while there is one, the company is inactive.
#[must_use]
pub fn duties_open<'c>(contacts: impl IntoIterator<Item = &'c ContactBody>) -> Vec<Duty> {
    let roles = contacts.into_iter().flat_map(|contact| &contact.roles).filter(|role| role.primary);
    let held: BTreeSet<Duty> = roles.map(|role| role.duty).collect();
    Duty::ALL.into_iter().filter(|duty| !held.contains(duty)).collect()
}
