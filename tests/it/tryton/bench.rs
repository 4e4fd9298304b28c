//! A server, the wire to it, and an engine with a journal: what the tests of writing stand on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use trueup::clock::Clock;
use trueup::config::{self, Config};
use trueup::connectors::rest::Rest;
use trueup::core::change::{
    self, Change, Create, CustomerField, Kind, LineField, ProductField, PsaWrite, Target, Update,
};
use trueup::engine::{Ended, Engine, EngineError, Settled, Settling, WriteOutcome, Written};

use super::server::Tryton;
use super::wire::Wire;

pub(super) struct Bench {
    pub(super) tryton: Tryton,
    pub(super) wire: Wire,
    config: Config,
    _folder: tempfile::TempDir,
    environment: config::Environment,
    minutes: AtomicI64,
}

/// A record as the other interface reads it, every field.
pub(super) type Whole = BTreeMap<String, Value>;

impl Bench {
    pub(super) async fn new() -> Self {
        let tryton = Tryton::start().await;
        let wire = Wire::to(&tryton.url).await;
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "[connectors.erp]\nkind = \"rest\"\nside = \"psa\"\nfile = \"builtin:tryton\"\n\
             [connectors.erp.settings]\nurl = \"{}\"\nkey = {{ env = \"KEY\" }}\n",
            wire.url
        );
        let config = config::parse(&folder.path().join("trueup.toml"), &text).unwrap();
        let environment = config::Environment::of([("KEY", tryton.key())]);
        Engine::migrate(&config, &environment, Clock::Fixed(noon())).await.unwrap();
        Self { tryton, wire, config, _folder: folder, environment, minutes: AtomicI64::new(0) }
    }

    pub(super) async fn engine(&self) -> Engine {
        let clock = Clock::Fixed(noon() + TimeDelta::minutes(self.minutes.load(Ordering::Relaxed)));
        Engine::open(&self.config, &self.environment, clock, "ada").await.unwrap()
    }

    /// The shipped file behind the wire, with some words replaced.
    pub(super) fn rest(&self, replaced: &[(&str, &str)]) -> Rest {
        let recurs = self.tryton.base["monthly"].to_string();
        let settings = Tryton::settings(replaced).with("url", &self.wire.url).with("recurs", &recurs);
        Rest::new(settings.with("key", self.tryton.key())).unwrap()
    }

    pub(super) async fn tried(&self, write: &PsaWrite) -> Result<Written<Value>, EngineError> {
        let _ = self.wire.writes();
        self.engine().await.write(&self.rest(&[]), write, None, &quick()).await
    }

    /// Writes, which ends well and shows, and is closed in the journal; the id of the record.
    pub(super) async fn done(&self, write: &PsaWrite) -> String {
        let written = self.tried(write).await.unwrap();
        assert_eq!((&written.ended, written.shows), (&Ended::Done, true), "{write:?}: {written:?}");
        let entry = self.engine().await.writes(1).await.unwrap().remove(0);
        assert_eq!((entry.id, entry.outcome), (written.id, WriteOutcome::Done));
        written.record.unwrap()
    }

    /// What is refused before anything is sent, in its words.
    pub(super) async fn refused_unsent(&self, write: &PsaWrite) -> String {
        let refused = self.tried(write).await.unwrap_err().to_string();
        assert_eq!(self.wire.calls(), [""; 0]);
        refused
    }

    /// What is open, looked after some minutes later.
    pub(super) async fn settled_after(&self, minutes: i64) -> Vec<Settled> {
        self.minutes.fetch_add(minutes, Ordering::Relaxed);
        self.engine().await.settle(&self.rest(&[]), &Settling::once()).await.unwrap()
    }

    /// Every field of a record.
    pub(super) async fn whole(&self, model: &str, id: &str) -> Whole {
        let id: i64 = id.parse().unwrap();
        let fields = self.tryton.rpc(&format!("model.{model}.fields_get"), vec![]).await.unwrap();
        let names: Vec<&str> = fields.as_object().unwrap().keys().map(String::as_str).collect();
        let record = self.tryton.one(model, &json!(id), &names).await;
        record.as_object().unwrap().clone().into_iter().collect()
    }

    pub(super) async fn count(&self, model: &str) -> usize {
        self.tryton.every(model, &["id"]).await.len()
    }
}

fn noon() -> DateTime<Utc> {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

pub(super) fn quick() -> Settling {
    Settling { pauses: Vec::new(), ..Settling::default() }
}

/// The fields in which two states of a record differ, besides the marks of when and by whom.
pub(super) fn different(before: &Whole, after: &Whole) -> BTreeSet<String> {
    let marks = ["write_date", "write_uid", "last_modified_at", "last_modified_by", "_timestamp"];
    let names = before.keys().chain(after.keys()).filter(|name| !marks.contains(&name.as_str()));
    names.filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
}

pub(super) fn names(all: &[&str]) -> BTreeSet<String> {
    all.iter().map(|name| (*name).to_owned()).collect()
}

fn field<F: Kind>(name: &str) -> F {
    *F::ALL.iter().find(|field| field.name() == name).unwrap()
}

fn value<F: Kind>(name: &str, text: &str) -> (F, change::Value) {
    let field = field::<F>(name);
    (field, change::Value::parse(field.holds(), text).unwrap())
}

fn create<F: Kind>(fields: &[(&str, &str)], below: Option<i64>) -> Create<F> {
    let fields = fields.iter().map(|(name, text)| value(name, text)).collect();
    Create { fields, below: below.map(|id| id.to_string()), marker: "px-1".to_owned() }
}

/// Fields as they were and as they are to be; an empty text is no value.
fn update<F: Kind>(id: &str, changes: &[(&str, &str, &str)]) -> Update<F> {
    let change = |(name, before, after): &(&str, &str, &str)| {
        let is = |text: &str| (!text.is_empty()).then(|| value::<F>(name, text).1);
        (field::<F>(name), Change { before: is(before), after: is(after) })
    };
    Update { target: Target { id: id.to_owned(), below: None }, changes: changes.iter().map(change).collect() }
}

pub(super) fn new_customer(fields: &[(&str, &str)]) -> PsaWrite {
    PsaWrite::CreateCustomer(create::<CustomerField>(fields, None))
}

pub(super) fn customer(id: &str, changes: &[(&str, &str, &str)]) -> PsaWrite {
    PsaWrite::UpdateCustomer(update::<CustomerField>(id, changes))
}

pub(super) fn new_product(fields: &[(&str, &str)]) -> PsaWrite {
    PsaWrite::CreateProduct(create::<ProductField>(fields, None))
}

pub(super) fn product(id: &str, changes: &[(&str, &str, &str)]) -> PsaWrite {
    PsaWrite::UpdateProduct(update::<ProductField>(id, changes))
}

pub(super) fn new_line(subscription: i64, fields: &[(&str, &str)]) -> PsaWrite {
    PsaWrite::CreateLine(create::<LineField>(fields, Some(subscription)))
}

pub(super) fn line(id: &str, changes: &[(&str, &str, &str)], effective: Option<&str>) -> PsaWrite {
    PsaWrite::UpdateLine {
        update: update::<LineField>(id, changes),
        effective: effective.map(|day| day.parse().unwrap()),
    }
}
