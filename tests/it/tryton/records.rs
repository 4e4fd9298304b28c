//! Customers and products written to a server: one thing changes and nothing else, and nothing is made twice.

use serde_json::{Value, json};
use trueup::connectors::http::RefusedAs;
use trueup::engine::{Ended, EngineError};

use super::bench::{Bench, customer, different, names, new_customer, new_product, product, quick};
use super::server::decimal;
use super::wire::Cut;

const HARBOUR: [(&str, &str); 5] = [
    ("code", "0012"),
    ("name", "  Harbour  Dental "),
    ("street", "Quay 1\nGate 2"),
    ("city", "Riga"),
    ("postcode", "0150"),
];
const SEAT: [(&str, &str); 6] = [
    ("name", " Seat "),
    ("sku", "0099"),
    ("category", "Cloud"),
    ("price", "22.10"),
    ("cost", "7.2500"),
    ("description", "For one"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_made_as_it_was_said_and_changed_in_one_field_and_no_other() {
    let bench = Bench::new().await;
    let id = bench.done(&new_customer(&HARBOUR)).await;
    let made = bench.whole("party.party", &id).await;
    assert_eq!((&made["code"], &made["name"]), (&json!("0012"), &json!("  Harbour  Dental ")), "blanks and noughts");
    let address = made["addresses"][0].to_string();
    let place = bench.whole("party.address", &address).await;
    assert_eq!(
        (&place["street"], &place["city"], &place["postal_code"]),
        (&json!("Quay 1\nGate 2"), &json!("Riga"), &json!("0150"))
    );
    let _ = bench.done(&customer(&id, &[("name", "  Harbour  Dental ", "Harbour Dental")])).await;
    assert_eq!(bench.wire.writes()[0].2, json!({ "name": "Harbour Dental" }), "what changes, and no more");
    let renamed = bench.whole("party.party", &id).await;
    assert_eq!(different(&made, &renamed), names(&["name", "rec_name", "full_name"]));
    assert_eq!(different(&place, &bench.whole("party.address", &address).await), names(&["rec_name"]));
    // of several addresses the first is meant, and the others stay
    let second = json!({ "addresses": [["create", [{ "city": "Ventspils" }]]] });
    let _ = bench.tryton.put(&format!("party.party/{id}"), second).await.taken();
    let others = bench.tryton.every("party.address", &["street", "city"]).await;
    let _ = bench.done(&customer(&id, &[("postcode", "0150", ""), ("city", "Riga", "Rīga")])).await;
    let moved = bench.whole("party.address", &address).await;
    assert_eq!((&moved["city"], &moved["postal_code"]), (&json!("Rīga"), &Value::Null));
    assert_eq!(moved["street"], json!("Quay 1\nGate 2"));
    let now = bench.tryton.every("party.address", &["street", "city"]).await;
    let untouched =
        |all: &[Value]| all.iter().filter(|row| row["id"] != made["addresses"][0]).cloned().collect::<Vec<_>>();
    assert_eq!(untouched(&now), untouched(&others));
    assert_eq!(bench.count("party.party").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_archived_and_taken_back_and_takes_nothing_else_meanwhile() {
    let bench = Bench::new().await;
    let id = bench.done(&new_customer(&HARBOUR)).await;
    let made = bench.whole("party.party", &id).await;
    let _ = bench.done(&customer(&id, &[("status", "Active", "Inactive")])).await;
    let archived = bench.whole("party.party", &id).await;
    assert_eq!(different(&made, &archived), names(&["active"]));
    let both = customer(&id, &[("status", "Inactive", "Active"), ("name", "  Harbour  Dental ", "Quay")]);
    let written = bench.tried(&both).await.unwrap();
    let Ended::Refused(refusal) = &written.ended else { panic!("{written:?}") };
    assert_eq!(refusal.as_what, RefusedAs::Locked);
    assert!(refusal.message.contains("You are not allowed to modify the field"), "{refusal}");
    assert_eq!(bench.whole("party.party", &id).await, archived);
    let _ = bench.done(&customer(&id, &[("status", "Inactive", "Active")])).await;
    assert_eq!(different(&made, &bench.whole("party.party", &id).await), names(&[]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_is_said_before_anything_is_sent() {
    let bench = Bench::new().await;
    let id = bench.done(&new_customer(&HARBOUR)).await;
    let refused = bench.refused_unsent(&customer(&id, &[("code", "0012", "13")])).await;
    assert!(refused.contains("`code` of a customer is fixed once it is made"), "{refused}");
    let refused = bench.refused_unsent(&customer(&id, &[("phone", "", "+371 2")])).await;
    assert!(refused.contains("`phone` of a customer is kept by Tryton itself"), "{refused}");
    let refused = bench.refused_unsent(&new_customer(&[("name", "No code")])).await;
    assert!(refused.contains("a new customer needs `code`: it is found again by it"), "{refused}");
    let refused = bench.refused_unsent(&new_product(&[("name", "X"), ("sku", "X"), ("price", "0.00001")])).await;
    assert!(refused.contains("0.00001 has more decimals than the 4 the server keeps"), "{refused}");
    let refused = bench.refused_unsent(&new_product(&[("name", "X"), ("sku", "X"), ("category", "Snow")])).await;
    assert!(refused.contains("no category is listed whose name is `Snow`"), "{refused}");
    let refused = bench.refused_unsent(&customer(&id, &[("name", "Somebody else's", "Quay")])).await;
    assert!(refused.contains("name: expected Somebody else's, found   Harbour  Dental "), "stale: {refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_is_made_with_exact_amounts_and_changed_in_one_field_and_no_other() {
    let bench = Bench::new().await;
    let id = bench.done(&new_product(&SEAT)).await;
    let (_, path, body) = bench.wire.writes().remove(0);
    let seat = json!({ "suffix_code": "0099", "list_price": decimal("22.1"), "cost_price": decimal("7.25"),
        "description": "For one" });
    assert_eq!(path, "product.template");
    assert_eq!(
        body,
        json!({ "name": " Seat ", "account_category": bench.tryton.base["category"], "type": "service", "salable": true,
            "default_uom": bench.tryton.base["unit"], "sale_uom": bench.tryton.base["unit"],
            "products": [["create", [seat]]] })
    );
    let made = bench.whole("product.product", &id).await;
    assert_eq!((&made["code"], &made["name"]), (&json!("0099"), &json!("Seat")));
    assert_eq!((&made["list_price_used"], &made["cost_price"]), (&decimal("22.1"), &decimal("7.25")));
    let template = made["template"].to_string();
    let whole = bench.whole("product.template", &template).await;
    let _ = bench.done(&product(&id, &[("price", "22.10", "19.9999")])).await;
    let priced = bench.whole("product.product", &id).await;
    assert_eq!(priced["list_price_used"], decimal("19.9999"));
    let prices = names(&["list_price", "list_price_used", "list_price_uom", "list_prices", "sale_price_uom"]);
    let changed = different(&made, &priced);
    assert!(changed.is_subset(&prices) && changed.contains("list_price"), "{changed:?}");
    assert_eq!(different(&whole, &bench.whole("product.template", &template).await), names(&[]));
    let _ = bench.done(&product(&id, &[("cost", "7.25", "0"), ("description", "For one", "")])).await;
    let cheap = bench.whole("product.product", &id).await;
    assert_eq!((&cheap["cost_price"], &cheap["description"]), (&decimal("0"), &Value::Null));
    let _ = bench.done(&product(&id, &[("name", "Seat", "Seats")])).await;
    let renamed = bench.whole("product.product", &id).await;
    assert_eq!(different(&cheap, &renamed), names(&["name", "rec_name"]));
    assert_eq!(bench.wire.writes().remove(0).2, json!({ "name": "Seats" }));
    let _ = bench.done(&product(&id, &[("status", "Active", "Inactive")])).await;
    assert_eq!(different(&renamed, &bench.whole("product.product", &id).await), names(&["active"]));
    let _ = bench.done(&product(&id, &[("status", "Inactive", "Active")])).await;
    assert_eq!(different(&renamed, &bench.whole("product.product", &id).await), names(&[]));
    assert_eq!((bench.count("product.product").await, bench.count("product.template").await), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_made_and_whose_answer_was_lost_is_found_and_not_made_twice() {
    let bench = Bench::new().await;
    for (write, model) in [(new_customer(&HARBOUR), "party.party"), (new_product(&SEAT), "product.product")] {
        let before = bench.count(model).await;
        // it never arrived: only after a while is that certain, and then it may be sent again
        bench.wire.cut(0, Cut::Before);
        let lost = bench.tried(&write).await.unwrap();
        assert!(matches!(lost.ended, Ended::Open(_)), "{lost:?}");
        let second = bench.tried(&write).await;
        assert!(matches!(second, Err(EngineError::WriteOpen { .. })), "no second one meanwhile: {second:?}");
        assert_eq!(bench.settled_after(10).await[0].ended, Ended::DidNot);
        assert_eq!(bench.count(model).await, before);
        // it did, and the answer was lost
        bench.wire.cut(0, Cut::After);
        let found = bench.tried(&write).await.unwrap();
        assert_eq!((&found.ended, found.shows), (&Ended::Happened, true), "{found:?}");
        assert_eq!((bench.count(model).await, bench.wire.calls().len()), (before + 1, 1));
        let again = bench.refused_unsent(&write).await;
        assert!(again.contains("is there already and fits it"), "{again}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_an_archived_customer_holds_is_refused_as_taken() {
    let bench = Bench::new().await;
    let id = bench.done(&new_customer(&HARBOUR)).await;
    let _ = bench.done(&customer(&id, &[("status", "Active", "Inactive")])).await;
    let again = new_customer(&[("code", "0012"), ("name", "Other")]);
    let refused = bench.refused_unsent(&again).await;
    assert!(refused.contains(&format!("customer {id} is there already and fits it")), "{refused}");
    // where it is not looked for, the server says it
    let unseen = [(
        "find  = { dialect = \"tryton\", where = { code = \"{code}\" } }",
        "find  = { dialect = \"tryton\", where = { name = \"{code}\" } }",
    )];
    let engine = bench.engine().await;
    let written = engine.write(&bench.rest(&unseen), &again, None, &quick()).await.unwrap();
    let Ended::Refused(refusal) = &written.ended else { panic!("{written:?}") };
    assert_eq!(
        (refusal.as_what, refusal.to_string().as_str()),
        (RefusedAs::Duplicate, "400: The code on party must be unique.")
    );
    assert_eq!(engine.open_writes().await.unwrap(), []);
}
