//! The three legs of reconciliation: what is held, what the distributor charged, what the PSA bills.
//!
//! Values keep the source's own words where a closed set would have to guess; `reconcile` decides what they mean.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::core::id::{
    BilledLineId, ChargeId, InvoiceId, PsaCompanyId, PsaProductId, SubscriptionId, VendorCompanyId, VendorProductId,
};
use crate::core::money::{Amount, Currency, UnitPrice};
use crate::core::quantity::Quantity;
use crate::core::record::{Keyed, Record};

/// One purchase of one product by one customer at the distributor.
pub type Subscription = Record<SubscriptionId, SubscriptionFields>;

/// What is known of a subscription. Source: Pax8 `GET /subscriptions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionFields {
    /// The customer.
    pub company: VendorCompanyId,
    /// The product.
    pub product: VendorProductId,
    /// How many are held; `None` when the source did not say.
    pub quantity: Option<Quantity>,
    /// First day.
    pub start: Option<NaiveDate>,
    /// Last day or day of the end, as the source counts; `None` while open-ended.
    pub end: Option<NaiveDate>,
    /// The first charged day.
    pub billing_start: Option<NaiveDate>,
    /// The source's own word, see [`SubscriptionState`]; it does not decide charging, dates do.
    pub status: String,
    /// Unit price to the customer.
    pub price: Option<UnitPrice>,
    /// Unit cost to the partner.
    pub cost: Option<UnitPrice>,
    /// Currency of both.
    pub currency: Option<Currency>,
    /// How often it is charged, as written.
    pub billing_term: Option<String>,
    /// How long one is bound, as written.
    pub commitment_term: Option<String>,
    /// When the commitment ends.
    pub commitment_end: Option<NaiveDate>,
    /// The manufacturer's own subscription id.
    pub vendor_subscription: Option<String>,
    /// When the source last changed it, as written; orders the rows of a history.
    pub updated: Option<String>,
}

/// What the word for a subscription's state says beside its dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubscriptionState {
    /// It is tried out.
    Trial,
    /// It was cancelled and runs to its end.
    Ending,
    /// It was cancelled and is over.
    Cancelled,
    /// Another subscription took its place.
    Converted,
}

impl SubscriptionState {
    /// Reads the source's word; case, blanks and dashes are spelling. Any other word says nothing of an end.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Some(match squeezed(word).as_str() {
            "trial" => Self::Trial,
            "pendingcancel" => Self::Ending,
            "cancelled" | "canceled" => Self::Cancelled,
            "converted" => Self::Converted,
            _ => return None,
        })
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_over(self) -> bool {
        match self {
            Self::Cancelled | Self::Converted => true,
            Self::Trial | Self::Ending => false,
        }
    }

    /// Whether somebody cancelled it.
    #[must_use]
    pub fn was_cancelled(self) -> bool {
        match self {
            Self::Ending | Self::Cancelled => true,
            Self::Trial | Self::Converted => false,
        }
    }
}

/// What kind of charge a line is. Source: Pax8 invoice item `type`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum ChargeKind {
    /// The recurring charge, and metered usage (term `Arrears`).
    Subscription,
    /// Part of a period, after a change.
    Prorate,
    /// A single purchase.
    OneTime,
    /// The distributor's fee.
    ServiceCharge,
    /// A correction.
    ServiceCredit,
    /// A correction of a whole invoice.
    InvoiceCredit,
    /// A programme reduction.
    Rebate,
    /// A payment shown as a line: not a reduction of cost.
    PaymentCredit,
    /// A word this program does not know. It is counted by its amounts, and named.
    Other(Box<str>),
}

impl ChargeKind {
    /// Reads the source's word; `_` and case are spelling, not meaning.
    #[must_use]
    pub fn of(word: &str) -> Self {
        let known = |w: &str| {
            Some(match w {
                "subscription" => Self::Subscription,
                "prorate" => Self::Prorate,
                "one-time" => Self::OneTime,
                "service-charge" => Self::ServiceCharge,
                "service-credit" => Self::ServiceCredit,
                "invoice-credit" => Self::InvoiceCredit,
                "rebate" => Self::Rebate,
                "payment-credit" => Self::PaymentCredit,
                _ => return None,
            })
        };
        known(word)
            .or_else(|| known(&word.trim().to_ascii_lowercase().replace(['_', ' '], "-")))
            .unwrap_or_else(|| Self::Other(word.into()))
    }

    /// The word as this program writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Subscription => "subscription",
            Self::Prorate => "prorate",
            Self::OneTime => "one-time",
            Self::ServiceCharge => "service-charge",
            Self::ServiceCredit => "service-credit",
            Self::InvoiceCredit => "invoice-credit",
            Self::Rebate => "rebate",
            Self::PaymentCredit => "payment-credit",
            Self::Other(word) => word,
        }
    }
}

impl From<String> for ChargeKind {
    fn from(word: String) -> Self {
        Self::of(&word)
    }
}
impl From<ChargeKind> for String {
    fn from(kind: ChargeKind) -> Self {
        kind.as_str().to_owned()
    }
}

/// How a document counts the end of a service period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndRule {
    /// The end is the last day.
    Inclusive,
    /// The end is the day after the last.
    Exclusive,
    /// Both stand on one document: its ends cannot be read.
    Mixed,
}

/// One line of a distributor's invoice: what the MSP is charged, and the price the distributor suggests for the customer.
///
/// Source: Pax8 `GET /invoices/{id}/items`. Only `cost_total` has one meaning in all sources; nothing is derived from
/// `quantity` × unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VendorCharge {
    /// The line's id; sources that number no lines get `invoice#position`.
    pub id: ChargeId,
    /// The document it stands on; `None` for drafts and for exports that do not say.
    pub invoice: Option<InvoiceId>,
    /// What kind of charge.
    pub kind: ChargeKind,
    /// The customer; `None` on lines that concern the partner alone.
    pub company: Option<VendorCompanyId>,
    /// The customer's name on the document.
    pub company_name: Option<String>,
    /// The product; may be missing on credits.
    pub product: Option<VendorProductId>,
    /// The product's name on the document.
    pub product_name: Option<String>,
    /// The distributor's article code.
    pub sku: Option<String>,
    /// The subscription charged for.
    pub subscription: Option<SubscriptionId>,
    /// First day of the service period.
    pub start: NaiveDate,
    /// End of the service period as written: some sources mean the last day, some the day after.
    pub end: Option<NaiveDate>,
    /// What `end` means, as the other lines of its document show; `None` where they show nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_rule: Option<EndRule>,
    /// How many; negative on some credits.
    pub quantity: Quantity,
    /// Unit of measure.
    pub unit: Option<String>,
    /// Billing term as written; metered charges say `Arrears`.
    pub term: Option<String>,
    /// `flat`, `volume`, `tiered`, `markup`, as written.
    pub rate_type: Option<String>,
    /// `per` or `flat`, as written.
    pub charge_type: Option<String>,
    /// The customer's unit price.
    pub price: UnitPrice,
    /// The customer's amount (Pax8 `subTotal`).
    pub amount: Amount,
    /// The partner's unit cost.
    pub cost: UnitPrice,
    /// The partner's amount (Pax8 `costTotal`).
    pub cost_total: Amount,
    /// Sales tax; `None` when the source did not say.
    pub tax: Option<Amount>,
    /// What is due for the line, as the source says.
    pub amount_due: Option<Amount>,
    /// Currency of every amount.
    pub currency: Currency,
    /// Free text of the line.
    pub description: Option<String>,
}

impl Keyed for VendorCharge {
    fn key(&self) -> String {
        self.id.to_string()
    }
}

/// The head of a distributor's invoice. Source: Pax8 `GET /invoices`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VendorInvoice {
    /// The document's id.
    pub id: InvoiceId,
    /// When it was issued.
    pub date: NaiveDate,
    /// When it falls due.
    pub due: Option<NaiveDate>,
    /// As written, see [`InvoiceState`]; `None` when the source did not say.
    pub status: Option<String>,
    /// The document's total.
    pub total: Option<Amount>,
    /// What is still owed.
    pub balance: Option<Amount>,
    /// What was owed before this document.
    pub carried: Option<Amount>,
    /// Currency of the document.
    pub currency: Currency,
    /// The partner it is addressed to.
    pub partner: Option<String>,
}

impl Keyed for VendorInvoice {
    fn key(&self) -> String {
        self.id.to_string()
    }
}

impl VendorInvoice {
    /// Whether the document was withdrawn and replaced: its lines are not cost (architecture of Pax8 re-issues).
    #[must_use]
    pub fn is_superseded(&self) -> bool {
        self.status.as_deref().and_then(InvoiceState::of) == Some(InvoiceState::Withdrawn)
    }
}

/// What the status of a document says of its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvoiceState {
    /// They are cost, paid or not.
    Charged,
    /// They were taken back: the document is void, or another took its place.
    Withdrawn,
}

impl InvoiceState {
    /// Reads the source's word; case and blanks are spelling. The words of Pax8 and plain synonyms are known; a word like
    /// `Refunded` or `Draft` may mean either, so it is not guessed.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Some(match squeezed(word).as_str() {
            "unpaid" | "paid" | "partiallypaid" | "carried" | "nothingdue" | "open" | "due" | "pastdue" | "overdue"
            | "sent" | "approved" | "posted" | "issued" | "closed" => Self::Charged,
            "void" | "voided" | "credited" | "cancelled" | "canceled" | "withdrawn" | "superseded" | "deleted" => {
                Self::Withdrawn
            }
            _ => return None,
        })
    }
}

/// Letters in lower case; everything else is spelling.
fn squeezed(word: &str) -> String {
    word.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect()
}

/// A metered total of one subscription. Source: Pax8 `GET /subscriptions/{id}/usage-summaries`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageSummary {
    /// The summary's id.
    pub id: String,
    /// The customer, when the usage is assigned to one.
    pub company: Option<VendorCompanyId>,
    /// The metered product.
    pub product: Option<VendorProductId>,
    /// The subscription it hangs on.
    pub subscription: SubscriptionId,
    /// The vendor's grouping.
    pub resource_group: Option<String>,
    /// The customer's charges of the current month.
    pub charges: Amount,
    /// The partner's cost of the current month.
    pub cost: Amount,
    /// Currency of both.
    pub currency: Currency,
}

impl Keyed for UsageSummary {
    fn key(&self) -> String {
        self.id.clone()
    }
}

/// One day's metered use. Source: Pax8 `GET /usage-summaries/{id}/usage-lines`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageLine {
    /// The summary it belongs to.
    pub summary: String,
    /// The metered product.
    pub product: Option<VendorProductId>,
    /// The meter's name.
    pub product_name: Option<String>,
    /// The day of use.
    pub day: NaiveDate,
    /// How much.
    pub quantity: Quantity,
    /// Unit of measure.
    pub unit: Option<String>,
    /// The customer's unit price.
    pub price: Option<UnitPrice>,
    /// The customer's charge.
    pub charges: Amount,
    /// The partner's cost.
    pub cost: Amount,
    /// Currency of the amounts.
    pub currency: Currency,
}

impl Keyed for UsageLine {
    fn key(&self) -> String {
        let product = self.product.as_ref().map_or("", |id| id.as_str());
        let name = self.product_name.as_deref().unwrap_or_default();
        format!("{}|{}|{product}|{name}", self.summary, self.day)
    }
}

/// How many seats of a product a customer has given to people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// The customer.
    pub company: VendorCompanyId,
    /// The product.
    pub product: VendorProductId,
    /// How many.
    pub assigned: Quantity,
    /// The day it was counted; `None` when the source did not say.
    pub day: Option<NaiveDate>,
}

impl Keyed for Assignment {
    fn key(&self) -> String {
        format!("{}|{}", self.company, self.product)
    }
}

/// Whether a PSA line reaches the customer's invoice. Source: ConnectWise addition `billCustomer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum BillCustomer {
    /// Billed.
    Billable,
    /// Delivered free of charge.
    NoCharge,
    /// Kept off the invoice.
    DoNotBill,
}

impl BillCustomer {
    /// Reads the source's word; case and blanks are spelling.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Some(match squeezed(word).as_str() {
            "billable" => Self::Billable,
            "nocharge" => Self::NoCharge,
            "donotbill" => Self::DoNotBill,
            _ => return None,
        })
    }
}

/// What the state of an agreement says of its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgreementState {
    /// They are billed.
    Active,
    /// They are not: it has not begun, rests or has ended.
    Inactive,
}

impl AgreementState {
    /// Reads the source's word; case and blanks are spelling.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Some(match squeezed(word).as_str() {
            "active" => Self::Active,
            "inactive" | "cancelled" | "canceled" | "expired" | "pending" | "draft" | "suspended" | "onhold"
            | "terminated" | "ended" | "closed" => Self::Inactive,
            _ => return None,
        })
    }

    /// The word as lines carry it: `Active` in this one spelling, any other as written.
    #[must_use]
    pub fn word(word: &str) -> Option<&str> {
        Self::of(word).map(|state| match state {
            Self::Active => "Active",
            Self::Inactive => word,
        })
    }
}

/// Whether a PSA line charges or credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// A recurring charge.
    Recurring,
    /// A credit.
    Credit,
}

impl LineKind {
    /// Reads the source's word; case and blanks are spelling.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Some(match squeezed(word).as_str() {
            "recurring" => Self::Recurring,
            "credit" => Self::Credit,
            _ => return None,
        })
    }
}

/// One recurring line of the PSA: what the customer is billed for a product in the period.
///
/// Source: the additions of a ConnectWise agreement, and their like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BilledLine {
    /// The line's id.
    pub id: BilledLineId,
    /// The agreement or contract it stands on.
    pub agreement: Option<String>,
    /// The agreement's state, see [`AgreementState::word`]; only `Active` bills.
    pub agreement_status: String,
    /// The customer.
    pub company: PsaCompanyId,
    /// The customer's name on the line.
    pub company_name: Option<String>,
    /// The product.
    pub product: PsaProductId,
    /// The product's code on the line.
    pub product_code: Option<String>,
    /// Free text of the line.
    pub description: Option<String>,
    /// Charge or credit.
    pub kind: LineKind,
    /// Units on the line, included ones too.
    pub quantity: Quantity,
    /// Units already covered by a flat fee.
    pub included: Quantity,
    /// The customer's unit price.
    pub price: UnitPrice,
    /// The booked unit cost.
    pub cost: UnitPrice,
    /// What the PSA bills for the period.
    pub amount: Amount,
    /// What the PSA books as cost for the period.
    pub cost_total: Amount,
    /// Whether it reaches the invoice.
    pub bill: BillCustomer,
    /// First billed day.
    pub effective: NaiveDate,
    /// The day it ended; `None` while open.
    pub cancelled: Option<NaiveDate>,
    /// Currency of the amounts.
    pub currency: Currency,
}

impl Keyed for BilledLine {
    fn key(&self) -> String {
        self.id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_of_a_document_says_whether_its_lines_are_cost_or_says_nothing() {
        for (words, state) in [
            ("Unpaid Paid Carried NothingDue Open due OVERDUE Sent approved", Some(InvoiceState::Charged)),
            (
                "Void void VOIDED Credited Cancelled canceled Withdrawn Superseded Deleted",
                Some(InvoiceState::Withdrawn),
            ),
            ("Draft Storniert Refunded Payd", None),
        ] {
            for word in words.split(' ') {
                assert_eq!(InvoiceState::of(word), state, "{word}");
            }
        }
        for (word, state) in [("Nothing Due", Some(InvoiceState::Charged)), ("", None), ("—", None)] {
            assert_eq!(InvoiceState::of(word), state, "{word}");
        }
    }

    #[test]
    fn the_word_of_a_subscription_says_that_it_ends_in_any_spelling() {
        for (words, state, is_over, was_cancelled) in [
            ("Trial|TRIAL", SubscriptionState::Trial, false, false),
            ("PendingCancel|pending_cancel|Pending Cancel", SubscriptionState::Ending, false, true),
            ("Cancelled|canceled|CANCELLED", SubscriptionState::Cancelled, true, true),
            ("Converted|converted", SubscriptionState::Converted, true, false),
        ] {
            for word in words.split('|') {
                assert_eq!(SubscriptionState::of(word), Some(state), "{word}");
            }
            assert_eq!((state.is_over(), state.was_cancelled()), (is_over, was_cancelled), "{state:?}");
        }
        for word in ["Active", "PendingManual", "Activated", "Cancel", ""] {
            assert_eq!(SubscriptionState::of(word), None, "{word}");
        }
    }

    #[test]
    fn an_agreement_bills_when_its_word_is_active_in_any_case() {
        for word in ["Active", "active", "ACTIVE", " Active "] {
            assert_eq!(AgreementState::word(word), Some("Active"), "{word}");
        }
        for word in ["Inactive", "cancelled", "Canceled", "Expired", "Pending", "On Hold"] {
            assert_eq!(AgreementState::word(word), Some(word), "{word}");
        }
        for word in ["", "Aktiv", "1", "Activ"] {
            assert_eq!(AgreementState::word(word), None, "{word}");
        }
    }
}
