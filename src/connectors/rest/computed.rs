//! Fields that the system computes from another record: a change is written there, and read back on the row.
//!
//! Keeps the invariants that nothing is written into a value that would be computed over it, and that a figure is changed only
//! where the row shows it as it is kept.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::codec::{Decoded, References, text_of};
use super::compare::same;
use super::language::{ChangeSource, Entity};
use super::one::One;
use super::path::Path;
use super::requests::{Draft, Request, decoded};
use super::rows::Connection;
use crate::connectors::Result;
use crate::connectors::error::{ConnectorError, ErrorKind};
use crate::connectors::writing::Looked;
use crate::core::change::{Said, Target, Wanted};

type Built<T> = std::result::Result<T, String>;

/// The record that a field is computed from, as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) entity: String,
    pub(super) id: String,
    /// Its field.
    pub(super) field: String,
    pub(super) one: One,
}

/// Entity, id and field of what holds a figure.
type Place = (String, String, String);

impl Entity {
    /// Where the value of a write's field is kept, if not in the row itself.
    fn kept_elsewhere(&self, said: &Said<'_>, one: &One) -> Built<Option<Place>> {
        let Some(ChangeSource { field, from }) = &self.change_source else { return Ok(None) };
        let mut all = Vec::new();
        for origin in from {
            for id in Path::parse(&origin.at)?.all(&one.raw) {
                all.push((origin, text_of(id)?));
            }
        }
        let is_said = said.fields.contains_key(field.as_str());
        if all.is_empty() || (!is_said && said.effective.is_none()) {
            return Ok(None);
        }
        if said.effective.is_some() {
            return Err(format!(
                "its `{field}` is computed, so it cannot be changed from a day on; it can be changed at once"
            ));
        }
        if said.fields.len() > 1 {
            return Err(format!("its `{field}` is computed and written elsewhere: change it by itself"));
        }
        match all.as_slice() {
            [(origin, id)] => match (&origin.entity, &origin.field) {
                (Some(entity), Some(of)) => Ok(Some((entity.clone(), id.clone(), of.clone()))),
                _ => Err(format!("its `{field}` is computed from `{}`, and changes only with that", origin.at)),
            },
            several => {
                let ids: Vec<&str> = several.iter().map(|(_, id)| id.as_str()).collect();
                Err(format!(
                    "its `{field}` is computed from several ({}): which of them changes is not known",
                    ids.join(", ")
                ))
            }
        }
    }
}

impl Connection {
    /// Reads the record that a field of a write is computed from, where it is.
    pub(super) async fn with_kept(self: &Arc<Self>, said: &Said<'_>, mut one: One) -> Result<One> {
        let entity = self.entity(said.entity)?;
        let place = entity.kept_elsewhere(said, &one).map_err(|what| self.unfit(said.entity, what))?;
        let Some((name, id, field)) = place else { return Ok(one) };
        let missing = || {
            let what = format!("its value is computed from {name} {id}, which is not there");
            ConnectorError::new(&self.name, format!("read {name}"), ErrorKind::NotFound(what))
        };
        let read = self.one(&name, &Target { id: id.clone(), below: None }).await?.ok_or_else(missing)?;
        one.kept = Some(Box::new(Kept { entity: name, id, field, one: read }));
        Ok(one)
    }

    /// The figure as it is kept.
    fn figure(&self, kept: &Kept) -> Built<Option<Decoded>> {
        let entity = self.connector.entity.get(&kept.entity);
        let field = entity.and_then(|entity| entity.fields.get(&kept.field));
        let field = field.ok_or_else(|| format!("{} has no field `{}`", kept.entity, kept.field))?;
        self.located(field)?.value(&kept.one.raw, &References::new())
    }
}

impl Draft<'_> {
    /// The calls that change the figure where it is kept.
    pub(super) fn where_kept(&self, one: &One, kept: &Kept) -> Built<Vec<Request>> {
        let Some((name, wanted)) = self.said.fields.iter().next() else { return Ok(Vec::new()) };
        let (field, shown) = (self.field(name)?, self.of.figure(kept)?);
        let held = self.of.located(field)?.value(&one.raw, self.references)?;
        if !same(field, held.as_ref(), shown.as_ref()) {
            let text =
                |value: &Option<Decoded>| value.as_ref().map_or_else(|| "nothing".to_owned(), super::effect::shown);
            return Err(format!(
                "`{name}` is {} here and `{}` of {} {} is {}: what lies between, such as free units, is not known, so change it \
                 in {} itself",
                text(&held),
                kept.field,
                kept.entity,
                kept.id,
                text(&shown),
                self.of.connector.name,
            ));
        }
        let entity = self.of.connector.entity.get(&kept.entity).ok_or("what it is computed from is not described")?;
        let target = Target { id: kept.id.clone(), below: None };
        let fields = std::collections::BTreeMap::new();
        let said = Said {
            target: Some(&target),
            below: None,
            marker: None,
            fields,
            effective: None,
            entity: self.said.entity,
        };
        let there = Draft { of: self.of, entity, said: &said, references: self.references };
        let call = there.changed(&kept.one, &[(kept.field.as_str(), wanted.after.map(decoded))])?;
        Ok(call.into_iter().collect())
    }

    /// Whether the figure is changed where it is kept.
    pub(super) fn looked_where_kept(&self, was: &Kept, now: Option<&Kept>) -> Built<Looked> {
        let Some(now) = now.filter(|now| (&now.entity, &now.id) == (&was.entity, &was.id)) else {
            return Ok(Looked::CannotTell(format!("it is not computed from {} {} any more", was.entity, was.id)));
        };
        let Some((name, Wanted { after, .. })) = self.said.fields.iter().next() else { return Ok(Looked::DidNot) };
        let (field, before, held) = (self.field(name)?, self.of.figure(was)?, self.of.figure(now)?);
        let id = self.said.target.map(|target| target.id.clone()).unwrap_or_default();
        Ok(
            match (same(field, held.as_ref(), after.map(decoded).as_ref()), same(field, held.as_ref(), before.as_ref()))
            {
                (true, _) => Looked::Happened(id),
                (false, true) => Looked::DidNot,
                (false, false) => {
                    let what = format!(
                        "`{}` of {} {} is neither what it was nor what was sent",
                        was.field, was.entity, was.id
                    );
                    Looked::CannotTell(what)
                }
            },
        )
    }
}
