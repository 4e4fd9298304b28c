//! How often something is charged and how long one is bound, in Pax8's four spellings.
//!
//! Keeps the invariant that a spelling nobody knows keeps its text: it is told, never taken for another.

use serde::{Deserialize, Serialize};

use crate::core::renewals::months;

/// How often something is charged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum BillingTerm {
    /// Every month.
    Monthly,
    /// Every year.
    Annual,
    /// Every two years.
    TwoYears,
    /// Every three years.
    ThreeYears,
    /// Once.
    OneTime,
    /// Not yet: a trial.
    Trial,
    /// When it is activated.
    Activation,
    /// Afterwards, by what was used.
    Arrears,
    /// Not at all: a reduction.
    Rebate,
    /// A word this program does not know.
    Other(Box<str>),
}

impl BillingTerm {
    /// Reads subscriptions' `2-Year`, invoices' `2 Year`, quotes' `1 Year`, and whatever differs by case and dashes.
    #[must_use]
    pub fn of(word: &str) -> Self {
        match squeezed(word).as_str() {
            "monthly" => Self::Monthly,
            "annual" | "1year" => Self::Annual,
            "2year" => Self::TwoYears,
            "3year" => Self::ThreeYears,
            "onetime" => Self::OneTime,
            "trial" => Self::Trial,
            "activation" => Self::Activation,
            "arrears" => Self::Arrears,
            "rebate" => Self::Rebate,
            _ => Self::Other(word.into()),
        }
    }

    /// As orders and subscriptions spell it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Monthly => "Monthly",
            Self::Annual => "Annual",
            Self::TwoYears => "2-Year",
            Self::ThreeYears => "3-Year",
            Self::OneTime => "One-Time",
            Self::Trial => "Trial",
            Self::Activation => "Activation",
            Self::Arrears => "Arrears",
            Self::Rebate => "Rebate",
            Self::Other(word) => word,
        }
    }

    /// What can be ordered.
    pub const ORDERED: [Self; 7] =
        [Self::Monthly, Self::Annual, Self::TwoYears, Self::ThreeYears, Self::OneTime, Self::Trial, Self::Activation];
}

/// How long one is bound.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum CommitmentTerm {
    /// So many months.
    Months(u32),
    /// A word this program does not know.
    Other(Box<str>),
}

impl CommitmentTerm {
    /// Reads `Monthly`, `Annual`, `1-Year`, `3 Year` and the like.
    #[must_use]
    pub fn of(word: &str) -> Self {
        months(word).map_or_else(|| Self::Other(word.into()), Self::Months)
    }
}

/// Letters and digits only, in lower case: the rest is spelling.
pub(super) fn squeezed(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_one_term() {
        for (words, term) in [
            (vec!["Monthly", "monthly"], BillingTerm::Monthly),
            (vec!["Annual", "1-Year", "1 Year"], BillingTerm::Annual),
            (vec!["2-Year", "2 Year"], BillingTerm::TwoYears),
            (vec!["3-Year", "3 Year", "3_YEAR"], BillingTerm::ThreeYears),
            (vec!["One-Time", "One-time", "ONE_TIME"], BillingTerm::OneTime),
            (vec!["Trial"], BillingTerm::Trial),
            (vec!["Activation"], BillingTerm::Activation),
            (vec!["Arrears"], BillingTerm::Arrears),
            (vec!["Rebate"], BillingTerm::Rebate),
            (vec!["Weekly"], BillingTerm::Other("Weekly".into())),
        ] {
            for word in words {
                assert_eq!(BillingTerm::of(word), term, "{word}");
                assert_eq!(BillingTerm::of(term.as_str()), term, "what is written can be read");
            }
        }
        let known = [("Monthly", 1), ("Annual", 12), ("1-Year", 12), ("3 Year", 36), ("5-Years", 60)];
        for (word, months) in known.into_iter().chain([("12-Months", 12), ("3Year", 36)]) {
            assert_eq!(CommitmentTerm::of(word), CommitmentTerm::Months(months), "{word}");
        }
        for word in ["99-Year", "15-Year", "1.5-Year"] {
            assert_eq!(CommitmentTerm::of(word), CommitmentTerm::Other(word.into()));
        }
    }
}
