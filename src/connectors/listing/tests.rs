//! Listings that lie, move and end too early.

use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::moving::Moving;
use super::*;
use crate::connectors::Unwatched;

const ABOUT: About<'static> = About { connector: "acme", operation: "GET /things" };
const WITH_IDS: Identity<String> = Identity { id: |row| Some(row), content: |row| row, made: None };
const WITHOUT_IDS: Identity<String> = Identity { id: |_| None, content: |row| row, made: None };

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
    serve: impl Fn(usize, (u32, u64)) -> Page<String> + Send + Sync,
) -> (Result<Vec<String>>, usize) {
    let calls = Mutex::new(0);
    let watched = Watched::new(&Unwatched, "things");
    let (limits, mut held) = (Limits { pages: 50, ..Limits::default() }, Vec::new());
    let read = read_all(ABOUT, limits, identity, &watched, &mut held, |ask| {
        let Ask::Page { reading, page } = ask else { panic!("the newest were asked for") };
        let mut calls = calls.lock().unwrap();
        *calls += 1;
        std::future::ready(Ok(serve(*calls - 1, (reading, page))))
    })
    .await;
    let calls = *calls.lock().unwrap();
    (read.map(|()| held), calls)
}

fn incomplete(read: Result<Vec<String>>) -> String {
    let error = read.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Incomplete(_)), "{error}");
    error.to_string()
}

#[tokio::test]
async fn an_empty_listing_may_leave_its_rows_out_and_others_may_not() {
    for none in [None, Some(vec![])] {
        let (read, calls) = read(&WITH_IDS, |_, (_, n)| Page { rows: none.clone(), meta: meta(n, 10, 0) }).await;
        assert_eq!((read.unwrap().len(), calls), (0, 1));
    }
    let (read, _) = read(&WITH_IDS, |_, (_, n)| Page { rows: None, meta: meta(n, 10, 3) }).await;
    assert!(incomplete(read).contains("page 0 has no rows field although 3 rows are announced"));
}

#[tokio::test]
async fn a_short_listing_is_never_called_complete() {
    type Serve = fn(usize, (u32, u64)) -> Page<String>;
    let cases: [(&str, Serve); 7] = [
        ("expected 3 rows as announced, read 2: 1 missing", |_, (_, n)| Page {
            rows: if n == 0 { rows(&["a", "b"]) } else { rows(&[]) },
            meta: meta(n, 2, 3),
        }),
        ("id b came twice, the second time on page 1", |_, (_, n)| Page {
            rows: if n == 0 { rows(&["a", "b"]) } else { rows(&["b"]) },
            meta: meta(n, 2, 3),
        }),
        ("expected page 1, received page 0", |_, _| Page { rows: rows(&["a", "b"]), meta: meta(0, 2, 3) }),
        ("the totals changed while reading", |_, (_, n)| Page {
            rows: if n == 0 { rows(&["a", "b"]) } else { rows(&["c"]) },
            meta: meta(n, 2, 3 + n),
        }),
        ("expected 1 rows as announced, read 2: 1 too many", |_, (_, n)| Page {
            rows: rows(&["a", "b"]),
            meta: meta(n, 2, 1),
        }),
        ("id a came twice, the second time on page 0", |_, (_, n)| Page {
            rows: rows(&["a", "a"]),
            meta: meta(n, 2, 2),
        }),
        ("page 1 has no rows field", |_, (_, n)| Page {
            rows: if n == 0 { rows(&["a", "b"]) } else { None },
            meta: meta(n, 2, 3),
        }),
    ];
    for (why, serve) in cases {
        let text = incomplete(read(&WITH_IDS, serve).await.0);
        assert!(text.starts_with("acme: GET /things: the listing is not complete: ") && text.contains(why), "{text}");
    }
}

#[tokio::test]
async fn a_listing_that_moved_is_read_again() {
    // During the first reading a row is inserted before the second page: `b` shifts onto it and `a0` is never seen.
    let (read, calls) = read(&WITH_IDS, |call, (_, n)| match (call, n) {
        (0, 0) => Page { rows: rows(&["a", "b"]), meta: meta(0, 2, 3) },
        (1, 1) => Page { rows: rows(&["b", "c"]), meta: meta(1, 2, 4) },
        (_, 0) => Page { rows: rows(&["a0", "a"]), meta: meta(0, 2, 4) },
        _ => Page { rows: rows(&["b", "c"]), meta: meta(n, 2, 4) },
    })
    .await;
    assert_eq!((read.unwrap(), calls), (vec!["a0".into(), "a".into(), "b".into(), "c".into()], 6));
}

#[tokio::test]
async fn too_few_announced_pages_do_not_end_a_listing() {
    let (read, calls) = read(&WITH_IDS, |_, (_, n)| Page {
        rows: if n < 2 { rows(&[["a", "b"][usize::try_from(n).unwrap()]]) } else { rows(&["c"]) },
        meta: PageMeta { total_pages: 2, ..meta(n, 1, 3) },
    })
    .await;
    assert_eq!((read.unwrap().len(), calls), (3, 6));
}

#[tokio::test]
async fn rows_without_ids_must_read_the_same_twice() {
    let (one_page, calls) = read(&WITHOUT_IDS, |_, (_, n)| Page { rows: rows(&["a", "a"]), meta: meta(n, 5, 2) }).await;
    assert_eq!((one_page.unwrap().len(), calls), (2, 1));
    // The first reading sees `b` twice and `c` never, with all counts right.
    let (moved, calls) = read(&WITHOUT_IDS, |call, (_, n)| Page {
        rows: match (call, n) {
            (_, 0) => rows(&["a", "b"]),
            (1, _) => rows(&["b"]),
            _ => rows(&["c"]),
        },
        meta: meta(n, 2, 3),
    })
    .await;
    assert_eq!((moved.unwrap(), calls), (vec!["a".into(), "b".into(), "c".into()], 6));
    let (never, _) = read(&WITHOUT_IDS, |call, (_, n)| Page {
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
    let (read, _) = read(&WITHOUT_IDS, |_, (reading, page)| {
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
        read(&WITH_IDS, |_, (_, n)| Page { rows: Some(vec![n.to_string()]), meta: meta(n, 1, 1_000) }).await;
    assert!(matches!(endless.unwrap_err().kind, ErrorKind::Limit(_)));
    assert_eq!(calls, 50);
    let (huge, calls) = read(&WITH_IDS, |_, (_, n)| Page { rows: rows(&["a"]), meta: meta(n, 1, u64::MAX) }).await;
    assert!(matches!(huge.unwrap_err().kind, ErrorKind::Limit(_)) && calls == 1);
}

proptest! {
    #[test]
    fn every_listing_at_rest_is_read_whole(total in 0u32..50, size in 1u8..13, ids in any::<bool>()) {
        let all: Vec<String> = (0..total).map(|n| n.to_string()).collect();
        let identity = if ids { WITH_IDS } else { WITHOUT_IDS };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (read, _) = runtime.block_on(read(&identity, |_, (_, n)| {
            let from = usize::try_from(n).unwrap() * usize::from(size);
            let page = all.iter().skip(from).take(usize::from(size)).cloned().collect();
            Page { rows: Some(page), meta: meta(n, size.into(), total.into()) }
        }));
        prop_assert_eq!(read.unwrap(), all);
    }
}

impl Moving {
    fn serve(&mut self, ask: Ask, size: u64, heeds_sort: bool) -> Page<(String, NaiveDate)> {
        self.live();
        let mut rows = self.rows.clone();
        let number = match ask {
            Ask::Page { page, .. } => page,
            Ask::Newest { page } => {
                if heeds_sort {
                    rows.sort_by(|(_, left), (_, right)| right.cmp(left));
                }
                page
            }
        };
        let total = u64::try_from(rows.len()).unwrap();
        let (from, size_of) = (usize::try_from(number * size).unwrap(), usize::try_from(size).unwrap());
        Page { rows: Some(rows.into_iter().skip(from).take(size_of).collect()), meta: meta(number, size, total) }
    }
}

#[test]
fn no_listing_that_moved_claims_to_be_complete_and_is_not() {
    const SEEDS: u64 = 10_000;
    let by_id: Identity<(String, NaiveDate)> = Identity { id: |(id, _)| Some(id), content: |(id, _)| id, made: None };
    let by_day = Identity { made: Some(|(_, day): &(String, NaiveDate)| Some(*day)), ..by_id };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (mut whole, mut refused) = (0u64, 0u64);
    for seed in 0..SEEDS {
        let mut moving = Moving::from_seed(seed);
        let heeds_sort = seed % 5 != 0;
        let size = 2 + moving.next(4);
        let moving = Arc::new(Mutex::new(moving));
        let identity = if seed % 2 == 0 { &by_id } else { &by_day };
        let limits = Limits { at_once: usize::try_from(1 + seed % 4).unwrap(), ..Limits::default() };
        let (served, watched) = (moving.clone(), Watched::new(&Unwatched, "things"));
        let mut held = Vec::new();
        let read = runtime.block_on(read_all(ABOUT, limits, identity, &watched, &mut held, move |ask| {
            let page = served.lock().unwrap().serve(ask, size, heeds_sort);
            std::future::ready(Ok(page))
        }));
        match read {
            Ok(()) => {
                whole += 1;
                let count = held.len();
                let read: BTreeSet<String> = held.into_iter().map(|(id, _)| id).collect();
                let missing: Vec<_> = moving.lock().unwrap().all_the_while.difference(&read).cloned().collect();
                assert_eq!(read.len(), count, "seed {seed}: what an earlier reading gave was let go");
                assert_eq!(missing, Vec::<String>::new(), "seed {seed}: complete, and these were there all the while");
            }
            Err(error) => {
                assert!(matches!(error.kind, ErrorKind::Incomplete(_)), "seed {seed}: {error}");
                refused += 1;
            }
        }
    }
    assert!(whole > SEEDS / 4 && refused > SEEDS / 20, "both are met: {whole} whole, {refused} refused");
}

#[tokio::test]
async fn a_long_listing_whose_newest_rows_stay_the_same_is_read_once() {
    let day = |days: u64| "2026-03-01".parse::<NaiveDate>().unwrap() + chrono::Days::new(days);
    let identity: Identity<(String, NaiveDate)> =
        Identity { id: |(id, _)| Some(id), content: |(id, _)| id, made: Some(|(_, day)| Some(*day)) };
    let all: Vec<(String, NaiveDate)> = (0..40u64).map(|n| (n.to_string(), day(n / 2))).collect();
    for (heeds, one_day, expected) in [(true, false, 13), (false, false, 23), (true, true, 26)] {
        let calls = Arc::new(Mutex::new(0));
        let (counted, mut all) = (calls.clone(), all.clone());
        if one_day {
            for row in &mut all {
                row.1 = day(0);
            }
        }
        let (limits, watched) = (Limits { at_once: 3, ..Limits::default() }, Watched::new(&Unwatched, "things"));
        let mut held = Vec::new();
        let read = read_all(ABOUT, limits, &identity, &watched, &mut held, move |ask| {
            *counted.lock().unwrap() += 1;
            let mut rows = all.clone();
            let page = match ask {
                Ask::Page { page, .. } => page,
                Ask::Newest { page } => {
                    if heeds {
                        rows.reverse();
                    }
                    page
                }
            };
            let rows = rows.into_iter().skip(usize::try_from(page).unwrap() * 4).take(4).collect();
            std::future::ready(Ok(Page { rows: Some(rows), meta: meta(page, 4, 40) }))
        })
        .await;
        read.unwrap();
        assert_eq!((held.len(), *calls.lock().unwrap()), (40, expected), "{heeds} {one_day}");
    }
}
