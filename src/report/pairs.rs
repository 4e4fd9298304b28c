//! Findings that are one: charged in one currency and billed in another.
//!
//! Keeps the invariant that only equal units of the same customer and product pair up; amounts of two currencies are never
//! compared.

use std::collections::BTreeMap;

use crate::core::money::Currency;
use crate::core::reconcile::outcome::{Class, KeyPart, Variance};
use crate::report::Input;

/// The cells of a customer and product that one side has in one currency and the other side in another.
#[derive(Debug, Default)]
pub(crate) struct Pairs<'v> {
    of: BTreeMap<(&'v KeyPart, &'v KeyPart), Vec<&'v Variance>>,
}

impl<'v> Pairs<'v> {
    /// Those of a period.
    pub(crate) fn of(input: &Input<'v>) -> Self {
        let mut of: BTreeMap<_, Vec<&Variance>> = BTreeMap::new();
        let missing = |v: &&Variance| matches!(v.class(), Class::MissingInPsa | Class::MissingInVendor);
        for v in input.outcome.variances.iter().filter(missing) {
            of.entry((&v.company, &v.product)).or_default().push(v);
        }
        // Of three nobody knows which two belong together.
        of.retain(|_, found| match found.as_slice() {
            [one, other] => one.class() != other.class() && units(one) == units(other),
            _ => false,
        });
        Self { of }
    }

    /// The pair a variance belongs to.
    pub(crate) fn about(&self, v: &Variance) -> Option<Pair> {
        let found = self.of.get(&(&v.company, &v.product))?;
        let currency = |class: Class| found.iter().find(|v| v.class() == class).map(|v| v.currency);
        let (billed, charged) = (currency(Class::MissingInVendor)?, currency(Class::MissingInPsa)?);
        [billed, charged].contains(&v.currency).then_some(Pair { billed, charged })
    }
}

fn units(v: &Variance) -> crate::core::quantity::Quantity {
    if v.class() == Class::MissingInPsa { v.vendor_quantity } else { v.psa_quantity }
}

/// The two currencies of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pair {
    billed: Currency,
    charged: Currency,
}

impl Pair {
    /// What to do, as a sentence.
    pub(crate) fn advice(self) -> String {
        format!("It is billed in {} and charged in {}: correct the agreement's currency.", self.billed, self.charged)
    }

    /// Why nothing of the billed currency is charged, for a column.
    pub(crate) fn suspected(self) -> String {
        format!("charged in {}: the agreement's currency is another", self.charged)
    }

    /// What to do, for a column.
    pub(crate) fn remedy(self) -> String {
        format!("billed in {}, charged in {}: correct the agreement's currency", self.billed, self.charged)
    }
}
