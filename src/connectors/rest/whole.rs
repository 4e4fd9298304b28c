//! Records of a list that only names them, read whole one by one.
//!
//! Keeps the invariant that a record that was named and could not be read is a problem, never a row with less in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::codec::text_of;
use super::paging::Found;
use super::path::Path;
use super::rows::{CONCURRENCY, Connection};
use crate::connectors::Result;
use crate::connectors::error::{ConnectorError, ErrorKind};
use crate::core::snapshot::Problem;

impl Connection {
    /// The same rows as each reads by itself, several at once, in the order of the list.
    pub(super) async fn each(
        self: &Arc<Self>,
        name: &str,
        below: Option<&str>,
        listed: Vec<Found>,
        problems: &mut Vec<Problem>,
    ) -> Result<Vec<Found>> {
        let at_once = self.connector.limits.concurrency.and_then(|most| usize::try_from(most).ok());
        let at_once = at_once.unwrap_or(CONCURRENCY);
        let mut waiting = listed.into_iter().enumerate();
        let mut running = JoinSet::new();
        let mut done = BTreeMap::new();
        loop {
            while running.len() < at_once
                && let Some((index, found)) = waiting.next()
            {
                let (of, name, below) = (Arc::clone(self), name.to_owned(), below.map(str::to_owned));
                running.spawn(async move { (index, of.reread(&name, below.as_deref(), found).await) });
            }
            let Some(finished) = running.join_next().await else { break };
            let interrupted = |error| ErrorKind::Transient(format!("the reading was interrupted: {error}"));
            let (index, read) = finished
                .map_err(|error| ConnectorError::new(&self.name, format!("read {name}"), interrupted(error)))?;
            match read? {
                Ok(found) => _ = done.insert(index, found),
                Err(problem) => problems.push(*problem),
            }
        }
        Ok(done.into_values().collect())
    }

    async fn reread(
        &self,
        name: &str,
        below: Option<&str>,
        found: Found,
    ) -> Result<std::result::Result<Found, Box<Problem>>> {
        let unfit = |what: String| ConnectorError::new(&self.name, format!("read {name}"), ErrorKind::Settings(what));
        let entity = self.entity(name)?;
        let get = entity.get.as_ref().ok_or_else(|| unfit("the entity has no `get`".to_owned()))?;
        let id = Path::parse(&entity.id).map_err(unfit)?.get(&found.row).and_then(|id| text_of(id).ok());
        // without an id it is no row, which is said where rows are decoded
        let Some(id) = id.filter(|id| !id.is_empty()) else { return Ok(Ok(found)) };
        let missing = |what: String| Ok(Err(Box::new(Problem::new(&found.at, what).record(&id))));
        match self.record(name, entity, get, &self.names(entity, Some(&id), below), &id).await {
            Ok(Some((row, _))) => Ok(Ok(Found { at: format!("{} and {name} {id}", found.at), row })),
            Ok(None) => missing("it is listed, and is not there when it is read by itself".to_owned()),
            Err(ConnectorError { kind: kind @ (ErrorKind::Rejected { .. } | ErrorKind::Malformed { .. }), .. }) => {
                missing(format!("it is listed, and cannot be read by itself: {kind}"))
            }
            Err(error) => Err(error),
        }
    }
}
