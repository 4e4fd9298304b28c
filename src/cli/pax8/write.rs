//! The one way of every write: shown, asked, noted, sent, and told.
//!
//! Keeps the invariants that nothing is sent before a person saw it and said yes, with a key or with `--yes`, and that what is
//! not known afterwards is said to be unknown.

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending};
use crate::cli::pax8::lines::{aligned, beside, of_body};
use crate::cli::pax8::names::Names;
use crate::cli::pax8::options::{Format, How};
use crate::cli::pax8::show;
use crate::cli::written::{agreed, outcome};
use crate::core::outside::harmless;
use crate::engine::pax8::{Record, Remote, RemoteId, Write};
use crate::engine::{Settling, Written};

/// What every write takes.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Act {
    /// Send without asking
    #[arg(long)]
    pub(super) yes: bool,
    #[command(flatten)]
    pub(super) how: How,
}

/// How a write came out, for commands that go on from there.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) ending: Ending,
    /// As Pax8 reports it now.
    pub(super) now: Option<Record>,
}

/// Shows a write beside what is there, asks, sends it, and says what Pax8 then reports. `warnings` are what a person should
/// know before saying yes.
pub(super) async fn send(
    context: &Context,
    remote: &Remote,
    write: &Write,
    now: Option<&Record>,
    warnings: &[String],
    act: &Act,
) -> Result<Sent, CommandError> {
    remote.may_write(write)?;
    context.ui.say(&shown(remote, write, now));
    for warning in warnings {
        context.ui.warn(warning);
    }
    agreed(context, write.operation(), act.yes)?;
    context.sends()?;
    let engine = context.engine(&context.config()?).await?;
    let doing = context.ui.doing(write.operation());
    let shown = now.map(Record::noted);
    let written = engine.write(remote, write, shown.as_ref(), &Settling::default()).await?;
    drop(doing);
    told(context, remote, write, written, act.how.format)
}

/// Verb, address and body; where something is there already, what it is now.
fn shown(remote: &Remote, write: &Write, now: Option<&Record>) -> String {
    let sending = remote.sending(write);
    let head = format!("{}: {} {}", write.operation(), sending.verb, sending.url);
    let lines = match (&sending.body, now) {
        (Some(body), Some(now)) => {
            let mut lines = beside(of_body(body, Some(now.resource())), now);
            for path in write.clears() {
                lines.extend(now.text(&path).map(|was| (path, format!("{was} → (nothing)"))));
            }
            aligned(&lines)
        }
        (Some(body), None) => {
            let made = RemoteId::new("id", "new").map(|id| write.made(id).resource());
            aligned(&of_body(body, made.ok()))
        }
        (None, Some(now)) => show::record(now, &Names::default()),
        (None, None) => String::new(),
    };
    format!("{}\n{lines}", harmless(&head)).trim_end().to_owned()
}

fn told(
    context: &Context,
    remote: &Remote,
    write: &Write,
    written: Written<Record>,
    format: Format,
) -> Result<Sent, CommandError> {
    let (sure, said) = outcome("Pax8", write.operation(), written.id.number(), &written.ended)?;
    if !sure {
        context.ui.warn(&said);
        return Ok(Sent { ending: Ending::Partly, now: None });
    }
    context.ui.say(&said);
    let ending = if written.shows { Ending::Done } else { Ending::Partly };
    if !written.shows {
        context.ui.warn("what Pax8 reports now does not show it yet; look again before relying on it");
    }
    // What it answered stands in where it could not be read again.
    let now = written.now.or(written.answer);
    match (&now, format) {
        (Some(record), format) => show::one(context, remote, record, format)?,
        (None, Format::Json) => context.ui.result("null\n")?,
        (None, Format::Text | Format::Csv) => {
            let id = written.record.unwrap_or_default();
            context.ui.result(harmless(&format!("{id} is no longer there.")) + "\n")?;
        }
    }
    Ok(Sent { ending, now })
}
