//! The canonical fields: the names a connector file may give the fields of the entities that become records of ours.
//!
//! Keeps the invariant that this table and the conversion agree: what is required here is what a record cannot be without.

use super::codec::Kind;

/// The entities that become records. Others serve as parents and for references; their fields have any name.
pub(super) const ENTITIES: [&str; 5] = ["customer", "product", "line", INVOICED, "bundle"];

/// What was invoiced of lines in a month. Its list may name the days of the month: [`FROM`] and [`UNTIL`].
pub(super) const INVOICED: &str = "invoiced";
/// The first day of the month that is asked for.
pub(super) const FROM: &str = "from";
/// The first day after it.
pub(super) const UNTIL: &str = "until";

/// One canonical field.
pub(super) struct Canonical {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// Whether a record needs it; then a file has to declare it, by place or by default.
    pub(super) required: bool,
}

const fn field(name: &'static str, kind: Kind, required: bool) -> Canonical {
    Canonical { name, kind, required }
}

const CUSTOMER: [Canonical; 12] = [
    field("name", Kind::Text, true),
    field("street", Kind::Text, false),
    field("street2", Kind::Text, false),
    field("city", Kind::Text, false),
    field("region", Kind::Text, false),
    field("postcode", Kind::Text, false),
    field("country", Kind::Text, false),
    field("phone", Kind::Text, false),
    field("website", Kind::Text, false),
    field("code", Kind::Text, false),
    field("external_id", Kind::Text, false),
    field("status", Kind::Text, false),
];

const PRODUCT: [Canonical; 10] = [
    field("name", Kind::Text, true),
    field("sku", Kind::Text, false),
    field("vendor_sku", Kind::Text, false),
    field("manufacturer", Kind::Text, false),
    field("unit", Kind::Text, false),
    field("description", Kind::Text, false),
    field("category", Kind::Text, false),
    field("status", Kind::Text, false),
    field("price", Kind::Number, false),
    field("cost", Kind::Number, false),
];

const LINE: [Canonical; 18] = [
    field("agreement", Kind::Text, false),
    field("agreement_status", Kind::Text, true),
    field("company", Kind::Text, true),
    field("company_name", Kind::Text, false),
    field("product", Kind::Text, true),
    field("product_code", Kind::Text, false),
    field("description", Kind::Text, false),
    field("kind", Kind::Text, true),
    field("quantity", Kind::Number, true),
    field("included", Kind::Number, true),
    field("price", Kind::Number, true),
    field("cost", Kind::Number, true),
    field("amount", Kind::Number, true),
    field("cost_total", Kind::Number, true),
    field("bill", Kind::Text, true),
    field("effective", Kind::Day, true),
    field("cancelled", Kind::Day, false),
    field("currency", Kind::Text, true),
];

const INVOICED_FIELDS: [Canonical; 5] = [
    field("line", Kind::Text, true),
    field("day", Kind::Day, true),
    field("quantity", Kind::Number, true),
    field("price", Kind::Number, true),
    field("amount", Kind::Number, true),
];

const BUNDLE: [Canonical; 5] = [
    field("bundle", Kind::Text, true),
    field("product", Kind::Text, true),
    field("per_unit", Kind::Number, true),
    field("weight_from", Kind::Number, true),
    field("weight_to", Kind::Number, true),
];

/// The canonical fields of an entity; `None` where its fields have any name.
pub(super) fn fields_of(entity: &str) -> Option<&'static [Canonical]> {
    match entity {
        "customer" => Some(&CUSTOMER),
        "product" => Some(&PRODUCT),
        "line" => Some(&LINE),
        INVOICED => Some(&INVOICED_FIELDS),
        "bundle" => Some(&BUNDLE),
        _ => None,
    }
}
