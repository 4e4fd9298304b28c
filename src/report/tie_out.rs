//! Tie-out: does each document's head equal its lines?
//!
//! The verdict names the reading that holds; where none does, the residual of the field's rule is shown. A document of
//! another month is listed and not judged.

use crate::core::billing::VendorInvoice;
use crate::core::documents::{LineSums, Tie};
use crate::core::money::Amount;
use crate::report::Input;
use crate::report::invoices::{WITHDRAWN, no_documents};
use crate::report::table::{Cell, Column, Kind, Table, counted};

const COLUMNS: &[Column] = &[
    Column::new("number", Kind::Id),
    Column::new("currency", Kind::Currency),
    Column::new("header total", Kind::Money).not_summed(),
    Column::new("carried balance", Kind::Money).not_summed(),
    Column::new("expected", Kind::Money),
    Column::new("lines net", Kind::Money),
    Column::new("tax", Kind::Money),
    Column::new("fees", Kind::Money),
    Column::new("credits", Kind::Money),
    Column::new("residual", Kind::Money),
    Column::new("verdict", Kind::Text),
];

/// The report, in order of date and number; lines on documents that are not listed come last.
pub(crate) fn build(input: &Input<'_>) -> Table {
    let mut rows = Vec::new();
    let mut notes = input.documents.map_or_else(no_documents, |_| vec![WITHDRAWN.to_owned()]);
    if let Some(documents) = input.documents {
        let mut invoices: Vec<&VendorInvoice> = documents.invoices.iter().collect();
        invoices.sort_by(|a, b| (a.date, &a.id).cmp(&(b.date, &b.id)));
        rows.extend(
            invoices.iter().map(|invoice| {
                row(invoice, &documents.sums_of(invoice), documents.tie_of(invoice, input.outcome.period))
            }),
        );
        for (id, currency, sums) in documents.unlisted() {
            let unknown = std::iter::repeat_n(Cell::Unknown, 3);
            let head = [Cell::text(id.as_str()), Cell::text(currency.as_str())].into_iter().chain(unknown).collect();
            rows.push(line(head, sums, None, "header not listed in this currency"));
        }
        if documents.loose > 0 {
            notes.push(format!("{} on no document.", counted(documents.loose, "line")));
        }
    }
    Table {
        name: "tie-out",
        title: "Tie-out",
        about: "Each document's head against the sum of its lines.",
        head: Vec::new(),
        columns: COLUMNS,
        rows,
        notes,
    }
}

fn row(invoice: &VendorInvoice, sums: &LineSums, tie: Tie) -> Vec<Cell> {
    let is_judged = !matches!(tie, Tie::Superseded | Tie::OtherMonth);
    let expected =
        invoice.total.filter(|_| is_judged).and_then(|total| total.minus(invoice.carried.unwrap_or_default()).ok());
    let head = vec![
        Cell::text(invoice.id.as_str()),
        Cell::text(invoice.currency.as_str()),
        Cell::amount(invoice.total),
        Cell::amount(invoice.carried),
        Cell::amount(expected),
    ];
    let (residual, words) = in_words(tie, sums);
    if is_judged {
        return line(head, sums, residual, &words);
    }
    let unknown = std::iter::repeat_n(Cell::Unknown, 5);
    head.into_iter().chain(unknown).chain([Cell::Text(words)]).collect()
}

fn in_words(tie: Tie, sums: &LineSums) -> (Option<Amount>, String) {
    match tie {
        Tie::Holds(reading) => {
            let words = match (reading.carried, reading.payments) {
                (true, false) => "ties: total − carried balance = lines",
                (false, false) => "ties: total = lines, carried balance not in it",
                (true, true) => "ties: total − carried balance = lines with payments",
                (false, true) => "ties: total = lines with payments, carried balance not in it",
            };
            (Some(Amount::ZERO), words.to_owned())
        }
        Tie::Differs(None) => (None, "the sums do not fit".to_owned()),
        Tie::Differs(Some(by)) => {
            let tax = if sums.taxed < sums.lines { "; not every line states its tax" } else { "" };
            (Some(by), format!("differs by {}{tax}", by.cents_text()))
        }
        Tie::NoTotal => (None, "header total unknown".to_owned()),
        Tie::NoLines => (None, "no lines".to_owned()),
        Tie::Superseded => (None, "superseded: not cost".to_owned()),
        Tie::OtherMonth => (None, "of another month: not judged".to_owned()),
    }
}

fn line(head: Vec<Cell>, sums: &LineSums, residual: Option<Amount>, verdict: &str) -> Vec<Cell> {
    let mut cells = head;
    cells.extend([
        Cell::Money(sums.net),
        Cell::amount(sums.known_tax()),
        Cell::Money(sums.fees),
        Cell::Money(sums.credits),
        Cell::amount(residual),
        Cell::text(verdict),
    ]);
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::documents::tie;

    #[test]
    fn the_verdict_names_the_reading_that_holds() {
        let amount = |text: &str| Amount::parse(text).unwrap();
        let sums = LineSums {
            lines: 3,
            net: amount("845.40"),
            credits: amount("-36.00"),
            payments: amount("-100.00"),
            taxed: 3,
            ..LineSums::default()
        };
        //   total              carried           residual        verdict
        for (total, carried, residual, verdict) in [
            (Some("2059.40"), Some("1250.00"), Some("0.00"), "ties: total − carried balance = lines"),
            (Some("809.40"), Some("1250.00"), Some("0.00"), "ties: total = lines, carried balance not in it"),
            (Some("1959.40"), Some("1250.00"), Some("0.00"), "ties: total − carried balance = lines with payments"),
            (Some("809.40"), None, Some("0.00"), "ties: total − carried balance = lines"),
            (Some("809.41"), None, Some("0.01"), "differs by 0.01"),
            (None, None, None, "header total unknown"),
        ] {
            let (found, words) = in_words(tie(total.map(amount), carried.map(amount), &sums), &sums);
            assert_eq!((found.map(Amount::cents_text).as_deref(), words.as_str()), (residual, verdict));
        }
        let none = LineSums::default();
        assert_eq!(tie(Some(amount("1")), None, &none), Tie::NoLines);
        assert!(matches!(tie(Some(Amount::ZERO), None, &none), Tie::Holds(_)), "nothing is owed and nothing is listed");
    }
}
