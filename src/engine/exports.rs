//! What a folder of exports may hold, for people: the keys of its `columns.toml` and the fields of each file.
//!
//! Keeps the invariant that it is told from the tables the files are read with.

use crate::connectors::files::entity::{Entity, Field, Kind, LINKS, PSA_ENTITIES, VENDOR_ENTITIES};
use crate::connectors::files::imports::format;
use crate::connectors::files::profile;

/// One thing that may stand in a folder of exports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportField {
    /// The file it stands in.
    pub file: &'static str,
    /// The key or the field.
    pub name: &'static str,
    /// What it is.
    pub about: String,
    /// Whether a file without it is refused.
    pub required: bool,
}

/// The keys of `columns.toml` and of `import.toml`, then the fields of each file, in the order of the files.
#[must_use]
pub fn export_fields() -> Vec<ExportField> {
    let key = |file| {
        move |(name, about): (&'static str, &str)| {
            let required = file == format::FILE && format::REQUIRED.contains(&name);
            ExportField { file, name, about: about.to_owned(), required }
        }
    };
    let entities = VENDOR_ENTITIES.iter().chain(&PSA_ENTITIES).copied().chain([&LINKS]);
    let keys = profile::KEYS.into_iter().map(key(profile::FILE)).chain(format::KEYS.into_iter().map(key(format::FILE)));
    let results = format::RESULT_KEYS.into_iter().map(key(format::RESULT));
    keys.chain(results).chain(entities.flat_map(fields)).collect()
}

fn fields(entity: &'static Entity) -> impl Iterator<Item = ExportField> {
    entity.fields.iter().map(|field| ExportField {
        file: entity.name,
        name: field.name,
        about: about(field),
        required: field.required,
    })
}

fn about(field: &Field) -> String {
    let kind = match field.kind {
        Kind::Text => "text",
        Kind::Number => "number",
        Kind::Date => "day",
        Kind::Flag => "true or false",
    };
    if field.aliases.is_empty() { kind.to_owned() } else { format!("{kind}; also {}", field.aliases.join(", ")) }
}
