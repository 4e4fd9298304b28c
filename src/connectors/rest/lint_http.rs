//! Lint of how a system is called: its address, what lets one in, and the pace it allows.
//!
//! Keeps the invariant that no credential stands in a file, and that none travels without TLS.

use std::time::Duration;

use super::language::{Auth, SettingKind};
use super::lint::Lint;
use super::lint_calls;
use super::lint_stretches;
use super::template::Template;

const CONCURRENCY_MAX: u32 = 32;

/// The credentials of a kind of authentication, by their keys.
fn credentials(auth: &Auth) -> Vec<(&'static str, &str)> {
    match auth {
        Auth::None {} => Vec::new(),
        Auth::Bearer { token } => vec![("token", token)],
        Auth::Basic { user: _, pass } => vec![("pass", pass)],
        Auth::Header { name: _, value }
        | Auth::Query { name: _, value, also_body: _ }
        | Auth::Body { name: _, value } => {
            vec![("value", value)]
        }
        // one of the fields holds it: see `exchange`
        Auth::Exchange { .. } => Vec::new(),
        Auth::Oauth2 { secret, refresh, token: _, client: _, scope: _, basic: _ } => {
            let refresh = refresh.as_deref().map(|refresh| ("refresh", refresh));
            [("secret", secret.as_str())].into_iter().chain(refresh).collect()
        }
    }
}

/// Whether a text can name a header.
pub(super) fn is_header(name: &str) -> bool {
    reqwest::header::HeaderName::from_bytes(name.as_bytes()).is_ok()
}

/// Headers that let in wherever they are used.
fn is_credential(header: &str) -> bool {
    let header = header.to_ascii_lowercase();
    ["authorization", "cookie", "api-key", "apikey", "token", "secret"].iter().any(|part| header.contains(part))
}

impl Lint<'_> {
    pub(super) fn http(&mut self) {
        let http = &self.connector.http;
        self.at("base", |lint| {
            let starts = http.base.starts_with("https://") || http.base.starts_with("http://");
            let by_setting = http.base.strip_prefix('{').and_then(|rest| rest.split('}').next()).is_some_and(|name| {
                lint.connector.settings.get(name).is_some_and(|setting| setting.kind == SettingKind::Url)
            });
            lint.demand(starts || by_setting, "the base must begin with `https://` or a setting of kind url");
            lint.template(&http.base, &[]);
            lint.plain_host(&http.base);
        });
        self.maybe("discover", http.discover.as_ref(), lint_calls::discover);
        self.at("headers", |lint| {
            for (name, value) in &http.headers {
                lint.at(name, |lint| {
                    lint.template(value, &[]);
                    if is_credential(name) {
                        lint.credential(value);
                    }
                });
            }
        });
        self.at("auth", |lint| {
            for (key, value) in credentials(&http.auth) {
                lint.at(key, |lint| lint.credential(value));
            }
            let mut text = |key: &str, value: &str| lint.at(key, |lint| _ = lint.template(value, &[]));
            match &http.auth {
                Auth::None {} => {}
                Auth::Bearer { token } => text("token", token),
                Auth::Basic { user, pass } => {
                    text("user", user);
                    text("pass", pass);
                }
                Auth::Header { name: _, value } | Auth::Query { name: _, value, also_body: _ } => text("value", value),
                Auth::Body { name: _, value } => {
                    text("value", value);
                    lint.bodies();
                }
                Auth::Exchange { .. } => lint_calls::exchange(lint, &http.auth),
                Auth::Oauth2 { token, client, secret, scope, refresh, basic: _ } => {
                    text("token", token);
                    text("client", client);
                    text("secret", secret);
                    text("scope", scope.as_deref().unwrap_or_default());
                    text("refresh", refresh.as_deref().unwrap_or_default());
                }
            }
        });
    }

    /// A credential is a secret setting with words around it at most: a connector file is passed on, a secret is not.
    fn credential(&mut self, text: &str) {
        let Ok(template) = Template::parse(text) else { return };
        let settings = &self.connector.settings;
        let is_secret = |name: &str| settings.get(name).is_none_or(|setting| setting.kind == SettingKind::Secret);
        if !template.names().into_iter().any(is_secret) {
            self.fault(
                "a credential belongs into a setting of kind secret, written here as `{name}`, not into the file",
            );
        }
    }

    /// A credential in the body goes only with calls that have one.
    fn bodies(&mut self) {
        for (name, entity) in &self.connector.entity {
            let asks = entity.list.as_ref().is_none_or(|list| list.post.is_some());
            let sends = asks && entity.get.is_none();
            self.demand(sends, format!("`{name}` is read by GET, which has no body: use `query` with `also_body`"));
        }
    }

    pub(super) fn plain_host(&mut self, base: &str) {
        let Some(host) = base.strip_prefix("http://").and_then(|rest| rest.split('/').next()) else { return };
        let name = host.rsplit_once(':').filter(|_| !host.ends_with(']')).map_or(host, |(name, _port)| name);
        let here = matches!(name, "localhost" | "127.0.0.1" | "[::1]") || name.starts_with('{');
        self.demand(here, format!("{host} would be spoken to without TLS; write https"));
    }

    pub(super) fn limits(&mut self) {
        let limits = &self.connector.limits;
        self.at("rate", |lint| {
            for (index, rate) in limits.rate.iter().enumerate() {
                lint.nth(index, |lint| {
                    lint.demand(rate.calls > 0, "`calls` must be at least 1");
                    lint.at("per", |lint| lint.duration(&rate.per));
                });
            }
        });
        self.maybe("concurrency", limits.concurrency.as_ref(), |lint, most| {
            lint.demand((1..=CONCURRENCY_MAX).contains(most), format!("1 to {CONCURRENCY_MAX} expected, found {most}"));
        });
        self.at("endpoints", |lint| {
            for (index, endpoint) in limits.endpoints.iter().enumerate() {
                lint.nth(index, |lint| {
                    lint.at("path", |lint| {
                        let begins = format!("`{}` must begin with `/`, and names nothing in braces", endpoint.path);
                        lint.demand(endpoint.path.starts_with('/') && !endpoint.path.contains('{'), begins);
                    });
                    let most = endpoint.concurrency;
                    let range = format!("1 to {CONCURRENCY_MAX} expected, found {most}");
                    lint.at("concurrency", |lint| lint.demand((1..=CONCURRENCY_MAX).contains(&most), range));
                });
            }
        });
        self.maybe("observe", limits.observe.as_ref(), |lint, observed| {
            for (key, header) in [("remaining", &observed.remaining), ("reset", &observed.reset)] {
                let what = format!("`{header}` is not a header name");
                lint.at(key, |lint| lint.demand(is_header(header), what));
            }
        });
        self.maybe("quota", limits.quota.as_ref(), lint_stretches::quota);
        self.maybe("url_max", limits.url_max.as_ref(), |lint, most| lint.demand(*most >= 100, "100 or more expected"));
    }
}

/// Whether a value can be used as what the setting is.
pub(super) fn setting_value(kind: SettingKind, value: &str) -> Result<(), String> {
    match kind {
        SettingKind::Text | SettingKind::Secret if value.chars().any(char::is_control) => {
            Err("it holds a control character; was it pasted with a line break?".to_owned())
        }
        SettingKind::Text | SettingKind::Secret => Ok(()),
        SettingKind::Host => {
            let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
            let good = !value.is_empty() && value.chars().all(named);
            if good { Ok(()) } else { Err("a host such as api.example or api.example:8443 is expected".to_owned()) }
        }
        SettingKind::Url => {
            let good = value.starts_with("https://") || value.starts_with("http://");
            let plain = !value.contains(['?', '#', '{']) && !value.chars().any(|c| c.is_control() || c == ' ');
            if good && plain { Ok(()) } else { Err("an address such as https://api.example/v1 is expected".to_owned()) }
        }
    }
}

/// A length of time: `30s`, `5m`, `24h`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    digits.parse::<u64>().ok().filter(|count| *count > 0)?.checked_mul(seconds).map(Duration::from_secs)
}
