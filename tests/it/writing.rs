//! The kit of every system that is written to: each is a row of [`PEERS`], played by a simulator that keeps what it is sent and
//! misbehaves; the tests say what a write must come to, whatever the system.
#![cfg(test)]

mod autotask;
mod by_days;
mod connectwise;
mod dataverse;
mod erpnext;
mod files;
mod halopsa;
mod lines;
mod lists;
mod quickbooks;
mod records;
mod syncro;
mod xero;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use serde_json::Value as Json;
use trueup::clock::Clock;
use trueup::config::{self, Config};
use trueup::connectors::PsaConnector;
use trueup::core::change::{
    Change, Create, CustomerField, Kind, LineField, ProductField, PsaWrite, Target, Update, Value,
};
use trueup::core::money::exact;
use trueup::engine::{Ended, Engine, EngineError, JournalEntry, Settling, Written};
use trueup::simulate::{Data, File, Running};

/// A system of the kit.
struct Peer {
    name: &'static str,
    /// Starts it with switches, holding [`world`].
    start: fn(&str) -> Starting,
    /// The address of a record, from the root of the server.
    address: fn(&str, &Target) -> String,
    /// The place of a field in a record as the system keeps it.
    place: fn(&str, &str) -> &'static str,
    /// What a record has at that place where the field has no value, or this one.
    held: fn(&str, &str, Option<&str>) -> Json,
    /// What changes with every write, whatever it writes.
    marks: &'static [&'static str],
    /// A change somebody else makes: how it is sent, of a place and a value.
    by_hand: fn(&str, Json) -> (Method, Json),
    /// Where it is sent, where that is not the record's address: then the body says which.
    hand_at: Option<fn(&str, &Target, &mut Json) -> String>,
    /// Puts the credentials on a request.
    sign: fn(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
    /// Whether the day on which a line ends, as the system has it, is still billed.
    bills_last_day: bool,
    /// The system's own form of an id of [`world`].
    id: fn(&str) -> String,
    /// The record in the answer at its address.
    record: fn(&str, &Target, Json) -> Json,
    /// What the system has no place for, or does not do: fields such as `customer.code`, and what the tests below name.
    lacks: &'static [&'static str],
}

impl Peer {
    fn has(&self, what: &str) -> bool {
        !self.lacks.contains(&what)
    }

    /// One of each kind that is made.
    fn creates(&self, tag: &str) -> Vec<(&'static str, PsaWrite)> {
        all_creates(tag).into_iter().filter(|(entity, _)| self.has(&format!("{entity}.create"))).collect()
    }

    /// A price with as many decimals as are kept.
    fn price(&self) -> &'static str {
        if self.has("four decimals") { "23.0525" } else { "23.05" }
    }

    /// What is made, without the fields that have no place.
    fn create<F: Kind>(&self, create: &Create<F>) -> PsaWrite {
        let mut create = create.clone();
        create.fields.retain(|field, _| self.has(&format!("{}.{}", F::NAME, field.name())));
        if let Some(Value::Text(product)) =
            create.fields.iter_mut().find(|(field, _)| field.name() == "product").map(|(_, value)| value)
        {
            *product = (self.id)(product);
        }
        create.below = create.below.map(|below| (self.id)(&below));
        F::create(create)
    }

    fn update<F: Kind>(&self, update: &Update<F>, effective: Option<chrono::NaiveDate>) -> PsaWrite {
        F::update(Update { target: self.target(&update.target), changes: update.changes.clone() }, effective)
    }

    fn target(&self, target: &Target) -> Target {
        Target { id: (self.id)(&target.id), below: target.below.as_ref().map(|below| (self.id)(below)) }
    }

    /// A write of the kit as this system is written to.
    fn own(&self, write: &PsaWrite) -> PsaWrite {
        match write {
            PsaWrite::CreateCustomer(create) => self.create(create),
            PsaWrite::CreateProduct(create) => self.create(create),
            PsaWrite::CreateLine(create) => self.create(create),
            PsaWrite::UpdateCustomer(update) => self.update(update, None),
            PsaWrite::UpdateProduct(update) => self.update(update, None),
            PsaWrite::UpdateLine { update, effective } => self.update(update, *effective),
        }
    }
}

/// The systems that have what a test is about.
fn having(what: &'static str) -> impl Iterator<Item = &'static Peer> {
    PEERS.into_iter().filter(move |peer| peer.has(what))
}

type Starting = Pin<Box<dyn Future<Output = (Running, Box<dyn PsaConnector>)> + Send>>;

const PEERS: [&Peer; 8] = [
    &autotask::PEER,
    &connectwise::PEER,
    &dataverse::PEER,
    &erpnext::PEER,
    &halopsa::PEER,
    &quickbooks::PEER,
    &syncro::PEER,
    &xero::PEER,
];

const CUSTOMER: &str = "101";
pub(crate) const PRODUCT: &str = "201";
pub(crate) const AGREEMENT: &str = "301";
pub(crate) const LINE: &str = "401";
/// There is no such record.
const MISSING: &str = "999";

/// Two customers, two products, one agreement with a line of five and one of two.
pub(crate) fn world() -> Data {
    let mut data = Data::empty();
    for (id, code, name) in [(CUSTOMER, "HARBOUR", "Harbour & Finch"), ("102", "QUAY", "Quay Row Dental")] {
        data.table_mut(File::PsaCompanies).push(&[
            ("id", id),
            ("identifier", code),
            ("name", name),
            ("status", "Active"),
            ("type", "Customer"),
            ("addressLine1", "4 Quay Row"),
            ("city", "Bristol"),
            ("state", "England"),
            ("zip", "BS1 4ZZ"),
            ("country", "United Kingdom"),
            ("phoneNumber", "0117 496 0000"),
            ("website", "https://harbour.example"),
            ("deletedFlag", "false"),
        ]);
    }
    for (id, code, name, price) in [(PRODUCT, "SEAT", "Seat", "22.10"), ("202", "VAULT", "Vault", "4.00")] {
        data.table_mut(File::PsaProducts).push(&[
            ("id", id),
            ("identifier", code),
            ("description", name),
            ("productClass", "Agreement"),
            ("manufacturerPartNumber", "MPN-1"),
            ("category", "Licences"),
            ("unitOfMeasure", "Each"),
            ("price", price),
            ("cost", "1.00"),
            ("inactiveFlag", "false"),
        ]);
    }
    for (id, product, code, quantity, effective) in
        [(LINE, PRODUCT, "SEAT", "5", "2026-01-01"), ("402", "202", "VAULT", "2", "2026-02-01")]
    {
        data.table_mut(File::PsaAgreementLines).push(&[
            ("id", id),
            ("agreementId", AGREEMENT),
            ("agreementName", "Managed"),
            ("agreementStatus", "Active"),
            ("companyId", CUSTOMER),
            ("companyName", "Harbour & Finch"),
            ("currencyCode", "GBP"),
            ("productId", product),
            ("productIdentifier", code),
            ("description", if code == "SEAT" { "Seat" } else { "Vault" }),
            ("lineType", "recurring"),
            ("quantity", quantity),
            ("lessIncluded", "0"),
            ("billedQuantity", quantity),
            ("unitPrice", "22.1"),
            ("unitCost", "18.7"),
            ("extendedPrice", "110.50"),
            ("extendedCost", "93.50"),
            ("billCustomer", "Billable"),
            ("effectiveDate", effective),
        ]);
    }
    data
}

/// A system at work, and a journal.
struct Bench {
    peer: &'static Peer,
    running: Running,
    psa: Box<dyn PsaConnector>,
    config: Config,
    environment: config::Environment,
    _folder: tempfile::TempDir,
}

fn noon() -> DateTime<Utc> {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

fn quick() -> Settling {
    Settling { pauses: vec![Duration::ZERO; 2], ..Settling::default() }
}

type Answered = Written<Json>;

impl Bench {
    async fn new(peer: &'static Peer, faults: &str) -> Self {
        let (running, psa) = (peer.start)(faults).await;
        Self::of(peer, running, psa).await
    }

    /// The same with a connection of another kind.
    async fn of(peer: &'static Peer, running: Running, psa: Box<dyn PsaConnector>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = config::parse(&folder.path().join("trueup.toml"), "").unwrap();
        let environment = config::Environment::of([("UNUSED", "")]);
        Engine::migrate(&config, &environment, Clock::Fixed(noon())).await.unwrap();
        Self { peer, running, psa, config, environment, _folder: folder }
    }

    async fn engine_after(&self, minutes: i64) -> Engine {
        let clock = Clock::Fixed(noon() + TimeDelta::minutes(minutes));
        Engine::open(&self.config, &self.environment, clock, "ada").await.unwrap()
    }

    async fn try_write(&self, write: &PsaWrite) -> Result<Answered, EngineError> {
        self.engine_after(0).await.write(self.psa.records().unwrap(), &self.peer.own(write), None, &quick()).await
    }

    async fn write(&self, write: &PsaWrite) -> Answered {
        self.try_write(write).await.unwrap_or_else(|error| panic!("{}: {write:?}: {error}", self.peer.name))
    }

    /// Writes, which must go well and show.
    async fn done(&self, write: &PsaWrite) -> Answered {
        let written = self.write(write).await;
        let good = written.ended == Ended::Done && written.shows;
        assert!(good, "{}: {write:?}: {written:?}\n{:?}", self.peer.name, self.writes());
        written
    }

    async fn last(&self) -> JournalEntry {
        self.engine_after(0).await.writes(1).await.unwrap().remove(0)
    }

    async fn call(&self, method: Method, path: &str, body: Option<Json>) -> Json {
        let client = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
        let mut request = (self.peer.sign)(client.request(method, format!("{}{path}", self.running.url())));
        if let Some(body) = body {
            request = request.json(&body);
        }
        #[expect(clippy::disallowed_methods, reason = "somebody else's client, without retries")]
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        if text.is_empty() { Json::Null } else { serde_json::from_str(&text).unwrap() }
    }

    /// A record as the system keeps it.
    async fn stored(&self, entity: &str, target: &Target) -> Json {
        let target = self.peer.target(target);
        let answer = self.call(Method::GET, &(self.peer.address)(entity, &target), None).await;
        (self.peer.record)(entity, &target, answer)
    }

    /// The same without what changes with every write.
    async fn kept(&self, entity: &str, target: &Target) -> Json {
        let mut record = self.stored(entity, target).await;
        for mark in self.peer.marks {
            record.as_object_mut().unwrap().remove(*mark);
        }
        record
    }

    /// Somebody else changes a field.
    async fn change_by_hand(&self, entity: &str, target: &Target, field: &str, value: Json) {
        let (method, mut body) = (self.peer.by_hand)((self.peer.place)(entity, field), value);
        let target = self.peer.target(target);
        let address = match self.peer.hand_at {
            None => (self.peer.address)(entity, &target),
            Some(hand_at) => hand_at(entity, &target, &mut body),
        };
        self.call(method, &address, Some(body)).await;
    }

    /// What was sent to change something, and the statuses of the answers: those of this connection only.
    fn writes(&self) -> Vec<(String, String, u16, String)> {
        let log = self.running.log().into_iter().filter(|entry| entry.write);
        log.map(|entry| (entry.method, entry.path, entry.status, entry.body)).collect()
    }
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

pub(crate) fn number(text: &str) -> Value {
    Value::Number(exact(text).unwrap())
}

pub(crate) fn day(text: &str) -> Value {
    Value::Day(text.parse().unwrap())
}

pub(crate) fn at(id: &str) -> Target {
    Target { id: id.to_owned(), below: None }
}

pub(crate) fn line() -> Target {
    Target { id: LINE.to_owned(), below: Some(AGREEMENT.to_owned()) }
}

pub(crate) fn changes<F: Ord>(all: impl IntoIterator<Item = (F, Option<Value>, Option<Value>)>) -> BTreeMap<F, Change> {
    all.into_iter().map(|(field, before, after)| (field, Change { before, after })).collect()
}

fn update_customer(field: CustomerField, before: Option<Value>, after: Option<Value>) -> PsaWrite {
    PsaWrite::UpdateCustomer(Update { target: at(CUSTOMER), changes: changes([(field, before, after)]) })
}

fn update_product(field: ProductField, before: Option<Value>, after: Option<Value>) -> PsaWrite {
    PsaWrite::UpdateProduct(Update { target: at(PRODUCT), changes: changes([(field, before, after)]) })
}

fn update_line(field: LineField, before: Option<Value>, after: Option<Value>) -> PsaWrite {
    let update = Update { target: line(), changes: changes([(field, before, after)]) };
    PsaWrite::UpdateLine { update, effective: None }
}

fn rename() -> PsaWrite {
    update_customer(CustomerField::Name, Some(text("Harbour & Finch")), Some(text("Harbour & Finch Ltd")))
}

pub(crate) fn new_customer(name: &str, code: &str, marker: &str) -> PsaWrite {
    let fields =
        [(CustomerField::Name, text(name)), (CustomerField::Code, text(code)), (CustomerField::City, text("Bath"))];
    PsaWrite::CreateCustomer(Create { fields: fields.into(), below: None, marker: marker.to_owned() })
}

pub(crate) fn new_product(name: &str, code: &str, marker: &str) -> PsaWrite {
    let fields = [
        (ProductField::Name, text(name)),
        (ProductField::Sku, text(code)),
        (ProductField::Price, number("9.95")),
        (ProductField::Cost, number("7.25")),
    ];
    PsaWrite::CreateProduct(Create { fields: fields.into(), below: None, marker: marker.to_owned() })
}

fn new_line(quantity: &str, marker: &str) -> PsaWrite {
    let fields = [
        (LineField::Product, text(PRODUCT)),
        (LineField::Quantity, number(quantity)),
        (LineField::Price, number("22.10")),
        (LineField::Cost, number("18.70")),
        (LineField::Bill, text("Billable")),
        (LineField::Effective, day("2026-11-01")),
    ];
    let below = Some(AGREEMENT.to_owned());
    PsaWrite::CreateLine(Create { fields: fields.into(), below, marker: marker.to_owned() })
}

/// One of each kind.
pub(crate) fn all_creates(tag: &str) -> [(&'static str, PsaWrite); 3] {
    [
        ("customer", new_customer(&format!("Elm {tag}"), &format!("ELM{tag}"), &format!("pax8-{tag}"))),
        ("product", new_product(&format!("Mail {tag}"), &format!("MAIL-{tag}"), &format!("prod-{tag}"))),
        ("line", new_line("3", &format!("sub-{tag}"))),
    ]
}
