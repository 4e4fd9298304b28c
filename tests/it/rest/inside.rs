//! Rows inside another record, and the tenant's own fields: read with the record, written by replacing the set as it was read.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::http::Method;
use serde_json::{Value, json};
use trueup::connectors::rest::Rest;
use trueup::connectors::writing::{Delivery, Looked, Sent, Writing as _};
use trueup::connectors::{PsaConnector as _, Unwatched};
use trueup::core::change::{self, Change, Create, CustomerField, LineField, PsaWrite, Target, Update};
use trueup::core::money::{exact, plain};

use super::{Asked, Server, file, ok, settings};

const BILLING: &str = r#"
schema = 1
name = "Invented billing"
[settings]
url = { kind = "url" }
own_id = { kind = "text", default = "Distributor [id]" }
[http]
base = "{url}"
auth = { kind = "none" }
numbers = "number"

[custom_fields]
shape = "array"
at = "own"
key = "label"
send = ["id", "value"]

[entity.customer]
id = "id"
[entity.customer.list]
get = "/clients"
records = "$"
page = { kind = "none", at_most = 10 }
[entity.customer.get]
get = "/clients/{id}"
[entity.customer.update]
patch = "/clients/{id}"
style = "merge"
clear = "null"
guard = { recheck = true }
[entity.customer.fields]
name = { at = "name" }
external_id = { custom = "{own_id}" }
status = { at = "active", codec = { kind = "enum", map = { Active = [true, 1], Inactive = [false, 0] } } }

[entity.recurring]
id = "id"
version = { at = "rev" }
[entity.recurring.list]
get = "/recurring"
records = "$"
page = { kind = "none", at_most = 10 }
[entity.recurring.get]
get = "/recurring/{id}"
[entity.recurring.fields]
customer = { at = "client" }

[entity.line]
id = "no"
parent = "recurring"
inside = "content.lines"
[entity.line.create]
probe = ["product", "quantity", "effective"]
body = { unit = "each" }
[entity.line.update]
post = "/recurring"
style = "merge"
clear = "never"
id_at = "id"
guard = { at = "rev" }
wrap = { list = true }
[entity.line.dated]
strategy = "end_and_add"
start = "effective"
end = "cancelled"
copy = ["product", "description", "quantity", "price", "cost"]
[entity.line.fields]
agreement_status = { default = "Active" }
company = { from_parent = "customer" }
product = { at = "item" }
description = { at = "text" }
kind = { default = "recurring" }
quantity = { at = "qty", codec = { kind = "decimal", scale = 2 } }
included = { default = "0" }
price = { at = "price", codec = { kind = "decimal", scale = 4 } }
cost = { at = "cost", codec = { kind = "decimal", scale = 4 } }
amount = { product_of = ["price", "quantity"] }
cost_total = { product_of = ["cost", "quantity"] }
bill = { default = "Billable" }
effective = { at = "from", codec = { kind = "date", format = "%Y-%m-%d" } }
cancelled = { at = "to", codec = { kind = "date", format = "%Y-%m-%d", ends = "last_day" } }
currency = { default = "EUR" }
"#;

type Records = Arc<Mutex<BTreeMap<String, Value>>>;

fn records() -> Records {
    let line = |no: u8, item: &str, qty: u8| json!({ "no": no, "item": item, "text": "Seat", "qty": qty, "price": 2.5, "cost": 1, "from": "2026-01-01", "note": format!("kept {no}") });
    let recurring = |id: &str, lines: Vec<Value>| {
        let record = json!({ "id": id, "rev": 1, "client": "c1", "content": { "lines": lines, "footer": "kept" } });
        (format!("/recurring/{id}"), record)
    };
    let client = json!({ "id": "c1", "name": "Harbour", "active": 1, "own": [
        { "id": 3, "label": "Distributor [id]", "type": "text", "value": "p8" }, { "id": 4, "label": "Tier", "value": "gold" } ] });
    let bare = json!({ "id": "c2", "name": "Elm", "active": true, "own": [] });
    Arc::new(Mutex::new(BTreeMap::from([
        recurring("A/1", vec![line(1, "i1", 3), line(2, "i2", 5)]),
        recurring("B", vec![line(1, "i1", 7)]),
        recurring("C", vec![]),
        ("/clients/c1".to_owned(), client),
        ("/clients/c2".to_owned(), bare),
    ])))
}

/// Reads, merges what is sent, gives new rows their number, and refuses another revision.
async fn serve(records: &Records, sent: &Arc<Mutex<Vec<Value>>>) -> (Server, Rest) {
    let (records, sent) = (Arc::clone(records), Arc::clone(sent));
    let server = Server::start(move |asked: &Asked| {
        let mut records = records.lock().unwrap();
        let path = asked.path.replace("%2F", "/");
        if asked.method == Method::GET {
            if let Some(found) = records.get(&path) {
                return ok(found);
            }
            if path.matches('/').count() > 1 {
                return (404, Vec::new(), "{}".to_owned());
            }
            let below = |name: &String| name.strip_prefix(&format!("{path}/")).is_some();
            return ok(Value::from(
                records.iter().filter(|(name, _)| below(name)).map(|(_, v)| v.clone()).collect::<Vec<_>>(),
            ));
        }
        let body: Value = serde_json::from_str(&asked.body).unwrap();
        sent.lock().unwrap().push(body.clone());
        let (path, change) = match body.as_array() {
            Some(list) => (format!("/recurring/{}", list[0]["id"].as_str().unwrap()), list[0].clone()),
            None => (path, body),
        };
        let record = records.get_mut(&path).unwrap();
        if change.get("rev").is_some_and(|rev| *rev != record["rev"]) {
            return (412, Vec::new(), "{}".to_owned());
        }
        let mut change = change;
        // its own fields it takes one by one, by their number
        for own in change.as_object_mut().unwrap().remove("own").iter().flat_map(|own| own.as_array().unwrap()) {
            let known = record["own"].as_array_mut().unwrap();
            known.iter_mut().find(|known| known["id"] == own["id"]).unwrap()["value"] = own["value"].clone();
        }
        json_patch::merge(record, &change);
        if record.get("rev").is_some() {
            record["rev"] = json!(record["rev"].as_i64().unwrap() + 1);
            let lines = record["content"]["lines"].as_array_mut().unwrap();
            let mut next = lines.iter().filter_map(|line| line["no"].as_i64()).max().unwrap_or(0);
            for line in lines.iter_mut().filter(|line| line.get("no").is_none()) {
                next += 1;
                line["no"] = json!(next);
            }
        }
        ok(record)
    })
    .await;
    let rest = Rest::new(settings(file(BILLING)).with("url", &server.url)).unwrap();
    (server, rest)
}

fn number(text: &str) -> change::Value {
    change::Value::Number(exact(text).unwrap())
}

fn target(id: &str) -> Target {
    Target { id: id.to_owned(), below: None }
}

fn more_seats(id: &str, from: &str, to: &str, effective: Option<&str>) -> PsaWrite {
    let changes =
        BTreeMap::from([(LineField::Quantity, Change { before: Some(number(from)), after: Some(number(to)) })]);
    let effective = effective.map(|day| day.parse().unwrap());
    PsaWrite::UpdateLine { update: Update { target: target(id), changes }, effective }
}

/// Looks, sends and looks again, as the engine does.
async fn written(rest: &Rest, write: &PsaWrite) -> (Option<String>, Looked) {
    rest.may_write(write).unwrap();
    let before = rest.before(write).await.unwrap();
    assert_eq!(rest.stale(write, &before).await.unwrap(), None);
    assert_eq!(rest.look(write, &before).await.unwrap(), Looked::DidNot, "nothing was sent yet");
    // the journal keeps it as text
    let before = serde_json::from_value(serde_json::to_value(&before).unwrap()).unwrap();
    let Delivery::Done(Sent { id, .. }) = rest.send(write, &before, 0).await.unwrap() else { panic!("refused") };
    let looked = rest.look(write, &before).await.unwrap();
    let now = rest.now(write, id.as_deref().unwrap()).await.unwrap();
    assert!(write.said().effective.is_some() || rest.shows(write, &before, now.as_ref()), "{now:?}");
    (id, looked)
}

#[tokio::test]
async fn rows_inside_a_record_are_read_with_it_and_known_by_both_ids() {
    let (server, rest) = serve(&records(), &Arc::default()).await;
    let pulled = rest.billed_lines("2026-10".parse().unwrap(), &Unwatched).await.unwrap();
    assert_eq!(pulled.problems(), [], "{:?}", pulled.problems());
    let found: Vec<_> = pulled
        .records()
        .iter()
        .map(|line| (line.id.as_str().to_owned(), line.company.as_str().to_owned(), plain(line.quantity.value())))
        .collect();
    let expected = [("A~11/1", "3"), ("A~11/2", "5"), ("B/1", "7")];
    assert_eq!(found, expected.map(|(id, qty)| (id.to_owned(), "c1".to_owned(), qty.to_owned())));
    assert_eq!(server.log(), ["/recurring"], "no call of their own");
}

#[tokio::test]
async fn a_set_that_is_no_list_and_two_rows_of_one_id_are_problems_of_their_record() {
    let records = records();
    {
        let mut records = records.lock().unwrap();
        records.get_mut("/recurring/B").unwrap()["content"]["lines"][0]["no"] = json!(null);
        records.get_mut("/recurring/C").unwrap()["content"]["lines"] = json!("none");
        records.get_mut("/recurring/A/1").unwrap()["content"]["lines"][1]["no"] = json!(1);
    }
    let (_server, rest) = serve(&records, &Arc::default()).await;
    let pulled = rest.billed_lines("2026-10".parse().unwrap(), &Unwatched).await.unwrap();
    let said: Vec<String> = pulled.problems().iter().map(ToString::to_string).collect();
    assert_eq!(pulled.records().len(), 1);
    assert!(said.iter().any(|what| what.contains("a list of rows expected at `content.lines`")), "{said:?}");
    assert!(said.iter().any(|what| what.contains("two rows inside one record have this id")), "{said:?}");
    assert!(said.iter().any(|what| what.contains("an id expected at `no`")), "{said:?}");
}

#[tokio::test]
async fn one_row_changes_and_every_other_stays_as_it_was_read() {
    let (records, sent) = (records(), Arc::default());
    let (_server, rest) = serve(&records, &sent).await;
    let before = records.lock().unwrap()["/recurring/A/1"].clone();
    let (id, looked) = written(&rest, &more_seats("A~11/2", "5", "6.5", None)).await;
    assert_eq!((id.as_deref(), looked), (Some("A~11/2"), Looked::Happened("A~11/2".to_owned())));
    let mut wanted = before.clone();
    wanted["content"]["lines"][1]["qty"] = json!(6.5);
    let body = json!([{ "id": "A/1", "rev": 1, "content": { "lines": wanted["content"]["lines"] } }]);
    assert_eq!(sent.lock().unwrap()[0], body);
    wanted["rev"] = json!(2);
    assert_eq!(records.lock().unwrap()["/recurring/A/1"], wanted);
    // what somebody changed meanwhile is noticed
    let stale = more_seats("A~11/2", "5", "8", None);
    let found = rest.before(&stale).await.unwrap();
    assert_eq!(rest.stale(&stale, &found).await.unwrap().unwrap(), "quantity: expected 5, found 6.5");
    records.lock().unwrap().get_mut("/recurring/A/1").unwrap()["rev"] = json!(9);
    let sent = rest.send(&more_seats("A~11/2", "6.5", "8", None), &found, 0).await.unwrap();
    assert!(matches!(sent, Delivery::Refused(_)), "another revision: {sent:?}");
    for unknown in ["A~11/9", "Z/1"] {
        let error = rest.before(&more_seats(unknown, "1", "2", None)).await.unwrap_err().to_string();
        assert!(error.contains("there is no line"), "{error}");
    }
    let error = rest.before(&more_seats("17", "1", "2", None)).await.unwrap_err().to_string();
    assert!(error.contains("does not say which record it is inside"), "{error}");
}

#[tokio::test]
async fn a_row_is_added_to_the_set_and_one_from_a_day_on_ends_the_other_in_the_same_call() {
    let (records, sent) = (records(), Arc::default());
    let (_server, rest) = serve(&records, &sent).await;
    let day = |text: &str| change::Value::Day(text.parse().unwrap());
    let fields = BTreeMap::from([
        (LineField::Product, change::Value::Text("i9".to_owned())),
        (LineField::Quantity, number("4")),
        (LineField::Effective, day("2026-11-01")),
    ]);
    let write = PsaWrite::CreateLine(Create { fields, below: Some("A/1".to_owned()), marker: "m".to_owned() });
    let (id, looked) = written(&rest, &write).await;
    assert_eq!((id.as_deref(), looked), (Some("A~11/3"), Looked::Happened("A~11/3".to_owned())));
    let lines = records.lock().unwrap()["/recurring/A/1"]["content"]["lines"].clone();
    assert_eq!(lines[2], json!({ "item": "i9", "qty": 4, "from": "2026-11-01", "unit": "each", "no": 3 }));
    assert_eq!(lines[0]["note"], "kept 1");

    let (id, looked) = written(&rest, &more_seats("A~11/1", "3", "8", Some("2026-12-01"))).await;
    assert_eq!((id.as_deref(), looked), (Some("A~11/4"), Looked::Happened("A~11/4".to_owned())));
    assert_eq!(sent.lock().unwrap().len(), 2, "one call each");
    let lines = records.lock().unwrap()["/recurring/A/1"]["content"]["lines"].clone();
    assert_eq!(
        (&lines[0]["to"], &lines[0]["qty"], &lines[0]["note"]),
        (&json!("2026-11-30"), &json!(3), &json!("kept 1"))
    );
    assert_eq!(
        (&lines[3]["from"], &lines[3]["qty"], &lines[3]["text"]),
        (&json!("2026-12-01"), &json!(8), &json!("Seat"))
    );
}

#[tokio::test]
async fn a_field_of_the_tenants_own_is_read_and_written_by_its_name_from_the_settings() {
    let (records, sent) = (records(), Arc::default());
    let (_server, rest) = serve(&records, &sent).await;
    let pulled = rest.customers(&Unwatched).await.unwrap();
    let found: Vec<_> =
        pulled.records().iter().map(|c| (c.fields.external_id.as_deref(), c.fields.status.as_deref())).collect();
    assert_eq!(found, [(Some("p8"), Some("Active")), (None, Some("Active"))], "0 and 1, or true and false");
    let text = |text: &str| Some(change::Value::Text(text.to_owned()));
    let write = |id: &str, before: Option<change::Value>| {
        let changes = BTreeMap::from([
            (CustomerField::ExternalId, Change { before, after: text("p9") }),
            (CustomerField::Status, Change { before: text("Active"), after: text("Inactive") }),
        ]);
        PsaWrite::UpdateCustomer(Update { target: target(id), changes })
    };
    let (_, looked) = written(&rest, &write("c1", text("p8"))).await;
    assert_eq!(looked, Looked::Happened("c1".to_owned()));
    let body = json!({ "active": false, "own": [{ "id": 3, "value": "p9" }, { "id": 4, "value": "gold" }] });
    assert_eq!(sent.lock().unwrap()[0], body);
    // a record that lacks it: what a write must carry of it is not known
    let lacking = write("c2", None);
    let before = rest.before(&lacking).await.unwrap();
    let error = rest.send(&lacking, &before, 0).await.unwrap_err().to_string();
    assert!(
        error.contains("the record has no field `Distributor [id]` of its own: add it in Invented billing"),
        "{error}"
    );
}
