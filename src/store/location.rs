//! Where the database is: a file, or a PostgreSQL server.
//!
//! Keeps the invariant that a location shown to anybody holds no password.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

use crate::core::outside::harmless;
use crate::store::error::StoreError;

/// A database's place, read from `sqlite:trueup.db` or `postgres://user@host/name`.
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
        let refused = |what: String| StoreError::Location { what };
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            if let Some(key) = parameters(text).find(|key| !is_known(key)) {
                // An unescaped `?` in a password looks like parameters before the host.
                let named = if text.rsplit('?').next().is_some_and(|query| query.contains('@')) {
                    "a parameter after `?`".to_owned()
                } else {
                    format!("the parameter `{}`", harmless(key))
                };
                return Err(refused(format!("{named} is not known")));
            }
            let options = PgConnectOptions::from_str(text).map_err(|error| refused(error.to_string()))?;
            return Ok(Self::Postgres(Box::new(options)));
        }
        // What is no URL may be a connection string with a password in it: nothing of it is shown.
        let Some(path) = text.strip_prefix("sqlite:") else {
            return Err(refused("write sqlite:PATH or postgres://USER@HOST/NAME".to_owned()));
        };
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() || path.starts_with(":memory:") {
            return Err(refused("the embedded database needs a file, such as sqlite:trueup.db".to_owned()));
        }
        Ok(Self::Sqlite(PathBuf::from(path)))
    }
}

/// The keys of a URL's parameters.
fn parameters(url: &str) -> impl Iterator<Item = &str> {
    let query = url.split_once('?').map_or("", |(_, query)| query.split('#').next().unwrap_or_default());
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').map_or(pair, |(key, _)| key))
}

/// The driver skips a parameter it does not know, and logs it with its value.
fn is_known(key: &str) -> bool {
    const KNOWN: [&str; 18] = [
        "sslmode",
        "ssl-mode",
        "sslrootcert",
        "ssl-root-cert",
        "ssl-ca",
        "sslcert",
        "ssl-cert",
        "sslkey",
        "ssl-key",
        "statement-cache-capacity",
        "host",
        "hostaddr",
        "port",
        "dbname",
        "user",
        "password",
        "application_name",
        "options",
    ];
    KNOWN.contains(&key) || (key.starts_with("options[") && key.ends_with(']'))
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
        assert_eq!(
            shown("postgres://ann:hush@db.example:6000/billing").unwrap(),
            "postgres://ann@db.example:6000/billing"
        );
        for refused in [
            "mysql://ann:hush@db.example/x",
            "host=db user=x password=hush",
            "postgres//ann:hush@db.example/x",
            "postgres://ann@db.example/x?sslpassword=hush",
            "postgres://ann:a?hush=b@db.example/x",
            "trueup.db",
            "sqlite:",
            "",
            "sqlite::memory:",
            "postgres://ann:hush@:x/",
        ] {
            let message = shown(refused).unwrap_err().to_string();
            assert!(!message.contains("hush"), "{message}");
        }
    }
}
