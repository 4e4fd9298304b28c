//! Mangled sources and killed pulls: nothing partial is taken for whole, nothing panics, and what is wrong is named.
//!
//! The base of every case is a seeded month that reconciles without a problem; one thing in it is broken at a time.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "the functions behind the tests may stop the test")]

mod attempts;
mod cut;
mod folder;
mod killed;
mod midway;
mod wire;

use std::fs;
use std::path::Path;

use trueup::cli::error::CommandError;
use trueup::core::reconcile::outcome::{Outcome, Verdict};
use trueup::engine::{Unwatched, reconcile_folder};
use trueup::report::{Facts, Input, Names, machine};
use trueup::simulate::{Data, File, World};

const PERIOD: &str = "2026-10";
const ITEMS: &str = "vendor_invoice_items.csv";
const LINES: &str = "psa_agreement_lines.csv";
const LINKS: &str = "ground_truth_mappings.csv";
/// The lists of names that a reconcile of a folder reads.
const LISTS: [&str; 4] = ["vendor_companies.csv", "vendor_products.csv", "psa_companies.csv", "psa_products.csv"];

/// A month without a flaw: the line that the world plants broken is repaired.
fn whole_month(customers: usize) -> Data {
    let mut data = World::from_seed(5, customers, PERIOD).unwrap().data;
    let table = data.table_mut(File::PsaAgreementLines);
    for at in 0..table.len() {
        if table.row(at).unwrap().get("quantity").parse::<f64>().is_err() {
            table.set(at, "quantity", "10");
        }
    }
    data
}

/// The month as a folder of exports.
fn whole_folder(folder: &Path, customers: usize) {
    whole_month(customers).write_folder(folder).unwrap();
}

/// What a reconcile of a folder ends with, in this process: the status, and the result or the error as text.
fn reconciled(folder: &Path, linked: bool) -> (u8, Result<Outcome, String>) {
    let links = folder.join(LINKS);
    let links = linked.then_some(links.as_path());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    match runtime.block_on(reconcile_folder(folder, PERIOD.parse().unwrap(), links, &Unwatched)) {
        Ok(done) => (if done.outcome.verdict == Verdict::Unknown { 8 } else { 0 }, Ok(done.outcome)),
        Err(error) => {
            let error = CommandError::from(error);
            (error.kind.status(), Err(error.to_string()))
        }
    }
}

/// The two files for other programs, as one text.
fn figures(outcome: &Outcome) -> String {
    let (names, facts) = (Names::default(), Facts::default());
    let input = Input { outcome, names: &names, facts: &facts, documents: None };
    let parts = [machine::variances(&input).unwrap(), machine::totals(outcome).unwrap()];
    parts.map(|bytes| String::from_utf8(bytes).unwrap()).concat()
}

/// Changes a file of a folder as bytes.
fn change(folder: &Path, file: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) {
    let path = folder.join(file);
    fs::write(&path, change(fs::read(&path).unwrap())).unwrap();
}

/// Changes a file of a folder as rows of cells.
fn change_rows(folder: &Path, file: &str, change: impl FnOnce(&mut Vec<Vec<String>>)) {
    let path = folder.join(file);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(&path).unwrap();
    let mut rows: Vec<Vec<String>> =
        reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
    change(&mut rows);
    let mut writer = csv::WriterBuilder::new().flexible(true).from_path(&path).unwrap();
    for row in &rows {
        writer.write_record(row).unwrap();
    }
    writer.flush().unwrap();
}

/// The position of a column.
fn column(rows: &[Vec<String>], name: &str) -> usize {
    rows[0].iter().position(|have| have == name).unwrap()
}
