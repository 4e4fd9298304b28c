//! What a write came to, in words: the same for every system that is written to.
//!
//! Keeps the invariant that what is not known is not called done.

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Kind};
use crate::engine::Ended;
use crate::engine::pax8::Refusal;

/// Goes on only after a yes.
pub(super) fn agreed(context: &Context, operation: &str, yes: bool) -> Result<(), CommandError> {
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

/// What a write came to in words, and whether that is sure; an error where it took no effect.
pub(super) fn outcome(whom: &str, operation: &str, number: i64, ended: &Ended) -> Result<(bool, String), CommandError> {
    match ended {
        Ended::Done => Ok((true, format!("Done: {operation}, number {number} in the journal."))),
        Ended::Happened => {
            let seen = "The answer was unclear; looking showed that it took effect.";
            Ok((true, format!("Done: {operation}, number {number} in the journal. {seen}")))
        }
        Ended::Earlier => {
            let sent = "The same was sent before, and looking showed that it took effect: nothing was sent now.";
            Ok((true, format!("Done: {operation}, number {number} in the journal. {sent}")))
        }
        Ended::Refused(refusal) => Err(of_refusal(whom, operation, refusal)),
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

/// The remote's own no.
pub(in crate::cli) fn of_refusal(whom: &str, operation: &str, refusal: &Refusal) -> CommandError {
    let error = CommandError::new(Kind::Refused, format!("{operation}: {whom} refused it: {refusal}"));
    error.hint(format!("Nothing was changed. {}", refusal.as_what.advice()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::error::Ending;
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
            let (told, found) = match outcome("Pax8", "cancel subscription", 7, &ended) {
                Ok((true, told)) => (told, Ending::Done.status()),
                Ok((false, told)) => (told, Ending::Partly.status()),
                Err(error) => (error.to_string(), error.kind.status()),
            };
            assert!(found == status && told.contains(said), "{found}: {told}");
        }
    }
}
