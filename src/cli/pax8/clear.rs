//! `--clear FIELD`: what is to be emptied.
//!
//! Keeps the invariant that a field is emptied only where Pax8 does not demand it, and not where it is given a value too.

use crate::cli::error::CommandError;
use crate::cli::pax8::options::refused;
use crate::engine::pax8::Invalid;

/// What every command that changes a record takes.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Clear {
    /// Empty this field; may be repeated
    #[arg(long, value_name = "FIELD", value_delimiter = ',')]
    clear: Vec<String>,
}

/// A field that can be emptied: as it is typed, and as Pax8 calls it.
pub(super) type Field = (&'static str, &'static str);

impl Clear {
    /// The fields to be emptied, as Pax8 calls them. `given` are the words of those that are given a value.
    pub(super) fn of(&self, fields: &[Field], given: &[&str]) -> Result<Vec<&'static str>, CommandError> {
        let squeezed = |text: &str| text.replace(['-', '_'], "").to_lowercase();
        let words: Vec<&str> = fields.iter().map(|(word, _)| *word).collect();
        let field = |typed: &String| {
            let is_meant = |(word, api): &&Field| [*word, *api].map(squeezed).contains(&squeezed(typed.trim()));
            let wrong = |what: String| refused(Invalid { field: "--clear".to_owned(), what }, typed, &words);
            let Some((word, api)) = fields.iter().find(is_meant) else {
                let listed = words.join(", ");
                return Err(wrong(format!("expected a field that Pax8 does not demand, {listed}; found {typed}")));
            };
            if given.contains(word) {
                return Err(wrong(format!("{word} is to be emptied and to be filled")));
            }
            Ok(*api)
        };
        self.clear.iter().map(field).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_demands_is_emptied() {
        let fields = [("external-id", "externalId"), ("state", "stateOrProvince")];
        let clear = |typed: &str, given: &[&str]| {
            let clear = Clear { clear: typed.split(',').map(str::to_owned).collect() };
            clear.of(&fields, given).map_err(|error| error.to_string())
        };
        assert_eq!(
            clear("externalId,STATE,external_id", &["name"]).unwrap(),
            ["externalId", "stateOrProvince", "externalId"]
        );
        assert_eq!(
            clear("name", &[]).unwrap_err(),
            "--clear: expected a field that Pax8 does not demand, external-id, state; found name"
        );
        assert_eq!(clear("state", &["state"]).unwrap_err(), "--clear: state is to be emptied and to be filled");
    }
}
