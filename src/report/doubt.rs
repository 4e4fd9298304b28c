//! Findings that may be due to lines that could not be read.
//!
//! Keeps the invariant that no remedy is offered for what rests on the absence of a side's lines while one of them, of the
//! same customer or of nobody knows whom, could not be read: it may be the very line that is missed.

use std::collections::BTreeMap;

use crate::core::id::Id;
use crate::core::reconcile::held;
use crate::core::reconcile::outcome::{Class, KeyPart, Variance};
use crate::report::Input;
use crate::report::table::{count, counted};

/// The lines of both sides that could not be read.
#[derive(Debug, Default)]
pub(crate) struct Doubts {
    vendor: Unread,
    psa: Unread,
}

/// The lines of one side that could not be read.
#[derive(Debug, Default)]
struct Unread {
    lines: u64,
    /// How many are whose; `None` where they may be anybody's.
    of: Option<BTreeMap<KeyPart, u64>>,
}

impl Unread {
    /// How many may be of a customer; `None` where none can be.
    fn may_be_of(&self, customer: &KeyPart) -> Option<u64> {
        self.of.as_ref().map_or(Some(self.lines), |of| of.get(customer).copied())
    }
}

impl Doubts {
    /// What could not be read of a period.
    pub(crate) fn of(input: &Input<'_>) -> Self {
        let (problems, coverage) = (&input.outcome.problems, &input.outcome.coverage);
        let unread = coverage.vendor_unreadable.saturating_add(coverage.psa_unreadable);
        // A problem beside those of lines is one of a whole file, which may be cut: anybody's lines may be missing.
        let whole_files = count(problems.len()) > unread;
        let side = |lines: u64, of_side: fn(&KeyPart) -> bool| {
            let mut named: BTreeMap<KeyPart, u64> = BTreeMap::new();
            for customer in problems.iter().filter_map(|p| p.customer.as_ref()).filter(|c| of_side(c)) {
                *named.entry(linked(input, customer)).or_default() += 1;
            }
            let all_named = !whole_files && named.values().sum::<u64>() >= lines;
            let of = all_named.then_some(named);
            Unread { lines, of }
        };
        Self {
            vendor: side(coverage.vendor_unreadable, |customer| matches!(customer, KeyPart::Vendor(_))),
            psa: side(coverage.psa_unreadable, |customer| matches!(customer, KeyPart::Psa(_))),
        }
    }

    /// Whether a variance can be acted upon: `unknown` where it may be due to lines that could not be read.
    pub(crate) fn status(&self, v: &Variance) -> &'static str {
        if self.about(v).is_some() { "unknown" } else { "open" }
    }

    /// What to mend before a variance is acted upon; `None` where it rests on lines that were read.
    pub(crate) fn about(&self, v: &Variance) -> Option<Mend> {
        let less = v.amount_variance.is_negative();
        let (psa, vendor) = match v.class() {
            Class::MissingInPsa | Class::QtyUnderbilled => (true, false),
            Class::MissingInVendor | Class::QtyOverbilled => (false, true),
            Class::AmountMismatch => (!less, less),
            // A credit may be missed on the side that seems to have less of it.
            Class::CreditNotPassed => (less, !less),
            Class::UnmappedCompany
            | Class::UnmappedProduct
            | Class::PriceStale
            | Class::CostStale
            | Class::VendorMath
            | Class::Ok => (false, false),
        };
        let (side, unread) = match (psa, vendor) {
            (true, _) => ("the PSA", &self.psa),
            (false, true) => ("the distributor", &self.vendor),
            (false, false) => return None,
        };
        unread.may_be_of(&v.company).map(|lines| Mend { side, lines })
    }
}

/// The customer as cells name it.
fn linked(input: &Input<'_>, customer: &KeyPart) -> KeyPart {
    match customer {
        KeyPart::Psa(_) => customer.clone(),
        KeyPart::Vendor(id) => held::part(&input.names.company_links, &Id::new(id.clone())),
    }
}

/// Lines to be mended first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mend {
    side: &'static str,
    /// Nought where a whole file may be cut.
    lines: u64,
}

impl Mend {
    /// What to do, as a sentence.
    pub(crate) fn advice(self) -> String {
        match self.lines {
            0 => format!("First mend the export of {}: {}.", self.side, self.may_be()),
            lines => format!(
                "First mend the {} of {} that could not be read: {}.",
                counted(lines, "line"),
                self.side,
                self.may_be()
            ),
        }
    }

    /// What to do, for a column.
    pub(crate) fn remedy(self) -> String {
        match self.lines {
            0 => format!("first mend the export of {}", self.side),
            lines => format!("first mend the {} of {}", counted(lines, "unread line"), self.side),
        }
    }

    /// Why, for a column.
    pub(crate) fn note(self) -> String {
        match self.lines {
            0 => format!("the export of {} may be cut: {}", self.side, self.may_be()),
            lines => format!("{} of {} could not be read: {}", counted(lines, "line"), self.side, self.may_be()),
        }
    }

    fn may_be(self) -> &'static str {
        match self.lines {
            0 => "what is missed here may be there",
            1 => "it may be this one",
            _ => "this one may be among them",
        }
    }
}
