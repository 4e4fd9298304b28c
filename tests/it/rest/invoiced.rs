//! What was invoiced of lines in a month takes their place in it; and a total is rounded as the system rounds.

use serde_json::json;
use trueup::connectors::rest::lint;
use trueup::connectors::{PsaConnector as _, Unwatched};
use trueup::core::billing::BilledLine;
use trueup::core::money::plain;

use super::{Asked, Said, Server, connect, file, ok};

const ERP: &str = r#"
schema = 1
name = "Invented ERP"
[settings]
url = { kind = "url" }
[http]
base = "{url}"
auth = { kind = "none" }
numbers = "string"

[entity.line]
id = "id"
[entity.line.list]
get = "/lines"
records = "$"
page = { kind = "none", at_most = 10 }
[entity.line.fields]
agreement_status = { at = "state", default = "Active" }
company = { default = "c1" }
currency = { default = "EUR" }
product = { default = "p1" }
kind = { default = "recurring" }
quantity = { at = "qty", codec = { kind = "decimal" } }
included = { default = "0" }
price = { default = "10" }
cost = { default = "7.25" }
amount = { product_of = ["price", "quantity"], round = { digits = 2, half = "even" } }
cost_total = { product_of = ["cost", "quantity"] }
bill = { default = "Billable" }
effective = { at = "from", codec = { kind = "date", format = "%Y-%m-%d" } }
cancelled = { at = "to", codec = { kind = "date", format = "%Y-%m-%d" } }

[entity.invoiced]
id = "no"
[entity.invoiced.list]
get = "/invoices/lines"
query = { since = "{from}", before = "{until}" }
records = "$"
page = { kind = "none", at_most = 10 }
[entity.invoiced.fields]
line = { at = "line" }
day = { at = "day", codec = { kind = "date", format = "%Y-%m-%d" } }
quantity = { at = "qty", codec = { kind = "decimal" } }
price = { at = "price", codec = { kind = "decimal" } }
amount = { product_of = ["price", "quantity"], round = { digits = 2, half = "even" } }
"#;

fn erp(asked: &Asked) -> Said {
    let row = |no: u32, line: &str, day: &str, qty: &str, price: &str| json!({ "no": no, "line": line, "day": day, "qty": qty, "price": price });
    match (asked.path.as_str(), asked.query.as_str()) {
        ("/lines", _) => ok(json!([
            { "id": "l1", "qty": "12", "from": "2026-01-01" },
            { "id": "l2", "qty": "5", "from": "2026-01-01" },
            { "id": "l3", "qty": "3", "from": "2026-01-01" },
            { "id": "l4", "qty": "0", "from": "2026-04-20", "to": "2026-04-10", "state": "Closed" },
        ])),
        ("/invoices/lines", "before=2026-05-01&since=2026-04-01") => ok(json!([
            row(1, "l1", "2026-04-01", "10", "9.5"),
            row(2, "l2", "2026-04-01", "2", "9"),
            row(3, "l2", "2026-04-15", "3", "10.001"),
            row(4, "l4", "2026-04-10", "1.5", "0.35"),
            row(5, "l3", "2026-05-01", "99", "1"),
        ])),
        ("/invoices/lines", "before=2026-06-01&since=2026-05-01") => {
            ok(json!([row(6, "l9", "2026-05-01", "1", "1"), row(7, "l1", "2026-05-01", "ten", "1"),]))
        }
        _ => (404, Vec::new(), String::new()),
    }
}

fn figures(line: &BilledLine) -> String {
    let numbers = [line.quantity.value(), line.price.value(), line.amount.value(), line.cost_total.value()].map(plain);
    let end = line.cancelled.map(|day| day.to_string()).unwrap_or_default();
    format!("{} {} {} {} {end}", line.id, numbers.join(" "), line.agreement_status, line.effective)
}

#[tokio::test]
async fn a_month_bills_what_was_invoiced_in_it_and_else_what_runs() {
    let server = Server::start(erp).await;
    let pulled = connect(&server.url, ERP).billed_lines("2026-04".parse().unwrap(), &Unwatched).await.unwrap();
    assert_eq!(pulled.problems(), []);
    assert_eq!(
        pulled.records().iter().map(figures).collect::<Vec<_>>(),
        [
            "l1 10 9.5 95 72.5 Active 2026-01-01 ",
            // in two rows at two prices, of which the second comes to 30.003; the line's own price stays
            "l2 5 10 48 36.25 Active 2026-01-01 ",
            // not invoiced in April: what was invoiced for May is none of it
            "l3 3 10 30 21.75 Active 2026-01-01 ",
            // closed since, and billed all the same; 0.525 is rounded to the even hundredth
            "l4 1.5 0.35 0.52 10.875 Active 2026-04-10 ",
        ]
    );
    let may = connect(&server.url, ERP).billed_lines("2026-05".parse().unwrap(), &Unwatched).await.unwrap();
    let found: Vec<String> = may.problems().iter().map(ToString::to_string).collect();
    assert_eq!(may.records().len(), 4, "what cannot be read leaves the rest");
    assert!(
        found.iter().any(|problem| problem.contains("was invoiced of line l9, which is not among the lines")),
        "{found:?}"
    );
    assert!(found.iter().any(|problem| problem.contains("record 7, field quantity")), "{found:?}");
}

#[test]
fn the_days_of_a_month_are_named_where_it_is_asked_for_and_nowhere_else() {
    let faults = |text: &str| match lint(&file(text)) {
        Ok(()) => String::new(),
        Err(faults) => faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    };
    assert_eq!(faults(ERP), "");
    for (from, to, told) in [
        ("get = \"/lines\"", "get = \"/lines/{from}\"", "from"),
        ("[entity.invoiced]\nid = \"no\"", "[entity.invoiced]\nid = \"no\"\nparent = \"line\"", "below no record"),
        ("line = { at = \"line\" }\n", "", "line"),
        (
            "price = { default = \"10\" }",
            "price = { default = \"10\", round = { digits = 2, half = \"even\" } }",
            "`round` is for `product_of`",
        ),
        ("half = \"even\"", "half = \"evn\"", "even"),
        ("digits = 2, half", "digits = 29, half", "at most"),
    ] {
        let found = faults(&ERP.replacen(from, to, 1));
        assert!(!found.is_empty() && found.contains(told), "{to}: {found}");
    }
}
