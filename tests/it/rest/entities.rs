//! Entities against small servers: lists below parents, what a line takes from its parent, references, defaults, products of
//! fields, rows that are gone.

use serde_json::json;
use trueup::connectors::{PsaConnector as _, Unwatched};
use trueup::core::billing::{BilledLine, LineKind};
use trueup::core::money::plain;

use super::{Asked, Said, Server, connect, ok};

const ERP: &str = r#"
schema = 1
name = "Invented ERP"
[settings]
url = { kind = "url" }
[http]
base = "{url}"
auth = { kind = "none" }
numbers = "string"

[entity.customer]
id = "no"
version = { at = "rev" }
[entity.customer.list]
get = "/customers"
records = "data.rows"
page = { kind = "none", at_most = 10 }
gone = { at = "archived", eq = true, status = "Inactive" }
[entity.customer.fields]
name = { at = "titles[lang=en].text" }
external_id = { at = "tags[].distributor" }
status = { default = "Active" }

[entity.article]
id = "id"
[entity.article.list]
get = "/articles"
records = "$"
page = { kind = "none", at_most = 10 }
[entity.article.fields]
code = { at = "code" }
cost = { at = "minor", codec = { kind = "money", unit = "minor", scale = 2, wire = "number" } }

[entity.contract]
id = "id"
[entity.contract.list]
get = "/contracts"
records = "$"
page = { kind = "none", at_most = 10 }
[entity.contract.fields]
customer = { at = "customer", codec = { kind = "ref", entity = "customer", wrap = "no" } }
currency = { at = "cur" }
status = { at = "open", codec = { kind = "enum", map = { Active = true, Cancelled = false } } }

[entity.line]
id = "id"
parent = "contract"
[entity.line.list]
get = "/contracts/{contract}/lines"
query = { of = "{contract}" }
records = "$"
page = { kind = "none", at_most = 10 }
[entity.line.fields]
agreement = { from_parent = "id" }
agreement_status = { from_parent = "status" }
company = { from_parent = "customer" }
currency = { from_parent = "currency" }
product = { at = "article" }
product_code = { at = "article", codec = { kind = "ref", entity = "article", key = "code" } }
cost = { at = "article", codec = { kind = "ref", entity = "article", key = "cost" } }
kind = { at = "kind", codec = { kind = "enum", map = { credit = "C", recurring = "R" } }, default = "recurring" }
quantity = { at = "qty", codec = { kind = "decimal" } }
included = { default = "0" }
price = { at = "price", codec = { kind = "decimal" } }
amount = { product_of = ["price", "quantity"] }
cost_total = { product_of = ["cost", "quantity"] }
bill = { default = "Billable" }
effective = { at = "from", codec = { kind = "date", format = "%d.%m.%Y" } }
cancelled = { at = "to", codec = { kind = "date", format = "%d.%m.%Y" } }
"#;

fn erp(asked: &Asked) -> Said {
    let line = |id: &str, article: u32, rest: serde_json::Value| {
        let mut line =
            json!({ "id": id, "article": article, "qty": "3", "price": "10.005", "from": "01.04.2026", "to": null });
        line.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        line
    };
    match asked.path.as_str() {
        "/customers" => ok(json!({ "data": { "rows": [
            { "no": "0012", "rev": 7, "titles": [{ "lang": "de", "text": "Hafen" }, { "lang": "en", "text": "Harbour" }],
              "tags": [{}, { "distributor": "D-1" }], "archived": false },
            { "no": "0013", "titles": [{ "lang": "en", "text": "Quay" }], "archived": true },
            { "no": "0014", "titles": [{ "lang": "de", "text": "Kai" }] },
            { "titles": [{ "lang": "en", "text": "No number" }] },
        ] } })),
        "/articles" => ok(json!([{ "id": 1, "code": "SEAT", "minor": 725 }, { "id": 2, "code": "DISK" }])),
        "/contracts" => ok(json!([
            { "id": "A/1", "customer": { "no": "0012" }, "cur": "EUR", "open": true },
            { "id": "B 2", "customer": { "no": "0013" }, "cur": "Euro", "open": false },
            { "id": "C3", "customer": "0013", "cur": "EUR", "open": "maybe" },
            { "id": "D4", "customer": { "no": "0012" }, "cur": "EUR", "open": true },
        ])),
        "/contracts/A%2F1/lines" => {
            assert_eq!(asked.query, "of=A%2F1");
            ok(json!([
                line("l1", 1, json!({})),
                line("l2", 1, json!({ "kind": "C", "qty": "-1.5", "to": "30.04.2026" })),
                line("l3", 1, json!({ "kind": "X" })),
                line("l4", 2, json!({})),
                line("l5", 9, json!({ "from": "2026-04-01" })),
            ]))
        }
        "/contracts/B%202/lines" => ok(json!([line("l6", 1, json!({}))])),
        "/contracts/C3/lines" => ok(json!([line("l7", 1, json!({})), line("l1", 1, json!({}))])),
        _ => (404, Vec::new(), String::new()),
    }
}

fn figures(line: &BilledLine) -> String {
    let numbers =
        [line.quantity.value(), line.price.value(), line.amount.value(), line.cost.value(), line.cost_total.value()];
    let cancelled = line.cancelled.map(|day| day.to_string()).unwrap_or_default();
    format!("{} {} {} {cancelled}", line.id, line.effective, numbers.map(plain).join(" "))
}

#[tokio::test]
async fn lines_take_from_parents_and_references_and_every_fault_is_named() {
    let server = Server::start(erp).await;
    let pulled = connect(&server.url, ERP).billed_lines("2026-04".parse().unwrap(), &Unwatched).await.unwrap();
    let lines: Vec<String> = pulled.records().iter().map(figures).collect();
    assert_eq!(
        lines,
        ["l1 2026-04-01 3 10.005 30.015 7.25 21.75 ", "l2 2026-04-01 -1.5 10.005 -15.0075 7.25 -10.875 2026-04-30"]
    );
    let first = &pulled.records()[0];
    assert_eq!((first.agreement.as_deref(), first.agreement_status.as_str()), (Some("A/1"), "Active"));
    assert_eq!((first.company.as_str(), first.product_code.as_deref()), ("0012", Some("SEAT")));
    assert_eq!((first.currency.as_str(), first.kind), ("EUR", LineKind::Recurring));
    assert_eq!(pulled.records()[1].kind, LineKind::Credit);
    let mut found: Vec<String> = pulled.problems().iter().map(ToString::to_string).collect();
    found.sort();
    let below = |contract: &str| format!("GET /contracts/{contract}/lines page 1, record");
    let mut expected = vec![
        "GET /contracts page 1, record C3, field customer: an object with `no` expected, found \"0013\"".to_owned(),
        "GET /contracts page 1, record C3, field status: one of true, false expected, found \"maybe\"".to_owned(),
        "GET /contracts/D4/lines of=D4, record D4: the list below it cannot be read: not found (404)".to_owned(),
        format!("{} l3, field kind: one of \"C\", \"R\" expected, found \"X\"", below("A%2F1")),
        format!("{} l4, field cost: a value is needed, found none", below("A%2F1")),
        format!("{} l4, field cost_total: a value is needed, found none", below("A%2F1")),
        format!("{} l5, field cost: no article with id 9 and a cost is listed", below("A%2F1")),
        format!("{} l5, field cost_total: it is computed from `cost`, which cannot be read", below("A%2F1")),
        format!("{} l5, field effective: a date (%d.%m.%Y) expected, found \"2026-04-01\"", below("A%2F1")),
        format!("{} l5, field product_code: no article with id 9 and a code is listed", below("A%2F1")),
        format!(
            "{} l6, field currency: a currency code of three capital letters expected, found text `Euro`",
            below("B%202")
        ),
        format!("{} l1: it is listed below two records; the first one counts", below("C3")),
    ];
    for id in ["l7", "l1"] {
        for (field, of) in [("agreement_status", "status"), ("company", "customer")] {
            expected.push(format!(
                "{} {id}, field {field}: it is taken from record C3 above, where `{of}` cannot be read",
                below("C3")
            ));
        }
    }
    expected.sort();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn customers_are_kept_with_what_could_be_read() {
    let server = Server::start(erp).await;
    let rest = connect(&server.url, ERP);
    let pulled = rest.customers(&Unwatched).await.unwrap();
    let found: Vec<_> = pulled
        .records()
        .iter()
        .map(|customer| {
            let fields = &customer.fields;
            (customer.id.as_str(), fields.name.as_str(), fields.external_id.as_deref(), fields.status.as_deref())
        })
        .collect();
    assert_eq!(found, [("0012", "Harbour", Some("D-1"), Some("Active")), ("0013", "Quay", None, Some("Inactive"))]);
    assert_eq!(pulled.records()[0].version.as_deref(), Some("7"));
    let problems: Vec<String> = pulled.problems().iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            "GET /customers page 1, field id: an id expected at `no`, found none in {\"titles\":[{\"lang\":\"en\",\"text\":\"No \
             number\"}]}",
            "GET /customers page 1, record 0014, field name: a value is needed, found none",
        ]
    );
    assert!(rest.bundles(&Unwatched).await.unwrap().is_none());
    let missing = rest.products(&Unwatched).await.unwrap_err().to_string();
    assert_eq!(missing, "psa: read product: the file has no entity `product`");
}

#[tokio::test]
async fn a_check_follows_references() {
    let text = ERP.replacen(
        "[entity.customer.list]",
        "[entity.customer.get]\nget = \"/customers/{id}\"\nrecord = \"row\"\n[entity.customer.list]",
        1,
    );
    for (answer, expected) in [
        (ok(json!({ "row": { "no": "0012" } })), None),
        (ok(json!({ "row": { "no": "0099" } })), Some("and /customers/0012 answers {\"row\":{\"no\":\"0099\"}}")),
        (
            (404, Vec::new(), String::new()),
            Some("`customer` refers to customer 0012: psa: GET /customers/0012: not found"),
        ),
    ] {
        let server = Server::start(move |asked| match asked.path.as_str() {
            "/customers/0012" => answer.clone(),
            "/contracts" => ok(json!([{ "id": "A/1", "customer": { "no": "0012" }, "cur": "EUR", "open": true }])),
            _ => erp(asked),
        })
        .await;
        let lines = connect(&server.url, &text).check(&Unwatched).await;
        let contract = lines.into_iter().find(|line| line.what == "list contract").unwrap();
        match expected {
            None => assert_eq!(contract.outcome, Ok("1 rows on the first page, such as A/1".to_owned())),
            Some(part) => assert!(contract.outcome.as_ref().unwrap_err().what.contains(part), "{contract:?}"),
        }
    }
}
