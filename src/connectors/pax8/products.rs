//! The catalogue: products, the questions their provisioning asks, their dependencies and their prices. Read only.

use crate::connectors::pax8::record::{Field, Kind, Resource, flag, id, number, of, text};

/// A product.
pub(super) static PRODUCT: Resource = Resource {
    name: "product",
    plural: "products",
    fields: &[
        id("id"),
        text("name"),
        text("vendorName"),
        text("shortDescription"),
        text("description"),
        text("sku"),
        text("vendorSku"),
        text("altVendorSku"),
        flag("requiresCommitment"),
    ],
    columns: &["id", "name", "vendorName", "sku", "vendorSku", "requiresCommitment"],
};

/// A question that provisioning a product asks.
pub(super) static PROVISION_DETAIL: Resource = Resource {
    name: "provision detail",
    plural: "provision details",
    fields: &[
        text("key"),
        text("label"),
        text("description"),
        of("valueType", Kind::Word(&["Input", "Single-Value", "Multi-Value"])),
        of("possibleValues", Kind::Texts),
        of("values", Kind::Texts),
    ],
    columns: &["key", "label", "valueType", "possibleValues", "description"],
};

const COMMITMENTS: &[Field] = &[
    id("id"),
    of("term", Kind::Commitment),
    flag("autoRenew"),
    number("renewalWindowDaysBeforeTermEnd"),
    number("renewalWindowDaysAfterTermEnd"),
    flag("allowForQuantityIncrease"),
    flag("allowForQuantityDecrease"),
    flag("allowForEarlyCancellation"),
    flag("cancellationFeeApplied"),
    flag("isTransferable"),
];

const NEEDED: &[Field] = &[id("id"), text("name"), text("vendorName"), text("sku")];

/// What a product needs, and how long it binds: one object, its lists in `parts`.
pub(super) static DEPENDENCIES: Resource = Resource {
    name: "product's dependencies",
    plural: "dependencies",
    fields: &[
        of("commitmentDependencies", Kind::Objects(COMMITMENTS)),
        of("productDependencies", Kind::Objects(&[text("name"), of("products", Kind::Objects(NEEDED))])),
    ],
    columns: &[],
};

const RATES: &[Field] = &[
    number("partnerBuyRate"),
    number("suggestedRetailPrice"),
    number("startQuantityRange"),
    number("endQuantityRange"),
    of("chargeType", Kind::Word(&["Per Unit", "Flat Rate"])),
];

/// The prices of a product under one pair of terms.
pub(super) static PRICING: Resource = Resource {
    name: "price",
    plural: "prices",
    fields: &[
        id("productId"),
        text("productName"),
        of("billingTerm", Kind::Term),
        of("commitmentTerm", Kind::Commitment),
        number("commitmentTermInMonths"),
        of("type", Kind::Word(&["Flat", "Volume", "Tiered", "Mark-Up"])),
        text("unitOfMeasurement"),
        of("rates", Kind::Objects(RATES)),
    ],
    columns: &["billingTerm", "commitmentTerm", "type", "unitOfMeasurement", "rates"],
};
