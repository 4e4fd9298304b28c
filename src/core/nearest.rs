//! The known word that was probably meant by an unknown one.
//!
//! Owns the one measure of likeness behind every "did you mean". Keeps the invariant that only a near word is offered: a far
//! guess sends its reader the wrong way.

/// Longer words are like nothing: comparing a page of text would take time.
const LENGTH_MAX: usize = 200;
/// From here words with the same letters, some swapped, missing or wrong, are near.
const LETTERS_MIN: f64 = 0.5;
/// From here words with the same beginning are near.
const BEGINNING_MIN: f64 = 0.8;

/// The known word that looks most like a written one, if any is near.
#[must_use]
pub fn nearest<'k>(written: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let near = known.into_iter().filter_map(|word| Some((likeness(written, word)?, word)));
    near.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, word)| word)
}

/// Guesses at what was meant by the unknown ids of a file. Only the first are guessed at: in the wrong file all are unknown,
/// and each guess compares with every known id.
#[derive(Debug)]
pub struct Guesses(u32);

impl Default for Guesses {
    fn default() -> Self {
        Self(100)
    }
}

impl Guesses {
    /// The end of a sentence about an unknown id: the known one that was probably meant, if any is near.
    pub fn meant<'k>(&mut self, written: &str, known: impl IntoIterator<Item = &'k str>) -> String {
        let Some(left) = self.0.checked_sub(1) else { return String::new() };
        self.0 = left;
        nearest(written, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
    }
}

/// How near a known word is; `None` when it is not. Case, blanks and punctuation do not count.
#[must_use]
pub fn likeness(written: &str, known: &str) -> Option<f64> {
    if written.len().max(known.len()) > LENGTH_MAX {
        return None;
    }
    let (written, known) = (squeezed(written), squeezed(known));
    let letters = strsim::normalized_damerau_levenshtein(&written, &known);
    let beginning = strsim::jaro_winkler(&written, &known);
    (letters >= LETTERS_MIN || beginning >= BEGINNING_MIN).then(|| letters.max(beginning))
}

fn squeezed(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_offered_only_when_it_is_near() {
        let known = ["url", "pages_max", "records_max", "snapshot_age_hours_max", "env", "side"];
        for (written, expected) in [
            ("ulr", Some("url")),
            ("pages", Some("pages_max")),
            ("Pages-Max", Some("pages_max")),
            ("record_max", Some("records_max")),
            ("snapshot_age_max", Some("snapshot_age_hours_max")),
            ("evn", Some("env")),
            ("sides", Some("side")),
            ("zzz", None),
            ("colour", None),
        ] {
            assert_eq!(nearest(written, known), expected, "{written}");
        }
        let mut guesses = Guesses(1);
        assert_eq!(guesses.meant("ulr", known), "; did you mean `url`?");
        assert_eq!(guesses.meant("ulr", known), "", "the file is the wrong one");
        let page = "url".repeat(100);
        assert_eq!(nearest(&page, [page.as_str()]), None);
    }
}
