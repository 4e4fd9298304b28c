//! Lint of what else is at work: figures that are computed, a second writer, and lists that show less than their records.
//!
//! Keeps the invariant that what is written elsewhere can be written there, and that what stops every write can be lifted.

use super::language::{ChangeSource, Dir, Entity, SecondWriter};
use super::lint::Lint;
use super::source::hint;

/// A field that is computed from another record.
pub(super) fn change_source<'f>(lint: &mut Lint<'f>, entity: &'f Entity, source: &'f ChangeSource) {
    lint.demand(entity.update.is_some(), "`update` is needed: how a record is changed");
    lint.at("field", |lint| field(lint, entity, &source.field));
    lint.at("from", |lint| {
        lint.demand(!source.from.is_empty(), "what it is computed from is missing");
        for (index, origin) in source.from.iter().enumerate() {
            lint.nth(index, |lint| {
                lint.at("at", |lint| _ = lint.path(&origin.at));
                lint.demand(
                    origin.entity.is_some() == origin.field.is_some(),
                    "`entity` and `field` belong together: whose figure it is",
                );
                lint.maybe("entity", origin.entity.as_ref(), |lint, name| {
                    let known: Vec<&str> = lint.connector.entity.keys().map(String::as_str).collect();
                    match lint.connector.entity.get(name) {
                        None => lint.fault(format!("there is no entity `{name}`{}", hint(name, &known))),
                        Some(other) => {
                            let can = other.get.is_some() && other.update.is_some() && other.parent.is_none();
                            lint.demand(
                                can,
                                format!("`{name}` needs `get` and `update`, and no `parent`: its figure is changed"),
                            );
                        }
                    }
                });
                lint.maybe("field", origin.field.as_ref(), |lint, of| {
                    if let Some(other) = origin.entity.as_ref().and_then(|name| lint.connector.entity.get(name)) {
                        field(lint, other, of);
                    }
                });
            });
        }
    });
}

/// A field that is written.
fn field(lint: &mut Lint<'_>, entity: &Entity, name: &str) {
    let known: Vec<&str> = entity.fields.keys().map(String::as_str).collect();
    match entity.fields.get(name) {
        None => lint.fault(format!("there is no field `{name}`{}", hint(name, &known))),
        Some(field) => {
            let is_changed = matches!(field.dir, Dir::Both | Dir::Write) && field.has_place();
            lint.demand(is_changed, format!("`{name}` cannot be changed"));
        }
    }
}

/// Another writer of the same records.
pub(super) fn second_writer<'f>(lint: &mut Lint<'f>, second: &'f SecondWriter) {
    lint.at("name", |lint| lint.demand(!second.name.trim().is_empty(), "a name is needed"));
    lint.at("unless", |lint| {
        let (setting, is) = (&second.unless.setting, &second.unless.is);
        lint.at("setting", |lint| _ = lint.template(&format!("{{{setting}}}"), &[]));
        let usual = lint.connector.settings.get(setting).and_then(|setting| setting.default.as_ref());
        lint.demand(
            usual.is_none_or(|usual| usual != is),
            "the setting has this word by default: nothing would be refused",
        );
        lint.at("is", |lint| lint.demand(!is.trim().is_empty(), "a word is needed"));
    });
    lint.at("signs", |lint| {
        lint.demand(!second.signs.is_empty(), "what shows it is missing");
        for (index, sign) in second.signs.iter().enumerate() {
            lint.nth(index, |lint| {
                lint.one_of(&[("get", sign.get.is_some()), ("entity", sign.entity.is_some())]);
                lint.maybe("get", sign.get.as_ref(), |lint, get| lint.address(get, &[]));
                lint.maybe("entity", sign.entity.as_ref(), |lint, name| {
                    let known: Vec<&str> = lint.connector.entity.keys().map(String::as_str).collect();
                    let lists = lint.connector.entity.get(name).is_some_and(|entity| entity.list.is_some());
                    lint.demand(
                        lists,
                        format!("there is no entity `{name}` with a list of its own{}", hint(name, &known)),
                    );
                });
                lint.at("when", |lint| {
                    lint.when(&sign.when);
                    lint.demand(sign.when.at.is_some(), "`at` is needed: the place that shows it");
                    lint.demand(sign.when.status.is_empty(), "the place shows it, not a status");
                });
            });
        }
    });
}

/// The fields that the rows of a list have.
pub(super) fn has<'f>(lint: &mut Lint<'f>, entity: &'f Entity, has: &'f [String]) {
    let reads = entity.list.as_ref().is_some_and(|list| list.read_each);
    lint.demand(reads, "`read_each = true` is needed: without it the rows are all there is");
    lint.demand(entity.create.is_some(), "nothing is looked for: the entity has no `create`");
    let known: Vec<&str> = entity.fields.keys().map(String::as_str).collect();
    for name in has.iter().filter(|name| !known.contains(&name.as_str())) {
        lint.fault(format!("there is no field `{name}`{}", hint(name, &known)));
    }
    if let Some(create) = &entity.create {
        lint.demand(
            !create.probe.is_empty(),
            "a new record needs `probe`: a link that the list does not show finds nothing",
        );
        for name in create.probe.iter().filter(|name| !has.contains(name)) {
            lint.fault(format!("`{name}` of `probe` is looked for in the list, which does not have it"));
        }
    }
    let looks = entity.link.as_ref().is_some_and(|link| link.lookup.is_some());
    lint.demand(!looks, "the list does not show the link: leave `lookup` out, `probe` finds a new record");
}
