//! Paths into a JSON answer: `address.country`, `phones[type=main].number`, `lines[0].text`, `errors[].message`, `"_id.x"`, `$`.
//!
//! Owns the grammar `seg("."seg)*` with `seg = name ("[" key "=" value ("," key "=" value)* "]")? | name "[]" | name "[0]"`.
//! A path that was parsed always reads: what is not there is `None`, never an error.

use serde_json::Value;

/// A parsed path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) segments: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) name: String,
    pub(super) pick: Pick,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pick {
    /// The member itself.
    Whole,
    /// The first element whose members read as said, or the object itself where theirs do.
    Keyed(Vec<(String, String)>),
    /// The first element, whatever it holds.
    First,
    /// Every element.
    Each,
}

impl Path {
    /// Parses a path.
    ///
    /// # Errors
    /// What is wrong with it, for a person.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text == "$" {
            return Ok(Self { segments: Vec::new() });
        }
        let mut rest = text;
        let mut segments = Vec::new();
        loop {
            let (segment, after) = segment(rest).map_err(|what| format!("path `{text}`: {what}"))?;
            segments.push(segment);
            match after.strip_prefix('.') {
                Some(more) => rest = more,
                None if after.is_empty() => return Ok(Self { segments }),
                None => return Err(format!("path `{text}`: `.` or the end expected at `{after}`")),
            }
        }
    }

    /// The value there, if any: the first of them where there may be several; JSON `null` is no value.
    pub(super) fn get<'v>(&self, from: &'v Value) -> Option<&'v Value> {
        self.all(from).into_iter().next()
    }

    /// Every value there; JSON `null` is no value.
    pub(super) fn all<'v>(&self, from: &'v Value) -> Vec<&'v Value> {
        let mut found = Vec::new();
        walk(&self.segments, from, &mut found);
        found
    }

    /// The names from the top, where it is a plain place; the root is none.
    pub(super) fn names(&self) -> Option<Vec<&str>> {
        let plain = |segment: &Segment| segment.pick == Pick::Whole;
        let is_plain = !self.segments.is_empty() && self.segments.iter().all(plain);
        is_plain.then(|| self.segments.iter().map(|segment| segment.name.as_str()).collect())
    }

    /// Whether it goes into a keyed element that a write may have to make.
    pub(super) fn is_keyed(&self) -> bool {
        self.segments.iter().any(|segment| matches!(segment.pick, Pick::Keyed(_)))
    }
}

fn walk<'v>(segments: &[Segment], from: &'v Value, found: &mut Vec<&'v Value>) {
    let Some((first, rest)) = segments.split_first() else {
        if !from.is_null() {
            found.push(from);
        }
        return;
    };
    let Some(member) = from.get(&first.name) else { return };
    // an object is the only element there is
    let alone = member.is_object() && matches!(first.pick, Pick::Keyed(_));
    let elements =
        if alone { std::slice::from_ref(member) } else { member.as_array().map(Vec::as_slice).unwrap_or_default() };
    match &first.pick {
        Pick::Whole => walk(rest, member, found),
        Pick::First => elements.iter().take(1).for_each(|element| walk(rest, element, found)),
        Pick::Each => elements.iter().for_each(|element| walk(rest, element, found)),
        Pick::Keyed(wanted) => {
            if let Some(element) = elements.iter().find(|element| is_keyed_by(element, wanted)) {
                walk(rest, element, found);
            }
        }
    }
}

/// Whether an element's members read as said.
pub(super) fn is_keyed_by(element: &Value, wanted: &[(String, String)]) -> bool {
    wanted.iter().all(|(key, value)| element.get(key).is_some_and(|held| reads_as(held, value)))
}

fn reads_as(found: &Value, wanted: &str) -> bool {
    match found {
        Value::String(text) => text == wanted,
        Value::Number(number) => number.as_str() == wanted,
        Value::Bool(flag) => (if *flag { "true" } else { "false" }) == wanted,
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

fn segment(text: &str) -> Result<(Segment, &str), String> {
    let (name, rest) = word(text, &['.', '[', ']', '"', '=', ','])?;
    if name.is_empty() {
        return Err(format!("a name expected at `{text}`"));
    }
    let Some(inside) = rest.strip_prefix('[') else {
        return Ok((Segment { name, pick: Pick::Whole }, rest));
    };
    if let Some(after) = inside.strip_prefix(']') {
        return Ok((Segment { name, pick: Pick::Each }, after));
    }
    if let Some(after) = inside.strip_prefix("0]") {
        return Ok((Segment { name, pick: Pick::First }, after));
    }
    let mut wanted = Vec::new();
    let mut rest = inside;
    loop {
        let (key, after) = word(rest, &['=', ']', ',', '['])?;
        let Some(after) = after.strip_prefix('=').filter(|_| !key.is_empty()) else {
            return Err(format!("`key=value` expected in the brackets at `{rest}`"));
        };
        let (value, after) = word(after, &[',', ']'])?;
        wanted.push((key, value));
        if let Some(end) = after.strip_prefix(']') {
            return Ok((Segment { name, pick: Pick::Keyed(wanted) }, end));
        }
        rest = after.strip_prefix(',').ok_or("the bracket is not closed")?;
    }
}

/// A quoted word, or everything up to one of `ends`.
fn word<'t>(text: &'t str, ends: &[char]) -> Result<(String, &'t str), String> {
    if let Some(quoted) = text.strip_prefix('"') {
        return quoted
            .split_once('"')
            .map(|(word, rest)| (word.to_owned(), rest))
            .ok_or_else(|| "the quotation mark is not closed".to_owned());
    }
    let end = text.find(ends).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    Ok((word.to_owned(), rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_find_what_they_name_and_nothing_else() {
        let row = json!({
            "id": 7, "empty": null, "dotted.name": "d",
            "address": {"country": {"name": "Norway"}},
            "phones": [{"type": "fax", "number": "1"}, {"type": "main", "default": true, "number": "2"}],
            "errors": [{"code": null}, {"code": "ObjectExists", "message": "taken"}],
            "customFields": [{"caption": "Line Type", "value": "credit"}, {"id": 3, "caption": "A, b=c]", "value": "odd"}],
        });
        for (path, expected) in [
            ("id", Some(json!(7))),
            ("empty", None),
            ("absent.deep", None),
            ("id.deep", None),
            ("address.country.name", Some(json!("Norway"))),
            ("phones[type=main].number", Some(json!("2"))),
            ("phones[type=main,default=true].number", Some(json!("2"))),
            ("phones[type=home].number", None),
            ("errors[].code", Some(json!("ObjectExists"))),
            ("errors[].message", Some(json!("taken"))),
            ("phones[0].number", Some(json!("1"))),
            ("errors[0].message", None),
            ("none[0].number", None),
            ("customFields[caption=Line Type].value", Some(json!("credit"))),
            (r#"customFields[caption="A, b=c]"].value"#, Some(json!("odd"))),
            ("customFields[id=3].value", Some(json!("odd"))),
            (r#""dotted.name""#, Some(json!("d"))),
            ("address[]", None),
        ] {
            assert_eq!(Path::parse(path).unwrap().get(&row), expected.as_ref(), "{path}");
        }
        assert_eq!(Path::parse("$").unwrap().get(&row), Some(&row));
    }

    #[test]
    fn bad_paths_are_refused_with_the_place() {
        for (path, message) in [
            ("", "path ``: a name expected at ``"),
            ("a..b", "path `a..b`: a name expected at `.b`"),
            ("a.", "path `a.`: a name expected at ``"),
            ("a[b", "path `a[b`: `key=value` expected in the brackets at `b`"),
            ("a[b=c", "path `a[b=c`: the bracket is not closed"),
            ("a[1]", "path `a[1]`: `key=value` expected in the brackets at `1]`"),
            ("a[=c]", "path `a[=c]`: `key=value` expected in the brackets at `=c]`"),
            ("a]b", "path `a]b`: `.` or the end expected at `]b`"),
            (r#""a"#, "path `\"a`: the quotation mark is not closed"),
        ] {
            assert_eq!(Path::parse(path).unwrap_err(), message);
        }
    }

    proptest! {
        #[test]
        fn a_value_put_under_any_name_is_found_by_its_quoted_name(name in "[^\"\u{0}]{1,12}", value in any::<i64>()) {
            let row = json!({ &name: [{"k": format!("{name}!"), "v": 0}, {"k": &name, "v": value}] });
            let found = Path::parse(&format!("\"{name}\"[k=\"{name}\"].v")).unwrap();
            prop_assert_eq!(found.get(&row), Some(&json!(value)));
        }

        #[test]
        fn no_text_makes_the_parser_fall(text in ".{0,40}") {
            if let Ok(path) = Path::parse(&text) {
                path.get(&json!({"a": [1, {"b": null}]}));
            }
        }
    }
}
