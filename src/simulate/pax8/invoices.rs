//! Pax8's invoices: heads, lines and drafts.
//!
//! Invariant: the total of a head is exactly the sum of `costTotal` and `salesTax` over its lines, and no head is seen
//! before it is approved. Every line of the data stands on one invoice per currency, dated in the month most lines start
//! in, late lines of other months among them; metered use of that month stands on the one of the month after.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use chrono::{Days, NaiveDate};
use rust_decimal::Decimal;
use serde_json::Value;

use super::shape::{Kind, of_year};
use super::standing::Standing;
use super::time::{day, day_of_cell, days_after, first_of_month, months_after};
use super::{Call, exact, failure, figure, missing};
use crate::simulate::data::{Data, File, Row};
use crate::simulate::faults::{Faults, Shape};
use crate::simulate::json::{As, Object, uuid};
use crate::simulate::server::Answer;

/// One document.
#[derive(Debug, Clone)]
pub(super) struct Invoice {
    pub(super) id: String,
    pub(super) date: NaiveDate,
    pub(super) standing: Standing,
    pub(super) total: Decimal,
    pub(super) balance: Decimal,
    /// What older invoices leave open.
    pub(super) carried: Decimal,
    pub(super) currency: String,
    pub(super) items: Vec<usize>,
    /// The day from which it is seen.
    pub(super) approved: NaiveDate,
    /// The day on which it is credited and issued again.
    pub(super) withdrawn: Option<NaiveDate>,
}

impl Invoice {
    pub(super) fn id_of(date: NaiveDate, currency: &str, kind: &str) -> String {
        uuid(&format!("invoice/{date}/{currency}/{kind}"))
    }

    /// Without lines yet.
    pub(super) fn new(date: NaiveDate, currency: &str, approved: NaiveDate) -> Self {
        Self {
            id: Self::id_of(date, currency, "good"),
            date,
            standing: Standing::Unpaid,
            total: Decimal::ZERO,
            balance: Decimal::ZERO,
            carried: Decimal::ZERO,
            currency: currency.to_owned(),
            items: Vec::new(),
            approved,
            withdrawn: None,
        }
    }

    /// The documents of the data.
    pub(super) fn of(data: &Data, month: NaiveDate, faults: &Faults) -> Vec<Self> {
        let mut by_currency: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let items = data.table(File::VendorInvoiceItems);
        for (at, item) in items.rows().enumerate().filter(|(_, item)| !is_used_in(*item, month)) {
            by_currency.entry(item.get("currencyCode")).or_default().push(at);
        }
        // a line without a currency still has to stand somewhere
        if let Some(stray) = by_currency.remove("")
            && let Some(mut first) = by_currency.first_entry()
        {
            first.get_mut().extend(stray);
        }
        let mut heads = Vec::new();
        for (currency, rows) in by_currency {
            let total = rows.iter().filter_map(|at| items.row(*at)).map(due).sum();
            let mut good = Self {
                total,
                balance: total,
                items: rows,
                ..Self::new(month, currency, days_after(month, 3 + faults.approval))
            };
            if let Some(standing) = Standing::of_withdrawn(faults.withdrawn) {
                let id = Self::id_of(month, currency, "withdrawn");
                heads.push(Self { id, standing, balance: Decimal::ZERO, ..good.clone() });
            }
            good.standing = Standing::of_new(total);
            heads.push(good);
        }
        heads
    }
}

/// Whether a line is metered use of a month: it is charged in the month after.
pub(super) fn is_used_in(item: Row<'_>, month: NaiveDate) -> bool {
    item.get("term") == "Arrears"
        && day_of_cell(item.get("startPeriod")).is_some_and(|day| first_of_month(day) == month)
}

/// What the partner owes for a line.
pub(super) fn due(item: Row<'_>) -> Decimal {
    figure(item, "costTotal") + figure(item, "salesTax")
}

impl Call<'_> {
    /// The approved ones.
    fn heads(&self) -> impl Iterator<Item = &Invoice> {
        self.state.invoices.iter().filter(|head| head.approved <= self.state.today)
    }

    pub(super) fn invoices(&self) -> Answer {
        let mut days = [None; 4];
        for (slot, name) in
            days.iter_mut().zip(["invoiceDateRangeStart", "invoiceDateRangeEnd", "invoiceDate", "dueDate"])
        {
            let Some(text) = self.ask.query(name) else { continue };
            match day(text) {
                Some(day) => *slot = Some(day),
                None => return failure(self.ask, StatusCode::BAD_REQUEST, &format!("{name} must be yyyy-MM-dd")),
            }
        }
        let checked = self.check_query(&["total", "balance", "carriedBalance"], &[]);
        let company = match checked.and_then(|()| self.known_company(StatusCode::NOT_FOUND)) {
            Ok(company) => company,
            Err(refusal) => return refusal,
        };
        let [start, end, on, due_on] = days;
        let amount =
            |name: &str, of: Decimal| self.ask.query(name).is_none_or(|t| t.parse::<Decimal>().is_ok_and(|d| d == of));
        let mut heads: Vec<&Invoice> = self.heads().collect();
        heads.retain(|head| {
            start.is_none_or(|day| head.date >= day)
                && end.is_none_or(|day| head.date <= day)
                && on.is_none_or(|day| head.date == day)
                && due_on.is_none_or(|day| due_date(head) == day)
                && self.ask.query("status").is_none_or(|s| s.eq_ignore_ascii_case(head.standing.word()))
                // these are the partner's own
                && company.is_none()
                && amount("total", head.total)
                && amount("balance", head.balance)
                && amount("carriedBalance", self.carried(head))
        });
        self.sort_heads(&mut heads);
        self.page(&heads, |head| self.show_invoice(head))
    }

    fn sort_heads(&self, heads: &mut [&Invoice]) {
        let (field, direction) = self.sorting();
        match field {
            "invoiceDate" | "dueDate" => heads.sort_by_key(|head| head.date),
            "status" => heads.sort_by_key(|head| head.standing.word()),
            "total" => heads.sort_by_key(|head| head.total),
            "balance" => heads.sort_by_key(|head| head.balance),
            "carriedBalance" => heads.sort_by_key(|head| head.carried),
            // all are of one partner
            _ => return,
        }
        if direction.eq_ignore_ascii_case("desc") {
            heads.reverse();
        }
    }

    fn find_invoice(&self, id: &str) -> Result<&Invoice, Answer> {
        let found = self.heads().find(|head| head.id.eq_ignore_ascii_case(id));
        found.ok_or_else(|| missing(self.ask, "Invoice", id))
    }

    pub(super) fn invoice(&self, id: &str) -> Answer {
        match self.find_invoice(id) {
            Ok(head) => Answer::ok(self.show_invoice(head)),
            Err(refusal) => refusal,
        }
    }

    pub(super) fn items(&self, id: &str) -> Answer {
        let head = match self.find_invoice(id) {
            Ok(head) => head,
            Err(refusal) => return refusal,
        };
        let items = self.state.data.table(File::VendorInvoiceItems);
        let rows: Vec<Row<'_>> = head.items.iter().filter_map(|at| items.row(*at)).collect();
        self.page(&rows, |row| self.show_item(*row))
    }

    /// What older invoices left open; of the data's own it is what the switch says.
    fn carried(&self, head: &Invoice) -> Decimal {
        head.carried + self.faults.carried.parse::<Decimal>().unwrap_or_default()
    }

    /// Clients of 2022 want every key, with null where there is nothing.
    fn whole_object(&self) -> Object {
        if self.faults.shape == Shape::Y2022 { Object::new(true) } else { self.object() }
    }

    fn show_invoice(&self, head: &Invoice) -> Value {
        let object = self
            .whole_object()
            .text("id", &head.id)
            .text("invoiceDate", &head.date.to_string())
            .text("dueDate", &due_date(head).to_string())
            .text("status", head.standing.word())
            .value("total", exact(head.total))
            .value("balance", exact(head.balance));
        let object = if head.carried.is_zero() {
            object.number("carriedBalance", &self.faults.carried)
        } else {
            object.value("carriedBalance", exact(self.carried(head)))
        };
        let object = object
            .text("currencyCode", &head.currency)
            .text("partnerName", "Example Managed Services")
            .text("companyId", "")
            .text("externalId", "");
        of_year(self.faults.shape, Kind::Invoice, object.done())
    }

    fn show_item(&self, row: Row<'_>) -> Value {
        let end = row.get("endPeriod");
        let after = || NaiveDate::parse_from_str(end, "%Y-%m-%d").ok()?.checked_add_days(Days::new(1));
        let end = if self.faults.end_exclusive { after().map(|d| d.to_string()) } else { None };
        let object = self
            .whole_object()
            .columns(row, &ITEM_TEXTS.map(|c| (c, As::Text)))
            .columns(row, &ITEM_NUMBERS.map(|c| (c, As::Number)))
            .flag("billedByPax8", row.get("billedByPax8"))
            .text("endPeriod", end.as_deref().unwrap_or(row.get("endPeriod")));
        let with_id = self.faults.item_ids || self.faults.shape == Shape::Y2022;
        let object = if with_id { object.text("id", row.get("id")) } else { object };
        of_year(self.faults.shape, Kind::Item, object.done())
    }

    /// What would be charged for this month or the next: no usage, no credits of invoices.
    pub(super) fn draft_items(&self) -> Answer {
        // An integer of two words: 1.0 is none of them, although a page may be asked for so.
        let ahead = match self.ask.query("monthOffset").unwrap_or("1") {
            "0" => 0,
            "1" => 1,
            _ => return failure(self.ask, StatusCode::UNPROCESSABLE_ENTITY, "monthOffset must be 0 or 1"),
        };
        let company = match self.known_company(StatusCode::NOT_FOUND) {
            Ok(company) => company,
            Err(refusal) => return refusal,
        };
        let month = months_after(first_of_month(self.state.today), ahead);
        let mut charges = self.state.charges_of_month(month);
        charges.retain(|charge| company.is_none_or(|c| charge.subscription.get("companyId").eq_ignore_ascii_case(c)));
        self.page(&charges, |charge| {
            let line = self.state.row_of(File::VendorInvoiceItems, &self.state.line(charge, month, 0));
            line.row(0).map_or(Value::Null, |row| self.show_item(row))
        })
    }
}

fn due_date(head: &Invoice) -> NaiveDate {
    days_after(head.date, 14)
}

const ITEM_TEXTS: [&str; 19] = [
    "type",
    "purchaseOrderNumber",
    "companyId",
    "externalId",
    "companyName",
    "startPeriod",
    "unitOfMeasure",
    "term",
    "sku",
    "description",
    "details",
    "rateType",
    "chargeType",
    "offeredBy",
    "productId",
    "productName",
    "currencyCode",
    "subscriptionId",
    "vendorName",
];
const ITEM_NUMBERS: [&str; 10] = [
    "quantity",
    "price",
    "subTotal",
    "cost",
    "costTotal",
    "total",
    "billingFee",
    "billingFeeRate",
    "amountDue",
    "salesTax",
];
