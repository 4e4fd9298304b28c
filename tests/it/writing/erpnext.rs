//! ERPNext as a row of the kit, and what is its own: the time of the last change as guard, child tables, submitted documents, what it
//! takes for the same.

use reqwest::Method;
use serde_json::{Value as Json, json};
use trueup::connectors::http::RefusedAs;
use trueup::connectors::writing::Delivery;
use trueup::connectors::{PsaConnector, Unwatched};
use trueup::core::change::{LineField, PsaWrite, Target};
use trueup::engine::Ended;
use trueup::simulate::{ERPNEXT, File};

use super::{
    AGREEMENT, Bench, CUSTOMER, Peer, at, line, new_customer, new_line, number, quick, rename, update_line, world,
};
use crate::rest::serve;

pub(super) const PEER: Peer = Peer {
    name: "ERPNext",
    start: |faults| {
        let faults = faults.to_owned();
        Box::pin(async move {
            let (running, rest) = serve(&ERPNEXT, &world(), &faults, &[]).await;
            let psa: Box<dyn PsaConnector> = Box::new(rest);
            (running, psa)
        })
    },
    address: |entity, target| match (entity, target.id.split_once('/')) {
        ("customer", _) => format!("/api/resource/Customer/{}", target.id),
        ("product", _) => format!("/api/resource/Item/{}", target.id),
        ("line", Some((subscription, _))) => format!("/api/resource/Subscription/{subscription}"),
        (entity, _) => panic!("no address of {entity} {}", target.id),
    },
    place: |entity, field| match (entity, field) {
        ("customer", "name") => "customer_name",
        ("customer", "website") => "website",
        ("product", "name") => "item_name",
        (_, "marker") => "custom_pax8_id",
        ("line", "docstatus") => "docstatus",
        ("line", "end_date") => "end_date",
        (entity, field) => panic!("no place of {entity} {field} is known"),
    },
    held: |_, _, value| value.map_or(Json::Null, Json::from),
    marks: &["modified", "modified_by"],
    by_hand: |place, value| (Method::PUT, json!({ place: value })),
    hand_at: None,
    sign: |request| {
        let [key, secret] = ["key", "secret"].map(|name| ERPNEXT.setting(name));
        request.header("Authorization", format!("token {key}:{secret}"))
    },
    bills_last_day: true,
    id: |id| match id {
        "401" => "301/401".to_owned(),
        "402" => "301-2/402".to_owned(),
        id => id.to_owned(),
    },
    record: |entity, target, mut answer| {
        let mut record = answer["data"].take();
        if entity == "line" {
            let (_, own) = target.id.split_once('/').unwrap();
            let row = record["plans"].as_array_mut().unwrap().iter_mut().find(|row| row["name"] == own);
            return row.unwrap().take();
        }
        record
    },
    lacks: &[
        "customer.code",
        "customer.city",
        "product.cost",
        "product.price changed",
        "line.price",
        "line.cost",
        "line.bill",
        "line.effective",
        "line.cancelled",
        "line.dated",
        "line.parts",
    ],
};

fn raised() -> PsaWrite {
    update_line(LineField::Quantity, Some(number("5")), Some(number("7")))
}

#[tokio::test]
async fn what_was_read_is_sent_along_so_that_a_later_change_is_not_overwritten() {
    let bench = Bench::new(&PEER, "").await;
    let before = bench.stored("customer", &at(CUSTOMER)).await;
    bench.done(&rename()).await;
    let (_, path, _, body) = bench.writes().remove(0);
    assert_eq!(path, "/api/resource/Customer/101");
    let sent: Json = serde_json::from_str(&body).unwrap();
    assert_eq!(sent, json!({ "customer_name": "Harbour & Finch Ltd", "modified": before["modified"] }));
    // the same body once more is a change of what was read before: refused by its name
    let refused = bench.psa.records().unwrap();
    let write = PEER.own(&raised());
    let seen = refused.before(&write).await.unwrap();
    bench.change_by_hand("line", &line(), "end_date", json!("2026-12-31")).await;
    let sent = refused.send(&write, &seen, 0).await.unwrap();
    let Delivery::Refused(refusal) = sent else { panic!("{sent:?}") };
    assert_eq!((refusal.as_what, refusal.status), (RefusedAs::Conflict, 417), "{refusal}");
    assert!(refusal.to_string().contains("TimestampMismatchError"), "{refusal}");
}

#[tokio::test]
async fn a_child_table_is_sent_whole_with_one_row_changed() {
    let bench = Bench::new(&PEER, "").await;
    let made = bench.done(&new_line("3", "sub-9")).await.record.unwrap();
    assert!(made.starts_with("301/"), "{made}");
    let both = bench.call(Method::GET, "/api/resource/Subscription/301", None).await;
    bench.done(&raised()).await;
    let (method, path, _, body) = bench.writes().remove(1);
    assert_eq!((method.as_str(), path.as_str()), ("PUT", "/api/resource/Subscription/301"));
    let mut plans = both["data"]["plans"].clone();
    plans[0]["qty"] = json!(7);
    let sent: Json = serde_json::from_str(&body).unwrap();
    assert_eq!(sent, json!({ "plans": plans, "modified": both["data"]["modified"] }));
}

#[tokio::test]
async fn a_submitted_document_is_said_to_be_locked() {
    let bench = Bench::new(&PEER, "").await;
    bench.change_by_hand("line", &line(), "docstatus", json!(1)).await;
    let written = bench.write(&raised()).await;
    let Ended::Refused(refusal) = &written.ended else { panic!("{written:?}") };
    assert_eq!(refusal.as_what, RefusedAs::Locked, "{refusal}");
}

#[tokio::test]
async fn an_id_that_differs_in_case_alone_is_a_duplicate_and_a_half_is_refused_before_it_is_sent() {
    let bench = Bench::new(&PEER, "").await;
    bench.done(&new_customer("Elm", "", "pax8-a")).await;
    let written = bench.write(&new_customer("Oak", "", "PAX8-A")).await;
    let Ended::Refused(refusal) = &written.ended else { panic!("{written:?}") };
    assert_eq!(refusal.as_what, RefusedAs::Duplicate, "{refusal}");
    let half = update_line(LineField::Quantity, Some(number("5")), Some(number("2.5")));
    let refused = bench.try_write(&half).await.unwrap_err().to_string();
    assert!(refused.contains("2.5 has more decimals than the 0 the server keeps"), "{refused}");
}

#[tokio::test]
async fn lines_of_another_rhythm_are_set_aside_with_their_plan() {
    let bench = Bench::new(&PEER, "").await;
    let yearly = json!({ "billing_interval": "Year" });
    bench.call(Method::PUT, "/api/resource/Subscription%20Plan/VAULT%2022.1%2018.7", Some(yearly)).await;
    let lines = bench.psa.billed_lines("2026-11".parse().unwrap(), &Unwatched).await.unwrap();
    assert_eq!(lines.records().len(), 1);
    let problems: Vec<String> = lines.problems().iter().map(ToString::to_string).collect();
    assert!(problems.iter().any(|problem| problem.contains("VAULT 22.1 18.7")), "{problems:?}");
}

#[tokio::test]
async fn every_line_of_a_month_arrives_and_insertions_meanwhile_lose_none() {
    let data = trueup::simulate::World::from_seed(7, 12, "2026-04").unwrap().data;
    let sound = |row: &trueup::simulate::Row<'_>| row.get("quantity").parse::<u32>().is_ok();
    let wanted = data.table(File::PsaAgreementLines).rows().filter(sound).count();
    for faults in ["", "insert", "delete@Customer", "429=2", "cut=once"] {
        let small = [("value = 500", "value = 7"), ("value = 200", "value = 5")];
        let (_running, rest) = serve(&ERPNEXT, &data, faults, &small).await;
        let lines = rest.billed_lines("2026-04".parse().unwrap(), &Unwatched).await.unwrap();
        assert!(lines.records().len() >= wanted, "{faults}: {} of {wanted}", lines.records().len());
        let customers = rest.customers(&Unwatched).await.unwrap();
        assert_eq!(customers.problems(), []);
        let city = |name: &str| {
            data.table(File::PsaCompanies)
                .rows()
                .find(|row| row.get("id") == name)
                .map(|row| row.get("city").to_owned())
        };
        for customer in customers.records().iter().filter(|customer| customer.fields.city.is_some()) {
            let id = customer.id.to_string();
            assert!(id == "!MEANWHILE" || customer.fields.city == city(&id), "{id}");
        }
    }
}

#[tokio::test]
async fn a_write_below_a_subscription_that_is_not_there_is_refused() {
    let bench = Bench::new(&PEER, "").await;
    let PsaWrite::CreateLine(mut create) = PEER.own(&new_line("3", "sub-1")) else { unreachable!() };
    assert_eq!(create.below.as_deref(), Some(AGREEMENT));
    create.below = Some("no such".to_owned());
    let engine = bench.engine_after(0).await;
    let write = PsaWrite::CreateLine(create);
    let refused = engine.write(bench.psa.records().unwrap(), &write, None, &quick()).await;
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(bench.writes(), []);
    let target = Target { id: "301/none".to_owned(), below: None };
    assert!(bench.psa.records().unwrap().held("line", &target, None).await.is_err());
}
