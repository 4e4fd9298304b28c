//! Billed lines: their quantity at once, and from a day on without a day that is billed twice or not at all.

use chrono::NaiveDate;
use reqwest::Method;
use rust_decimal::Decimal;
use serde_json::Value as Json;
use trueup::connectors::Unwatched;
use trueup::core::change::{LineField, PsaWrite, Update};
use trueup::core::money::plain;
use trueup::engine::{Door, Ended, EngineError, Ruling, Settling, WriteOutcome};

use super::{AGREEMENT, Bench, LINE, changes, day, having, line, number, quick, update_line};

fn from_to(from: &str, to: &str) -> PsaWrite {
    update_line(LineField::Quantity, Some(number(from)), Some(number(to)))
}

/// From five to seven, from the middle of a month on.
fn dated() -> PsaWrite {
    let update =
        Update { target: line(), changes: changes([(LineField::Quantity, Some(number("5")), Some(number("7")))]) };
    PsaWrite::UpdateLine { update, effective: Some("2026-11-16".parse().unwrap()) }
}

async fn lines(bench: &Bench) -> Vec<trueup::core::billing::BilledLine> {
    let pulled = bench.psa.billed_lines("2026-11".parse().unwrap(), &Unwatched).await.unwrap();
    assert_eq!(pulled.problems(), []);
    pulled.records().to_vec()
}

/// What is billed on a day of the product of [`LINE`].
async fn billed_on(bench: &Bench, day: NaiveDate) -> Decimal {
    let lines = lines(bench).await;
    let billed = lines.iter().filter(|line| {
        line.product.as_str() == (bench.peer.id)(super::PRODUCT)
            && line.effective <= day
            && line.cancelled.is_none_or(|end| day < end)
    });
    billed.map(|line| line.quantity.value()).sum()
}

/// The days on which the quantity changes, and to what, over two years.
async fn steps(bench: &Bench) -> Vec<(String, String)> {
    let mut steps: Vec<(String, String)> = Vec::new();
    for date in [
        "2025-12-31",
        "2026-01-01",
        "2026-10-31",
        "2026-11-01",
        "2026-11-14",
        "2026-11-15",
        "2026-11-16",
        "2026-11-17",
        "2026-11-30",
        "2026-12-01",
        "2027-12-31",
    ] {
        let billed = plain(billed_on(bench, date.parse().unwrap()).await);
        if steps.last().is_none_or(|(_, last)| *last != billed) {
            steps.push((date.to_owned(), billed));
        }
    }
    steps
}

fn expected(steps: &[(&str, &str)]) -> Vec<(String, String)> {
    steps.iter().map(|(day, quantity)| ((*day).to_owned(), (*quantity).to_owned())).collect()
}

#[tokio::test]
async fn a_quantity_goes_up_and_down_and_to_zero_and_nothing_else_changes() {
    for peer in having("line.quantity").filter(|peer| peer.has("line.quantity at once")) {
        let bench = Bench::new(peer, "").await;
        let other = super::Target { id: "402".to_owned(), below: Some(AGREEMENT.to_owned()) };
        let untouched = bench.stored("line", &other).await;
        let part = if peer.has("line.parts") { "2.5" } else { "2" };
        for (from, to) in [("5", "7"), ("7", part), (part, "0"), ("0", "4")] {
            bench.done(&from_to(from, to)).await;
            let read = lines(&bench).await;
            let found = read.iter().find(|line| line.id.as_str() == (peer.id)(LINE)).unwrap();
            assert_eq!(plain(found.quantity.value()), to, "{}", peer.name);
            let amount = found.quantity.value() * found.price.value();
            assert_eq!(found.amount.value(), amount, "{}: the system reckons the total", peer.name);
            assert!(!peer.has("line.start") || found.effective.to_string() == "2026-01-01", "{}: {found:?}", peer.name);
            assert_eq!(found.cancelled, None, "{}", peer.name);
        }
        assert_eq!(bench.stored("line", &other).await, untouched, "{}", peer.name);
        assert_eq!(lines(&bench).await.len(), 2, "{}", peer.name);
    }
}

#[tokio::test]
async fn a_line_that_is_ended_is_seen_with_its_end_and_can_be_opened_again() {
    for peer in having("line.cancelled") {
        let bench = Bench::new(peer, "").await;
        bench.done(&update_line(LineField::Cancelled, None, Some(day("2026-11-30")))).await;
        let last = if bench.peer.bills_last_day { "2026-11-29" } else { "2026-11-30" };
        let kept = bench.stored("line", &line()).await[(peer.place)("line", "cancelled")].to_string();
        assert!(kept.contains(last), "{}: {kept}", peer.name);
        let ended = |lines: Vec<trueup::core::billing::BilledLine>| lines[0].cancelled.map(|day| day.to_string());
        assert_eq!(ended(lines(&bench).await).as_deref(), Some("2026-11-30"), "{}", peer.name);
        bench.done(&update_line(LineField::Cancelled, Some(day("2026-11-30")), None)).await;
        assert_eq!(ended(lines(&bench).await), None, "{}", peer.name);
    }
}

#[tokio::test]
async fn a_quantity_from_the_middle_of_a_month_on_bills_every_day_once() {
    for peer in having("line.dated") {
        let bench = Bench::new(peer, "").await;
        // what no field of ours holds goes on as well
        bench.change_by_hand("line", &line(), "text", Json::from("As agreed")).await;
        let (old, mut texts) = (bench.kept("line", &line()).await, Vec::new());
        assert_eq!(steps(&bench).await, expected(&[("2025-12-31", "0"), ("2026-01-01", "5")]), "{}", peer.name);
        let written = bench.done(&dated()).await;
        let all = [("2025-12-31", "0"), ("2026-01-01", "5"), ("2026-11-16", "7")];
        assert_eq!(steps(&bench).await, expected(&all), "{}", peer.name);
        let new = super::Target { id: written.record.unwrap(), below: Some(AGREEMENT.to_owned()) };
        assert_ne!(new.id, (peer.id)(LINE), "{}: the line that follows is told", peer.name);
        let (mut ended, mut follows) = (bench.kept("line", &line()).await, bench.kept("line", &new).await);
        let mut was = old.clone();
        for line in [&mut ended, &mut was] {
            line.as_object_mut().unwrap().remove((peer.place)("line", "cancelled"));
        }
        assert_eq!(ended, was, "{}: nothing but its end", peer.name);
        // what follows is the old line but for what was to change, and what is reckoned from that
        let old = old.as_object().unwrap();
        for (name, value) in follows.as_object_mut().unwrap() {
            if old.get(name) != Some(value) {
                texts.push(name.clone());
            }
        }
        let mut expected = vec!["id".to_owned()];
        expected.extend(["quantity", "effective"].map(|field| (peer.place)("line", field).to_owned()));
        let reckoned = ["billedQuantity", "extPrice", "extCost", "net_amount"];
        texts.retain(|name| !reckoned.contains(&name.as_str()));
        texts.sort();
        expected.sort();
        assert_eq!(texts, expected, "{}: {follows}", peer.name);
    }
}

#[tokio::test]
async fn a_change_that_stopped_between_its_calls_goes_on_where_it_stopped() {
    for peer in having("line.dated").filter(|peer| peer.has("line.calls")) {
        // refused once; carried out without an answer
        for (faults, sent) in [("403-write=nth:2", 3), ("drop-write=nth:2", 2), ("drop-write=nth:1", 2)] {
            let bench = Bench::new(peer, faults).await;
            let written = bench.write(&dated()).await;
            assert_eq!((&written.ended, written.shows), (&Ended::Happened, true), "{}: {faults}", peer.name);
            assert_eq!(bench.writes().len(), sent, "{}: {faults}: {:?}", peer.name, bench.writes());
            bills_every_day_once(&bench, faults).await;
        }
    }
}

/// The change is made, and the line that follows was made once.
async fn bills_every_day_once(bench: &Bench, faults: &str) {
    let name = bench.peer.name;
    let made = bench.writes().iter().filter(|(method, ..)| *method == Method::POST.as_str()).count();
    assert_eq!(made, 1, "{name}: {faults}");
    let all = [("2025-12-31", "0"), ("2026-01-01", "5"), ("2026-11-16", "7")];
    assert_eq!(steps(bench).await, expected(&all), "{name}: {faults}");
}

#[tokio::test]
async fn a_call_between_that_may_be_under_way_and_makes_a_line_is_not_sent_again_at_once() {
    for peer in having("line.dated").filter(|peer| peer.has("line.calls")) {
        let first_makes = {
            let bench = Bench::new(peer, "").await;
            bench.done(&dated()).await;
            bench.writes()[0].0 == Method::POST.as_str()
        };
        // answered as a failure, and not carried out
        let bench = Bench::new(peer, "fail-write=nth:2").await;
        let records = bench.psa.records().unwrap();
        let written = bench.write(&dated()).await;
        if first_makes {
            // the end of the line can be said twice
            assert_eq!((&written.ended, bench.writes().len()), (&Ended::Happened, 3), "{}", peer.name);
            continue;
        }
        for minutes in [0, 9] {
            let settled = bench.engine_after(minutes).await.settle(records, &Settling::once()).await.unwrap();
            let Ended::Open(why) = &settled[0].ended else { panic!("{}: {settled:?}", peer.name) };
            assert!(why.starts_with("1 of its calls took effect"), "{}: {why}", peer.name);
            assert_eq!(bench.writes().len(), 2, "{}: it may yet be made", peer.name);
        }
        let settled = bench.engine_after(10).await.settle(records, &Settling::once()).await.unwrap();
        assert_eq!(settled[0].ended, Ended::Happened, "{}", peer.name);
        bills_every_day_once(&bench, "").await;
    }
}

#[tokio::test]
async fn a_change_whose_rest_stays_refused_is_open_and_is_finished_by_a_later_look() {
    for peer in having("line.dated").filter(|peer| peer.has("line.calls")) {
        let bench = Bench::new(peer, "403-write=nth:2,403-write=nth:3,403-write=nth:4,403-write=nth:5").await;
        let engine = bench.engine_after(0).await;
        let records = bench.psa.records().unwrap();
        let written = engine
            .write(records, &peer.own(&dated()), None, &Settling { pauses: Vec::new(), ..quick() })
            .await
            .unwrap();
        let Ended::Open(why) = &written.ended else { panic!("{}: {written:?}", peer.name) };
        assert_eq!(why, "1 of its calls took effect, and not the rest", "{}", peer.name);
        assert_eq!(bench.last().await.outcome, WriteOutcome::Unknown);
        // another change of the line is not sent over it
        let other = bench.try_write(&from_to("5", "9")).await;
        assert!(other.is_err(), "{}: {other:?}", peer.name);
        let mut looks = 0;
        while !bench.engine_after(0).await.open_writes().await.unwrap().is_empty() {
            looks += 1;
            assert!(looks < 5, "{}: {:?}", peer.name, bench.writes());
            engine.settle(records, &Settling::once()).await.unwrap();
        }
        assert_eq!(bench.last().await.outcome, WriteOutcome::Happened);
        let made = bench.writes().iter().filter(|(method, ..)| *method == Method::POST.as_str()).count();
        assert_eq!(made, 1, "{}", peer.name);
        let all = [("2025-12-31", "0"), ("2026-01-01", "5"), ("2026-11-16", "7")];
        assert_eq!(steps(&bench).await, expected(&all), "{}", peer.name);
    }
}

#[tokio::test]
async fn no_word_closes_a_change_whose_rest_was_sent_again_a_moment_ago() {
    for peer in having("line.dated").filter(|peer| peer.has("line.calls")) {
        let bench = Bench::new(peer, "403-write=nth:2,403-write=nth:3,403-write=nth:4").await;
        let records = bench.psa.records().unwrap();
        let written = bench.write(&peer.own(&dated())).await;
        assert!(matches!(written.ended, Ended::Open(_)), "{}: {written:?}", peer.name);
        bench.engine_after(20).await.settle(records, &Settling::once()).await.unwrap();
        let open = bench.engine_after(20).await.open_writes().await.unwrap();
        assert_eq!(open.len(), 1, "{}: the rest is to stay refused: {:?}", peer.name, bench.writes());
        let number = bench.last().await.id.number();
        let ruling = Ruling { happened: false, reason: "the portal shows none of it".to_owned(), record: None };
        let say = async |minutes| {
            let engine = bench.engine_after(minutes).await;
            engine.settle_write(number, Door::Closed("the PSA is away"), Some(&ruling)).await
        };
        let refused = say(29).await.unwrap_err();
        assert!(matches!(refused, EngineError::TooEarly { .. }), "{}: {refused}", peer.name);
        assert_eq!(say(30).await.unwrap().ended, Ended::DidNot, "{}", peer.name);
    }
}

#[tokio::test]
async fn a_change_from_the_first_day_of_a_line_is_made_in_place_and_one_before_it_is_refused() {
    for peer in having("line.dated") {
        let bench = Bench::new(peer, "").await;
        let on = |day: &str| {
            let PsaWrite::UpdateLine { update, .. } = dated() else { unreachable!() };
            PsaWrite::UpdateLine { update, effective: Some(day.parse().unwrap()) }
        };
        let refused = bench.try_write(&on("2025-12-01")).await.unwrap_err().to_string();
        assert!(refused.contains("it starts on 2026-01-01, after 2025-12-01"), "{}: {refused}", peer.name);
        bench.done(&on("2026-01-01")).await;
        assert_eq!(lines(&bench).await.len(), 2, "{}", peer.name);
        bench.change_by_hand("line", &line(), "cancelled", Json::from("2026-12-31T00:00:00Z")).await;
        let (before, update) =
            (bench.writes().len(), changes([(LineField::Quantity, Some(number("7")), Some(number("8")))]));
        let again = PsaWrite::UpdateLine {
            update: Update { target: line(), changes: update },
            effective: Some("2026-12-01".parse().unwrap()),
        };
        let refused = bench.try_write(&again).await.unwrap_err().to_string();
        let first = if bench.peer.bills_last_day { "2027-01-01" } else { "2026-12-31" };
        assert!(
            refused.contains(&format!("it ends already, and is not billed from {first} on")),
            "{}: {refused}",
            peer.name
        );
        assert_eq!(bench.writes().len(), before, "{}", peer.name);
    }
}
