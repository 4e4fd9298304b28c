//! What a key is for that only a write needs: records made, changed, cleared, found again after a lost answer and compared with
//! what they were come out otherwise.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};
use trueup::connectors::rest::{ConnectorFile, Rest};
use trueup::connectors::writing::{RecordSink, Writing as _};
use trueup::core::change::{Create, CustomerField, Kind, LineField, ProductField, PsaWrite, Target, Update, Value};
use trueup::simulate::CONNECTWISE;

use crate::rest::settings_of;
use crate::writing::{
    AGREEMENT, LINE, PRODUCT, all_creates, at, changes, day, line, new_customer, new_product, number, text, world,
};

/// Every step of a write, as it ended.
async fn step(rest: &Rest, write: &PsaWrite, said: &mut String) {
    if let Err(refused) = rest.may_write(write) {
        let _ = writeln!(said, "may not: {refused}");
        return;
    }
    let before = match rest.before(write).await {
        Ok(before) => before,
        Err(error) => {
            let _ = writeln!(said, "before: {error}");
            return;
        }
    };
    let stale = rest.stale(write, &before).await;
    let sent = rest.send(write, &before, 0).await;
    let looked = rest.look(write, &before).await;
    let _ = writeln!(said, "{:?}\n{stale:?}\n{sent:?}\n{looked:?}", before.fitting);
    let again = rest.before(write).await.map(|before| before.fitting);
    let _ = writeln!(said, "again: {again:?}");
}

/// A change of every field a kind has: from what it is, spelled otherwise, to something that is too long.
async fn every_field<F: Kind + std::fmt::Debug>(
    rest: &Rest,
    target: &Target,
    known: &[(&str, Option<Value>)],
    to: impl Fn(F) -> Option<Value>,
    said: &mut String,
) {
    for field in F::ALL {
        let held = known.iter().find(|(name, _)| *name == field.name()).and_then(|(_, value)| value.clone());
        let spelled = match held {
            Some(Value::Text(text)) => Some(Value::Text(format!("{text} "))),
            other => other,
        };
        let update = Update { target: target.clone(), changes: changes([(*field, spelled, to(*field))]) };
        let _ = write!(said, "{field:?}: ");
        step(rest, &F::update(update, None), said).await;
    }
}

fn long(name: &str, letters: usize) -> Value {
    text(&format!("{name} {}", "x".repeat(letters)))
}

/// All that is written, and what is there afterwards.
pub(super) async fn writing(text_of_file: &str) -> String {
    let mut said = String::new();
    for switches in ["", "drop-write=always", "403-write=always"] {
        let switches = switches.parse().unwrap();
        let running = CONNECTWISE.serve(&world(), switches, "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let text_of_file = text_of_file.replace("calls = 900", "calls = 1000000");
        let file = ConnectorFile { name: "builtin:connectwise".to_owned(), text: text_of_file };
        let rest = match Rest::new(settings_of(&CONNECTWISE, file, &running)) {
            Ok(rest) => rest,
            Err(refused) => return refused.to_string(),
        };
        let known = [
            ("name", Some(text("Harbour & Finch"))),
            ("street", Some(text("4 Quay Row"))),
            ("city", Some(text("Bristol"))),
            ("region", Some(text("England"))),
            ("postcode", Some(text("BS1 4ZZ"))),
            ("phone", Some(text("01174960000"))),
            ("website", Some(text("http://www.harbour.example/"))),
            ("country", Some(text("United Kingdom"))),
            ("status", Some(text("Active"))),
        ];
        let to = |field: CustomerField| match field.name() {
            "website" => None,
            "status" => Some(text("Prospect")),
            "country" => Some(text("United Kingdom")),
            name => Some(long(name, 300)),
        };
        by_hand(running.url()).await;
        let held = rest.held("customer", &at("101"), None).await;
        let _ = writeln!(said, "{held:?}");
        every_field(&rest, &at("101"), &known, to, &mut said).await;
        let known = [
            ("name", Some(text("Seat"))),
            ("vendor_sku", Some(text("MPN-1"))),
            ("description", Some(text("Seat"))),
            ("unit", Some(text("Each"))),
            ("category", Some(text("Licences"))),
            ("status", Some(text("Active"))),
            ("price", Some(number("22.1"))),
            ("cost", Some(number("1"))),
        ];
        let to = |field: ProductField| match field.name() {
            "status" => Some(text("Inactive")),
            "unit" => Some(text("Each")),
            "price" | "cost" => Some(number("23.05255")),
            name => Some(long(name, 6_100)),
        };
        every_field(&rest, &at(PRODUCT), &known, to, &mut said).await;
        lines(&rest, &mut said).await;
        for (_, write) in all_creates("M") {
            step(&rest, &write, &mut said).await;
        }
        // made by the file: what the person did not say; and what the system alone takes for the same
        // and found again by each of two ways alone
        let same = [
            new_customer("Harbour", "harbour", "x-1"),
            new_product("Seat", "seat", "x-2"),
            made("Quay & Co", "x-3"),
            bare("Elm & Co", &"z".repeat(60)),
            new_customer("Elm M", "ELMM", "x-4"),
            new_customer("Elm M", "OTHER", "pax8-M"),
            new_product("Mail M", "MAIL-M", "x-5"),
            new_product("Mail M", "OTHER", "prod-M"),
        ];
        for write in same {
            step(&rest, &write, &mut said).await;
        }
        let log = running.log().into_iter().filter(|entry| entry.method != "GET");
        for entry in log {
            let _ = writeln!(said, "{} {} {} {}", entry.method, entry.path, entry.status, entry.body);
        }
        let _ = writeln!(said, "{:?}", rest.held("line", &line(), None).await);
        said = said.replace(running.url(), "");
    }
    said
}

/// A customer without a code.
fn made(name: &str, marker: &str) -> PsaWrite {
    let name = (CustomerField::Name, text(&format!("{name} {}", "y".repeat(60))));
    let site = (CustomerField::Website, text(&format!("https://{}.example", "y".repeat(300))));
    PsaWrite::CreateCustomer(Create { fields: [name, site].into(), below: None, marker: marker.to_owned() })
}

/// A product of which only the name is said.
fn bare(name: &str, marker: &str) -> PsaWrite {
    let fields = [(ProductField::Name, text(&format!("{name} {}", "y".repeat(80))))].into();
    PsaWrite::CreateProduct(Create { fields, below: None, marker: marker.to_owned() })
}

/// Somebody gives a line what no field of ours holds.
async fn by_hand(url: &str) {
    let set = |path: &str, value: Json| json!({ "op": "replace", "path": path, "value": value });
    let set = json!([
        set("serialNumber", json!("S-1")),
        set("purchaseItemFlag", json!(true)),
        set("specialOrderFlag", json!(true))
    ]);
    let client = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
    let request = client.patch(format!("{url}/v4_6_release/apis/3.0/finance/agreements/{AGREEMENT}/additions/{LINE}"));
    let [company, public, private, id] =
        ["company", "public_key", "private_key", "client_id"].map(|name| CONNECTWISE.setting(name));
    let request = request.basic_auth(format!("{company}+{public}"), Some(private)).header("clientId", id);
    #[expect(clippy::disallowed_methods, reason = "somebody else's client, without retries")]
    let _ = request.json(&set).send().await;
}

async fn lines(rest: &Rest, said: &mut String) {
    assert_eq!(line().id, LINE);
    let held = |field: LineField| match field {
        LineField::Quantity => (Some(number("5")), Some(number("7.25"))),
        LineField::Included => (Some(number("0")), Some(number("1"))),
        LineField::Price => (Some(number("22.1")), Some(number("23.0525"))),
        LineField::Cost => (Some(number("18.7")), Some(number("18.70555"))),
        LineField::Bill => (Some(text("Billable")), Some(text("NoCharge"))),
        LineField::Effective => (Some(day("2026-01-01")), Some(day("2026-02-01"))),
        LineField::Cancelled => (None, Some(day("2027-01-01"))),
        LineField::Product | LineField::Description => (Some(text("x")), Some(text("202"))),
    };
    for field in LineField::ALL {
        let (before, after) = held(*field);
        let update = Update { target: line(), changes: changes([(*field, before, after)]) };
        let _ = write!(said, "{field:?}: ");
        step(rest, &PsaWrite::UpdateLine { update, effective: None }, said).await;
    }
    let reopened = changes([(LineField::Cancelled, Some(day("2027-01-01")), None)]);
    step(rest, &LineField::update(Update { target: line(), changes: reopened }, None), said).await;
    let quantity = changes([(LineField::Quantity, Some(number("7.25")), Some(number("9")))]);
    let day = "2026-11-16".parse().ok();
    step(rest, &LineField::update(Update { target: line(), changes: quantity }, day), said).await;
}
