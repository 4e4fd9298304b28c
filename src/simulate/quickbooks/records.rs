//! What the simulated system holds from the start: rows of files as records of QuickBooks Online.
//!
//! Invariant: every figure goes out with the digits it came in with, and every name that must be unique is.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::TIME;
use super::lines;
use crate::simulate::data::{Data, File, Row};
use crate::simulate::json::number;

/// The account that sales are booked to.
pub(super) const INCOME: &str = "79";
/// The account that purchases are booked to.
pub(super) const EXPENSE: &str = "80";
/// What every account is called.
pub(super) fn account(id: &str) -> Option<&'static str> {
    match id {
        INCOME => Some("Sales of Product Income"),
        EXPENSE => Some("Cost of Goods Sold"),
        _ => None,
    }
}

/// What every record says of its own history.
pub(super) struct Stamp {
    pub(super) token: u64,
    pub(super) made: Value,
    pub(super) changed: Value,
}

/// A record with the members that every one has.
pub(super) fn stamped(id: &str, mut record: Map<String, Value>, stamp: &Stamp) -> Value {
    let own = [
        ("Id", json!(id)),
        ("SyncToken", json!(stamp.token.to_string())),
        ("domain", json!("QBO")),
        ("sparse", json!(false)),
        ("MetaData", json!({ "CreateTime": stamp.made, "LastUpdatedTime": stamp.changed })),
    ];
    record.extend(own.map(|(name, value)| (name.to_owned(), value)));
    Value::Object(record)
}

fn framed(id: &str, record: Map<String, Value>) -> Value {
    stamped(id, record, &Stamp { token: 0, made: json!(TIME), changed: json!(TIME) })
}

/// An object of the members that have a value; nothing where none has.
pub(super) fn of(members: impl IntoIterator<Item = (&'static str, String)>) -> Option<Value> {
    let said = members.into_iter().filter(|(_, text)| !text.is_empty());
    let said: Map<String, Value> = said.map(|(name, text)| (name.to_owned(), Value::from(text))).collect();
    (!said.is_empty()).then_some(Value::Object(said))
}

/// A name nobody has yet.
fn unique(taken: &mut BTreeSet<String>, name: &str, id: &str) -> String {
    let name = name.replace([':', '\t', '\n'], " ");
    let name = if taken.contains(&name.to_lowercase()) { format!("{name} {id}") } else { name };
    taken.insert(name.to_lowercase());
    name
}

pub(super) fn customers(data: &Data) -> Vec<Value> {
    let mut taken = BTreeSet::new();
    data.table(File::PsaCompanies).rows().map(|row| customer(row, &mut taken)).collect()
}

fn customer(row: Row<'_>, taken: &mut BTreeSet<String>) -> Value {
    let text = |column: &str| row.get(column).to_owned();
    let is_active = row.get("status") != "Inactive" && row.get("deletedFlag") != "true";
    let name = unique(taken, row.get("name"), row.get("id"));
    let name = if is_active { name } else { format!("{name} (deleted)") };
    let mut record = Map::new();
    let parts = [
        ("DisplayName", Some(json!(name))),
        ("FullyQualifiedName", Some(json!(name))),
        ("PrintOnCheckName", Some(json!(name))),
        ("Active", Some(json!(is_active))),
        ("Taxable", Some(json!(false))),
        ("Job", Some(json!(false))),
        ("BillWithParent", Some(json!(false))),
        ("Balance", Some(json!(0))),
        ("CurrencyRef", Some(json!({ "value": "USD", "name": "United States Dollar" }))),
        ("PreferredDeliveryMethod", Some(json!("None"))),
        (
            "BillAddr",
            of([
                ("Line1", text("addressLine1")),
                ("Line2", text("addressLine2")),
                ("City", text("city")),
                ("CountrySubDivisionCode", text("state")),
                ("PostalCode", text("zip")),
                ("Country", text("country")),
            ]),
        ),
        ("PrimaryPhone", of([("FreeFormNumber", text("phoneNumber"))])),
        ("WebAddr", of([("URI", text("website"))])),
    ];
    record.extend(parts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    framed(row.get("id"), record)
}

pub(super) fn items(data: &Data) -> Vec<Value> {
    let mut taken = BTreeSet::new();
    let mut items: Vec<Value> = data.table(File::PsaProducts).rows().map(|row| item(row, &mut taken)).collect();
    // items stand in categories, which come as items themselves
    let category = json!({ "Name": "Hosted", "FullyQualifiedName": "Hosted", "Active": true, "Type": "Category" });
    let highest = items.iter().filter_map(|row| row.get("Id")?.as_str()?.parse::<u64>().ok()).max().unwrap_or_default();
    if let Value::Object(category) = category {
        items.push(framed(&(highest + 1).to_string(), category));
    }
    items
}

fn item(row: Row<'_>, taken: &mut BTreeSet<String>) -> Value {
    let name = if row.get("description").is_empty() { row.get("identifier") } else { row.get("description") };
    let is_active = row.get("inactiveFlag") != "true";
    let name = unique(taken, name, row.get("identifier"));
    let name = if is_active { name } else { format!("{name} (deleted)") };
    let mut record = Map::new();
    let parts = [
        ("Name", Some(json!(name))),
        ("FullyQualifiedName", Some(json!(name))),
        ("Sku", Some(row.get("identifier")).filter(|sku| !sku.is_empty()).map(|sku| json!(sku))),
        ("Description", Some(json!(name))),
        ("Active", Some(json!(is_active))),
        ("Type", Some(json!("Service"))),
        ("Taxable", Some(json!(false))),
        ("UnitPrice", Some(row.get("price")).filter(|price| !price.is_empty()).map(number)),
        ("PurchaseCost", Some(row.get("cost")).filter(|cost| !cost.is_empty()).map(number)),
        ("IncomeAccountRef", Some(json!({ "value": INCOME, "name": account(INCOME) }))),
        ("ExpenseAccountRef", Some(json!({ "value": EXPENSE, "name": account(EXPENSE) }))),
        ("TrackQtyOnHand", Some(json!(false))),
    ];
    record.extend(parts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    framed(row.get("id"), record)
}

/// One recurring invoice for each agreement; lines with an end behind them are gone.
pub(super) fn templates(data: &Data, customers: &[Value], items: &[Value]) -> Vec<Value> {
    let mut agreements: BTreeMap<&str, Vec<Row<'_>>> = BTreeMap::new();
    for line in data.table(File::PsaAgreementLines).rows() {
        agreements.entry(line.get("agreementId")).or_default().push(line);
    }
    let named = |rows: &[Value], id: &str, at: &str| {
        let row = rows.iter().find(|row| row.get("Id").is_some_and(|own| own == id));
        row.and_then(|row| row.get(at)).cloned().unwrap_or_default()
    };
    let mut templates = Vec::new();
    for (id, rows) in agreements {
        let Some(first) = rows.first() else { continue };
        let mut set: Vec<Value> = Vec::new();
        for row in &rows {
            let item = named(items, row.get("productId"), "Name");
            set.push(json!({
                "Id": row.get("id"), "LineNum": set.len() + 1, "Description": row.get("description"),
                "Amount": number(row.get("extendedPrice")), "DetailType": "SalesItemLineDetail",
                "SalesItemLineDetail": {
                    "ItemRef": { "value": row.get("productId"), "name": item }, "Qty": number(row.get("billedQuantity")),
                    "UnitPrice": number(row.get("unitPrice")), "TaxCodeRef": { "value": "NON" },
                },
            }));
        }
        let starts = rows.iter().map(|row| row.get("effectiveDate")).filter(|day| !day.is_empty()).min();
        let starts = starts.and_then(|day| day.get(..10)).unwrap_or("2020-01-01");
        let mut invoice = Map::new();
        let parts = [
            (
                "CustomerRef",
                json!({
                    "value": first.get("companyId"), "name": named(customers, first.get("companyId"), "DisplayName"),
                }),
            ),
            ("CurrencyRef", json!({ "value": first.get("currencyCode") })),
            ("RecurDataRef", json!({ "value": id })),
            (
                "RecurringInfo",
                json!({
                    "Name": format!("{} {id}", first.get("agreementName")), "RecurType": "Automated",
                    "Active": first.get("agreementStatus") == "Active",
                    "ScheduleInfo": {
                        "IntervalType": "Monthly", "NumInterval": 1, "DayOfMonth": 1, "StartDate": starts,
                        "NextDate": starts,
                    },
                }),
            ),
            // answered, and refused when it is sent back
            ("Deposit", json!(0)),
        ];
        invoice.extend(parts.map(|(name, value)| (name.to_owned(), value)));
        invoice.insert("Line".to_owned(), Value::Array(set));
        lines::total(&mut invoice);
        templates.push(json!({ "Invoice": framed(id, invoice) }));
    }
    templates
}
