//! What a proposal says: two records, how sure, and every reason in a line that can be checked.
//!
//! Keeps the invariant that nothing here is a float: scores are per mille of certainty, weights are thousandths of a logit.

use serde::{Deserialize, Serialize};

use crate::core::id::{Id, Psa, Vendor};
use crate::core::record::Fingerprint;

/// Thousandths: 0 is nothing, 1000 is all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Permille(pub u16);

impl Permille {
    /// Certain.
    pub const ALL: Self = Self(1000);
}

impl std::fmt::Display for Permille {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}%", self.0 / 10, self.0 % 10)
    }
}

/// How a proposal is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// Nothing found that deserves a look.
    NoCounterpart,
    /// A person has to look.
    Possible,
    /// As good as certain; still nothing is linked without a decision.
    Match,
}

impl Band {
    /// The word a person reads.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoCounterpart => "no counterpart",
            Self::Possible => "possible",
            Self::Match => "match",
        }
    }
}

/// What was compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attribute {
    /// The key that decides before any name: an id of the other side, an article code.
    Key,
    /// The name, word by word.
    Name,
    /// Numbers in the name: versions, plans, sites.
    Numbers,
    /// The legal form in the name.
    LegalForm,
    /// Whom or what a product is for.
    Audience,
    /// Binding and billing term in a title.
    Term,
    /// Telephone number.
    Phone,
    /// Web or mail domain.
    Domain,
    /// Street and number.
    Street,
    /// Postal code.
    Postcode,
    /// Town.
    City,
    /// Who makes it.
    Manufacturer,
    /// The manufacturer's article code.
    ArticleCode,
    /// An earlier decision on the pair.
    Rejection,
}

impl Attribute {
    /// The word a person reads.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Name => "name",
            Self::Numbers => "numbers",
            Self::LegalForm => "legal form",
            Self::Audience => "audience",
            Self::Term => "term",
            Self::Phone => "phone",
            Self::Domain => "domain",
            Self::Street => "street",
            Self::Postcode => "postcode",
            Self::City => "city",
            Self::Manufacturer => "manufacturer",
            Self::ArticleCode => "article code",
            Self::Rejection => "earlier rejection",
        }
    }
}

/// How far the two values of an attribute agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The same, once spelling is set aside.
    Equal,
    /// Much the same.
    Close,
    /// Not the same.
    Different,
    /// One side does not say: no evidence.
    Missing,
    /// The value cannot decide because several records of one side carry it.
    Conflict,
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What was compared.
    pub attribute: Attribute,
    /// How far it agrees.
    pub level: Level,
    /// The vendor's value as it stands there.
    pub vendor_value: String,
    /// The PSA's value as it stands there.
    pub psa_value: String,
    /// Thousandths of a logit: above 0 for the pair, below 0 against it.
    pub weight: i32,
    /// What a person should know about it; may be empty.
    pub note: String,
}

impl Evidence {
    /// The reason as one line.
    #[must_use]
    pub fn line(&self) -> String {
        let what = self.attribute.as_str();
        let values = || format!("\"{}\" / \"{}\"", self.vendor_value, self.psa_value);
        let said = match self.level {
            Level::Equal if self.vendor_value == self.psa_value => format!("{what} equal: \"{}\"", self.vendor_value),
            Level::Equal => format!("{what} the same: {}", values()),
            Level::Close => format!("{what} close: {}", values()),
            Level::Different => format!("{what} differs: {}", values()),
            Level::Missing => format!("{what} missing on one side"),
            Level::Conflict => format!("{what} cannot decide: {}", values()),
        };
        if self.note.is_empty() { said } else { format!("{said} ({})", self.note) }
    }
}

/// Which keys made a pair certain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExactKey {
    /// Where it stands, in words: `vendor external id = PSA id`.
    pub kind: String,
    /// The key.
    pub value: String,
}

/// A PSA record that was looked at for a vendor record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Candidate<E> {
    /// The PSA's record.
    pub psa: Id<Psa, E>,
    /// Its name.
    pub name: String,
    /// How sure, with all rivals considered.
    pub score: Permille,
    /// The sum of the evidence, in thousandths of a logit.
    pub weight: i32,
}

/// One record with its likeliest counterpart, or with none. Shown to a person; links nothing by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Proposal<E> {
    /// The vendor's record; `None` for a PSA record nobody claims.
    pub vendor: Option<Id<Vendor, E>>,
    /// The PSA's record; `None` where there is no counterpart.
    pub psa: Option<Id<Psa, E>>,
    /// How sure, with all rivals considered.
    pub score: Permille,
    /// How to take it.
    pub band: Band,
    /// The key that made it certain, if one did.
    pub exact_key: Option<ExactKey>,
    /// Whether a rival is as good or better: then a person decides, however high the score.
    pub tie: bool,
    /// Every reason, in the order of the attributes.
    pub evidence: Vec<Evidence>,
    /// The best rival among the PSA's records.
    pub runner_up: Option<Candidate<E>>,
    /// The best candidates, the proposed one included.
    pub alternatives: Vec<Candidate<E>>,
    /// Of what was compared: the same values, the same fingerprint.
    pub fingerprint: Fingerprint,
}

impl<E> Proposal<E> {
    /// Whether a key that ought to decide stands on several records.
    #[must_use]
    pub fn has_key_conflict(&self) -> bool {
        self.evidence.iter().any(|e| e.attribute == Attribute::Key && e.level == Level::Conflict)
    }
}
