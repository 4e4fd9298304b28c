//! The switches of the simulated Pax8 that are about writes, years, pace and lists that change under a reader.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::writes::{company, firm, order, person, product};
use super::{Pax8, sample, text};

#[tokio::test]
async fn an_accepted_write_may_get_no_answer() {
    let pax8 = Pax8::start(sample(), "drop-write,500-write=nth:2").await;
    let count = async || pax8.all("companies", 200).await.1;
    let before = count().await;
    assert!(pax8.try_call("POST", "companies", Some(&firm("Dropped Ltd"))).await.is_err());
    assert_eq!(count().await, before + 1, "it was carried out");
    assert_eq!(pax8.call("POST", "companies", &firm("Broken Ltd")).await.status, 500);
    assert_eq!(count().await, before + 2, "it was carried out");
    assert_eq!(pax8.call("POST", "companies", &firm("Dropped Ltd")).await.status, 422);
}

#[tokio::test]
async fn a_late_write_shows_some_reads_later() {
    let pax8 = Pax8::start(sample(), "late=1,late-reads=2").await;
    let made = pax8.done("POST", "companies", &firm("Late Ltd")).await;
    let path = format!("companies/{}", text(&made["id"]));
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(pax8.get(&path).await.status);
    }
    assert_eq!(seen, [404, 404, 200, 200]);
    // two late changes of one record keep each other's effect
    let pax8 = Pax8::start(sample(), "late").await;
    let (all, _) = pax8.all("subscriptions?status=Active", 200).await;
    let free = all.iter().find(|s| s.get("commitment").is_none() && s.get("price").is_some()).unwrap();
    let path = format!("subscriptions/{}", text(&free["id"]));
    pax8.done("PUT", &path, &json!({ "quantity": 77 })).await;
    pax8.done("PUT", &path, &json!({ "price": 9.75 })).await;
    assert_eq!(pax8.get(&path).await.json()["quantity"], free["quantity"]);
    for _ in 0..4 {
        pax8.get("products?size=1").await;
    }
    let after = pax8.get(&path).await.json();
    assert_eq!((&after["quantity"], text(&after["price"])), (&json!(77), "9.75".to_owned()));
}

#[tokio::test]
async fn lists_really_change_between_pages() {
    let ids = |rows: &[Value]| rows.iter().map(|r| text(&r["id"])).collect::<Vec<_>>();
    let quiet = ids(&Pax8::start(sample(), "").await.all("companies", 200).await.0);
    for (switch, total) in [("insert", 43), ("delete", 41), ("resort", 42)] {
        let pax8 = Pax8::start(sample(), switch).await;
        let (seen, announced) = pax8.all("companies", 10).await;
        assert_eq!(announced, total, "{switch}");
        let seen: BTreeSet<String> = ids(&seen).into_iter().collect();
        let (now, announced) = pax8.all("companies", 10).await;
        assert_eq!((now.len(), announced), (total, total), "the next reading of {switch} is quiet");
        assert_eq!(ids(&now).iter().collect::<BTreeSet<_>>().len(), total);
        assert!(ids(&now).iter().any(|id| !seen.contains(id)), "{switch}: a row was missed");
        if switch == "resort" {
            assert!(ids(&now).iter().rev().eq(&quiet), "the other way round");
        }
    }
}

#[tokio::test]
async fn fields_of_other_years() {
    let new = Pax8::start(sample(), "full-lists,item-ids").await;
    let invoice = text(&new.get("invoices").await.json()["content"][0]["id"]);
    let item = format!("invoices/{invoice}/items");
    let vault = product(&new, "Password").await;
    let pricing = format!("products/{vault}/pricing");
    let y2025 = Pax8::start(sample(), "full-lists,item-ids,shape=2025").await;
    let y2022 = Pax8::start(sample(), "full-lists,shape=2022").await;
    let keys = async |pax8: &Pax8, path: &str| {
        let first = pax8.get(path).await.json()["content"][0].clone();
        first.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>()
    };
    for (path, after_2025, after_2022, only_2022) in [
        ("subscriptions?status=Active", "productName vendorSkuId", "vendorSubscriptionId currencyCode partnerCost", ""),
        ("companies", "", "updatedDate", ""),
        ("products", "", "description requiresCommitment", ""),
        ("orders", "", "isScheduled", ""),
        ("invoices", "", "currencyCode", "companyId externalId"),
        (item.as_str(), "vendorName", "subscriptionId salesTax", "details externalId"),
        (pricing.as_str(), "productId productName", "", ""),
    ] {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<BTreeSet<_>>();
        let (all, some, few) = (keys(&new, path).await, keys(&y2025, path).await, keys(&y2022, path).await);
        assert_eq!(&all - &some, words(after_2025), "{path}");
        assert_eq!(&some - &few, words(after_2022), "{path}");
        assert!((&few - &some).is_subset(&words(only_2022)), "{path}: {few:?}");
    }
    let rate = async |pax8: &Pax8| text(&pax8.get(&pricing).await.json()["content"][0]["rates"][0]["chargeType"]);
    assert_eq!((rate(&new).await, rate(&y2022).await), ("Per Unit".into(), "per_unit".into()));
    let by = async |pax8: &Pax8| text(&pax8.get("orders").await.json()["content"][0]["orderedBy"]);
    assert_eq!((by(&new).await, by(&y2022).await), ("Pax8 Partner".into(), "Pax8Partner".into()));
}

#[tokio::test]
async fn calls_beyond_the_rate_are_refused() {
    let pax8 = Pax8::start(sample(), "rate=3").await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        let reply = pax8.get("companies?size=1").await;
        seen.push((reply.status, reply.retry_after.is_some()));
    }
    // the token was the first call
    assert_eq!(seen, [(200, false), (200, false), (429, true), (429, true)]);
    assert_eq!(pax8.call("GET", "/simulator/clock", &Value::Null).await.status, 200, "controls are not counted");
}

#[tokio::test]
async fn tokens_die_when_they_are_said_to() {
    let pax8 = Pax8::start(sample(), "expires-in=0").await;
    assert_eq!(pax8.get("companies").await.status, 401);
}

#[tokio::test]
async fn a_slow_answer_outlasts_a_client() {
    let mut pax8 = Pax8::start(sample(), "slow@orders,slow-seconds=600").await;
    pax8.http = reqwest::Client::builder()
        .tls_certs_only([])
        .no_proxy()
        .timeout(std::time::Duration::from_millis(200))
        .build()
        .unwrap();
    assert!(pax8.try_get("orders").await.err().unwrap().is_timeout());
    pax8.http = super::http();
    assert_eq!(pax8.get("orders").await.status, 200, "once");
}

#[tokio::test]
async fn nulls_are_explicit_in_what_was_written_as_well() {
    let pax8 = Pax8::start(sample(), "nulls").await;
    let id = company(&pax8, "Nulls Ltd").await;
    let placed = pax8.done("POST", "orders", &order(&id, &product(&pax8, "Password").await, 1)).await;
    assert_eq!(placed["lineItems"][0].get("commitmentTermId"), Some(&Value::Null));
    let made = pax8.get(&format!("subscriptions/{}", text(&placed["lineItems"][0]["subscriptionId"]))).await.json();
    assert_eq!((made.get("endDate"), made.get("commitment")), (Some(&Value::Null), Some(&Value::Null)));
    let mut body = firm("Null Fields Ltd");
    body["externalId"] = Value::Null;
    body["contacts"] = json!([person("Ada", &[])]);
    assert_eq!(pax8.done("POST", "companies", &body).await.get("externalId"), Some(&Value::Null));
}
