//! The body of a change: what a system wants to be sent so that the named fields change and nothing else does.
//!
//! Keeps the law that the body, carried out on the record as it was read, gives exactly the wanted record. Lists that are
//! replaced as a whole are sent whole, from the record that was just read.

use serde_json::{Map, Value, json};

use super::codec::{Decoded, References};
use super::encode::{looked_up, whole};
use super::language::{Clear, CustomFields, CustomShape, InPatch, Style};
use super::path::{Path, Pick, Segment, is_keyed_by};

/// What one place is to hold.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Put {
    pub(super) at: Path,
    /// What a keyed element holds that has to be made.
    pub(super) new: Map<String, Value>,
    /// `None` clears it.
    pub(super) value: Option<Value>,
}

/// How a system takes changes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taking<'f> {
    pub(super) style: Style,
    pub(super) clear: Clear,
    pub(super) custom: Option<&'f CustomFields>,
}

impl Taking<'_> {
    /// The record as it is wanted.
    ///
    /// # Errors
    /// A place that cannot be written, or cleared.
    pub(super) fn wanted(self, read: &Value, puts: &[Put]) -> Result<Value, String> {
        let mut wanted = read.clone();
        for put in puts {
            match (&put.value, self.clear) {
                (Some(value), _) => put.at.set(&mut wanted, value.clone(), &put.new)?,
                // what is not there needs no clearing
                (None, _) if put.at.get(read).is_none() => {}
                (None, Clear::Null) => put.at.set(&mut wanted, Value::Null, &put.new)?,
                (None, Clear::Empty) => put.at.set(&mut wanted, Value::from(""), &put.new)?,
                (None, Clear::Remove) => _ = put.at.remove(&mut wanted),
                (None, Clear::Never) => return Err("the system cannot clear a value".to_owned()),
            }
        }
        Ok(wanted)
    }

    /// The body that makes the record as it was read into the wanted one.
    ///
    /// # Errors
    /// As [`Taking::wanted`].
    pub(super) fn body(self, read: &Value, puts: &[Put]) -> Result<Value, String> {
        let wanted = self.wanted(read, puts)?;
        let changing: Vec<&Put> = puts.iter().filter(|put| put.at.get(read) != put.at.get(&wanted)).collect();
        match self.style {
            Style::Full => Ok(wanted),
            Style::Merge => self.carried(merged(&wanted, &changing)?, &wanted),
            Style::Sparse => self.carried(sparse(&wanted, &changing), &wanted),
            Style::JsonPatch => Ok(Value::Array(self.operations(read, &wanted, &changing)?)),
        }
    }

    /// The body with what it has to carry of the tenant's own fields, and no more of them.
    fn carried(self, mut body: Value, wanted: &Value) -> Result<Value, String> {
        let Some(custom) = self.custom.filter(|custom| custom.shape == CustomShape::Array) else { return Ok(body) };
        let at = Path::parse(&custom.at)?;
        if at.get(&body).is_some() || custom.in_patch == Some(InPatch::Always) {
            at.set(&mut body, Value::Array(elements(custom, &at, wanted)), &Map::new())?;
        }
        Ok(body)
    }

    fn operations(self, read: &Value, wanted: &Value, puts: &[&Put]) -> Result<Vec<Value>, String> {
        let mut operations: Vec<Value> = Vec::new();
        let mut add = |operation: Value| {
            if !operations.contains(&operation) {
                operations.push(operation);
            }
        };
        let own = |put: &Put| self.custom.is_some_and(|custom| is_custom(custom, &put.at));
        for put in puts.iter().filter(|put| !own(put)) {
            add(operation(read, wanted, &put.at));
        }
        if let Some(custom) = self.custom
            && custom.shape == CustomShape::Array
            && (custom.in_patch == Some(InPatch::Always) || puts.iter().any(|put| own(put)))
        {
            add(custom_operation(custom, wanted)?);
        }
        Ok(operations)
    }
}

/// The changed leaves alone; objects merge, lists do not (RFC 7386).
fn merged(wanted: &Value, puts: &[&Put]) -> Result<Value, String> {
    let mut body = Value::Object(Map::new());
    for put in puts {
        let place = up_to_list(&put.at);
        let value = place.get(wanted).cloned().unwrap_or(Value::Null);
        place.set(&mut body, value, &Map::new())?;
    }
    Ok(body)
}

/// The changed members of the record, each whole.
fn sparse(wanted: &Value, puts: &[&Put]) -> Value {
    let names = puts.iter().filter_map(|put| put.at.segments.first()).map(|segment| segment.name.clone());
    let member = |name: String| (name.clone(), wanted.get(&name).cloned().unwrap_or(Value::Null));
    Value::Object(names.map(member).collect())
}

/// The place itself, or the first list on the way to it.
fn up_to_list(path: &Path) -> Path {
    let mut segments = Vec::new();
    for segment in &path.segments {
        segments.push(Segment { name: segment.name.clone(), pick: Pick::Whole });
        if segment.pick != Pick::Whole {
            break;
        }
    }
    Path { segments }
}

/// One operation (RFC 6902) that makes the place in `read` what it is in `wanted`; what is missing above it is added with it.
fn operation(read: &Value, wanted: &Value, at: &Path) -> Value {
    let (mut before, mut after) = (Some(read), wanted);
    let mut pointer = String::new();
    let mut is_wanted = true;
    for segment in &at.segments {
        let name = &segment.name;
        let is_there = before.is_some_and(|before| before.get(name).is_some());
        let Some(next) = after.get(name) else {
            is_wanted = false;
            pointer = format!("{pointer}/{}", escaped(name));
            break;
        };
        (before, after) = (before.and_then(|before| before.get(name)).filter(|value| !value.is_null()), next);
        pointer = format!("{pointer}/{}", escaped(name));
        let is_last = at.segments.last() == Some(segment);
        if before.is_none() && !(is_last && is_there) {
            let op = if is_there { "replace" } else { "add" };
            return json!({ "op": op, "path": pointer, "value": after });
        }
        if let Pick::Keyed(wanted) = &segment.pick {
            let position = |list: Option<&Value>| {
                let elements = list.and_then(Value::as_array)?;
                elements.iter().position(|element| is_keyed_by(element, wanted))
            };
            let made = position(Some(after)).and_then(|index| after.get(index)).unwrap_or(&Value::Null);
            let Some(index) = position(before) else {
                return json!({ "op": "add", "path": format!("{pointer}/-"), "value": made });
            };
            before = before.and_then(|before| before.get(index));
            after = made;
            pointer = format!("{pointer}/{index}");
        }
    }
    if is_wanted {
        json!({ "op": "replace", "path": pointer, "value": after })
    } else {
        json!({ "op": "remove", "path": pointer })
    }
}

/// A name inside a pointer (RFC 6901).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Whether a place is in a field that the tenant added.
pub(super) fn is_custom(custom: &CustomFields, at: &Path) -> bool {
    let own = Path::parse(&custom.at).unwrap_or_else(|_| Path { segments: Vec::new() });
    let names = |path: &Path| path.segments.iter().map(|segment| segment.name.clone()).collect::<Vec<_>>();
    custom.shape == CustomShape::Array && !own.segments.is_empty() && names(at).starts_with(&names(&own))
}

/// The tenant's own fields are replaced together.
fn custom_operation(custom: &CustomFields, wanted: &Value) -> Result<Value, String> {
    let at = Path::parse(&custom.at)?;
    let pointer: String = at.segments.iter().map(|segment| format!("/{}", escaped(&segment.name))).collect();
    Ok(json!({ "op": "replace", "path": pointer, "value": elements(custom, &at, wanted) }))
}

/// The tenant's own fields, each with the members that a write has to carry.
fn elements(custom: &CustomFields, at: &Path, wanted: &Value) -> Vec<Value> {
    let elements = at.get(wanted).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    elements.iter().map(|element| carried(custom, element)).collect()
}

/// An entry as a write carries it.
fn carried(custom: &CustomFields, element: &Value) -> Value {
    let mut element = element.clone();
    if let Value::Object(members) = &mut element
        && !custom.send.is_empty()
    {
        members.retain(|name, _| custom.send.contains(name));
    }
    element
}

/// Gives the entries of a new record the ids of their fields, and leaves what a write does not carry.
///
/// # Errors
/// A field that the system does not have.
pub(super) fn identify(custom: &CustomFields, body: &mut Value, references: &References) -> Result<(), String> {
    let at = Path::parse(&custom.at)?;
    let Some(elements) = at.get(body).and_then(Value::as_array) else { return Ok(()) };
    let mut all = Vec::new();
    for element in elements {
        let mut element = element.clone();
        let key = custom.key.as_ref().and_then(|key| element.get(key)).and_then(Value::as_str).map(str::to_owned);
        if let (Some(ids), Some(key), Value::Object(members)) = (&custom.ids, key, &mut element)
            && !members.contains_key(&ids.at)
        {
            let id = looked_up(&Decoded::Text(key), &ids.entity, &ids.key, references)
                .map_err(|what| format!("{what}; such a field has to be made in the system first"))?;
            members.insert(ids.at.clone(), whole(id).unwrap_or_else(|_| Value::from(id)));
        }
        all.push(carried(custom, &element));
    }
    at.set(body, Value::Array(all), &Map::new())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn put(at: &str, value: Value) -> Put {
        Put { at: Path::parse(at).unwrap(), new: Map::new(), value: Some(value).filter(|value| !value.is_null()) }
    }

    fn taking(style: Style, clear: Clear) -> Taking<'static> {
        Taking { style, clear, custom: None }
    }

    /// Without members that say nothing.
    fn plain(value: Value) -> Value {
        match value {
            Value::Object(members) => {
                let said = members.into_iter().map(|(name, value)| (name, plain(value)));
                Value::Object(said.filter(|(_, value)| !value.is_null()).collect())
            }
            Value::Array(elements) => elements.into_iter().map(plain).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
        }
    }

    fn row() -> impl Strategy<Value = Value> {
        let leaf = || prop_oneof![Just(Value::Null), "[xyz]".prop_map(Value::from), (0..9_u8).prop_map(Value::from)];
        let nested = prop::collection::btree_map("[ab/~]", leaf(), 0..3)
            .prop_map(|members| Value::Object(members.into_iter().collect()));
        let element = ("[xy]", leaf(), leaf()).prop_map(|(k, a, b)| json!({ "k": k, "a": a, "b": b }));
        (leaf(), prop::option::of(nested), prop::option::of(prop::collection::vec(element, 0..3))).prop_map(
            |(flat, nested, list)| {
                let mut row = json!({ "id": 7, "other": { "deep": [1, 2] }, "flat": flat });
                if let Some(nested) = nested {
                    row["nested"] = nested;
                }
                if let Some(list) = list {
                    row["list"] = Value::Array(list);
                }
                row
            },
        )
    }

    fn puts() -> impl Strategy<Value = Vec<Put>> {
        let places = [
            "flat",
            "nested.a",
            "nested.\"b\"",
            "nested.\"/\"",
            "nested.\"~\"",
            "list[k=x].a",
            "list[k=x].b",
            "list[k=y].a",
        ];
        let value = prop_oneof![1 => Just(Value::Null), 3 => "[pqr]".prop_map(Value::from)];
        prop::collection::btree_map(prop::sample::select(places.to_vec()), value, 1..5)
            .prop_map(|puts| puts.into_iter().map(|(at, value)| put(at, value)).collect())
    }

    proptest! {
        #[test]
        fn a_patch_makes_what_is_wanted_of_what_was_read(row in row(), puts in puts(), removes in any::<bool>()) {
            let taking = taking(Style::JsonPatch, if removes { Clear::Remove } else { Clear::Null });
            let wanted = taking.wanted(&row, &puts).unwrap();
            let body = taking.body(&row, &puts).unwrap();
            let mut changed = row;
            let operations: json_patch::Patch = serde_json::from_value(body.clone()).unwrap();
            json_patch::patch(&mut changed, &operations).unwrap();
            prop_assert_eq!(plain(changed), plain(wanted), "{}", body);
        }

        #[test]
        fn a_merged_body_makes_what_is_wanted_of_what_was_read(row in row(), puts in puts()) {
            let taking = taking(Style::Merge, Clear::Null);
            let wanted = taking.wanted(&row, &puts).unwrap();
            let body = taking.body(&row, &puts).unwrap();
            let mut changed = row;
            json_patch::merge(&mut changed, &body);
            prop_assert_eq!(plain(changed), plain(wanted), "{}", body);
        }

        #[test]
        fn what_somebody_else_changed_meanwhile_stays(row in row(), puts in puts(), theirs in 0..9_u8) {
            let mut meanwhile = row.clone();
            meanwhile["other"] = json!({ "deep": theirs });
            let mut patched = meanwhile.clone();
            let body = taking(Style::JsonPatch, Clear::Null).body(&row, &puts).unwrap();
            json_patch::patch(&mut patched, &serde_json::from_value::<json_patch::Patch>(body).unwrap()).unwrap();
            let mut merged = meanwhile.clone();
            json_patch::merge(&mut merged, &taking(Style::Merge, Clear::Null).body(&row, &puts).unwrap());
            for changed in [patched, merged] {
                prop_assert_eq!(&changed["other"], &meanwhile["other"]);
                prop_assert_eq!(&changed["id"], &meanwhile["id"]);
            }
        }

        #[test]
        fn a_sparse_body_makes_what_is_wanted_by_replacing_members(row in row(), puts in puts()) {
            let taking = taking(Style::Sparse, Clear::Null);
            let wanted = taking.wanted(&row, &puts).unwrap();
            let Value::Object(body) = taking.body(&row, &puts).unwrap() else { unreachable!() };
            let mut changed = row;
            changed.as_object_mut().unwrap().extend(body);
            prop_assert_eq!(plain(changed), plain(wanted));
        }
    }

    #[test]
    fn bodies_hold_what_changes_and_the_lists_it_stands_in() {
        let read = json!({
            "id": 7, "name": "Old", "address": { "city": "Ulm", "zip": "8" },
            "phones": [{ "type": "fax", "number": "1" }, { "type": "main", "number": "2" }],
        });
        let puts = [
            put("name", json!("New")),
            put("address.city", json!("Bonn")),
            put("phones[type=main].number", json!("3")),
        ];
        let phones = json!([{ "type": "fax", "number": "1" }, { "type": "main", "number": "3" }]);
        let body = |style| taking(style, Clear::Null).body(&read, &puts).unwrap();
        assert_eq!(body(Style::Merge), json!({ "name": "New", "address": { "city": "Bonn" }, "phones": phones }));
        assert_eq!(
            body(Style::Sparse),
            json!({ "name": "New", "address": { "city": "Bonn", "zip": "8" }, "phones": phones })
        );
        assert_eq!(
            body(Style::JsonPatch),
            json!([
                { "op": "replace", "path": "/name", "value": "New" },
                { "op": "replace", "path": "/address/city", "value": "Bonn" },
                { "op": "replace", "path": "/phones/1/number", "value": "3" },
            ])
        );
        assert_eq!(body(Style::Full)["address"]["zip"], "8");
    }

    #[test]
    fn clearing_is_done_as_the_system_takes_it_or_refused() {
        let read = json!({ "web": "a", "none": null });
        let cleared = |style, clear, at: &str| taking(style, clear).body(&read, &[put(at, Value::Null)]);
        assert_eq!(cleared(Style::Merge, Clear::Null, "web"), Ok(json!({ "web": null })));
        assert_eq!(cleared(Style::Merge, Clear::Empty, "web"), Ok(json!({ "web": "" })));
        assert_eq!(cleared(Style::JsonPatch, Clear::Remove, "web"), Ok(json!([{ "op": "remove", "path": "/web" }])));
        assert_eq!(
            cleared(Style::JsonPatch, Clear::Null, "web"),
            Ok(json!([{ "op": "replace", "path": "/web", "value": null }]))
        );
        assert_eq!(cleared(Style::Merge, Clear::Never, "web"), Err("the system cannot clear a value".to_owned()));
        assert!(cleared(Style::Merge, Clear::Never, "none").is_ok());
    }

    #[test]
    fn fields_of_the_tenants_own_travel_together_with_what_a_write_has_to_carry() {
        let custom: CustomFields = toml::from_str(
            "shape = 'array'\nat = 'customFields'\nkey = 'caption'\nsend = ['id', 'value']\nin_patch = 'always'",
        )
        .unwrap();
        let read = json!({ "name": "Old", "customFields": [
            { "id": 3, "caption": "Pax8 id", "type": "Text", "value": null }, { "id": 4, "caption": "Tier", "value": "gold" },
        ] });
        let taking = Taking { style: Style::JsonPatch, clear: Clear::Null, custom: Some(&custom) };
        let body = taking.body(&read, &[put("customFields[caption=\"Pax8 id\"].value", json!("p8"))]).unwrap();
        let both = |value: Value| {
            json!({ "op": "replace", "path": "/customFields",
                "value": [{ "id": 3, "value": value }, { "id": 4, "value": "gold" }] })
        };
        assert_eq!(body, json!([both(json!("p8"))]));
        let body = taking.body(&read, &[put("name", json!("New"))]).unwrap();
        assert_eq!(body, json!([{ "op": "replace", "path": "/name", "value": "New" }, both(Value::Null)]));
        let merging = Taking { style: Style::Merge, ..taking };
        let body = merging.body(&read, &[put("name", json!("New"))]).unwrap();
        let kept = json!([{ "id": 3, "value": null }, { "id": 4, "value": "gold" }]);
        assert_eq!(body, json!({ "name": "New", "customFields": kept }));
    }

    #[test]
    fn fields_of_the_tenants_own_in_an_object_or_beside_the_others_change_one_by_one() {
        for (shape, read, expected) in [
            ("shape = 'map'\nat = 'custom'", json!({ "custom": { "a": 1, "b": 2 } }), "/custom/b"),
            ("shape = 'prefix'\nat = '$'\nprefix = 'cf_'", json!({ "cf_a": 1, "cf_b": 2 }), "/cf_b"),
        ] {
            let custom: CustomFields = toml::from_str(shape).unwrap();
            let put = Put { at: custom.place("b").unwrap(), new: Map::new(), value: Some(json!(3)) };
            let taking = Taking { style: Style::JsonPatch, clear: Clear::Null, custom: Some(&custom) };
            let body = taking.body(&read, std::slice::from_ref(&put)).unwrap();
            assert_eq!(body, json!([{ "op": "replace", "path": expected, "value": 3 }]));
            let merged = Taking { style: Style::Merge, ..taking }.body(&read, &[put]).unwrap();
            let mut changed = read.clone();
            json_patch::merge(&mut changed, &merged);
            assert_eq!(custom.place("b").unwrap().get(&changed), Some(&json!(3)));
            assert_eq!(custom.place("a").unwrap().get(&changed), Some(&json!(1)));
        }
    }

    #[test]
    fn entries_of_a_new_record_get_the_ids_of_their_fields_or_it_is_said_that_there_is_no_such_field() {
        let custom: CustomFields = toml::from_str(
            "shape = 'array'\nat = 'own'\nkey = 'caption'\nsend = ['id', 'value']\n\
             ids = { entity = 'field', key = 'caption', at = 'id' }",
        )
        .unwrap();
        let known = [("9", "Tier"), ("x-7", "Seat Id"), ("1", "Twin"), ("2", "Twin")];
        let known = known.map(|(id, caption)| (id.to_owned(), Some(Decoded::Text(caption.to_owned()))));
        let references = References::from([(("field".to_owned(), "caption".to_owned()), known.into())]);
        let identified = |own: Value| {
            let mut body = json!({ "name": "New", "own": own });
            identify(&custom, &mut body, &references).map(|()| body)
        };
        let own = json!([{ "caption": "Tier", "value": "gold" }, { "caption": "Seat Id", "value": 1 }, { "id": 4, "caption": "Odd" }]);
        let expected = json!([{ "id": 9, "value": "gold" }, { "id": "x-7", "value": 1 }, { "id": 4 }]);
        assert_eq!(identified(own), Ok(json!({ "name": "New", "own": expected })));
        let missing = identified(json!([{ "caption": "Colour", "value": "red" }])).unwrap_err();
        assert_eq!(
            missing,
            "no field is listed whose caption is `Colour`; such a field has to be made in the system first"
        );
        let twice = identified(json!([{ "caption": "Twin", "value": "red" }])).unwrap_err();
        assert!(twice.starts_with("field 1 and 2 both have the caption `Twin`"), "{twice}");
        let mut none = json!({ "name": "New" });
        assert_eq!(identify(&custom, &mut none, &references), Ok(()));
        assert_eq!(none, json!({ "name": "New" }));
    }
}
