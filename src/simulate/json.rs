//! Text to JSON and back to the wire.
//!
//! Invariant: a number is emitted with exactly the digits of the text; a text that is no JSON number goes out as a string,
//! never repaired.

use std::ops::Range;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use serde_json::{Map, Number, Value};

use super::data::Row;
use super::faults::{Fault, Fired};

/// A JSON object under construction; unset values are left out, or null.
pub(super) struct Object {
    fields: Map<String, Value>,
    nulls: bool,
}

impl Object {
    pub(super) fn new(nulls: bool) -> Self {
        Self { fields: Map::new(), nulls }
    }

    pub(super) fn value(mut self, name: &str, value: Value) -> Self {
        self.fields.insert(name.to_owned(), value);
        self
    }

    pub(super) fn text(self, name: &str, text: &str) -> Self {
        self.typed(name, text, |t| Value::String(t.to_owned()))
    }

    pub(super) fn number(self, name: &str, text: &str) -> Self {
        self.typed(name, text, number)
    }

    pub(super) fn flag(self, name: &str, text: &str) -> Self {
        self.typed(name, text, flag)
    }

    /// A reference object, unless its name is unset.
    pub(super) fn named(self, name: &str, text: &str) -> Self {
        self.typed(name, text, |t| Object::new(false).value("id", Value::from(small_id(t))).text("name", t).done())
    }

    fn typed(mut self, name: &str, text: &str, make: impl Fn(&str) -> Value) -> Self {
        if !text.is_empty() {
            self.fields.insert(name.to_owned(), make(text));
        } else if self.nulls {
            self.fields.insert(name.to_owned(), Value::Null);
        }
        self
    }

    pub(super) fn done(self) -> Value {
        Value::Object(self.fields)
    }
}

/// The number a text spells, digit by digit; a string when it spells none.
pub(super) fn number(text: &str) -> Value {
    serde_json::from_str::<Number>(text).map_or_else(|_| Value::String(text.to_owned()), Value::Number)
}

/// A whole number where the id is one; otherwise the text, so that no id is lost.
pub(super) fn id(text: &str) -> Value {
    let whole = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if whole { number(text) } else { Value::String(text.to_owned()) }
}

fn flag(text: &str) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        other => Value::String(other.to_owned()),
    }
}

/// The text of a scalar.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// A stable id for an invented thing, in the shape of a UUID.
pub(super) fn uuid(key: &str) -> String {
    let hex = format!("{:016x}{:016x}", rng(key).next_u64(), rng(&format!("{key}/2")).next_u64());
    let part = |range: Range<usize>| hex.get(range).unwrap_or_default();
    format!("{}-{}-4{}-a{}-{}", part(0..8), part(8..12), part(13..16), part(17..20), part(20..32))
}

/// A stable small number for a lookup value (status, country, unit).
pub(super) fn small_id(key: &str) -> u64 {
    rng(key).next_u64() % 9_000 + 1
}

/// The generator that belongs to a text.
pub(super) fn rng(key: &str) -> ChaCha8Rng {
    let mut seed = [0_u8; 32];
    let length = u8::try_from(key.len() % 256).unwrap_or_default();
    for (at, byte) in std::iter::once(length).chain(key.bytes()).enumerate() {
        if let Some(cell) = seed.get_mut(at % 32) {
            *cell = cell.rotate_left(3) ^ byte;
        }
    }
    ChaCha8Rng::from_seed(seed)
}

/// The rows of one page: `shift` moves the window as a row that came (-1) or went (+1) before it would.
pub(super) fn window(total: usize, start: usize, size: usize, shift: i8) -> Range<usize> {
    let start = match shift {
        0 => start,
        s if s < 0 => start.saturating_sub(1),
        _ => start.saturating_add(1),
    };
    let start = start.min(total);
    start..start.saturating_add(size).min(total)
}

/// Puts a key nobody documented into every object.
pub(super) fn add_unknown(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(add_unknown);
            fields.insert("addedWithoutNotice".to_owned(), Value::String("2031 preview".to_owned()));
        }
        Value::Array(items) => items.iter_mut().for_each(add_unknown),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// How a column goes out.
#[derive(Clone, Copy)]
pub(super) enum As {
    /// A string.
    Text,
    /// A number with its digits.
    Number,
    /// A boolean.
    Flag,
}

impl Object {
    /// Columns of a row under their own names.
    pub(super) fn columns(self, row: Row<'_>, columns: &[(&str, As)]) -> Self {
        columns.iter().fold(self, |object, (column, shape)| match shape {
            As::Text => object.text(column, row.get(column)),
            As::Number => object.number(column, row.get(column)),
            As::Flag => object.flag(column, row.get(column)),
        })
    }
}

/// Breaks the fields of a row as the fired faults say.
pub(super) fn spoil(row: &mut Value, fired: &Fired) {
    let Value::Object(fields) = row else { return };
    if let Some(quantity) = fields.get_mut("quantity").filter(|_| fired.has(Fault::BadQuantity)) {
        *quantity = Value::String("1O".to_owned());
    }
    if fired.has(Fault::NoCurrency) {
        fields.remove("currencyCode");
        fields.remove("currency");
    }
    for name in ["price", "unitPrice"] {
        if let Some(price) = fields.get_mut(name).filter(|_| fired.has(Fault::Nan)) {
            *price = Value::String("NaN".to_owned());
        }
    }
}
