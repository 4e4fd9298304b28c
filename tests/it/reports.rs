//! Reports as files: golden texts of one invented month with hostile names, and the laws every table keeps.

#![cfg(test)]

mod explained;
mod remedies;

use std::collections::BTreeMap;
use std::io::Cursor;

use calamine::{Data, DataType as _, Reader, Xlsx};
use chrono::NaiveDate;
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};
use trueup::core::billing::{ChargeKind, EndRule, VendorCharge, VendorInvoice};
use trueup::core::id::{Id, InvoiceId};
use trueup::core::link::{Link, Shape};
use trueup::core::money::{Amount, Currency, UnitPrice};
use trueup::core::quantity::Quantity;
use trueup::core::reconcile::coverage::{Bucket, Coverage};
use trueup::core::reconcile::lines::Charge;
use trueup::core::reconcile::outcome::{
    Class, ClassTotal, CustomerMargin, Flags, KeyPart, Outcome, PriceRange, Variance, Verdict,
};
use trueup::core::snapshot::Problem;
use trueup::report::table::{Cell, Kind};
use trueup::report::text::{Cut, Screen};
use trueup::report::{self, Documents, Facts, Input, Names, Report, Source, findings, html, text, xlsx};

const HYPERLINK: &str = "=HYPERLINK(\"http://evil.example\",\"click, me\")";
const SCRIPT: &str = "<script>alert('x')</script> & \"Söhne\", Ltd\nLine two";
const TURNED: &str = "@SUM(1+1)\u{202E}lamron\u{1b}[31m";

fn amount(text: &str) -> Amount {
    Amount::parse(text).unwrap()
}

fn currency(code: &str) -> Currency {
    code.parse().unwrap()
}

fn psa(id: &str) -> KeyPart {
    KeyPart::Psa(id.into())
}

fn vendor(id: &str) -> KeyPart {
    KeyPart::Vendor(id.into())
}

fn price(text: &str) -> PriceRange {
    let price = UnitPrice::parse(text).unwrap();
    PriceRange { lowest: price, highest: price }
}

/// `vendor` and `psa`: quantity, amount, cost.
fn variance(keys: (&str, KeyPart, KeyPart), class: Class, vendor: [&str; 3], psa: [&str; 3]) -> Variance {
    let quantity = |text| Quantity::parse(text).unwrap();
    let (vendor_quantity, psa_quantity) = (quantity(vendor[0]), quantity(psa[0]));
    let (vendor_amount, psa_amount) = (amount(vendor[1]), amount(psa[1]));
    let amount_variance = vendor_amount.minus(psa_amount).unwrap();
    Variance {
        currency: currency(keys.0),
        company: keys.1,
        product: keys.2,
        flags: Flags::default().with(class),
        vendor_quantity,
        psa_quantity,
        quantity_variance: vendor_quantity.minus(psa_quantity).unwrap(),
        vendor_amount,
        psa_amount,
        psa_included: Amount::ZERO,
        amount_variance,
        vendor_cost: amount(vendor[2]),
        psa_cost: amount(psa[2]),
        vendor_lines: u32::from(class != Class::MissingInVendor) * 2,
        psa_lines: u32::from(class != Class::MissingInPsa),
        vendor_prices: None,
        psa_prices: None,
        vendor_costs: None,
        psa_costs: None,
        quantity_part: Amount::ZERO,
        price_part: Amount::ZERO,
        other_part: amount_variance,
        bundled: false,
        included_quantity: (!matches!(class, Class::UnmappedCompany | Class::UnmappedProduct))
            .then_some(Quantity::ZERO),
        first_start: None,
    }
}

fn variances() -> Vec<Variance> {
    let usd = |company: KeyPart, product: KeyPart| ("USD", company, product);
    let nothing = ["0", "0.00", "0.00"];
    let credit = variance(
        ("EUR", psa("4"), psa("10")),
        Class::CreditNotPassed,
        ["5", "64.00", "45.00"],
        ["5", "100.00", "80.00"],
    );
    let seats = Variance {
        vendor_prices: Some(price("25.00")),
        psa_prices: Some(price("25.00")),
        vendor_costs: Some(price("20.00")),
        psa_costs: Some(price("20.00")),
        quantity_part: amount("75.00"),
        other_part: Amount::ZERO,
        ..variance(
            usd(psa("1"), psa("10")),
            Class::QtyUnderbilled,
            ["13", "325.00", "260.00"],
            ["10", "250.00", "200.00"],
        )
    };
    let seats = Variance { flags: seats.flags.with(Class::VendorMath), ..seats };
    let ended = variance(usd(psa("1"), psa("12")), Class::MissingInVendor, nothing, ["2", "30.00", "24.00"]);
    let backup = Variance {
        vendor_prices: Some(price("4.50")),
        psa_prices: Some(price("4.00")),
        price_part: amount("10.00"),
        other_part: Amount::ZERO,
        ..variance(usd(psa("2"), psa("11")), Class::PriceStale, ["20", "90.00", "60.00"], ["20", "80.00", "60.00"])
    };
    let unlinked_product =
        variance(usd(psa("2"), vendor("sku-9")), Class::UnmappedProduct, ["1", "12.00", "9.00"], nothing);
    let both_ways = Variance {
        psa_included: amount("5.00"),
        amount_variance: amount("-1005.01"),
        vendor_prices: Some(price("1000.00")),
        psa_prices: Some(PriceRange {
            lowest: UnitPrice::parse("1000").unwrap(),
            highest: UnitPrice::parse("1000.01").unwrap(),
        }),
        quantity_part: amount("-1000.00"),
        price_part: amount("-0.01"),
        other_part: amount("-5.00"),
        ..variance(
            usd(psa("3"), psa("10")),
            Class::QtyOverbilled,
            ["1", "1000.00", "800.00"],
            ["2", "2000.01", "1600.00"],
        )
    };
    let cost = Variance {
        vendor_costs: Some(price("18.90")),
        psa_costs: Some(price("18.00")),
        ..variance(usd(psa("3"), psa("11")), Class::CostStale, ["40", "880.00", "756.00"], ["40", "880.00", "720.00"])
    };
    vec![
        credit,
        seats,
        ended,
        backup,
        unlinked_product,
        both_ways,
        cost,
        variance(usd(psa("4"), psa("10")), Class::MissingInPsa, ["1.5", "33.00", "27.00"], nothing),
        variance(
            usd(psa("4"), psa("13")),
            Class::AmountMismatch,
            ["0.333333", "474.23", "412.37"],
            ["1", "400.00", "380.00"],
        ),
        variance(usd(psa("4"), psa("14")), Class::VendorMath, ["3", "30.00", "21.01"], ["3", "30.00", "21.00"]),
        variance(usd(vendor("7f-1"), vendor("sku-8")), Class::UnmappedCompany, ["4", "1234.50", "1000.00"], nothing),
    ]
}

fn classes(variances: &[Variance]) -> BTreeMap<Currency, BTreeMap<Class, ClassTotal>> {
    let mut classes: BTreeMap<Currency, BTreeMap<Class, ClassTotal>> = BTreeMap::new();
    for v in variances {
        let total = classes.entry(v.currency).or_default().entry(v.class()).or_default();
        total.cells += 1;
        for (sum, part) in [
            (&mut total.vendor_amount, v.vendor_amount),
            (&mut total.psa_amount, v.psa_amount),
            (&mut total.psa_included_amount, v.psa_included),
            (&mut total.amount_variance, v.amount_variance),
            (&mut total.vendor_cost, v.vendor_cost),
            (&mut total.psa_cost, v.psa_cost),
        ] {
            *sum = sum.plus(part).unwrap();
        }
    }
    classes
}

fn coverage() -> Coverage {
    let mut coverage = Coverage { vendor_unreadable: 0, psa_unreadable: 2, ..Coverage::default() };
    let (usd, eur) = (currency("USD"), currency("EUR"));
    for (code, bucket, money, cost) in [
        (usd, Bucket::VendorCompared, "2832.23", "2336.38"),
        (usd, Bucket::VendorCompared, "0.0049", "0.0031"),
        (usd, Bucket::VendorCompanyUnmapped, "1234.50", "1000.00"),
        (usd, Bucket::VendorProductUnmapped, "12.00", "9.00"),
        (usd, Bucket::VendorExcluded, "-100.00", "-100.00"),
        (usd, Bucket::PsaCompared, "3670.01", "3005.00"),
        (usd, Bucket::PsaNotVendorSourced, "9000.00", "0.00"),
        (eur, Bucket::VendorCompared, "64.00", "45.00"),
        (eur, Bucket::PsaCompared, "100.00", "80.00"),
    ] {
        coverage.add(code, bucket, amount(money), amount(cost)).unwrap();
    }
    coverage
}

fn margin(code: &str, company: KeyPart, money: [&str; 5]) -> CustomerMargin {
    let [revenue, cost, margin, underbilled, overbilled] = money.map(amount);
    CustomerMargin { currency: currency(code), company, revenue, cost, margin, underbilled, overbilled }
}

fn outcome() -> Outcome {
    let variances = variances();
    Outcome {
        period: "2026-04".parse().unwrap(),
        classes: classes(&variances),
        variances,
        cells: 1240,
        coverage: coverage(),
        margins: vec![
            margin("EUR", psa("4"), ["100.00", "45.00", "55.00", "0.00", "36.00"]),
            margin("USD", psa("1"), ["280.00", "260.00", "20.00", "75.00", "30.00"]),
            margin("USD", psa("2"), ["80.00", "69.00", "11.00", "22.00", "0.00"]),
            margin("USD", psa("3"), ["2880.01", "1556.00", "1324.01", "0.00", "1005.01"]),
            margin("USD", psa("4"), ["430.00", "460.38", "-30.38", "107.23", "0.00"]),
            margin("USD", vendor("7f-1"), ["0.00", "1000.00", "-1000.00", "1234.50", "0.00"]),
        ],
        problems: vec![
            Problem::new("psa.csv:17", "`1,5` is not a decimal number").record("line-17").field("quantity"),
            Problem::new("psa.csv:18", "=cmd|' /C calc'!A0 is no currency").field("currencyCode"),
        ],
        detail: explained::detail(),
        verdict: Verdict::Unknown,
    }
}

fn names() -> Names {
    let mut names = Names::default();
    for (id, name) in [("1", "Alder Dental"), ("2", HYPERLINK), ("3", SCRIPT), ("4", "Birch & Co")] {
        names.psa_companies.insert(Id::new(id), name.to_owned());
    }
    for (id, name) in [("7f-1", TURNED), ("7f-2", "Alder Dental Ltd"), ("7f-3", "Alder Dental (North)")] {
        names.vendor_companies.insert(Id::new(id), name.to_owned());
    }
    for (id, name) in [("10", "Business Premium"), ("11", "Backup"), ("12", "Visio"), ("13", "Azure"), ("14", " ")] {
        names.psa_products.insert(Id::new(id), name.to_owned());
    }
    names.vendor_products.insert(Id::new("sku-9"), "+1 Phone number".to_owned());
    for site in ["7f-2", "7f-3"] {
        names.company_links.claim(Link { vendor: Id::new(site), psa: Id::new("1") }, Shape::ManyToOne).unwrap();
    }
    names
}

fn facts() -> Facts {
    let source = |what: &str, id: &str, complete| Source { what: what.into(), id: id.into(), complete };
    Facts {
        as_of: Some("2026-05-04T06:00:00Z".parse().unwrap()),
        sources: vec![source("pax8 charges", "snapshot 31", true), source("psa billed lines", "snapshot 32", false)],
        configuration: Some("3f9a01c2".into()),
        held: None,
        candidates: explained::candidates(),
        past: trueup::core::past::Past::default(),
    }
}

fn charge(id: &str, invoice: Option<&str>, kind: &str, cost_total: &str) -> VendorCharge {
    VendorCharge {
        id: Id::new(id),
        invoice: invoice.map(Id::new),
        kind: ChargeKind::of(kind),
        company: None,
        company_name: None,
        product: None,
        product_name: None,
        sku: None,
        subscription: None,
        start: NaiveDate::from_ymd_opt(2026, 4, 1).unwrap(),
        end: None,
        end_rule: None,
        quantity: Quantity::ONE,
        unit: None,
        term: None,
        rate_type: None,
        charge_type: None,
        price: UnitPrice::default(),
        amount: Amount::ZERO,
        cost: UnitPrice::default(),
        cost_total: amount(cost_total),
        tax: (kind == "subscription").then(|| amount("1.25")),
        amount_due: None,
        currency: currency("USD"),
        description: None,
    }
}

fn invoice(id: &str, status: &str, total: Option<&str>, carried: Option<&str>) -> VendorInvoice {
    VendorInvoice {
        id: InvoiceId::new(id),
        date: NaiveDate::from_ymd_opt(2026, 4, 5).unwrap(),
        due: None,
        status: Some(status.to_owned()),
        total: total.map(amount),
        balance: None,
        carried: carried.map(amount),
        currency: currency("USD"),
        partner: None,
    }
}

fn documents() -> Documents {
    let mut documents = Documents::new(
        "pax8",
        vec![
            invoice("INV-2", "Paid", Some("2060.65"), Some("1250.00")),
            invoice("INV-1", "Credited", Some("9100.00"), None),
            invoice("INV-3", "Unpaid", Some("100.01"), None),
            invoice("INV-4", "Unpaid", None, None),
        ],
    );
    for line in [
        charge("a", Some("INV-2"), "subscription", "840.40"),
        charge("b", Some("INV-2"), "service-charge", "5.00"),
        charge("c", Some("INV-2"), "service-credit", "-36.00"),
        charge("d", Some("INV-2"), "payment-credit", "-250.00"),
        charge("e", Some("INV-1"), "subscription", "9100.00"),
        charge("f", Some("INV-3"), "rebate", "100.00"),
        charge("g", Some("INV-9"), "one-time", "7.00"),
        charge("h", None, "one-time", "7.00"),
    ] {
        documents.add(&Charge::from(&line)).unwrap();
    }
    documents
}

fn with_input<T>(check: impl FnOnce(&Input<'_>) -> T) -> T {
    let (outcome, names, facts, documents) = (outcome(), names(), facts(), documents());
    check(&Input { outcome: &outcome, names: &names, facts: &facts, documents: Some(&documents) })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|half| char::from_digit(half.into(), 16)).collect()
}

fn has_ending(name: &str, ending: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|found| found == ending)
}

fn golden(name: &str, content: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../golden/reports");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, content));
}

#[test]
fn files_are_as_recorded() {
    let files = with_input(|input| report::files(input).unwrap());
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    golden("files", &names.join("\n"));
    for (name, bytes) in files.iter().filter(|(name, _)| !has_ending(name, "xlsx")) {
        golden(name, std::str::from_utf8(bytes).unwrap());
    }
    // A time of writing anywhere in the workbook would change its digest from run to run.
    let workbooks = files.iter().filter(|(name, _)| has_ending(name, "xlsx"));
    let digests = workbooks.map(|(name, bytes)| format!("{name} {}", hex(&Sha256::digest(bytes))));
    golden("workbook.sha256", &digests.collect::<Vec<_>>().join("\n"));
    let again = with_input(|input| report::files(input).unwrap());
    assert!(files == again, "the same input gave other bytes");
}

#[test]
fn the_register_counts_ends_as_the_lines_of_a_document_do() {
    let mut read = Documents::default();
    let line = charge("a", Some("INV-2"), "subscription", "1.00");
    read.add(&Charge::from(&line)).unwrap();
    read.add(&Charge::from(&VendorCharge { end_rule: Some(EndRule::Exclusive), ..line })).unwrap();
    let mut documents = Documents::new("pax8", vec![invoice("INV-2", "Paid", Some("2.00"), None)]);
    documents.absorb(read).unwrap();
    let notes =
        with_input(|input| Report::InvoiceRegister.build(&Input { documents: Some(&documents), ..*input }).notes);
    assert!(notes.iter().any(|note| note.ends_with("the lines show: the day after it on 1 document.")), "{notes:?}");
}

#[test]
fn terminal_tables_are_as_recorded() {
    let screen = Screen { width: Some(110), ..Screen::default() };
    for report in Report::ALL {
        let shown = with_input(|input| text::render(&report.build(input), screen));
        assert!(!shown.contains(['\u{1b}', '\u{202E}', '\r', '\t']), "{shown}");
        golden(&format!("{}.txt", report.name()), &shown);
    }
}

#[test]
fn a_narrow_terminal_wraps_and_a_cut_list_says_where_the_rest_is() {
    let cut = Some(Cut { rows_max: 3, see: "out/variance.csv" });
    let rows =
        with_input(|input| text::rows(&Report::Variance.build(input), Screen { width: Some(80), cut, colour: false }));
    let widest = rows.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(80), "{widest:?}\n{rows}");
    assert!(rows.ends_with("No room for: should bill, action.\n… 8 more, see out/variance.csv\n"), "{rows}");
    assert!(rows.contains(" 250.00 "), "a number was broken: {rows}");
}

#[test]
fn findings_speak_of_every_class_the_costliest_first_within_a_currency() {
    let told = with_input(|input| findings::costliest(input, 20));
    assert_eq!(told.len(), variances().len());
    golden("findings", &told.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    let usd: Vec<Amount> =
        told.iter().filter(|f| f.currency == currency("USD")).map(|f| f.amount.magnitude()).collect();
    assert!(usd.is_sorted_by(|a, b| a >= b));
}

#[test]
fn only_a_clean_outcome_is_called_clean_and_an_unknown_one_says_what_was_not_looked_at() {
    let (names, facts) = (names(), facts());
    let said =
        |outcome: &Outcome| report::facts::verdict(&Input { outcome, names: &names, facts: &facts, documents: None });
    let unknown = outcome();
    assert_eq!(
        said(&unknown),
        "unknown: 2 lines of the PSA could not be read; some of what is shown may be due to that, and what is not shown is \
         not known"
    );
    let differences = Outcome { verdict: Verdict::Differences, ..unknown.clone() };
    assert_eq!(said(&differences), "differences: everything was read; 11 of 1,240 cells need attention");
    let nothing = Outcome { coverage: Coverage::default(), problems: vec![], ..unknown.clone() };
    assert!(said(&nothing).contains("not one line was compared"));
    let clean = Outcome { verdict: Verdict::Clean, ..unknown };
    assert!(said(&clean).starts_with("clean:"));
}

#[test]
fn totals_are_the_sums_of_the_rows_in_the_file() {
    for report in Report::ALL {
        let table = with_input(|input| report.build(input));
        let bytes = report::csv::render(&table).unwrap();
        let rows: Vec<csv::StringRecord> = csv::Reader::from_reader(&*bytes).records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), table.rows.len(), "totals are no rows");
        let Some(currency_at) = table.columns.iter().position(|c| c.kind == Kind::Currency) else { continue };
        for total in table.totals() {
            for (name, sum) in &total.sums {
                let signs = |gross: trueup::report::table::Gross| {
                    [gross.negative, gross.positive, gross.net].iter().position(|n| n == name)
                };
                let named = |c: &trueup::report::table::Column| c.gross.map_or(c.name == *name, |g| signs(g).is_some());
                let at = table.columns.iter().position(named).unwrap();
                let sign = table.columns[at].gross.and_then(signs);
                let known: Vec<&str> = rows
                    .iter()
                    .filter(|r| r[currency_at] == total.currency && !r[at].is_empty())
                    .map(|r| &r[at])
                    .collect();
                let counts = |text: &&&str| match sign {
                    Some(0) => text.starts_with('-'),
                    Some(1) => !text.starts_with('-'),
                    Some(_) | None => true,
                };
                let expected =
                    known.iter().filter(counts).try_fold(Amount::ZERO, |sum, text| sum.plus(amount(text))).unwrap();
                let expected = if sign == Some(0) { expected.negated() } else { expected };
                assert_eq!(sum.amount, (!known.is_empty()).then_some(expected), "{} {name}", table.name);
            }
        }
    }
}

#[test]
fn no_csv_cell_can_be_taken_for_a_formula() {
    let files = with_input(|input| report::files(input).unwrap());
    let mut guarded = 0;
    for (name, bytes) in files.iter().filter(|(name, _)| has_ending(name, "csv")) {
        for record in csv::Reader::from_reader(bytes.as_slice()).records() {
            for field in &record.unwrap() {
                let is_number = Amount::parse(field).is_ok();
                assert!(is_number || !field.starts_with(['=', '+', '-', '@', '\t', '\r', '\0']), "{name}: {field}");
                guarded += usize::from(field.starts_with('\''));
            }
        }
    }
    assert!(guarded > 5);
}

#[test]
fn the_workbook_holds_typed_cells_no_formula_and_totals_apart() {
    let bytes = with_input(|input| {
        let tables: Vec<_> = Report::ALL.into_iter().map(|report| report.build(input)).collect();
        xlsx::render(input.outcome.period, &tables).unwrap()
    });
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
    let sheets = book.sheet_names();
    assert_eq!((sheets.len(), sheets[1].as_str(), sheets[11].as_str()), (12, "variance", "totals"));
    for sheet in &sheets {
        assert!(book.worksheet_formula(sheet).unwrap().is_empty(), "{sheet} has a formula");
    }
    let variance = book.worksheet_range("variance").unwrap();
    let row = |at: usize| variance.rows().nth(at).unwrap().to_vec();
    let column = |name: &str| row(0).iter().position(|cell| *cell == Data::String(name.to_owned())).unwrap();
    assert_eq!(row(2)[column("variance")], Data::Float(-75.0));
    assert_eq!(row(2)[column("vendor qty")], Data::Float(13.0));
    assert_eq!(row(2)[column("timing")], Data::Empty);
    assert!(row(2)[column("period from")].is_datetime(), "{:?}", row(2)[column("period from")]);
    assert_eq!(row(2)[column("customer ID")], Data::String("1".to_owned()));
    assert_eq!(row(4)[column("customer")], Data::String(HYPERLINK.to_owned()));
    assert_eq!(variance.height(), variances().len() + 1);
    assert!(book.worksheet_range("totals").unwrap().rows().any(|r| r[3] == Data::String("net variance".to_owned())));
}

#[test]
fn the_page_loads_nothing_and_escapes_every_name() {
    let page = with_input(|input| html::render(input).unwrap());
    for forbidden in
        ["src=", "href=\"http", "url(", "<link", "@import", "<iframe", "<img", "onclick", "fetch(", "<script>alert"]
    {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert_eq!(page.matches("<script").count(), 1, "only its own script");
    assert!(page.contains("&#60;script&#62;alert(&#39;x&#39;)&#60;/script&#62; &#38; &#34;Söhne&#34;, Ltd Line two"));
    assert!(!page.contains(['\u{202E}', '\u{1b}']));
    let without_script = page.split("<script>").next().unwrap();
    for report in Report::ALL {
        assert!(without_script.contains(&format!("id=\"{}\"", report.name())));
    }
    for title in ["Leakage by customer, USD", "Variance by class, USD", "Margin by customer, EUR"] {
        assert!(without_script.contains(title), "{title}");
    }
}

#[test]
fn without_documents_nothing_is_tied_out_and_that_is_said() {
    let (outcome, names, facts) = (outcome(), names(), facts());
    let input = Input { outcome: &outcome, names: &names, facts: &facts, documents: None };
    for report in [Report::InvoiceRegister, Report::TieOut] {
        let table = report.build(&input);
        assert!(table.rows.is_empty() && table.notes[0].contains("nothing to list"), "{table:?}");
    }
}

proptest! {
    #[test]
    fn the_walk_adds_up_to_the_variance_and_the_variance_is_turned(
        class in 0usize..11,
        cents in proptest::array::uniform4(-5_000_000i64..5_000_000),
    ) {
        let class = Class::FLAGGED[class];
        let money = |cents: i64| Amount::new(rust_decimal::Decimal::new(cents, 2));
        let base = variance(("USD", psa("1"), psa("10")), class, ["1", "0", "0"], ["1", "0", "0"]);
        let changed = Variance {
            amount_variance: money(cents[0]),
            quantity_part: money(cents[1]),
            price_part: money(cents[2]),
            other_part: money(cents[0] - cents[1] - cents[2]),
            vendor_amount: money(cents[3]),
            psa_amount: money(cents[3] - cents[0] - 500),
            psa_included: money(500),
            ..base
        };
        let (wrongly, never_billed) = (changed.billed_wrongly(), changed.never_billed());
        let outcome = Outcome { variances: vec![changed], ..outcome() };
        let (names, facts) = (names(), facts());
        let table = Report::Variance.build(&Input { outcome: &outcome, names: &names, facts: &facts, documents: None });
        let cell = |name: &str| &table.rows[0][table.columns.iter().position(|c| c.name == name).unwrap()];
        let of = |name: &str| if let Cell::Money(amount) = cell(name) { *amount } else { Amount::ZERO };
        let causes = [
            "mapping", "timing", "quantity", "proration", "price", "credit", "currency effect", "tax", "rounding", "unexplained",
        ];
        let sum = causes.into_iter().try_fold(Amount::ZERO, |sum, name| sum.plus(of(name))).unwrap();
        prop_assert_eq!(sum, of("variance"));
        prop_assert_eq!(of("variance"), wrongly.negated());
        let over = money(cents[0]).negated().max(Amount::ZERO);
        prop_assert_eq!(of("variance").max(Amount::ZERO).plus(never_billed).unwrap(), over);
        let whole = of("variance");
        let expected = match class {
            Class::UnmappedCompany | Class::UnmappedProduct => [whole, Amount::ZERO, Amount::ZERO, Amount::ZERO],
            Class::MissingInPsa | Class::MissingInVendor => [Amount::ZERO, whole, Amount::ZERO, Amount::ZERO],
            Class::CreditNotPassed => [Amount::ZERO, Amount::ZERO, Amount::ZERO, whole],
            Class::QtyUnderbilled | Class::QtyOverbilled | Class::PriceStale | Class::AmountMismatch | Class::CostStale
            | Class::VendorMath | Class::Ok => {
                let units = money(cents[1]).negated();
                let free = never_billed.min(units).max(Amount::ZERO);
                [Amount::ZERO, units.minus(free).unwrap(), money(cents[2]).negated(), Amount::ZERO]
            }
        };
        prop_assert_eq!(["mapping", "quantity", "price", "credit"].map(of), expected);
        for unknown in ["timing", "proration", "currency effect", "tax", "rounding", "held qty", "expected cost"] {
            prop_assert_eq!(cell(unknown), &Cell::Unknown, "{}", unknown);
        }
        prop_assert_eq!(of("billed").minus(of("should bill")).unwrap(), of("variance"));
    }
}
