//! Secrets in what Pax8 repeats, such as the body of a webhook's delivery: found by the names they go by, at any depth.
//!
//! Keeps the invariant that what goes by a secret's name is dropped when it is read, also within a text that holds JSON, and
//! within one that was cut in the middle of it. Where it is not certain how long the secret is, more is dropped, not less.

use serde_json::{Map, Value};

use crate::connectors::pax8::term::squeezed;

/// What stands in a secret's place.
pub(super) const MASK: &str = "***";

/// How the names of secrets end, written small and without marks.
const NAMES: [&str; 7] =
    ["authorization", "password", "secret", "apikey", "accesstoken", "refreshtoken", "bearertoken"];

/// An address without what may be a key: who asks, and the values of its parameters.
pub(super) fn masked_url(text: &str) -> String {
    let (address, query) = text.split_once('?').map_or((text, None), |(address, query)| (address, Some(query)));
    let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
    let (host, path) = rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
    let host = host.rsplit_once('@').map_or_else(|| host.to_owned(), |(_, host)| format!("{MASK}@{host}"));
    let scheme = if scheme.is_empty() { String::new() } else { format!("{scheme}://") };
    let path = path.map(|path| format!("/{path}")).unwrap_or_default();
    let masked =
        |pair: &str| pair.split_once('=').map_or_else(|| MASK.to_owned(), |(name, _)| format!("{name}={MASK}"));
    let query = query.map(|query| format!("?{}", query.split('&').map(masked).collect::<Vec<_>>().join("&")));
    format!("{scheme}{host}{path}{}", query.unwrap_or_default())
}

/// A record or body as it is noted and shown: its `url` masked.
pub(super) fn noted(mut value: Value) -> Value {
    if let Some(url) = value.get_mut("url")
        && let Some(text) = url.as_str()
    {
        *url = Value::from(masked_url(text));
    }
    value
}

fn is_secret(name: &str) -> bool {
    let name = squeezed(name);
    NAMES.iter().any(|end| name.ends_with(end))
}

/// Whether a text may name a secret at all.
pub(super) fn names_a_secret(text: &str) -> bool {
    let text = squeezed(text);
    NAMES.iter().any(|name| text.contains(name))
}

/// Masks the secrets of an object, but for the fields that are known to hold none; whether there were any.
pub(super) fn mask_record(values: &mut Map<String, Value>, is_plain: impl Fn(&str) -> bool) -> bool {
    let mut found = false;
    for (name, value) in values.iter_mut().filter(|(name, _)| !is_plain(name)) {
        found |= if is_secret(name) { hide(value) } else { mask(value) };
    }
    found
}

fn hide(value: &mut Value) -> bool {
    if value.is_null() || value == MASK {
        return false;
    }
    *value = Value::from(MASK);
    true
}

fn mask_object(values: &mut Map<String, Value>) -> bool {
    let mut found = false;
    // A header as a pair: its name is a value, and so is what it holds.
    let is_pair = ["name", "key", "header"].iter().any(|name| {
        let text =
            values.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).and_then(|(_, value)| value.as_str());
        text.is_some_and(is_secret)
    });
    for (name, value) in values.iter_mut() {
        let is_held = is_pair && ["value", "values"].iter().any(|held| name.eq_ignore_ascii_case(held));
        found |= if is_held || is_secret(name) { hide(value) } else { mask(value) };
    }
    found
}

fn mask(value: &mut Value) -> bool {
    match value {
        Value::Object(values) => mask_object(values),
        // Every one of them is to be masked, not only the first.
        Value::Array(items) => items.iter_mut().map(mask).filter(|found| *found).count() > 0,
        Value::String(text) => match masked_text(text) {
            Some(masked) => {
                *text = masked;
                true
            }
            None => false,
        },
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A text without its secrets; nothing where it has none.
fn masked_text(text: &str) -> Option<String> {
    if text.trim_start().starts_with(['{', '[', '"'])
        && let Ok(mut inner) = serde_json::from_str::<Value>(text)
    {
        // Written anew where it names one: of a key that stands there twice only the last was seen.
        return (mask(&mut inner) || names_a_secret(text)).then(|| inner.to_string());
    }
    masked_words(text)
}

/// A text that is no JSON, or no longer: `Authorization: …`, `client_secret=…`, the beginning of a body that was cut.
fn masked_words(text: &str) -> Option<String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let (mut out, mut rest, mut found) = (String::new(), text, false);
    while let Some((before, from)) = rest.find(is_word).and_then(|at| rest.split_at_checked(at)) {
        let end = from.find(|c| !is_word(c)).unwrap_or(from.len());
        let Some((word, after)) = from.split_at_checked(end) else { break };
        out.extend([before, word]);
        rest = after;
        if is_secret(word)
            && let Some((lead, left)) = held(after)
        {
            out.extend([lead, MASK]);
            rest = left;
            found = true;
        }
    }
    out.push_str(rest);
    found.then_some(out)
}

/// What stands between a secret's name and the secret, and what comes after it; nothing where none follows.
fn held(after: &str) -> Option<(&str, &str)> {
    let quotes = |c: char| matches!(c, '"' | '\'' | '\\' | '[' | ' ' | '\t');
    let sign = after.trim_start_matches(quotes);
    let value = sign.strip_prefix([':', '='])?.trim_start_matches(quotes);
    let is_end = |c: char| {
        matches!(c, '"' | '\'' | '\\' | '\n' | '\r') || (sign.starts_with('=') && matches!(c, '&' | ' ' | ';'))
    };
    let (_, left) = value.split_at_checked(value.find(is_end).unwrap_or(value.len()))?;
    let lead = after.get(..after.len().checked_sub(value.len())?)?;
    (!value.is_empty() && left.len() < value.len()).then_some((lead, left))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> String {
        let mut values: Map<String, Value> = serde_json::from_str(text).unwrap();
        mask_object(&mut values);
        Value::Object(values).to_string()
    }

    #[test]
    fn an_address_is_noted_without_what_may_be_a_key() {
        for (given, noted) in [
            ("https://h.example/a", "https://h.example/a"),
            ("https://h.example/a?sig=k3y&api-version=2", "https://h.example/a?sig=***&api-version=***"),
            ("https://ada:k3y@h.example/a@b", "https://***@h.example/a@b"),
            ("https://h.example?k3y", "https://h.example?***"),
        ] {
            assert_eq!(masked_url(given), noted);
            assert_eq!(masked_url(noted), noted, "once is enough");
        }
    }

    #[test]
    fn a_secret_is_found_by_its_name_at_any_depth_and_in_any_text() {
        for (what, text) in [
            ("below", r#"{"a":[{"b":{"Authorization":"canary"}}]}"#),
            ("of any kind", r#"{"a":{"clientSecret":{"v":["canary"]},"api_key":7,"Proxy-Authorization":["canary"]}}"#),
            ("a header's pair", r#"{"headers":[{"name":"X-Authorization","value":"canary"}]}"#),
            ("a header's pair of lists", r#"{"headers":[{"Key":"authorization","Values":["canary"]}]}"#),
            ("JSON in a text", r#"{"body":"{\"a\":[{\"authorization\":\"canary\"}]}"}"#),
            ("JSON in JSON in a text", r#"{"body":"{\"a\":\"{\\\"authorization\\\":\\\"canary\\\"}\"}"}"#),
            ("a text of JSON in quotes", r#"{"body":"\"{\\\"authorization\\\":\\\"canary\\\"}\""}"#),
            ("a key escaped in a text", r#"{"body":"{\"\\u0061uthorization\":\"canary\"}"}"#),
            ("a key twice", r#"{"body":"{\"authorization\":\"canary\",\"authorization\":null}"}"#),
            ("JSON that was cut", r#"{"body":"{\"a\":{\"authorization\": \"canary one, two"}"#),
            ("JSON in JSON that was cut", r#"{"body":"{\"a\":\"{\\\"authorization\\\":\\\"canary"}"#),
            ("a header's line", r#"{"error":"POST /x\nAuthorization: Bearer canary, canary\nHost: h"}"#),
            ("a form", r#"{"error":"a=b&client_secret=canary&c=d"}"#),
            ("a word behind it", r#"{"error":"password = canary rest"}"#),
        ] {
            let masked = masked(text);
            let shows = masked.contains(MASK) || what == "a key twice";
            assert!(!masked.contains("canary") && shows, "{what}: {masked}");
        }
    }

    #[test]
    fn nothing_else_is_touched() {
        for text in [
            r#"{"a":{"price":12345678901234567.890,"note":"{\"a\": 1.10}","other":"authorization was refused"},"n":null}"#,
            r#"{"authorization":null,"secretary":"Ada","text":"the secret: "}"#,
            r#"{"field":"authorizations","value":["x"],"name":"plain","k":"a secretary: Ada"}"#,
        ] {
            let given: Value = serde_json::from_str(text).unwrap();
            assert_eq!(masked(text), given.to_string());
        }
        let around = masked(r#"{"error":"a=b&client_secret=canary&c=d"}"#);
        assert_eq!(around, r#"{"error":"a=b&client_secret=***&c=d"}"#);
    }
}
