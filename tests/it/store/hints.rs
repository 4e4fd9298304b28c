//! Hints: one row for a listing however often it is named, gone only when nothing was said since.

use trueup::core::hint::{Hint, HintedListing};

use crate::support::database::Database;

fn hint(listing: HintedListing, said: &str) -> Hint {
    Hint { listing, said: said.to_owned() }
}

pub(super) async fn a_hint_waits_until_it_is_settled_as_it_was_seen(database: &Database) {
    // The lock is held by somebody else.
    let (store, lease, run) = database.running().await;
    for (connector, said) in [("pax8", "first"), ("pax8", "second\0"), ("other", "its own")] {
        store.note_hint(connector, &hint(HintedListing::Invoices, said)).await.unwrap();
    }
    store.note_hint("pax8", &hint(HintedListing::Nothing, "?")).await.unwrap();
    let seen = store.list_hints().await.unwrap();
    let shown: Vec<_> = seen.iter().map(|h| (h.connector.as_str(), h.listing, h.said.as_str(), h.deliveries)).collect();
    let expected = [
        ("other", HintedListing::Invoices, "its own", 1),
        ("pax8", HintedListing::Invoices, "second\u{fffd}", 2),
        ("pax8", HintedListing::Nothing, "?", 1),
    ];
    assert_eq!(shown, expected);
    assert!(seen[1].at <= seen[1].last_at);
    store.note_hint("pax8", &hint(HintedListing::Invoices, "third")).await.unwrap();
    assert!(!store.settle_hint(&seen[1]).await.unwrap(), "more was said since");
    assert!(store.settle_hint(&seen[0]).await.unwrap());
    assert!(!store.settle_hint(&seen[0]).await.unwrap(), "it is gone");
    let left = store.list_hints().await.unwrap();
    assert_eq!((left.len(), left[0].said.as_str(), left[0].deliveries), (2, "third", 3));
    let mut tx = lease.begin(run).await.unwrap();
    tx.delete_hints("pax8").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.list_hints().await.unwrap(), []);
}
