//! Pax8's wire format: tokens, pages, envelopes, and that no column of the data is lost on the way.

use rust_decimal::Decimal;
use serde_json::{Value, json};
use trueup::simulate::File;

use super::{Pax8, rows, sample, text};

#[tokio::test]
async fn tokens_are_demanded_and_checked() {
    let mut pax8 = Pax8::start(sample(), "").await;
    for audience in ["https://api.pax8.com", "api://p8p.client"] {
        for path in ["/v1/token", "/oauth/token"] {
            let body = pax8.ask_token(path, &json!({ "audience": audience })).await.json();
            assert_eq!((&body["expires_in"], &body["token_type"]), (&json!(86_400), &json!("Bearer")));
        }
    }
    for wrong in [
        json!({ "client_id": "other" }),
        json!({ "client_secret": "other" }),
        json!({ "audience": "https://elsewhere.example" }),
        json!({ "grant_type": "password" }),
    ] {
        let reply = pax8.ask_token("/v1/token", &wrong).await;
        assert_eq!(reply.status, 401, "{wrong}");
        assert_eq!(reply.json(), json!({ "error": "access_denied", "error_description": "Unauthorized" }));
    }
    "forged".clone_into(&mut pax8.token);
    let reply = pax8.get("companies").await;
    assert_eq!(reply.status, 401);
    assert_eq!(reply.json()["type"], "UNAUTHORIZED");
}

#[tokio::test]
async fn pages_add_up_to_the_total() {
    let pax8 = Pax8::start(sample(), "item-ids").await;
    let invoice = text(&pax8.get("invoices").await.json()["content"][0]["id"]);
    let items = format!("invoices/{invoice}/items");
    for list in ["companies", "products", "subscriptions", "invoices", "invoices/draftItems?monthOffset=0", &items] {
        let (whole, total) = pax8.all(list, 200).await;
        assert!(!whole.is_empty(), "{list}");
        for size in [1, 7, whole.len()] {
            assert_eq!(pax8.all(list, size.min(200)).await, (whole.clone(), total), "{list} by {size}");
        }
    }
}

#[tokio::test]
async fn page_parameters() {
    for (switch, query, status, size) in [
        ("", "page=0.0&size=3.0", 200, 3),
        ("", "page=0.00&size=3.000", 200, 3),
        ("", "page=0.5", 400, 0),
        ("", "sizes=3", 200, 10),
        ("", "page=99", 200, 0),
        ("", "size=201", 400, 0),
        ("", "size=0", 400, 0),
        ("", "page=-1", 400, 0),
        ("", "size=many", 400, 0),
        ("oversize=clamp", "size=1000", 200, 42),
        ("oversize=honour", "size=1000", 200, 42),
    ] {
        let pax8 = Pax8::start(sample(), switch).await;
        let reply = pax8.get(&format!("companies?{query}")).await;
        assert_eq!(reply.status, status, "{query}");
        let rows = reply.json()["content"].as_array().map_or(0, Vec::len);
        assert_eq!(rows, size, "{query} with `{switch}`");
    }
}

/// A page is a number of the partner API and an integer of the webhooks API; a month's offset is an integer.
#[tokio::test]
async fn what_is_an_integer_has_no_point() {
    let pax8 = Pax8::start(sample(), "").await;
    for (path, status) in [
        ("companies?page=0.0", 200),
        ("invoices/draftItems?page=0.0&monthOffset=1", 200),
        ("invoices/draftItems?monthOffset=1.0", 422),
        ("../api/v2/webhooks?page=0", 200),
        ("../api/v2/webhooks?page=0.0", 400),
        ("../api/v2/webhooks/topic-definitions?size=10.0", 400),
    ] {
        assert_eq!(pax8.get(path).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn failures_come_in_the_envelope() {
    let pax8 = Pax8::start(sample(), "").await;
    let invoice = text(&pax8.get("invoices").await.json()["content"][0]["id"]);
    let company = text(&pax8.get("companies").await.json()["content"][0]["id"]);
    let usage = pax8.all("subscriptions", 200).await.0;
    for (path, status) in [
        ("companies/nobody", 404),
        ("companies/nobody/contacts", 404),
        (&format!("companies/{company}/contacts/nobody"), 404),
        ("products/nothing", 404),
        ("products/nothing/pricing", 404),
        ("subscriptions/none", 404),
        ("subscriptions/none/history", 404),
        ("subscriptions/none/usage-summaries", 404),
        ("subscriptions?companyId=foreign", 403),
        ("usage-summaries/none", 404),
        ("invoices/none", 404),
        ("invoices/none/items", 404),
        (&format!("invoices/{invoice}/pdf"), 404),
        ("invoices?invoiceDate=yesterday", 400),
        ("invoices/draftItems?monthOffset=2", 422),
        ("invoices/draftItems?companyId=none", 404),
        ("orders-of-old", 404),
    ] {
        let reply = pax8.get(path).await;
        let body = reply.json();
        assert_eq!((reply.status, &body["status"]), (status, &json!(status)), "{path}");
        assert_eq!(text(&body["instance"]), format!("/public/v1/{}", path.split('?').next().unwrap()));
        assert_eq!(body["details"], json!([]));
    }
    assert!(!usage.is_empty());
}

/// What a wire record says under the names of the file.
fn column(record: &Value, name: &str) -> String {
    match name {
        "street" | "city" | "stateOrProvince" | "postalCode" | "country" => text(&record["address"][name]),
        "commitmentTerm" => text(&record["commitment"]["term"]),
        "commitmentEndDate" => text(&record["commitment"]["endDate"]),
        _ => text(&record[name]),
    }
}

/// A number as the wire writes it.
fn plain(text: String) -> String {
    if !text.contains('.') || text.parse::<Decimal>().is_err() {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

async fn nothing_is_lost(list: &str, file: File, renamed: impl Fn(&str, String) -> String) {
    let data = sample();
    let pax8 = Pax8::start(data.clone(), "plain-dates").await;
    for expected in rows(&data, file) {
        let record = pax8.get(&format!("{list}/{}", expected[0].1)).await.json();
        for (name, value) in expected {
            assert_eq!(renamed(&name, column(&record, &name)), plain(value), "{name} of {record}");
        }
    }
}

#[tokio::test]
async fn no_column_of_companies_products_or_subscriptions_is_lost() {
    nothing_is_lost("companies", File::VendorCompanies, |name, value| match name {
        "updatedDate" => value.replace(".000+0000", "Z"),
        _ => value,
    })
    .await;
    nothing_is_lost("products", File::VendorProducts, |_, value| value).await;
    nothing_is_lost("subscriptions", File::VendorSubscriptions, |_, value| value).await;
}

#[tokio::test]
async fn lists_say_less_than_single_reads() {
    let pax8 = Pax8::start(sample(), "").await;
    let full = Pax8::start(sample(), "full-lists").await;
    for (list, only_single) in [
        ("companies", "phone"),
        ("companies", "orderApprovalRequired"),
        ("subscriptions", "vendorSkuId"),
        ("products", "description"),
    ] {
        let row = pax8.get(list).await.json()["content"][0].clone();
        assert!(row.get(only_single).is_none(), "{list} {only_single}");
        let single = pax8.get(&format!("{list}/{}", text(&row["id"]))).await.json();
        assert!(single.get(only_single).is_some(), "{list} {only_single}");
        assert!(full.get(list).await.json()["content"][0].get(only_single).is_some(), "{list} {only_single}");
    }
}

#[tokio::test]
async fn no_column_of_the_invoice_items_is_lost_and_heads_add_up() {
    let data = sample();
    let pax8 = Pax8::start(data.clone(), "item-ids,carried=1250.50").await;
    let (heads, _) = pax8.all("invoices?invoiceDateRangeStart=2026-10-01&invoiceDateRangeEnd=2026-10-31", 200).await;
    assert_eq!(heads.iter().map(|h| text(&h["currencyCode"])).collect::<Vec<_>>(), ["EUR", "GBP", "USD"]);
    let mut found = Vec::new();
    for head in &heads {
        assert_eq!((text(&head["status"]), text(&head["carriedBalance"])), ("Unpaid".to_owned(), "1250.5".to_owned()));
        let (items, _) = pax8.all(&format!("invoices/{}/items", text(&head["id"])), 200).await;
        let exact = |name: &str, item: &Value| text(&item[name]).parse::<Decimal>().unwrap();
        let due: Decimal = items.iter().map(|i| exact("costTotal", i) + exact("salesTax", i)).sum();
        assert_eq!(exact("total", head), due);
        found.extend(items);
    }
    found.sort_by_key(|item| text(&item["id"]));
    let mut expected = rows(&data, File::VendorInvoiceItems);
    expected.sort_by_key(|row| row[0].1.clone());
    // what was used in a month is charged in the next
    let is_used = |row: &Vec<(String, String)>| row.contains(&("term".to_owned(), "Arrears".to_owned()));
    assert!(expected.iter().any(is_used));
    expected.retain(|row| !is_used(row));
    assert_eq!(found.len(), expected.len());
    for (item, row) in found.iter().zip(expected) {
        for (name, value) in row {
            assert_eq!(text(&item[&name]), plain(value), "{name} of {item}");
        }
    }
    assert_eq!(pax8.all("invoices?invoiceDateRangeStart=2026-11-01", 200).await.1, 0);
    assert_eq!(pax8.all("invoices?status=Credited", 200).await.1, 0);
}

#[tokio::test]
async fn invoice_switches() {
    let plain = Pax8::start(sample(), "").await;
    let bent = Pax8::start(sample(), "credited,end-exclusive").await;
    assert_eq!(plain.all("invoices", 200).await.1, 3);
    assert_eq!(bent.all("invoices", 200).await.1, 6);
    let (withdrawn, _) = bent.all("invoices?status=Credited", 200).await;
    assert_eq!(withdrawn.len(), 3);
    let item = |pax8: &Value| pax8["content"][0].clone();
    let good = text(&plain.get("invoices?status=Unpaid").await.json()["content"][0]["id"]);
    let path = format!("invoices/{good}/items");
    let (day, after) = (item(&plain.get(&path).await.json()), item(&bent.get(&path).await.json()));
    assert_eq!((text(&day["endPeriod"]), text(&after["endPeriod"])), ("2026-10-31".into(), "2026-11-01".into()));
    assert!(day.get("id").is_none(), "items have no id on the wire");
}

#[tokio::test]
async fn commitments_under_either_name() {
    for (switch, names) in [
        ("commitment=wire", [true, false]),
        ("commitment=documented", [false, true]),
        ("commitment=both", [true, true]),
    ] {
        let pax8 = Pax8::start(sample(), switch).await;
        let (all, _) = pax8.all("subscriptions", 200).await;
        let bound: Vec<&Value> =
            all.iter().filter(|s| s.get("commitment").or(s.get("commitmentTerm")).is_some()).collect();
        assert!(!bound.is_empty());
        for subscription in bound {
            let have = ["commitment", "commitmentTerm"].map(|n| subscription[n]["term"] == json!("1-Year"));
            assert_eq!(have, names, "{switch}");
        }
    }
}

#[tokio::test]
async fn dates_in_mixed_shapes_name_the_same_day() {
    let (plain, mixed) = (Pax8::start(sample(), "plain-dates").await, Pax8::start(sample(), "").await);
    let (plain, mixed) = (plain.all("subscriptions", 200).await.0, mixed.all("subscriptions", 200).await.0);
    let mut lengths = std::collections::BTreeSet::new();
    for (one, other) in plain.iter().zip(&mixed) {
        for name in ["startDate", "createdDate", "updatedDate", "endDate"] {
            let (one, other) = (text(&one[name]), text(&other[name]));
            assert_eq!(one.get(..10), other.get(..10));
            lengths.insert(other.len());
        }
    }
    assert!(lengths.contains(&10) && lengths.contains(&20) && lengths.contains(&28), "{lengths:?}");
}

#[tokio::test]
async fn filters_narrow_subscriptions() {
    let pax8 = Pax8::start(sample(), "").await;
    let (all, _) = pax8.all("subscriptions", 200).await;
    let first = &all[0];
    for name in ["companyId", "productId", "status"] {
        let wanted = text(&first[name]);
        let (some, _) = pax8.all(&format!("subscriptions?{name}={wanted}"), 200).await;
        let expected: Vec<&Value> = all.iter().filter(|s| text(&s[name]) == wanted).collect();
        assert_eq!(some.iter().collect::<Vec<_>>(), expected, "{name}");
        assert!(some.len() < all.len(), "{name}");
    }
}

#[tokio::test]
async fn contacts_prices_and_history() {
    let data = sample();
    let pax8 = Pax8::start(data.clone(), "").await;
    let contact = &rows(&data, File::VendorContacts)[0];
    let (id, company) = (&contact[0].1, &contact[1].1);
    let listed = pax8.all(&format!("companies/{company}/contacts"), 200).await.0;
    let single = pax8.get(&format!("companies/{company}/contacts/{id}")).await.json();
    assert!(listed.contains(&single));
    assert_eq!(single["types"][0], json!({ "type": "Admin", "primary": true }));

    let product = rows(&data, File::VendorProducts)[0][0].1.clone();
    let prices = pax8.get(&format!("products/{product}/pricing?companyId={company}")).await.json();
    assert_eq!(prices["content"][0]["rates"].as_array().unwrap().len(), 2, "two bands in one entry");
    assert_eq!(text(&prices["content"][0]["rates"][0]["partnerBuyRate"]), "18.7");
    assert!(prices.get("page").is_none());

    let changed = rows(&data, File::VendorHistory)[0][0].1.clone();
    let history = pax8.get(&format!("subscriptions/{changed}/history")).await.json();
    let quantities: Vec<String> = history["content"].as_array().unwrap().iter().map(|s| text(&s["quantity"])).collect();
    assert_eq!(quantities, ["11", "8", "6"], "newest first");
    let changed: Vec<String> = history["content"].as_array().unwrap().iter().map(|s| text(&s["updatedDate"])).collect();
    assert_eq!(changed, ["2026-10-17T08:30:00Z", "2026-09-01T08:30:00Z", "2026-08-01T08:30:00Z"]);
}

#[tokio::test]
async fn usage_lines_add_up_to_their_summary() {
    let pax8 = Pax8::start(sample(), "").await;
    let mut summaries = Vec::new();
    for subscription in pax8.all("subscriptions", 200).await.0 {
        let path = format!("subscriptions/{}/usage-summaries", text(&subscription["id"]));
        summaries.extend(pax8.all(&path, 200).await.0);
    }
    assert_eq!(summaries.len(), 2);
    for summary in summaries {
        let id = text(&summary["id"]);
        assert_eq!(pax8.get(&format!("usage-summaries/{id}")).await.json(), summary);
        assert_eq!(pax8.get(&format!("usage-summaries/{id}/usage-lines")).await.status, 400, "usageDate is required");
        let mut sums = [Decimal::ZERO; 3];
        for day in 1..=31 {
            let path = format!("usage-summaries/{id}/usage-lines?usageDate=2026-10-{day:02}");
            for line in pax8.all(&path, 200).await.0 {
                assert_eq!(text(&line["usageDate"]), format!("2026-10-{day:02}"));
                for (sum, name) in sums.iter_mut().zip(["currentCharges", "partnerTotal", "currentProfit"]) {
                    *sum += text(&line[name]).parse::<Decimal>().unwrap();
                }
            }
        }
        let expected = ["currentCharges", "partnerTotal"].map(|n| text(&summary[n]).parse::<Decimal>().unwrap());
        assert_eq!(sums[..2], expected);
        assert_eq!(sums[2], expected[0] - expected[1]);
    }
}

#[tokio::test]
async fn drafts_cover_what_is_active() {
    let pax8 = Pax8::start(sample(), "").await;
    for (offset, start, end) in [(0, "2026-10-01", "2026-10-31"), (1, "2026-11-01", "2026-11-30")] {
        let (items, total) = pax8.all(&format!("invoices/draftItems?monthOffset={offset}"), 200).await;
        assert_eq!(items.len(), total);
        for item in items {
            assert_eq!((text(&item["startPeriod"]), text(&item["endPeriod"])), (start.into(), end.into()));
            let exact = |name: &str| text(&item[name]).parse::<Decimal>().unwrap();
            assert_eq!(exact("costTotal"), exact("quantity") * exact("cost"));
            assert_ne!(text(&item["term"]), "Arrears");
        }
    }
}
