//! The tree's own source as text, for the rules of the house.
//!
//! Rules look at code, not at words in comments or strings: both are blanked, line by line, so that places stay right.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "the functions behind the tests may stop the test")]

use std::fs;
use std::path::Path;

/// One file of the tree.
pub(crate) struct Source {
    /// From the top of the tree, with `/`.
    pub(crate) path: String,
    /// As it is.
    pub(crate) text: String,
    /// With comments and strings blanked.
    pub(crate) code: String,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), code: blanked(text) }
    }

    /// The code before the file's own tests; none in a file of tests beside the code, `tests.rs` or `laws.rs`.
    pub(crate) fn code_before_tests(&self) -> &str {
        if self.path.ends_with("/tests.rs") || self.path.ends_with("/laws.rs") {
            return "";
        }
        self.code.split("\n#[cfg(test)]\nmod ").next().unwrap_or(&self.code)
    }

    /// The line, counted from one, of a place in the text or the code.
    pub(crate) fn line(&self, at: usize) -> usize {
        1 + self.text[..at].matches('\n').count()
    }

    /// Where a word stands in the code that is no part of a longer one.
    pub(crate) fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
        let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        code.match_indices(word)
            .map(|(at, _)| at)
            .filter(move |at| !code[..*at].ends_with(part) && !code[at + word.len()..].starts_with(part))
    }
}

/// Every file below some folders with one of these endings, ordered by path. A folder that is not there has none.
pub(crate) fn files(folders: &[&str], endings: &[&str]) -> Vec<Source> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in folders {
        collect(top, &top.join(folder), endings, &mut found);
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn collect(top: &Path, place: &Path, endings: &[&str], found: &mut Vec<Source>) {
    if place.is_dir() {
        for entry in fs::read_dir(place).unwrap() {
            collect(top, &entry.unwrap().path(), endings, found);
        }
    } else if place.is_file() && endings.iter().any(|ending| place.to_string_lossy().ends_with(ending)) {
        let path = place.strip_prefix(top).unwrap().to_string_lossy().replace('\\', "/");
        found.push(Source::new(&path, &fs::read_to_string(place).unwrap()));
    }
}

/// The text with comments and the insides of strings as blanks: as many bytes, the same lines.
fn blanked(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        at += match token(&text[at..], code.last().copied()) {
            Token::Code(length) => {
                code.extend_from_slice(&bytes[at..at + length]);
                length
            }
            Token::Hidden(length) => {
                code.extend(bytes[at..at + length].iter().map(|byte| if *byte == b'\n' { b'\n' } else { b' ' }));
                length
            }
        };
    }
    String::from_utf8(code).unwrap()
}

enum Token {
    Code(usize),
    Hidden(usize),
}

/// What stands at the start of the rest: a comment or a string to its end, or one character of code.
fn token(rest: &str, before: Option<u8>) -> Token {
    let after_name = before.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let end = |from: usize, mark: &str| rest[from..].find(mark).map_or(rest.len(), |found| from + found + mark.len());
    if rest.starts_with("//") {
        return Token::Hidden(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Token::Hidden(end(2, "*/"));
    }
    let raw = rest.trim_start_matches('b').strip_prefix('r').map(|hashes| hashes.trim_start_matches('#'));
    if let Some(inside) = raw
        && inside.starts_with('"')
        && !after_name
    {
        let opened = rest.len() - inside.len();
        let mark = format!("\"{}", "#".repeat(rest[..opened].matches('#').count()));
        return Token::Hidden(end(opened + 1, &mark));
    }
    match rest.as_bytes()[0] {
        b'"' => Token::Hidden(quoted(rest, b'"')),
        b'\'' if rest[1..].starts_with('\\') => Token::Hidden(quoted(rest, b'\'')),
        b'\'' => match rest[1..].chars().next() {
            Some(inside) if rest[1 + inside.len_utf8()..].starts_with('\'') => Token::Hidden(inside.len_utf8() + 2),
            _ => Token::Code(1),
        },
        _ => Token::Code(rest.chars().next().map_or(1, char::len_utf8)),
    }
}

fn quoted(rest: &str, mark: u8) -> usize {
    let mut escaped = false;
    for (at, byte) in rest.bytes().enumerate().skip(1) {
        if byte == mark && !escaped {
            return at + 1;
        }
        escaped = byte == b'\\' && !escaped;
    }
    rest.len()
}

#[test]
fn comments_and_strings_are_blanked_and_nothing_else() {
    for (text, expected) in [
        ("a // b\nc", "a     \nc"),
        ("a /* b\n */ c", "a     \n    c"),
        (r#"f("x \" y", 'c', '\'', 'l)"#, "f(        ,    ,     , 'l)".trim()),
        ("r#\"a \" b\"# c", "           c"),
        ("for r in \"\" {}", "for r in    {}"),
        ("fn é<'a>() {}", "fn é<'a>() {}"),
    ] {
        assert_eq!(blanked(text), expected, "{text}");
    }
}
