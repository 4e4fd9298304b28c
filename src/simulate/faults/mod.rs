//! How a simulated system misbehaves, and the settings of what it serves.
//!
//! Invariant: without a switch it behaves well and speaks the form of today.

mod rules;
mod words;

use chrono::NaiveDate;

use rules::Rule;
pub(super) use rules::{Counters, Fault, Fired, Seen};

/// Under which name a subscription carries its commitment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commitment {
    /// `commitment`, as seen on the wire.
    Wire,
    /// `commitmentTerm`, as documented.
    Documented,
    /// Both.
    Both,
}

/// What happens to a page size above the documented maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oversize {
    /// 400.
    Refuse,
    /// The maximum is served.
    Clamp,
    /// What was asked for is served.
    Honour,
}

/// Which year's form of the wire is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// As the clients of 2022 expect it: without what was added later.
    Y2022,
    /// Without what the description of 2026 added.
    Y2025,
    /// The published description.
    Y2026,
}

/// What becomes of invoices that turn out wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withdrawn {
    /// None does.
    Never,
    /// Each is credited, and issued again.
    Credited,
    /// Each is void, and issued again.
    Void,
}

/// Every switch of both simulators. `Faults::default()` behaves well; a text such as `429=3,cut=every:7,move@items` is parsed
/// with `parse`. What may stand in the text: [`Faults::SWITCHES`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches of a command line")]
pub struct Faults {
    pub(super) seed: u64,
    rules: Vec<Rule>,
    /// Seconds in `Retry-After`.
    pub retry_after: u64,
    /// Seconds a token is said to live.
    pub expires_in: u64,
    /// Invoice items carry their ids.
    pub item_ids: bool,
    /// Whether a withdrawn invoice stands beside each good one, and how.
    pub withdrawn: Withdrawn,
    /// `endPeriod` is the day after the last.
    pub end_exclusive: bool,
    /// Subscription dates change their shape from row to row.
    pub mixed_dates: bool,
    /// Lists carry what only single reads carry.
    pub full_lists: bool,
    /// `carriedBalance` of every invoice.
    pub carried: String,
    /// The name of the commitment.
    pub commitment: Commitment,
    /// What to do with a page size above the maximum.
    pub oversize: Oversize,
    /// Which year's form is spoken.
    pub shape: Shape,
    /// The day it is; the last of the month of the data when unset.
    pub clock: Option<NaiveDate>,
    /// Days from the making of an invoice, on the 4th, to its approval.
    pub approval: u64,
    /// Days from the approval of a wrong invoice to its credit and the new one.
    pub reissue: u64,
    /// Days from the approval of an invoice until it is paid. None: it never is.
    pub paid: Option<u64>,
    /// Reads until a late write shows.
    pub late_reads: u64,
    /// Milliseconds before each answer.
    pub latency: u64,
    /// Seconds before a slow answer.
    pub slow_seconds: u64,
    /// Calls served in a minute; the others are 429. None: all.
    pub rate: Option<u64>,
    /// Every webhook delivery is made twice.
    pub webhook_duplicates: bool,
    /// Milliseconds until a delivery counts as failed.
    pub webhook_timeout: u64,
    /// Milliseconds between the attempts of a delivery.
    pub webhook_pause: u64,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            seed: 1,
            rules: Vec::new(),
            retry_after: 1,
            expires_in: 86_400,
            item_ids: false,
            withdrawn: Withdrawn::Never,
            end_exclusive: false,
            mixed_dates: true,
            full_lists: false,
            carried: "0".to_owned(),
            commitment: Commitment::Wire,
            oversize: Oversize::Refuse,
            shape: Shape::Y2026,
            clock: None,
            approval: 1,
            reissue: 3,
            paid: None,
            late_reads: 3,
            latency: 0,
            slow_seconds: 31,
            rate: None,
            webhook_duplicates: false,
            webhook_timeout: 10_000,
            webhook_pause: 1_000,
        }
    }
}

impl Faults {
    /// Well behaved, on a day.
    #[must_use]
    pub fn on(day: NaiveDate) -> Self {
        Self { clock: Some(day), ..Self::default() }
    }
}
