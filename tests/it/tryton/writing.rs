//! How the server takes what is written to it: what a connector that writes has to know, shown on the server itself.

use reqwest::Method;
use serde_json::{Value, json};
use trueup::connectors::{PsaConnector as _, Unwatched};
use trueup::core::money::plain;

use super::seed::line;
use super::server::{Tryton, decimal, encoded};

const LOCKED: &str = "You are not allowed to modify the field";

#[tokio::test]
async fn a_fraction_as_a_json_number_is_refused_and_as_text_or_tagged_taken() {
    let tryton = Tryton::start().await;
    let seat = tryton.article("Seat", "SEAT", "1", "1").await;
    let product = format!("product.product/{seat}");
    let refused = tryton.put(&product, json!({ "list_price": 22.1 })).await.refused();
    assert!(refused.starts_with("The number of digits in the value \"'22.1000000000000014"), "{refused}");
    for taken in [json!("22.10"), decimal("22.10")] {
        let asked = [("f", "list_price")];
        let answer = tryton.rest(Method::PUT, &product, &asked, Some(json!({ "list_price": taken }))).await;
        assert_eq!(answer.taken()["list_price"], decimal("22.10"));
    }
    let refused = tryton.put(&product, json!({ "list_price": "22.10001" })).await.refused();
    assert!(refused.contains("exceeds the limit of \"(None, 4)\""), "{refused}");
}

#[tokio::test]
async fn a_create_answers_200_and_the_same_again_makes_another() {
    let tryton = Tryton::start().await;
    let asked = [("f", "code")];
    let twin = json!({ "name": "Twin" });
    let first = tryton.rest(Method::POST, "party.party", &asked, Some(twin.clone())).await.taken();
    let second = tryton.rest(Method::POST, "party.party", &asked, Some(twin)).await.taken();
    assert_ne!((&first["id"], &first["code"]), (&second["id"], &second["code"]), "the server gives each a code");
    let coded = json!({ "name": "Twin", "code": "0012" });
    assert_eq!(tryton.post("party.party", coded.clone()).await.status, 200);
    assert_eq!(tryton.post("party.party", coded).await.refused(), "The code on party must be unique.");
    let refused = tryton.put("party.party/2", json!({ "code": "0013" })).await.refused();
    assert!(refused.starts_with(LOCKED), "a code is for ever: {refused}");
}

#[tokio::test]
async fn an_archived_party_still_holds_its_code_and_an_archived_product_does_not() {
    let tryton = Tryton::start().await;
    let harbour = tryton.party("Harbour", "0012").await;
    let _ = tryton.put(&format!("party.party/{harbour}"), json!({ "active": false })).await.taken();
    let again = json!({ "name": "Harbour", "code": "0012" });
    assert_eq!(tryton.post("party.party", again).await.refused(), "The code on party must be unique.");
    let seat = tryton.article("Seat", "SEAT", "1", "1").await;
    let template = tryton.one("product.product", &json!(seat), &["template"]).await["template"].clone();
    let again = json!({ "template": template, "suffix_code": "SEAT" });
    let refused = tryton.post("product.product", again.clone()).await.refused();
    assert_eq!(refused, "Code of active product must be unique.");
    let _ = tryton.put(&format!("product.product/{seat}"), json!({ "active": false })).await.taken();
    assert_eq!(tryton.post("product.product", again).await.status, 200);
}

#[tokio::test]
async fn an_archived_record_can_only_be_taken_out_of_the_archive_and_only_where_it_is_seen() {
    let tryton = Tryton::start().await;
    let harbour = format!("party.party/{}", tryton.party("Harbour", "0012").await);
    let _ = tryton.put(&harbour, json!({ "active": false })).await.taken();
    let back = json!({ "active": true });
    assert_eq!(tryton.put(&harbour, back.clone()).await.status, 404, "a write looks it up as a list does");
    let seen = encoded(&json!({ "company": 1, "active_test": false }));
    let put = async |body: Value| {
        tryton.rest_with(Method::PUT, &harbour, &[("f", "active")], Some(body), &[("X-Tryton-Context", &seen)]).await
    };
    for refused in [json!({ "name": "Quay" }), json!({ "name": "Quay", "active": true })] {
        assert!(put(refused).await.refused().starts_with(LOCKED));
    }
    assert_eq!(put(back).await.taken()["active"], json!(1));
    assert_eq!(tryton.put(&harbour, json!({ "name": "Quay" })).await.status, 200);
}

#[tokio::test]
async fn a_running_subscription_refuses_a_quantity_and_takes_it_as_a_draft() {
    let tryton = Tryton::start().await;
    let harbour = tryton.party("Harbour", "0012").await;
    let seat = tryton.product("Seat", "SEAT", "22.10", "7").await;
    let lines = vec![line(seat, 3, "22.10", json!({})), line(seat, 1, "5", json!({}))];
    let subscription = tryton.running(harbour, "2026-10-01", json!({}), lines).await;
    let (whole, line) = (format!("sale.subscription/{subscription}"), "sale.subscription.line/1");
    let command = json!({ "lines": [["write", [1], { "quantity": 4 }]] });
    assert!(tryton.put(line, json!({ "quantity": 4 })).await.refused().starts_with(LOCKED));
    assert!(tryton.put(&whole, command.clone()).await.refused().starts_with(LOCKED));
    let refused = tryton.post(&format!("{whole}/quote"), json!({})).await.refused();
    assert_eq!(refused, "You can not call \"quote\" on \"1\" of \"Sale Subscription\".");
    assert_eq!(tryton.post(&format!("{whole}/close"), json!({})).await.status, 403, "no button of that name");
    tryton.pressed(subscription, &["draft"]).await;
    let refused = tryton.put(line, json!({ "quantity": 4.5 })).await.refused();
    assert!(refused.contains("exceeds the limit of \"(None, 0)\""), "the unit is whole: {refused}");
    let _ = tryton.put(&whole, command).await.taken();
    tryton.pressed(subscription, &["quote", "run"]).await;
    let pulled = tryton.connected(&[]).billed_lines("2026-10".parse().unwrap(), &Unwatched).await.unwrap();
    let found: Vec<_> = pulled
        .records()
        .iter()
        .map(|line| (line.agreement_status.as_str(), line.agreement.as_deref(), plain(line.quantity.value())))
        .collect();
    assert_eq!(found, [("Active", Some("1"), "4".to_owned()), ("Active", Some("1"), "1".to_owned())]);
}

#[tokio::test]
async fn a_line_that_was_billed_cannot_end_before_what_was_billed() {
    let tryton = Tryton::start().await;
    let harbour = tryton.party("Harbour", "0012").await;
    let seat = tryton.product("Seat", "SEAT", "22.10", "7").await;
    let lines = vec![line(seat, 3, "22.10", json!({}))];
    let subscription = tryton.running(harbour, "2026-10-01", json!({}), lines).await;
    assert_eq!(tryton.bill("2026-10-31").await.len(), 1);
    tryton.pressed(subscription, &["draft"]).await;
    let end = |day: &str| json!({ "end_date": super::server::day(day) });
    let refused = tryton.put("sale.subscription.line/1", end("2026-10-20")).await.refused();
    assert!(refused.ends_with("is not valid according to its domain."), "{refused}");
    assert_eq!(tryton.put("sale.subscription.line/1", end("2026-10-31")).await.status, 200);
}

#[tokio::test]
async fn a_write_over_rest_heeds_no_version_and_one_over_rpc_does() {
    let tryton = Tryton::start().await;
    let harbour = tryton.party("Harbour", "0012").await;
    let stale = json!({ "company": 1, "_timestamp": { format!("party.party,{harbour}"): "1.0" } });
    let context = encoded(&stale);
    let headers = [("X-Tryton-Context", context.as_str())];
    let sent = Some(json!({ "name": "Quay" }));
    let answer = tryton.rest_with(Method::PUT, &format!("party.party/{harbour}"), &[], sent, &headers).await;
    assert_eq!(answer.status, 200);
    let refused = tryton.called("model.party.party.write", json!([[harbour], { "name": "Elm" }, stale])).await;
    assert_eq!(refused.unwrap_err()[0], "ConcurrencyException");
}

#[tokio::test]
async fn a_posted_invoice_refuses_every_change_and_a_draft_takes_it() {
    let tryton = Tryton::start().await;
    let harbour = tryton.party("Harbour", "0012").await;
    let seat = tryton.product("Seat", "SEAT", "22.10", "7").await;
    tryton.running(harbour, "2026-10-01", json!({}), vec![line(seat, 3, "22.10", json!({}))]).await;
    let invoice = tryton.bill("2026-10-31").await[0].clone();
    let described = json!({ "description": "October" });
    let address = format!("account.invoice/{}", invoice["id"]);
    assert_eq!(tryton.put(&address, described.clone()).await.status, 200);
    tryton.posted(&invoice).await;
    assert!(tryton.put(&address, described).await.refused().starts_with(LOCKED));
    let line = format!("account.invoice.line/{}", invoice["lines"][0]);
    assert!(tryton.put(&line, json!({ "quantity": 4 })).await.refused().starts_with(LOCKED));
}
