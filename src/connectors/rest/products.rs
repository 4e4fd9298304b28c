//! Fields that are the product of two others: computed where the system keeps none, and sent along where it keeps one.
//!
//! Keeps the invariant that a product is exact, or said not to be there.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::codec::Decoded;
use super::language::{Codec, Field, Round, RoundHalf};
use super::one::One;
use super::requests::Draft;
use crate::core::money::{Amount, Half, Rounding, UnitPrice};
use crate::core::quantity::Quantity;

/// The decimals of an amount in cents.
const CENTS: u32 = 2;

/// The product of two fields read before. Without one of them there is none.
///
/// # Errors
/// A factor that cannot be read, or is no number.
pub(super) fn product<K: std::borrow::Borrow<str> + Ord>(
    field: &Field,
    fields: &BTreeMap<K, Decoded>,
    broken: &BTreeSet<String>,
) -> Result<Option<Decimal>, String> {
    let mut numbers = Vec::new();
    for name in field.factors() {
        if broken.contains(name) {
            return Err(format!("it is computed from `{name}`, which cannot be read"));
        }
        match fields.get(name.as_str()) {
            None => return Ok(None),
            Some(Decoded::Number(number)) => numbers.push(*number),
            Some(Decoded::Text(_) | Decoded::Flag(_) | Decoded::Day(_)) => {
                return Err(format!("it is computed from `{name}`, which is no number"));
            }
        }
    }
    let (price, counted) = match numbers.as_slice() {
        [price, units] => (*price, Ok(Quantity::new(*units))),
        [price, units, less] => (*price, Quantity::new(*units).minus(Quantity::new(*less))),
        _ => return Ok(None),
    };
    let amount = counted.and_then(|counted| UnitPrice::new(price).extend(counted));
    Ok(Some(amount.map_err(|error| error.to_string())?.value()))
}

/// A product as the system rounds it, where the file says how.
pub(super) fn rounded(field: &Field, product: Decimal) -> Decimal {
    let Some(Round { digits, half }) = field.round else { return product };
    let half = match half {
        RoundHalf::Even => Half::Even,
        RoundHalf::Up => Half::Up,
    };
    Amount::new(product).as_rounded_there(digits, half).value()
}

/// A product as a system keeps it.
fn kept(field: &Field, product: Decimal) -> Decoded {
    let scale = match &field.codec {
        Some(Codec::Decimal { scale, .. } | Codec::Money { scale, .. }) => *scale,
        Some(Codec::Text { .. } | Codec::Bool { .. } | Codec::Date { .. } | Codec::Enum { .. } | Codec::Ref { .. })
        | None => None,
    };
    let in_cents = || Amount::new(product).rounded(Rounding::Cents).value();
    Decoded::Number(if field.round.is_none() && scale == Some(CENTS) { in_cents() } else { rounded(field, product) })
}

impl<'d> Draft<'d> {
    /// The totals the system keeps that follow from values that are written, and the fields that they are.
    pub(super) fn totals(&self, values: &BTreeMap<&str, Decoded>) -> Result<Vec<(&'d str, Decoded)>, String> {
        let mut totals = Vec::new();
        for (name, field) in self.entity.fields.iter().filter(|(_, field)| field.has_place()) {
            let product = product(field, values, &BTreeSet::new()).map_err(|what| format!("{name}: {what}"))?;
            totals.extend(product.map(|product| (name.as_str(), kept(field, product))));
        }
        Ok(totals)
    }

    /// The same for a record that is changed: what is not written stands as it was read.
    pub(super) fn totals_of(
        &self,
        one: &One,
        values: &[(&str, Option<Decoded>)],
    ) -> Result<Vec<(&'d str, Decoded)>, String> {
        let is_written = |of: &String| values.iter().any(|(written, _)| of == written);
        let kept = self.entity.fields.values().filter(|field| field.has_place());
        let needed: BTreeSet<&String> =
            kept.filter(|field| field.factors().any(is_written)).flat_map(Field::factors).collect();
        let mut all = BTreeMap::new();
        for (name, field) in self.entity.fields.iter().filter(|(name, _)| needed.contains(name)) {
            let written = values.iter().find(|(written, _)| written == name);
            let value = match written {
                Some((_, value)) => value.clone(),
                None if field.has_place() => self.of.located(field)?.value(&one.raw, self.references)?,
                None => None,
            };
            all.extend(value.map(|value| (name.as_str(), value)));
        }
        let mut totals = self.totals(&all)?;
        totals.retain(|(name, _)| self.entity.fields.get(*name).is_some_and(|field| field.factors().any(is_written)));
        Ok(totals)
    }
}
