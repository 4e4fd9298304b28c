//! Taking a connection out: the links that end are those of its own records, by the listing each kind of link joins.

use std::path::Path;

use trueup::clock::Clock;
use trueup::config::{self, Environment};
use trueup::core::entity::Entity;
use trueup::core::id::{Company, Id, Product};
use trueup::core::link::{Compare, Decision, Linkable, Shape, Verdict};
use trueup::core::snapshot::Pulled;
use trueup::engine::Engine;
use trueup::store::{NewDecision, NewSnapshot, Store, Tx};

use super::{listing, thing};
use crate::support::database::Database;

const CONFIG: &str = "[store]\nurl = { env = \"DATABASE\" }\n\
                      [connectors.dist]\nkind = \"files\"\nside = \"vendor\"\nfolder = \"d\"\n\
                      [connectors.gone]\nkind = \"files\"\nside = \"psa\"\nfolder = \"g\"\n\
                      [connectors.stays]\nkind = \"files\"\nside = \"psa\"\nfolder = \"s\"\n";

async fn listed(tx: &mut Tx, connector: &str, entity: Entity, ids: &[&str]) {
    let of = NewSnapshot { connector, entity, period: None, taken_at: listing(connector).taken_at };
    let things = ids.iter().map(|id| thing(id)).collect();
    tx.save_snapshot(&of, &Pulled::judge(things, vec![])).await.unwrap();
}

async fn linked<E: Linkable>(tx: &mut Tx, psa: &str) {
    let decision = Decision { verdict: Verdict::Accepted, by: "ada".into(), reason: None, evidence: None };
    let (vendor, psa) = (Some(Id::new(format!("v-{psa}"))), Some(Id::new(psa)));
    let new = NewDecision::<E> { vendor, psa, compare: Some(Compare::Quantity), decision };
    tx.append_decision(&new, Shape::ManyToOne).await.unwrap();
}

async fn links<E: Linkable>(store: &Store) -> Vec<String> {
    store.load_links::<E>().await.unwrap().iter().map(|link| link.psa.to_string()).collect()
}

/// Customers and products of a PSA are often numbered from 1: the same id is both.
pub(super) async fn a_link_ends_with_the_connection_that_lists_its_record_as_what_is_linked(database: &Database) {
    let (store, lease, run) = database.running().await;
    let mut tx = lease.begin(run).await.unwrap();
    listed(&mut tx, "gone", Entity::PsaCustomers, &["5", "6", "8"]).await;
    listed(&mut tx, "gone", Entity::PsaProducts, &["7", "8"]).await;
    listed(&mut tx, "stays", Entity::PsaCustomers, &["7", "8"]).await;
    listed(&mut tx, "stays", Entity::PsaProducts, &["5", "6", "9"]).await;
    for customer in ["5", "6", "7", "8"] {
        linked::<Company>(&mut tx, customer).await;
    }
    for product in ["5", "6", "7", "8", "9"] {
        linked::<Product>(&mut tx, product).await;
    }
    tx.commit().await.unwrap();
    drop(lease);
    let config = config::parse(Path::new("trueup.toml"), CONFIG).unwrap();
    let (Database::Sqlite { url, .. } | Database::Postgres { url }) = database;
    let environment = Environment::of([("DATABASE", url)]);
    let engine = Engine::open(&config, &environment, Clock::System, "a test").await.unwrap();
    let shown = engine.removal(&config, "gone").await.unwrap();
    assert_eq!((shown.customer_links, shown.product_links, shown.snapshots), (2, 2, 2));
    assert_eq!(engine.remove(&config, "gone").await.unwrap(), shown, "what was shown is what was done");
    // Customer 8 is listed by both; the other ids are the other's, as what they are.
    assert_eq!(links::<Company>(&store).await, ["7", "8"]);
    assert_eq!(links::<Product>(&store).await, ["5", "6", "9"]);
    assert_eq!(engine.runs(1).await.unwrap().swap_remove(0).receipt.unwrap()["links"], 4);
}
