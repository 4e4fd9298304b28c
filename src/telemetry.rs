//! Logging set-up: what is logged where, and what never is.
//!
//! Logs go to standard error, results to standard output. Secrets, bodies, names and addresses are never logged; ids are
//! enough to find a record again.

use std::io;

use tracing_subscriber::EnvFilter;

/// Why logging could not be started.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The level is no filter.
    #[error("`{level}` is no log level: {reason}; write error, warn, info, debug, trace, or `trueup::store=debug`")]
    Level {
        /// What was asked for.
        level: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Something else logs already.
    #[error("logging was already started")]
    AlreadyStarted,
}

/// Starts logging with what `writer` makes, which writes to standard error; with or without colours. `level` is a level or a list such as `warn,trueup::store=debug`.
///
/// # Errors
/// [`TelemetryError`], when the level cannot be read or logging was started before.
pub fn start<W: io::Write + 'static>(
    level: &str,
    colours: bool,
    writer: impl Fn() -> W + Send + Sync + 'static,
) -> Result<(), TelemetryError> {
    let filter = filter(level)?;
    let lines =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(colours).with_target(false);
    lines.try_init().map_err(|_| TelemetryError::AlreadyStarted)
}

/// The database's driver is heard from `error` on unless it is named: it logs what it does not understand with its text.
fn filter(level: &str) -> Result<EnvFilter, TelemetryError> {
    let quiet = if level.contains("sqlx") || level == "off" { "" } else { ",sqlx=error" };
    EnvFilter::builder()
        .parse(format!("{level}{quiet}"))
        .map_err(|refused| TelemetryError::Level { level: level.to_owned(), reason: refused.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_or_a_list_of_levels_is_read_and_anything_else_is_named() {
        for level in ["warn", "info,trueup::store=debug", "off"] {
            assert!(filter(level).is_ok(), "{level}");
        }
        assert!(filter("debug").unwrap().to_string().contains("sqlx=error"));
        assert!(filter("sqlx=debug").unwrap().to_string().contains("sqlx=debug"));
        let refused = filter("trueup=loud").unwrap_err().to_string();
        assert!(refused.starts_with("`trueup=loud` is no log level: "), "{refused}");
    }
}
