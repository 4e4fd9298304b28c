//! The journal as its user meets it: the built program, killed in the middle of a write, and what closes what it left.

#![cfg(test)]

use std::process::Child;

use serde_json::Value;
use trueup::simulate::{Data, Pax8Credentials, Running, World, serve_pax8};

use crate::support::hermetic::{Place, Ran};

mod webhooks;

/// A place that is configured for a simulated Pax8 of this process, whose log can be read.
struct Desk {
    place: Place,
    pax8: Running,
}

impl Desk {
    async fn new(faults: &str) -> Self {
        let data: Data = World::from_seed(7, 3, "2026-10").unwrap().data;
        let at = "127.0.0.1:0".parse().unwrap();
        let pax8 = serve_pax8(data, faults.parse().unwrap(), Pax8Credentials::default(), at).await.unwrap();
        let place = place();
        configure(&place, pax8.url(), "pax8");
        let _ = place.run("db migrate").ended(0);
        Self { place, pax8 }
    }

    fn run(&self, line: &str) -> Ran {
        self.place.run(line)
    }

    fn json(&self, line: &str) -> Value {
        let ran = self.run(&format!("{line} --format json")).ended(0);
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{line}: {error}: {}", ran.stdout))
    }

    /// How many requests of a method went to paths that end so.
    fn sent(&self, method: &str, path: &str) -> usize {
        self.pax8.log().iter().filter(|call| call.method == method && call.path.ends_with(path)).count()
    }

    fn table(&self, line: &str) -> Vec<Value> {
        self.json(line)["rows"].as_array().unwrap().clone()
    }
}

fn place() -> Place {
    let secret = Pax8Credentials::default().client_secret;
    Place::new().set("SECRET", &secret).set("USER", "ada").set("HOOK", "canary-7f1d")
}

fn configure(place: &Place, url: &str, name: &str) {
    place.write(
        "trueup.toml",
        &format!(
            "[connectors.{name}]\nkind = \"pax8\"\nside = \"vendor\"\nbase_url = \"{url}/v1\"\nclient_id = \"demo-client\"\n\
             client_secret = {{ env = \"SECRET\" }}\ncalls_per_minute = 60000\npause_ms = 1\n"
        ),
    );
}

/// Kills a program with the signal nothing can catch, once a remote has accepted what it was sent.
#[cfg(unix)]
pub(crate) fn killed_when(mut child: Child, is_accepted: impl Fn() -> bool) {
    while !is_accepted() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before its write was accepted");
        std::thread::yield_now();
    }
    // not waited for, it keeps its number even where it has ended
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    assert_eq!(child.wait().unwrap().code(), None, "it was still waiting for its answer");
}

const COMPANY: &str = "pax8 companies create --name \"Harbour Ltd\" --street \"4 Quay Row\" --city Bristol --postcode \"BS1 4ZZ\" \
                       --country gb --phone 1 --website https://harbour.example --yes";

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_process_was_killed_is_found_settled_by_looking_and_not_sent_twice() {
    let desk = Desk::new("hold-write@companies,slow-seconds=3600").await;
    killed_when(desk.place.start(COMPANY), || desk.sent("POST", "/companies") == 1);
    let open = desk.table("journal list --open");
    assert_eq!((open.len(), &open[0]["operation"], &open[0]["state"]), (1, &"create company".into(), &"open".into()));
    let status = desk.run("status").ended(0).stdout;
    assert!(status.contains("`trueup journal settle 1` closes it"), "{status}");

    let again = desk.run(COMPANY).ended(0);
    assert!(again.stderr.contains("nothing was sent now") && again.stdout.contains("Harbour Ltd"), "{}", again.stderr);
    assert_eq!(desk.sent("POST", "/companies"), 1);
    let entry = desk.json("journal show 1");
    assert_eq!((&entry["state"], &entry["notes"][0]["source"]), (&"happened".into(), &"look".into()));
    assert_eq!(desk.table("journal list").len(), 1, "what was not sent is no write");
    let runs = desk.run("status").ended(0).stdout;
    assert!(runs.contains("interrupted"), "the run that was killed is told as such: {runs}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_process_left_is_closed_by_settle() {
    let desk = Desk::new("hold-write@companies,slow-seconds=3600").await;
    killed_when(desk.place.start(COMPANY), || desk.sent("POST", "/companies") == 1);
    let refused = desk.run("connections remove pax8 --yes").ended(4).stderr;
    assert!(refused.contains("Run `trueup journal settle 1` to look again"), "{refused}");
    let wrong = desk.run("journal settle 1 --did-not --reason \"I saw nothing\" --yes").ended(4);
    assert!(wrong.stderr.contains("looking showed that it took effect"), "{}", wrong.stderr);
    let entry = desk.json("journal show 1");
    assert_eq!(entry["state"], "happened");
    assert!(entry["notes"].as_array().unwrap().iter().all(|note| note["source"] == "look"), "{entry}");
    let closed = desk.run("journal settle 1").ended(4).stderr;
    assert!(
        closed.contains("write 1 (create company, company named Harbour Ltd) is not open: took effect"),
        "{closed}"
    );
    assert_eq!(desk.sent("POST", "/companies"), 1);
}

/// A webhook that was made: write 1 of the journal.
fn made_webhook(desk: &Desk) -> String {
    let create =
        "pax8 webhooks create --name w --url https://h.example/x --authorization-env HOOK --topic INVOICE --yes";
    let made: Value = serde_json::from_str(&desk.run(&format!("{create} --format json")).ended(0).stdout).unwrap();
    made["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_is_asked_for_noted_with_its_reason_and_told_in_every_format() {
    let desk = Desk::new("").await;
    let webhook = made_webhook(&desk);
    open_sample(&desk, &webhook).await;

    let open = desk.run("journal settle 2").ended(5);
    assert!(open.stderr.contains("still open; a sample leaves nothing to look at"), "{}", open.stderr);
    assert!(open.stderr.contains("trueup journal settle 2 --happened --reason TEXT, or --did-not"), "{}", open.stderr);
    for (line, status, said) in [
        ("journal settle 2 --happened", 2, "--reason"),
        ("journal settle 2 --reason x", 2, "--reason is for --happened and --did-not"),
        ("journal settle 2 --happened --did-not --reason x", 2, "cannot be used with"),
        ("journal settle 2 --did-not --reason \" \" --yes", 2, "--reason: expected a text"),
        ("journal settle 2 --did-not --reason x --record 7", 2, "--happened"),
        ("journal settle 2 --did-not --reason x", 2, "Nothing was noted"),
        ("journal settle 2 --did-not --reason x --yes --as-of 2030-01-01", 2, "--as-of"),
        ("journal settle 1 --did-not --reason x --yes", 4, "is not open: was done"),
        ("journal settle 9", 2, "there is no write 9 in the journal"),
        ("journal show 9", 2, "`trueup journal list` shows the writes there are"),
    ] {
        let ran = desk.run(line).ended(status);
        assert!(ran.stderr.contains(said), "{line}: {}", ran.stderr);
    }
    assert_eq!(desk.table("journal list --open").len(), 1);

    let ruled = desk.run("journal settle 2 --did-not --reason \"nothing arrived\" --yes").ended(0);
    assert!(ruled.stderr.contains("it did not take effect"), "{}", ruled.stderr);
    let shown = desk.run("journal show 2").ended(0).stdout;
    for told in [
        "write 2: test topic, test of INVOICE for webhook",
        "POST /webhooks/",
        "/topics/INVOICE/test",
        "answer by ada: it is not known to have taken effect; cut off",
        "look by ada: it is not known to have taken effect; a sample leaves nothing to look at",
        "person by ada: it did not take effect; nothing arrived",
    ] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    assert_eq!(desk.json("journal show 2")["notes"].as_array().unwrap().last().unwrap()["source"], "person");
    let csv = desk.run("journal list --format csv").ended(0).stdout;
    assert!(csv.contains("2,did-not,test topic,") && csv.contains("ada says so: nothing arrived"), "{csv}");
    for (filter, numbers) in [
        ("", vec![2, 1]),
        ("--limit 1", vec![2]),
        ("--state did-not", vec![2]),
        ("--state done", vec![1]),
        ("--open", vec![]),
        ("--connection other", vec![]),
        ("--connection pax8", vec![2, 1]),
        ("--subject \"NAMED W\"", vec![1]),
        ("--since 2100-01-01", vec![]),
        ("--since 2020-01-01", vec![2, 1]),
    ] {
        let found = desk.table(&format!("journal list {filter}"));
        let found: Vec<i64> = found.iter().map(|row| row["number"].as_i64().unwrap()).collect();
        assert_eq!(found, numbers, "{filter}");
    }
}

/// Notes a sample as a process would that lost its answer.
async fn open_sample(desk: &Desk, webhook: &str) {
    use trueup::clock::Clock;
    use trueup::store::{NewRun, NewWrite, RunOutcome, Store, Wait, WriteEnd, WriteOutcome, WriteSource};

    let url = format!("sqlite:{}", desk.place.path().join("trueup.db").display());
    let store = Store::open(url.parse().unwrap(), Clock::System).await.unwrap();
    let lease = store.lease("a test", Wait::Never).await.unwrap();
    let run = lease.open_run(&NewRun { job: "write", who: "ada", config: None }).await.unwrap();
    let mut tx = lease.begin(run).await.unwrap();
    let request = serde_json::json!({ "test_topic": { "webhook": webhook, "topic": "INVOICE" } });
    let found = serde_json::json!({ "state": { "id": webhook } });
    let subject = format!("test of INVOICE for webhook {webhook}");
    let new = NewWrite {
        connector: "pax8",
        operation: "test topic",
        subject: &subject,
        request: &request,
        found: &found,
        who: "ada",
    };
    let id = tx.note_write(&new).await.unwrap();
    let (source, outcome) = (WriteSource::Answer, WriteOutcome::Unknown);
    tx.end_write(id, &WriteEnd { source, who: "ada", outcome, said: Some("cut off"), record: None, answer: None })
        .await
        .unwrap();
    tx.end_run(RunOutcome::Partial, None).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_gone_leaves_a_persons_word() {
    let desk = Desk::new("").await;
    let webhook = made_webhook(&desk);
    open_sample(&desk, &webhook).await;
    configure(&desk.place, desk.pax8.url(), "renamed");
    let gone = desk.run("journal settle 2").ended(2).stderr;
    assert!(gone.contains("the connection `pax8` is not configured any more"), "{gone}");
    let word = "journal settle 2 --did-not --reason \"it never came\" --yes";
    let early = desk.run(word).ended(8).stderr;
    assert!(early.contains("looking was not possible"), "while it may still take effect, no word closes it: {early}");
    aged(&desk).await;
    let ruled = desk.run(word).ended(0).stdout;
    assert!(
        ruled.contains("looking was not possible") && ruled.contains("person by ada: it did not take effect"),
        "{ruled}"
    );
}

/// Has every write been sent an hour earlier.
async fn aged(desk: &Desk) {
    let url = format!("sqlite:{}", desk.place.path().join("trueup.db").display());
    let mut database = <sqlx::SqliteConnection as sqlx::Connection>::connect(&url).await.unwrap();
    let earlier = (trueup::clock::Clock::System.now() - chrono::TimeDelta::hours(1))
        .to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    sqlx::query("update journal set created_at = ?").bind(earlier).execute(&mut database).await.unwrap();
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_same_in_other_capitals_or_through_another_connection_is_not_sent_while_it_is_open() {
    let desk = Desk::new("hold-write@contacts,slow-seconds=3600,late=9@contacts").await;
    let company = desk.json("pax8 companies list")[0]["id"].as_str().unwrap().to_owned();
    let create = |company: &str, mail: &str| {
        format!("pax8 contacts create {company} --first-name Ada --last-name Moss --email {mail} --phone 1 --yes")
    };
    killed_when(desk.place.start(&create(&company, "ada@m.example")), || desk.sent("POST", "/contacts") == 1);
    for (company, mail) in [(company.to_uppercase(), "ada@m.example"), (company.clone(), "Ada@M.example")] {
        let ran = desk.run(&create(&company, mail));
        assert!(
            ran.stderr.contains("nothing was sent now") || ran.stderr.contains("it is not known yet"),
            "{}",
            ran.stderr
        );
        assert_eq!(desk.sent("POST", "/contacts"), 1, "{company} {mail}");
    }

    let desk = Desk::new("hold-write@companies,slow-seconds=3600").await;
    killed_when(desk.place.start(COMPANY), || desk.sent("POST", "/companies") == 1);
    configure(&desk.place, desk.pax8.url(), "renamed");
    let refused = desk.run(COMPANY).ended(4).stderr;
    assert!(refused.contains("write 1 (create company"), "{refused}");
    assert_eq!(desk.sent("POST", "/companies"), 1);
    let listed = desk.run("connections list").ended(0).stdout;
    assert!(listed.contains("pax8 ") && listed.contains("renamed"), "what has an open write is listed: {listed}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn another_secret_is_another_write() {
    let desk = Desk::new("hold-write@configuration,slow-seconds=3600").await;
    let _ = made_webhook(&desk);
    let update = "pax8 webhooks update w --url https://h.example/y?sig=canary-sig --authorization-env HOOK --yes";
    killed_when(desk.place.start(update), || {
        desk.sent("POST", "/configuration") + desk.sent("PUT", "/configuration") == 1
    });
    let shown = desk.run(&update.replace(" --yes", "")).ended(2).stderr;
    assert!(shown.contains("(new, not shown)"), "{shown}");
    let again = desk.run(update);
    assert!(!again.stderr.contains("nothing was sent now"), "{}", again.stderr);
    let mut said = format!("{shown}{}{}", again.transcript(), desk.run("journal show 2 --format json").transcript());
    for file in std::fs::read_dir(desk.place.path()).unwrap() {
        said.push_str(&String::from_utf8_lossy(&std::fs::read(file.unwrap().path()).unwrap_or_default()));
    }
    assert!(
        said.contains("sig=***") && !said.replace(update, "").contains("canary-sig"),
        "a key in an address is not kept"
    );
}
