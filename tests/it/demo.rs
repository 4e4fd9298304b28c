//! The demo, whole: what it says, what it leaves, and that every other command works in the folder it leaves.

use crate::support::hermetic::{Place, golden};

/// The lines of a text that are not the same on every run: the configuration names free ports.
fn settled(text: &str) -> String {
    let fixed = text.lines().map(|line| if line.starts_with("  configuration: ") { "  configuration: <digest>" } else { line });
    fixed.map(|line| format!("{line}\n")).collect()
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
    assert!(refused.stderr.starts_with("error: mine holds files that are not of a demo"), "{}", refused.stderr);
    assert_eq!(place.read("mine/note.txt"), "not of a demo");
}

#[test]
fn every_command_works_in_the_folder_the_demo_leaves() {
    let place = Place::new().set("TRUEUP_CONFIG", "demo/trueup.toml").set("USER", "ada");
    let _ = place.run("demo --dir demo --as-of 2026-11-02").ended(0);
    let mut said = String::new();
    for (line, status) in [
        ("status --as-of 2026-11-02", 0),
        ("db status", 0),
        ("check", 8),
        ("pull --period 2026-10 --as-of 2026-11-02", 8),
        ("review list --kind customers --filter unmapped", 0),
        ("report tie-out --period 2026-10", 0),
        ("report unbilled --period 2026-10 --format csv", 0),
        ("report margin --period 2026-09", 8),
        ("reconcile --period 2026-09", 8),
    ] {
        said.push_str(&settled(&place.run(line).ended(status).transcript()));
        said.push('\n');
    }
    golden!("cli", "in_the_demo", said);
}

#[test]
fn the_connected_way_and_the_folder_give_the_same_bytes() {
    let place = Place::new();
    let _ = place.run("demo --dir demo").ended(0);
    let line = "reconcile --from demo/exports --period 2026-10 --links demo/exports/ground_truth_mappings.csv --out out";
    let _ = place.run(line).ended(8);
    assert_eq!(place.read("out/variances.csv"), place.read("demo/reports/variances.csv"));
}
