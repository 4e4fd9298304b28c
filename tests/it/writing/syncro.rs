//! Syncro MSP as a row of the kit, and what is its own: texts and cents, what a change resets, properties nobody defined, its many forms of
//! a refusal.

use reqwest::Method;
use serde_json::{Value as Json, json};
use trueup::connectors::PsaConnector;
use trueup::core::change::{LineField, ProductField, PsaWrite};
use trueup::engine::Ended;
use trueup::simulate::SYNCRO;

use super::{
    Bench, CUSTOMER, PRODUCT, Peer, at, line, new_customer, new_line, number, text, update_line, update_product, world,
};
use crate::rest::serve;

pub(super) const PEER: Peer = Peer {
    name: "Syncro",
    start: |faults| {
        let faults = faults.to_owned();
        Box::pin(async move {
            let (running, rest) = serve(&SYNCRO, &world(), &faults, &[("calls = 180", "calls = 1000000")]).await;
            let psa: Box<dyn PsaConnector> = Box::new(rest);
            (running, psa)
        })
    },
    address: |entity, target| match (entity, target.id.split_once('/')) {
        ("customer", _) => format!("/api/v1/customers/{}", target.id),
        ("product", _) => format!("/api/v1/products/{}", target.id),
        ("line", Some((schedule, _))) => format!("/api/v1/schedules/{schedule}"),
        (entity, _) => panic!("no address of {entity} {}", target.id),
    },
    place: |entity, field| match (entity, field) {
        ("customer", "name") => "business_name",
        ("customer", "marker") => "properties",
        ("product", "name") => "name",
        ("product", "price") => "price_retail",
        (entity, field) => panic!("no place of {entity} {field} is known"),
    },
    held: |_, _, value| value.map_or(Json::Null, |value| json!({ "Pax8 ID": value })),
    marks: &["updated_at"],
    by_hand: |place, value| (Method::PUT, json!({ place: value })),
    hand_at: None,
    sign: |request| request.bearer_auth(SYNCRO.setting("token")),
    bills_last_day: true,
    id: |id| match id {
        "401" | "402" => format!("301/{id}"),
        id => id.to_owned(),
    },
    record: |entity, target, mut answer| match entity {
        "customer" | "product" => answer[entity].take(),
        _ => {
            let (_, own) = target.id.split_once('/').unwrap();
            let lines = answer["schedule"]["lines"].as_array_mut().unwrap();
            lines.iter_mut().find(|row| row["id"] == own.parse::<i64>().unwrap()).unwrap().take()
        }
    },
    lacks: &[
        "customer.code",
        "customer.website",
        "product.case",
        "product.marker",
        "line.marker",
        "line.bill",
        "line.effective",
        "line.start",
        "line.cancelled",
        "line.dated",
        "four decimals",
    ],
};

#[tokio::test]
async fn a_quantity_is_sent_as_text_and_a_price_in_cents_to_the_line_alone() {
    let bench = Bench::new(&PEER, "").await;
    bench.done(&update_line(LineField::Quantity, Some(number("5")), Some(number("7.5")))).await;
    bench.done(&update_line(LineField::Price, Some(number("22.10")), Some(number("23.05")))).await;
    let sent: Vec<(String, Json)> =
        bench.writes().into_iter().map(|(_, path, _, body)| (path, serde_json::from_str(&body).unwrap())).collect();
    let path = "/api/v1/schedules/301/line_items/401".to_owned();
    assert_eq!(sent, [(path.clone(), json!({ "quantity": "7.5" })), (path, json!({ "retail_cents": 2305 }))]);
    let stored = bench.stored("line", &line()).await;
    assert_eq!((&stored["quantity"], &stored["price_retail"]), (&json!("7.50"), &json!("23.05")));
    let half_a_cent = update_line(LineField::Price, Some(number("23.05")), Some(number("23.055")));
    let refused = bench.try_write(&half_a_cent).await.unwrap_err().to_string();
    assert!(refused.contains("23.055 has more decimals than the 2 the server keeps"), "{refused}");
    bench.done(&new_line("3", "")).await;
    let (_, path, _, body) = bench.writes().remove(2);
    let made = json!({ "product_id": 201, "quantity": "3", "retail_cents": 2210, "cost_cents": 1870 });
    assert_eq!((path.as_str(), serde_json::from_str(&body).ok()), ("/api/v1/schedules/301/add_line_item", Some(made)));
}

#[tokio::test]
async fn what_a_change_would_reset_and_other_properties_go_along() {
    let bench = Bench::new(&PEER, "").await;
    bench.done(&update_product(ProductField::Name, Some(text("Seat")), Some(text("Seats")))).await;
    assert_eq!(bench.stored("product", &at(PRODUCT)).await["maintain_stock"], json!(true));
    let link = trueup::core::change::CustomerField::ExternalId;
    bench.done(&super::update_customer(link, None, Some(text("pax8-7")))).await;
    let stored = bench.stored("customer", &at(CUSTOMER)).await;
    assert_eq!(stored["properties"], json!({ "Tier": "gold", "Pax8 ID": "pax8-7" }));
}

#[tokio::test]
async fn every_form_of_a_refusal_is_told_in_the_systems_words() {
    let bench = Bench::new(&PEER, "").await;
    let PsaWrite::CreateLine(mut unknown) = new_line("3", "") else { unreachable!() };
    unknown.fields.insert(LineField::Product, text("999"));
    for (write, words) in
        [(PsaWrite::CreateLine(unknown), "Product could not be found"), (new_customer("", "", "p-1"), "422")]
    {
        let written = bench.write(&write).await;
        let Ended::Refused(refusal) = &written.ended else { panic!("{written:?}") };
        assert!(refusal.to_string().contains(words), "{refusal}");
    }
}
