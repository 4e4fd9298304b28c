//! Writing through a path: putting a value where reading finds it, and taking it away.
//!
//! Keeps the laws of a lens: what was put is found, putting what is there changes nothing, and nothing else is touched.

use serde_json::{Map, Value};

use super::path::{Path, Pick, Segment, is_keyed_by};

impl Path {
    /// Puts a value there. Objects on the way are made; so is a keyed element, from `new` and its keys.
    ///
    /// # Errors
    /// Where no value can be written, see [`Path::writable`], or something else than an object or a list stands on the way.
    pub(super) fn set(&self, into: &mut Value, value: Value, new: &Map<String, Value>) -> Result<(), String> {
        self.writable()?;
        let mut here = into;
        for segment in &self.segments {
            here = step(here, segment, new)?;
        }
        *here = value;
        Ok(())
    }

    /// Whether a value can be written there and found again.
    ///
    /// # Errors
    /// Why not: the place is several, is a whole element, or is the key that says which element is meant.
    pub(super) fn writable(&self) -> Result<(), String> {
        let mut next = self.segments.iter().skip(1);
        for segment in &self.segments {
            let below = next.next();
            match &segment.pick {
                Pick::Whole => {}
                Pick::Each => return Err(format!("`{}[]` is several places: none can be written", segment.name)),
                Pick::First => {
                    return Err(format!("`{}[0]` is known by its place alone: it cannot be written", segment.name));
                }
                Pick::Keyed(wanted) => {
                    let Some(below) = below else {
                        return Err(format!("`{}[…]` is a whole element: name a member of it", segment.name));
                    };
                    if wanted.iter().any(|(key, _)| *key == below.name) {
                        return Err(format!("`{}` says which element is meant: it cannot be written", below.name));
                    }
                }
            }
        }
        Ok(())
    }

    /// Takes away what is there; whether there was something. Emptied objects and lists stay.
    pub(super) fn remove(&self, from: &mut Value) -> bool {
        let Some((last, above)) = self.segments.split_last() else { return false };
        let mut here = from;
        for segment in above {
            let Some(next) = inside(here, segment) else { return false };
            here = next;
        }
        match &last.pick {
            Pick::Each | Pick::First => false,
            Pick::Whole => here.as_object_mut().is_some_and(|members| members.remove(&last.name).is_some()),
            Pick::Keyed(wanted) => {
                let Some(member) = here.get_mut(&last.name) else { return false };
                if is_alone(member, wanted) {
                    *member = Value::Null;
                    return true;
                }
                let Some(elements) = member.as_array_mut() else { return false };
                let found = elements.iter().position(|element| is_keyed_by(element, wanted));
                found.map(|index| elements.remove(index)).is_some()
            }
        }
    }
}

/// One step down, made where it is missing.
fn step<'v>(here: &'v mut Value, segment: &Segment, new: &Map<String, Value>) -> Result<&'v mut Value, String> {
    if here.is_null() {
        *here = Value::Object(Map::new());
    }
    let name = &segment.name;
    let members = here.as_object_mut().ok_or_else(|| format!("what holds `{name}` is no object"))?;
    let member = members.entry(name).or_insert(Value::Null);
    let wanted = match &segment.pick {
        Pick::Whole => return Ok(member),
        Pick::Each | Pick::First => return Err(format!("`{name}` is a list")),
        Pick::Keyed(wanted) => wanted,
    };
    if is_alone(member, wanted) {
        return Ok(member);
    }
    if member.is_null() {
        *member = Value::Array(Vec::new());
    }
    let elements = member.as_array_mut().ok_or_else(|| format!("`{name}` is no list"))?;
    let index = match elements.iter().position(|element| is_keyed_by(element, wanted)) {
        Some(index) => index,
        None => {
            elements.push(Value::Object(made(new, wanted)));
            elements.len() - 1
        }
    };
    elements.get_mut(index).ok_or_else(|| format!("`{name}` has no element {index}"))
}

/// Whether an object in the place of a list is the element that is meant.
fn is_alone(member: &Value, wanted: &[(String, String)]) -> bool {
    member.is_object() && is_keyed_by(member, wanted)
}

/// A new keyed element: the template, and as text what it does not say of the keys.
fn made(new: &Map<String, Value>, wanted: &[(String, String)]) -> Map<String, Value> {
    let mut element = new.clone();
    for (key, value) in wanted {
        let says = is_keyed_by(&Value::Object(element.clone()), &[(key.clone(), value.clone())]);
        if !says {
            element.insert(key.clone(), Value::from(value.as_str()));
        }
    }
    element
}

fn inside<'v>(here: &'v mut Value, segment: &Segment) -> Option<&'v mut Value> {
    let member = here.get_mut(&segment.name)?;
    match &segment.pick {
        Pick::Whole => Some(member),
        Pick::Each | Pick::First => None,
        Pick::Keyed(wanted) if is_alone(member, wanted) => Some(member),
        Pick::Keyed(wanted) => member.as_array_mut()?.iter_mut().find(|element| is_keyed_by(element, wanted)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn name() -> impl Strategy<Value = String> {
        "[abc]"
    }

    /// Paths of up to three steps over few names, so that they often meet what is there.
    fn path() -> impl Strategy<Value = Path> {
        let pick = prop_oneof![
            3 => Just(Pick::Whole),
            1 => (name(), "[xy]").prop_map(|(key, value)| Pick::Keyed(vec![(key, value)])),
        ];
        let segment = (name(), pick).prop_map(|(name, pick)| Segment { name, pick });
        prop::collection::vec(segment, 1..4).prop_map(|segments| Path { segments })
    }

    fn row() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(Value::Null), "[xyz]".prop_map(Value::from), (0..9_u8).prop_map(Value::from)];
        let tree = leaf.prop_recursive(4, 40, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(name(), inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        });
        prop::collection::btree_map(name(), tree, 0..4).prop_map(|members| Value::Object(members.into_iter().collect()))
    }

    /// Every leaf with its place, but none below `path` in `row`.
    fn besides(path: &Path, row: &Value) -> Vec<(String, Value)> {
        let mut row = row.clone();
        let marked = path.get(&row).is_some() && path.set(&mut row, json!("MARK"), &Map::new()).is_ok();
        let mut leaves = Vec::new();
        collect(&row, String::new(), &mut leaves);
        leaves.retain(|(_, value)| !(marked && *value == json!("MARK")));
        leaves
    }

    fn collect(value: &Value, at: String, leaves: &mut Vec<(String, Value)>) {
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(name, value)| collect(value, format!("{at}.{name}"), leaves));
            }
            Value::Array(elements) => {
                elements.iter().enumerate().for_each(|(index, value)| collect(value, format!("{at}.{index}"), leaves));
            }
            Value::Null => {}
            Value::Bool(_) | Value::Number(_) | Value::String(_) => leaves.push((at, value.clone())),
        }
    }

    proptest! {
        #[test]
        fn what_was_put_is_found(path in path(), mut changed in row(), value in 0..99_u8) {
            if path.set(&mut changed, json!(value), &Map::new()).is_ok() {
                prop_assert_eq!(path.get(&changed), Some(&json!(value)));
            }
        }

        #[test]
        fn putting_what_is_there_changes_nothing(path in path(), row in row()) {
            if let (Some(value), Ok(())) = (path.get(&row).cloned(), path.writable()) {
                let mut changed = row.clone();
                path.set(&mut changed, value, &Map::new()).unwrap();
                prop_assert_eq!(changed, row);
            }
        }

        #[test]
        fn nothing_else_is_touched(path in path(), row in row()) {
            let mut changed = row.clone();
            if path.set(&mut changed, json!("MARK"), &Map::new()).is_ok() {
                let before = besides(&path, &row);
                let after: Vec<_> = besides(&path, &changed);
                // new elements bring their keys with them: nothing that was there is gone or different
                for leaf in &before {
                    prop_assert!(after.contains(leaf), "{leaf:?} is gone from {changed}");
                }
                let keys: Vec<&(String, String)> = path.segments.iter().filter_map(|segment| match &segment.pick {
                    Pick::Keyed(wanted) => Some(wanted),
                    Pick::Whole | Pick::First | Pick::Each => None,
                }).flatten().collect();
                for leaf in after.iter().filter(|leaf| !before.contains(leaf)) {
                    let is_key = keys.iter().any(|(key, value)| leaf.0.ends_with(&format!(".{key}")) && leaf.1 == *value);
                    prop_assert!(is_key, "{leaf:?} was not there and is no key");
                }
            }
        }

        #[test]
        fn of_two_values_put_the_second_counts_alone(path in path(), row in row(), one in 0..9_u8, two in 0..9_u8) {
            let (mut twice, mut once) = (row.clone(), row);
            if path.set(&mut twice, json!(one), &Map::new()).is_ok() {
                path.set(&mut twice, json!(two), &Map::new()).unwrap();
                path.set(&mut once, json!(two), &Map::new()).unwrap();
                prop_assert_eq!(twice, once);
            }
        }

        #[test]
        fn what_was_taken_away_is_gone_and_nothing_else_is(path in path(), row in row()) {
            let mut changed = row.clone();
            let was_there = path.get(&row).is_some();
            let expected = besides(&path, &row);
            let taken = path.remove(&mut changed);
            if was_there {
                prop_assert!(taken);
            }
            // an element that is taken away moves those after it, and another may have the same key
            if taken && path.writable().is_ok() {
                prop_assert_eq!(path.get(&changed), None);
                prop_assert_eq!(besides(&path, &changed), expected);
            }
            if !taken {
                prop_assert_eq!(changed, row);
            }
        }
    }

    #[test]
    fn objects_and_keyed_elements_are_made_on_the_way() {
        let mut row = json!({ "phones": [{ "type": "fax", "number": "1" }], "address": null });
        let main = Path::parse("phones[type=main].number").unwrap();
        let Value::Object(new) = json!({ "type": "main", "primary": true }) else { unreachable!() };
        main.set(&mut row, json!("2"), &new).unwrap();
        Path::parse("address.country.code").unwrap().set(&mut row, json!("GB"), &Map::new()).unwrap();
        Path::parse("links[rel=home].href").unwrap().set(&mut row, json!("u"), &Map::new()).unwrap();
        assert_eq!(
            row,
            json!({
                "phones": [{ "type": "fax", "number": "1" }, { "type": "main", "primary": true, "number": "2" }],
                "address": { "country": { "code": "GB" } },
                "links": [{ "rel": "home", "href": "u" }],
            })
        );
        assert!(main.remove(&mut row) && main.get(&row).is_none());
        for (path, expected) in [
            ("phones[].number", "`phones[]` is several places: none can be written"),
            ("phones.number", "what holds `number` is no object"),
            ("address[type=x].y", "`address` is no list"),
            ("phones[type=main]", "`phones[…]` is a whole element: name a member of it"),
            ("phones[type=main].type", "`type` says which element is meant: it cannot be written"),
        ] {
            assert_eq!(Path::parse(path).unwrap().set(&mut row, json!(1), &Map::new()).unwrap_err(), expected);
        }
    }
}
