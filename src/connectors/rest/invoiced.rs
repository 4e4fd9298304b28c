//! What was invoiced of the lines in a month, in the place of what they would bill.
//!
//! Keeps the invariants that a line counts once, as invoiced or as it runs, and that what was invoiced of a line nobody lists is a
//! problem, never left out in silence.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::core::billing::BilledLine;
use crate::core::id::BilledLineId;
use crate::core::money::{Amount, MoneyError, UnitPrice};
use crate::core::period::BillingPeriod;
use crate::core::quantity::Quantity;
use crate::core::snapshot::Problem;

/// A row of an invoice, of a line.
pub(super) struct Invoiced {
    pub(super) id: String,
    pub(super) at: String,
    pub(super) line: BilledLineId,
    pub(super) day: NaiveDate,
    pub(super) quantity: Quantity,
    pub(super) price: UnitPrice,
    pub(super) amount: Amount,
}

/// The lines as they were billed in a month: as invoiced where they were, and as they run where they were not yet.
pub(super) fn applied(
    lines: Vec<BilledLine>,
    invoiced: Vec<Invoiced>,
    period: BillingPeriod,
) -> (Vec<BilledLine>, Vec<Problem>) {
    let mut of_line: BTreeMap<BilledLineId, Vec<Invoiced>> = BTreeMap::new();
    for row in invoiced.into_iter().filter(|row| period.contains(row.day)) {
        of_line.entry(row.line.clone()).or_default().push(row);
    }
    let (mut billed, mut problems) = (Vec::with_capacity(lines.len()), Vec::new());
    for line in lines {
        let Some(rows) = of_line.remove(&line.id) else {
            billed.push(line);
            continue;
        };
        let (id, at) = (line.id.to_string(), rows.first().map(|row| row.at.clone()).unwrap_or_default());
        match as_invoiced(line, &rows) {
            Ok(line) => billed.push(line),
            Err(error) => problems.push(Problem::new(at, error.to_string()).record(id).field("amount")),
        }
    }
    problems.extend(of_line.into_values().flatten().map(|row| {
        let what = format!("was invoiced of line {}, which is not among the lines that could be read", row.line);
        Problem::new(row.at, what).record(row.id).field("line")
    }));
    (billed, problems)
}

/// What was invoiced was billed, whatever has become of the line since.
fn as_invoiced(mut line: BilledLine, rows: &[Invoiced]) -> Result<BilledLine, MoneyError> {
    let (mut quantity, mut amount) = (Quantity::default(), Amount::default());
    for row in rows {
        quantity = quantity.plus(row.quantity)?;
        amount = amount.plus(row.amount)?;
        line.effective = line.effective.min(row.day);
        line.cancelled = line.cancelled.filter(|end| *end > row.day);
    }
    if let [first, more @ ..] = rows
        && more.iter().all(|row| row.price == first.price)
    {
        line.price = first.price;
    }
    line.cost_total = line.cost.extend(quantity)?;
    "Active".clone_into(&mut line.agreement_status);
    Ok(BilledLine { quantity, amount, ..line })
}
