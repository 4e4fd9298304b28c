//! Reading one list, page by page, to its proven end.
//!
//! Keeps the invariant that rows are handed on only when the list is whole: the end was seen and not guessed from a short
//! page, no row came twice, announced totals stayed the same and were met, and the list is proven complete as `listing.rs` has
//! it. Pages are bounded, and a list that leads back to itself is an error.
//!
//! What proves a list complete, by the way it is cut:
//! - `none`: it came as one answer, made at one moment. So did a list of any other kind that ends with its first page.
//! - `offset`, `number`: pages are counted, so a row that goes moves those behind it over the edge of a page that was read, and
//!   another that comes makes up for it in every count. Two readings in a row must meet the same rows.
//! - `link`, `cursor`, `next_url`: the mark is the server's business. Where it stood for "behind this id" and rows came in the
//!   order of their ids, no row could slip past; but a file cannot promise that, and many marks are a counted place in disguise
//!   (ConnectWise links to page numbers). So these are read twice as well.
//!
//! Why two suffice: where the last page, or a count after it, says as many rows as were read, and one that is there was missed,
//! one that was read is gone; it is not in the next reading. The same holds without a total in a list that keeps its order: a
//! row is missed only when one before it, read already, goes. Without total and without order nothing could be proven: a file
//! whose list says no total orders it by a key that stays.

use std::collections::BTreeSet;
use std::pin::Pin;

use reqwest::Url;
use reqwest::header::{HeaderMap, LINK};
use serde_json::Value;

use super::answers::Test;
use super::codec::{shown, text_of};
use super::language::{Page, Size};
use super::path::Path;
use super::statement::Words;
use crate::connectors::error::{ConnectorError, ErrorKind};
use crate::connectors::http::{Client, PathStep, Reply, Undecodable, path_of, repeated};
use crate::connectors::listing::{About, Disagreement, Met, READINGS_MAX, Read, Readings};
use crate::connectors::{Result, Watched, Way};

const PAGES_MAX: usize = 20_000;
const ROWS_MAX: usize = 5_000_000;

/// One list to read.
pub(super) struct Listing<'l> {
    pub(super) connector: &'l str,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    /// What it is asked with, where it is asked for by POST.
    pub(super) body: Option<Value>,
    /// Whether what asks for a page is part of that.
    pub(super) in_body: bool,
    /// The statement it is asked with, which what asks for a page is part of then.
    pub(super) statement: Option<Words>,
    pub(super) records: Path,
    /// What an answer says that has no list because there are no rows.
    pub(super) empty: Option<Test>,
    pub(super) page: &'l Page,
    /// Where a row has its id.
    pub(super) id: &'l Path,
    /// Address and place of a count beside the list, and whether it is asked with the body of that.
    pub(super) count: Option<(String, Path, bool)>,
    pub(super) url_max: Option<usize>,
}

/// A row and the request it came with.
pub(super) struct Found {
    pub(super) at: String,
    pub(super) row: Value,
}

/// Why a reading did not come to its end.
enum Stop {
    Failed(ConnectorError),
    /// The list changed meanwhile; another reading may succeed.
    Moved(String),
}

impl From<ConnectorError> for Stop {
    fn from(error: ConnectorError) -> Self {
        Self::Failed(error)
    }
}

type Step<T> = std::result::Result<T, Stop>;

/// One call.
struct Call {
    address: String,
    query: Vec<(String, String)>,
    body: Option<Value>,
}

/// One answer.
struct Answer {
    body: Value,
    next_link: Option<String>,
}

/// An answer under way.
type Answering = Pin<Box<dyn Future<Output = Result<Answer>> + Send>>;

/// What asks for the next page.
enum Next {
    Parameter(String, String),
    Address(String),
}

/// One reading so far.
#[derive(Default)]
struct Reading {
    rows: Vec<Found>,
    met: Met,
    asked: BTreeSet<String>,
    pages: usize,
    total: Option<u64>,
    announced_pages: Option<u64>,
    counted: Option<u64>,
}

impl Listing<'_> {
    /// Every row, or why they cannot all be had.
    pub(super) async fn read(&self, client: &Client, watched: Option<&Watched<'_>>) -> Result<Vec<Found>> {
        self.proven(client.located().await?, &self.through(client), watched).await
    }

    /// The first page alone, for a check.
    pub(super) async fn first_page(&self, client: &Client) -> Result<Vec<Found>> {
        let first = self.once(client.located().await?, &self.through(client), None, 1).await;
        first.map(|reading| reading.rows).map_err(|stop| match stop {
            Stop::Failed(error) => error,
            Stop::Moved(what) => self.error(ErrorKind::Incomplete(what)),
        })
    }

    /// Makes calls through a client.
    fn through(&self, client: &Client) -> impl Fn(Call) -> Answering + Send + Sync {
        let rel = match self.page {
            Page::Link { rel, .. } => Some(rel.clone()),
            Page::None { .. }
            | Page::Cursor { .. }
            | Page::Offset { .. }
            | Page::Number { .. }
            | Page::NextUrl { .. } => None,
        };
        let (client, records, id) = (client.clone(), self.records.clone(), self.id.clone());
        move |call| {
            let (client, rel, records, id) = (client.clone(), rel.clone(), records.clone(), id.clone());
            Box::pin(async move {
                let query: Vec<(&str, &str)> = call.query.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
                let read = |reply: &Reply| {
                    let next_link = rel.as_deref().and_then(|rel| link(&reply.headers, rel));
                    decoded(&reply.body, &records, &id).map(|body| Answer { body, next_link })
                };
                let body = call.body.as_ref().map(Value::to_string);
                client.ask_with(&call.address, &query, body.as_deref(), read).await
            })
        }
    }

    async fn proven<C>(&self, base: &str, call: &C, watched: Option<&Watched<'_>>) -> Result<Vec<Found>>
    where
        C: Fn(Call) -> Answering + Send + Sync,
    {
        let operation = self.operation();
        let mut readings = Readings::of(About { connector: self.connector, operation: &operation });
        for _ in 0..READINGS_MAX {
            let (rows, read) = match self.once(base, call, watched, usize::MAX).await {
                Ok(Reading { rows, met, pages, .. }) => {
                    let read = Read { met, rows: count_of(&rows), proven: pages == 1 };
                    (rows, Ok(read))
                }
                Err(Stop::Moved(what)) => (Vec::new(), Err(Disagreement(what))),
                Err(Stop::Failed(error)) => return Err(error),
            };
            if readings.prove(read) {
                return Ok(rows);
            }
        }
        Err(readings.given_up())
    }

    async fn once<C>(&self, base: &str, call: &C, watched: Option<&Watched<'_>>, pages: usize) -> Step<Reading>
    where
        C: Fn(Call) -> Answering + Send + Sync,
    {
        let mut reading = Reading::default();
        let mut next = self.first();
        loop {
            let answer = self.ask(base, call, next.as_ref()).await?;
            let here = self.take(&mut reading, &answer)?;
            if let Some(watched) = watched {
                let way = reading.total.or(reading.counted).map_or(Way::Open, Way::Records);
                watched.progress(count_of(&reading.rows), way);
            }
            if reading.pages >= pages {
                return Ok(reading);
            }
            next = self.next(base, &mut reading, &answer, here)?;
            if next.is_none() {
                break;
            }
            if reading.pages == 1 {
                reading.counted = self.ask_count(call).await?;
            }
        }
        self.judge(call, &reading).await?;
        Ok(reading)
    }

    /// What the plain address lacks to ask for the first page.
    fn first(&self) -> Option<Next> {
        match self.page {
            Page::None { .. } | Page::Link { .. } | Page::Cursor { .. } | Page::NextUrl { .. } => None,
            Page::Offset { offset, first, .. } => Some(Next::Parameter(offset.clone(), first.unwrap_or(0).to_string())),
            Page::Number { page, first, .. } => Some(Next::Parameter(page.clone(), first.to_string())),
        }
    }

    async fn ask<C>(&self, base: &str, call: &C, next: Option<&Next>) -> Result<Answer>
    where
        C: Fn(Call) -> Answering + Send + Sync,
    {
        let mut query = self.query.clone();
        let mut body = self.body.clone();
        let size = size_of(self.page).map(|size| (size.param.clone(), Value::from(size.value)));
        let mut asked: Vec<(String, Value)> = size.into_iter().collect();
        let mut address = self.path.clone();
        match next {
            None => {}
            Some(Next::Parameter(name, value)) => asked.push((name.clone(), mark(self.page, value))),
            Some(Next::Address(url)) => {
                address.clone_from(url);
                query.clear();
                asked.retain(|_| self.in_body);
            }
        }
        let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match (body.as_mut().and_then(Value::as_object_mut).filter(|_| self.in_body), &self.statement) {
            (Some(members), _) => members.extend(asked),
            (None, Some(statement)) => {
                // where the page begins, then how many rows it has
                query.push(statement.paged(asked.into_iter().rev().map(|(name, value)| (name, text(value)))));
            }
            (None, None) => query.extend(asked.into_iter().map(|(name, value)| (name, text(value)))),
        }
        if let Some(most) = self.url_max {
            let long = base.len()
                + address.len()
                + query.iter().map(|(name, value)| name.len() + value.len() + 2).sum::<usize>();
            if long > most {
                return Err(self.error(ErrorKind::Limit(format!("the address has {long} characters, {most} go"))));
            }
        }
        call(Call { address, query, body }).await
    }

    /// Takes an answer's rows in; says how many there were.
    fn take(&self, reading: &mut Reading, answer: &Answer) -> Step<usize> {
        reading.pages += 1;
        let at = self.place(reading.pages);
        let rows = match (self.records.get(&answer.body), &answer.body) {
            // a short list may come without what is around it
            (Some(Value::Array(rows)), _) | (None, Value::Array(rows)) => rows.as_slice(),
            (None, body) if self.empty.as_ref().is_some_and(|empty| empty.holds(body)) => &[],
            (found, _) => {
                let found = found.map_or_else(|| "nothing".to_owned(), shown);
                return Err(self.malformed(&at, format!("a list of rows expected, found {found}")).into());
            }
        };
        if let Page::None { at_most } = self.page
            && rows.len() > *at_most
        {
            let what = format!("{} rows, and the file allows {at_most} for this list", rows.len());
            return Err(self.error(ErrorKind::Limit(what)).into());
        }
        if reading.rows.len().saturating_add(rows.len()) > ROWS_MAX || reading.pages > PAGES_MAX {
            let what = format!("more than {ROWS_MAX} rows or {PAGES_MAX} pages; narrow the list in the connector file");
            return Err(self.error(ErrorKind::Limit(what)).into());
        }
        for row in rows {
            match self.id.get(row).map(text_of) {
                Some(Ok(id)) if !reading.met.id(&id) => {
                    return Err(Stop::Moved(format!("{id} was listed twice, so rows moved while the list was read")));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => reading.met.content(&row.to_string()),
            }
            reading.rows.push(Found { at: at.clone(), row: row.clone() });
        }
        self.note_totals(reading, answer, &at)?;
        Ok(rows.len())
    }

    /// Keeps announced totals, which must stay the same.
    fn note_totals(&self, reading: &mut Reading, answer: &Answer, at: &str) -> Step<()> {
        let (total, pages) = match self.page {
            Page::None { .. } | Page::Link { .. } => (None, None),
            Page::Cursor { total, .. } | Page::Offset { total, .. } | Page::NextUrl { total, .. } => {
                (total.as_ref(), None)
            }
            Page::Number { total, pages, .. } => (total.as_ref(), pages.as_ref()),
        };
        for (path, held, what) in
            [(total, &mut reading.total, "total"), (pages, &mut reading.announced_pages, "number of pages")]
        {
            let Some(path) = path else { continue };
            let found = self.parsed(path)?.get(&answer.body).and_then(whole_number);
            let found = found
                .ok_or_else(|| self.malformed(at, format!("the {what} is expected at `{path}`, there is no number")))?;
            if held.is_some_and(|held| held != found) {
                return Err(Stop::Moved(format!("the {what} changed from {} to {found}", held.unwrap_or_default())));
            }
            *held = Some(found);
        }
        Ok(())
    }

    /// What asks for the page after this one; `None` at the end.
    fn next(&self, base: &str, reading: &mut Reading, answer: &Answer, here: usize) -> Step<Option<Next>> {
        let seen = count_of(&reading.rows);
        let past_total = reading.total.is_some_and(|total| seen >= total);
        let next = match self.page {
            // a forward-only list names a next page until one is empty
            Page::Link { .. } if here > 0 => {
                answer.next_link.as_deref().map(|link| self.address(base, link)).transpose()?.map(Next::Address)
            }
            Page::Cursor { next, param, .. } => {
                let mark = self.parsed(next)?.get(&answer.body).map(text_of).transpose();
                let mark = mark.map_err(|what| self.malformed(next, what))?.filter(|mark| !mark.is_empty());
                mark.map(|mark| Next::Parameter(param.clone(), mark))
            }
            Page::NextUrl { at, .. } => {
                let url = self.parsed(at)?.get(&answer.body).map(text_of).transpose();
                let url = url.map_err(|what| self.malformed(at, what))?.filter(|url| !url.is_empty());
                url.map(|url| self.address(base, &url)).transpose()?.map(Next::Address)
            }
            Page::Offset { offset, first, .. } if here > 0 && !past_total => {
                Some(Next::Parameter(offset.clone(), first.unwrap_or(0).saturating_add(seen).to_string()))
            }
            Page::Number { page, first, .. } if here > 0 && !past_total => {
                let done = u64::try_from(reading.pages).unwrap_or(u64::MAX);
                let more = reading.announced_pages.is_none_or(|pages| done < pages);
                more.then(|| Next::Parameter(page.clone(), first.saturating_add(done).to_string()))
            }
            Page::None { .. } | Page::Link { .. } | Page::Offset { .. } | Page::Number { .. } => None,
        };
        if let Some(Next::Parameter(_, mark) | Next::Address(mark)) = &next
            && !reading.asked.insert(mark.clone())
        {
            let what = format!("a next page that was not read yet expected, found `{}` again", shown_text(mark));
            return Err(self.malformed(&self.place(reading.pages), what).into());
        }
        Ok(next)
    }

    /// Whether the list is whole.
    async fn judge<C>(&self, call: &C, reading: &Reading) -> Step<()>
    where
        C: Fn(Call) -> Answering + Send + Sync,
    {
        let seen = count_of(&reading.rows);
        if let Some(total) = reading.total.filter(|total| *total != seen) {
            return Err(Stop::Moved(format!("{total} rows were announced and {seen} came")));
        }
        if let Some(pages) = reading.announced_pages
            && u64::try_from(reading.pages).is_ok_and(|read| read < pages)
        {
            return Err(Stop::Moved(format!("{pages} pages were announced and {} had rows", reading.pages)));
        }
        let full = size_of(self.page).is_some_and(|size| seen >= u64::from(size.value));
        if reading.pages == 1 && !full {
            return Ok(());
        }
        for counted in [reading.counted, self.ask_count(call).await?].into_iter().flatten() {
            if counted != seen {
                return Err(Stop::Moved(format!("{counted} rows were counted and {seen} came")));
            }
        }
        Ok(())
    }

    async fn ask_count<C>(&self, call: &C) -> Result<Option<u64>>
    where
        C: Fn(Call) -> Answering + Send + Sync,
    {
        let Some((path, at, is_posted)) = &self.count else { return Ok(None) };
        let body = self.body.clone().filter(|_| *is_posted);
        let answer = call(Call { address: path.clone(), query: self.query.clone(), body }).await?;
        if let Some(count) = at.get(&answer.body).and_then(whole_number) {
            return Ok(Some(count));
        }
        let verb = if *is_posted { "POST" } else { "GET" };
        Err(self.malformed(&format!("{verb} {path}"), format!("a count expected, found {}", shown(&answer.body))))
    }

    /// A link as an absolute address; the client refuses one that leads elsewhere.
    fn address(&self, base: &str, link: &str) -> Result<String> {
        let here = format!("{}/{}", base.trim_end_matches('/'), self.path.trim_start_matches('/'));
        Url::parse(&here)
            .and_then(|here| here.join(link))
            .map(|url| url.to_string())
            .map_err(|error| self.malformed("the next page's address", format!("`{}`: {error}", shown_text(link))))
    }

    fn parsed(&self, path: &str) -> Result<Path> {
        Path::parse(path).map_err(|what| self.error(ErrorKind::Settings(what)))
    }

    fn place(&self, page: usize) -> String {
        format!("{} page {page}", self.operation())
    }

    fn malformed(&self, at: &str, what: String) -> ConnectorError {
        self.error(ErrorKind::Malformed { at: at.to_owned(), what })
    }

    fn error(&self, kind: ErrorKind) -> ConnectorError {
        ConnectorError::new(self.connector, self.operation(), kind)
    }

    fn operation(&self) -> String {
        let verb = if self.body.is_some() { "POST" } else { "GET" };
        format!("{verb} {}", self.path)
    }
}

/// What asks for a page, as a body holds it: counted places as numbers, marks as the text they came as.
fn mark(page: &Page, value: &str) -> Value {
    match page {
        Page::Offset { .. } | Page::Number { .. } => {
            value.parse::<u64>().map_or_else(|_| Value::from(value), Value::from)
        }
        Page::None { .. } | Page::Link { .. } | Page::Cursor { .. } | Page::NextUrl { .. } => Value::from(value),
    }
}

fn size_of(page: &Page) -> Option<&Size> {
    match page {
        Page::None { .. } => None,
        Page::Link { size, .. }
        | Page::Cursor { size, .. }
        | Page::Number { size, .. }
        | Page::NextUrl { size, .. } => size.as_ref(),
        Page::Offset { size, .. } => Some(size),
    }
}

fn count_of(rows: &[Found]) -> u64 {
    u64::try_from(rows.len()).unwrap_or(u64::MAX)
}

/// A count as a number or as text.
fn whole_number(value: &Value) -> Option<u64> {
    text_of(value).ok()?.parse().ok()
}

fn shown_text(text: &str) -> String {
    shown(&Value::from(text)).trim_matches('"').to_owned()
}

/// The target of the first link of a relation (RFC 8288).
fn link(headers: &HeaderMap, rel: &str) -> Option<String> {
    headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok()).find_map(|text| {
        let mut rest = text;
        while let Some((_, after)) = rest.split_once('<') {
            let (target, parameters) = after.split_once('>')?;
            let end = parameters.find('<').unwrap_or(parameters.len());
            let (parameters, more) = parameters.split_at(end);
            let rels = parameters.split([';', ',']).filter_map(|parameter| parameter.trim().split_once('='));
            let mut named = rels.filter(|(name, _)| name.trim().eq_ignore_ascii_case("rel"));
            if named.any(|(_, rels)| {
                rels.trim().trim_matches('"').split_whitespace().any(|one| one.eq_ignore_ascii_case(rel))
            }) {
                return Some(target.to_owned());
            }
            rest = more;
        }
        None
    })
}

/// A reply as a value; refused where an object of it has a key twice, since the value of one of them would be lost.
fn decoded(body: &[u8], records: &Path, id: &Path) -> std::result::Result<Value, Undecodable> {
    let value = serde_json::from_slice(body)
        .map_err(|error| Undecodable { at: "the reply".to_owned(), what: format!("JSON expected: {error}") })?;
    let Some(steps) = repeated(body) else { return Ok(value) };
    let row = steps.iter().find_map(|step| if let PathStep::At(at) = step { Some(*at) } else { None });
    let rows = records.get(&value).and_then(Value::as_array);
    let id = rows.zip(row).and_then(|(rows, at)| id.get(rows.get(at)?)).and_then(|id| text_of(id).ok());
    let of = id.map(|id| format!(" in record {}", shown_text(&id))).unwrap_or_default();
    Err(Undecodable { at: path_of(&steps), what: format!("a key expected once, found twice{of}") })
}

#[cfg(test)]
mod tests;
