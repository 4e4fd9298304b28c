//! Random sequences of writes against a small model of what Pax8 promises.

use std::collections::BTreeSet;

use chrono::{Datelike as _, Days, Months, NaiveDate};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::writes::{company, firm, order, person, product};
use super::{Pax8, sample, text};

#[derive(Debug, Clone)]
enum Op {
    Company,
    /// Which company, and which type a new contact is primary for.
    Contact(usize, usize),
    /// Which company, how many.
    Order(usize, i64),
    /// Which subscription, how many.
    Change(usize, i64),
    Price(usize, i64),
    /// Which subscription, and in how many days it ends.
    Cancel(usize, u64),
    Days(u64),
}

fn operations() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        1 => Just(Op::Company),
        3 => (0..4_usize, 0..3_usize).prop_map(|(c, t)| Op::Contact(c, t)),
        3 => (0..4_usize, 1..40_i64).prop_map(|(c, q)| Op::Order(c, q)),
        4 => (0..6_usize, 1..40_i64).prop_map(|(s, q)| Op::Change(s, q)),
        1 => (0..6_usize, 1..2_000_i64).prop_map(|(s, p)| Op::Price(s, p)),
        1 => (0..6_usize, 0..60_u64).prop_map(|(s, d)| Op::Cancel(s, d)),
        4 => (1..25_u64).prop_map(Op::Days),
    ];
    proptest::collection::vec(op, 1..30)
}

/// What a company or a subscription must be by now.
#[derive(Default)]
struct Model {
    companies: Vec<(String, BTreeSet<usize>)>,
    subscriptions: Vec<Held>,
    today: NaiveDate,
}

struct Held {
    id: String,
    /// Quantities from days on.
    steps: Vec<(NaiveDate, i64)>,
    price: i64,
    /// Last day.
    end: Option<NaiveDate>,
    states: usize,
}

const COST: i64 = 300;

/// `amount * days / of`, halves away from zero.
fn share(amount: i64, days: i64, of: i64) -> i64 {
    let (double, sign) = (2 * (amount * days).abs(), (amount * days).signum());
    sign * ((double + of) / (2 * of))
}

impl Held {
    /// Held on a day, by everything that took effect until its end.
    fn on(&self, day: NaiveDate) -> i64 {
        let ended = self.end.is_some_and(|end| day > end);
        let last = self.steps.iter().rev().find(|(from, _)| *from <= day);
        if ended { 0 } else { last.map_or(0, |(_, quantity)| *quantity) }
    }

    /// The cost of a month's invoice in cents: ahead, and the changes inside the month before.
    fn cost(&self, month: NaiveDate, first_month: NaiveDate) -> i64 {
        let before = month - Months::new(1);
        let days = (month - before).num_days();
        let mut total = self.on(month) * COST;
        let mut held = 0;
        let mut changes: Vec<(NaiveDate, i64)> = self.steps.clone();
        if let Some(end) = self.end {
            changes.retain(|(day, _)| *day <= end);
            changes.push((end + Days::new(1), 0));
        }
        for (day, quantity) in changes {
            let late = if before == first_month { day >= before } else { day > before };
            if late && day < month {
                total += share((quantity - held) * COST, (month - day).num_days(), days);
            }
            held = quantity;
        }
        total
    }
}

impl Model {
    async fn step(&mut self, pax8: &Pax8, vault: &str, op: &Op) {
        match *op {
            Op::Company => {
                let made = pax8.done("POST", "companies", &firm(&format!("Model {}", self.companies.len()))).await;
                self.companies.push((text(&made["id"]), BTreeSet::new()));
            }
            Op::Contact(which, kind) => {
                let count = self.companies.len();
                let (id, kinds) = &mut self.companies[which % count];
                let types = [(["Admin", "Billing", "Technical"][kind], true)];
                pax8.done("POST", &format!("companies/{id}/contacts"), &person("Ada", &types)).await;
                kinds.insert(kind);
            }
            Op::Order(which, quantity) => {
                let (id, kinds) = &self.companies[which % self.companies.len()];
                let body = order(id, vault, u32::try_from(quantity).unwrap());
                if kinds.len() < 3 {
                    pax8.refused(422, "POST", "orders", &body).await;
                    return;
                }
                let made = pax8.done("POST", "orders", &body).await;
                let id = text(&made["lineItems"][0]["subscriptionId"]);
                self.subscriptions.push(Held {
                    id,
                    steps: vec![(self.today, quantity)],
                    price: 375,
                    end: None,
                    states: 1,
                });
            }
            Op::Change(which, to) => self.change(pax8, which, "quantity", to).await,
            Op::Price(which, to) => self.change(pax8, which, "price", to).await,
            Op::Cancel(which, days) => {
                let (count, end) = (self.subscriptions.len(), self.today + Days::new(days));
                let Some(held) = self.subscriptions.get_mut(which % count.max(1)) else { return };
                let path = format!("subscriptions/{}?cancelDate={end}", held.id);
                let expected = if held.end.is_some() { 422 } else { 204 };
                assert_eq!(pax8.call("DELETE", &path, &Value::Null).await.status, expected);
                if held.end.is_none() {
                    (held.end, held.states) = (Some(end), held.states + 1);
                }
            }
            Op::Days(days) => {
                self.today = self.today + Days::new(days);
                pax8.today(&self.today.to_string()).await;
            }
        }
    }

    async fn change(&mut self, pax8: &Pax8, which: usize, what: &str, to: i64) {
        let count = self.subscriptions.len();
        let Some(held) = self.subscriptions.get_mut(which % count.max(1)) else { return };
        let path = format!("subscriptions/{}", held.id);
        let value =
            if what == "price" { json!(serde_json::Number::from_string_unchecked(cents(to))) } else { json!(to) };
        let body = json!({ what: value });
        if held.end.is_some() {
            pax8.refused(422, "PUT", &path, &body).await;
            return;
        }
        pax8.done("PUT", &path, &body).await;
        let (now, last) = if what == "price" { (to, held.price) } else { (to, held.steps.last().unwrap().1) };
        held.states += usize::from(now != last);
        if what == "price" {
            held.price = to;
        } else if now != last {
            held.steps.push((self.today, to));
        }
    }

    async fn check(&self, pax8: &Pax8, start: NaiveDate) {
        for (id, kinds) in &self.companies {
            let status = if kinds.len() == 3 { "Active" } else { "Inactive" };
            assert_eq!(pax8.get(&format!("companies/{id}")).await.json()["status"], status);
        }
        for held in &self.subscriptions {
            let path = format!("subscriptions/{}", held.id);
            let now = pax8.get(&path).await.json();
            assert_eq!(
                (&now["quantity"], text(&now["price"])),
                (&json!(held.steps.last().unwrap().1), trimmed(&cents(held.price)))
            );
            let history = pax8.get(&format!("{path}/history")).await.json();
            assert_eq!(history["content"].as_array().unwrap().len(), held.states, "one state per change");
        }
        for list in ["companies", "subscriptions", "orders"] {
            let (rows, total) = pax8.all(list, 200).await;
            let ids: BTreeSet<String> = rows.iter().map(|row| text(&row["id"])).collect();
            assert_eq!((rows.len(), ids.len()), (total, total), "{list}");
        }
        self.check_invoices(pax8, start).await;
    }

    async fn check_invoices(&self, pax8: &Pax8, start: NaiveDate) {
        let (heads, _) = pax8.all("invoices", 200).await;
        let mut items = Vec::new();
        for head in &heads {
            let (own, _) = pax8.all(&format!("invoices/{}/items", text(&head["id"])), 200).await;
            let sum: rust_decimal::Decimal = own
                .iter()
                .flat_map(|i| [&i["costTotal"], &i["salesTax"]])
                .map(|v| text(v).parse::<rust_decimal::Decimal>().unwrap())
                .sum();
            assert_eq!(text(&head["total"]).parse::<rust_decimal::Decimal>().unwrap(), sum);
            items.extend(own.into_iter().map(|item| (text(&head["invoiceDate"]), item)));
        }
        let first_month = start.with_day(1).unwrap();
        let mut month = first_month + Months::new(1);
        while month + Days::new(4) <= self.today {
            for held in &self.subscriptions {
                let own = items
                    .iter()
                    .filter(|(date, i)| *date == month.to_string() && text(&i["subscriptionId"]) == held.id);
                let cost: rust_decimal::Decimal =
                    own.map(|(_, i)| text(&i["costTotal"]).parse::<rust_decimal::Decimal>().unwrap()).sum();
                let expected = held.cost(month, first_month);
                assert_eq!(cost, rust_decimal::Decimal::new(expected, 2), "{} in {month}", held.id);
            }
            month = month + Months::new(1);
        }
    }
}

fn cents(amount: i64) -> String {
    format!("{}.{:02}", amount / 100, amount % 100)
}

fn trimmed(text: &str) -> String {
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

async fn run(ops: &[Op]) {
    let start = NaiveDate::from_ymd_opt(2026, 10, 8).unwrap();
    let pax8 = Pax8::start(sample(), "clock=2026-10-08").await;
    let vault = product(&pax8, "Password").await;
    let mut model = Model { today: start, ..Model::default() };
    model.companies.push((company(&pax8, "Model Base").await, BTreeSet::from([0, 1, 2])));
    for op in ops {
        model.step(&pax8, &vault, op).await;
    }
    model.check(&pax8, start).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_writes_keeps_the_promises(ops in operations()) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run(&ops));
    }
}
