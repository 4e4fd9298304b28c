//! How a file says that a system is called: keys exchanged for tokens, addresses it tells itself, lists asked for by POST.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use trueup::connectors::{PsaConnector as _, Unwatched};

use super::{Asked, Server, connect, customers_file, file, ok, settings};

const LIST: &str = "get = \"/clients\"\nrecords = \"$\"\npage = { kind = \"none\", at_most = 9 }";

/// The names of the customers read through a file.
async fn names(url: &str, text: &str) -> Result<Vec<String>, String> {
    let settings = settings(file(text)).with("url", url).with("key", "canary-key");
    let rest = trueup::connectors::rest::Rest::new(settings).unwrap();
    let pulled = rest.customers(&Unwatched).await.map_err(|error| error.to_string())?;
    Ok(pulled.records().iter().map(|customer| customer.fields.name.clone()).collect())
}

fn keyed(http: &str, list: &str) -> String {
    customers_file(http, list).replace("[http]", "key = { kind = \"secret\" }\n[http]")
}

#[tokio::test]
async fn a_key_is_exchanged_for_a_token_that_is_sent_until_it_is_refused() {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&sent);
    let server = Server::start(move |asked: &Asked| {
        let mut log = log.lock().unwrap();
        if asked.path == "/session" {
            log.push(asked.body.clone());
            return ok(json!({ "data": { "token": format!("t{}", log.len()), "seconds": 600 } }));
        }
        match asked.headers.get("x-session").map(|token| token.to_str().unwrap()) {
            Some("Session t2") => ok(r#"[{"id":1,"name":"as t2"}]"#),
            _ => (401, Vec::new(), "{}".to_owned()),
        }
    })
    .await;
    let auth = "auth = { kind = \"exchange\", post = \"{url}/session\", fields = { apiKey = \"{key}\", app = \"me\" }, \
                token = \"data.token\", expires = \"data.seconds\", header = \"X-Session\", value = \"Session {token}\" }";
    assert_eq!(names(&server.url, &keyed(auth, LIST)).await.unwrap(), ["as t2"]);
    assert_eq!(server.log(), ["/session", "/clients", "/session", "/clients"]);
    let body: Value = serde_json::from_str(&sent.lock().unwrap()[0]).unwrap();
    assert_eq!(body, json!({ "apiKey": "canary-key", "app": "me" }));
    // a form, and an answer that has its token elsewhere
    let odd =
        auth.replace("data.token", "token").replace("app = ", "form = ").replace("expires", "form = true, expires");
    let error = names(&server.url, &keyed(&odd, LIST)).await.unwrap_err();
    assert!(error.contains("expected a token at `token`") && !error.contains("canary"), "{error}");
    assert_eq!(sent.lock().unwrap().last().unwrap(), "apiKey=canary-key&form=me");
}

#[tokio::test]
async fn a_system_that_tells_its_address_is_asked_once_and_followed_within_its_domain() {
    let home = Server::start(|asked: &Asked| match asked.query("from") {
        None => ok(json!({ "rows": [{ "id": 1, "name": "first" }], "next": "/v1/clients?from=2" })),
        Some(_) => ok(json!({ "rows": [{ "id": 2, "name": "second" }], "next": null })),
    })
    .await;
    let told = home.url.clone();
    let zone = Server::start(move |_: &Asked| ok(json!({ "zone": { "url": format!("{told}/") } }))).await;
    let list = "get = \"/clients\"\nrecords = \"rows\"\npage = { kind = \"next_url\", at = \"next\" }";
    let text = |within: &str| {
        let discover = format!(
            "auth = {{ kind = \"bearer\", token = \"{{key}}\" }}\ndiscover = {{ get = \"/zone\", query = {{ user = \"me\" }}, \
             at = \"zone.url\", append = \"/v1\", within = [\"{within}\"] }}"
        );
        keyed(&discover, list)
    };
    assert_eq!(names(&zone.url, &text("127.0.0.1")).await.unwrap(), ["first", "second"]);
    assert_eq!(zone.log(), ["/zone?user=me"]);
    assert_eq!(home.log(), ["/v1/clients", "/v1/clients?from=2", "/v1/clients", "/v1/clients?from=2"]);
    let error = names(&zone.url, &text("psa.example")).await.unwrap_err();
    assert!(error.contains("a host within psa.example expected, found 127.0.0.1"), "{error}");
    assert_eq!(home.log().len(), 4);
}

#[tokio::test]
async fn a_list_asked_for_by_post_sends_its_body_again_to_each_next_address() {
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&bodies);
    let server = Server::start(move |asked: &Asked| {
        log.lock().unwrap().push(format!("{} {}", asked.method, asked.body));
        let here = format!("http://{}", asked.headers["host"].to_str().unwrap());
        match asked.query("page") {
            None => ok(json!({ "items": [{ "id": 1, "name": "a" }], "details": { "next": format!("{here}/clients/query?page=2") } })),
            Some(_) => ok(json!({ "items": [{ "id": 2, "name": "b" }], "details": { "next": null } })),
        }
    })
    .await;
    let list = "post = \"/clients/query\"\nbody = { MaxRecords = 1, filter = [{ op = \"exist\", field = \"id\" }] }\n\
                records = \"items\"\npage = { kind = \"next_url\", at = \"details.next\" }";
    let auth = "auth = { kind = \"query\", name = \"api_key\", value = \"{key}\", also_body = true }";
    assert_eq!(names(&server.url, &keyed(auth, list)).await.unwrap(), ["a", "b"]);
    let body = r#"POST {"MaxRecords":1,"api_key":"canary-key","filter":[{"field":"id","op":"exist"}]}"#;
    assert_eq!(*bodies.lock().unwrap(), [body; 4], "read twice, as nothing counts it");
    assert!(server.log().iter().all(|call| call.contains("api_key=canary-key")));
}

#[tokio::test]
async fn what_asks_for_a_page_may_be_part_of_the_body() {
    let server = Server::start(|asked: &Asked| {
        assert_eq!(asked.query, "");
        let body: Value = serde_json::from_str(&asked.body).unwrap();
        assert_eq!((&body["secret"], &body["take"]), (&json!("canary-key"), &json!(2)));
        let skip = usize::try_from(body["skip"].as_u64().unwrap()).unwrap();
        let rows: Vec<Value> =
            (1..=3).map(|id| json!({ "id": id, "name": format!("n{id}") })).skip(skip).take(2).collect();
        ok(json!({ "rows": rows, "total": 3 }))
    })
    .await;
    let list = "post = \"/clients\"\nbody = {}\npage_in = \"body\"\nrecords = \"rows\"\n\
                page = { kind = \"offset\", offset = \"skip\", size = { param = \"take\", value = 2 }, total = \"total\" }";
    let auth = "auth = { kind = \"body\", name = \"secret\", value = \"{key}\" }";
    assert_eq!(names(&server.url, &keyed(auth, list)).await.unwrap(), ["n1", "n2", "n3"]);
}

#[tokio::test]
async fn an_error_of_a_list_asked_for_by_post_names_it() {
    let server = Server::start(|_: &Asked| (400, Vec::new(), r#"{"message":"no such field"}"#.to_owned())).await;
    let list = "post = \"/clients\"\nrecords = \"$\"\npage = { kind = \"none\", at_most = 9 }";
    let error = connect(&server.url, &customers_file("auth = { kind = \"none\" }", list)).customers(&Unwatched).await;
    let error = error.err().unwrap().to_string();
    assert!(error.contains("POST /clients") && error.contains("no such field"), "{error}");
}
