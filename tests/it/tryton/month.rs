//! A month with Tryton as the PSA: pulled by the program, linked by review, reconciled; and what the program takes for
//! billed is what Tryton itself invoices; what the month shows is written, and the month is clean then.

use serde_json::{Value, json};
use trueup::simulate::{Data, Faults, File, Pax8Credentials, Running, serve_pax8};

use super::seed::{Made, line};
use super::server::{Tryton, day};
use super::wire::Wire;
use crate::support::hermetic::Place;

const CONFIG: &str = r#"
[store]
url = "sqlite:trueup.db"

[connectors.pax8]
kind = "pax8"
side = "vendor"
base_url = "PAX8/v1"
client_id = "demo-client"
client_secret = { env = "PAX8_SECRET" }
pause_ms = 0

[connectors.erp]
kind = "rest"
side = "psa"
file = "builtin:tryton"
pause_ms = 0

[connectors.erp.settings]
url = "TRYTON"
key = { env = "TRYTON_KEY" }
"#;

/// The distributor's side of April of a scenario of this tree.
fn distributor() -> Data {
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scenarios/alder-dental-april");
    let mut data = Data::empty();
    for file in [File::VendorCompanies, File::VendorProducts, File::VendorSubscriptions, File::VendorInvoiceItems] {
        let mut reader = csv::Reader::from_path(format!("{scenario}/{}", file.name())).unwrap();
        let head = reader.headers().unwrap().clone();
        for row in reader.records().map(Result::unwrap) {
            let cells: Vec<(&str, &str)> = head.iter().zip(row.iter()).collect();
            data.table_mut(file).push(&cells);
        }
    }
    data
}

/// The MSP's side of it, and lines that bill nothing in April: one is over, one not begun, one not agreed to yet.
async fn fill(tryton: &Tryton) -> i64 {
    let mut products = Vec::new();
    for (name, code, price, cost) in [
        ("Business Premium", "BP", "25", "20"),
        ("Endpoint Protection", "EDR", "5", "3.50"),
        ("Backup", "BAK", "4.50", "3"),
        ("Cloud consumption", "CC", "1", "1"),
        ("Site survey", "SURVEY", "1", "1"),
    ] {
        products.push(tryton.product(name, code, price, cost).await);
    }
    let [premium, endpoint, backup, cloud, survey]: [Made; 5] = products.try_into().unwrap();
    let alder = tryton.party("Alder Dental", "0101").await;
    let over = json!({ "end_date": day("2026-04-01") });
    let lines = vec![
        line(premium, 10, "25", json!({ "end_date": day("2026-04-20") })),
        line(endpoint, 22, "5", json!({})),
        line(backup, 20, "4", json!({})),
        line(survey, 2, "15", json!({})),
        line(cloud, 7, "9", over),
    ];
    tryton.running(alder, "2026-04-01", json!({}), lines).await;
    tryton.running(alder, "2026-05-01", json!({}), vec![line(cloud, 8, "9", json!({}))]).await;
    tryton.draft(alder, "2026-04-01", json!({}), vec![line(backup, 5, "4", json!({}))]).await;
    alder
}

/// The rows of a report as lines of some of its columns.
fn rows(place: &Place, report: &str, columns: &[&str]) -> Vec<String> {
    let text = place.run(&format!("report {report} --period 2026-04 --format csv")).ended(0).stdout;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let head = reader.headers().unwrap().clone();
    let at: Vec<usize> = columns.iter().map(|name| head.iter().position(|column| column == *name).unwrap()).collect();
    let shown = |row: csv::StringRecord| at.iter().map(|at| row[*at].to_owned()).collect::<Vec<_>>().join(" | ");
    reader.records().map(Result::unwrap).map(shown).collect()
}

const COLUMNS: [&str; 7] = ["customer ID", "product", "vendor qty", "PSA qty", "billed", "variance", "class"];

/// A place to run the program in, between the distributor and a server.
async fn placed(tryton: &Tryton, url: &str) -> (Place, Running) {
    let credentials = Pax8Credentials::default();
    let at = "127.0.0.1:0".parse().unwrap();
    let pax8 = serve_pax8(distributor(), Faults::default(), credentials.clone(), at).await.unwrap();
    let place =
        Place::new().set("PAX8_SECRET", &credentials.client_secret).set("TRYTON_KEY", tryton.key()).set("USER", "ada");
    let config = CONFIG.replace("PAX8/", &format!("{}/", pax8.url())).replace("TRYTON\"", &format!("{url}\""));
    let config = format!("{config}recurs = \"{}\"\n", tryton.base["monthly"]);
    place.write("trueup.toml", &config);
    let _ = tokio::task::block_in_place(|| place.run("db migrate")).ended(0);
    (place, pax8)
}

/// Pulled, linked by a person, and reconciled.
fn linked(place: &Place) {
    for line in [
        "check",
        "pull --period 2026-04",
        "propose all",
        "review accept --kind customers v-alder",
        "review accept --kind products p-bp p-edr p-bak p-cloud",
        "reconcile --period 2026-04",
    ] {
        let _ = place.run(line).ended(0);
    }
}

/// The id of the record that a command says.
fn id_of(place: &Place, line: &str) -> i64 {
    let said: Value = serde_json::from_str(&place.run(line).ended(0).stdout).unwrap();
    said["id"].as_str().unwrap().parse().unwrap()
}

/// The customer and the products are made by the program, the subscription and its services by a person.
async fn made(place: &Place, tryton: &Tryton) -> (i64, [i64; 3]) {
    let make = |line: &str| tokio::task::block_in_place(|| id_of(place, &format!("psa {line} --format json --yes")));
    let alder = make("customers create --set \"name=Alder Dntal\" --set code=0101 --set city=Riga");
    let mut lines = Vec::new();
    for (name, sku, price, cost, quantity, billed) in [
        ("Business Premium", "BP", "25.00", "20.00", 10, "25"),
        ("Endpoint Protection", "EDR", "5.00", "3.50", 22, "5"),
        ("Backup", "BAK", "4.50", "3.0000", 20, "4"),
        ("Cloud consumption", "CC", "1", "1", 0, "1"),
    ] {
        let product = make(&format!(
            "products create --set \"name={name}\" --set sku={sku} --set price={price} --set cost={cost} --set category=Cloud"
        ));
        let recurs = json!({ "product": product, "consumption_recurrence": tryton.base["monthly"] });
        let service = tryton.made("sale.subscription.service", recurs).await;
        if quantity > 0 {
            lines.push(line(Made { product, service }, quantity, billed, json!({})));
        }
    }
    let subscription = tryton.running(alder, "2026-04-01", json!({}), lines).await;
    let ids = tryton.one("sale.subscription", &json!(subscription), &["lines"]).await["lines"].clone();
    let ids: Vec<i64> = ids.as_array().unwrap().iter().map(|id| id.as_i64().unwrap()).collect();
    (alder, ids.try_into().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_april_shows_is_written_and_april_is_clean_then_and_the_same_again_sends_nothing() {
    let tryton = Tryton::start().await;
    let wire = Wire::to(&tryton.url).await;
    let (place, _pax8) = placed(&tryton, &wire.url).await;
    let (alder, [premium, endpoint, backup]) = made(&place, &tryton).await;
    assert_eq!(wire.calls().len(), 5, "each record by one call");
    tokio::task::block_in_place(|| {
        linked(&place);
        assert_eq!(rows(&place, "variance", &COLUMNS).len(), 3);
        let plan = [
            format!("psa customers update {alder} --set \"name=Alder Dental\" --yes"),
            format!("psa lines update {premium} --set quantity=13 --yes"),
            format!("psa lines update {endpoint} --set quantity=24 --yes"),
            format!("psa lines update {backup} --set price=4.50 --yes"),
        ];
        for write in &plan {
            let _ = place.run(write).ended(0);
        }
        assert_eq!(wire.calls().len(), 1 + 3 * 4, "a line by four: its subscription runs");
        let _ = place.run("pull --period 2026-04").ended(0);
        let _ = place.run("reconcile --period 2026-04").ended(0);
        assert_eq!(rows(&place, "variance", &COLUMNS), [""; 0]);
        let coverage = rows(&place, "coverage", &["side", "fate", "rows", "amount"]);
        assert!(coverage.contains(&"PSA | compared | 3 | 535.00".to_owned()), "{coverage:?}");
        for write in &plan {
            let said = place.run(write).ended(0);
            assert!(said.stderr.contains("It is so already; nothing was sent."), "{}", said.transcript());
        }
        assert_eq!(wire.calls(), [""; 0]);
    });
    let invoices = tryton.bill("2026-04-30").await;
    assert_eq!(invoices.len(), 1);
    assert_eq!(invoices[0]["untaxed_amount"]["decimal"], "535.00", "as it was compared");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn april_is_reconciled_with_tryton_as_the_psa() {
    let tryton = Tryton::start().await;
    let alder = fill(&tryton).await;
    let (place, _pax8) = placed(&tryton, &tryton.url).await;
    tokio::task::block_in_place(|| {
        linked(&place);
        let columns = COLUMNS;
        let of = |rest: &str| format!("{alder} | {rest}");
        assert_eq!(
            rows(&place, "variance", &columns),
            [
                of("Business Premium | 13 | 10 | 250.00 | -75.00 | QTY_UNDERBILLED"),
                of("Endpoint Protection | 24 | 22 | 110.00 | -10.00 | QTY_UNDERBILLED"),
                of("Backup | 20 | 20 | 80.00 | -10.00 | PRICE_STALE"),
            ]
        );
        let coverage = rows(&place, "coverage", &["side", "fate", "lines that", "rows", "amount"]);
        let psa: Vec<&str> = coverage.iter().filter_map(|row| row.strip_prefix("PSA | ")).collect();
        assert_eq!(
            psa,
            [
                "compared | customer and product linked | 3 | 440.00",
                "excluded | does not bill in this month | 3 | 155.00",
                "unmapped | product not linked (own service?) | 1 | 30.00",
                "read | all of the above | 7 | 625.00",
                "unknown | could not be read | 0 | 0.00",
            ]
        );
    });
    let invoices = tryton.bill("2026-04-30").await;
    assert_eq!(invoices.len(), 1);
    assert_eq!(
        invoices[0]["untaxed_amount"]["decimal"], "470.00",
        "what is compared and what is not linked, and no more"
    );
    // A person mends a price on the draft, and posts it. Then what was invoiced counts, and not what the line says.
    let lines = tryton.every("account.invoice.line", &["description", "quantity", "unit_price", "product"]).await;
    let backup = lines.iter().find(|line| line["quantity"].as_f64() == Some(20.0)).unwrap();
    let mended = json!({ "unit_price": { "__class__": "Decimal", "decimal": "4.50" } });
    let _ = tryton.put(&format!("account.invoice.line/{}", backup["id"]), mended).await.taken();
    let again = |place: &Place| {
        for line in ["pull --period 2026-04", "reconcile --period 2026-04"] {
            let _ = place.run(line).ended(0);
        }
        rows(place, "variance", &COLUMNS)
    };
    let drafted = tokio::task::block_in_place(|| again(&place));
    assert_eq!(drafted.len(), 3, "a draft is not billed yet: {drafted:?}");
    let invoice = tryton.every("account.invoice", &["untaxed_amount"]).await.remove(0);
    assert_eq!(invoice["untaxed_amount"]["decimal"], "480.00");
    tryton.posted(&invoice).await;
    let posted = tryton.every("account.invoice", &["state"]).await;
    assert_eq!(posted[0]["state"], "posted");
    let billed = tokio::task::block_in_place(|| again(&place));
    let of = |rest: &str| format!("{alder} | {rest}");
    assert_eq!(
        billed,
        [
            of("Business Premium | 13 | 10 | 250.00 | -75.00 | QTY_UNDERBILLED"),
            of("Endpoint Protection | 24 | 22 | 110.00 | -10.00 | QTY_UNDERBILLED"),
        ],
        "what was invoiced of the backup is what was charged"
    );
    tokio::task::block_in_place(|| {
        let coverage = rows(&place, "coverage", &["side", "fate", "rows", "amount"]);
        assert!(coverage.contains(&"PSA | compared | 3 | 450.00".to_owned()), "{coverage:?}");
        // raised after it was invoiced: April stays as it was invoiced, May bills what runs
        let lines = place.run("psa lines update 1 --set quantity=13 --yes").ended(0);
        assert!(lines.stderr.contains("Done"), "{}", lines.transcript());
        assert_eq!(again(&place).len(), 2, "April is as it was invoiced");
    });
}
