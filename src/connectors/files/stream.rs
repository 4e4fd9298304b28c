//! The two long files of a month, read by several threads without keeping a line.
//!
//! In the canonical layout rows are read quickly, field by field; a row that the quick reading refuses is read again by
//! the general conversion, which says what is wrong in the same words as everywhere else. A file in any other layout is
//! read through its [`Table`](super::table::Table). Every row is handed on once or becomes one problem.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashSet;

use super::blocks::{Block, Blocks, CutError};
use super::convert::{Place, Read, Row};
use super::header::{self, Column};
use super::lines::{BilledLines, Charges, Line, Picked};
use super::records::{self, Fields};
use super::table::twice;
use super::{Exports, FilesPsa, FilesVendor, folder, ids, limits, sheet};
use crate::connectors::{ErrorKind, Result, Watch, Watched, Way};
use crate::core::money::MoneyError;
use crate::core::reconcile::lines::{Billed, Charge};
use crate::core::record::Keyed as _;
use crate::core::snapshot::Problem;

/// How a file is read. The first try is the quick one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// In blocks. Ids with these hashes may be there twice and are compared.
    Quick(FxHashSet<u64>),
    /// As a whole, in memory: its layout is not the canonical one.
    Whole,
}

impl Default for How {
    fn default() -> Self {
        Self::Quick(FxHashSet::default())
    }
}

/// What came of reading a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Streamed {
    /// Every row was handed on or is a problem.
    Done(Rows),
    /// What was handed on is void; read again in this way.
    Again(How),
}

/// What became of a file's rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    /// Rows that were met.
    pub read: u64,
    /// Rows that could not be read or used; each has a problem.
    pub unreadable: u64,
    /// What is wrong with rows, in their order, and then with the file.
    pub problems: Vec<Problem>,
}

/// What is done with a line: it may not fit the sums any more.
type Taken = std::result::Result<(), MoneyError>;

impl FilesVendor {
    /// Hands every line of the distributor's invoices to `take`, on as many threads as there are `states`; a line that
    /// `take` refuses is a problem. `None` where the folder has no such file.
    ///
    /// # Errors
    /// Where the file cannot be read as a whole.
    pub fn stream_charges<S: Send>(
        &self,
        how: &How,
        states: &mut [S],
        take: impl Fn(&mut S, &Charge<'_>) -> Taken + Sync,
        watch: &dyn Watch,
    ) -> Result<Option<Streamed>> {
        stream::<Charges, S>(&self.exports, how, states, &take, watch)
    }
}

impl FilesPsa {
    /// The same for the lines of the PSA's agreements.
    ///
    /// # Errors
    /// As [`FilesVendor::stream_charges`].
    pub fn stream_billed<S: Send>(
        &self,
        how: &How,
        states: &mut [S],
        take: impl Fn(&mut S, &Billed<'_>) -> Taken + Sync,
        watch: &dyn Watch,
    ) -> Result<Option<Streamed>> {
        stream::<BilledLines, S>(&self.exports, how, states, &take, watch)
    }
}

fn stream<L: Line, S: Send>(
    exports: &Exports,
    how: &How,
    states: &mut [S],
    take: &(impl Fn(&mut S, &L::Borrowed<'_>) -> Taken + Sync),
    watch: &dyn Watch,
) -> Result<Option<Streamed>> {
    let failed = |kind: ErrorKind| exports.failed(L::ENTITY, kind);
    let layout = exports.profile.layout(L::ENTITY);
    let find = || folder::find(&folder::list(&exports.folder)?, L::ENTITY, layout);
    let Some(file) = find().map_err(failed)? else { return Ok(None) };
    let How::Quick(suspects) = how else {
        return whole::<L, S>(exports, states, take, watch).map(|rows| rows.map(Streamed::Done));
    };
    let path = exports.folder.join(&file);
    let size = sheet::size_of(&path, &file).map_err(failed)?;
    let careful = |why: &dyn std::fmt::Display| {
        if size <= limits::FILE_BYTES {
            return Ok(Some(Streamed::Again(How::Whole)));
        }
        let most = limits::FILE_BYTES;
        Err(failed(ErrorKind::Limit(format!(
            "{file}: {why}. The file is too large to be read as a whole ({most} bytes)"
        ))))
    };
    let blocks = Blocks::open(&path).map_err(|refused| failed(sheet::trouble(&file, &refused)))?;
    let columns = match blocks.header() {
        Ok(header) if layout.is_none() => canonical::<L>(&file, &header),
        Ok(_) => None,
        Err(cut) => return careful(&cut),
    };
    let Some((columns, width)) = columns else { return careful(&"its layout is not the canonical one") };
    let place = |name: &&str| L::ENTITY.position(name).and_then(|field| columns.get(field).copied().flatten());
    let picked = L::FIELDS.iter().map(place).collect();
    let (bytes, aside) = (AtomicU64::default(), Mutex::default());
    let pass = Pass::<L> { file: &file, size, bytes, columns, picked, width, suspects, aside };
    match pass.run(&blocks, states, take, &exports.watched(watch, L::ENTITY)) {
        Ok(streamed) => Ok(Some(streamed)),
        Err(Stop::Cut(CutError::Io(refused))) => Err(failed(sheet::trouble(&file, &refused))),
        Err(Stop::Cut(cut @ (CutError::Endless { .. } | CutError::OpenQuote { .. }))) => careful(&cut),
        Err(Stop::Unusual(what)) => careful(&what),
        Err(Stop::Spool(refused)) => {
            let what = format!(
                "no temporary file can be kept for the ids of {file}: {refused}; set TMPDIR to a folder that can be written"
            );
            Err(failed(ErrorKind::Transient(what)))
        }
        Err(Stop::Limit(what)) => Err(failed(ErrorKind::Limit(format!("{file}: {what}")))),
    }
}

/// Where each field of the entity stands, and how many fields a row has; `None` unless every name is the canonical one.
fn canonical<L: Line>(file: &str, header: &[u8]) -> Option<(Vec<Option<usize>>, usize)> {
    let header = std::str::from_utf8(header).ok()?.trim_end_matches(['\n', '\r']).trim_start_matches('\u{feff}');
    if header.contains('"') {
        return None;
    }
    let names: Vec<String> = header.split(',').map(str::to_owned).collect();
    let columns = header::resolve(file, &names, L::ENTITY, None).ok()?;
    if header::doubt(&names, &columns, L::ENTITY, None).is_some() {
        return None;
    }
    let place = |(column, field): (&Column, &super::entity::Field)| match column {
        Column::At(at) => (names.get(*at)? == field.name).then_some(Some(*at)),
        Column::Constant(_) => None,
        Column::Absent => Some(None),
    };
    let columns = columns.iter().zip(L::ENTITY.fields).map(place).collect::<Option<Vec<_>>>()?;
    Some((columns, names.len()))
}

/// Why a quick pass ends early.
enum Stop {
    Cut(CutError),
    /// Text that only the careful reading tells from a flaw.
    Unusual(String),
    /// No temporary file for the ids.
    Spool(std::io::Error),
    Limit(String),
}

impl From<CutError> for Stop {
    fn from(cut: CutError) -> Self {
        Self::Cut(cut)
    }
}

/// A block's text, where nothing in it has two readings.
fn plain(block: &Block) -> std::result::Result<&str, Stop> {
    let line = block.first_line;
    let unusual = |what| Stop::Unusual(format!("at or after line {line} {what}"));
    let odd = |at: &usize| block.bytes.get(*at) == Some(&0) || block.bytes.get(at.saturating_add(1)) != Some(&b'\n');
    if memchr::memchr2_iter(b'\r', 0, &block.bytes).any(|at| odd(&at)) {
        return Err(unusual("is a NUL or a carriage return alone"));
    }
    std::str::from_utf8(&block.bytes).map_err(|_| unusual("are bytes that are not UTF-8"))
}

/// One quick reading of one file.
struct Pass<'p, L: Line> {
    file: &'p str,
    size: u64,
    /// So many of them are read.
    bytes: AtomicU64,
    /// Where each field of the entity stands.
    columns: Vec<Option<usize>>,
    /// Where each field of [`Line::FIELDS`] stands.
    picked: Vec<Option<usize>>,
    width: usize,
    suspects: &'p FxHashSet<u64>,
    /// Rows whose id may be there twice, compared when all are known.
    aside: Mutex<Vec<(u64, L::Owned)>>,
}

/// What one thread gathers beside its state.
#[derive(Default)]
struct Gathered {
    problems: Vec<(u64, Problem)>,
    ids: ids::Spool,
    rows: u64,
    open_end: bool,
}

impl<L: Line> Pass<'_, L> {
    fn run<S: Send>(
        self,
        blocks: &Blocks,
        states: &mut [S],
        take: &(impl Fn(&mut S, &L::Borrowed<'_>) -> Taken + Sync),
        watched: &Watched<'_>,
    ) -> std::result::Result<Streamed, Stop> {
        let read = |state: &mut S| self.blocks(blocks, state, take, watched);
        let gathered = std::thread::scope(|scope| {
            let threads: Vec<_> = states.iter_mut().map(|state| scope.spawn(|| read(state))).collect();
            // A thread that panicked has a bug behind it; the panic goes on here.
            let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            threads.into_iter().map(join).collect::<std::result::Result<Vec<Gathered>, Stop>>()
        })?;
        let read = gathered.iter().map(|g| g.rows).sum();
        let open_end = gathered.iter().any(|g| g.open_end);
        let (mut problems, spools): (Vec<_>, Vec<_>) = gathered.into_iter().map(|g| (g.problems, g.ids)).unzip();
        if self.suspects.is_empty() {
            let twice = ids::met_twice(&spools).map_err(Stop::Spool)?;
            if !twice.is_empty() {
                return Ok(Streamed::Again(How::Quick(twice)));
            }
        }
        drop(spools);
        let file = self.file;
        if let Some(state) = states.first_mut() {
            problems.push(self.compare_aside(state, take));
        }
        let mut problems: Vec<(u64, Problem)> = problems.into_iter().flatten().collect();
        problems.sort();
        let unreadable = u64::try_from(problems.len()).unwrap_or(u64::MAX);
        let mut problems: Vec<Problem> = problems.into_iter().map(|(_, problem)| problem).collect();
        problems.extend(super::table::doubts(read, open_end).map(|what| Problem::new(file, what)));
        Ok(Streamed::Done(Rows { read, unreadable, problems }))
    }

    fn blocks<S>(
        &self,
        blocks: &Blocks,
        state: &mut S,
        take: &impl Fn(&mut S, &L::Borrowed<'_>) -> Taken,
        watched: &Watched<'_>,
    ) -> std::result::Result<Gathered, Stop> {
        let mut gathered = Gathered::default();
        let mut block = Block::default();
        while blocks.next(&mut block)? {
            let text = plain(&block)?;
            records::each(text, block.first_line, |found| {
                gathered.rows = gathered.rows.saturating_add(1);
                let fields = match found {
                    Ok(fields) => fields,
                    Err(flaw) => {
                        let problem = Problem::new(Place::Line(self.file, flaw.line).to_string(), flaw.what);
                        gathered.problems.push((flaw.line, problem));
                        return Ok(());
                    }
                };
                gathered.open_end |= !fields.ended;
                if let Err(problem) = self.row(&fields, state, &mut gathered.ids, take)? {
                    gathered.problems.push((fields.line, problem));
                }
                if gathered.problems.len() > limits::PROBLEMS {
                    let first = gathered.problems.iter().map(|(_, p)| p.to_string()).next().unwrap_or_default();
                    let most = limits::PROBLEMS;
                    return Err(Stop::Limit(format!("more than {most} rows cannot be read; one of them: {first}")));
                }
                Ok(())
            })?;
            let bytes = u64::try_from(block.bytes.len()).unwrap_or(u64::MAX);
            let done = self.bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
            watched.progress(block.first_line, Way::Bytes { done, of: self.size });
        }
        Ok(gathered)
    }

    /// One row: taken, set aside, or told as a problem.
    fn row<'r, S>(
        &self,
        fields: &'r Fields<'r>,
        state: &mut S,
        ids: &mut ids::Spool,
        take: &impl Fn(&mut S, &L::Borrowed<'_>) -> Taken,
    ) -> std::result::Result<std::result::Result<(), Problem>, Stop> {
        let place = Place::Line(self.file, fields.line);
        if let Some(what) = sheet::miscounted(fields.len(), self.width, fields.ended) {
            return Ok(Err(Problem::new(place.to_string(), what)));
        }
        let picked = Picked { fields, places: &self.picked };
        let careful = || {
            let cells: Vec<Option<&str>> = self.columns.iter().map(|at| fields.get((*at)?)).collect();
            let row = Row { place, entity: L::ENTITY, cells: &cells };
            L::owned(&row)
        };
        if let Some(id) = picked.id() {
            let hash = ids::hash(id);
            if self.suspects.is_empty() {
                ids.push(hash).map_err(Stop::Spool)?;
            } else if self.suspects.contains(&hash) {
                return Ok(careful().map(|owned| {
                    self.aside.lock().unwrap_or_else(PoisonError::into_inner).push((fields.line, owned));
                }));
            }
        }
        let refused = |id: Option<&str>, error: &MoneyError| unfit(place, id, error);
        Ok(match L::quick(&picked) {
            Some(line) => take(state, &line).map_err(|error| refused(picked.id(), &error)),
            None => careful().and_then(|owned| {
                take(state, &L::borrowed(&owned)).map_err(|error| refused(Some(&owned.key()), &error))
            }),
        })
    }

    /// Of rows with the same id the first counts, the others are problems.
    fn compare_aside<S>(self, state: &mut S, take: &impl Fn(&mut S, &L::Borrowed<'_>) -> Taken) -> Vec<(u64, Problem)> {
        let mut aside = self.aside.into_inner().unwrap_or_else(PoisonError::into_inner);
        aside.sort_by_key(|(line, _)| *line);
        let mut first_at = HashMap::new();
        let mut problems = Vec::new();
        for (line, owned) in aside {
            let (key, place) = (owned.key(), Place::Line(self.file, line));
            if let Some(first) = first_at.get(&key) {
                problems.push((line, twice(place, Some(key), *first)));
                continue;
            }
            if let Err(error) = take(state, &L::borrowed(&owned)) {
                problems.push((line, unfit(place, Some(&key), &error)));
            }
            first_at.insert(key, line);
        }
        problems
    }
}

fn unfit(place: Place<'_>, id: Option<&str>, error: &MoneyError) -> Problem {
    let problem = Problem::new(place.to_string(), format!("cannot be counted: {error}"));
    match id {
        Some(id) => problem.record(id),
        None => problem,
    }
}

/// A file in another layout: read as a whole, then handed on by one thread.
fn whole<L: Line, S>(
    exports: &Exports,
    states: &mut [S],
    take: &impl Fn(&mut S, &L::Borrowed<'_>) -> Taken,
    watch: &dyn Watch,
) -> Result<Option<Rows>> {
    let Some(listing) = exports.listing(L::ENTITY, |row: &Row<'_>| -> Read<L::Owned> { L::owned(row) }, watch)? else {
        return Ok(None);
    };
    let (records, mut problems) = listing.into_parts();
    let read = u64::try_from(records.len().saturating_add(problems.len())).unwrap_or(u64::MAX);
    if let Some(state) = states.first_mut() {
        for record in &records {
            if let Err(error) = take(state, &L::borrowed(record)) {
                problems.push(Problem::new(L::ENTITY.name, format!("cannot be counted: {error}")).record(record.key()));
            }
        }
    }
    let unreadable = u64::try_from(problems.len()).unwrap_or(u64::MAX);
    Ok(Some(Rows { read, unreadable, problems }))
}
