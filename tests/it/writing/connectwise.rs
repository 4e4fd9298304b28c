//! ConnectWise PSA as a row of the kit, and what is its own: ghosts, its own fields, references replaced whole.

use reqwest::Method;
use serde_json::{Value as Json, json};
use trueup::connectors::environment::Environment;
use trueup::connectors::rest::{ConnectorFile, Rest};
use trueup::connectors::{PsaConnector, Unwatched};
use trueup::core::change::{CustomerField, LineField, PsaWrite, Target, Update};
use trueup::engine::Ended;
use trueup::simulate::CONNECTWISE;

use super::{Bench, CUSTOMER, Peer, at, changes, line, new_line, number, quick, rename, text, update_customer, world};
use crate::rest::connectwise::{connect_as, serve};

const BASE: &str = "/v4_6_release/apis/3.0";

pub(super) const PEER: Peer = Peer {
    name: "ConnectWise",
    start: |faults| {
        let faults = faults.to_owned();
        Box::pin(async move {
            let (running, rest) = serve(world(), &faults).await;
            let psa: Box<dyn PsaConnector> = Box::new(rest);
            (running, psa)
        })
    },
    address,
    place: |entity, field| match (entity, field) {
        ("customer", "name") => "name",
        ("customer", "website") => "website",
        ("customer", "status") => "status",
        ("product", "name") => "description",
        ("product", "price") => "price",
        ("product", "status") => "inactiveFlag",
        ("customer" | "line", "marker") => "customFields",
        ("product", "marker") => "integrationXRef",
        ("line", "text") => "invoiceDescription",
        ("line", "quantity") => "quantity",
        ("line", "cancelled") => "cancelledDate",
        ("line", "effective") => "effectiveDate",
        (entity, field) => panic!("no place of {entity} {field} is known"),
    },
    held: |entity, field, value| match (entity, field, value) {
        ("customer", "marker", Some(value)) => json!([own(5, "Pax8 Id", &json!(value))]),
        ("line", "marker", Some(value)) => {
            json!([own(1, "Line Type", &Json::Null), own(4, "Subscription Id", &json!(value))])
        }
        (_, _, Some(value)) => json!(value),
        (_, _, None) => Json::Null,
    },
    marks: &["_info"],
    by_hand: |place, value| (Method::PATCH, json!([{ "op": "replace", "path": place, "value": value }])),
    hand_at: None,
    sign: |request| {
        let [company, public_key, private_key, client_id] =
            ["company", "public_key", "private_key", "client_id"].map(|name| CONNECTWISE.setting(name));
        request.basic_auth(format!("{company}+{public_key}"), Some(private_key)).header("clientId", client_id)
    },
    bills_last_day: true,
    id: str::to_owned,
    record: |_, _, answer| answer,
    lacks: &[],
};

fn address(entity: &str, target: &Target) -> String {
    let id = &target.id;
    match (entity, &target.below) {
        ("customer", _) => format!("{BASE}/company/companies/{id}"),
        ("product", _) => format!("{BASE}/procurement/catalog/{id}"),
        ("line", Some(agreement)) => format!("{BASE}/finance/agreements/{agreement}/additions/{id}"),
        (entity, below) => panic!("no address of {entity} {id} below {below:?}"),
    }
}

fn own(id: u32, caption: &str, value: &Json) -> Json {
    json!({ "id": id, "caption": caption, "type": "Text", "entryMethod": "EntryField", "numberOfDecimals": 0,
        "value": value })
}

#[tokio::test]
async fn a_change_that_is_answered_and_not_made_does_not_show() {
    let bench = Bench::new(&PEER, "ghost-write").await;
    let before = bench.stored("customer", &at(CUSTOMER)).await;
    let written = bench.write(&rename()).await;
    assert_eq!((&written.ended, written.shows), (&Ended::Done, false), "the answer is no proof");
    assert_eq!(bench.stored("customer", &at(CUSTOMER)).await, before);
}

#[tokio::test]
async fn a_change_carries_every_own_field_with_its_value() {
    let bench = Bench::new(&PEER, "own-fields").await;
    let quantity = super::update_line(
        trueup::core::change::LineField::Quantity,
        Some(super::number("5")),
        Some(super::number("6")),
    );
    bench.done(&quantity).await;
    let (_, _, _, body) = bench.writes().remove(0);
    let carried = json!([{ "id": 1, "value": "recurring" }, { "id": 4, "value": null }]);
    let expected = json!([{ "op": "replace", "path": "/quantity", "value": 6 },
        { "op": "replace", "path": "/customFields", "value": carried }]);
    assert_eq!(serde_json::from_str::<Json>(&body).unwrap(), expected);
    let stored = bench.stored("line", &line()).await;
    assert_eq!(stored["customFields"][0]["value"], "recurring", "what kind of line it is was not lost");
}

#[tokio::test]
async fn a_reference_is_replaced_whole_and_an_unknown_name_is_refused_by_its_field() {
    let bench = Bench::new(&PEER, "").await;
    let country = |to: &str| update_customer(CustomerField::Country, Some(text("United Kingdom")), Some(text(to)));
    let written = bench.write(&country("Atlantis")).await;
    let Ended::Refused(refusal) = &written.ended else { panic!("{written:?}") };
    let expected = "400: country {\"name\":\"Atlantis\"} was not found (country)";
    assert_eq!(refusal.to_string(), expected);
    bench.done(&update_customer(CustomerField::Status, Some(text("Active")), Some(text("Prospect")))).await;
    let (_, _, status, body) = bench.writes().remove(1);
    assert_eq!(status, 200);
    assert!(body.contains(r#"{"op":"replace","path":"/status","value":{"name":"Prospect"}}"#), "{body}");
}

#[tokio::test]
async fn a_test_connection_writes_no_record() {
    let bench = Bench::new(&PEER, "").await;
    let psa = connect_as(&bench.running, "value = 1000", Environment::Test);
    let refused = bench.engine_after(0).await.write(psa.records().unwrap(), &rename(), None, &quick()).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("a test connection changes nothing"), "{refused}");
    assert_eq!(bench.running.requests(), 0);
}

#[tokio::test]
async fn a_new_record_gets_the_ids_of_its_own_fields() {
    let bench = Bench::new(&PEER, "").await;
    bench.done(&new_line("3", "sub-9")).await;
    let (_, _, _, body) = bench.writes().remove(0);
    let sent: Json = serde_json::from_str(&body).unwrap();
    assert_eq!(sent["customFields"], json!([{ "id": 4, "value": "sub-9" }]));
}

/// What a connection through the file with these replacements comes to.
async fn through(replacements: &[(&str, &str)]) -> Bench {
    let (running, rest) = crate::rest::serve(&CONNECTWISE, &world(), "", replacements).await;
    Bench::of(&PEER, running, Box::new(rest)).await
}

#[tokio::test]
async fn the_lists_a_write_stands_on_are_read_once_for_it() {
    let bench = through(&[]).await;
    for tag in ["1", "2"] {
        let asked = |bench: &Bench| {
            let log = bench.running.log().into_iter();
            log.filter(|entry| entry.path.contains("/system/userDefinedFields")).count()
        };
        let before = asked(&bench);
        bench.done(&new_line("3", tag)).await;
        assert_eq!(asked(&bench), before + 1, "each write reads them anew, and once");
    }
}

#[tokio::test]
async fn a_change_from_a_day_on_holds_also_where_a_line_goes_on_as_it_is() {
    let bench = through(&[("carry    = {", "carry    = { billCustomer = \"billCustomer\",")]).await;
    let fields = changes([(LineField::Bill, Some(text("Billable")), Some(text("NoCharge")))]);
    let update = Update { target: line(), changes: fields };
    let written = bench.done(&PsaWrite::UpdateLine { update, effective: Some("2026-11-16".parse().unwrap()) }).await;
    let follows = Target { id: written.record.unwrap(), ..line() };
    assert_eq!(bench.stored("line", &follows).await["billCustomer"], "NoCharge");
    assert_eq!(bench.stored("line", &line()).await["billCustomer"], "Billable");
}

#[tokio::test]
async fn whether_the_day_of_an_end_is_billed_is_the_tenants_to_say() {
    let day_after = ("default = \"last_day\"", "default = \"day_after\"");
    for (replacements, stored) in [(&[][..], "2026-11-15T00:00:00Z"), (&[day_after], "2026-11-16T00:00:00Z")] {
        let bench = through(replacements).await;
        let fields = changes([(LineField::Quantity, Some(number("5")), Some(number("7")))]);
        let update = Update { target: line(), changes: fields };
        bench.done(&PsaWrite::UpdateLine { update, effective: Some("2026-11-16".parse().unwrap()) }).await;
        assert_eq!(bench.stored("line", &line()).await["cancelledDate"], stored);
        let lines = bench.psa.billed_lines("2026-11".parse().unwrap(), &Unwatched).await.unwrap();
        let days: Vec<_> = lines.records().iter().map(|line| (line.effective, line.cancelled)).collect();
        let (first, change) = ("2026-01-01".parse().unwrap(), "2026-11-16".parse().unwrap());
        assert!(days.contains(&(first, Some(change))) && days.contains(&(change, None)), "{days:?}");
    }
    let file = ConnectorFile::builtin("builtin:connectwise").unwrap();
    let odd = CONNECTWISE.settings.iter().fold(crate::rest::settings(file), |all, (name, value)| all.with(name, value));
    let refused = Rest::new(odd.with("url", "https://psa.example").with("addition_ends", "sometimes")).err().unwrap();
    assert!(refused.to_string().contains("`last_day` or `day_after` expected"), "{refused}");
}

#[tokio::test]
async fn what_somebody_changed_in_a_field_of_the_tenants_own_is_not_overwritten() {
    let by_name =
        ("external_id = { at = \"customFields[caption=Pax8 Id].value\"", "external_id = { custom = \"Pax8 Id\"");
    for replacements in [&[][..], &[by_name]] {
        let bench = through(replacements).await;
        let by_hand = json!([{ "id": 5, "value": "by-hand" }]);
        bench.change_by_hand("customer", &at(CUSTOMER), "marker", by_hand).await;
        let change = |before| update_customer(CustomerField::ExternalId, before, Some(text("p8-7")));
        let refused = bench.try_write(&change(None)).await.unwrap_err().to_string();
        assert!(refused.contains("external_id: expected nothing, found by-hand"), "{refused}");
        let held = bench.psa.records().unwrap().held("customer", &at(CUSTOMER), None).await.unwrap();
        assert!(held.contains(&("external_id".to_owned(), Some(text("by-hand")))), "{held:?}");
        bench.done(&change(Some(text("by-hand")))).await;
        let stored = bench.stored("customer", &at(CUSTOMER)).await;
        assert_eq!(stored["customFields"], (PEER.held)("customer", "marker", Some("p8-7")));
    }
}
