//! Months pass: invoices on the 4th, part months, metered use, credits and drafts, exact to the cent.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use serde_json::{Value, json};
use trueup::simulate::{Data, File};

use super::writes::{company, order, product};
use super::{Pax8, rows, sample, text};

fn amount(value: &Value) -> Decimal {
    text(value).parse().unwrap()
}

/// Every approved invoice of a month with its items; the law of the totals is checked on the way.
async fn invoices(pax8: &Pax8, month: &str) -> Vec<(Value, Vec<Value>)> {
    let mut found = Vec::new();
    for head in pax8.all(&format!("invoices?invoiceDate={month}-01"), 200).await.0 {
        let (items, _) = pax8.all(&format!("invoices/{}/items", text(&head["id"])), 200).await;
        let due: Decimal = items.iter().map(|i| amount(&i["costTotal"]) + amount(&i["salesTax"])).sum();
        assert_eq!(amount(&head["total"]), due, "{head}");
        assert!(items.iter().all(|i| i["currencyCode"] == head["currencyCode"]));
        found.push((head, items));
    }
    found
}

/// What the approved invoices of a month charge for a subscription: kind, period, quantity, amounts.
async fn charged(pax8: &Pax8, month: &str, subscription: &str) -> Vec<String> {
    let all = invoices(pax8, month).await.into_iter().flat_map(|(_, items)| items);
    let own = all.filter(|i| text(&i["subscriptionId"]) == subscription);
    own.map(|i| {
        ["type", "startPeriod", "endPeriod", "quantity", "price", "subTotal", "costTotal"]
            .map(|n| text(&i[n]))
            .join(" ")
    })
    .collect()
}

#[tokio::test]
async fn a_change_in_a_month_is_charged_in_the_next() {
    let pax8 = Pax8::start(sample(), "clock=2026-10-11").await;
    let id = company(&pax8, "Part Months Ltd").await;
    let vault = product(&pax8, "Password").await;
    let made = pax8.done("POST", "orders", &order(&id, &vault, 7)).await;
    let subscription = text(&made["lineItems"][0]["subscriptionId"]);
    let path = format!("subscriptions/{subscription}");
    pax8.today("2026-10-17").await;
    pax8.done("PUT", &path, &json!({ "quantity": 10 })).await;
    pax8.today("2026-10-26").await;
    pax8.done("PUT", &path, &json!({ "quantity": 8 })).await;

    pax8.today("2026-11-04").await;
    assert_eq!(invoices(&pax8, "2026-11").await, [], "made, but not approved yet");
    pax8.today("2026-11-05").await;
    // 3.75 for 21, 15 and 6 of 31 days: 2.5403…, 1.8145…, 0.7258…; 7, 3 and -2 of them
    assert_eq!(
        charged(&pax8, "2026-11", &subscription).await,
        [
            "subscription 2026-11-01 2026-11-30 8 3.75 30 24",
            "prorate 2026-10-11 2026-10-31 7 2.54 17.78 14.23",
            "prorate 2026-10-17 2026-10-31 3 1.815 5.44 4.35",
            "prorate 2026-10-26 2026-10-31 -2 0.726 -1.45 -1.16",
        ]
    );
    let mut all = invoices(&pax8, "2026-11").await;
    all.retain(|(_, items)| items.iter().any(|i| text(&i["subscriptionId"]) == subscription));
    let (head, items) = all.pop().unwrap();
    assert_eq!((text(&head["status"]), text(&head["dueDate"])), ("Unpaid".into(), "2026-11-15".into()));
    let part = items.iter().find(|i| i["type"] == "prorate").unwrap();
    assert!(text(&part["description"]).starts_with("Oct Partial: "), "{part}");
    let older: BTreeSet<String> =
        pax8.all("invoices?invoiceDate=2026-10-01", 200).await.0.iter().map(|i| text(&i["status"])).collect();
    assert_eq!(older, BTreeSet::from(["Carried".to_owned()]));
    assert!(amount(&head["carriedBalance"]) > Decimal::ZERO);

    // cancelled on the last day but nine of a month that was charged ahead
    pax8.today("2026-11-21").await;
    pax8.done("DELETE", &path, &Value::Null).await;
    pax8.today("2026-12-05").await;
    assert_eq!(
        charged(&pax8, "2026-12", &subscription).await,
        ["prorate 2026-11-22 2026-11-30 -8 1.125 -9 -7.2"],
        "the days after the end come back, and no month ahead"
    );
    pax8.today("2027-01-05").await;
    assert_eq!(charged(&pax8, "2027-01", &subscription).await, Vec::<String>::new());
}

#[tokio::test]
async fn an_end_of_the_month_brings_nothing_back() {
    let pax8 = Pax8::start(sample(), "clock=2026-10-30").await;
    let (all, _) = pax8.all("subscriptions?status=Active", 200).await;
    let free = all.iter().find(|s| s.get("commitment").is_none() && s.get("price").is_some()).unwrap();
    let id = text(&free["id"]);
    pax8.done("DELETE", &format!("subscriptions/{id}?cancelDate=2026-11-30T00:00:00Z"), &Value::Null).await;
    pax8.today("2027-01-05").await;
    assert_eq!(charged(&pax8, "2026-11", &id).await.len(), 1);
    assert_eq!(charged(&pax8, "2026-12", &id).await, Vec::<String>::new());
    assert_eq!(charged(&pax8, "2027-01", &id).await, Vec::<String>::new());
}

#[tokio::test]
async fn longer_terms_are_charged_once_a_term() {
    let pax8 = Pax8::start(sample(), "").await;
    let id = company(&pax8, "Yearly Ltd").await;
    let mut body = order(&id, &product(&pax8, "Password").await, 2);
    body["lineItems"][0]["billingTerm"] = json!("Annual");
    let yearly = text(&pax8.done("POST", "orders", &body).await["lineItems"][0]["subscriptionId"]);
    body["lineItems"][0]["billingTerm"] = json!("One-Time");
    let once = text(&pax8.done("POST", "orders", &body).await["lineItems"][0]["subscriptionId"]);
    let mut seen = (Vec::new(), Vec::new());
    for month in ["2026-11", "2026-12", "2027-01", "2027-02", "2027-09", "2027-10", "2027-11"] {
        pax8.today(&format!("{month}-05")).await;
        seen.0.extend(charged(&pax8, month, &yearly).await);
        seen.1.extend(charged(&pax8, month, &once).await);
    }
    assert_eq!(
        seen.0,
        ["subscription 2026-10-31 2027-10-30 2 45 90 72", "subscription 2027-10-31 2028-10-30 2 45 90 72"]
    );
    assert_eq!(seen.1, ["one-time 2026-10-31 2026-10-31 2 3.75 7.5 6"]);
}

#[tokio::test]
async fn metered_use_is_charged_in_arrears() {
    let pax8 = Pax8::start(sample(), "item-ids,clock=2026-11-20").await;
    let mut found = Vec::new();
    for subscription in pax8.all("subscriptions", 200).await.0 {
        let path = format!("subscriptions/{}/usage-summaries", text(&subscription["id"]));
        found.extend(pax8.all(&path, 200).await.0);
    }
    let summary = &found[0];
    let lines = async |month: &str, days: u32| {
        let mut all = Vec::new();
        for day in 1..=days {
            let path = format!("usage-summaries/{}/usage-lines?usageDate={month}-{day:02}", text(&summary["id"]));
            all.extend(pax8.all(&path, 200).await.0);
        }
        all
    };
    let used = lines("2026-11", 30).await;
    assert_eq!(used.len(), 20, "one a day until today");
    for name in ["currentCharges", "partnerTotal"] {
        assert_eq!(used.iter().map(|l| amount(&l[name])).sum::<Decimal>(), amount(&summary[name]), "{name}");
    }
    pax8.today("2026-12-05").await;
    let used = lines("2026-11", 30).await;
    assert_eq!(used.len(), 30);
    let billed = invoices(&pax8, "2026-12").await.into_iter().flat_map(|(_, items)| items);
    let billed: Vec<Value> =
        billed.filter(|i| i["term"] == "Arrears" && i["subscriptionId"] == summary["subscriptionId"]).collect();
    let costs = |all: &[Value], name: &str| {
        let mut costs: Vec<String> = all.iter().map(|i| text(&i[name])).collect();
        costs.sort();
        costs
    };
    assert_eq!(costs(&billed, "costTotal"), costs(&used, "partnerTotal"));
    // and so is what the data says was used
    let used = |data: &Data| {
        let rows = rows(data, File::VendorInvoiceItems).into_iter();
        let mut ids: Vec<String> = rows
            .filter(|row| row.contains(&("term".to_owned(), "Arrears".to_owned())))
            .map(|row| row[0].1.clone())
            .collect();
        ids.sort();
        ids
    };
    let own = async |month: &str| {
        let all = invoices(&pax8, month).await.into_iter().flat_map(|(_, items)| items);
        let mut ids: Vec<String> = all.filter(|i| i["term"] == "Arrears").map(|i| text(&i["id"])).collect();
        ids.sort();
        ids
    };
    assert_eq!((own("2026-10").await, own("2026-11").await), (Vec::new(), used(&sample())));
}

#[tokio::test]
async fn a_wrong_invoice_is_credited_and_issued_again() {
    let pax8 = Pax8::start(sample(), "credited,approval=2,reissue=4,clock=2026-11-06").await;
    let statuses = async || {
        let all = pax8.all("invoices?invoiceDate=2026-11-01", 200).await.0;
        all.iter().map(|i| text(&i["status"])).collect::<Vec<_>>()
    };
    assert_eq!(statuses().await, ["Unpaid"; 3]);
    pax8.today("2026-11-09").await;
    assert_eq!(statuses().await, ["Unpaid"; 3]);
    pax8.today("2026-11-10").await;
    assert_eq!(statuses().await, ["Credited", "Credited", "Credited", "Unpaid", "Unpaid", "Unpaid"]);
    let all = pax8.all("invoices?invoiceDate=2026-11-01", 200).await.0;
    let ids: BTreeSet<String> = all.iter().map(|i| text(&i["id"])).collect();
    assert_eq!(ids.len(), 6);
    assert_eq!((amount(&all[0]["balance"]), &all[0]["total"]), (Decimal::ZERO, &all[3]["total"]));
    // by hand, once
    let body = json!({ "invoiceId": all[3]["id"] });
    let issued = pax8.done("POST", "/simulator/credit", &body).await;
    assert_eq!(pax8.get(&format!("invoices/{}", text(&issued["issued"]))).await.json()["status"], "Unpaid");
    assert_eq!(pax8.get(&format!("invoices/{}", text(&all[3]["id"]))).await.json()["status"], "Credited");
    assert_eq!(pax8.call("POST", "/simulator/credit", &body).await.status, 404);
}

#[tokio::test]
async fn an_invoice_may_be_void_paid_or_ask_for_nothing() {
    let of = async |pax8: &Pax8, month: &str| {
        let all = pax8.all(&format!("invoices?invoiceDate={month}-01&sort=status"), 200).await.0;
        let open = |i: &Value| if amount(&i["balance"]).is_zero() { "" } else { " open" };
        all.iter().map(|i| format!("{}{}", text(&i["status"]), open(i))).collect::<Vec<_>>()
    };
    let voided = Pax8::start(sample(), "voided,approval=2,reissue=4,clock=2026-11-10").await;
    assert_eq!(of(&voided, "2026-10").await, ["Carried open", "Carried open", "Carried open", "Void", "Void", "Void"]);
    assert_eq!(of(&voided, "2026-11").await, ["Unpaid open", "Unpaid open", "Unpaid open", "Void", "Void", "Void"]);
    assert_eq!(voided.all("invoices?status=Void", 200).await.1, 6);

    // approved on the 5th, paid ten days later: nothing is carried over
    let paid = Pax8::start(sample(), "paid=10,clock=2026-10-14").await;
    assert_eq!(of(&paid, "2026-10").await, ["Unpaid open"; 3]);
    paid.today("2026-10-15").await;
    assert_eq!(of(&paid, "2026-10").await, ["Paid"; 3]);
    paid.today("2026-11-14").await;
    assert_eq!(of(&paid, "2026-11").await, ["Unpaid open"; 3]);
    let heads = paid.all("invoices?invoiceDate=2026-11-01", 200).await.0;
    assert!(heads.iter().all(|head| amount(&head["carriedBalance"]).is_zero()));
    // by hand, once
    let body = json!({ "invoiceId": heads[0]["id"] });
    paid.done("POST", "/simulator/pay", &body).await;
    assert_eq!(of(&paid, "2026-11").await, ["Paid", "Unpaid open", "Unpaid open"]);
    assert_eq!(paid.call("POST", "/simulator/pay", &body).await.status, 404);
    let issued = paid.done("POST", "/simulator/void", &body).await;
    assert_eq!(paid.get(&format!("invoices/{}", text(&issued["issued"]))).await.json()["status"], "Unpaid");
    assert_eq!(paid.get(&format!("invoices/{}", text(&heads[0]["id"]))).await.json()["status"], "Void");

    // more is given back than charged
    let mut data = sample();
    let credit = [
        ("type", "invoice-credit"),
        ("startPeriod", "2026-10-01"),
        ("endPeriod", "2026-10-31"),
        ("quantity", "1"),
        ("costTotal", "-90000.00"),
        ("currencyCode", "EUR"),
    ];
    data.table_mut(File::VendorInvoiceItems).push(&credit);
    let given = Pax8::start(data, "").await;
    assert_eq!(of(&given, "2026-10").await, ["Nothing Due open", "Unpaid open", "Unpaid open"]);
    assert_eq!(given.all("invoices?status=Nothing%20Due", 200).await.1, 1);
    given.today("2026-11-05").await;
    let euro =
        given.all("invoices?invoiceDate=2026-11-01", 200).await.0.into_iter().find(|i| i["currencyCode"] == "EUR");
    assert!(amount(&euro.unwrap()["carriedBalance"]) < Decimal::ZERO, "what is given back is carried over");
}

#[tokio::test]
async fn drafts_say_what_the_next_invoice_will() {
    let pax8 = Pax8::start(sample(), "clock=2026-10-12").await;
    let (all, _) = pax8.all("subscriptions?status=Active", 200).await;
    let free = all.iter().find(|s| s.get("commitment").is_none() && s.get("price").is_some()).unwrap();
    pax8.done("PUT", &format!("subscriptions/{}", text(&free["id"])), &json!({ "quantity": 500 })).await;
    let sorted = |mut rows: Vec<Value>| {
        rows.sort_by_key(ToString::to_string);
        rows
    };
    let drafts = sorted(pax8.all("invoices/draftItems", 200).await.0);
    assert!(drafts.iter().any(|i| i["type"] == "prorate" && i["subscriptionId"] == free["id"]));
    pax8.today("2026-11-05").await;
    let made = invoices(&pax8, "2026-11").await.into_iter().flat_map(|(_, items)| items);
    assert_eq!(sorted(made.filter(|i| i["term"] != "Arrears").collect()), drafts, "all but what was used");
    let company = text(&free["companyId"]);
    let (own, _) = pax8.all(&format!("invoices/draftItems?companyId={company}"), 200).await;
    assert!(!own.is_empty() && own.iter().all(|i| text(&i["companyId"]) == company));
}

#[tokio::test]
async fn the_invoice_of_the_data_waits_for_its_approval() {
    let early = Pax8::start(sample(), "clock=2026-10-04").await;
    assert_eq!(early.all("invoices", 200).await.1, 0);
    early.today("2026-10-05").await;
    assert_eq!(early.all("invoices", 200).await.1, 3);
}

#[tokio::test]
async fn time_does_not_go_back() {
    let pax8 = Pax8::start(sample(), "").await;
    let clock = pax8.call("GET", "/simulator/clock", &Value::Null).await.json();
    assert_eq!(clock, json!({ "today": "2026-10-31" }));
    for (body, status) in [
        (json!({ "today": "2026-10-30" }), 422),
        (json!({ "today": "2199-01-01" }), 422),
        (json!({ "today": "soon" }), 400),
        (json!({}), 400),
    ] {
        assert_eq!(pax8.call("POST", "/simulator/clock", &body).await.status, status, "{body}");
    }
    assert_eq!(pax8.call("GET", "/simulator/weather", &Value::Null).await.status, 404);
    assert_eq!(pax8.call("DELETE", "/simulator/clock", &Value::Null).await.status, 405);
}

#[tokio::test]
async fn the_same_requests_give_the_same_state() {
    let run = async || {
        let pax8 = Pax8::start(sample(), "clock=2026-10-20,seed=9").await;
        let id = company(&pax8, "Twice Ltd").await;
        let vault = product(&pax8, "Password").await;
        pax8.done("POST", "orders", &order(&id, &vault, 4)).await;
        pax8.today("2026-12-05").await;
        let all = pax8.all("subscriptions", 200).await.0;
        (all, invoices(&pax8, "2026-12").await)
    };
    assert_eq!(run().await, run().await);
}

#[tokio::test]
async fn an_empty_distributor_has_months_as_well() {
    let pax8 = Pax8::start(Data::empty(), "").await;
    pax8.today("2026-12-31").await;
    assert_eq!(pax8.all("invoices", 200).await.1, 0);
    let id = company(&pax8, "First Ltd").await;
    assert_eq!(pax8.get(&format!("companies/{id}")).await.json()["status"], "Active");
}

#[tokio::test]
async fn the_command_line_says_what_day_it_is() {
    use std::io::BufRead as _;
    let place = crate::support::hermetic::Place::new();
    let mut simulator = place.start("simulate pax8 --seed 7 --period 2026-10 --clock 2026-11-20 --faults shape=2025");
    let mut url = String::new();
    std::io::BufReader::new(simulator.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
    let clock = format!("{}/simulator/clock", url.trim_end().trim_end_matches("/v1"));
    let reply = super::send(super::http().get(clock)).await;
    simulator.kill().unwrap();
    let _ = simulator.wait();
    assert_eq!(reply.unwrap().json(), json!({ "today": "2026-11-20" }));
    let refused = place.run("simulate pax8 --seed 7 --clock 1987-01-01").ended(2);
    assert!(refused.stderr.contains("expected a day such as 2026-11-04"), "{}", refused.stderr);
}
