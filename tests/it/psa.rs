//! `trueup psa`: records of a small PSA behind a connector file, read, made and changed by a person; and what is left of a
//! change of two calls.
#![cfg(test)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{Method, StatusCode, Uri};
use serde_json::{Value, json};

use crate::support::hermetic::{Place, Ran};

const FILE: &str = r#"
schema = 1
name = "Acme"
[settings]
url = { kind = "url" }
[http]
base = "{url}"
auth = { kind = "none" }
numbers = "string"

[entity.customer]
id = "id"
[entity.customer.list]
get = "/clients"
records = "$"
page = { kind = "none", at_most = 100 }
[entity.customer.get]
get = "/clients/{id}"
[entity.customer.create]
post = "/clients"
[entity.customer.update]
patch = "/clients/{id}"
style = "merge"
clear = "null"
guard = { recheck = true }
[entity.customer.link]
at = "foreign.id"
[entity.customer.fields]
name    = { at = "name", max = 12 }
phone   = { at = "phones[type=main].number", new = { type = "main" }, compare = "phone" }
website = { at = "web" }
code    = { at = "code", dir = "create", make = "slug(name)", max = 6 }

[entity.agreement]
id = "id"
[entity.agreement.list]
get = "/agreements"
records = "$"
page = { kind = "none", at_most = 100 }

[entity.line]
id = "id"
parent = "agreement"
dated = { strategy = "end_and_add", start = "effective", end = "cancelled", copy = ["product", "quantity", "price", "cost"] }
[entity.line.list]
get = "/agreements/{agreement}/lines"
records = "$"
page = { kind = "none", at_most = 100 }
[entity.line.get]
get = "/agreements/{agreement}/lines/{id}"
[entity.line.create]
post = "/agreements/{agreement}/lines"
probe = ["product", "effective"]
[entity.line.update]
patch = "/agreements/{agreement}/lines/{id}"
style = "merge"
clear = "null"
guard = { recheck = true }
[entity.line.fields]
agreement_status = { default = "Active" }
company    = { default = "1" }
currency   = { default = "USD" }
kind       = { default = "recurring" }
bill       = { default = "Billable" }
included   = { default = "0" }
product    = { at = "item" }
quantity   = { at = "qty", codec = { kind = "decimal", scale = 2 } }
price      = { at = "price", codec = { kind = "money", unit = "major", scale = 4 } }
cost       = { at = "cost", codec = { kind = "money", unit = "major", scale = 4 } }
amount     = { product_of = ["price", "quantity"] }
cost_total = { product_of = ["cost", "quantity"] }
effective  = { at = "from", codec = { kind = "date", format = "%Y-%m-%d" } }
cancelled  = { at = "until", codec = { kind = "date", format = "%Y-%m-%d" } }
"#;

/// Lists of rows by their address, and what is not answered as it should be.
#[derive(Default)]
struct Acme {
    lists: BTreeMap<String, Vec<Value>>,
    log: Vec<String>,
    /// The start of a logged call that is refused.
    refuses: Option<String>,
}

impl Acme {
    fn answer(&mut self, method: &Method, path: &str, body: &[u8]) -> (u16, Value) {
        let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        self.log.push(if body.is_null() { format!("{method} {path}") } else { format!("{method} {path} {body}") });
        if self.refuses.as_ref().is_some_and(|start| self.log.last().unwrap().starts_with(start)) {
            return (403, json!({ "message": "not you" }));
        }
        if let Some(rows) = self.lists.get_mut(path) {
            if *method == Method::POST {
                let mut made = body;
                made["id"] = json!(format!("n{}", rows.len()));
                rows.push(made.clone());
                return (200, made);
            }
            return (200, json!(rows));
        }
        let (list, id) = path.rsplit_once('/').unwrap();
        let row = self.lists.get_mut(list).and_then(|rows| rows.iter_mut().find(|row| row["id"] == id));
        let Some(row) = row else { return (404, json!({ "message": "none" })) };
        if *method == Method::PATCH {
            json_patch::merge(row, &body);
        }
        (200, row.clone())
    }
}

struct Desk {
    place: Place,
    acme: Arc<Mutex<Acme>>,
}

impl Desk {
    async fn new() -> Self {
        let acme = Arc::new(Mutex::new(Acme::default()));
        let client = json!({ "id": "c1", "name": "Harbour Ltd", "web": "harbour.example", "kept": { "deep": [1, null] },
            "phones": [{ "type": "fax", "number": "1" }, { "type": "main", "number": "2" }] });
        let line =
            json!({ "id": "l1", "item": "SEAT", "qty": "10", "price": "22.10", "cost": "18.5", "from": "2026-01-01" });
        acme.lock().unwrap().lists = BTreeMap::from([
            ("/clients".to_owned(), vec![client]),
            ("/agreements".to_owned(), vec![json!({ "id": "a1" })]),
            ("/agreements/a1/lines".to_owned(), vec![line]),
        ]);
        let kept = Arc::clone(&acme);
        let app = Router::new().fallback(move |method: Method, uri: Uri, body: Bytes| {
            let (status, answer) = kept.lock().unwrap().answer(&method, uri.path(), &body);
            async move { (StatusCode::from_u16(status).unwrap(), answer.to_string()) }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let place = Place::new();
        place.write("acme.toml", FILE);
        let config = format!(
            "[connectors.acme]\nkind = \"rest\"\nside = \"psa\"\nfile = \"acme.toml\"\nsettings.url = \"{url}\"\n"
        );
        place.write("trueup.toml", &config);
        let _ = place.run("db migrate").ended(0);
        Self { place, acme }
    }

    fn run(&self, line: &str, status: i32) -> Ran {
        self.place.run(line).ended(status)
    }

    /// What was sent that changes something, since the last time.
    fn sent(&self) -> Vec<String> {
        let log = std::mem::take(&mut self.acme.lock().unwrap().log);
        log.into_iter().filter(|call| !call.starts_with("GET")).collect()
    }

    fn row(&self, list: &str, index: usize) -> Value {
        self.acme.lock().unwrap().lists[list][index].clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_shown_and_asked_and_touches_what_it_names_alone() {
    let desk = Desk::new().await;
    let line = "psa customers update c1 --set phone=3 --clear website";
    let shown = desk.run(line, 2).stderr;
    assert!(shown.contains("phone    2 → 3") && shown.contains("website  harbour.example → (nothing)"), "{shown}");
    assert!(
        shown.contains("PATCH http://") && shown.contains("/clients/c1") && shown.contains("nothing was sent"),
        "{shown}"
    );
    assert_eq!(desk.sent(), Vec::<String>::new());
    let mut wanted = desk.row("/clients", 0);
    let done = desk.run(&format!("{line} --yes"), 0);
    assert!(done.stderr.contains("Done: update customer, number 1 in the journal."), "{}", done.stderr);
    assert!(done.stdout.contains("phone  3"), "{}", done.stdout);
    wanted["phones"][1]["number"] = json!("3");
    wanted.as_object_mut().unwrap().remove("web");
    assert_eq!(desk.row("/clients", 0), wanted);
    assert_eq!(desk.sent().len(), 1);
    let again = desk.run(&format!("{line} --yes"), 0).stderr;
    assert!(again.contains("It is so already"), "{again}");
    assert_eq!(desk.sent(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_made_once_and_found_by_its_marker() {
    let desk = Desk::new().await;
    let line = "psa customers create --set \"name=Quay & Söhne Limited\" --set phone=9 --yes";
    let made = desk.run(line, 0).stdout;
    assert!(made.contains("id     n1") && made.contains("name   Quay & Söhne"), "{made}");
    let row = desk.row("/clients", 1);
    assert_eq!((&row["name"], &row["code"]), (&json!("Quay & Söhne"), &json!("QuaySo")), "cut as the server keeps it");
    assert_eq!(row["phones"], json!([{ "type": "main", "number": "9" }]));
    assert!(row["foreign"]["id"].as_str().unwrap().starts_with("trueup-"), "{row}");
    assert_eq!(desk.sent().len(), 1);
    let again = desk.run(line, 4).stderr;
    assert!(again.contains("customer n1 is there already and fits it; nothing was sent"), "{again}");
    assert_eq!(desk.sent(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_changes_from_a_day_on_and_what_is_left_of_it_is_sent_later() {
    let desk = Desk::new().await;
    desk.acme.lock().unwrap().refuses = Some("PATCH".to_owned());
    let line = "psa lines update l1 --below a1 --set quantity=12 --from 2026-03-15 --yes";
    let half = desk.run(line, 5).stderr;
    assert!(half.contains("1 of its calls took effect, and not the rest"), "{half}");
    let lines = desk.acme.lock().unwrap().lists["/agreements/a1/lines"].len();
    assert_eq!(lines, 2, "the next line is there, the old one goes on");
    // It is not sent a second time while it is open, and what is left is sent when somebody looks.
    desk.acme.lock().unwrap().refuses = None;
    let mut said = String::new();
    let _ = write!(said, "{}", desk.run("journal settle 1", 0).transcript());
    let added =
        json!({ "id": "n1", "item": "SEAT", "qty": "12", "price": "22.10", "cost": "18.5", "from": "2026-03-15" });
    assert_eq!(plain(&desk.row("/agreements/a1/lines", 1)), plain(&added), "{said}");
    assert_eq!(desk.row("/agreements/a1/lines", 0)["until"], "2026-03-15");
    let calls = desk.sent();
    assert_eq!(calls.iter().filter(|call| call.starts_with("POST")).count(), 1, "{calls:?}");
}

/// Decimals without the zeros at their end.
fn plain(row: &Value) -> Value {
    let mut row = row.clone();
    for name in ["qty", "price", "cost"] {
        let text = row[name].as_str().unwrap().parse::<rust_decimal::Decimal>().unwrap().normalize().to_string();
        row[name] = json!(text);
    }
    row
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_is_refused_with_the_words_there_are() {
    let desk = Desk::new().await;
    for (line, expected) in [
        ("psa customers update c1 --set nam=x", "a customer has no field `nam`\nhint: Did you mean `name`?"),
        ("psa customers update c1 --set name=", "name: a value expected, found none\nhint: --clear name empties it."),
        ("psa customers update c1 --set code=x", "`code` of a customer is fixed once it is made"),
        ("psa customers update c1 --set city=x", "`city` has no place in Acme"),
        ("psa lines update l1 --below a1 --set quantity=1.005", "1.005 has more decimals than the 2 the server keeps"),
        ("psa products update p1 --set name=x", "the file has no entity `product`"),
        ("psa customers update c1 --set name=x --from 2026-01-01", "--from is for lines"),
        (
            "psa lines update l1 --below a1 --set quantity=3 --from 2025-01-01",
            "it starts on 2026-01-01, after 2025-01-01",
        ),
    ] {
        let ran = desk.run(&format!("{line} --yes"), 2);
        assert!(ran.stderr.contains(expected), "{line}: {}", ran.stderr);
    }
    assert_eq!(desk.sent(), Vec::<String>::new());
}
