//! Fields that are the product of two others: computed where the system keeps none, and sent along where it keeps one.
//!
//! Keeps the invariant that a product is exact, or said not to be there.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::codec::Decoded;
use super::language::{Codec, Field};
use super::one::One;
use super::requests::Draft;
use crate::core::money::{Amount, Rounding, UnitPrice};
use crate::core::quantity::Quantity;

/// The decimals of an amount in cents.
const CENTS: u32 = 2;

/// The product of two fields read before. Without one of them there is none.
///
/// # Errors
/// A factor that cannot be read, or is no number.
pub(super) fn product<K: std::borrow::Borrow<str> + Ord>(
    factors: &[String; 2],
    fields: &BTreeMap<K, Decoded>,
    broken: &BTreeSet<String>,
) -> Result<Option<Decimal>, String> {
    let mut numbers = Vec::new();
    for name in factors {
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
    let [left, right] = numbers.as_slice() else { return Ok(None) };
    let amount = UnitPrice::new(*left).extend(Quantity::new(*right)).map_err(|error| error.to_string())?;
    Ok(Some(amount.value()))
}

/// A product as a system keeps it.
fn kept(field: &Field, product: Decimal) -> Decoded {
    let scale = match &field.codec {
        Some(Codec::Decimal { scale, .. } | Codec::Money { scale, .. }) => *scale,
        Some(Codec::Text { .. } | Codec::Bool { .. } | Codec::Date { .. } | Codec::Enum { .. } | Codec::Ref { .. })
        | None => None,
    };
    let in_cents = || Amount::new(product).rounded(Rounding::Cents).value();
    Decoded::Number(if scale == Some(CENTS) { in_cents() } else { product })
}

impl<'d> Draft<'d> {
    /// The totals the system keeps that follow from values that are written, and the fields that they are.
    pub(super) fn totals(&self, values: &BTreeMap<&str, Decoded>) -> Result<Vec<(&'d str, Decoded)>, String> {
        let mut totals = Vec::new();
        for (name, field) in self.entity.fields.iter().filter(|(_, field)| field.has_place()) {
            let Some(factors) = &field.product_of else { continue };
            let product = product(factors, values, &BTreeSet::new()).map_err(|what| format!("{name}: {what}"))?;
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
        let factors = kept.filter_map(|field| field.product_of.as_ref().filter(|of| of.iter().any(is_written)));
        let needed: BTreeSet<&String> = factors.flatten().collect();
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
        totals.retain(|(name, _)| {
            let factors = self.entity.fields.get(*name).and_then(|field| field.product_of.as_ref());
            factors.is_some_and(|factors| factors.iter().any(is_written))
        });
        Ok(totals)
    }
}
