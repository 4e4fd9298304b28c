//! The command line as a user meets it: output, errors and exit statuses pinned together.

use std::fmt::Write;
use std::io::BufRead as _;
use std::path::Path;

use crate::support::hermetic::{Place, golden};

#[test]
fn the_definition_of_the_command_line_is_sound() {
    trueup::cli::command().debug_assert();
}

#[test]
fn the_whole_reference_is_as_pinned() {
    let mut text = String::new();
    let mut root = trueup::cli::command().term_width(100).version("x.y.z");
    root.build();
    reference(&mut text, &root, "trueup", 0);
    golden!("cli", "reference", text);
}

#[test]
fn a_simulator_says_where_it_is_and_an_interrupt_ends_it_with_130() {
    let place = Place::new();
    for (system, signal, path) in [
        ("pax8", rustix::process::Signal::INT, "/v1\n"),
        ("psa", rustix::process::Signal::TERM, "/v4_6_release/apis/3.0\n"),
    ] {
        let mut child = place.start(&format!("simulate {system} --seed 7 --period 2026-04 --customers 1"));
        let mut url = String::new();
        std::io::BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
        assert!(url.starts_with("http://127.0.0.1:") && url.ends_with(path), "{url}");
        rustix::process::kill_process(rustix::process::Pid::from_child(&child), signal).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130));
        assert!(String::from_utf8(output.stderr).unwrap().ends_with("error: interrupted\n"));
    }
}

/// The long help of a command and everything below it. The options every command has are shown once.
fn reference(text: &mut String, command: &clap::Command, path: &str, depth: usize) {
    let mut shown = command.clone().term_width(100);
    if depth > 0 {
        shown = shown.mut_args(|arg| if arg.is_global_set() { arg.hide(true) } else { arg });
    }
    let _ = writeln!(text, "{} {path}\n\n{}", "#".repeat(depth + 1), shown.render_long_help());
    for inner in command.get_subcommands() {
        reference(text, inner, &format!("{path} {}", inner.get_name()), depth + 1);
    }
}

#[test]
fn each_command_shows_an_example_and_it_parses() {
    let mut root = trueup::cli::command();
    root.build();
    each(&root, &mut |command| {
        let help = command.clone().render_long_help().to_string();
        if command.get_name() == "trueup" {
            return;
        }
        let examples = help.lines().filter_map(|line| line.trim_start().strip_prefix("trueup "));
        let mut count = 0;
        for example in examples.filter(|line| line.len() > 1) {
            count += 1;
            // Words in quotes are one word; the examples quote only whole words.
            let mut words = vec!["trueup".to_owned()];
            for (index, part) in example.split('"').enumerate() {
                if index % 2 == 1 {
                    words.push(part.to_owned());
                } else {
                    words.extend(part.split_whitespace().map(str::to_owned));
                }
            }
            let parsed = trueup::cli::command().try_get_matches_from(&words);
            assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
        }
        assert!(count > 0, "`{}` shows no example", command.get_name());
    });
}

/// As it is pasted: on one line however narrow the terminal, and without what only one of the shells understands.
#[test]
fn each_example_can_be_pasted_into_any_shell() {
    let mut root = trueup::cli::command();
    root.build();
    each(&root, &mut |command| {
        let Some(below) = command.get_after_help().map(ToString::to_string) else { return };
        let shown = command.clone().term_width(40).render_long_help().to_string();
        for example in below.lines().filter(|line| line.starts_with("  trueup ")) {
            assert!(shown.lines().any(|line| line == example), "wrapped: {example}\n{shown}");
            assert!(!example.contains(['\\', '`', '$', '\'']), "not for every shell: {example}");
        }
    });
}

fn each(command: &clap::Command, visit: &mut dyn FnMut(&clap::Command)) {
    visit(command);
    for inner in command.get_subcommands() {
        each(inner, visit);
    }
}

#[test]
fn help_and_version_go_to_standard_output_and_succeed() {
    let place = Place::new();
    for line in ["--help", "-h", "pull --help", "review accept -h"] {
        let ran = place.run(line).ended(0);
        assert!(ran.stderr.is_empty() && ran.stdout.contains("Usage: trueup"), "{}", ran.transcript());
    }
    let version = place.run("--version").ended(0);
    assert_eq!(version.stdout, format!("trueup {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn init_writes_a_configuration_that_is_valid_and_never_replaces_one() {
    for (name, systems) in [
        (
            "pax8_connectwise",
            "pax8 connectwise --set pax8.client_id=7f3a --set connectwise.company=me --set connectwise.public_key=k",
        ),
        ("pax8_rest", "pax8 rest --set pax8.client_id=7f3a --set psa.file=acme-psa.toml"),
        ("pax8_tryton", "pax8 tryton --set pax8.client_id=7f3a --set tryton.url=https://erp.example/demo"),
        ("pax8_files", "pax8 files --set pax8.client_id=7f3a --set psa_files.folder=out/of/psa"),
        ("files", "files"),
    ] {
        let place = Place::new();
        let first = place.run(&format!("init {systems}")).ended(0);
        let written = place.read("trueup.toml");
        golden!("cli", format!("init_{name}"), format!("{}--- trueup.toml\n{written}", first.transcript()));
        trueup::config::parse(Path::new("trueup.toml"), &written).unwrap();
        let again = place.run(&format!("init {systems}")).ended(2);
        assert_eq!(again.stderr.lines().next(), Some("error: trueup.toml is there already and is not replaced"));
        assert_eq!(place.read("trueup.toml"), written);
    }
}

#[test]
fn what_nobody_could_be_asked_is_left_empty_named_and_refused_until_filled_in() {
    let place = Place::new();
    let first = place.run("init pax8 connectwise").ended(0).transcript();
    let then = place.run("check").ended(2).transcript();
    golden!("cli", "init_to_fill_in", format!("{first}\n{then}"));
}

#[test]
fn nothing_that_steers_a_terminal_reaches_a_pipe() {
    let place = Place::new();
    place.write(
        "trueup.toml",
        "[connectors.\"a\\u001b]0;title\\u0007\"]\nkind = \"b\\u001b[31m\\u202E\"\nside = \"psa\"\n",
    );
    let mut said = place.run("db migrate --log sqlx=trace").ended(0).transcript();
    assert!(said.contains("TRACE") || said.contains("DEBUG"), "something was logged: {said}");
    for line in ["check", "pull --period 2026-04", "pull --only \u{1b}[31m"] {
        let ran = place.run(line);
        said.extend([ran.stdout, ran.stderr]);
    }
    assert!(said.contains('␛') && !said.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{said:?}");
}

#[test]
fn init_writes_where_it_is_told_by_option_or_variable() {
    let place = Place::new().set("TRUEUP_CONFIG", "from-variable.toml");
    let _ = place.run("init pax8 files --config named.toml").ended(0);
    let _ = place.run("init pax8 files").ended(0);
    assert_eq!(place.read("named.toml"), place.read("from-variable.toml"));
    assert!(!place.path().join("trueup.toml").exists());
}

#[test]
fn nothing_is_asked_where_nobody_sits() {
    let place = Place::new();
    let transcripts: String = [
        "init",
        "init pax8",
        "init connectwise",
        "init pax8 connectwise rest",
        "init pax8 connectwise files",
        "init pax8 files --set pax8.clientid=7",
        "init pax8 files --set pax8.client_id",
    ]
    .map(|line| place.run(line).ended(2).transcript())
    .join("\n");
    golden!("cli", "init_incomplete", transcripts);
    assert!(!place.path().join("trueup.toml").exists());
}

#[test]
fn columns_are_remembered_once_and_held_against_later_files() {
    let place = Place::new();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/csv/canonical/");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        place.write(&format!("exports/{name}"), &std::fs::read_to_string(format!("{folder}{name}")).unwrap());
    }
    place.write("exports/psa_companies.csv", "Nummer;Firma\n1;Nordlicht\n");
    let ran = place.run("connectors columns exports").ended(0);
    assert!(ran.stderr.contains("psa_companies.csv, [psa_companies]: no column for id, name; there are Nummer, Firma"));
    assert!(place.read("exports/columns.toml").contains("[psa_agreement_lines.columns]"));
    let again = place.run("connectors columns exports").ended(2);
    assert!(again.stderr.contains("columns.toml is there already"), "{}", again.stderr);
    std::fs::remove_file(place.path().join("exports/columns.toml")).unwrap();
    place.write("exports/psa_companies.csv", "id;name\n1;Nordlicht\n");
    assert_eq!(place.run("connectors columns exports").ended(0).stderr, "");
    let lines = place.read("exports/psa_agreement_lines.csv");
    place.write("exports/psa_agreement_lines.csv", &lines.replacen("quantity", "qty", 1));
    let changed = place.run("reconcile --from exports --period 2026-10");
    assert_ne!(changed.status, Some(0));
    assert!(changed.stderr.contains("quantity") && changed.stderr.contains("columns.toml"), "{}", changed.stderr);
}

#[test]
fn the_fields_of_exports_are_told() {
    let place = Place::new();
    let said = place.run("connectors describe files --format json").ended(0).stdout;
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    let rows = said["rows"].as_array().unwrap();
    let of = |name: &str| rows.iter().find(|row| row["setting"] == name).unwrap_or_else(|| panic!("{name}"));
    assert_eq!(of("psa_agreement_lines: lessIncluded")["default"], "required");
    assert_eq!(of("vendor_invoice_items: sku")["what"], "text; also productsku");
    let _ = (of("columns.toml: words"), of("links: compare"));
}

#[test]
fn a_month_too_large_for_people_gets_its_tables_and_neither_page_nor_workbook() {
    let place = Place::new();
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/csv/canonical");
    let sample = |file: &str| std::fs::read_to_string(format!("{samples}/{file}")).unwrap();
    place.write("exports/psa_agreement_lines.csv", &sample("psa_agreement_lines.csv"));
    let head = "id,type,companyId,productId,startPeriod,quantity,price,subTotal,cost,costTotal,currencyCode\n";
    for (lines, pages) in [(20_001, false), (3, true)] {
        let rows: String =
            (0..lines).map(|n| format!("i{n},subscription,v1,p{n},2026-10-01,1,2,2,1,1,USD\n")).collect();
        place.write("exports/vendor_invoice_items.csv", &format!("{head}{rows}"));
        let out = format!("out{lines}");
        let ran = place.run(&format!("reconcile --from exports --period 2026-10 --out {out}"));
        let there = |file: &str| place.path().join(&out).join(file).is_file();
        assert!(there("variances.csv") && there("totals.json"), "{}", ran.stderr);
        assert_eq!((there("report-2026-10.html"), there("trueup-2026-10.xlsx")), (pages, pages));
        assert_eq!(ran.stderr.contains("No page and no workbook are written"), !pages, "{}", ran.stderr);
    }
}
