//! What is changed of webhooks goes out as documented, is in the journal, and shows no secret however deep it lies.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Desk, configure, made_webhook, place};

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_changed_and_its_topics_are() {
    let desk = Desk::new("webhook-pause=0").await;
    let webhook = made_webhook(&desk);
    let get = || desk.json(&format!("pax8 webhooks get {webhook}"));
    let run = |line: &str| desk.run(&format!("pax8 webhooks {line} --yes")).ended(0).stderr;
    let topics = || -> Vec<String> {
        get()["webhookTopics"].as_array().unwrap().iter().map(|one| one["topic"].as_str().unwrap().to_owned()).collect()
    };

    let renamed = format!(
        "update {webhook} --name v --contact-email ops@acme.example --error-threshold 7 --authorization-env HOOK"
    );
    let said = run(&renamed);
    assert!(
        said.contains("w → v") && said.contains("https://h.example/x (as it is)") && !said.contains("canary"),
        "{said}"
    );
    assert_eq!((&get()["displayName"], &get()["errorThreshold"]), (&"v".into(), &7.into()));
    let said = run(&format!("update {webhook} --authorization-env HOOK --clear contact-email --clear error-threshold"));
    assert!(said.contains("ops@acme.example → (nothing)"), "{said}");
    let now = get();
    assert_eq!((now.get("contactEmail"), &now["errorThreshold"], &now["displayName"]), (None, &3.into(), &"v".into()));

    run(&format!("enable {webhook}"));
    assert_eq!(get()["active"], true);
    let said = run(&format!("disable {webhook}"));
    assert!(said.contains("yes → no") && get()["active"] == false, "{said}");

    let said = run(&format!("topics add {webhook} SUBSCRIPTION --filter \"UPDATED: id in a,b\""));
    assert!(said.contains("It listens to INVOICE so far."), "{said}");
    assert_eq!(topics(), ["INVOICE", "SUBSCRIPTION"]);
    let said = run(&format!(
        "topics configure {webhook} subscription --filter CREATED --filter \"CANCELLED: id not_equals a\""
    ));
    assert!(said.contains("SUBSCRIPTION is delivered so far: UPDATED"), "{said}");
    let filters = get()["webhookTopics"][1]["filters"].clone();
    let condition = json!({ "field": "id", "operator": "NOT_EQUALS", "value": ["a"] });
    let wanted =
        json!([{ "action": "CREATED", "conditions": [] }, { "action": "CANCELLED", "conditions": [condition] }]);
    assert_eq!(filters, wanted);
    let said = run(&format!("topics remove {webhook} INVOICE"));
    assert!(said.contains("INVOICE is no longer delivered to it"), "{said}");
    assert_eq!(topics(), ["SUBSCRIPTION"]);
    run(&format!("topics replace {webhook} CLIENT INVOICE:CREATED"));
    assert_eq!(topics(), ["CLIENT", "INVOICE"]);

    run(&format!("test {webhook} INVOICE"));
    let logs = |line: &str| desk.json(&format!("pax8 webhooks {line}"));
    let log = logs(&format!("logs {webhook}"))[0]["id"].as_str().unwrap().to_owned();
    // Not until the delivery has been tried in full is a further attempt the retry's.
    let calls = || logs(&format!("log {webhook} {log}"))["callHistory"].as_array().unwrap().len();
    while calls() < 3 {
        std::thread::yield_now();
    }
    run(&format!("retry {webhook} {log}"));
    assert!(calls() > 3);

    let sent: Vec<String> = desk
        .pax8
        .log()
        .iter()
        .filter(|call| call.method != "GET" && call.path.contains("/webhooks/"))
        .map(|call| {
            let path = call.path.replace(&webhook, "W").replace(&log, "L");
            let path: Vec<&str> = path.split('/').map(|part| if part.len() == 36 { "T" } else { part }).collect();
            format!("{} {} {}", call.method, path.join("/"), call.status)
        })
        .collect();
    assert_eq!(
        sent,
        [
            "POST /api/v2/webhooks/W/configuration 200",
            "POST /api/v2/webhooks/W/configuration 200",
            "POST /api/v2/webhooks/W/status 200",
            "POST /api/v2/webhooks/W/status 200",
            "POST /api/v2/webhooks/W/topics 200",
            "POST /api/v2/webhooks/W/topics/T/configuration 200",
            "DELETE /api/v2/webhooks/W/topics/T 204",
            "PUT /api/v2/webhooks/W/topics 200",
            "POST /api/v2/webhooks/W/topics/INVOICE/test 200",
            "POST /api/v2/webhooks/W/logs/L/retry 202",
        ]
    );
    let journal = desk.table("journal list --state done");
    assert_eq!(journal.len(), 1 + sent.len(), "each is in the journal: {journal:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_meant_is_refused_before_anything_is_sent() {
    let desk = Desk::new("").await;
    let webhook = made_webhook(&desk);
    for (line, said) in [
        (format!("update {webhook} --name v"), "--authorization-env"),
        (
            format!("update {webhook} --authorization-env HOOK --clear url"),
            "--clear: expected a field that Pax8 does not demand, contact-email, error-threshold; found url",
        ),
        (format!("update {webhook} --authorization-env HOOK --clear contact-mail"), "Did you mean `contact-email`?"),
        (
            format!("update {webhook} --authorization-env HOOK --clear contact-email --contact-email a@b.example"),
            "contact-email is to be emptied and to be filled",
        ),
        (format!("update {webhook} --authorization-env HOOK --error-threshold 21"), "expected from 1 to 20"),
        (format!("topics remove {webhook} INVOICES"), "Did you mean `INVOICE`?"),
        (format!("topics configure {webhook} INVOICE"), "--unfiltered"),
        (format!("topics add {webhook} CLIENT --filter \"UPDATED: id above 7\""), "found id above 7"),
        ("subscriptions".to_owned(), "unrecognized subcommand"),
    ] {
        let refused = desk.run(&format!("pax8 webhooks {line} --yes")).ended(2).stderr;
        assert!(refused.contains(said), "{line}: {refused}");
    }
    let held = desk.json("pax8 subscriptions list --status active")[0]["id"].as_str().unwrap().to_owned();
    for (more, said) in [
        ("--clear end", "expected a change of price, billing term, quantity or start"),
        ("--clear quantity --price 9", "expected a field that Pax8 does not demand, end; found quantity"),
        ("--clear end --end 2027-01-01 --price 9", "end is to be emptied and to be filled"),
    ] {
        let refused = desk.run(&format!("pax8 subscriptions update {held} {more} --yes")).ended(2).stderr;
        assert!(refused.contains(said), "{more}: {refused}");
    }
    assert_eq!(desk.table("journal list").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_subscription_is_taken_away() {
    let desk = Desk::new("").await;
    let all = desk.json("pax8 subscriptions list --status active");
    let held = all.as_array().unwrap().iter().find(|held| held["commitment"].is_null()).unwrap();
    let (id, price) = (held["id"].as_str().unwrap(), &held["price"]);
    let update =
        |more: &str| desk.run(&format!("pax8 subscriptions update {id} --price {price} {more} --yes")).ended(0).stderr;
    update("--end 2027-06-30");
    let end = || desk.json(&format!("pax8 subscriptions get {id}")).get("endDate").cloned().unwrap_or_default();
    assert!(end().as_str().unwrap().starts_with("2027-06-30"));
    let said = update("--clear end");
    assert!(said.contains("endDate") && said.contains("2027-06-30") && said.contains("→ (nothing)"), "{said}");
    assert!(!said.contains("does not show it yet"), "{said}");
    assert_eq!(end(), Value::Null);
}

/// Where a delivery may repeat what it carries.
fn delivery() -> Value {
    let inner = json!({ "headers": { "authorization": "canary-inner" }, "id": "kept-inner" }).to_string();
    json!({
        "id": "l1", "webhookId": "w1", "webhookName": "w", "finalStatus": "FAILED", "createdAt": "2026-11-24T12:00:00Z",
        "authorization": "canary-top",
        "callHistory": [{
            "id": "c1", "timestamp": "2026-11-24T12:00:00Z", "status": "FAILED", "httpStatusCode": 500,
            "errorMessage": "POST https://h.example\nAuthorization: Bearer canary-line",
            "payload": { "webhook": { "Authorization": "canary-nested", "id": "kept-nested" }, "body": inner,
                "cut": inner[..40], "list": [{ "name": "authorization", "value": "canary-pair" }] },
        }],
        "request": json!({ "body": inner, "client_secret": "canary-twice" }).to_string(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_repeats_its_secret_shows_it_in_no_format_and_nowhere_here() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let asked = Arc::clone(&seen);
    let app = Router::new().fallback(move |request: Request| {
        let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
        asked.lock().unwrap().push(format!("{method} {path}"));
        async move {
            let webhook = json!({ "id": "w1", "displayName": "w", "url": "https://h.example/x", "active": true,
                "authorization": "canary-webhook", "webhookTopics": [{ "id": "t1", "topic": "INVOICE", "filters": [] }] });
            let page = json!({ "size": 200, "totalElements": 1, "totalPages": 1, "number": 0 });
            let body = match path.as_str() {
                "/v1/token" => json!({ "access_token": "t", "expires_in": 86400, "token_type": "Bearer" }),
                "/api/v2/webhooks" => json!({ "content": [webhook], "page": page }),
                "/api/v2/webhooks/w1/logs" => json!({ "content": [delivery()], "page": page }),
                "/api/v2/webhooks/w1/logs/l1" => delivery(),
                "/api/v2/webhooks/w1/topics/INVOICE/test" => {
                    json!({ "url": "https://h.example/x", "webhook": webhook, "samplePayload": delivery() })
                }
                _ => webhook,
            };
            (StatusCode::OK, body.to_string())
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let place = place();
    configure(&place, &url, "pax8");
    let _ = place.run("db migrate").ended(0);
    let mut said = String::new();
    for format in ["text", "json", "csv"] {
        for line in [
            "pax8 webhooks logs w1",
            "pax8 webhooks log w1 l1",
            "pax8 webhooks get w1",
            "pax8 webhooks test w1 INVOICE --yes",
        ] {
            let ran = place.run(&format!("{line} --format {format} --log trace")).ended(0);
            if format == "json" && line.contains("log ") {
                assert!(ran.stdout.contains("kept-nested") && ran.stdout.contains("kept-inner"), "{}", ran.stdout);
                serde_json::from_str::<Value>(&ran.stdout).unwrap();
            }
            let _ = write!(said, "{}", ran.transcript());
        }
    }
    // Its retry shows and notes the delivery as it was before.
    let _ = write!(said, "{}", place.run("pax8 webhooks retry w1 l1 --log trace").ended(2).transcript());
    let _ = write!(said, "{}", place.run("journal list --format json").ended(0).transcript());
    let _ = write!(said, "{}", place.run("journal show 1 --format json").ended(0).transcript());
    for file in std::fs::read_dir(place.path()).unwrap() {
        said.push_str(&String::from_utf8_lossy(&std::fs::read(file.unwrap().path()).unwrap_or_default()));
    }
    assert!(said.contains("***") && said.contains("kept-nested"), "{said}");
    let around = said.find("canary-").map(|at| said[at.saturating_sub(200)..].chars().take(400).collect::<String>());
    assert_eq!(around, None);
    assert!(seen.lock().unwrap().iter().all(|line| !line.ends_with("/retry")), "without a yes nothing is retried");
}
