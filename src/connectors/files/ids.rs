//! Which ids a long file lists twice, found without holding them.
//!
//! Keeps memory constant: hashes of ids are spooled to unnamed temporary files and looked through a slice of the hash
//! space at a time. Two different ids may share a hash, so what is found is a suspicion to be looked at, never a verdict.

use std::fs::File;
use std::hash::Hasher as _;
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom, Write as _};

use rustc_hash::{FxHashSet, FxHasher};

/// Hashes held before they are written down, and looked at in one go.
const HELD: usize = 1 << 20;

/// The hash of an id.
pub(super) fn hash(id: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(id.as_bytes());
    hasher.finish()
}

/// The hashes one reader met.
#[derive(Default)]
pub(super) struct Spool {
    held: Vec<u64>,
    written: Option<File>,
    count: u64,
}

impl Spool {
    pub(super) fn push(&mut self, hash: u64) -> io::Result<()> {
        if self.held.len() == HELD / 16 {
            self.write_down()?;
        }
        self.held.push(hash);
        self.count = self.count.saturating_add(1);
        Ok(())
    }

    fn write_down(&mut self) -> io::Result<()> {
        let file = match &mut self.written {
            Some(file) => file,
            None => self.written.insert(tempfile::tempfile()?),
        };
        let bytes: Vec<u8> = self.held.iter().flat_map(|hash| hash.to_le_bytes()).collect();
        self.held.clear();
        file.write_all(&bytes)
    }

    fn each(&mut self, mut act: impl FnMut(u64)) -> io::Result<()> {
        self.held.iter().copied().for_each(&mut act);
        let Some(file) = &mut self.written else { return Ok(()) };
        file.seek(SeekFrom::Start(0))?;
        let mut reader = BufReader::with_capacity(1 << 16, file);
        let mut bytes = [0; 8];
        loop {
            match reader.read_exact(&mut bytes) {
                Ok(()) => act(u64::from_le_bytes(bytes)),
                Err(end) if end.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                Err(refused) => return Err(refused),
            }
        }
    }
}

/// The hashes met more than once by all readers together.
pub(super) fn met_twice(spools: &mut [Spool]) -> io::Result<FxHashSet<u64>> {
    let count: u64 = spools.iter().map(|spool| spool.count).sum();
    let slices = u128::from(count / u64::try_from(HELD).unwrap_or(u64::MAX) + 1);
    let slice_of = |hash: u64| (u128::from(hash) * slices) >> 64;
    let mut twice = FxHashSet::default();
    let mut hashes = Vec::new();
    for slice in 0..slices {
        hashes.clear();
        for spool in spools.iter_mut() {
            spool.each(|hash| {
                if slice_of(hash) == slice {
                    hashes.push(hash);
                }
            })?;
        }
        hashes.sort_unstable();
        twice
            .extend(hashes.windows(2).filter_map(|pair| (pair.first() == pair.last()).then(|| pair.first())?.copied()));
    }
    Ok(twice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_met_by_two_readers_is_found_however_many_there_are() {
        let count = u64::try_from(HELD).unwrap() * 5 / 4;
        let mut spools = [Spool::default(), Spool::default()];
        for number in 0..count {
            spools[usize::from(number % 3 == 0)].push(hash(&format!("id-{number}"))).unwrap();
        }
        assert!(met_twice(&mut spools).unwrap().is_empty());
        spools[0].push(hash("id-3")).unwrap();
        spools[1].push(hash("id-900001")).unwrap();
        let expected: FxHashSet<u64> = [hash("id-3"), hash("id-900001")].into_iter().collect();
        assert_eq!(met_twice(&mut spools).unwrap(), expected);
    }
}
