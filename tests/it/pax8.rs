//! The Pax8 connector against a simulator that misbehaves: every fault ends in exactly the right records, or in an error or
//! a problem that says so; never in a short listing called complete.

#![cfg(test)]

use std::collections::BTreeMap;
use std::sync::OnceLock;

use rust_decimal::Decimal;
use trueup::connectors::pax8::{Pax8, Pax8Settings};
use trueup::connectors::{ConnectorError, DraftMonth, ErrorKind, Result, Side, Unwatched, VendorConnector, Watch, Way};
use trueup::core::billing::{Subscription, VendorCharge, VendorInvoice};
use trueup::core::period::BillingPeriod;
use trueup::core::snapshot::Pulled;
use trueup::simulate::{Data, Faults, File, Pax8Credentials, Running, World, serve_pax8};

use crate::contract::{Subject, vendor};

const MONTH: &str = "2026-03";

fn month() -> BillingPeriod {
    MONTH.parse().unwrap()
}

fn data() -> Data {
    static DATA: OnceLock<Data> = OnceLock::new();
    DATA.get_or_init(|| World::from_seed(7, 1, MONTH).unwrap().data).clone()
}

/// The connector and the simulator it reads.
/// The day on which what was used in the month is charged.
const CHARGED: &str = "clock=2026-04-05";

struct Pair {
    pax8: Pax8,
    remote: Running,
}

async fn pair(data: Data, faults: &str) -> Pair {
    pair_with(data, faults, |_| ()).await
}

async fn pair_with(data: Data, faults: &str, change: impl FnOnce(&mut Pax8Settings)) -> Pair {
    let faults: Faults = faults.parse().unwrap();
    let remote = serve_pax8(data, faults, Pax8Credentials::default(), "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let mut settings = Pax8Settings::new("pax8", "demo-client", "demo-secret".into());
    settings.base_url = format!("{}/v1", remote.url());
    settings.page_size = 9;
    settings.pause_ms = 0;
    // One call at a time, so that a counted fault hits the same call on every run.
    settings.concurrency = 1;
    settings.calls_per_minute = u32::MAX;
    change(&mut settings);
    Pair { pax8: Pax8::new(&settings).unwrap(), remote }
}

/// What a reading came to: its records as text and whether it claims to be whole, or the error.
#[derive(Debug, PartialEq)]
enum Came {
    Whole(Vec<String>),
    Partial(Vec<String>, Vec<String>),
    Failed(&'static str, String),
}

fn came<R: std::fmt::Debug>(read: Result<Pulled<R>>) -> Came {
    match read {
        Ok(pulled) => {
            let whole = pulled.is_complete();
            let (records, problems) = pulled.into_parts();
            let records = records.iter().map(|record| format!("{record:?}")).collect();
            if whole {
                Came::Whole(records)
            } else {
                Came::Partial(records, problems.iter().map(ToString::to_string).collect())
            }
        }
        Err(error) => Came::Failed(kind(&error), error.to_string()),
    }
}

fn kind(error: &ConnectorError) -> &'static str {
    match error.kind {
        ErrorKind::Auth(_) => "auth",
        ErrorKind::NotFound(_) => "not found",
        ErrorKind::RateLimited { .. } => "rate limited",
        ErrorKind::Transient(_) => "transient",
        ErrorKind::Rejected { .. } => "rejected",
        ErrorKind::Malformed { .. } => "malformed",
        ErrorKind::Incomplete(_) => "incomplete",
        ErrorKind::Settings(_) => "settings",
        ErrorKind::Unfit(_) => "unfit",
        ErrorKind::Limit(_) => "limit",
    }
}

fn some<R>(read: Result<Option<Pulled<R>>>) -> Result<Pulled<R>> {
    read.map(|read| read.expect("Pax8 has it"))
}

/// The readings the connector offers, of some ids where there would be very many.
async fn everything(pax8: &Pax8, of: &Some_) -> BTreeMap<&'static str, Came> {
    let watch = &Unwatched;
    BTreeMap::from([
        ("companies", came(pax8.customers(watch).await)),
        ("products", came(pax8.products(watch).await)),
        ("prices", came(some(pax8.prices(&of.products, watch).await))),
        ("dependencies", came(some(pax8.dependencies(&of.products, watch).await))),
        ("subscriptions", came(pax8.subscriptions(watch).await)),
        ("history", came(some(pax8.history(&of.subscriptions, watch).await))),
        ("invoices", came(some(pax8.invoices(month(), watch).await))),
        ("charges", came(pax8.charges(month(), watch).await)),
        ("drafts", came(some(pax8.draft_charges(DraftMonth::Next, watch).await))),
        ("usage", came(some(pax8.usage(&of.subscriptions, watch).await))),
    ])
}

/// The readings that take a call for each company or day.
async fn many_calls(pax8: &Pax8, of: &Some_) -> BTreeMap<&'static str, Came> {
    BTreeMap::from([
        ("contacts", came(some(pax8.customers_with_contacts(&Unwatched).await))),
        ("usage days", came(some(pax8.usage_lines(&of.summaries, month(), &Unwatched).await))),
    ])
}

/// The ids a test asks for.
struct Some_ {
    products: Vec<trueup::core::id::VendorProductId>,
    subscriptions: Vec<trueup::core::id::SubscriptionId>,
    summaries: Vec<trueup::core::billing::UsageSummary>,
}

async fn some_ids(pax8: &Pax8) -> Some_ {
    let products = pax8.products(&Unwatched).await.unwrap().into_parts().0;
    let subscriptions = pax8.subscriptions(&Unwatched).await.unwrap().into_parts().0;
    let ids: Vec<_> = subscriptions.iter().map(|s| s.id.clone()).collect();
    let summaries = pax8.usage(&ids, &Unwatched).await.unwrap().unwrap().into_parts().0;
    let metered = summaries.iter().map(|s| s.subscription.clone());
    Some_ {
        products: products.iter().take(5).map(|p| p.id.clone()).collect(),
        subscriptions: metered.chain(ids.iter().take(4).cloned()).collect(),
        summaries: summaries.into_iter().take(1).collect(),
    }
}

/// A column of a table, sorted.
fn column(data: &Data, file: File, name: &str) -> Vec<String> {
    let mut cells: Vec<String> = data.table(file).rows().map(|row| row.get(name).to_owned()).collect();
    cells.sort();
    cells
}

fn sorted(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut texts: Vec<String> = texts.collect();
    texts.sort();
    texts
}

#[tokio::test]
async fn what_is_read_is_what_is_held_to_the_last_digit() {
    let data = data();
    let Pair { pax8, remote } = pair(data.clone(), CHARGED).await;
    assert_eq!((pax8.descriptor().kind, pax8.descriptor().side), ("pax8", Side::Vendor));
    assert_eq!(pax8.descriptor().location, format!("{}/v1", remote.url()));

    let companies = pax8.customers(&Unwatched).await.unwrap();
    assert!(companies.is_complete());
    let ids = sorted(companies.records().iter().map(|c| c.id.to_string()));
    assert_eq!(ids, column(&data, File::VendorCompanies, "id"));
    let names = sorted(companies.records().iter().map(|c| c.fields.name.clone()));
    assert_eq!(names, column(&data, File::VendorCompanies, "name"));

    let products = pax8.products(&Unwatched).await.unwrap();
    let skus = sorted(products.records().iter().map(|p| p.fields.sku.clone().unwrap_or_default()));
    assert_eq!(skus, column(&data, File::VendorProducts, "sku"));

    let held = pax8.subscriptions(&Unwatched).await.unwrap();
    let seats = |held: &[Subscription]| sorted(held.iter().map(|s| s.fields.quantity.unwrap().value().to_string()));
    assert_eq!(seats(held.records()), column(&data, File::VendorSubscriptions, "quantity"));

    let charges = pax8.charges(month(), &Unwatched).await.unwrap();
    assert!(charges.is_complete());
    let digits = |read: fn(&VendorCharge) -> String| sorted(charges.records().iter().map(read));
    let items = File::VendorInvoiceItems;
    // the wire leaves zeros at the end away
    let plain = |name| {
        let amounts = column(&data, items, name).into_iter();
        sorted(amounts.map(|text| text.parse::<Decimal>().unwrap().normalize().to_string()))
    };
    assert_eq!(digits(|c| c.cost_total.value().to_string()), plain("costTotal"));
    assert_eq!(digits(|c| c.amount.value().to_string()), plain("subTotal"));
    assert_eq!(digits(|c| c.cost.value().to_string()), plain("cost"));
    assert_eq!(digits(|c| c.price.value().to_string()), plain("price"));
    assert_eq!(digits(|c| c.quantity.value().to_string()), plain("quantity"));
    let start = digits(|c| c.start.to_string());
    assert_eq!(start, column(&data, items, "startPeriod"));
    let subscription = digits(|c| c.subscription.as_ref().map(ToString::to_string).unwrap_or_default());
    assert_eq!(subscription, column(&data, items, "subscriptionId"));
    assert!(charges.records().iter().all(|c| c.invoice.is_some()));

    let heads = pax8.invoices(month(), &Unwatched).await.unwrap().unwrap();
    let other = pax8.invoices(month().next(), &Unwatched).await.unwrap().unwrap();
    let dates = |heads: &Pulled<VendorInvoice>| sorted(heads.records().iter().map(|head| head.date.to_string()));
    assert_eq!(dates(&heads), [["2026-03-01"; 3], ["2026-04-01"; 3]].concat(), "those of the month after as well");
    assert_eq!(dates(&other), ["2026-04-01"; 3]);
    // of a document of the month after only what it charges for this one
    let earlier = pax8.charges(month().previous(), &Unwatched).await.unwrap();
    let late = sorted(earlier.records().iter().map(|charge| charge.end.unwrap().to_string()));
    assert_eq!(late, ["2026-02-28"], "late items and use in arrears");
}

#[tokio::test]
async fn a_fault_that_passes_leaves_no_trace() {
    let quiet = pair(data(), "").await;
    let of = some_ids(&quiet.pax8).await;
    let expected = everything(&quiet.pax8, &of).await;
    for (reading, came) in &expected {
        assert!(matches!(came, Came::Whole(records) if !records.is_empty()), "{reading}: {came:?}");
    }
    for faults in [
        "429=3,retry-after=0",
        "429-bare=4",
        "408=2",
        "500=3",
        "401=every:6",
        "cut=every:4",
        "hangup=every:4",
        "expire",
        "expire=every:2",
        "move",
        "skip",
        "move=once@items",
        "skip=once@items",
        "move=once@draftItems",
        "no-content",
        "nulls,extra,no-content",
        "commitment=documented",
        "commitment=both",
        "500=every:5,cut=every:7,expire=every:9,move=once@subscriptions,nulls,extra",
        "seed=3,500=chance:150,429-bare=chance:100,cut=chance:50",
    ] {
        let Pair { pax8, remote } = pair(data(), faults).await;
        let found = everything(&pax8, &of).await;
        for (reading, came) in &found {
            assert!(came == &expected[reading], "{faults}, {reading}: {came:?} after {} requests", remote.requests());
        }
    }
}

#[tokio::test]
async fn readings_of_many_calls_pass_through_faults_too_and_keep_their_order() {
    let quiet = pair(data(), "").await;
    let of = some_ids(&quiet.pax8).await;
    let expected = many_calls(&quiet.pax8, &of).await;
    assert!(expected.values().all(|came| matches!(came, Came::Whole(records) if !records.is_empty())), "{expected:?}");
    for (faults, at_once) in
        [("", 7), ("429-bare=every:9,cut=every:11,expire=every:13,500=every:5", 1), ("500=2,cut=2", 7)]
    {
        let Pair { pax8, remote: _remote } = pair_with(data(), faults, |settings| settings.concurrency = at_once).await;
        assert_eq!(many_calls(&pax8, &of).await, expected, "{faults}, {at_once} at once");
    }
}

#[tokio::test]
async fn a_fault_that_stays_is_an_error_that_names_the_call() {
    let quiet = pair(data(), "").await;
    let of = some_ids(&quiet.pax8).await;
    for (faults, expected) in [
        ("429-bare=always", "rate limited"),
        ("429=always,retry-after=86400", "rate limited"),
        ("500=always", "transient"),
        ("408=always", "transient"),
        ("503=always", "transient"),
        ("drop=always", "transient"),
        ("hangup=always", "transient"),
        ("cut=always", "malformed"),
        ("401=always", "auth"),
        ("403", "auth"),
    ] {
        let Pair { pax8, remote: _remote } = pair_with(data(), faults, |settings| settings.attempts = 4).await;
        for (reading, came) in everything(&pax8, &of).await {
            let Came::Failed(kind, text) = &came else { panic!("{faults}, {reading}: {came:?}") };
            assert_eq!(*kind, expected, "{faults}, {reading}: {text}");
            assert!(text.starts_with("pax8: GET /"), "{text}");
            assert!(!text.contains("demo-secret"), "{text}");
        }
    }
}

#[tokio::test]
async fn a_listing_that_cannot_be_proven_complete_is_an_error() {
    let paged = ["companies", "products", "subscriptions", "charges", "drafts", "invoices"];
    let quiet = pair(data(), "").await;
    let of = some_ids(&quiet.pax8).await;
    for (faults, expected, readings) in [
        ("no-totals", "malformed", &paged[..]),
        ("no-paging", "malformed", &paged[..]),
        ("move=always", "incomplete", &paged[..5]),
        ("skip=always", "incomplete", &paged[..5]),
    ] {
        let Pair { pax8, remote: _remote } = pair(data(), faults).await;
        let found = everything(&pax8, &of).await;
        for reading in readings {
            let came = &found[reading];
            assert!(matches!(came, Came::Failed(kind, _) if *kind == expected), "{faults}, {reading}: {came:?}");
        }
    }
}

#[tokio::test]
async fn an_unreadable_row_is_a_problem_and_the_others_are_read() {
    let quiet = pair(data(), "").await;
    let of = some_ids(&quiet.pax8).await;
    let expected = everything(&quiet.pax8, &of).await;
    for (faults, readings, field) in [
        ("bad-quantity", &["subscriptions", "charges", "drafts"][..], "quantity"),
        ("no-currency", &["charges", "drafts", "invoices"], "currencyCode"),
        ("nan", &["subscriptions", "charges", "drafts"], "price"),
    ] {
        let Pair { pax8, remote: _remote } = pair(data(), faults).await;
        let found = everything(&pax8, &of).await;
        for reading in readings {
            let (Came::Partial(records, problems), Came::Whole(all)) = (&found[reading], &expected[reading]) else {
                panic!("{faults}, {reading}: {:?}", found[reading]);
            };
            assert!(problems.iter().all(|p| p.contains("row 1") && p.contains(field)), "{problems:?}");
            assert!(!problems.is_empty() && all.len() >= records.len(), "{faults}, {reading}");
            // Lines of an invoice whose head is unreadable cannot be asked for; all else stays.
            if !(faults == "no-currency" && *reading == "charges") {
                assert_eq!(records.len() + problems.len(), all.len(), "{faults}, {reading}");
            }
        }
    }
}

#[tokio::test]
async fn withdrawn_invoices_are_listed_and_their_lines_are_not_cost() {
    let quiet = pair(data(), "").await;
    let credited = pair(data(), "credited").await;
    let heads = credited.pax8.invoices(month(), &Unwatched).await.unwrap().unwrap();
    let plain = quiet.pax8.invoices(month(), &Unwatched).await.unwrap().unwrap();
    assert_eq!(heads.records().len(), 2 * plain.records().len());
    let charges = credited.pax8.charges(month(), &Unwatched).await;
    assert_eq!(came(charges), came(quiet.pax8.charges(month(), &Unwatched).await));
}

#[tokio::test]
async fn lines_carry_their_own_ids_where_there_are_any() {
    let data = data();
    let with = pair(data.clone(), &format!("item-ids,{CHARGED}")).await;
    let charges = with.pax8.charges(month(), &Unwatched).await.unwrap();
    let ids = sorted(charges.records().iter().map(|c| c.id.to_string()));
    assert_eq!(ids, column(&data, File::VendorInvoiceItems, "id"));
    let without = pair(data, "").await;
    let charges = without.pax8.charges(month(), &Unwatched).await.unwrap();
    for charge in charges.records() {
        let (invoice, place) = charge.id.as_str().split_once('#').unwrap();
        assert!(charge.invoice.as_ref().unwrap().as_str() == invoice && place.parse::<u32>().unwrap() > 0);
    }
}

#[tokio::test]
async fn dates_of_any_shape_are_the_same_dates() {
    let (plain, mixed) = (pair(data(), "plain-dates").await, pair(data(), "").await);
    let dates = |held: &Pulled<Subscription>| -> Vec<_> {
        let fields = held.records().iter().map(|s| &s.fields);
        fields.map(|f| (f.start, f.end, f.billing_start, f.commitment_end)).collect()
    };
    let plain = plain.pax8.subscriptions(&Unwatched).await.unwrap();
    let mixed = mixed.pax8.subscriptions(&Unwatched).await.unwrap();
    assert!(plain.is_complete() && mixed.is_complete());
    assert_eq!(dates(&plain), dates(&mixed));
}

#[tokio::test]
async fn history_is_oldest_first_and_holds_the_state_of_today() {
    let Pair { pax8, remote: _remote } = pair(data(), "").await;
    let held = pax8.subscriptions(&Unwatched).await.unwrap().into_parts().0;
    let ids: Vec<_> = held.iter().map(|s| s.id.clone()).collect();
    let history = pax8.history(&ids, &Unwatched).await.unwrap().unwrap();
    let states = history.records();
    assert!(history.is_complete() && states.len() > held.len(), "{} states", states.len());
    for pair in states.windows(2).filter(|pair| pair[0].id == pair[1].id) {
        assert!(pair[0].fields.updated <= pair[1].fields.updated, "{pair:?}");
    }
    assert!(held.iter().all(|now| states.contains(now)));
}

#[tokio::test]
async fn an_id_the_remote_no_longer_knows_is_a_problem_of_that_id() {
    let Pair { pax8, remote: _remote } = pair(data(), "").await;
    let known = pax8.subscriptions(&Unwatched).await.unwrap().records()[0].id.clone();
    let strange = trueup::core::id::SubscriptionId::new("a/strange one?");
    let history = pax8.history(&[strange, known], &Unwatched).await.unwrap().unwrap();
    assert!(!history.is_complete() && !history.records().is_empty());
    assert_eq!(history.problems().len(), 1);
    let text = history.problems()[0].to_string();
    assert!(text.starts_with("GET /subscriptions/a%2Fstrange%20one%3F/history, record a/strange one?: "), "{text}");
}

#[tokio::test]
async fn progress_is_told_and_pages_are_as_large_as_allowed() {
    struct Told(std::sync::Mutex<Vec<(String, u64, Way)>>);
    impl Watch for Told {
        fn progress(&self, what: &str, records: u64, way: Way) {
            self.0.lock().unwrap().push((what.to_owned(), records, way));
        }
    }
    let told = Told(std::sync::Mutex::default());
    let Pair { pax8, remote } = pair_with(data(), "", |settings| settings.page_size = 200).await;
    let count = u64::try_from(pax8.customers(&told).await.unwrap().records().len()).unwrap();
    assert_eq!(told.0.lock().unwrap().last(), Some(&("pax8: companies".to_owned(), count, Way::Records(count))));
    let log = remote.log();
    assert!(log.iter().any(|call| call.path == "/v1/companies?page=0&size=200"), "{log:?}");
    assert_eq!(log.iter().filter(|call| call.path == "/v1/token").count(), 1);
}

/// Remembers what is under way, and how far each work came at last.
#[derive(Default)]
struct UnderWay {
    open: std::sync::Mutex<Vec<String>>,
    last: std::sync::Mutex<std::collections::BTreeMap<String, Way>>,
}

impl Watch for UnderWay {
    fn begin(&self, what: &str) {
        self.open.lock().unwrap().push(what.to_owned());
    }

    fn progress(&self, what: &str, _records: u64, way: Way) {
        assert!(self.open.lock().unwrap().iter().any(|open| open == what), "{what} was not begun");
        self.last.lock().unwrap().insert(what.to_owned(), way);
    }

    fn end(&self, what: &str) {
        self.open.lock().unwrap().retain(|open| open != what);
    }
}

#[tokio::test]
async fn what_is_asked_one_by_one_has_an_end_and_what_is_begun_is_ended() {
    let watch = UnderWay::default();
    let Pair { pax8, remote: _remote } = pair(data(), "").await;
    let held = pax8.subscriptions(&watch).await.unwrap();
    let ids: Vec<_> = held.records().iter().map(|held| held.id.clone()).collect();
    let companies = pax8.customers_with_contacts(&watch).await.unwrap().unwrap().records().len();
    assert!(pax8.history(&ids, &watch).await.is_ok() && pax8.charges(month(), &watch).await.is_ok());
    let last = watch.last.lock().unwrap().clone();
    let all = |count| Some(Way::parts(count, count));
    assert_eq!(last.get("pax8: history of subscriptions").copied(), all(ids.len()), "{last:?}");
    assert_eq!(last.get("pax8: contacts of companies").copied(), all(companies), "{last:?}");
    assert!(matches!(last.get("pax8: charges of invoices"), Some(Way::Parts { within: None, .. })), "{last:?}");
    assert!(watch.open.lock().unwrap().is_empty(), "{:?}", watch.open.lock().unwrap());
    // …in error as well
    let Pair { pax8, remote: _remote } = pair(data(), "403").await;
    assert!(pax8.subscriptions(&watch).await.is_err() && pax8.history(&ids, &watch).await.is_err());
    assert!(watch.open.lock().unwrap().is_empty(), "{:?}", watch.open.lock().unwrap());
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused() {
    type Change = fn(&mut Pax8Settings);
    let cases: [(&str, Change); 6] = [
        ("page_size must be from 1 to 200, found 201", |s| s.page_size = 201),
        ("page_size must be from 1 to 200, found 0", |s| s.page_size = 0),
        ("client_id is empty", |s| s.client_id = " ".into()),
        ("without TLS", |s| s.base_url = "http://api.example/v1".into()),
        ("token address: ", |s| s.token_url = Some("http://login.example/token".into())),
        ("0 calls in 60s is not a pace", |s| s.calls_per_minute = 0),
    ];
    for (words, change) in cases {
        let mut settings = Pax8Settings::new("pax8", "demo-client", "demo-secret".into());
        change(&mut settings);
        let error = Pax8::new(&settings).err().unwrap();
        assert!(matches!(error.kind, ErrorKind::Settings(_)) && error.to_string().contains(words), "{error}");
        assert!(!format!("{settings:?}").contains("demo-secret"));
    }
}

#[tokio::test]
async fn check_says_what_to_do() {
    let fine = pair(data(), "").await;
    let lines = fine.pax8.check(&Unwatched).await;
    assert_eq!(lines.len(), 17);
    let untried: Vec<_> = lines.iter().filter(|line| !line.tried).map(|line| line.what.as_str()).collect();
    assert_eq!(untried, ["list usage lines (only for pull --with usage)"], "{lines:?}");
    assert!(lines.iter().all(|line| line.outcome.is_ok()), "{lines:?}");
    let known = lines.last().unwrap().outcome.clone().unwrap();
    assert!(known.starts_with("every field and word of "), "{known}");
    let extra = pair(data(), "extra").await.pax8.check(&Unwatched).await;
    let drift = extra.last().unwrap().outcome.clone().unwrap();
    for listing in [
        "companies",
        "contacts",
        "dependencies",
        "invoice items",
        "invoices",
        "orders",
        "prices",
        "products",
        "provision details",
        "subscriptions",
    ] {
        assert!(drift.contains(&format!("{listing}: a field never seen before")), "{listing}: {drift}");
    }
    let mut worded = data();
    for (file, column) in [(File::VendorCompanies, "status"), (File::VendorSubscriptions, "billingTerm")] {
        assert!(worded.table_mut(file).set(0, column, "Sabbatical"));
    }
    let worded = pair(worded, "").await.pax8.check(&Unwatched).await;
    let drift = worded.last().unwrap().outcome.clone().unwrap();
    for word in ["companies: status says Sabbatical, a word", "subscriptions: billingTerm says Sabbatical, a word"] {
        assert!(drift.contains(word), "{drift}");
    }
    // What holds nothing was not looked at, which is not the same as good.
    let empty = pair(Data::empty(), "").await.pax8.check(&Unwatched).await;
    let untried: Vec<_> = empty.iter().filter(|line| !line.tried).map(|line| line.what.as_str()).collect();
    assert_eq!(untried.len(), 9, "{empty:?}");
    assert!(untried.contains(&"list items of an invoice") && untried.contains(&"compare fields with those known"));
    let companies = data().table(File::VendorCompanies).len();
    assert_eq!(lines[1].outcome, Ok(format!("{companies} there")));

    let refused = pair_with(data(), "", |settings| settings.client_secret = "wrong".into()).await;
    let lines = refused.pax8.check(&Unwatched).await;
    let first = lines[0].outcome.clone().unwrap_err().what;
    assert!(first.contains("credentials were refused") && first.contains("compare client id and secret"), "{first}");
    assert!(lines[1..].iter().all(|line| line.outcome.is_err()), "{lines:?}");

    let forbidden = pair(data(), "403@invoices").await;
    let lines = forbidden.pax8.check(&Unwatched).await;
    assert!(lines[..4].iter().all(|line| line.outcome.is_ok()), "{lines:?}");
    let last = lines[4].outcome.clone().unwrap_err().what;
    assert!(lines[4].what == "list invoices" && last.contains("make credentials with the right"), "{last}");

    // What is read below a record, and the drafts, are tried as well: their rights may be missing alone.
    for (listing, what) in [
        ("items", "list items of an invoice"),
        ("pricing", "list prices (only for pull --with prices)"),
        ("dependencies", "read dependencies (only for pull --with dependencies)"),
        ("provision-details", "list provision details (only for pax8 products)"),
        ("orders", "list orders (only for pax8 orders)"),
        ("webhooks", "list webhooks (only for pax8 webhooks)"),
        ("history", "list history (only for pull --with history)"),
        ("contacts", "list contacts (only for pull --with contacts)"),
        ("usage-summaries", "list usage (only for pull --with usage)"),
        ("draftItems", "list draft items (only for pull --with drafts)"),
    ] {
        let forbidden = pair(data(), &format!("403@{listing}")).await;
        let lines = forbidden.pax8.check(&Unwatched).await;
        let refused: Vec<_> =
            lines.iter().filter(|line| line.outcome.is_err()).map(|line| line.what.as_str()).collect();
        assert_eq!(refused, [what], "{lines:?}");
    }
}

/// A simulator with the month the contract asks for; its rows as its tables count them.
fn subject(faults: &str, listings: &[(&'static str, File)]) -> Subject<dyn VendorConnector> {
    let data = World::from_seed(7, 1, "2026-10").unwrap().data;
    let rows = listings.iter().map(|(name, file)| (*name, data.table(*file).len())).collect();
    let started = pair_with(data, faults, |settings| settings.page_size = 50);
    let pair = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(started));
    Subject { connector: Box::new(pair.pax8), rows, _source: Box::new(pair.remote) }
}

#[tokio::test(flavor = "multi_thread")]
async fn pax8_keeps_the_contract() {
    let (held, charges) = (("subscriptions", File::VendorSubscriptions), ("charges", File::VendorInvoiceItems));
    let all = [("customers", File::VendorCompanies), ("products", File::VendorProducts), held, charges];
    vendor(|| subject("clock=2026-11-05", &all), || subject("403=once@invoices,bad-quantity", &[held])).await;
}

#[tokio::test]
async fn an_empty_account_reads_as_empty_and_whole() {
    let Pair { pax8, remote: _remote } = pair(Data::empty(), "no-content").await;
    assert_eq!(came(pax8.customers(&Unwatched).await), Came::Whole(vec![]));
    assert_eq!(came(some(pax8.invoices(month(), &Unwatched).await)), Came::Whole(vec![]));
    assert_eq!(came(pax8.charges(month(), &Unwatched).await), Came::Whole(vec![]));
}
