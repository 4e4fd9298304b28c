//! Import files: writes that wait are put into files, and what became of each row is noted.
//!
//! Keeps the invariants that a write stands in one file at most, that none is put into a file on what is no longer so, and that a
//! row is closed by an export that shows it, by the system's own answer, or by a person's word, in this order.

use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::connectors::files::FilesPsa;
use crate::connectors::files::imports::{Answer, Slip, Verdict, Waiting, fingerprint};
use crate::connectors::writing::{Before, Writing};
use crate::connectors::{ConnectorError, ErrorKind};
use crate::core::change::PsaWrite;
use crate::core::record::Fingerprint;
use crate::engine::connect::connect_files;
use crate::engine::write::Sight;
use crate::engine::{Engine, Job, Result, read_delimited};
use crate::store::{JournalEntry, JournalId, RunOutcome, WriteEnd, WriteOutcome, WriteSource};

/// A connection with import files.
pub type Importing = FilesPsa;

/// The larger part of an answer a system gives to an import.
const ANSWER_BYTES_MAX: u64 = 1 << 26;

/// Opens a connection that has import files: the one named, else the only one.
///
/// # Errors
/// The setting that is missing or wrong, or that it is not clear which connection is meant.
pub fn importing(config: &Config, named: Option<&str>) -> Result<Importing> {
    connect_files(config, named)
}

/// A file that was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedOver {
    /// Where it lies.
    pub path: PathBuf,
    /// Its name.
    pub file: String,
    /// How many rows it has.
    pub rows: usize,
    /// Of its bytes.
    pub sha256: Fingerprint,
}

/// A write that did not go into a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The write.
    pub entry: JournalEntry,
    /// Why; it is closed as not sent.
    pub why: String,
}

/// How an import file stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportState {
    /// What stays of it.
    pub slip: Slip,
    /// How many of its rows nobody knows the end of.
    pub open: usize,
    /// Whether it still lies where it was put.
    pub is_there: bool,
}

/// How it came to be known what became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    /// Only by what the export shows.
    Export,
    /// By the system's own answer.
    Answer(PathBuf),
    /// By a person, for every row.
    Word {
        /// Whether they were imported.
        imported: bool,
        /// How they know.
        reason: String,
    },
}

/// What is known of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowEnd {
    /// Its number, from 1.
    pub row: usize,
    /// Its write, as it was.
    pub entry: JournalEntry,
    /// What came of it.
    pub outcome: WriteOutcome,
    /// By what, or why it is not known.
    pub said: String,
    /// Whether the receipt says something else than the export shows.
    pub contradicts: bool,
}

impl Engine {
    /// Puts every write of a connection that waits into an import file. What is no longer as it was decided on is left out.
    ///
    /// # Errors
    /// A write that cannot stand in a file, a folder that cannot be written: the files before it were handed over.
    pub async fn hand_over(&self, psa: &Importing) -> Result<(Vec<HandedOver>, Vec<LeftOut>)> {
        let job = self.begin("hand over").await?;
        match self.handed_over(&job, psa).await {
            Ok((files, left)) => {
                let names: Vec<&str> = files.iter().map(|file| file.file.as_str()).collect();
                let outcome = if left.is_empty() { RunOutcome::Done } else { RunOutcome::Partial };
                job.end(outcome, &serde_json::json!({ "files": names, "left_out": left.len() })).await?;
                Ok((files, left))
            }
            Err(error) => job.failed(error).await,
        }
    }

    async fn handed_over(&self, job: &Job, psa: &Importing) -> Result<(Vec<HandedOver>, Vec<LeftOut>)> {
        let (mut waiting, mut left) = (Vec::new(), Vec::new());
        let mut under_way: Vec<(JournalId, PsaWrite)> = Vec::new();
        for entry in self.store.list_open_writes().await? {
            let Some((request, before)) = of_this(psa, &entry) else { continue };
            if psa.place(&request, &psa.earlier(&before)?)?.is_some() {
                under_way.push((entry.id, request));
                continue;
            }
            let stale = match psa.before(&request).await {
                Ok(now) => match psa.stale(&request, &now).await? {
                    None => made_by(psa, &request, &under_way)?,
                    stale => stale,
                },
                Err(error) if matches!(error.kind, ErrorKind::NotFound(_)) => Some(error.to_string()),
                Err(error) => return Err(error.into()),
            };
            match stale {
                None => {
                    under_way.push((entry.id, request.clone()));
                    waiting.push(Waiting { write: entry.id.number(), request });
                }
                Some(why) => {
                    let said = format!("left out of the import file: {why}");
                    self.noted_row(job, entry.id, WriteSource::Look, (WriteOutcome::NotSent, &said), None).await?;
                    left.push(LeftOut { entry, why });
                }
            }
        }
        let mut files = Vec::new();
        for file in psa.import_files(&waiting)? {
            let path = psa.hand_over(&file)?;
            let Slip { file, sha256, rows, .. } = file.slip;
            for (number, row) in (1_u64..).zip(&rows) {
                let said =
                    format!("handed over in {file}, row {number} of {}, SHA-256 {}", rows.len(), sha256.as_str());
                let (id, end) = (JournalId::new(row.write), (WriteOutcome::Unknown, said.as_str()));
                self.noted_row(job, id, WriteSource::Answer, end, None).await?;
            }
            files.push(HandedOver { path, file, rows: rows.len(), sha256 });
        }
        Ok((files, left))
    }

    async fn noted_row(
        &self,
        job: &Job,
        id: JournalId,
        source: WriteSource,
        (outcome, said): (WriteOutcome, &str),
        record: Option<&str>,
    ) -> Result<()> {
        let end = WriteEnd { source, who: &self.who, outcome, said: Some(said), record, answer: None };
        self.note_end(job, id, &end).await
    }

    /// The import files of a connection, and the writes that wait for the next.
    ///
    /// # Errors
    /// What the database says; a slip that cannot be read.
    pub async fn import_files(&self, psa: &Importing) -> Result<(Vec<ImportState>, Vec<JournalEntry>)> {
        let (mut open, mut waiting) = (Vec::new(), Vec::new());
        for entry in self.store.list_open_writes().await? {
            let Some((request, before)) = of_this(psa, &entry) else { continue };
            match psa.place(&request, &psa.earlier(&before)?)? {
                Some((slip, _)) => open.push(slip.file),
                None => waiting.push(entry),
            }
        }
        let state = |slip: Slip| {
            let (open, is_there) = (open.iter().filter(|file| **file == slip.file).count(), psa.is_there(&slip)?);
            Ok(ImportState { slip, open, is_there })
        };
        let states: Result<Vec<ImportState>> = psa.slips()?.into_iter().map(state).collect();
        Ok((states?, waiting))
    }

    /// Notes what became of the rows of a file that nobody knows the end of.
    ///
    /// # Errors
    /// A file that was not handed over or was changed since; an answer that does not fit it. Nothing is noted then.
    pub async fn receive(&self, psa: &Importing, file: &Path, receipt: &Receipt) -> Result<(Slip, Vec<RowEnd>)> {
        let slip = psa.slip(file)?;
        let job = self.begin("receipt").await?;
        match self.rows_received(&job, psa, &slip, receipt).await {
            Ok(rows) => {
                let open = rows.iter().filter(|row| row.outcome.is_open()).count();
                let outcome = if open == 0 { RunOutcome::Done } else { RunOutcome::Partial };
                let told = serde_json::json!({ "file": slip.file, "rows": rows.len(), "open": open });
                job.end(outcome, &told).await?;
                Ok((slip, rows))
            }
            Err(error) => job.failed(error).await,
        }
    }

    async fn rows_received(&self, job: &Job, psa: &Importing, slip: &Slip, receipt: &Receipt) -> Result<Vec<RowEnd>> {
        let entries = self.entries_of(psa, slip).await?;
        let said = match receipt {
            Receipt::Export => vec![None; entries.len()],
            Receipt::Answer(path) => {
                let delimited = read_delimited(path, ANSWER_BYTES_MAX)?;
                if let Some(first) = delimited.problems.first() {
                    return Err(unfit(psa, format!("{first}; nothing was noted")).into());
                }
                let writes: Vec<PsaWrite> = entries.iter().map(|(_, request)| request.clone()).collect();
                let answer = Answer { header: &delimited.header, rows: &delimited.rows };
                psa.verdicts(slip, &writes, answer)?.into_iter().map(Some).collect()
            }
            Receipt::Word { imported, reason } => {
                let verdict = |request: &PsaWrite| Verdict {
                    imported: *imported,
                    said: reason.clone(),
                    record: request.said().target.map(|target| target.id.clone()),
                };
                entries.iter().map(|(_, request)| Some(verdict(request))).collect()
            }
        };
        let mut ends = Vec::new();
        for ((row, (entry, _)), said) in (1..).zip(entries).zip(said) {
            let (outcome, told, contradicts) = if entry.outcome.is_open() {
                self.row_end(job, psa, &entry, said, receipt).await?
            } else {
                (entry.outcome, "was known before".to_owned(), false)
            };
            ends.push(RowEnd { row, entry, outcome, said: told, contradicts });
        }
        Ok(ends)
    }

    /// Looks at the export first: what it shows stands, whatever is said.
    async fn row_end(
        &self,
        job: &Job,
        psa: &Importing,
        entry: &JournalEntry,
        said: Option<Verdict>,
        receipt: &Receipt,
    ) -> Result<(WriteOutcome, String, bool)> {
        let sight = self.sight_of(job, psa, entry).await?;
        if let Sight::Happened(_) = sight {
            self.seen(job, entry.id, &sight).await?;
            let contradicts = said.is_some_and(|said| !said.imported);
            return Ok((WriteOutcome::Happened, "the export shows it".to_owned(), contradicts));
        }
        let Some(Verdict { imported, said, record }) = said else {
            self.seen(job, entry.id, &sight).await?;
            let why = match sight {
                Sight::Happened(why)
                | Sight::DidNot(why)
                | Sight::NotYet(why)
                | Sight::CannotTell(why)
                | Sight::Blind(why) => why,
            };
            return Ok((WriteOutcome::Unknown, why, false));
        };
        let (source, outcome) = match (receipt, imported) {
            (Receipt::Word { .. }, true) => (WriteSource::Person, WriteOutcome::Happened),
            (Receipt::Word { .. }, false) => (WriteSource::Person, WriteOutcome::DidNot),
            (Receipt::Answer(_) | Receipt::Export, true) => (WriteSource::Answer, WriteOutcome::Done),
            (Receipt::Answer(_) | Receipt::Export, false) => (WriteSource::Answer, WriteOutcome::Refused),
        };
        self.noted_row(job, entry.id, source, (outcome, &said), record.as_deref()).await?;
        Ok((outcome, said, false))
    }

    /// The writes of a file, in the order of its rows.
    async fn entries_of(&self, psa: &Importing, slip: &Slip) -> Result<Vec<(JournalEntry, PsaWrite)>> {
        let mut entries = Vec::new();
        for (number, row) in (1_u64..).zip(&slip.rows) {
            let entry = self.store.find_write(JournalId::new(row.write)).await?;
            let read = entry.and_then(|entry| of_this(psa, &entry).map(|(request, _)| (entry, request)));
            match read.filter(|(_, request)| fingerprint(request) == row.request) {
                Some(found) => entries.push(found),
                None => {
                    let what = format!(
                        "row {number} of {} is write {} of another database, or of another connection",
                        slip.file, row.write
                    );
                    return Err(unfit(psa, what).into());
                }
            }
        }
        Ok(entries)
    }
}

/// Which write under way makes the same record as this one.
fn made_by(psa: &Importing, request: &PsaWrite, under_way: &[(JournalId, PsaWrite)]) -> Result<Option<String>> {
    for (id, other) in under_way {
        if psa.make_the_same(request, other)? {
            return Ok(Some(format!("write {id} makes the same record and is under way")));
        }
    }
    Ok(None)
}

/// A write of this connection, as it was noted; `None` where it is another's, or cannot be read.
fn of_this(psa: &Importing, entry: &JournalEntry) -> Option<(PsaWrite, Before)> {
    if entry.connector != psa.connection() {
        return None;
    }
    Some((serde_json::from_value(entry.request.clone()).ok()?, serde_json::from_value(entry.found.clone()).ok()?))
}

fn unfit(psa: &Importing, what: String) -> ConnectorError {
    ConnectorError::new(psa.connection(), "receipt", ErrorKind::Settings(what))
}
