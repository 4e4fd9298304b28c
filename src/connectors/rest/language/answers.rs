//! What answers mean: the rules a file puts before the built-in table.
//!
//! Keeps the invariant that the first rule that fits decides, and all that a rule says must hold for it to fit.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// One rule of what an answer means.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Rule {
    pub(in crate::connectors::rest) when: When,
    pub(in crate::connectors::rest) is: Class,
    pub(in crate::connectors::rest) wait: Option<Wait>,
    /// Where the answer's own words are.
    pub(in crate::connectors::rest) message: Option<String>,
    /// Where the answer names the field it refuses.
    pub(in crate::connectors::rest) field: Option<String>,
}

/// All that is said must hold.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct When {
    #[serde(default)]
    pub(in crate::connectors::rest) status: Vec<u16>,
    pub(in crate::connectors::rest) at: Option<String>,
    pub(in crate::connectors::rest) eq: Option<Value>,
    pub(in crate::connectors::rest) r#in: Option<Vec<Value>>,
    pub(in crate::connectors::rest) like: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::connectors::rest) enum Class {
    Throttled,
    Transient,
    Unknown,
    Auth,
    Forbidden,
    Missing,
    Conflict,
    Duplicate,
    Locked,
    Rejected,
    Fatal,
}

/// How long a throttled answer asks to wait.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Wait {
    pub(in crate::connectors::rest) header: Option<String>,
    pub(in crate::connectors::rest) fixed: Option<String>,
    pub(in crate::connectors::rest) max: Option<String>,
}
