//! The fields of a record that is written, beside those of the export it is seen in.
//!
//! Keeps the invariant that what is written and what is seen are compared in one form, whatever words and notation the files use.

use std::collections::BTreeMap;

use crate::connectors::files::convert::Row;
use crate::connectors::files::entity::{Entity, PSA_AGREEMENT_LINES, PSA_COMPANIES, PSA_PRODUCTS};
use crate::core::change::{CustomerField, Holds, Kind, LineField, ProductField, Value};

/// A kind of record, where it is seen.
#[derive(Debug)]
pub(super) struct Kept {
    /// Its name.
    pub name: &'static str,
    /// The export it stands in.
    pub entity: &'static Entity,
    /// Each field that is written, what it holds, and the field of the export it shows in.
    fields: Vec<Place>,
    /// The field of the export with the id of the record it stands below.
    below: Option<&'static str>,
}

#[derive(Debug)]
struct Place {
    name: &'static str,
    holds: Holds,
    shows: Option<&'static str>,
}

/// A record as an export shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    /// Its id.
    pub id: String,
    /// The id of the record it stands below.
    pub below: Option<String>,
    /// The fields the export has a column for.
    pub fields: BTreeMap<&'static str, Option<Value>>,
}

/// A kind of record by its name.
#[must_use]
pub(super) fn of(entity: &str) -> Option<Kept> {
    Some(match entity {
        "customer" => kept::<CustomerField>(&PSA_COMPANIES, None, customer),
        "product" => kept::<ProductField>(&PSA_PRODUCTS, None, product),
        "line" => kept::<LineField>(&PSA_AGREEMENT_LINES, Some("agreementId"), line),
        _ => return None,
    })
}

fn kept<F: Kind>(entity: &'static Entity, below: Option<&'static str>, shows: fn(F) -> Option<&'static str>) -> Kept {
    let place = |field: &F| Place { name: field.name(), holds: field.holds(), shows: shows(*field) };
    Kept { name: F::NAME, entity, fields: F::ALL.iter().map(place).collect(), below }
}

#[expect(clippy::unnecessary_wraps, reason = "a field of another kind shows nowhere")]
fn customer(field: CustomerField) -> Option<&'static str> {
    Some(match field {
        CustomerField::Name => "name",
        CustomerField::Street => "addressLine1",
        CustomerField::Street2 => "addressLine2",
        CustomerField::City => "city",
        CustomerField::Region => "state",
        CustomerField::Postcode => "zip",
        CustomerField::Country => "country",
        CustomerField::Phone => "phoneNumber",
        CustomerField::Website => "website",
        CustomerField::Code => "identifier",
        CustomerField::ExternalId => "externalId",
        CustomerField::Status => "status",
    })
}

fn product(field: ProductField) -> Option<&'static str> {
    Some(match field {
        ProductField::Name => "description",
        ProductField::Manufacturer => "manufacturer",
        ProductField::Sku => "identifier",
        ProductField::VendorSku => "manufacturerPartNumber",
        ProductField::Unit => "unitOfMeasure",
        ProductField::Description => return None,
        ProductField::Category => "category",
        ProductField::Status => INACTIVE,
        ProductField::Price => "price",
        ProductField::Cost => "cost",
    })
}

#[expect(clippy::unnecessary_wraps, reason = "a field of another kind shows nowhere")]
fn line(field: LineField) -> Option<&'static str> {
    Some(match field {
        LineField::Product => "productId",
        LineField::Description => "description",
        LineField::Quantity => "quantity",
        LineField::Included => "lessIncluded",
        LineField::Price => "unitPrice",
        LineField::Cost => "unitCost",
        LineField::Bill => "billCustomer",
        LineField::Effective => "effectiveDate",
        LineField::Cancelled => "cancelledDate",
    })
}

/// A flag in the export, a word in a write.
const INACTIVE: &str = "inactiveFlag";

impl Kept {
    /// The names of the fields.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.fields.iter().map(|place| place.name)
    }

    /// What else goes into a column.
    #[must_use]
    pub(super) fn places(&self) -> &'static [&'static str] {
        if self.below.is_some() { &["id", "below", "from", "marker"] } else { &["id", "marker"] }
    }

    /// The field of the export a field shows in, and the export's own word for a value of it.
    #[must_use]
    pub(super) fn exported(&self, field: &str, value: &str) -> Option<(&'static str, String)> {
        let shows = self.fields.iter().find(|place| place.name == field)?.shows?;
        let word = match (shows, value) {
            (INACTIVE, "Inactive") => "true",
            (INACTIVE, "Active") => "false",
            (_, value) => value,
        };
        Some((shows, word.to_owned()))
    }

    /// A record as a row of the export shows it.
    ///
    /// # Errors
    /// The field that cannot be read, and why.
    pub(super) fn shown(&self, row: &Row<'_>) -> Result<Shown, String> {
        let has = |name: &str| self.entity.position(name).is_some_and(|at| matches!(row.cells.get(at), Some(Some(_))));
        let mut fields = BTreeMap::new();
        for Place { name, holds, shows } in &self.fields {
            let Some(shows) = shows.filter(|shows| has(shows)) else { continue };
            let cell = row.get(shows).map(|cell| if shows == INACTIVE { state(cell) } else { cell });
            let value = cell.map(|cell| Value::parse(*holds, day_alone(*holds, cell))).transpose();
            fields.insert(*name, value.map_err(|what| format!("{shows}: {what}"))?);
        }
        let id = row.get("id").ok_or_else(|| "id: is empty".to_owned())?.to_owned();
        Ok(Shown { id, below: self.below.and_then(|below| row.get(below)).map(str::to_owned), fields })
    }
}

fn state(flag: &str) -> &str {
    match flag.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" | "y" => "Inactive",
        "false" | "no" | "0" | "n" => "Active",
        _ => flag,
    }
}

/// A time of day after a day says nothing.
fn day_alone(holds: Holds, cell: &str) -> &str {
    match holds {
        Holds::Day => cell.split_once(['T', ' ']).map_or(cell, |(day, _)| day),
        Holds::Text | Holds::Number => cell,
    }
}
