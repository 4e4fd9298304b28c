//! `trueup connections`: how each stands, a token that is nowhere to be seen, and taking one out without losing a closed month.

#![cfg(test)]

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use serde_json::json;

use crate::support::hermetic::Place;

/// Two distributors and a PSA in folders; a month is reconciled.
fn reconciled() -> Place {
    let place = Place::new();
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/csv/canonical");
    for file in std::fs::read_dir(samples).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        place.write(&format!("exports/{name}"), &std::fs::read_to_string(file.path()).unwrap());
    }
    place.write(
        "trueup.toml",
        "[connectors.dist]\nkind = \"files\"\nside = \"vendor\"\nfolder = \"exports\"\ndefault = true\n\
         [connectors.second]\nkind = \"files\"\nside = \"vendor\"\nfolder = \"exports\"\n\
         [connectors.billing]\nkind = \"files\"\nside = \"psa\"\nfolder = \"exports\"\n",
    );
    let _ = place.run("db migrate").ended(0);
    place
}

fn counts(place: &Place, name: &str) -> (String, String) {
    let said = place.run(&format!("connections remove {name}")).ended(2).stderr;
    let line = |start: &str| said.lines().find(|line| line.contains(start)).unwrap_or_default().to_owned();
    (line("To be deleted here:"), line("Kept:"))
}

#[test]
fn a_connection_is_taken_out_and_a_closed_month_stays() {
    let place = reconciled();
    let _ = place.run("pull --only dist --period 2026-10");
    let _ = place.run("pull --only billing --period 2026-10");
    let _ = place.run("propose all").ended(0);
    let linked = place.run("review link --kind customers v-1 20001");
    let linked = linked.ended(0);
    let _ = (linked, place.run("reconcile --period 2026-10"));
    // A later pull, which no reconciliation was made from.
    let _ = place.run("pull --only dist --period 2026-10");
    let before = place.run("report variance --period 2026-10").stdout;
    let (goes, stays) = counts(&place, "dist");
    assert!(goes.contains("1 link of customers and 0 links of products"), "{goes}");
    assert!(goes.contains("vendor customers") && goes.contains("vendor products"), "{goes}");
    assert!(goes.contains("subscriptions"), "{goes}");
    assert!(
        stays.contains("tickets, the journal, and") && stays.contains("snapshots that a reconciliation was made from"),
        "{stays}"
    );
    let asked = place.run("connections remove dist").ended(2).stderr;
    assert!(
        asked.contains("Nothing at the remote system changes.") && asked.contains("Nothing was deleted."),
        "{asked}"
    );
    let removed = place.run("connections remove dist --yes").ended(0);
    assert_eq!(removed.stdout, "dist is taken out of the database\n");
    assert!(removed.stderr.contains("Remove [connectors.dist] from"), "{}", removed.stderr);
    let (goes, _) = counts(&place, "dist");
    assert!(goes.starts_with("To be deleted here: 0 snapshots of dist"), "{goes}");
    assert!(goes.contains("0 links of customers"), "{goes}");
    assert_eq!(place.run("report variance --period 2026-10").stdout, before, "the month as it was");
    let nobody = place.run("connections remove nobody --yes").ended(2).stderr;
    assert!(nobody.contains("there is no connection `nobody`; configured are billing, dist, second"), "{nobody}");
}

#[test]
fn the_default_of_several_distributors_is_reconciled() {
    let place = reconciled();
    for name in ["dist", "second", "billing"] {
        let _ = place.run(&format!("pull --only {name} --period 2026-10"));
    }
    let _ = place.run("propose customers").ended(0);
    let listed = place.run("connections list").ended(0).stdout;
    assert!(listed.contains("dist") && listed.contains("yes"), "{listed}");
    let text = place.read("trueup.toml").replace("default = true\n", "");
    place.write("trueup.toml", &text);
    let refused = place.run("propose customers").ended(2).stderr;
    assert!(refused.contains("2 connections speak for the vendor side (dist, second)"), "{refused}");
}

/// A distributor that gives tokens, lists companies, and answers no write.
async fn remote() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(|request: Request| async move {
        let path = request.uri().path().to_owned();
        if path.ends_with("/token") {
            let token = json!({ "access_token": "canary-token", "expires_in": 86_400, "token_type": "Bearer" });
            return (StatusCode::OK, token.to_string());
        }
        let page = json!({ "size": 25, "totalElements": 1, "totalPages": 1, "number": 0 });
        let content = json!([{ "id": "1", "name": "Acme", "mood": "new", "status": "Paused" }]);
        (StatusCode::OK, json!({ "content": content, "page": page }).to_string())
    });
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_listed_tried_and_authorized_anew_and_no_secret_shows() {
    let url = remote().await;
    let place = Place::new().set("ID", "canary-id").set("SECRET", "canary-secret");
    place.write(
        "trueup.toml",
        &format!(
            "[connectors.pax8]\nkind = \"pax8\"\nside = \"vendor\"\nbase_url = \"{url}/v1\"\nenvironment = \"test\"\n\
             client_id = {{ env = \"ID\" }}\nclient_secret = {{ env = \"SECRET\" }}\ncountry = \"GB\"\ncurrency = \"GBP\"\n\
             self_service_allowed = true\n"
        ),
    );
    let _ = place.run("db migrate").ended(0);
    let listed = place.run("connections list --format json").ended(0).stdout;
    for part in ["\"pax8\"", "\"vendor\"", "\"test\"", "\"never\""] {
        assert!(listed.contains(part), "{part}: {listed}");
    }
    let verified = place.run("connections verify pax8 --log trace").ended(0);
    let schema = "a field never seen before: mood, status says Paused, a word never seen before";
    assert!(verified.stdout.contains(&format!("companies: {schema}")), "{}", verified.stdout);
    let renewed = place.run("connections reauthorize pax8 --log trace").ended(0);
    assert!(renewed.stdout.starts_with("pax8: a new token was given; it holds until 20"), "{}", renewed.stdout);
    let said = format!("{}{}{listed}", verified.transcript(), renewed.transcript());
    assert!(!said.contains("canary"), "{said}");
    for unknown in ["verify", "reauthorize", "remove"] {
        let _ = place.run(&format!("connections {unknown} nobody")).ended(2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_end_is_not_known_is_shown_until_it_is_settled() {
    use trueup::clock::Clock;
    use trueup::store::{NewRun, NewWrite, Store, Wait};

    let url = remote().await;
    let place = Place::new().set("SECRET", "secret");
    place.write(
        "trueup.toml",
        &format!(
            "[connectors.pax8]\nkind = \"pax8\"\nside = \"vendor\"\nbase_url = \"{url}/v1\"\nclient_id = \"id\"\n\
             client_secret = {{ env = \"SECRET\" }}\n"
        ),
    );
    let _ = place.run("db migrate").ended(0);
    {
        let location = format!("sqlite:{}", place.path().join("trueup.db").display());
        let store = Store::open(location.parse().unwrap(), Clock::System).await.unwrap();
        let lease = store.lease("a test", Wait::Never).await.unwrap();
        let run = lease.open_run(&NewRun { job: "write", who: "ada", config: None }).await.unwrap();
        let mut tx = lease.begin(run).await.unwrap();
        // As a process leaves it that dies while it waits for the answer.
        let request = json!({ "switch_webhook": { "webhook": "1", "active": true } });
        let found = json!({ "state": { "id": "1", "active": false } });
        let (connector, operation, subject) = ("pax8", "switch webhook", "webhook 1");
        let new = NewWrite { connector, operation, subject, request: &request, found: &found, who: "ada" };
        tx.note_write(&new).await.unwrap();
        tx.commit().await.unwrap();
    }
    let listed = place.run("connections list").ended(0).stdout;
    assert!(listed.contains("production"), "as it is where nothing else is said: {listed}");
    let status = place.run("status").ended(0).stdout;
    for part in ["open write", "1, switch webhook (webhook 1) at pax8 by ada", "not known whether it took effect"] {
        assert!(status.contains(part), "{part}: {status}");
    }
    let refused = place.run("connections remove pax8 --yes").ended(4).stderr;
    assert!(refused.contains("write 1 (switch webhook, webhook 1) was sent at"), "{refused}");
    // What the remote answers names no state: nothing can be told, and it stays open.
    let verified = place.run("connections verify pax8").ended(5);
    assert!(verified.stderr.contains("write 1, switch webhook (webhook 1): still open;"), "{}", verified.stderr);
    assert!(place.run("status").ended(0).stdout.contains("open write"));
}
