//! Objects as aligned lines: a record, a body that would be sent, and the two beside each other.
//!
//! Keeps the invariants that every value is shown with its digits, known fields in their order and the rest after them, and
//! that a line holds nothing that steers a terminal.

use serde_json::{Map, Value};

use crate::core::outside::harmless;
use crate::engine::pax8::{Field, Kind, Record, Resource};

/// A part of a list stays on one line up to this length.
const PART_MAX: usize = 100;
/// What stands for a value that is never shown.
const HIDDEN: &str = "***";
/// Between the texts of a list; commas stand within them.
const BETWEEN: &str = " | ";

/// A value by its path.
pub(in crate::cli) type Line = (String, String);

/// Every value of a record.
pub(super) fn of_record(record: &Record) -> Vec<Line> {
    of_body(&record.noted(), Some(record.resource()))
}

/// Every value of a body, in the order of the record it makes.
pub(in crate::cli) fn of_body(body: &Value, of: Option<&'static Resource>) -> Vec<Line> {
    body.as_object().map(|values| of_object(values, of.map_or(&[], |of| of.fields))).unwrap_or_default()
}

fn of_object(values: &Map<String, Value>, fields: &[Field]) -> Vec<Line> {
    let mut out = Vec::new();
    add(&mut out, "", values, fields);
    out
}

fn add(out: &mut Vec<Line>, above: &str, values: &Map<String, Value>, fields: &[Field]) {
    let place = |name: &str| fields.iter().position(|field| field.name == name || field.also == name);
    let mut sorted: Vec<(&String, &Value)> = values.iter().collect();
    sorted.sort_by_key(|(name, _)| place(name).unwrap_or(usize::MAX));
    for (name, value) in sorted {
        let path = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
        let known = place(name).and_then(|at| fields.get(at)).map(|field| field.kind);
        let inner = match known {
            Some(Kind::Object(fields) | Kind::Objects(fields)) => fields,
            _ => &[],
        };
        match value {
            Value::Null => {}
            Value::Object(values) => add(out, &path, values, inner),
            Value::Array(parts) if parts.iter().any(Value::is_object) => {
                for (part, number) in parts.iter().filter_map(Value::as_object).zip(1u32..) {
                    add_part(out, &format!("{path}[{number}]"), part, inner);
                }
            }
            Value::Array(_) | Value::String(_) | Value::Number(_) | Value::Bool(_) => out.push((path, words(value))),
        }
    }
}

fn add_part(out: &mut Vec<Line>, path: &str, part: &Map<String, Value>, fields: &[Field]) {
    let told = part_in_words(part, fields, &[]);
    if told.chars().count() <= PART_MAX {
        out.push((path.to_owned(), told));
    } else {
        add(out, path, part, fields);
    }
}

/// A part of a list in one line, whole or only these fields of it in their order: `Admin, primary`.
pub(super) fn part_in_words(part: &Map<String, Value>, fields: &[Field], only: &[&str]) -> String {
    let mut inner = Vec::new();
    add(&mut inner, "", part, fields);
    if !only.is_empty() {
        inner.retain(|(name, _)| only.contains(&name.as_str()));
        inner.sort_by_key(|(name, _)| only.iter().position(|one| one == name));
    }
    let told = inner.into_iter().enumerate().filter_map(|(at, (name, text))| match text.as_str() {
        "yes" => Some(name),
        "no" => None,
        // The first says what the part is.
        _ if at == 0 && only.first() == Some(&name.as_str()) => Some(text),
        _ => Some(format!("{name} {text}")),
    });
    told.collect::<Vec<_>>().join(", ")
}

/// Texts of a list, one beside the other.
pub(super) fn list_in_words(items: &[Value]) -> String {
    if items.is_empty() { "none".to_owned() } else { items.iter().map(words).collect::<Vec<_>>().join(BETWEEN) }
}

fn words(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(items) => list_in_words(items),
        Value::Object(_) => value.to_string(),
    }
}

/// Lines under each other, their labels aligned; the lines of one part of a list stand below its number.
pub(in crate::cli) fn aligned(lines: &[Line]) -> String {
    let split = |path: &str| match path.rfind("].") {
        Some(at) => {
            (path.get(..=at).unwrap_or_default().to_owned(), format!("  {}", path.get(at + 2..).unwrap_or_default()))
        }
        None => (String::new(), path.to_owned()),
    };
    let lines: Vec<_> = lines.iter().map(|(path, text)| (split(&harmless(path)), harmless(text))).collect();
    let width = lines.iter().map(|((_, label), _)| label.chars().count()).max().unwrap_or(0);
    let (mut out, mut under) = (String::new(), "");
    for ((part, label), text) in &lines {
        if part != under && !part.is_empty() {
            out.extend(["  ", part, "\n"]);
        }
        under = part;
        out.push_str(format!("  {label:width$}  {text}").trim_end());
        out.push('\n');
    }
    out
}

/// A change beside what is there: `24 → 30`; what stays as it is says so.
pub(super) fn beside(lines: Vec<Line>, now: &Record) -> Vec<Line> {
    let (lines, there) = in_short(lines, of_record(now));
    let was = |path: &str| {
        // Some fields have two names, of which a record holds either.
        let held = || there.iter().find(|(name, _)| name == path).map(|(_, text)| text.clone());
        held().or_else(|| now.text(path))
    };
    // A list is replaced as a whole: what it no longer names goes.
    let is_given = |path: &str| lines.iter().any(|(given, _)| given == path || given.starts_with(&format!("{path}.")));
    let is_replaced = |path: &str| list(path).is_some_and(|of| lines.iter().any(|(given, _)| list(given) == Some(of)));
    let gone: Vec<Line> = there
        .iter()
        .filter(|(path, _)| is_replaced(path) && !is_given(path))
        .map(|(path, was)| (path.clone(), format!("{was} → (nothing)")))
        .collect();
    let told = |(path, new): Line| {
        let same = |was: &str| was == new || is_start_of(was, &new);
        let text = match was(&path) {
            // What is hidden on both sides cannot be told apart.
            Some(_) if new == HIDDEN => format!("{new} (new, not shown)"),
            Some(was) if same(&was) => format!("{new} (as it is)"),
            Some(was) => format!("{was} → {new}"),
            None => format!("(nothing) → {new}"),
        };
        (path, text)
    };
    lines.into_iter().map(told).chain(gone).collect()
}

/// The list a path is a part of.
fn list(path: &str) -> Option<&str> {
    path.split_once('[').map(|(list, _)| list)
}

/// Lists whose parts are short on both sides, each on one line: a part that goes moves those after it, and line by line it
/// would seem as if they had changed.
fn in_short(new: Vec<Line>, there: Vec<Line>) -> (Vec<Line>, Vec<Line>) {
    let all = || new.iter().chain(&there);
    let is_long = |of: &str| {
        let of = |lines: &[Line]| {
            let parts = lines.iter().filter(|(path, _)| list(path) == Some(of));
            parts.clone().any(|(path, _)| !path.ends_with(']'))
                || parts.map(|(_, text)| text.chars().count().saturating_add(BETWEEN.len())).sum::<usize>() > PART_MAX
        };
        of(&new) || of(&there)
    };
    let short: Vec<String> =
        all().filter_map(|(path, _)| list(path)).filter(|of| !is_long(of)).map(str::to_owned).collect();
    let joined = |lines: Vec<Line>| {
        let mut out: Vec<Line> = Vec::new();
        for (path, text) in lines {
            let of = list(&path).filter(|of| short.iter().any(|one| one == of)).map(str::to_owned);
            match (of, out.last_mut()) {
                (Some(of), Some((last, all))) if *last == of => all.extend([BETWEEN, &text]),
                (Some(of), _) => out.push((of, text)),
                (None, _) => out.push((path, text)),
            }
        }
        out
    };
    (joined(new), joined(there))
}

/// A day is also written as the moment it begins.
fn is_start_of(was: &str, new: &str) -> bool {
    new.strip_suffix("T00:00:00Z").is_some_and(|day| was.starts_with(day))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &[Field] = &[
        Field { name: "name", also: "", kind: Kind::Text },
        Field {
            name: "types",
            also: "",
            kind: Kind::Objects(&[
                Field { name: "type", also: "", kind: Kind::Text },
                Field { name: "primary", also: "", kind: Kind::Flag },
            ]),
        },
        Field { name: "price", also: "", kind: Kind::Number },
    ];

    #[test]
    fn values_stand_in_the_order_of_the_fields_with_every_digit() {
        let text = r#"{"zeal":{"b":1,"a":["x","y"]},"price":7.20,"name":"A\u001b[31m","gone":null,
            "types":[{"primary":true,"type":"Admin"},{"type":"Billing","primary":false}],"on":[],
            "long":[{"first":"a text of fifty letters or so, to be on its own li","next":"and another that is as long as the first is, by far"}]}"#;
        let values: Map<String, Value> = serde_json::from_str(text).unwrap();
        let shown = aligned(&of_object(&values, FIELDS));
        let expected = "  name      A␛[31m\n  types[1]  type Admin, primary\n  types[2]  type Billing\n  price     7.20\n  \
             long[1]\n    first   a text of fifty letters or so, to be on its own li\n    next    and another that is as \
             long as the first is, by far\n  on        none\n  zeal.a    x | y\n  zeal.b    1\n";
        assert_eq!(shown, expected);
        let admin = values.get("types").and_then(|types| types.get(0)).and_then(Value::as_object).unwrap();
        assert_eq!(part_in_words(admin, &[], &["type", "primary"]), "Admin, primary");
    }
}
