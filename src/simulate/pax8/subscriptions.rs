//! Pax8's subscriptions: list, read, history, change, cancel.
//!
//! Invariant: each change that changes anything adds exactly one state to the history; one that changes nothing adds none.

use axum::http::StatusCode;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::changes::{Cells, Change};
use super::orders::check_answers;
use super::products::details;
use super::shape::{Kind, of_year};
use super::terms::{BILLING, Commitment, id_of, months};
use super::time::{day_of_any, day_of_cell, days_after, months_before};
use super::topics::Event;
use super::validation::Fields;
use super::{Call, Written, figure, missing};
use crate::simulate::data::{File, Row};
use crate::simulate::faults::{self, Fault, Shape};
use crate::simulate::json::As;
use crate::simulate::server::Answer;

const SUBSCRIPTION: [(&str, As); 13] = [
    ("id", As::Text),
    ("parentSubscriptionId", As::Text),
    ("companyId", As::Text),
    ("productId", As::Text),
    ("vendorSubscriptionId", As::Text),
    ("quantity", As::Number),
    ("billingStart", As::Text),
    ("status", As::Text),
    ("price", As::Number),
    ("partnerCost", As::Number),
    ("currencyCode", As::Text),
    ("productName", As::Text),
    ("billingTerm", As::Text),
];
const SORTS: [&str; 6] = ["quantity", "startDate", "endDate", "createdDate", "billingStart", "price"];

impl Call<'_> {
    pub(super) fn subscriptions(&self) -> Answer {
        if let Err(refusal) = self.known_company(StatusCode::FORBIDDEN) {
            return refusal;
        }
        let filters = ["companyId", "productId", "status", "billingTerm"];
        let rows = self.rows(File::VendorSubscriptions, &filters, &SORTS.map(|f| (f, f)));
        self.page(&rows, |row| self.show_subscription(*row, self.faults.full_lists))
    }

    fn find_subscription(&self, id: &str) -> Result<Row<'_>, Answer> {
        self.state.find(File::VendorSubscriptions, id).ok_or_else(|| missing(self.ask, "Subscription", id))
    }

    pub(super) fn subscription(&self, id: &str) -> Answer {
        match self.find_subscription(id) {
            Ok(row) => Answer::ok(self.show_subscription(row, true)),
            Err(refusal) => refusal,
        }
    }

    /// Newest first, the state of today included.
    pub(super) fn history(&self, id: &str) -> Answer {
        let row = match self.find_subscription(id) {
            Ok(row) => row,
            Err(refusal) => return refusal,
        };
        let earlier = self.state.data.table(File::VendorHistory).rows().rev();
        let all = std::iter::once(row).chain(earlier.filter(|r| r.get("id").eq_ignore_ascii_case(id)));
        let content: Vec<Value> = all.map(|r| self.show_subscription(r, false)).collect();
        Answer::ok(json!({ "content": content }))
    }

    fn show_subscription(&self, row: Row<'_>, full: bool) -> Value {
        let mut object = self.object().columns(row, &SUBSCRIPTION);
        if self.faults.shape == Shape::Y2022 && row.get("price").is_empty() {
            // what was metered had a price then, and it was nothing
            object = object.number("price", "0");
        }
        for (at, field) in ["startDate", "endDate", "createdDate", "updatedDate"].into_iter().enumerate() {
            object = object.text(field, &self.date_shape(row.get("id"), at, row.get(field)));
        }
        if full {
            let product = self.state.find(File::VendorProducts, row.get("productId"));
            object = object.text("vendorSkuId", product.map_or("", |p| p.get("vendorSku")));
        }
        let shaped =
            |object: crate::simulate::json::Object| of_year(self.faults.shape, Kind::Subscription, object.done());
        let term = row.get("commitmentTerm");
        let commitment = if term.is_empty() {
            if !self.fired.has(Fault::Nulls) {
                return shaped(object);
            }
            Value::Null
        } else {
            self.object()
                .text("id", &id_of(term))
                .text("term", term)
                .text("endDate", row.get("commitmentEndDate"))
                .done()
        };
        shaped(match self.faults.commitment {
            faults::Commitment::Wire => object.value("commitment", commitment),
            faults::Commitment::Documented => object.value("commitmentTerm", commitment),
            faults::Commitment::Both => {
                object.value("commitment", commitment.clone()).value("commitmentTerm", commitment)
            }
        })
    }

    /// The same day in one of the shapes met on the wire, when they are to be mixed.
    fn date_shape(&self, id: &str, at: usize, text: &str) -> String {
        let Some(day) = text.get(..10).filter(|_| self.faults.mixed_dates) else { return text.to_owned() };
        match (id.bytes().map(usize::from).sum::<usize>() + at) % 3 {
            0 => day.to_owned(),
            1 => format!("{day}T08:30:00Z"),
            _ => format!("{day}T11:33:12.314+0000"),
        }
    }

    pub(super) fn update_subscription(&self, id: &str) -> Written {
        let row = self.find_subscription(id)?;
        let body = self.body()?;
        let mut fields = Fields::new(&body, "");
        if !["price", "billingTerm", "quantity", "startDate"].iter().any(|name| fields.given(name).is_some()) {
            fields.refuse("subscription", "price, billingTerm, quantity or startDate is required");
        }
        self.check_open(&mut fields, row);
        let quantity = fields.quantity("quantity").map(|quantity| quantity.to_string());
        let price = fields.amount("price").map(|price| price.normalize().to_string());
        let term = fields.one_of("billingTerm", &BILLING).map(str::to_owned);
        let start = moment(&mut fields, "startDate");
        // An explicit null leaves it open-ended again.
        let opened = body.get("endDate").is_some_and(Value::is_null).then(String::new);
        let end = moment(&mut fields, "endDate").or(opened);
        self.check_days(&mut fields, row, start.as_deref(), end.as_deref().filter(|end| !end.is_empty()));
        let product = self.state.find(File::VendorProducts, row.get("productId"));
        check_answers(&mut fields, details(product.map_or("", |p| p.get("vendorName"))), false);
        if let Some(wanted) = quantity.as_deref().and_then(|q| q.parse::<Decimal>().ok())
            && wanted < figure(row, "quantity")
            && self.is_bound(row, self.state.today, |commitment| !commitment.decrease)
        {
            fields.refuse("quantity", "the commitment does not allow fewer before its term ends");
        }
        self.all_good(&fields.wrong)?;
        let texts =
            [("quantity", quantity), ("price", price), ("billingTerm", term), ("startDate", start), ("endDate", end)];
        let mut cells: Cells = texts.into_iter().filter_map(|(name, text)| Some((name, text?))).collect();
        cells.retain(|(name, text)| !is_same(row, name, text));
        let id = row.get("id").to_owned();
        let mut changes = self.recorded(row, &mut cells);
        if let Some((_, quantity)) = cells.iter().find(|(name, _)| *name == "quantity") {
            changes.push(Change::Quantity(id.clone(), self.state.today, quantity.parse().unwrap_or_default()));
        }
        let ends = cells.iter().find(|(name, _)| *name == "endDate").and_then(|(_, text)| day_of_cell(text));
        changes.extend(ends.map(|day| Change::Ends(id.clone(), day)));
        let answer = self.after(row, &cells);
        if !cells.is_empty() {
            changes.extend([
                Change::Set(File::VendorSubscriptions, id.clone(), cells),
                Change::Tell(Event::of("SUBSCRIPTION", "UPDATED", &id)),
            ]);
        }
        Ok((Answer::ok(answer), changes))
    }

    /// Sets the end; the status follows when it has come.
    pub(super) fn cancel_subscription(&self, id: &str) -> Written {
        let row = self.find_subscription(id)?;
        let today = self.state.today;
        let end = match self.ask.query("cancelDate") {
            None => today,
            Some(text) => day_of_any(text).ok_or_else(|| {
                super::failure(self.ask, StatusCode::BAD_REQUEST, "cancelDate must be a date and time")
            })?,
        };
        let mut wrong = Vec::new();
        if matches!(row.get("status"), "Cancelled" | "PendingCancel" | "Converted") {
            wrong.push(format!("status: the subscription is {} already", row.get("status")));
        }
        if day_of_cell(row.get("startDate")).is_some_and(|start| end < start) {
            wrong.push("cancelDate: is before the subscription starts".to_owned());
        }
        if end < today {
            wrong.push("cancelDate: must not be in the past".to_owned());
        }
        if self.is_bound(row, end, |commitment| !commitment.early_cancellation) {
            wrong.push("cancelDate: the commitment does not allow cancelling before its term ends".to_owned());
        }
        self.all_good(&wrong)?;
        let status = if end <= today { "Cancelled" } else { "PendingCancel" };
        let mut cells: Cells = vec![("endDate", format!("{end}T00:00:00Z")), ("status", status.to_owned())];
        let id = row.get("id").to_owned();
        let mut changes = self.recorded(row, &mut cells);
        changes.extend([
            Change::Set(File::VendorSubscriptions, id.clone(), cells),
            Change::Ends(id.clone(), end),
            Change::Tell(Event::of("SUBSCRIPTION", "CANCELLED", &id)),
        ]);
        Ok((Answer::empty(StatusCode::NO_CONTENT), changes))
    }

    /// An end is not in the past, not before the start, and not inside a commitment; the one it has may be sent again.
    fn check_days(&self, fields: &mut Fields<'_>, row: Row<'_>, start: Option<&str>, end: Option<&str>) {
        let of = |given: Option<&str>, column: &str| day_of_cell(given.unwrap_or(row.get(column)));
        let (start_then, end_then) = (of(start, "startDate"), of(end, "endDate"));
        if start_then.zip(end_then).is_some_and(|(start, end)| end < start) {
            fields.refuse("endDate", "is before the subscription starts");
        }
        let Some(end) = end_then.filter(|end| Some(*end) != day_of_cell(row.get("endDate"))) else { return };
        if end < self.state.today {
            fields.refuse("endDate", "must not be in the past");
        }
        if self.is_bound(row, end, |commitment| !commitment.early_cancellation) {
            fields.refuse("endDate", "the commitment does not allow ending before its term ends");
        }
    }

    /// Cancelled and future-dated subscriptions cannot be changed.
    fn check_open(&self, fields: &mut Fields<'_>, row: Row<'_>) {
        if matches!(row.get("status"), "Cancelled" | "PendingCancel" | "Converted") {
            fields.refuse("status", &format!("a subscription that is {} cannot be changed", row.get("status")));
        }
        if day_of_cell(row.get("startDate")).is_some_and(|start| start > self.state.today) {
            fields.refuse("startDate", "a subscription that starts later cannot be changed");
        }
    }

    /// The state so far goes to the history, if anything changes; the time of the change joins the cells.
    fn recorded(&self, row: Row<'_>, cells: &mut Cells) -> Vec<Change> {
        if cells.is_empty() {
            return Vec::new();
        }
        cells.push(("updatedDate", self.state.moment()));
        let columns = File::VendorHistory.columns().iter();
        vec![Change::Add(File::VendorHistory, columns.map(|c| (*c, row.get(c).to_owned())).collect())]
    }

    /// Whether a subscription is inside a commitment that forbids something, outside the windows around the end of its term.
    fn is_bound(&self, row: Row<'_>, day: NaiveDate, forbids: impl Fn(&Commitment) -> bool) -> bool {
        let commitment = self.state.commitment_of(row).filter(|c| forbids(c));
        let Some(commitment) = commitment else { return false };
        let Some(end) = day_of_cell(row.get("commitmentEndDate")) else { return true };
        let began = months_before(days_after(end, 1), months(commitment.term).unwrap_or(1));
        let renewed = day_of_cell(row.get("startDate")).is_some_and(|start| start < began);
        let just_renewed = renewed && day < days_after(began, commitment.window.1);
        days_after(day, commitment.window.0) < end && !just_renewed
    }

    /// The subscription as it will be.
    fn after(&self, row: Row<'_>, cells: &Cells) -> Value {
        let mut table = self.state.one_row(File::VendorSubscriptions, row);
        for (column, text) in cells {
            table.set(0, column, text);
        }
        table.row(0).map_or(Value::Null, |row| self.show_subscription(row, true))
    }
}

/// A day of the body, as the data writes moments.
fn moment(fields: &mut Fields<'_>, name: &str) -> Option<String> {
    let text = fields.text(name)?;
    let day = day_of_any(text);
    if day.is_none() {
        fields.refuse(name, "must be a date and time");
    }
    day.map(|day| format!("{day}T00:00:00Z"))
}

/// Numbers and days are compared by value.
fn is_same(row: Row<'_>, name: &str, text: &str) -> bool {
    match name {
        "quantity" | "price" => text
            .parse()
            .is_ok_and(|value: Decimal| row.get(name).parse::<Decimal>().is_ok_and(|stored| stored == value)),
        "startDate" | "endDate" => day_of_cell(row.get(name)) == day_of_cell(text),
        _ => row.get(name) == text,
    }
}
