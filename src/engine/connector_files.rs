//! Connector files as the people who write them need them: checked, put into words, tried, drafted.
//!
//! Keeps the invariant that a file is read as text of a bounded length and nothing in it is taken for an instruction.

use std::io::Read as _;
use std::path::Path;

use crate::config::{Config, Environment};
use crate::connectors::Watch;
use crate::connectors::rest::{self, ConnectorFile, Described, Fault, Rest, RestSettings, Trial};
use crate::engine::connect::{rest_settings, settings_error, through_files};
use crate::engine::{EngineError, Result};

/// The connector files that come with the program.
#[must_use]
pub fn shipped_connector_files() -> Vec<String> {
    ConnectorFile::builtins().collect()
}

/// The JSON Schema of connector files.
#[must_use]
pub fn connector_schema() -> String {
    rest::schema()
}

/// The mistakes of a connector file, in the order of the file.
///
/// # Errors
/// [`EngineError::File`] when it cannot be read at all.
pub fn lint_connector_file(file: &Path) -> Result<Vec<String>> {
    let file = connector_file(Path::new(""), &file.to_string_lossy())?;
    Ok(told(&rest::lint(&file).err().unwrap_or_default()))
}

/// A connector file in words; its mistakes where it cannot be used.
///
/// # Errors
/// [`EngineError::File`] when it cannot be read at all.
pub fn describe_connector_file(file: &str) -> Result<std::result::Result<Described, Vec<String>>> {
    Ok(rest::describe(&connector_file(Path::new(""), file)?).map_err(|faults| told(&faults)))
}

fn told(faults: &[Fault]) -> Vec<String> {
    faults.iter().map(ToString::to_string).collect()
}

/// Where the settings of a connector file that is tried come from.
#[derive(Debug, Clone, Default)]
pub struct TrialSettings {
    /// The configured connection whose settings count; the only one through a file where nothing is said.
    pub connection: Option<String>,
    /// Settings and their values, before the configured ones.
    pub values: Vec<(String, String)>,
    /// Settings and the variables of the environment that hold their values.
    pub variables: Vec<(String, String)>,
}

/// Reads a list through a connector file: its first page, or all of it where a watch is given.
///
/// # Errors
/// What the file or a setting lacks; what the system said.
pub async fn try_connector_file(
    file: &str,
    config: Option<&Config>,
    environment: &Environment,
    given: TrialSettings,
    entity: &str,
    whole: Option<&dyn Watch>,
) -> Result<Trial> {
    let file = connector_file(Path::new(""), file)?;
    let name = match (&given.connection, config.map(through_files).as_deref()) {
        (Some(name), _) => Some(name.clone()),
        (None, Some([only])) if given.values.is_empty() && given.variables.is_empty() => Some((*only).clone()),
        (None, _) => None,
    };
    let mut settings = match (name, config) {
        (None, _) => RestSettings::new("try", file),
        (Some(name), Some(config)) if config.connectors.contains_key(&name) => {
            rest_settings(config, &name, environment, file)?
        }
        (Some(name), config) => {
            let configured = config.map(|config| config.connectors.keys().cloned().collect()).unwrap_or_default();
            return Err(EngineError::NoConnection { name, configured });
        }
    };
    for (setting, value) in given.values {
        if rest::is_secret(&settings.file, &setting) {
            let what = format!("`{setting}` is a secret, which no command line should hold: --env {setting}=VARIABLE");
            return Err(settings_error("try", what));
        }
        settings.values.insert(setting, value.into());
    }
    for (setting, variable) in given.variables {
        let missing = || settings_error("try", format!("the variable {variable} for `{setting}` is not set"));
        let value = environment.get(&variable).ok_or_else(missing)?.to_owned();
        settings.values.insert(setting, value.into());
    }
    Ok(Rest::new(settings)?.try_list(entity, whole).await?)
}

/// Drafts a connector file from an OpenAPI document in JSON.
///
/// # Errors
/// [`EngineError::File`] when it cannot be read, or is no such document.
pub fn draft_connector_file(name: &str, from: &Path) -> Result<String> {
    let refused = |what: String| EngineError::File { file: from.display().to_string(), what };
    let text = bounded(from, OPENAPI_BYTES).map_err(refused)?;
    rest::draft(name, &text).map_err(refused)
}

/// The longest connector file that is read.
const CONNECTOR_FILE_BYTES: u64 = 1 << 20;
/// The longest OpenAPI document that is read.
const OPENAPI_BYTES: u64 = 64 << 20;

/// Reads a connector file, or takes a shipped one.
pub(super) fn connector_file(folder: &Path, name: &str) -> Result<ConnectorFile> {
    let refused = |what: String| EngineError::File { file: name.to_owned(), what };
    if name.starts_with("builtin:") {
        let known: Vec<String> = ConnectorFile::builtins().collect();
        let missing = || refused(format!("is not shipped; there are {}", known.join(", ")));
        return ConnectorFile::builtin(name).ok_or_else(missing);
    }
    let text = bounded(&folder.join(name), CONNECTOR_FILE_BYTES).map_err(refused)?;
    Ok(ConnectorFile { name: name.to_owned(), text })
}

/// The text of a file that is not longer than is sensible.
fn bounded(file: &Path, most: u64) -> std::result::Result<String, String> {
    let mut text = String::new();
    let read = std::fs::File::open(file).and_then(|file| file.take(most + 1).read_to_string(&mut text));
    let read = read.map_err(|error| format!("cannot be read: {error}"))?;
    if u64::try_from(read).is_ok_and(|read| read <= most) {
        Ok(text)
    } else {
        Err(format!("is longer than {most} bytes; is it the right file?"))
    }
}
