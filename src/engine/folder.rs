//! Reconcile a folder of exports: no configuration, no network, no database.
//!
//! Keeps the promise that the tables are the same bytes as those of the connected way on the same data: both fill the
//! same [`Book`]. The long files are streamed; no line of them is kept.

use std::collections::BTreeSet;
use std::path::Path;

use crate::connectors::files::links::{self, Known, LinkFile};
use crate::connectors::files::stream::{How, Rows, Streamed};
use crate::connectors::files::{FilesPsa, FilesVendor};
use crate::connectors::{ConnectorError, ErrorKind, PsaConnector as _, VendorConnector as _};
use crate::core::id::Company;
use crate::core::link::{LinkSet, Shape};
use crate::core::matching;
use crate::core::period::BillingPeriod;
use crate::core::reconcile::coverage::Coverage;
use crate::core::reconcile::{Book, Mapping, Outcome};
use crate::core::snapshot::Problem;
use crate::engine::{Directory, EngineError, Result, Watch};

/// The name problems and errors give the folder's two sides.
const NAME: &str = "exports";

/// A month reconciled from files.
#[derive(Debug, Clone)]
pub struct Exported {
    /// The result.
    pub outcome: Outcome,
    /// What people call the records.
    pub directory: Directory,
    /// Which companies are one.
    pub company_links: LinkSet<Company>,
}

/// Reconciles a month from a folder, through the links of a file, or through exact keys where there is none.
///
/// # Errors
/// [`EngineError::Exports`] names the file that is missing or cannot be read as a whole, [`EngineError::Links`] the links.
pub async fn reconcile_folder(
    folder: &Path,
    period: BillingPeriod,
    links_file: Option<&Path>,
    watch: &dyn Watch,
) -> Result<Exported> {
    let of_the_folder = |error| {
        let EngineError::Connector(error) = error else { return error };
        EngineError::Exports { folder: folder.display().to_string(), error: Box::new(error) }
    };
    if !folder.is_dir() {
        let kind = ErrorKind::Settings("there is no such folder".to_owned());
        return Err(of_the_folder(ConnectorError::new(NAME, "open", kind).into()));
    }
    exported(folder, period, links_file, watch).await.map_err(of_the_folder)
}

async fn exported(
    folder: &Path,
    period: BillingPeriod,
    links_file: Option<&Path>,
    watch: &dyn Watch,
) -> Result<Exported> {
    let vendor = FilesVendor::new(NAME, folder)?;
    let psa = FilesPsa::new(NAME, folder)?;
    let mut of_lists = Vec::new();
    let mut taken = |problems: &[Problem]| of_lists.extend_from_slice(problems);
    let vendor_customers = vendor.customers(watch).await?;
    let vendor_products = vendor.products(watch).await?;
    let psa_customers = psa.customers(watch).await?;
    let psa_products = psa.products(watch).await?;
    taken(vendor_customers.problems());
    taken(vendor_products.problems());
    taken(psa_customers.problems());
    taken(psa_products.problems());
    let mapping = if let Some(file) = links_file {
        let (read, problems) = read_links(file, None)?;
        taken(&problems);
        Mapping::from(read)
    } else {
        let mut mapping = Mapping::default();
        for link in matching::exact_customers(vendor_customers.records(), psa_customers.records()) {
            mapping.companies.claim(link, Shape::OneToOne).map_err(crate::core::review::Refusal::from)?;
        }
        for link in matching::exact_products(vendor_products.records(), psa_products.records()) {
            mapping.products.claim(link, Shape::ManyToOne).map_err(crate::core::review::Refusal::from)?;
        }
        mapping.bundles = psa.bundles(watch).await?.into_iter().flatten().collect();
        mapping
    };
    let directory = Directory::of(
        (vendor_customers.records(), vendor_products.records()),
        (psa_customers.records(), psa_products.records()),
    );
    drop((vendor_customers, vendor_products, psa_customers, psa_products));
    let outcome = reconcile(&vendor, &psa, period, &mapping, &of_lists, watch)?;
    Ok(Exported { outcome, directory, company_links: mapping.companies })
}

/// Reads a links file; where it is said which ids are known, a row that names another is a problem.
///
/// # Errors
/// [`EngineError::Links`] when it is not there or is no links file.
pub fn read_links(file: &Path, known: Option<&Known>) -> Result<(LinkFile, Vec<Problem>)> {
    let failed = |what: ErrorKind| EngineError::Links { file: file.display().to_string(), what };
    if file.is_dir() {
        return Err(failed(ErrorKind::Settings("it is a folder".to_owned())));
    }
    links::read(file, known).map_err(|mut kind| {
        // columns.toml says nothing of a links file, so the advice to write into it is left out
        if let ErrorKind::Malformed { what, .. } = &mut kind
            && let Some(advice) = what.find(". Name the right one")
        {
            what.truncate(advice);
        }
        failed(kind)
    })
}

fn reconcile(
    vendor: &FilesVendor,
    psa: &FilesPsa,
    period: BillingPeriod,
    mapping: &Mapping,
    of_lists: &[Problem],
    watch: &dyn Watch,
) -> Result<Outcome> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let (mut of_vendor, mut of_psa) = (How::default(), How::default());
    loop {
        let book = Book::new(period, mapping);
        let mut states = vec![Coverage::default(); threads];
        let charges =
            vendor.stream_charges(&of_vendor, &mut states, |coverage, line| book.add_charge(line, coverage), watch)?;
        let charges = match charges.ok_or_else(|| absent("vendor_invoice_items"))? {
            Streamed::Done(rows) => rows,
            Streamed::Again(how) => {
                of_vendor = how;
                continue;
            }
        };
        let lines = psa.stream_billed(&of_psa, &mut states, |coverage, line| book.add_billed(line, coverage), watch)?;
        let lines = match lines.ok_or_else(|| absent("psa_agreement_lines"))? {
            Streamed::Done(rows) => rows,
            Streamed::Again(how) => {
                of_psa = how;
                continue;
            }
        };
        return finish(book, &states, charges, lines, of_lists);
    }
}

/// A list that is not whole makes the month unknown too: a company that was not read is one that nothing was linked to.
fn finish(book: Book, states: &[Coverage], charges: Rows, lines: Rows, of_lists: &[Problem]) -> Result<Outcome> {
    let mut coverage = Coverage::default();
    for state in states {
        coverage.absorb(state)?;
    }
    (coverage.vendor_unreadable, coverage.psa_unreadable) = (charges.unreadable, lines.unreadable);
    // A list that is not there is made from the lines and has their problems as well: each is told once.
    let told: BTreeSet<Problem> = charges.problems.iter().chain(&lines.problems).cloned().collect();
    let mut untold: BTreeSet<&Problem> = of_lists.iter().filter(|problem| !told.contains(problem)).collect();
    let of_lists = of_lists.iter().filter(|problem| untold.remove(problem)).cloned();
    let problems = charges.problems.into_iter().chain(lines.problems).chain(of_lists).collect();
    Ok(book.finish(states.len(), coverage, problems)?)
}

fn absent(file: &str) -> EngineError {
    let what = format!("the folder has no file {file}.csv or .json");
    ConnectorError::new(NAME, format!("read {file}"), ErrorKind::NotFound(what)).into()
}
