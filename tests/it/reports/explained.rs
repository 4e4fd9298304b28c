//! What stands beside the cells: margins by product that tie to the coverage, records without a link of both sides, and
//! what is held.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use trueup::core::billing::{Subscription, SubscriptionFields};
use trueup::core::id::Id;
use trueup::core::link::LinkSet;
use trueup::core::matching::{Candidates, Permille};
use trueup::core::money::{Amount, Rounding};
use trueup::core::quantity::Quantity;
use trueup::core::reconcile::detail::{Attached, Detail, ProductMargin, PsaAlone, PsaKind, Terms};
use trueup::core::reconcile::held::Held;
use trueup::core::reconcile::outcome::Outcome;
use trueup::core::record::Record;
use trueup::engine::{Unwatched, reconcile_folder};
use trueup::report::table::{Cell, Table};
use trueup::report::{Facts, Input, Names, Report};
use trueup::simulate::World;

use super::{amount, currency, facts, names, outcome, psa, vendor};

/// The products of one customer, and two records of the PSA without a link.
pub(super) fn detail() -> Detail {
    let product = |code: &str, company, product, money: [&str; 4]| {
        let [revenue, cost, underbilled, overbilled] = money.map(amount);
        ProductMargin { currency: currency(code), company, product, revenue, cost, underbilled, overbilled }
    };
    let alone = |kind, id: &str, lines, money: &str| PsaAlone {
        currency: currency("USD"),
        kind,
        id: id.into(),
        attached: Attached { lines, amount: amount(money), cost: Amount::ZERO, first: "2024-02-29".parse().unwrap() },
    };
    Detail {
        products: Some(vec![
            product("EUR", psa("4"), psa("10"), ["100.00", "45.00", "0.00", "36.00"]),
            product("USD", psa("1"), psa("10"), ["250.00", "260.00", "75.00", "0.00"]),
            product("USD", psa("1"), psa("12"), ["30.00", "0.00", "0.00", "30.00"]),
            product("USD", vendor("7f-1"), vendor("sku-8"), ["0.00", "1000.00", "1234.50", "0.00"]),
        ]),
        psa_alone: vec![
            alone(PsaKind::Customer, "5", 2, "75.00"),
            alone(PsaKind::Product, "14", 40, "9000.00"),
            alone(PsaKind::Product, "15", 3, "0.00"),
        ],
        terms: BTreeMap::from([
            (currency("EUR"), Terms::default()),
            (currency("USD"), Terms { free: Amount::ZERO, rounding: amount("0.0031") }),
        ]),
    }
}

/// Customers were looked for, products were not.
pub(super) fn candidates() -> Candidates {
    let companies = [(vendor("7f-1"), Some((psa("3"), Permille(412)))), (psa("5"), None)];
    Candidates { companies: Some(companies.into_iter().collect()), products: None }
}

fn cell<'t>(table: &'t Table, row: usize, column: &str) -> &'t Cell {
    let at = table.columns.iter().position(|found| found.name == column).unwrap();
    &table.rows[row][at]
}

#[test]
fn a_column_of_what_is_held_is_filled_from_a_whole_list_only() {
    let fields = SubscriptionFields {
        company: Id::new("7f-1"),
        product: Id::new("sku-8"),
        quantity: Quantity::parse("3").ok(),
        start: "2025-05-01".parse().ok(),
        end: None,
        billing_start: None,
        status: "Active".into(),
        price: None,
        cost: None,
        currency: Some(currency("USD")),
        billing_term: Some("Monthly".into()),
        commitment_term: Some("3-Year".into()),
        commitment_end: "2028-04-30".parse().ok(),
        vendor_subscription: None,
        updated: None,
    };
    let list: [Subscription; 1] = [Record { id: Id::new("s"), fields, version: None }];
    let (outcome, names) = (outcome(), names());
    let held = Held::of(&list, &LinkSet::default(), &LinkSet::default(), outcome.period);
    let last = outcome.variances.len() - 1;
    for (held, expected) in
        [(None, ["", "", "", ""]), (Some(held), ["3-Year, billed Monthly", "2028-04-30", "3", "2025-05-01"])]
    {
        let facts = Facts { held, ..facts() };
        let input = Input { outcome: &outcome, names: &names, facts: &facts, documents: None };
        let (variances, unmapped) = (Report::Variance.build(&input), Report::Unmapped.build(&input));
        let mut found =
            ["term", "commitment end", "held qty"].map(|column| cell(&variances, last, column).plain()).to_vec();
        found.push(cell(&unmapped, 0, "first seen").plain());
        assert_eq!(found, expected);
        // The list is whole and the customer is not on it.
        let other = cell(&variances, 0, "held qty").plain();
        assert_eq!(other, if facts.held.is_some() { "0" } else { "" });
    }
}

#[tokio::test]
async fn included_units_are_those_of_the_flat_fee_and_those_free_of_charge() {
    let place = tempfile::tempdir().unwrap();
    let story = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/included-units");
    for entry in fs::read_dir(&story).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
        fs::copy(entry.path(), place.path().join(entry.file_name())).unwrap();
    }
    let path = place.path().join("psa_agreement_lines.csv");
    let lines = fs::read_to_string(&path).unwrap();
    let (head, line) = lines.trim_end().split_once('\n').unwrap();
    let free = line.replacen("1,", "2,", 1).replace("18,5,", "3,0,").replace("Billable", "NoCharge");
    assert!(free.contains(",3,0,") && free.contains("NoCharge"), "{free}");
    fs::write(&path, format!("{head}\n{line}\n{free}\n")).unwrap();
    let links = place.path().join("links.csv");
    let month = reconcile_folder(place.path(), "2026-04".parse().unwrap(), Some(&links), &Unwatched).await.unwrap();
    let (names, facts) = (Names::default(), Facts::default());
    let input = Input { outcome: &month.outcome, names: &names, facts: &facts, documents: None };
    let table = Report::Variance.build(&input);
    let found = ["vendor qty", "PSA qty", "included", "billable qty"].map(|column| cell(&table, 0, column).plain());
    assert_eq!(found, ["18", "21", "8", "13"]);
    // What is free of charge is no revenue, and ties nevertheless.
    let code = currency("USD");
    let tied = month.outcome.detail.tied(code, &month.outcome.margins, &month.outcome.coverage).unwrap();
    assert!(!tied.terms.free.is_zero() && tied.revenue_off.is_zero(), "{tied:?}");
}

#[test]
fn a_sum_that_does_not_tie_is_said_so() {
    let (names, facts, outcome) = (names(), facts(), outcome());
    let notes = |outcome: &Outcome| {
        let input = Input { outcome, names: &names, facts: &facts, documents: None };
        Report::MarginByProduct.build(&input).notes.join("\n")
    };
    assert!(notes(&outcome).contains(
        "ties to coverage: USD revenue 3,670.01 = 3,670.01 on the PSA's compared lines; cost 3,345.38 = 3,345.3831 on the \
         distributor's lines of the month − 0.0031 by rounding each product of a customer to the cent."
    ));
    let mut other = outcome.clone();
    other.margins[1].revenue = amount("279.99");
    assert!(notes(&other).contains("does not tie to coverage: USD revenue 3,670.00 = 3,670.01"), "{}", notes(&other));
    let old = Outcome { detail: Detail::default(), ..outcome };
    assert!(!notes(&old).contains("ties") && notes(&old).contains("too many cells"), "{}", notes(&old));
}

#[tokio::test]
async fn margins_of_seeded_months_tie_to_the_coverage_to_the_cent() {
    for seed in 20..26 {
        let place = tempfile::tempdir().unwrap();
        World::from_seed(seed, 40, "2026-10").unwrap().data.write_folder(place.path()).unwrap();
        let links = place.path().join("ground_truth_mappings.csv");
        let month = reconcile_folder(place.path(), "2026-10".parse().unwrap(), Some(&links), &Unwatched).await.unwrap();
        let outcome = &month.outcome;
        let products = outcome.detail.products.as_ref().unwrap();
        assert_eq!(u64::try_from(products.len()).unwrap(), outcome.cells);
        let sum =
            |amounts: &mut dyn Iterator<Item = Amount>| amounts.fold(Amount::ZERO, |sum, one| sum.plus(one).unwrap());
        let mut currencies = 0;
        for code in outcome.coverage.buckets.keys() {
            let Some(tied) = outcome.detail.tied(*code, &outcome.margins, &outcome.coverage) else { continue };
            currencies += 1;
            for off in [tied.revenue_off, tied.cost_off] {
                assert!(off.rounded(Rounding::Cents).is_zero(), "seed {seed} {code}: {tied:?}");
            }
            // Rounding is half a cent for each cell at most; more would hide an error.
            let cells = products.iter().filter(|product| product.currency == *code).count();
            let most = Amount::new(rust_decimal::Decimal::new(i64::try_from(cells).unwrap() * 5, 3));
            assert!(tied.terms.rounding.magnitude() <= most, "seed {seed} {code}: {tied:?}");
            let of = || products.iter().filter(|product| product.currency == *code);
            let customers = || outcome.margins.iter().filter(|margin| margin.currency == *code);
            assert_eq!(
                sum(&mut of().map(|p| p.revenue)),
                sum(&mut customers().map(|m| m.revenue)),
                "seed {seed} {code}"
            );
            assert_eq!(sum(&mut of().map(|p| p.cost)), sum(&mut customers().map(|m| m.cost)), "seed {seed} {code}");
            assert_eq!(sum(&mut of().map(|p| p.underbilled)), sum(&mut customers().map(|m| m.underbilled)));
            assert_eq!(sum(&mut of().map(|p| p.overbilled)), sum(&mut customers().map(|m| m.overbilled)));
        }
        assert!(currencies > 1, "seed {seed}");
        let (names, facts) = (Names::default(), Facts::default());
        let input = Input { outcome, names: &names, facts: &facts, documents: None };
        let ties =
            Report::Margin.build(&input).notes.iter().filter(|note| note.starts_with("ties to coverage: ")).count();
        assert_eq!(ties, currencies, "seed {seed}");
    }
}
