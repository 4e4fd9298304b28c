//! Pax8's Partner API: tokens, paging, errors, companies, contacts, products, prices and subscriptions.
//!
//! Follows the published description; where the live service was seen to differ, the live form is the default and the
//! documented one a switch. Invariant: the pages of a quiet listing add up to its `totalElements`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use axum::http::{Method, StatusCode};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::data::{Data, File, Row};
use super::faults::{Commitment, Fault, Faults, Fired, Oversize};
use super::json::{As, Object, number, spoil, uuid, window};
use super::pax8_invoices::Invoices;
use super::pax8_usage::Metered;
use super::server::{Answer, Ask};

/// The documented maximum of `size`.
const SIZE_MAX: usize = 200;
const SIZE_USUAL: usize = 10;

/// What the token endpoint accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pax8Credentials {
    /// `client_id`.
    pub client_id: String,
    /// `client_secret`.
    pub client_secret: String,
}

impl Default for Pax8Credentials {
    /// The published credentials of the demo; they open nothing but a simulator.
    fn default() -> Self {
        Self { client_id: "demo-client".to_owned(), client_secret: "demo-secret".to_owned() }
    }
}

/// The simulated distributor.
pub(super) struct Pax8 {
    pub(super) data: Data,
    pub(super) faults: Faults,
    pub(super) invoices: Invoices,
    pub(super) metered: Metered,
    ids: BTreeMap<(File, String), usize>,
    credentials: Pax8Credentials,
    tokens: Mutex<Tokens>,
}

#[derive(Default)]
struct Tokens {
    issued: u64,
    good: BTreeSet<String>,
}

/// A failure in Pax8's envelope.
pub(super) fn failure(ask: &Ask, status: StatusCode, message: &str) -> Answer {
    let reason = status.canonical_reason().unwrap_or("ERROR").to_ascii_uppercase().replace(' ', "_");
    Answer::with(
        status,
        json!({
            "type": reason,
            "message": message,
            "instance": format!("/public{}", ask.path),
            "status": status.as_u16(),
            "details": [],
        }),
    )
}

fn missing(ask: &Ask, what: &str, id: &str) -> Answer {
    failure(ask, StatusCode::NOT_FOUND, &format!("{what} Not Found: {id}"))
}

impl Pax8 {
    pub(super) fn new(data: Data, faults: Faults, credentials: Pax8Credentials) -> Self {
        let invoices = Invoices::of(&data, &faults);
        let metered = Metered::of(&data);
        let mut ids = BTreeMap::new();
        for file in [File::VendorCompanies, File::VendorProducts, File::VendorSubscriptions] {
            for (at, row) in data.table(file).rows().enumerate() {
                ids.entry((file, row.get("id").to_ascii_lowercase())).or_insert(at);
            }
        }
        Self { data, faults, invoices, metered, ids, credentials, tokens: Mutex::default() }
    }

    pub(super) fn answer(&self, ask: &Ask, fired: &Fired) -> Answer {
        if matches!(ask.path.as_str(), "/v1/token" | "/oauth/token") {
            return if ask.method == Method::POST { self.token(ask) } else { not_allowed(ask) };
        }
        if !self.is_admitted(ask, fired) {
            return failure(ask, StatusCode::UNAUTHORIZED, "Unauthorized");
        }
        let Some(path) = ask.path.strip_prefix("/v1/") else { return missing(ask, "Path", &ask.path) };
        if ask.method != Method::GET {
            return not_allowed(ask);
        }
        let segments: Vec<&str> = path.split('/').collect();
        match segments.as_slice() {
            ["companies"] => self.companies(ask, fired),
            ["companies", id, rest @ ..] => self.company(ask, fired, id, rest),
            ["products"] => self.products(ask, fired),
            ["products", id, rest @ ..] => self.product(ask, fired, id, rest),
            ["subscriptions"] => self.subscriptions(ask, fired),
            ["subscriptions", id, "usage-summaries"] => self.usage_summaries(ask, fired, id),
            ["subscriptions", id, rest @ ..] => self.subscription(ask, fired, id, rest),
            ["usage-summaries", id, rest @ ..] => self.usage(ask, fired, id, rest),
            ["invoices"] => self.invoices(ask, fired),
            ["invoices", "draftItems"] => self.draft_items(ask, fired),
            ["invoices", id, rest @ ..] => self.invoice(ask, fired, id, rest),
            _ => missing(ask, "Path", path),
        }
    }

    fn token(&self, ask: &Ask) -> Answer {
        let Ok(body) = serde_json::from_slice::<Value>(&ask.body) else {
            return failure(ask, StatusCode::BAD_REQUEST, "Malformed JSON");
        };
        let field = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let good = field("client_id") == self.credentials.client_id
            && field("client_secret") == self.credentials.client_secret
            && field("grant_type") == "client_credentials"
            && matches!(field("audience"), "https://api.pax8.com" | "api://p8p.client");
        if !good {
            let body = json!({ "error": "access_denied", "error_description": "Unauthorized" });
            return Answer::with(StatusCode::UNAUTHORIZED, body);
        }
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.issued += 1;
        let token = format!("simulated.{}", tokens.issued);
        tokens.good.insert(token.clone());
        Answer::ok(json!({ "access_token": token, "expires_in": self.faults.expires_in, "token_type": "Bearer" }))
    }

    fn is_admitted(&self, ask: &Ask, fired: &Fired) -> bool {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if fired.has(Fault::Expire) {
            tokens.good.clear();
        }
        ask.header("authorization").and_then(|h| h.strip_prefix("Bearer ")).is_some_and(|t| tokens.good.contains(t))
    }

    pub(super) fn object(fired: &Fired) -> Object {
        Object::new(fired.has(Fault::Nulls))
    }

    /// One page of rows, in Pax8's envelope.
    pub(super) fn page<T>(&self, ask: &Ask, fired: &Fired, rows: &[T], show: impl Fn(&T) -> Value) -> Answer {
        let asked = |name: &str, usual: usize| match ask.query(name) {
            None => Ok(usual),
            // clients made from the published description send 0.0
            Some(text) => text.strip_suffix(".0").unwrap_or(text).parse::<usize>().map_err(|_| name.to_owned()),
        };
        let (page, size) = match (asked("page", 0), asked("size", SIZE_USUAL)) {
            (Ok(page), Ok(size)) if size > 0 => (page, size),
            _ => return failure(ask, StatusCode::BAD_REQUEST, "page or size is not valid"),
        };
        let size = match self.faults.oversize {
            Oversize::Refuse if size > SIZE_MAX => {
                return failure(ask, StatusCode::BAD_REQUEST, "size must be at most 200");
            }
            Oversize::Clamp => size.min(SIZE_MAX),
            Oversize::Refuse | Oversize::Honour => size,
        };
        let range = window(rows.len(), page.saturating_mul(size), size, fired.shift());
        let mut content: Vec<Value> = rows.get(range).unwrap_or_default().iter().map(show).collect();
        if let Some(first) = content.first_mut().filter(|_| page == 0) {
            spoil(first, fired);
        }
        let mut body = Object::new(false);
        if !(content.is_empty() && fired.has(Fault::NoContent)) {
            body = body.value("content", Value::Array(content));
        }
        if fired.has(Fault::NoTotals) {
            body = body.value("page", json!({ "size": size, "number": page }));
        } else if !fired.has(Fault::NoPaging) {
            let (total, pages) = (rows.len(), rows.len().div_ceil(size));
            let page = json!({ "size": size, "totalElements": total, "totalPages": pages, "number": page });
            body = body.value("page", page);
        }
        Answer::ok(body.done())
    }

    /// The rows of a file that meet every filter asked for, sorted as asked.
    pub(super) fn rows(&self, ask: &Ask, file: File, filters: &[&str], sorts: &[(&str, &str)]) -> Vec<Row<'_>> {
        let mut rows: Vec<Row<'_>> = self
            .data
            .table(file)
            .rows()
            .filter(|row| {
                filters.iter().all(|f| ask.query(f).is_none_or(|asked| row.get(f).eq_ignore_ascii_case(asked)))
            })
            .collect();
        let (field, direction) = ask.query("sort").map_or(("", ""), |s| s.split_once(',').unwrap_or((s, "asc")));
        if let Some((_, column)) = sorts.iter().find(|(name, _)| *name == field) {
            rows.sort_by_cached_key(|row| (row.get(column).parse::<Decimal>().ok(), row.get(column).to_owned()));
            if direction.eq_ignore_ascii_case("desc") {
                rows.reverse();
            }
        }
        rows
    }

    /// A company, product or subscription; ids are compared without case.
    pub(super) fn find(&self, file: File, id: &str) -> Option<Row<'_>> {
        self.data.table(file).row(*self.ids.get(&(file, id.to_ascii_lowercase()))?)
    }

    fn companies(&self, ask: &Ask, fired: &Fired) -> Answer {
        let filters = [
            "city",
            "country",
            "stateOrProvince",
            "postalCode",
            "selfServiceAllowed",
            "billOnBehalfOfEnabled",
            "orderApprovalRequired",
            "status",
        ];
        let sorts = [
            ("name", "name"),
            ("city", "city"),
            ("country", "country"),
            ("stateOrProvince", "stateOrProvince"),
            ("postalCode", "postalCode"),
        ];
        let rows = self.rows(ask, File::VendorCompanies, &filters, &sorts);
        self.page(ask, fired, &rows, |row| company(*row, fired, self.faults.full_lists))
    }

    fn company(&self, ask: &Ask, fired: &Fired, id: &str, rest: &[&str]) -> Answer {
        let Some(row) = self.find(File::VendorCompanies, id) else { return missing(ask, "Company", id) };
        let contacts = || {
            let all = self.data.table(File::VendorContacts).rows();
            all.filter(|c| c.get("companyId").eq_ignore_ascii_case(id)).collect::<Vec<_>>()
        };
        match rest {
            [] => Answer::ok(company(row, fired, true)),
            ["contacts"] => self.page(ask, fired, &contacts(), |c| contact(*c, fired)),
            ["contacts", wanted] => {
                let found = contacts().into_iter().find(|c| c.get("id").eq_ignore_ascii_case(wanted));
                found.map_or_else(|| missing(ask, "Contact", wanted), |c| Answer::ok(contact(c, fired)))
            }
            _ => missing(ask, "Path", &ask.path),
        }
    }

    fn products(&self, ask: &Ask, fired: &Fired) -> Answer {
        let mut rows =
            self.rows(ask, File::VendorProducts, &["vendorName"], &[("name", "name"), ("vendor", "vendorName")]);
        if let Some(search) = ask.query("search").map(str::to_lowercase) {
            rows.retain(|row| {
                ["name", "vendorName", "sku", "id"].iter().any(|c| row.get(c).to_lowercase().contains(&search))
            });
        }
        self.page(ask, fired, &rows, |row| product(*row, fired, self.faults.full_lists))
    }

    fn product(&self, ask: &Ask, fired: &Fired, id: &str, rest: &[&str]) -> Answer {
        let Some(row) = self.find(File::VendorProducts, id) else { return missing(ask, "Product", id) };
        match rest {
            [] => Answer::ok(product(row, fired, true)),
            ["pricing"] => {
                let company = ask.query("companyId");
                if let Some(company) = company.filter(|c| self.find(File::VendorCompanies, c).is_none()) {
                    return missing(ask, "Company", company);
                }
                Answer::ok(json!({ "content": self.prices(fired, id) }))
            }
            _ => missing(ask, "Path", &ask.path),
        }
    }

    /// One entry per billing and commitment term, with its rates in order.
    fn prices(&self, fired: &Fired, product: &str) -> Vec<Value> {
        let mut entries: Vec<(String, Object, Vec<Value>)> = Vec::new();
        let all = self.data.table(File::VendorPrices).rows();
        for row in all.filter(|r| r.get("productId").eq_ignore_ascii_case(product)) {
            let key = format!("{}/{}", row.get("billingTerm"), row.get("commitmentTerm"));
            let rate = Self::object(fired).columns(row, &RATE).done();
            match entries.iter_mut().find(|(k, _, _)| *k == key) {
                Some((_, _, rates)) => rates.push(rate),
                None => entries.push((key, Self::object(fired).columns(row, &PRICING), vec![rate])),
            }
        }
        entries.into_iter().map(|(_, entry, rates)| entry.value("rates", Value::Array(rates)).done()).collect()
    }

    fn subscriptions(&self, ask: &Ask, fired: &Fired) -> Answer {
        if ask.query("companyId").is_some_and(|c| self.find(File::VendorCompanies, c).is_none()) {
            return failure(ask, StatusCode::FORBIDDEN, "Access to the company is denied");
        }
        let sorts = ["quantity", "startDate", "endDate", "createdDate", "billingStart", "price"].map(|f| (f, f));
        let rows =
            self.rows(ask, File::VendorSubscriptions, &["companyId", "productId", "status", "billingTerm"], &sorts);
        self.page(ask, fired, &rows, |row| self.show_subscription(*row, fired, self.faults.full_lists))
    }

    fn subscription(&self, ask: &Ask, fired: &Fired, id: &str, rest: &[&str]) -> Answer {
        let Some(row) = self.find(File::VendorSubscriptions, id) else { return missing(ask, "Subscription", id) };
        match rest {
            [] => Answer::ok(self.show_subscription(row, fired, true)),
            ["history"] => {
                // newest first, the state of today included
                let earlier = self.data.table(File::VendorHistory).rows().rev();
                let all = std::iter::once(row).chain(earlier.filter(|r| r.get("id").eq_ignore_ascii_case(id)));
                let content: Vec<Value> = all.map(|r| self.show_subscription(r, fired, false)).collect();
                Answer::ok(json!({ "content": content }))
            }
            _ => missing(ask, "Path", &ask.path),
        }
    }

    fn show_subscription(&self, row: Row<'_>, fired: &Fired, full: bool) -> Value {
        let mut object = Self::object(fired).columns(row, &SUBSCRIPTION);
        for (at, field) in ["startDate", "endDate", "createdDate", "updatedDate"].into_iter().enumerate() {
            object = object.text(field, &self.date_shape(row.get("id"), at, row.get(field)));
        }
        if full {
            let sku = self.find(File::VendorProducts, row.get("productId")).map_or("", |p| p.get("vendorSku"));
            object = object.text("vendorSkuId", sku);
        }
        let term = row.get("commitmentTerm");
        let commitment = if term.is_empty() {
            if !fired.has(Fault::Nulls) {
                return object.done();
            }
            Value::Null
        } else {
            Self::object(fired)
                .text("id", &uuid(&format!("commitment/{term}")))
                .text("term", term)
                .text("endDate", row.get("commitmentEndDate"))
                .done()
        };
        match self.faults.commitment {
            Commitment::Wire => object.value("commitment", commitment),
            Commitment::Documented => object.value("commitmentTerm", commitment),
            Commitment::Both => object.value("commitment", commitment.clone()).value("commitmentTerm", commitment),
        }
        .done()
    }

    /// The same day in one of the shapes met on the wire, when they are to be mixed.
    fn date_shape(&self, id: &str, at: usize, text: &str) -> String {
        let Some(day) = text.get(..10).filter(|_| self.faults.mixed_dates) else { return text.to_owned() };
        match (id.bytes().map(usize::from).sum::<usize>() + at) % 3 {
            0 => day.to_owned(),
            1 => format!("{day}T08:30:00Z"),
            _ => format!("{day}T11:33:12.314+0000"),
        }
    }
}

fn not_allowed(ask: &Ask) -> Answer {
    failure(ask, StatusCode::METHOD_NOT_ALLOWED, &format!("{} is not served here", ask.method))
}

fn company(row: Row<'_>, fired: &Fired, full: bool) -> Value {
    let nulls = || Pax8::object(fired);
    let address =
        nulls().columns(row, &["street", "city", "stateOrProvince", "postalCode", "country"].map(|c| (c, As::Text)));
    let updated = row.get("updatedDate");
    let mut object = nulls()
        .columns(row, &["id", "name", "website", "externalId", "status"].map(|c| (c, As::Text)))
        .columns(row, &["billOnBehalfOfEnabled", "selfServiceAllowed"].map(|c| (c, As::Flag)))
        .value("address", address.done())
        // the wire writes the offset without a colon
        .text("updatedDate", &updated.strip_suffix('Z').map_or(updated.to_owned(), |t| format!("{t}.000+0000")));
    if full {
        object = object.text("phone", row.get("phone")).flag("orderApprovalRequired", row.get("orderApprovalRequired"));
    }
    object.done()
}

/// `types` of the row is a list such as `Admin+;Billing`, `+` marking the primary contact.
fn contact(row: Row<'_>, fired: &Fired) -> Value {
    let types: Vec<Value> = row
        .get("types")
        .split(';')
        .filter(|t| !t.is_empty())
        .map(|t| json!({ "type": t.trim_end_matches('+'), "primary": t.ends_with('+') }))
        .collect();
    let columns = ["id", "firstName", "lastName", "email", "phone", "createdDate"].map(|c| (c, As::Text));
    Pax8::object(fired).columns(row, &columns).value("types", Value::Array(types)).done()
}

fn product(row: Row<'_>, fired: &Fired, full: bool) -> Value {
    let columns = ["id", "name", "vendorName", "shortDescription", "sku", "vendorSku", "altVendorSku"];
    let mut object = Pax8::object(fired)
        .columns(row, &columns.map(|c| (c, As::Text)))
        .flag("requiresCommitment", row.get("requiresCommitment"));
    if full {
        object = object.text("description", &format!("{}. Sold by the unit.", row.get("shortDescription")));
    }
    object.done()
}

const PRICING: [(&str, As); 7] = [
    ("productId", As::Text),
    ("productName", As::Text),
    ("billingTerm", As::Text),
    ("commitmentTerm", As::Text),
    ("commitmentTermInMonths", As::Number),
    ("type", As::Text),
    ("unitOfMeasurement", As::Text),
];
const RATE: [(&str, As); 5] = [
    ("partnerBuyRate", As::Number),
    ("suggestedRetailPrice", As::Number),
    ("startQuantityRange", As::Number),
    ("endQuantityRange", As::Number),
    ("chargeType", As::Text),
];
const SUBSCRIPTION: [(&str, As); 13] = [
    ("id", As::Text),
    ("parentSubscriptionId", As::Text),
    ("companyId", As::Text),
    ("productId", As::Text),
    ("vendorSubscriptionId", As::Text),
    ("quantity", As::Number),
    ("billingStart", As::Text),
    ("status", As::Text),
    ("price", As::Number),
    ("partnerCost", As::Number),
    ("currencyCode", As::Text),
    ("productName", As::Text),
    ("billingTerm", As::Text),
];

/// A figure to be summed: one that is no number, or larger than any, counts as nothing. It travels as it is all the same.
pub(super) fn figure(row: Row<'_>, column: &str) -> Decimal {
    const LARGEST: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);
    Decimal::from_str_exact(row.get(column)).ok().filter(|read| read.abs() <= LARGEST).unwrap_or_default()
}

/// An exact amount as a number.
pub(super) fn exact(amount: Decimal) -> Value {
    number(&amount.to_string())
}
