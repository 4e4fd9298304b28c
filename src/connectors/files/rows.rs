//! Delimited text as rows: RFC 4180 with any of four delimiters, read lazily and within limits.
//!
//! Own code, because a reader is needed that says where a quote was left open, whether the last line was ended, and that
//! refuses an endless row before it is in memory; the `csv` crate accepts all three. Every physical line ends in a row
//! or in a [`Flaw`], so nothing is skipped unseen.

use std::borrow::Cow;

use memchr::{memchr, memchr2, memchr3};

use super::limits;

/// A row that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    /// The line it starts on, from 1.
    pub line: u64,
    /// Whether a line break ends it; the last line of a file may lack one.
    pub ended: bool,
}

/// A row that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The line it starts on, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub what: String,
}

/// The rows of a text, in order. Empty lines are no rows.
#[derive(Debug)]
pub struct Rows<'t> {
    text: &'t str,
    at: usize,
    line: u64,
    delimiter: u8,
}

/// How a cell ended.
enum End {
    Cell,
    Row,
    Text,
}

impl<'t> Rows<'t> {
    /// Reads from the start of a text.
    #[must_use]
    pub fn new(text: &'t str, delimiter: u8) -> Self {
        Self { text, at: 0, line: 1, delimiter }
    }

    /// Reads the middle of a text whose fields commas part, from the start of a row on line `line`.
    pub(super) fn starting(text: &'t str, line: u64) -> Self {
        Self { text, at: 0, line, delimiter: b',' }
    }

    /// What is not read yet, and the line it begins on.
    pub(super) fn position(&self) -> (&'t str, u64) {
        (self.slice(self.at, self.text.len()), self.line)
    }

    /// The next row's cells, or what is wrong with it; after a flaw the rest goes on.
    pub fn next_row(&mut self, cells: &mut Vec<Cow<'t, str>>) -> Option<Result<Read, Flaw>> {
        self.skip_empty_lines();
        if self.at >= self.text.len() {
            return None;
        }
        let (start, line) = (self.at, self.line);
        cells.clear();
        loop {
            if cells.len() == limits::COLUMNS {
                self.resume_after_line(self.at);
                let what = format!("the row has more than {} fields", limits::COLUMNS);
                return Some(Err(Flaw { line, what }));
            }
            match self.cell() {
                Ok((cell, end)) => {
                    cells.push(cell);
                    match end {
                        End::Cell => {}
                        End::Row => return Some(Ok(Read { line, ended: true })),
                        End::Text => return Some(Ok(Read { line, ended: false })),
                    }
                }
                Err(Broken::InQuotes(what)) => {
                    self.line = line;
                    self.resume_after_line(start);
                    return Some(Err(Flaw { line, what }));
                }
                Err(Broken::OnLine(what)) => {
                    self.resume_after_line(self.at);
                    return Some(Err(Flaw { line, what }));
                }
            }
        }
    }

    fn rest(&self) -> &'t [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn slice(&self, from: usize, to: usize) -> &'t str {
        self.text.get(from..to).unwrap_or_default()
    }

    fn skip_empty_lines(&mut self) {
        while let Some(b'\n' | b'\r') = self.rest().first() {
            self.line_break();
        }
    }

    /// Steps over one line break: LF, CR LF, or CR alone.
    fn line_break(&mut self) {
        let long = self.rest().starts_with(b"\r\n");
        self.at = self.at.saturating_add(if long { 2 } else { 1 });
        self.line = self.line.saturating_add(1);
    }

    /// After a row that cannot be read, the next physical line is a row again.
    fn resume_after_line(&mut self, from: usize) {
        self.at = from;
        match memchr2(b'\n', b'\r', self.rest()) {
            Some(found) => {
                self.at = self.at.saturating_add(found);
                self.line_break();
            }
            None => self.at = self.text.len(),
        }
    }

    fn cell(&mut self) -> Result<(Cow<'t, str>, End), Broken> {
        if self.rest().first() == Some(&b'"') {
            return self.quoted();
        }
        let start = self.at;
        let found = memchr3(self.delimiter, b'\n', b'\r', self.rest()).unwrap_or(self.rest().len());
        if found > limits::CELL_BYTES {
            return Err(Broken::OnLine(too_long()));
        }
        self.at = self.at.saturating_add(found);
        let cell = self.slice(start, self.at);
        Ok((Cow::Borrowed(cell), self.end_of_cell()))
    }

    fn end_of_cell(&mut self) -> End {
        match self.rest().first() {
            None => End::Text,
            Some(b'\n' | b'\r') => {
                self.line_break();
                End::Row
            }
            Some(_) => {
                self.at = self.at.saturating_add(1);
                End::Cell
            }
        }
    }

    fn quoted(&mut self) -> Result<(Cow<'t, str>, End), Broken> {
        let start = self.at.saturating_add(1);
        let (close, doubled) = self.closing(start)?;
        let inner = self.slice(start, close);
        let breaks = inner.bytes().filter(|b| *b == b'\n').count();
        self.line = self.line.saturating_add(u64::try_from(breaks).unwrap_or(u64::MAX));
        self.at = close.saturating_add(1);
        match self.rest().first() {
            Some(b) if *b != self.delimiter && !matches!(b, b'\n' | b'\r') => Err(Broken::OnLine(
                "there is text after a closing quote; a quote inside a field is written twice".into(),
            )),
            _ => {
                let cell = if doubled { Cow::Owned(inner.replace("\"\"", "\"")) } else { Cow::Borrowed(inner) };
                Ok((cell, self.end_of_cell()))
            }
        }
    }

    /// Where the quote is that closes a field, and whether there are doubled ones before it. A long field is one only where
    /// a delimiter or a line break follows that quote; else the quote at its start was left open.
    fn closing(&self, start: usize) -> Result<(usize, bool), Broken> {
        let bytes = self.text.as_bytes();
        let (mut close, mut doubled) = (start, false);
        loop {
            let rest = bytes.get(close..).unwrap_or_default();
            let window = rest.get(..limits::QUOTED_BYTES.saturating_add(1)).unwrap_or(rest);
            let Some(found) = memchr(b'"', window) else {
                let open = window.len() == rest.len();
                return Err(Broken::InQuotes(if open { left_open() } else { too_long_in_quotes() }));
            };
            close = close.saturating_add(found);
            let long = close.saturating_sub(start);
            let next = bytes.get(close.saturating_add(1));
            let follows = next.is_none_or(|b| *b == self.delimiter || matches!(b, b'"' | b'\n' | b'\r'));
            if long > limits::QUOTED_BYTES || (long > limits::CELL_BYTES && !follows) {
                return Err(Broken::InQuotes(too_long_in_quotes()));
            }
            if next != Some(&b'"') {
                return Ok((close, doubled));
            }
            doubled = true;
            close = close.saturating_add(2);
        }
    }
}

/// Where to go on after a flaw: a quote left open makes the end of the row unknown.
enum Broken {
    InQuotes(String),
    OnLine(String),
}

fn left_open() -> String {
    "a quote is opened and never closed; the file may be cut".into()
}

fn too_long() -> String {
    format!("a field is longer than {} bytes", limits::CELL_BYTES)
}

fn too_long_in_quotes() -> String {
    format!("{}; its quote may be left open", too_long())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str, delimiter: u8) -> Vec<String> {
        let (mut rows, mut cells, mut out) = (Rows::new(text, delimiter), Vec::new(), Vec::new());
        while let Some(row) = rows.next_row(&mut cells) {
            out.push(match row {
                Ok(read) => format!("{}{} {}", read.line, if read.ended { "" } else { "!" }, cells.join("|")),
                Err(flaw) => format!("{} {}", flaw.line, flaw.what.split(';').next().unwrap()),
            });
        }
        out
    }

    #[test]
    fn rows_are_split_as_written() {
        for (text, rows) in [
            ("a,b\n1,2\n", vec!["1 a|b", "2 1|2"]),
            ("a,b\r\n1,\"x\r\ny\"\r\n2,", vec!["1 a|b", "2 1|x\r\ny", "4! 2|"]),
            ("a\rb", vec!["1 a", "2! b"]),
            ("\n\na,\"say \"\"hi\"\"\"\n\n", vec!["3 a|say \"hi\""]),
            ("a,\"b\nc,d\n", vec!["1 a quote is opened and never closed", "2 c|d"]),
            ("a,\"b\"x,c\nd,e\n", vec!["1 there is text after a closing quote", "2 d|e"]),
            ("\"\",\"\"", vec!["1! |"]),
            ("a,\"b\"\nc,\"d\"", vec!["1 a|b", "2! c|d"]),
            ("a,b\nc,\"d\"\"", vec!["1 a|b", "2 a quote is opened and never closed"]),
            ("", vec![]),
        ] {
            assert_eq!(read(text, b','), rows, "{text:?}");
        }
        assert_eq!(read("a;\"b;c\"", b';'), ["1! a|b;c"]);
    }

    #[test]
    fn endless_rows_and_fields_are_refused_and_the_rest_goes_on() {
        let wide = format!("{}\nx,y\n", ",".repeat(3_000_000));
        assert_eq!(read(&wide, b','), ["1 the row has more than 1000 fields", "2 x|y"]);
        let long = format!("a,{}\nx,y\n", "z".repeat(70_000));
        assert_eq!(read(&long, b','), ["1 a field is longer than 65536 bytes", "2 x|y"]);
        let swallowed = format!("a,\"{}\nx,y\n{}", "z".repeat(10), "1,2\n".repeat(20_000));
        assert_eq!(read(&swallowed, b',').len(), 20_002);
        let swallowed = format!("{swallowed}\"q\",\"r\"\n");
        assert_eq!(read(&swallowed, b',').len(), 20_003, "the quote after it opens a field and closes none");
    }

    #[test]
    fn a_long_field_with_line_breaks_is_one_field_and_the_rest_goes_on() {
        for (lines, doubled) in [(20_000, "."), (400_000, "\"\"")] {
            let long = "1,2\n".repeat(lines) + doubled;
            let found = read(&format!("a,\"{long}\",b\n\"x\",y\n"), b',');
            let [first, second] = &found[..] else { panic!("{} rows", found.len()) };
            assert!(first.starts_with("1 a|1,2") && first.ends_with("|b"), "{lines}");
            assert_eq!(*second, format!("{} x|y", lines + 2));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_to_its_end(text in "[a,\";\r\né]{0,60}") {
            let lines = text.lines().count() + text.matches('\r').count();
            prop_assert!(read(&text, b',').len() <= lines + 1);
        }

        #[test]
        fn what_a_writer_quotes_is_read_back(cells in proptest::collection::vec("[a,\";\n é]{0,8}", 2..5)) {
            let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
            writer.write_record(&cells).unwrap();
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            let mut out = Vec::new();
            Rows::new(&text, b',').next_row(&mut out).unwrap().unwrap();
            prop_assert_eq!(out, cells);
        }
    }
}
