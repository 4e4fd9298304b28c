//! Headers to fields: by name, with the known other names, or as the profile says.
//!
//! Keeps the invariants that no field has two columns, that a required field without one refuses the file, and that a
//! remembered column that is gone refuses it too.

use super::entity::{Entity, Field, squeeze};
use super::profile::{FILE, Layout};
use crate::connectors::ErrorKind;
use crate::core::nearest::{likeness, nearest};
use crate::core::outside::excerpt;

/// Where the values of a field come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// The column at this position.
    At(usize),
    /// The profile says it for every row.
    Constant(String),
    /// The file does not say.
    Absent,
}

/// The column of each field of an entity, in the order of its fields.
///
/// # Errors
/// Names the file, the field, the column and what to write into the profile.
pub fn resolve(
    file: &str,
    header: &[String],
    entity: &Entity,
    layout: Option<&Layout>,
) -> Result<Vec<Column>, ErrorKind> {
    let told = |field: &Field| layout.and_then(|layout| layout.columns.get(field.name));
    let refused = |what: String| ErrorKind::Malformed { at: file.to_owned(), what };
    let mut columns = Vec::with_capacity(entity.fields.len());
    for field in entity.fields {
        let positions = if let Some(column) = told(field) {
            let at = positions(header, |name| name == squeeze(column));
            if at.is_empty() {
                return Err(refused(changed(field, column, header, entity, layout)));
            }
            at
        } else {
            let meant = positions(header, |name| field.is_meant_by(name));
            meant.into_iter().filter(|at| !is_taken(header, *at, layout)).collect()
        };
        let constant = layout.and_then(|layout| layout.constants.get(field.name));
        columns.push(match (positions.as_slice(), constant) {
            ([at], _) => Column::At(*at),
            ([], Some(value)) => Column::Constant(value.clone()),
            ([], None) if field.required => return Err(refused(missing(field, header, entity))),
            ([], None) => Column::Absent,
            ([first, second, ..], _) => return Err(refused(doubled(field, header, *first, *second, entity))),
        });
    }
    Ok(columns)
}

/// What is doubtful about a file that spells its columns canonically, lacks one that changes what its lines mean, and has
/// others that mean nothing known: one of them may be the lacking one. Under a profile a person has said which is which.
#[must_use]
pub fn doubt(header: &[String], columns: &[Column], entity: &Entity, layout: Option<&Layout>) -> Option<String> {
    const UNKNOWN_SHOWN: usize = 8;
    if layout.is_some() {
        return None;
    }
    let known: Vec<usize> = columns
        .iter()
        .filter_map(|column| match column {
            Column::At(at) => Some(*at),
            Column::Constant(_) | Column::Absent => None,
        })
        .collect();
    let canonical = |at: &usize| header.get(*at).is_some_and(|name| entity.position(name).is_some());
    let unknown: Vec<String> = header
        .iter()
        .enumerate()
        .filter(|(at, _)| !known.contains(at))
        .take(UNKNOWN_SHOWN)
        .map(|(_, name)| format!("`{}`", shown(name)))
        .collect();
    let lacks = entity.fields.iter().zip(columns).find(|(field, column)| field.missed && **column == Column::Absent);
    let (field, _) = lacks.filter(|_| !unknown.is_empty() && known.iter().all(canonical))?;
    Some(format!(
        "no column for `{name}`, and some that are not known: {}; was it renamed? Name it in {FILE}: under \
         [{entity}.columns], {name} = \"…\"; if the file has none, under [{entity}.constants], {name} = \"\"",
        unknown.join(", "),
        name = field.name,
        entity = entity.name,
    ))
}

/// What can be recognised without a profile; fields with no column or several are left out.
#[must_use]
pub fn recognised(header: &[String], entity: &Entity) -> Vec<Column> {
    let column = |field: &Field| match positions(header, |name| field.is_meant_by(name)).as_slice() {
        [at] => Column::At(*at),
        _ => Column::Absent,
    };
    entity.fields.iter().map(column).collect()
}

/// How many fields a header names, under the profile or without.
#[must_use]
pub fn score(header: &[String], entity: &Entity, layout: Option<&Layout>) -> usize {
    let known = |name: &str| {
        entity.fields.iter().any(|field| field.is_meant_by(name))
            || layout.is_some_and(|layout| layout.columns.values().any(|column| squeeze(column) == name))
    };
    header.iter().filter(|name| known(&squeeze(name))).count()
}

fn positions(header: &[String], means: impl Fn(&str) -> bool) -> Vec<usize> {
    header.iter().enumerate().filter(|(_, name)| means(&squeeze(name))).map(|(at, _)| at).collect()
}

/// Whether the profile gives this column to some field.
fn is_taken(header: &[String], at: usize, layout: Option<&Layout>) -> bool {
    let Some(name) = header.get(at).map(|name| squeeze(name)) else { return false };
    layout.is_some_and(|layout| layout.columns.values().any(|column| squeeze(column) == name))
}

fn shown(name: &str) -> String {
    excerpt(name.trim(), 60)
}

fn missing(field: &Field, header: &[String], entity: &Entity) -> String {
    let words = || std::iter::once(field.name).chain(field.aliases.iter().copied());
    let near = words()
        .flat_map(|word| header.iter().filter_map(move |name| Some((likeness(word, name)?, name.as_str()))))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name);
    let example = near.map_or_else(|| "the column's header".to_owned(), shown);
    let nearest = near.map_or_else(
        || format!("none of its {} columns comes near", header.len()),
        |near| format!("the nearest is `{}`", shown(near)),
    );
    format!(
        "no column for `{}`; {nearest}. Name the right one in {FILE}: under [{}.columns], {} = \"{example}\"",
        field.name, entity.name, field.name
    )
}

fn doubled(field: &Field, header: &[String], first: usize, second: usize, entity: &Entity) -> String {
    let name = |at: usize| header.get(at).map(|name| shown(name)).unwrap_or_default();
    format!(
        "the columns `{}` ({}) and `{}` ({}) both mean `{}`; say which in {FILE}: under [{}.columns], {} = \"{}\"",
        name(first),
        first.saturating_add(1),
        name(second),
        second.saturating_add(1),
        field.name,
        entity.name,
        field.name,
        name(first)
    )
}

fn changed(field: &Field, column: &str, header: &[String], entity: &Entity, layout: Option<&Layout>) -> String {
    const NEW_SHOWN: usize = 5;
    let remembered = layout.map(|layout| layout.header.as_slice()).unwrap_or_default();
    let fresh: Vec<String> = header
        .iter()
        .filter(|name| !remembered.is_empty() && !remembered.iter().any(|known| squeeze(known) == squeeze(name)))
        .take(NEW_SHOWN)
        .map(|name| format!("`{}`", shown(name)))
        .collect();
    let new = if fresh.is_empty() { String::new() } else { format!("; new since then: {}", fresh.join(", ")) };
    let near = nearest(column, header.iter().map(String::as_str)).map(shown);
    let nearest = near.map(|near| format!("; the nearest is `{near}`")).unwrap_or_default();
    format!(
        "the column `{}` that {FILE} gives for `{}` is gone{new}{nearest}. If it was renamed, change it under [{}.columns]",
        shown(column),
        field.name,
        entity.name
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::files::entity::{LINKS, PSA_COMPANIES};

    fn resolved(header: &[&str], layout: &str) -> Result<Vec<Column>, String> {
        let header: Vec<String> = header.iter().map(|h| (*h).to_owned()).collect();
        let layout: Layout = toml::from_str(layout).unwrap();
        resolve("k.csv", &header, &PSA_COMPANIES, Some(&layout)).map_err(|refused| refused.to_string())
    }

    #[test]
    fn columns_are_found_by_name_in_any_order() {
        let columns = resolved(&["Zip Code", "Company Name", "COMPANY_ID", "x"], "").unwrap();
        let at = |field| columns[PSA_COMPANIES.position(field).unwrap()].clone();
        assert_eq!(
            (at("id"), at("name"), at("zip"), at("city")),
            (Column::At(2), Column::At(1), Column::At(0), Column::Absent)
        );
        let columns =
            resolved(&["Nr", "Name"], "columns = { id = \"Nr\" }\nconstants = { status = \"Active\" }").unwrap();
        assert_eq!(columns[0], Column::At(0));
        assert!(columns.contains(&Column::Constant("Active".into())));
    }

    #[test]
    fn a_column_that_is_missed_beside_one_that_is_not_known_is_doubted() {
        for (header, layout, told) in [
            (
                "kind,vendorId,psaId,compared",
                None,
                Some("no column for `compare`, and some that are not known: `compared`; was it renamed?"),
            ),
            ("kind,vendorId,psaId,compare,note", None, None),
            // nothing that could be it, another spelling, or a person's word
            ("kind,vendorId,psaId", None, None),
            ("Kind,Vendor Id,psaId,note", None, None),
            ("kind,vendorId,psaId,note", Some(Layout::default()), None),
        ] {
            let header: Vec<String> = header.split(',').map(str::to_owned).collect();
            let columns = resolve("l.csv", &header, &LINKS, layout.as_ref()).unwrap();
            let doubt = doubt(&header, &columns, &LINKS, layout.as_ref());
            assert_eq!(doubt.is_some(), told.is_some(), "{header:?}: {doubt:?}");
            assert!(doubt.unwrap_or_default().contains(told.unwrap_or_default()), "{header:?}");
        }
    }

    #[test]
    fn a_header_that_does_not_fit_is_refused_with_what_to_do() {
        for (header, layout, told) in [
            (
                &["id", "nmae"][..],
                "",
                "k.csv: no column for `name`; the nearest is `nmae`. Name the right one in columns.toml: under [psa_companies.columns], name = \"nmae\"",
            ),
            (&["id", "zzzzzz"], "", "none of its 2 columns comes near"),
            (&["id", "name", "Company Name"], "", "`name` (2) and `Company Name` (3) both mean `name`"),
            (
                &["id", "Kundenname"],
                "header = [\"id\", \"Kunde\"]\ncolumns = { name = \"Kunde\" }",
                "the column `Kunde` that columns.toml gives for `name` is gone; new since then: `Kundenname`",
            ),
        ] {
            let refused = resolved(header, layout).unwrap_err();
            assert!(refused.contains(told), "{refused}");
        }
        // what the profile says of two is no doubt
        assert!(resolved(&["id", "name", "Company Name"], "columns = { name = \"name\" }").is_ok());
    }
}
