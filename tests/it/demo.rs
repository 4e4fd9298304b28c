//! The demo, whole: one month through the real program, and the folder it leaves.

use std::collections::BTreeSet;
use std::fs;

use trueup::core::reconcile::outcome::Class;

use crate::support::hermetic::{Place, Ran};

const AS_OF: &str = "2026-11-03T08:00:00Z";
const LINE: &str = "demo --dir shown --seed 3 --as-of 2026-11-03T08:00:00Z";

fn rows(place: &Place, file: &str) -> Vec<csv::StringRecord> {
    let mut reader = csv::Reader::from_path(place.path().join(file)).unwrap();
    reader.records().map(Result::unwrap).collect()
}

fn column(place: &Place, file: &str, name: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_path(place.path().join(file)).unwrap();
    let at = reader.headers().unwrap().iter().position(|header| header == name);
    let at = at.unwrap_or_else(|| panic!("{file} has no column {name}: {:?}", reader.headers()));
    reader.records().map(|row| row.unwrap()[at].to_owned()).collect()
}

/// A command in the demo's folder, at the demo's time.
fn inside(place: &Place, line: &str) -> Ran {
    place.run(&format!("{line} --config shown/trueup.toml --as-of {AS_OF}"))
}

#[test]
fn the_demo_shows_every_class_says_what_it_does_not_know_and_leaves_a_folder_to_try_things_in() {
    let place = Place::new();
    let ran = place.run(LINE).ended(0);
    says_what_happened(&ran.stdout);
    writes_every_report(&place);
    links_the_renamed_and_not_the_look_alike(&place);
    leaves_a_usable_folder(&place);
}

fn says_what_happened(said: &str) {
    for words in ["Variances of 2026-10", "\nVerdict: unknown", "The 5 costliest findings", "What next"] {
        assert!(said.contains(words), "`{words}` is missing in {said}");
    }
    for number in 1..=5 {
        assert!(said.contains(&format!("\n  {number}. ")), "finding {number} is missing in {said}");
    }
}

fn writes_every_report(place: &Place) {
    let classes: BTreeSet<String> = column(place, "shown/reports/variances.csv", "class").into_iter().collect();
    let every = Class::FLAGGED.map(|class| class.as_str().to_owned()).into_iter().collect();
    assert_eq!(classes, every);
    let names = trueup::report::Report::ALL.map(trueup::report::Report::name);
    let mut expected: BTreeSet<String> = names.iter().flat_map(|n| [format!("{n}.csv"), format!("{n}.json")]).collect();
    expected.extend(["variances.csv", "totals.json", "trueup-2026-10.xlsx", "report-2026-10.html"].map(str::to_owned));
    let there = fs::read_dir(place.path().join("shown/reports")).unwrap();
    let there: BTreeSet<String> = there.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(there, expected);
    for name in &there {
        let file = format!("shown/reports/{name}");
        if name.ends_with(".csv") {
            let _ = rows(place, &file);
        } else if name.ends_with(".json") {
            let _: serde_json::Value = serde_json::from_str(&place.read(&file)).unwrap();
        } else if name.ends_with(".html") {
            assert!(place.read(&file).trim_end().ends_with("</html>"));
        } else {
            use calamine::Reader as _;
            let book: calamine::Xlsx<_> = calamine::open_workbook(place.path().join(&file)).unwrap();
            assert!(book.sheet_names().len() >= names.len(), "{:?}", book.sheet_names());
        }
    }
}

/// What is true of the month is in the data of the demo; the links must say it and no more.
fn links_the_renamed_and_not_the_look_alike(place: &Place) {
    let truth = rows(place, "shown/data/ground_truth_mappings.csv");
    let companies = |relation: &str| -> Vec<(String, String)> {
        let of = truth.iter().filter(|row| &row[0] == "company" && &row[3] == relation);
        of.map(|row| (row[1].to_owned(), row[2].to_owned())).collect()
    };
    let exported = inside(place, "review export --kind customers shown/review.csv").ended(0);
    assert!(exported.stderr.contains("shown/review.csv"), "{}", exported.transcript());
    let review = rows(place, "shown/review.csv");
    let linked: BTreeSet<(String, String)> =
        review.iter().filter(|row| &row[9] == "mapped").map(|row| (row[1].to_owned(), row[3].to_owned())).collect();
    let renamed = companies("renamed");
    assert_eq!(renamed.len(), 1, "{truth:?}");
    assert!(linked.contains(&renamed[0]), "{renamed:?} is not among {linked:?}");
    let alone = companies("unmapped");
    assert!(!alone.is_empty());
    for (vendor, _) in alone {
        assert!(!linked.iter().any(|(of, _)| *of == vendor), "{vendor} has no counterpart and is linked");
    }
}

fn leaves_a_usable_folder(place: &Place) {
    let listed = inside(place, "review list --kind customers --filter mapped").ended(0);
    assert!(listed.stdout.lines().count() > 30, "{}", listed.transcript());
    let status = inside(place, "status").ended(0);
    assert!(status.stdout.contains("2026-10"), "{}", status.transcript());
    let margin = inside(place, "report margin --period 2026-10 --format csv").ended(0);
    assert!(margin.stdout.lines().count() > 30, "{}", margin.transcript());
    // Unknown, as the demo said: one line of the PSA cannot be read.
    let again = inside(place, "reconcile --period 2026-10 --out again").ended(8);
    assert!(again.stderr.contains("2026-10 is not known whole"), "{}", again.transcript());
    for file in ["variances.csv", "totals.json"] {
        assert_eq!(place.read(&format!("again/{file}")), place.read(&format!("shown/reports/{file}")));
    }
    let files = "reconcile --from shown/data --links shown/data/ground_truth_mappings.csv --period 2026-10 --out files";
    let _ = place.run(files).ended(8);
    assert_eq!(place.read("files/variances.csv"), place.read("again/variances.csv"));
    assert_eq!(place.read("files/totals.json"), place.read("again/totals.json"));
}

#[test]
fn another_demo_takes_the_place_of_an_earlier_one_and_of_nothing_else() {
    let place = Place::new();
    let _ = place.run(LINE).ended(0);
    let first = place.read("shown/reports/variances.csv");
    place.write("shown/left-over.txt", "of the demo before");
    let _ = place.run(LINE).ended(0);
    assert_eq!(place.read("shown/reports/variances.csv"), first);
    assert!(!place.path().join("shown/left-over.txt").exists());

    place.write("mine/notes.txt", "nobody's demo");
    let refused = place.run("demo --dir mine").ended(2);
    assert!(refused.stderr.contains("mine is there, and no demo made it"), "{}", refused.transcript());
    assert_eq!(place.read("mine/notes.txt"), "nobody's demo");
}
