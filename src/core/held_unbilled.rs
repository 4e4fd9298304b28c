//! Seats held and not billed on a day, whether or not they were charged for yet.
//!
//! Keeps the invariant that seats are called not billed only where both sides are linked and the PSA's lines were read whole;
//! what is not known is counted.

use chrono::NaiveDate;

use crate::core::id::{SubscriptionId, VendorProductId};
use crate::core::money::{Amount, Currency};
use crate::core::quantity::Quantity;
use crate::core::reconcile::held;
use crate::core::reconcile::outcome::KeyPart;
use crate::core::renewals::{Sources, billed, cost, months};

/// A subscription with seats that are not billed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unbilled {
    /// The customer.
    pub customer: KeyPart,
    /// The distributor's product.
    pub product: VendorProductId,
    /// The subscription.
    pub subscription: SubscriptionId,
    /// Its first day.
    pub since: Option<NaiveDate>,
    /// Seats held.
    pub held: Quantity,
    /// Seats billed.
    pub billed: Quantity,
    /// Seats held beyond those billed.
    pub unbilled: Quantity,
    /// Currency of the cost.
    pub currency: Option<Currency>,
    /// What those cost a month.
    pub monthly_cost: Option<Amount>,
}

/// Seats held and not billed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldUnbilled {
    /// The day they are seen from.
    pub as_of: NaiveDate,
    /// In order of customer, product and subscription.
    pub rows: Vec<Unbilled>,
    /// Subscriptions of which every seat is billed.
    pub all_billed: u64,
    /// Subscriptions of which nobody says how many seats are held or billed.
    pub unknown: u64,
}

/// What is held and not billed on a day.
#[must_use]
pub fn list(sources: &Sources<'_>, as_of: NaiveDate) -> HeldUnbilled {
    let last_lines = cost::last_lines(sources.charges);
    let mut list = HeldUnbilled { as_of, rows: Vec::new(), all_billed: 0, unknown: 0 };
    for (of, billed) in billed(sources, &last_lines, as_of) {
        let known =
            of.fields.quantity.zip(billed).and_then(|(held, billed)| Some((held, billed, held.minus(billed).ok()?)));
        let Some((held, billed, unbilled)) = known else {
            list.unknown += 1;
            continue;
        };
        if unbilled <= Quantity::ZERO {
            list.all_billed += 1;
            continue;
        }
        let cost = cost::unit_cost(of, last_lines.get(&of.id).copied(), sources.prices);
        let months = of.fields.billing_term.as_deref().and_then(months);
        list.rows.push(Unbilled {
            customer: held::part(&sources.mapping.companies, &of.fields.company),
            product: of.fields.product.clone(),
            subscription: of.id.clone(),
            since: of.fields.start,
            held,
            billed,
            unbilled,
            currency: cost.map(|(_, currency, _)| currency),
            monthly_cost: cost.zip(months).and_then(|((cost, _, _), months)| cost::a_month(cost, unbilled, months)),
        });
    }
    list.rows
        .sort_by(|a, b| (&a.customer, &a.product, &a.subscription).cmp(&(&b.customer, &b.product, &b.subscription)));
    list
}
