//! Changes to the records of a PSA, as values: what is wanted, of which fields, against what was seen.
//!
//! Keeps the invariants that a field belongs to one kind of record, that a change says what it was decided on, and that
//! nothing can be written down which deletes a record.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::core::money;

/// A kind of record that can be changed.
pub trait Kind: Copy + Ord {
    /// Its name, as people and connector files say it.
    const NAME: &'static str;
    /// The field's name, as people and connector files say it.
    fn name(self) -> &'static str;
    /// The field of a name.
    fn of(name: &str) -> Option<Self>;
    /// What it holds.
    fn holds(self) -> Holds;
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// A text.
    Text,
    /// A number.
    Number,
    /// A day.
    Day,
}

macro_rules! fields {
    ($(#[$doc:meta])* $kind:ident, $record:literal, { $($variant:ident $name:literal $holds:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $kind { $(#[doc = $name] $variant),+ }

        impl Kind for $kind {
            const NAME: &'static str = $record;
            fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
            fn of(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }
            fn holds(self) -> Holds {
                match self { $(Self::$variant => Holds::$holds),+ }
            }
        }
    };
}

fields!(
    /// The fields of a customer that can be written.
    CustomerField, "customer", {
        Name "name" Text, Street "street" Text, Street2 "street2" Text, City "city" Text, Region "region" Text,
        Postcode "postcode" Text, Country "country" Text, Phone "phone" Text, Website "website" Text, Code "code" Text,
        ExternalId "external_id" Text, Status "status" Text,
    }
);
fields!(
    /// The fields of a product that can be written.
    ProductField, "product", {
        Name "name" Text, Manufacturer "manufacturer" Text, Sku "sku" Text, VendorSku "vendor_sku" Text, Unit "unit" Text,
        Description "description" Text, Category "category" Text, Status "status" Text, Price "price" Number,
        Cost "cost" Number,
    }
);
fields!(
    /// The fields of a billed line that can be written.
    LineField, "line", {
        Product "product" Text, Description "description" Text, Quantity "quantity" Number, Included "included" Number,
        Price "price" Number, Cost "cost" Number, Bill "bill" Text, Effective "effective" Day, Cancelled "cancelled" Day,
    }
);

/// What a field is to hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// A text.
    Text(String),
    /// A number; written as text, so that no digit is lost.
    #[serde(with = "rust_decimal::serde::str")]
    Number(Decimal),
    /// A day.
    Day(NaiveDate),
}

impl Value {
    /// Reads a value as a person writes it.
    ///
    /// # Errors
    /// What was expected.
    pub fn parse(holds: Holds, text: &str) -> Result<Self, String> {
        match holds {
            Holds::Text => Ok(Self::Text(text.to_owned())),
            Holds::Number => money::exact(text).map(Self::Number).map_err(|error| error.to_string()),
            Holds::Day => crate::core::period::iso_day(text)
                .map(Self::Day)
                .ok_or_else(|| format!("`{text}` is no day like 2026-05-01")),
        }
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => f.write_str(&money::plain(*number)),
            Self::Day(day) => write!(f, "{day}"),
        }
    }
}
