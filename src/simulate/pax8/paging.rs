//! Pax8's lists: filters, sorting, and one page of what is left.
//!
//! Invariant: the pages of a quiet listing add up to its `totalElements`; a parameter nobody documented changes nothing.

use axum::http::StatusCode;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Value, json};

use super::{Call, failure};
use crate::simulate::data::{File, Row};
use crate::simulate::faults::{Fault, Oversize};
use crate::simulate::json::{Object, spoil, window};
use crate::simulate::server::Answer;

/// The documented maximum of `size`.
const SIZE_MAX: usize = 200;
const SIZE_USUAL: usize = 10;

/// One page cut out of a list.
pub(super) struct Page {
    pub(super) content: Vec<Value>,
    size: usize,
    number: usize,
    total: usize,
}

impl Page {
    /// `size`, `totalElements`, `totalPages`, `number`.
    pub(super) fn figures(&self) -> Value {
        json!({
            "size": self.size,
            "totalElements": self.total,
            "totalPages": self.total.div_ceil(self.size),
            "number": self.number,
        })
    }
}

impl Call<'_> {
    /// A whole number of the query. The published description calls it a number, and clients made from that send 0.0; of
    /// webhooks it says an integer.
    fn asked(&self, name: &str, usual: usize) -> Option<usize> {
        match self.ask.query(name) {
            None => Some(usual),
            Some(text) if self.ask.path.starts_with("/api/") => text.parse().ok(),
            Some(text) => text.parse::<Decimal>().ok().filter(Decimal::is_integer)?.to_usize(),
        }
    }

    /// The page asked for, or why there is none.
    pub(super) fn cut<T>(&self, rows: &[T], show: impl Fn(&T) -> Value) -> Result<Page, Answer> {
        let refuse = |message: &str| failure(self.ask, StatusCode::BAD_REQUEST, message);
        let (number, size) = match (self.asked("page", 0), self.asked("size", SIZE_USUAL)) {
            (Some(page), Some(size)) if size > 0 => (page, size),
            _ => return Err(refuse("page or size is not valid")),
        };
        let size = match self.faults.oversize {
            Oversize::Refuse if size > SIZE_MAX => return Err(refuse("size must be at most 200")),
            Oversize::Clamp => size.min(SIZE_MAX),
            Oversize::Refuse | Oversize::Honour => size,
        };
        let range = window(rows.len(), number.saturating_mul(size), size, self.fired.shift());
        let rows_shown = rows.get(range).unwrap_or_default();
        let mut content: Vec<Value> = if self.state.turned {
            // the last page comes first, its last row at the head
            let end = rows.len().saturating_sub(number.saturating_mul(size));
            rows.get(end.saturating_sub(size)..end).unwrap_or_default().iter().rev().map(show).collect()
        } else {
            rows_shown.iter().map(show).collect()
        };
        if let Some(first) = content.first_mut().filter(|_| number == 0) {
            spoil(first, self.fired);
        }
        Ok(Page { content, size, number, total: rows.len() })
    }

    /// One page of rows, in Pax8's envelope.
    pub(super) fn page<T>(&self, rows: &[T], show: impl Fn(&T) -> Value) -> Answer {
        let page = match self.cut(rows, show) {
            Ok(page) => page,
            Err(refusal) => return refusal,
        };
        let figures = page.figures();
        let mut body = Object::new(false);
        if !(page.content.is_empty() && self.fired.has(Fault::NoContent)) {
            body = body.value("content", Value::Array(page.content));
        }
        if self.fired.has(Fault::NoTotals) {
            body = body.value("page", json!({ "size": page.size, "number": page.number }));
        } else if !self.fired.has(Fault::NoPaging) {
            body = body.value("page", figures);
        }
        Answer::ok(body.done())
    }

    /// Refuses a query whose numbers are none, or whose flags are neither true nor false.
    pub(super) fn check_query(&self, numbers: &[&'static str], flags: &[&'static str]) -> Result<(), Answer> {
        let is_number = |text: &str| text.parse::<Decimal>().is_ok();
        let is_flag = |text: &str| matches!(text.to_ascii_lowercase().as_str(), "true" | "false");
        let bad = |names: &[&'static str], good: &dyn Fn(&str) -> bool| {
            names.iter().copied().find(|name| self.ask.query(name).is_some_and(|text| !good(text)))
        };
        let found = bad(numbers, &is_number).or_else(|| bad(flags, &is_flag));
        let refuse = |name| Err(failure(self.ask, StatusCode::BAD_REQUEST, &format!("{name} is not valid")));
        found.map_or(Ok(()), refuse)
    }

    /// The rows of a file that meet every filter asked for, sorted as asked.
    pub(super) fn rows(&self, file: File, filters: &[&str], sorts: &[(&str, &str)]) -> Vec<Row<'_>> {
        let asked: Vec<(&str, &str)> = filters.iter().filter_map(|f| Some((*f, self.ask.query(f)?))).collect();
        let all = self.state.data.table(file).rows();
        let mut rows: Vec<Row<'_>> =
            all.filter(|row| asked.iter().all(|(f, wanted)| row.get(f).eq_ignore_ascii_case(wanted))).collect();
        let (field, direction) = self.sorting();
        if let Some((_, column)) = sorts.iter().find(|(name, _)| *name == field) {
            rows.sort_by_cached_key(|row| (row.get(column).parse::<Decimal>().ok(), row.get(column).to_owned()));
            if direction.eq_ignore_ascii_case("desc") {
                rows.reverse();
            }
        }
        rows
    }

    /// The field and direction of `sort`.
    pub(super) fn sorting(&self) -> (&str, &str) {
        self.ask.query("sort").map_or(("", ""), |s| s.split_once(',').unwrap_or((s, "asc")))
    }
}
