//! `trueup demo`: one month, end to end, on this machine.
//!
//! Owns the story; every step of it is the engine call that the command of the same name makes.

use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use chrono::{Days, NaiveDate};

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};
use crate::cli::month::{Month, make_folder, write_whole};
use crate::config;
use crate::core::id::{Company, Product};
use crate::core::link::{Link, LinkKind, LinkSet};
use crate::core::period::BillingPeriod;
use crate::core::reconcile::Mapping;
use crate::core::review::{Action, Intent};
use crate::engine::{self, Board, Engine, Extra, PullRequest, Reviewed};
use crate::report::{self, findings::costliest};
use crate::simulate::{self, CONNECTWISE, Faults, Pax8Credentials, Running, World};

/// Play one month from end to end on this machine
///
/// Starts a simulated distributor and a simulated PSA on free loopback ports, pulls, proposes, applies the decisions of a
/// recorded operator, reconciles, and leaves every report and a configuration in a folder where every other command can be
/// tried. Needs no network and no configuration.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup demo --dir demo")]
pub(super) struct Args {
    /// Make another month with this seed
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,
    /// Leave everything in this folder; an earlier demo there is replaced
    #[arg(long, value_name = "DIR", default_value = "demo")]
    dir: PathBuf,
    /// Replace an earlier demo together with the files that were added to it
    #[arg(long)]
    replace: bool,
    /// Play this month [default: the last one whose documents, use in arrears among them, are out]
    #[arg(long, value_name = "MONTH", value_parser = crate::cli::args::period)]
    period: Option<BillingPeriod>,
}

/// About as many as a small MSP has.
const CUSTOMERS: usize = 40;
/// So many differences are shown; the reports have all.
const ROWS_SHOWN: usize = 12;
/// So many findings are told in words.
const FINDINGS_TOLD: usize = 5;
/// Says that a folder is a demo's, and lists what the demo made there.
const MARK: &str = ".trueup-demo";
/// What the mark says until the demo is at its end: everything is its own.
const UNFINISHED: &str = "*";
/// The database and what stands beside it change with every command; they are the demo's.
const DATABASE: &str = "trueup.db";
/// So many files that are not the demo's are named.
const FILES_NAMED: usize = 3;
/// From the first of a month to the day its documents are out.
const DAYS_UNTIL_CHARGED: u64 = 5;
/// Who decides in the demo.
const OPERATOR: &str = "demo operator";

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        context.writes()?;
        let period = self.period.unwrap_or_else(|| last_charged(context.today()));
        // what was used in a month is charged in the next: before that there is nothing to reconcile
        let day = context.today().max(charged_on(period));
        let doing = context.ui.doing(&format!("playing {period}"));
        let world = World::with_terms(self.seed, CUSTOMERS, &period.to_string(), day)?;
        if clear(&self.dir, self.replace)? {
            context.ui.say(&format!("Replaced the earlier demo in {}.", self.dir.display()));
        }
        let data = self.dir.join("data");
        world.data.write_folder(&data)?;
        let servers = Servers::start(&world, day).await?;
        let config = write_config(&self.dir, &servers)?;
        context.ui.say(&format!("Simulated Pax8 at {}, simulated PSA at {}.", servers.pax8.url(), servers.psa.url()));

        Engine::migrate(&config, &context.environment, context.clock()).await?;
        let engine = context.engine_for(&config, OPERATOR).await?;
        let connections = engine::connect_all(&config, None, &context.environment)?;
        let request = PullRequest { period, extras: vec![Extra::Dependencies, Extra::Usage], only: None };
        let listings = engine.pull(&connections, &request, context.ui.as_ref()).await?;
        let records: u64 = listings.iter().map(|listing| listing.records).sum();
        context.ui.say(&format!("Pulled {records} records in {} listings.", listings.len()));

        let proposed = engine.propose(&[LinkKind::Company, LinkKind::Product]).await?;
        let matches: usize = proposed.iter().map(|(_, count)| count.matches).sum();
        let possible: usize = proposed.iter().map(|(_, count)| count.possible).sum();
        let (truth, _) = engine::read_links(&data.join("ground_truth_mappings.csv"), None)?;
        let decided = decide(&engine, &Mapping::from(truth)).await?;
        context
            .ui
            .say(&format!("Proposed {matches} matches and {possible} possible ones; the operator decided {decided}."));

        let reconciled = engine.reconcile(period).await?;
        let month = Month::stored(&engine, reconciled);
        let reports = self.dir.join("reports");
        make_folder(&reports)?;
        for (name, bytes) in report::files(&month.input())? {
            write_whole(&reports.join(name), &bytes)?;
        }
        let made = files_below(&self.dir).map_err(|error| unusable(&self.dir, &error))?;
        write_whole(&self.dir.join(MARK), made.join("\n").as_bytes())?;
        drop(doing);
        context.ui.result(self.story(context, &month, (&servers, day)))?;
        Ok(Ending::Done)
    }

    fn story(&self, context: &Context, month: &Month, (servers, day): (&Servers, NaiveDate)) -> String {
        let input = month.input();
        let period = month.outcome.period;
        let dir = self.dir.display();
        let see = format!("{dir}/reports/variance.csv");
        let mut findings = costliest(&input, FINDINGS_TOLD);
        findings.truncate(FINDINGS_TOLD);
        let ports = (servers.pax8.addr().port(), servers.psa.addr().port());
        [
            format!("Variances of {period}, the costliest first\n\n"),
            month.told(ROWS_SHOWN, &see, &findings, context.ui.screen()),
            format!(
                "\nWhat next\n\n  Open {dir}/reports/report-{period}.html in a browser, or {dir}/reports/trueup-{period}.xlsx.\n  \
                 cd {dir}, and try: trueup status; trueup review list --filter unmapped; trueup report margin --period {period};\n  \
                 trueup report renewals; trueup report unused; trueup report held-not-billed\n  \
                 To pull again, start the two systems first:\n    \
                 trueup simulate pax8 --data data --clock {day} --port {} &\n    trueup simulate connectwise --data data --port {} &\n  \
                 For your own systems: trueup init pax8 connectwise\n",
                ports.0, ports.1
            ),
        ]
        .concat()
    }
}

/// The first day on which the documents of a month and of the month after, which charges for what was used, are out.
fn charged_on(period: BillingPeriod) -> NaiveDate {
    let next = period.next().first_day();
    next.checked_add_days(Days::new(DAYS_UNTIL_CHARGED)).unwrap_or(next)
}

/// The last month that is charged whole.
fn last_charged(today: NaiveDate) -> BillingPeriod {
    let last = BillingPeriod::containing(today).previous();
    if charged_on(last) <= today { last } else { last.previous() }
}

/// The two systems; they stop when this is dropped.
struct Servers {
    pax8: Running,
    psa: Running,
}

impl Servers {
    async fn start(world: &World, day: NaiveDate) -> Result<Self, CommandError> {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let data = || world.data.clone();
        let pax8 = simulate::serve_pax8(data(), Faults::on(day), Pax8Credentials::default(), free).await?;
        let psa = CONNECTWISE.serve(&world.data, Faults::default(), free).await?;
        Ok(Self { pax8, psa })
    }
}

/// Makes the folder, or empties that of an earlier demo; whether there was one. Any other folder is left alone, and so are
/// files that somebody added to a demo, unless they are to be replaced.
fn clear(dir: &Path, replace: bool) -> Result<bool, CommandError> {
    let failed = |error: std::io::Error| unusable(dir, &error);
    let is_demo = dir.join(MARK).exists();
    if is_demo {
        let added = if replace { Vec::new() } else { added(dir).map_err(failed)? };
        if !added.is_empty() {
            let more = added.len().saturating_sub(FILES_NAMED);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            let named = added.into_iter().take(FILES_NAMED).collect::<Vec<_>>().join(", ");
            let what = format!("{} holds files that the demo did not make: {named}{more}", dir.display());
            let error = CommandError::new(Kind::Usage, what);
            return Err(error.hint("Name another folder with --dir, or replace them as well with --replace."));
        }
        fs::remove_dir_all(dir).map_err(failed)?;
    } else if dir.exists() && fs::read_dir(dir).map_err(failed)?.next().is_some() {
        let error = CommandError::new(Kind::Usage, format!("{} is there, and no demo made it", dir.display()));
        return Err(error.hint("Name another folder with --dir."));
    }
    make_folder(dir)?;
    write_whole(&dir.join(MARK), UNFINISHED.as_bytes())?;
    Ok(is_demo)
}

fn unusable(dir: &Path, error: &std::io::Error) -> CommandError {
    CommandError::new(Kind::Failed, format!("{}: {error}", dir.display()))
}

/// The files of a demo's folder that the demo did not make.
fn added(dir: &Path) -> std::io::Result<Vec<String>> {
    let mark = fs::read_to_string(dir.join(MARK))?;
    if mark == UNFINISHED {
        return Ok(Vec::new());
    }
    let made: BTreeSet<&str> = mark.lines().collect();
    let mut files = files_below(dir)?;
    files.retain(|file| !made.contains(file.as_str()) && !file.starts_with(DATABASE) && file != MARK);
    Ok(files)
}

/// Every file below a folder, by its path from there, in order. Links are not followed.
fn files_below(dir: &Path) -> std::io::Result<Vec<String>> {
    let (mut files, mut folders) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(dir.join(&folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else {
                files.push(path.to_string_lossy().into_owned());
            }
        }
    }
    files.sort();
    Ok(files)
}

fn write_config(dir: &Path, servers: &Servers) -> Result<config::Config, CommandError> {
    let vendor = Pax8Credentials::default();
    let secrets = dir.join("secrets");
    make_folder(&secrets)?;
    for (name, secret) in [
        ("pax8", vendor.client_secret.as_str()),
        ("psa-private-key", CONNECTWISE.setting("private_key")),
        ("psa-client-id", CONNECTWISE.setting("client_id")),
    ] {
        write_whole(&secrets.join(name), secret.as_bytes())?;
        only_ours(&secrets.join(name))?;
    }
    let text = format!(
        "# Made by `trueup demo`. The secrets are the simulators' own and open nothing else.\n\n\
         [store]\nurl = \"sqlite:trueup.db\"\n\n\
         [connectors.pax8]\nkind = \"pax8\"\nside = \"vendor\"\nbase_url = \"{}/v1\"\nclient_id = \"{}\"\n\
         client_secret = {{ file = \"secrets/pax8\" }}\n# a simulator on this machine need not be spared\ncalls_per_minute = 60000\n\n\
         [connectors.psa]\nkind = \"rest\"\nside = \"psa\"\nfile = \"builtin:connectwise\"\n\n\
         [connectors.psa.settings]\nurl = \"{}/v4_6_release/apis/3.0\"\ncompany = \"{}\"\npublic_key = \"{}\"\n\
         private_key = {{ file = \"secrets/psa-private-key\" }}\nclient_id = {{ file = \"secrets/psa-client-id\" }}\n",
        servers.pax8.url(),
        vendor.client_id,
        servers.psa.url(),
        CONNECTWISE.setting("company"),
        CONNECTWISE.setting("public_key"),
    );
    let file = dir.join(config::CONFIG_FILE);
    write_whole(&file, text.as_bytes())?;
    Ok(config::load(&file)?)
}

#[cfg(unix)]
fn only_ours(path: &Path) -> Result<(), CommandError> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
        .map_err(|error| CommandError::new(Kind::Failed, format!("{}: {error}", path.display())))
}

#[cfg(not(unix))]
fn only_ours(_path: &Path) -> Result<(), CommandError> {
    Ok(())
}

/// What the recorded operator did: accepted what was proposed rightly, rejected what was not, linked by hand what nothing
/// proposed. How many decisions that were.
async fn decide(engine: &Engine, truth: &Mapping) -> Result<usize, CommandError> {
    let customers = recorded(&engine.board::<Company>().await?, &truth.companies);
    let products = recorded(&engine.board::<Product>().await?, &truth.products);
    let of_customers = engine.decide(&customers, OPERATOR).await?;
    let of_products = engine.decide(&products, OPERATOR).await?;
    if let Some((wanted, refusal)) = of_customers.refused.iter().chain(&of_products.refused).next() {
        return Err(CommandError::new(Kind::Failed, format!("{wanted}: {refusal}")));
    }
    Ok(of_customers.done.saturating_add(of_products.done))
}

/// What was proposed comes first: a site linked by hand to a customer must not stand in the way of its head office.
fn recorded<E: Reviewed>(board: &Board<E>, truth: &LinkSet<E>) -> Vec<Intent<E>> {
    let (mut intents, mut by_hand) = (Vec::new(), Vec::new());
    let intent = |action, reason: &str, evidence| Intent { action, reason: Some(reason.to_owned()), evidence };
    for proposal in &board.proposals {
        let Some(vendor) = &proposal.vendor else { continue };
        let proposed = proposal.psa.as_ref().map(|psa| Link { vendor: vendor.clone(), psa: psa.clone() });
        let right = truth.psa_of(vendor);
        let evidence = Some(proposal.fingerprint.clone());
        match (proposed, right) {
            (Some(link), Some(psa)) if link.psa == *psa => {
                intents.push(intent(Action::Accept(link), "known customer", evidence));
            }
            (proposed, right) => {
                if let Some(link) = proposed {
                    intents.push(intent(Action::Reject(link), "not the same", evidence));
                }
                if let Some(psa) = right {
                    let link = Link { vendor: vendor.clone(), psa: psa.clone() };
                    by_hand.push(intent(Action::Link(link), "looked up by hand", None));
                }
            }
        }
    }
    intents.append(&mut by_hand);
    intents
}
