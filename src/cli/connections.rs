//! `trueup connections`: the connections of the configuration, one by one.

use chrono::Utc;
use clap::Subcommand;

use crate::cli::args::Shown;
use crate::cli::check;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};
use crate::cli::ui::unasked;
use crate::clock::Clock;
use crate::engine::{self, Ended, Removal, Settled, Settling, Side, Standing};
use crate::report::table::Kind::{Count, Text};
use crate::report::table::{Cell, Column, Table, counted};

/// See and look after the connections of the configuration
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup connections list")]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(List),
    Verify(Verify),
    Reauthorize(Reauthorize),
    Remove(Remove),
}

/// List the connections, when each was pulled last, and writes whose end is not known
///
/// Reads the configuration and the database only. A connection that left records behind and is no longer configured is shown
/// without a kind.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup connections list --format json")]
struct List {
    #[command(flatten)]
    shown: Shown,
}

/// Try one connection, and look again after writes whose end is not known
///
/// Changes nothing at the remote system; what came of a write is noted in the database.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup connections verify pax8")]
struct Verify {
    /// The connection
    name: String,
    #[command(flatten)]
    shown: Shown,
}

/// Fetch a new token, and say until when it holds
///
/// The token is neither shown nor kept: every command fetches its own. This shows that the credentials are good.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup connections reauthorize pax8")]
struct Reauthorize {
    /// The connection
    name: String,
}

/// Take a connection's records out of the database
///
/// Says what is deleted here and asks. Nothing at the remote system changes. Runs, decisions, findings, tickets, the journal,
/// and the snapshots a reconciliation was made from stay. The section of the configuration is left to you.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup connections remove old-pax8 --yes")]
struct Remove {
    /// The connection
    name: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        match self.verb {
            Verb::List(args) => list(context, &args).await,
            Verb::Verify(args) => {
                context.sends()?;
                verify(context, args).await
            }
            Verb::Reauthorize(args) => reauthorize(context, &args.name).await,
            Verb::Remove(args) => {
                context.writes()?;
                remove(context, &args).await
            }
        }
    }
}

const COLUMNS: &[Column] = &[
    Column::new("name", Text),
    Column::new("kind", Text),
    Column::new("side", Text),
    Column::new("environment", Text),
    Column::new("default", Text),
    Column::new("last pull", Text),
    Column::new("open writes", Count),
];

async fn list(context: &Context, args: &List) -> Result<Ending, CommandError> {
    let config = context.config()?;
    let standing = context.engine(&config).await?.connections(&config).await?;
    let is_open = standing.iter().any(|one| one.open_writes > 0);
    let row = |one: &Standing| {
        let side = match one.side {
            Side::Vendor => "vendor",
            Side::Psa => "psa",
        };
        let pulled = one.last_pull.map(|at| at.format("%Y-%m-%d %H:%M UTC").to_string());
        vec![
            Cell::text(&one.name),
            Cell::text(one.kind.as_deref().unwrap_or("not configured")),
            Cell::text(side),
            Cell::text(one.environment.as_deref().unwrap_or("")),
            Cell::text(if one.default { "yes" } else { "" }),
            Cell::text(pulled.as_deref().unwrap_or("never")),
            Cell::Count(one.open_writes),
        ]
    };
    let table = Table {
        name: "connections",
        title: "Connections",
        about: "The connections of the configuration, and those that left records behind",
        head: Vec::new(),
        columns: COLUMNS,
        rows: standing.iter().map(row).collect(),
        notes: if is_open {
            vec!["`trueup journal list --open` shows the open writes.".to_owned()]
        } else {
            Vec::new()
        },
    };
    args.shown.show(&context.ui, &table)?;
    Ok(Ending::Done)
}

async fn verify(context: &Context, args: Verify) -> Result<Ending, CommandError> {
    let config = context.config()?;
    let settled = match config.connectors.get(&args.name).filter(|about| engine::is_pax8(about)) {
        Some(_) => {
            let remote = engine::pax8::open(&config, Some(&args.name), &context.environment)?;
            context.engine(&config).await?.settle(&remote, &Settling::once()).await?
        }
        None => Vec::new(),
    };
    for one in &settled {
        context.ui.say(&told(one));
    }
    let ending = check::only(context, &config, args.name, args.shown).await?;
    let is_open = settled.iter().any(|one| matches!(one.ended, Ended::Open(_)));
    Ok(if is_open { Ending::Partly } else { ending })
}

pub(super) fn told(settled: &Settled) -> String {
    let entry = &settled.entry;
    let what = format!("write {}, {} ({})", entry.id, entry.operation, entry.subject);
    match &settled.ended {
        Ended::Happened | Ended::Done | Ended::Earlier => {
            format!("{what}: it took effect{}", settled.record.as_ref().map_or(String::new(), |id| format!(", {id}")))
        }
        Ended::DidNot | Ended::Refused(_) => format!("{what}: it did not take effect"),
        Ended::Open(why) => {
            format!("{what}: still open; {why}; `trueup journal settle {}` closes it, also by your word", entry.id)
        }
    }
}

async fn reauthorize(context: &Context, name: &str) -> Result<Ending, CommandError> {
    let holds = engine::reauthorize(&context.config()?, name, &context.environment).await?;
    let until = holds.and_then(|holds| chrono::TimeDelta::from_std(holds).ok()).and_then(|holds| {
        // Wall time, whatever --as-of says: the token is of today.
        Clock::System.now().checked_add_signed(holds)
    });
    let text = match until {
        Some(until) => format!("{name}: a new token was given; it holds until {}\n", shown(until)),
        None => format!("{name}: a new token was given; until when it holds was not said\n"),
    };
    context.ui.result(text)?;
    Ok(Ending::Done)
}

fn shown(at: chrono::DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

async fn remove(context: &Context, args: &Remove) -> Result<Ending, CommandError> {
    let config = context.config()?;
    let engine = context.engine(&config).await?;
    let removal = engine.removal(&config, &args.name).await?;
    context.ui.say(&goes(&removal));
    if !args.yes {
        let hint = "Nothing was deleted. Give --yes to delete what is listed.";
        let answer = context.ui.answered(&format!("Delete this? Type {} to go on:", args.name), unasked(hint))?;
        if answer.as_deref() != Some(args.name.as_str()) {
            return Err(CommandError::new(Kind::Refused, "not confirmed; nothing was deleted"));
        }
    }
    let removed = engine.remove(&config, &args.name).await?;
    context.ui.result(format!("{} is taken out of the database\n", removed.name))?;
    if removed.configured {
        context.ui.say(&format!("Remove [connectors.{}] from {} as well.", removed.name, config.file.display()));
    }
    Ok(Ending::Done)
}

/// What goes and what stays.
fn goes(removal: &Removal) -> String {
    let records =
        removal.records.iter().map(|(entity, count)| format!("{count} {}", entity.as_str().replace('_', " ")));
    let records: Vec<String> = records.collect();
    let records = if records.is_empty() { "no records".to_owned() } else { records.join(", ") };
    format!(
        "To be deleted here: {} of {} ({records}), {} of customers and {} of products.\n\
         Kept: runs, decisions, findings, tickets, the journal, and {} that a reconciliation was made from.\n\
         Nothing at the remote system changes.",
        counted(removal.snapshots, "snapshot"),
        removal.name,
        counted(removal.customer_links, "link"),
        counted(removal.product_links, "link"),
        counted(removal.kept, "snapshot"),
    )
}
