//! Pax8, read through its partner API v1.
//!
//! Keeps the invariant that a listing is complete or an error, and a record is as written or a problem; filters are checked
//! again here, since Pax8 ignores parameters it does not know.

mod ask;
mod call;
mod check;
mod companies;
mod contacts;
mod convert;
mod field;
mod hint;
mod invoices;
mod look;
mod mask;
mod orders;
mod products;
mod query;
mod read;
mod record;
mod request;
mod settings;
mod subscriptions;
mod term;
mod usage;
mod webhooks;
mod wire;
mod write;

use std::cmp::Ordering;

use async_trait::async_trait;
use chrono::NaiveDate;

use crate::connectors::error::{ConnectorError, ErrorKind};
use crate::connectors::http::{Client, segment};
use crate::connectors::{
    CheckLine, Descriptor, DraftMonth, Result, Side, Sink, Unwatched, VendorConnector, Watch, Watched, Way,
};
use crate::core::billing::{Assignment, EndRule, Subscription, UsageLine, UsageSummary, VendorCharge, VendorInvoice};
use crate::core::customer::{Contact, VendorCustomer};
use crate::core::id::{InvoiceId, SubscriptionId, VendorProductId};
use crate::core::money::MoneyError;
use crate::core::period::BillingPeriod;
use crate::core::product::{CommitmentRule, PriceRow, VendorProduct};
use crate::core::snapshot::{Problem, Pulled};
pub use ask::Ask;
pub use call::{Answer, Extent};
pub use companies::{
    Address, AddressChange, AddressChanges, Clearable, CompanyChanges, CompanyFlags, CompanyPatch, NewCompany,
};
pub use contacts::{ContactBody, ContactChange, ContactChanges, ContactRole, Duty, DutyChange, duties_open};
pub use hint::hint;
pub use orders::{NewLine, NewOrder, Parent, Provision};
pub use query::{Filter, Query, SortStyle};
use read::{Listing, Onward, Parts, Reader, convert, gone_is_a_problem, numbered};
pub use record::{Field, Kind, Record, Resource, Strange};
pub use request::{Country, Email, Filled, Hidden, Invalid, RemoteId};
use settings::PAGE_SIZE_MAX;
pub use settings::Pax8Settings;
pub use subscriptions::{SubscriptionChange, SubscriptionChanges};
pub use term::{BillingTerm, CommitmentTerm};
pub use webhooks::{Condition, NewWebhook, Operator, Threshold, Topic, TopicFilter, WebhookSettings, WebhookUrl};
pub use write::{Answered, Sending, Write};

/// A connection to Pax8.
pub struct Pax8 {
    descriptor: Descriptor,
    reader: Reader,
    settings: Pax8Settings,
}

impl Pax8 {
    /// A connection, unless its settings cannot work. Nothing is called yet.
    ///
    /// # Errors
    /// [`ErrorKind::Settings`] names the setting.
    pub fn new(settings: &Pax8Settings) -> Result<Self> {
        let wrong = |what: String| ConnectorError::new(&settings.name, "settings", ErrorKind::Settings(what));
        if settings.page_size == 0 || settings.page_size > PAGE_SIZE_MAX {
            let found = settings.page_size;
            return Err(wrong(format!("page_size must be from 1 to {PAGE_SIZE_MAX}, found {found}")));
        }
        if settings.client_id.trim().is_empty() {
            return Err(wrong("client_id is empty; it stands beside the secret in the partner portal".to_owned()));
        }
        let currency = settings.currency.as_deref().map(str::parse).transpose();
        let currency = currency.map_err(|error: MoneyError| wrong(format!("currency: {error}")))?;
        let client = Client::new(settings.http())?;
        let descriptor = Descriptor {
            kind: "pax8",
            name: settings.name.clone(),
            side: Side::Vendor,
            location: client.base_url().to_owned(),
        };
        let name = settings.name.as_str().into();
        let (page_size, at_once) = (settings.page_size, settings.concurrency);
        let reader = Reader { client, name, page_size, at_once, currency };
        Ok(Self { descriptor, reader, settings: settings.clone() })
    }

    /// Its settings; the secret in them is never shown.
    #[must_use]
    pub fn settings(&self) -> &Pax8Settings {
        &self.settings
    }

    /// Asks for a new token, whatever there is in memory; until when it holds, as far as Pax8 says. It is not shown.
    ///
    /// # Errors
    /// What the token's endpoint said.
    pub async fn reauthorize(&self) -> Result<Option<std::time::Duration>> {
        self.reader.client.reauthorize().await
    }

    fn base_url(&self) -> &str {
        self.reader.client.base_url()
    }

    fn client(&self) -> &Client {
        &self.reader.client
    }

    fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Where a path is called: one of the webhooks API, which stands beside the partner API, by its whole address, any other
    /// below the partner API's own.
    fn address(&self, path: &str) -> String {
        if !path.starts_with("/webhooks") {
            return path.to_owned();
        }
        let base = self.base_url().trim_end_matches('/');
        let root = base.strip_suffix("/v1").unwrap_or(base);
        format!("{root}/api/v2{path}")
    }

    /// The invoices dated from `first` to `last`, both included.
    async fn invoices_dated(
        &self,
        first: NaiveDate,
        last: NaiveDate,
        watch: &dyn Watch,
    ) -> Result<Parts<VendorInvoice>> {
        let (from, to) = (first.to_string(), last.to_string());
        let filters = [("invoiceDateRangeStart", from.as_str()), ("invoiceDateRangeEnd", to.as_str())];
        let listing = Listing::of("/invoices", &filters, "invoices");
        let usual = self.reader.currency;
        let read = move |_, head| convert::invoice(head, usual);
        let (mut heads, mut problems) = self.reader.records(listing, watch, read).await?;
        heads.retain(|head| first <= head.date && head.date <= last);
        problems.extend(heads.iter().filter_map(convert::strange_status));
        Ok((heads, problems))
    }
}

#[async_trait]
impl VendorConnector for Pax8 {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    async fn check(&self, watch: &dyn Watch) -> Vec<CheckLine> {
        check::check(&self.reader, &self.address("/webhooks"), watch).await
    }

    async fn customers(&self, watch: &dyn Watch) -> Result<Pulled<VendorCustomer>> {
        let mut companies = Vec::new();
        let problems = self.customers_into(&mut companies, watch).await?;
        Ok(Pulled::judge(companies, problems))
    }

    async fn customers_into(&self, into: &mut dyn Sink<VendorCustomer>, watch: &dyn Watch) -> Result<Vec<Problem>> {
        let listing = Listing::of("/companies", &[], "companies");
        let problems = self.reader.records_into(listing, into, watch, |_, one| convert::customer(one)).await?;
        Ok(self.client().clean(problems))
    }

    async fn customers_with_contacts(&self, watch: &dyn Watch) -> Result<Option<Pulled<VendorCustomer>>> {
        let (companies, mut problems) = self.customers(watch).await?.into_parts();
        let (companies, more) = self.reader.each(companies, "contacts of companies", watch, with_contacts).await?;
        problems.extend(more);
        Ok(Some(self.reader.judged(companies, problems)))
    }

    async fn products(&self, watch: &dyn Watch) -> Result<Pulled<VendorProduct>> {
        let mut products = Vec::new();
        let problems = self.products_into(&mut products, watch).await?;
        Ok(Pulled::judge(products, problems))
    }

    async fn products_into(&self, into: &mut dyn Sink<VendorProduct>, watch: &dyn Watch) -> Result<Vec<Problem>> {
        let listing = Listing::of("/products", &[], "products");
        let problems = self.reader.records_into(listing, into, watch, |_, one| convert::product(one)).await?;
        Ok(self.client().clean(problems))
    }

    async fn prices(&self, products: &[VendorProductId], watch: &dyn Watch) -> Result<Option<Pulled<PriceRow>>> {
        let (rows, problems) = self.reader.each(products.to_vec(), "prices of products", watch, prices_of).await?;
        Ok(Some(self.reader.judged(rows, problems)))
    }

    async fn dependencies(
        &self,
        products: &[VendorProductId],
        watch: &dyn Watch,
    ) -> Result<Option<Pulled<CommitmentRule>>> {
        let (rules, problems) = self.reader.each(products.to_vec(), "dependencies", watch, dependencies_of).await?;
        Ok(Some(self.reader.judged(rules, problems)))
    }

    async fn subscriptions(&self, watch: &dyn Watch) -> Result<Pulled<Subscription>> {
        let mut held = Vec::new();
        let problems = self.subscriptions_into(&mut held, watch).await?;
        Ok(Pulled::judge(held, problems))
    }

    async fn subscriptions_into(&self, into: &mut dyn Sink<Subscription>, watch: &dyn Watch) -> Result<Vec<Problem>> {
        let listing = Listing::of("/subscriptions", &[], "subscriptions").by_day();
        let usual = self.reader.currency;
        let read = move |_, one| convert::subscription(one, usual);
        let problems = self.reader.records_into(listing, into, watch, read).await?;
        Ok(self.client().clean(problems))
    }

    async fn history(&self, of: &[SubscriptionId], watch: &dyn Watch) -> Result<Option<Pulled<Subscription>>> {
        let (states, problems) = self.reader.each(of.to_vec(), "history of subscriptions", watch, history_of).await?;
        Ok(Some(self.reader.judged(states, problems)))
    }

    async fn invoices(&self, period: BillingPeriod, watch: &dyn Watch) -> Result<Option<Pulled<VendorInvoice>>> {
        let (heads, problems) = self.invoices_dated(period.first_day(), period.next().last_day(), watch).await?;
        Ok(Some(self.reader.judged(heads, problems)))
    }

    async fn charges(&self, period: BillingPeriod, watch: &dyn Watch) -> Result<Pulled<VendorCharge>> {
        let mut charges = Vec::new();
        let problems = self.charges_into(period, &mut charges, watch).await?;
        Ok(Pulled::judge(charges, problems))
    }

    /// Handed on document by document: how one counts the end of a period shows in all of its lines together.
    async fn charges_into(
        &self,
        period: BillingPeriod,
        into: &mut dyn Sink<VendorCharge>,
        watch: &dyn Watch,
    ) -> Result<Vec<Problem>> {
        let (heads, mut problems) = self.invoices_dated(period.first_day(), period.next().last_day(), watch).await?;
        let heads: Vec<_> = heads.iter().filter(|head| !head.is_superseded()).collect();
        let whole = Watched::listing(watch, &self.descriptor.name, "charges of invoices");
        let usual = self.reader.currency;
        let mut before = 0;
        for (number, head) in heads.iter().enumerate() {
            let path = format!("/invoices/{}/items", segment(head.id.as_str()));
            whole.progress(u64::try_from(before).unwrap_or(u64::MAX), Way::parts(number, heads.len()));
            let onward = Onward { whole: &whole, before, number, of: heads.len() };
            let id = head.id.clone();
            let read = move |place, item| convert::charge(Some(&id), line_id(id.as_str(), place), item, usual);
            let (mut lines, flawed) = self.reader.records(Listing::of(&path, &[], "charges"), &onward, read).await?;
            problems.extend(ends(&path, head.id.as_str(), &mut lines));
            // what was used in the month and what changed in it is charged in the month after
            lines.retain(|charge| period.contains(head.date) || charge.start <= period.last_day());
            before = before.saturating_add(lines.len());
            into.take(lines).await?;
            problems.extend(flawed);
        }
        Ok(self.client().clean(problems))
    }

    async fn draft_charges(&self, month: DraftMonth, watch: &dyn Watch) -> Result<Option<Pulled<VendorCharge>>> {
        let offset = match month {
            DraftMonth::Current => "0",
            DraftMonth::Next => "1",
        };
        let filters = [("monthOffset", offset)];
        let usual = self.reader.currency;
        let read = move |place, item| convert::charge(None::<&InvoiceId>, line_id("draft", place), item, usual);
        let path = "/invoices/draftItems";
        let (mut charges, mut problems) =
            self.reader.records(Listing::of(path, &filters, "drafts"), watch, read).await?;
        problems.extend(ends(path, "draft", &mut charges));
        Ok(Some(self.reader.judged(charges, problems)))
    }

    async fn usage(&self, of: &[SubscriptionId], watch: &dyn Watch) -> Result<Option<Pulled<UsageSummary>>> {
        let (summaries, problems) =
            self.reader.each(of.to_vec(), "usage summaries of subscriptions", watch, usage_of).await?;
        Ok(Some(self.reader.judged(summaries, problems)))
    }

    async fn usage_lines(
        &self,
        of: &[UsageSummary],
        period: BillingPeriod,
        watch: &dyn Watch,
    ) -> Result<Option<Pulled<UsageLine>>> {
        let days: Vec<NaiveDate> = period.first_day().iter_days().take_while(|day| period.contains(*day)).collect();
        // One call for each summary and day: Pax8 answers for a single day only.
        let calls: Vec<(String, NaiveDate)> =
            of.iter().flat_map(|summary| days.iter().map(|day| (summary.id.clone(), *day))).collect();
        let (lines, problems) = self.reader.each(calls, "usage lines of days", watch, usage_on).await?;
        Ok(Some(self.reader.judged(lines, problems)))
    }

    async fn assignments(&self, _watch: &dyn Watch) -> Result<Option<Pulled<Assignment>>> {
        Ok(None)
    }
}

/// The id of a line that has none of its own: its document and its place there, from 1.
fn line_id(document: &str, place: usize) -> String {
    format!("{document}#{}", place.saturating_add(1))
}

/// Notes on each line how its document counts the end of a period; a document that counts both ways is a problem.
fn ends(path: &str, document: &str, lines: &mut [VendorCharge]) -> Option<Problem> {
    let rule = invoices::end_rule(lines.iter().map(|line| (line.start, line.end)));
    for line in &mut *lines {
        line.end_rule = rule;
    }
    let mixed = rule.filter(|rule| *rule == EndRule::Mixed)?;
    Some(Problem::new(format!("GET {path}"), call::said_of(mixed)).record(document).field("endPeriod"))
}

async fn with_contacts(reader: Reader, mut company: VendorCustomer) -> Result<Parts<VendorCustomer>> {
    // A deleted company has no contacts left to list.
    if company.fields.status.as_deref().is_some_and(|status| status.eq_ignore_ascii_case("deleted")) {
        return Ok((vec![company], Vec::new()));
    }
    let path = format!("/companies/{}/contacts", segment(company.id.as_str()));
    let read =
        reader.records(Listing::of(&path, &[], "contacts"), &Unwatched, |_, contact| convert::contact(contact)).await;
    let found: Result<Parts<Vec<Contact>>> = read.map(|(contacts, problems)| (vec![contacts], problems));
    let (contacts, problems) = gone_is_a_problem(&path, company.id.as_str(), found)?;
    company.fields.contacts = contacts.into_iter().next();
    Ok((vec![company], problems))
}

async fn prices_of(reader: Reader, product: VendorProductId) -> Result<Parts<PriceRow>> {
    let path = format!("/products/{}/pricing", segment(product.as_str()));
    let read = reader.unpaged(&path).await.map(|rows| {
        let (entries, problems) = convert(&rows, |_, pricing| convert::prices(&product, pricing));
        let problems = problems.into_iter().map(|problem| problem.record(product.as_str())).collect();
        (entries.into_iter().flatten().collect(), problems)
    });
    gone_is_a_problem(&path, product.as_str(), read)
}

async fn dependencies_of(reader: Reader, product: VendorProductId) -> Result<Parts<CommitmentRule>> {
    let path = format!("/products/{}/dependencies", segment(product.as_str()));
    let read = reader.client.get_json(&path, &[]).await.map(|reply: wire::Dependencies| {
        let rows = numbered(&format!("GET {path}"), reply.commitment_dependencies.unwrap_or_default());
        let (rules, problems) = convert(&rows, |_, rule| convert::commitment(&product, rule));
        (rules, name_all(problems, product.as_str()))
    });
    gone_is_a_problem(&path, product.as_str(), read)
}

async fn history_of(reader: Reader, subscription: SubscriptionId) -> Result<Parts<Subscription>> {
    let path = format!("/subscriptions/{}/history", segment(subscription.as_str()));
    let read = reader.unpaged(&path).await.map(|rows| {
        let (states, mut problems) = convert(&rows, |_, state| convert::subscription(state, reader.currency));
        let (mut states, others): (Vec<_>, Vec<_>) = states.into_iter().partition(|state| state.id == subscription);
        problems.extend(others.iter().map(|other| {
            let what = format!("is no state of {subscription}, whose history was asked for");
            Problem::new(&path, what).record(other.id.as_str()).field("id")
        }));
        // Pax8 shows the newest first but does not promise it; equal or unknown times keep its order, turned.
        states.reverse();
        states.sort_by(earlier);
        (states, problems)
    });
    gone_is_a_problem(&path, subscription.as_str(), read)
}

fn earlier(left: &Subscription, right: &Subscription) -> Ordering {
    let changed = |state: &Subscription| {
        let written = state.fields.updated.as_deref().and_then(field::moment);
        written.or_else(|| state.fields.billing_start.and_then(|day| field::moment(&day.to_string())))
    };
    match (changed(left), changed(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

async fn usage_of(reader: Reader, subscription: SubscriptionId) -> Result<Parts<UsageSummary>> {
    let path = format!("/subscriptions/{}/usage-summaries", segment(subscription.as_str()));
    let of = subscription.clone();
    let usual = reader.currency;
    let read = move |_, summary| convert::usage_summary(&of, summary, usual);
    let read = reader.records(Listing::of(&path, &[], "usage summaries"), &Unwatched, read).await;
    gone_is_a_problem(&path, subscription.as_str(), read)
}

async fn usage_on(reader: Reader, (summary, day): (String, NaiveDate)) -> Result<Parts<UsageLine>> {
    let path = format!("/usage-summaries/{}/usage-lines", segment(&summary));
    let (asked, of) = (day.to_string(), summary.clone());
    let filters = [("usageDate", asked.as_str())];
    let usual = reader.currency;
    let read = move |_, line| convert::usage_line(&of, day, line, usual);
    let read = reader.records(Listing::of(&path, &filters, "usage lines"), &Unwatched, read).await;
    let read = read.map(|(lines, problems)| (lines.into_iter().flatten().collect(), name_all(problems, &summary)));
    gone_is_a_problem(&path, &summary, read)
}

/// Lines have no ids of their own; their problems name what they belong to.
fn name_all(problems: Vec<Problem>, id: &str) -> Vec<Problem> {
    problems.into_iter().map(|problem| problem.record(id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_that_counts_ends_in_two_ways_is_a_problem_and_others_say_how_they_count() {
        let line = |start: &str, end: &str| {
            let item = serde_json::json!({
                "type": "subscription", "startPeriod": start, "endPeriod": end, "quantity": 1, "price": 1, "subTotal": 1,
                "cost": 1, "costTotal": 1, "currencyCode": "GBP", "subscriptionId": null,
            });
            convert::charge(None, "d#1".to_owned(), serde_json::from_value(item).unwrap(), None).unwrap()
        };
        let (last, next) = (("2026-03-01", "2026-03-31"), ("2026-03-01", "2026-04-01"));
        for (rows, rule, problems) in [
            (vec![last, last], Some(EndRule::Inclusive), 0),
            (vec![next], Some(EndRule::Exclusive), 0),
            (vec![last, next], Some(EndRule::Mixed), 1),
            (vec![("2026-03-05", "2026-03-31")], None, 0),
        ] {
            let mut lines: Vec<_> = rows.iter().map(|(start, end)| line(start, end)).collect();
            let found = ends("/invoices/i/items", "i", &mut lines);
            assert!(lines.iter().all(|line| line.end_rule == rule), "{rows:?}");
            let said = "GET /invoices/i/items, record i, field endPeriod: is the last day of the period on some rows and the \
                        day after it on others";
            assert_eq!(found.map(|problem| problem.to_string()), (problems == 1).then(|| said.to_owned()));
        }
    }

    #[test]
    fn states_are_ordered_by_when_they_were_written_whatever_the_shape() {
        let state = |updated: Option<&str>, billing_start: Option<&str>| {
            let text = serde_json::json!({
                "id": "s", "companyId": "c", "productId": "p", "status": "Active",
                "updatedDate": updated, "billingStart": billing_start,
            });
            convert::subscription(serde_json::from_value(text).unwrap(), None).unwrap()
        };
        let mut states = vec![
            state(Some("2026-03-01T02:00:00.000-0600"), None),
            state(Some("2026-03-01T07:59:59Z"), None),
            state(None, Some("2026-02-01")),
            state(Some("2026-01-15"), Some("2026-01-01")),
            state(None, None),
        ];
        let expected: Vec<_> = states.iter().rev().cloned().collect();
        states.sort_by(earlier);
        // 02:00 at -06:00 is a second after 07:59:59Z, although the text sorts before it.
        assert_eq!(states, expected);
    }
}
