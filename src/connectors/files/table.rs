//! A sheet understood: rows of named fields in plain notation, ready for `convert`.
//!
//! A sheet in the canonical layout (the canonical names, commas between fields) is read as it is written. Any other is
//! read as the profile says or as its columns prove; what is not proven is not read.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::convert::{Place, Read, Row};
use super::encoding::Encoding;
use super::entity::{Entity, Field, Kind};
use super::header::{self, Column};
use super::limits;
use super::notation::{Dates, Decimals, Reading, Verdict, day, number_reading, plain_number};
use super::profile::Layout;
use super::sheet::{Proof, Sheet};
use crate::connectors::{ErrorKind, Watched, Way};
use crate::core::outside::excerpt;
use crate::core::record::Keyed;
use crate::core::snapshot::{Problem, Pulled};

/// An opened and understood file.
#[derive(Debug)]
pub struct Table {
    sheet: Sheet,
    columns: Vec<Column>,
    notations: Vec<Notation>,
    words: BTreeMap<String, BTreeMap<String, String>>,
    /// What is doubtful about its header.
    doubt: Option<String>,
}

/// How the cells of a field become plain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Notation {
    Plain,
    Number(Decimals),
    Day(Dates),
    Unclear(Verdict),
}

impl Table {
    /// Opens a file and understands its header and its notation.
    ///
    /// # Errors
    /// Where the file, its header or the order of its days leaves no reading.
    pub fn open(
        folder: &Path,
        file: &str,
        entity: &'static Entity,
        layout: Option<&Layout>,
    ) -> Result<Self, ErrorKind> {
        Self::of(Sheet::open(folder, file, entity, layout)?, layout)
    }

    /// Understands an opened file.
    ///
    /// # Errors
    /// Where its header or the order of its days leaves no reading.
    pub fn of(sheet: Sheet, layout: Option<&Layout>) -> Result<Self, ErrorKind> {
        // an empty JSON array has no header to hold against anything; that it has no rows is told when it is read
        let columns = if sheet.header.is_empty() {
            vec![Column::Absent; sheet.entity.fields.len()]
        } else {
            header::resolve(&sheet.file, &sheet.header, sheet.entity, layout)?
        };
        let notations = notations(&sheet, &columns, layout)?;
        let words = layout.map(|layout| layout.words.clone()).unwrap_or_default();
        let doubt = header::doubt(&sheet.header, &columns, sheet.entity, layout);
        Ok(Self { sheet, columns, notations, words, doubt })
    }

    /// What was recognised, for `check`.
    #[must_use]
    pub fn describe(&self, rows: usize) -> String {
        let found = |column: &&Column| !matches!(column, Column::Absent);
        let recognised = self.columns.iter().filter(found).count();
        let encoding = match self.sheet.encoding {
            Encoding::Windows1252 => ", read as windows-1252 because it is not UTF-8 or the profile says so",
            Encoding::Utf8 | Encoding::Utf16Le | Encoding::Utf16Be => "",
        };
        format!(
            "{rows} rows, {} columns, {recognised} of {} fields recognised{encoding}",
            self.sheet.header.len(),
            self.columns.len()
        )
    }

    /// Hands out every row once: understood, or as a problem.
    ///
    /// # Errors
    /// As [`Sheet::each`], and whatever `take` returns.
    pub fn each(
        &self,
        mut take: impl FnMut(Place<'_>, Result<Row<'_>, Problem>) -> Result<(), ErrorKind>,
    ) -> Result<(), ErrorKind> {
        let entity = self.sheet.entity;
        self.sheet.each(|place, cells| {
            let cells = match cells {
                Ok(cells) => cells,
                Err(problem) => return take(place, Err(problem)),
            };
            let raw: Vec<Option<&str>> = self.columns.iter().map(|column| cell_of(column, cells)).collect();
            let row = Row { place, entity, cells: &raw };
            let mut plain: Vec<Option<Cow<'_, str>>> = Vec::with_capacity(raw.len());
            for ((field, notation), cell) in entity.fields.iter().zip(&self.notations).zip(&raw) {
                let cell = cell.map(|cell| self.meant(field, cell));
                match cell.map(|cell| notation.plain(&row, field, cell)).transpose() {
                    Ok(cell) => plain.push(cell),
                    Err(problem) => return take(place, Err(problem)),
                }
            }
            let cells: Vec<Option<&str>> = plain.iter().map(Option::as_deref).collect();
            take(place, Ok(Row { place, entity, cells: &cells }))
        })
    }

    /// What the profile says a word of a field means.
    fn meant<'c>(&'c self, field: &Field, cell: &'c str) -> &'c str {
        self.words.get(field.name).and_then(|words| words.get(cell)).map_or(cell, String::as_str)
    }

    /// Reads all rows into records. A key listed twice, too few rows and an end that may be cut are problems.
    ///
    /// # Errors
    /// Where so much cannot be read that it must be the wrong file.
    pub fn collect<R: Keyed>(
        &self,
        convert: impl Fn(&Row<'_>) -> Read<R>,
        watched: &Watched<'_>,
    ) -> Result<Pulled<R>, ErrorKind> {
        const STEP: u64 = 4096;
        let (mut records, mut problems) = (Vec::new(), Vec::new());
        let (mut seen, mut rows) = (HashMap::new(), 0_u64);
        self.each(|place, row| {
            rows = rows.saturating_add(1);
            let read = row.and_then(|row| Ok((convert(&row)?, row.record())));
            let read = read.and_then(|(record, id)| match seen.entry(record.key()) {
                Entry::Vacant(free) => {
                    free.insert(place.number());
                    Ok(record)
                }
                Entry::Occupied(first) => Err(twice(place, id, *first.get())),
            });
            match read {
                Ok(record) => records.push(record),
                Err(problem) => problems.push(problem),
            }
            if problems.len() > limits::PROBLEMS {
                let what =
                    format!("more than {} rows cannot be read; the first: {}", limits::PROBLEMS, first(&problems));
                return Err(ErrorKind::Limit(format!("{}: {what}", self.sheet.file)));
            }
            if rows.is_multiple_of(STEP) {
                watched.progress(rows, Way::Open);
            }
            Ok(())
        })?;
        watched.progress(rows, Way::Records(rows));
        problems.extend(self.doubts(rows));
        Ok(Pulled::judge(records, problems))
    }

    /// What makes the whole listing doubtful beside its rows.
    fn doubts(&self, rows: u64) -> Vec<Problem> {
        let page = self.sheet.announced().filter(|announced| *announced != rows).map(|announced| {
            format!("says it is one page of {announced} rows and holds {rows}; expected all pages in one file")
        });
        let all = self.doubt.clone().into_iter().chain(doubts(rows, self.sheet.ends_open())).chain(page);
        all.map(|what| Problem::new(self.sheet.file.clone(), what)).collect()
    }
}

/// What makes a file doubtful beside its rows: nothing in it, or an end that may be cut.
pub(super) fn doubts(rows: u64, ends_open: bool) -> impl Iterator<Item = String> {
    let none = rows == 0;
    let none = none.then(|| "has no rows; whether there is nothing to list or the export failed cannot be told".into());
    let open = ends_open && rows > 0;
    let open = open.then(|| "ends without a line break, so it may be cut; if it is whole, end its last line".into());
    none.into_iter().chain(open)
}

fn cell_of<'c>(column: &'c Column, cells: &'c [Cow<'_, str>]) -> Option<&'c str> {
    match column {
        Column::At(at) => cells.get(*at).map(Cow::as_ref),
        Column::Constant(value) => Some(value),
        Column::Absent => None,
    }
}

fn first(problems: &[Problem]) -> String {
    problems.first().map(ToString::to_string).unwrap_or_default()
}

pub(super) fn twice(place: Place<'_>, id: Option<String>, first: u64) -> Problem {
    let first = match place {
        Place::Line(file, _) => Place::Line(file, first),
        Place::Item(file, _) => Place::Item(file, first),
    };
    let problem = Problem::new(place.to_string(), format!("the id was there before, at {first}")).field("id");
    match id {
        Some(id) => problem.record(id),
        None => problem,
    }
}

impl Notation {
    fn plain<'c>(self, row: &Row<'_>, field: &Field, cell: &'c str) -> Read<Cow<'c, str>> {
        match self {
            _ if cell.is_empty() => Ok(Cow::Borrowed(cell)),
            Self::Plain => Ok(Cow::Borrowed(cell)),
            // what does not fit is left as it is and refused by the conversion, in its words
            Self::Day(dates) => Ok(day(cell, dates).map_or(Cow::Borrowed(cell), |day| Cow::Owned(day.to_string()))),
            Self::Number(Decimals::Point) => Ok(plain_number(cell, Decimals::Point).unwrap_or(Cow::Borrowed(cell))),
            Self::Number(Decimals::Comma) => plain_number(cell, Decimals::Comma).ok_or_else(|| {
                row.problem(field.name, format!("`{}` is not a number with a decimal comma", excerpt(cell, 40)))
            }),
            Self::Unclear(verdict) => match number_reading(cell) {
                Reading::Same => Ok(plain_number(cell, Decimals::Point).unwrap_or(Cow::Borrowed(cell))),
                Reading::First | Reading::Second | Reading::Either | Reading::Neither => {
                    Err(row.problem(field.name, unclear(cell, verdict)))
                }
            },
        }
    }
}

fn unclear(cell: &str, verdict: Verdict) -> String {
    let why = match verdict {
        Verdict::Mixed => "the column has both decimal points and decimal commas",
        Verdict::Plain | Verdict::First | Verdict::Second | Verdict::Undecided => {
            "nothing in the column shows whether its sign is a decimal one or parts thousands"
        }
    };
    format!("`{}` cannot be told: {why}; say decimal = \".\" or \",\" in columns.toml", excerpt(cell, 40))
}

fn notations(sheet: &Sheet, columns: &[Column], layout: Option<&Layout>) -> Result<Vec<Notation>, ErrorKind> {
    let (decimal, dates) = (layout.and_then(|l| l.decimal), layout.and_then(|l| l.dates));
    let as_written = sheet.delimiter.is_none() || is_canonical(sheet, columns);
    let told = |field: &Field| match field.kind {
        Kind::Number => decimal.map(Notation::Number),
        Kind::Date => dates.map(Notation::Day),
        Kind::Text | Kind::Flag => Some(Notation::Plain),
    };
    let fields = sheet.entity.fields;
    if as_written || fields.iter().all(|field| told(field).is_some()) {
        return Ok(fields.iter().map(|field| told(field).unwrap_or(Notation::Plain)).collect());
    }
    let proofs = sheet.evidence(columns);
    let mut notations = Vec::with_capacity(fields.len());
    for (field, proof) in fields.iter().zip(&proofs) {
        notations.push(match told(field) {
            Some(notation) => notation,
            None => proven(sheet, field, proof)?,
        });
    }
    Ok(notations)
}

fn is_canonical(sheet: &Sheet, columns: &[Column]) -> bool {
    let same = |(field, column): (&Field, &Column)| match column {
        Column::At(at) => sheet.header.get(*at).is_some_and(|name| name == field.name),
        Column::Constant(_) | Column::Absent => true,
    };
    sheet.delimiter == Some(b',') && sheet.entity.fields.iter().zip(columns).all(same)
}

fn proven(sheet: &Sheet, field: &Field, proof: &Proof) -> Result<Notation, ErrorKind> {
    let verdict = proof.cells.verdict();
    if field.kind == Kind::Number {
        return Ok(match verdict {
            Verdict::Plain => Notation::Plain,
            Verdict::First => Notation::Number(Decimals::Point),
            Verdict::Second => Notation::Number(Decimals::Comma),
            Verdict::Undecided | Verdict::Mixed => Notation::Unclear(verdict),
        });
    }
    let why = match verdict {
        Verdict::Plain => return Ok(Notation::Day(Dates::Iso)),
        Verdict::First => return Ok(Notation::Day(Dates::DayFirst)),
        Verdict::Second => return Ok(Notation::Day(Dates::MonthFirst)),
        Verdict::Undecided => "every day reads both ways",
        Verdict::Mixed => "some days read only day first, some only month first",
    };
    let example = proof.open.as_ref().map(|(at, cell)| format!(" (`{cell}` at {at})")).unwrap_or_default();
    Err(ErrorKind::Malformed {
        at: sheet.file.clone(),
        what: format!(
            "the order of day and month in `{}` cannot be told: {why}{example}. Say it in columns.toml: under [{}], \
             dates = \"dd/mm/yyyy\" or \"mm/dd/yyyy\"",
            field.name, sheet.entity.name
        ),
    })
}
