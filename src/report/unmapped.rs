//! Records without a link on either side, with the money that hangs on each and its likeliest counterpart.
//!
//! Keeps the invariants that every line without a link is counted once, under its company or customer when that has no
//! link, else under its product; and that a record looked for in vain is told apart from one that was not looked for.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::core::matching::Likeliest;
use crate::core::money::{Amount, Currency};
use crate::core::reconcile::detail::{PsaAlone, PsaKind};
use crate::core::reconcile::outcome::{Class, KeyPart, Variance};
use crate::report::table::{Cell, Column, Kind, Table};
use crate::report::{Input, names};

const COLUMNS: &[Column] = &[
    Column::new("kind", Kind::Text),
    Column::new("name", Kind::Text),
    Column::new("ID", Kind::Id),
    Column::new("currency", Kind::Currency),
    Column::new("lines", Kind::Count),
    // Charged by the distributor, or billed by the PSA: the two are not added.
    Column::new("money attached", Kind::Money).not_summed(),
    Column::new("cost", Kind::Money).not_summed(),
    Column::new("first seen", Kind::Date).when_wide(),
    Column::new("best candidate", Kind::Text),
    Column::new("probability", Kind::Percent),
];

/// What a record is; the order of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Company,
    Product,
    PsaCustomer,
    PsaProduct,
}

impl What {
    fn as_str(self) -> &'static str {
        match self {
            Self::Company => "company",
            Self::Product => "product",
            Self::PsaCustomer => "PSA customer",
            Self::PsaProduct => "PSA product",
        }
    }

    fn is_customer(self) -> bool {
        match self {
            Self::Company | Self::PsaCustomer => true,
            Self::Product | Self::PsaProduct => false,
        }
    }
}

struct Attached {
    lines: u64,
    amount: Option<Amount>,
    cost: Option<Amount>,
    first: Option<NaiveDate>,
}

/// The report, the costliest record first within each currency and kind.
pub(crate) fn build(input: &Input<'_>) -> Table {
    let mut records = of_vendor(input);
    records.extend(input.outcome.detail.psa_alone.iter().filter_map(of_psa));
    records
        .sort_by_key(|((currency, what, _), a)| (*currency, *what, std::cmp::Reverse(a.amount.map(Amount::magnitude))));
    Table {
        name: "unmapped",
        title: "Records without a link",
        about: "Companies and products of either side that are linked with nothing: their money is compared with nothing.",
        head: Vec::new(),
        columns: COLUMNS,
        rows: records.into_iter().map(|((currency, what, key), a)| row(input, currency, what, &key, &a)).collect(),
        notes: vec![
            "money attached is the customer's amount on the distributor's lines of the month, or what the PSA bills in it; \
             records of the PSA without money are left out, most PSA products are own services."
                .to_owned(),
            "first seen is the first day of the record's earliest line of the month, or of its earliest subscription."
                .to_owned(),
            "A best candidate \"none found\" was looked for; an empty one was not: run `trueup propose all`.".to_owned(),
        ],
    }
}

type Record = ((Currency, What, KeyPart), Attached);

fn of_vendor(input: &Input<'_>) -> Vec<Record> {
    let mut records: BTreeMap<(Currency, What, KeyPart), Attached> = BTreeMap::new();
    for v in &input.outcome.variances {
        let Some((what, key)) = without_link(v) else { continue };
        let attached = records.entry((v.currency, what, key.clone())).or_insert(Attached {
            lines: 0,
            amount: Some(Amount::ZERO),
            cost: Some(Amount::ZERO),
            first: None,
        });
        attached.lines += u64::from(v.vendor_lines);
        attached.amount = attached.amount.and_then(|sum| sum.plus(v.vendor_amount).ok());
        attached.cost = attached.cost.and_then(|sum| sum.plus(v.vendor_cost).ok());
        let since = input.facts.held.as_ref().map(|held| held.of_cell(v.currency, &v.company, &v.product).since);
        attached.first = [attached.first, v.first_start, since.flatten()].into_iter().flatten().min();
    }
    records.into_iter().collect()
}

fn of_psa(alone: &PsaAlone) -> Option<Record> {
    let what = match alone.kind {
        PsaKind::Customer => What::PsaCustomer,
        PsaKind::Product => What::PsaProduct,
    };
    let money = alone.attached;
    let attached =
        Attached { lines: money.lines, amount: Some(money.amount), cost: Some(money.cost), first: Some(money.first) };
    let carries = !money.amount.is_zero() || !money.cost.is_zero();
    carries.then(|| ((alone.currency, what, KeyPart::Psa(alone.id.clone())), attached))
}

fn row(input: &Input<'_>, currency: Currency, what: What, key: &KeyPart, attached: &Attached) -> Vec<Cell> {
    let candidates = &input.facts.candidates;
    let looked_for = if what.is_customer() { &candidates.companies } else { &candidates.products };
    let name = |key| if what.is_customer() { input.names.customer(key) } else { input.names.product(key) };
    let [candidate, probability] = candidate(looked_for.as_ref(), key, name);
    vec![
        Cell::text(what.as_str()),
        Cell::text(name(key)),
        Cell::text(names::id(key)),
        Cell::text(currency.as_str()),
        Cell::Count(attached.lines),
        Cell::amount(attached.amount),
        Cell::amount(attached.cost),
        attached.first.map_or(Cell::Unknown, Cell::Date),
        candidate,
        probability,
    ]
}

fn candidate<'a>(looked_for: Option<&'a Likeliest>, key: &KeyPart, name: impl Fn(&'a KeyPart) -> &'a str) -> [Cell; 2] {
    match looked_for.and_then(|found| found.get(key)) {
        None => [Cell::Unknown, Cell::Unknown],
        Some(None) => [Cell::text("none found"), Cell::Unknown],
        Some(Some((other, sure))) => {
            [Cell::Text(format!("{} ({})", name(other), names::id(other))), Cell::Percent(i64::from(sure.0))]
        }
    }
}

fn without_link(v: &Variance) -> Option<(What, &KeyPart)> {
    match v.class() {
        Class::UnmappedCompany => Some((What::Company, &v.company)),
        Class::UnmappedProduct => Some((What::Product, &v.product)),
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
