//! Rows as a file decodes them, for whoever writes the file.
//!
//! Keeps the invariant that what is shown went the same way as what is pulled.

use super::codec::Decoded;
use super::language::{Field, OneOrMore};
use super::rows::{self, Extent};
use super::shape::{Row, Rows};
use super::source::hint;
use super::{Rest, canonical, convert};
use crate::connectors::error::{ConnectorError, ErrorKind};
use crate::connectors::{Result, Watch};
use crate::core::snapshot::Problem;

/// Some rows of an entity as decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// The entity.
    pub entity: String,
    /// The rows that could be told apart.
    pub rows: Vec<TriedRow>,
    /// What could not be read of them and of others.
    pub problems: Vec<Problem>,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriedRow {
    /// Its id.
    pub id: String,
    /// Its fields in the order of the alphabet.
    pub fields: Vec<TriedField>,
}

/// One field of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriedField {
    /// Its name.
    pub name: String,
    /// Where the file says it is.
    pub at: String,
    /// What was read; nothing where the row has none, or it could not be read.
    pub value: Option<String>,
}

impl Rest {
    /// Reads the first page of an entity's list, or all of it where a watch is given, and decodes it. A plural is understood.
    ///
    /// # Errors
    /// An entity the file does not have; what the system said.
    pub async fn try_list(&self, entity: &str, whole: Option<&dyn Watch>) -> Result<Trial> {
        let entities = &self.connection.connector.entity;
        let single = entity.strip_suffix("ies").map(|stem| format!("{stem}y"));
        let singles = [Some(entity), entity.strip_suffix('s'), single.as_deref()];
        let Some(name) = singles.into_iter().flatten().find(|name| entities.contains_key(*name)) else {
            let known: Vec<&str> = entities.keys().map(String::as_str).collect();
            let what = format!("the file has no entity `{entity}`{}", hint(entity, &known));
            return Err(ConnectorError::new(&self.descriptor.name, "list", ErrorKind::Settings(what)));
        };
        let extent = whole.map_or(Extent::FirstPage, Extent::Whole);
        let read = rows::read(&self.connection, name, extent).await?;
        let fields = entities.get(name).map(|entity| &entity.fields);
        let tried = |row: Row| {
            let one = |(name, field): (&String, &Field)| {
                let value = row.fields.get(name).map(shown);
                TriedField { name: name.clone(), at: place(field), value }
            };
            TriedRow { id: row.id.clone(), fields: fields.into_iter().flatten().map(one).collect() }
        };
        let problems = problems(name, read.clone());
        Ok(Trial {
            entity: name.to_owned(),
            rows: read.rows.into_iter().map(tried).collect(),
            problems: self.connection.client.clean(problems),
        })
    }
}

/// The problems of rows, those of the records they become too.
fn problems(entity: &str, read: Rows) -> Vec<Problem> {
    match entity {
        "customer" => convert::all(read, convert::customer).1,
        "product" => convert::all(read, convert::product).1,
        "line" => convert::all(read, convert::line).1,
        canonical::INVOICED => convert::all(read, convert::invoiced).1,
        "bundle" => convert::all(read, convert::bundle_part).1,
        _ => read.problems,
    }
}

fn place(field: &Field) -> String {
    let parent = field.from_parent.iter().map(|of| format!("above: {of}"));
    let product = field.product_of.iter().map(|[left, right]| match &field.less {
        Some(less) => format!("{left} × ({right} − {less})"),
        None => format!("{left} × {right}"),
    });
    let either = field.or_at.iter().flat_map(OneOrMore::all).map(|at| format!("or {at}"));
    let by_days = field.of_stretch.iter().map(|of| format!("by days: {of}"));
    let custom = field.custom.iter().map(|name| format!("custom: {name}"));
    let places: Vec<String> =
        field.at.iter().cloned().chain(custom).chain(either).chain(parent).chain(by_days).chain(product).collect();
    if places.is_empty() { "default".to_owned() } else { places.join(" ") }
}

fn shown(value: &Decoded) -> String {
    match value {
        Decoded::Text(text) => text.clone(),
        Decoded::Flag(flag) => flag.to_string(),
        Decoded::Number(number) => crate::core::money::plain(*number),
        Decoded::Day(day) => day.to_string(),
    }
}
