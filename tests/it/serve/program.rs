//! `trueup serve` as a program: what it wants before it starts, what it prints, how it ends, and that it repeats no secret.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Child;

use super::{SECRET, news, post};
use crate::support::hermetic::Place;

/// A place whose distributor nobody answers for.
fn place(more: &str) -> Place {
    let place = Place::new().set("SECRET", "canary-client-secret").set("HOOK", SECRET).set("SHORT", "short");
    place.write(
        "trueup.toml",
        &format!(
            "[connectors.pax8]\nkind = \"pax8\"\nside = \"vendor\"\nbase_url = \"http://127.0.0.1:9/v1\"\nclient_id = \"id\"\n\
             client_secret = {{ env = \"SECRET\" }}\nattempts = 1\n{more}"
        ),
    );
    place
}

const HOOK: &str = "webhook_secret = { env = \"HOOK\" }\n";

/// Starts it; where it says it listens.
fn start(place: &Place, line: &str) -> (Child, BufReader<std::process::ChildStdout>, String) {
    let mut child = place.start(line);
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let mut url = String::new();
    said.read_line(&mut url).unwrap();
    (child, said, url)
}

#[test]
fn it_refuses_to_start_without_a_secret_or_in_the_open() {
    for (more, line, expected) in [
        ("", "serve", "webhook_secret is missing"),
        ("webhook_secret = { env = \"SHORT\" }\n", "serve", "webhook_secret is shorter than 16 bytes"),
        ("webhook_secret = { env = \"NONE\" }\n", "serve", "connectors.pax8.webhook_secret"),
        (HOOK, "serve --listen 0.0.0.0:0", "--allow-remote"),
        ("webhook_secret = { env = \"HOOK\" }\n[serve]\nlisten = \"[::]:0\"\n", "serve", "--allow-remote"),
    ] {
        let place = place(more);
        let _ = place.run("db migrate").ended(0);
        let refused = place.run(line).ended(2).stderr;
        assert!(refused.contains(expected) && !refused.contains("canary"), "{expected}: {refused}");
    }
    // Whoever only pulls needs no secret for webhooks.
    let place = place("webhook_secret = { env = \"NONE\" }\n");
    let _ = place.run("db migrate").ended(0);
    let pulled = place.run("pull --period 2026-10").ended(8).stderr;
    assert!(!pulled.contains("webhook_secret"), "{pulled}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_tells_where_it_listens_keeps_hints_repeats_no_secret_and_ends_when_told() {
    let place = place(HOOK);
    let _ = place.run("db migrate").ended(0);
    let (child, mut out, url) = start(&place, "serve --listen 127.0.0.1:0 --log trace");
    let rest = url.trim().strip_prefix("http://").unwrap();
    let (address, path) = rest.split_once('/').unwrap();
    assert_eq!(path, "hooks/pax8/pax8");
    let address = address.parse().unwrap();
    assert_eq!(post(address, "pax8", Some(SECRET), &news("CLIENT", "canary-id")).await, 200);
    for id in ["1", "2"] {
        assert_eq!(post(address, "pax8", Some(SECRET), &news("QUOTE", id)).await, 200);
    }
    assert_eq!(post(address, "pax8", Some("canary-wrong-secret"), &news("CLIENT", "2")).await, 401);
    assert_eq!(post(address, "nobody", Some("canary-other-secret"), "{}").await, 404);
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::TERM).unwrap();
    let ended = child.wait_with_output().unwrap();
    let mut said = String::new();
    out.read_to_string(&mut said).unwrap();
    let log = format!("{said}{}", String::from_utf8(ended.stderr).unwrap());
    assert_eq!(ended.status.code(), Some(130), "{log}");
    assert!(log.contains("a webhook for `pax8` was refused: with a wrong secret"), "{log}");
    for canary in [SECRET, "canary-wrong", "canary-other", "canary-client"] {
        assert!(!log.contains(canary), "{canary}: {log}");
    }
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nobody listens any more");
    let status = place.run("status").ended(0).stdout;
    for part in ["pax8 companies: CLIENT UPDATED canary-id", "1 webhook; waits to be read", "1 hint waiting"] {
        assert!(status.contains(part), "{part}: {status}");
    }
    // What is never read stays to be seen.
    let unread = status.lines().find(|line| line.contains("pax8 nothing: QUOTE UPDATED 2")).unwrap_or_default();
    assert!(unread.contains("2 webhooks since 20") && unread.contains("; nothing is read for it"), "{status}");
    assert!(!status.contains("running, or its process died"), "the run is marked: {status}");
    let database = std::fs::read(place.path().join("trueup.db")).unwrap();
    let kept = String::from_utf8_lossy(&database);
    assert!(!kept.contains(SECRET) && !kept.contains("canary-client"));
}
