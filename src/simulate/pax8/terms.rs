//! Pax8's terms: how long each lasts, how the areas spell it, and what a commitment allows.
//!
//! Invariant: the id of a commitment term is the same wherever it is shown.

use serde_json::{Value, json};

use crate::simulate::json::uuid;

/// The billing terms as subscriptions, orders and prices spell them.
pub(super) const BILLING: [&str; 7] = ["Monthly", "Annual", "2-Year", "3-Year", "One-Time", "Trial", "Activation"];

/// Months a billing or commitment term lasts; `None` for what is charged once or not at all.
pub(super) fn months(term: &str) -> Option<u32> {
    match term {
        "Monthly" => Some(1),
        "Annual" | "1-Year" => Some(12),
        "2-Year" => Some(24),
        "3-Year" => Some(36),
        _ => None,
    }
}

/// A billing term as invoice items spell it.
pub(super) fn on_items(term: &str) -> String {
    term.replace("-Year", " Year")
}

/// What a commitment of some term allows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Commitment {
    pub(super) term: &'static str,
    /// Whether another term follows by itself.
    pub(super) auto_renew: bool,
    pub(super) decrease: bool,
    pub(super) early_cancellation: bool,
    /// Days before and after the end of a term in which everything is allowed.
    pub(super) window: (u64, u64),
}

/// What can be chosen where a commitment is required.
const COMMITMENTS: [Commitment; 3] = [
    Commitment { term: "Monthly", auto_renew: true, decrease: true, early_cancellation: true, window: (0, 0) },
    Commitment { term: "1-Year", auto_renew: true, decrease: false, early_cancellation: false, window: (30, 7) },
    Commitment { term: "3-Year", auto_renew: true, decrease: false, early_cancellation: false, window: (30, 7) },
];
/// Renews by itself, and gives nothing back once it has.
const QUILLMARK: [Commitment; 1] =
    [Commitment { term: "1-Year", auto_renew: true, decrease: false, early_cancellation: false, window: (30, 0) }];
/// Ends unless it is ordered again.
const STONEFERN: [Commitment; 1] =
    [Commitment { term: "1-Year", auto_renew: false, decrease: false, early_cancellation: false, window: (30, 0) }];

impl Commitment {
    /// What a vendor lets one choose from.
    pub(super) fn all_of(vendor: &str) -> &'static [Self] {
        match vendor {
            "Quillmark" => &QUILLMARK,
            "Stonefern" => &STONEFERN,
            _ => &COMMITMENTS,
        }
    }

    pub(super) fn of_term(vendor: &str, term: &str) -> Option<&'static Self> {
        Self::all_of(vendor).iter().find(|c| c.term == term)
    }

    pub(super) fn of_id(vendor: &str, id: &str) -> Option<&'static Self> {
        Self::all_of(vendor).iter().find(|c| id_of(c.term).eq_ignore_ascii_case(id))
    }

    pub(super) fn show(self) -> Value {
        json!({
            "id": id_of(self.term),
            "term": self.term,
            "autoRenew": self.auto_renew,
            "renewalWindowDaysBeforeTermEnd": self.window.0,
            "renewalWindowDaysAfterTermEnd": self.window.1,
            "allowForQuantityIncrease": true,
            "allowForQuantityDecrease": self.decrease,
            "allowForEarlyCancellation": self.early_cancellation,
            "cancellationFeeApplied": !self.early_cancellation,
            "isTransferable": false,
        })
    }
}

/// The id of a commitment term.
pub(super) fn id_of(term: &str) -> String {
    uuid(&format!("commitment/{term}"))
}
