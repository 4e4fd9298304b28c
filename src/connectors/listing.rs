//! Paged listings read to proven completeness.
//!
//! Keeps the invariant that a listing is complete or an error: every row that was there all the while is in it. Within a reading
//! the announced totals must stay the same over all pages and equal what was read, every page must be the one asked for, and no
//! id may come twice. That alone proves nothing while rows come and go at once: a row may slip past between two pages and
//! another stand in for it. So a listing of several pages is read until two readings in a row hold the same rows. Ids are not
//! used again, and so a row that stood in for another is gone from the second. Rows without ids are compared by their content,
//! the second time cut into pages at other places.
//!
//! Where rows say the day they were made, one call before the first page saves the second reading: the newest rows are noted.
//! A row that came later is newer than the oldest of them and is not among them. If none such was read, only rows were read that
//! were there at that call; and as many were read as there were at the first page, where those that came would have counted.

#[cfg(test)]
pub(in crate::connectors) mod moving;
mod proof;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use tokio::task::JoinSet;

use crate::connectors::error::{ConnectorError, ErrorKind};
use crate::connectors::{Result, Sink, Watched, Way};
pub(in crate::connectors) use proof::{Disagreement, Met, Read, Readings};

/// What a page says of its listing. All of it is required; nothing is assumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageMeta {
    /// Rows on a full page.
    pub size: u64,
    /// Rows in the whole listing.
    pub total_elements: u64,
    /// Pages in the whole listing.
    pub total_pages: u64,
    /// Which page this is, from 0.
    pub number: u64,
}

/// Which page to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// One page of a reading.
    Page {
        /// Which reading of the listing this is, from 0. Odd ones should ask for another page size where rows have no ids: rows
        /// that slip at a page's edge then show.
        reading: u32,
        /// Which page, from 0.
        page: u64,
    },
    /// One page of the listing sorted by the day rows were made, the newest first.
    Newest {
        /// Which page, from 0.
        page: u64,
    },
}

/// One page.
#[derive(Debug)]
pub struct Page<T> {
    /// Its rows; `None` when the reply left them out, which says "none" only where the totals agree.
    pub rows: Option<Vec<T>>,
    /// What it says of the listing.
    pub meta: PageMeta,
}

/// How rows are told apart.
pub struct Identity<T> {
    /// The id of a row, where it has one.
    pub id: fn(&T) -> Option<&str>,
    /// The content of a row, for rows without ids.
    pub content: fn(&T) -> &str,
    /// The day a row was made, where [`Ask::Newest`] can be asked.
    pub made: Option<fn(&T) -> Option<NaiveDate>>,
}

/// So many readings of a listing are made before giving up.
pub(in crate::connectors) const READINGS_MAX: u32 = 5;

/// How much is read before giving up.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Readings of the whole listing.
    pub readings: u32,
    /// Pages of one reading.
    pub pages: u64,
    /// Rows of one reading.
    pub rows: u64,
    /// Pages asked for at once.
    pub at_once: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { readings: READINGS_MAX, pages: 50_000, rows: 5_000_000, at_once: 1 }
    }
}

/// Which listing is read, for errors.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// The connection's configured name.
    pub connector: &'a str,
    /// `GET /companies`.
    pub operation: &'a str,
}

/// Reads every page, several at a time, again when the listing moved meanwhile, until it is proven complete; its rows are
/// handed on page by page, and do not count before this has ended well.
///
/// # Errors
/// What a page's call said, or `into`; [`ErrorKind::Incomplete`] with the counts when no reading agreed with itself;
/// [`ErrorKind::Limit`].
pub async fn read_all<T, F>(
    about: About<'_>,
    limits: Limits,
    identity: &Identity<T>,
    watched: &Watched<'_>,
    into: &mut dyn Sink<T>,
    page: impl Fn(Ask) -> F + Send + Sync,
) -> Result<()>
where
    T: Send + Sync + 'static,
    F: Future<Output = Result<Page<T>>> + Send + 'static,
{
    let reader = Reader { about, limits, identity, watched, page: &page };
    let mut readings = Readings::of(about);
    for reading in 0..limits.readings {
        if reading > 0 {
            into.again().await?;
        }
        let mut first = page(Ask::Page { reading, page: 0 }).await?;
        let mut newest = None;
        // Of a short listing a second reading is cheaper. The first page is read again: it must not be older than its newest rows.
        if let Some(made) = identity.made.filter(|_| !readings.has_one() && first.meta.total_pages > NEWEST_FROM_PAGES)
        {
            newest = reader.newest(made).await;
            first = page(Ask::Page { reading, page: 0 }).await?;
        }
        if readings.prove(reader.rest(reading, first, newest, into).await?) {
            return Ok(());
        }
    }
    Err(readings.given_up())
}

/// Listings of more pages than this are asked for their newest rows.
const NEWEST_FROM_PAGES: u64 = 8;

/// So many pages of the newest rows are read at most.
const NEWEST_PAGES: u64 = 5;

/// The newest rows of a listing, with the day of the oldest of them. A row that comes is of a later day: shapes of dates and
/// their zones may differ by a day, so they reach back two days at least.
struct Newest {
    ids: BTreeSet<String>,
    after: NaiveDate,
}

impl Newest {
    /// Whether a row was there before. Says no as well where the remote did not sort: then nothing is known.
    fn was_there<T>(&self, row: &T, identity: &Identity<T>) -> bool {
        let known = || (identity.id)(row).is_some_and(|id| self.ids.contains(id));
        identity.made.and_then(|made| made(row)).is_some_and(|day| day <= self.after || known())
    }
}

/// What every reading of one listing has in common.
struct Reader<'r, T, P> {
    about: About<'r>,
    limits: Limits,
    identity: &'r Identity<T>,
    watched: &'r Watched<'r>,
    page: &'r P,
}

impl<T, F, P> Reader<'_, T, P>
where
    T: Send + Sync + 'static,
    F: Future<Output = Result<Page<T>>> + Send + 'static,
    P: Fn(Ask) -> F + Send + Sync,
{
    /// The newest rows; `None` where they cannot be told: no answer, rows without id or day, or too many of the last days.
    async fn newest(&self, made: fn(&T) -> Option<NaiveDate>) -> Option<Newest> {
        let (mut ids, mut days) = (BTreeSet::new(), BTreeSet::new());
        for number in 0..NEWEST_PAGES {
            let rows = (self.page)(Ask::Newest { page: number }).await.ok()?.rows?;
            for row in &rows {
                ids.insert((self.identity.id)(row)?.to_owned());
                days.insert(made(row)?);
            }
            let (oldest, latest) = (days.first().copied()?, days.last().copied()?);
            if latest.signed_duration_since(oldest).num_days() >= 2 {
                return Some(Newest { ids, after: oldest });
            }
        }
        None
    }

    /// The other pages of a reading, several at a time, taken in their order.
    async fn rest(
        &self,
        reading: u32,
        first: Page<T>,
        newest: Option<Newest>,
        into: &mut dyn Sink<T>,
    ) -> Result<std::result::Result<Read, Disagreement>> {
        let limit =
            |what: String| ConnectorError::new(self.about.connector, self.about.operation, ErrorKind::Limit(what));
        let were_there = newest.is_some();
        let mut taken = Taken { first: first.meta, rows: 0, met: Met::default(), newest, were_there };
        let announced = first.meta.total_elements;
        if announced > self.limits.rows {
            return Err(limit(format!("{announced} rows announced, at most {} are read", self.limits.rows)));
        }
        let (mut running, mut waiting) = (JoinSet::new(), BTreeMap::from([(0, Ok(first))]));
        let (mut next, mut asked) = (0, 1);
        loop {
            // Asked for before what is there is handed on, which may take as long as a call. Beyond what was announced one page
            // at a time, and never so far ahead that pages pile up.
            let last = first_unasked(taken.first.total_pages.max(next + 1), next, self.limits);
            while next > 0 && running.len() < self.limits.at_once.max(1) && asked < last {
                let reply = (self.page)(Ask::Page { reading, page: asked });
                let number = asked;
                running.spawn(async move { (number, reply.await) });
                asked += 1;
            }
            if let Some(page) = waiting.remove(&next) {
                let page = match page {
                    // Some remotes answer "not found" past the end; a listing that shrank meanwhile gets there.
                    Err(ConnectorError { kind: ErrorKind::NotFound(_), .. }) if next > 0 => {
                        return Ok(Err(Disagreement(format!("page {next} was announced and is not there"))));
                    }
                    other => other?,
                };
                let (rows, ended) = match taken.take(next, page, self.identity) {
                    Ok(taken) => taken,
                    Err(why) => return Ok(Err(why)),
                };
                into.take(rows).await?;
                self.watched.progress(taken.rows, Way::Records(announced));
                next += 1;
                if ended {
                    return Ok(taken.ended(next));
                }
                continue;
            }
            match running.join_next().await {
                Some(Ok((number, page))) => {
                    waiting.insert(number, page);
                }
                Some(Err(lost)) => {
                    let kind = ErrorKind::Transient(format!("a reading was lost: {lost}"));
                    return Err(ConnectorError::new(self.about.connector, self.about.operation, kind));
                }
                None => return Err(limit(format!("not at its end after {} pages", self.limits.pages))),
            }
        }
    }
}

/// The page before which asking stops for now.
fn first_unasked(announced: u64, next: u64, limits: Limits) -> u64 {
    let ahead = u64::try_from(limits.at_once.max(1).saturating_mul(4)).unwrap_or(u64::MAX);
    announced.min(next.saturating_add(ahead)).min(limits.pages)
}

/// The pages of a reading as far as they were taken.
struct Taken {
    first: PageMeta,
    rows: u64,
    met: Met,
    newest: Option<Newest>,
    /// Every row taken was there before the first page, as far as its day tells.
    were_there: bool,
}

impl Taken {
    /// Takes the next page; its rows, and whether it is the last.
    fn take<T>(
        &mut self,
        number: u64,
        page: Page<T>,
        identity: &Identity<T>,
    ) -> std::result::Result<(Vec<T>, bool), Disagreement> {
        if let Some(why) = contradiction(number, self.first, &page) {
            return Err(Disagreement(why));
        }
        let new = page.rows.unwrap_or_default();
        for row in &new {
            match (identity.id)(row) {
                Some(id) if !self.met.id(id) => {
                    return Err(Disagreement(format!("id {id} came twice, the second time on page {number}")));
                }
                Some(_) => {}
                None => self.met.content((identity.content)(row)),
            }
            self.were_there &= self.newest.as_ref().is_some_and(|newest| newest.was_there(row, identity));
        }
        self.rows = self.rows.saturating_add(u64::try_from(new.len()).unwrap_or(u64::MAX));
        let total = self.first.total_elements;
        // Totals of pages alone are not trusted to end a listing early: the rows must be there too.
        let ended = new.is_empty() || (self.rows >= total && number.saturating_add(1) >= self.first.total_pages);
        if !ended && self.rows > total {
            return Err(Disagreement(miscount(total, self.rows)));
        }
        Ok((new, ended))
    }

    fn ended(self, pages: u64) -> std::result::Result<Read, Disagreement> {
        let (rows, total) = (self.rows, self.first.total_elements);
        if rows != total {
            return Err(Disagreement(miscount(total, rows)));
        }
        Ok(Read { met: self.met, rows, proven: pages <= 1 || self.were_there })
    }
}

fn miscount(expected: u64, found: u64) -> String {
    let (difference, word) =
        if found < expected { (expected - found, "missing") } else { (found.saturating_sub(expected), "too many") };
    format!("expected {expected} rows as announced, read {found}: {difference} {word}")
}

/// What a page says against the first page or against itself.
fn contradiction<T>(number: u64, first: PageMeta, page: &Page<T>) -> Option<String> {
    let meta = page.meta;
    if meta.number != number {
        return Some(format!("expected page {number}, received page {}", meta.number));
    }
    if (meta.total_elements, meta.total_pages, meta.size) != (first.total_elements, first.total_pages, first.size) {
        return Some(format!(
            "the totals changed while reading: {} rows in {} pages of {} on page 0, {} in {} of {} on page {number}",
            first.total_elements, first.total_pages, first.size, meta.total_elements, meta.total_pages, meta.size
        ));
    }
    if page.rows.is_none() && number < meta.total_pages && meta.total_elements > 0 {
        return Some(format!("page {number} has no rows field although {} rows are announced", meta.total_elements));
    }
    None
}

#[cfg(test)]
mod tests;
