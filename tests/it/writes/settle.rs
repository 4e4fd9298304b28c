//! Writes that stay open: looked at again, closed by what proves it, or by a person's word where nothing does.

use serde_json::json;
use trueup::engine::pax8::{Ask, Extent, Query, Write};
use trueup::engine::{Door, Ended, EngineError, Ruling, Settling, Unwatched, WriteOutcome, WriteSource};

use super::requests::{company, order, rename, seats, text, webhook_settings};
use super::{Bench, Mood, quick};

fn ruling(happened: bool) -> Ruling {
    Ruling { happened, reason: "the portal shows it".to_owned(), record: None }
}

/// A write whose answer was lost, looked at once; its number.
async fn lost(bench: &Bench, write: &Write) -> i64 {
    lost_after(bench, 0, write).await
}

async fn lost_after(bench: &Bench, minutes: i64, write: &Write) -> i64 {
    bench.stub.mood(Mood::Fails);
    let written =
        bench.engine_after(minutes).await.write(&bench.remote(), write, None, &Settling::once()).await.unwrap();
    assert!(matches!(written.ended, Ended::Open(_)), "{written:?}");
    written.id.number()
}

/// What is known of a write: how, what, and in which words.
async fn notes(bench: &Bench, number: i64) -> Vec<(WriteSource, WriteOutcome, String)> {
    let account = bench.engine_after(0).await.write_account(number).await.unwrap();
    account.notes.into_iter().map(|note| (note.source, note.outcome, note.said.unwrap_or_default())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_look_can_tell_is_closed_by_a_persons_word_beside_all_that_was_seen() {
    for happened in [true, false] {
        let bench = Bench::new("").await;
        let number = lost(&bench, &seats()).await;
        bench.stub.state.lock().unwrap().records.get_mut("/v1/subscriptions/s1").unwrap()["quantity"] = json!(6);
        let (engine, remote) = (bench.engine_after(60).await, bench.remote());
        let looked = engine.settle_write(number, Door::Pax8(&remote), None).await.unwrap();
        assert!(matches!(&looked.ended, Ended::Open(why) if why.contains("somebody else")), "{looked:?}");
        let blocked = engine.write(&remote, &seats(), None, &quick()).await.unwrap_err();
        assert!(matches!(blocked, EngineError::WriteOpen { .. }), "{blocked}");

        let ruled = engine.settle_write(number, Door::Pax8(&remote), Some(&ruling(happened))).await.unwrap();
        let (ended, outcome) =
            if happened { (Ended::Happened, WriteOutcome::Happened) } else { (Ended::DidNot, WriteOutcome::DidNot) };
        assert_eq!(ruled.ended, ended);
        let entry = engine.write_account(number).await.unwrap().entry;
        assert_eq!((entry.outcome, entry.said.as_deref()), (outcome, Some("ada says so: the portal shows it")));
        let notes = notes(&bench, number).await;
        assert_eq!(notes.first().map(|note| (note.0, note.1)), Some((WriteSource::Answer, WriteOutcome::Unknown)));
        assert!(notes[0].2.contains("500"), "{notes:?}");
        assert!(notes[1].0 == WriteSource::Look && notes[1].2.contains("not to be seen yet"), "{notes:?}");
        assert_eq!(notes.last(), Some(&(WriteSource::Person, outcome, "the portal shows it".to_owned())));
        assert_eq!(notes.iter().filter(|note| note.2.contains("somebody else")).count(), 3, "each look: {notes:?}");

        let again = engine.settle_write(number, Door::Pax8(&remote), Some(&ruling(!happened))).await.unwrap_err();
        assert!(matches!(again, EngineError::WriteEnded { .. }), "{again}");
        assert_eq!(engine.write(&remote, &seats(), None, &quick()).await.unwrap().ended, Ended::Done, "not blocked");
        assert_eq!(bench.stub.writes().len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_against_what_looking_proves_is_refused_and_what_is_proven_stands() {
    for (shown, outcome) in [("did not take effect", WriteOutcome::DidNot), ("took effect", WriteOutcome::Happened)] {
        let bench = Bench::new("").await;
        let number = lost(&bench, &rename()).await;
        let early = bench.engine_after(9).await;
        if outcome == WriteOutcome::DidNot {
            for happened in [true, false] {
                let refused = early.settle_write(number, Door::Pax8(&bench.remote()), Some(&ruling(happened))).await;
                assert!(matches!(refused, Err(EngineError::TooEarly { .. })), "it may still come: {refused:?}");
            }
            assert_eq!(early.open_writes().await.unwrap().len(), 1);
        } else {
            renamed(&bench);
        }
        drop(early);
        let engine = bench.engine_after(10).await;
        let wrong = ruling(outcome == WriteOutcome::DidNot);
        let refused = engine.settle_write(number, Door::Pax8(&bench.remote()), Some(&wrong)).await.unwrap_err();
        assert!(refused.to_string().contains(&format!("looking showed that it {shown}")), "{refused}");
        let account = engine.write_account(number).await.unwrap();
        assert_eq!(account.entry.outcome, outcome);
        assert!(account.notes.iter().all(|note| note.source != WriteSource::Person), "{account:?}");
    }
}

/// What was sent took effect late.
fn renamed(bench: &Bench) {
    let mut state = bench.stub.state.lock().unwrap();
    let company = state.records.get_mut("/v1/companies/c1").unwrap();
    company["name"] = json!("New Name");
    company["address"] = json!({ "street": "4 Quay Row", "city": "Bristol", "stateOrProvince": "England",
        "postalCode": "BS1 4ZZ", "country": "GB" });
}

#[tokio::test(flavor = "multi_thread")]
async fn two_orders_that_fit_and_a_sample_are_closed_by_a_word() {
    let bench = Bench::new("").await;
    let number = lost(&bench, &order()).await;
    let body = bench.stub.writes()[0].2.clone();
    for id in ["o1", "o2"] {
        let mut made = body.clone();
        made["id"] = json!(id);
        bench.stub.state.lock().unwrap().records.insert(format!("/v1/orders/{id}"), made);
    }
    let (engine, remote) = (bench.engine_after(60).await, bench.remote());
    let looked = engine.settle_write(number, Door::Pax8(&remote), None).await.unwrap();
    assert!(matches!(&looked.ended, Ended::Open(why) if why.contains("2 new records fit: o1, o2")), "{looked:?}");
    let said = Ruling { record: Some("o1".to_owned()), ..ruling(true) };
    let settled = engine.settle_write(number, Door::Pax8(&remote), Some(&said)).await.unwrap();
    assert_eq!((settled.ended, settled.record.as_deref()), (Ended::Happened, Some("o1")));

    let sample = Write::TestTopic { webhook: text("w1"), topic: text("INVOICE") };
    let number = lost_after(&bench, 60, &sample).await;
    let settings = Box::new(webhook_settings());
    let configured = Write::ConfigureWebhook { webhook: text("w1"), settings };
    let written = engine.write(&remote, &configured, None, &quick()).await.unwrap();
    assert_eq!(written.ended, Ended::Done, "a sample stands in the way of no change of its webhook");
    let settled = engine.settle_write(number, Door::Pax8(&remote), Some(&ruling(false))).await.unwrap();
    assert_eq!((settled.ended, engine.open_writes().await.unwrap()), (Ended::DidNot, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_way_to_look_a_word_is_taken_and_nothing_else_closes_it() {
    let bench = Bench::new("").await;
    let number = lost(&bench, &company()).await;
    let engine = bench.engine_after(60).await;
    let closed = Door::Closed("the connection is gone");
    let open = engine.settle_write(number, closed, None).await.unwrap();
    assert_eq!(open.ended, Ended::Open("the connection is gone".to_owned()));
    let settled = engine.settle_write(number, closed, Some(&ruling(false))).await.unwrap();
    assert_eq!(settled.ended, Ended::DidNot);
    let absent = engine.settle_write(99, closed, None).await.unwrap_err();
    assert_eq!(absent.to_string(), "there is no write 99 in the journal");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_write_again_is_not_sent_where_the_first_turns_out_to_have_taken_effect() {
    let bench = Bench::new("").await;
    bench.stub.mood(Mood::Late(2));
    let engine = bench.engine_after(0).await;
    let first = engine.write(&bench.remote(), &company(), None, &Settling::once()).await.unwrap();
    assert!(matches!(first.ended, Ended::Open(_)));
    let _read = bench.remote().ask(&Ask::Companies, &Query::default(), Extent::All, &Unwatched).await.unwrap();
    let again = engine.write(&bench.remote(), &company(), None, &Settling::once()).await.unwrap();
    assert_eq!((again.ended, again.id, again.shows), (Ended::Earlier, first.id, true));
    assert_eq!((again.record.as_deref(), bench.stub.writes().len()), (Some("new-1"), 1));
    assert_eq!(again.now.and_then(|record| record.text("name")).as_deref(), Some("Harbour & Finch Ltd"));
}
