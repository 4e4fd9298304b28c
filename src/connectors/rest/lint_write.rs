//! Lint of what writing needs: a create that is found again, an update that cannot overwrite unseen changes.
//!
//! Keeps the invariant that what a file that passes says about writing can be done.

use super::language::{
    Action, Clear, Create, Dated, Dialect, Dir, Entity, Field, Guard, LINK, Link, List, Lookup, Step, Style, Update,
    Wrap,
};
use super::lint::Lint;
use super::lint_fields;
use super::lint_stretches;
use super::path::Path;
use super::requests::WRITE;
use super::source::hint;

/// How many characters a key that tells calls apart has at least, and how many there are.
const KEY_LEAST: u32 = 32;
const KEY_MOST: u32 = 64;

pub(super) fn check<'f>(lint: &mut Lint<'f>, entity: &'f Entity, ancestors: &[&str]) {
    let over: Vec<&str> = ancestors.iter().copied().chain(entity.above.as_deref()).collect();
    let ancestors = over.as_slice();
    let one: Vec<&str> = ancestors.iter().copied().chain(["id"]).collect();
    let writes = entity.create.is_some() || entity.update.is_some();
    let parent = entity.parent.as_ref().and_then(|parent| lint.connector.entity.get(parent));
    let is_read =
        if entity.inside.is_some() { parent.is_some_and(|it| it.get.is_some()) } else { entity.get.is_some() };
    lint.demand(!writes || is_read, "writing needs a `get`: a record is looked at before and after");
    // what is written is the record they are inside of
    let one = if entity.is_set() { ancestors.to_vec() } else { one };
    lint.demand(entity.inside.is_some() || !entity.apart, "`apart` is for rows `inside` a record");
    lint.demand(
        !entity.is_set() || entity.create.is_none() || entity.update.is_some(),
        "`update` is needed: how the set is replaced",
    );
    lint.demand(!writes || ancestors.len() <= 1, "a record two lists below another cannot be written");
    lint.maybe("create", entity.create.as_ref(), |lint, create| check_create(lint, entity, create, ancestors));
    lint.maybe("update", entity.update.as_ref(), |lint, update| check_update(lint, entity, update, &one));
    lint.maybe("parent_at", entity.parent_at.as_ref(), |lint, path| {
        lint.column(path);
        lint.demand(entity.over().is_some(), "there is no `parent`, and nothing `above`");
    });
    lint.maybe("above", entity.above.as_ref(), |lint, above| check_above(lint, entity, above));
    lint.at("commands", |lint| {
        for (member, path) in &entity.commands {
            lint.at(member, |lint| {
                lint.path(path);
                let is_written = |field: &Field| {
                    let place = field.to.as_ref().or(field.at.as_ref()).and_then(|place| Path::parse(place).ok());
                    place.is_some_and(|place| place.segments.first().is_some_and(|first| first.name == *member))
                };
                lint.demand(entity.fields.values().any(is_written), format!("no field is written into `{member}`"));
            });
        }
    });
    lint.at("actions", |lint| {
        for (name, action) in &entity.actions {
            let below = lint
                .connector
                .entity
                .values()
                .filter(|other| std::ptr::eq(*other, entity) || is_over(lint, entity, other));
            let steps = below.into_iter().flat_map(|other| &other.update).flat_map(|update| &update.steps);
            let used = steps.into_iter().any(|step| step.r#do.contains(name));
            lint.at(name, |lint| {
                lint.demand(used, "no step does it");
                check_action(lint, action, &one);
            });
        }
    });
    lint.maybe("link", entity.link.as_ref(), |lint, link| check_link(lint, entity.list.as_ref(), link));
    lint.maybe("stretches", entity.stretches.as_ref(), lint_stretches::stretches);
    lint.maybe("dated", entity.dated.as_ref(), |lint, dated| {
        check_dated(lint, entity, dated);
        lint_stretches::delta(lint, entity, dated, &one);
    });
}

/// Whether the records of an entity are what those of another are below or part of.
fn is_over(lint: &Lint<'_>, entity: &Entity, other: &Entity) -> bool {
    let over = other.over().and_then(|over| lint.connector.entity.get(over));
    over.is_some_and(|over| std::ptr::eq(over, entity))
}

fn check_above(lint: &mut Lint<'_>, entity: &Entity, above: &str) {
    lint.demand(entity.parent.is_none(), "a row has one record above it: `parent` or `above`, not both");
    lint.demand(entity.parent_at.is_some(), "`parent_at` is needed: where a row says which record it is part of");
    if !lint.connector.entity.contains_key(above) {
        let known: Vec<&str> = lint.connector.entity.keys().map(String::as_str).collect();
        lint.fault(format!("there is no entity `{above}`{}", hint(above, &known)));
    }
}

fn check_create<'f>(lint: &mut Lint<'f>, entity: &'f Entity, create: &'f Create, ancestors: &[&str]) {
    let verbs = [("patch", &create.patch), ("post", &create.post), ("put", &create.put)];
    let said = verbs.map(|(verb, address)| (verb, address.is_some()));
    if entity.is_set() {
        let calls = [
            said.iter().any(|(_, said)| *said),
            create.reply.is_some(),
            create.id.is_some(),
            !create.headers.is_empty(),
        ];
        let said = calls.contains(&true) || create.idempotent.is_some() || create.wrap.is_some();
        lint.demand(
            !said,
            "a row is added by `update`, which replaces the set; only `probe`, `find` and `body` belong here",
        );
    } else {
        lint.one_of(&said);
    }
    let above_or_link: Vec<&str> = ancestors.iter().copied().chain([LINK]).collect();
    for (verb, address) in verbs {
        lint.maybe(verb, address.as_ref(), |lint, address| lint.address(address, &above_or_link));
    }
    let link = entity.link.as_ref();
    let is_whole = !create.is_addressed_by_link() || link.is_some_and(|link| link.max.is_none());
    lint.demand(is_whole, "an address with `{link}` needs a `link` that is kept whole, without `max`");
    lint.at("headers", |lint| {
        for (name, text) in &create.headers {
            lint.at(name, |lint| _ = lint.template(text, ancestors));
        }
    });
    for (key, path) in [("reply", &create.reply), ("id", &create.id)] {
        lint.maybe(key, path.as_ref(), |lint, path| _ = lint.path(path));
    }
    lint.demand(
        entity.link.is_some() || !create.probe.is_empty(),
        "`link` or `probe` is needed: a record whose answer was lost must be found again, not made twice",
    );
    lint.maybe("idempotent", create.idempotent.as_ref(), |lint, key| {
        lint.one_of(&[("header", key.header.is_some()), ("query", key.query.is_some())]);
        lint.maybe("max", key.max.as_ref(), |lint, most| {
            lint.demand((KEY_LEAST..=KEY_MOST).contains(most), format!("{KEY_LEAST} to {KEY_MOST} expected"));
        });
    });
    let known: Vec<&str> = entity.fields.keys().map(String::as_str).collect();
    lint.at("probe", |lint| {
        for name in &create.probe {
            match entity.fields.get(name) {
                None => lint.fault(format!("there is no field `{name}`{}", hint(name, &known))),
                Some(field) => lint.demand(
                    field.has_place() && field.dir != Dir::Write,
                    format!("`{name}` is not read, so nothing is found by it"),
                ),
            }
        }
    });
    lint.maybe("find", create.find.as_ref(), |lint, find| {
        let probes: Vec<&str> = create.probe.iter().map(String::as_str).collect();
        lint.demand(!probes.is_empty(), "`probe` is needed: what is looked for");
        check_lookup(lint, entity.list.as_ref(), find, &probes);
    });
    lint.maybe("body", create.body.as_ref(), |lint, body| lint.templates_in(body, ancestors));
    lint_stretches::named(lint, &create.named);
    lint.maybe("wrap", create.wrap.as_ref(), check_wrap);
}

fn check_update<'f>(lint: &mut Lint<'f>, entity: &'f Entity, update: &'f Update, one: &[&str]) {
    lint.one_of(&[("patch", update.patch.is_some()), ("put", update.put.is_some()), ("post", update.post.is_some())]);
    for (verb, address) in [("patch", &update.patch), ("put", &update.put), ("post", &update.post)] {
        lint.maybe(verb, address.as_ref(), |lint, address| lint.address(address, one));
    }
    lint.at("guard", |lint| check_guard(lint, entity, update));
    let removes = update.clear == Clear::Remove;
    lint.demand(!removes || update.style == Style::JsonPatch, "clear `remove` needs style `json_patch`");
    let is_patch = update.style == Style::JsonPatch;
    lint.demand(
        !is_patch || update.id_at.is_none(),
        "operations have no place for an id; `id_at` is for the other styles",
    );
    let elsewhere = entity.fields.iter().find(|(_, field)| field.to.is_some() && field.dir != Dir::Create);
    if let (Style::Full | Style::JsonPatch, Some((name, _))) = (update.style, elsewhere) {
        lint.fault(format!(
            "`{name}` is written elsewhere than it is read (`to`): style `merge` or `sparse` is needed"
        ));
    }
    lint.at("omit", |lint| {
        lint.demand(
            update.omit.is_empty() || update.style == Style::Full,
            "only style `full` sends what it does not change",
        );
        update.omit.iter().for_each(|path| place(lint, path));
    });
    let keeps = !update.keep.is_empty();
    let has_members = matches!(update.style, Style::Merge | Style::Sparse) && !entity.is_set();
    lint.at("keep", |lint| lint.demand(!keeps || has_members, "`keep` is for changes that are sent as members"));
    lint.maybe("id_at", update.id_at.as_ref(), |lint, path| place(lint, path));
    lint.at("headers", |lint| {
        for (name, text) in &update.headers {
            lint.at(name, |lint| _ = lint.template(text, one));
        }
    });
    lint.maybe("body", update.body.as_ref(), |lint, body| {
        lint.templates_in(body, one);
        lint.demand(body.is_array() == is_patch, "a list of operations with style `json_patch`, else an object");
    });
    lint.maybe("wrap", update.wrap.as_ref(), check_wrap);
    lint.at("steps", |lint| {
        for (index, step) in update.steps.iter().enumerate() {
            lint.nth(index, |lint| check_step(lint, entity, update, step));
        }
    });
}

fn check_step<'f>(lint: &mut Lint<'f>, entity: &'f Entity, update: &Update, step: &'f Step) {
    lint.at("if", |lint| lint.when(&step.r#if));
    let parent = entity.over().and_then(|over| lint.connector.entity.get(over));
    let above = parent.map(|parent| &parent.actions);
    if step.above {
        lint.demand(
            parent.is_some_and(|parent| parent.get.is_some()),
            "the state above is read: its entity needs a `get`",
        );
        let over = entity.over().unwrap_or_default();
        let is_addressed = entity.get.as_ref().is_some_and(|get| get.get.contains(&format!("{{{over}}}")));
        lint.demand(
            entity.parent_at.is_some() || is_addressed,
            "`parent_at` is needed: where a row says which record it is below",
        );
    }
    lint.demand(
        update.guard.recheck == Some(true),
        "the calls before it change the version: `guard = { recheck = true }`",
    );
    lint.at("do", |lint| {
        lint.demand(step.r#do.iter().filter(|name| *name == WRITE).count() == 1, "one of the steps must be `write`");
        let known: Vec<&str> = entity
            .actions
            .keys()
            .chain(above.into_iter().flat_map(|above| above.keys()))
            .map(String::as_str)
            .chain([WRITE])
            .collect();
        for name in step.r#do.iter().filter(|name| !known.contains(&name.as_str())) {
            lint.fault(format!("there is no action `{name}`{}", hint(name, &known)));
        }
    });
}

fn check_guard(lint: &mut Lint<'_>, entity: &Entity, update: &Update) {
    let guard: &Guard = &update.guard;
    let rechecks = guard.recheck == Some(true);
    lint.one_of(&[("header", guard.header.is_some()), ("at", guard.at.is_some()), ("recheck", rechecks)]);
    let parent = entity.parent.as_ref().and_then(|parent| lint.connector.entity.get(parent));
    let versioned = if entity.inside.is_some() { parent } else { Some(entity) };
    let has_version = versioned.is_some_and(|entity| entity.version.is_some());
    lint.demand(rechecks || has_version, "a guard sends the entity's `version`, which is not declared");
    lint.demand(
        rechecks || update.style != Style::JsonPatch || guard.at.is_none(),
        "operations have no place for a version; say a `header`, or `recheck = true`",
    );
    if let Some(path) = &guard.at {
        lint.at("at", |lint| place(lint, path));
    }
}

/// A plain place of a body.
pub(super) fn place(lint: &mut Lint<'_>, path: &str) {
    if let Some(path) = lint.path(path) {
        lint.demand(path.names().is_some(), "a plain place is needed, such as `meta.version`");
    }
}

fn check_action<'f>(lint: &mut Lint<'f>, action: &'f Action, one: &[&str]) {
    lint.at("post", |lint| lint.address(&action.post, one));
    lint.maybe("body", action.body.as_ref(), |lint, body| lint.templates_in(body, one));
    lint.at("gives", |lint| {
        lint.when(&action.gives);
        lint.demand(action.gives.at.is_some(), "`at` is needed: the place whose value shows that it was done");
        lint.demand(action.gives.status.is_empty(), "a record has no status of an answer");
    });
}

fn check_dated<'f>(lint: &mut Lint<'f>, entity: &'f Entity, dated: &'f Dated) {
    lint.demand(entity.update.is_some(), "`update` is needed: how a record is changed");
    match dated {
        Dated::Absolute { at, format } => {
            lint.at("at", |lint| place(lint, at));
            lint.at("format", |lint| lint_fields::date_format(lint, format));
        }
        Dated::DeltaAtDate { .. } => {}
        Dated::EndAndAdd { start, end, copy, carry, first: _ } => {
            lint.at("carry", |lint| {
                for (member, path) in carry {
                    lint.at(member, |lint| _ = lint.path(path));
                }
            });
            lint.demand(entity.create.is_some(), "`create` is needed: how the record that follows is made");
            let known: Vec<&str> = entity.fields.keys().map(String::as_str).collect();
            for (key, name) in
                [("start", start), ("end", end)].into_iter().chain(copy.iter().map(|name| ("copy", name)))
            {
                lint.at(key, |lint| match entity.fields.get(name) {
                    None => lint.fault(format!("there is no field `{name}`{}", hint(name, &known))),
                    Some(field) => {
                        lint.demand(field.dir != Dir::Read && field.has_place(), format!("`{name}` cannot be written"));
                    }
                });
            }
        }
    }
}

pub(super) fn check_wrap(lint: &mut Lint<'_>, wrap: &Wrap) {
    lint.demand(wrap.list || wrap.at.is_some(), "`at` or `list = true` is needed");
    if let Some(path) = &wrap.at {
        lint.at("at", |lint| place(lint, path));
    }
}

fn check_link<'f>(lint: &mut Lint<'f>, list: Option<&List>, kept: &'f Link) {
    lint.one_of(&[("at", kept.at.is_some()), ("custom", kept.custom.is_some())]);
    lint.maybe("at", kept.at.as_ref(), |lint, at| {
        if let Some(Err(what)) = lint.column(at).as_ref().map(Path::writable) {
            lint.fault(what);
        }
    });
    lint.maybe("custom", kept.custom.as_ref(), |lint, name| {
        lint.template(name, &[]);
        lint.demand(lint.connector.custom_fields.is_some(), "`[custom_fields]` must say where such fields are");
    });
    lint.maybe("max", kept.max.as_ref(), |lint, most| lint.demand(*most > 0, "1 or more expected"));
    lint.maybe("lookup", kept.lookup.as_ref(), |lint, lookup| check_lookup(lint, list, lookup, &[LINK]));
}

pub(super) fn check_lookup<'f>(lint: &mut Lint<'f>, list: Option<&List>, lookup: &'f Lookup, names: &[&str]) {
    let by_post = list.is_some_and(|list| list.post.is_some());
    lint.one_of(&[("dialect", lookup.dialect.is_some()), ("body", lookup.body.is_some())]);
    lint.demand(!by_post || lookup.dialect.is_none(), "a list asked for by POST is asked by `body`");
    lint.demand(by_post || lookup.body.is_none(), "a list asked for by GET has no body; say `dialect` and `where`");
    lint.maybe("body", lookup.body.as_ref(), |lint, body| {
        lint.demand(body.is_object(), "an object is expected");
        lint.templates_in(body, names);
        let text = body.to_string();
        let named =
            names.iter().any(|name| text.contains(&format!("{{{name}}}")) || text.contains(&format!(":{name}}}")));
        lint.demand(named, format!("one of {} is needed in it", names.join(", ")));
        lint.demand(lookup.r#where.is_empty(), "`where` is for a `dialect`");
    });
    let Some(dialect) = lookup.dialect else { return };
    let states = list.is_some_and(|list| list.statement.is_some());
    lint.at("dialect", |lint| {
        let fits = states == (dialect == Dialect::Qbo);
        lint.demand(fits, "dialect `qbo` is for lists with a `statement`, and such lists take no other");
    });
    lint.at("where", |lint| {
        lint.demand(!lookup.r#where.is_empty(), "what is looked for is missing");
        let is_one = dialect != Dialect::ConnectwiseCustom || lookup.r#where.len() == 1;
        lint.demand(is_one, "this dialect looks for one field");
        for (name, value) in &lookup.r#where {
            lint.template(name, &[]);
            let named =
                lint.template(value, names).is_some_and(|text| text.names().iter().any(|name| names.contains(name)));
            lint.demand(named, format!("one of {} is needed in the value", names.join(", ")));
        }
    });
}
