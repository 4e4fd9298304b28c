//! How sets are asked: `$select`, `$filter` of equalities, `$orderby`, and pages by `@odata.nextLink`.
//!
//! Invariant: a query option that is not understood is refused, and a next link is only good as it was given out.

use serde_json::{Value, json};

use super::tables::Table;
use super::{Given, Record, Wrong};
use crate::simulate::json::{plain, window};
use crate::simulate::server::Ask;

const PAGE_MAX: usize = 5_000;

/// One page of a set.
pub(super) fn list(ask: &Ask, table: &Table, rows: &[Record], shift: i8) -> Given<Value> {
    for (name, _) in &ask.query {
        if !matches!(name.as_str(), "$select" | "$filter" | "$orderby" | "$top" | "$skiptoken") {
            return Err(Wrong::bad(format!("The query parameter {name} is not supported")));
        }
    }
    let wanted = conditions(table, ask.query("$filter").unwrap_or_default())?;
    let meets = |row: &&Record| {
        wanted.iter().all(|(column, value)| {
            row.get(column).is_some_and(|held| !held.is_null() && plain(held).to_lowercase() == value.to_lowercase())
        })
    };
    let mut found: Vec<&Record> = rows.iter().filter(meets).collect();
    if let Some(order) = ask.query("$orderby") {
        let column = order.trim_end_matches(" asc");
        if !table.has(column) {
            return Err(Wrong::bad(format!("Could not find a property named '{column}'")));
        }
        found.sort_by_key(|row| row.get(column).map(plain));
    }
    let start =
        match ask.query("$skiptoken").map(|cookie| cookie.strip_prefix("<cookie page=").map(str::parse::<usize>)) {
            None => 0,
            Some(Some(Ok(start))) => start,
            Some(_) => return Err(Wrong::bad("Malformed XML in the Paging Cookie")),
        };
    let size = ask.header("prefer").and_then(|prefer| prefer.split("odata.maxpagesize=").nth(1));
    let size = size.and_then(|size| size.parse::<usize>().ok()).unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX);
    let range = window(found.len(), start, size, shift);
    let end = range.end;
    let page = found.get(range).unwrap_or_default().iter().map(|row| selected(table, row, ask.query("$select")));
    let mut answer = json!({
        "@odata.context": format!("{}/api/data/v9.2/$metadata#{}", ask.base, table.set),
        "value": page.collect::<Given<Vec<Value>>>()?,
    });
    if end < found.len() {
        let kept = ask.query.iter().filter(|(name, _)| name != "$skiptoken");
        let kept: Vec<String> = kept.map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect();
        let next = format!(
            "{}{}?{}&$skiptoken={}",
            ask.base,
            ask.path,
            kept.join("&"),
            escaped(&format!("<cookie page={end}"))
        );
        if let Value::Object(members) = &mut answer {
            members.insert("@odata.nextLink".to_owned(), Value::from(next));
        }
    }
    Ok(answer)
}

/// A row with the columns that were asked for, its id and its ETag.
pub(super) fn selected(table: &Table, row: &Record, select: Option<&str>) -> Given<Value> {
    let Some(select) = select else { return Ok(Value::Object(row.clone())) };
    let mut chosen = Record::new();
    for column in select.split(',').chain([table.id]) {
        if !table.has(column) {
            let name = format!("Microsoft.Dynamics.CRM.{}", table.name);
            return Err(Wrong::bad(format!("Could not find a property named '{column}' on type '{name}'.")));
        }
        chosen.insert(column.to_owned(), row.get(column).cloned().unwrap_or_default());
    }
    chosen.insert("@odata.etag".to_owned(), row.get("@odata.etag").cloned().unwrap_or_default());
    Ok(Value::Object(chosen))
}

/// A record by itself.
pub(super) fn single(ask: &Ask, table: &Table, mut row: Value) -> Value {
    if let Value::Object(members) = &mut row {
        let context = format!("{}/api/data/v9.2/$metadata#{}/$entity", ask.base, table.set);
        members.insert("@odata.context".to_owned(), Value::from(context));
    }
    row
}

/// `a eq 'x' and b eq 'y'`: a quote inside a text is doubled.
fn conditions(table: &Table, filter: &str) -> Given<Vec<(String, String)>> {
    let bad = || Wrong::bad(format!("Syntax error in '{filter}'"));
    let mut all = Vec::new();
    let mut rest = filter.trim();
    while !rest.is_empty() {
        let (column, after) = rest.split_once(" eq '").ok_or_else(bad)?;
        if !table.has(column) {
            return Err(Wrong::bad(format!("Could not find a property named '{column}'")));
        }
        let mut value = String::new();
        let mut signs = after.char_indices().peekable();
        let mut end = None;
        while let Some((at, sign)) = signs.next() {
            if sign == '\'' && signs.next_if(|(_, next)| *next == '\'').is_none() {
                end = Some(at + 1);
                break;
            }
            value.push(sign);
        }
        rest = end.and_then(|end| after.get(end..)).ok_or_else(bad)?.trim_start();
        rest = rest.strip_prefix("and ").unwrap_or(rest);
        all.push((column.to_owned(), value));
    }
    Ok(all)
}

fn escaped(text: &str) -> String {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'$');
    let encode = |byte: u8| if harmless(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(encode).collect()
}
