//! Any JSON REST PSA or ERP, described by a TOML file instead of code.
//!
//! The file says how the system is called, how its lists are cut into pages, where a row has which field, and how a record is
//! made and changed; this module does only what the file says.
//!
//! What the file can say (each key is explained in `language/` and in the manual, `samples/connectors/README.md`):
//! - `[settings]` what the user fills in; `{name}` puts a value into an address, a header, a credential or a query, escaped
//!   as its place needs; `{b64json:…}` encodes a JSON text.
//! - `[http]`, `[limits]`, `[[errors]]` base address, headers, credentials, pace, and what answers mean.
//! - `[entity.NAME]` a kind of record: `customer`, `product`, `line` and `bundle` become records of ours and have the field
//!   names of `canonical.rs`; any other entity serves as a parent or for references, its fields have any name.
//! - `parent = "agreement"` the entity has one list below each agreement, whose id stands for `{agreement}` in the address; with
//!   `inside = "lines"` its rows are a list in each agreement's own row.
//! - `above = "agreement"` a row is part of an agreement although all rows stand in one list; `parent_at` is where it says which.
//! - `create`, `update`, `dated`, `link`, `actions` how records are written, looked for and looked after, see `language/writes.rs`.
//! - `[custom_fields]` how fields a tenant added travel.
//! - `[ticket]` how a ticket is made (`post`, `fields`, `reply`) and found again by its key (`find`).
//! - fields: `at` a place in the row, or `from_parent` the parent's field as decoded there (`id` is its id), or only a
//!   `default`; with `at`, a second place `or_at` and then a `default` count where the row has no value. Without a `codec` a
//!   value is text.
//!
//! Keeps the invariant that a file that was accepted does what it says or says why it cannot, with place, record and field.

mod answers;
mod body;
mod builtin;
mod canonical;
mod codec;
mod columns;
mod compare;
mod computed;
mod convert;
mod custom;
mod dated;
mod delta;
mod describe;
mod dialect;
mod draft;
mod effect;
mod encode;
mod inside;
mod invoiced;
mod language;
mod lens;
mod lint;
mod lint_calls;
mod lint_fields;
mod lint_http;
mod lint_lists;
mod lint_others;
mod lint_stretches;
mod lint_write;
mod named;
mod one;
mod paging;
mod path;
mod products;
mod requests;
mod rows;
mod schema;
mod second_writer;
mod settings;
mod shape;
mod sink;
mod source;
mod statement;
mod stretches;
mod template;
mod tickets;
mod trial;
mod whole;

use std::sync::Arc;

use async_trait::async_trait;

use crate::connectors::error::{ConnectorError, ErrorKind};
use crate::connectors::http::Client;
use crate::connectors::tickets::TicketSink;
use crate::connectors::writing::RecordSink;
use crate::connectors::{CheckFailed, CheckLine, Descriptor, Environment, PsaConnector, Result, Side, Watch, Watched};
use crate::core::billing::BilledLine;
use crate::core::customer::PsaCustomer;
use crate::core::id::PsaProductId;
use crate::core::link::BundlePart;
use crate::core::period::BillingPeriod;
use crate::core::product::PsaProduct;
use crate::core::snapshot::Pulled;
pub use describe::{Described, DescribedLine, canonical_fields};
pub use draft::draft;
use rows::{Connection, Extent};
use settings::Values;
pub use settings::{ConnectorFile, RestSettings};
use shape::Rows;
pub use source::Fault;
pub use trial::{Trial, TriedField, TriedRow};

/// Checks a connector file without a network; every mistake with file, line, column and path.
///
/// # Errors
/// The mistakes, in the order of the file.
pub fn lint(file: &ConnectorFile) -> std::result::Result<(), Vec<Fault>> {
    lint::read(&file.name, &file.text).map(|_| ())
}

/// Puts a connector file into words.
///
/// # Errors
/// The mistakes of a file that cannot be used.
pub fn describe(file: &ConnectorFile) -> std::result::Result<Described, Vec<Fault>> {
    lint::read(&file.name, &file.text).map(|connector| describe::describe(&connector))
}

/// Whether a setting of a connector file holds a secret.
#[must_use]
pub fn is_secret(file: &ConnectorFile, setting: &str) -> bool {
    let connector = lint::read(&file.name, &file.text).ok();
    let known = connector.as_ref().and_then(|connector| connector.settings.get(setting));
    known.is_some_and(|setting| setting.kind == language::SettingKind::Secret)
}

/// The JSON Schema of connector files, for completion in an editor.
#[must_use]
pub fn schema() -> String {
    schema::text()
}

/// A PSA or ERP behind a connector file.
pub struct Rest {
    descriptor: Descriptor,
    connection: Arc<Connection>,
    environment: Environment,
    /// The lists that the fields of the last write stand for.
    kept: sink::Kept,
}

impl Rest {
    /// A connection, unless the file or the settings cannot work. Makes no call.
    ///
    /// # Errors
    /// [`ErrorKind::Settings`] with every mistake of the file, or the setting that is missing or cannot be used.
    pub fn new(settings: RestSettings) -> Result<Self> {
        let refuse = |what: String| ConnectorError::new(&settings.name, "settings", ErrorKind::Settings(what));
        let mut connector = lint::read(&settings.file.name, &settings.file.text).map_err(|faults| {
            let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
            refuse(format!("the connector file cannot be used:\n{}", lines.join("\n")))
        })?;
        let values = Values::new(&connector, &settings.values).map_err(refuse)?;
        values.settle(&mut connector).map_err(refuse)?;
        columns::settle(&mut connector, &values).map_err(refuse)?;
        let client = Client::new(values.client_settings(&connector, &settings).map_err(refuse)?)?;
        let descriptor = Descriptor {
            kind: "rest",
            name: settings.name.clone(),
            side: Side::Psa,
            location: format!("{} at {}", connector.name, client.base_url()),
        };
        let environment = settings.environment;
        let connection = Arc::new(Connection { name: settings.name, connector, values, client });
        Ok(Self { descriptor, connection, environment, kept: sink::Kept::default() })
    }

    async fn pulled<R>(
        &self,
        entity: &str,
        watch: &dyn Watch,
        convert: impl Fn(&mut convert::Taken) -> Option<R>,
    ) -> Result<Pulled<R>> {
        let rows = rows::read(&self.connection, entity, Extent::Whole(watch)).await?;
        let (records, problems) = convert::all(rows, convert);
        Ok(Pulled::judge(records, self.connection.client.clean(problems)))
    }

    /// Whether the first page of a list is readable, and what its first row refers to is there.
    async fn first_page(&self, name: &str, read: Rows) -> std::result::Result<String, CheckFailed> {
        let Rows { rows, problems } = read;
        match (self.connection.client.clean(problems).as_slice(), rows.first()) {
            ([problem, more @ ..], _) => {
                let more = more.len();
                let advice = "correct the field in the connector file, or the record";
                Err(CheckFailed::new(format!("{problem} (and {more} more); {advice}")))
            }
            ([], None) => Ok("it answers, and holds no rows".to_owned()),
            ([], Some(row)) => match self.connection.follow(name, row).await {
                Ok(()) => Ok(format!("{} rows on the first page, such as {}", rows.len(), row.id)),
                Err(what) => Err(CheckFailed::new(format!("record {}: {what}; check the codec of the field", row.id))),
            },
        }
    }
}

/// What to do about a failed call.
fn advice(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Auth(_) => "check the credentials and the rights of this API user",
        ErrorKind::NotFound(_) => "check the base address in the settings and the path in the connector file",
        ErrorKind::RateLimited { .. } | ErrorKind::Transient(_) | ErrorKind::Incomplete(_) => "try again later",
        ErrorKind::Rejected { .. } => "check the query in the connector file",
        ErrorKind::Malformed { .. } => "check `records`, `page` and the base address",
        ErrorKind::Settings(_) | ErrorKind::Unfit(_) => "correct the settings or the connector file",
        ErrorKind::Limit(_) => "raise the limit in the connector file, or page the list",
    }
}

#[async_trait]
impl PsaConnector for Rest {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    async fn check(&self, watch: &dyn Watch) -> Vec<CheckLine> {
        let mut lines = Vec::new();
        let mut is_down = false;
        let listed = self.connection.connector.entity.iter().filter(|(_, entity)| entity.list.is_some());
        for (name, _) in listed {
            let what = format!("list {name}");
            let outcome = if is_down {
                Err(CheckFailed::not_tried())
            } else {
                let watched = Watched::listing(watch, &self.connection.name, &what);
                let client = &self.connection.client;
                match client.watched(&watched, rows::read(&self.connection, name, Extent::FirstPage)).await {
                    Ok(read) => client.watched(&watched, self.first_page(name, read)).await,
                    Err(error) => {
                        is_down = matches!(error.kind, ErrorKind::Transient(_));
                        Err(CheckFailed::of(&error, advice(&error.kind)))
                    }
                }
            };
            lines.push(CheckLine::new(what, outcome));
        }
        lines.extend(self.check_second_writer(is_down).await);
        if self.connection.connector.ticket.is_some() {
            lines.extend(self.check_tickets(is_down).await);
        }
        if let Some(quota) = &self.connection.connector.limits.quota {
            lines.push(self.check_quota(quota, is_down).await);
        }
        lines
    }

    async fn customers(&self, watch: &dyn Watch) -> Result<Pulled<PsaCustomer>> {
        self.pulled("customer", watch, convert::customer).await
    }

    async fn products(&self, watch: &dyn Watch) -> Result<Pulled<PsaProduct>> {
        self.pulled("product", watch, convert::product).await
    }

    /// Every line, whatever the period: their dates say when they bill. Where the file says what was invoiced in the period,
    /// that takes their place.
    async fn billed_lines(&self, period: BillingPeriod, watch: &dyn Watch) -> Result<Pulled<BilledLine>> {
        let lines = self.pulled("line", watch, convert::line).await?;
        if !self.connection.connector.entity.contains_key(canonical::INVOICED) {
            return Ok(lines);
        }
        let rows = rows::read_in(&self.connection, canonical::INVOICED, period, Extent::Whole(watch)).await?;
        let (invoiced, unread) = convert::all(rows, convert::invoiced);
        let (lines, mut problems) = lines.into_parts();
        let (lines, unlisted) = invoiced::applied(lines, invoiced, period);
        problems.extend(self.connection.client.clean(unread.into_iter().chain(unlisted).collect()));
        Ok(Pulled::judge(lines, problems))
    }

    fn tickets(&self) -> Option<&dyn TicketSink> {
        let sink: &dyn TicketSink = self;
        self.connection.connector.ticket.is_some().then_some(sink)
    }

    fn records(&self) -> Option<&dyn RecordSink> {
        let entities = self.connection.connector.entity.values();
        let sink: &dyn RecordSink = self;
        entities.into_iter().any(|entity| entity.create.is_some() || entity.update.is_some()).then_some(sink)
    }

    async fn bundles(&self, watch: &dyn Watch) -> Result<Option<Vec<(PsaProductId, Vec<BundlePart>)>>> {
        if !self.connection.connector.entity.contains_key("bundle") {
            return Ok(None);
        }
        let (parts, problems) = self.pulled("bundle", watch, convert::bundle_part).await?.into_parts();
        // a recipe with a part missing would share its amounts wrongly, so one unreadable part refuses them all
        if let Some(problem) = problems.first() {
            let kind = ErrorKind::Malformed { at: "a bundle".to_owned(), what: problem.to_string() };
            return Err(ConnectorError::new(&self.descriptor.name, "read bundle", kind));
        }
        Ok(Some(convert::bundles(parts)))
    }
}
