//! `trueup simulate`: a distributor or a PSA on loopback, to try things on.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr as _;

use chrono::NaiveDate;
use clap::ValueEnum;

use crate::cli::args;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};
use crate::core::period::BillingPeriod;
use crate::simulate::{self, Data, Faults, Pax8Credentials, PsaCredentials, SimulateError, World};

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
    #[arg(value_enum)]
    system: System,
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum System {
    /// The distributor Pax8
    Pax8,
    /// A PSA with the interface of ConnectWise PSA
    Psa,
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
            System::Pax8 => {
                let accepted = Pax8Credentials::default();
                context.ui.say(&format!("client_id {}, client_secret {}", accepted.client_id, accepted.client_secret));
                (simulate::serve_pax8(data, faults, accepted, at).await?, simulate::PAX8_PATH)
            }
            System::Psa => {
                let accepted = PsaCredentials::default();
                let PsaCredentials { company, public_key, private_key, client_id } = &accepted;
                context.ui.say(&format!(
                    "company {company}, public_key {public_key}, private_key {private_key}, client_id {client_id}"
                ));
                (simulate::serve_psa(data, faults, accepted, at).await?, simulate::PSA_PATH)
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
