//! Links by their relation, and lists that move while they are read, cut in every way a file can say.

use std::sync::{Arc, Mutex};

use super::*;
use crate::connectors::listing::moving::Moving;

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

/// The ways a list is cut, what a file says of each, and whether its rows keep their order: they must where nothing says how many
/// there are.
const WAYS: [(&str, bool, bool); 12] = [
    ("kind = \"offset\"\noffset = \"at\"\nsize = { param = \"s\", value = 3 }", false, true),
    ("kind = \"offset\"\noffset = \"at\"\nsize = { param = \"s\", value = 3 }", true, false),
    ("kind = \"offset\"\noffset = \"at\"\nsize = { param = \"s\", value = 3 }\ntotal = \"total\"", false, false),
    ("kind = \"number\"\npage = \"page\"\nfirst = 1", false, true),
    ("kind = \"number\"\npage = \"page\"\nfirst = 0\npages = \"pages\"\ntotal = \"total\"", false, false),
    ("kind = \"link\"\nrel = \"next\"", false, true),
    ("kind = \"link\"\nrel = \"next\"", true, false),
    ("kind = \"cursor\"\nnext = \"next\"\nparam = \"at\"", false, true),
    ("kind = \"cursor\"\nnext = \"next\"\nparam = \"at\"\ntotal = \"total\"", false, false),
    ("kind = \"next_url\"\nat = \"url\"", false, true),
    ("kind = \"next_url\"\nat = \"url\"", true, false),
    ("kind = \"next_url\"\nat = \"url\"\ntotal = \"total\"", false, false),
];

/// A page of a list that lives, as it stands when it is asked for.
fn serve(moving: &mut Moving, call: &Call, size: usize) -> Answer {
    moving.live();
    let total = moving.rows.len();
    if call.address == "/rows/count" {
        return Answer { body: serde_json::json!({ "count": total }), next_link: None };
    }
    let url = call.address.split_once("at=").map(|(_, at)| at.parse::<usize>().unwrap());
    let asked = |name: &str| call.query.iter().find(|(n, _)| n == name).map(|(_, v)| v.parse::<usize>().unwrap());
    // Pages are numbered from what the file says is the first, which the first call asks for.
    let start = url.or(asked("at")).or(asked("page").map(|page| page * size)).unwrap_or(0);
    let rows: Vec<Value> =
        moving.rows.iter().skip(start).take(size).map(|(id, _)| serde_json::json!({ "id": id })).collect();
    let next = Some(start + size).filter(|next| *next < total);
    let url = next.map(|next| format!("/rows?at={next}"));
    let pages = total.div_ceil(size);
    let body = serde_json::json!({ "rows": rows, "total": total, "pages": pages, "next": next, "url": url });
    Answer { body, next_link: url }
}

#[test]
fn no_list_that_moved_claims_to_be_complete_and_is_not_however_it_is_cut() {
    const SEEDS: u64 = 10_000;
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (mut whole, mut refused) = ([0u64; WAYS.len()], 0u64);
    for seed in 0..SEEDS {
        let way = usize::try_from(seed).unwrap() % WAYS.len();
        let (page, counted, keeps_order) = WAYS[way];
        let page: Page = toml::from_str(page).unwrap();
        let mut moving = Moving::from_seed(seed / 12);
        moving.keeps_order = keeps_order;
        let size = if matches!(page, Page::Offset { .. }) { 3 } else { 2 + usize::try_from(moving.next(4)).unwrap() };
        let first = if let Page::Number { first, .. } = &page { usize::try_from(*first).unwrap() } else { 0 };
        let moving = Arc::new(Mutex::new(moving));
        let listing = Listing {
            connector: "acme",
            path: "/rows".to_owned(),
            query: Vec::new(),
            body: None,
            in_body: false,
            statement: None,
            empty: None,
            records: Path::parse("rows").unwrap(),
            page: &page,
            id: &Path::parse("id").unwrap(),
            count: counted.then(|| ("/rows/count".to_owned(), Path::parse("count").unwrap(), false)),
            url_max: None,
        };
        let call = |mut call: Call| -> Answering {
            for (name, value) in &mut call.query {
                if name == "page" {
                    *value = (value.parse::<usize>().unwrap() - first).to_string();
                }
            }
            let answer = serve(&mut moving.lock().unwrap(), &call, size);
            Box::pin(std::future::ready(Ok(answer)))
        };
        match runtime.block_on(listing.proven("https://acme.example", &call, None)) {
            Ok(rows) => {
                whole[way] += 1;
                let id = |found: &Found| found.row["id"].as_str().unwrap().to_owned();
                let read: BTreeSet<String> = rows.iter().map(id).collect();
                let missing: Vec<_> = moving.lock().unwrap().all_the_while.difference(&read).cloned().collect();
                assert_eq!(missing, Vec::<String>::new(), "seed {seed}, {page:?}: these were there all the while");
                assert_eq!(read.len(), rows.len(), "seed {seed}");
            }
            Err(error) => {
                assert!(matches!(error.kind, ErrorKind::Incomplete(_)), "seed {seed}: {error}");
                refused += 1;
            }
        }
    }
    assert!(
        whole.iter().all(|count| *count > SEEDS / 40) && refused > SEEDS / 20,
        "{whole:?} whole, {refused} refused"
    );
}
