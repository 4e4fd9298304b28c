//! The DocTypes that are served: their fields, and what may be done with each.
//!
//! Source: the DocType definitions of ERPNext 15 and their reference. Invariant: a document holds only fields of its DocType.

use serde_json::Value;

use super::Wrong;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Is {
    /// A text of at most 140 characters.
    Data,
    /// A text of any length.
    Text,
    /// 0 or 1.
    Check,
    Int,
    Currency,
    Date,
    /// One of some words.
    Select(&'static [&'static str]),
    /// The name of a document.
    Link(&'static str),
    /// Rows of a child DocType, replaced together.
    Table(&'static DocType),
}

/// What may be done with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum May {
    Set,
    Need,
    /// Needed, and fixed once the document is made.
    Once,
    /// Set by the system alone.
    Read,
    /// Of no two documents the same.
    Unique,
}

type Column = (&'static str, Is, May);

#[derive(Debug, PartialEq, Eq)]
pub(super) struct DocType {
    pub(super) name: &'static str,
    pub(super) columns: &'static [Column],
    /// The field that names a document, where it is not numbered.
    pub(super) named_by: Option<&'static str>,
}

const CUSTOMER: DocType = DocType {
    name: "Customer",
    columns: &[
        ("customer_name", Is::Data, May::Need),
        ("customer_type", Is::Select(&["Company", "Individual", "Partnership"]), May::Need),
        ("customer_group", Is::Link("Customer Group"), May::Need),
        ("territory", Is::Link("Territory"), May::Need),
        ("default_currency", Is::Link("Currency"), May::Set),
        ("tax_id", Is::Data, May::Set),
        ("website", Is::Data, May::Set),
        ("mobile_no", Is::Data, May::Read),
        ("customer_primary_address", Is::Link("Address"), May::Set),
        ("is_frozen", Is::Check, May::Set),
        ("disabled", Is::Check, May::Set),
        ("custom_pax8_id", Is::Data, May::Unique),
    ],
    named_by: None,
};

const ADDRESS: DocType = DocType {
    name: "Address",
    columns: &[
        ("address_title", Is::Data, May::Set),
        ("address_type", Is::Select(&["Billing", "Shipping", "Office"]), May::Need),
        ("address_line1", Is::Data, May::Need),
        ("address_line2", Is::Data, May::Set),
        ("city", Is::Data, May::Need),
        ("state", Is::Data, May::Set),
        ("pincode", Is::Data, May::Set),
        ("country", Is::Link("Country"), May::Need),
        ("disabled", Is::Check, May::Set),
    ],
    named_by: None,
};

const ITEM: DocType = DocType {
    name: "Item",
    columns: &[
        ("item_code", Is::Data, May::Once),
        ("item_name", Is::Data, May::Set),
        ("item_group", Is::Link("Item Group"), May::Need),
        ("stock_uom", Is::Link("UOM"), May::Need),
        ("is_stock_item", Is::Check, May::Set),
        ("is_sales_item", Is::Check, May::Set),
        ("description", Is::Text, May::Set),
        ("standard_rate", Is::Currency, May::Set),
        ("disabled", Is::Check, May::Set),
        ("custom_pax8_id", Is::Data, May::Unique),
    ],
    named_by: Some("item_code"),
};

const PLAN: DocType = DocType {
    name: "Subscription Plan",
    columns: &[
        ("plan_name", Is::Data, May::Once),
        ("item", Is::Link("Item"), May::Need),
        ("currency", Is::Link("Currency"), May::Need),
        ("price_determination", Is::Select(&["Fixed Rate", "Based On Price List", "Monthly Rate"]), May::Need),
        ("cost", Is::Currency, May::Set),
        ("billing_interval", Is::Select(&["Day", "Week", "Month", "Year"]), May::Need),
        ("billing_interval_count", Is::Int, May::Need),
        ("custom_cost", Is::Currency, May::Set),
    ],
    named_by: Some("plan_name"),
};

const PLAN_DETAIL: DocType = DocType {
    name: "Subscription Plan Detail",
    columns: &[
        ("plan", Is::Link("Subscription Plan"), May::Need),
        ("qty", Is::Int, May::Need),
        ("custom_pax8_id", Is::Data, May::Set),
    ],
    named_by: None,
};

const SUBSCRIPTION: DocType = DocType {
    name: "Subscription",
    columns: &[
        ("party_type", Is::Select(&["Customer", "Supplier"]), May::Need),
        ("party", Is::Link("Customer"), May::Need),
        ("company", Is::Data, May::Set),
        ("status", Is::Data, May::Read),
        ("start_date", Is::Date, May::Once),
        ("end_date", Is::Date, May::Set),
        ("cancelation_date", Is::Date, May::Read),
        (
            "generate_invoice_at",
            Is::Select(&["Beginning of the current subscription period", "End of the current subscription period"]),
            May::Need,
        ),
        ("plans", Is::Table(&PLAN_DETAIL), May::Need),
    ],
    named_by: None,
};

static DOCTYPES: [&DocType; 5] = [&CUSTOMER, &ADDRESS, &ITEM, &PLAN, &SUBSCRIPTION];

/// What every document has besides.
pub(super) const STANDARD: [&str; 7] = ["name", "owner", "creation", "modified", "modified_by", "docstatus", "idx"];

impl DocType {
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        DOCTYPES.into_iter().find(|doctype| doctype.name == name)
    }

    pub(super) fn has(&self, field: &str) -> bool {
        STANDARD.contains(&field) || self.columns.iter().any(|(name, ..)| *name == field)
    }
}

/// A value as the field keeps it: numbers may be sent as texts, and texts lose the blanks around them.
pub(super) fn kept(name: &str, is: Is, value: &Value) -> Result<Value, Wrong> {
    let wrong = |what: &str| Wrong::new("ValidationError", format!("{name}: {what}, found {value}"));
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Null => return Ok(Value::Null),
        Value::Bool(flag) => u8::from(*flag).to_string(),
        Value::Number(number) => number.to_string(),
        Value::Array(_) | Value::Object(_) => return Err(wrong("a value is expected")),
    };
    if text.is_empty() && !matches!(is, Is::Data | Is::Text) {
        return Ok(Value::Null);
    }
    match is {
        Is::Data if text.chars().count() > 140 => Err(Wrong::new(
            "CharacterLengthExceededError",
            format!("{name} will get truncated, as max characters allowed is 140"),
        )),
        Is::Data | Is::Text | Is::Link(_) => Ok(Value::from(text)),
        Is::Check if matches!(text.as_str(), "0" | "1") => Ok(crate::simulate::json::number(&text)),
        Is::Check => Err(wrong("0 or 1 is expected")),
        // what is no whole number loses its decimals
        Is::Int => {
            let whole = text.split('.').next().unwrap_or_default();
            whole.parse::<i64>().map(Value::from).map_err(|_| wrong("a whole number is expected"))
        }
        Is::Currency => match crate::simulate::json::number(&text) {
            number @ Value::Number(_) => Ok(number),
            Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                Err(wrong("a number is expected"))
            }
        },
        Is::Date => {
            let day = chrono::NaiveDate::parse_from_str(&text, "%Y-%m-%d");
            day.map(|_| Value::from(text.as_str())).map_err(|_| wrong("a date is expected"))
        }
        Is::Select(words) if words.contains(&text.as_str()) => Ok(Value::from(text)),
        Is::Select(words) => Err(Wrong::new(
            "ValidationError",
            format!("{name} cannot be \"{text}\". It should be one of \"{}\"", words.join("\", \"")),
        )),
        Is::Table(_) => Err(wrong("rows are expected")),
    }
}
