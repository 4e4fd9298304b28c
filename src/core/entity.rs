//! The kinds of listing that are pulled, saved and named in messages.
//!
//! Keeps the invariant that a name, once stored, never changes its meaning: the names are written out here and nowhere else.

use serde::{Deserialize, Serialize};

/// One kind of listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entity {
    /// The vendor's companies.
    VendorCustomers,
    /// The vendor's catalogue.
    VendorProducts,
    /// The vendor's price rows.
    VendorPrices,
    /// What the vendor's products bind to.
    ProductDependencies,
    /// What is held.
    Subscriptions,
    /// Earlier states of what is held.
    SubscriptionHistory,
    /// Heads of the vendor's documents.
    Invoices,
    /// Lines of the vendor's documents.
    Charges,
    /// What the vendor would charge.
    DraftCharges,
    /// Metered totals.
    UsageSummaries,
    /// Metered lines.
    UsageLines,
    /// How many seats are given to people.
    Assignments,
    /// The PSA's customers.
    PsaCustomers,
    /// The PSA's catalogue.
    PsaProducts,
    /// What the PSA bills.
    BilledLines,
    /// What the PSA's bundles consist of.
    Bundles,
}

impl Entity {
    /// Every kind, the vendor's first.
    pub const ALL: [Self; 16] = [
        Self::VendorCustomers,
        Self::VendorProducts,
        Self::VendorPrices,
        Self::ProductDependencies,
        Self::Subscriptions,
        Self::SubscriptionHistory,
        Self::Invoices,
        Self::Charges,
        Self::DraftCharges,
        Self::UsageSummaries,
        Self::UsageLines,
        Self::Assignments,
        Self::PsaCustomers,
        Self::PsaProducts,
        Self::BilledLines,
        Self::Bundles,
    ];

    /// Its name in tables and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::VendorCustomers => "vendor_customers",
            Self::VendorProducts => "vendor_products",
            Self::VendorPrices => "vendor_prices",
            Self::ProductDependencies => "product_dependencies",
            Self::Subscriptions => "subscriptions",
            Self::SubscriptionHistory => "subscription_history",
            Self::Invoices => "invoices",
            Self::Charges => "charges",
            Self::DraftCharges => "draft_charges",
            Self::UsageSummaries => "usage_summaries",
            Self::UsageLines => "usage_lines",
            Self::Assignments => "assignments",
            Self::PsaCustomers => "psa_customers",
            Self::PsaProducts => "psa_products",
            Self::BilledLines => "billed_lines",
            Self::Bundles => "bundles",
        }
    }

    /// Whether the vendor lists it; otherwise the PSA does.
    #[must_use]
    pub fn is_vendor(self) -> bool {
        match self {
            Self::VendorCustomers
            | Self::VendorProducts
            | Self::VendorPrices
            | Self::ProductDependencies
            | Self::Subscriptions
            | Self::SubscriptionHistory
            | Self::Invoices
            | Self::Charges
            | Self::DraftCharges
            | Self::UsageSummaries
            | Self::UsageLines
            | Self::Assignments => true,
            Self::PsaCustomers | Self::PsaProducts | Self::BilledLines | Self::Bundles => false,
        }
    }
}

impl std::fmt::Display for Entity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_written_names_are_those_that_serde_reads() {
        for entity in Entity::ALL {
            let json = format!("\"{entity}\"");
            assert_eq!(serde_json::from_str::<Entity>(&json).unwrap(), entity);
            assert_eq!(serde_json::to_string(&entity).unwrap(), json);
        }
    }
}
