//! Exports in the canonical layout, read by several threads without keeping a line.
//!
//! Owns the quick reading of the two large files of a month. A row that the quick reading refuses is read again by the
//! general conversion, which says what is wrong with it in the same words as everywhere else.

use std::path::Path;

use chrono::NaiveDate;
use csv::StringRecord;

use crate::connectors::files::blocks::{Block, Blocks, CutError};
use crate::core::billing::{BillCustomer, ChargeKind, LineKind};
use crate::core::money::{Amount, Currency, UnitPrice};
use crate::core::quantity::Quantity;
use crate::core::reconcile::lines::{Billed, Charge};

/// One row of a file, with the positions of the columns asked for.
pub(crate) struct Row<'r> {
    pub(crate) line: u64,
    text: &'r str,
    /// Where each field ends in `text`.
    ends: &'r [usize],
    /// What lies between two fields: a comma, or nothing once quotes have been taken away.
    gap: usize,
    columns: &'r [usize],
}

impl<'r> Row<'r> {
    fn get(&self, column: usize) -> &'r str {
        self.columns.get(column).and_then(|at| self.field(*at)).unwrap_or_default()
    }

    fn field(&self, at: usize) -> Option<&'r str> {
        let start = if at == 0 { 0 } else { *self.ends.get(at - 1)? + self.gap };
        self.text.get(start..*self.ends.get(at)?)
    }
}

/// Splits blocks into records: at the commas where there is no quote, by csv-core where there is one.
struct Records {
    ends: Vec<usize>,
    quoted: csv_core::Reader,
    unquoted: Vec<u8>,
}

impl Records {
    fn new() -> Self {
        Self { ends: vec![0; 1024], quoted: csv_core::Reader::new(), unquoted: Vec::new() }
    }

    fn each(&mut self, text: &str, mut line: u64, columns: &[usize], mut act: impl FnMut(&Row<'_>)) {
        let mut rest = text;
        while !rest.is_empty() {
            match self.plain(rest) {
                Some((fields, end)) => {
                    act(&Row { line, text: rest, ends: self.ends.get(..fields).unwrap_or_default(), gap: 1, columns });
                    line += 1;
                    rest = rest.get(end..).unwrap_or_default();
                }
                None => {
                    self.quoted.reset();
                    if self.unquoted.len() < rest.len() {
                        self.unquoted.resize(rest.len(), 0);
                    }
                    let (_, used, out, fields) =
                        self.quoted.read_record(rest.as_bytes(), &mut self.unquoted, &mut self.ends);
                    let text = std::str::from_utf8(&self.unquoted[..out]).unwrap_or_default();
                    act(&Row { line, text, ends: self.ends.get(..fields).unwrap_or_default(), gap: 0, columns });
                    line += 1;
                    rest = rest.get(used..).unwrap_or_default();
                }
            }
        }
    }

    fn plain(&mut self, text: &str) -> Option<(usize, usize)> {
        let mut fields = 0;
        for at in memchr::memchr3_iter(b',', b'\n', b'"', text.as_bytes()) {
            match text.as_bytes()[at] {
                b'"' => return None,
                b',' => {
                    self.ends[fields] = at;
                    fields += 1;
                }
                _ => {
                    self.ends[fields] = at;
                    return Some((fields + 1, at + 1));
                }
            }
        }
        self.ends[fields] = text.len();
        Some((fields + 1, text.len()))
    }
}

const CHARGE: [&str; 13] = [
    "id",
    "type",
    "companyId",
    "productId",
    "startPeriod",
    "quantity",
    "price",
    "subTotal",
    "cost",
    "costTotal",
    "chargeType",
    "term",
    "currencyCode",
];

fn charge<'r>(row: &Row<'r>) -> Option<Charge<'r>> {
    Some(Charge {
        kind: ChargeKind::of(row.get(1)),
        company: row.get(2),
        product: row.get(3),
        start: day(row.get(4))?,
        quantity: Quantity::parse(row.get(5)).ok()?,
        price: UnitPrice::parse(row.get(6)).ok()?,
        amount: Amount::parse(row.get(7)).ok()?,
        cost: UnitPrice::parse(row.get(8)).ok()?,
        cost_total: Amount::parse(row.get(9)).ok()?,
        multiplies: Charge::must_multiply(row.get(10), row.get(11)),
        currency: Currency::from_bytes(row.get(12).as_bytes())?,
    })
}

fn day(text: &str) -> Option<NaiveDate> {
    let b = text.as_bytes();
    if b.len() != 10 || b.get(4) != Some(&b'-') || b.get(7) != Some(&b'-') {
        return None;
    }
    NaiveDate::from_ymd_opt(text.get(..4)?.parse().ok()?, text.get(5..7)?.parse().ok()?, text.get(8..)?.parse().ok()?)
}

/// Reads every vendor line of a file.
pub(crate) fn charges<S: Send>(
    path: &Path,
    states: &mut [S],
    each: impl Fn(&mut S, &Charge<'_>) + Sync,
) -> Result<(), CutError> {
    rows(path, &CHARGE, states, |state, row| {
        if let Some(line) = charge(row) {
            each(state, &line)
        }
    })
}

const BILLED: [&str; 15] = [
    "id",
    "agreementStatus",
    "companyId",
    "productId",
    "lineType",
    "quantity",
    "lessIncluded",
    "unitPrice",
    "unitCost",
    "extendedPrice",
    "extendedCost",
    "billCustomer",
    "effectiveDate",
    "cancelledDate",
    "currencyCode",
];

fn billed<'r>(row: &Row<'r>) -> Option<Billed<'r>> {
    Some(Billed {
        active: Billed::is_active(row.get(1)),
        company: row.get(2),
        product: row.get(3),
        kind: match row.get(4) {
            "recurring" => LineKind::Recurring,
            "credit" => LineKind::Credit,
            _ => return None,
        },
        quantity: Quantity::parse(row.get(5)).ok()?,
        included: Quantity::parse(row.get(6)).ok()?,
        price: UnitPrice::parse(row.get(7)).ok()?,
        cost: UnitPrice::parse(row.get(8)).ok()?,
        amount: Amount::parse(row.get(9)).ok()?,
        cost_total: Amount::parse(row.get(10)).ok()?,
        bill: BillCustomer::of(row.get(11))?,
        effective: day(row.get(12))?,
        cancelled: match row.get(13) {
            "" => None,
            text => Some(day(text)?),
        },
        currency: Currency::from_bytes(row.get(14).as_bytes())?,
    })
}

/// Reads every PSA line of a file.
pub(crate) fn billed_lines<S: Send>(
    path: &Path,
    states: &mut [S],
    each: impl Fn(&mut S, &Billed<'_>) + Sync,
) -> Result<(), CutError> {
    rows(path, &BILLED, states, |state, row| {
        if let Some(line) = billed(row) {
            each(state, &line)
        }
    })
}

fn rows<S: Send>(
    path: &Path,
    names: &[&str],
    states: &mut [S],
    each: impl Fn(&mut S, &Row<'_>) + Sync,
) -> Result<(), CutError> {
    let blocks = Blocks::open(path)?;
    let header = blocks.header()?;
    let header = String::from_utf8_lossy(&header);
    let header: Vec<&str> = header.trim_end().split(',').collect();
    let columns: Vec<usize> = names.iter().map(|n| header.iter().position(|h| h == n).unwrap_or(usize::MAX)).collect();
    let work = |state: &mut S| -> Result<(), CutError> {
        let mut block = Block::default();
        let mut records = Records::new();
        while blocks.next(&mut block)? {
            let text = std::str::from_utf8(&block.bytes).unwrap();
            records.each(text, block.first_line, &columns, |row| each(state, row));
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = states.iter_mut().map(|state| scope.spawn(|| work(state))).collect();
        for t in threads {
            t.join().unwrap()?;
        }
        Ok(())
    })
}

/// scratch
pub fn scratch(
    dir: &Path,
    book: &crate::core::reconcile::Book,
    n: usize,
) -> crate::core::reconcile::coverage::Coverage {
    let mut states = vec![crate::core::reconcile::coverage::Coverage::default(); n];
    charges(&dir.join("vendor_invoice_items.csv"), &mut states, |s, line| book.add_charge(line, s).unwrap()).unwrap();
    billed_lines(&dir.join("psa_agreement_lines.csv"), &mut states, |s, line| book.add_billed(line, s).unwrap())
        .unwrap();
    let mut all = crate::core::reconcile::coverage::Coverage::default();
    for s in &states {
        all.absorb(s).unwrap();
    }
    all
}
