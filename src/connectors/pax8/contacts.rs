//! Contacts of a company: what is known of one, and what is sent to make or replace one.
//!
//! Keeps the invariant that a contact is always sent whole: Pax8 replaces it by what it is given, so that a change sends back
//! everything that was read, known or not.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::connectors::pax8::record::{Field, Kind, Record, Resource, day, flag, id, of, same_word, text};
use crate::connectors::pax8::request::{Body, Email, Filled, Invalid, NOTHING, changes_nothing, may_clear};

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

/// What is to become of one duty of a contact; its other duties stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DutyChange {
    /// It is the first to be asked.
    Primary(Duty),
    /// It has the duty, as the first or not.
    Has(Duty),
    /// It has the duty and is not the first to be asked.
    NotPrimary(Duty),
    /// It does not have the duty.
    Without(Duty),
}

/// What is to change of a contact; what is not named stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContactChanges {
    /// First name.
    pub first_name: Option<Filled>,
    /// Last name.
    pub last_name: Option<Filled>,
    /// Mail address.
    pub email: Option<Email>,
    /// Telephone.
    pub phone: Option<Filled>,
    /// Its duties.
    pub duties: Vec<DutyChange>,
    /// Fields to be emptied, as Pax8 calls them.
    pub clear: Vec<&'static str>,
}

/// What of a contact can be emptied, by Pax8's names: what it does not demand.
const CONTACT_CLEARED: &[&str] = &["types", "phoneCountryCode", "phoneCountryCallingCode"];

/// A contact as it is to be: everything that was read, known or not, with what was named changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactChange {
    whole: Map<String, Value>,
}

impl ContactChange {
    /// Changes a contact that was read.
    ///
    /// # Errors
    /// [`Invalid`] where nothing changes, where a duty that is to go is not there, and where Pax8 demands what is not there.
    pub fn of(held: &Record, changes: &ContactChanges) -> Result<Self, Invalid> {
        let Value::Object(mut whole) = held.whole() else { return Err(Invalid::new("contact", "is no object")) };
        let texts = [
            ("firstName", changes.first_name.as_ref().map(Filled::as_str)),
            ("lastName", changes.last_name.as_ref().map(Filled::as_str)),
            ("email", changes.email.as_ref().map(Email::as_str)),
            ("phone", changes.phone.as_ref().map(Filled::as_str)),
        ];
        // The number may stand under its other name, alone or beside.
        let (phone, other) = (held.text("phone"), whole.get("phoneNumber").and_then(Value::as_str));
        if let Some(new) = changes.phone.as_ref().filter(|_| other.is_some() && other == phone.as_deref()) {
            whole.insert("phoneNumber".to_owned(), new.as_str().into());
        }
        for (name, new) in texts {
            let is_there = whole.get(name).is_some_and(|held| !held.is_null());
            let Some(text) = new.map(str::to_owned).or_else(|| held.text(name)) else {
                return Err(Invalid::new(name, "Pax8 demands it, and the contact has none: name it"));
            };
            if new.is_some() || !is_there {
                whole.insert(name.to_owned(), text.into());
            }
        }
        for name in &changes.clear {
            may_clear(name, CONTACT_CLEARED)?;
            let empty = if *name == "types" { Value::Array(Vec::new()) } else { Value::Null };
            whole.insert((*name).to_owned(), empty);
        }
        if !changes.duties.is_empty() {
            let types = whole.entry("types").or_insert_with(|| Value::Array(Vec::new()));
            let mut parts = types.as_array().cloned().unwrap_or_default();
            for change in &changes.duties {
                change.make(&mut parts)?;
            }
            *types = Value::Array(parts);
        }
        if changes_nothing(&Value::Object(whole.clone()), &held.whole()) {
            return Err(Invalid::new("contact", NOTHING));
        }
        // What it made itself Pax8 keeps.
        whole.retain(|name, _| !["id", "createdDate"].contains(&name.as_str()));
        Ok(Self { whole })
    }

    /// Its duties.
    #[must_use]
    pub fn roles(&self) -> Vec<ContactRole> {
        let parts = self.whole.get("types").and_then(Value::as_array).into_iter().flatten();
        parts.filter_map(Value::as_object).filter_map(ContactRole::of).collect()
    }

    pub(super) fn body(&self) -> Value {
        Value::Object(self.whole.clone())
    }
}

impl DutyChange {
    fn make(self, parts: &mut Vec<Value>) -> Result<(), Invalid> {
        let (Self::Primary(duty) | Self::Has(duty) | Self::NotPrimary(duty) | Self::Without(duty)) = self;
        let has = |part: &Value| part.get("type").and_then(Value::as_str).and_then(Duty::of) == Some(duty);
        let at = parts.iter().position(has);
        let part = at.and_then(|at| parts.get_mut(at));
        match (self, part) {
            (Self::Primary(_), Some(part)) => set(part, "primary", true),
            (Self::NotPrimary(_), Some(part)) => set(part, "primary", false),
            (Self::Has(_), Some(_)) => {}
            (Self::Primary(_), None) => parts.push(json!({ "type": duty.as_str(), "primary": true })),
            (Self::Has(_), None) => parts.push(json!({ "type": duty.as_str(), "primary": false })),
            (Self::Without(_), Some(_)) => parts.retain(|part| !has(part)),
            (Self::NotPrimary(_) | Self::Without(_), None) => {
                let what = format!("the contact does not have the duty {}", duty.as_str());
                return Err(Invalid::new("types", what));
            }
        }
        Ok(())
    }
}

fn set(part: &mut Value, name: &str, value: bool) {
    if let Some(fields) = part.as_object_mut() {
        fields.insert(name.to_owned(), value.into());
    }
}

impl ContactRole {
    /// Of a part of `types`; a word that is none of the three is no duty here.
    fn of(part: &Map<String, Value>) -> Option<Self> {
        let duty = part.get("type").and_then(Value::as_str).and_then(Duty::of)?;
        Some(Self { duty, primary: part.get("primary").and_then(Value::as_bool).unwrap_or(false) })
    }

    /// The duties of a contact that was read.
    #[must_use]
    pub fn all_of(contact: &Record) -> Vec<Self> {
        contact.parts("types").into_iter().filter_map(Self::of).collect()
    }
}

/// The duties without a primary contact among these: while there is one, the company is inactive.
#[must_use]
pub fn duties_open(roles: impl IntoIterator<Item = ContactRole>) -> Vec<Duty> {
    let held: BTreeSet<Duty> = roles.into_iter().filter(|role| role.primary).map(|role| role.duty).collect();
    Duty::ALL.into_iter().filter(|duty| !held.contains(duty)).collect()
}
