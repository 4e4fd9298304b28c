//! `trueup check`: can every connection and the database be reached, and what may we do there.

use crate::cli::args::Shown;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};
use crate::config::Config;
use crate::engine::{self, CheckFailed, CheckLine, EngineError};
use crate::report::table::Kind::Text;
use crate::report::table::{Cell, Column, Table};

/// Try every connection and the database
///
/// Reads one page of each listing a connection offers and prints a line for each right that is there or missing. A system that
/// does not answer is asked twice and then left. Writes nothing, here or there.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup check")]
pub(super) struct Args {
    /// Try only this connection
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    #[command(flatten)]
    shown: Shown,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let config = context.config()?;
        let mut tried = Vec::new();
        if self.only.is_none() {
            tried.push(database(context, &config).await);
        }
        let names = self.only.map_or_else(|| config.connectors.keys().cloned().collect(), |name| vec![name]);
        let missing = Some(names.len()).filter(|count| *count == 0);
        for name in names {
            tried.push(connection(context, &config, name).await?);
        }
        if missing.is_some() {
            self.shown.show(&context.ui, &table(&tried))?;
            let error = CommandError::new(Kind::Usage, format!("{} names no connection", config.file.display()));
            return Err(error.hint("Add a section [connectors.NAME]; samples/trueup.toml shows how."));
        }
        judged(context, self.shown, &tried)
    }
}

/// Tries one connection.
pub(super) async fn only(
    context: &Context,
    config: &Config,
    name: String,
    shown: Shown,
) -> Result<Ending, CommandError> {
    let tried = [connection(context, config, name).await?];
    judged(context, shown, &tried)
}

fn judged(context: &Context, shown: Shown, tried: &[Tried]) -> Result<Ending, CommandError> {
    shown.show(&context.ui, &table(tried))?;
    let bad: Vec<&str> = tried.iter().filter(|one| !one.is_good()).map(|one| one.name.as_str()).collect();
    if bad.is_empty() {
        return Ok(Ending::Done);
    }
    // What every other command would end with comes first; until the credentials are right, nothing else can be told.
    let kind = if tried.iter().any(Tried::is_misconfigured) {
        Kind::Usage
    } else if tried.iter().any(Tried::is_refused) {
        Kind::Credentials
    } else {
        Kind::NotReady
    };
    let error = CommandError::new(kind, format!("not ready: {}", bad.join(", ")));
    Err(error.hint("Each line that is not ok says what is wrong."))
}

/// What was tried of one connection, or of the database.
struct Tried {
    name: String,
    location: Option<String>,
    lines: Vec<CheckLine>,
    /// It could not be opened, and the configuration is to blame.
    is_unopened_by_settings: bool,
}

impl Tried {
    fn is_good(&self) -> bool {
        self.lines.iter().all(|line| line.outcome.is_ok())
    }

    /// Whether the configuration is to blame.
    fn is_misconfigured(&self) -> bool {
        self.is_unopened_by_settings
            || self.lines.iter().any(|line| matches!(&line.outcome, Err(failed) if failed.settings))
    }

    fn is_refused(&self) -> bool {
        self.lines.iter().any(|line| matches!(&line.outcome, Err(failed) if failed.credentials))
    }

    /// What could not even be opened.
    fn unopened(name: String, error: &CommandError) -> Self {
        let said = [error.to_string()].into_iter().chain(error.hints.clone()).collect::<Vec<_>>().join(". ");
        let line = CheckLine::new("open", Err(CheckFailed::new(said)));
        Self { name, location: None, lines: vec![line], is_unopened_by_settings: error.kind == Kind::Usage }
    }
}

async fn database(context: &Context, config: &Config) -> Tried {
    let name = "database".to_owned();
    match context.engine(config).await {
        Ok(engine) => {
            let outcome = Ok("ready, every migration is applied".to_owned());
            let line = CheckLine::new("open", outcome);
            Tried { name, location: Some(engine.location()), lines: vec![line], is_unopened_by_settings: false }
        }
        Err(error) => Tried::unopened(name, &error),
    }
}

/// A connection nobody configured is an error; one that cannot be opened is a line like others.
async fn connection(context: &Context, config: &Config, name: String) -> Result<Tried, CommandError> {
    match engine::connect_to_check(config, &name, &context.environment) {
        Ok(connection) => {
            let location = Some(connection.descriptor().location.clone());
            Ok(Tried { name, location, lines: connection.check(&*context.ui).await, is_unopened_by_settings: false })
        }
        Err(error @ EngineError::NoConnection { .. }) => Err(error.into()),
        Err(error) => Ok(Tried::unopened(name, &error.into())),
    }
}

const COLUMNS: &[Column] = &[
    Column::new("connection", Text),
    Column::new("tried", Text),
    Column::new("result", Text),
    Column::new("seen", Text),
];

fn table(tried: &[Tried]) -> Table {
    let row = |name: &str, line: &CheckLine| {
        let (result, seen) = match &line.outcome {
            Ok(seen) if line.tried => ("ok", seen),
            Ok(why) => ("not tried", why),
            Err(failed) => ("not ok", &failed.what),
        };
        [name, &line.what, result, seen].map(Cell::text).to_vec()
    };
    let located = tried.iter().filter_map(|one| Some((one.name.clone(), one.location.clone()?)));
    Table {
        name: "check",
        title: "Check",
        about: "What was tried of each connection and of the database, and what was seen",
        head: located.collect(),
        columns: COLUMNS,
        rows: tried.iter().flat_map(|one| one.lines.iter().map(|line| row(&one.name, line))).collect(),
        notes: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_show_to_be_wrong_only_when_they_are_used_are_to_blame_like_those_that_show_at_once() {
        for settings in [true, false] {
            let failed = CheckFailed { settings, credentials: !settings, ..CheckFailed::new("no") };
            let lines = vec![CheckLine::new("customers", Err(failed))];
            let tried = Tried { name: "psa".to_owned(), location: None, lines, is_unopened_by_settings: false };
            assert_eq!((tried.is_misconfigured(), tried.is_refused()), (settings, !settings));
        }
    }
}
