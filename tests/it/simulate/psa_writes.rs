//! What the simulated ConnectWise does with what it is sent, seen by a plain client: taken as described, refused in the envelope,
//! nothing else touched.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Psa, sample, text};

const COMPANIES: &str = "company/companies";

fn company(identifier: &str) -> Value {
    json!({ "identifier": identifier, "name": "Elm & Sons", "city": "Bath", "customFields": [{ "id": 5, "value": "p8" }] })
}

async fn made(psa: &Psa, path: &str, body: &Value) -> Value {
    let reply = psa.call(Method::POST, path, body).await;
    assert_eq!(reply.status, 201, "{path}: {}", reply.text);
    reply.json()
}

/// The codes and fields of a refusal.
async fn refused(psa: &Psa, method: Method, path: &str, body: &Value) -> Vec<String> {
    let reply = psa.call(method, path, body).await;
    assert_eq!(reply.status, 400, "{body}: {}", reply.text);
    let reply = reply.json();
    assert_eq!(reply["code"], "InvalidObject");
    let errors = reply["errors"].as_array().unwrap();
    errors.iter().map(|error| format!("{} {}", text(&error["code"]), text(&error["field"]))).collect()
}

#[tokio::test]
async fn a_company_is_made_once_and_found_by_every_condition() {
    let psa = Psa::start(sample(), "").await;
    let new = made(&psa, COMPANIES, &company("ELM")).await;
    assert_eq!((&new["status"]["name"], &new["deletedFlag"]), (&json!("Active"), &json!(false)));
    assert_eq!(new["_info"]["updatedBy"], "public");
    for query in [
        "conditions=identifier%3D%22elm%22",
        "conditions=name%3D%22Elm%20%26%20Sons%22%20and%20city%3D%22Bath%22",
        "customFieldConditions=caption%3D%22Pax8%20Id%22%20AND%20value%3D%22p8%22",
    ] {
        let found = psa.get(&format!("{COMPANIES}?{query}")).await.json();
        assert_eq!(found, json!([new]), "{query}");
    }
    let other = format!("{COMPANIES}?customFieldConditions=caption%3D%22Pax8%20Id%22%20AND%20value%3D%22p9%22");
    assert_eq!(psa.get(&other).await.json(), json!([]));
    let long = "X".repeat(26);
    for (body, expected) in [
        (company("Elm"), vec!["ObjectExists identifier"]),
        (json!({ "name": "No code" }), vec!["MissingRequiredField identifier"]),
        (json!({ "identifier": long, "name": "n" }), vec!["InvalidField identifier"]),
        (json!({ "identifier": "A", "name": "n", "status": { "name": "Gone" } }), vec!["InvalidField status"]),
        (json!({ "identifier": "A", "name": "n", "nmae": "n" }), vec!["InvalidField nmae"]),
    ] {
        assert_eq!(refused(&psa, Method::POST, COMPANIES, &body).await, expected, "{body}");
    }
}

#[tokio::test]
async fn operations_change_what_they_name_and_paths_into_a_member_do_nothing() {
    let psa = Psa::start(sample(), "").await;
    let new = made(&psa, COMPANIES, &company("ELM")).await;
    let path = format!("{COMPANIES}/{}", new["id"]);
    let patch = async |body: Value| psa.call(Method::PATCH, &path, &body).await;
    for (operations, changed) in [
        (json!([{ "op": "replace", "path": "website", "value": "elm.example" }]), "website"),
        (json!([{ "op": "add", "path": "/phoneNumber", "value": "1" }]), "phoneNumber"),
        (json!([{ "op": "remove", "path": "/website" }]), "website"),
        (json!([{ "op": "replace", "path": "city", "value": null }]), "city"),
        (json!([{ "op": "replace", "path": "status", "value": { "name": "Inactive" } }]), "status"),
        (json!([{ "op": "replace", "path": "status/name", "value": "Active" }]), ""),
        (json!([{ "op": "replace", "path": "id", "value": 1 }]), ""),
        (json!([{ "op": "replace", "path": "customFields/0/value", "value": "x" }]), ""),
    ] {
        let before = psa.get(&path).await.json();
        let reply = patch(operations.clone()).await;
        assert_eq!(reply.status, 200, "{operations}: {}", reply.text);
        let (mut was, mut is) = (before.clone(), psa.get(&path).await.json());
        assert_eq!(reply.json(), is, "{operations}");
        let moved = was["_info"].take() != is["_info"].take();
        assert_eq!(moved, !changed.is_empty(), "{operations}");
        if !changed.is_empty() {
            assert_ne!(was.get(changed), is.get(changed), "{operations}");
            was.as_object_mut().unwrap().remove(changed);
            is.as_object_mut().unwrap().remove(changed);
        }
        assert_eq!(was, is, "{operations}");
    }
    let before = psa.get(&path).await.json();
    let both =
        json!([{ "op": "replace", "path": "name", "value": "New" }, { "op": "replace", "path": "zip", "value": 7 }]);
    assert_eq!(refused(&psa, Method::PATCH, &path, &both).await, ["InvalidField zip"]);
    for bad in [json!({ "name": "New" }), json!([{ "op": "move", "path": "name", "from": "city" }])] {
        assert_eq!(refused(&psa, Method::PATCH, &path, &bad).await, ["InvalidField operations"]);
    }
    let nothing = json!([{ "op": "replace", "path": "name", "value": "" }]);
    assert_eq!(refused(&psa, Method::PATCH, &path, &nothing).await, ["MissingRequiredField name"]);
    assert_eq!(psa.get(&path).await.json(), before, "all operations of a body or none");
    let emptied = json!([{ "op": "replace", "path": "customFields", "value": [] }]);
    assert_eq!(patch(emptied).await.json()["customFields"][0]["value"], Value::Null, "replaced together");
}

#[tokio::test]
async fn an_addition_takes_what_was_not_sent_from_its_product_and_is_reckoned() {
    let psa = Psa::start(sample(), "").await;
    let agreement = text(&psa.all("finance/agreements", 1000).await.0[0]["id"]);
    let products = psa.all("procurement/catalog", 1000).await.0;
    let list = format!("finance/agreements/{agreement}/additions");
    let body = json!({ "product": { "identifier": products[0]["identifier"] }, "billCustomer": "Billable", "quantity": 3,
        "unitPrice": 1.25, "lessIncluded": 1 });
    let new = made(&psa, &list, &body).await;
    assert_eq!((text(&new["extPrice"]), text(&new["billedQuantity"])), ("2.5".to_owned(), "2".to_owned()));
    assert_eq!(new["unitCost"], products[0]["cost"]);
    assert_eq!(new["product"]["id"], products[0]["id"]);
    let path = format!("{list}/{}", new["id"]);
    let other = json!([{ "op": "replace", "path": "product", "value": { "id": products[1]["id"] } }]);
    let repriced = psa.call(Method::PATCH, &path, &other).await.json();
    assert_eq!(repriced["unitPrice"], products[1]["price"], "another product reprices silently");
    assert_eq!(repriced["description"], products[1]["description"]);
    assert_eq!(psa.call(Method::POST, "finance/agreements/1/additions", &body).await.status, 404);
    assert_eq!(psa.call(Method::DELETE, &path, &Value::Null).await.status, 405);
    let unknown = json!({ "product": { "id": 1 }, "billCustomer": "Billable" });
    assert_eq!(refused(&psa, Method::POST, &list, &unknown).await, ["InvalidField product"]);
}

#[tokio::test]
async fn a_ghost_answers_and_does_nothing_and_own_fields_can_be_demanded() {
    let psa = Psa::start(sample(), "ghost-write=nth:2,own-fields=nth:3,429=nth:6").await;
    let new = made(&psa, COMPANIES, &company("ELM")).await;
    let path = format!("{COMPANIES}/{}", new["id"]);
    let rename = json!([{ "op": "replace", "path": "name", "value": "New" }]);
    assert_eq!(psa.call(Method::PATCH, &path, &rename).await.json(), new);
    assert_eq!(psa.get(&path).await.json(), new);
    assert_eq!(refused(&psa, Method::PATCH, &path, &rename).await, ["InvalidField customFields"]);
    assert_eq!(psa.call(Method::PATCH, &path, &rename).await.json()["name"], "New");
    let throttled = psa.call(Method::PATCH, &path, &rename).await;
    assert_eq!((throttled.status, &throttled.json()["error"]), (429, &json!("ConnectWiseAPI")));
    assert!(throttled.retry_after.is_some());
}

#[tokio::test]
async fn lists_really_change_between_pages() {
    let ids = |rows: &[Value]| rows.iter().map(|row| text(&row["id"])).collect::<Vec<_>>();
    let quiet = ids(&Psa::start(sample(), "").await.all(COMPANIES, 1000).await.0);
    for (switch, total) in [("insert", quiet.len() + 1), ("delete", quiet.len() - 1), ("resort", quiet.len())] {
        let psa = Psa::start(sample(), switch).await;
        let seen = ids(&psa.all(COMPANIES, 10).await.0);
        let now = ids(&psa.all(COMPANIES, 1000).await.0);
        assert_eq!(now.len(), total, "{switch}");
        assert!(now.iter().any(|id| !seen.contains(id)), "{switch}: a row was missed");
        if switch == "resort" {
            assert!(now.iter().rev().eq(&quiet), "the other way round");
        }
        let count = psa.get(&format!("{COMPANIES}/count")).await.json();
        assert_eq!(count, json!({ "count": total }), "{switch}");
    }
}
