//! Which ids a long file lists twice, found without holding them.
//!
//! Keeps memory small, an eighth of a byte a line: hashes of ids are spooled to unnamed temporary files in blocks of one
//! range of the hash space each, and looked through a range at a time, by several threads. Two different ids may share a
//! hash, so what is found is a suspicion to be looked at, never a verdict.

use std::fs::File;
use std::hash::Hasher as _;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::sync::{Mutex, PoisonError};

use rustc_hash::{FxHashSet, FxHasher};

/// Ranges of the hash space, told apart by a hash's first bits.
const RANGES: usize = 1 << RANGE_BITS;
const RANGE_BITS: u32 = 6;
/// Hashes in a block.
const BLOCK: usize = 1 << 10;
const BLOCK_BYTES: usize = BLOCK * size_of::<u64>();

/// The hash of an id.
pub(super) fn hash(id: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(id.as_bytes());
    hasher.finish()
}

/// The hashes one reader met.
pub(super) struct Spool {
    held: [Vec<u64>; RANGES],
    written: Mutex<Option<File>>,
    /// The range of each block written, in their order.
    blocks: Vec<usize>,
}

impl Default for Spool {
    fn default() -> Self {
        Self { held: std::array::from_fn(|_| Vec::new()), written: Mutex::default(), blocks: Vec::new() }
    }
}

impl Spool {
    pub(super) fn push(&mut self, hash: u64) -> io::Result<()> {
        let range = usize::try_from(hash >> (u64::BITS - RANGE_BITS)).unwrap_or_default();
        let Some(held) = self.held.get_mut(range) else { return Ok(()) };
        held.push(hash);
        if held.len() < BLOCK {
            return Ok(());
        }
        let bytes: Vec<u8> = held.drain(..).flat_map(u64::to_le_bytes).collect();
        let written = self.written.get_mut().unwrap_or_else(PoisonError::into_inner);
        let file = match written {
            Some(file) => file,
            None => written.insert(tempfile::tempfile()?),
        };
        self.blocks.push(range);
        file.write_all(&bytes)
    }

    /// Adds the hashes of a range to those of other readers.
    fn collect(&self, range: usize, into: &mut Vec<u64>) -> io::Result<()> {
        into.extend(self.held.get(range).into_iter().flatten());
        let mut block = [0; BLOCK_BYTES];
        for (number, _) in self.blocks.iter().enumerate().filter(|(_, of)| **of == range) {
            let at = u64::try_from(number.saturating_mul(BLOCK_BYTES)).unwrap_or(u64::MAX);
            let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
            let file = written.as_mut().ok_or(io::ErrorKind::NotFound)?;
            file.seek(SeekFrom::Start(at))?;
            file.read_exact(&mut block)?;
            drop(written);
            let (hashes, _) = block.as_chunks();
            into.extend(hashes.iter().map(|hash| u64::from_le_bytes(*hash)));
        }
        Ok(())
    }
}

/// The hashes met more than once by all readers together, looked for by as many threads.
pub(super) fn met_twice(spools: &[Spool]) -> io::Result<FxHashSet<u64>> {
    let threads = spools.len().max(1);
    let find = |first: usize| -> io::Result<Vec<u64>> {
        let (mut twice, mut hashes) = (Vec::new(), Vec::new());
        for range in (first..RANGES).step_by(threads) {
            hashes.clear();
            spools.iter().try_for_each(|spool| spool.collect(range, &mut hashes))?;
            hashes.sort_unstable();
            twice.extend(hashes.array_windows().filter(|[one, next]| one == next).map(|[one, _]| *one));
        }
        Ok(twice)
    };
    std::thread::scope(|scope| {
        let hands: Vec<_> = (0..threads).map(|first| scope.spawn(move || find(first))).collect();
        let mut twice = FxHashSet::default();
        for hand in hands {
            twice.extend(hand.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(twice)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_met_by_two_readers_is_found_however_many_there_are() {
        let count = u64::try_from(RANGES * BLOCK).unwrap() * 5;
        let mut spools = [Spool::default(), Spool::default()];
        for number in 0..count {
            spools[usize::from(number % 3 == 0)].push(hash(&format!("id-{number}"))).unwrap();
        }
        assert!(met_twice(&spools).unwrap().is_empty());
        spools[0].push(hash("id-3")).unwrap();
        spools[1].push(hash("id-300001")).unwrap();
        let expected: FxHashSet<u64> = [hash("id-3"), hash("id-300001")].into_iter().collect();
        assert_eq!(met_twice(&spools).unwrap(), expected);
    }
}
