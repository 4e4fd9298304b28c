//! Dataverse as a row of the kit, and what is its own: records made at their alternate key, ETags, bound lookups, names of columns that
//! are settings, pages by the next link.

use reqwest::Method;
use serde_json::{Value as Json, json};
use trueup::connectors::http::RefusedAs;
use trueup::connectors::writing::Delivery;
use trueup::connectors::{PsaConnector, Unwatched};
use trueup::core::change::{ProductField, PsaWrite};
use trueup::simulate::{DATAVERSE, File, World};

use super::{Bench, CUSTOMER, Peer, at, new_customer, new_product, rename, text, world};
use crate::rest::serve;

const BASE: &str = "/api/data/v9.2";

pub(super) const PEER: Peer = Peer {
    name: "Dataverse",
    start: |faults| {
        let faults = faults.to_owned();
        Box::pin(async move {
            let (running, rest) = serve(&DATAVERSE, &world(), &faults, &[("calls = 6000", "calls = 1000000")]).await;
            let psa: Box<dyn PsaConnector> = Box::new(rest);
            (running, psa)
        })
    },
    address: |entity, target| {
        let set = match entity {
            "customer" => "accounts",
            "product" => "products",
            _ => "work365_subscriptions",
        };
        format!("{BASE}/{set}({})", target.id)
    },
    place: |entity, field| match (entity, field) {
        ("customer" | "product", "name") => "name",
        ("customer", "website") => "websiteurl",
        ("product", "price") => "price",
        ("line", "cancelled") => "work365_deactivateon",
        (_, "marker") => "new_pax8id",
        (entity, field) => panic!("no place of {entity} {field} is known"),
    },
    held: |_, _, value| value.map_or(Json::Null, Json::from),
    marks: &["@odata.etag"],
    by_hand: |place, value| (Method::PATCH, json!({ place: value })),
    hand_at: None,
    sign: |request| {
        let request = request.bearer_auth("eyJ0eXAiOiJKV1QifQ.simulated.0").header("OData-Version", "4.0");
        request.header("Prefer", "return=representation")
    },
    bills_last_day: false,
    id: |id| if id.len() == 3 { format!("00000000-0000-4000-a000-{id:0>12}") } else { id.to_owned() },
    record: |_, _, answer| answer,
    lacks: &["line.create", "line.dated"],
};

#[tokio::test]
async fn a_record_is_made_at_its_key_and_only_where_there_is_none() {
    let bench = Bench::new(&PEER, "").await;
    let write = new_customer("Elm", "ELM", "O'Brien/7");
    let sink = bench.psa.records().unwrap();
    let seen = sink.before(&write).await.unwrap();
    bench.done(&write).await;
    let (method, path, status, body) = bench.writes().remove(0);
    assert_eq!((method.as_str(), status), ("PATCH", 201));
    assert_eq!(path, format!("{BASE}/accounts(new_pax8id='O%27%27Brien%2F7')"));
    let sent: Json = serde_json::from_str(&body).unwrap();
    assert_eq!(
        sent,
        json!({ "name": "Elm", "accountnumber": "ELM", "address1_city": "Bath" }),
        "the key is not said twice"
    );
    // whoever is second, with what was seen before, changes nothing
    let again = sink.send(&write, &seen, 0).await.unwrap();
    let Delivery::Refused(refusal) = &again else { panic!("{again:?}") };
    assert_eq!((refusal.as_what, refusal.status), (RefusedAs::Duplicate, 412), "{refusal}");
}

#[tokio::test]
async fn a_change_of_an_older_state_is_refused_by_its_etag() {
    let bench = Bench::new(&PEER, "").await;
    let write = PEER.own(&rename());
    let sink = bench.psa.records().unwrap();
    let seen = sink.before(&write).await.unwrap();
    bench.change_by_hand("customer", &at(CUSTOMER), "website", json!("https://new.example")).await;
    let sent = sink.send(&write, &seen, 0).await.unwrap();
    let Delivery::Refused(refusal) = &sent else { panic!("{sent:?}") };
    assert_eq!((refusal.as_what, refusal.status), (RefusedAs::Conflict, 412), "{refusal}");
    bench.done(&rename()).await;
    let sent: Json = serde_json::from_str(&bench.writes().pop().unwrap().3).unwrap();
    assert_eq!(sent, json!({ "name": "Harbour & Finch Ltd" }), "changed columns only");
}

#[tokio::test]
async fn lookups_are_bound_by_address_and_read_by_their_names() {
    let bench = Bench::new(&PEER, "").await;
    let PsaWrite::CreateProduct(mut create) = new_product("Mail", "MAIL", "p-1") else { unreachable!() };
    create.fields.insert(ProductField::Unit, text("Primary Unit"));
    bench.done(&PsaWrite::CreateProduct(create)).await;
    let sent: Json = serde_json::from_str(&bench.writes().remove(0).3).unwrap();
    let unit = format!("/uoms({})", DATAVERSE.setting("unit_id"));
    assert_eq!(sent["defaultuomid@odata.bind"], json!(unit));
    let products = bench.psa.products(&Unwatched).await.unwrap();
    assert!(products.records().iter().all(|product| product.fields.unit.as_deref() == Some("Primary Unit")));
}

#[tokio::test]
async fn columns_are_named_by_settings_and_a_wrong_name_is_the_systems_error() {
    let renamed = [("default = \"work365_quantity\"", "default = \"work365_seats\"")];
    let (_running, rest) = serve(&DATAVERSE, &world(), "", &renamed).await;
    let error = rest.billed_lines("2026-11".parse().unwrap(), &Unwatched).await.unwrap_err().to_string();
    assert!(error.contains("work365_seats"), "{error}");
}

#[tokio::test]
async fn every_line_arrives_over_many_pages_whatever_comes_between() {
    let data = World::from_seed(7, 12, "2026-04").unwrap().data;
    let wanted =
        data.table(File::PsaAgreementLines).rows().filter(|row| row.get("quantity").parse::<u32>().is_ok()).count();
    let small = [("odata.maxpagesize=500", "odata.maxpagesize=7"), ("calls = 6000", "calls = 1000000")];
    for faults in ["", "insert@work365_subscriptions", "expire=once", "429=2"] {
        let (_running, rest) = serve(&DATAVERSE, &data, faults, &small).await;
        let lines = rest.billed_lines("2026-04".parse().unwrap(), &Unwatched).await.unwrap();
        assert!(lines.records().len() >= wanted, "{faults}: {} of {wanted}", lines.records().len());
        let line = &lines.records()[0];
        assert!(line.agreement.is_some() && line.company.as_str().len() == 36, "{line:?}");
    }
}
