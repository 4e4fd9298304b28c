//! From decoded rows to the records of core.
//!
//! Keeps the invariant that a record is whole or a problem: what it cannot be without is demanded by name, and a value of
//! the wrong kind is never taken for another.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::codec::Decoded;
use super::shape::{Row, Rows};
use crate::core::billing::{AgreementState, BillCustomer, BilledLine, LineKind};
use crate::core::customer::{CustomerFields, PsaCustomer};
use crate::core::id::{Id, PsaProductId};
use crate::core::link::BundlePart;
use crate::core::money::{Amount, Currency, UnitPrice};
use crate::core::product::{ProductFields, PsaProduct};
use crate::core::quantity::Quantity;
use crate::core::record::Record;
use crate::core::snapshot::Problem;

/// Converts every row; the problems of reading and of converting together.
pub(super) fn all<R>(rows: Rows, convert: impl Fn(&mut Taken) -> Option<R>) -> (Vec<R>, Vec<Problem>) {
    let mut records = Vec::with_capacity(rows.rows.len());
    let mut problems = rows.problems;
    for row in rows.rows {
        let mut taken = Taken { row, problems: Vec::new() };
        records.extend(convert(&mut taken));
        problems.append(&mut taken.problems);
    }
    (records, problems)
}

/// One row whose fields are taken one by one; what is missing is noted.
pub(super) struct Taken {
    row: Row,
    problems: Vec<Problem>,
}

impl Taken {
    fn problem(&mut self, field: &str, what: impl Into<String>) {
        let problem = Problem::new(&self.row.at, what).record(&self.row.id).field(field);
        let problem = problem.customer(self.row.customer.clone());
        self.problems.push(problem);
    }

    fn wrong(&mut self, field: &str, expected: &str, found: &Decoded) {
        let found = match found {
            Decoded::Text(text) => format!("text `{text}`"),
            Decoded::Flag(flag) => format!("`{flag}`"),
            Decoded::Number(number) => format!("the number {number}"),
            Decoded::Day(day) => format!("the date {day}"),
        };
        self.problem(field, format!("{expected} expected, found {found}"));
    }

    fn text(&mut self, field: &str) -> Option<String> {
        match self.row.fields.remove(field)? {
            Decoded::Text(text) => Some(text),
            other @ (Decoded::Flag(_) | Decoded::Number(_) | Decoded::Day(_)) => {
                self.wrong(field, "text", &other);
                None
            }
        }
    }

    fn number(&mut self, field: &str) -> Option<Decimal> {
        match self.row.fields.remove(field)? {
            Decoded::Number(number) => Some(number),
            other @ (Decoded::Flag(_) | Decoded::Text(_) | Decoded::Day(_)) => {
                self.wrong(field, "a number", &other);
                None
            }
        }
    }

    fn day(&mut self, field: &str) -> Option<NaiveDate> {
        match self.row.fields.remove(field)? {
            Decoded::Day(day) => Some(day),
            other @ (Decoded::Flag(_) | Decoded::Text(_) | Decoded::Number(_)) => {
                self.wrong(field, "a date", &other);
                None
            }
        }
    }

    /// A value a record cannot be without. What could not be read is a problem already.
    fn needed<T>(&mut self, field: &str, value: Option<T>) -> Option<T> {
        let known = self.row.broken.contains(field) || self.problems.iter().any(|p| p.field.as_deref() == Some(field));
        if value.is_none() && !known {
            self.problem(field, "a value is needed, found none");
        }
        value
    }

    fn needed_text(&mut self, field: &str) -> Option<String> {
        let value = self.text(field);
        self.needed(field, value)
    }

    fn needed_number(&mut self, field: &str) -> Option<Decimal> {
        let value = self.number(field);
        self.needed(field, value)
    }

    /// A needed word of a closed set.
    fn word<T>(&mut self, field: &str, expected: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.needed_text(field)?;
        let word = read(&text);
        if word.is_none() {
            self.wrong(field, expected, &Decoded::Text(text));
        }
        word
    }

    fn id<S, E>(&self) -> Id<S, E> {
        Id::new(self.row.id.as_str())
    }

    fn version(&mut self) -> Option<String> {
        self.row.version.take()
    }

    /// Whether an optional field was there but could not be read: then the record would say "none" of something it has.
    fn is_sound(&self) -> bool {
        self.row.broken.is_empty() && self.problems.is_empty()
    }
}

/// A customer. Optional fields that cannot be read are problems, and the customer is kept without them.
pub(super) fn customer(row: &mut Taken) -> Option<PsaCustomer> {
    let name = row.needed_text("name")?;
    let fields = CustomerFields {
        name,
        street: row.text("street"),
        street2: row.text("street2"),
        city: row.text("city"),
        region: row.text("region"),
        postcode: row.text("postcode"),
        country: row.text("country"),
        phone: row.text("phone"),
        website: row.text("website"),
        code: row.text("code"),
        external_id: row.text("external_id"),
        status: row.text("status"),
        contacts: None,
    };
    Some(Record { id: row.id(), fields, version: row.version() })
}

/// A product; as a customer, it is kept without optional fields that cannot be read.
pub(super) fn product(row: &mut Taken) -> Option<PsaProduct> {
    let name = row.needed_text("name")?;
    let fields = ProductFields {
        name,
        manufacturer: row.text("manufacturer"),
        sku: row.text("sku"),
        vendor_sku: row.text("vendor_sku"),
        unit: row.text("unit"),
        description: row.text("description"),
        category: row.text("category"),
        status: row.text("status"),
        requires_commitment: None,
        price: row.number("price").map(UnitPrice::new),
        cost: row.number("cost").map(UnitPrice::new),
    };
    Some(Record { id: row.id(), fields, version: row.version() })
}

/// A line. It counts in money, so one unreadable field keeps the whole line out.
pub(super) fn line(row: &mut Taken) -> Option<BilledLine> {
    let agreement_status = row.word("agreement_status", "a state like `Active`, `Cancelled` or `Expired`", |word| {
        AgreementState::word(word).map(str::to_owned)
    });
    let company = row.needed_text("company");
    let product = row.needed_text("product");
    let kind = row.word("kind", "`recurring` or `credit`", LineKind::of);
    let bill = row.word("bill", "`Billable`, `NoCharge` or `DoNotBill`", BillCustomer::of);
    let currency =
        row.word("currency", "a currency code of three capital letters", |word| word.parse::<Currency>().ok());
    let effective = row.day("effective");
    let effective = row.needed("effective", effective);
    let quantity = row.needed_number("quantity").map(Quantity::new);
    let included = row.needed_number("included").map(Quantity::new);
    let price = row.needed_number("price").map(UnitPrice::new);
    let cost = row.needed_number("cost").map(UnitPrice::new);
    let amount = row.needed_number("amount").map(Amount::new);
    let cost_total = row.needed_number("cost_total").map(Amount::new);
    let line = BilledLine {
        id: row.id(),
        agreement: row.text("agreement"),
        agreement_status: agreement_status?,
        company: Id::new(company?),
        company_name: row.text("company_name"),
        product: Id::new(product?),
        product_code: row.text("product_code"),
        description: row.text("description"),
        kind: kind?,
        quantity: quantity?,
        included: included?,
        price: price?,
        cost: cost?,
        amount: amount?,
        cost_total: cost_total?,
        bill: bill?,
        effective: effective?,
        cancelled: row.day("cancelled"),
        currency: currency?,
    };
    row.is_sound().then_some(line)
}

/// A part of a bundle, with the bundle it belongs to.
pub(super) fn bundle_part(row: &mut Taken) -> Option<(PsaProductId, BundlePart)> {
    let bundle = row.needed_text("bundle");
    let product = row.needed_text("product");
    let per_unit = row.needed_number("per_unit");
    let weight_from = row.needed_number("weight_from");
    let weight_to = row.needed_number("weight_to");
    let part = BundlePart {
        product: Id::new(product?),
        per_unit: per_unit?,
        weight_from: weight_from?,
        weight_to: weight_to?,
    };
    Some((Id::new(bundle?), part))
}

/// The parts of each bundle, in the order of the list.
pub(super) fn bundles(parts: Vec<(PsaProductId, BundlePart)>) -> Vec<(PsaProductId, Vec<BundlePart>)> {
    let mut by_bundle: BTreeMap<PsaProductId, Vec<BundlePart>> = BTreeMap::new();
    for (bundle, part) in parts {
        by_bundle.entry(bundle).or_default().push(part);
    }
    by_bundle.into_iter().collect()
}
