//! No secret comes back: remotes that repeat the whole request in what they say, and everything the program shows or keeps.

#![cfg(test)]

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::support::hermetic::Place;

const PAX8: &str = "canary-pax8/secret+1";
const PAX8_ID: &str = "canary-pax8/id+7";
const TOKEN: &str = "canary-token.of/pax8+2";
const PRIVATE_KEY: &str = "canary-private/key 3";
const CLIENT_ID: &str = "canary-client-id/4";
const QUERY_KEY: &str = "canary-query/key&5";
const OAUTH: &str = "canary-oauth/secret 6";
const HOOK: &str = "canary-hook/secret=8";

/// Serves tokens, and repeats every other request in a refusal: as text at a place that moves, percent-encoded, in base64.
async fn echo(tokens: bool) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(move |request: Request| async move {
        let path = request.uri().path().to_owned();
        // Before one is made the list is read.
        let is_list = request.method() == Method::GET && path.ends_with("/webhooks");
        let mut said = format!("{} {}", request.method(), request.uri());
        for (name, value) in request.headers() {
            let _ = write!(said, " {name}={}", value.to_str().unwrap_or_default());
        }
        let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
        let body = String::from_utf8_lossy(&body);
        // What is written is repeated first, before the cut.
        said = if path.ends_with("/webhooks") { format!("{body} {said}") } else { said + &body };
        if tokens && path.ends_with("token") {
            return (StatusCode::OK, format!("{{\"access_token\":\"{TOKEN}\",\"expires_in\":0}}"));
        }
        if tokens && is_list {
            let none = serde_json::json!({ "size": 200, "totalElements": 0, "totalPages": 0, "number": 0 });
            return (StatusCode::OK, serde_json::json!({ "content": [], "page": none }).to_string());
        }
        // The longer the path, the later in the text: somewhere the cut falls into a secret.
        let message = format!("{} {said} {}", "x".repeat(path.len() * 7 % 290), percent(&said));
        let errors = serde_json::json!([{ "code": "ObjectExists", "message": message, "field": said }]);
        (StatusCode::BAD_REQUEST, serde_json::json!({ "message": message, "errors": errors }).to_string())
    });
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

fn percent(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn rest_file(auth: &str, key: &str) -> String {
    format!(
        "schema = 1\nname = \"Echo\"\n[settings]\nurl = {{ kind = \"url\" }}\nkey = {{ kind = \"secret\" }}\n\
         [http]\nbase = \"{{url}}\"\nnumbers = \"number\"\nauth = {auth}\n\
         [entity.customer]\nid = \"id\"\n[entity.customer.list]\nget = \"/customers\"\n{key}records = \"$\"\n\
         page = {{ kind = \"none\" }}\n[entity.customer.fields]\nname = {{ at = \"name\" }}\n"
    )
}

fn place(url: &str) -> Place {
    let place = Place::new()
        .set("PAX8", PAX8)
        .set("PAX8_ID", PAX8_ID)
        .set("PRIVATE_KEY", PRIVATE_KEY)
        .set("CLIENT_ID", CLIENT_ID)
        .set("QUERY_KEY", QUERY_KEY)
        .set("OAUTH", OAUTH)
        .set("HOOK", HOOK);
    place.write("query.toml", &rest_file("{ kind = \"query\", name = \"k\", value = \"{key}\" }", ""));
    place.write("listed.toml", &rest_file("{ kind = \"none\" }", "query = { k = \"Key {key}\" }\n"));
    let oauth =
        format!("{{ kind = \"oauth2\", token = \"{url}/token\", client = \"c\", secret = \"{{key}}\", basic = true }}");
    place.write("oauth.toml", &rest_file(&oauth, ""));
    let rest = |name: &str, variable: &str| {
        format!(
            "[connectors.{name}]\nkind = \"rest\"\nside = \"psa\"\nfile = \"{name}.toml\"\npause_ms = 0\n\
             [connectors.{name}.settings]\nurl = \"{url}\"\nkey = {{ env = \"{variable}\" }}\n"
        )
    };
    let text = format!(
        "[store]\nurl = \"sqlite:trueup.db\"\n[connectors.pax8]\nkind = \"pax8\"\nside = \"vendor\"\n\
         base_url = \"{url}/v1\"\nclient_id = {{ env = \"PAX8_ID\" }}\nclient_secret = {{ env = \"PAX8\" }}\nattempts = 1\n\
         [connectors.cw]\nkind = \"rest\"\nside = \"psa\"\nfile = \"builtin:connectwise\"\n\
         [connectors.cw.settings]\nurl = \"{url}/v4_6_release/apis/3.0\"\ncompany = \"me\"\npublic_key = \"pub\"\n\
         private_key = {{ env = \"PRIVATE_KEY\" }}\nclient_id = {{ env = \"CLIENT_ID\" }}\n{}{}{}",
        rest("query", "QUERY_KEY"),
        rest("listed", "QUERY_KEY"),
        rest("oauth", "OAUTH"),
    );
    place.write("trueup.toml", &text);
    place
}

/// Each way a secret could be written, and beginnings of it.
fn traces() -> Vec<String> {
    let basic = [format!("me+pub:{PRIVATE_KEY}"), format!("c:{OAUTH}")];
    let plain = [PAX8, PAX8_ID, TOKEN, PRIVATE_KEY, CLIENT_ID, QUERY_KEY, OAUTH, HOOK].map(str::to_owned);
    let encoded = basic
        .iter()
        .chain(&plain)
        .flat_map(|secret| [STANDARD_NO_PAD.encode(secret), URL_SAFE_NO_PAD.encode(secret), percent(secret)]);
    // What all of them begin with, so that no part of one passes.
    encoded.chain(plain.iter().cloned()).chain(["canary".to_owned(), STANDARD_NO_PAD.encode("canary")]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_that_repeats_the_request_gives_no_secret_away() {
    for tokens in [true, false] {
        let place = place(&echo(tokens).await);
        let _ = place.run("db migrate").ended(0);
        let mut said = String::new();
        for line in [
            "check --log trace",
            "pull --period 2026-04 --with prices,contacts --log trace",
            "connections list",
            "connections verify pax8 --log trace",
            "connections reauthorize pax8 --log trace",
            "pax8 webhooks create --name w --url https://h.example/x --authorization-env HOOK --yes --log trace",
            "status",
        ] {
            said.push_str(&place.run(line).transcript());
        }
        assert_eq!(said.contains("create webhook: Pax8 refused it: 400"), tokens, "{said}");
        assert!(said.contains("***") && said.contains("the remote refused"), "the echo was heard: {said}");
        for entry in std::fs::read_dir(place.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                said.push_str(&String::from_utf8_lossy(&std::fs::read(path).unwrap()));
            }
        }
        for trace in traces() {
            let around =
                said.find(&trace).map(|at| said[at.saturating_sub(200)..].chars().take(400).collect::<String>());
            assert_eq!(around, None, "{trace}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_of_the_environment_hears_nothing() {
    let heard = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&heard);
    let app = Router::new().fallback(move || async move {
        counted.fetch_add(1, Ordering::SeqCst);
        StatusCode::BAD_REQUEST
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let place = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"]
        .iter()
        .fold(place(&echo(true).await), |place, name| place.set(name, &proxy));
    let said = place.run("check").transcript();
    assert!(said.contains("the remote refused"), "the remote itself was asked: {said}");
    assert_eq!(heard.load(Ordering::SeqCst), 0, "{said}");
}
