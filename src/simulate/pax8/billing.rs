//! What the distributor charges for a month, and how days pass: on the 4th invoices are made.
//!
//! Charged ahead: the quantity at the start of the month. Charged afterwards: the part of the month before that each
//! change covers, either sign, and metered use. Invariant: every change is charged once, in the month after it; amounts
//! are exact and rounded once, half away from zero, to cents.

use chrono::{Datelike as _, NaiveDate};
use rust_decimal::{Decimal, RoundingStrategy};

use super::changes::Cells;
use super::figure;
use super::invoices::{Invoice, is_used_in};
use super::ledger::Step;
use super::state::State;
use super::terms::{Commitment, months, on_items};
use super::time::{day_of_cell, days_after, days_in, first_of_month, last_of_month, months_before, term_around};
use crate::simulate::data::{File, Row};
use crate::simulate::faults::{Faults, Withdrawn};

/// The day of the month on which invoices are made.
const MADE_ON: u32 = 4;

/// One charge of a subscription.
pub(super) struct Charge<'a> {
    pub(super) subscription: Row<'a>,
    kind: &'static str,
    quantity: Decimal,
    /// The share of the unit price: days charged and days of the whole term.
    part: Option<(i64, i64)>,
    from: NaiveDate,
    to: NaiveDate,
    mark: &'static str,
}

impl<'a> Charge<'a> {
    fn whole(subscription: Row<'a>, kind: &'static str, quantity: Decimal, (from, to): (NaiveDate, NaiveDate)) -> Self {
        Self { subscription, kind, quantity, part: None, from, to, mark: "" }
    }

    /// A change, from its day to the end of its term.
    fn part(subscription: Row<'a>, step: Step, (first, last): (NaiveDate, NaiveDate)) -> Self {
        let part = Some((days_in(step.day, last), days_in(first, last)));
        let mark = if step.to.is_zero() { "(Canceled) " } else { "" };
        Self { subscription, kind: "prorate", quantity: step.to - step.from, part, from: step.day, to: last, mark }
    }
}

impl State {
    /// Lets the days pass until it is this one; every day's work is done on the day.
    pub(super) fn advance(&mut self, until: NaiveDate, faults: &Faults) {
        while self.today < until {
            self.today = days_after(self.today, 1);
            self.settle();
            if first_of_month(self.today) > self.month {
                self.meter_day();
            }
            if self.today.day() == MADE_ON && first_of_month(self.today) > self.month {
                self.make_invoices(first_of_month(self.today), faults);
            }
            self.approve(faults);
        }
    }

    /// What was asked for on an earlier day is done, and a commitment that has run out begins again, or ends.
    fn settle(&mut self) {
        let today = self.today.to_string();
        // days are written so that they sort
        let is_over = |day: &str| day.get(..10).is_some_and(|day| day < today.as_str());
        let mut set: Vec<(usize, &'static str, String)> = Vec::new();
        let mut ended = Vec::new();
        for (at, row) in self.data.table(File::VendorSubscriptions).rows().enumerate() {
            match row.get("status") {
                "PendingAutomated" if is_over(row.get("createdDate")) => set.push((at, "status", "Active".to_owned())),
                "Active" | "Trial" | "PendingCancel" if is_over(row.get("endDate")) => {
                    set.push((at, "status", "Cancelled".to_owned()));
                }
                _ => {}
            }
            let end = row.get("commitmentEndDate");
            if !is_over(end) || !row.get("endDate").is_empty() {
                continue;
            }
            let (Some(day), Some(months)) = (day_of_cell(end), months(row.get("commitmentTerm"))) else { continue };
            if self.commitment_of(row).is_none_or(|commitment| commitment.auto_renew) {
                let last = term_around(days_after(day, 1), months, self.today).1;
                set.push((at, "commitmentEndDate", format!("{last}T00:00:00Z")));
            } else {
                set.extend([(at, "endDate", format!("{day}T00:00:00Z")), (at, "status", "Cancelled".to_owned())]);
                ended.push((row.get("id").to_owned(), days_after(day, 1), figure(row, "quantity")));
            }
        }
        for (at, column, text) in set {
            self.data.table_mut(File::VendorSubscriptions).set(at, column, &text);
        }
        for (id, after, held) in ended {
            self.ledger.end(&id, after, held);
        }
    }

    /// What the commitment of a subscription allows.
    pub(super) fn commitment_of(&self, row: Row<'_>) -> Option<&'static Commitment> {
        let term = Some(row.get("commitmentTerm")).filter(|term| !term.is_empty())?;
        let vendor = self.find(File::VendorProducts, row.get("productId")).map_or("", |p| p.get("vendorName"));
        Commitment::of_term(vendor, term)
    }

    /// One invoice per currency for a month, with the metered use of the month before.
    fn make_invoices(&mut self, month: NaiveDate, faults: &Faults) {
        let charges = self.charges_of_month(month);
        let lines: Vec<Cells> = charges.iter().enumerate().map(|(at, charge)| self.line(charge, month, at)).collect();
        for line in lines {
            let at = self.data.table(File::VendorInvoiceItems).len();
            self.add(File::VendorInvoiceItems, &line);
            self.bill(at, month, faults);
        }
        let items = self.data.table(File::VendorInvoiceItems);
        let fresh = |at: &usize| items.row(*at).is_some_and(|line| is_used_in(line, months_before(month, 1)));
        // a count of seats in use is no charge
        let costs = |at: &usize| items.row(*at).is_some_and(|line| !figure(line, "subTotal").is_zero());
        let used: Vec<usize> = self.metered.values().flatten().copied().filter(|at| fresh(at) && costs(at)).collect();
        for at in used {
            self.bill(at, month, faults);
        }
    }

    /// Puts a line on the invoice of its currency.
    fn bill(&mut self, at: usize, month: NaiveDate, faults: &Faults) {
        let Some(line) = self.data.table(File::VendorInvoiceItems).row(at) else { return };
        let (currency, due) = (line.get("currencyCode").to_owned(), super::invoices::due(line));
        let found = self.invoices.iter_mut().find(|head| head.date == month && head.currency == currency);
        if let Some(head) = found {
            head.total += due;
            head.balance += due;
            head.items.push(at);
            return;
        }
        let approved = days_after(self.today, faults.approval);
        let mut head = Invoice::new(month, &currency, approved);
        (head.total, head.balance, head.items) = (due, due, vec![at]);
        if faults.withdrawn != Withdrawn::Never {
            head.withdrawn = Some(days_after(approved, faults.reissue));
        }
        self.invoices.push(head);
    }

    /// What the subscriptions cost in a month, as far as it is known today: ahead for it, and afterwards for the one before.
    pub(super) fn charges_of_month(&self, month: NaiveDate) -> Vec<Charge<'_>> {
        let all = self.data.table(File::VendorSubscriptions).rows();
        all.filter(|row| !row.get("price").is_empty()).flat_map(|row| self.charges(row, month)).collect()
    }

    fn charges<'a>(&self, row: Row<'a>, month: NaiveDate) -> Vec<Charge<'a>> {
        match months(row.get("billingTerm")) {
            Some(1) => self.monthly(row, month),
            Some(length) => self.longer(row, length, month),
            None if row.get("billingTerm") == "Trial" => Vec::new(),
            None => {
                let steps = self.ledger.steps(row.get("id"), months_before(month, 1), month);
                let first = steps.into_iter().find(|step| step.from.is_zero());
                first.map(|s| Charge::whole(row, "one-time", s.to, (s.day, s.day))).into_iter().collect()
            }
        }
    }

    /// Months of the calendar: what changes on the first of one is in its charge, what changes later comes in the next.
    fn monthly<'a>(&self, row: Row<'a>, month: NaiveDate) -> Vec<Charge<'a>> {
        let id = row.get("id");
        let before = months_before(month, 1);
        // the month of the data was charged before anything could change here
        let from = if before <= self.month { before } else { days_after(before, 1) };
        let part = |step: Step| Charge::part(row, step, (before, last_of_month(before)));
        let mut found: Vec<Charge<'a>> = self.ledger.steps(id, from, month).into_iter().map(part).collect();
        let held = self.held_at(row, days_after(month, 1));
        let begun = day_of_cell(row.get("billingStart")).or_else(|| day_of_cell(row.get("startDate")));
        if held > Decimal::ZERO && begun.is_none_or(|start| start <= month) {
            found.insert(0, Charge::whole(row, "subscription", held, (month, last_of_month(month))));
        }
        found
    }

    /// Longer terms follow each other from their start: charged when they begin, changes for what is left of them.
    fn longer<'a>(&self, row: Row<'a>, length: u32, month: NaiveDate) -> Vec<Charge<'a>> {
        let start = day_of_cell(row.get("billingStart")).or_else(|| day_of_cell(row.get("startDate"))).unwrap_or(month);
        let mut found = Vec::new();
        let (from, to) = term_around(start, length, last_of_month(month));
        let held = self.held_at(row, month);
        if held > Decimal::ZERO && from >= month && from > start {
            found.push(Charge::whole(row, "subscription", held, (from, to)));
        }
        for step in self.ledger.steps(row.get("id"), months_before(month, 1), month) {
            let term = term_around(start, length, step.day);
            found.push(if step.from.is_zero() && step.day == term.0 {
                Charge::whole(row, "subscription", step.to, term)
            } else {
                Charge::part(row, step, term)
            });
        }
        found
    }

    /// What was held when a day began.
    fn held_at(&self, row: Row<'_>, day: NaiveDate) -> Decimal {
        let known = self.ledger.held_before(row.get("id"), day);
        let ended = day_of_cell(row.get("endDate")).is_some_and(|end| days_after(end, 1) < day);
        known.unwrap_or_else(|| if ended { Decimal::ZERO } else { figure(row, "quantity") })
    }

    /// A charge as a row of the items.
    pub(super) fn line(&self, charge: &Charge<'_>, month: NaiveDate, at: usize) -> Cells {
        let row = charge.subscription;
        // divided last, so that nothing is rounded before the cents
        let share =
            |amount: Decimal| charge.part.map_or(amount, |(days, of)| amount * Decimal::from(days) / Decimal::from(of));
        let unit = |column| share(figure(row, column));
        let total = |column| share(figure(row, column) * charge.quantity).round_dp_with_strategy(2, AWAY);
        let text = |amount: Decimal| amount.normalize().to_string();
        let shown = |amount: Decimal| {
            if charge.part.is_some() { text(amount.round_dp_with_strategy(3, AWAY)) } else { text(amount) }
        };
        let name = self.name_of(row);
        let description = match charge.part {
            Some(_) => format!("{}{} Partial: {name}", charge.mark, charge.from.format("%b")),
            None => name.clone(),
        };
        let mut cells = self.parties(row);
        cells.extend([
            ("id", crate::simulate::json::uuid(&format!("item/{month}/{at}/{}", row.get("id")))),
            ("type", charge.kind.to_owned()),
            ("startPeriod", charge.from.to_string()),
            ("endPeriod", charge.to.to_string()),
            ("quantity", text(charge.quantity)),
            ("term", on_items(row.get("billingTerm"))),
            ("description", description),
            ("price", shown(unit("price"))),
            ("subTotal", text(total("price"))),
            ("total", text(total("price"))),
            ("cost", shown(unit("partnerCost"))),
            ("costTotal", text(total("partnerCost"))),
            ("amountDue", text(total("partnerCost"))),
        ]);
        cells
    }

    fn name_of(&self, row: Row<'_>) -> String {
        let product = self.find(File::VendorProducts, row.get("productId"));
        product.map_or_else(|| row.get("productName"), |p| p.get("name")).to_owned()
    }

    /// What every line of a subscription says alike.
    pub(super) fn parties(&self, row: Row<'_>) -> Cells {
        let company = self.find(File::VendorCompanies, row.get("companyId"));
        let product = self.find(File::VendorProducts, row.get("productId"));
        let of = |found: Option<Row<'_>>, column| found.map_or("", |r| r.get(column)).to_owned();
        let unit = self.units.get(row.get("productId")).cloned().unwrap_or_default();
        vec![
            ("purchaseOrderNumber", "N/A".to_owned()),
            ("companyId", row.get("companyId").to_owned()),
            ("externalId", of(company, "externalId")),
            ("companyName", of(company, "name")),
            ("unitOfMeasure", unit),
            ("sku", of(product, "sku")),
            ("rateType", "flat".to_owned()),
            ("chargeType", "per".to_owned()),
            ("offeredBy", "Pax8".to_owned()),
            ("billedByPax8", "false".to_owned()),
            ("productId", row.get("productId").to_owned()),
            ("productName", self.name_of(row)),
            ("billingFee", "0".to_owned()),
            ("billingFeeRate", "0".to_owned()),
            ("currencyCode", row.get("currencyCode").to_owned()),
            ("salesTax", "0".to_owned()),
            ("subscriptionId", row.get("id").to_owned()),
            ("vendorName", of(product, "vendorName")),
        ]
    }
}

const AWAY: RoundingStrategy = RoundingStrategy::MidpointAwayFromZero;
