//! `trueup init`: write a commented configuration for the systems the user names.
//!
//! Keeps the invariants that an existing file is never replaced and that no secret is asked for or written.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};
use crate::cli::systems::{CONNECTWISE, PAX8, PSA_FILES, REST, Section, Setting, System, TRYTON, VENDOR_FILES};
use crate::core::nearest::nearest;

/// Write a commented configuration for the systems you name
///
/// Name the distributor you buy from and the PSA or ERP you bill from. Asks for what is missing when a person sits at the
/// terminal, and otherwise leaves it empty to be filled in. Writes the configuration file only, and never replaces one.
/// Secrets are neither asked for nor written: the file names the variables they are in.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup init pax8 connectwise --set pax8.client_id=7f3a2c10")]
pub(super) struct Args {
    /// The systems to connect: pax8, connectwise, tryton, rest, files
    #[arg(value_name = "SYSTEM", value_enum, hide_possible_values = true)]
    systems: Vec<System>,
    /// Give a setting its value, named as in [connectors.CONNECTION]
    #[arg(long, value_name = "CONNECTION.SETTING=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
}

/// Reads `pax8.client_id=7f3a`.
fn assignment(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected CONNECTION.SETTING=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl Args {
    pub(super) fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let file = context.config_file();
        if file.exists() {
            return Err(already_there(file));
        }
        let sections = sections(&self.systems, context)?;
        let answers = answers(&sections, self.set, context)?;
        write_new(file, &text(&sections, &answers))?;
        context.ui.result(next_steps(file, &sections, &answers))?;
        Ok(Ending::Done)
    }
}

/// Which system speaks for which side; asks where none does. The vendor comes first.
fn sections(systems: &[System], context: &Context) -> Result<[Section; 2], CommandError> {
    let (mut vendor, mut psa, mut files) = (None, None, false);
    for system in systems {
        let named = match system {
            System::Pax8 => {
                vendor = Some(PAX8);
                continue;
            }
            System::Files => {
                files = true;
                continue;
            }
            System::Connectwise => CONNECTWISE,
            System::Tryton => TRYTON,
            System::Rest => REST,
        };
        if let Some(other) = psa.replace(named).filter(|other| other.name != named.name) {
            let what = format!("two systems to bill from are named, {} and {}", other.name, named.name);
            let hint = "Name one; a second one can be added to the file later, as a section of its own.";
            return Err(CommandError::new(Kind::Usage, what).hint(hint));
        }
    }
    if files {
        if vendor.is_some() && psa.is_some() {
            let error = CommandError::new(Kind::Usage, "both sides have a system already; `files` has none left");
            return Err(error.hint("Leave out `files`, or the system it should stand for."));
        }
        return Ok([vendor.unwrap_or(VENDOR_FILES), psa.unwrap_or(PSA_FILES)]);
    }
    let vendors = [("pax8", PAX8), ("files", VENDOR_FILES)];
    let psas = [("connectwise", CONNECTWISE), ("tryton", TRYTON), ("rest", REST), ("files", PSA_FILES)];
    Ok([
        vendor.map_or_else(|| choose(context, "distributor", "you buy from", &vendors), Ok)?,
        psa.map_or_else(|| choose(context, "PSA or ERP", "you bill from", &psas), Ok)?,
    ])
}

/// Asks a person, or says what was not named.
fn choose(context: &Context, what: &str, role: &str, choices: &[(&str, Section)]) -> Result<Section, CommandError> {
    let names = choices.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let missing = || {
        let error = CommandError::new(Kind::Usage, format!("no {what} is named"));
        error.hint(format!("Name the {what} {role}, one of {names}: `trueup init pax8 connectwise`."))
    };
    if !context.ui.can_ask() {
        return Err(missing());
    }
    // Nothing typed ends it; a word that is none of them is asked for again, so that a slip costs no answer.
    while let Some(answer) = context.ui.ask(&format!("Which {what} do {role} ({names})?"))? {
        match chosen(&answer, choices) {
            Ok(section) => return Ok(section),
            Err(why) => context.ui.warn(&why),
        }
    }
    Err(missing())
}

/// The system of a typed name, or which one was probably meant.
fn chosen(answer: &str, choices: &[(&str, Section)]) -> Result<Section, String> {
    let found = choices.iter().find(|(name, _)| name.eq_ignore_ascii_case(answer));
    found.map(|(_, section)| *section).ok_or_else(|| {
        let meant = nearest(answer, choices.iter().map(|(name, _)| *name));
        let meant = meant.map(|name| format!(", did you mean {name}?")).unwrap_or_default();
        format!("`{answer}` is none of them{meant}")
    })
}

/// A value for each setting that is asked for, by `connection.setting`; empty where nobody knows it yet.
fn answers(
    sections: &[Section],
    set: Vec<(String, String)>,
    context: &Context,
) -> Result<BTreeMap<String, String>, CommandError> {
    let mut given: BTreeMap<String, String> = set.into_iter().collect();
    let mut answers = BTreeMap::new();
    for section in sections {
        for setting in section.settings.iter().chain(section.inner) {
            let Setting::Asked(key, what, usual) = setting else { continue };
            let name = format!("{}.{key}", section.name);
            let mut value = given.remove(&name);
            if value.is_none() && context.ui.can_ask() {
                let or = if usual.is_empty() { String::new() } else { format!(" [{usual}]") };
                value = context.ui.ask(&format!("{name}, {what}{or}:"))?;
            }
            answers.insert(name, value.unwrap_or_else(|| (*usual).to_owned()));
        }
    }
    match given.keys().next() {
        None => Ok(answers),
        Some(unknown) => {
            let known = answers.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            let error = CommandError::new(Kind::Usage, format!("--set {unknown}: nothing of that name is asked for"));
            Err(error.hint(format!("With these systems it can be {known}.")))
        }
    }
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

fn text(sections: &[Section], answers: &BTreeMap<String, String>) -> String {
    let connections = sections.iter().map(|section| {
        let about: String = section.about.iter().flat_map(|line| ["# ", line, "\n"]).collect();
        let Section { name, kind, side, .. } = section;
        let own = lines(name, section.settings, answers);
        let inner = match section.inner {
            [] => String::new(),
            inner => format!("\n[connectors.{name}.settings]\n{}", lines(name, inner, answers)),
        };
        format!("\n{about}[connectors.{name}]\nkind = \"{kind}\"\nside = \"{side}\"\n{own}{inner}")
    });
    [HEAD.to_owned()].into_iter().chain(connections).chain([TAIL.to_owned()]).collect()
}

fn lines(connection: &str, settings: &[Setting], answers: &BTreeMap<String, String>) -> String {
    let line = |setting: &Setting| match setting {
        Setting::Fixed(key, value) => format!("{key} = {}\n", quoted(value)),
        Setting::Secret(key, variable) => format!("{key} = {{ env = {} }}\n", quoted(variable)),
        Setting::Asked(key, what, _) => {
            let value = answers.get(&format!("{connection}.{key}")).map_or("", String::as_str);
            format!("# {what}{}\n{key} = {}\n", if value.is_empty() { "; fill it in" } else { "" }, quoted(value))
        }
    };
    settings.iter().map(line).collect()
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// What to do next, in the order it is done.
fn next_steps(file: &Path, sections: &[Section], answers: &BTreeMap<String, String>) -> String {
    let file = file.display();
    let settings = || sections.iter().flat_map(|section| section.settings.iter().chain(section.inner));
    let variables = settings().filter_map(|setting| match setting {
        Setting::Secret(_, variable) => Some((*variable).to_owned()),
        Setting::Fixed(..) | Setting::Asked(..) => None,
    });
    let empty = answers.iter().filter(|(_, value)| value.is_empty()).map(|(name, _)| name.clone());
    let folders: BTreeSet<&String> =
        answers.iter().filter(|(name, _)| name.ends_with(".folder")).map(|(_, folder)| folder).collect();
    let step = |before: &str, of: Vec<String>, after: &str| {
        (!of.is_empty()).then(|| format!("{before}{}{after}", of.join(", ")))
    };
    let described = answers.iter().filter(|(name, value)| name.rsplit('.').next() == Some("file") && !value.is_empty());
    let described = described.map(|(_, file)| format!("{file}, and check it: `trueup connectors lint {file}`"));
    let steps = [
        step("write the connector file ", described.collect(), ""),
        step("fill in ", empty.collect(), &format!(" in {file}")),
        step("set ", variables.collect(), " in the environment"),
        step("put the exports into ", folders.into_iter().cloned().collect(), ""),
        Some("run `trueup db migrate`".to_owned()),
        Some("run `trueup check`".to_owned()),
        Some("run `trueup pull`".to_owned()),
    ];
    let numbered = (1..).zip(steps.into_iter().flatten()).map(|(number, step)| format!("  {number}. {step}\n"));
    format!("Wrote {file}.\n\nNext:\n{}", numbered.collect::<String>())
}

const HEAD: &str = r#"# trueup: what is compared with what.
# Secrets do not belong here; name where they are: { env = "VARIABLE" } or { file = "PATH" }, a file only you may read.
# Relative paths start from this file's folder.

[store]
# The database. SQLite needs no set-up; for PostgreSQL keep the URL elsewhere: url = { env = "TRUEUP_DATABASE_URL" }
url = "sqlite:trueup.db"
"#;

const TAIL: &str = r#"
# What is proposed as the same record. Scores go from 0 to 1000; these are the defaults.
# [matching.customers]
# match_permille_min = 950
# possible_permille_min = 100
# shape = "one_to_one"                  # "many_to_one": several companies (sites) billed as one customer

# An older snapshot is stale.
# [reconcile]
# snapshot_age_hours_max = 48

# How long after a purchase or a renewal seats may be taken off, and how much dearer looser terms are, by maker. This is
# built in: Microsoft's new commerce as published (7 days; a monthly commitment about 20 % above a yearly one, a yearly one
# paid monthly 5 % above one paid at once). Change it when the maker does, with its source, and add others in the same way.
# [renewals.microsoft]
# vendor = "Microsoft*"
# sku = "MST-*"
# window_hours = 168
# monthly_percent = 20
# annual_billed_monthly_percent = 5
# source = "https://learn.microsoft.com/partner-center/announcements/2025-march, looked up in November 2026"
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_at_the_prompt_is_told_the_nearest_name() {
        let choices = [("connectwise", CONNECTWISE), ("tryton", TRYTON)];
        assert_eq!(chosen("Tryton", &choices).unwrap().name, "tryton");
        assert_eq!(
            chosen("conectwise", &choices).unwrap_err(),
            "`conectwise` is none of them, did you mean connectwise?"
        );
        assert_eq!(chosen("zzz", &choices).unwrap_err(), "`zzz` is none of them");
    }
}
