//! The records of the simulated Autotask, made of the data: companies, services, products, contracts and what they bill by days.
//!
//! Invariant: a figure goes out with the digits it came in with.

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDate};
use serde_json::{Map, Value, json};

use super::shape::{Kind, picks};
use super::units::{self, Change};
use crate::simulate::data::{Data, File, Row};
use crate::simulate::json::{number, small_id};

pub(super) type Records = BTreeMap<i64, Map<String, Value>>;

/// A billing code that new services may have.
pub(super) const RECURRING: i64 = 29_683_407;
/// When everything was made.
pub(super) const LONG_AGO: &str = "2026-01-15T09:00:00.000Z";
/// Who owns the companies.
pub(super) const OWNER: i64 = 29_682_885;

/// Every record of the data.
pub(super) fn of(data: &Data) -> BTreeMap<Kind, Records> {
    let mut all: BTreeMap<Kind, Records> = Kind::ALL.into_iter().map(|kind| (kind, Records::new())).collect();
    let mut add = |kind: Kind, record: Map<String, Value>| {
        let id = record.get("id").and_then(Value::as_i64).unwrap_or_default();
        all.entry(kind).or_default().insert(id, whole(kind, record));
    };
    add(Kind::Company, own_company());
    for row in data.table(File::PsaCompanies).rows() {
        add(Kind::Company, company(row));
    }
    for row in data.table(File::PsaProducts).rows() {
        add(Kind::Service, service(row));
        add(Kind::Product, product(row));
    }
    for (id, name, use_type) in
        [(-7, "Internal", 1), (RECURRING, "Recurring Services", 5), (RECURRING + 1, "Hardware", 1)]
    {
        add(
            Kind::BillingCode,
            members([
                ("id", json!(id)),
                ("name", json!(name)),
                ("useType", json!(use_type)),
                ("isActive", json!(true)),
            ]),
        );
    }
    let last = last_day(data);
    let mut next_unit = 90_001;
    for head in heads(data) {
        add(Kind::Contract, contract(&head, last));
        for line in &head.lines {
            let service = contract_service(head.id, *line, data);
            let of = whole(Kind::ContractService, service.clone());
            add(Kind::ContractService, service);
            let mut changes = vec![Change {
                day: day(line.get("effectiveDate")).unwrap_or(head.start),
                units: number(line.get("quantity")),
            }];
            changes.extend(day(line.get("cancelledDate")).map(|day| Change { day, units: json!(0) }));
            for unit in units::rows(&of, (head.start, last), &changes, &mut next_unit) {
                add(Kind::Unit, unit);
            }
        }
    }
    all
}

fn members<const N: usize>(all: [(&str, Value); N]) -> Map<String, Value> {
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A record with all its fields: what has no value is null.
pub(super) fn whole(kind: Kind, mut given: Map<String, Value>) -> Map<String, Value> {
    let mut record = Map::new();
    for (name, ..) in kind.fields() {
        record.insert((*name).to_owned(), given.remove(*name).unwrap_or_default());
    }
    let own = given.remove("userDefinedFields").and_then(|own| own.as_array().cloned()).unwrap_or_default();
    let value = |name: &str| {
        let sent = own
            .iter()
            .find(|own| own.get("name").and_then(Value::as_str).is_some_and(|sent| sent.eq_ignore_ascii_case(name)));
        sent.and_then(|own| own.get("value")).cloned().unwrap_or_default()
    };
    let own = kind.own_fields().iter().map(|name| json!({ "name": name, "value": value(name) }));
    record.insert("userDefinedFields".to_owned(), own.collect());
    record
}

fn text(row: Row<'_>, column: &str) -> Value {
    let text = row.get(column);
    if text.is_empty() { Value::Null } else { json!(text) }
}

fn figure(row: Row<'_>, column: &str) -> Value {
    let text = row.get(column);
    if text.is_empty() { Value::Null } else { number(text) }
}

/// Ids are whole numbers here; a text gets one of its own.
pub(super) fn id(text: &str) -> i64 {
    text.parse().unwrap_or_else(|_| 1_000_000 + i64::try_from(small_id(text)).unwrap_or_default())
}

fn day(text: &str) -> Option<NaiveDate> {
    text.get(..10).and_then(|text| text.parse().ok())
}

pub(super) fn moment(day: NaiveDate) -> Value {
    json!(format!("{day}T00:00:00.000Z"))
}

/// The tenant's own company is among them.
fn own_company() -> Map<String, Value> {
    members([
        ("id", json!(0)),
        ("companyName", json!("Example Managed Services")),
        ("companyType", json!(1)),
        ("isActive", json!(true)),
        ("ownerResourceID", json!(OWNER)),
        ("phone", json!("0117 496 0999")),
    ])
}

fn company(row: Row<'_>) -> Map<String, Value> {
    let is_active = row.get("deletedFlag") != "true" && row.get("status") != "Inactive";
    let kind = picks(Kind::Company, "companyType").iter().find(|(_, label)| *label == row.get("type"));
    members([
        ("id", json!(id(row.get("id")))),
        ("companyName", text(row, "name")),
        ("companyNumber", text(row, "identifier")),
        ("companyType", json!(kind.map_or(1, |(value, _)| *value))),
        ("address1", text(row, "addressLine1")),
        ("city", text(row, "city")),
        ("state", text(row, "state")),
        ("postalCode", text(row, "zip")),
        ("phone", text(row, "phoneNumber")),
        ("webAddress", text(row, "website")),
        ("isActive", json!(is_active)),
        ("isTaxExempt", json!(false)),
        ("ownerResourceID", json!(OWNER)),
        ("createDate", json!(LONG_AGO)),
        ("lastActivityDate", json!(LONG_AGO)),
        ("lastTrackedModifiedDateTime", json!(LONG_AGO)),
    ])
}

fn service(row: Row<'_>) -> Map<String, Value> {
    members([
        ("id", json!(id(row.get("id")))),
        ("name", text(row, "description")),
        ("sku", text(row, "identifier")),
        ("description", text(row, "description")),
        ("invoiceDescription", text(row, "description")),
        ("manufacturerServiceProviderProductNumber", text(row, "manufacturerPartNumber")),
        ("billingCodeID", json!(RECURRING)),
        ("periodType", json!(1)),
        ("unitPrice", figure(row, "price")),
        ("unitCost", figure(row, "cost")),
        ("isActive", json!(row.get("inactiveFlag") != "true")),
        ("createDate", json!(LONG_AGO)),
        ("lastModifiedDate", json!(LONG_AGO)),
    ])
}

fn product(row: Row<'_>) -> Map<String, Value> {
    members([
        ("id", json!(id(row.get("id")))),
        ("name", text(row, "description")),
        ("sku", text(row, "identifier")),
        ("vendorProductNumber", text(row, "manufacturerPartNumber")),
        ("productBillingCodeID", json!(RECURRING + 1)),
        ("unitPrice", figure(row, "price")),
        ("unitCost", figure(row, "cost")),
        ("isActive", json!(row.get("inactiveFlag") != "true")),
        ("isSerialized", json!(false)),
    ])
}

/// Lines of one agreement that agree about its head.
struct Head<'d> {
    id: i64,
    start: NaiveDate,
    lines: Vec<Row<'d>>,
}

/// Lines of one agreement id that disagree about its head stand on contracts of their own, so that nothing is lost.
fn heads(data: &Data) -> Vec<Head<'_>> {
    let mut found: Vec<(String, Vec<Row<'_>>)> = Vec::new();
    let mut seen: BTreeMap<[&str; 4], usize> = BTreeMap::new();
    let mut nth: BTreeMap<&str, usize> = BTreeMap::new();
    for line in data.table(File::PsaAgreementLines).rows() {
        let head = ["agreementId", "agreementName", "agreementStatus", "companyId"].map(|column| line.get(column));
        let at = *seen.entry(head).or_insert_with(|| {
            let number = nth.entry(line.get("agreementId")).and_modify(|nth| *nth += 1).or_insert(1);
            let own = if *number == 1 {
                line.get("agreementId").to_owned()
            } else {
                format!("{}-{number}", line.get("agreementId"))
            };
            found.push((own, Vec::new()));
            found.len() - 1
        });
        if let Some((_, lines)) = found.get_mut(at) {
            lines.push(line);
        }
    }
    let start = |lines: &[Row<'_>]| lines.iter().filter_map(|line| day(line.get("effectiveDate"))).min();
    let usual = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap_or_default();
    let mut heads = Vec::new();
    for (own, lines) in found {
        let start = start(&lines).and_then(|day| day.with_day(1)).unwrap_or(usual);
        heads.push(Head { id: id(&own), start, lines });
    }
    heads
}

/// Contracts end with the second year after what the data tells of.
fn last_day(data: &Data) -> NaiveDate {
    let days = data.table(File::PsaAgreementLines).rows().filter_map(|line| day(line.get("effectiveDate")));
    let year = days.map(|day| day.year()).max().unwrap_or(2026);
    NaiveDate::from_ymd_opt(year + 2, 12, 31).unwrap_or_default()
}

fn contract(head: &Head<'_>, last: NaiveDate) -> Map<String, Value> {
    let first = head.lines.first().copied();
    let of = |column: &str| first.map_or("", |line| line.get(column));
    let status =
        picks(Kind::Contract, "status").iter().find(|(_, label)| label.eq_ignore_ascii_case(of("agreementStatus")));
    members([
        ("id", json!(head.id)),
        ("companyID", json!(id(of("companyId")))),
        ("contractName", json!(of("agreementName"))),
        ("contractType", json!(7)),
        ("contractPeriodType", json!(2)),
        ("status", json!(status.map_or(0, |(value, _)| *value))),
        ("startDate", moment(head.start)),
        ("endDate", moment(last)),
        ("timeReportingRequiresStartAndStopTimes", json!(0)),
        ("lastModifiedDateTime", json!(LONG_AGO)),
    ])
}

fn contract_service(contract: i64, line: Row<'_>, data: &Data) -> Map<String, Value> {
    let service = data.table(File::PsaProducts).rows().find(|product| product.get("id") == line.get("productId"));
    let price = |column| service.map_or(Value::Null, |service| figure(service, column));
    members([
        ("id", json!(id(line.get("id")))),
        ("contractID", json!(contract)),
        ("serviceID", json!(id(line.get("productId")))),
        ("invoiceDescription", text(line, "description")),
        ("adjustedPrice", figure(line, "unitPrice")),
        ("internalCurrencyAdjustedPrice", figure(line, "unitPrice")),
        ("internalCurrencyUnitPrice", price("price")),
        ("unitPrice", price("price")),
        ("unitCost", figure(line, "unitCost")),
    ])
}
