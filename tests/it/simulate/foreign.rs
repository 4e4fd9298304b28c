//! A client library that others wrote, pointed at the simulator, works unchanged: it cannot tell.

use super::{Pax8, sample};

/// The library is of 2022, and refuses fields that came later; so this is the shape of that year as well.
#[tokio::test]
async fn the_client_of_pypi_reads_everything() {
    #[expect(clippy::disallowed_methods, reason = "where the test command installed the client")]
    let clients = std::env::var("TRUEUP_TEST_CLIENTS").unwrap_or_else(|_| {
        panic!(
            "TRUEUP_TEST_CLIENTS is not set: tests/run installs the client, or install it with pip --target and set it"
        )
    });
    let pax8 = Pax8::start(sample(), "shape=2022").await;
    let url = pax8.running.url().to_owned();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/pypi_pax8.py");
    let run = move || std::process::Command::new("python3").args([script, &url]).env("PYTHONPATH", clients).output();
    let done = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
    let (said, why) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{said}{why}");
    assert_eq!(said.lines().filter(|line| line.starts_with("ok ")).count(), 19, "{said}");
}
