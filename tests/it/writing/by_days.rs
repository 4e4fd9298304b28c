//! Billed lines whose quantity is kept by days and changes by a difference: sent once, because a second time it would count twice.

use chrono::NaiveDate;
use reqwest::Method;
use rust_decimal::Decimal;
use serde_json::json;
use trueup::connectors::Unwatched;
use trueup::core::billing::BilledLine;
use trueup::core::change::{LineField, PsaWrite, Update};
use trueup::core::money::plain;
use trueup::engine::{Ended, Settling};

use super::{
    AGREEMENT, Bench, LINE, PRODUCT, Peer, autotask, changes, line, new_line, number, quick, text, update_line,
};

const BY_DAYS: [&Peer; 1] = [&autotask::PEER];

fn from(day: &str, before: &str, after: &str) -> PsaWrite {
    let change = (LineField::Quantity, Some(number(before)), Some(number(after)));
    let update = Update { target: line(), changes: changes([change]) };
    PsaWrite::UpdateLine { update, effective: Some(day.parse().unwrap()) }
}

async fn lines(bench: &Bench) -> Vec<BilledLine> {
    let pulled = bench.psa.billed_lines("2026-11".parse().unwrap(), &Unwatched).await.unwrap();
    assert_eq!(pulled.problems(), []);
    pulled.records().to_vec()
}

/// What is billed of the product of [`LINE`] on the days on which that changes, over two years.
async fn steps(bench: &Bench) -> Vec<(String, String)> {
    let lines = lines(bench).await;
    let mut steps: Vec<(String, String)> = Vec::new();
    for day in NaiveDate::from_ymd_opt(2025, 12, 31).unwrap().iter_days().take(730) {
        let runs = |line: &&BilledLine| {
            line.product.as_str() == PRODUCT && line.effective <= day && line.cancelled.is_none_or(|end| day < end)
        };
        let billed: Decimal = lines.iter().filter(runs).map(|line| line.quantity.value()).sum();
        if steps.last().is_none_or(|(_, last)| *last != plain(billed)) {
            steps.push((day.to_string(), plain(billed)));
        }
    }
    steps
}

fn expected(steps: &[(&str, &str)]) -> Vec<(String, String)> {
    steps.iter().map(|(day, quantity)| ((*day).to_owned(), (*quantity).to_owned())).collect()
}

#[tokio::test]
async fn a_quantity_goes_up_down_and_to_zero_from_days_on_and_every_day_is_billed_once() {
    for peer in BY_DAYS {
        let bench = Bench::new(peer, "").await;
        let (before, other) = (bench.kept("line", &line()).await, lines(&bench).await.pop().unwrap());
        let mut all = vec![("2025-12-31", "0"), ("2026-01-01", "5")];
        assert_eq!(steps(&bench).await, expected(&all), "{}", peer.name);
        let days =
            [("2026-03-01", "5", "7"), ("2026-05-16", "7", "2"), ("2026-08-31", "2", "0"), ("2026-11-16", "0", "4")];
        for (day, before, after) in days {
            let written = bench.done(&from(day, before, after)).await;
            assert_eq!(written.record.as_deref(), Some(LINE), "{}: the line stays the same", peer.name);
            all.push((day, after));
            assert_eq!(steps(&bench).await, expected(&all), "{}", peer.name);
        }
        let read = lines(&bench).await;
        assert!(read.iter().all(|line| line.amount.value() == line.quantity.value() * line.price.value()));
        assert_eq!(read.last(), Some(&other), "{}: another line does not change", peer.name);
        assert_eq!(bench.kept("line", &line()).await, before, "{}: nor what the line holds besides", peer.name);
        assert_eq!(bench.writes().len(), 4, "{}", peer.name);
    }
}

#[tokio::test]
async fn a_difference_whose_answer_is_lost_is_never_sent_again() {
    for peer in BY_DAYS {
        let all = [("2025-12-31", "0"), ("2026-01-01", "5"), ("2026-11-16", "7")];
        for faults in ["drop-write=always", "500-write=always"] {
            let bench = Bench::new(peer, faults).await;
            let write = from("2026-11-16", "5", "7");
            let written = bench.write(&write).await;
            assert_eq!((&written.ended, written.shows), (&Ended::Happened, true), "{}: {faults}", peer.name);
            // and not by somebody who asks for the same again
            assert!(bench.try_write(&write).await.is_err(), "{}: {faults}", peer.name);
            assert_eq!(bench.writes().len(), 1, "{}: {faults}: {:?}", peer.name, bench.writes());
            assert_eq!(steps(&bench).await, expected(&all), "{}: {faults}", peer.name);
        }
        // answered as a failure, and not carried out: it may be under way for as long as a call can be
        let bench = Bench::new(peer, "fail-write").await;
        let written = bench.write(&from("2026-11-16", "5", "7")).await;
        assert!(matches!(&written.ended, Ended::Open(_)), "{}: {written:?}", peer.name);
        assert!(bench.try_write(&from("2026-11-16", "5", "9")).await.is_err(), "{}: none beside it", peer.name);
        assert_eq!(bench.writes().len(), 1, "{}", peer.name);
        let engine = bench.engine_after(11).await;
        let settled = engine.settle(bench.psa.records().unwrap(), &Settling::once()).await.unwrap();
        assert_eq!(settled[0].ended, Ended::DidNot, "{}", peer.name);
        let again = from("2026-11-16", "5", "7");
        let written = engine.write(bench.psa.records().unwrap(), &again, None, &quick()).await.unwrap();
        assert_eq!((&written.ended, written.shows), (&Ended::Done, true), "{}", peer.name);
        assert_eq!(steps(&bench).await, expected(&all), "{}", peer.name);
    }
}

#[tokio::test]
async fn a_quantity_that_somebody_else_changed_is_neither_overwritten_nor_taken_for_ours() {
    for peer in BY_DAYS {
        let bench = Bench::new(peer, "").await;
        let refused = bench.try_write(&from("2026-11-16", "4", "6")).await.unwrap_err().to_string();
        assert!(refused.contains("quantity: expected 4, found 5"), "{}: {refused}", peer.name);
        assert_eq!(bench.writes(), [], "{}", peer.name);
        // between the reading and the look after a lost answer
        let bench = Bench::new(peer, "fail-write=nth:1").await;
        let write = from("2026-11-16", "5", "7");
        let written = bench.write(&write).await;
        assert!(matches!(written.ended, Ended::Open(_)), "{}: {written:?}", peer.name);
        let body = json!({ "contractServiceID": 401, "effectiveDate": "2026-11-01T00:00:00Z", "unitChange": 1 });
        bench.call(Method::POST, "/ATServicesRest/V1.0/ContractServiceAdjustments", Some(body)).await;
        let settled =
            bench.engine_after(11).await.settle(bench.psa.records().unwrap(), &Settling::once()).await.unwrap();
        let Ended::Open(why) = &settled[0].ended else { panic!("{}: {settled:?}", peer.name) };
        assert!(why.contains("`quantity` is 6, neither what it was nor what was sent"), "{}: {why}", peer.name);
    }
}

#[tokio::test]
async fn what_a_difference_cannot_do_is_refused_before_it_is_sent() {
    for peer in BY_DAYS {
        let bench = Bench::new(peer, "").await;
        bench.done(&from("2026-12-01", "5", "8")).await;
        let at_once = update_line(LineField::Quantity, Some(number("5")), Some(number("7")));
        let both = changes([
            (LineField::Quantity, Some(number("5")), Some(number("7"))),
            (LineField::Description, Some(text("Seat")), Some(text("Seats"))),
        ]);
        let both = PsaWrite::UpdateLine {
            update: Update { target: line(), changes: both },
            effective: "2026-11-16".parse().ok(),
        };
        let stretch = super::Target { id: "401/2026-12-01".to_owned(), below: Some(AGREEMENT.to_owned()) };
        let of_stretch = PsaWrite::UpdateLine {
            update: Update {
                target: stretch,
                changes: changes([(LineField::Quantity, Some(number("8")), Some(number("9")))]),
            },
            effective: "2026-12-05".parse().ok(),
        };
        for (write, why) in [
            (at_once, "`quantity` of a line changes from a day on in Autotask PSA: say which"),
            (both, "`description` does not change from a day on: change it by itself"),
            (
                from("2026-11-16", "5", "7"),
                "`quantity` is 8 from 2026-12-01 on, and a change from 2026-11-16 on would move that as well",
            ),
            (from("2026-12-15", "8", "8.5"), "8.5 has more decimals than the 0 the server keeps"),
            (from("2025-12-01", "5", "6"), "quantity: expected 5, found nothing"),
            (of_stretch, "401/2026-12-01 is a stretch of days of 401: change that, from a day on"),
        ] {
            let refused = bench.try_write(&write).await.unwrap_err().to_string();
            assert!(refused.contains(why), "{}: {refused}", peer.name);
        }
        assert_eq!(bench.writes().len(), 1, "{}", peer.name);
        // what was billed stays
        bench.call(Method::POST, "/simulator/post", Some(json!({ "until": "2026-12-31" }))).await;
        let refused = bench.try_write(&from("2026-12-15", "8", "9")).await.unwrap_err().to_string();
        assert!(refused.contains("is billed already"), "{}: {refused}", peer.name);
        bench.done(&from("2027-01-01", "8", "9")).await;
        // the system itself lets no day change twice
        let written = bench.write(&from("2027-01-01", "9", "10")).await;
        let Ended::Refused(refusal) = &written.ended else { panic!("{}: {written:?}", peer.name) };
        assert!(refusal.to_string().contains("contract_service_period"), "{}: {refusal}", peer.name);
    }
}

#[tokio::test]
async fn a_new_line_whose_number_was_not_counted_is_finished_and_counted_once() {
    for peer in BY_DAYS {
        for (faults, sent) in [("", 2), ("drop-write=nth:1", 2), ("drop-write=nth:2", 2), ("403-write=nth:2", 3)] {
            let bench = Bench::new(peer, faults).await;
            let write = new_line("3", "sub-1");
            let written = bench.write(&write).await;
            let ended = if faults.is_empty() { Ended::Done } else { Ended::Happened };
            assert_eq!((&written.ended, written.shows), (&ended, true), "{}: {faults}", peer.name);
            assert_eq!(bench.writes().len(), sent, "{}: {faults}: {:?}", peer.name, bench.writes());
            let all = [("2025-12-31", "0"), ("2026-01-01", "5"), ("2026-11-01", "8")];
            assert_eq!(steps(&bench).await, expected(&all), "{}: {faults}", peer.name);
        }
        // the second call may be under way: it is not sent again at once
        let bench = Bench::new(peer, "fail-write=nth:2").await;
        let records = bench.psa.records().unwrap();
        bench.write(&new_line("3", "sub-1")).await;
        for (minutes, sent) in [(0, 2), (9, 2), (11, 3)] {
            bench.engine_after(minutes).await.settle(records, &Settling::once()).await.unwrap();
            assert_eq!(bench.writes().len(), sent, "{}: {minutes}", peer.name);
        }
        assert_eq!(bench.engine_after(11).await.open_writes().await.unwrap(), []);
        let all = [("2025-12-31", "0"), ("2026-01-01", "5"), ("2026-11-01", "8")];
        assert_eq!(steps(&bench).await, expected(&all), "{}", peer.name);
    }
}
