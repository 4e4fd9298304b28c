//! The command line: arguments, one engine call, one rendering.
//!
//! One file a command: an `Args` whose comments are the help, and a `run`. Results go to standard output, everything else to
//! standard error, and every way to end has its exit status in [`error`].

mod args;
mod bars;
mod check;
mod connections;
mod connectors;
mod context;
mod db;
mod demo;
pub mod error;
mod init;
mod inventory;
mod journal;
mod month;
mod pax8;
mod propose;
mod psa;
mod pull;
mod reconcile;
mod renewals;
mod report;
mod review;
mod serve;
mod simulate;
mod status;
mod systems;
pub mod ui;
mod written;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind, STATUSES};
use crate::cli::ui::Ui;
use crate::config::Environment;
use crate::telemetry;

/// Find, explain and mend what a distributor charged and an MSP did not bill, to the cent
#[derive(Debug, Parser)]
#[command(name = "trueup", version, max_term_width = 100, after_help = STATUSES, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command understands.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
struct Global {
    /// Read this configuration file [default: $TRUEUP_CONFIG, else trueup.toml]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Take this day or moment for now, as 2026-05-01 or 2026-05-01T08:30:00Z
    #[arg(long, global = true, value_name = "WHEN", value_parser = args::moment)]
    as_of: Option<DateTime<Utc>>,
    /// Say nothing but results, warnings and errors
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Log to standard error: error, warn, info, debug, trace, or off
    #[arg(long, global = true, value_name = "LEVEL", default_value = "warn")]
    log: String,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Args),
    Check(check::Args),
    Pull(pull::Args),
    Propose(propose::Args),
    Review(review::Args),
    Reconcile(reconcile::Args),
    Report(report::Args),
    Renewals(renewals::Args),
    Status(status::Args),
    Journal(journal::Args),
    Serve(serve::Args),
    Demo(demo::Args),
    Simulate(simulate::Args),
    Connections(connections::Args),
    Connectors(connectors::Args),
    Pax8(pax8::Args),
    Psa(psa::Args),
    Db(db::Args),
}

impl Command {
    async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        match self {
            Self::Init(args) => args.run(context),
            Self::Check(args) => args.run(context).await,
            Self::Pull(args) => args.run(context).await,
            Self::Propose(args) => args.run(context).await,
            Self::Review(args) => args.run(context).await,
            Self::Reconcile(args) => args.run(context).await,
            Self::Report(args) => args.run(context).await,
            Self::Renewals(args) => args.run(context).await,
            Self::Status(args) => args.run(context).await,
            Self::Journal(args) => args.run(context).await,
            Self::Serve(args) => args.run(context).await,
            Self::Demo(args) => args.run(context).await,
            Self::Simulate(args) => args.run(context).await,
            Self::Connections(args) => args.run(context).await,
            Self::Connectors(args) => args.run(context).await,
            Self::Pax8(args) => args.run(context).await,
            Self::Psa(args) => args.run(context).await,
            Self::Db(args) => args.run(context).await,
        }
    }
}

/// The whole command line.
#[must_use]
pub fn command() -> clap::Command {
    with_whole_examples(Cli::command())
}

/// What stands below a help is written as it is: an example that was wrapped could not be pasted. Only the text of a template
/// is never wrapped.
fn with_whole_examples(command: clap::Command) -> clap::Command {
    let command = command.mut_subcommands(with_whole_examples);
    let Some(below) = command.get_after_help().map(ToString::to_string) else { return command };
    command.help_template(format!("{HELP}\n\n{below}"))
}

/// What stands above it, as without a template.
const HELP: &str = "{before-help}{about-with-newline}\n{usage-heading} {usage}\n\n{all-args}";

/// Runs one command line and answers its exit status.
#[must_use]
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let mut command = command();
    let parsed = command.try_get_matches_from_mut(arguments).and_then(|mut matches| {
        Cli::from_arg_matches_mut(&mut matches).map_err(|refused| refused.format(&mut command))
    });
    let cli = match parsed {
        Ok(cli) => cli,
        Err(refused) => return answer_without_command(&refused),
    };
    let environment = Environment::of_process();
    let ui = Arc::new(Ui::new(cli.global.quiet, &environment));
    let ended = run(cli, &ui, environment);
    ui.still();
    match ended {
        Ok(ending) => ending.status(),
        Err(error) => {
            ui.error(&error);
            error.kind.status()
        }
    }
}

/// Help and version to standard output, anything wrong to standard error.
fn answer_without_command(refused: &clap::Error) -> u8 {
    // Nobody is left to tell when the output is gone.
    let _printed = refused.print().is_ok();
    let answered = matches!(refused.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if answered { Ending::Done.status() } else { Kind::Usage.status() }
}

fn run(cli: Cli, ui: &Arc<Ui>, environment: Environment) -> Result<Ending, CommandError> {
    let writer = Arc::clone(ui);
    telemetry::start(&cli.global.log, ui.colours(), move || writer.log())
        .map_err(|refused| CommandError::new(Kind::Usage, refused))?;
    let failed = |error: std::io::Error| CommandError::new(Kind::Failed, error);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(failed)?;
    let context = Context::new(Arc::clone(ui), environment, cli.global.config.as_deref(), cli.global.as_of);
    let context = Arc::new(context);
    let ended = runtime.block_on(async {
        let stop = stop_signal().map_err(failed)?;
        // In a task of its own: work that keeps its thread busy must not keep a stop from being heard.
        let its_context = Arc::clone(&context);
        let mut work = tokio::spawn(async move { cli.command.run(&its_context).await });
        tokio::select! {
            ended = &mut work => ended.map_err(|broken| failed(broken.into()))?,
            () = stop => {
                work.abort();
                // Unless it keeps its thread busy it is gone at once, and opens no run any more.
                let _gone = tokio::time::timeout(GOING_MAX, work).await.is_ok();
                context.stopped().await;
                let interrupted = CommandError::new(Kind::Interrupted, "interrupted");
                if !context.may_have_sent() {
                    return Err(interrupted);
                }
                Err(interrupted.hint(
                    "A write may have been sent. `trueup journal list --open` shows it; run again, it is looked for first.",
                ))
            }
        }
    });
    // What still runs in the background is not waited for; whatever is written is written whole or not at all.
    runtime.shutdown_background();
    ended
}

/// How long work that was stopped is waited for.
const GOING_MAX: Duration = Duration::from_millis(500);

/// Ends when the user or the service manager wants the command to stop. Listens from now on, not from the first wait.
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let (mut interrupt, mut terminate) = {
        use tokio::signal::unix::{SignalKind, signal};
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    #[cfg(windows)]
    let (mut interrupt, mut terminate) = (tokio::signal::windows::ctrl_c()?, tokio::signal::windows::ctrl_close()?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
