//! Reconcile a folder of exports: no configuration, no network, no database.
//!
//! Keeps the promise that the tables are the same bytes as those of the connected way on the same data: both fill the
//! same [`Book`]. The long files are streamed; no line of them is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::connectors::files::links::{self, Known, LinkFile};
use crate::connectors::files::stream::{How, Rows, Streamed};
use crate::connectors::files::{FilesPsa, FilesVendor, Seen};
use crate::connectors::{ConnectorError, ErrorKind, PsaConnector as _, VendorConnector as _};
use crate::core::billing::VendorInvoice;
use crate::core::customer::{PsaCustomer, VendorCustomer};
use crate::core::documents::Documents;
use crate::core::id::{Company, Product};
use crate::core::link::{LinkSet, Shape};
use crate::core::matching;
use crate::core::money::MoneyError;
use crate::core::period::BillingPeriod;
use crate::core::product::{PsaProduct, VendorProduct};
use crate::core::reconcile::coverage::Coverage;
use crate::core::reconcile::lines::{Billed, Charge};
use crate::core::reconcile::{Book, Mapping, Outcome};
use crate::core::snapshot::{Problem, Pulled};
use crate::engine::explain::Lists;
use crate::engine::{Directory, EngineError, Result, Watch};

/// The name problems and errors give the folder's two sides.
pub(super) const NAME: &str = "exports";

/// A month reconciled from files.
#[derive(Debug, Clone)]
pub struct Exported {
    /// The result.
    pub outcome: Outcome,
    /// What people call the records.
    pub directory: Directory,
    /// Which companies are one.
    pub company_links: LinkSet<Company>,
    /// Which products are one.
    pub product_links: LinkSet<Product>,
    /// The distributor's documents with their lines; `None` where the folder has lines only.
    pub documents: Option<Documents>,
    /// The files it was made from.
    pub sources: Vec<ExportSource>,
    pub(super) lists: Option<Lists>,
    pub(super) folder: PathBuf,
}

/// A file a month was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportSource {
    /// The file.
    pub file: Seen,
    /// How many rows were met in it, where they are counted.
    pub rows: Option<u64>,
    /// Whether every row of it was understood.
    pub complete: bool,
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
    if !folder.is_dir() {
        let kind = ErrorKind::Settings("there is no such folder".to_owned());
        return Err(of_the_folder(folder, ConnectorError::new(NAME, "open", kind).into()));
    }
    exported(folder, period, links_file, watch).await.map_err(|error| of_the_folder(folder, error))
}

/// An error of a connector as one of the folder it reads.
pub(super) fn of_the_folder(folder: &Path, error: EngineError) -> EngineError {
    let EngineError::Connector(error) = error else { return error };
    EngineError::Exports { folder: folder.display().to_string(), error: Box::new(error) }
}

/// The links of a file, or of exact keys where there is none; and what is wrong with them.
pub(super) async fn mapping_of_folder(
    links_file: Option<&Path>,
    customers: (&[VendorCustomer], &[PsaCustomer]),
    products: (&[VendorProduct], &[PsaProduct]),
    psa: &FilesPsa,
    watch: &dyn Watch,
) -> Result<(Mapping, Vec<Problem>)> {
    if let Some(file) = links_file {
        let (links, problems) = read_links(file, None)?;
        return Ok((Mapping::from(links), problems));
    }
    let mut mapping = Mapping::default();
    for link in matching::exact_customers(customers.0, customers.1) {
        mapping.companies.claim(link, Shape::OneToOne).map_err(crate::core::review::Refusal::from)?;
    }
    for link in matching::exact_products(products.0, products.1) {
        mapping.products.claim(link, Shape::ManyToOne).map_err(crate::core::review::Refusal::from)?;
    }
    mapping.bundles = psa.bundles(watch).await?.into_iter().flatten().collect();
    Ok((mapping, Vec::new()))
}

async fn exported(
    folder: &Path,
    period: BillingPeriod,
    links_file: Option<&Path>,
    watch: &dyn Watch,
) -> Result<Exported> {
    let vendor = FilesVendor::new(NAME, folder)?;
    let psa = FilesPsa::new(NAME, folder)?;
    let vendor_customers = vendor.customers(watch).await?;
    let vendor_products = vendor.products(watch).await?;
    let psa_customers = psa.customers(watch).await?;
    let psa_products = psa.products(watch).await?;
    let mut read = Read::new();
    let mut of_lists = Vec::new();
    let mut taken = |entity: &'static str, records: usize, problems: &[Problem]| {
        let rows = u64::try_from(records.saturating_add(problems.len())).unwrap_or(u64::MAX);
        read.insert(entity, (Some(rows), problems.is_empty()));
        of_lists.extend_from_slice(problems);
    };
    taken("vendor_companies", vendor_customers.records().len(), vendor_customers.problems());
    taken("vendor_products", vendor_products.records().len(), vendor_products.problems());
    taken("psa_companies", psa_customers.records().len(), psa_customers.problems());
    taken("psa_products", psa_products.records().len(), psa_products.problems());
    let customers = (vendor_customers.records(), psa_customers.records());
    let products = (vendor_products.records(), psa_products.records());
    let (mapping, of_links) = mapping_of_folder(links_file, customers, products, &psa, watch).await?;
    if links_file.is_some() {
        read.insert("links", (None, of_links.is_empty()));
        of_lists.extend(of_links);
    }
    let directory = Directory::of(
        (vendor_customers.records(), vendor_products.records()),
        (psa_customers.records(), psa_products.records()),
    );
    let lists = Lists::kept((vendor_customers, vendor_products), (psa_customers, psa_products));
    let done = reconcile(&vendor, &psa, period, &mapping, &of_lists, watch)?;
    read.extend(done.read);
    let mut files = vendor.seen()?;
    files.extend(psa.seen()?);
    if let Some(file) = links_file {
        let failed = |refused: std::io::Error| EngineError::Links {
            file: file.display().to_string(),
            what: ErrorKind::Transient(refused.to_string()),
        };
        files.push(Seen::of(file, "links").map_err(failed)?);
    }
    let source = |file: Seen| {
        let (rows, complete) = *read.get(file.entity)?;
        Some(ExportSource { file, rows, complete })
    };
    Ok(Exported {
        outcome: done.outcome,
        directory,
        company_links: mapping.companies,
        product_links: mapping.products,
        documents: done.documents,
        sources: files.into_iter().filter_map(source).collect(),
        lists,
        folder: folder.to_owned(),
    })
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

/// The rows met in each long file or list, and whether all were understood.
type Read = BTreeMap<&'static str, (Option<u64>, bool)>;

struct Done {
    outcome: Outcome,
    documents: Option<Documents>,
    read: Read,
}

fn reconcile(
    vendor: &FilesVendor,
    psa: &FilesPsa,
    period: BillingPeriod,
    mapping: &Mapping,
    of_lists: &[Problem],
    watch: &dyn Watch,
) -> Result<Done> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let (mut of_vendor, mut of_psa) = (How::default(), How::default());
    let listed = Listed::of(vendor.all_invoices(watch)?);
    loop {
        let book = Book::new(period, mapping).heeding(listed.invoices());
        let mut states = vec![Hand::default(); threads];
        let take = |hand: &mut Hand, line: &Charge<'_>| hand.charge(line, &listed, &book);
        let charges = match vendor.stream_charges(&of_vendor, &mut states, take, watch)? {
            None => return Err(absent("vendor_invoice_items")),
            Some(Streamed::Done(rows)) => rows,
            Some(Streamed::Again(how)) => {
                of_vendor = how;
                continue;
            }
        };
        let take = |hand: &mut Hand, line: &Billed<'_>| book.add_billed(line, &mut hand.coverage);
        let lines = match psa.stream_billed(&of_psa, &mut states, take, watch)? {
            None => return Err(absent("psa_agreement_lines")),
            Some(Streamed::Done(rows)) => rows,
            Some(Streamed::Again(how)) => {
                of_psa = how;
                continue;
            }
        };
        let mut read = Read::from([
            ("vendor_invoice_items", (Some(charges.read), charges.problems.is_empty())),
            ("psa_agreement_lines", (Some(lines.read), lines.problems.is_empty())),
        ]);
        if listed.documents.is_some() {
            read.insert("vendor_invoices", (Some(listed.rows), listed.problems.is_empty()));
        }
        let (outcome, documents) = finish(book, listed, states, (charges, lines), of_lists)?;
        return Ok(Done { outcome, documents, read });
    }
}

/// The documents a folder lists; without a list no line is withdrawn.
struct Listed {
    /// Without lines.
    documents: Option<Documents>,
    rows: u64,
    problems: Vec<Problem>,
}

impl Listed {
    fn of(listed: Option<Pulled<VendorInvoice>>) -> Self {
        let Some(listed) = listed else { return Self { documents: None, rows: 0, problems: Vec::new() } };
        let (invoices, problems) = listed.into_parts();
        let rows = u64::try_from(invoices.len().saturating_add(problems.len())).unwrap_or(u64::MAX);
        Self { documents: Some(Documents::new(NAME, invoices)), rows, problems }
    }

    fn invoices(&self) -> &[VendorInvoice] {
        self.documents.as_ref().map_or(&[], |documents| &documents.invoices)
    }
}

/// What one thread adds up.
#[derive(Debug, Clone, Default)]
struct Hand {
    coverage: Coverage,
    /// The sums of the documents' lines.
    documents: Documents,
}

impl Hand {
    fn charge(&mut self, line: &Charge<'_>, listed: &Listed, book: &Book) -> std::result::Result<(), MoneyError> {
        if listed.documents.is_some() {
            self.documents.add(line)?;
        }
        book.add_charge(line, &mut self.coverage)
    }
}

/// A list that is not whole makes the month unknown too: a company that was not read is one that nothing was linked to.
fn finish(
    book: Book,
    listed: Listed,
    hands: Vec<Hand>,
    (charges, lines): (Rows, Rows),
    of_lists: &[Problem],
) -> Result<(Outcome, Option<Documents>)> {
    let (threads, mut coverage, mut documents) = (hands.len(), Coverage::default(), listed.documents);
    for hand in hands {
        coverage.absorb(&hand.coverage)?;
        if let Some(documents) = &mut documents {
            documents.absorb(hand.documents)?;
        }
    }
    (coverage.vendor_unreadable, coverage.psa_unreadable) = (charges.unreadable, lines.unreadable);
    // A list that is not there is made from the lines and has their problems as well: each is told once.
    let told: BTreeSet<Problem> = charges.problems.iter().chain(&lines.problems).cloned().collect();
    let mut untold: BTreeSet<&Problem> = of_lists.iter().filter(|problem| !told.contains(problem)).collect();
    let of_lists = of_lists.iter().filter(|problem| untold.remove(problem)).cloned();
    let problems = charges.problems.into_iter().chain(lines.problems).chain(of_lists).chain(listed.problems).collect();
    let mut outcome = book.finish(threads, coverage, problems)?;
    if let Some(documents) = &documents {
        outcome.heed(documents);
    }
    Ok((outcome, documents))
}

fn absent(file: &str) -> EngineError {
    let what = format!("the folder has no file {file}.csv or .json");
    ConnectorError::new(NAME, format!("read {file}"), ErrorKind::NotFound(what)).into()
}
