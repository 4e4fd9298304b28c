//! Every stored or exported format of every released version still parses.
//!
//! `tests/formats/v1` holds records as the store keeps them, one file for each kind of listing. A file there is never edited: a
//! shape that changes gets a new folder, and the old one must still be read without losing a value.

#![expect(clippy::panic, reason = "the functions behind the tests may stop the test")]

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use trueup::core::billing::{
    Assignment, BilledLine, Subscription, UsageLine, UsageSummary, VendorCharge, VendorInvoice,
};
use trueup::core::customer::{PsaCustomer, VendorCustomer};
use trueup::core::entity::Entity;
use trueup::core::id::PsaProductId;
use trueup::core::link::BundlePart;
use trueup::core::product::{CommitmentRule, PriceRow, PsaProduct, VendorProduct};

/// Reads the frozen records of a kind and writes them again.
fn rewritten(entity: Entity, text: &str) -> Value {
    fn through<R: Serialize + DeserializeOwned>(text: &str) -> serde_json::Result<Value> {
        serde_json::to_value(serde_json::from_str::<Vec<R>>(text)?)
    }
    let written = match entity {
        Entity::VendorCustomers => through::<VendorCustomer>(text),
        Entity::VendorProducts => through::<VendorProduct>(text),
        Entity::VendorPrices => through::<PriceRow>(text),
        Entity::ProductDependencies => through::<CommitmentRule>(text),
        Entity::Assignments => through::<Assignment>(text),
        Entity::Subscriptions | Entity::SubscriptionHistory => through::<Subscription>(text),
        Entity::Invoices => through::<VendorInvoice>(text),
        Entity::Charges | Entity::DraftCharges => through::<VendorCharge>(text),
        Entity::UsageSummaries => through::<UsageSummary>(text),
        Entity::UsageLines => through::<UsageLine>(text),
        Entity::PsaCustomers => through::<PsaCustomer>(text),
        Entity::PsaProducts => through::<PsaProduct>(text),
        Entity::BilledLines => through::<BilledLine>(text),
        Entity::Bundles => through::<(PsaProductId, Vec<BundlePart>)>(text),
    };
    written.unwrap_or_else(|error| panic!("{entity}.json cannot be read any more: {error}"))
}

/// The places whose frozen value is not there any more. New fields beside them are welcome.
fn lost(at: &str, frozen: &Value, now: &Value) -> Vec<String> {
    match (frozen, now) {
        (Value::Object(fields), Value::Object(_)) => fields
            .iter()
            .filter(|(_, value)| !value.is_null())
            .flat_map(|(name, value)| lost(&format!("{at}.{name}"), value, &now[name]))
            .collect(),
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
            let pairs = items.iter().zip(others).enumerate();
            pairs.flat_map(|(n, (item, other))| lost(&format!("{at}[{n}]"), item, other)).collect()
        }
        _ if frozen == now => vec![],
        _ => vec![format!("{at}: {frozen} became {now}")],
    }
}

#[test]
fn stored_records_of_every_kind_are_read_without_losing_a_value() {
    for entity in Entity::ALL {
        let path = format!("{}/tests/formats/v1/{entity}.json", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap();
        let frozen: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(lost(entity.as_str(), &frozen, &rewritten(entity, &text)), Vec::<String>::new());
    }
}

#[test]
fn a_lost_value_is_named() {
    let frozen = serde_json::json!([{ "a": { "b": "1.10" }, "c": null, "d": 1 }]);
    let now = serde_json::json!([{ "a": { "b": "1.1" }, "e": 2 }]);
    assert_eq!(lost("x", &frozen, &now), ["x[0].a.b: \"1.10\" became \"1.1\"", "x[0].d: 1 became null"]);
}
