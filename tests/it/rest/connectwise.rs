//! ConnectWise PSA through the shipped file, against the simulator: every cell of every line arrives, whatever goes wrong on
//! the way, and what cannot be read is named.

use std::net::SocketAddr;

use trueup::connectors::environment::Environment;
use trueup::connectors::rest::{ConnectorFile, Rest};
use trueup::connectors::{PsaConnector, Unwatched};
use trueup::core::billing::{BillCustomer, BilledLine, LineKind};
use trueup::core::customer::PsaCustomer;
use trueup::core::money::{UnitPrice, exact, plain};
use trueup::core::period::BillingPeriod;
use trueup::core::snapshot::Pulled;
use trueup::simulate::{CONNECTWISE, Data, Faults, File, Row, Running, World};

use crate::contract::{Subject, psa};

fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

pub(super) fn period() -> BillingPeriod {
    "2026-04".parse().unwrap()
}

pub(crate) async fn serve(data: Data, faults: &str) -> (Running, Rest) {
    serve_paged(data, faults, "value = 1000").await
}

/// The same with pages of another size.
async fn serve_paged(data: Data, faults: &str, size: &str) -> (Running, Rest) {
    let replacements = [("calls = 900", "calls = 1000000"), ("value = 1000", size)];
    super::serve(&CONNECTWISE, &data, faults, &replacements).await
}

fn connect(running: &Running, size: &str) -> Rest {
    connect_as(running, size, Environment::Production)
}

/// A connection that may write, or one for tests.
pub(crate) fn connect_as(running: &Running, size: &str, environment: Environment) -> Rest {
    let mut file = ConnectorFile::builtin("builtin:connectwise").unwrap();
    // the real pace would only make the tests slow
    file.text = file.text.replace("calls = 900", "calls = 1000000").replace("value = 1000", size);
    let mut settings = super::settings_of(&CONNECTWISE, file, running);
    settings.environment = environment;
    Rest::new(settings).unwrap()
}

/// The simulator, and a connection through this text of the file; what is wrong with it where it cannot be used.
pub(super) async fn serve_text(data: Data, text: &str) -> Result<(Running, Rest), String> {
    let running = CONNECTWISE.serve(&data, Faults::default(), loopback()).await.unwrap();
    let text = text.replace("calls = 900", "calls = 1000000");
    let file = ConnectorFile { name: "builtin:connectwise".to_owned(), text };
    let rest = Rest::new(super::settings_of(&CONNECTWISE, file, &running)).map_err(|error| error.to_string())?;
    Ok((running, rest))
}

/// An invented month; the quantities it spells wrongly on purpose are put right.
fn world() -> Data {
    let mut data = World::from_seed(7, 40, "2026-04").unwrap().data;
    let lines = data.table_mut(File::PsaAgreementLines);
    for at in 0..lines.len() {
        if exact(lines.row(at).unwrap().get("quantity")).is_err() {
            lines.set(at, "quantity", "10");
        }
    }
    data
}

/// A line with the columns of the table it came from.
fn as_row(line: &BilledLine) -> Vec<(&'static str, String)> {
    let bill = match line.bill {
        BillCustomer::Billable => "Billable",
        BillCustomer::NoCharge => "NoCharge",
        BillCustomer::DoNotBill => "DoNotBill",
    };
    let kind = match line.kind {
        LineKind::Recurring => "recurring",
        LineKind::Credit => "credit",
    };
    vec![
        ("id", line.id.to_string()),
        ("agreementId", line.agreement.clone().unwrap_or_default()),
        ("agreementStatus", line.agreement_status.clone()),
        ("companyId", line.company.to_string()),
        ("companyName", line.company_name.clone().unwrap_or_default()),
        ("productId", line.product.to_string()),
        ("productIdentifier", line.product_code.clone().unwrap_or_default()),
        ("description", line.description.clone().unwrap_or_default()),
        ("lineType", kind.to_owned()),
        ("quantity", plain(line.quantity.value())),
        ("lessIncluded", plain(line.included.value())),
        ("unitPrice", plain(line.price.value())),
        ("unitCost", plain(line.cost.value())),
        ("extendedPrice", plain(line.amount.value())),
        ("extendedCost", plain(line.cost_total.value())),
        ("billCustomer", bill.to_owned()),
        ("effectiveDate", line.effective.to_string()),
        ("cancelledDate", line.cancelled.map(|day| day.to_string()).unwrap_or_default()),
        ("currencyCode", line.currency.to_string()),
    ]
}

/// The cell as the connector's values print: numbers without trailing zeros.
fn cell(row: &Row<'_>, column: &str) -> String {
    let text = row.get(column);
    let numeric = ["quantity", "lessIncluded", "unitPrice", "unitCost", "extendedPrice", "extendedCost"];
    if numeric.contains(&column) { plain(exact(text).unwrap()) } else { text.to_owned() }
}

fn assert_all_lines(data: &Data, pulled: &Pulled<BilledLine>) {
    assert_eq!(pulled.problems(), []);
    let table = data.table(File::PsaAgreementLines);
    assert_eq!(pulled.records().len(), table.len());
    assert!(table.len() > 50);
    for row in table.rows() {
        let line = pulled.records().iter().find(|line| line.id.as_str() == row.get("id")).unwrap();
        for (column, found) in as_row(line) {
            assert_eq!(found, cell(&row, column), "line {} {column}", row.get("id"));
        }
    }
}

#[tokio::test]
async fn every_cell_of_every_line_arrives() {
    let data = world();
    let (_running, rest) = serve(data.clone(), "").await;
    assert_all_lines(&data, &rest.billed_lines(period(), &Unwatched).await.unwrap());
}

#[tokio::test]
async fn what_may_pass_passes_and_nothing_is_lost() {
    let data = world();
    for (faults, status) in [
        ("429=2,retry-after=0", Some(429)),
        ("429-bare=2", Some(429)),
        ("500=2", Some(500)),
        ("503=2", Some(503)),
        ("408=2", Some(408)),
        ("drop=2", Some(0)),
        ("hangup=2", None),
        ("cut=every:10", None),
        ("extra", None),
        ("nulls", None),
    ] {
        let (running, rest) = serve(data.clone(), faults).await;
        let pulled = rest.billed_lines(period(), &Unwatched).await.unwrap();
        assert_all_lines(&data, &pulled);
        let met = running.log().iter().any(|entry| status.is_none_or(|status| entry.status == status));
        assert!(met, "{faults} was not met");
    }
}

#[tokio::test]
async fn customers_and_products_arrive_with_their_fields() {
    let data = world();
    let (_running, rest) = serve(data.clone(), "").await;
    let customers = rest.customers(&Unwatched).await.unwrap();
    assert!(customers.is_complete());
    assert_eq!(customers.records().len(), data.table(File::PsaCompanies).len());
    for row in data.table(File::PsaCompanies).rows() {
        let found = customers.records().iter().find(|customer| customer.id.as_str() == row.get("id")).unwrap();
        let fields = &found.fields;
        assert_eq!(found.version.as_deref(), Some("2026-01-15T09:00:00Z"));
        for (column, value) in [
            ("name", Some(&fields.name)),
            ("identifier", fields.code.as_ref()),
            ("addressLine1", fields.street.as_ref()),
            ("city", fields.city.as_ref()),
            ("state", fields.region.as_ref()),
            ("zip", fields.postcode.as_ref()),
            ("country", fields.country.as_ref()),
            ("phoneNumber", fields.phone.as_ref()),
            ("website", fields.website.as_ref()),
        ] {
            assert_eq!(value.map_or("", String::as_str), row.get(column), "{column}");
        }
        let status = if row.get("deletedFlag") == "true" { "Deleted" } else { row.get("status") };
        assert_eq!(fields.status.as_deref(), Some(status));
    }
    let products = rest.products(&Unwatched).await.unwrap();
    assert!(products.is_complete());
    assert_eq!(products.records().len(), data.table(File::PsaProducts).len());
    for row in data.table(File::PsaProducts).rows() {
        let found = products.records().iter().find(|product| product.id.as_str() == row.get("id")).unwrap();
        let fields = &found.fields;
        for (column, value) in [
            ("description", Some(&fields.name)),
            ("identifier", fields.sku.as_ref()),
            ("category", fields.category.as_ref()),
            ("unitOfMeasure", fields.unit.as_ref()),
            ("manufacturerPartNumber", fields.vendor_sku.as_ref()),
        ] {
            assert_eq!(value.map_or("", String::as_str), row.get(column), "{column}");
        }
        for (column, value) in [("price", fields.price), ("cost", fields.cost)] {
            assert_eq!(value.map(UnitPrice::value), exact(row.get(column)).ok(), "{column}");
        }
        let status = if row.get("inactiveFlag") == "true" { "Inactive" } else { "Active" };
        assert_eq!(fields.status.as_deref(), Some(status));
    }
}

#[tokio::test]
async fn bundles_arrive_with_their_recipes() {
    let data = world();
    let (_running, rest) = serve(data.clone(), "").await;
    let bundles = rest.bundles(&Unwatched).await.unwrap().unwrap();
    let recipes: Vec<Row<'_>> = data.table(File::Mappings).rows().filter(|row| row.get("kind") == "bundle").collect();
    assert!(!recipes.is_empty());
    assert_eq!(bundles.iter().map(|(_, parts)| parts.len()).sum::<usize>(), recipes.len());
    let mut found: Vec<String> = Vec::new();
    for (bundle, parts) in &bundles {
        for part in parts {
            let figures = [part.per_unit, part.weight_from, part.weight_to].map(plain);
            found.push(format!("{bundle} {} {}", part.product, figures.join(" ")));
        }
    }
    let mut expected: Vec<String> = recipes
        .iter()
        .map(|row| {
            let figures = ["perUnit", "weightFrom", "weightTo"].map(|column| plain(exact(row.get(column)).unwrap()));
            format!("{} {} {}", row.get("bundlePsaId"), row.get("psaId"), figures.join(" "))
        })
        .collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

/// More customers than fit two pages.
fn many_customers() -> Data {
    customers(2500)
}

fn customers(number: usize) -> Data {
    let mut data = Data::empty();
    for id in 1001..=1000 + number {
        let id = id.to_string();
        let cells = [("id", id.as_str()), ("name", "Customer"), ("status", "Active"), ("deletedFlag", "false")];
        data.table_mut(File::PsaCompanies).push(&cells);
    }
    data
}

#[tokio::test]
async fn lists_of_several_pages_are_counted_and_read_again_when_they_move() {
    for (faults, least) in [("", 3), ("move=1", 6), ("skip=1", 6), ("oversize=clamp", 3)] {
        let (running, rest) = serve(many_customers(), faults).await;
        let customers = rest.customers(&Unwatched).await.unwrap();
        assert!(customers.is_complete() && customers.records().len() == 2500, "{faults}");
        let pages = running.log().iter().filter(|entry| !entry.path.contains("/count")).count();
        assert!(pages >= least - 1, "{faults}: {pages} pages");
    }
    for (faults, what) in [
        ("skip=always", "2500 rows were counted"),
        ("move=always", "was listed twice"),
        ("no-paging", "2500 rows were counted and 1000 came"),
    ] {
        let (_running, rest) = serve(many_customers(), faults).await;
        let error = rest.customers(&Unwatched).await.unwrap_err().to_string();
        assert!(error.contains("the listing is not complete") && error.contains(what), "{faults}: {error}");
    }
}

#[tokio::test]
async fn no_list_that_really_moved_claims_to_be_complete_and_is_not() {
    let (mut whole, mut refused) = (0, 0);
    for seed in 0..80 {
        let faults = format!("seed={seed},insert=chance:120,delete=chance:120,resort=chance:40");
        let data = customers(20);
        let (running, rest) = serve_paged(data, &faults, "value = 3").await;
        let read = rest.customers(&Unwatched).await;
        // one page is never disturbed: what is there now
        let all = connect(&running, "value = 1000");
        let now = ids(&all.customers(&Unwatched).await.unwrap());
        match read {
            Ok(read) => {
                whole += 1;
                let read = ids(&read);
                // what is made meanwhile has lower ids, what goes is the first: the others were there all the while
                let there: Vec<_> = now.iter().filter(|id| **id > 1_000).collect();
                let missing: Vec<_> = there.into_iter().filter(|id| !read.contains(id)).collect();
                assert!(missing.is_empty(), "seed {seed}: complete, and these were there all the while: {missing:?}");
            }
            Err(error) => {
                assert!(error.to_string().contains("the listing is not complete"), "seed {seed}: {error}");
                refused += 1;
            }
        }
    }
    assert!(whole > 8 && refused > 8, "both are met: {whole} whole, {refused} refused");
}

fn ids(read: &Pulled<PsaCustomer>) -> std::collections::BTreeSet<u64> {
    read.records().iter().map(|customer| customer.id.as_str().parse().unwrap()).collect()
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_the_rest_goes_on() {
    let data = world();
    for (faults, field, what) in [
        ("bad-quantity@additions", "quantity", r#"a JSON number expected, found "1O""#),
        ("nan@additions", "price", r#"a JSON number expected, found "NaN""#),
        ("no-currency", "currency", "a value is needed, found none"),
    ] {
        let (_running, rest) = serve(data.clone(), faults).await;
        let pulled = rest.billed_lines(period(), &Unwatched).await.unwrap();
        assert!(!pulled.is_complete() && !pulled.records().is_empty(), "{faults}");
        let problem = pulled.problems().iter().find(|problem| problem.field.as_deref() == Some(field)).unwrap();
        assert_eq!(problem.what, what);
        assert!(problem.at.starts_with("GET /finance/agreements/") && problem.at.ends_with("/additions page 1"));
        let bad = problem.record.clone().unwrap();
        assert!(pulled.records().iter().all(|line| line.id.as_str() != bad));
        let named = pulled.problems().iter().filter_map(|problem| problem.record.clone());
        let lost: std::collections::BTreeSet<String> = named.collect();
        assert_eq!(pulled.records().len() + lost.len(), data.table(File::PsaAgreementLines).len(), "{faults}");
    }
}

#[tokio::test]
async fn one_list_that_is_not_there_is_a_problem_and_refused_credentials_end_the_pull() {
    let data = world();
    let (_running, rest) = serve(data.clone(), "404=nth:1@additions").await;
    let pulled = rest.billed_lines(period(), &Unwatched).await.unwrap();
    assert_eq!(pulled.problems().len(), 1);
    assert!(pulled.problems()[0].what.starts_with("the list below it cannot be read: not found (404"));
    assert!(!pulled.records().is_empty() && pulled.records().len() < data.table(File::PsaAgreementLines).len());
    let (_running, rest) = serve(data, "403@additions").await;
    let error = rest.billed_lines(period(), &Unwatched).await.unwrap_err();
    assert!(error.to_string().contains("the credentials were refused (403"), "{error}");
}

#[tokio::test]
async fn a_check_has_a_line_for_every_list() {
    let (running, rest) = serve(world(), "").await;
    let lines: Vec<_> =
        rest.check(&Unwatched).await.into_iter().map(|line| (line.what, line.outcome.is_ok(), line.tried)).collect();
    let lists = ["agreement", "bundle", "bundle_item", "custom_field", "customer", "line", "product"];
    let mut expected: Vec<_> = lists.map(|name| (format!("list {name}"), true, true)).into();
    // A right to make something shows only by making it.
    expected.push(("find tickets (only for renewals)".to_owned(), true, true));
    expected.push(("make tickets".to_owned(), true, false));
    assert_eq!(lines, expected);
    assert!(running.log().iter().all(|entry| entry.method == "GET"), "a check writes nothing");
    assert!(running.requests() < 40, "a check reads only first pages");
    assert_eq!(rest.descriptor().location, format!("ConnectWise PSA at {}/v4_6_release/apis/3.0", running.url()));
    let (_running, rest) = serve(world(), "403@catalog").await;
    let failed = rest.check(&Unwatched).await.into_iter().find(|line| line.what == "list product").unwrap();
    assert!(failed.outcome.unwrap_err().what.ends_with("check the credentials and the rights of this API user"));
    let (_running, rest) = serve(world(), "403@tickets").await;
    let failed: Vec<_> = rest.check(&Unwatched).await.into_iter().filter(|line| line.outcome.is_err()).collect();
    assert_eq!(failed.iter().map(|line| line.what.as_str()).collect::<Vec<_>>(), ["find tickets (only for renewals)"]);
}

/// A simulator, and the rows of its tables.
fn subject(faults: &str, listings: &[(&'static str, File)]) -> Subject<dyn PsaConnector> {
    let data = world();
    let rows = listings.iter().map(|(name, file)| (*name, data.table(*file).len())).collect();
    let started = serve(data, faults);
    let (running, rest) = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(started));
    Subject { connector: Box::new(rest), rows, _source: Box::new(running) }
}

#[tokio::test(flavor = "multi_thread")]
async fn connectwise_keeps_the_contract() {
    let lines = ("billed lines", File::PsaAgreementLines);
    let all = [("customers", File::PsaCompanies), ("products", File::PsaProducts), lines];
    psa(|| subject("", &all), || subject("bad-quantity@additions", &[lines])).await;
}
