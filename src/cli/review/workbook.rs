//! The sheet `review` of a workbook, as rows of text.
//!
//! Keeps the invariant that a workbook is measured before it is read: the reader unpacks what the file says, and a few
//! kilobytes can say gigabytes.

use std::fs::File;
use std::io::{self, Cursor, Read as _};
use std::path::Path;

use calamine::{Data, DataRef, Reader, Xlsx};
use zip::ZipArchive;

use crate::cli::error::{CommandError, Kind};
use crate::core::review::COLUMNS;

/// Parts of a workbook; a review has a dozen.
const ENTRIES_MAX: usize = 10_000;
/// Bytes of all parts once they are unpacked.
const UNPACKED_BYTES_MAX: u64 = 256 << 20;
/// Cells of a workbook, whatever it says of its size.
const CELLS_MAX: usize = 5_000_000;

/// The heading, and each row with its number.
pub(super) type Sheet = (Vec<String>, Vec<(u64, Vec<String>)>);

/// Reads a workbook of at most so many bytes.
pub(super) fn read(file: &Path, bytes_max: u64) -> Result<Sheet, CommandError> {
    let failed = |what: String| {
        let error = CommandError::new(Kind::Usage, format!("{} cannot be read: {what}", file.display()));
        error.hint("Name a workbook that `trueup review export` wrote.")
    };
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|opened| opened.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes))
        .map_err(|error| failed(error.to_string()))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > bytes_max {
        return Err(failed(format!("it has more than {bytes_max} bytes")));
    }
    measure(&bytes, ENTRIES_MAX, UNPACKED_BYTES_MAX).map_err(failed)?;
    let rows = cells(bytes).map_err(failed)?;
    let mut rows = rows.into_iter();
    let header = rows.next().map(|(_, header)| header).ok_or_else(|| failed("it is empty".to_owned()))?;
    Ok((header, rows.collect()))
}

/// Unpacks every part into nothing, as far as the limits go; what a part says of its own size is not believed.
fn measure(bytes: &[u8], entries_max: usize, unpacked_max: u64) -> Result<(), String> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    if archive.len() > entries_max {
        return Err(format!("it has {} parts; {entries_max} are read at most", archive.len()));
    }
    let mut left = unpacked_max;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|error| error.to_string())?;
        let unpacked = io::copy(&mut part.take(left.saturating_add(1)), &mut io::sink());
        let unpacked = unpacked.map_err(|error| error.to_string())?;
        left = left
            .checked_sub(unpacked)
            .ok_or_else(|| format!("unpacked it has more than {unpacked_max} bytes; a review is far smaller"))?;
    }
    Ok(())
}

fn cells(bytes: Vec<u8>) -> Result<Vec<(u64, Vec<String>)>, String> {
    let mut book = Xlsx::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    // The sheet is found by its name, wherever a spreadsheet program has put it.
    let name = book.sheet_names().into_iter().find(|name| name.eq_ignore_ascii_case("review"));
    let name = name.ok_or("it has no sheet `review`")?;
    let mut cells = book.worksheet_cells_reader(&name).map_err(|error| error.to_string())?;
    let mut rows: Vec<(u64, Vec<String>)> = Vec::new();
    let mut seen = 0_usize;
    while let Some(cell) = cells.next_cell().map_err(|error| error.to_string())? {
        seen = seen.saturating_add(1);
        if seen > CELLS_MAX {
            return Err(format!("it has more than {CELLS_MAX} cells"));
        }
        let (row, column) = cell.get_position();
        let number = u64::from(row).saturating_add(1);
        if rows.last().is_none_or(|(last, _)| *last != number) {
            rows.push((number, Vec::new()));
        }
        let Some((_, line)) = rows.last_mut() else { continue };
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        // Columns far to the right are none of ours, and a far cell must not make a wide row.
        if column < COLUMNS.len().saturating_mul(8) {
            line.resize(line.len().max(column.saturating_add(1)), String::new());
            if let Some(slot) = line.get_mut(column) {
                *slot = plain(cell.get_value());
            }
        }
    }
    Ok(rows)
}

fn plain(value: &DataRef<'_>) -> String {
    Data::from(value.clone()).to_string()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn packed(parts: usize, part: &[u8]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for number in 0..parts {
            writer.start_file(format!("{number}.xml"), SimpleFileOptions::default()).unwrap();
            writer.write_all(part).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn what_unpacks_beyond_the_limit_is_refused_whatever_it_says_of_its_size() {
        let part = vec![b' '; 1 << 20];
        let mut bomb = packed(2, &part);
        assert!(bomb.len() < 10_000, "{}", bomb.len());
        measure(&bomb, 2, 2 << 20).unwrap();
        assert!(measure(&bomb, 2, (2 << 20) - 1).unwrap_err().contains("unpacked it has more than"));
        // every place that says how large a part is now says one byte
        let size = u32::try_from(part.len()).unwrap().to_le_bytes();
        for at in 0..bomb.len() - 4 {
            if bomb[at..at + 4] == size {
                bomb[at..at + 4].copy_from_slice(&1_u32.to_le_bytes());
            }
        }
        assert!(measure(&bomb, 2, 1 << 19).is_err());
    }

    #[test]
    fn a_workbook_is_measured_before_it_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("review.xlsx");
        std::fs::write(&file, packed(ENTRIES_MAX + 1, b"")).unwrap();
        let said = read(&file, 32 << 20).unwrap_err().to_string();
        assert!(said.ends_with("it has 10001 parts; 10000 are read at most"), "{said}");
        std::fs::write(&file, "no workbook").unwrap();
        assert!(read(&file, 5).unwrap_err().to_string().ends_with("it has more than 5 bytes"));
        assert!(read(&file, 32 << 20).is_err());
    }
}
