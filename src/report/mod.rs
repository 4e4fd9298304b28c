//! Reports: core values become tables, tables become text, CSV, JSON, XLSX and one HTML page.
//!
//! A report is built once, as a [`Table`]; how it looks is decided by a renderer that knows no business words. Same input,
//! same bytes: no clock, no random value, everything in the order of its keys.

pub mod csv;
pub mod facts;
pub mod findings;
pub mod held_unbilled;
pub mod html;
pub mod inventory;
pub mod invoices;
pub mod json;
pub mod machine;
pub mod names;
pub mod renewals;
pub mod table;
pub mod text;
pub mod unused;
pub mod xlsx;

mod charts;
mod coverage;
mod doubt;
mod leakage;
mod margin;
mod pairs;
mod problems;
mod tie_out;
mod unmapped;
mod variance;

use crate::core::reconcile::outcome::Outcome;
pub use facts::{Facts, Source};
pub use inventory::Inventory;
pub use invoices::Documents;
pub use names::Names;
pub use table::Table;

/// Why a report could not be written. All of them write to memory, so none of them is the user's doing.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The CSV writer refused.
    #[error("the report could not be written as CSV: {0}")]
    Csv(#[from] ::csv::Error),
    /// The JSON writer refused.
    #[error("the report could not be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The workbook writer refused.
    #[error("the report could not be written as a workbook: {0}")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
    /// The page's template refused.
    #[error("the report could not be written as a page: {0}")]
    Page(#[from] askama::Error),
}

/// What reports are made from.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The reconciled period.
    pub outcome: &'a Outcome,
    /// Names for ids.
    pub names: &'a Names,
    /// Where it comes from.
    pub facts: &'a Facts,
    /// The distributor's documents; `None` where there are only lines.
    pub documents: Option<&'a Documents>,
}

/// The reports there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Report {
    /// Every cell that differs, with the walk from should bill to billed.
    Variance,
    /// Where every line ended.
    Coverage,
    /// Records without a link, with their money.
    Unmapped,
    /// Charged and not, or not wholly, billed.
    Unbilled,
    /// Billed without a charge.
    BilledWithoutCost,
    /// The distributor's documents.
    InvoiceRegister,
    /// The documents' heads against their lines.
    TieOut,
    /// Revenue, cost and margin by customer.
    Margin,
    /// The same by customer and product.
    MarginByProduct,
    /// What could not be read or used.
    Problems,
}

impl Report {
    /// Every report, in the order it is offered and bound.
    pub const ALL: [Self; 10] = [
        Self::Variance,
        Self::Coverage,
        Self::Unmapped,
        Self::Unbilled,
        Self::BilledWithoutCost,
        Self::InvoiceRegister,
        Self::TieOut,
        Self::Margin,
        Self::MarginByProduct,
        Self::Problems,
    ];

    /// Its name on the command line and in file names.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Variance => "variance",
            Self::Coverage => "coverage",
            Self::Unmapped => "unmapped",
            Self::Unbilled => "unbilled",
            Self::BilledWithoutCost => "billed-without-cost",
            Self::InvoiceRegister => "invoice-register",
            Self::TieOut => "tie-out",
            Self::Margin => "margin",
            Self::MarginByProduct => "margin-by-product",
            Self::Problems => "problems",
        }
    }

    /// The report as a table.
    #[must_use]
    pub fn build(self, input: &Input<'_>) -> Table {
        let mut table = match self {
            Self::Variance => variance::build(input),
            Self::Coverage => coverage::build(input.outcome),
            Self::Unmapped => unmapped::build(input),
            Self::Unbilled => leakage::unbilled(input),
            Self::BilledWithoutCost => leakage::billed_without_cost(input),
            Self::InvoiceRegister => invoices::register(input.documents, &input.facts.past, input.outcome.period),
            Self::TieOut => tie_out::build(input),
            Self::Margin => margin::build(input),
            Self::MarginByProduct => margin::by_product(input),
            Self::Problems => problems::build(input.outcome),
        };
        table.head = facts::head(input);
        table
    }
}

/// The variance report for people who read the top of a list: the costliest first within each currency, at most so many.
#[must_use]
pub fn costliest_variances(input: &Input<'_>, most: usize) -> Table {
    let mut table = variance::of(input, findings::ranked(input).into_iter().take(most));
    table.head = facts::head(input);
    table
}

/// What a period's variances come to: one line per currency, gross first, then net.
#[must_use]
pub fn variances_in_short(outcome: &Outcome) -> Vec<String> {
    variance::in_short(outcome)
}

/// Every file of a period: name and bytes, in order. The caller writes them.
///
/// # Errors
/// [`ReportError`]; none of the files is to be written then.
pub fn files(input: &Input<'_>) -> Result<Vec<(String, Vec<u8>)>, ReportError> {
    let period = input.outcome.period;
    let tables: Vec<Table> = Report::ALL.into_iter().map(|report| report.build(input)).collect();
    let mut files = vec![
        ("variances.csv".to_owned(), machine::variances(input)?),
        ("totals.json".to_owned(), machine::totals(input.outcome)?),
    ];
    for table in &tables {
        files.push((format!("{}.csv", table.name), csv::render(table)?));
        files.push((format!("{}.json", table.name), json::render(table)?));
    }
    files.push((format!("trueup-{period}.xlsx"), xlsx::render(period, &tables)?));
    files.push((format!("report-{period}.html"), html::render(input)?.into_bytes()));
    Ok(files)
}
