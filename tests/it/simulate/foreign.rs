//! Client libraries that others wrote, pointed at the simulators, work unchanged: they cannot tell.

use trueup::simulate::{CONNECTWISE, HALOPSA, World};

use super::{Pax8, Psa, sample};

/// Runs a script with the libraries that the test command installed, and counts what went well.
async fn operations(script: &'static str, args: Vec<String>) -> usize {
    #[expect(clippy::disallowed_methods, reason = "where the test command installed the clients")]
    let clients = std::env::var("TRUEUP_TEST_CLIENTS").unwrap_or_else(|_| {
        panic!(
            "TRUEUP_TEST_CLIENTS is not set: tests/run installs the clients, or install them with pip --target and set it"
        )
    });
    let script = format!("{}/tests/clients/{script}", env!("CARGO_MANIFEST_DIR"));
    let run = move || std::process::Command::new("python3").arg(script).args(args).env("PYTHONPATH", clients).output();
    let done = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
    let (said, why) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{said}{why}");
    said.lines().filter(|line| line.starts_with("ok ")).count()
}

/// The library is of 2022, and refuses fields that came later; so this is the shape of that year as well.
#[tokio::test]
async fn the_client_of_pypi_reads_everything() {
    let pax8 = Pax8::start(sample(), "shape=2022").await;
    assert_eq!(operations("pypi_pax8.py", vec![pax8.running.url().to_owned()]).await, 19);
}

#[tokio::test]
async fn the_connectwise_client_of_pypi_reads_and_writes() {
    let psa = Psa::start(sample(), "").await;
    let accepted =
        ["company", "public_key", "private_key", "client_id"].map(|name| CONNECTWISE.setting(name).to_owned());
    let args = [psa.running.url().to_owned()].into_iter().chain(accepted).collect();
    assert_eq!(operations("pypi_connectwise.py", args).await, 22);
}

#[tokio::test]
async fn the_halopsa_client_of_pypi_reads_and_writes() {
    let data = World::from_seed(7, 6, "2026-04").unwrap().data;
    let running = HALOPSA.serve(&data, "".parse().unwrap(), "127.0.0.1:0".parse().unwrap()).await.unwrap();
    assert_eq!(operations("pypi_halopsa.py", vec![running.url().to_owned()]).await, 20);
}
