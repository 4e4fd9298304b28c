//! What a command says when it does not end well: whose fault, the facts, and what to do next.
//!
//! Keeps the one table of exit statuses; nothing else in the crate knows a number.

use std::error::Error;
use std::fmt;
use std::path::Path;

use crate::config::{ConfigError, FaultKind, SecretProblem};
use crate::engine::{ConnectorError, EngineError, ErrorKind, StoreError};

/// How a command that did its work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Done.
    Done,
    /// Done, and there are differences a person must see; only where that was asked for.
    DifferencesWait,
    /// Some of it was done; what was not is said.
    Partly,
}

/// Whose fault it is that a command did not do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Ours or the world's.
    Failed,
    /// The command line or the configuration.
    Usage,
    /// A guard stood in the way.
    Refused,
    /// Another run holds the lock.
    Locked,
    /// A remote refused the credentials.
    Credentials,
    /// A source is not ready, incomplete or stale.
    NotReady,
    /// The user stopped it.
    Interrupted,
}

impl Ending {
    /// The exit status.
    #[must_use]
    pub fn status(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::DifferencesWait => 3,
            Self::Partly => 5,
        }
    }
}

impl Kind {
    /// The exit status.
    #[must_use]
    pub fn status(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Refused => 4,
            Self::Locked => 6,
            Self::Credentials => 7,
            Self::NotReady => 8,
            Self::Interrupted => 130,
        }
    }
}

/// The table for people; the last lines of `trueup --help`.
pub(crate) const STATUSES: &str = "\
Exit status:
  0    done
  1    failed
  2    wrong usage or configuration
  3    differences wait for a person (only with --exit-on-findings)
  4    refused by a guard
  5    partly applied
  6    another run holds the lock
  7    credentials refused
  8    a source is not ready, incomplete or stale
  130  interrupted";

/// A command that did not do its work.
#[derive(Debug)]
pub struct CommandError {
    /// Whose fault.
    pub kind: Kind,
    /// The facts.
    pub source: Box<dyn Error + Send + Sync>,
    /// What to do next, in full sentences.
    pub hints: Vec<String>,
}

impl CommandError {
    /// An error without advice yet.
    pub fn new(kind: Kind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind, source: source.into(), hints: Vec::new() }
    }

    /// The same with one more piece of advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl fmt::Display for CommandError {
    /// The facts, each with its cause behind a colon, unless it tells its cause itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = self.source.to_string();
        let mut cause = self.source.source();
        while let Some(error) = cause {
            let also = error.to_string();
            if !told.contains(&also) {
                told = format!("{told}: {also}");
            }
            cause = error.source();
        }
        f.write_str(&told)
    }
}

impl From<ConfigError> for CommandError {
    fn from(error: ConfigError) -> Self {
        let mut hints: Vec<String> = Vec::new();
        match &error {
            ConfigError::Missing { .. } => hints.push(
                "Run `trueup init` to write one, or name another file with --config or TRUEUP_CONFIG.".to_owned(),
            ),
            ConfigError::Unreadable { .. } | ConfigError::TooLarge { .. } => {
                hints.push("Name a configuration file with --config or TRUEUP_CONFIG.".to_owned());
            }
            ConfigError::Invalid { faults, .. } => {
                for hint in faults.iter().filter_map(|fault| fault_hint(&fault.kind)) {
                    if !hints.contains(&hint) {
                        hints.push(hint);
                    }
                }
            }
            ConfigError::Secret(secret) => hints.push(secret_hint(&secret.setting, &secret.problem)),
        }
        Self { kind: Kind::Usage, source: Box::new(error), hints }
    }
}

impl From<EngineError> for CommandError {
    fn from(error: EngineError) -> Self {
        if let Some((kind, hint)) = of_write(&error) {
            return Self { kind, source: Box::new(error), hints: vec![hint] };
        }
        let (kind, hint) = match error {
            EngineError::Config(error) => return error.into(),
            EngineError::Store(error) => return error.into(),
            EngineError::Connector(error) => return error.into(),
            EngineError::Exports { .. } => return of_exports(error),
            EngineError::Links { .. } => (
                Kind::Usage,
                Some(
                    "Name a CSV or JSON file with the columns kind, vendorId and psaId; \
                     samples/csv/canonical/links.csv is one.",
                ),
            ),
            EngineError::Money(_) => (Kind::Failed, None),
            EngineError::Refused(_) => (Kind::Refused, Some("Look at the record again with `trueup review show`.")),
            EngineError::Connections { .. } => (
                Kind::Usage,
                Some(
                    "Have one section of each side in the configuration, or write `default = true` into the one that is meant.",
                ),
            ),
            EngineError::Which { .. } => (
                Kind::Usage,
                Some(
                    "Name one with --connection, or write `default = true` into the section of the one that is meant.",
                ),
            ),
            EngineError::Invalid(_) => (Kind::Usage, None),
            EngineError::NoTickets { .. } => {
                (Kind::Usage, Some("Say in a [ticket] section of its connector file how tickets are made."))
            }
            EngineError::TicketSent { .. }
            | EngineError::WriteOpen { .. }
            | EngineError::NoWrite { .. }
            | EngineError::WriteEnded { .. }
            | EngineError::Contradicted { .. }
            | EngineError::TooEarly { .. }
            | EngineError::NoNumber { .. } => (Kind::Refused, None),
            EngineError::ChangedMeanwhile { .. } | EngineError::NotAsDecided { .. } => {
                (Kind::Refused, Some("Run it again, and look at what is there now."))
            }
            EngineError::NotPulled { .. } => {
                (Kind::NotReady, Some("Run `trueup pull`, for this month where it has one."))
            }
            EngineError::Stale { .. } => {
                (Kind::NotReady, Some("Run `trueup pull`; [reconcile] snapshot_age_hours_max says what is too old."))
            }
            EngineError::ClockBehind { .. } => {
                (Kind::NotReady, Some("Set the clock of this machine right, or name a later moment with --as-of."))
            }
            EngineError::Incomplete { .. } => {
                (Kind::NotReady, Some("Run `trueup pull` again; `trueup check` says what a connection lacks."))
            }
            EngineError::NoRecord { .. } => (Kind::Usage, Some("`trueup review list` shows every record with its id.")),
            EngineError::NothingProposed { .. } => {
                (Kind::Usage, Some("Link it by hand with `trueup review link`, or exclude it."))
            }
            EngineError::NoConnection { .. } | EngineError::File { .. } => (Kind::Usage, None),
        };
        Self { kind, source: Box::new(error), hints: hint.map(str::to_owned).into_iter().collect() }
    }
}

/// What goes for a write of the journal, by its number.
fn of_write(error: &EngineError) -> Option<(Kind, String)> {
    Some(match error {
        EngineError::TicketSent { number: None, write: Some(id), .. } | EngineError::WriteOpen { id, .. } => {
            let looks =
                format!("Run `trueup journal settle {id}` to look again; it closes where that proves what came of it.");
            (Kind::Refused, format!("{looks} Where nothing proves it, say it: --happened or --did-not, with --reason."))
        }
        EngineError::TicketSent { .. } => {
            (Kind::Refused, "Run `trueup renewals ticket` to see how it stands.".to_owned())
        }
        EngineError::NoWrite { .. } => (Kind::Usage, "`trueup journal list` shows the writes there are.".to_owned()),
        EngineError::WriteEnded { id, .. } | EngineError::Contradicted { id, .. } => {
            (Kind::Refused, format!("`trueup journal show {id}` tells how that came to be known."))
        }
        EngineError::TooEarly { id, .. } => {
            (Kind::NotReady, format!("Run `trueup journal settle {id}` when that time is over: the look will tell."))
        }
        EngineError::NoNumber { .. } => {
            (Kind::Usage, "Find the ticket in the PSA, and give its number with --record.".to_owned())
        }
        EngineError::Config(_)
        | EngineError::Connector(_)
        | EngineError::Store(_)
        | EngineError::Money(_)
        | EngineError::Refused(_)
        | EngineError::Connections { .. }
        | EngineError::NoConnection { .. }
        | EngineError::Which { .. }
        | EngineError::NoTickets { .. }
        | EngineError::Invalid(_)
        | EngineError::ChangedMeanwhile { .. }
        | EngineError::NotAsDecided { .. }
        | EngineError::NotPulled { .. }
        | EngineError::Stale { .. }
        | EngineError::ClockBehind { .. }
        | EngineError::Incomplete { .. }
        | EngineError::NoRecord { .. }
        | EngineError::NothingProposed { .. }
        | EngineError::Exports { .. }
        | EngineError::Links { .. }
        | EngineError::File { .. } => return None,
    })
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        let hint = match &error {
            StoreError::Locked { .. } => Some(
                "Wait until it has ended, or let this one wait: [store] lock_wait_seconds_max. A run that died holds no lock.",
            ),
            StoreError::Unreachable { .. } => {
                Some("Check [store] url in the configuration, and that the server is up.")
            }
            StoreError::Disk { .. } => Some("Make room, or look after the disk; what was saved before is whole."),
            StoreError::NotMigrated { .. }
            | StoreError::Location { .. }
            | StoreError::Driver(_)
            | StoreError::Corrupt { .. }
            | StoreError::Unwritable { .. }
            | StoreError::Conflict { .. }
            | StoreError::AlreadyLinked(_)
            | StoreError::RowsAffected { .. }
            | StoreError::Newer { .. }
            | StoreError::Altered { .. }
            | StoreError::Migration { .. }
            | StoreError::LeaseLost { .. }
            | StoreError::RunEnded { .. } => None,
        };
        let kind = match &error {
            StoreError::Locked { .. } => Kind::Locked,
            StoreError::Location { .. } | StoreError::NotMigrated { .. } => Kind::Usage,
            StoreError::AlreadyLinked(_) => Kind::Refused,
            StoreError::Unreachable { .. }
            | StoreError::Disk { .. }
            | StoreError::Driver(_)
            | StoreError::Corrupt { .. }
            | StoreError::Unwritable { .. }
            | StoreError::Conflict { .. }
            | StoreError::RowsAffected { .. }
            | StoreError::Newer { .. }
            | StoreError::Altered { .. }
            | StoreError::Migration { .. }
            | StoreError::LeaseLost { .. }
            | StoreError::RunEnded { .. } => Kind::Failed,
        };
        Self { kind, source: Box::new(error), hints: hint.map(str::to_owned).into_iter().collect() }
    }
}

impl From<ConnectorError> for CommandError {
    fn from(error: ConnectorError) -> Self {
        let kind = of_connector(&error.kind);
        let name = &error.connector;
        let hints = match kind {
            Kind::Credentials => {
                vec![format!(
                    "Renew the credentials of [connectors.{name}], or give its user the right that is missing."
                )]
            }
            Kind::NotReady => vec![format!("Run `trueup check --only {name}`, and this command again later.")],
            // what was asked for says what to do itself
            Kind::Usage if matches!(error.kind, ErrorKind::Unfit(_)) => Vec::new(),
            Kind::Usage => {
                vec![format!("Correct [connectors.{name}]; `trueup connectors describe KIND` lists its settings.")]
            }
            Kind::Failed | Kind::Refused | Kind::Locked | Kind::Interrupted => Vec::new(),
        };
        Self { kind, source: Box::new(error), hints }
    }
}

/// A folder that is reconciled without a configuration: the advice is about its files.
fn of_exports(error: EngineError) -> CommandError {
    let EngineError::Exports { folder, error: about } = &error else { return CommandError::new(Kind::Failed, error) };
    let (kind, hint) = match &about.kind {
        ErrorKind::Settings(_) if !Path::new(folder).is_dir() => {
            (Kind::Usage, Some("Name the folder of the exports with --from.".to_owned()))
        }
        ErrorKind::Settings(_) => (
            Kind::Usage,
            Some(format!(
                "Correct {folder}/columns.toml, or move it away: `trueup connectors columns {folder}` writes it anew."
            )),
        ),
        ErrorKind::NotFound(_) => (
            Kind::NotReady,
            Some(format!(
                "Put the file into {folder}, or name the one that is there in {folder}/columns.toml: under [FILE], \
                 file = \"NAME\"; `trueup connectors describe files` lists what is looked for."
            )),
        ),
        ErrorKind::Malformed { .. } => (
            Kind::NotReady,
            Some(format!(
                "Export the file again, or say in {folder}/columns.toml how it is read; `trueup connectors columns \
                 {folder}` writes what the files prove, and names what is missing."
            )),
        ),
        ErrorKind::Auth(_) => (Kind::NotReady, Some("Let the user who runs trueup read the file.".to_owned())),
        ErrorKind::Transient(_) | ErrorKind::RateLimited { .. } | ErrorKind::Incomplete(_) => (Kind::NotReady, None),
        ErrorKind::Rejected { .. } | ErrorKind::Unfit(_) | ErrorKind::Limit(_) => (Kind::Failed, None),
    };
    CommandError { kind, source: Box::new(error), hints: hint.into_iter().collect() }
}

/// Whose fault a connector's error is.
pub(super) fn of_connector(kind: &ErrorKind) -> Kind {
    match kind {
        ErrorKind::Auth(_) => Kind::Credentials,
        ErrorKind::Settings(_) | ErrorKind::Unfit(_) => Kind::Usage,
        ErrorKind::Rejected { .. } | ErrorKind::Limit(_) => Kind::Failed,
        ErrorKind::NotFound(_)
        | ErrorKind::RateLimited { .. }
        | ErrorKind::Transient(_)
        | ErrorKind::Malformed { .. }
        | ErrorKind::Incomplete(_) => Kind::NotReady,
    }
}

fn fault_hint(kind: &FaultKind) -> Option<String> {
    match kind {
        FaultKind::BareSecret { key } if key == "url" => Some(
            "Write `url = { env = \"TRUEUP_DATABASE_URL\" }` and set that variable to the whole URL; a password never \
             belongs in the file."
                .to_owned(),
        ),
        FaultKind::BareSecret { key } => Some(format!(
            "Write `{key} = {{ env = \"NAME\" }}` or `{key} = {{ file = \"PATH\" }}` and keep the secret there; if the \
             file was shared, renew the secret."
        )),
        FaultKind::UnknownKey { nearest: Some(nearest), .. } => Some(format!("Write `{nearest}`, or remove the line.")),
        FaultKind::UnknownKey { nearest: None, .. } => {
            Some("Remove the line; samples/trueup.toml shows every key there is.".to_owned())
        }
        FaultKind::MissingKey { key, .. } if key == "kind" => {
            Some("Run `trueup connectors list` to see the kinds of connectors.".to_owned())
        }
        FaultKind::Syntax(_)
        | FaultKind::MissingKey { .. }
        | FaultKind::WrongType { .. }
        | FaultKind::WrongValue { .. } => None,
    }
}

fn secret_hint(setting: &str, problem: &SecretProblem) -> String {
    match problem {
        SecretProblem::NotSet(name) => {
            let key = setting.rsplit('.').next().unwrap_or(setting);
            format!(
                "Set {name} for this command, or keep the secret in a file and write `{key} = {{ file = \"PATH\" }}`."
            )
        }
        SecretProblem::Unreadable { file, .. } | SecretProblem::Unusable { file, .. } => {
            format!("Put the secret, and nothing else, into {}.", file.display())
        }
        SecretProblem::TooOpen { file, .. } => {
            format!("Run `chmod 600 {}`; if others could read it, renew the secret.", file.display())
        }
        SecretProblem::NotOurs { file, me, .. } => {
            format!("Run `chown {me} {}`, or run this command as the file's owner.", file.display())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_one_meaning_and_stands_in_the_help() {
        let endings = [Ending::Done, Ending::DifferencesWait, Ending::Partly].map(Ending::status);
        let kinds = [
            Kind::Failed,
            Kind::Usage,
            Kind::Refused,
            Kind::Locked,
            Kind::Credentials,
            Kind::NotReady,
            Kind::Interrupted,
        ]
        .map(Kind::status);
        let mut statuses: Vec<u8> = endings.into_iter().chain(kinds).collect();
        statuses.sort_unstable();
        let listed = STATUSES.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok());
        assert_eq!(statuses, listed.collect::<Vec<u8>>());
    }

    #[test]
    fn a_cause_stands_behind_its_error() {
        let source = std::io::Error::other("disk on fire");
        let error = CommandError::from(ConfigError::Unreadable { file: "t.toml".into(), source });
        assert_eq!(error.to_string(), "the configuration file t.toml cannot be read: disk on fire");
        assert_eq!(error.kind, Kind::Usage);
    }

    #[test]
    fn a_cause_is_told_once() {
        let refused = sqlx::Error::Io(std::io::Error::other("connection refused"));
        let told = CommandError::from(StoreError::Driver(refused)).to_string();
        assert_eq!(told.matches("connection refused").count(), 1, "{told}");
    }
}
