//! The likeliest counterpart of each record without a link, of either side: what a report shows beside its money.
//!
//! Keeps the invariant that a record that was looked for and not found is told apart from one that was not looked for.

use std::collections::BTreeMap;

use super::{Permille, Proposal};
use crate::core::reconcile::outcome::KeyPart;

/// By record: its likeliest counterpart and how sure; `None` where it was looked for in vain.
pub type Likeliest = BTreeMap<KeyPart, Option<(KeyPart, Permille)>>;

/// The likeliest counterparts of customers and of products; `None` where none were looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Candidates {
    /// Of customers.
    pub companies: Option<Likeliest>,
    /// Of products.
    pub products: Option<Likeliest>,
}

/// From the proposals of one kind.
#[must_use]
pub fn likeliest<E>(proposals: &[Proposal<E>]) -> Likeliest {
    let mut found = Likeliest::new();
    for proposal in proposals {
        let psa = |id: &str| KeyPart::Psa(id.into());
        let Some(vendor) = &proposal.vendor else {
            if let Some(alone) = &proposal.psa {
                found.entry(psa(alone.as_str())).or_default();
            }
            continue;
        };
        let vendor = KeyPart::Vendor(vendor.as_str().into());
        let proposed = proposal.psa.as_ref().map(|id| (psa(id.as_str()), proposal.score));
        let others = proposal.alternatives.iter().map(|other| (psa(other.psa.as_str()), other.score));
        for (id, score) in proposed.clone().into_iter().chain(others.clone()).filter(|(_, score)| score.0 > 0) {
            let best = found.entry(id).or_default();
            if best.as_ref().is_none_or(|(_, other)| *other < score) {
                *best = Some((vendor.clone(), score));
            }
        }
        let best = proposed.or_else(|| others.into_iter().find(|(_, score)| score.0 > 0));
        found.insert(vendor, best);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::customer::{CustomerFields, PsaCustomer, VendorCustomer};
    use crate::core::id::Id;
    use crate::core::matching::{Known, Rules, customers};
    use crate::core::record::Record;

    #[test]
    fn each_record_has_its_likeliest_counterpart_or_none() {
        let fields = |name: &str| CustomerFields { name: name.into(), ..CustomerFields::default() };
        let vendor = |id: &str, name| VendorCustomer { id: Id::new(id), fields: fields(name), version: None };
        let psa = |id: &str, name| -> PsaCustomer { Record { id: Id::new(id), fields: fields(name), version: None } };
        let sides = (
            [vendor("v1", "Thistlewick Dental Ltd"), vendor("v2", "Quorn Aviation")],
            [psa("1", "Thistlewick Dental"), psa("2", "Marmalade Bakery")],
        );
        let found = likeliest(&customers(&sides.0, &sides.1, &Known::default(), &Rules::default()));
        let counterpart = |key: KeyPart| found.get(&key).cloned().flatten().map(|(other, _)| other.to_string());
        assert_eq!(counterpart(KeyPart::Vendor("v1".into())).as_deref(), Some("psa:1"));
        assert_eq!(counterpart(KeyPart::Psa("1".into())).as_deref(), Some("vendor:v1"));
        assert_eq!(found.get(&KeyPart::Vendor("v2".into())), Some(&None), "looked for in vain");
        assert_eq!(found.get(&KeyPart::Psa("2".into())), Some(&None), "looked for in vain");
        assert_eq!(found.get(&KeyPart::Psa("3".into())), None, "not looked for");
    }
}
