//! One opened file: its header and its rows as the file spells them, before anything is understood.
//!
//! Every row of the file comes out once, as cells or as a problem; limits are kept before memory is spent.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use super::convert::Place;
use super::encoding::{self, Encoding};
use super::entity::{Entity, Kind};
use super::header::{Column, score};
use super::json::{self, JsonRow};
use super::notation::{Evidence, Reading, date_reading, number_reading};
use super::profile::Layout;
use super::rows::Rows;
use super::{folder, limits};
use crate::connectors::ErrorKind;
use crate::core::outside::excerpt;
use crate::core::snapshot::Problem;

/// A file, opened.
#[derive(Debug)]
pub struct Sheet {
    /// Its name in the folder.
    pub file: String,
    /// What it holds.
    pub entity: &'static Entity,
    /// Its header; for JSON every key met.
    pub header: Vec<String>,
    /// How its bytes were read.
    pub encoding: Encoding,
    /// What parts its fields; `None` for JSON.
    pub delimiter: Option<u8>,
    /// Whether some bytes had no reading.
    damaged: bool,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Text(String),
    Json { rows: Vec<JsonRow>, by_line: bool, announced: Option<u64> },
}

/// What a column proves, and the first cell that reads two ways.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proof {
    /// The counts.
    pub cells: Evidence,
    /// The place and text of a cell that reads two ways.
    pub open: Option<(String, String)>,
}

impl Sheet {
    /// Opens a file of a folder.
    ///
    /// # Errors
    /// Where it cannot be read, is empty, is beyond a limit or is no table at all.
    pub fn open(
        folder: &Path,
        file: &str,
        entity: &'static Entity,
        layout: Option<&Layout>,
    ) -> Result<Self, ErrorKind> {
        let most = if is_json(file) { limits::JSON_BYTES } else { limits::FILE_BYTES };
        Self::of_bytes(file, bytes_of(&folder.join(file), file, most)?, entity, layout)
    }

    /// Understands the content of a file as header and rows.
    ///
    /// # Errors
    /// Where it is empty, beyond a limit or no table at all.
    pub fn of_bytes(
        file: &str,
        bytes: Vec<u8>,
        entity: &'static Entity,
        layout: Option<&Layout>,
    ) -> Result<Self, ErrorKind> {
        let decoded = encoding::decode(bytes, layout.and_then(|layout| layout.encoding));
        let refused = |what: &str| ErrorKind::Malformed { at: file.to_owned(), what: what.to_owned() };
        if decoded.text.trim().is_empty() {
            return Err(refused("is empty; expected a header and rows. Was the export written whole?"));
        }
        if decoded.text.chars().take(1_000).any(|c| c == '\0') {
            return Err(refused(
                "holds NUL characters; expected text. UTF-16 without a mark must be named in columns.toml",
            ));
        }
        let (header, delimiter, body) = if is_json(file) {
            let by_line = folder::ending(file) != "json";
            let parsed = json::parse(&decoded.text, by_line).map_err(|what| refused(&what))?;
            let body = Body::Json { rows: parsed.rows, by_line: parsed.by_line, announced: parsed.announced };
            (parsed.header, None, body)
        } else {
            let (header, delimiter) = header_of(file, &decoded.text, entity, layout)?;
            (header, Some(delimiter), Body::Text(decoded.text))
        };
        let (file, encoding, damaged) = (file.to_owned(), decoded.encoding, decoded.damaged);
        Ok(Self { file, entity, header, encoding, delimiter, damaged, body })
    }

    /// Hands out every row once, in order: its cells in the order of the header, or a problem.
    ///
    /// # Errors
    /// [`ErrorKind::Limit`] where there are more rows than are accepted.
    pub fn each<'s>(
        &'s self,
        mut row: impl FnMut(Place<'s>, Result<&[Cow<'s, str>], Problem>) -> Result<(), ErrorKind>,
    ) -> Result<(), ErrorKind> {
        match &self.body {
            Body::Text(text) => self.each_line(text, &mut row),
            Body::Json { rows, by_line, .. } => {
                let mut cells = Vec::new();
                for json in rows {
                    let place = if *by_line {
                        Place::Line(&self.file, json.number)
                    } else {
                        Place::Item(&self.file, json.number)
                    };
                    match &json.cells {
                        Err(what) => row(place, Err(Problem::new(place.to_string(), what.clone())))?,
                        Ok(told) => {
                            cells.clear();
                            cells.resize(self.header.len(), Cow::Borrowed(""));
                            for (at, value) in told {
                                if let Some(cell) = cells.get_mut(*at) {
                                    *cell = Cow::Borrowed(value.as_str());
                                }
                            }
                            row(place, self.intact(place, &cells))?;
                        }
                    }
                }
                Ok(())
            }
        }
    }

    fn each_line<'s>(
        &'s self,
        text: &'s str,
        row: &mut impl FnMut(Place<'s>, Result<&[Cow<'s, str>], Problem>) -> Result<(), ErrorKind>,
    ) -> Result<(), ErrorKind> {
        let mut rows = Rows::new(text, self.delimiter.unwrap_or(b','));
        let (mut cells, mut count) = (Vec::with_capacity(self.header.len()), 0_u64);
        let _header = rows.next_row(&mut cells);
        while let Some(read) = rows.next_row(&mut cells) {
            count = count.saturating_add(1);
            if count > limits::ROWS {
                return Err(ErrorKind::Limit(format!("{} has more than {} rows", self.file, limits::ROWS)));
            }
            match read {
                Err(flaw) => {
                    let place = Place::Line(&self.file, flaw.line);
                    row(place, Err(Problem::new(place.to_string(), flaw.what)))?;
                }
                Ok(read) => {
                    let place = Place::Line(&self.file, read.line);
                    match miscounted(cells.len(), self.header.len(), read.ended) {
                        Some(what) => row(place, Err(Problem::new(place.to_string(), what)))?,
                        None => row(place, self.intact(place, &cells))?,
                    }
                }
            }
        }
        Ok(())
    }

    fn intact<'c, 's>(&self, place: Place<'_>, cells: &'c [Cow<'s, str>]) -> Result<&'c [Cow<'s, str>], Problem> {
        let spoilt = |cell: &Cow<'_, str>| cell.contains('\u{fffd}');
        if cells.iter().any(|cell| cell.contains('\0')) {
            return Err(Problem::new(
                place.to_string(),
                "holds a NUL character; expected text. Was the file written whole?",
            ));
        }
        if self.damaged && cells.iter().any(spoilt) {
            let what =
                format!("holds bytes that are not {}; another encoding can be named in columns.toml", self.encoding);
            return Err(Problem::new(place.to_string(), what));
        }
        Ok(cells)
    }

    /// Whether the end of the last row is not seen: neither a line break nor a closing quote is there.
    #[must_use]
    pub fn ends_open(&self) -> bool {
        let (Body::Text(text), Some(delimiter)) = (&self.body, self.delimiter) else { return false };
        if text.ends_with(['\n', '\r']) {
            return false;
        }
        let (mut rows, mut cells, mut ended) = (Rows::new(text, delimiter), Vec::new(), false);
        while let Some(row) = rows.next_row(&mut cells) {
            ended = row.is_ok_and(|read| read.ended);
        }
        !ended
    }

    /// How many rows the file itself announces.
    #[must_use]
    pub fn announced(&self) -> Option<u64> {
        match &self.body {
            Body::Text(_) => None,
            Body::Json { announced, .. } => *announced,
        }
    }

    /// What the columns of each field prove about numbers and days.
    ///
    /// A sheet beyond its limits proves nothing here; reading it says so.
    #[must_use]
    pub fn evidence(&self, columns: &[Column]) -> Vec<Proof> {
        let mut proofs = vec![Proof::default(); columns.len()];
        let _beyond_limits = self.each(|place, cells| {
            let Ok(cells) = cells else { return Ok(()) };
            for ((field, column), proof) in self.entity.fields.iter().zip(columns).zip(&mut proofs) {
                let Column::At(at) = column else { continue };
                let cell = cells.get(*at).map(Cow::as_ref).unwrap_or_default();
                let reading = match field.kind {
                    Kind::Number => number_reading(cell),
                    Kind::Date => date_reading(cell),
                    Kind::Text | Kind::Flag => continue,
                };
                if reading == Reading::Either && proof.open.is_none() {
                    proof.open = Some((place.to_string(), excerpt(cell, 40)));
                }
                proof.cells.add(reading);
            }
            Ok(())
        });
        proofs
    }
}

fn is_json(file: &str) -> bool {
    matches!(folder::ending(file).as_str(), "json" | "jsonl" | "ndjson")
}

/// What is wrong with a row's number of fields.
pub(super) fn miscounted(fields: usize, header: usize, ended: bool) -> Option<String> {
    if fields == header {
        return None;
    }
    let cut =
        if !ended && fields < header { "; the file ends here without a line break, so it may be cut" } else { "" };
    Some(format!("the row has {fields} fields, the header has {header}{cut}"))
}

/// What refused a file, and whether trying again may help.
pub(super) fn trouble(file: &str, refused: &std::io::Error) -> ErrorKind {
    if refused.kind() == std::io::ErrorKind::NotFound {
        ErrorKind::NotFound(format!("{file}: {refused}"))
    } else {
        ErrorKind::Transient(format!("{file} cannot be read: {refused}"))
    }
}

/// How large a file is. What is no file (a folder, a pipe) is not opened: it might never end, or never begin.
pub(super) fn size_of(path: &Path, file: &str) -> Result<u64, ErrorKind> {
    let about = fs::metadata(path).map_err(|refused| trouble(file, &refused))?;
    if about.is_file() { Ok(about.len()) } else { Err(ErrorKind::Settings(format!("{file} is no file"))) }
}

fn bytes_of(path: &Path, file: &str, most: u64) -> Result<Vec<u8>, ErrorKind> {
    let size = size_of(path, file)?;
    let too_large = || ErrorKind::Limit(format!("{file} is larger than {most} bytes"));
    if size > most {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    // the file may grow while it is read
    File::open(path)
        .map_err(|refused| trouble(file, &refused))?
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|refused| trouble(file, &refused))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most {
        return Err(too_large());
    }
    Ok(bytes)
}

/// The header under the delimiter that makes most of it known; a delimiter that the profile names is not doubted.
fn header_of(file: &str, text: &str, entity: &Entity, layout: Option<&Layout>) -> Result<(Vec<String>, u8), ErrorKind> {
    let told = layout.and_then(|layout| layout.delimiter).and_then(|delimiter| u8::try_from(delimiter).ok());
    let candidates = told.map_or_else(|| b",;\t|".to_vec(), |delimiter| vec![delimiter]);
    let (mut best, mut flaw) = (None, None);
    for delimiter in candidates {
        let mut cells = Vec::new();
        match Rows::new(text, delimiter).next_row(&mut cells) {
            Some(Ok(_)) => {
                let header: Vec<String> = cells.into_iter().map(Cow::into_owned).collect();
                let rank = (score(&header, entity, layout), header.len());
                if best.as_ref().is_none_or(|(best_rank, _, _)| rank > *best_rank) {
                    best = Some((rank, header, delimiter));
                }
            }
            Some(Err(found)) => flaw = flaw.or(Some(found)),
            None => {}
        }
    }
    match (best, flaw) {
        (Some((_, header, delimiter)), None) => Ok((header, delimiter)),
        (Some(((known, _), header, delimiter)), Some(_)) if known > 0 => Ok((header, delimiter)),
        (_, Some(flaw)) => {
            let what = format!("the header cannot be read: {}", flaw.what);
            Err(ErrorKind::Malformed { at: format!("{file}:{}", flaw.line), what })
        }
        (None, None) => Err(ErrorKind::Malformed { at: file.to_owned(), what: "has no header".into() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_may_not_be_read_is_not_ready_and_no_matter_of_credentials() {
        let refused = trouble("a.csv", &std::io::ErrorKind::PermissionDenied.into());
        assert!(matches!(refused, ErrorKind::Transient(_)), "{refused}");
        assert!(refused.to_string().starts_with("a.csv cannot be read: permission denied"), "{refused}");
    }
}
