//! Unused licences: seats held against those given to people or used.
//!
//! Keeps the invariants that nothing is called unused without a figure that says so, that the figure keeps its source and its
//! day, and that what has no figure is counted.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::core::billing::{Assignment, Subscription, UsageLine, UsageSummary};
use crate::core::id::{SubscriptionId, VendorCompanyId, VendorProductId};
use crate::core::money::{Amount, Currency};
use crate::core::quantity::Quantity;
use crate::core::reconcile::held;
use crate::core::reconcile::outcome::KeyPart;
use crate::core::renewals::{Sources, cost, months, runs};

/// What is known to be used.
#[derive(Debug, Clone, Copy)]
pub struct Figures<'a> {
    /// Seats given to people.
    pub assignments: &'a [Assignment],
    /// The day they were counted where a row does not say.
    pub assigned_on: Option<NaiveDate>,
    /// Metered totals: which subscription a metered line belongs to.
    pub summaries: &'a [UsageSummary],
    /// Metered lines.
    pub usage: &'a [UsageLine],
}

/// Where a figure of use comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UsedFrom {
    /// A list of seats given to people.
    Assignments,
    /// Metered lines that count seats.
    Usage,
}

/// What one customer holds of one product and does not use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// The customer, as the PSA has it where it is linked.
    pub customer: KeyPart,
    /// The distributor's company.
    pub company: VendorCompanyId,
    /// The distributor's product.
    pub product: VendorProductId,
    /// Seats held; `None` where a subscription does not say.
    pub held: Option<Quantity>,
    /// Seats used.
    pub used: Quantity,
    /// Seats held beyond those used; none where more are used.
    pub unused: Option<Quantity>,
    /// Currency of the cost.
    pub currency: Option<Currency>,
    /// What the unused ones cost a month; `None` where the seats cost differently or nobody says.
    pub monthly_cost: Option<Amount>,
    /// Where the figure of use comes from.
    pub from: UsedFrom,
    /// Its day.
    pub day: Option<NaiveDate>,
}

/// The unused licences of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unused {
    /// The day they are seen from.
    pub as_of: NaiveDate,
    /// In order of customer and product; holdings of which every seat is used are not among them.
    pub rows: Vec<Holding>,
    /// Holdings of which every seat is used.
    pub all_used: u64,
    /// Holdings without a figure of use.
    pub unknown: u64,
}

/// A customer and a product of the distributor.
type Key = (VendorCompanyId, VendorProductId);

/// What is held and not used on a day.
#[must_use]
pub fn list(sources: &Sources<'_>, figures: &Figures<'_>, as_of: NaiveDate) -> Unused {
    let mut held: BTreeMap<Key, Vec<&Subscription>> = BTreeMap::new();
    for of in sources.subscriptions.iter().filter(|of| runs(&of.fields, as_of)) {
        held.entry((of.fields.company.clone(), of.fields.product.clone())).or_default().push(of);
    }
    let used = used(sources.subscriptions, figures);
    let last_lines = cost::last_lines(sources.charges);
    let mut list = Unused { as_of, rows: Vec::new(), all_used: 0, unknown: 0 };
    for (key, of) in held {
        let Some((used, from, day)) = used.get(&key).copied() else {
            list.unknown += 1;
            continue;
        };
        let quantities = of.iter().map(|of| of.fields.quantity);
        let held = quantities.reduce(|sum, more| sum.zip(more).and_then(|(sum, more)| sum.plus(more).ok())).flatten();
        let unused = held.and_then(|held| held.minus(used).ok()).map(|unused| unused.max(Quantity::ZERO));
        if unused.is_some_and(Quantity::is_zero) {
            list.all_used += 1;
            continue;
        }
        let cost = monthly_cost(&of, sources, &last_lines, unused);
        let (company, product) = key;
        list.rows.push(Holding {
            customer: held::part(&sources.mapping.companies, &company),
            company,
            product,
            held,
            used,
            unused,
            currency: cost.map(|(_, currency)| currency),
            monthly_cost: cost.and_then(|(cost, _)| cost),
            from,
            day,
        });
    }
    list.rows.sort_by(|a, b| (&a.customer, &a.company, &a.product).cmp(&(&b.customer, &b.company, &b.product)));
    list
}

/// What some seats cost a month, where all of them cost the same; and their currency, where they have one.
fn monthly_cost(
    of: &[&Subscription],
    sources: &Sources<'_>,
    last_lines: &BTreeMap<&SubscriptionId, &crate::core::billing::VendorCharge>,
    seats: Option<Quantity>,
) -> Option<(Option<Amount>, Currency)> {
    let each = of.iter().map(|of| {
        let (cost, currency, _) = cost::unit_cost(of, last_lines.get(&of.id).copied(), sources.prices)?;
        Some((cost, of.fields.billing_term.as_deref().and_then(months), currency))
    });
    let each: Vec<_> = each.collect::<Option<_>>()?;
    let (cost, months, currency) = *each.first()?;
    if each.iter().any(|one| one.2 != currency) {
        return None;
    }
    let alike = seats.filter(|_| each.iter().all(|one| (one.0, one.1) == (cost, months)));
    Some((alike.zip(months).and_then(|(seats, months)| cost::a_month(cost, seats, months)), currency))
}

type Used = (Quantity, UsedFrom, Option<NaiveDate>);

/// The figures of use; seats given to people before metered ones.
fn used(subscriptions: &[Subscription], figures: &Figures<'_>) -> BTreeMap<Key, Used> {
    let of: BTreeMap<&SubscriptionId, Key> =
        subscriptions.iter().map(|of| (&of.id, (of.fields.company.clone(), of.fields.product.clone()))).collect();
    let of_summary: BTreeMap<&str, &Key> =
        figures.summaries.iter().filter_map(|one| Some((one.id.as_str(), of.get(&one.subscription)?))).collect();
    let mut used: BTreeMap<Key, Used> = BTreeMap::new();
    for line in figures.usage.iter().filter(|line| line.unit.as_deref().is_some_and(counts_seats)) {
        let Some(key) = of_summary.get(line.summary.as_str()) else { continue };
        let known = used.entry((*key).clone()).or_insert((Quantity::ZERO, UsedFrom::Usage, None));
        // Seats of the last day that was metered, not of all days together.
        if known.2.is_none_or(|day| day < line.day) {
            *known = (line.quantity, UsedFrom::Usage, Some(line.day));
        } else if known.2 == Some(line.day)
            && let Ok(sum) = known.0.plus(line.quantity)
        {
            known.0 = sum;
        }
    }
    for given in figures.assignments {
        let key = (given.company.clone(), given.product.clone());
        used.insert(key, (given.assigned, UsedFrom::Assignments, given.day.or(figures.assigned_on)));
    }
    used
}

/// Whether a unit of measure is a seat; gigabytes and hours are used, but no seats.
fn counts_seats(unit: &str) -> bool {
    let unit = unit.trim().to_ascii_lowercase();
    let unit = unit.strip_suffix('s').unwrap_or(&unit);
    ["user", "seat", "licence", "license", "device", "mailbox", "mailboxe", "endpoint"].contains(&unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::billing::SubscriptionFields;
    use crate::core::id::Id;
    use crate::core::money::UnitPrice;
    use crate::core::reconcile::Mapping;
    use crate::core::record::Record;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn subscription(id: &str, product: &str, quantity: &str, cost: &str, end: Option<&str>) -> Subscription {
        let fields = SubscriptionFields {
            company: Id::new("c"),
            product: Id::new(product),
            quantity: Quantity::parse(quantity).ok(),
            start: Some(day("2026-01-01")),
            end: end.map(day),
            billing_start: None,
            status: "Active".into(),
            price: None,
            cost: UnitPrice::parse(cost).ok(),
            currency: Some("USD".parse().unwrap()),
            billing_term: Some("Annual".into()),
            commitment_term: None,
            commitment_end: None,
            vendor_subscription: None,
            updated: None,
        };
        Record { id: Id::new(id), fields, version: None }
    }

    fn given(product: &str, assigned: &str) -> Assignment {
        let assigned = Quantity::parse(assigned).unwrap();
        Assignment { company: Id::new("c"), product: Id::new(product), assigned, day: None }
    }

    fn metered(at: &str, quantity: &str, unit: &str) -> UsageLine {
        UsageLine {
            summary: "u".into(),
            product: None,
            product_name: None,
            day: day(at),
            quantity: Quantity::parse(quantity).unwrap(),
            unit: Some(unit.into()),
            price: None,
            charges: Amount::ZERO,
            cost: Amount::ZERO,
            currency: "USD".parse().unwrap(),
        }
    }

    fn listed(held: &[Subscription], assignments: &[Assignment], usage: &[UsageLine]) -> Unused {
        let mapping = Mapping::default();
        let sources = Sources {
            subscriptions: held,
            products: &[],
            lines: &[],
            lines_unread: &[],
            charges: &[],
            prices: &[],
            commitments: &[],
            mapping: &mapping,
        };
        let summaries = [UsageSummary {
            id: "u".into(),
            company: None,
            product: None,
            subscription: Id::new("s"),
            resource_group: None,
            charges: Amount::ZERO,
            cost: Amount::ZERO,
            currency: "USD".parse().unwrap(),
        }];
        let assigned_on = Some(day("2026-04-20"));
        let figures = Figures { assignments, assigned_on, summaries: &summaries, usage };
        list(&sources, &figures, day("2026-04-30"))
    }

    fn seen(held: &[Subscription], assignments: &[Assignment], usage: &[UsageLine]) -> (Vec<String>, u64, u64) {
        let list = listed(held, assignments, usage);
        let row = |row: &Holding| {
            let text = |quantity: Option<Quantity>| quantity.map_or("-".into(), Quantity::plain_text);
            let cost = row.monthly_cost.map_or("-".into(), Amount::cents_text);
            let (held, unused) = (text(row.held), text(row.unused));
            format!("{held} {} {unused} {cost} {:?} {}", row.used.plain_text(), row.from, row.day.unwrap())
        };
        (list.rows.iter().map(row).collect(), list.all_used, list.unknown)
    }

    #[test]
    fn seats_are_unused_only_where_a_figure_says_so() {
        let s = |quantity, cost| subscription("s", "p", quantity, cost, None);
        let t = |quantity, cost, end| subscription("t", "p", quantity, cost, end);
        let rows = |row: &str| (vec![row.to_owned()], 0, 0);
        for (what, held, assignments, usage, expected) in [
            ("no figure", vec![s("25", "120")], vec![], vec![], (vec![], 0, 1)),
            (
                "given to people",
                vec![s("25", "120")],
                vec![given("p", "18")],
                vec![],
                rows("25 18 7 70.00 Assignments 2026-04-20"),
            ),
            ("another product's", vec![s("25", "120")], vec![given("q", "18")], vec![], (vec![], 0, 1)),
            ("all used", vec![s("25", "120")], vec![given("p", "26")], vec![], (vec![], 1, 0)),
            (
                "unknown seats",
                vec![s("", "120")],
                vec![given("p", "18")],
                vec![],
                rows("- 18 - - Assignments 2026-04-20"),
            ),
            (
                "two alike",
                vec![s("20", "120"), t("5", "120", None)],
                vec![given("p", "18")],
                vec![],
                rows("25 18 7 70.00 Assignments 2026-04-20"),
            ),
            (
                "two that cost differently",
                vec![s("20", "120"), t("5", "60", None)],
                vec![given("p", "18")],
                vec![],
                rows("25 18 7 - Assignments 2026-04-20"),
            ),
            (
                "one of them over",
                vec![s("20", "120"), t("5", "120", Some("2026-04-29"))],
                vec![given("p", "18")],
                vec![],
                rows("20 18 2 20.00 Assignments 2026-04-20"),
            ),
            (
                "metered, the last day",
                vec![s("25", "120")],
                vec![],
                vec![
                    metered("2026-04-02", "11", "User"),
                    metered("2026-04-03", "7", "Users"),
                    metered("2026-04-03", "2", "User"),
                    metered("2026-04-01", "25", "User"),
                ],
                rows("25 9 16 160.00 Usage 2026-04-03"),
            ),
            (
                "metered in gigabytes",
                vec![s("25", "120")],
                vec![],
                vec![metered("2026-04-03", "7", "1 GB/Month")],
                (vec![], 0, 1),
            ),
            (
                "given comes before metered",
                vec![s("25", "120")],
                vec![given("p", "18")],
                vec![metered("2026-04-03", "7", "User")],
                rows("25 18 7 70.00 Assignments 2026-04-20"),
            ),
        ] {
            assert_eq!(seen(&held, &assignments, &usage), expected, "{what}");
        }
    }

    #[test]
    fn an_unknown_billing_term_leaves_the_currency_and_no_cost_a_month() {
        let mut held = [subscription("s", "p", "25", "120", None)];
        held[0].fields.billing_term = Some("Whenever".into());
        let [row] = listed(&held, &[given("p", "18")], &[]).rows.try_into().unwrap();
        assert_eq!((row.currency, row.monthly_cost), (Some("USD".parse().unwrap()), None));
    }
}
