//! The demo, whole: what it says, what it leaves, and that every other command works in the folder it leaves.

use crate::support::hermetic::{Place, golden};

/// A text without what is not the same on every run: the ports, and the digest of a configuration that names them.
fn settled(text: &str) -> String {
    let mut settled = String::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let port = words.iter().position(|word| *word == "--port").and_then(|at| words.get(at + 1));
        let line = port.map_or_else(|| line.to_owned(), |port| line.replace(port, "<port>"));
        let line = if line.starts_with("  configuration: ") { "  configuration: <digest>" } else { &line };
        settled.push_str(line);
        settled.push('\n');
    }
    settled
}

#[test]
fn the_demo_plays_a_month_and_may_be_played_again() {
    let place = Place::new().set("USER", "ada");
    let first = place.run("demo --dir demo --as-of 2026-11-02").ended(0);
    golden!("cli", "demo", settled(&first.stdout));
    let again = place.run("demo --dir demo --as-of 2026-11-02").ended(0);
    assert_eq!(settled(&again.stdout), settled(&first.stdout));
    place.write("mine/note.txt", "not of a demo");
    let refused = place.run("demo --dir mine").ended(2);
    assert!(refused.stderr.starts_with("error: mine is there, and no demo made it"), "{}", refused.stderr);
    assert_eq!(place.read("mine/note.txt"), "not of a demo");
}

#[test]
fn the_folder_the_demo_leaves_answers_without_the_simulators() {
    let place = Place::new().set("TRUEUP_CONFIG", "demo/trueup.toml").set("USER", "ada");
    let _ = place.run("demo --dir demo --as-of 2026-11-02").ended(0);
    let mut said = String::new();
    for (line, status) in [
        ("status --as-of 2026-11-02", 0),
        ("db status", 0),
        ("review list --kind customers --filter unmapped", 0),
        ("report tie-out --period 2026-10 --as-of 2026-11-02", 0),
        ("report unbilled --period 2026-10 --format csv --as-of 2026-11-02", 0),
        ("report margin --period 2026-09", 8),
        ("reconcile --period 2026-09 --as-of 2026-11-02", 8),
    ] {
        said.push_str(&settled(&place.run(line).ended(status).transcript()));
        said.push('\n');
    }
    golden!("cli", "in_the_demo", said);
}

#[test]
fn exports_are_checked_pulled_and_proposed_on() {
    let place = Place::new().set("USER", "ada");
    let _ = place.run("demo --dir demo --as-of 2026-11-02").ended(0);
    let _ = place.run("init files --set vendor_files.folder=demo/data --set psa_files.folder=demo/data").ended(0);
    let mut said = String::new();
    for (line, status) in [
        ("db migrate", 0),
        ("db migrate", 0),
        ("check", 8),
        ("check --only vendor_files --format json", 0),
        ("pull --period 2026-10 --as-of 2026-11-02", 8),
        ("propose all --as-of 2026-11-02", 0),
        ("reconcile --period 2026-10 --as-of 2026-12-24", 8),
    ] {
        said.push_str(&settled(&place.run(line).ended(status).transcript()));
        said.push('\n');
    }
    golden!("cli", "from_exports", said);
}

#[test]
fn the_connected_way_and_the_folder_give_the_same_bytes() {
    let place = Place::new();
    let _ = place.run("demo --dir demo --period 2026-10").ended(0);
    let line = "reconcile --from demo/data --period 2026-10 --links demo/data/ground_truth_mappings.csv --out out";
    let _ = place.run(line).ended(8);
    for file in ["variances.csv", "totals.json"] {
        assert_eq!(place.read(&format!("out/{file}")), place.read(&format!("demo/reports/{file}")), "{file}");
    }
}

#[test]
fn a_decision_goes_through_the_command_line_or_a_sheet_and_is_looked_at_again() {
    let place = Place::new().set("TRUEUP_CONFIG", "demo/trueup.toml").set("USER", "ada");
    let _ = place.run("demo --dir demo --as-of 2026-11-02").ended(0);
    let listed = place.run("review list --kind customers --filter mapped --format json").ended(0).stdout;
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let row = &listed["rows"][0];
    let (vendor, psa) = (row["vendor id"].as_str().unwrap(), row["PSA id"].as_str().unwrap());

    let refused = place.run(&format!("review exclude --kind customers --vendor {vendor}")).ended(4);
    assert!(refused.stderr.contains("unlink it before it is excluded"), "{}", refused.stderr);
    let _ = place.run(&format!("review unlink --kind customers {vendor} --reason moved")).ended(0);
    let _ = place.run(&format!("review unlink --kind customers {vendor}")).ended(2);

    for file in ["review.csv", "review.xlsx"] {
        let _ = place.run(&format!("review export --filter proposed {file}")).ended(0);
        assert_eq!(place.run(&format!("review import {file}")).ended(0).stdout, "0 decisions saved\n");
    }
    let mut reader = csv::Reader::from_path(place.path().join("review.csv")).unwrap();
    let head = reader.headers().unwrap().clone();
    let at = |name: &str| head.iter().position(|column| column == name).unwrap();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&head).unwrap();
    for record in reader.records().map(Result::unwrap) {
        let decide = |(column, cell)| {
            if column == at("decision") && &record[at("vendor_id")] == vendor { "accept" } else { cell }
        };
        writer.write_record(record.iter().enumerate().map(decide)).unwrap();
    }
    place.write("filled.csv", &String::from_utf8(writer.into_inner().unwrap()).unwrap());
    assert_eq!(place.run("review import filled.csv --by bob").ended(0).stdout, "1 decision saved\n");
    let again = place.run("review import filled.csv").ended(2);
    assert!(again.stderr.contains("filled.csv:"), "{}", again.stderr);
    let shown = place.run(&format!("review show --kind customers {vendor}")).ended(0).stdout;
    assert!(shown.contains("accepted by bob") && shown.contains(&format!("({psa})")), "{shown}");
}
