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
pub trait Kind: Copy + Ord + 'static {
    /// Its name, as people and connector files say it.
    const NAME: &'static str;
    /// Its fields.
    const ALL: &'static [Self];
    /// The write that makes such a record.
    fn create(create: Create<Self>) -> PsaWrite;
    /// The write that changes one. Only lines change from a day on.
    fn update(update: Update<Self>, effective: Option<NaiveDate>) -> PsaWrite;
    /// The field's name, as people and connector files say it.
    fn name(self) -> &'static str;
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
    ($(#[$doc:meta])* $kind:ident, $record:literal, $create:expr, $update:expr, { $($variant:ident $name:literal $holds:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $kind { $(#[doc = $name] $variant),+ }

        impl Kind for $kind {
            const NAME: &'static str = $record;
            const ALL: &'static [Self] = &[$(Self::$variant),+];
            fn create(create: Create<Self>) -> PsaWrite {
                $create(create)
            }
            fn update(update: Update<Self>, effective: Option<NaiveDate>) -> PsaWrite {
                $update(update, effective)
            }
            fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
            fn holds(self) -> Holds {
                match self { $(Self::$variant => Holds::$holds),+ }
            }
        }
    };
}

fields!(
    /// The fields of a customer that can be written.
    CustomerField, "customer", PsaWrite::CreateCustomer, |update, _| PsaWrite::UpdateCustomer(update), {
        Name "name" Text, Street "street" Text, Street2 "street2" Text, City "city" Text, Region "region" Text,
        Postcode "postcode" Text, Country "country" Text, Phone "phone" Text, Website "website" Text, Code "code" Text,
        ExternalId "external_id" Text, Status "status" Text,
    }
);
fields!(
    /// The fields of a product that can be written.
    ProductField, "product", PsaWrite::CreateProduct, |update, _| PsaWrite::UpdateProduct(update), {
        Name "name" Text, Manufacturer "manufacturer" Text, Sku "sku" Text, VendorSku "vendor_sku" Text, Unit "unit" Text,
        Description "description" Text, Category "category" Text, Status "status" Text, Price "price" Number,
        Cost "cost" Number,
    }
);
fields!(
    /// The fields of a billed line that can be written.
    LineField, "line", PsaWrite::CreateLine, |update, effective| PsaWrite::UpdateLine { update, effective }, {
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

/// A record to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "F: Ord + Serialize + serde::de::DeserializeOwned")]
pub struct Create<F> {
    /// What it is to hold.
    pub fields: BTreeMap<F, Value>,
    /// The id of the record it is made below (an agreement), where records of its kind are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<String>,
    /// What it is found again by, kept in the record where the system has a place for it.
    pub marker: String,
}

/// A record to be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "F: Ord + Serialize + serde::de::DeserializeOwned")]
pub struct Update<F> {
    /// Which.
    pub target: Target,
    /// The fields that change.
    pub changes: BTreeMap<F, Change>,
}

/// Which record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Its id.
    pub id: String,
    /// The id of the record it is listed below (an agreement), where records of its kind are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<String>,
}

/// One field, from what it was when the change was decided on to what it is to be; `None` is no value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What was seen.
    pub before: Option<Value>,
    /// What is wanted.
    pub after: Option<Value>,
}

impl Change {
    fn wanted(&self) -> Wanted<'_> {
        Wanted { before: self.before.as_ref(), after: self.after.as_ref() }
    }
}

/// What is to happen to one record of a PSA. There is no deleting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "write", rename_all = "snake_case")]
pub enum PsaWrite {
    /// A new customer.
    CreateCustomer(Create<CustomerField>),
    /// Other fields of a customer.
    UpdateCustomer(Update<CustomerField>),
    /// A new product.
    CreateProduct(Create<ProductField>),
    /// Other fields of a product.
    UpdateProduct(Update<ProductField>),
    /// A new billed line.
    CreateLine(Create<LineField>),
    /// Other fields of a billed line.
    UpdateLine {
        /// Which, and what.
        #[serde(flatten)]
        update: Update<LineField>,
        /// The day from which it is so; `None` is as the system does it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        effective: Option<NaiveDate>,
    },
}

/// What a write says, whatever kind of record it is about: fields by the names people and connector files give them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said<'w> {
    /// The kind of record.
    pub entity: &'static str,
    /// Which record; `None` where it is to be made.
    pub target: Option<&'w Target>,
    /// The record it is made below.
    pub below: Option<&'w str>,
    /// What a new record is found again by.
    pub marker: Option<&'w str>,
    /// The fields.
    pub fields: BTreeMap<&'static str, Wanted<'w>>,
    /// The day from which it is so.
    pub effective: Option<NaiveDate>,
}

/// One field of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted<'w> {
    /// What it was; `None` also for a record that is to be made.
    pub before: Option<&'w Value>,
    /// What it is to be; `None` clears it.
    pub after: Option<&'w Value>,
}

impl PsaWrite {
    /// What it says.
    #[must_use]
    pub fn said(&self) -> Said<'_> {
        match self {
            Self::CreateCustomer(create) => created(create),
            Self::UpdateCustomer(update) => updated(update, None),
            Self::CreateProduct(create) => created(create),
            Self::UpdateProduct(update) => updated(update, None),
            Self::CreateLine(create) => created(create),
            Self::UpdateLine { update, effective } => updated(update, *effective),
        }
    }

    /// What it does, in the words of the journal.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        match self {
            Self::CreateCustomer(_) => "create customer",
            Self::UpdateCustomer(_) => "update customer",
            Self::CreateProduct(_) => "create product",
            Self::UpdateProduct(_) => "update product",
            Self::CreateLine(_) => "create line",
            Self::UpdateLine { .. } => "update line",
        }
    }

    /// What it is about: no second write about the same is sent while one is open.
    #[must_use]
    pub fn subject(&self) -> String {
        let said = self.said();
        match (said.target, said.marker) {
            (Some(target), _) => format!("{} {}", said.entity, target.id),
            (None, Some(marker)) => format!("new {} {marker}", said.entity),
            (None, None) => format!("new {}", said.entity),
        }
    }
}

fn created<F: Kind>(create: &Create<F>) -> Said<'_> {
    let fields = create.fields.iter();
    Said {
        entity: F::NAME,
        target: None,
        below: create.below.as_deref(),
        marker: Some(&create.marker),
        fields: fields.map(|(field, value)| (field.name(), Wanted { before: None, after: Some(value) })).collect(),
        effective: None,
    }
}

fn updated<F: Kind>(update: &Update<F>, effective: Option<NaiveDate>) -> Said<'_> {
    Said {
        entity: F::NAME,
        target: Some(&update.target),
        below: update.target.below.as_deref(),
        marker: None,
        fields: update.changes.iter().map(|(field, change)| (field.name(), change.wanted())).collect(),
        effective,
    }
}
