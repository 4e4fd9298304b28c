//! Requests for an operation: good ones, and ones with a hostile query, path or body. Seeded.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng as _;
use serde_json::{Value, json};

use super::operations::Operation;
use crate::simulate::writes::{firm, person};
use crate::simulate::{Pax8, text};

const HOSTILE: [&str; 24] = [
    "null",
    "0",
    "-1",
    "1.5",
    "0.0",
    "200",
    "201",
    "1000000000000",
    "99999999999999999999999999",
    "1e309",
    "NaN",
    "",
    "true",
    "perhaps",
    "2026-02-30",
    "2026-10-12",
    "+262000-01-01",
    "3",
    "none",
    "%00",
    "%F0%9F%92%A5",
    "name%2Cdesc",
    "%27%3B--",
    "%7B%7D",
];
const UNKNOWN: &str = "3b0e9c1e-0000-4000-a000-00000000dead";

/// Ids that are good, by what they are of.
pub(super) struct Ids {
    single: BTreeMap<&'static str, Vec<String>>,
    /// Things that hang on others: company and contact, webhook and topic, webhook and log.
    pairs: BTreeMap<&'static str, Vec<(String, String)>>,
}

fn below(rng: &mut ChaCha8Rng, count: usize) -> usize {
    usize::try_from(rng.next_u64() % u64::try_from(count.max(1)).unwrap()).unwrap()
}

fn pick<'a>(rng: &mut ChaCha8Rng, all: &'a [String]) -> &'a str {
    all.get(below(rng, all.len())).map_or(UNKNOWN, String::as_str)
}

impl Ids {
    pub(super) async fn collect(pax8: &Pax8) -> Self {
        let ids = async |list: &str| pax8.all(list, 200).await.0.iter().map(|row| text(&row["id"])).collect::<Vec<_>>();
        let mut ids = Self {
            single: BTreeMap::from([
                ("company", ids("companies").await),
                ("product", ids("products").await),
                ("vault", ids("products?search=password").await),
                ("order", ids("orders").await),
                ("subscription", ids("subscriptions?status=Active").await),
                ("invoice", ids("invoices").await),
                ("name", vec!["CLIENT".to_owned()]),
            ]),
            pairs: BTreeMap::new(),
        };
        let mut summaries = Vec::new();
        for id in &ids.single["subscription"] {
            let page = pax8.get(&format!("subscriptions/{id}/usage-summaries")).await.json();
            summaries.extend(page["content"].as_array().unwrap().iter().map(|row| text(&row["id"])));
        }
        ids.single.insert("summary", summaries);
        let topics = json!([{ "topic": "CLIENT", "filters": [] }, { "topic": "INVOICE", "filters": [] }]);
        for at in 0..8 {
            let body =
                json!({ "displayName": format!("hook {at}"), "url": "http://127.0.0.1:9/", "webhookTopics": topics });
            let hook = pax8.done("POST", "/api/v2/webhooks", &body).await;
            ids.learn("/api/v2/webhooks", &hook);
            let log = format!("/api/v2/webhooks/{}", text(&hook["id"]));
            pax8.done("POST", &format!("{log}/topics/CLIENT/test"), &Value::Null).await;
            let logs = pax8.call("GET", &format!("{log}/logs"), &Value::Null).await.json();
            let pair = (text(&hook["id"]), text(&logs["content"][0]["id"]));
            ids.pairs.entry("log").or_default().push(pair);
        }
        for id in ids.single["company"].clone() {
            let contacts = pax8.get(&format!("companies/{id}/contacts")).await.json();
            let pairs = contacts["content"].as_array().unwrap().iter().map(|c| (id.clone(), text(&c["id"])));
            ids.pairs.entry("contact").or_default().extend(pairs);
        }
        ids
    }

    /// What an accepted write has made.
    pub(super) fn learn(&mut self, path: &str, made: &Value) {
        let id = text(&made["id"]);
        match path {
            "/v1/companies" => self.single.entry("company").or_default().push(id),
            "/v1/companies/{company}/contacts" => {}
            "/api/v2/webhooks" => {
                let spare = self.single.get("webhook").is_some_and(|known| known.len() >= 4);
                self.single.entry(if spare { "spare" } else { "webhook" }).or_default().push(id.clone());
                let topics = made["webhookTopics"].as_array().unwrap().iter().map(|t| (id.clone(), text(&t["id"])));
                self.pairs.entry("topic").or_default().extend(topics);
            }
            _ => {}
        }
    }

    /// A contact that is primary for nothing comes last.
    fn pair(&self, what: &str, rng: &mut ChaCha8Rng) -> (String, String) {
        let all = self.pairs.get(what).map_or(&[][..], Vec::as_slice);
        all.get(below(rng, all.len())).cloned().unwrap_or((UNKNOWN.to_owned(), UNKNOWN.to_owned()))
    }
}

/// One request.
pub(super) struct Request {
    pub(super) url: String,
    pub(super) body: Option<String>,
}

impl Request {
    /// Four in turn: good, hostile query, hostile path, bent body.
    pub(super) fn make(operation: &Operation, ids: &Ids, rng: &mut ChaCha8Rng, turn: usize) -> Self {
        let kind = turn % 4;
        let mut url = path(operation.path, ids, rng, kind == 2);
        let query = query(
            operation,
            ids,
            rng,
            if kind == 1 {
                Mood::Hostile
            } else if turn == 0 {
                Mood::Bare
            } else {
                Mood::Good
            },
        );
        if !query.is_empty() {
            url = format!("{url}?{}", query.join("&"));
        }
        let body = body(operation, ids, rng).map(|body| if kind == 3 { bend(body, rng) } else { body.to_string() });
        Self { url, body }
    }
}

fn path(pattern: &str, ids: &Ids, rng: &mut ChaCha8Rng, hostile: bool) -> String {
    let mut url = pattern.to_owned();
    if hostile {
        let bad = ["none", UNKNOWN, "%20", "%F0%9F%92%A5", "..%2F..", "0", &"9".repeat(500), "null"];
        while let (Some(open), Some(close)) = (url.find('{'), url.find('}')) {
            url.replace_range(open..=close, bad[below(rng, bad.len())]);
        }
        return url;
    }
    for (outer, inner) in [("company", "contact"), ("webhook", "topic"), ("webhook", "log")] {
        if url.contains(&format!("{{{inner}}}")) {
            let (one, other) = ids.pair(inner, rng);
            url = url.replace(&format!("{{{outer}}}"), &one).replace(&format!("{{{inner}}}"), &other);
        }
    }
    for (name, all) in &ids.single {
        let place = format!("{{{name}}}");
        if url.contains(&place) {
            url = url.replace(&place, pick(rng, all));
        }
    }
    url.replace("{spare}", UNKNOWN)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mood {
    /// Only what must be there.
    Bare,
    Good,
    Hostile,
}

fn query(operation: &Operation, ids: &Ids, rng: &mut ChaCha8Rng, mood: Mood) -> Vec<String> {
    let mut parts = Vec::new();
    for (name, good) in operation.query {
        let needed = *name == "usageDate";
        if !needed && (mood == Mood::Bare || below(rng, 3) > 0) {
            continue;
        }
        let good = path(good, ids, rng, false).replace("{}", "%7B%7D");
        if mood != Mood::Hostile {
            parts.push(format!("{name}={good}"));
            continue;
        }
        let bad = HOSTILE[below(rng, HOSTILE.len())];
        match below(rng, 4) {
            0 => parts.extend([format!("{name}={good}"), format!("{name}={bad}")]),
            1 => parts.extend([format!("{name}={bad}"), format!("{name}={bad}")]),
            2 => parts.push((*name).to_owned()),
            _ => parts.push(format!("{name}={bad}")),
        }
    }
    if mood == Mood::Hostile {
        parts.push(format!("unheardOf={}", HOSTILE[below(rng, HOSTILE.len())]));
    }
    parts
}

fn body(operation: &Operation, ids: &Ids, rng: &mut ChaCha8Rng) -> Option<Value> {
    let number = rng.next_u64() % 1_000_000;
    let name = format!("Made {number}");
    let quantity = number % 50 + 1;
    Some(match (operation.method, operation.path) {
        ("POST", "/v1/companies") => firm(&name),
        ("PATCH", "/v1/companies/{company}") => json!({ "phone": name }),
        ("POST" | "PUT", path) if path.contains("/contacts") => {
            let all = [("Admin", true), ("Billing", true), ("Technical", true)];
            let types = if operation.method == "PUT" { &all[..] } else { &[("Billing", false)] };
            person(&name, types)
        }
        ("POST", "/v1/orders") => json!({
            "companyId": pick(rng, &ids.single["company"]),
            "orderedBy": "Pax8 Partner",
            "orderedByUserEmail": "ada@harbour.example",
            "lineItems": [{
                "productId": pick(rng, &ids.single["vault"]),
                "lineItemNumber": 1,
                "billingTerm": "Monthly",
                "quantity": quantity,
                "provisionStartDate": "2026-10-01T00:00:00.000-05:00",
                "provisioningDetails": [],
            }],
        }),
        ("PUT", "/v1/subscriptions/{subscription}") => json!({
            "quantity": quantity + 1_000, "price": 9.25, "startDate": "2026-01-01", "billingTerm": "Monthly",
            "provisioningDetails": [],
        }),
        ("POST", "/api/v2/webhooks") => json!({
            "displayName": name, "url": "http://127.0.0.1:9/", "active": false, "errorThreshold": 4,
            "webhookTopics": [{ "topic": "CLIENT", "filters": [{ "action": "CREATED", "conditions": [
                { "field": "id", "operator": "IN", "value": ["x"] } ] }] }],
        }),
        ("POST", "/api/v2/webhooks/{webhook}/configuration") => {
            json!({ "displayName": name, "url": "http://127.0.0.1:9/", "contactEmail": "a@b.example", "errorThreshold": 2 })
        }
        ("POST", "/api/v2/webhooks/{webhook}/status") => json!({ "active": number.is_multiple_of(2) }),
        ("POST", "/api/v2/webhooks/{webhook}/topics") => json!({ "topic": "SUBSCRIPTION", "filters": [] }),
        ("PUT", _) => json!({ "webhookTopics": [{ "topic": "CLIENT", "filters": [] }] }),
        ("POST", "/api/v2/webhooks/{webhook}/topics/{topic}/configuration") => json!({ "filters": [] }),
        _ => return None,
    })
}

/// A body with something wrong in one place, or one that is no body.
fn bend(mut body: Value, rng: &mut ChaCha8Rng) -> String {
    let whole = ["", "{", "null", "[]", "\"text\"", "{\"name\":1e400}", "{\"a\":1}garbage", "\u{feff}{}"];
    match below(rng, 6) {
        0 => whole[below(rng, whole.len())].to_owned(),
        1 if below(rng, 4) == 0 => format!("{{\"name\":\"{}\"}}", "x".repeat(1_500_000)),
        2 => format!("{}{}", "[".repeat(3_000), "]".repeat(3_000)),
        _ => {
            let places = places(&body, "");
            let place = &places[below(rng, places.len())];
            let bad = [
                Value::Null,
                json!(""),
                json!(" "),
                json!(-1),
                json!(1.5),
                json!(true),
                json!([]),
                json!({}),
                json!("none"),
                json!([null]),
                json!([[]]),
                json!({ "a": { "b": [] } }),
                json!("x".repeat(5_000)),
                json!("\u{0}\u{202e}"),
            ];
            *body.pointer_mut(place).unwrap() = bad[below(rng, bad.len())].clone();
            body.to_string()
        }
    }
}

fn places(value: &Value, here: &str) -> Vec<String> {
    let mut found = Vec::new();
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, inner)| {
            found.push(format!("{here}/{name}"));
            found.extend(places(inner, &format!("{here}/{name}")));
        }),
        Value::Array(items) => items.iter().enumerate().for_each(|(at, inner)| {
            found.push(format!("{here}/{at}"));
            found.extend(places(inner, &format!("{here}/{at}")));
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    found
}
