//! Where the database is: a file, or a PostgreSQL server.
//!
//! Keeps the invariant that a location shown to anybody holds no password.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

use crate::store::error::StoreError;

/// A database's place, read from `sqlite:trueup.db`, a bare file name, or `postgres://user@host/name`.
#[derive(Clone)]
pub enum Location {
    /// A file of the embedded database.
    Sqlite(PathBuf),
    /// A database of a server.
    Postgres(Box<PgConnectOptions>),
}

impl FromStr for Location {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let refused = |what: &str| {
            let location =
                text.split_once("://").map_or_else(|| text.to_owned(), |(scheme, _)| format!("{scheme}://…"));
            StoreError::Location { location, what: what.to_owned() }
        };
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(text).map_err(|error| refused(&error.to_string()))?;
            return Ok(Self::Postgres(Box::new(options)));
        }
        let path = match text.strip_prefix("sqlite:") {
            Some(path) => path.strip_prefix("//").unwrap_or(path),
            None if text.contains("://") => return Err(refused("write sqlite:PATH or postgres://USER@HOST/NAME")),
            None => text,
        };
        if path.is_empty() || path.starts_with(":memory:") {
            return Err(refused("the embedded database needs a file, such as sqlite:trueup.db"));
        }
        Ok(Self::Sqlite(PathBuf::from(path)))
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(options) => {
                write!(f, "postgres://{}@", options.get_username())?;
                match options.get_socket() {
                    Some(socket) => write!(f, "{}", socket.display())?,
                    None => write!(f, "{}:{}", options.get_host(), options.get_port())?,
                }
                write!(f, "/{}", options.get_database().unwrap_or(options.get_username()))
            }
        }
    }
}
impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_written_form_is_read_and_none_shows_a_password() {
        let shown = |text: &str| text.parse::<Location>().map(|l| l.to_string());
        assert_eq!(shown("sqlite:data/trueup.db").unwrap(), "sqlite:data/trueup.db");
        assert_eq!(shown("sqlite:///var/lib/t.db").unwrap(), "sqlite:/var/lib/t.db");
        assert_eq!(shown("trueup.db").unwrap(), "sqlite:trueup.db");
        assert_eq!(
            shown("postgres://ann:hush@db.example:6000/billing").unwrap(),
            "postgres://ann@db.example:6000/billing"
        );
        for refused in ["mysql://ann:hush@db.example/x", "sqlite:", "", "sqlite::memory:", "postgres://ann:hush@:x/"] {
            let message = shown(refused).unwrap_err().to_string();
            assert!(!message.contains("hush"), "{message}");
        }
    }
}
