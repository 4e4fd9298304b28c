//! What is published of the language: its schema says the same as reading does, and the manual names all of it.

use trueup::connectors::rest::{ConnectorFile, lint};

use super::file;
use super::gallery::{GALLERY, GOOD};

/// Files a user may start from.
fn samples() -> Vec<ConnectorFile> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/connectors");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = entries.filter(|path| path.extension().is_some_and(|ending| ending == "toml")).collect();
    found.sort();
    let read = |path: &std::path::PathBuf| std::fs::read_to_string(path).unwrap();
    found.iter().map(|path| ConnectorFile { name: path.display().to_string(), text: read(path) }).collect()
}

/// What the schema has against a file.
fn schema_faults(text: &str) -> Vec<String> {
    let schema: serde_json::Value = serde_json::from_str(&trueup::connectors::rest::schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let written: serde_json::Value = toml::from_str(text).unwrap();
    validator.iter_errors(&written).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn shipped_files_and_samples_pass_and_are_as_the_schema_says() {
    let shipped = ConnectorFile::builtins().map(|name| ConnectorFile::builtin(&name).unwrap());
    let all: Vec<_> = shipped.chain(samples()).chain([file(GOOD)]).collect();
    assert!(all.len() > 3, "a sample is missing");
    for file in all {
        assert_eq!(schema_faults(&file.text), [""; 0], "{}", file.name);
        let faults: Vec<_> = lint(&file).err().unwrap_or_default().iter().map(ToString::to_string).collect();
        assert_eq!(faults, [""; 0]);
    }
}

/// The mistakes of the gallery that reading alone refuses, and those that only sense refuses: a schema sees the first alone.
#[test]
fn the_schema_refuses_exactly_the_mistakes_of_shape() {
    let of_shape = ["unknown field `", "unknown word `", "missing field `", "invalid type: "];
    let mut count = 0;
    for (from, to, expected) in GALLERY {
        let text = GOOD.replacen(from, to, 1);
        if toml::from_str::<toml::Table>(&text).is_err() {
            continue;
        }
        let is_of_shape = of_shape.iter().any(|words| expected.contains(words));
        count += usize::from(is_of_shape);
        let found = schema_faults(&text);
        assert_eq!(!found.is_empty(), is_of_shape, "{expected}\n{found:?}");
    }
    assert!(count > 6, "{count}");
}

/// Every key and word of the language.
fn language(schema: &serde_json::Value, found: &mut std::collections::BTreeSet<String>) {
    match schema {
        serde_json::Value::Object(members) => {
            for (name, member) in members {
                if let ("properties", Some(properties)) = (name.as_str(), member.as_object()) {
                    found.extend(properties.keys().cloned());
                }
                if let ("const", Some(word)) = (name.as_str(), member.as_str()) {
                    found.insert(word.to_owned());
                }
                if let ("enum", Some(words)) = (name.as_str(), member.as_array()) {
                    found.extend(words.iter().filter_map(serde_json::Value::as_str).map(str::to_owned));
                }
                language(member, found);
            }
        }
        serde_json::Value::Array(elements) => elements.iter().for_each(|element| language(element, found)),
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_) => {}
    }
}

#[test]
fn the_manual_names_every_key_word_and_field_there_is() {
    let manual = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/connectors/README.md");
    let manual = std::fs::read_to_string(manual).unwrap();
    let words: std::collections::BTreeSet<&str> =
        manual.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    let mut known = std::collections::BTreeSet::new();
    language(&serde_json::from_str(&trueup::connectors::rest::schema()).unwrap(), &mut known);
    assert!(known.len() > 120, "{}", known.len());
    for (entity, field, _, needed) in trueup::connectors::rest::canonical_fields() {
        known.insert(entity.to_owned());
        known.insert(field.to_owned());
        let bold = format!("**`{field}`**");
        let listed = manual.lines().skip_while(|line| !line.starts_with(&format!("- `{entity}`")));
        let listed: Vec<_> = listed.take_while(|line| !line.is_empty()).collect();
        assert!(!needed || listed.join(" ").contains(&bold), "{entity}.{field} is needed");
    }
    let missing: Vec<_> = known.iter().filter(|word| !words.contains(word.as_str())).collect();
    assert!(missing.is_empty(), "the manual does not name {missing:?}");
}
