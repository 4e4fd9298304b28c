//! Writes in the journal, and what stays when a connection is taken out.

use serde_json::json;
use trueup::core::record::Fingerprint;
use trueup::store::{JournalId, LinksUsed, NewWrite, StoreError, WriteEnd, WriteOutcome, WriteSource};

use super::{Thing, latest, listing, outcome, save};
use crate::support::database::Database;

pub(super) async fn a_write_is_noted_before_its_end_and_ends_once(database: &Database) {
    let (store, lease, run) = database.running().await;
    let (request, found) = (json!({ "delete_contact": { "contact": "k1" } }), json!({}));
    let new = |connector: &'static str, subject: &'static str| NewWrite {
        connector,
        operation: "delete contact",
        subject,
        request: &request,
        found: &found,
        who: "ada",
    };
    let mut tx = lease.begin(run).await.unwrap();
    let id = tx.note_write(&new("pax8", "contact k1")).await.unwrap();
    tx.note_write(&new("other", "contact k1")).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = lease.begin(run).await.unwrap();
    let refused = tx.note_write(&new("pax8", "contact k1")).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict { .. }), "one open write about a subject: {refused}");
    drop(tx);
    let open = store.list_open_writes().await.unwrap();
    assert_eq!((open.len(), open[0].id, open[0].outcome), (2, id, WriteOutcome::Sending));
    assert_eq!((&open[0].request, &open[0].found, open[0].who.as_str()), (&request, &found, "ada"));
    let digest = Fingerprint::of(b"answer");
    let end = |outcome| WriteEnd {
        source: WriteSource::Look,
        who: "ada",
        outcome,
        said: Some("so"),
        record: Some("k1"),
        answer: Some(&digest),
    };
    let mut tx = lease.begin(run).await.unwrap();
    tx.end_write(id, &end(WriteOutcome::Unknown)).await.unwrap();
    tx.end_write(id, &end(WriteOutcome::Happened)).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = lease.begin(run).await.unwrap();
    let refused = tx.end_write(id, &end(WriteOutcome::DidNot)).await.unwrap_err();
    assert!(matches!(refused, StoreError::RowsAffected { table: "journal", .. }), "an end is noted once: {refused}");
    drop(tx);
    let all = store.list_writes(9).await.unwrap();
    assert_eq!(
        (all[1].outcome, all[1].said.as_deref(), all[1].record.as_deref()),
        (WriteOutcome::Happened, Some("so"), Some("k1"))
    );
    assert_eq!((&all[1].answer, all[1].ended_at.is_some(), all[0].ended_at), (&Some(digest.clone()), true, None));
    assert_eq!(store.list_open_writes().await.unwrap().len(), 1);
    let mut tx = lease.begin(run).await.unwrap();
    let again = tx.note_write(&new("pax8", "contact k1")).await.unwrap();
    tx.commit().await.unwrap();

    // A person's word goes beside what was known before, and nothing of that can be changed.
    let said = WriteEnd {
        source: WriteSource::Person,
        who: "bea",
        outcome: WriteOutcome::DidNot,
        said: Some("she looked"),
        record: None,
        answer: None,
    };
    let mut tx = lease.begin(run).await.unwrap();
    tx.end_write(again, &end(WriteOutcome::Unknown)).await.unwrap();
    tx.end_write(again, &said).await.unwrap();
    tx.commit().await.unwrap();
    let entry = store.find_write(again).await.unwrap().unwrap();
    assert_eq!((entry.outcome, entry.said.as_deref()), (WriteOutcome::DidNot, Some("bea says so: she looked")));
    let notes = store.list_journal_notes(again).await.unwrap();
    let told: Vec<_> =
        notes.iter().map(|note| (note.source, note.outcome, note.said.as_deref(), note.who.as_str())).collect();
    assert_eq!(
        told,
        [
            (WriteSource::Look, WriteOutcome::Unknown, Some("so"), "ada"),
            (WriteSource::Person, WriteOutcome::DidNot, Some("she looked"), "bea")
        ]
    );
    assert_eq!(store.list_journal_notes(id).await.unwrap().len(), 2, "each write has its own");
    assert_eq!(store.find_write(JournalId::new(99)).await.unwrap(), None);
    for change in ["update journal_note set said = 'no'", "delete from journal_note"] {
        assert!(database.execute(change).await.is_err(), "{change}");
    }
}

pub(super) async fn what_a_reconciliation_was_made_from_outlives_its_connection(database: &Database) {
    let (store, lease, run) = database.running().await;
    let thing = |id: &str| Thing { id: id.to_owned(), note: None };
    let mut tx = lease.begin(run).await.unwrap();
    let used = save(&mut tx, "gone", vec![thing("a"), thing("b")]).await;
    save(&mut tx, "gone", vec![thing("b"), thing("c")]).await;
    save(&mut tx, "stays", vec![thing("c"), thing("d")]).await;
    tx.save_outcome(&outcome("2026-04"), &Fingerprint::of(b"report"), &[used], LinksUsed::default()).await.unwrap();
    tx.commit().await.unwrap();
    let entity = listing("gone").entity;
    let keys = store.list_record_keys("gone", entity).await.unwrap();
    assert_eq!(keys.into_iter().collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(store.count_snapshots("gone").await.unwrap(), (1, 1));
    let mut tx = lease.begin(run).await.unwrap();
    tx.delete_snapshots("gone").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.count_snapshots("gone").await.unwrap(), (0, 1));
    assert_eq!(latest(&store, "gone").await.unwrap(), Some(vec![thing("a"), thing("b")]));
    assert_eq!(latest(&store, "stays").await.unwrap(), Some(vec![thing("c"), thing("d")]));
    assert_eq!(store.load_latest_outcome("2026-04".parse().unwrap()).await.unwrap().unwrap().sources, [used]);
}
