//! Each key of each shipped file dropped and misspelled in turn: lint notices it in its line, or a reading of the simulator
//! does, or the table below says why nobody can.

mod written;

use std::collections::BTreeSet;

use toml::de::{DeTable, DeValue};
use trueup::connectors::rest::{ConnectorFile, lint};
use trueup::connectors::{PsaConnector as _, Unwatched};
use trueup::simulate::World;

use super::connectwise::{period, serve_text};

/// What was done to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum How {
    Dropped,
    Misspelled,
}

/// A file with one key dropped or misspelled.
struct Mutant {
    how: How,
    /// The key, names of the file's own included.
    path: String,
    line: usize,
    text: String,
}

/// What lint cannot see: a key without which a file says less and still something whole, and names that only the system knows.
const UNSEEN: &[(How, &str, &str)] = &[
    (How::Dropped, "settings.*.note", "words for people"),
    (How::Dropped, "settings.*.example", "words for people"),
    (How::Dropped, "settings.*.default", "the user has to give it then"),
    (How::Dropped, "http.headers", "what the system wants to be sent, a reading shows"),
    (How::Dropped, "http.headers.*", "what the system wants to be sent, a reading shows"),
    (How::Misspelled, "http.headers.*", "what the system wants to be sent, a reading shows"),
    (How::Dropped, "limits", "the usual pace"),
    (How::Dropped, "limits.*", "the usual pace"),
    (How::Dropped, "errors", "the built-in table decides"),
    (How::Dropped, "errors.N", "the built-in table decides"),
    (How::Dropped, "errors.*.wait", "the usual pause"),
    (How::Dropped, "errors.*.wait.max", "the usual pause"),
    (How::Dropped, "errors.*.message", "fewer words in an error"),
    (How::Dropped, "errors.*.field", "fewer words in an error"),
    (How::Dropped, "errors.*.when.status", "the rest of the condition decides alone"),
    (How::Dropped, "entity.*", "a kind of record less, which check and describe say"),
    (How::Dropped, "entity.*.version", "changes made by others are found by their values alone"),
    (How::Dropped, "entity.*.get", "nothing is written there, and references are not followed"),
    (How::Dropped, "entity.*.create", "it cannot be made, which describe says"),
    (How::Dropped, "entity.*.update", "it cannot be changed, which describe says"),
    (How::Dropped, "entity.*.update.steps", "the system refuses, and says why"),
    (How::Dropped, "entity.*.link.max", "the id is sent whole"),
    (How::Dropped, "entity.*.link", "found again by its probe alone"),
    (How::Dropped, "entity.*.create.*", "see each at the system"),
    (How::Dropped, "entity.*.update.id_at", "the system refuses"),
    (How::Dropped, "entity.*.update.wrap", "the system refuses"),
    (How::Dropped, "entity.*.update.body", "the system refuses"),
    (How::Dropped, "entity.*.create.body.*", "a new record holds less"),
    (How::Dropped, "entity.*.create.body.*.*", "a new record holds less"),
    (How::Misspelled, "entity.*.create.body.*", "a name of the system"),
    (How::Misspelled, "entity.*.create.body.*.*", "a name of the system"),
    (How::Misspelled, "entity.*.update.body.*", "a name of the system"),
    (How::Dropped, "entity.*.get.as_listed", "the record is read with other members, a reading shows"),
    (How::Dropped, "entity.*.commands", "the system refuses"),
    (How::Dropped, "entity.*.commands.*", "the system refuses"),
    (How::Misspelled, "entity.*.commands.*", "a name of the system"),
    (How::Dropped, "entity.*.update.headers", "the system refuses"),
    (How::Dropped, "entity.*.update.headers.*", "the system refuses"),
    (How::Misspelled, "entity.*.update.headers.*", "a name of the system"),
    (How::Dropped, "entity.*.create.find.where.*", "the whole list is read, or the rest of the condition asked"),
    (How::Misspelled, "entity.*.create.find.where.*", "a name of the system; what is found is compared"),
    (How::Misspelled, "entity.*.link.lookup.where.*", "a name of the system; what is found is compared"),
    (How::Dropped, "entity.*.link.lookup", "the whole list is read"),
    (How::Dropped, "entity.*.dated.carry", "a new line holds less"),
    (How::Dropped, "entity.*.dated.carry.*", "a new line holds less"),
    (How::Misspelled, "entity.*.dated.carry.*", "a name of the system"),
    (How::Dropped, "entity.*.dated.first", "the other call first"),
    (How::Dropped, "entity.*.update.steps.*.above", "the state of the record itself"),
    (How::Dropped, "entity.*.actions.*.body", "a call without a body"),
    (How::Dropped, "entity.*.fields.*.to", "written where it is read"),
    (How::Dropped, "entity.*.fields.*.to_codec", "written as it is read: the system refuses"),
    (How::Dropped, "entity.*.fields.*.to_codec.*", "another spelling: the system refuses"),
    (How::Dropped, "entity.*.get.record", "the answer itself is no record, which a look says"),
    (How::Dropped, "entity.*.fields.*.custom", "the default stands for every row, a reading shows"),
    (How::Misspelled, "entity.*.fields.*.codec.map.*", "a word that another entity takes over, a reading shows"),
    (How::Dropped, "entity.*.get.or_record", "an answer of the other form is no record, which a look says"),
    (How::Dropped, "entity.*.update.keep", "the system resets it, a write shows"),
    (How::Misspelled, "http.auth.fields.*", "a name of the system: check says that nobody is let in"),
    (How::Dropped, "http.auth.lives", "a token is used until it is refused"),
    (How::Dropped, "entity.*.apart", "the set is sent: the system refuses"),
    (How::Dropped, "entity.*.create.headers.*", "what the system wants to be sent, a write shows"),
    (How::Misspelled, "entity.*.create.headers.*", "what the system wants to be sent, a write shows"),
    (How::Dropped, "entity.*.list.has", "each record is read to find one"),
    (How::Dropped, "entity.*.except", "headings are lines that cannot be read, a reading shows"),
    (How::Dropped, "entity.*.fields.*.from_parent", "a row without a value of its own has none, a reading shows"),
    (How::Dropped, "entity.*.update.body.*", "the system does as it is used to"),
    (How::Dropped, "http.auth.scope", "the rights the system gives by itself"),
    (How::Dropped, "ticket.wrap", "the system refuses"),
    (How::Dropped, "entity.*.list.read_each", "rows hold less, a reading shows"),
    (How::Dropped, "entity.*.fields.*.new", "a new element holds less"),
    (How::Dropped, "entity.*.fields.*.make", "a new record has no such value"),
    (How::Dropped, "entity.*.create.idempotent.max", "the key is sent whole: the system refuses"),
    (How::Dropped, "entity.*.list.empty", "a list without rows is an error, a reading shows"),
    (How::Dropped, "entity.*.list.statement.order", "another order, a reading shows"),
    (How::Dropped, "entity.*.list.statement.where", "other rows, a reading shows"),
    (How::Dropped, "entity.*.list.statement", "nothing is asked for: the system refuses"),
    (How::Dropped, "http.auth.basic", "the system refuses the client"),
    (How::Misspelled, "entity.template.fields.*.codec.map.*", "a word that lines take over, a reading shows"),
    (How::Dropped, "entity.*.create.wrap.*", "the system refuses"),
    (How::Dropped, "entity.*.update.wrap.*", "the system refuses"),
    (How::Dropped, "entity.*.fields.*.new.*", "a new element holds less"),
    (How::Misspelled, "entity.*.fields.*.new.*", "a name of the system"),
    (How::Dropped, "entity.*.only", "rows that are none, a reading shows"),
    (How::Dropped, "entity.*.update.omit", "the system refuses"),
    (How::Dropped, "entity.*.update.body.*", "the system refuses, or takes the change for the whole: the kit shows"),
    (How::Dropped, "entity.*.fields.*.product_of", "the total is not sent along: the system refuses"),
    (How::Dropped, "custom_fields", "written as any other list"),
    (How::Dropped, "custom_fields.ids", "a new record cannot hold them"),
    (How::Dropped, "custom_fields.send", "a write carries all of each"),
    (How::Dropped, "custom_fields.in_patch", "carried only where one changes"),
    (How::Dropped, "entity.*.dated", "nothing changes from a day on, which describe says"),
    (How::Dropped, "entity.*.list.query", "other rows or another order, a reading shows"),
    (How::Dropped, "entity.*.list.query.*", "other rows or another order, a reading shows"),
    (How::Misspelled, "entity.*.list.query.*", "other rows or another order, a reading shows"),
    (How::Dropped, "entity.*.list.page.size", "the system's own size of a page"),
    (How::Dropped, "entity.*.list.page.*", "the end is proven by reading twice"),
    (How::Dropped, "entity.*.list.count", "the end is proven by reading twice"),
    (How::Dropped, "entity.*.list.gone", "rows that are gone look as if they were not"),
    (How::Dropped, "entity.*.fields", "of a parent, of which nothing but the id is taken"),
    (How::Dropped, "entity.*.fields.*", "a value less, which describe says"),
    (How::Dropped, "entity.*.fields.*.at", "the default stands for every row, a reading shows"),
    (How::Dropped, "entity.*.fields.*.round", "every digit is kept, a reading shows"),
    (How::Dropped, "entity.*.fields.*.or_at", "a second place less"),
    (How::Dropped, "entity.*.fields.*.dir", "it is written as well"),
    (How::Dropped, "entity.*.fields.*.max", "a text is sent whole"),
    (How::Dropped, "entity.*.fields.*.compare", "compared letter by letter"),
    (How::Dropped, "entity.*.fields.*.default", "a row without a value is a problem"),
    (How::Dropped, "entity.*.fields.*.codec", "text of a kind it is not, a reading shows"),
    (How::Dropped, "entity.*.fields.*.codec.*", "another spelling, a reading shows"),
    (How::Dropped, "entity.*.fields.*.codec.map.*", "a word less: rows with it are problems"),
    (How::Misspelled, "entity.*.fields.status.codec.map.*", "a state has any name"),
    (How::Dropped, "http.discover", "the address that is given is the one of all calls"),
    (How::Dropped, "http.discover.*", "the address that is answered as it is, or asked for without parameters"),
    (How::Dropped, "http.discover.query.*", "the system refuses"),
    (How::Misspelled, "http.discover.query.*", "the system refuses"),
    (How::Dropped, "entity.*.get.record", "the record is the answer itself, a reading shows"),
    (How::Dropped, "entity.*.list.body", "what the system wants to be asked with, a reading shows"),
    (How::Dropped, "entity.*.list.body.*", "what the system wants to be asked with, a reading shows"),
    (How::Misspelled, "entity.*.list.body.*", "what the system wants to be asked with, a reading shows"),
    (How::Dropped, "entity.*.list.body.*.*.*", "what the system wants to be asked with, a reading shows"),
    (How::Misspelled, "entity.*.list.body.*.*.*", "what the system wants to be asked with, a reading shows"),
    (How::Misspelled, "entity.*.create.find.body.*", "a name of the system; what is found is compared"),
    (How::Dropped, "entity.*.create.find.body.*.*.*", "other rows; what is found is compared"),
    (How::Misspelled, "entity.*.create.find.body.*.*.*", "a name of the system; what is found is compared"),
    (How::Misspelled, "entity.*.link.lookup.body.*", "a name of the system; what is found is compared"),
    (How::Dropped, "entity.*.link.lookup.body.*.*.*", "other rows; what is found is compared"),
    (How::Misspelled, "entity.*.link.lookup.body.*.*.*", "a name of the system; what is found is compared"),
    (How::Dropped, "entity.*.stretches.closed", "the system refuses a day that is billed"),
    (How::Dropped, "entity.*.stretches.lookup", "the whole list is read"),
    (How::Misspelled, "entity.*.stretches.lookup.body.*", "a name of the system; what is found is compared"),
    (How::Dropped, "entity.*.stretches.lookup.body.*.*.*", "other rows; what is found is compared"),
    (How::Misspelled, "entity.*.stretches.lookup.body.*.*.*", "a name of the system; what is found is compared"),
    (How::Dropped, "entity.*.create.named.*", "the system refuses"),
    (How::Misspelled, "entity.*.create.named.*", "a name of the system"),
    (How::Dropped, "entity.*.create.named.*.number", "the system refuses"),
    (How::Misspelled, "entity.*.dated.body.*", "a name of the system"),
    (How::Dropped, "ticket.named", "the system refuses"),
    (How::Dropped, "ticket.named.*", "the system refuses"),
    (How::Misspelled, "ticket.named.*", "a name of the system"),
    (How::Dropped, "ticket.named.*.number", "the system refuses"),
    (How::Dropped, "ticket.find.number", "a ticket that is found has no number, which check says"),
    (How::Dropped, "ticket.record", "the ticket is the answer itself"),
    (How::Misspelled, "ticket.find.body.*", "a name of the system: check looks for a ticket"),
    (How::Dropped, "ticket.find.body.*", "a name of the system: check looks for a ticket"),
    (How::Dropped, "ticket.find.body.*.*.*", "a name of the system: check looks for a ticket"),
    (How::Misspelled, "ticket.find.body.*.*.*", "a name of the system: check looks for a ticket"),
    (How::Dropped, "ticket", "no tickets, which describe says"),
    (How::Dropped, "ticket.get", "a ticket is not read back"),
    (How::Dropped, "ticket.find.query.*", "other tickets, of which only those with the key count"),
    (How::Misspelled, "ticket.find.query.*", "a name of the system: check looks for a ticket"),
    (How::Dropped, "ticket.fields.*", "a text less"),
    (How::Dropped, "ticket.fields.*.*", "sent as text, whole"),
];

/// Every mutant of a file.
fn mutants(text: &str) -> Vec<Mutant> {
    let table = DeTable::parse(text).unwrap();
    let mut found = Vec::new();
    walk(text, table.get_ref(), "", &mut found);
    for (at, _) in text.match_indices("\n[[") {
        let name = text[at + 3..].split(']').next().unwrap();
        found.push(dropped(text, format!("{name}.N"), at + 1..section_end(text, at + 1)));
    }
    let mut seen = BTreeSet::new();
    found.retain(|mutant| seen.insert(mutant.text.clone()));
    found
}

fn walk(text: &str, table: &DeTable<'_>, above: &str, found: &mut Vec<Mutant>) {
    for (key, value) in table {
        let path = if above.is_empty() { key.get_ref().to_string() } else { format!("{above}.{}", key.get_ref()) };
        let (start, end) = (key.span().start, key.span().end);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let is_header = text[line_start..].starts_with('[');
        let cut = if is_header { line_start..section_end(text, line_start) } else { start..value.span().end };
        let quoted = usize::from(text[start..end].ends_with('"'));
        let mut misspelled = text.to_owned();
        misspelled.insert_str(end - quoted, "zq");
        let line = text[..start].matches('\n').count() + 1;
        found.push(Mutant { how: How::Misspelled, path: path.clone(), line, text: misspelled });
        found.push(dropped(text, path.clone(), cut));
        into(text, value.get_ref(), &path, found);
    }
}

fn into(text: &str, value: &DeValue<'_>, path: &str, found: &mut Vec<Mutant>) {
    match value {
        DeValue::Table(table) => walk(text, table, path, found),
        DeValue::Array(array) => {
            for (index, element) in array.iter().enumerate() {
                into(text, element.get_ref(), &format!("{path}.{index}"), found);
            }
        }
        DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {}
    }
}

/// Where the section of a header ends.
fn section_end(text: &str, start: usize) -> usize {
    text[start + 1..].find("\n[").map_or(text.len(), |at| start + 2 + at)
}

/// The text without a range, and without the comma that stood beside it.
fn dropped(text: &str, path: String, cut: std::ops::Range<usize>) -> Mutant {
    let line = text[..cut.start].matches('\n').count() + 1;
    let (before, after) = (&text[..cut.start], &text[cut.end..]);
    let after_comma = after.trim_start_matches(' ').strip_prefix(',').map(|rest| rest.trim_start_matches(' '));
    let text = match (after_comma, before.trim_end().strip_suffix(',')) {
        (Some(after), _) => format!("{before}{after}"),
        (None, Some(before)) if after.trim_start().starts_with('}') => format!("{before}{after}"),
        (None, _) => format!("{before}{after}"),
    };
    Mutant { how: How::Dropped, path, line, text }
}

fn faults(name: &str, text: &str) -> Vec<String> {
    let file = ConnectorFile { name: name.to_owned(), text: text.to_owned() };
    lint(&file).err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

fn is_like(path: &str, pattern: &str) -> bool {
    let (path, pattern): (Vec<&str>, Vec<&str>) = (path.split('.').collect(), pattern.split('.').collect());
    path.len() == pattern.len() && path.iter().zip(&pattern).all(|(word, wanted)| *wanted == "*" || word == wanted)
}

fn why(mutant: &Mutant) -> Option<&'static str> {
    let known = UNSEEN.iter().find(|(how, pattern, _)| *how == mutant.how && is_like(&mutant.path, pattern));
    known.map(|(_, _, why)| *why)
}

#[test]
fn lint_notices_every_dropped_or_misspelled_key_in_its_line_or_the_table_says_why_not() {
    let (mut all, mut seen, mut wrong) = (0, 0, Vec::new());
    for name in ConnectorFile::builtins() {
        let text = ConnectorFile::builtin(&name).unwrap().text;
        for mutant in mutants(&text) {
            all += 1;
            let found = faults(&name, &mutant.text);
            let what = format!("{name}:{} {:?} {}", mutant.line, mutant.how, mutant.path);
            let line = mutant.line;
            let names = |fault: &String| {
                fault.starts_with(&format!("{name}:{line}:")) || fault.contains(&format!(" in line {line} "))
                    // a parameter that another key names: it is told by its name
                    || ((fault.contains("known here: ") || fault.contains("did you mean")) && fault.contains("zq"))
            };
            let in_line = found.iter().any(names);
            match (found.is_empty(), why(&mutant)) {
                (true, None) => wrong.push(format!("not noticed: {what}")),
                (true, Some(_)) => {}
                // what is missing is said where it is missing from; what is misspelled is said where it stands
                (false, _) if mutant.how == How::Misspelled && !in_line => {
                    wrong.push(format!("not in its line: {what}: {}", found.join("; ")));
                }
                (false, _) => seen += 1,
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {all}\n{}", wrong.len(), wrong.join("\n"));
    assert!(all > 700 && seen > all / 2, "{seen} of {all}");
}

/// Everything that is read through a file, or why nothing is.
async fn reading(text: &str) -> String {
    let data = World::from_seed(7, 6, "2026-04").unwrap().data;
    let (_running, rest) = match serve_text(data, text).await {
        Ok(served) => served,
        Err(refused) => return refused,
    };
    let check = rest.check(&Unwatched).await;
    let (customers, products) = (rest.customers(&Unwatched).await, rest.products(&Unwatched).await);
    let lines = rest.billed_lines(period(), &Unwatched).await;
    let bundles = rest.bundles(&Unwatched).await;
    format!("{check:?}\n{customers:?}\n{products:?}\n{lines:?}\n{bundles:?}")
        .replace(rest.descriptor().location.as_str(), "")
}

/// What neither a reading nor a write through the simulator notices: words, pace, the second of two ways, and what its world holds
/// nothing of. Everything else is noticed.
const UNPLAYED: &[(&str, &str)] = &[
    ("settings.*.note", "words for people"),
    ("settings.*.example", "words for people"),
    ("limits", "pace"),
    ("limits.*", "pace"),
    ("errors", "the built-in table decides as well"),
    ("errors.N", "the built-in table decides as well"),
    ("errors.*.wait", "pace"),
    ("errors.*.wait.max", "pace"),
    ("errors.*.when.status", "the rest of the condition decides alone"),
    ("http.headers.Accept", "the simulator speaks one version only"),
    ("entity.*.list.query", "the order of a list that stays as it is"),
    ("entity.*.list.query.orderBy", "the order of a list that stays as it is"),
    ("entity.*.list.count", "the end is proven by reading twice"),
    ("entity.*.list.page.size", "the system's own size of a page"),
    ("entity.customer.list.gone", "nobody is deleted"),
    ("entity.line.version", "lines are compared by their values"),
    ("entity.*.create.find", "the whole list is read"),
    ("entity.*.link.lookup", "the whole list is read"),
    ("entity.*.fields.*.default", "no row is without"),
    ("entity.line.fields.agreement.dir", "nobody asks for it to be written"),
    ("entity.line.fields.product_code.dir", "nobody asks for it to be written"),
    ("entity.customer.fields.street2.compare", "nobody has one"),
    ("ticket.get", "tickets are made elsewhere"),
    ("ticket.find.query.*", "tickets are made elsewhere"),
    ("ticket.fields.*", "tickets are made elsewhere"),
    ("ticket.fields.*.*", "tickets are made elsewhere"),
];

#[tokio::test]
async fn a_reading_or_a_write_through_the_simulator_notices_what_lint_cannot() {
    let text = ConnectorFile::builtin("builtin:connectwise").unwrap().text;
    let (read, wrote) = (reading(&text).await, written::writing(&text).await);
    assert_eq!(written::writing(&text).await, wrote, "the same file twice");
    let (mut by_reading, mut by_writing, mut wrong) = (0, 0, Vec::new());
    for mutant in mutants(&text).iter().filter(|mutant| faults("x", &mutant.text).is_empty()) {
        if reading(&mutant.text).await != read {
            by_reading += 1;
            continue;
        }
        let is_known = UNPLAYED.iter().any(|(pattern, _)| is_like(&mutant.path, pattern));
        if !is_known && written::writing(&mutant.text).await != wrote {
            by_writing += 1;
        } else if !is_known {
            wrong.push(format!("{:?} {} (line {})", mutant.how, mutant.path, mutant.line));
        }
    }
    assert!(wrong.is_empty(), "read and written as before:\n{}", wrong.join("\n"));
    assert!(by_reading > 30 && by_writing > 30, "{by_reading} by reading, {by_writing} by writing");
}
