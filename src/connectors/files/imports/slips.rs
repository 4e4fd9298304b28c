//! Import files that were handed over, and the slip that stays of each: its digest and which writes stand in it.
//!
//! Keeps the invariants that a file appears whole under its name or not at all, that no file is ever overwritten, and that a number
//! is used once even where the file was taken away.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind as Io, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::connectors::ErrorKind;
use crate::connectors::files::limits;
use crate::core::record::Fingerprint;

/// The folder of the slips, below that of the import files.
const FOLDER: &str = "handed-over";
/// What a slip is called after the name of its file.
const ENDING: &str = ".json";

/// What stays of an import file that was handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slip {
    /// Its name.
    pub file: String,
    /// The name with `*` for the number.
    pub pattern: String,
    /// Of its bytes.
    pub sha256: Fingerprint,
    /// Its rows, in their order.
    pub rows: Vec<SlipRow>,
}

/// A row of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlipRow {
    /// The number of its write in the journal.
    pub write: i64,
    /// Of what was to be written.
    pub request: Fingerprint,
}

/// Where import files are put.
#[derive(Debug, Clone)]
pub(super) struct Tray {
    folder: PathBuf,
}

impl Tray {
    /// In this folder.
    #[must_use]
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Where a file is put.
    #[must_use]
    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    /// The slip of every file that was handed over, by name.
    ///
    /// # Errors
    /// A slip that cannot be read.
    pub(super) fn slips(&self) -> Result<BTreeMap<String, Slip>, ErrorKind> {
        let folder = self.folder.join(FOLDER);
        let mut slips = BTreeMap::new();
        for name in names(&folder)?.into_iter().filter(|name| name.ends_with(ENDING) && !name.starts_with('.')) {
            let unread = |what: String| ErrorKind::Malformed { at: folder.join(&name).display().to_string(), what };
            let text = fs::read_to_string(folder.join(&name)).map_err(|error| unread(error.to_string()))?;
            let slip: Slip = serde_json::from_str(&text).map_err(|error| unread(error.to_string()))?;
            slips.insert(slip.file.clone(), slip);
        }
        Ok(slips)
    }

    /// The next free name of a kind of file.
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub(super) fn next(&self, pattern: &str) -> Result<String, ErrorKind> {
        let (head, tail) = pattern.split_once('*').unwrap_or((pattern, ""));
        let slips = self.slips()?;
        let there = names(&self.folder)?;
        let used = slips.keys().chain(&there);
        let numbers = used.filter_map(|name| name.strip_prefix(head)?.strip_suffix(tail)?.parse::<u32>().ok());
        let number = numbers.max().unwrap_or_default().saturating_add(1);
        Ok(format!("{head}{number:04}{tail}"))
    }

    /// Puts a file where the system's import takes it. The slip comes first: a file that nobody knows of could be imported twice.
    ///
    /// # Errors
    /// Where it is not there now, and not said to be.
    pub(super) fn hand_over(&self, slip: &Slip, bytes: &[u8]) -> Result<(), ErrorKind> {
        let slips = self.folder.join(FOLDER);
        fs::create_dir_all(&slips).map_err(|error| unwritable(&slips, &error))?;
        let note = serde_json::to_vec_pretty(slip).map_err(|error| ErrorKind::Settings(error.to_string()))?;
        let noted = slips.join(format!("{}{ENDING}", slip.file));
        put(&noted, &note)?;
        put(&self.path(&slip.file), bytes).inspect_err(|_| {
            let _removed = fs::remove_file(&noted);
        })
    }

    /// Where the bytes of a file are not those that were handed over, says so.
    ///
    /// # Errors
    /// That it was changed, or cannot be read.
    pub(super) fn is_as_handed_over(slip: &Slip, path: &Path) -> Result<(), ErrorKind> {
        let bytes = fs::read(path).map_err(|error| ErrorKind::NotFound(format!("{}: {error}", path.display())))?;
        let found = Fingerprint::of(&bytes);
        if found == slip.sha256 {
            return Ok(());
        }
        let what = format!(
            "{} is not the file that was handed over: SHA-256 {} expected, found {}",
            path.display(),
            slip.sha256.as_str(),
            found.as_str()
        );
        Err(ErrorKind::Malformed { at: slip.file.clone(), what })
    }
}

/// Writes a new file, whole or not at all; one of that name stays as it is.
fn put(path: &Path, bytes: &[u8]) -> Result<(), ErrorKind> {
    let folder = path.parent().unwrap_or(path);
    let write = || {
        let mut draft = tempfile::Builder::new().prefix(".").suffix(".new").tempfile_in(folder)?;
        draft.write_all(bytes)?;
        draft.as_file().sync_all()?;
        draft.persist_noclobber(path).map_err(|refused| refused.error)
    };
    write().map(|_| ()).map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> ErrorKind {
    let is_there = error.kind() == Io::AlreadyExists;
    let what = if is_there {
        "is there already and is not overwritten".to_owned()
    } else {
        format!("cannot be written: {error}")
    };
    ErrorKind::Settings(format!("{} {what}", path.display()))
}

/// What a folder holds; nothing where it is not there.
fn names(folder: &Path) -> Result<Vec<String>, ErrorKind> {
    let unread = |error: &std::io::Error| ErrorKind::NotFound(format!("{}: {error}", folder.display()));
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(gone) if gone.kind() == Io::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unread(&error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry.map_err(|error| unread(&error))?.file_name().into_string().ok());
        if names.len() > limits::FOLDER_ENTRIES {
            let what = format!("{} holds more than {} entries", folder.display(), limits::FOLDER_ENTRIES);
            return Err(ErrorKind::Limit(what));
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slip(file: &str, bytes: &[u8]) -> Slip {
        Slip { file: file.to_owned(), pattern: "k-*.csv".to_owned(), sha256: Fingerprint::of(bytes), rows: Vec::new() }
    }

    #[test]
    fn a_file_is_put_once_and_its_number_is_never_used_again() {
        let folder = tempfile::tempdir().unwrap();
        let tray = Tray::new(folder.path());
        assert_eq!(tray.next("k-*.csv").unwrap(), "k-0001.csv");
        tray.hand_over(&slip("k-0001.csv", b"a"), b"a").unwrap();
        fs::remove_file(tray.path("k-0001.csv")).unwrap();
        assert_eq!(tray.next("k-*.csv").unwrap(), "k-0002.csv", "the first was taken away, not forgotten");
        fs::write(tray.path("k-0002.csv"), "somebody else's").unwrap();
        assert_eq!(tray.next("k-*.csv").unwrap(), "k-0003.csv");
        let refused = tray.hand_over(&slip("k-0002.csv", b"b"), b"b").unwrap_err().to_string();
        assert!(refused.ends_with("is there already and is not overwritten"), "{refused}");
        assert_eq!(fs::read(tray.path("k-0002.csv")).unwrap(), b"somebody else's");
        assert_eq!(
            tray.slips().unwrap().into_keys().collect::<Vec<_>>(),
            ["k-0001.csv"],
            "what was not put has no slip"
        );
        assert_eq!(names(folder.path()).unwrap(), ["handed-over", "k-0002.csv"], "nothing half is left");
    }

    #[test]
    fn a_changed_file_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let tray = Tray::new(folder.path());
        let slip = slip("k-0001.csv", b"a\r\n");
        tray.hand_over(&slip, b"a\r\n").unwrap();
        Tray::is_as_handed_over(&slip, &tray.path("k-0001.csv")).unwrap();
        fs::write(tray.path("k-0001.csv"), "a\n").unwrap();
        let refused = Tray::is_as_handed_over(&slip, &tray.path("k-0001.csv")).unwrap_err().to_string();
        assert!(refused.contains("is not the file that was handed over"), "{refused}");
    }
}
