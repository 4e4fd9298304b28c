//! Calls that change something, against a stub that misbehaves: how often each reaches the remote, and what is said of it.

use super::tests::{Stub, client, reply, settings, stub, with_tokens};
use super::*;

async fn write(client: &Client, path: &str) -> Result<Outcome<serde_json::Value>> {
    let call = Call { verb: Verb::Post, path, query: &[], headers: &[], body: Some("{\"a\":1.10}") };
    client.write(call, |reply| json::decode(&reply.body)).await
}

const ENVELOPE: &str = r#"{"type":"INVALID","message":"no","details":[{"message":"name is taken"}]}"#;

#[tokio::test]
async fn a_write_is_repeated_only_where_nothing_can_have_happened() {
    let stub = stub(|path, before| {
        let (status, body) = path.trim_start_matches('/').split_once('-').unwrap();
        match (status, before) {
            ("429", 0 | 1) => reply(429, ""),
            ("429", _) => reply(200, "{}"),
            (status, _) => reply(
                status.parse().unwrap(),
                match body {
                    "own" => ENVELOPE,
                    "good" => "{}",
                    other => other,
                },
            ),
        }
    })
    .await;
    let client = client(&stub, Auth::None);
    for (path, calls, expected) in [
        ("/200-good", 1, "Done"),
        ("/429-x", 3, "Done"),
        ("/200-cut", 1, "Unknown(\"200, and the answer cannot be read"),
        ("/302-x", 1, "Unknown(\"302"),
        ("/408-x", 1, "Unknown(\"408"),
        ("/409-own", 1, "Unknown(\"409: no; name is taken"),
        ("/425-x", 1, "Unknown(\"425"),
        ("/500-own", 1, "Unknown(\"500: no; name is taken"),
        ("/503-x", 1, "Unknown(\"503"),
        (
            "/400-own",
            1,
            "Refused(Refusal { status: 400, as_what: Rejected, kind: Some(\"INVALID\"), message: \"no; name is taken\"",
        ),
        ("/404-own", 1, "Refused(Refusal { status: 404, as_what: Missing"),
        ("/422-own", 1, "Refused(Refusal { status: 422"),
        ("/422-proxy", 1, "Unknown(\"422, and the answer is not the system's own"),
        ("/401-x", 1, "Refused(Refusal { status: 401"),
        ("/403-x", 1, "Refused(Refusal { status: 403, as_what: Forbidden"),
    ] {
        let got = format!("{:?}", write(&client, path).await.unwrap());
        assert!(got.starts_with(expected), "{path}: {got}");
        assert_eq!(stub.calls(path), calls, "{path}");
    }
    let seen = stub.seen.lock().unwrap();
    assert_eq!((seen[0].0.as_str(), seen[0].3.as_str()), ("POST", "{\"a\":1.10}"), "the body as written");
}

#[tokio::test]
async fn too_many_calls_for_too_long_is_an_error_and_nothing_was_done() {
    let stub = stub(|_, _| reply(429, "")).await;
    let error = write(&client(&stub, Auth::None), "/x").await.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::RateLimited { .. }) && stub.calls("/x") == 6, "{error}");
    assert!(error.to_string().starts_with("acme: POST /x: "), "{error}");
}

#[tokio::test]
async fn an_expired_token_is_renewed_once_for_a_write() {
    let stub = stub(|path, before| match (path, before) {
        ("/token", n) => reply(200, &format!("{{\"access_token\":\"t{n}\",\"expires_in\":86400}}")),
        ("/late", 0) | ("/never", _) => reply(401, ENVELOPE),
        _ => reply(200, "{}"),
    })
    .await;
    let client = with_tokens(&stub);
    assert!(matches!(write(&client, "/late").await.unwrap(), Outcome::Done(_)));
    assert_eq!((stub.calls("/token"), stub.calls("/late")), (2, 2));
    assert!(matches!(write(&client, "/never").await.unwrap(), Outcome::Refused(Refusal { status: 401, .. })));
    assert_eq!((stub.calls("/token"), stub.calls("/never")), (3, 2));
}

/// Accepts connections and does with each as it is told, after the request was read; counts them.
async fn raw(answer: Option<&'static str>) -> (String, Arc<std::sync::atomic::AtomicU32>) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counted = count.clone();
    tokio::spawn(async move {
        let mut silent = Vec::new();
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = [0u8; 4096];
            let _ = socket.read(&mut request).await;
            counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            match answer {
                Some(text) => drop(socket.write_all(text.as_bytes()).await),
                None => silent.push(socket),
            }
        }
    });
    (base, count)
}

#[tokio::test]
async fn a_write_without_a_whole_answer_is_unknown_and_not_sent_again() {
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 70\r\n\r\n{\"id\":";
    for (answer, why) in [(Some(""), "cut"), (Some(cut), "cut"), (None, "no reply in time")] {
        let (base, count) = raw(answer).await;
        let stub = Stub { base, seen: Arc::default() };
        let mut settings = settings(&stub, Auth::None);
        if answer.is_none() {
            settings.timeouts.total = Duration::from_millis(50);
        }
        let got = write(&Client::new(settings).unwrap(), "/x").await.unwrap();
        assert!(matches!(&got, Outcome::Unknown(what) if what.contains(why)), "{got:?}");
        assert_eq!(count.load(std::sync::atomic::Ordering::SeqCst), 1, "{why}");
    }
}

#[tokio::test]
async fn no_connection_is_an_error_after_some_attempts() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let error = write(&client(&Stub { base, seen: Arc::default() }, Auth::None), "/x").await.unwrap_err();
    assert!(error.to_string().contains("no connection") && error.to_string().contains("attempt 6"), "{error}");
}

#[tokio::test]
async fn a_remote_that_repeats_the_call_in_its_answer_gives_no_secret_away() {
    let stub = stub(|path, _| {
        let said = "{\"message\":\"you sent Bearer canary-bearer\"}";
        reply(path.trim_start_matches('/').parse().unwrap(), if path == "/200" { "canary-bearer" } else { said })
    })
    .await;
    let client = client(&stub, Auth::Bearer("canary-bearer".into()));
    for path in ["/200", "/400", "/409", "/422", "/500"] {
        let said = format!("{:?}", write(&client, path).await.unwrap());
        assert!(!said.contains("canary") && (path == "/200" || said.contains("***")), "{path}: {said}");
    }
}

#[tokio::test]
async fn the_remotes_own_rules_say_what_an_answer_to_a_write_means() {
    let stub = stub(|path, call| match (path, call) {
        ("/ok-is-no", _) => reply(200, r#"{"ok":false}"#),
        ("/slow", 0) => reply(400, "{}"),
        ("/expired", _) => reply(500, "{}"),
        _ => reply(200, r#"{"ok":true}"#),
    })
    .await;
    let mut settings = settings(&stub, Auth::None);
    settings.judge = Some(std::sync::Arc::new(|status, _, body| match (status, body) {
        (200, body) if body.ends_with(b"false}") => {
            let (field, message) = (Some("name".to_owned()), "taken".to_owned());
            Some(Err(Trouble::Refused { as_what: RefusedAs::Duplicate, field, message }))
        }
        (400, _) => Some(Err(Trouble::Throttled { wait: None })),
        (500, _) => Some(Err(Trouble::Failed(ErrorKind::NotFound("no such route".to_owned())))),
        _ => None,
    }));
    let client = Client::new(settings).unwrap();
    for (path, calls, expected) in [
        ("/ok-is-no", 1, "Refused(Refusal { status: 200, as_what: Duplicate, kind: None, message: \"taken (name)\" })"),
        ("/slow", 2, "Done"),
        ("/expired", 1, "Refused(Refusal { status: 500, as_what: Missing"),
        ("/fine", 1, "Done"),
    ] {
        let got = format!("{:?}", write(&client, path).await.unwrap());
        assert!(got.starts_with(expected), "{path}: {got}");
        assert_eq!(stub.calls(path), calls, "{path}");
    }
}
