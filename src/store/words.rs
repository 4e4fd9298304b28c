//! Values as text and back: the words of closed sets, and JSON.
//!
//! A word is the one serde writes, so that a column, a file and a message say the same; text that cannot be read back names
//! its table, column and row.

use serde::de::IntoDeserializer;
use serde::de::value::{Error as WordError, StrDeserializer};
use serde::{Serialize, de::DeserializeOwned};

use crate::store::error::{Result, StoreError};

/// Where a stored text stands.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) table: &'static str,
    pub(crate) row: &'a dyn std::fmt::Display,
}

impl At<'_> {
    /// A text of this row that cannot be read.
    pub(crate) fn corrupt(&self, column: &str, what: impl std::fmt::Display) -> StoreError {
        StoreError::Corrupt {
            table: self.table,
            column: column.to_owned(),
            row: self.row.to_string(),
            what: what.to_string(),
        }
    }

    /// Reads a word of a closed set.
    pub(crate) fn word<T: DeserializeOwned>(&self, column: &str, text: &str) -> Result<T> {
        let word: StrDeserializer<'_, WordError> = text.into_deserializer();
        T::deserialize(word).map_err(|error| self.corrupt(column, error))
    }

    /// Reads a JSON text.
    pub(crate) fn json<T: DeserializeOwned>(&self, column: &str, text: &str) -> Result<T> {
        serde_json::from_str(text).map_err(|error| self.corrupt(column, error))
    }

    /// Reads a count.
    pub(crate) fn count(&self, column: &str, number: i64) -> Result<u64> {
        u64::try_from(number).map_err(|_| self.corrupt(column, format!("{number} is no count")))
    }
}

/// The word serde writes for a member of a closed set.
pub(crate) fn word<T: Serialize>(table: &'static str, column: &'static str, value: &T) -> Result<String> {
    let refused = |what: String| StoreError::Unwritable { table, column, what };
    let written = serde_json::to_value(value).map_err(|error| refused(error.to_string()))?;
    written.as_str().map(str::to_owned).ok_or_else(|| refused(format!("expected a word, found {written}")))
}

/// A value's JSON text.
pub(crate) fn json<T: Serialize>(table: &'static str, column: &'static str, value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Unwritable { table, column, what: error.to_string() })
}

/// A number of rows as both databases keep it.
pub(crate) fn stored_count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Outside text without the one character PostgreSQL cannot keep.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
