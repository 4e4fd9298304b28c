//! A connector file in words: what has to be filled in, what is read and written, how, and what is not possible.
//!
//! Keeps the invariant that what is said is what the file says; nothing is promised for it.

use super::canonical;
use super::codec::Kind;
use super::language::{
    Clear, Codec, Connector, Create, Dated, Dir, Entity, Field, Guard, Numbers, OneOrMore, Page, Round, RoundHalf,
    Setting, SettingKind, Style, Update,
};

/// A connector file in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// What the system is called.
    pub system: String,
    /// Settings, entities and fields, in the order of the alphabet within each.
    pub lines: Vec<DescribedLine>,
    /// What cannot be done through it.
    pub impossible: Vec<String>,
}

/// One thing a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribedLine {
    /// `setting`, or the entity.
    pub of: String,
    /// The setting or the field; empty for the entity itself.
    pub name: String,
    /// What can be done with it, or what a setting is.
    pub can: String,
    /// Where it stands and how it is spelled.
    pub how: String,
}

/// Puts a file into words.
pub(super) fn describe(file: &Connector) -> Described {
    let mut lines = Vec::new();
    for (name, setting) in &file.settings {
        lines.push(line("setting", name, asked(setting), noted(setting)));
    }
    for (name, entity) in &file.entity {
        lines.push(line(name, "", abilities(entity).join(", "), ways(entity)));
        for (field_name, field) in &entity.fields {
            lines.push(line(name, field_name, direction(entity, field_name, field), place(field, file.http.numbers)));
        }
    }
    if let Some(ticket) = &file.ticket {
        lines.push(line("ticket", "", "make, find".to_owned(), format!("POST {}", ticket.post)));
    }
    if let Some(second) = &file.second_writer {
        let (setting, is) = (&second.unless.setting, &second.unless.is);
        let how = format!("nothing is written while {} is at work, unless {setting} is {is}", second.name);
        lines.push(line("second writer", "", "refuse".to_owned(), how));
    }
    Described { system: file.name.clone(), lines, impossible: impossible(file) }
}

fn line(of: &str, name: &str, can: String, how: String) -> DescribedLine {
    DescribedLine { of: of.to_owned(), name: name.to_owned(), can, how }
}

fn asked(setting: &Setting) -> String {
    let kind = match setting.kind {
        SettingKind::Text => "text",
        SettingKind::Host => "host",
        SettingKind::Url => "address",
        SettingKind::Secret => "secret",
    };
    match &setting.default {
        Some(default) => format!("{kind}, {default} if not given"),
        None => format!("{kind}, required"),
    }
}

fn noted(setting: &Setting) -> String {
    let example = setting.example.iter().map(|example| format!("such as {example}"));
    setting.note.iter().cloned().chain(example).collect::<Vec<_>>().join("; ")
}

fn abilities(entity: &Entity) -> Vec<&'static str> {
    let all = [
        ("list", entity.list.is_some() || entity.inside.is_some()),
        ("read one", entity.get.is_some() || entity.inside.is_some()),
        ("create", entity.create.is_some()),
        ("change", entity.update.is_some()),
        ("change from a day on", entity.dated.is_some()),
    ];
    all.into_iter().filter(|(_, can)| *can).map(|(what, _)| what).collect()
}

fn ways(entity: &Entity) -> String {
    let mut ways = Vec::new();
    match (&entity.parent, &entity.inside) {
        (Some(parent), Some(inside)) => {
            let how = if entity.apart { "each written by itself" } else { "a change replaces the set" };
            ways.push(format!("inside each {parent}, at `{inside}`; {how}"));
        }
        (Some(parent), None) => ways.push(format!("below each {parent}")),
        (None, _) => {}
    }
    if let Some(list) = &entity.list {
        let verb = if list.post.is_some() { "POST" } else { "GET" };
        let stated = list.statement.iter().map(|statement| format!(" ({})", statement.select)).collect::<String>();
        let each = if list.read_each { ", each read again by itself" } else { "" };
        ways.push(format!("{verb} {}{stated}, {}{each}", list.address(), cut(&list.page)));
    }
    ways.extend(entity.stretches.as_ref().map(|rows| format!("by days: rows of {}", rows.entity)));
    ways.extend(entity.create.as_ref().map(|create| made(entity, create)));
    ways.extend(entity.update.as_ref().map(changed));
    ways.extend(entity.dated.as_ref().map(dated));
    if let Some(source) = &entity.change_source {
        let entities = source.from.iter().filter_map(|origin| origin.entity.as_deref());
        let entities: Vec<&str> = entities.collect();
        ways.push(format!("`{}`, where it is computed, changed in its {}", source.field, entities.join(" or ")));
    }
    ways.join("; ")
}

fn cut(page: &Page) -> String {
    match page {
        Page::None { at_most } => format!("one answer of at most {at_most} rows"),
        Page::Link { .. } => "pages by the Link header".to_owned(),
        Page::Cursor { param, .. } => format!("pages by the mark `{param}`"),
        Page::Offset { offset, .. } => format!("pages counted in rows by `{offset}`"),
        Page::Number { page, .. } => format!("pages counted by `{page}`"),
        Page::NextUrl { at, .. } => format!("pages by the address at `{at}`"),
    }
}

fn made(entity: &Entity, create: &Create) -> String {
    let calls = [("POST", &create.post), ("PUT", &create.put), ("PATCH", &create.patch)];
    let call = calls.iter().find_map(|(verb, address)| Some(format!("made by {verb} {}", address.as_ref()?)));
    let way = call.unwrap_or_else(|| "added to the set".to_owned());
    let link = entity.link.iter().map(|link| {
        let at = link.custom.as_ref().or(link.at.as_ref());
        format!("the link in `{}`", at.map_or("", String::as_str))
    });
    let found: Vec<String> = link.chain(create.probe.iter().cloned()).collect();
    format!("{way}, found again by {}", found.join(", "))
}

fn changed(update: &Update) -> String {
    let said = [("PATCH", &update.patch), ("PUT", &update.put), ("POST", &update.post)];
    let (verb, address) =
        said.iter().find_map(|(verb, address)| Some((*verb, address.as_deref()?))).unwrap_or_default();
    let style = match update.style {
        Style::Merge => "the changed values",
        Style::Sparse => "the changed members, each whole",
        Style::JsonPatch => "operations (JSON Patch)",
        Style::Full => "the whole record",
    };
    let steps = if update.steps.is_empty() { "" } else { ", in steps where its state asks for them" };
    format!("changed by {verb} {address} with {style}, {}{steps}", guarded(&update.guard))
}

fn guarded(guard: &Guard) -> String {
    match (&guard.header, &guard.at) {
        (Some(header), _) => format!("refused by the system where somebody else changed it ({header})"),
        (None, Some(at)) => format!("refused by the system where somebody else changed it (`{at}`)"),
        (None, None) => "read again right before, as the system does not notice who changed it".to_owned(),
    }
}

fn dated(dated: &Dated) -> String {
    match dated {
        Dated::Absolute { at, .. } => format!("from a day on: the day is sent at `{at}`"),
        Dated::EndAndAdd { start, end, .. } => {
            format!("from a day on: ended (`{end}`) and followed by one (`{start}`)")
        }
        Dated::DeltaAtDate { post, field, .. } => {
            format!("from a day on: what `{field}` changes by is sent once by POST {post}")
        }
    }
}

fn direction(entity: &Entity, name: &str, field: &Field) -> String {
    let (makes, changes) = (entity.create.is_some(), entity.update.is_some());
    let can = match field.dir {
        _ if matches!(&entity.dated, Some(Dated::DeltaAtDate { field: by, .. }) if by == name) => {
            if makes {
                "read, write"
            } else {
                "read, write from a day on"
            }
        }
        _ if !field.has_place() => "read",
        Dir::Read => "read",
        Dir::Both if makes || changes => "read, write",
        Dir::Write if makes || changes => "write",
        Dir::Create if makes => "read, write when made",
        Dir::Both | Dir::Write | Dir::Create => "read",
    };
    can.to_owned()
}

fn place(field: &Field, numbers: Numbers) -> String {
    let mut parts = Vec::new();
    if let Some(at) = &field.at {
        parts.push(at.clone());
    }
    if let Some(name) = &field.custom {
        parts.push(format!("the tenant's own field {name}"));
    }
    parts.extend(field.or_at.iter().flat_map(OneOrMore::all).map(|at| format!("or {at}")));
    if let Some(of) = &field.of_stretch {
        parts.push(format!("`{of}` of its stretch of days"));
    }
    if let Some(of) = &field.from_parent {
        parts.push(format!("`{of}` of the record above"));
    }
    if let Some([left, right]) = &field.product_of {
        let less = field.less.iter().map(|less| format!(" less {less}"));
        parts.push(format!("{left} times {right}{}", less.collect::<String>()));
    }
    if let Some(Round { digits, half }) = field.round {
        let middle = match half {
            RoundHalf::Even => "the middle to the even digit",
            RoundHalf::Up => "the middle away from nought",
        };
        parts.push(format!("rounded to {digits} digits, {middle}"));
    }
    if let Some(default) = &field.default {
        let default = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
        parts.push(if parts.is_empty() { format!("always {default}") } else { format!("else {default}") });
    }
    parts.extend(field.codec.as_ref().map(|codec| spelled(codec, numbers)));
    let elsewhere = |to: &String| match &field.to_codec {
        Some(codec) => format!("written at {to} as {}", spelled(codec, numbers)),
        None => format!("written at {to}"),
    };
    parts.extend(field.to.as_ref().map(elsewhere));
    parts.extend(field.max.map(|most| format!("at most {most} characters")));
    parts.join(", ")
}

fn spelled(codec: &Codec, numbers: Numbers) -> String {
    let form = |wire: &Option<Numbers>| match wire.unwrap_or(numbers) {
        Numbers::String => "as text",
        Numbers::Number => "as a number",
        Numbers::Either => "as text or as a number",
        Numbers::Tagged => "tagged",
    };
    match codec {
        Codec::Text { .. } => "text".to_owned(),
        Codec::Bool { yes, no } => format!("{yes} or {no}"),
        Codec::Decimal { wire, .. } => format!("a decimal {}", form(wire)),
        Codec::Money { wire, .. } => format!("money {}", form(wire)),
        Codec::Date { format, ends, .. } => {
            let ends = ends.iter().map(|ends| format!(", {ends}"));
            format!("a day as {format}{}", ends.collect::<String>())
        }
        Codec::Enum { map, .. } => {
            let words: Vec<String> = map.iter().map(|(ours, theirs)| format!("{ours} = {theirs}")).collect();
            words.join(", ")
        }
        Codec::Ref { entity, key: None, .. } => format!("the id of a {entity}"),
        Codec::Ref { entity, key: Some(key), .. } => format!("the {key} of the {entity} with this id"),
    }
}

/// What is not possible, by entity of ours.
fn impossible(file: &Connector) -> Vec<String> {
    let mut cannot = Vec::new();
    for name in canonical::ENTITIES {
        let Some(entity) = file.entity.get(name) else {
            let what = if name == canonical::INVOICED { "invoice" } else { name };
            cannot.push(format!("No {what} is read."));
            continue;
        };
        let is_written = !["bundle", canonical::INVOICED].contains(&name);
        let lacks = [
            ("made", is_written && entity.create.is_none()),
            ("changed", is_written && entity.update.is_none()),
            ("changed from a day on", name == "line" && entity.dated.is_none()),
        ];
        let lacking: Vec<&str> = lacks.iter().filter(|(_, lacks)| *lacks).map(|(what, _)| *what).collect();
        if !lacking.is_empty() {
            cannot.push(format!("A {name} cannot be {}.", lacking.join(" or ")));
        }
        if entity.update.as_ref().is_some_and(|update| update.clear == Clear::Never) {
            cannot.push(format!("A value of a {name} cannot be cleared."));
        }
        let known = canonical::fields_of(name).into_iter().flatten();
        let absent: Vec<&str> =
            known.filter(|field| !entity.fields.contains_key(field.name)).map(|field| field.name).collect();
        if !absent.is_empty() {
            cannot.push(format!("A {name} has no {}.", absent.join(", ")));
        }
    }
    if file.ticket.is_none() {
        cannot.push("No tickets are made.".to_owned());
    }
    cannot
}

/// The canonical fields, for whoever writes a file: entity, field, kind, and whether a record needs it.
#[must_use]
pub fn canonical_fields() -> Vec<(&'static str, &'static str, &'static str, bool)> {
    let spoken = |kind| match kind {
        Kind::Text => "text",
        Kind::Flag => "yes or no",
        Kind::Number => "number",
        Kind::Day => "day",
    };
    let of = |entity: &'static str| {
        let fields = canonical::fields_of(entity).into_iter().flatten();
        fields.map(move |field| (entity, field.name, spoken(field.kind), field.required))
    };
    canonical::ENTITIES.into_iter().flat_map(of).collect()
}
