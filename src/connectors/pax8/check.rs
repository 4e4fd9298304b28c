//! `trueup check` for Pax8: the token, then one row of each listing a pull needs or may be asked for, so that a missing right
//! shows before the night. What hangs below records is asked of the first one.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::connectors::error::{ConnectorError, ErrorKind};
use crate::connectors::http::segment;
use crate::connectors::pax8::read::Reader;
use crate::connectors::pax8::wire;
use crate::connectors::{CheckFailed, CheckLine};

/// What every pull reads.
const LISTINGS: [(&str, &str); 4] = [
    ("list companies", "/companies"),
    ("list products", "/products"),
    ("list subscriptions", "/subscriptions"),
    ("list invoices", "/invoices"),
];

/// What is read below one record, and how a row of its reply looks.
struct Below {
    what: &'static str,
    /// The listing whose first record is asked for.
    of: &'static str,
    /// What stands between that record's id and the question.
    path: &'static str,
    paged: bool,
}

const fn below(what: &'static str, of: &'static str, path: &'static str, paged: bool) -> Below {
    Below { what, of, path, paged }
}

const BELOW: [Below; 5] = [
    below("list items of an invoice", "/invoices", "items", true),
    below("list prices (only for pull --with prices)", "/products", "pricing", false),
    below("list history (only for pull --with history)", "/subscriptions", "history", false),
    below("list contacts (only for pull --with contacts)", "/companies", "contacts", true),
    below("list usage (only for pull --with usage)", "/subscriptions", "usage-summaries", true),
];

const DRAFTS: &str = "list draft items (only for pull --with drafts)";

const TOKEN_REFUSED: &str = "compare client id and secret with the partner portal (Settings, Integrations, Credentials), \
                             and the audience: older accounts use api://p8p.client";
const LISTING_REFUSED: &str =
    "make credentials with the right to read this in the partner portal (Settings, Integrations, Credentials)";

/// Tries each thing; never fails as a whole.
pub(super) async fn check(reader: &Reader) -> Vec<CheckLine> {
    let token = reader.client.authenticate().await;
    let let_in = token.is_ok();
    let outcome =
        token.map(|()| "fetched".to_owned()).map_err(|error| advice(&error, TOKEN_REFUSED, "correct token_url"));
    let mut lines = vec![CheckLine { what: "fetch a token".to_owned(), outcome }];
    if !let_in {
        let all = LISTINGS.iter().map(|(what, _)| *what).chain(BELOW.iter().map(|below| below.what)).chain([DRAFTS]);
        let untried = || Err(CheckFailed::new("not tried: there is no token"));
        lines.extend(all.map(|what| CheckLine { what: what.to_owned(), outcome: untried() }));
        return lines;
    }
    let mut firsts = BTreeMap::new();
    for (what, path) in LISTINGS {
        let outcome = listing(reader, path, &[]).await.map(|(seen, first)| {
            firsts.insert(path, first);
            seen
        });
        lines.push(CheckLine { what: what.to_owned(), outcome });
    }
    for below in &BELOW {
        let outcome = match firsts.get(below.of) {
            None => Err(CheckFailed::new(format!("not tried: {} could not be listed", below.of))),
            Some(None) => Ok(format!("not tried: {} lists nothing", below.of)),
            Some(Some(id)) => one(reader, below, id).await,
        };
        lines.push(CheckLine { what: below.what.to_owned(), outcome });
    }
    let drafts = listing(reader, "/invoices/draftItems", &[("monthOffset", "0")]).await.map(|(seen, _)| seen);
    lines.push(CheckLine { what: DRAFTS.to_owned(), outcome: drafts });
    lines
}

/// The first row of a listing: how many there are, and its id.
async fn listing(
    reader: &Reader,
    path: &str,
    filters: &[(&str, &str)],
) -> Result<(String, Option<String>), CheckFailed> {
    #[derive(Deserialize)]
    struct Named {
        id: Option<String>,
    }
    let query = [filters, &[("page", "0"), ("size", "1")]].concat();
    match reader.client.get_json::<wire::Page>(path, &query).await {
        Ok(page) => {
            let rows = page.content.unwrap_or_default();
            let first = rows.first().and_then(|row| serde_json::from_str::<Named>(row.get()).ok());
            Ok((format!("{} there", page.page.total_elements), first.and_then(|named| named.id)))
        }
        Err(error) => Err(advice(&error, LISTING_REFUSED, "correct base_url; it ends in /v1")),
    }
}

/// What stands below one record. A record that has none of it answers "not found" as well: that is no missing right.
async fn one(reader: &Reader, below: &Below, id: &str) -> Result<String, CheckFailed> {
    let path = format!("{}/{}/{}", below.of, segment(id), below.path);
    if below.paged {
        return listing(reader, &path, &[]).await.map(|(seen, _)| seen);
    }
    match reader.client.get_json::<wire::Unpaged>(&path, &[]).await {
        Ok(reply) => Ok(format!("{} there", reply.content.len())),
        Err(ConnectorError { kind: ErrorKind::NotFound(_), .. }) => Ok("none of this record".to_owned()),
        Err(error) => Err(advice(&error, LISTING_REFUSED, "correct base_url; it ends in /v1")),
    }
}

/// The error, and what to do about it; `auth` and `missing` say it for the two kinds that depend on what was tried.
fn advice(error: &ConnectorError, auth: &str, missing: &str) -> CheckFailed {
    let what_to_do = match error.kind {
        ErrorKind::Auth(_) => auth,
        ErrorKind::NotFound(_) => missing,
        ErrorKind::Settings(_) => "correct the settings of this connection",
        ErrorKind::RateLimited { .. } => "wait, or lower calls_per_minute",
        ErrorKind::Transient(_) => "check the network and the service's status page, then try again",
        ErrorKind::Rejected { .. } | ErrorKind::Malformed { .. } | ErrorKind::Incomplete(_) => {
            "check that base_url is Pax8's API and nothing stands between"
        }
        ErrorKind::Limit(_) => "ask for smaller pages with page_size",
    };
    CheckFailed::of(error, what_to_do)
}
