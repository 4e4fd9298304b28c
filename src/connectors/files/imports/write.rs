//! A folder of exports and import files as something records are written to.
//!
//! Keeps the invariants that a write which only stands in a file is unknown, and that "it happened" is said only where an export
//! shows every field that was to change.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::FilesPsa;
use super::fields::{Kept, Shown};
use super::rows::{Held, act};
use crate::connectors::writing::{Before, Delivery, Held as HeldField, Looked, RecordSink, Sent, Writing};
use crate::connectors::{ConnectorError, ErrorKind, Result};
use crate::core::change::{PsaWrite, Said, Target, Value};

/// What was there before a write was noted.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Was {
    /// The files that held the same write before: an earlier one.
    earlier: BTreeSet<String>,
    /// The record's fields.
    fields: Held,
}

impl FilesPsa {
    fn was(&self, before: &Before) -> Result<Was> {
        let Some(state) = &before.state else { return Ok(Was::default()) };
        let unread = |error: serde_json::Error| {
            let kind = ErrorKind::Malformed { at: "the journal".to_owned(), what: error.to_string() };
            ConnectorError::new(&self.exports.descriptor.name, "look after a write", kind)
        };
        serde_json::from_value(state.clone()).map_err(unread)
    }

    /// The files that held the same write before it was noted.
    ///
    /// # Errors
    /// Where what was noted cannot be read.
    pub fn earlier(&self, before: &Before) -> Result<BTreeSet<String>> {
        Ok(self.was(before)?.earlier)
    }

    /// Whether two writes would make the same record.
    ///
    /// # Errors
    /// Where such records are not written.
    pub fn make_the_same(&self, one: &PsaWrite, other: &PsaWrite) -> Result<bool> {
        let (one, other) = (one.said(), other.said());
        if one.entity != other.entity || one.target.is_some() || other.target.is_some() {
            return Ok(false);
        }
        let told = self.writing(one.entity, |writer| Ok(writer.form.same.clone()))?;
        let same = Sameness::of(&one, &told).0;
        let wanted = |said: &Said<'_>, name: &str| said.fields.get(name).and_then(|wanted| wanted.after).cloned();
        let all = same.iter().all(|name| wanted(&one, name).is_some() && wanted(&one, name) == wanted(&other, name));
        Ok(!same.is_empty() && one.below == other.below && all)
    }

    /// The ids of the records that are what a new one would be.
    fn fitting(&self, kept: &Kept, said: &Said<'_>) -> Result<BTreeSet<String>> {
        let same = self.writing(said.entity, |writer| Ok(writer.form.same.clone()))?;
        let same = Sameness::of(said, &same);
        let (found, problems) = self.shown(kept, |shown| same.fits(said, shown))?;
        if let Some(first) = problems.first() {
            let what =
                format!("whether it is there already cannot be told, because the export cannot be read whole: {first}");
            return Err(self.unfit(said.entity, what));
        }
        Ok(found.into_iter().map(|shown| shown.id).collect())
    }

    /// What an export shows of a new record.
    fn made(&self, kept: &Kept, said: &Said<'_>, before: &Before) -> Result<Looked> {
        let same = self.writing(said.entity, |writer| Ok(writer.form.same.clone()))?;
        let same = Sameness::of(said, &same);
        let is_new = |shown: &Shown| !before.fitting.contains(&shown.id) && same.fits(said, shown);
        let (found, _) = self.shown(kept, is_new)?;
        Ok(match found.as_slice() {
            [] => Looked::DidNot,
            [one] => match differing(said, &one.fields) {
                None => Looked::Happened(one.id.clone()),
                Some(what) => Looked::CannotTell(format!("{} {} may be it, but {what}", said.entity, one.id)),
            },
            several => {
                let ids: Vec<&str> = several.iter().map(|one| one.id.as_str()).collect();
                Looked::CannotTell(format!("several fit it: {}", ids.join(", ")))
            }
        })
    }

    /// What an export shows of a change.
    fn changed(&self, kept: &Kept, said: &Said<'_>, target: &Target) -> Result<Looked> {
        let Some(now) = self.record(kept, &target.id, said.below)? else {
            return Ok(Looked::CannotTell(format!("the export shows no {} {}", said.entity, target.id)));
        };
        if differing(said, &now.fields).is_none() {
            return Ok(Looked::Happened(now.id));
        }
        if let Some(next) = self.follows(kept, said, &now)? {
            return Ok(Looked::Happened(next.id));
        }
        Ok(match differing(said, &now.fields) {
            Some(what)
                if said.fields.iter().any(|(name, wanted)| is(&now.fields, name, wanted.after) == Some(true)) =>
            {
                Looked::CannotTell(format!("only some of it shows: {what}"))
            }
            Some(_) | None => Looked::DidNot,
        })
    }

    /// The line that goes on from the day of a change, where the system ends one and begins another.
    fn follows(&self, kept: &Kept, said: &Said<'_>, now: &Shown) -> Result<Option<Shown>> {
        let Some(day) = said.effective.map(Value::Day) else { return Ok(None) };
        let product = now.fields.get("product");
        let is_next = |shown: &Shown| {
            shown.id != now.id
                && shown.below == now.below
                && product.is_some_and(|product| shown.fields.get("product") == Some(product))
                && shown.fields.get("effective") == Some(&Some(day.clone()))
                && differing(said, &shown.fields).is_none()
        };
        let (mut found, _) = self.shown(kept, is_next)?;
        let only = found.pop().filter(|_| found.is_empty());
        Ok(only)
    }
}

/// By what a new record is known to be there already.
struct Sameness<'s>(Vec<&'s str>);

impl<'s> Sameness<'s> {
    /// As the form says; else by its code, else by its name, and a line by its product and first day.
    fn of(said: &Said<'s>, told: &BTreeSet<String>) -> Self {
        let named = |names: &[&str]| -> Vec<&'s str> {
            said.fields.keys().copied().filter(|name| names.contains(name)).collect()
        };
        let told: Vec<&str> = told.iter().map(String::as_str).collect();
        let ways: [&[&str]; 4] = [&told, &["code", "sku"], &["product", "effective"], &["name"]];
        Self(ways.into_iter().map(named).find(|fields| !fields.is_empty()).unwrap_or_default())
    }

    fn fits(&self, said: &Said<'_>, shown: &Shown) -> bool {
        let below = said.below.is_none() || shown.below.is_none() || said.below == shown.below.as_deref();
        let all = |name: &&str| {
            said.fields.get(name).is_some_and(|wanted| is(&shown.fields, name, wanted.after) == Some(true))
        };
        below && !self.0.is_empty() && self.0.iter().all(all)
    }
}

type Fields = std::collections::BTreeMap<&'static str, Option<Value>>;

/// Whether a field is shown to hold something; `None` where the export has no column for it.
fn is(fields: &Fields, name: &str, wanted: Option<&Value>) -> Option<bool> {
    fields.get(name).map(|held| held.as_ref() == wanted)
}

/// The first field that is not shown as it was to become.
fn differing(said: &Said<'_>, fields: &Fields) -> Option<String> {
    said.fields.iter().find_map(|(name, wanted)| match fields.get(name) {
        None => Some(format!("the export has no column for {name}")),
        Some(held) if held.as_ref() == wanted.after => None,
        Some(held) => Some(format!("{name}: expected {}, found {}", text(wanted.after), text(held.as_ref()))),
    })
}

fn text(value: Option<&Value>) -> String {
    value.map_or_else(|| "nothing".to_owned(), ToString::to_string)
}

fn record(shown: &Shown) -> Json {
    let fields = shown.fields.iter().map(|(name, value)| {
        ((*name).to_owned(), value.as_ref().map_or(Json::Null, |value| Json::String(value.to_string())))
    });
    let own = [Some(("id", &shown.id)), shown.below.as_ref().map(|below| ("below", below))];
    let own = own.into_iter().flatten().map(|(name, text)| (name.to_owned(), Json::String(text.clone())));
    Json::Object(own.chain(fields).collect())
}

#[async_trait]
impl Writing for FilesPsa {
    type Write = PsaWrite;
    type Record = Json;

    fn connection(&self) -> &str {
        &self.exports.descriptor.name
    }

    fn may_write(&self, write: &PsaWrite) -> Result<()> {
        let said = write.said();
        self.writing(said.entity, |writer| writer.may_write(&said))
    }

    async fn before(&self, write: &PsaWrite) -> Result<Before> {
        let said = write.said();
        let kept = self.kept(said.entity)?;
        let earlier = self.standing(write)?.into_iter().map(|(slip, _)| slip.file).collect();
        let (mut fields, mut fitting) = (Held::new(), BTreeSet::new());
        match said.target {
            None => fitting = self.fitting(&kept, &said)?,
            Some(target) => {
                let missing = || {
                    let kind = ErrorKind::NotFound(format!("there is no {} {} in the export", said.entity, target.id));
                    ConnectorError::new(&self.exports.descriptor.name, format!("read {}", said.entity), kind)
                };
                let shown = self.record(&kept, &target.id, said.below)?.ok_or_else(missing)?;
                fields = shown.fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
                // what would not fit a row is said now, not when the file is made
                self.writing(said.entity, |writer| writer.row(&said, Some(&fields)))?;
            }
        }
        let unkept = |error: serde_json::Error| self.unfit(said.entity, error.to_string());
        let state = serde_json::to_value(Was { earlier, fields }).map_err(unkept)?;
        Ok(Before { fitting, state: Some(state) })
    }

    async fn stale(&self, write: &PsaWrite, before: &Before) -> Result<Option<String>> {
        let said = write.said();
        if said.target.is_none() {
            let there = before.fitting.iter().next();
            return Ok(there.map(|id| format!("{} {id} is there already and fits it", said.entity)));
        }
        let was = self.was(before)?;
        Ok(said.fields.iter().find_map(|(name, wanted)| {
            let held = was.fields.get(*name)?.as_ref();
            let differs = held != wanted.before;
            differs.then(|| format!("{name}: expected {}, found {}", text(wanted.before), text(held)))
        }))
    }

    async fn send(&self, write: &PsaWrite, _before: &Before, _done: usize) -> Result<Delivery<Json>> {
        let said = write.said();
        let is_so = said.target.is_some() && said.fields.values().all(|wanted| wanted.before == wanted.after);
        if is_so {
            return Ok(Delivery::Done(Sent { id: None, record: None, digest: None }));
        }
        let pattern = self.writing(said.entity, |writer| Ok(writer.form.pattern(act(&said)).to_owned()))?;
        Ok(Delivery::Unclear { why: waits(&pattern), out: 0 })
    }

    async fn look(&self, write: &PsaWrite, before: &Before) -> Result<Looked> {
        let said = write.said();
        let Some((slip, row)) = self.place(write, &self.was(before)?.earlier)? else {
            let pattern = self.writing(said.entity, |writer| Ok(writer.form.pattern(act(&said)).to_owned()))?;
            return Ok(Looked::CannotTell(waits(&pattern)));
        };
        let at = format!("handed over in {}, row {row} of {}", slip.file, slip.rows.len());
        let kept = self.kept(said.entity)?;
        let looked = match said.target {
            None => self.made(&kept, &said, before)?,
            Some(target) => self.changed(&kept, &said, target)?,
        };
        Ok(match looked {
            // an import may come late: that it does not show never proves that it will not
            Looked::DidNot => Looked::CannotTell(format!("{at}; the export does not show it")),
            Looked::CannotTell(why) => Looked::CannotTell(format!("{at}; {why}")),
            Looked::Happened(_) | Looked::Partly { .. } => looked,
        })
    }

    async fn now(&self, write: &PsaWrite, id: &str) -> Result<Option<Json>> {
        let said = write.said();
        Ok(self.record(&self.kept(said.entity)?, id, said.below)?.as_ref().map(record))
    }

    fn shows(&self, write: &PsaWrite, _before: &Before, now: Option<&Json>) -> bool {
        let Some(now) = now else { return false };
        write.said().fields.iter().all(|(name, wanted)| {
            let held = now.get(*name);
            held.is_some_and(|held| match wanted.after {
                None => held.is_null(),
                Some(Value::Number(number)) => {
                    held.as_str().and_then(|held| crate::core::money::exact(held).ok()).as_ref() == Some(number)
                }
                Some(value) => held.as_str() == Some(value.to_string().as_str()),
            })
        })
    }
}

fn waits(pattern: &str) -> String {
    format!("it waits for the next file {pattern}; `trueup psa imports hand-over` makes it")
}

#[async_trait]
impl RecordSink for FilesPsa {
    async fn held(&self, entity: &str, target: &Target, _: Option<chrono::NaiveDate>) -> Result<Vec<HeldField>> {
        let missing = || {
            let kind = ErrorKind::NotFound(format!("there is no {entity} {} in the export", target.id));
            ConnectorError::new(&self.exports.descriptor.name, format!("read {entity}"), kind)
        };
        let shown = self.record(&self.kept(entity)?, &target.id, target.below.as_deref())?.ok_or_else(missing)?;
        Ok(shown.fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    async fn calls(&self, write: &PsaWrite, before: &Before) -> Result<Vec<String>> {
        let (said, was) = (write.said(), self.was(before)?);
        let told = self.writing(said.entity, |writer| {
            let row = writer.row(&said, Some(&was.fields))?;
            let order = writer.form.order(writer.kept);
            let cells = order.iter().filter_map(|header| row.get(header).map(|cell| format!("{header} = {cell}")));
            Ok(format!("a row of {}: {}", writer.form.pattern(act(&said)), cells.collect::<Vec<_>>().join("; ")))
        })?;
        Ok(vec![told])
    }
}
