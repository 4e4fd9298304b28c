//! `trueup init`: write a commented configuration for the systems the user names.
//!
//! Keeps the invariant that an existing file is never replaced and that what is written is a valid configuration.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

use clap::ValueEnum;

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};
use crate::config;

/// Write a commented configuration for the systems you name
///
/// Name the distributor you buy from and the PSA or ERP you bill from. Asks for what is missing when a person sits at the
/// terminal. Writes the configuration file only, and never replaces one.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup init pax8 connectwise")]
pub(super) struct Args {
    /// The systems to connect: pax8, connectwise, rest, files
    #[arg(value_name = "SYSTEM", value_enum, hide_possible_values = true)]
    systems: Vec<System>,
    /// Read the distributor's exports from this folder
    #[arg(long, value_name = "DIR", default_value = "exports/vendor")]
    vendor_folder: String,
    /// Read the PSA's exports from this folder
    #[arg(long, value_name = "DIR", default_value = "exports/psa")]
    psa_folder: String,
    /// Read how to talk to a rest system from this description
    #[arg(long, value_name = "FILE", default_value = "psa.toml")]
    description: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum System {
    /// The distributor Pax8
    Pax8,
    /// ConnectWise PSA
    Connectwise,
    /// Any PSA or ERP with a JSON interface
    Rest,
    /// Folders of exports, for whichever side no other system speaks for
    Files,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Vendor {
    Pax8,
    Files,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Psa {
    Connectwise,
    Rest,
    Files,
}

impl Args {
    pub(super) fn run(self, context: &Context<'_>) -> Result<Ending, CommandError> {
        let file = context.config_file();
        if file.exists() {
            return Err(already_there(file));
        }
        let (vendor, psa) = self.sides(context)?;
        let text = self.text(vendor, psa);
        config::parse(file, &text)?;
        write_new(file, &text)?;
        context.ui.result(next_steps(file, vendor, psa, &self.folders(vendor, psa)))?;
        Ok(Ending::Done)
    }

    /// Which system speaks for which side; asks where none does.
    fn sides(&self, context: &Context<'_>) -> Result<(Vendor, Psa), CommandError> {
        let (mut vendor, mut psa, mut files) = (None, None, false);
        for system in &self.systems {
            match system {
                System::Pax8 => vendor = Some(Vendor::Pax8),
                System::Connectwise => set_psa(&mut psa, Psa::Connectwise)?,
                System::Rest => set_psa(&mut psa, Psa::Rest)?,
                System::Files => files = true,
            }
        }
        if files && vendor.is_some() && psa.is_some() {
            let error = CommandError::new(Kind::Usage, "both sides have a system already; `files` has none left");
            return Err(error.hint("Leave out `files`, or the system it should stand for."));
        }
        if files {
            return Ok((vendor.unwrap_or(Vendor::Files), psa.unwrap_or(Psa::Files)));
        }
        let vendors = [("pax8", Vendor::Pax8), ("files", Vendor::Files)];
        let psas = [("connectwise", Psa::Connectwise), ("rest", Psa::Rest), ("files", Psa::Files)];
        let vendor = vendor.map_or_else(|| choose(context, "distributor", "you buy from", &vendors), Ok)?;
        let psa = psa.map_or_else(|| choose(context, "PSA or ERP", "you bill from", &psas), Ok)?;
        Ok((vendor, psa))
    }

    fn folders(&self, vendor: Vendor, psa: Psa) -> Vec<&str> {
        let vendor = (vendor == Vendor::Files).then_some(self.vendor_folder.as_str());
        vendor.into_iter().chain((psa == Psa::Files).then_some(self.psa_folder.as_str())).collect()
    }

    fn text(&self, vendor: Vendor, psa: Psa) -> String {
        let mut text = String::from(HEAD);
        text.push_str(&match vendor {
            Vendor::Pax8 => PAX8.to_owned(),
            Vendor::Files => files_section("vendor", "The distributor's exports", &self.vendor_folder),
        });
        text.push_str(&match psa {
            Psa::Connectwise => CONNECTWISE.to_owned(),
            Psa::Rest => REST.replace("<description>", &quoted(&self.description)),
            Psa::Files => files_section("psa", "The PSA's exports", &self.psa_folder),
        });
        text.push_str(TAIL);
        text
    }
}

fn set_psa(psa: &mut Option<Psa>, named: Psa) -> Result<(), CommandError> {
    match psa.replace(named) {
        Some(other) if other != named => {
            let error = CommandError::new(Kind::Usage, "two systems to bill from are named");
            Err(error.hint("Name one; a second one can be added to the file later, as a section of its own."))
        }
        _ => Ok(()),
    }
}

/// Asks a person, or says what was not named.
fn choose<T: Copy>(context: &Context<'_>, what: &str, role: &str, choices: &[(&str, T)]) -> Result<T, CommandError> {
    let names = choices.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let missing = || {
        let error = CommandError::new(Kind::Usage, format!("no {what} is named"));
        error.hint(format!("Name the {what} {role}, one of {names}: `trueup init pax8 connectwise`."))
    };
    if !context.ui.can_ask() {
        return Err(missing());
    }
    let failed = |error: std::io::Error| CommandError::new(Kind::Failed, error);
    let answer = context.ui.ask(&format!("Which {what} do {role} ({names})?")).map_err(failed)?;
    let chosen = choices.iter().find(|(name, _)| answer.as_deref() == Some(*name));
    chosen.map(|(_, choice)| *choice).ok_or_else(missing)
}

fn already_there(file: &Path) -> CommandError {
    let error = CommandError::new(Kind::Usage, format!("{} is there already and is not replaced", file.display()));
    error.hint("Edit it, or name another file with --config.")
}

fn write_new(file: &Path, text: &str) -> Result<(), CommandError> {
    let written = OpenOptions::new().write(true).create_new(true).open(file).and_then(|mut new| {
        new.write_all(text.as_bytes())?;
        new.sync_all()
    });
    written.map_err(|error| {
        let failed = || CommandError::new(Kind::Failed, format!("{} cannot be written: {error}", file.display()));
        if error.kind() == ErrorKind::AlreadyExists { already_there(file) } else { failed() }
    })
}

/// What to do next, in the order it is done.
fn next_steps(file: &Path, vendor: Vendor, psa: Psa, folders: &[&str]) -> String {
    let mut text = format!("Wrote {}.\n\nNext:\n", file.display());
    let mut variables = Vec::new();
    if vendor == Vendor::Pax8 {
        variables.extend(["PAX8_CLIENT_ID", "PAX8_CLIENT_SECRET"]);
    }
    match psa {
        Psa::Connectwise => variables.extend(["CONNECTWISE_PUBLIC_KEY", "CONNECTWISE_PRIVATE_KEY"]),
        Psa::Rest => variables.push("PSA_SECRET"),
        Psa::Files => {}
    }
    let mut steps = Vec::new();
    if !variables.is_empty() {
        steps.push(format!("set {} in the environment", variables.join(", ")));
    }
    if !folders.is_empty() {
        steps.push(format!("put the exports into {}", folders.join(" and ")));
    }
    steps.push(format!("read through {}; each setting is explained there", file.display()));
    steps.push("trueup check".to_owned());
    steps.push("trueup pull".to_owned());
    for (number, step) in (1..).zip(&steps) {
        // Writing to a text cannot fail.
        let _written = writeln!(text, "  {number}. {step}");
    }
    text
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn files_section(side: &str, what: &str, folder: &str) -> String {
    FILES.replace("<what>", what).replace("<side>", side).replace("<folder>", &quoted(folder))
}

const HEAD: &str = r#"# trueup: what is compared with what.
# Secrets do not belong here; name where they are: { env = "VARIABLE" } or { file = "PATH" }, a file only you may read.
# Relative paths start from this file's folder.

[store]
# The database. SQLite needs no set-up; for PostgreSQL keep the URL elsewhere: url = { env = "TRUEUP_DATABASE_URL" }
url = "sqlite:trueup.db"
"#;

const PAX8: &str = r#"
# The distributor. Make an integration in Pax8 under Integrations > API credentials; reading is enough.
[connectors.pax8]
kind = "pax8"
side = "vendor"
client_id = { env = "PAX8_CLIENT_ID" }
client_secret = { env = "PAX8_CLIENT_SECRET" }
"#;

const CONNECTWISE: &str = r#"
# The PSA. Make an API member in ConnectWise under System > Members > API Members, with the right to inquire on companies,
# agreements and products.
[connectors.connectwise]
kind = "rest"
side = "psa"
description = "connectwise.toml"

[connectors.connectwise.settings]
host = "api-na.myconnectwise.net"
company = "yourcompany"
public_key = { env = "CONNECTWISE_PUBLIC_KEY" }
private_key = { env = "CONNECTWISE_PRIVATE_KEY" }
"#;

const REST: &str = r#"
# The PSA or ERP. The description says how it is called and where its fields are; its settings are filled in here.
[connectors.psa]
kind = "rest"
side = "psa"
description = <description>

[connectors.psa.settings]
secret = { env = "PSA_SECRET" }
"#;

const FILES: &str = r#"
# <what>: CSV or JSON files in one folder.
[connectors.<side>_files]
kind = "files"
side = "<side>"
folder = <folder>
"#;

const TAIL: &str = r#"
# What is proposed as the same record. Scores go from 0 to 1000.
# [matching.customers]
# match_permille_min = 950
# possible_permille_min = 100
# shape = "one_to_one"

# [reconcile]
# snapshot_age_hours_max = 48
"#;
