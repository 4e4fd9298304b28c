//! Lint: whether a connector file can work, said without a network, line by line.
//!
//! Keeps the invariant that what passes here cannot fail later for a reason the file alone could have told: bad paths,
//! names nobody fills in, fields that no record has, lists without an end.

use std::collections::BTreeSet;

use serde_json::Value;

use super::canonical;
use super::language::{Codec, Connector, CustomShape, Entity, InPatch, Rule, Setting, SettingKind, When};
use super::lint_http::setting_value;
use super::path::Path;
use super::source::{Fault, Source, hint};
use super::template::Template;
use super::{lint_fields, lint_http, lint_others, lint_stretches, lint_write, tickets};

const SCHEMA: u32 = 1;

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

    /// A path whose names may be settings.
    pub(super) fn column(&mut self, text: &str) -> Option<Path> {
        if text.contains('{') {
            self.template(text, &[]);
        }
        self.path(text)
    }

    pub(super) fn duration(&mut self, text: &str) {
        if lint_http::duration(text).is_none() {
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
        self.maybe("second_writer", connector.second_writer.as_ref(), lint_others::second_writer);
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
        self.at("id", |lint| _ = lint.column(&entity.id));
        let mut ancestors = self.ancestors(name);
        if name == canonical::INVOICED {
            self.demand(entity.parent.is_none(), "its list is asked for with the days of a month, and below no record");
            ancestors.extend([canonical::FROM, canonical::UNTIL]);
        }
        if let Some(version) = &entity.version {
            self.at("version", |lint| {
                lint.one_of(&[("at", version.at.is_some()), ("header", version.header.is_some())]);
                lint.maybe("at", version.at.as_ref(), |lint, path| _ = lint.column(path));
            });
        }
        self.maybe("only", entity.only.as_ref(), |lint, only| {
            lint.when(only);
            lint.demand(only.at.is_some() && only.status.is_empty(), "a test of a row is needed: `at`, and what it is");
        });
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
        self.maybe("list", entity.list.as_ref(), |lint, list| {
            lint.list(entity, list, &ancestors);
            lint.maybe("has", list.has.as_ref(), |lint, has| lint_others::has(lint, entity, has));
        });
        self.at("except", |lint| {
            for (index, when) in entity.except.iter().enumerate() {
                lint.nth(index, |lint| lint.when(when));
            }
        });
        self.maybe("change_source", entity.change_source.as_ref(), |lint, source| {
            lint_others::change_source(lint, entity, source);
        });
        let one: Vec<&str> = ancestors.iter().copied().chain(["id"]).collect();
        self.maybe("get", entity.get.as_ref(), |lint, get| {
            lint.at("get", |lint| lint.address(&get.get, &one));
            lint.maybe("record", get.record.as_ref(), |lint, path| _ = lint.path(path));
            lint.maybe("or_record", get.or_record.as_ref(), |lint, path| {
                lint.demand(get.record.is_some(), "`or_record` is the place after `record`, which is not said");
                lint.path(path);
            });
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
                let figures = other.change_source.iter().flat_map(|source| &source.from);
                let is_computed_from = figures.into_iter().any(|origin| origin.entity.as_deref() == Some(name));
                is_computed_from
                    || other.over() == Some(name)
                    || other.fields.values().any(|field| refers(field.codec.as_ref()))
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
}

/// Names that occur more than once, for messages.
pub(super) fn repeated<'v>(values: impl Iterator<Item = &'v Value>) -> Option<String> {
    let mut seen = BTreeSet::new();
    values.map(ToString::to_string).find(|text| !seen.insert(text.clone()))
}
