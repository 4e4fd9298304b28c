//! Finds, reads and checks the file.
//!
//! Keeps the invariant that every fault of the file is told at once, each with its line and column.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use crate::config::environment::Environment;
use crate::config::error::{ConfigError, Fault, FaultKind};
use crate::config::renewals;
use crate::config::secret::SecretSource;
use crate::config::section::{Found, Section};
use crate::config::{
    Config, Connection, Limits, MatchRules, Matching, Place, Reconcile, Serve, Side, StoreSettings, StoreUrl,
};
use crate::core::link::Shape;
use crate::core::outside::excerpt;

/// The file looked for where none is named.
pub const CONFIG_FILE: &str = "trueup.toml";
/// The variable that names another one.
pub const CONFIG_VARIABLE: &str = "TRUEUP_CONFIG";

/// A configuration is written by hand; a larger file is the wrong file.
const CONFIG_BYTES_MAX: u64 = 1_048_576;

/// The database where none is named.
const STORE_URL: &str = "sqlite:trueup.db";

/// Settings with such a last word are secrets whatever the connector, and must not be written out.
const SECRET_WORDS: [&str; 7] = ["secret", "password", "passphrase", "token", "api_key", "apikey", "private_key"];

/// Which file: the one named, else the one the environment names, else `trueup.toml` here.
#[must_use]
pub fn find(named: Option<&Path>, environment: &Environment) -> PathBuf {
    named.map_or_else(|| environment.get(CONFIG_VARIABLE).unwrap_or(CONFIG_FILE).into(), Path::to_owned)
}

/// Reads and checks a file.
///
/// # Errors
/// Every fault of the file with its place, or why it could not be read.
pub fn load(file: &Path) -> Result<Config, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { file: file.to_owned(), source };
    let opened = File::open(file).map_err(|source| {
        let missing = source.kind() == ErrorKind::NotFound;
        if missing { ConfigError::Missing { file: file.to_owned() } } else { unreadable(source) }
    })?;
    let mut text = String::new();
    opened.take(CONFIG_BYTES_MAX.saturating_add(1)).read_to_string(&mut text).map_err(unreadable)?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > CONFIG_BYTES_MAX {
        return Err(ConfigError::TooLarge { file: file.to_owned(), bytes_max: CONFIG_BYTES_MAX });
    }
    parse(file, &text)
}

/// Checks the text of a file.
///
/// # Errors
/// Every fault with its place.
pub fn parse(file: &Path, text: &str) -> Result<Config, ConfigError> {
    let (root, syntax) = DeTable::parse_recoverable(text);
    let faults = RefCell::new(Vec::new());
    for error in &syntax {
        let what = error.message().lines().collect::<Vec<_>>().join(", ");
        faults.borrow_mut().push((error.span().map_or(0, |span| span.start), FaultKind::Syntax(what)));
    }
    // What the parser saved of a broken file would only add faults that are none.
    let config = syntax.is_empty().then(|| read(file, text, &root, &faults));
    let mut found = faults.into_inner();
    found.sort_by_key(|(at, _)| *at);
    match config {
        Some(config) if found.is_empty() => Ok(config),
        _ => {
            let faults = found.into_iter().map(|(at, kind)| Fault { place: place(text, at), kind }).collect();
            Err(ConfigError::Invalid { file: file.to_owned(), faults })
        }
    }
}

fn read<'t>(file: &Path, text: &str, root: &'t Spanned<DeTable<'t>>, faults: &'t RefCell<Vec<Found>>) -> Config {
    let mut root = Section::root(root, faults);
    let store = root.child("store").map_or_else(store_default, read_store);
    let connectors = root.child("connectors").map(|section| read_connectors(text, section)).unwrap_or_default();
    let matching = root.child("matching").map(read_matching).unwrap_or_default();
    let reconcile = root.child("reconcile").map(read_reconcile).unwrap_or_default();
    let renewals = root.child("renewals").map(renewals::read).unwrap_or_default();
    let limits = root.child("limits").map(read_limits).unwrap_or_default();
    let serve = root.child("serve").map(read_serve).unwrap_or_default();
    root.finish();
    Config { file: file.to_owned(), store, connectors, matching, reconcile, renewals, limits, serve }
}

fn store_default() -> StoreSettings {
    StoreSettings { url: StoreUrl::Plain(STORE_URL.to_owned()), lock_wait_seconds_max: 0 }
}

fn read_store(mut section: Section<'_>) -> StoreSettings {
    let mut settings = store_default();
    match section.secret_or_text("url") {
        Some(Ok(source)) => settings.url = StoreUrl::Elsewhere(source),
        Some(Err(url)) => {
            check_store_url(&section, url);
            settings.url = StoreUrl::Plain(url.to_owned());
        }
        None => {}
    }
    let wait = section.whole("lock_wait_seconds_max", &(0..=86_400));
    settings.lock_wait_seconds_max = wait.unwrap_or(settings.lock_wait_seconds_max);
    section.finish();
    settings
}

/// A URL in the file names a database we can open, and no password.
fn check_store_url(section: &Section<'_>, url: &str) {
    let key = "url".to_owned();
    let at = section.at("url");
    let authority = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://"));
    if let Some(authority) = authority {
        let user = authority.split(['/', '?']).next().unwrap_or("").rsplit_once('@').map_or("", |(user, _)| user);
        if user.contains(':') || url.contains("password=") {
            section.report(at, FaultKind::BareSecret { key });
        }
    } else if !url.starts_with("sqlite:") {
        let expected = "sqlite:<file> or postgres://<host>/<database>".to_owned();
        let found = format!("\"{}\"", url.chars().take(12).collect::<String>());
        section.report(at, FaultKind::WrongValue { key, expected, found });
    }
}

/// The URL with a relative SQLite file placed in the folder.
pub(super) fn sqlite_in(folder: &Path, url: &str) -> String {
    let Some(file) = url.strip_prefix("sqlite:") else { return url.to_owned() };
    let file = file.strip_prefix("//").unwrap_or(file);
    if file.starts_with(":memory:") { url.to_owned() } else { format!("sqlite:{}", folder.join(file).display()) }
}

fn read_connectors(text: &str, mut section: Section<'_>) -> BTreeMap<String, Connection> {
    let mut connections = BTreeMap::new();
    let mut defaults: BTreeMap<String, String> = BTreeMap::new();
    for (name, inner) in section.children() {
        let at = inner.at("default");
        if let Some(connection) = read_connection(text, inner) {
            if connection.default
                && let Some(other) = defaults.insert(connection.kind.clone(), name.clone())
            {
                let expected = format!("on one connection of kind {} at most", connection.kind);
                let found = format!("true on [connectors.{other}] as well");
                section.report(at, FaultKind::WrongValue { key: "default".to_owned(), expected, found });
            }
            connections.insert(name, connection);
        }
    }
    connections
}

fn read_connection(text: &str, mut section: Section<'_>) -> Option<Connection> {
    let kind = section.required("kind").map(ToOwned::to_owned);
    let side = section.required("side");
    let side = side.and_then(|word| section.word("side", word, &[("vendor", Side::Vendor), ("psa", Side::Psa)]));
    let default = section.flag("default").unwrap_or(false);
    let places = ["kind", "side"].map(|key| (key.to_owned(), place(text, section.at(key)))).into();
    let mut own = Own { section: &section, text, secrets: BTreeMap::new(), places };
    let mut settings = toml::Table::new();
    for (key, value) in section.rest() {
        if let Some(plain) = own.setting(key.get_ref(), key.get_ref(), key.span().start, value) {
            settings.insert(key.get_ref().to_string(), plain);
        }
    }
    Some(Connection { kind: kind?, side: side?, default, settings, secrets: own.secrets, places: own.places })
}

/// Splits a connector's own settings into values and secrets without knowing what they mean.
struct Own<'s, 't> {
    section: &'s Section<'t>,
    text: &'s str,
    secrets: BTreeMap<String, SecretSource>,
    places: BTreeMap<String, Place>,
}

impl<'t> Own<'_, 't> {
    /// The plain value, or `None` where it was a secret.
    fn setting(&mut self, dotted: &str, key: &str, at: usize, value: &'t Spanned<DeValue<'t>>) -> Option<toml::Value> {
        self.places.insert(dotted.to_owned(), place(self.text, at));
        let inner = value.get_ref();
        if is_source(inner) || (inner.is_table() && named_secret(key)) {
            if let Some(source) = self.section.secret_source(key, value) {
                self.secrets.insert(dotted.to_owned(), source);
            }
            return None;
        }
        if named_secret(key) {
            self.section.report(value.span().start, FaultKind::BareSecret { key: key.to_owned() });
            return None;
        }
        if inner.as_str() == Some("") {
            let (expected, found) = ("a text that is not empty".to_owned(), "\"\"".to_owned());
            let kind = FaultKind::WrongValue { key: key.to_owned(), expected, found };
            self.section.report(value.span().start, kind);
            return None;
        }
        let Some(table) = inner.as_table() else {
            return toml::Value::deserialize(ValueDeserializer::from(value.clone())).ok();
        };
        let mut plain = toml::Table::new();
        for (key, value) in table {
            let dotted = format!("{dotted}.{}", key.get_ref());
            if let Some(value) = self.setting(&dotted, key.get_ref(), key.span().start, value) {
                plain.insert(key.get_ref().to_string(), value);
            }
        }
        Some(toml::Value::Table(plain))
    }
}

fn named_secret(key: &str) -> bool {
    let key = key.to_lowercase();
    SECRET_WORDS.iter().any(|word| key.strip_suffix(word).is_some_and(|head| head.is_empty() || head.ends_with('_')))
}

/// Whether a value is `{ env = "…" }` or `{ file = "…" }` and nothing else.
fn is_source(value: &DeValue<'_>) -> bool {
    value.as_table().is_some_and(|table| {
        table.len() == 1 && table.iter().all(|(key, _)| ["env", "file"].contains(&key.get_ref().as_ref()))
    })
}

fn read_matching(mut section: Section<'_>) -> Matching {
    let mut matching = Matching::default();
    if let Some(mut customers) = section.child("customers") {
        matching.customers = read_rules(&mut customers, &matching.customers);
        customers.finish();
    }
    if let Some(mut products) = section.child("products") {
        matching.products = read_rules(&mut products, &matching.products);
        matching.title_words = products.text("title_words").map(PathBuf::from);
        products.finish();
    }
    section.finish();
    matching
}

fn read_rules(section: &mut Section<'_>, default: &MatchRules) -> MatchRules {
    let mut permille =
        |key, default| section.whole(key, &(0..=1000)).and_then(|number| u16::try_from(number).ok()).unwrap_or(default);
    let match_permille_min = permille("match_permille_min", default.match_permille_min);
    let possible_permille_min = permille("possible_permille_min", default.possible_permille_min);
    let lead_permille_min = permille("lead_permille_min", default.lead_permille_min);
    let shapes = [("one_to_one", Shape::OneToOne), ("many_to_one", Shape::ManyToOne)];
    let shape = section.text("shape").and_then(|word| section.word("shape", word, &shapes)).unwrap_or(default.shape);
    if possible_permille_min > match_permille_min {
        let kind = FaultKind::WrongValue {
            key: "possible_permille_min".to_owned(),
            expected: format!("at most match_permille_min, {match_permille_min}"),
            found: possible_permille_min.to_string(),
        };
        section.report(section.at("possible_permille_min"), kind);
    }
    MatchRules { match_permille_min, possible_permille_min, lead_permille_min, shape }
}

fn read_reconcile(mut section: Section<'_>) -> Reconcile {
    let default = Reconcile::default();
    let age = section.whole("snapshot_age_hours_max", &(1..=8_784));
    section.finish();
    Reconcile { snapshot_age_hours_max: age.unwrap_or(default.snapshot_age_hours_max) }
}

fn read_limits(mut section: Section<'_>) -> Limits {
    let default = Limits::default();
    let records_max = section.whole("records_max", &(1..=1_000_000_000)).unwrap_or(default.records_max);
    section.finish();
    Limits { records_max }
}

fn read_serve(mut section: Section<'_>) -> Serve {
    let default = Serve::default();
    let listen = section.text("listen").map(|text| (text, text.parse()));
    if let Some((text, Err(_))) = &listen {
        let expected = "an address and a port, such as 127.0.0.1:8787 or [::1]:8787".to_owned();
        let found = format!("\"{}\"", excerpt(text, 60));
        section.report(section.at("listen"), FaultKind::WrongValue { key: "listen".to_owned(), expected, found });
    }
    let pause = section.whole("read_pause_seconds_min", &(0..=86_400));
    section.finish();
    Serve {
        listen: listen.and_then(|(_, address)| address.ok()).unwrap_or(default.listen),
        read_pause_seconds_min: pause.unwrap_or(default.read_pause_seconds_min),
    }
}

/// Line and column of a byte, in characters.
fn place(text: &str, at: usize) -> Place {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count().saturating_add(1);
    let column = before.rsplit('\n').next().unwrap_or("").chars().count().saturating_add(1);
    Place { line, column }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::config::SecretProblem;

    const SAMPLE: &str = include_str!("../../samples/trueup.toml");

    fn sample() -> Config {
        parse(Path::new("samples/trueup.toml"), SAMPLE).unwrap()
    }

    #[test]
    fn the_sample_parses_and_what_it_calls_default_is() {
        let nothing = parse(Path::new("trueup.toml"), "").unwrap();
        let sample = sample();
        assert_eq!(sample.store, nothing.store);
        assert_eq!(sample.matching, nothing.matching);
        assert_eq!(sample.reconcile, nothing.reconcile);
        assert_eq!(sample.limits, nothing.limits);
        assert_eq!(sample.serve, nothing.serve);
        // Each setting with a default is written out and said to be one: without the line the answer is the same, with
        // another value it is not.
        let with_line = |number: usize, text: &str| {
            let line = |(at, line)| if at == number { text } else { line };
            let lines: Vec<&str> = SAMPLE.lines().enumerate().map(line).collect();
            parse(&sample.file, &lines.join("\n")).unwrap().fingerprint()
        };
        let defaults = SAMPLE.lines().enumerate().filter(|(_, line)| line.contains("# default"));
        let count = defaults.map(|(number, line)| {
            let key = line.split(' ').next().unwrap();
            let other = match line.split('#').next().unwrap().split('"').nth(1) {
                Some("sqlite:trueup.db") => "url = \"sqlite:other.db\"".to_owned(),
                Some("127.0.0.1:8787") => "listen = \"127.0.0.1:1\"".to_owned(),
                Some("one_to_one") => "shape = \"many_to_one\"".to_owned(),
                Some(_) => "shape = \"one_to_one\"".to_owned(),
                None if key == "match_permille_min" => format!("{key} = 600"),
                None => format!("{key} = 99"),
            };
            assert_eq!(with_line(number, ""), sample.fingerprint(), "{line}");
            assert_ne!(with_line(number, &other), sample.fingerprint(), "{line}");
        });
        assert_eq!(count.count(), 14);
    }

    #[test]
    fn every_byte_of_a_file_cut_anywhere_is_an_answer() {
        for end in 0..SAMPLE.len() {
            let Some(cut) = SAMPLE.get(..end) else { continue };
            if let Err(error) = parse(Path::new("t"), cut) {
                assert!(error.to_string().starts_with("t:"), "{end}: {error}");
            }
        }
    }

    #[test]
    fn secrets_are_told_from_settings_at_any_depth_and_resolved_late() {
        let text = "[connectors.psa]\nkind = \"rest\"\nside = \"psa\"\ndescription = \"d.toml\"\n\
                    [connectors.psa.settings]\nhost = \"psa.example\"\nport = 0x1F\nprivate = { env = \"KEY\" }\n";
        let config = parse(Path::new("trueup.toml"), text).unwrap();
        let connection = config.connectors.get("psa").unwrap();
        let settings = "description = \"d.toml\"\n\n[settings]\nhost = \"psa.example\"\nport = 31\n";
        assert_eq!(toml::to_string(&connection.settings).unwrap(), settings);
        let missing = config.secrets_of("psa", &Environment::default()).unwrap_err();
        assert_eq!(missing.to_string(), "connectors.psa.settings.private: the environment variable KEY is not set");
        assert!(matches!(missing, ConfigError::Secret(error) if matches!(error.problem, SecretProblem::NotSet(_))));
        let secrets = config.secrets_of("psa", &Environment::of([("KEY", "hunter2")])).unwrap();
        assert_eq!(secrets.get("settings.private").unwrap().expose_secret(), "hunter2");
        assert!(!format!("{config:?} {secrets:?}").contains("hunter2"));
    }

    #[test]
    fn whoever_knows_the_connector_can_refuse_its_settings_with_their_place() {
        let text = "[connectors.a]\nkind = \"files\"\nside = \"psa\"\nfoldr = \"x\"\nsecret = { env = \"S\" }\n";
        let config = parse(Path::new("t.toml"), text).unwrap();
        let refused = config.known_settings("a", &["folder", "secret"]).unwrap_err().to_string();
        assert_eq!(refused, "t.toml:4:1: unknown key `foldr` in [connectors.a]; the nearest known key is `folder`");
        assert!(config.known_settings("a", &["foldr", "secret"]).is_ok());
        let kind = FaultKind::WrongValue { key: "kind".into(), expected: "pax8".into(), found: "files".into() };
        let refused = config.refuse_setting("a", "kind", kind).to_string();
        assert_eq!(refused, "t.toml:2:8: `kind` must be pax8; found files");
    }

    #[test]
    fn one_connection_of_a_kind_is_the_default() {
        let of = |kind: &str, name: &str, default: &str| {
            format!("[connectors.{name}]\nkind = \"{kind}\"\nside = \"vendor\"\ndefault = {default}\n")
        };
        let one = of("pax8", "a", "true") + &of("pax8", "b", "false") + &of("files", "c", "true");
        let config = parse(Path::new("t.toml"), &one).unwrap();
        let defaults: Vec<_> = config.connectors.iter().filter(|(_, c)| c.default).map(|(name, _)| name).collect();
        assert_eq!(defaults, ["a", "c"]);
        let two = parse(Path::new("t.toml"), &(of("pax8", "a", "true") + &of("pax8", "b", "true"))).unwrap_err();
        assert_eq!(
            two.to_string(),
            "t.toml:8:11: `default` must be on one connection of kind pax8 at most; found true on [connectors.a] as well"
        );
        assert!(parse(Path::new("t.toml"), &of("pax8", "a", "\"yes\"")).is_err());
    }

    #[test]
    fn an_address_to_listen_at_is_one() {
        let of = |text: &str| parse(Path::new("t.toml"), text);
        let refused = of("[serve]\nlisten = \"localhost\"\n").unwrap_err().to_string();
        let expected = "t.toml:2:10: `listen` must be an address and a port, such as 127.0.0.1:8787 or [::1]:8787; found \"localhost\"";
        assert_eq!(refused, expected);
        assert_eq!(of("[serve]\nlisten = \"[::1]:1\"\n").unwrap().serve.listen.port(), 1);
        let text = "[connectors.a]\nkind = \"pax8\"\nside = \"vendor\"\nwebhook_secret = \"written out\"\n";
        assert!(of(text).unwrap_err().to_string().contains("is a secret and is written out"));
    }

    #[test]
    fn names_that_mean_a_secret_are_known() {
        for name in ["secret", "client_secret", "Password", "api_key", "access_token", "private_key"] {
            assert!(named_secret(name), "{name}");
        }
        for name in ["client_id", "token_url", "secretary", "public_key", "folder", "bearertoken"] {
            assert!(!named_secret(name), "{name}");
        }
    }

    #[test]
    fn the_fingerprint_changes_with_the_settings_and_not_with_their_layout() {
        let of = |text: &str| parse(Path::new("t.toml"), text).unwrap().fingerprint();
        assert_eq!(of(""), of("# nothing\n[limits]\nrecords_max = 5_000_000\n"));
        assert_ne!(of(""), of("[limits]\nrecords_max = 7\n"));
        let connection = |secret: &str| format!("[connectors.a]\nkind = \"k\"\nside = \"psa\"\nsecret = {secret}\n");
        assert_ne!(of(&connection("{ env = \"A\" }")), of(&connection("{ env = \"B\" }")));
    }

    #[test]
    fn a_relative_database_file_lies_beside_the_configuration() {
        let url = |file: &str, text: &str| {
            let config = parse(Path::new(file), text).unwrap();
            config
                .store_url(&Environment::of([("URL", "postgres://u:p@db.example/t")]))
                .unwrap()
                .expose_secret()
                .to_owned()
        };
        assert_eq!(url("trueup.toml", ""), "sqlite:trueup.db");
        assert_eq!(url("/etc/trueup/trueup.toml", ""), "sqlite:/etc/trueup/trueup.db");
        assert_eq!(url("/etc/t.toml", "[store]\nurl = \"sqlite:///var/t.db\"\n"), "sqlite:/var/t.db");
        assert_eq!(url("/etc/t.toml", "[store]\nurl = \"sqlite::memory:\"\n"), "sqlite::memory:");
        let elsewhere = "[store]\nurl = { env = \"URL\" }\n";
        assert_eq!(url("t.toml", elsewhere), "postgres://u:p@db.example/t");
    }

    #[test]
    fn the_file_named_comes_before_the_variable_and_that_before_the_folder() {
        let environment = Environment::of([(CONFIG_VARIABLE, "v.toml")]);
        assert_eq!(find(Some(Path::new("n.toml")), &environment), Path::new("n.toml"));
        assert_eq!(find(None, &environment), Path::new("v.toml"));
        assert_eq!(find(None, &Environment::default()), Path::new(CONFIG_FILE));
    }
}
