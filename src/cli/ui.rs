//! The one place that writes to the terminal.
//!
//! Results go to standard output and nothing else does; what happens on the way goes to standard error. Colour and moving
//! bars only where a person looks at a terminal. Nothing outside text holds steers the terminal.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::error::{CommandError, Kind};
use crate::config::Environment;
use crate::core::outside::{harmless, harmless_lines};
use crate::engine::Watch;
use crate::report::text::Screen;

/// Work shorter than this needs no bar.
const BAR_AFTER: Duration = Duration::from_secs(1);

/// Standard output and standard error, as a person or a script wants them.
#[derive(Debug)]
pub struct Ui {
    quiet: bool,
    colour: bool,
    width: Option<u16>,
    bars: MultiProgress,
    running: Mutex<BTreeMap<String, Running>>,
}

#[derive(Debug)]
struct Running {
    since: Instant,
    bar: Option<ProgressBar>,
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
            bars: MultiProgress::with_draw_target(target),
            running: Mutex::default(),
        }
    }

    /// Whether what goes to standard error may be coloured.
    #[must_use]
    pub fn colours(&self) -> bool {
        self.colour
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
        self.write_err(&format!("{question} "));
        let mut line = String::new();
        std::io::stdin()
            .read_line(&mut line)
            .map_err(|error| CommandError::new(Kind::Failed, format!("standard input: {error}")))?;
        let answer = line.trim();
        Ok((!answer.is_empty()).then(|| answer.to_owned()))
    }

    /// A result, to standard output, as it is.
    ///
    /// # Errors
    /// What writing says; a reader that went away is no failure of ours and ends the output quietly.
    pub fn result(&self, text: impl AsRef<[u8]>) -> Result<(), CommandError> {
        let mut out = std::io::stdout().lock();
        match out.write_all(text.as_ref()).and_then(|()| out.flush()) {
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

impl Watch for Ui {
    /// A bar appears once it has taken a second, and goes when everything is there.
    fn progress(&self, what: &str, done: u64, total: Option<u64>) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = running.entry(what.to_owned()).or_insert_with(|| Running { since: Instant::now(), bar: None });
        if entry.bar.is_none() && entry.since.elapsed() >= BAR_AFTER {
            entry.bar = Some(self.bars.add(bar(what, total)));
        }
        if let Some(bar) = &entry.bar {
            bar.set_position(done);
            if let Some(total) = total {
                bar.set_length(total);
            }
        }
        if total.is_some_and(|total| done >= total)
            && let Some(Running { bar: Some(bar), .. }) = running.remove(what)
        {
            bar.finish_and_clear();
        }
    }
}

fn bar(what: &str, total: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::no_length().with_message(what.to_owned());
    let template = if total.is_some() { "{msg:30} {wide_bar} {pos}/{len}" } else { "{msg:30} {spinner} {pos}" };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}
