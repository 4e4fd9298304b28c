//! `trueup pax8`: what Pax8's partner API offers, for people.
//!
//! Reads go to Pax8 at once and need no database; where one is there, it only tells names. Keeps the invariant that a write is a person's act: it is shown before it is
//! sent, and sent only after a yes.

mod clear;
mod companies;
mod contacts;
mod invoices;
mod lines;
mod names;
mod options;
mod orders;
mod pairs;
mod products;
mod provisioning;
mod read;
mod show;
mod subscriptions;
mod usage;
mod webhook_settings;
mod webhook_topics;
mod webhooks;
mod write;

use clap::Subcommand;

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending};

use read::Reads;

pub(super) use lines::{Line, aligned, of_body};
pub(super) use show::json;

/// Ask Pax8, or change something there
///
/// Reads go to Pax8 at once and need no database. Writes show what they would send and ask; each is noted in the database
/// before it is sent, sent once, and ends with what Pax8 then reports. No pull and no reconcile ever writes.
///
/// Companies, products and webhooks may be named by the beginning of their names, or by the first 6 or more characters of their
/// ids, where it means one alone; the last pull knows names, and otherwise Pax8 is asked.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  trueup pax8 subscriptions list --status active --all --format csv\n\nThe examples are answered by `trueup simulate pax8 --seed 7 --period 2026-10`; those of a webhook and of deleting a contact name what the example of `create` made. A list such as admin,billing stands in quotes in PowerShell, or the option is repeated."
)]
pub(super) struct Args {
    #[command(subcommand)]
    noun: Noun,
}

#[derive(Debug, Subcommand)]
enum Noun {
    /// Companies, the customers at Pax8
    #[command(subcommand, after_help = "Example:\n  trueup pax8 companies list --status inactive")]
    Companies(companies::Verb),
    /// Contacts of a company
    #[command(subcommand, after_help = "Example:\n  trueup pax8 contacts list \"Meridian Credit Union\"")]
    Contacts(contacts::Verb),
    /// Products, with their prices and what ordering them demands
    #[command(subcommand, after_help = "Example:\n  trueup pax8 products list --search Microsoft")]
    Products(Reads<products::Products>),
    /// Orders
    #[command(subcommand, after_help = "Example:\n  trueup pax8 orders list --company \"Meridian Credit Union\"")]
    Orders(orders::Verb),
    /// Subscriptions
    #[command(subcommand, after_help = "Example:\n  trueup pax8 subscriptions list --status active")]
    Subscriptions(subscriptions::Verb),
    /// Invoices, their items, and drafts of the next one
    #[command(subcommand, after_help = "Example:\n  trueup pax8 invoices list --from 2026-10-01")]
    Invoices(Reads<invoices::Invoices>),
    /// Metered use
    #[command(subcommand, after_help = "Example:\n  trueup pax8 usage summaries e278156d-9c62-4ff5-a98b-9557cc51acd4")]
    Usage(Reads<usage::Usage>),
    /// Webhooks, their topics and deliveries
    #[command(subcommand, after_help = "Example:\n  trueup pax8 webhooks list")]
    Webhooks(webhooks::Verb),
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        match self.noun {
            Noun::Companies(verb) => verb.run(context).await,
            Noun::Contacts(verb) => verb.run(context).await,
            Noun::Products(reads) => reads.run(context).await,
            Noun::Orders(verb) => verb.run(context).await,
            Noun::Subscriptions(verb) => verb.run(context).await,
            Noun::Invoices(reads) => reads.run(context).await,
            Noun::Usage(reads) => reads.run(context).await,
            Noun::Webhooks(verb) => verb.run(context).await,
        }
    }
}
