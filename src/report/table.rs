//! The table every report is, before anybody decides how it looks.
//!
//! Keeps the invariants that a column holds one kind of value, that an unknown value is neither nought nor empty text, and
//! that totals are per currency and stand apart from the rows. Knows no business words.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::core::money::{Amount, Rounding, UnitPrice};
use crate::core::outside::harmless;
use crate::core::quantity::Quantity;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Words.
    Text,
    /// Another system's id: text, whatever it looks like.
    Id,
    /// The currency of the row's amounts; at most one column.
    Currency,
    /// A whole number of things.
    Count,
    /// Units.
    Quantity,
    /// A price per unit, all its decimals.
    UnitPrice,
    /// An amount in the row's currency, two decimals.
    Money,
    /// A percentage with one decimal.
    Percent,
    /// A day.
    Date,
}

impl Kind {
    /// Whether it is shown right-aligned and written as a number.
    #[must_use]
    pub fn is_number(self) -> bool {
        match self {
            Self::Count | Self::Quantity | Self::UnitPrice | Self::Money | Self::Percent => true,
            Self::Text | Self::Id | Self::Currency | Self::Date => false,
        }
    }
}

/// A column: its name is the same in every format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// As headed in files.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether its amounts are added up.
    pub summed: bool,
    /// Where there is room for it.
    pub room: Room,
    /// How its totals are called where both signs are summed apart first.
    pub gross: Option<Gross>,
    /// What a person may write into it; empty where it is not theirs to fill in.
    pub choices: &'static [&'static str],
}

/// What the sums of a column with two meanings are called: an amount too much does not make good one too little.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gross {
    /// The sum of the negative amounts, told without the sign.
    pub negative: &'static str,
    /// The sum of the positive amounts.
    pub positive: &'static str,
    /// The sum of all.
    pub net: &'static str,
}

/// Where there is room for a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// Everywhere.
    Always,
    /// On pages and in files, and on a terminal that is wide enough.
    WhenWide,
    /// In files only.
    Files,
}

impl Column {
    /// A column shown everywhere; amounts are summed.
    #[must_use]
    pub const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, summed: matches!(kind, Kind::Money), room: Room::Always, gross: None, choices: &[] }
    }

    /// In files only.
    #[must_use]
    pub const fn in_files(self) -> Self {
        Self { room: Room::Files, ..self }
    }

    /// The first to go when a terminal is narrow.
    #[must_use]
    pub const fn when_wide(self) -> Self {
        Self { room: Room::WhenWide, ..self }
    }

    /// For a person to fill in, with one of these words or with a text of their own.
    #[must_use]
    pub const fn filled_in(self, choices: &'static [&'static str]) -> Self {
        Self { choices, ..self }
    }

    /// What its sums are called.
    fn sums(&self) -> Vec<&'static str> {
        self.gross.map_or_else(|| vec![self.name], |gross| vec![gross.negative, gross.positive, gross.net])
    }

    /// Amounts whose signs are summed apart, then together.
    #[must_use]
    pub const fn in_gross(self, gross: Gross) -> Self {
        Self { gross: Some(gross), ..self }
    }

    /// Amounts that must not be added up (a balance, a row that is a sum itself).
    #[must_use]
    pub const fn not_summed(self) -> Self {
        Self { summed: false, ..self }
    }
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Not known: empty everywhere, and never nought.
    Unknown,
    /// Words, an id or a currency code.
    Text(String),
    /// A whole number.
    Count(u64),
    /// Units.
    Quantity(Quantity),
    /// A price per unit.
    UnitPrice(UnitPrice),
    /// An amount in the row's currency.
    Money(Amount),
    /// A percentage in tenths.
    Percent(i64),
    /// A day.
    Date(NaiveDate),
}

impl Cell {
    /// Words.
    pub fn text(words: impl Into<String>) -> Self {
        Self::Text(words.into())
    }

    /// An amount, unknown where it could not be computed.
    #[must_use]
    pub fn amount(amount: Option<Amount>) -> Self {
        amount.map_or(Self::Unknown, Self::Money)
    }

    /// A unit price, where there is one.
    #[must_use]
    pub fn price(price: Option<UnitPrice>) -> Self {
        price.map_or(Self::Unknown, Self::UnitPrice)
    }

    /// As files write it: plain decimals, ISO dates, nothing for unknown.
    #[must_use]
    pub fn plain(&self) -> String {
        match self {
            Self::Unknown => String::new(),
            Self::Text(words) => words.clone(),
            Self::Count(count) => count.to_string(),
            Self::Quantity(quantity) => quantity.plain_text(),
            Self::UnitPrice(price) => Amount::new(price.value()).plain_text(),
            Self::Money(amount) => amount.cents_text(),
            Self::Percent(tenths) => tenths_text(*tenths),
            Self::Date(day) => day.to_string(),
        }
    }

    /// As people read it: thousands apart, nothing that steers a terminal or turns the writing direction.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Unknown => String::new(),
            Self::Text(words) => harmless(words),
            Self::Money(amount) => grouped(&amount.cents_text()),
            Self::UnitPrice(price) => grouped(&at_least_cents(Amount::new(price.value()))),
            Self::Quantity(quantity) => grouped(&quantity.short_text()),
            Self::Count(_) => grouped(&self.plain()),
            Self::Percent(_) | Self::Date(_) => self.plain(),
        }
    }
}

/// All decimals an amount has, and two at least.
#[must_use]
pub fn at_least_cents(amount: Amount) -> String {
    if amount.rounded(Rounding::Cents) == amount { amount.cents_text() } else { amount.plain_text() }
}

fn tenths_text(tenths: i64) -> String {
    let sign = if tenths < 0 { "-" } else { "" };
    format!("{sign}{}.{}", tenths.unsigned_abs() / 10, tenths.unsigned_abs() % 10)
}

/// `-1234567.80` as `-1,234,567.80`.
#[must_use]
pub fn grouped(number: &str) -> String {
    let (sign, digits) = number.split_at(number.find(|c: char| c.is_ascii_digit()).unwrap_or(0));
    let (whole, fraction) = digits.find('.').map_or((digits, ""), |at| digits.split_at(at));
    let mut out = String::from(sign);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out + fraction
}

/// A sum of one column in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sum {
    /// The sum of what is known; `None` when nothing is, or when it does not fit.
    pub amount: Option<Amount>,
    /// How many of the rows do not know their amount.
    pub unknown: u64,
}

/// The totals of one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Total {
    /// The currency.
    pub currency: String,
    /// How many rows are in it.
    pub rows: u64,
    /// The summed columns, in their order.
    pub sums: Vec<(&'static str, Sum)>,
}

/// One report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name on the command line and in file names.
    pub name: &'static str,
    /// Its title.
    pub title: &'static str,
    /// One sentence: what it shows.
    pub about: &'static str,
    /// What it was made from, label and text, the same block on every report.
    pub head: Vec<(String, String)>,
    /// The columns.
    pub columns: &'static [Column],
    /// The rows, one cell per column.
    pub rows: Vec<Vec<Cell>>,
    /// Sentences under the table.
    pub notes: Vec<String>,
}

impl Table {
    /// Totals per currency, in order of the code. A table without a currency column has none.
    #[must_use]
    pub fn totals(&self) -> Vec<Total> {
        let Some(currency_at) = self.columns.iter().position(|c| c.kind == Kind::Currency) else { return Vec::new() };
        let mut by_currency: BTreeMap<&str, Vec<&Vec<Cell>>> = BTreeMap::new();
        for row in &self.rows {
            if let Some(Cell::Text(code)) = row.get(currency_at) {
                by_currency.entry(code).or_default().push(row);
            }
        }
        let summed = |rows: &[&Vec<Cell>]| {
            let columns = self.columns.iter().enumerate().filter(|(_, column)| column.summed);
            columns.flat_map(|(at, column)| sums(rows, at, column)).collect()
        };
        by_currency
            .into_iter()
            .map(|(code, rows)| Total { currency: code.to_owned(), rows: count(rows.len()), sums: summed(&rows) })
            .collect()
    }

    /// The names of the sums that a screen shows, in order.
    #[must_use]
    pub fn screen_sums(&self) -> Vec<&'static str> {
        let shown = self.columns.iter().filter(|column| column.summed && column.room != Room::Files);
        shown.flat_map(Column::sums).collect()
    }

    /// The columns a screen shows: those meant for it in which any row knows a value.
    #[must_use]
    pub fn screen_columns(&self) -> Vec<usize> {
        let known = |at: usize| self.rows.iter().any(|row| row.get(at).is_some_and(|cell| *cell != Cell::Unknown));
        (0..self.columns.len())
            .filter(|at| {
                self.columns.get(*at).is_some_and(|c| c.room != Room::Files) && (self.rows.is_empty() || known(*at))
            })
            .collect()
    }
}

fn sums(rows: &[&Vec<Cell>], at: usize, column: &Column) -> Vec<(&'static str, Sum)> {
    let amounts: Vec<Amount> = rows
        .iter()
        .filter_map(|row| if let Some(Cell::Money(amount)) = row.get(at) { Some(*amount) } else { None })
        .collect();
    let sum = |of: &dyn Fn(&Amount) -> Option<Amount>| {
        let total = amounts.iter().filter_map(of).try_fold(Amount::ZERO, Amount::plus).ok();
        Sum { amount: total.filter(|_| !amounts.is_empty()), unknown: count(rows.len() - amounts.len()) }
    };
    let all = sum(&|amount| Some(*amount));
    let Some(gross) = column.gross else { return vec![(column.name, all)] };
    vec![
        (gross.negative, sum(&|amount| amount.is_negative().then(|| amount.magnitude()))),
        (gross.positive, sum(&|amount| (!amount.is_negative()).then_some(*amount))),
        (gross.net, all),
    ]
}

/// A length as the count it is.
#[must_use]
pub fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// `n` of a thing in words: `1 row`, `2 rows`.
#[must_use]
pub fn counted(n: u64, thing: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", grouped(&n.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[
        Column::new("name", Kind::Text),
        Column::new("currency", Kind::Currency),
        Column::new("amount", Kind::Money),
        Column::new("balance", Kind::Money).not_summed(),
    ];

    fn row(code: &str, amount: Cell) -> Vec<Cell> {
        vec![Cell::text("x"), Cell::text(code), amount, Cell::Money(Amount::ZERO)]
    }

    #[test]
    fn totals_are_per_currency_and_unknown_is_not_nought() {
        let money = |text| Cell::Money(Amount::parse(text).unwrap());
        let rows = vec![
            row("USD", money("1.10")),
            row("EUR", Cell::Unknown),
            row("USD", money("-3")),
            row("USD", Cell::Unknown),
        ];
        let table = Table { name: "t", title: "T", about: "", head: vec![], columns: COLUMNS, rows, notes: vec![] };
        let totals = table.totals();
        assert_eq!(totals.iter().map(|t| (t.currency.as_str(), t.rows)).collect::<Vec<_>>(), [("EUR", 1), ("USD", 3)]);
        assert_eq!(totals[0].sums, [("amount", Sum { amount: None, unknown: 1 })]);
        assert_eq!(totals[1].sums, [("amount", Sum { amount: Some(Amount::parse("-1.90").unwrap()), unknown: 1 })]);
    }

    #[test]
    fn numbers_are_grouped_and_outside_text_is_tamed() {
        for (plain, read) in
            [("0.00", "0.00"), ("-1234567.80", "-1,234,567.80"), ("999", "999"), ("≈-1000", "≈-1,000"), ("", "")]
        {
            assert_eq!(grouped(plain), read);
        }
        let outside = Cell::Text("a\u{202E}b\u{1b}[31m\nc".into());
        assert_eq!(outside.shown(), "a\\u{202e}b␛[31m c");
        assert_eq!((Cell::Percent(-5).plain(), Cell::Percent(182).plain()), ("-0.5".into(), "18.2".into()));
    }
}
