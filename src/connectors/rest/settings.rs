//! What a connection through a connector file needs: the file, the values of its settings, and the client made of both.
//!
//! Keeps the invariant that every setting a file asks for has a value that can be what it is said to be, before any call.

use std::collections::BTreeMap;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use super::answers::{self, Reading};
use super::codec::shown;
use super::language::{Auth, Connector, Discover, Observed, ResetUnit, SettingKind};
use super::lint_http::{duration, setting_value};
use super::path::Path;
use super::source::hint;
use super::template::{Position, Template};
use crate::connectors::{Environment, http};

/// A connector file: its name for errors, and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorFile {
    /// As errors name it.
    pub name: String,
    /// The TOML.
    pub text: String,
}

/// What a connection is made of.
pub struct RestSettings {
    /// The connection's configured name.
    pub name: String,
    /// The connector file.
    pub file: ConnectorFile,
    /// The values of the file's settings.
    pub values: BTreeMap<String, SecretString>,
    /// Hosts beyond loopback that may be spoken to without TLS.
    pub plain_hosts: Vec<String>,
    /// Hosts that may be spoken to although they are addresses of a private network, or names that lead to one.
    pub private_hosts: Vec<String>,
    /// Pauses between attempts at one call.
    pub backoff: http::Backoff,
    /// Attempts at one call.
    pub attempts: u32,
    /// Whether it may change anything.
    pub environment: Environment,
}

impl RestSettings {
    /// Settings without values and with the client's usual pauses.
    pub fn new(name: impl Into<String>, file: ConnectorFile) -> Self {
        let usual = http::Settings::new("", "", http::Auth::None);
        Self {
            name: name.into(),
            file,
            values: BTreeMap::new(),
            plain_hosts: usual.plain_hosts,
            private_hosts: usual.private_hosts,
            backoff: usual.backoff,
            attempts: usual.limits.attempts,
            environment: Environment::default(),
        }
    }

    /// Gives one setting its value.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.values.insert(name.to_owned(), SecretString::from(value));
        self
    }
}

/// How a token is sent where nothing else is said.
const BEARER: &str = "Bearer {token}";
/// What stands for the token, at the end of what is sent.
pub(super) const TOKEN: &str = "{token}";

/// The members that lead to a plain place.
fn members(place: &str) -> Result<Vec<String>, String> {
    let path = Path::parse(place)?;
    let names = path.names().ok_or_else(|| format!("`{place}` is no plain place"))?;
    Ok(names.into_iter().map(str::to_owned).collect())
}

fn observe(observed: &Observed) -> http::Observe {
    http::Observe {
        remaining: observed.remaining.clone(),
        reset: observed.reset.clone(),
        unit: match observed.unit {
            ResetUnit::Seconds => http::Reset::Seconds,
            ResetUnit::Epoch => http::Reset::Epoch,
        },
        keep: observed.keep,
    }
}

/// The values of a connection's settings, defaults included.
pub(super) struct Values(BTreeMap<String, SecretString>);

impl Values {
    /// Completes and checks what the user gave.
    pub(super) fn new(connector: &Connector, given: &BTreeMap<String, SecretString>) -> Result<Self, String> {
        let mut values = given.clone();
        let known: Vec<&str> = connector.settings.keys().map(String::as_str).collect();
        if let Some(name) = values.keys().find(|name| !connector.settings.contains_key(*name)) {
            return Err(format!("{} knows no setting `{name}`{}", connector.name, hint(name, &known)));
        }
        for (name, setting) in &connector.settings {
            if !values.contains_key(name) {
                let Some(default) = &setting.default else {
                    let note = setting.note.iter().map(|note| format!(": {note}"));
                    let example = setting.example.iter().map(|example| format!(" (for example {example})"));
                    let hint: String = note.chain(example).collect();
                    return Err(format!("the setting `{name}` has no value{hint}"));
                };
                values.insert(name.clone(), SecretString::from(default.as_str()));
            }
            if let Some(value) = values.get(name) {
                setting_value(setting.kind, value.expose_secret())
                    .map_err(|what| format!("the setting `{name}` cannot be used: {what}"))?;
            }
        }
        Ok(Self(values))
    }

    /// A setting's value.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(ExposeSecret::expose_secret)
    }

    /// A text with its settings.
    pub(super) fn plain(&self, text: &str) -> Result<String, String> {
        Template::parse(text)?.fill(Position::Plain, &|name| self.get(name))
    }

    fn secret(&self, text: &str) -> Result<SecretString, String> {
        self.plain(text).map(SecretString::from)
    }

    /// An address as the base is one: settings of kind host and url stand as they are, others as path segments.
    fn base_like(&self, base: &str, connector: &Connector) -> Result<String, String> {
        let template = Template::parse(base)?;
        let mut text = base.to_owned();
        for name in template.names() {
            let value = self.get(name).ok_or_else(|| format!("`{{{name}}}` has no value"))?;
            let kind = connector.settings.get(name).map(|setting| setting.kind);
            let value = match kind {
                Some(SettingKind::Host | SettingKind::Url) => value.trim_end_matches('/').to_owned(),
                Some(SettingKind::Text | SettingKind::Secret) | None => http::segment(value),
            };
            text = text.replace(&format!("{{{name}}}"), &value);
        }
        Ok(text)
    }

    /// The client a connection speaks through.
    pub(super) fn client_settings(&self, connector: &Connector, of: &RestSettings) -> Result<http::Settings, String> {
        let auth = self.auth(&connector.http.auth, connector)?;
        let mut settings = http::Settings::new(&of.name, self.base_like(&connector.http.base, connector)?, auth);
        for (name, value) in &connector.http.headers {
            settings.headers.push((name.clone(), self.secret(value)?));
        }
        settings.secrets = self.secrets(connector);
        for rate in &connector.limits.rate {
            let per = duration(&rate.per).ok_or_else(|| format!("`{}` is no length of time", rate.per))?;
            settings.rates.push(http::Rate { calls: rate.calls, per });
        }
        for endpoint in &connector.limits.endpoints {
            let most = usize::try_from(endpoint.concurrency).unwrap_or(usize::MAX);
            settings.endpoints.push((endpoint.path.clone(), most));
        }
        settings.observe = connector.limits.observe.as_ref().map(observe);
        settings.discovery = connector.http.discover.as_ref().map(|discover| self.discovery(discover)).transpose()?;
        if let Some(most) = connector.limits.concurrency {
            settings.concurrency = usize::try_from(most).unwrap_or(settings.concurrency);
        }
        settings.plain_hosts.clone_from(&of.plain_hosts);
        settings.private_hosts.clone_from(&of.private_hosts);
        settings.backoff = of.backoff;
        settings.limits.attempts = of.attempts;
        let rules = connector.errors.iter().map(Reading::new).collect::<Result<Vec<_>, _>>()?;
        if !rules.is_empty() {
            settings.judge = Some(Arc::new(move |status, headers, body| answers::judge(&rules, status, headers, body)));
        }
        Ok(settings)
    }

    /// Every secret setting, and every header and query value that is built from one.
    fn secrets(&self, connector: &Connector) -> Vec<SecretString> {
        let is_secret =
            |name: &str| connector.settings.get(name).is_some_and(|setting| setting.kind == SettingKind::Secret);
        let plain = connector.settings.keys().filter(|name| is_secret(name));
        let lists = connector.entity.values().filter_map(|entity| entity.list.as_ref());
        let queries = lists.flat_map(|list| list.query.values().filter_map(serde_json::Value::as_str));
        let built = connector
            .http
            .headers
            .values()
            .map(String::as_str)
            .chain(queries)
            .filter(|text| Template::parse(text).is_ok_and(|template| template.names().into_iter().any(is_secret)));
        // A value that also takes a record's id cannot be filled here; the secret in it is known by itself.
        let built = built.filter_map(|text| self.secret(text).ok());
        plain.filter_map(|name| self.0.get(name).cloned()).chain(built).collect()
    }

    fn discovery(&self, discover: &Discover) -> Result<http::Discovery, String> {
        let at = Path::parse(&discover.at)?;
        let place = discover.at.clone();
        let read = move |body: &[u8]| {
            let answer: serde_json::Value = http::decode(body)?;
            let found = at.get(&answer).and_then(serde_json::Value::as_str).map(str::to_owned);
            let what = || format!("an address expected, found {}", shown(&answer));
            found.ok_or_else(|| http::Undecodable { at: place.clone(), what: what() })
        };
        let value = |name: &str| self.get(name);
        let query = discover.query.iter().map(|(name, value)| Ok((name.clone(), self.plain(value)?)));
        Ok(http::Discovery {
            path: Template::parse(&discover.get)?.fill(Position::Path, &value)?,
            query: query.collect::<Result<_, String>>()?,
            read: Arc::new(read),
            append: discover.append.clone().unwrap_or_default(),
            within: discover.within.clone(),
        })
    }

    fn auth(&self, auth: &Auth, connector: &Connector) -> Result<http::Auth, String> {
        Ok(match auth {
            Auth::None {} => http::Auth::None,
            Auth::Bearer { token } => http::Auth::Bearer(self.secret(token)?),
            Auth::Basic { user, pass } => http::Auth::Basic { user: self.plain(user)?, password: self.secret(pass)? },
            Auth::Header { name, value } => http::Auth::Header { name: name.clone(), value: self.secret(value)? },
            Auth::Query { name, value, also_body: false } => {
                http::Auth::Query { name: name.clone(), value: self.secret(value)? }
            }
            Auth::Query { name, value, also_body: true } => {
                http::Auth::Body { name: name.clone(), value: self.secret(value)?, also_query: true }
            }
            Auth::Body { name, value } => {
                http::Auth::Body { name: name.clone(), value: self.secret(value)?, also_query: false }
            }
            Auth::Exchange { post, fields, form, token, expires, lives, header, value } => {
                let fields = fields.iter().map(|(name, value)| Ok((name.clone(), self.secret(value)?)));
                let exchange = http::Exchange {
                    token_at: members(token)?,
                    expires_at: expires.as_deref().map(members).transpose()?,
                    life: lives.as_deref().and_then(duration),
                    header: header.clone().unwrap_or_else(|| "Authorization".to_owned()),
                    before: self.plain(value.as_deref().unwrap_or(BEARER).trim_end_matches(TOKEN))?,
                    form: *form,
                };
                let fields = fields.collect::<Result<Vec<_>, String>>()?;
                http::Auth::Token(http::TokenCall::exchanged(self.base_like(post, connector)?, fields, exchange))
            }
            Auth::Oauth2 { token, client, secret, scope, refresh, basic } => {
                let client = http::OAuthClient {
                    id: self.plain(client)?,
                    secret: self.secret(secret)?,
                    scope: scope.as_deref().map(|scope| self.plain(scope)).transpose()?,
                    basic: basic.unwrap_or(false),
                };
                let url = self.plain(token)?;
                http::Auth::Token(match refresh {
                    None => http::TokenCall::client_credentials(url, client),
                    Some(refresh) => http::TokenCall::refresh(url, client, self.secret(refresh)?),
                })
            }
        })
    }
}
