//! `trueup check` for Pax8: the token, then one row of each listing a pull needs.

use crate::connectors::error::{ConnectorError, ErrorKind};
use crate::connectors::pax8::read::Reader;
use crate::connectors::pax8::wire;
use crate::connectors::{CheckFailed, CheckLine};

const LISTINGS: [(&str, &str); 4] = [
    ("list companies", "/companies"),
    ("list products", "/products"),
    ("list subscriptions", "/subscriptions"),
    ("list invoices", "/invoices"),
];

const TOKEN_REFUSED: &str = "compare client id and secret with the partner portal (Settings, Integrations, Credentials), \
                             and the audience: older accounts use api://p8p.client";
const LISTING_REFUSED: &str =
    "make credentials with the right to read this in the partner portal (Settings, Integrations, Credentials)";

/// Tries each thing; never fails as a whole.
pub(super) async fn check(reader: &Reader) -> Vec<CheckLine> {
    let token = reader.client.authenticate().await;
    let mut rest = token.as_ref().err().map(|error| match error.kind {
        ErrorKind::Transient(_) => CheckFailed::not_tried(),
        ErrorKind::Auth(_)
        | ErrorKind::NotFound(_)
        | ErrorKind::RateLimited { .. }
        | ErrorKind::Rejected { .. }
        | ErrorKind::Malformed { .. }
        | ErrorKind::Incomplete(_)
        | ErrorKind::Settings(_)
        | ErrorKind::Limit(_) => CheckFailed::new("not tried: there is no token"),
    });
    let outcome =
        token.map(|()| "fetched".to_owned()).map_err(|error| advice(&error, TOKEN_REFUSED, "correct token_url"));
    let mut lines = vec![CheckLine { what: "fetch a token".to_owned(), outcome }];
    for (what, path) in LISTINGS {
        let outcome = if let Some(left) = &rest {
            Err(left.clone())
        } else {
            listing(reader, path).await.map_err(|error| {
                rest = matches!(error.kind, ErrorKind::Transient(_)).then(CheckFailed::not_tried);
                advice(&error, LISTING_REFUSED, "correct base_url; it ends in /v1")
            })
        };
        lines.push(CheckLine { what: what.to_owned(), outcome });
    }
    lines
}

async fn listing(reader: &Reader, path: &str) -> Result<String, ConnectorError> {
    let page = reader.client.get_json::<wire::Page>(path, &[("page", "0"), ("size", "1")]).await?;
    Ok(format!("{} there", page.page.total_elements))
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
