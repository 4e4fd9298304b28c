//! Finding the file of an entity: by its name, by a known other name, or as the profile says. Never a guess between two.

use std::fs;
use std::path::Path;

use super::entity::{Entity, PSA_ENTITIES, VENDOR_ENTITIES, squeeze};
use super::limits;
use super::profile::{FILE, Layout};
use crate::connectors::ErrorKind;

const ENDINGS: [&str; 6] = ["csv", "tsv", "txt", "json", "jsonl", "ndjson"];

/// The names of the exports in a folder, in order.
///
/// # Errors
/// Where the folder cannot be listed or holds too much.
pub fn list(folder: &Path) -> Result<Vec<String>, ErrorKind> {
    list_within(folder, limits::FOLDER_ENTRIES)
}

fn list_within(folder: &Path, most: usize) -> Result<Vec<String>, ErrorKind> {
    let entries = fs::read_dir(folder)
        .map_err(|refused| ErrorKind::NotFound(format!("folder {} cannot be listed: {refused}", folder.display())))?;
    let mut names = Vec::new();
    for (count, entry) in entries.enumerate() {
        if count >= most {
            let what = format!("folder {} holds more than {} entries", folder.display(), most);
            return Err(ErrorKind::Limit(what));
        }
        let entry = entry.map_err(|refused| ErrorKind::Transient(format!("{}: {refused}", folder.display())))?;
        if let Ok(name) = entry.file_name().into_string()
            && ENDINGS.contains(&ending(&name).as_str())
            && !name.starts_with('.')
        {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// A file's name without its ending.
#[must_use]
pub fn stem(file: &str) -> &str {
    file.rsplit_once('.').map_or(file, |(stem, _)| stem)
}

/// A file's ending in lower case.
#[must_use]
pub fn ending(file: &str) -> String {
    file.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default()
}

/// The file of an entity; `None` where there is none.
///
/// # Errors
/// Where several files fit, or the profile names one that is not there.
pub fn find(names: &[String], entity: &Entity, layout: Option<&Layout>) -> Result<Option<String>, ErrorKind> {
    if let Some(pattern) = layout.and_then(|layout| layout.file.as_deref()) {
        let found = only(names.iter().filter(|name| fits(name, pattern)), entity)?;
        return match found {
            Some(name) => Ok(Some(name)),
            None => Err(ErrorKind::NotFound(format!(
                "{FILE} names `{pattern}` under [{}], and the folder has no such file",
                entity.name
            ))),
        };
    }
    let exact = |name: &str| name == squeeze(entity.name);
    let other = |name: &str| entity.stems.contains(&name);
    let begins = |name: &str| {
        let mut prefixes = entity.stems.iter().filter_map(|known| known.strip_suffix('*'));
        prefixes.any(|prefix| name.starts_with(prefix)) && !is_named(name)
    };
    let ways: [&dyn Fn(&str) -> bool; 3] = [&exact, &other, &begins];
    for way in ways {
        if let Some(name) = only(names.iter().filter(|name| way(&squeeze(stem(name)))), entity)? {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Whether a name belongs to some entity in full.
fn is_named(stem: &str) -> bool {
    VENDOR_ENTITIES.iter().chain(&PSA_ENTITIES).any(|e| squeeze(e.name) == stem || e.stems.contains(&stem))
}

fn only<'n>(mut found: impl Iterator<Item = &'n String>, entity: &Entity) -> Result<Option<String>, ErrorKind> {
    match (found.next(), found.next()) {
        (None, _) => Ok(None),
        (Some(one), None) => Ok(Some(one.clone())),
        (Some(one), Some(two)) => Err(ErrorKind::Settings(format!(
            "`{one}` and `{two}` may both be {name}; say which in {FILE}: under [{name}], file = \"{one}\"",
            name = entity.name
        ))),
    }
}

fn fits(name: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        None => name == pattern,
        Some((head, tail)) => {
            name.len() >= head.len().saturating_add(tail.len()) && name.starts_with(head) && name.ends_with(tail)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::files::entity::{PSA_COMPANIES, VENDOR_INVOICE_ITEMS, VENDOR_INVOICES};

    fn found(names: &[&str], entity: &Entity, file: Option<&str>) -> String {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        let layout = file.map(|file| Layout { file: Some(file.into()), ..Layout::default() });
        match find(&names, entity, layout.as_ref()) {
            Ok(name) => name.unwrap_or_default(),
            Err(refused) => refused.to_string(),
        }
    }

    #[test]
    fn exports_are_listed_in_order_and_within_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.CSV", "a.json", ".hidden.csv", "notes.pdf"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        assert_eq!(list_within(folder.path(), 4).unwrap(), ["a.json", "b.CSV"]);
        let refused = list_within(folder.path(), 3).unwrap_err().to_string();
        assert!(refused.ends_with("holds more than 3 entries"), "{refused}");
        assert!(matches!(list(&folder.path().join("gone")), Err(ErrorKind::NotFound(_))));
    }

    #[test]
    fn a_file_is_found_by_name_or_refused_between_two() {
        for (names, entity, told, expected) in [
            (&["psa_companies.csv", "companies.csv"][..], &PSA_COMPANIES, None, "psa_companies.csv"),
            (&["Customers.CSV"], &PSA_COMPANIES, None, "Customers.CSV"),
            (&["invoice-2026-10.csv", "invoices.csv"], &VENDOR_INVOICE_ITEMS, None, "invoice-2026-10.csv"),
            (&["invoice-2026-10.csv", "invoices.csv"], &VENDOR_INVOICES, None, "invoices.csv"),
            (
                &["invoice-1.csv", "invoice-2.csv"],
                &VENDOR_INVOICE_ITEMS,
                None,
                "`invoice-1.csv` and `invoice-2.csv` may both",
            ),
            (&["k-10.csv"], &PSA_COMPANIES, Some("k-*.csv"), "k-10.csv"),
            (&["k-10.csv"], &PSA_COMPANIES, Some("kunden.csv"), "no such file"),
            (&["psa_companies.csv", "psa_companies.json"], &PSA_COMPANIES, None, "may both be"),
            (&[], &PSA_COMPANIES, None, ""),
        ] {
            let found = found(names, entity, told);
            assert!(found.contains(expected) && found.is_empty() == expected.is_empty(), "{names:?}: {found}");
        }
    }
}
