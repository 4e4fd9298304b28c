//! The lines of an invoice: what they must hold, and what is reckoned from them.
//!
//! Invariant: the set that is sent is the set that is kept; a line that was not sent is gone.

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Map, Value, json};

use super::Wrong;
use crate::simulate::json::number;

const SALE: &str = "SalesItemLineDetail";
const SUBTOTAL: &str = "SubTotalLineDetail";

/// Takes a set that was sent: what was reckoned falls away, what is new is numbered, and each sale that was not there is checked.
pub(super) fn taken(
    sent: Option<&Value>,
    old: Option<&Value>,
    is_item: impl Fn(&str) -> bool,
) -> Result<Vec<Value>, Wrong> {
    let sent = sent.and_then(Value::as_array).filter(|sent| !sent.is_empty());
    let was_there = |line: &Value| old.and_then(Value::as_array).is_some_and(|old| old.contains(line));
    let sent = sent.ok_or_else(|| Wrong::new("2020", "Required param missing", "Line is needed", "Line"))?;
    let own = |line: &Value| line.get("Id").and_then(Value::as_str).map(str::to_owned);
    let mut next = sent.iter().filter_map(|line| own(line)?.parse::<u64>().ok()).max().unwrap_or_default();
    let mut set = Vec::new();
    for line in sent {
        let kind = line.get("DetailType").and_then(Value::as_str).unwrap_or_default();
        if kind == SUBTOTAL {
            continue;
        }
        let Some(mut line) = line.as_object().cloned() else {
            return Err(Wrong::invalid("A line is an object", "Line"));
        };
        if kind == SALE && !was_there(&Value::Object(line.clone())) {
            checked(&line, &is_item)?;
        }
        if line.get("Id").is_none() {
            next += 1;
            line.insert("Id".to_owned(), json!(next.to_string()));
        }
        line.insert("LineNum".to_owned(), json!(set.len() + 1));
        set.push(Value::Object(line));
    }
    Ok(set)
}

fn checked(line: &Map<String, Value>, is_item: impl Fn(&str) -> bool) -> Result<(), Wrong> {
    let detail = line.get(SALE).and_then(Value::as_object);
    let detail = detail.ok_or_else(|| Wrong::new("2020", "Required param missing", SALE, "Line"))?;
    let item = detail.get("ItemRef").and_then(|item| item.get("value")).and_then(Value::as_str).unwrap_or_default();
    if !is_item(item) {
        return Err(Wrong::new(
            "2500",
            "Invalid Reference Id",
            format!("Something you're trying to use has been made inactive or is not there: item {item}"),
            "ItemRef",
        ));
    }
    let figure = |of: &Map<String, Value>, name: &str| match of.get(name) {
        None => Ok(None),
        Some(Value::Number(figure)) => Ok(figure.as_str().parse::<Decimal>().ok()),
        Some(_) => Err(Wrong::invalid(format!("{name} is a number"), "Line")),
    };
    let amount = figure(line, "Amount")?;
    let amount = amount.ok_or_else(|| Wrong::new("2020", "Required param missing", "Amount", "Line"))?;
    if let (Some(quantity), Some(price)) = (figure(detail, "Qty")?, figure(detail, "UnitPrice")?)
        && cents(quantity * price) != amount
    {
        let detail = format!("Amount is not equal to UnitPrice * Qty. Supplied value: {amount}");
        return Err(Wrong::new("6070", "Amount calculation incorrect in the request", detail, "Amount"));
    }
    Ok(())
}

fn cents(figure: Decimal) -> Decimal {
    figure.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

/// Reckons the total, as a line of its own and as a figure of the invoice.
pub(super) fn total(invoice: &mut Map<String, Value>) {
    let Some(Value::Array(set)) = invoice.get_mut("Line") else { return };
    let amount = |line: &Value| line.get("Amount").and_then(|amount| amount.to_string().parse::<Decimal>().ok());
    let total: Decimal = set.iter().filter_map(amount).sum();
    let total = number(&total.to_string());
    set.push(json!({ "Amount": total, "DetailType": SUBTOTAL, SUBTOTAL: {} }));
    invoice.insert("TotalAmt".to_owned(), total);
}
