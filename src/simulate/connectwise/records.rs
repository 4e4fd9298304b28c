//! The records as the interface has them, made from the columns of the data.
//!
//! Invariant: every column of the agreement lines can be read back from an addition and its agreement. What the interface has no
//! field for travels in custom fields, as such tenants do it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::own_fields::{self, Kind};
use crate::simulate::data::{Data, File, Row, eve};
use crate::simulate::json::plain;
use crate::simulate::json::{As, Object, id, number, small_id};

/// By id, numbers first and in their order.
pub(super) fn sorted(mut rows: Vec<Value>) -> Vec<Value> {
    rows.sort_by_cached_key(|row| {
        let id = row.get("id").map(plain).unwrap_or_default();
        (id.parse::<u64>().unwrap_or(u64::MAX), id)
    });
    rows
}

pub(super) fn info() -> Value {
    json!({ "lastUpdated": "2026-01-15T09:00:00Z", "updatedBy": "zadmin" })
}

pub(super) fn company(row: Row<'_>) -> Value {
    let texts =
        ["identifier", "name", "addressLine1", "city", "state", "zip", "phoneNumber", "website", "accountNumber"];
    let kind = Object::new(false).value("id", json!(1)).text("name", row.get("type")).done();
    let types = if row.get("type").is_empty() { json!([]) } else { json!([kind]) };
    Object::new(false)
        .value("id", id(row.get("id")))
        .columns(row, &texts.map(|c| (c, As::Text)))
        .named("status", row.get("status"))
        .named("country", row.get("country"))
        .value("types", types)
        .flag("deletedFlag", row.get("deletedFlag"))
        .value("customFields", own_fields::filled(Kind::Company, |_| Value::Null))
        .value("_info", info())
        .done()
}

pub(super) fn product(row: Row<'_>) -> Value {
    let texts = ["identifier", "description", "productClass", "manufacturerPartNumber"];
    Object::new(false)
        .value("id", id(row.get("id")))
        .columns(row, &texts.map(|c| (c, As::Text)))
        .text("customerDescription", row.get("description"))
        .columns(row, &[("price", As::Number), ("cost", As::Number), ("inactiveFlag", As::Flag)])
        .named("category", row.get("category"))
        .named("unitOfMeasure", row.get("unitOfMeasure"))
        .value("subcategory", json!({ "id": 1, "name": "General" }))
        .value("type", json!({ "id": 1, "name": "Agreement" }))
        .value("customFields", json!([]))
        .value("_info", info())
        .done()
}

/// A billing date is midnight UTC; a text that is no date goes out as it is.
fn midnight(day: &str) -> String {
    let dated = day.len() == 10 && day.bytes().filter(|b| *b == b'-').count() == 2;
    if dated { format!("{day}T00:00:00Z") } else { day.to_owned() }
}

/// Agreements and their additions. Lines of one agreement id that disagree about its name, status, customer or currency
/// stand on agreements of their own (`ID`, `ID-2`, …), so that nothing is lost; `agreementId` of the addition keeps the id.
pub(super) fn agreements(data: &Data) -> (Vec<Value>, BTreeMap<String, Vec<Value>>) {
    type Head<'a> = [&'a str; 5];
    let mut heads: BTreeMap<&str, Vec<Head<'_>>> = BTreeMap::new();
    let mut additions: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut records = Vec::new();
    for line in data.table(File::PsaAgreementLines).rows() {
        let head: Head<'_> =
            ["agreementName", "agreementStatus", "companyId", "companyName", "currencyCode"].map(|c| line.get(c));
        let number = line.get("agreementId");
        let seen = heads.entry(number).or_default();
        let at = seen.iter().position(|h| *h == head).unwrap_or_else(|| {
            seen.push(head);
            records.push(agreement(&agreement_id(number, seen.len()), line));
            seen.len() - 1
        });
        additions.entry(agreement_id(number, at + 1)).or_default().push(addition(line));
    }
    (sorted(records), additions.into_iter().map(|(id, rows)| (id, sorted(rows))).collect())
}

fn agreement_id(number: &str, nth: usize) -> String {
    if nth == 1 { number.to_owned() } else { format!("{number}-{nth}") }
}

fn agreement(own_id: &str, line: Row<'_>) -> Value {
    let company =
        Object::new(false).value("id", id(line.get("companyId"))).text("name", line.get("companyName")).done();
    let code = line.get("currencyCode");
    let mut object = Object::new(false)
        .value("id", id(own_id))
        .text("name", line.get("agreementName"))
        .text("agreementStatus", line.get("agreementStatus"))
        .value("company", company)
        .value("contact", json!({ "id": 1, "name": "Accounts" }))
        .value("type", json!({ "id": 1, "name": "Managed Services" }))
        .value("startDate", json!("2024-01-01T00:00:00Z"))
        .value("noEndingDateFlag", json!(true))
        .value("billingCycle", json!({ "id": 2, "name": "Monthly" }))
        .value("prorateFlag", json!(true))
        .value("customFields", json!([]))
        .value("_info", info());
    if !code.is_empty() {
        let currency = Object::new(false)
            .value("id", json!(small_id(code)))
            .text("name", code)
            .text("currencyCode", code)
            .value("numberOfDecimals", json!(2))
            .done();
        object = object.value("currency", currency);
    }
    object.done()
}

fn addition(line: Row<'_>) -> Value {
    let product = Object::new(false)
        .value("id", id(line.get("productId")))
        .text("identifier", line.get("productIdentifier"))
        .done();
    let numbers = ["quantity", "lessIncluded", "billedQuantity", "unitPrice", "unitCost"];
    let kind = |caption: &str| if caption == "Line Type" { json!(line.get("lineType")) } else { Value::Null };
    Object::new(false)
        .value("id", id(line.get("id")))
        .value("agreementId", id(line.get("agreementId")))
        .value("product", product)
        .columns(line, &numbers.map(|c| (c, As::Number)))
        .number("extPrice", line.get("extendedPrice"))
        .number("extCost", line.get("extendedCost"))
        .columns(line, &["billCustomer", "description", "agreementStatus"].map(|c| (c, As::Text)))
        .text("invoiceDescription", line.get("description"))
        .text("effectiveDate", &midnight(line.get("effectiveDate")))
        .text("cancelledDate", &midnight(&eve(line.get("cancelledDate"))))
        .flag("prorateCurrentPeriodFlag", line.get("prorateCurrentPeriodFlag"))
        .value("taxableFlag", json!(false))
        .value("customFields", own_fields::filled(Kind::Addition, kind))
        .value("_info", info())
        .done()
}

/// The parts of every bundle, in the order of its recipe.
pub(super) fn components(data: &Data) -> BTreeMap<String, Vec<Value>> {
    let mut all: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    // An id is one component's in the whole system, not only in its bundle.
    let recipes = data.table(File::Mappings).rows().filter(|row| row.get("kind") == "bundle");
    for (row, number_of_all) in recipes.zip(1_u64..) {
        let part = data.table(File::PsaProducts).rows().find(|p| p.get("id") == row.get("psaId"));
        let parts = all.entry(row.get("bundlePsaId").to_owned()).or_default();
        let item = Object::new(false)
            .value("id", id(row.get("psaId")))
            .text("identifier", part.map_or("", |p| p.get("identifier")));
        let weight = |caption: &str| number(row.get(if caption == "Weight From" { "weightFrom" } else { "weightTo" }));
        let component = Object::new(false)
            .value("id", json!(number_of_all))
            .value("sequenceNumber", json!(parts.len() + 1))
            .number("quantity", row.get("perUnit"))
            .value("catalogItem", item.done())
            .number("price", part.map_or("", |p| p.get("price")))
            .number("cost", part.map_or("", |p| p.get("cost")))
            .value("hidePriceFlag", json!(true))
            .value("customFields", own_fields::filled(Kind::Component, weight))
            .value("_info", info());
        parts.push(component.done());
    }
    all
}
