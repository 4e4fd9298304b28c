//! Filters and sort fields, as documented for each question.
//!
//! Keeps the invariants that a filter or a sort field nobody documents cannot be asked for, since Pax8 ignores what it does not
//! know and answers everything, and that what was asked for is checked again on what came back.

use serde_json::Value;

use crate::connectors::pax8::ask::Ask;
use crate::connectors::pax8::field;
use crate::connectors::pax8::record::{Kind, Record, same_word};
use crate::connectors::pax8::request::Invalid;
use crate::connectors::pax8::term::BillingTerm;
use crate::core::money;
use crate::core::nearest::nearest;
use crate::core::outside::excerpt;
use crate::core::period::iso_day;

/// How a sort field is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortStyle {
    /// `name` or `name,desc`.
    Bare,
    /// `price,asc` or `price,desc`.
    Both,
    /// `name:asc` or `name:desc`.
    Colon,
}

/// One filter of a listing.
#[derive(Debug, Clone, Copy)]
pub struct Filter {
    /// As the API spells it.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// How it is checked again.
    pub(super) check: Check,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Check {
    /// This field must say the same.
    Is(&'static str),
    /// This day must not be before.
    From(&'static str),
    /// This day must not be after.
    To(&'static str),
    /// Rows may spell it differently, or not hold it.
    Never,
}

/// Filters and a sort field of a question, each as documented.
#[derive(Debug, Clone, Default)]
pub struct Query {
    filters: Vec<(Filter, String)>,
    sort: Option<String>,
}

impl Query {
    /// Adds a filter of a question.
    ///
    /// # Errors
    /// [`Invalid`] for a filter the question does not know, or a value it does not take.
    pub fn with(mut self, ask: &Ask, name: &str, value: &str) -> Result<Self, Invalid> {
        let Some(filter) = ask.filters().iter().find(|filter| filter.name == name) else {
            let known: Vec<&str> = ask.filters().iter().map(|filter| filter.name).collect();
            return Err(unknown("filter", name, &known));
        };
        self.filters.push((*filter, filter.taken(value)?));
        Ok(self)
    }

    /// Sorts by a field of a question.
    ///
    /// # Errors
    /// [`Invalid`] for a field the question cannot be sorted by.
    pub fn sorted(mut self, ask: &Ask, field: &str, descending: bool) -> Result<Self, Invalid> {
        let (known, style) = ask.sorts();
        if !known.contains(&field) {
            return Err(unknown("sort field", field, known));
        }
        self.sort = Some(match (style, descending) {
            (SortStyle::Bare, false) => field.to_owned(),
            (SortStyle::Bare | SortStyle::Both, true) => format!("{field},desc"),
            (SortStyle::Both, false) => format!("{field},asc"),
            (SortStyle::Colon, descending) => format!("{field}:{}", if descending { "desc" } else { "asc" }),
        });
        Ok(self)
    }

    /// As parameters.
    pub(super) fn parameters(&self) -> Vec<(&str, &str)> {
        let filters = self.filters.iter().map(|(filter, value)| (filter.name, value.as_str()));
        filters.chain(self.sort.as_deref().map(|sort| ("sort", sort))).collect()
    }

    /// The first filter a record does not fit.
    pub(super) fn breach(&self, record: &Record) -> Option<&'static str> {
        self.filters.iter().find(|(filter, value)| !filter.fits(record, value)).map(|(filter, _)| filter.name)
    }
}

fn unknown(what: &str, name: &str, known: &[&str]) -> Invalid {
    let near = nearest(name, known.iter().copied()).map_or_else(String::new, |near| format!("; the nearest is {near}"));
    let listed = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Invalid::new(&format!("{what} {}", excerpt(name, 40)), format!("is not known here; there are {listed}{near}"))
}

impl Filter {
    /// The words it takes, where they are a closed set.
    #[must_use]
    pub fn words(&self) -> &'static [&'static str] {
        if let Kind::Word(words) = self.kind { words } else { &[] }
    }

    /// A value as the API spells it.
    fn taken(&self, value: &str) -> Result<String, Invalid> {
        let value = value.trim();
        let wrong =
            |expected: &str| Err(Invalid::new(self.name, format!("expected {expected}; found {}", excerpt(value, 40))));
        match self.kind {
            Kind::Flag => match value {
                "true" | "yes" => Ok("true".to_owned()),
                "false" | "no" => Ok("false".to_owned()),
                _ => wrong("yes or no"),
            },
            Kind::Day => iso_day(value).map(|day| day.to_string()).map_or_else(|| wrong("a day like 2026-03-01"), Ok),
            Kind::Number => money::exact(value).map(money::plain).or_else(|_| wrong("a number")),
            Kind::Word(words) => match words.iter().find(|word| same_word(word, value)) {
                Some(word) => Ok((*word).to_owned()),
                None => wrong(&words.join(", ")),
            },
            Kind::Term => {
                let term = BillingTerm::of(value);
                let is_known = !matches!(term, BillingTerm::Other(_));
                if is_known { Ok(term.as_str().to_owned()) } else { wrong("a billing term like Monthly or Annual") }
            }
            Kind::Text
            | Kind::Id
            | Kind::Commitment
            | Kind::Texts
            | Kind::Object(_)
            | Kind::Objects(_)
            | Kind::Anything
            | Kind::Secret => {
                let is_one_line = !value.is_empty() && !value.chars().any(char::is_control);
                if is_one_line { Ok(value.to_owned()) } else { wrong("a text") }
            }
        }
    }

    /// Whether a record fits; one that does not say fits.
    fn fits(&self, record: &Record, value: &str) -> bool {
        let (Check::Is(path) | Check::From(path) | Check::To(path)) = self.check else { return true };
        let (Some(found), Some(shown)) = (record.value(path), record.text(path)) else { return true };
        match (self.check, self.kind) {
            (Check::From(_) | Check::To(_), _) | (_, Kind::Day) => {
                let (Some(day), Some(asked)) = (record.day(path), iso_day(value)) else { return true };
                match self.check {
                    Check::From(_) => day >= asked,
                    Check::To(_) => day <= asked,
                    Check::Is(_) | Check::Never => day == asked,
                }
            }
            (_, Kind::Number) => match (money::exact(&shown), money::exact(value)) {
                (Ok(found), Ok(asked)) => found == asked,
                _ => true,
            },
            (_, Kind::Flag) => found == &Value::Bool(value == "true"),
            (_, Kind::Term) => BillingTerm::of(&shown) == BillingTerm::of(value),
            (_, Kind::Word(_)) => same_word(&shown, value),
            (_, Kind::Id) => field::same_case(shown) == field::same_case(value.to_owned()),
            _ => shown.trim().to_lowercase() == value.to_lowercase(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;
    use crate::connectors::pax8::invoices::INVOICE;

    #[test]
    fn filters_are_checked_again_whatever_the_spelling() {
        let invoice =
            r#"{"id":"A","invoiceDate":"2026-03-01T00:00:00Z","status":"nothing_due","total":10.50,"companyId":null}"#;
        let record = Record::read(&INVOICE, RawValue::from_string(invoice.to_owned()).unwrap()).unwrap();
        for (name, value, breach) in [
            ("status", "Nothing Due", false),
            ("status", "Paid", true),
            ("invoiceDate", "2026-03-01", false),
            ("invoiceDateRangeStart", "2026-03-01", false),
            ("invoiceDateRangeStart", "2026-03-02", true),
            ("invoiceDateRangeEnd", "2026-03-01", false),
            ("invoiceDateRangeEnd", "2026-02-28", true),
            ("total", "10.5", false),
            ("total", "10.51", true),
            // A row that does not say is kept.
            ("companyId", "c1", false),
            ("dueDate", "2026-03-15", false),
        ] {
            let query = Query::default().with(&Ask::Invoices, name, value).unwrap();
            assert_eq!(query.breach(&record).is_some(), breach, "{name}={value}");
        }
        let sorted = |ask: &Ask, field, down| Query::default().sorted(ask, field, down).unwrap().sort.unwrap();
        assert_eq!(sorted(&Ask::Companies, "name", false), "name");
        assert_eq!(sorted(&Ask::Invoices, "total", true), "total,desc");
        assert_eq!(sorted(&Ask::Subscriptions, "price", false), "price,asc");
        assert_eq!(sorted(&Ask::Webhooks, "createdAt", true), "createdAt:desc");
        for (name, value) in [("invoiceDate", "01/03/2026"), ("total", "1O"), ("companyId", ""), ("status", "Overdue")]
        {
            assert!(Query::default().with(&Ask::Invoices, name, value).is_err(), "{name}={value}");
        }
    }
}
