//! The records of the account, and what may stand in them.
//!
//! Invariant: a key that is no field is not kept, and neither is a property that nobody defined.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::{Given, Record, Wrong};
use crate::simulate::data::{Data, File, Row};
use crate::simulate::faults::{Fault, Fired};
use crate::simulate::json::{id, number, plain};

/// The custom fields that an administrator defined.
const PROPERTIES: [&str; 2] = ["Pax8 ID", "Tier"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Customer,
    Product,
    Schedule,
}

impl Kind {
    pub(super) fn named(plural: &str) -> Option<Self> {
        [Self::Customer, Self::Product, Self::Schedule].into_iter().find(|kind| kind.plural() == plural)
    }

    pub(super) fn plural(self) -> &'static str {
        match self {
            Self::Customer => "customers",
            Self::Product => "products",
            Self::Schedule => "schedules",
        }
    }

    pub(super) fn single(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Product => "product",
            Self::Schedule => "schedule",
        }
    }

    /// What is kept of a body.
    fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Customer => &[
                "business_name",
                "firstname",
                "lastname",
                "email",
                "phone",
                "address",
                "city",
                "state",
                "zip",
                "disabled",
                "tax_rate_id",
                "properties",
            ],
            Self::Product => &[
                "name",
                "description",
                "price_retail",
                "price_cost",
                "upc_code",
                "taxable",
                "disabled",
                "maintain_stock",
            ],
            Self::Schedule => &["customer_id", "name", "frequency", "next_run", "paused"],
        }
    }
}

const LINE: [&str; 10] = [
    "name",
    "description",
    "product_id",
    "quantity",
    "retail_cents",
    "cost_cents",
    "taxable",
    "recurring_type_id",
    "one_time_charge",
    "position",
];

#[derive(Default)]
pub(super) struct State {
    customers: Vec<Record>,
    products: Vec<Record>,
    schedules: Vec<Record>,
    writes: u64,
}

impl State {
    pub(super) fn new(data: &Data) -> Self {
        let mut state = Self::default();
        let object = |value: Value| value.as_object().cloned().unwrap_or_default();
        for row in data.table(File::PsaCompanies).rows() {
            let is_gone = row.get("status") == "Inactive" || row.get("deletedFlag") == "true";
            state.customers.push(object(json!({
                "id": id(row.get("id")), "business_name": row.get("name"), "firstname": null, "lastname": null,
                "email": null, "phone": row.get("phoneNumber"), "address": row.get("addressLine1"),
                "city": row.get("city"), "state": row.get("state"), "zip": row.get("zip"), "disabled": is_gone,
                "tax_rate_id": null, "properties": { "Tier": "gold" }, "updated_at": "2026-02-01T08:00:00.000-05:00",
            })));
        }
        for row in data.table(File::PsaProducts).rows() {
            state.products.push(object(json!({
                "id": id(row.get("id")), "name": row.get("description"), "description": null,
                "price_retail": number(row.get("price")), "price_cost": number(row.get("cost")),
                "upc_code": row.get("identifier"), "product_skus": [], "taxable": true,
                "disabled": row.get("inactiveFlag") == "true", "maintain_stock": true,
                "updated_at": "2026-02-01T08:00:00.000-05:00",
            })));
        }
        data.table(File::PsaAgreementLines).rows().for_each(|row| state.line(row));
        state
    }

    fn line(&mut self, row: Row<'_>) {
        let line = json!({
            "id": id(row.get("id")), "name": row.get("description"), "description": row.get("description"),
            "product_id": id(row.get("productId")), "quantity": two(row.get("quantity")),
            "price_retail": two(row.get("unitPrice")), "price_cost": two(row.get("unitCost")), "taxable": false,
            "recurring_type_id": null, "asset_type_id": null, "device_ids": [], "one_time_charge": false, "position": 1,
        });
        let agreement = row.get("agreementId");
        let held = self.schedules.iter_mut().find(|held| held.get("id").is_some_and(|held| plain(held) == agreement));
        if let Some(Value::Array(lines)) = held.and_then(|held| held.get_mut("lines")) {
            lines.push(line);
            return;
        }
        let schedule = json!({
            "id": id(agreement), "customer_id": id(row.get("companyId")), "name": row.get("agreementName"),
            "frequency": "Monthly", "next_run": "2026-12-01", "paused": row.get("agreementStatus") != "Active",
            "lines": [line],
        });
        self.schedules.extend(schedule.as_object().cloned());
    }

    pub(super) fn all(&self, kind: Kind) -> &[Record] {
        match kind {
            Kind::Customer => &self.customers,
            Kind::Product => &self.products,
            Kind::Schedule => &self.schedules,
        }
    }

    fn all_mut(&mut self, kind: Kind) -> &mut Vec<Record> {
        match kind {
            Kind::Customer => &mut self.customers,
            Kind::Product => &mut self.products,
            Kind::Schedule => &mut self.schedules,
        }
    }

    pub(super) fn one(&self, kind: Kind, wanted: &str) -> Given<&Record> {
        self.all(kind).iter().find(|record| is(record, wanted)).ok_or_else(Wrong::missing)
    }

    fn one_mut(&mut self, kind: Kind, wanted: &str) -> Given<&mut Record> {
        self.all_mut(kind).iter_mut().find(|record| is(record, wanted)).ok_or_else(Wrong::missing)
    }

    fn stamp(&mut self, record: &mut Record) {
        self.writes += 1;
        let moment = format!("2026-02-01T09:{:02}:{:02}.000-05:00", self.writes / 60 % 60, self.writes % 60);
        record.insert("updated_at".to_owned(), Value::from(moment));
    }

    pub(super) fn make(&mut self, kind: Kind, sent: &Record) -> Given<Record> {
        if kind == Kind::Schedule {
            return Err(Wrong::invalid("Schedules are made in the browser here"));
        }
        let mut record = Record::new();
        for name in kind.fields() {
            record.insert((*name).to_owned(), Value::Null);
        }
        record.insert("properties".to_owned(), json!({}));
        for name in ["disabled", "taxable", "maintain_stock"].iter().filter(|name| kind.fields().contains(name)) {
            record.insert((*name).to_owned(), json!(false));
        }
        take(kind, &mut record, sent)?;
        if kind == Kind::Product {
            record.remove("properties");
        }
        let next = self.all(kind).iter().filter_map(|record| record.get("id").and_then(Value::as_u64)).max();
        record.insert("id".to_owned(), json!(next.unwrap_or_default() + 1));
        self.stamp(&mut record);
        self.all_mut(kind).push(record.clone());
        Ok(record)
    }

    pub(super) fn change(&mut self, kind: Kind, wanted: &str, sent: &Record, fired: &Fired) -> Given<Record> {
        let mut record = self.one(kind, wanted)?.clone();
        if fired.has(Fault::Ghost) {
            return Ok(record);
        }
        // what is left out here is no longer so
        if kind == Kind::Product && !sent.contains_key("maintain_stock") {
            record.insert("maintain_stock".to_owned(), json!(false));
        }
        take(kind, &mut record, sent)?;
        self.stamp(&mut record);
        self.one_mut(kind, wanted)?.clone_from(&record);
        Ok(record)
    }

    pub(super) fn add_line(&mut self, schedule: &str, sent: &Record) -> Given<Record> {
        let lines = self.schedules.iter().flat_map(|schedule| schedule.get("lines").and_then(Value::as_array));
        let ids = lines.flatten().filter_map(|line| line.get("id").and_then(Value::as_u64));
        let mut line = Map::from_iter([("id".to_owned(), json!(ids.max().unwrap_or_default() + 1))]);
        for (name, value) in [
            ("quantity", json!("1.00")),
            ("price_retail", json!("0.00")),
            ("price_cost", json!("0.00")),
            ("taxable", json!(true)),
            ("one_time_charge", json!(false)),
            ("description", Value::Null),
            ("device_ids", json!([])),
            ("asset_type_id", Value::Null),
            ("recurring_type_id", Value::Null),
            ("position", json!(1)),
        ] {
            line.insert(name.to_owned(), value);
        }
        self.take_line(&mut line, sent)?;
        if !line.contains_key("name") {
            let product = line.get("product_id").map(plain).unwrap_or_default();
            let name = self.one(Kind::Product, &product).ok().and_then(|product| product.get("name")).cloned();
            line.insert("name".to_owned(), name.ok_or_else(|| Wrong::field("name", "can't be blank"))?);
        }
        let held = self.one_mut(Kind::Schedule, schedule)?;
        if let Some(Value::Array(lines)) = held.get_mut("lines") {
            lines.push(Value::Object(line.clone()));
        }
        Ok(line)
    }

    pub(super) fn change_line(&mut self, schedule: &str, wanted: &str, sent: &Record, fired: &Fired) -> Given<Record> {
        let lines = self.one(Kind::Schedule, schedule)?.get("lines").and_then(Value::as_array);
        let held = lines.into_iter().flatten().filter_map(Value::as_object).find(|line| is(line, wanted));
        let mut line = held.cloned().ok_or_else(Wrong::missing)?;
        if !fired.has(Fault::Ghost) {
            self.take_line(&mut line, sent)?;
        }
        let lines = self.one_mut(Kind::Schedule, schedule)?.get_mut("lines").and_then(Value::as_array_mut);
        let held = lines.into_iter().flatten().filter_map(Value::as_object_mut).find(|line| is(line, wanted));
        held.ok_or_else(Wrong::missing)?.clone_from(&line);
        Ok(line)
    }

    /// Takes over what was sent of a line: quantities as texts, prices in cents.
    fn take_line(&self, line: &mut Record, sent: &Record) -> Given<()> {
        for name in LINE {
            let Some(value) = sent.get(name) else { continue };
            match name {
                "quantity" => {
                    let text = value.as_str().map(two).filter(|text| text.parse::<Decimal>().is_ok());
                    let text = text.ok_or_else(|| Wrong::field("quantity", "is not a number"))?;
                    line.insert("quantity".to_owned(), Value::from(text));
                }
                "retail_cents" | "cost_cents" => {
                    let cents = value.as_i64().ok_or_else(|| Wrong::field(name, "must be an integer"))?;
                    let of = if name == "retail_cents" { "price_retail" } else { "price_cost" };
                    line.insert(of.to_owned(), Value::from(Decimal::new(cents, 2).to_string()));
                }
                "product_id" => {
                    self.one(Kind::Product, &plain(value)).map_err(|_| Wrong::invalid("Product could not be found"))?;
                    line.insert(name.to_owned(), value.clone());
                }
                _ => _ = line.insert(name.to_owned(), value.clone()),
            }
        }
        Ok(())
    }

    /// What really changes between two pages, when a fault says so.
    pub(super) fn disturb(&mut self, kind: Kind, fired: &Fired) {
        let all = self.all_mut(kind);
        if fired.has(Fault::Insert)
            && let Some(mut copy) = all.first().cloned()
        {
            copy.insert("id".to_owned(), json!(1));
            all.insert(0, copy);
        }
        if fired.has(Fault::Delete) && !all.is_empty() {
            all.remove(0);
        }
    }
}

fn take(kind: Kind, record: &mut Record, sent: &Record) -> Given<()> {
    for name in kind.fields() {
        let Some(value) = sent.get(*name) else { continue };
        let mut value = value.clone();
        match *name {
            "properties" => {
                if let Value::Object(members) = &mut value {
                    members.retain(|name, _| PROPERTIES.contains(&name.as_str()));
                }
            }
            "price_retail" | "price_cost" => value = number(&two(&plain(&value))),
            _ => {}
        }
        record.insert((*name).to_owned(), value);
    }
    let needed = if kind == Kind::Customer { "business_name" } else { "name" };
    if record.get(needed).is_none_or(|name| name.is_null() || name == "") {
        return Err(Wrong::field(needed, "can't be blank"));
    }
    Ok(())
}

fn is(record: &Record, wanted: &str) -> bool {
    record.get("id").is_some_and(|held| plain(held) == wanted)
}

/// A figure with two decimals; what is no figure stays as it is.
fn two(text: &str) -> String {
    let figure = text.parse::<Decimal>().ok().filter(|figure| figure.scale() <= 2);
    figure.map_or_else(|| text.to_owned(), |figure| format!("{figure:.2}"))
}
