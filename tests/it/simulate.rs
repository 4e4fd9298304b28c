//! The simulators speak the published formats.
use trueup::simulate::{Data, Faults, Pax8Credentials, PsaCredentials, serve_pax8, serve_psa};

#[tokio::test]
async fn smoke() {
    let data = Data::read_folder(std::path::Path::new("/tmp/S")).unwrap();
    let a = serve_pax8(data.clone(), Faults::default(), Pax8Credentials::default(), "127.0.0.1:18081".parse().unwrap())
        .await
        .unwrap();
    let b = serve_psa(data, Faults::default(), PsaCredentials::default(), "127.0.0.1:18082".parse().unwrap())
        .await
        .unwrap();
    println!("{} {}", a.url(), b.url());
    tokio::time::sleep(std::time::Duration::from_secs(20)).await;
}
