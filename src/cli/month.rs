//! A reconciled month as the reports want it, and files written whole.

use std::fs;
use std::path::Path;

use crate::cli::error::{CommandError, Kind};
use crate::core::id::Company;
use crate::core::link::LinkSet;
use crate::core::past::{Past, Received};
use crate::core::reconcile::outcome::Outcome;
use crate::engine::{Directory, Engine, Explained, ExportSource, Exported, Reconciled};
use crate::report::findings::Finding;
use crate::report::table::counted;
use crate::report::text::{self, Screen};
use crate::report::{
    Documents, Facts, Input, Names, Report, ReportError, Source, costliest_variances, facts, variances_in_short,
};

/// A month, and everything its reports are made from.
pub(super) struct Month {
    pub(super) outcome: Outcome,
    names: Names,
    facts: Facts,
    documents: Option<Documents>,
}

impl Month {
    /// From the database.
    pub(super) fn stored(engine: &Engine, month: Reconciled) -> Self {
        let sources = month.sources.iter().map(|header| Source {
            what: format!("{} {}", header.connector, header.entity.as_str().replace('_', " ")),
            id: format!("snapshot {}", header.id),
            complete: header.complete,
        });
        let facts = Facts {
            as_of: month.sources.iter().map(|header| header.taken_at).min(),
            sources: sources.collect(),
            configuration: Some(engine.config().short().to_owned()),
            held: month.held,
            candidates: month.candidates,
            past: month.past,
        };
        Self {
            outcome: month.outcome,
            names: names(month.directory, month.company_links),
            facts,
            documents: month.documents,
        }
    }

    /// From a folder of exports, with what explains it.
    pub(super) fn exported(month: Exported, explained: Explained) -> Self {
        let facts = Facts {
            as_of: month.sources.iter().filter_map(|source| source.file.modified).min(),
            sources: month.sources.iter().chain(&explained.source).map(file).collect(),
            configuration: None,
            held: explained.held,
            candidates: explained.candidates,
            past: received(&month),
        };
        let names = names(month.directory, month.company_links);
        Self { outcome: month.outcome, names, facts, documents: month.documents }
    }

    /// The month as a terminal tells it: the costliest variances, where every line ended, what may be said, and findings in
    /// words. `see` says where all variances are.
    pub(super) fn told(&self, rows_most: usize, see: &str, findings: &[Finding], screen: Screen<'_>) -> String {
        let input = self.input();
        let coverage = Report::Coverage.build(&input);
        let more = self.outcome.variances.len().saturating_sub(rows_most);
        let numbered = (1..).zip(findings).map(|(number, finding)| format!("  {number}. {finding}\n"));
        [
            text::rows(&costliest_variances(&input, rows_most), screen),
            if more == 0 { String::new() } else { format!("… {more} more, see {see}\n") },
            variances_in_short(&self.outcome).iter().map(|line| format!("\n{line}")).collect(),
            format!("\n\n{}\n\n", coverage.title),
            text::rows(&coverage, screen),
            format!("\nVerdict: {}\n", facts::verdict(&input)),
            if findings.is_empty() { String::new() } else { "\nCostliest findings\n\n".to_owned() },
            numbered.collect(),
        ]
        .concat()
    }

    /// What a report is made from.
    pub(super) fn input(&self) -> Input<'_> {
        let documents = self.documents.as_ref();
        Input { outcome: &self.outcome, names: &self.names, facts: &self.facts, documents }
    }
}

/// The documents of a folder came with their file.
fn received(month: &Exported) -> Past {
    let file = month.sources.iter().map(|source| &source.file).find(|file| file.entity == "vendor_invoices");
    let documents = month.documents.iter().flat_map(|documents| &documents.invoices).filter_map(|invoice| {
        let file = file?;
        Some((invoice.id.clone(), Received { at: file.modified, hash: file.fingerprint.clone() }))
    });
    Past { documents: documents.collect(), ..Past::default() }
}

/// A file as a source. Long files have no fingerprint: reading them once more would take longer than the reconcile.
fn file(source: &ExportSource) -> Source {
    let ExportSource { file, rows, complete } = source;
    let mut said: Vec<String> = rows.map(|rows| counted(rows, "row")).into_iter().collect();
    said.push(counted(file.bytes, "byte"));
    said.extend(file.modified.map(|at| format!("written {}", at.format("%Y-%m-%d %H:%M:%S UTC"))));
    said.extend(file.fingerprint.as_ref().map(|fingerprint| format!("SHA-256 {}…", fingerprint.short())));
    Source { what: file.file.clone(), id: said.join(", "), complete: *complete }
}

pub(super) fn names(directory: Directory, company_links: LinkSet<Company>) -> Names {
    let Directory { psa_companies, vendor_companies, psa_products, vendor_products } = directory;
    Names { psa_companies, vendor_companies, psa_products, vendor_products, company_links }
}

impl From<ReportError> for CommandError {
    fn from(error: ReportError) -> Self {
        Self::new(Kind::Failed, error)
    }
}

/// Writes a file whole: whoever reads it sees the old one or the new one, never a part.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    let failed = |error: std::io::Error| {
        CommandError::new(Kind::Failed, format!("{} cannot be written: {error}", path.display()))
    };
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path)).map_err(|error| {
        // What could not be written whole is of no use; where it cannot be removed either, the first error is the one to tell.
        let _removed = fs::remove_file(&beside);
        failed(error)
    })
}

/// Makes a folder where there is none.
pub(super) fn make_folder(path: &Path) -> Result<(), CommandError> {
    fs::create_dir_all(path)
        .map_err(|error| CommandError::new(Kind::Failed, format!("{} cannot be made: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_written_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("variances.csv");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("in"), "the way").unwrap();
        let refused = write_whole(&path, b"a,b\n").unwrap_err();
        assert!(refused.to_string().contains("variances.csv cannot be written"), "{refused}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
