//! Ids of other records by what those say, and how many calls are used up: what a system is asked besides its records.
//!
//! Keeps the invariant that an id is found by exactly one record, or it is said which are missing or too many.

use serde_json::Value;

use super::Rest;
use super::codec::{Decoded, References, text_of};
use super::encode::{looked_up, whole};
use super::language::{Named, Quota};
use super::path::Path;
use super::rows::{Connection, keyed};
use crate::connectors::error::{ConnectorError, ErrorKind};
use crate::connectors::{CheckFailed, CheckLine, Result};
use std::collections::btree_map::Entry;
use std::sync::Arc;

impl Connection {
    /// The lists that such ids are found in, besides those that were read before.
    pub(super) async fn named_lists<'n>(
        self: &Arc<Self>,
        all: impl Iterator<Item = &'n Named> + Send,
        references: &mut References,
    ) -> Result<()> {
        for named in all {
            let of = (named.entity.clone(), named.key.clone());
            if let Entry::Vacant(vacant) = references.entry(of) {
                vacant.insert(keyed(self, &named.entity, &named.key).await?);
            }
        }
        Ok(())
    }

    /// Such an id as it travels; none where nothing is said.
    pub(super) fn named(&self, named: &Named, references: &References) -> std::result::Result<Option<Value>, String> {
        let wanted = self.values.plain(&named.is)?;
        if wanted.is_empty() {
            return Ok(None);
        }
        let id = looked_up(&Decoded::Text(wanted), &named.entity, &named.key, references)?;
        if named.number { whole(id).map(Some) } else { Ok(Some(Value::from(id))) }
    }
}

impl Rest {
    /// How many calls are used up.
    pub(super) async fn check_quota(&self, quota: &Quota, is_down: bool) -> CheckLine {
        let outcome = if is_down { Err(CheckFailed::not_tried()) } else { self.used_up(quota).await };
        CheckLine::new("calls that are left", outcome)
    }

    async fn used_up(&self, quota: &Quota) -> std::result::Result<String, CheckFailed> {
        let refuse = |what: String| {
            let kind = ErrorKind::Malformed { at: quota.get.clone(), what };
            CheckFailed::of(&ConnectorError::new(&self.descriptor.name, "calls", kind), "check `limits.quota`")
        };
        let address = self.connection.values.plain(&quota.get).map_err(refuse)?;
        let answer = self.connection.client.get_json::<Value>(&address, &[]).await;
        let answer = answer.map_err(|error| CheckFailed::of(&error, super::advice(&error.kind)))?;
        let number = |path: &str| -> std::result::Result<u64, String> {
            let found = Path::parse(path)?.get(&answer).and_then(|found| text_of(found).ok());
            found.and_then(|text| text.parse().ok()).ok_or_else(|| format!("a whole number expected at `{path}`"))
        };
        let (used, of) = (number(&quota.used).map_err(refuse)?, number(&quota.of).map_err(refuse)?);
        let most = of.saturating_mul(u64::from(quota.most));
        if used.saturating_mul(100) < most {
            Ok(format!("{used} of {of} are used"))
        } else {
            let what = format!("{used} of {of} calls are used: from {} of a hundred on the system is slow", quota.most);
            Err(CheckFailed::new(format!("{what}; try again later, or let fewer programs call it")))
        }
    }
}
