//! `trueup pax8 usage`: what metered subscriptions used. Reads only.

use crate::cli::pax8::read::{Asks, Id, Noun, Read, flag};
use crate::engine::pax8::Ask;

const SUBSCRIPTION: Id = ("SUBSCRIPTION_ID", "The metered subscription's id");
const SUMMARY: Id = ("SUMMARY_ID", "The summary's id");

/// Reads of metered use.
#[derive(Debug, Clone)]
pub(super) struct Usage;

impl Noun for Usage {
    const READS: &'static [Read] = &[
        Read {
            verb: "summaries",
            about: "List the usage summaries of a subscription",
            more: "Totals of the running month. Charges become final some three days after it has ended.",
            asks: Asks::PagesOf(SUBSCRIPTION, |subscription| Ask::UsageSummaries { subscription }),
            flags: &[
                flag("resource-group", "resourceGroup", "Of this resource group"),
                flag("company", "companyId", "Of this company"),
            ],
            example: "usage summaries e278156d-9c62-4ff5-a98b-9557cc51acd4 --sort partner-total --descending",
        },
        Read {
            verb: "summary",
            about: "Show one usage summary",
            more: "",
            asks: Asks::Whole(SUMMARY, Ask::UsageSummary),
            flags: &[],
            example: "usage summary 9949ab99-ad66-4a70-a2fa-8f759947d474",
        },
        Read {
            verb: "lines",
            about: "List what was used on one day",
            more: "",
            asks: Asks::PagesOfDay(SUMMARY, |summary, day| Ask::UsageLines { summary, day }),
            flags: &[flag("product", "productId", "Of this product")],
            example: "usage lines 9949ab99-ad66-4a70-a2fa-8f759947d474 --day 2026-10-05",
        },
    ];
}
