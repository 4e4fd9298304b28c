//! Pax8's invoices: heads, lines and drafts.
//!
//! Invariant: the total of a head is exactly the sum of `costTotal` and `salesTax` over its lines. Every line of the data
//! stands on one invoice per currency, dated in the month most lines start in; late lines of other months are among them.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use chrono::{Days, Months, NaiveDate};
use rust_decimal::Decimal;
use serde_json::Value;

use super::data::{Data, File, Row};
use super::faults::{Faults, Fired};
use super::json::{As, uuid};
use super::pax8::{Pax8, exact, failure, figure};
use super::server::{Answer, Ask};

struct Invoice {
    id: String,
    date: NaiveDate,
    status: &'static str,
    total: Decimal,
    balance: Decimal,
    currency: String,
    items: Vec<usize>,
}

/// The documents of the data.
pub(super) struct Invoices {
    heads: Vec<Invoice>,
    month: Option<NaiveDate>,
}

impl Invoices {
    pub(super) fn of(data: &Data, faults: &Faults) -> Self {
        let first = data.period().and_then(|p| NaiveDate::parse_from_str(&format!("{p}-01"), "%Y-%m-%d").ok());
        let Some(issued) = first else { return Self { heads: Vec::new(), month: first } };
        let mut by_currency: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let items = data.table(File::VendorInvoiceItems);
        for (at, item) in items.rows().enumerate() {
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
            let head = |status, kind: &str, balance| Invoice {
                id: uuid(&format!("invoice/{issued}/{currency}/{kind}")),
                date: issued,
                status,
                total,
                balance,
                currency: currency.to_owned(),
                items: rows.clone(),
            };
            if faults.credited {
                heads.push(head("Credited", "withdrawn", Decimal::ZERO));
            }
            heads.push(head("Unpaid", "good", total));
        }
        Self { heads, month: first }
    }
}

/// What the partner owes for a line.
fn due(item: Row<'_>) -> Decimal {
    figure(item, "costTotal") + figure(item, "salesTax")
}

impl Pax8 {
    pub(super) fn invoices(&self, ask: &Ask, fired: &Fired) -> Answer {
        let mut days = [None; 4];
        for (slot, name) in
            days.iter_mut().zip(["invoiceDateRangeStart", "invoiceDateRangeEnd", "invoiceDate", "dueDate"])
        {
            let Some(text) = ask.query(name) else { continue };
            match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
                Ok(day) => *slot = Some(day),
                Err(_) => return failure(ask, StatusCode::BAD_REQUEST, &format!("{name} must be yyyy-MM-dd")),
            }
        }
        let [start, end, on, due_on] = days;
        let amount =
            |name: &str, of: Decimal| ask.query(name).is_none_or(|t| t.parse::<Decimal>().is_ok_and(|d| d == of));
        let mut heads: Vec<&Invoice> = self.invoices.heads.iter().collect();
        heads.retain(|head| {
            start.is_none_or(|day| head.date >= day)
                && end.is_none_or(|day| head.date <= day)
                && on.is_none_or(|day| head.date == day)
                && due_on.is_none_or(|day| due_date(head) == day)
                && ask.query("status").is_none_or(|s| s.eq_ignore_ascii_case(head.status))
                && ask.query("companyId").is_none()
                && amount("total", head.total)
                && amount("balance", head.balance)
        });
        self.page(ask, fired, &heads, |head| self.head(head, fired))
    }

    pub(super) fn invoice(&self, ask: &Ask, fired: &Fired, id: &str, rest: &[&str]) -> Answer {
        let Some(head) = self.invoices.heads.iter().find(|head| head.id.eq_ignore_ascii_case(id)) else {
            return failure(ask, StatusCode::NOT_FOUND, &format!("Invoice Not Found: {id}"));
        };
        match rest {
            [] => Answer::ok(self.head(head, fired)),
            ["items"] => {
                let items = self.data.table(File::VendorInvoiceItems);
                self.page(ask, fired, &head.items, |at| items.row(*at).map_or(Value::Null, |row| self.item(row, fired)))
            }
            _ => failure(ask, StatusCode::NOT_FOUND, &format!("Path Not Found: {}", ask.path)),
        }
    }

    fn head(&self, head: &Invoice, fired: &Fired) -> Value {
        Self::object(fired)
            .text("id", &head.id)
            .text("invoiceDate", &head.date.to_string())
            .text("dueDate", &due_date(head).to_string())
            .text("status", head.status)
            .value("total", exact(head.total))
            .value("balance", exact(head.balance))
            .number("carriedBalance", &self.faults.carried)
            .text("currencyCode", &head.currency)
            .text("partnerName", "Example Managed Services")
            .text("companyId", "")
            .text("externalId", "")
            .done()
    }

    fn item(&self, row: Row<'_>, fired: &Fired) -> Value {
        let end = row.get("endPeriod");
        let after = || NaiveDate::parse_from_str(end, "%Y-%m-%d").ok()?.checked_add_days(Days::new(1));
        let end = if self.faults.end_exclusive { after().map(|d| d.to_string()) } else { None };
        let object = Self::object(fired)
            .columns(row, &ITEM_TEXTS.map(|c| (c, As::Text)))
            .columns(row, &ITEM_NUMBERS.map(|c| (c, As::Number)))
            .flag("billedByPax8", row.get("billedByPax8"))
            .text("endPeriod", end.as_deref().unwrap_or(row.get("endPeriod")));
        if self.faults.item_ids { object.text("id", row.get("id")) } else { object }.done()
    }

    /// What the active subscriptions would cost in this month or the next: no usage, no credits.
    pub(super) fn draft_items(&self, ask: &Ask, fired: &Fired) -> Answer {
        let ahead = match ask.query("monthOffset").unwrap_or("1") {
            "0" => 0,
            "1" => 1,
            _ => return failure(ask, StatusCode::UNPROCESSABLE_ENTITY, "monthOffset must be 0 or 1"),
        };
        if let Some(company) = ask.query("companyId").filter(|c| self.find(File::VendorCompanies, c).is_none()) {
            return failure(ask, StatusCode::NOT_FOUND, &format!("Company Not Found: {company}"));
        }
        let mut rows = self.rows(ask, File::VendorSubscriptions, &["companyId"], &[]);
        rows.retain(|row| row.get("status") == "Active" && !row.get("price").is_empty());
        let start = self.invoices.month.and_then(|m| m.checked_add_months(Months::new(ahead))).unwrap_or_default();
        let end = start + Months::new(1) - Days::new(1);
        self.page(ask, fired, &rows, |row| self.draft_item(*row, fired, start, end))
    }

    fn draft_item(&self, row: Row<'_>, fired: &Fired, start: NaiveDate, end: NaiveDate) -> Value {
        let read = |column| figure(row, column);
        let (quantity, price, cost) = (read("quantity"), read("price"), read("partnerCost"));
        let company = self.find(File::VendorCompanies, row.get("companyId"));
        let product = self.find(File::VendorProducts, row.get("productId"));
        let name = product.map_or("", |p| p.get("name"));
        Self::object(fired)
            .text("type", "subscription")
            .columns(row, &["companyId", "productId", "currencyCode"].map(|c| (c, As::Text)))
            .columns(row, &["quantity", "price"].map(|c| (c, As::Number)))
            .text("subscriptionId", row.get("id"))
            .text("companyName", company.map_or("", |c| c.get("name")))
            .text("externalId", company.map_or("", |c| c.get("externalId")))
            .text("productName", name)
            .text("description", name)
            .text("sku", product.map_or("", |p| p.get("sku")))
            .text("vendorName", product.map_or("", |p| p.get("vendorName")))
            .text("startPeriod", &start.to_string())
            .text("endPeriod", &end.to_string())
            .text("term", row.get("billingTerm"))
            .text("rateType", "flat")
            .text("chargeType", "per")
            .text("offeredBy", "Pax8")
            .value("billedByPax8", Value::Bool(false))
            .value("subTotal", exact(quantity * price))
            .value("total", exact(quantity * price))
            .number("cost", row.get("partnerCost"))
            .value("costTotal", exact(quantity * cost))
            .value("amountDue", exact(quantity * cost))
            .number("billingFee", "0")
            .number("billingFeeRate", "0")
            .number("salesTax", "0")
            .done()
    }
}

fn due_date(head: &Invoice) -> NaiveDate {
    head.date + Days::new(14)
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
