//! Lint of what writing needs: a create that can be tried again, an update that cannot overwrite unseen changes.
//!
//! Keeps the invariant that a file that passes is ready to write; in this version nothing is written.

use super::language::{Dialect, Entity};
use super::language_write::{Action, ChildWrite, Clear, Create, Guard, Link, Store, Style, Update};
use super::lint::Lint;
use super::lint_fields;
use super::source::hint;

/// The step that is the write itself.
const WRITE: &str = "write";

pub(super) fn check<'f>(lint: &mut Lint<'f>, entity: &'f Entity, ancestors: &[&str]) {
    let one: Vec<&str> = ancestors.iter().copied().chain(["id"]).collect();
    lint.maybe("create", entity.create.as_ref(), |lint, create| check_create(lint, entity, create, ancestors));
    lint.maybe("update", entity.update.as_ref(), |lint, update| {
        check_update(lint, entity, update, &one);
        lint.demand(update.style.is_some(), "`style` is needed: merge, sparse, json_patch or full");
        lint.demand(update.clear.is_some(), "`clear` is needed: null, empty, remove or never");
        match &update.guard {
            None => lint.fault("`guard` is needed, or say `guard = { recheck = true }`"),
            Some(guard) => lint.at("guard", |lint| check_guard(lint, entity, guard)),
        }
        let removes = update.clear == Some(Clear::Remove);
        lint.demand(!removes || update.style == Some(Style::JsonPatch), "clear `remove` needs style `json_patch`");
    });
    lint.maybe("archive", entity.archive.as_ref(), |lint, archive| {
        check_update(lint, entity, archive, &one);
        lint.demand(archive.body.is_some(), "`body` is needed: what archiving writes");
    });
    lint.at("actions", |lint| {
        for (name, action) in &entity.actions {
            lint.at(name, |lint| check_action(lint, action, &one));
        }
    });
    lint.at("children", |lint| {
        for (name, children) in &entity.children {
            lint.at(name, |lint| {
                lint.at("at", |lint| _ = lint.path(&children.at));
                match children.write {
                    ChildWrite::ReplaceAll => {
                        lint.demand(entity.get.is_some(), "`replace_all` needs a `get`: a row not read would be lost");
                    }
                    ChildWrite::Keyed | ChildWrite::Commands => {}
                }
                lint.demand(entity.update.is_some(), "rows inside a record are written with it: `update` is needed");
                lint.at("key", |lint| _ = lint.path(&children.key));
                lint.at("fields", |lint| {
                    for (name, field) in &children.fields {
                        lint.at(name, |lint| lint_fields::of_children(lint, entity, field));
                    }
                });
            });
        }
    });
    lint.maybe("link", entity.link.as_ref(), |lint, link| check_link(lint, link));
}

fn check_create<'f>(lint: &mut Lint<'f>, entity: &'f Entity, create: &'f Create, ancestors: &[&str]) {
    lint.one_of(&[("post", create.post.is_some()), ("put", create.put.is_some())]);
    for (verb, address) in [("post", &create.post), ("put", &create.put)] {
        lint.maybe(verb, address.as_ref(), |lint, address| lint.address(address, ancestors));
    }
    lint.maybe("reply", create.reply.as_ref(), |lint, path| _ = lint.path(path));
    lint.demand(
        create.idempotent.is_some() || !create.probe.is_empty(),
        "`idempotent` or `probe` is needed: a create whose answer was lost must not be made twice",
    );
    lint.maybe("idempotent", create.idempotent.as_ref(), |lint, key| {
        lint.one_of(&[("header", key.header.is_some()), ("query", key.query.is_some())]);
    });
    lint.at("probe", |lint| {
        for name in create.probe.iter().filter(|name| !entity.fields.contains_key(*name)) {
            let known: Vec<&str> = entity.fields.keys().map(String::as_str).collect();
            lint.fault(format!("there is no field `{name}`{}", hint(name, &known)));
        }
    });
    lint.maybe("body", create.body.as_ref(), |lint, body| lint.templates_in(body, ancestors));
}

fn check_update<'f>(lint: &mut Lint<'f>, entity: &'f Entity, update: &'f Update, one: &[&str]) {
    lint.one_of(&[("patch", update.patch.is_some()), ("put", update.put.is_some()), ("post", update.post.is_some())]);
    for (verb, address) in [("patch", &update.patch), ("put", &update.put), ("post", &update.post)] {
        lint.maybe(verb, address.as_ref(), |lint, address| lint.address(address, one));
    }
    lint.maybe("body", update.body.as_ref(), |lint, body| lint.templates_in(body, one));
    if update.after == Some(super::language_write::After::Get) {
        lint.demand(entity.get.is_some(), "`after = \"get\"` needs a `get` of the entity");
    }
    lint.at("steps", |lint| {
        for (index, step) in update.steps.iter().enumerate() {
            lint.nth(index, |lint| {
                lint.at("if", |lint| lint.when(&step.r#if));
                lint.at("do", |lint| {
                    lint.demand(step.r#do.iter().any(|name| name == WRITE), "one of the steps must be `write`");
                    for name in step.r#do.iter().filter(|name| *name != WRITE && !entity.actions.contains_key(*name)) {
                        let known: Vec<&str> = entity.actions.keys().map(String::as_str).chain([WRITE]).collect();
                        lint.fault(format!("there is no action `{name}`{}", hint(name, &known)));
                    }
                });
            });
        }
    });
}

fn check_guard(lint: &mut Lint<'_>, entity: &Entity, guard: &Guard) {
    let rechecks = guard.recheck == Some(true);
    lint.one_of(&[("header", guard.header.is_some()), ("at", guard.at.is_some()), ("recheck", rechecks)]);
    lint.demand(rechecks || entity.version.is_some(), "a guard sends the entity's `version`, which is not declared");
    if let Some(path) = &guard.at {
        lint.at("at", |lint| _ = lint.path(path));
    }
}

fn check_action<'f>(lint: &mut Lint<'f>, action: &'f Action, one: &[&str]) {
    lint.at("post", |lint| lint.address(&action.post, one));
    lint.maybe("body", action.body.as_ref(), |lint, body| lint.templates_in(body, one));
}

fn check_link<'f>(lint: &mut Lint<'f>, kept: &'f Link) {
    match kept.store {
        Store::Field | Store::AlternateKey => lint.demand(kept.at.is_some(), "`at` is needed: where the id is kept"),
        Store::Custom => {
            lint.demand(kept.field.is_some(), "`field` is needed: which custom field keeps the id");
            lint.demand(lint.connector.custom_fields.is_some(), "store `custom` needs [custom_fields]");
        }
        Store::Local => lint.demand(kept.lookup.is_none(), "store `local` has no `lookup`"),
    }
    lint.maybe("at", kept.at.as_ref(), |lint, path| _ = lint.path(path));
    lint.maybe("field", kept.field.as_ref(), |lint, text| _ = lint.template(text, &[]));
    lint.maybe("lookup", kept.lookup.as_ref(), |lint, lookup| {
        lint.at("get", |lint| lint.address(&lookup.get, &[]));
        let custom = lookup.dialect == Dialect::ConnectwiseCustom;
        lint.demand(!custom || kept.store == Store::Custom, "this dialect looks in custom fields: store `custom`");
        lint.at("where", |lint| {
            for (name, value) in &lookup.r#where {
                lint.template(name, &[]);
                lint.template(value, &["link"]);
            }
        });
    });
    lint.demand(
        kept.lookup.is_none() || kept.unique.is_some(),
        "`unique` is needed: whether the server keeps the id unique (server, none)",
    );
}
