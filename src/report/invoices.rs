//! The invoice register: the distributor's documents as listed, with the sums of their lines.
//!
//! Keeps the invariant that a withdrawn document is listed and not summed.

use std::collections::BTreeMap;

use crate::core::billing::{EndRule, VendorInvoice};
pub use crate::core::documents::Documents;
use crate::core::money::Amount;
use crate::core::past::Past;
use crate::core::period::BillingPeriod;
use crate::report::table::{Cell, Column, Kind, Table, counted};

const REGISTER: &[Column] = &[
    Column::new("vendor", Kind::Text).in_files(),
    Column::new("number", Kind::Id),
    Column::new("status", Kind::Text),
    Column::new("invoice date", Kind::Date),
    Column::new("due date", Kind::Date),
    Column::new("currency", Kind::Currency),
    Column::new("lines", Kind::Count),
    Column::new("net", Kind::Money),
    Column::new("tax", Kind::Money),
    Column::new("fees", Kind::Money),
    Column::new("credits", Kind::Money),
    Column::new("carried balance", Kind::Money).not_summed(),
    Column::new("total", Kind::Money).not_summed(),
    Column::new("received at", Kind::Date),
    Column::new("hash", Kind::Text).in_files(),
];

/// The register, in order of date and number.
pub(crate) fn register(documents: Option<&Documents>, past: &Past, period: BillingPeriod) -> Table {
    let mut invoices: Vec<&VendorInvoice> = documents.iter().flat_map(|d| &d.invoices).collect();
    invoices.sort_by(|a, b| (a.date, &a.id).cmp(&(b.date, &b.id)));
    let row = |invoice: &VendorInvoice| {
        let sums = documents.map(|d| d.sums_of(invoice)).unwrap_or_default();
        let received = past.documents.get(&invoice.id);
        let of_cost = |amount: Amount| if invoice.is_superseded() { Cell::Unknown } else { Cell::Money(amount) };
        vec![
            documents.map_or(Cell::Unknown, |d| Cell::text(&d.vendor)),
            Cell::text(invoice.id.as_str()),
            invoice.status.as_ref().map_or(Cell::Unknown, Cell::text),
            Cell::Date(invoice.date),
            invoice.due.map_or(Cell::Unknown, Cell::Date),
            Cell::text(invoice.currency.as_str()),
            Cell::Count(sums.lines),
            of_cost(sums.net),
            sums.known_tax().map_or(Cell::Unknown, of_cost),
            of_cost(sums.fees),
            of_cost(sums.credits),
            Cell::amount(invoice.carried),
            Cell::amount(invoice.total),
            received.and_then(|came| came.at).map_or(Cell::Unknown, |at| Cell::Date(at.date_naive())),
            received.and_then(|came| came.hash.as_ref()).map_or(Cell::Unknown, |hash| Cell::text(hash.as_str())),
        ]
    };
    Table {
        name: "invoice-register",
        title: "Invoice register",
        about: "The distributor's documents as listed, with the sums of their lines.",
        head: Vec::new(),
        columns: REGISTER,
        rows: invoices.into_iter().map(row).collect(),
        notes: documents.map_or_else(no_documents, |documents| {
            let told = [Some(WITHDRAWN.to_owned()), after(documents, period), ends(documents)];
            told.into_iter().flatten().chain([RECEIVED.to_owned()]).collect()
        }),
    }
}

/// How the documents count the end of a service period; nothing where no line shows it.
fn ends(documents: &Documents) -> Option<String> {
    let mut seen: BTreeMap<EndRule, u64> = BTreeMap::new();
    for rule in documents.invoices.iter().filter_map(|invoice| documents.sums_of(invoice).end_rule) {
        *seen.entry(rule).or_default() += 1;
    }
    let said = |(rule, count): (EndRule, u64)| {
        let means = match rule {
            EndRule::Inclusive => "its last day",
            EndRule::Exclusive => "the day after it",
            EndRule::Mixed => "now one, now the other",
        };
        format!("{means} on {}", counted(count, "document"))
    };
    let said: Vec<String> = seen.into_iter().map(said).collect();
    (!said.is_empty()).then(|| format!("The end of a service period is, as the lines show: {}.", said.join("; ")))
}

/// What the documents of the month after are listed for.
fn after(documents: &Documents, period: BillingPeriod) -> Option<String> {
    let next = documents.invoices.iter().filter(|invoice| invoice.date > period.last_day()).count();
    let month = period.next();
    Some(match next {
        0 if documents.invoices.is_empty() => return None,
        0 => format!(
            "No document of {month} is listed yet: use in arrears and late changes that it charges for {period} are not among the lines."
        ),
        _ => format!(
            "Documents of {month} are listed for what they charge for {period}: their sums are of those lines alone."
        ),
    })
}

/// What two columns say.
const RECEIVED: &str = "received at: when it was first read here, or its file was written; hash: SHA-256 of the document as it \
                        was read, or of its file.";

/// Why some documents have no sums.
pub(crate) const WITHDRAWN: &str =
    "Documents that were credited or voided are listed without sums: adding them would count the month twice.";

/// What to say where a source has lines only.
pub(crate) fn no_documents() -> Vec<String> {
    vec!["The source gave lines and no documents, so there is nothing to list or to tie out.".to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::documents::LineSums;
    use crate::core::id::Id;

    #[test]
    fn the_register_says_how_the_documents_count_ends_and_nothing_where_none_shows_it() {
        let listed = |rules: &[Option<EndRule>]| {
            let mut documents = Documents::default();
            for (at, rule) in rules.iter().enumerate() {
                let (id, currency) = (Id::new(format!("i{at}")), "GBP".parse().unwrap());
                documents.lines.insert((id.clone(), currency), LineSums { end_rule: *rule, ..LineSums::default() });
                documents.invoices.push(VendorInvoice {
                    id,
                    date: "2026-04-01".parse().unwrap(),
                    due: None,
                    status: None,
                    total: None,
                    balance: None,
                    carried: None,
                    currency,
                    partner: None,
                });
            }
            register(Some(&documents), &Past::default(), "2026-04".parse().unwrap()).notes
        };
        let no_next = "No document of 2026-05 is listed yet: use in arrears and late changes that it charges for 2026-04 are not \
                       among the lines.";
        assert_eq!(listed(&[None, None]), [WITHDRAWN, no_next, RECEIVED]);
        let (last, after) = (Some(EndRule::Inclusive), Some(EndRule::Exclusive));
        let told = "The end of a service period is, as the lines show: its last day on 2 documents; the day after it on 1 \
                    document; now one, now the other on 1 document.";
        assert_eq!(listed(&[after, last, None, last, Some(EndRule::Mixed)]), [WITHDRAWN, no_next, told, RECEIVED]);
    }
}
