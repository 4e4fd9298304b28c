//! Customers and products: made once, found again, changed where it was said and nowhere else.

use serde_json::Value as Json;
use trueup::connectors::Unwatched;
use trueup::connectors::http::RefusedAs;
use trueup::core::change::{CustomerField, ProductField, PsaWrite, Target};
use trueup::engine::{Ended, EngineError, Settling, WriteOutcome};

use super::{
    AGREEMENT, Bench, CUSTOMER, MISSING, PEERS, PRODUCT, at, having, new_customer, new_product, quick, rename, text,
    update_customer, update_product,
};

fn made(entity: &str, id: &str) -> Target {
    Target { id: id.to_owned(), below: (entity == "line").then(|| AGREEMENT.to_owned()) }
}

/// The ids a listing holds.
async fn listed(bench: &Bench, entity: &str) -> Vec<String> {
    let period = "2026-11".parse().unwrap();
    match entity {
        "customer" => ids(bench.psa.customers(&Unwatched).await.unwrap().records(), |record| record.id.to_string()),
        "product" => ids(bench.psa.products(&Unwatched).await.unwrap().records(), |record| record.id.to_string()),
        _ => ids(bench.psa.billed_lines(period, &Unwatched).await.unwrap().records(), |line| line.id.to_string()),
    }
}

fn ids<R>(records: &[R], id: impl Fn(&R) -> String) -> Vec<String> {
    records.iter().map(id).collect()
}

#[tokio::test]
async fn what_is_made_is_listed_and_keeps_what_it_is_found_by() {
    for peer in PEERS {
        let bench = Bench::new(peer, "").await;
        for (entity, write) in peer.creates("A") {
            let before = listed(&bench, entity).await;
            let written = bench.done(&write).await;
            let id = written.record.unwrap();
            let mut after = listed(&bench, entity).await;
            assert!(after.contains(&id) && after.len() == before.len() + 1, "{}: {entity}", peer.name);
            after.retain(|one| *one != id);
            assert_eq!(after, before, "{}: {entity}", peer.name);
            if peer.has(&format!("{entity}.marker")) {
                let marker = write.said().marker.unwrap().to_owned();
                let stored = bench.stored(entity, &made(entity, &id)).await;
                let held = (peer.held)(entity, "marker", Some(&marker));
                assert_eq!(stored[(peer.place)(entity, "marker")], held, "{}: {entity}", peer.name);
            }
            assert_eq!(bench.last().await.outcome, WriteOutcome::Done);
        }
        // a line may take two calls
        let more = usize::from(peer.has("line.create") && !peer.has("line.at once"));
        assert_eq!(bench.writes().len(), peer.creates("A").len() + more, "{}: each was sent once", peer.name);
    }
}

#[tokio::test]
async fn a_lost_answer_is_settled_by_looking_and_nothing_is_made_twice() {
    for peer in PEERS {
        for faults in ["drop-write=always", "500-write=always"] {
            let bench = Bench::new(peer, faults).await;
            for (entity, write) in peer.creates("B") {
                let before = listed(&bench, entity).await.len();
                let written = bench.write(&write).await;
                assert_eq!((&written.ended, written.shows), (&Ended::Happened, true), "{}: {entity}", peer.name);
                // the same once more makes no other
                let again = bench.try_write(&write).await;
                assert!(matches!(again, Err(EngineError::NotAsDecided { .. })), "{}: {again:?}", peer.name);
                assert_eq!(listed(&bench, entity).await.len(), before + 1, "{}: {entity}", peer.name);
            }
            let written = bench.write(&rename()).await;
            assert_eq!((&written.ended, written.shows), (&Ended::Happened, true), "{}", peer.name);
            let more = usize::from(peer.has("line.create") && !peer.has("line.at once"));
            assert_eq!(bench.writes().len(), peer.creates("B").len() + 1 + more, "{}: {faults}", peer.name);
        }
    }
}

#[tokio::test]
async fn a_write_that_was_not_carried_out_is_said_to_be_so_only_when_it_is_late_enough() {
    for peer in PEERS {
        for (entity, write) in peer.creates("C").into_iter().chain([("customer", rename())]) {
            let bench = Bench::new(peer, "fail-write").await;
            let written = bench.write(&write).await;
            assert!(matches!(&written.ended, Ended::Open(_)), "{}: {entity}: {written:?}", peer.name);
            let engine = bench.engine_after(11).await;
            let settled = engine.settle(bench.psa.records().unwrap(), &Settling::once()).await.unwrap();
            assert_eq!(settled[0].ended, Ended::DidNot, "{}: {entity}", peer.name);
            let again = engine.write(bench.psa.records().unwrap(), &peer.own(&write), None, &quick()).await.unwrap();
            let sent = 2 + usize::from(entity == "line" && !peer.has("line.at once"));
            assert_eq!((&again.ended, bench.writes().len()), (&Ended::Done, sent), "{}: {entity}", peer.name);
        }
    }
}

#[tokio::test]
async fn what_is_there_already_is_not_made_again() {
    for peer in PEERS {
        let bench = Bench::new(peer, "").await;
        // without a code, a customer is known by its name
        let by_code = peer.has("customer.code") && peer.has("customer.key");
        let name = if by_code { "Harbour" } else { "Harbour & Finch" };
        for write in [new_customer(name, "HARBOUR", "x-1"), new_product("Seat", "SEAT", "x-2")] {
            let refused = bench.try_write(&write).await.unwrap_err().to_string();
            assert!(refused.contains("is there already and fits it"), "{}: {refused}", peer.name);
        }
        assert_eq!(bench.writes(), [], "{}: nothing was sent", peer.name);
        // what only the system takes for the same is refused by the system
        let customer = (by_code && peer.has("customer.case")).then(|| new_customer("Harbour", "harbour", "x-1"));
        let product = peer.has("product.case").then(|| new_product("Seat", "seat", "x-2"));
        for write in customer.into_iter().chain(product) {
            let written = bench.write(&write).await;
            let Ended::Refused(refusal) = &written.ended else { panic!("{}: {written:?}", peer.name) };
            assert_eq!(refusal.as_what, RefusedAs::Duplicate, "{}: {refusal}", peer.name);
        }
        assert_eq!(bench.engine_after(0).await.open_writes().await.unwrap(), []);
    }
}

#[tokio::test]
async fn a_value_stays_one_value_whatever_it_holds() {
    for peer in having("customer.marker") {
        let bench = Bench::new(peer, "drop-write=always").await;
        let odd = ["O'Brien", "a \"b\" c", "[1] OR 1=1", "back\\slash\\", "50% & more", "x\" OR id>0 OR name=\"y"];
        for (number, odd) in odd.into_iter().enumerate() {
            let written = bench.write(&new_customer(&format!("Odd {number}"), &format!("ODD{number}"), odd)).await;
            assert_eq!(written.ended, Ended::Happened, "{}: {odd}", peer.name);
            let made = written.record.unwrap();
            assert!(listed(&bench, "customer").await.contains(&made), "{}: {odd}", peer.name);
            let stored = bench.stored("customer", &at(&made)).await;
            let held = (peer.held)("customer", "marker", Some(odd));
            assert_eq!(stored[(peer.place)("customer", "marker")], held, "{}: {odd}", peer.name);
        }
    }
}

#[tokio::test]
async fn one_field_changes_and_nothing_else() {
    for peer in PEERS {
        let bench = Bench::new(peer, "").await;
        let price = Some(super::number("22.10"));
        for (entity, id, field, write) in [
            ("customer", CUSTOMER, "name", rename()),
            ("product", PRODUCT, "name", update_product(ProductField::Name, Some(text("Seat")), Some(text("Seats")))),
            (
                "product",
                PRODUCT,
                "price",
                update_product(ProductField::Price, price, Some(super::number(peer.price()))),
            ),
        ] {
            if !peer.has(&format!("{entity}.{field} changed")) {
                continue;
            }
            let (mut before, other) = (bench.kept(entity, &at(id)).await, bench.stored("customer", &at("102")).await);
            bench.done(&write).await;
            let mut after = bench.kept(entity, &at(id)).await;
            let place = (peer.place)(entity, field);
            let (was, is) = (before[place].take(), after[place].take());
            assert_ne!(was, is, "{}: {entity} {field}", peer.name);
            assert_eq!(after, before, "{}: {entity} {field}", peer.name);
            assert_eq!(bench.stored("customer", &at("102")).await, other, "{}", peer.name);
        }
    }
}

#[tokio::test]
async fn what_somebody_changed_meanwhile_is_not_overwritten() {
    for peer in having("by hand") {
        let bench = Bench::new(peer, "").await;
        bench.change_by_hand("customer", &at(CUSTOMER), "name", Json::from("By hand")).await;
        let theirs = bench.writes().len();
        let refused = bench.try_write(&rename()).await.unwrap_err();
        let EngineError::NotAsDecided { what, .. } = &refused else { panic!("{refused}") };
        assert_eq!(what, "name: expected Harbour & Finch, found By hand", "{}", peer.name);
        assert_eq!(bench.writes().len(), theirs, "{}: nothing was sent", peer.name);
    }
}

#[tokio::test]
async fn a_value_is_cleared_and_reads_as_none() {
    for peer in having("customer.website") {
        let bench = Bench::new(peer, "").await;
        let site = Some(text("https://harbour.example"));
        bench.done(&update_customer(CustomerField::Website, site, None)).await;
        let stored = bench.stored("customer", &at(CUSTOMER)).await;
        assert_eq!(stored[(peer.place)("customer", "website")], (peer.held)("customer", "website", None));
        let read = bench.psa.customers(&Unwatched).await.unwrap();
        assert_eq!(read.records()[0].fields.website, None, "{}", peer.name);
        bench.done(&update_customer(CustomerField::Website, None, Some(text("https://new.example")))).await;
    }
}

#[tokio::test]
async fn what_is_deactivated_is_seen_as_inactive() {
    for peer in PEERS {
        let bench = Bench::new(peer, "").await;
        let (active, inactive) = (Some(text("Active")), Some(text("Inactive")));
        bench.done(&update_customer(CustomerField::Status, active.clone(), inactive.clone())).await;
        if peer.has("product.status") {
            bench.done(&update_product(ProductField::Status, active, inactive)).await;
        }
        let customers = bench.psa.customers(&Unwatched).await.unwrap();
        let products = bench.psa.products(&Unwatched).await.unwrap();
        assert_eq!(customers.records()[0].fields.status.as_deref(), Some("Inactive"), "{}", peer.name);
        let product = products.records()[0].fields.status.as_deref();
        assert_eq!(product, peer.has("product.status").then_some("Inactive"), "{}", peer.name);
    }
}

#[tokio::test]
async fn without_the_right_nothing_happens_and_it_is_said_what_to_do() {
    for peer in PEERS {
        let bench = Bench::new(peer, "403-write").await;
        let before = bench.stored("customer", &at(CUSTOMER)).await;
        for write in peer.creates("D").into_iter().map(|(_, write)| write).chain([rename()]) {
            let written = bench.write(&write).await;
            let Ended::Refused(refusal) = &written.ended else { panic!("{}: {written:?}", peer.name) };
            assert_eq!((refusal.as_what, refusal.status), (RefusedAs::Forbidden, 403), "{}", peer.name);
            assert!(refusal.to_string().contains("permission"), "the system's own words: {refusal}");
            assert!(refusal.as_what.advice().starts_with("Give the API user the right"), "{}", peer.name);
        }
        assert_eq!(bench.stored("customer", &at(CUSTOMER)).await, before);
        assert_eq!(bench.engine_after(0).await.open_writes().await.unwrap(), []);
    }
}

#[tokio::test]
async fn the_same_again_sends_nothing() {
    for peer in PEERS {
        let bench = Bench::new(peer, "").await;
        bench.done(&rename()).await;
        let again = bench.try_write(&rename()).await;
        assert!(matches!(again, Err(EngineError::NotAsDecided { .. })), "{}: {again:?}", peer.name);
        let same = Some(text("Harbour & Finch Ltd"));
        let nothing = update_customer(CustomerField::Name, same.clone(), same);
        assert_eq!(bench.write(&nothing).await.ended, Ended::Done, "{}: it is so already", peer.name);
        assert_eq!(bench.writes().len(), 1, "{}", peer.name);
    }
}

#[tokio::test]
async fn what_has_no_place_or_is_fixed_is_refused_before_anything_is_asked() {
    for peer in PEERS {
        let bench = Bench::new(peer, "").await;
        let why = if peer.has("customer.code") { "is fixed once it is made" } else { "has no place in" };
        let code = update_customer(CustomerField::Code, Some(text("HARBOUR")), Some(text("PORT")));
        if peer.has("customer.code fixed") {
            let refused = bench.try_write(&code).await.unwrap_err().to_string();
            let is_said = [why, "is kept by"].iter().any(|why| refused.contains(why));
            assert!(refused.contains("`code`") && is_said, "{}: {refused}", peer.name);
            assert_eq!(bench.running.requests(), 0, "{}", peer.name);
        }
        let missing = PsaWrite::UpdateCustomer(trueup::core::change::Update {
            target: at(MISSING),
            changes: super::changes([(CustomerField::Name, Some(text("a")), Some(text("b")))]),
        });
        let refused = bench.try_write(&missing).await.unwrap_err().to_string();
        let missing = format!("there is no customer {}", (peer.id)(MISSING));
        assert!(refused.contains(&missing), "{}: {refused}", peer.name);
        assert_eq!(bench.writes(), [], "{}", peer.name);
    }
}
