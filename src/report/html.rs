//! One self-contained page: verdict, tiles, findings in words, charts, coverage and every report.
//!
//! Keeps the invariants that nothing is loaded from anywhere, that the page works without its script, that outside text is
//! escaped and cannot turn the writing direction, and that currencies are never added.

use askama::Template as _;

use crate::core::reconcile::outcome::Verdict;
use crate::report::charts::{Chart, Tile, charts, class_in_words, is_compared, tiles};
use crate::report::findings::{Finding, costliest, currencies};
use crate::report::table::{Cell, Table, count, counted, grouped};
use crate::report::{Input, Report, ReportError, costliest_variances, facts};

/// The most rows of one table on the page; files have all.
const ROWS_MAX: usize = 500;
/// How many findings are told in words, per currency.
const FINDINGS_MAX: usize = 8;

#[derive(askama::Template)]
#[template(path = "report.html", config = "src/report/askama.toml")]
struct Page {
    title: String,
    kicker: &'static str,
    heading: String,
    verdict: String,
    tone: &'static str,
    head: Vec<(String, String)>,
    currencies: Vec<CurrencyPart>,
    problems: u64,
    tables: Vec<TablePart>,
}

struct CurrencyPart {
    code: String,
    tiles: Vec<Tile>,
    findings: Vec<FindingPart>,
    charts: Vec<Chart>,
}

struct FindingPart {
    sentence: String,
    advice: String,
    class: &'static str,
    tone: &'static str,
}

struct TablePart {
    name: &'static str,
    title: &'static str,
    about: &'static str,
    rows_in_words: String,
    heads: Vec<(&'static str, bool)>,
    rows: Vec<Vec<CellPart>>,
    totals: Vec<TotalPart>,
    cut: Option<String>,
    notes: Vec<String>,
}

struct CellPart {
    text: String,
    class: &'static str,
}

struct TotalPart {
    currency: String,
    sums: Vec<(&'static str, String)>,
}

/// The page.
///
/// # Errors
/// [`ReportError::Page`].
pub fn render(input: &Input<'_>) -> Result<String, ReportError> {
    let outcome = input.outcome;
    let findings = costliest(input, FINDINGS_MAX);
    let currencies = currencies(outcome)
        .into_iter()
        .map(|currency| CurrencyPart {
            code: currency.to_string(),
            tiles: tiles(input, currency),
            findings: findings.iter().filter(|f| f.currency == currency).map(finding_part).collect(),
            charts: charts(input, currency),
        })
        .collect();
    let page = Page {
        title: format!("Reconciliation {}", outcome.period),
        kicker: "Reconciliation of distributor charges and billing",
        heading: outcome.period.first_day().format("%B %Y").to_string(),
        verdict: facts::verdict(input),
        tone: match outcome.verdict {
            Verdict::Clean => "good",
            Verdict::Differences => "over",
            Verdict::Unknown => "under",
        },
        head: facts::head(input).into_iter().filter(|(label, _)| label != "verdict").collect(),
        currencies,
        problems: count(outcome.problems.len()),
        tables: page_tables(input).iter().map(table_part).collect(),
    };
    Ok(page.render()?)
}

/// A page of one report that is of a day and not of a month.
///
/// # Errors
/// [`ReportError::Page`].
pub fn page(table: &Table) -> Result<String, ReportError> {
    let of = |label: &str| table.head.iter().find(|(known, _)| known == label).map(|(_, text)| text.clone());
    let page = Page {
        title: table.title.to_owned(),
        kicker: table.title,
        heading: of("as of").unwrap_or_default(),
        verdict: counted(count(table.rows.len()), "row"),
        tone: "plain",
        head: table.head.clone(),
        currencies: Vec::new(),
        problems: 0,
        tables: vec![table_part(table)],
    };
    Ok(page.render()?)
}

/// The reports in the order of the page: coverage first, because it says what the others may claim; variances the
/// costliest first, because a page shows the first rows only.
fn page_tables(input: &Input<'_>) -> Vec<Table> {
    let mut tables = vec![Report::Coverage.build(input)];
    let others = Report::ALL.into_iter().filter(|report| *report != Report::Coverage);
    tables.extend(others.map(|report| {
        if report == Report::Variance { costliest_variances(input, usize::MAX) } else { report.build(input) }
    }));
    tables
}

fn finding_part(finding: &Finding) -> FindingPart {
    FindingPart {
        sentence: finding.sentence.clone(),
        advice: finding.advice.clone(),
        class: class_in_words(finding.class),
        tone: if finding.amount.is_zero() || !is_compared(finding.class) {
            "plain"
        } else if finding.amount.is_negative() {
            "over"
        } else {
            "under"
        },
    }
}

fn table_part(table: &Table) -> TablePart {
    let at = table.screen_columns();
    let columns = at.iter().filter_map(|at| table.columns.get(*at));
    let rows =
        table.rows.iter().take(ROWS_MAX).map(|row| at.iter().filter_map(|at| row.get(*at)).map(cell_part).collect());
    let more = table.rows.len().saturating_sub(ROWS_MAX);
    TablePart {
        name: table.name,
        title: table.title,
        about: table.about,
        rows_in_words: counted(count(table.rows.len()), "row"),
        heads: columns.map(|column| (column.name, column.kind.is_number())).collect(),
        rows: rows.collect(),
        totals: totals(table),
        cut: (more > 0).then(|| format!("… {} more, see {}.csv", grouped(&count(more).to_string()), table.name)),
        notes: table.notes.clone(),
    }
}

fn cell_part(cell: &Cell) -> CellPart {
    let text = cell.shown();
    let class = match cell {
        Cell::Unknown => "unknown",
        Cell::Text(_) if text.contains('_') && !text.contains(' ') => "code",
        Cell::Text(_) if text.contains(' ') => "words",
        Cell::Text(_) | Cell::Date(_) => "",
        Cell::Count(_) | Cell::Quantity(_) | Cell::UnitPrice(_) | Cell::Money(_) | Cell::Percent(_) => {
            if text.starts_with('-') { "number negative" } else { "number" }
        }
    };
    CellPart { text, class }
}

fn totals(table: &Table) -> Vec<TotalPart> {
    let shown = table.screen_sums();
    let part = |total: crate::report::table::Total| TotalPart {
        currency: total.currency,
        sums: total
            .sums
            .into_iter()
            .filter(|(name, _)| shown.contains(name))
            .filter_map(|(name, sum)| Some((name, grouped(&sum.amount?.cents_text()), sum.unknown)))
            .map(|(name, sum, unknown)| (name, if unknown > 0 { format!("{sum} ({unknown} unknown)") } else { sum }))
            .collect(),
    };
    table.totals().into_iter().map(part).filter(|total| !total.sums.is_empty()).collect()
}
