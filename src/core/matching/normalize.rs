//! Text as it is compared: folded, cut into words, legal forms named.
//!
//! Keeps the raw text out of every comparison and the folded text out of every display. Fields besides the name are in
//! [`fields`](super::fields), product titles in [`titles`](super::titles).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization as _;

/// Longer names are cut here before anything is computed: no real name is longer, and work stays bounded.
const CHARS_MAX: usize = 300;
/// More words than this are not compared.
const WORDS_MAX: usize = 40;

/// What kind of word it is; each is compared by its own rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum WordKind {
    Plain,
    /// Holds a digit: equal or not, nothing between.
    Number,
    /// The class of a legal form: says little.
    LegalForm,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) kind: WordKind,
}

impl Word {
    pub(super) fn of(text: String) -> Self {
        let kind = if text.bytes().any(|b| b.is_ascii_digit()) { WordKind::Number } else { WordKind::Plain };
        Self { text, kind }
    }
}

/// Compatibility form, transliterated, lower case, `&` spelled out, apostrophes gone; other marks become spaces.
///
/// A dot stays between digits (versions), a plus at the end of a word (names), both sides of a hyphen are words.
pub(super) fn folded(raw: &str) -> String {
    let ascii: String = raw.chars().take(CHARS_MAX).nfkc().map(any_ascii::any_ascii_char).collect();
    let chars: Vec<char> = ascii.to_lowercase().chars().collect();
    let mut out = String::with_capacity(chars.len());
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|i| chars.get(i));
        let after = chars.get(at + 1);
        match c {
            'a'..='z' | '0'..='9' => out.push(*c),
            '\'' | '`' | '"' if before.is_some_and(char::is_ascii_alphanumeric) && *c != '"' => {}
            '&' => out.push_str(" and "),
            '.' if before.is_some_and(char::is_ascii_digit) && after.is_some_and(char::is_ascii_digit) => out.push('.'),
            // "a.b.c." is one word
            '.' if is_single_letter(&chars, at) => {}
            '+' if before.is_some_and(char::is_ascii_alphanumeric) && after.is_none_or(|c| *c == ' ') => out.push('+'),
            _ => out.push(' '),
        }
    }
    out
}

/// Whether the dot at `at` ends a single letter that is followed by another one: "a.o." but not "a. o".
fn is_single_letter(chars: &[char], at: usize) -> bool {
    let letter = |i: usize| chars.get(i).is_some_and(char::is_ascii_alphabetic);
    let boundary = |i: Option<usize>| i.and_then(|i| chars.get(i)).is_none_or(|c| !c.is_ascii_alphanumeric());
    at >= 1 && letter(at - 1) && boundary(at.checked_sub(2)) && letter(at + 1)
}

/// The words of a folded text; a run of single letters is one word ("a o smith" → "ao smith").
pub(super) fn words(folded: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut run = false;
    for word in folded.split_whitespace().take(WORDS_MAX) {
        let single = word.len() == 1 && word.bytes().all(|b| b.is_ascii_alphabetic());
        match out.last_mut() {
            Some(last) if single && run => last.push_str(word),
            _ => out.push(word.to_owned()),
        }
        run = single;
    }
    out
}

/// The words of a company's name, each legal form replaced by its class.
pub(super) fn company_words(raw: &str) -> Vec<Word> {
    let plain = words(&folded(raw));
    let mut out = Vec::with_capacity(plain.len());
    let mut at = 0;
    while let Some(word) = plain.get(at) {
        // a single first word is a name even where it spells a form ("AB Logistics", "Company Store")
        let form = LEGAL_FORMS.longest(plain.get(at..).unwrap_or_default());
        if let Some((class, taken)) = form.filter(|(_, taken)| at > 0 || *taken > 1) {
            out.push(Word { text: class.clone(), kind: WordKind::LegalForm });
            at += taken;
        } else {
            out.push(Word::of(word.clone()));
            at += 1;
        }
    }
    out
}

static LEGAL_FORMS: LazyLock<Phrases<String>> = LazyLock::new(|| {
    let mut phrases = Phrases::default();
    for line in table_lines(include_str!("data/legal_forms.txt")) {
        if let Some((class, spellings)) = line.1.split_once('=') {
            for spelling in spellings.split(';') {
                phrases.add(&words(&folded(spelling)), class.trim().to_owned());
            }
        }
    }
    phrases
});

/// The lines of a data table with their numbers; blank lines and those that begin with `#` say nothing.
pub(super) fn table_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let numbered = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    numbered.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

/// Sequences of words with a meaning; the longest one that begins somewhere is found first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Phrases<M>(BTreeMap<String, Vec<(Vec<String>, M)>>);

impl<M> Default for Phrases<M> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<M> Phrases<M> {
    /// Adds one; a phrase that is there already gets the new meaning.
    pub(super) fn add(&mut self, phrase: &[String], meaning: M) {
        if let Some((first, rest)) = phrase.split_first() {
            let list = self.0.entry(first.clone()).or_default();
            list.retain(|(known, _)| known != rest);
            list.push((rest.to_vec(), meaning));
            list.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        }
    }

    /// The meaning of the longest phrase these words begin with, and how many words it takes.
    pub(super) fn longest(&self, words: &[String]) -> Option<(&M, usize)> {
        let (first, rest) = words.split_first()?;
        let found = self.0.get(first)?.iter().find(|(phrase, _)| rest.starts_with(phrase))?;
        Some((&found.1, found.0.len() + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(raw: &str) -> String {
        company_words(raw)
            .iter()
            .map(|w| match w.kind {
                WordKind::Plain => w.text.clone(),
                WordKind::Number => format!("#{}", w.text),
                WordKind::LegalForm => format!("({})", w.text),
            })
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn names_are_folded_to_words() {
        //   raw                                    words
        for (raw, words) in [
            ("Harbour Dental Ltd.", "harbour dental (ltd)"),
            ("HARBOUR  DENTAL, Limited", "harbour dental (ltd)"),
            ("Smith & Sons' Bakery GmbH & Co. KG", "smith and sons bakery (gmbh)"),
            ("A. O. Smith", "ao smith"),
            ("A.O. Smith S.A.", "ao smith (sa)"),
            ("O'Brien Café Ünal", "obrien cafe unal"),
            ("Straße 7.5 Médecins", "strasse #7.5 medecins"),
            ("AB Logistics AB", "ab logistics (ab)"),
            ("Limited Liability Company Nordwind", "(llc) nordwind"),
            ("Nordwind Limited Liability Company", "nordwind (llc)"),
            ("Disney+ Europe", "disney+ europe"),
            ("Delgado-Ortiz", "delgado ortiz"),
            ("東京", "dongjing"),
            ("", ""),
            ("!!!", ""),
        ] {
            assert_eq!(said(raw), words, "{raw}");
        }
    }

    #[test]
    fn endless_names_are_cut() {
        assert!(company_words(&"x ".repeat(100_000)).len() <= WORDS_MAX);
        assert!(folded(&"y".repeat(100_000)).len() <= CHARS_MAX);
    }
}
