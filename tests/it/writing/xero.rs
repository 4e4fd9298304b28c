//! Xero as a row of the kit, and what is its own: elements in lists, days in milliseconds, archived contacts, refusals inside a
//! 200, keys of repeated calls, and lines that are only read.

use serde_json::{Value as Json, json};
use trueup::connectors::http::RefusedAs;
use trueup::connectors::writing::Delivery;
use trueup::connectors::{PsaConnector, Unwatched};
use trueup::core::change::{CustomerField, ProductField};
use trueup::core::money::plain;
use trueup::engine::Ended;
use trueup::simulate::{Data, XERO};

use super::{
    Bench, CUSTOMER, PRODUCT, Peer, at, new_customer, new_line, number, rename, text, update_customer, update_product,
    world,
};
use crate::rest::serve;

/// The real pace would only make tests slow.
const PACE: (&str, &str) = ("calls = 60,", "calls = 1000000,");

fn guid(id: &str) -> String {
    format!("00000000-0000-4000-8000-{id:0>12}")
}

pub(super) const PEER: Peer = Peer {
    name: "Xero",
    start: |faults| {
        let faults = faults.to_owned();
        Box::pin(async move {
            let (running, rest) = serve(&XERO, &world(), &faults, &[PACE]).await;
            let psa: Box<dyn PsaConnector> = Box::new(rest);
            (running, psa)
        })
    },
    address: |entity, target| match entity {
        "customer" => format!("/api.xro/2.0/Contacts/{}", target.id),
        "product" => format!("/api.xro/2.0/Items/{}?unitdp=4", target.id),
        entity => panic!("no address of {entity} {}", target.id),
    },
    place: |entity, field| match (entity, field) {
        ("customer" | "product", "name") => "Name",
        ("customer", "marker") => "ContactNumber",
        ("product", "price") => "SalesDetails",
        (entity, field) => panic!("no place of {entity} {field} is known"),
    },
    held: |_, _, value| value.map_or(Json::Null, Json::from),
    marks: &["UpdatedDateUTC"],
    by_hand: |place, value| (reqwest::Method::POST, json!({ "Contacts": [{ place: value }] })),
    hand_at: None,
    sign: |request| request.bearer_auth("demo-access-0").header("xero-tenant-id", XERO.setting("tenant")),
    bills_last_day: true,
    id: |id| if id.len() == 3 { guid(id) } else { id.to_owned() },
    record: |entity, _, mut answer| match entity {
        "customer" => answer["Contacts"][0].take(),
        _ => answer["Items"][0].take(),
    },
    lacks: &[
        "customer.key",
        "customer.website",
        "product.marker",
        "product.status",
        "line.create",
        "line.quantity",
        "line.cancelled",
        "line.dated",
    ],
};

fn sent(bench: &Bench, at: usize) -> Json {
    serde_json::from_str(&bench.writes()[at].3).unwrap()
}

#[tokio::test]
async fn lists_inside_a_contact_go_whole_and_the_rest_stays() {
    let bench = Bench::new(&PEER, "").await;
    let before = bench.kept("customer", &at(CUSTOMER)).await;
    bench.done(&update_customer(CustomerField::City, Some(text("Bristol")), Some(text("Bath")))).await;
    let body = sent(&bench, 0);
    let contact = &body["Contacts"][0];
    let members: Vec<&String> = contact.as_object().unwrap().keys().collect();
    assert_eq!(members, ["Addresses", "ContactID"]);
    assert_eq!(contact["Addresses"].as_array().unwrap().len(), 2, "the postal address as well");
    let mut after = bench.kept("customer", &at(CUSTOMER)).await;
    assert_eq!(after["Addresses"][0]["City"].take(), "Bath");
    after["Addresses"][0]["City"] = json!("Bristol");
    assert_eq!(after, before);
    let phone = update_customer(CustomerField::Phone, Some(text("0117 496 0000")), None);
    bench.done(&phone).await;
    assert_eq!(bench.psa.customers(&Unwatched).await.unwrap().records()[0].fields.phone, None);
}

#[tokio::test]
async fn a_create_that_is_sent_again_makes_nothing_more() {
    let bench = Bench::new(&PEER, "drop-write").await;
    let write = PEER.own(&new_customer("Elm", "ELM", "pax8-1"));
    let records = bench.psa.records().unwrap();
    let before = records.before(&write).await.unwrap();
    let first = records.send(&write, &before, 0).await.unwrap();
    assert!(matches!(first, Delivery::Unclear { .. }), "{first:?}");
    let Delivery::Done(again) = records.send(&write, &before, 0).await.unwrap() else { panic!() };
    assert_eq!(again.id, Some(guid("103")));
    let all = bench.psa.customers(&Unwatched).await.unwrap();
    let found = all.records().iter().filter(|one| one.fields.name == "Elm");
    assert_eq!(found.map(|one| one.fields.external_id.as_deref()).collect::<Vec<_>>(), [Some("pax8-1")]);
}

#[tokio::test]
async fn a_name_another_active_contact_has_is_a_duplicate_and_an_archived_one_is_seen() {
    let bench = Bench::new(&PEER, "").await;
    let written = bench.write(&new_customer("HARBOUR & finch", "H2", "x")).await;
    let Ended::Refused(refusal) = &written.ended else { panic!("{written:?}") };
    assert_eq!((refusal.as_what, refusal.status), (RefusedAs::Duplicate, 400), "{refusal}");
    assert!(refusal.to_string().contains("is already assigned to another contact"), "{refusal}");
    let archived = update_customer(CustomerField::Status, Some(text("Active")), Some(text("Inactive")));
    bench.done(&archived).await;
    let stored = bench.stored("customer", &at(CUSTOMER)).await;
    assert_eq!(stored["ContactStatus"], "ARCHIVED");
    assert_eq!(bench.psa.customers(&Unwatched).await.unwrap().records().len(), 2, "archived ones are asked for");
}

#[tokio::test]
async fn a_refused_element_inside_a_200_is_a_refusal() {
    let bench = Bench::new(&PEER, "ghost-write=always").await;
    let price = update_product(ProductField::Price, Some(number("22.10")), Some(number("23")));
    for write in [rename(), price] {
        let written = bench.write(&write).await;
        let Ended::Refused(refusal) = &written.ended else { panic!("{written:?}") };
        assert_eq!((refusal.as_what, refusal.status), (RefusedAs::Rejected, 200));
        assert!(refusal.to_string().contains("not subscribed to currency"), "{refusal}");
    }
}

#[tokio::test]
async fn a_price_keeps_its_accounts_and_four_decimals() {
    let bench = Bench::new(&PEER, "").await;
    bench.done(&update_product(ProductField::Price, Some(number("22.10")), Some(number("23.0525")))).await;
    let item = bench.stored("product", &at(PRODUCT)).await;
    assert_eq!(item["SalesDetails"]["UnitPrice"].to_string(), "23.0525");
    assert_eq!(item["SalesDetails"]["AccountCode"], "200");
    let read = bench.psa.products(&Unwatched).await.unwrap();
    assert_eq!(read.records()[0].fields.price.as_ref().map(|price| plain(price.value())).as_deref(), Some("23.0525"));
}

#[tokio::test]
async fn lines_of_repeating_invoices_are_read_with_their_days_and_written_never() {
    let bench = Bench::new(&PEER, "").await;
    let lines = bench.psa.billed_lines("2026-11".parse().unwrap(), &Unwatched).await.unwrap();
    assert_eq!(lines.problems(), [], "a bill that repeats is none of them");
    let read: Vec<(String, String, String)> = lines
        .records()
        .iter()
        .map(|line| (line.product.to_string(), plain(line.quantity.value()), line.effective.to_string()))
        .collect();
    let starts = "2026-01-01".to_owned();
    assert_eq!(read, [(guid("201"), "5".to_owned(), starts.clone()), (guid("202"), "2".to_owned(), starts)]);
    let refused = bench.try_write(&new_line("3", "x")).await.unwrap_err().to_string();
    assert!(refused.contains("Xero does not say how a line is written"), "{refused}");
    assert_eq!(bench.writes(), []);
}

#[tokio::test]
async fn lists_of_several_pages_come_whole_whatever_happens_between_them() {
    for faults in ["", "move", "skip", "insert", "delete", "expire", "429", "500", "cut"] {
        let (_running, rest) = serve(&XERO, &world(), faults, &[PACE, ("value = 1000", "value = 1")]).await;
        let customers = rest.customers(&Unwatched).await.unwrap_or_else(|error| panic!("{faults}: {error}"));
        assert!(customers.records().iter().any(|one| one.id.as_str() == guid("102")), "{faults}");
    }
    let (_running, rest) = serve(&XERO, &Data::empty(), "", &[PACE]).await;
    assert_eq!(rest.customers(&Unwatched).await.unwrap().records().len(), 0);
}

#[tokio::test]
async fn a_day_whose_calls_are_used_up_ends_the_run_at_once() {
    let (_running, rest) = serve(&XERO, &world(), "429=always,retry-after=40000", &[PACE]).await;
    let error = rest.customers(&Unwatched).await.unwrap_err().to_string();
    assert!(error.contains("too many calls; the remote asks to wait"), "{error}");
}
