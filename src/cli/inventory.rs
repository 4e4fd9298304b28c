//! What is held on a day, as reports want it: from the last snapshots, or from a folder of exports.

use std::path::Path;

use chrono::NaiveDate;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::month::names;
use crate::config::Config;
use crate::core::reconcile::outcome::KeyPart;
use crate::core::renewals::{Renewals, Rules};
use crate::engine::{Engine, Inventory, TicketWish, inventory_of_folder};
use crate::report::{self, Names, Source, Table};

/// The reports of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OfDay {
    /// What renews soon.
    Renewals,
    /// What is held and not used.
    Unused,
    /// What is held and not billed.
    HeldNotBilled,
}

impl OfDay {
    /// Each of them.
    pub(super) const ALL: [Self; 3] = [Self::Renewals, Self::Unused, Self::HeldNotBilled];

    /// Its name on the command line.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Renewals => "renewals",
            Self::Unused => "unused",
            Self::HeldNotBilled => "held-not-billed",
        }
    }
}

/// What is held, with names and windows.
pub(super) struct Stock {
    inventory: Inventory,
    names: Names,
    sources: Vec<Source>,
    rules: Rules,
    configuration: Option<String>,
}

impl Stock {
    /// Reads it. A folder needs no configuration; the windows of one that is there count.
    pub(super) async fn read(
        context: &Context,
        from: Option<&Path>,
        links: Option<&Path>,
    ) -> Result<Self, CommandError> {
        let (inventory, config) = if let Some(folder) = from {
            let config = context.config_file().exists().then(|| context.config()).transpose()?;
            (inventory_of_folder(folder, links, context.ui.as_ref()).await?, config)
        } else {
            let config = context.config()?;
            return Self::of_engine(&context.engine(&config).await?, &config).await;
        };
        Ok(Self::of(
            inventory,
            config.as_ref().map(|config| config.renewals.clone()).unwrap_or_default(),
            config.map(|config| config.fingerprint().short().to_owned()),
        ))
    }

    /// From the last snapshots.
    pub(super) async fn of_engine(engine: &Engine, config: &Config) -> Result<Self, CommandError> {
        let configuration = config.fingerprint().short().to_owned();
        Ok(Self::of(engine.inventory().await?, config.renewals.clone(), Some(configuration)))
    }

    fn of(inventory: Inventory, rules: Rules, configuration: Option<String>) -> Self {
        let source = |source: &crate::engine::InventorySource| Source {
            what: source.what.clone(),
            id: source.id.clone(),
            complete: source.complete,
        };
        let sources = inventory.sources.iter().map(source).collect();
        let names = names(inventory.directory.clone(), inventory.company_links().clone());
        Self { inventory, names, sources, rules, configuration }
    }

    /// What renews within some days.
    pub(super) fn renewals(&self, day: NaiveDate, within_days: u32) -> Renewals {
        self.inventory.renewals(&self.rules, day, within_days)
    }

    /// The tickets that what renews within some days asks for, and how many renewals have no customer of the PSA.
    pub(super) fn ticket_wishes(&self, day: NaiveDate, within_days: u32) -> (Vec<TicketWish>, u64) {
        let input = self.input();
        let (mut wishes, mut unlinked) = (Vec::new(), 0);
        for row in self.renewals(day, within_days).due() {
            let Some(term_end) = row.term_end else { continue };
            let KeyPart::Psa(customer) = &row.customer else {
                unlinked += 1;
                continue;
            };
            let (summary, text) = report::renewals::ticket(&input, row);
            let (subscription, customer) = (row.subscription.to_string(), customer.to_string());
            wishes.push(TicketWish { subscription, term_end, customer, summary, text });
        }
        (wishes, unlinked)
    }

    fn input(&self) -> report::Inventory<'_> {
        report::Inventory {
            names: &self.names,
            sources: &self.sources,
            problems: &self.inventory.problems,
            configuration: self.configuration.as_deref(),
        }
    }

    /// A report of it.
    pub(super) fn table(&self, report: OfDay, day: NaiveDate, within_days: u32) -> Table {
        let input = self.input();
        match report {
            OfDay::Renewals => report::renewals::build(&input, &self.renewals(day, within_days), &self.rules),
            OfDay::Unused => report::unused::build(&input, &self.inventory.unused(day)),
            OfDay::HeldNotBilled => report::held_unbilled::build(&input, &self.inventory.held_unbilled(day)),
        }
    }
}
