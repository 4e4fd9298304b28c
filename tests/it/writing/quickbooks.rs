//! QuickBooks Online as a row of the kit, and what is its own: statements and their quotes, versions in the body, one space of
//! names, keys of repeated calls, sets of lines with their totals, and refusals inside a 200.

use reqwest::Method;
use serde_json::{Value as Json, json};
use trueup::connectors::http::RefusedAs;
use trueup::connectors::writing::{Before, Delivery};
use trueup::connectors::{PsaConnector, Unwatched};
use trueup::core::change::{CustomerField, LineField, ProductField, Target};
use trueup::core::money::plain;
use trueup::engine::Ended;
use trueup::simulate::{Data, File, QUICKBOOKS};

use super::{
    Bench, CUSTOMER, Peer, at, line, new_customer, new_line, new_product, number, rename, text, update_customer,
    update_line, update_product, world,
};
use crate::rest::serve;

/// The real pace would only make tests slow.
const PACE: (&str, &str) = ("calls = 10, ", "calls = 1000000, ");

pub(super) const PEER: Peer = Peer {
    name: "QuickBooks Online",
    start: |faults| {
        let faults = faults.to_owned();
        Box::pin(async move {
            let (running, rest) = serve(&QUICKBOOKS, &world(), &faults, &[PACE]).await;
            let psa: Box<dyn PsaConnector> = Box::new(rest);
            (running, psa)
        })
    },
    address: |entity, target| {
        let base = format!("/v3/company/{}", QUICKBOOKS.setting("realm"));
        match (entity, target.id.split_once('/')) {
            ("customer", _) => format!("{base}/customer/{}", target.id),
            ("product", _) => format!("{base}/item/{}", target.id),
            ("line", Some((template, _))) => format!("{base}/recurringtransaction/{template}"),
            (entity, _) => panic!("no address of {entity} {}", target.id),
        }
    },
    place: |entity, field| match (entity, field) {
        ("customer", "name") => "DisplayName",
        ("customer", "website") => "WebAddr",
        ("product", "name") => "Name",
        ("product", "price") => "UnitPrice",
        (entity, field) => panic!("no place of {entity} {field} is known"),
    },
    held: |entity, field, value| match (entity, field, value) {
        ("customer", "website", Some(site)) => json!({ "URI": site }),
        (_, _, value) => value.map_or(Json::Null, Json::from),
    },
    marks: &["SyncToken", "MetaData", "FullyQualifiedName"],
    by_hand: |place, value| panic!("{place} {value}: a change needs the version of the record"),
    hand_at: None,
    sign: |request| request.bearer_auth("demo-access-0"),
    bills_last_day: true,
    id: |id| match id {
        "401" | "402" => format!("301/{id}"),
        id => id.to_owned(),
    },
    record: |entity, target, mut answer| match (entity, target.id.split_once('/')) {
        ("customer", _) => answer["Customer"].take(),
        ("product", _) => answer["Item"].take(),
        (_, Some((_, own))) => {
            let set = answer["RecurringTransaction"]["Invoice"]["Line"].as_array_mut().unwrap();
            set.iter_mut().find(|line| line["Id"] == own).unwrap().take()
        }
        (entity, None) => panic!("no {entity} {}", target.id),
    },
    lacks: &[
        "customer.code",
        "customer.marker",
        "product.marker",
        "product.case",
        "line.marker",
        "line.cost",
        "line.bill",
        "line.effective",
        "line.cancelled",
        "line.dated",
        "by hand",
    ],
};

fn sent(bench: &Bench, at: usize) -> Json {
    serde_json::from_str(&bench.writes()[at].3).unwrap()
}

/// Somebody else gives a customer another phone, and so another version.
async fn changed_by_hand(bench: &Bench) {
    let path = format!("/v3/company/{}/customer", QUICKBOOKS.setting("realm"));
    let body = json!({ "Id": CUSTOMER, "SyncToken": "0", "sparse": true, "PrimaryPhone": { "FreeFormNumber": "1" } });
    bench.call(Method::POST, &path, Some(body)).await;
}

#[tokio::test]
async fn a_change_carries_its_members_whole_with_id_and_version() {
    let bench = Bench::new(&PEER, "").await;
    bench.done(&update_customer(CustomerField::City, Some(text("Bristol")), Some(text("Bath")))).await;
    assert_eq!(bench.writes()[0].1, "/v3/company/4620816365012345678/customer?minorversion=75");
    let address = json!({ "Line1": "4 Quay Row", "City": "Bath", "CountrySubDivisionCode": "England",
        "PostalCode": "BS1 4ZZ", "Country": "United Kingdom" });
    assert_eq!(sent(&bench, 0), json!({ "Id": CUSTOMER, "SyncToken": "0", "sparse": true, "BillAddr": address }));
    bench.done(&rename()).await;
    assert_eq!(sent(&bench, 1)["SyncToken"], "1");
}

#[tokio::test]
async fn a_version_that_somebody_else_raised_is_refused_as_a_conflict() {
    let bench = Bench::new(&PEER, "").await;
    let (write, records) = (rename(), bench.psa.records().unwrap());
    let before: Before = records.before(&write).await.unwrap();
    changed_by_hand(&bench).await;
    let kept = bench.stored("customer", &at(CUSTOMER)).await;
    let Delivery::Refused(refusal) = records.send(&write, &before, 0).await.unwrap() else { panic!() };
    assert_eq!((refusal.as_what, refusal.status), (RefusedAs::Conflict, 400), "{refusal}");
    assert!(refusal.to_string().contains("Stale Object Error"), "{refusal}");
    assert_eq!(bench.stored("customer", &at(CUSTOMER)).await, kept);
}

#[tokio::test]
async fn a_name_with_signs_of_the_query_language_stays_one_name() {
    let bench = Bench::new(&PEER, "drop-write=always").await;
    for name in ["O'Brien", "back\\slash", "50% & more", "' OR Active = 'x", "a\" b", "\\'"] {
        let written = bench.write(&new_customer(name, "", name)).await;
        assert_eq!((&written.ended, written.shows), (&Ended::Happened, true), "{name}");
        let again = bench.try_write(&new_customer(name, "", "y")).await.unwrap_err().to_string();
        assert!(again.contains("is there already and fits it"), "{name}: {again}");
    }
    let asked = bench.running.log().into_iter().any(|entry| entry.path.contains("O%5C%27Brien"));
    assert!(asked, "{:?}", bench.running.log().iter().map(|entry| &entry.path).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_name_in_another_case_is_a_duplicate() {
    let bench = Bench::new(&PEER, "").await;
    for write in [new_customer("harbour & finch", "", "x"), new_product("SEAT", "", "y")] {
        let written = bench.write(&write).await;
        let Ended::Refused(refusal) = &written.ended else { panic!("{written:?}") };
        assert_eq!(refusal.as_what, RefusedAs::Duplicate, "{refusal}");
        assert!(refusal.to_string().contains("The name supplied already exists"), "{refusal}");
    }
}

#[tokio::test]
async fn a_create_that_is_sent_again_makes_nothing_more() {
    let bench = Bench::new(&PEER, "drop-write").await;
    let write = PEER.own(&new_customer("Elm", "", "pax8-1"));
    let records = bench.psa.records().unwrap();
    let before = records.before(&write).await.unwrap();
    let first = records.send(&write, &before, 0).await.unwrap();
    assert!(matches!(first, Delivery::Unclear { .. }), "{first:?}");
    let Delivery::Done(again) = records.send(&write, &before, 0).await.unwrap() else { panic!() };
    assert_eq!(again.id.as_deref(), Some("103"));
    let keys: Vec<String> = bench.writes().into_iter().map(|(_, path, ..)| path).collect();
    assert_eq!(keys[0], keys[1]);
    let key = keys[0].split("requestid=").nth(1).unwrap();
    assert_eq!(key.len(), 50, "{key}");
    let all = bench.psa.customers(&Unwatched).await.unwrap();
    assert_eq!(all.records().iter().filter(|one| one.fields.name == "Elm").count(), 1);
}

#[tokio::test]
async fn inactive_records_are_listed_and_their_names_are_free() {
    let bench = Bench::new(&PEER, "").await;
    let inactive = |state: &str, to: &str| update_customer(CustomerField::Status, Some(text(state)), Some(text(to)));
    bench.done(&inactive("Active", "Inactive")).await;
    let all = bench.psa.customers(&Unwatched).await.unwrap();
    let first = &all.records()[0].fields;
    assert_eq!((first.name.as_str(), first.status.as_deref()), ("Harbour & Finch (deleted)", Some("Inactive")));
    bench.done(&new_customer("Harbour & Finch", "", "x")).await;
}

#[tokio::test]
async fn a_line_is_changed_with_its_total_and_the_rest_of_the_set_as_it_was() {
    let bench = Bench::new(&PEER, "").await;
    let other = Target { id: "402".to_owned(), below: None };
    let untouched = bench.stored("line", &other).await;
    bench.done(&update_line(LineField::Quantity, Some(number("5")), Some(number("7")))).await;
    let body = sent(&bench, 0);
    let invoice = &body["Invoice"];
    assert_eq!((&invoice["Id"], &invoice["SyncToken"], invoice.get("Deposit")), (&json!("301"), &json!("0"), None));
    let set = invoice["Line"].as_array().unwrap();
    assert_eq!((set.len(), &set[1]), (3, &untouched), "the total of all is one of them");
    let changed = (set[0]["SalesItemLineDetail"]["Qty"].to_string(), set[0]["Amount"].to_string());
    assert_eq!(changed, ("7".to_owned(), "154.7".to_owned()));
    // the schedule goes back as it came, or it would be cleared
    assert_eq!(invoice["RecurringInfo"]["ScheduleInfo"]["StartDate"], "2026-01-01");
    let kept = bench.stored("line", &line()).await;
    assert_eq!(kept["SalesItemLineDetail"]["TaxCodeRef"]["value"], "NON", "what no field of ours holds");
    bench.done(&update_line(LineField::Price, Some(number("22.10")), Some(number("22.335")))).await;
    assert_eq!(sent(&bench, 1)["Invoice"]["Line"][0]["Amount"].to_string(), "156.35", "in cents, as it is kept");
    let lines = bench.psa.billed_lines("2026-11".parse().unwrap(), &Unwatched).await.unwrap();
    assert_eq!(lines.problems(), []);
    let read: Vec<(String, String)> =
        lines.records().iter().map(|line| (plain(line.quantity.value()), plain(line.amount.value()))).collect();
    assert_eq!(read, [("7".to_owned(), "156.35".to_owned()), ("2".to_owned(), "110.5".to_owned())]);
}

#[tokio::test]
async fn a_line_is_added_to_the_set_and_found_by_what_it_holds() {
    for faults in ["", "drop-write"] {
        let bench = Bench::new(&PEER, faults).await;
        let written = bench.write(&new_line("3", "sub-1")).await;
        assert!(matches!(written.ended, Ended::Done | Ended::Happened), "{faults}: {written:?}");
        assert_eq!(written.record.as_deref(), Some("301/403"), "{faults}");
        let set = sent(&bench, 0)["Invoice"]["Line"].as_array().unwrap().clone();
        let new = json!({ "DetailType": "SalesItemLineDetail", "Amount": serde_json::Number::from_string_unchecked("66.3".into()),
            "SalesItemLineDetail": { "ItemRef": { "value": "201" }, "Qty": 3, "UnitPrice": serde_json::Number::from_string_unchecked("22.1".into()) } });
        assert_eq!((set.len(), &set[3]), (4, &new), "{faults}");
    }
}

#[tokio::test]
async fn a_set_that_somebody_changed_meanwhile_is_refused() {
    let bench = Bench::new(&PEER, "").await;
    let write = PEER.own(&update_line(LineField::Quantity, Some(number("5")), Some(number("7"))));
    let records = bench.psa.records().unwrap();
    let before = records.before(&write).await.unwrap();
    bench.done(&new_line("3", "sub-1")).await;
    let Delivery::Refused(refusal) = records.send(&write, &before, 0).await.unwrap() else { panic!() };
    assert_eq!(refusal.as_what, RefusedAs::Conflict, "{refusal}");
    let lines = bench.psa.billed_lines("2026-11".parse().unwrap(), &Unwatched).await.unwrap();
    assert_eq!(lines.records().len(), 3, "the new line is not lost");
}

#[tokio::test]
async fn a_refusal_inside_a_200_is_one() {
    let bench = Bench::new(&PEER, "ghost-write=always").await;
    let price = update_product(ProductField::Price, Some(number("22.10")), Some(number("23")));
    for write in [rename(), price, new_customer("Elm", "", "x")] {
        let written = bench.write(&write).await;
        let Ended::Refused(refusal) = &written.ended else { panic!("{written:?}") };
        assert_eq!((refusal.as_what, refusal.status), (RefusedAs::Rejected, 200));
        assert!(refusal.to_string().contains("The books are closed"), "{refusal}");
    }
}

#[tokio::test]
async fn lists_of_several_pages_come_whole_whatever_happens_between_them() {
    for faults in ["", "move", "skip", "insert", "delete", "expire", "429", "500", "cut"] {
        let (_running, rest) = serve(
            &QUICKBOOKS,
            &world(),
            faults,
            &[PACE, ("value = 1000", "value = 1"), ("fixed = \"60s\"", "fixed = \"1s\"")],
        )
        .await;
        let (customers, products) = (rest.customers(&Unwatched).await, rest.products(&Unwatched).await);
        let customers = customers.unwrap_or_else(|error| panic!("{faults}: {error}"));
        assert!(customers.records().iter().any(|one| one.id.as_str() == "102"), "{faults}");
        // a category is in the same list and is no product
        assert_eq!(products.unwrap().records().len(), 2, "{faults}");
    }
}

#[tokio::test]
async fn a_company_without_records_has_empty_lists() {
    let (_running, rest) = serve(&QUICKBOOKS, &Data::empty(), "", &[PACE]).await;
    assert_eq!(rest.customers(&Unwatched).await.unwrap().records().len(), 0);
    assert_eq!(rest.billed_lines("2026-11".parse().unwrap(), &Unwatched).await.unwrap().records().len(), 0);
    // a list that is misspelled is not taken for an empty one
    let (_running, rest) =
        serve(&QUICKBOOKS, &world(), "", &[PACE, ("QueryResponse.Customer", "QueryResponse.Customers")]).await;
    let error = rest.customers(&Unwatched).await.unwrap_err().to_string();
    assert!(error.contains("a list of rows expected"), "{error}");
}

#[tokio::test]
async fn a_rhythm_other_than_monthly_and_a_template_that_is_off_are_seen() {
    let mut data = world();
    data.table_mut(File::PsaAgreementLines).set(1, "agreementStatus", "Cancelled");
    data.table_mut(File::PsaAgreementLines).set(1, "agreementId", "302");
    let (_running, rest) = serve(&QUICKBOOKS, &data, "", &[PACE]).await;
    let lines = rest.billed_lines("2026-11".parse().unwrap(), &Unwatched).await.unwrap();
    assert_eq!(lines.problems(), []);
    let states: Vec<&str> = lines.records().iter().map(|line| line.agreement_status.as_str()).collect();
    assert_eq!(states, ["Active", "Suspended"]);
    // every second month
    let (_running, rest) = serve(&QUICKBOOKS, &data, "", &[PACE, ("NumInterval=1", "NumInterval=2")]).await;
    let lines = rest.billed_lines("2026-11".parse().unwrap(), &Unwatched).await.unwrap();
    assert_eq!((lines.records().len(), lines.problems().len()), (0, 2), "{:?}", lines.problems());
}
