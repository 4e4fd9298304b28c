//! Rows inside another record: read with it, and written by replacing the set as it was read with one row changed.
//!
//! Keeps the law that every other row of the set, and what a changed row holds besides, is sent as it was read.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::body::{Put, Taking};
use super::codec::{Decoded, text_of};
use super::dated::Split;
use super::language::{Entity, Update};
use super::one::One;
use super::path::Path;
use super::requests::{Draft, Request};

type Built<T> = Result<T, String>;

/// The id of a row inside a record: such rows are often numbered within it alone.
pub(super) fn id_of(parent: &str, own: &str) -> String {
    format!("{}/{own}", parent.replace('~', "~0").replace('/', "~1"))
}

/// The record a row is inside, and the row's own id.
pub(super) fn parts(id: &str) -> Option<(String, &str)> {
    let (parent, own) = id.split_once('/')?;
    Some((parent.replace("~1", "/").replace("~0", "~"), own))
}

impl Entity {
    /// The rows of this entity inside a record of the one above.
    ///
    /// # Errors
    /// What stands in their place.
    pub(super) fn set<'v>(&self, above: &'v Value) -> Built<&'v [Value]> {
        let Some(inside) = &self.inside else { return Ok(&[]) };
        match Path::parse(inside)?.get(above) {
            None => Ok(&[]),
            Some(Value::Array(rows)) => Ok(rows),
            Some(found) => Err(format!("a list of rows expected at `{inside}`, found {}", super::codec::shown(found))),
        }
    }

    /// The row of a set with this id of its own.
    pub(super) fn in_set<'v>(&self, above: &'v Value, own: &str) -> Built<Option<&'v Value>> {
        let id = Path::parse(&self.id)?;
        let is_it = |row: &&Value| id.get(row).is_some_and(|id| text_of(id).is_ok_and(|id| id == own));
        Ok(self.set(above)?.iter().find(is_it))
    }
}

impl<'d> Draft<'d> {
    /// The body that replaces the set of the record above: a row changed, and rows added.
    pub(super) fn set_with(&self, taking: Taking<'_>, one: &One, puts: &[Put], added: Vec<Value>) -> Built<Value> {
        let above = one.above.as_ref().ok_or("the record above was not read")?;
        let rows = replaced(self.entity.set(above)?, taking, one, puts, added)?;
        let at = Path::parse(self.entity.inside.as_deref().unwrap_or_default())?;
        taking.body(above, &[Put { at, new: Map::new(), value: Some(Value::Array(rows)) }])
    }

    /// The call that makes a row inside the record above.
    pub(super) fn added(&self, one: &'d One) -> Built<Request> {
        let update = self.changing()?;
        let row = self.row_of(&self.values()?, &Map::new(), one)?;
        let body = self.set_with(self.taking(update), one, &[], vec![row])?;
        self.change(update, one, body)
    }

    /// The one call that ends a row on a day and adds the row that follows it.
    pub(super) fn split_inside(&self, one: &'d One, split: &Split<'d>) -> Built<Request> {
        let update = self.changing()?;
        let next = self.row_of(&split.new, &split.carried, one)?;
        let (_, puts) = self.puts(one, &[(split.end, Some(Decoded::Day(split.day)))])?;
        let body = self.set_with(self.taking(update), one, &puts, vec![next])?;
        self.change(update, one, body)
    }

    fn changing(&self) -> Built<&'d Update> {
        self.entity.update.as_ref().ok_or_else(|| self.unable("changed"))
    }

    /// A new row inside a record, with what every new one holds.
    fn row_of(&self, values: &BTreeMap<&'d str, Decoded>, carried: &Map<String, Value>, one: &'d One) -> Built<Value> {
        let create = self.entity.create.as_ref().ok_or_else(|| self.unable("made"))?;
        self.filled(create, values, carried, &self.names(Some(one)))
    }
}

/// A set with one of its rows changed, and rows added.
fn replaced(set: &[Value], taking: Taking<'_>, one: &One, puts: &[Put], added: Vec<Value>) -> Built<Vec<Value>> {
    let mut rows = set.to_vec();
    if !puts.is_empty() {
        let row = rows.iter_mut().find(|row| **row == one.raw).ok_or("the row is not in the set any more")?;
        *row = taking.wanted(&one.raw, puts)?;
    }
    rows.extend(added);
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::connectors::rest::language::{Clear, Style};

    fn style() -> impl Strategy<Value = Style> {
        prop::sample::select(vec![Style::Merge, Style::Sparse, Style::JsonPatch, Style::Full])
    }

    /// A record after a body was carried out on it.
    fn carried_out(style: Style, record: &Value, body: Value) -> Value {
        let mut record = record.clone();
        match style {
            Style::Merge => json_patch::merge(&mut record, &body),
            Style::Sparse => record.as_object_mut().unwrap().extend(body.as_object().unwrap().clone()),
            Style::JsonPatch => {
                json_patch::patch(&mut record, &serde_json::from_value::<json_patch::Patch>(body).unwrap()).unwrap();
            }
            Style::Full => record = body,
        }
        record
    }

    proptest! {
        #[test]
        fn every_other_row_and_all_else_stays_as_it_was_read(
            rows in prop::collection::vec(("[a-c]{0,2}", 0..9_u8), 1..5), at in any::<prop::sample::Index>(),
            quantity in 10..20_u8, style in style(), adds in any::<bool>(),
        ) {
            let row = |(index, (note, qty)): (usize, &(String, u8))| json!({ "no": index, "note": note, "qty": qty });
            let rows: Vec<Value> = rows.iter().enumerate().map(row).collect();
            let above = json!({ "id": 7, "head": { "deep": [1, { "a": null }] }, "body": { "lines": rows, "foot": "x" } });
            let chosen = at.index(rows.len());
            let raw = rows[chosen].clone();
            let one = One { raw, version: None, above: Some(above.clone()), below: None, kept: None, by_days: None };
            let puts = [Put { at: Path::parse("qty").unwrap(), new: Map::new(), value: Some(json!(quantity)) }];
            let added: Vec<Value> = if adds { vec![json!({ "qty": 1 })] } else { Vec::new() };
            let taking = Taking { style, clear: Clear::Null, custom: None };
            let set = replaced(&rows, taking, &one, &puts, added.clone()).unwrap();
            let put = Put { at: Path::parse("body.lines").unwrap(), new: Map::new(), value: Some(Value::Array(set)) };
            let after = carried_out(style, &above, taking.body(&above, &[put]).unwrap());
            let mut wanted = above;
            wanted["body"]["lines"][chosen]["qty"] = json!(quantity);
            wanted["body"]["lines"].as_array_mut().unwrap().extend(added);
            prop_assert_eq!(after, wanted);
        }
    }

    #[test]
    fn a_row_inside_is_known_by_both_ids_whatever_they_hold() {
        for (parent, own) in [("17", "3"), ("SUB/2026/1", "a/b"), ("a~1b", ""), ("~", "~")] {
            assert_eq!(parts(&id_of(parent, own)), Some((parent.to_owned(), own)), "{parent} {own}");
        }
        assert_eq!(parts("17"), None);
    }
}
