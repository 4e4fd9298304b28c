//! The error gallery: for each user-facing error an input that provokes it, and its exact text.

use crate::support::hermetic::{Place, golden};

/// A vendor and a PSA from files, to add one mistake to.
const SOUND: &str = "\
[connectors.vendor]
kind = \"files\"
side = \"vendor\"
folder = \"exports\"
";

#[test]
fn mistakes_on_the_command_line() {
    let place = Place::new();
    for (name, line) in [
        ("unknown_command", "recouncile"),
        ("unknown_option", "reconcile --perod 2026-04"),
        ("no_period", "reconcile"),
        ("bad_period", "reconcile --period 2026-13"),
        ("period_of_a_day", "reconcile --period 2026-04-01"),
        ("bad_as_of", "status --as-of yesterday"),
        ("bad_level", "status --log loud=very"),
        ("unknown_report", "report varance --period 2026-04"),
        ("unknown_system", "init pax9"),
        ("workbook_to_standard_output", "report variance --period 2026-04 --format xlsx"),
        ("links_without_folder", "reconcile --period 2026-04 --links links.csv"),
        ("simulate_without_content", "simulate pax8"),
        ("simulate_unknown_fault", "simulate psa --seed 1 --faults 429=2,explode"),
        ("exclude_both_sides", "review exclude --kind customers --vendor a --psa b"),
    ] {
        golden!("errors", name, place.run(line).ended(2).transcript());
    }
}

#[test]
fn mistakes_in_the_configuration() {
    for (name, mistake) in [
        ("unknown_key", "[reconcile]\nsnapshot_age_hour_max = 4\n"),
        ("unknown_key_far_from_all", "[reconcile]\nzzz = 4\n"),
        ("unknown_section", "[matchin.customers]\nmatch_permille_min = 900\n"),
        ("wrong_type", "[limits]\nrecords_max = \"many\"\n"),
        ("fraction", "[matching.customers]\nmatch_permille_min = 0.9\n"),
        ("out_of_range", "[matching.customers]\nmatch_permille_min = 1001\n"),
        ("thresholds_crossed", "[matching.products]\nmatch_permille_min = 400\npossible_permille_min = 500\n"),
        (
            "several_at_once",
            "[limits]\nrecords = 1\nlisting_minutes_max = true\n[store]\nurl = \"mysql://db.example/x\"\n",
        ),
        ("section_that_is_a_value", "[matching]\ncustomers = 7\n"),
        ("no_kind", "[connectors.psa]\nside = \"psa\"\n"),
        ("bad_side", "[connectors.psa]\nkind = \"files\"\nside = \"left\"\n"),
        ("bare_secret", "[connectors.pax8]\nkind = \"pax8\"\nside = \"vendor\"\nclient_secret = \"hunter2\"\n"),
        ("secret_of_two_sources", "[store]\nurl = { env = \"URL\", file = \"url\" }\n"),
        (
            "secret_source_misspelt",
            "[connectors.pax8]\nkind = \"pax8\"\nside = \"vendor\"\nclient_secret = { evn = \"X\" }\n",
        ),
        ("password_in_the_url", "[store]\nurl = \"postgres://me:hunter2@db.example/trueup\"\n"),
        ("not_toml", "[limits\nrecords_max = 3\n"),
        ("key_twice", "[limits]\nrecords_max = 3\nrecords_max = 4\n"),
    ] {
        let place = Place::new();
        place.write("trueup.toml", &format!("{SOUND}\n{mistake}"));
        let ran = place.run("status").ended(2);
        assert!(!ran.transcript().contains("hunter2"), "{}", ran.transcript());
        golden!("errors", name, ran.transcript());
    }
}

#[test]
fn a_configuration_that_cannot_be_read() {
    let place = Place::new();
    golden!("errors", "no_configuration", place.run("status").ended(2).transcript());
    golden!("errors", "named_configuration_missing", place.run("status --config elsewhere.toml").ended(2).transcript());
    std::fs::create_dir(place.path().join("folder.toml")).unwrap();
    golden!("errors", "configuration_is_a_folder", place.run("status --config folder.toml").ended(2).transcript());
    place.write("large.toml", &"#\n".repeat(600_000));
    golden!("errors", "configuration_too_large", place.run("status --config large.toml").ended(2).transcript());
    std::fs::write(place.path().join("latin.toml"), b"# caf\xe9\n").unwrap();
    golden!("errors", "configuration_not_utf8", place.run("status --config latin.toml").ended(2).transcript());
}
