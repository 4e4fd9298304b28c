//! What the simulated system holds, and what a write does to it.
//!
//! Invariant: a write that is refused changes nothing; one that is accepted moves `UpdatedDateUTC` of its record and touches no
//! other. Members that are left out stay; lists and objects that are sent are replaced whole.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::records;
use crate::simulate::data::Data;
use crate::simulate::faults::{Fault, Fired};

/// A kind of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Contact,
    Item,
    Template,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Contact, Self::Item, Self::Template];

    /// As addresses and envelopes name it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Contact => "Contacts",
            Self::Item => "Items",
            Self::Template => "RepeatingInvoices",
        }
    }

    fn id_at(self) -> &'static str {
        match self {
            Self::Contact => "ContactID",
            Self::Item => "ItemID",
            Self::Template => "RepeatingInvoiceID",
        }
    }

    /// The texts that can be sent of it, with the characters each may have.
    fn texts(self) -> &'static [(&'static str, usize)] {
        match self {
            Self::Contact => &[
                ("Name", 255),
                ("ContactNumber", 50),
                ("AccountNumber", 50),
                ("CompanyNumber", 50),
                ("EmailAddress", 255),
                ("FirstName", 255),
                ("LastName", 255),
                ("TaxNumber", 50),
                ("ContactStatus", 20),
                ("DefaultCurrency", 3),
            ],
            Self::Item => &[("Code", 30), ("Name", 50), ("Description", 4_000), ("PurchaseDescription", 4_000)],
            Self::Template => &[],
        }
    }

    /// What else can be sent of it.
    fn others(self) -> &'static [&'static str] {
        match self {
            Self::Contact => &["Addresses", "Phones", "ContactPersons", "PaymentTerms"],
            Self::Item => &["IsSold", "IsPurchased", "SalesDetails", "PurchaseDetails", "InventoryAssetAccountCode"],
            Self::Template => &[],
        }
    }
}

pub(super) struct State {
    contacts: Vec<Value>,
    items: Vec<Value>,
    templates: Vec<Value>,
    answers: BTreeMap<String, Value>,
    writes: i64,
}

impl State {
    pub(super) fn new(data: &Data) -> Self {
        Self {
            contacts: records::contacts(data),
            items: records::items(data),
            templates: records::templates(data),
            answers: BTreeMap::new(),
            writes: 0,
        }
    }

    pub(super) fn rows(&self, kind: Kind) -> &[Value] {
        match kind {
            Kind::Contact => &self.contacts,
            Kind::Item => &self.items,
            Kind::Template => &self.templates,
        }
    }

    fn rows_mut(&mut self, kind: Kind) -> &mut Vec<Value> {
        match kind {
            Kind::Contact => &mut self.contacts,
            Kind::Item => &mut self.items,
            Kind::Template => &mut self.templates,
        }
    }

    pub(super) fn one(&self, kind: Kind, id: &str) -> Option<&Value> {
        self.rows(kind).iter().find(|row| row.get(kind.id_at()).is_some_and(|own| own == id))
    }

    /// What a call with this key was answered.
    pub(super) fn answered(&self, key: &str) -> Option<Value> {
        self.answers.get(key).cloned()
    }

    pub(super) fn remember(&mut self, key: String, body: &Value) {
        if !key.is_empty() {
            self.answers.insert(key, body.clone());
        }
    }

    /// Makes a record, or changes the one that the address or the element names.
    pub(super) fn write(&mut self, kind: Kind, id: Option<&str>, sent: &Value, makes: bool) -> Result<Value, String> {
        let Value::Object(sent) = sent else { return Err("An element is an object".to_owned()) };
        let id = id.or_else(|| sent.get(kind.id_at()).and_then(Value::as_str)).filter(|_| !makes);
        let old = match id {
            None => None,
            Some(id) => {
                let row = self.one(kind, id).and_then(Value::as_object).cloned();
                Some(row.ok_or_else(|| format!("There is no {} {id}", kind.name()))?)
            }
        };
        if kind == Kind::Template {
            let ends = old.is_some() && sent.get("Status").is_some_and(|status| status == "DELETED");
            let is_all = sent.keys().all(|name| name == "Status" || name == kind.id_at());
            if !ends || !is_all {
                return Err("A repeating invoice can be deleted, and not be changed".to_owned());
            }
        }
        let mut record = old.clone().unwrap_or_default();
        for (name, value) in sent {
            if value.as_str() == Some("") {
                record.remove(name);
            } else if !value.is_null() {
                record.insert(name.clone(), value.clone());
            }
        }
        if kind != Kind::Template {
            self.check(kind, sent, &record, old.as_ref())?;
        }
        Ok(self.keep(kind, record, old.is_some()))
    }

    fn check(
        &self,
        kind: Kind,
        sent: &Map<String, Value>,
        record: &Map<String, Value>,
        old: Option<&Map<String, Value>>,
    ) -> Result<(), String> {
        for (name, value) in sent {
            let most = kind.texts().iter().find(|(known, _)| known == name).map(|(_, most)| *most);
            match (value, most) {
                (Value::String(text), Some(most)) if text.chars().count() > most => {
                    return Err(format!("The {name} must not exceed {most} characters"));
                }
                (_, Some(_)) => {}
                (_, None) if kind.others().contains(&name.as_str()) || name == kind.id_at() => {}
                (_, None) => return Err(format!("{name} cannot be sent")),
            }
        }
        let text = |row: &Map<String, Value>, at: &str| {
            row.get(at).and_then(Value::as_str).unwrap_or_default().trim().to_lowercase()
        };
        let (key, words) = match kind {
            Kind::Contact => (
                "Name",
                "is already assigned to another contact. The contact name must be unique across all active contacts",
            ),
            Kind::Item | Kind::Template => ("Code", "already exists"),
        };
        let name = text(record, key);
        if name.is_empty() {
            return Err(format!("{key} is required"));
        }
        let own = old.and_then(|old| old.get(kind.id_at()));
        let is_twin = |row: &Map<String, Value>| {
            row.get(kind.id_at()) != own && text(row, key) == name && text(row, "ContactStatus") != "archived"
        };
        if self.rows(kind).iter().filter_map(Value::as_object).any(is_twin) {
            return Err(format!("The {key} {name} {words}"));
        }
        Ok(())
    }

    fn keep(&mut self, kind: Kind, mut record: Map<String, Value>, is_old: bool) -> Value {
        self.writes += 1;
        record.insert("UpdatedDateUTC".to_owned(), records::moment(self.writes));
        if !is_old {
            let tail = |row: &Value| row.get(kind.id_at())?.as_str()?.rsplit('-').next()?.parse::<u64>().ok();
            let next = self.rows(kind).iter().filter_map(tail).max().unwrap_or_default() + 1;
            record.insert(kind.id_at().to_owned(), json!(records::guid(&next.to_string())));
        }
        if kind == Kind::Contact {
            record.entry("ContactStatus").or_insert(json!("ACTIVE"));
            records::filled(&mut record);
        }
        let (at, row) = (kind.id_at(), Value::Object(record));
        let rows = self.rows_mut(kind);
        match rows.iter_mut().find(|kept| kept.get(at) == row.get(at)) {
            Some(kept) => kept.clone_from(&row),
            None => rows.push(row.clone()),
        }
        row
    }

    /// What really changes between two pages, when a fault says so.
    pub(super) fn disturb(&mut self, kind: Kind, fired: &Fired) {
        let rows = self.rows_mut(kind);
        if fired.has(Fault::Delete) && !rows.is_empty() {
            rows.remove(0);
        }
        if let Some(Value::Object(mut first)) = rows.first().cloned().filter(|_| fired.has(Fault::Insert)) {
            first.insert(kind.id_at().to_owned(), json!(records::guid("0")));
            first.insert("Name".to_owned(), json!("Made meanwhile"));
            rows.insert(0, Value::Object(first));
        }
    }
}
