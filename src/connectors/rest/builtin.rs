//! The connector files that come with the program.
//!
//! Invariant: a system is one row here and one file beside it; both sorted by name.

use super::settings::ConnectorFile;

const FILES: [(&str, &str); 10] = [
    ("autotask", include_str!("builtin/autotask.toml")),
    ("connectwise", include_str!("builtin/connectwise.toml")),
    ("dataverse", include_str!("builtin/dataverse.toml")),
    ("erpnext", include_str!("builtin/erpnext.toml")),
    ("halopsa", include_str!("builtin/halopsa.toml")),
    ("quickbooks", include_str!("builtin/quickbooks.toml")),
    ("revio", include_str!("builtin/revio.toml")),
    ("syncro", include_str!("builtin/syncro.toml")),
    ("tryton", include_str!("builtin/tryton.toml")),
    ("xero", include_str!("builtin/xero.toml")),
];

impl ConnectorFile {
    /// A file that comes with the program, such as `builtin:connectwise`; `None` where there is none of this name.
    #[must_use]
    pub fn builtin(name: &str) -> Option<Self> {
        let wanted = name.strip_prefix("builtin:")?;
        let (_, text) = FILES.iter().find(|(known, _)| *known == wanted)?;
        Some(Self { name: name.to_owned(), text: (*text).to_owned() })
    }

    /// Every `builtin:` name.
    pub fn builtins() -> impl Iterator<Item = String> {
        FILES.iter().map(|(name, _)| format!("builtin:{name}"))
    }
}
