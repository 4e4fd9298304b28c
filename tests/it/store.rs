//! One store suite on both databases.
//!
//! Each case is a function of a fresh database; `on_both!` makes two tests of it. A case that is not listed there is dead
//! code, which the lints refuse.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "the functions behind the tests may stop the test")]

use std::time::Duration;

use chrono::DateTime;
use serde::{Deserialize, Serialize};
use serde_json::json;
use trueup::clock::Clock;
use trueup::core::entity::Entity;
use trueup::core::id::{Company, Id, Product, PsaProductId};
use trueup::core::link::{BundlePart, Compare, Decision, Link, LinkKind, Shape, Verdict};
use trueup::core::reconcile::outcome::{KeyPart, Outcome};
use trueup::core::record::{Fingerprint, Keyed};
use trueup::core::snapshot::{Problem, Pulled};
use trueup::store::{
    LinksUsed, MigrationState, NewDecision, NewProposal, NewRun, NewSnapshot, RunOutcome, SnapshotId, Store,
    StoreError, Tx, Wait,
};

use crate::support::database::Database;

mod arriving;
mod hints;
mod journal;
mod removal;
mod tickets;

use arriving::{
    a_snapshot_that_is_not_finished_is_seen_by_nobody_and_taken_out, however_records_arrive_the_snapshot_is_the_same,
};
use hints::a_hint_waits_until_it_is_settled_as_it_was_seen;
use journal::{
    a_write_is_noted_before_its_end_and_ends_once, what_a_reconciliation_was_made_from_outlives_its_connection,
};
use removal::a_link_ends_with_the_connection_that_lists_its_record_as_what_is_linked;
use tickets::a_renewal_has_one_ticket_and_a_state_changes_only_from_the_one_it_was_read_in;

macro_rules! on_both {
    ($($case:ident)*) => {
        mod sqlite {
            use crate::support::database::Database;
            $(#[tokio::test] async fn $case() { super::$case(&Database::sqlite()).await; })*
        }
        mod postgres {
            use crate::support::database::Database;
            $(#[tokio::test] async fn $case() { super::$case(&Database::postgres().await).await; })*
        }
    };
}

on_both! {
    a_database_without_tables_says_how_to_get_them
    a_database_of_a_newer_program_is_refused
    an_edited_migration_is_refused
    the_second_holder_is_told_who_the_first_is
    a_waiting_holder_gets_the_lock_when_it_is_given_back
    a_run_left_over_by_a_dead_process_is_marked_and_cannot_write
    a_killed_process_leaves_no_half_snapshot_and_frees_the_lock
    a_run_ends_once_and_keeps_its_receipt
    a_dropped_transaction_leaves_nothing
    readers_see_only_what_was_committed
    a_snapshot_comes_back_as_it_was_saved
    a_long_snapshot_keeps_every_record_in_order
    equal_records_are_stored_once
    however_records_arrive_the_snapshot_is_the_same
    a_snapshot_that_is_not_finished_is_seen_by_nobody_and_taken_out
    snapshots_are_listed_latest_first_with_connection_listing_and_month
    what_cannot_be_read_back_names_table_column_and_row
    decisions_are_only_appended
    links_follow_the_decisions
    a_claim_that_breaks_the_shape_is_refused_and_not_recorded
    links_are_listed_in_the_same_order_everywhere
    proposals_are_replaced_as_a_whole_and_their_numbers_never_return
    bundles_keep_every_digit
    an_outcome_comes_back_as_it_was_saved
    a_write_is_noted_before_its_end_and_ends_once
    what_a_reconciliation_was_made_from_outlives_its_connection
    a_renewal_has_one_ticket_and_a_state_changes_only_from_the_one_it_was_read_in
    a_hint_waits_until_it_is_settled_as_it_was_seen
    a_link_ends_with_the_connection_that_lists_its_record_as_what_is_linked
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Thing {
    id: String,
    note: Option<String>,
}

impl Keyed for Thing {
    fn key(&self) -> String {
        self.id.clone()
    }
}

fn thing(id: &str) -> Thing {
    Thing { id: id.into(), note: None }
}

fn listing(connector: &str) -> NewSnapshot<'_> {
    let taken_at = DateTime::from_timestamp(1_770_000_000, 123_456_000).unwrap();
    NewSnapshot { connector, entity: Entity::Charges, period: Some("2026-04".parse().unwrap()), taken_at }
}

async fn save(tx: &mut Tx, connector: &str, things: Vec<Thing>) -> SnapshotId {
    tx.save_snapshot(&listing(connector), &Pulled::judge(things, vec![])).await.unwrap()
}

async fn latest(store: &Store, connector: &str) -> Result<Option<Vec<Thing>>, StoreError> {
    let headers = store.list_snapshots(100).await?;
    let Some(latest) = headers.iter().find(|header| header.connector == connector) else { return Ok(None) };
    let stored = store.load_snapshot::<Thing>(latest.id).await?;
    Ok(stored.map(|stored| stored.pulled.into_parts().0))
}

async fn a_database_without_tables_says_how_to_get_them(database: &Database) {
    let refused = Store::open(database.location(), Clock::System).await.unwrap_err();
    assert!(matches!(refused, StoreError::NotMigrated { pending: 9, known: 9, .. }), "{refused}");
    assert!(refused.to_string().ends_with("run `trueup db migrate`"), "{refused}");
    let store = Store::prepare(database.location(), Clock::System).await.unwrap();
    assert_eq!(store.migration_status().await.unwrap().state(), MigrationState::Pending);
    assert_eq!((store.migrate().await.unwrap(), store.migrate().await.unwrap()), (9, 0));
    Store::open(database.location(), Clock::System).await.unwrap();
}

async fn a_database_of_a_newer_program_is_refused(database: &Database) {
    let store = database.store().await;
    database
        .execute(
            "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
             select 9999, 'later', success, checksum, execution_time from _sqlx_migrations where version = 1",
        )
        .await
        .unwrap();
    for refused in [Store::open(database.location(), Clock::System).await.err(), store.migrate().await.err()] {
        assert!(matches!(refused, Some(StoreError::Newer { found: 9999, known: 9, .. })), "{refused:?}");
    }
}

async fn an_edited_migration_is_refused(database: &Database) {
    let store = database.store().await;
    let other = "update _sqlx_migrations set checksum =
                 (select checksum from _sqlx_migrations where version = 1) where version = 2";
    database.execute(other).await.unwrap();
    for refused in [Store::open(database.location(), Clock::System).await.err(), store.migrate().await.err()] {
        assert!(matches!(refused, Some(StoreError::Altered { version: 2, .. })), "{refused:?}");
    }
}

async fn the_second_holder_is_told_who_the_first_is(database: &Database) {
    let (first, second) = (database.store().await, database.store().await);
    let lease = first.lease("pull by ann, process 17", Wait::Never).await.unwrap();
    for wait in [Wait::Never, Wait::AtMost(Duration::from_millis(1))] {
        let refused = second.lease("pull by ben, process 18", wait).await.unwrap_err();
        assert_eq!(refused.to_string(), "another run holds the lock: pull by ann, process 17");
    }
    drop(lease);
    second.lease("pull by ben", Wait::AtMost(Duration::from_mins(1))).await.unwrap();
}

async fn a_waiting_holder_gets_the_lock_when_it_is_given_back(database: &Database) {
    let (first, second) = (database.store().await, database.store().await);
    let lease = first.lease("first", Wait::Never).await.unwrap();
    let waiting = second.lease("second", Wait::AtMost(Duration::from_mins(1)));
    let giving_back = async {
        // The other one has looked at least once when it is asked for the first time after this.
        tokio::task::yield_now().await;
        drop(lease);
    };
    let (second, ()) = tokio::join!(waiting, giving_back);
    second.unwrap();
}

async fn a_run_left_over_by_a_dead_process_is_marked_and_cannot_write(database: &Database) {
    let (store, lease, run) = database.running().await;
    drop(lease);
    let next = store.lease("the next", Wait::AtMost(Duration::from_mins(1))).await.unwrap();
    assert_eq!(next.interrupted(), [run]);
    let runs = store.list_runs(10).await.unwrap();
    assert_eq!((runs[0].outcome, runs[0].ended_at.is_some()), (RunOutcome::Interrupted, true));
    let refused = next.begin(run).await.unwrap_err();
    assert!(matches!(refused, StoreError::RunEnded { run: ended } if ended == run.number()), "{refused}");
}

async fn a_killed_process_leaves_no_half_snapshot_and_frees_the_lock(database: &Database) {
    let store = database.store().await;
    let lease = store.lease("to be killed", Wait::Never).await.unwrap();
    let run = lease.open_run(&NewRun { job: "pull", who: "ann", config: None }).await.unwrap();
    let mut tx = lease.begin(run).await.unwrap();
    save(&mut tx, "north", vec![thing("before")]).await;
    tx.commit().await.unwrap();
    let mut tx = lease.begin(run).await.unwrap();
    save(&mut tx, "north", (0..5_000).map(|n| thing(&format!("half {n}"))).collect()).await;

    let left = database.killed("to be killed").await;
    let store = Store::open(left.location(), Clock::System).await.unwrap();
    let next = store.lease("the next", Wait::AtMost(Duration::from_mins(1))).await.unwrap();
    assert_eq!(next.interrupted(), [run]);
    assert_eq!(latest(&store, "north").await.unwrap(), Some(vec![thing("before")]));
    assert_eq!((left.count("snapshot").await, left.count("payload").await), (1, 1));
    if matches!(database, Database::Postgres { .. }) {
        assert!(tx.commit().await.is_err(), "its connection is gone");
        let refused = lease.begin(run).await.unwrap_err();
        assert!(matches!(refused, StoreError::LeaseLost { .. }), "{refused}");
    }
}

async fn a_run_ends_once_and_keeps_its_receipt(database: &Database) {
    let (store, lease, run) = database.running().await;
    let config = Fingerprint::of(b"settings");
    let other = lease.open_run(&NewRun { job: "pull", who: "ann", config: Some(&config) }).await.unwrap();
    let mut tx = lease.begin(other).await.unwrap();
    let receipt = json!({ "charges": 12 });
    tx.end_run(RunOutcome::Partial, Some(&receipt)).await.unwrap();
    assert!(matches!(tx.end_run(RunOutcome::Done, None).await, Err(StoreError::RowsAffected { actual: 0, .. })));
    tx.commit().await.unwrap();
    assert!(lease.begin(other).await.is_err());
    let runs = store.list_runs(10).await.unwrap();
    assert_eq!(runs.iter().map(|run| run.id).collect::<Vec<_>>(), [other, run]);
    assert_eq!((runs[0].job.as_str(), runs[0].who.as_str(), &runs[0].config), ("pull", "ann", &Some(config)));
    assert_eq!((runs[0].outcome, &runs[0].receipt), (RunOutcome::Partial, &Some(receipt)));
    assert_eq!((runs[1].outcome, runs[1].ended_at), (RunOutcome::Running, None));
}

async fn a_dropped_transaction_leaves_nothing(database: &Database) {
    let (store, lease, run) = database.running().await;
    let mut tx = lease.begin(run).await.unwrap();
    save(&mut tx, "north", vec![thing("a"), thing("b")]).await;
    drop(tx);
    assert_eq!(latest(&store, "north").await.unwrap(), None);
    for table in ["snapshot", "snapshot_row", "payload"] {
        assert_eq!(database.count(table).await, 0, "{table}");
    }
    let mut tx = lease.begin(run).await.unwrap();
    save(&mut tx, "north", vec![thing("a")]).await;
    tx.commit().await.unwrap();
    assert_eq!(latest(&store, "north").await.unwrap(), Some(vec![thing("a")]));
}

async fn readers_see_only_what_was_committed(database: &Database) {
    let (store, lease, run) = database.running().await;
    let mut tx = lease.begin(run).await.unwrap();
    save(&mut tx, "north", vec![thing("a")]).await;
    assert_eq!(latest(&store, "north").await.unwrap(), None);
    tx.commit().await.unwrap();
    let reopened = Store::open(database.location(), Clock::System).await.unwrap();
    assert_eq!(latest(&reopened, "north").await.unwrap(), Some(vec![thing("a")]));
}

async fn a_snapshot_comes_back_as_it_was_saved(database: &Database) {
    let (store, lease, run) = database.running().await;
    let awkward = Thing { id: "ü\0'\"\\ 漢".into(), note: Some("line\nbreak \u{1f600} \0".into()) };
    let problems = vec![
        Problem::new("GET /invoices page 3", "the text ends in the middle \0")
            .record("r\u{e9}1")
            .field("costTotal")
            .customer(Some(KeyPart::Vendor("7f:1".into()))),
        Problem::new("psa.csv:17", "expected 12 columns, found 3"),
    ];
    let pulled = Pulled::judge(vec![thing("z"), awkward, thing("a")], problems);
    let mut tx = lease.begin(run).await.unwrap();
    let id = tx.save_snapshot(&listing("north"), &pulled).await.unwrap();
    tx.commit().await.unwrap();
    let new = listing("north");
    let stored = store.load_snapshot::<Thing>(id).await.unwrap().unwrap();
    assert_eq!(stored.pulled.records(), pulled.records());
    assert_eq!(stored.pulled.problems()[0].what, "the text ends in the middle \u{fffd}");
    assert_eq!(stored.pulled.problems()[1], pulled.problems()[1]);
    let header = &stored.header;
    assert_eq!((header.id, header.run, header.taken_at, header.complete), (id, run, new.taken_at, false));
    assert_eq!((header.connector.as_str(), header.entity, header.period), ("north", new.entity, new.period));
    assert_eq!((header.records, header.problems), (3, 2));
    assert_eq!(store.list_snapshots(10).await.unwrap(), [stored.header]);
}

async fn a_long_snapshot_keeps_every_record_in_order(database: &Database) {
    let (store, lease, run) = database.running().await;
    // More than one insert, and more than one read.
    let things: Vec<Thing> = (0..10_501).rev().map(|n| thing(&format!("{n}"))).collect();
    let mut tx = lease.begin(run).await.unwrap();
    save(&mut tx, "north", things.clone()).await;
    tx.commit().await.unwrap();
    assert!(latest(&store, "north").await.unwrap().unwrap() == things);
}

async fn equal_records_are_stored_once(database: &Database) {
    let (store, lease, run) = database.running().await;
    let mut tx = lease.begin(run).await.unwrap();
    for connector in ["north", "south"] {
        save(&mut tx, connector, vec![thing("a"), thing("b"), thing("a")]).await;
    }
    save(&mut tx, "south", vec![thing("b"), thing("a"), thing("a")]).await;
    tx.commit().await.unwrap();
    assert_eq!((database.count("payload").await, database.count("snapshot_row").await), (2, 9));
    let fingerprints: Vec<_> = store.list_snapshots(3).await.unwrap().into_iter().map(|s| s.fingerprint).collect();
    assert_ne!(fingerprints[0], fingerprints[1], "another order is another listing");
    assert_eq!(fingerprints[1], fingerprints[2], "the same listing has the same fingerprint");
}

async fn snapshots_are_listed_latest_first_with_connection_listing_and_month(database: &Database) {
    let (store, lease, run) = database.running().await;
    let mut tx = lease.begin(run).await.unwrap();
    let north = listing("north");
    let saved = [
        north,
        listing("south"),
        NewSnapshot { entity: Entity::DraftCharges, ..north },
        NewSnapshot { period: Some("2026-05".parse().unwrap()), ..north },
        NewSnapshot { period: None, ..north },
    ];
    for (number, new) in saved.iter().enumerate() {
        tx.save_snapshot(new, &Pulled::judge(vec![thing(&number.to_string())], vec![])).await.unwrap();
    }
    tx.commit().await.unwrap();
    let headers = store.list_snapshots(4).await.unwrap();
    assert_eq!(headers.len(), 4, "no more than asked for");
    for ((number, new), header) in saved.iter().enumerate().rev().zip(&headers) {
        let expected = (new.connector, new.entity, new.period);
        assert_eq!((header.connector.as_str(), header.entity, header.period), expected);
        let stored = store.load_snapshot::<Thing>(header.id).await.unwrap().unwrap();
        assert_eq!(stored.pulled.records(), [thing(&number.to_string())]);
    }
}

async fn what_cannot_be_read_back_names_table_column_and_row(database: &Database) {
    let (store, lease, run) = database.running().await;
    let mut tx = lease.begin(run).await.unwrap();
    let id = save(&mut tx, "north", vec![thing("a"), thing("b")]).await;
    tx.commit().await.unwrap();
    let cases = [
        (
            "update payload set body = '{\"id\":7}' where fingerprint in
             (select fingerprint from snapshot_row where record_key = 'b')",
            format!("table payload, column body, row 2 of snapshot {id} (b) cannot be read: "),
        ),
        ("delete from snapshot_row where position = 1", format!("table snapshot, column records, row {id} cannot be")),
        ("update snapshot set records = -1", format!("table snapshot, column records, row {id} cannot be read: -1")),
        ("update snapshot set complete = not complete", format!("table snapshot, column records, row {id}")),
        ("update snapshot set period = '2026-04', entity = 'charges', records = 1", "problems".into()),
    ];
    for (damage, expected) in cases {
        database.execute(damage).await.unwrap();
        let refused = latest(&store, "north").await.unwrap_err();
        assert!(matches!(refused, StoreError::Corrupt { .. }), "{damage}: {refused}");
        assert!(refused.to_string().contains(&expected), "{damage}: {refused}");
    }
    database.execute("update snapshot set entity = 'cheeses'").await.unwrap();
    let refused = store.list_snapshots(1).await.unwrap_err().to_string();
    let expected = format!("table snapshot, column entity, row {id} cannot be read: unknown variant `cheeses`");
    assert!(refused.starts_with(&expected), "{refused}");
}

fn said<E>(vendor: Option<&str>, psa: Option<&str>, verdict: Verdict) -> NewDecision<E> {
    let decision = Decision { verdict, by: "ann".into(), reason: None, evidence: None };
    NewDecision { vendor: vendor.map(Id::new), psa: psa.map(Id::new), compare: None, decision }
}

async fn linked(store: &Store) -> Vec<(String, String)> {
    let links = store.load_links::<Company>().await.unwrap();
    links.into_iter().map(|link| (link.vendor.to_string(), link.psa.to_string())).collect()
}

async fn decisions_are_only_appended(database: &Database) {
    let (store, lease, run) = database.running().await;
    let mut tx = lease.begin(run).await.unwrap();
    let mut new = said::<Product>(Some("v1"), Some("p1"), Verdict::Accepted);
    new.compare = Some(Compare::Amount);
    new.decision.reason = Some("same article code".into());
    new.decision.evidence = Some(Fingerprint::of(b"evidence"));
    let id = tx.append_decision(&new, Shape::ManyToOne).await.unwrap();
    tx.commit().await.unwrap();
    for forbidden in ["update decision set verdict = 'rejected'", "delete from decision"] {
        let refused = database.execute(forbidden).await.unwrap_err().to_string();
        assert!(refused.contains("decisions are only appended"), "{refused}");
    }
    let stored = store.load_decisions::<Product>().await.unwrap();
    assert_eq!((stored.len(), stored[0].id, stored[0].run, &stored[0].said), (1, id, run, &new));
    let link = &store.load_links::<Product>().await.unwrap()[0];
    assert_eq!((link.decision, link.compare), (id, Compare::Amount));
    assert!(store.load_decisions::<Company>().await.unwrap().is_empty(), "kinds are apart");
}

async fn links_follow_the_decisions(database: &Database) {
    let (store, lease, run) = database.running().await;
    let (v1, v2, p1, p2) = (Some("v1"), Some("v2"), Some("p1"), Some("p2"));
    let both = "v1-p1 v2-p1";
    let steps = [
        (v1, p1, Verdict::Deferred, ""),
        (v1, p1, Verdict::Accepted, "v1-p1"),
        (v1, p1, Verdict::Accepted, "v1-p1"),
        (v2, p1, Verdict::Accepted, both),
        (v2, p2, Verdict::Rejected, both),
        (v2, p1, Verdict::Rejected, "v1-p1"),
        (v2, p1, Verdict::Accepted, both),
        (v1, None, Verdict::Excluded, "v2-p1"),
        (v1, p1, Verdict::Accepted, both),
        (None, p1, Verdict::Excluded, ""),
    ];
    for (vendor, psa, verdict, expected) in steps {
        let mut tx = lease.begin(run).await.unwrap();
        tx.append_decision(&said::<Company>(vendor, psa, verdict), Shape::ManyToOne).await.unwrap();
        tx.commit().await.unwrap();
        let found: Vec<String> = linked(&store).await.into_iter().map(|(v, p)| format!("{v}-{p}")).collect();
        assert_eq!(found.join(" "), expected, "after {vendor:?} {psa:?} {verdict:?}");
    }
    assert_eq!(store.load_decisions::<Company>().await.unwrap().len(), steps.len());
}

async fn a_claim_that_breaks_the_shape_is_refused_and_not_recorded(database: &Database) {
    let (store, lease, run) = database.running().await;
    let mut tx = lease.begin(run).await.unwrap();
    let claim = |vendor, psa| said::<Company>(Some(vendor), Some(psa), Verdict::Accepted);
    tx.append_decision(&claim("v1", "p1"), Shape::OneToOne).await.unwrap();
    for (vendor, psa, shape) in [("v1", "p2", Shape::ManyToOne), ("v2", "p1", Shape::OneToOne)] {
        let refused = tx.append_decision(&claim(vendor, psa), shape).await.unwrap_err().to_string();
        assert_eq!(refused, format!("{vendor} cannot be linked with {psa}: v1 is already linked with p1"));
    }
    let alone = said::<Company>(Some("v3"), None, Verdict::Accepted);
    assert!(matches!(tx.append_decision(&alone, Shape::OneToOne).await, Err(StoreError::Conflict { .. })));
    tx.commit().await.unwrap();
    assert_eq!(store.load_decisions::<Company>().await.unwrap().len(), 1);
    assert_eq!(linked(&store).await, [("v1".to_owned(), "p1".to_owned())]);
    let second = "insert into link (kind, vendor_id, psa_id, compare, decision_id, run_id, created_at)
                  select kind, vendor_id, 'p9', compare, decision_id, run_id, created_at from link";
    assert!(database.execute(second).await.is_err(), "the schema itself allows one link of a vendor record");
}

async fn links_are_listed_in_the_same_order_everywhere(database: &Database) {
    let (store, lease, run) = database.running().await;
    let mut tx = lease.begin(run).await.unwrap();
    for vendor in ["b", "A", "a", "B", "ä", "_", "10", "9"] {
        tx.append_decision(&said::<Company>(Some(vendor), Some("p"), Verdict::Accepted), Shape::ManyToOne)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    let order: Vec<String> = linked(&store).await.into_iter().map(|(vendor, _)| vendor).collect();
    assert_eq!(order, ["10", "9", "A", "B", "_", "a", "b", "ä"]);
}

async fn proposals_are_replaced_as_a_whole_and_their_numbers_never_return(database: &Database) {
    let (store, lease, run) = database.running().await;
    let evidence = Fingerprint::of(b"name exact");
    let payload = json!({ "name": "exact" });
    let proposal =
        |vendor, psa, score| NewProposal { vendor, psa, score, band: "match", evidence: &evidence, payload: &payload };
    let mut seen = Vec::new();
    for (kind, new) in [
        (LinkKind::Product, vec![proposal(Some("v9"), None, 0)]),
        (LinkKind::Company, vec![proposal(Some("v2"), Some("p2"), 990), proposal(None, Some("p1"), 0)]),
        (LinkKind::Company, vec![proposal(Some("v1"), Some("p1"), 880)]),
    ] {
        let mut tx = lease.begin(run).await.unwrap();
        tx.save_proposals(kind, &new).await.unwrap();
        tx.commit().await.unwrap();
        let stored = store.list_proposals::<serde_json::Value>(kind).await.unwrap();
        let told: Vec<_> = stored.iter().map(|p| (p.vendor.as_deref(), p.psa.as_deref(), p.score)).collect();
        let expected: Vec<_> = new.iter().map(|p| (p.vendor, p.psa, u64::from(p.score))).collect();
        assert_eq!(told, expected);
        assert!(stored.iter().all(|p| p.payload == payload && p.evidence == evidence && p.band == "match"));
        for proposal in stored {
            assert!(!seen.contains(&proposal.id), "number {} came back", proposal.id);
            seen.push(proposal.id);
        }
    }
    assert_eq!(store.list_proposals::<serde_json::Value>(LinkKind::Product).await.unwrap().len(), 1);
}

async fn bundles_keep_every_digit(database: &Database) {
    let (store, lease, run) = database.running().await;
    let decimal = |text| trueup::core::money::exact(text).unwrap();
    let part = |product, per_unit, from, to| BundlePart {
        product: PsaProductId::new(product),
        per_unit: decimal(per_unit),
        weight_from: decimal(from),
        weight_to: decimal(to),
    };
    let desk = vec![
        part("seat", "1", "0", "0.3333333333333333333333333333"),
        part("backup", "2.50", "0.3333333333333333333333333333", "1"),
    ];
    let mut tx = lease.begin(run).await.unwrap();
    tx.save_bundles(&[(Id::new("old"), vec![part("x", "1", "0", "1")])]).await.unwrap();
    tx.save_bundles(&[(Id::new("desk"), desk.clone())]).await.unwrap();
    tx.commit().await.unwrap();
    let stored = store.load_bundles().await.unwrap();
    assert_eq!(stored.into_iter().collect::<Vec<_>>(), [(Id::new("desk"), desk.clone())]);
    let mut tx = lease.begin(run).await.unwrap();
    let twice = [(Id::new("desk"), desk.clone()), (Id::new("desk"), desk)];
    assert!(matches!(tx.save_bundles(&twice).await, Err(StoreError::Conflict { .. })));
}

fn outcome(period: &str) -> Outcome {
    let variance = json!({
        "currency": "USD", "company": "psa:12", "product": "vendor:a:b", "flags": 2,
        "vendor_quantity": "12", "psa_quantity": "10.5", "quantity_variance": "1.5",
        "vendor_amount": "132.00", "psa_amount": "110.00", "psa_included": "0", "amount_variance": "22.00",
        "vendor_cost": "102.00", "psa_cost": "85.00", "vendor_lines": 1, "psa_lines": 2,
        "vendor_prices": { "lowest": "11.0000", "highest": "11.0001" }, "psa_prices": null,
        "vendor_costs": null, "psa_costs": null,
        "quantity_part": "16.50", "price_part": "5.50", "other_part": "0.00",
    });
    let margin = json!({
        "currency": "USD", "company": "psa:12", "revenue": "110.00", "cost": "102.00", "margin": "8.00",
        "underbilled": "22.00", "overbilled": "0.00",
    });
    let total = json!({
        "cells": 1, "vendorAmount": "132.00", "psaAmount": "110.00", "psaIncludedAmount": "0",
        "amountVariance": "22.00", "vendorCost": "102.00", "psaCost": "85.00",
    });
    let tally = json!({ "rows": 3, "amount": "132.00", "cost": "102.00" });
    Outcome {
        period: period.parse().unwrap(),
        variances: vec![serde_json::from_value(variance).unwrap(); 1_001],
        cells: 1_002,
        classes: serde_json::from_value(json!({ "USD": { "UNMAPPED_PRODUCT": total } })).unwrap(),
        coverage: serde_json::from_value(json!({
            "buckets": { "USD": { "vendorProductUnmapped": tally } }, "vendor_unreadable": 1, "psa_unreadable": 0,
        }))
        .unwrap(),
        margins: vec![serde_json::from_value(margin).unwrap()],
        problems: vec![Problem::new("psa.csv:17", "expected 12 columns, found 3")],
        detail: serde_json::from_value(json!({
            "products": [{ "currency": "USD", "company": "psa:12", "product": "vendor:a:b", "revenue": "0.00",
                "cost": "102.00", "underbilled": "22.00", "overbilled": "0.00" }],
            "psa_alone": [{ "currency": "USD", "kind": "product", "id": "7",
                "attached": { "lines": 2, "amount": "90.00", "cost": "0.00", "first": "2026-04-01" } }],
            "terms": { "USD": { "free": "0.00", "rounding": "0.0031" } },
        }))
        .unwrap(),
        verdict: trueup::core::reconcile::outcome::Verdict::Unknown,
    }
}

async fn an_outcome_comes_back_as_it_was_saved(database: &Database) {
    let (store, lease, run) = database.running().await;
    let digest = Fingerprint::of(b"report");
    let mut tx = lease.begin(run).await.unwrap();
    tx.save_outcome(&outcome("2026-04"), &Fingerprint::of(b"an earlier report"), &[], LinksUsed::default())
        .await
        .unwrap();
    let links = LinksUsed {
        companies: vec![Link { vendor: Id::new("v-1"), psa: Id::new("12") }],
        products: vec![Link { vendor: Id::new("a:c"), psa: Id::new("7") }],
    };
    let id = tx.save_outcome(&outcome("2026-04"), &digest, &[], links.clone()).await.unwrap();
    tx.save_outcome(&outcome("2026-05"), &digest, &[], LinksUsed::default()).await.unwrap();
    tx.commit().await.unwrap();
    let stored = store.load_latest_outcome("2026-04".parse().unwrap()).await.unwrap().unwrap();
    assert!(stored.outcome == outcome("2026-04"), "{:?}", stored.header);
    assert_eq!(stored.links, Some(links));
    assert_eq!((stored.header.id, stored.header.run, &stored.header.digest), (id, run, &digest));
    assert_eq!(store.list_reconciliations(10).await.unwrap().len(), 3);
    assert_eq!(store.list_reconciliations(2).await.unwrap()[1], stored.header);
    assert_eq!(store.load_latest_outcome("2026-06".parse().unwrap()).await.unwrap(), None);
    database.execute("delete from variance where position = 1000").await.unwrap();
    let refused = store.load_latest_outcome("2026-04".parse().unwrap()).await.unwrap_err().to_string();
    assert!(refused.starts_with(&format!("table reconciliation, column variances, row {id} ")), "{refused}");
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_of_an_embedded_database_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let database = Database::sqlite();
    let (store, _lease, _run) = database.running().await;
    let trueup::store::Location::Sqlite(path) = store.location() else { panic!("{:?}", store.location()) };
    let mut files = 0;
    for file in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", file.path().display());
        files += 1;
    }
    assert_eq!(files, 4, "the database, its log, its index and its lock");
}
