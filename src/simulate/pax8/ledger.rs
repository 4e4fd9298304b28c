//! Who held how many from which day on: what part months are charged by.
//!
//! Invariant: the differences between the steps add up from the first quantity to the last.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

/// The quantities of the subscriptions that changed since the start.
#[derive(Debug, Default)]
pub(super) struct Ledger(BTreeMap<String, Steps>);

/// The quantities of one subscription.
#[derive(Debug)]
struct Steps {
    before: Decimal,
    /// In order of their days; of one day, as they came.
    changes: Vec<(NaiveDate, Decimal)>,
    /// The first day nothing is held any more.
    end: Option<NaiveDate>,
}

/// How a quantity changed on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) day: NaiveDate,
    pub(super) from: Decimal,
    pub(super) to: Decimal,
}

impl Steps {
    /// The steps that count: none after the end, which is one itself.
    fn counted(&self) -> impl Iterator<Item = (NaiveDate, Decimal)> {
        let until = self.end;
        let steps = self.changes.iter().copied().take_while(move |(day, _)| until.is_none_or(|end| *day < end));
        steps.chain(until.map(|end| (end, Decimal::ZERO)))
    }
}

impl Ledger {
    fn of(&mut self, subscription: &str, before: Decimal) -> &mut Steps {
        let fresh = || Steps { before, changes: Vec::new(), end: None };
        self.0.entry(subscription.to_owned()).or_insert_with(fresh)
    }

    /// A quantity holds from a day on; before everything recorded it was `before`.
    pub(super) fn record(&mut self, subscription: &str, day: NaiveDate, quantity: Decimal, before: Decimal) {
        let known = self.of(subscription, before);
        let at = known.changes.partition_point(|(other, _)| *other <= day);
        known.changes.insert(at, (day, quantity));
    }

    /// Nothing is held from a day on; a later word on the end replaces an earlier one.
    pub(super) fn end(&mut self, subscription: &str, day: NaiveDate, before: Decimal) {
        self.of(subscription, before).end = Some(day);
    }

    /// What was held at the end of the day before.
    pub(super) fn held_before(&self, subscription: &str, day: NaiveDate) -> Option<Decimal> {
        let known = self.0.get(subscription)?;
        Some(known.counted().take_while(|(on, _)| *on < day).last().map_or(known.before, |(_, quantity)| quantity))
    }

    /// The changes of a subscription from one day to before another.
    pub(super) fn steps(&self, subscription: &str, from: NaiveDate, until: NaiveDate) -> Vec<Step> {
        let Some(known) = self.0.get(subscription) else { return Vec::new() };
        let mut held = known.before;
        let mut found = Vec::new();
        for (day, quantity) in known.counted() {
            if day >= from && day < until && quantity != held {
                found.push(Step { day, from: held, to: quantity });
            }
            held = quantity;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 10, day).unwrap()
    }

    #[test]
    fn steps_are_kept_in_order_of_days_and_add_up() {
        let mut ledger = Ledger::default();
        let [five, seven, six, none] = [5, 7, 6, 0].map(Decimal::from);
        // the end was known before the change inside it
        ledger.end("s", on(25), five);
        ledger.end("s", on(21), five);
        ledger.record("s", on(11), seven, five);
        ledger.record("s", on(11), six, five);
        let steps = ledger.steps("s", on(1), on(31));
        let expected = [(11, five, seven), (11, seven, six), (21, six, none)];
        assert_eq!(steps, expected.map(|(day, from, to)| Step { day: on(day), from, to }));
        assert_eq!(ledger.held_before("s", on(11)), Some(five));
        assert_eq!(ledger.held_before("s", on(12)), Some(six));
        assert_eq!(ledger.held_before("other", on(12)), None);
        assert_eq!(ledger.steps("s", on(12), on(21)), []);
    }
}
