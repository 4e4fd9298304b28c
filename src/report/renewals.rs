//! What renews within some days: the last safe day to reduce each subscription, and what is still to be paid for it.
//!
//! Keeps the invariants that the earliest safe day comes first, that money stands beside its currency, and that every rule by
//! which a day or an amount was found is told under the table.

use chrono::NaiveDate;

use crate::core::money::Amount;
use crate::core::outside::{excerpt, harmless};
use crate::core::quantity::Quantity;
use crate::core::renewals::{Advice, CostFrom, Fate, Known, Renewal, Renewals, Rules};
use crate::report::table::{Cell, Column, Kind, Table, counted};
use crate::report::{Inventory, names};

const COLUMNS: &[Column] = &[
    Column::new("customer", Kind::Text),
    Column::new("customer ID", Kind::Id).in_files(),
    Column::new("product", Kind::Text),
    Column::new("product ID", Kind::Id).in_files(),
    Column::new("subscription ID", Kind::Id).in_files(),
    Column::new("term", Kind::Text),
    Column::new("held", Kind::Quantity),
    Column::new("billed", Kind::Quantity),
    Column::new("term end", Kind::Date),
    Column::new("auto-renew", Kind::Text).when_wide(),
    Column::new("renewal day", Kind::Date).when_wide(),
    Column::new("safe before the end", Kind::Date).in_files(),
    Column::new("last safe day", Kind::Date),
    Column::new("days left", Kind::Quantity),
    Column::new("window", Kind::Text).in_files(),
    Column::new("currency", Kind::Currency),
    Column::new("monthly cost", Kind::Money),
    Column::new("cost from", Kind::Text).in_files(),
    Column::new("charges left", Kind::Count).in_files(),
    Column::new("stranded cost", Kind::Money),
    Column::new("committed cost", Kind::Money),
    Column::new("what to do", Kind::Text),
];

/// The report.
#[must_use]
pub fn build(input: &Inventory<'_>, renewals: &Renewals, rules: &Rules) -> Table {
    let span = format!("{} ahead", counted(renewals.within_days.into(), "day"));
    Table {
        name: "renewals",
        title: "Renewals and commitments",
        about: "Subscriptions whose term ends soon, and those that can still be reduced: the earliest last safe day first.",
        head: input.head(renewals.as_of, Some(span)),
        columns: COLUMNS,
        rows: renewals.rows.iter().map(|row| cells(input, row)).collect(),
        notes: notes(input, renewals, rules),
    }
}

fn cells(input: &Inventory<'_>, row: &Renewal) -> Vec<Cell> {
    let quantity = |quantity: Option<Quantity>| quantity.map_or(Cell::Unknown, Cell::Quantity);
    let day = |day: Option<NaiveDate>| day.map_or(Cell::Unknown, Cell::Date);
    // Without a currency an amount says nothing.
    let money = |amount: Option<Amount>| Cell::amount(amount.filter(|_| row.currency.is_some()));
    vec![
        Cell::text(input.names.customer(&row.customer)),
        Cell::text(names::id(&row.customer)),
        Cell::text(input.product(&row.product)),
        Cell::text(row.product.as_str()),
        Cell::text(row.subscription.as_str()),
        row.term.as_deref().map_or(Cell::Unknown, Cell::text),
        quantity(row.held),
        quantity(row.billed),
        day(row.term_end),
        fate(row.fate).map_or(Cell::Unknown, Cell::text),
        day(row.renews_on),
        day(row.reduce_before_end),
        day(row.last_safe_day),
        row.days_left.map_or(Cell::Unknown, |days| Cell::Quantity(Quantity::new(days.into()))),
        row.window.as_ref().map_or(Cell::Unknown, |window| Cell::Text(window_in_words(window))),
        row.currency.map_or(Cell::Unknown, |currency| Cell::text(currency.as_str())),
        money(row.monthly_cost),
        row.cost_from.map_or(Cell::Unknown, |from| Cell::text(cost_from(from))),
        row.charges_left.map_or(Cell::Unknown, |charges| Cell::Count(charges.into())),
        money(row.stranded),
        money(row.committed),
        Cell::Text(advice(row)),
    ]
}

/// What becomes of it; nothing where no source says.
fn fate(fate: Fate) -> Option<&'static str> {
    match fate {
        Fate::Renews => Some("will renew"),
        Fate::Ends => Some("will end"),
        Fate::Cancelled => Some("cancelled"),
        Fate::Trial => Some("trial"),
        Fate::Unknown => None,
    }
}

fn window_in_words(window: &Known) -> String {
    match window {
        Known::Rule(name) => format!("[renewals.{}]", harmless(name)),
        Known::Dependencies => "product dependencies".to_owned(),
    }
}

fn cost_from(from: CostFrom) -> &'static str {
    match from {
        CostFrom::Subscription => "subscription",
        CostFrom::InvoiceLine => "invoice line",
        CostFrom::PriceList => "price list",
    }
}

/// What to do, in one sentence that a ticket can carry as well.
#[must_use]
pub fn advice(row: &Renewal) -> String {
    let seats = row
        .surplus
        .map_or_else(|| "the seats not needed".to_owned(), |surplus| format!("{} not billed", counted_seats(surplus)));
    let by = row.last_safe_day.map(|day| format!(" by {day}")).unwrap_or_default();
    let what = match row.advice {
        Advice::ReduceNow => format!("take off {seats}{by}: the window is open"),
        Advice::Reduce => format!("take off {seats}{by}"),
        Advice::Confirm => format!("ask how many seats are needed{by}"),
        Advice::TooLate => "too late to reduce for the next term: bill the seats or find a use".to_owned(),
        Advice::RenewOrLetGo => format!("ends by itself: renew it{by}, or let it go"),
        Advice::LetGo => "cancelled: nothing to decide".to_owned(),
        Advice::Empty => format!("no seat is held: cancel it{by}"),
        Advice::DecideTrial => format!("decide{by} whether the trial becomes paid"),
        Advice::LookUp => "look up when the commitment ends".to_owned(),
        Advice::ReadAgain => "its term is over: pull again".to_owned(),
    };
    match row.dearer_percent {
        Some(percent) => format!("{what}; this term costs about {percent} % more than the cheaper form"),
        None => what,
    }
}

/// A ticket for a renewal: its title and its text.
#[must_use]
pub fn ticket(input: &Inventory<'_>, row: &Renewal) -> (String, String) {
    let day = |day: Option<NaiveDate>| day.map_or_else(|| "not known".to_owned(), |day| day.to_string());
    let seats = |seats: Option<Quantity>| seats.map_or_else(|| "not known".to_owned(), Quantity::plain_text);
    let money = |amount: Option<Amount>| match (amount, row.currency) {
        (Some(amount), Some(currency)) => amount.in_currency(currency).to_string(),
        (_, _) => "not known".to_owned(),
    };
    let product = harmless(input.product(&row.product));
    let lines = [
        format!("Customer: {}", harmless(input.names.customer(&row.customer))),
        format!("Product: {product}"),
        format!("Subscription: {}", harmless(row.subscription.as_str())),
        format!("Term: {}", harmless(row.term.as_deref().unwrap_or("not known"))),
        format!("Seats held: {}; billed: {}", seats(row.held), seats(row.billed)),
        format!("Term ends: {}; renews on: {}", day(row.term_end), day(row.renews_on)),
        format!("Renewal: {}", fate(row.fate).unwrap_or("not known")),
        format!("Last safe day to reduce: {}", day(row.last_safe_day)),
        format!("Monthly cost: {}; stranded to the term's end: {}", money(row.monthly_cost), money(row.stranded)),
        format!("What to do: {}", advice(row)),
    ];
    (excerpt(&format!("Renewal {}: {product}", day(row.term_end)), SUMMARY_MAX), lines.join("\n"))
}

/// A title longer than most systems take is cut here, with a mark.
const SUMMARY_MAX: usize = 99;

fn counted_seats(quantity: Quantity) -> String {
    let plural = if quantity == Quantity::ONE { "" } else { "s" };
    format!("{} seat{plural}", quantity.short_text())
}

fn harmless_source(source: &str) -> String {
    excerpt(source, SOURCE_MAX)
}

/// A longer source is cut, with a mark.
const SOURCE_MAX: usize = 300;

fn notes(input: &Inventory<'_>, renewals: &Renewals, rules: &Rules) -> Vec<String> {
    let mut notes = vec![
        "last safe day: sources give days in UTC and no hour, so it is the last day that is over everywhere (12 hours behind \
         UTC) before the window closes; where a written end may be the last day or the day after it, the earlier counts."
            .to_owned(),
        "monthly cost: unit cost x seats of the billing term; a longer one is spread evenly over its months, to the cent."
            .to_owned(),
        "stranded cost: the charges that begin today or later and before the renewal day, for the seats held beyond those \
         billed; committed cost: the same for all seats. What is paid at once is paid already and not counted again."
            .to_owned(),
        "Where one line bills several subscriptions, its seats go to those that bind longest first.".to_owned(),
    ];
    for rule in &rules.0 {
        notes.push(format!(
            "[renewals.{}], configurable: reduce within {} hours of a purchase or renewal; a monthly commitment about {} % \
             dearer than a yearly one, a yearly one paid monthly {} % dearer than paid at once ({}).",
            harmless(&rule.name),
            rule.window_hours,
            rule.monthly_percent,
            rule.annual_billed_monthly_percent,
            rule.source.as_deref().map_or_else(|| "as configured, without a source".to_owned(), harmless_source)
        ));
    }
    let left = renewals.left;
    let not_listed = [
        (left.later_end, "whose term ends later"),
        (left.unbound, "not bound, whose billing term's end no invoice line proves"),
        (left.over, "that ended or are cancelled"),
        (left.later_start, "that begin later"),
    ];
    let said: Vec<String> = not_listed
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", counted(*count, "subscription")))
        .collect();
    if !said.is_empty() {
        notes.push(format!("Not listed: {}.", said.join("; ")));
    }
    let unknown = |what: &dyn Fn(&Renewal) -> bool| {
        crate::report::table::count(renewals.rows.iter().filter(|row| what(row)).count())
    };
    for (count, what) in [
        (unknown(&|row| row.fate == Fate::Unknown), "auto-renewal is not known (`trueup pull --with dependencies`)"),
        (unknown(&|row| row.billed.is_none()), "what is billed is not known (no link, or units are not compared)"),
        (unknown(&|row| row.cost_from.is_none()), "the cost is not known (`trueup pull --with prices`)"),
    ] {
        if count > 0 {
            notes.push(format!("Of {} {what}.", counted(count, "row")));
        }
    }
    notes.extend(input.trouble());
    notes
}
