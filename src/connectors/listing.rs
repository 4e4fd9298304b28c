//! Paged listings read to proven completeness.
//!
//! Keeps the invariant that a listing is complete or an error. The announced totals must stay the same over all pages and
//! equal what was read, every page must be the one asked for, and no id may come twice. Rows without an id cannot prove that
//! none was read twice in place of another, so a listing of several pages of them must read the same twice in a row, the
//! second time cut into pages at other places.

use std::collections::BTreeSet;

use crate::connectors::error::{ConnectorError, ErrorKind};
use crate::connectors::{Result, Watched, Way};
use crate::core::record::Fingerprint;

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
pub struct Ask {
    /// Which reading of the listing this is, from 0. Odd ones should ask for another page size where rows have no ids: rows
    /// that slip at a page's edge then show.
    pub reading: u32,
    /// Which page, from 0.
    pub page: u64,
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
}

/// How much is read before giving up.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Readings of the whole listing.
    pub readings: u32,
    /// Pages of one reading.
    pub pages: u64,
    /// Rows of one reading.
    pub rows: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { readings: 4, pages: 50_000, rows: 5_000_000 }
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

/// Why one reading proves nothing: it may be read again.
struct Disagreement(String);

/// Reads every page, again when the listing moved meanwhile, until it is proven complete.
///
/// # Errors
/// What a page's call said; [`ErrorKind::Incomplete`] with the counts when no reading agreed with itself;
/// [`ErrorKind::Limit`].
pub async fn read_all<T, F>(
    about: About<'_>,
    limits: Limits,
    identity: &Identity<T>,
    watched: &Watched<'_>,
    page: impl Fn(Ask) -> F + Send + Sync,
) -> Result<Vec<T>>
where
    T: Send + Sync,
    F: Future<Output = Result<Page<T>>> + Send,
{
    let mut last = Disagreement("it was never read".to_owned());
    let mut before: Option<Fingerprint> = None;
    for reading in 0..limits.readings {
        match read_once(about, limits, identity, watched, |number| page(Ask { reading, page: number })).await? {
            Err(disagreement) => {
                tracing::info!(
                    connector = about.connector,
                    listing = about.operation,
                    reading,
                    why = disagreement.0,
                    "the listing does not agree with itself; reading it again"
                );
                before = None;
                last = disagreement;
            }
            Ok(Read { rows, pages }) => {
                if pages <= 1 || rows.iter().all(|row| (identity.id)(row).is_some()) {
                    return Ok(rows);
                }
                let now = fingerprint(&rows, identity);
                if before.replace(now.clone()) == Some(now) {
                    return Ok(rows);
                }
                last = Disagreement(format!(
                    "its {} rows carry no ids, and two readings in a row did not hold the same rows",
                    rows.len()
                ));
            }
        }
    }
    let kind = ErrorKind::Incomplete(format!("{} (read {} times)", last.0, limits.readings));
    Err(ConnectorError::new(about.connector, about.operation, kind))
}

/// One reading whose counts agree.
struct Read<T> {
    rows: Vec<T>,
    pages: u64,
}

async fn read_once<T, F>(
    about: About<'_>,
    limits: Limits,
    identity: &Identity<T>,
    watched: &Watched<'_>,
    page: impl Fn(u64) -> F + Send + Sync,
) -> Result<std::result::Result<Read<T>, Disagreement>>
where
    T: Send + Sync,
    F: Future<Output = Result<Page<T>>> + Send,
{
    let limit = |what: String| ConnectorError::new(about.connector, about.operation, ErrorKind::Limit(what));
    let (mut rows, mut ids) = (Vec::new(), BTreeSet::new());
    let mut first: Option<PageMeta> = None;
    for number in 0..limits.pages {
        let read = match page(number).await {
            // Some remotes answer "not found" past the end; a listing that shrank meanwhile gets there.
            Err(ConnectorError { kind: ErrorKind::NotFound(_), .. }) if number > 0 => {
                return Ok(Err(Disagreement(format!("page {number} was announced and is not there"))));
            }
            other => other?,
        };
        let meta = *first.get_or_insert(read.meta);
        if meta.total_elements > limits.rows {
            return Err(limit(format!("{} rows announced, at most {} are read", meta.total_elements, limits.rows)));
        }
        if let Some(why) = contradiction(number, meta, &read) {
            return Ok(Err(Disagreement(why)));
        }
        let new = read.rows.unwrap_or_default();
        let ended = new.is_empty();
        for row in &new {
            if let Some(id) = (identity.id)(row)
                && !ids.insert(id.to_owned())
            {
                return Ok(Err(Disagreement(format!("id {id} came twice, the second time on page {number}"))));
            }
        }
        rows.extend(new);
        let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        watched.progress(count, Way::Records(meta.total_elements));
        // Totals of pages alone are not trusted to end a listing early: the rows must be there too.
        if ended || (count >= meta.total_elements && number.saturating_add(1) >= meta.total_pages) {
            let pages = number.saturating_add(1);
            return Ok(if count == meta.total_elements {
                Ok(Read { rows, pages })
            } else {
                Err(Disagreement(miscount(meta.total_elements, count)))
            });
        }
        if count > meta.total_elements {
            return Ok(Err(Disagreement(miscount(meta.total_elements, count))));
        }
    }
    Err(limit(format!("not at its end after {} pages", limits.pages)))
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

/// Of the rows as a heap: the same rows in another order are the same.
fn fingerprint<T>(rows: &[T], identity: &Identity<T>) -> Fingerprint {
    let mut each: Vec<Fingerprint> =
        rows.iter().map(|row| Fingerprint::of((identity.content)(row).as_bytes())).collect();
    each.sort();
    let mut all = String::with_capacity(each.len().saturating_mul(64));
    for one in &each {
        all.push_str(one.as_str());
    }
    Fingerprint::of(all.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use proptest::prelude::*;

    use super::*;
    use crate::connectors::Unwatched;

    const ABOUT: About<'static> = About { connector: "acme", operation: "GET /things" };
    const WITH_IDS: Identity<String> = Identity { id: |row| Some(row), content: |row| row };
    const WITHOUT_IDS: Identity<String> = Identity { id: |_| None, content: |row| row };

    fn meta(number: u64, size: u64, total: u64) -> PageMeta {
        PageMeta { size, total_elements: total, total_pages: total.div_ceil(size), number }
    }

    #[expect(clippy::unnecessary_wraps, reason = "pages hold it so")]
    fn rows(from: &[&str]) -> Option<Vec<String>> {
        Some(from.iter().map(|&row| row.to_owned()).collect())
    }

    /// Serves scripted replies; the call number is given besides the page number.
    async fn read(
        identity: &Identity<String>,
        serve: impl Fn(usize, Ask) -> Page<String> + Send + Sync,
    ) -> (Result<Vec<String>>, usize) {
        let calls = Mutex::new(0);
        let watched = Watched::new(&Unwatched, "things");
        let read = read_all(ABOUT, Limits { pages: 50, ..Limits::default() }, identity, &watched, |ask| {
            let mut calls = calls.lock().unwrap();
            *calls += 1;
            std::future::ready(Ok(serve(*calls - 1, ask)))
        })
        .await;
        let calls = *calls.lock().unwrap();
        (read, calls)
    }

    fn incomplete(read: Result<Vec<String>>) -> String {
        let error = read.unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Incomplete(_)), "{error}");
        error.to_string()
    }

    #[tokio::test]
    async fn an_empty_listing_may_leave_its_rows_out_and_others_may_not() {
        for none in [None, Some(vec![])] {
            let (read, calls) =
                read(&WITH_IDS, |_, Ask { page: n, .. }| Page { rows: none.clone(), meta: meta(n, 10, 0) }).await;
            assert_eq!((read.unwrap().len(), calls), (0, 1));
        }
        let (read, _) = read(&WITH_IDS, |_, Ask { page: n, .. }| Page { rows: None, meta: meta(n, 10, 3) }).await;
        assert!(incomplete(read).contains("page 0 has no rows field although 3 rows are announced"));
    }

    #[tokio::test]
    async fn a_short_listing_is_never_called_complete() {
        type Serve = fn(usize, Ask) -> Page<String>;
        let cases: [(&str, Serve); 7] = [
            ("expected 3 rows as announced, read 2: 1 missing", |_, Ask { page: n, .. }| Page {
                rows: if n == 0 { rows(&["a", "b"]) } else { rows(&[]) },
                meta: meta(n, 2, 3),
            }),
            ("id b came twice, the second time on page 1", |_, Ask { page: n, .. }| Page {
                rows: if n == 0 { rows(&["a", "b"]) } else { rows(&["b"]) },
                meta: meta(n, 2, 3),
            }),
            ("expected page 1, received page 0", |_, _| Page { rows: rows(&["a", "b"]), meta: meta(0, 2, 3) }),
            ("the totals changed while reading", |_, Ask { page: n, .. }| Page {
                rows: if n == 0 { rows(&["a", "b"]) } else { rows(&["c"]) },
                meta: meta(n, 2, 3 + n),
            }),
            ("expected 1 rows as announced, read 2: 1 too many", |_, Ask { page: n, .. }| Page {
                rows: rows(&["a", "b"]),
                meta: meta(n, 2, 1),
            }),
            ("id a came twice, the second time on page 0", |_, Ask { page: n, .. }| Page {
                rows: rows(&["a", "a"]),
                meta: meta(n, 2, 2),
            }),
            ("page 1 has no rows field", |_, Ask { page: n, .. }| Page {
                rows: if n == 0 { rows(&["a", "b"]) } else { None },
                meta: meta(n, 2, 3),
            }),
        ];
        for (why, serve) in cases {
            let text = incomplete(read(&WITH_IDS, serve).await.0);
            assert!(
                text.starts_with("acme: GET /things: the listing is not complete: ") && text.contains(why),
                "{text}"
            );
        }
    }

    #[tokio::test]
    async fn a_listing_that_moved_is_read_again() {
        // During the first reading a row is inserted before the second page: `b` shifts onto it and `a0` is never seen.
        let (read, calls) = read(&WITH_IDS, |call, Ask { page: n, .. }| match (call, n) {
            (0, 0) => Page { rows: rows(&["a", "b"]), meta: meta(0, 2, 3) },
            (1, 1) => Page { rows: rows(&["b", "c"]), meta: meta(1, 2, 4) },
            (_, 0) => Page { rows: rows(&["a0", "a"]), meta: meta(0, 2, 4) },
            _ => Page { rows: rows(&["b", "c"]), meta: meta(n, 2, 4) },
        })
        .await;
        assert_eq!((read.unwrap(), calls), (vec!["a0".into(), "a".into(), "b".into(), "c".into()], 4));
    }

    #[tokio::test]
    async fn too_few_announced_pages_do_not_end_a_listing() {
        let (read, calls) = read(&WITH_IDS, |_, Ask { page: n, .. }| Page {
            rows: if n < 2 { rows(&[["a", "b"][usize::try_from(n).unwrap()]]) } else { rows(&["c"]) },
            meta: PageMeta { total_pages: 2, ..meta(n, 1, 3) },
        })
        .await;
        assert_eq!((read.unwrap().len(), calls), (3, 3));
    }

    #[tokio::test]
    async fn rows_without_ids_must_read_the_same_twice() {
        let (one_page, calls) =
            read(&WITHOUT_IDS, |_, Ask { page: n, .. }| Page { rows: rows(&["a", "a"]), meta: meta(n, 5, 2) }).await;
        assert_eq!((one_page.unwrap().len(), calls), (2, 1));
        // The first reading sees `b` twice and `c` never, with all counts right.
        let (moved, calls) = read(&WITHOUT_IDS, |call, Ask { page: n, .. }| Page {
            rows: match (call, n) {
                (_, 0) => rows(&["a", "b"]),
                (1, _) => rows(&["b"]),
                _ => rows(&["c"]),
            },
            meta: meta(n, 2, 3),
        })
        .await;
        assert_eq!((moved.unwrap(), calls), (vec!["a".into(), "b".into(), "c".into()], 6));
        let (never, _) = read(&WITHOUT_IDS, |call, Ask { page: n, .. }| Page {
            rows: if n == 0 { rows(&["a", "b"]) } else { Some(vec![call.to_string()]) },
            meta: meta(n, 2, 3),
        })
        .await;
        assert!(incomplete(never).contains("two readings in a row did not hold the same rows"));
    }

    #[tokio::test]
    async fn a_steady_slip_at_the_edges_of_pages_shows_when_they_are_cut_elsewhere() {
        // Every later page begins one row early, every time: counts agree, `e` is never seen.
        let all = ["a", "b", "c", "d", "e"];
        let (read, _) = read(&WITHOUT_IDS, |_, Ask { reading, page }| {
            let size = if reading % 2 == 0 { 2 } else { 3 };
            let (from, early) = (usize::try_from(page).unwrap() * size, usize::from(page > 0));
            let (start, end) = (from - early, (from + size).min(all.len()) - early);
            Page { rows: rows(&all[start..end]), meta: meta(page, size.try_into().unwrap(), 5) }
        })
        .await;
        assert!(incomplete(read).contains("two readings in a row did not hold the same rows"));
    }

    #[tokio::test]
    async fn endless_and_huge_listings_are_refused() {
        let (endless, calls) =
            read(&WITH_IDS, |_, Ask { page: n, .. }| Page { rows: Some(vec![n.to_string()]), meta: meta(n, 1, 1_000) })
                .await;
        assert!(matches!(endless.unwrap_err().kind, ErrorKind::Limit(_)));
        assert_eq!(calls, 50);
        let (huge, calls) =
            read(&WITH_IDS, |_, Ask { page: n, .. }| Page { rows: rows(&["a"]), meta: meta(n, 1, u64::MAX) }).await;
        assert!(matches!(huge.unwrap_err().kind, ErrorKind::Limit(_)) && calls == 1);
    }

    proptest! {
        #[test]
        fn every_listing_at_rest_is_read_whole(total in 0u32..50, size in 1u8..13, ids in any::<bool>()) {
            let all: Vec<String> = (0..total).map(|n| n.to_string()).collect();
            let identity = if ids { WITH_IDS } else { WITHOUT_IDS };
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let (read, _) = runtime.block_on(read(&identity, |_, Ask { page: n, .. }| {
                let from = usize::try_from(n).unwrap() * usize::from(size);
                let page = all.iter().skip(from).take(usize::from(size)).cloned().collect();
                Page { rows: Some(page), meta: meta(n, size.into(), total.into()) }
            }));
            prop_assert_eq!(read.unwrap(), all);
        }
    }
}
