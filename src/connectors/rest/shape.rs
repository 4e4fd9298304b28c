//! Rows decoded: each field from its place, its parent, its factors or its default.
//!
//! Keeps the invariant that what cannot be read is a problem with record and field, and the rest of the row goes on.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::answers::Test;
use super::canonical;
use super::codec::{Decoded, Kind, References, decode_default, shown, text_of};
use super::custom::Located;
use super::inside;
use super::language::{Codec, Entity, Field};
use super::paging::Found;
use super::path::Path;
use super::products::{product, rounded};
use super::rows::Connection;
use super::settings::Values;
use crate::core::reconcile::outcome::KeyPart;
use crate::core::snapshot::Problem;

/// A record as decoded.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    /// The request it came with.
    pub(super) at: String,
    pub(super) id: String,
    pub(super) version: Option<String>,
    pub(super) fields: BTreeMap<String, Decoded>,
    /// Fields that could not be read: each is a problem already.
    pub(super) broken: BTreeSet<String>,
    /// The row as it came, where others are inside it.
    pub(super) raw: Option<Value>,
    /// Whose line it is, where it is a line and says so.
    pub(super) customer: Option<KeyPart>,
    /// Itself and the records above it, as addresses name them: entity and id, nearest first.
    pub(super) parents: Vec<(String, String)>,
}

/// What a reading of an entity gave.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    pub(super) rows: Vec<Row>,
    pub(super) problems: Vec<Problem>,
}

/// A field: its name, what the file says of it, and where it stands in a row, the first place that has a value.
type Described<'s> = (&'s str, Located<'s>);

/// What a row may take values from besides itself: the record it is listed below, and the records that were read before.
#[derive(Clone, Copy)]
pub(super) struct Around<'r> {
    pub(super) parent: Option<&'r Row>,
    pub(super) references: &'r References,
}

/// How the rows of an entity are decoded.
pub(super) struct Shape<'s> {
    values: &'s Values,
    name: &'s str,
    entity: &'s Entity,
    pub(super) id: Path,
    version: Option<Path>,
    gone: Option<(Path, &'s Value, &'s str)>,
    /// Which rows are none.
    except: Vec<Test>,
    only: Option<Test>,
    /// Whether rows are kept as they came.
    is_kept: bool,
    fields: Vec<Described<'s>>,
}

impl<'s> Shape<'s> {
    pub(super) fn new(
        connection: &'s Connection,
        name: &'s str,
        entity: &'s Entity,
    ) -> std::result::Result<Self, String> {
        let parse = |text: &Option<String>| text.as_deref().map(Path::parse).transpose();
        let version = entity.version.as_ref().map(|version| parse(&version.at)).transpose()?.flatten();
        let gone = match entity.list.as_ref().and_then(|list| list.gone.as_ref()) {
            None => None,
            Some(gone) => Some((Path::parse(&gone.at)?, &gone.eq, gone.status.as_str())),
        };
        let mut fields = Vec::new();
        for (name, field) in &entity.fields {
            fields.push((name.as_str(), connection.located(field)?));
        }
        let is_inside = |other: &Entity| other.inside.is_some() && other.parent.as_deref() == Some(name);
        let is_kept = connection.connector.entity.values().any(is_inside);
        let id = Path::parse(&entity.id)?;
        let except = entity.except.iter().map(Test::new).collect::<std::result::Result<_, _>>()?;
        let only = entity.only.as_ref().map(Test::new).transpose()?;
        Ok(Self { values: &connection.values, name, entity, id, version, gone, except, only, is_kept, fields })
    }

    /// A row decoded; nothing where it is no such record, and nothing, with a problem, where it has no id.
    pub(super) fn row(&self, found: &Found, around: Around<'_>, problems: &mut Vec<Problem>) -> Option<Row> {
        let is_other = self.only.as_ref().is_some_and(|only| !only.holds(&found.row));
        if is_other || self.except.iter().any(|test| test.holds(&found.row)) {
            return None;
        }
        let id = match self.id.get(&found.row).map(text_of) {
            Some(Ok(id)) if !id.is_empty() => id,
            other => {
                let expected = format!("an id expected at `{}`", self.entity.id);
                let what = match other {
                    Some(Err(what)) => format!("{expected}: {what}"),
                    Some(Ok(_)) | None => format!("{expected}, found none in {}", shown(&found.row)),
                };
                problems.push(Problem::new(&found.at, what).field("id"));
                return None;
            }
        };
        let id = match (&self.entity.inside, around.parent) {
            (Some(_), Some(parent)) => inside::id_of(&parent.id, &id),
            _ => id,
        };
        let mut parents = vec![(self.name.to_owned(), id.clone())];
        parents.extend(around.parent.iter().flat_map(|row| row.parents.iter().cloned()));
        let version = self.version.as_ref().and_then(|path| path.get(&found.row)).and_then(|mark| text_of(mark).ok());
        let raw = self.is_kept.then(|| found.row.clone());
        let (at, fields, broken) = (found.at.clone(), BTreeMap::new(), BTreeSet::new());
        let mut row = Row { at, id, version, fields, broken, raw, customer: None, parents };
        let before = problems.len();
        let (products, plain): (Vec<_>, Vec<_>) =
            self.fields.iter().partition(|(_, located)| located.field.product_of.is_some());
        for described in plain.into_iter().chain(products) {
            let (name, located) = described;
            let value = match (self.field(described, &found.row, around), &located.field.product_of) {
                (Ok(None), Some(_)) => product(located.field, &row.fields, &row.broken)
                    .map(|product| product.map(|product| Decoded::Number(rounded(located.field, product)))),
                (value, _) => value,
            };
            match value {
                Ok(Some(value)) => {
                    row.fields.insert((*name).to_owned(), value);
                }
                Ok(None) => {}
                Err(what) => {
                    problems.push(Problem::new(&found.at, what).record(&row.id).field(*name));
                    row.broken.insert((*name).to_owned());
                }
            }
        }
        if let ("line", Some(Decoded::Text(company))) = (self.name, row.fields.get("company")) {
            row.customer = Some(KeyPart::Psa(company.as_str().into()));
            problems.iter_mut().skip(before).for_each(|problem| problem.customer.clone_from(&row.customer));
        }
        if let Some((path, eq, status)) = &self.gone
            && path
                .get(&found.row)
                .is_some_and(|value| value == *eq || eq.as_array().is_some_and(|several| several.contains(value)))
        {
            row.fields.insert("status".to_owned(), Decoded::Text((*status).to_owned()));
        }
        Some(row)
    }

    fn field(
        &self,
        (name, located): &Described<'_>,
        row: &Value,
        around: Around<'_>,
    ) -> std::result::Result<Option<Decoded>, String> {
        let field = located.field;
        let mut value = located.value(row, around.references)?;
        if let (None, Some(of), Some(parent)) = (&value, &field.from_parent, around.parent) {
            if parent.broken.contains(of) {
                return Err(format!("it is taken from record {} above, where `{of}` cannot be read", parent.id));
            }
            value = parent.fields.get(of).cloned();
            if value.is_none() && of == "id" {
                value = Some(Decoded::Text(parent.id.clone()));
            }
        }
        match (value, &field.default) {
            (None, Some(Value::String(text))) if text.contains('{') => {
                let text = Value::from(self.values.plain(text)?);
                decode_default(&text, self.kind(name, field)).map(Some)
            }
            (None, Some(default)) => decode_default(default, self.kind(name, field)).map(Some),
            (value, _) => Ok(value),
        }
    }

    /// What a default of a field is: as the canonical field wants it, else as the codec gives it.
    fn kind(&self, name: &str, field: &Field) -> Kind {
        let known = canonical::fields_of(self.name).into_iter().flatten().find(|known| known.name == name);
        let given = field.codec.as_ref().and_then(Codec::gives);
        known.map(|known| known.kind).or(given).unwrap_or(Kind::Text)
    }
}
