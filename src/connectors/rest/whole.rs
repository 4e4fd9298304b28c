//! Records behind rows that are less than them: each is read by itself.
//!
//! Keeps the invariant that what a list does not show is not taken for nothing, and that a record which is listed and cannot be
//! read is a problem of its own.

use std::sync::Arc;

use serde_json::Value;
use tokio::task::JoinSet;

use super::codec::text_of;
use super::language::Entity;
use super::one::One;
use super::paging::Found;
use super::path::Path;
use super::rows::{CONCURRENCY, Connection};
use crate::connectors::{Result, Watch, Watched, Way};
use crate::core::change::Target;
use crate::core::snapshot::Problem;

impl Entity {
    /// Whether its list shows less than its records.
    pub(super) fn is_listed_in_part(&self) -> bool {
        self.list.as_ref().is_some_and(|list| list.has.is_some())
    }
}

impl Connection {
    /// The records of rows, in their order, several read at once.
    pub(super) async fn whole(
        self: &Arc<Self>,
        name: &str,
        found: Vec<Found>,
        (watch, problems): (&dyn Watch, &mut Vec<Problem>),
    ) -> Result<Vec<Found>> {
        let id_at = Path::parse(&self.entity(name)?.id).map_err(|what| self.unfit(name, what))?;
        let watched = Watched::listing(watch, &self.name, &format!("{name} records"));
        let at_once =
            self.connector.limits.concurrency.and_then(|most| usize::try_from(most).ok()).unwrap_or(CONCURRENCY);
        let all = found.len();
        let mut waiting = found.into_iter().enumerate();
        let mut running = JoinSet::new();
        let mut done: Vec<(usize, Found)> = Vec::new();
        loop {
            while running.len() < at_once
                && let Some((index, found)) = waiting.next()
            {
                let Some(Ok(id)) = id_at.get(&found.row).map(text_of) else {
                    done.push((index, found));
                    continue;
                };
                let (of, name) = (Arc::clone(self), name.to_owned());
                running.spawn(async move {
                    let read = of.one(&name, &Target { id: id.clone(), below: None }).await;
                    (index, id, found, read)
                });
            }
            let Some(finished) = running.join_next().await else { break };
            let interrupted = |error| self.unfit(name, format!("the reading was interrupted: {error}"));
            let (index, id, found, read) = finished.map_err(interrupted)?;
            match read? {
                Some(One { raw, .. }) => done.push((index, Found { row: raw, ..found })),
                None => problems.push(Problem::new(&found.at, "it is listed, and cannot be read by itself").record(id)),
            }
            watched.progress(u64::try_from(done.len()).unwrap_or(u64::MAX), Way::parts(done.len(), all));
        }
        done.sort_by_key(|(index, _)| *index);
        Ok(done.into_iter().map(|(_, found)| found).collect())
    }

    /// Every record of a list as it is.
    pub(super) async fn every(self: &Arc<Self>, name: &str, watch: &dyn Watch) -> Result<Vec<Value>> {
        let mut rows = self.raw(name, None, None).await?;
        if self.entity(name)?.is_listed_in_part() {
            let found = rows.into_iter().map(|row| Found { at: name.to_owned(), row }).collect();
            rows =
                self.whole(name, found, (watch, &mut Vec::new())).await?.into_iter().map(|found| found.row).collect();
        }
        Ok(rows)
    }
}
