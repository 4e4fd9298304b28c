//! Where commas, line breaks and quotes stand in a text.
//!
//! Keeps the invariant that every such byte from the given place on is met once, in order. Looks at 64 bytes at a time: a
//! field of an export is a dozen bytes long, too short for a search that starts anew behind each.

use wide::u8x16;

const LANES: usize = 16;
const CHUNK: usize = 64;

/// The places of the bytes that end or enclose fields.
pub(super) struct Marks<'t> {
    text: &'t [u8],
    /// Where the bytes begin that `found` speaks of.
    chunk: usize,
    /// One bit for each of those bytes that was not handed out.
    found: u64,
}

impl<'t> Marks<'t> {
    /// From a place in the text on.
    pub(super) fn from(text: &'t [u8], at: usize) -> Self {
        Self { text, chunk: at, found: look(text.get(at..).unwrap_or_default()) }
    }
}

impl Iterator for Marks<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.found == 0 {
            self.chunk = self.chunk.saturating_add(CHUNK);
            let rest = self.text.get(self.chunk..).filter(|rest| !rest.is_empty())?;
            self.found = look(rest);
        }
        let bit = usize::try_from(self.found.trailing_zeros()).ok()?;
        self.found &= self.found - 1;
        Some(self.chunk.saturating_add(bit))
    }
}

/// A bit for each mark among the first 64 bytes.
#[inline]
fn look(rest: &[u8]) -> u64 {
    let Some(chunk) = rest.first_chunk::<CHUNK>() else {
        let is_mark = |byte: &u8| u64::from(matches!(byte, b',' | b'\n' | b'"'));
        return rest.iter().rev().fold(0, |bits, byte| bits << 1 | is_mark(byte));
    };
    let (lanes, _) = chunk.as_chunks::<LANES>();
    let marks = |bytes: &[u8; LANES]| {
        let bytes = u8x16::from(*bytes);
        let [comma, line_break, quote] = [b',', b'\n', b'"'].map(|mark| bytes.simd_eq(u8x16::splat(mark)));
        u64::from((comma | line_break | quote).to_bitmask())
    };
    lanes.iter().rev().fold(0, |bits, bytes| bits << LANES | marks(bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_mark_is_met_once(text in "([a-z]{0,40}|,|\"|\n|é){0,60}", at in 0usize..200) {
            let expected: Vec<usize> =
                (at..text.len()).filter(|at| matches!(text.as_bytes()[*at], b',' | b'\n' | b'"')).collect();
            prop_assert_eq!(Marks::from(text.as_bytes(), at).collect::<Vec<_>>(), expected);
        }
    }
}
