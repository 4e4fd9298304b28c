//! Records of the canonical layout, split where they lie.
//!
//! A record whose quotes enclose whole fields is split as it stands; one with a doubled quote, a line break inside quotes,
//! or cut off, is split by [`Rows`]. Nothing is copied but fields with doubled quotes.

use std::borrow::Cow;

use super::marks::Marks;
use super::rows::{Flaw, Rows};

/// One record's fields.
pub(super) struct Fields<'r> {
    pub(super) line: u64,
    /// Whether a line break ends it.
    pub(super) ended: bool,
    split: Split<'r>,
}

enum Split<'r> {
    InPlace { block: &'r str, spans: &'r [(usize, usize)] },
    Unquoted(&'r [Cow<'r, str>]),
}

impl<'r> Fields<'r> {
    pub(super) fn len(&self) -> usize {
        match &self.split {
            Split::InPlace { spans, .. } => spans.len(),
            Split::Unquoted(cells) => cells.len(),
        }
    }

    /// A field by its position; `None` beyond the last.
    pub(super) fn get(&self, at: usize) -> Option<&'r str> {
        match &self.split {
            Split::InPlace { block, spans } => {
                let (from, end) = *spans.get(at)?;
                block.get(from..end)
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
    let mut spans = Vec::with_capacity(64);
    let mut marks = Marks::from(block.as_bytes(), 0);
    let mut at = 0;
    while let Some(rest) = block.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some(after) = rest.strip_prefix('\n').or_else(|| rest.strip_prefix("\r\n")) {
            (at, line) = (block.len().saturating_sub(after.len()), line.saturating_add(1));
            marks = Marks::from(block.as_bytes(), at);
        } else if let Some(end) = split_in_place(block.as_bytes(), at, &mut marks, &mut spans) {
            let split = Split::InPlace { block, spans: &spans };
            act(Ok(Fields { line, ended: end <= block.len(), split }))?;
            (at, line) = (end, line.saturating_add(1));
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
            let (after, next) = rows.position();
            (at, line) = (block.len().saturating_sub(after.len()), next);
            marks = Marks::from(block.as_bytes(), at);
        }
    }
    Ok(())
}

/// The fields of the record that begins at `from`, and where the next begins (one beyond the block if no line break ends
/// it); `None` where the record asks for care.
fn split_in_place(
    block: &[u8],
    mut from: usize,
    marks: &mut Marks<'_>,
    spans: &mut Vec<(usize, usize)>,
) -> Option<usize> {
    spans.clear();
    while spans.len() <= super::limits::COLUMNS {
        let Some(at) = marks.next() else {
            spans.push((from, block.len()));
            return Some(block.len().saturating_add(1));
        };
        let mut field = (from, at);
        let mut end = at;
        if block.get(at) == Some(&b'"') {
            let close = closing(block, from, at, marks)?;
            field = (from.saturating_add(1), close);
            end = match block.get(close.saturating_add(1)..)? {
                [] => {
                    spans.push(field);
                    return Some(block.len().saturating_add(1));
                }
                [b',' | b'\n', ..] | [b'\r', b'\n', ..] => marks.next()?,
                _ => return None,
            };
        } else if block.get(at) == Some(&b'\n') && block.get(from..at).is_some_and(|text| text.ends_with(b"\r")) {
            field.1 = at.saturating_sub(1);
        }
        spans.push(field);
        from = end.saturating_add(1);
        if block.get(end) == Some(&b'\n') {
            return Some(from);
        }
    }
    None
}

/// Where the quoted field ends that opens at `open`; `None` where the quote stands within a field, or a line within quotes.
fn closing(block: &[u8], from: usize, open: usize, marks: &mut Marks<'_>) -> Option<usize> {
    if open != from {
        return None;
    }
    let close = marks.find(|at| block.get(*at) != Some(&b','))?;
    (block.get(close) == Some(&b'"')).then_some(close)
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
