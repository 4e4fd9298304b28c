//! What the reports tell somebody to do: it can be followed, and nothing is told where a line could not be read.

use std::collections::BTreeSet;

use super::*;

#[test]
fn what_a_line_that_could_not_be_read_may_explain_gets_no_remedy_and_the_rest_keeps_its_own() {
    // Customers 1 to 4 of the PSA; 7f-3 is a site of customer 1.
    let unread = |customer: Option<KeyPart>| Problem::new("line 17", "no number").customer(customer);
    let of_all = ["1 10", "3 10", "1 12", "4 10 EUR", "4 10", "4 13"];
    //  PSA lines, distributor's lines, problems, what is in doubt
    for (psa_lines, vendor_lines, problems, expected) in [
        (0, 0, vec![], vec![]),
        (1, 0, vec![unread(Some(psa("4")))], vec!["4 10 EUR", "4 10", "4 13"]),
        (1, 0, vec![unread(Some(psa("9")))], vec![]),
        (2, 0, vec![unread(Some(psa("9"))), unread(None)], vec!["1 10", "4 10 EUR", "4 10", "4 13"]),
        (0, 1, vec![unread(Some(vendor("7f-3")))], vec!["1 12"]),
        (0, 1, vec![unread(None)], vec!["3 10", "1 12"]),
        (0, 0, vec![Problem::new("psa.csv", "may be cut")], of_all.to_vec()),
    ] {
        let coverage = Coverage { vendor_unreadable: vendor_lines, psa_unreadable: psa_lines, ..coverage() };
        let outcome = Outcome { problems, coverage, ..outcome() };
        let (names, facts) = (names(), facts());
        let input = Input { outcome: &outcome, names: &names, facts: &facts, documents: None };
        let table = Report::Variance.build(&input);
        let cell = |row: &[Cell], name: &str| row[table.columns.iter().position(|c| c.name == name).unwrap()].plain();
        let mut found = BTreeSet::new();
        for row in &table.rows {
            let eur = if cell(row, "currency") == "EUR" { " EUR" } else { "" };
            let first_mend = cell(row, "action").starts_with("first mend");
            assert_eq!(first_mend, cell(row, "status") == "unknown", "{row:?}");
            assert_eq!(
                first_mend,
                cell(row, "note").contains("read:") || cell(row, "note").contains("cut:"),
                "{row:?}"
            );
            if first_mend {
                found.insert(format!("{} {}{eur}", cell(row, "customer ID"), cell(row, "product ID")));
            }
        }
        assert_eq!(found, expected.iter().map(|key| (*key).to_owned()).collect(), "{psa_lines} {vendor_lines}");
        let told = findings::costliest(&input, 20);
        let mended = told.iter().filter(|f| f.advice.starts_with("First mend")).count();
        assert_eq!(
            (mended, told.iter().filter(|f| f.sentence.contains("as far as could be read")).count()),
            (found.len(), found.len())
        );
    }
}

/// The action, the note and the advice of each of some variances, where everything was read.
fn remedies(variances: Vec<Variance>) -> Vec<[String; 3]> {
    let classes = classes(&variances);
    let outcome = Outcome { variances, classes, problems: vec![], coverage: Coverage::default(), ..outcome() };
    let (names, facts) = (names(), facts());
    let input = Input { outcome: &outcome, names: &names, facts: &facts, documents: None };
    let table = Report::Variance.build(&input);
    let cell = |row: &[Cell], name: &str| row[table.columns.iter().position(|c| c.name == name).unwrap()].plain();
    let advice = |v: &Variance| {
        let one = Outcome { variances: vec![v.clone()], ..outcome.clone() };
        let told = findings::costliest(&Input { outcome: &one, ..input }, 1);
        told[0].advice.clone()
    };
    let rows = table.rows.iter().zip(&outcome.variances);
    rows.map(|(row, v)| [cell(row, "action"), cell(row, "note"), advice(v)]).collect()
}

#[test]
fn a_remedy_can_be_followed_bundles_prices_and_currencies_too() {
    let seats = |class, vendor, psa_side| variance(("CAD", psa("1"), psa("10")), class, vendor, psa_side);
    let less = seats(Class::QtyUnderbilled, ["14", "140.00", "70.00"], ["13", "117.00", "65.00"]);
    let priced = Variance { vendor_prices: Some(price("10")), psa_prices: Some(price("9")), ..less.clone() };
    let priced = Variance { flags: priced.flags.with(Class::PriceStale), ..priced };
    let range = PriceRange { lowest: UnitPrice::parse("4.27").unwrap(), highest: UnitPrice::parse("41.64").unwrap() };
    let spread = Variance { psa_prices: Some(range), ..priced.clone() };
    let bundled = Variance { bundled: true, ..less };
    let found = remedies(vec![priced, spread, bundled.clone()]);
    assert_eq!(found[0][0], "raise quantity 13 → 14; set unit price 9.00 → 10.00");
    assert_eq!(
        found[0][2],
        "Raise the quantity on the agreement from 13 to 14. Check the contract, then set the unit price to 10.00."
    );
    assert_eq!(found[1][0], "raise quantity 13 → 14; several prices on one product: see the lines");
    assert_eq!(found[2][0], "raise the bundle that contains it (13 → 14)");
    assert!(found[2][2].starts_with("Raise the quantity of the bundle that contains it"), "{found:?}");

    let outcome = Outcome { variances: vec![bundled], ..outcome() };
    let (names, facts) = (names(), facts());
    let unbilled = Report::Unbilled.build(&Input { outcome: &outcome, names: &names, facts: &facts, documents: None });
    let lost = unbilled.columns.iter().position(|c| c.name == "lost revenue").unwrap();
    assert_eq!(unbilled.rows[0][lost], Cell::Unknown, "what a bundle's part would have sold for is not known");

    let nothing = ["0", "0.00", "0.00"];
    let charged = seats(Class::MissingInPsa, ["3", "30.00", "20.00"], nothing);
    let billed = |units| {
        let keys = ("AUD", psa("1"), psa("10"));
        variance(keys, Class::MissingInVendor, nothing, [units, "33.00", "20.00"])
    };
    let words = "billed in AUD, charged in CAD: correct the agreement's currency";
    for row in remedies(vec![billed("3"), charged.clone()]) {
        assert_eq!((row[0].as_str(), row[1].as_str()), (words, words));
    }
    for row in remedies(vec![billed("4"), charged]) {
        assert!(!row[0].contains("currency"), "other units are another matter: {row:?}");
    }
}
