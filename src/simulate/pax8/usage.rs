//! Pax8's metered usage: one summary per metered subscription, one line per metered invoice line.
//!
//! The data brings its month's use; every later day adds a line per metered subscription, made from its id and the day. Files
//! hold no count of seats in use: it follows from the vendor, and costs nothing.
//! Invariant: the lines of a summary, over the days of its month, add up exactly to its charges and cost.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use chrono::NaiveDate;
use rand_chacha::rand_core::Rng as _;
use rust_decimal::Decimal;
use serde_json::Value;

use super::changes::Cells;
use super::shape::{Kind, of_year};
use super::state::State;
use super::time::{day, day_of_cell, first_of_month};
use super::{Call, exact, failure, figure, missing};
use crate::simulate::data::{Data, File, Row};
use crate::simulate::json::{As, rng, uuid};
use crate::simulate::server::Answer;

/// The metered invoice lines by the summary they belong to.
pub(super) fn lines_by_summary(data: &Data) -> BTreeMap<String, Vec<usize>> {
    let mut by_subscription: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, item) in data.table(File::VendorInvoiceItems).rows().enumerate() {
        if item.get("term") == "Arrears" {
            by_subscription.entry(item.get("subscriptionId")).or_default().push(at);
        }
    }
    by_subscription.into_iter().map(|(id, lines)| (summary_id(id), lines)).collect()
}

/// The id of the summary of a subscription.
fn summary_id(subscription: &str) -> String {
    uuid(&format!("usage-summary/{}", subscription.to_ascii_lowercase()))
}

/// Who counts the seats in use.
const COUNTS: &str = "Marrowgate";

impl State {
    /// The seats in use in the month of the data, once a week.
    pub(super) fn count_seats(&mut self) {
        let products = self.counted();
        let weeks = self.month.iter_days().skip(6).step_by(7).take_while(|day| first_of_month(*day) == self.month);
        let lines: Vec<Cells> = weeks.flat_map(|day| self.in_use(&products, day)).collect();
        self.meter(lines);
    }

    /// What was used today by whatever has no price of its own, and the seats in use.
    pub(super) fn meter_day(&mut self) {
        let mut lines: Vec<Cells> =
            self.data.table(File::VendorSubscriptions).rows().filter_map(|row| self.used(row)).collect();
        lines.append(&mut self.in_use(&self.counted(), self.today));
        self.meter(lines);
    }

    /// Products whose seats in use are counted.
    fn counted(&self) -> Vec<&str> {
        let all = self.data.table(File::VendorProducts).rows();
        all.filter(|product| product.get("vendorName") == COUNTS).map(|product| product.get("id")).collect()
    }

    /// Some seven of ten seats of whatever runs on a day.
    fn in_use(&self, products: &[&str], on: NaiveDate) -> Vec<Cells> {
        if products.is_empty() {
            return Vec::new();
        }
        let rows = self.data.table(File::VendorSubscriptions).rows();
        let counted = rows.filter(|row| products.contains(&row.get("productId")) && runs(*row, on));
        counted
            .map(|row| {
                let used = (figure(row, "quantity") * Decimal::new(7, 1)).floor();
                let mut cells = self.parties(row);
                cells.extend([
                    ("id", uuid(&format!("in-use/{}/{on}", row.get("id")))),
                    ("startPeriod", on.to_string()),
                    ("endPeriod", on.to_string()),
                    ("quantity", used.normalize().to_string()),
                    ("term", "Arrears".to_owned()),
                    ("details", "Seats in use".to_owned()),
                ]);
                cells.extend(["price", "subTotal", "total", "cost", "costTotal"].map(|name| (name, "0".to_owned())));
                cells
            })
            .collect()
    }

    fn meter(&mut self, lines: Vec<Cells>) {
        for line in lines {
            let at = self.data.table(File::VendorInvoiceItems).len();
            self.add(File::VendorInvoiceItems, &line);
            let id = line.iter().find(|(name, _)| *name == "subscriptionId").map_or("", |(_, id)| id);
            self.metered.entry(summary_id(id)).or_default().push(at);
        }
    }

    fn used(&self, row: Row<'_>) -> Option<Cells> {
        if !row.get("price").is_empty() || !runs(row, self.today) {
            return None;
        }
        let key = format!("usage/{}/{}", row.get("id"), self.today);
        // up to 40 units with four decimals, at a cost and a price per unit
        let quantity = Decimal::new(i64::try_from(rng(&key).next_u64() % 400_000).unwrap_or_default() + 1, 4);
        let (cost, price) = (Decimal::new(192, 3), Decimal::new(2208, 4));
        let text = |amount: Decimal| amount.normalize().to_string();
        let (charged, owed) = (text(quantity * price), text(quantity * cost));
        let today = self.today.to_string();
        let mut cells = self.parties(row);
        cells.extend([
            ("id", uuid(&key)),
            ("type", "subscription".to_owned()),
            ("startPeriod", today.clone()),
            ("endPeriod", today),
            ("quantity", text(quantity)),
            ("term", "Arrears".to_owned()),
            ("description", row.get("productName").to_owned()),
            ("details", "Compute, general purpose".to_owned()),
            ("price", text(price)),
            ("subTotal", charged.clone()),
            ("total", charged),
            ("cost", text(cost)),
            ("costTotal", owed.clone()),
            ("amountDue", owed),
        ]);
        Some(cells)
    }
}

/// Whether a subscription has begun and not ended.
fn runs(row: Row<'_>, on: NaiveDate) -> bool {
    day_of_cell(row.get("startDate")).is_none_or(|start| start <= on)
        && day_of_cell(row.get("endDate")).is_none_or(|end| end >= on)
}

impl Call<'_> {
    /// The lines of a summary in its month: that of the data while it lasts, then the current one.
    fn lines_of(&self, summary: &str) -> Vec<Row<'_>> {
        let items = self.state.data.table(File::VendorInvoiceItems);
        let lines = self.state.metered.get(&summary.to_ascii_lowercase());
        let all: Vec<Row<'_>> = lines.into_iter().flatten().filter_map(|at| items.row(*at)).collect();
        let month = first_of_month(self.state.today);
        if month <= self.state.month {
            return all;
        }
        let now = |row: &Row<'_>| day_of_cell(row.get("startPeriod")).is_some_and(|day| first_of_month(day) == month);
        let current: Vec<Row<'_>> = all.iter().copied().filter(now).collect();
        if current.is_empty() { all } else { current }
    }

    pub(super) fn usage_summaries(&self, subscription: &str) -> Answer {
        let Some(row) = self.state.find(File::VendorSubscriptions, subscription) else {
            return missing(self.ask, "Subscription", subscription);
        };
        let rows = self.lines_of(&summary_id(row.get("id")));
        let meets = |name: &str, column: &str, first: Row<'_>| {
            self.ask.query(name).is_none_or(|asked| first.get(column).eq_ignore_ascii_case(asked))
        };
        let wanted = rows.first().is_some_and(|first| {
            meets("companyId", "companyId", *first) && meets("resourceGroup", "companyName", *first)
        });
        let summaries: Vec<Value> = if wanted { vec![self.summary(&rows)] } else { Vec::new() };
        self.page(&summaries, Clone::clone)
    }

    pub(super) fn usage_summary(&self, id: &str) -> Answer {
        let lines = self.lines_of(id);
        if lines.is_empty() {
            return missing(self.ask, "Usage Summary", id);
        }
        Answer::ok(self.summary(&lines))
    }

    /// One day of one summary, of whatever month.
    pub(super) fn usage_lines(&self, id: &str) -> Answer {
        let items = self.state.data.table(File::VendorInvoiceItems);
        let Some(lines) = self.state.metered.get(&id.to_ascii_lowercase()) else {
            return missing(self.ask, "Usage Summary", id);
        };
        let Some(wanted) = self.ask.query("usageDate").and_then(day).map(|day| day.to_string()) else {
            return failure(self.ask, StatusCode::BAD_REQUEST, "usageDate is required as yyyy-MM-dd");
        };
        let product = self.ask.query("productId");
        let mut lines: Vec<Row<'_>> = lines.iter().filter_map(|at| items.row(*at)).collect();
        lines.retain(|line| {
            line.get("startPeriod") == wanted && product.is_none_or(|p| line.get("productId").eq_ignore_ascii_case(p))
        });
        self.page(&lines, |line| self.usage_line(*line))
    }

    fn summary(&self, lines: &[Row<'_>]) -> Value {
        let sum = |column| exact(lines.iter().map(|line| figure(*line, column)).sum());
        let Some(first) = lines.first() else { return Value::Null };
        let object = self
            .object()
            .text("id", &summary_id(first.get("subscriptionId")))
            .columns(
                *first,
                &["companyId", "productId", "subscriptionId", "vendorName", "currencyCode"].map(|c| (c, As::Text)),
            )
            .text("resourceGroup", first.get("companyName"))
            .value("currentCharges", sum("subTotal"))
            .value("partnerTotal", sum("costTotal"))
            .value("isTrial", Value::Bool(false));
        of_year(self.faults.shape, Kind::Summary, object.done())
    }

    fn usage_line(&self, line: Row<'_>) -> Value {
        let meter = if line.get("details").is_empty() { line.get("productName") } else { line.get("details") };
        self.object()
            .text("usageSummaryId", &summary_id(line.get("subscriptionId")))
            .text("usageDate", line.get("startPeriod"))
            .text("productName", meter)
            .columns(line, &["productId", "unitOfMeasure", "currencyCode"].map(|c| (c, As::Text)))
            .number("quantity", line.get("quantity"))
            .number("unitPrice", line.get("price"))
            .number("currentCharges", line.get("subTotal"))
            .number("partnerTotal", line.get("costTotal"))
            .value("currentProfit", exact(figure(line, "subTotal") - figure(line, "costTotal")))
            .value("isTrial", Value::Bool(false))
            .done()
    }
}
