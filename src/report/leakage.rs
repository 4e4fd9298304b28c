//! What is charged and not billed, and what is billed and not charged: the two lists an operator works through first.
//!
//! Lost revenue is units × sale price, unrecovered cost units × unit cost: two numbers, never one word for both.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::core::money::{Amount, UnitPrice};
use crate::core::past::{self, CellKey};
use crate::core::quantity::Quantity;
use crate::core::reconcile::outcome::{Class, PriceRange, Variance};
use crate::report::doubt::Doubts;
use crate::report::pairs::Pairs;
use crate::report::table::{Cell, Column, Kind, Table, count, counted};
use crate::report::{Input, names};

const UNBILLED: &[Column] = &[
    Column::new("customer", Kind::Text),
    Column::new("customer ID", Kind::Id),
    Column::new("product", Kind::Text),
    Column::new("product ID", Kind::Id).in_files(),
    Column::new("class", Kind::Text),
    Column::new("currency", Kind::Currency),
    Column::new("qty", Kind::Quantity),
    Column::new("cost", Kind::UnitPrice),
    Column::new("suggested price", Kind::UnitPrice),
    Column::new("months open", Kind::Count),
    Column::new("lost revenue", Kind::Money),
    Column::new("unrecovered cost", Kind::Money),
];

const BILLED_WITHOUT_COST: &[Column] = &[
    Column::new("customer", Kind::Text),
    Column::new("customer ID", Kind::Id),
    Column::new("product", Kind::Text),
    Column::new("product ID", Kind::Id).in_files(),
    Column::new("currency", Kind::Currency),
    Column::new("qty", Kind::Quantity),
    Column::new("billed", Kind::Money),
    Column::new("since", Kind::Date),
    Column::new("last vendor line", Kind::Date),
    Column::new("suspected reason", Kind::Text),
];

/// Charged and not, or not wholly, billed.
pub(crate) fn unbilled(input: &Input<'_>) -> Table {
    let doubts = Doubts::of(input);
    let rows = || input.outcome.variances.iter().filter_map(|v| Some((v, unbilled_row(input, v)?)));
    let doubtful = count(rows().filter(|(v, _)| doubts.about(v).is_some()).count());
    let mut notes = vec![
        "cost and suggested price are per unit, empty where the lines have several. Records without a link have their own report."
            .to_owned(),
        "months open: the months in a row, this one among them, that were reconciled here and show it.".to_owned(),
    ];
    if doubtful > 0 {
        notes.push(format!(
            "{} may be due to lines that could not be read: the variance report says which, mend those first.",
            counted(doubtful, "row")
        ));
    }
    Table {
        name: "unbilled",
        title: "Charged, not billed",
        about: "Units the distributor charges and the PSA does not bill.",
        head: Vec::new(),
        columns: UNBILLED,
        rows: rows().map(|(_, row)| row).collect(),
        notes,
    }
}

fn unbilled_row(input: &Input<'_>, v: &Variance) -> Option<Vec<Cell>> {
    let (quantity, lost, unrecovered) = match v.class() {
        Class::MissingInPsa => (v.vendor_quantity, Some(v.amount_variance), Some(v.vendor_cost)),
        Class::QtyUnderbilled => {
            let unrecovered = single(v.vendor_costs).and_then(|cost| rounded(cost, v.quantity_variance));
            // Without one price on each side nothing says what the units would have sold for.
            let is_priced = !v.bundled && single(v.vendor_prices).is_some() && single(v.psa_prices).is_some();
            (v.quantity_variance, is_priced.then_some(v.quantity_part), unrecovered)
        }
        Class::UnmappedCompany
        | Class::UnmappedProduct
        | Class::MissingInVendor
        | Class::QtyOverbilled
        | Class::PriceStale
        | Class::AmountMismatch
        | Class::CreditNotPassed
        | Class::CostStale
        | Class::VendorMath
        | Class::Ok => return None,
    };
    Some(vec![
        Cell::text(input.names.customer(&v.company)),
        Cell::text(names::id(&v.company)),
        Cell::text(input.names.product(&v.product)),
        Cell::text(names::id(&v.product)),
        Cell::text(v.class().as_str()),
        Cell::text(v.currency.as_str()),
        Cell::Quantity(quantity),
        Cell::price(single(v.vendor_costs)),
        Cell::price(single(v.vendor_prices)),
        input.facts.past.months_open.get(&past::key(v)).map_or(Cell::Unknown, |months| Cell::Count(*months)),
        Cell::amount(lost),
        Cell::amount(unrecovered),
    ])
}

/// Billed without a charge.
pub(crate) fn billed_without_cost(input: &Input<'_>) -> Table {
    let (doubts, pairs) = (Doubts::of(input), Pairs::of(input));
    let reason = |v: &Variance| match (doubts.about(v), pairs.about(v)) {
        (Some(mend), _) => mend.note(),
        (None, Some(pair)) => pair.suspected(),
        (None, None) if v.billed_too_much().is_zero() => {
            "within a flat fee or free of charge: nothing was billed, lower the included units".to_owned()
        }
        (None, None) => "cancelled at the distributor and still billed, or bought elsewhere".to_owned(),
    };
    Table {
        name: "billed-without-cost",
        title: "Billed, not charged",
        about: "What the PSA bills and the distributor does not charge.",
        head: Vec::new(),
        columns: BILLED_WITHOUT_COST,
        rows: input
            .outcome
            .variances
            .iter()
            .filter(|v| v.class() == Class::MissingInVendor)
            .map(|v| {
                vec![
                    Cell::text(input.names.customer(&v.company)),
                    Cell::text(names::id(&v.company)),
                    Cell::text(input.names.product(&v.product)),
                    Cell::text(names::id(&v.product)),
                    Cell::text(v.currency.as_str()),
                    Cell::Quantity(v.psa_quantity),
                    Cell::Money(v.psa_amount),
                    day(&input.facts.past.billed_since, v),
                    day(&input.facts.past.last_charged, v),
                    Cell::Text(reason(v)),
                ]
            })
            .collect(),
        notes: vec![
            "since: the first day of the lines that bill it; last vendor line: the last day that was charged, as far as earlier \
             months were pulled here."
                .to_owned(),
        ],
    }
}

fn day(days: &BTreeMap<CellKey, NaiveDate>, v: &Variance) -> Cell {
    days.get(&past::key(v)).map_or(Cell::Unknown, |day| Cell::Date(*day))
}

/// The price, where there is only one.
pub(crate) fn single(range: Option<PriceRange>) -> Option<UnitPrice> {
    range.filter(|range| range.lowest == range.highest).map(|range| range.lowest)
}

fn rounded(price: UnitPrice, quantity: Quantity) -> Option<Amount> {
    price.extend(quantity).ok().map(|amount| amount.rounded(crate::core::money::Rounding::Cents))
}
