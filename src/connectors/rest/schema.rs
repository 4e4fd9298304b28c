//! The JSON Schema of connector files, for editors: keys, words and their explanations, from the types that read them.
//!
//! Keeps the invariant that what the schema refuses, reading refuses too; what goes beyond shape is lint's.

use schemars::generate::SchemaSettings;

use super::language::Connector;

/// The schema as JSON text.
pub(super) fn text() -> String {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Connector>();
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}
