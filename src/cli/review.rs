//! `trueup review`: see what is proposed, and decide.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use crate::cli::args::{Kind as RecordKind, Shown};
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};

/// See what is proposed, and decide
///
/// Every decision is saved in the database with who, when and why, and none is overwritten: undoing one is another decision.
/// Nothing is written to a remote.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup review list --kind customers --filter proposed")]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(List),
    Show(Show),
    Accept(Accept),
    Reject(Reject),
    Exclude(Exclude),
    Link(Link),
    Unlink(Unlink),
    Export(Export),
    Import(Import),
}

/// List records and where they stand
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup review list --kind products --filter unmapped")]
struct List {
    /// List only customers or only products
    #[arg(long, value_enum)]
    kind: Option<RecordKind>,
    /// List only records that stand so
    #[arg(long, value_enum, default_value_t)]
    filter: Filter,
    #[command(flatten)]
    shown: Shown,
}

/// Where a record stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Filter {
    /// Every record
    #[default]
    All,
    /// With a proposal that waits for a decision
    Proposed,
    /// Linked
    Mapped,
    /// Neither linked nor with a proposal
    Unmapped,
    /// Without a counterpart by intent
    Excluded,
    /// With claims that contradict each other
    Conflict,
}

/// Show one record with its evidence, candidates and decisions
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup review show --kind customers 7f3a2c10")]
struct Show {
    /// What the record is
    #[arg(long, value_enum)]
    kind: RecordKind,
    /// The record's id at the vendor
    vendor_id: String,
    #[command(flatten)]
    shown: Shown,
}

/// Who decides and why.
#[derive(Debug, clap::Args)]
struct Said {
    /// Note this reason with the decision
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Note this person as the one who decided [default: $USER]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

/// Accept the proposed counterpart of one or more records
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup review accept --kind customers 7f3a2c10 91bb04de")]
struct Accept {
    /// What the records are
    #[arg(long, value_enum)]
    kind: RecordKind,
    /// The records' ids at the vendor
    #[arg(required = true)]
    vendor_id: Vec<String>,
    #[command(flatten)]
    said: Said,
}

/// Reject the proposed counterpart of one or more records
///
/// The pair is not proposed again until its evidence changes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup review reject --kind customers 7f3a2c10 --reason \"other branch\"")]
struct Reject {
    /// What the records are
    #[arg(long, value_enum)]
    kind: RecordKind,
    /// The records' ids at the vendor
    #[arg(required = true)]
    vendor_id: Vec<String>,
    #[command(flatten)]
    said: Said,
}

/// Say that a record has no counterpart by intent
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup review exclude --kind products --psa 118 --reason \"own service\"")]
#[command(group = clap::ArgGroup::new("record").args(["vendor", "psa"]).required(true))]
struct Exclude {
    /// What the record is
    #[arg(long, value_enum)]
    kind: RecordKind,
    /// The record's id at the vendor
    #[arg(long, value_name = "ID")]
    vendor: Option<String>,
    /// The record's id in the PSA
    #[arg(long, value_name = "ID")]
    psa: Option<String>,
    #[command(flatten)]
    said: Said,
}

/// Link two records by hand
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup review link --kind customers 7f3a2c10 250")]
struct Link {
    /// What the records are
    #[arg(long, value_enum)]
    kind: RecordKind,
    /// The record's id at the vendor
    vendor_id: String,
    /// The record's id in the PSA
    psa_id: String,
    #[command(flatten)]
    said: Said,
}

/// End the link of a record
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup review unlink --kind customers 7f3a2c10 --reason \"sold\"")]
struct Unlink {
    /// What the record is
    #[arg(long, value_enum)]
    kind: RecordKind,
    /// The record's id at the vendor
    vendor_id: String,
    #[command(flatten)]
    said: Said,
}

/// Write the review to a file, with a column `decision` to fill in
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup review export --kind customers review.xlsx")]
struct Export {
    /// What to write
    #[arg(long, value_enum)]
    kind: RecordKind,
    /// Write only records that stand so
    #[arg(long, value_enum, default_value_t)]
    filter: Filter,
    /// The file, .csv or .xlsx; an existing one is replaced
    file: PathBuf,
}

/// Apply the decisions of a file that was exported and filled in
///
/// Rows with an empty decision change nothing. A row that cannot be applied is named and the others go on.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup review import --kind customers review.xlsx")]
struct Import {
    /// What the file holds
    #[arg(long, value_enum)]
    kind: RecordKind,
    /// The file, .csv or .xlsx
    file: PathBuf,
    #[command(flatten)]
    said: Said,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let _engine = context.engine(&context.config()?).await?;
        Err(CommandError::new(Kind::Failed, "review is not wired"))
    }
}
