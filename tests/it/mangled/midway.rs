//! Listings that break off midway, with a part of them in the database: it is nobody's listing.

use rustix::process::Signal;
use trueup::clock::Clock;
use trueup::core::entity::Entity;
use trueup::simulate::{Data, File};
use trueup::store::{SnapshotHeader, Store};

use super::killed::{signal_after, state, store};
use super::wire::{Systems, copy, place};
use super::{PERIOD, whole_month};
use crate::support::database::Database;
use crate::support::hermetic::Place;

/// Requests after which more than a thousand subscriptions were read, and not yet all of them.
const MIDWAY: usize = 110;

/// A month with so many subscriptions that they are written in several batches.
fn long_month() -> Data {
    let mut data = whole_month(3);
    let like: Vec<(String, String)> = {
        let table = data.table(File::VendorSubscriptions);
        let row = table.row(0).unwrap();
        table.columns().iter().map(|column| (column.clone(), row.get(column).to_owned())).collect()
    };
    for number in 0..2_400_u64 {
        let day = "2020-01-01".parse::<chrono::NaiveDate>().unwrap() + chrono::Days::new(number);
        let (id, day) = (format!("00000000-0000-4000-8000-{number:012x}"), day.to_string());
        let cells = like.iter().map(|(column, text)| match column.as_str() {
            "id" => ("id", id.as_str()),
            "createdDate" => ("createdDate", day.as_str()),
            column => (column, text.as_str()),
        });
        data.table_mut(File::VendorSubscriptions).push(&cells.collect::<Vec<_>>());
    }
    data
}

async fn ready(data: &Data) -> Place {
    let place = place();
    Systems::start(data, "", "").await.configure(&place);
    let _ = place.run("db migrate").ended(0);
    place
}

/// How many records are held by snapshots that are finished, and by others.
async fn rows(place: &Place) -> [String; 2] {
    let database = Database::Sqlite {
        url: format!("sqlite:{}", place.path().join("trueup.db").display()),
        _folder: tempfile::tempdir().unwrap(),
    };
    let mut counts = Vec::new();
    for which in ["finished", "not finished"] {
        let sql = format!(
            "select cast(count(*) as text) from snapshot_row
             where snapshot_id in (select snapshot_id from snapshot where {which})"
        );
        counts.extend(database.texts(&sql).await);
    }
    counts.try_into().unwrap()
}

async fn subscriptions(store: &Store) -> SnapshotHeader {
    let headers = store.list_snapshots(100).await.unwrap();
    headers.into_iter().find(|header| header.entity == Entity::Subscriptions).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_listing_that_is_killed_midway_leaves_nothing_that_is_taken_for_it() {
    let data = long_month();
    let before = ready(&data).await;
    let undisturbed = copy(&before);
    let systems = Systems::start(&data, "", "").await;
    systems.configure(&undisturbed);
    let _ = undisturbed.run(&format!("pull --period {PERIOD}")).ended(0);
    assert!(systems.requests() > MIDWAY + 10);
    let expected = state(&store(&undisturbed).await).await;

    let place = copy(&before);
    let systems = Systems::start(&data, "", "").await;
    systems.configure(&place);
    let ended = signal_after(place.start(&format!("pull --period {PERIOD}")), Signal::KILL, MIDWAY, &systems);
    assert_eq!(ended, None, "it was at work");
    let [_, unfinished] = rows(&place).await;
    assert_ne!(unfinished, "0", "a part of it is there");
    let left = store(&place).await.list_snapshots(100).await.unwrap();
    assert!(left.iter().all(|header| header.entity != Entity::Subscriptions), "{left:?}");
    let _ = place.run(&format!("pull --period {PERIOD}")).ended(0);
    assert_eq!(state(&store(&place).await).await, expected);
    assert_eq!(rows(&place).await[1], "0", "it was taken out");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_listing_that_fails_midway_is_partial_and_keeps_nothing_of_what_was_read() {
    let data = long_month();
    let place = ready(&data).await;
    let systems = Systems::start(&data, "403=nth:90@subscriptions", "").await;
    systems.configure(&place);
    let said = place.run(&format!("pull --period {PERIOD}"));
    assert!(said.transcript().contains("failed: pax8: GET /subscriptions page="), "{}", said.transcript());
    let store = Store::open(store(&place).await.location().clone(), Clock::System).await.unwrap();
    let header = subscriptions(&store).await;
    assert_eq!((header.complete, header.records, header.problems), (false, 0, 1));
    assert_eq!(rows(&place).await[1], "0");
    // A listing that moved is read again: what was read in vain is in no snapshot.
    let systems = Systems::start(&data, "delete=nth:90@subscriptions", "").await;
    systems.configure(&place);
    let _ = place.run(&format!("pull --period {PERIOD}")).ended(0);
    let header = subscriptions(&store).await;
    let all = u64::try_from(data.table(File::VendorSubscriptions).len()).unwrap();
    assert_eq!((header.complete, header.records), (true, all - 1));
    let stored = store.load_snapshot::<serde_json::Value>(header.id).await.unwrap().unwrap();
    assert_eq!(u64::try_from(stored.pulled.records().len()).unwrap(), all - 1);
}
