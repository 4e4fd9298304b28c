//! Text from outside on its way into a sentence.
//!
//! Keeps the invariants that a foreign text can neither break a line, nor turn the writing direction, nor fill a report.

/// White space becomes blanks; other control characters become visible marks (`␛`), and marks that turn the writing direction
/// their numbers (`\u{202e}`): dropping them would leave the rest of their sequence to be taken for text.
#[must_use]
pub fn harmless(text: &str) -> String {
    harmless_chars(text).collect()
}

/// As [`harmless`], line by line: for our own texts of several lines, with outside text in them.
#[must_use]
pub fn harmless_lines(text: &str) -> String {
    text.split('\n').map(harmless).collect::<Vec<_>>().join("\n")
}

/// As [`harmless`], but line breaks and tabs stay: for cells of files, where they are text.
#[must_use]
pub fn marked(text: &str) -> String {
    let stays = |c: char| matches!(c, '\n' | '\t');
    text.replace("\r\n", "\n")
        .split_inclusive(stays)
        .flat_map(|part| {
            let end = part.chars().next_back().filter(|c| stays(*c));
            let start = part.strip_suffix(stays).unwrap_or(part);
            [harmless(start), end.map(String::from).unwrap_or_default()]
        })
        .collect()
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

/// Whether a spreadsheet might take the text for a formula. Full-width signs are folded to plain ones by some of them.
#[must_use]
pub fn is_formula_like(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\0', '＝', '＋', '－', '＠'])
}

fn harmless_chars(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().flat_map(|c| mark(c).into_iter().chain(number(c).into_iter().flatten()))
}

/// The one character that stands for this one; `None` where its number does.
fn mark(c: char) -> Option<char> {
    match c {
        '\t' | '\n' | '\r' | '\u{B}' | '\u{C}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some(' '),
        // The pictures of the control characters stand in their order.
        '\0'..='\u{1F}' => char::from_u32(0x2400 + u32::from(c)),
        '\u{7F}' => Some('␡'),
        _ if is_steering(c) => None,
        _ => Some(c),
    }
}

fn number(c: char) -> Option<std::char::EscapeUnicode> {
    is_steering(c).then(|| c.escape_unicode())
}

/// The second block of control characters, and marks that turn the writing direction.
fn is_steering(c: char) -> bool {
    matches!(c, '\u{80}'..='\u{84}' | '\u{86}'..='\u{9F}' | '\u{200E}' | '\u{200F}' | '\u{061C}')
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
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
            ("abc\u{2028}d", "abc d"),
        ] {
            assert_eq!(excerpt(text, 10), expected, "{text:?}");
        }
    }

    #[test]
    fn what_steers_a_terminal_becomes_visible() {
        for (text, line, cell) in [
            ("\u{1b}[31mred", "␛[31mred", "␛[31mred"),
            ("\u{1b}]0;title\u{7}", "␛]0;title␇", "␛]0;title␇"),
            ("a\u{202E}b\u{9b}c\u{7f}", "a\\u{202e}b\\u{9b}c␡", "a\\u{202e}b\\u{9b}c␡"),
            ("a\r\nb\tc\rd\0", "a  b c d␀", "a\nb\tc d␀"),
        ] {
            assert_eq!((harmless(text), marked(text)), (line.to_owned(), cell.to_owned()), "{text:?}");
        }
        assert_eq!(harmless_lines("one\u{1b}\ntwo"), "one␛\ntwo");
    }
}
