//! Lines of running subscriptions written to a server: what takes several calls is whole or is known to be a part.

use serde_json::{Value, json};
use trueup::engine::Ended;

use super::bench::{self, Bench, different, names, new_line};
use super::seed::{self, Made};
use super::server::{day, decimal};
use super::wire::Cut;

/// A running subscription of two lines: its id, those of its lines, and what they are of.
async fn subscribed(bench: &Bench, code: &str) -> (i64, Vec<String>, Made) {
    let harbour = bench.tryton.party("Harbour", code).await;
    let seat = bench.tryton.product("Seat", code, "22.10", "7").await;
    let lines = vec![
        seed::line(seat, 3, "22.10", json!({ "description": "Seats" })),
        seed::line(seat, 1, "5", json!({ "start_date": day("2026-10-02") })),
    ];
    let subscription = bench.tryton.running(harbour, "2026-10-01", json!({}), lines).await;
    let whole = bench.whole("sale.subscription", &subscription.to_string()).await;
    (subscription, whole["lines"].as_array().unwrap().iter().map(Value::to_string).collect(), seat)
}

async fn state(bench: &Bench, subscription: i64) -> Value {
    bench.whole("sale.subscription", &subscription.to_string()).await["state"].clone()
}

fn four(subscription: i64, line: &str) -> [String; 4] {
    let press = |button: &str| format!("POST sale.subscription/{subscription}/{button}");
    [press("draft"), format!("PUT sale.subscription.line/{line}"), press("quote"), press("run")]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quantity_is_raised_on_a_running_subscription_and_it_runs_again() {
    let bench = Bench::new().await;
    let (subscription, lines, _) = subscribed(&bench, "0012").await;
    let id = subscription.to_string();
    let whole = bench.whole("sale.subscription", &id).await;
    let (first, second) = (
        bench.whole("sale.subscription.line", &lines[0]).await,
        bench.whole("sale.subscription.line", &lines[1]).await,
    );
    assert_eq!(bench.done(&bench::line(&lines[0], &[("quantity", "3", "4")], None)).await, lines[0]);
    let writes = bench.wire.writes();
    assert_eq!(
        writes.iter().map(|(verb, path, _)| format!("{verb} {path}")).collect::<Vec<_>>(),
        four(subscription, &lines[0])
    );
    assert_eq!(writes[1].2, json!({ "quantity": 4 }));
    assert_eq!(state(&bench, subscription).await, json!("running"));
    assert_eq!(different(&whole, &bench.whole("sale.subscription", &id).await), names(&[]));
    let raised = bench.whole("sale.subscription.line", &lines[0]).await;
    assert_eq!(different(&first, &raised), names(&["quantity", "rec_name"]));
    assert_eq!(different(&second, &bench.whole("sale.subscription.line", &lines[1]).await), names(&[]));
    // to zero, and a price with every decimal the server keeps
    let both = [("quantity", "4", "0"), ("price", "22.10", "0.0001")];
    let _ = bench.done(&bench::line(&lines[0], &both, None)).await;
    let free = bench.whole("sale.subscription.line", &lines[0]).await;
    assert_eq!((&free["quantity"], &free["unit_price"]), (&json!(0.0), &decimal("0.0001")));
    // of a draft it is one call, of a quotation three
    bench.tryton.pressed(subscription, &["draft"]).await;
    let _ = bench.done(&bench::line(&lines[0], &[("quantity", "0", "5")], None)).await;
    assert_eq!(bench.wire.calls(), four(subscription, &lines[0])[1..2]);
    bench.tryton.pressed(subscription, &["quote"]).await;
    let _ = bench.done(&bench::line(&lines[0], &[("quantity", "5", "6")], None)).await;
    assert_eq!((bench.wire.calls().len(), state(&bench, subscription).await), (3, json!("quotation")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_raise_that_is_cut_off_at_any_of_its_calls_is_known_and_the_rest_is_sent() {
    let bench = Bench::new().await;
    for call in 0..4 {
        for cut in [Cut::Before, Cut::After] {
            let (subscription, lines, _) = subscribed(&bench, &format!("{call}{cut:?}")).await;
            let raise = bench::line(&lines[0], &[("quantity", "3", "4")], None);
            bench.wire.cut(call, cut);
            let written = bench.tried(&raise).await.unwrap();
            let mut calls = four(subscription, &lines[0]).to_vec();
            if (call, cut) == (0, Cut::Before) {
                assert!(matches!(written.ended, Ended::Open(_)), "{written:?}");
                assert_eq!(bench.wire.calls(), calls[..1]);
                assert_eq!(bench.settled_after(10).await[0].ended, Ended::DidNot, "nothing of it arrived");
                assert_eq!(state(&bench, subscription).await, json!("running"));
                continue;
            }
            if cut == Cut::Before {
                calls.insert(call, calls[call].clone());
            }
            assert_eq!((&written.ended, written.shows), (&Ended::Happened, true), "{call} {cut:?}: {written:?}");
            assert_eq!(bench.wire.calls(), calls, "{call} {cut:?}: no call that took effect is sent again");
            let line = bench.whole("sale.subscription.line", &lines[0]).await;
            assert_eq!((&line["quantity"], state(&bench, subscription).await), (&json!(4.0), json!("running")));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_refused_between_its_calls_leaves_all_as_it_was() {
    let bench = Bench::new().await;
    let (subscription, lines, _) = subscribed(&bench, "0012").await;
    let before = bench.whole("sale.subscription.line", &lines[0]).await;
    let half = bench::line(&lines[0], &[("quantity", "3", "4.5")], None);
    let written = bench.tried(&half).await.unwrap();
    let Ended::Refused(refusal) = &written.ended else { panic!("{written:?}") };
    assert!(refusal.message.contains("exceeds the limit of \"(None, 0)\""), "the unit is whole: {refusal}");
    assert_eq!(bench.wire.calls(), four(subscription, &lines[0]), "what was taken out of running runs again");
    assert_eq!(state(&bench, subscription).await, json!("running"));
    assert_eq!(different(&before, &bench.whole("sale.subscription.line", &lines[0]).await), names(&[]));
    assert_eq!(bench.engine().await.open_writes().await.unwrap(), []);
    // where the way back is cut off, it is gone once more from where it stopped
    bench.wire.cut(2, Cut::Before);
    let written = bench.tried(&half).await.unwrap();
    assert!(matches!(written.ended, Ended::Open(_)), "{written:?}");
    assert_eq!((bench.wire.calls().len(), state(&bench, subscription).await), (6, json!("running")));
    assert_eq!(bench.settled_after(10).await[0].ended, Ended::DidNot);
    assert_eq!(different(&before, &bench.whole("sale.subscription.line", &lines[0]).await), names(&[]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_was_decided_on_what_is_no_longer_so_is_not_sent() {
    let bench = Bench::new().await;
    let (subscription, lines, _) = subscribed(&bench, "0012").await;
    let stale = bench::line(&lines[0], &[("quantity", "2", "4")], None);
    let refused = bench.refused_unsent(&stale).await;
    assert!(refused.contains("quantity: expected 2, found 3"), "{refused}");
    assert_eq!(state(&bench, subscription).await, json!("running"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_raise_from_a_day_on_ends_the_line_and_adds_the_next_wherever_it_is_cut_off() {
    let bench = Bench::new().await;
    for (call, cut) in
        [(9, Cut::Before), (1, Cut::Before), (1, Cut::After), (2, Cut::Before), (2, Cut::After), (4, Cut::After)]
    {
        let (subscription, lines, seat) = subscribed(&bench, &format!("{call}{cut:?}")).await;
        let before = bench.whole("sale.subscription.line", &lines[0]).await;
        let other = bench.whole("sale.subscription.line", &lines[1]).await;
        let raise = bench::line(&lines[0], &[("quantity", "3", "4")], Some("2026-11-01"));
        bench.wire.cut(call, cut);
        let written = bench.tried(&raise).await.unwrap();
        let (mut ended, mut record) = (written.ended, written.record);
        let mut five = bench.wire.calls();
        if (call, cut) == (2, Cut::Before) {
            // the line that follows may have been under way: it is added when it is sure that it was not
            assert!(matches!(ended, Ended::Open(_)) && five.len() == 3, "{ended:?}");
            let settled = bench.settled_after(10).await.remove(0);
            (ended, record) = (settled.ended, settled.record);
        } else {
            assert!(written.shows, "{call} {cut:?}");
        }
        assert_eq!(ended, if call == 9 { Ended::Done } else { Ended::Happened }, "{call} {cut:?}");
        five.extend(bench.wire.calls());
        assert_eq!(five.len(), if cut == Cut::Before && call != 9 { 6 } else { 5 }, "{five:?}");
        let whole = bench.whole("sale.subscription", &subscription.to_string()).await;
        assert_eq!(
            (&whole["state"], whole["lines"].as_array().unwrap().len()),
            (&json!("running"), 3),
            "{call} {cut:?}"
        );
        let ended = bench.whole("sale.subscription.line", &lines[0]).await;
        assert_eq!(different(&before, &ended), names(&["end_date"]));
        assert_eq!(ended["end_date"], day("2026-11-01"), "the first day that is not billed any more");
        assert_eq!(different(&other, &bench.whole("sale.subscription.line", &lines[1]).await), names(&[]));
        let next = bench.whole("sale.subscription.line", &record.unwrap()).await;
        let of = |name: &str| next[name].clone();
        assert_eq!(
            (of("quantity"), of("start_date"), of("end_date"), of("service"), of("unit_price"), of("description")),
            (json!(4.0), day("2026-11-01"), Value::Null, json!(seat.service), decimal("22.1"), json!("Seats"))
        );
        assert_eq!(
            (of("unit"), of("consumption_recurrence")),
            (before["unit"].clone(), before["consumption_recurrence"].clone())
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_before_what_was_billed_is_refused_and_no_line_follows() {
    let bench = Bench::new().await;
    let (subscription, lines, _) = subscribed(&bench, "0012").await;
    assert_eq!(bench.tryton.bill("2026-10-31").await.len(), 1);
    let raise = bench::line(&lines[0], &[("quantity", "3", "4")], Some("2026-10-20"));
    let written = bench.tried(&raise).await.unwrap();
    let Ended::Refused(refusal) = &written.ended else { panic!("{written:?}") };
    assert!(refusal.message.contains("is not valid according to its domain"), "{refusal}");
    let whole = bench.whole("sale.subscription", &subscription.to_string()).await;
    assert_eq!((&whole["state"], whole["lines"].as_array().unwrap().len()), (&json!("running"), 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_is_added_to_a_running_subscription_once() {
    let bench = Bench::new().await;
    let (subscription, _, _) = subscribed(&bench, "0012").await;
    let backup = bench.tryton.product("Backup", "BK", "4", "3").await;
    let product = backup.product.to_string();
    let add = new_line(
        subscription,
        &[
            ("product", &product),
            ("quantity", "20"),
            ("price", "4.50"),
            ("effective", "2026-11-01"),
            ("description", "All"),
        ],
    );
    let id = bench.done(&add).await;
    assert_eq!(bench.wire.calls().len(), 4);
    let line = bench.whole("sale.subscription.line", &id).await;
    assert_eq!(
        (&line["service"], &line["quantity"], &line["unit_price"], &line["subscription"]),
        (&json!(backup.service), &json!(20.0), &decimal("4.5"), &json!(subscription))
    );
    assert_eq!(state(&bench, subscription).await, json!("running"));
    assert!(bench.refused_unsent(&add).await.contains("is there already and fits it"));
    // the same of another subscription is another, also where each answer is lost
    let (other, _, _) = subscribed(&bench, "0013").await;
    for call in 0..4 {
        let day = format!("2026-11-0{}", call + 1);
        let add = new_line(other, &[("product", &product), ("quantity", "1"), ("price", "4.50"), ("effective", &day)]);
        bench.wire.cut(call, Cut::After);
        let written = bench.tried(&add).await.unwrap();
        assert_eq!((&written.ended, written.shows), (&Ended::Happened, true), "{call}: {written:?}");
        assert_eq!((bench.wire.calls().len(), state(&bench, other).await), (4, json!("running")));
    }
    let whole = bench.whole("sale.subscription", &other.to_string()).await;
    assert_eq!(whole["lines"].as_array().unwrap().len(), 6);
}
