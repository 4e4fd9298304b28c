//! Import files: how changes reach a system that has no interface, and how it is learnt what became of them.
//!
//! A write waits in the journal until a file is handed over, and is open until an export shows it, the system's own answer names
//! it, or a person says so. Keeps the invariant that nothing is called done because a file was written.

pub mod fields;
pub mod format;
mod results;
mod rows;
mod slips;
mod write;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use self::fields::{Kept, Shown};
use self::format::{Form, Format};
use self::rows::{Held, Row, Writer, act, bytes};
use self::slips::Tray;
use super::psa::FilesPsa;
use crate::connectors::{CheckFailed, CheckLine, ConnectorError, ErrorKind, Result};
use crate::core::change::PsaWrite;
use crate::core::record::Fingerprint;
use crate::core::snapshot::Problem;
pub use results::{Answer, Verdict};
use results::{Known, verdicts};
pub use slips::{Slip, SlipRow};

/// The folder of a connection's import files, and what stands in them.
#[derive(Debug, Clone)]
pub(super) struct Imports {
    tray: Tray,
    format: Format,
}

/// A write that waits for a file.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Its number in the journal.
    pub write: i64,
    /// What is to be written.
    pub request: PsaWrite,
}

/// A file that can be handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportFile {
    /// What stays of it.
    pub slip: Slip,
    /// Its content.
    bytes: Vec<u8>,
}

impl FilesPsa {
    /// The same, with the folder its import files are put into.
    ///
    /// # Errors
    /// Where the folder does not say what they look like.
    pub fn with_imports(mut self, folder: &Path) -> Result<Self> {
        let format = Format::load(folder).map_err(|kind| self.failed_import(kind))?;
        self.imports = Some(Imports { tray: Tray::new(folder), format });
        Ok(self)
    }

    /// Whether it says what import files the system takes.
    #[must_use]
    pub fn takes_imports(&self) -> bool {
        self.imports.is_some()
    }

    fn failed_import(&self, kind: ErrorKind) -> ConnectorError {
        ConnectorError::new(&self.exports.descriptor.name, "import files", kind)
    }

    fn imports(&self) -> Result<&Imports> {
        let none = || "no folder of import files is configured: `import` names it".to_owned();
        self.imports.as_ref().ok_or_else(|| self.failed_import(ErrorKind::Settings(none())))
    }

    fn unfit(&self, entity: &str, what: String) -> ConnectorError {
        ConnectorError::new(&self.exports.descriptor.name, format!("write {entity}"), ErrorKind::Settings(what))
    }

    fn kept(&self, entity: &str) -> Result<Kept> {
        fields::of(entity).ok_or_else(|| self.unfit(entity, "is no kind of record".to_owned()))
    }

    /// Does something with what writes a kind of record.
    fn writing<T>(&self, entity: &str, of: impl FnOnce(&Writer<'_>) -> std::result::Result<T, String>) -> Result<T> {
        let unfit = |what| self.unfit(entity, what);
        let (kept, imports) = (self.kept(entity)?, self.imports()?);
        let form = imports.format.form(entity).map_err(unfit)?;
        let layout = self.exports.profile.layout(kept.entity);
        of(&Writer { form, kept: &kept, layout }).map_err(unfit)
    }

    /// The records of a kind that an export shows and that fit; and what of it cannot be read.
    fn shown(&self, kept: &Kept, fits: impl Fn(&Shown) -> bool) -> Result<(Vec<Shown>, Vec<Problem>)> {
        let table = self.exports.table(kept.entity)?.ok_or_else(|| self.exports.absent(kept.entity))?;
        let (mut found, mut problems) = (Vec::new(), Vec::new());
        let read = table.each(|place, row| {
            match row.map(|row| kept.shown(&row)) {
                Ok(Ok(shown)) if fits(&shown) => found.push(shown),
                Ok(Ok(_)) => {}
                Ok(Err(what)) => problems.push(Problem::new(place.to_string(), what)),
                Err(problem) => problems.push(problem),
            }
            Ok(())
        });
        read.map_err(|kind| self.exports.failed(kept.entity, kind))?;
        Ok((found, problems))
    }

    /// The record of an id.
    fn record(&self, kept: &Kept, id: &str, below: Option<&str>) -> Result<Option<Shown>> {
        let is_it = |shown: &Shown| {
            shown.id == id && (below.is_none() || shown.below.is_none() || shown.below.as_deref() == below)
        };
        Ok(self.shown(kept, is_it)?.0.into_iter().next())
    }

    /// The files that some writes make, each with a number that was never used; in the order of the writes.
    ///
    /// # Errors
    /// A write that cannot stand in a file; a folder that cannot be read.
    pub fn import_files(&self, waiting: &[Waiting]) -> Result<Vec<ImportFile>> {
        let imports = self.imports()?;
        let mut files: Vec<(String, &'static str, Vec<SlipRow>, Vec<Row>)> = Vec::new();
        for one in waiting {
            let said = one.request.said();
            let kept = self.kept(said.entity)?;
            let held: Option<Held> = match said.target {
                Some(target) => self
                    .record(&kept, &target.id, said.below)?
                    .map(|shown| shown.fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
                None => None,
            };
            let (pattern, row) = self.writing(said.entity, |writer| {
                let row = writer.row(&said, held.as_ref());
                let row = row.map_err(|what| format!("number {} in the journal: {what}", one.write))?;
                Ok((writer.form.pattern(act(&said)).to_owned(), row))
            })?;
            let note = SlipRow { write: one.write, request: fingerprint(&one.request) };
            match files.iter_mut().find(|(name, ..)| *name == pattern) {
                Some((_, _, notes, rows)) => {
                    notes.push(note);
                    rows.push(row);
                }
                None => files.push((pattern, kept.name, vec![note], vec![row])),
            }
        }
        let made = files.into_iter().map(|(pattern, entity, notes, rows)| {
            let bytes = self.writing(entity, |writer| bytes(writer.form, writer.kept, &rows))?;
            let file = imports.tray.next(&pattern).map_err(|kind| self.failed_import(kind))?;
            Ok(ImportFile { slip: Slip { file, pattern, sha256: Fingerprint::of(&bytes), rows: notes }, bytes })
        });
        made.collect()
    }

    /// Puts a file where the system's import takes it; where that is.
    ///
    /// # Errors
    /// Where it is not there now.
    pub fn hand_over(&self, file: &ImportFile) -> Result<PathBuf> {
        let tray = &self.imports()?.tray;
        tray.hand_over(&file.slip, &file.bytes).map_err(|kind| self.failed_import(kind))?;
        Ok(tray.path(&file.slip.file))
    }

    /// The slips of every file that was handed over, by name.
    ///
    /// # Errors
    /// A slip that cannot be read.
    pub fn slips(&self) -> Result<Vec<Slip>> {
        let slips = self.imports()?.tray.slips().map_err(|kind| self.failed_import(kind))?;
        Ok(slips.into_values().collect())
    }

    /// Whether a file still lies where it was put.
    ///
    /// # Errors
    /// Where there are no import files.
    pub fn is_there(&self, slip: &Slip) -> Result<bool> {
        Ok(self.imports()?.tray.path(&slip.file).is_file())
    }

    /// The slip of a file, by its name or by where it lies now; a file that can be seen must be as it was handed over.
    ///
    /// # Errors
    /// A file that was never handed over, or was changed since.
    pub fn slip(&self, named: &Path) -> Result<Slip> {
        let failed = |kind| self.failed_import(kind);
        let tray = &self.imports()?.tray;
        let name = named.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut slips = tray.slips().map_err(failed)?;
        let Some(slip) = slips.remove(&name) else {
            let known: Vec<String> = slips.into_keys().rev().take(5).collect();
            let known =
                if known.is_empty() { "none was".to_owned() } else { format!("the last are {}", known.join(", ")) };
            return Err(failed(ErrorKind::NotFound(format!("`{name}` was never handed over; {known}"))));
        };
        for path in [named.to_owned(), tray.path(&name)].iter().filter(|path| path.is_file()) {
            Tray::is_as_handed_over(&slip, path).map_err(failed)?;
        }
        Ok(slip)
    }

    /// What the system's answer says of each row of a file, whose writes are given in their order.
    ///
    /// # Errors
    /// Where the answer does not fit the file, or how it is read was not said.
    pub fn verdicts(&self, slip: &Slip, writes: &[PsaWrite], answer: Answer<'_>) -> Result<Vec<Verdict>> {
        let failed = |what: String| self.failed_import(ErrorKind::Settings(what));
        let form: Option<&Form> = self.imports()?.format.form_of_file(&slip.pattern);
        let result = form.and_then(|form| form.result.as_ref()).ok_or_else(|| {
            failed(format!(
                "{}: how its answers are read is not said: a section [KIND.result] is missing",
                format::FILE
            ))
        })?;
        let known: Vec<Known> = writes
            .iter()
            .map(PsaWrite::said)
            .map(|said| Known {
                id: said.target.map(|target| target.id.clone()),
                marker: said.marker.map(str::to_owned),
            })
            .collect();
        verdicts(result, &known, answer)
            .map_err(|what| failed(format!("the answer does not fit {}: {what}; nothing was noted", slip.file)))
    }

    /// The names of the slips that hold a write, and its row in each, from 1.
    fn standing(&self, write: &PsaWrite) -> Result<Vec<(Slip, usize)>> {
        let wanted = fingerprint(write);
        let row = |slip: Slip| {
            let at = slip.rows.iter().position(|row| row.request == wanted)?;
            Some((slip, at.saturating_add(1)))
        };
        Ok(self.slips()?.into_iter().filter_map(row).collect())
    }

    /// Where a write that is under way stands: in no file yet, or in this one, in this row.
    ///
    /// # Errors
    /// A slip that cannot be read.
    pub fn place(&self, write: &PsaWrite, earlier: &BTreeSet<String>) -> Result<Option<(Slip, usize)>> {
        Ok(self.standing(write)?.into_iter().find(|(slip, _)| !earlier.contains(&slip.file)))
    }

    /// What a check says of the import files.
    pub(super) fn import_check(&self) -> Option<CheckLine> {
        let imports = self.imports.as_ref()?;
        let kinds = imports.format.patterns().collect::<Vec<_>>().join(", ");
        let outcome = match imports.tray.slips() {
            Ok(slips) => Ok(format!("{kinds}; {} handed over", slips.len())),
            Err(kind) => Err(CheckFailed::new(kind.to_string())),
        };
        Some(CheckLine::new("write import files", outcome))
    }
}

/// What a write is known again by.
#[must_use]
pub fn fingerprint(write: &PsaWrite) -> Fingerprint {
    Fingerprint::of(serde_json::to_string(write).unwrap_or_default().as_bytes())
}
