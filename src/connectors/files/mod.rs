//! Folders of CSV or JSON exports as a vendor or a PSA.
//!
//! A file is found by its name, its columns by their headers, its notation by proof; what is remembered stands in
//! `columns.toml`. Keeps the invariants that every row becomes a record or a problem and that nothing is guessed. A cut
//! that falls exactly between two rows leaves no trace in a file, so that alone cannot be noticed here.

mod blocks;
pub mod convert;
pub mod encoding;
pub mod entity;
pub mod folder;
pub mod header;
mod ids;
pub mod imports;
pub mod json;
pub mod limits;
mod lines;
pub mod links;
mod marks;
pub mod notation;
pub mod profile;
mod psa;
mod records;
pub mod rows;
mod seen;
pub mod sheet;
pub mod stream;
pub mod table;
mod vendor;

use std::path::{Path, PathBuf};

use self::convert::{Read, Row};
use self::entity::Entity;
use self::profile::Profile;
use self::table::Table;
use crate::connectors::{CheckFailed, CheckLine, ConnectorError, Descriptor, ErrorKind, Result, Side, Watch, Watched};
use crate::core::record::Keyed;
use crate::core::snapshot::{Problem, Pulled};
pub use psa::FilesPsa;
pub use seen::Seen;
pub use vendor::FilesVendor;

/// A folder, and how its files are to be read.
#[derive(Debug, Clone)]
struct Exports {
    descriptor: Descriptor,
    folder: PathBuf,
    profile: Profile,
}

impl Exports {
    fn new(name: &str, folder: &Path, side: Side) -> Result<Self> {
        let profile =
            Profile::load(folder).map_err(|kind| ConnectorError::new(name, format!("read {}", profile::FILE), kind))?;
        let location = folder.display().to_string();
        let descriptor = Descriptor { kind: "files", name: name.to_owned(), side, location };
        Ok(Self { descriptor, folder: folder.to_owned(), profile: profile.unwrap_or_default() })
    }

    fn failed(&self, entity: &Entity, kind: ErrorKind) -> ConnectorError {
        ConnectorError::new(&self.descriptor.name, format!("read {}", entity.name), kind)
    }

    fn table(&self, entity: &'static Entity) -> Result<Option<Table>> {
        let open = || {
            let layout = self.profile.layout(entity);
            let Some(file) = folder::find(&folder::list(&self.folder)?, entity, layout)? else { return Ok(None) };
            Table::open(&self.folder, &file, entity, layout).map(Some)
        };
        open().map_err(|kind| self.failed(entity, kind))
    }

    /// The records of an entity; `None` where the folder has no file for it.
    fn listing<R: Keyed>(
        &self,
        entity: &'static Entity,
        convert: impl Fn(&Row<'_>) -> Read<R>,
        watch: &dyn Watch,
    ) -> Result<Option<Pulled<R>>> {
        let watched = self.watched(watch, entity);
        let Some(table) = self.table(entity)? else { return Ok(None) };
        table.collect(convert, &watched).map(Some).map_err(|kind| self.failed(entity, kind))
    }

    /// The reading of an entity's file begins.
    fn watched<'w>(&self, watch: &'w dyn Watch, entity: &Entity) -> Watched<'w> {
        Watched::listing(watch, &self.descriptor.name, &entity.name.replace('_', " "))
    }

    fn absent(&self, entity: &Entity) -> ConnectorError {
        let what = format!(
            "{} has no file {}.csv or .json; another name can be given in {}: under [{}], file = \"…\"",
            self.folder.display(),
            entity.name,
            profile::FILE,
            entity.name
        );
        self.failed(entity, ErrorKind::NotFound(what))
    }

    fn check_line<R: Keyed>(
        &self,
        entity: &'static Entity,
        convert: impl Fn(&Row<'_>) -> Read<R>,
        watch: &dyn Watch,
    ) -> CheckLine {
        let tried = || {
            let Some(table) = self.table(entity)? else {
                return Ok(Err(CheckFailed::new(self.absent(entity).kind.to_string())));
            };
            let pulled =
                table.collect(convert, &self.watched(watch, entity)).map_err(|kind| self.failed(entity, kind))?;
            let (records, problems) = pulled.into_parts();
            let told = table.describe(records.len());
            Ok(match problems.first() {
                None => Ok(told),
                Some(first) => {
                    Err(CheckFailed::new(format!("{told}; {} problems, the first: {first}", problems.len())))
                }
            })
        };
        let outcome = tried().unwrap_or_else(|refused: ConnectorError| Err(CheckFailed::new(refused.kind.to_string())));
        CheckLine::new(format!("read {}", entity.name), outcome)
    }
}

/// Records that are known only because lines of another file name them.
fn derived<R, L>(records: Vec<R>, lines: &Pulled<L>, missing: &Entity, source: &Entity) -> Pulled<R> {
    let what =
        format!("{} is not in the folder; only what {} names is known, others may exist", missing.name, source.name);
    let mut problems = vec![Problem::new(missing.name, what)];
    problems.extend(lines.problems().iter().cloned());
    Pulled::judge(records, problems)
}
