//! A distributor and a PSA that hold their records in memory and fail where they are told to: for tests and simulation.
//!
//! They keep the contract of every connector: a record listed twice is a problem, and what cannot be read makes the
//! listing partial.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use crate::connectors::http::{Outcome, Refusal, RefusedAs};
use crate::connectors::{
    CheckFailed, CheckLine, ConnectorError, Descriptor, DraftMonth, ErrorKind, PsaConnector, ReadBack, Result, Side,
    TicketDraft, TicketSink, VendorConnector, Watch, Watched, Way,
};
use crate::core::billing::{
    Assignment, BilledLine, Subscription, UsageLine, UsageSummary, VendorCharge, VendorInvoice,
};
use crate::core::customer::{PsaCustomer, VendorCustomer};
use crate::core::id::{PsaProductId, SubscriptionId, VendorProductId};
use crate::core::link::BundlePart;
use crate::core::period::BillingPeriod;
use crate::core::product::{CommitmentRule, PriceRow, PsaProduct, VendorProduct};
use crate::core::record::Keyed;
use crate::core::snapshot::{Problem, Pulled};

/// Which listing is to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Listing {
    /// Either side's customers.
    Customers,
    /// Either side's products.
    Products,
    /// The vendor's price rows.
    Prices,
    /// What the vendor's products bind to.
    Dependencies,
    /// The vendor's subscriptions.
    Subscriptions,
    /// Their earlier states.
    History,
    /// The vendor's documents.
    Invoices,
    /// Their lines.
    Charges,
    /// Lines not invoiced yet.
    Drafts,
    /// Metered totals.
    Usage,
    /// Metered lines.
    UsageLines,
    /// Seats given to people.
    Assignments,
    /// What the PSA bills.
    BilledLines,
    /// The PSA's bundles.
    Bundles,
    /// A ticket that is made: its answer is lost, it is refused, or (unread) answered and not kept.
    Tickets,
}

/// How a listing fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The next read fails in a way that may pass; the one after it does not.
    TransientOnce,
    /// Every read is refused.
    Auth,
    /// These things could not be read; the rest is given.
    Unread(Vec<Problem>),
}

#[derive(Debug, Default)]
struct Faults(Mutex<BTreeMap<Listing, Fault>>);

impl Faults {
    fn set(&self, listing: Listing, fault: Fault) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(listing, fault);
    }

    /// The problems a listing has to name, or its failure.
    fn strike(&self, connector: &str, listing: Listing) -> Result<Vec<Problem>> {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = |kind| Err(ConnectorError::new(connector, format!("list {listing:?}"), kind));
        match faults.get(&listing).cloned() {
            None => Ok(Vec::new()),
            Some(Fault::TransientOnce) => {
                faults.remove(&listing);
                failed(ErrorKind::Transient("the connection was closed".into()))
            }
            Some(Fault::Auth) => failed(ErrorKind::Auth("told to refuse".into())),
            Some(Fault::Unread(problems)) => Ok(problems),
        }
    }

    fn listed<R: Keyed>(
        &self,
        about: &Descriptor,
        listing: Listing,
        records: impl IntoIterator<Item = R>,
        watch: &dyn Watch,
    ) -> Result<Pulled<R>> {
        let mut problems = self.strike(&about.name, listing)?;
        let (mut seen, mut once) = (BTreeSet::new(), Vec::new());
        for record in records {
            let key = record.key();
            if seen.insert(key.clone()) {
                once.push(record);
            } else {
                problems.push(Problem::new(format!("{listing:?}"), "is listed twice").record(key).field("id"));
            }
        }
        let done = u64::try_from(once.len()).unwrap_or(u64::MAX);
        Watched::listing(watch, &about.name, &format!("{listing:?}")).progress(done, Way::Records(done));
        Ok(Pulled::judge(once, problems))
    }

    /// Rows that have no key of their own.
    fn rows<R>(&self, about: &Descriptor, listing: Listing, rows: Vec<R>, watch: &dyn Watch) -> Result<Pulled<R>> {
        let problems = self.strike(&about.name, listing)?;
        let done = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        Watched::listing(watch, &about.name, &format!("{listing:?}")).progress(done, Way::Records(done));
        Ok(Pulled::judge(rows, problems))
    }

    fn check(&self, about: &Descriptor, listings: &[Listing]) -> Vec<CheckLine> {
        let outcome = |listing| match self.strike(&about.name, listing) {
            Ok(problems) => match problems.first() {
                None => Ok("readable".to_owned()),
                Some(first) => Err(CheckFailed::new(first.to_string())),
            },
            Err(refused) => Err(CheckFailed::of(&refused, "tell the connection something else")),
        };
        listings.iter().map(|l| CheckLine::new(format!("list {l:?}"), outcome(*l))).collect()
    }
}

fn described(name: &str, side: Side) -> Descriptor {
    Descriptor { kind: "memory", name: name.to_owned(), side, location: "memory".to_owned() }
}

/// A distributor in memory. What is `None` the system does not have.
#[derive(Debug)]
pub struct MemoryVendor {
    descriptor: Descriptor,
    faults: Faults,
    /// Its companies, with their contacts where they have some.
    pub customers: Vec<VendorCustomer>,
    /// Its catalogue.
    pub products: Vec<VendorProduct>,
    /// Its price list.
    pub prices: Option<Vec<PriceRow>>,
    /// What its products bind to.
    pub dependencies: Option<Vec<CommitmentRule>>,
    /// What is held.
    pub subscriptions: Vec<Subscription>,
    /// Earlier states of subscriptions, oldest first.
    pub history: Option<Vec<Subscription>>,
    /// Its documents.
    pub invoices: Option<Vec<VendorInvoice>>,
    /// The lines of its documents.
    pub charges: Vec<VendorCharge>,
    /// What would be charged in the running month.
    pub drafts: Option<Vec<VendorCharge>>,
    /// Metered totals.
    pub usage: Option<Vec<UsageSummary>>,
    /// Metered lines.
    pub usage_lines: Option<Vec<UsageLine>>,
    /// Seats given to people.
    pub assignments: Option<Vec<Assignment>>,
}

impl MemoryVendor {
    /// An empty distributor.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            descriptor: described(name, Side::Vendor),
            faults: Faults::default(),
            customers: Vec::new(),
            products: Vec::new(),
            prices: None,
            dependencies: None,
            subscriptions: Vec::new(),
            history: None,
            invoices: None,
            charges: Vec::new(),
            drafts: None,
            usage: None,
            usage_lines: None,
            assignments: None,
        }
    }

    /// Lets a listing fail.
    pub fn fail(&self, listing: Listing, fault: Fault) {
        self.faults.set(listing, fault);
    }
}

#[async_trait]
impl VendorConnector for MemoryVendor {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    async fn check(&self, watch: &dyn Watch) -> Vec<CheckLine> {
        let _watched = Watched::listing(watch, &self.descriptor.name, "check");
        let listings = [Listing::Customers, Listing::Products, Listing::Subscriptions, Listing::Charges];
        self.faults.check(&self.descriptor, &listings)
    }

    async fn customers(&self, watch: &dyn Watch) -> Result<Pulled<VendorCustomer>> {
        let without_contacts = self.customers.iter().cloned().map(|mut customer| {
            customer.fields.contacts = None;
            customer
        });
        self.faults.listed(&self.descriptor, Listing::Customers, without_contacts, watch)
    }

    async fn customers_with_contacts(&self, watch: &dyn Watch) -> Result<Option<Pulled<VendorCustomer>>> {
        self.faults.listed(&self.descriptor, Listing::Customers, self.customers.clone(), watch).map(Some)
    }

    async fn products(&self, watch: &dyn Watch) -> Result<Pulled<VendorProduct>> {
        self.faults.listed(&self.descriptor, Listing::Products, self.products.clone(), watch)
    }

    async fn prices(&self, of: &[VendorProductId], watch: &dyn Watch) -> Result<Option<Pulled<PriceRow>>> {
        let Some(rows) = &self.prices else { return Ok(None) };
        let rows = rows.iter().filter(|row| of.contains(&row.product)).cloned().collect();
        self.faults.rows(&self.descriptor, Listing::Prices, rows, watch).map(Some)
    }

    async fn dependencies(&self, of: &[VendorProductId], watch: &dyn Watch) -> Result<Option<Pulled<CommitmentRule>>> {
        let Some(rules) = &self.dependencies else { return Ok(None) };
        let rules = rules.iter().filter(|rule| of.contains(&rule.product)).cloned();
        self.faults.listed(&self.descriptor, Listing::Dependencies, rules, watch).map(Some)
    }

    async fn subscriptions(&self, watch: &dyn Watch) -> Result<Pulled<Subscription>> {
        self.faults.listed(&self.descriptor, Listing::Subscriptions, self.subscriptions.clone(), watch)
    }

    async fn history(&self, of: &[SubscriptionId], watch: &dyn Watch) -> Result<Option<Pulled<Subscription>>> {
        let Some(states) = &self.history else { return Ok(None) };
        let states = states.iter().filter(|state| of.contains(&state.id)).cloned().collect();
        self.faults.rows(&self.descriptor, Listing::History, states, watch).map(Some)
    }

    async fn invoices(&self, _period: BillingPeriod, watch: &dyn Watch) -> Result<Option<Pulled<VendorInvoice>>> {
        let Some(invoices) = &self.invoices else { return Ok(None) };
        self.faults.listed(&self.descriptor, Listing::Invoices, invoices.clone(), watch).map(Some)
    }

    async fn charges(&self, _period: BillingPeriod, watch: &dyn Watch) -> Result<Pulled<VendorCharge>> {
        self.faults.listed(&self.descriptor, Listing::Charges, self.charges.clone(), watch)
    }

    async fn draft_charges(&self, month: DraftMonth, watch: &dyn Watch) -> Result<Option<Pulled<VendorCharge>>> {
        let Some(drafts) = &self.drafts else { return Ok(None) };
        let drafts = match month {
            DraftMonth::Current => drafts.clone(),
            DraftMonth::Next => Vec::new(),
        };
        self.faults.listed(&self.descriptor, Listing::Drafts, drafts, watch).map(Some)
    }

    async fn usage(&self, of: &[SubscriptionId], watch: &dyn Watch) -> Result<Option<Pulled<UsageSummary>>> {
        let Some(usage) = &self.usage else { return Ok(None) };
        let usage = usage.iter().filter(|summary| of.contains(&summary.subscription)).cloned();
        self.faults.listed(&self.descriptor, Listing::Usage, usage, watch).map(Some)
    }

    async fn usage_lines(
        &self,
        of: &[UsageSummary],
        period: BillingPeriod,
        watch: &dyn Watch,
    ) -> Result<Option<Pulled<UsageLine>>> {
        let Some(lines) = &self.usage_lines else { return Ok(None) };
        let asked = |line: &&UsageLine| period.contains(line.day) && of.iter().any(|s| s.id == line.summary);
        let lines = lines.iter().filter(asked).cloned().collect();
        self.faults.rows(&self.descriptor, Listing::UsageLines, lines, watch).map(Some)
    }

    async fn assignments(&self, watch: &dyn Watch) -> Result<Option<Pulled<Assignment>>> {
        let Some(given) = &self.assignments else { return Ok(None) };
        self.faults.listed(&self.descriptor, Listing::Assignments, given.clone(), watch).map(Some)
    }
}

/// A PSA in memory.
#[derive(Debug)]
pub struct MemoryPsa {
    descriptor: Descriptor,
    faults: Faults,
    /// Its customers.
    pub customers: Vec<PsaCustomer>,
    /// Its catalogue.
    pub products: Vec<PsaProduct>,
    /// What it bills.
    pub billed_lines: Vec<BilledLine>,
    /// The tickets that were made, by their keys; the number is the place.
    pub tickets: Mutex<Vec<String>>,
    /// Its bundles; `None` where it knows none.
    pub bundles: Option<Vec<(PsaProductId, Vec<BundlePart>)>>,
}

impl MemoryPsa {
    /// An empty PSA.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            descriptor: described(name, Side::Psa),
            faults: Faults::default(),
            customers: Vec::new(),
            products: Vec::new(),
            billed_lines: Vec::new(),
            tickets: Mutex::default(),
            bundles: None,
        }
    }

    /// Lets a listing fail.
    pub fn fail(&self, listing: Listing, fault: Fault) {
        self.faults.set(listing, fault);
    }
}

#[async_trait]
impl PsaConnector for MemoryPsa {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    async fn check(&self, watch: &dyn Watch) -> Vec<CheckLine> {
        let _watched = Watched::listing(watch, &self.descriptor.name, "check");
        self.faults.check(&self.descriptor, &[Listing::Customers, Listing::Products, Listing::BilledLines])
    }

    async fn customers(&self, watch: &dyn Watch) -> Result<Pulled<PsaCustomer>> {
        self.faults.listed(&self.descriptor, Listing::Customers, self.customers.clone(), watch)
    }

    async fn products(&self, watch: &dyn Watch) -> Result<Pulled<PsaProduct>> {
        self.faults.listed(&self.descriptor, Listing::Products, self.products.clone(), watch)
    }

    async fn billed_lines(&self, _period: BillingPeriod, watch: &dyn Watch) -> Result<Pulled<BilledLine>> {
        self.faults.listed(&self.descriptor, Listing::BilledLines, self.billed_lines.clone(), watch)
    }

    fn tickets(&self) -> Option<&dyn TicketSink> {
        Some(self)
    }

    async fn bundles(&self, _watch: &dyn Watch) -> Result<Option<Vec<(PsaProductId, Vec<BundlePart>)>>> {
        let problems = self.faults.strike(&self.descriptor.name, Listing::Bundles)?;
        match problems.first() {
            Some(problem) => {
                let kind = ErrorKind::Malformed { at: problem.at.clone(), what: problem.to_string() };
                Err(ConnectorError::new(&self.descriptor.name, "list Bundles", kind))
            }
            None => Ok(self.bundles.clone()),
        }
    }
}

#[async_trait]
impl TicketSink for MemoryPsa {
    async fn find_tickets(&self, key: &str) -> Result<Vec<String>> {
        let made = self.tickets.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(made.iter().zip(1..).filter(|(known, _)| *known == key).map(|(_, number)| number.to_string()).collect())
    }

    async fn make_ticket(&self, draft: &TicketDraft<'_>) -> Result<Outcome<String>> {
        let lost = match self.faults.strike(&self.descriptor.name, Listing::Tickets) {
            Ok(problems) if !problems.is_empty() => return Ok(Outcome::Done("0".to_owned())),
            Ok(_) => None,
            Err(ConnectorError { kind: ErrorKind::Auth(message), .. }) => {
                return Ok(Outcome::Refused(Refusal {
                    status: 403,
                    as_what: RefusedAs::Forbidden,
                    kind: None,
                    message,
                }));
            }
            Err(error) => Some(error.to_string()),
        };
        let mut made = self.tickets.lock().unwrap_or_else(PoisonError::into_inner);
        made.push(draft.key.to_owned());
        Ok(lost.map_or_else(|| Outcome::Done(made.len().to_string()), Outcome::Unknown))
    }

    async fn read_back(&self, draft: &TicketDraft<'_>, number: &str) -> Result<ReadBack> {
        let made = self.tickets.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = made.iter().zip(1_usize..).find(|(_, known)| known.to_string() == number);
        Ok(kept.map_or(ReadBack::Missing, |(key, _)| {
            ReadBack::There(if key == draft.key { Vec::new() } else { vec!["key".to_owned()] })
        }))
    }

    fn shown(&self, draft: &TicketDraft<'_>) -> Result<String> {
        Ok(format!("{}: {}", draft.customer, draft.summary))
    }
}
