//! The product against a slow reconcile that is obviously right, on seeded months and on months of random lines.
//!
//! The slow one is written from the rules (the table at `Class`), shares nothing with the product, and keeps everything.

#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::str::FromStr as _;

use proptest::prelude::*;
use rust_decimal::{Decimal, RoundingStrategy};
use trueup::core::reconcile::outcome::Verdict;
use trueup::engine::{Unwatched, reconcile_folder};
use trueup::report::{Facts, Input, Names, facts, machine};
use trueup::simulate::World;

type Row = BTreeMap<String, String>;

fn read(folder: &Path, file: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(folder.join(file)).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

fn number(row: &Row, field: &str) -> Decimal {
    Decimal::from_str(&row[field]).unwrap()
}

fn cents(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

#[derive(Default)]
struct Cell {
    vendor_lines: u32,
    psa_lines: u32,
    vendor: [Decimal; 4], // quantity, amount, cost, credit
    psa: [Decimal; 5],    // quantity, amount, included, cost, credit
    vendor_prices: BTreeSet<Decimal>,
    vendor_costs: BTreeSet<Decimal>,
    psa_prices: BTreeSet<Decimal>,
    psa_costs: BTreeSet<Decimal>,
    bundle: bool,
    math: bool,
}

/// The variance table as text, from the same files.
fn slow(folder: &Path, period: &str, last_day: &str) -> String {
    let (mut companies, mut products, mut compare) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut bundles: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in read(folder, "ground_truth_mappings.csv") {
        match row["kind"].as_str() {
            "company" if !row["psaId"].is_empty() => {
                companies.insert(row["vendorId"].clone(), row["psaId"].clone());
            }
            "product" if !row["psaId"].is_empty() => {
                products.insert(row["vendorId"].clone(), row["psaId"].clone());
                compare.insert(row["psaId"].clone(), row["compare"].clone());
            }
            "bundle" => bundles.entry(row["bundlePsaId"].clone()).or_default().push(row),
            _ => {}
        }
    }
    let mut cells: BTreeMap<(String, String, String), Cell> = BTreeMap::new();
    for row in read(folder, "vendor_invoice_items.csv") {
        if row["type"] == "payment-credit" || !row["startPeriod"].starts_with(period) {
            continue;
        }
        let company = companies.get(&row["companyId"]);
        let product = products.get(&row["productId"]);
        let company_key = company.map_or(format!("vendor:{}", row["companyId"]), |id| format!("psa:{id}"));
        let product_key = match (company, product) {
            (Some(_), Some(id)) => format!("psa:{id}"),
            _ => format!("vendor:{}", row["productId"]),
        };
        let cell = cells.entry((row["currencyCode"].clone(), company_key, product_key)).or_default();
        cell.vendor_lines += 1;
        let (quantity, amount, cost) = (number(&row, "quantity"), number(&row, "subTotal"), number(&row, "costTotal"));
        if ["subscription", "prorate", "one-time", "service-charge"].contains(&row["type"].as_str()) {
            cell.vendor[0] += quantity;
        }
        cell.vendor[1] += amount;
        cell.vendor[2] += cost;
        if ["service-credit", "invoice-credit", "rebate"].contains(&row["type"].as_str()) {
            cell.vendor[3] += amount;
        }
        if ["subscription", "one-time"].contains(&row["type"].as_str()) {
            cell.vendor_prices.insert(number(&row, "price"));
            cell.vendor_costs.insert(number(&row, "cost"));
            let metered = row["chargeType"] != "per" || row["term"] == "Arrears";
            cell.math |= !metered && cost != cents(quantity * number(&row, "cost"));
        }
    }
    let known: BTreeSet<&String> = companies.values().collect();
    for row in read(folder, "psa_agreement_lines.csv") {
        // The one thing the rules leave to the product: a line that is no line is set aside.
        if Decimal::from_str(&row["quantity"]).is_err() {
            continue;
        }
        let ended = !row["cancelledDate"].is_empty() && row["cancelledDate"] <= format!("{period}-01");
        let silent = row["agreementStatus"] != "Active" || row["billCustomer"] == "DoNotBill";
        if silent || row["effectiveDate"].as_str() > last_day || ended || !known.contains(&row["companyId"]) {
            continue;
        }
        let (amount, cost) = (number(&row, "extendedPrice"), number(&row, "extendedCost"));
        let bundle = bundles.get(&row["productId"]);
        let shares: Vec<(String, Decimal, Decimal, Decimal)> = match bundle {
            Some(parts) => parts
                .iter()
                .map(|part| {
                    let (from, to) = (number(part, "weightFrom"), number(part, "weightTo"));
                    let share = |whole: Decimal| cents(whole * to) - cents(whole * from);
                    (part["psaId"].clone(), number(part, "perUnit"), share(amount), share(cost))
                })
                .collect(),
            None if compare.contains_key(&row["productId"]) => {
                vec![(row["productId"].clone(), Decimal::ONE, amount, cost)]
            }
            None => continue,
        };
        for (product, per_unit, amount, cost) in shares {
            let key = (row["currencyCode"].clone(), format!("psa:{}", row["companyId"]), format!("psa:{product}"));
            let cell = cells.entry(key).or_default();
            cell.psa_lines += 1;
            cell.psa[3] += cost;
            if row["lineType"] == "credit" {
                cell.psa[4] += amount;
            } else {
                cell.psa[0] += number(&row, "quantity") * per_unit;
            }
            cell.psa[if row["billCustomer"] == "NoCharge" { 2 } else { 1 }] += amount;
            if bundle.is_some() {
                cell.bundle = true;
                continue;
            }
            cell.psa[2] += cents(number(&row, "lessIncluded") * number(&row, "unitPrice"));
            if row["lineType"] == "recurring" {
                cell.psa_prices.insert(number(&row, "unitPrice"));
                cell.psa_costs.insert(number(&row, "unitCost"));
            }
        }
    }
    let mut table = String::new();
    for ((currency, company, product), cell) in &cells {
        let by_quantity = product.strip_prefix("psa:").and_then(|id| compare.get(id)).is_none_or(|how| how != "amount");
        write_cell(&mut table, (period, currency, company, product), cell, by_quantity);
    }
    table
}

fn write_cell(table: &mut String, key: (&str, &str, &str, &str), cell: &Cell, by_quantity: bool) {
    let amount = cents(cell.vendor[1]);
    let variance = amount - cell.psa[1] - cell.psa[2];
    let ends = |set: &BTreeSet<Decimal>| set.first().copied().zip(set.last().copied());
    let differ = |l: &BTreeSet<Decimal>, r: &BTreeSet<Decimal>| !l.is_empty() && !r.is_empty() && ends(l) != ends(r);
    let mut flags = 0;
    if key.2.starts_with("vendor:") {
        flags |= 1;
    } else if key.3.starts_with("vendor:") {
        flags |= 2;
    } else if cell.psa_lines == 0 {
        flags |= 4;
    } else if cell.vendor_lines == 0 {
        flags |= 8;
    } else if !by_quantity {
        flags |= if variance.is_zero() { 0 } else { 128 };
    } else {
        flags |= match cell.vendor[0].cmp(&cell.psa[0]) {
            std::cmp::Ordering::Greater => 16,
            std::cmp::Ordering::Less => 32,
            std::cmp::Ordering::Equal => 0,
        };
        if !cell.bundle {
            flags |= if differ(&cell.vendor_prices, &cell.psa_prices) { 64 } else { 0 };
            let unexplained = flags & (16 | 32 | 64) == 0 && !variance.is_zero();
            flags |= if differ(&cell.vendor_costs, &cell.psa_costs) { 512 } else { 0 };
            if unexplained {
                flags |= if variance == cents(cell.vendor[3]) - cell.psa[4] { 256 } else { 128 };
            }
        }
    }
    flags |= if cell.math { 1024 } else { 0 };
    if flags == 0 {
        return;
    }
    let money = |x: Decimal| format!("{:.2}", cents(x) + Decimal::ZERO).replace("-0.00", "0.00");
    let plain = |x: Decimal| (x + Decimal::ZERO).normalize().to_string();
    let (period, currency, company, product) = key;
    let _ = writeln!(
        table,
        "{period},{currency},{company},{product},{flags},{},{},{},{},{},{},{},{},{}",
        plain(cell.vendor[0]),
        plain(cell.psa[0]),
        plain(cell.vendor[0] - cell.psa[0]),
        money(amount),
        money(cell.psa[1]),
        money(cell.psa[2]),
        money(variance),
        money(cell.vendor[2]),
        money(cell.psa[3]),
    );
}

/// The product's table in the same columns.
fn product(folder: &Path, period: &str) -> String {
    let links = folder.join("ground_truth_mappings.csv");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let done = runtime.block_on(reconcile_folder(folder, period.parse().unwrap(), Some(&links), &Unwatched)).unwrap();
    let (names, facts) = (Names::default(), Facts::default());
    let input = Input { outcome: &done.outcome, names: &names, facts: &facts, documents: None };
    let table = machine::variances(&input).unwrap();
    let mut reader = csv::Reader::from_reader(table.as_slice());
    let rows = reader.records().map(Result::unwrap);
    // Columns 0 to 14 without the class, which the flags decide.
    rows.map(|row| (0..15).filter(|at| *at != 4).map(|at| &row[at]).collect::<Vec<_>>().join(",") + "\n").collect()
}

#[test]
fn seeded_months_agree_with_the_slow_reconcile() {
    for seed in 0..12 {
        let folder = tempfile::tempdir().unwrap();
        let world = World::from_seed(seed, 30 + usize::try_from(seed).unwrap() * 11, "2026-10").unwrap();
        world.data.write_folder(folder.path()).unwrap();
        let expected = slow(folder.path(), "2026-10", "2026-10-31");
        assert!(expected.lines().count() > 10, "seed {seed}: the month has variances");
        assert_eq!(product(folder.path(), "2026-10"), expected, "seed {seed}");
    }
}

/// A line of either side drawn from few ids and few numbers, so that cells fill and differ in every way.
fn line() -> impl Strategy<Value = [u8; 10]> {
    proptest::array::uniform10(0_u8..8)
}

fn pick<'a>(words: &[&'a str], draw: u8) -> &'a str {
    words[usize::from(draw) % words.len()]
}

fn write_random_month(folder: &Path, vendor: &[[u8; 10]], psa: &[[u8; 10]]) {
    let mut items = String::from(
        "id,type,companyId,productId,startPeriod,quantity,term,chargeType,price,subTotal,cost,costTotal,currencyCode\n",
    );
    let numbers = ["0", "1", "2.5", "-1", "3.333", "10.005", "7", "0.015"];
    for (at, d) in vendor.iter().enumerate() {
        let kinds =
            ["subscription", "prorate", "one-time", "service-credit", "rebate", "payment-credit", "service-charge"];
        let _ = writeln!(
            items,
            "v{at},{},c{},p{},{},{},{},{},{},{},{},{},{}",
            pick(&kinds, d[0]),
            d[1] % 4,
            d[2] % 4,
            pick(&["2026-02-01", "2026-02-28", "2026-02-15", "2026-01-31"], d[3]),
            pick(&numbers, d[4]),
            pick(&["Monthly", "Arrears"], d[5]),
            pick(&["per", "flat"], d[6]),
            pick(&["1.005", "2", "2.50"], d[7]),
            pick(&numbers, d[8]),
            pick(&["1", "0.333"], d[7]),
            pick(&numbers, d[9]),
            pick(&["USD", "USD", "EUR"], d[9]),
        );
    }
    let mut lines = String::from(
        "id,agreementStatus,companyId,productId,lineType,quantity,lessIncluded,unitPrice,unitCost,extendedPrice,extendedCost,\
         billCustomer,effectiveDate,cancelledDate,currencyCode\n",
    );
    for (at, d) in psa.iter().enumerate() {
        let _ = writeln!(
            lines,
            "l{at},{},{},{},{},{},{},{},{},{},{},{},{},{},{}",
            pick(&["Active", "Active", "Active", "Expired"], d[0]),
            pick(&["11", "12", "13"], d[1]),
            pick(&["21", "22", "23", "99"], d[2]),
            pick(&["recurring", "recurring", "credit"], d[3]),
            pick(&["0", "1", "2.5", "7"], d[4]),
            pick(&["0", "1"], d[5]),
            pick(&["1.005", "2", "2.50"], d[6]),
            pick(&["1", "0.333"], d[6]),
            pick(&["0", "1.00", "2.51", "-1.00", "3.33"], d[7]),
            pick(&["0", "1.00", "2.51"], d[8]),
            pick(&["Billable", "Billable", "NoCharge", "DoNotBill"], d[9]),
            pick(&["2025-01-01", "2026-02-28", "2026-03-01"], d[3]),
            pick(&["", "", "2026-02-01", "2026-02-02"], d[2]),
            pick(&["USD", "USD", "EUR"], d[0]),
        );
    }
    let links = "kind,vendorId,psaId,relation,compare,bundlePsaId,perUnit,weightFrom,weightTo\n\
                 company,c0,11,,,,,,\ncompany,c1,11,,,,,,\ncompany,c2,12,,,,,,\ncompany,c3,,,,,,,\n\
                 product,p0,21,,quantity,,,,\nproduct,p1,22,,amount,,,,\nproduct,p2,21,,quantity,,,,\n\
                 bundle,,21,,,23,2,0,0.3333\nbundle,,22,,,23,0.5,0.3333,1\n";
    let names = "id,name\n";
    for (file, text) in [
        ("vendor_invoice_items.csv", items.as_str()),
        ("psa_agreement_lines.csv", &lines),
        ("ground_truth_mappings.csv", links),
        ("vendor_companies.csv", names),
        ("vendor_products.csv", names),
        ("psa_companies.csv", names),
        ("psa_products.csv", "id,description\n"),
    ] {
        std::fs::write(folder.join(file), text).unwrap();
    }
}

#[test]
fn a_free_line_and_its_reversal_include_nothing() {
    let folder = tempfile::tempdir().unwrap();
    write_random_month(folder.path(), &[[0; 10]], &[[2, 1, 1, 0, 0, 6, 0, 6, 0, 6], [2, 7, 5, 0, 0, 2, 0, 3, 0, 6]]);
    let expected = slow(folder.path(), "2026-02", "2026-02-28");
    assert!(expected.contains("psa:12,psa:22,8,0,0,0,0.00,0.00,0.00,0.00,"), "{expected}");
    assert_eq!(product(folder.path(), "2026-02"), expected);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn months_of_random_lines_agree_with_the_slow_reconcile(
        vendor in proptest::collection::vec(line(), 1..60),
        psa in proptest::collection::vec(line(), 1..60),
    ) {
        let folder = tempfile::tempdir().unwrap();
        write_random_month(folder.path(), &vendor, &psa);
        prop_assert_eq!(product(folder.path(), "2026-02"), slow(folder.path(), "2026-02", "2026-02-28"));
    }
}

#[test]
fn a_month_of_which_one_side_has_no_line_is_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::from_seed(3, 30, "2026-10").unwrap();
    world.data.write_folder(folder.path()).unwrap();
    let links = folder.path().join("ground_truth_mappings.csv");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let run = |period: &str| {
        runtime
            .block_on(reconcile_folder(folder.path(), period.parse().unwrap(), Some(&links), &Unwatched))
            .unwrap()
            .outcome
    };
    let other_month = run("2026-07");
    assert_eq!(other_month.verdict, Verdict::Unknown);
    let (names, from) = (Names::default(), Facts::default());
    let said = facts::verdict(&Input { outcome: &other_month, names: &names, facts: &from, documents: None });
    assert!(said.contains("the distributor has no line of this month"), "{said}");
}
