//! The configured connections: from a section of the configuration to a connector that can be asked.
//!
//! Keeps the invariant that a secret is fetched when its connection is opened and not before, and that a setting nobody
//! knows is refused with its place.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use secrecy::SecretString;

use crate::config::{Config, Connection, Environment, FaultKind, Side};
use crate::connectors::files::{FilesPsa, FilesVendor};
use crate::connectors::pax8::{Pax8, Pax8Settings};
use crate::connectors::rest::{ConnectorFile, Rest, RestSettings};
use crate::connectors::{CheckLine, ConnectorError, Descriptor, ErrorKind, PsaConnector, VendorConnector};
use crate::engine::error::{EngineError, Result};

/// A connector file describes one system; a larger one is the wrong file.
const CONNECTOR_FILE_BYTES_MAX: u64 = 1 << 20;

/// What can be connected, for `trueup connectors`.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// As `kind` in the configuration.
    pub name: &'static str,
    /// The sides it can speak for.
    pub sides: &'static [Side],
    /// What it reads.
    pub about: &'static str,
    /// Its settings.
    pub settings: &'static [Setting],
}

/// One setting of a kind.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its key.
    pub key: &'static str,
    /// What it is.
    pub about: &'static str,
    /// `required`, `secret`, or the default.
    pub default: &'static str,
}

const fn setting(key: &'static str, about: &'static str, default: &'static str) -> Setting {
    Setting { key, about, default }
}

/// Every kind of connector, in order of its name.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "files",
        sides: &[Side::Vendor, Side::Psa],
        about: "a folder of CSV or JSON exports",
        settings: &[setting("folder", "the folder, from the folder of the configuration file", "required")],
    },
    Kind {
        name: "pax8",
        sides: &[Side::Vendor],
        about: "Pax8, through its partner API",
        settings: &[
            setting("client_id", "the client id of the integration", "required"),
            setting("client_secret", "the client secret that belongs to it", "secret"),
            setting("base_url", "the address of the API", "https://api.pax8.com/v1"),
            setting("token_url", "where tokens are fetched", "token, below base_url"),
            setting("audience", "the audience of the token", "https://api.pax8.com"),
            setting("calls_per_minute", "the pace", "480"),
            setting("page_size", "records on a page, at most 200", "200"),
            setting("concurrency", "calls under way at once", "4"),
            setting("attempts", "attempts at one call", "6"),
            setting("pause_ms", "the first pause before another attempt", "1000"),
        ],
    },
    Kind {
        name: "rest",
        sides: &[Side::Psa],
        about: "any JSON REST PSA or ERP, described by a connector file",
        settings: &[
            setting("file", "the connector file, or builtin:connectwise, builtin:tryton", "required"),
            setting("settings", "the values of the connector file's settings, as a table", "as the file says"),
            setting("plain_hosts", "hosts beyond loopback that may be spoken to without TLS", "none"),
        ],
    },
];

/// An open connection.
pub enum Connected {
    /// To a distributor.
    Vendor(Box<dyn VendorConnector>),
    /// To a PSA or ERP.
    Psa(Box<dyn PsaConnector>),
}

impl Connected {
    /// What it is.
    #[must_use]
    pub fn descriptor(&self) -> &Descriptor {
        match self {
            Self::Vendor(vendor) => vendor.descriptor(),
            Self::Psa(psa) => psa.descriptor(),
        }
    }

    /// Tries each thing it needs.
    pub async fn check(&self) -> Vec<CheckLine> {
        match self {
            Self::Vendor(vendor) => vendor.check().await,
            Self::Psa(psa) => psa.check().await,
        }
    }
}

/// The names of the configured connections, all or the one asked for.
///
/// # Errors
/// [`EngineError::UnknownConnection`].
pub fn names(config: &Config, only: Option<&str>) -> Result<Vec<String>> {
    let known: Vec<String> = config.connectors.keys().cloned().collect();
    match only {
        None => Ok(known),
        Some(name) if config.connectors.contains_key(name) => Ok(vec![name.to_owned()]),
        Some(name) => {
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            Err(EngineError::UnknownConnection { name: name.to_owned(), known })
        }
    }
}

/// Opens one connection. Makes no call.
///
/// # Errors
/// What is wrong with its section, its secrets or its connector file.
pub fn open(config: &Config, environment: &Environment, name: &str) -> Result<Connected> {
    names(config, Some(name))?;
    let Some(connection) = config.connectors.get(name) else {
        return Err(EngineError::UnknownConnection { name: name.to_owned(), known: String::new() });
    };
    let kind = kind_of(config, name, connection)?;
    let known: Vec<&str> = kind.settings.iter().map(|setting| setting.key).collect();
    config.known_settings(name, &known)?;
    match (kind.name, connection.side) {
        ("files", Side::Vendor) => {
            Ok(Connected::Vendor(Box::new(FilesVendor::new(name, &folder(config, name, connection)?)?)))
        }
        ("files", Side::Psa) => Ok(Connected::Psa(Box::new(FilesPsa::new(name, &folder(config, name, connection)?)?))),
        ("pax8", _) => Ok(Connected::Vendor(Box::new(pax8(config, environment, name, connection)?))),
        _ => Ok(Connected::Psa(Box::new(rest(config, environment, name, connection)?))),
    }
}

fn kind_of(config: &Config, name: &str, connection: &Connection) -> Result<&'static Kind> {
    let wrong = |key: &str, expected: String, found: &str| {
        let (key, found) = (key.to_owned(), format!("\"{found}\""));
        EngineError::from(config.refuse_setting(name, &key.clone(), FaultKind::WrongValue { key, expected, found }))
    };
    let Some(kind) = KINDS.iter().find(|kind| kind.name == connection.kind) else {
        let kinds: Vec<String> = KINDS.iter().map(|kind| format!("\"{}\"", kind.name)).collect();
        return Err(wrong("kind", kinds.join(" or "), &connection.kind));
    };
    if !kind.sides.contains(&connection.side) {
        let sides: Vec<String> = kind.sides.iter().map(|side| format!("\"{}\"", side.as_str())).collect();
        let expected = format!("{}, the side that {} speaks for", sides.join(" or "), kind.name);
        return Err(wrong("side", expected, connection.side.as_str()));
    }
    Ok(kind)
}

/// A text that must be there.
fn text<'c>(config: &Config, name: &str, connection: &'c Connection, key: &str) -> Result<&'c str> {
    let refused = |kind| EngineError::from(config.refuse_setting(name, key, kind));
    let section = || format!("[connectors.{name}]");
    let value = connection.settings.get(key);
    let value = value.ok_or_else(|| refused(FaultKind::MissingKey { key: key.to_owned(), section: section() }))?;
    value.as_str().ok_or_else(|| {
        let found = value.type_str().to_owned();
        refused(FaultKind::WrongType { key: key.to_owned(), expected: "a string".to_owned(), found })
    })
}

fn folder(config: &Config, name: &str, connection: &Connection) -> Result<std::path::PathBuf> {
    Ok(config.folder().join(text(config, name, connection, "folder")?))
}

fn settings_error(name: &str, what: String) -> EngineError {
    ConnectorError::new(name, "settings", ErrorKind::Settings(what)).into()
}

fn pax8(config: &Config, environment: &Environment, name: &str, connection: &Connection) -> Result<Pax8> {
    text(config, name, connection, "client_id")?;
    let read: std::result::Result<Pax8Settings, toml::de::Error> = connection.settings.clone().try_into();
    let mut settings = read.map_err(|error| settings_error(name, error.message().to_owned()))?;
    let mut secrets = config.secrets_of(name, environment)?;
    let missing = || FaultKind::MissingKey { key: "client_secret".to_owned(), section: format!("[connectors.{name}]") };
    let secret = secrets.remove("client_secret");
    settings.client_secret = secret.ok_or_else(|| config.refuse_setting(name, "kind", missing()))?;
    name.clone_into(&mut settings.name);
    Ok(Pax8::new(&settings)?)
}

fn rest(config: &Config, environment: &Environment, name: &str, connection: &Connection) -> Result<Rest> {
    let file = connector_file(text(config, name, connection, "file")?, config.folder())
        .map_err(|what| settings_error(name, what))?;
    let mut settings = RestSettings::new(name, file);
    settings.values = rest_values(name, connection)?;
    for (key, secret) in config.secrets_of(name, environment)? {
        settings.values.insert(key.strip_prefix("settings.").unwrap_or(&key).to_owned(), secret);
    }
    if let Some(hosts) = connection.settings.get("plain_hosts") {
        let read: std::result::Result<Vec<String>, toml::de::Error> = hosts.clone().try_into();
        settings.plain_hosts =
            read.map_err(|error| settings_error(name, format!("plain_hosts: {}", error.message())))?;
    }
    Ok(Rest::new(settings)?)
}

/// The values of a connector file's settings that are no secrets.
fn rest_values(name: &str, connection: &Connection) -> Result<BTreeMap<String, SecretString>> {
    let Some(values) = connection.settings.get("settings") else { return Ok(BTreeMap::new()) };
    let table = values.as_table().ok_or_else(|| settings_error(name, "`settings` must be a table".to_owned()))?;
    let mut read = BTreeMap::new();
    for (key, value) in table {
        let text = match value {
            toml::Value::String(text) => text.clone(),
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Float(_)
            | toml::Value::Boolean(_)
            | toml::Value::Datetime(_)
            | toml::Value::Array(_)
            | toml::Value::Table(_) => {
                return Err(settings_error(
                    name,
                    format!("settings.{key} must be a string; found {}", value.type_str()),
                ));
            }
        };
        read.insert(key.clone(), SecretString::from(text));
    }
    Ok(read)
}

/// Reads a connector file, or takes one that comes with the program.
///
/// # Errors
/// Why there is none.
pub fn connector_file(named: &str, folder: &Path) -> std::result::Result<ConnectorFile, String> {
    if named.starts_with("builtin:") {
        return ConnectorFile::builtin(named).ok_or_else(|| {
            let known: Vec<String> = ConnectorFile::builtins().collect();
            format!("there is no connector file {named}; there are {}", known.join(", "))
        });
    }
    let path = folder.join(named);
    let unreadable = |error: std::io::Error| format!("the connector file {} cannot be read: {error}", path.display());
    if fs::metadata(&path).map_err(unreadable)?.len() > CONNECTOR_FILE_BYTES_MAX {
        return Err(format!("the connector file {} is larger than any", path.display()));
    }
    let text = fs::read_to_string(&path).map_err(unreadable)?;
    Ok(ConnectorFile { name: path.display().to_string(), text })
}
