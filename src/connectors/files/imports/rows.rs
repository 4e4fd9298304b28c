//! Writes as rows of an import file, and rows as its bytes.
//!
//! Keeps the invariants that a cell holds exactly what is wanted or the write is refused, that nothing a spreadsheet would run is
//! written unless that was said, and that the same rows make the same bytes.

use std::collections::BTreeMap;

use encoding_rs::WINDOWS_1252;

use super::fields::Kept;
use super::format::{Act, Coding, Empty, Form, Formulas};
use crate::connectors::files::notation::Decimals;
use crate::connectors::files::profile::Layout;
use crate::core::change::{Said, Value};
use crate::core::money;
use crate::core::outside::{excerpt, is_formula_like};

/// What a mistake is told with.
type Told<T> = Result<T, String>;

/// A row, by the headers of its columns. Others are empty.
pub(super) type Row = BTreeMap<String, String>;

/// The fields of a record as its export shows them.
pub(super) type Held = BTreeMap<String, Option<Value>>;

/// How writes about one kind of record become rows.
#[derive(Debug)]
pub(super) struct Writer<'f> {
    /// The form.
    pub form: &'f Form,
    /// The kind of record.
    pub kept: &'f Kept,
    /// How its export is read: its words are those of the import where nothing else is said.
    pub layout: Option<&'f Layout>,
}

impl Writer<'_> {
    /// Refuses what cannot stand in such a row, before anything is read.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn may_write(&self, said: &Said<'_>) -> Told<()> {
        let act = act(said);
        if !self.form.takes.contains(&act) {
            let what = if act == Act::Create { "new records" } else { "changes" };
            return Err(format!("the system takes no {what} of this kind: `takes` of the form does not name them"));
        }
        self.row(said, None).map(|_| ())
    }

    /// The row of a write. `held` is how the record is now, as far as its export shows it; without it only what the write itself
    /// says is there.
    ///
    /// # Errors
    /// The field that has no column or cannot be written so, and why.
    pub(super) fn row(&self, said: &Said<'_>, held: Option<&Held>) -> Told<Row> {
        let mut row = Row::new();
        for (field, wanted) in &said.fields {
            let cell = match wanted.after {
                Some(value) => self.cell(field, value)?,
                None => self.cleared(field)?,
            };
            self.put(&mut row, field, &cell)?;
        }
        if let (Some(_), Some(held)) = (said.target, held) {
            self.carry(&mut row, said, held)?;
        }
        let create = said.target.is_none();
        let below = said.below.filter(|_| create || self.form.columns.contains_key("below"));
        let id = said.target.map(|target| target.id.as_str());
        let marker = said.marker.filter(|_| self.form.columns.contains_key("marker"));
        for (field, text) in [("id", id), ("below", below), ("marker", marker)] {
            if let Some(text) = text {
                self.put(&mut row, field, &self.guarded(field, text)?)?;
            }
        }
        if let Some(day) = said.effective {
            self.put(&mut row, "from", &self.cell("from", &Value::Day(day))?)?;
        }
        if let Some(action) = &self.form.action {
            let word = if create { &action.create } else { &action.update };
            row.insert(action.column.clone(), word.clone());
        }
        row.extend(self.form.constants.iter().map(|(header, value)| (header.clone(), value.clone())));
        Ok(row)
    }

    /// What stands in a row of a change without being changed.
    fn carry(&self, row: &mut Row, said: &Said<'_>, held: &Held) -> Told<()> {
        for field in self.kept.names() {
            let is_sent = self.form.empty == Empty::Clears || self.form.always.contains(field);
            if !is_sent || said.fields.contains_key(field) || !self.form.columns.contains_key(field) {
                continue;
            }
            match held.get(field) {
                Some(Some(value)) => self.put(row, field, &self.cell(field, value)?)?,
                Some(None) => {}
                None => {
                    let what = "is sent with every change, and the export has no column for it: it would be emptied";
                    return Err(format!("`{field}` {what}"));
                }
            }
        }
        Ok(())
    }

    fn put(&self, row: &mut Row, field: &str, cell: &str) -> Told<()> {
        let missing = || {
            let (file, entity) = (super::format::FILE, self.entity());
            format!("`{field}` has no column in {file}: under [{entity}.columns], {field} = \"HEADER\"")
        };
        let header = self.form.columns.get(field).ok_or_else(missing)?;
        match row.insert(header.clone(), cell.to_owned()) {
            Some(other) if other != cell => Err(format!("`{header}` would hold both {other} and {cell}")),
            Some(_) | None => Ok(()),
        }
    }

    fn entity(&self) -> &'static str {
        self.kept.name
    }

    fn cleared(&self, field: &str) -> Told<String> {
        match (self.form.empty, &self.form.clear) {
            (Empty::Clears, _) => Ok(String::new()),
            (Empty::Keeps, Some(word)) => Ok(word.clone()),
            (Empty::Keeps, None) => Err(format!(
                "`{field}` cannot be emptied: an empty cell keeps it, and `clear` names no word that empties it"
            )),
        }
    }

    fn cell(&self, field: &str, value: &Value) -> Told<String> {
        match value {
            Value::Text(text) => self.guarded(field, &self.word(field, text)?),
            Value::Number(number) => Ok(match self.form.decimal {
                Decimals::Point => money::plain(*number),
                Decimals::Comma => money::plain(*number).replace('.', ","),
            }),
            Value::Day(day) => Ok(day.format(self.form.dates.pattern()).to_string()),
        }
    }

    /// The system's word: as it is said, else the one that the export is read by, else the same.
    fn word(&self, field: &str, text: &str) -> Told<String> {
        if let Some(word) = self.form.words.get(field).and_then(|words| words.get(text)) {
            return Ok(word.clone());
        }
        let Some((shows, exported)) = self.kept.exported(field, text) else { return Ok(text.to_owned()) };
        let words = self.layout.and_then(|layout| layout.words.get(shows));
        let mut meant = words.into_iter().flatten().filter(|(_, meaning)| **meaning == exported).map(|(word, _)| word);
        match (meant.next(), meant.next()) {
            (None, _) => Ok(exported),
            (Some(word), None) => Ok(word.clone()),
            (Some(one), Some(two)) => {
                let entity = self.entity();
                Err(format!(
                    "`{one}` and `{two}` of the export both mean {text}; say under [{entity}.words] {field} = {{ \"{text}\" = \"{one}\" }}"
                ))
            }
        }
    }

    fn guarded(&self, field: &str, text: &str) -> Told<String> {
        let shown = || excerpt(text, 40);
        if let Some(odd) = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
            return Err(format!("{field}: `{}` holds the control character {}", shown(), odd.escape_unicode()));
        }
        if !is_formula_like(text) || is_signed_number(text) {
            return Ok(text.to_owned());
        }
        match self.form.formulas {
            Formulas::Keep => Ok(text.to_owned()),
            Formulas::Quote => Ok(format!("'{text}")),
            Formulas::Refuse => Err(format!(
                "{field}: a spreadsheet might run `{}`; where none opens the import file, say formulas = \"keep\" in {}, or \"quote\"",
                shown(),
                super::format::FILE
            )),
        }
    }
}

/// What a write does.
pub(super) fn act(said: &Said<'_>) -> Act {
    if said.target.is_some() { Act::Update } else { Act::Create }
}

/// A number with its sign, such as a telephone number: nothing in it can be run.
fn is_signed_number(text: &str) -> bool {
    let rest = text.strip_prefix(['+', '-']);
    rest.is_some_and(|rest| {
        rest.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '.' | ',' | '(' | ')' | '-' | '/'))
    })
}

/// The rows of a file as its bytes: a header, then a line each.
///
/// # Errors
/// The row that the encoding has no characters for.
pub(super) fn bytes(form: &Form, kept: &Kept, rows: &[Row]) -> Told<Vec<u8>> {
    let order = form.order(kept);
    let delimiter = u8::try_from(form.delimiter).map_err(|error| error.to_string())?;
    let mut lines =
        csv::WriterBuilder::new().delimiter(delimiter).terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let failed = |error: csv::Error| error.to_string();
    lines.write_record(&order).map_err(failed)?;
    for row in rows {
        let cells = order.iter().map(|header| row.get(header).map_or("", String::as_str));
        lines.write_record(cells).map_err(failed)?;
    }
    let text = lines.into_inner().map_err(|error| error.to_string())?;
    match form.encoding {
        Coding::Utf8 => Ok(text),
        Coding::Utf8Marked => Ok([b"\xef\xbb\xbf".as_slice(), &text].concat()),
        Coding::Windows1252 => {
            let text = String::from_utf8(text).map_err(|error| error.to_string())?;
            let (bytes, _, lossy) = WINDOWS_1252.encode(&text);
            let lost = |c: &char| WINDOWS_1252.encode(c.encode_utf8(&mut [0; 4])).2;
            match text.chars().find(lost) {
                Some(c) if lossy => Err(format!("`{c}` has no character in windows-1252")),
                Some(_) | None => Ok(bytes.into_owned()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::connectors::files::imports::fields::of;
    use crate::connectors::files::imports::format::Format;
    use crate::core::change::{Create, CustomerField, PsaWrite};

    fn cell(settings: &str, field: CustomerField, text: &str) -> Told<String> {
        let format = Format::parse(&format!(
            "[customer]\nfile = \"c*.csv\"\n{settings}\n[customer.columns]\nid = \"Id\"\nname = \"Name\"\nphone = \"Phone\"\n"
        ))
        .unwrap();
        let (form, kept) = (format.form("customer").unwrap(), of("customer").unwrap());
        let fields = BTreeMap::from([(field, Value::Text(text.to_owned()))]);
        let write = PsaWrite::CreateCustomer(Create { fields, below: None, marker: "m".to_owned() });
        let writer = Writer { form, kept: &kept, layout: None };
        let row = writer.row(&write.said(), None)?;
        let bytes = bytes(form, &kept, &[row])?;
        Ok(String::from_utf8_lossy(&bytes).lines().nth(1).unwrap().to_owned())
    }

    #[test]
    fn what_a_spreadsheet_would_run_is_refused_quoted_or_kept_and_a_telephone_number_is_none() {
        use CustomerField::{Name, Phone};
        for (settings, field, text, expected) in [
            ("", Name, "=1+1", Err("name: a spreadsheet might run `=1+1`")),
            ("", Name, "@SUM(A1)", Err("a spreadsheet might run")),
            ("", Name, "-2+cmd|' /C calc'!A0", Err("a spreadsheet might run")),
            ("", Phone, "+44 117 496 0000", Ok(",,+44 117 496 0000")),
            ("formulas = \"quote\"", Name, "=1+1", Ok(",'=1+1,")),
            ("formulas = \"keep\"", Name, "=1+1", Ok(",=1+1,")),
            ("", Name, "a\u{1b}b", Err("control character \\u{1b}")),
            ("delimiter = \";\"", Name, "a;\"b\"\nc", Ok(";\"a;\"\"b\"\"")),
            ("encoding = \"windows-1252\"", Name, "Łódź", Err("`Ł` has no character in windows-1252")),
        ] {
            match (cell(settings, field, text), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{settings} {text}"),
                (Err(found), Err(expected)) => assert!(found.contains(expected), "{found}"),
                (found, expected) => panic!("{settings} {text}: {found:?}, expected {expected:?}"),
            }
        }
    }
}
