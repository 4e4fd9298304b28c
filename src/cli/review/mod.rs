//! `trueup review`: the arguments of every verb, and which is done where.

mod decide;
mod list;
mod sheet;
mod workbook;

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use crate::cli::args::{Kind as RecordKind, Shown};
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending};
use crate::core::id::{Company, Product};
use crate::core::review;

use decide::Wanted;

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
    /// Accept the proposed counterpart of one or more records
    #[command(after_help = "Example:\n  trueup review accept --kind customers 7f3a2c10 91bb04de")]
    Accept(Proposed),
    /// Reject the proposed counterpart of one or more records
    ///
    /// The pair is not proposed again until its evidence changes.
    #[command(after_help = "Example:\n  trueup review reject --kind customers 7f3a2c10 --reason \"other branch\"")]
    Reject(Proposed),
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

/// Records whose proposed counterpart is decided on.
#[derive(Debug, clap::Args)]
struct Proposed {
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
    /// Write only customers or only products
    #[arg(long, value_enum)]
    kind: Option<RecordKind>,
    /// Write only records that stand so
    #[arg(long, value_enum, default_value_t)]
    filter: Filter,
    /// The file, .csv or .xlsx; an existing one is replaced
    file: PathBuf,
}

/// Apply the decisions of a file that was exported and filled in, or take over a links file
///
/// Rows with an empty decision change nothing. A row that cannot be applied is named and the others go on. A CSV file with the
/// columns kind, vendorId and psaId is a links file, as reconcile --links takes it: its links and bundle recipes are taken over.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup review import review.xlsx")]
struct Import {
    /// The file, .csv or .xlsx
    file: PathBuf,
    #[command(flatten)]
    said: Said,
}

impl Verb {
    /// Whether it writes decisions.
    fn decides(&self) -> bool {
        match self {
            Self::Accept(_)
            | Self::Reject(_)
            | Self::Exclude(_)
            | Self::Link(_)
            | Self::Unlink(_)
            | Self::Import(_) => true,
            Self::List(_) | Self::Show(_) | Self::Export(_) => false,
        }
    }
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        if self.verb.decides() {
            context.writes()?;
        }
        let engine = context.engine(&context.config()?).await?;
        match self.verb {
            Verb::List(args) => list::list(context, &engine, args.kind, args.filter.of(), args.shown).await,
            Verb::Show(args) => match args.kind {
                RecordKind::Customers => list::show::<Company>(context, &engine, &args.vendor_id, args.shown).await,
                RecordKind::Products => list::show::<Product>(context, &engine, &args.vendor_id, args.shown).await,
            },
            Verb::Accept(args) => {
                let ids = Wanted::Accept(args.vendor_id);
                decide::decide(context, &engine, args.kind, ids, args.said).await
            }
            Verb::Reject(args) => {
                let ids = Wanted::Reject(args.vendor_id);
                decide::decide(context, &engine, args.kind, ids, args.said).await
            }
            Verb::Exclude(args) => {
                let wanted = Wanted::Exclude { vendor: args.vendor, psa: args.psa };
                decide::decide(context, &engine, args.kind, wanted, args.said).await
            }
            Verb::Link(args) => {
                let wanted = Wanted::Link { vendor: args.vendor_id, psa: args.psa_id };
                decide::decide(context, &engine, args.kind, wanted, args.said).await
            }
            Verb::Unlink(args) => {
                decide::decide(context, &engine, args.kind, Wanted::Unlink(args.vendor_id), args.said).await
            }
            Verb::Export(args) => sheet::export(context, &engine, args.kind, args.filter.of(), &args.file).await,
            Verb::Import(args) => sheet::import(context, &engine, &args.file, args.said).await,
        }
    }
}

impl Filter {
    fn of(self) -> review::Filter {
        match self {
            Self::All => review::Filter::All,
            Self::Proposed => review::Filter::Proposed,
            Self::Mapped => review::Filter::Mapped,
            Self::Unmapped => review::Filter::Unmapped,
            Self::Excluded => review::Filter::Excluded,
            Self::Conflict => review::Filter::Conflict,
        }
    }
}
