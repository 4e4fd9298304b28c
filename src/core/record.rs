//! What every record has in common: its id, its fields, the version its system gave it, and fingerprints.
//!
//! Keeps the invariant that a fingerprint depends on content alone: same content, same fingerprint, on every machine.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// One thing as one side reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "Id: Serialize + serde::de::DeserializeOwned, Fields: Serialize + serde::de::DeserializeOwned")]
pub struct Record<Id, Fields> {
    /// The id in the system it comes from.
    pub id: Id,
    /// What is known of it.
    pub fields: Fields,
    /// The remote's own mark of this state (an etag, a modification mark), where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// A thing that has a key by which a listing can be checked for twice-listed rows.
pub trait Keyed {
    /// The key, unique within one listing.
    fn key(&self) -> String;
}

impl<S, E, Fields> Keyed for Record<crate::core::id::Id<S, E>, Fields> {
    fn key(&self) -> String {
        self.id.to_string()
    }
}

/// SHA-256 of content, as 64 hex digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

/// A fingerprint of content that comes in parts: where it was cut makes no difference.
#[derive(Debug, Clone, Default)]
pub struct PartialFingerprint(Sha256);

impl PartialFingerprint {
    /// Takes the next part.
    pub fn add(&mut self, part: &[u8]) {
        self.0.update(part);
    }

    /// Of all parts as one.
    #[must_use]
    pub fn end(self) -> Fingerprint {
        use std::fmt::Write as _;
        let mut text = String::with_capacity(64);
        for byte in self.0.finalize() {
            let _ = write!(text, "{byte:02x}");
        }
        Fingerprint(text)
    }
}

impl Fingerprint {
    /// Of bytes.
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        let mut whole = PartialFingerprint::default();
        whole.add(content);
        whole.end()
    }

    /// Takes back what [`Fingerprint::as_str`] gave.
    #[must_use]
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The 64 hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first twelve digits: enough for a person to compare.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.short())
    }
}
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
