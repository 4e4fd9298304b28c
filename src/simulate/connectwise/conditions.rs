//! The grammar of `conditions` and `customFieldConditions`: comparisons, `in`, `like`, `contains`, `not`, `AND`, `OR`, parentheses.
//!
//! Invariant: what is not understood is refused, never ignored. `AND` binds closer than `OR`; inside quotes a backslash takes the
//! next character as it is, and a `[` is written `[[]`.

use std::cmp::Ordering;

use rust_decimal::Decimal;
use serde_json::Value;

use crate::simulate::json::plain;

/// How deep parentheses go.
const DEPTH_MAX: usize = 20;

/// What a record has to be.
#[derive(Debug, PartialEq)]
pub(super) enum Wanted {
    Is(Condition),
    All(Vec<Wanted>),
    Any(Vec<Wanted>),
}

impl Wanted {
    /// Reads the text of a parameter.
    pub(super) fn parse(parameter: &str, text: &str) -> Result<Self, String> {
        let wrong = |what: &str| format!("{parameter}: `{text}` is not understood{what}");
        let tokens = tokens(text).map_err(|what| wrong(&format!(": {what}")))?;
        let mut rest = tokens.as_slice();
        let wanted = any(&mut rest, 0).ok_or_else(|| wrong(""))?;
        if rest.is_empty() { Ok(wanted) } else { Err(wrong("")) }
    }

    pub(super) fn holds(&self, row: &Value) -> bool {
        match self {
            Self::Is(condition) => condition.holds(row),
            Self::All(all) => all.iter().all(|wanted| wanted.holds(row)),
            Self::Any(any) => any.iter().any(|wanted| wanted.holds(row)),
        }
    }
}

/// The scalar at a slash path; `None` when it is missing or null.
pub(super) fn text_at(row: &Value, path: &str) -> Option<String> {
    let found = path.split('/').try_fold(row, |value, name| value.get(name))?;
    (!found.is_null()).then(|| plain(found))
}

/// Numbers by value, everything else as text regardless of case.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
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

/// One comparison.
#[derive(Debug, PartialEq)]
pub(super) struct Condition {
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
            '[' => {
                let (inner, after) = take(1).1.split_once(']').ok_or("] is missing")?;
                (Token::Quoted(inner.to_owned()), after)
            }
            '"' | '\'' => {
                let (inner, length) = quoted(take(1).1, first)?;
                (Token::Quoted(inner), take(1 + length).1)
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

/// The text up to the closing quote, and how many bytes it took with that.
fn quoted(text: &str, close: char) -> Result<(String, usize), String> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, one)) = chars.next() {
        let rest = text.get(at..).unwrap_or_default();
        match one {
            '\\' => out.push(chars.next().ok_or("a character is missing after the backslash")?.1),
            '[' if rest.starts_with("[[]") => {
                out.push('[');
                chars.nth(1);
            }
            '[' => return Err("inside quotes a [ is written [[]".to_owned()),
            one if one == close => return Ok((out, at + one.len_utf8())),
            one => out.push(one),
        }
    }
    Err(format!("{close} is missing"))
}

fn is_word(token: Option<&Token>, wanted: &str) -> bool {
    matches!(token, Some(Token::Word(word)) if word.eq_ignore_ascii_case(wanted))
}

fn any(rest: &mut &[Token], depth: usize) -> Option<Wanted> {
    joined(rest, "or", |rest| joined(rest, "and", |rest| one(rest, depth), Wanted::All), Wanted::Any)
}

fn joined(
    rest: &mut &[Token],
    word: &str,
    part: impl Fn(&mut &[Token]) -> Option<Wanted>,
    join: impl Fn(Vec<Wanted>) -> Wanted,
) -> Option<Wanted> {
    let mut parts = vec![part(rest)?];
    while is_word(rest.first(), word) {
        *rest = rest.get(1..)?;
        parts.push(part(rest)?);
    }
    if parts.len() == 1 { parts.pop() } else { Some(join(parts)) }
}

fn one(rest: &mut &[Token], depth: usize) -> Option<Wanted> {
    if rest.first() != Some(&Token::Open) {
        return condition(rest).map(Wanted::Is);
    }
    if depth >= DEPTH_MAX {
        return None;
    }
    *rest = rest.get(1..)?;
    let inner = any(rest, depth + 1)?;
    let (Token::Close, after) = rest.split_first()? else { return None };
    *rest = after;
    Some(inner)
}

fn condition(rest: &mut &[Token]) -> Option<Condition> {
    let mut next = || {
        let (first, after) = rest.split_first()?;
        *rest = after;
        Some(first)
    };
    let Token::Word(path) = next()? else { return None };
    let mut operator = next()?;
    let not = is_word(Some(operator), "not");
    if not {
        operator = next()?;
    }
    let operator = match operator {
        Token::Operator(operator) if ["=", "!=", "<", "<=", ">", ">="].contains(&operator.as_str()) => operator.clone(),
        Token::Word(word) => word.to_ascii_lowercase(),
        Token::Quoted(_) | Token::Operator(_) | Token::Open | Token::Close | Token::Comma => return None,
    };
    let mut values = Vec::new();
    match operator.as_str() {
        "in" => {
            if *next()? != Token::Open {
                return None;
            }
            loop {
                values.push(single(next()?)?);
                match next()? {
                    Token::Comma => {}
                    Token::Close => break,
                    Token::Word(_) | Token::Quoted(_) | Token::Operator(_) | Token::Open => return None,
                }
            }
        }
        "=" | "!=" | "<" | "<=" | ">" | ">=" | "like" | "contains" => values.push(single(next()?)?),
        _ => return None,
    }
    Some(Condition { path: path.clone(), not, operator, values })
}

fn single(token: &Token) -> Option<Operand> {
    match token {
        Token::Quoted(text) => Some(Operand::Text(text.clone())),
        Token::Word(word) if word.eq_ignore_ascii_case("null") => Some(Operand::Null),
        Token::Word(word) => Some(Operand::Text(word.clone())),
        Token::Operator(_) | Token::Open | Token::Close | Token::Comma => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn conditions() {
        let row = json!({
            "id": 42, "name": "Harbour & Finch", "deletedFlag": false, "status": { "name": "Active" },
            "quantity": 12.50, "effectiveDate": "2026-03-01T00:00:00Z", "cancelledDate": null,
            "note": "[a] b",
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
            ("id=1 OR id=42", Some(true)),
            ("id=42 or id=1 and id=2", Some(true)),
            ("(id=42 or id=1) and id=2", Some(false)),
            ("(id=42)", Some(true)),
            ("((id in (42)))", Some(true)),
            ("deletedFlag=false and (name=\"x\" or name not like 'x*')", Some(true)),
            (r#"name="Harbour \& \"Finch\"""#, Some(false)),
            (r#"name="Harbour \& Finch""#, Some(true)),
            ("note=\"[[]a] b\"", Some(true)),
            ("note=\"[a] b\"", None),
            ("(id=42", None),
            ("id=42)", None),
            ("id=42 or", None),
            ("id in (1 2)", None),
            ("id", None),
            ("id=", None),
            ("name=\"open", None),
            ("id=>42", None),
        ] {
            let got = Wanted::parse("conditions", text).ok().map(|wanted| wanted.holds(&row));
            assert_eq!(got, expected, "{text}");
        }
    }

    #[test]
    fn parentheses_end_somewhere() {
        let deep = format!("{}id=42{}", "(".repeat(5_000), ")".repeat(5_000));
        assert!(Wanted::parse("conditions", &deep).is_err());
    }
}
