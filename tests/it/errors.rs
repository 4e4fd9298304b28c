//! The error gallery: for each user-facing error an input that provokes it, and its exact text.

#![cfg(test)]

use std::io::BufRead as _;

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
        ("as_of_to_come", "propose all --as-of 2999-01-01"),
        ("unknown_ending", "report variance --period 2026-04 --out x.docx"),
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
        ("several_at_once", "[limits]\nrecords = 1\nrecords_max = true\n[store]\nurl = \"mysql://db.example/x\"\n"),
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

#[test]
fn a_now_that_has_not_come_is_for_commands_that_only_read() {
    let place = ready(SOUND);
    place.write("exports/vendor_companies.csv", "id,name\n1,Alder\n");
    for (line, refused) in [
        ("pull", true),
        ("propose all", true),
        ("review import x.csv", true),
        ("review accept --kind customers v", true),
        ("reconcile --period 2026-04", true),
        ("db migrate", true),
        ("demo --dir demo", true),
        ("connections remove vendor --yes", true),
        ("renewals ticket", true),
        ("review list", false),
        ("report variance --period 2026-04", false),
        ("status", false),
        ("db status", false),
        ("reconcile --from exports --period 2026-04", false),
    ] {
        let said = place.run(&format!("{line} --as-of 2999-01-01"));
        assert_eq!(said.stderr.contains("has not come yet"), refused, "{line}: {}", said.stderr);
    }
    let past = place.run("connections verify vendor --as-of 2026-01-01").ended(2);
    assert!(past.stderr.contains("this command writes to another system"), "{}", past.stderr);
}

/// A database that is ready, with both sides from empty folders.
fn ready(connections: &str) -> Place {
    let place = Place::new().set("USER", "ada");
    place.write("trueup.toml", connections);
    let _ = place.run("db migrate").ended(0);
    place
}

#[test]
fn connections_that_cannot_be_opened() {
    let pax8 = "[connectors.pax8]\nkind = \"pax8\"\nside = \"vendor\"\nclient_id = \"7f3a\"\n";
    for (name, connections) in [
        ("secret_not_set", format!("{pax8}client_secret = {{ env = \"PAX8_SECRET\" }}\n")),
        ("secret_file_missing", format!("{pax8}client_secret = {{ file = \"secrets/pax8\" }}\n")),
        ("secret_missing", pax8.to_owned()),
        ("unknown_kind", "[connectors.a]\nkind = \"pacs8\"\nside = \"vendor\"\n".to_owned()),
        ("kind_of_the_other_side", "[connectors.a]\nkind = \"pax8\"\nside = \"psa\"\n".to_owned()),
        ("unknown_setting", "[connectors.a]\nkind = \"files\"\nside = \"psa\"\nfoldr = \"x\"\n".to_owned()),
        ("connector_file_missing", "[connectors.a]\nkind = \"rest\"\nside = \"psa\"\nfile = \"a.toml\"\n".to_owned()),
        (
            "connector_file_not_shipped",
            "[connectors.a]\nkind = \"rest\"\nside = \"psa\"\nfile = \"builtin:a\"\n".to_owned(),
        ),
    ] {
        let place = ready(&connections);
        golden!("errors", name, place.run("pull").ended(2).transcript());
        let _ = place.run("check").ended(2);
    }
}

#[cfg(unix)]
#[test]
fn a_secret_others_may_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = ready(
        "[connectors.pax8]\nkind = \"pax8\"\nside = \"vendor\"\nclient_id = \"7f3a\"\nclient_secret = { file = \"key\" }\n",
    );
    let key = place.write("key", "hunter2\n");
    std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let ran = place.run("pull").ended(2);
    assert!(!ran.transcript().contains("hunter2"));
    golden!("errors", "secret_file_too_open", ran.transcript());
}

#[test]
fn what_the_database_refuses() {
    let place = Place::new().set("USER", "ada");
    place.write("trueup.toml", SOUND);
    golden!("errors", "not_migrated", place.run("status").ended(2).transcript());
    let _ = place.run("db migrate").ended(0);
    // What another run would hold: the lock's file, and in it who holds it.
    let lock = std::fs::File::create(place.path().join("trueup.db.lock")).unwrap();
    lock.lock().unwrap();
    std::fs::write(place.path().join("trueup.db.lock"), "pull by bob, process 4711").unwrap();
    golden!("errors", "lock_held", place.run("pull").ended(6).transcript());
    drop(lock);
    place.write("exports/vendor_companies.csv", "id,name\n1,Alder\n2,Birch\n");
    place.write("trueup.toml", &format!("{SOUND}[limits]\nrecords_max = 1\n"));
    let pulled = place.run("pull --period 2026-10 --as-of 2026-11-02").ended(8).transcript();
    assert!(pulled.contains("2 records are listed; [limits] records_max allows 1"), "{pulled}");
    golden!("errors", "unknown_connection", place.run("pull --only nobody").ended(2).transcript());
    golden!("errors", "one_side_missing", place.run("propose all").ended(2).transcript());
    golden!("errors", "unknown_connector_kind", place.run("connectors describe pax9").ended(2).transcript());
}

/// The exports of the samples, in a folder of a new place.
fn with_exports() -> Place {
    let place = Place::new();
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/csv/canonical");
    for entry in std::fs::read_dir(samples).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        place.write(&format!("exports/{name}"), &std::fs::read_to_string(entry.path()).unwrap());
    }
    place
}

#[test]
fn a_folder_of_exports_that_cannot_be_used_is_told_of_its_files_and_of_no_configuration() {
    let (place, line) = (with_exports(), "reconcile --from exports --period 2026-10");
    let at = |name: &str| place.path().join("exports").join(name);
    golden!("errors", "folder_missing", place.run("reconcile --from elsewhere --period 2026-10").ended(2).transcript());
    place.write("exports/columns.toml", "[psa_agreement_lines\n");
    golden!("errors", "columns_not_toml", place.run(line).ended(2).transcript());
    place.write("exports/columns.toml", "[psa_agreement_lines.columns]\nid = \"id\"\nquantity = { a = \"b\" }\n");
    golden!("errors", "columns_table_for_text", place.run(line).ended(2).transcript());
    std::fs::remove_file(at("columns.toml")).unwrap();
    let lines = place.read("exports/psa_agreement_lines.csv");
    place.write("exports/psa_agreement_lines.csv", &lines.replacen("quantity", "Menge", 1));
    golden!("errors", "column_unknown", place.run(line).ended(8).transcript());
    place.write("exports/psa_agreement_lines.csv", &lines);
    place.write("exports/other.csv", "a,b\n1,2\n");
    for (name, links) in
        [("links_missing", "links.csv"), ("links_a_folder", "exports"), ("links_other", "exports/other.csv")]
    {
        golden!("errors", name, place.run(&format!("{line} --links {links}")).ended(2).transcript());
    }
    std::fs::remove_file(at("vendor_invoice_items.csv")).unwrap();
    golden!("errors", "export_missing", place.run(line).ended(8).transcript());
}

#[test]
fn credentials_that_are_refused_end_with_their_own_status() {
    let place = Place::new().set("SECRET", "wrong").set("USER", "ada");
    let mut simulator = place.start("simulate pax8 --seed 7 --customers 1 --period 2026-10");
    let mut url = String::new();
    std::io::BufReader::new(simulator.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
    let connections = format!(
        "[connectors.pax8]\nkind = \"pax8\"\nside = \"vendor\"\nbase_url = \"{}\"\nclient_id = \"demo-client\"\n\
         client_secret = {{ env = \"SECRET\" }}\n",
        url.trim_end()
    );
    place.write("trueup.toml", &connections);
    let _ = place.run("db migrate").ended(0);
    let ran = place.run("pull --period 2026-10 --as-of 2026-11-02").ended(7);
    let _ = place.run("check").ended(7);
    simulator.kill().unwrap();
    let _ = simulator.wait();
    golden!("errors", "credentials_refused", ran.transcript().replace(url.trim_end(), "<url>"));
}

#[cfg(unix)]
#[test]
fn a_link_in_the_place_of_the_lock_is_not_followed() {
    let place = ready(SOUND);
    let other = place.write("other", "precious");
    std::os::unix::fs::symlink(&other, place.path().join("trueup.db.lock")).unwrap();
    let ran = place.run("pull").ended(1);
    assert!(ran.stderr.contains("trueup.db.lock cannot be opened"), "{}", ran.stderr);
    assert_eq!(place.read("other"), "precious");
}

#[cfg(unix)]
#[test]
fn who_holds_the_lock_is_named_with_its_machine_and_since_when() {
    let place = Place::new();
    place.write("trueup.toml", SOUND);
    let _ = place.run("db migrate").ended(0);
    place.write("exports/vendor_companies.csv", "id,name\n1,Alder\n");
    let _ = place.run("pull");
    let holder = place.read("trueup.db.lock");
    let user = format!("pull by user {}@", rustix::process::getuid().as_raw());
    assert!(holder.starts_with(&user), "{holder}");
    assert!(holder.contains(", process ") && holder.contains(", since 2"), "{holder}");
}

#[test]
fn a_server_that_is_not_there_is_told_as_such() {
    let place = Place::new();
    place.write("trueup.toml", &format!("{SOUND}[store]\nurl = \"postgres://ada@127.0.0.1:1/trueup\"\n"));
    for line in ["status", "db migrate"] {
        let ran = place.run(line).ended(1);
        assert_eq!(ran.stderr.matches("refused").count(), 1, "{}", ran.stderr);
        assert!(!ran.stderr.contains("timed out"), "{}", ran.stderr);
    }
}

#[test]
fn a_database_url_that_is_none_is_not_shown() {
    for url in ["host=db user=x password=CANARY", "postgres//u:CANARY@h/x", "postgres://u@h/x?sslpassword=CANARY"] {
        let place = Place::new().set("DBU", url);
        place.write("trueup.toml", &format!("{SOUND}[store]\nurl = {{ env = \"DBU\" }}\n"));
        for line in ["status", "db migrate", "db migrate --log trace"] {
            let ran = place.run(line).ended(2);
            assert!(ran.stderr.contains("the database location cannot be used: "), "{}", ran.stderr);
            assert!(!ran.transcript().contains("CANARY"), "{}", ran.transcript());
        }
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1, "no file of that name");
    }
}

#[cfg(unix)]
#[test]
fn a_database_that_everybody_may_write_is_warned_of() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = ready(SOUND);
    for (mode, warned) in [(0o600, false), (0o664, false), (0o666, true)] {
        std::fs::set_permissions(place.path().join("trueup.db"), std::fs::Permissions::from_mode(mode)).unwrap();
        let ran = place.run("status").ended(0);
        assert_eq!(ran.stderr.contains("every user of this machine may write to"), warned, "{}", ran.stderr);
    }
}
