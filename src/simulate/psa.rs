//! ConnectWise PSA's REST interface: companies, catalogue, agreements and their additions; tickets stand beside.
//!
//! Follows the published description under `/v4_6_release/apis/3.0`. Invariant: every column of the agreement lines can be
//! read back from an addition and its agreement. What the interface has no field for travels in custom fields, as such
//! tenants do it: `Line Type` on additions, `Weight From` and `Weight To` on the components of a bundle.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::data::{Data, File, Row};
use super::faults::{Fault, Fired};
use super::json::{As, Object, id, number, small_id};
use super::psa_query::list;
use super::psa_tickets::Tickets;
use super::server::{Answer, Ask};

const BASE: &str = "/v4_6_release/apis/3.0/";

/// What the interface accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PsaCredentials {
    /// The login company.
    pub company: String,
    /// The public key of the API member.
    pub public_key: String,
    /// Its private key.
    pub private_key: String,
    /// The `clientId` header.
    pub client_id: String,
}

impl Default for PsaCredentials {
    /// The published credentials of the demo; they open nothing but a simulator.
    fn default() -> Self {
        Self {
            company: "demo".to_owned(),
            public_key: "public".to_owned(),
            private_key: "private".to_owned(),
            client_id: "00000000-0000-4000-a000-000000000000".to_owned(),
        }
    }
}

impl PsaCredentials {
    /// The `Authorization` header that is accepted.
    fn header(&self) -> String {
        format!("Basic {}", base64(&format!("{}+{}:{}", self.company, self.public_key, self.private_key)))
    }
}

/// The simulated PSA.
pub(super) struct Psa {
    credentials: PsaCredentials,
    companies: Vec<Value>,
    catalog: Vec<Value>,
    agreements: Vec<Value>,
    /// By the id of the agreement, as text.
    additions: BTreeMap<String, Vec<Value>>,
    /// By the id of the bundle, as text.
    components: BTreeMap<String, Vec<Value>>,
    tickets: Tickets,
}

/// A failure in ConnectWise's envelope; throttling has one of its own.
pub(super) fn failure(status: StatusCode, message: &str) -> Answer {
    let body = if status == StatusCode::TOO_MANY_REQUESTS {
        json!({ "error": "ConnectWiseAPI", "message": "Too many requests. Please try again in 30 seconds." })
    } else {
        let code = status.canonical_reason().unwrap_or("Error").replace(' ', "");
        json!({ "code": code, "message": message, "errors": null })
    };
    Answer::with(status, body)
}

impl Psa {
    pub(super) fn new(data: &Data, credentials: PsaCredentials) -> Self {
        let (agreements, additions) = agreements(data);
        Self {
            credentials,
            companies: sorted(data.table(File::PsaCompanies).rows().map(company).collect()),
            catalog: sorted(data.table(File::PsaProducts).rows().map(product).collect()),
            agreements,
            additions,
            components: components(data),
            tickets: Tickets::default(),
        }
    }

    pub(super) fn answer(&self, ask: &Ask, fired: &Fired) -> Answer {
        if let Some(company) = ask.path.strip_prefix("/login/companyinfo/") {
            return self.company_info(ask, company);
        }
        let Some(path) = ask.path.strip_prefix(BASE) else {
            return failure(StatusCode::NOT_FOUND, "The code base is not served here");
        };
        let known = ask.header("authorization") == Some(self.credentials.header().as_str())
            && ask.header("clientid") == Some(self.credentials.client_id.as_str());
        if !known || fired.has(Fault::Expire) {
            return failure(StatusCode::UNAUTHORIZED, "The credentials or the clientId header are not accepted");
        }
        let segments: Vec<&str> = path.split('/').collect();
        if let ["service", "tickets", rest @ ..] = segments.as_slice() {
            return self.tickets.answer(ask, fired, rest, &self.companies);
        }
        if ask.method != Method::GET {
            return failure(StatusCode::METHOD_NOT_ALLOWED, "Only tickets are made here");
        }
        let none = Vec::new();
        match segments.as_slice() {
            ["system", "info"] => Answer::ok(json!({
                "version": "v2025.1", "isCloud": false, "serverTimeZone": "UTC", "cloudRegion": "NA",
                "licenseBits": [], "maxWorkFlowRecordsAllowed": 1000,
            })),
            ["company", "companies", rest @ ..] => show(ask, fired, &self.companies, rest, &COMPANY_MAY_LACK),
            ["procurement", "catalog", bundle, "components", rest @ ..] => {
                if !has(&self.catalog, bundle) {
                    return unknown(bundle);
                }
                show(ask, fired, self.components.get(*bundle).unwrap_or(&none), rest, &[])
            }
            ["procurement", "catalog", rest @ ..] => show(ask, fired, &self.catalog, rest, &PRODUCT_MAY_LACK),
            ["finance", "agreements", agreement, "additions", rest @ ..] => {
                if !has(&self.agreements, agreement) {
                    return unknown(agreement);
                }
                show(ask, fired, self.additions.get(*agreement).unwrap_or(&none), rest, &ADDITION_MAY_LACK)
            }
            ["finance", "agreements", rest @ ..] => show(ask, fired, &self.agreements, rest, &[]),
            _ => failure(StatusCode::NOT_FOUND, &format!("There is no resource {path}")),
        }
    }

    fn company_info(&self, ask: &Ask, company: &str) -> Answer {
        if company != self.credentials.company {
            return Answer::ok(Value::Null);
        }
        Answer::ok(json!({
            "CompanyName": "Example Managed Services", "Codebase": "v4_6_release/", "VersionCode": "v2025.1",
            "VersionNumber": "v4.6.100", "CompanyID": company, "IsCloud": false,
            "SiteUrl": ask.base.trim_start_matches("http://"),
        }))
    }
}

const COMPANY_MAY_LACK: [&str; 9] =
    ["addressLine1", "addressLine2", "city", "state", "zip", "country", "phoneNumber", "website", "accountNumber"];
const PRODUCT_MAY_LACK: [&str; 4] = ["manufacturerPartNumber", "vendorSku", "unitOfMeasure", "category"];
const ADDITION_MAY_LACK: [&str; 3] = ["cancelledDate", "description", "effectiveDate"];

/// A list, its count, or one record.
fn show(ask: &Ask, fired: &Fired, rows: &[Value], rest: &[&str], may_lack: &[&str]) -> Answer {
    let mut answer = match rest {
        [] => list(ask, fired, rows),
        ["count"] => super::psa_query::count(ask, rows),
        [wanted] => rows
            .iter()
            .find(|row| row.get("id").is_some_and(|id| plain(id) == *wanted))
            .map_or_else(|| unknown(wanted), |row| Answer::ok(row.clone())),
        _ => failure(StatusCode::NOT_FOUND, &format!("There is no resource {}", ask.path)),
    };
    let whole = answer.status == StatusCode::OK && ask.query("fields").is_none() && !rest.ends_with(&["count"]);
    if fired.has(Fault::Nulls) && whole {
        fill(&mut answer.body, may_lack);
    }
    answer
}

/// Says null for what is unset, in one record or in each of a list.
fn fill(body: &mut Value, may_lack: &[&str]) {
    match body {
        Value::Array(rows) => rows.iter_mut().for_each(|row| fill(row, may_lack)),
        Value::Object(fields) => {
            for name in may_lack {
                fields.entry(*name).or_insert(Value::Null);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn unknown(id: &str) -> Answer {
    failure(StatusCode::NOT_FOUND, &format!("Record {id} was not found"))
}

fn has(rows: &[Value], wanted: &str) -> bool {
    rows.iter().any(|row| row.get("id").is_some_and(|id| plain(id) == wanted))
}

/// The text of a scalar.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// By id, numbers first and in their order.
fn sorted(mut rows: Vec<Value>) -> Vec<Value> {
    rows.sort_by_cached_key(|row| {
        let id = row.get("id").map(plain).unwrap_or_default();
        (id.parse::<u64>().unwrap_or(u64::MAX), id)
    });
    rows
}

fn info() -> Value {
    json!({ "lastUpdated": "2026-01-15T09:00:00Z", "updatedBy": "zadmin" })
}

fn company(row: Row<'_>) -> Value {
    let texts =
        ["identifier", "name", "addressLine1", "city", "state", "zip", "phoneNumber", "website", "accountNumber"];
    let kind = Object::new(false).value("id", json!(1)).text("name", row.get("type")).done();
    let types = if row.get("type").is_empty() { json!([]) } else { json!([kind]) };
    Object::new(false)
        .value("id", id(row.get("id")))
        .columns(row, &texts.map(|c| (c, As::Text)))
        .named("status", row.get("status"))
        .named("country", row.get("country"))
        .value("types", types)
        .flag("deletedFlag", row.get("deletedFlag"))
        .value("customFields", json!([]))
        .value("_info", info())
        .done()
}

fn product(row: Row<'_>) -> Value {
    let texts = ["identifier", "description", "productClass", "manufacturerPartNumber"];
    Object::new(false)
        .value("id", id(row.get("id")))
        .columns(row, &texts.map(|c| (c, As::Text)))
        .text("customerDescription", row.get("description"))
        .columns(row, &[("price", As::Number), ("cost", As::Number), ("inactiveFlag", As::Flag)])
        .named("category", row.get("category"))
        .named("unitOfMeasure", row.get("unitOfMeasure"))
        .value("subcategory", json!({ "id": 1, "name": "General" }))
        .value("type", json!({ "id": 1, "name": "Agreement" }))
        .value("customFields", json!([]))
        .value("_info", info())
        .done()
}

/// A billing date is midnight UTC; a text that is no date goes out as it is.
fn midnight(day: &str) -> String {
    let dated = day.len() == 10 && day.bytes().filter(|b| *b == b'-').count() == 2;
    if dated { format!("{day}T00:00:00Z") } else { day.to_owned() }
}

fn custom(at: u32, caption: &str, kind: &str, value: &Value) -> Value {
    json!({
        "id": at, "caption": caption, "type": kind, "entryMethod": "EntryField",
        "numberOfDecimals": if kind == "Number" { 4 } else { 0 }, "value": value,
    })
}

/// Agreements and their additions. Lines of one agreement id that disagree about its name, status, customer or currency
/// stand on agreements of their own (`ID`, `ID-2`, …), so that nothing is lost; `agreementId` of the addition keeps the id.
fn agreements(data: &Data) -> (Vec<Value>, BTreeMap<String, Vec<Value>>) {
    type Head<'a> = [&'a str; 5];
    let mut heads: BTreeMap<&str, Vec<Head<'_>>> = BTreeMap::new();
    let mut additions: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut records = Vec::new();
    for line in data.table(File::PsaAgreementLines).rows() {
        let head: Head<'_> =
            ["agreementName", "agreementStatus", "companyId", "companyName", "currencyCode"].map(|c| line.get(c));
        let number = line.get("agreementId");
        let seen = heads.entry(number).or_default();
        let at = seen.iter().position(|h| *h == head).unwrap_or_else(|| {
            seen.push(head);
            records.push(agreement(&agreement_id(number, seen.len()), line));
            seen.len() - 1
        });
        additions.entry(agreement_id(number, at + 1)).or_default().push(addition(line));
    }
    (sorted(records), additions.into_iter().map(|(id, rows)| (id, sorted(rows))).collect())
}

fn agreement_id(number: &str, nth: usize) -> String {
    if nth == 1 { number.to_owned() } else { format!("{number}-{nth}") }
}

fn agreement(own_id: &str, line: Row<'_>) -> Value {
    let company =
        Object::new(false).value("id", id(line.get("companyId"))).text("name", line.get("companyName")).done();
    let code = line.get("currencyCode");
    let mut object = Object::new(false)
        .value("id", id(own_id))
        .text("name", line.get("agreementName"))
        .text("agreementStatus", line.get("agreementStatus"))
        .value("company", company)
        .value("type", json!({ "id": 1, "name": "Managed Services" }))
        .value("startDate", json!("2024-01-01T00:00:00Z"))
        .value("noEndingDateFlag", json!(true))
        .value("billingCycle", json!({ "id": 2, "name": "Monthly" }))
        .value("prorateFlag", json!(true))
        .value("customFields", json!([]))
        .value("_info", info());
    if !code.is_empty() {
        let currency = Object::new(false)
            .value("id", json!(small_id(code)))
            .text("name", code)
            .text("currencyCode", code)
            .value("numberOfDecimals", json!(2))
            .done();
        object = object.value("currency", currency);
    }
    object.done()
}

fn addition(line: Row<'_>) -> Value {
    let product = Object::new(false)
        .value("id", id(line.get("productId")))
        .text("identifier", line.get("productIdentifier"))
        .done();
    let numbers = ["quantity", "lessIncluded", "billedQuantity", "unitPrice", "unitCost"];
    Object::new(false)
        .value("id", id(line.get("id")))
        .value("agreementId", id(line.get("agreementId")))
        .value("product", product)
        .columns(line, &numbers.map(|c| (c, As::Number)))
        .number("extPrice", line.get("extendedPrice"))
        .number("extCost", line.get("extendedCost"))
        .columns(line, &["billCustomer", "description", "agreementStatus"].map(|c| (c, As::Text)))
        .text("invoiceDescription", line.get("description"))
        .text("effectiveDate", &midnight(line.get("effectiveDate")))
        .text("cancelledDate", &midnight(line.get("cancelledDate")))
        .flag("prorateCurrentPeriodFlag", line.get("prorateCurrentPeriodFlag"))
        .value("taxableFlag", json!(false))
        .value("customFields", json!([custom(1, "Line Type", "Text", &json!(line.get("lineType")))]))
        .value("_info", info())
        .done()
}

/// The parts of every bundle, in the order of its recipe.
fn components(data: &Data) -> BTreeMap<String, Vec<Value>> {
    let mut all: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    // An id is one component's in the whole system, not only in its bundle.
    let recipes = data.table(File::Mappings).rows().filter(|row| row.get("kind") == "bundle");
    for (row, number_of_all) in recipes.zip(1_u64..) {
        let part = data.table(File::PsaProducts).rows().find(|p| p.get("id") == row.get("psaId"));
        let parts = all.entry(row.get("bundlePsaId").to_owned()).or_default();
        let item = Object::new(false)
            .value("id", id(row.get("psaId")))
            .text("identifier", part.map_or("", |p| p.get("identifier")));
        let weights = json!([
            custom(1, "Weight From", "Number", &number(row.get("weightFrom"))),
            custom(2, "Weight To", "Number", &number(row.get("weightTo"))),
        ]);
        let component = Object::new(false)
            .value("id", json!(number_of_all))
            .value("sequenceNumber", json!(parts.len() + 1))
            .number("quantity", row.get("perUnit"))
            .value("catalogItem", item.done())
            .number("price", part.map_or("", |p| p.get("price")))
            .number("cost", part.map_or("", |p| p.get("cost")))
            .value("hidePriceFlag", json!(true))
            .value("customFields", weights)
            .value("_info", info());
        parts.push(component.done());
    }
    all
}

/// Standard base64 with padding.
fn base64(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4_usize {
            let index = usize::try_from(bits >> (18 - 6 * at) & 63).unwrap_or_default();
            let letter = ALPHABET.get(index).copied().map_or('=', char::from);
            out.push(if at > chunk.len() { '=' } else { letter });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_pads() {
        for (text, expected) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("a+b:c?~", "YStiOmM/fg==")]
        {
            assert_eq!(base64(text), expected);
        }
    }
}
