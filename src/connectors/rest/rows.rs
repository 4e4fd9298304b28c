//! Entities as rows: lists, lists below each parent's record, references, and every field decoded.
//!
//! Keeps the invariant that a row or a list that cannot be read becomes a problem with its place, and the rest goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::Value;
use tokio::task::JoinSet;

use super::answers::Test;
use super::canonical::{FROM, INVOICED, UNTIL};
use super::codec::{Decoded, References, shown, text_of};
use super::dialect;
use super::language::{Codec, Connector, Dialect, Entity, Field, Get, List, Lookup, PageIn};
use super::one::Names;
use super::paging::{Found, Listing};
use super::path::Path;
use super::requests::merge;
use super::settings::Values;
use super::shape::{Around, Row, Rows, Shape};
use super::statement::Words;
use super::stretches;
use super::template::{Position, Template};
use crate::clock::Clock;
use crate::connectors::error::{ConnectorError, ErrorKind};
use crate::connectors::http::Client;
use crate::connectors::{Result, Unwatched, Watch, Watched, Way};
use crate::core::period::BillingPeriod;
use crate::core::snapshot::Problem;

/// How many child lists are under way at once, where the file does not say.
pub(super) const CONCURRENCY: usize = 4;
/// Parents a check looks below before it gives up finding a row.
const CHECKED_PARENTS: usize = 5;
/// Records a check reads by themselves, where the list shows less than they are.
const CHECKED_RECORDS: usize = 5;

/// Whether whole lists are read, or just enough to see that they can be.
#[derive(Clone, Copy)]
pub(super) enum Extent<'w> {
    Whole(&'w dyn Watch),
    FirstPage,
}

/// What a list is asked besides its own conditions.
pub(super) enum Asking {
    /// By parameters.
    Query(Dialect, Vec<(String, String)>),
    /// By more of its body.
    Body(Value),
}

/// A connection: the file, its values, and the client.
pub(super) struct Connection {
    pub(super) name: String,
    pub(super) connector: Connector,
    pub(super) values: Values,
    pub(super) client: Client,
}

type Reading<'r> = Pin<Box<dyn Future<Output = Result<Rows>> + Send + 'r>>;

/// Reads an entity, its parents first.
pub(super) fn read<'r>(of: &'r Arc<Connection>, name: &'r str, extent: Extent<'r>) -> Reading<'r> {
    Box::pin(async move {
        let entity = of.entity(name)?;
        let mut problems = Vec::new();
        let references = Arc::new(references(of, entity.fields.values(), extent, &mut problems).await?);
        let mut read = match entity.parent.as_deref() {
            None if name == INVOICED => {
                let today = BillingPeriod::containing(Clock::System.now().date_naive());
                of.list_in(name, today, &references, extent).await?
            }
            None => of.list(name, Around { parent: None, references: &references }, extent).await?,
            Some(parent) => {
                let parents = read(of, parent, extent).await?;
                problems.extend(parents.problems);
                match entity.inside {
                    Some(_) => of.inside(name, &parents.rows, &references)?,
                    None => below(of, name, parents.rows, &references, extent).await?,
                }
            }
        };
        if let Some(by_days) = &entity.stretches {
            // a stretch may be on any page, so a check reads the whole list as well
            let whole = match extent {
                Extent::Whole(watch) => Extent::Whole(watch),
                Extent::FirstPage => Extent::Whole(&Unwatched),
            };
            let stretches = self::read(of, &by_days.entity, whole).await?;
            read = stretches::spread(entity, by_days, read, stretches);
        }
        problems.append(&mut read.problems);
        problems.sort();
        problems.dedup();
        Ok(Rows { rows: read.rows, problems })
    })
}

/// Reads an entity whose list is asked for with the days of a month.
pub(super) async fn read_in(
    of: &Arc<Connection>,
    name: &str,
    period: BillingPeriod,
    extent: Extent<'_>,
) -> Result<Rows> {
    let mut problems = Vec::new();
    let references = references(of, of.entity(name)?.fields.values(), extent, &mut problems).await?;
    let mut read = of.list_in(name, period, &references, extent).await?;
    problems.append(&mut read.problems);
    Ok(Rows { rows: read.rows, problems })
}

/// The lists below every parent, several at once, in the parents' order.
async fn below(
    of: &Arc<Connection>,
    name: &str,
    parents: Vec<Row>,
    references: &Arc<References>,
    extent: Extent<'_>,
) -> Result<Rows> {
    let parents = match extent {
        Extent::Whole(_) => parents,
        Extent::FirstPage => parents.into_iter().take(CHECKED_PARENTS).collect(),
    };
    let watch = match extent {
        Extent::Whole(watch) => watch,
        Extent::FirstPage => &Unwatched,
    };
    let above = of.entity(name)?.parent.as_deref().unwrap_or_default();
    let watched = Watched::listing(watch, &of.name, &format!("{name} rows of each {above}"));
    let done = of.client.watched(&watched, each_below(of, name, parents, references, extent, &watched)).await?;
    let mut rows = Rows::default();
    let mut seen = BTreeSet::new();
    for (_, read) in done {
        rows.problems.extend(read.problems);
        for row in read.rows {
            if seen.insert(row.id.clone()) {
                rows.rows.push(row);
            } else {
                let what = "it is listed below two records; the first one counts";
                rows.problems.push(Problem::new(row.at, what).record(row.id));
            }
        }
    }
    Ok(rows)
}

async fn each_below(
    of: &Arc<Connection>,
    name: &str,
    parents: Vec<Row>,
    references: &Arc<References>,
    extent: Extent<'_>,
    watched: &Watched<'_>,
) -> Result<BTreeMap<usize, Rows>> {
    let at_once = of.connector.limits.concurrency.and_then(|most| usize::try_from(most).ok()).unwrap_or(CONCURRENCY);
    let all = parents.len();
    watched.progress(0, Way::parts(0, all));
    let mut waiting = parents.into_iter().enumerate();
    let mut running = JoinSet::new();
    let mut done: BTreeMap<usize, Rows> = BTreeMap::new();
    let mut count = 0;
    loop {
        while running.len() < at_once
            && let Some((index, parent)) = waiting.next()
        {
            let (of, name, references) = (Arc::clone(of), name.to_owned(), Arc::clone(references));
            let first_page = matches!(extent, Extent::FirstPage);
            running.spawn(async move {
                let extent = if first_page { Extent::FirstPage } else { Extent::Whole(&Unwatched) };
                let read = of.list(&name, Around { parent: Some(&parent), references: &references }, extent).await;
                (index, read.or_else(|error| survivable(error, &parent)))
            });
        }
        let Some(finished) = running.join_next().await else { return Ok(done) };
        let (index, read) = finished
            .map_err(|error| of.error(name, ErrorKind::Transient(format!("the reading was interrupted: {error}"))))?;
        let read = read?;
        count += u64::try_from(read.rows.len()).unwrap_or(0);
        done.insert(index, read);
        watched.progress(count, Way::parts(done.len(), all));
    }
}

/// One list below one record that cannot be read is a problem of that record; trouble that concerns every call ends the pull.
fn survivable(error: ConnectorError, parent: &Row) -> Result<Rows> {
    match error.kind {
        ErrorKind::NotFound(_)
        | ErrorKind::Rejected { .. }
        | ErrorKind::Malformed { .. }
        | ErrorKind::Incomplete(_)
        | ErrorKind::Limit(_) => {
            let what = format!("the list below it cannot be read: {}", error.kind);
            let problem = Problem::new(error.operation, what).record(parent.id.clone());
            Ok(Rows { rows: Vec::new(), problems: vec![problem] })
        }
        ErrorKind::Auth(_)
        | ErrorKind::RateLimited { .. }
        | ErrorKind::Transient(_)
        | ErrorKind::Settings(_)
        | ErrorKind::Unfit(_) => Err(error),
    }
}

/// The fields of other records that some fields of an entity stand for.
pub(super) async fn fields_referred(of: &Arc<Connection>, entity: &Entity, named: &[&str]) -> Result<References> {
    let fields = entity.fields.iter().filter(|(name, _)| named.contains(&name.as_str())).map(|(_, field)| field);
    references(of, fields, Extent::Whole(&Unwatched), &mut Vec::new()).await
}

/// One field of every record of an entity, by id.
pub(super) async fn keyed(of: &Arc<Connection>, entity: &str, key: &str) -> Result<BTreeMap<String, Option<Decoded>>> {
    Ok(by_id(read(of, entity, Extent::Whole(&Unwatched)).await?.rows, key))
}

/// The same of rows; one that cannot be read is not among them.
fn by_id(rows: Vec<Row>, key: &str) -> BTreeMap<String, Option<Decoded>> {
    let sound = rows.into_iter().filter(|row| !row.broken.contains(key));
    sound.map(|mut row| (std::mem::take(&mut row.id), row.fields.remove(key))).collect()
}

/// The fields of other records that references stand for.
async fn references(
    of: &Arc<Connection>,
    fields: impl Iterator<Item = &Field> + Send,
    extent: Extent<'_>,
    problems: &mut Vec<Problem>,
) -> Result<References> {
    let mut references = References::new();
    for field in fields {
        let Some(Codec::Ref { entity: target, key: Some(key), .. }) = &field.codec else { continue };
        if references.contains_key(&(target.clone(), key.clone())) {
            continue;
        }
        // a reference may point to any row, so a check reads the whole list as well
        let whole = match extent {
            Extent::Whole(watch) => Extent::Whole(watch),
            Extent::FirstPage => Extent::Whole(&Unwatched),
        };
        let read = read(of, target, whole).await?;
        problems.extend(read.problems);
        references.insert((target.clone(), key.clone()), by_id(read.rows, key));
    }
    Ok(references)
}

impl Connection {
    pub(super) fn entity(&self, name: &str) -> Result<&Entity> {
        let missing = || self.error(name, ErrorKind::Settings(format!("the file has no entity `{name}`")));
        self.connector.entity.get(name).ok_or_else(missing)
    }

    fn error(&self, name: &str, kind: ErrorKind) -> ConnectorError {
        ConnectorError::new(&self.name, format!("read {name}"), kind)
    }

    /// One list: of the entity, or of the entity below one record.
    async fn list(self: &Arc<Self>, name: &str, around: Around<'_>, extent: Extent<'_>) -> Result<Rows> {
        let refuse = |what: String| self.error(name, ErrorKind::Settings(what));
        let entity = self.entity(name)?;
        let list = entity.list.as_ref().ok_or_else(|| refuse("the entity has no list".to_owned()))?;
        let shape = Shape::new(self, name, entity).map_err(refuse)?;
        let listing =
            self.listing(list, around.parent.map_or(&[], |row| row.parents.as_slice()), &shape.id).map_err(refuse)?;
        let found = match extent {
            // below a record the whole of the lists is watched, not each
            Extent::Whole(_) if around.parent.is_some() => listing.read(&self.client, None).await?,
            Extent::Whole(watch) => {
                let watched = Watched::listing(watch, &self.name, &format!("{name} rows"));
                self.client.watched(&watched, listing.read(&self.client, Some(&watched))).await?
            }
            Extent::FirstPage => listing.first_page(&self.client).await?,
        };
        let mut rows = Rows::default();
        let found = match extent {
            _ if !list.read_each => found,
            Extent::Whole(_) => {
                self.each(name, around.parent.map(|row| row.id.as_str()), found, &mut rows.problems).await?
            }
            Extent::FirstPage => {
                let some = found.into_iter().take(CHECKED_RECORDS).collect();
                self.each(name, around.parent.map(|row| row.id.as_str()), some, &mut rows.problems).await?
            }
        };
        for found in found {
            rows.rows.extend(shape.row(&found, around, &mut rows.problems));
        }
        Ok(rows)
    }

    /// The list of a month: its days have names in it, as the record above has in a list below one.
    async fn list_in(
        self: &Arc<Self>,
        name: &str,
        period: BillingPeriod,
        references: &References,
        extent: Extent<'_>,
    ) -> Result<Rows> {
        let days = [(FROM, period.first_day()), (UNTIL, period.next().first_day())];
        let parents = days.map(|(name, day)| (name.to_owned(), day.to_string())).to_vec();
        let month = Row { parents, ..Row::default() };
        self.list(name, Around { parent: Some(&month), references }, extent).await
    }

    /// The rows inside records that were read.
    fn inside(&self, name: &str, parents: &[Row], references: &References) -> Result<Rows> {
        let refuse = |what: String| self.error(name, ErrorKind::Settings(what));
        let entity = self.entity(name)?;
        let shape = Shape::new(self, name, entity).map_err(refuse)?;
        let mut rows = Rows::default();
        for parent in parents {
            let set = parent.raw.as_ref().map(|raw| entity.set(raw)).transpose();
            let set = match set {
                Ok(set) => set.unwrap_or_default(),
                Err(what) => {
                    rows.problems.push(Problem::new(&parent.at, what).record(&parent.id));
                    continue;
                }
            };
            let mut seen = BTreeSet::new();
            for row in set {
                let found = Found { at: parent.at.clone(), row: row.clone() };
                let around = Around { parent: Some(parent), references };
                let Some(row) = shape.row(&found, around, &mut rows.problems) else { continue };
                if seen.insert(row.id.clone()) {
                    rows.rows.push(row);
                } else {
                    let what = "two rows inside one record have this id; the first one counts";
                    rows.problems.push(Problem::new(row.at, what).record(row.id));
                }
            }
        }
        Ok(rows)
    }

    /// What a list is asked besides its own conditions.
    pub(super) fn asking(&self, lookup: &Lookup, values: &[(&str, &str)]) -> std::result::Result<Asking, String> {
        let names = Names { connection: self, own: values.iter().copied().collect() };
        let Some(dialect) = lookup.dialect else {
            return names.filled(lookup.body.as_ref().unwrap_or(&Value::Null)).map(Asking::Body);
        };
        let wanted = lookup.r#where.iter().map(|(name, value)| Ok((names.plain(name)?, names.plain(value)?)));
        wanted.collect::<std::result::Result<Vec<_>, _>>().map(|wanted| Asking::Query(dialect, wanted))
    }

    /// The rows of a list as they are, asked for by some conditions besides its own.
    pub(super) async fn raw(
        self: &Arc<Self>,
        name: &str,
        below: Option<&str>,
        asked: Option<Asking>,
        each: bool,
    ) -> Result<Vec<Value>> {
        let refuse = |what: String| self.error(name, ErrorKind::Settings(what));
        let entity = self.entity(name)?;
        if entity.inside.is_some() {
            let below = below.ok_or_else(|| refuse("the record they are inside is not said".to_owned()))?;
            let holder = self.holder(name, entity, below).await?;
            let above = holder.and_then(|one| one.above).unwrap_or_default();
            return entity.set(&above).map(<[Value]>::to_vec).map_err(refuse);
        }
        let list = entity.list.as_ref().ok_or_else(|| refuse("the entity has no list".to_owned()))?;
        let id = Path::parse(&entity.id).map_err(refuse)?;
        let above: Vec<_> = entity.parent.clone().zip(below.map(str::to_owned)).into_iter().collect();
        let mut listing = self.listing(list, &above, &id).map_err(refuse)?;
        if let Some(asked) = asked {
            listing.count = None;
            match asked {
                Asking::Query(dialect, wanted) => {
                    dialect::ask(dialect, &wanted, &mut listing.query, listing.statement.as_mut()).map_err(refuse)?;
                }
                Asking::Body(more) => merge(listing.body.get_or_insert_default(), more),
            }
        }
        let mut found = listing.read(&self.client, None).await?;
        if list.read_each && each {
            // what cannot be read is no answer to what was asked for
            let mut problems = Vec::new();
            found = self.each(name, below, found, &mut problems).await?;
            if let Some(problem) = problems.first() {
                return Err(self.error(name, ErrorKind::Incomplete(problem.to_string())));
            }
        }
        Ok(found.into_iter().map(|found| found.row).collect())
    }

    /// Whether the records a row refers to can be read one by one, where their entity has a `get`.
    pub(super) async fn follow(&self, name: &str, row: &Row) -> std::result::Result<(), String> {
        let entity = self.entity(name).map_err(|error| error.to_string())?;
        for (field_name, field) in &entity.fields {
            let Some(Codec::Ref { entity: target, key: None, .. }) = &field.codec else { continue };
            let (Some(Decoded::Text(id)), Some(target_entity)) =
                (row.fields.get(field_name), self.connector.entity.get(target))
            else {
                continue;
            };
            let Some(get) = target_entity.get.as_ref().filter(|_| target_entity.parent.is_none()) else { continue };
            let value = |name: &str| if name == "id" { Some(id.as_str()) } else { self.values.get(name) };
            let address = Template::parse(&get.get)?.fill(Position::Path, &value)?;
            let record = Path::parse(get.record.as_deref().unwrap_or("$"))?;
            let own_id = Path::parse(&target_entity.id)?;
            let query = self.as_listed(target_entity, get)?;
            let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let found = self.client.get_json::<Value>(&address, &query).await;
            let found = found.map_err(|error| format!("`{field_name}` refers to {target} {id}: {error}"))?;
            let same = record.get(&found).and_then(|record| own_id.get(record)).map(text_of);
            if same != Some(Ok(id.clone())) {
                return Err(format!("`{field_name}` refers to {target} {id}, and {address} answers {}", shown(&found)));
            }
        }
        Ok(())
    }

    /// The parameters of the list that a record is asked for with by itself.
    pub(super) fn as_listed(&self, entity: &Entity, get: &Get) -> std::result::Result<Vec<(String, String)>, String> {
        let fill = |text: &str| Template::parse(text)?.fill(Position::Plain, &|name| self.values.get(name));
        let list = entity.list.as_ref().filter(|_| !get.as_listed.is_empty());
        list.map_or(Ok(Vec::new()), |list| parameters(list, |name| get.as_listed.contains(name), &fill))
    }

    fn listing<'l>(
        &'l self,
        list: &'l List,
        above: &[(String, String)],
        id: &'l Path,
    ) -> std::result::Result<Listing<'l>, String> {
        let value = |name: &str| {
            let above = above.iter().find(|(entity, _)| *entity == name).map(|(_, id)| id.as_str());
            above.or_else(|| self.values.get(name))
        };
        // a closure over two lifetimes: the texts live as long as the shorter one
        let fill = |text: &str, position: Position| -> std::result::Result<String, String> {
            Template::parse(text)?.fill(position, &value)
        };
        let query = parameters(list, |_| true, &|text| fill(text, Position::Plain))?;
        let count = match &list.count {
            None => None,
            Some(count) => {
                let address = count.get.as_deref().or(count.post.as_deref()).unwrap_or_default();
                Some((fill(address, Position::Path)?, Path::parse(&count.at)?, count.post.is_some()))
            }
        };
        let own = above.iter().map(|(entity, id)| (entity.as_str(), id.as_str())).collect();
        let body = match (&list.body, &list.post) {
            (Some(body), _) => Some(Names { connection: self, own }.filled(body)?),
            (None, Some(_)) => Some(Value::Object(serde_json::Map::new())),
            (None, None) => None,
        };
        Ok(Listing {
            connector: &self.name,
            path: fill(list.address(), Position::Path)?,
            query,
            body,
            in_body: list.page_in == PageIn::Body,
            statement: list
                .statement
                .as_ref()
                .map(|statement| Words::of(statement, &|text| fill(text, Position::Plain)))
                .transpose()?,
            empty: list.empty.as_ref().map(Test::new).transpose()?,
            records: Path::parse(&list.records)?,
            page: &list.page,
            id,
            count,
            url_max: self.connector.limits.url_max,
        })
    }
}

/// The parameters of a list, as they are sent.
fn parameters(
    list: &List,
    is_wanted: impl Fn(&String) -> bool,
    fill: &dyn Fn(&str) -> std::result::Result<String, String>,
) -> std::result::Result<Vec<(String, String)>, String> {
    let mut query = Vec::new();
    for (name, values) in list.query.iter().filter(|(name, _)| is_wanted(name)) {
        for value in values.as_array().map_or_else(|| std::slice::from_ref(values), Vec::as_slice) {
            let text = match value {
                Value::String(text) => fill(text)?,
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                    value.to_string()
                }
            };
            query.push((name.clone(), text));
        }
    }
    Ok(query)
}
