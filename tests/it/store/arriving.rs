//! Snapshots that arrive in batches: seen when they are finished, and the same however they were cut.

use serde::Serialize;
use trueup::core::record::Fingerprint;
use trueup::core::snapshot::{Problem, Pulled};
use trueup::store::{StoreError, Wait};

use super::{Thing, latest, listing, save, thing};
use crate::support::database::Database;

fn things(count: usize) -> Vec<Thing> {
    // Some come twice, and none in the order of its key.
    (0..count).map(|n| thing(&format!("{}", (n * 7919) % (count - count / 10)))).collect()
}

/// Of all texts in order, as it was before records came in batches.
fn fingerprint<R: Serialize>(records: &[R]) -> Fingerprint {
    let of_each = records.iter().map(|record| Fingerprint::of(serde_json::to_string(record).unwrap().as_bytes()));
    Fingerprint::of(of_each.map(|one| one.to_string()).collect::<String>().as_bytes())
}

pub(super) async fn however_records_arrive_the_snapshot_is_the_same(database: &Database) {
    let (store, lease, run) = database.running().await;
    let all = things(2_500);
    let problems = [Problem::new("GET /things page 2 row 7", "is no thing")];
    let mut tx = lease.begin(run).await.unwrap();
    let held = tx.save_snapshot(&listing("north"), &Pulled::judge(all.clone(), problems.to_vec())).await.unwrap();
    tx.commit().await.unwrap();
    for (batch, readings) in [(1_000, 1), (1, 1), (999, 2), (2_500, 3), (333, 3)] {
        // Small batches are tried on a shorter listing.
        let all = if batch == 1 { things(40) } else { all.clone() };
        let mut tx = lease.begin(run).await.unwrap();
        let mut arriving = tx.begin_snapshot(&listing("north")).await.unwrap();
        tx.commit().await.unwrap();
        for reading in 0..readings {
            if reading > 0 {
                let mut tx = lease.begin(run).await.unwrap();
                tx.clear_snapshot(&mut arriving).await.unwrap();
                tx.commit().await.unwrap();
            }
            // What is read in vain is another listing.
            let skipped = if reading + 1 == readings { 0 } else { 5 };
            for records in all[skipped..].chunks(batch) {
                let mut tx = lease.begin(run).await.unwrap();
                tx.add_records(&mut arriving, records).await.unwrap();
                tx.commit().await.unwrap();
            }
        }
        let mut tx = lease.begin(run).await.unwrap();
        let id = tx.finish_snapshot(arriving, &problems).await.unwrap();
        tx.commit().await.unwrap();
        let stored = store.load_snapshot::<Thing>(id).await.unwrap().unwrap();
        assert!(stored.pulled.records() == all && stored.pulled.problems() == problems, "in batches of {batch}");
        let header = stored.header;
        assert_eq!((header.complete, header.fingerprint), (false, fingerprint(&all)), "in batches of {batch}");
    }
    let held = store.load_snapshot::<Thing>(held).await.unwrap().unwrap();
    assert_eq!(held.header.fingerprint, fingerprint(&all));
}

pub(super) async fn a_snapshot_that_is_not_finished_is_seen_by_nobody_and_taken_out(database: &Database) {
    let (store, lease, run) = database.running().await;
    let mut tx = lease.begin(run).await.unwrap();
    save(&mut tx, "north", vec![thing("before")]).await;
    let mut arriving = tx.begin_snapshot(&listing("north")).await.unwrap();
    tx.add_records(&mut arriving, &things(1_200)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(database.count("snapshot_row").await, 1_201, "they are there");
    assert_eq!(latest(&store, "north").await.unwrap(), Some(vec![thing("before")]));
    assert_eq!(store.list_snapshots(10).await.unwrap().len(), 1);
    assert_eq!(store.count_snapshots("north").await.unwrap(), (1, 0));
    assert_eq!(store.list_record_keys("north", listing("north").entity).await.unwrap().len(), 1);
    drop(lease);
    let next = store.lease("the next", Wait::Never).await.unwrap();
    assert_eq!((database.count("snapshot").await, database.count("snapshot_row").await), (1, 1));
    assert_eq!(latest(&store, "north").await.unwrap(), Some(vec![thing("before")]));
    // Whoever began it cannot finish it any more, not even in a run of its own.
    let run = next.open_run(&trueup::store::NewRun { job: "pull", who: "ann", config: None }).await.unwrap();
    let mut tx = next.begin(run).await.unwrap();
    let refused = tx.finish_snapshot(arriving, &[]).await.unwrap_err();
    assert!(matches!(refused, StoreError::RowsAffected { table: "snapshot", actual: 0, .. }), "{refused}");
}
