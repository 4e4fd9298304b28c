//! Pax8's metered usage: one summary per metered subscription, one line per metered invoice line.
//!
//! Invariant: the lines of a summary, over all days, add up exactly to its charges and cost.

use axum::http::StatusCode;
use rust_decimal::Decimal;
use serde_json::Value;

use super::data::{File, Row};
use super::faults::Fired;
use super::json::{As, uuid};
use super::pax8::{Pax8, exact, failure};
use super::server::{Answer, Ask};

/// The id of the summary of a subscription.
fn summary_id(subscription: &str) -> String {
    uuid(&format!("usage-summary/{}", subscription.to_ascii_lowercase()))
}

fn amount(row: Row<'_>, column: &str) -> Decimal {
    Decimal::from_str_exact(row.get(column)).unwrap_or_default()
}

impl Pax8 {
    fn metered(&self) -> impl Iterator<Item = Row<'_>> {
        self.data.table(File::VendorInvoiceItems).rows().filter(|item| item.get("term") == "Arrears")
    }

    pub(super) fn usage_summaries(&self, ask: &Ask, fired: &Fired, subscription: &str) -> Answer {
        let Some(row) = self.find(File::VendorSubscriptions, subscription) else {
            return failure(ask, StatusCode::NOT_FOUND, &format!("Subscription Not Found: {subscription}"));
        };
        let rows = self.lines_of(row.get("id"));
        let summaries: Vec<Value> = if rows.is_empty() { Vec::new() } else { vec![summary(&rows, fired)] };
        self.page(ask, fired, &summaries, Clone::clone)
    }

    fn lines_of(&self, subscription: &str) -> Vec<Row<'_>> {
        self.metered().filter(|item| item.get("subscriptionId").eq_ignore_ascii_case(subscription)).collect()
    }

    pub(super) fn usage(&self, ask: &Ask, fired: &Fired, id: &str, rest: &[&str]) -> Answer {
        let mut held = self.data.table(File::VendorSubscriptions).rows();
        let lines = held
            .find(|row| summary_id(row.get("id")).eq_ignore_ascii_case(id))
            .map(|row| self.lines_of(row.get("id")))
            .filter(|lines| !lines.is_empty());
        let Some(mut lines) = lines else {
            return failure(ask, StatusCode::NOT_FOUND, &format!("Usage Summary Not Found: {id}"));
        };
        match rest {
            [] => Answer::ok(summary(&lines, fired)),
            ["usage-lines"] => {
                let Some(day) = ask.query("usageDate") else {
                    return failure(ask, StatusCode::BAD_REQUEST, "usageDate is required");
                };
                let product = ask.query("productId");
                lines.retain(|line| {
                    line.get("startPeriod") == day
                        && product.is_none_or(|p| line.get("productId").eq_ignore_ascii_case(p))
                });
                self.page(ask, fired, &lines, |line| usage_line(*line, fired))
            }
            _ => failure(ask, StatusCode::NOT_FOUND, &format!("Path Not Found: {}", ask.path)),
        }
    }
}

fn summary(lines: &[Row<'_>], fired: &Fired) -> Value {
    let sum = |column| exact(lines.iter().map(|line| amount(*line, column)).sum());
    let Some(first) = lines.first() else { return Value::Null };
    Pax8::object(fired)
        .text("id", &summary_id(first.get("subscriptionId")))
        .columns(
            *first,
            &["companyId", "productId", "subscriptionId", "vendorName", "currencyCode"].map(|c| (c, As::Text)),
        )
        .text("resourceGroup", first.get("companyName"))
        .value("currentCharges", sum("subTotal"))
        .value("partnerTotal", sum("costTotal"))
        .value("isTrial", Value::Bool(false))
        .done()
}

fn usage_line(line: Row<'_>, fired: &Fired) -> Value {
    let meter = if line.get("details").is_empty() { line.get("productName") } else { line.get("details") };
    Pax8::object(fired)
        .text("usageSummaryId", &summary_id(line.get("subscriptionId")))
        .text("usageDate", line.get("startPeriod"))
        .text("productName", meter)
        .columns(line, &["productId", "unitOfMeasure", "currencyCode"].map(|c| (c, As::Text)))
        .number("quantity", line.get("quantity"))
        .number("unitPrice", line.get("price"))
        .number("currentCharges", line.get("subTotal"))
        .number("partnerTotal", line.get("costTotal"))
        .value("currentProfit", exact(amount(line, "subTotal") - amount(line, "costTotal")))
        .value("isTrial", Value::Bool(false))
        .done()
}
