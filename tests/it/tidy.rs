//! The rules of the house as tests.
//!
//! Each rule is a function of some sources that answers a line for every breach: file, line, and what to do. One test holds
//! the tree to the rules, another shows every rule a breach, so that a rule cannot fall silent unnoticed.

use crate::support::source::{Source, files};

/// What each module may import from this crate, besides itself.
const MAY_IMPORT: [(&str, &[&str]); 13] = [
    ("core", &[]),
    ("clock", &[]),
    ("telemetry", &[]),
    ("simulate", &[]),
    ("connectors", &["core", "clock"]),
    ("store", &["core", "clock"]),
    ("report", &["core"]),
    ("config", &["core"]),
    ("engine", &["core", "connectors", "store", "config", "clock"]),
    ("serve", &["engine", "core"]),
    ("cli", &["engine", "report", "config", "core", "telemetry", "serve", "simulate", "clock"]),
    ("main", &["cli"]),
    ("lib", &[]),
];

/// Connectors that must not know each other.
const CONNECTORS: [&str; 4] = ["pax8", "rest", "files", "memory"];

/// The only crates that may be named inside `core`; the last two only in its tests.
const CORE_CRATES: [&str; 13] = [
    "std",
    "rust_decimal",
    "chrono",
    "serde",
    "strsim",
    "sha2",
    "thiserror",
    "unicode_normalization",
    "any_ascii",
    "rustc_hash",
    "indexmap",
    "proptest",
    "serde_json",
];
const CORE_TEST_CRATES: [&str; 2] = ["proptest", "serde_json"];

/// Parts of the standard library that reach out of the program.
const WORLD: [&str; 6] = ["std::fs", "std::net", "std::env", "std::process", "std::time", "std::io"];

/// Longest file, in lines.
const LINES_MAX: usize = 600;

/// Files of `core` and `report` that may use unordered collections, and why no order shows.
const UNORDERED: [(&str, &str); 4] = [
    ("src/core/reconcile/book.rs", "looked up by key; cells are sorted before they leave"),
    ("src/core/reconcile/cell.rs", "looked up by key; cells are sorted before they leave"),
    ("src/core/reconcile/detail.rs", "looked up by id; records are sorted before they leave"),
    ("src/core/reconcile/mapping.rs", "looked up by id, never walked through"),
];

type Rule = fn(&Source) -> Vec<String>;

const RULES: [(&str, Rule); 10] = [
    ("imports go one way", imports),
    ("connectors do not know each other", sibling_connectors),
    ("core knows few crates and no world", core_crates),
    ("core is our module, std is the library", bare_core),
    ("files say what they own", opening),
    ("files are short", length),
    ("no path climbs two modules", climbing),
    ("decimals are reckoned in two files", arithmetic),
    ("order is stable where it shows", unordered),
    ("nothing is left for later", unfinished),
];

fn breach(source: &Source, at: usize, what: &str) -> String {
    format!("{}:{}: {what}", source.path, source.line(at))
}

/// The top module a file belongs to.
fn module(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("src/")?;
    rest.split('/').next().map(|first| first.trim_end_matches(".rs"))
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The names right after a path's start: one, or those of a braced group.
fn names_after(rest: &str) -> Vec<&str> {
    let name = |text: &'_ str| text.find(|c| !is_name(c)).unwrap_or(text.len());
    let Some(group) = rest.strip_prefix('{') else { return vec![&rest[..name(rest)]] };
    let mut names = Vec::new();
    let (mut depth, mut fresh) = (0_u32, true);
    for (at, c) in group.char_indices() {
        match c {
            '}' if depth == 0 => break,
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => fresh = true,
            c if is_name(c) && depth == 0 && fresh => {
                names.push(&group[at..at + name(&group[at..])]);
                fresh = false;
            }
            _ => {}
        }
    }
    names
}

/// Every top module that a file names: where, and which.
fn named_modules(source: &Source) -> Vec<(usize, &str)> {
    let known = |name: &str| MAY_IMPORT.iter().any(|(module, _)| *module == name);
    let from = |start: &'static str| {
        let starts = source.code.match_indices(start);
        starts.filter(move |(at, _)| !source.code[..*at].ends_with(is_name))
    };
    let mut named = Vec::new();
    // `super::` from a module's root leads to the crate's root as well.
    for (start, must_be_known) in [("crate::", false), ("trueup::", false), ("super::", true)] {
        for (at, _) in from(start) {
            let after = names_after(&source.code[at + start.len()..]);
            named.extend(after.into_iter().filter(|name| !must_be_known || known(name)).map(|name| (at, name)));
        }
    }
    named
}

fn imports(source: &Source) -> Vec<String> {
    let Some(own) = module(&source.path) else { return vec![] };
    let Some((_, may)) = MAY_IMPORT.iter().find(|(module, _)| *module == own) else {
        return vec![format!("{}: module `{own}` has no row in MAY_IMPORT", source.path)];
    };
    let forbidden = |name: &&str| *name != own && !may.contains(name);
    named_modules(source)
        .into_iter()
        .filter(|(_, name)| forbidden(name))
        .map(|(at, name)| breach(source, at, &format!("`{own}` may import {may:?}, not `{name}`")))
        .collect()
}

fn sibling_connectors(source: &Source) -> Vec<String> {
    let Some(rest) = source.path.strip_prefix("src/connectors/") else { return vec![] };
    let own = rest.split('/').next().unwrap_or(rest).trim_end_matches(".rs");
    if !CONNECTORS.contains(&own) {
        return vec![];
    }
    let others = CONNECTORS.iter().filter(|other| **other != own);
    others
        .flat_map(|other| ["crate::connectors::", "super::"].map(|start| (format!("{start}{other}"), other)))
        .flat_map(|(path, other)| {
            let found: Vec<usize> = Source::words(&source.code, &path).collect();
            found.into_iter().map(move |at| (at, other))
        })
        .map(|(at, other)| breach(source, at, &format!("connector `{own}` must not know `{other}`")))
        .collect()
}

/// The crates of Cargo.toml, as code spells them.
fn dependencies() -> Vec<String> {
    let manifest = include_str!("../../Cargo.toml");
    let tables = manifest.split("\n[").filter(|table| table.contains("dependencies]\n"));
    let lines = tables.flat_map(str::lines).filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(" = ")).map(|(name, _)| name.replace('-', "_")).collect()
}

fn core_crates(source: &Source) -> Vec<String> {
    if module(&source.path) != Some("core") {
        return vec![];
    }
    let tests_at = source.code_before_tests().len();
    let mut found = Vec::new();
    for name in dependencies() {
        let path = format!("{name}::");
        for (at, _) in source.code.match_indices(&path) {
            let longer = source.code[..at].ends_with(|c: char| is_name(c) || c == ':');
            let allowed = CORE_CRATES.contains(&&*name) && (at >= tests_at || !CORE_TEST_CRATES.contains(&&*name));
            if !longer && !allowed {
                found.push(breach(source, at, &format!("`core` may not use the crate `{name}`")));
            }
        }
    }
    for part in WORLD {
        let named = Source::words(&source.code[..tests_at], part);
        found.extend(named.map(|at| breach(source, at, &format!("`core` may not reach the world through `{part}`"))));
    }
    found
}

fn bare_core(source: &Source) -> Vec<String> {
    // In a group such as `use crate::{core::money, …}` the path is not bare.
    let grouped = |before: &str| {
        before.rfind("crate::{").is_some_and(|open| {
            let inside = &before[open..];
            inside.matches('{').count() > inside.matches('}').count()
        })
    };
    let bare = source.code.match_indices("core::").filter(|(at, _)| {
        let before = &source.code[..*at];
        !before.ends_with(|c: char| is_name(c) || c == ':') && !grouped(before)
    });
    let whole = source.code.match_indices("use crate::core;");
    bare.chain(whole)
        .map(|(at, _)| breach(source, at, "write `std::…` for the library and `crate::core::…` for ours"))
        .collect()
}

fn opening(source: &Source) -> Vec<String> {
    if source.text.starts_with("//! ") {
        return vec![];
    }
    vec![breach(source, 0, "a file opens with `//!`: what it owns and which invariant it keeps")]
}

fn length(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    if lines <= LINES_MAX {
        return vec![];
    }
    vec![format!("{}: {lines} lines, at most {LINES_MAX}: split it by duty", source.path)]
}

fn climbing(source: &Source) -> Vec<String> {
    let found = source.code.match_indices("super::super");
    found.map(|(at, _)| breach(source, at, "name the module from `crate::` instead of climbing")).collect()
}

fn arithmetic(source: &Source) -> Vec<String> {
    // A simulator shares nothing with what it tests, not even sums.
    let apart = ["src/core/money.rs", "src/core/quantity.rs"].contains(&&*source.path)
        || module(&source.path).is_none_or(|module| module == "simulate");
    let code = source.code_before_tests();
    if apart || !code.contains("rust_decimal") {
        return vec![];
    }
    ["checked_add", "checked_sub", "checked_mul", "checked_div", "checked_rem", "round_dp", "round_dp_with_strategy"]
        .iter()
        .flat_map(|word| Source::words(code, word))
        .map(|at| breach(source, at, "decimals are reckoned in core/money.rs and core/quantity.rs only"))
        .collect()
}

fn unordered(source: &Source) -> Vec<String> {
    if !matches!(module(&source.path), Some("core" | "report")) {
        return vec![];
    }
    let code = source.code_before_tests();
    let words = ["HashMap", "HashSet", "FxHashMap", "FxHashSet", "hash_map", "hash_set"];
    let found: Vec<usize> = words.iter().flat_map(|word| Source::words(code, word)).collect();
    let excused = UNORDERED.iter().any(|(path, _)| *path == source.path);
    if excused && found.is_empty() {
        return vec![format!("{}: needs no exception any more, take it out of UNORDERED", source.path)];
    }
    let found = found.into_iter().filter(|_| !excused);
    found.map(|at| breach(source, at, "order must be stable: use a BTreeMap or a sorted Vec")).collect()
}

fn unfinished(source: &Source) -> Vec<String> {
    let found = ["todo!", "unimplemented!", "dbg!", "#[ignore"].iter();
    found
        .flat_map(|word| source.code.match_indices(word))
        .map(|(at, word)| breach(source, at, &format!("`{word}` leaves something for later")))
        .collect()
}

/// Files that no `mod` names: they are not compiled, so nothing in them is true.
fn forgotten(sources: &[Source]) -> Vec<String> {
    let named = |parents: [String; 2], name: &str| {
        let parents = sources.iter().filter(|source| parents.contains(&source.path));
        parents.flat_map(|parent| parent.code.lines()).any(|line| {
            line.trim_end().strip_suffix(';').is_some_and(|line| line.split(' ').next_back() == Some(name))
                && Source::words(line, "mod").next().is_some()
        })
    };
    let mut found = Vec::new();
    for source in sources {
        let Some((folder, file)) = source.path.rsplit_once('/') else { continue };
        let name = file.trim_end_matches(".rs");
        let (parents, name) = match name {
            "main" | "lib" | "build" => continue,
            _ if folder == "benches" => continue,
            "mod" => {
                let Some((above, own)) = folder.rsplit_once('/') else { continue };
                let root = if above == "src" {
                    "lib.rs"
                } else if above == "tests/it" {
                    "main.rs"
                } else {
                    "mod.rs"
                };
                ([format!("{above}/{root}"), format!("{above}.rs")], own)
            }
            name => {
                let root = if folder == "src" {
                    "lib.rs"
                } else if folder == "tests/it" {
                    "main.rs"
                } else {
                    "mod.rs"
                };
                ([format!("{folder}/{root}"), format!("{folder}.rs")], name)
            }
        };
        if !named(parents, name) {
            found.push(format!("{}: no `mod {name};` names it", source.path));
        }
    }
    found
}

/// Paths of one machine, written where they would be wrong on every other.
fn machine_paths(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for place in ["work", "root", "home", "Users"] {
        let path = format!("/{place}/");
        for (at, _) in source.text.match_indices(&path) {
            let longer = source.text[..at].ends_with(|c: char| is_name(c) || matches!(c, '}' | '.' | '-' | '/' | '…'));
            if !longer {
                found.push(breach(source, at, &format!("`{path}…` is a path of one machine")));
            }
        }
    }
    found
}

fn rust() -> Vec<Source> {
    files(&["src", "tests/it", "benches", "migrations"], &[".rs"])
}

#[test]
fn the_tree_keeps_the_rules() {
    let sources = rust();
    assert!(sources.len() > 40, "only {} files were read", sources.len());
    let mut breaches: Vec<String> = Vec::new();
    for (name, rule) in RULES {
        breaches.extend(sources.iter().flat_map(rule).map(|line| format!("{line}  [{name}]")));
    }
    breaches.extend(forgotten(&sources));
    assert!(breaches.is_empty(), "{} breaches:\n{}", breaches.len(), breaches.join("\n"));
}

#[test]
fn nothing_names_a_place_of_one_machine() {
    let folders = ["src", "tests", "benches", "migrations", "samples", ".ci", ".cargo"];
    let mut sources = files(&folders, &[".rs", ".md", ".toml", ".sql", ".json", ".csv", ".html", ".txt", "run"]);
    for name in ["Cargo.toml", "README.md", "CHANGELOG.md"] {
        sources.extend(files(&[name], &[name]));
    }
    let breaches: Vec<String> = sources.iter().flat_map(machine_paths).collect();
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn every_rule_finds_a_breach() {
    let breaches = |path: &str, text: &str| -> Vec<String> {
        let source = Source::new(path, text);
        RULES.iter().filter(|(_, rule)| !rule(&source).is_empty()).map(|(name, _)| (*name).to_owned()).collect()
    };
    let cases = [
        ("src/core/x.rs", "//! x\nuse crate::store::Store;", "imports go one way"),
        ("src/report/x.rs", "//! x\nuse crate::{core::money, engine::pull};", "imports go one way"),
        ("src/report/x.rs", "//! x\nfn f() { crate::config::load() }", "imports go one way"),
        ("src/simulate/mod.rs", "//! x\nuse super::connectors::http;", "imports go one way"),
        ("src/main.rs", "//! x\nuse trueup::engine::Engine;", "imports go one way"),
        ("src/web/mod.rs", "//! x\n", "imports go one way"),
        ("src/connectors/pax8/x.rs", "//! x\nuse crate::connectors::rest::Path;", "connectors do not know each other"),
        ("src/core/x.rs", "//! x\nfn f() { tracing::info!() }", "core knows few crates and no world"),
        ("src/core/x.rs", "//! x\nuse serde_json::Value;", "core knows few crates and no world"),
        ("src/core/x.rs", "//! x\nuse std::fs;", "core knows few crates and no world"),
        ("src/engine/x.rs", "//! x\nuse core::fmt;", "core is our module, std is the library"),
        ("src/engine/x.rs", "use std::fmt;", "files say what they own"),
        ("src/engine/x.rs", &format!("//! x\n{}", "\n".repeat(600)), "files are short"),
        ("src/core/a/x.rs", "//! x\nuse super::super::money;", "no path climbs two modules"),
        (
            "src/report/x.rs",
            "//! x\nuse rust_decimal::Decimal;\nfn f(a: Decimal) { a.checked_mul(a) }",
            "decimals are reckoned in two files",
        ),
        ("src/report/x.rs", "//! x\nuse std::collections::HashMap;", "order is stable where it shows"),
        ("src/core/reconcile/book.rs", "//! x\n", "order is stable where it shows"),
        ("tests/it/x.rs", "//! x\nfn f() { todo!() }", "nothing is left for later"),
        ("tests/it/x.rs", "//! x\n#[ignore = \"slow\"]", "nothing is left for later"),
    ];
    for (path, text, expected) in &cases {
        assert_eq!(breaches(path, text), [*expected], "{path}: {text}");
    }
    for (name, _) in RULES {
        assert!(cases.iter().any(|(_, _, shown)| *shown == name), "no breach shows: {name}");
    }
    let orphans = [Source::new("src/store/mod.rs", "mod a;\n// mod b;"), Source::new("src/store/b.rs", "")];
    let lib = Source::new("src/lib.rs", "pub mod store;");
    let [root, orphan] = orphans;
    assert_eq!(forgotten(&[lib, root, orphan]), ["src/store/b.rs: no `mod b;` names it"]);
    assert_eq!(machine_paths(&Source::new("x", concat!("a /ho", "me/ann/x and b/home/x"))).len(), 1);
}

#[test]
fn the_rules_leave_good_code_alone() {
    for (path, text) in [
        ("src/core/x.rs", "//! x\n/// [`crate::store::Store`]\nuse crate::core::money; // crate::cli\nuse std::fmt;"),
        ("src/core/x.rs", "//! x\nfn f() { \"todo! crate::cli\" }\n\n#[cfg(test)]\nmod tests { use proptest::any; }"),
        ("src/engine/x.rs", "//! x\nuse crate::{core::money, store::Store};\nuse crate::core::id::{Id, Psa};"),
        ("src/engine/x.rs", "//! x\nfn f(a: u32, b: u32) { a.checked_add(b) }"),
        ("src/core/x.rs", "//! x\nuse rust_decimal::Decimal;\nfn f(d: Day) { d.checked_add_days(1) }"),
        ("src/store/links.rs", "//! x\nuse super::{Store, open};\nuse crate::core::link::Link;"),
    ] {
        let source = Source::new(path, text);
        let found: Vec<String> = RULES.iter().flat_map(|(_, rule)| rule(&source)).collect();
        assert_eq!(found, Vec::<String>::new(), "{path}: {text}");
    }
}
