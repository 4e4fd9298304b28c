//! What a subscription costs, from whichever source states it.
//!
//! Keeps the invariant that a cost is taken as it is written and never guessed: the subscription's own, else that of its last
//! invoice line, else the one row of the price list that fits; in no other way.

use std::collections::BTreeMap;

use crate::core::billing::{ChargeKind, Subscription, SubscriptionFields, VendorCharge};
use crate::core::id::SubscriptionId;
use crate::core::money::{Amount, Currency, UnitPrice};
use crate::core::product::PriceRow;
use crate::core::quantity::Quantity;
use crate::core::renewals::term::months;

/// Where a unit cost stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CostFrom {
    /// On the subscription.
    Subscription,
    /// On its last invoice line.
    InvoiceLine,
    /// In the price list.
    PriceList,
}

/// The last recurring line of each subscription.
pub(crate) fn last_lines(charges: &[VendorCharge]) -> BTreeMap<&SubscriptionId, &VendorCharge> {
    let mut last: BTreeMap<&SubscriptionId, &VendorCharge> = BTreeMap::new();
    // What was metered is charged by what was used, which is no cost of a seat.
    let metered =
        |charge: &VendorCharge| charge.term.as_deref().is_some_and(|term| term.eq_ignore_ascii_case("arrears"));
    for charge in charges.iter().filter(|charge| charge.kind == ChargeKind::Subscription && !metered(charge)) {
        if let Some(subscription) = &charge.subscription {
            let known = last.entry(subscription).or_insert(charge);
            if (charge.start, &charge.id) > (known.start, &known.id) {
                *known = charge;
            }
        }
    }
    last
}

/// The unit cost of one billing term, in its currency.
pub(crate) fn unit_cost(
    of: &Subscription,
    line: Option<&VendorCharge>,
    prices: &[PriceRow],
) -> Option<(UnitPrice, Currency, CostFrom)> {
    let fields = &of.fields;
    if let (Some(cost), Some(currency)) = (fields.cost, fields.currency) {
        return Some((cost, currency, CostFrom::Subscription));
    }
    // A line of a flat charge says what all of it costs, not what a seat does.
    let per_unit = |line: &&VendorCharge| line.charge_type.as_deref().is_none_or(is_per_unit);
    if let Some(line) = line.filter(per_unit).filter(|line| fields.currency.is_none_or(|known| known == line.currency))
    {
        return Some((line.cost, line.currency, CostFrom::InvoiceLine));
    }
    // Metered products are listed at nought, which is not what they cost.
    let known = |row: &PriceRow| row.cost.filter(|cost| *cost != UnitPrice::default());
    let mut fitting = prices.iter().filter(|row| prices_it(row, fields)).filter_map(known);
    match (fitting.next(), fitting.next(), fields.currency) {
        (Some(cost), None, Some(currency)) => Some((cost, currency, CostFrom::PriceList)),
        (_, _, _) => None,
    }
}

/// What some seats cost a month; a longer billing term is spread over its months, to the hundredth.
pub(crate) fn a_month(cost: UnitPrice, seats: Quantity, months: u32) -> Option<Amount> {
    let whole = cost.extend(seats).ok()?;
    if months == 1 { Some(whole) } else { whole.part(months) }
}

fn is_per_unit(word: &str) -> bool {
    word.to_ascii_lowercase().starts_with("per")
}

/// Whether a row prices every seat of a subscription alike. Tiered rows price each band for itself.
fn prices_it(row: &PriceRow, of: &SubscriptionFields) -> bool {
    let bound = |word: &Option<String>| word.as_deref().and_then(months);
    let in_band = |quantity| row.from.is_none_or(|from| from <= quantity) && row.to.is_none_or(|to| quantity <= to);
    row.product == of.product
        && of.billing_term.as_deref().and_then(months) == months(&row.billing_term)
        && bound(&row.commitment_term) == bound(&of.commitment_term)
        && ["flat", "volume"].iter().any(|word| row.rate_type.eq_ignore_ascii_case(word))
        && row.charge_type.as_deref().is_none_or(is_per_unit)
        && of.quantity.is_some_and(in_band)
}
