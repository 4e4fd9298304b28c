//! Client libraries that others wrote, pointed at the simulators, work unchanged: they cannot tell.

use trueup::simulate::{HALOPSA, World};

use super::{Pax8, sample};

/// Runs a client against an address, which must say this many times that it went well.
async fn works(script: &str, url: &str, times: usize) {
    #[expect(clippy::disallowed_methods, reason = "where the test command installed the clients")]
    let clients = std::env::var("TRUEUP_TEST_CLIENTS").unwrap_or_else(|_| {
        panic!(
            "TRUEUP_TEST_CLIENTS is not set: tests/run installs the clients, or install them with pip --target and set it"
        )
    });
    let (script, url) = (format!("{}/tests/clients/{script}", env!("CARGO_MANIFEST_DIR")), url.to_owned());
    let run = move || std::process::Command::new("python3").args([script, url]).env("PYTHONPATH", clients).output();
    let done = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
    let (said, why) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{said}{why}");
    assert_eq!(said.lines().filter(|line| line.starts_with("ok ")).count(), times, "{said}");
}

/// The library is of 2022, and refuses fields that came later; so this is the shape of that year as well.
#[tokio::test]
async fn the_client_of_pypi_reads_everything() {
    let pax8 = Pax8::start(sample(), "shape=2022").await;
    works("pypi_pax8.py", pax8.running.url(), 19).await;
}

#[tokio::test]
async fn the_client_of_pypi_reads_and_writes_halopsa() {
    let data = World::from_seed(7, 6, "2026-04").unwrap().data;
    let loopback = "127.0.0.1:0".parse().unwrap();
    let running = HALOPSA.serve(&data, "".parse().unwrap(), loopback).await.unwrap();
    works("pypi_halopsa.py", running.url(), 20).await;
}
