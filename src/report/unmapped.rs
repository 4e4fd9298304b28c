//! Records without a link, with the money that hangs on each.
//!
//! Keeps the invariant that every vendor line without a link is counted once: under its company when the company has no
//! link, else under its product.

use std::collections::BTreeMap;

use crate::core::money::{Amount, Currency};
use crate::core::reconcile::outcome::{Class, KeyPart, Variance};
use crate::report::table::{Cell, Column, Kind, Table};
use crate::report::{Input, names};

const COLUMNS: &[Column] = &[
    Column::new("kind", Kind::Text),
    Column::new("name", Kind::Text),
    Column::new("ID", Kind::Id),
    Column::new("currency", Kind::Currency),
    Column::new("lines", Kind::Count),
    Column::new("money attached", Kind::Money),
    Column::new("cost", Kind::Money),
    Column::new("first seen", Kind::Date),
    Column::new("best candidate", Kind::Text),
    Column::new("probability", Kind::Percent),
];

#[derive(Default)]
struct Attached {
    lines: u64,
    amount: Option<Amount>,
    cost: Option<Amount>,
}

/// The report, the costliest record first within each currency and kind.
pub(crate) fn build(input: &Input<'_>) -> Table {
    let mut records: BTreeMap<(Currency, &str, &KeyPart), Attached> = BTreeMap::new();
    for v in &input.outcome.variances {
        let Some((kind, key)) = without_link(v) else { continue };
        let attached = records.entry((v.currency, kind, key)).or_insert_with(|| Attached {
            lines: 0,
            amount: Some(Amount::ZERO),
            cost: Some(Amount::ZERO),
        });
        attached.lines += u64::from(v.vendor_lines);
        attached.amount = attached.amount.and_then(|sum| sum.plus(v.vendor_amount).ok());
        attached.cost = attached.cost.and_then(|sum| sum.plus(v.vendor_cost).ok());
    }
    let mut records: Vec<_> = records.into_iter().collect();
    records
        .sort_by_key(|((currency, kind, _), a)| (*currency, *kind, std::cmp::Reverse(a.amount.map(Amount::magnitude))));
    Table {
        name: "unmapped",
        title: "Records without a link",
        about: "Companies and products of the distributor that are linked with nothing: their money is compared with nothing.",
        head: Vec::new(),
        columns: COLUMNS,
        rows: records
            .into_iter()
            .map(|((currency, kind, key), attached)| {
                let name = if kind == "company" { input.names.customer(key) } else { input.names.product(key) };
                vec![
                    Cell::text(kind),
                    Cell::text(name),
                    Cell::text(names::id(key)),
                    Cell::text(currency.as_str()),
                    Cell::Count(attached.lines),
                    Cell::amount(attached.amount),
                    Cell::amount(attached.cost),
                    Cell::Unknown,
                    Cell::Unknown,
                    Cell::Unknown,
                ]
            })
            .collect(),
        notes: vec!["PSA lines without a link are counted on the coverage report.".to_owned()],
    }
}

fn without_link(v: &Variance) -> Option<(&'static str, &KeyPart)> {
    match v.class() {
        Class::UnmappedCompany => Some(("company", &v.company)),
        Class::UnmappedProduct => Some(("product", &v.product)),
        Class::MissingInPsa
        | Class::MissingInVendor
        | Class::QtyUnderbilled
        | Class::QtyOverbilled
        | Class::PriceStale
        | Class::AmountMismatch
        | Class::CreditNotPassed
        | Class::CostStale
        | Class::VendorMath
        | Class::Ok => None,
    }
}
