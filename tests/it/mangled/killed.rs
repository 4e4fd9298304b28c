//! A pull that is killed and run again ends where one that was left alone ends.

use std::collections::BTreeMap;
use std::process::Child;

use rustix::process::Signal;
use trueup::clock::Clock;
use trueup::simulate::{Data, File};
use trueup::store::{RunOutcome, Store};

use super::wire::{Systems, copy, place};
use super::{PERIOD, whole_month};
use crate::support::hermetic::Place;

pub(super) async fn store(place: &Place) -> Store {
    let url = format!("sqlite:{}", place.path().join("trueup.db").display());
    Store::open(url.parse().unwrap(), Clock::System).await.unwrap()
}

/// The latest snapshot of every listing: its content, and that all of it can be read back.
pub(super) async fn state(store: &Store) -> BTreeMap<String, String> {
    let mut latest = BTreeMap::new();
    for header in store.list_snapshots(10_000).await.unwrap() {
        let listing = format!("{} {} {:?}", header.connector, header.entity, header.period);
        if latest.contains_key(&listing) {
            continue;
        }
        let stored = store.load_snapshot::<serde_json::Value>(header.id).await.unwrap().unwrap();
        let content = format!("{} {} {:?}", stored.header.complete, stored.header.records, stored.header.fingerprint);
        assert_eq!(u64::try_from(stored.pulled.records().len()).unwrap(), stored.header.records, "{listing} is whole");
        latest.insert(listing, content);
    }
    latest
}

/// Kills a child with the signal nothing can catch, once so many requests have come; whether it was still at work.
fn kill_after(child: Child, requests: usize, systems: &Systems) -> bool {
    signal_after(child, Signal::KILL, requests, systems).is_none()
}

/// Sends a child a signal once so many requests have come; the status it ended with.
pub(super) fn signal_after(mut child: Child, signal: Signal, requests: usize, systems: &Systems) -> Option<i32> {
    while systems.requests() < requests {
        assert!(child.try_wait().unwrap().is_none(), "it ended after {} requests", systems.requests());
        std::thread::yield_now();
    }
    // not waited for, it keeps its number even where it has ended
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), signal).unwrap();
    child.wait().unwrap().code()
}

/// Kills pulls at many moments and runs each again.
async fn killed_pulls_end_as_others(before: &Place, data: &Data) {
    let undisturbed = copy(before);
    let systems = Systems::start(data, "", "").await;
    systems.configure(&undisturbed);
    let _ = undisturbed.run(&format!("pull --period {PERIOD}")).ended(0);
    let (expected, all) = (state(&store(&undisturbed).await).await, systems.requests());
    assert!(expected.len() >= 8 && all > 20, "{all} requests: {expected:?}");
    let mut moments = vec![1, 2, 3, 5, 8, 13, 21, all / 2, all - 2, all - 1, all];
    moments.sort_unstable();
    moments.dedup();
    let mut killed = 0;
    for moment in moments {
        let place = copy(before);
        let runs_before = store(&place).await.list_runs(100).await.unwrap().len();
        let systems = Systems::start(data, "", "").await;
        systems.configure(&place);
        let at_work = kill_after(place.start(&format!("pull --period {PERIOD}")), moment, &systems);
        killed += usize::from(at_work);
        // what it left can be read, each listing as it was before or as it is now
        let left = state(&store(&place).await).await;
        assert!(left.len() <= expected.len());
        let _ = place.run(&format!("pull --period {PERIOD}")).ended(0);
        let store = store(&place).await;
        assert_eq!(state(&store).await, expected, "killed after {moment} of {all} requests");
        let mut runs: Vec<RunOutcome> =
            store.list_runs(100).await.unwrap().into_iter().map(|run| run.outcome).collect();
        runs.truncate(runs.len() - runs_before);
        let first = if at_work { RunOutcome::Interrupted } else { RunOutcome::Done };
        assert!(runs == [RunOutcome::Done, first] || at_work && ended_first(&runs), "{moment} of {all}: {runs:?}");
    }
    assert!(killed > 5, "most were at work when they were killed");
}

/// A pull may be killed after its run has ended and before its process has, or before its run is opened.
fn ended_first(runs: &[RunOutcome]) -> bool {
    runs == [RunOutcome::Done, RunOutcome::Done] || runs == [RunOutcome::Done]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_pull_that_is_killed_and_run_again_ends_as_one_that_was_not() {
    let place = place();
    let data = whole_month(3);
    Systems::start(&data, "", "").await.configure(&place);
    let _ = place.run("db migrate").ended(0);
    killed_pulls_end_as_others(&place, &data).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_pull_that_is_killed_and_run_again_ends_as_one_that_was_not() {
    let place = place();
    let mut data = whole_month(3);
    let systems = Systems::start(&data, "", "").await;
    systems.configure(&place);
    let _ = place.run("db migrate").ended(0);
    let _ = place.run(&format!("pull --period {PERIOD}")).ended(0);
    for (file, field, cell) in [
        (File::VendorCompanies, "city", "Elsewhere"),
        (File::VendorInvoiceItems, "quantity", "41"),
        (File::PsaAgreementLines, "quantity", "43"),
        (File::PsaProducts, "description", "Renamed"),
    ] {
        assert!(data.table_mut(file).set(0, field, cell));
    }
    killed_pulls_end_as_others(&place, &data).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pull_that_is_told_to_stop_ends_its_run() {
    let ready = place();
    let data = whole_month(3);
    Systems::start(&data, "", "").await.configure(&ready);
    let _ = ready.run("db migrate").ended(0);
    for signal in [Signal::INT, Signal::TERM] {
        let place = copy(&ready);
        let systems = Systems::start(&data, "", "").await;
        systems.configure(&place);
        let ended = signal_after(place.start(&format!("pull --period {PERIOD}")), signal, 3, &systems);
        assert_eq!(ended, Some(130));
        let runs = store(&place).await.list_runs(100).await.unwrap();
        assert_eq!(runs.first().map(|run| run.outcome), Some(RunOutcome::Interrupted));
    }
}

/// Whether a run is open in the demo's database, once there is one that can be read.
async fn at_work(place: &Place) -> bool {
    let url = format!("sqlite:{}", place.path().join("demo/trueup.db").display());
    let Ok(store) = Store::open(url.parse().unwrap(), Clock::System).await else { return false };
    store.list_runs(1).await.is_ok_and(|runs| runs.iter().any(|run| run.outcome == RunOutcome::Running))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_demo_that_is_told_to_stop_ends_its_run() {
    for signal in [Signal::INT, Signal::TERM] {
        let place = Place::new();
        let mut child = place.start("demo --dir demo");
        while !at_work(&place).await {
            assert!(child.try_wait().unwrap().is_none(), "it ended before it was seen at work");
        }
        rustix::process::kill_process(rustix::process::Pid::from_child(&child), signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130));
        let url = format!("sqlite:{}", place.path().join("demo/trueup.db").display());
        let runs = Store::open(url.parse().unwrap(), Clock::System).await.unwrap().list_runs(100).await.unwrap();
        assert!(runs.iter().all(|run| run.outcome != RunOutcome::Running), "{runs:?}");
        let _ = place.run("demo --dir demo").ended(0);
    }
}
