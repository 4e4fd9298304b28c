//! Every paging kind against servers that behave, that move their rows, that lead in circles and that contradict themselves.

use serde_json::{Value, json};
use trueup::connectors::{PsaConnector as _, Unwatched};

use super::{Asked, Said, Server, connect, customers_file, ok};

fn rows(range: std::ops::Range<usize>) -> Value {
    range.map(|id| json!({ "id": id, "name": format!("Customer {id}") })).collect()
}

/// Whole number of a query parameter.
fn number(asked: &Asked, name: &str) -> usize {
    asked.query(name).unwrap_or("0").parse().unwrap()
}

/// The rows of a page of `size` out of 5.
fn page(start: usize, size: usize) -> Value {
    rows(start.min(5)..(start + size).min(5))
}

/// A server's answers, by what it is asked.
type Answer = fn(&Asked) -> Said;

const LINK: &str = r#"get = "/rows"
records = "$"
page = { kind = "link", rel = "next", size = { param = "size", value = 2 } }"#;
const COUNTED: &str = r#"get = "/rows"
records = "$"
page = { kind = "link", rel = "next", size = { param = "size", value = 2 } }
count = { get = "/rows/count", at = "count" }"#;
const CURSOR: &str = r#"get = "/rows"
records = "items"
page = { kind = "cursor", next = "meta.next", param = "cursor", size = { param = "size", value = 2 }, total = "meta.total" }"#;
const OFFSET: &str = r#"get = "/rows"
records = "items"
page = { kind = "offset", offset = "skip", size = { param = "take", value = 2 } }"#;
const OFFSET_TOTAL: &str = r#"get = "/rows"
records = "items"
page = { kind = "offset", offset = "skip", size = { param = "take", value = 2 }, total = "total" }"#;
const NUMBER: &str = r#"get = "/rows"
records = "items"
page = { kind = "number", page = "page", first = 1, size = { param = "size", value = 2 } }"#;
const NUMBER_TOTAL: &str = r#"get = "/rows"
records = "items"
page = { kind = "number", page = "page", first = 0, size = { param = "size", value = 2 }, pages = "pages", total = "total" }"#;
const NEXT_URL: &str = r#"get = "/rows"
records = "items"
page = { kind = "next_url", at = "next" }"#;
const NONE: &str = r#"get = "/rows"
records = "$"
page = { kind = "none", at_most = 5 }"#;

/// Reads customers through a list; `Ok` with their ids, or the error's text.
async fn read(
    list: &str,
    answer: impl Fn(&Asked) -> Said + Send + Sync + 'static,
) -> (Result<String, String>, Vec<String>) {
    let server = Server::start(answer).await;
    let rest = connect(&server.url, &customers_file("auth = { kind = \"none\" }", list));
    let read = rest.customers(&Unwatched).await;
    let outcome = match read {
        Ok(pulled) => {
            assert_eq!(pulled.problems(), []);
            let ids: Vec<&str> = pulled.records().iter().map(|record| record.id.as_str()).collect();
            Ok(ids.join(" "))
        }
        Err(error) => Err(error.to_string().replace(&server.url, "URL")),
    };
    (outcome, server.log())
}

fn with_link(asked: &Asked, body: &Value, next: Option<String>) -> Said {
    let host = asked.headers.get("host").unwrap().to_str().unwrap();
    let link = next.map(|next| {
        ("link", format!("<http://{host}/rows?page=9>; rel=\"last\", <{}>; rel=\"next\"", next.replace("HOST", host)))
    });
    (200, link.into_iter().collect(), body.to_string())
}

#[tokio::test]
async fn a_key_that_a_record_has_twice_is_refused_with_the_record() {
    for (records, path) in [("items", "items[1].name"), ("$", "[1].name")] {
        let list = NONE.replace('$', records);
        let wrap = |rows: &str| if records == "$" { rows.to_owned() } else { format!("{{\"items\":{rows}}}") };
        let body = wrap(r#"[{"id":"c-1","name":"A"},{"id":"c-2","name":"B","name":"C"}]"#);
        let (found, _) = read(&list, move |_| (200, Vec::new(), body.clone())).await;
        let told = found.unwrap_err();
        assert!(told.contains(path) && told.contains("found twice in record c-2"), "{told}");
    }
}

/// A well-behaved server with `Link` headers.
fn linked(asked: &Asked) -> Said {
    let at = number(asked, "page");
    let next = (at < 2).then(|| format!("http://HOST/rows?size=2&page={}", at + 1));
    with_link(asked, &page(at * 2, 2), next)
}

#[tokio::test]
async fn well_behaved_lists_are_read_whole() {
    let all = Ok("0 1 2 3 4".to_owned());
    let (found, log) = read(LINK, linked).await;
    assert_eq!((found, log.len()), (all.clone(), 2 * 3));
    assert_eq!(log[1], "/rows?size=2&page=1");
    // relative links, and a forward-only list whose last page is empty
    let (found, log) = read(LINK, |asked| {
        let at = number(asked, "page");
        with_link(asked, &page(at * 2, 2), Some(format!("/rows?page={}", at + 1)))
    })
    .await;
    assert_eq!((found, log.len()), (all.clone(), 2 * 4));
    let (found, log) =
        read(COUNTED, |asked| if asked.path == "/rows/count" { ok(json!({ "count": 5 })) } else { linked(asked) })
            .await;
    assert_eq!((found, log.len()), (all.clone(), 2 * 5));
    let (found, _) = read(CURSOR, |asked| {
        let at = number(asked, "cursor");
        let next = if at < 4 { json!((at + 2).to_string()) } else { Value::Null };
        ok(json!({ "items": page(at, 2), "meta": { "next": next, "total": 5 } }))
    })
    .await;
    assert_eq!(found, all);
    let (found, log) = read(OFFSET, |asked| ok(json!({ "items": page(number(asked, "skip"), 2) }))).await;
    assert_eq!(found, all);
    assert_eq!(log[..4], log[4..], "a list of several pages is read twice");
    assert_eq!(log[..4], ["/rows?take=2&skip=0", "/rows?take=2&skip=2", "/rows?take=2&skip=4", "/rows?take=2&skip=5"]);
    let (found, log) =
        read(OFFSET_TOTAL, |asked| ok(json!({ "items": page(number(asked, "skip"), 2), "total": "5" }))).await;
    assert_eq!((found, log.len()), (all.clone(), 2 * 3));
    let (found, log) = read(NUMBER, |asked| ok(json!({ "items": page(number(asked, "page") * 2 - 2, 2) }))).await;
    assert_eq!((found, log.len()), (all.clone(), 2 * 4));
    let (found, log) =
        read(NUMBER_TOTAL, |asked| ok(json!({ "items": page(number(asked, "page") * 2, 2), "pages": 3, "total": 5 })))
            .await;
    assert_eq!((found, log.len()), (all.clone(), 2 * 3));
    let (found, _) = read(NEXT_URL, |asked| {
        let at = number(asked, "after");
        let next = if at < 4 { json!(format!("?after={}", at + 2)) } else { json!("") };
        ok(json!({ "items": page(at, 2), "next": next }))
    })
    .await;
    assert_eq!(found, all);
    // what comes as one answer is read once
    let (found, log) = read(NONE, |_| ok(rows(0..5))).await;
    assert_eq!((found, log.len()), (all, 1));
}

#[tokio::test]
async fn a_short_page_is_not_an_end() {
    // the server gives one row where two were asked for
    let all = Ok("0 1 2 3 4".to_owned());
    assert_eq!(read(OFFSET, |asked| ok(json!({ "items": page(number(asked, "skip"), 1) }))).await.0, all);
    assert_eq!(
        read(OFFSET_TOTAL, |asked| ok(json!({ "items": page(number(asked, "skip"), 1), "total": 5 }))).await.0,
        all
    );
    assert_eq!(read(NUMBER, |asked| ok(json!({ "items": page(number(asked, "page") - 1, 1) }))).await.0, all);
    // an empty page in the middle of a cursor list
    let (found, _) = read(CURSOR, |asked| {
        let at = number(asked, "cursor");
        let items = if at == 2 { json!([]) } else { page(if at > 2 { at - 2 } else { at }, 2) };
        let next = if at < 6 { json!(at + 2) } else { Value::Null };
        ok(json!({ "items": items, "meta": { "next": next, "total": 5 } }))
    })
    .await;
    assert_eq!(found, all);
}

#[tokio::test]
async fn lists_that_lead_in_circles_end() {
    let (found, log) = read(LINK, |asked| {
        with_link(asked, &rows(asked.nth * 2..asked.nth * 2 + 2), Some("http://HOST/rows?page=1".to_owned()))
    })
    .await;
    let expected = "psa: GET /rows: unexpected answer at GET /rows page 2: a next page that was not read yet expected, \
                    found `URL/rows?page=1` again";
    assert_eq!((found, log.len()), (Err(expected.to_owned()), 2));
    let (found, _) = read(CURSOR, |asked| {
        ok(json!({ "items": rows(asked.nth..asked.nth + 1), "meta": { "next": "same", "total": 9 } }))
    })
    .await;
    assert!(found.unwrap_err().ends_with("found `same` again"));
    let (found, _) =
        read(NEXT_URL, |asked| ok(json!({ "items": rows(asked.nth..asked.nth + 1), "next": "/rows" }))).await;
    assert!(found.unwrap_err().ends_with("found `URL/rows` again"));
    // a server that ignores the offset gives the same rows for ever: seen as rows that move
    let (found, log) = read(OFFSET, |_| ok(json!({ "items": rows(0..2) }))).await;
    assert_eq!(
        found.unwrap_err(),
        "psa: GET /rows: the listing is not complete: 0 was listed twice, so rows moved while the list was read \
         (read 5 times)"
    );
    assert_eq!(log.len(), 10);
}

#[tokio::test]
async fn a_list_that_moved_is_read_again() {
    let all = Ok("0 1 2 3 4".to_owned());
    // a row came in before the second page, once
    let (found, log) = read(OFFSET, |asked| {
        let skip = number(asked, "skip");
        ok(json!({ "items": page(if asked.nth == 1 { skip - 1 } else { skip }, 2) }))
    })
    .await;
    assert_eq!((found, log.len()), (all.clone(), 10));
    // a row went before the second page, once: no row comes twice, only the total tells
    let skips = |asked: &Asked| {
        let skip = number(asked, "skip");
        ok(json!({ "items": page(if asked.nth == 1 { skip + 1 } else { skip }, 2), "total": 5 }))
    };
    assert_eq!(read(OFFSET_TOTAL, skips).await.0, all);
    // the same with a link list: only the count tells
    let (found, log) = read(COUNTED, |asked| {
        if asked.path == "/rows/count" {
            return ok(json!({ "count": 5 }));
        }
        let at = number(asked, "page");
        let shift = usize::from(asked.nth == 2);
        let next = (at < 2).then(|| format!("http://HOST/rows?page={}", at + 1));
        with_link(asked, &page(at * 2 + shift, 2 - shift), next)
    })
    .await;
    assert_eq!((found, log.len()), (all.clone(), 15));
    // one went and one came before the last page, once: nothing but the other reading tells
    let (found, _) = read(OFFSET_TOTAL, |asked| {
        let skip = number(asked, "skip");
        let items = if asked.nth == 2 { rows(9..10) } else { page(skip, 2) };
        ok(json!({ "items": items, "total": 5 }))
    })
    .await;
    assert_eq!(found, all);
}

#[tokio::test]
async fn contradictions_are_errors() {
    let incomplete = "psa: GET /rows: the listing is not complete: ";
    let five_times = " (read 5 times)";
    let cases: [(&str, Answer, String); 10] = [
        (
            OFFSET_TOTAL,
            |asked| ok(json!({ "items": page(number(asked, "skip"), 2), "total": 5 + asked.nth })),
            format!("{incomplete}the total changed from 13 to 14{five_times}"),
        ),
        (
            OFFSET_TOTAL,
            |asked| ok(json!({ "items": page(number(asked, "skip"), 2), "total": 6 })),
            format!("{incomplete}6 rows were announced and 5 came{five_times}"),
        ),
        (
            OFFSET_TOTAL,
            |asked| ok(json!({ "items": page(number(asked, "skip"), 2) })),
            "psa: GET /rows: unexpected answer at GET /rows page 1: the total is expected at `total`, there is no number".into(),
        ),
        (
            NUMBER_TOTAL,
            |asked| ok(json!({ "items": page(number(asked, "page") * 2, 2), "pages": 3 + asked.nth, "total": 5 })),
            format!("{incomplete}the number of pages changed from 11 to 12{five_times}"),
        ),
        (
            NUMBER_TOTAL,
            |_| ok(json!({ "items": [], "pages": 2, "total": 0 })),
            format!("{incomplete}2 pages were announced and 1 had rows{five_times}"),
        ),
        (
            COUNTED,
            |asked| if asked.path == "/rows/count" { ok(json!({ "count": 6 })) } else { linked(asked) },
            format!("{incomplete}6 rows were counted and 5 came{five_times}"),
        ),
        (
            // a full page without a word about a next one: the count tells
            COUNTED,
            |asked| if asked.path == "/rows/count" { ok(json!({ "count": 5 })) } else { ok(rows(0..2)) },
            format!("{incomplete}5 rows were counted and 2 came{five_times}"),
        ),
        (NONE, |_| ok(rows(0..6)), "psa: GET /rows: 6 rows, and the file allows 5 for this list".into()),
        (
            NONE,
            |_| ok(json!({ "items": [] })),
            r#"psa: GET /rows: unexpected answer at GET /rows page 1: a list of rows expected, found {"items":[]}"#.into(),
        ),
        (
            LINK,
            |asked| with_link(asked, &rows(0..2), Some("https://elsewhere.example/rows?page=2".to_owned())),
            "psa: GET /rows: unexpected answer at the address of the call: expected a link to URL, found one to \
             elsewhere.example; credentials are not sent elsewhere"
                .into(),
        ),
    ];
    for (list, answer, expected) in cases {
        assert_eq!(read(list, answer).await.0, Err(expected));
    }
}

#[tokio::test]
async fn cut_bodies_are_asked_for_again_and_never_taken_for_whole() {
    let whole = rows(0..5).to_string();
    let cut = whole[..whole.len() / 2].to_owned();
    let (found, log) = {
        let (whole, cut) = (whole.clone(), cut.clone());
        read(NONE, move |asked| ok(if asked.nth == 0 { &cut } else { &whole })).await
    };
    assert_eq!((found, log.len()), (Ok("0 1 2 3 4".to_owned()), 2));
    let (found, log) = read(NONE, move |_| ok(&cut)).await;
    assert!(found.unwrap_err().starts_with("psa: GET /rows: unexpected answer at the reply: JSON expected: EOF"));
    assert_eq!(log.len(), 3);
}

#[tokio::test]
async fn a_check_reads_one_page_and_names_what_does_not_fit() {
    let server = Server::start(linked).await;
    let rest = connect(&server.url, &customers_file("auth = { kind = \"none\" }", LINK));
    let lines = rest.check(&Unwatched).await;
    assert_eq!(lines[0].what, "list customer");
    assert_eq!(lines[0].outcome, Ok("2 rows on the first page, such as 0".to_owned()));
    assert_eq!(server.log().len(), 1);
    let server = Server::start(|_| ok(json!([{ "id": 1, "name": ["x"] }]))).await;
    let rest = connect(&server.url, &customers_file("auth = { kind = \"none\" }", NONE));
    assert_eq!(
        rest.check(&Unwatched).await[0].outcome.clone().unwrap_err().what,
        "GET /rows page 1, record 1, field name: text expected, found [\"x\"] (and 0 more); correct the field in the \
         connector file, or the record"
    );
}

#[tokio::test]
async fn credentials_and_headers_go_out_as_the_file_says() {
    let list = format!("{NONE}\nquery = {{ f = [\"a b\", \"c&d\"], n = 3 }}");
    for (http, header, expected, query) in [
        (r#"auth = { kind = "bearer", token = "{key}" }"#, "authorization", "Bearer k", "f=a+b&f=c%26d&n=3"),
        (
            r#"auth = { kind = "basic", user = "c+u", pass = "{key}" }"#,
            "authorization",
            "Basic Yyt1Oms=",
            "f=a+b&f=c%26d&n=3",
        ),
        (r#"auth = { kind = "header", name = "X-Key", value = "{key}" }"#, "x-key", "k", "f=a+b&f=c%26d&n=3"),
        (r#"auth = { kind = "query", name = "key", value = "{key}" }"#, "host", "", "f=a+b&f=c%26d&n=3&key=k"),
        (
            "auth = { kind = \"none\" }\nheaders = { X-Context = '{b64json:{\"company\": 1}}' }",
            "x-context",
            "eyJjb21wYW55IjoxfQ==",
            "f=a+b&f=c%26d&n=3",
        ),
    ] {
        let server = Server::start(move |asked| {
            let sent = asked.headers.get(header).unwrap().to_str().unwrap();
            assert!(expected.is_empty() || sent == expected, "{sent}");
            assert_eq!(asked.query, query);
            ok(rows(0..1))
        })
        .await;
        let mut text = customers_file(http, &list);
        let mut settings = super::settings(super::file(&text)).with("url", &server.url);
        if http.contains("{key}") {
            text = text.replace("[http]", "key = { kind = \"secret\" }\n[http]");
            settings.file.text = text;
            settings = settings.with("key", "k");
        }
        let rest = super::Rest::new(settings).unwrap();
        assert_eq!(rest.customers(&Unwatched).await.unwrap().records().len(), 1);
    }
}

#[tokio::test]
async fn rules_decide_what_an_answer_means() {
    let rules = "[[errors]]\nwhen = { status = [200], at = \"ok\", eq = false }\nis = \"rejected\"\nmessage = \"error\"\n\
                 [[errors]]\nwhen = { status = [500] }\nis = \"rejected\"\n";
    for (status, body, expected) in [
        (200, r#"{"ok": false, "error": "not for you"}"#, "psa: GET /rows: the remote refused: 200: not for you"),
        (500, "<html>", "psa: GET /rows: the remote refused: 500"),
    ] {
        let server = Server::start(move |_| (status, Vec::new(), body.to_owned())).await;
        let text = format!("{}{rules}", customers_file("auth = { kind = \"none\" }", NONE));
        let error = connect(&server.url, &text).customers(&Unwatched).await.unwrap_err();
        assert_eq!((error.to_string().as_str(), server.log().len()), (expected, 1));
    }
}
