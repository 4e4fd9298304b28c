//! Autotask PSA as a row of the kit, and what is its own: refusals answered with 500, ids by what lists say, costs that are hidden.

use reqwest::Method;
use serde_json::{Value as Json, json};
use trueup::connectors::http::RefusedAs;
use trueup::connectors::tickets::{ReadBack, TicketDraft};
use trueup::connectors::{PsaConnector, Unwatched};
use trueup::core::change::{CustomerField, ProductField, Target};
use trueup::engine::Ended;
use trueup::simulate::AUTOTASK;

use super::{
    Bench, CUSTOMER, Peer, at, new_customer, new_product, rename, text, update_customer, update_product, world,
};
use crate::rest::serve;

const BASE: &str = "/ATServicesRest/V1.0";

pub(super) const PEER: Peer = Peer {
    name: "Autotask",
    start: |faults| {
        let faults = faults.to_owned();
        Box::pin(async move {
            let (running, rest) = serve(&AUTOTASK, &world(), &faults, &[]).await;
            let psa: Box<dyn PsaConnector> = Box::new(rest);
            (running, psa)
        })
    },
    address,
    place: |entity, field| match (entity, field) {
        ("customer", "name") => "companyName",
        ("customer", "website") => "webAddress",
        ("customer", "marker") => "userDefinedFields",
        ("product", "name") => "name",
        ("product", "price") => "unitPrice",
        ("product", "marker") => "externalID",
        ("line", "marker") => "internalDescription",
        ("line", "text") => "invoiceDescription",
        (entity, field) => panic!("no place of {entity} {field} is known"),
    },
    held: |entity, field, value| match (entity, field) {
        ("customer", "marker") => json!([{ "name": "Pax8 Id", "value": value }, { "name": "Tier", "value": null }]),
        _ => value.map_or(Json::Null, Json::from),
    },
    marks: &["lastActivityDate", "lastTrackedModifiedDateTime", "lastModifiedDate"],
    by_hand: |place, value| (Method::PATCH, json!({ place: value })),
    hand_at: Some(|entity, target, body| {
        body["id"] = serde_json::from_str(&target.id).unwrap();
        let (collection, _) = collection(entity);
        format!("{BASE}/{collection}")
    }),
    sign: |request| {
        let [user, secret, code] = ["user", "secret", "integration_code"].map(|name| AUTOTASK.setting(name));
        request.header("UserName", user).header("Secret", secret).header("ApiIntegrationCode", code)
    },
    bills_last_day: false,
    id: str::to_owned,
    record: |_, _, mut answer| answer["item"].take(),
    lacks: &[
        "customer.code fixed",
        "customer.case",
        "product.case",
        "line.quantity at once",
        "line.cost",
        "line.bill",
        "line.cancelled",
        "line.dated",
        "line.parts",
        "line.at once",
    ],
};

fn collection(entity: &str) -> (&'static str, &'static str) {
    match entity {
        "customer" => ("Companies", "Company"),
        "product" => ("Services", "Service"),
        "line" => ("ContractServices", "ContractService"),
        entity => panic!("no address of {entity}"),
    }
}

fn address(entity: &str, target: &Target) -> String {
    format!("{BASE}/{}/{}", collection(entity).0, target.id)
}

#[tokio::test]
async fn what_does_not_fit_is_refused_although_it_is_answered_with_500_and_any_other_500_is_looked_after() {
    let bench = Bench::new(&PEER, "").await;
    let long = update_product(ProductField::Status, Some(text("Active")), Some(text("Inactive")));
    bench.done(&long).await;
    // a member that is needed cannot be cleared
    let written = bench.write(&update_customer(CustomerField::Phone, Some(text("0117 496 0000")), None)).await;
    let Ended::Refused(refusal) = &written.ended else { panic!("{written:?}") };
    assert_eq!((refusal.as_what, refusal.status), (RefusedAs::Rejected, 500));
    assert_eq!(refusal.to_string(), "500: phone is required.");
    let bench = Bench::new(&PEER, "500-write").await;
    assert_eq!(bench.write(&rename()).await.ended, Ended::Happened);
}

#[tokio::test]
async fn ids_of_lists_are_found_by_what_they_say_or_it_is_said_that_they_are_not_there() {
    let bench = Bench::new(&PEER, "").await;
    bench.done(&new_product("Mail", "MAIL", "p-1")).await;
    bench.done(&new_customer("Elm", "ELM", "c-1")).await;
    let bodies: Vec<Json> = bench.writes().iter().map(|(.., body)| serde_json::from_str(body).unwrap()).collect();
    assert_eq!((&bodies[0]["periodType"], &bodies[0]["billingCodeID"]), (&json!(1), &json!(29_683_407)));
    assert_eq!((&bodies[1]["companyType"], &bodies[1]["ownerResourceID"]), (&json!(1), &json!(29_682_885)));
    let other = [("default = \"Customer\"", "default = \"Client\"")];
    let (running, rest) = serve(&AUTOTASK, &world(), "", &other).await;
    let bench = Bench::of(&PEER, running, Box::new(rest)).await;
    let refused = bench.try_write(&new_customer("Elm", "ELM", "c-1")).await.unwrap_err().to_string();
    assert!(refused.contains("no company_types is listed whose label is `Client`"), "{refused}");
    assert_eq!(bench.writes(), []);
}

#[tokio::test]
async fn a_change_of_one_of_the_tenants_own_fields_carries_all_of_them() {
    let bench = Bench::new(&PEER, "").await;
    let tier = json!([{ "name": "Tier", "value": "gold" }]);
    bench.change_by_hand("customer", &at(CUSTOMER), "marker", tier).await;
    bench.done(&update_customer(CustomerField::ExternalId, None, Some(text("p8-7")))).await;
    let (_, path, _, body) = bench.writes().pop().unwrap();
    assert_eq!(path, format!("{BASE}/Companies"), "a change goes to the collection");
    let own = json!([{ "name": "Pax8 Id", "value": "p8-7" }, { "name": "Tier", "value": "gold" }]);
    assert_eq!(serde_json::from_str::<Json>(&body).unwrap(), json!({ "id": 101, "userDefinedFields": own }));
}

#[tokio::test]
async fn a_cost_that_is_hidden_is_not_taken_for_none() {
    let (running, _) = serve(&AUTOTASK, &world(), "", &[]).await;
    let mut file = trueup::connectors::rest::ConnectorFile::builtin("builtin:autotask").unwrap();
    file.text = file.text.replace("calls = 4000", "calls = 100000");
    let settings = AUTOTASK.settings.iter().fold(
        trueup::connectors::rest::RestSettings::new("psa", file)
            .with("url", &format!("{}/atservicesrest", running.url())),
        |all, (name, value)| all.with(name, value),
    );
    let rest = trueup::connectors::rest::Rest::new(settings.with("user", "blind@demo.example")).unwrap();
    let lines = rest.billed_lines("2026-11".parse().unwrap(), &Unwatched).await.unwrap();
    assert_eq!(lines.records().len(), 0, "a line whose cost is not known is not billed at a cost of 0");
    let problems: Vec<String> = lines.problems().iter().map(ToString::to_string).collect();
    let costs = problems.iter().filter(|problem| problem.contains("field cost:")).count();
    assert_eq!(costs, 2, "{problems:?}");
    let products = rest.products(&Unwatched).await.unwrap();
    assert_eq!(products.records()[0].fields.cost, None);
}

#[tokio::test]
async fn a_ticket_is_made_found_by_its_key_and_read_back() {
    let bench = Bench::new(&PEER, "").await;
    let tickets = bench.psa.tickets().unwrap();
    let draft = TicketDraft { customer: CUSTOMER, summary: "Renewal of Seat", text: "Ends soon", key: "trueup:7" };
    let trueup::connectors::http::Outcome::Done(number) = tickets.make_ticket(&draft).await.unwrap() else { panic!() };
    assert_eq!(tickets.find_tickets("trueup:7").await.unwrap(), [number.as_str()]);
    assert_eq!(tickets.find_tickets("trueup:8").await.unwrap(), [""; 0]);
    assert_eq!(tickets.read_back(&draft, &number).await.unwrap(), ReadBack::There(Vec::new()));
    assert_eq!(tickets.read_back(&draft, "999").await.unwrap(), ReadBack::Missing);
    let (.., body) = bench.writes().remove(0);
    let sent: Json = serde_json::from_str(&body).unwrap();
    assert_eq!((&sent["status"], &sent["priority"], &sent["queueID"]), (&json!(1), &json!(2), &json!(5)));
}

#[tokio::test]
async fn a_check_reads_every_list_and_says_how_many_calls_are_left() {
    let bench = Bench::new(&PEER, "").await;
    let check = format!("{:?}", bench.psa.check(&Unwatched).await);
    assert!(check.contains("of 10000 are used"), "{check}");
    // a threshold that is reached at once
    let (_running, rest) =
        serve(&AUTOTASK, &world(), "", &[("of = \"externalRequestThreshold\"", "of = \"requestThresholdTimeframe\"")])
            .await;
    for _ in 0..2 {
        rest.check(&Unwatched).await;
    }
    let check = format!("{:?}", rest.check(&Unwatched).await);
    assert!(check.contains("of 60 calls are used: from 50 of a hundred on the system is slow"), "{check}");
}
