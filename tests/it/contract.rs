//! One suite for every connector: what a listing must keep, whichever system it comes from.
//!
//! A connector joins with one test: a sound subject and a faulty one, whose source has rows that cannot be read. A subject
//! says how many rows its source has, so that a row that vanishes is seen.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "the functions behind the tests may stop the test"
)]

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use trueup::connectors::files::{FilesPsa, FilesVendor};
use trueup::connectors::memory::{Fault, Listing, MemoryPsa, MemoryVendor};
use trueup::connectors::{
    CheckLine, Descriptor, DraftMonth, ErrorKind, PsaConnector, Result, Side, Unwatched, VendorConnector, Watch, Way,
};
use trueup::core::period::BillingPeriod;
use trueup::core::record::Keyed;
use trueup::core::snapshot::{Problem, Pulled};

/// A connector under test, what keeps its source alive, and how many rows the source has of each listing.
pub(crate) struct Subject<C: ?Sized> {
    pub(crate) connector: Box<C>,
    pub(crate) rows: BTreeMap<&'static str, usize>,
    pub(crate) _source: Box<dyn Any>,
}

/// The month the sources hold.
const PERIOD: &str = "2026-10";

/// What a listing gave, whatever its records are.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Heard {
    keys: Vec<String>,
    records: Vec<String>,
    problems: Vec<Problem>,
    complete: bool,
}

impl Heard {
    fn of<R: Debug>(pulled: &Pulled<R>, key: impl Fn(&R) -> String) -> Self {
        Self {
            keys: pulled.records().iter().map(key).collect(),
            records: pulled.records().iter().map(|record| format!("{record:?}")).collect(),
            problems: pulled.problems().to_vec(),
            complete: pulled.is_complete(),
        }
    }
}

type Listings = BTreeMap<&'static str, Heard>;

/// Remembers the last word on each listing.
#[derive(Default)]
struct Counting(Mutex<Vec<u64>>, AtomicUsize);

impl Watch for Counting {
    fn begin(&self, _what: &str) {
        self.1.fetch_add(1, Ordering::Relaxed);
    }

    fn progress(&self, _what: &str, records: u64, _way: Way) {
        self.0.lock().unwrap().push(records);
    }
}

impl Counting {
    /// What was reported since the last question, at most.
    fn most(&self) -> Option<u64> {
        self.0.lock().unwrap().drain(..).max()
    }
}

fn add<R: Debug>(
    listings: &mut Listings,
    watch: &Counting,
    name: &'static str,
    pulled: Option<&Pulled<R>>,
    key: impl Fn(&R) -> String,
) {
    let told = watch.most();
    let Some(pulled) = pulled else { return };
    let heard = Heard::of(pulled, key);
    let told = told.unwrap_or_else(|| panic!("{name}: nothing was reported while it was read"));
    assert!(
        told >= u64::try_from(heard.records.len()).unwrap(),
        "{name}: {told} reported, {} records",
        heard.records.len()
    );
    listings.insert(name, heard);
}

async fn vendor_listings(of: &dyn VendorConnector) -> Result<Listings> {
    let (mut all, watch) = (Listings::new(), Counting::default());
    let period: BillingPeriod = PERIOD.parse().unwrap();
    let customers = of.customers(&watch).await?;
    add(&mut all, &watch, "customers", Some(&customers), Keyed::key);
    add(&mut all, &watch, "contacts", of.customers_with_contacts(&watch).await?.as_ref(), Keyed::key);
    let products = of.products(&watch).await?;
    add(&mut all, &watch, "products", Some(&products), Keyed::key);
    let ids: Vec<_> = products.records().iter().map(|product| product.id.clone()).collect();
    add(&mut all, &watch, "prices", of.prices(&ids, &watch).await?.as_ref(), |row| format!("{row:?}"));
    add(&mut all, &watch, "dependencies", of.dependencies(&ids, &watch).await?.as_ref(), Keyed::key);
    add(&mut all, &watch, "assignments", of.assignments(&watch).await?.as_ref(), Keyed::key);
    let held = of.subscriptions(&watch).await?;
    add(&mut all, &watch, "subscriptions", Some(&held), Keyed::key);
    let ids: Vec<_> = held.records().iter().map(|subscription| subscription.id.clone()).collect();
    add(&mut all, &watch, "history", of.history(&ids, &watch).await?.as_ref(), |state| format!("{state:?}"));
    add(&mut all, &watch, "invoices", of.invoices(period, &watch).await?.as_ref(), Keyed::key);
    add(&mut all, &watch, "charges", Some(&of.charges(period, &watch).await?), Keyed::key);
    add(&mut all, &watch, "drafts", of.draft_charges(DraftMonth::Current, &watch).await?.as_ref(), Keyed::key);
    let usage = of.usage(&ids, &watch).await?;
    add(&mut all, &watch, "usage", usage.as_ref(), Keyed::key);
    let summaries = usage.map(|pulled| pulled.records().to_vec()).unwrap_or_default();
    let lines = of.usage_lines(&summaries, period, &watch).await?;
    add(&mut all, &watch, "usage lines", lines.as_ref(), |line| format!("{line:?}"));
    Ok(all)
}

async fn psa_listings(of: &dyn PsaConnector) -> Result<Listings> {
    let (mut all, watch) = (Listings::new(), Counting::default());
    add(&mut all, &watch, "customers", Some(&of.customers(&watch).await?), Keyed::key);
    add(&mut all, &watch, "products", Some(&of.products(&watch).await?), Keyed::key);
    let lines = of.billed_lines(PERIOD.parse().unwrap(), &watch).await?;
    add(&mut all, &watch, "billed lines", Some(&lines), Keyed::key);
    Ok(all)
}

fn hold_descriptor(of: &Descriptor, side: Side) {
    assert_eq!(of.side, side);
    for (what, text) in [("kind", of.kind), ("name", &of.name), ("location", &of.location)] {
        assert!(!text.trim().is_empty(), "the {what} is empty: {of:?}");
    }
    assert!(!format!("{of:?}").to_lowercase().contains("secret"), "{of:?}");
}

fn hold_check(lines: &[CheckLine], sound: bool) {
    assert!(!lines.is_empty());
    assert!(lines.iter().all(|line| !line.what.is_empty()));
    assert_eq!(lines.iter().all(|line| line.outcome.is_ok()), sound, "{lines:#?}");
}

/// What holds for every listing of every source.
fn hold(listings: &Listings, rows: &BTreeMap<&'static str, usize>) {
    for (name, heard) in listings {
        let distinct: BTreeSet<&String> = heard.keys.iter().collect();
        assert_eq!(distinct.len(), heard.keys.len(), "{name}: a record is listed twice");
        assert_eq!(heard.complete, heard.problems.is_empty(), "{name}: problems and completeness disagree");
        for problem in &heard.problems {
            assert!(
                !problem.at.is_empty() && !problem.what.is_empty(),
                "{name}: {problem:?} does not say where or what"
            );
        }
    }
    for (name, rows) in rows {
        let heard = &listings[name];
        assert_eq!(heard.records.len() + heard.problems.len(), *rows, "{name}: rows in, records and problems out");
    }
}

/// A sound source: complete, countable, the same twice.
fn hold_sound(first: &Listings, again: &Listings, rows: &BTreeMap<&'static str, usize>) {
    hold(first, rows);
    assert_eq!(first, again, "the same source pulled twice");
    for (name, heard) in first {
        assert!(heard.complete, "{name}: {:?}", heard.problems);
    }
}

/// A faulty source: the named listings are partial and still account for every row.
fn hold_faulty(listings: &Listings, rows: &BTreeMap<&'static str, usize>) {
    hold(listings, rows);
    for name in rows.keys() {
        assert!(!listings[name].complete, "{name}: has rows that cannot be read and is called complete");
        assert!(!listings[name].records.is_empty(), "{name}: the rest does not go on");
    }
}

/// The suite for a vendor.
pub(crate) async fn vendor(
    sound: impl Fn() -> Subject<dyn VendorConnector>,
    faulty: impl Fn() -> Subject<dyn VendorConnector>,
) {
    let subject = sound();
    hold_descriptor(subject.connector.descriptor(), Side::Vendor);
    let watch = Counting::default();
    hold_check(&subject.connector.check(&watch).await, true);
    assert!(watch.1.into_inner() > 0, "what a check waits for is not told");
    let first = vendor_listings(&*subject.connector).await.unwrap();
    hold_sound(&first, &vendor_listings(&*subject.connector).await.unwrap(), &subject.rows);
    let subject = faulty();
    hold_check(&subject.connector.check(&Unwatched).await, false);
    hold_faulty(&vendor_listings(&*subject.connector).await.unwrap(), &subject.rows);
}

/// The suite for a PSA.
pub(crate) async fn psa(sound: impl Fn() -> Subject<dyn PsaConnector>, faulty: impl Fn() -> Subject<dyn PsaConnector>) {
    let subject = sound();
    hold_descriptor(subject.connector.descriptor(), Side::Psa);
    let watch = Counting::default();
    hold_check(&subject.connector.check(&watch).await, true);
    assert!(watch.1.into_inner() > 0, "what a check waits for is not told");
    let first = psa_listings(&*subject.connector).await.unwrap();
    hold_sound(&first, &psa_listings(&*subject.connector).await.unwrap(), &subject.rows);
    let subject = faulty();
    hold_check(&subject.connector.check(&Unwatched).await, false);
    hold_faulty(&psa_listings(&*subject.connector).await.unwrap(), &subject.rows);
}

#[tokio::test]
async fn a_vendor_in_memory_keeps_the_contract() {
    vendor(|| memory_vendor(false), || memory_vendor(true)).await;
}

#[tokio::test]
async fn a_psa_in_memory_keeps_the_contract() {
    psa(|| memory_psa(false), || memory_psa(true)).await;
}

#[tokio::test]
async fn a_vendor_folder_keeps_the_contract() {
    vendor(|| files_vendor(&[]), || files_vendor(&VENDOR_FAULTS)).await;
}

#[tokio::test]
async fn a_psa_folder_keeps_the_contract() {
    psa(|| files_psa(&[]), || files_psa(&PSA_FAULTS)).await;
}

#[tokio::test]
async fn told_failures_come_as_told() {
    let psa = MemoryPsa::new("psa");
    psa.fail(Listing::Customers, Fault::TransientOnce);
    psa.fail(Listing::Products, Fault::Auth);
    let refused = psa.customers(&Unwatched).await.unwrap_err();
    assert!(matches!(refused.kind, ErrorKind::Transient(_)), "{refused}");
    assert!(psa.customers(&Unwatched).await.unwrap().is_complete());
    for _ in 0..2 {
        let refused = psa.products(&Unwatched).await.unwrap_err();
        assert!(matches!(refused.kind, ErrorKind::Auth(_)), "{refused}");
    }
}

fn samples() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/csv/canonical")
}

/// A copy of the canonical sample with lines added to some files.
fn folder(faults: &[(&'static str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(samples()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let mut text = fs::read_to_string(&path).unwrap();
        text.extend(faults.iter().filter(|(file, _)| name == *file).map(|(_, line)| *line));
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

const VENDOR_FAULTS: [(&str, &str); 4] = [
    ("vendor_companies.csv", "v-3\n"),
    ("vendor_products.csv", "p-3,,Nobody,,,,false\n"),
    ("vendor_subscriptions.csv", "s-3,v-1,p-1,NaN,,,,Active,,,,,,,\n"),
    ("vendor_invoice_items.csv", "i-1,subscription,v-1,,2026-10-01,,1,,,,,,,1,1,1,1,,,,USD,,\n"),
];

const PSA_FAULTS: [(&str, &str); 3] = [
    ("psa_companies.csv", "20003,X,Xylo,Active,,,,,,,,maybe\n"),
    ("psa_products.csv", "504,X,Xylo,,,\"1,5\",1,,false\n"),
    ("psa_agreement_lines.csv", "9004,31,,Active,20001,,501,,,recurring,1,0,1,1,1,1,1,Billable,2026-13-01,,USD\n"),
];

fn rows(of: &[(&'static str, usize)], more: usize) -> BTreeMap<&'static str, usize> {
    of.iter().map(|(name, rows)| (*name, rows + more)).collect()
}

fn files_vendor(faults: &[(&'static str, &str)]) -> Subject<dyn VendorConnector> {
    let folder = folder(faults);
    let connector = FilesVendor::new("exports", folder.path()).unwrap();
    let counts = [("customers", 2), ("products", 2), ("subscriptions", 2), ("charges", 3)];
    let rows = rows(&counts, usize::from(!faults.is_empty()));
    Subject { connector: Box::new(connector), rows, _source: Box::new(folder) }
}

fn files_psa(faults: &[(&'static str, &str)]) -> Subject<dyn PsaConnector> {
    let folder = folder(faults);
    let connector = FilesPsa::new("exports", folder.path()).unwrap();
    let rows = rows(&[("customers", 2), ("products", 3), ("billed lines", 3)], usize::from(!faults.is_empty()));
    Subject { connector: Box::new(connector), rows, _source: Box::new(folder) }
}

/// Runs what needs no waiting: the files of a folder.
fn now<T>(reading: impl Future<Output = T>) -> T {
    let mut reading = std::pin::pin!(reading);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match reading.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("reading a folder waits for nothing"),
    }
}

fn memory_vendor(faulty: bool) -> Subject<dyn VendorConnector> {
    let files = FilesVendor::new("exports", &samples()).unwrap();
    let mut memory = MemoryVendor::new("memory");
    memory.customers = now(files.customers(&Unwatched)).unwrap().into_parts().0;
    memory.products = now(files.products(&Unwatched)).unwrap().into_parts().0;
    memory.subscriptions = now(files.subscriptions(&Unwatched)).unwrap().into_parts().0;
    memory.charges = now(files.charges(PERIOD.parse().unwrap(), &Unwatched)).unwrap().into_parts().0;
    memory.history = Some(memory.subscriptions.clone());
    memory.drafts = Some(memory.charges.clone());
    let mut counts = rows(&[("customers", 2), ("products", 2), ("subscriptions", 2), ("charges", 3)], 0);
    if faulty {
        memory.customers.push(memory.customers[0].clone());
        memory.fail(Listing::Charges, Fault::Unread(vec![Problem::new("page 2", "is not readable")]));
        counts = rows(&[("customers", 2), ("charges", 3)], 1);
    }
    Subject { connector: Box::new(memory), rows: counts, _source: Box::new(()) }
}

fn memory_psa(faulty: bool) -> Subject<dyn PsaConnector> {
    let files = FilesPsa::new("exports", &samples()).unwrap();
    let mut memory = MemoryPsa::new("memory");
    memory.customers = now(files.customers(&Unwatched)).unwrap().into_parts().0;
    memory.products = now(files.products(&Unwatched)).unwrap().into_parts().0;
    memory.billed_lines = now(files.billed_lines(PERIOD.parse().unwrap(), &Unwatched)).unwrap().into_parts().0;
    let mut counts = rows(&[("customers", 2), ("products", 3), ("billed lines", 3)], 0);
    if faulty {
        memory.fail(Listing::BilledLines, Fault::Unread(vec![Problem::new("page 1", "is not readable")]));
        counts = rows(&[("billed lines", 3)], 1);
    }
    Subject { connector: Box::new(memory), rows: counts, _source: Box::new(()) }
}
