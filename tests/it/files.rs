//! Folders of exports: what a file says is read exactly, what it does not say is never guessed, and nothing partial is
//! taken for whole.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "the functions behind the tests may stop the test")]

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tempfile::TempDir;
use trueup::connectors::files::entity::PSA_AGREEMENT_LINES;
use trueup::connectors::files::profile::Profile;
use trueup::connectors::files::sheet::Sheet;
use trueup::connectors::files::table::Table;
use trueup::connectors::files::{FilesPsa, FilesVendor, convert, links};
use trueup::connectors::{PsaConnector, Result, Side, Unwatched, VendorConnector, Watched};
use trueup::core::billing::{BilledLine, LineKind, VendorCharge};
use trueup::core::id::Id;
use trueup::core::link::Compare;
use trueup::core::snapshot::Pulled;

fn sample(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/csv").join(folder)
}

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn billed(folder: &Path) -> Result<Pulled<BilledLine>> {
    run(FilesPsa::new("psa", folder)?.billed_lines("2026-10".parse().unwrap(), &Unwatched))
}

fn charges(folder: &Path, period: &str) -> Result<Pulled<VendorCharge>> {
    run(FilesVendor::new("vendor", folder)?.charges(period.parse().unwrap(), &Unwatched))
}

/// Everything a pull said, one line each: problems, or the error.
fn complaints<R>(pulled: Result<Pulled<R>>) -> Vec<String> {
    match pulled {
        Ok(pulled) => pulled.problems().iter().map(ToString::to_string).collect(),
        Err(refused) => vec![refused.to_string()],
    }
}

const LINES: &str = include_str!("../../samples/csv/canonical/psa_agreement_lines.csv");
const ITEMS: &str = include_str!("../../samples/csv/canonical/vendor_invoice_items.csv");

#[test]
fn a_german_export_is_read_by_its_profile() {
    let pulled = billed(&sample("psa-german")).unwrap();
    assert!(pulled.is_complete(), "{:?}", pulled.problems());
    let lines = pulled.records();
    let told: Vec<_> = lines
        .iter()
        .map(|line| {
            let days = (line.effective.to_string(), line.cancelled.map(|day| day.to_string()).unwrap_or_default());
            (line.quantity.plain_text(), line.price.value().to_string(), line.amount.plain_text(), days.0, days.1)
        })
        .collect();
    let own = |a: &str, b: &str, c: &str, d: &str, e: &str| (a.into(), b.into(), c.into(), d.into(), e.into());
    assert_eq!(
        told,
        [
            own("12", "26.40", "316.8", "2026-02-01", ""),
            own("1234.5", "0.125", "154.3125", "2026-04-03", "2026-12-31"),
            own("1", "1250.00", "1250", "2025-01-01", "2026-09-30"),
            own("-1", "26.40", "-26.4", "2026-10-01", ""),
        ]
    );
    assert_eq!((lines[2].agreement_status.as_str(), lines[3].kind), ("Cancelled", LineKind::Credit));
    let psa = FilesPsa::new("psa", &sample("psa-german")).unwrap();
    let customers = run(psa.customers(&Unwatched)).unwrap();
    assert!(customers.is_complete(), "{:?}", customers.problems());
    let second = &customers.records()[1].fields;
    assert_eq!((second.name.as_str(), second.street.as_deref()), ("Obst \"Süd\" AG", Some("Am Markt 1\nHinterhaus")));
    assert!(run(psa.products(&Unwatched)).unwrap().is_complete());
    assert!(run(psa.check(&Unwatched)).iter().all(|line| line.outcome.is_ok()));
}

#[test]
fn a_portal_invoice_alone_gives_lines_and_what_they_name() {
    let pulled = charges(&sample("pax8-portal"), "2026-10").unwrap();
    assert!(pulled.is_complete(), "{:?}", pulled.problems());
    let last = &pulled.records()[2];
    assert_eq!(
        (last.id.as_str(), last.cost_total.plain_text(), last.currency.as_str()),
        ("line#5", "18.468".into(), "USD")
    );
    assert_eq!(last.product, Some(Id::new("ACR-CYB-GB")));
    let vendor = FilesVendor::new("pax8", &sample("pax8-portal")).unwrap();
    let customers = run(vendor.customers(&Unwatched)).unwrap();
    assert_eq!(customers.records().len(), 2);
    assert!(!customers.is_complete(), "only what the lines name is known");
    assert!(!run(vendor.subscriptions(&Unwatched)).unwrap().is_complete());
}

#[test]
fn each_mistake_of_a_row_names_place_record_field_expected_and_found() {
    for (from, to, told) in [
        (
            "12,0,12,22.00",
            "\"1,5\",0,12,22.00",
            "psa_agreement_lines.csv:2, record 9001, field quantity: `1,5` is not a decimal number; expected a decimal point and no separators; how the file writes numbers can be said in columns.toml",
        ),
        (
            "12,0,12,22.00",
            "NaN,0,12,22.00",
            "psa_agreement_lines.csv:2, record 9001, field quantity: `NaN` is not a decimal number; expected one like 1234.50",
        ),
        (
            "264.00,224.40",
            "1e400,224.40",
            "psa_agreement_lines.csv:2, record 9001, field extendedPrice: `1e400` has more digits than can be kept exactly; 28 digits fit, 18 of them behind the point",
        ),
        (
            "264.00,224.40",
            ",224.40",
            "psa_agreement_lines.csv:2, record 9001, field extendedPrice: is empty; expected a decimal number",
        ),
        (
            "2026-01-10,,USD",
            "2026-01-10,,US$",
            "psa_agreement_lines.csv:2, record 9001, field currencyCode: `US$` is not a currency code of three capital letters",
        ),
        (
            "2026-01-10,,USD",
            "10/01/2026,,USD",
            "psa_agreement_lines.csv:2, record 9001, field effectiveDate: `10/01/2026` is not a day like 2026-04-30",
        ),
        (
            "2026-01-10,,USD",
            "2026-01-10,2026-02-30,USD",
            "psa_agreement_lines.csv:2, record 9001, field cancelledDate: `2026-02-30` is not a day like 2026-04-30",
        ),
        (
            "9002,32",
            "9001,32",
            "psa_agreement_lines.csv:3, record 9001, field id: the id was there before, at psa_agreement_lines.csv:2",
        ),
        ("9001,31", ",31", "psa_agreement_lines.csv:2, field id: is empty; expected a value"),
        (
            "Billable,2026-01-10",
            "Perhaps,2026-01-10",
            "psa_agreement_lines.csv:2, record 9001, field billCustomer: `Perhaps` is none of Billable, NoCharge, DoNotBill; what it means can be said in columns.toml: [psa_agreement_lines.words] billCustomer = { \"Perhaps\" = \"Billable\" }",
        ),
        (
            "recurring,12",
            "monthly,12",
            "psa_agreement_lines.csv:2, record 9001, field lineType: `monthly` is neither recurring nor credit; what it means can be said in columns.toml: [psa_agreement_lines.words] lineType = { \"monthly\" = \"recurring\" }",
        ),
        (
            ",Active,",
            ",Aktiv,",
            "psa_agreement_lines.csv:2, record 9001, field agreementStatus: `Aktiv` is no known state of an agreement; what it means can be said in columns.toml: [psa_agreement_lines.words] agreementStatus = { \"Aktiv\" = \"Active\" }",
        ),
        (
            ",Active,",
            ",,",
            "psa_agreement_lines.csv:2, record 9001, field agreementStatus: `` is no known state of an agreement; what it means can be said in columns.toml: [psa_agreement_lines.words] agreementStatus = { \"\" = \"Active\" }",
        ),
        ("2026-01-10,,USD", "2026-01-10,USD", "psa_agreement_lines.csv:2: the row has 20 fields, the header has 21"),
        ("2026-01-10,,USD", "2026-01-10,,USD,", "psa_agreement_lines.csv:2: the row has 22 fields, the header has 21"),
        (
            "M365BP,M365",
            "M365BP,\"M365",
            "psa_agreement_lines.csv:2: a quote is opened and never closed; the file may be cut",
        ),
    ] {
        assert!(LINES.contains(from), "{from}");
        let folder = folder(&[("psa_agreement_lines.csv", LINES.replacen(from, to, 1).as_bytes())]);
        let pulled = billed(folder.path()).unwrap();
        assert_eq!(pulled.problems().iter().map(ToString::to_string).collect::<Vec<_>>(), [told]);
        assert_eq!(pulled.records().len(), 2, "the rest goes on: {to}");
    }
}

#[test]
fn a_file_that_is_no_such_table_is_refused_with_what_to_do() {
    let wide = format!("{LINES}{}\n", ",".repeat(3_000_000));
    let wide_header = format!("{}\n", ",".repeat(3_000_000));
    let utf16: Vec<u8> = LINES.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (content, told) in [
        (b"".as_slice(), "is empty; expected a header and rows"),
        (b"\xef\xbb\xbf\n\n", "is empty; expected a header and rows"),
        (LINES.lines().next().unwrap().as_bytes(), "has no rows"),
        (
            LINES.replace(",quantity,", ",quantty,").as_bytes(),
            "no column for `quantity`; the nearest is `quantty`. Name the right one in columns.toml: under [psa_agreement_lines.columns], quantity = \"quantty\"",
        ),
        (
            LINES.replace(",description,", ",Qty,").as_bytes(),
            "the columns `Qty` (9) and `quantity` (11) both mean `quantity`",
        ),
        (wide.as_bytes(), "psa_agreement_lines.csv:5: the row has more than 1000 fields"),
        (wide_header.as_bytes(), "the header cannot be read: the row has more than 1000 fields"),
        (&utf16, "holds NUL characters"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "NUL characters"),
    ] {
        let folder = folder(&[("psa_agreement_lines.csv", content)]);
        let complaints = complaints(billed(folder.path()));
        assert!(complaints.len() == 1 && complaints[0].contains(told), "{told}: {complaints:?}");
    }
    let nothing = folder(&[]);
    let refused = complaints(billed(nothing.path()));
    assert!(refused[0].contains("has no file psa_agreement_lines.csv or .json"), "{refused:?}");
}

#[test]
fn every_encoding_and_delimiter_gives_the_same_lines() {
    let lines = LINES.replace("Harbor Dental", "Zahnärzte Hafen");
    let expected = billed(folder(&[("psa_agreement_lines.csv", lines.as_bytes())]).path()).unwrap();
    let utf16 =
        |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> { format!("\u{feff}{lines}").encode_utf16().flat_map(bytes).collect() };
    let western: Vec<u8> = lines.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    for (how, bytes) in [
        ("mark", format!("\u{feff}{lines}").into_bytes()),
        ("CRLF", lines.replace('\n', "\r\n").into_bytes()),
        ("semicolons", lines.replace(',', ";").into_bytes()),
        ("tabs", lines.replace(',', "\t").into_bytes()),
        ("bars", lines.replace(',', "|").into_bytes()),
        ("utf-16 little", utf16(u16::to_le_bytes)),
        ("utf-16 big", utf16(u16::to_be_bytes)),
        ("windows-1252", western.clone()),
    ] {
        let read = billed(folder(&[("psa_agreement_lines.csv", &bytes)]).path()).unwrap();
        assert_eq!(read, expected, "{how}");
    }
    let western = folder(&[("psa_agreement_lines.csv", &western)]);
    let checked = run(FilesPsa::new("psa", western.path()).unwrap().check(&Unwatched));
    assert!(checked.iter().any(|line| line.outcome.as_ref().is_ok_and(|told| told.contains("read as windows-1252"))));
    let mut damaged = lines.clone().into_bytes();
    let at = lines.find("Outage").unwrap();
    damaged[at] = 0xff;
    let told = complaints(billed(folder(&[("psa_agreement_lines.csv", &damaged)]).path()));
    assert!(told.len() == 1 && told[0].contains(":4: holds bytes that are not utf-8"), "{told:?}");
}

#[test]
fn limits_are_kept_before_memory_is_spent() {
    let file = "psa_agreement_lines.csv";
    let huge = folder(&[(file, b"")]);
    fs::File::options().write(true).open(huge.path().join(file)).unwrap().set_len((1 << 30) + 1).unwrap();
    assert!(complaints(billed(huge.path()))[0].contains("is larger than 1073741824 bytes"));

    let header = LINES.lines().next().unwrap();
    let wrong = folder(&[(file, format!("{header}\n{}", "x\n".repeat(100_001)).as_bytes())]);
    let told = complaints(billed(wrong.path()));
    assert!(
        told.len() == 1 && told[0].contains("more than 100000 rows cannot be read; the first: psa_agree"),
        "{told:?}"
    );

    let profile = folder(&[("columns.toml", "#".repeat((1 << 20) + 1).as_bytes())]);
    assert!(complaints(billed(profile.path()))[0].contains("columns.toml is larger than 1048576 bytes"));

    let keys: Vec<String> = (0..2_000).map(|key| format!("\"k{key}\":1")).collect();
    let wide = folder(&[("psa_agreement_lines.json", format!("[{{{}}}]", keys.join(",")).as_bytes())]);
    assert!(complaints(billed(wide.path()))[0].contains("has more than 1000"), "{:?}", complaints(billed(wide.path())));

    let inside = folder(&[]);
    fs::create_dir(inside.path().join(file)).unwrap();
    assert!(complaints(billed(inside.path()))[0].contains("is no file"));
}

/// A price list with the cells of one column.
fn prices(cells: &[&str], profile: &str) -> (Vec<Option<String>>, Vec<String>) {
    let rows: Vec<String> = cells.iter().zip(1..).map(|(cell, id)| format!("{id};x;{cell};\n")).collect();
    let files = [("psa_products.csv", format!("id;name;price;\n{}", rows.concat())), ("columns.toml", profile.into())];
    let folder = folder(&files.each_ref().map(|(name, text)| (*name, text.as_bytes())));
    let pulled = FilesPsa::new("psa", folder.path()).and_then(|psa| run(psa.products(&Unwatched)));
    let read = pulled.as_ref().map_or(&[][..], Pulled::records).iter();
    (read.map(|product| product.fields.price.map(|price| price.value().to_string())).collect(), complaints(pulled))
}

#[test]
fn a_number_that_reads_two_ways_is_read_by_proof_or_not_at_all() {
    let read = |cells: &[&str], profile: &str, expected: &[&str], told: &[&str]| {
        let (values, complaints) = prices(cells, profile);
        assert_eq!(values.iter().flatten().map(String::as_str).collect::<Vec<_>>(), expected, "{cells:?}");
        assert_eq!(complaints.len(), told.len(), "{complaints:?}");
        assert!(complaints.iter().zip(told).all(|(found, told)| found.contains(told)), "{complaints:?}");
    };
    read(&["1,234", "0,5"], "", &["1.234", "0.5"], &[]);
    read(&["1,234", "0.5"], "", &["1234", "0.5"], &[]);
    read(
        &["1,234", "7"],
        "",
        &["7"],
        &["psa_products.csv:2, record 1, field price: `1,234` cannot be told: nothing in the column shows"],
    );
    read(&["1,234"], "[psa_products]\ndecimal = \",\"\n", &["1.234"], &[]);
    read(&["1,234"], "[psa_products]\ndecimal = \".\"\n", &["1234"], &[]);
    read(&["1.5", "2,5"], "", &[], &["both decimal points and decimal commas", "both decimal"]);
    read(&["1.5"], "[psa_products]\ndecimal = \",\"\n", &[], &["`1.5` is not a number with a decimal comma"]);
    let mut dots = vec!["1.25"; 20];
    dots.push("1,5");
    assert_eq!(prices(&dots, "").1.len(), 1);
    // an empty column is no number and no problem
    read(&["", "1.5"], "", &["1.5"], &[]);
}

#[test]
fn a_day_that_reads_two_ways_is_read_by_proof_or_refused() {
    let lines = |first: &str, second: &str| {
        LINES.replace(',', ";").replacen("2026-01-10", first, 1).replacen("2026-02-01", second, 1).replacen(
            "2026-10-01",
            second,
            1,
        )
    };
    for (first, second, dates, told) in [
        ("13/01/2026", "01/02/2026", "", "2026-01-13 2026-02-01"),
        ("01/13/2026", "01/02/2026", "", "2026-01-13 2026-01-02"),
        ("05/01/2026", "01/02/2026", "mm/dd/yyyy", "2026-05-01 2026-01-02"),
        ("05.01.2026", "01.02.2026", "", "2026-01-05 2026-02-01"),
        (
            "05/01/2026",
            "01/02/2026",
            "",
            "the order of day and month in `effectiveDate` cannot be told: every day reads both ways (`05/01/2026` at psa_agreement_lines.csv:2). Say it in columns.toml",
        ),
        ("13/01/2026", "01/13/2026", "", "some days read only day first, some only month first"),
    ] {
        let profile =
            if dates.is_empty() { String::new() } else { format!("[psa_agreement_lines]\ndates = \"{dates}\"\n") };
        let text = lines(first, second);
        let folder = folder(&[("psa_agreement_lines.csv", text.as_bytes()), ("columns.toml", profile.as_bytes())]);
        let found = match billed(folder.path()) {
            Ok(pulled) => format!("{} {}", pulled.records()[0].effective, pulled.records()[1].effective),
            Err(refused) => refused.to_string(),
        };
        assert!(found.contains(told), "{first} {second}: {found}");
    }
}

#[test]
fn a_learned_profile_reads_the_same_and_refuses_a_renamed_column() {
    let text = LINES.replace(',', ";").replace("cancelledDate", "Cancel Date");
    let folder = folder(&[("psa_agreement_lines.csv", text.as_bytes())]);
    let before = billed(folder.path()).unwrap();
    Profile::learn(folder.path(), &[Side::Psa]).unwrap().save(folder.path()).unwrap();
    assert_eq!(billed(folder.path()).unwrap(), before);
    let remembered = fs::read_to_string(folder.path().join("columns.toml")).unwrap();
    for told in ["delimiter = \";\"", "decimal = \".\"", "dates = \"yyyy-mm-dd\"", "cancelledDate = \"Cancel Date\""] {
        assert!(remembered.contains(told), "{told} in {remembered}");
    }
    fs::write(folder.path().join("psa_agreement_lines.csv"), text.replace("Cancel Date", "Closed On")).unwrap();
    let refused = complaints(billed(folder.path()));
    let told =
        "the column `Cancel Date` that columns.toml gives for `cancelledDate` is gone; new since then: `Closed On`";
    assert!(refused[0].contains(told), "{refused:?}");
}

#[test]
fn json_gives_the_same_lines_as_csv() {
    let expected = charges(folder(&[("vendor_invoice_items.csv", ITEMS.as_bytes())]).path(), "2026-10").unwrap();
    let mut reader = csv::Reader::from_reader(ITEMS.as_bytes());
    let header = reader.headers().unwrap().clone();
    let cell = |(name, cell): (&str, &str)| match cell {
        "" => format!("\"{name}\":null"),
        number if number.parse::<f64>().is_ok() => format!("\"{name}\":{number}"),
        text => format!("\"{name}\":\"{text}\""),
    };
    let objects: Vec<String> = reader
        .records()
        .map(|row| format!("{{{}}}", header.iter().zip(&row.unwrap()).map(cell).collect::<Vec<_>>().join(",")))
        .collect();
    for (name, text) in [
        ("vendor_invoice_items.json", format!("[{}]", objects.join(",\n"))),
        (
            "vendor_invoice_items.json",
            format!("{{\"content\":[{}],\"page\":{{\"totalElements\":3}}}}", objects.join(",")),
        ),
        ("vendor_invoice_items.json", objects.join("\n")),
        ("vendor_invoice_items.jsonl", objects.join("\n")),
    ] {
        let read = charges(folder(&[(name, text.as_bytes())]).path(), "2026-10").unwrap();
        assert_eq!(read, expected, "{text}");
    }
    for (text, told) in [
        ("[]".to_owned(), "has no rows"),
        (
            format!("{{\"page\":{{\"totalElements\":9}},\"content\":[{}]}}", objects.join(",")),
            "one page of 9 rows and holds 3",
        ),
        (format!("[{},", objects[0]), "item 2: from line 1 on the file is no JSON; it may be cut"),
        (
            objects.join("\n").replacen("\"quantity\":12", "\"quantity\":\"many\"", 1),
            "json:1, record i-1, field quantity: `many` is not",
        ),
        (
            objects.join("\n").replace("\"costTotal\"", "\"costTotals\""),
            "no column for `costTotal`; the nearest is `costTotals`",
        ),
    ] {
        let told_of = complaints(charges(folder(&[("vendor_invoice_items.json", text.as_bytes())]).path(), "2026-10"));
        assert!(told_of.len() == 1 && told_of[0].contains(told), "{told}: {told_of:?}");
    }
}

/// Cuts a file at every byte. A cut right after a row leaves no trace; any other one must be noticed.
fn cut_everywhere(name: &str, bytes: &[u8], profile: &str) {
    let profile = Profile::parse(profile).unwrap();
    let read = |bytes: &[u8]| {
        let layout = profile.layout(&PSA_AGREEMENT_LINES);
        let sheet = Sheet::of_bytes(name, bytes.to_vec(), &PSA_AGREEMENT_LINES, layout)?;
        Table::of(sheet, layout)?.collect(convert::billed_line, &Watched::new(&Unwatched, "lines"))
    };
    let whole = read(bytes).unwrap();
    assert!(whole.is_complete());
    for at in 0..bytes.len() {
        let Ok(pulled) = read(&bytes[..at]) else { continue };
        let on_a_row_end = bytes[..at].ends_with(b"\n") || bytes[..at].ends_with(b"\r");
        assert!(!pulled.is_complete() || on_a_row_end, "cut at {at} is called complete");
        if pulled.is_complete() {
            assert_eq!(pulled.records(), &whole.records()[..pulled.records().len()], "cut at {at} changed a record");
        }
    }
}

#[test]
fn a_cut_file_is_never_taken_for_whole() {
    cut_everywhere("psa_agreement_lines.csv", LINES.as_bytes(), "");
    let german = sample("psa-german");
    let bytes = fs::read(german.join("Vertragspositionen.csv")).unwrap();
    cut_everywhere("Vertragspositionen.csv", &bytes, &fs::read_to_string(german.join("columns.toml")).unwrap());
}

#[test]
fn a_last_line_without_a_line_break_may_be_cut() {
    let text = "id;name;cost\n1;x;125.50\n2;y;3.25";
    let complaints_of = |text: &str| {
        let folder = folder(&[("psa_products.csv", text.as_bytes())]);
        complaints(FilesPsa::new("psa", folder.path()).and_then(|psa| run(psa.products(&Unwatched))))
    };
    assert!(complaints_of(text)[0].contains("ends without a line break, so it may be cut"));
    assert!(complaints_of(&format!("{text}\n")).is_empty());
    // A closing quote may be the first of a doubled one.
    let quoted = text.replace("3.25", "\"3.25\"");
    assert!(complaints_of(&quoted)[0].contains("ends without a line break, so it may be cut"));
    for (open, told) in [
        (text.replace("3.25", "\"3.25"), "a quote is opened and never closed; the file may be cut"),
        (text.replace("3.25", "\"3\"\""), "a quote is opened and never closed; the file may be cut"),
        (text.replace("y;3.25", "\"y\""), "the row has 2 fields, the header has 3"),
    ] {
        assert!(complaints_of(&open)[0].contains(told), "{open}");
    }
}

#[test]
fn links_are_read_and_contradictions_told() {
    let (links, problems) = links::read(&sample("canonical").join("links.csv"), None).unwrap();
    assert_eq!(problems, []);
    assert_eq!((links.companies.len(), links.products.len()), (2, 2));
    assert_eq!(links.compare[&Id::new("502")], Compare::Amount);
    let parts = &links.bundles[&Id::new("503")];
    assert_eq!((parts.len(), parts[1].per_unit.to_string()), (2, "20".into()));
    let psa = FilesPsa::new("psa", &sample("canonical")).unwrap();
    assert_eq!(run(psa.bundles(&Unwatched)).unwrap().unwrap(), links.bundles.clone().into_iter().collect::<Vec<_>>());

    let header = "kind,vendorId,psaId,relation,compare,bundlePsaId,perUnit,weightFrom,weightTo\n";
    for (rows, told) in [
        (
            "company,a,1,,,,,,\ncompany,a,2,,,,,,\n",
            "l.csv:3, record a, field psaId: a cannot be linked with 2: a is already linked with 1",
        ),
        (
            "company,a,1,,,,,,\ncompany,a,,,,,,,\n",
            "l.csv:3, record company a, field psaId: has no counterpart here, and is linked with 1 before",
        ),
        (
            "product,a,,,,,,,\nproduct,a,1,,,,,,\n",
            "l.csv:3, record product a, field psaId: is linked here, and without a counterpart at l.csv:2",
        ),
        (
            "product,a,1,,amount,,,,\nproduct,b,1,,,,,,\n",
            "l.csv:3, record b, field compare: product 1 is compared by quantity in one row and by amount in another",
        ),
        ("product,a,1,,price,,,,\n", "l.csv:2, field compare: `price` is neither quantity nor amount"),
        ("firm,a,1,,,,,,\n", "l.csv:2, field kind: `firm` is none of company, product, bundle"),
        (
            "bundle,,1,,,9,1,0,0.5\nbundle,,2,,,9,1,0.6,1\n",
            "l.csv:3, record 9, field weightFrom: the weights run from 0.6 to 1; expected them to begin at 0.5",
        ),
        (
            "bundle,,1,,,9,1,0,0.5\n",
            "l.csv:2, record 9, field weightTo: the weights of the bundle end at 0.5; expected 1",
        ),
        ("bundle,,1,,,9,0,0,1\n", "l.csv:2, field perUnit: is 0; expected more than nought"),
    ] {
        let folder = folder(&[("l.csv", format!("{header}{rows}").as_bytes())]);
        let (links, problems) = links::read(&folder.path().join("l.csv"), None).unwrap();
        assert!(problems.len() == 1 && problems[0].to_string().starts_with(told), "{told}: {problems:?}");
        assert!(links.bundles.is_empty(), "a broken recipe is left out whole");
    }
    let short = folder(&[("l.csv", b"kind,vendorId,psaId\ncompany,a,1\ncompany,b,1\nproduct,p,2\n")]);
    let (links, problems) = links::read(&short.path().join("l.csv"), None).unwrap();
    assert_eq!((problems.len(), links.companies.len(), links.compare[&Id::new("2")]), (0, 2, Compare::Quantity));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_rows_problems_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..400), json in any::<bool>()) {
        let name = if json { "psa_agreement_lines.json" } else { "psa_agreement_lines.csv" };
        let folder = folder(&[(name, &bytes)]);
        prop_assert!(!billed(folder.path()).is_ok_and(|pulled| pulled.is_complete()));
    }

    #[test]
    fn no_scribble_on_a_file_loses_a_row_unseen(at in 0usize..LINES.len(), byte in any::<u8>()) {
        let mut bytes = LINES.as_bytes().to_vec();
        bytes[at] = byte;
        let folder = folder(&[("psa_agreement_lines.csv", &bytes)]);
        if let Ok(pulled) = billed(folder.path()) {
            prop_assert!(!pulled.is_complete() || pulled.records().len() == 3, "{:?}", pulled);
        }
    }
}
