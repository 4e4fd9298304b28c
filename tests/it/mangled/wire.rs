//! The connected way over mangled sources: a pull says what it could not read, and no reconcile takes it for whole.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use trueup::clock::Clock;
use trueup::config::{self, Environment};
use trueup::core::id::{Company, Product};
use trueup::core::link::{Link, LinkSet};
use trueup::core::review::{Action, Intent};
use trueup::engine::{Engine, read_links};
use trueup::simulate::{CONNECTWISE, Data, Faults, File, Pax8Credentials, Running, serve_pax8};

use super::{ITEMS, LINES, LINKS, LISTS, PERIOD, change, change_rows, column, whole_month};
use crate::support::hermetic::Place;

/// The two systems.
pub(super) struct Systems {
    pub(super) pax8: Running,
    pub(super) psa: Running,
}

impl Systems {
    pub(super) async fn start(data: &Data, pax8: &str, psa: &str) -> Self {
        let free = "127.0.0.1:0".parse().unwrap();
        let faults = |text: &str| text.parse::<Faults>().unwrap();
        Self {
            pax8: serve_pax8(data.clone(), faults(pax8), Pax8Credentials::default(), free).await.unwrap(),
            psa: CONNECTWISE.serve(data, faults(psa), free).await.unwrap(),
        }
    }

    pub(super) fn requests(&self) -> usize {
        self.pax8.requests() + self.psa.requests()
    }

    /// Writes the configuration for them.
    pub(super) fn configure(&self, place: &Place) {
        let vendor = Pax8Credentials::default();
        place.write(
            "trueup.toml",
            &format!(
                "[store]\nurl = \"sqlite:trueup.db\"\n\n\
                 [connectors.pax8]\nkind = \"pax8\"\nside = \"vendor\"\nbase_url = \"{}/v1\"\nclient_id = \"{}\"\n\
                 client_secret = {{ env = \"PAX8_SECRET\" }}\ncalls_per_minute = 60000\npage_size = 20\nattempts = 1\n\n\
                 [connectors.psa]\nkind = \"rest\"\nside = \"psa\"\nfile = \"builtin:connectwise\"\n\n\
                 [connectors.psa.settings]\nurl = \"{}/v4_6_release/apis/3.0\"\ncompany = \"{}\"\npublic_key = \"{}\"\n\
                 private_key = {{ env = \"PSA_KEY\" }}\nclient_id = {{ env = \"PSA_CLIENT\" }}\n",
                self.pax8.url(),
                vendor.client_id,
                self.psa.url(),
                CONNECTWISE.setting("company"),
                CONNECTWISE.setting("public_key"),
            ),
        );
    }
}

/// A place whose program knows the simulators' secrets.
pub(super) fn place() -> Place {
    let vendor = Pax8Credentials::default();
    Place::new()
        .set("PAX8_SECRET", &vendor.client_secret)
        .set("PSA_KEY", CONNECTWISE.setting("private_key"))
        .set("PSA_CLIENT", CONNECTWISE.setting("client_id"))
}

/// A place with the files of another.
pub(super) fn copy(from: &Place) -> Place {
    let place = place();
    for entry in fs::read_dir(from.path()).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_file() {
            fs::copy(entry.path(), place.path().join(entry.file_name())).unwrap();
        }
    }
    place
}

/// Links what belongs together, as a person would have.
async fn link(place: &Place, data: &Data) {
    let folder = tempfile::tempdir().unwrap();
    data.write_folder(folder.path()).unwrap();
    let (truth, problems) = read_links(&folder.path().join(LINKS), None).unwrap();
    assert_eq!(problems, []);
    let config = config::load(&place.path().join("trueup.toml")).unwrap();
    let engine = Engine::open(&config, &Environment::of([]), Clock::System, "a test").await.unwrap();
    let refused = [
        engine.decide(&intents::<Company>(&truth.companies), "a test").await.unwrap().refused,
        engine.decide(&intents::<Product>(&truth.products), "a test").await.unwrap().refused,
    ];
    assert!(refused.iter().all(Vec::is_empty), "{refused:?}");
}

fn intents<E: Clone>(links: &LinkSet<E>) -> Vec<Intent<E>> {
    let intent = |link: Link<E>| Intent { action: Action::Link(link), reason: None, evidence: None };
    links.iter().map(|(vendor, psa)| intent(Link { vendor: vendor.clone(), psa: psa.clone() })).collect()
}

/// A place with a whole month pulled and linked; it reconciles without a problem.
pub(super) async fn settled(data: &Data) -> Place {
    let place = place();
    let systems = Systems::start(data, "", "").await;
    systems.configure(&place);
    let _ = place.run("db migrate").ended(0);
    let _ = place.run(&format!("pull --period {PERIOD}")).ended(0);
    link(&place, data).await;
    let _ = place.run(&format!("reconcile --period {PERIOD} --out out")).ended(0);
    place
}

/// Pulls and reconciles from two systems; what both commands said, and whether the month is known whole.
fn pulled_and_reconciled(place: &Place) -> (bool, String) {
    let pulled = place.run(&format!("pull --period {PERIOD}"));
    let reconciled = place.run(&format!("reconcile --period {PERIOD} --out out"));
    let said = format!("{}{}", pulled.transcript(), reconciled.transcript());
    assert!(!said.contains("panicked"), "{said}");
    assert_eq!(pulled.status, reconciled.status, "both know of it, or neither: {said}");
    match reconciled.status {
        Some(0) => (true, said),
        Some(8) => {
            assert!(place.read("out/totals.json").contains(r#""verdict": "unknown""#), "{said}");
            (false, format!("{}{}", reconciled.stdout, reconciled.stderr))
        }
        _ => unreachable!("{said}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replies_that_are_mangled_are_named_and_never_pass_for_whole() {
    let data = whole_month(3);
    let settled = settled(&data).await;
    for (pax8, psa, told) in [
        ("bad-quantity@items", "", "field quantity"),
        ("no-currency@items", "", "field currencyCode"),
        ("nan@items", "", "field price"),
        ("cut@items", "", "could not be read"),
        ("hangup@items", "", "could not be read"),
        ("404@items", "", "could not be read"),
        ("no-totals@items", "", "could not be read"),
        ("cut@companies", "", "could not be read"),
        ("404@products", "", "could not be read"),
        ("", "bad-quantity@additions", "quantity"),
        ("", "404@additions", "could not be read"),
        ("", "403@catalog", "could not be read"),
    ] {
        let place = copy(&settled);
        let systems = Systems::start(&data, pax8, psa).await;
        systems.configure(&place);
        let (whole, said) = match psa {
            // a right that is missing needs a person, and is said to
            "403@catalog" => {
                let _ = place.run(&format!("pull --period {PERIOD}")).ended(7);
                let ran = place.run(&format!("reconcile --period {PERIOD}")).ended(8);
                (false, ran.stderr)
            }
            _ => pulled_and_reconciled(&place),
        };
        assert!(!whole && said.contains(told), "{pax8} {psa}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replies_that_say_more_or_say_nothing_aloud_change_nothing() {
    let data = whole_month(3);
    let settled = settled(&data).await;
    let figures = |place: &Place| place.read("out/variances.csv") + &place.read("out/totals.json");
    let expected = figures(&settled);
    for (pax8, psa) in [("extra", "extra"), ("nulls", "nulls"), ("cut=once@items", ""), ("500=once", "503=once")] {
        let place = copy(&settled);
        let systems = Systems::start(&data, pax8, psa).await;
        systems.configure(&place);
        let again = place.read("trueup.toml").replace("attempts = 1", "attempts = 3\npause_ms = 1");
        place.write("trueup.toml", &again);
        let (whole, said) = pulled_and_reconciled(&place);
        assert!(whole, "{pax8} {psa}: {said}");
        assert_eq!(figures(&place), expected, "{pax8} {psa}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_that_are_mangled_at_the_source_are_named_through_the_wire() {
    let data = whole_month(3);
    let settled = settled(&data).await;
    for (file, field, told) in [
        (File::VendorInvoiceItems, "quantity", "quantity"),
        (File::VendorInvoiceItems, "costTotal", "costTotal"),
        (File::PsaAgreementLines, "quantity", "quantity"),
        (File::PsaAgreementLines, "unitPrice", "field price"),
    ] {
        // a figure travels as a number where it is one, and JSON's reader spells its exponent
        for (cell, seen) in [
            ("1,5", "1,5"),
            ("NaN", "NaN"),
            ("1e400", "1e+400"),
            ("79228162514264337593543950335", "7922816251426433759"),
        ] {
            let place = copy(&settled);
            let mut data = data.clone();
            assert!(data.table_mut(file).set(1, field, cell));
            let systems = Systems::start(&data, "", "").await;
            systems.configure(&place);
            let (whole, said) = pulled_and_reconciled(&place);
            assert!(!whole && said.contains(told) && said.contains(seen), "{file:?} {field} = {cell}: {said}");
        }
    }
    // a list that is suddenly empty is not an empty business
    for file in [File::VendorInvoiceItems, File::PsaAgreementLines, File::VendorCompanies, File::PsaProducts] {
        let place = copy(&settled);
        let mut data = data.clone();
        *data.table_mut(file) = trueup::simulate::Table::new(file.columns());
        let systems = Systems::start(&data, "", "").await;
        systems.configure(&place);
        for time in ["first", "second"] {
            let (whole, said) = pulled_and_reconciled(&place);
            assert!(!whole && said.contains("the pull before listed"), "{file:?}, the {time} time: {said}");
        }
    }
}

/// Both sides as folders of exports.
fn configure_folders(place: &Place) {
    place.write(
        "trueup.toml",
        "[store]\nurl = \"sqlite:trueup.db\"\n\n\
         [connectors.portal]\nkind = \"files\"\nside = \"vendor\"\nfolder = \"data\"\n\n\
         [connectors.erp]\nkind = \"files\"\nside = \"psa\"\nfolder = \"data\"\n",
    );
}

type Mangle = fn(&Path, &str);

const MANGLED: [(&str, Mangle); 6] = [
    ("cut in a row", |folder, file| change(folder, file, |bytes| bytes[..bytes.len() - 20].to_vec())),
    ("cut in its last line break", |folder, file| change(folder, file, |bytes| bytes[..bytes.len() - 1].to_vec())),
    ("the id renamed", |folder, file| change_rows(folder, file, |rows| "zz".clone_into(&mut rows[0][0]))),
    ("an id twice", |folder, file| change_rows(folder, file, |rows| rows.push(rows[1].clone()))),
    ("no rows", |folder, file| change_rows(folder, file, |rows| rows.truncate(1))),
    ("not there", |folder, file| fs::remove_file(folder.join(file)).unwrap()),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn folders_that_are_mangled_are_named_by_pull_and_reconcile() {
    let data = whole_month(3);
    let settled = place();
    configure_folders(&settled);
    data.write_folder(&settled.path().join("data")).unwrap();
    let _ = settled.run("db migrate").ended(0);
    let _ = settled.run(&format!("pull --period {PERIOD}")).ended(0);
    link(&settled, &data).await;
    let _ = settled.run(&format!("reconcile --period {PERIOD} --out out")).ended(0);
    for file in [ITEMS, LINES].into_iter().chain(LISTS) {
        for (harm, mangle) in MANGLED {
            let place = copy(&settled);
            let folder = place.path().join("data");
            data.write_folder(&folder).unwrap();
            mangle(&folder, file);
            let (whole, said) = pulled_and_reconciled(&place);
            assert!(!whole && said.contains(file.trim_end_matches(".csv")), "{file}, {harm}: {said}");
        }
    }
    let place = copy(&settled);
    data.write_folder(&place.path().join("data")).unwrap();
    for (file, field) in [(ITEMS, "quantity"), (LINES, "extendedPrice")] {
        change_rows(&place.path().join("data"), file, |rows| {
            let at = column(rows, field);
            "1,5".clone_into(&mut rows[2][at]);
        });
    }
    let (_, said) = pulled_and_reconciled(&place);
    let told: BTreeSet<bool> =
        [format!("{ITEMS}:3, record "), format!("{LINES}:3, record "), "field extendedPrice".into()]
            .iter()
            .map(|told| said.contains(told))
            .collect();
    assert_eq!(told, BTreeSet::from([true]), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recipes_that_cannot_be_read_make_the_month_unknown_until_they_can() {
    let data = whole_month(3);
    let place = place();
    configure_folders(&place);
    data.write_folder(&place.path().join("data")).unwrap();
    let header = "bundlePsaId,psaId,perUnit,weightFrom,weightTo\n";
    let good = format!("{header}b-1,c-1,1,0,0.4\nb-1,c-2,2,0.4,1\n");
    place.write("data/bundles.csv", &good);
    let _ = place.run("db migrate").ended(0);
    let _ = place.run(&format!("pull --period {PERIOD}")).ended(0);
    link(&place, &data).await;
    let (whole, said) = pulled_and_reconciled(&place);
    assert!(whole && said.contains("bundles"), "{said}");
    place.write("data/bundles.csv", &format!("{header}b-1,c-1,1,0,0.4\n"));
    let (whole, said) = pulled_and_reconciled(&place);
    assert!(!whole && said.contains("the weights of the bundle end at 0.4"), "{said}");
    place.write("data/bundles.csv", &good);
    let (whole, said) = pulled_and_reconciled(&place);
    assert!(whole, "{said}");
}
