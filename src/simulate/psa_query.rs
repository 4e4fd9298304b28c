//! How ConnectWise lists are asked: `conditions`, `orderBy`, `fields`, pages and their `Link` header.
//!
//! Invariant: a condition that is not understood is a 400, never a list that ignores it. Served: comparisons, `in`, `like`,
//! `contains` and `not`, joined by `AND`; paths with slashes.

use std::cmp::Ordering;

use axum::http::StatusCode;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::faults::{Fault, Fired};
use super::json::{spoil, window};
use super::psa::{failure, plain};
use super::server::{Answer, Ask};

const PAGE_SIZE: usize = 25;
const PAGE_SIZE_MAX: usize = 1000;

/// One page of a list.
pub(super) fn list(ask: &Ask, fired: &Fired, rows: &[Value]) -> Answer {
    let found = match chosen(ask, rows) {
        Ok(found) => found,
        Err(message) => return failure(StatusCode::BAD_REQUEST, &message),
    };
    let asked = |name: &str, usual: usize| ask.query(name).map_or(Ok(usual), str::parse::<usize>);
    let (page, size) = match (asked("page", 1), asked("pageSize", PAGE_SIZE)) {
        (Ok(page), Ok(size)) if page > 0 && size > 0 => (page, size.min(PAGE_SIZE_MAX)),
        _ => return failure(StatusCode::BAD_REQUEST, "page and pageSize must be whole numbers above 0"),
    };
    let forward = ask.header("pagination-type").is_some_and(|t| t.eq_ignore_ascii_case("forward-only"));
    let start = if forward {
        let after = ask.query("pageId").unwrap_or_default();
        found.iter().position(|row| text_at(row, "id").as_deref() == Some(after)).map_or(0, |at| at + 1)
    } else {
        (page - 1).saturating_mul(size)
    };
    let range = window(found.len(), start, size, fired.shift());
    let mut content: Vec<Value> = found.get(range).unwrap_or_default().iter().map(|row| (*row).clone()).collect();
    if let Some(first) = content.first_mut().filter(|_| start == 0) {
        spoil(first, fired);
    }
    let links = if forward {
        content.last().and_then(|row| text_at(row, "id")).map(|id| vec![(format!("pageId={}", escape(&id)), "next")])
    } else {
        let last = found.len().div_ceil(size).max(1);
        let mut links = vec![("page=1".to_owned(), "first"), (format!("page={last}"), "last")];
        if page > 1 {
            links.push((format!("page={}", page - 1), "prev"));
        }
        if page < last {
            links.push((format!("page={}", page + 1), "next"));
        }
        Some(links)
    };
    if let Some(fields) = ask.query("fields") {
        for row in &mut content {
            project(row, fields);
        }
    }
    let mut answer = Answer::ok(Value::Array(content));
    if let Some(links) = links.filter(|_| !fired.has(Fault::NoPaging)) {
        answer.headers.push(("link", link_header(ask, size, &links)));
    }
    answer
}

/// How many records meet the conditions.
pub(super) fn count(ask: &Ask, rows: &[Value]) -> Answer {
    match chosen(ask, rows) {
        Ok(found) => Answer::ok(json!({ "count": found.len() })),
        Err(message) => failure(StatusCode::BAD_REQUEST, &message),
    }
}

fn link_header(ask: &Ask, size: usize, links: &[(String, &str)]) -> String {
    let mut kept = String::new();
    for (name, value) in &ask.query {
        if !matches!(name.as_str(), "page" | "pageSize" | "pageId") {
            kept.extend([&escape(name), "=", &escape(value), "&"]);
        }
    }
    let link = |(page, rel): &(String, &str)| {
        format!("<{}{}?{kept}pageSize={size}&{page}>; rel=\"{rel}\"", ask.base, ask.path)
    };
    links.iter().map(link).collect::<Vec<_>>().join(", ")
}

/// Percent-encodes everything that is not plainly harmless.
fn escape(text: &str) -> String {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    let encode = |byte: u8| if harmless(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(encode).collect()
}

fn project(row: &mut Value, fields: &str) {
    let Value::Object(all) = row else { return };
    let wanted: Vec<&str> = fields.split(',').map(|f| f.trim().split('/').next().unwrap_or_default()).collect();
    let kept: Map<String, Value> =
        std::mem::take(all).into_iter().filter(|(n, _)| wanted.contains(&n.as_str())).collect();
    *all = kept;
}

/// The records that meet the conditions, in the order asked for.
fn chosen<'a>(ask: &Ask, rows: &'a [Value]) -> Result<Vec<&'a Value>, String> {
    let conditions = ask.query("conditions").map_or(Ok(Vec::new()), parse)?;
    let mut found: Vec<&Value> = rows.iter().filter(|row| conditions.iter().all(|c| c.holds(row))).collect();
    if let Some(order) = ask.query("orderBy") {
        let (path, direction) = order.trim().split_once(' ').unwrap_or((order.trim(), "asc"));
        found.sort_by(|a, b| compare(&text_at(a, path).unwrap_or_default(), &text_at(b, path).unwrap_or_default()));
        match direction.trim().to_ascii_lowercase().as_str() {
            "asc" => {}
            "desc" => found.reverse(),
            other => return Err(format!("orderBy: `{other}` is neither asc nor desc")),
        }
    }
    Ok(found)
}

/// The scalar at a slash path; `None` when it is missing or null.
fn text_at(row: &Value, path: &str) -> Option<String> {
    let found = path.split('/').try_fold(row, |value, name| value.get(name))?;
    (!found.is_null()).then(|| plain(found))
}

/// Numbers by value, everything else as text regardless of case.
fn compare(a: &str, b: &str) -> Ordering {
    match (a.parse::<Decimal>(), b.parse::<Decimal>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        _ => a.to_lowercase().cmp(&b.to_lowercase()),
    }
}

#[derive(Debug, PartialEq)]
enum Operand {
    Null,
    Text(String),
}

#[derive(Debug, PartialEq)]
struct Condition {
    path: String,
    not: bool,
    operator: String,
    values: Vec<Operand>,
}

impl Condition {
    fn holds(&self, row: &Value) -> bool {
        let found = text_at(row, &self.path);
        let test = |wanted: &Operand| match (&found, wanted) {
            (None, Operand::Null) => self.operator == "=",
            (None, Operand::Text(_)) | (Some(_), Operand::Null) => self.operator == "!=",
            (Some(have), Operand::Text(want)) => match self.operator.as_str() {
                "=" | "in" => compare(have, want).is_eq(),
                "!=" => compare(have, want).is_ne(),
                "<" => compare(have, want).is_lt(),
                "<=" => compare(have, want).is_le(),
                ">" => compare(have, want).is_gt(),
                ">=" => compare(have, want).is_ge(),
                "contains" => have.to_lowercase().contains(&want.to_lowercase()),
                _ => like(&have.to_lowercase(), &want.to_lowercase()),
            },
        };
        self.values.iter().any(test) != self.not
    }
}

/// `*` stands for any text.
fn like(have: &str, pattern: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return have == pattern };
    let Some(mut left) = have.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let tail = parts.pop().unwrap_or_default();
    for part in parts {
        match left.find(part) {
            Some(at) => left = left.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    left.ends_with(tail)
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Quoted(String),
    Operator(String),
    Open,
    Close,
    Comma,
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let take = |end: usize| (rest.get(..end).unwrap_or_default(), rest.get(end..).unwrap_or_default());
        let (token, after) = match first {
            '(' => (Token::Open, take(1).1),
            ')' => (Token::Close, take(1).1),
            ',' => (Token::Comma, take(1).1),
            '"' | '\'' | '[' => {
                let close = if first == '[' { ']' } else { first };
                let inner = take(1).1;
                let end = inner.find(close).ok_or_else(|| format!("conditions: {close} is missing in {text}"))?;
                let after = inner.get(end + 1..).unwrap_or_default();
                (Token::Quoted(inner.get(..end).unwrap_or_default().to_owned()), after)
            }
            '=' | '!' | '<' | '>' => {
                let end = rest.find(|c| !"=!<>".contains(c)).unwrap_or(rest.len());
                (Token::Operator(take(end).0.to_owned()), take(end).1)
            }
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || "=!<>(),".contains(c)).unwrap_or(rest.len());
                (Token::Word(take(end).0.to_owned()), take(end).1)
            }
        };
        out.push(token);
        rest = after.trim_start();
    }
    Ok(out)
}

fn parse(text: &str) -> Result<Vec<Condition>, String> {
    let wrong = || format!("conditions: `{text}` is not understood; comparisons joined by AND are served");
    let tokens = tokens(text)?;
    let parts = tokens.split(|t| matches!(t, Token::Word(w) if w.eq_ignore_ascii_case("and")));
    parts.map(|part| condition(part).ok_or_else(wrong)).collect()
}

fn condition(tokens: &[Token]) -> Option<Condition> {
    let (Token::Word(path), mut rest) = tokens.split_first()? else { return None };
    let mut not = false;
    if let [Token::Word(word), after @ ..] = rest
        && word.eq_ignore_ascii_case("not")
    {
        (not, rest) = (true, after);
    }
    let (operator, rest) = match rest.split_first()? {
        (Token::Operator(o), rest) if ["=", "!=", "<", "<=", ">", ">="].contains(&o.as_str()) => (o.clone(), rest),
        (Token::Word(w), rest) => (w.to_ascii_lowercase(), rest),
        _ => return None,
    };
    let values = match (operator.as_str(), rest) {
        ("in", [Token::Open, inner @ .., Token::Close]) => {
            inner.split(|t| *t == Token::Comma).map(single).collect::<Option<Vec<_>>>()?
        }
        ("=" | "!=" | "<" | "<=" | ">" | ">=" | "like" | "contains", one) => vec![single(one)?],
        _ => return None,
    };
    Some(Condition { path: path.clone(), not, operator, values })
}

fn single(tokens: &[Token]) -> Option<Operand> {
    match tokens {
        [Token::Quoted(text)] => Some(Operand::Text(text.clone())),
        [Token::Word(word)] if word.eq_ignore_ascii_case("null") => Some(Operand::Null),
        [Token::Word(word)] => Some(Operand::Text(word.clone())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions() {
        let row = json!({
            "id": 42, "name": "Harbour & Finch", "deletedFlag": false, "status": { "name": "Active" },
            "quantity": 12.50, "effectiveDate": "2026-03-01T00:00:00Z", "cancelledDate": null,
        });
        for (text, expected) in [
            ("id=42", Some(true)),
            ("id in (1, 42)", Some(true)),
            ("id not in (1, 42)", Some(false)),
            ("status/name=\"active\" AND deletedFlag=False", Some(true)),
            ("deletedFlag = True", Some(false)),
            ("quantity>9", Some(true)),
            ("quantity<=12.5", Some(true)),
            ("name like 'harb*finch'", Some(true)),
            ("name like 'harb*fin'", Some(false)),
            ("name contains \"Finch\" and id != 41", Some(true)),
            ("effectiveDate<[2026-03-31T00:00:00Z]", Some(true)),
            ("cancelledDate=null", Some(true)),
            ("cancelledDate!=null", Some(false)),
            ("id=1 OR id=42", None),
            ("(id=42)", None),
            ("id", None),
            ("id=", None),
            ("name=\"open", None),
            ("id=>42", None),
        ] {
            let got = parse(text).ok().map(|all| all.iter().all(|c| c.holds(&row)));
            assert_eq!(got, expected, "{text}");
        }
    }
}
