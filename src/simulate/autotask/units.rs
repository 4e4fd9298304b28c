//! What a service of a contract bills by days: one row for each period, split where an adjustment takes effect.
//!
//! Invariant: the rows of one service follow each other without a gap from its first day to the last of its contract, and an
//! adjustment moves its day and all later ones by the same.

use chrono::{Days, Months, NaiveDate};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::records::{Records, moment};
use crate::simulate::json::number;

/// So many units from a day on.
pub(super) struct Change {
    pub(super) day: NaiveDate,
    pub(super) units: Value,
}

/// The rows of a service of a contract that runs between two days, with the changes in the order of their days.
pub(super) fn rows(
    service: &Map<String, Value>,
    (start, last): (NaiveDate, NaiveDate),
    changes: &[Change],
    next_id: &mut i64,
) -> Vec<Map<String, Value>> {
    let mut all = Vec::new();
    let mut period = start;
    while period <= last {
        let Some(next) = period.checked_add_months(Months::new(1)) else { break };
        let ends = before(next).min(last);
        let inside = changes.iter().filter(|change| change.day > period && change.day <= ends).map(|change| change.day);
        let mut cuts: Vec<NaiveDate> = inside.chain([period]).collect();
        cuts.sort_unstable();
        cuts.dedup();
        for (at, from) in cuts.iter().enumerate() {
            let to = cuts.get(at + 1).map_or(ends, |next| before(*next));
            let Some(change) = changes.iter().rev().find(|change| change.day <= *from) else { continue };
            all.push(row(service, *next_id, (*from, to), &change.units));
            *next_id += 1;
        }
        period = next;
    }
    all
}

fn before(day: NaiveDate) -> NaiveDate {
    day.checked_sub_days(Days::new(1)).unwrap_or(day)
}

fn row(service: &Map<String, Value>, id: i64, (from, to): (NaiveDate, NaiveDate), units: &Value) -> Map<String, Value> {
    let of = |name: &str| service.get(name).cloned().unwrap_or_default();
    let mut row = Map::new();
    for (name, value) in [
        ("id", json!(id)),
        ("contractID", of("contractID")),
        ("contractServiceID", of("id")),
        ("serviceID", of("serviceID")),
        ("units", units.clone()),
        ("startDate", moment(from)),
        ("endDate", moment(to)),
    ] {
        row.insert(name.to_owned(), value);
    }
    price(service, &mut row);
    super::records::whole(super::shape::Kind::Unit, row)
}

/// What a row charges is reckoned from its units.
fn price(service: &Map<String, Value>, row: &mut Map<String, Value>) {
    let figure = |value: Option<&Value>| value.and_then(|value| value.to_string().parse::<Decimal>().ok());
    let units = figure(row.get("units"));
    let adjusted = service.get("adjustedPrice").filter(|price| !price.is_null()).or(service.get("unitPrice"));
    for (name, each) in [("price", adjusted), ("cost", service.get("unitCost"))] {
        let all = figure(each).zip(units).and_then(|(each, units)| each.checked_mul(units));
        row.insert(name.to_owned(), all.map_or(Value::Null, |all| number(&all.normalize().to_string())));
    }
}

/// The day of a moment.
pub(super) fn day(value: Option<&Value>) -> Option<NaiveDate> {
    value.and_then(Value::as_str).and_then(|text| text.get(..10)).and_then(|text| text.parse().ok())
}

/// Moves what a service bills from a day on.
///
/// # Errors
/// What the system says no with.
pub(super) fn adjust(
    units: &mut Records,
    service: &Map<String, Value>,
    contract: (NaiveDate, NaiveDate),
    (from, change): (NaiveDate, i64),
    next_id: &mut i64,
) -> Result<(), String> {
    if from < contract.0 || from > contract.1 {
        return Err("effectiveDate must be within the start date and the end date of the contract.".to_owned());
    }
    let id = service.get("id");
    let mut own: Vec<Map<String, Value>> =
        units.values().filter(|row| row.get("contractServiceID") == id).cloned().collect();
    if own.is_empty() {
        if change < 0 {
            return Err("The unit change would make the units negative.".to_owned());
        }
        let begins = [Change { day: from, units: json!(change) }];
        let rows = rows(service, contract, &begins, next_id);
        units.extend(rows.into_iter().filter_map(|row| Some((row.get("id")?.as_i64()?, row))));
        return Ok(());
    }
    own.sort_by_key(|row| day(row.get("startDate")));
    let held =
        |row: &Map<String, Value>| row.get("units").map(Value::to_string).and_then(|text| text.parse::<Decimal>().ok());
    let mut moved = Vec::new();
    for mut row in own {
        let (Some(starts), Some(ends)) = (day(row.get("startDate")), day(row.get("endDate"))) else { continue };
        if ends < from {
            continue;
        }
        let after = held(&row).and_then(|held| held.checked_add(Decimal::from(change)));
        let after = after.filter(|after| !after.is_sign_negative() || after.is_zero());
        let after = number(&after.ok_or("The unit change would make the units negative.")?.normalize().to_string());
        if starts < from {
            let mut head = row.clone();
            head.insert("endDate".to_owned(), moment(before(from)));
            moved.push(head);
            row.insert("id".to_owned(), json!(*next_id));
            row.insert("startDate".to_owned(), moment(from));
            *next_id += 1;
        }
        row.insert("units".to_owned(), after);
        price(service, &mut row);
        moved.push(row);
    }
    units.extend(moved.into_iter().filter_map(|row| Some((row.get("id")?.as_i64()?, row))));
    Ok(())
}
