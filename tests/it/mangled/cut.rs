//! Files cut anywhere, and ids listed again: seen wherever a file can show it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::{ITEMS, LINES, LINKS, LISTS, change_rows, figures, reconciled, whole_folder};

/// The offsets at which a row ends, the header's end first.
fn row_ends(bytes: &[u8]) -> BTreeSet<usize> {
    let mut quoted = false;
    let mut ends = BTreeSet::new();
    for (at, byte) in bytes.iter().enumerate() {
        quoted ^= *byte == b'"';
        if *byte == b'\n' && !quoted {
            ends.insert(at + 1);
        }
    }
    ends
}

/// How many cuts are made: in the last bytes, in the first, and all over the file.
struct Cuts {
    last: usize,
    first: usize,
    scattered: usize,
}

/// Offsets to cut at, the same on every run. Those beside a comma or a quote are all among them in the last
/// rows: there a cut leaves a whole cell, or none.
fn offsets(bytes: &[u8], Cuts { last, first, scattered }: Cuts) -> BTreeSet<usize> {
    let length = bytes.len();
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % length
    };
    let scattered: Vec<usize> = (0..scattered).map(|_| draw()).collect();
    let is_edge = |at: &usize| *at > 0 && matches!(bytes[at - 1], b',' | b'"') || bytes[*at] == b',';
    let edges = (length.saturating_sub(3 * last)..length).filter(is_edge);
    (length.saturating_sub(last)..length).chain(0..length.min(first)).chain(scattered).chain(edges).collect()
}

/// A cut is noticed, or falls between two rows, where a file bears no trace of it.
fn each_cut_is_noticed(file: &str, linked: bool) {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    whole_folder(folder, 3);
    for file in [ITEMS, LINES] {
        change_rows(folder, file, |rows| rows.truncate(20));
    }
    // Without links nothing of this month has an exact counterpart: then it is unknown for that, and nothing else.
    let (status, whole) = reconciled(folder, linked);
    assert_eq!((status, whole.unwrap().problems), (if linked { 0 } else { 8 }, Vec::new()));
    let bytes = fs::read(folder.join(file)).unwrap();
    let ends = row_ends(&bytes);
    let header = *ends.first().unwrap();
    let mut unnoticed = 0;
    let cuts =
        if linked { Cuts { last: 60, first: 20, scattered: 40 } } else { Cuts { last: 20, first: 0, scattered: 20 } };
    let offsets = offsets(&bytes, cuts);
    for at in offsets.into_iter().chain(ends.iter().copied().filter(|end| *end < bytes.len())) {
        fs::write(folder.join(file), &bytes[..at]).unwrap();
        match reconciled(folder, linked) {
            // Links that cannot be used at all are the user's to mend: wrong usage.
            (2, Err(told)) if file == LINKS => assert!(told.contains(file), "{file} cut at {at}: {told}"),
            (8, Err(told)) => assert!(told.contains(file), "{file} cut at {at}: {told}"),
            (8, Ok(outcome)) => {
                let named = outcome.problems.iter().any(|problem| problem.at.starts_with(file));
                // rows that are gone may leave nothing to compare
                let nothing = (outcome.coverage.rows_of_the_month(true) == 0
                    || outcome.coverage.rows_of_the_month(false) == 0
                    || outcome.coverage.compared_rows() == 0)
                    && ends.contains(&at)
                    && at > header;
                assert!(named || nothing, "{file} cut at {at}: {:?}", outcome.problems);
                unnoticed += usize::from(!named);
            }
            (0, Ok(_)) => {
                assert!(ends.contains(&at) && at > header, "{file} cut at {at} passes for whole");
                unnoticed += 1;
            }
            (status, Err(told)) => unreachable!("{file} cut at {at} ends with {status}: {told}"),
            (status, Ok(outcome)) => unreachable!("{file} cut at {at} ends with {status}: {:?}", outcome.problems),
        }
    }
    assert!(unnoticed > 0, "{file}: some cuts fall between rows");
}

#[test]
fn a_cut_of_the_charges_is_noticed() {
    each_cut_is_noticed(ITEMS, true);
}

#[test]
fn a_cut_of_the_agreement_lines_is_noticed() {
    each_cut_is_noticed(LINES, true);
}

#[test]
fn a_cut_of_a_list_is_noticed_with_links_and_without() {
    for file in LISTS {
        for linked in [true, false] {
            each_cut_is_noticed(file, linked);
        }
    }
}

#[test]
fn a_cut_of_the_links_is_noticed() {
    each_cut_is_noticed(LINKS, true);
}

/// What is wrong with a folder's rows, as text.
fn problems(folder: &Path) -> Vec<String> {
    let (status, outcome) = reconciled(folder, true);
    assert_eq!(status, 8);
    outcome.unwrap().problems.iter().map(ToString::to_string).collect()
}

/// The file with the rows of its month and many of another month before and between them, so that it has many blocks.
pub(super) fn lengthened(folder: &Path, file: &str, rows: usize) -> usize {
    let text = fs::read_to_string(folder.join(file)).unwrap();
    let mut lines = text.lines();
    let (header, first) = (lines.next().unwrap(), lines.next().unwrap());
    let id = first.split(',').next().unwrap();
    let mut long = format!("{header}\n{first}\n");
    for number in 0..rows {
        let _ = writeln!(long, "{}", first.replacen(id, &format!("more-{number}"), 1));
    }
    lines.for_each(|line| {
        let _ = writeln!(long, "{line}");
    });
    fs::write(folder.join(file), &long).unwrap();
    long.lines().count()
}

#[test]
fn an_id_listed_again_in_another_block_is_named_with_both_lines_and_the_first_counts() {
    for file in [ITEMS, LINES] {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path();
        whole_folder(folder, 3);
        let rows = lengthened(folder, file, 6_000);
        assert!(fs::metadata(folder.join(file)).unwrap().len() > 3 << 18, "{file} has more than three blocks");
        let (status, once) = reconciled(folder, true);
        assert_eq!(status, 0);
        // the second row again, twice, at the end: once as it is, once with other money
        let text = fs::read_to_string(folder.join(file)).unwrap();
        let second = text.lines().nth(1).unwrap();
        let id = second.split(',').next().unwrap();
        fs::write(folder.join(file), format!("{text}{second}\n{second}\n")).unwrap();
        let (status, again) = reconciled(folder, true);
        let again = again.unwrap();
        assert_eq!(status, 8);
        let told: Vec<String> = again.problems.iter().map(ToString::to_string).collect();
        let expected = [1, 2]
            .map(|more| format!("{file}:{}, record {id}, field id: the id was there before, at {file}:2", rows + more));
        assert_eq!(told, expected);
        let once = once.unwrap();
        assert_eq!((again.variances, again.classes), (once.variances, once.classes), "{file}: the first counts");
        assert_eq!(again.coverage.buckets, once.coverage.buckets, "{file}: the others do not");
        assert_eq!(again.coverage.vendor_unreadable + again.coverage.psa_unreadable, 2);
    }
}

#[test]
fn more_ids_than_are_held_in_memory_are_compared_too() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    whole_folder(folder, 3);
    let rows = lengthened(folder, LINES, 150_000);
    let text = fs::read_to_string(folder.join(LINES)).unwrap();
    let again = text.lines().nth(70_000).unwrap();
    fs::write(folder.join(LINES), format!("{text}{again}\n")).unwrap();
    let id = again.split(',').next().unwrap();
    let told = format!("{LINES}:{}, record {id}, field id: the id was there before, at {LINES}:70001", rows + 1);
    assert_eq!(problems(folder), [told]);
}

#[test]
fn a_quote_left_open_in_a_long_file_costs_its_row_and_no_other() {
    for (file, cell) in [(ITEMS, ",\"cut description"), (LINES, ",\"Managed")] {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path();
        whole_folder(folder, 3);
        lengthened(folder, file, 6_000);
        let text = fs::read_to_string(folder.join(file)).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let (_, before) = reconciled(folder, true);
        let at = 2_000;
        // the fourth field begins with a quote that nothing closes
        let (head, tail) = lines[at].split_at(lines[at].match_indices(',').nth(2).unwrap().0);
        lines[at] = format!("{head}{cell}{tail}");
        fs::write(folder.join(file), lines.join("\n") + "\n").unwrap();
        let (status, after) = reconciled(folder, true);
        let (before, after) = (before.unwrap(), after.unwrap());
        assert_eq!(status, 8);
        let told: Vec<String> = after.problems.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|p| p.starts_with(&format!("{file}:{}", at + 1)) && p.contains("quote")), "{told:?}");
        assert_eq!(told.len(), 1, "{told:?}");
        let rows = |outcome: &trueup::core::reconcile::outcome::Outcome| -> u64 {
            outcome.coverage.buckets.values().flat_map(|b| b.values()).map(|tally| tally.rows).sum()
        };
        assert_eq!(rows(&after) + 1, rows(&before), "{file}");
    }
}

#[test]
fn the_same_text_in_another_dress_gives_the_same_figures() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    whole_folder(folder, 3);
    let expected = figures(&reconciled(folder, true).1.unwrap());
    for file in [ITEMS, LINES].into_iter().chain(LISTS).chain([LINKS]) {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        for (dress, bytes) in [
            ("CR LF", text.replace('\n', "\r\n").into_bytes()),
            ("CR alone", text.replace('\n', "\r").into_bytes()),
            ("a byte order mark", format!("\u{feff}{text}").into_bytes()),
            ("empty lines", text.replace('\n', "\n\n\r\n").into_bytes()),
            ("UTF-16", [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()),
            ("semicolons", semicolons(&text)),
        ] {
            fs::write(folder.join(file), bytes).unwrap();
            let (status, outcome) = reconciled(folder, true);
            let outcome = outcome.unwrap();
            assert_eq!(status, 0, "{file}, {dress}: {:?}", outcome.problems);
            assert_eq!(figures(&outcome), expected, "{file}, {dress}");
        }
        fs::write(folder.join(file), text).unwrap();
    }
}

fn semicolons(text: &str) -> Vec<u8> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let mut writer = csv::WriterBuilder::new().delimiter(b';').from_writer(Vec::new());
    reader.records().for_each(|row| writer.write_record(&row.unwrap()).unwrap());
    writer.into_inner().unwrap()
}
