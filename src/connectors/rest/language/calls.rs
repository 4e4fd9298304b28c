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
    /// How the system is asked where it is; `base` is then only where to ask.
    pub(in crate::connectors::rest) discover: Option<Discover>,
    #[serde(default)]
    pub(in crate::connectors::rest) headers: BTreeMap<String, String>,
    pub(in crate::connectors::rest) auth: Auth,
    /// How decimals travel, unless a field's codec says otherwise.
    pub(in crate::connectors::rest) numbers: Numbers,
}

/// One call whose answer names the address of all others.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Discover {
    pub(in crate::connectors::rest) get: String,
    #[serde(default)]
    pub(in crate::connectors::rest) query: BTreeMap<String, String>,
    /// Where the answer has the address.
    pub(in crate::connectors::rest) at: String,
    /// What is added to it, such as a version.
    pub(in crate::connectors::rest) append: Option<String>,
    /// The domains the address may lie in: an answer that leads elsewhere is refused.
    pub(in crate::connectors::rest) within: Vec<String>,
}

/// The JSON form of a decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::connectors::rest) enum Numbers {
    /// `"22.10"`.
    String,
    /// `22.10`.
    Number,
    /// Either of these, as the system happens to write it; written as a text.
    Either,
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
    /// A query parameter; with `also_body` a member of every JSON body too.
    Query {
        name: String,
        value: String,
        #[serde(default)]
        also_body: bool,
    },
    /// A member of every JSON body: every list is asked by POST, and none is read one by one.
    Body {
        name: String,
        value: String,
    },
    /// A key exchanged for a token that lives for a while: `fields` are sent to `post`, and the token is sent with every call.
    Exchange {
        post: String,
        fields: BTreeMap<String, String>,
        /// Whether the fields are sent as a form; else as a JSON object.
        #[serde(default)]
        form: bool,
        /// Where the answer has the token.
        token: String,
        /// Where the answer has the seconds it lives.
        expires: Option<String>,
        /// How long it lives, where the answer does not say; without either it is used until it is refused.
        lives: Option<String>,
        /// The header it is sent in; `Authorization` where nothing is said.
        header: Option<String>,
        /// What is sent there; `Bearer {token}` where nothing is said.
        value: Option<String>,
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
    /// How many calls are under way at once, and how many child lists are read at once.
    pub(in crate::connectors::rest) concurrency: Option<u32>,
    /// How many of them to addresses that begin alike.
    pub(in crate::connectors::rest) endpoints: Vec<Endpoint>,
    /// The headers in which answers tell how many calls are left.
    pub(in crate::connectors::rest) observe: Option<Observed>,
    /// How the system is asked how many calls are used up.
    pub(in crate::connectors::rest) quota: Option<super::Quota>,
    /// The longest address the server takes.
    pub(in crate::connectors::rest) url_max: Option<usize>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Rate {
    pub(in crate::connectors::rest) calls: u32,
    pub(in crate::connectors::rest) per: String,
}

/// How many calls may be under way at once to addresses that begin so.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Endpoint {
    pub(in crate::connectors::rest) path: String,
    pub(in crate::connectors::rest) concurrency: u32,
}

/// What answers tell of the calls that are left.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Observed {
    /// The header with how many.
    pub(in crate::connectors::rest) remaining: String,
    /// The header that says when there are more.
    pub(in crate::connectors::rest) reset: String,
    pub(in crate::connectors::rest) unit: ResetUnit,
    /// So many calls are left to other programs.
    #[serde(default)]
    pub(in crate::connectors::rest) keep: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::connectors::rest) enum ResetUnit {
    /// Seconds from the answer on.
    Seconds,
    /// Seconds since 1970.
    Epoch,
}
