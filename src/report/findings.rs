//! Findings in words: who, what, how much, the numbers behind, and what to do.
//!
//! Owns the sentence and the remedy of every class. Keeps the invariant that findings of two currencies are never ranked
//! against each other.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::core::money::{Amount, Currency};
use crate::core::outside::excerpt;
use crate::core::reconcile::outcome::{Class, KeyPart, Outcome, PriceRange, Variance};
use crate::report::Input;
use crate::report::doubt::Doubts;
use crate::report::pairs::Pairs;
use crate::report::table::{Cell, grouped};

/// One finding in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its currency.
    pub currency: Currency,
    /// What is wrong.
    pub class: Class,
    /// Billed too little (positive) or too much (negative).
    pub amount: Amount,
    /// Who: the customer.
    pub who: String,
    /// What is the matter, with the numbers; begins with the customer's name.
    pub sentence: String,
    /// What to do.
    pub advice: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.sentence, self.advice)
    }
}

/// The `most` costliest findings of each currency, the costliest first; the currency with most lines comes first.
#[must_use]
pub fn costliest(input: &Input<'_>, most: usize) -> Vec<Finding> {
    let ranked = ranked(input);
    let (doubts, pairs) = (Doubts::of(input), Pairs::of(input));
    let mut found = Vec::new();
    for currency in currencies(input.outcome) {
        let of_currency = ranked.iter().filter(|v| v.currency == currency);
        found.extend(of_currency.take(most).map(|v| finding(input, (&doubts, &pairs), v)));
    }
    found
}

/// The currencies, the one with most lines read first.
#[must_use]
pub fn currencies(outcome: &Outcome) -> Vec<Currency> {
    let rows = |currency: &Currency| -> u64 {
        outcome.coverage.buckets.get(currency).into_iter().flat_map(|b| b.values()).map(|tally| tally.rows).sum()
    };
    let mut currencies: Vec<Currency> = outcome
        .classes
        .keys()
        .chain(outcome.coverage.buckets.keys())
        .copied()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    currencies.sort_by_key(|currency| Reverse(rows(currency)));
    currencies
}

/// All variances, the costliest first within each currency: by what is billed wrongly, then by what is costed wrongly.
pub(crate) fn ranked<'a>(input: &Input<'a>) -> Vec<&'a Variance> {
    let order = currencies(input.outcome);
    let mut variances: Vec<&Variance> = input.outcome.variances.iter().collect();
    variances.sort_by_cached_key(|v| {
        let cost = v.vendor_cost.minus(v.psa_cost).map(Amount::magnitude).unwrap_or_default();
        let place = order.iter().position(|currency| *currency == v.currency);
        (place, Reverse(v.billed_wrongly().magnitude()), Reverse(cost))
    });
    variances
}

/// A variance in words.
fn finding(input: &Input<'_>, (doubts, pairs): (&Doubts, &Pairs<'_>), v: &Variance) -> Finding {
    let who = short(input.names.customer(&v.company));
    let mend = doubts.about(v);
    let spoken = if mend.is_some() { format!("{who}, as far as could be read") } else { who.clone() };
    Finding {
        currency: v.currency,
        class: v.class(),
        amount: v.billed_wrongly(),
        sentence: sentence(&spoken, &short(input.names.product(&v.product)), v),
        who,
        advice: match (mend, pairs.about(v)) {
            (Some(mend), _) => mend.advice(),
            (None, Some(pair)) => pair.advice(),
            (None, None) => advice(v),
        },
    }
}

fn sentence(who: &str, what: &str, v: &Variance) -> String {
    let (charged, billed) = (units(v.vendor_quantity), units(v.psa_quantity));
    let (vendor_amount, psa_amount) = (money(v, v.vendor_amount), money(v, v.psa_amount));
    let cost = money(v, v.vendor_cost);
    let wrong = too_little(v);
    match v.class() {
        Class::UnmappedCompany => {
            format!(
                "{who} is not linked with any customer: {what} for {vendor_amount} (cost {cost}) is compared with nothing."
            )
        }
        Class::UnmappedProduct => {
            format!(
                "{who}: {what} is not linked with any product: {vendor_amount} (cost {cost}) is compared with nothing."
            )
        }
        Class::MissingInPsa => {
            format!(
                "{who}: {charged} of {what} {} charged, none is billed: {wrong}, at a cost of {cost}.",
                are(&charged)
            )
        }
        Class::MissingInVendor => {
            format!("{who}: {billed} of {what} {} {}, none is charged: {wrong}.", are(&billed), delivered(v))
        }
        Class::QtyUnderbilled | Class::QtyOverbilled => {
            format!(
                "{who}: {charged} of {what} {} charged, {billed} {} {}: {wrong}{}.",
                are(&charged),
                are(&billed),
                delivered(v),
                causes(v)
            )
        }
        Class::PriceStale => {
            let (book, line) = (prices(v.vendor_prices), prices(v.psa_prices));
            format!("{who}: {what} is billed at {line} where the distributor's price is {book}: {wrong}.")
        }
        Class::AmountMismatch => {
            format!(
                "{who}: {what} is billed at {psa_amount}, the distributor's lines come to {vendor_amount}: {wrong}."
            )
        }
        Class::CreditNotPassed => format!("{who}: a credit for {what} and what was passed on differ: {wrong}."),
        Class::CostStale => {
            let (charged, booked) = (prices(v.vendor_costs), prices(v.psa_costs));
            format!(
                "{who}: {what} costs {charged} per unit, the PSA books {booked}: {wrong}, but the margin shown is wrong."
            )
        }
        Class::VendorMath => {
            format!(
                "{who}: the distributor's line for {what} does not multiply: {cost} is not quantity × unit cost; {wrong}."
            )
        }
        Class::Ok => format!("{who}: {what} agrees."),
    }
}

fn advice(v: &Variance) -> String {
    let (charged, billed) = (exactly(v.vendor_quantity), exactly(v.psa_quantity));
    match v.class() {
        Class::UnmappedCompany => "Link the company with its customer, or exclude it with a reason.".to_owned(),
        Class::UnmappedProduct => "Link the product with what it is sold as, or exclude it with a reason.".to_owned(),
        Class::MissingInPsa => "Add the line to the agreement, or name the flat fee that covers it.".to_owned(),
        Class::MissingInVendor if has_nothing_to_credit(v) => {
            "Lower the included units or end the line, unless it is bought elsewhere; there is nothing to credit."
                .to_owned()
        }
        Class::MissingInVendor => {
            "End the line and credit what was billed since the charge ended, unless it is bought elsewhere.".to_owned()
        }
        Class::QtyUnderbilled if v.bundled => {
            format!(
                "Raise the quantity of the bundle that contains it: it stands for {billed}, {charged} {} charged.",
                are(&charged)
            )
        }
        Class::QtyOverbilled if v.bundled => format!(
            "Lower the quantity of the bundle that contains it, or note why not: it stands for {billed}, {charged} {} charged.",
            are(&charged)
        ),
        Class::QtyUnderbilled => {
            format!(
                "Raise the quantity on the agreement from {billed} to {charged}.{}",
                and_price(v, " ", sentence_of_price)
            )
        }
        Class::QtyOverbilled => {
            let credit = match (has_nothing_to_credit(v), v.never_billed().is_zero()) {
                (true, _) => ", the included units first; there is nothing to credit".to_owned(),
                (false, false) => format!(", the included units first, and credit {}", money(v, v.billed_too_much())),
                (false, true) => " and credit the difference".to_owned(),
            };
            let price = and_price(v, " ", sentence_of_price);
            format!("Lower the quantity on the agreement from {billed} to {charged}{credit}.{price}")
        }
        Class::PriceStale => sentence_of_price(v),
        Class::AmountMismatch if has_nothing_to_credit(v) => {
            "Lower what is included, or note why not; there is nothing to credit.".to_owned()
        }
        Class::AmountMismatch => {
            let due = v.should_bill().map_or_else(|_| "the distributor's amount".to_owned(), |due| money(v, due));
            format!("Bill {due} for the month, or note why not.")
        }
        Class::CreditNotPassed => {
            "Decide whether the customer gets the credit, and add a credit line if so.".to_owned()
        }
        Class::CostStale if is_spread(v.vendor_costs, v.psa_costs) => {
            "There are several unit costs on one product: see the lines.".to_owned()
        }
        Class::CostStale => format!("Set the booked unit cost to {}.", prices(v.vendor_costs)),
        Class::VendorMath => "Ask the distributor to explain or correct the line.".to_owned(),
        Class::Ok => "Nothing to do.".to_owned(),
    }
}

/// The remedy in a few words, for a column.
#[must_use]
pub fn remedy(v: &Variance) -> String {
    let (charged, billed) = (exactly(v.vendor_quantity), exactly(v.psa_quantity));
    match v.class() {
        Class::UnmappedCompany => "link the company or exclude it".to_owned(),
        Class::UnmappedProduct => "link the product or exclude it".to_owned(),
        Class::MissingInPsa => "add the line, or name what covers it".to_owned(),
        Class::MissingInVendor if has_nothing_to_credit(v) => "lower the included units; nothing to credit".to_owned(),
        Class::MissingInVendor => "end the line and credit".to_owned(),
        Class::QtyUnderbilled if v.bundled => format!("raise the bundle that contains it ({billed} → {charged})"),
        Class::QtyOverbilled if v.bundled => format!("lower the bundle that contains it ({billed} → {charged})"),
        Class::QtyUnderbilled => format!("raise quantity {billed} → {charged}{}", and_price(v, "; ", words_of_price)),
        Class::QtyOverbilled => {
            let credit =
                if has_nothing_to_credit(v) { ", included units first; nothing to credit" } else { " and credit" };
            format!("lower quantity {billed} → {charged}{credit}{}", and_price(v, "; ", words_of_price))
        }
        Class::PriceStale => words_of_price(v),
        Class::AmountMismatch if has_nothing_to_credit(v) => {
            "lower what is included or note why not; nothing to credit".to_owned()
        }
        Class::AmountMismatch => "bill the distributor's amount or note why not".to_owned(),
        Class::CreditNotPassed => "pass the credit on".to_owned(),
        Class::CostStale if is_spread(v.vendor_costs, v.psa_costs) => {
            "several unit costs on one product: see the lines".to_owned()
        }
        Class::CostStale => format!("set booked cost {} → {}", prices(v.psa_costs), prices(v.vendor_costs)),
        Class::VendorMath => "ask the distributor".to_owned(),
        Class::Ok => "none".to_owned(),
    }
}

/// Whether all that is too much is within a flat fee or free of charge.
fn has_nothing_to_credit(v: &Variance) -> bool {
    !v.never_billed().is_zero() && v.billed_too_much().is_zero()
}

/// What the PSA does with its units: not all of them are billed.
fn delivered(v: &Variance) -> &'static str {
    if v.never_billed().is_zero() { "billed" } else { "on the agreement" }
}

fn too_little(v: &Variance) -> String {
    let amount = money(v, v.billed_wrongly().magnitude());
    if v.amount_variance.is_zero() {
        "what is billed is right".to_owned()
    } else if has_nothing_to_credit(v) {
        "what is too much is within a flat fee or free of charge, nothing was billed for it".to_owned()
    } else if v.amount_variance.is_negative() {
        let never = v.never_billed();
        let beside = format!(", beside {} within a flat fee or free of charge, never billed", money(v, never));
        format!("{amount} too much this month{}", if never.is_zero() { "" } else { &beside })
    } else {
        format!("{amount} too little this month")
    }
}

/// Where several causes meet, how much is whose; a cause that works against the whole is negative.
fn causes(v: &Variance) -> String {
    let turned = |part: Amount| if v.amount_variance.is_negative() { part.negated() } else { part };
    let parts: Vec<String> =
        [(v.quantity_part, "the units"), (v.price_part, "the price"), (v.other_part, "other reasons")]
            .into_iter()
            .filter(|(part, _)| !part.is_zero())
            .map(|(part, cause)| format!("{} for {cause}", money(v, turned(part))))
            .collect();
    // The parts are of the whole variance, also of what was never billed.
    if parts.len() < 2 || !v.never_billed().is_zero() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

fn money(v: &Variance, amount: Amount) -> String {
    format!("{} {}", grouped(&amount.cents_text()), v.currency)
}

fn are(units: &str) -> &'static str {
    if units == "1" { "is" } else { "are" }
}

fn units(quantity: crate::core::quantity::Quantity) -> String {
    Cell::Quantity(quantity).shown()
}

/// What somebody is to type is exact.
fn exactly(quantity: crate::core::quantity::Quantity) -> String {
    grouped(&quantity.plain_text())
}

/// Beside the units, what to do about the price where it is wrong as well.
fn and_price(v: &Variance, gap: &str, words: fn(&Variance) -> String) -> String {
    if v.flags.has(Class::PriceStale) { [gap, &words(v)].concat() } else { String::new() }
}

fn sentence_of_price(v: &Variance) -> String {
    if is_spread(v.vendor_prices, v.psa_prices) {
        "There are several prices on one product: see the lines.".to_owned()
    } else {
        format!("Check the contract, then set the unit price to {}.", prices(v.vendor_prices))
    }
}

fn words_of_price(v: &Variance) -> String {
    if is_spread(v.vendor_prices, v.psa_prices) {
        "several prices on one product: see the lines".to_owned()
    } else {
        format!("set unit price {} → {}", prices(v.psa_prices), prices(v.vendor_prices))
    }
}

/// Whether a side has more than one price: no line can be set to a range.
fn is_spread(vendor: Option<PriceRange>, psa: Option<PriceRange>) -> bool {
    [vendor, psa].into_iter().flatten().any(|range| range.lowest != range.highest)
}

fn prices(range: Option<PriceRange>) -> String {
    let text = |price| Cell::UnitPrice(price).shown();
    match range {
        None => "an unknown price".to_owned(),
        Some(range) if range.lowest == range.highest => text(range.lowest),
        Some(range) => format!("{} to {}", text(range.lowest), text(range.highest)),
    }
}

/// A name that cannot take over a sentence: harmless, and cut.
fn short(name: &str) -> String {
    const SHOWN_MAX: usize = 60;
    excerpt(name, SHOWN_MAX)
}

/// A customer's key for sorting and grouping in pictures.
pub(crate) fn customer_name(input: &Input<'_>, company: &KeyPart) -> String {
    short(input.names.customer(company))
}
