//! What the simulated PSA holds, and what a write does to it.
//!
//! Invariant: a write that is refused changes nothing; one that is accepted moves `_info.lastUpdated` of its record and touches no
//! other. Operations into a member do nothing and are answered as if they did, as the interface is known to.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::failure;
use super::own_fields::{self, Kind};
use super::records;
use super::shape::{self, Is, May, Member, Wrong};
use crate::simulate::data::{Data, File};
use crate::simulate::faults::{Fault, Fired};
use crate::simulate::json::plain;
use crate::simulate::json::{number, small_id};
use crate::simulate::server::Answer;

type Record = Map<String, Value>;

pub(super) struct State {
    companies: Vec<Value>,
    catalog: Vec<Value>,
    agreements: Vec<Value>,
    /// By the id of the agreement, as text.
    additions: BTreeMap<String, Vec<Value>>,
    /// By the id of the bundle, as text.
    components: BTreeMap<String, Vec<Value>>,
    /// Lists come in the opposite order.
    pub(super) turned: bool,
    writes: u32,
    /// The lowest id there ever was; what comes in at the head of a list is below it.
    lowest: u64,
    /// Who writes.
    member: String,
}

impl State {
    pub(super) fn new(data: &Data, member: &str) -> Self {
        let (agreements, additions) = records::agreements(data);
        Self {
            companies: records::sorted(data.table(File::PsaCompanies).rows().map(records::company).collect()),
            catalog: records::sorted(data.table(File::PsaProducts).rows().map(records::product).collect()),
            agreements,
            additions,
            components: records::components(data),
            turned: false,
            writes: 0,
            lowest: u64::MAX,
            member: member.to_owned(),
        }
    }

    /// The records of a kind, below one record where they are.
    pub(super) fn rows(&self, kind: Kind, below: &str) -> &[Value] {
        match kind {
            Kind::Company => &self.companies,
            Kind::Product => &self.catalog,
            Kind::Agreement => &self.agreements,
            Kind::Addition => self.additions.get(below).map_or(&[], Vec::as_slice),
            Kind::Component => self.components.get(below).map_or(&[], Vec::as_slice),
        }
    }

    fn rows_mut(&mut self, kind: Kind, below: &str) -> &mut Vec<Value> {
        match kind {
            Kind::Company => &mut self.companies,
            Kind::Product => &mut self.catalog,
            Kind::Agreement => &mut self.agreements,
            Kind::Addition => self.additions.entry(below.to_owned()).or_default(),
            Kind::Component => self.components.entry(below.to_owned()).or_default(),
        }
    }

    pub(super) fn has(&self, kind: Kind, wanted: &str) -> bool {
        self.rows(kind, "").iter().any(|row| is(row, wanted))
    }

    /// The names a reference of companies may have.
    pub(super) fn statuses(&self) -> Vec<Value> {
        self.known(Kind::Company, "status")
    }

    /// What a reference of a kind may stand for: what the system has from the start, and what its records name.
    fn known(&self, kind: Kind, member: &str) -> Vec<Value> {
        let standing: &[&str] = match member {
            "status" => &["Active", "Inactive", "Prospect"],
            "subcategory" => &["General"],
            "type" => &["Agreement"],
            "site" => &["Main"],
            _ => &[],
        };
        let fixed = standing.iter().map(|name| {
            let id = if matches!(member, "subcategory" | "type") { 1 } else { small_id(name) };
            json!({ "id": id, "name": name })
        });
        let mut all: Vec<Value> = fixed.collect();
        for row in self.rows(kind, "") {
            if let Some(named) = row.get(member).filter(|named| named.is_object() && !all.contains(named)) {
                all.push(named.clone());
            }
        }
        all
    }

    /// Makes a record.
    pub(super) fn make(&mut self, kind: Kind, below: &str, body: &[u8]) -> Answer {
        let Some(members) = shape::of(kind) else { return not_served() };
        let Ok(Value::Object(sent)) = serde_json::from_slice::<Value>(body) else {
            return failure(StatusCode::BAD_REQUEST, "An object is expected");
        };
        let wrong = shape::check(members, &sent);
        if !wrong.is_empty() {
            return shape::refused(kind, &wrong);
        }
        let kept = members.iter().filter(|(_, _, may)| *may == May::Read).map(|(name, ..)| *name);
        let kept: Vec<&str> = kept.collect();
        let mut record: Record = sent.into_iter().filter(|(name, _)| !kept.contains(&name.as_str())).collect();
        let own = record.get("customFields").and_then(Value::as_array).cloned().unwrap_or_default();
        record.insert("customFields".to_owned(), own_fields::replaced(kind, &own));
        if let Err(wrong) = self.settle(kind, members, &mut record, None) {
            return shape::refused(kind, &[wrong]);
        }
        let id = self.next_id(kind);
        record.insert("id".to_owned(), json!(id));
        self.complete(kind, below, &mut record);
        self.stamp(&mut record);
        let record = Value::Object(record);
        self.rows_mut(kind, below).push(record.clone());
        Answer::with(StatusCode::CREATED, record)
    }

    /// What a new record has that was not sent.
    fn complete(&self, kind: Kind, below: &str, record: &mut Record) {
        let mut usual = |name: &str, value: Value| {
            if !value.is_null() {
                record.entry(name.to_owned()).or_insert(value);
            }
        };
        match kind {
            Kind::Company => {
                usual("status", json!({ "id": small_id("Active"), "name": "Active" }));
                usual("types", json!([]));
                usual("deletedFlag", json!(false));
            }
            Kind::Product => {
                usual("productClass", json!("NonInventory"));
                usual("inactiveFlag", json!(false));
                usual("price", json!(0));
                usual("cost", json!(0));
            }
            Kind::Addition => {
                let agreement = self.agreements.iter().find(|row| is(row, below));
                let of = |name: &str| agreement.and_then(|agreement| agreement.get(name)).cloned().unwrap_or_default();
                usual("agreementId", of("id"));
                usual("agreementStatus", of("agreementStatus"));
                usual("effectiveDate", of("startDate"));
                usual("taxableFlag", json!(false));
            }
            Kind::Agreement | Kind::Component => {}
        }
        if kind == Kind::Addition {
            self.price(record, &[]);
            for (name, value) in [("quantity", 1), ("lessIncluded", 0), ("unitPrice", 0), ("unitCost", 0)] {
                record.entry(name.to_owned()).or_insert(json!(value));
            }
            total(record);
        }
    }

    /// Takes texts and figures of an addition over from its product, but those that were sent.
    fn price(&self, record: &mut Record, sent: &[&str]) {
        let id = record.get("product").and_then(|product| product.get("id"));
        let Some(product) = self.catalog.iter().find(|row| row.get("id") == id) else { return };
        let taken = [
            ("unitPrice", "price"),
            ("unitCost", "cost"),
            ("description", "description"),
            ("invoiceDescription", "customerDescription"),
        ];
        for (name, of) in taken {
            let is_new = sent.is_empty() && !record.contains_key(name);
            let is_repriced = !sent.is_empty() && !sent.contains(&name);
            if let Some(value) = product.get(of).filter(|_| is_new || is_repriced) {
                record.insert(name.to_owned(), value.clone());
            }
        }
    }

    /// Carries out operations on a record.
    pub(super) fn patch(&mut self, kind: Kind, below: &str, id: &str, body: &[u8], fired: &Fired) -> Answer {
        let Some(members) = shape::of(kind) else { return not_served() };
        let Some(at) = self.rows(kind, below).iter().position(|row| is(row, id)) else { return super::unknown(id) };
        let Some(Value::Object(old)) = self.rows(kind, below).get(at).cloned() else { return super::unknown(id) };
        let operations = match operations(members, body) {
            Ok(operations) => operations,
            Err(wrong) => return shape::refused(kind, &[wrong]),
        };
        let named = |name: &str| operations.iter().any(|(path, _)| path == name);
        if fired.has(Fault::OwnFields) && !named("customFields") {
            return shape::refused(
                kind,
                &[Wrong::invalid("customFields", "customFields must be sent with every change")],
            );
        }
        if fired.has(Fault::Ghost) {
            return Answer::ok(Value::Object(old));
        }
        let mut record = match carried_out(kind, members, &old, &operations) {
            Ok(record) => record,
            Err(wrong) => return shape::refused(kind, &wrong),
        };
        if let Err(wrong) = self.settle(kind, members, &mut record, Some(id)) {
            return shape::refused(kind, &[wrong]);
        }
        if kind == Kind::Addition {
            if record.get("product") != old.get("product") {
                let sent: Vec<&str> = operations.iter().map(|(path, _)| path.as_str()).collect();
                self.price(&mut record, &sent);
            }
            let figures = ["quantity", "lessIncluded", "unitPrice", "unitCost"];
            if figures.iter().any(|name| record.get(*name) != old.get(*name)) {
                total(&mut record);
            }
        }
        if record != old {
            self.stamp(&mut record);
        }
        let record = Value::Object(record);
        if let Some(row) = self.rows_mut(kind, below).get_mut(at) {
            row.clone_from(&record);
        }
        Answer::ok(record)
    }

    /// Replaces references by what they stand for, and sees that what is unique stays so.
    fn settle(&self, kind: Kind, members: &[Member], record: &mut Record, own_id: Option<&str>) -> Result<(), Wrong> {
        for (name, holds, may) in members {
            if let (Is::Ref, Some(value)) = (holds, record.get(*name))
                && *may != May::Read
            {
                let found = self.resolved(kind, name, value);
                let found = found.ok_or_else(|| Wrong::invalid(name, format!("{name} {value} was not found")))?;
                record.insert((*name).to_owned(), found);
            }
        }
        let identifier = record.get("identifier").and_then(Value::as_str).unwrap_or_default();
        let twin = self.rows(kind, "").iter().filter(|row| own_id.is_none_or(|id| !is(row, id))).any(|row| {
            row.get("identifier").and_then(Value::as_str).is_some_and(|other| other.eq_ignore_ascii_case(identifier))
        });
        if twin { Err(Wrong::exists("identifier", identifier)) } else { Ok(()) }
    }

    fn resolved(&self, kind: Kind, member: &str, value: &Value) -> Option<Value> {
        let same = |known: &Value| {
            ["id", "identifier", "name"].iter().find_map(|by| value.get(by).map(|wanted| known.get(by) == Some(wanted)))
        };
        if (kind, member) == (Kind::Addition, "product") {
            let found = self.catalog.iter().find(|row| same(row) == Some(true))?;
            return Some(json!({ "id": found.get("id"), "identifier": found.get("identifier") }));
        }
        self.known(kind, member).into_iter().find(|known| same(known) == Some(true))
    }

    fn next_id(&self, kind: Kind) -> u64 {
        let id = |row: &Value| row.get("id").and_then(Value::as_u64).unwrap_or_default();
        let all: Vec<&Value> = match kind {
            Kind::Addition => self.additions.values().flatten().collect(),
            Kind::Company | Kind::Product | Kind::Agreement | Kind::Component => self.rows(kind, "").iter().collect(),
        };
        all.into_iter().map(id).max().unwrap_or_default() + 1
    }

    /// Who wrote last, and when: one second later with every write.
    fn stamp(&mut self, record: &mut Record) {
        self.writes += 1;
        let (minutes, seconds) = (self.writes / 60 % 1_440, self.writes % 60);
        let moment = format!("2026-02-01T{:02}:{:02}:{seconds:02}Z", minutes / 60, minutes % 60);
        record.insert("_info".to_owned(), json!({ "lastUpdated": moment, "updatedBy": self.member }));
    }

    /// What really changes between two pages, when a fault says so.
    pub(super) fn disturb(&mut self, kind: Kind, below: &str, fired: &Fired) {
        if fired.has(Fault::Resort) {
            self.turned = !self.turned;
        }
        let ids = self.rows(kind, below).iter().filter_map(|row| row.get("id").and_then(Value::as_u64));
        self.lowest = ids.min().unwrap_or(u64::MAX).min(self.lowest);
        let before_all = self.lowest.saturating_sub(1);
        let is_inserted = fired.has(Fault::Insert) && before_all > 0;
        if is_inserted {
            self.lowest = before_all;
        }
        let rows = self.rows_mut(kind, below);
        if let Some(mut copy) = rows.first().cloned().filter(|_| is_inserted) {
            if let Value::Object(members) = &mut copy {
                members.insert("id".to_owned(), json!(before_all));
                if members.contains_key("identifier") {
                    members.insert("identifier".to_owned(), json!(format!("MEANWHILE{before_all}")));
                }
            }
            rows.insert(0, copy);
        }
        if fired.has(Fault::Delete) && !rows.is_empty() {
            rows.remove(0);
        }
    }
}

fn is(row: &Value, wanted: &str) -> bool {
    row.get("id").is_some_and(|id| plain(id) == wanted)
}

fn not_served() -> Answer {
    failure(StatusCode::METHOD_NOT_ALLOWED, "Companies, catalog items, additions and tickets are written here")
}

/// The operations of a body with the member each is about; those into a member are left out.
fn operations(members: &[Member], body: &[u8]) -> Result<Vec<(String, Value)>, Wrong> {
    let wrong = |message: String| Wrong::invalid("operations", message);
    let sent: Vec<Value> =
        serde_json::from_slice(body).map_err(|_| wrong("a list of operations is expected".to_owned()))?;
    let mut all = Vec::new();
    for mut operation in sent {
        let known =
            operation.get("op").and_then(Value::as_str).is_some_and(|op| matches!(op, "add" | "replace" | "remove"));
        let path = operation.get("path").and_then(Value::as_str).map(|path| path.trim_start_matches('/').to_owned());
        let Some(path) = path.filter(|_| known) else {
            return Err(wrong(format!("op add, replace or remove, and a path expected, found {operation}")));
        };
        let member = path.split('/').next().unwrap_or_default();
        let Some((name, _, may)) = members.iter().find(|(known, ..)| *known == member) else {
            return Err(Wrong::invalid(member, format!("{member} is not a known property")));
        };
        let has_effect = path == *name && matches!(may, May::Set | May::Need);
        if let Some(place) = operation.get_mut("path").filter(|_| has_effect) {
            *place = Value::from(format!("/{path}"));
            all.push((path, operation));
        }
    }
    Ok(all)
}

/// The record after the operations, all of them or none.
fn carried_out(
    kind: Kind,
    members: &[Member],
    old: &Record,
    operations: &[(String, Value)],
) -> Result<Record, Vec<Wrong>> {
    let wrong = |message: String| vec![Wrong::invalid("operations", message)];
    // what is unset is there as null, so that it can be replaced
    let mut whole = old.clone();
    for (name, ..) in members {
        whole.entry((*name).to_owned()).or_insert(Value::Null);
    }
    let mut whole = Value::Object(whole);
    let list = operations.iter().map(|(_, operation)| operation.clone()).collect::<Value>();
    let patch: json_patch::Patch = serde_json::from_value(list).map_err(|error| wrong(error.to_string()))?;
    json_patch::patch(&mut whole, &patch).map_err(|error| wrong(error.to_string()))?;
    let Value::Object(mut record) = whole else { return Err(wrong("the record itself cannot be replaced".to_owned())) };
    record.retain(|_, value| !value.is_null());
    let faults = shape::check(members, &record);
    // what was there before and is not as described is not this writer's fault
    let faults: Vec<Wrong> =
        faults.into_iter().filter(|wrong| operations.iter().any(|(path, _)| *path == wrong.field)).collect();
    if !faults.is_empty() {
        return Err(faults);
    }
    if operations.iter().any(|(path, _)| path == "customFields") {
        let sent = record.get("customFields").and_then(Value::as_array).cloned().unwrap_or_default();
        record.insert("customFields".to_owned(), own_fields::replaced(kind, &sent));
    } else if let Some(own) = old.get("customFields") {
        record.insert("customFields".to_owned(), own.clone());
    }
    Ok(record)
}

/// Reckons what an addition has of its figures; what is no number stays as it is.
fn total(record: &mut Record) {
    let figure = |name: &str| record.get(name).map(plain).and_then(|text| text.parse::<Decimal>().ok());
    let billed = figure("quantity").zip(figure("lessIncluded")).and_then(|(all, less)| all.checked_sub(less));
    let Some(billed) = billed else { return };
    let times =
        |name: &str| figure(name).and_then(|each| each.checked_mul(billed)).map(|all| all.normalize().to_string());
    let (price, cost) = (times("unitPrice"), times("unitCost"));
    for (name, text) in
        [("billedQuantity", Some(billed.normalize().to_string())), ("extPrice", price), ("extCost", cost)]
    {
        if let Some(text) = text {
            record.insert(name.to_owned(), number(&text));
        }
    }
}
