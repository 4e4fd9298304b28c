//! How long it takes to pull every company and subscription of a large partner from Pax8 into a database, against the least time
//! that the allowed calls and the page size permit, and how much memory that takes.
//!
//! A child process plays the distributor behind a wire of 150 ms, and misbehaves on the way: a token that expires, two answers
//! of 429 and one that is cut. `cargo bench --bench pull_pax8`; the sizes can be given: `-- 100000 1000`. A tenth of it is
//! pulled first and twice as much last: what grows with the listing shows in the peak.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use trueup::clock::Clock;
use trueup::config::{self, Environment};
use trueup::connectors::pax8::{Pax8, Pax8Settings};
use trueup::core::entity::Entity;
use trueup::engine::{Connection, Engine, PullRequest, Unwatched};
use trueup::simulate::{Data, Faults, Pax8Credentials, serve_pax8};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// What the distributor is said to allow.
const CALLS_PER_MINUTE: u32 = 1_000;
const PAGE: usize = 200;
const LATENCY: Duration = Duration::from_millis(150);

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|one| one != "--bench").collect();
    let number = |at: usize, usual: usize| arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(usual);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if arguments.first().map(String::as_str) == Some("serve") {
        return runtime.block_on(serve(number(1, 0), number(2, 0)));
    }
    let (subscriptions, companies) = (number(0, 100_000), number(1, 1_000));
    for count in [subscriptions / 10, subscriptions, subscriptions * 2] {
        runtime.block_on(measure(count, companies))?;
    }
    Ok(())
}

async fn measure(subscriptions: usize, companies: usize) -> Result<()> {
    let mut remote = Command::new(std::env::current_exe()?)
        .args(["serve", &subscriptions.to_string(), &companies.to_string()])
        .stdout(Stdio::piped())
        .spawn()?;
    let mut url = String::new();
    if let Some(out) = remote.stdout.take() {
        BufReader::new(out).read_line(&mut url)?;
    }
    let Pax8Credentials { client_id, client_secret } = Pax8Credentials::default();
    let mut settings = Pax8Settings::new("pax8", client_id, client_secret.into());
    settings.base_url = format!("{}/v1", url.trim());
    settings.calls_per_minute = CALLS_PER_MINUTE;
    let pax8 = Pax8::new(&settings)?;
    let folder = tempfile::tempdir()?;
    let config = config::parse(&folder.path().join("trueup.toml"), "[store]\nurl = \"sqlite:trueup.db\"\n")?;
    let environment = Environment::default();
    Engine::migrate(&config, &environment, Clock::System).await?;
    let engine = Engine::open(&config, &environment, Clock::System, "a benchmark").await?;
    let only = Some([Entity::VendorCustomers, Entity::Subscriptions].into());
    let request = PullRequest { period: "2026-10".parse()?, extras: Vec::new(), only };
    let begun = Instant::now();
    let listings = engine.pull(&[Connection::Vendor(Box::new(pax8))], &request, &Unwatched).await?;
    let took = begun.elapsed();
    remote.kill()?;
    remote.wait()?;
    let read: Vec<_> = listings.iter().map(|listing| (listing.records, listing.problems.len())).collect();
    if read != [(u64::try_from(companies)?, 0), (u64::try_from(subscriptions)?, 0)] {
        return Err(format!("{listings:?}").into());
    }
    let calls = subscriptions.div_ceil(PAGE) + companies.div_ceil(PAGE) + 1;
    let least = Duration::from_mins(1) * u32::try_from(calls)? / CALLS_PER_MINUTE;
    let permille = took.as_millis() * 1000 / least.as_millis().max(1);
    let text = format!(
        "{subscriptions} subscriptions, {companies} companies: {} ms; the least for {calls} calls is {} ms; {permille} \
         thousandths of it; peak {} of memory",
        took.as_millis(),
        least.as_millis(),
        peak(),
    );
    tell(&text);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the result of the benchmark")]
fn tell(text: &str) {
    println!("{text}");
}

/// The most memory this process ever held, as Linux tells it.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "an unknown amount".to_owned(), |text| text.trim().to_owned())
}

/// Plays the distributor.
async fn serve(subscriptions: usize, companies: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    write_data(folder.path(), subscriptions, companies)?;
    let faults: Faults = "429=nth:20@subscriptions,429-bare=nth:40@subscriptions,cut=nth:30@subscriptions,\
                          expire=nth:25@subscriptions"
        .parse()?;
    let any = "127.0.0.1:0".parse()?;
    let running = serve_pax8(Data::read_folder(folder.path())?, faults, Pax8Credentials::default(), any).await?;
    let target = running.url().trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    tell(&format!("http://{}", listener.local_addr()?));
    loop {
        let (near, _) = listener.accept().await?;
        let target = target.clone();
        tokio::spawn(async move {
            if let Ok(far) = TcpStream::connect(&target).await {
                delayed(near, far).await;
            }
        });
    }
}

/// Passes bytes on; what the caller sends arrives late.
async fn delayed(near: TcpStream, far: TcpStream) {
    let (mut near_in, mut near_out) = near.into_split();
    let (mut far_in, mut far_out) = far.into_split();
    let back = tokio::spawn(async move { tokio::io::copy(&mut far_in, &mut near_out).await });
    let mut bytes = vec![0; 64 << 10];
    while let Ok(count @ 1..) = near_in.read(&mut bytes).await {
        let mut late = tokio::time::interval_at(tokio::time::Instant::now() + LATENCY, LATENCY);
        late.tick().await;
        let Some(sent) = bytes.get(..count) else { break };
        if far_out.write_all(sent).await.is_err() {
            break;
        }
    }
    let _ = far_out.shutdown().await;
    let _ = back.await;
}

/// The exports of a distributor: a hundred new subscriptions a day.
fn write_data(folder: &std::path::Path, subscriptions: usize, companies: usize) -> Result<()> {
    use trueup::simulate::File;
    let uuid = |kind: u32, number: usize| format!("{kind:08x}-0000-4000-8000-{number:012x}");
    for file in File::ALL {
        let mut text = file.columns().join(",");
        text.push('\n');
        let mut row = |values: &[(&str, String)]| {
            let cell = |column: &&str| values.iter().find(|(name, _)| name == column).map_or("", |(_, value)| value);
            let _ = writeln!(text, "{}", file.columns().iter().map(cell).collect::<Vec<_>>().join(","));
        };
        match file {
            File::VendorCompanies => {
                for n in 0..companies {
                    row(&[("id", uuid(1, n)), ("name", format!("Company {n}")), ("status", "Active".to_owned())]);
                }
            }
            File::VendorProducts => row(&[("id", uuid(2, 0)), ("name", "Mail".to_owned()), ("sku", "M".to_owned())]),
            File::VendorSubscriptions => {
                let first: chrono::NaiveDate = "2023-01-01".parse()?;
                for n in 0..subscriptions {
                    let day = first + chrono::Days::new(u64::try_from(n / 100)?);
                    row(&[
                        ("id", uuid(3, n)),
                        ("companyId", uuid(1, n % companies.max(1))),
                        ("productId", uuid(2, 0)),
                        ("quantity", "5".to_owned()),
                        ("startDate", day.to_string()),
                        ("createdDate", day.to_string()),
                        ("updatedDate", day.to_string()),
                        ("billingStart", day.to_string()),
                        ("status", "Active".to_owned()),
                        ("price", "9.00".to_owned()),
                        ("partnerCost", "7.20".to_owned()),
                        ("currencyCode", "GBP".to_owned()),
                        ("productName", "Mail".to_owned()),
                        ("billingTerm", "Monthly".to_owned()),
                    ]);
                }
            }
            File::VendorContacts
            | File::VendorPrices
            | File::VendorHistory
            | File::VendorInvoiceItems
            | File::PsaCompanies
            | File::PsaProducts
            | File::PsaAgreementLines
            | File::Mappings => {}
        }
        std::fs::write(folder.join(file.name()), text)?;
    }
    Ok(())
}
