//! The invented month: every ingredient is in it, and it is the same everywhere.

use std::collections::{BTreeMap, BTreeSet};

use trueup::simulate::{Data, File, World};

use super::rows;

fn world() -> World {
    World::from_seed(7, 40, "2026-10").unwrap()
}

/// Rows of a file whose columns have these values.
fn count(data: &Data, file: File, wanted: &[(&str, &str)]) -> usize {
    data.table(file).rows().filter(|row| wanted.iter().all(|(column, value)| row.get(column) == *value)).count()
}

#[test]
fn every_class_is_planted() {
    let classes: BTreeMap<&str, usize> = world().planted.iter().fold(BTreeMap::new(), |mut all, planted| {
        *all.entry(planted.class).or_default() += 1;
        all
    });
    let expected = [
        ("AMOUNT_MISMATCH", 1),
        ("COST_STALE", 1),
        ("CREDIT_NOT_PASSED", 1),
        ("MISSING_IN_PSA", 4),
        ("MISSING_IN_VENDOR", 1),
        ("PRICE_STALE", 1),
        ("QTY_OVERBILLED", 1),
        ("QTY_UNDERBILLED", 4),
        ("UNMAPPED_COMPANY", 2),
        ("UNMAPPED_PRODUCT", 1),
        ("VENDOR_MATH", 1),
    ];
    assert_eq!(classes, expected.into());
}

#[test]
fn every_ingredient_is_there() {
    let data = world().data;
    let items = |wanted: &[(&str, &str)]| count(&data, File::VendorInvoiceItems, wanted);
    let lines = |wanted: &[(&str, &str)]| count(&data, File::PsaAgreementLines, wanted);
    let mapped = |wanted: &[(&str, &str)]| count(&data, File::Mappings, wanted);
    for (what, found, least) in [
        ("prorates", items(&[("type", "prorate"), ("startPeriod", "2026-10-17")]), 2),
        ("late items", items(&[("type", "prorate"), ("endPeriod", "2026-09-30")]), 1),
        ("service credits", items(&[("type", "service-credit")]), 2),
        ("rebates", items(&[("type", "rebate"), ("subTotal", "0.00")]), 1),
        ("payment credits", items(&[("type", "payment-credit"), ("productId", "")]), 1),
        ("metered items", items(&[("term", "Arrears")]), 40),
        ("prorated lines", lines(&[("prorateCurrentPeriodFlag", "true"), ("effectiveDate", "2026-10-17")]), 2),
        ("included units", lines(&[("lessIncluded", "5")]), 1),
        ("no-charge lines", lines(&[("billCustomer", "NoCharge")]), 2),
        ("lines kept off the invoice", lines(&[("billCustomer", "DoNotBill")]), 1),
        ("credit lines", lines(&[("lineType", "credit")]), 1),
        ("expired agreements", lines(&[("agreementStatus", "Expired")]), 1),
        ("lines of next month", lines(&[("effectiveDate", "2026-11-01")]), 1),
        ("lines that ended", lines(&[("cancelledDate", "2026-09-19")]), 1),
        ("bundle lines", lines(&[("productId", "800")]), 2),
        ("labour lines", lines(&[("productId", "700")]), 1),
        ("an unreadable quantity", lines(&[("quantity", "1O")]), 1),
        ("prospects", count(&data, File::PsaCompanies, &[("type", "Prospect")]), 2),
        ("the MSP itself", count(&data, File::PsaCompanies, &[("type", "Owner")]), 1),
        ("renamed companies", mapped(&[("relation", "renamed")]), 1),
        ("sites", mapped(&[("relation", "site")]), 1),
        ("metered products", mapped(&[("kind", "product"), ("compare", "amount")]), 2),
        ("unmapped products", mapped(&[("kind", "product"), ("psaId", "")]), 1),
        ("unmapped companies", mapped(&[("kind", "company"), ("psaId", "")]), 1),
        ("parts of the bundle", mapped(&[("kind", "bundle")]), 3),
        ("cancelled subscriptions", count(&data, File::VendorSubscriptions, &[("status", "Cancelled")]), 2),
        ("commitments", count(&data, File::VendorSubscriptions, &[("commitmentTerm", "1-Year")]), 3),
        ("history", data.table(File::VendorHistory).len(), 2),
        ("contacts", data.table(File::VendorContacts).len(), 42),
        ("prices", data.table(File::VendorPrices).len(), 19),
    ] {
        assert!(found >= least, "{what}: {found}, expected at least {least}");
    }
}

#[test]
fn the_renamed_and_the_lookalike() {
    let data = world().data;
    let find = |file: File, column: &str, value: &str| {
        data.table(file).rows().find(|row| row.get(column) == value).unwrap_or_else(|| panic!("{value} in {file:?}"))
    };
    let renamed = find(File::Mappings, "relation", "renamed");
    let vendor = find(File::VendorCompanies, "id", renamed.get("vendorId"));
    let psa = find(File::PsaCompanies, "id", renamed.get("psaId"));
    let words = |name: &str| name.to_lowercase().split_whitespace().map(str::to_owned).collect::<BTreeSet<_>>();
    assert!(words(vendor.get("name")).is_disjoint(&words(psa.get("name"))));
    assert_eq!(vendor.get("postalCode"), psa.get("zip"));
    let digits = |phone: &str| phone.chars().filter(char::is_ascii_digit).collect::<String>();
    assert_eq!(digits(vendor.get("phone")), digits(psa.get("phoneNumber")));

    let vendor = find(File::VendorCompanies, "name", "Harbor Light Dental LLC");
    let psa = find(File::PsaCompanies, "name", "Harbor Light Dental Lab LLC");
    assert_eq!(find(File::Mappings, "vendorId", vendor.get("id")).get("psaId"), "");
    assert_eq!(count(&data, File::Mappings, &[("psaId", psa.get("id"))]), 0);
    assert_ne!(digits(vendor.get("phone")), digits(psa.get("phoneNumber")));
}

#[test]
fn references_lead_somewhere() {
    for seed in 1..=5 {
        let data = World::from_seed(seed, 120, "2026-02").unwrap().data;
        let ids = |file: File| data.table(file).rows().map(|row| row.get("id")).collect::<BTreeSet<_>>();
        for (file, column, target) in [
            (File::VendorContacts, "companyId", File::VendorCompanies),
            (File::VendorPrices, "productId", File::VendorProducts),
            (File::VendorSubscriptions, "companyId", File::VendorCompanies),
            (File::VendorSubscriptions, "productId", File::VendorProducts),
            (File::VendorHistory, "id", File::VendorSubscriptions),
            (File::VendorInvoiceItems, "companyId", File::VendorCompanies),
            (File::VendorInvoiceItems, "productId", File::VendorProducts),
            (File::VendorInvoiceItems, "subscriptionId", File::VendorSubscriptions),
            (File::PsaAgreementLines, "companyId", File::PsaCompanies),
            (File::PsaAgreementLines, "productId", File::PsaProducts),
        ] {
            let known = ids(target);
            for row in data.table(file).rows().filter(|row| !row.get(column).is_empty()) {
                assert!(known.contains(row.get(column)), "{file:?} {column} {}", row.get(column));
            }
        }
        for file in [File::VendorCompanies, File::VendorInvoiceItems, File::PsaCompanies, File::PsaAgreementLines] {
            assert_eq!(ids(file).len(), data.table(file).len(), "ids of {file:?} are unique");
        }
        let names: BTreeSet<&str> = data.table(File::VendorCompanies).rows().map(|row| row.get("name")).collect();
        assert_eq!(names.len(), data.table(File::VendorCompanies).len(), "names are unique");
    }
}

#[test]
fn a_folder_holds_the_same_bytes_for_the_same_seed() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let made = world().data;
    made.write_folder(one.path()).unwrap();
    world().data.write_folder(&two.path().join("made/on/the/way")).unwrap();
    for file in File::ALL {
        let bytes = std::fs::read(one.path().join(file.name())).unwrap();
        assert_eq!(bytes, std::fs::read(two.path().join("made/on/the/way").join(file.name())).unwrap(), "{file:?}");
        assert!(!bytes.contains(&b'\r'));
    }
    assert_eq!(Data::read_folder(one.path()).unwrap(), made);
    assert_ne!(World::from_seed(8, 40, "2026-10").unwrap().data, made);
}

#[test]
fn the_first_customer_is_the_same_on_every_machine() {
    let data = world().data;
    let first = &rows(&data, File::VendorCompanies)[1];
    let shown: Vec<&str> = first.iter().map(|(_, value)| value.as_str()).collect();
    let expected = "c9a69394-9ce0-4f76-a4d7-de4dc0f96ffe|Meridian Credit Union LLC|273 Oak Ave|Denver|CO|80202|US";
    assert_eq!(shown[..7].join("|"), expected);
}

#[test]
fn sizes_and_periods() {
    let customers = |n| World::from_seed(1, n, "2026-10").unwrap().data.table(File::VendorCompanies).len();
    assert_eq!((customers(0), customers(26), customers(100)), (28, 28, 102), "one per part, a site and a look-alike");
    for period in ["2024-02", "2026-12", "2026-01"] {
        let data = World::from_seed(1, 26, period).unwrap().data;
        assert_eq!(data.period().as_deref(), Some(period));
    }
    for period in ["", "2026", "2026-13", "1999-12", "2101-01", "2026-1", "next month"] {
        let error = World::from_seed(1, 26, period).unwrap_err().to_string();
        assert!(error.contains("such as 2026-10"), "{error}");
    }
}

#[test]
fn a_folder_that_lacks_something_says_what() {
    let dir = tempfile::tempdir().unwrap();
    let error = Data::read_folder(dir.path()).unwrap_err().to_string();
    assert!(error.contains("vendor_companies.csv"), "{error}");
    world().data.write_folder(dir.path()).unwrap();
    std::fs::write(dir.path().join("psa_companies.csv"), "id,name\n1,Alder\n").unwrap();
    let error = Data::read_folder(dir.path()).unwrap_err().to_string();
    assert!(error.contains("psa_companies.csv") && error.contains("column `identifier` is missing"), "{error}");
    for optional in [File::VendorContacts, File::VendorPrices, File::VendorHistory, File::Mappings] {
        std::fs::remove_file(dir.path().join(optional.name())).unwrap();
    }
    std::fs::remove_file(dir.path().join("psa_companies.csv")).unwrap();
    let error = Data::read_folder(dir.path()).unwrap_err().to_string();
    assert!(error.contains("psa_companies.csv"), "the optional files are not missed: {error}");
}
