//! Margin by customer, and by customer and product: what the PSA bills, what the distributor charges, and what stays.
//!
//! Under- and over-billing stand apart: two opposite errors are two errors. Keeps the invariant that the totals are held
//! against the coverage, and that it is said whether they tie.

use crate::core::money::{self, Amount, Rounding};
use crate::core::reconcile::detail::Tied;
use crate::report::Input;
use crate::report::names;
use crate::report::table::{Cell, Column, Kind, Table, grouped};

const COLUMNS: &[Column] = &[
    Column::new("customer", Kind::Text),
    Column::new("customer ID", Kind::Id),
    Column::new("currency", Kind::Currency),
    Column::new("revenue", Kind::Money),
    Column::new("cost", Kind::Money),
    Column::new("margin", Kind::Money),
    Column::new("margin %", Kind::Percent),
    Column::new("under-billed", Kind::Money),
    Column::new("over-billed", Kind::Money),
];

const BY_PRODUCT: &[Column] = &[
    Column::new("customer", Kind::Text),
    Column::new("customer ID", Kind::Id).in_files(),
    Column::new("product", Kind::Text),
    Column::new("product ID", Kind::Id).in_files(),
    Column::new("currency", Kind::Currency),
    Column::new("revenue", Kind::Money),
    Column::new("cost", Kind::Money),
    Column::new("margin", Kind::Money),
    Column::new("margin %", Kind::Percent),
    Column::new("under-billed", Kind::Money),
    Column::new("over-billed", Kind::Money),
];

/// The report by customer.
pub(crate) fn build(input: &Input<'_>) -> Table {
    let margins = &input.outcome.margins;
    Table {
        name: "margin",
        title: "Margin by customer",
        about: "Revenue as billed for compared products, cost as charged, and what corrections would add or take.",
        head: Vec::new(),
        columns: COLUMNS,
        rows: margins
            .iter()
            .map(|m| {
                let mut row = vec![
                    Cell::text(input.names.customer(&m.company)),
                    Cell::text(names::id(&m.company)),
                    Cell::text(m.currency.as_str()),
                ];
                row.extend(money(Some(m.margin), [m.revenue, m.cost, m.underbilled, m.overbilled]));
                row
            })
            .collect(),
        notes: notes(input),
    }
}

/// The report by customer and product.
pub(crate) fn by_product(input: &Input<'_>) -> Table {
    let products = &input.outcome.detail.products;
    let mut notes = notes(input);
    if products.is_none() {
        notes.insert(
            0,
            "The month has too many cells to list them, or was reconciled before they were kept.".to_owned(),
        );
    }
    Table {
        name: "margin-by-product",
        title: "Margin by customer and product",
        about: "The margin report, each customer's products apart; its totals are those of the report by customer.",
        head: Vec::new(),
        columns: BY_PRODUCT,
        rows: products
            .iter()
            .flatten()
            .map(|m| {
                let mut row = vec![
                    Cell::text(input.names.customer(&m.company)),
                    Cell::text(names::id(&m.company)),
                    Cell::text(input.names.product(&m.product)),
                    Cell::text(names::id(&m.product)),
                    Cell::text(m.currency.as_str()),
                ];
                row.extend(money(m.margin(), [m.revenue, m.cost, m.underbilled, m.overbilled]));
                row
            })
            .collect(),
        notes,
    }
}

fn money(margin: Option<Amount>, [revenue, cost, underbilled, overbilled]: [Amount; 4]) -> [Cell; 6] {
    let share = margin.and_then(|margin| money::share(margin, revenue, 1000));
    [
        Cell::Money(revenue),
        Cell::Money(cost),
        Cell::amount(margin),
        share.map_or(Cell::Unknown, Cell::Percent),
        Cell::Money(underbilled),
        Cell::Money(overbilled),
    ]
}

fn notes(input: &Input<'_>) -> Vec<String> {
    let outcome = input.outcome;
    let mut notes = vec![
        "margin % is of revenue; without revenue it is unknown.".to_owned(),
        "revenue is what the PSA bills on lines that were compared: not the MSP's own services, not lines without a link. \
         cost is every line of the distributor in the month: also of products delivered free of charge or within a flat \
         fee, and of companies and products without a link; payments are no cost."
            .to_owned(),
    ];
    let ties = outcome.coverage.buckets.keys().filter_map(|currency| {
        let tied = outcome.detail.tied(*currency, &outcome.margins, &outcome.coverage)?;
        Some(format!("{}: {currency} {}; {}.", tie_word(&tied), revenue(&tied)?, cost(&tied)?))
    });
    notes.extend(ties);
    notes
}

/// To the cent.
fn is_off(amount: Amount) -> bool {
    !amount.rounded(Rounding::Cents).is_zero()
}

fn tie_word(tied: &Tied) -> &'static str {
    if is_off(tied.revenue_off) || is_off(tied.cost_off) { "does not tie to coverage" } else { "ties to coverage" }
}

fn revenue(tied: &Tied) -> Option<String> {
    let revenue = tied.billed.minus(tied.terms.free).ok()?.plus(tied.revenue_off).ok()?;
    let mut words = format!("revenue {} = {} on the PSA's compared lines", cents(revenue), cents(tied.billed));
    words += &term(tied.terms.free, "free of charge");
    words += &term(tied.revenue_off.negated(), "not explained");
    Some(words)
}

fn cost(tied: &Tied) -> Option<String> {
    let cost = tied.charged.minus(tied.terms.rounding).ok()?.plus(tied.cost_off).ok()?;
    let mut words = format!("cost {} = {} on the distributor's lines of the month", cents(cost), exactly(tied.charged));
    words += &term(tied.terms.rounding, "by rounding each product of a customer to the cent");
    words += &term(tied.cost_off.negated(), "not explained");
    Some(words)
}

/// An amount that is taken away, with its sign and its reason; nothing where it is nought.
fn term(amount: Amount, why: &str) -> String {
    if amount.is_zero() {
        return String::new();
    }
    let sign = if amount.is_negative() { '+' } else { '−' };
    format!(" {sign} {} {why}", exactly(amount.magnitude()))
}

fn cents(amount: Amount) -> String {
    grouped(&amount.cents_text())
}

fn exactly(amount: Amount) -> String {
    grouped(&crate::report::table::at_least_cents(amount))
}
