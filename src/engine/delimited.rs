//! A delimited file that a person filled in, as rows of text.
//!
//! Keeps the invariant that every line is a row or a problem, whatever program saved it: the delimiter, the byte order mark
//! and the encoding are those of the file, read with the pieces the exports are read with.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::connectors::files::encoding;
use crate::connectors::files::rows::Rows;
use crate::core::snapshot::Problem;
use crate::engine::{EngineError, Result};

/// Rows beyond it are not read.
const ROWS_MAX: usize = 1_000_000;

/// The content of a delimited file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delimited {
    /// The first row.
    pub header: Vec<String>,
    /// The others, each with the line it starts on.
    pub rows: Vec<(u64, Vec<String>)>,
    /// Lines that are no rows.
    pub problems: Vec<Problem>,
}

/// Reads a delimited file of at most so many bytes.
///
/// # Errors
/// [`EngineError::File`] when it cannot be read, is larger, or is empty.
pub fn read_delimited(file: &Path, bytes_max: u64) -> Result<Delimited> {
    let refused = |what: String| EngineError::File { file: file.display().to_string(), what };
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|opened| opened.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes))
        .map_err(|error| refused(format!("cannot be read: {error}")))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > bytes_max {
        return Err(refused(format!("has more than {bytes_max} bytes; it is no file of this kind")));
    }
    let at = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let text = encoding::decode(bytes, None).text;
    let read = split(&at, &text);
    if read.header.is_empty() { Err(refused("is empty".to_owned())) } else { Ok(read) }
}

fn split(at: &str, text: &str) -> Delimited {
    let mut rows = Rows::new(text, delimiter(text));
    let (mut cells, mut read) = (Vec::new(), Delimited::default());
    while let Some(row) = rows.next_row(&mut cells) {
        let owned = |cells: &[Cow<'_, str>]| cells.iter().map(|cell| cell.clone().into_owned()).collect::<Vec<_>>();
        match row {
            Ok(_) if read.header.is_empty() => read.header = owned(&cells),
            Ok(_) if read.rows.len() >= ROWS_MAX => {
                read.problems
                    .push(Problem::new(at, format!("has more than {ROWS_MAX} rows; the others were not read")));
                break;
            }
            Ok(row) => read.rows.push((row.line, owned(&cells))),
            Err(flaw) => read.problems.push(Problem::new(format!("{at}:{}", flaw.line), flaw.what)),
        }
    }
    read
}

/// The delimiter that parts the first row into the most cells; a comma where all do alike.
fn delimiter(text: &str) -> u8 {
    let cells_with = |delimiter| {
        let mut cells = Vec::new();
        let read = Rows::new(text, delimiter).next_row(&mut cells);
        if matches!(read, Some(Ok(_))) { cells.len() } else { 0 }
    };
    // of equals the last is taken
    *b"|\t;,".iter().max_by_key(|delimiter| cells_with(**delimiter)).unwrap_or(&b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_program_saved_it_the_rows_are_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("review.csv");
        let expected = [(2, vec!["Müller; Söhne".to_owned(), "accept".to_owned()])];
        for bytes in [
            "name,decision\nMüller; Söhne,accept\n".as_bytes(),
            "\u{feff}name,decision\r\n\"Müller; Söhne\",accept\r\n".as_bytes(),
            "\u{feff}name;decision\r\n\"Müller; Söhne\";accept\r\n".as_bytes(),
            "name\tdecision\nMüller; Söhne\taccept".as_bytes(),
            b"name;decision\r\n\"M\xfcller; S\xf6hne\";accept\r\n",
        ] {
            std::fs::write(&file, bytes).unwrap();
            let read = read_delimited(&file, 1_000).unwrap();
            assert_eq!((read.header, read.rows.as_slice()), (vec!["name".into(), "decision".into()], &expected[..]));
        }
    }

    #[test]
    fn a_line_that_is_no_row_is_named_and_a_file_that_is_too_large_or_empty_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("review.csv");
        std::fs::write(&file, "a,b\n1,\"open\n2,3\n").unwrap();
        let read = read_delimited(&file, 1_000).unwrap();
        assert_eq!((read.rows.len(), read.problems[0].at.as_str()), (1, "review.csv:2"));
        for (bytes_max, what) in [(10, "has more than 10 bytes"), (1_000, "is empty")] {
            let said = read_delimited(&file, bytes_max).unwrap_err().to_string();
            assert!(said.contains(what), "{said}");
            std::fs::write(&file, "\n").unwrap();
        }
    }
}
