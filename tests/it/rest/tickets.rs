//! Tickets of a system that wraps its answers: the number of a new one stands elsewhere than that of one that is found.

use serde_json::{Value, json};
use trueup::connectors::http::Outcome;
use trueup::connectors::tickets::{ReadBack, TicketDraft, TicketSink as _};

use super::{Server, connect, customers_file, ok};

const TICKET: &str = r#"
[ticket]
post   = "/calls"
reply  = "data.callNo"
get    = "/calls/{number}"
record = "data"
find   = { get = "/calls", query = { key = "{key}" }, records = "data.rows", number = "callNo" }
[ticket.fields]
summary  = { at = "subject" }
customer = { at = "clientNo", number = true }
key      = { at = "key" }
"#;

#[tokio::test]
async fn a_ticket_of_a_system_that_wraps_its_answers_is_made_found_and_read_back() {
    let call = json!({ "callNo": 7, "clientNo": 12, "subject": "Renewal", "key": "k" });
    let server = Server::start(move |asked| match (asked.method.as_str(), asked.path.as_str()) {
        ("POST", "/calls") => {
            let mut sent: Value = serde_json::from_str(&asked.body).unwrap();
            sent["callNo"] = json!(7);
            assert_eq!(sent, call);
            ok(json!({ "data": { "callNo": 7 } }))
        }
        ("GET", "/calls") => ok(json!({ "data": { "rows": [call] } })),
        ("GET", "/calls/7") => ok(json!({ "data": call })),
        (method, path) => panic!("{method} {path}"),
    })
    .await;
    let list = "get = \"/c\"\nrecords = \"$\"\npage = { kind = \"none\", at_most = 5 }";
    let rest = connect(&server.url, &(customers_file("auth = { kind = \"none\" }", list) + TICKET));
    let draft = TicketDraft { customer: "12", summary: "Renewal", text: "", key: "k" };
    assert_eq!(rest.make_ticket(&draft).await.unwrap(), Outcome::Done("7".to_owned()));
    assert_eq!(rest.find_tickets("k").await.unwrap(), ["7"]);
    assert_eq!(rest.read_back(&draft, "7").await.unwrap(), ReadBack::There(Vec::new()));
}
