//! What moves on the terminal while work takes long.
//!
//! A line for each work that has been under way for a second, gone when the work is over. Keeps the invariant that nothing
//! is drawn, and no thread is kept for it, where nobody looks.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::core::outside::harmless;
use crate::engine::{Waiting, Watch, Way};

/// Work shorter than this needs no line.
const SHOWN_AFTER: Duration = Duration::from_secs(1);
/// How often a line moves.
const TICK: Duration = Duration::from_millis(100);
/// Shorter pauses are not told.
const PAUSE_TOLD: Duration = Duration::from_millis(500);
/// A part is counted in so many pieces.
const FINE: u64 = 1_000;
/// How long the rest takes is told when the work is this old, and a twentieth of it is done.
const REST_TOLD_AFTER: Duration = Duration::from_secs(3);

/// The lines of a terminal.
#[derive(Debug)]
pub(super) struct Bars {
    lines: MultiProgress,
    under_way: Mutex<BTreeMap<String, UnderWay>>,
}

/// Work that was begun; dropping it lets its thread end.
#[derive(Debug)]
struct UnderWay {
    line: Arc<Line>,
    _stop: mpsc::Sender<()>,
}

impl Bars {
    pub(super) fn new(target: ProgressDrawTarget) -> Self {
        Self { lines: MultiProgress::with_draw_target(target), under_way: Mutex::default() }
    }

    /// Writes something else without harm to the lines.
    pub(super) fn suspend<R>(&self, write: impl FnOnce() -> R) -> R {
        self.lines.suspend(write)
    }

    /// Takes every line away, for good.
    pub(super) fn clear(&self) {
        for (_, work) in std::mem::take(&mut *self.works()) {
            work.line.end(&self.lines);
        }
        self.lines.set_draw_target(ProgressDrawTarget::hidden());
    }

    fn works(&self) -> MutexGuard<'_, BTreeMap<String, UnderWay>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn line(&self, what: &str) -> Option<Arc<Line>> {
        self.works().get(what).map(|work| Arc::clone(&work.line))
    }
}

impl Watch for Bars {
    fn begin(&self, what: &str) {
        if self.lines.is_hidden() {
            return;
        }
        let line = Arc::new(Line::new(what, Instant::now()));
        let (stop, stopped) = mpsc::channel::<()>();
        let (its_line, lines) = (Arc::clone(&line), self.lines.clone());
        // A thread of its own: the line moves also while the work keeps every other thread busy.
        std::thread::spawn(move || {
            let mut pause = SHOWN_AFTER;
            while stopped.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                its_line.draw(&lines, Instant::now());
                pause = TICK;
            }
        });
        self.works().insert(what.to_owned(), UnderWay { line, _stop: stop });
    }

    fn progress(&self, what: &str, records: u64, way: Way) {
        if let Some(line) = self.line(what) {
            let mut state = line.state();
            (state.records, state.way) = (records, way);
        }
    }

    fn waiting(&self, what: &str, pause: Duration, why: &Waiting) {
        if let Some(line) = self.line(what).filter(|_| pause >= PAUSE_TOLD) {
            line.state().waits = Instant::now().checked_add(pause).map(|until| (until, why.clone()));
        }
    }

    fn end(&self, what: &str) {
        let over = self.works().remove(what);
        if let Some(work) = over {
            work.line.end(&self.lines);
        }
    }
}

/// The line of one work.
#[derive(Debug)]
struct Line {
    what: String,
    since: Instant,
    bar: ProgressBar,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    records: u64,
    way: Way,
    waits: Option<(Instant, Waiting)>,
    is_shown: bool,
    is_over: bool,
}

impl Line {
    fn new(what: &str, since: Instant) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        let state = State { records: 0, way: Way::Open, waits: None, is_shown: false, is_over: false };
        Self { what: harmless(what), since, bar, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn draw(&self, lines: &MultiProgress, now: Instant) {
        let mut state = self.state();
        if state.is_over {
            return;
        }
        // Each of these may draw, so the style comes first.
        let part = state.part();
        let template = if part.is_some() { "{spinner} [{bar:20}] {wide_msg}" } else { "{spinner} {wide_msg}" };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style.progress_chars("=> "));
        }
        self.bar.set_message(self.told(&state, now));
        if let Some((done, of)) = part {
            self.bar.set_length(of);
            self.bar.set_position(done);
        }
        if !state.is_shown {
            state.is_shown = true;
            lines.add(self.bar.clone());
        }
        self.bar.tick();
    }

    /// Takes the line away; nothing draws it any more.
    fn end(&self, lines: &MultiProgress) {
        let mut state = self.state();
        state.is_over = true;
        if state.is_shown {
            self.bar.finish_and_clear();
            lines.remove(&self.bar);
        }
    }

    fn told(&self, state: &State, now: Instant) -> String {
        let reached = match state.way {
            Way::Open if state.records == 0 => String::new(),
            Way::Open => format!(" {}", state.records),
            Way::Records(of) => format!(" {}/{of}", state.records),
            Way::Parts { done, of, within: None } => format!(" {done}/{of}"),
            Way::Parts { done, of, within: Some((records, all)) } => {
                format!(" {done}/{of}, {records}/{all} of the next")
            }
            Way::Bytes { done, of } => format!(" {}/{}", HumanBytes(done), HumanBytes(of)),
        };
        let waits = state.waits.as_ref().map(|(until, why)| (until.saturating_duration_since(now), why));
        let rest = || rest(now.saturating_duration_since(self.since), state.part()?);
        let outlook = match waits.filter(|(left, _)| !left.is_zero()) {
            Some((left, why)) => format!(", {}", harmless(&why.told(whole_seconds(left)))),
            None => rest().map_or(String::new(), |rest| format!(", {} left", in_words(rest))),
        };
        [&self.what, reached.as_str(), &outlook].concat()
    }
}

impl State {
    /// So much of so much, where that is known.
    fn part(&self) -> Option<(u64, u64)> {
        match self.way {
            Way::Open => None,
            Way::Records(of) => Some((self.records, of)),
            Way::Bytes { done, of } => Some((done, of)),
            Way::Parts { done, of, within } => {
                let (records, all) = within.unwrap_or_default();
                let begun = records.saturating_mul(FINE).checked_div(all).unwrap_or_default();
                Some((done.saturating_mul(FINE).saturating_add(begun), of.saturating_mul(FINE)))
            }
        }
    }
}

/// How long the rest takes, if it goes on as it went.
fn rest(elapsed: Duration, (done, of): (u64, u64)) -> Option<Duration> {
    let worth_telling = elapsed >= REST_TOLD_AFTER && done < of && done.saturating_mul(20) >= of;
    let millis = elapsed.as_millis().saturating_mul(u128::from(of.saturating_sub(done))).checked_div(done.into())?;
    worth_telling.then(|| Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX)))
}

/// Never none while something is left.
fn whole_seconds(left: Duration) -> u64 {
    left.as_secs().saturating_add(u64::from(left.subsec_nanos() > 0))
}

fn in_words(rest: Duration) -> String {
    let seconds = whole_seconds(rest);
    match seconds {
        0..100 => format!("{seconds} s"),
        100..6_000 => format!("{} min", seconds.div_ceil(60)),
        6_000.. => format!("{} h", seconds.div_ceil(3_600)),
    }
}

#[cfg(test)]
mod tests;
