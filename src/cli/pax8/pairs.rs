//! Texts of the form `key=value key=value`, for what is repeated on a command line: lines of an order, contacts.
//!
//! Keeps the invariant that a key nobody knows is refused with the one that was probably meant. A word without `=` belongs to
//! the value before it, so that a value may hold blanks.

use crate::cli::error::CommandError;
use crate::cli::pax8::options::refused;
use crate::engine::pax8::Invalid;

/// What was given for each key.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pairs {
    /// The option, for errors.
    of: &'static str,
    given: Vec<(String, String)>,
}

impl Pairs {
    /// Reads a text. A known key that ends with a dot stands for every key that begins so.
    pub(super) fn read(of: &'static str, text: &str, known: &[&str]) -> Result<Self, CommandError> {
        let mut given: Vec<(String, String)> = Vec::new();
        for word in text.split_whitespace() {
            match (word.split_once('='), given.last_mut()) {
                (Some((key, value)), _) => {
                    if !known.iter().any(|one| is_of(key, one)) {
                        let what = format!("expected one of {}; found {key}", known.join(", "));
                        return Err(refused(Invalid { field: of.to_owned(), what }, key, known));
                    }
                    given.push((key.to_owned(), value.to_owned()));
                }
                (None, Some((_, value))) => {
                    value.push(' ');
                    value.push_str(word);
                }
                (None, None) => {
                    let what = format!("expected KEY=VALUE, with the keys {}; found {word}", known.join(", "));
                    return Err(refused(Invalid { field: of.to_owned(), what }, word, &[]));
                }
            }
        }
        let twice = given
            .iter()
            .enumerate()
            .find(|(at, (key, _))| !key.contains('.') && given.iter().take(*at).any(|(before, _)| before == key));
        if let Some((_, (key, _))) = twice {
            let what = format!("{key} is given twice");
            return Err(refused(Invalid { field: of.to_owned(), what }, key, &[]));
        }
        Ok(Self { of, given })
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.given.iter().find(|(given, _)| given == key).map(|(_, value)| value.as_str())
    }

    pub(super) fn need(&self, key: &str) -> Result<&str, CommandError> {
        self.get(key).ok_or_else(|| {
            let what = format!("{key} is missing");
            refused(Invalid { field: self.of.to_owned(), what }, key, &[])
        })
    }

    /// What was given for keys that begin so, without the beginning.
    pub(super) fn below<'p>(&'p self, start: &'p str) -> impl Iterator<Item = (&'p str, &'p str)> {
        self.given.iter().filter_map(move |(key, value)| Some((key.strip_prefix(start)?, value.as_str())))
    }
}

/// Whether a key is a known one, or begins as one that ends with a dot.
fn is_of(key: &str, known: &str) -> bool {
    if known.ends_with('.') { key.len() > known.len() && key.starts_with(known) } else { key == known }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_hold_blanks_and_keys_must_be_known() {
        let known = ["product", "term", "detail."];
        let read = |text: &str| Pairs::read("--line", text, &known);
        let pairs = read("product=p-1 detail.msDomain=a=b.example term=One Time detail.msDomain=two words").unwrap();
        assert_eq!((pairs.get("product"), pairs.get("term"), pairs.get("none")), (Some("p-1"), Some("One Time"), None));
        let details: Vec<_> = pairs.below("detail.").collect();
        assert_eq!(details, [("msDomain", "a=b.example"), ("msDomain", "two words")]);
        assert!(pairs.need("quantity").is_err());
        for (wrong, said) in [
            ("prodct=1", "--line: expected one of product, term, detail.; found prodct"),
            ("five product=1", "--line: expected KEY=VALUE, with the keys product, term, detail.; found five"),
            ("term=a term=b", "--line: term is given twice"),
            ("detail.=x", "--line: expected one of product, term, detail.; found detail."),
        ] {
            assert_eq!(read(wrong).unwrap_err().to_string(), said);
        }
        assert_eq!(read("prodct=1").unwrap_err().hints, ["Did you mean `product`?"]);
    }
}
