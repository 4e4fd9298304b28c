//! The one place that writes to the terminal.
//!
//! Results go to standard output and nothing else does; what happens on the way goes to standard error. Colour and moving
//! bars only where a person looks at a terminal. Nothing outside text holds steers the terminal.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::time::Duration;

use indicatif::ProgressDrawTarget;

use crate::cli::bars::Bars;
use crate::cli::error::{CommandError, Kind};
use crate::config::Environment;
use crate::core::outside::{harmless, harmless_lines};
use crate::engine::{Waiting, Watch, Watched, Way};
use crate::report::text::Screen;

/// So often a person is asked for the same.
const ASKED_MAX: usize = 4;

/// Standard output and standard error, as a person or a script wants them.
#[derive(Debug)]
pub struct Ui {
    quiet: bool,
    colour: bool,
    width: Option<u16>,
    bars: Bars,
}

impl Ui {
    /// As the environment and the terminal allow.
    #[must_use]
    pub fn new(quiet: bool, environment: &Environment) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target = if quiet || !terminal { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        Self {
            quiet,
            colour: terminal && environment.get("NO_COLOR").is_none(),
            // A table library that knows the terminal's width saves asking for it here.
            width: comfy_table::Table::new().width(),
            bars: Bars::new(target),
        }
    }

    /// Whether what goes to standard error may be coloured.
    #[must_use]
    pub fn colours(&self) -> bool {
        self.colour
    }

    /// What logged lines are written with.
    #[must_use]
    pub fn log(self: &Arc<Self>) -> Log {
        Log(Arc::clone(self))
    }

    /// Shows, as long as what it answers is held, that this is being done.
    #[must_use]
    pub fn doing(&self, what: &str) -> Watched<'_> {
        Watched::new(self, what)
    }

    /// Nothing moves any more.
    pub fn still(&self) {
        self.bars.clear();
    }

    /// How a table is drawn. Only a terminal has a width: a file or a pipe gets every row on one line.
    #[must_use]
    pub fn screen(&self) -> Screen<'static> {
        Screen { width: self.width, cut: None, colour: self.colour && self.width.is_some() }
    }

    /// Whether a person can be asked.
    #[must_use]
    pub fn can_ask(&self) -> bool {
        !self.quiet && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// Asks a person for a line; nothing typed is `None`.
    ///
    /// # Errors
    /// What reading standard input says.
    pub fn ask(&self, question: &str) -> Result<Option<String>, CommandError> {
        Ok(self.line(question)?.filter(|answer| !answer.is_empty()))
    }

    /// Asks a person for a line that can be used. Why one cannot is said, and it is asked for again a few times.
    ///
    /// # Errors
    /// Where the input ended or no line could be used; what reading standard input says.
    pub fn ask_until<T, E: std::fmt::Display>(
        &self,
        question: &str,
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Result<T, CommandError> {
        let asked = question.trim();
        for _ in 0..ASKED_MAX {
            let Some(answer) = self.line(question)? else {
                return Err(CommandError::new(Kind::Usage, format!("{asked} the input ended before an answer")));
            };
            match read(&answer) {
                Ok(value) => return Ok(value),
                Err(why) => self.warn(&why.to_string()),
            }
        }
        Err(CommandError::new(Kind::Usage, format!("{asked} asked {ASKED_MAX} times, and no answer could be used")))
    }

    /// A line as typed, without what is around it; `None` where the input has ended.
    fn line(&self, question: &str) -> Result<Option<String>, CommandError> {
        self.write_err(&format!("{question} "));
        let mut line = String::new();
        let read = std::io::stdin()
            .read_line(&mut line)
            .map_err(|error| CommandError::new(Kind::Failed, format!("standard input: {error}")))?;
        Ok((read > 0).then(|| line.trim().to_owned()))
    }

    /// What a person answers to a question that nothing goes on without.
    ///
    /// # Errors
    /// `unasked` where nobody can be asked; what reading standard input says.
    pub fn answered(&self, question: &str, unasked: CommandError) -> Result<Option<String>, CommandError> {
        if self.can_ask() { self.ask(question) } else { Err(unasked) }
    }

    /// Whether a person says yes to it.
    ///
    /// # Errors
    /// As [`answered`](Self::answered).
    pub fn agreed(&self, question: &str, unasked: CommandError) -> Result<bool, CommandError> {
        Ok(self.answered(question, unasked)?.as_deref().is_some_and(is_yes))
    }

    /// A result, to standard output, as it is.
    ///
    /// # Errors
    /// What writing says; a reader that went away is no failure of ours and ends the output quietly.
    pub fn result(&self, text: impl AsRef<[u8]>) -> Result<(), CommandError> {
        let mut out = std::io::stdout().lock();
        match self.bars.suspend(|| out.write_all(text.as_ref()).and_then(|()| out.flush())) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(CommandError::new(Kind::Failed, format!("standard output: {error}")))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// A line about what happens, to standard error; not with `--quiet`.
    pub fn say(&self, line: &str) {
        if !self.quiet {
            self.write_err(&format!("{}\n", harmless_lines(line)));
        }
    }

    /// A line a person must see, to standard error, also with `--quiet`.
    pub fn warn(&self, line: &str) {
        self.write_err(&format!("{} {}\n", self.label("warning:", "33"), harmless_lines(line)));
    }

    /// An error with its advice.
    pub fn error(&self, error: &CommandError) {
        let facts = error.to_string();
        let facts = facts.lines().map(|line| format!("{} {}\n", self.label("error:", "31"), harmless(line)));
        let hints = error.hints.iter().map(|hint| format!("{} {}\n", self.label("hint:", "36"), harmless_lines(hint)));
        let text: String = facts.chain(hints).collect();
        self.write_err(&text);
    }

    fn label(&self, label: &str, colour: &str) -> String {
        if self.colour { format!("\x1b[1;{colour}m{label}\x1b[0m") } else { label.to_owned() }
    }

    fn write_err(&self, text: &str) {
        // Nobody is left to tell when standard error is gone.
        let write = || std::io::stderr().lock().write_all(text.as_bytes()).is_ok();
        let _written = self.bars.suspend(write);
    }
}

/// Nobody can be asked, and `--yes` was not given; `hint` says what to do.
#[must_use]
pub fn unasked(hint: &str) -> CommandError {
    CommandError::new(Kind::Usage, "nobody can be asked, and --yes was not given").hint(hint)
}

/// Only a clear yes is one.
#[must_use]
pub fn is_yes(answer: &str) -> bool {
    matches!(answer.to_lowercase().as_str(), "y" | "yes")
}

/// Lines that are logged, written without harm to the moving ones.
pub struct Log(Arc<Ui>);

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.bars.suspend(|| std::io::stderr().lock().write_all(line))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Watch for Ui {
    fn begin(&self, what: &str) {
        self.bars.begin(what);
    }

    fn progress(&self, what: &str, records: u64, way: Way) {
        self.bars.progress(what, records, way);
    }

    fn waiting(&self, what: &str, pause: Duration, why: &Waiting) {
        self.bars.waiting(what, pause, why);
    }

    fn end(&self, what: &str) {
        self.bars.end(what);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_is_one() {
        for yes in ["y", "Y", "yes", "Yes"] {
            assert!(is_yes(yes), "{yes}");
        }
        for no in ["", "n", "no", "yeah", "yy", "ja", "1", "true", "y n"] {
            assert!(!is_yes(no), "{no}");
        }
    }
}
