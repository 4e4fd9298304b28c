//! Windows: how long after a purchase or a renewal seats may still be taken off, and the last day that is safe anywhere.
//!
//! Keeps the invariant that a deadline is judged by the earliest day: sources give days in UTC and no hour, so a window opens
//! at the start of its day in UTC, and a day counts only when it is over everywhere, also twelve hours behind UTC.

use chrono::{Days, NaiveDate};
use serde::Serialize;

use crate::core::product::ProductFields;

/// Windows and price levels of the products that a pattern fits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// How the rule is called, in the configuration and in reports.
    pub name: String,
    /// Who makes the product; `*` stands for anything, case does not count.
    pub vendor: Option<String>,
    /// The product's name, in the same way.
    pub product: Option<String>,
    /// The distributor's or the manufacturer's article code, in the same way.
    pub sku: Option<String>,
    /// So many hours after a purchase or a renewal seats may be taken off.
    pub window_hours: u32,
    /// So much more a month costs when one is bound for a month only, in percent of a year's price.
    pub monthly_percent: u32,
    /// So much more a year's commitment costs when it is paid monthly, in percent of the price paid at once.
    pub annual_billed_monthly_percent: u32,
    /// Where all that is published, and when it was looked up.
    pub source: Option<String>,
}

/// The rules, the first that fits counts.
///
/// The default is Microsoft's new commerce as published: seats may be taken off within 168 hours (7 days) of a purchase or a
/// renewal (<https://learn.microsoft.com/partner-center/customers/new-commerce-cancellation-policy>); a monthly commitment
/// costs about 20 % more than a yearly one
/// (<https://www.crn.com/slide-shows/cloud/microsoft-details-partner-program-changes-for-nce-azure-and-windows>); a term of a
/// year or more that is paid monthly costs 5 % more since 1 April 2025
/// (<https://learn.microsoft.com/partner-center/announcements/2025-march>, of 26 March 2025, and the announcement it refers to:
/// <https://techcommunity.microsoft.com/blog/microsoft_365blog/flexible-billing-for-microsoft-365-copilot-pricing-updates-for-annual-subscripti/4288536>).
/// All were looked up in November 2026. The maker may change them: they are settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Rules(pub Vec<Rule>);

impl Default for Rules {
    fn default() -> Self {
        Self(vec![Rule {
            name: "microsoft".to_owned(),
            vendor: Some("Microsoft*".to_owned()),
            product: None,
            sku: Some("MST-*".to_owned()),
            window_hours: 168,
            monthly_percent: 20,
            annual_billed_monthly_percent: 5,
            source: Some(
                "looked up in November 2026: learn.microsoft.com/partner-center/customers/new-commerce-cancellation-policy \
                 and learn.microsoft.com/partner-center/announcements/2025-march"
                    .to_owned(),
            ),
        }])
    }
}

impl Rules {
    /// The rule of a product.
    #[must_use]
    pub(super) fn of(&self, product: &ProductFields) -> Option<&Rule> {
        self.0.iter().find(|rule| rule.fits(product))
    }
}

impl Rule {
    /// Whether any of its patterns fits.
    fn fits(&self, of: &ProductFields) -> bool {
        let one = |pattern: &Option<String>, text: Option<&str>| {
            pattern.as_deref().zip(text).is_some_and(|(pattern, text)| fits(pattern, text))
        };
        one(&self.vendor, of.manufacturer.as_deref())
            || one(&self.product, Some(&of.name))
            || one(&self.sku, of.sku.as_deref())
            || one(&self.sku, of.vendor_sku.as_deref())
    }
}

/// Whether a pattern fits the whole text.
fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.trim().to_lowercase(), text.trim().to_lowercase());
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut left) = text.strip_prefix(first) else { return false };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        let Some(at) = left.find(part) else { return false };
        left = left.get(at.saturating_add(part.len())..).unwrap_or_default();
    }
    left.ends_with(last)
}

/// Where the window after a renewal is known from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// A rule of the configuration.
    Rule(String),
    /// The product's own dependencies.
    Dependencies,
}

/// The window after a renewal; where both sources know one, the shorter.
#[must_use]
pub(super) fn shorter(rule: Option<&Rule>, days_after: Option<u32>) -> Option<(u32, Known)> {
    let of_rule = rule.map(|rule| (rule.window_hours, Known::Rule(rule.name.clone())));
    let of_product = days_after.map(|days| (days.saturating_mul(24), Known::Dependencies));
    [of_rule, of_product].into_iter().flatten().min_by_key(|(hours, _)| *hours)
}

/// Places twelve hours behind UTC are the last where a day ends.
const LAST_ZONE_HOURS: i64 = 12;

/// The last day that is over everywhere before a window closes that opens with `day`, at its start in UTC.
#[must_use]
pub(super) fn last_safe_day(day: NaiveDate, window_hours: u32) -> Option<NaiveDate> {
    let days = (i64::from(window_hours) - LAST_ZONE_HOURS).div_euclid(24) - 1;
    let distance = Days::new(days.unsigned_abs());
    if days < 0 { day.checked_sub_days(distance) } else { day.checked_add_days(distance) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_whole_texts() {
        for (pattern, text, expected) in [
            ("Microsoft*", "Microsoft", true),
            ("microsoft*", "MICROSOFT Corporation", true),
            ("Microsoft", "Microsoft Corporation", false),
            ("MST-*", "AZR-MST-1", false),
            ("*-C100", "AAA-BBB-C100", true),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "acb", false),
            ("*", "", true),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_safe_day_is_over_everywhere_before_the_window_closes() {
        for (hours, expected) in [
            // closes with the renewal at 00:00 UTC; the day before ends in the last zone twelve hours later
            (0, "2026-04-29"),
            (24, "2026-04-30"),
            (72, "2026-05-02"),
            (168, "2026-05-06"),
            (180, "2026-05-07"),
        ] {
            let day = last_safe_day("2026-05-01".parse().unwrap(), hours).unwrap();
            assert_eq!(day.to_string(), expected, "{hours} hours");
        }
    }

    #[test]
    fn of_two_windows_the_shorter_counts() {
        let rule = &Rules::default().0[0];
        assert_eq!(shorter(Some(rule), Some(7)), Some((168, Known::Rule("microsoft".into()))));
        assert_eq!(shorter(Some(rule), Some(3)), Some((72, Known::Dependencies)));
        assert_eq!(shorter(None, Some(30)), Some((720, Known::Dependencies)));
        assert_eq!(shorter(None, None), None);
    }
}
