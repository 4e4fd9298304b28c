//! `trueup demo`: one month, end to end, on this machine.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};
use crate::cli::month::{Month, make_folder, write_whole};
use crate::cli::reconcile::show_month;
use crate::config::{self, Config, Environment};
use crate::core::id::{Company, Id, Product};
use crate::core::link::{Link, LinkKind};
use crate::core::period::BillingPeriod;
use crate::core::review::{Action, Intent};
use crate::engine::{self, Engine, PullRequest, Reviewed};
use crate::report::table::{count, counted, harmless};
use crate::report::{self, Report};
use crate::simulate::{self, Data, Faults, File, Pax8Credentials, PsaCredentials, World};

/// Play one month from end to end on this machine
///
/// Starts a simulated distributor and a simulated PSA on free loopback ports, pulls, proposes, applies recorded decisions,
/// reconciles, and writes every report and a configuration into a folder where every other command can be tried. Needs no
/// network and no configuration.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup demo --dir demo")]
pub(super) struct Args {
    /// Make another month with this seed
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,
    /// Leave everything in this folder
    #[arg(long, value_name = "DIR", default_value = "demo")]
    dir: PathBuf,
}

/// The month the demo plays.
const PERIOD: &str = "2026-10";
/// About as many customers as fit on a few screens.
const CUSTOMERS: usize = 40;
/// What the demo's own configuration begins with; a folder with such a file may be played in again.
const MARK: &str = "# Written by `trueup demo`";
/// Who decides in the demo.
const OPERATOR: &str = "demo operator";

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let period: BillingPeriod =
            PERIOD.parse().map_err(|error| CommandError::new(Kind::Failed, format!("{error}")))?;
        let dir = clear(&self.dir)?;
        let data = World::from_seed(self.seed, CUSTOMERS, PERIOD)?.data;
        data.write_folder(&make(&dir.join("exports"))?)?;
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let pax8 = simulate::serve_pax8(data.clone(), Faults::default(), Pax8Credentials::default(), loopback).await?;
        let psa = simulate::serve_psa(data.clone(), Faults::default(), PsaCredentials::default(), loopback).await?;
        context.ui.say(&format!("A distributor answers at {}, a PSA at {}.", pax8.url(), psa.url()));

        let config_file = dir.join("trueup.toml");
        let config = config::parse(&config_file, &connected(pax8.url(), psa.url()))?;
        let environment = secrets();
        Engine::migrate(&config, &environment, context.clock()).await?;
        let engine = Engine::open(&config, &environment, context.clock(), OPERATOR).await?;
        pull(context, &engine, &config, &environment, period).await?;
        engine.propose(&[LinkKind::Company, LinkKind::Product]).await?;
        decide::<Company>(context, &engine, &truth(&data, "company"), "customers").await?;
        decide::<Product>(context, &engine, &truth(&data, "product"), "products").await?;

        let reconciled = engine.reconcile(period).await?;
        let month = Month::stored(&engine, reconciled)?;
        let input = month.input();
        let reports = make(&dir.join("reports"))?;
        for (name, bytes) in report::files(&input)? {
            write_whole(&reports.join(name), &bytes)?;
        }
        write_whole(&config_file, offline().as_bytes())?;
        let all = reports.join("variance.csv").display().to_string();
        show_month(context, &input, &Report::Variance.build(&input), &all)?;
        context.ui.result(next_steps(&self.dir, period))?;
        Ok(Ending::Done)
    }
}

async fn pull(
    context: &Context,
    engine: &Engine,
    config: &Config,
    environment: &Environment,
    period: BillingPeriod,
) -> Result<(), CommandError> {
    let connections = engine::connect_all(config, None, environment)?;
    let request = PullRequest { period, extras: Vec::new() };
    let listings = engine.pull(&connections, &request, context.ui.as_ref()).await?;
    let records: usize = listings.iter().map(|listing| listing.records).sum();
    let pulled = (counted(count(records), "record"), counted(count(listings.len()), "listing"));
    context.ui.say(&format!("Pulled {} in {}.", pulled.0, pulled.1));
    for problem in listings.iter().flat_map(|listing| &listing.problems) {
        context.ui.warn(&harmless(&problem.to_string()));
    }
    Ok(())
}

/// What the operator knows: each vendor record and its counterpart, or that it has none.
fn truth(data: &Data, kind: &str) -> BTreeMap<String, Option<String>> {
    let rows = data.table(File::Mappings).rows().filter(|row| row.get("kind") == kind);
    rows.map(|row| {
        let psa = Some(row.get("psaId").to_owned()).filter(|psa| !psa.is_empty());
        (row.get("vendorId").to_owned(), psa)
    })
    .collect()
}

/// Decides as the operator would: accepts what is right, links by hand what was not found, excludes what has no counterpart.
async fn decide<E: Reviewed>(
    context: &Context,
    engine: &Engine,
    truth: &BTreeMap<String, Option<String>>,
    what: &str,
) -> Result<(), CommandError> {
    let board = engine.board::<E>().await?;
    let (mut accepted, mut by_hand) = (0_usize, 0_usize);
    let mut intents = Vec::new();
    for row in &board.rows {
        let Some((vendor, known)) = row.vendor.as_ref().and_then(|v| Some((v, truth.get(v.as_str())?))) else {
            continue;
        };
        let Some(right) = known else { continue };
        let pair = Link { vendor: vendor.clone(), psa: Id::new(right.as_str()) };
        let proposed = row.evidence.is_some() && row.psa.as_ref() == Some(&pair.psa);
        let (counter, action, reason) = if proposed {
            (&mut accepted, Action::Accept(pair), None)
        } else {
            (&mut by_hand, Action::Link(pair), Some("known to the operator".to_owned()))
        };
        *counter = counter.saturating_add(1);
        intents.push(Intent { action, reason, evidence: row.evidence.clone().filter(|_| proposed) });
    }
    let decided = engine.decide(&intents, OPERATOR).await?;
    let rest = board.rows.len().saturating_sub(accepted).saturating_sub(by_hand);
    context
        .ui
        .say(&format!("The operator accepts {accepted} of the {what}, links {by_hand} by hand, leaves {rest} open."));
    for (wanted, refusal) in &decided.refused {
        context.ui.warn(&harmless(&format!("{wanted}: {refusal}")));
    }
    Ok(())
}

/// An empty folder, or one an earlier demo has left.
fn clear(dir: &Path) -> Result<PathBuf, CommandError> {
    let failed = |error: std::io::Error| CommandError::new(Kind::Failed, format!("{}: {error}", dir.display()));
    make_folder(dir)?;
    let config = dir.join("trueup.toml");
    if fs::read_to_string(&config).is_ok_and(|text| text.starts_with(MARK)) {
        for name in ["trueup.db", "trueup.db-wal", "trueup.db-shm", "trueup.db.lock", "trueup.toml"] {
            if let Err(error) = fs::remove_file(dir.join(name))
                && error.kind() != std::io::ErrorKind::NotFound
            {
                return Err(failed(error));
            }
        }
    } else if fs::read_dir(dir).map_err(failed)?.next().is_some() {
        let error = CommandError::new(Kind::Usage, format!("{} holds files that are not of a demo", dir.display()));
        return Err(error.hint("Name an empty folder with --dir, or one that is not there yet."));
    }
    Ok(dir.to_owned())
}

fn make(dir: &Path) -> Result<PathBuf, CommandError> {
    make_folder(dir)?;
    Ok(dir.to_owned())
}

/// The configuration of the demo itself: both sides over HTTP.
fn connected(pax8: &str, psa: &str) -> String {
    let company = PsaCredentials::default().company;
    format!(
        "[connectors.pax8]
kind = \"pax8\"
side = \"vendor\"
base_url = \"{pax8}/v1\"
client_id = \"{client_id}\"
client_secret = {{ env = \"PAX8_CLIENT_SECRET\" }}
[connectors.psa]
kind = \"rest\"
side = \"psa\"
file = \"builtin:connectwise\"
[connectors.psa.settings]
url = \"{psa}/v4_6_release/apis/3.0\"
company = \"{company}\"
public_key = \"{public_key}\"
private_key = {{ env = \"CONNECTWISE_PRIVATE_KEY\" }}
client_id = {{ env = \"CONNECTWISE_CLIENT_ID\" }}
[matching.customers]
shape = \"many_to_one\"
",
        client_id = Pax8Credentials::default().client_id,
        public_key = PsaCredentials::default().public_key,
    )
}

/// The published secrets of the simulators.
fn secrets() -> Environment {
    let (pax8, psa) = (Pax8Credentials::default(), PsaCredentials::default());
    Environment::of([
        ("PAX8_CLIENT_SECRET", &pax8.client_secret),
        ("CONNECTWISE_PRIVATE_KEY", &psa.private_key),
        ("CONNECTWISE_CLIENT_ID", &psa.client_id),
    ])
}

/// The configuration that is left: the same month from files, so that every command works when the simulators are gone.
fn offline() -> String {
    format!(
        "{MARK}: the same month from exports, so that every command works here.
[connectors.pax8]
kind = \"files\"
side = \"vendor\"
folder = \"exports\"

[connectors.psa]
kind = \"files\"
side = \"psa\"
folder = \"exports\"

# Several companies of the distributor are sites of one customer.
[matching.customers]
shape = \"many_to_one\"

# The month is long past.
[reconcile]
snapshot_age_hours_max = 8784
"
    )
}

fn next_steps(dir: &Path, period: BillingPeriod) -> String {
    let dir = dir.display();
    format!(
        "
Next:
  open {dir}/reports/report-{period}.html
  cd {dir}
  trueup status
  trueup review list --filter proposed
  trueup report margin --period {period}
  trueup reconcile --from exports --period {period} --links exports/{}
",
        File::Mappings.name()
    )
}
