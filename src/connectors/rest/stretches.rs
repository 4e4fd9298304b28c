//! What a record holds by days: rows of another entity, each for a stretch of days.
//!
//! Keeps the invariants that every day of a record is in one line of ours at most, and that a stretch that cannot be read is a
//! problem of its record, never a gap.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use serde_json::Value;

use super::codec::{Decoded, References};
use super::inside;
use super::language::{Entity, Field, Stretches};
use super::one::One;
use super::products::{product, rounded};
use super::rows::Connection;
use super::shape::{Row, Rows};
use crate::connectors::Result;
use crate::core::snapshot::Problem;

/// A stretch of days of one record, and what it holds, by the names of its own fields.
#[derive(Debug, Clone)]
pub(super) struct Stretch {
    pub(super) start: NaiveDate,
    /// The day after its last.
    pub(super) end: NaiveDate,
    pub(super) fields: BTreeMap<String, Decoded>,
}

impl Stretch {
    pub(super) fn holds(&self, day: NaiveDate) -> bool {
        self.start <= day && day < self.end
    }

    fn of(rows: &Stretches, fields: &BTreeMap<String, Decoded>) -> std::result::Result<Self, String> {
        let day = |name: &str| match fields.get(name) {
            Some(Decoded::Day(day)) => Ok(*day),
            Some(Decoded::Text(_) | Decoded::Flag(_) | Decoded::Number(_)) | None => {
                Err(format!("a stretch of days needs `{name}`"))
            }
        };
        let (start, end) = (day(&rows.start)?, day(&rows.end)?);
        if start < end {
            Ok(Self { start, end, fields: fields.clone() })
        } else {
            Err(format!("a stretch of days from {start} to the day before {end} has none"))
        }
    }
}

/// One line for each stretch of a record that differs from the one before it; a record without any stays as it is.
pub(super) fn spread(entity: &Entity, by_days: &Stretches, records: Rows, stretches: Rows) -> Rows {
    let mut all: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in stretches.rows {
        if let Some(Decoded::Text(of)) = row.fields.get(&by_days.of) {
            all.entry(of.clone()).or_default().push(row);
        }
    }
    let mut problems = records.problems;
    problems.extend(stretches.problems);
    let mut rows = Vec::new();
    for record in records.rows {
        match all.remove(&record.id) {
            None => rows.push(record),
            Some(own) => rows.extend(lines(entity, by_days, &record, &own, &mut problems)),
        }
    }
    Rows { rows, problems }
}

fn lines(entity: &Entity, by_days: &Stretches, record: &Row, rows: &[Row], problems: &mut Vec<Problem>) -> Vec<Row> {
    let taken: Vec<(&String, &String)> =
        entity.fields.iter().filter_map(|(name, field)| Some((name, field.of_stretch.as_ref()?))).collect();
    let mut stretches = Vec::new();
    for row in rows {
        let read = Stretch::of(by_days, &row.fields);
        let broken = taken.iter().any(|(_, of)| row.broken.contains(*of)).then(|| "it cannot be read".to_owned());
        match (read, broken) {
            (Ok(stretch), None) => stretches.push(stretch),
            (Err(what), _) | (Ok(_), Some(what)) => {
                let what = format!("its stretch of days {}: {what}", row.id);
                problems.push(Problem::new(&row.at, what).record(&record.id));
                return Vec::new();
            }
        }
    }
    let mut merged = match joined(stretches, |name| {
        *name == by_days.start || *name == by_days.end || !taken.iter().any(|(_, of)| *of == name)
    }) {
        Ok(merged) => merged,
        Err(what) => {
            problems.push(Problem::new(&record.at, what).record(&record.id));
            return Vec::new();
        }
    };
    for (name, of) in &taken {
        // what a stretch does not say, the record's default does
        let usual = record.fields.get(*name);
        for stretch in &mut merged {
            if let Some(usual) = usual {
                stretch.fields.entry((*of).clone()).or_insert_with(|| usual.clone());
            }
        }
    }
    let mut first = true;
    let line = |stretch: Stretch| {
        let mut line = record.clone();
        if !std::mem::take(&mut first) {
            line.id = inside::id_of(&record.id, &stretch.start.to_string());
        }
        for (name, of) in &taken {
            let value = match *of {
                of if *of == by_days.start => Some(Decoded::Day(stretch.start)),
                of if *of == by_days.end => Some(Decoded::Day(stretch.end)),
                of => stretch.fields.get(of).cloned(),
            };
            match value {
                Some(value) => _ = line.fields.insert((*name).clone(), value),
                None => _ = line.fields.remove(*name),
            }
        }
        reckoned(entity, line, problems)
    };
    merged.into_iter().map(line).collect()
}

/// What is the product of two fields, once both are known.
fn reckoned(entity: &Entity, mut line: Row, problems: &mut Vec<Problem>) -> Row {
    for (name, field) in &entity.fields {
        if field.product_of.is_none() || field.at.is_some() {
            continue;
        }
        match product(field, &line.fields, &line.broken) {
            Ok(Some(value)) => _ = line.fields.insert(name.clone(), Decoded::Number(rounded(field, value))),
            Ok(None) => _ = line.fields.remove(name),
            Err(what) => {
                let problem = Problem::new(&line.at, what).record(&line.id).field(name);
                problems.push(problem);
                line.broken.insert(name.clone());
            }
        }
    }
    line
}

/// Stretches in their order; those that follow each other and say the same as one.
fn joined(
    mut stretches: Vec<Stretch>,
    does_not_count: impl Fn(&String) -> bool,
) -> std::result::Result<Vec<Stretch>, String> {
    stretches.sort_by_key(|stretch| (stretch.start, stretch.end));
    let says = |stretch: &Stretch| -> Vec<(String, Decoded)> {
        let fields = stretch.fields.iter().filter(|(name, _)| !does_not_count(name));
        fields.map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    let mut merged: Vec<Stretch> = Vec::new();
    for stretch in stretches {
        match merged.last_mut() {
            Some(last) if stretch.start < last.end => {
                return Err(format!("two of its stretches of days hold {}", stretch.start));
            }
            Some(last) if last.end == stretch.start && says(last) == says(&stretch) => last.end = stretch.end,
            Some(_) | None => merged.push(stretch),
        }
    }
    Ok(merged)
}

impl Connection {
    /// The rows that say by days what one record holds; none where the entity has no such rows.
    pub(super) async fn rows_by_days(self: &Arc<Self>, entity: &Entity, id: &str) -> Result<Option<Vec<Value>>> {
        let Some(by_days) = &entity.stretches else { return Ok(None) };
        let unfit = |what: String| self.unfit(&by_days.entity, what);
        let asked = by_days.lookup.as_ref().map(|lookup| self.asking(lookup, &[("id", id)])).transpose();
        let rows = Box::pin(self.raw(&by_days.entity, None, asked.map_err(unfit)?, true)).await?;
        let of = self.stretch_field(by_days, &by_days.of).map_err(unfit)?;
        let is_its = |row: &Value| {
            let held = self.located(of).and_then(|located| located.value(row, &References::new()));
            held.is_ok_and(|held| held == Some(Decoded::Text(id.to_owned())))
        };
        Ok(Some(rows.into_iter().filter(is_its).collect()))
    }

    fn stretch_field(&self, by_days: &Stretches, name: &str) -> std::result::Result<&Field, String> {
        let field = self.connector.entity.get(&by_days.entity).and_then(|rows| rows.fields.get(name));
        field.ok_or_else(|| format!("{} has no field `{name}`", by_days.entity))
    }

    /// The stretches of a record that was read, in their order.
    ///
    /// # Errors
    /// One that cannot be read.
    pub(super) fn stretches(&self, by_days: &Stretches, one: &One) -> std::result::Result<Vec<Stretch>, String> {
        let rows = self.connector.entity.get(&by_days.entity);
        let mut all = Vec::new();
        for raw in one.by_days.iter().flatten() {
            let mut fields = BTreeMap::new();
            for (name, field) in rows.iter().flat_map(|rows| &rows.fields) {
                let value = self.located(field).and_then(|located| located.value(raw, &References::new()));
                let value = value.map_err(|what| format!("{name}: {what}"))?;
                if let Some(value) = value {
                    fields.insert(name.clone(), value);
                }
            }
            all.push(Stretch::of(by_days, &fields)?);
        }
        joined(all, |_| false)
    }

    /// A field of a record as it is on a day; without a day as it goes on.
    pub(super) fn held_on(
        &self,
        entity: &Entity,
        field: &Field,
        one: &One,
        day: Option<NaiveDate>,
        references: &References,
    ) -> std::result::Result<Option<Decoded>, String> {
        let (Some(of), Some(by_days)) = (&field.of_stretch, &entity.stretches) else {
            return self.located(field)?.value(&one.raw, references);
        };
        let is_taken = |name: &String| entity.fields.values().any(|field| field.of_stretch.as_ref() == Some(name));
        let is_day = |name: &String| *name == by_days.start || *name == by_days.end;
        let stretches = joined(self.stretches(by_days, one)?, |name| is_day(name) || !is_taken(name))?;
        let stretch = match day {
            Some(day) => stretches.iter().find(|stretch| stretch.holds(day)),
            None => stretches.last(),
        };
        let held = |stretch: &Stretch| match of {
            of if *of == by_days.start => Some(Decoded::Day(stretch.start)),
            of if *of == by_days.end => Some(Decoded::Day(stretch.end)),
            of => stretch.fields.get(of).cloned(),
        };
        Ok(stretch.and_then(held))
    }
}

/// The id of a record whose stretch this is: only a record can be changed.
pub(super) fn record_of(entity: &Entity, id: &str) -> Option<String> {
    let (record, _) = entity.stretches.as_ref().and_then(|_| inside::parts(id))?;
    Some(record)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::core::money::exact;

    fn day(number: u64) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + chrono::Days::new(number)
    }

    fn stretch(start: u64, end: u64, units: u8) -> Stretch {
        let units = Decoded::Number(exact(&units.to_string()).unwrap());
        Stretch { start: day(start), end: day(end), fields: BTreeMap::from([("units".to_owned(), units)]) }
    }

    proptest! {
        #[test]
        fn every_day_says_the_same_once_stretches_are_joined(
            cuts in prop::collection::vec((1_u64..9, 0_u64..2, 0_u8..3), 1..8), turn in any::<prop::sample::Index>(),
        ) {
            let (mut at, mut all) = (0, Vec::new());
            for (length, gap, units) in cuts {
                all.push(stretch(at + gap, at + gap + length, units));
                at += gap + length;
            }
            let says = |all: &[Stretch], on: u64| {
                let held: Vec<_> = all.iter().filter(|one| one.holds(day(on))).map(|one| one.fields.clone()).collect();
                (held.len(), held.first().cloned())
            };
            let before: Vec<_> = (0..=at).map(|on| says(&all, on)).collect();
            let turned = turn.index(all.len());
            all.rotate_left(turned);
            let merged = joined(all, |_| false).unwrap();
            let after: Vec<_> = (0..=at).map(|on| says(&merged, on)).collect();
            prop_assert_eq!(before, after);
            for pair in merged.windows(2) {
                prop_assert!(pair[0].end < pair[1].start || pair[0].fields != pair[1].fields);
            }
        }
    }

    #[test]
    fn a_day_in_two_stretches_is_refused() {
        let refused = joined(vec![stretch(0, 5, 1), stretch(4, 9, 1)], |_| false).unwrap_err();
        assert_eq!(refused, "two of its stretches of days hold 2026-01-05");
    }
}
