//! Connectors: what every vendor and every PSA must be able to say, and nothing about how.
//!
//! A connector reads whole listings. It turns an unreadable record into a [`Problem`](crate::core::snapshot::Problem) and
//! goes on; it never filters silently, never invents a default for a missing field, and never calls a listing complete that
//! it has not counted. Abilities a system may lack answer `Ok(None)`. The traits hold no write and no delete:
//! what a person changes goes through the connector itself and the journal, see `engine/write.rs`.

pub mod environment;
pub mod error;
pub mod files;
pub mod http;
pub mod listing;
pub mod memory;
pub mod pax8;
pub mod rest;
pub mod sink;
pub mod tickets;
pub mod watch;
pub mod writing;

use async_trait::async_trait;

use crate::connectors::writing::RecordSink;
use crate::core::billing::{
    Assignment, BilledLine, Subscription, UsageLine, UsageSummary, VendorCharge, VendorInvoice,
};
use crate::core::customer::{PsaCustomer, VendorCustomer};
use crate::core::id::{SubscriptionId, VendorProductId};
use crate::core::link::BundlePart;
use crate::core::period::BillingPeriod;
use crate::core::product::{CommitmentRule, PriceRow, PsaProduct, VendorProduct};
use crate::core::snapshot::{Problem, Pulled};
pub use environment::Environment;
pub use error::{ConnectorError, ErrorKind};
pub use sink::Sink;
use sink::hand_on;
pub use tickets::{ReadBack, TicketDraft, TicketSink};
pub use watch::{Unwatched, Waiting, Watch, Watched, Way};

/// What a connector's method answers.
pub type Result<T> = std::result::Result<T, ConnectorError>;

/// Which side a connector speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// A distributor.
    Vendor,
    /// A PSA or ERP.
    Psa,
}

/// What a connector is, for plans, receipts and `trueup connectors list`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// `pax8`, `rest`, `files`, `memory`.
    pub kind: &'static str,
    /// The name the user gave the connection.
    pub name: String,
    /// Its side.
    pub side: Side,
    /// Where it reads, for people: a base URL or a folder. Never holds a secret.
    pub location: String,
}

/// One line of `trueup check`: one right or one reachable thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckLine {
    /// What was tried, in the user's words: `list companies`.
    pub what: String,
    /// What was seen, or what went wrong; where it was not tried, why not.
    pub outcome: std::result::Result<String, CheckFailed>,
    /// Whether it was looked at. What was not is neither right nor wrong.
    pub tried: bool,
}

impl CheckLine {
    /// Of something that was tried.
    pub fn new(what: impl Into<String>, outcome: std::result::Result<String, CheckFailed>) -> Self {
        Self { what: what.into(), outcome, tried: true }
    }

    /// Of something that cannot be tried, and why.
    pub fn not_tried(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { what: what.into(), outcome: Ok(why.into()), tried: false }
    }
}

/// Why a thing that was tried did not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckFailed {
    /// What went wrong, and what to do about it.
    pub what: String,
    /// The remote refused the credentials, or they lack a right.
    pub credentials: bool,
    /// The settings of the connection cannot work.
    pub settings: bool,
}

impl CheckFailed {
    /// What is left when a system did not answer: asking it again would only take time.
    #[must_use]
    pub fn not_tried() -> Self {
        Self::new("not tried: the system does not answer")
    }

    /// Something other than a refusal of the credentials, or of the settings.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), credentials: false, settings: false }
    }

    /// An error, and what to do about it.
    #[must_use]
    pub fn of(error: &ConnectorError, advice: &str) -> Self {
        let (credentials, settings) =
            (matches!(error.kind, ErrorKind::Auth(_)), matches!(error.kind, ErrorKind::Settings(_)));
        Self { what: format!("{error}; {advice}"), credentials, settings }
    }
}

/// Which month of charges that are not invoiced yet. Source: Pax8 `monthOffset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DraftMonth {
    /// The running month.
    Current,
    /// The following one.
    Next,
}

/// A distributor.
#[async_trait]
pub trait VendorConnector: Send + Sync {
    /// What this connection is.
    fn descriptor(&self) -> &Descriptor;
    /// Tries each thing it needs, watched one by one; never fails as a whole.
    async fn check(&self, watch: &dyn Watch) -> Vec<CheckLine>;
    /// Its companies.
    async fn customers(&self, watch: &dyn Watch) -> Result<Pulled<VendorCustomer>>;
    /// Its companies with their contacts; `None` where the system has none.
    async fn customers_with_contacts(&self, watch: &dyn Watch) -> Result<Option<Pulled<VendorCustomer>>>;
    /// Its catalogue.
    async fn products(&self, watch: &dyn Watch) -> Result<Pulled<VendorProduct>>;
    /// The price rows of some products; `None` where the system has no price list.
    async fn prices(&self, products: &[VendorProductId], watch: &dyn Watch) -> Result<Option<Pulled<PriceRow>>>;
    /// What ordering some products binds to; `None` where the system does not say.
    async fn dependencies(
        &self,
        products: &[VendorProductId],
        watch: &dyn Watch,
    ) -> Result<Option<Pulled<CommitmentRule>>>;
    /// What is held.
    async fn subscriptions(&self, watch: &dyn Watch) -> Result<Pulled<Subscription>>;
    /// Earlier states of some subscriptions, oldest first; `None` where the system keeps none.
    async fn history(&self, of: &[SubscriptionId], watch: &dyn Watch) -> Result<Option<Pulled<Subscription>>>;
    /// The documents dated in a period and the month after it (arrears, late items), maybe others; `None` where there are
    /// only lines.
    async fn invoices(&self, period: BillingPeriod, watch: &dyn Watch) -> Result<Option<Pulled<VendorInvoice>>>;
    /// Every line of the documents dated in the period, and those of the month after that charge for it (arrears, late
    /// items), but perhaps not of those withdrawn; others may be among them, `reconcile` judges by their dates and their
    /// documents.
    async fn charges(&self, period: BillingPeriod, watch: &dyn Watch) -> Result<Pulled<VendorCharge>>;
    /// What would be charged; `None` where the system publishes no drafts.
    async fn draft_charges(&self, month: DraftMonth, watch: &dyn Watch) -> Result<Option<Pulled<VendorCharge>>>;
    /// Metered totals of some subscriptions; `None` where the system meters nothing.
    async fn usage(&self, of: &[SubscriptionId], watch: &dyn Watch) -> Result<Option<Pulled<UsageSummary>>>;
    /// Metered lines of a month of some summaries; `None` where the system meters nothing.
    async fn usage_lines(
        &self,
        of: &[UsageSummary],
        period: BillingPeriod,
        watch: &dyn Watch,
    ) -> Result<Option<Pulled<UsageLine>>>;
    /// How many seats are given to people; `None` where the system does not know.
    async fn assignments(&self, watch: &dyn Watch) -> Result<Option<Pulled<Assignment>>>;

    /// Its companies, handed on as they arrive; what could not be read is answered.
    async fn customers_into(&self, into: &mut dyn Sink<VendorCustomer>, watch: &dyn Watch) -> Result<Vec<Problem>> {
        hand_on(self.customers(watch).await?, into).await
    }
    /// Its catalogue, handed on as it arrives.
    async fn products_into(&self, into: &mut dyn Sink<VendorProduct>, watch: &dyn Watch) -> Result<Vec<Problem>> {
        hand_on(self.products(watch).await?, into).await
    }
    /// What is held, handed on as it arrives.
    async fn subscriptions_into(&self, into: &mut dyn Sink<Subscription>, watch: &dyn Watch) -> Result<Vec<Problem>> {
        hand_on(self.subscriptions(watch).await?, into).await
    }
    /// The lines of [`VendorConnector::charges`], handed on as they arrive.
    async fn charges_into(
        &self,
        period: BillingPeriod,
        into: &mut dyn Sink<VendorCharge>,
        watch: &dyn Watch,
    ) -> Result<Vec<Problem>> {
        hand_on(self.charges(period, watch).await?, into).await
    }
}

/// A PSA or ERP.
#[async_trait]
pub trait PsaConnector: Send + Sync {
    /// What this connection is.
    fn descriptor(&self) -> &Descriptor;
    /// Tries each thing it needs, watched one by one; never fails as a whole.
    async fn check(&self, watch: &dyn Watch) -> Vec<CheckLine>;
    /// Its customers.
    async fn customers(&self, watch: &dyn Watch) -> Result<Pulled<PsaCustomer>>;
    /// Its catalogue.
    async fn products(&self, watch: &dyn Watch) -> Result<Pulled<PsaProduct>>;
    /// What it bills in a period; lines that do not bill in it may be among them, `reconcile` judges by their dates.
    async fn billed_lines(&self, period: BillingPeriod, watch: &dyn Watch) -> Result<Pulled<BilledLine>>;
    /// Where its tickets go; `None` where none can be made.
    fn tickets(&self) -> Option<&dyn TicketSink> {
        None
    }
    /// Where its records are written; `None` where they cannot be.
    fn records(&self) -> Option<&dyn RecordSink> {
        None
    }
    /// Its bundles; `None` where the system knows none.
    async fn bundles(&self, watch: &dyn Watch)
    -> Result<Option<Vec<(crate::core::id::PsaProductId, Vec<BundlePart>)>>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_check_says_whether_credentials_or_settings_are_to_blame() {
        for (kind, credentials, settings) in [
            (ErrorKind::Settings("psa.example leads to 10.0.0.5".into()), false, true),
            (ErrorKind::Auth("no".into()), true, false),
            (ErrorKind::Transient("away".into()), false, false),
        ] {
            let failed = CheckFailed::of(&ConnectorError::new("psa", "GET /x", kind), "mend it");
            assert_eq!((failed.credentials, failed.settings), (credentials, settings), "{}", failed.what);
        }
    }
}
