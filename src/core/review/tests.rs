//! The way from proposals to decisions and back, and what is refused on it.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::*;
use crate::core::customer::{CustomerFields, PsaCustomer, VendorCustomer};
use crate::core::id::{Company, Product};
use crate::core::link::{Link, Shape};
use crate::core::matching::{self, Rules};
use crate::core::money::{Money, Totals};
use crate::core::record::{Fingerprint, Record};
use crate::core::snapshot::Pulled;

type Names<S> = BTreeMap<Id<S, Company>, String>;

/// Two lists under review and everything decided so far.
struct Office {
    vendor: Vec<VendorCustomer>,
    psa: Vec<PsaCustomer>,
    links: LinkSet<Company>,
    history: Vec<Decided<Company>>,
    money: BTreeMap<Id<Vendor, Company>, Totals>,
    /// Whether both lists are all there is.
    whole: bool,
}

fn gone<'i, S: 'i>(
    list: &[Record<Id<S, Company>, CustomerFields>],
    linked: impl Iterator<Item = &'i Id<S, Company>>,
    whole: bool,
) -> BTreeSet<Id<S, Company>> {
    let problem = (!whole).then(|| crate::core::snapshot::Problem::new("list", "cut"));
    Pulled::judge(list.to_vec(), problem.into_iter().collect()).absent(linked)
}

fn record<S>(id: &str, name: &str) -> Record<Id<S, Company>, CustomerFields> {
    let fields = CustomerFields { name: name.to_owned(), ..CustomerFields::default() };
    Record { id: Id::new(id), fields, version: None }
}

impl Office {
    fn new() -> Self {
        Self {
            vendor: vec![record("v1", "Harbour Dental Ltd"), record("v2", "Nordwind"), record("v3", "Quarry Foods")],
            psa: vec![record("p1", "HARBOUR DENTAL"), record("p2", "Nordwind GmbH"), record("p9", "Unrelated Legal")],
            links: LinkSet::default(),
            history: Vec::new(),
            money: BTreeMap::new(),
            whole: true,
        }
    }

    fn psa_names(&self) -> Names<Psa> {
        self.psa.iter().map(|r| (r.id.clone(), r.fields.name.clone())).collect()
    }

    fn rows(&self) -> Vec<ReviewRow<Company>> {
        self.rows_of(&self.proposals())
    }

    fn proposals(&self) -> Vec<matching::Proposal<Company>> {
        let known = known(&self.links, &self.history);
        matching::customers(&self.vendor, &self.psa, &known, &Rules::default())
    }

    fn rows_of(&self, proposals: &[matching::Proposal<Company>]) -> Vec<ReviewRow<Company>> {
        let vendor_names: Names<Vendor> = self.vendor.iter().map(|r| (r.id.clone(), r.fields.name.clone())).collect();
        rows(&Work {
            kind: Kind::Customer,
            proposals,
            links: &self.links,
            history: &self.history,
            vendor_names: &vendor_names,
            gone_vendor: &gone(&self.vendor, self.links.iter().map(|(vendor, _)| vendor), self.whole),
            gone_psa: &gone(&self.psa, self.links.iter().map(|(_, psa)| psa), self.whole),
            psa_names: &self.psa_names(),
            vendor_money: &self.money,
            psa_money: &BTreeMap::new(),
        })
    }

    fn row(&self, key: &str) -> ReviewRow<Company> {
        self.rows().into_iter().find(|r| r.key == key).unwrap_or_else(|| panic!("no row {key}"))
    }

    /// The sheet of today with decisions written into it by key column values.
    fn filled(&self, decisions: &[(&str, &str)]) -> Vec<(u64, Vec<String>)> {
        let mut lines: Vec<Vec<String>> = sheet(&self.rows()).into_iter().map(Vec::from).collect();
        for line in &mut lines {
            let id = if line[1].is_empty() { line[3].clone() } else { line[1].clone() };
            if let Some((_, said)) = decisions.iter().find(|(key, _)| *key == id) {
                line[10] = (*said).to_owned();
                line[11] = "looked at it".to_owned();
            }
        }
        (2..).zip(lines).collect()
    }

    fn read(&self, lines: Vec<(u64, Vec<String>)>) -> Read {
        let header: Vec<String> = COLUMNS.iter().map(|c| c.to_uppercase()).collect();
        let (rows, names) = (self.rows(), self.psa_names());
        let customers = Board { rows: &rows, psa_names: &names, shape: Shape::OneToOne };
        let none = BTreeMap::<Id<Psa, Product>, String>::new();
        read("review.csv", &header, lines, &customers, &Board { rows: &[], psa_names: &none, shape: Shape::ManyToOne })
    }

    fn follow(&mut self, intent: &Intent<Company>) -> Result<(), Refusal> {
        let outcome = decide(intent, "anna", &self.links, Shape::OneToOne, intent.evidence.as_ref())?;
        self.history.push(outcome.decided.clone());
        outcome.apply(&mut self.links, Shape::OneToOne)?;
        Ok(())
    }

    fn say(&mut self, decisions: &[(&str, &str)]) {
        let read = self.read(self.filled(decisions));
        assert_eq!(read.problems, []);
        for (_, intent) in &read.customers {
            self.follow(intent).unwrap();
        }
    }
}

#[test]
fn the_same_decisions_can_be_made_in_a_spreadsheet_and_undone() {
    let mut office = Office::new();
    assert_eq!(office.row("customer:vendor:v1").status, Status::Proposed);
    office.say(&[("v1", " Accept "), ("v2", "reject"), ("v3", "EXCLUDE"), ("p9", "exclude")]);
    assert_eq!(office.links.psa_of(&Id::new("v1")), Some(&Id::new("p1")));
    let statuses: Vec<_> = office.rows().into_iter().map(|r| (r.key, r.status)).collect();
    for expected in [
        ("customer:vendor:v1", Status::Mapped),
        ("customer:vendor:v2", Status::Rejected),
        ("customer:vendor:v3", Status::Excluded),
        ("customer:psa:p2", Status::Unmapped),
        ("customer:psa:p9", Status::Excluded),
    ] {
        assert!(statuses.contains(&(expected.0.to_owned(), expected.1)), "{expected:?} in {statuses:?}");
    }
    assert_eq!(office.row("customer:vendor:v1").decision.unwrap().reason.as_deref(), Some("looked at it"));
    office.say(&[("v1", "unlink"), ("v2", "link:p2"), ("v3", "defer")]);
    assert_eq!(office.row("customer:vendor:v1").status, Status::Proposed);
    assert_eq!(office.row("customer:vendor:v2").status, Status::Mapped);
    assert_eq!(office.row("customer:vendor:v3").status, Status::Unmapped);
    assert_eq!(office.history.len(), 7, "nothing said is forgotten");
}

#[test]
fn a_decision_shows_before_the_next_propose() {
    let mut office = Office::new();
    let shown = office.proposals();
    office.say(&[("v1", "reject"), ("v3", "exclude")]);
    let rows = office.rows_of(&shown);
    let status = |key: &str| rows.iter().find(|r| r.key == key).map(|r| r.status);
    assert_eq!(status("customer:vendor:v1"), Some(Status::Rejected));
    assert_eq!(status("customer:vendor:v2"), Some(Status::Proposed));
    assert_eq!(status("customer:vendor:v3"), Some(Status::Excluded));
}

#[test]
fn nothing_is_linked_without_a_decision() {
    let mut office = Office::new();
    office.say(&[]);
    assert!(office.links.is_empty() && office.history.is_empty());
    office.say(&[("v1", "defer"), ("v2", "reject")]);
    assert!(office.links.is_empty());
}

#[test]
fn rows_that_cannot_be_followed_are_problems_with_row_and_column() {
    let mut office = Office::new();
    office.say(&[("v2", "accept")]);
    //   record  decision       column      what is said
    for (record, decision, field, what) in [
        ("v1", "maybe", "decision", "expected accept, reject"),
        ("v1", "link:", "decision", "expected accept, reject"),
        ("v1", "link:p77", "decision", "the PSA lists no `p77`"),
        ("v1", "accept:p1", "decision", "expected accept, reject"),
        ("v1", "unlink", "decision", "not mapped"),
        ("v2", "link:p9", "decision", "mapped; unlink it before you link"),
        ("v2", "exclude", "decision", "mapped; unlink it before you exclude"),
        ("v3", "accept", "decision", "no pair to accept"),
        ("p9", "link:p1", "decision", "from the vendor record's row"),
    ] {
        let read = office.read(office.filled(&[(record, decision)]));
        assert!(read.customers.is_empty(), "{record} {decision}");
        let [problem] = read.problems.as_slice() else { panic!("{record} {decision}: {:?}", read.problems) };
        assert!(problem.at.starts_with("review.csv:") && problem.field.as_deref() == Some(field), "{problem}");
        assert!(problem.what.contains(what), "{decision}: {problem}");
    }
}

#[test]
fn a_row_that_was_edited_or_exported_from_other_evidence_changes_nothing() {
    let mut office = Office::new();
    let edit = |office: &Office, column: usize, text: &str| {
        let mut lines = office.filled(&[("v1", "accept")]);
        let line = lines.iter_mut().find(|l| l.1[1] == "v1").unwrap();
        line.1[column] = text.to_owned();
        office.read(lines)
    };
    for (column, text, field) in
        [(0, "custmer", "kind"), (1, "v404", "vendor_id"), (3, "p2", "psa_id"), (12, "0123", "evidence")]
    {
        let read = edit(&office, column, text);
        assert_eq!(read.customers, []);
        assert_eq!(read.problems.iter().map(|p| p.field.as_deref()).collect::<Vec<_>>(), [Some(field)]);
    }
    let exported = office.filled(&[("v1", "accept")]);
    office.vendor[0].fields.phone = Some("555 0101 000".to_owned());
    office.psa[0].fields.phone = Some("555 0101 001".to_owned());
    let read = office.read(exported);
    assert!(read.customers.is_empty() && read.problems[0].what.starts_with("changed since exported"));
}

#[test]
fn rows_that_contradict_each_other_are_all_left() {
    let office = Office::new();
    let mut lines = office.filled(&[("v1", "accept"), ("v2", "accept"), ("v3", "link:p9"), ("p9", "exclude")]);
    let twice = lines.iter().find(|l| l.1[1] == "v2").unwrap().1.clone();
    let number = lines.last().unwrap().0 + 1;
    lines.push((number, {
        let mut line = twice;
        line[10] = "reject".to_owned();
        line
    }));
    let read = office.read(lines);
    assert_eq!(read.customers.len(), 1, "v1 alone is without doubt: {:?}", read.customers);
    assert_eq!(read.problems.len(), 4, "{:?}", read.problems);
    assert!(read.problems.iter().all(|p| p.what.ends_with("keep one of them")), "{:?}", read.problems);
}

#[test]
fn a_row_that_stands_there_twice_is_followed_once() {
    let mut office = Office::new();
    let mut lines = office.filled(&[("v1", "accept"), ("v3", "exclude"), ("p9", "exclude")]);
    lines.extend(lines.clone().into_iter().map(|(number, line)| (number + 100, line)).collect::<Vec<_>>());
    let read = office.read(lines);
    assert_eq!((read.problems, read.customers.len(), read.already), (vec![], 3, 3));
    office.say(&[("v1", "accept"), ("v1", "accept")]);
    assert_eq!(office.row("customer:vendor:v1").status, Status::Mapped);
}

#[test]
fn one_psa_record_accepted_twice_is_refused_with_what_allows_it() {
    let office = Office::new();
    let (mut rows, names) = (office.rows(), office.psa_names());
    for row in &mut rows {
        row.psa = Some(Id::new("p1")).filter(|_| row.vendor.is_some()).or(row.psa.take());
    }
    let mut lines: Vec<Vec<String>> = sheet(&rows).into_iter().map(Vec::from).collect();
    for line in lines.iter_mut().filter(|line| line[1] == "v1" || line[1] == "v2") {
        line[10] = "accept".to_owned();
    }
    let header = COLUMNS.map(str::to_owned);
    let none = BTreeMap::<Id<Psa, Product>, String>::new();
    let products = Board { rows: &[], psa_names: &none, shape: Shape::ManyToOne };
    for (shape, followed) in [(Shape::OneToOne, 0), (Shape::ManyToOne, 2)] {
        let customers = Board { rows: &rows, psa_names: &names, shape };
        let read = read("review.csv", &header, (2..).zip(lines.clone()), &customers, &products);
        assert_eq!((read.customers.len(), read.problems.len()), (followed, 2 - followed), "{:?}", read.problems);
        for problem in &read.problems {
            let what = &problem.what;
            assert!(what.contains("write link:<psa_id>") && what.contains("[matching.customers] shape"), "{what}");
        }
    }
}

#[test]
fn a_site_is_linked_by_hand_beside_its_accepted_head_office_in_any_order_of_rows() {
    let mut office = Office::new();
    let mut lines = office.filled(&[("v1", "accept"), ("v3", "link:p1")]);
    lines.reverse();
    lines.sort_by_key(|line| line.1[1] != "v3");
    let read = office.read(lines);
    assert_eq!(read.problems, []);
    for (_, intent) in &read.customers {
        let shape = if matches!(intent.action, Action::Link(_)) { Shape::ManyToOne } else { Shape::OneToOne };
        let outcome = decide(intent, "anna", &office.links, shape, intent.evidence.as_ref()).unwrap();
        outcome.apply(&mut office.links, shape).unwrap();
    }
    assert_eq!(office.links.vendors_of(&Id::new("p1")).count(), 2);
}

#[test]
fn a_sheet_that_is_read_again_changes_nothing_and_is_no_mistake() {
    let mut office = Office::new();
    let first = office.filled(&[("v1", "accept"), ("v2", "reject"), ("v3", "exclude"), ("p9", "exclude")]);
    for (_, intent) in &office.read(first.clone()).customers {
        office.follow(intent).unwrap();
    }
    let again = office.read(first);
    assert_eq!((again.customers, again.problems, again.already), (Vec::new(), Vec::new(), 4));
    let second = office.filled(&[("v1", "unlink"), ("v2", "link:p2"), ("v3", "defer")]);
    for (_, intent) in &office.read(second.clone()).customers {
        office.follow(intent).unwrap();
    }
    let again = office.read(second);
    assert_eq!((again.customers, again.problems, again.already), (Vec::new(), Vec::new(), 3));
}

#[test]
fn a_sheet_without_its_columns_is_refused_as_a_whole() {
    let office = Office::new();
    let (rows, names) = (office.rows(), office.psa_names());
    let board = Board { rows: &rows, psa_names: &names, shape: Shape::OneToOne };
    let none = BTreeMap::<Id<Psa, Product>, String>::new();
    let products = Board { rows: &[], psa_names: &none, shape: Shape::ManyToOne };
    let header: Vec<String> = ["kind", "vendor_id", "psa_id", "psa_id", "decision"].map(str::to_owned).to_vec();
    let read = read("review.csv", &header, office.filled(&[("v1", "accept")]), &board, &products);
    let said: Vec<_> = read.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "review.csv, field psa_id: the column stands there twice",
            "review.csv, field evidence: the column is missing"
        ]
    );
}

#[test]
fn accepting_looks_again() {
    let mut office = Office::new();
    let pair = |v: &str, p: &str| Link::<Company> { vendor: Id::new(v), psa: Id::new(p) };
    let intent = |action| Intent { action, reason: None, evidence: Some(Fingerprint::of(b"seen")) };
    office.follow(&intent(Action::Accept(pair("v1", "p1")))).unwrap();
    let said = |office: &Office, action, today: &[u8]| {
        let today = Fingerprint::of(today);
        decide(&intent(action), "anna", &office.links, Shape::OneToOne, Some(&today)).unwrap_err().to_string()
    };
    for (action, today, refusal) in [
        (Action::Accept(pair("v2", "p1")), "seen", "v2 cannot be linked with p1: v1 is already linked with p1"),
        (Action::Link(pair("v1", "p2")), "seen", "v1 cannot be linked with p2: v1 is already linked with p1"),
        (
            Action::Accept(pair("v2", "p2")),
            "changed",
            "the evidence for v2 and p2 has changed since it was shown; look again",
        ),
        (Action::Unlink(pair("v2", "p2")), "seen", "v2 is not linked with p2"),
        (Action::Exclude(Party::Psa(Id::new("p1"))), "seen", "p1 is linked with v1; unlink it before it is excluded"),
    ] {
        assert_eq!(said(&office, action, today.as_bytes()), refusal);
    }
}

#[test]
fn money_comes_first_then_certainty_and_every_row_is_counted_once() {
    let mut office = Office::new();
    let usd = "USD".parse().unwrap();
    for (id, amount) in [("v3", -900), ("v2", 100)] {
        let mut totals = Totals::default();
        totals.add(Money::new(Decimal::from(amount), usd)).unwrap();
        office.money.insert(Id::new(id), totals);
    }
    let rows = office.rows();
    let keys: Vec<&str> = rows.iter().map(|r| r.key.as_str()).collect();
    assert_eq!(keys, ["customer:vendor:v3", "customer:vendor:v2", "customer:vendor:v1", "customer:psa:p9"]);
    let counts = counts(&rows);
    assert_eq!(counts[0], (Filter::All, rows.len()));
    assert_eq!(counts[1..].iter().map(|(_, n)| n).sum::<usize>(), rows.len());
    assert!(rows[2].reasons_for[0].starts_with("name close:"), "{:?}", rows[2]);
}

#[test]
fn a_key_on_two_records_is_a_conflict_a_person_can_settle() {
    let mut office = Office::new();
    for at in [0, 1] {
        office.vendor[at].fields.external_id = Some("p1".to_owned());
    }
    let row = office.row("customer:vendor:v1");
    assert_eq!((row.status, row.psa), (Status::Conflict, Some(Id::new("p1"))));
    assert!(row.reasons_against[0].ends_with("stands on 2 vendor and 1 PSA records)"), "{:?}", row.reasons_against);
    office.say(&[("v1", "accept")]);
    assert_eq!(office.row("customer:vendor:v1").status, Status::Mapped);
    assert!(office.row("customer:vendor:v2").reasons_against[0].contains("stands on 2"));
}

#[test]
fn a_link_whose_record_is_gone_is_a_conflict_that_can_be_unlinked() {
    let mut office = Office::new();
    office.say(&[("v1", "accept")]);
    office.psa.remove(0);
    let row = office.row("customer:vendor:v1");
    assert_eq!(row.status, Status::Conflict);
    assert_eq!(row.reasons_against, ["the PSA no longer lists p1; unlink, or look for it there"]);
    office.whole = false;
    assert_eq!(office.row("customer:vendor:v1").status, Status::Mapped, "a partial list cannot say that p1 is gone");
    office.whole = true;
    office.say(&[("v1", "unlink")]);
    assert!(office.links.is_empty());
}
