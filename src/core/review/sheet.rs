//! The review as rows of text with a `decision` column, and back.
//!
//! Keeps the rule that a row is followed only if it is read without doubt: whatever is unreadable, contradicts another row or
//! was exported from other evidence becomes a problem with its row and column, and changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::decide::{Action, Intent, Party};
use super::rows::{Kind, ReviewRow, Status};
use crate::core::id::{Company, Id, Product, Psa, Vendor};
use crate::core::link::{Link, Shape, Verdict};
use crate::core::nearest::Guesses;
use crate::core::outside::excerpt;
use crate::core::snapshot::Problem;

/// The columns, in order. Others may stand beside them; order and case do not matter when reading.
pub const COLUMNS: [&str; 13] = [
    "kind",
    "vendor_id",
    "vendor_name",
    "psa_id",
    "psa_name",
    "score",
    "band",
    "reasons",
    "runner_up",
    "status",
    "decision",
    "reason",
    "evidence",
];

/// More rows are not read.
const ROWS_MAX: usize = 1_000_000;
/// How much of a cell a problem repeats.
const SHOWN_MAX: usize = 60;
/// The words of the column `decision` that name nothing; `link:<psa_id>` names the counterpart and may stand there as well.
pub const DECISIONS: [&str; 5] = ["accept", "reject", "exclude", "defer", "unlink"];
const WORDS: &str = "accept, reject, exclude, defer, link:<psa_id>, unlink or nothing";

/// The rows as text, in the order of [`COLUMNS`]; `decision` and `reason` are left for the person.
#[must_use]
pub fn sheet<E>(rows: &[ReviewRow<E>]) -> Vec<[String; 13]> {
    rows.iter()
        .map(|r| {
            let reasons: Vec<&str> = r.reasons_for.iter().chain(&r.reasons_against).map(String::as_str).collect();
            [
                r.kind.as_str().to_owned(),
                r.vendor.as_ref().map(ToString::to_string).unwrap_or_default(),
                r.vendor_name.clone(),
                r.psa.as_ref().map(ToString::to_string).unwrap_or_default(),
                r.psa_name.clone(),
                r.score.map(|s| s.0.to_string()).unwrap_or_default(),
                r.band.map(|b| b.as_str().to_owned()).unwrap_or_default(),
                reasons.join("; "),
                r.runner_up.clone().unwrap_or_default(),
                r.status.as_str().to_owned(),
                String::new(),
                String::new(),
                r.evidence.as_ref().map(ToString::to_string).unwrap_or_default(),
            ]
        })
        .collect()
}

/// What a sheet is read against: the rows of one kind as they are today.
#[derive(Debug, Clone, Copy)]
pub struct Board<'a, E> {
    /// The rows of today.
    pub rows: &'a [ReviewRow<E>],
    /// Every PSA record: what `link:` may name.
    pub psa_names: &'a BTreeMap<Id<Psa, E>, String>,
    /// How many vendor records one PSA record may stand for.
    pub shape: Shape,
}

/// What a sheet said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// What to decide on customers, with the row: in order of the rows, links by hand last, so that a site never stands
    /// in the way of its head office.
    pub customers: Vec<(u64, Intent<Company>)>,
    /// What to decide on products, in the same order.
    pub products: Vec<(u64, Intent<Product>)>,
    /// Rows whose decision stands already, as when a sheet is read a second time.
    pub already: usize,
    /// Rows that could not be followed, and why.
    pub problems: Vec<Problem>,
}

/// Reads a sheet. `at` names the file; each row comes with the number a person finds it by.
pub fn read(
    at: &str,
    header: &[String],
    rows: impl IntoIterator<Item = (u64, Vec<String>)>,
    customers: &Board<'_, Company>,
    products: &Board<'_, Product>,
) -> Read {
    let mut read = Read { customers: Vec::new(), products: Vec::new(), already: 0, problems: Vec::new() };
    let columns = match Columns::of(at, header) {
        Ok(columns) => columns,
        Err(problems) => return Read { problems, ..read },
    };
    let (of_customers, of_products) = (Side::of(Kind::Customer, customers), Side::of(Kind::Product, products));
    let mut guesses = Guesses::default();
    for (seen, (number, cells)) in rows.into_iter().enumerate() {
        let place = format!("{at}:{number}");
        if seen >= ROWS_MAX {
            read.problems.push(Problem::new(place, format!("more than {ROWS_MAX} rows; the rest was not read")));
            break;
        }
        let line = Line { columns: &columns, cells: &cells };
        if line.cell("decision").is_empty() {
            continue;
        }
        let kind = line.cell("kind").to_lowercase();
        let outcome = if kind == Kind::Customer.as_str() {
            let intent = line.intent(&of_customers, &mut guesses);
            intent.map(|intent| intent.map(|intent| read.customers.push((number, intent))))
        } else if kind == Kind::Product.as_str() {
            let intent = line.intent(&of_products, &mut guesses);
            intent.map(|intent| intent.map(|intent| read.products.push((number, intent))))
        } else {
            let what = format!("expected customer or product, found `{}`", shown(line.cell("kind")));
            Err(Problem::new("", what).field("kind"))
        };
        match outcome {
            Ok(Some(())) => {}
            Ok(None) => read.already = read.already.saturating_add(1),
            Err(problem) => read.problems.push(Problem { at: place, ..problem }),
        }
    }
    let Read { customers: c, products: p, problems, .. } = &mut read;
    of_customers.settle(at, c, problems);
    of_products.settle(at, p, problems);
    read
}

/// The rows of one kind, to be found by their keys.
struct Side<'a, E> {
    kind: &'static str,
    board: &'a Board<'a, E>,
    by_key: BTreeMap<&'a str, &'a ReviewRow<E>>,
}

impl<'a, E> Side<'a, E> {
    fn of(kind: Kind, board: &'a Board<'a, E>) -> Self {
        let by_key = board.rows.iter().map(|row| (row.key.as_str(), row)).collect();
        Self { kind: kind.as_str(), board, by_key }
    }

    /// Takes out rows that say two things of one record, or accept one PSA record twice where only one may have it: none of them
    /// is followed. A link by hand may stand beside others, and comes last.
    fn settle(&self, at: &str, intents: &mut Vec<(u64, Intent<E>)>, problems: &mut Vec<Problem>) {
        let excluded: BTreeSet<String> =
            intents.iter().filter_map(|(_, intent)| excluded_psa(&intent.action)).collect();
        let mut said: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
        for (number, intent) in intents.iter() {
            let (record, psa) = match &intent.action {
                Action::Accept(l) => {
                    (vendor(&l.vendor), Some(psa(&l.psa)).filter(|_| self.board.shape == Shape::OneToOne))
                }
                Action::Link(l) => (vendor(&l.vendor), Some(psa(&l.psa)).filter(|psa| excluded.contains(psa))),
                Action::Reject(l) | Action::Unlink(l) => (vendor(&l.vendor), None),
                Action::Exclude(Party::Vendor(v)) | Action::Defer(Party::Vendor(v)) => (vendor(v), None),
                Action::Exclude(Party::Psa(p)) | Action::Defer(Party::Psa(p)) => (psa(p), None),
            };
            for record in [Some(record), psa].into_iter().flatten() {
                said.entry(record).or_default().insert(*number);
            }
        }
        let mut doubtful = BTreeSet::new();
        for (record, rows) in said.iter().filter(|(_, rows)| rows.len() > 1) {
            let remedy = if record.starts_with("PSA ") && !excluded.contains(record) {
                beside(self.kind)
            } else {
                String::new()
            };
            for number in rows {
                let others: Vec<String> = rows.iter().filter(|n| *n != number).map(ToString::to_string).collect();
                let what =
                    format!("contradicts row {} on {}; keep one of them{remedy}", others.join(", "), shown(record));
                problems.push(Problem::new(format!("{at}:{number}"), what).field("decision"));
                doubtful.insert(*number);
            }
        }
        intents.retain(|(number, _)| !doubtful.contains(number));
        intents.sort_by_key(|(_, intent)| matches!(intent.action, Action::Link(_)));
    }
}

/// Where each column stands.
struct Columns(BTreeMap<&'static str, usize>);

impl Columns {
    fn of(at: &str, header: &[String]) -> Result<Self, Vec<Problem>> {
        let mut found = BTreeMap::new();
        let mut problems = Vec::new();
        for name in COLUMNS {
            let same = |h: &String| h.trim().trim_start_matches('\u{feff}').eq_ignore_ascii_case(name);
            let places: Vec<usize> = header.iter().enumerate().filter(|(_, h)| same(h)).map(|(i, _)| i).collect();
            let needed = matches!(name, "kind" | "vendor_id" | "psa_id" | "decision" | "evidence");
            match places.as_slice() {
                [only] => {
                    found.insert(name, *only);
                }
                [] if needed => problems.push(Problem::new(at, "the column is missing").field(name)),
                [] => {}
                _ => problems.push(Problem::new(at, "the column stands there twice").field(name)),
            }
        }
        if problems.is_empty() { Ok(Self(found)) } else { Err(problems) }
    }
}

struct Line<'a> {
    columns: &'a Columns,
    cells: &'a [String],
}

impl Line<'_> {
    fn cell(&self, column: &str) -> &str {
        let text = self.columns.0.get(column).and_then(|at| self.cells.get(*at)).map(|c| c.trim()).unwrap_or_default();
        // spreadsheets are kept from taking such text for a formula by an apostrophe in front
        text.strip_prefix('\'').filter(|rest| rest.starts_with(['=', '+', '-', '@'])).unwrap_or(text)
    }

    /// What the row wants, `None` where it is so already; a problem without its place.
    fn intent<E>(&self, side: &Side<'_, E>, guesses: &mut Guesses) -> Result<Option<Intent<E>>, Problem> {
        let (vendor, psa) = (self.cell("vendor_id"), self.cell("psa_id"));
        let (field, of, record) =
            if vendor.is_empty() { ("psa_id", "psa", psa) } else { ("vendor_id", "vendor", vendor) };
        let problem = |field: &str, what: String| Problem::new("", what).record(record).field(field);
        let of_this = format!("{}:{of}:", side.kind);
        let Some(row) = side.by_key.get(format!("{of_this}{record}").as_str()) else {
            let near = guesses.meant(record, side.by_key.keys().filter_map(|key| key.strip_prefix(of_this.as_str())));
            return Err(problem(field, format!("no {} `{}` is under review{near}", side.kind, shown(record))));
        };
        if is_so(self.cell("decision"), psa, row) {
            return Ok(None);
        }
        let today = row.evidence.as_ref().map(ToString::to_string).unwrap_or_default();
        if self.cell("evidence") != today {
            return Err(problem("evidence", "changed since exported; export the review again".to_owned()));
        }
        if psa != row.psa.as_ref().map(Id::as_str).unwrap_or_default() {
            let what = "is not the one exported; to choose another, write link:<psa_id> as the decision";
            return Err(problem("psa_id", what.to_owned()));
        }
        let action =
            action(self.cell("decision"), row, side.board, guesses).map_err(|what| problem("decision", what))?;
        let reason = Some(self.cell("reason").to_owned()).filter(|r| !r.is_empty());
        Ok(Some(Intent { action, reason, evidence: row.evidence.clone() }))
    }
}

/// The decision cell: its verb, and what it names.
fn words(cell: &str) -> (String, Option<&str>) {
    let (verb, rest) = cell.split_once(':').map_or((cell, None), |(verb, rest)| (verb, Some(rest.trim())));
    (verb.trim().to_lowercase(), rest)
}

/// Whether a decision stands already. `psa` is the counterpart the sheet was exported with.
fn is_so<E>(cell: &str, psa: &str, row: &ReviewRow<E>) -> bool {
    let with = |id: &str| row.psa.as_ref().is_some_and(|psa| psa.as_str() == id);
    let last = row.decision.as_ref().map(|decision| decision.verdict);
    match (words(cell).0.as_str(), words(cell).1) {
        ("accept", None) => is_linked(row) && with(psa),
        ("link", Some(id)) => is_linked(row) && with(id),
        ("reject", None) => row.status == Status::Rejected && with(psa),
        ("exclude", None) => row.status == Status::Excluded,
        ("unlink", None) => !is_linked(row) && last == Some(Verdict::Deferred),
        ("defer", None) => !is_linked(row) && row.status != Status::Excluded && last == Some(Verdict::Deferred),
        _ => false,
    }
}

/// The decision cell, in the light of what the row is today.
fn action<E>(cell: &str, row: &ReviewRow<E>, board: &Board<'_, E>, guesses: &mut Guesses) -> Result<Action<E>, String> {
    let (verb, rest) = words(cell);
    let mapped = row.vendor.as_ref().zip(row.psa.as_ref()).filter(|_| is_linked(row));
    let pair = row.vendor.as_ref().zip(row.psa.as_ref()).map(|(v, p)| Link { vendor: v.clone(), psa: p.clone() });
    let party = match (&row.vendor, &row.psa) {
        (Some(vendor), _) => Party::Vendor(vendor.clone()),
        (None, Some(psa)) => Party::Psa(psa.clone()),
        (None, None) => return Err("the row names no record".to_owned()),
    };
    let none = || format!("there is no pair to {verb}; write link:<psa_id>, exclude or nothing");
    let taken = || format!("the record is mapped; unlink it before you {verb} it");
    match (verb.as_str(), rest) {
        ("accept" | "exclude" | "link", _) if mapped.is_some() => Err(taken()),
        ("accept", None) => pair.map(Action::Accept).ok_or_else(none),
        ("reject", None) => pair.map(Action::Reject).ok_or_else(none),
        ("exclude", None) => Ok(Action::Exclude(party)),
        ("defer", None) => Ok(Action::Defer(party)),
        ("unlink", None) if mapped.is_some() => pair.map(Action::Unlink).ok_or_else(none),
        ("unlink", None) => Err("the record is not mapped".to_owned()),
        ("link", Some(psa)) if !psa.is_empty() => {
            let psa = Id::new(psa);
            match &row.vendor {
                _ if !board.psa_names.contains_key(&psa) => {
                    let near = guesses.meant(psa.as_str(), board.psa_names.keys().map(Id::as_str));
                    Err(format!("the PSA lists no `{}`{near}", shown(psa.as_str())))
                }
                Some(vendor) => Ok(Action::Link(Link { vendor: vendor.clone(), psa })),
                None => Err("a PSA record is linked from the vendor record's row".to_owned()),
            }
        }
        _ => Err(format!("expected {WORDS}, found `{}`", shown(cell))),
    }
}

/// Whether a row stands for a link, whole or broken: only those carry no evidence of a proposal.
fn is_linked<E>(row: &ReviewRow<E>) -> bool {
    match row.status {
        Status::Mapped => true,
        Status::Conflict => row.evidence.is_none(),
        Status::Proposed | Status::Unmapped | Status::Excluded | Status::Rejected => false,
    }
}

/// How two vendor records come to stand on one PSA record, as the end of a sentence.
fn beside(kind: &str) -> String {
    format!(
        ", or, where one {kind} stands for both, write link:<psa_id> in the other row (`trueup review link` does the same); \
         [matching.{kind}s] shape = \"many_to_one\" allows it everywhere"
    )
}

fn excluded_psa<E>(action: &Action<E>) -> Option<String> {
    match action {
        Action::Exclude(Party::Psa(id)) => Some(psa(id)),
        Action::Exclude(Party::Vendor(_))
        | Action::Accept(_)
        | Action::Link(_)
        | Action::Reject(_)
        | Action::Unlink(_)
        | Action::Defer(_) => None,
    }
}

fn vendor<E>(id: &Id<Vendor, E>) -> String {
    format!("vendor {id}")
}

fn psa<E>(id: &Id<Psa, E>) -> String {
    format!("PSA {id}")
}

fn shown(text: &str) -> String {
    excerpt(text, SHOWN_MAX)
}
