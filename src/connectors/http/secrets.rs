//! What must never be shown of one connection, and how outside text is freed of it.
//!
//! Keeps the invariant that a text is freed of every secret, in every spelling a remote may echo it in, before it is cut: a
//! cut would leave a part that nothing recognises.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::address::segment;
use super::json::Undecodable;
use super::retry::Trouble;
use crate::connectors::error::ErrorKind;
use crate::core::outside::excerpt;
use crate::core::snapshot::Problem;

/// Outside text in an error is cut.
const SHOWN_MAX: usize = 300;
/// How much of a text is looked at.
const READ_MAX: usize = 16 << 10;
/// Anything shorter would blot out ordinary words.
const SHORTEST: usize = 4;
/// How many fetched tokens are remembered; older ones are of no use to anybody.
const FETCHED_MAX: usize = 8;
const BLOT: &str = "***";

/// The secrets of one connection.
#[derive(Default)]
pub(super) struct Secrets {
    /// Every spelling of those that were configured, the longest first.
    configured: Vec<String>,
    fetched: Mutex<VecDeque<Vec<String>>>,
}

impl Secrets {
    pub(super) fn new<'s>(configured: impl IntoIterator<Item = &'s str>) -> Self {
        let mut all: Vec<String> = configured.into_iter().flat_map(spellings).collect();
        longest_first(&mut all);
        Self { configured: all, fetched: Mutex::default() }
    }

    /// Remembers a token that was fetched, or a secret that is sent.
    pub(super) fn learn(&self, token: &str) {
        let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = spellings(token);
        longest_first(&mut all);
        fetched.push_back(all);
        if fetched.len() > FETCHED_MAX {
            fetched.pop_front();
        }
    }

    fn clean(&self, text: &str) -> String {
        let fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        let mut clean: String = text.chars().take(READ_MAX).collect();
        if clean.len() < text.len() {
            clean.push('…');
        }
        for secret in fetched.iter().flatten().chain(&self.configured) {
            if clean.contains(secret.as_str()) {
                clean = clean.replace(secret.as_str(), BLOT);
            }
            // What was cut before it came here may end within a secret.
            let beginnings = (SHORTEST..secret.len()).rev().filter_map(|end| secret.get(..end));
            let cut = beginnings.filter(|_| clean.contains('…')).map(|beginning| format!("{beginning}…"));
            let found = cut.into_iter().find(|cut| clean.contains(cut.as_str()));
            if let Some(cut) = found {
                clean = clean.replace(&cut, &format!("{BLOT}…"));
            }
        }
        clean
    }

    /// Outside text as it may be shown: free of secrets, on one line, cut.
    pub(super) fn shown(&self, text: &str) -> String {
        excerpt(&self.clean(text), SHOWN_MAX)
    }

    pub(super) fn kind(&self, kind: ErrorKind) -> ErrorKind {
        match kind {
            ErrorKind::Auth(text) => ErrorKind::Auth(self.shown(&text)),
            ErrorKind::NotFound(text) => ErrorKind::NotFound(self.shown(&text)),
            ErrorKind::RateLimited { retry_after } => ErrorKind::RateLimited { retry_after },
            ErrorKind::Transient(text) => ErrorKind::Transient(self.shown(&text)),
            ErrorKind::Rejected { field, message } => {
                ErrorKind::Rejected { field: field.map(|field| self.shown(&field)), message: self.shown(&message) }
            }
            ErrorKind::Malformed { at, what } => ErrorKind::Malformed { at: self.shown(&at), what: self.shown(&what) },
            ErrorKind::Incomplete(text) => ErrorKind::Incomplete(self.shown(&text)),
            ErrorKind::Settings(text) => ErrorKind::Settings(self.shown(&text)),
            ErrorKind::Unfit(text) => ErrorKind::Unfit(self.shown(&text)),
            ErrorKind::Limit(text) => ErrorKind::Limit(self.shown(&text)),
        }
    }

    pub(super) fn trouble(&self, trouble: Trouble) -> Trouble {
        match trouble {
            Trouble::Throttled { wait } => Trouble::Throttled { wait },
            Trouble::Transient { what, wait } => Trouble::Transient { what: self.shown(&what), wait },
            Trouble::Unauthorized(what) => Trouble::Unauthorized(self.shown(&what)),
            Trouble::Refused { as_what, field, message } => {
                let field = field.map(|field| self.shown(&field));
                Trouble::Refused { as_what, field, message: self.shown(&message) }
            }
            Trouble::Failed(kind) => Trouble::Failed(self.kind(kind)),
        }
    }

    pub(super) fn undecodable(&self, bad: &Undecodable) -> Undecodable {
        Undecodable { at: self.shown(&bad.at), what: self.shown(&bad.what) }
    }

    pub(super) fn problem(&self, problem: Problem) -> Problem {
        let clean = |text: String| self.clean(&text);
        Problem {
            customer: problem.customer,
            at: clean(problem.at),
            record: problem.record.map(clean),
            field: problem.field.map(clean),
            what: clean(problem.what),
        }
    }
}

fn longest_first(all: &mut Vec<String>) {
    all.sort_by(|left, right| right.len().cmp(&left.len()).then_with(|| left.cmp(right)));
    all.dedup();
}

/// A secret as it is, and as wires and error texts write it: base64, percent-encoded, as a form, inside JSON, quoted.
fn spellings(secret: &str) -> Vec<String> {
    if secret.len() < SHORTEST {
        return Vec::new();
    }
    let percent = segment(secret);
    let json = serde_json::Value::from(secret).to_string();
    let json = json.trim_start_matches('"').strip_suffix('"').unwrap_or_default().to_owned();
    vec![
        secret.to_owned(),
        STANDARD_NO_PAD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
        lower_escapes(&percent),
        percent.replace("%20", "+"),
        percent,
        json.replace('/', "\\/"),
        json,
        secret.escape_debug().to_string(),
    ]
}

/// `%2F` as `%2f`.
fn lower_escapes(percent: &str) -> String {
    let mut left = 0_u8;
    let lower = |c: char| {
        let escaped = left > 0;
        left = if c == '%' { 2 } else { left.saturating_sub(1) };
        if escaped { c.to_ascii_lowercase() } else { c }
    };
    percent.chars().map(lower).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_blotted_out() {
        let secrets = Secrets::new(["canary/hun\"ter 2", "abc"]);
        secrets.learn("canary-token");
        for (echoed, shown) in [
            ("key canary/hun\"ter 2!", "key ***!"),
            ("Basic Y2FuYXJ5L2h1biJ0ZXIgMg==", "Basic ***=="),
            ("?k=canary%2Fhun%22ter%202&", "?k=***&"),
            ("?k=canary%2fhun%22ter%202&", "?k=***&"),
            ("?k=canary%2Fhun%22ter+2&", "?k=***&"),
            (r#"{"k":"canary\/hun\"ter 2"}"#, r#"{"k":"***"}"#),
            (r#"{"k":"canary/hun\"ter 2"}"#, r#"{"k":"***"}"#),
            ("Bearer canary-token", "Bearer ***"),
            ("cut canary/hu…", "cut ***…"),
            ("abc is too short to tell from a word", "abc is too short to tell from a word"),
        ] {
            assert_eq!(secrets.shown(echoed), shown);
        }
    }

    #[test]
    fn a_text_is_cleaned_before_it_is_cut_and_in_every_part() {
        let secrets = Secrets::new(["canary-hunter2"]);
        let shown = secrets.shown(&format!("{}canary-hunter2", "x".repeat(SHOWN_MAX - 5)));
        assert!(shown.ends_with("xx***") && !shown.contains("cana"), "{shown}");
        let said = || "canary-hunter2".to_owned();
        assert_eq!(secrets.shown("line\none\u{1b}[31m"), "line one␛[31m");
        assert_eq!(secrets.shown(&"x".repeat(5000)).chars().count(), SHOWN_MAX + 1);
        let shown = secrets.kind(ErrorKind::Rejected { field: Some(said()), message: said() });
        assert!(!format!("{shown:?}").contains("canary"), "{shown:?}");
        let problem = secrets.problem(Problem::new(said(), said()).record(said()).field(said()));
        assert!(!format!("{problem:?}").contains("canary"), "{problem:?}");
    }
}
