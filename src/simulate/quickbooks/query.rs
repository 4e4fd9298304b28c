//! The query language: `SELECT * FROM Customer WHERE … ORDERBY … STARTPOSITION n MAXRESULTS m`.
//!
//! Invariant: what is not understood is refused, never ignored: no `OR`, no property that cannot be filtered by, and entities
//! in their own case.

use std::cmp::Ordering;

use serde_json::Value;

use super::state::Kind;
use crate::simulate::faults::Fired;
use crate::simulate::json::{spoil, window};

const ROWS_USUAL: usize = 100;
const ROWS_MAX: usize = 1_000;

/// A statement.
#[derive(Debug, PartialEq)]
pub(super) struct Query {
    pub(super) kind: Kind,
    /// Whether only the number of rows is asked for.
    pub(super) counts: bool,
    conditions: Vec<Condition>,
    order: Option<(String, bool)>,
    /// The first row, from 1.
    pub(super) start: usize,
    most: usize,
}

#[derive(Debug, PartialEq)]
struct Condition {
    property: String,
    operator: String,
    values: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Is {
    Word,
    Text,
    Sign,
}

#[derive(Debug, Clone, PartialEq)]
struct Token {
    is: Is,
    text: String,
}

impl Query {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let all = tokens(text)?;
        let mut rest = Rest { all: &all };
        rest.word("select")?;
        let counts = match rest.next()? {
            Token { is: Is::Sign, text: star } if star == "*" => false,
            Token { is: Is::Word, text: count } if count.eq_ignore_ascii_case("count") => {
                ["(", "*", ")"].into_iter().try_for_each(|sign| rest.sign(sign))?;
                true
            }
            found => return Err(format!("* or count(*) expected, found {found:?}")),
        };
        rest.word("from")?;
        let entity = rest.name()?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == entity);
        let kind = kind.ok_or_else(|| format!("There is no entity {entity}; their names have a case"))?;
        let mut query = Self { kind, counts, conditions: Vec::new(), order: None, start: 1, most: ROWS_USUAL };
        if rest.takes("where") {
            query.conditions.push(rest.condition(kind)?);
            while rest.takes("and") {
                query.conditions.push(rest.condition(kind)?);
            }
        }
        if rest.takes("orderby") {
            let property = filterable(kind, rest.name()?)?;
            let falls = rest.takes("desc");
            if !falls {
                rest.takes("asc");
            }
            query.order = Some((property, falls));
        }
        if rest.takes("startposition") {
            query.start = rest.number()?.max(1);
        }
        if rest.takes("maxresults") {
            query.most = rest.number()?;
        }
        if query.most > ROWS_MAX {
            return Err(format!("at most {ROWS_MAX} rows are answered, not {}", query.most));
        }
        match rest.all.first() {
            None => Ok(query),
            Some(found) => Err(format!("the end expected, found {found:?}")),
        }
    }

    /// The rows it is about. Inactive ones are hidden unless a condition names what they are.
    pub(super) fn rows<'r>(&self, all: &'r [Value]) -> Vec<&'r Value> {
        let names_state = self.conditions.iter().any(|condition| condition.property == "Active");
        let mut rows = Vec::new();
        for row in all {
            let is_active = names_state || at(self.kind, row, "Active").is_none_or(|active| active == "true");
            if is_active && self.conditions.iter().all(|condition| condition.holds(self.kind, row)) {
                rows.push(row);
            }
        }
        if let Some((property, falls)) = &self.order {
            let key = |row: &Value| at(self.kind, row, property).unwrap_or_default();
            rows.sort_by(|a, b| compare(&key(a), &key(b)));
            if *falls {
                rows.reverse();
            }
        }
        rows
    }

    /// The page of them that is asked for.
    pub(super) fn page(&self, rows: &[&Value], fired: &Fired) -> Vec<Value> {
        let range = window(rows.len(), self.start - 1, self.most, fired.shift());
        let mut page: Vec<Value> = rows.get(range).unwrap_or_default().iter().map(|row| (*row).clone()).collect();
        if let Some(first) = page.first_mut().filter(|_| self.start == 1) {
            spoil(first, fired);
        }
        page
    }
}

impl Condition {
    fn holds(&self, kind: Kind, row: &Value) -> bool {
        let found = at(kind, row, &self.property);
        self.values.iter().any(|wanted| {
            let Some(found) = &found else { return false };
            match self.operator.as_str() {
                "=" | "in" => compare(found, wanted).is_eq(),
                "<" => compare(found, wanted).is_lt(),
                "<=" => compare(found, wanted).is_le(),
                ">" => compare(found, wanted).is_gt(),
                ">=" => compare(found, wanted).is_ge(),
                _ => like(&found.to_lowercase(), &wanted.to_lowercase()),
            }
        })
    }
}

/// What the rows of an entity can be filtered and sorted by.
fn filterable(kind: Kind, property: String) -> Result<String, String> {
    let known: &[&str] = match kind {
        Kind::Customer => &["Id", "DisplayName", "CompanyName", "Active", "MetaData.LastUpdatedTime"],
        Kind::Item => &["Id", "Name", "Sku", "Type", "Active", "MetaData.LastUpdatedTime"],
        Kind::Template => &["Id", "Type", "MetaData.LastUpdatedTime"],
    };
    let is_known = known.contains(&property.as_str());
    if is_known { Ok(property) } else { Err(format!("Property {property} of {} cannot be filtered by", kind.name())) }
}

fn at(kind: Kind, row: &Value, property: &str) -> Option<String> {
    if kind == Kind::Template && property == "Type" {
        return row.as_object().and_then(|row| row.keys().next()).cloned();
    }
    let inner = if kind == Kind::Template { row.as_object()?.values().next()? } else { row };
    let found = property.split('.').try_fold(inner, |value, name| value.get(name))?;
    Some(found.as_str().map_or_else(|| found.to_string(), str::to_owned))
}

fn compare(a: &str, b: &str) -> Ordering {
    match (a.parse::<u64>(), b.parse::<u64>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        _ => a.to_lowercase().cmp(&b.to_lowercase()),
    }
}

/// `%` stands for any text.
fn like(have: &str, pattern: &str) -> bool {
    match pattern.split_once('%') {
        None => have == pattern,
        Some((head, rest)) => have.strip_prefix(head).is_some_and(|have| {
            let mut tails = have.char_indices().map(|(at, _)| at).chain([have.len()]);
            tails.any(|from| like(have.get(from..).unwrap_or_default(), rest))
        }),
    }
}

/// What is left of a statement.
struct Rest<'t> {
    all: &'t [Token],
}

impl Rest<'_> {
    fn next(&mut self) -> Result<Token, String> {
        let (first, rest) = self.all.split_first().ok_or("the statement ends too early")?;
        self.all = rest;
        Ok(first.clone())
    }

    /// Whether this word comes, and goes past it.
    fn takes(&mut self, word: &str) -> bool {
        let is_it =
            matches!(self.all.first(), Some(Token { is: Is::Word, text: found }) if found.eq_ignore_ascii_case(word));
        if is_it {
            self.all = self.all.get(1..).unwrap_or_default();
        }
        is_it
    }

    fn word(&mut self, word: &str) -> Result<(), String> {
        if self.takes(word) { Ok(()) } else { Err(format!("{word} expected, found {:?}", self.all.first())) }
    }

    fn sign(&mut self, sign: &str) -> Result<(), String> {
        match self.next()? {
            Token { is: Is::Sign, text: found } if found == sign => Ok(()),
            found => Err(format!("{sign} expected, found {found:?}")),
        }
    }

    fn name(&mut self) -> Result<String, String> {
        match self.next()? {
            Token { is: Is::Word, text: word } => Ok(word),
            found => Err(format!("a name expected, found {found:?}")),
        }
    }

    fn number(&mut self) -> Result<usize, String> {
        let word = self.name()?;
        word.parse().map_err(|_| format!("a number expected, found {word}"))
    }

    fn condition(&mut self, kind: Kind) -> Result<Condition, String> {
        let property = filterable(kind, self.name()?)?;
        let (operator, is_list) = match self.next()? {
            Token { is: Is::Sign, text: sign } if ["=", "<", ">", "<=", ">="].contains(&sign.as_str()) => (sign, false),
            Token { is: Is::Word, text: word } if word.eq_ignore_ascii_case("in") => ("in".to_owned(), true),
            Token { is: Is::Word, text: word } if word.eq_ignore_ascii_case("like") => ("like".to_owned(), false),
            found => return Err(format!("an operator expected, found {found:?}")),
        };
        let mut values = Vec::new();
        if !is_list {
            values.push(self.value()?);
            return Ok(Condition { property, operator, values });
        }
        self.sign("(")?;
        loop {
            values.push(self.value()?);
            match self.next()? {
                Token { is: Is::Sign, text: sign } if sign == "," => {}
                Token { is: Is::Sign, text: sign } if sign == ")" => {
                    return Ok(Condition { property, operator, values });
                }
                found => return Err(format!(", or ) expected, found {found:?}")),
            }
        }
    }

    /// Texts stand in quotes; only true and false do not.
    fn value(&mut self) -> Result<String, String> {
        match self.next()? {
            Token { is: Is::Text, text } => Ok(text),
            Token { is: Is::Word, text: word } if matches!(word.to_ascii_lowercase().as_str(), "true" | "false") => {
                Ok(word.to_ascii_lowercase())
            }
            found => Err(format!("a value in single quotes expected, found {found:?}")),
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut out = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(first) = chars.next() {
        if first.is_whitespace() {
            continue;
        }
        if first == '\'' {
            let mut inner = String::new();
            loop {
                match chars.next().ok_or("a quote is not closed")? {
                    '\\' => inner.push(chars.next().ok_or("a sign expected behind the backslash")?),
                    '\'' => break,
                    other => inner.push(other),
                }
            }
            out.push(Token { is: Is::Text, text: inner });
        } else if "<>=(),*".contains(first) {
            let mut sign = first.to_string();
            if let Some(second) = chars.next_if(|next| *next == '=' && matches!(first, '<' | '>')) {
                sign.push(second);
            }
            out.push(Token { is: Is::Sign, text: sign });
        } else {
            let mut word = first.to_string();
            while let Some(next) = chars.next_if(|next| !next.is_whitespace() && !"<>=(),*'".contains(*next)) {
                word.push(next);
            }
            out.push(Token { is: Is::Word, text: word });
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn statements() {
        let rows = [
            json!({ "Id": "1", "DisplayName": "O'Brien \\ Co", "Active": true }),
            json!({ "Id": "2", "DisplayName": "Quay (deleted)", "Active": false }),
            json!({ "Id": "10", "DisplayName": "Harbour", "Active": true }),
        ];
        for (text, expected) in [
            ("select * from Customer", Some(vec!["1", "10"])),
            ("SELECT * FROM Customer WHERE Active IN (true, false) ORDERBY Id", Some(vec!["1", "2", "10"])),
            ("select * from Customer where Active = false", Some(vec!["2"])),
            ("select * from Customer orderby Id desc", Some(vec!["10", "1"])),
            (r"select * from Customer where DisplayName = 'O\'Brien \\ Co'", Some(vec!["1"])),
            ("select * from Customer where DisplayName like 'h%r' and Id > '2'", Some(vec!["10"])),
            ("select * from Customer startposition 2 maxresults 1", Some(vec!["10"])),
            ("select * from Customer where Id = '1' or Id = '2'", None),
            ("select * from customer", None),
            ("select * from Customer where Notes = 'x'", None),
            ("select Id from Customer", None),
            ("select * from Customer where DisplayName = 'O'Brien'", None),
            ("select * from Customer where DisplayName = Brien", None),
            ("select * from Customer maxresults 1001", None),
            ("select * from Customer maxresults 10 startposition 2", None),
        ] {
            let found = Query::parse(text).ok().map(|query| {
                let rows = query.rows(&rows);
                let page = query.page(&rows, &Fired::default());
                page.iter().map(|row| row["Id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
            });
            assert_eq!(found, expected.map(|ids| ids.iter().map(ToString::to_string).collect()), "{text}");
        }
    }
}
