//! Lint of fields: names, places, codecs, defaults.
//!
//! Keeps the invariant that a file that passes can make every record it is meant to make.

use super::canonical;
use super::codec::{ENDS, ID, Kind, decode_default, is_date_format, is_end, spellings};
use super::language::{Codec, Compare, Dir, Entity, Field, MoneyUnit};
use super::lint::{Lint, repeated};
use super::source::hint;
use crate::core::billing::{AgreementState, BillCustomer, LineKind};
use crate::core::money::Currency;
use crate::core::period::iso_day;

const SCALE_MAX: u32 = 28;
/// What may make the value of a new record that none was given for.
const MAKERS: [&str; 3] = ["same", "slug", "upper"];

pub(super) fn check<'f>(lint: &mut Lint<'f>, name: &str, entity: &'f Entity) {
    lint.at("fields", |lint| {
        if let Some(known) = canonical::fields_of(name) {
            for field in known.iter().filter(|field| field.required && !entity.fields.contains_key(field.name)) {
                lint.fault(format!("a {name} needs `{}`: say where it is, or give a `default`", field.name));
            }
        }
        for (field_name, field) in &entity.fields {
            lint.at(field_name, |lint| {
                let mut kind = None;
                if let Some(known) = canonical::fields_of(name) {
                    kind = known.iter().find(|known| known.name == field_name).map(|known| known.kind);
                    if kind.is_none() {
                        let names: Vec<&str> = known.iter().map(|known| known.name).collect();
                        lint.fault(format!("a {name} has no field `{field_name}`{}", hint(field_name, &names)));
                    }
                }
                one(lint, entity, field, kind);
                match name {
                    "line" => words(lint, field_name, field),
                    _ if canonical::fields_of(name).is_some() => {}
                    _ => {
                        let used = is_taken(lint, name, entity, field_name);
                        lint.demand(
                            used,
                            format!("nothing takes `{field_name}` of {name}: no field of ours, no reference"),
                        );
                    }
                }
            });
        }
    });
}

fn one<'f>(lint: &mut Lint<'f>, entity: &'f Entity, field: &'f Field, kind: Option<Kind>) {
    // the parent's field stands in for a place that may be empty
    let inherits = field.from_parent.is_some() && field.at.is_none();
    let computed = field.product_of.is_some() && field.at.is_none();
    let sources = [field.at.is_some(), field.custom.is_some(), inherits, field.of_stretch.is_some(), computed];
    match sources.iter().filter(|said| **said).count() {
        0 => {
            lint.demand(
                field.default.is_some(),
                "one of `at`, `custom`, `from_parent`, `of_stretch`, `product_of`, `default` is needed",
            );
        }
        1 => {}
        _ => lint.fault("only one of `at`, `custom`, `from_parent`, `of_stretch`, `product_of` can be given"),
    }
    lint.maybe("custom", field.custom.as_ref(), |lint, name| {
        lint.template(name, &[]);
        let own = lint.connector.custom_fields.as_ref();
        lint.demand(own.is_some(), "`[custom_fields]` must say where such fields are");
        lint.demand(!name.trim().is_empty(), "the name of the field is needed");
    });
    lint.maybe("round", field.round.as_ref(), |lint, round| {
        lint.demand(field.product_of.is_some(), "`round` is for `product_of`; other numbers are as they are read");
        lint.demand(round.digits <= SCALE_MAX, format!("`digits` is at most {SCALE_MAX}"));
    });
    lint.maybe("product_of", field.product_of.as_ref(), |lint, _| product_of(lint, entity, field, kind));
    lint.maybe("less", field.less.as_ref(), |lint, _| {
        lint.demand(field.product_of.is_some(), "`less` is for `product_of`: what is taken off its second field");
    });
    let path = field.at.as_ref().and_then(|at| {
        let mut path = None;
        lint.at("at", |lint| path = lint.column(at));
        path
    });
    lint.maybe("or_at", field.or_at.as_ref(), |lint, places| {
        lint.demand(field.at.is_some(), "`or_at` is the place after `at`, which is not given");
        lint.demand(!places.all().is_empty(), "a place is needed");
        for place in places.all() {
            lint.demand(field.at.as_ref() != Some(place), "the same place as `at`");
            let _ = lint.column(place);
        }
    });
    lint.maybe("of_stretch", field.of_stretch.as_ref(), |lint, of| {
        super::lint_stretches::of_stretch(lint, entity, field, of, kind);
    });
    lint.maybe("to", field.to.as_ref(), |lint, place| {
        lint.demand(field.at.is_some(), "`at` is needed: where the value is read");
        lint.demand(field.at.as_ref() != Some(place), "the same place as `at`");
        lint.demand(is_written(entity, field), "the field is not written");
    });
    lint.maybe("to_codec", field.to_codec.as_ref(), |lint, codec| {
        lint.demand(field.to.is_some(), "`to` is needed: where it is written");
        check_codec(lint, codec);
        let read = field.codec.as_ref().map_or(Some(Kind::Text), Codec::gives);
        let fits = read.zip(codec.gives()).is_none_or(|(read, written)| read == written);
        lint.demand(fits, "what is written is of another kind than what is read");
    });
    lint.maybe("from_parent", field.from_parent.as_ref(), |lint, of| from_parent(lint, entity, field, of, kind));
    lint.maybe("codec", field.codec.as_ref(), |lint, codec| check_codec(lint, codec));
    lint.maybe("max", field.max.as_ref(), |lint, most| lint.demand(*most > 0, "1 or more expected"));
    let gives = field.codec.as_ref().map_or(Some(Kind::Text), Codec::gives);
    if let (Some(wanted), Some(gives), true) = (kind, gives, field.has_place()) {
        lint.demand(wanted == gives, format!("{} needed, the codec gives {}", spoken(wanted), spoken(gives)));
    }
    if let (Some(Compare::Phone | Compare::Url | Compare::Fold | Compare::Trim), Some(gives)) = (field.compare, gives) {
        lint.demand(gives == Kind::Text, "such a comparison is for text");
    }
    lint.maybe("default", field.default.as_ref(), |lint, default| lint.templates_in(default, &[]));
    if let (Some(default), Some(kind)) = (&field.default, kind.or(gives)) {
        lint.at("default", |lint| {
            let named = default.as_str().is_some_and(|text| text.contains('{'));
            if let Err(what) = decode_default(default, if named { Kind::Text } else { kind }) {
                lint.fault(what);
            }
        });
    }
    if is_written(entity, field) {
        let mut path = path;
        if let Some(to) = &field.to {
            lint.at("to", |lint| path = lint.column(to));
        }
        if let Some(Err(what)) = path.as_ref().map(super::path::Path::writable) {
            lint.fault(format!("{what}; say `dir = \"read\"`"));
        }
        let keyed = path.as_ref().is_some_and(super::path::Path::is_keyed);
        lint.demand(
            !keyed || field.new.is_some(),
            "writing into a keyed element needs `new`: what a new element holds",
        );
        let (key, codec) = match &field.to_codec {
            Some(codec) => ("to_codec", Some(codec)),
            None => ("codec", field.codec.as_ref()),
        };
        lint.maybe(key, codec, |lint, codec| invertible(lint, codec));
    }
    lint.maybe("make", field.make.as_ref(), |lint, make| {
        lint.demand(field.dir != Dir::Read, "`make` is for fields that are written");
        let maker = make.split('(').next().unwrap_or(make);
        lint.demand(MAKERS.contains(&maker), format!("`{maker}` makes nothing{}", hint(maker, &MAKERS)));
    });
}

/// Whether a field of an entity that becomes no record of ours serves another.
fn is_taken(lint: &Lint<'_>, name: &str, entity: &Entity, field_name: &str) -> bool {
    let by_product = |field: &Field| field.factors().any(|of| of == field_name);
    let refers = |field: &Field| matches!(&field.codec, Some(Codec::Ref { entity, key: Some(key), .. }) if entity == name && key == field_name);
    let others = lint.connector.entity.values();
    let inherits = |other: &Entity, field: &Field| {
        other.parent.as_deref() == Some(name) && field.from_parent.as_deref() == Some(field_name)
    };
    let serves = |other: &Entity| other.fields.values().any(|field| refers(field) || inherits(other, field));
    let is_state = field_name == "status" && entity.list.as_ref().is_some_and(|list| list.gone.is_some());
    let ids = lint.connector.custom_fields.as_ref().and_then(|custom| custom.ids.as_ref());
    let names_own = ids.is_some_and(|ids| ids.entity == name && ids.key == field_name);
    let figures = lint.connector.entity.values().flat_map(|other| &other.change_source).flat_map(|source| &source.from);
    let is_figure = figures
        .into_iter()
        .any(|origin| origin.entity.as_deref() == Some(name) && origin.field.as_deref() == Some(field_name));
    let other_entities = lint.connector.entity.values();
    let by_days = |other: &Entity| other.stretches.as_ref().is_some_and(|rows| rows.takes(name, field_name, other));
    let is_named = super::lint_stretches::is_named(lint, name, field_name);
    is_figure
        || is_state
        || names_own
        || is_named
        || other_entities.into_iter().any(by_days)
        || entity.fields.values().any(by_product)
        || others.into_iter().any(serves)
}

/// The words of a line that come from a closed set.
fn words(lint: &mut Lint<'_>, name: &str, field: &Field) {
    let (is_known, expected): (fn(&str) -> bool, _) = match name {
        "agreement_status" => {
            (|word| AgreementState::of(word).is_some(), "a state like `Active`, `Cancelled` or `Expired`")
        }
        "kind" => (|word| LineKind::of(word).is_some(), "`recurring` or `credit`"),
        "bill" => (|word| BillCustomer::of(word).is_some(), "`Billable`, `NoCharge` or `DoNotBill`"),
        "currency" => (|word| word.parse::<Currency>().is_ok(), "a currency code of three capital letters"),
        _ => return,
    };
    let default = field.default.iter().filter_map(serde_json::Value::as_str);
    let mut said: Vec<&str> = default.filter(|text| !text.contains('{')).collect();
    if let Some(Codec::Enum { map, .. }) = &field.codec {
        said.extend(map.keys().map(String::as_str));
    }
    for word in said.into_iter().filter(|word| !is_known(word)) {
        lint.fault(format!("{expected} expected, found `{word}`"));
    }
}

fn is_written(entity: &Entity, field: &Field) -> bool {
    let writes = entity.create.is_some() || entity.update.is_some();
    let takes_part = match field.dir {
        Dir::Both | Dir::Write | Dir::Create => true,
        Dir::Read => false,
    };
    writes && takes_part && field.has_place()
}

fn from_parent(lint: &mut Lint<'_>, entity: &Entity, field: &Field, of: &str, kind: Option<Kind>) {
    let is_decoded = field.codec.is_none() || field.at.is_some();
    lint.demand(is_decoded, "the parent's field is decoded already; no `codec` here");
    let Some(parent_name) = entity.parent.as_deref() else {
        return lint.fault("`from_parent` needs an entity with a `parent`");
    };
    let Some(parent) = lint.connector.entity.get(parent_name) else { return };
    match parent.fields.get(of) {
        None if of == "id" => {}
        None => {
            let known: Vec<&str> = parent.fields.keys().map(String::as_str).chain(["id"]).collect();
            lint.fault(format!("a {parent_name} has no field `{of}`{}", hint(of, &known)));
        }
        Some(theirs) => {
            let gives = theirs.codec.as_ref().map_or(Some(Kind::Text), Codec::gives);
            if let (Some(wanted), Some(gives), true) = (kind, gives, theirs.has_place()) {
                lint.demand(
                    wanted == gives,
                    format!("{} needed, the parent's field gives {}", spoken(wanted), spoken(gives)),
                );
            }
        }
    }
}

fn product_of(lint: &mut Lint<'_>, entity: &Entity, field: &Field, kind: Option<Kind>) {
    lint.demand(
        field.codec.is_none() || field.at.is_some(),
        "a product that is not kept has no spelling of its own; no `codec` here",
    );
    lint.demand(field.custom.is_none() && field.from_parent.is_none(), "a product is kept `at` a place, or nowhere");
    lint.demand(kind.is_none_or(|kind| kind == Kind::Number), "a product is a number");
    // what a line includes is not charged
    let is_charged = kind.is_some() && field.factors().eq(["price", "quantity"]);
    let includes = entity.fields.get("included").is_some_and(Field::has_place);
    lint.demand(!is_charged || !includes, "units that are included are not charged: `less = \"included\"` is needed");
    for name in field.factors() {
        match entity.fields.get(name) {
            None => {
                let known: Vec<&str> = entity.fields.keys().map(String::as_str).collect();
                lint.fault(format!("there is no field `{name}`{}", hint(name, &known)));
            }
            Some(factor) => lint.demand(factor.product_of.is_none(), format!("`{name}` is a product itself")),
        }
    }
}

fn check_codec<'f>(lint: &mut Lint<'f>, codec: &'f Codec) {
    match codec {
        Codec::Text { wrap: _ } => {}
        Codec::Bool { yes, no } => lint.demand(yes != no, "`yes` and `no` are the same"),
        Codec::Decimal { scale, wire: _ } => scale_fits(lint, *scale),
        Codec::Money { unit, scale, wire: _ } => {
            scale_fits(lint, *scale);
            lint.demand(
                *unit == MoneyUnit::Major || scale.is_some(),
                "unit `minor` needs `scale`: how many decimals the currency has",
            );
        }
        Codec::Date { format, none: _, since, ends } => {
            date_format(lint, format);
            lint.maybe("since", since.as_ref(), |lint, day| {
                lint.demand(iso_day(day).is_some(), format!("`{day}` is no day like 1902-01-01"));
            });
            lint.maybe("ends", ends.as_ref(), |lint, ends| {
                let template = lint.template(ends, &[]);
                let is_setting = template.is_some_and(|text| !text.names().is_empty());
                lint.demand(is_setting || is_end(ends), format!("{ENDS} or a setting expected, found `{ends}`"));
            });
        }
        Codec::Enum { map, unknown: _ } => {
            lint.demand(!map.is_empty(), "`map` is empty");
            lint.demand(
                map.values().all(|theirs| !spellings(theirs).is_empty()),
                "a word without a value cannot be written",
            );
            if let Some(twice) = repeated(map.values().flat_map(spellings)) {
                lint.fault(format!("{twice} stands for two words; it could not be read back"));
            }
        }
        Codec::Ref { entity, key, wrap: _, number, form, none: _ } => {
            reference(lint, entity, key.as_deref());
            lint.demand(!number || form.is_none(), "an id in a `form` is a text, not a `number`");
            let is_form = form.as_ref().is_none_or(|form| form.matches(ID).count() == 1);
            lint.demand(is_form, "`form` holds `{id}` once");
        }
    }
}

pub(super) fn reference(lint: &mut Lint<'_>, entity: &str, key: Option<&str>) {
    let Some(target) = lint.connector.entity.get(entity) else {
        let known: Vec<&str> = lint.connector.entity.keys().map(String::as_str).collect();
        return lint.fault(format!("there is no entity `{entity}`{}", hint(entity, &known)));
    };
    let Some(key) = key else { return };
    lint.demand(target.parent.is_none(), format!("`{entity}` has a parent; only a list of its own can be looked up"));
    lint.demand(target.list.is_some(), format!("`{entity}` has no `list` to be looked up in"));
    match target.fields.get(key) {
        None => {
            let known: Vec<&str> = target.fields.keys().map(String::as_str).collect();
            lint.fault(format!("a {entity} has no field `{key}`{}", hint(key, &known)));
        }
        Some(field) => {
            let looked_up = |field: &Field| match &field.codec {
                Some(Codec::Ref { entity, key: Some(key), .. }) => Some((entity.clone(), key.clone())),
                Some(_) | None => None,
            };
            let next = looked_up(field).and_then(|(next, key)| {
                let target = lint.connector.entity.get(&next)?;
                Some((next, target.fields.values().any(|field| looked_up(field).is_some()), key))
            });
            let goes_on = next.is_some_and(|(next, refers, _)| next == entity || refers);
            lint.demand(
                !goes_on,
                format!("`{key}` of {entity} is looked up in an entity that looks up others; refer to that one"),
            );
        }
    }
}

/// Whether a written value can be read back as it was.
fn invertible(lint: &mut Lint<'_>, codec: &Codec) {
    match codec {
        Codec::Decimal { scale, .. } | Codec::Money { scale, .. } => {
            lint.demand(scale.is_some(), "a written number needs `scale`: the decimals the server keeps");
        }
        Codec::Enum { unknown, .. } => lint.demand(
            *unknown != Some(super::language::UnknownWord::Keep),
            "a word that is kept as it is cannot be written back; say `dir = \"read\"` or `unknown = \"reject\"`",
        ),
        Codec::Text { .. } | Codec::Bool { .. } | Codec::Date { .. } | Codec::Ref { .. } => {}
    }
}

fn scale_fits(lint: &mut Lint<'_>, scale: Option<u32>) {
    if let Some(scale) = scale {
        lint.demand(scale <= SCALE_MAX, format!("`scale` is at most {SCALE_MAX}, found {scale}"));
    }
}

pub(super) fn date_format(lint: &mut Lint<'_>, format: &str) {
    lint.demand(
        is_date_format(format),
        format!(
            "`{format}` is no date format; rfc3339, tagged, json_date, or a pattern with year, month and day such as %Y-%m-%d"
        ),
    );
}

fn spoken(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Flag => "yes or no",
        Kind::Number => "a number",
        Kind::Day => "a date",
    }
}
