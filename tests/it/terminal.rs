//! What moves on a real terminal while a command works, and that nothing does where nobody looks.

#![cfg(test)]
#![cfg(unix)]

use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::pty::OpenptFlags;
use rustix::termios::Winsize;
use trueup::simulate::{Faults, Pax8Credentials, Running, World, serve_pax8};

use crate::support::hermetic::Place;

/// A terminal that nobody else has: the end a person would look at, and the end a program is given.
pub(crate) fn terminal() -> (File, OwnedFd) {
    let person = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    rustix::pty::grantpt(&person).unwrap();
    rustix::pty::unlockpt(&person).unwrap();
    let name = rustix::pty::ptsname(&person, Vec::new()).unwrap();
    let program = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    let size = Winsize { ws_row: 24, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 };
    rustix::termios::tcsetwinsize(&program, size).unwrap();
    (File::from(person), program)
}

/// Everything that was written to standard error, as a terminal, while the command ran and ended well.
fn shown(place: &Place, line: &str) -> String {
    let (mut person, program) = terminal();
    let mut command = place.command(Path::new(""), line);
    let mut child = command.stderr(program).stdout(std::process::Stdio::null()).spawn().unwrap();
    // It holds the program's end too; the reading ends when nobody does.
    drop(command);
    let (mut all, mut part) = (Vec::new(), [0; 4096]);
    // A terminal that nobody writes to any more says so with an error.
    while let Ok(count @ 1..) = person.read(&mut part) {
        all.extend_from_slice(&part[..count]);
    }
    assert_eq!(child.wait().unwrap().code(), Some(0), "{}", String::from_utf8_lossy(&all));
    String::from_utf8(all).unwrap()
}

/// A distributor that asks its first caller for subscriptions to wait, and a place that is connected to it.
async fn connected() -> (Running, Place) {
    let data = World::from_seed(1, 3, "2026-10").unwrap().data;
    let faults: Faults = "429=1@subscriptions,retry-after=2".parse().unwrap();
    let (vendor, free) = (Pax8Credentials::default(), "127.0.0.1:0".parse().unwrap());
    let place = Place::new().set("TERM", "xterm").set("PAX8_SECRET", &vendor.client_secret);
    let (url, id) = ("sqlite:trueup.db", vendor.client_id.clone());
    let pax8 = serve_pax8(data, faults, vendor, free).await.unwrap();
    place.write(
        "trueup.toml",
        &format!(
            "[store]\nurl = \"{url}\"\n\n[connectors.pax8]\nkind = \"pax8\"\nside = \"vendor\"\nbase_url = \"{}/v1\"\n\
             client_id = \"{id}\"\nclient_secret = {{ env = \"PAX8_SECRET\" }}\n",
            pax8.url()
        ),
    );
    let _ = place.run("db migrate").ended(0);
    (pax8, place)
}

const PULL: &str = "pull --only pax8 --period 2026-10";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listing_that_waits_says_so_on_a_terminal_and_the_line_goes() {
    let (_pax8, place) = connected().await;
    let shown = shown(&place, PULL);
    let told = "pax8: subscriptions, waiting 1 s: the system asked to slow down (429)";
    let (_, after) = shown.rsplit_once(told).unwrap_or_else(|| panic!("{shown:?}"));
    assert!(after.ends_with("\r\u{1b}[2K"), "{after:?}");
    assert!(!shown.contains("companies"), "what is quick is not shown: {shown:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_says_what_it_waits_for() {
    let (_pax8, place) = connected().await;
    let shown = shown(&place, "check --only pax8");
    let told = "pax8: list subscriptions, waiting 1 s: the system asked to slow down (429)";
    assert!(shown.contains(told), "{shown:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_moves_where_nobody_looks() {
    let (_pax8, place) = connected().await;
    assert_eq!(place.run(PULL).ended(0).stderr, "");
    let (_pax8, place) = connected().await;
    assert_eq!(shown(&place, &format!("{PULL} --quiet")), "");
}
