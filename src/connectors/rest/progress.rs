//! How far a write has come, from what is there now against what was there before.
//!
//! Keeps the invariant that what fits neither is said to be unknown, never taken for done or for not done.

use chrono::NaiveDate;

use super::Rest;
use super::answers::Test;
use super::codec::Decoded;
use super::compare::same;
use super::language::{First, Step};
use super::one::One;
use super::requests::{Draft, WRITE, decoded};
use super::sink::shown;
use crate::connectors::Result;
use crate::connectors::writing::{Before, Looked};
use crate::core::change::Target;

type Told<T> = std::result::Result<T, String>;

impl Rest {
    /// How far a change has come: what each call leaves behind, against what is there.
    pub(super) fn progress(&self, draft: &Draft<'_>, was: &One, now: &One) -> Told<Looked> {
        let id = draft.said.target.map(|target| target.id.clone()).unwrap_or_default();
        let mut written = None;
        for (name, wanted) in &draft.said.fields {
            let field = draft.field(name)?;
            let on = draft.said.effective;
            let held = self.connection.held_on(draft.entity, field, now, on, draft.references)?;
            let before = self.connection.held_on(draft.entity, field, was, on, draft.references)?;
            let is_new = same(field, held.as_ref(), wanted.after.map(decoded).as_ref());
            if is_new && same(field, held.as_ref(), before.as_ref()) {
                continue;
            }
            let is_old = same(field, held.as_ref(), before.as_ref());
            if !is_new && !is_old {
                return Ok(Looked::CannotTell(format!(
                    "`{name}` is {}, neither what it was nor what was sent",
                    held.as_ref().map_or_else(|| "empty".to_owned(), shown)
                )));
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
        begins: (rust_decimal::Decimal, NaiveDate),
    ) -> Result<Looked> {
        let unfit = |what: String| self.connection.unfit(draft.said.entity, what);
        let [id] = found else {
            return Ok(if found.is_empty() { Looked::DidNot } else { several_fit(found) });
        };
        let target = Target { id: id.clone(), below: draft.said.below.map(str::to_owned) };
        let Some(now) = self.connection.one(draft.said.entity, &target).await? else {
            return Ok(Looked::CannotTell("the new record is not there any more".to_owned()));
        };
        let (number, day) = begins;
        let none = Decoded::Number(rust_decimal::Decimal::ZERO);
        let by = draft.by_difference_of().ok_or_else(|| unfit("it does not begin with a number".to_owned()))?;
        let held = self.connection.held_on(draft.entity, by, &now, Some(day), draft.references).map_err(unfit)?;
        Ok(match held {
            Some(held) if held == Decoded::Number(number) => Looked::Happened(id.clone()),
            None => Looked::Partly(1),
            Some(held) if held == none => Looked::Partly(1),
            Some(held) => {
                Looked::CannotTell(format!("the new record holds {} on {day}, which was not sent", shown(&held)))
            }
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
        let end = self.connection.own(field, &now.raw, draft.references).map_err(unfit)?;
        let ended = same(field, end.as_ref(), Some(&Decoded::Day(split.ends)));
        // rows inside a record change together, in one call
        let all = if draft.entity.inside.is_some() { 1 } else { 2 };
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
            Some(at) => Looked::Partly(at),
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
