//! Renewals: one row a rule, each of which would differ without it.

use super::*;
use crate::core::billing::{BillCustomer, LineKind};
use crate::core::id::Id;
use crate::core::link::{BundlePart, Compare, Link, LinkSet, Shape};
use crate::core::record::Record;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn filled(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

/// Product, quantity, start, end, status, billing term, commitment, its end; held by company `vc` at 10.00 USD a term.
type Told = [&'static str; 8];
const YEAR: Told = ["year", "25", "2025-06-01", "", "Active", "Monthly", "1-Year", "2026-05-31"];

fn with(mut told: Told, changes: &[(usize, &'static str)]) -> Told {
    for (at, text) in changes {
        told[*at] = text;
    }
    told
}

fn subscription(id: &str, told: Told) -> Subscription {
    let [product, quantity, start, end, status, billing, commitment, commitment_end] = told;
    let maybe = |text: &str| (!text.is_empty()).then(|| day(text));
    let fields = SubscriptionFields {
        company: Id::new("vc"),
        product: Id::new(product),
        quantity: Quantity::parse(quantity).ok(),
        start: maybe(start),
        end: maybe(end),
        billing_start: None,
        status: status.into(),
        price: None,
        cost: UnitPrice::parse("10.00").ok(),
        currency: Some("USD".parse().unwrap()),
        billing_term: filled(billing),
        commitment_term: filled(commitment),
        commitment_end: maybe(commitment_end),
        vendor_subscription: None,
        updated: None,
    };
    Record { id: Id::new(id), fields, version: None }
}

fn line(product: &str, quantity: &str) -> BilledLine {
    let price = UnitPrice::parse("12.00").unwrap();
    BilledLine {
        id: Id::new(format!("l{product}{quantity}")),
        agreement: None,
        agreement_status: "Active".into(),
        company: Id::new("1"),
        company_name: None,
        product: Id::new(product),
        product_code: None,
        description: None,
        kind: LineKind::Recurring,
        quantity: Quantity::parse(quantity).unwrap(),
        included: Quantity::ZERO,
        price,
        cost: price,
        amount: Amount::ZERO,
        cost_total: Amount::ZERO,
        bill: BillCustomer::Billable,
        effective: day("2025-01-01"),
        cancelled: None,
        currency: "USD".parse().unwrap(),
    }
}

fn rule(term: &str, auto_renew: Option<bool>) -> CommitmentRule {
    CommitmentRule {
        product: Id::new("year"),
        id: term.into(),
        term: term.into(),
        auto_renew,
        window_days_before: None,
        window_days_after: None,
        may_decrease: None,
    }
}

fn mapping() -> Mapping {
    let mut mapping = Mapping::default();
    mapping.companies.claim(Link { vendor: Id::new("vc"), psa: Id::new("1") }, Shape::OneToOne).unwrap();
    for product in ["year", "month"] {
        mapping.products.claim(Link { vendor: Id::new(product), psa: Id::new("10") }, Shape::ManyToOne).unwrap();
    }
    mapping
}

/// A month's sources; `of` changes them.
#[derive(Clone)]
struct World {
    subscriptions: Vec<Subscription>,
    products: Vec<VendorProduct>,
    lines: Vec<BilledLine>,
    lines_unread: Vec<Problem>,
    charges: Vec<VendorCharge>,
    prices: Vec<PriceRow>,
    commitments: Vec<CommitmentRule>,
    mapping: Mapping,
}

fn world(subscriptions: &[Told]) -> World {
    let product = |id: &str| Record {
        id: Id::new(id),
        fields: ProductFields { name: id.into(), manufacturer: Some("Microsoft".into()), ..ProductFields::default() },
        version: None,
    };
    let numbered = subscriptions.iter().enumerate();
    World {
        subscriptions: numbered.map(|(at, told)| subscription(&format!("s{at}"), *told)).collect(),
        products: vec![product("year"), product("month")],
        lines: vec![line("10", "20")],
        lines_unread: vec![],
        charges: vec![],
        prices: vec![],
        commitments: vec![rule("1 Year", Some(true))],
        mapping: mapping(),
    }
}

impl World {
    fn seen(&self, as_of: &str, within_days: u32) -> Renewals {
        let Self { subscriptions, products, lines, lines_unread, charges, prices, commitments, mapping } = self;
        let sources = Sources { subscriptions, products, lines, lines_unread, charges, prices, commitments, mapping };
        list(&sources, &Rules::default(), day(as_of), within_days)
    }

    fn only(&self, as_of: &str) -> Renewal {
        let [row] = self.seen(as_of, 90).rows.try_into().unwrap();
        row
    }
}

fn text(day: Option<NaiveDate>) -> String {
    day.map_or("-".into(), |day| day.to_string())
}

fn money(amount: Option<Amount>) -> String {
    amount.map_or("-".into(), Amount::cents_text)
}

fn seats(quantity: Option<Quantity>) -> String {
    quantity.map_or("-".into(), Quantity::plain_text)
}

#[test]
fn each_state_of_a_term_has_its_fate_its_days_and_its_advice() {
    // renews on, last safe day, days left, fate, advice
    for (what, as_of, told, expected) in [
        ("in April", "2026-04-10", YEAR, "2026-06-01 2026-06-06 57 Renews Reduce"),
        ("ends today", "2026-05-31", YEAR, "2026-06-01 2026-06-06 6 Renews Reduce"),
        ("renewed, not read again", "2026-06-06", YEAR, "2026-06-01 2026-06-06 0 Renews Reduce"),
        ("past the safe day", "2026-06-07", YEAR, "2026-06-01 2026-06-06 -1 Renews ReadAgain"),
        (
            "the end names the renewal",
            "2026-04-10",
            with(YEAR, &[(7, "2026-06-01")]),
            "2026-06-01 2026-06-06 57 Renews Reduce",
        ),
        (
            "aligned: the earlier day",
            "2026-04-10",
            with(YEAR, &[(7, "2026-06-12")]),
            "2026-06-12 2026-06-17 68 Renews Reduce",
        ),
        ("bought two days ago", "2025-06-03", YEAR, "2026-06-01 2025-06-06 3 Renews ReduceNow"),
        (
            "renewed two days ago",
            "2026-06-03",
            with(YEAR, &[(7, "2027-05-31")]),
            "2027-06-01 2026-06-06 3 Renews ReduceNow",
        ),
        (
            "an end three terms away: no window is known to be open",
            "2026-06-10",
            with(YEAR, &[(6, "Monthly"), (7, "2026-09-07")]),
            "2026-09-07 2026-09-12 94 Unknown Reduce",
        ),
        (
            "leap day",
            "2028-02-01",
            with(YEAR, &[(2, "2027-03-01"), (7, "2028-02-29")]),
            "2028-03-01 2028-03-06 34 Renews Reduce",
        ),
        (
            "begun on a leap day",
            "2025-02-01",
            with(YEAR, &[(2, "2024-02-29"), (7, "2025-02-28")]),
            "2025-02-28 2025-03-05 32 Renews Reduce",
        ),
        (
            "from a 31st to a 30th",
            "2026-09-20",
            with(YEAR, &[(2, "2026-08-31"), (6, "Monthly"), (7, "2026-09-30")]),
            "2026-09-30 2026-10-05 15 Unknown Reduce",
        ),
        ("cancelled, ends", "2026-04-10", with(YEAR, &[(3, "2026-05-31")]), "2026-06-01 - - Cancelled LetGo"),
        ("being cancelled", "2026-04-10", with(YEAR, &[(4, "PendingCancel")]), "2026-06-01 - - Cancelled LetGo"),
        ("in another spelling", "2026-04-10", with(YEAR, &[(4, "pending_cancel")]), "2026-06-01 - - Cancelled LetGo"),
        (
            "trial",
            "2026-04-10",
            with(YEAR, &[(3, "2026-04-30"), (4, "Trial"), (5, "Trial"), (6, ""), (7, "")]),
            "2026-04-30 2026-04-28 18 Trial DecideTrial",
        ),
        (
            "another term: nobody says",
            "2026-04-10",
            with(YEAR, &[(6, "3-Year"), (2, "2023-06-01")]),
            "2026-06-01 2026-06-06 57 Unknown Reduce",
        ),
        ("none held", "2026-04-10", with(YEAR, &[(1, "0")]), "2026-06-01 2026-06-06 57 Renews Empty"),
        ("unknown seats", "2026-04-10", with(YEAR, &[(1, "")]), "2026-06-01 2026-06-06 57 Renews Confirm"),
        ("all billed", "2026-04-10", with(YEAR, &[(1, "20")]), "2026-06-01 2026-06-06 57 Renews Confirm"),
        ("unknown end", "2026-04-10", with(YEAR, &[(7, "")]), "- - - Renews LookUp"),
    ] {
        let row = world(&[told]).only(as_of);
        let days = row.days_left.map_or("-".into(), |days| days.to_string());
        let found =
            format!("{} {} {days} {:?} {:?}", text(row.renews_on), text(row.last_safe_day), row.fate, row.advice);
        assert_eq!(found, expected, "{what}");
    }
}

#[test]
fn due_is_what_ends_in_the_days_looked_at_and_asks_for_a_decision() {
    let due = |told, as_of: &str, within_days| world(&[told]).seen(as_of, within_days).due().count();
    assert_eq!(due(YEAR, "2026-04-10", 51), 1);
    assert_eq!(due(with(YEAR, &[(3, "2026-05-31")]), "2026-04-10", 51), 0, "cancelled: nothing to decide");
    // listed for its open window, and ends later
    let renewed = with(YEAR, &[(7, "2027-05-31")]);
    assert_eq!(world(&[renewed]).seen("2026-06-03", 30).rows.len(), 1);
    assert_eq!(due(renewed, "2026-06-03", 30), 0);
}

#[test]
fn what_does_not_renew_by_itself_ends_and_has_no_window_after() {
    let mut of = world(&[YEAR]);
    of.commitments = vec![rule("1-Year", Some(false))];
    let row = of.only("2026-04-10");
    assert_eq!(
        (row.fate, row.advice, text(row.last_safe_day)),
        (Fate::Ends, Advice::RenewOrLetGo, "2026-05-30".into())
    );
    of.commitments = vec![rule("1-Year", Some(true)), rule("Annual", Some(false))];
    assert_eq!(of.only("2026-04-10").fate, Fate::Unknown, "two rules that contradict each other say nothing");
    of.commitments.clear();
    assert_eq!(of.only("2026-04-10").fate, Fate::Unknown);
}

#[test]
fn without_a_known_window_the_last_safe_day_is_before_the_end() {
    let mut of = world(&[YEAR]);
    of.products.clear();
    let row = of.only("2026-04-10");
    assert_eq!((text(row.last_safe_day), row.window), ("2026-05-30".into(), None));
    assert_eq!(of.only("2026-05-31").advice, Advice::TooLate);
    of.commitments = vec![CommitmentRule { window_days_after: Some(3), ..rule("1-Year", Some(true)) }];
    let row = of.only("2026-04-10");
    assert_eq!((text(row.last_safe_day), row.window), ("2026-06-02".into(), Some(Known::Dependencies)));
}

#[test]
fn seats_held_and_billed_and_what_they_cost_to_the_end() {
    // held, billed, surplus, monthly, charges, stranded, committed
    for (what, told, expected) in [
        ("monthly charges", YEAR, "25 20 5 250.00 2 100.00 500.00"),
        ("none held", with(YEAR, &[(1, "0")]), "0 20 0 0.00 2 0.00 0.00"),
        ("unknown seats", with(YEAR, &[(1, "")]), "- 20 - - 2 - -"),
        ("paid at once", with(YEAR, &[(5, "Annual")]), "25 20 5 20.83 0 0.00 0.00"),
        (
            "paid yearly for three years",
            with(YEAR, &[(2, "2023-06-01"), (5, "Annual"), (6, "3-Year")]),
            "25 20 5 20.83 0 0.00 0.00",
        ),
        ("cancelled, charged to its end", with(YEAR, &[(3, "2026-05-31")]), "25 20 5 250.00 2 100.00 500.00"),
        ("a trial", with(YEAR, &[(3, "2026-05-31"), (4, "Trial")]), "25 20 5 - - - -"),
        ("an unknown billing term", with(YEAR, &[(5, "Whenever")]), "25 20 5 - - - -"),
    ] {
        let row = world(&[told]).only("2026-04-01");
        let charges = row.charges_left.map_or("-".into(), |charges| charges.to_string());
        let found = [
            seats(row.held),
            seats(row.billed),
            seats(row.surplus),
            money(row.monthly_cost),
            charges,
            money(row.stranded),
            money(row.committed),
        ];
        assert_eq!(found.join(" "), expected, "{what}");
    }
    let mut of = world(&[YEAR]);
    of.commitments = vec![CommitmentRule { may_decrease: Some(true), ..rule("1-Year", Some(true)) }];
    let row = of.only("2026-04-01");
    assert_eq!((money(row.stranded), money(row.committed)), ("0.00".into(), "500.00".into()));
}

#[test]
fn two_terms_of_one_product_share_what_one_line_bills() {
    let month = ["month", "10", "2026-01-01", "", "Active", "Monthly", "", ""];
    let mut of = world(&[YEAR, month]);
    let found = |of: &World| {
        let seen = of.seen("2026-04-10", 90);
        seen.rows.iter().map(|row| format!("{} {}", row.subscription, seats(row.billed))).collect::<Vec<_>>()
    };
    // the one that binds longest is billed first
    of.lines = vec![line("10", "30")];
    assert_eq!(found(&of), ["s0 25"]);
    of.lines = vec![line("10", "12"), line("10", "9")];
    assert_eq!(found(&of), ["s0 21"]);
    of.subscriptions[1].fields.commitment_end = Some(day("2026-06-15"));
    assert_eq!(found(&of), ["s0 11", "s1 10"]);
    // more than all hold stands at the one that can be reduced first
    of.lines = vec![line("10", "40")];
    assert_eq!(found(&of), ["s0 30", "s1 10"]);
    of.subscriptions[1].fields.quantity = None;
    assert_eq!(found(&of), ["s0 -", "s1 -"]);
}

#[test]
fn what_is_billed_is_unknown_without_a_link_and_nought_only_by_proof() {
    let billed = |of: &World| seats(of.only("2026-04-10").billed);
    let bare = world(&[YEAR]);
    let line = |change: &dyn Fn(&mut BilledLine)| {
        let mut of = bare.clone();
        of.lines.iter_mut().for_each(change);
        billed(&of)
    };
    assert_eq!(line(&|line| line.cancelled = Some(day("2026-04-10"))), "0");
    assert_eq!(line(&|line| line.cancelled = Some(day("2026-04-11"))), "20");
    assert_eq!(line(&|line| line.effective = day("2026-04-11")), "0");
    assert_eq!(line(&|line| line.bill = BillCustomer::DoNotBill), "0");
    assert_eq!(line(&|line| line.bill = BillCustomer::NoCharge), "20");
    assert_eq!(line(&|line| line.kind = LineKind::Credit), "0");
    assert_eq!(line(&|line| line.agreement_status = "Expired".into()), "0");
    let of = |change: &dyn Fn(&mut World)| {
        let mut of = bare.clone();
        change(&mut of);
        billed(&of)
    };
    assert_eq!(of(&|of| of.lines.clear()), "0");
    let unread = |customer: Option<&'static str>| {
        let customer = customer.map(|id| KeyPart::Psa(id.into()));
        of(&|of| of.lines_unread = vec![Problem::new("lines", "cannot be read").customer(customer.clone())])
    };
    assert_eq!((unread(None), unread(Some("1")), unread(Some("2"))), ("-".into(), "-".into(), "20".into()));
    assert_eq!(of(&|of| of.mapping.products = LinkSet::default()), "-");
    assert_eq!(of(&|of| of.mapping.companies = LinkSet::default()), "-");
    assert_eq!(of(&|of| of.mapping.compare.extend([(Id::new("10"), Compare::Amount)])), "-");
    let part = BundlePart { product: Id::new("10"), per_unit: 2.into(), weight_from: 0.into(), weight_to: 1.into() };
    assert_eq!(of(&|of| drop(of.mapping.bundles.insert(Id::new("b"), vec![part.clone()]))), "20");
    let bundled = |of: &mut World| {
        of.mapping.bundles.insert(Id::new("b"), vec![part.clone()]);
        of.lines.push(super::tests::line("b", "1"));
    };
    assert_eq!(of(&bundled), "22");
}

#[test]
fn a_billing_term_ends_where_an_invoice_line_proves_it() {
    let month = ["month", "20", "2026-01-15", "", "Active", "Monthly", "", ""];
    let charge = |start: &str, end: &str| VendorCharge {
        id: Id::new("c"),
        invoice: None,
        kind: crate::core::billing::ChargeKind::Subscription,
        company: None,
        company_name: None,
        product: None,
        product_name: None,
        sku: None,
        subscription: Some(Id::new("s0")),
        start: day(start),
        end: Some(day(end)),
        end_rule: None,
        quantity: Quantity::ONE,
        unit: None,
        term: None,
        rate_type: None,
        charge_type: Some("Per Unit".into()),
        price: UnitPrice::default(),
        amount: Amount::ZERO,
        cost: UnitPrice::parse("7.50").unwrap(),
        cost_total: Amount::ZERO,
        tax: None,
        amount_due: None,
        currency: "USD".parse().unwrap(),
        description: None,
    };
    for (start, end, expected) in [
        ("2026-04-15", "2026-05-14", "2026-05-14 2026-05-15"),
        ("2026-04-15", "2026-05-15", "2026-05-15 2026-05-15"),
        // over, odd, or not begun: nothing is proven
        ("2026-03-01", "2026-03-31", "- 1"),
        ("2026-04-15", "2026-05-02", "- 1"),
        ("2026-05-15", "2026-06-14", "- 1"),
    ] {
        let mut of = world(&[month]);
        of.charges = vec![charge(start, end)];
        let seen = of.seen("2026-04-20", 90);
        let found = match seen.rows.as_slice() {
            [row] => format!("{} {}", text(row.term_end), text(row.renews_on)),
            _ => format!("- {}", seen.left.unbound),
        };
        assert_eq!(found, expected, "{start} to {end}");
    }
    // what a metered line costs is no cost of a seat
    let metered = VendorCharge { term: Some("Arrears".into()), ..charge("2026-04-01", "2026-04-30") };
    let mut of = world(&[YEAR]);
    of.subscriptions[0].fields.cost = None;
    of.charges = vec![metered];
    assert_eq!(of.only("2026-04-10").cost_from, None);
    // the cost of the line serves where the subscription states none
    let mut of = world(&[YEAR]);
    of.subscriptions[0].fields.cost = None;
    of.charges = vec![charge("2026-04-01", "2026-04-30")];
    let row = of.only("2026-04-10");
    assert_eq!((row.cost_from, money(row.monthly_cost)), (Some(CostFrom::InvoiceLine), "187.50".into()));
    of.charges[0].charge_type = Some("Flat Rate".into());
    assert_eq!(of.only("2026-04-10").monthly_cost, None);
}

#[test]
fn the_price_list_serves_where_one_row_fits() {
    let price = |from: &str, cost: &str| PriceRow {
        product: Id::new("year"),
        billing_term: "Monthly".into(),
        commitment_term: Some("1-Year".into()),
        rate_type: "Volume".into(),
        charge_type: Some("per_unit".into()),
        unit: None,
        from: Quantity::parse(from).ok(),
        to: None,
        cost: UnitPrice::parse(cost).ok(),
        retail: None,
    };
    for (rows, expected) in [
        (vec![price("1", "7.20")], "180.00"),
        (vec![price("1", "7.20"), price("50", "6.90")], "180.00"),
        (vec![price("1", "7.20"), price("20", "6.90")], "-"),
        (vec![price("1", "0")], "-"),
        (vec![PriceRow { rate_type: "Tiered".into(), ..price("1", "7.20") }], "-"),
        (vec![PriceRow { commitment_term: None, ..price("1", "7.20") }], "-"),
        (vec![PriceRow { billing_term: "Annual".into(), ..price("1", "7.20") }], "-"),
    ] {
        let mut of = world(&[YEAR]);
        of.subscriptions[0].fields.cost = None;
        of.prices = rows.clone();
        assert_eq!(money(of.only("2026-04-10").monthly_cost), expected, "{rows:?}");
    }
}

#[test]
fn every_subscription_is_listed_or_counted_and_the_earliest_safe_day_comes_first() {
    let list = [
        YEAR,
        with(YEAR, &[(7, "2026-04-30")]),
        with(YEAR, &[(7, "")]),
        with(YEAR, &[(7, "2026-12-31")]),
        with(YEAR, &[(3, "2026-04-09")]),
        with(YEAR, &[(4, "Cancelled")]),
        with(YEAR, &[(2, "2026-05-01")]),
        with(YEAR, &[(6, ""), (7, "")]),
    ];
    let seen = world(&list).seen("2026-04-10", 90);
    let order: Vec<&str> = seen.rows.iter().map(|row| row.subscription.as_str()).collect();
    assert_eq!(order, ["s1", "s0", "s2"]);
    assert_eq!(seen.left, Left { over: 2, later_start: 1, unbound: 1, later_end: 1 });
    // the last day of the span is within it
    let horizon = |days| world(&[YEAR]).seen("2026-04-10", days).rows.len();
    assert_eq!((horizon(50), horizon(51)), (0, 1));
}

#[test]
fn published_price_levels_are_told_where_a_cheaper_form_exists() {
    for (told, expected) in [
        (YEAR, Some(5)),
        (with(YEAR, &[(5, "Annual")]), None),
        (with(YEAR, &[(6, "Monthly"), (2, "2026-05-01")]), Some(20)),
    ] {
        assert_eq!(world(&[told]).only("2026-05-10").dearer_percent, expected, "{told:?}");
    }
}
