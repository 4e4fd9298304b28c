//! Records of the canonical layout, split where they lie.
//!
//! A record without a quote is split at its commas; one with a quote, or cut off, is split by [`Rows`]. Nothing is copied
//! but fields with doubled quotes.

use std::borrow::Cow;

use super::rows::{Flaw, Rows};

/// One record's fields.
pub(super) struct Fields<'r> {
    pub(super) line: u64,
    /// Whether a line break ends it.
    pub(super) ended: bool,
    split: Split<'r>,
}

enum Split<'r> {
    AtCommas { text: &'r str, ends: &'r [usize] },
    Unquoted(&'r [Cow<'r, str>]),
}

impl<'r> Fields<'r> {
    pub(super) fn len(&self) -> usize {
        match &self.split {
            Split::AtCommas { ends, .. } => ends.len(),
            Split::Unquoted(cells) => cells.len(),
        }
    }

    /// A field by its position; `None` beyond the last.
    pub(super) fn get(&self, at: usize) -> Option<&'r str> {
        match &self.split {
            Split::AtCommas { text, ends } => {
                let before = at.checked_sub(1).and_then(|previous| ends.get(previous));
                text.get(before.map_or(0, |end| end.saturating_add(1))..*ends.get(at)?)
            }
            Split::Unquoted(cells) => cells.get(at).map(AsRef::as_ref),
        }
    }
}

/// Splits a block of whole records that begins at `line`, and hands out each.
pub(super) fn each<E>(
    block: &str,
    mut line: u64,
    mut act: impl FnMut(Result<Fields<'_>, Flaw>) -> Result<(), E>,
) -> Result<(), E> {
    let mut ends = Vec::with_capacity(64);
    let mut rest = block;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('\n').or_else(|| rest.strip_prefix("\r\n")) {
            (rest, line) = (after, line.saturating_add(1));
        } else if let Some(end) = split_at_commas(rest, &mut ends) {
            let split = Split::AtCommas { text: rest, ends: &ends };
            act(Ok(Fields { line, ended: end <= rest.len(), split }))?;
            (rest, line) = (rest.get(end..).unwrap_or_default(), line.saturating_add(1));
        } else {
            let mut cells = Vec::with_capacity(64);
            let mut rows = Rows::starting(rest, line);
            match rows.next_row(&mut cells) {
                Some(Ok(read)) => {
                    act(Ok(Fields { line: read.line, ended: read.ended, split: Split::Unquoted(&cells) }))?;
                }
                Some(Err(flaw)) => act(Err(flaw))?,
                None => return Ok(()),
            }
            (rest, line) = rows.position();
        }
    }
    Ok(())
}

/// The ends of the fields of the first record, and where the next begins (one beyond the text if no line break ends it);
/// `None` where a quote or a lone carriage return asks for care.
fn split_at_commas(text: &str, ends: &mut Vec<usize>) -> Option<usize> {
    ends.clear();
    for at in memchr::memchr3_iter(b',', b'\n', b'"', text.as_bytes()) {
        match text.as_bytes().get(at)? {
            b',' => ends.push(at),
            b'\n' => {
                let bare = text.as_bytes().get(at.checked_sub(1)?) != Some(&b'\r');
                ends.push(if bare { at } else { at.saturating_sub(1) });
                return Some(at.saturating_add(1));
            }
            _ => return None,
        }
        if ends.len() > super::limits::COLUMNS {
            return None;
        }
    }
    ends.push(text.len());
    Some(text.len().saturating_add(1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(block: &str) -> Vec<String> {
        let mut rows = Vec::new();
        let done: Result<(), ()> = each(block, 7, |found| {
            rows.push(match found {
                Ok(f) => format!(
                    "{}{} {}",
                    f.line,
                    if f.ended { "" } else { "!" },
                    (0..f.len()).filter_map(|i| f.get(i)).collect::<Vec<_>>().join("|")
                ),
                Err(flaw) => format!("{} {}", flaw.line, flaw.what),
            });
            Ok(())
        });
        done.unwrap();
        rows
    }

    #[test]
    fn records_are_split_and_numbered() {
        assert_eq!(all("a,b\n\"1\n2\",,\"x\"\"y\"\r\nc,d\r\n\ne,"), ["7 a|b", "8 1\n2||x\"y", "10 c|d", "12! e|"]);
    }

    // A carriage return alone ends a row only for the careful way; here it is text.
    proptest! {
        #[test]
        fn both_ways_of_splitting_agree(block in "(a|,|\"|\n|\r\n|é){0,40}") {
            let (mut rows, mut cells, mut careful) = (Rows::starting(&block, 7), Vec::new(), Vec::new());
            while let Some(row) = rows.next_row(&mut cells) {
                careful.push(match row {
                    Ok(read) => format!("{}{} {}", read.line, if read.ended { "" } else { "!" }, cells.join("|")),
                    Err(flaw) => format!("{} {}", flaw.line, flaw.what),
                });
            }
            prop_assert_eq!(all(&block), careful);
        }
    }
}
