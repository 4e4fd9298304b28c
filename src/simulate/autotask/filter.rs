//! What a query asks for: the tree of its filter.
//!
//! Invariant: what is not understood is refused, never ignored.

use std::cmp::Ordering;

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::member;
use super::shape::{Is, Kind};

/// How deep groups go.
const DEPTH_MAX: usize = 20;
/// How many alternatives one query has.
const OR_MAX: usize = 500;

/// What a record has to be.
#[derive(Debug)]
pub(super) enum Wanted {
    All(Vec<Wanted>),
    Any(Vec<Wanted>),
    Is(Test),
}

/// One condition.
#[derive(Debug)]
pub(super) struct Test {
    op: String,
    place: Place,
    value: Value,
}

#[derive(Debug)]
enum Place {
    Field(&'static str, Is),
    Own(String),
}

const OPS: [&str; 13] =
    ["eq", "noteq", "gt", "gte", "lt", "lte", "beginsWith", "endsWith", "contains", "exist", "notExist", "in", "notIn"];

impl Wanted {
    /// Reads the filter of a query.
    pub(super) fn read(kind: Kind, filter: &Value) -> Result<Self, String> {
        let items = filter.as_array().filter(|items| !items.is_empty());
        let items = items.ok_or("Filter is required and must hold at least one condition.")?;
        let (mut own, mut alternatives) = (0, 0);
        let all = items.iter().map(|item| Self::item(kind, item, 0, (&mut own, &mut alternatives)));
        let all = all.collect::<Result<Vec<_>, String>>()?;
        if own > 1 {
            return Err("Only one user defined field can be queried at a time.".to_owned());
        }
        if alternatives > OR_MAX {
            return Err(format!("A query can have at most {OR_MAX} OR conditions."));
        }
        Ok(Self::All(all))
    }

    fn item(kind: Kind, item: &Value, depth: usize, counts: (&mut usize, &mut usize)) -> Result<Self, String> {
        let (own, alternatives) = counts;
        let op = member(item, "op").and_then(Value::as_str).ok_or("A condition needs an op.")?;
        if depth >= DEPTH_MAX {
            return Err("The filter is nested too deeply.".to_owned());
        }
        if op.eq_ignore_ascii_case("and") || op.eq_ignore_ascii_case("or") {
            let items = member(item, "items").and_then(Value::as_array).filter(|items| !items.is_empty());
            let items = items.ok_or_else(|| format!("A group `{op}` needs items."))?;
            let is_or = op.eq_ignore_ascii_case("or");
            if is_or {
                *alternatives += items.len();
            }
            let all = items.iter().map(|item| Self::item(kind, item, depth + 1, (&mut *own, &mut *alternatives)));
            let all = all.collect::<Result<Vec<_>, String>>()?;
            return Ok(if is_or { Self::Any(all) } else { Self::All(all) });
        }
        let known = OPS.iter().find(|known| known.eq_ignore_ascii_case(op));
        let op = known.ok_or_else(|| format!("`{op}` is not an operator."))?;
        let name = member(item, "field").and_then(Value::as_str).ok_or("A condition needs a field.")?;
        let place = if member(item, "udf") == Some(&Value::Bool(true)) {
            *own += 1;
            let known = kind.own_fields().iter().find(|known| known.eq_ignore_ascii_case(name));
            Place::Own((*known.ok_or_else(|| unknown(kind, name))?).to_owned())
        } else {
            let (known, is, _) = kind.field(name).ok_or_else(|| unknown(kind, name))?;
            Place::Field(known, *is)
        };
        let value = member(item, "value").cloned().unwrap_or_default();
        let is_list = op.to_ascii_lowercase().ends_with("in") && !op.eq_ignore_ascii_case("contains");
        if is_list && !value.is_array() {
            return Err(format!("`{op}` needs a list of values."));
        }
        Ok(Self::Is(Test { op: (*op).to_owned(), place, value }))
    }

    pub(super) fn holds(&self, row: &Map<String, Value>) -> bool {
        match self {
            Self::All(all) => all.iter().all(|wanted| wanted.holds(row)),
            Self::Any(any) => any.iter().any(|wanted| wanted.holds(row)),
            Self::Is(test) => test.holds(row),
        }
    }
}

fn unknown(kind: Kind, name: &str) -> String {
    format!("Unable to find {name} in the {} Entity.", kind.one())
}

impl Test {
    fn holds(&self, row: &Map<String, Value>) -> bool {
        let (held, is) = match &self.place {
            Place::Field(name, is) => (row.get(*name), *is),
            Place::Own(name) => {
                let own = row.get("userDefinedFields").and_then(Value::as_array);
                let own = own.and_then(|own| own.iter().find(|own| own.get("name").is_some_and(|held| held == name)));
                (own.and_then(|own| own.get("value")), Is::Text(255))
            }
        };
        let held = held.filter(|held| !held.is_null());
        let same = |wanted: &Value| held.is_some_and(|held| compare(is, held, wanted).is_eq());
        let order = |wanted: &Value| held.map(|held| compare(is, held, wanted));
        let texts = || (held.map(text).unwrap_or_default().to_lowercase(), text(&self.value).to_lowercase());
        let listed = || self.value.as_array().is_some_and(|values| values.iter().any(same));
        match self.op.as_str() {
            "eq" => same(&self.value),
            "noteq" => !same(&self.value),
            "gt" => order(&self.value).is_some_and(Ordering::is_gt),
            "gte" => order(&self.value).is_some_and(Ordering::is_ge),
            "lt" => order(&self.value).is_some_and(Ordering::is_lt),
            "lte" => order(&self.value).is_some_and(Ordering::is_le),
            "beginsWith" => texts().0.starts_with(&texts().1),
            "endsWith" => texts().0.ends_with(&texts().1),
            "contains" => texts().0.contains(&texts().1),
            "exist" => held.is_some(),
            "notExist" => held.is_none(),
            "in" => listed(),
            _ => !listed(),
        }
    }
}

/// Numbers by value, moments by the day and time they say, all else as text regardless of case.
fn compare(is: Is, held: &Value, wanted: &Value) -> Ordering {
    let (held, wanted) = (text(held), text(wanted));
    match is {
        Is::Moment => moment(&held).cmp(&moment(&wanted)),
        Is::Flag => truth(&held).cmp(truth(&wanted)),
        Is::Whole | Is::Number | Is::Pick | Is::Of(_) | Is::Resource | Is::Text(_) => {
            match (held.parse::<Decimal>(), wanted.parse::<Decimal>()) {
                (Ok(held), Ok(wanted)) if !matches!(is, Is::Text(_)) => held.cmp(&wanted),
                _ => held.to_lowercase().cmp(&wanted.to_lowercase()),
            }
        }
    }
}

fn truth(text: &str) -> &str {
    match text {
        "1" => "true",
        "0" => "false",
        other => other,
    }
}

/// `2026-08-15` is midnight.
fn moment(text: &str) -> String {
    let text: String = text.chars().take(19).collect();
    if text.len() == 10 { format!("{text}T00:00:00") } else { text }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn conditions() {
        let Value::Object(row) = json!({
            "id": -7, "companyName": "Harbour & Finch", "isActive": true, "phone": null,
            "createDate": "2026-03-01T00:00:00Z", "userDefinedFields": [{ "name": "Pax8 Id", "value": "p8" }],
        }) else {
            unreachable!()
        };
        let is = |op: &str, field: &str, value: Value| json!([{ "op": op, "field": field, "value": value }]);
        for (filter, expected) in [
            (is("eq", "id", json!(-7)), Some(true)),
            (is("noteq", "ID", json!("-7")), Some(false)),
            (is("gte", "id", json!(0)), Some(false)),
            (is("eq", "CompanyName", json!("harbour & finch")), Some(true)),
            (is("beginsWith", "companyName", json!("harb")), Some(true)),
            (is("endsWith", "companyName", json!("x")), Some(false)),
            (is("contains", "companyName", json!("&")), Some(true)),
            (is("exist", "phone", Value::Null), Some(false)),
            (is("notExist", "phone", Value::Null), Some(true)),
            (is("in", "id", json!([1, -7])), Some(true)),
            (is("notIn", "id", json!([1, -7])), Some(false)),
            (is("in", "id", json!(1)), None),
            (is("eq", "isActive", json!(1)), Some(true)),
            (is("gt", "createDate", json!("2026-02-28")), Some(true)),
            (is("lte", "createDate", json!("2026-03-01T00:00:00Z")), Some(true)),
            (is("like", "id", json!(1)), None),
            (is("eq", "colour", json!(1)), None),
            (json!([]), None),
            (json!([{ "op": "eq", "field": "pax8 id", "udf": true, "value": "p8" }]), Some(true)),
            (
                json!([{ "op": "eq", "field": "Pax8 Id", "udf": true, "value": "p8" },
                { "op": "eq", "field": "Tier", "udf": true, "value": "x" }]),
                None,
            ),
            (
                json!([{ "op": "or", "items": [{ "op": "eq", "field": "id", "value": 1 }, { "op": "exist", "field": "id" }] }]),
                Some(true),
            ),
            (
                json!([{ "op": "and", "items": [{ "op": "eq", "field": "id", "value": 1 }, { "op": "exist", "field": "id" }] }]),
                Some(false),
            ),
            (json!([{ "op": "or" }]), None),
        ] {
            let got = Wanted::read(Kind::Company, &filter).ok().map(|wanted| wanted.holds(&row));
            assert_eq!(got, expected, "{filter}");
        }
    }
}
