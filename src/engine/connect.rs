//! Configuration to connections: each kind's constructor, and nothing else about it.
//!
//! Keeps the invariant that a secret goes from where it lies into its connector and nowhere else.

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::ExposeSecret as _;

use crate::config::{self, Config, Environment, FaultKind};
use crate::connectors::files::profile::{self, Profile};
use crate::connectors::files::{FilesPsa, FilesVendor};
use crate::connectors::pax8::{Pax8, Pax8Settings};
use crate::connectors::rest::{ConnectorFile, Rest, RestSettings};
use crate::connectors::{
    self, CheckLine, ConnectorError, Descriptor, ErrorKind, PsaConnector, Side, VendorConnector, Watch,
};
use crate::engine::connector_files::connector_file;
use crate::engine::{EngineError, Result};

/// A kind of connector a configuration may name.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// As `kind` in the configuration.
    pub name: &'static str,
    /// What it reads.
    pub about: &'static str,
    /// Its settings; others are refused.
    pub settings: &'static [Setting],
}

/// One setting of a kind.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its key.
    pub key: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Its default in words; `required` or `required secret` where there is none.
    pub default: &'static str,
}

const fn setting(key: &'static str, about: &'static str, default: &'static str) -> Setting {
    Setting { key, about, default }
}

pub(super) const PAX8: Kind = Kind {
    name: "pax8",
    about: "the distributor Pax8, through its partner API v1",
    settings: &[
        setting("client_id", "the client id of the integration", "required"),
        setting("client_secret", "the client secret that belongs to it", "required secret"),
        setting("base_url", "the address of the API", "https://api.pax8.com/v1"),
        setting("token_url", "where tokens are fetched", "token, below base_url"),
        setting("audience", "the audience of the token", "https://api.pax8.com"),
        setting("calls_per_minute", "the pace", "480"),
        setting("page_size", "records on a page, at most 200", "200"),
        setting("concurrency", "calls under way at once", "4"),
        setting("private_hosts", "hosts in private networks that may be spoken to, names or addresses", "none"),
        setting("environment", "production, or test: a test connection refuses every write", "production"),
        setting("country", "where the partner is, two letters", "none"),
        setting("currency", "what the partner is charged in", "none"),
        setting("self_service_allowed", "companies made from here may order for themselves", "false"),
        setting("bill_on_behalf", "Pax8 bills companies made from here", "false"),
        setting("order_approval_required", "orders of companies made from here need approval", "false"),
        setting("webhook_secret", "what webhooks send as Authorization; `trueup serve` needs it", "none, secret"),
        setting("attempts", "attempts at one call", "6"),
        setting("pause_ms", "the first pause before another attempt", "1000"),
    ],
};

const REST: Kind = Kind {
    name: "rest",
    about: "any PSA or ERP with a JSON interface, described by a connector file",
    settings: &[
        setting("file", "the connector file, or one that comes with the program", "required"),
        setting(
            "settings",
            "the values of the connector file's settings, as a section of their own",
            "as the file says",
        ),
        setting("plain_hosts", "hosts beyond loopback that may be spoken to without TLS", "none"),
        setting("private_hosts", "hosts in private networks that may be spoken to, names or addresses", "none"),
        setting("environment", "production, or test: a test connection refuses every write, tickets too", "production"),
        setting("pause_ms", "the first pause before another attempt", "1000"),
    ],
};

const FILES: Kind = Kind {
    name: "files",
    about: "a folder of CSV or JSON exports, as distributor or as PSA",
    settings: &[
        setting("folder", "the folder, from the folder of the configuration file", "required"),
        setting("import", "the folder import files are put into; its import.toml says what they look like", "none"),
    ],
};

/// Every kind.
pub const KINDS: [Kind; 3] = [PAX8, REST, FILES];

/// A connection that can be read.
pub enum Connection {
    /// To a distributor.
    Vendor(Box<dyn VendorConnector>),
    /// To a PSA or ERP.
    Psa(Box<dyn PsaConnector>),
}

impl Connection {
    /// What it is.
    #[must_use]
    pub fn descriptor(&self) -> &Descriptor {
        match self {
            Self::Vendor(vendor) => vendor.descriptor(),
            Self::Psa(psa) => psa.descriptor(),
        }
    }

    /// Tries each thing it needs.
    pub async fn check(&self, watch: &dyn Watch) -> Vec<CheckLine> {
        match self {
            Self::Vendor(vendor) => vendor.check(watch).await,
            Self::Psa(psa) => psa.check(watch).await,
        }
    }
}

/// Opens one configured connection. Makes no call.
///
/// # Errors
/// The setting or the secret that is missing or wrong.
pub fn connect(config: &Config, name: &str, environment: &Environment) -> Result<Connection> {
    open(config, name, environment, None)
}

/// The same, to be tried rather than read: whoever asks whether a system answers is not kept waiting for a sixth attempt.
///
/// # Errors
/// As [`connect`].
pub fn connect_to_check(config: &Config, name: &str, environment: &Environment) -> Result<Connection> {
    open(config, name, environment, Some(CHECK_ATTEMPTS))
}

/// Attempts at one call of a check, at most: a second one tells a hiccup from a system that is down.
const CHECK_ATTEMPTS: u32 = 2;

fn open(config: &Config, name: &str, environment: &Environment, attempts_max: Option<u32>) -> Result<Connection> {
    let Some(about) = config.connectors.get(name) else {
        let configured = config.connectors.keys().cloned().collect();
        return Err(EngineError::NoConnection { name: name.to_owned(), configured });
    };
    match (about.kind.as_str(), about.side) {
        ("pax8", config::Side::Vendor) => pax8(config, name, environment, attempts_max),
        ("rest", config::Side::Psa) => rest(config, name, environment, attempts_max),
        ("files", side) => files(config, name, side),
        ("pax8", config::Side::Psa) => Err(wrong(config, name, "side", "`vendor`, because Pax8 is a distributor")),
        ("rest", config::Side::Vendor) => Err(wrong(config, name, "side", "`psa`, because this connector reads PSAs")),
        _ => Err(wrong(config, name, "kind", "pax8, rest or files")),
    }
}

/// Opens every configured connection, or the one that is named.
///
/// # Errors
/// As [`connect`].
pub fn connect_all(config: &Config, only: Option<&str>, environment: &Environment) -> Result<Vec<Connection>> {
    match only {
        Some(name) => Ok(vec![connect(config, name, environment)?]),
        None => config.connectors.keys().map(|name| connect(config, name, environment)).collect(),
    }
}

fn wrong(config: &Config, name: &str, key: &str, expected: &str) -> EngineError {
    let about = config.connectors.get(name);
    let found = match key {
        "side" => about.map(|c| side_of(c.side)).map(super::error::side_word).unwrap_or_default().to_owned(),
        _ => about.map(|c| c.kind.clone()).unwrap_or_default(),
    };
    let kind = FaultKind::WrongValue { key: key.to_owned(), expected: expected.to_owned(), found };
    config.refuse_setting(name, key, kind).into()
}

fn side_of(side: config::Side) -> Side {
    match side {
        config::Side::Vendor => Side::Vendor,
        config::Side::Psa => Side::Psa,
    }
}

fn known(config: &Config, name: &str, kind: &Kind) -> Result<()> {
    let keys: Vec<&str> = kind.settings.iter().map(|setting| setting.key).collect();
    Ok(config.known_settings(name, &keys)?)
}

pub(super) fn settings_error(name: &str, what: impl std::fmt::Display) -> EngineError {
    ConnectorError::new(name, "settings", ErrorKind::Settings(what.to_string())).into()
}

fn pax8(config: &Config, name: &str, environment: &Environment, attempts_max: Option<u32>) -> Result<Connection> {
    Ok(Connection::Vendor(Box::new(open_pax8(config, name, environment, attempts_max)?)))
}

/// Whether a connection is one to Pax8.
#[must_use]
pub fn is_pax8(about: &config::Connection) -> bool {
    about.kind == PAX8.name
}

/// `production` or `test`, as a connection is configured that may write.
pub(super) fn environment_of(about: &config::Connection) -> Option<String> {
    let may_write = is_pax8(about) || about.kind == REST.name;
    let written = about.settings.get("environment").and_then(toml::Value::as_str);
    may_write.then(|| written.unwrap_or_else(|| connectors::Environment::default().as_str()).to_owned())
}

/// Opens a connection to Pax8: the one named, else the only one, else the default.
///
/// # Errors
/// As [`connect`]; [`EngineError::Which`] where none is meant.
pub(super) fn connect_pax8(config: &Config, named: Option<&str>, environment: &Environment) -> Result<Pax8> {
    let of_kind: Vec<_> = config.connectors.iter().filter(|(_, about)| is_pax8(about)).collect();
    let names = || of_kind.iter().map(|(name, _)| (*name).clone()).collect();
    let meant = match (named, of_kind.as_slice()) {
        (Some(name), _) if config.connectors.get(name).is_some_and(is_pax8) => name.to_owned(),
        (Some(name), _) => return Err(EngineError::NoConnection { name: name.to_owned(), configured: names() }),
        (None, [(only, _)]) => (*only).clone(),
        (None, several) => {
            let default = several.iter().find(|(_, about)| about.default).map(|(name, _)| (*name).clone());
            default.ok_or_else(|| EngineError::Which { kind: PAX8.name, found: names() })?
        }
    };
    open_pax8(config, &meant, environment, None)
}

fn open_pax8(config: &Config, name: &str, environment: &Environment, attempts_max: Option<u32>) -> Result<Pax8> {
    known(config, name, &PAX8)?;
    let mut table = config.connectors.get(name).map(|c| c.settings.clone()).unwrap_or_default();
    let id = config.secret_of(name, "client_id", environment)?;
    if let Some(id) = &id {
        table.insert("client_id".to_owned(), toml::Value::from(id.expose_secret()));
    }
    let mut settings: Pax8Settings = table.try_into().map_err(|error| settings_error(name, error))?;
    settings.hidden.extend(id);
    name.clone_into(&mut settings.name);
    settings.attempts = attempts_max.map_or(settings.attempts, |most| most.min(settings.attempts));
    let secret = config.secret_of(name, "client_secret", environment)?;
    settings.client_secret = secret.ok_or_else(|| settings_error(name, "client_secret is missing"))?;
    Ok(Pax8::new(&settings)?)
}

fn rest(config: &Config, name: &str, environment: &Environment, attempts_max: Option<u32>) -> Result<Connection> {
    let table = config.connectors.get(name).map(|c| &c.settings);
    let file = table.and_then(|table| table.get("file")).and_then(toml::Value::as_str);
    let file = file.ok_or_else(|| settings_error(name, "file is missing: name a connector file"))?;
    let file = connector_file(config.folder(), file)?;
    let mut settings = rest_settings(config, name, environment, file)?;
    settings.attempts = attempts_max.map_or(settings.attempts, |most| most.min(settings.attempts));
    Ok(Connection::Psa(Box::new(Rest::new(settings)?)))
}

/// What a connection is configured with, for one connector file.
pub(super) fn rest_settings(
    config: &Config,
    name: &str,
    environment: &Environment,
    file: ConnectorFile,
) -> Result<RestSettings> {
    known(config, name, &REST)?;
    let table = config.connectors.get(name).map(|c| c.settings.clone()).unwrap_or_default();
    let mut settings = RestSettings::new(name, file);
    for (key, value) in table.get("settings").and_then(toml::Value::as_table).into_iter().flatten() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        settings.values.insert(key.clone(), text.into());
    }
    for (key, secret) in config.secrets_of(name, environment)? {
        settings.values.insert(key.strip_prefix("settings.").unwrap_or(&key).to_owned(), secret);
    }
    let hosts = |key: &str| -> Vec<String> {
        let listed = table.get(key).and_then(toml::Value::as_array).into_iter().flatten();
        listed.filter_map(toml::Value::as_str).map(str::to_owned).collect()
    };
    settings.plain_hosts.extend(hosts("plain_hosts"));
    settings.private_hosts.extend(hosts("private_hosts"));
    if let Some(written) = table.get("environment") {
        let environment = written.clone().try_into();
        settings.environment = environment.map_err(|error| settings_error(name, format!("environment: {error}")))?;
    }
    if let Some(pause) = table.get("pause_ms") {
        let pause = pause.as_integer().and_then(|pause| u64::try_from(pause).ok());
        let pause = pause.ok_or_else(|| settings_error(name, "pause_ms: a number of milliseconds is expected"))?;
        settings.backoff.first = Duration::from_millis(pause);
    }
    Ok(settings)
}

/// The names of the configured connections that go through a connector file.
pub(super) fn through_files(config: &Config) -> Vec<&String> {
    config.connectors.iter().filter(|(_, about)| about.kind == REST.name).map(|(name, _)| name).collect()
}

/// Remembers how the exports of a folder are read, in a file of the folder; one that is there is left alone.
///
/// # Errors
/// Where there is nothing to remember, or something remembered already.
pub fn remember_columns(folder: &Path, sides: &[Side]) -> Result<Remembered> {
    let refused = |what: String| EngineError::File { file: folder.display().to_string(), what };
    let failed = |kind: ErrorKind| refused(kind.to_string());
    let file = folder.join(profile::FILE);
    if file.exists() {
        return Err(refused(format!("{} is there already; edit it, or move it away first", profile::FILE)));
    }
    let learnt = Profile::learn(folder, sides).map_err(failed)?;
    if learnt.is_empty() {
        return Err(refused(format!("no file has a known name, such as {}", profile::known_files(sides))));
    }
    learnt.save(folder).map_err(failed)?;
    Ok(Remembered { file, gaps: learnt.gaps() })
}

/// What was remembered of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// Where it stands.
    pub file: std::path::PathBuf,
    /// What a person has to complete.
    pub gaps: Vec<String>,
}

fn files(config: &Config, name: &str, side: config::Side) -> Result<Connection> {
    match side {
        config::Side::Vendor => {
            let table = config.connectors.get(name).map(|about| &about.settings);
            if table.is_some_and(|table| table.contains_key(IMPORT)) {
                return Err(settings_error(name, "import: nothing is written to a distributor's exports"));
            }
            Ok(Connection::Vendor(Box::new(FilesVendor::new(name, &folder_of(config, name)?)?)))
        }
        config::Side::Psa => Ok(Connection::Psa(Box::new(files_psa(config, name)?))),
    }
}

/// The setting that names the folder of import files.
const IMPORT: &str = "import";

fn folder_of(config: &Config, name: &str) -> Result<PathBuf> {
    known(config, name, &FILES)?;
    let table = config.connectors.get(name).map(|about| &about.settings);
    let folder = table.and_then(|table| table.get("folder")).and_then(toml::Value::as_str);
    let folder = folder.ok_or_else(|| settings_error(name, "folder is missing: name the folder of the exports"))?;
    Ok(config.folder().join(folder))
}

fn files_psa(config: &Config, name: &str) -> Result<FilesPsa> {
    let psa = FilesPsa::new(name, &folder_of(config, name)?)?;
    let import = config.connectors.get(name).and_then(|about| about.settings.get(IMPORT));
    let Some(import) = import else { return Ok(psa) };
    let folder = import.as_str().ok_or_else(|| settings_error(name, "import: the path of a folder is expected"))?;
    Ok(psa.with_imports(&config.folder().join(folder))?)
}

/// Opens a connection that has import files: the one named, else the only one.
pub(super) fn connect_files(config: &Config, named: Option<&str>) -> Result<FilesPsa> {
    let has = |about: &config::Connection| {
        about.kind == FILES.name && about.side == config::Side::Psa && about.settings.contains_key(IMPORT)
    };
    let names: Vec<&String> = config.connectors.iter().filter(|(_, about)| has(about)).map(|(name, _)| name).collect();
    match (named, names.as_slice()) {
        (Some(name), _) if config.connectors.get(name).is_some_and(has) => files_psa(config, name),
        (Some(name), _) if config.connectors.contains_key(name) => {
            Err(settings_error(name, "has no import files: it is no connection of kind files with `import`"))
        }
        (Some(name), configured) => {
            let configured = configured.iter().map(|name| (*name).clone()).collect();
            Err(EngineError::NoConnection { name: name.to_owned(), configured })
        }
        (None, [only]) => files_psa(config, only),
        (None, several) => {
            let found = several.iter().map(|name| (*name).clone()).collect();
            Err(EngineError::Which { kind: "files with `import`", found })
        }
    }
}
