//! What the simulated system holds from the start: rows of files as records of Xero.
//!
//! Invariant: every figure goes out with the digits it came in with, and every list of addresses and phones has all its kinds.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Map, Value, json};

use crate::simulate::data::{Data, File, Row};
use crate::simulate::json::{number, uuid};

/// Midnight of 1 February 2026, in milliseconds.
const START: i64 = 1_769_904_000_000;
const PHONES: [&str; 4] = ["DDI", "DEFAULT", "FAX", "MOBILE"];
const ADDRESSES: [&str; 2] = ["STREET", "POBOX"];

/// So many seconds after the start, as Xero writes moments.
pub(super) fn moment(seconds: i64) -> Value {
    json!(format!("/Date({}+0000)/", START + seconds * 1_000))
}

fn date(text: &str) -> Option<Value> {
    let day: NaiveDate = text.get(..10)?.parse().ok()?;
    Some(json!(format!("/Date({}+0000)/", day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis())))
}

/// The GUID of a record of a file.
pub(super) fn guid(id: &str) -> String {
    let is_number = !id.is_empty() && id.len() <= 12 && id.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { format!("00000000-0000-4000-8000-{id:0>12}") } else { uuid(id) }
}

pub(super) fn in_cents(price: &Value) -> Value {
    let exact = price.to_string().parse::<Decimal>();
    exact.map_or_else(
        |_| price.clone(),
        |price| number(&price.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero).to_string()),
    )
}

/// A contact with every kind of address and phone, empty where it has none.
pub(super) fn filled(record: &mut Map<String, Value>) {
    let kinds = [
        ("Addresses", "AddressType", &ADDRESSES[..], &["City", "Region", "PostalCode", "Country"][..]),
        ("Phones", "PhoneType", &PHONES[..], &["PhoneNumber", "PhoneAreaCode", "PhoneCountryCode"][..]),
    ];
    for (list, key, all, members) in kinds {
        let entry = record.entry(list).or_insert(json!([]));
        let Value::Array(elements) = entry else { continue };
        for kind in all {
            if !elements.iter().any(|element| element.get(key).is_some_and(|own| own == kind)) {
                elements.push(json!({ key: kind }));
            }
        }
        for element in elements.iter_mut().filter_map(Value::as_object_mut) {
            for member in members {
                element.entry(*member).or_insert(json!(""));
            }
        }
    }
}

/// Nothing where a text says nothing.
fn said(text: &str) -> Option<Value> {
    (!text.is_empty()).then(|| json!(text))
}

fn object(parts: impl IntoIterator<Item = (&'static str, Option<Value>)>) -> Map<String, Value> {
    parts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

pub(super) fn contacts(data: &Data) -> Vec<Value> {
    let mut taken = BTreeSet::new();
    let contact = |row: Row<'_>| {
        let name = row.get("name");
        let name =
            if taken.insert(name.to_lowercase()) { name.to_owned() } else { format!("{name} {}", row.get("id")) };
        let is_active = row.get("status") != "Inactive" && row.get("deletedFlag") != "true";
        let street = object([
            ("AddressType", Some(json!("STREET"))),
            ("AddressLine1", said(row.get("addressLine1"))),
            ("AddressLine2", said(row.get("addressLine2"))),
            ("City", Some(json!(row.get("city")))),
            ("Region", Some(json!(row.get("state")))),
            ("PostalCode", Some(json!(row.get("zip")))),
            ("Country", Some(json!(row.get("country")))),
        ]);
        let mut record = object([
            ("ContactID", Some(json!(guid(row.get("id"))))),
            ("ContactStatus", Some(json!(if is_active { "ACTIVE" } else { "ARCHIVED" }))),
            ("Name", Some(json!(name))),
            ("AccountNumber", said(row.get("identifier"))),
            ("Addresses", Some(json!([street]))),
            ("Phones", Some(json!([{ "PhoneType": "DEFAULT", "PhoneNumber": row.get("phoneNumber") }]))),
            ("IsSupplier", Some(json!(false))),
            ("IsCustomer", Some(json!(true))),
            ("HasValidationErrors", Some(json!(false))),
            ("UpdatedDateUTC", Some(moment(0))),
        ]);
        filled(&mut record);
        Value::Object(record)
    };
    data.table(File::PsaCompanies).rows().map(contact).collect()
}

pub(super) fn items(data: &Data) -> Vec<Value> {
    let item = |row: Row<'_>| {
        let price = |text: &str, account: &str| {
            object([
                ("UnitPrice", Some(text).filter(|text| !text.is_empty()).map(number)),
                ("AccountCode", Some(json!(account))),
            ])
        };
        let name: String = row.get("description").chars().take(50).collect();
        json!({
            "ItemID": guid(row.get("id")), "Code": row.get("identifier"), "Name": name,
            "Description": row.get("description"), "IsSold": true, "IsPurchased": true,
            "SalesDetails": price(row.get("price"), "200"), "PurchaseDetails": price(row.get("cost"), "300"),
            "IsTrackedAsInventory": false, "UpdatedDateUTC": moment(0),
        })
    };
    data.table(File::PsaProducts).rows().map(item).collect()
}

/// One repeating invoice for each agreement, and a bill that repeats as well.
pub(super) fn templates(data: &Data) -> Vec<Value> {
    let mut agreements: BTreeMap<&str, Vec<Row<'_>>> = BTreeMap::new();
    for line in data.table(File::PsaAgreementLines).rows() {
        agreements.entry(line.get("agreementId")).or_default().push(line);
    }
    let template = |(id, rows): (&str, Vec<Row<'_>>)| {
        let first = rows.first().copied()?;
        let line = |row: &Row<'_>| {
            json!({
                "LineItemID": guid(row.get("id")), "Description": row.get("description"),
                "Quantity": number(row.get("billedQuantity")), "UnitAmount": number(row.get("unitPrice")),
                "LineAmount": number(row.get("extendedPrice")), "ItemCode": row.get("productIdentifier"),
                "Item": { "ItemID": guid(row.get("productId")), "Code": row.get("productIdentifier") },
                "AccountCode": "200", "TaxType": "NONE", "TaxAmount": 0, "Tracking": [],
            })
        };
        let starts = rows.iter().map(|row| row.get("effectiveDate")).filter(|day| !day.is_empty()).min();
        let starts = starts.and_then(date).or_else(|| date("2020-01-01"));
        let is_active = first.get("agreementStatus") == "Active";
        Some(json!({
            "RepeatingInvoiceID": guid(id), "ID": guid(id), "Type": "ACCREC",
            "Reference": format!("{} {id}", first.get("agreementName")),
            "Contact": { "ContactID": guid(first.get("companyId")), "Name": first.get("companyName") },
            "Schedule": {
                "Period": 1, "Unit": "MONTHLY", "DueDate": 20, "DueDateType": "OFFOLLOWINGMONTH", "StartDate": starts,
                "NextScheduledDate": moment(0),
            },
            "LineItems": rows.iter().map(line).collect::<Vec<_>>(), "LineAmountTypes": "Exclusive",
            "Status": if is_active { "AUTHORISED" } else { "DRAFT" }, "CurrencyCode": first.get("currencyCode"),
            "ApprovedForSending": false,
        }))
    };
    let mut all: Vec<Value> = agreements.into_iter().filter_map(template).collect();
    if !all.is_empty() {
        all.push(
            json!({ "RepeatingInvoiceID": uuid("bill"), "Type": "ACCPAY", "Status": "AUTHORISED", "LineItems": [] }),
        );
    }
    all
}
