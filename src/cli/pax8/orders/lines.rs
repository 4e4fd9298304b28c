//! An order as a person writes it: `--line` on the command line, or a file as Pax8's API takes it.
//!
//! Keeps the invariant that a key nobody knows is refused, in either form.

use std::io::Read as _;
use std::num::NonZeroU32;
use std::path::Path;

use chrono::NaiveDate;
use serde::Deserialize;

use crate::cli::error::{CommandError, Kind};
use crate::cli::pax8::options::refused;
use crate::cli::pax8::pairs::Pairs;
use crate::core::period::iso_day;
use crate::engine::pax8::{BillingTerm, Email, Invalid, Parent, RemoteId};

/// The longest order file that is read.
const FILE_BYTES: u64 = 1 << 20;
/// Pax8 orders are a page long; more is a mistake.
const LINES_MAX: usize = 500;

/// What is to be ordered, before it is held against the products.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) company: RemoteId,
    pub(super) ordered_by: Option<Email>,
    pub(super) lines: Vec<Wanted>,
}

/// A line of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) product: RemoteId,
    pub(super) quantity: NonZeroU32,
    pub(super) billing_term: BillingTerm,
    /// A term or an id.
    pub(super) commitment: Option<String>,
    pub(super) start: Option<NaiveDate>,
    pub(super) parent: Option<Parent>,
    /// Answers by key, a key once for each answer.
    pub(super) details: Vec<(String, String)>,
}

const KEYS: [&str; 8] =
    ["product", "quantity", "term", "commitment", "start", "parent", "parent-subscription", "detail."];

impl Order {
    /// From `--company` and `--line`.
    pub(super) fn of_lines(company: &str, lines: &[String]) -> Result<Self, CommandError> {
        let lines: Result<Vec<Wanted>, CommandError> = lines.iter().map(|line| Wanted::of_text(line)).collect();
        Ok(Self { company: RemoteId::new("--company", company)?, ordered_by: None, lines: lines? })
    }

    /// From a file.
    pub(super) fn of_file(file: &Path) -> Result<Self, CommandError> {
        let name = file.display().to_string();
        let failed = |what: String| CommandError::new(Kind::Usage, format!("{name}: {what}"));
        let mut text = String::new();
        let read = std::fs::File::open(file).and_then(|open| open.take(FILE_BYTES + 1).read_to_string(&mut text));
        let read = read.map_err(|error| failed(format!("cannot be read: {error}")))?;
        if u64::try_from(read).unwrap_or(u64::MAX) > FILE_BYTES {
            return Err(failed(format!("is longer than {FILE_BYTES} bytes; is it an order?")));
        }
        let written: Written = serde_json::from_str(&text).map_err(|error| failed(error.to_string()))?;
        if written.line_items.len() > LINES_MAX {
            return Err(failed(format!("has {} lines; at most {LINES_MAX} are taken", written.line_items.len())));
        }
        let lines = written.line_items.into_iter().zip(1u32..).map(|(line, number)| line.wanted(number));
        let lines: Result<Vec<Wanted>, CommandError> = lines.collect();
        let by = written.ordered_by_user_email.map(|mail| Email::new("orderedByUserEmail", mail)).transpose();
        Ok(Self { company: RemoteId::new("companyId", written.company_id)?, ordered_by: by?, lines: lines? })
    }
}

impl Wanted {
    fn of_text(text: &str) -> Result<Self, CommandError> {
        let given = Pairs::read("--line", text, &KEYS)?;
        let wrong = |key: &str, what: String| Invalid { field: format!("--line {key}"), what };
        let quantity = given.need("quantity")?;
        let whole = |key: &str, text: &str| {
            let what = || format!("expected a whole number above zero, found {text}");
            text.parse::<NonZeroU32>().map_err(|_| wrong(key, what()))
        };
        let day = |text: &str| {
            let what = || format!("expected a day like 2026-12-01, found {text}");
            iso_day(text).ok_or_else(|| wrong("start", what()))
        };
        let parent = match (given.get("parent"), given.get("parent-subscription")) {
            (Some(_), Some(_)) => {
                return Err(
                    wrong("parent", "a line hangs on another or on a subscription, not on both".to_owned()).into()
                );
            }
            (Some(line), None) => Some(Parent::Line(whole("parent", line)?.get())),
            (None, Some(id)) => Some(Parent::Subscription(RemoteId::new("--line parent-subscription", id)?)),
            (None, None) => None,
        };
        Ok(Self {
            product: RemoteId::new("--line product", given.need("product")?)?,
            quantity: whole("quantity", quantity)?,
            billing_term: term("--line term", given.need("term")?)?,
            commitment: given.get("commitment").map(str::to_owned),
            start: given.get("start").map(day).transpose()?,
            parent,
            details: given.below("detail.").map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        })
    }
}

/// A billing term that can be ordered.
pub(in crate::cli::pax8) fn term(field: &str, word: &str) -> Result<BillingTerm, CommandError> {
    let term = BillingTerm::of(word);
    if BillingTerm::ORDERED.contains(&term) {
        return Ok(term);
    }
    let known = BillingTerm::ORDERED;
    let known: Vec<&str> = known.iter().map(BillingTerm::as_str).collect();
    let what = format!("expected {}; found {word}", known.join(", "));
    Err(refused(Invalid { field: field.to_owned(), what }, word, &known))
}

/// An order as Pax8's API takes it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    company_id: String,
    /// It is always the partner who orders from here.
    #[serde(default, rename = "orderedBy")]
    _ordered_by: Option<String>,
    #[serde(default)]
    ordered_by_user_email: Option<String>,
    line_items: Vec<WrittenLine>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenLine {
    /// Lines are numbered by their place.
    #[serde(default)]
    line_item_number: Option<u32>,
    product_id: String,
    quantity: NonZeroU32,
    billing_term: String,
    #[serde(default, alias = "commitmentTermID")]
    commitment_term_id: Option<String>,
    #[serde(default)]
    commitment: Option<String>,
    #[serde(default)]
    provision_start_date: Option<String>,
    #[serde(default)]
    parent_line_item_number: Option<u32>,
    #[serde(default)]
    parent_subscription_id: Option<String>,
    #[serde(default)]
    provisioning_details: Vec<WrittenDetail>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenDetail {
    key: String,
    values: Vec<String>,
}

impl WrittenLine {
    fn wanted(self, number: u32) -> Result<Wanted, CommandError> {
        let place = |field: &str| format!("line {number} {field}");
        let wrong = |field: &str, what: String| Invalid { field: place(field), what };
        if let Some(other) = self.line_item_number.filter(|other| *other != number) {
            let what = format!("expected {number}, the line's place, found {other}");
            return Err(wrong("lineItemNumber", what).into());
        }
        let day = |text: String| {
            // A day, or the moment it begins.
            let written = text.split('T').next().unwrap_or_default();
            let what = || format!("expected a day like 2026-12-01, found {text}");
            iso_day(written).ok_or_else(|| wrong("provisionStartDate", what()))
        };
        let parent = match (self.parent_line_item_number, self.parent_subscription_id) {
            (Some(_), Some(_)) => {
                let what = "a line hangs on another or on a subscription, not on both".to_owned();
                return Err(wrong("parentLineItemNumber", what).into());
            }
            (Some(line), None) => Some(Parent::Line(line)),
            (None, Some(id)) => Some(Parent::Subscription(RemoteId::new(&place("parentSubscriptionId"), id)?)),
            (None, None) => None,
        };
        let details = self.provisioning_details.into_iter();
        Ok(Wanted {
            product: RemoteId::new(&place("productId"), self.product_id)?,
            quantity: self.quantity,
            billing_term: term(&place("billingTerm"), &self.billing_term)?,
            commitment: self.commitment.or(self.commitment_term_id),
            start: self.provision_start_date.map(day).transpose()?,
            parent,
            details: details
                .flat_map(|detail| detail.values.into_iter().map(move |value| (detail.key.clone(), value)))
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_and_a_file_say_the_same() {
        let line = "product=p-1 quantity=5 term=Monthly commitment=1-Year start=2026-12-01 parent-subscription=s-1 \
                    detail.msDomain=acme.example detail.days=Mo detail.days=Tu";
        let file = r#"{"companyId":"c-1","orderedBy":"Pax8 Partner","lineItems":[{"lineItemNumber":1,"productId":"p-1",
            "quantity":5,"billingTerm":"Monthly","commitment":"1-Year","provisionStartDate":"2026-12-01T00:00:00Z",
            "parentSubscriptionId":"s-1","provisioningDetails":[{"key":"msDomain","values":["acme.example"]},
            {"key":"days","values":["Mo","Tu"]}]}]}"#;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("order.json");
        std::fs::write(&path, file).unwrap();
        assert_eq!(Order::of_file(&path).unwrap().lines, [Wanted::of_text(line).unwrap()]);
        std::fs::write(&path, file.replace("productId", "product_id")).unwrap();
        let refused = Order::of_file(&path).unwrap_err().to_string();
        assert!(refused.contains("unknown field `product_id`"), "{refused}");
    }

    #[test]
    fn what_a_line_lacks_is_named() {
        for (line, said) in [
            ("quantity=5 term=Monthly", "--line: product is missing"),
            ("product=p quantity=0 term=Monthly", "--line quantity: expected a whole number above zero, found 0"),
            ("product=p quantity=1.5 term=Monthly", "--line quantity: expected a whole number above zero, found 1.5"),
            (
                "product=p quantity=1 term=Montly",
                "--line term: expected Monthly, Annual, 2-Year, 3-Year, One-Time, Trial, Activation; found Montly",
            ),
            (
                "product=p quantity=1 term=Annual parent=1 parent-subscription=s",
                "--line parent: a line hangs on another or on a subscription, not on both",
            ),
        ] {
            assert_eq!(Wanted::of_text(line).unwrap_err().to_string(), said);
        }
    }
}
