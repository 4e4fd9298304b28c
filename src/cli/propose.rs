//! `trueup propose`: find records that are probably the same, for review.

use clap::ValueEnum;

use crate::cli::args::Shown;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending};
use crate::core::link::LinkKind;
use crate::engine::Proposed;
use crate::report::table::Kind::{Count, Text};
use crate::report::table::{Cell, Column, Table, count};

/// Find records that are probably the same
///
/// Compares the last snapshots of both sides and saves a proposal for each record without a link, with its evidence and its
/// runner-up. Nothing is linked: that is a decision, see `trueup review`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup propose all")]
pub(super) struct Args {
    /// Which records: customers, products or all
    #[arg(value_enum, hide_possible_values = true, value_name = "WHICH")]
    which: Which,
    #[command(flatten)]
    shown: Shown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    Customers,
    Products,
    All,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        context.writes()?;
        let kinds: &[LinkKind] = match self.which {
            Which::Customers => &[LinkKind::Company],
            Which::Products => &[LinkKind::Product],
            Which::All => &[LinkKind::Company, LinkKind::Product],
        };
        let doing = context.ui.doing("looking for counterparts");
        let proposed = context.engine(&context.config()?).await?.propose(kinds).await?;
        drop(doing);
        self.shown.show(&context.ui, &table(&proposed))?;
        Ok(Ending::Done)
    }
}

const COLUMNS: &[Column] = &[
    Column::new("records", Text),
    Column::new("matches", Count),
    Column::new("possible", Count),
    Column::new("vendor without counterpart", Count),
    Column::new("PSA without counterpart", Count),
];

fn table(proposed: &[(LinkKind, Proposed)]) -> Table {
    let row = |(kind, found): &(LinkKind, Proposed)| {
        let records = match kind {
            LinkKind::Company => "customers",
            LinkKind::Product => "products",
        };
        let counts = [found.matches, found.possible, found.vendor_alone, found.psa_alone];
        [Cell::text(records)].into_iter().chain(counts.map(|n| Cell::Count(count(n)))).collect()
    };
    Table {
        name: "proposals",
        title: "Proposals",
        about: "How many records have a counterpart, and how sure it is",
        head: Vec::new(),
        columns: COLUMNS,
        rows: proposed.iter().map(row).collect(),
        notes: vec!["Nothing is linked yet: see `trueup review list --filter proposed`.".to_owned()],
    }
}
