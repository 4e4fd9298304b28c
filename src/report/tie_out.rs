//! Tie-out: does each document's head equal its lines?
//!
//! The rule of the field is header total − carried balance = lines + tax + fees + credits. Published documents do not all
//! keep it: some totals leave the carried balance out, some count payments shown as lines. So four readings are tried in a
//! fixed order, and the verdict names the one that holds; where none does, the residual of the rule is shown.

use crate::core::billing::VendorInvoice;
use crate::core::money::Amount;
use crate::report::invoices::{Documents, LineSums, WITHDRAWN, no_documents};
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
pub(crate) fn build(documents: Option<&Documents>) -> Table {
    let mut rows = Vec::new();
    let mut notes = documents.map_or_else(no_documents, |_| vec![WITHDRAWN.to_owned()]);
    if let Some(documents) = documents {
        let mut invoices: Vec<&VendorInvoice> = documents.invoices.iter().collect();
        invoices.sort_by(|a, b| (a.date, &a.id).cmp(&(b.date, &b.id)));
        rows.extend(invoices.iter().map(|invoice| row(invoice, &documents.sums_of(invoice))));
        for ((id, currency), sums) in &documents.lines {
            if !invoices.iter().any(|invoice| invoice.id == *id && invoice.currency == *currency) {
                let head = vec![
                    Cell::text(id.as_str()),
                    Cell::text(currency.as_str()),
                    Cell::Unknown,
                    Cell::Unknown,
                    Cell::Unknown,
                ];
                rows.push(line(head, sums, None, "header not listed in this currency"));
            }
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

fn row(invoice: &VendorInvoice, sums: &LineSums) -> Vec<Cell> {
    let expected = invoice
        .total
        .filter(|_| !invoice.is_superseded())
        .and_then(|total| total.minus(invoice.carried.unwrap_or_default()).ok());
    let head = vec![
        Cell::text(invoice.id.as_str()),
        Cell::text(invoice.currency.as_str()),
        Cell::amount(invoice.total),
        Cell::amount(invoice.carried),
        Cell::amount(expected),
    ];
    if invoice.is_superseded() {
        let unknown = std::iter::repeat_n(Cell::Unknown, 5);
        return head.into_iter().chain(unknown).chain([Cell::text("superseded: not cost")]).collect();
    }
    let (residual, verdict) = judge(invoice.total, invoice.carried, sums);
    line(head, sums, residual, &verdict)
}

fn judge(total: Option<Amount>, carried: Option<Amount>, sums: &LineSums) -> (Option<Amount>, String) {
    let Some(total) = total else { return (None, "header total unknown".to_owned()) };
    if sums.lines == 0 {
        return (None, "no lines".to_owned());
    }
    let all = [sums.net, sums.fees, sums.credits, sums.tax].into_iter().try_fold(Amount::ZERO, Amount::plus);
    let with_payments = all.as_ref().ok().map(|all| all.plus(sums.payments));
    let (Ok(lines), Some(Ok(with_payments)), Ok(expected)) =
        (all, with_payments, total.minus(carried.unwrap_or_default()))
    else {
        return (None, "the sums do not fit".to_owned());
    };
    let readings = [
        (expected, lines, "ties: total − carried balance = lines"),
        (total, lines, "ties: total = lines, carried balance not in it"),
        (expected, with_payments, "ties: total − carried balance = lines with payments"),
        (total, with_payments, "ties: total = lines with payments, carried balance not in it"),
    ];
    if let Some((_, _, words)) = readings.iter().find(|(head, lines, _)| head.minus(*lines).is_ok_and(Amount::is_zero))
    {
        return (Some(Amount::ZERO), (*words).to_owned());
    }
    let residual = expected.minus(lines).ok();
    let tax = if sums.taxed < sums.lines { "; not every line states its tax" } else { "" };
    (residual, format!("differs by {}{tax}", residual.map_or("more than fits".to_owned(), Amount::cents_text)))
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
            let (found, words) = judge(total.map(amount), carried.map(amount), &sums);
            assert_eq!((found.map(Amount::cents_text).as_deref(), words.as_str()), (residual, verdict));
        }
        assert_eq!(judge(Some(amount("1")), None, &LineSums::default()).1, "no lines");
    }
}
