//! Product titles: what a title says of the product, of its term, of its audience, told apart by a table.
//!
//! Keeps the rule that the table is data: [`TitleWords`] is read from text, and an operator may give another one.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::normalize::{Phrases, Word, folded, table_lines, words};
use crate::core::snapshot::Problem;

/// The table the program brings along.
pub const SHIPPED: &str = include_str!("data/product_words.txt");

/// What a phrase of a title means.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Meaning {
    Alias(Vec<String>),
    Programme,
    Term(String),
    Billing(String),
    Audience(String),
}

/// The table: aliases, programme, term, billing and audience words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TitleWords {
    aliases: Phrases<Vec<String>>,
    meanings: Phrases<Meaning>,
}

impl Default for TitleWords {
    fn default() -> Self {
        SHIPPED_WORDS.clone()
    }
}

static SHIPPED_WORDS: LazyLock<TitleWords> = LazyLock::new(|| TitleWords::parse(SHIPPED, "product_words.txt").0);

impl TitleWords {
    /// Reads a table (`kind | words | value`, one rule a line); a line that cannot be read is a problem, the rest stands.
    #[must_use]
    pub fn parse(text: &str, at: &str) -> (Self, Vec<Problem>) {
        let mut table = Self { aliases: Phrases::default(), meanings: Phrases::default() };
        let mut problems = Vec::new();
        for (number, line) in table_lines(text) {
            let mut parts = line.split('|').map(str::trim);
            let kind = parts.next().unwrap_or_default();
            let phrase = words(&folded(parts.next().unwrap_or_default()));
            let value = parts.next().unwrap_or_default();
            let meaning = match kind {
                "alias" => Meaning::Alias(words(&folded(value))),
                "programme" => Meaning::Programme,
                "term" => Meaning::Term(value.to_owned()),
                "billing" => Meaning::Billing(value.to_owned()),
                "audience" => Meaning::Audience(value.to_owned()),
                _ => {
                    let what = format!("`{kind}` is none of alias, programme, term, billing, audience");
                    problems.push(Problem::new(format!("{at}:{number}"), what).field("kind"));
                    continue;
                }
            };
            if phrase.is_empty() || (value.is_empty() && meaning != Meaning::Programme) {
                problems.push(Problem::new(format!("{at}:{number}"), "expected `kind | words | value`"));
                continue;
            }
            match meaning {
                Meaning::Alias(to) => table.aliases.add(&phrase, to),
                Meaning::Programme | Meaning::Term(_) | Meaning::Billing(_) | Meaning::Audience(_) => {
                    table.meanings.add(&phrase, meaning);
                }
            }
        }
        (table, problems)
    }

    /// What a title says.
    pub(super) fn read(&self, raw: &str) -> Title {
        let spelled = self.spelled_out(&words(&unglued(&folded(&without_prices(raw)))));
        let mut title = Title::default();
        let mut at = 0;
        while let Some(word) = spelled.get(at) {
            let Some((meaning, taken)) = self.meanings.longest(spelled.get(at..).unwrap_or_default()) else {
                title.words.push(Word::of(word.clone()));
                at += 1;
                continue;
            };
            let said = spelled.get(at..at + taken).unwrap_or_default();
            let cut = Self::is_cut_term(meaning, spelled.get(at + taken..).unwrap_or_default());
            match meaning {
                Meaning::Term(term) => title.terms.insert(term.clone()),
                Meaning::Billing(billing) => title.terms.insert(format!("billed {billing}")),
                Meaning::Audience(audience) => {
                    // "CHTY ... (Nonprofit Staff Pricing)" says it twice
                    let new = title.audience.insert(audience.clone());
                    title.words.extend(said.iter().filter(|_| new).cloned().map(Word::of));
                    new
                }
                Meaning::Programme | Meaning::Alias(_) => false,
            };
            at += taken + usize::from(cut);
        }
        // "MS NCE M365" says the maker twice
        title.words.dedup();
        // a title made of such words alone keeps them: better a poor name than none
        if title.words.is_empty() {
            title.words = spelled.into_iter().map(Word::of).collect();
        }
        title
    }

    /// Whether what follows a term is the beginning of more of it, cut off at the end of the title: "1 mth com".
    fn is_cut_term(meaning: &Meaning, rest: &[String]) -> bool {
        match (meaning, rest) {
            (Meaning::Term(_) | Meaning::Billing(_), [last]) => {
                ["commit", "commitment", "monthly", "paid", "billed", "term"]
                    .iter()
                    .any(|word| word.starts_with(last.as_str()))
            }
            (
                Meaning::Term(_) | Meaning::Billing(_) | Meaning::Alias(_) | Meaning::Programme | Meaning::Audience(_),
                _,
            ) => false,
        }
    }

    /// Aliases replaced before and after programme words leave: "ms nce o365" is "office 365" only without its middle.
    fn spelled_out(&self, spelled: &[String]) -> Vec<String> {
        let once = replaced(spelled, |rest| self.aliases.longest(rest).map(|(to, taken)| (to.as_slice(), taken)));
        let bare = replaced(&once, |rest| {
            self.meanings
                .longest(rest)
                .filter(|(m, _)| **m == Meaning::Programme)
                .map(|(_, taken)| (<&[String]>::default(), taken))
        });
        let bare = if bare.is_empty() { once } else { bare };
        replaced(&bare, |rest| self.aliases.longest(rest).map(|(to, taken)| (to.as_slice(), taken)))
    }
}

/// The words with every phrase that `by` knows replaced by other words.
fn replaced<'t>(words: &[String], by: impl Fn(&[String]) -> Option<(&'t [String], usize)>) -> Vec<String> {
    let mut out = Vec::with_capacity(words.len());
    let mut at = 0;
    while let Some(word) = words.get(at) {
        if let Some((to, taken)) = by(words.get(at..).unwrap_or_default()) {
            out.extend(to.iter().cloned());
            at += taken;
        } else {
            out.push(word.clone());
            at += 1;
        }
    }
    out
}

/// A title taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Title {
    pub(super) words: Vec<Word>,
    /// Term and billing words, in one spelling.
    pub(super) terms: BTreeSet<String>,
    pub(super) audience: BTreeSet<String>,
}

/// Amounts with a currency sign leave the title: "RRP. $93.96".
fn without_prices(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut in_price = false;
    for c in raw.chars() {
        if matches!(c, '$' | '€' | '£') {
            in_price = true;
            out.push(' ');
        } else if !(in_price && (c.is_ascii_digit() || matches!(c, '.' | ',' | ' '))) {
            in_price = false;
            out.push(c);
        }
    }
    out
}

/// Words run together with a number are parted: "1device", "conferencing1yr", "office365"; short codes ("e5") stay.
fn unglued(folded: &str) -> String {
    let mut out = String::with_capacity(folded.len() + 8);
    for word in folded.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        let cut = word.bytes().position(|b| b.is_ascii_digit()).filter(|at| *at >= 4);
        let (head, tail) = word.split_at(cut.unwrap_or(0));
        out.push_str(head);
        if !head.is_empty() {
            out.push(' ');
        }
        let digits = tail.bytes().take_while(u8::is_ascii_digit).count();
        let (number, letters) = tail.split_at(digits);
        out.push_str(number);
        if digits > 0 && letters.len() >= 2 && letters.bytes().all(|b| b.is_ascii_alphabetic()) {
            out.push(' ');
        }
        out.push_str(letters);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_table_has_no_problem() {
        assert_eq!(TitleWords::parse(SHIPPED, "shipped").1, []);
    }

    #[test]
    fn an_unreadable_rule_is_named_and_the_rest_stands() {
        let (table, problems) =
            TitleWords::parse("alias | acme1 | acme one\nalais | x | y\nterm | weekly |\n", "mine.txt");
        assert_eq!(problems.iter().map(|p| p.at.as_str()).collect::<Vec<_>>(), ["mine.txt:2", "mine.txt:3"]);
        assert_eq!(table.spelled_out(&["acme1".to_owned()]), ["acme", "one"]);
    }

    #[test]
    fn titles_are_taken_apart() {
        let table = TitleWords::default();
        //   raw                                                     words                                terms    audience
        for (raw, words, terms, audience) in [
            ("Microsoft 365 Business Premium [New Commerce Experience]", "microsoft 365 business premium", "", ""),
            ("MS NCE M365 BUS PREM 1YR COMMIT", "microsoft 365 business premium", "P1Y", ""),
            ("MS NCE EXAMPLE CONFERENCING1YR COMMIT", "microsoft example conferencing", "P1Y", ""),
            ("Example Plan 1DEVICE", "example plan 1 device", "", "device"),
            ("Azure AD Premium P1 (faculty)", "entra id plan 1 faculty", "", "education staff"),
            ("Widget Pro RRP. $93.96 billed monthly", "widget professional", "billed monthly", ""),
            ("Example Backup 1MTH COMM", "example backup", "P1M", ""),
            ("Example Backup - Annual Commit, Mo", "example backup", "P1Y", ""),
            ("NCE", "nce", "", ""),
        ] {
            let title = table.read(raw);
            let said: Vec<&str> = title.words.iter().map(|w| w.text.as_str()).collect();
            assert_eq!(said.join(" "), words, "{raw}");
            assert_eq!(title.terms.into_iter().collect::<Vec<_>>().join(" "), terms, "{raw}");
            assert_eq!(title.audience.into_iter().collect::<Vec<_>>().join(" "), audience, "{raw}");
        }
    }
}
