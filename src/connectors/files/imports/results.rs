//! What a system answered to an import file, row by row.
//!
//! Keeps the invariant that an answer is taken whole or not at all: one that names rows the file does not have, or not each of
//! them once, or says a word nobody explained, belongs to another file or is read wrongly.

use std::collections::BTreeMap;

use super::format::{Lists, ResultForm};
use crate::core::outside::excerpt;

/// What came of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it was imported.
    pub imported: bool,
    /// The system's words.
    pub said: String,
    /// The record it made or changed, where the answer names it.
    pub record: Option<String>,
}

/// What a row of the import file is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    /// The record it changes.
    pub id: Option<String>,
    /// The marker of the record it makes.
    pub marker: Option<String>,
}

/// An answer as it was written: its header, and its rows with their lines.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// Its first row.
    pub header: &'a [String],
    /// The others.
    pub rows: &'a [(u64, Vec<String>)],
}

/// How many mistakes of an answer are told.
const TOLD_MAX: usize = 5;

/// What came of each row of the import file, in its order.
///
/// # Errors
/// What in the answer does not fit the file.
pub(super) fn verdicts(form: &ResultForm, known: &[Known], answer: Answer<'_>) -> Result<Vec<Verdict>, String> {
    let columns = Columns::of(form, answer.header)?;
    let mut found: BTreeMap<usize, Verdict> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (line, cells) in answer.rows {
        match columns.read(form, known, cells) {
            Ok((at, _)) if found.contains_key(&at) => {
                wrong.push(format!("line {line}: row {} of the file was there before", at.saturating_add(1)));
            }
            Ok((at, verdict)) => {
                found.insert(at, verdict);
            }
            Err(what) => wrong.push(format!("line {line}: {what}")),
        }
    }
    let missing: Vec<String> =
        (0..known.len()).filter(|at| !found.contains_key(at)).map(|at| at.saturating_add(1).to_string()).collect();
    if form.lists == Lists::All && !missing.is_empty() {
        wrong.push(format!(
            "{} of the {} rows of the file are not in it: {}",
            missing.len(),
            known.len(),
            excerpt(&missing.join(", "), 60)
        ));
    }
    if !wrong.is_empty() {
        let more = wrong.len().saturating_sub(TOLD_MAX);
        wrong.truncate(TOLD_MAX);
        let more = if more == 0 { String::new() } else { format!("; and {more} more") };
        return Err(format!("{}{more}", wrong.join("; ")));
    }
    let unlisted = |at: usize| Verdict {
        imported: true,
        said: "not among the refused rows".to_owned(),
        record: known.get(at).and_then(|known| known.id.clone()),
    };
    Ok((0..known.len()).map(|at| found.remove(&at).unwrap_or_else(|| unlisted(at))).collect())
}

/// Where the columns of an answer stand.
struct Columns {
    row: Option<usize>,
    id: Option<usize>,
    marker: Option<usize>,
    status: usize,
    message: Option<usize>,
}

impl Columns {
    fn of(form: &ResultForm, header: &[String]) -> Result<Self, String> {
        let find = |name: &String| {
            let at = header.iter().position(|header| header.trim() == name);
            at.ok_or_else(|| format!("there is no column `{name}`; there are {}", excerpt(&header.join(", "), 200)))
        };
        let maybe = |name: &Option<String>| name.as_ref().map(find).transpose();
        Ok(Self {
            row: maybe(&form.row)?,
            id: maybe(&form.id)?,
            marker: maybe(&form.marker)?,
            status: find(&form.status)?,
            message: maybe(&form.message)?,
        })
    }

    /// Which row a line is about, and what it says of it.
    fn read(&self, form: &ResultForm, known: &[Known], cells: &[String]) -> Result<(usize, Verdict), String> {
        let cell =
            |at: Option<usize>| at.and_then(|at| cells.get(at)).map(|cell| cell.trim()).filter(|cell| !cell.is_empty());
        let (id, marker) = (cell(self.id), cell(self.marker));
        let at = match cell(self.row) {
            Some(row) => numbered(row, form.first_row, known.len())?,
            None => named(known, id, marker)?,
        };
        let status = cell(Some(self.status)).unwrap_or_default();
        let imported = match (form.imported.contains(status), form.refused.contains(status)) {
            (true, _) => true,
            (false, true) => false,
            (false, false) => {
                return Err(format!("`{}` is said to mean neither imported nor refused", excerpt(status, 40)));
            }
        };
        let row = known.get(at).ok_or("no such row")?;
        for (what, said, sent) in [("id", id, &row.id), ("marker", marker, &row.marker)] {
            if let (Some(said), Some(sent)) = (said, sent)
                && said != sent
            {
                let (said, at) = (excerpt(said, 40), at.saturating_add(1));
                return Err(format!("the {what} of row {at} is {sent} in the file, found {said}"));
            }
        }
        let message = cell(self.message).map_or(String::new(), |message| format!(": {message}"));
        let record = row.id.clone().or_else(|| id.filter(|_| imported).map(str::to_owned));
        Ok((at, Verdict { imported, said: format!("{status}{message}"), record }))
    }
}

fn numbered(row: &str, first: u64, rows: usize) -> Result<usize, String> {
    let unfit = || format!("the file has no row `{}`", excerpt(row, 40));
    let number: u64 = row.parse().map_err(|_| unfit())?;
    let at = number.checked_sub(first).and_then(|at| usize::try_from(at).ok());
    at.filter(|at| *at < rows).ok_or_else(unfit)
}

/// The row of a marker, else of an id.
fn named(known: &[Known], id: Option<&str>, marker: Option<&str>) -> Result<usize, String> {
    let by = |of: fn(&Known) -> Option<&str>, text: Option<&str>| {
        let text = text?;
        known.iter().position(|row| of(row) == Some(text))
    };
    let found = by(|row| row.marker.as_deref(), marker).or_else(|| by(|row| row.id.as_deref(), id));
    found.ok_or_else(|| match marker.or(id) {
        Some(text) => format!("the file has no row of `{}`", excerpt(text, 40)),
        None => "it does not say which row it is about".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(more: &str) -> ResultForm {
        toml::from_str(&format!(
            "status = \"Status\"\nmessage = \"Text\"\nimported = [\"OK\"]\nrefused = [\"Fehler\"]\n{more}"
        ))
        .unwrap()
    }

    fn read(more: &str, text: &str) -> Result<String, String> {
        let known = [(Some("12"), None), (Some("13"), None), (None, Some("m-1"))];
        let text_of = |text: Option<&str>| text.map(str::to_owned);
        let known = known.map(|(id, marker)| Known { id: text_of(id), marker: text_of(marker) });
        let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
        let header = lines.next().unwrap();
        let rows: Vec<(u64, Vec<String>)> = (2..).zip(lines).collect();
        let verdicts = verdicts(&form(more), &known, Answer { header: &header, rows: &rows })?;
        let told = verdicts.iter().map(|one| {
            format!("{} {} {}", if one.imported { "yes" } else { "no" }, one.record.as_deref().unwrap_or("-"), one.said)
        });
        Ok(told.collect::<Vec<_>>().join("|"))
    }

    #[test]
    fn an_answer_is_read_by_row_id_or_marker_and_refused_where_it_does_not_fit() {
        let by_row = "row = \"Row\"\nfirst_row = 2";
        let by_id = "id = \"Id\"\nmarker = \"Mark\"";
        for (form, text, expected) in [
            (
                by_row,
                "Row,Status,Text\n2,OK,\n3,Fehler,gesperrt\n4,OK,neu",
                Ok("yes 12 OK|no 13 Fehler: gesperrt|yes - OK: neu"),
            ),
            (by_id, "Id,Mark,Status,Text\n99,m-1,OK,\n13,,OK,\n12,,OK,", Ok("yes 12 OK|yes 13 OK|yes 99 OK")),
            (by_row, "Row,Status,Text\n2,OK,\n3,OK,", Err("1 of the 3 rows of the file are not in it: 3")),
            (by_row, "Row,Status,Text\n2,OK,\n3,OK,\n4,OK,\n5,OK,", Err("line 5: the file has no row `5`")),
            (by_row, "Row,Status,Text\n2,OK,\n2,OK,\n4,OK,", Err("line 3: row 1 of the file was there before")),
            (by_row, "Row,Status,Text\n2,Hm,\n3,OK,\n4,OK,", Err("`Hm` is said to mean neither")),
            (by_row, "Row,State,Text\n2,OK,", Err("there is no column `Status`; there are Row, State, Text")),
            (by_id, "Id,Mark,Status,Text\n77,,OK,", Err("the file has no row of `77`")),
            (
                "row = \"Row\"\nid = \"Id\"",
                "Row,Id,Status,Text\n1,13,OK,",
                Err("the id of row 1 is 12 in the file, found 13"),
            ),
            (
                "row = \"Row\"\nlists = \"refused\"",
                "Row,Status,Text\n2,Fehler,nein",
                Ok("yes 12 not among the refused rows|no 13 Fehler: nein|yes - not among the refused rows"),
            ),
        ] {
            match (read(form, text), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{text}"),
                (Err(found), Err(expected)) => assert!(found.contains(expected), "{found}"),
                (found, expected) => panic!("{text}: {found:?}, expected {expected:?}"),
            }
        }
    }
}
