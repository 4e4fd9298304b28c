//! What a body may hold: the members of each kind of record that is written, their types, and which are needed.
//!
//! Source: the published description of ConnectWise PSA's REST interface, 2025.1, schemas `Company`, `CatalogItem`, `Addition`:
//! required lists, types and lengths. Invariant: what the description does not let through is refused in its envelope, with
//! resource and field.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::own_fields::Kind;
use crate::simulate::server::Answer;

/// What a member holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Is {
    Text(usize),
    Number,
    Flag,
    /// A moment; days are midnight.
    Moment,
    Word(&'static [&'static str]),
    /// Another record, by `id`, `name` or `identifier`.
    Ref,
    Refs,
    /// The tenant's own fields.
    Own,
}

/// What a writer may do with a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum May {
    Set,
    /// It is there from the start.
    Need,
    /// Set with a new record only.
    Start,
    /// Kept by the system: what is sent is let go.
    Read,
}

pub(super) type Member = (&'static str, Is, May);

const IDENTIFIER_MAX: usize = 25;

/// Source: 2025.1 takes 30 characters as identifier and older releases 25; the older is played.
const COMPANY: &[Member] = &[
    ("id", Is::Number, May::Read),
    ("identifier", Is::Text(IDENTIFIER_MAX), May::Need),
    ("name", Is::Text(50), May::Need),
    ("status", Is::Ref, May::Set),
    ("types", Is::Refs, May::Start),
    ("site", Is::Ref, May::Set),
    ("addressLine1", Is::Text(50), May::Set),
    ("addressLine2", Is::Text(50), May::Set),
    ("city", Is::Text(50), May::Set),
    ("state", Is::Text(50), May::Set),
    ("zip", Is::Text(12), May::Set),
    ("country", Is::Ref, May::Set),
    ("phoneNumber", Is::Text(30), May::Set),
    ("website", Is::Text(255), May::Set),
    ("accountNumber", Is::Text(100), May::Set),
    ("deletedFlag", Is::Flag, May::Set),
    ("customFields", Is::Own, May::Set),
    ("_info", Is::Ref, May::Read),
];

const PRODUCT: &[Member] = &[
    ("id", Is::Number, May::Read),
    ("identifier", Is::Text(60), May::Need),
    ("description", Is::Text(60), May::Need),
    ("customerDescription", Is::Text(6000), May::Need),
    ("subcategory", Is::Ref, May::Need),
    ("type", Is::Ref, May::Need),
    ("productClass", Is::Word(&["Agreement", "Bundle", "Inventory", "NonInventory", "Service"]), May::Set),
    ("category", Is::Ref, May::Set),
    ("unitOfMeasure", Is::Ref, May::Set),
    ("manufacturer", Is::Ref, May::Set),
    ("manufacturerPartNumber", Is::Text(50), May::Set),
    ("vendorSku", Is::Text(50), May::Set),
    ("integrationXRef", Is::Text(50), May::Set),
    ("price", Is::Number, May::Set),
    ("cost", Is::Number, May::Set),
    ("inactiveFlag", Is::Flag, May::Set),
    ("taxableFlag", Is::Flag, May::Set),
    ("customFields", Is::Own, May::Set),
    ("_info", Is::Ref, May::Read),
];

const ADDITION: &[Member] = &[
    ("id", Is::Number, May::Read),
    ("agreementId", Is::Number, May::Read),
    ("product", Is::Ref, May::Need),
    ("billCustomer", Is::Word(&["Billable", "DoNotBill", "NoCharge"]), May::Need),
    ("quantity", Is::Number, May::Set),
    ("lessIncluded", Is::Number, May::Set),
    ("billedQuantity", Is::Number, May::Read),
    ("unitPrice", Is::Number, May::Set),
    ("unitCost", Is::Number, May::Set),
    ("extPrice", Is::Number, May::Read),
    ("extCost", Is::Number, May::Read),
    ("effectiveDate", Is::Moment, May::Set),
    ("cancelledDate", Is::Moment, May::Set),
    ("taxableFlag", Is::Flag, May::Set),
    ("purchaseItemFlag", Is::Flag, May::Set),
    ("specialOrderFlag", Is::Flag, May::Set),
    ("invoiceDescription", Is::Text(6000), May::Set),
    ("description", Is::Text(6000), May::Read),
    ("serialNumber", Is::Text(50), May::Set),
    ("sequenceNumber", Is::Number, May::Set),
    ("prorateCurrentPeriodFlag", Is::Flag, May::Read),
    ("agreementStatus", Is::Text(50), May::Read),
    ("customFields", Is::Own, May::Set),
    ("_info", Is::Ref, May::Read),
];

/// The members of a kind; `None` where none is written here.
pub(super) fn of(kind: Kind) -> Option<&'static [Member]> {
    match kind {
        Kind::Company => Some(COMPANY),
        Kind::Product => Some(PRODUCT),
        Kind::Addition => Some(ADDITION),
        Kind::Agreement | Kind::Component => None,
    }
}

/// A member that is not as described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    code: &'static str,
    pub(super) field: String,
    message: String,
}

impl Wrong {
    pub(super) fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self { code: "InvalidField", field: field.to_owned(), message: message.into() }
    }

    pub(super) fn exists(field: &str, value: &str) -> Self {
        let message = format!("The {field} {value} already exists");
        Self { code: "ObjectExists", field: field.to_owned(), message }
    }

    fn missing(field: &str) -> Self {
        Self {
            code: "MissingRequiredField",
            field: field.to_owned(),
            message: format!("The {field} field is required"),
        }
    }
}

/// The envelope of what is wrong with a body.
pub(super) fn refused(kind: Kind, wrong: &[Wrong]) -> Answer {
    let name = kind.name();
    let error =
        |wrong: &Wrong| json!({ "code": wrong.code, "message": wrong.message, "resource": name, "field": wrong.field });
    let errors: Vec<Value> = wrong.iter().map(error).collect();
    let body = json!({ "code": "InvalidObject", "message": format!("{name} object is invalid"), "errors": errors });
    Answer::with(StatusCode::BAD_REQUEST, body)
}

/// Whether a whole record is as described.
pub(super) fn check(members: &[Member], record: &Map<String, Value>) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    for (name, value) in record {
        match members.iter().find(|(known, ..)| known == name) {
            None => wrong.push(Wrong::invalid(name, format!("{name} is not a known property"))),
            Some((_, _, May::Read)) => {}
            Some((_, is, _)) => wrong.extend(fits(name, *is, value)),
        }
    }
    let lacks = |name: &str| record.get(name).is_none_or(|value| value.is_null() || value.as_str() == Some(""));
    let needed = members.iter().filter(|(_, _, may)| *may == May::Need);
    wrong.extend(needed.filter(|(name, ..)| lacks(name)).map(|(name, ..)| Wrong::missing(name)));
    wrong
}

fn fits(name: &str, is: Is, value: &Value) -> Option<Wrong> {
    if value.is_null() {
        return None;
    }
    let refuse = |expected: &str| Some(Wrong::invalid(name, format!("{name}: {expected} expected, found {value}")));
    match is {
        Is::Text(most) => match value.as_str() {
            None => refuse("a text"),
            Some(text) if text.chars().count() > most => {
                Some(Wrong::invalid(name, format!("{name} has at most {most} characters")))
            }
            Some(_) => None,
        },
        Is::Number if !value.is_number() => refuse("a number"),
        Is::Flag if !value.is_boolean() => refuse("true or false"),
        Is::Moment if !value.as_str().is_some_and(is_moment) => refuse("a moment such as 2026-11-04T00:00:00Z"),
        Is::Word(words) if !value.as_str().is_some_and(|word| words.contains(&word)) => refuse(&words.join(" or ")),
        Is::Ref if !is_reference(value) => refuse("an object with an id, a name or an identifier"),
        Is::Refs if !value.as_array().is_some_and(|all| all.iter().all(is_reference)) => refuse("a list of objects"),
        Is::Own if !value.as_array().is_some_and(|all| all.iter().all(is_entry)) => {
            refuse("a list of objects with whole numbers as ids")
        }
        Is::Number | Is::Flag | Is::Moment | Is::Word(_) | Is::Ref | Is::Refs | Is::Own => None,
    }
}

fn is_moment(text: &str) -> bool {
    chrono::DateTime::parse_from_rfc3339(text).is_ok()
}

fn is_reference(value: &Value) -> bool {
    let by_id = value.get("id").is_some_and(|id| id.is_u64() || id.is_string());
    by_id || ["name", "identifier"].iter().any(|by| value.get(by).is_some_and(Value::is_string))
}

fn is_entry(value: &Value) -> bool {
    value.is_object() && value.get("id").is_none_or(Value::is_u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named_with_its_code() {
        for (record, expected) in [
            (json!({}), "MissingRequiredField product, MissingRequiredField billCustomer"),
            (json!({ "product": { "id": 1 }, "billCustomer": "Billable", "quantity": 1.50 }), ""),
            (json!({ "product": 1, "billCustomer": "Maybe" }), "InvalidField billCustomer, InvalidField product"),
            (json!({ "product": { "id": 1 }, "billCustomer": "NoCharge", "qty": 1 }), "InvalidField qty"),
            (
                json!({ "product": { "id": 1 }, "billCustomer": "NoCharge", "quantity": "1", "taxableFlag": 1,
                    "cancelledDate": "2026-11-04", "serialNumber": "x".repeat(51), "customFields": [{ "id": "4" }] }),
                "InvalidField cancelledDate, InvalidField customFields, InvalidField quantity, InvalidField serialNumber, \
                 InvalidField taxableFlag",
            ),
        ] {
            let mut wrong = check(ADDITION, record.as_object().unwrap());
            let found: Vec<String> = wrong.drain(..).map(|wrong| format!("{} {}", wrong.code, wrong.field)).collect();
            let mut found: Vec<&str> = found.iter().map(String::as_str).collect();
            if !expected.starts_with("Missing") {
                found.sort_unstable();
            }
            assert_eq!(found.join(", "), expected, "{record}");
        }
    }
}
