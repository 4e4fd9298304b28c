//! ConnectWise's wire format: credentials, links, conditions, and that no column of the data is lost on the way.

use serde_json::{Value, json};
use trueup::simulate::{Data, File};

use super::{API, Psa, next, rows, sample, send, text};

#[tokio::test]
async fn credentials_and_client_id_are_demanded() {
    let psa = Psa::start(sample(), "").await;
    let url = format!("{}/{API}/system/info", psa.running.url());
    let id = "00000000-0000-4000-a000-000000000000";
    let bare = || psa.http.get(&url);
    for (request, status) in [
        (psa.request(&url), 200),
        (bare(), 401),
        (bare().header("clientId", id), 401),
        (bare().basic_auth("demo+public", Some("private")), 401),
        (bare().basic_auth("demo+public", Some("other")).header("clientId", id), 401),
        (bare().basic_auth("other+public", Some("private")).header("clientId", id), 401),
    ] {
        let reply = send(request).await.unwrap();
        assert_eq!(reply.status, status, "{}", reply.text);
        assert_eq!(reply.json().get("code").is_some(), status == 401);
    }
}

#[tokio::test]
async fn the_code_base_can_be_looked_up_without_credentials() {
    let psa = Psa::start(sample(), "").await;
    let ask = |company: &str| send(psa.http.get(format!("{}/login/companyinfo/{company}", psa.running.url())));
    assert_eq!(ask("demo").await.unwrap().json()["Codebase"], "v4_6_release/");
    assert_eq!(ask("other").await.unwrap().json(), Value::Null);
    let old = send(psa.request(&format!("{}/v2019_5/apis/3.0/system/info", psa.running.url()))).await.unwrap();
    assert_eq!(old.status, 404);
}

#[tokio::test]
async fn links_lead_through_every_row_once() {
    let psa = Psa::start(sample(), "").await;
    for list in ["company/companies", "procurement/catalog", "finance/agreements"] {
        let (whole, pages) = psa.all(list, 1000).await;
        assert_eq!(pages, 1);
        let count = psa.get(&format!("{list}/count")).await.json();
        assert_eq!(count, json!({ "count": whole.len() }), "{list}");
        for size in [1, 7, whole.len()] {
            let (rows, pages) = psa.all(list, size).await;
            assert_eq!((rows, pages), (whole.clone(), whole.len().div_ceil(size)), "{list} by {size}");
        }
        let single = psa.get(&format!("{list}/{}", text(&whole[0]["id"]))).await.json();
        assert_eq!(single, whole[0]);
    }
}

#[tokio::test]
async fn page_parameters() {
    let psa = Psa::start(sample(), "").await;
    for (query, status, rows) in [
        ("", 200, 25),
        ("page=2", 200, 19),
        ("page=9", 200, 0),
        ("pageSize=5000", 200, 44),
        ("page=0", 400, 0),
        ("pageSize=0", 400, 0),
        ("pageSize=many", 400, 0),
        ("conditions=id%3D20003", 200, 1),
        ("conditions=deletedFlag%3DFalse%20AND%20name%20like%20%22Tidewater*%22", 200, 1),
        ("conditions=id%3D20003%20OR%20id%3D1", 200, 1),
        ("conditions=(id%3D20003", 400, 0),
        ("conditions=nonsense", 400, 0),
        ("orderBy=name%20sideways", 400, 0),
    ] {
        let reply = psa.get(&format!("company/companies?{query}")).await;
        assert_eq!(reply.status, status, "{query}");
        assert_eq!(reply.json().as_array().map_or(0, Vec::len), rows, "{query}");
        if status == 400 {
            assert!(reply.json()["message"].is_string(), "{query}");
        }
    }
    let last = psa.get("company/companies?page=2").await.link.unwrap();
    assert!(next(&last).is_none() && last.contains("rel=\"prev\""), "{last}");
}

#[tokio::test]
async fn order_and_fields() {
    let psa = Psa::start(sample(), "").await;
    let ids = |rows: &Value| rows.as_array().unwrap().iter().map(|r| r["id"].as_u64().unwrap()).collect::<Vec<_>>();
    let up = ids(&psa.get("company/companies?orderBy=id%20asc&pageSize=1000").await.json());
    let mut down = ids(&psa.get("company/companies?orderBy=id%20desc&pageSize=1000").await.json());
    down.reverse();
    assert!(up.is_sorted());
    assert_eq!(up, down);
    let narrow = psa.get("company/companies?pageSize=1&fields=id,name").await.json();
    assert_eq!(narrow[0].as_object().unwrap().keys().collect::<Vec<_>>(), ["id", "name"]);
}

#[tokio::test]
async fn forward_only_pages_end_with_an_empty_one() {
    let psa = Psa::start(sample(), "").await;
    let mut url = format!("{}/{API}/company/companies?pageSize=20", psa.running.url());
    let mut sizes = Vec::new();
    loop {
        let reply = send(psa.request(&url).header("pagination-type", "forward-only")).await.unwrap();
        sizes.push(reply.json().as_array().unwrap().len());
        url = reply.link.as_deref().and_then(next).expect("a next page is always named");
        if sizes.last() == Some(&0) {
            break;
        }
    }
    assert_eq!(sizes, [20, 20, 4, 0]);
}

#[tokio::test]
async fn forward_only_pages_miss_nothing_where_rows_vanish() {
    let psa = Psa::start(sample(), "delete=1").await;
    let all = psa.all("company/companies", 1000).await.0;
    let read = |url: String| send(psa.request(&url).header("pagination-type", "forward-only"));
    let first = read(format!("{}/{API}/company/companies?pageSize=20&orderBy=name", psa.running.url())).await.unwrap();
    let second = read(next(first.link.as_deref().unwrap()).unwrap()).await.unwrap();
    assert_eq!(first.json().as_array().unwrap(), &all[..20], "in the order of their ids");
    assert_eq!(second.json().as_array().unwrap(), &all[20..40], "although the first has gone");
}

#[tokio::test]
async fn conditions_on_children_and_conditions_in_a_body_choose_as_others_do() {
    let psa = Psa::start(sample(), "").await;
    let all = psa.all("company/companies", 1000).await.0;
    let wanted: Vec<&Value> = all.iter().filter(|row| row["types"][0]["name"] == all[0]["types"][0]["name"]).collect();
    let kind = text(&all[0]["types"][0]["name"]);
    let children = psa.get(&format!("company/companies?pageSize=1000&childConditions=types/name%3D%22{kind}%22")).await;
    assert_eq!(children.json().as_array().unwrap().iter().collect::<Vec<_>>(), wanted);
    let none = psa.get("company/companies?childConditions=types/name%3D%22Nobody%22").await;
    assert_eq!(none.json(), json!([]));
    let ids = [&all[0]["id"], &all[2]["id"]];
    let body = json!({ "conditions": format!("id={} or id={}", ids[0], ids[1]), "orderBy": "id desc" });
    let found = psa.call(reqwest::Method::POST, "company/companies/search?fields=id", &body).await;
    assert_eq!((found.status, found.json()), (200, json!([{ "id": ids[1] }, { "id": ids[0] }])));
    let odd = psa.call(reqwest::Method::POST, "company/companies/search", &json!({ "condition": "id=1" })).await;
    assert_eq!(odd.status, 400);
    let one = psa.get("company/companies/20003?fields=id,name").await.json();
    assert_eq!(one.as_object().unwrap().keys().collect::<Vec<_>>(), ["id", "name"]);
}

#[tokio::test]
async fn after_an_upgrade_the_old_code_base_is_not_found() {
    let psa = Psa::start(sample(), "upgrade=nth:2").await;
    let ask = |base: &str| send(psa.request(&format!("{}/{base}apis/3.0/system/info", psa.running.url())));
    assert_eq!(ask("v4_6_release/").await.unwrap().status, 200);
    assert_eq!(ask("v4_6_release/").await.unwrap().status, 404);
    let info = send(psa.http.get(format!("{}/login/companyinfo/demo", psa.running.url()))).await.unwrap();
    assert_eq!(ask(&text(&info.json()["Codebase"])).await.unwrap().status, 200);
}

#[tokio::test]
async fn an_agreement_has_one_invoice_of_the_month_and_it_has_no_lines() {
    let psa = Psa::start(sample(), "").await;
    let (invoices, _) = psa.all("finance/invoices", 1000).await;
    assert!(!invoices.is_empty());
    assert_eq!(psa.get("finance/invoices/count").await.json(), json!({ "count": invoices.len() }));
    for invoice in &invoices {
        let date = text(&invoice["date"]);
        let additions = format!("finance/agreements/{}/additions?pageSize=1000", text(&invoice["agreement"]["id"]));
        let billed: f64 = psa
            .get(&additions)
            .await
            .json()
            .as_array()
            .unwrap()
            .iter()
            .filter(|line| {
                let (from, to) = (text(&line["effectiveDate"]), text(&line["cancelledDate"]));
                line["billCustomer"] == "Billable"
                    && from[..7] <= date[..7]
                    && (line["cancelledDate"].is_null() || to >= date)
            })
            .map(|line| line["extPrice"].as_f64().unwrap_or_default())
            .sum();
        assert!((invoice["total"].as_f64().unwrap() - billed).abs() < 0.006, "{invoice}: {billed}");
        assert_eq!(invoice["agreementAmount"], invoice["total"]);
        let one = psa.get(&format!("finance/invoices/{}", text(&invoice["id"]))).await;
        assert_eq!(one.json(), *invoice);
    }
    let made = psa.call(reqwest::Method::POST, "finance/invoices", &json!({ "type": "Agreement" })).await;
    assert_eq!(made.status, 405);
}

/// The line an addition and its agreement stand for, column by column.
fn line(agreement: &Value, addition: &Value, column: &str) -> String {
    let day = |name: &str| text(&addition[name]).trim_end_matches("T00:00:00Z").to_owned();
    // the first day that is not billed follows the last that is
    let after = |day: String| day.parse::<chrono::NaiveDate>().map_or(day, |last| last.succ_opt().unwrap().to_string());
    match column {
        "agreementName" => text(&agreement["name"]),
        "agreementStatus" => text(&agreement["agreementStatus"]),
        "companyId" => text(&agreement["company"]["id"]),
        "companyName" => text(&agreement["company"]["name"]),
        "currencyCode" => text(&agreement["currency"]["currencyCode"]),
        "productId" => text(&addition["product"]["id"]),
        "productIdentifier" => text(&addition["product"]["identifier"]),
        "extendedPrice" => text(&addition["extPrice"]),
        "extendedCost" => text(&addition["extCost"]),
        "effectiveDate" => day(column),
        "cancelledDate" => after(day(column)),
        "lineType" => {
            let fields = addition["customFields"].as_array().unwrap();
            text(&fields.iter().find(|f| f["caption"] == "Line Type").unwrap()["value"])
        }
        other => text(&addition[other]),
    }
}

async fn served_lines(data: &Data) -> Vec<Vec<(String, String)>> {
    let psa = Psa::start(data.clone(), "").await;
    let mut found = Vec::new();
    for agreement in psa.all("finance/agreements", 1000).await.0 {
        let path = format!("finance/agreements/{}/additions", text(&agreement["id"]));
        for addition in psa.all(&path, 1000).await.0 {
            let columns = data.table(File::PsaAgreementLines).columns();
            found.push(columns.iter().map(|c| (c.clone(), line(&agreement, &addition, c))).collect());
        }
    }
    found.sort();
    found
}

fn sorted_lines(data: &Data) -> Vec<Vec<(String, String)>> {
    let mut lines = rows(data, File::PsaAgreementLines);
    lines.sort();
    lines
}

#[tokio::test]
async fn no_column_of_the_agreement_lines_is_lost() {
    let data = sample();
    let found = served_lines(&data).await;
    assert!(found.iter().flatten().any(|(_, value)| value == "1O"), "the unreadable quantity is served as it is");
    assert_eq!(found, sorted_lines(&data));
}

#[tokio::test]
async fn lines_that_disagree_about_their_agreement_are_kept_apart() {
    let mut data = Data::empty();
    let lines = data.table_mut(File::PsaAgreementLines);
    for (id, status, company, currency) in [
        ("L-1", "Active", "C-1", "USD"),
        ("L-2", "Expired", "C-1", "USD"),
        ("L-3", "Active", "C-2", "USD"),
        ("L-4", "Active", "C-1", "EUR"),
        ("L-5", "Active", "C-1", "USD"),
    ] {
        lines.push(&[
            ("id", id),
            ("agreementId", "A-1"),
            ("agreementStatus", status),
            ("companyId", company),
            ("currencyCode", currency),
            ("quantity", "01"),
        ]);
    }
    let found = served_lines(&data).await;
    assert_eq!(found, sorted_lines(&data));
    let psa = Psa::start(data, "").await;
    let ids: Vec<String> = psa.all("finance/agreements", 1000).await.0.iter().map(|a| text(&a["id"])).collect();
    assert_eq!(ids, ["A-1", "A-1-2", "A-1-3", "A-1-4"]);
}

#[tokio::test]
async fn no_column_of_companies_or_products_is_lost() {
    let data = sample();
    let psa = Psa::start(data.clone(), "").await;
    for (list, file) in [("company/companies", File::PsaCompanies), ("procurement/catalog", File::PsaProducts)] {
        for expected in rows(&data, file) {
            let record = psa.get(&format!("{list}/{}", expected[0].1)).await.json();
            for (name, value) in expected {
                let found = match name.as_str() {
                    "type" => text(&record["types"][0]["name"]),
                    "status" | "country" | "category" | "unitOfMeasure" => text(&record[&name]["name"]),
                    _ => text(&record[&name]),
                };
                assert_eq!(found, value, "{name} of {record}");
            }
        }
    }
}

#[tokio::test]
async fn bundles_carry_their_recipe() {
    let data = sample();
    let psa = Psa::start(data.clone(), "").await;
    let bundles: Vec<Value> =
        psa.all("procurement/catalog", 1000).await.0.into_iter().filter(|p| p["productClass"] == "Bundle").collect();
    assert_eq!(bundles.len(), 1);
    let parts = psa.all(&format!("procurement/catalog/{}/components", text(&bundles[0]["id"])), 1000).await.0;
    let weight = |part: &Value, caption: &str| {
        let fields = part["customFields"].as_array().unwrap();
        text(&fields.iter().find(|f| f["caption"] == caption).unwrap()["value"])
    };
    let found: Vec<[String; 4]> = parts
        .iter()
        .map(|p| {
            [text(&p["catalogItem"]["id"]), text(&p["quantity"]), weight(p, "Weight From"), weight(p, "Weight To")]
        })
        .collect();
    let mappings = data.table(File::Mappings);
    let expected: Vec<[String; 4]> = mappings
        .rows()
        .filter(|row| row.get("kind") == "bundle")
        .map(|row| ["psaId", "perUnit", "weightFrom", "weightTo"].map(|c| row.get(c).to_owned()))
        .collect();
    assert_eq!(found, expected);
    let seat = psa.all("procurement/catalog/600/components", 1000).await;
    assert_eq!(seat, (Vec::new(), 1), "a seat has no parts");
}

#[tokio::test]
async fn two_bundles_of_the_same_product_have_components_of_their_own() {
    let mut data = sample();
    let recipe = data.table(File::Mappings).rows().find(|row| row.get("kind") == "bundle").unwrap();
    let (bundle, product) = (recipe.get("bundlePsaId").to_owned(), recipe.get("psaId").to_owned());
    data.table_mut(File::Mappings).push(&[
        ("kind", "bundle"),
        ("psaId", &product),
        ("bundlePsaId", "600"),
        ("perUnit", "1"),
        ("weightFrom", "0"),
        ("weightTo", "1"),
    ]);
    let psa = Psa::start(data, "").await;
    let mut ids = Vec::new();
    for bundle in [bundle.as_str(), "600"] {
        let parts = psa.all(&format!("procurement/catalog/{bundle}/components"), 1000).await.0;
        ids.extend(parts.iter().map(|part| text(&part["id"])));
    }
    let distinct: std::collections::BTreeSet<&String> = ids.iter().collect();
    assert!(ids.len() > 2 && distinct.len() == ids.len(), "{ids:?}");
}

#[tokio::test]
async fn failures_come_in_the_envelope() {
    let psa = Psa::start(sample(), "").await;
    for path in [
        "company/companies/1",
        "procurement/catalog/1/components",
        "finance/agreements/1",
        "finance/agreements/1/additions",
        "finance/agreements/300001/additions/1",
        "finance/ledgers",
    ] {
        let reply = psa.get(path).await;
        assert_eq!(reply.status, 404, "{path}");
        assert_eq!(reply.json()["code"], "NotFound", "{path}");
    }
    let url = format!("{}/{API}/finance/agreements", psa.running.url());
    let reply = send(
        psa.http
            .post(&url)
            .basic_auth("demo+public", Some("private"))
            .header("clientId", "00000000-0000-4000-a000-000000000000"),
    )
    .await
    .unwrap();
    assert_eq!(reply.status, 405, "agreements are only read");
}
