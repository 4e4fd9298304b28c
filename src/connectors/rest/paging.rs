//! Reading one list, page by page, to its proven end.
//!
//! Keeps the invariant that rows are handed on only when the list is whole: the end was seen and not guessed from a short
//! page, no row came twice, announced totals stayed the same and were met. A list that moved while it was read is read
//! again a few times. Pages are bounded, and a list that leads back to itself is an error.

use std::collections::BTreeSet;

use reqwest::Url;
use reqwest::header::{HeaderMap, LINK};
use serde_json::Value;

use super::codec::{shown, text_of};
use super::language::{Page, Size};
use super::path::Path;
use crate::connectors::error::{ConnectorError, ErrorKind};
use crate::connectors::http::{Client, PathStep, Undecodable, path_of, repeated};
use crate::connectors::{Result, Watched, Way};

const PAGES_MAX: usize = 20_000;
const ROWS_MAX: usize = 5_000_000;
/// How often a list that moved is read from its start.
const READS_MAX: usize = 3;

/// One list to read.
pub(super) struct Listing<'l> {
    pub(super) connector: &'l str,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) records: Path,
    pub(super) page: &'l Page,
    /// Where a row has its id.
    pub(super) id: &'l Path,
    /// Address and place of a count beside the list.
    pub(super) count: Option<(String, Path)>,
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

/// One answer.
struct Answer {
    body: Value,
    next_link: Option<String>,
}

/// What asks for the next page.
enum Next {
    Parameter(String, String),
    Address(String),
}

/// One reading so far.
#[derive(Default)]
struct Reading {
    rows: Vec<Found>,
    ids: BTreeSet<String>,
    asked: BTreeSet<String>,
    pages: usize,
    total: Option<u64>,
    announced_pages: Option<u64>,
    counted: Option<u64>,
}

impl Listing<'_> {
    /// Every row, or why they cannot all be had.
    pub(super) async fn read(&self, client: &Client, watched: Option<&Watched<'_>>) -> Result<Vec<Found>> {
        let mut moved = String::new();
        for _ in 0..READS_MAX {
            match self.once(client, watched, usize::MAX).await {
                Ok(rows) => return Ok(rows),
                Err(Stop::Failed(error)) => return Err(error),
                Err(Stop::Moved(what)) => moved = what,
            }
        }
        Err(self.error(ErrorKind::Incomplete(format!("{moved}; it was read {READS_MAX} times"))))
    }

    /// The first page alone, for a check.
    pub(super) async fn first_page(&self, client: &Client) -> Result<Vec<Found>> {
        match self.once(client, None, 1).await {
            Ok(rows) => Ok(rows),
            Err(Stop::Failed(error)) => Err(error),
            Err(Stop::Moved(what)) => Err(self.error(ErrorKind::Incomplete(what))),
        }
    }

    async fn once(&self, client: &Client, watched: Option<&Watched<'_>>, pages: usize) -> Step<Vec<Found>> {
        let mut reading = Reading::default();
        let mut next = self.first();
        loop {
            let answer = self.ask(client, next.as_ref()).await?;
            let here = self.take(&mut reading, &answer)?;
            if let Some(watched) = watched {
                let way = reading.total.or(reading.counted).map_or(Way::Open, Way::Records);
                watched.progress(count_of(&reading.rows), way);
            }
            if reading.pages >= pages {
                return Ok(reading.rows);
            }
            next = self.next(client, &mut reading, &answer, here)?;
            if next.is_none() {
                break;
            }
            if reading.pages == 1 {
                reading.counted = self.ask_count(client).await?;
            }
        }
        self.judge(client, &reading).await?;
        Ok(reading.rows)
    }

    /// What the plain address lacks to ask for the first page.
    fn first(&self) -> Option<Next> {
        match self.page {
            Page::None { .. } | Page::Link { .. } | Page::Cursor { .. } | Page::NextUrl { .. } => None,
            Page::Offset { offset, first, .. } => Some(Next::Parameter(offset.clone(), first.unwrap_or(0).to_string())),
            Page::Number { page, first, .. } => Some(Next::Parameter(page.clone(), first.to_string())),
        }
    }

    async fn ask(&self, client: &Client, next: Option<&Next>) -> Result<Answer> {
        let mut query: Vec<(&str, &str)> = self.query.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let size = size_of(self.page).map(|size| (size.param.as_str(), size.value.to_string()));
        if let Some((name, value)) = &size {
            query.push((name, value));
        }
        let mut address = self.path.as_str();
        match next {
            None => {}
            Some(Next::Parameter(name, value)) => query.push((name, value)),
            Some(Next::Address(url)) => {
                address = url;
                query.clear();
            }
        }
        if let Some(most) = self.url_max {
            let long = client.base_url().len()
                + address.len()
                + query.iter().map(|(name, value)| name.len() + value.len() + 2).sum::<usize>();
            if long > most {
                return Err(self.error(ErrorKind::Limit(format!("the address has {long} characters, {most} go"))));
            }
        }
        let rel = match self.page {
            Page::Link { rel, .. } => Some(rel.as_str()),
            Page::None { .. }
            | Page::Cursor { .. }
            | Page::Offset { .. }
            | Page::Number { .. }
            | Page::NextUrl { .. } => None,
        };
        client
            .get_with(address, &query, |reply| {
                let next_link = rel.and_then(|rel| link(&reply.headers, rel));
                self.decoded(&reply.body).map(|body| Answer { body, next_link })
            })
            .await
    }

    /// Takes an answer's rows in; says how many there were.
    fn take(&self, reading: &mut Reading, answer: &Answer) -> Step<usize> {
        reading.pages += 1;
        let at = self.place(reading.pages);
        let rows = match self.records.get(&answer.body) {
            Some(Value::Array(rows)) => rows,
            found => {
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
            if let Some(Ok(id)) = self.id.get(row).map(text_of)
                && !reading.ids.insert(id.clone())
            {
                return Err(Stop::Moved(format!("{id} was listed twice, so rows moved while the list was read")));
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
    fn next(&self, client: &Client, reading: &mut Reading, answer: &Answer, here: usize) -> Step<Option<Next>> {
        let seen = count_of(&reading.rows);
        let past_total = reading.total.is_some_and(|total| seen >= total);
        let next = match self.page {
            // a forward-only list names a next page until one is empty
            Page::Link { .. } if here > 0 => {
                answer.next_link.as_deref().map(|link| self.address(client, link)).transpose()?.map(Next::Address)
            }
            Page::Cursor { next, param, .. } => {
                let mark = self.parsed(next)?.get(&answer.body).map(text_of).transpose();
                let mark = mark.map_err(|what| self.malformed(next, what))?.filter(|mark| !mark.is_empty());
                mark.map(|mark| Next::Parameter(param.clone(), mark))
            }
            Page::NextUrl { at, .. } => {
                let url = self.parsed(at)?.get(&answer.body).map(text_of).transpose();
                let url = url.map_err(|what| self.malformed(at, what))?.filter(|url| !url.is_empty());
                url.map(|url| self.address(client, &url)).transpose()?.map(Next::Address)
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
    async fn judge(&self, client: &Client, reading: &Reading) -> Step<()> {
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
        for counted in [reading.counted, self.ask_count(client).await?].into_iter().flatten() {
            if counted != seen {
                return Err(Stop::Moved(format!("{counted} rows were counted and {seen} came")));
            }
        }
        Ok(())
    }

    async fn ask_count(&self, client: &Client) -> Result<Option<u64>> {
        let Some((path, at)) = &self.count else { return Ok(None) };
        let query: Vec<(&str, &str)> = self.query.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let body = client.get_with(path, &query, |reply| self.decoded(&reply.body)).await?;
        if let Some(count) = at.get(&body).and_then(whole_number) {
            return Ok(Some(count));
        }
        Err(self.malformed(&format!("GET {path}"), format!("a count expected, found {}", shown(&body))))
    }

    /// A reply as a value; refused where an object of it has a key twice, since the value of one of them would be lost.
    fn decoded(&self, body: &[u8]) -> std::result::Result<Value, Undecodable> {
        let value = serde_json::from_slice(body)
            .map_err(|error| Undecodable { at: "the reply".to_owned(), what: format!("JSON expected: {error}") })?;
        let Some(steps) = repeated(body) else { return Ok(value) };
        let row = steps.iter().find_map(|step| if let PathStep::At(at) = step { Some(*at) } else { None });
        let rows = self.records.get(&value).and_then(Value::as_array);
        let id = rows.zip(row).and_then(|(rows, at)| self.id.get(rows.get(at)?)).and_then(|id| text_of(id).ok());
        let of = id.map(|id| format!(" in record {}", shown_text(&id))).unwrap_or_default();
        Err(Undecodable { at: path_of(&steps), what: format!("a key expected once, found twice{of}") })
    }

    /// A link as an absolute address; the client refuses one that leads elsewhere.
    fn address(&self, client: &Client, link: &str) -> Result<String> {
        let here = format!("{}/{}", client.base_url().trim_end_matches('/'), self.path.trim_start_matches('/'));
        Url::parse(&here)
            .and_then(|here| here.join(link))
            .map(|url| url.to_string())
            .map_err(|error| self.malformed("the next page's address", format!("`{}`: {error}", shown_text(link))))
    }

    fn parsed(&self, path: &str) -> Result<Path> {
        Path::parse(path).map_err(|what| self.error(ErrorKind::Settings(what)))
    }

    fn place(&self, page: usize) -> String {
        format!("GET {} page {page}", self.path)
    }

    fn malformed(&self, at: &str, what: String) -> ConnectorError {
        self.error(ErrorKind::Malformed { at: at.to_owned(), what })
    }

    fn error(&self, kind: ErrorKind) -> ConnectorError {
        ConnectorError::new(self.connector, format!("GET {}", self.path), kind)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_by_relation() {
        for (text, expected) in [
            (r#"<https://a.example/x?page=2>; rel="next", <https://a.example/x?page=9>; rel="last""#, Some("?page=2")),
            (
                r#"<https://a.example/x?page=9>; rel="last", <https://a.example/x?a=1,2;3&page=2>; rel="next""#,
                Some("?a=1,2;3&page=2"),
            ),
            ("<https://a.example/x?page=2>; title=x; rel=next", Some("?page=2")),
            (r#"<https://a.example/x?page=2>;rel="prev NEXT""#, Some("?page=2")),
            (r#"<https://a.example/x?page=1>; rel="first""#, None),
            (r#"<https://a.example/x?rel=next>; rel="first""#, None),
            ("<https://a.example/x", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(LINK, text.parse().unwrap());
            let expected = expected.map(|query| format!("https://a.example/x{query}"));
            assert_eq!(link(&headers, "next"), expected, "{text}");
        }
    }
}
