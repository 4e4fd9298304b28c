//! A system without an interface, as far as the kit's scenarios make sense for one: what is written waits for a file, and is known
//! by the next export, the system's answer or a person's word.

mod ledger;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::TimeDelta;
use trueup::clock::Clock;
use trueup::config::{self, Config};
use trueup::connectors::files::FilesPsa;
use trueup::connectors::{PsaConnector, Unwatched};
use trueup::core::change::{CustomerField, LineField, ProductField, PsaWrite, Update};
use trueup::core::money::plain;
use trueup::engine::{
    Door, Ended, Engine, EngineError, HandedOver, LeftOut, Receipt, RowEnd, Ruling, Settling, WriteOutcome, Written,
};

use self::ledger::{Ledger, Record};
use super::{
    CUSTOMER, LINE, all_creates, changes, day, line, new_customer, new_line, new_product, noon, number, quick, rename,
    text, update_customer, update_line, update_product,
};

const FORMAT: &str = r#"
[customer]
file = "customers-*.csv"
action = { column = "Do", create = "ADD", update = "CHANGE" }
clear = "(none)"
[customer.columns]
id = "Id"
marker = "Key"
name = "Name"
code = "Code"
city = "City"
website = "Web"
status = "Status"
[customer.result]
row = "Row"
id = "Id"
status = "Result"
imported = ["done"]
refused = ["failed"]
message = "Why"

[product]
file = "products-*.csv"
empty = "clears"
[product.columns]
id = "Id"
marker = "Key"
name = "Name"
sku = "Code"
price = "Price"
cost = "Cost"
status = "Inactive"

[line]
file = "lines-*.csv"
new_file = "new-lines-*.csv"
decimal = ","
dates = "dd.mm.yyyy"
[line.columns]
id = "Id"
marker = "Key"
below = "Agreement"
product = "Product"
quantity = "Quantity"
price = "Price"
cost = "Cost"
bill = "Bill"
effective = "Start"
cancelled = "End"
from = "From"
"#;

/// The ledger beside its folders, and a journal.
struct Bench {
    ledger: Ledger,
    psa: FilesPsa,
    config: Config,
    environment: config::Environment,
    folder: tempfile::TempDir,
    /// Minutes since noon.
    passed: AtomicI64,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["exports", "import"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let ledger = Ledger::new();
        ledger.export(&folder.path().join("exports"));
        fs::write(folder.path().join("import/import.toml"), FORMAT).unwrap();
        let psa = FilesPsa::new("psa", &folder.path().join("exports")).unwrap();
        let psa = psa.with_imports(&folder.path().join("import")).unwrap();
        let config = config::parse(&folder.path().join("trueup.toml"), "").unwrap();
        let environment = config::Environment::of([("UNUSED", "")]);
        Engine::migrate(&config, &environment, Clock::Fixed(noon())).await.unwrap();
        Self { ledger, psa, config, environment, folder, passed: AtomicI64::new(0) }
    }

    async fn engine_after(&self, minutes: i64) -> Engine {
        let passed = self.passed.fetch_add(minutes, Ordering::Relaxed) + minutes;
        let clock = Clock::Fixed(noon() + TimeDelta::minutes(passed));
        Engine::open(&self.config, &self.environment, clock, "ada").await.unwrap()
    }

    async fn try_write(&self, write: &PsaWrite) -> Result<Written<serde_json::Value>, EngineError> {
        self.engine_after(0).await.write(self.psa.records().unwrap(), write, None, &quick()).await
    }

    /// Notes a write, which must wait.
    async fn waits(&self, write: &PsaWrite) -> i64 {
        let written = self.try_write(write).await.unwrap();
        let Ended::Open(why) = &written.ended else { panic!("{written:?}") };
        assert!(why.starts_with("it waits for the next file "), "{why}");
        written.id.number()
    }

    async fn hand_over(&self) -> (Vec<HandedOver>, Vec<LeftOut>) {
        self.engine_after(0).await.hand_over(&self.psa).await.unwrap()
    }

    fn export(&self) {
        self.ledger.export(&self.folder.path().join("exports"));
    }

    async fn receive(&self, file: &Path, receipt: &Receipt) -> Result<Vec<RowEnd>, EngineError> {
        self.engine_after(60).await.receive(&self.psa, file, receipt).await.map(|(_, rows)| rows)
    }

    async fn states(&self) -> Vec<WriteOutcome> {
        let writes = self.engine_after(0).await.writes(100).await.unwrap();
        writes.into_iter().rev().map(|entry| entry.outcome).collect()
    }

    /// The whole way: handed over, imported, exported, and looked at.
    async fn imported(&mut self, write: &PsaWrite) -> String {
        self.waits(write).await;
        let (files, left) = self.hand_over().await;
        assert_eq!((files.len(), left.len()), (1, 0), "{files:?} {left:?}");
        let unseen = self.engine_after(60).await.settle(&self.psa, &Settling::once()).await.unwrap();
        let Ended::Open(why) = &unseen[0].ended else { panic!("{unseen:?}") };
        assert!(why.contains("handed over in ") && why.contains("row 1 of 1"), "an import may come late: {why}");
        let log = self.ledger.import(&files[0].path);
        assert!(!log.contains("failed"), "{log}");
        self.export();
        let mut settled = self.engine_after(60).await.settle(&self.psa, &Settling::once()).await.unwrap();
        assert_eq!(settled[0].ended, Ended::Happened, "{settled:?}");
        settled.remove(0).record.unwrap()
    }

    fn held(&self, kind: &str, id: &str) -> Record {
        self.ledger.kinds[kind].iter().find(|one| one["id"] == id).unwrap().clone()
    }

    fn answer(&self, text: &str) -> Receipt {
        let path = self.folder.path().join("answer.csv");
        fs::write(&path, text).unwrap();
        Receipt::Answer(path)
    }
}

#[tokio::test]
async fn what_is_made_is_seen_in_the_next_export_and_not_made_twice() {
    for (entity, write) in all_creates("A") {
        let mut bench = Bench::new().await;
        let before: usize = bench.ledger.kinds.values().map(Vec::len).sum();
        bench.waits(&write).await;
        // while it waits, nothing else is noted about the same
        let again = bench.try_write(&write).await;
        assert!(matches!(again, Err(EngineError::WriteOpen { .. })), "{entity}: {again:?}");
        let (files, _) = bench.hand_over().await;
        let again = bench.try_write(&write).await;
        assert!(matches!(again, Err(EngineError::WriteOpen { .. })), "{entity}: {again:?}");
        assert_eq!(bench.hand_over().await.0, [], "{entity}: a write stands in one file");
        bench.ledger.import(&files[0].path);
        bench.export();
        let earlier = bench.try_write(&write).await.unwrap();
        assert_eq!((&earlier.ended, earlier.shows), (&Ended::Earlier, true), "{entity}: {earlier:?}");
        let again = bench.try_write(&write).await;
        assert!(matches!(again, Err(EngineError::NotAsDecided { .. })), "{entity}: {again:?}");
        assert_eq!(bench.ledger.kinds.values().map(Vec::len).sum::<usize>(), before + 1, "{entity}");
        assert_eq!(bench.states().await, [WriteOutcome::Happened], "{entity}");
    }
}

#[tokio::test]
async fn one_field_changes_and_nothing_else() {
    let price = update_product(ProductField::Price, Some(number("22.10")), Some(number("23.0525")));
    let name = update_product(ProductField::Name, Some(text("Seat")), Some(text("Seats")));
    for (kind, id, field, write) in [
        ("psa_companies", CUSTOMER, "name", rename()),
        ("psa_products", super::PRODUCT, "price", price),
        ("psa_products", super::PRODUCT, "description", name),
    ] {
        let mut bench = Bench::new().await;
        let mut before = bench.ledger.kinds.clone();
        assert_eq!(bench.imported(&write).await, id);
        let is = bench.held(kind, id).remove(field).unwrap();
        let record = before.get_mut(kind).unwrap().iter_mut().find(|one| one["id"] == id).unwrap();
        assert_ne!(record.insert(field.to_owned(), is.clone()), Some(is), "{kind} {field}");
        // the same number with other zeros at its end is the same
        let plain = |kinds: &BTreeMap<&'static str, Vec<Record>>| {
            format!("{kinds:?}").replace(".00\"", "\"").replace("22.10", "22.1")
        };
        assert_eq!(plain(&bench.ledger.kinds), plain(&before), "{kind} {field}");
    }
}

#[tokio::test]
async fn a_value_is_cleared_and_a_record_is_deactivated_and_seen_so() {
    let mut bench = Bench::new().await;
    let site = Some(text("https://harbour.example"));
    bench.imported(&update_customer(CustomerField::Website, site, None)).await;
    let customers = bench.psa.customers(&Unwatched).await.unwrap();
    assert_eq!(customers.records()[0].fields.website, None);
    bench.imported(&update_customer(CustomerField::Website, None, Some(text("https://new.example")))).await;
    let (active, inactive) = (Some(text("Active")), Some(text("Inactive")));
    bench.imported(&update_customer(CustomerField::Status, active.clone(), inactive.clone())).await;
    bench.imported(&update_product(ProductField::Status, active, inactive)).await;
    let (customers, products) =
        (bench.psa.customers(&Unwatched).await.unwrap(), bench.psa.products(&Unwatched).await.unwrap());
    let statuses = [&customers.records()[0].fields.status, &products.records()[0].fields.status];
    assert_eq!(statuses.map(|status| status.as_deref()), [Some("Inactive"); 2]);
    // an empty cell clears here, so that every field that is there is sent
    let cost = update_product(ProductField::Cost, Some(number("1")), None);
    bench.imported(&cost).await;
    let product = bench.held("psa_products", super::PRODUCT);
    assert_eq!((product["cost"].as_str(), product["price"].as_str()), ("", "22.1"));
}

#[tokio::test]
async fn a_quantity_goes_up_and_down_and_to_zero_and_from_the_middle_of_a_month_on() {
    let mut bench = Bench::new().await;
    let other = bench.held("psa_agreement_lines", "402");
    for (from, to) in [("5", "7"), ("7", "2.5"), ("2.5", "0"), ("0", "5")] {
        let write = update_line(LineField::Quantity, Some(number(from)), Some(number(to)));
        bench.imported(&write).await;
        let lines = bench.psa.billed_lines("2026-11".parse().unwrap(), &Unwatched).await.unwrap();
        assert_eq!(plain(lines.records()[0].quantity.value()), to);
        assert_eq!(lines.records()[0].price.value(), "22.10".parse().unwrap(), "what is not said stays");
    }
    let end = update_line(LineField::Cancelled, None, Some(day("2026-12-31")));
    bench.imported(&end).await;
    assert_eq!(bench.held("psa_agreement_lines", LINE)["cancelledDate"], "2026-12-31");
    let update =
        Update { target: line(), changes: changes([(LineField::Quantity, Some(number("5")), Some(number("8")))]) };
    let dated = PsaWrite::UpdateLine { update, effective: Some("2026-11-16".parse().unwrap()) };
    bench.ledger.splits = true;
    let next = bench.imported(&dated).await;
    assert_ne!(next, LINE, "the line that goes on is told");
    let (old, new) = (bench.held("psa_agreement_lines", LINE), bench.held("psa_agreement_lines", &next));
    assert_eq!((old["quantity"].as_str(), old["cancelledDate"].as_str()), ("5", "2026-11-15"));
    assert_eq!((new["quantity"].as_str(), new["effectiveDate"].as_str()), ("8", "2026-11-16"));
    assert_eq!(bench.held("psa_agreement_lines", "402"), other);
}

#[tokio::test]
async fn what_somebody_changed_meanwhile_is_not_overwritten() {
    let mut bench = Bench::new().await;
    bench.waits(&rename()).await;
    let by_hand = |bench: &mut Bench, name: &str| {
        bench.ledger.kinds.get_mut("psa_companies").unwrap()[0].insert("name".to_owned(), name.to_owned());
        bench.export();
    };
    // between the decision and the file
    by_hand(&mut bench, "By hand");
    let (files, left) = bench.hand_over().await;
    assert_eq!(files, []);
    assert_eq!(left[0].why, "name: expected Harbour & Finch, found By hand");
    assert_eq!(bench.states().await, [WriteOutcome::NotSent]);
    // before the decision
    let refused = bench.try_write(&rename()).await.unwrap_err();
    assert!(matches!(&refused, EngineError::NotAsDecided { what, .. } if what == &left[0].why), "{refused}");
    // while the file is under way: neither what was nor what was wanted proves anything
    by_hand(&mut bench, "Harbour & Finch");
    bench.waits(&rename()).await;
    let (files, _) = bench.hand_over().await;
    by_hand(&mut bench, "By hand");
    let rows = bench.receive(&files[0].path, &Receipt::Export).await.unwrap();
    assert!(rows[0].outcome.is_open() && rows[0].said.contains("the export does not show it"), "{rows:?}");
}

#[tokio::test]
async fn what_is_there_already_is_not_made_again() {
    let mut bench = Bench::new().await;
    for write in [new_customer("Harbour", "HARBOUR", "x-1"), new_product("Seat", "SEAT", "x-2")] {
        let refused = bench.try_write(&write).await.unwrap_err().to_string();
        assert!(refused.contains("is there already and fits it"), "{refused}");
    }
    // two that would make the same one, told differently: the second does not go out beside the first
    bench.waits(&new_customer("Oak", "OAK", "x-4")).await;
    bench.waits(&new_customer("Oak Ltd", "OAK", "x-5")).await;
    let (files, left) = bench.hand_over().await;
    assert_eq!((files[0].rows, left[0].why.as_str()), (1, "write 1 makes the same record and is under way"));
    bench.waits(&new_customer("Oak Ltd", "OAK", "x-5")).await;
    assert_eq!(bench.hand_over().await.0, [], "nor in a file of its own");
    // what only the system takes for the same is refused by the system
    bench.waits(&new_customer("Harbour", "harbour", "x-1")).await;
    let (files, _) = bench.hand_over().await;
    let log = bench.ledger.import(&files[0].path);
    let rows = bench.receive(Path::new("customers-0002.csv"), &bench.answer(&log)).await.unwrap();
    assert_eq!((rows[0].outcome, rows[0].said.as_str()), (WriteOutcome::Refused, "failed: the code is taken"));
    // an export of which a row cannot be read may hide it
    let broken = fs::read_to_string(bench.folder.path().join("exports/psa_companies.csv")).unwrap() + ",,,,,\n";
    fs::write(bench.folder.path().join("exports/psa_companies.csv"), broken).unwrap();
    let refused = bench.try_write(&new_customer("Elm", "ELM", "x-3")).await.unwrap_err().to_string();
    assert!(refused.contains("whether it is there already cannot be told"), "{refused}");
}

#[tokio::test]
async fn without_the_right_every_row_is_refused_with_the_systems_words() {
    let mut bench = Bench::new().await;
    bench.ledger.forbids = true;
    let before = bench.ledger.kinds.clone();
    for write in [rename(), new_customer("Elm", "ELM", "pax8-1")] {
        bench.waits(&write).await;
    }
    let (files, _) = bench.hand_over().await;
    assert_eq!((files.len(), files[0].rows), (1, 2));
    let log = bench.ledger.import(&files[0].path);
    bench.export();
    let rows = bench.receive(&files[0].path, &bench.answer(&log)).await.unwrap();
    assert!(rows.iter().all(|row| row.said == "failed: no permission"), "{rows:?}");
    assert_eq!(bench.states().await, [WriteOutcome::Refused; 2]);
    assert_eq!(bench.ledger.kinds, before);
}

#[tokio::test]
async fn the_same_again_sends_nothing() {
    let mut bench = Bench::new().await;
    bench.imported(&rename()).await;
    let again = bench.try_write(&rename()).await;
    assert!(matches!(again, Err(EngineError::NotAsDecided { .. })), "{again:?}");
    let same = Some(text("Harbour & Finch Ltd"));
    let nothing = update_customer(CustomerField::Name, same.clone(), same);
    assert_eq!(bench.try_write(&nothing).await.unwrap().ended, Ended::Done, "it is so already");
    assert_eq!(bench.hand_over().await, (vec![], vec![]));
    // back and there again: the first file does not stand for the second change
    let (short, long) = (Some(text("Harbour & Finch")), Some(text("Harbour & Finch Ltd")));
    bench.imported(&update_customer(CustomerField::Name, long, short)).await;
    bench.imported(&rename()).await;
    assert_eq!(bench.held("psa_companies", CUSTOMER)["name"], "Harbour & Finch Ltd");
}

#[tokio::test]
async fn a_receipt_that_does_not_fit_is_refused_and_notes_nothing() {
    let mut bench = Bench::new().await;
    bench.waits(&rename()).await;
    bench.waits(&new_customer("Elm", "ELM", "pax8-1")).await;
    let (files, _) = bench.hand_over().await;
    let file = files[0].path.clone();
    for (answer, expected) in [
        ("Row,Id,Result,Why\n1,101,done,\n", "1 of the 2 rows of the file are not in it: 2"),
        ("Row,Id,Result,Why\n1,101,done,\n2,,done,\n3,,done,\n", "the file has no row `3`"),
        ("Row,Id,Result,Why\n1,102,done,\n2,,done,\n", "the id of row 1 is 101 in the file, found 102"),
        ("Row,Id,Result,Why\n1,101,perhaps,\n2,,done,\n", "`perhaps` is said to mean neither"),
        ("Row,Id,Outcome,Why\n1,101,done,\n", "there is no column `Result`"),
    ] {
        let refused = bench.receive(&file, &bench.answer(answer)).await.unwrap_err().to_string();
        assert!(refused.contains(expected), "{refused}");
    }
    let refused = bench.receive(Path::new("customers-0002.csv"), &Receipt::Export).await.unwrap_err().to_string();
    assert!(
        refused.contains("`customers-0002.csv` was never handed over; the last are customers-0001.csv"),
        "{refused}"
    );
    // somebody changed the file before it was imported, here or where it was taken to
    let elsewhere = bench.folder.path().join("taken/customers-0001.csv");
    fs::create_dir(elsewhere.parent().unwrap()).unwrap();
    fs::write(&elsewhere, fs::read_to_string(&file).unwrap().replace("Elm", "Oak")).unwrap();
    let word = Receipt::Word { imported: true, reason: "the log".to_owned() };
    let refused = bench.receive(&elsewhere, &word).await.unwrap_err().to_string();
    assert!(refused.contains("is not the file that was handed over: SHA-256 "), "{refused}");
    assert_eq!(bench.states().await, [WriteOutcome::Unknown; 2], "nothing was noted");
    // taken away, and confirmed by a person; what the export shows goes before that
    fs::remove_file(&file).unwrap();
    fs::remove_file(&elsewhere).unwrap();
    bench.ledger.kinds.get_mut("psa_companies").unwrap()[0].insert("name".to_owned(), "Harbour & Finch Ltd".to_owned());
    bench.export();
    let word = Receipt::Word { imported: false, reason: "the import was stopped".to_owned() };
    let rows = bench.receive(Path::new("customers-0001.csv"), &word).await.unwrap();
    let ends: Vec<_> = rows.iter().map(|row| (row.outcome, row.contradicts)).collect();
    assert_eq!(ends, [(WriteOutcome::Happened, true), (WriteOutcome::DidNot, false)]);
}

#[tokio::test]
async fn a_change_that_is_taken_back_before_it_is_handed_over_stands_in_no_file() {
    let bench = Bench::new().await;
    let first = bench.waits(&rename()).await;
    bench.waits(&new_customer("Elm", "ELM", "pax8-1")).await;
    let ruling = Ruling { happened: false, reason: "not wanted".to_owned(), record: None };
    let engine = bench.engine_after(0).await;
    engine.settle_write(first, Door::Psa(&bench.psa), Some(&ruling)).await.unwrap();
    let (files, _) = bench.hand_over().await;
    let text = fs::read_to_string(&files[0].path).unwrap();
    assert_eq!(text, "Do,Id,Name,City,Web,Code,Status,Key\r\nADD,,Elm,Bath,,ELM,,pax8-1\r\n");
}

#[tokio::test]
async fn what_has_no_column_or_is_not_taken_is_refused_before_anything_is_noted() {
    let bench = Bench::new().await;
    let phone = update_customer(CustomerField::Phone, None, Some(text("1")));
    let gone = PsaWrite::UpdateCustomer(Update {
        target: super::at("999"),
        changes: changes([(CustomerField::Name, Some(text("a")), Some(text("b")))]),
    });
    let clear = update_line(LineField::Cancelled, Some(day("2026-12-31")), None);
    let run = update_customer(CustomerField::Name, Some(text("Harbour & Finch")), Some(text("=cmd|'/C calc'!A0")));
    for (write, expected) in [
        (&phone, "`phone` has no column in import.toml: under [customer.columns], phone = \"HEADER\""),
        (&gone, "there is no customer 999 in the export"),
        (&clear, "`cancelled` cannot be emptied: an empty cell keeps it"),
        (&run, "a spreadsheet might run `=cmd|'/C calc'!A0`"),
    ] {
        let refused = bench.try_write(write).await.unwrap_err().to_string();
        assert!(refused.contains(expected), "{refused}");
    }
    assert_eq!(bench.states().await, []);
    assert_eq!(paths(&bench.folder.path().join("import")), [PathBuf::from("import.toml")]);
}

#[tokio::test]
async fn lines_stand_in_files_of_their_own_in_the_notation_that_was_said() {
    let bench = Bench::new().await;
    let update =
        Update { target: line(), changes: changes([(LineField::Quantity, Some(number("5")), Some(number("7.5")))]) };
    bench.waits(&PsaWrite::UpdateLine { update, effective: Some("2026-11-16".parse().unwrap()) }).await;
    bench.waits(&new_line("3", "sub-1")).await;
    let (files, _) = bench.hand_over().await;
    let texts: Vec<String> = files.iter().map(|file| fs::read_to_string(&file.path).unwrap()).collect();
    assert_eq!(
        files.iter().map(|file| file.file.as_str()).collect::<Vec<_>>(),
        ["lines-0001.csv", "new-lines-0001.csv"]
    );
    let header = "Id,Agreement,Product,Quantity,Price,Cost,Bill,Start,End,From,Key\r\n";
    assert_eq!(texts[0], format!("{header}401,301,,\"7,5\",,,,,,16.11.2026,\r\n"));
    assert_eq!(texts[1], format!("{header},301,201,3,\"22,1\",\"18,7\",Billable,01.11.2026,,,sub-1\r\n"));
}

fn paths(folder: &Path) -> Vec<PathBuf> {
    let mut names: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| PathBuf::from(entry.unwrap().file_name())).collect();
    names.sort();
    names
}
