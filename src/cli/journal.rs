//! `trueup journal`: each write to another system, what came of it, and the way to close one that stays open.
//!
//! Keeps the invariant that a person's word about a write is asked for, and refused where looking proves something else.

use chrono::{DateTime, SecondsFormat, Utc};
use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use crate::cli::args;
use crate::cli::connections;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};
use crate::cli::pax8::{aligned, json as json_line, of_body};
use crate::cli::ui::unasked;
use crate::config::Config;
use crate::core::outside::harmless;
use crate::engine::pax8::{self, Filled, Remote};
use crate::engine::{
    self, Connection, Door, Ended, Engine, JournalEntry, JournalNote, Ruling, WriteAccount, WriteOutcome, WriteSource,
};
use crate::report::table::Kind::{Count, Id, Text};
use crate::report::table::{Cell, Column, Table};
use crate::report::{csv, json as json_table, text};

/// See what was written to other systems, and close what is open
///
/// Each write is noted before it is sent, and again with what came of it: an answer, what looking showed, what a person said. A
/// write is open while nobody knows whether it took effect; meanwhile no other of the same subject is sent.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup journal list --open")]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(List),
    Show(Show),
    Settle(Settle),
}

/// How the journal is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Text,
    Json,
    Csv,
}

/// How one write is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum OneFormat {
    #[default]
    Text,
    Json,
}

/// How a write stands, as it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum State {
    Open,
    Done,
    Refused,
    NotSent,
    Happened,
    DidNot,
}

impl State {
    pub(super) fn of(outcome: WriteOutcome) -> Self {
        match outcome {
            WriteOutcome::Sending | WriteOutcome::Unknown => Self::Open,
            WriteOutcome::Done => Self::Done,
            WriteOutcome::Refused => Self::Refused,
            WriteOutcome::NotSent => Self::NotSent,
            WriteOutcome::Happened => Self::Happened,
            WriteOutcome::DidNot => Self::DidNot,
        }
    }

    pub(super) fn word(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// List the writes, the latest first
///
/// Reads the database only.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup journal list --connection pax8 --since 2026-11-01 --format csv")]
struct List {
    /// Of this connection
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// In this state: open, done, refused, not-sent, happened (found out by looking, or said), did-not
    #[arg(long, value_name = "STATE", value_enum, hide_possible_values = true)]
    state: Option<State>,
    /// Whose end is not known; the same as --state open
    #[arg(long, conflicts_with = "state")]
    open: bool,
    /// With this in what they are about, such as an id
    #[arg(long, value_name = "TEXT")]
    subject: Option<String>,
    /// Sent on this day or at this moment, or later
    #[arg(long, value_name = "WHEN", value_parser = args::moment)]
    since: Option<DateTime<Utc>>,
    /// Show so many
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Show a table, JSON or CSV: text, json, csv
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, hide_possible_values = true)]
    format: Format,
}

/// Show one write: what was sent, every answer, every look and what it found
///
/// Reads the database only. Secrets were never kept.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup journal show 7")]
struct Show {
    /// Its number in the journal
    number: i64,
    /// Show it for people or as JSON: text, json
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, hide_possible_values = true)]
    format: OneFormat,
}

/// Close an open write: by looking, or by your word where looking proves nothing
///
/// Looks at the other system, changes nothing there, and closes the write where that proves what came of it. Where it cannot
/// prove it, --happened or --did-not is your word for it: it is asked about, noted beside everything that was seen, with your
/// name and your reason, and refused where the look proves something else.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  trueup journal settle 7\n  trueup journal settle 7 --did-not --reason \"the portal shows 24 seats\""
)]
struct Settle {
    /// Its number in the journal
    number: i64,
    /// Say that it took effect
    #[arg(long, requires = "reason", conflicts_with = "did_not")]
    happened: bool,
    /// Say that it did not
    #[arg(long, requires = "reason")]
    did_not: bool,
    /// How you know
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// The record it made, such as a ticket's number
    #[arg(long, value_name = "ID", requires = "reason")]
    record: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Show what came of it for people or as JSON: text, json
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, hide_possible_values = true)]
    format: OneFormat,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        match self.verb {
            Verb::List(args) => args.run(context).await,
            Verb::Show(args) => {
                let engine = context.engine(&context.config()?).await?;
                shown(context, &engine.write_account(args.number).await?, args.format)?;
                Ok(Ending::Done)
            }
            Verb::Settle(args) => {
                // How long ago it was sent decides what may be said of it.
                context.sends()?;
                args.run(context).await
            }
        }
    }
}

const COLUMNS: &[Column] = &[
    Column::new("number", Count),
    Column::new("state", Text),
    Column::new("operation", Text),
    Column::new("subject", Text),
    Column::new("connection", Text),
    Column::new("sent at", Text),
    Column::new("by", Text),
    Column::new("said", Text).when_wide(),
    Column::new("record", Id).in_files(),
    Column::new("known at", Text).in_files(),
];

impl List {
    async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let engine = context.engine(&context.config()?).await?;
        let state = if self.open { Some(State::Open) } else { self.state };
        let subject = self.subject.as_ref().map(|text| text.to_lowercase());
        let is_asked = |entry: &JournalEntry| {
            self.connection.as_ref().is_none_or(|name| entry.connector == *name)
                && state.is_none_or(|state| State::of(entry.outcome) == state)
                && subject.as_ref().is_none_or(|text| entry.subject.to_lowercase().contains(text))
                && self.since.is_none_or(|since| entry.at >= since)
        };
        let found: Vec<JournalEntry> = engine.writes(u32::MAX).await?.into_iter().filter(is_asked).collect();
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let mut notes = Vec::new();
        if found.len() > limit {
            notes.push(format!("{} of {} writes; --limit shows more.", limit, found.len()));
        }
        if found.iter().take(limit).any(|entry| entry.outcome.is_open()) {
            notes.push("`trueup journal settle NUMBER` looks after an open write and closes it.".to_owned());
        }
        let table = Table {
            name: "journal",
            title: "Journal",
            about: "Writes to other systems, the latest first, and what came of each",
            head: vec![("database".to_owned(), engine.location())],
            columns: COLUMNS,
            rows: found.iter().take(limit).map(row).collect(),
            notes,
        };
        let failed = |error| CommandError::new(Kind::Failed, error);
        match self.format {
            Format::Text => context.ui.result(text::render(&table, context.ui.screen()))?,
            Format::Json => context.ui.result(json_table::render(&table).map_err(failed)?)?,
            Format::Csv => context.ui.result(csv::render(&table).map_err(failed)?)?,
        }
        Ok(Ending::Done)
    }
}

fn row(entry: &JournalEntry) -> Vec<Cell> {
    let maybe = |text: Option<&str>| text.map_or(Cell::Unknown, Cell::text);
    vec![
        Cell::Count(u64::try_from(entry.id.number()).unwrap_or_default()),
        Cell::text(State::of(entry.outcome).word()),
        Cell::text(&entry.operation),
        Cell::text(&entry.subject),
        Cell::text(&entry.connector),
        Cell::text(moment(entry.at)),
        Cell::text(&entry.who),
        maybe(entry.said.as_deref()),
        maybe(entry.record.as_deref()),
        maybe(entry.ended_at.map(moment).as_deref()),
    ]
}

fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn source(source: WriteSource) -> &'static str {
    match source {
        WriteSource::Answer => "answer",
        WriteSource::Look => "look",
        WriteSource::Person => "person",
    }
}

/// Why a write is open, and what closes it.
fn why_open(entry: &JournalEntry) -> Option<String> {
    let why = match entry.outcome {
        WriteOutcome::Sending => "it was about to be sent when its process ended, or is at work",
        WriteOutcome::Unknown => entry.said.as_deref().unwrap_or("its answer said nothing"),
        WriteOutcome::Done
        | WriteOutcome::Refused
        | WriteOutcome::NotSent
        | WriteOutcome::Happened
        | WriteOutcome::DidNot => return None,
    };
    Some(why.to_owned())
}

/// The whole of a write to standard output.
fn shown(context: &Context, account: &WriteAccount, format: OneFormat) -> Result<(), CommandError> {
    match format {
        OneFormat::Json => {
            let whole = serde_json::to_string_pretty(&as_json(account));
            context.ui.result(json_line(&whole.map_err(|error| CommandError::new(Kind::Failed, error))?))
        }
        OneFormat::Text => context.ui.result(in_words(account)),
    }
}

fn as_json(account: &WriteAccount) -> Value {
    let entry = &account.entry;
    let note = |note: &JournalNote| {
        json!({
            "at": moment(note.at), "source": source(note.source), "who": note.who,
            "state": State::of(note.outcome).word(), "said": note.said, "record": note.record,
        })
    };
    json!({
        "number": entry.id.number(), "connection": entry.connector, "operation": entry.operation,
        "subject": entry.subject, "state": State::of(entry.outcome).word(), "record": entry.record,
        "sentAt": moment(entry.at), "knownAt": entry.ended_at.map(moment), "by": entry.who, "run": entry.run.number(),
        "said": entry.said, "openBecause": why_open(entry),
        "sent": account.sent.as_ref().map(|sent| json!({ "method": sent.verb, "path": sent.url, "body": sent.body })),
        "request": entry.request, "found": entry.found, "notes": account.notes.iter().map(note).collect::<Vec<_>>(),
    })
}

fn in_words(account: &WriteAccount) -> String {
    let entry = &account.entry;
    let mut facts = vec![
        ("connection", entry.connector.clone()),
        ("state", format!("{}: it {}", State::of(entry.outcome).word(), entry.outcome.words())),
        ("by", format!("{}, in run {}", entry.who, entry.run)),
        ("sent at", moment(entry.at)),
    ];
    facts.extend(entry.ended_at.map(|at| ("known at", moment(at))));
    facts.extend(entry.record.clone().map(|record| ("record", record)));
    facts.extend(entry.answer.as_ref().map(|digest| ("answer", format!("a record, SHA-256 {}", digest.as_str()))));
    facts.extend(account.sent.as_ref().map(|sent| ("request", format!("{} {}", sent.verb, sent.url))));
    let facts: Vec<_> = facts.into_iter().map(|(label, text)| (label.to_owned(), text)).collect();
    let head = harmless(&format!("write {}: {}, {}", entry.id, entry.operation, entry.subject));
    let mut out = vec![format!("{head}\n{}", aligned(&facts))];
    let body = account.sent.as_ref().map_or(Some(&entry.request), |sent| sent.body.as_ref());
    for (title, value) in [("sent", body), ("found before", Some(&entry.found))] {
        let lines = value.map(|value| of_body(value, None)).filter(|lines| !lines.is_empty());
        out.extend(lines.map(|lines| format!("{title}\n{}", aligned(&lines))));
    }
    let told: Vec<_> = account.notes.iter().map(told).collect();
    if !told.is_empty() {
        out.push(format!("what came to be known\n{}", aligned(&told)));
    }
    if let Some(why) = why_open(entry) {
        let closes = format!("`trueup journal settle {}` looks again and closes it, also by your word", entry.id);
        out.push(format!("open because {}\n{closes}\n", harmless(&why)));
    }
    out.join("\n")
}

fn told(note: &JournalNote) -> (String, String) {
    let record = note.record.as_ref().map_or(String::new(), |record| format!(", {record}"));
    let said = note.said.as_ref().map_or(String::new(), |said| format!("; {said}"));
    let what = format!("{} by {}: it {}{record}{said}", source(note.source), note.who, note.outcome.words());
    (moment(note.at), what)
}

/// A connection as it could be opened.
enum Opened {
    Pax8(Box<Remote>),
    Other(Box<Connection>),
}

impl Settle {
    fn ruling(&self) -> Result<Option<Ruling>, CommandError> {
        let (true, Some(reason)) = (self.happened || self.did_not, &self.reason) else {
            return match &self.reason {
                Some(_) => Err(CommandError::new(Kind::Usage, "--reason is for --happened and --did-not")),
                None => Ok(None),
            };
        };
        let text = |option: &str, text: &String| Ok::<_, CommandError>(Filled::new(option, text)?.as_str().to_owned());
        if self.record.is_some() && !self.happened {
            return Err(CommandError::new(Kind::Usage, "--record is for --happened"));
        }
        let record = self.record.as_ref().map(|record| text("--record", record)).transpose()?;
        Ok(Some(Ruling { happened: self.happened, reason: text("--reason", reason)?, record }))
    }

    async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let ruling = self.ruling()?;
        let config = context.config()?;
        let engine = context.engine(&config).await?;
        let account = engine.write_account(self.number).await?;
        let opened = opened(context, &config, &account.entry.connector);
        let closed;
        let door = match &opened {
            Ok(Opened::Pax8(remote)) => Door::Pax8(remote),
            Ok(Opened::Other(other)) => match other.as_ref() {
                Connection::Psa(psa) => Door::Psa(psa.as_ref()),
                Connection::Vendor(_) => Door::Closed("this connection takes no writes"),
            },
            // A word may be all that is left; without one the error is the answer.
            Err(error) if ruling.is_some() => {
                closed = format!("looking was not possible: {error}");
                Door::Closed(&closed)
            }
            Err(_) => return Err(opened.err().unwrap_or_else(|| CommandError::new(Kind::Failed, "no connection"))),
        };
        if let Some(ruling) = ruling.as_ref().filter(|_| account.entry.outcome.is_open() && !self.yes) {
            agreed(context, &account, ruling)?;
        }
        let doing = context.ui.doing("settle");
        let settled = engine.settle_write(self.number, door, ruling.as_ref()).await?;
        drop(doing);
        self.told(context, &engine, &settled).await
    }

    async fn told(
        &self,
        context: &Context,
        engine: &Engine,
        settled: &engine::Settled,
    ) -> Result<Ending, CommandError> {
        let is_open = matches!(settled.ended, Ended::Open(_));
        let line = connections::told(settled);
        if is_open {
            context.ui.warn(&line);
            let by_word = format!("trueup journal settle {} --happened --reason TEXT", self.number);
            context.ui.say(&format!("Where you know what came of it: {by_word}, or --did-not."));
        } else {
            context.ui.say(&line);
        }
        shown(context, &engine.write_account(self.number).await?, self.format)?;
        Ok(if is_open { Ending::Partly } else { Ending::Done })
    }
}

fn opened(context: &Context, config: &Config, name: &str) -> Result<Opened, CommandError> {
    match config.connectors.get(name) {
        Some(about) if engine::is_pax8(about) => {
            Ok(Opened::Pax8(Box::new(pax8::open(config, Some(name), &context.environment)?)))
        }
        Some(_) => Ok(Opened::Other(Box::new(engine::connect(config, name, &context.environment)?))),
        None => {
            let what = format!("the connection `{name}` is not configured any more");
            Err(CommandError::new(Kind::Usage, what)
                .hint("Configure it again to look, or say what came of it with --happened or --did-not."))
        }
    }
}

/// Goes on only after a yes.
fn agreed(context: &Context, account: &WriteAccount, ruling: &Ruling) -> Result<(), CommandError> {
    context.ui.say(&in_words(account));
    let effect = if ruling.happened { "took effect" } else { "did not take effect" };
    let question = format!("Note that it {effect}, unless looking proves something else? [y/N]");
    if context.ui.agreed(&question, unasked("Nothing was noted. Read the write, then run it again with --yes."))? {
        return Ok(());
    }
    Err(CommandError::new(Kind::Refused, format!("write {}: not agreed to, and nothing was noted", account.entry.id)))
}
