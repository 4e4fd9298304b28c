//! The tour in README.md runs and ends as it says; every other command it names is one that exists.
//!
//! In a block marked `console`, a line `$ …` is run in order, `cd` is followed, and a line `? N` is the expected status.

#![cfg(test)]

use std::path::{Path, PathBuf};

use crate::support::hermetic::{Place, words};

const README: &str = include_str!("../../README.md");

/// The lines of every block of a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in README.lines() {
        match line.strip_prefix("```") {
            Some(word) => inside = !inside && word == language,
            None if inside => lines.push(line),
            None => {}
        }
    }
    lines
}

#[test]
fn the_tour_runs_as_written() {
    let place = Place::new();
    let mut folder = PathBuf::new();
    let lines = blocks("console");
    let mut ran = 0;
    for (at, line) in lines.iter().enumerate() {
        let Some(command) = line.strip_prefix("$ ") else { continue };
        let expected = lines.get(at + 1).and_then(|next| next.strip_prefix("? ")).map_or(0, |n| n.parse().unwrap());
        if let Some(into) = command.strip_prefix("cd ") {
            folder.push(into);
            continue;
        }
        // The first command builds the program as well; here it is built already. The second one runs this test.
        let words = match command {
            "cargo run --release -- demo" => "demo",
            "./tests/run" => continue,
            other => other.strip_prefix("trueup ").expect("the tour runs nothing else"),
        };
        let output = place.start_in(&folder, words).wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(expected), "{command}: {said}");
        ran += 1;
    }
    assert!(ran > 6, "the tour was found");
    for file in
        ["reports/report-2026-10.html", "october.xlsx", "review.xlsx", "result/variances.csv", "result/totals.json"]
    {
        assert!(place.path().join("demo").join(file).is_file(), "{file}");
    }
    assert!(place.path().join("demo/result/report-2026-10.html").is_file());
    let again = place.run("demo --period 2026-10").ended(2);
    assert!(again.stderr.contains("--replace") && again.stderr.contains("october.xlsx"), "{}", again.stderr);
}

#[test]
fn its_columns_are_all_a_german_export_needs_and_the_warning_is_the_one_that_comes() {
    let place = Place::new();
    let sample = |file: &str| {
        let file = format!("{}/samples/csv/{file}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(file).unwrap()
    };
    for file in ["vendor_invoice_items", "vendor_companies", "vendor_products"] {
        place.write(&format!("exports/{file}.csv"), &sample(&format!("canonical/{file}.csv")));
    }
    place.write("exports/psa_agreement_lines.csv", &sample("psa-german/Vertragspositionen.csv"));
    let learnt = place.run("connectors columns exports").ended(0);
    for line in blocks("text").into_iter().filter(|line| !line.starts_with("trueup ")) {
        for part in line.split('…') {
            let part = part.trim_start_matches(", ");
            let words = part.split("Vertragsstatus").next().unwrap();
            assert!(learnt.transcript().contains(words.trim_end_matches(", ")), "{words} in {}", learnt.transcript());
        }
    }
    std::fs::rename(
        place.path().join("exports/psa_agreement_lines.csv"),
        place.path().join("exports/Vertragspositionen.csv"),
    )
    .unwrap();
    place.write("exports/columns.toml", &blocks("toml").join("\n"));
    let ran = place.run("reconcile --from exports --period 2026-10");
    assert!(ran.stdout.contains("Verdict: "), "{}", ran.transcript());
    let unread: Vec<&str> = ran.stderr.lines().filter(|line| line.contains("Vertragspositionen.csv:")).collect();
    assert!(unread.is_empty(), "{unread:?}");
}

#[test]
fn a_system_without_an_interface_is_written_to_and_its_answer_read_as_it_says() {
    let place = Place::new();
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/csv/psa-german");
    for file in ["Artikel.csv", "Kunden.csv", "Vertragspositionen.csv", "columns.toml", "import/import.toml"] {
        let below = if file.starts_with("import/") { file.to_owned() } else { format!("exports/{file}") };
        place.write(&below, &std::fs::read_to_string(samples.join(file)).unwrap());
    }
    let config = "[connectors.psa]\nkind = \"files\"\nside = \"psa\"\nfolder = \"exports\"\nimport = \"import\"\n";
    place.write("trueup.toml", config);
    place.write("Protokoll.csv", "Zeile;Kunden-Nr;Ergebnis;Meldung\r\n2;4001;OK;\r\n");
    let _ = place.run("db migrate").ended(0);
    let of_section = README.split("## A system without an interface").nth(1).unwrap().split("\n## ").next().unwrap();
    let commands: Vec<&str> = of_section.lines().filter_map(|line| line.strip_prefix("trueup ")).collect();
    let [customer, line, hand_over, list, answer, word] = commands[..] else { panic!("{commands:?}") };
    for write in [customer, line] {
        let waits = place.run(write).ended(5).stderr;
        assert!(waits.contains("it waits for the next file"), "{waits}");
    }
    let handed = place.run(hand_over).ended(0).stdout;
    assert!(handed.contains("Kunden-0001.csv") && handed.contains("Positionen-0001.csv"), "{handed}");
    let written = place.read("import/Kunden-0001.csv");
    let expected = blocks("csv").join("\r\n") + "\r\n";
    assert_eq!(written.strip_prefix('\u{feff}'), Some(expected.as_str()));
    let lines = place.read("import/Positionen-0001.csv");
    assert_eq!(lines.lines().nth(1), Some("70001;;;14;;;;;;01.12.2026;"), "{lines}");
    let listed = place.run(&format!("{list} --format json")).ended(0).stdout;
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["rows"].as_array().unwrap().len(), 2, "{listed}");
    let open = place.run("psa imports receipt Kunden-0001.csv").ended(5).stdout;
    assert!(open.contains("0 of 1 row imported, 0 not, 1 not known yet"), "{open}");
    let known = place.run(answer).ended(0).stdout;
    assert!(known.contains("1 of 1 row imported"), "{known}");
    let unasked = place.run(word.trim_end_matches(" --yes")).ended(2).stderr;
    assert!(unasked.contains("Nothing was noted"), "{unasked}");
    let _ = place.run(word).ended(0);
    let journal = place.run("journal list").ended(0).stdout;
    assert!(journal.contains("done") && journal.contains("happened") && !journal.contains("open"), "{journal}");
    let nothing = place.run("psa imports hand-over").ended(0).stdout;
    assert!(nothing.contains("Nothing waits."), "{nothing}");
}

#[test]
fn every_command_it_names_exists() {
    let named = blocks("console").into_iter().filter_map(|line| line.strip_prefix('$')).map(str::trim);
    let commands = named.filter(|line| line.starts_with("trueup ")).map(|line| line.split('#').next().unwrap());
    let bare = README.lines().filter(|line| line.starts_with("trueup ")).map(|line| line.split('#').next().unwrap());
    let mut seen = 0;
    for line in commands.chain(bare) {
        let words = words(line).into_iter().filter(|word| word != "…");
        let parsed = trueup::cli::command().try_get_matches_from(words);
        assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
        seen += 1;
    }
    assert!(seen > 12, "the commands were found");
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/run").is_file());
}
