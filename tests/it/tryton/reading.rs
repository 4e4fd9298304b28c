//! What is pulled through the shipped file is, field by field, what the server's other interface says.

use serde_json::{Value, json};
use trueup::connectors::{PsaConnector as _, Unwatched};
use trueup::core::money::plain;

use super::seed::line;
use super::server::{Tryton, day};

/// Some of everything: archived, named with blanks, coded with zeros, billed in another currency, ended, not begun.
async fn world(tryton: &Tryton) -> i64 {
    let harbour = tryton.party(" Harbour Dental ", "0012").await;
    let quay = tryton.party("Quay \"Ltd\" Ōü", "12").await;
    let gone = tryton.party("Gone Ltd", "G").await;
    let ways = json!([["create", [{ "type": "phone", "value": "+371 2000 0000" }, { "type": "website", "value": "https://quay.example" }]]]);
    let second = json!([["create", [{ "street": "Other Street 2", "city": "Ventspils" }]]]);
    let more = json!({ "contact_mechanisms": ways, "addresses": second });
    tryton.put(&format!("party.party/{quay}"), more).await.taken();
    let seat = tryton.product("Seat", "0099", "22.10", "7.2500").await;
    let backup = tryton.product("Backup", "BK", "5", "0").await;
    let euro = tryton.every("currency.currency", &["code"]).await;
    let euro = euro.iter().find(|row| row["code"] == "EUR").unwrap()["id"].clone();
    let described = json!({ "description": "Seats\nof all offices", "start_date": day("2026-10-15") });
    let lines =
        vec![line(seat, 12, "19.9900", described), line(backup, 3, "0.3333", json!({ "end_date": day("2026-10-20") }))];
    tryton.running(harbour, "2026-01-01", json!({ "end_date": day("2026-12-31") }), lines).await;
    let lines = vec![line(seat, 1, "18.50", json!({}))];
    tryton.running(quay, "2026-02-01", json!({ "currency": euro }), lines).await;
    tryton.draft(gone, "2026-10-01", json!({}), vec![line(backup, 2, "4", json!({}))]).await;
    let cancelled = tryton.draft(gone, "2026-10-01", json!({}), vec![line(backup, 2, "4", json!({}))]).await;
    tryton.pressed(cancelled, &["cancel"]).await;
    tryton.put(&format!("party.party/{gone}"), json!({ "active": false })).await.taken();
    let product = tryton.article("Old", "OLD", "1", "1").await;
    tryton.put(&format!("product.product/{product}"), json!({ "active": false })).await.taken();
    gone
}

/// A text as a record has it: none where there is nothing.
fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn state(row: &Value) -> &str {
    let active = row["active"] == json!(true) || row["active"] == json!(1);
    if active { "Active" } else { "Inactive" }
}

/// A tagged decimal's digits, without the noughts at the end.
fn digits(value: &Value) -> String {
    let text = value["decimal"].as_str().unwrap();
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
}

#[tokio::test]
async fn the_check_finds_nothing_wrong() {
    let tryton = Tryton::start().await;
    let rest = tryton.connected(&[]);
    let lists: Vec<_> =
        rest.check(&Unwatched).await.into_iter().map(|line| (line.what, line.outcome.unwrap())).collect();
    let names: Vec<&str> = lists.iter().map(|(what, _)| what.as_str()).collect();
    assert_eq!(names, ["list category", "list customer", "list invoiced", "list line", "list product", "list service"]);
    let nothing = "it answers, and holds no rows";
    assert!(lists[2..].iter().all(|(_, said)| said == nothing), "{lists:?}");
    let _ = world(&tryton).await;
    for line in rest.check(&Unwatched).await.into_iter().filter(|line| line.what != "list invoiced") {
        assert!(line.outcome.as_ref().unwrap().contains(" on the first page"), "{line:?}");
    }
}

#[tokio::test]
async fn customers_and_products_are_what_the_other_interface_says() {
    let tryton = Tryton::start().await;
    let gone = world(&tryton).await;
    let pulled = tryton.connected(&[]).customers(&Unwatched).await.unwrap();
    assert_eq!((pulled.problems(), pulled.is_complete()), (&[][..], true));
    let fields = ["name", "code", "active", "phone", "website", "_timestamp", "addresses"];
    let expected = tryton.every("party.party", &fields).await;
    assert_eq!(pulled.records().len(), expected.len());
    for (customer, row) in pulled.records().iter().zip(&expected) {
        let found = &customer.fields;
        assert_eq!(customer.id.to_string(), row["id"].to_string());
        assert_eq!((Some(&found.name), &found.code), (text(&row["name"]).as_ref(), &text(&row["code"])));
        assert_eq!((&found.phone, &found.website), (&text(&row["phone"]), &text(&row["website"])));
        assert_eq!((found.status.as_deref(), &customer.version), (Some(state(row)), &text(&row["_timestamp"])));
        let first = match row["addresses"].as_array().unwrap().first() {
            None => json!({}),
            Some(id) => tryton.one("party.address", id, &["street", "city", "postal_code"]).await,
        };
        let place = (found.street.clone(), found.city.clone(), found.postcode.clone());
        assert_eq!(place, (text(&first["street"]), text(&first["city"]), text(&first["postal_code"])), "{row}");
    }
    let names: Vec<_> = pulled.records().iter().map(|customer| customer.fields.name.as_str()).collect();
    assert_eq!(names, ["Our MSP", " Harbour Dental ", "Quay \"Ltd\" Ōü", "Gone Ltd"]);
    assert_eq!(pulled.records()[3].id.to_string(), gone.to_string());
    assert_eq!(pulled.records()[3].fields.status.as_deref(), Some("Inactive"));
    let pulled = tryton.connected(&[]).products(&Unwatched).await.unwrap();
    assert_eq!((pulled.problems(), pulled.is_complete()), (&[][..], true));
    let fields = ["name", "code", "active", "list_price_used", "cost_price", "default_uom.name", "description"];
    let expected = tryton.every("product.product", &fields).await;
    assert_eq!((pulled.records().len(), expected.len()), (3, 3));
    for (product, row) in pulled.records().iter().zip(&expected) {
        let found = &product.fields;
        assert_eq!(product.id.to_string(), row["id"].to_string());
        assert_eq!((Some(&found.name), &found.sku), (text(&row["name"]).as_ref(), &text(&row["code"])));
        assert_eq!((&found.unit, found.status.as_deref()), (&text(&row["default_uom."]["name"]), Some(state(row))));
        assert_eq!(plain(found.price.unwrap().value()), digits(&row["list_price_used"]));
        assert_eq!(plain(found.cost.unwrap().value()), digits(&row["cost_price"]));
    }
    assert_eq!(pulled.records()[0].fields.sku.as_deref(), Some("0099"));
    assert_eq!(
        plain(pulled.records()[0].fields.price.unwrap().value()),
        "22.1",
        "of its template: it has none of its own"
    );
}

#[tokio::test]
async fn the_lines_of_subscriptions_are_what_the_other_interface_says() {
    let tryton = Tryton::start().await;
    let _ = world(&tryton).await;
    let pulled = tryton.connected(&[]).billed_lines("2026-10".parse().unwrap(), &Unwatched).await.unwrap();
    assert_eq!((pulled.problems(), pulled.is_complete()), (&[][..], true));
    let fields = ["subscription", "service", "description", "quantity", "unit_price", "start_date", "end_date"];
    let expected = tryton.every("sale.subscription.line", &fields).await;
    assert_eq!((pulled.records().len(), expected.len()), (5, 5));
    for (found, row) in pulled.records().iter().zip(&expected) {
        let fields = ["number", "state", "party", "currency.code", "end_date"];
        let subscription = tryton.one("sale.subscription", &row["subscription"], &fields).await;
        let fields = ["product", "product.code", "product.cost_price"];
        let service = tryton.one("sale.subscription.service", &row["service"], &fields).await;
        assert_eq!(found.id.to_string(), row["id"].to_string());
        assert_eq!(found.agreement, text(&subscription["number"]));
        assert_eq!(found.company.to_string(), subscription["party"].to_string());
        assert_eq!(found.currency.to_string(), subscription["currency."]["code"].as_str().unwrap());
        assert_eq!(found.product.to_string(), service["product"].to_string());
        assert_eq!(found.product_code, text(&service["product."]["code"]));
        assert_eq!(found.description, text(&row["description"]));
        assert_eq!(format!("{}.0", plain(found.quantity.value())), row["quantity"].to_string());
        assert_eq!(plain(found.price.value()), digits(&row["unit_price"]));
        assert_eq!(plain(found.cost.value()), digits(&service["product."]["cost_price"]));
        assert_eq!(day(&found.effective.to_string()), row["start_date"]);
        let end = if row["end_date"].is_null() { &subscription["end_date"] } else { &row["end_date"] };
        assert_eq!(found.cancelled.map_or(Value::Null, |end| day(&end.to_string())), *end);
    }
    let other = tryton.connected(&[("default = \"1\"", "default = \"2\"")]);
    let pulled_of_other = other.billed_lines("2026-10".parse().unwrap(), &Unwatched).await.unwrap();
    assert_eq!(pulled_of_other.records(), [], "lines belong to a company");
    let figures: Vec<String> = pulled
        .records()
        .iter()
        .map(|line| {
            let [quantity, amount, cost] =
                [line.quantity.value(), line.amount.value(), line.cost_total.value()].map(plain);
            format!("{} {quantity} {amount} {cost} {}", line.agreement_status, line.currency)
        })
        .collect();
    assert_eq!(
        figures,
        [
            "Active 12 239.88 87 USD",
            "Active 3 1 0 USD",
            "Active 1 18.5 7.25 EUR",
            "Draft 2 8 0 USD",
            "Cancelled 2 8 0 USD"
        ]
    );
}

#[tokio::test]
async fn a_line_that_is_no_amount_of_a_month_is_named_and_one_that_never_bills_is_left_out() {
    let tryton = Tryton::start().await;
    let party = tryton.party("Harbour", "H").await;
    let seat = tryton.product("Seat", "S", "10", "7").await;
    let mut lines = Vec::new();
    for (freq, interval) in [("monthly", 1), ("yearly", 1), ("monthly", 3)] {
        let rule = json!({ "freq": freq, "interval": interval, "bymonthday": "1" });
        let rules = json!({ "name": format!("{interval} {freq}"), "rules": [["create", [rule]]] });
        let rhythm = tryton.made("sale.subscription.recurrence.rule.set", rules).await;
        lines.push(line(seat, 1, "10", json!({ "consumption_recurrence": rhythm })));
    }
    lines.push(line(seat, 1, "10", json!({ "consumption_recurrence": null })));
    lines.push(line(seat, 1, "10", json!({ "unit_price": null })));
    tryton.running(party, "2026-10-01", json!({}), lines).await;
    let pulled = tryton.connected(&[]).billed_lines("2026-10".parse().unwrap(), &Unwatched).await.unwrap();
    let problems: Vec<String> = pulled.problems().iter().map(ToString::to_string).collect();
    let of = |id: u8, what: &str| format!("GET /sale.subscription.line page 1, record {id}, {what}");
    assert_eq!(
        problems,
        [
            of(2, "field kind: one of \"monthly\" expected, found \"yearly\""),
            of(3, "field kind: a value is needed, found none"),
            of(5, "field price: a value is needed, found none"),
            of(5, "field amount: a value is needed, found none"),
        ]
    );
    assert_eq!(pulled.records().iter().map(|line| line.id.to_string()).collect::<Vec<_>>(), ["1"]);
}
