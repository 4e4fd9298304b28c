//! A large CSV file cut into blocks of whole records, for several readers at once.
//!
//! Keeps the invariant that a block begins and ends between records (RFC 4180: a line break inside quotes is part of a
//! field) and knows the number of its first line. Nothing is parsed here but quotes and line breaks.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Large enough that taking one is rare, small enough to stay in a core's cache.
const BLOCK_BYTES: usize = 1 << 18;
/// A record longer than this is no record of a billing export.
const RECORD_BYTES_MAX: usize = 1 << 20;

/// Why a file cannot be cut.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CutError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error(
        "line {line}: no end of the record within {RECORD_BYTES_MAX} bytes; is a quote left open, or is this no CSV?"
    )]
    Endless { line: u64 },
    #[error("line {line}: the file ends within a quoted field; was it cut off?")]
    OpenQuote { line: u64 },
}

/// Whole records, and the number of their first line (1 is the file's first).
#[derive(Default)]
pub(crate) struct Block {
    pub(crate) bytes: Vec<u8>,
    pub(crate) first_line: u64,
}

/// The file behind its readers. Each takes the next block in turn.
pub(crate) struct Blocks {
    source: Mutex<Source>,
}

struct Source {
    file: File,
    /// What was read beyond the last record's end.
    rest: Vec<u8>,
    line: u64,
    ended: bool,
}

impl Blocks {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let source = Source { file: File::open(path)?, rest: Vec::new(), line: 1, ended: false };
        Ok(Self { source: Mutex::new(source) })
    }

    /// Fills `block` with the next records; `false` at the end of the file.
    pub(crate) fn next(&self, block: &mut Block) -> Result<bool, CutError> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner).next(block)
    }

    /// Takes the first record alone: the header.
    pub(crate) fn header(&self) -> Result<Vec<u8>, CutError> {
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(end) = first_end(&source.rest) {
                let after = source.rest.split_off(end);
                let header = std::mem::replace(&mut source.rest, after);
                source.line = source.line.saturating_add(line_breaks(&header));
                return Ok(header);
            }
            if source.rest.len() > RECORD_BYTES_MAX {
                return Err(CutError::Endless { line: 1 });
            }
            if source.read_more()? == 0 {
                source.ended = true;
                return Ok(std::mem::take(&mut source.rest));
            }
        }
    }
}

impl Source {
    fn next(&mut self, block: &mut Block) -> Result<bool, CutError> {
        block.first_line = self.line;
        loop {
            if self.ended {
                return self.last(block);
            }
            self.ended = self.read_more()? == 0;
            let Some(end) = last_end(&self.rest) else {
                if self.rest.len() > RECORD_BYTES_MAX {
                    return Err(CutError::Endless { line: self.line });
                }
                continue;
            };
            // The reader's old buffer becomes the next rest: no block is allocated twice.
            std::mem::swap(&mut block.bytes, &mut self.rest);
            self.rest.clear();
            self.rest.extend_from_slice(block.bytes.get(end..).unwrap_or_default());
            block.bytes.truncate(end);
            self.line = self.line.saturating_add(line_breaks(&block.bytes));
            return Ok(true);
        }
    }

    /// The last record may lack its line break; an open quote says that the file was cut.
    fn last(&mut self, block: &mut Block) -> Result<bool, CutError> {
        block.bytes = std::mem::take(&mut self.rest);
        if quotes(&block.bytes) % 2 == 1 {
            let opened =
                memchr::memrchr(b'"', &block.bytes).and_then(|at| block.bytes.get(..at)).map_or(0, line_breaks);
            return Err(CutError::OpenQuote { line: self.line.saturating_add(opened) });
        }
        Ok(!block.bytes.is_empty())
    }

    fn read_more(&mut self) -> io::Result<usize> {
        let limit = u64::try_from(BLOCK_BYTES).unwrap_or(u64::MAX);
        (&mut self.file).take(limit).read_to_end(&mut self.rest)
    }
}

fn quotes(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'"', bytes).count()
}

fn line_breaks(bytes: &[u8]) -> u64 {
    u64::try_from(memchr::memchr_iter(b'\n', bytes).count()).unwrap_or(u64::MAX)
}

/// Where the last whole record ends: after the last line break that is not inside quotes.
fn last_end(bytes: &[u8]) -> Option<usize> {
    let mut inside = quotes(bytes) % 2 == 1;
    let mut upto = bytes.len();
    for at in memchr::memrchr_iter(b'\n', bytes) {
        let after = bytes.get(at..upto)?;
        inside ^= quotes(after) % 2 == 1;
        if !inside {
            return Some(at.saturating_add(1));
        }
        upto = at;
    }
    None
}

fn first_end(bytes: &[u8]) -> Option<usize> {
    let mut inside = false;
    let mut from = 0;
    for at in memchr::memchr_iter(b'\n', bytes) {
        inside ^= quotes(bytes.get(from..at)?) % 2 == 1;
        if !inside {
            return Some(at.saturating_add(1));
        }
        from = at;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn blocks_of(content: &str) -> Result<Vec<(u64, String)>, CutError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        let blocks = Blocks::open(file.path()).unwrap();
        let mut all = Vec::new();
        let mut block = Block::default();
        while blocks.next(&mut block)? {
            all.push((block.first_line, String::from_utf8(block.bytes.clone()).unwrap()));
        }
        Ok(all)
    }

    #[test]
    fn a_block_never_ends_inside_quotes() {
        let row = format!("1,\"a\nb \"\"quoted\"\"\n{}\"\n", "x".repeat(70_000));
        let content = row.repeat(20);
        let blocks = blocks_of(&content).unwrap();
        assert!(blocks.len() > 1);
        for (line, text) in &blocks {
            assert!(text.starts_with("1,\"a") && text.ends_with("\"\n"), "block at line {line}");
            assert_eq!(line % 3, 1);
        }
        assert_eq!(blocks.into_iter().map(|b| b.1).collect::<String>(), content);
    }

    #[test]
    fn what_cannot_be_cut_names_its_line() {
        let open = blocks_of("a,b\n1,\"two\n").unwrap_err();
        assert_eq!(open.to_string(), "line 2: the file ends within a quoted field; was it cut off?");
        let endless = blocks_of(&format!("a\n{}", ",".repeat(3_000_000))).unwrap_err();
        assert!(endless.to_string().starts_with("line 2: no end of the record"), "{endless}");
    }

    proptest! {
        #[test]
        fn blocks_together_are_the_file(rows in proptest::collection::vec("[a-z,]{0,40}", 0..60), repeat in 1usize..200) {
            let content = rows.join("\n").repeat(repeat);
            let joined: String = blocks_of(&content).unwrap().into_iter().map(|b| b.1).collect();
            prop_assert_eq!(joined, content);
        }
    }
}
