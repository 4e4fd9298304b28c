//! The figures of the page: tiles and bars per currency.
//!
//! Keeps the invariants that two currencies never share a tile, a bar or a scale, and that under- and over-billing stand
//! apart, gross. A bar's length is the exact share of the longest one, to a thousandth.

use std::collections::BTreeMap;

use crate::core::money::{self, Amount, Currency};
use crate::core::reconcile::outcome::{Class, KeyPart, Variance};
use crate::report::Input;
use crate::report::findings::customer_name;
use crate::report::table::{counted, grouped};

/// The most bars of one chart.
const BARS_MAX: usize = 15;

/// A number worth a glance.
pub(crate) struct Tile {
    pub(crate) label: &'static str,
    pub(crate) value: String,
    pub(crate) tone: &'static str,
    pub(crate) below: String,
}

/// One bar: its length in thousandths of the chart's width.
pub(crate) struct Bar {
    pub(crate) label: String,
    pub(crate) length: i64,
    pub(crate) tone: &'static str,
    pub(crate) value: String,
}

/// Some bars with one scale.
pub(crate) struct Chart {
    pub(crate) title: &'static str,
    pub(crate) about: String,
    pub(crate) bars: Vec<Bar>,
}

/// Under- and over-billing, gross, and how many cells.
#[derive(Clone, Copy, Default)]
struct Gross {
    under: Amount,
    over: Amount,
    cells: u64,
}

impl Gross {
    /// Sums that do not fit stay where they are: a picture is no place for an error, the tables say "unknown".
    fn add(&mut self, variance: Amount) {
        let side = if variance.is_negative() { &mut self.over } else { &mut self.under };
        *side = side.plus(variance.magnitude()).unwrap_or(*side);
        self.cells += u64::from(!variance.is_zero());
    }

    fn larger(self) -> Amount {
        self.under.max(self.over)
    }
}

/// The tiles of one currency.
pub(crate) fn tiles(input: &Input<'_>, currency: Currency) -> Vec<Tile> {
    let of_currency = || input.outcome.variances.iter().filter(|v| v.currency == currency);
    let gross = |linked: bool| {
        let mut sum = Gross::default();
        of_currency().filter(|v| is_linked(v) == linked).for_each(|v| sum.add(v.billed_wrongly()));
        sum
    };
    let (linked, unlinked) = (gross(true), gross(false));
    let (mut revenue, mut margin) = (Amount::ZERO, Amount::ZERO);
    for m in input.outcome.margins.iter().filter(|m| m.currency == currency) {
        revenue = revenue.plus(m.revenue).unwrap_or(revenue);
        margin = margin.plus(m.margin).unwrap_or(margin);
    }
    let share = percent(margin, revenue).map_or("no revenue".to_owned(), |p| format!("{p} of {}", text(revenue)));
    let tile = |label, amount: Amount, tone, below| Tile { label, value: text(amount), tone, below };
    let cells = |which: fn(&Variance) -> bool| {
        counted(crate::report::table::count(of_currency().filter(|v| is_linked(v) && which(v)).count()), "finding")
    };
    let unlinked_money = unlinked.under.minus(unlinked.over).unwrap_or_default();
    vec![
        tile(
            "Billed too little",
            linked.under,
            "under",
            cells(|v| !v.billed_wrongly().is_negative() && !v.billed_wrongly().is_zero()),
        ),
        tile("Billed too much", linked.over, "over", cells(|v| v.billed_wrongly().is_negative())),
        tile("Not linked, so not compared", unlinked_money, "plain", counted(unlinked.cells, "customer product")),
        tile("Margin as billed", margin, if margin.is_negative() { "under" } else { "good" }, share),
    ]
}

/// The charts of one currency; a chart without a bar is left out.
pub(crate) fn charts(input: &Input<'_>, currency: Currency) -> Vec<Chart> {
    [by_customer(input, currency), by_class(input, currency), margins(input, currency)]
        .into_iter()
        .filter(|chart| !chart.bars.is_empty())
        .collect()
}

fn by_customer(input: &Input<'_>, currency: Currency) -> Chart {
    let mut sums: BTreeMap<&KeyPart, Gross> = BTreeMap::new();
    for v in input.outcome.variances.iter().filter(|v| v.currency == currency && is_linked(v)) {
        sums.entry(&v.company).or_default().add(v.billed_wrongly());
    }
    let mut sums: Vec<(&KeyPart, Gross)> = sums.into_iter().filter(|(_, gross)| !gross.larger().is_zero()).collect();
    sums.sort_by_key(|(_, gross)| std::cmp::Reverse(gross.larger()));
    let about = title_of_cut("Linked products only", sums.len(), "customer");
    sums.truncate(BARS_MAX);
    let longest = sums.first().map(|(_, gross)| gross.larger()).unwrap_or_default();
    let bars = sums.iter().flat_map(|(who, gross)| gross_bars(&customer_name(input, who), *gross, longest, true));
    Chart { title: "Leakage by customer", about, bars: bars.collect() }
}

fn by_class(input: &Input<'_>, currency: Currency) -> Chart {
    let mut sums: BTreeMap<Class, Gross> = BTreeMap::new();
    for v in input.outcome.variances.iter().filter(|v| v.currency == currency) {
        sums.entry(v.class()).or_default().add(v.billed_wrongly());
    }
    let sums: Vec<(Class, Gross)> = sums.into_iter().filter(|(_, gross)| !gross.larger().is_zero()).collect();
    let longest = sums.iter().map(|(_, gross)| gross.larger()).max().unwrap_or_default();
    let bars =
        sums.iter().flat_map(|(class, gross)| gross_bars(class_in_words(*class), *gross, longest, is_compared(*class)));
    Chart {
        title: "Variance by class",
        about: "Each customer's product counts under its first class.".to_owned(),
        bars: bars.collect(),
    }
}

fn margins(input: &Input<'_>, currency: Currency) -> Chart {
    let mut all: Vec<_> = input
        .outcome
        .margins
        .iter()
        .filter(|m| m.currency == currency && matches!(m.company, KeyPart::Psa(_)))
        .collect();
    all.sort_by_key(|m| m.margin);
    let about = title_of_cut("The lowest first", all.len(), "customer");
    all.truncate(BARS_MAX);
    let longest = all.iter().map(|m| m.margin.magnitude()).max().unwrap_or_default();
    let bars = all
        .into_iter()
        .map(|m| Bar {
            label: customer_name(input, &m.company),
            length: length(m.margin.magnitude(), longest),
            tone: if m.margin.is_negative() { "under" } else { "good" },
            value: match percent(m.margin, m.revenue) {
                Some(percent) => format!("{} · {percent}", text(m.margin)),
                None => text(m.margin),
            },
        })
        .collect();
    Chart { title: "Margin by customer", about, bars }
}

/// One bar for too little, one for too much; money that was compared with nothing is neither.
fn gross_bars(label: &str, gross: Gross, longest: Amount, compared: bool) -> Vec<Bar> {
    let bar = |amount: Amount, tone, word| Bar {
        label: label.to_owned(),
        length: length(amount, longest),
        tone: if compared { tone } else { "plain" },
        value: format!("{} {}", text(amount), if compared { word } else { "not compared" }),
    };
    let mut bars = vec![bar(gross.under, "under", "too little"), bar(gross.over, "over", "too much")];
    if gross.over.is_zero() {
        bars.truncate(1);
    } else if gross.under.is_zero() {
        bars.remove(0);
    } else {
        bars.iter_mut().skip(1).for_each(|bar| bar.label.clear());
    }
    bars
}

fn length(part: Amount, longest: Amount) -> i64 {
    money::share(part, longest, 1000).unwrap_or(0)
}

fn percent(part: Amount, whole: Amount) -> Option<String> {
    money::share(part, whole, 1000).map(|tenths| format!("{} %", crate::report::table::Cell::Percent(tenths).plain()))
}

fn text(amount: Amount) -> String {
    grouped(&amount.cents_text())
}

fn title_of_cut(words: &str, all: usize, thing: &str) -> String {
    if all > BARS_MAX {
        format!("{words}; {BARS_MAX} of {}.", counted(crate::report::table::count(all), thing))
    } else {
        format!("{words}.")
    }
}

/// Whether both the company and the product have a link.
fn is_linked(v: &Variance) -> bool {
    is_compared(v.class())
}

/// Whether cells of a class were held against the other side.
pub(crate) fn is_compared(class: Class) -> bool {
    !matches!(class, Class::UnmappedCompany | Class::UnmappedProduct)
}

/// A class as a person says it.
pub(crate) fn class_in_words(class: Class) -> &'static str {
    match class {
        Class::UnmappedCompany => "company not linked",
        Class::UnmappedProduct => "product not linked",
        Class::MissingInPsa => "charged, not billed",
        Class::MissingInVendor => "billed, not charged",
        Class::QtyUnderbilled => "fewer units billed",
        Class::QtyOverbilled => "more units billed",
        Class::PriceStale => "old price",
        Class::AmountMismatch => "other amount",
        Class::CreditNotPassed => "credit not passed on",
        Class::CostStale => "old cost booked",
        Class::VendorMath => "distributor's arithmetic",
        Class::Ok => "agrees",
    }
}
