//! Room at an endpoint, calls an answer says are used up, keys in bodies, addresses the system tells itself.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::tests::{client, reply, settings, stub};
use super::*;

/// Whether work can go on now.
fn goes_on<T>(work: std::pin::Pin<&mut impl Future<Output = T>>) -> Option<T> {
    match work.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    }
}

#[tokio::test]
async fn an_endpoint_has_room_for_so_many_calls_and_others_have_theirs() {
    let mut settings = Settings::new("acme", "http://127.0.0.1:1/v1", Auth::None);
    settings.endpoints = vec![("/a".to_owned(), 1), ("/a/b".to_owned(), 2)];
    let client = Client::new(settings).unwrap();
    let url = |path: &str| Url::parse(&format!("http://127.0.0.1:1/v1{path}")).unwrap();
    let held = client.inner.slots(&url("/a/1")).await;
    let (second_url, other_url, longer_url) = (url("/a/2"), url("/c"), url("/a/b/3"));
    let mut second = pin!(client.inner.slots(&second_url));
    assert!(goes_on(second.as_mut()).is_none(), "the one place is taken");
    assert!(goes_on(pin!(client.inner.slots(&other_url))).is_some(), "another address");
    assert!(goes_on(pin!(client.inner.slots(&longer_url))).is_some(), "the longest beginning counts");
    drop(held);
    assert!(goes_on(second.as_mut()).is_some());
    let mut nothing = Settings::new("acme", "http://127.0.0.1:1", Auth::None);
    nothing.endpoints = vec![("/a".to_owned(), 0)];
    assert!(Client::new(nothing).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_system_whose_calls_are_used_up_is_left_alone_until_there_are_more() {
    for (left, reset, waits) in [("0", "30", 30), ("1", "30", 0), ("0", "100000", 0)] {
        let mut settings = Settings::new("acme", "http://127.0.0.1:1", Auth::None);
        let unit = Reset::Seconds;
        settings.observe = Some(Observe { remaining: "x-left".into(), reset: "x-reset".into(), unit, keep: 0 });
        let client = Client::new(settings).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("x-left", left.parse().unwrap());
        headers.insert("x-reset", reset.parse().unwrap());
        client.inner.observed(&Reply { status: 200, headers, body: Vec::new() });
        let start = tokio::time::Instant::now();
        client.inner.pacer.ready().await;
        assert_eq!(start.elapsed().as_secs(), waits, "{left} {reset}");
    }
}

#[tokio::test]
async fn a_key_goes_into_bodies_and_where_it_is_said_into_the_address() {
    for (also_query, path) in [(true, "/q?key=canary"), (false, "/q")] {
        let stub = stub(|_, _| reply(200, "{}")).await;
        let client = client(&stub, Auth::Body { name: "key".into(), value: "canary".into(), also_query });
        client.ask_with("/q", &[], Some("{\"a\":1}"), |reply| Ok(reply.status)).await.unwrap();
        let call = Call { verb: Verb::Put, path: "/q", query: &[], headers: &[], body: Some("[1]") };
        let _ = client.write(call, |reply| Ok(reply.status)).await.unwrap();
        let seen = stub.seen.lock().unwrap();
        let seen: Vec<_> =
            seen.iter().map(|(verb, path, _, body)| (verb.as_str(), path.as_str(), body.as_str())).collect();
        // a list has no place for it
        assert_eq!(seen, [("POST", path, "{\"a\":1,\"key\":\"canary\"}"), ("PUT", path, "[1]")]);
    }
}

#[tokio::test]
async fn a_question_asked_by_post_is_repeated_as_a_read_is() {
    let stub = stub(|_, before| if before < 2 { reply(503, "") } else { reply(200, "[7]") }).await;
    let client = client(&stub, Auth::None);
    let rows: Vec<u8> = client.ask_with("/q", &[], Some("{}"), |reply| decode(&reply.body)).await.unwrap();
    assert_eq!((rows, stub.calls("/q")), (vec![7], 3));
}

#[tokio::test]
async fn an_address_that_is_told_must_lie_within_what_was_named() {
    let home = stub(|_, _| reply(200, "{\"rows\":[1]}")).await;
    for (answered, within, expected) in [
        (home.base.clone(), "127.0.0.1", Ok(())),
        (home.base.clone(), "psa.example", Err("a host within psa.example expected, found 127.0.0.1")),
        ("https://evilpsa.example".to_owned(), "psa.example", Err("found evilpsa.example")),
        ("https://psa.example.evil.example".to_owned(), "psa.example", Err("credentials are not sent elsewhere")),
        ("http://zone.psa.example".to_owned(), "psa.example", Err("without TLS")),
        ("https://169.254.169.254".to_owned(), "169.254.169.254", Err("private network")),
        ("https://user:pw@zone.psa.example".to_owned(), "psa.example", Err("user name or password")),
    ] {
        let zone = stub(move |_, _| reply(200, &format!("\"{answered}\""))).await;
        let mut settings = settings(&zone, Auth::Bearer("canary".into()));
        let read: ReadAddress = Arc::new(decode);
        let query = vec![("user".to_owned(), "me".to_owned())];
        let within = vec![within.to_owned()];
        settings.discovery = Some(Discovery { path: "/zone".into(), query, read, append: "/v1".into(), within });
        settings.limits.attempts = 1;
        let client = Client::new(settings).unwrap();
        let (asked, calls) = (client.get("/rows", &[]).await, home.seen.lock().unwrap().len());
        match expected {
            Ok(()) => {
                assert_eq!(client.base_url(), format!("{}/v1", home.base));
                client.get("/rows", &[]).await.unwrap();
                let call = Call { verb: Verb::Post, path: "/rows", query: &[], headers: &[], body: None };
                let _ = client.write(call, |_| Ok(())).await.unwrap();
                assert_eq!((zone.calls("/zone?user=me"), zone.seen.lock().unwrap().len()), (1, 1), "asked once");
                assert_eq!(home.calls("/v1/rows"), 3);
                let elsewhere = client.get(&format!("{}/rows", zone.base), &[]).await.unwrap_err().to_string();
                assert!(elsewhere.contains("credentials are not sent elsewhere"), "{elsewhere}");
            }
            Err(words) => {
                let text = asked.unwrap_err().to_string();
                assert!(text.contains(words), "{text}");
                assert_eq!(home.seen.lock().unwrap().len(), calls, "nothing was sent there");
            }
        }
    }
}
