//! What answers mean: the file's ordered rules, ahead of the client's own table.
//!
//! Keeps the invariant that the first rule that fits decides alone, whatever the status: servers say 200 and mean no.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::Value;

use super::codec::shown;
use super::language::{Class, Rule, Wait, When};
use super::lint_http::duration;
use super::path::Path;
use crate::connectors::error::ErrorKind;
use crate::connectors::http::{RefusedAs, Trouble};

/// A rule with its paths parsed.
pub(super) struct Reading {
    status: Vec<u16>,
    test: Test,
    class: Class,
    wait: Option<Wait>,
    message: Option<Path>,
    field: Option<Path>,
}

/// What a value at a place must be; any value of several will do.
#[derive(Clone)]
pub(super) struct Test {
    at: Option<Path>,
    wanted: Wanted,
}

#[derive(Clone)]
enum Wanted {
    Anything,
    OneOf(Vec<Value>),
    Like(String),
}

impl Test {
    pub(super) fn new(when: &When) -> Result<Self, String> {
        let wanted = match (&when.eq, &when.r#in, &when.like) {
            (Some(value), _, _) => Wanted::OneOf(vec![value.clone()]),
            (None, Some(values), _) => Wanted::OneOf(values.clone()),
            (None, None, Some(part)) => Wanted::Like(part.to_lowercase()),
            (None, None, None) => Wanted::Anything,
        };
        Ok(Self { at: when.at.as_deref().map(Path::parse).transpose()?, wanted })
    }

    pub(super) fn holds(&self, value: &Value) -> bool {
        let Some(at) = &self.at else { return true };
        at.all(value).into_iter().any(|found| match &self.wanted {
            Wanted::Anything => true,
            Wanted::OneOf(values) => values.contains(found),
            Wanted::Like(part) => found.as_str().is_some_and(|text| text.to_lowercase().contains(part)),
        })
    }
}

impl Reading {
    pub(super) fn new(rule: &Rule) -> Result<Self, String> {
        let parse = |text: &Option<String>| text.as_deref().map(Path::parse).transpose();
        Ok(Self {
            status: rule.when.status.clone(),
            test: Test::new(&rule.when)?,
            class: rule.is,
            wait: rule.wait.clone(),
            message: parse(&rule.message)?,
            field: parse(&rule.field)?,
        })
    }

    fn fits(&self, status: u16, body: &Value) -> bool {
        (self.status.is_empty() || self.status.contains(&status)) && self.test.holds(body)
    }

    fn trouble(&self, status: u16, headers: &HeaderMap, body: &Value) -> Trouble {
        let texts = |path: &Option<Path>| {
            let found = path.iter().flat_map(|path| path.all(body));
            let words: Vec<String> =
                found.map(|value| value.as_str().map_or_else(|| shown(value), str::to_owned)).collect();
            words.join("; ")
        };
        let words = texts(&self.message);
        let what = if words.is_empty() { status.to_string() } else { format!("{status}: {words}") };
        let refused = |as_what, message| {
            let field = Some(texts(&self.field)).filter(|text| !text.is_empty());
            Trouble::Refused { as_what, field, message }
        };
        match self.class {
            Class::Throttled => Trouble::Throttled { wait: self.pause(headers) },
            Class::Transient | Class::Unknown => Trouble::Transient { what, wait: self.pause(headers) },
            Class::Auth => Trouble::Unauthorized(what),
            Class::Forbidden => Trouble::Failed(ErrorKind::Auth(what)),
            Class::Missing => Trouble::Failed(ErrorKind::NotFound(what)),
            Class::Conflict => refused(RefusedAs::Conflict, what),
            Class::Duplicate => refused(RefusedAs::Duplicate, what),
            Class::Locked => refused(RefusedAs::Locked, what),
            Class::Rejected | Class::Fatal => refused(RefusedAs::Rejected, what),
        }
    }

    fn pause(&self, headers: &HeaderMap) -> Option<Duration> {
        let wait = self.wait.as_ref()?;
        let asked = match (&wait.fixed, &wait.header) {
            (Some(fixed), _) => duration(fixed),
            (None, Some(name)) => headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok().map(Duration::from_secs),
            (None, None) => None,
        }?;
        let most = wait.max.as_deref().and_then(duration);
        Some(most.map_or(asked, |most| asked.min(most)))
    }
}

/// What the first rule that fits says of an answer; `None` where none does.
pub(super) fn judge(rules: &[Reading], status: u16, headers: &HeaderMap, body: &[u8]) -> Option<Result<(), Trouble>> {
    if !rules.iter().any(|rule| rule.status.is_empty() || rule.status.contains(&status)) {
        return None;
    }
    let body = serde_json::from_slice(body).unwrap_or(Value::Null);
    rules.iter().find(|rule| rule.fits(status, &body)).map(|rule| Err(rule.trouble(status, headers, &body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Vec<Reading> {
        #[derive(serde::Deserialize)]
        struct File {
            errors: Vec<Rule>,
        }
        let file: File = toml::from_str(
            r#"
            errors = [
                { when = { status = [429] }, is = "throttled", wait = { header = "X-Wait", max = "5m" } },
                { when = { status = [503] }, is = "throttled", wait = { fixed = "2s" } },
                { when = { status = [400], at = "errors[].code", in = ["ObjectExists"] }, is = "duplicate",
                  message = "errors[].message", field = "errors[].field" },
                { when = { status = [400], at = "message", like = "not allowed to MODIFY" }, is = "locked" },
                { when = { status = [200], at = "ok", eq = false }, is = "rejected", message = "error" },
                { when = { status = [500] }, is = "rejected" },
                { when = { status = [404] }, is = "missing" },
                { when = { status = [401] }, is = "auth" },
                { when = { status = [403] }, is = "forbidden" },
                { when = { at = "retry", eq = true }, is = "transient" },
            ]"#,
        )
        .unwrap();
        file.errors.iter().map(|rule| Reading::new(rule).unwrap()).collect()
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let mut headers = HeaderMap::new();
        headers.insert("x-wait", "900".parse().unwrap());
        for (status, body, expected) in [
            (429, "<html>", "Throttled { wait: Some(300s) }"),
            (503, "", "Throttled { wait: Some(2s) }"),
            (
                400,
                r#"{"errors":[{"code":"X"},{"code":"ObjectExists","message":"taken","field":"identifier"}]}"#,
                r#"Refused { as_what: Duplicate, field: Some("identifier"), message: "400: taken" }"#,
            ),
            (
                400,
                r#"{"message":"You are not allowed to modify it"}"#,
                r#"Refused { as_what: Locked, field: None, message: "400" }"#,
            ),
            (
                200,
                r#"{"ok":false,"error":"no\nway"}"#,
                r#"Refused { as_what: Rejected, field: None, message: "200: no\nway" }"#,
            ),
            (500, "<html>", r#"Refused { as_what: Rejected, field: None, message: "500" }"#),
            (404, "", r#"Failed(NotFound("404"))"#),
            (401, "", r#"Unauthorized("401")"#),
            (403, "", r#"Failed(Auth("403"))"#),
            (418, r#"{"retry":true}"#, r#"Transient { what: "418", wait: None }"#),
        ] {
            let found = judge(&rules(), status, &headers, body.as_bytes());
            assert_eq!(format!("{:?}", found.unwrap().unwrap_err()), expected, "{status} {body}");
        }
        for (status, body) in [(200, r#"{"ok":true}"#), (400, r#"{"errors":[]}"#), (418, "")] {
            assert!(judge(&rules(), status, &headers, body.as_bytes()).is_none(), "{status} {body}");
        }
    }
}
