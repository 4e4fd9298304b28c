//! Configuration: one TOML file, read once, checked, passed down as values.
//!
//! Keeps three invariants: a key nobody knows is an error with its place, never ignored; a secret is named in the file
//! (`{ env = … }` or `{ file = … }`) and resolved only when a connection is opened; nothing here knows a connector, whose
//! own settings are handed on as they are written.

mod environment;
mod error;
mod load;
mod renewals;
mod secret;
mod section;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Serialize;

use crate::core::link::Shape;
use crate::core::matching::{Permille, Rules as MatchingRules, TitleWords};
use crate::core::nearest::nearest;
use crate::core::record::Fingerprint;
use crate::core::renewals::Rules;
pub use environment::Environment;
pub use error::{ConfigError, Fault, FaultKind, SecretError, SecretProblem};
pub use load::{CONFIG_FILE, CONFIG_VARIABLE, find, load, parse};
pub use secret::SecretSource;

/// Everything one configuration file says, with defaults where it is silent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Config {
    /// The file, for messages; relative paths in it start from its folder.
    #[serde(skip)]
    pub file: PathBuf,
    /// `[store]`.
    pub store: StoreSettings,
    /// `[connectors.<name>]`, by name.
    pub connectors: BTreeMap<String, Connection>,
    /// `[matching.customers]` and `[matching.products]`.
    pub matching: Matching,
    /// `[reconcile]`.
    pub reconcile: Reconcile,
    /// `[renewals.<name>]`, in the order of the file.
    pub renewals: Rules,
    /// `[limits]`.
    pub limits: Limits,
    /// `[serve]`.
    #[serde(skip_serializing_if = "Serve::is_default")]
    pub serve: Serve,
}

/// `[store]`: where snapshots, links and findings are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoreSettings {
    /// The database.
    pub url: StoreUrl,
    /// How long to wait for another run's lock before giving up.
    pub lock_wait_seconds_max: u64,
}

/// How the database is named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreUrl {
    /// Written out; holds no password.
    Plain(String),
    /// Somewhere else, because it holds one.
    Elsewhere(SecretSource),
}

/// Which side a connection speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// A distributor.
    Vendor,
    /// A PSA or ERP.
    Psa,
}

/// `[connectors.<name>]`: one connection. What is behind `settings` only the connector of its kind knows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Connection {
    /// Which connector.
    pub kind: String,
    /// Its side.
    pub side: Side,
    /// Whether it is meant where several of its kind could be.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub default: bool,
    /// The connector's own settings, without the secrets.
    pub settings: toml::Table,
    /// Where each secret is, by the dotted name of its setting.
    pub secrets: BTreeMap<String, SecretSource>,
    /// The place of each setting of the connector, for messages.
    #[serde(skip)]
    pub(crate) places: BTreeMap<String, Place>,
}

/// A place in the configuration file, counted from one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line.
    pub line: usize,
    /// Character in the line.
    pub column: usize,
}

/// `[matching]`: what is proposed as the same record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Matching {
    /// `[matching.customers]`.
    pub customers: MatchRules,
    /// `[matching.products]`.
    pub products: MatchRules,
    /// `[matching.products]`: a table of title words in the place of the one the program brings along.
    pub title_words: Option<PathBuf>,
}

/// When a pair is proposed. Scores are in thousandths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MatchRules {
    /// A pair with at least this score is a match, if no rival is near.
    pub match_permille_min: u16,
    /// A pair with at least this score is shown as possible; below it is not shown.
    pub possible_permille_min: u16,
    /// How far a match must be ahead of its best rival.
    pub lead_permille_min: u16,
    /// How many vendor records one PSA record may stand for.
    pub shape: Shape,
}

impl Default for Matching {
    fn default() -> Self {
        let rules = MatchingRules::default();
        Self {
            customers: MatchRules::of(&rules, rules.customers),
            products: MatchRules::of(&rules, rules.products),
            title_words: None,
        }
    }
}

impl MatchRules {
    fn of(rules: &MatchingRules, shape: Shape) -> Self {
        Self {
            match_permille_min: rules.match_at.0,
            possible_permille_min: rules.possible_at.0,
            lead_permille_min: rules.margin.0,
            shape,
        }
    }

    /// The rules for a proposal, with these words of product titles.
    #[must_use]
    pub fn rules(&self, titles: TitleWords) -> MatchingRules {
        MatchingRules {
            match_at: Permille(self.match_permille_min),
            possible_at: Permille(self.possible_permille_min),
            margin: Permille(self.lead_permille_min),
            customers: self.shape,
            products: self.shape,
            titles,
        }
    }
}

/// `[reconcile]`: when the inputs are good enough to compare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reconcile {
    /// A snapshot older than this is stale.
    pub snapshot_age_hours_max: u64,
}

impl Default for Reconcile {
    fn default() -> Self {
        Self { snapshot_age_hours_max: 48 }
    }
}

/// `[limits]`: how much is accepted from one listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Records of one listing.
    pub records_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { records_max: 5_000_000 }
    }
}

/// `[serve]`: how news of remotes is received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Serve {
    /// Where to listen.
    pub listen: SocketAddr,
    /// How long a listing that was read because of a hint is not read again because of another.
    pub read_pause_seconds_min: u64,
}

impl Default for Serve {
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8787)), read_pause_seconds_min: 60 }
    }
}

impl Serve {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Config {
    /// The folder relative paths start from.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new(""))
    }

    /// A fingerprint of what the file says and the defaults it leaves. Holds the names of secrets and none
    /// of their values, so a renewed secret does not change it.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        // Only maps in order and plain values: it cannot fail, and an empty text would still be a fixed one.
        let text = serde_json::to_string(self).unwrap_or_default();
        Fingerprint::of(text.as_bytes())
    }

    /// The database's URL, from the environment or a file where the configuration says so. A relative SQLite path starts
    /// from the folder of the configuration file.
    ///
    /// # Errors
    /// [`ConfigError::Secret`] when it is kept elsewhere and cannot be had there.
    pub fn store_url(&self, environment: &Environment) -> Result<SecretString, ConfigError> {
        match &self.store.url {
            StoreUrl::Plain(url) => Ok(SecretString::from(load::sqlite_in(self.folder(), url))),
            StoreUrl::Elsewhere(source) => Ok(source.resolve("store.url", self.folder(), environment)?),
        }
    }

    /// The secrets of one connection, by the dotted names of their settings. Called when it is opened, not before.
    ///
    /// # Errors
    /// [`ConfigError::Secret`] names the first that cannot be had.
    pub fn secrets_of(
        &self,
        name: &str,
        environment: &Environment,
    ) -> Result<BTreeMap<String, SecretString>, ConfigError> {
        let mut resolved = BTreeMap::new();
        for setting in self.connectors.get(name).into_iter().flat_map(|connection| connection.secrets.keys()) {
            let secret = self.secret_of(name, setting, environment)?;
            resolved.extend(secret.map(|secret| (setting.clone(), secret)));
        }
        Ok(resolved)
    }

    /// One secret of a connection, by the dotted name of its setting; `None` where it names none.
    ///
    /// # Errors
    /// [`ConfigError::Secret`] when it cannot be had.
    pub fn secret_of(
        &self,
        name: &str,
        setting: &str,
        environment: &Environment,
    ) -> Result<Option<SecretString>, ConfigError> {
        let source = self.connectors.get(name).and_then(|connection| connection.secrets.get(setting));
        let resolve =
            |source: &SecretSource| source.resolve(&format!("connectors.{name}.{setting}"), self.folder(), environment);
        Ok(source.map(resolve).transpose()?)
    }

    /// Refuses every setting of a connection that its connector does not know. For whoever knows the connector.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] with each unknown key, its place and the nearest known one.
    pub fn known_settings(&self, name: &str, known: &[&str]) -> Result<(), ConfigError> {
        let Some(connection) = self.connectors.get(name) else { return Ok(()) };
        let written = connection.settings.keys().chain(connection.secrets.keys());
        let unknown = written.filter(|key| !known.contains(&key.split('.').next().unwrap_or(key)));
        let mut faults: Vec<Fault> = unknown
            .map(|key| {
                let nearest = nearest(key, known.iter().copied()).map(str::to_owned);
                let kind = FaultKind::UnknownKey { key: key.clone(), section: format!("[connectors.{name}]"), nearest };
                Fault { place: connection.places.get(key).copied().unwrap_or_default(), kind }
            })
            .collect();
        faults.sort_by_key(|fault| fault.place);
        if faults.is_empty() { Ok(()) } else { Err(ConfigError::Invalid { file: self.file.clone(), faults }) }
    }

    /// An error about one setting of a connection, with its place. For whoever knows the connector.
    #[must_use]
    pub fn refuse_setting(&self, name: &str, setting: &str, kind: FaultKind) -> ConfigError {
        let place = self.connectors.get(name).and_then(|connection| connection.places.get(setting)).copied();
        ConfigError::Invalid { file: self.file.clone(), faults: vec![Fault { place: place.unwrap_or_default(), kind }] }
    }
}
