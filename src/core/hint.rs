//! What a remote says has changed: a hint of what to read, never the news itself.
//!
//! Keeps the invariant that a hint names a listing of ours and nothing else; whatever else was said is text for people.

use serde::{Deserialize, Serialize};

use crate::core::entity::Entity;

/// The listings a hint can ask to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HintedListing {
    /// Companies and their contacts.
    Companies,
    /// The catalogue.
    Products,
    /// What is held.
    Subscriptions,
    /// Documents and their lines.
    Invoices,
    /// Something that is not read.
    Nothing,
}

impl HintedListing {
    /// What is read for it.
    #[must_use]
    pub fn entities(self) -> &'static [Entity] {
        match self {
            Self::Companies => &[Entity::VendorCustomers],
            Self::Products => &[Entity::VendorProducts],
            Self::Subscriptions => &[Entity::Subscriptions],
            Self::Invoices => &[Entity::Invoices, Entity::Charges],
            Self::Nothing => &[],
        }
    }

    /// Its name in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Companies => "companies",
            Self::Products => "products",
            Self::Subscriptions => "subscriptions",
            Self::Invoices => "invoices",
            Self::Nothing => "nothing",
        }
    }
}

/// A hint as it is noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// What to read.
    pub listing: HintedListing,
    /// What was said, for people: `SUBSCRIPTION UPDATED 7f3c…`.
    pub said: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_written_names_are_those_that_serde_reads() {
        for listing in [
            HintedListing::Companies,
            HintedListing::Products,
            HintedListing::Subscriptions,
            HintedListing::Invoices,
            HintedListing::Nothing,
        ] {
            assert_eq!(serde_json::to_string(&listing).unwrap(), format!("\"{}\"", listing.as_str()));
            assert!(listing.entities().iter().all(|entity| entity.is_vendor()));
        }
    }
}
