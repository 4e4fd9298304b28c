//! The client against a stub that misbehaves, over loopback.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;

use super::*;

/// What the stub saw: method, path with query, authorization, body.
pub(super) type Seen = Arc<Mutex<Vec<(String, String, String, String)>>>;

pub(super) struct Stub {
    pub(super) base: String,
    pub(super) seen: Seen,
}

impl Stub {
    pub(super) fn calls(&self, to: &str) -> usize {
        self.seen.lock().unwrap().iter().filter(|(_, path, ..)| path.starts_with(to)).count()
    }
}

/// Serves what `answer` says for (path, how often that path was asked before).
pub(super) async fn stub(answer: impl Fn(&str, usize) -> Response<Body> + Send + Sync + 'static) -> Stub {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let seen = Seen::default();
    let (answer, log) = (Arc::new(answer), seen.clone());
    let app = Router::new().fallback(move |request: Request| {
        let (answer, log) = (answer.clone(), log.clone());
        async move {
            let path = request.uri().to_string();
            let method = request.method().to_string();
            let auth =
                request.headers().get("authorization").map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
            let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
            let mut log = log.lock().unwrap();
            let before = log.iter().filter(|(_, p, ..)| *p == path).count();
            log.push((method, path.clone(), auth, String::from_utf8_lossy(&body).into_owned()));
            answer(&path, before)
        }
    });
    tokio::spawn(async move { axum::serve(listener, app).await });
    Stub { base, seen }
}

pub(super) fn reply(status: u16, body: &str) -> Response<Body> {
    Response::builder().status(status).body(Body::from(body.to_owned())).unwrap()
}

pub(super) fn settings(stub: &Stub, auth: Auth) -> Settings {
    let mut settings = Settings::new("acme", &stub.base, auth);
    settings.backoff = Backoff { first: Duration::from_micros(10), most: Duration::from_micros(10) };
    settings
}

pub(super) fn client(stub: &Stub, auth: Auth) -> Client {
    Client::new(settings(stub, auth)).unwrap()
}

#[tokio::test]
async fn what_may_pass_is_repeated_and_refusals_are_not() {
    let stub = stub(|path, before| {
        let status: u16 = path.trim_start_matches('/').parse().unwrap();
        if before < 2 { reply(status, "{\"message\":\"not today\"}") } else { reply(200, "[1]") }
    })
    .await;
    let client = client(&stub, Auth::None);
    for (status, calls, error) in [
        (408, 3, None),
        (429, 3, None),
        (500, 3, None),
        (503, 3, None),
        (302, 1, Some("redirects are not followed")),
        (400, 1, Some("the remote refused: 400: not today")),
        (401, 1, Some("the credentials were refused (401: not today)")),
        (403, 1, Some("the credentials were refused (403: not today)")),
        (404, 1, Some("not found (404: not today)")),
        (422, 1, Some("the remote refused: 422: not today")),
    ] {
        let path = format!("/{status}");
        let got = client.get_json::<Vec<u8>>(&path, &[]).await;
        assert_eq!(stub.calls(&path), calls, "{status}");
        match error {
            None => assert_eq!(got.unwrap(), [1], "{status}"),
            Some(words) => {
                let text = got.unwrap_err().to_string();
                assert!(text.starts_with(&format!("acme: GET {path}: ")) && text.contains(words), "{text}");
            }
        }
    }
}

#[tokio::test]
async fn attempts_end() {
    let stub = stub(|path, _| reply(if path == "/429" { 429 } else { 500 }, "")).await;
    let client = client(&stub, Auth::None);
    let limited = client.get("/429", &[]).await.unwrap_err();
    assert!(matches!(limited.kind, ErrorKind::RateLimited { retry_after: None }) && stub.calls("/429") == 6);
    let failed = client.get("/500", &[]).await.unwrap_err();
    assert!(failed.to_string().contains("attempt 6") && stub.calls("/500") == 6, "{failed}");
}

#[tokio::test]
async fn a_retry_after_beyond_the_time_limit_is_an_error_at_once() {
    let stub =
        stub(|_, _| Response::builder().status(429).header("retry-after", "86400").body(Body::empty()).unwrap()).await;
    let error = client(&stub, Auth::None).get("/x", &[]).await.unwrap_err();
    assert!(
        matches!(error.kind, ErrorKind::RateLimited { retry_after: Some(wait) } if wait.as_secs() == 86_400),
        "{error}"
    );
    assert_eq!(stub.calls("/x"), 1);
}

#[derive(serde::Deserialize)]
struct Row {
    id: String,
}

#[derive(serde::Deserialize)]
struct Page {
    content: Vec<Row>,
}

#[tokio::test]
async fn cut_json_is_read_again_and_named_when_it_stays_broken() {
    let stub = stub(|path, before| match path {
        "/cut" if before == 0 => reply(200, "{\"content\":[{\"id\":\"a\"},{\"i"),
        "/cut" => reply(200, "{\"content\":[{\"id\":\"a\"}]}"),
        _ => reply(200, "{\"content\":[{\"id\":\"a\"},{\"id\":false}]}"),
    })
    .await;
    let client = client(&stub, Auth::None);
    let page: Page = client.get_json("/cut", &[]).await.unwrap();
    assert_eq!((page.content[0].id.as_str(), stub.calls("/cut")), ("a", 2));
    let error = client.get_json::<Page>("/odd", &[]).await.map(|_| ()).unwrap_err();
    assert_eq!(stub.calls("/odd"), 3);
    assert!(
        error.to_string().starts_with("acme: GET /odd: unexpected answer at content[1].id: invalid type"),
        "{error}"
    );
}

#[tokio::test]
async fn a_connection_that_breaks_in_the_body_is_read_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicU32::new(0));
    let counted = count.clone();
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = [0u8; 4096];
            let _ = socket.read(&mut request).await;
            let body = if counted.fetch_add(1, Ordering::SeqCst) == 0 { "[1,2" } else { "[1,2,3]" };
            let head = "HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: close\r\n\r\n";
            let _ = socket.write_all(format!("{head}{body}").as_bytes()).await;
        }
    });
    let got: Vec<u8> = client(&Stub { base, seen: Seen::default() }, Auth::None).get_json("/x", &[]).await.unwrap();
    assert_eq!((got, count.load(Ordering::SeqCst)), (vec![1, 2, 3], 2));
}

#[tokio::test]
async fn a_reply_beyond_the_limit_is_refused() {
    let stub = stub(|_, _| reply(200, &"x".repeat(1_000_000))).await;
    let mut settings = settings(&stub, Auth::None);
    settings.limits.body_bytes = 100_000;
    let error = Client::new(settings).unwrap().get("/x", &[]).await.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Limit(_)) && stub.calls("/x") == 1, "{error}");
}

#[tokio::test]
async fn each_kind_of_credentials_travels_its_way() {
    let stub = stub(|_, _| reply(200, "1")).await;
    let pass = || SecretString::from("pw");
    for (auth, path, header) in [
        (Auth::None, "/a?p=1", ""),
        (Auth::Bearer(pass()), "/a?p=1", "Bearer pw"),
        (Auth::Basic { user: "u".into(), password: pass() }, "/a?p=1", "Basic dTpwdw=="),
        (Auth::Header { name: "authorization".into(), value: "Key pw".into() }, "/a?p=1", "Key pw"),
        (Auth::Query { name: "key".into(), value: pass() }, "/a?p=1&key=pw", ""),
    ] {
        client(&stub, auth).get("/a", &[("p", "1")]).await.unwrap();
        let seen = stub.seen.lock().unwrap().last().cloned().unwrap();
        assert_eq!((seen.1.as_str(), seen.2.as_str()), (path, header));
    }
}

pub(super) fn with_tokens(stub: &Stub) -> Client {
    let fields = vec![("client_id".to_owned(), "id".into()), ("client_secret".to_owned(), "hunter2".into())];
    client(stub, Auth::Token(TokenCall::json(format!("{}/token", stub.base), fields)))
}

#[tokio::test]
async fn a_token_is_fetched_once_kept_and_renewed_on_a_401() {
    let stub = stub(|path, before| match (path, before) {
        ("/token", n) => reply(200, &format!("{{\"access_token\":\"t{n}\",\"expires_in\":86400}}")),
        ("/late", 0) | ("/never", _) => reply(401, ""),
        _ => reply(200, "1"),
    })
    .await;
    let client = with_tokens(&stub);
    let (a, b) = tokio::join!(client.get("/a", &[]), client.get("/b", &[]));
    assert!(a.is_ok() && b.is_ok());
    assert_eq!(stub.calls("/token"), 1, "two calls at once share one token");
    client.get("/late", &[]).await.unwrap();
    assert_eq!((stub.calls("/token"), stub.calls("/late")), (2, 2));
    assert_eq!(stub.seen.lock().unwrap().last().unwrap().2, "Bearer t1");
    let error = client.get("/never", &[]).await.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Auth(_)), "{error}");
    assert_eq!((stub.calls("/token"), stub.calls("/never")), (3, 2), "once, not for ever");
    let body: serde_json::Value = serde_json::from_str(&stub.seen.lock().unwrap()[0].3).unwrap();
    assert_eq!(body, serde_json::json!({"client_id": "id", "client_secret": "hunter2"}));
}

#[tokio::test]
async fn a_short_token_is_renewed_before_it_ends() {
    let stub = stub(|path, _| match path {
        "/token" => reply(200, "{\"access_token\":\"t\",\"expires_in\":0}"),
        _ => reply(200, "1"),
    })
    .await;
    let client = with_tokens(&stub);
    client.get("/a", &[]).await.unwrap();
    client.get("/a", &[]).await.unwrap();
    assert_eq!(stub.calls("/token"), 2);
}

#[tokio::test]
async fn a_refused_token_call_names_itself_and_no_secret() {
    for (status, body, calls) in [
        (401, "{\"error\":\"access_denied\",\"error_description\":\"secret hunter2 is unknown\"}", 1),
        (200, "{\"t\":\"hunter2\"}", 6),
    ] {
        let stub = stub(move |_, _| reply(status, body)).await;
        let error = with_tokens(&stub).get("/a", &[]).await.unwrap_err();
        assert_eq!((stub.calls("/token"), stub.calls("/a")), (calls, 0));
        let text = format!("{error} {error:?}");
        assert!(text.contains("token call") && !text.contains("hunter2"), "{text}");
    }
}

#[tokio::test]
async fn the_two_bodies_of_a_401_are_told_apart() {
    let api = r#"{"type":"UNAUTHORIZED","message":"Unauthorized","instance":"/public/v1/x","status":401,"details":[]}"#;
    let oauth = r#"{"error":"access_denied","error_description":"Unauthorized"}"#;
    for (token, call, expected) in [
        (Err(oauth), "1", "token call: 401: Unauthorized; the client id, its secret or the audience is wrong"),
        (Err(api), "1", "correct the token address"),
        (Ok(()), api, "401: Unauthorized; a token fetched just now was refused as well"),
    ] {
        let stub = stub(move |path, _| match (path, token) {
            ("/token", Err(body)) => reply(401, body),
            ("/token", Ok(())) => reply(200, "{\"access_token\":\"t\"}"),
            _ => reply(401, call),
        })
        .await;
        let error = with_tokens(&stub).get("/x", &[]).await.unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Auth(_)) && error.to_string().contains(expected), "{error}");
    }
}

#[tokio::test]
async fn refresh_and_client_credentials_are_forms() {
    let stub = stub(|path, n| match path {
        "/token" => reply(200, &format!("{{\"access_token\":\"t\",\"expires_in\":0,\"refresh_token\":\"r{n}\"}}")),
        _ => reply(200, "1"),
    })
    .await;
    let url = format!("{}/token", stub.base);
    let asking = |scope: Option<&str>, basic| OAuthClient {
        id: "c".into(),
        secret: "s".into(),
        scope: scope.map(str::to_owned),
        basic,
    };
    let refresh = client(&stub, Auth::Token(TokenCall::refresh(&url, asking(Some("all"), false), "r".into())));
    refresh.get("/a", &[]).await.unwrap();
    refresh.get("/a", &[]).await.unwrap();
    client(&stub, Auth::Token(TokenCall::client_credentials(&url, asking(None, true)))).get("/a", &[]).await.unwrap();
    let seen = stub.seen.lock().unwrap().clone();
    let bodies: Vec<_> = seen.iter().filter(|s| s.1 == "/token").map(|s| (s.2.as_str(), s.3.as_str())).collect();
    assert_eq!(
        bodies,
        [
            ("", "client_id=c&client_secret=s&grant_type=refresh_token&refresh_token=r&scope=all"),
            ("", "client_id=c&client_secret=s&grant_type=refresh_token&refresh_token=r0&scope=all"),
            ("Basic Yzpz", "grant_type=client_credentials"),
        ]
    );
}

#[tokio::test]
async fn a_judge_overrides_the_table() {
    let stub = stub(|path, before| match (path, before) {
        ("/token", _) => reply(200, "{\"ok\":false,\"access_token\":\"t\"}"),
        ("/busy", 0) => reply(200, "{\"ok\":false}"),
        ("/broken", _) => reply(500, "unknown field"),
        _ => reply(200, "{\"ok\":true}"),
    })
    .await;
    let token = TokenCall::json(format!("{}/token", stub.base), vec![]);
    let mut settings = settings(&stub, Auth::Token(token));
    settings.judge = Some(Arc::new(|status, _, body| {
        let busy = status == 200 && body.windows(5).any(|w| w == b"false");
        let broken = status == 500;
        if busy {
            Some(Err(Trouble::Throttled { wait: None }))
        } else if broken {
            Some(Err(Trouble::Failed(ErrorKind::Rejected {
                field: None,
                message: "a mistake in the description".into(),
            })))
        } else {
            None
        }
    }));
    let client = Client::new(settings).unwrap();
    client.get("/busy", &[]).await.unwrap();
    assert_eq!(stub.calls("/busy"), 2);
    assert!(client.get("/broken", &[]).await.is_err() && stub.calls("/broken") == 1);
}

#[tokio::test]
async fn a_link_elsewhere_is_not_followed() {
    let stub = stub(|_, _| reply(200, "1")).await;
    let client = client(&stub, Auth::Bearer("hunter2".into()));
    assert!(client.get(&format!("{}/next", stub.base), &[]).await.is_ok());
    let error = client.get("https://evil.example/next?cursor=1", &[]).await.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Malformed { .. }) && stub.calls("/") == 1, "{error}");
}

#[tokio::test]
async fn a_redirect_is_not_followed_wherever_it_points() {
    let elsewhere = stub(|_, _| reply(200, "1")).await;
    for status in [301, 302, 307, 308] {
        let to = format!("{}/there", elsewhere.base);
        let stub = stub(move |path, _| {
            let to = if path == "/near" { "/there" } else { to.as_str() };
            Response::builder().status(status).header("location", to).body(Body::empty()).unwrap()
        })
        .await;
        let client = client(&stub, Auth::Bearer("hunter2".into()));
        for path in ["/near", "/far"] {
            let error = client.get(path, &[]).await.unwrap_err();
            assert!(error.to_string().contains("redirects are not followed"), "{error}");
        }
        assert_eq!((stub.calls("/"), elsewhere.calls("/")), (2, 0), "{status}");
    }
}

/// Gives each name its addresses in turn, one answer for each time it is asked; the last one stays.
struct Told(Mutex<BTreeMap<&'static str, Vec<Vec<IpAddr>>>>);

impl Told {
    fn of(names: &[(&'static str, &[&[&str]])]) -> Arc<Self> {
        let read = |answer: &&[&str]| answer.iter().map(|ip| ip.parse().unwrap()).collect();
        Arc::new(Self(Mutex::new(names.iter().map(|(n, a)| (*n, a.iter().map(read).collect())).collect())))
    }
}

impl Resolve for Told {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let mut told = self.0.lock().unwrap();
        let answers = told.get_mut(name.as_str()).expect("a name of the table");
        let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
        let addresses: reqwest::dns::Addrs = Box::new(answer.into_iter().map(|ip| SocketAddr::new(ip, 0)));
        Box::pin(std::future::ready(Ok(addresses)))
    }
}

/// A client whose base is the stub's port under a name.
fn named(stub: &Stub, host: &str, names: &Arc<Told>, change: impl FnOnce(&mut Settings)) -> Client {
    let mut settings = settings(stub, Auth::None);
    settings.base_url = stub.base.replace("127.0.0.1", host);
    settings.plain_hosts = vec![host.to_owned()];
    change(&mut settings);
    let names: Arc<dyn Resolve> = Arc::<Told>::clone(names);
    Client::resolving(settings, names).unwrap()
}

#[tokio::test]
async fn a_name_that_leads_into_a_private_network_is_refused_at_once() {
    let stub = stub(|_, _| reply(200, "1")).await;
    for ip in ["127.0.0.1", "169.254.169.254", "10.0.0.5", "::1"] {
        let names = Told::of(&[("psa.example", &[&[ip]])]);
        let error = named(&stub, "psa.example", &names, |_| {}).get("/x", &[]).await.unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Settings(_)), "no other attempt is made: {error}");
        let text = error.to_string();
        for part in ["acme: GET /x: psa.example leads to ", ip, "name psa.example in private_hosts"] {
            assert!(text.contains(part), "{text}");
        }
    }
    assert_eq!(stub.calls("/"), 0);
}

#[tokio::test]
async fn a_name_that_was_allowed_and_localhost_lead_to_this_machine() {
    let stub = stub(|_, _| reply(200, "1")).await;
    let names =
        Told::of(&[("psa.example", &[&["127.0.0.1"]]), ("localhost", &[&["10.0.0.5", "127.0.0.1"], &["10.0.0.5"]])]);
    let allow = |settings: &mut Settings| settings.private_hosts = vec!["PSA.example.".to_owned()];
    named(&stub, "psa.example", &names, allow).get("/x", &[]).await.unwrap();
    named(&stub, "localhost", &names, |_| {}).get("/x", &[]).await.unwrap();
    let error = named(&stub, "localhost", &names, |_| {}).get("/x", &[]).await.unwrap_err();
    assert!(error.to_string().contains("localhost leads to 10.0.0.5"), "{error}");
    assert_eq!(stub.calls("/x"), 2);
}

#[tokio::test]
async fn only_addresses_that_were_looked_at_are_given_to_a_connection() {
    // there is no second look-up between the check and the connection, and a later connection is checked anew
    let names = Told::of(&[("psa.example", &[&["10.0.0.5", "192.0.2.1", "::1", "2001:db8::1"], &["127.0.0.1"]])]);
    let guarded = GuardedNames::new(names, &["other.example".to_owned()]);
    let asked = || guarded.resolve("psa.example".parse().unwrap());
    let given: Vec<String> = asked().await.unwrap().map(|address| address.ip().to_string()).collect();
    assert_eq!(given, ["192.0.2.1", "2001:db8::1"]);
    let refused = asked().await.err().unwrap().to_string();
    assert!(refused.starts_with("psa.example leads to 127.0.0.1"), "{refused}");
}

#[tokio::test]
async fn the_token_is_fetched_under_the_same_guard() {
    let stub = stub(|_, _| reply(200, "{\"access_token\":\"t\"}")).await;
    let names = Told::of(&[("login.example", &[&["127.0.0.1"]])]);
    let url = format!("{}/token", stub.base.replace("127.0.0.1", "login.example"));
    let client = named(&stub, "127.0.0.1", &names, |settings| {
        settings.plain_hosts = vec!["login.example".to_owned()];
        settings.auth = Auth::Token(TokenCall::json(url, vec![]));
    });
    let error = client.get("/x", &[]).await.unwrap_err();
    assert!(error.to_string().contains("login.example leads to 127.0.0.1"), "{error}");
    assert_eq!(stub.calls("/"), 0);
}

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_holds_calls_and_no_secret_body_or_header() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone());
    let _guard = tracing::subscriber::set_default(subscriber.finish());
    // While there is only one, a call of another test's thread may decide for all threads that nobody listens.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
    let stub = stub(|path, before| match path {
        "/token" => reply(200, "{\"access_token\":\"canary-token\"}"),
        _ if before == 0 => reply(503, "canary-body"),
        _ => reply(200, "\"canary-body\""),
    })
    .await;
    let fields = vec![("client_secret".to_owned(), "canary-secret".into())];
    let mut settings = settings(&stub, Auth::Token(TokenCall::json(format!("{}/token", stub.base), fields)));
    settings.headers.push(("x-client".to_owned(), "canary-header".into()));
    Client::new(settings).unwrap().get("/things", &[("page", "2")]).await.unwrap();
    client(&stub, Auth::Query { name: "key".into(), value: "canary-query".into() }).get("/others", &[]).await.unwrap();
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for expected in ["GET /things page=2", "POST token", "status=503", "status=200", "attempt=2", "acme", "GET /others"]
    {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
    assert!(!text.contains("canary"), "{text}");
}

/// What the first call of a client with these settings is told to wait for.
async fn waits(settings: Settings) -> Vec<String> {
    struct Told(Mutex<Vec<String>>);
    impl crate::connectors::Watch for Told {
        fn progress(&self, _what: &str, _records: u64, _way: crate::connectors::Way) {}

        fn waiting(&self, what: &str, pause: Duration, why: &crate::connectors::Waiting) {
            self.0.lock().unwrap().push(format!("{what}, {}", why.told(pause.as_secs())));
        }
    }
    let told = Told(Mutex::default());
    let client = Client::new(settings).unwrap();
    let watched = crate::connectors::Watched::new(&told, "things");
    let _answer = client.watched(&watched, async { (client.get("/a", &[]).await, client.get("/b", &[]).await) }).await;
    drop(watched);
    told.0.into_inner().unwrap()
}

#[tokio::test]
async fn who_watches_is_told_why_a_call_waits() {
    let stub = stub(|path, before| match (path, before) {
        ("/a", 0) => Response::builder().status(429).header("retry-after", "0").body(Body::empty()).unwrap(),
        ("/a", 1) => reply(503, "{\"message\":\"not today\"}"),
        _ => reply(200, "[]"),
    })
    .await;
    let told = waits(settings(&stub, Auth::None)).await;
    let expected =
        ["things, waiting 0 s: the system asked to slow down (429)", "things, retry 2 of 5 in 0 s: 503: not today"];
    assert_eq!(told, expected);
    let mut paced = settings(&stub, Auth::None);
    paced.rates = vec![Rate { calls: 1, per: Duration::from_millis(300) }];
    assert!(waits(paced).await.iter().any(|line| line.ends_with("to keep the agreed pace")));
    let mut dead = settings(&stub, Auth::None);
    dead.base_url = "http://127.0.0.1:1".to_owned();
    let told = waits(dead).await.concat();
    assert!(told.starts_with("things, retry 1 of 5 in 0 s: no connection: Connection refused"), "{told}");
}
