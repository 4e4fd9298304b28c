//! Substitution: `{name}` in addresses, headers, credentials and queries, `{b64json:…}`, `{quoted:name}` in addresses, and
//! `{number:name}` in bodies.
//!
//! Keeps the invariant that the position decides the escaping: a value can never add a path segment, a second header line
//! or another member to a JSON text. There are no conditions and no loops.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;

use crate::connectors::http;

const JSON_MARK: &str = "b64json:";
const NUMBER_MARK: &str = "number:";
const QUOTED_MARK: &str = "quoted:";

/// Where a text with substitutions stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
    /// In a path: percent-encoded.
    Path,
    /// In a header, a credential or a query value: as it is, without control characters (the client encodes queries).
    Plain,
}

/// A parsed text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Name(String),
    /// The digits of a whole number.
    Number(String),
    /// A text in single quotes, as the keys of OData are.
    Quoted(String),
    Json(Vec<Part>),
}

impl Template {
    /// Parses a text.
    ///
    /// # Errors
    /// An unclosed or unnamed brace.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            push_literal(&mut parts, before);
            if let Some(json) = after.strip_prefix(JSON_MARK) {
                let end = closing(json).ok_or_else(|| format!("`{{{JSON_MARK}` is not closed in `{text}`"))?;
                let (inside, after) = json.split_at(end);
                parts.push(Part::Json(json_parts(inside)));
                rest = after.strip_prefix('}').unwrap_or_default();
                continue;
            }
            let (name, after) = after.split_once('}').ok_or_else(|| format!("`{{` is not closed in `{text}`"))?;
            let (number, quoted) = (name.strip_prefix(NUMBER_MARK), name.strip_prefix(QUOTED_MARK));
            if !is_name(number.or(quoted).unwrap_or(name)) {
                return Err(format!("`{{{name}}}` is not a name in braces, in `{text}`"));
            }
            parts.push(match (number, quoted) {
                (Some(name), _) => Part::Number(name.to_owned()),
                (None, Some(name)) => Part::Quoted(name.to_owned()),
                (None, None) => Part::Name(name.to_owned()),
            });
            rest = after;
        }
        push_literal(&mut parts, rest);
        Ok(Self { parts })
    }

    /// Every name it needs.
    pub(super) fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for part in &self.parts {
            match part {
                Part::Literal(_) => {}
                Part::Name(name) | Part::Number(name) | Part::Quoted(name) => names.push(name.as_str()),
                Part::Json(inner) => names.extend(inner.iter().filter_map(|part| match part {
                    Part::Name(name) => Some(name.as_str()),
                    Part::Literal(_) | Part::Number(_) | Part::Quoted(_) | Part::Json(_) => None,
                })),
            }
        }
        names
    }

    /// Whether it is one number and nothing besides: then it stands for a number in JSON, not for a text.
    pub(super) fn is_number(&self) -> bool {
        matches!(self.parts.as_slice(), [Part::Number(_)])
    }

    /// Puts the values in, escaped for the position.
    ///
    /// # Errors
    /// A name without a value, a control character, or a JSON text that is none.
    pub(super) fn fill<'v>(
        &self,
        position: Position,
        value: &dyn Fn(&str) -> Option<&'v str>,
    ) -> Result<String, String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Name(name) => {
                    let value = value(name).ok_or_else(|| format!("`{{{name}}}` has no value"))?;
                    match position {
                        Position::Path => text.push_str(&segment(name, value)?),
                        Position::Plain if value.chars().any(char::is_control) => {
                            return Err(format!("the value of `{name}` holds a control character"));
                        }
                        Position::Plain => text.push_str(value),
                    }
                }
                Part::Number(name) => {
                    let value = value(name).unwrap_or_default();
                    if value.parse::<i64>().is_ok_and(|number| number.to_string() == value) {
                        text.push_str(value);
                    } else {
                        return Err(format!("`{name}` must be a whole number, found `{value}`"));
                    }
                }
                Part::Quoted(name) => {
                    let value = value(name).ok_or_else(|| format!("`{{{name}}}` has no value"))?;
                    let doubled = value.replace('\'', "''");
                    match position {
                        Position::Path => text.push_str(&format!("'{}'", segment(name, &doubled)?)),
                        Position::Plain => return Err(format!("`{{{QUOTED_MARK}{name}}}` belongs into an address")),
                    }
                }
                Part::Json(inner) => text.push_str(&encoded_json(inner, value)?),
            }
        }
        Ok(text)
    }
}

/// A value as one path segment. `.` and `..` would be resolved away even when they are encoded.
fn segment(name: &str, value: &str) -> Result<String, String> {
    if matches!(value, "" | "." | "..") {
        return Err(format!("the value of `{name}`, `{value}`, cannot stand in an address"));
    }
    Ok(http::segment(value))
}

/// The JSON text with its values put in (numbers bare, everything else escaped as inside a string), checked and encoded.
fn encoded_json<'v>(parts: &[Part], value: &dyn Fn(&str) -> Option<&'v str>) -> Result<String, String> {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Literal(literal) => text.push_str(literal),
            Part::Name(name) => {
                let value = value(name).ok_or_else(|| format!("`{{{name}}}` has no value"))?;
                let quoted = serde_json::Value::from(value).to_string();
                text.push_str(quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default());
            }
            Part::Json(_) | Part::Number(_) | Part::Quoted(_) => {
                return Err(format!("only names in braces can stand in `{JSON_MARK}`"));
            }
        }
    }
    let json: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| format!("the text after `{JSON_MARK}` is not JSON: {error}"))?;
    Ok(URL_SAFE.encode(json.to_string()))
}

fn push_literal(parts: &mut Vec<Part>, text: &str) {
    if !text.is_empty() {
        parts.push(Part::Literal(text.to_owned()));
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Where the brace that opened before `text` closes.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_u32;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Inside JSON only a name in braces is a substitution; other braces are JSON's own.
fn json_parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        literal.push_str(before);
        match after.split_once('}') {
            Some((name, after)) if is_name(name) => {
                push_literal(&mut parts, &literal);
                literal.clear();
                parts.push(Part::Name(name.to_owned()));
                rest = after;
            }
            _ => {
                literal.push('{');
                rest = after;
            }
        }
    }
    literal.push_str(rest);
    push_literal(&mut parts, &literal);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str, position: Position) -> Result<String, String> {
        Template::parse(text)?.fill(position, &|name| match name {
            "id" => Some("17"),
            "odd" => Some("a/b?c=d e%"),
            "dots" => Some(".."),
            "quote" => Some("O'Brien/"),
            "name" => Some("O\"Brien\\"),
            "lines" => Some("a\r\nX: y"),
            _ => None,
        })
    }

    #[test]
    fn the_position_decides_the_escaping() {
        for (text, position, expected) in [
            ("/things/{id}/parts", Position::Path, Ok("/things/17/parts")),
            ("/things/{odd}", Position::Path, Ok("/things/a%2Fb%3Fc%3Dd%20e%25")),
            ("{odd}", Position::Plain, Ok("a/b?c=d e%")),
            ("/things/{dots}", Position::Path, Err("the value of `dots`, `..`, cannot stand in an address")),
            ("{lines}", Position::Plain, Err("the value of `lines` holds a control character")),
            ("/x(k={quoted:quote})", Position::Path, Ok("/x(k='O%27%27Brien%2F')")),
            ("{quoted:quote}", Position::Plain, Err("`{quoted:quote}` belongs into an address")),
            ("{absent}", Position::Plain, Err("`{absent}` has no value")),
            ("{id", Position::Plain, Err("`{` is not closed in `{id`")),
            ("{a b}", Position::Plain, Err("`{a b}` is not a name in braces, in `{a b}`")),
            ("plain }", Position::Plain, Ok("plain }")),
        ] {
            assert_eq!(filled(text, position), expected.map(str::to_owned).map_err(str::to_owned), "{text}");
        }
    }

    #[test]
    fn a_number_is_a_whole_number_or_refused() {
        assert_eq!(filled("{number:id}", Position::Plain).unwrap(), "17");
        assert!(Template::parse("{number:id}").unwrap().is_number() && !Template::parse("{id}").unwrap().is_number());
        for (text, expected) in [
            ("{number:odd}", "`odd` must be a whole number, found `a/b?c=d e%`"),
            ("{number:absent}", "`absent` must be a whole number, found ``"),
            ("{number:}", "`{number:}` is not a name in braces, in `{number:}`"),
        ] {
            assert_eq!(filled(text, Position::Plain).unwrap_err(), expected);
        }
    }

    #[test]
    fn json_is_filled_checked_and_encoded_for_urls() {
        for (text, json) in [
            (r#"{b64json:{"company": {id}}}"#, r#"{"company":17}"#),
            (r#"{b64json:{"name": "{name}", "deep": {"x": [1]}}}"#, r#"{"deep":{"x":[1]},"name":"O\"Brien\\"}"#),
            (r#"{b64json:[["id", "ASC"]]}"#, r#"[["id","ASC"]]"#),
        ] {
            assert_eq!(filled(text, Position::Plain).unwrap(), URL_SAFE.encode(json), "{text}");
        }
        assert!(filled(r#"{b64json:{"name": {name}}}"#, Position::Plain).unwrap_err().contains("is not JSON"));
        assert!(filled(r#"{b64json:{"name": 1}"#, Position::Plain).unwrap_err().contains("is not closed"));
        assert_eq!(Template::parse(r#"x{id}{b64json:{"c": {name}}}"#).unwrap().names(), ["id", "name"]);
    }
}
