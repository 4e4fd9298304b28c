//! Another writer of the same records: detected by what the file says, and left alone.
//!
//! Keeps the invariant that nothing is written beside a second writer, nor where it cannot be seen whether there is one, unless
//! the user's setting says so.

use serde_json::Value;

use super::answers::Test;
use super::language::{SecondWriter, Sign};
use super::one::One;
use super::rows::Connection;
use super::template::{Position, Template};
use super::{Rest, advice};
use crate::connectors::error::ConnectorError;
use crate::connectors::{CheckFailed, CheckLine, Result};
use crate::core::change::Said;

impl Connection {
    /// The other writer, where this connection must not write beside it.
    fn shunned(&self) -> Option<&SecondWriter> {
        let second = self.connector.second_writer.as_ref()?;
        (self.values.get(&second.unless.setting) != Some(second.unless.is.as_str())).then_some(second)
    }

    /// Refuses a write beside another writer.
    ///
    /// # Errors
    /// There is one, or whether there is one cannot be read.
    pub(super) async fn refuse_beside(&self, said: &Said<'_>, one: Option<&One>) -> Result<()> {
        let Some(second) = self.shunned() else { return Ok(()) };
        for sign in &second.signs {
            let seen = match (&sign.get, &sign.entity) {
                (Some(get), _) => self.asked(sign, get).await.map_err(|error| {
                    let what =
                        format!("whether {} is at work cannot be read: {error}; {}", second.name, way_out(second));
                    self.unfit(said.entity, what)
                })?,
                (None, Some(entity)) => self.is_shown(sign, entity, said, one)?,
                (None, None) => None,
            };
            if let Some(seen) = seen {
                let why = "two writers would undo each other's work";
                let what = format!("{} is at work ({seen}): {why}. Switch it off, or {}", second.name, way_out(second));
                return Err(self.unfit(said.entity, what));
            }
        }
        Ok(())
    }

    /// Where an answer shows it.
    async fn asked(&self, sign: &Sign, get: &str) -> Result<Option<String>> {
        let unfit = |what: String| self.unfit("second writer", what);
        let address = Template::parse(get).and_then(|text| text.fill(Position::Path, &|name| self.values.get(name)));
        let address = address.map_err(unfit)?;
        let answer: Value = self.client.get_json(&address, &[]).await?;
        let holds = Test::new(&sign.when).map_err(unfit)?.holds(&answer);
        Ok(holds.then(|| format!("`{}` at {address}", sign.when.at.as_deref().unwrap_or_default())))
    }

    /// Where the record that a write is about shows it, or the one that holds its figure.
    fn is_shown(&self, sign: &Sign, entity: &str, said: &Said<'_>, one: Option<&One>) -> Result<Option<String>> {
        let test = Test::new(&sign.when).map_err(|what| self.unfit(said.entity, what))?;
        let own = one.filter(|_| said.entity == entity).map(|one| &one.raw);
        let kept = one.and_then(|one| one.kept.as_deref()).filter(|kept| kept.entity == entity);
        let shows = own.into_iter().chain(kept.map(|kept| &kept.one.raw)).any(|raw| test.holds(raw));
        Ok(shows.then(|| format!("`{}` of this {entity}", sign.when.at.as_deref().unwrap_or_default())))
    }
}

fn way_out(second: &SecondWriter) -> String {
    let unless = &second.unless;
    format!("set `{} = \"{}\"` in the settings of this connection to write all the same", unless.setting, unless.is)
}

impl Rest {
    /// Whether another writer is at work, as far as can be read.
    pub(super) async fn check_second_writer(&self, is_down: bool) -> Option<CheckLine> {
        let connection = &self.connection;
        let second = connection.connector.second_writer.as_ref()?;
        let what = "no second writer (only for writing)";
        if is_down {
            return Some(CheckLine::new(what, Err(CheckFailed::not_tried())));
        }
        let mut seen = None;
        for sign in &second.signs {
            let found = match (&sign.get, &sign.entity) {
                (Some(get), _) => connection.asked(sign, get).await,
                (None, Some(entity)) => self.listed(sign, entity).await,
                (None, None) => Ok(None),
            };
            match found {
                Ok(found) => seen = seen.or(found),
                Err(error) => return Some(CheckLine::new(what, Err(CheckFailed::of(&error, advice(&error.kind))))),
            }
        }
        let outcome = match (seen, connection.shunned()) {
            (None, _) => Ok(format!("{} is not at work", second.name)),
            (Some(seen), None) => {
                Ok(format!("{} is at work ({seen}), and the settings let this connection write too", second.name))
            }
            (Some(seen), Some(_)) => {
                let what = format!("{} is at work ({seen}), so nothing is written; {}", second.name, way_out(second));
                Err(CheckFailed::new(what))
            }
        };
        Some(CheckLine::new(what, outcome))
    }

    /// Where a record of a list shows it.
    async fn listed(&self, sign: &Sign, name: &str) -> std::result::Result<Option<String>, ConnectorError> {
        let connection = &self.connection;
        let test = Test::new(&sign.when).map_err(|what| connection.unfit(name, what))?;
        for found in connection.raw(name, None, None, true).await? {
            if test.holds(&found) {
                return Ok(Some(format!("`{}` of a {name}", sign.when.at.as_deref().unwrap_or_default())));
            }
        }
        Ok(None)
    }
}
