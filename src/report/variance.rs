//! The variance report: every cell that differs, with the walk from what should be billed to what is billed.
//!
//! Sign, as in the field: variance = billed − should bill, so negative is leakage; the core counts the other way round.
//! Keeps the invariant that mapping + quantity + price + credit + unexplained is the variance to the cent, and that a
//! figure this version does not compute is unknown, never nought.

use std::collections::BTreeMap;

use crate::core::money::{Amount, Currency, Rounding};
use crate::core::period::BillingPeriod;
use crate::core::quantity::Quantity;
use crate::core::reconcile::held::Holding;
use crate::core::reconcile::outcome::{Class, Outcome, PriceRange, Variance};
use crate::report::doubt::{Doubts, Mend};
use crate::report::findings::remedy;
use crate::report::leakage::single;
use crate::report::pairs::{Pair, Pairs};
use crate::report::table::{Cell, Column, Gross, Kind, Table, grouped};
use crate::report::{Input, names};

/// Two opposite errors are two errors.
const GROSS: Gross = Gross { negative: "billed too little", positive: "billed too much", net: "net variance" };

const COLUMNS: &[Column] = &[
    Column::new("customer", Kind::Text),
    Column::new("customer ID", Kind::Id).in_files(),
    Column::new("vendor company", Kind::Text).in_files(),
    Column::new("vendor company ID", Kind::Id).in_files(),
    Column::new("product", Kind::Text),
    Column::new("product ID", Kind::Id).in_files(),
    Column::new("term", Kind::Text).in_files(),
    Column::new("commitment end", Kind::Date).in_files(),
    Column::new("period from", Kind::Date).in_files(),
    Column::new("period to", Kind::Date).in_files(),
    Column::new("vendor qty", Kind::Quantity),
    Column::new("held qty", Kind::Quantity).in_files(),
    Column::new("PSA qty", Kind::Quantity),
    Column::new("included", Kind::Quantity).in_files(),
    Column::new("billable qty", Kind::Quantity).in_files(),
    Column::new("currency", Kind::Currency),
    Column::new("unit cost", Kind::UnitPrice).in_files(),
    Column::new("expected unit cost", Kind::UnitPrice).in_files(),
    Column::new("unit price", Kind::UnitPrice).in_files(),
    Column::new("book price", Kind::UnitPrice).in_files(),
    Column::new("vendor cost", Kind::Money).in_files(),
    Column::new("expected cost", Kind::Money).in_files(),
    Column::new("billed", Kind::Money),
    Column::new("should bill", Kind::Money).when_wide(),
    Column::new("variance", Kind::Money).in_gross(GROSS),
    Column::new("mapping", Kind::Money).in_files(),
    Column::new("timing", Kind::Money).in_files(),
    Column::new("quantity", Kind::Money).in_files(),
    Column::new("proration", Kind::Money).in_files(),
    Column::new("price", Kind::Money).in_files(),
    Column::new("credit", Kind::Money).in_files(),
    Column::new("currency effect", Kind::Money).in_files(),
    Column::new("tax", Kind::Money).in_files(),
    Column::new("rounding", Kind::Money).in_files(),
    Column::new("unexplained", Kind::Money).in_files(),
    Column::new("class", Kind::Text),
    Column::new("action", Kind::Text).when_wide(),
    Column::new("owner", Kind::Text).in_files(),
    Column::new("note", Kind::Text).in_files(),
    Column::new("status", Kind::Text).in_files(),
];

/// The report, in order of currency, customer and product.
pub(crate) fn build(input: &Input<'_>) -> Table {
    of(input, input.outcome.variances.iter())
}

/// The report of some of the variances, in the order given.
pub(crate) fn of<'v>(input: &Input<'_>, variances: impl Iterator<Item = &'v Variance>) -> Table {
    let (doubts, pairs) = (Doubts::of(input), Pairs::of(input));
    Table {
        name: "variance",
        title: "Variances",
        about: "Every customer and product where what is billed is not what the distributor's lines say should be billed.",
        head: Vec::new(),
        columns: COLUMNS,
        rows: variances.map(|v| row(input, (&doubts, &pairs), v)).collect(),
        notes: vec![
            "variance = billed − should bill: negative is billed too little. Should bill is the distributor's customer amount less \
             what a flat fee includes, and not below nought: units that are included or free of charge were never billed, so nothing \
             is credited for them."
                .to_owned(),
            "billable qty = PSA qty − included, which is within a flat fee or free of charge. held qty is what subscriptions \
             that had begun and not ended hold on the last day of the month; it is unknown where the list was changed since, \
             is not whole, or does not say. term and commitment end are of what is held; several are joined, several ends \
             stand in the note."
                .to_owned(),
        ],
    }
}

/// One line per currency: what is billed too little, what too much, and both together.
pub(crate) fn in_short(outcome: &Outcome) -> Vec<String> {
    let mut sums: BTreeMap<Currency, [Option<Amount>; 3]> = BTreeMap::new();
    for v in &outcome.variances {
        let too_little = v.amount_variance.max(Amount::ZERO);
        let (too_much, net) = (v.billed_too_much(), v.billed_wrongly().negated());
        let of_currency = sums.entry(v.currency).or_insert([Some(Amount::ZERO); 3]);
        for (sum, more) in of_currency.iter_mut().zip([too_little, too_much, net]) {
            *sum = sum.and_then(|sum| sum.plus(more).ok());
        }
    }
    let text = |sum: Option<Amount>| sum.map_or_else(|| "unknown".to_owned(), |sum| grouped(&sum.cents_text()));
    let line = |(currency, [little, much, net]): (Currency, [Option<Amount>; 3])| {
        let net = text(net).replace('-', "−");
        format!("{currency}: {} billed too little, {} too much, net {net}", text(little), text(much))
    };
    sums.into_iter().map(line).collect()
}

fn row(input: &Input<'_>, (doubts, pairs): (&Doubts, &Pairs<'_>), v: &Variance) -> Vec<Cell> {
    let mend = doubts.about(v);
    let pair = pairs.about(v).map(Pair::remedy);
    let holding = input.facts.held.as_ref().map(|held| held.of_cell(v.currency, &v.company, &v.product));
    let ends = holding.as_ref().and_then(commitments);
    let note: Vec<String> = mend.map(Mend::note).into_iter().chain(pair.clone()).chain(note(v)).chain(ends).collect();
    let mut cells = who_and_what(input, holding.as_ref(), v);
    cells.extend([
        Cell::text(v.currency.as_str()),
        Cell::price(single(v.vendor_costs)),
        Cell::Unknown,
        Cell::price(single(v.psa_prices)),
        Cell::price(single(v.vendor_prices)),
        Cell::Money(v.vendor_cost),
        Cell::Unknown,
        Cell::Money(v.psa_amount),
        Cell::amount(v.should_bill().ok()),
    ]);
    cells.extend(walk(v));
    cells.extend([
        Cell::text(v.class().as_str()),
        Cell::text(mend.map(Mend::remedy).or(pair).unwrap_or_else(|| remedy(v))),
        Cell::Unknown,
        if note.is_empty() { Cell::Unknown } else { Cell::Text(note.join("; ")) },
        Cell::text(doubts.status(v)),
    ]);
    cells
}

fn who_and_what(input: &Input<'_>, holding: Option<&Holding>, v: &Variance) -> Vec<Cell> {
    let (vendor_company, vendor_company_id) = input.names.vendor_company(&v.company);
    let known = |text: String| if text.is_empty() { Cell::Unknown } else { Cell::Text(text) };
    let period: BillingPeriod = input.outcome.period;
    let terms = holding.map(|held| held.terms.iter().map(String::as_str).collect::<Vec<_>>().join("; "));
    let end = holding.filter(|held| held.commitment_ends.len() == 1).and_then(|held| held.commitment_ends.first());
    let quantity = |quantity: Option<Quantity>| quantity.map_or(Cell::Unknown, Cell::Quantity);
    let billable = v.included_quantity.and_then(|included| v.psa_quantity.minus(included).ok());
    vec![
        Cell::text(input.names.customer(&v.company)),
        Cell::text(names::id(&v.company)),
        known(vendor_company),
        known(vendor_company_id),
        Cell::text(input.names.product(&v.product)),
        Cell::text(names::id(&v.product)),
        known(terms.unwrap_or_default()),
        end.copied().map_or(Cell::Unknown, Cell::Date),
        Cell::Date(period.first_day()),
        Cell::Date(period.last_day()),
        Cell::Quantity(v.vendor_quantity),
        quantity(holding.and_then(|held| held.quantity)),
        Cell::Quantity(v.psa_quantity),
        quantity(v.included_quantity),
        quantity(billable),
    ]
}

/// Variance and its causes, from `variance` to `unexplained`. Of units too many, those that were never billed have no price.
fn walk(v: &Variance) -> [Cell; 11] {
    let variance = v.billed_wrongly().negated().rounded(Rounding::Cents);
    let none = Amount::ZERO;
    let (mapping, quantity, price, credit) = match v.class() {
        Class::UnmappedCompany | Class::UnmappedProduct => (variance, none, none, none),
        Class::MissingInPsa | Class::MissingInVendor => (none, variance, none, none),
        Class::CreditNotPassed => (none, none, none, variance),
        Class::QtyUnderbilled
        | Class::QtyOverbilled
        | Class::PriceStale
        | Class::AmountMismatch
        | Class::CostStale
        | Class::VendorMath
        | Class::Ok => {
            let part = |amount: Amount| amount.negated().rounded(Rounding::Cents);
            let units = part(v.quantity_part);
            let free = v.never_billed().min(units).max(none);
            (none, units.minus(free).unwrap_or(units), part(v.price_part), none)
        }
    };
    let rest = [mapping, quantity, price, credit].into_iter().try_fold(variance, Amount::minus).ok();
    [
        Cell::Money(variance),
        Cell::Money(mapping),
        Cell::Unknown,
        Cell::Money(quantity),
        Cell::Unknown,
        Cell::Money(price),
        Cell::Money(credit),
        Cell::Unknown,
        Cell::Unknown,
        Cell::Unknown,
        Cell::amount(rest),
    ]
}

/// What the columns have no room for: several prices, flat fees, the other things that are wrong.
fn note(v: &Variance) -> Vec<String> {
    let mut words = Vec::new();
    if !v.psa_included.is_zero() {
        words.push(format!("{} delivered within a flat fee or free of charge", v.psa_included.cents_text()));
    }
    if !v.never_billed().is_zero() {
        words.push(format!("{} of that is charged by nobody and was never billed", v.never_billed().cents_text()));
    }
    for (what, range) in [
        ("unit cost", v.vendor_costs),
        ("booked unit cost", v.psa_costs),
        ("unit price", v.psa_prices),
        ("book price", v.vendor_prices),
    ] {
        words.extend(range.and_then(|range| spread(what, range)));
    }
    if v.flags.has(Class::CostStale) {
        words.push(format!("charged {}, booked as cost {}", v.vendor_cost.cents_text(), v.psa_cost.cents_text()));
    }
    let also: Vec<&str> =
        Class::FLAGGED.into_iter().filter(|c| v.flags.has(*c) && *c != v.class()).map(Class::as_str).collect();
    if !also.is_empty() {
        words.push(format!("also {}", also.join(", ")));
    }
    words
}

/// Where commitments end on several days: a column holds one.
fn commitments(holding: &Holding) -> Option<String> {
    let days: Vec<String> = holding.commitment_ends.iter().map(ToString::to_string).collect();
    (days.len() > 1).then(|| format!("commitments end {}", days.join(", ")))
}

fn spread(what: &str, range: PriceRange) -> Option<String> {
    let text = |price| Cell::UnitPrice(price).plain();
    (range.lowest != range.highest).then(|| format!("{what} {} to {}", text(range.lowest), text(range.highest)))
}
