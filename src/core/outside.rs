//! Text from outside on its way into a sentence.
//!
//! Keeps the invariants that a foreign text can neither break a line, nor turn the writing direction, nor fill a report.

/// Control characters become blanks; marks that turn the writing direction go.
#[must_use]
pub fn harmless(text: &str) -> String {
    harmless_chars(text).collect()
}

/// As [`harmless`], and cut after `most` characters with a mark that it was.
#[must_use]
pub fn excerpt(text: &str, most: usize) -> String {
    let mut chars = harmless_chars(text);
    let mut cut: String = chars.by_ref().take(most).collect();
    if chars.next().is_some() {
        cut.push('…');
    }
    cut
}

fn harmless_chars(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars()
        .filter(
            |c| !matches!(c, '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'),
        )
        .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_text_is_one_short_line() {
        for (text, expected) in [
            ("short", "short"),
            ("sixteen letters!", "sixteen le…"),
            ("ten chars.", "ten chars."),
            ("a\r\nb\tc", "a  b c"),
            ("\u{202E}abc\u{2028}d", "abc d"),
        ] {
            assert_eq!(excerpt(text, 10), expected, "{text:?}");
        }
    }
}
