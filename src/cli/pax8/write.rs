//! The one way of every write: shown, asked, noted, sent, and told.
//!
//! Keeps the invariants that nothing is sent before a person saw it and said yes, with a key or with `--yes`, and that what is
//! not known afterwards is said to be unknown.

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};
use crate::cli::pax8::lines::{aligned, beside, of_body};
use crate::cli::pax8::names::Names;
use crate::cli::pax8::options::{Format, How};
use crate::cli::pax8::show;
use crate::core::outside::harmless;
use crate::engine::pax8::{Record, Refusal, Remote, RemoteId, Write};
use crate::engine::{Ended, Settling, Written};

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
    let shown = now.map(Record::whole);
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

/// Goes on only after a yes.
fn agreed(context: &Context, operation: &str, yes: bool) -> Result<(), CommandError> {
    if yes {
        return Ok(());
    }
    let what = format!("{operation}: nobody is there to be asked, and nothing was sent");
    let unasked = CommandError::new(Kind::Usage, what);
    let unasked = unasked.hint("Read what would be sent, then run it on a terminal, or again with --yes.");
    if context.ui.agreed("Send? [y/N]", unasked)? {
        return Ok(());
    }
    Err(CommandError::new(Kind::Refused, format!("{operation}: not agreed to, and nothing was sent")))
}

fn told(
    context: &Context,
    remote: &Remote,
    write: &Write,
    written: Written<Record>,
    format: Format,
) -> Result<Sent, CommandError> {
    let (sure, said) = outcome(write.operation(), written.id.number(), &written.ended)?;
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

/// What a write came to in words, and whether that is sure; an error where it took no effect.
fn outcome(operation: &str, number: i64, ended: &Ended) -> Result<(bool, String), CommandError> {
    match ended {
        Ended::Done => Ok((true, format!("Done: {operation}, number {number} in the journal."))),
        Ended::Happened => {
            let seen = "Pax8's answer was unclear; looking showed that it took effect.";
            Ok((true, format!("Done: {operation}, number {number} in the journal. {seen}")))
        }
        Ended::Earlier => {
            let sent = "The same was sent before, and looking showed that it took effect: nothing was sent now.";
            Ok((true, format!("Done: {operation}, number {number} in the journal. {sent}")))
        }
        Ended::Refused(refusal) => Err(of_refusal(operation, refusal)),
        Ended::DidNot => {
            let what = format!("{operation}: the answer was unclear, and looking showed that it did not take effect");
            Err(CommandError::new(Kind::Failed, what).hint("Send it again."))
        }
        Ended::Open(why) => Ok((
            false,
            format!(
                "{operation}: it is not known whether it took effect: {why}. It is number {number} in the journal and is \
                 not sent again by itself; `trueup journal settle {number}` looks again and closes it, also by your word"
            ),
        )),
    }
}

/// Pax8's own no.
pub(super) fn of_refusal(operation: &str, refusal: &Refusal) -> CommandError {
    let error = CommandError::new(Kind::Refused, format!("{operation}: Pax8 refused it: {refusal}"));
    error.hint(format!("Nothing was changed. {}", refusal.as_what.advice()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::pax8::RefusedAs;

    #[test]
    fn each_way_a_write_ends_has_its_status_and_what_is_not_known_is_not_called_done() {
        let refusal = Refusal { status: 422, as_what: RefusedAs::Rejected, kind: None, message: "no".to_owned() };
        for (ended, status, said) in [
            (Ended::Done, 0, "Done: cancel subscription, number 7 in the journal."),
            (Ended::Happened, 0, "looking showed that it took effect"),
            (Ended::Refused(refusal), 4, "cancel subscription: Pax8 refused it: 422: no"),
            (Ended::Earlier, 0, "nothing was sent now"),
            (Ended::DidNot, 1, "looking showed that it did not take effect"),
            (Ended::Open("cut off".to_owned()), 5, "`trueup journal settle 7` looks again"),
        ] {
            let (told, found) = match outcome("cancel subscription", 7, &ended) {
                Ok((true, told)) => (told, Ending::Done.status()),
                Ok((false, told)) => (told, Ending::Partly.status()),
                Err(error) => (error.to_string(), error.kind.status()),
            };
            assert!(found == status && told.contains(said), "{found}: {told}");
        }
    }
}
