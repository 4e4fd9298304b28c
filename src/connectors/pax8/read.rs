//! Reading listings: pages into rows, rows into records and problems, one listing or many at a time.
//!
//! Keeps the invariant that every row of a reply ends as a record or as a problem that names page, record and field.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::NaiveDate;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::task::JoinSet;

use crate::connectors::error::{ConnectorError, ErrorKind};
use crate::connectors::http::{Client, decode};
use crate::connectors::listing::{About, Ask, Identity, Limits, Page, PageMeta, read_all};
use crate::connectors::pax8::field::{self, Flaw, same_case};
use crate::connectors::pax8::record::{Record, Resource};
use crate::connectors::pax8::wire;
use crate::connectors::{Result, Sink, Waiting, Watch, Watched, Way};
use crate::core::money::Currency;
use crate::core::reconcile::outcome::KeyPart;
use crate::core::record::Fingerprint;
use crate::core::snapshot::{Problem, Pulled};

/// Records read and problems met, in the order of the source.
pub(super) type Parts<R> = (Vec<R>, Vec<Problem>);

/// One row of a reply, not yet understood.
pub(super) struct Row {
    at: String,
    id: Option<String>,
    raw: Box<RawValue>,
}

impl Row {
    pub(super) fn new(at: String, raw: Box<RawValue>) -> Self {
        #[derive(Deserialize)]
        struct Peek {
            id: Option<String>,
        }
        let id = serde_json::from_str::<Peek>(raw.get()).ok().and_then(|peek| peek.id).map(same_case);
        Self { at, id, raw }
    }

    /// The row as a record of its kind, every field and digit kept.
    pub(super) fn record(&self, of: &'static Resource) -> std::result::Result<Record, Problem> {
        Record::read(of, self.raw.clone()).map_err(|flaw| self.problem(flaw))
    }

    /// A problem of this row, for what its reader found wrong.
    pub(super) fn problem(&self, flaw: Flaw) -> Problem {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Peek {
            company_id: Option<String>,
        }
        let company = serde_json::from_str::<Peek>(self.raw.get()).ok().and_then(|peek| peek.company_id);
        let customer = company.map(|id| KeyPart::Vendor(same_case(id).into()));
        let problem = Problem::new(&self.at, flaw.what).field(flaw.field).customer(customer);
        match &self.id {
            Some(id) => problem.record(id),
            None => problem,
        }
    }

    /// The day it was made, where it says so.
    fn made(&self) -> Option<NaiveDate> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Peek {
            created_date: Option<String>,
        }
        let created = serde_json::from_str::<Peek>(self.raw.get()).ok()?.created_date;
        field::day("createdDate", created).ok().flatten()
    }

    /// The row as the API spells it.
    pub(super) fn decode<W: DeserializeOwned>(&self) -> std::result::Result<W, Flaw> {
        if let Some(flaw) = Flaw::repeated(self.raw.get()) {
            return Err(flaw);
        }
        decode(self.raw.get().as_bytes()).map_err(|bad| {
            // The line and column would be those of the row alone.
            let what = bad.what.rsplit_once(" at line ").map_or(bad.what.as_str(), |(what, _)| what).to_owned();
            Flaw { field: bad.at, what }
        })
    }
}

const ROWS: Identity<Row> = Identity { id: |row| row.id.as_deref(), content: |row| row.raw.get(), made: None };

/// A row that was read on arrival: what it is told apart by, and what it became. The text it came as is let go.
struct Kept<R> {
    id: Option<String>,
    content: Option<Fingerprint>,
    made: Option<NaiveDate>,
    became: std::result::Result<R, Problem>,
}

const fn kept<R>(by_day: bool) -> Identity<Kept<R>> {
    Identity {
        id: |row| row.id.as_deref(),
        content: |row| row.content.as_ref().map_or("", Fingerprint::as_str),
        made: if by_day { Some(|row| row.made) } else { None },
    }
}

/// Parts what rows became: records are handed on, problems are held.
struct Parted<'s, R> {
    into: &'s mut dyn Sink<R>,
    problems: Vec<Problem>,
}

#[async_trait]
impl<R: Send> Sink<Kept<R>> for Parted<'_, R> {
    async fn take(&mut self, rows: Vec<Kept<R>>) -> Result<()> {
        let mut records = Vec::with_capacity(rows.len());
        for row in rows {
            match row.became {
                Ok(record) => records.push(record),
                Err(problem) => self.problems.push(problem),
            }
        }
        self.into.take(records).await
    }

    async fn again(&mut self) -> Result<()> {
        self.problems.clear();
        self.into.again().await
    }
}

/// A listing in pages.
#[derive(Clone, Copy)]
pub(super) struct Listing<'l> {
    path: &'l str,
    filters: &'l [(&'l str, &'l str)],
    what: &'l str,
    by_day: bool,
}

impl<'l> Listing<'l> {
    /// Called `what` where it is watched.
    pub(super) const fn of(path: &'l str, filters: &'l [(&'l str, &'l str)], what: &'l str) -> Self {
        Self { path, filters, what, by_day: false }
    }

    /// One that can be sorted by the day its records were made.
    pub(super) const fn by_day(self) -> Self {
        Self { by_day: true, ..self }
    }
}

/// Reads through one client; cheap to clone into tasks.
#[derive(Clone)]
pub(super) struct Reader {
    pub(super) client: Client,
    pub(super) name: Arc<str>,
    pub(super) page_size: u32,
    pub(super) at_once: usize,
    /// What is meant where a record says no currency.
    pub(super) currency: Option<Currency>,
}

impl Reader {
    /// What was read, with problems that name no secret.
    pub(super) fn judged<R>(&self, records: Vec<R>, problems: Vec<Problem>) -> Pulled<R> {
        Pulled::judge(records, self.client.clean(problems))
    }

    /// Every row of a paged listing, as it came.
    pub(super) async fn rows(
        &self,
        path: &str,
        filters: &[(&str, &str)],
        what: &str,
        watch: &dyn Watch,
    ) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        self.listed(Listing::of(path, filters, what), &ROWS, watch, &mut rows, Arc::new(|row, _| row)).await?;
        Ok(rows)
    }

    /// Every record of a paged listing, and what could not be read; `read` is told each row's place, from 0.
    pub(super) async fn records<W: DeserializeOwned, R: Send + Sync + 'static>(
        &self,
        listing: Listing<'_>,
        watch: &dyn Watch,
        read: impl Fn(usize, W) -> std::result::Result<R, Flaw> + Send + Sync + 'static,
    ) -> Result<Parts<R>> {
        let mut records = Vec::new();
        let problems = self.records_into(listing, &mut records, watch, read).await?;
        Ok((records, problems))
    }

    /// As [`Reader::records`]; the records are handed on page by page.
    pub(super) async fn records_into<W: DeserializeOwned, R: Send + Sync + 'static>(
        &self,
        listing: Listing<'_>,
        into: &mut dyn Sink<R>,
        watch: &dyn Watch,
        read: impl Fn(usize, W) -> std::result::Result<R, Flaw> + Send + Sync + 'static,
    ) -> Result<Vec<Problem>> {
        let by_day = listing.by_day;
        let identity = kept(by_day);
        let make = move |row: Row, place| {
            let became = row.decode().and_then(|wire| read(place, wire)).map_err(|flaw| row.problem(flaw));
            // Its id tells it apart; the content would only take room.
            let content = if row.id.is_some() { None } else { Some(Fingerprint::of(row.raw.get().as_bytes())) };
            Kept { content, made: if by_day { row.made() } else { None }, became, id: row.id }
        };
        let mut parted = Parted { into, problems: Vec::new() };
        self.listed(listing, &identity, watch, &mut parted, Arc::new(make)).await?;
        Ok(parted.problems)
    }

    async fn listed<T: Send + Sync + 'static>(
        &self,
        Listing { path, filters, what, .. }: Listing<'_>,
        identity: &Identity<T>,
        watch: &dyn Watch,
        into: &mut dyn Sink<T>,
        make: Arc<dyn Fn(Row, usize) -> T + Send + Sync>,
    ) -> Result<()> {
        let operation = format!("GET {path}");
        let about = About { connector: &self.name, operation: &operation };
        let watched = Watched::listing(watch, &self.name, what);
        let owned = |text: &str| text.to_owned();
        let filters: Arc<[(String, String)]> =
            filters.iter().map(|(name, value)| (owned(name), owned(value))).collect();
        let path: Arc<str> = path.into();
        let limits = Limits { at_once: self.at_once, ..Limits::default() };
        let page = |ask| {
            let (reader, path, filters, make) = (self.clone(), path.clone(), filters.clone(), make.clone());
            async move { reader.page(&path, &filters, ask, &*make).await }
        };
        self.client.watched(&watched, read_all(about, limits, identity, &watched, into, page)).await
    }

    async fn page<T>(
        &self,
        path: &str,
        filters: &[(String, String)],
        ask: Ask,
        make: &(dyn Fn(Row, usize) -> T + Send + Sync),
    ) -> Result<Page<T>> {
        let (number, size, sort) = match ask {
            Ask::Page { reading, page } => (page, self.page_size_of(reading), None),
            Ask::Newest { page } => (page, self.page_size, Some(("sort", "createdDate,desc"))),
        };
        let (page, size) = (number.to_string(), size.to_string());
        let mut query: Vec<(&str, &str)> =
            filters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        query.extend([("page", page.as_str()), ("size", size.as_str())]);
        query.extend(sort);
        let reply: wire::Page = self.client.get_json(path, &query).await?;
        let wire::PageMeta { size, total_elements, total_pages, number: told } = reply.page;
        let before = usize::try_from(number.saturating_mul(size)).unwrap_or(usize::MAX);
        let rows = reply.content.map(|rows| {
            let rows = numbered(&format!("GET {path} page {number}"), rows).into_iter().enumerate();
            rows.map(|(place, row)| make(row, before.saturating_add(place))).collect()
        });
        Ok(Page { rows, meta: PageMeta { size, total_elements, total_pages, number: told } })
    }

    /// One row less on every other reading, so that pages are cut at other places.
    fn page_size_of(&self, reading: u32) -> u32 {
        match (reading % 2, self.page_size) {
            (0, size) => size,
            (_, 1) => 2,
            (_, size) => size.saturating_sub(1),
        }
    }

    /// Every row of a listing that has no pages.
    pub(super) async fn unpaged(&self, path: &str) -> Result<Vec<Row>> {
        let reply: wire::Unpaged = self.client.get_json(path, &[]).await?;
        Ok(numbered(&format!("GET {path}"), reply.content))
    }

    /// The same reading for many ids, a few at once; the parts are joined in the order of the ids.
    pub(super) async fn each<I, R, F>(
        &self,
        ids: Vec<I>,
        what: &str,
        watch: &dyn Watch,
        read: impl Fn(Self, I) -> F,
    ) -> Result<Parts<R>>
    where
        R: Send + 'static,
        F: Future<Output = Result<Parts<R>>> + Send + 'static,
    {
        let watched = Watched::listing(watch, &self.name, what);
        self.client.watched(&watched, self.each_of(ids, what, &watched, read)).await
    }

    async fn each_of<I, R, F>(
        &self,
        ids: Vec<I>,
        what: &str,
        watched: &Watched<'_>,
        read: impl Fn(Self, I) -> F,
    ) -> Result<Parts<R>>
    where
        R: Send + 'static,
        F: Future<Output = Result<Parts<R>>> + Send + 'static,
    {
        let all = ids.len();
        watched.progress(0, Way::parts(0, all));
        let mut ids = ids.into_iter().enumerate().fuse();
        let mut running = JoinSet::new();
        let (mut done, mut count) = (BTreeMap::new(), 0u64);
        loop {
            while running.len() < self.at_once
                && let Some((place, id)) = ids.next()
            {
                let reading = read(self.clone(), id);
                running.spawn(async move { reading.await.map(|read| (place, read)) });
            }
            match running.join_next().await {
                None => return Ok(joined(done.into_values())),
                Some(Ok(read)) => {
                    let (place, read) = read?;
                    count = count.saturating_add(u64::try_from(read.0.len()).unwrap_or(u64::MAX));
                    done.insert(place, read);
                    watched.progress(count, Way::parts(done.len(), all));
                }
                Some(Err(lost)) => {
                    let kind = ErrorKind::Transient(format!("a reading was lost: {lost}"));
                    return Err(ConnectorError::new(&*self.name, what, kind));
                }
            }
        }
    }
}

/// Watches one of several listings that are told as one: counts on from the earlier ones.
pub(super) struct Onward<'w> {
    pub(super) whole: &'w Watched<'w>,
    /// So many records they had.
    pub(super) before: usize,
    /// So many listings they were, of how many.
    pub(super) number: usize,
    pub(super) of: usize,
}

impl Watch for Onward<'_> {
    fn progress(&self, _what: &str, records: u64, way: Way) {
        let mut parts = Way::parts(self.number, self.of);
        if let (Way::Parts { within, .. }, Way::Records(total)) = (&mut parts, way) {
            *within = Some((records, total)).filter(|_| records < total);
        }
        self.whole.progress(records.saturating_add(u64::try_from(self.before).unwrap_or(u64::MAX)), parts);
    }

    fn waiting(&self, _what: &str, pause: Duration, why: &Waiting) {
        self.whole.waiting(pause, why);
    }
}

/// The rows of a reply, each with its place, from 1.
pub(super) fn numbered(at: &str, rows: Vec<Box<RawValue>>) -> Vec<Row> {
    rows.into_iter().zip(1u64..).map(|(raw, place)| Row::new(format!("{at} row {place}"), raw)).collect()
}

/// Rows into records; what cannot be read becomes a problem and the rest goes on.
pub(super) fn convert<W: DeserializeOwned, R>(
    rows: &[Row],
    mut read: impl FnMut(usize, W) -> std::result::Result<R, Flaw>,
) -> Parts<R> {
    let (mut records, mut problems) = (Vec::with_capacity(rows.len()), Vec::new());
    for (place, row) in rows.iter().enumerate() {
        match row.decode().and_then(|wire| read(place, wire)) {
            Ok(record) => records.push(record),
            Err(flaw) => problems.push(row.problem(flaw)),
        }
    }
    (records, problems)
}

/// The parts of many readings as one.
fn joined<R>(many: impl Iterator<Item = Parts<R>>) -> Parts<R> {
    let (mut records, mut problems) = (Vec::new(), Vec::new());
    for (more_records, more_problems) in many {
        records.extend(more_records);
        problems.extend(more_problems);
    }
    (records, problems)
}

/// One of many ids that the remote no longer knows is a problem of that id, not of the whole reading.
pub(super) fn gone_is_a_problem<R>(path: &str, id: &str, read: Result<Parts<R>>) -> Result<Parts<R>> {
    match read {
        Err(ConnectorError { kind: ErrorKind::NotFound(said), .. }) => {
            let what = format!(
                "expected a listing, the remote has none ({said}); read again, the record may have gone meanwhile"
            );
            Ok((Vec::new(), vec![Problem::new(format!("GET {path}"), what).record(id)]))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_names_the_customer_where_the_row_does() {
        for (row, customer) in [
            (r#"{"id":"L1","companyId":"c-7","quantity":"1O"}"#, Some(KeyPart::Vendor("c-7".into()))),
            (r#"{"id":"L1","companyId":7}"#, None),
            (r#"{"id":"L1"}"#, None),
        ] {
            let row = Row::new("GET /x row 1".to_owned(), RawValue::from_string(row.to_owned()).unwrap());
            let problem = row.problem(Flaw { field: "quantity".into(), what: "is no number".into() });
            assert_eq!((problem.record.as_deref(), problem.customer), (Some("L1"), customer));
        }
    }

    #[test]
    fn a_key_that_a_row_has_twice_is_a_problem_whether_it_is_known_or_not() {
        for (row, field) in [
            (r#"{"id":"L1","quantity":1,"quantity":2}"#, "quantity"),
            (r#"{"id":"L1","commitment":{"term":"a","new":1,"new":2}}"#, "commitment.new"),
        ] {
            let row = Row::new("GET /x row 1".to_owned(), RawValue::from_string(row.to_owned()).unwrap());
            let told = format!("GET /x row 1, record L1, field {field}: expected the key once, found it twice");
            let read = row.decode::<wire::Subscription>().map_err(|flaw| row.problem(flaw).to_string());
            assert_eq!(read.map(drop), Err(told.clone()));
            let kept = row.record(&crate::connectors::pax8::subscriptions::SUBSCRIPTION);
            assert_eq!(kept.map(drop).map_err(|problem| problem.to_string()), Err(told));
        }
    }
}
