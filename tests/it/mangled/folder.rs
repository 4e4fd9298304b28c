//! A folder with one thing broken, through the program: the status, and what it says of file, line, record and field.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use trueup::core::reconcile::outcome::Outcome;

use super::{ITEMS, LINES, LINKS, LISTS, PERIOD, change, change_rows, column, figures, reconciled, whole_folder};
use crate::support::hermetic::{Place, Ran};

/// Reconciles `data` into `out`.
fn run(place: &Place) -> Ran {
    place.run(&format!("reconcile --from data --period {PERIOD} --links data/{LINKS} --out out"))
}

/// A place with a whole month in `data`.
fn place() -> Place {
    let place = Place::new();
    whole_folder(&place.path().join("data"), 3);
    place
}

/// What the program leaves of a folder with one bad row: the problem everywhere, and the figures of the other rows.
fn bad_row_is_told(file: &str, field: &str, cell: &str) {
    let place = place();
    let data = place.path().join("data");
    let (mut id, mut row) = (String::new(), Vec::new());
    change_rows(&data, file, |rows| {
        let at = column(rows, field);
        id.clone_from(&rows[2][0]);
        row = rows.remove(2);
        cell.clone_into(&mut row[at]);
    });
    let without = figures(&reconciled(&data, true).1.unwrap());
    change_rows(&data, file, |rows| rows.insert(2, row));
    let ran = run(&place).ended(8);
    if field == "id" {
        id.clear();
    }
    let record = if id.is_empty() { String::new() } else { format!(", record {id}") };
    let told = format!("{file}:3{record}, field {field}: ");
    assert!(ran.stderr.contains(&told), "{field} = {cell:?}: {}", ran.stderr);
    assert!(ran.stderr.contains("1 line of the"), "{}", ran.stderr);
    let problems = place.read("out/problems.csv");
    assert!(problems.contains(&format!("\n{file}:3,{id},{field},")), "{problems}");
    let totals = place.read("out/totals.json");
    let of = if file == ITEMS { "vendor" } else { "psa" };
    for said in [r#""verdict": "unknown""#, r#""problems": 1"#, &format!(r#""{of}UnreadableRows": 1"#)] {
        assert!(totals.contains(said), "{said}: {totals}");
    }
    let cells = |text: &str| text.lines().map(|line| line.split(',').take(15).collect::<Vec<_>>().join(",")).collect();
    let expected: Vec<String> = cells(without.split('{').next().unwrap());
    let written: Vec<String> = cells(&place.read("out/variances.csv"));
    assert_eq!(written, expected, "{field} = {cell:?}: the other rows count");
}

#[test]
fn a_cell_that_cannot_be_read_costs_its_row_and_is_named() {
    for (file, numbers, days, words) in [
        (ITEMS, &["quantity", "price", "subTotal", "cost", "costTotal"][..], &["startPeriod"][..], &["type"][..]),
        (
            LINES,
            &["quantity", "lessIncluded", "unitPrice", "unitCost", "extendedPrice", "extendedCost"],
            &["effectiveDate"],
            &["billCustomer", "lineType", "agreementStatus", "companyId", "productId"],
        ),
    ] {
        for (at, cell) in ["1,5", "NaN", "1e400", "", "-", "1.2.3", "0x10", "Infinity", "1 000", "\u{663}", "1e-400"]
            .iter()
            .enumerate()
        {
            bad_row_is_told(file, numbers[at % numbers.len()], cell);
        }
        for cell in ["1,5", "NaN", "1e400"] {
            bad_row_is_told(file, "quantity", cell);
        }
        for cell in ["", "2026-13-01", "31/10/2026", "2026-02-30", "yesterday"] {
            bad_row_is_told(file, days[0], cell);
        }
        for field in words {
            bad_row_is_told(file, field, "");
        }
        for cell in ["", "US", "Dollar", "$", "uSd1"] {
            bad_row_is_told(file, "currencyCode", cell);
        }
        bad_row_is_told(file, "id", "");
    }
}

/// What is done to a file as a whole.
type Mangle = fn(&Path);

/// Each does its harm to one file; all of them must be seen in a file that is read.
const MANGLED: [(&str, Mangle); 10] = [
    ("nothing in it", |file| fs::write(file, "").unwrap()),
    ("blanks only", |file| fs::write(file, "\n \r\n\n").unwrap()),
    ("the header only", |file| {
        let text = fs::read_to_string(file).unwrap();
        fs::write(file, text.lines().next().unwrap().to_owned() + "\n").unwrap();
    }),
    ("a folder in its place", |file| {
        fs::remove_file(file).unwrap();
        fs::create_dir(file).unwrap();
    }),
    ("a link to itself", |file| {
        fs::remove_file(file).unwrap();
        symlink(file.file_name().unwrap(), file).unwrap();
    }),
    ("a link to nothing", |file| {
        fs::remove_file(file).unwrap();
        symlink("nowhere", file).unwrap();
    }),
    ("a pipe in its place", |file| {
        fs::remove_file(file).unwrap();
        assert!(Command::new("mkfifo").arg(file).status().unwrap().success());
    }),
    ("three million columns in a line", |file| {
        let text = fs::read_to_string(file).unwrap();
        let (header, rows) = text.split_once('\n').unwrap();
        fs::write(file, format!("{header}\n{}\n{rows}", ",".repeat(3_000_000))).unwrap();
    }),
    ("three million columns in the header", |file| {
        let text = fs::read_to_string(file).unwrap();
        fs::write(file, format!("{}{text}", "x,".repeat(3_000_000))).unwrap();
    }),
    ("its end full of NUL", |file| {
        let mut bytes = fs::read(file).unwrap();
        let half = bytes.len() / 2;
        bytes[half..].fill(0);
        fs::write(file, bytes).unwrap();
    }),
];

#[test]
fn a_file_that_is_mangled_as_a_whole_is_named_and_ends_with_a_status_of_the_table() {
    for file in [ITEMS, LINES, LINKS].into_iter().chain(LISTS) {
        for (harm, mangle) in MANGLED {
            let place = place();
            mangle(&place.path().join("data").join(file));
            let ran = run(&place);
            let expected: &[i32] = match harm {
                "a folder in its place" | "a pipe in its place" => &[2],
                _ if file == LINKS => &[2, 8],
                _ => &[8],
            };
            assert!(expected.contains(&ran.status.unwrap_or(-1)), "{file}, {harm}: {}", ran.transcript());
            assert!(ran.stderr.contains(file), "{file}, {harm}: {}", ran.transcript());
            assert!(!ran.stderr.contains("panicked"), "{file}, {harm}: {}", ran.transcript());
            assert!(ran.stderr.len() < 8_000, "{file}, {harm}: {} bytes", ran.stderr.len());
            if harm == "three million columns in a line" {
                assert!(ran.stderr.contains(&format!("{file}:2: the row has more than")), "{file}: {}", ran.stderr);
            }
        }
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    for file in [ITEMS, LINES, LINKS].into_iter().chain(LISTS) {
        let place = place();
        fs::remove_file(place.path().join("data").join(file)).unwrap();
        let ran = run(&place).ended(if file == LINKS { 2 } else { 8 });
        assert!(ran.stderr.contains(file.trim_end_matches(".csv")), "{file}: {}", ran.stderr);
    }
    let place = Place::new();
    let ran = run(&place).ended(2);
    assert!(ran.stderr.contains("data: open: there is no such folder"), "{}", ran.stderr);
    // what only explains a month cannot spoil one
    let place = self::place();
    fs::write(place.path().join("data/vendor_subscriptions.csv"), "id,x\n1").unwrap();
    let ran = run(&place).ended(0);
    assert!(ran.stderr.contains("what is held is not known: "), "{}", ran.transcript());
}

#[test]
fn a_file_that_may_not_be_read_is_named_without_talk_of_credentials() {
    let place = place();
    let file = place.path().join("data").join(LINES);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    // whoever may read everything reads this too
    if fs::read(&file).is_ok() {
        let _ = run(&place).ended(0);
        return;
    }
    let ran = run(&place).ended(8);
    assert!(ran.stderr.contains(LINES) && !ran.stderr.contains("credentials"), "{}", ran.stderr);
}

#[test]
fn no_renamed_column_changes_a_figure_unseen() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    whole_folder(folder, 3);
    let whole = figures(&reconciled(folder, true).1.unwrap());
    let mut seen = BTreeSet::new();
    for file in [ITEMS, LINES, LINKS].into_iter().chain(LISTS) {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        let (header, rows) = text.split_once('\n').unwrap();
        let names: Vec<&str> = header.split(',').collect();
        for at in 0..names.len() {
            let mut renamed = names.clone();
            renamed[at] = "zzRenamed";
            fs::write(folder.join(file), format!("{}\n{rows}", renamed.join(","))).unwrap();
            let (status, outcome) = reconciled(folder, true);
            let told = match &outcome {
                Err(told) => told.clone(),
                Ok(outcome) => outcome.problems.iter().map(|p| format!("{p}\n")).collect(),
            };
            if status == 8 || (status == 2 && file == LINKS) {
                let named =
                    told.contains(file) && (told.contains(&format!("`{}`", names[at])) || told.contains(names[at]));
                assert!(named, "{file}, {}: {told}", names[at]);
                seen.insert(names[at].to_owned());
            } else {
                assert_eq!(status, 0, "{file}, {}: {told}", names[at]);
                assert_eq!(figures(&outcome.unwrap()), whole, "{file}, {} renamed changes figures unseen", names[at]);
            }
        }
        fs::write(folder.join(file), text).unwrap();
    }
    for name in ["chargeType", "term", "productId", "cancelledDate", "compare", "id", "currencyCode"] {
        assert!(seen.contains(name), "{name}");
    }
}

/// Rows and amount of one currency, on both sides together.
fn read(outcome: &Outcome, currency: &str) -> (u64, rust_decimal::Decimal) {
    let currency = currency.parse().unwrap();
    let tallies = outcome.coverage.buckets.get(&currency).into_iter().flat_map(|buckets| buckets.values());
    tallies.fold(Default::default(), |(rows, sum), tally| (rows + tally.rows, sum + tally.amount.value()))
}

#[test]
fn a_currency_that_changes_within_a_customer_is_never_added_to_the_other() {
    for (file, amount) in [(ITEMS, "subTotal"), (LINES, "extendedPrice")] {
        let place = tempfile::tempdir().unwrap();
        whole_folder(place.path(), 3);
        let before = reconciled(place.path(), true).1.unwrap();
        let mut moved = String::new();
        change_rows(place.path(), file, |rows| {
            let (currency, amount) = (column(rows, "currencyCode"), column(rows, amount));
            let row = rows.iter_mut().find(|row| row[currency] == "USD").unwrap();
            "CHF".clone_into(&mut row[currency]);
            moved.clone_from(&row[amount]);
        });
        let (status, after) = reconciled(place.path(), true);
        let after = after.unwrap();
        assert_eq!((status, after.problems.len()), (0, 0));
        let moved: rust_decimal::Decimal = moved.parse().unwrap();
        let (rows, sum) = read(&before, "USD");
        assert_eq!(read(&after, "USD"), (rows - 1, sum - moved), "{file}");
        assert_eq!(read(&after, "CHF"), (1, moved), "{file}");
        assert_eq!(after.variances.iter().filter(|v| v.currency.as_str() == "CHF").count(), 1, "{file}: its own cell");
    }
}

#[test]
fn a_figure_beyond_all_sums_is_a_problem_of_its_row_and_not_of_the_month() {
    let fields = [
        (ITEMS, &["quantity", "subTotal", "price", "cost", "costTotal"][..]),
        (LINES, &["quantity", "lessIncluded", "unitPrice", "unitCost", "extendedPrice", "extendedCost"]),
    ];
    for (file, fields) in fields {
        for field in fields {
            for (cell, refused) in [
                ("79228162514264337593543950335", true),
                ("1e27", true),
                ("-1000000000000000000", true),
                ("999999999999999999", false),
            ] {
                let place = tempfile::tempdir().unwrap();
                whole_folder(place.path(), 3);
                change_rows(place.path(), file, |rows| {
                    let at = column(rows, field);
                    rows[1..4].iter_mut().for_each(|row| cell.clone_into(&mut row[at]));
                });
                let (status, outcome) = reconciled(place.path(), true);
                let problems = outcome.unwrap().problems;
                let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
                if refused {
                    assert_eq!((status, told.len()), (8, 3), "{file}, {field} = {cell}: {told:?}");
                    assert!(told[2].starts_with(&format!("{file}:4, record ")) && told[2].contains(field), "{told:?}");
                } else {
                    // three of the largest can still be summed; multiplied they may be too large, and are told then
                    assert!(told.iter().all(|problem| problem.contains("cannot be counted")), "{told:?}");
                    assert_eq!(status, if told.is_empty() { 0 } else { 8 });
                }
            }
        }
    }
}

#[test]
fn text_that_is_not_utf_8_is_read_as_windows_1252_or_costs_its_row() {
    for file in [ITEMS, LINES, LISTS[0], LISTS[2]] {
        let place = place();
        let data = place.path().join("data");
        let whole = figures(&reconciled(&data, true).1.unwrap());
        let name = if file.contains("companies") { "name" } else { "companyName" };
        change_rows(&data, file, |rows| {
            let at = column(rows, name);
            "Müller".clone_into(&mut rows[2][at]);
        });
        let text = fs::read_to_string(data.join(file)).unwrap();
        let western: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect();
        fs::write(data.join(file), &western).unwrap();
        let (status, outcome) = reconciled(&data, true);
        assert_eq!((status, figures(&outcome.unwrap())), (0, whole), "{file}");
        // beside good letters beyond ASCII such a byte is damage, and its row is told
        let (head, tail) = text.split_at(text.find("Müller").unwrap());
        let spoilt = [head.as_bytes(), b"M\xfcll\xc3\xa9r", &tail.as_bytes()[7..]].concat();
        fs::write(data.join(file), spoilt).unwrap();
        let ran = run(&place).ended(8);
        assert!(ran.stderr.contains(&format!("{file}:3")) && ran.stderr.contains("not utf-8"), "{}", ran.stderr);
    }
}

/// Everything below a folder with its bytes.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    all.sort();
    all
}

#[test]
fn a_folder_is_only_read_and_nothing_is_left_behind() {
    let place = Place::new();
    let (data, temporary) = (place.path().join("data"), place.path().join("temporary"));
    fs::create_dir(&temporary).unwrap();
    whole_folder(&data, 3);
    super::cut::lengthened(&data, LINES, 150_000);
    let place = place.set("TMPDIR", temporary.to_str().unwrap());
    let before = contents(&data);
    fs::set_permissions(&data, fs::Permissions::from_mode(0o555)).unwrap();
    let _ = run(&place).ended(0);
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(contents(&data) == before, "the folder is as it was");
    assert_eq!(contents(&temporary), []);
    let out: Vec<String> = contents(&place.path().join("out")).into_iter().map(|(name, _)| name).collect();
    assert_eq!(out, ["problems.csv", "report-2026-10.html", "totals.json", "trueup-2026-10.xlsx", "variances.csv"]);
    // without a place for its temporary files it says so, and nothing else
    fs::remove_dir(&temporary).unwrap();
    let ran = run(&place).ended(8);
    assert!(ran.stderr.contains("set TMPDIR"), "{}", ran.stderr);
}

#[test]
fn hostile_links_cost_their_rows_and_are_named() {
    for (row, told) in [
        ("company,,20003,,,,,,,,", "field vendorId: is empty"),
        ("planet,a,b,,,,,,,,", "field kind: `planet` is none of"),
        ("product,p-1,20003,,weight,,,,,,", "field compare: `weight` is neither"),
        ("bundle,,x,,,b,NaN,0,1,,", "field perUnit: `NaN`"),
        ("bundle,,x,,,b,1,0,0.5,,", "the weights of the bundle end at 0.5; expected 1"),
        ("bundle,,x,,,b,1,0.2,1,,", "expected them to begin at 0"),
        ("bundle,,x,,,b,-1,0,1,,", "expected more than nought"),
        ("company,x,1", "the row has 3 fields, the header has 11"),
        ("\"company", "a quote is opened and never closed"),
    ] {
        let place = place();
        let mut at = 0;
        change(&place.path().join("data"), LINKS, |bytes| {
            let text = String::from_utf8(bytes).unwrap();
            at = text.lines().count() + 1;
            format!("{text}{row}\n").into_bytes()
        });
        let ran = run(&place).ended(8);
        assert!(ran.stderr.contains(&format!("{LINKS}:{at}")) && ran.stderr.contains(told), "{row}: {}", ran.stderr);
    }
    // one vendor company cannot be two customers
    let place = place();
    change_rows(&place.path().join("data"), LINKS, |rows| {
        let mut twice = rows[1].clone();
        "999999".clone_into(&mut twice[2]);
        rows.push(twice);
    });
    let ran = run(&place).ended(8);
    assert!(ran.stderr.contains(LINKS), "{}", ran.stderr);
}

#[test]
fn wrong_usage_ends_with_2() {
    let place = place();
    for line in [
        "reconcile --from data --period 2026-13",
        "reconcile --from data",
        "reconcile --links data/x.csv --period 2026-10",
        "reconcile --from data --period 2026-10 --bogus",
    ] {
        let _ = place.run(line).ended(2);
    }
}
