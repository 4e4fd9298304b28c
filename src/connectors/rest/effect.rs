//! Whether a write took effect: the records that fit what is made, and how far the calls of a change have come.
//!
//! Keeps the invariant that what is there is compared in full, whatever the system was asked: a filter it does not know is
//! ignored by some.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::Value;

use super::Rest;
use super::answers::Test;
use super::codec::{Decoded, text_of};
use super::compare::{cut, same};
use super::custom::Located;
use super::inside;
use super::language::{First, Lookup, Step};
use super::one::One;
use super::path::Path;
use super::requests::{Draft, WRITE, decoded};
use crate::connectors::Result;
use crate::connectors::writing::{Before, Looked};
use crate::core::change::{Said, Target};

type Told<T> = std::result::Result<T, String>;

impl Rest {
    /// The ids of the records that are what a new one would be.
    pub(super) async fn fitting(&self, said: &Said<'_>, draft: &Draft<'_>) -> Result<Vec<String>> {
        let unfit = |what: String| self.connection.unfit(said.entity, what);
        let values = draft.values().map_err(unfit)?;
        let link = draft.entity.link.as_ref().filter(|_| !draft.entity.hides_link());
        if let (Some(link), Some(marker)) = (link, said.marker) {
            let marker = cut(marker, link.max);
            let at = self.connection.link_place(link).map_err(unfit)?;
            let is_it =
                |row: &Value| at.get(row).and_then(|held| text_of(held).ok()).is_some_and(|held| held == marker);
            let found = self.looked_up(said, link.lookup.as_ref(), &[("link", &marker)], is_it).await?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        let Some(create) = draft.entity.create.as_ref().filter(|create| !create.probe.is_empty()) else {
            return Ok(Vec::new());
        };
        let probed: BTreeMap<&str, Decoded> =
            values.into_iter().filter(|(name, _)| create.probe.iter().any(|probe| probe == name)).collect();
        if probed.len() < create.probe.len() {
            // what has no value finds nothing; the link does
            return Ok(Vec::new());
        }
        self.holding(draft, &probed, create.find.as_ref(), said.below).await
    }

    /// The ids of the records that hold some values.
    pub(super) async fn holding(
        &self,
        draft: &Draft<'_>,
        values: &BTreeMap<&str, Decoded>,
        find: Option<&Lookup>,
        below: Option<&str>,
    ) -> Result<Vec<String>> {
        let texts: Vec<(&str, String)> = values.iter().map(|(name, value)| (*name, shown(value))).collect();
        let texts: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let mut wanted = Vec::new();
        for (name, value) in values {
            let unfit = |what: String| self.connection.unfit(draft.said.entity, format!("{name}: {what}"));
            let field = draft.entity.fields.get(*name).ok_or_else(|| unfit("there is no such field".to_owned()))?;
            wanted.push((self.connection.located(field).map_err(unfit)?, value));
        }
        let holds = |row: &Value, (located, wanted): &(Located<'_>, &Decoded)| {
            let held = located.value(row, draft.references);
            held.is_ok_and(|held| same(located.field, held.as_ref(), Some(wanted)))
        };
        let is_it = |row: &Value| wanted.iter().all(|wanted| holds(row, wanted));
        let said = Said { below, ..draft.said.clone() };
        self.looked_up(&said, find, &texts, is_it).await
    }

    /// The ids of the records that are it, of those the system answers with: a filter it does not know is ignored by some.
    async fn looked_up(
        &self,
        said: &Said<'_>,
        lookup: Option<&Lookup>,
        values: &[(&str, &str)],
        is_it: impl Fn(&Value) -> bool,
    ) -> Result<Vec<String>> {
        let entity = self.connection.entity(said.entity)?;
        let unfit = |what: String| self.connection.unfit(said.entity, what);
        let asked = lookup.map(|lookup| self.connection.asking(lookup, values)).transpose().map_err(unfit)?;
        let found = self.connection.raw(said.entity, said.below, asked, !entity.hides_link()).await?;
        let id = Path::parse(&entity.id).map_err(unfit)?;
        // a list that is not below a record holds what belongs to others as well
        let above = entity.above.as_ref().and(entity.parent_at.as_deref().zip(said.below));
        let above = above.map(|(at, below)| Path::parse(at).map(|at| (at, below))).transpose().map_err(unfit)?;
        let is_below = |row: &Value| {
            above
                .as_ref()
                .is_none_or(|(at, below)| at.get(row).and_then(|id| text_of(id).ok()).as_deref() == Some(*below))
        };
        let is_it = |row: &Value| is_below(row) && is_it(row);
        let ids = found.iter().filter(|row| is_it(row)).filter_map(|row| id.get(row).and_then(|id| text_of(id).ok()));
        Ok(match (&entity.inside, said.below) {
            (Some(_), Some(below)) => ids.map(|id| inside::id_of(below, &id)).collect(),
            _ => ids.collect(),
        })
    }

    /// How far a change has come: what each call leaves behind, against what is there.
    fn progress(&self, draft: &Draft<'_>, was: &One, now: &One) -> Told<Looked> {
        if let Some(kept) = &was.kept {
            return draft.looked_where_kept(kept, now.kept.as_deref());
        }
        let id = draft.said.target.map(|target| target.id.clone()).unwrap_or_default();
        let mut written = None;
        for (name, wanted) in &draft.said.fields {
            let field = draft.field(name)?;
            let (on, references) = (draft.said.effective, draft.references);
            let held = self.connection.held_on(draft.entity, field, now, on, references)?;
            let before = self.connection.held_on(draft.entity, field, was, on, references)?;
            let is_new = same(field, held.as_ref(), wanted.after.map(decoded).as_ref());
            match (is_new, same(field, held.as_ref(), before.as_ref())) {
                (true, true) => continue,
                (true, false) | (false, true) => {}
                (false, false) => {
                    return Ok(Looked::CannotTell(format!(
                        "`{name}` is {}, neither what it was nor what was sent",
                        held.as_ref().map_or_else(|| "empty".to_owned(), shown)
                    )));
                }
            }
            if written.is_some_and(|written| written != is_new) {
                return Ok(Looked::CannotTell(format!("`{name}` is as it was, and other fields are not")));
            }
            written = Some(is_new);
        }
        let written = written.ok_or("nothing that was sent differs from what was there")?;
        Self::staged(draft, (was, now), (usize::from(written), 1), id)
    }

    /// How far the making of a record has come that begins with a number on a day: a call makes it, and another counts.
    pub(super) async fn begun(
        &self,
        draft: &Draft<'_>,
        found: &[String],
        (number, day): (Decimal, NaiveDate),
    ) -> Result<Looked> {
        let unfit = |what: String| self.connection.unfit(draft.said.entity, what);
        let [id] = found else {
            return Ok(if found.is_empty() { Looked::DidNot } else { several_fit(found) });
        };
        let target = Target { id: id.clone(), below: draft.said.below.map(str::to_owned) };
        let Some(now) = self.connection.one(draft.said.entity, &target).await? else {
            return Ok(Looked::CannotTell("the new record is not there any more".to_owned()));
        };
        let by = draft.by_difference_of().ok_or_else(|| unfit("it does not begin with a number".to_owned()))?;
        let held = self.connection.held_on(draft.entity, by, &now, Some(day), draft.references).map_err(unfit)?;
        Ok(match held {
            Some(held) if held == Decoded::Number(number) => Looked::Happened(id.clone()),
            Some(held) if held != Decoded::Number(Decimal::ZERO) => {
                Looked::CannotTell(format!("the new record holds {} on {day}, which was not sent", shown(&held)))
            }
            // sent twice it would count twice
            Some(_) | None => Looked::Partly { done: 1, repeatable: false },
        })
    }

    /// How far the making of a record has come.
    pub(super) fn made(draft: &Draft<'_>, (was, now): (&One, &One), found: &[String]) -> Told<Looked> {
        match found {
            [] => Self::staged(draft, (was, now), (0, 1), String::new()),
            [one] => Self::staged(draft, (was, now), (1, 1), one.clone()),
            several => Ok(several_fit(several)),
        }
    }

    /// How far a change from a day on has come that takes two records.
    pub(super) async fn splitting(&self, draft: &Draft<'_>, was: &One, now: &One, before: &Before) -> Result<Looked> {
        let unfit = |what: String| self.connection.unfit(draft.said.entity, what);
        let Some(split) = draft.said.effective.map(|day| draft.split(was, day)).transpose().map_err(unfit)?.flatten()
        else {
            return self.progress(draft, was, now).map_err(unfit);
        };
        let mut added = self.holding(draft, &split.new, None, now.below.as_deref()).await?;
        added.retain(|id| !before.fitting.contains(id));
        let field = draft.field(split.end).map_err(unfit)?;
        let end = self.connection.located(field).and_then(|located| located.own(&now.raw, draft.references));
        let end = end.map_err(unfit)?;
        let ended = same(field, end.as_ref(), Some(&Decoded::Day(split.day)));
        // rows inside a record change together, in one call
        let all = if draft.entity.is_set() { 1 } else { 2 };
        let staged = |done, id| Self::staged(draft, (was, now), (done, all), id).map_err(unfit);
        Ok(match (added.as_slice(), ended, end, split.first) {
            ([new], true, ..) => staged(all, new.clone())?,
            ([_], false, None, First::Add) | ([], true, _, First::End) if all == 2 => staged(1, String::new())?,
            ([], false, None, _) => staged(0, String::new())?,
            ([], true, ..) => {
                Looked::CannotTell("it ends on that day, and the line that follows is not there".to_owned())
            }
            ([_], false, None, _) => Looked::CannotTell("it goes on, and the line that follows is there".to_owned()),
            ([] | [_], false, Some(end), _) => {
                Looked::CannotTell(format!("it ends on {}, which was not asked for", shown(&end)))
            }
            (several, ..) => several_fit(several),
        })
    }

    /// How far the calls have come, from how many of those that write took effect and from the state that the others leave.
    fn staged(draft: &Draft<'_>, (was, now): (&One, &One), (done, all): (usize, usize), id: String) -> Told<Looked> {
        let (at, all) = match draft.step(was)? {
            None => (Some(done), all),
            Some(step) => (Self::stage(draft, step, now, (done, all))?, step.r#do.len() - 1 + all),
        };
        Ok(match at {
            None => Looked::CannotTell("the record is in a state that none of the calls leaves".to_owned()),
            Some(0) => Looked::DidNot,
            Some(at) if at == all => Looked::Happened(id),
            Some(done) => Looked::Partly { done, repeatable: true },
        })
    }

    /// After how many of the calls all would be as it is, the most of them.
    fn stage(draft: &Draft<'_>, step: &Step, now: &One, (done, all): (usize, usize)) -> Told<Option<usize>> {
        let mut stages = vec![(Test::new(&step.r#if)?, step.above, 0)];
        let mut written = 0;
        for name in &step.r#do {
            if name == WRITE {
                let (last, above, _) = stages.last().cloned().ok_or("a step without a state")?;
                stages.extend((1..=all).map(|written| (last.clone(), above, written)));
                written = all;
            } else {
                let (action, above) = draft.action(name)?;
                stages.push((Test::new(&action.gives)?, above, written));
            }
        }
        let fits = |(test, above, written): &(Test, bool, usize)| {
            let state = if *above { now.above.as_ref() } else { Some(&now.raw) };
            *written == done && state.is_some_and(|state| test.holds(state))
        };
        Ok(stages.iter().rposition(fits))
    }
}

fn several_fit(several: &[String]) -> Looked {
    Looked::CannotTell(format!("{} new records fit: {}", several.len(), several.join(", ")))
}

/// A value as people read it.
pub(super) fn shown(value: &Decoded) -> String {
    match value {
        Decoded::Text(text) => text.clone(),
        Decoded::Flag(flag) => flag.to_string(),
        Decoded::Number(number) => crate::core::money::plain(*number),
        Decoded::Day(day) => day.to_string(),
    }
}
