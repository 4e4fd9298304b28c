//! The forms of the wire: how numbers are written, and which fields an object did not have yet in earlier years.
//!
//! Invariant: a form only takes away or renames; what is left has the same value in every year.

use serde_json::Value;

use crate::simulate::faults::Shape;

/// What an object is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Company,
    Product,
    Pricing,
    Rate,
    Order,
    Subscription,
    Invoice,
    Item,
    Summary,
}

impl Kind {
    /// Added after 2022.
    fn after_2022(self) -> &'static [&'static str] {
        match self {
            Self::Company => &["updatedDate"],
            Self::Product => &["description", "requiresCommitment", "altVendorSku"],
            Self::Order => &["isScheduled"],
            Self::Subscription => &["parentSubscriptionId", "vendorSubscriptionId", "currencyCode", "partnerCost"],
            Self::Invoice => &["currencyCode"],
            Self::Item => &["subscriptionId", "salesTax"],
            Self::Summary => &["currencyCode", "subscriptionId"],
            Self::Pricing | Self::Rate => &[],
        }
    }

    /// Added after 2025.
    fn after_2025(self) -> &'static [&'static str] {
        match self {
            Self::Subscription => &["productName", "vendorSkuId"],
            Self::Item => &["vendorName"],
            Self::Pricing => &["productId", "productName"],
            Self::Company | Self::Product | Self::Rate | Self::Order | Self::Invoice | Self::Summary => &[],
        }
    }
}

/// Words of today that were spelt otherwise in 2022.
const RENAMED: [(&str, &str, &str); 4] = [
    ("rateType", "flat", "Flat"),
    ("chargeType", "Per Unit", "per_unit"),
    ("chargeType", "Flat Rate", "flat_rate"),
    ("orderedBy", "Pax8 Partner", "Pax8Partner"),
];

/// A number as the wire writes it: without zeros at the end of its decimals.
pub(super) fn plain(value: &mut Value) {
    let Value::Number(number) = value else { return };
    let text = number.to_string();
    if text.contains('.') && text.ends_with('0') && !text.contains(['e', 'E']) {
        *value = crate::simulate::json::number(text.trim_end_matches('0').trim_end_matches('.'));
    }
}

/// An object as that year knew it.
pub(super) fn of_year(shape: Shape, kind: Kind, mut value: Value) -> Value {
    let Value::Object(fields) = &mut value else { return value };
    fields.values_mut().for_each(plain);
    if shape <= Shape::Y2025 {
        for name in kind.after_2025() {
            fields.remove(*name);
        }
    }
    if shape <= Shape::Y2022 {
        for name in kind.after_2022() {
            fields.remove(*name);
        }
        for (name, today, then) in RENAMED {
            if let Some(word) = fields.get_mut(name).filter(|word| *word == today) {
                *word = Value::from(then);
            }
        }
    }
    value
}
