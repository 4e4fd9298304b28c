//! What can be wrong with a configuration, as facts; the front adds the advice.
//!
//! Keeps the invariant that a fault names file, line and key, and repeats no secret.

use std::fmt;
use std::path::PathBuf;

use crate::config::Place;

/// Why there is no configuration to work with.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No file.
    #[error("there is no configuration file {}", .file.display())]
    Missing {
        /// Where it was looked for.
        file: PathBuf,
    },
    /// A file that cannot be read.
    #[error("the configuration file {} cannot be read", .file.display())]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file larger than any configuration.
    #[error("the configuration file {} is larger than {bytes_max} bytes", .file.display())]
    TooLarge {
        /// Which.
        file: PathBuf,
        /// What is read at most.
        bytes_max: u64,
    },
    /// A file that says something that cannot be.
    #[error("{}", list(.file, .faults))]
    Invalid {
        /// Which.
        file: PathBuf,
        /// Each fault, in order of place.
        faults: Vec<Fault>,
    },
    /// A secret that cannot be had.
    #[error(transparent)]
    Secret(#[from] SecretError),
}

/// One line a fault, as compilers write them.
fn list(file: &std::path::Path, faults: &[Fault]) -> String {
    let lines: Vec<String> = faults.iter().map(|fault| format!("{}:{fault}", file.display())).collect();
    lines.join("\n")
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What.
    pub kind: FaultKind,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.place.line, self.place.column, self.kind)
    }
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    /// No TOML.
    #[error("{0}")]
    Syntax(String),
    /// A key nobody knows.
    #[error("unknown key `{key}` in {section}{}", nearest_in_words(.nearest.as_deref()))]
    UnknownKey {
        /// As written.
        key: String,
        /// `[connectors.pax8]`, or `the file` for the top level.
        section: String,
        /// The nearest known one, where one is near.
        nearest: Option<String>,
    },
    /// A key that must be there.
    #[error("`{key}` is missing in {section}")]
    MissingKey {
        /// Which.
        key: String,
        /// Where.
        section: String,
    },
    /// Another kind of value.
    #[error("`{key}` must be {expected}; found {found}")]
    WrongType {
        /// Which.
        key: String,
        /// `a whole number`.
        expected: String,
        /// `a string`.
        found: String,
    },
    /// A value of the right kind that cannot be.
    #[error("`{key}` must be {expected}; found {found}")]
    WrongValue {
        /// Which.
        key: String,
        /// `from 0 to 1000`.
        expected: String,
        /// `1200`.
        found: String,
    },
    /// A secret written out.
    #[error("`{key}` is a secret and is written out in the file")]
    BareSecret {
        /// Which.
        key: String,
    },
}

fn nearest_in_words(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |known| format!("; the nearest known key is `{known}`"))
}

/// A secret that cannot be had, and why. Never holds the secret.
#[derive(Debug, thiserror::Error)]
#[error("{setting}: {problem}")]
pub struct SecretError {
    /// The dotted name of the setting.
    pub setting: String,
    /// Why.
    pub problem: SecretProblem,
}

/// Why a secret cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretProblem {
    /// The variable is not there or empty.
    #[error("the environment variable {0} is not set")]
    NotSet(String),
    /// The file cannot be read.
    #[error("the secret file {} cannot be read ({source})", .file.display())]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is none a secret can be in.
    #[error("the secret file {} {what}", .file.display())]
    Unusable {
        /// Which.
        file: PathBuf,
        /// `is empty`.
        what: &'static str,
    },
    /// Others may read the file.
    #[error("the secret file {} has mode {mode:04o}: others than its owner may read or change it", .file.display())]
    TooOpen {
        /// Which.
        file: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is somebody else's.
    #[error("the secret file {} belongs to user {owner}, not to user {me} who runs this", .file.display())]
    NotOurs {
        /// Which.
        file: PathBuf,
        /// Its owner's number.
        owner: u32,
        /// Ours.
        me: u32,
    },
}
