//! Pax8's metered usage: one summary per metered subscription, one line per metered invoice line.
//!
//! Invariant: the lines of a summary, over all days, add up exactly to its charges and cost.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde_json::Value;

use super::data::{Data, File, Row};
use super::faults::Fired;
use super::json::{As, uuid};
use super::pax8::{Pax8, exact, failure, figure};
use super::server::{Answer, Ask};

/// The metered invoice lines by the summary they belong to.
pub(super) struct Metered(BTreeMap<String, Vec<usize>>);

impl Metered {
    pub(super) fn of(data: &Data) -> Self {
        let mut by_subscription: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, item) in data.table(File::VendorInvoiceItems).rows().enumerate() {
            if item.get("term") == "Arrears" {
                by_subscription.entry(item.get("subscriptionId")).or_default().push(at);
            }
        }
        Self(by_subscription.into_iter().map(|(id, lines)| (summary_id(id), lines)).collect())
    }
}

/// The id of the summary of a subscription.
fn summary_id(subscription: &str) -> String {
    uuid(&format!("usage-summary/{}", subscription.to_ascii_lowercase()))
}

impl Pax8 {
    pub(super) fn usage_summaries(&self, ask: &Ask, fired: &Fired, subscription: &str) -> Answer {
        let Some(row) = self.find(File::VendorSubscriptions, subscription) else {
            return failure(ask, StatusCode::NOT_FOUND, &format!("Subscription Not Found: {subscription}"));
        };
        let rows = self.lines_of(&summary_id(row.get("id")));
        let summaries: Vec<Value> = if rows.is_empty() { Vec::new() } else { vec![summary(&rows, fired)] };
        self.page(ask, fired, &summaries, Clone::clone)
    }

    fn lines_of(&self, summary: &str) -> Vec<Row<'_>> {
        let items = self.data.table(File::VendorInvoiceItems);
        let lines = self.metered.0.get(&summary.to_ascii_lowercase());
        lines.into_iter().flatten().filter_map(|at| items.row(*at)).collect()
    }

    pub(super) fn usage(&self, ask: &Ask, fired: &Fired, id: &str, rest: &[&str]) -> Answer {
        let mut lines = self.lines_of(id);
        if lines.is_empty() {
            return failure(ask, StatusCode::NOT_FOUND, &format!("Usage Summary Not Found: {id}"));
        }
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
    let sum = |column| exact(lines.iter().map(|line| figure(*line, column)).sum());
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
        .value("currentProfit", exact(figure(line, "subTotal") - figure(line, "costTotal")))
        .value("isTrial", Value::Bool(false))
        .done()
}
