//! Lint of how a system is called where it takes more than an address and a key.
//!
//! Keeps the invariant that a key is exchanged only at an address the file names, and that a discovered one has its bounds.

use super::language::{Auth, Discover, SettingKind};
use super::lint::Lint;
use super::lint_http::is_header;
use super::settings::TOKEN;
use super::template::Template;

/// A key exchanged for a token.
pub(super) fn exchange<'f>(lint: &mut Lint<'f>, auth: &'f Auth) {
    let Auth::Exchange { post, fields, form: _, token, expires, lives, header, value } = auth else { return };
    lint.at("post", |lint| {
        let by_setting = post.strip_prefix('{').and_then(|rest| rest.split('}').next()).is_some_and(|name| {
            lint.connector.settings.get(name).is_some_and(|setting| setting.kind == SettingKind::Url)
        });
        let starts = post.starts_with("https://") || post.starts_with("http://") || by_setting;
        lint.demand(starts, "the address must begin with `https://` or a setting of kind url");
        lint.template(post, &[]);
        lint.plain_host(post);
    });
    lint.at("fields", |lint| {
        let settings = &lint.connector.settings;
        let is_secret = |name: &str| settings.get(name).is_none_or(|setting| setting.kind == SettingKind::Secret);
        let named = |text: &String| Template::parse(text).is_ok_and(|text| text.names().into_iter().any(is_secret));
        let holds = fields.values().any(named);
        lint.demand(
            holds,
            "one of them must be a setting of kind secret, written as `{name}`: the key that is exchanged",
        );
        for (name, text) in fields {
            lint.at(name, |lint| _ = lint.template(text, &[]));
        }
    });
    for (key, place) in [("token", Some(token)), ("expires", expires.as_ref())] {
        lint.maybe(key, place, |lint, place| {
            if let Some(path) = lint.path(place) {
                lint.demand(path.names().is_some(), "a plain place is needed, such as `data.token`");
            }
        });
    }
    lint.maybe("lives", lives.as_ref(), |lint, text| lint.duration(text));
    lint.maybe("header", header.as_ref(), |lint, name| {
        lint.demand(is_header(name), format!("`{name}` is not a header name"));
    });
    lint.maybe("value", value.as_ref(), |lint, text| {
        lint.template(text, &["token"]);
        let count = text.matches(TOKEN).count();
        lint.demand(text.ends_with(TOKEN) && count == 1, "it must end with `{token}`, the token that was answered");
    });
}

/// A base address that is asked for.
pub(super) fn discover<'f>(lint: &mut Lint<'f>, discover: &'f Discover) {
    lint.at("get", |lint| lint.address(&discover.get, &[]));
    lint.at("query", |lint| {
        for (name, text) in &discover.query {
            lint.at(name, |lint| _ = lint.template(text, &[]));
        }
    });
    lint.at("at", |lint| _ = lint.path(&discover.at));
    lint.maybe("append", discover.append.as_ref(), |lint, append| {
        let good = append.starts_with('/') && !append.contains(['?', '#', '{']);
        lint.demand(good, "a path such as `/v1.0` is expected");
    });
    lint.at("within", |lint| {
        lint.demand(!discover.within.is_empty(), "name the domains the address may lie in, such as `psa.example`");
        for domain in &discover.within {
            let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
            let is_whole = domain.contains('.') && domain.chars().all(named) && !domain.trim_matches('.').is_empty();
            lint.demand(is_whole, format!("`{domain}` is no domain; write one such as `psa.example`"));
        }
    });
}
