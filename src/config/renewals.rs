//! `[renewals.<name>]`: windows and price levels of a maker's products.
//!
//! Keeps the invariant that a rule without a pattern or without a window is refused, never taken for one that fits nothing.

use crate::config::error::FaultKind;
use crate::config::section::Section;
use crate::core::renewals::{Rule, Rules};

/// A year: longer windows would be no windows.
const HOURS_MAX: u64 = 8_784;

/// The rules of the file come first, in its order; a built-in one of the same name makes way for them.
pub(super) fn read(mut section: Section<'_>) -> Rules {
    let mut rules: Vec<Rule> =
        section.children().into_iter().filter_map(|(name, rule)| read_rule(name, rule)).collect();
    for built_in in Rules::default().0 {
        if rules.iter().all(|rule| rule.name != built_in.name) {
            rules.push(built_in);
        }
    }
    Rules(rules)
}

fn read_rule(name: String, mut section: Section<'_>) -> Option<Rule> {
    let mut pattern = |key| section.text(key).map(str::to_owned);
    let (vendor, product, sku) = (pattern("vendor"), pattern("product"), pattern("sku"));
    let source = pattern("source");
    let hours = section.whole("window_hours", &(0..=HOURS_MAX));
    let days = section.whole("window_days", &(0..=HOURS_MAX / 24));
    let mut percent = |key| section.whole(key, &(0..=1_000)).and_then(|percent| u32::try_from(percent).ok());
    let monthly_percent = percent("monthly_percent").unwrap_or(0);
    let annual_billed_monthly_percent = percent("annual_billed_monthly_percent").unwrap_or(0);
    let missing = |key: &str| FaultKind::MissingKey { key: key.to_owned(), section: section.title() };
    if [&vendor, &product, &sku].into_iter().all(Option::is_none) {
        section.report(section.at("vendor"), missing("vendor, product or sku"));
    }
    let window = match (hours, days) {
        (Some(hours), None) => Some(hours),
        (None, Some(days)) => days.checked_mul(24),
        (None, None) => {
            section.report(section.at("window_hours"), missing("window_hours"));
            None
        }
        (Some(_), Some(_)) => {
            let (expected, found) = ("alone, without `window_hours`".to_owned(), "both".to_owned());
            let kind = FaultKind::WrongValue { key: "window_days".to_owned(), expected, found };
            section.report(section.at("window_days"), kind);
            None
        }
    };
    section.finish();
    let window_hours = u32::try_from(window?).ok()?;
    Some(Rule { name, vendor, product, sku, window_hours, monthly_percent, annual_billed_monthly_percent, source })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::parse;
    use crate::core::renewals::Rules;

    #[test]
    fn rules_of_the_file_come_first_and_replace_the_built_in_one_of_their_name() {
        let rules = |text: &str| parse(Path::new("t.toml"), text).unwrap().renewals;
        assert_eq!(rules(""), Rules::default());
        let of = rules("[renewals.backup]\nvendor = \"Acme*\"\nwindow_days = 30\n").0;
        let told: Vec<_> = of.iter().map(|rule| (rule.name.as_str(), rule.window_hours)).collect();
        assert_eq!(told, [("backup", 720), ("microsoft", 168)]);
        assert_eq!(
            of.iter().map(|rule| rule.source.is_some()).collect::<Vec<_>>(),
            [false, true],
            "only what was looked up"
        );
        let of = rules("[renewals.microsoft]\nvendor = \"Microsoft*\"\nwindow_hours = 72\nmonthly_percent = 25\n").0;
        let told: Vec<_> = of.iter().map(|rule| (rule.window_hours, rule.monthly_percent)).collect();
        assert_eq!(told, [(72, 25)]);
    }

    #[test]
    fn a_rule_that_fits_nothing_or_says_nothing_is_refused() {
        for (text, refused) in [
            ("window_hours = 7\n", "missing"),
            ("vendor = \"A\"\n", "window_hours"),
            ("vendor = \"A\"\nwindow_hours = 7\nwindow_days = 1\n", "alone, without"),
            ("vendor = \"A\"\nwindow_hours = 9999\n", "from 0 to 8784"),
            ("vendor = \"A\"\nwindow_hours = 7\nwindow = 1\n", "unknown key"),
        ] {
            let error = parse(Path::new("t.toml"), &format!("[renewals.a]\n{text}")).unwrap_err().to_string();
            assert!(error.contains(refused), "{text}: {error}");
        }
    }
}
