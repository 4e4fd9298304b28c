//! Where a row has the fields that a tenant added itself.
//!
//! Keeps the invariant that such a field is read and written at the same place, whatever its name holds.

use serde_json::{Map, Value};

use super::codec::{Decoded, References, decode};
use super::language::{Codec, CustomFields, CustomShape, Field, Link, Numbers, OneOrMore};
use super::path::{Path, Pick, Segment};
use super::rows::Connection;

impl CustomFields {
    /// The place of the one with this name.
    ///
    /// # Errors
    /// A file that does not say where they are.
    pub(super) fn place(&self, name: &str) -> Result<Path, String> {
        if name.trim().is_empty() {
            return Err("a field without a name".to_owned());
        }
        let mut segments = Path::parse(&self.at)?.segments;
        let whole = |name: String| Segment { name, pick: Pick::Whole };
        match self.shape {
            CustomShape::Map => segments.push(whole(name.to_owned())),
            CustomShape::Prefix => {
                segments.push(whole(format!("{}{name}", self.prefix.as_deref().unwrap_or_default())));
            }
            CustomShape::Array => {
                let key = self.key.clone().ok_or("`key` is not said: the member that names a field")?;
                let last = segments.last_mut().ok_or("a list stands in a member of the row")?;
                last.pick = Pick::Keyed(vec![(key, name.to_owned())]);
                segments.push(whole(self.value_member().to_owned()));
            }
        }
        Ok(Path { segments })
    }

    fn value_member(&self) -> &str {
        self.value.as_deref().unwrap_or("value")
    }

    /// Whether an element that is not there can be made with all that a write has to carry.
    fn can_make(&self, new: &Map<String, Value>) -> bool {
        let known = |member: &String| {
            member == self.value_member() || Some(member) == self.key.as_ref() || new.contains_key(member)
        };
        self.shape != CustomShape::Array || self.send.iter().all(known)
    }
}

impl Field {
    /// Whether a row has it somewhere of its own.
    pub(super) fn has_place(&self) -> bool {
        self.at.is_some() || self.custom.is_some()
    }
}

/// A field, and where a row has it.
pub(super) struct Located<'f> {
    pub(super) field: &'f Field,
    /// The first of these that holds a value counts; the first of all is written.
    pub(super) places: Vec<Path>,
    numbers: Numbers,
}

impl Located<'_> {
    /// Its value in a row.
    ///
    /// # Errors
    /// What is not spelled as the file says.
    pub(super) fn value(&self, row: &Value, references: &References) -> Result<Option<Decoded>, String> {
        for at in &self.places {
            let value = self.decoded(at, row, references)?;
            if value.is_some() {
                return Ok(value);
            }
        }
        Ok(None)
    }

    /// The same at the place alone that is written.
    ///
    /// # Errors
    /// As [`Located::value`].
    pub(super) fn own(&self, row: &Value, references: &References) -> Result<Option<Decoded>, String> {
        self.places.first().map_or(Ok(None), |at| self.decoded(at, row, references))
    }

    fn decoded(&self, at: &Path, row: &Value, references: &References) -> Result<Option<Decoded>, String> {
        let text = Codec::Text { wrap: None };
        decode(self.field.codec.as_ref().unwrap_or(&text), at.get(row), self.numbers, references)
    }
}

impl Connection {
    /// A field with its places, parsed once for many rows.
    ///
    /// # Errors
    /// What the file or a setting lacks.
    pub(super) fn located<'f>(&self, field: &'f Field) -> Result<Located<'f>, String> {
        Ok(Located { field, places: self.places(field)?, numbers: self.connector.http.numbers })
    }

    /// Where a row has a field: the first of these that holds a value counts.
    ///
    /// # Errors
    /// What the file or a setting lacks.
    pub(super) fn places(&self, field: &Field) -> Result<Vec<Path>, String> {
        let mut places = Vec::new();
        if let Some(name) = &field.custom {
            let own = self.connector.custom_fields.as_ref().ok_or("`[custom_fields]` is not said")?;
            places.push(own.place(&self.values.plain(name)?)?);
        }
        for at in field.at.iter().chain(field.or_at.iter().flat_map(OneOrMore::all)) {
            places.push(Path::parse(at)?);
        }
        Ok(places)
    }

    /// Where a record keeps the other side's id.
    ///
    /// # Errors
    /// What the file or a setting lacks.
    pub(super) fn link_place(&self, link: &Link) -> Result<Path, String> {
        match (&link.custom, &link.at) {
            (Some(name), _) => {
                let own = self.connector.custom_fields.as_ref().ok_or("`[custom_fields]` is not said")?;
                own.place(&self.values.plain(name)?)
            }
            (None, at) => Path::parse(at.as_deref().unwrap_or_default()),
        }
    }

    /// Whether a field can be written into a row as it is. A tenant's own field that a row lacks is made only where the file
    /// says all that has to be sent of it.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn can_write(
        &self,
        field: &Field,
        at: &Path,
        row: &Value,
        new: &Map<String, Value>,
    ) -> Result<(), String> {
        let (Some(name), Some(own)) = (&field.custom, &self.connector.custom_fields) else { return Ok(()) };
        let above = at.segments.split_last().map(|(_, above)| Path { segments: above.to_vec() });
        if own.can_make(new) || above.is_some_and(|above| above.get(row).is_some()) {
            return Ok(());
        }
        let name = self.values.plain(name)?;
        Err(format!(
            "the record has no field `{name}` of its own: add it in {}, or correct its name",
            self.connector.name
        ))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn own(text: &str) -> CustomFields {
        toml::from_str(text).unwrap()
    }

    const SHAPES: [&str; 4] = [
        "shape = 'array'\nat = 'customFields'\nkey = 'caption'",
        "shape = 'array'\nat = 'a.b'\nkey = 'n'\nvalue = 'v'",
        "shape = 'map'\nat = 'custom'",
        "shape = 'prefix'\nat = '$'\nprefix = 'cf_'",
    ];

    #[test]
    fn each_shape_has_its_place() {
        let row = json!({
            "customFields": [{ "caption": "Other", "value": 1 }, { "caption": "Pax8 [id].x", "value": "p8" }],
            "custom": { "Pax8 [id].x": "p8" }, "cf_Pax8 [id].x": "p8",
            "a": { "b": [{ "n": "Pax8 [id].x", "v": "p8" }] },
        });
        for shape in SHAPES {
            let place = own(shape).place("Pax8 [id].x").unwrap();
            assert_eq!(place.get(&row), Some(&json!("p8")), "{shape}");
            assert_eq!(own(shape).place("absent").unwrap().get(&row), None, "{shape}");
            assert!(own(shape).place(" ").is_err());
        }
    }

    proptest! {
        #[test]
        fn what_was_put_is_found_whatever_the_name_and_the_others_stay(
            name in "[^ ].{0,8}", other in "[^ ].{0,8}", value in "[a-z]{1,4}", shape in prop::sample::select(SHAPES.to_vec()),
        ) {
            prop_assume!(name != other && !name.trim().is_empty() && !other.trim().is_empty());
            let own = own(shape);
            let (place, beside) = (own.place(&name).unwrap(), own.place(&other).unwrap());
            let mut row = json!({ "id": 7 });
            beside.set(&mut row, json!("kept"), &Map::new()).unwrap();
            place.set(&mut row, json!(value), &Map::new()).unwrap();
            prop_assert_eq!(place.get(&row), Some(&json!(value)));
            prop_assert_eq!(beside.get(&row), Some(&json!("kept")));
        }
    }
}
