//! How a system is called: what the user fills in, the address, the credentials, the pace, and the form of numbers.
//!
//! Keeps the invariant that a secret is named in a file and never stands in it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// One value the user fills in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Setting {
    pub(in crate::connectors::rest) kind: SettingKind,
    pub(in crate::connectors::rest) default: Option<String>,
    pub(in crate::connectors::rest) example: Option<String>,
    pub(in crate::connectors::rest) note: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::connectors::rest) enum SettingKind {
    Text,
    Host,
    Url,
    Secret,
}

/// How the system is called.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Http {
    pub(in crate::connectors::rest) base: String,
    #[serde(default)]
    pub(in crate::connectors::rest) headers: BTreeMap<String, String>,
    pub(in crate::connectors::rest) auth: Auth,
    /// How decimals travel, unless a field's codec says otherwise.
    pub(in crate::connectors::rest) numbers: Numbers,
}

/// The JSON form of a decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::connectors::rest) enum Numbers {
    /// `"22.10"`.
    String,
    /// `22.10`.
    Number,
    /// `{"__class__": "Decimal", "decimal": "22.10"}`.
    Tagged,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::connectors::rest) enum Auth {
    None {},
    Bearer {
        token: String,
    },
    Basic {
        user: String,
        pass: String,
    },
    Header {
        name: String,
        value: String,
    },
    Query {
        name: String,
        value: String,
    },
    /// Client credentials, or a refresh token where `refresh` is said; `basic` sends the client as HTTP Basic.
    Oauth2 {
        token: String,
        client: String,
        secret: String,
        scope: Option<String>,
        refresh: Option<String>,
        basic: Option<bool>,
    },
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::connectors::rest) struct Limits {
    /// Call budgets; all of them hold.
    pub(in crate::connectors::rest) rate: Vec<Rate>,
    /// How many child lists are read at once.
    pub(in crate::connectors::rest) concurrency: Option<u32>,
    /// The longest address the server takes.
    pub(in crate::connectors::rest) url_max: Option<usize>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Rate {
    pub(in crate::connectors::rest) calls: u32,
    pub(in crate::connectors::rest) per: String,
}
