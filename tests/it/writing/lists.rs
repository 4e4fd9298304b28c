//! Lists that move while they are read: whole, or said not to be.

use std::collections::BTreeSet;

use trueup::connectors::rest::{ConnectorFile, Rest};
use trueup::connectors::{PsaConnector as _, Unwatched};
use trueup::simulate::{Data, File, SYSTEMS, System};

use crate::rest::settings_of;

/// More customers than fit a page of three.
fn customers() -> Data {
    let mut data = Data::empty();
    for id in 1_001..=1_020 {
        let (id, name) = (id.to_string(), format!("Customer {id}"));
        let cells = [
            ("id", id.as_str()),
            ("identifier", &name),
            ("name", &name),
            ("status", "Active"),
            ("deletedFlag", "false"),
        ];
        data.table_mut(File::PsaCompanies).push(&cells);
    }
    data
}

/// A text with another number after each of these words that has one.
fn renumbered(text: &str, word: &str, number: u32) -> String {
    let mut parts = text.split(word);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        let is_number = rest.len() < part.len();
        if is_number { format!("{all}{word}{number}{rest}") } else { format!("{all}{word}{part}") }
    })
}

/// The file of a system without its pace, and with pages of this size where it says one.
fn file(name: &str, size: Option<u32>) -> ConnectorFile {
    let mut file = ConnectorFile::builtin(&format!("builtin:{name}")).unwrap();
    file.text = renumbered(&file.text, "calls = ", 1_000_000);
    if let Some(size) = size {
        file.text = renumbered(&file.text, "value = ", size);
    }
    file
}

async fn ids(rest: &Rest) -> Result<BTreeSet<String>, String> {
    let read = rest.customers(&Unwatched).await.map_err(|error| error.to_string())?;
    Ok(read.records().iter().map(|customer| customer.id.to_string()).collect())
}

#[tokio::test]
async fn no_list_of_any_system_that_moved_is_called_complete_and_is_not() {
    // a system that says itself how long a page is has too few rows here for two
    let has_size = |system: &&&System| file(system.name, None).text != file(system.name, Some(3)).text;
    for system in SYSTEMS.iter().filter(has_size) {
        let (mut whole, mut refused) = (0, 0);
        let customers = customers();
        for seed in 0..30 {
            let faults = format!("seed={seed},insert=chance:120,delete=chance:120,resort=chance:40");
            let at = "127.0.0.1:0".parse().unwrap();
            let running = system.serve(&customers, faults.parse().unwrap(), at).await.unwrap();
            let connect = |size| Rest::new(settings_of(system, file(system.name, size), &running)).unwrap();
            // one page is not disturbed, unless a second one is asked for to see that it was the last
            let Ok(before) = ids(&connect(None)).await else { continue };
            match ids(&connect(Some(3))).await {
                Ok(read) => {
                    whole += 1;
                    let Ok(after) = ids(&connect(None)).await else { continue };
                    let missing: Vec<_> = before.intersection(&after).filter(|id| !read.contains(*id)).collect();
                    assert!(missing.is_empty(), "{} {seed}: complete, and these were there: {missing:?}", system.name);
                }
                Err(error) => {
                    assert!(error.contains("the listing is not complete"), "{} {seed}: {error}", system.name);
                    refused += 1;
                }
            }
        }
        assert!(whole > 3 && whole + refused > 10, "{}: both are met: {whole} whole, {refused} refused", system.name);
    }
}
