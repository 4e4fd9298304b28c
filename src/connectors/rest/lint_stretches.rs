//! Lint of what stands in other records: stretches of days, ids by what their records say, and the call that tells the quota.
//!
//! Keeps the invariant that a name of another entity or field is one that is there.

use super::codec::Kind;
use super::language::{Codec, Dated, Dir, Entity, Field, Named, Quota, Stretches};
use super::lint::Lint;
use super::lint_fields;
use super::lint_write::{check_lookup, place};
use super::source::hint;

/// Rows that say by days what a record holds.
pub(super) fn stretches<'f>(lint: &mut Lint<'f>, rows: &'f Stretches) {
    let Some(entity) = lint.connector.entity.get(&rows.entity) else {
        let known: Vec<&str> = lint.connector.entity.keys().map(String::as_str).collect();
        let what = format!("there is no entity `{}`{}", rows.entity, hint(&rows.entity, &known));
        return lint.at("entity", |lint| lint.fault(what));
    };
    lint.at("entity", |lint| {
        lint.demand(
            entity.list.is_some() && entity.parent.is_none() && entity.stretches.is_none(),
            "an entity with one list of its own is needed",
        );
    });
    let days = [("start", &rows.start), ("end", &rows.end)].map(|(key, name)| (key, Some(name), Some(Kind::Day)));
    let others = [("of", Some(&rows.of), Some(Kind::Text)), ("closed", rows.closed.as_ref(), None)];
    for (key, name, kind) in days.into_iter().chain(others) {
        lint.maybe(key, name, |lint, name| {
            if let Some(gives) = gives(lint, rows, name) {
                let what = if kind == Some(Kind::Day) { "a day is needed" } else { "a text is needed: an id" };
                lint.demand(kind.is_none_or(|kind| gives == kind), what);
            }
        });
    }
    lint.maybe("lookup", rows.lookup.as_ref(), |lint, lookup| {
        check_lookup(lint, entity.list.as_ref(), lookup, &["id"]);
    });
}

/// What a field of the rows gives; a fault where there is none.
fn gives(lint: &mut Lint<'_>, rows: &Stretches, name: &str) -> Option<Kind> {
    let entity = lint.connector.entity.get(&rows.entity)?;
    let Some(field) = entity.fields.get(name) else {
        let known: Vec<&str> = entity.fields.keys().map(String::as_str).collect();
        lint.fault(format!("a {} has no field `{name}`{}", rows.entity, hint(name, &known)));
        return None;
    };
    field.codec.as_ref().map_or(Some(Kind::Text), Codec::gives)
}

/// A field that is taken from such rows.
pub(super) fn of_stretch(lint: &mut Lint<'_>, entity: &Entity, field: &Field, of: &str, kind: Option<Kind>) {
    lint.demand(field.codec.is_none(), "the row's field is decoded already; no `codec` here");
    let Some(rows) = &entity.stretches else {
        return lint.fault("`of_stretch` needs `stretches`: the rows that say by days what a record holds");
    };
    if let (Some(gives), Some(kind)) = (gives(lint, rows, of), kind) {
        lint.demand(gives == kind, "the row's field is of another kind");
    }
}

/// Whether a field serves an id that is found by what its record says.
pub(super) fn is_named(lint: &Lint<'_>, entity: &str, field: &str) -> bool {
    let creates = lint.connector.entity.values().filter_map(|other| other.create.as_ref());
    let tickets = lint.connector.ticket.iter().flat_map(|ticket| ticket.named.values());
    let mut all = creates.flat_map(|create| create.named.values()).chain(tickets);
    all.any(|named| named.entity == entity && (field.is_empty() || named.key == field))
}

/// Ids by what their records say.
pub(super) fn named<'f>(lint: &mut Lint<'f>, named: impl IntoIterator<Item = (&'f String, &'f Named)>) {
    lint.at("named", |lint| {
        for (member, named) in named {
            lint.at(member, |lint| {
                place(lint, member);
                lint_fields::reference(lint, &named.entity, Some(&named.key));
                lint.at("is", |lint| _ = lint.template(&named.is, &[]));
            });
        }
    });
}

/// A change by a difference.
pub(super) fn delta<'f>(lint: &mut Lint<'f>, entity: &'f Entity, dated: &'f Dated, one: &[&str]) {
    let Dated::DeltaAtDate { post, field, delta, at, format, body } = dated else { return };
    lint.at("post", |lint| lint.address(post, one));
    lint.at("delta", |lint| place(lint, delta));
    lint.at("at", |lint| place(lint, at));
    lint.at("format", |lint| lint_fields::date_format(lint, format));
    lint.maybe("body", body.as_ref(), |lint, body| {
        lint.demand(body.is_object(), "an object is expected");
        lint.templates_in(body, one);
    });
    let says_which = |text: &str| text.contains("{id}") || text.contains(":id}");
    let says = says_which(post) || body.as_ref().is_some_and(|body| says_which(&body.to_string()));
    lint.demand(says, "the address or `body` must say which record: `{id}`");
    lint.at("field", |lint| match entity.fields.get(field) {
        None => {
            let known: Vec<&str> = entity.fields.keys().map(String::as_str).collect();
            lint.fault(format!("there is no field `{field}`{}", hint(field, &known)));
        }
        Some(it) => {
            lint.demand(it.dir != Dir::Read, format!("`{field}` is only read"));
            let Some(of) = &it.of_stretch else {
                return lint
                    .fault(format!("`{field}` must say `of_stretch`: a difference is reckoned by the day's number"));
            };
            let rows = entity.stretches.as_ref().and_then(|rows| lint.connector.entity.get(&rows.entity));
            let codec = rows.and_then(|rows| rows.fields.get(of)?.codec.as_ref());
            let scale = matches!(codec, Some(Codec::Decimal { scale: Some(_), .. }));
            lint.demand(scale, format!("`{of}` needs a decimal codec with `scale`: the decimals the server keeps"));
        }
    });
}

/// The call that tells how many calls are used up.
pub(super) fn quota<'f>(lint: &mut Lint<'f>, quota: &'f Quota) {
    lint.at("get", |lint| lint.address(&quota.get, &[]));
    for (key, path) in [("used", &quota.used), ("of", &quota.of)] {
        lint.at(key, |lint| place(lint, path));
    }
    lint.at("most", |lint| lint.demand((1..=100).contains(&quota.most), "1 to 100 expected: so many of a hundred"));
}
