//! What is held at the distributor, by customer and product as cells name them.
//!
//! Keeps the invariant that only a whole list can say that nothing is held, and that a quantity is known only if every
//! subscription behind it says what was held at the end of the month: dates decide, not the word for the state.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::core::billing::{Subscription, SubscriptionFields, SubscriptionState};
use crate::core::id::{Company, Id, Product, Vendor};
use crate::core::link::LinkSet;
use crate::core::money::Currency;
use crate::core::period::{BillingPeriod, iso_day};
use crate::core::quantity::Quantity;
use crate::core::reconcile::outcome::KeyPart;

/// What one customer holds of one product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// How many at the end of the month; `None` where a subscription does not prove it.
    pub quantity: Option<Quantity>,
    /// The terms of what is held, as written.
    pub terms: BTreeSet<String>,
    /// When commitments on what is held end.
    pub commitment_ends: BTreeSet<NaiveDate>,
    /// When the earliest subscription began, ended ones too.
    pub since: Option<NaiveDate>,
}

impl Holding {
    const NONE: Self =
        Self { quantity: Some(Quantity::ZERO), terms: BTreeSet::new(), commitment_ends: BTreeSet::new(), since: None };

    fn add(&mut self, of: &SubscriptionFields, period: BillingPeriod) {
        self.since = [self.since, of.start].into_iter().flatten().min();
        let last = period.last_day();
        let outside = of.start.is_some_and(|start| start > last) || of.end.is_some_and(|end| end < last);
        if outside {
            return;
        }
        let proven = of.quantity.filter(|_| of.start.is_some() && !ended_some_day(of) && !changed_after(of, last));
        self.quantity = self.quantity.zip(proven).and_then(|(sum, more)| sum.plus(more).ok());
        self.terms.extend(term(of));
        self.commitment_ends.extend(of.commitment_end);
    }
}

/// Whether it is over and does not say since when.
pub(crate) fn ended_some_day(of: &SubscriptionFields) -> bool {
    of.end.is_none() && SubscriptionState::of(&of.status).is_some_and(SubscriptionState::is_over)
}

/// Whether the list was changed after the month: then it says what is held now, not what was held then.
fn changed_after(of: &SubscriptionFields, last: NaiveDate) -> bool {
    let day = of.updated.as_deref().and_then(|text| text.get(..10)).and_then(iso_day);
    day.is_some_and(|day| day > last)
}

/// How long one is bound and how often one is charged: two facts, both as written.
pub(crate) fn term(of: &SubscriptionFields) -> Option<String> {
    let said = |word: &Option<String>| word.clone().filter(|word| !word.trim().is_empty());
    match (said(&of.commitment_term), said(&of.billing_term)) {
        (Some(bound), Some(charged)) if bound != charged => Some(format!("{bound}, billed {charged}")),
        (bound, charged) => bound.or(charged),
    }
}

/// What is held, from a whole list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    by_key: BTreeMap<(KeyPart, KeyPart), BTreeMap<Option<Currency>, Holding>>,
}

impl Held {
    /// Sums a whole list of subscriptions through the links of a month.
    #[must_use]
    pub fn of(
        subscriptions: &[Subscription],
        companies: &LinkSet<Company>,
        products: &LinkSet<Product>,
        period: BillingPeriod,
    ) -> Self {
        let mut held = Self::default();
        for Subscription { fields, .. } in subscriptions {
            let company = part(companies, &fields.company);
            // A customer without a link is compared with nothing, its products neither.
            let product = match &company {
                KeyPart::Psa(_) => part(products, &fields.product),
                KeyPart::Vendor(_) => KeyPart::Vendor(fields.product.as_str().into()),
            };
            let of_cell = held.by_key.entry((company, product)).or_default();
            of_cell.entry(fields.currency).or_insert(Holding::NONE).add(fields, period);
        }
        held
    }

    /// What is held of a cell; a quantity is unknown where subscriptions that state no currency may be of another cell.
    #[must_use]
    pub fn of_cell(&self, currency: Currency, company: &KeyPart, product: &KeyPart) -> Holding {
        let Some(of_cell) = self.by_key.get(&(company.clone(), product.clone())) else { return Holding::NONE };
        let known = of_cell.get(&Some(currency)).cloned().unwrap_or(Holding::NONE);
        match of_cell.get(&None) {
            None => known,
            Some(unsaid) if of_cell.len() == 1 => unsaid.clone(),
            Some(_) => Holding { quantity: None, ..known },
        }
    }
}

pub(crate) fn part<E>(links: &LinkSet<E>, vendor: &Id<Vendor, E>) -> KeyPart {
    match links.psa_of(vendor) {
        Some(psa) => KeyPart::Psa(psa.as_str().into()),
        None => KeyPart::Vendor(vendor.as_str().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::link::{Link, Shape};
    use crate::core::record::Record;

    fn day(text: &str) -> Option<NaiveDate> {
        (!text.is_empty()).then(|| text.parse().unwrap())
    }

    /// Product, quantity, start, end, status, commitment, its end, updated.
    fn subscription(at: usize, told: [&str; 8]) -> Subscription {
        let [product, quantity, start, end, status, commitment, commitment_end, updated] = told;
        let fields = SubscriptionFields {
            company: Id::new("vc"),
            product: Id::new(product),
            quantity: Quantity::parse(quantity).ok(),
            start: day(start),
            end: day(end),
            billing_start: None,
            status: status.into(),
            price: None,
            cost: None,
            currency: Some("USD".parse().unwrap()),
            billing_term: Some("Monthly".into()),
            commitment_term: Some(commitment.to_owned()).filter(|word| !word.is_empty()),
            commitment_end: day(commitment_end),
            vendor_subscription: None,
            updated: Some(updated.to_owned()),
        };
        Record { id: Id::new(format!("s{at}")), fields, version: None }
    }

    #[test]
    fn dates_decide_what_is_held_and_doubt_makes_it_unknown() {
        let mut companies = LinkSet::default();
        companies.claim(Link { vendor: Id::new("vc"), psa: Id::new("1") }, Shape::OneToOne).unwrap();
        let mut products = LinkSet::default();
        for product in ["year", "month"] {
            products.claim(Link { vendor: Id::new(product), psa: Id::new("10") }, Shape::ManyToOne).unwrap();
        }
        let plain = ["year", "25", "2026-01-01", "", "Active", "1-Year", "2026-12-31", "2026-04-30"];
        let month = ["month", "10", "2026-02-01", "", "Cancelled", "", "", ""];
        let with = |place: usize, text: &'static str| {
            let mut told = month;
            told[place] = text;
            told
        };
        for (second, quantity, terms) in [
            // two terms of one product are one cell
            (with(4, "Active"), Some("35"), "1-Year, billed Monthly; Monthly"),
            (with(3, "2026-04-29"), Some("25"), "1-Year, billed Monthly"),
            (with(3, "2026-04-30"), Some("35"), "1-Year, billed Monthly; Monthly"),
            (with(2, "2026-05-01"), Some("25"), "1-Year, billed Monthly"),
            // over, and no day says since when
            (month, None, "1-Year, billed Monthly; Monthly"),
            (
                ["month", "10", "2026-02-01", "", "Active", "", "", "2026-05-02T08:00:00Z"],
                None,
                "1-Year, billed Monthly; Monthly",
            ),
            (["month", "", "2026-02-01", "", "Active", "", "", ""], None, "1-Year, billed Monthly; Monthly"),
        ] {
            let list = [subscription(0, plain), subscription(1, second)];
            let held = Held::of(&list, &companies, &products, "2026-04".parse().unwrap());
            let cell = held.of_cell("USD".parse().unwrap(), &KeyPart::Psa("1".into()), &KeyPart::Psa("10".into()));
            let found: Vec<&str> = cell.terms.iter().map(String::as_str).collect();
            assert_eq!(cell.quantity.map(Quantity::plain_text).as_deref(), quantity, "{second:?}");
            assert_eq!(found.join("; "), terms, "{second:?}");
            assert_eq!(cell.commitment_ends.len(), 1, "{second:?}");
            let other = held.of_cell("EUR".parse().unwrap(), &KeyPart::Psa("1".into()), &KeyPart::Psa("10".into()));
            assert_eq!(other, Holding::NONE, "a whole list proves that nothing is held");
        }
    }
}
