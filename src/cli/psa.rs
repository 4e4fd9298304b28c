//! `trueup psa`: one record of a PSA, read, made or changed by a person's explicit act.
//!
//! Keeps the invariant that a change is shown field by field, with what is there now, and sent only after a yes.

mod imports;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use clap::{Subcommand, ValueEnum};

use crate::cli::args;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};
use crate::cli::pax8::{Line, aligned};
use crate::cli::written::{agreed, outcome};
use crate::config::{Config, Side};
use crate::core::change::{self, Change, Create, CustomerField, LineField, ProductField, PsaWrite, Target, Update};
use crate::core::nearest::nearest;
use crate::core::outside::harmless;
use crate::core::record::Fingerprint;
use crate::engine::{self, Connection, ConnectorError, ErrorKind, PsaConnector, RecordSink, Settling};

/// Read, make or change a record of the PSA
///
/// For a connection whose connector file says how records are written, or a folder of exports whose import files are described:
/// then a change waits until `imports hand-over` makes a file. What would be sent is shown and asked about; it is noted in
/// the database before it is sent, sent once, and ends with what the PSA then reports. No pull and no reconcile ever writes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  trueup psa customers update 12 --set website=https://harbour.example --clear phone"
)]
pub(super) struct Args {
    #[command(subcommand)]
    noun: Noun,
}

#[derive(Debug, Subcommand)]
enum Noun {
    /// Customers
    #[command(subcommand, after_help = "Example:\n  trueup psa customers get 12")]
    Customers(Verb),
    /// Products
    #[command(subcommand, after_help = "Example:\n  trueup psa products update 8 --set price=22.10")]
    Products(Verb),
    /// Billed lines: what an agreement or contract bills
    #[command(
        subcommand,
        after_help = "Example:\n  trueup psa lines update 31 --below 7 --set quantity=12 --from 2026-12-01"
    )]
    Lines(Verb),
    /// Import files of a system without an interface
    #[command(subcommand, after_help = "Example:\n  trueup psa imports hand-over")]
    Imports(imports::Imports),
}

#[derive(Debug, Subcommand)]
enum Verb {
    Get(Get),
    Create(New),
    Update(Alter),
}

/// Show a record as it is now
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup psa customers get 12")]
struct Get {
    /// The record's id in the PSA
    #[arg(value_name = "ID", allow_hyphen_values = true)]
    id: String,
    #[command(flatten)]
    how: How,
}

/// Make a record
///
/// The same record is not made twice: it is looked for by its marker, or by what the connector file says, first.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup psa customers create --set \"name=Harbour Ltd\" --set city=Bristol")]
struct New {
    /// A field and its value; may be repeated
    #[arg(long = "set", value_name = "FIELD=VALUE", required = true)]
    set: Vec<String>,
    /// What it is found again by [default: made of what it holds]
    #[arg(long, value_name = "TEXT")]
    marker: Option<String>,
    #[command(flatten)]
    how: How,
    /// Send without asking
    #[arg(long)]
    yes: bool,
}

/// Change fields of a record
///
/// Only what is named changes. The record is read again before it is written, and left alone where somebody else changed it
/// meanwhile.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup psa lines update 31 --below 7 --set quantity=12 --from 2026-12-01")]
struct Alter {
    /// The record's id in the PSA
    #[arg(value_name = "ID", allow_hyphen_values = true)]
    id: String,
    /// A field and its new value; may be repeated
    #[arg(long = "set", value_name = "FIELD=VALUE", required_unless_present = "clear")]
    set: Vec<String>,
    /// Empty this field; may be repeated
    #[arg(long, value_name = "FIELD")]
    clear: Vec<String>,
    /// Let a line change from this day on; until then it goes on as it is
    #[arg(long, value_name = "DAY", value_parser = args::day)]
    from: Option<NaiveDate>,
    #[command(flatten)]
    how: How,
    /// Send without asking
    #[arg(long)]
    yes: bool,
}

/// Where, and how it is shown.
#[derive(Debug, clap::Args)]
struct How {
    /// The id of the record it stands below, such as an agreement's
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    below: Option<String>,
    /// Use this connection [default: the only PSA]
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// Show it as text or json
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, hide_possible_values = true)]
    format: Format,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Text,
    Json,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        match self.noun {
            Noun::Customers(verb) => verb.run::<CustomerField>(context).await,
            Noun::Products(verb) => verb.run::<ProductField>(context).await,
            Noun::Lines(verb) => verb.run::<LineField>(context).await,
            Noun::Imports(imports) => imports.run(context).await,
        }
    }
}

impl Verb {
    async fn run<F: change::Kind>(self, context: &Context) -> Result<Ending, CommandError> {
        let how = match &self {
            Self::Get(get) => &get.how,
            Self::Create(new) => &new.how,
            Self::Update(alter) => &alter.how,
        };
        let config = context.config()?;
        let psa = how.open(context, &config)?;
        let desk = Desk { context, config: &config, sink: sink(psa.as_ref())?, format: how.format };
        match self {
            Self::Get(get) => desk.show(F::NAME, &get.how.target(&get.id), None).await,
            Self::Create(new) => desk.create::<F>(&new).await,
            Self::Update(alter) => desk.update::<F>(&alter).await,
        }
    }
}

impl How {
    fn open(&self, context: &Context, config: &Config) -> Result<Box<dyn PsaConnector>, CommandError> {
        let psas: Vec<&String> =
            config.connectors.iter().filter(|(_, about)| about.side == Side::Psa).map(|(name, _)| name).collect();
        let name = match (&self.connection, psas.as_slice()) {
            (Some(name), _) => name,
            (None, [only]) => only,
            (None, []) => return Err(CommandError::new(Kind::Usage, "no PSA is configured").hint("Run `trueup init`.")),
            (None, several) => {
                let names: Vec<&str> = several.iter().map(|name| name.as_str()).collect();
                let what = format!("several PSAs are configured: {}", names.join(", "));
                return Err(CommandError::new(Kind::Usage, what).hint("Say which with --connection."));
            }
        };
        match engine::connect(config, name, &context.environment)? {
            Connection::Psa(psa) => Ok(psa),
            Connection::Vendor(_) => Err(CommandError::new(Kind::Usage, format!("{name} is no PSA"))),
        }
    }

    fn target(&self, id: &str) -> Target {
        Target { id: id.to_owned(), below: self.below.clone() }
    }
}

fn sink(psa: &dyn PsaConnector) -> Result<&dyn RecordSink, CommandError> {
    let none = || {
        let what = format!("records of {} are not written: its connector does not say how", psa.descriptor().name);
        CommandError::new(Kind::Usage, what).hint(
            "A connector file says it with `create` and `update` of an entity, exports with the setting `import`.",
        )
    };
    psa.records().ok_or_else(none)
}

/// One record's business with one PSA.
struct Desk<'d> {
    context: &'d Context,
    config: &'d Config,
    sink: &'d dyn RecordSink,
    format: Format,
}

impl Desk<'_> {
    async fn create<F: change::Kind>(&self, new: &New) -> Result<Ending, CommandError> {
        let fields = new.set.iter().map(|text| assigned::<F>(text)).collect::<Result<BTreeMap<F, _>, _>>()?;
        let lines: Vec<Line> =
            fields.iter().map(|(field, value)| (field.name().to_owned(), value.to_string())).collect();
        let whole = format!("{} {} {lines:?} {:?}", self.sink.connection(), F::NAME, new.how.below);
        let made = || format!("trueup-{}", Fingerprint::of(whole.as_bytes()).short());
        let marker = new.marker.clone().unwrap_or_else(made);
        let write = F::create(Create { fields, below: new.how.below.clone(), marker });
        self.send(&write, &lines, new.yes).await
    }

    async fn update<F: change::Kind>(&self, alter: &Alter) -> Result<Ending, CommandError> {
        if alter.from.is_some() && F::NAME != <LineField as change::Kind>::NAME {
            return Err(CommandError::new(Kind::Usage, "--from is for lines; other records change at once"));
        }
        let mut wanted = alter
            .set
            .iter()
            .map(|text| assigned::<F>(text).map(|(field, value)| (field, Some(value))))
            .collect::<Result<BTreeMap<F, _>, _>>()?;
        for name in &alter.clear {
            if wanted.insert(field::<F>(name)?, None).is_some() {
                return Err(CommandError::new(Kind::Usage, format!("`{name}` is both set and cleared")));
            }
        }
        let target = alter.how.target(&alter.id);
        let held = self.sink.held(F::NAME, &target, alter.from).await;
        let held: BTreeMap<String, _> = held.map_err(|error| unanswered(error, &target))?.into_iter().collect();
        let mut changes = BTreeMap::new();
        for (field, after) in wanted {
            let before = held.get(field.name()).cloned().flatten();
            if before != after {
                changes.insert(field, Change { before, after });
            }
        }
        if changes.is_empty() {
            self.context.ui.say("It is so already; nothing was sent.");
            return self.show(F::NAME, &target, alter.from).await;
        }
        let text = |value: &Option<change::Value>| value.as_ref().map_or("(nothing)".to_owned(), ToString::to_string);
        let line = |(field, change): (&F, &Change)| {
            (field.name().to_owned(), format!("{} → {}", text(&change.before), text(&change.after)))
        };
        let lines: Vec<Line> = changes.iter().map(line).collect();
        self.send(&F::update(Update { target, changes }, alter.from), &lines, alter.yes).await
    }

    async fn send(&self, write: &PsaWrite, lines: &[Line], yes: bool) -> Result<Ending, CommandError> {
        let (context, said) = (self.context, write.said());
        self.sink.may_write(write)?;
        let before = self.sink.before(write).await?;
        let calls = self.sink.calls(write, &before).await?;
        let subject =
            said.target.map_or_else(|| format!("new {}", said.entity), |at| format!("{} {}", said.entity, at.id));
        context.ui.say(&harmless(&subject));
        context.ui.say(&aligned(lines));
        for call in &calls {
            context.ui.say(call.trim_end());
        }
        agreed(context, write.operation(), yes)?;
        context.sends()?;
        let engine = context.engine(self.config).await?;
        let doing = context.ui.doing(write.operation());
        let written = engine.write(self.sink, write, None, &Settling::default()).await?;
        drop(doing);
        let (sure, told) = outcome(self.sink.connection(), write.operation(), written.id.number(), &written.ended)?;
        if !sure {
            context.ui.warn(&told);
            return Ok(Ending::Partly);
        }
        context.ui.say(&told);
        let Some(id) = written.record else { return Ok(Ending::Done) };
        let below = said.below.map(str::to_owned);
        self.show(said.entity, &Target { id, below }, said.effective).await?;
        if written.shows {
            return Ok(Ending::Done);
        }
        context.ui.warn("what is reported now does not show it yet; look again before relying on it");
        Ok(Ending::Partly)
    }

    /// A record as it is reported now, and where that matters as it is on a day.
    async fn show(&self, entity: &str, target: &Target, on: Option<NaiveDate>) -> Result<Ending, CommandError> {
        let held = self.sink.held(entity, target, on).await.map_err(|error| unanswered(error, target))?;
        let text = match self.format {
            Format::Text => {
                let head = [("id".to_owned(), target.id.clone())];
                let told = held.into_iter().filter_map(|(name, value)| Some((name, value?.to_string())));
                aligned(&head.into_iter().chain(told).collect::<Vec<Line>>())
            }
            Format::Json => {
                let values = held.into_iter().map(|(name, value)| (name, value.map(|value| value.to_string()).into()));
                let mut all: serde_json::Map<_, _> = values.collect();
                all.insert("id".to_owned(), target.id.clone().into());
                serde_json::to_string_pretty(&all)
                    .map_err(|error| CommandError::new(Kind::Failed, error.to_string()))?
            }
        };
        self.context.ui.result(text.trim_end().to_owned() + "\n")?;
        Ok(Ending::Done)
    }
}

/// An error with the advice of who asked for a record.
fn unanswered(error: ConnectorError, target: &Target) -> CommandError {
    let is_missing = matches!(error.kind, ErrorKind::NotFound(_));
    let is_unfit = matches!(error.kind, ErrorKind::Unfit(_));
    let shown = if is_missing { CommandError::new(Kind::Usage, error) } else { CommandError::from(error) };
    match &target.below {
        Some(_) if is_missing => shown.hint("Is the id right, and the one given with --below?"),
        None if is_missing => shown.hint("Is the id right?"),
        None if is_unfit => shown.hint("--below ID names the record it stands below."),
        Some(_) | None => shown,
    }
}

fn assigned<F: change::Kind>(text: &str) -> Result<(F, change::Value), CommandError> {
    let unreadable = || CommandError::new(Kind::Usage, format!("`{text}` is not written as FIELD=VALUE"));
    let (name, value) = text.split_once('=').ok_or_else(unreadable)?;
    let field = field::<F>(name)?;
    if value.is_empty() {
        let what = format!("{name}: a value expected, found none");
        return Err(CommandError::new(Kind::Usage, what).hint(format!("--clear {name} empties it.")));
    }
    let value = change::Value::parse(field.holds(), value);
    value.map(|value| (field, value)).map_err(|what| CommandError::new(Kind::Usage, format!("{name}: {what}")))
}

fn field<F: change::Kind>(name: &str) -> Result<F, CommandError> {
    let known: Vec<&str> = F::ALL.iter().map(|field| field.name()).collect();
    let unknown = || {
        let error = CommandError::new(Kind::Usage, format!("a {} has no field `{}`", F::NAME, harmless(name)));
        match nearest(name, known.iter().copied()) {
            Some(near) => error.hint(format!("Did you mean `{near}`?")),
            None => error.hint(format!("There are {}.", known.join(", "))),
        }
    };
    F::ALL.iter().copied().find(|field| field.name() == name).ok_or_else(unknown)
}
