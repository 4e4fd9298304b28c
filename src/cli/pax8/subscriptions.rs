//! `trueup pax8 subscriptions`: what is held, how it came to be, changing and ending it.
//!
//! Keeps the invariant that who lowers or ends a subscription is told first what its commitment says.

use std::num::NonZeroU32;

use chrono::NaiveDate;
use clap::Subcommand;

use crate::cli::args;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending};
use crate::cli::pax8::clear::{self, Clear};
use crate::cli::pax8::names;
use crate::cli::pax8::options::one;
use crate::cli::pax8::orders::term;
use crate::cli::pax8::provisioning::{Commitment, Questions, offered};
use crate::cli::pax8::read::{Asks, Id, Noun, Read, Reads, flag};
use crate::cli::pax8::write::{Act, send};
use crate::core::billing::SubscriptionState;
use crate::core::money::UnitPrice;
use crate::core::quantity::Quantity;
use crate::engine::pax8::{
    Ask, Invalid, Provision, Record, Remote, RemoteId, SubscriptionChange, SubscriptionChanges, Write,
};

const SUBSCRIPTION: Id = ("SUBSCRIPTION_ID", "The subscription's id");

/// Reads of subscriptions.
#[derive(Debug, Clone)]
pub(super) struct Subscriptions;

impl Noun for Subscriptions {
    const READS: &'static [Read] = &[
        Read {
            verb: "list",
            about: "List subscriptions",
            more: "Its dates say whether a subscription is charged, not its state: one that is cancelled is charged until its \
                   end.",
            asks: Asks::Pages(Ask::Subscriptions),
            flags: &[
                flag("status", "status", "In this state"),
                flag(
                    "term",
                    "billingTerm",
                    "Charged so often: Monthly, Annual, 2-Year, 3-Year, One-Time, Trial, Activation",
                ),
                flag("company", "companyId", "Of this company"),
                flag("product", "productId", "Of this product"),
            ],
            example: "subscriptions list --company \"Meridian Credit Union\" --status active --sort price --descending",
        },
        Read {
            verb: "get",
            about: "Show one subscription, with what only a single one tells",
            more: "",
            asks: Asks::Whole(SUBSCRIPTION, Ask::Subscription),
            flags: &[],
            example: "subscriptions get 32df7225-bc7a-4285-abfb-a4c79c5c7705",
        },
        Read {
            verb: "history",
            about: "List the earlier states of a subscription",
            more: "In Pax8's order, the newest first as far as seen.",
            asks: Asks::Whole(SUBSCRIPTION, |subscription| Ask::History { subscription }),
            flags: &[],
            example: "subscriptions history 32df7225-bc7a-4285-abfb-a4c79c5c7705",
        },
    ];
}

/// What can be done with subscriptions.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    #[command(flatten)]
    Read(Reads<Subscriptions>),
    Update(Update),
    Cancel(Cancel),
}

/// Change a subscription
///
/// Only what is named is sent: at least one of price, term, quantity and start. --clear end lets it run on without an end. What its commitment says of a change of quantity
/// is told before anything is sent.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  trueup pax8 subscriptions update 32df7225-bc7a-4285-abfb-a4c79c5c7705 --quantity 30"
)]
pub(super) struct Update {
    /// The subscription's id
    #[arg(value_name = "SUBSCRIPTION_ID")]
    subscription: String,
    /// So many
    #[arg(long, value_name = "NUMBER")]
    quantity: Option<NonZeroU32>,
    /// At this unit price to the customer
    #[arg(long, value_name = "PRICE")]
    price: Option<String>,
    /// Charged so often: Monthly, Annual, 2-Year, 3-Year, One-Time, Trial, Activation
    #[arg(long, value_name = "TERM")]
    term: Option<String>,
    /// From this day
    #[arg(long, value_name = "DATE", value_parser = args::day)]
    start: Option<NaiveDate>,
    /// Until this day
    #[arg(long, value_name = "DATE", value_parser = args::day)]
    end: Option<NaiveDate>,
    /// Answer a question of its provisioning; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    detail: Vec<String>,
    #[command(flatten)]
    clear: Clear,
    #[command(flatten)]
    act: Act,
}

/// What of a subscription can be emptied.
const CLEARED: &[clear::Field] = &[("end", "endDate")];

/// Cancel a subscription
///
/// Without --on it is cancelled at once, as far as Pax8 says. When its commitment ends, and what ending it earlier means, is told
/// before anything is sent.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  trueup pax8 subscriptions cancel 32df7225-bc7a-4285-abfb-a4c79c5c7705 --on 2026-12-31"
)]
pub(super) struct Cancel {
    /// The subscription's id
    #[arg(value_name = "SUBSCRIPTION_ID")]
    subscription: String,
    /// Cancel on this day
    #[arg(long, value_name = "DATE", value_parser = args::day)]
    on: Option<NaiveDate>,
    #[command(flatten)]
    act: Act,
}

impl Verb {
    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        match self {
            Self::Read(reads) => reads.run(context).await,
            Self::Update(args) => args.run(context).await,
            Self::Cancel(args) => args.run(context).await,
        }
    }
}

impl Update {
    async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let subscription = RemoteId::new("SUBSCRIPTION_ID", &self.subscription)?;
        let price = |text: &String| {
            let what = || format!("expected a number like 9.50, found {text}");
            UnitPrice::parse(text).map_err(|_| Invalid { field: "--price".to_owned(), what: what() })
        };
        let mut changes = SubscriptionChanges {
            price: self.price.as_ref().map(price).transpose()?,
            billing_term: self.term.as_ref().map(|word| term("--term", word)).transpose()?,
            quantity: self.quantity,
            start: self.start,
            end: self.end,
            clear_end: !self.clear.of(CLEARED, self.end.map_or(&[], |_| &["end"]))?.is_empty(),
            provisioning: Vec::new(),
        };
        // What cannot be sent is told before anything is read.
        let _sound = SubscriptionChange::new(changes.clone())?;
        let remote = self.act.how.open(context)?;
        let now = one(&remote, &Ask::Subscription(subscription.clone())).await?;
        names::told(context, &remote, &now).await;
        changes.provisioning = self.answers(context, &remote, &now).await?;
        let mut warnings = Vec::new();
        if let Some(quantity) = self.quantity {
            warnings.extend(of_quantity(&now, quantity, &Bound::of(&remote, &now).await));
        }
        let change = Box::new(SubscriptionChange::new(changes)?);
        let write = Write::UpdateSubscription { subscription, change };
        Ok(send(context, &remote, &write, Some(&now), &warnings, &self.act).await?.ending)
    }

    async fn answers(&self, context: &Context, remote: &Remote, now: &Record) -> Result<Vec<Provision>, CommandError> {
        if self.detail.is_empty() {
            return Ok(Vec::new());
        }
        let pair = |text: &'_ String| {
            let what = format!("expected KEY=VALUE, found {text}");
            let split = text.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
            split.ok_or(Invalid { field: "--detail".to_owned(), what })
        };
        let given: Vec<(String, String)> = self.detail.iter().map(pair).collect::<Result<_, Invalid>>()?;
        let product = RemoteId::new("productId", now.text("productId").unwrap_or_default())?;
        let questions = Questions::of(context, remote, &product).await?;
        questions.answered("subscription", given.iter().map(|(key, value)| (key.as_str(), value.as_str())))
    }
}

impl Cancel {
    async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let subscription = RemoteId::new("SUBSCRIPTION_ID", &self.subscription)?;
        let remote = self.act.how.open(context)?;
        let now = one(&remote, &Ask::Subscription(subscription.clone())).await?;
        names::told(context, &remote, &now).await;
        let day = self.on.unwrap_or_else(|| context.clock().now().date_naive());
        let mut warnings = of_end(day, &Bound::of(&remote, &now).await);
        let status = now.text("status").unwrap_or_default();
        if SubscriptionState::of(&status).is_some_and(SubscriptionState::was_cancelled) {
            warnings.push(format!("it is {status} already"));
        }
        let write = Write::CancelSubscription { subscription, on: self.on };
        Ok(send(context, &remote, &write, Some(&now), &warnings, &self.act).await?.ending)
    }
}

/// How a subscription is bound.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Bound {
    /// It names no commitment.
    Not,
    /// By this, until this day where it is known.
    By { term: String, until: Option<NaiveDate>, rules: Option<Commitment> },
}

impl Bound {
    /// What the subscription and its product say. A product that cannot be asked leaves the rules unknown.
    async fn of(remote: &Remote, now: &Record) -> Self {
        let (id, term) = (now.text("commitment.id"), now.text("commitment.term"));
        if id.is_none() && term.is_none() {
            return Self::Not;
        }
        let product = now.text("productId").and_then(|product| RemoteId::new("productId", product).ok());
        let dependencies = match product {
            Some(product) => one(remote, &Ask::Dependencies { product }).await.ok(),
            None => None,
        };
        let rules = dependencies.and_then(|dependencies| {
            let offered = offered(&dependencies);
            let same_id = |one: &&Commitment| id.as_ref().is_some_and(|id| id.eq_ignore_ascii_case(&one.id));
            let same_term = |one: &&Commitment| term.as_ref() == Some(&one.term);
            offered.iter().find(same_id).or_else(|| offered.iter().find(same_term)).cloned()
        });
        let named = term.or_else(|| rules.as_ref().map(|rules| rules.term.clone()));
        Self::By { term: named.unwrap_or_default(), until: now.day("commitment.endDate"), rules }
    }
}

fn until(day: Option<NaiveDate>) -> String {
    day.map_or("; when it ends is not said".to_owned(), |day| format!(", which ends on {day}"))
}

/// What the commitment says of a change of quantity.
fn of_quantity(now: &Record, wanted: NonZeroU32, bound: &Bound) -> Option<String> {
    let Bound::By { term, until: end, rules } = bound else { return None };
    let held = Quantity::parse(&now.text("quantity")?).ok()?;
    let wanted = Quantity::parse(&wanted.to_string()).ok()?;
    let (way, allows) = match wanted.value().cmp(&held.value()) {
        std::cmp::Ordering::Less => ("lowered", rules.as_ref().map(|rules| rules.allows_decrease)),
        std::cmp::Ordering::Greater => ("raised", rules.as_ref().map(|rules| rules.allows_increase)),
        std::cmp::Ordering::Equal => return None,
    };
    let end = until(*end);
    match allows.flatten() {
        Some(true) => None,
        Some(false) => {
            Some(format!("the quantity may not be {way} within the commitment ({term}){end}: Pax8 may refuse this"))
        }
        None => {
            Some(format!("Pax8 does not say whether the quantity may be {way} within the commitment ({term}){end}"))
        }
    }
}

/// What the commitment says of an end on a day.
fn of_end(day: NaiveDate, bound: &Bound) -> Vec<String> {
    let Bound::By { term, until: end, rules } = bound else { return Vec::new() };
    if end.is_some_and(|end| day >= end) {
        return Vec::new();
    }
    let early = match rules.as_ref().map(|rules| (rules.allows_early_end, rules.has_fee)) {
        Some((Some(false), _)) => "it may not be cancelled earlier: Pax8 may refuse this",
        Some((Some(true), Some(true))) => "it may be cancelled earlier, for a fee",
        Some((Some(true), _)) => "it may be cancelled earlier",
        Some((None, _)) | None => "Pax8 does not say whether it may be cancelled earlier",
    };
    vec![format!("it is bound by a commitment ({term}){}; {early}", until(*end))]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(until: Option<&str>, early: Option<bool>, fee: Option<bool>) -> Bound {
        let rules = Commitment {
            id: "c".to_owned(),
            term: "1-Year".to_owned(),
            allows_increase: Some(true),
            allows_decrease: Some(false),
            allows_early_end: early,
            has_fee: fee,
        };
        let until = until.map(|day| day.parse().unwrap());
        Bound::By { term: "1-Year".to_owned(), until, rules: Some(rules) }
    }

    #[test]
    fn an_early_end_is_told_with_what_it_means() {
        let end = Some("2026-12-31");
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        for (on, bound, said) in [
            ("2026-12-31", bound(end, Some(false), None), None),
            (
                "2026-12-30",
                bound(end, Some(false), None),
                Some("which ends on 2026-12-31; it may not be cancelled earlier"),
            ),
            ("2026-12-30", bound(end, Some(true), Some(true)), Some("it may be cancelled earlier, for a fee")),
            ("2026-12-30", bound(end, Some(true), Some(false)), Some("it may be cancelled earlier")),
            ("2026-12-30", bound(None, None, None), Some("when it ends is not said; Pax8 does not say")),
            ("2026-12-30", Bound::Not, None),
        ] {
            let told = of_end(day(on), &bound);
            match said {
                None => assert_eq!(told, Vec::<String>::new(), "{on}"),
                Some(said) => assert!(told.iter().any(|line| line.contains(said)), "{told:?}"),
            }
        }
    }
}
