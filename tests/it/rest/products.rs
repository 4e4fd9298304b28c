//! Amounts that the system keeps none of: units that are included are not charged, and a file that forgets them is refused.

use serde_json::json;
use trueup::connectors::rest::lint;
use trueup::connectors::{PsaConnector as _, Unwatched};
use trueup::core::money::plain;

use super::{Server, connect, file, ok};

const PSA: &str = r#"
schema = 1
name = "PSA"
[settings]
url = { kind = "url" }
[http]
base = "{url}"
numbers = "number"
auth = { kind = "none" }

[entity.line]
id = "id"
[entity.line.list]
get = "/lines"
records = "$"
page = { kind = "none", at_most = 10 }
[entity.line.fields]
agreement_status = { default = "Active" }
company = { default = "c1" }
currency = { default = "GBP" }
product = { default = "p1" }
kind = { default = "recurring" }
quantity = { at = "qty", codec = { kind = "decimal" } }
included = { at = "free", codec = { kind = "decimal" }, default = "0" }
price = { at = "price", codec = { kind = "decimal" } }
cost = { default = "1" }
amount = { product_of = ["price", "quantity"], less = "included" }
cost_total = { product_of = ["cost", "quantity"] }
bill = { default = "Billable" }
effective = { default = "2026-01-01" }
"#;

#[tokio::test]
async fn what_a_line_includes_is_not_part_of_its_amount() {
    let rows = json!([{ "id": "l1", "qty": 10, "free": 1, "price": 22.12 }, { "id": "l2", "qty": 10, "price": 22.12 }]);
    let server = Server::start(move |_| ok(&rows)).await;
    let pulled = connect(&server.url, PSA).billed_lines("2026-04".parse().unwrap(), &Unwatched).await.unwrap();
    assert_eq!(pulled.problems(), []);
    let amounts: Vec<String> = pulled.records().iter().map(|line| plain(line.amount.value())).collect();
    assert_eq!(amounts, ["199.08", "221.2"]);
}

#[test]
fn an_amount_that_forgets_what_is_included_is_refused_with_its_line() {
    assert!(lint(&file(PSA)).is_ok());
    for (from, to, told) in [
        (
            ", less = \"included\"",
            "",
            "test.toml:27:12: entity.line.fields.amount.product_of: units that are included are not charged",
        ),
        ("less = \"included\"", "less = \"incl\"", "there is no field `incl`"),
        (
            "included = {",
            "description = { default = \"x\", less = \"price\" }\nincluded = {",
            "`less` is for `product_of`",
        ),
    ] {
        let faults = lint(&file(&PSA.replacen(from, to, 1))).unwrap_err();
        let found: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert!(found.iter().any(|fault| fault.contains(told)), "{told}: {found:?}");
    }
}
