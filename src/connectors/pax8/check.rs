//! `trueup check` for Pax8: the token, then one row of each listing a pull needs or may be asked for, so that a missing right
//! shows before the night. What hangs below records is asked of the first one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::value::RawValue;

use crate::connectors::error::{ConnectorError, ErrorKind};
use crate::connectors::http::segment;
use crate::connectors::pax8::companies::COMPANY;
use crate::connectors::pax8::contacts::CONTACT;
use crate::connectors::pax8::invoices::{INVOICE, ITEM};
use crate::connectors::pax8::orders::ORDER;
use crate::connectors::pax8::products::{DEPENDENCIES, PRICING, PRODUCT, PROVISION_DETAIL};
use crate::connectors::pax8::read::Reader;
use crate::connectors::pax8::record::{Record, Resource, Strange};
use crate::connectors::pax8::subscriptions::SUBSCRIPTION;
use crate::connectors::pax8::usage::USAGE_SUMMARY;
use crate::connectors::pax8::webhooks::WEBHOOK;
use crate::connectors::pax8::wire;
use crate::connectors::{CheckFailed, CheckLine, Watch, Watched};

/// What every pull reads, and what is known of its records.
const LISTINGS: [(&str, &str, &Resource); 4] = [
    ("list companies", "/companies", &COMPANY),
    ("list products", "/products", &PRODUCT),
    ("list subscriptions", "/subscriptions", &SUBSCRIPTION),
    ("list invoices", "/invoices", &INVOICE),
];

/// What only a person's commands read.
const ORDERS: &str = "list orders (only for pax8 orders)";
const WEBHOOKS: &str = "list webhooks (only for pax8 webhooks)";

const USAGE_LINES: &str = "list usage lines (only for pull --with usage)";

/// Records of a listing that are looked at.
const LOOKED_AT: &str = "25";

/// What is read below one record, and how a row of its reply looks.
struct Below {
    what: &'static str,
    resource: &'static Resource,
    /// The listing whose first record is asked for.
    of: &'static str,
    /// What stands between that record's id and the question.
    path: &'static str,
    reply: Reply,
}

/// How a reply holds its rows.
#[derive(Clone, Copy)]
enum Reply {
    Paged,
    Unpaged,
    /// It is the one record itself.
    Bare,
}

const fn below(
    what: &'static str,
    resource: &'static Resource,
    of: &'static str,
    path: &'static str,
    reply: Reply,
) -> Below {
    Below { what, resource, of, path, reply }
}

const BELOW: [Below; 7] = [
    below("list items of an invoice", &ITEM, "/invoices", "items", Reply::Paged),
    below("list prices (only for pull --with prices)", &PRICING, "/products", "pricing", Reply::Unpaged),
    below(
        "read dependencies (only for pull --with dependencies)",
        &DEPENDENCIES,
        "/products",
        "dependencies",
        Reply::Bare,
    ),
    below(
        "list provision details (only for pax8 products)",
        &PROVISION_DETAIL,
        "/products",
        "provision-details",
        Reply::Unpaged,
    ),
    below("list history (only for pull --with history)", &SUBSCRIPTION, "/subscriptions", "history", Reply::Unpaged),
    below("list contacts (only for pull --with contacts)", &CONTACT, "/companies", "contacts", Reply::Paged),
    below("list usage (only for pull --with usage)", &USAGE_SUMMARY, "/subscriptions", "usage-summaries", Reply::Paged),
];

const SCHEMA: &str = "compare fields with those known";
const DRAFTS: &str = "list draft items (only for pull --with drafts)";

const TOKEN: &str = "fetch a token";

const TOKEN_REFUSED: &str = "compare client id and secret with the partner portal (Settings, Integrations, Credentials), \
                             and the audience: older accounts use api://p8p.client";
const LISTING_REFUSED: &str =
    "make credentials with the right to read this in the partner portal (Settings, Integrations, Credentials)";

/// Tries each thing; never fails as a whole.
pub(super) async fn check(reader: &Reader, webhooks: &str, watch: &dyn Watch) -> Vec<CheckLine> {
    let mut check = Check { reader, watch, lines: Vec::new(), rest: None, drift: BTreeMap::new(), looked_at: 0 };
    let token = check.watched(TOKEN, reader.client.authenticate()).await;
    let no_token = token.as_ref().err().map(|error| match error.kind {
        ErrorKind::Transient(_) => CheckFailed::not_tried(),
        ErrorKind::Auth(_)
        | ErrorKind::NotFound(_)
        | ErrorKind::RateLimited { .. }
        | ErrorKind::Rejected { .. }
        | ErrorKind::Malformed { .. }
        | ErrorKind::Incomplete(_)
        | ErrorKind::Settings(_)
        | ErrorKind::Unfit(_)
        | ErrorKind::Limit(_) => CheckFailed::new("not tried: there is no token"),
    });
    let token = token.map(|()| "fetched".to_owned());
    let outcome = token.map_err(|error| advice(&error, TOKEN_REFUSED, "correct token_url"));
    check.lines.push(CheckLine::new(TOKEN, outcome));
    check.rest = no_token;

    let mut firsts = BTreeMap::new();
    for (what, path, of) in LISTINGS {
        if let Some(first) = check.tried(what, listing(reader, of, path, &[])).await {
            firsts.insert(path, first);
        }
    }
    for below in &BELOW {
        match firsts.get(below.of) {
            Some(Some(id)) => {
                check.tried(below.what, one(reader, below, id)).await;
            }
            Some(None) => check.not_tried(below.what, format!("{} lists nothing", below.of)),
            None => {
                check.say(below.what, Err(CheckFailed::new(format!("not tried: {} could not be listed", below.of))));
            }
        }
    }
    check.tried(DRAFTS, listing(reader, &ITEM, "/invoices/draftItems", &[("monthOffset", "0")])).await;
    check.not_tried(USAGE_LINES, "they are asked for of one summary and one day, which a pull knows".to_owned());
    check.tried(ORDERS, listing(reader, &ORDER, "/orders", &[])).await;
    check.tried(WEBHOOKS, listing(reader, &WEBHOOK, webhooks, &[])).await;
    check.schema();
    check.lines
}

/// A check under way.
struct Check<'c> {
    reader: &'c Reader,
    watch: &'c dyn Watch,
    lines: Vec<CheckLine>,
    /// Why nothing else is tried: there is no token, or the system does not answer.
    rest: Option<CheckFailed>,
    /// What the records looked at hold that was never seen before, by kind.
    drift: BTreeMap<&'static str, BTreeSet<Strange>>,
    looked_at: usize,
}

impl Check<'_> {
    /// Waits for one thing, with what it waits for in sight.
    async fn watched<T>(&self, what: &str, call: impl Future<Output = T>) -> T {
        let watched = Watched::listing(self.watch, &self.reader.name, what);
        self.reader.client.watched(&watched, call).await
    }

    /// One line about fields and words never seen before. They break nothing: they are kept, and told.
    fn schema(&mut self) {
        let told = |(of, strange): (&&str, &BTreeSet<Strange>)| {
            format!("{of}: {}", strange.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        };
        let drift: Vec<String> = self.drift.iter().map(told).collect();
        let seen = match (drift.is_empty(), self.looked_at) {
            (true, 0) => "no record to look at".to_owned(),
            (true, count) => format!("every field and word of {count} records is known"),
            (false, _) => drift.join("; "),
        };
        match self.looked_at {
            0 => self.not_tried(SCHEMA, seen),
            _ => self.say(SCHEMA, Ok(seen)),
        }
    }

    /// Tries one thing, unless trying is over; what else it gave.
    async fn tried(
        &mut self,
        what: &str,
        call: impl Future<Output = Result<Seen, ConnectorError>>,
    ) -> Option<Option<String>> {
        if self.rest.is_some() {
            self.say(what, Ok(String::new()));
            return None;
        }
        match self.watched(what, call).await {
            Ok(Seen { told, first, records }) => {
                self.looked_at = self.looked_at.saturating_add(records.len());
                for record in records {
                    let strange = record.strange();
                    if !strange.is_empty() {
                        self.drift.entry(record.resource().plural).or_default().extend(strange);
                    }
                }
                self.say(what, Ok(told));
                Some(first)
            }
            Err(error) => {
                self.say(what, Err(advice(&error, LISTING_REFUSED, "correct base_url; it ends in /v1")));
                self.rest = matches!(error.kind, ErrorKind::Transient(_)).then(CheckFailed::not_tried);
                None
            }
        }
    }

    fn say(&mut self, what: &str, outcome: Result<String, CheckFailed>) {
        let outcome = self.rest.clone().map_or(outcome, Err);
        self.lines.push(CheckLine::new(what, outcome));
    }

    fn not_tried(&mut self, what: &str, why: String) {
        match &self.rest {
            Some(_) => self.say(what, Ok(why)),
            None => self.lines.push(CheckLine::not_tried(what, why)),
        }
    }
}

/// What a listing showed.
struct Seen {
    /// How many there are.
    told: String,
    /// The id of the first.
    first: Option<String>,
    /// Some of them.
    records: Vec<Record>,
}

impl Seen {
    fn of(resource: &'static Resource, told: String, rows: Vec<Box<RawValue>>) -> Self {
        let records: Vec<Record> = rows.into_iter().filter_map(|raw| Record::read(resource, raw).ok()).collect();
        Self { told, first: records.first().and_then(Record::id), records }
    }
}

/// The first rows of a listing.
async fn listing(
    reader: &Reader,
    of: &'static Resource,
    path: &str,
    filters: &[(&str, &str)],
) -> Result<Seen, ConnectorError> {
    let query = [filters, &[("page", "0"), ("size", LOOKED_AT)]].concat();
    let page = reader.client.get_json::<wire::Page>(path, &query).await?;
    let told = format!("{} there", page.page.total_elements);
    Ok(Seen::of(of, told, page.content.unwrap_or_default()))
}

/// What stands below one record. A record that has none of it answers "not found" as well: that is no missing right.
async fn one(reader: &Reader, below: &Below, id: &str) -> Result<Seen, ConnectorError> {
    let path = format!("{}/{}/{}", below.of, segment(id), below.path);
    let read = match below.reply {
        Reply::Paged => return listing(reader, below.resource, &path, &[]).await,
        Reply::Unpaged => reader.client.get_json::<wire::Unpaged>(&path, &[]).await.map(|reply| reply.content),
        Reply::Bare => reader.client.get_json::<Box<RawValue>>(&path, &[]).await.map(|record| vec![record]),
    };
    match read {
        Ok(rows) => Ok(Seen::of(below.resource, format!("{} there", rows.len()), rows)),
        Err(ConnectorError { kind: ErrorKind::NotFound(_), .. }) => {
            Ok(Seen::of(below.resource, "none of this record".to_owned(), Vec::new()))
        }
        Err(error) => Err(error),
    }
}

/// The error, and what to do about it; `auth` and `missing` say it for the two kinds that depend on what was tried.
fn advice(error: &ConnectorError, auth: &str, missing: &str) -> CheckFailed {
    let what_to_do = match error.kind {
        ErrorKind::Auth(_) => auth,
        ErrorKind::NotFound(_) => missing,
        ErrorKind::Settings(_) | ErrorKind::Unfit(_) => "correct the settings of this connection",
        ErrorKind::RateLimited { .. } => "wait, or lower calls_per_minute",
        ErrorKind::Transient(_) => "check the network and the service's status page, then try again",
        ErrorKind::Rejected { .. } | ErrorKind::Malformed { .. } | ErrorKind::Incomplete(_) => {
            "check that base_url is Pax8's API and nothing stands between"
        }
        ErrorKind::Limit(_) => "ask for smaller pages with page_size",
    };
    CheckFailed::of(error, what_to_do)
}
