//! The invoices of agreements, one for each agreement that billed something in the month of the data.
//!
//! Invariant: the total of an invoice is that of the additions in force in its month that are billed; an invoice has no lines.

use std::collections::BTreeMap;

use chrono::{Days, Months, NaiveDate};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::plain;
use super::records::info;
use crate::simulate::data::Data;
use crate::simulate::json::number;

/// The number of the first invoice.
const FIRST: usize = 80_001;

/// The invoices of the month that the distributor charged for.
pub(super) fn of(data: &Data, agreements: &[Value], additions: &BTreeMap<String, Vec<Value>>) -> Vec<Value> {
    let Some(first) = data.period().and_then(|month| format!("{month}-01").parse::<NaiveDate>().ok()) else {
        return Vec::new();
    };
    let billed = agreements.iter().filter_map(|agreement| {
        let all = additions.get(&plain(agreement.get("id")?))?;
        let mut amounts = all.iter().filter(|addition| is_billed(addition, first)).peekable();
        amounts.peek()?;
        Some((agreement, amounts.map(|addition| figure(addition, "extPrice")).sum::<Decimal>()))
    });
    billed.enumerate().map(|(index, (agreement, total))| invoice(FIRST + index, first, agreement, total)).collect()
}

fn is_billed(addition: &Value, first: NaiveDate) -> bool {
    let day = |name: &str| addition.get(name).and_then(Value::as_str)?.get(..10)?.parse::<NaiveDate>().ok();
    let next = first.checked_add_months(Months::new(1)).unwrap_or(first);
    let begun = day("effectiveDate").is_none_or(|day| day < next);
    let runs = day("cancelledDate").is_none_or(|last| last >= first);
    addition.get("billCustomer").is_some_and(|bill| bill == "Billable") && begun && runs
}

/// A figure of a record; what is no number counts as nothing.
fn figure(record: &Value, name: &str) -> Decimal {
    record.get(name).map(plain).and_then(|text| text.parse().ok()).unwrap_or_default()
}

fn invoice(id: usize, first: NaiveDate, agreement: &Value, total: Decimal) -> Value {
    let part = |name: &str| agreement.get(name).cloned().unwrap_or_default();
    let (money, none) = (number(&format!("{total:.2}")), number("0.00"));
    let due = first + Days::new(29);
    let mut record = json!({
        "id": id, "invoiceNumber": id.to_string(), "type": "Agreement", "status": { "id": 1, "name": "New", "isClosed": false },
        "company": part("company"), "billToCompany": part("company"),
        "applyToType": "Agreement", "applyToId": part("id"),
        "agreement": { "id": part("id"), "name": part("name"), "type": "Managed Services", "chargeFirmFlag": false },
        "date": format!("{first}T00:00:00Z"), "dueDate": format!("{due}T00:00:00Z"),
        "agreementAmount": money, "productTotal": none, "serviceTotal": none, "expenseTotal": none,
        "subtotal": money, "salesTax": none, "total": money, "payments": none, "credits": none, "balance": money,
        "customFields": [], "_info": info(),
    });
    if let (Some(members), currency @ Value::Object(_)) = (record.as_object_mut(), part("currency")) {
        members.insert("currency".to_owned(), currency);
    }
    record
}
