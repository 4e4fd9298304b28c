//! JSON exports as rows: an array of objects, an object whose `content` is one, or one object a line.
//!
//! Numbers keep their text. Objects inside a row are laid flat (`company.id`), arrays inside a row are left out. An element
//! that is no row becomes a flaw and the rest goes on; text that is no JSON ends the reading with a flaw that says where.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::limits;
use crate::core::outside::excerpt;

/// Rows of a JSON text.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// Every key met, in the order first met.
    pub header: Vec<String>,
    /// The rows.
    pub rows: Vec<JsonRow>,
    /// Whether rows are lines, so that their numbers are line numbers.
    pub by_line: bool,
    /// How many rows the file itself says there are (`page.totalElements`).
    pub announced: Option<u64>,
}

/// One row.
#[derive(Debug, PartialEq, Eq)]
pub struct JsonRow {
    /// Its position or line, from 1.
    pub number: u64,
    /// Its cells by position in the header, or what is wrong with it.
    pub cells: Result<Vec<(usize, String)>, String>,
}

/// Reads a text; `Err` says why nothing in it is a row.
pub fn parse(text: &str, by_line: bool) -> Result<Parsed, String> {
    let mut reader = Reader { scan: Scanner { text, at: 0 }, known: BTreeMap::new(), out: Parsed::default() };
    reader.scan.blanks();
    let first = reader.scan.peek();
    if by_line || (first == Some(b'{') && reader.scan.is_sequence()) {
        reader.lines()?;
    } else if first == Some(b'[') {
        reader.array()?;
    } else if first == Some(b'{') {
        reader.page()?;
    } else {
        return Err("is no JSON: expected an array of objects, an object with `content`, or an object a line".into());
    }
    Ok(reader.out)
}

struct Reader<'t> {
    scan: Scanner<'t>,
    known: BTreeMap<String, usize>,
    out: Parsed,
}

impl Reader<'_> {
    fn lines(&mut self) -> Result<(), String> {
        self.out.by_line = true;
        for (line, number) in self.scan.text.lines().zip(1..) {
            if !line.trim().is_empty() {
                self.row(number, line)?;
            }
        }
        Ok(())
    }

    fn array(&mut self) -> Result<(), String> {
        let mut number = 1;
        self.scan.eat(b'[');
        if self.scan.eat(b']') {
            return Ok(());
        }
        loop {
            self.scan.blanks();
            let Some(element) = self.scan.value() else { return self.broken(number) };
            self.row(number, element)?;
            number = number.saturating_add(1);
            if self.scan.eat(b']') {
                return Ok(());
            }
            if !self.scan.eat(b',') {
                return self.broken(number);
            }
        }
    }

    /// An object with `content`, as one page of the Pax8 API is saved.
    fn page(&mut self) -> Result<(), String> {
        let mut found = false;
        self.scan.eat(b'{');
        loop {
            self.scan.blanks();
            let key: Option<String> = self.scan.value().and_then(|key| serde_json::from_str(key).ok());
            let (Some(key), true) = (key, self.scan.eat(b':')) else { break };
            self.scan.blanks();
            if key == "content" && self.scan.peek() == Some(b'[') {
                found = true;
                self.array()?;
            } else if let Some(value) = self.scan.value()
                && key == "page"
            {
                let page: Value = serde_json::from_str(value).unwrap_or_default();
                self.out.announced = page.get("totalElements").and_then(Value::as_u64);
            }
            if !self.scan.eat(b',') {
                break;
            }
        }
        if !found {
            return Err("has no array of rows: expected an array, or an object with the array `content`".into());
        }
        if self.out.rows.last().is_none_or(|row| row.cells.is_ok()) && !self.scan.eat(b'}') {
            let number = u64::try_from(self.out.rows.len()).unwrap_or(u64::MAX).saturating_add(1);
            return self.broken(number);
        }
        Ok(())
    }

    fn broken(&mut self, number: u64) -> Result<(), String> {
        let line = self.scan.line();
        let what = format!("from line {line} on the file is no JSON; it may be cut, and rows may be missing");
        if self.out.rows.is_empty() {
            return Err(what);
        }
        self.out.rows.push(JsonRow { number, cells: Err(what) });
        Ok(())
    }

    fn row(&mut self, number: u64, text: &str) -> Result<(), String> {
        let mut flat = Vec::new();
        let cells = match serde_json::from_str::<Entry>(text) {
            Ok(entry) => flatten("", entry.0, 0, &mut flat).and_then(|()| self.cells(flat)),
            Err(refused) => Err(format!("is not a row: {}", excerpt(&refused.to_string(), 120))),
        };
        if self.out.header.len() > limits::COLUMNS {
            return Err(format!("has more than {} different keys", limits::COLUMNS));
        }
        self.out.rows.push(JsonRow { number, cells });
        Ok(())
    }

    fn cells(&mut self, flat: Vec<(String, String)>) -> Result<Vec<(usize, String)>, String> {
        let mut cells: Vec<(usize, String)> = Vec::with_capacity(flat.len());
        for (key, value) in flat {
            if value.len() > limits::CELL_BYTES {
                return Err(format!("`{}` is longer than {} bytes", excerpt(&key, 60), limits::CELL_BYTES));
            }
            let fresh = self.out.header.len();
            let at = *self.known.entry(key.clone()).or_insert(fresh);
            if at == fresh {
                self.out.header.push(key.clone());
            }
            if cells.iter().any(|(there, _)| *there == at) {
                return Err(format!("the key `{}` is there twice", excerpt(&key, 60)));
            }
            cells.push((at, value));
        }
        Ok(cells)
    }
}

fn flatten(
    prefix: &str,
    entries: impl IntoIterator<Item = (String, Value)>,
    depth: usize,
    out: &mut Vec<(String, String)>,
) -> Result<(), String> {
    const DEPTH: usize = 4;
    for (key, value) in entries {
        let name = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
        if out.len() > limits::COLUMNS {
            return Err(format!("has more than {} keys", limits::COLUMNS));
        }
        match value {
            Value::Null => out.push((name, String::new())),
            Value::Bool(flag) => out.push((name, flag.to_string())),
            Value::Number(number) => out.push((name, number.to_string())),
            Value::String(text) => out.push((name, text)),
            Value::Object(inner) if depth < DEPTH => flatten(&name, inner, depth.saturating_add(1), out)?,
            Value::Array(_) | Value::Object(_) => {}
        }
    }
    Ok(())
}

/// An object whose keys are kept as written, so that a key written twice is seen.
struct Entry(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Entry;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entry(entries))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// Finds where values begin and end, without keeping them.
struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scanner<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.rest().bytes().next()
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        let blank = rest.len().saturating_sub(rest.trim_start_matches([' ', '\t', '\n', '\r']).len());
        self.at = self.at.saturating_add(blank);
    }

    fn eat(&mut self, sign: u8) -> bool {
        self.blanks();
        let there = self.peek() == Some(sign);
        self.at = self.at.saturating_add(usize::from(there));
        there
    }

    fn value(&mut self) -> Option<&'t str> {
        let rest = self.rest();
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<IgnoredAny>();
        values.next()?.ok()?;
        let end = values.byte_offset();
        self.at = self.at.saturating_add(end);
        rest.get(..end)
    }

    /// Whether one object follows another.
    fn is_sequence(&self) -> bool {
        let mut ahead = Scanner { text: self.text, at: self.at };
        ahead.value().is_some() && {
            ahead.blanks();
            ahead.peek() == Some(b'{')
        }
    }

    fn line(&self) -> usize {
        self.text.get(..self.at).unwrap_or_default().matches('\n').count().saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        match parse(text, false) {
            Err(what) => vec![format!("! {what}")],
            Ok(parsed) => {
                let cell = |(at, value): &(usize, String)| format!("{}={value}", parsed.header[*at]);
                let told = |row: &JsonRow| match &row.cells {
                    Ok(cells) => cells.iter().map(cell).collect::<Vec<_>>().join(" "),
                    Err(what) => format!("! {what}"),
                };
                parsed.rows.iter().map(|row| format!("{} {}", row.number, told(row))).collect()
            }
        }
    }

    #[test]
    fn three_shapes_are_read_with_exact_numbers() {
        let number = "12345678901234567.8900";
        for text in [
            format!("[{{\"id\":\"a\",\"n\":{number}}},\n{{\"n\":null}}]"),
            format!(
                "{{\"page\":{{\"totalElements\":2}},\"content\":[{{\"id\":\"a\",\"n\":{number}}},{{\"n\":null}}]}}"
            ),
        ] {
            assert_eq!(told(&text), [format!("1 id=a n={number}"), "2 n=".into()], "{text}");
        }
        let lines = format!("{{\"id\":\"a\",\"n\":{number}}}\n\n{{\"c\":{{\"id\":7}},\"l\":[1]}}\n");
        assert_eq!(told(&lines), [format!("1 id=a n={number}"), "3 c.id=7".into()]);
        assert_eq!(parse("{\"content\":[],\"page\":{\"totalElements\":9}}", false).unwrap().announced, Some(9));
        assert!(parse("[]", false).unwrap().rows.is_empty());
    }

    #[test]
    fn what_is_no_row_is_told_and_the_rest_goes_on() {
        assert_eq!(
            told("[{\"a\":1,\"a\":2},7,{\"a\":3}]"),
            [
                "1 ! the key `a` is there twice",
                "2 ! is not a row: invalid type: integer `7`, expected an object at line 1 column 1",
                "3 a=3"
            ]
        );
        for (cut, rows) in
            [("[{\"a\":1},{\"a\":", 2), ("[{\"a\":1}", 2), ("{\"content\":[{\"a\":1}]", 2), ("{\"a\":1}\n{\"a\"", 2)]
        {
            let told = told(cut);
            assert_eq!(told.len(), rows, "{cut}: {told:?}");
            assert!(told[1].contains('!'), "{cut}: {told:?}");
        }
        for nothing in ["[{", "{\"a\":1}", "7", "", "{\"content\":7}"] {
            assert!(told(nothing)[0].starts_with('!'), "{nothing}");
        }
    }
}
