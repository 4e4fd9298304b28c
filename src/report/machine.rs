//! The two files other programs read: `variances.csv` and `totals.json`.
//!
//! Keeps the invariant that their columns and keys stay as they are; new ones are added behind. Amounts have two decimals,
//! quantities as many as they have; keys are written as they are, names are guarded like every other text.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::core::money::Currency;
use crate::core::reconcile::coverage::Fate;
use crate::core::reconcile::outcome::{Class, ClassTotal, Outcome, Variance, Verdict};
use crate::report::doubt::Doubts;
use crate::report::table::at_least_cents;
use crate::report::{Input, Names, ReportError, csv, json};

const COLUMNS: [&str; 23] = [
    "period",
    "currencyCode",
    "companyKey",
    "productKey",
    "class",
    "flags",
    "vendorQuantity",
    "psaQuantity",
    "quantityVariance",
    "vendorAmount",
    "psaAmount",
    "psaIncludedAmount",
    "amountVariance",
    "vendorCost",
    "psaCost",
    "customer",
    "product",
    "vendorLines",
    "psaLines",
    "quantityPart",
    "pricePart",
    "otherPart",
    "status",
];

/// `variances.csv`: every cell that differs; `amountVariance` is positive where too little is billed. The status is
/// `unknown` where a row rests on lines that could not be read, else `open`.
///
/// # Errors
/// [`ReportError::Csv`], which writing to memory does not provoke.
pub fn variances(input: &Input<'_>) -> Result<Vec<u8>, ReportError> {
    let doubts = Doubts::of(input);
    let mut lines = csv::writer();
    lines.write_record(COLUMNS)?;
    let period = input.outcome.period.to_string();
    for v in &input.outcome.variances {
        lines.write_record(fields(&period, v, input.names, doubts.status(v)))?;
    }
    csv::finish(lines)
}

fn fields(period: &str, v: &Variance, names: &Names, status: &str) -> [String; 23] {
    [
        period.to_owned(),
        v.currency.to_string(),
        v.company.to_string(),
        v.product.to_string(),
        v.class().as_str().to_owned(),
        v.flags.bits().to_string(),
        v.vendor_quantity.plain_text(),
        v.psa_quantity.plain_text(),
        v.quantity_variance.plain_text(),
        v.vendor_amount.cents_text(),
        v.psa_amount.cents_text(),
        v.psa_included.cents_text(),
        v.amount_variance.cents_text(),
        v.vendor_cost.cents_text(),
        v.psa_cost.cents_text(),
        csv::guarded(names.customer(&v.company)).into_owned(),
        csv::guarded(names.product(&v.product)).into_owned(),
        v.vendor_lines.to_string(),
        v.psa_lines.to_string(),
        v.quantity_part.cents_text(),
        v.price_part.cents_text(),
        v.other_part.cents_text(),
        status.to_owned(),
    ]
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Totals {
    period: String,
    verdict: Verdict,
    cells: u64,
    variances: usize,
    problems: usize,
    /// `null` where not one row was read.
    vendor_unreadable_rows: Option<u64>,
    psa_unreadable_rows: Option<u64>,
    currencies: BTreeMap<Currency, OfCurrency>,
}

#[derive(Serialize, Default)]
struct OfCurrency {
    buckets: Vec<BucketLine>,
    coverage: Vec<FateLine>,
    classes: Vec<ClassLine>,
}

#[derive(Serialize)]
struct BucketLine {
    bucket: crate::core::reconcile::coverage::Bucket,
    rows: u64,
    amount: String,
    cost: String,
}

#[derive(Serialize)]
struct FateLine {
    side: &'static str,
    fate: Fate,
    rows: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClassLine {
    class: &'static str,
    cells: u64,
    vendor_amount: String,
    psa_amount: String,
    psa_included_amount: String,
    amount_variance: String,
    vendor_cost: String,
    psa_cost: String,
}

/// `totals.json`: verdict, buckets, fates and classes per currency; amounts are strings.
///
/// # Errors
/// [`ReportError::Json`], which writing to memory does not provoke.
pub fn totals(outcome: &Outcome) -> Result<Vec<u8>, ReportError> {
    let mut currencies: BTreeMap<Currency, OfCurrency> = BTreeMap::new();
    for (currency, buckets) in &outcome.coverage.buckets {
        let of_currency = currencies.entry(*currency).or_default();
        let mut fates: BTreeMap<(&'static str, Fate), u64> = BTreeMap::new();
        for (bucket, tally) in buckets {
            let side = if bucket.is_vendor() { "vendor" } else { "psa" };
            *fates.entry((side, bucket.fate())).or_default() += tally.rows;
            // Rounded, the buckets would no longer add up to what was read.
            let (amount, cost) = (at_least_cents(tally.amount), at_least_cents(tally.cost));
            of_currency.buckets.push(BucketLine { bucket: *bucket, rows: tally.rows, amount, cost });
        }
        of_currency.coverage = fates.into_iter().map(|((side, fate), rows)| FateLine { side, fate, rows }).collect();
    }
    for (currency, classes) in &outcome.classes {
        let lines = classes.iter().map(|(class, total)| class_line(*class, total)).collect();
        currencies.entry(*currency).or_default().classes = lines;
    }
    json::pretty(&Totals {
        period: outcome.period.to_string(),
        verdict: outcome.verdict,
        cells: outcome.cells,
        variances: outcome.variances.len(),
        problems: outcome.problems.len(),
        vendor_unreadable_rows: (!outcome.coverage.vendor_unread).then_some(outcome.coverage.vendor_unreadable),
        psa_unreadable_rows: (!outcome.coverage.psa_unread).then_some(outcome.coverage.psa_unreadable),
        currencies,
    })
}

fn class_line(class: Class, total: &ClassTotal) -> ClassLine {
    ClassLine {
        class: class.as_str(),
        cells: total.cells,
        vendor_amount: total.vendor_amount.cents_text(),
        psa_amount: total.psa_amount.cents_text(),
        psa_included_amount: total.psa_included_amount.cents_text(),
        amount_variance: total.amount_variance.cents_text(),
        vendor_cost: total.vendor_cost.cents_text(),
        psa_cost: total.psa_cost.cents_text(),
    }
}
