//! Each fault does what it says, as often as it says.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Pax8, Psa, sample, text};

#[tokio::test]
async fn failures_take_the_place_of_answers() {
    for (switch, statuses) in [
        ("429", [429, 200, 200]),
        ("429-bare=2", [429, 429, 200]),
        ("408=every:2", [200, 408, 200]),
        ("500=nth:3", [200, 200, 500]),
        ("503", [503, 200, 200]),
        ("403@companies", [403, 403, 403]),
        ("403@invoices", [200, 200, 200]),
        ("401", [401, 200, 200]),
        ("404@companies", [404, 404, 404]),
        ("500,503=nth:2", [500, 503, 200]),
    ] {
        let pax8 = Pax8::start(sample(), switch).await;
        let psa = Psa::start(sample(), switch).await;
        for status in statuses {
            assert_eq!(pax8.get("companies").await.status, status, "pax8 {switch}");
            assert_eq!(psa.get("company/companies").await.status, status, "psa {switch}");
        }
    }
}

#[tokio::test]
async fn throttling_has_its_envelopes() {
    let (pax8, psa) = (Pax8::start(sample(), "429,retry-after=7").await, Psa::start(sample(), "429-bare").await);
    let reply = pax8.get("companies").await;
    assert_eq!((reply.retry_after.as_deref(), &reply.json()["status"]), (Some("7"), &json!(429)));
    let reply = psa.get("company/companies").await;
    assert_eq!((reply.retry_after.as_deref(), &reply.json()["error"]), (None, &json!("ConnectWiseAPI")));
}

#[tokio::test]
async fn an_unavailable_system_answers_html() {
    let pax8 = Pax8::start(sample(), "503").await;
    let reply = pax8.get("companies").await;
    assert!(reply.text.starts_with("<html>"), "{}", reply.text);
}

#[tokio::test]
async fn cut_answers_are_no_json() {
    let (pax8, psa) = (Pax8::start(sample(), "cut").await, Psa::start(sample(), "cut").await);
    for reply in [pax8.get("companies").await, psa.get("company/companies").await] {
        assert_eq!(reply.status, 200);
        assert!(serde_json::from_str::<Value>(&reply.text).is_err(), "{}", reply.text);
    }
    assert!(pax8.get("companies").await.json()["content"].is_array(), "the next answer is whole");
}

#[tokio::test]
async fn connections_close_before_and_within_an_answer() {
    for switch in ["drop=nth:2", "hangup=nth:2"] {
        let (pax8, psa) = (Pax8::start(sample(), switch).await, Psa::start(sample(), switch).await);
        for expected in [true, false, true] {
            assert_eq!(pax8.try_get("companies").await.is_ok(), expected, "pax8 {switch}");
            assert_eq!(psa.try_get("company/companies").await.is_ok(), expected, "psa {switch}");
        }
    }
    let pax8 = Pax8::start(sample(), "drop").await;
    assert!(pax8.try_get("companies").await.is_err());
    assert_eq!(pax8.running.log()[1].status, 0, "a dropped connection is logged without a status");
}

#[tokio::test]
async fn tokens_expire_between_pages() {
    let mut pax8 = Pax8::start(sample(), "expire").await;
    assert_eq!(pax8.get("companies?page=0").await.status, 200);
    assert_eq!(pax8.get("companies?page=1").await.status, 401);
    assert_eq!(pax8.get("companies?page=1").await.status, 401, "the token stays dead");
    pax8.renew().await;
    assert_eq!(pax8.get("companies?page=1").await.status, 200);
    let pax8 = Pax8::start(sample(), "expires-in=60,500=nth:2@token").await;
    assert_eq!(pax8.ask_token("/v1/token", &json!({})).await.status, 500);
    let reply = pax8.ask_token("/v1/token", &json!({})).await;
    assert_eq!(reply.json()["expires_in"], 60);
}

#[tokio::test]
async fn rows_move_between_pages_and_the_total_stays() {
    let quiet = Pax8::start(sample(), "").await.all("companies", 10).await;
    let ids = |rows: &[Value]| rows.iter().map(|r| text(&r["id"])).collect::<BTreeSet<_>>();
    for (switch, read, distinct) in
        [("move", 42, 41), ("skip", 42, 41), ("move=always", 43, 42), ("skip=nth:4", 41, 41), ("skip=always", 41, 41)]
    {
        let pax8 = Pax8::start(sample(), switch).await;
        let (rows, total) = pax8.all("companies", 10).await;
        assert_eq!(total, quiet.1, "{switch}");
        let found = ids(&rows);
        assert!(found.is_subset(&ids(&quiet.0)));
        assert_eq!((rows.len(), found.len()), (read, distinct), "{switch}");
        if !switch.contains("always") {
            assert_eq!(pax8.all("companies", 10).await, quiet, "the next reading of {switch} is quiet");
        }
    }
    let psa = Psa::start(sample(), "move").await;
    let (moved, _) = psa.all("company/companies", 10).await;
    assert!(ids(&moved).len() < moved.len());
    let (quiet, _) = psa.all("company/companies", 10).await;
    assert_eq!(ids(&quiet).len(), quiet.len());
}

#[tokio::test]
async fn page_metadata_can_be_missing() {
    let page = async |switch: &str| Pax8::start(sample(), switch).await.get("companies").await.json()["page"].clone();
    assert_eq!(page("no-totals").await, json!({ "size": 10, "number": 0 }));
    assert_eq!(page("no-paging").await, Value::Null);
    let psa = Psa::start(sample(), "no-paging").await;
    assert_eq!(psa.get("company/companies").await.link, None);
    let empty = Pax8::start(sample(), "no-content").await.get("companies?status=Deleted").await.json();
    assert!(empty.get("content").is_none() && empty["page"]["totalElements"] == 0, "{empty}");
}

#[tokio::test]
async fn unset_values_are_missing_or_null() {
    for (switch, present) in [("", false), ("nulls", true)] {
        let pax8 = Pax8::start(sample(), switch).await;
        let active = pax8.get("subscriptions?status=Active").await.json()["content"][0].clone();
        assert_eq!(active.get("endDate"), present.then_some(&Value::Null), "{switch}");
        let psa = Psa::start(sample(), switch).await;
        let addition = psa.get("finance/agreements/300001/additions").await.json()[0].clone();
        assert_eq!(addition.get("cancelledDate"), present.then_some(&Value::Null), "{switch}");
    }
}

#[tokio::test]
async fn undocumented_fields_everywhere() {
    let pax8 = Pax8::start(sample(), "extra").await.get("companies").await.json();
    let psa = Psa::start(sample(), "extra").await.get("company/companies").await.json();
    for object in
        [&pax8, &pax8["page"], &pax8["content"][0], &pax8["content"][0]["address"], &psa[0], &psa[0]["status"]]
    {
        assert!(object["addedWithoutNotice"].is_string(), "{object}");
    }
}

#[tokio::test]
async fn one_row_of_a_list_is_broken() {
    let first = async |switch: &str| {
        let pax8 = Pax8::start(sample(), switch).await;
        let rows = pax8.all("subscriptions", 200).await.0;
        let psa = Psa::start(sample(), switch).await;
        let agreements = psa.all("finance/agreements", 1000).await.0;
        let additions = psa.all("finance/agreements/300001/additions", 1000).await.0;
        (rows, agreements, additions)
    };
    let (rows, _, additions) = first("bad-quantity").await;
    assert_eq!((&rows[0]["quantity"], &additions[0]["quantity"]), (&json!("1O"), &json!("1O")));
    assert!(rows[1]["quantity"].is_number() && additions[1]["quantity"].is_number());
    let (rows, agreements, _) = first("no-currency").await;
    assert!(rows[0].get("currencyCode").is_none() && agreements[0].get("currency").is_none());
    assert!(rows[1].get("currencyCode").is_some() && agreements[1].get("currency").is_some());
    let (rows, _, additions) = first("nan").await;
    assert_eq!((&rows[0]["price"], &additions[0]["unitPrice"]), (&json!("NaN"), &json!("NaN")));
    assert!(rows[1]["price"].is_number() && additions[1]["unitPrice"].is_number());
}
