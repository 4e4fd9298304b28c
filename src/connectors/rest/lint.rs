//! Lint: whether a connector file can work, said without a network, line by line.
//!
//! Keeps the invariant that what passes here cannot fail later for a reason the file alone could have told: bad paths,
//! names nobody fills in, fields that no record has, lists without an end.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::canonical;
use super::language::{
    Auth, Codec, Connector, CustomShape, Entity, InPatch, List, Page, PageIn, Rule, Setting, SettingKind, Size, When,
};
use super::path::Path;
use super::source::{Fault, Source, hint};
use super::template::Template;
use super::{lint_calls, lint_fields, lint_stretches, lint_write, tickets};

const SCHEMA: u32 = 1;
const CONCURRENCY_MAX: u32 = 32;

/// The credentials of a kind of authentication, by their keys.
fn credentials(auth: &Auth) -> Vec<(&'static str, &str)> {
    match auth {
        Auth::None {} => Vec::new(),
        Auth::Bearer { token } => vec![("token", token)],
        Auth::Basic { user: _, pass } => vec![("pass", pass)],
        Auth::Header { name: _, value }
        | Auth::Query { name: _, value, also_body: _ }
        | Auth::Body { name: _, value } => {
            vec![("value", value)]
        }
        // one of the fields holds it: see `exchange`
        Auth::Exchange { .. } => Vec::new(),
        Auth::Oauth2 { secret, refresh, token: _, client: _, scope: _, basic: _ } => {
            let refresh = refresh.as_deref().map(|refresh| ("refresh", refresh));
            [("secret", secret.as_str())].into_iter().chain(refresh).collect()
        }
    }
}

/// Whether a text can name a header.
pub(super) fn is_header(name: &str) -> bool {
    reqwest::header::HeaderName::from_bytes(name.as_bytes()).is_ok()
}

/// Headers that let in wherever they are used.
fn is_credential(header: &str) -> bool {
    let header = header.to_ascii_lowercase();
    ["authorization", "cookie", "api-key", "apikey", "token", "secret"].iter().any(|part| header.contains(part))
}

/// Reads and checks a file.
pub(super) fn read(file: &str, text: &str) -> Result<Connector, Vec<Fault>> {
    let source = Source::parse(file, text).map_err(|fault| vec![fault])?;
    let connector = source.connector().map_err(|fault| vec![fault])?;
    let mut lint =
        Lint { source: &source, connector: &connector, faults: Vec::new(), here: Vec::new(), used: BTreeSet::new() };
    lint.whole();
    let mut faults = lint.faults;
    faults.sort();
    faults.dedup();
    if faults.is_empty() { Ok(connector) } else { Err(faults) }
}

/// The faults found so far, and where in the file the check stands.
pub(super) struct Lint<'f> {
    source: &'f Source<'f>,
    pub(super) connector: &'f Connector,
    faults: Vec<Fault>,
    here: Vec<String>,
    /// The names that texts of the file put values in for.
    used: BTreeSet<String>,
}

impl<'f> Lint<'f> {
    /// Checks what stands at one key.
    pub(super) fn at(&mut self, key: &str, check: impl FnOnce(&mut Self)) {
        self.here.push(key.to_owned());
        check(self);
        self.here.pop();
    }

    /// Checks one element of an array.
    pub(super) fn nth(&mut self, index: usize, check: impl FnOnce(&mut Self)) {
        self.at(&index.to_string(), check);
    }

    /// Checks what stands at a key, where there is something.
    pub(super) fn maybe<T>(&mut self, key: &str, value: Option<&'f T>, check: impl FnOnce(&mut Self, &'f T)) {
        if let Some(value) = value {
            self.at(key, |lint| check(lint, value));
        }
    }

    pub(super) fn fault(&mut self, what: impl Into<String>) {
        let fault = self.source.fault(&self.here, what);
        self.faults.push(fault);
    }

    pub(super) fn demand(&mut self, holds: bool, what: impl Into<String>) {
        if !holds {
            self.fault(what);
        }
    }

    /// One of several keys, no more and no fewer.
    pub(super) fn one_of(&mut self, names: &[(&str, bool)]) {
        let said = names.iter().filter(|(_, said)| *said).count();
        let all: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
        self.demand(said == 1, format!("exactly one of {} is needed, {said} are given", all.join(", ")));
    }

    pub(super) fn path(&mut self, text: &str) -> Option<Path> {
        Path::parse(text).map_err(|what| self.fault(what)).ok()
    }

    pub(super) fn duration(&mut self, text: &str) {
        if duration(text).is_none() {
            self.fault(format!("`{text}` is not a length of time written like 30s, 5m, 24h"));
        }
    }

    /// A text with substitutions: settings, and the names the place adds.
    pub(super) fn template(&mut self, text: &str, extra: &[&str]) -> Option<Template> {
        let template = Template::parse(text).map_err(|what| self.fault(what)).ok()?;
        for name in template.names() {
            self.used.insert(name.to_owned());
            if !self.connector.settings.contains_key(name) && !extra.contains(&name) {
                let known: Vec<&str> =
                    self.connector.settings.keys().map(String::as_str).chain(extra.iter().copied()).collect();
                self.fault(format!("`{{{name}}}` is no setting{}", hint(name, &known)));
            }
        }
        Some(template)
    }

    /// Text inside a JSON value may hold substitutions.
    pub(super) fn templates_in(&mut self, value: &Value, extra: &[&str]) {
        match value {
            Value::String(text) => {
                self.template(text, extra);
            }
            Value::Array(items) => items.iter().for_each(|item| self.templates_in(item, extra)),
            Value::Object(members) => members.values().for_each(|member| self.templates_in(member, extra)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// An address of one record, with the ids it may name.
    pub(super) fn address(&mut self, text: &str, extra: &[&str]) {
        self.demand(text.starts_with('/'), format!("`{text}` must begin with `/`"));
        let climbs = text.split(['/', '?']).any(|part| matches!(part, "." | ".."));
        self.demand(!climbs, format!("`{text}` holds a dot segment; write the address it leads to"));
        self.template(text, extra);
    }

    fn whole(&mut self) {
        let connector = self.connector;
        self.at("schema", |lint| {
            let found = connector.schema;
            lint.demand(found == SCHEMA, format!("this program reads schema {SCHEMA}, found {found}"));
        });
        self.at("name", |lint| lint.demand(!connector.name.trim().is_empty(), "a name is needed"));
        self.at("settings", |lint| {
            for (name, setting) in &connector.settings {
                lint.at(name, |lint| lint.setting(name, setting));
            }
        });
        self.at("http", Self::http);
        self.at("limits", Self::limits);
        self.at("errors", |lint| {
            for (index, rule) in connector.errors.iter().enumerate() {
                lint.nth(index, |lint| lint.rule(rule));
            }
        });
        self.maybe("custom_fields", connector.custom_fields.as_ref(), |lint, custom| {
            lint.at("at", |lint| {
                let is_plain = lint.path(&custom.at).is_none_or(|at| custom.at == "$" || at.names().is_some());
                lint.demand(is_plain, "a plain place is needed, such as `customFields`");
            });
            let is_array = custom.shape == CustomShape::Array;
            let is_prefix = custom.shape == CustomShape::Prefix;
            lint.demand(!is_array || custom.at != "$", "shape `array` needs `at`: the member that is the list");
            lint.demand(is_array || custom.value.is_none(), "`value` is for shape `array`");
            lint.demand(is_array || custom.key.is_none(), "`key` is for shape `array`");
            lint.demand(is_prefix == custom.prefix.is_some(), "`prefix` is for shape `prefix`, which needs it");
            let uses = connector.entity.values().flat_map(|entity| entity.fields.values());
            let is_used =
                uses.into_iter().any(|field| field.custom.is_some()) || custom.in_patch == Some(InPatch::Always);
            lint.demand(is_used, "no field has `custom`: nothing is read or written there");
            lint.demand(!is_array || custom.key.is_some(), "shape `array` needs `key`: the member that names a field");
            lint.demand(is_array || custom.send.is_empty(), "`send` is for shape `array`");
            lint.maybe("ids", custom.ids.as_ref(), |lint, ids| {
                lint.demand(is_array, "`ids` is for shape `array`");
                lint_fields::reference(lint, &ids.entity, Some(&ids.key));
            });
            lint.demand(is_array || custom.in_patch != Some(InPatch::Always), "`in_patch` is for shape `array`");
        });
        self.maybe("ticket", connector.ticket.as_ref(), tickets::lint);
        self.at("entity", |lint| {
            lint.demand(
                canonical::ENTITIES.iter().any(|name| connector.entity.contains_key(*name)),
                format!("at least one of {} is needed", canonical::ENTITIES.join(", ")),
            );
            for (name, entity) in &connector.entity {
                lint.at(name, |lint| lint.entity(name, entity));
            }
        });
        self.at("settings", |lint| {
            for name in connector.settings.keys() {
                let used = lint.used.contains(name);
                lint.at(name, |lint| lint.demand(used, "nothing in the file uses it"));
            }
        });
    }

    fn setting(&mut self, name: &str, setting: &Setting) {
        if self.connector.entity.contains_key(name) || matches!(name, "id" | "link") {
            self.fault(format!("`{{{name}}}` would mean two things; give the setting another name"));
        }
        if let Some(default) = &setting.default {
            self.at("default", |lint| {
                lint.demand(setting.kind != SettingKind::Secret, "a secret has no default");
                if let Err(what) = setting_value(setting.kind, default) {
                    lint.fault(what);
                }
            });
        }
    }

    fn http(&mut self) {
        let http = &self.connector.http;
        self.at("base", |lint| {
            let starts = http.base.starts_with("https://") || http.base.starts_with("http://");
            let by_setting = http.base.strip_prefix('{').and_then(|rest| rest.split('}').next()).is_some_and(|name| {
                lint.connector.settings.get(name).is_some_and(|setting| setting.kind == SettingKind::Url)
            });
            lint.demand(starts || by_setting, "the base must begin with `https://` or a setting of kind url");
            lint.template(&http.base, &[]);
            lint.plain_host(&http.base);
        });
        self.maybe("discover", http.discover.as_ref(), lint_calls::discover);
        self.at("headers", |lint| {
            for (name, value) in &http.headers {
                lint.at(name, |lint| {
                    lint.template(value, &[]);
                    if is_credential(name) {
                        lint.credential(value);
                    }
                });
            }
        });
        self.at("auth", |lint| {
            for (key, value) in credentials(&http.auth) {
                lint.at(key, |lint| lint.credential(value));
            }
            let mut text = |key: &str, value: &str| lint.at(key, |lint| _ = lint.template(value, &[]));
            match &http.auth {
                Auth::None {} => {}
                Auth::Bearer { token } => text("token", token),
                Auth::Basic { user, pass } => {
                    text("user", user);
                    text("pass", pass);
                }
                Auth::Header { name: _, value } | Auth::Query { name: _, value, also_body: _ } => text("value", value),
                Auth::Body { name: _, value } => {
                    text("value", value);
                    lint.bodies();
                }
                Auth::Exchange { .. } => lint_calls::exchange(lint, &http.auth),
                Auth::Oauth2 { token, client, secret, scope, refresh, basic: _ } => {
                    text("token", token);
                    text("client", client);
                    text("secret", secret);
                    text("scope", scope.as_deref().unwrap_or_default());
                    text("refresh", refresh.as_deref().unwrap_or_default());
                }
            }
        });
    }

    /// A credential is a secret setting with words around it at most: a connector file is passed on, a secret is not.
    pub(super) fn credential(&mut self, text: &str) {
        let Ok(template) = Template::parse(text) else { return };
        let settings = &self.connector.settings;
        let is_secret = |name: &str| settings.get(name).is_none_or(|setting| setting.kind == SettingKind::Secret);
        if !template.names().into_iter().any(is_secret) {
            self.fault(
                "a credential belongs into a setting of kind secret, written here as `{name}`, not into the file",
            );
        }
    }

    /// A credential in the body goes only with calls that have one.
    fn bodies(&mut self) {
        for (name, entity) in &self.connector.entity {
            let asks = entity.list.as_ref().is_none_or(|list| list.post.is_some());
            let sends = asks && entity.get.is_none();
            self.demand(sends, format!("`{name}` is read by GET, which has no body: use `query` with `also_body`"));
        }
    }

    pub(super) fn plain_host(&mut self, base: &str) {
        let Some(host) = base.strip_prefix("http://").and_then(|rest| rest.split('/').next()) else { return };
        let name = host.rsplit_once(':').filter(|_| !host.ends_with(']')).map_or(host, |(name, _port)| name);
        let here = matches!(name, "localhost" | "127.0.0.1" | "[::1]") || name.starts_with('{');
        self.demand(here, format!("{host} would be spoken to without TLS; write https"));
    }

    fn limits(&mut self) {
        let limits = &self.connector.limits;
        self.at("rate", |lint| {
            for (index, rate) in limits.rate.iter().enumerate() {
                lint.nth(index, |lint| {
                    lint.demand(rate.calls > 0, "`calls` must be at least 1");
                    lint.at("per", |lint| lint.duration(&rate.per));
                });
            }
        });
        self.maybe("concurrency", limits.concurrency.as_ref(), |lint, most| {
            lint.demand((1..=CONCURRENCY_MAX).contains(most), format!("1 to {CONCURRENCY_MAX} expected, found {most}"));
        });
        self.at("endpoints", |lint| {
            for (index, endpoint) in limits.endpoints.iter().enumerate() {
                lint.nth(index, |lint| {
                    lint.at("path", |lint| {
                        let begins = format!("`{}` must begin with `/`, and names nothing in braces", endpoint.path);
                        lint.demand(endpoint.path.starts_with('/') && !endpoint.path.contains('{'), begins);
                    });
                    let most = endpoint.concurrency;
                    let range = format!("1 to {CONCURRENCY_MAX} expected, found {most}");
                    lint.at("concurrency", |lint| lint.demand((1..=CONCURRENCY_MAX).contains(&most), range));
                });
            }
        });
        self.maybe("observe", limits.observe.as_ref(), |lint, observed| {
            for (key, header) in [("remaining", &observed.remaining), ("reset", &observed.reset)] {
                let what = format!("`{header}` is not a header name");
                lint.at(key, |lint| lint.demand(is_header(header), what));
            }
        });
        self.maybe("quota", limits.quota.as_ref(), lint_stretches::quota);
        self.maybe("url_max", limits.url_max.as_ref(), |lint, most| lint.demand(*most >= 100, "100 or more expected"));
    }

    fn rule(&mut self, rule: &Rule) {
        self.at("when", |lint| lint.when(&rule.when));
        for (key, path) in [("message", &rule.message), ("field", &rule.field)] {
            if let Some(path) = path {
                self.at(key, |lint| _ = lint.path(path));
            }
        }
        if let Some(wait) = &rule.wait {
            self.at("wait", |lint| {
                lint.one_of(&[("header", wait.header.is_some()), ("fixed", wait.fixed.is_some())]);
                wait.fixed.iter().chain(&wait.max).for_each(|text| lint.duration(text));
            });
        }
    }

    pub(super) fn when(&mut self, when: &When) {
        if let Some(odd) = when.status.iter().find(|status| !(100..=599).contains(*status)) {
            self.at("status", |lint| lint.fault(format!("{odd} is no status; they go from 100 to 599")));
        }
        let tests = [when.eq.is_some(), when.r#in.is_some(), when.like.is_some()].iter().filter(|said| **said).count();
        match &when.at {
            None => {
                self.demand(tests == 0, "`eq`, `in` and `like` need `at`");
                self.demand(!when.status.is_empty(), "a condition is needed: `status`, or `at` with a test");
            }
            Some(path) => {
                self.demand(tests == 1, format!("`at` needs exactly one of eq, in, like; {tests} are given"));
                self.at("at", |lint| _ = lint.path(path));
            }
        }
    }

    fn entity(&mut self, name: &'f str, entity: &'f Entity) {
        if !canonical::ENTITIES.contains(&name) && !self.is_used(name) {
            let hint = hint(name, &canonical::ENTITIES);
            self.fault(format!("no record of ours is made of `{name}`, and no parent or ref names it{hint}"));
        }
        self.at("id", |lint| _ = lint.path(&entity.id));
        let ancestors = self.ancestors(name);
        if let Some(version) = &entity.version {
            self.at("version", |lint| {
                lint.one_of(&[("at", version.at.is_some()), ("header", version.header.is_some())]);
                lint.maybe("at", version.at.as_ref(), |lint, path| _ = lint.path(path));
            });
        }
        let is_above = self.connector.entity.values().any(|other| other.above.as_deref() == Some(name));
        match (&entity.list, &entity.inside) {
            (None, None) if !is_above => self.fault("a `list` is needed: nothing else says which records there are"),
            (Some(_), Some(_)) => {
                self.fault("`list` is for records with a list of their own; these are `inside` another");
            }
            (_, None) | (None, Some(_)) => {}
        }
        self.maybe("inside", entity.inside.as_ref(), |lint, inside| {
            if let Some(path) = lint.path(inside) {
                lint.demand(path.names().is_some(), "a plain place is needed, such as `lines`");
            }
            lint.demand(entity.parent.is_some(), "`parent` is needed: what they are inside of");
            for (name, said) in [
                ("get", entity.get.is_some()),
                ("version", entity.version.is_some()),
                ("parent_at", entity.parent_at.is_some()),
            ] {
                lint.demand(!said, format!("`{name}` is the record's they are inside of: say it there"));
            }
        });
        self.maybe("list", entity.list.as_ref(), |lint, list| lint.list(entity, list, &ancestors));
        let one: Vec<&str> = ancestors.iter().copied().chain(["id"]).collect();
        self.maybe("get", entity.get.as_ref(), |lint, get| {
            lint.at("get", |lint| lint.address(&get.get, &one));
            lint.maybe("record", get.record.as_ref(), |lint, path| _ = lint.path(path));
            lint.at("as_listed", |lint| {
                let known: Vec<&str> =
                    entity.list.iter().flat_map(|list| list.query.keys()).map(String::as_str).collect();
                for name in get.as_listed.iter().filter(|name| !known.contains(&name.as_str())) {
                    lint.fault(format!("the list has no parameter `{name}`{}", hint(name, &known)));
                }
            });
        });
        lint_fields::check(self, name, entity);
        lint_write::check(self, entity, &ancestors);
    }

    fn is_used(&self, name: &str) -> bool {
        let refers = |codec: Option<&Codec>| matches!(codec, Some(Codec::Ref { entity, .. }) if entity == name);
        let of_fields = self.connector.custom_fields.as_ref().and_then(|custom| custom.ids.as_ref());
        let is_list_of_fields = of_fields.is_some_and(|ids| ids.entity == name);
        let by_days = |other: &Entity| other.stretches.as_ref().is_some_and(|rows| rows.entity == name);
        is_list_of_fields
            || self.connector.entity.values().any(by_days)
            || lint_stretches::is_named(self, name, "")
            || self.connector.entity.values().any(|other| {
                other.over() == Some(name) || other.fields.values().any(|field| refers(field.codec.as_ref()))
            })
    }

    /// The entities above one, nearest first; a circle ends where it closes.
    fn ancestors(&mut self, name: &str) -> Vec<&'f str> {
        let mut above: Vec<&'f str> = Vec::new();
        let mut next = self.connector.entity.get(name).and_then(|entity| entity.parent.as_deref());
        while let Some(parent) = next {
            if parent == name || above.contains(&parent) {
                self.at("parent", |lint| lint.fault(format!("`{parent}` is its own ancestor")));
                break;
            }
            above.push(parent);
            let Some(entity) = self.connector.entity.get(parent) else {
                let known: Vec<&str> = self.connector.entity.keys().map(String::as_str).collect();
                let hint = hint(parent, &known);
                self.at("parent", |lint| lint.fault(format!("there is no entity `{parent}`{hint}")));
                break;
            };
            next = entity.parent.as_deref();
        }
        above
    }

    fn list(&mut self, entity: &Entity, list: &'f List, ancestors: &[&str]) {
        self.one_of(&[("get", list.get.is_some()), ("post", list.post.is_some())]);
        self.at(if list.post.is_some() { "post" } else { "get" }, |lint| {
            lint.address(list.address(), ancestors);
            if let Some(parent) = &entity.parent {
                let named =
                    |text: &str| Template::parse(text).is_ok_and(|text| text.names().contains(&parent.as_str()));
                let said = named(list.address())
                    || list.query.values().any(|value| value.as_str().is_some_and(named))
                    || list.body.as_ref().is_some_and(|body| body.to_string().contains(&format!("{{{parent}}}")));
                lint.demand(said, format!("the list of each `{parent}` must say which: `{{{parent}}}`"));
            }
        });
        self.at("query", |lint| {
            for (name, value) in &list.query {
                lint.at(name, |lint| {
                    lint.templates_in(value, ancestors);
                    lint.demand(is_query(value), "a text, a number, true or false, or a list of these is expected");
                });
            }
        });
        self.maybe("body", list.body.as_ref(), |lint, body| {
            lint.demand(list.post.is_some(), "a list asked for by GET has no body; say `post`");
            lint.demand(body.is_object(), "an object is expected");
            lint.templates_in(body, ancestors);
        });
        let pages_in_body = list.page_in == PageIn::Body;
        self.at("page_in", |lint| {
            lint.demand(!pages_in_body || list.post.is_some(), "a list asked for by GET has no body");
        });
        self.at("records", |lint| _ = lint.path(&list.records));
        self.at("page", |lint| lint.page(&list.page));
        self.maybe("count", list.count.as_ref(), |lint, count| {
            lint.one_of(&[("get", count.get.is_some()), ("post", count.post.is_some())]);
            for (verb, address) in [("get", &count.get), ("post", &count.post)] {
                lint.maybe(verb, address.as_ref(), |lint, address| lint.address(address, ancestors));
            }
            lint.demand(
                count.post.is_none() || list.post.is_some(),
                "a list asked for by GET has no body to ask a count with; say `get`",
            );
            lint.at("at", |lint| _ = lint.path(&count.at));
        });
        self.maybe("gone", list.gone.as_ref(), |lint, gone| {
            lint.at("at", |lint| _ = lint.path(&gone.at));
            lint.demand(entity.fields.contains_key("status"), "the entity needs a field `status` to say it with");
        });
    }

    fn page(&mut self, page: &'f Page) {
        let (size, paths): (Option<&Size>, Vec<(&str, Option<&String>)>) = match page {
            Page::None { at_most } => {
                self.demand(*at_most > 0, "`at_most` must be at least 1");
                (None, Vec::new())
            }
            Page::Link { rel, size } => {
                self.demand(!rel.is_empty(), "`rel` must name a link, such as \"next\"");
                (size.as_ref(), Vec::new())
            }
            Page::Cursor { next, param: _, size, total } => {
                (size.as_ref(), vec![("next", Some(next)), ("total", total.as_ref())])
            }
            Page::Offset { offset: _, size, first: _, total } => (Some(size), vec![("total", total.as_ref())]),
            Page::Number { page: _, first: _, size, pages, total } => {
                (size.as_ref(), vec![("pages", pages.as_ref()), ("total", total.as_ref())])
            }
            Page::NextUrl { at, size, total } => (size.as_ref(), vec![("at", Some(at)), ("total", total.as_ref())]),
        };
        self.demand(size.is_none_or(|size| size.value > 0), "a page of 0 rows never ends");
        for (key, path) in paths {
            self.maybe(key, path, |lint, path| _ = lint.path(path));
        }
    }
}

fn is_query(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(|item| !item.is_array() && is_query(item)),
        Value::String(_) | Value::Number(_) | Value::Bool(_) => true,
        Value::Null | Value::Object(_) => false,
    }
}

/// Whether a value can be used as what the setting is.
pub(super) fn setting_value(kind: SettingKind, value: &str) -> Result<(), String> {
    match kind {
        SettingKind::Text | SettingKind::Secret if value.chars().any(char::is_control) => {
            Err("it holds a control character; was it pasted with a line break?".to_owned())
        }
        SettingKind::Text | SettingKind::Secret => Ok(()),
        SettingKind::Host => {
            let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
            let good = !value.is_empty() && value.chars().all(named);
            if good { Ok(()) } else { Err("a host such as api.example or api.example:8443 is expected".to_owned()) }
        }
        SettingKind::Url => {
            let good = value.starts_with("https://") || value.starts_with("http://");
            let plain = !value.contains(['?', '#', '{']) && !value.chars().any(|c| c.is_control() || c == ' ');
            if good && plain { Ok(()) } else { Err("an address such as https://api.example/v1 is expected".to_owned()) }
        }
    }
}

/// A length of time: `30s`, `5m`, `24h`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    digits.parse::<u64>().ok().filter(|count| *count > 0)?.checked_mul(seconds).map(Duration::from_secs)
}

/// Names that occur more than once, for messages.
pub(super) fn repeated<'v>(values: impl Iterator<Item = &'v Value>) -> Option<String> {
    let mut seen = BTreeSet::new();
    values.map(ToString::to_string).find(|text| !seen.insert(text.clone()))
}
