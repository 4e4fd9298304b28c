//! `trueup simulate`: a distributor or a PSA on loopback, to try things on.

use std::iter;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr as _;

use chrono::NaiveDate;

use crate::cli::args;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};
use crate::core::period::BillingPeriod;
use crate::simulate::{self, CONNECTWISE, Data, Faults, Pax8Credentials, SYSTEMS, SimulateError, System, World};

/// Serve a simulated distributor or PSA on loopback
///
/// Speaks the published wire format, keeps everything in memory, and runs until it is stopped. Prints the address to configure to
/// standard output, and the credentials it accepts to standard error. What is written to the distributor is kept until it ends: months pass
/// with --clock, or later by POST /simulator/clock with {"today": "2026-12-31"}.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  trueup simulate pax8 --seed 7 --faults \"429=2,cut@invoices\"\n  trueup simulate pax8 --seed 7 --period 2026-10 --clock 2026-11-05\n\nEvery switch of --faults, with an example each: trueup simulate pax8 --help"
)]
#[command(group = clap::ArgGroup::new("content").args(["data", "seed"]).required(true))]
pub(super) struct Args {
    /// Which system
    #[arg(value_parser = simulated, value_name = "SYSTEM", help = format!("Which system: {}", names().join(", ")), long_help = format!("Which system:\n{}", systems()))]
    system: Simulated,
    /// Serve the CSV files of this folder
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Serve a month made from this seed
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Make this month from the seed [default: the month before now]
    #[arg(long, value_name = "MONTH", value_parser = args::period, requires = "seed")]
    period: Option<BillingPeriod>,
    /// Make so many customers from the seed
    #[arg(long, value_name = "NUMBER", default_value_t = 40, requires = "seed")]
    customers: usize,
    /// Listen on this port [default: a free one]
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    port: u16,
    /// What day it is for the distributor [default: the last of the month of the data]
    #[arg(long, value_name = "DATE", value_parser = args::day)]
    clock: Option<NaiveDate>,
    /// Misbehave in these ways
    #[arg(long, value_name = "FAULTS", default_value = "", hide_default_value = true, long_help = Faults::SWITCHES)]
    faults: String,
}

/// The distributor, or a system on the PSA side.
#[derive(Debug, Clone, Copy)]
enum Simulated {
    Pax8,
    Psa(&'static System),
}

/// Reads a name; `psa` is the first PSA there was.
fn simulated(name: &str) -> Result<Simulated, String> {
    match name {
        "pax8" => Ok(Simulated::Pax8),
        "psa" => Ok(Simulated::Psa(&CONNECTWISE)),
        _ => System::named(name).map(Simulated::Psa).ok_or_else(|| format!("one of {}", names().join(", "))),
    }
}

/// Every name there is.
fn names() -> Vec<&'static str> {
    iter::once("pax8").chain(SYSTEMS.iter().map(|system| system.name)).collect()
}

/// Every system in a line.
fn systems() -> String {
    let line = |name: &str, about: &str| format!("- {name}: {about}");
    let psas = SYSTEMS.iter().map(|system| line(system.name, system.about));
    iter::once(line("pax8", "The distributor Pax8")).chain(psas).collect::<Vec<_>>().join("\n")
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let mut faults: Faults = self.faults.parse()?;
        if let Some(day) = self.clock {
            faults.clock = Faults::from_str(&format!("clock={day}"))?.clock;
        }
        let period = self.period.unwrap_or_else(|| context.last_month());
        let data = match (&self.data, self.seed) {
            (Some(folder), _) => Data::read_folder(folder)?,
            (None, seed) => World::from_seed(seed.unwrap_or(1), self.customers, &period.to_string())?.data,
        };
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let (running, path) = match self.system {
            Simulated::Pax8 => {
                let accepted = Pax8Credentials::default();
                context.ui.say(&format!("client_id {}, client_secret {}", accepted.client_id, accepted.client_secret));
                (simulate::serve_pax8(data, faults, accepted, at).await?, simulate::PAX8_PATH)
            }
            Simulated::Psa(system) => {
                let accepted = system.settings.iter().map(|(name, value)| format!("{name} {value}"));
                context.ui.say(&accepted.collect::<Vec<_>>().join(", "));
                (system.serve(&data, faults, at).await?, system.path)
            }
        };
        context.ui.result(format!("{}{path}\n", running.url()))?;
        running.wait().await;
        Ok(Ending::Done)
    }
}

impl From<SimulateError> for CommandError {
    fn from(error: SimulateError) -> Self {
        let kind = match error {
            SimulateError::NotLoopback(_) | SimulateError::Switch { .. } => Kind::Usage,
            SimulateError::Listen { .. } | SimulateError::File { .. } => Kind::Failed,
        };
        // Its messages say what to do; the cause stands in the message.
        Self::new(kind, error.to_string())
    }
}
