//! Stories: vendor and PSA files in, golden tables out; readable without Rust.
//!
//! Each folder of `tests/scenarios` holds a story with its numbers worked by hand, the exports of both sides, the links, and
//! what the reports must say. The hand-worked figures stand in `scenario.toml` and are asserted beside the golden files, so
//! that writing those anew (`INSTA_UPDATE=always`) cannot make a wrong figure right.

#![cfg(test)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use trueup::core::period::BillingPeriod;
use trueup::core::reconcile::outcome::Class;
use trueup::engine::{Unwatched, reconcile_folder};
use trueup::report::{Facts, Input, Names, files, findings};

/// A story and what it expects.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    title: String,
    story: String,
    period: BillingPeriod,
    /// `clean`, `differences` or `unknown`.
    verdict: String,
    /// Of `reconcile --exit-on-findings`.
    status: i32,
    #[serde(default)]
    difference: Vec<Difference>,
    #[serde(default)]
    margin: Vec<Left>,
    /// Reports kept as golden files beside those of every story.
    #[serde(default)]
    also: Vec<String>,
}

/// One cell that differs, worked by hand. Amounts are positive where too little is billed.
#[derive(serde::Deserialize, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[serde(deny_unknown_fields)]
struct Difference {
    customer: String,
    product: String,
    class: String,
    units: String,
    amount: String,
    currency: String,
}

/// What is left at a customer, worked by hand.
#[derive(serde::Deserialize, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[serde(deny_unknown_fields)]
struct Left {
    customer: String,
    currency: String,
    revenue: String,
    cost: String,
    margin: String,
}

/// The reports kept as golden files.
const GOLDEN: [&str; 3] = ["variance.csv", "coverage.csv", "margin.csv"];

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

#[tokio::test]
async fn every_story_ends_as_it_says() {
    let mut folders: Vec<PathBuf> = fs::read_dir(top()).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    assert!(folders.len() >= 12, "{folders:?}");
    let mut classes = BTreeSet::new();
    for folder in folders {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let scenario: Scenario = toml::from_str(&fs::read_to_string(folder.join("scenario.toml")).unwrap())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!scenario.title.is_empty() && scenario.story.len() > 80, "{name} tells no story");
        classes.extend(scenario.difference.iter().map(|difference| difference.class.clone()));
        plays(&name, &folder, scenario).await;
    }
    assert_eq!(classes.len(), 11, "a class is in no story: {classes:?}");
}

async fn plays(name: &str, folder: &Path, scenario: Scenario) {
    let links = folder.join("links.csv");
    let month = reconcile_folder(folder, scenario.period, Some(&links), &Unwatched).await.unwrap();
    let explained = month.explain(&Unwatched);
    let (outcome, documents) = (month.outcome, month.documents);
    let directory = month.directory;
    let names = Names {
        psa_companies: directory.psa_companies,
        vendor_companies: directory.vendor_companies,
        psa_products: directory.psa_products,
        vendor_products: directory.vendor_products,
        company_links: month.company_links,
    };
    let facts = Facts { held: explained.held, candidates: explained.candidates, ..Facts::default() };
    let input = Input { outcome: &outcome, names: &names, facts: &facts, documents: documents.as_ref() };

    let verdict = serde_json::to_value(outcome.verdict).unwrap();
    assert_eq!(verdict, scenario.verdict, "{name}");
    let differs = |v: &trueup::core::reconcile::outcome::Variance| Difference {
        customer: names.customer(&v.company).to_owned(),
        product: names.product(&v.product).to_owned(),
        class: v.class().as_str().to_owned(),
        units: v.quantity_variance.plain_text(),
        amount: v.amount_variance.cents_text(),
        currency: v.currency.to_string(),
    };
    for v in outcome.variances.iter().filter(|v| matches!(v.class(), Class::MissingInPsa | Class::MissingInVendor)) {
        assert_eq!(v.quantity_part, v.amount_variance, "{name}: where no line stands, the units are all of it");
    }
    let found: BTreeSet<_> = outcome.variances.iter().map(differs).collect();
    assert_eq!(found, scenario.difference.into_iter().collect(), "{name}");
    let left = |m: &trueup::core::reconcile::outcome::CustomerMargin| Left {
        customer: names.customer(&m.company).to_owned(),
        currency: m.currency.to_string(),
        revenue: m.revenue.cents_text(),
        cost: m.cost.cents_text(),
        margin: m.margin.cents_text(),
    };
    let found: BTreeSet<_> = outcome.margins.iter().map(left).collect();
    for margin in scenario.margin {
        assert!(found.contains(&margin), "{name}: {margin:?} is not in {found:#?}");
    }

    let made = files(&input).unwrap();
    for file in GOLDEN.into_iter().chain(scenario.also.iter().map(String::as_str)) {
        let (_, bytes) = made.iter().find(|(name, _)| name == file).unwrap();
        golden(name, folder, file, std::str::from_utf8(bytes).unwrap());
    }
    let told: String = findings::costliest(&input, 20).iter().map(|finding| format!("{finding}\n")).collect();
    golden(name, folder, "findings.txt", &told);

    let (_, variances) = made.iter().find(|(name, _)| name == "variances.csv").unwrap();
    by_the_program(name, folder, scenario.period, scenario.status, variances);
}

/// The program ends with the status of the story and writes the same table.
fn by_the_program(name: &str, folder: &Path, period: BillingPeriod, status: i32, variances: &[u8]) {
    let out = tempfile::tempdir().unwrap();
    let ran = Command::new(env!("CARGO_BIN_EXE_trueup"))
        .args(["reconcile", "--exit-on-findings", "--period", &period.to_string(), "--links", "links.csv"])
        .args([Path::new("--from"), Path::new("."), Path::new("--out"), out.path()])
        .current_dir(folder)
        .env_clear()
        .env("HOME", out.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(status), "{name}: {said}");
    assert_eq!(fs::read(out.path().join("variances.csv")).unwrap(), variances, "{name}");
}

#[expect(clippy::disallowed_methods, reason = "the switch of all golden files")]
fn golden(name: &str, folder: &Path, file: &str, found: &str) {
    let path = folder.join("golden").join(file);
    if std::env::var("INSTA_UPDATE").is_ok_and(|how| how == "always") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, found).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        found, expected,
        "{name}: golden/{file}; INSTA_UPDATE=always writes it anew, to be read before it is kept"
    );
}
