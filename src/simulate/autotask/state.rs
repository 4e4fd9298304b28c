//! What the simulated Autotask holds, and what a write does to it.
//!
//! Invariant: a write that is refused changes nothing; one that is accepted moves what tells of changes in its record alone.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::query::Marks;
use super::records::{self, Records, whole};
use super::shape::{Is, Kind, May, picks};
use super::units;
use crate::simulate::data::Data;
use crate::simulate::faults::{Fault, Fired};

type Record = Map<String, Value>;

pub(super) struct State {
    all: BTreeMap<Kind, Records>,
    pub(super) marks: Marks,
    /// The days on which a service was adjusted already.
    adjusted: Vec<(i64, String)>,
    writes: u32,
}

impl State {
    pub(super) fn new(data: &Data) -> Self {
        Self { all: records::of(data), marks: Marks::default(), adjusted: Vec::new(), writes: 0 }
    }

    pub(super) fn rows(&self, kind: Kind) -> &Records {
        static NONE: Records = Records::new();
        self.all.get(&kind).unwrap_or(&NONE)
    }

    /// Records and what led to their pages, both at once.
    pub(super) fn listed(&mut self, kind: Kind) -> (&Records, &mut Marks) {
        (self.all.entry(kind).or_default(), &mut self.marks)
    }

    pub(super) fn one(&self, kind: Kind, id: &str) -> Option<&Record> {
        id.parse().ok().and_then(|id: i64| self.rows(kind).get(&id))
    }

    /// Makes a record; its id.
    pub(super) fn make(&mut self, kind: Kind, below: Option<i64>, body: &Value) -> Result<i64, Vec<String>> {
        let mut sent = self.read(kind, body, true)?;
        if let Some(contract) = below {
            match sent.get("contractID").and_then(Value::as_i64) {
                Some(other) if other != contract => {
                    return Err(vec!["contractID does not match the contract of the address.".to_owned()]);
                }
                _ => _ = sent.insert("contractID".to_owned(), json!(contract)),
            }
        }
        self.complete(kind, &mut sent, None)?;
        if kind == Kind::Adjustment {
            return self.adjust(&sent);
        }
        let id = self.next_id(kind);
        sent.insert("id".to_owned(), json!(id));
        self.made(kind, &mut sent);
        let mut record = whole(kind, sent);
        self.stamp(kind, &mut record);
        self.all.entry(kind).or_default().insert(id, record);
        Ok(id)
    }

    fn next_id(&self, kind: Kind) -> i64 {
        self.rows(kind).keys().max().copied().unwrap_or_default().max(0) + 1
    }

    /// What a new record has that was not sent.
    fn made(&self, kind: Kind, record: &mut Record) {
        let mut usual = |name: &str, value: Value| {
            if record.get(name).is_none_or(Value::is_null) {
                record.insert(name.to_owned(), value);
            }
        };
        match kind {
            Kind::Company => {
                usual("isActive", json!(true));
                usual("isTaxExempt", json!(false));
                usual("createDate", json!(records::LONG_AGO));
            }
            Kind::Service => {
                usual("isActive", json!(true));
                usual("createDate", json!(records::LONG_AGO));
            }
            Kind::Ticket => {
                usual("ticketNumber", json!(format!("T20260201.{:04}", self.writes + 1)));
                usual("createDate", json!(records::LONG_AGO));
            }
            Kind::ContractService => {
                let id = record.get("serviceID").map(Value::to_string).unwrap_or_default();
                let service = self.one(Kind::Service, &id);
                let of = |name: &str| service.and_then(|service| service.get(name)).cloned().unwrap_or_default();
                for (name, from) in [
                    ("unitPrice", "unitPrice"),
                    ("unitCost", "unitCost"),
                    ("internalCurrencyUnitPrice", "unitPrice"),
                    ("adjustedPrice", "unitPrice"),
                    ("invoiceDescription", "invoiceDescription"),
                ] {
                    if record.get(name).is_none_or(Value::is_null) {
                        record.insert(name.to_owned(), of(from));
                    }
                }
                let price = record.get("adjustedPrice").cloned().unwrap_or_default();
                record.insert("internalCurrencyAdjustedPrice".to_owned(), price);
            }
            Kind::Product | Kind::Contract | Kind::Unit | Kind::Adjustment | Kind::BillingCode => {}
        }
    }

    /// Moves the units of a service of a contract from a day on.
    fn adjust(&mut self, sent: &Record) -> Result<i64, Vec<String>> {
        let no = |what: &str| vec![what.to_owned()];
        let whole_of = |name: &str| sent.get(name).and_then(Value::as_i64);
        let change = whole_of("unitChange").ok_or_else(|| no("unitChange must be a whole number."))?;
        let from = units::day(sent.get("effectiveDate")).ok_or_else(|| no("effectiveDate is not valid."))?;
        let id = match (whole_of("contractServiceID"), whole_of("contractID"), whole_of("serviceID")) {
            (Some(id), ..) => id,
            (None, Some(contract), Some(service)) => {
                let is_it = |row: &&Record| {
                    row.get("contractID") == Some(&json!(contract)) && row.get("serviceID") == Some(&json!(service))
                };
                let found = self.rows(Kind::ContractService).values().find(is_it);
                let found = found.and_then(|row| row.get("id")).and_then(Value::as_i64);
                match found.filter(|_| sent.get("allowRepeatService") != Some(&Value::Bool(true))) {
                    Some(id) => id,
                    None => self.make(Kind::ContractService, Some(contract), &json!({ "serviceID": service }))?,
                }
            }
            _ => return Err(no("contractServiceID, or contractID and serviceID, is required.")),
        };
        let service = self.rows(Kind::ContractService).get(&id).cloned();
        let mut service = service.ok_or_else(|| no("The contractServiceID does not exist."))?;
        let contract = service.get("contractID").map(Value::to_string).unwrap_or_default();
        if whole_of("contractID").is_some_and(|sent| sent.to_string() != contract) {
            return Err(no("The contractServiceID does not belong to the contract."));
        }
        let contract = self.one(Kind::Contract, &contract);
        let day_of = |name: &str| contract.and_then(|contract| units::day(contract.get(name)));
        let bounds = day_of("startDate").zip(day_of("endDate")).ok_or_else(|| no("The contract does not exist."))?;
        let on = (id, from.to_string());
        if self.adjusted.contains(&on) {
            return Err(no("Attempt to insert duplicate data into contract_service_period"));
        }
        if let Some(price) = sent.get("adjustedUnitPrice").filter(|price| !price.is_null()) {
            for name in ["adjustedPrice", "internalCurrencyAdjustedPrice"] {
                service.insert(name.to_owned(), price.clone());
            }
            self.all.entry(Kind::ContractService).or_default().insert(id, service.clone());
        }
        let mut next = self.next_id(Kind::Unit);
        let rows = self.all.entry(Kind::Unit).or_default();
        units::adjust(rows, &service, bounds, (from, change), &mut next).map_err(|what| vec![what])?;
        self.adjusted.push(on);
        let number = 330_000 + i64::try_from(self.adjusted.len()).unwrap_or_default();
        Ok(number)
    }

    /// Changes a record: what is sent, or all of it where the rest is to be nothing.
    pub(super) fn change(
        &mut self,
        kind: Kind,
        below: Option<i64>,
        body: &Value,
        all: bool,
        fired: &Fired,
    ) -> Result<i64, Vec<String>> {
        let id = member_id(body).ok_or_else(|| vec!["id is required.".to_owned()])?;
        let missing = || vec![format!("{} {id} does not exist.", kind.one())];
        let old = self.rows(kind).get(&id).cloned().ok_or_else(missing)?;
        if below.is_some_and(|contract| old.get("contractID") != Some(&json!(contract))) {
            return Err(missing());
        }
        let sent = self.read(kind, body, false)?;
        let mut record = old.clone();
        for (name, _, may) in kind.fields() {
            let is_fixed = matches!(may, May::Read | May::Once | May::NeedOnce);
            match sent.get(*name) {
                Some(value) if is_fixed && *name != "id" && record.get(*name) != Some(value) => {
                    return Err(vec![format!("{name} is read-only and cannot be changed.")]);
                }
                Some(value) => _ = record.insert((*name).to_owned(), value.clone()),
                None if all && !is_fixed => _ = record.insert((*name).to_owned(), Value::Null),
                None => {}
            }
        }
        if let Some(own) = sent.get("userDefinedFields").and_then(Value::as_array) {
            let mut kept = record.get("userDefinedFields").and_then(Value::as_array).cloned().unwrap_or_default();
            for entry in &mut kept {
                let name = entry.get("name").and_then(Value::as_str).unwrap_or_default();
                let same = |sent: &&Value| {
                    sent.get("name").and_then(Value::as_str).is_some_and(|sent| sent.eq_ignore_ascii_case(name))
                };
                if let (Some(sent), Value::Object(entry)) = (own.iter().find(same).cloned(), &mut *entry) {
                    entry.insert("value".to_owned(), sent.get("value").cloned().unwrap_or_default());
                }
            }
            record.insert("userDefinedFields".to_owned(), Value::Array(kept));
        }
        self.complete(kind, &mut record, Some(id))?;
        if fired.has(Fault::Ghost) || record == old {
            return Ok(id);
        }
        if kind == Kind::ContractService {
            let price = record.get("adjustedPrice").cloned().unwrap_or_default();
            record.insert("internalCurrencyAdjustedPrice".to_owned(), price);
        }
        self.stamp(kind, &mut record);
        self.all.entry(kind).or_default().insert(id, record);
        Ok(id)
    }

    /// What was sent, by the names the entity has, or everything that is wrong with it.
    fn read(&self, kind: Kind, body: &Value, makes: bool) -> Result<Record, Vec<String>> {
        let members = body.as_object().ok_or_else(|| vec!["An object is expected.".to_owned()])?;
        let (mut sent, mut wrong) = (Record::new(), Vec::new());
        for (name, value) in members {
            if name.eq_ignore_ascii_case("userDefinedFields") {
                match own(kind, value) {
                    Ok(()) => _ = sent.insert("userDefinedFields".to_owned(), value.clone()),
                    Err(what) => wrong.push(what),
                }
                continue;
            }
            let Some((known, is, may)) = kind.field(name) else {
                wrong.push(format!("Unable to find {name} in the {} Entity.", kind.one()));
                continue;
            };
            if makes && *known == "id" {
                // a new record may say 0
                continue;
            }
            if makes && *may == May::Read && !value.is_null() {
                wrong.push(format!("{known} is read-only."));
            } else if let Err(what) = self.fits(kind, known, *is, value) {
                wrong.push(what);
            } else {
                sent.insert((*known).to_owned(), value.clone());
            }
        }
        if wrong.is_empty() { Ok(sent) } else { Err(wrong) }
    }

    fn fits(&self, kind: Kind, name: &str, is: Is, value: &Value) -> Result<(), String> {
        if value.is_null() {
            return Ok(());
        }
        let good = match is {
            Is::Text(most) => match value.as_str() {
                Some(text) if u32::try_from(text.chars().count()).is_ok_and(|long| long <= most) => true,
                Some(_) => return Err(format!("{name} exceeds the maximum length of {most}.")),
                None => false,
            },
            Is::Whole => value.is_i64(),
            Is::Resource => {
                if value.is_i64() && value.as_i64() != Some(records::OWNER) {
                    return Err(format!("The value {value} of {name} does not exist."));
                }
                value.is_i64()
            }
            Is::Number => value.is_number(),
            Is::Flag => value.is_boolean(),
            Is::Moment => units::day(Some(value)).is_some(),
            Is::Pick => {
                if value.is_i64() && !picks(kind, name).iter().any(|(known, _)| value.as_i64() == Some(*known)) {
                    return Err(format!("{value} is not a valid value of the picklist {name}."));
                }
                value.is_i64()
            }
            Is::Of(other) => {
                if let Some(id) = value.as_i64()
                    && !self.rows(other).contains_key(&id)
                {
                    return Err(format!("The value {id} of {name} does not exist."));
                }
                value.is_i64()
            }
        };
        if good { Ok(()) } else { Err(format!("{name}: {value} is not of the type of this field.")) }
    }

    /// Whether all that a record needs is there.
    fn complete(&self, kind: Kind, record: &mut Record, own_id: Option<i64>) -> Result<(), Vec<String>> {
        let lacks = |name: &str| record.get(name).is_none_or(|value| value.is_null() || value.as_str() == Some(""));
        let mut wrong: Vec<String> = Vec::new();
        for (name, _, may) in kind.fields() {
            let needed = *may == May::Need || own_id.is_none() && *may == May::NeedOnce;
            if needed && lacks(name) {
                wrong.push(format!("{name} is required."));
            }
        }
        if kind == Kind::Ticket {
            let pair = (lacks("assignedResourceID"), lacks("assignedResourceRoleID"));
            if pair.0 != pair.1 {
                wrong.push("assignedResourceID and assignedResourceRoleID must be set together.".to_owned());
            } else if pair.0 && lacks("queueID") {
                wrong.push("queueID or assignedResourceID is required.".to_owned());
            }
        }
        if kind == Kind::Service {
            let code = record.get("billingCodeID").map(Value::to_string).unwrap_or_default();
            let code = self.one(Kind::BillingCode, &code);
            if code.is_some_and(|code| code.get("useType") != Some(&json!(5))) {
                wrong.push("billingCodeID must be a recurring contract service code.".to_owned());
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// When it was written last: one second later with every write.
    fn stamp(&mut self, kind: Kind, record: &mut Record) {
        self.writes += 1;
        let (minutes, seconds) = (self.writes / 60 % 1_440, self.writes % 60);
        let moment = json!(format!("2026-02-01T{:02}:{:02}:{seconds:02}.000Z", minutes / 60, minutes % 60));
        let names: &[&str] = match kind {
            Kind::Company => &["lastActivityDate", "lastTrackedModifiedDateTime"],
            Kind::Service => &["lastModifiedDate"],
            Kind::Contract => &["lastModifiedDateTime"],
            Kind::Ticket => &["lastActivityDate"],
            Kind::Product | Kind::ContractService | Kind::Unit | Kind::Adjustment | Kind::BillingCode => &[],
        };
        for name in names {
            record.insert((*name).to_owned(), moment.clone());
        }
    }

    /// What really changes between two pages, when a fault says so.
    pub(super) fn disturb(&mut self, kind: Kind, fired: &Fired) {
        let rows = self.all.entry(kind).or_default();
        if fired.has(Fault::Insert)
            && let Some((first, mut copy)) = rows.iter().next().map(|(id, row)| (*id, row.clone()))
        {
            copy.insert("id".to_owned(), json!(first - 1));
            rows.insert(first - 1, copy);
        }
        if fired.has(Fault::Delete) {
            rows.pop_first();
        }
    }

    /// Bills everything up to a day.
    pub(super) fn post(&mut self, until: chrono::NaiveDate) {
        for row in self.all.entry(Kind::Unit).or_default().values_mut() {
            if units::day(row.get("endDate")).is_some_and(|end| end <= until) {
                row.insert("approveAndPostDate".to_owned(), records::moment(until));
            }
        }
    }
}

fn member_id(body: &Value) -> Option<i64> {
    super::member(body, "id").and_then(Value::as_i64)
}

/// Whether these are fields the tenant has.
fn own(kind: Kind, value: &Value) -> Result<(), String> {
    let entries = value.as_array().ok_or("userDefinedFields must be a list.")?;
    for entry in entries {
        let name = entry.get("name").and_then(Value::as_str).unwrap_or_default();
        if !kind.own_fields().iter().any(|known| known.eq_ignore_ascii_case(name)) {
            return Err(format!("The user defined field {name} does not exist."));
        }
        if entry.get("value").is_some_and(|value| !value.is_string() && !value.is_null()) {
            return Err(format!("The value of the user defined field {name} must be a string."));
        }
    }
    Ok(())
}
