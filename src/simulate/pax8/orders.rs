//! Pax8's orders: every subscription of the data stands for one, and more can be placed.
//!
//! Invariant: an order is refused whole or placed whole; with `isMock` it is judged the same and nothing changes.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::changes::{Cells, Change};
use super::products::{Answers, Detail, details};
use super::shape::{Kind, of_year};
use super::terms::{BILLING, Commitment, id_of, months};
use super::time::{day_of_any, day_of_cell, term_around};
use super::topics::Event;
use super::validation::Fields;
use super::{Call, Written, failure, missing};
use crate::simulate::data::{File, Row};
use crate::simulate::json::uuid;
use crate::simulate::server::Answer;

/// An order that was placed here.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) id: String,
    company: String,
    created: String,
    by: &'static str,
    email: String,
    pub(super) lines: Vec<Line>,
}

#[derive(Debug, Clone)]
pub(super) struct Line {
    id: String,
    product: String,
    pub(super) subscription: String,
    /// The term one is bound for; empty without.
    commitment: String,
    start: String,
    term: String,
    quantity: String,
}

const BY: [&str; 3] = ["Pax8 Partner", "Customer", "Pax8"];

impl Call<'_> {
    /// Oldest first.
    pub(super) fn orders(&self) -> Answer {
        let company = match self.known_company(StatusCode::NOT_FOUND) {
            Ok(company) => company,
            Err(refusal) => return refusal,
        };
        let here = |id: &str| company.is_none_or(|wanted| wanted.eq_ignore_ascii_case(id));
        let placed: BTreeSet<&str> =
            self.state.orders.iter().flat_map(|o| &o.lines).map(|l| l.subscription.as_str()).collect();
        let mut seeded: Vec<Row<'_>> = self.state.data.table(File::VendorSubscriptions).rows().collect();
        seeded.retain(|row| here(row.get("companyId")) && !placed.contains(row.get("id")));
        seeded.sort_by_key(|row| row.get("createdDate").get(..10).unwrap_or_default());
        let mut all: Vec<Either<'_>> = seeded.into_iter().map(Either::Seeded).collect();
        all.extend(self.state.orders.iter().filter(|order| here(&order.company)).map(Either::Placed));
        self.page(&all, |order| match order {
            Either::Seeded(row) => self.show_order(&seeded_order(*row)),
            Either::Placed(order) => self.show_order(order),
        })
    }

    pub(super) fn order(&self, id: &str) -> Answer {
        if let Some(order) = self.state.orders.iter().find(|order| order.id.eq_ignore_ascii_case(id)) {
            return Answer::ok(self.show_order(order));
        }
        let mut all = self.state.data.table(File::VendorSubscriptions).rows();
        let placed = |row: &Row<'_>| {
            self.state.orders.iter().flat_map(|o| &o.lines).any(|line| line.subscription == row.get("id"))
        };
        match all.find(|row| order_id(row.get("id")).eq_ignore_ascii_case(id) && !placed(row)) {
            Some(row) => Answer::ok(self.show_order(&seeded_order(row))),
            None => missing(self.ask, "Order", id),
        }
    }

    fn show_order(&self, order: &Order) -> Value {
        let lines: Vec<Value> = order.lines.iter().map(|line| self.show_line(line)).collect();
        let object = self
            .object()
            .text("id", &order.id)
            .text("companyId", &order.company)
            .text("createdDate", &order.created)
            .text("orderedBy", order.by)
            .text("orderedByUserId", &uuid("the partner's user"))
            .text("orderedByUserEmail", &order.email)
            .value("isScheduled", Value::Bool(false))
            .value("lineItems", Value::Array(lines));
        of_year(self.faults.shape, Kind::Order, object.done())
    }

    fn show_line(&self, line: &Line) -> Value {
        self.object()
            .text("id", &line.id)
            .text("productId", &line.product)
            .text("subscriptionId", &line.subscription)
            .text("commitmentTermId", &if line.commitment.is_empty() { String::new() } else { id_of(&line.commitment) })
            .text("provisionStartDate", &line.start)
            .text("billingTerm", &line.term)
            .number("quantity", &line.quantity)
            .done()
    }

    pub(super) fn place_order(&self) -> Written {
        let mock = match self.ask.query("isMock") {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Err(failure(self.ask, StatusCode::BAD_REQUEST, "isMock must be true or false")),
        };
        let body = self.body()?;
        let mut fields = Fields::new(&body, "");
        let company = self.orderable_company(&mut fields);
        let by = fields.one_of("orderedBy", &BY).unwrap_or("Pax8 Partner");
        let email = fields.text("orderedByUserEmail").unwrap_or_default();
        fields.check_email("orderedByUserEmail", email);
        let lines = fields.objects("lineItems").unwrap_or_default();
        if lines.is_empty() {
            fields.refuse("lineItems", "at least one line is required");
        }
        let (mut drafts, mut changes) = (Vec::new(), Vec::new());
        for (at, line) in lines.iter().enumerate() {
            let mut inner = fields.inside(line, &format!("lineItems[{at}]"));
            self.check_parents(&mut inner, &lines, at, company);
            self.check_base(&mut inner, &lines, at, company);
            if let Some((line, made)) = self.line(&mut inner, at, company) {
                drafts.push(line);
                changes.extend(made);
            }
            fields.wrong.append(&mut inner.wrong);
        }
        self.all_good(&fields.wrong)?;
        let order = Order {
            id: self.state.id(0),
            company: company.map_or("", |row| row.get("id")).to_owned(),
            created: self.state.today.to_string(),
            by,
            email: email.to_owned(),
            lines: drafts,
        };
        let answer = Answer::ok(self.show_order(&order));
        changes.push(Change::Ordered(order));
        Ok((answer, if mock { Vec::new() } else { changes }))
    }

    /// The company ordered for: known, and active.
    fn orderable_company(&self, fields: &mut Fields<'_>) -> Option<Row<'_>> {
        let id = fields.required_text("companyId");
        let found = self.state.find(File::VendorCompanies, id);
        match found {
            None if !id.is_empty() => fields.refuse("companyId", "no such company"),
            Some(row) if row.get("status") != "Active" => {
                fields.refuse("companyId", "the company is not active: its primary contacts are missing");
            }
            _ => {}
        }
        found
    }

    /// One line and the subscription it makes, unless something is wrong with it.
    fn line(&self, fields: &mut Fields<'_>, at: usize, company: Option<Row<'_>>) -> Option<(Line, Vec<Change>)> {
        let id = fields.required_text("productId");
        let product = self.state.find(File::VendorProducts, id);
        if product.is_none() && !id.is_empty() {
            fields.refuse("productId", "no such product");
        }
        for name in ["quantity", "billingTerm"] {
            if fields.given(name).is_none() {
                fields.refuse(name, "is required");
            }
        }
        let quantity = fields.quantity("quantity");
        let term = fields.one_of("billingTerm", &BILLING);
        let start = self.start(fields);
        let commitment = product.and_then(|product| commitment(fields, product, term));
        if let Some(product) = product {
            check_answers(fields, details(product.get("vendorName")), true);
        }
        if !fields.wrong.is_empty() {
            return None;
        }
        let (product, quantity, term, company) = (product?, quantity?, term?, company?);
        let subscription = self.state.id(1 + 2 * at);
        let line = Line {
            id: self.state.id(2 + 2 * at),
            product: product.get("id").to_owned(),
            subscription: subscription.clone(),
            commitment: commitment.unwrap_or_default().to_owned(),
            start: format!("{start}T08:30:00Z"),
            term: term.to_owned(),
            quantity: quantity.to_string(),
        };
        let cells = self.subscription_cells(&line, company, product, fields.text("parentSubscriptionId"), quantity);
        let changes = vec![
            Change::Add(File::VendorSubscriptions, cells),
            Change::Began(subscription.clone(), start, quantity),
            Change::Tell(Event::of("SUBSCRIPTION", "CREATED", &subscription)),
        ];
        Some((line, changes))
    }

    /// When it is to start: today unless an earlier day is given; later days cannot be ordered here.
    fn start(&self, fields: &mut Fields<'_>) -> chrono::NaiveDate {
        let today = self.state.today;
        let Some(text) = fields.text("provisionStartDate") else { return today };
        match day_of_any(text) {
            None => fields.refuse("provisionStartDate", "must be a date and time"),
            Some(day) if day > today => fields.refuse("provisionStartDate", "orders for a later day are not supported"),
            Some(day) => return day,
        }
        today
    }

    /// The subscription or line this one hangs on.
    fn check_parents(
        &self,
        fields: &mut Fields<'_>,
        lines: &[&Map<String, Value>],
        at: usize,
        company: Option<Row<'_>>,
    ) {
        let own = company.map_or("", |row| row.get("id"));
        if let Some(parent) = fields.text("parentSubscriptionId")
            && self.state.find(File::VendorSubscriptions, parent).is_none_or(|row| row.get("companyId") != own)
        {
            fields.refuse("parentSubscriptionId", "is no subscription of this company");
        }
        fields.amount("lineItemNumber");
        if let Some(parent) = fields.amount("parentLineItemNumber") {
            let number = |line: &Map<String, Value>| Fields::new(line, "").amount("lineItemNumber");
            let others = lines.iter().enumerate().filter(|(other, _)| *other != at);
            if !others.map(|(_, line)| number(line)).any(|number| number == Some(parent)) {
                fields.refuse("parentLineItemNumber", "no other line has this lineItemNumber");
            }
        }
    }

    /// What a product needs is the parent that is named, or else is held or ordered beside it.
    fn check_base(&self, fields: &mut Fields<'_>, lines: &[&Map<String, Value>], at: usize, company: Option<Row<'_>>) {
        let product = fields.given("productId").and_then(Value::as_str);
        let product = product.and_then(|id| self.state.find(File::VendorProducts, id));
        let Some((base, company)) = product.and_then(|product| self.base_of(product)).zip(company) else { return };
        let (base, name) = (base.get("id"), base.get("name"));
        let is_base = |line: &Map<String, Value>| {
            line.get("productId").and_then(Value::as_str).is_some_and(|id| id.eq_ignore_ascii_case(base))
        };
        let number = |line: &Map<String, Value>| Fields::new(line, "").amount("lineItemNumber");
        let mut others = lines.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, line)| *line);
        let satisfied = if let Some(parent) = fields.text("parentSubscriptionId") {
            let parent = self.state.find(File::VendorSubscriptions, parent);
            parent.is_none_or(|row| row.get("productId").eq_ignore_ascii_case(base) && self.is_running(row))
        } else if let Some(parent) = fields.amount("parentLineItemNumber") {
            others.any(|line| number(line) == Some(parent) && is_base(line))
        } else {
            let held = self.state.data.table(File::VendorSubscriptions).rows().any(|row| {
                row.get("companyId") == company.get("id")
                    && row.get("productId").eq_ignore_ascii_case(base)
                    && self.is_running(row)
            });
            held || others.any(is_base)
        };
        if !satisfied {
            fields.refuse("productId", &format!("requires {name}, as a parent subscription or line"));
        }
    }

    fn is_running(&self, row: Row<'_>) -> bool {
        !matches!(row.get("status"), "Cancelled" | "Converted")
            && day_of_cell(row.get("endDate")).is_none_or(|end| end >= self.state.today)
    }

    fn subscription_cells(
        &self,
        line: &Line,
        company: Row<'_>,
        product: Row<'_>,
        parent: Option<&str>,
        quantity: Decimal,
    ) -> Cells {
        let rates = self.rates(product.get("id"), &line.term, quantity);
        let money = |amount: Option<Decimal>| amount.map(|a| a.normalize().to_string()).unwrap_or_default();
        let start = line.start.get(..10).unwrap_or_default();
        let until = months(&line.commitment)
            .zip(day_of_any(start))
            .map(|(months, start)| format!("{}T00:00:00Z", term_around(start, months, start).1));
        vec![
            ("id", line.subscription.clone()),
            ("parentSubscriptionId", parent.unwrap_or_default().to_owned()),
            ("companyId", company.get("id").to_owned()),
            ("productId", line.product.clone()),
            ("vendorSubscriptionId", uuid(&format!("vendor/{}", line.subscription))),
            ("quantity", line.quantity.clone()),
            ("startDate", line.start.clone()),
            ("createdDate", self.state.today.to_string()),
            ("updatedDate", self.state.moment()),
            ("billingStart", start.to_owned()),
            ("status", "PendingAutomated".to_owned()),
            ("price", money(rates.map(|r| r.0))),
            ("partnerCost", money(rates.map(|r| r.1))),
            ("currencyCode", self.state.currency_of(company.get("id"))),
            ("productName", product.get("name").to_owned()),
            ("billingTerm", line.term.clone()),
            ("commitmentTerm", line.commitment.clone()),
            ("commitmentEndDate", until.unwrap_or_default()),
        ]
    }
}

/// The commitment chosen: required where the product wants one, and at least as long as the billing term.
fn commitment(fields: &mut Fields<'_>, product: Row<'_>, billing: Option<&str>) -> Option<&'static str> {
    let name = if fields.given("commitmentTermId").is_some() { "commitmentTermId" } else { "commitmentTermID" };
    let wanted = product.get("requiresCommitment") == "true";
    let Some(id) = fields.text(name) else {
        if wanted && fields.given(name).is_none() {
            fields.refuse("commitmentTermId", "is required for this product");
        }
        return None;
    };
    let Some(chosen) = Commitment::of_id(product.get("vendorName"), id).filter(|_| wanted) else {
        fields.refuse(name, "is no commitment term of this product");
        return None;
    };
    if months(chosen.term) < billing.and_then(months) {
        fields.refuse(name, "the commitment must be at least as long as the billing term");
    }
    Some(chosen.term)
}

/// Answers to a product's questions: known keys, the texts offered, and when ordering all of them.
pub(super) fn check_answers(fields: &mut Fields<'_>, details: &[Detail], all: bool) {
    let answers = fields.objects("provisioningDetails").unwrap_or_default();
    let mut answered = BTreeSet::new();
    for (at, answer) in answers.into_iter().enumerate() {
        let mut inner = fields.inside(answer, &format!("provisioningDetails[{at}]"));
        let key = inner.required_text("key");
        let Some(detail) = details.iter().find(|detail| detail.key == key) else {
            inner.refuse("key", "is not asked for by this product");
            fields.wrong.append(&mut inner.wrong);
            continue;
        };
        let values: Option<Vec<&str>> =
            inner.given("values").and_then(Value::as_array).and_then(|all| all.iter().map(Value::as_str).collect());
        let values = values.unwrap_or_default();
        let one = detail.kind == Answers::Multi || values.len() == 1;
        let offered = |text: &&str| match detail.kind {
            Answers::Input => !text.trim().is_empty(),
            Answers::Single | Answers::Multi => detail.possible.contains(text),
        };
        if values.is_empty() || !one || !values.iter().all(offered) {
            inner.refuse("values", "must be answered by the texts offered");
        }
        answered.insert(detail.key);
        fields.wrong.append(&mut inner.wrong);
    }
    for detail in details.iter().filter(|detail| all && !answered.contains(detail.key)) {
        fields.refuse("provisioningDetails", &format!("`{}` wants an answer", detail.key));
    }
}

enum Either<'a> {
    Seeded(Row<'a>),
    Placed(&'a Order),
}

/// The order a subscription of the data came from.
fn order_id(subscription: &str) -> String {
    uuid(&format!("order/{}", subscription.to_ascii_lowercase()))
}

fn seeded_order(row: Row<'_>) -> Order {
    let id = row.get("id");
    Order {
        id: order_id(id),
        company: row.get("companyId").to_owned(),
        created: row.get("createdDate").get(..10).unwrap_or_default().to_owned(),
        by: "Pax8 Partner",
        email: "orders@msp.example".to_owned(),
        lines: vec![Line {
            id: uuid(&format!("order-line/{id}")),
            product: row.get("productId").to_owned(),
            subscription: id.to_owned(),
            commitment: row.get("commitmentTerm").to_owned(),
            start: row.get("startDate").to_owned(),
            term: row.get("billingTerm").to_owned(),
            quantity: row.get("quantity").to_owned(),
        }],
    }
}
