//! The files of a folder as they stand there, for people to tell which ones a month was made from.
//!
//! Keeps the invariant that a long file is never read for this: its size and its modification time must do.

use std::path::Path;
use std::{fs, io};

use chrono::{DateTime, Utc};

use super::entity::{Entity, PSA_ENTITIES, VENDOR_ENTITIES};
use super::{Exports, FilesPsa, FilesVendor, folder};
use crate::connectors::{ErrorKind, Result};
use crate::core::record::Fingerprint;

/// Larger files get no fingerprint.
const FINGERPRINT_BYTES_MAX: u64 = 1 << 20;

/// A file as it stands in the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// What is in it: the name of the entity.
    pub entity: &'static str,
    /// The file's name.
    pub file: String,
    /// How long it is.
    pub bytes: u64,
    /// When it was last written, where the file system says.
    pub modified: Option<DateTime<Utc>>,
    /// Of its bytes, where it is short.
    pub fingerprint: Option<Fingerprint>,
}

impl Seen {
    /// Looks at one file.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub fn of(path: &Path, entity: &'static str) -> io::Result<Self> {
        let about = fs::metadata(path)?;
        let bytes = if about.len() <= FINGERPRINT_BYTES_MAX { Some(fs::read(path)?) } else { None };
        Ok(Self {
            entity,
            file: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            bytes: about.len(),
            modified: about.modified().ok().map(DateTime::from),
            fingerprint: bytes.map(|bytes| Fingerprint::of(&bytes)),
        })
    }
}

impl Exports {
    fn seen(&self, entities: &[&'static Entity]) -> Result<Vec<Seen>> {
        let mut seen = Vec::new();
        for entity in entities {
            let layout = self.profile.layout(entity);
            let find = || folder::find(&folder::list(&self.folder)?, entity, layout);
            let Some(file) = find().map_err(|kind| self.failed(entity, kind))? else { continue };
            let failed = |refused: std::io::Error| {
                self.failed(entity, ErrorKind::Transient(format!("{file} cannot be looked at: {refused}")))
            };
            seen.push(Seen::of(&self.folder.join(&file), entity.name).map_err(failed)?);
        }
        Ok(seen)
    }
}

impl FilesVendor {
    /// The files of the distributor's side.
    ///
    /// # Errors
    /// Where the folder or a file in it cannot be looked at.
    pub fn seen(&self) -> Result<Vec<Seen>> {
        self.exports.seen(&VENDOR_ENTITIES)
    }
}

impl FilesPsa {
    /// The files of the PSA's side.
    ///
    /// # Errors
    /// As [`FilesVendor::seen`].
    pub fn seen(&self) -> Result<Vec<Seen>> {
        self.exports.seen(&PSA_ENTITIES)
    }
}
