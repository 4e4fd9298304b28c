//! Questions put to Pax8 for a person: answered whole or in part, checked again, and with what is strange about the answer.
//!
//! Keeps the invariants that an answer says whether it is whole, that it is an answer to what was asked, and that no row is
//! dropped without a note.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::connectors::error::{ConnectorError, ErrorKind};
use crate::connectors::pax8::ask::{Ask, Shape};
use crate::connectors::pax8::invoices::end_rule;
use crate::connectors::pax8::query::Query;
use crate::connectors::pax8::read::Row;
use crate::connectors::pax8::record::{Record, Strange};
use crate::connectors::pax8::{Pax8, wire};
use crate::connectors::{Result, Watch};
use crate::core::billing::EndRule;
use crate::core::snapshot::Problem;

/// How much of a listing is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// So many rows from the start; proves nothing about the rest.
    First(usize),
    /// Every row, proven complete or an error.
    All,
}

/// What a question was answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The records, in the order of the source.
    pub records: Vec<Record>,
    /// How many the source announced.
    pub total: Option<u64>,
    /// Whether every row is here.
    pub whole: bool,
    /// What a person should know of it: filters that were not heeded, fields and words never seen before, rows that cannot be
    /// read.
    pub notes: Vec<Problem>,
}

impl Pax8 {
    /// Puts a question.
    ///
    /// # Errors
    /// What Pax8 said; [`ErrorKind::Incomplete`] where all was wanted and no reading proved to be all.
    pub async fn ask(&self, ask: &Ask, query: &Query, extent: Extent, watch: &dyn Watch) -> Result<Answer> {
        let path = self.address(&ask.path());
        let day = if let Ask::UsageLines { day, .. } = ask { Some(day.to_string()) } else { None };
        let mut parameters = query.parameters();
        parameters.extend(day.as_deref().map(|day| ("usageDate", day)));
        let what = ask.resource().plural;
        let (rows, total, whole) = match (ask.shape(), extent) {
            (Shape::One, _) => {
                let raw: Box<RawValue> = self.client().get_json(&path, &parameters).await?;
                (vec![Row::new(format!("GET {}", ask.path()), raw)], None, true)
            }
            (Shape::Unpaged, _) => {
                let reply: wire::Unpaged = self.client().get_json(&path, &parameters).await?;
                (super::read::numbered(&format!("GET {}", ask.path()), reply.content), None, true)
            }
            (Shape::Paged | Shape::Flat, Extent::First(most)) => {
                self.first(&path, &parameters, most, ask.shape() == Shape::Flat).await?
            }
            (Shape::Flat, Extent::All) => {
                let (rows, total, whole) = self.first(&path, &parameters, TOPICS_MAX, true).await?;
                if !whole {
                    let kind = ErrorKind::Limit(format!("more than {TOPICS_MAX} {what} are listed"));
                    return Err(ConnectorError::new(&self.settings().name, format!("GET {path}"), kind));
                }
                (rows, total, whole)
            }
            (Shape::Paged, Extent::All) => {
                let rows = self.reader().rows(&path, &parameters, what, watch).await?;
                let total = u64::try_from(rows.len()).ok();
                (rows, total, true)
            }
        };
        let answer = self.answer(ask, query, rows, (total, whole));
        if ask.shape() == Shape::One && answer.records.is_empty() {
            return Err(self.malformed(ask.path(), "the top", "expected one record, received none".to_owned()));
        }
        let found = answer.records.first().and_then(Record::id);
        match (ask.own_id(), found) {
            (Some(asked), Some(found)) if !asked.eq_ignore_ascii_case(&found) => {
                Err(self.malformed(ask.path(), "id", format!("expected the record {asked}, received {found}")))
            }
            _ => Ok(answer),
        }
    }

    pub(super) fn malformed(&self, path: impl std::fmt::Display, at: &str, what: String) -> ConnectorError {
        let kind = ErrorKind::Malformed { at: at.to_owned(), what };
        ConnectorError::new(&self.settings().name, format!("GET {path}"), kind)
    }

    /// Rows from the start, page by page.
    async fn first(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
        most: usize,
        flat: bool,
    ) -> Result<(Vec<Row>, Option<u64>, bool)> {
        let size = u64::from(self.settings().page_size).min(u64::try_from(most.max(1)).unwrap_or(u64::MAX));
        let (mut rows, mut total) = (Vec::new(), 0);
        for page in 0u64.. {
            let (number, wanted) = (page.to_string(), size.to_string());
            let mut query = parameters.to_vec();
            query.extend([("page", number.as_str()), ("size", wanted.as_str())]);
            let (content, meta) = if flat {
                let reply: FlatPage = self.client().get_json(path, &query).await?;
                (reply.content, reply.meta)
            } else {
                let reply: wire::Page = self.client().get_json(path, &query).await?;
                (reply.content, reply.page)
            };
            if meta.number != page {
                let what = format!("expected page {page}, received page {}", meta.number);
                return Err(self.malformed(path, "page.number", what));
            }
            total = meta.total_elements;
            let content = content.unwrap_or_default();
            let ended = content.is_empty();
            rows.extend(super::read::numbered(&format!("GET {path} page {page}"), content));
            if ended || rows.len() >= most || u64::try_from(rows.len()).unwrap_or(u64::MAX) >= total {
                break;
            }
        }
        rows.truncate(most);
        let whole = u64::try_from(rows.len()).is_ok_and(|count| count == total);
        Ok((rows, Some(total), whole))
    }

    fn answer(&self, ask: &Ask, query: &Query, rows: Vec<Row>, (total, whole): (Option<u64>, bool)) -> Answer {
        let at = format!("GET {}", ask.path());
        let (mut records, mut notes) = (Vec::new(), Vec::new());
        let mut unheeded: BTreeMap<&str, usize> = BTreeMap::new();
        let mut strange: BTreeSet<Strange> = BTreeSet::new();
        for row in rows {
            match row.record(ask.resource()) {
                Ok(record) => match query.breach(&record) {
                    Some(filter) => *unheeded.entry(filter).or_default() += 1,
                    None => {
                        strange.extend(record.strange());
                        records.push(record);
                    }
                },
                Err(problem) => notes.push(problem),
            }
        }
        for (filter, left_out) in unheeded {
            let what = format!("the filter {filter} was not heeded; {left_out} records that do not fit are left out");
            notes.push(Problem::new(&at, what));
        }
        notes.extend(strange.into_iter().map(|strange| Problem::new(&at, strange.to_string())));
        if ask.has_periods() {
            notes.extend(said(&at, &records));
        }
        Answer { records, total, whole, notes: self.client().clean(notes) }
    }
}

/// How the ends of periods are to be read.
fn said(at: &str, items: &[Record]) -> Option<Problem> {
    let periods = items.iter().filter_map(|item| Some((item.day("startPeriod")?, item.day("endPeriod"))));
    let rule = end_rule(periods)?;
    Some(Problem::new(at, said_of(rule)).field("endPeriod"))
}

/// A rule in words.
pub(super) fn said_of(rule: EndRule) -> &'static str {
    match rule {
        EndRule::Inclusive => "is the last day of its period",
        EndRule::Exclusive => "is the day after the last of its period",
        EndRule::Mixed => "is the last day of the period on some rows and the day after it on others",
    }
}

/// Topics are dozens.
const TOPICS_MAX: usize = 2_000;

/// A page whose numbers stand beside its rows.
#[derive(Deserialize)]
struct FlatPage {
    content: Option<Vec<Box<RawValue>>>,
    #[serde(flatten)]
    meta: wire::PageMeta,
}
