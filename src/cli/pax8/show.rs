//! Records as a person or a program wants them: a table, aligned lines, CSV, or as sent.
//!
//! Keeps the invariants that JSON is what Pax8 sent, digit for digit, and that CSV and tables go through the one renderer that
//! lets nothing steer a terminal or run in a spreadsheet.

use std::fmt::Write;

use serde_json::Value;

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Kind as Fault};
use crate::cli::pax8::lines::{aligned, list_in_words, of_record, part_in_words};
use crate::cli::pax8::names::Names;
use crate::cli::pax8::options::Format;
use crate::core::money::UnitPrice;
use crate::core::outside::harmless;
use crate::core::quantity::Quantity;
use crate::engine::pax8::{Answer, Ask, Field, Kind, Record, Remote, Resource};
use crate::report::table::Kind as Holds;
use crate::report::table::{Cell, Column, Table};
use crate::report::{csv, text};

/// Sends an answer to standard output. Who reads it as text sees names beside the ids, as far as they are known.
pub(super) async fn answer(
    context: &Context,
    remote: &Remote,
    ask: &Ask,
    answer: &Answer,
    format: Format,
) -> Result<(), CommandError> {
    // A question for one record, such as a product's dependencies, whose parts are lists.
    let is_one = ask.id().is_some();
    let ui = &context.ui;
    let names = match format {
        Format::Text => Names::of(context, remote, &answer.records).await,
        Format::Json | Format::Csv => Names::default(),
    };
    match (format, answer.records.as_slice()) {
        (Format::Json, [one]) if is_one => ui.result(json(one.json())),
        (Format::Json, records) => {
            let rows: Vec<String> = records.iter().map(|record| json(record.json()).trim_end().to_owned()).collect();
            ui.result(if rows.is_empty() { "[]\n".to_owned() } else { format!("[\n{}\n]\n", rows.join(",\n")) })
        }
        (Format::Text, [one]) if is_one => ui.result(record(one, &names)),
        (Format::Text, records) => {
            ui.result(text::render(&table(remote, ask.resource(), records, Some(&names)), ui.screen()))
        }
        (Format::Csv, records) => {
            let rendered = csv::render(&table(remote, ask.resource(), records, None));
            ui.result(rendered.map_err(|error| CommandError::new(Fault::Failed, error))?)
        }
    }
}

/// One record to standard output.
pub(super) fn one(context: &Context, remote: &Remote, shown: &Record, format: Format) -> Result<(), CommandError> {
    match format {
        Format::Json => context.ui.result(json(shown.json())),
        Format::Text => context.ui.result(record(shown, &Names::default())),
        Format::Csv => {
            let rendered = csv::render(&table(remote, shown.resource(), std::slice::from_ref(shown), None));
            context.ui.result(rendered.map_err(|error| CommandError::new(Fault::Failed, error))?)
        }
    }
}

/// A record, line by line, under what it is.
pub(super) fn record(record: &Record, names: &Names) -> String {
    let id = record.id().unwrap_or_default();
    let head = harmless(&format!("{} {id}", record.resource().name));
    format!("{}\n{}", head.trim_end(), aligned(&names.beside(of_record(record))))
}

/// JSON as sent, on a line end; the few characters that could steer a terminal are written by their numbers, which mean the same.
pub(in crate::cli) fn json(sent: &str) -> String {
    let mut out = String::with_capacity(sent.len().saturating_add(1));
    for c in sent.chars() {
        let is_plain = c != '\u{7f}' && (c.is_ascii() || harmless(c.encode_utf8(&mut [0; 4])).chars().eq([c]));
        if is_plain {
            out.push(c);
        } else {
            // Writing to a string does not fail.
            let _written = write!(out, "\\u{:04x}", u32::from(c));
        }
    }
    out.push('\n');
    out
}

/// So many columns stay on the narrowest terminal.
const COLUMNS_KEPT: usize = 3;

/// A column of a table and the path of its values.
struct Shown {
    path: String,
    kind: Kind,
}

/// The column of names that a screen has where a record holds a company's id alone.
const COMPANY_NAME: &str = "companyName";

/// For a screen with the names known, or for a file, which has every value as it was given.
fn table(remote: &Remote, of: &'static Resource, records: &[Record], screen: Option<&Names>) -> Table {
    let mut shown: Vec<Shown> = Vec::new();
    for path in of.columns {
        shown.push(Shown { path: (*path).to_owned(), kind: kind_of(path, of.fields).unwrap_or(Kind::Anything) });
    }
    // The ids of other records come last: they are the first to go where there is no room.
    shown.sort_by_key(|column| matches!(column.kind, Kind::Id) && column.path != "id");
    let is_named = |record: &Record| screen.is_some_and(|names| company_of(record, names).is_some());
    let has_id = of.columns.contains(&"companyId");
    if has_id && records.iter().any(is_named) && shown.iter().all(|column| column.path != COMPANY_NAME) {
        shown.insert(1.min(shown.len()), Shown { path: COMPANY_NAME.to_owned(), kind: Kind::Text });
    }
    let on_screen = shown.len();
    rest("", of.fields, &mut shown);
    let columns: Vec<Column> = shown
        .iter()
        .enumerate()
        .map(|(at, column)| {
            // The columns of a report live as long as the program; a command makes its own once.
            let name: &'static str = String::leak(column.path.clone());
            let made = Column::new(
                name,
                if screen.is_none() && is_day(column) { Holds::Text } else { holds(name, column.kind) },
            );
            match at {
                _ if at >= on_screen => made.in_files(),
                0..COLUMNS_KEPT => made,
                _ => made.when_wide(),
            }
        })
        .collect();
    let settings = remote.settings();
    let head = [("connection", settings.name.as_str()), ("environment", settings.environment.as_str())];
    Table {
        name: of.plural,
        title: of.plural,
        about: "Records as Pax8 holds them now",
        head: head.map(|(label, text)| (label.to_owned(), text.to_owned())).into(),
        columns: Vec::leak(columns),
        rows: records.iter().map(|record| shown.iter().map(|column| cell(record, column, screen)).collect()).collect(),
        notes: Vec::new(),
    }
}

/// The fields that are no column yet, for files.
fn rest(above: &str, fields: &[Field], shown: &mut Vec<Shown>) {
    for field in fields {
        let path = if above.is_empty() { field.name.to_owned() } else { format!("{above}.{}", field.name) };
        if let Kind::Object(inner) = field.kind {
            rest(&path, inner, shown);
        } else if !matches!(field.kind, Kind::Anything | Kind::Secret) && shown.iter().all(|column| column.path != path)
        {
            shown.push(Shown { path, kind: field.kind });
        }
    }
}

fn kind_of(path: &str, fields: &[Field]) -> Option<Kind> {
    let (name, inner) = path.split_once('.').map_or((path, None), |(name, inner)| (name, Some(inner)));
    let kind = fields.iter().find(|field| field.name == name)?.kind;
    match (inner, kind) {
        (None, kind) => Some(kind),
        (Some(inner), Kind::Object(fields)) => kind_of(inner, fields),
        (Some(_), _) => None,
    }
}

/// Numbers that count things rather than money.
const COUNTS: [&str; 4] = ["quantity", "errorThreshold", "commitmentTermInMonths", "lineItemNumber"];

/// What a cell tells of the parts of a list.
const PARTS: [(&str, &[&str]); 5] = [
    ("types", &["type", "primary"]),
    ("lineItems", &["quantity", "productId", "billingTerm", "subscriptionId"]),
    ("rates", &["partnerBuyRate", "suggestedRetailPrice", "startQuantityRange", "endQuantityRange", "chargeType"]),
    ("webhookTopics", &["topic"]),
    ("callHistory", &["status", "httpStatusCode", "errorMessage"]),
];

fn holds(path: &str, kind: Kind) -> Holds {
    match kind {
        Kind::Id => Holds::Id,
        Kind::Day => Holds::Date,
        Kind::Number if COUNTS.contains(&path) => Holds::Quantity,
        Kind::Number => Holds::UnitPrice,
        Kind::Text if path == "currencyCode" => Holds::Currency,
        Kind::Text
        | Kind::Flag
        | Kind::Word(_)
        | Kind::Term
        | Kind::Commitment
        | Kind::Texts
        | Kind::Object(_)
        | Kind::Objects(_)
        | Kind::Anything
        | Kind::Secret => Holds::Text,
    }
}

fn company_of<'n>(record: &Record, names: &'n Names) -> Option<&'n str> {
    names.get("companyId", &record.text("companyId")?)
}

fn is_day(column: &Shown) -> bool {
    matches!(column.kind, Kind::Day)
}

/// Days of which a screen shows the time too, where one is given: when something came to be.
const TIMED: [&str; 4] = ["createdDate", "updatedDate", "createdAt", "updatedAt"];

/// A moment as it was given, to the second: `2026-03-01 11:33:12 -0600`. Nothing where it says no more than its day.
fn timed(given: &str) -> Option<String> {
    let (day, time) = given.trim().split_once('T')?;
    let (clock, zone) = time.find(['Z', 'z', '+', '-']).map_or((time, ""), |at| time.split_at(at));
    let clock = clock.split('.').next().unwrap_or(clock);
    let says = clock.chars().any(|c| !matches!(c, '0' | ':'));
    says.then(|| format!("{day} {clock} {}", zone.replace(['Z', 'z'], "UTC")).trim_end().to_owned())
}

fn cell(record: &Record, column: &Shown, screen: Option<&Names>) -> Cell {
    if let Some(name) = screen.and_then(|names| company_of(record, names)).filter(|_| column.path == COMPANY_NAME) {
        return Cell::text(name);
    }
    if let Kind::Objects(fields) = column.kind {
        let only = PARTS.iter().find(|(name, _)| *name == column.path).map_or(&[][..], |(_, only)| *only);
        let parts = record.parts(&column.path).into_iter();
        let parts: Vec<String> = parts.map(|part| part_in_words(part, fields, only)).collect();
        let parts = parts.join("; ");
        let parts = screen.map_or_else(|| parts.clone(), |names| names.within(&parts));
        return if parts.is_empty() { Cell::Unknown } else { Cell::text(parts) };
    }
    if let (Kind::Texts, Some(Value::Array(texts))) = (column.kind, record.value(&column.path)) {
        return Cell::text(list_in_words(texts));
    }
    let Some(text) = record.text(&column.path) else { return Cell::Unknown };
    if is_day(column) {
        let time = || timed(&text).filter(|_| TIMED.contains(&column.path.as_str()));
        let shown = if screen.is_none() { Some(text.clone()) } else { time() };
        if let Some(shown) = shown {
            return Cell::text(shown);
        }
    }
    let read = match holds(&column.path, column.kind) {
        Holds::Date => record.day(&column.path).map(Cell::Date),
        // A screen shows two decimals of a quantity; one with more is shown as a price is, with all.
        Holds::Quantity => match Quantity::parse(&text).ok() {
            Some(quantity) if quantity.short_text() == quantity.plain_text() => Some(Cell::Quantity(quantity)),
            _ => UnitPrice::parse(&text).ok().map(Cell::UnitPrice),
        },
        Holds::UnitPrice => UnitPrice::parse(&text).ok().map(Cell::UnitPrice),
        Holds::Text | Holds::Id | Holds::Currency | Holds::Count | Holds::Money | Holds::Percent => None,
    };
    read.unwrap_or(Cell::Text(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_keeps_its_time_and_its_zone() {
        for (given, shown) in [
            ("2026-03-01T11:33:12.314-0600", Some("2026-03-01 11:33:12 -0600")),
            ("2026-03-01T08:30:00Z", Some("2026-03-01 08:30:00 UTC")),
            ("2026-03-01T00:00:09.5+00:00", Some("2026-03-01 00:00:09 +00:00")),
            ("2026-03-01T08:30:00", Some("2026-03-01 08:30:00")),
            ("2026-03-01T00:00:00.000-05:00", None),
            ("2026-03-01", None),
        ] {
            assert_eq!(timed(given).as_deref(), shown, "{given}");
        }
    }

    #[test]
    fn json_is_as_sent_but_for_what_steers_a_terminal() {
        let sent = "{\"price\": 12345678901234567.890,\n \"name\":\"Ünïcode\u{9b}31m\u{202e}\u{7f}\"}";
        let shown = json(sent);
        assert_eq!(shown, "{\"price\": 12345678901234567.890,\n \"name\":\"Ünïcode\\u009b31m\\u202e\\u007f\"}\n");
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(read(&shown), read(sent));
    }
}
