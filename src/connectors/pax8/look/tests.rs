//! Looking, on records before and after.

use serde_json::json;

use super::*;
use crate::connectors::pax8::request::Filled;

fn id() -> Filled {
    Filled::new("id", "s1").unwrap()
}

#[test]
fn values_are_the_same_however_they_are_spelled() {
    for (wanted, found, same) in [
        (json!(7), json!(7.0), true),
        (json!(9.45), serde_json::from_str("9.4500").unwrap(), true),
        (json!(9.45), json!(9.46), false),
        (json!("2026-12-31T00:00:00Z"), json!("2026-12-31"), true),
        (json!("2026-12-31T00:00:00Z"), json!("2027-01-01"), false),
        (json!("Annual"), json!("1-Year"), true),
        (json!(" a "), json!("a"), true),
        (json!("a"), json!("b"), false),
        (json!(""), Value::Null, true),
        (json!(false), Value::Null, false),
        (
            json!([{ "type": "Admin" }, { "type": "Billing" }]),
            json!([{ "type": "Billing", "x": 1 }, { "type": "Admin" }]),
            true,
        ),
        (json!([{ "type": "Admin" }]), json!([]), false),
    ] {
        assert_eq!(means(&wanted, Some(&found)), same, "{wanted} {found}");
    }
}

#[test]
fn an_ended_subscription_shows_it_by_its_status_or_its_end() {
    let held = |status: &str, end: Value| json!({ "id": "s1", "status": status, "endDate": end });
    let before = held("Active", Value::Null);
    let day = |text: &str| Some(text.parse::<chrono::NaiveDate>().unwrap());
    let happened = || Looked::Happened("s1".to_owned());
    for (on, before, now, expected) in [
        (None, &before, held("Cancelled", Value::Null), Some(happened())),
        (None, &before, held("pending_cancel", json!("2026-12-31")), Some(happened())),
        // An end that somebody else gave it is no cancelling.
        (None, &before, held("Active", json!("2028-12-31")), None),
        (day("2026-12-31"), &before, held("Active", json!("2026-12-31T00:00:00Z")), Some(happened())),
        (None, &before, held("Active", Value::Null), Some(Looked::DidNot)),
        // Ended by somebody else, on another day.
        (day("2026-12-31"), &before, held("PendingCancel", json!("2026-11-30")), None),
        // It was ended before; nothing new.
        (None, &held("Cancelled", json!("2026-01-31")), held("Cancelled", json!("2026-01-31")), Some(Looked::DidNot)),
    ] {
        let write = Write::CancelSubscription { subscription: id(), on };
        let looked = changed(&write, "s1", before, &now);
        match expected {
            Some(expected) => assert_eq!(looked, expected, "{now}"),
            None => assert!(matches!(looked, Looked::CannotTell(_)), "{now}: {looked:?}"),
        }
    }
}

#[test]
fn an_order_is_known_by_its_lines_in_any_order_and_spelling() {
    let line = |product: &str, quantity: Value, term: &str| json!({ "productId": product, "quantity": quantity, "billingTerm": term });
    let order = |lines: Vec<Value>| json!({ "lineItems": lines });
    let placed = order(vec![line("P1", json!(3), "2-Year"), line("p2", json!(1), "Monthly")]);
    let seen = order(vec![line("p2", json!(1.0), "monthly"), line("p1", json!(3), "2 Year")]);
    assert_eq!(lines_of(&placed), lines_of(&seen));
    for other in [
        order(vec![line("p1", json!(3), "2-Year")]),
        order(vec![line("p1", json!(4), "2-Year"), line("p2", json!(1), "Monthly")]),
        order(vec![line("p1", json!(3), "3-Year"), line("p2", json!(1), "Monthly")]),
    ] {
        assert_ne!(lines_of(&placed), lines_of(&other), "{other}");
    }
}

#[test]
fn an_order_of_the_same_lines_may_be_anothers() {
    let order = |by: &str, mail: Value, start: Value| json!({ "orderedBy": by, "orderedByUserEmail": mail, "lineItems": [{ "productId": "p", "provisionStartDate": start }] });
    let wanted = order("Pax8 Partner", json!("me@msp.example"), json!("2026-12-01T00:00:00Z"));
    for (made, another) in [
        (order("Pax8Partner", json!("ME@msp.example"), json!("2026-12-01")), false),
        (order("Pax8 Partner", Value::Null, Value::Null), false),
        (order("Customer", json!("me@msp.example"), json!("2026-12-01")), true),
        (order("Pax8 Partner", json!("other@msp.example"), json!("2026-12-01")), true),
        (order("Pax8 Partner", Value::Null, json!("2027-06-01")), true),
    ] {
        assert_eq!(is_of_another(&wanted, &made), another, "{made}");
    }
}

#[test]
fn what_was_so_before_proves_nothing() {
    assert!(matches!(told("s1", true, true), Looked::CannotTell(_)));
    assert_eq!(told("s1", true, false), Looked::Happened("s1".to_owned()));
}

#[test]
fn a_topic_is_there_or_it_is_not() {
    let hook = |topics: &[&str]| json!({ "webhookTopics": topics.iter().map(|t| json!({ "id": t, "topic": t })).collect::<Vec<_>>() });
    let none = |looked: &Looked| matches!(looked, Looked::DidNot);
    let yes = |looked: &Looked| matches!(looked, Looked::Happened(_));
    let delete = Write::DeleteTopic { webhook: id(), topic: Filled::new("t", "A").unwrap() };
    assert!(yes(&changed(&delete, "w", &hook(&["A", "B"]), &hook(&["B"]))));
    assert!(none(&changed(&delete, "w", &hook(&["A", "B"]), &hook(&["A", "B"]))));
    let test = Write::TestTopic { webhook: id(), topic: id() };
    assert!(matches!(changed(&test, "w", &hook(&[]), &hook(&[])), Looked::CannotTell(_)));
}

#[test]
fn what_was_sent_back_as_it_was_says_nothing() {
    let held = |phone: &str, version: i32| json!({ "id": "k1", "phone": phone, "version": version });
    let change = serde_json::from_value(json!({ "whole": { "phone": "2", "version": 7 } })).unwrap();
    let write = Write::ReplaceContact { company: id(), contact: id(), change };
    let looked = |now: &Value| changed(&write, "k1", &held("1", 7), now);
    // The remote counts its own versions.
    assert_eq!(looked(&held("2", 8)), Looked::Happened("k1".to_owned()));
    assert_eq!(looked(&held("1", 8)), Looked::DidNot);
    assert!(matches!(looked(&held("3", 8)), Looked::CannotTell(_)));
}
